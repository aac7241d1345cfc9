"""What proves a negotiated schedule: its true cost, and a bound below which no schedule can lie.

yuan; trades in kW; multipliers in yuan/kWh; arrays are (steps,).

Upper bound: every VPP carries out the agreed trades as cheaply as it can; what they pay is one
schedule of the cluster. Lower bound: every VPP says what it would cost it at least if it could
trade what it likes at the multipliers' prices. Both count stores exactly: where a relaxed schedule
charges and discharges at once, binaries exclude it. The lower bound needs no convexity, so with
binaries it is a valid bound as well, and a higher one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cvxpy as cp
import numpy as np
from scipy.optimize import nnls

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.cooperation.talks import ByPair, Pair
from vppcore.errors import NotSolved
from vppcore.exclusive import overlaps, solve_exclusively
from vppcore.grid.placement import OPERATOR
from vppcore.mixed import GAP
from vppcore.schedule import DispatchResult, read
from vppcore.solvers import OPTIONS, value_of
from vppcore.vpp import VPP, Model, build, total, withdrawal

# with binaries the last digits of an optimum are not proven: this share of the money
MIXED_INTEGER_GAP = max(OPTIONS["highs"]["mip_rel_gap"], GAP)
# how far between the best bound and the upper bound the next one is sought
LEVEL = 0.5
# a share of the largest number below which a solver's answer is rounding
ROUNDING = 1e-9


# --- upper bound ----------------------------------------------------------------------------------
def carry_out(
    case: Case,
    trades: ByPair,
    solver: str = "auto",
    granted: Mapping[str, np.ndarray] | None = None,
) -> dict[str, DispatchResult]:
    """Each VPP's cheapest schedule with the agreed trades: one problem each, stores exact.

    trades: pair -> kW `(steps,)`, positive where the first receives; kept exactly.
    granted: VPP -> the net withdrawal that the operator has granted it, kW `(steps,)`; kept as
    closely as its trades allow.
    Raises NotSolved (infeasible) if a VPP cannot carry out its trades.
    """
    both = trades | {(j, i): -trade for (i, j), trade in trades.items()}
    dispatches = {}
    for vpp in case.connected():
        own = {partner: kw for (name, partner), kw in both.items() if name == vpp.name}
        taken = None if granted is None else granted.get(vpp.name)
        dispatches[vpp.name] = schedule_with(vpp, own, solver, taken)
    return dispatches


def schedule_with(
    vpp: VPP, trades: Mapping[str, np.ndarray], solver: str, granted: np.ndarray | None = None
) -> DispatchResult:
    """One VPP's cheapest schedule with the agreed trades, stores exact.

    vpp: with its tie. trades: partner -> kW `(steps,)`, positive where the VPP receives.
    granted: its net withdrawal as the operator has granted it, kW `(steps,)`.
    Raises NotSolved (infeasible) if it cannot carry them out.
    """
    model = build(vpp)
    rows = [flow == trades[partner] for partner, flow in model.trades().items()]
    rows += model.constraints
    if granted is not None:
        rows.append(as_granted(model, rows, granted, solver))
    name = f"{vpp.name} with the agreed trades"
    solved = solve_exclusively([model], model.cost, rows, solver, "auto", name)
    return read(model, solved)


def as_granted(model: Model, rows: list, granted: np.ndarray, solver: str) -> cp.Constraint:
    """A row that keeps a VPP's net withdrawal as near to the granted one as its other rows allow.

    The nearest is found first: what the talks left open between trades and withdrawals decides how
    near that is.
    """
    distance = cp.Variable()
    missed = cp.abs(withdrawal(model) - granted)
    name = f"{model.vpp.name}'s distance from what the operator granted"
    solve_exclusively([model], distance, [*rows, missed <= distance], solver, "auto", name)
    slack = ROUNDING * float(np.abs(granted).max(initial=0.0))
    return missed <= float(value_of(distance)) + slack


# --- lower bound ----------------------------------------------------------------------------------
def lower_bound(case: Case, multipliers: ByPair, solver: str = "auto") -> float:
    """What the cluster costs at least, yuan: the VPPs' answers to the multipliers, added up.

    multipliers: pair -> yuan/kWh `(steps,)`; with the operator too, where it took part.
    """
    return lagrangian_of(case, list(multipliers), solver).at(multipliers).value


@dataclass(frozen=True, eq=False)
class Bound:
    """The Lagrangian bound at some multipliers.

    value: no schedule of the VPPs can cost less, yuan; minus infinity where somebody could earn
    without end at these multipliers.
    disagreement: pair -> p_ij + p_ji of the VPPs' answers, kW `(steps,)`; by how much a higher
    multiplier would raise the bound.
    exact: False if a store had to be relaxed, so that the bound may be lower than it needs to be.
    binaries: True if a store needed binaries.
    """

    value: float
    disagreement: ByPair
    exact: bool
    binaries: bool


class AnswersPrices(Protocol):
    """One VPP as the bound sees it: it may trade what it likes at given prices.

    exact, binaries: of the last answer, as in `Bound`.
    """

    exact: bool
    binaries: bool

    def least_cost(self, multipliers: ByPair) -> float:
        """What it costs then, or less, yuan."""

    def traded(self) -> ByPair:
        """What it trades then with each partner, kW; a pair may be named either way round."""


class Lagrangian:
    """The VPPs at the prices of a Lagrangian, each stated once and asked for many multipliers.

    vpps: who answers. pairs: whose multipliers there are. step_hours: length of a step.
    """

    def __init__(self, vpps: Sequence[AnswersPrices], pairs: list[Pair], step_hours: float):
        self.pairs = pairs
        self._vpps = vpps
        self._hours = step_hours

    def at(self, multipliers: ByPair, directions: bool = True) -> Bound:
        """The bound at these multipliers, yuan/kWh.

        directions: False does not ask for the trades behind it; they are zero then.
        """
        value = 0.0
        nothing = {pair: np.zeros(len(multipliers[pair])) for pair in self.pairs}
        for vpp in self._vpps:
            value += vpp.least_cost(multipliers)
            if not np.isfinite(value):
                return Bound(-np.inf, nothing, exact=True, binaries=False)
        return Bound(
            value,
            self.disagreement() if directions else nothing,
            exact=all(vpp.exact for vpp in self._vpps),
            binaries=any(vpp.binaries for vpp in self._vpps),
        )

    def disagreement(self) -> ByPair:
        """pair -> p_ij + p_ji of the last answers, kW `(steps,)`."""
        sums: ByPair = {}
        for vpp in self._vpps:
            for pair, flow in vpp.traded().items():
                named = pair if pair in self.pairs else pair[::-1]
                sums[named] = sums[named] + flow if named in sums else flow
        return sums

    def sharpened(
        self, multipliers: ByPair, bound: Bound, upper: float, enough: float, rounds: int
    ) -> Bound:
        """The best of the bounds in the neighbourhood, found by the level method.

        Each answer also says in which direction the bound rises. The next multipliers are the
        nearest to the best ones at which all answers so far allow a bound half-way up to `upper`
        (Lemarechal, Nemirovskii and Nesterov 1995). Those with an operator stay as they are.
        Ends when `upper` less the bound is `enough` (yuan), or after so many rounds.
        """
        free = [pair for pair in self.pairs if OPERATOR not in pair]
        best = bound
        centre = stacked(multipliers, free)
        cuts = [self._cut(centre, bound, free)]
        most = upper
        for _ in range(rounds):
            if most - best.value <= enough:
                break
            level = best.value + LEVEL * (most - best.value)
            point = nearest_at_level(centre, cuts, level)
            if point is None:  # no multipliers reach this level
                most = level
                continue
            bound = self.at(multipliers | unstacked(point, free))
            cuts.append(self._cut(point, bound, free))
            if bound.value > best.value:
                best = bound
                centre = point
        return best

    def _cut(self, point: np.ndarray, bound: Bound, free: list[Pair]) -> Cut:
        """What an answer says of the bound at all multipliers."""
        return Cut(point, bound.value, self._hours * stacked(bound.disagreement, free))


def lagrangian_of(case: Case, pairs: list[Pair], solver: str = "auto") -> Lagrangian:
    """The bound of a case. solver: for the problems without binaries."""
    vpps = [AtPrices(vpp, pairs, solver) for vpp in case.connected()]
    return Lagrangian(vpps, pairs, case.vpps[0].step_hours)


class AtPrices:
    """One VPP that may trade what it likes at given prices; nothing but totals and trades leave it.

    flows: pair -> what it trades with the partner (its net withdrawal with the operator), kW, in
    the pair's own sign. exact, binaries: of the last answer, as in `Bound`.
    """

    def __init__(self, vpp: VPP, pairs: list[Pair], solver: str):
        self.model = build(vpp)
        self.exact = True
        self.binaries = False
        self.flows: dict[Pair, cp.Expression] = {}
        for partner, flow in told_flows(self.model).items():
            pair = (vpp.name, partner) if (vpp.name, partner) in pairs else (partner, vpp.name)
            if pair in pairs:
                self.flows[pair] = flow
        self._prices = {pair: cp.Parameter(vpp.steps) for pair in self.flows}
        self._solver = solver
        self._hours = vpp.step_hours
        self._name = f"{vpp.name}'s bound"

    @cached_property
    def _cost(self) -> cp.Expression:
        paid = [self._prices[pair] @ flow for pair, flow in self.flows.items()]
        return self.model.cost + self._hours * total(paid)

    @cached_property
    def _relaxed(self) -> Compiled:
        return Compiled(self._cost, self.model.constraints, self._name)

    def least_cost(self, multipliers: ByPair) -> float:
        """min C_i + hours * sum_j m_ij p_ij, yuan, or less: what is proven of it."""
        for pair, prices in self._prices.items():
            prices.value = multipliers[pair]
        self.exact = True
        self.binaries = False
        pairs = self.model.pairs()
        relaxed = -np.inf
        if not any(pair.limits.required for pair in pairs):
            try:
                answer = self._relaxed.solve(self._solver)
            except NotSolved as refused:
                if refused.status != "unbounded":
                    raise
            else:
                answer.fill()
                relaxed = answer.value
            if not pairs or (np.isfinite(relaxed) and not overlaps(pairs)):
                return relaxed
        return self._without_overlaps(relaxed)

    def traded(self) -> ByPair:
        """The trades of the last answer, kW."""
        return {pair: value_of(flow) for pair, flow in self.flows.items()}

    def _without_overlaps(self, relaxed: float) -> float:
        """The same with stores exact; the relaxed bound where binaries give no answer."""
        try:
            solved = solve_exclusively(
                [self.model], self._cost, self.model.constraints, "auto", "auto", self._name
            )
        except NotSolved:
            self.exact = False
            return relaxed
        self.binaries = "mixed-integer" in solved.kind
        return solved.value - MIXED_INTEGER_GAP * self._turnover()

    def _turnover(self) -> float:
        """The money that changes hands in the answer, yuan: all items without their signs."""
        items = [term for part in self.model.parts.values() for term in part.cost.values()]
        paid = [cp.multiply(self._prices[pair], flow) for pair, flow in self.flows.items()]
        traded = sum(float(np.abs(value_of(product)).sum()) for product in paid)
        return sum(abs(float(value_of(term))) for term in items) + self._hours * traded


def told_flows(model: Model) -> dict[str, cp.Expression]:
    """What a VPP tells each partner, kW `(steps,)`: its trade, to the operator its withdrawal."""
    return model.trades() | {OPERATOR: withdrawal(model)}


# --- the level method -----------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Cut:
    """One answer: at any multipliers x the bound is at most value + slope @ (x - point)."""

    point: np.ndarray
    value: float
    slope: np.ndarray


def nearest_at_level(centre: np.ndarray, cuts: list[Cut], level: float) -> np.ndarray | None:
    """The multipliers nearest to the centre at which every cut allows the level; None for none.

    A least-distance problem with one row for each cut, which least squares with non-negative
    variables solve (Lawson and Hanson 1974).

    >>> cut = Cut(point=np.array([0.0, 0.0]), value=1.0, slope=np.array([2.0, 0.0]))
    >>> nearest_at_level(np.array([0.0, 5.0]), [cut], level=3.0).round(6)
    array([1., 5.])
    """
    slopes = np.array([cut.slope for cut in cuts])
    reached = np.array([cut.value + cut.slope @ (centre - cut.point) for cut in cuts])
    missing = level - reached  # slopes @ step >= missing
    scale = np.abs(slopes).max() or 1.0
    unit = np.abs(missing).max() / scale or 1.0
    matrix = np.vstack([slopes.T / scale, missing / (scale * unit)])
    target = np.zeros(len(centre) + 1)
    target[-1] = 1.0
    weights, _ = nnls(matrix, target)
    residual = matrix @ weights - target
    if -residual[-1] <= ROUNDING:
        return None
    return centre - unit * residual[:-1] / residual[-1]


def stacked(arrays: ByPair, pairs: list[Pair]) -> np.ndarray:
    """The arrays of all pairs one after the other."""
    return np.concatenate([arrays[pair] for pair in pairs])


def unstacked(vector: np.ndarray, pairs: list[Pair]) -> ByPair:
    """The reverse of `stacked`."""
    return dict(zip(pairs, np.split(vector, len(pairs)), strict=True))
