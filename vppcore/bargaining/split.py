"""Who gets how much of the saving, and at which hourly prices: Nash bargaining, paper A's P2.

yuan, yuan/kWh, kW; a payment is positive when the VPP pays; a trade is positive when received.
The parts: weights.py (bargaining power), band.py (limits of prices), deal.py (the problem in
numbers), prices.py (closed form), roads.py (two other roads to the same split).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from vppcore.bargaining.band import Bands, price_band
from vppcore.bargaining.deal import Agreed, Costed, Deal, deal_of, make_deal
from vppcore.bargaining.parties import (
    costs_told,
    gates_of,
    own_pairs,
    parties_of,
    passed_by,
    terms_told,
)
from vppcore.bargaining.prices import (
    SAME_GAIN,
    best_position,
    closed_form_position,
    prices_at,
)
from vppcore.bargaining.roads import Prices, admm_prices, conic_prices
from vppcore.bargaining.settings import Settings
from vppcore.case import Case
from vppcore.cooperation.boundary import Gate
from vppcore.errors import NotSolved

__all__ = [
    "BargainResult",
    "bargain",
    "closed_form_position",
    "make_deal",
    "price_band",
    "prices_at",
]

# a share of the saving: gains that two roads find further apart than this are no agreement
ROADS_DIFFER = 1e-2
# what two roads to the same split agree on, besides what their prices are off
ROAD_ACCURACY = 1e-4


@dataclass(frozen=True, eq=False)
class BargainResult:
    """The split of the saving; numbers only.

    method: the road that the prices come from.
    table: a row per VPP: cost alone, cost with trades, payment, cost after, gain (yuan), gain in
    per cent of the cost alone, weight (bargaining power; zero without trade).
    prices: yuan/kWh, a column (i, j) per pair, nan where nothing is traded.
    position: theta per pair, where in the band its prices lie: from -1 to 1, positive in favour of
    the pair's second VPP; nan for a pair that does not trade.
    bound: True if the price band keeps the VPPs from the split that their weights ask for.
    note: what happened, in words.
    seconds: of the search.
    history: residuals of the ADMM, a row per iteration; empty for other roads.
    difference: by how much the gains of this road differ from those of the closed form (in a band
    that binds: from the best that it allows), at most, yuan.
    bands: pair -> the band of its prices by step (`price_band`), yuan/kWh.
    crossings: what crossed the VPPs' boundaries, a row for each passage; as in CoalitionResult.
    remarks: sentences about the bands, such as where no price suits both sides; the note has them.
    """

    method: str
    table: pd.DataFrame
    prices: pd.DataFrame
    position: pd.Series
    bound: bool
    note: str
    seconds: float
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    difference: float = 0.0
    bands: Bands = field(default_factory=dict)
    crossings: pd.DataFrame = field(default_factory=pd.DataFrame)
    remarks: tuple[str, ...] = ()

    @property
    def gains(self) -> pd.Series:
        """Each VPP's gain, yuan."""
        return self.table["gain"]

    def is_band_of_all(self, band: pd.DataFrame) -> bool:
        """True if this is the price band of every pair, as where all VPPs have one tariff."""
        return all(own.equals(band) for own in self.bands.values())


@dataclass(frozen=True, eq=False)
class GroupSplit:
    """How one group of trading VPPs splits what it saves.

    prices: yuan/kWh `(steps,)` by pair. method: the road they come from.
    bound, difference, history: as in BargainResult. note: what needs to be said, or "".
    """

    prices: Prices
    method: str
    bound: bool = False
    difference: float = 0.0
    note: str = ""
    history: pd.DataFrame = field(default_factory=pd.DataFrame)


