"""Who gets how much of the saving, and at which hourly prices: Nash bargaining (paper A's problem P2).

yuan, yuan/kWh, kW; a payment is positive when the VPP pays; trades as in coalition.py (positive: received).

With money that can be handed over freely the bargaining problem, max sum_i w_i log(gain_i) over gains that add up to the
saving S, has the closed form gain_i = w_i S. Prices must only make the payments come out. For a pair (i, j) that trades
p_t at prices mid_t + theta sign(p_t) half_t (mid and half: middle and half width of the grid's price band) the payment
from i to j is

    sum_t p_t mid_t + theta sum_t |p_t| half_t,

so one number theta per pair, at most 1 in size, says everything, and every payment that prices inside the band can make
is made by one of them. The rule "nearest to the mid-market price" makes sum K theta^2 least (K = sum |p| half).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import combinations

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.bargaining.settings import Settings
from vppcore.bargaining.weights import NO_TRADE, bargaining_weights
from vppcore.case import Case
from vppcore.components import Grid
from vppcore.cooperation.result import CoalitionResult
from vppcore.errors import NotSolved, WrongInput
from vppcore.schedule import DispatchResult
from vppcore.solvers import solve


@dataclass(frozen=True, eq=False)
class BargainResult:
    """The split of the saving; numbers only.

    table: a row per VPP: cost alone, cost with trades, payment, cost after, gain (yuan), weight. prices: yuan/kWh, a
    column per pair, nan where nothing is traded. position: theta per pair, from -1 to 1 inside the band.
    bound: True if the price band keeps the VPPs from the split their weights ask for. note: what happened, one sentence.
    history: residuals of the ADMM, a row per iteration.
    """

    method: str
    table: pd.DataFrame
    prices: pd.DataFrame
    position: pd.Series
    bound: bool
    note: str
    seconds: float
    history: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def gains(self) -> pd.Series:
        """Each VPP's gain, yuan."""
        return self.table["gain"]


def price_band(case: Case) -> pd.DataFrame:
    """The grid's feed-in and purchase price by step, yuan/kWh: columns low, high, mid, half.

    Raises WrongInput if the VPPs see different grids or one has none (the band of a pair would not be defined).
    """
    grids = [[c for c in vpp.components if isinstance(c, Grid)] for vpp in case.vpps]
    if not all(grids):
        raise WrongInput(
            f"case {case.name}: bargaining needs a grid in every VPP, its prices are the band"
        )
    low, high = grids[0][0].sell_price, grids[0][0].buy_price
    if not all(
        np.array_equal(g.sell_price, low) and np.array_equal(g.buy_price, high)
        for own in grids
        for g in own
    ):
        raise WrongInput(
            f"case {case.name}: the VPPs have grids at different prices; allowed: one tariff, it is the band"
        )
    band = pd.DataFrame({"low": low, "high": high}, pd.RangeIndex(1, len(low) + 1, name="step"))
    return band.assign(mid=(band["low"] + band["high"]) / 2, half=(band["high"] - band["low"]) / 2)


@dataclass(frozen=True, eq=False)
class Deal:
    """A bargaining problem in numbers. base[i]: VPP i's gain at mid-market prices. trade, at_mid, room by pair (i, j):
    kW by step, payment from i to j at mid-market prices, and K, by how much prices in the band can move it (yuan)."""

    names: list[str]
    alone: pd.Series
    apart: pd.Series
    weights: pd.Series
    trade: dict[tuple[str, str], np.ndarray]
    at_mid: np.ndarray
    room: np.ndarray
    band: pd.DataFrame
    step_hours: float

    @property
    def saving(self) -> float:
        """What the coalition saves, yuan."""
        return float(self.alone.sum() - self.apart.sum())

    @property
    def incidence(self) -> np.ndarray:
        """(VPPs, pairs): +1 where the VPP is first in the pair (it pays), -1 where second."""
        return np.array(
            [[(name == i) - (name == j) for i, j in self.trade] for name in self.names], float
        )

    def gains(self, position: np.ndarray) -> np.ndarray:
        """Gains in yuan at the prices that `position` (theta by pair) stands for."""
        payments = self.incidence @ (self.at_mid + self.room * position)
        return (self.alone - self.apart).to_numpy() - payments


