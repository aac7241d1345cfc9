"""Where the numbers of the chapters of study A come from that decompose its saving. yuan, yuan/kWh."""

from __future__ import annotations

from functools import cache

import pandas as pd

from vppcore import load_case
from vppcore.bargaining.band import price_band
from vppcore.pages.experiments import Saving, split_saving

# columns of the chapter's table -> items of the saving
TOGETHER = {"grid": ("electricity purchase", "electricity sale")}
NAMED = ("gas", "carbon", "crossing fee")


@cache
def saving_of(case: str) -> Saving:
    """The saving of a case item by item, of the flattest schedules."""
    return split_saving(load_case(case))


def saved(case: str, item: str, holder: str = "cluster") -> float:
    """What an item falls by: one of the saving's, "grid" (purchases less sales), "other" or "total"."""
    column = saving_of(case).items[holder]
    if item == "other":
        return float(column["total"] - sum(saved(case, each, holder) for each in (*NAMED, "grid")))
    return float(column[list(TOGETHER.get(item, (item,)))].sum())


def saved_at_least(case: str, item: str, holder: str) -> float:
    """The same over all cheapest schedules: the least."""
    return float(saving_of(case).ends.least.loc[item, holder])


def saved_at_most(case: str, item: str, holder: str) -> float:
    """The same over all cheapest schedules: the most."""
    return float(saving_of(case).ends.most.loc[item, holder])


def bus_price(case: str, vpp: str, hour: int) -> float:
    """What one more kWh of load costs a VPP alone in an hour."""
    return float(bus_prices(case).loc[hour, vpp])


@cache
def bus_prices(case: str) -> pd.DataFrame:
    """The prices at the VPPs' electricity buses without trade: a column each."""
    alone = saving_of(case).alone
    return pd.DataFrame({name: each.prices["electricity"] for name, each in alone.items()})


def widest_spread(case: str) -> float:
    """The most that two VPPs' bus prices differ by in an hour."""
    prices = bus_prices(case)
    return float((prices.max(axis=1) - prices.min(axis=1)).max())


def mid_market(case: str, hour: int) -> float:
    """The middle of the grid's two prices in an hour."""
    return float(price_band(load_case(case)).loc[hour, "mid"])