def bargain(
    case: Case,
    alone: Mapping[str, Costed],
    coalition: Agreed,
    weights: str = "contribution",
    method: str = "closed form",
    penalty: float | None = None,
    tolerance: float = 1e-4,
    max_iterations: int = 500,
) -> BargainResult:
    """Splits the coalition's saving by Nash bargaining and finds hourly prices in the grid's band.

    Where tariffs differ each pair has a band of its own: the seller gets no less than its own
    feed-in price, the buyer pays no more than its own purchase price (`bands_of`).

    alone: VPP -> its schedule without trade, as `dispatch` gives it.
    coalition: schedules with trade, of `cooperate`, `pool` or `robust_coalition`.
    weights: rule for the bargaining power, or a number for each VPP as a text, see
    `bargaining_weights`.
    method: "closed form" (gain_i = w_i S and one linear system for the prices; where the band does
    not allow that, the best that it allows, and the result says so), "conic" (the logarithms, hour
    by hour, by an interior-point solver) or "admm" (VPPs exchange expected prices, the paper's
    way). A road without an answer leaves the closed form's prices, and the note says so.
    penalty: of the ADMM, yuan per (yuan/kWh)^2; by default what prices in the band can move over
    its squared width. tolerance, max_iterations: of the ADMM, see `Settings`.

    Money moves along trades. Where the trades do not connect all VPPs each group shares what it
    saves itself, and a VPP without trade keeps its cost.
    Raises WrongInput for an unknown argument or schedules that are not exact, NotSolved if nothing
    is saved or no prices in the band leave everyone better off (infeasible).

    >>> from vppcore import alone, load_case, pool
    >>> case = load_case("template")
    >>> split = bargain(case, alone(case), pool(case))
    >>> split.gains.round(2).to_dict()
    {'Home': 18.59, 'Shop': 6.84}
    >>> float(split.table["payment"].sum().round(6))
    0.0
    """
    how = Settings(weights, method, penalty, tolerance, max_iterations)
    parties = parties_of(case, alone, coalition)
    gates = gates_of(parties)
    terms = terms_told(gates)
    apart, together = costs_told(coalition, gates)
    deal = deal_of(case.names, case.vpps[0].step_hours, terms, apart, together, how.weights)
    if deal.saving <= 0:
        raise NotSolved("P2: cooperation saves nothing, so there is nothing to share")
    started = time.perf_counter()
    groups = deal.groups()
    if not groups:
        raise NotSolved("P2: no VPP trades with another, so there is nothing to share")
    splits = [split_of(group, how, gates) for group in groups]
    split = put_together(deal, groups, splits, time.perf_counter() - started)
    tell_prices(split, gates)
    return replace(split, crossings=passed_by(parties))


def tell_prices(split: BargainResult, gates: Mapping[str, Gate]) -> None:
    """Each VPP hears the prices of its own pairs."""
    for name, gate in gates.items():
        pairs = own_pairs(list(split.prices), name)
        agreed = np.nan_to_num(split.prices[pairs].to_numpy().T)
        gate.ask("hear prices", {"agreed prices": agreed})


def split_of(group: Deal, how: Settings, gates: Mapping[str, Gate]) -> GroupSplit:
    """The prices of one group by the road that was asked for, checked against the closed form."""
    if group.saving <= 0:
        return GroupSplit(
            prices_at(group, np.zeros(len(group.pairs))),
            "closed form",
            note=f"{' and '.join(group.names)} save nothing by trading (their gains add up to "
            f"{group.saving:.4g} yuan) and trade at mid-market prices",
        )
    position = best_position(group)
    best = group.gains(position)
    bound = bool(np.abs(best - group.shares).max() > SAME_GAIN * group.saving)
    closed = GroupSplit(prices_at(group, position), "closed form", bound)
    if how.method == "closed form":
        return closed
    try:
        prices, history = other_road(group, how, gates)
    except NotSolved as silent:
        return without_answer(closed, how, str(silent))
    difference = float(np.abs(gains_at(group, prices) - best).max())
    if difference > ROADS_DIFFER * group.saving:
        return without_answer(closed, how, f"its gains are {difference:,.4g} yuan off")
    note = how_far_off(group, how, difference)
    return GroupSplit(prices, how.method, bound, difference, note, history)


def how_far_off(group: Deal, how: Settings, difference: float) -> str:
    """Says so where a road's gains are further from the closed form's than its tolerance allows."""
    price_tolerance = how.tolerance if how.method == "admm" else 0.0
    energy = group.step_hours * sum(float(np.abs(kw).sum()) for kw in group.trade.values())
    allowed = roads_may_differ(group.saving, price_tolerance, energy)
    if difference <= allowed:
        return ""
    return (
        f"the gains by the road {how.method!r} are up to {difference:,.4g} yuan off the closed "
        f"form's, more than the {allowed:,.4g} yuan that its tolerance allows"
    )


def roads_may_differ(saving: float, price_tolerance: float, energy: float) -> float:
    """By how much a VPP's gains by two roads to the same split may differ, yuan.

    saving: of all together, yuan. price_tolerance: to which both sides of a pair agree on a price,
    yuan/kWh. energy: that is traded, kWh; each kWh may be paid so much more, or less.
    """
    return ROAD_ACCURACY * saving + 2 * price_tolerance * energy


