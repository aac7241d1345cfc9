"""Which solver may and should take a model, how accurate it must be, and how long it may take.

Policy of `solver="auto"`: linear -> HiGHS, from LARGE columns on Clarabel, and HiGHS where Clarabel
does not come to an end; with binaries -> Gurobi if it is installed and the model
fits its licence, else HiGHS; quadratic and conic -> Clarabel. No call is ever left to a modelling
layer's own choice.

A solve that fails raises `NotSolved` with one of four meanings that are never mixed up: infeasible,
unbounded, inaccurate (the accuracy asked for was not reached), limit (time or iterations ran out).
"""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.choices import SOLVER_CHOICES
from vppcore.errors import NotSolved, Status, WrongInput

# solver -> (cvxpy's name, distribution, kinds of model it takes here); OSQP takes minutes for a
# linear model that others solve at once, so it is not offered for them
SOLVERS = {
    "highs": (cp.HIGHS, "highspy", {"linear", "mixed-integer linear"}),
    "gurobi": (
        cp.GUROBI,
        "gurobipy",
        {"linear", "mixed-integer linear", "quadratic", "mixed-integer quadratic"},
    ),
    "clarabel": (cp.CLARABEL, "clarabel", {"linear", "quadratic", "conic"}),
    "osqp": (cp.OSQP, "osqp", {"quadratic"}),
}
# What gurobipy's bundled licence takes (measured with 13.0.3).
LICENCE_SIZE = 2000
LICENCE_SIZE_QUADRATIC = 200

# From so many columns on an interior point is not slower than simplex, and with movable load two
# to eight times faster (benchmarks/quarter_hours.py); a week in hours takes both about as long.
LARGE = 100_000

# How long one solve may take, s, unless the environment says otherwise.
TIME_LIMIT = 600.0
TIME_VARIABLE = "VPPCORE_TIME_LIMIT"
TIME_OPTION = {
    "highs": "time_limit",
    "gurobi": "TimeLimit",
    "clarabel": "time_limit",
    "osqp": "time_limit",
}

# The solvers' own defaults stop at a gap of 1e-4 (with integers) and at 1e-3 (OSQP); a cost read to
# the cent needs more. Near an optimum a cost hardly moves while a schedule still does: 1e-8 of the
# cost can be half a kW, so Clarabel is asked for 1e-10 where there are no cones.
OPTIONS: dict[str, dict[str, Any]] = {
    "highs": {"mip_rel_gap": 1e-7},
    "gurobi": {"MIPGap": 1e-7},
    "osqp": {"eps_abs": 1e-10, "eps_rel": 1e-10, "max_iter": 1_000_000, "polishing": True},
    "clarabel": {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10},
}
# What is tried one after the other: the largest violation and relative gap that is allowed.
ACCURACIES = {
    "highs": (1e-7,),
    "gurobi": (1e-6,),
    "osqp": (1e-10, 1e-7),
    "clarabel": (1e-10, 1e-8),
}
ACCURACIES_OF_CONES = (1e-8, 1e-7, 1e-6)

# cvxpy's status -> that of NotSolved
MEANING: dict[str, Status] = {
    cp.INFEASIBLE: "infeasible",
    cp.INFEASIBLE_INACCURATE: "inaccurate",
    cp.UNBOUNDED: "unbounded",
    cp.UNBOUNDED_INACCURATE: "inaccurate",
    cp.OPTIMAL_INACCURATE: "inaccurate",
    cp.settings.UNKNOWN: "inaccurate",
    cp.USER_LIMIT: "limit",
    cp.SOLVER_ERROR: "failed",
}
# Gurobi's codes for iterations, nodes, time, solutions, work and memory that ran out
GUROBI_LIMITS = (7, 8, 9, 10, 16, 17)


