"""A batch of VPPs inside price-Newton: it keeps its data and its point, and answers with sums.

Each VPP minimises its cost plus what it pays for its net trade at the prices. With w and v the
distances of a column from its two ends, z and u their multipliers, a point is optimal where

    cost + curvature x - matrix' y + trade' prices - z + u = 0     (dual)
    matrix x = right                                               (rows)
    w z = 0,  v u = 0                                              (complementary)

and the net trades of all VPPs add up to zero. A Newton step towards w z = v u = centre > 0 is, with
theta = 1 / (curvature + z/w + u/v) and F the VPP's rows with the border -trade below them,

    F diag(theta) F' [dy; dprices] = [right - matrix x; trade x] - F theta g

Eliminating dy leaves a slope (steps, steps) and a right side (steps,) for each VPP. Only their sums
over the batch are told. What of columns without an end on one side would stand there is left out;
columns whose ends meet stay where they are. Arrays are (columns, VPPs).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from vppcore.errors import WrongInput
from vppcore.fleet.batches import Batch
from vppcore.fleet.carrying_out import Carrier
from vppcore.fleet.elimination import Eliminated, Plan, planned
from vppcore.fleet.standard import Standard, standard

# a share of the way to the nearest end that a step may go
NEAR = 0.9995
# of the larger flow's peak: what runs both ways up to this share is the method's distance from ends
AT_ONCE = 1e-3
# products are kept within this factor of their centre
RANGE = 3.0
# where the point begins, a multiplier grows towards its end up to where this share of the VPP's
# size is left
NEAREST = 0.1
# a share of an end by which rounding may blur the distance from it; and the least number above zero
# that can be divided by
ROUNDING = 1e-16
TINY = 1e-200


class Totals(NamedTuple):
    """What a group tells of its point, sums over its VPPs but for the residuals.

    cost: yuan. money: the VPPs' costs without their signs, yuan.
    lower: its part of the lower bound at the prices, yuan.
    dearest: yuan, no point within the columns' ends costs more.
    products: sum of w z and v u, yuan; pairs: how many there are.
    net: what its VPPs receive on balance, kW `(steps,)`.
    missed: sum of |row residual| times |its multiplier|, yuan: what the cost may owe to rows that
        do not hold exactly.
    rows: the largest residual of a row, as a share of its VPP's size. curved: 1 if a cost is
        quadratic, else 0. vpps: how many.
    """

    cost: float
    money: float
    lower: float
    dearest: float
    products: float
    pairs: int
    net: np.ndarray
    missed: float
    rows: float
    curved: int
    vpps: int


class Answer(NamedTuple):
    """What a group answers to prices: slope and right side of its net trade, and its totals.

    slope: `(steps, steps)`: by how much less it receives as prices rise, kW per yuan/kW.
    right: `(steps,)`: what it would receive more than is there to receive, kW.
    """

    slope: np.ndarray
    right: np.ndarray
    totals: Totals


class Lengths(NamedTuple):
    """How far a group may go, and what its products become.

    primal, dual: from 0 to 1.
    growth: a, b, c, d `(4,)`: products are a + b p + c d + d p d after steps p and d.
    """

    primal: float
    dual: float
    growth: np.ndarray


@dataclass(eq=False)
class Side:
    """The columns' distances from their lower or upper ends, and their multipliers.

    sign: 1 for the lower end, -1 for the upper one. end: `(columns, VPPs)`, infinite for none.
    """

    sign: float
    end: np.ndarray
    there: np.ndarray
    multiplier: np.ndarray

    def distance(self, x: np.ndarray) -> np.ndarray:
        """From the end, above zero; one where there is none."""
        away = self.sign * (x - np.where(self.there, self.end, 0.0))
        least = ROUNDING * np.where(self.there, np.abs(self.end), 1.0)
        return np.where(self.there, np.maximum(away, np.maximum(least, TINY)), 1.0)


class Group:
    """The VPPs of a batch, with a point of their own.

    batch: their data. plan: of the elimination, from another batch of the type; None makes one.
    price: what multipliers are like at the beginning, yuan/kW; None takes the mean of the costs.
    Raises NotSolved (infeasible) where limits contradict each other, WrongInput for a flow that
    nothing limits.
    """

    def __init__(self, batch: Batch, plan: Plan | None = None, price: float | None = None):
        self.form = standard(batch)
        self.plan = planned(self.form.matrix, -self.form.trade) if plan is None else plan
        self._across = self.form.matrix.T.tocsr()
        self._trade_across = self.form.trade.T.tocsr()
        self._free = self.form.low < self.form.high
        self._size = sizes_of(self.form)
        check_ends(self.form)
        self._start(price)

    def _start(self, price: float | None) -> None:
        """A point between the ends, with multipliers of the size of the costs."""
        form = self.form
        with np.errstate(invalid="ignore"):
            inside = np.minimum((form.high - form.low) / 2, self._size)
        x = np.clip(0.0, form.low + inside, form.high - inside)
        self.x = np.where(self._free, x, form.low)
        self.y = np.zeros(form.right.shape)
        self._sides = [self._side(1.0, form.low, price), self._side(-1.0, form.high, price)]
        self._aims: list[np.ndarray] = []
        self._dz: list[np.ndarray] = []
        self._dx = np.zeros_like(self.x)
        self._dy = np.zeros_like(self.y)
        self._pull = np.zeros_like(self.x)
        self._moved = np.zeros_like(self.y)

    def _side(self, sign: float, end: np.ndarray, price: float | None) -> Side:
        mean = np.abs(self.form.cost).mean(axis=0, keepdims=True)
        prices = np.where(mean > 0, mean, 1.0) if price is None else np.full_like(mean, price)
        there = np.isfinite(end) & self._free
        side = Side(sign, end, there, np.zeros_like(end))
        far = np.maximum(NEAREST, side.distance(self.x) / self._size)
        side.multiplier = np.where(there, prices / far, 0.0)
        return side

    @property
    def names(self) -> tuple[str, ...]:
        """Of its VPPs."""
        return self.form.batch.names

    @property
    def steps(self) -> int:
        """Of the horizon."""
        return self.form.batch.steps

    @property
    def step_hours(self) -> float:
        """Length of a step, h."""
        return self.form.batch.step_hours

    # --- a round ---
    def answer(self, prices: np.ndarray) -> Answer:
        """Slope, right side and totals at the group's point and at prices, yuan/kW `(steps,)`."""
        form = self.form
        self._measure()
        self._reduced = form.cost + form.curvature * self.x - self._across @ self.y
        self._reduced += (self._trade_across @ prices)[:, None]
        self._at = self.x.copy()
        weight = form.curvature.copy()
        duals = self._reduced.copy()
        for side, distance in zip(self._sides, self._distances, strict=True):
            weight += side.multiplier / distance
            duals -= side.sign * side.multiplier
        self._duals = duals
        theta = np.divide(1.0, weight, out=np.zeros_like(weight), where=self._free)
        self._eliminated = Eliminated(self.plan, theta)
        self._theta = theta
        self._seconds = [0.0, 0.0]
        right = self.correct(0.0)
        return Answer(self._eliminated.slope, right, self._totals())

    def predict(self, change: np.ndarray) -> Lengths:
        """How far the group may go if prices change so; keeps the products that this leaves."""
        lengths = self.direct(change)
        self._seconds = [
            side.sign * self._dx * dz for side, dz in zip(self._sides, self._dz, strict=True)
        ]
        return lengths

    def correct(self, centre: float) -> np.ndarray:
        """The right side `(steps,)` of a step that aims at products of `centre` (Mehrotra)."""
        self._aims = []
        for side, distance, second in zip(self._sides, self._distances, self._seconds, strict=True):
            aim = centre - distance * side.multiplier - second
            self._aims.append(np.where(side.there, aim, 0.0))
        return self._eliminate()

    def centre(self, centre: float, primal: float, dual: float) -> np.ndarray:
        """The right side `(steps,)` of a step that leaves products nearer to each other (Gondzio).

        primal, dual: lengths at which products of the last direction are looked at. Those far from
        `centre` are aimed at the ends of a range around it.
        """
        self._last = (self._aims, self._moved, self._pull, self._dx, self._dy, self._dz)
        aims = []
        for side, distance, dz, aim in zip(
            self._sides, self._distances, self._dz, self._aims, strict=True
        ):
            moved = distance + primal * side.sign * self._dx
            product = moved * (side.multiplier + dual * dz)
            wanted = np.clip(product, centre / RANGE, centre * RANGE)
            more = np.maximum(wanted - product, -centre * RANGE)
            aims.append(np.where(side.there, aim + more, 0.0))
        self._aims = aims
        return self._eliminate()

    def go_back(self) -> None:
        """Takes the direction from before the last `centre`."""
        self._aims, self._moved, self._pull, self._dx, self._dy, self._dz = self._last

    def direct(self, change: np.ndarray) -> Lengths:
        """How far the group may go when prices change so; finds its direction."""
        solution = self._eliminated.backward(self._moved, change)
        self._dy = solution[: self.plan.rows]
        tilted = self._across @ self._dy - (self._trade_across @ change)[:, None]
        self._dx = self._theta * tilted + self._pull
        self._dz = []
        for side, distance, aim in zip(self._sides, self._distances, self._aims, strict=True):
            dz = (aim - side.sign * side.multiplier * self._dx) / distance
            self._dz.append(np.where(side.there, dz, 0.0))
        return self._lengths()

    def move(self, primal: float, dual: float) -> None:
        """Moves by these lengths along the last direction."""
        self.x += primal * self._dx
        self.y += dual * self._dy
        for side, dz in zip(self._sides, self._dz, strict=True):
            side.multiplier += dual * dz

    def running_both_ways(self) -> dict[str, list[float]]:
        """What runs both ways at once though it should not: stores are relaxed.

        Component -> the shares of its VPPs that do, of the larger flow's peak, above `AT_ONCE`.
        """
        form = self.form
        found: dict[str, list[float]] = {}
        for pair in form.batch.both_ways:
            share = pair.share(self.x[: form.columns])
            found.setdefault(pair.component, []).extend(share[share > AT_ONCE].tolist())
        return found

    def without_schedule(self) -> list[str]:
        """Its VPPs that have no schedule, whatever they trade."""
        return Carrier(self.form).without_schedule()

    # --- what is kept between rounds ---
    def point(self) -> list[np.ndarray]:
        """All that the next round needs: columns, rows' multipliers, and those of both ends."""
        return [self.x, self.y, *(side.multiplier for side in self._sides)]

    def take(self, point: list[np.ndarray]) -> None:
        """Goes on from a point that the same VPPs had."""
        self.x, self.y, *multipliers = [array.copy() for array in point]
        for side, multiplier in zip(self._sides, multipliers, strict=True):
            side.multiplier = multiplier

    # --- the end: rows that hold to rounding ---
    def repair(self) -> Answer:
        """Slope and right side of the smallest change of the point after which rows hold.

        What is small is measured by the distances from the ends, so that the point stays inside.
        """
        self._measure()
        nearest = np.minimum(
            *(
                np.where(side.there, distance, np.inf)
                for side, distance in zip(self._sides, self._distances, strict=True)
            )
        )
        theta = np.where(self._free & np.isfinite(nearest), nearest, 0.0) ** 2
        self._eliminated = Eliminated(self.plan, theta)
        self._theta = theta
        self._pull = np.zeros_like(self.x)
        right = np.concatenate([self._rows, self._received])
        self._moved = self._eliminated.forward(right)
        totals = self._totals()
        return Answer(self._eliminated.slope, self._moved[self.plan.rows :].sum(axis=1), totals)

    def settle(self, change: np.ndarray) -> Totals:
        """Makes that change, unless it would leave the ends, and tells the totals of the point."""
        solution = self._eliminated.backward(self._moved, change)
        tilted = self._across @ solution[: self.plan.rows]
        moved = self.x + self._theta * (tilted - (self._trade_across @ change)[:, None])
        inside = (moved >= self.form.low) & (moved <= self.form.high)
        if inside.all():
            self.x = moved
        self._measure()
        return self._totals()

    # --- inside ---
    def _measure(self) -> None:
        """Distances from the ends, and what of the rows is missing."""
        self._rows = self.form.right - self.form.matrix @ self.x
        self._received = self.form.trade @ self.x
        self._distances = [side.distance(self.x) for side in self._sides]

    def _eliminate(self) -> np.ndarray:
        """Eliminates the right side of a step with these aims; what is left at the border."""
        pull = -self._duals
        for side, distance, aim in zip(self._sides, self._distances, self._aims, strict=True):
            pull += side.sign * aim / distance
        self._pull = self._theta * pull
        rows = self._rows - self.form.matrix @ self._pull
        received = self._received + self.form.trade @ self._pull
        self._moved = self._eliminated.forward(np.concatenate([rows, received]))
        return self._moved[self.plan.rows :].sum(axis=1)

    def _lengths(self) -> Lengths:
        """The largest steps that keep distances and multipliers above zero."""
        primal = dual = 0.0
        growth = np.zeros(4)
        for side, distance, dz in zip(self._sides, self._distances, self._dz, strict=True):
            kept = np.where(side.there, distance, 0.0)
            moved = np.where(side.there, side.sign * self._dx, 0.0)
            z = side.multiplier
            primal = max(primal, float((-moved / distance).max(initial=0.0)))
            dual = max(dual, float((-dz / np.where(z > 0, z, np.inf)).max(initial=0.0)))
            growth += [sum_of_products(one, other) for one in (kept, moved) for other in (z, dz)]
        a, c, b, d = growth
        return Lengths(length(primal), length(dual), np.array([a, b, c, d]))

    def _totals(self) -> Totals:
        form = self.form
        costs = form.batch.costs(self.x[: form.columns])
        products = 0.0
        pairs = 0
        for side, distance in zip(self._sides, self._distances, strict=True):
            products += sum_of_products(side.multiplier, distance)
            pairs += int(side.there.sum())
        missed = np.abs(self._rows)
        return Totals(
            cost=float(costs.sum()),
            money=float(np.abs(costs).sum()),
            lower=self._lower(),
            dearest=self._dearest,
            products=products,
            pairs=pairs,
            net=self._received.sum(axis=1),
            missed=sum_of_products(missed, np.abs(self.y)),
            rows=float((missed.max(axis=0, initial=0.0) / self._size).max(initial=0.0)),
            curved=int(form.curvature.any()),
            vpps=form.batch.count,
        )

    @cached_property
    def _dearest(self) -> float:
        form = self.form
        ends = [end * (form.cost + 0.5 * form.curvature * end) for end in form.reach]
        return float(np.maximum(*ends).sum() + form.batch.constant.sum())

    def _lower(self) -> float:
        """The group's part of the dual objective in the box of its columns' ends, yuan."""
        form = self.form
        low, high = form.reach
        slope = self._reduced - form.curvature * self._at
        best = np.where(slope > 0, low, high)
        if form.curvature.any():
            curved = form.curvature > 0
            inner = np.divide(-slope, form.curvature, out=np.zeros_like(slope), where=curved)
            best = np.where(curved, np.clip(inner, low, high), best)
        value = (slope + 0.5 * form.curvature * best) * best
        of_rows = sum_of_products(form.right, self.y)
        return float(value.sum() + of_rows + form.batch.constant.sum())


