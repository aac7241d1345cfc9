"""The band in which VPPs that trade agree on prices: between what each side could do without it.

yuan/kWh; a row per step (1, 2, ...). With one tariff for all the band of every pair runs between
the grid's two prices. Where tariffs differ a pair has a band of its own: the seller gets no less
than its own feed-in price, the buyer pays no more than its own purchase price. A VPP without a
grid has limits too: what an outage costs where its load may be shed, else what a kWh is worth to it
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import ElectricLoad, Grid
from vppcore.errors import WrongInput
from vppcore.schedule import dispatch
from vppcore.vpp import VPP

# where a VPP's prices come from
GRID, OUTAGE, MARGINAL, PEAK = SOURCES = ("grid", "outage cost", "marginal price", "peak")
# prices that are nearer to each other than this share of the largest are one
SAME_PRICE = 1e-7

VppPair = tuple[str, str]
Bands = dict[VppPair, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Terms:
    """What a VPP could do with a kWh if it did not trade it with others, yuan/kWh `(steps,)`.

    purchase: what one more kWh costs it; it pays others no more.
    feed_in: what it gets for one more; it takes no less from others.
    source: where these prices come from, one of SOURCES.
    """

    purchase: np.ndarray
    feed_in: np.ndarray
    source: str = GRID

    def remark(self, name: str) -> str:
        """Where the prices of the VPP of this name come from; nothing if from its tariff alone."""
        if self.source == OUTAGE:
            cost = self.purchase.max()
            return f"{name} has no grid; its prices end at its outage cost of {cost:g} yuan/kWh"
        if self.source == MARGINAL:
            low, high = self.purchase.min(), self.purchase.max()
            return (
                f"{name} has no grid and no outage cost; its prices end at the marginal price of "
                f"its own schedule, {low:.4g} to {high:.4g} yuan/kWh"
            )
        if self.source == PEAK:
            return (
                f"{name} pays for its peak; what it pays at most is its purchase price and what "
                f"the peak adds to it alone, up to {self.purchase.max():.4g} yuan/kWh"
            )
        return ""

    def equals(self, other: Terms) -> bool:
        """True if both prices are the same in every step."""
        same_purchase = np.array_equal(self.purchase, other.purchase)
        return same_purchase and np.array_equal(self.feed_in, other.feed_in)


def price_band(case: Case) -> pd.DataFrame:
    """The prices between which both sides of a trade do at least as well as with the grid.

    Columns, yuan/kWh by step: low and high, mid = (low + high) / 2, half = (high - low) / 2.
    A VPP with several grid connections counts as one that buys at its lowest purchase price and
    sells at its highest feed-in price of the step. The band runs from the lower to the higher of
    the two: normally from feed-in to purchase, in a step with the feed-in above the purchase price
    the other way round.
    Raises WrongInput if a VPP has no grid connection or the VPPs have different prices; `bands_of`
    has the band of each pair then.

    >>> from vppcore import load_case
    >>> price_band(load_case("paper-a")).loc[12].round(2).to_dict()
    {'low': 0.2, 'high': 1.2, 'mid': 0.7, 'half': 0.5}
    """
    without = [vpp.name for vpp in case.vpps if not vpp.of(Grid)]
    if without:
        raise WrongInput(
            f"case {case.name}: found no grid connection in {', '.join(without)}; "
            "allowed here: a grid in every VPP, its prices are the band"
        )
    terms = terms_of_all(case)
    first = case.names[0]
    for name in case.names[1:]:
        if not terms[name].equals(terms[first]):
            raise WrongInput(
                f"case {case.name}: found different grid prices in {first} and "
                f"{name}; allowed here: one tariff for all"
            )
    return band_between(terms[first].feed_in, terms[first].purchase)


def widest_band(case: Case) -> pd.DataFrame:
    """From the lowest feed-in to the highest purchase price of all VPPs, columns as `price_band`.

    With one tariff for all it is that band. VPPs without a grid count by their own limits.

    >>> from vppcore import load_case
    >>> case = load_case("paper-a")
    >>> widest_band(case).equals(price_band(case))
    True
    """
    terms = terms_of_all(case).values()
    prices = [price for own in terms for price in (own.feed_in, own.purchase)]
    return band_between(np.min(prices, axis=0), np.max(prices, axis=0))


def bands_of(case: Case, trade: Mapping[VppPair, np.ndarray]) -> pd.DataFrame | Bands:
    """The price band for all if they have one tariff, else that of each pair.

    trade: pair (i, j) -> kW `(steps,)`, positive where i receives: in these steps the band runs
    from the feed-in price of j to the purchase price of i, in others the other way round. Where the
    first is above the second no price suits both (`out_of_reach`), and the band lies between them.
    Columns as of `price_band`.
    """
    return bands_between(terms_of_all(case), trade)


def bands_between(
    terms: Mapping[str, Terms], trade: Mapping[VppPair, np.ndarray]
) -> pd.DataFrame | Bands:
    """The same from what each VPP could do without trade."""
    first = next(iter(terms.values()))
    if all(own.equals(first) for own in terms.values()):
        return band_between(first.feed_in, first.purchase)
    return {pair: band_between(*limits_of(terms, pair, kw)) for pair, kw in trade.items()}


def out_of_reach(case: Case, trade: Mapping[VppPair, np.ndarray]) -> list[str]:
    """`no_common_price` of a case."""
    return no_common_price(terms_of_all(case), trade)


def no_common_price(terms: Mapping[str, Terms], trade: Mapping[VppPair, np.ndarray]) -> list[str]:
    """A sentence for each pair that trades where the seller's feed-in price is above what the buyer
    pays without it, so that no price suits both."""
    sentences = []
    for pair, kw in trade.items():
        low, high = limits_of(terms, pair, kw)
        size = max(np.abs(low).max(), np.abs(high).max())
        steps = np.flatnonzero((kw != 0) & (low > high + SAME_PRICE * size))
        if len(steps):
            step = steps[0]
            seller, buyer = pair[::-1] if kw[step] > 0 else pair
            sentences.append(
                f"no price suits {seller} and {buyer} in {len(steps)} step(s), first in step "
                f"{step + 1}: {seller} could sell for {low[step]:g} yuan/kWh and {buyer} buy for "
                f"{high[step]:g}; their prices lie between the two"
            )
    return sentences


def limits_of(
    terms: Mapping[str, Terms], pair: VppPair, kw: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The seller's feed-in price and the buyer's purchase price by step, yuan/kWh.

    kw: trade of the pair, positive where the first receives; without trade it counts as the buyer.
    """
    one, other = terms[pair[0]], terms[pair[1]]
    sends = kw < 0
    low = np.where(sends, one.feed_in, other.feed_in)
    high = np.where(sends, other.purchase, one.purchase)
    return low, high