@dataclass(frozen=True)
class Solved:
    """How a model was solved.

    solver: by which; version: of it.
    kind: of the model, e.g. "linear" or "mixed-integer quadratic".
    variables, rows: its size.
    seconds: in the call.
    value: of the objective at the optimum.
    gap: by which share a better answer could still exist, proven; above zero with integers only.
    accuracy: the largest violation and relative gap the solver allowed itself; None if unknown.
    """

    solver: str
    version: str
    kind: str
    variables: int
    rows: int
    seconds: float
    value: float
    gap: float = 0.0
    accuracy: float | None = None


def kind_of(problem: cp.Problem) -> str:
    """linear, quadratic or conic, with "mixed-integer " in front where there are integers.

    >>> x = cp.Variable(2, boolean=True)
    >>> kind_of(cp.Problem(cp.Minimize(cp.sum(x))))
    'mixed-integer linear'
    """
    if not problem.is_mixed_integer():
        if problem.is_lp():
            return "linear"
        return "quadratic" if problem.is_qp() else "conic"
    # cvxpy calls no mixed-integer problem an LP; its continuous pieces decide
    arguments = [argument for row in problem.constraints for argument in row.args]
    pieces = [problem.objective.args[0], *arguments]
    if all(piece.is_pwl() for piece in pieces):
        return "mixed-integer linear"
    return "mixed-integer quadratic" if problem.is_qp() else "mixed-integer conic"


@cache
def silent_gurobi():
    """One Gurobi environment for the process, which prints nothing."""
    import gurobipy

    environment = gurobipy.Env(empty=True)
    environment.setParam("OutputFlag", 0)
    environment.start()
    return environment


@cache
def gurobi_licence() -> str:
    """What this machine's licence of Gurobi allows: "full", "bundled" or "none".

    Bundled with gurobipy is one that refuses a linear model with 2001 variables. There is none
    where gurobipy is not installed, or where its licence has expired or cannot be read.
    """
    if find_spec("gurobipy") is None:
        return "none"
    import gurobipy

    try:
        with gurobipy.Model(env=silent_gurobi()) as model:
            model.addVars(LICENCE_SIZE + 1)
            try:
                model.optimize()
            except gurobipy.GurobiError:
                return "bundled"
    except gurobipy.GurobiError:
        return "none"
    return "full"


def check_solver_name(solver: str) -> None:
    """Raises WrongInput unless `solver` is "auto" or one of SOLVERS and installed."""
    if solver not in SOLVER_CHOICES:
        raise WrongInput(f"solver: found {solver!r}; allowed: {', '.join(SOLVER_CHOICES)}")
    if solver != "auto" and find_spec(SOLVERS[solver][1]) is None:
        raise NotSolved(
            f"solver {solver!r} is not installed (package {SOLVERS[solver][1]}); "
            "'auto' needs none but free ones",
            "unsuitable",
        )


def refusal(solver: str, kind: str, variables: int, rows: int, licence: str = "full") -> str:
    """Why this solver cannot take a model of this kind and size, in one sentence; empty if it can.

    >>> refusal("osqp", "linear", 10, 5)
    'osqp does not solve linear models here; allowed: highs, gurobi, clarabel'
    """
    if kind not in SOLVERS[solver][2]:
        takers = [name for name, (_, _, kinds) in SOLVERS.items() if kind in kinds]
        return f"{solver} does not solve {kind} models here; allowed: {', '.join(takers) or 'none'}"
    if solver != "gurobi" or licence == "full":
        return ""
    if licence == "none":
        return "gurobi has no valid licence on this machine; use solver='auto'"
    limit = LICENCE_SIZE_QUADRATIC if "quadratic" in kind else LICENCE_SIZE
    if variables <= limit and rows <= LICENCE_SIZE:
        return ""
    return (
        f"this {kind} model has {variables} variables and {rows} rows, and Gurobi's bundled "
        f"licence takes at most {limit} variables and {LICENCE_SIZE} rows of this kind; use "
        "solver='auto' or install a full licence"
    )