def make_deal(
    case: Case, alone: dict[str, DispatchResult], coalition: CoalitionResult, weights: pd.Series
) -> Deal:
    """The numbers of the bargaining problem from what the VPPs cost alone and together."""
    band, step = price_band(case), case.vpps[0].step_hours
    trade = {(i, j): coalition.trades[i, j].to_numpy() for i, j in combinations(case.names, 2)}
    trade = {pair: np.where(np.abs(p) < NO_TRADE, 0.0, p) for pair, p in trade.items()}
    mid, half = band["mid"].to_numpy(), band["half"].to_numpy()
    return Deal(
        case.names,
        pd.Series({n: alone[n].cost for n in case.names}),
        coalition.costs[case.names],
        weights[case.names],
        trade,
        np.array([step * p @ mid for p in trade.values()]),
        np.array([step * np.abs(p) @ half for p in trade.values()]),
        band,
        step,
    )


def bargain(
    case: Case,
    alone: dict[str, DispatchResult],
    coalition: CoalitionResult,
    weights: str = "contribution",
    method: str = "closed form",
    penalty: float | None = None,
    tolerance: float = 1e-4,
    max_iterations: int = 500,
) -> BargainResult:
    """Splits the coalition's saving by Nash bargaining and finds hourly prices inside the grid's price band.

    method: "closed form" (gain_i = w_i S and one linear system for the prices; if the band does not allow that, the
    bounded problem is solved instead and the result says so), "conic" (the logarithms, hour by hour, by an interior
    point solver) or "admm" (VPPs exchange expected prices, the paper's way; penalty in yuan per
    (yuan/kWh)^2, by default what the band can move over its squared width).
    Raises WrongInput for an unknown argument, NotSolved if no prices in the band leave everyone better off.
    """
    Settings(weights, method, penalty, tolerance, max_iterations)  # refuses what is not allowed
    power = bargaining_weights(coalition.trades, weights, case.vpps[0].step_hours)
    deal = make_deal(case, alone, coalition, power)
    if deal.saving <= 0:
        raise NotSolved(f"P2: cooperation saves {deal.saving:.2f} yuan; there is nothing to share")
    started, history = time.perf_counter(), pd.DataFrame()
    position = closed_form_position(deal)
    if (
        np.abs(position).max(initial=0) > 1 + 1e-9
    ):  # not by the nearest prices; perhaps by others, perhaps not at all
        position = bounded_position(deal)
    missed = np.abs(deal.gains(position) - deal.weights.to_numpy() * deal.saving).max()
    bound = bool(missed > 1e-4 * deal.saving)
    if method == "closed form":
        prices = prices_at(deal, position)
    elif method == "conic":
        prices = conic_prices(deal)
    else:
        prices, history = admm_prices(deal, penalty, tolerance, max_iterations)
    seconds = time.perf_counter() - started
    note = (
        "the price band binds: the gains are those of the bounded problem, not the weights' shares"
        if bound
        else "the price band leaves room: every VPP gains its weight's share of the saving"
    )
    return settle(deal, prices, method, bound, note, seconds, history)