def check_ends(form: Standard) -> None:
    """Raises WrongInput, naming the VPP, where nothing limits a flow: no bound is proven."""
    endless = ~(np.isfinite(form.reach.low) & np.isfinite(form.reach.high))
    if endless.any():
        name = form.batch.names[int(np.flatnonzero(endless.any(axis=0))[0])]
        raise WrongInput(
            f"{name}: found a flow that nothing limits; allowed in a fleet: limits, as "
            "sell_max of a grid and limit of the tie"
        )


def sum_of_products(one: np.ndarray, other: np.ndarray) -> float:
    """The sum of the products of two arrays of one shape, by this thread alone.

    A dot product of NumPy wakes the threads of its library for arrays of this size, and they use
    more time than they save.
    """
    return float(np.einsum("ij,ij->", one, other))


def sizes_of(form: Standard) -> np.ndarray:
    """How large each VPP's flows are, from its right sides and the ends it has `(1, VPPs)`.

    The geometric mean, so that a limit which is far away does not count for more than it should.
    """
    numbers = np.concatenate([np.abs(form.right), np.abs(form.low), np.abs(form.high)])
    known = np.isfinite(numbers) & (numbers > 0)
    logarithms = np.log(np.where(known, numbers, 1.0)).sum(axis=0)
    return np.exp(logarithms / np.maximum(known.sum(axis=0), 1))[None, :]


def length(most: float) -> float:
    """The step that goes NEAR of the way to the nearest end, 1 at most; 1 / `most` reaches it."""
    return 1.0 if most <= NEAR else NEAR / most
