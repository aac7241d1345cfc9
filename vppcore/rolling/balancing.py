"""What deviates from a plan, settled among the members before the grid takes the rest.

kW, yuan, yuan/kWh; arrays are (steps,). Energy that one member has too much and another lacks in
the same step passes between them, at a price between the two tariffs, the crossing fee taken off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd

from vppcore.components import Grid, Tie
from vppcore.vpp import VPP


@dataclass(frozen=True, eq=False)
class GridExchange:
    """What one member exchanges with its grid.

    buy, sell: as it came, kW `(steps,)`. planned: purchase less sale, kW `(steps,)`.
    buy_price, sell_price: its tariff, yuan/kWh `(steps,)`.
    """

    buy: np.ndarray
    sell: np.ndarray
    planned: np.ndarray
    buy_price: np.ndarray
    sell_price: np.ndarray

    @property
    def deviation(self) -> np.ndarray:
        """What it draws more than planned, kW `(steps,)`."""
        return self.buy - self.sell - self.planned

    @property
    def lacks(self) -> np.ndarray:
        """What it buys since it draws more than planned, kW `(steps,)`."""
        return np.minimum(np.maximum(self.deviation, 0), self.buy)

    @property
    def has_over(self) -> np.ndarray:
        """What it sells since it draws less than planned, kW `(steps,)`."""
        return np.minimum(np.maximum(-self.deviation, 0), self.sell)


@dataclass(frozen=True, eq=False)
class Balanced:
    """What passes between members beyond the agreed trades; yuan by member.

    flows: (who receives, who gives) -> kW `(steps,)`.
    spared: what it saves with the grids, the tariffs compared.
    fees: crossing fees for it.
    settled: what is paid for it, negative for what is received; adds up to zero.
    """

    flows: dict[tuple[str, str], np.ndarray]
    spared: dict[str, float]
    fees: dict[str, float]
    settled: dict[str, float]


def exchange_of(vpp: VPP, series: pd.DataFrame, planned: pd.DataFrame) -> GridExchange | None:
    """What a VPP with one grid exchanges with it; None for another, which balances with nobody.

    series, planned: as it came and as it was planned, columns (component, series).
    """
    grids = vpp.of(Grid)
    if len(grids) != 1:
        return None
    grid = grids[0]
    plan = planned[grid.name]
    return GridExchange(
        buy=series[grid.name, "buy"].to_numpy(),
        sell=series[grid.name, "sell"].to_numpy(),
        planned=(plan["buy"] - plan["sell"]).to_numpy(),
        buy_price=grid.buy_price,
        sell_price=grid.sell_price,
    )


def balance(
    exchanges: Mapping[str, GridExchange],
    trades: pd.DataFrame,
    tie: Tie,
    price_share: float,
    step_hours: float,
) -> Balanced:
    """Settles what deviates among the members.

    In each step those who lack get from those who have over, both in proportion, as far as the tie
    has room beside the agreed trades (kW, columns (i, j)). Only pairs take part that gain after
    both sides' fees; their gain is shared by the price.

    >>> short = GridExchange(*(np.array([x]) for x in (5.0, 0.0, 2.0, 1.0, 0.2)))
    >>> long = GridExchange(*(np.array([x]) for x in (0.0, 4.0, -3.0, 1.0, 0.2)))
    >>> agreed = pd.DataFrame({("A", "B"): [0.0]})
    >>> found = balance({"A": short, "B": long}, agreed, Tie(limit=9.0), 0.5, 1.0)
    >>> found.flows["A", "B"].tolist(), round(found.settled["A"], 3), round(found.settled["B"], 3)
    ([1.0], 0.6, -0.6)
    >>> found.spared  # A buys a kWh less, B sells one less
    {'A': 1.0, 'B': -0.2}
    """
    zero = dict.fromkeys(exchanges, 0.0)
    found = Balanced({}, dict(zero), dict(zero), dict(zero))
    for (i, j), flow in balancing_flows(exchanges, trades, tie):
        energy = step_hours * flow
        most = exchanges[i].buy_price - tie.crossing_fee
        least = exchanges[j].sell_price + tie.crossing_fee
        paid = float((least + price_share * (most - least)) @ energy)
        found.flows[i, j] = flow
        found.settled[i] += paid
        found.settled[j] -= paid
        found.spared[i] += float(exchanges[i].buy_price @ energy)
        found.spared[j] -= float(exchanges[j].sell_price @ energy)
        for name in (i, j):
            found.fees[name] += tie.crossing_fee * float(energy.sum())
    return found


def balancing_flows(
    exchanges: Mapping[str, GridExchange], trades: pd.DataFrame, tie: Tie
) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """What each member gets from each other beyond the agreed trades, kW `(steps,)`."""
    lack = sum(one.lacks for one in exchanges.values())
    over = sum(one.has_over for one in exchanges.values())
    moved = np.minimum(lack, over)
    for i, j in permutations(exchanges, 2):
        most = exchanges[i].buy_price - tie.crossing_fee
        least = exchanges[j].sell_price + tie.crossing_fee
        share = exchanges[i].lacks * exchanges[j].has_over
        whole = np.where(moved > 0, lack * over, 1.0)
        flow = np.where(most > least, moved * share / whole, 0.0)
        agreed = trades[i, j].to_numpy() if (i, j) in trades else np.zeros(len(flow))
        flow = np.clip(flow, 0, np.maximum(tie.limit - agreed, 0))
        if flow.any():
            yield (i, j), flow