def settle(
    deal: Deal,
    prices: dict[tuple[str, str], np.ndarray],
    method: str,
    bound: bool,
    note: str,
    seconds: float,
    history: pd.DataFrame,
) -> BargainResult:
    """The result as the prices make it: every payment is recomputed from price times trade."""
    paid = np.array([deal.step_hours * deal.trade[pair] @ prices[pair] for pair in deal.trade])
    payment = pd.Series(deal.incidence @ paid, deal.names)
    table = pd.DataFrame({"alone": deal.alone, "with trades": deal.apart, "payment": payment})
    table["after"] = table["with trades"] + table["payment"]
    table["gain"] = table["alone"] - table["after"]
    table["gain (%)"] = 100 * table["gain"] / table["alone"].abs()
    table["weight"] = deal.weights
    with np.errstate(invalid="ignore", divide="ignore"):
        position = (paid - deal.at_mid) / deal.room
    shown = {pair: np.where(deal.trade[pair] == 0, np.nan, prices[pair]) for pair in deal.trade}
    frame = pd.DataFrame(shown, deal.band.index)
    frame.columns = pd.MultiIndex.from_tuples(list(shown), names=["vpp", "partner"])
    return BargainResult(
        method, table, frame, pd.Series(position, frame.columns), bound, note, seconds, history
    )


