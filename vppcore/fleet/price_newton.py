"""Price-Newton: the joint optimum of a fleet by an interior point in which VPPs answer prices.

All VPPs are tied together by one row a step only: net trades add up to zero. A primal-dual interior
point method (Mehrotra 1992, with Gondzio's corrections of 1996) takes Newton steps on the
conditions of optimality of all VPPs at once. In each of them a VPP's own unknowns can be eliminated
by the VPP itself (`group.py`): what is left of it are a *slope*, by how much less it receives as
each price rises, and a *right side*. Adding these up over all VPPs gives one small system,

    (sum of slopes) change of prices = sum of right sides

with as many rows as steps, however many VPPs there are. Its solution goes back to the VPPs, which
find their own steps. It is an old idea (block-angular problems, bordered elimination); the cost of
a round is linear in the number of VPPs.

What is proven. *Lower bound*, in each round: at any prices and multipliers, what VPPs would at
least pay if each only kept between its columns' ends (`ends.py`) is a bound on what all cost
together (Lagrange); no schedule with net trades that add up to zero is cheaper. *Upper bound*: the
cost of a point. It lies within all limits; its equations hold up to `residual`, the largest miss as
a share of a VPP's size, which is rounding at the end (`repair`), and what they miss is charged at
its multiplier and counted as cost. Stores are relaxed, as in `pool(storage="relaxed")`: where one
charges and discharges at once, the upper bound is one of the relaxed problem, the lower bound holds
all the same.

A coordinator only needs `answer`, `predict`, `correct`, `centre`, `direct`, `go_back`, `move`,
`repair` and `settle` of something: a `Group`, or `Together` of several, wherever these are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.result import relative_gap
from vppcore.errors import NotSolved, WrongInput
from vppcore.fleet.batches import Batch, batches_of, same_entries
from vppcore.fleet.blame import why_none
from vppcore.fleet.elimination import Plan
from vppcore.fleet.group import Answer, Group, Lengths, Totals
from vppcore.parameters import check, parameter

# corrections of a round, and where they end: what they look ahead, and what they must bring
CORRECTIONS = 6
AHEAD = 1.1
FURTHER = 0.2
GAINED = 0.01
LONG = 0.9
# directions in which slopes say nothing, as a share of the steepest
FLAT = 1e-14
# residuals of rows, as a share of a VPP's size: with which a point is repaired, and with which it
# counts as a schedule
NEARLY_HOLDS = 1e-6
HOLDS = 1e-9
# repairs at the end
REPAIRS = 3
# the lower bound must be above all that limits allow by this share, to say that nothing is feasible
BEYOND = 1e-6


@dataclass(frozen=True)
class Accuracy:
    """When price-Newton ends. Raises WrongInput for a value that is not allowed.

    gap: of both bounds, relative. rounds: at most.
    """

    gap: float = parameter("-", "gap of both bounds at which it ends", 1e-8, high=1, above=True)
    rounds: int = parameter("-", "give up after so many rounds", 200, low=1, whole=True)

    def __post_init__(self):
        check(self)


class Answering(Protocol):
    """What a coordinator talks to; see `Group` for what each does."""

    @property
    def steps(self) -> int:
        """Of the horizon."""

    @property
    def step_hours(self) -> float:
        """Length of a step, h."""

    def answer(self, prices: np.ndarray) -> Answer:
        """Slope, right side and totals at prices."""

    def predict(self, change: np.ndarray) -> Lengths:
        """Lengths of the predicted step."""

    def correct(self, centre: float) -> np.ndarray:
        """The corrected right side."""

    def centre(self, centre: float, primal: float, dual: float) -> np.ndarray:
        """A right side that brings products nearer to each other."""

    def direct(self, change: np.ndarray) -> Lengths:
        """Lengths of the step."""

    def go_back(self) -> None:
        """Takes the direction from before `centre`."""

    def move(self, primal: float, dual: float) -> None:
        """Moves."""

    def repair(self) -> Answer:
        """Slope and right side of the change after which rows hold."""

    def settle(self, change: np.ndarray) -> Totals:
        """Makes that change."""

    def without_schedule(self) -> list[str]:
        """The VPPs that have no schedule, whatever they trade."""


class Together:
    """Several groups that answer as one: what they tell is added up.

    members: groups, or others like it. ask: how all of them are asked at once, a function of
    (members, name of the method, its arguments) that returns their answers in order; None asks one
    after the other.
    """

    def __init__(self, members: Sequence[Any], ask: Callable[..., list] | None = None):
        self.members = list(members)
        self._ask = one_by_one if ask is None else ask

    @property
    def steps(self) -> int:
        """Of the horizon."""
        return self.members[0].steps

    @property
    def step_hours(self) -> float:
        """Length of a step, h."""
        return self.members[0].step_hours

    def answer(self, prices: np.ndarray) -> Answer:
        """See `Group`."""
        return added(self._ask(self.members, "answer", prices))

    def predict(self, change: np.ndarray) -> Lengths:
        """See `Group`."""
        return shortest(self._ask(self.members, "predict", change))

    def correct(self, centre: float) -> np.ndarray:
        """See `Group`."""
        return np.sum(self._ask(self.members, "correct", centre), axis=0)

    def centre(self, centre: float, primal: float, dual: float) -> np.ndarray:
        """See `Group`."""
        return np.sum(self._ask(self.members, "centre", centre, primal, dual), axis=0)

    def direct(self, change: np.ndarray) -> Lengths:
        """See `Group`."""
        return shortest(self._ask(self.members, "direct", change))

    def go_back(self) -> None:
        """See `Group`."""
        self._ask(self.members, "go_back")

    def move(self, primal: float, dual: float) -> None:
        """See `Group`."""
        self._ask(self.members, "move", primal, dual)

    def repair(self) -> Answer:
        """See `Group`."""
        return added(self._ask(self.members, "repair"))

    def settle(self, change: np.ndarray) -> Totals:
        """See `Group`."""
        return sum_of(self._ask(self.members, "settle", change))

    def without_schedule(self) -> list[str]:
        """See `Group`."""
        return [name for names in self._ask(self.members, "without_schedule") for name in names]

    def running_both_ways(self) -> dict[str, list[float]]:
        """See `Group`."""
        found: dict[str, list[float]] = {}
        for of_member in self._ask(self.members, "running_both_ways"):
            for component, shares in of_member.items():
                found.setdefault(component, []).extend(shares)
        return found


def one_by_one(members: Sequence[Any], method: str, *arguments: Any) -> list:
    """What each member answers, asked one after the other."""
    return [getattr(member, method)(*arguments) for member in members]


def added(answers: Sequence[Answer]) -> Answer:
    """The answers of several groups as one."""
    return Answer(
        np.sum([one.slope for one in answers], axis=0),
        np.sum([one.right for one in answers], axis=0),
        sum_of([one.totals for one in answers]),
    )


def sum_of(totals: Sequence[Totals]) -> Totals:
    """The totals of several groups as one: sums, and the largest residual."""
    sums = {name: sum(getattr(one, name) for one in totals) for name in Totals._fields}
    largest = {name: max(getattr(one, name) for one in totals) for name in ("rows", "curved")}
    return Totals(**(sums | largest))


def shortest(lengths: Sequence[Lengths]) -> Lengths:
    """The lengths that all groups can go."""
    return Lengths(
        min(one.primal for one in lengths),
        min(one.dual for one in lengths),
        np.sum([one.growth for one in lengths], axis=0),
    )


@dataclass(frozen=True, eq=False)
class FleetResult:
    """The joint optimum of a fleet, with both bounds.

    upper: what the schedules cost, yuan, with what their equations miss charged at its price.
    lower: no schedules of the fleet cost less, yuan.
    money: what the gap is measured by, yuan: the VPPs' costs without their signs, |upper| at least.
    prices: yuan/kWh `(steps,)`, what a VPP pays for what it receives, less its fee.
    residual: the largest miss of an equation, as a share of a VPP's size.
    vpps: how many.
    history: a row per round: cost and lower (yuan), gap, residual, primal and dual step, seconds.
    seconds: of all rounds.
    """

    upper: float
    lower: float
    money: float
    prices: np.ndarray
    residual: float
    vpps: int
    history: pd.DataFrame
    seconds: float
    group: Any = field(repr=False, default=None)

    @property
    def gap(self) -> float:
        """How far from the optimum the schedules can be at most, as a share of `money`."""
        return relative_gap(self.upper, self.lower, self.money)

    @property
    def rounds(self) -> int:
        """Newton steps that were taken."""
        return len(self.history) - 1

    def running_both_ways(self) -> pd.DataFrame:
        """Stores and others that run both ways at once in the relaxed schedules.

        Where there are none, the upper bound is that of schedules which can be run; elsewhere an
        exact one may cost more. The lower bound holds all the same.
        A row per component: VPPs, how many of them; share, the largest, of the larger flow's peak.
        """
        rows = {
            component: (len(shares), max(shares, default=0.0))
            for component, shares in sorted(self.group.running_both_ways().items())
        }
        return pd.DataFrame.from_dict(rows, "index", columns=["VPPs", "share"])

    def net_trades(self) -> dict[str, np.ndarray]:
        """VPP -> what it receives on balance, kW `(steps,)`.

        Raises WrongInput where other processes hold the schedules.
        """
        net: dict[str, np.ndarray] = {}
        for group in self.group.members:
            if not hasattr(group, "form"):
                raise WrongInput(
                    "net trades: found VPPs whose schedules stay with other processes; allowed: a"
                    " fleet that was solved in this one"
                )
            received = group.form.trade @ group.x
            net |= {name: received[:, k] for k, name in enumerate(group.names)}
        return net


def price_newton(
    fleet: Case | Iterable[Batch] | Answering,
    accuracy: Accuracy | None = None,
    name: str = "fleet",
) -> FleetResult:
    """The joint optimum of a fleet, stores relaxed, with both bounds.

    fleet: a case, batches of VPPs, or groups that answer.
    Raises NotSolved: infeasible, limit (of rounds) or inaccurate; WrongInput for VPPs that need
    binaries or have a flow that nothing limits.

    >>> from vppcore import load_case, pool
    >>> case = load_case("template")
    >>> result = price_newton(case)
    >>> round(result.upper, 2), round(result.lower, 2), round(pool(case).cost, 2)
    (101.12, 101.12, 101.12)
    """
    group = as_group(fleet)
    run = Run(group, Accuracy() if accuracy is None else accuracy, name)
    return run.result()


def as_group(fleet: Case | Iterable[Batch] | Answering) -> Any:
    """Groups that answer as one, from whatever a fleet is given as."""
    if isinstance(fleet, Case):
        return Together(groups_of(batches_of(fleet)))
    if hasattr(fleet, "answer"):
        return fleet if hasattr(fleet, "members") else Together([fleet])
    return Together(groups_of(fleet))


def groups_of(batches: Iterable[Batch]) -> list[Group]:
    """A group for each batch; those of one type share the plan of their elimination."""
    groups: list[Group] = []
    plans: list[tuple[Batch, Plan]] = []
    for batch in batches:
        known = [plan for other, plan in plans if same_plan(batch, other)]
        group = Group(batch, known[0] if known else None)
        if known and group.plan.fill.shape[1] != group.form.matrix.shape[1]:
            group = Group(batch)  # other rows have two limits
        if not known:
            plans.append((batch, group.plan))
        groups.append(group)
    return groups


def same_plan(one: Batch, other: Batch) -> bool:
    """True if two batches are of one type."""
    if one.matrix is other.matrix:
        return True
    return same_entries(one.matrix, other.matrix) and same_entries(one.trade, other.trade)


class Run:
    """One run of price-Newton: the coordinator's state is the prices."""

    def __init__(self, group: Answering, accuracy: Accuracy, name: str):
        self._group = group
        self._accuracy = accuracy
        self._name = name
        self._prices = np.zeros(group.steps)
        self._history: list[dict[str, float]] = []
        self._started = time.perf_counter()

    def result(self) -> FleetResult:
        """Rounds until both bounds meet, then the repair of what rows miss."""
        best = -np.inf
        prices = self._prices
        for _ in range(self._accuracy.rounds + 1):
            answer = self._group.answer(self._prices)
            totals = answer.totals
            if totals.lower > best:
                best, prices = totals.lower, self._prices
            self._note(totals, best)
            if self._met(totals, best):
                finished = self._finished(best, prices)
                if finished.residual <= HOLDS and finished.gap <= self._accuracy.gap:
                    return finished
                answer = self._group.answer(self._prices)
            self._check(totals, best)
            self._step(answer)
        raise NotSolved(
            f"{self._name}: bounds {best:.10g} and {totals.cost:.10g} yuan after "
            f"{self._accuracy.rounds} rounds of price-Newton; more were not allowed",
            "limit",
        )

    def _step(self, answer: Answer) -> None:
        """One Newton step of all: predicted, corrected, centred."""
        group = self._group
        border = Border(answer.slope)
        totals = answer.totals
        centre = totals.products / max(totals.pairs, 1)
        predicted = group.predict(border.solve(answer.right))
        a, b, c, d = predicted.growth
        p, q = predicted.primal, predicted.dual
        left = max(0.0, a + b * p + c * q + d * p * q)
        aim = centre * (left / totals.products) ** 3 if totals.products > 0 else 0.0
        change = border.solve(group.correct(aim))
        found = group.direct(change)
        for _ in range(CORRECTIONS):
            p, q = found.primal, found.dual
            if min(p, q) > LONG:
                break
            right = group.centre(aim, min(1.0, AHEAD * p + FURTHER), min(1.0, AHEAD * q + FURTHER))
            other = border.solve(right)
            longer = group.direct(other)
            if longer.primal + longer.dual < p + q + GAINED:
                group.go_back()
                break
            found, change = longer, other
        p, q = found.primal, found.dual
        if totals.curved:
            p = q = min(p, q)
        group.move(p, q)
        self._prices = self._prices + q * change
        self._history[-1] |= {"primal step": p, "dual step": q}

    def _note(self, totals: Totals, best: float) -> None:
        owed = totals.missed + float(np.abs(self._prices) @ np.abs(totals.net))
        self._history.append(
            {
                "cost": totals.cost + owed,
                "lower": best,
                "gap": relative_gap(totals.cost + owed, best, totals.money),
                "residual": totals.rows,
                "seconds": time.perf_counter() - self._started,
            }
        )

    def _met(self, totals: Totals, best: float) -> bool:
        return totals.rows <= NEARLY_HOLDS and self._history[-1]["gap"] <= self._accuracy.gap

    def _check(self, totals: Totals, best: float) -> None:
        """Raises NotSolved where no schedule exists, or where numbers have lost their meaning.

        There is none where every schedule would cost more than its limits allow: where the lower
        bound is above all of them.
        """
        if best > totals.dearest + BEYOND * abs(totals.dearest):
            raise NotSolved(
                f"{self._name}: infeasible ({why_none(self._group)})",
                "infeasible",
            )
        if not (np.isfinite(totals.cost) and np.isfinite(totals.products)):
            raise NotSolved(f"{self._name}: price-Newton lost its accuracy", "inaccurate")

    def _finished(self, best: float, prices: np.ndarray) -> FleetResult:
        """The result once rows hold to rounding."""
        group = self._group
        for _ in range(REPAIRS):
            answer = group.repair()
            border = Border(answer.slope)
            totals = group.settle(border.solve(answer.right))
        owed = totals.missed + float(np.abs(self._prices) @ np.abs(totals.net))
        upper = totals.cost + owed
        return FleetResult(
            upper=upper,
            lower=best,
            money=max(totals.money, abs(upper)),
            prices=prices / group.step_hours,
            residual=totals.rows,
            vpps=totals.vpps,
            history=pd.DataFrame(self._history),
            seconds=time.perf_counter() - self._started,
            group=group,
        )


class Border:
    """The small system of the prices, solved where slopes say something.

    slope: `(steps, steps)`, symmetric.
    """

    def __init__(self, slope: np.ndarray):
        values, vectors = np.linalg.eigh((slope + slope.T) / 2)
        steep = values > FLAT * max(values.max(initial=0.0), 0.0)
        self._vectors = vectors[:, steep]
        self._inverse = 1 / values[steep]

    def solve(self, right: np.ndarray) -> np.ndarray:
        """The change of prices `(steps,)`."""
        return self._vectors @ (self._inverse * (self._vectors.T @ right))
