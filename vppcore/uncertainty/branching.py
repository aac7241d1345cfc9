"""The cheapest modes of exclusive flows on a day, by branch and bound over linear problems.

Two flows that run at once in a step are told apart there: the first may run or the other may. Each
choice is a linear problem again, which the solver answers from its last basis. What a choice costs
is a lower bound on all schedules that keep it; a choice that costs no less than a schedule that is
known already is done with. The least cost is proven when no choice is left. kW, yuan.

The bounds are sharpened by rows that hold wherever flows do not overlap: see `sharper_rows`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.uncertainty.modes import PairRows
from vppcore.uncertainty.sharper import Places, sharper_rows
from vppcore.warm import Point, Program, WarmLinear, by_columns

# A search that asks for more linear problems is left to a solver with cutting planes, which takes
# as long as some eighty of them (measured on the VPPs of study A, whose days need about twelve).
MOST_PROBLEMS = 80
# What deciding a step raises the cost by is guessed as this share of it until that was tried.
UNTRIED = 1e-4
FIRST, OTHER = 1, -1  # which flow may run


@dataclass(frozen=True, eq=False)
class RightSides:
    """The right sides of a recourse on a day, `(rows,)` each.

    free: exclusive flows may overlap.
    first, other: in every step only the first of two flows may run, only the other one.
    """

    free: np.ndarray
    first: np.ndarray
    other: np.ndarray


@dataclass(frozen=True, eq=False)
class Choice:
    """Which flow may run in some places.

    decided: `(places,)`, FIRST, OTHER, or 0 where both may.
    bound: yuan; no schedule that keeps the choice costs less.
    place: the one that was decided last; None if none was.
    """

    decided: np.ndarray
    bound: float
    place: int | None = None


class ModeSearch:
    """Branch and bound over the modes of a recourse's exclusive flows; warm from day to day.

    It remembers what deciding a place raised the cost by, and decides first where that is most.

    program: of the recourse. pairs: its exclusive flows.
    steady: `(rows,)`, true where the program's right side is the same on all days.
    name: for the sentences of refusals.
    """

    def __init__(self, program: Program, pairs: list[PairRows], steady: np.ndarray, name: str):
        self.places = Places(program, pairs)
        sharper, self._sharper_right = sharper_rows(program, steady, self.places)
        self._program = replace(
            program, matrix=by_columns(sparse.vstack([program.matrix, sharper]))
        )
        no_equation = np.zeros(len(self._sharper_right), bool)
        self._equation = np.concatenate([program.row_low == program.row_high, no_equation])
        self._solver = WarmLinear(name)
        self._gains = np.full((2, len(self.places)), UNTRIED)
        self._trials = np.ones((2, len(self.places)))

    def best(
        self, right: RightSides, guess: np.ndarray, cost: float, allowed: float
    ) -> np.ndarray | None:
        """The modes of the cheapest schedule, `(pairs, steps)`, true where the first flow may run;
        None if MOST_PROBLEMS do not tell.

        guess: modes whose schedule costs `cost` yuan (infinite if they have none).
        allowed: yuan by which another schedule may be cheaper.
        Raises NotSolved if no modes have a schedule, or with what else the solver says.
        """
        modes = guess
        left = [Choice(np.zeros(len(self.places), np.int8), -np.inf)]
        asked = 0
        while left:
            choice = left.pop()
            if choice.bound >= cost - allowed:
                continue
            if asked == MOST_PROBLEMS:
                return None
            asked += 1
            point = self._solve(right, choice)
            if point is None or point.value >= cost - allowed:
                self._learn(choice, cost if point is None else point.value)
                continue
            self._learn(choice, point.value)
            first, other = self.places.used(point.x)
            overlapping = self.places.overlapping(first, other) & (choice.decided == 0)
            if not overlapping.any():
                cost = point.value
                modes = self._modes(choice, first, other)
                continue
            place = self._where_to_decide(first, other, overlapping)
            left += self._branches(choice, point.value, place, first[place] >= other[place])
        if not np.isfinite(cost):
            raise NotSolved(f"{self._solver.name}: infeasible", "infeasible")
        return modes

    def _solve(self, right: RightSides, choice: Choice) -> Point | None:
        """The cheapest schedule that keeps a choice; None if there is none."""
        limits = right.free.copy()
        only_first = choice.decided == FIRST
        only_other = choice.decided == OTHER
        for rows in (self.places.first_rows, self.places.other_rows):
            limits[rows[only_first]] = right.first[rows[only_first]]
            limits[rows[only_other]] = right.other[rows[only_other]]
        row_high = np.concatenate([limits, self._sharper_right])
        row_low = np.where(self._equation, row_high, -np.inf)
        try:
            return self._solver.solve(replace(self._program, row_low=row_low, row_high=row_high))
        except NotSolved as refused:
            if refused.status != "infeasible":
                raise
            return None

    def _branches(self, choice: Choice, bound: float, place: int, first: bool) -> list[Choice]:
        """Both ways to decide a place; last the likelier one, which is looked at next."""
        ways = []
        for side in (OTHER, FIRST) if first else (FIRST, OTHER):
            decided = choice.decided.copy()
            decided[place] = side
            ways.append(Choice(decided, bound, place))
        return ways

    def _learn(self, choice: Choice, cost: float) -> None:
        """Remembers what deciding the last place raised the cost by."""
        if choice.place is None or not np.isfinite(cost) or cost <= choice.bound:
            return
        side = int(choice.decided[choice.place] == OTHER)
        size = max(abs(cost), abs(choice.bound))
        self._gains[side, choice.place] += (cost - choice.bound) / size
        self._trials[side, choice.place] += 1

    def _where_to_decide(
        self, first: np.ndarray, other: np.ndarray, overlapping: np.ndarray
    ) -> int:
        """The place with overlapping flows where both ways promise to raise the cost most."""
        only_first, only_other = self._gains / self._trials
        promise = (only_first * other) * (only_other * first)
        return int(np.argmax(np.where(overlapping, promise, -np.inf)))

    def _modes(self, choice: Choice, first: np.ndarray, other: np.ndarray) -> np.ndarray:
        """The modes of a schedule that keeps a choice."""
        larger = first >= other
        return self.places.modes(np.where(choice.decided == 0, larger, choice.decided == FIRST))
