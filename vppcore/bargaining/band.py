"""The band in which VPPs that trade with each other agree on prices: between the grid's two prices.

yuan/kWh; a row per step (1, 2, ...).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import Grid
from vppcore.errors import WrongInput
from vppcore.vpp import VPP


def price_band(case: Case) -> pd.DataFrame:
    """The prices between which both sides of a trade do at least as well as with the grid.

    Columns, yuan/kWh by step: low and high, mid = (low + high) / 2, half = (high - low) / 2.
    A VPP with several grid connections counts as one that buys at its lowest purchase price and
    sells at its highest feed-in price of the step. The band runs from the lower to the higher of
    the two: normally from feed-in to purchase, in a step with the feed-in above the purchase price
    the other way round.
    Raises WrongInput if a VPP has no grid connection or the VPPs have different prices.

    >>> from vppcore import load_case
    >>> price_band(load_case("paper-a")).loc[12].round(2).to_dict()
    {'low': 0.2, 'high': 1.2, 'mid': 0.7, 'half': 0.5}
    """
    without = [vpp.name for vpp in case.vpps if not vpp.of(Grid)]
    if without:
        raise WrongInput(
            f"case {case.name}: found no grid connection in {', '.join(without)}; "
            "allowed: bargaining needs a grid in every VPP, its prices are the band"
        )
    purchase, feed_in = grid_prices(case.vpps[0])
    for vpp in case.vpps[1:]:
        if not all(map(np.array_equal, grid_prices(vpp), (purchase, feed_in))):
            raise WrongInput(
                f"case {case.name}: found different grid prices in {case.names[0]} and "
                f"{vpp.name}; allowed: one tariff for all, it is the band"
            )
    band = pd.DataFrame(
        {"low": np.minimum(feed_in, purchase), "high": np.maximum(feed_in, purchase)},
        pd.RangeIndex(1, len(purchase) + 1, name="step"),
    )
    band["mid"] = (band["low"] + band["high"]) / 2
    band["half"] = (band["high"] - band["low"]) / 2
    return band


def grid_prices(vpp: VPP) -> tuple[np.ndarray, np.ndarray]:
    """The best prices of a VPP's grid connections: purchase and feed-in, `(steps,)` each."""
    connections = vpp.of(Grid)
    purchase = np.min([grid.buy_price for grid in connections], axis=0)
    feed_in = np.max([grid.sell_price for grid in connections], axis=0)
    return purchase, feed_in
