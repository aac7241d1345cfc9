"""The adversary: finds the worst day of a recourse, exactly or between two bounds.

Where flows exclude each other (a battery's charge and discharge) the schedule's problem is not
linear. The worst case is then bounded from both sides until the bounds meet. kW, yuan.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from vppcore.errors import NotSolved
from vppcore.uncertainty.day_search import Found, Search
from vppcore.uncertainty.leaks import Leaks
from vppcore.uncertainty.modes import Modes
from vppcore.uncertainty.recourse import Reaction, Recourse
from vppcore.uncertainty.result import PROVEN, WorstCase
from vppcore.uncertainty.search import Clock
from vppcore.uncertainty.series import unused_budgets
from vppcore.uncertainty.worth import value_bounds

# The day is solved again and must cost what the search said, up to this share of the money at
# stake.
CHECK = 1e-5
# After so many rounds that did not close the gap between the bounds, the gap is reported instead.
MOST_ROUNDS = 20
# Searches are stopped after this time, seconds for each VPP.
TIME_LIMIT = 300.0


class Adversary:
    """Finds the worst day of a recourse. Stated once, asked for many trades.

    big: multiplies the proven bounds of `value_bounds`; the answer must not depend on it.
    must: hits that every day of the set has, 0/1 `(keys x steps,)`; None for none.
    """

    def __init__(self, recourse: Recourse, big: float = 1.0, must: np.ndarray | None = None):
        self.recourse = recourse
        self.big = big
        self.must = recourse.forecast_day if must is None else must
        self._bounds: dict[bool, tuple[np.ndarray, np.ndarray]] = {}
        self._overlapping = self.search_in(None) if recourse.keys else None
        self.known: dict[bytes, Found] = {}  # by trades: the costliest day if flows may overlap

    def bounds(self, exclusive: bool) -> tuple[np.ndarray, np.ndarray]:
        """The least and the most that hits can be worth, as `value_bounds`."""
        if exclusive not in self._bounds:
            low, high = value_bounds(self.recourse, exclusive)
            self._bounds[exclusive] = (self.big * low, self.big * high)
        return self._bounds[exclusive]

    def search_in(self, modes: list[Modes] | None, leaks: Leaks | None = None) -> Search:
        """The search for the costliest day in these modes; None lets exclusive flows overlap."""
        return Search(self.recourse, self.bounds(modes is not None), modes, leaks, self.must)

    @cached_property
    def leaks(self) -> Leaks:
        """The overlaps that may pay."""
        return Leaks(self.recourse)

    def answer(
        self,
        trades: np.ndarray | None = None,
        solver: str = "auto",
        canonical: bool = False,
        relaxed: bool = False,
        time_limit: float | None = TIME_LIMIT,
    ) -> WorstCase:
        """The worst day with the trades `(steps, partners)` fixed.

        First the day that costs most if exclusive flows may overlap. What it costs without overlaps
        is a lower bound on the worst case. Then upper bounds, by `Hunt.close_gap`, until they meet:
        a VPP that must keep the modes of one day on every day can only pay more, and one that may
        choose among the modes of several days not less than one that is free (Zhao and Zeng 2012).

        canonical: of several worst days the one with the fewest hits, and of those the earliest.
        relaxed: exclusive flows may overlap in all that is found: only the first of these steps.
        time_limit: seconds; None is no limit. A search that is stopped gives the best day so far.
        Raises NotSolved if the linear problem at a day does not cost what the search says.
        """
        hunt = self.hunt_for(trades, solver, time_limit)
        hunt.begin(relaxed)
        if self._overlapping is not None:
            hunt.let_overlap(self._overlapping)
            if self.recourse.pairs and not relaxed:
                hunt.close_gap()
            if canonical:
                hunt.choose_earliest()
        return hunt.worst_case()

    def hunt_for(self, trades: np.ndarray | None, solver: str, time_limit: float | None) -> Hunt:
        """A hunt for the worst day with these trades, begun with the day of fewest hits."""
        hunt = Hunt(self, self.recourse.flat(trades), solver, Clock(time_limit))
        hunt.begin()
        return hunt

    def answer_in(self, modes: Modes, solver: str = "auto") -> WorstCase:
        """The worst day if the VPP must keep these modes of its exclusive flows on every day."""
        hunt = self.hunt_for(None, solver, None)
        hunt.begin(modes=modes)
        hunt.keep_modes()
        return hunt.worst_case()


class Hunt:
    """One hunt for the worst day with trades q: the costliest day so far, and what none exceeds.

    z: that day. lower: yuan, what it costs. upper: yuan, no day costs more. checked: yuan, what the
    search said that the day costs.
    """

    def __init__(self, adversary: Adversary, q: np.ndarray, solver: str, clock: Clock):
        self.adversary = adversary
        self.recourse = adversary.recourse
        self.q = q
        self.solver = solver
        self.clock = clock
        self._searches: list[tuple[Search, float]] = []  # each with the cost that it found

    def begin(self, overlapping: bool = False, modes: Modes | None = None) -> None:
        """Starts with the day of fewest hits: the forecast day, unless some must be there.

        overlapping: exclusive flows may overlap in all costs. modes: that the VPP must keep on
        every day; None leaves it free.
        """
        self.overlapping = overlapping
        self.modes = modes
        self.nominal = self._react(self.recourse.forecast_day).cost
        self.z = self.adversary.must
        self.reaction = self._react(self.z, squares=False)
        self.lower = self.reaction.cost
        self.upper = self.reaction.cost
        self.checked = self.reaction.relaxed
        self.used_solver = "highs"

    @property
    def is_closed(self) -> bool:
        """True if the bounds meet."""
        return self.upper - self.lower <= PROVEN * self.recourse.stake(self.upper)

    def let_overlap(self, search: Search) -> None:
        """Looks for the costliest day if exclusive flows may overlap."""
        trades = self.q.tobytes()
        found = self.adversary.known.get(trades)
        if found is None:
            found = search.run(self.q, self.solver, self.clock.left)
        self.used_solver = found.solver
        self.upper = found.bound
        self._searches.append((search, found.cost))
        if found.is_finished(self.recourse):
            self.adversary.known[trades] = found
            self._check(found.cost, self.recourse.value(found.z, self.q))
            self._take(found.z, found.cost)
        else:
            self._stopped(found)

    def keep_modes(self) -> None:
        """Looks for the costliest day in the modes that must be kept."""
        if self.recourse.keys and self.modes is not None:
            search = self.adversary.search_in([self.modes])
            found = search.run(self.q, self.solver, None)
            self.used_solver = found.solver
            self.upper = found.bound
            cost = self.recourse.react(found.z, self.q, self.modes).value
            self._check(found.cost, cost)
            self._take(found.z, found.cost)

    def close_gap(self) -> None:
        """Forbids more and more overlaps until no day costs more than the one known.

        At first exclusive flows may overlap everywhere, and each overlap that may pay is charged
        with what it would cost to do without. Where that was charged on the worst day the VPP must
        then obey modes; if it must already, it may choose the modes of that day, too.
        """
        self.upper = self.crude_bound()
        leaks = self.adversary.leaks
        modes = [self.reaction.modes.nowhere().also_at(leaks.unbounded, self.reaction.modes.first)]
        for _ in range(MOST_ROUNDS):
            search = self.adversary.search_in(modes, leaks)
            found = search.run(self.q, self.solver, self.clock.left)
            self.upper = min(self.upper, found.bound)
            self._searches.append((search, found.cost))
            if not found.is_finished(self.recourse):
                self._stopped(found)
                return
            charges = search.charged()
            self._check_charged(found, modes, charges)
            best = self._take(found.z, found.cost).modes
            if self.is_closed or self.clock.is_over:
                return
            charged = np.any([places for _, places in charges], axis=0)
            wider = [each.also_at(charged, best.first) for each in modes]
            if not charged.any():
                another = Modes(best.first, modes[0].fixed)
                if any(another.same_as(each) for each in modes):
                    return
                wider.append(another)
            modes = wider

    def choose_earliest(self) -> None:
        """Of the days that cost as much as the worst takes the one with the fewest hits, and of
        those the earliest; leaves the day as it is where the search was stopped."""
        for stated, cost in self._searches:
            if cost < self.lower - PROVEN * self.recourse.stake(cost) or self.clock.is_over:
                continue  # this search let overlaps hide what the day costs
            z = stated.earliest(cost, self.q, self.solver, self.clock.left)
            if z is None:
                return
            reaction = self._react(z, squares=False)
            if reaction.cost >= self.lower - 2 * PROVEN * self.recourse.stake(self.lower):
                self.z = z
                self.reaction = reaction
                self.lower = reaction.cost
                return

    def crude_bound(self) -> float:
        """A bound without a search: the forecast day and the dearest hits that the
        budget allows.
        """
        _, high = self.adversary.bounds(True)
        dearest = dearest_hits(self.recourse, high, self.adversary.must)
        return self._react(self.recourse.forecast_day, squares=False).cost + float(high @ dearest)

    def climb(self, z: np.ndarray) -> np.ndarray:
        """From a day to a worse one, hit by hit dearer, as long as that is possible.

        The cost is convex in the day, so the dearest hits at a day's multipliers are never worse.
        """
        point = self.recourse.react(z, self.q)
        while point.multipliers is not None:
            worth = self.recourse.by_day.T @ point.multipliers
            other = dearest_hits(self.recourse, worth, self.adversary.must)
            next_point = self.recourse.react(other, self.q)
            if next_point.value <= point.value + PROVEN * self.recourse.stake(point.value):
                break
            z = other
            point = next_point
        return z

    def worst_case(self) -> WorstCase:
        """What was found, as a result."""
        reaction = self._react(self.z)
        return WorstCase(
            vpp=self.recourse.name,
            cost=reaction.cost,
            nominal=self.nominal,
            hits=hits_table(self.recourse, self.z),
            checked=self.checked,
            solver=self.used_solver,
            seconds=self.clock.seconds,
            bound=max(self.upper, reaction.cost),
            relaxed=reaction.relaxed,
            chord_error=self.recourse.chord_error,
            stake=self.recourse.stake(reaction.cost),
            shed=self.recourse.emergency_energy(reaction.x, "shed"),
            dumped=self.recourse.emergency_energy(reaction.x, "dumped"),
            unused=unused_by_all(self.recourse),
        )

    def _react(self, z: np.ndarray, squares: bool = True) -> Reaction:
        """The reaction to a day, in the modes that must be kept if there are any."""
        if self.overlapping:
            point = self.recourse.react(z, self.q)
            modes = self.recourse.modes_of(point.x)
            return Reaction(point.value, point.value, modes, point.x)
        return self.recourse.exact(z, self.q, squares, self.modes)

    def _take(self, z: np.ndarray, checked: float) -> Reaction:
        """Keeps a day if it costs more than the one known; returns the reaction to it."""
        reaction = self._react(z, squares=False)
        if reaction.cost >= self.lower:
            self.z = z
            self.reaction = reaction
            self.lower = reaction.cost
            self.checked = checked
        return reaction

    def _stopped(self, found: Found) -> None:
        """Takes what a search that was stopped has found, or a worse day nearby."""
        z = self.climb(found.z)
        self._take(z, self.recourse.value(z, self.q))
        self.upper = min(self.upper, self.crude_bound())

    def _check_charged(
        self, found: Found, modes: list[Modes], charges: list[tuple[float, np.ndarray]]
    ) -> None:
        """As `_check`, where a search may have charged overlaps: it must say no less than what the
        day costs in the best of the modes, and no more than that with all that it charged."""
        least = [self.recourse.react(found.z, self.q, choice).value for choice in modes]
        most = [cost + charge for cost, (charge, _) in zip(least, charges, strict=True)]
        self._check(found.cost, min(max(found.cost, min(least)), min(most)))

    def _check(self, said: float, cost: float) -> None:
        """Raises NotSolved unless a day costs what the search said: necessary, not sufficient."""
        if abs(cost - said) > CHECK * self.recourse.stake(said):
            raise NotSolved(
                f"{self.recourse.name}: the worst day was said to cost {said:,.2f} yuan and costs "
                f"{cost:,.2f}: a bound on the multipliers is wrong"
            )


def hits_table(recourse: Recourse, z: np.ndarray) -> pd.DataFrame:
    """A day z as a table of 0 and 1, a row per step, a column per series (with the VPP's name in
    front where there are several)."""
    steps = pd.RangeIndex(1, recourse.steps + 1, name="step")
    alone = len(recourse.vpps) == 1
    hits = {}
    for (vpp, series), values in recourse.unflatten(z).items():
        hits[series if alone else f"{vpp} {series}"] = values
    return pd.DataFrame(hits, steps).astype(int)


def unused_by_all(recourse: Recourse) -> tuple[str, ...]:
    """The series with a budget that none of the VPPs has."""
    unused = [set(unused_budgets(vpp, recourse.uncertainty)) for vpp in recourse.vpps]
    return tuple(sorted(set.intersection(*unused)))


def dearest_hits(
    recourse: Recourse, worth: np.ndarray, must: np.ndarray | None = None
) -> np.ndarray:
    """The day z of a budget with the largest sum of worths `(keys x steps,)`.

    must: hits that the day has, dear or not; None for none.
    """
    day = np.zeros(len(worth)) if must is None else must.copy()
    for own, most in recourse.groups:
        left = most - int(day[own].sum())
        others = own[day[own] == 0]
        dearest = others[np.argsort(-worth[others], kind="stable")][:left]
        day[dearest[worth[dearest] > 0]] = 1.0
    return day