def prices_at(deal: Deal, position: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """Hourly prices mid + theta sign(p) half, yuan/kWh by pair."""
    mid, half = deal.band["mid"].to_numpy(), deal.band["half"].to_numpy()
    return {
        pair: mid + theta * np.sign(trade) * half
        for (pair, trade), theta in zip(deal.trade.items(), position, strict=True)
    }


def closed_form_position(deal: Deal) -> np.ndarray:
    """theta by pair for gain_i = w_i S, with sum K theta^2 least; may lie outside [-1, 1].

    The least-squares theta of pair (i, j) is a difference of two potentials: one small Laplacian system.
    Raises NotSolved if the pairs that trade do not connect the VPPs who must pay with those who must receive.
    """
    target = deal.gains(np.zeros(len(deal.trade))) - deal.weights.to_numpy() * deal.saving
    laplacian = deal.incidence * deal.room @ deal.incidence.T
    potential = np.linalg.pinv(laplacian, hermitian=True) @ target
    if np.abs(laplacian @ potential - target).max() > 1e-6 * max(1.0, deal.saving):
        raise NotSolved(
            "P2: some VPPs do not trade with the others, so no price can move money between them"
        )
    return np.where(deal.room > 0, deal.incidence.T @ potential, 0.0)


def bounded_position(deal: Deal) -> np.ndarray:
    """theta by pair of max sum w_i log(gain_i) with |theta| <= 1; of all solutions the one nearest to mid-market."""
    theta = cp.Variable(len(deal.trade), bounds=[-1, 1])
    base = deal.gains(np.zeros(len(deal.trade))) / deal.saving
    gains = base - deal.incidence * deal.room / deal.saving @ theta
    best_gains(deal, gains, [])
    reached = gains.value
    offset = cp.sum_squares(base - deal.incidence * deal.room / deal.saving @ theta - reached)
    nearest = cp.sum(cp.multiply(deal.room / deal.saving, cp.square(theta)))
    solve(cp.Problem(cp.Minimize(nearest + 1e6 * offset)), "clarabel", "P2, nearest prices")
    return np.clip(theta.value, -1, 1)


def best_gains(deal: Deal, gains: cp.Expression, constraints: list) -> None:
    """Maximises sum w_i log(gain_i), gains in units of the saving. Raises NotSolved if someone must lose."""
    objective = cp.Maximize(deal.weights.to_numpy() @ cp.log(gains))
    try:
        solve(cp.Problem(objective, constraints), "clarabel", "P2")
    except NotSolved as refused:
        raise NotSolved(
            "P2: no prices inside the grid's price band leave every VPP better off than alone"
        ) from refused


def conic_prices(deal: Deal) -> dict[tuple[str, str], np.ndarray]:
    """The bargaining problem as it stands in the paper, one price per pair and hour, bounded by the band (conic)."""
    low, high = deal.band["low"].to_numpy(), deal.band["high"].to_numpy()
    price = cp.Variable((len(low), len(deal.trade)))
    paid = cp.hstack(
        [deal.step_hours * trade @ price[:, k] for k, trade in enumerate(deal.trade.values())]
    )
    gains = ((deal.alone - deal.apart).to_numpy() - deal.incidence @ paid) / deal.saving
    best_gains(deal, gains, [price >= low[:, None], price <= high[:, None]])
    return {pair: np.clip(price.value[:, k], low, high) for k, pair in enumerate(deal.trade)}


def admm_prices(
    deal: Deal, penalty: float | None, tolerance: float, max_iterations: int
) -> tuple[dict[tuple[str, str], np.ndarray], pd.DataFrame]:
    """ADMM on expected prices: VPP i solves min -w_i S log(gain_i) + sum_j [m x + penalty/2 |x - z|^2] over its prices x
    in the band; z is the mean of both expectations. Only expected prices and multipliers are exchanged.

    Raises NotSolved if the expectations still differ after `max_iterations`.
    """
    pairs, low, high = list(deal.trade), deal.band["low"].to_numpy(), deal.band["high"].to_numpy()
    meant = {pair: deal.band["mid"].to_numpy().copy() for pair in pairs}
    multiplier = {(pair, side): np.zeros(len(low)) for pair in pairs for side in pair}
    start = (deal.alone - deal.apart).to_numpy()
    penalty = penalty or float(deal.room.sum() / (deal.band["half"] @ deal.band["half"]))
    rows = []
    for iteration in range(1, int(max_iterations) + 1):
        expected = {}
        for k, name in enumerate(deal.names):
            own = [pair for pair in pairs if name in pair]
            trade = [
                deal.step_hours * deal.trade[pair] * (1 if pair[0] == name else -1) for pair in own
            ]
            wish = [meant[pair] - multiplier[pair, name] / penalty for pair in own]
            answer = expected_prices(
                start[k],
                deal.weights.iloc[k] * deal.saving,
                np.concatenate(trade),
                np.concatenate(wish),
                np.tile(low, len(own)),
                np.tile(high, len(own)),
                penalty,
            )
            expected |= {
                (pair, name): x for pair, x in zip(own, np.split(answer, len(own)), strict=True)
            }
        before = {pair: meant[pair].copy() for pair in pairs}
        for pair in pairs:
            meant[pair] = (expected[pair, pair[0]] + expected[pair, pair[1]]) / 2
            for side in pair:
                multiplier[pair, side] = multiplier[pair, side] + penalty * (
                    expected[pair, side] - meant[pair]
                )
        apart = max(
            float(np.abs(expected[pair, pair[0]] - expected[pair, pair[1]]).max()) for pair in pairs
        )
        moved = max(float(np.abs(meant[pair] - before[pair]).max()) for pair in pairs)
        rows.append(
            {
                "iteration": iteration,
                "largest disagreement (yuan/kWh)": apart,
                "largest move (yuan/kWh)": moved,
            }
        )
        if max(apart, moved) <= tolerance:
            return meant, pd.DataFrame(rows).set_index("iteration")
    raise NotSolved(
        f"P2: prices still differ by {apart:.2g} yuan/kWh after {max_iterations} iterations (allowed: {tolerance:g})"
    )


def expected_prices(
    start: float,
    weight: float,
    trade: np.ndarray,
    wish: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    penalty: float,
) -> np.ndarray:
    """One VPP's step: its prices solve x = clip(wish - weight/(penalty gain) trade), gain = start - trade.x.

    One unknown, the gain: the right-hand side falls as the gain grows, so bisection finds it.
    """

    def prices(gain: float) -> np.ndarray:
        return np.clip(wish - weight / (penalty * gain) * trade, low, high)

    if not trade.any():  # nothing to pay or earn: any price will do
        return np.clip(wish, low, high)
    smallest, largest = 1e-9, start - np.minimum(trade * low, trade * high).sum()
    if largest <= 0:
        raise NotSolved(
            "P2: no prices inside the grid's price band leave every VPP better off than alone"
        )
    for _ in range(60):
        gain = (smallest + largest) / 2
        smallest, largest = (
            (gain, largest) if start - trade @ prices(gain) > gain else (smallest, gain)
        )
    return prices((smallest + largest) / 2)