def choose(kind: str, variables: int, rows: int) -> str:
    """The policy's solver for a model.

    >>> choose("linear", 50_000, 80_000), choose("linear", 200_000, 300_000)
    ('highs', 'clarabel')
    """
    if kind == "linear":
        return "clarabel" if variables >= LARGE else "highs"
    if kind.startswith("mixed-integer"):
        return "highs" if refusal("gurobi", kind, variables, rows, gurobi_licence()) else "gurobi"
    return "clarabel"


def takes(problem: cp.Problem, solver: str = "auto") -> bool:
    """True if this solver, as installed and licensed, takes a problem of this kind and size."""
    check_solver_name(solver)
    kind = kind_of(problem)
    variables, rows = size_of(problem, kind, solver)
    chosen = choose(kind, variables, rows) if solver == "auto" else solver
    licence = gurobi_licence() if chosen == "gurobi" else "full"
    return not refusal(chosen, kind, variables, rows, licence)


def time_limit() -> float:
    """How long one solve may take, s: VPPCORE_TIME_LIMIT of the environment, else TIME_LIMIT.

    Raises WrongInput for a limit that is no number above zero.
    """
    text = os.environ.get(TIME_VARIABLE, "").strip()
    if not text:
        return TIME_LIMIT
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise WrongInput(f"{TIME_VARIABLE}: found {text!r}; allowed: seconds, a number above 0")
    return seconds


def solve(problem: cp.Problem, solver: str = "auto", name: str = "model") -> Solved:
    """Solves `problem` in place and says how.

    problem: a cvxpy problem; its variables hold the answer afterwards.
    solver: "auto" or one of SOLVERS.
    name: what the problem is called in a refusal.
    Raises WrongInput for an unknown solver, NotSolved with a status for one that is not installed
    or cannot take the model, and for a model that is infeasible, unbounded or not solved to the
    accuracy asked for or within the time allowed.

    >>> x = cp.Variable(nonneg=True)
    >>> solved = solve(cp.Problem(cp.Minimize(x), [x >= 3]))
    >>> solved.solver, solved.kind, solved.value
    ('highs', 'linear', 3.0)
    """
    check_solver_name(solver)
    kind = kind_of(problem)
    variables, rows = size_of(problem, kind, solver)
    if solver == "auto":
        solver = choose(kind, variables, rows)
        if kind == "linear" and solver != "highs":
            return large_linear(lambda one: solve(problem, one, name), solver)
    licence = gurobi_licence() if solver == "gurobi" else "full"
    if reason := refusal(solver, kind, variables, rows, licence):
        raise NotSolved(f"{name}: {reason}", "unsuitable")
    started = time.perf_counter()
    status, accuracy = run(problem, solver, kind, name)
    seconds = time.perf_counter() - started
    if status != cp.OPTIMAL:
        meaning = MEANING.get(status, "failed")
        raise NotSolved(f"{name}: {solver} {in_words(status, meaning, accuracy)}", meaning)
    return Solved(
        solver=solver,
        version=version(SOLVERS[solver][1]),
        kind=kind,
        variables=variables,
        rows=rows,
        seconds=seconds,
        value=float(problem.value),
        gap=OPTIONS["highs"]["mip_rel_gap"] if "mixed-integer" in kind else 0.0,
        accuracy=accuracy,
    )


def large_linear(attempt: Callable[[str], Any], first: str) -> Any:
    """What an attempt with a solver gives; where it does not come to an end, with HiGHS instead.

    attempt: solver -> the answer. Raises what the last attempt raises.
    """
    try:
        return attempt(first)
    except NotSolved as failed:
        if failed.status in ("infeasible", "unbounded"):
            raise
    return attempt("highs")


def in_words(status: str, meaning: Status, accuracy: float) -> str:
    """What a solver that failed says, the end of a sentence that begins with its name."""
    if meaning == "limit":
        return (
            f"ran out of time or iterations; allowed: {time_limit():g} s for a solve, "
            f"or what {TIME_VARIABLE} says"
        )
    if meaning == "inaccurate":
        return f"does not reach an accuracy of {accuracy:g} ({status.replace('_', ' ')})"
    return f"says {status.replace('_', ' ')}"


