"""Storage modes decided the day before: a linear recourse, and a guarantee that is never too low.

A VPP that settles beforehand in which steps each battery charges and in which it discharges cannot
do better than one that waits for the day. kW, yuan.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.errors import NotSolved, WrongInput
from vppcore.solvers import solve
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.first_stage import mode_choice, schedule_on
from vppcore.uncertainty.modes import Modes
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.result import WorstCase
from vppcore.uncertainty.search import answer_of
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP


class ModesProblem:
    """The modes that are cheapest on the days known so far: min theta, theta >= cost
    on each day.
    """

    def __init__(self, recourse: Recourse):
        self._recourse = recourse
        self._modes = mode_choice(recourse)
        self._theta = cp.Variable()
        self._rows: list[cp.Constraint] = []
        self.add(recourse.forecast_day)

    def add(self, z: np.ndarray) -> None:
        """Adds a schedule for the day z that keeps the modes."""
        cost, rows = schedule_on(self._recourse, z, None, self._modes)
        self._rows += [*rows, self._theta >= cost]

    def cheapest(self, solver: str) -> tuple[float, Modes]:
        """A lower bound in yuan, and the modes that reach it."""
        problem = cp.Problem(cp.Minimize(self._theta), self._rows)
        solved = solve(problem, solver, f"{self._recourse.name}'s storage modes")
        first = np.array([answer_of(mode) for mode in self._modes]) > 0.5
        return solved.value, Modes.everywhere(first)


def worst_case_storage_first(
    vpp: VPP,
    uncertainty: Uncertainty,
    tolerance: float = 1e-5,
    max_iterations: int = 40,
    solver: str = "auto",
) -> tuple[WorstCase, pd.DataFrame]:
    """The worst day of a VPP that decides the day before which exclusive flow runs in which step.

    Column-and-constraint generation with binaries in the first stage. Returns the worst day of the
    best modes, and both bounds in yuan, a row per iteration.
    Raises WrongInput without exclusive flows, NotSolved (limit) if the bounds do not meet.
    """
    recourse = Recourse(vpp, uncertainty)
    if not recourse.pairs:
        raise WrongInput(f"{vpp.name}: no battery, so there is no storage mode to decide")
    problem = ModesProblem(recourse)
    adversary = Adversary(recourse)
    days = []
    bounds = []
    for iteration in range(1, max_iterations + 1):
        lower, modes = problem.cheapest(solver)
        days.append(adversary.answer_in(modes, solver))
        best = min(days, key=lambda day: day.cost)
        bounds.append({"iteration": iteration, "lower": lower, "upper": best.cost})
        if best.cost - lower <= tolerance * recourse.stake(best.cost):
            return best, pd.DataFrame(bounds).set_index("iteration")
        problem.add(days[-1].hits.to_numpy(float).T.ravel())
    last = bounds[-1]
    raise NotSolved(
        f"{vpp.name}: bounds {last['lower']:,.0f} and {last['upper']:,.0f} yuan after "
        f"{max_iterations} iterations",
        "limit",
    )