def band_between(one: np.ndarray, other: np.ndarray) -> pd.DataFrame:
    """The band from the lower to the higher of two prices in each step, columns of `price_band`."""
    band = pd.DataFrame(
        {"low": np.minimum(one, other), "high": np.maximum(one, other)},
        pd.RangeIndex(1, len(one) + 1, name="step"),
    )
    band["mid"] = (band["low"] + band["high"]) / 2
    band["half"] = (band["high"] - band["low"]) / 2
    return band


def terms_of_all(case: Case) -> dict[str, Terms]:
    """VPP -> what it could do without trade, see `terms_of`."""
    return {vpp.name: terms_of(vpp) for vpp in case.vpps}


def terms_of(vpp: VPP) -> Terms:
    """What a VPP could do with a kWh if it did not trade it with others.

    With a grid: its best prices; if it pays for its peak, its marginal price alone where that is
    above the purchase price, since it says what a kWh of the peak costs.
    Without one, where its whole electric load may be shed: what that costs and nothing, since an
    outage is the alternative of a buyer and spare power that of a seller.
    Else the marginal prices of its own cheapest schedule, for both.
    Raises NotSolved if these are asked for and it has no schedule alone.

    >>> from vppcore.components import ElectricLoad, Renewable
    >>> house = ElectricLoad(forecast=[2.0, 2.0], curtail_share=1.0, curtail_cost=8.0)
    >>> hut = VPP("Hut", (house, Renewable(label="pv", forecast=[5.0, 0.0])), steps=2)
    >>> terms_of(hut).purchase.tolist(), terms_of(hut).feed_in.tolist()
    ([8.0, 8.0], [0.0, 0.0])
    """
    if vpp.of(Grid):
        purchase, feed_in = grid_prices(vpp)
        if not any(grid.peak_price for grid in vpp.of(Grid)):
            return Terms(purchase, feed_in)
        return Terms(np.maximum(purchase, marginal_price(vpp)), feed_in, PEAK)
    outage = outage_cost(vpp)
    if outage is not None:
        return Terms(np.full(vpp.steps, outage), np.zeros(vpp.steps), OUTAGE)
    price = marginal_price(vpp)
    return Terms(price, price, MARGINAL)


def marginal_price(vpp: VPP) -> np.ndarray:
    """What one more kWh costs in a VPP's own cheapest schedule, yuan/kWh `(steps,)`.

    Raises NotSolved if it has none.
    """
    price = dispatch(vpp).prices["electricity"].to_numpy(float)
    return np.where(np.abs(price) <= SAME_PRICE * np.abs(price).max(), 0.0, price)


def outage_cost(vpp: VPP) -> float | None:
    """What a kWh costs a VPP that is not served, yuan: the dearest of its loads.

    None unless it has electric loads, each of which may be shed as a whole.
    """
    loads = vpp.of(ElectricLoad)
    if not loads or any(load.curtail_share < 1 for load in loads):
        return None
    return max(load.curtail_cost for load in loads)


def grid_prices(vpp: VPP) -> tuple[np.ndarray, np.ndarray]:
    """The best prices of a VPP's grid connections: purchase and feed-in, `(steps,)` each."""
    connections = vpp.of(Grid)
    purchase = np.min([grid.buy_price for grid in connections], axis=0)
    feed_in = np.max([grid.sell_price for grid in connections], axis=0)
    return purchase, feed_in