def value_of(expression: cp.Expression) -> np.ndarray:
    """The numbers of an expression of a solved problem, in its shape.

    Raises NotSolved where it has none.

    >>> value_of(cp.Constant([1.0, 2.0]) * 2).tolist()
    [2.0, 4.0]
    """
    if expression.value is None:
        raise NotSolved(f"{expression} has no value: its problem has not been solved")
    return np.asarray(expression.value, float)


def size_of(problem: cp.Problem, kind: str, solver: str) -> tuple[int, int]:
    """Variables and rows of a model; with what cvxpy adds where a licence may count them."""
    may_be_gurobi = solver == "gurobi" or (solver == "auto" and "mixed-integer" in kind)
    if may_be_gurobi and "conic" not in kind and find_spec("gurobipy"):
        data = problem.get_problem_data(cp.GUROBI)[0]
        rows, variables = data["A"].shape
        return variables, rows
    variables = sum(variable.size for variable in problem.variables())
    rows = sum(constraint.size for constraint in problem.constraints)
    return variables, rows


def run(problem: cp.Problem, solver: str, kind: str, name: str) -> tuple[str, float]:
    """Solves with one solver: cvxpy's status, and the accuracy that was asked for last.

    Infeasible and unbounded are told apart. Where an accuracy is not reached the next one of the
    solver is tried. Raises NotSolved if the solver fails.
    """
    deadline = time.perf_counter() + time_limit()
    accuracies = ACCURACIES_OF_CONES if "conic" in kind else ACCURACIES[solver]
    for accuracy in accuracies:
        options = options_for(solver, accuracy, deadline)
        status = attempt(problem, solver, name, options)
        if status != cp.OPTIMAL_INACCURATE:
            break
    if status == cp.settings.INFEASIBLE_OR_UNBOUNDED:
        feasibility = cp.Problem(cp.Minimize(0), problem.constraints)
        options = options_for(solver, accuracy, deadline)
        status = attempt(feasibility, solver, name, options)
        if status == cp.OPTIMAL:
            status = cp.UNBOUNDED
    return status, accuracy


def options_for(solver: str, accuracy: float, deadline: float) -> dict[str, Any]:
    """What a solver is told: its accuracy, and the time until the deadline (of perf_counter)."""
    options = dict(OPTIONS.get(solver, {}))
    if solver == "clarabel":
        options |= dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), accuracy)
        options["accept_unknown"] = True  # too little progress is "inaccurate", not an error
    if solver == "osqp" and accuracy != ACCURACIES["osqp"][0]:
        options |= dict.fromkeys(("eps_abs", "eps_rel"), accuracy)
    options[TIME_OPTION[solver]] = max(0.01, deadline - time.perf_counter())
    return options


def attempt(problem: cp.Problem, solver: str, name: str, options: dict[str, Any]) -> str:
    """One call of a solver; returns cvxpy's status. Raises NotSolved if the solver fails."""
    if solver == "gurobi":
        options = options | {"env": silent_gurobi()}
    try:
        with warnings.catch_warnings():  # the status says it
            warnings.filterwarnings("ignore", message="Solution may be inaccurate")
            warnings.filterwarnings("ignore", message=r"\s*The problem is either infeasible or")
            problem.solve(solver=SOLVERS[solver][0], **options)
    except cp.error.DCPError as error:
        raise NotSolved(f"{name}: not convex, so no solver here takes it", "unsuitable") from error
    except (cp.SolverError, ValueError) as error:  # ValueError: numbers that are none
        reason = str(error).splitlines()[0]
        raise NotSolved(f"{name}: {solver} failed ({reason})", "failed") from error
    if solver == "gurobi" and problem.status == cp.INFEASIBLE_INACCURATE:
        model: Any = problem.solver_stats.extra_stats
        ran_out = model.Status in GUROBI_LIMITS
        return cp.USER_LIMIT if ran_out else problem.status
    return problem.status
