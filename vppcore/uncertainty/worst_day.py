"""The worst day of a budget for VPPs whose recourse is given, exactly or between two bounds.

The adversary chooses the day, then the VPP its schedule: max over days of min over schedules. The
dual of the schedule's linear problem makes it one maximisation. Where flows exclude each other (a
battery's charge and discharge) the schedule's problem is not linear; it is then bounded from both
sides until the bounds meet: see `Adversary.answer`. kW, yuan.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import cvxpy as cp
import numpy as np
import pandas as pd
from scipy import sparse

from vppcore.errors import NotSolved, WrongInput
from vppcore.uncertainty.leaks import Leak, Leaks, effects
from vppcore.uncertainty.modes import Modes
from vppcore.uncertainty.recourse import Reaction, Recourse
from vppcore.uncertainty.search import Clock, search
from vppcore.uncertainty.series import unused_budgets
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worth import value_bounds
from vppcore.vpp import VPP

# The day is solved again and must cost what the search said, up to this share of the money at stake.
CHECK = 1e-5
# Days count as equally bad up to this share, and a worst case as proven.
PROVEN = 1e-6
# After so many rounds that did not close the gap between the bounds, the gap is reported instead.
MOST_ROUNDS = 20
# Days that `enumerate_days` tries at most.
MOST_DAYS = 200_000
# Searches are stopped after this time, seconds for each VPP.
TIME_LIMIT = 300.0


@dataclass(frozen=True, eq=False)
class WorstCase:
    """The costliest day of a budget.

    vpp: whose.
    cost: yuan; of that day, with no two exclusive flows at once (as `dispatch` would find it).
    nominal: yuan; of the forecast day, likewise.
    hits: 0/1, a row per step, a column per series.
    checked: yuan; what the search said that the day costs. Where flows exclude each other the search
        may let them overlap, so this may be less than `cost`, never more.
    solver: that searched.
    seconds: of the whole search.
    bound: yuan; no day of the budget costs more, by the search's own bound. Where the search was
        finished it is equal to `cost`, up to PROVEN.
    relaxed: yuan; of that day if exclusive flows might overlap.
    chord_error: yuan; by how much `bound` may be too high because of quadratic costs.
    stake: yuan; the money that shares refer to.
    shed, dumped: kWh by (vpp, carrier) on that day: energy that is missing or too much.
    unused: series with a budget that the VPP does not have.

    That the day is solved again and costs what the search said is necessary for a right answer, not
    sufficient: it proves that this day costs so much. That no other day costs more rests on the
    bounds of `value_bounds` and on the search's own bound.
    """

    vpp: str
    cost: float
    nominal: float
    hits: pd.DataFrame
    checked: float
    solver: str
    seconds: float
    bound: float
    relaxed: float
    chord_error: float
    stake: float
    shed: pd.Series
    dumped: pd.Series
    unused: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """How much dearer another day could be at most, as a share of the money at stake."""
        excess = self.bound - self.cost
        return excess / self.stake if self.stake > 0 else float(excess > 0)

    @property
    def guarantee(self) -> float:
        """What no day of the budget exceeds, yuan: `cost` where that is proven, else `bound`."""
        is_met = self.bound - self.cost <= 10 * PROVEN * self.stake
        return self.cost if is_met else self.bound

    @property
    def proven(self) -> bool:
        """True if no day of the budget costs more than this one (with a quadratic cost: up to
        `chord_error`)."""
        return self.bound - self.cost <= self.chord_error + 10 * PROVEN * self.stake

    def note(self) -> str:
        """What the numbers rest on, in a sentence."""
        excess = f"another day may cost up to {self.bound - self.cost:,.2f} yuan more"
        if not self.proven:
            words = [f"the search was stopped, {excess}"]
        elif self.chord_error > 0:
            words = [f"{excess}, as quadratic costs are searched by their chords"]
        else:
            words = ["no day of the budget costs more (proven)"]
        if self.cost - self.relaxed > PROVEN * self.stake:
            hidden = f"{self.cost - self.relaxed:,.2f} yuan"
            words.append(f"overlapping flows would have hidden {hidden} of the day's cost")
        for verb, energies in (("shed", self.shed), ("dumped", self.dumped)):
            for (vpp, carrier), energy in energies[energies > 0].items():
                words.append(f"{energy:,.1f} kWh of {vpp}'s {carrier} are {verb}")
        if self.unused:
            words.append(f"it has no series {', '.join(self.unused)}, so that budget is not used")
        return f"{self.vpp}: " + "; ".join(words)


@dataclass(frozen=True, eq=False)
class Dual:
    """The dual of a recourse: what a schedule costs at least, at most `goal` at the best multipliers.

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
    matrix = recourse.matrix.tocsr()[used]
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
    low, high: bounds on what hits are worth, as `value_bounds` returns them for such modes.
    """

    def __init__(
        self,
        recourse: Recourse,
        bounds: tuple[np.ndarray, np.ndarray],
        modes: list[Modes] | None = None,
        leaks: Leaks | None = None,
    ):
        self.recourse = recourse
        self.leaks = leaks
        self.right = cp.Parameter(len(recourse.right))
        self.low, self.high = bounds
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
        recourse = self.recourse
        rows = []
        for number, key in enumerate(recourse.keys):
            own = slice(number * recourse.steps, (number + 1) * recourse.steps)
            rows.append(cp.sum(self.hits[own]) <= recourse.budgets[key])
        harmless = np.flatnonzero(self.high <= 0)
        if len(harmless):  # a hit that cannot cost anything is never made
            rows.append(self.hits[harmless] == 0)
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
            for leak, does in zip(possible, pays.value if possible else [], strict=True):
                if does > 0.5:
                    chosen[leak.pair, leak.step] = True
                    cost += leak.cost
            charges.append((cost, chosen))
        return charges

    def run(self, q: np.ndarray, solver: str, seconds: float | None) -> Found:
        """The costliest day with trades q, as far as the search comes in some seconds."""
        recourse = self.recourse
        self._promise(q)
        searched = search(self.problem, solver, f"{recourse.name}'s worst day", seconds)
        z = np.round(self.hits.value) if searched.has_answer else recourse.forecast_day
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
        return np.round(self.hits.value) if searched.has_answer else None

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
        return self.bound - self.cost <= PROVEN * recourse.stake(self.bound)


class Adversary:
    """Finds the worst day of a recourse. Stated once, asked for many trades.

    big: multiplies the proven bounds of `value_bounds`; the answer must not depend on it.
    """

    def __init__(self, recourse: Recourse, big: float = 1.0):
        self.recourse = recourse
        self.big = big
        self._bounds: dict[bool, tuple[np.ndarray, np.ndarray]] = {}
        self._overlapping = Search(recourse, self.bounds(False)) if recourse.keys else None

    def bounds(self, exclusive: bool) -> tuple[np.ndarray, np.ndarray]:
        """The least and the most that hits can be worth, as `value_bounds`."""
        if exclusive not in self._bounds:
            low, high = value_bounds(self.recourse, exclusive)
            self._bounds[exclusive] = (self.big * low, self.big * high)
        return self._bounds[exclusive]

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
        hunt = Hunt(self, self.recourse.flat(trades), solver, Clock(time_limit))
        hunt.begin(relaxed)
        if self._overlapping is not None:
            hunt.let_overlap(self._overlapping)
            if self.recourse.pairs and not relaxed:
                hunt.close_gap()
            if canonical:
                hunt.choose_earliest()
        return hunt.worst_case()

    def answer_in(self, modes: Modes, solver: str = "auto") -> WorstCase:
        """The worst day if the VPP must keep these modes of its exclusive flows on every day."""
        hunt = Hunt(self, self.recourse.no_trade, solver, Clock(None))
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
        """Starts with the forecast day.

        overlapping: exclusive flows may overlap in all costs. modes: that the VPP must keep on
        every day; None leaves it free.
        """
        self.overlapping = overlapping
        self.modes = modes
        self.z = self.recourse.forecast_day
        self.nominal = self._react(self.z).cost
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
        found = search.run(self.q, self.solver, self.clock.left)
        self.used_solver = found.solver
        self.upper = found.bound
        self._searches.append((search, found.cost))
        if found.is_finished(self.recourse):
            self._check(found.cost, self.recourse.value(found.z, self.q))
            self._take(found.z, found.cost)
        else:
            self._stopped(found)

    def keep_modes(self) -> None:
        """Looks for the costliest day in the modes that must be kept."""
        if self.recourse.keys and self.modes is not None:
            search = Search(self.recourse, self.adversary.bounds(True), [self.modes])
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
        bounds = self.adversary.bounds(True)
        modes = [self.reaction.modes.nowhere().also_at(leaks.unbounded, self.reaction.modes.first)]
        for _ in range(MOST_ROUNDS):
            search = Search(self.recourse, bounds, modes, leaks)
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
        """A bound without a search: the forecast day and the dearest hits that the budget allows."""
        _, high = self.adversary.bounds(True)
        dearest = dearest_hits(self.recourse, high)
        return self._react(self.recourse.forecast_day, squares=False).cost + float(high @ dearest)

    def climb(self, z: np.ndarray) -> np.ndarray:
        """From a day to a worse one, hit by hit dearer, as long as that is possible.

        The cost is convex in the day, so the dearest hits at a day's multipliers are never worse.
        """
        point = self.recourse.react(z, self.q)
        while point.multipliers is not None:
            worth = self.recourse.by_day.T @ point.multipliers
            other = dearest_hits(self.recourse, worth)
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


def dearest_hits(recourse: Recourse, worth: np.ndarray) -> np.ndarray:
    """The day z of a budget with the largest sum of worths `(keys x steps,)`."""
    day = np.zeros(len(worth))
    for number, key in enumerate(recourse.keys):
        own = np.arange(number * recourse.steps, (number + 1) * recourse.steps)
        dearest = own[np.argsort(-worth[own], kind="stable")][: recourse.budgets[key]]
        day[dearest[worth[dearest] > 0]] = 1.0
    return day


def worst_case(
    vpp: VPP,
    uncertainty: Uncertainty,
    solver: str = "auto",
    canonical: bool = False,
    big: float = 1.0,
    time_limit: float | None = TIME_LIMIT,
) -> WorstCase:
    """The costliest day that an uncertainty allows for a VPP on its own.

    solver: "auto", "highs" or "gurobi".
    canonical, time_limit: as in `Adversary.answer`.
    big: multiplies the bounds of the search; the answer must not depend on it.
    Raises WrongInput for a budget that is not a whole number of steps, NotSolved if no day can be
    found or its check fails.

    >>> from vppcore import load_case
    >>> from vppcore.uncertainty.settings import at_level
    >>> shop = load_case("template").window(1, 6).vpp("Shop")
    >>> case = worst_case(shop, at_level(2))
    >>> case.hits["load"].sum().item(), case.proven
    (2, True)
    """
    adversary = Adversary(Recourse(vpp, uncertainty), big)
    return adversary.answer(None, solver, canonical, time_limit=time_limit)


def days_of_budget(recourse: Recourse) -> list[np.ndarray]:
    """All days of a budget, z `(keys x steps,)` each. Raises WrongInput if there are too many."""
    choices = []
    for key in recourse.keys:
        most = min(recourse.budgets[key], recourse.steps)
        hours = [
            chosen
            for size in range(most + 1)
            for chosen in combinations(range(recourse.steps), size)
        ]
        choices.append([np.isin(np.arange(recourse.steps), list(few)) for few in hours])
    count = int(np.prod([len(choice) for choice in choices]))
    if count > MOST_DAYS:
        raise WrongInput(f"budgets: found {count:,} days to try; allowed: up to {MOST_DAYS:,}")
    return [np.concatenate([*day, []]).astype(float) for day in product(*choices)]


def enumerate_days(vpp: VPP, uncertainty: Uncertainty) -> float:
    """The cost of the worst day in yuan by trying all days: the second road, for small budgets.

    Raises WrongInput if the budget allows more than MOST_DAYS days.
    """
    recourse = Recourse(vpp, uncertainty)
    return max(recourse.exact(day).cost for day in days_of_budget(recourse))
