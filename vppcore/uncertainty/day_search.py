"""The search for the costliest day, as one mixed-integer linear problem.

The adversary chooses the day, then the VPP its schedule: max over days of min over schedules. The
dual of the schedule's linear problem makes it one maximisation. kW, yuan.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from scipy import sparse

from vppcore.uncertainty.leaks import Leak, Leaks, effects
from vppcore.uncertainty.modes import Modes
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.result import PROVEN
from vppcore.uncertainty.search import answer_of, search


@dataclass(frozen=True, eq=False)
class Dual:
    """The dual of a recourse: what a schedule costs at least, at most `goal` at the best
    multipliers.

    multipliers: of the rows `used`; the other rows have no limit.
    goal: yuan, an expression; products of hits and multipliers left out.
    worth: what each hit is worth `(keys x steps,)`, an expression.
    rows: constraints on the multipliers.
    """

    multipliers: cp.Variable
    used: np.ndarray

    goal: cp.Expression
    worth: cp.Expression
    rows: list[cp.Constraint]


def dual_of(recourse: Recourse, right: cp.Parameter, modes: Modes | None) -> Dual:
    """The dual of the schedule's linear problem, with modes given or overlaps allowed.

    right: parameter `(rows,)`, the right side without hits, with promised trades, without modes.
    """
    limits = recourse.limits(modes)
    used = np.flatnonzero(np.isfinite(limits))
    matrix = recourse.by_rows[used]
    finite_low = np.isfinite(recourse.low)
    finite_high = np.isfinite(recourse.high)
    dual = cp.Variable(len(used))
    at_low = cp.Variable(int(finite_low.sum()), nonneg=True)
    at_high = cp.Variable(int(finite_high.sum()), nonneg=True)
    identity = sparse.identity(len(recourse.low), format="csc")
    reduced_cost = recourse.cost + matrix.T @ dual
    limited = identity[:, finite_low] @ at_low - identity[:, finite_high] @ at_high
    inequality = used >= recourse.equalities
    goal = -(right[used] + limits[used]) @ dual
    goal = goal + recourse.low[finite_low] @ at_low - recourse.high[finite_high] @ at_high
    worth = recourse.by_day.tocsr()[used].T @ dual
    return Dual(dual, used, goal, worth, [reduced_cost == limited, dual[inequality] >= 0])


class Search:
    """The search for the day that costs most, as one mixed-integer linear problem.

    Stated once, asked for many trades. The products of binaries and multipliers are replaced by two
    upper envelopes each, which is exact in a maximisation as long as `value_bounds` holds.

    modes: the VPP may choose among these modes once it knows the day (the more, the cheaper and the
        nearer to what it can really do); None lets exclusive flows overlap.
    leaks: where modes are not obeyed everywhere, each overlap that may pay is charged with what it
        would cost to do without it, so that the maximum is never below the true worst case.
    bounds: on what hits are worth, low and high, as `value_bounds` returns them for such modes.
    must: hits that every day has, 0/1 `(keys x steps,)`; None for none.
    """

    def __init__(
        self,
        recourse: Recourse,
        bounds: tuple[np.ndarray, np.ndarray],
        modes: list[Modes] | None = None,
        leaks: Leaks | None = None,
        must: np.ndarray | None = None,
    ):
        self.recourse = recourse
        self.leaks = leaks
        self.right = cp.Parameter(len(recourse.right))
        self.low, self.high = bounds
        self.must = recourse.forecast_day if must is None else must
        self.hits = cp.Variable(len(self.low), boolean=True)
        self.rows = self._budget_rows()
        self.leaking: list[tuple[list[Leak], cp.Variable]] = []  # for each of the modes
        choices = [None] if modes is None else modes
        goals = [self._goal(choice) for choice in choices]
        self.goal = goals[0]
        if len(goals) > 1:  # the VPP takes the cheapest
            self.goal = cp.Variable()
            self.rows += [self.goal <= goal for goal in goals]
        self.problem = cp.Problem(cp.Maximize(self.goal), self.rows)

    def _budget_rows(self) -> list[cp.Constraint]:
        rows = [cp.sum(self.hits[own]) <= most for own, most in self.recourse.groups]
        harmless = np.flatnonzero((self.high <= 0) & (self.must == 0))
        if len(harmless):  # a hit that cannot cost anything is never made
            rows.append(self.hits[harmless] == 0)
        wanted = np.flatnonzero(self.must)
        if len(wanted):
            rows.append(self.hits[wanted] == 1)
        return rows

    def _goal(self, modes: Modes | None) -> cp.Expression:
        """What a day costs in these modes; adds the rows that make it so."""
        dual = dual_of(self.recourse, self.right, modes)
        gained = cp.Variable(len(self.low))
        self.rows += dual.rows
        self.rows.append(gained <= cp.multiply(self.high, self.hits))
        self.rows.append(gained <= dual.worth - cp.multiply(self.low, 1 - self.hits))
        goal = dual.goal + cp.sum(gained)
        if self.leaks is not None and modes is not None:
            goal = goal + self._charge(self.leaks.outside(modes.fixed), dual)
        return goal

    def _charge(self, possible: list[Leak], dual: Dual) -> cp.Expression:
        """What it costs to do without the overlaps that may pay at these multipliers."""
        pays = cp.Variable(len(possible), boolean=True)
        self.leaking.append((possible, pays))
        if not possible:
            return cp.Constant(0.0)
        effect = effects(possible, len(self.recourse.right))[:, dual.used]
        own_cost = np.array([leak.own_cost for leak in possible])
        largest = np.array([leak.largest_need for leak in possible])
        costs = np.array([leak.cost for leak in possible])
        need = own_cost + effect @ dual.multipliers
        self.rows.append(need <= cp.multiply(largest, 1 - pays))
        return costs @ pays

    def charged(self) -> list[tuple[float, np.ndarray]]:
        """For each of the modes, after a run: what was charged for overlaps in yuan, and for which,
        `(pairs, steps)`."""
        charges = []
        for possible, pays in self.leaking:
            chosen = np.zeros((len(self.recourse.pairs), self.recourse.steps), bool)
            cost = 0.0
            for leak, pays_here in zip(possible, answer_of(pays), strict=True):
                if pays_here > 0.5:
                    chosen[leak.pair, leak.step] = True
                    cost += leak.cost
            charges.append((cost, chosen))
        return charges

    def run(self, q: np.ndarray, solver: str, seconds: float | None) -> Found:
        """The costliest day with trades q, as far as the search comes in some seconds."""
        recourse = self.recourse
        self._promise(q)
        searched = search(self.problem, solver, f"{recourse.name}'s worst day", seconds)
        z = np.round(answer_of(self.hits)) if searched.has_answer else recourse.forecast_day
        constant = recourse.constant
        return Found(z, searched.value + constant, searched.bound + constant, searched.solver)

    def earliest(
        self, cost: float, q: np.ndarray, solver: str, seconds: float | None
    ) -> np.ndarray | None:
        """Of the days that cost as much (up to PROVEN) the one with the fewest hits, and of those
        the earliest; None if time ran out."""
        recourse = self.recourse
        self._promise(q)
        steps = recourse.steps
        later = 1 + np.arange(steps) / (10.0 * steps * steps)
        order = np.tile(later, len(recourse.keys))
        least = cost - recourse.constant - PROVEN * recourse.stake(cost)
        problem = cp.Problem(cp.Maximize(-order @ self.hits), [*self.rows, self.goal >= least])
        searched = search(problem, solver, "the earliest of the worst days", seconds)
        return np.round(answer_of(self.hits)) if searched.has_answer else None

    def _promise(self, q: np.ndarray) -> None:
        """Sets the trades."""
        self.right.value = self.recourse.right - self.recourse.by_trade @ q


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    z: the day, 0/1 `(keys x steps,)`. cost: what the search says that it costs, yuan (-inf if no
    day was found). bound: no day costs more, yuan. solver: that was used.
    """

    z: np.ndarray
    cost: float
    bound: float
    solver: str

    def is_finished(self, recourse: Recourse) -> bool:
        """True if the search was not stopped before its end."""
        if not np.isfinite([self.cost, self.bound]).all():
            return False
        return self.bound - self.cost <= PROVEN * recourse.stake(self.bound)
