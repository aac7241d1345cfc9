"""A search with binaries that may be stopped: the best answer so far, and what no
answer exceeds.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.errors import NotSolved
from vppcore.solvers import (
    MEANING,
    OPTIONS,
    SOLVERS,
    check_solver_name,
    choose,
    gurobi_licence,
    kind_of,
    refusal,
    silent_gurobi,
    size_of,
    solve,
)

# how a solver is told when to stop
TIME_OPTION = {"highs": "time_limit", "gurobi": "TimeLimit"}
LEAST_SECONDS = 0.1
# What a search waits for is the proof that no answer is better; more cuts bring it sooner.
FOR_BOUNDS: dict[str, dict[str, Any]] = {"gurobi": {"Cuts": 2}}


class Clock:
    """Seconds that are left of a time limit; None is no limit.

    >>> Clock(None).left is None
    True
    >>> Clock(0.0).is_over
    True
    """

    def __init__(self, time_limit: float | None):
        self._limit = time_limit
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    @property
    def left(self) -> float | None:
        """Seconds until the limit, never below LEAST_SECONDS; None without one."""
        return None if self._limit is None else max(LEAST_SECONDS, self._limit - self.seconds)

    @property
    def is_over(self) -> bool:
        """True once the limit has passed."""
        return self._limit is not None and self.seconds >= self._limit


@dataclass(frozen=True)
class Searched:
    """How far a search for a maximum came; the best answer is in the problem's variables.

    value: of the best answer; -inf if none was found.
    bound: no answer has a larger value.
    solver: that was used.
    """

    value: float
    bound: float
    solver: str

    @property
    def has_answer(self) -> bool:
        """True if the problem's variables hold an answer."""
        return bool(np.isfinite(self.value))


def search(problem: cp.Problem, solver: str, name: str, seconds: float | None = None) -> Searched:
    """Searches for the maximum of a mixed-integer linear problem, at most for some seconds.

    Raises WrongInput for an unknown solver, NotSolved if it cannot take the problem or fails.
    """
    check_solver_name(solver)
    kind = kind_of(problem)
    variables, rows = size_of(problem, kind, solver)
    chosen = choose(kind, variables, rows) if solver == "auto" else solver
    if seconds is None or chosen not in TIME_OPTION:
        solved = solve(problem, chosen, name)
        return Searched(solved.value, solved.value, solved.solver)
    licence = gurobi_licence() if chosen == "gurobi" else "full"
    if reason := refusal(chosen, kind, variables, rows, licence):
        raise NotSolved(f"{name}: {reason}", "unsuitable")
    return timed(problem, chosen, name, seconds)


def timed(problem: cp.Problem, solver: str, name: str, seconds: float) -> Searched:
    """One call of HiGHS or Gurobi with a time limit."""
    options = OPTIONS[solver] | FOR_BOUNDS.get(solver, {}) | {TIME_OPTION[solver]: seconds}
    if solver == "gurobi":
        options["env"] = silent_gurobi()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Solution may be inaccurate")
            problem.solve(solver=SOLVERS[solver][0], **options)
    except cp.SolverError as error:
        raise NotSolved(f"{name}: {solver} failed ({error})") from error
    except gurobi_errors():  # stopped so early that there is nothing to read from the model
        return Searched(-np.inf, np.inf, solver)
    stopped = (cp.USER_LIMIT, cp.INFEASIBLE_INACCURATE)  # the second: Gurobi without an answer
    if problem.status not in (cp.OPTIMAL, *stopped):
        words = problem.status.replace("_", " ")
        raise NotSolved(f"{name}: {solver} says {words}", MEANING.get(problem.status, "failed"))
    details: Any = problem.solver_stats.extra_stats
    least = details.mip_dual_bound if solver == "highs" else details.ObjBound
    answers = details.primal_solution_status == 2 if solver == "highs" else details.SolCount > 0
    value = float(problem.value) if answers else -np.inf
    if problem.status == cp.OPTIMAL:
        return Searched(value, value, solver)
    return Searched(value, max(value, -float(least)), solver)


@cache
def gurobi_errors() -> tuple[type[Exception], ...]:
    """What gurobipy raises; nothing if it is not installed."""
    if find_spec("gurobipy") is None:
        return ()
    import gurobipy

    return (gurobipy.GurobiError,)


def answer_of(variable: cp.Variable) -> np.ndarray:
    """The value of a variable of a problem that has an answer; empty for one without entries."""
    return np.zeros(variable.shape) if variable.value is None else np.asarray(variable.value)