def other_road(
    group: Deal, how: Settings, gates: Mapping[str, Gate]
) -> tuple[Prices, pd.DataFrame]:
    """Prices by the conic problem or by ADMM. Raises NotSolved if there is no answer."""
    if how.method == "conic":
        return conic_prices(group), pd.DataFrame()
    return admm_prices(group, how, gates)


def without_answer(closed: GroupSplit, how: Settings, reason: str) -> GroupSplit:
    """The closed form's prices in place of a road that gave no answer; the note says so."""
    note = f"the road {how.method!r} gave no answer ({reason}): the prices are the closed form's"
    return GroupSplit(closed.prices, closed.method, closed.bound, note=note)


def payments(deal: Deal, prices: Prices) -> np.ndarray:
    """What i pays to j in each pair, price times trade, yuan `(pairs,)`."""
    return np.array([deal.step_hours * deal.trade[pair] @ prices[pair] for pair in deal.pairs])


def gains_at(deal: Deal, prices: Prices) -> np.ndarray:
    """What each VPP gains at these prices, yuan `(VPPs,)`."""
    before_payment = (deal.alone - deal.with_trades).to_numpy(float)
    return before_payment - deal.incidence @ payments(deal, prices)


def put_together(
    deal: Deal, groups: list[Deal], splits: list[GroupSplit], seconds: float
) -> BargainResult:
    """The result as the prices make it: every payment is recomputed from price times trade."""
    prices = prices_at(deal, np.zeros(len(deal.pairs)))
    for split in splits:
        prices |= split.prices
    paid = payments(deal, prices)
    traded_hours = {
        pair: np.where(deal.trade[pair] == 0, np.nan, prices[pair]) for pair in deal.pairs
    }
    bands = {pair: deal.band_of(pair) for pair in deal.pairs}
    frame = pd.DataFrame(traded_hours, bands[deal.pairs[0]].index)
    frame.columns = pd.MultiIndex.from_tuples(deal.pairs, names=["vpp", "partner"])
    histories = [split.history for split in splits if not split.history.empty]
    return BargainResult(
        method=splits[0].method,
        table=money_table(deal, deal.incidence @ paid),
        prices=frame,
        position=pd.Series(position_of(deal, paid), frame.columns),
        bound=any(split.bound for split in splits),
        note=in_words(deal, groups, splits),
        seconds=seconds,
        history=pd.concat(histories).groupby(level=0).max() if histories else pd.DataFrame(),
        difference=max(split.difference for split in splits),
        bands=bands,
        remarks=deal.remarks,
    )


def money_table(deal: Deal, payment: np.ndarray) -> pd.DataFrame:
    """A row per VPP: alone, with trades, payment, after, gain (yuan), gain (%), weight."""
    table = pd.DataFrame({"alone": deal.alone, "with trades": deal.with_trades})
    table["payment"] = payment
    table["after"] = table["with trades"] + table["payment"]
    table["gain"] = table["alone"] - table["after"]
    with np.errstate(invalid="ignore", divide="ignore"):
        table["gain (%)"] = 100 * table["gain"] / table["alone"].abs()
    table["weight"] = deal.weights
    return table


def position_of(deal: Deal, paid: np.ndarray) -> np.ndarray:
    """theta of each pair from what it pays; nan where prices can move nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(deal.room > 0, (paid - deal.at_mid) / deal.room, np.nan)


def in_words(deal: Deal, groups: list[Deal], splits: list[GroupSplit]) -> str:
    """What happened: does the band bind, who trades with nobody, what else needs to be said."""
    if any(split.bound for split in splits):
        words = [
            "the price band binds: the gains are those of the bounded problem, "
            "not the weights' shares"
        ]
    else:
        words = ["the price band leaves room: every VPP gains its weight's share of the saving"]
    if len(groups) > 1:
        members = "; ".join(" and ".join(group.names) for group in groups)
        words.append(f"no trade joins these groups, each shares what it saves itself: {members}")
    trading = {name for group in groups for name in group.names}
    idle = [name for name in deal.names if name not in trading]
    if idle:
        words.append(f"{', '.join(idle)} trades with nobody and keeps its cost")
    words += [split.note for split in splits if split.note]
    return "; ".join([*words, *deal.remarks])
