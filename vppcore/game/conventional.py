"""Conventional ways to trade the same left-overs, without a game.

What remains of each VPP's own schedule is traded hour by hour, as in the game, but prices and
partners follow a rule. They are what the game is to be compared with: most of what any trade of
left-overs saves, every trade saves. kW, yuan/kWh; tables of an hour have buyers as rows and sellers
as columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.errors import WrongInput
from vppcore.game.account import Account, account_of, by_seller
from vppcore.market import Hour, deliver, hours, positions
from vppcore.schedule import DispatchResult

WAYS = {
    "mid-market": "pro rata of what each has and needs, half way between the two alternatives",
    "equal": "every buyer asks every seller for the same, half way between the two alternatives",
    "cheapest first": "the cheapest seller first, then the next, each at the least that it asks",
}


@dataclass(frozen=True, eq=False)
class ConventionalResult:
    """A day of trade by a conventional rule.

    way: its name, one of `WAYS`.
    prices: yuan/kWh, a row per step, a column per VPP; nan where it does not sell.
    account: what was sent, what it costs and who pays.
    """

    way: str
    prices: pd.DataFrame
    account: Account


def trade_conventionally(
    case: Case, alone: dict[str, DispatchResult], way: str
) -> ConventionalResult:
    """Lets the VPPs of a case trade their surplus by a conventional rule.

    alone: VPP -> its schedule without trade.
    way: one of `WAYS`.
    Raises WrongInput for another way, and for a VPP without a power_market.
    """
    if way not in WAYS:
        raise WrongInput(f"way of trade: found {way!r}; allowed: {', '.join(WAYS)}")
    tables = {vpp.name: positions(vpp, alone[vpp.name]) for vpp in case.vpps}
    markets = [hour for hour in hours(case.vpps, tables, case.tie) if hour.open]
    prices = by_seller(case, {hour.step: prices_by_rule(hour, way) for hour in markets})
    sent = {hour.step: sent_by_rule(hour, way) for hour in markets}
    return ConventionalResult(way, prices, account_of(case, alone, sent, prices))


def prices_by_rule(hour: Hour, way: str) -> pd.Series:
    """The price of each seller under a conventional rule, yuan/kWh, inside the band.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([2.0, 8.0]), np.array([6.0]),
    ...             np.array([0.3, 0.35]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> prices_by_rule(hour, "mid-market").round(4).to_dict()
    {'A': 0.525, 'B': 0.55}
    """
    least = np.maximum(hour.reservation, hour.price_min)
    prices = least if way == "cheapest first" else (least + hour.top) / 2
    return pd.Series(prices, list(hour.sellers))


def sent_by_rule(hour: Hour, way: str) -> pd.DataFrame:
    """What each seller (column) sends to each buyer (row) under a conventional rule, kW.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([2.0, 8.0]), np.array([6.0]),
    ...             np.array([0.3, 0.35]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> {way: sent_by_rule(hour, way).loc["C"].round(3).to_list() for way in WAYS}
    {'mid-market': [1.2, 4.8], 'equal': [2.0, 4.0], 'cheapest first': [2.0, 4.0]}
    """
    count = len(hour.sellers)
    if way == "mid-market":
        shares = hour.surplus / hour.surplus.sum()
    elif way == "equal":
        shares = np.full(count, 1 / count)
    else:
        shares = shares_cheapest_first(hour)
    sent = deliver(hour, np.tile(shares, (len(hour.buyers), 1)))
    return pd.DataFrame(sent, list(hour.buyers), list(hour.sellers))


def shares_cheapest_first(hour: Hour) -> np.ndarray:
    """The part of all demand that each seller serves when the cheapest is emptied first."""
    shares = np.zeros(len(hour.sellers))
    lacking = float(hour.deficit.sum())
    for seller in np.argsort(hour.reservation, kind="stable"):
        served = min(lacking, float(hour.surplus[seller]))
        shares[seller] = served
        lacking -= served
    return shares / shares.sum()
