"""Trades that are promised the day before, ready for the worst day of every VPP.

Column-and-constraint generation (Zeng and Zhao 2013): a master that knows some days, an adversary
for each VPP that knows all. kW, yuan.
"""

from __future__ import annotations

from itertools import combinations

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.result import both_ways
from vppcore.solvers import solve
from vppcore.uncertainty.crew import Crew
from vppcore.uncertainty.emergency import knowing_prices
from vppcore.uncertainty.first_stage import ModeChoice, mode_choice, schedule_on
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.result import RobustResult, WorstCase, relative
from vppcore.uncertainty.search import Clock, answer_of
from vppcore.uncertainty.settings import Uncertainty


class Master:
    """The trades' problem: min sum_i theta_i, theta_i >= VPP i's cost on every day known so far.

    exclusive: schedules have binaries for their exclusive flows; else these may overlap.
    """

    def __init__(self, case: Case, recourses: dict[str, Recourse], exclusive: bool = False):
        self.recourses = recourses
        self.exclusive = exclusive
        steps = case.vpps[0].steps
        self.trades = {pair: cp.Variable(steps) for pair in combinations(case.names, 2)}
        self.theta = {name: cp.Variable() for name in case.names}
        self.rows: list[cp.Constraint] = []
        self.known: dict[tuple, tuple[str, np.ndarray]] = {}

    def promised(self, name: str) -> cp.Expression:
        """One VPP's trades as the vector q of its recourse: partner after partner."""
        received = []
        for pair, trade in self.trades.items():
            if name in pair:
                received.append(trade if pair[0] == name else -trade)
        return cp.hstack(received)

    def add(self, name: str, z: np.ndarray) -> None:
        """Adds a copy of one VPP's schedule for the day z, unless that day is there already."""
        if (name, *z) in self.known:
            return
        self.known[name, *z] = (name, z)
        recourse = self.recourses[name]
        modes: ModeChoice | None = mode_choice(recourse) if self.exclusive else None
        cost, rows = schedule_on(recourse, z, self.promised(name), modes)
        self.rows += [*rows, self.theta[name] >= cost]

    def cheapest(self) -> tuple[float, dict[tuple[str, str], np.ndarray]]:
        """A lower bound in yuan, and the trades that reach it."""
        problem = cp.Problem(cp.Minimize(sum(self.theta.values())), self.rows)
        solved = solve(problem, "highs", "robust coalition's trades")
        return solved.value, {pair: answer_of(trade) for pair, trade in self.trades.items()}


class PromiseSearch:
    """Column-and-constraint generation for trades that are promised the day before.

    The master knows some days and is too optimistic: a lower bound. The adversaries know all days,
    but the trades may not be the best: an upper bound, of which the least so far counts.
    Exclusive flows may overlap at first. When the bounds meet, the guarantee is found without
    overlaps; if it is higher, the search goes on with binaries in the master.

    workers: processes that share out the adversaries; `close` ends them.
    """

    def __init__(
        self,
        case: Case,
        uncertainty: Uncertainty,
        solver: str,
        clock: Clock,
        workers: int = 1,
    ):
        self.case = case
        self.solver = solver
        self.clock = clock
        members = knowing_prices(case.connected())
        self.recourses = {vpp.name: Recourse(vpp, uncertainty) for vpp in members}
        self.crew = Crew(self.recourses, uncertainty, workers)
        self.turnover = sum(recourse.turnover for recourse in self.recourses.values())
        self.master = Master(case, self.recourses)
        for name, recourse in self.recourses.items():
            self.master.add(name, recourse.forecast_day)
        self.lower = -np.inf
        self.upper = np.inf
        self.trades = pd.DataFrame()
        self.worst: dict[str, WorstCase] = {}
        self.rows: list[dict[str, float]] = []

    def close(self) -> None:
        """Ends the processes that share out the adversaries."""
        self.crew.close()

    @property
    def gap(self) -> float:
        """(upper - lower) / |upper|."""
        return relative(self.upper - self.lower, self.upper, self.turnover)

    def iterate(self) -> None:
        """New trades from the master, new days from the adversaries."""
        lower, pair_trades = self.master.cheapest()
        self.lower = max(self.lower, lower)
        trades = both_ways(pair_trades, self.case)
        worst = self.worst_days(trades, overlapping=not self.master.exclusive)
        guaranteed = sum(day.guarantee for day in worst.values())
        if guaranteed < self.upper:
            self.upper = guaranteed
            self.trades = trades
            self.worst = worst
        self._note_bounds()
        for name, day in worst.items():
            self.master.add(name, day.hits.to_numpy(float).T.ravel())

    def is_done(self, tolerance: float) -> bool:
        """True if the bounds meet, without overlaps, or time is over."""
        if self.gap > tolerance and not self.clock.is_over:
            return False
        if self.master.exclusive or not any(r.pairs for r in self.recourses.values()):
            return True
        self._forbid_overlaps()
        return self.gap <= tolerance or self.clock.is_over

    def _forbid_overlaps(self) -> None:
        """Finds the guarantee of the best trades without overlaps, and prepares to go on so."""
        self.worst = self.worst_days(self.trades, overlapping=False)
        self.upper = sum(day.guarantee for day in self.worst.values())
        self.rows.pop()
        self._note_bounds()
        known = self.master.known
        self.master = Master(self.case, self.recourses, exclusive=True)
        for name, z in known.values():
            self.master.add(name, z)
        for name, day in self.worst.items():
            self.master.add(name, day.hits.to_numpy(float).T.ravel())

    def worst_days(self, trades: pd.DataFrame, overlapping: bool) -> dict[str, WorstCase]:
        """Each VPP's worst day with the promised trades."""
        promised = {name: trades_of(trades, self.case, name) for name in self.recourses}
        return self.crew.answers(promised, self.solver, overlapping, self.clock.left)

    def _note_bounds(self) -> None:
        iteration = len(self.rows) + 1
        self.rows.append({"iteration": iteration, "lower": self.lower, "upper": self.upper})

    def _bounds(self) -> pd.DataFrame:
        """The bounds by iteration; the lower one without what chords may have added to it."""
        bounds = pd.DataFrame(self.rows).set_index("iteration")
        bounds["lower"] -= sum(recourse.chord_error for recourse in self.recourses.values())
        return bounds

    def result(self) -> RobustResult:
        """The best trades so far and what they guarantee."""
        worst = self.worst
        costs = pd.Series({name: day.guarantee for name, day in worst.items()}, name="yuan")
        return RobustResult(
            reading="trades first",
            cost=float(costs.sum()),
            costs=costs,
            trades=self.trades,
            worst=worst,
            bounds=self._bounds(),
            seconds=self.clock.seconds,
            shed=pd.concat([day.shed for day in worst.values()]),
            dumped=pd.concat([day.dumped for day in worst.values()]),
            turnover=self.turnover,
        )


def trades_of(trades: pd.DataFrame, case: Case, name: str) -> np.ndarray:
    """What one VPP receives from its partners, kW `(steps, partners)`, in the order of the case."""
    partners = [partner for partner in case.names if partner != name]
    return trades[name][partners].to_numpy()
