"""Which solver may and should take a model.

Policy of `solver="auto"`: linear -> HiGHS; with binaries -> Gurobi if it is installed and the model fits its licence,
else HiGHS; quadratic and conic -> Clarabel. No call is ever left to a modelling layer's own choice.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

import cvxpy as cp
import numpy as np

from vppcore.choices import SOLVER_CHOICES
from vppcore.errors import NotSolved, Status, WrongInput

# solver -> (cvxpy's name, distribution, kinds of model it takes here)
SOLVERS = {
    "highs": (cp.HIGHS, "highspy", {"linear", "mixed-integer linear"}),
    "gurobi": (
        cp.GUROBI,
        "gurobipy",
        {"linear", "mixed-integer linear", "quadratic", "mixed-integer quadratic"},
    ),
    "clarabel": (cp.CLARABEL, "clarabel", {"linear", "quadratic", "conic"}),
    "osqp": (cp.OSQP, "osqp", {"linear", "quadratic"}),
}
# What gurobipy's bundled licence takes (measured with 13.0.3).
LICENCE_SIZE, LICENCE_SIZE_QUADRATIC = 2000, 200
TIME_LIMIT = 600.0  # s
# The solvers' own defaults stop at 1e-4 (with integers) and 1e-3 (OSQP); a cost read to the cent needs more.
OPTIONS = {
    "highs": {"mip_rel_gap": 1e-7},
    "gurobi": {"MIPGap": 1e-7},
    "osqp": {"eps_abs": 1e-10, "eps_rel": 1e-10, "max_iter": 1_000_000, "polishing": True},
    # near an optimum a cost hardly moves while a schedule still does: 1e-8 of the cost can be half a kW; not for cones
    "clarabel": {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10},
}

# what a cone is solved to, one after the other, where Clarabel's own 1e-8 is not reached
LOOSE_CONES = [
    {"tol_gap_abs": accuracy, "tol_gap_rel": accuracy, "tol_feas": accuracy}
    for accuracy in (1e-7, 1e-6)
]

# cvxpy's status -> that of NotSolved
MEANING: dict[str, Status] = {
    cp.INFEASIBLE: "infeasible",
    cp.INFEASIBLE_INACCURATE: "inaccurate",
    cp.UNBOUNDED: "unbounded",
    cp.UNBOUNDED_INACCURATE: "inaccurate",
    cp.OPTIMAL_INACCURATE: "inaccurate",
    cp.USER_LIMIT: "limit",
    cp.SOLVER_ERROR: "failed",
}


@dataclass(frozen=True)
class Solved:
    """How a model was solved: solver, its version, kind of model, size, seconds in the call, optimal value."""

    solver: str
    version: str
    kind: str
    variables: int
    rows: int
    seconds: float
    value: float
    gap: float = 0.0


def kind_of(problem: cp.Problem) -> str:
    """linear, quadratic or conic, with "mixed-integer " in front where there are integers."""
    shape = "linear" if problem.is_lp() else "quadratic" if problem.is_qp() else "conic"
    if not problem.is_mixed_integer():
        return shape
    # cvxpy calls no mixed-integer problem an LP; its continuous pieces decide
    pieces = [
        problem.objective.args[0],
        *(argument for row in problem.constraints for argument in row.args),
    ]
    shape = (
        "linear"
        if all(piece.is_pwl() for piece in pieces)
        else "quadratic"
        if problem.is_qp()
        else "conic"
    )
    return "mixed-integer " + shape


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
    """ "full", "bundled" (refuses a linear model with 2001 variables) or "none" (not installed, expired, unreadable)."""
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
    """Why this solver cannot take a model of this kind and size, in one sentence; empty if it can."""
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
        f"this {kind} model has {variables} variables and {rows} rows, and Gurobi's bundled licence takes at most "
        f"{limit} variables and {LICENCE_SIZE} rows of this kind; use solver='auto' or install a full licence"
    )


def choose(kind: str, variables: int, rows: int) -> str:
    """The policy's solver for a model."""
    if kind == "linear":
        return "highs"
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
    """How long one solve may take, s: VPPCORE_TIME_LIMIT of the environment, or TIME_LIMIT."""
    return TIME_LIMIT


def solve(problem: cp.Problem, solver: str = "auto", name: str = "model") -> Solved:
    """Solves `problem` in place and says how.

    problem: a cvxpy problem; its variables hold the answer afterwards.
    solver: "auto" or one of SOLVERS.
    name: what the problem is called in a refusal.
    Raises WrongInput for an unknown solver, NotSolved with a status for one that is not installed or cannot take the model,
    and for a model that is infeasible, unbounded or not solved to the accuracy asked for.
    """
    check_solver_name(solver)
    kind = kind_of(problem)
    variables, rows = size_of(problem, kind, solver)
    if solver == "auto":
        solver = choose(kind, variables, rows)
    licence = gurobi_licence() if solver == "gurobi" else "full"
    if reason := refusal(solver, kind, variables, rows, licence):
        raise NotSolved(f"{name}: {reason}", "unsuitable")
    started = time.perf_counter()
    status = run(problem, solver, kind, name)
    seconds = time.perf_counter() - started
    if status != cp.OPTIMAL:
        raise NotSolved(
            f"{name}: {solver} says {status.replace('_', ' ')}", MEANING.get(status, "failed")
        )
    distribution = SOLVERS[solver][1]
    return Solved(
        solver, version(distribution), kind, variables, rows, seconds, float(problem.value)
    )


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
    """Variables and rows of a model; exact, with what cvxpy adds, where a licence may count them."""
    may_be_gurobi = solver == "gurobi" or (solver == "auto" and "mixed-integer" in kind)
    if may_be_gurobi and "conic" not in kind and find_spec("gurobipy"):
        data = problem.get_problem_data(cp.GUROBI)[0]
        rows, variables = data["A"].shape
        return variables, rows
    variables = sum(variable.size for variable in problem.variables())
    rows = sum(constraint.size for constraint in problem.constraints)
    return variables, rows


def run(problem: cp.Problem, solver: str, kind: str, name: str) -> str:
    """Solves with one solver and returns cvxpy's status, in which infeasible and unbounded are told apart.

    Where the accuracy that OPTIONS asks for is not reached, the solver's own default accuracy is tried,
    for a cone one digit less and then two.
    """
    status = attempt(problem, solver, name, {} if kind == "conic" else OPTIONS.get(solver, {}))
    for options in LOOSE_CONES if kind == "conic" else [{}]:
        if status == cp.OPTIMAL_INACCURATE:
            status = attempt(problem, solver, name, options)
    if status == cp.settings.INFEASIBLE_OR_UNBOUNDED:
        feasibility = cp.Problem(cp.Minimize(0), problem.constraints)
        feasible = attempt(feasibility, solver, name, {}) == cp.OPTIMAL
        return cp.UNBOUNDED if feasible else cp.INFEASIBLE
    return status


def attempt(problem: cp.Problem, solver: str, name: str, options: dict) -> str:
    """One call of a solver; returns cvxpy's status. Raises NotSolved if the solver fails."""
    environment = {"env": silent_gurobi()} if solver == "gurobi" else {}
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", message="Solution may be inaccurate"
            )  # the status says it
            problem.solve(solver=SOLVERS[solver][0], **options, **environment)
    except cp.SolverError as error:
        raise NotSolved(f"{name}: {solver} failed ({error})") from error
    return problem.status
