"""A bargaining problem in numbers, before anybody has chosen prices.

yuan, yuan/kWh, kW; a payment is positive when the VPP pays; a trade of the pair (i, j) is positive
when i receives. Arrays by pair are in the order of `Deal.pairs`.

For a pair (i, j) that trades p_t at prices mid_t + theta sign(p_t) half_t (mid and half: middle and
half width of the pair's price band) the payment from i to j is

    sum_t p_t mid_t + theta sum_t |p_t| half_t.

One number theta for each pair, its *position* in the band, says everything: -1 and 1 are the edges
of the band, and every payment that prices inside the band can make is made by one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Protocol

import networkx as nx
import numpy as np
import pandas as pd

from vppcore.bargaining.band import (
    Bands,
    Terms,
    VppPair,
    bands_between,
    no_common_price,
    terms_of_all,
)
from vppcore.bargaining.weights import ROUNDING, bargaining_weights
from vppcore.case import Case
from vppcore.errors import WrongInput


class Costed(Protocol):
    """What bargaining needs to know of a VPP's schedule without trade: its cost, yuan."""

    @property
    def cost(self) -> float:
        """Over the horizon, yuan."""


class Agreed(Protocol):
    """What bargaining needs to know of a coalition: trades in kW both ways, costs in yuan by VPP.

    A CoalitionResult and a RobustResult are such.
    """

    @property
    def trades(self) -> pd.DataFrame:
        """kW, columns (i, j), positive where i receives from j."""

    @property
    def costs(self) -> pd.Series:
        """Each VPP's own cost with these trades, payments left out."""


@dataclass(frozen=True, eq=False)
class Deal:
    """A bargaining problem in numbers.

    names: the VPPs at the table.
    alone: VPP -> cost without trade, yuan (the disagreement point).
    with_trades: VPP -> cost with the agreed trades before any payment, yuan.
    weights: VPP -> bargaining power, adding up to one; zero for a VPP that does not trade.
    trade: pair (i, j) -> kW `(steps,)`, positive where i receives; zero where nothing is traded.
    band: the price band by step, yuan/kWh: one for all (`price_band`), or one for each pair.
    step_hours: length of a time step, h.
    remarks: sentences about the band, such as where no price suits both sides.

    A buys 10 kWh from B at prices between 0.2 and 0.6, and would gain 5 of 6 yuan at 0.4:

    >>> band = pd.DataFrame({"low": [0.2], "high": [0.6], "mid": [0.4], "half": [0.2]})
    >>> power = pd.Series({"A": 0.5, "B": 0.5})
    >>> alone, with_trades = pd.Series({"A": 20, "B": 8}), pd.Series({"A": 11, "B": 11})
    >>> deal = Deal(["A", "B"], alone, with_trades, power, {("A", "B"): np.array([10.0])}, band)
    >>> deal.saving, deal.gains(np.array([0.0])).tolist(), deal.gains(np.array([1.0])).tolist()
    (6.0, [5.0, 1.0], [3.0, 3.0])
    """

    names: list[str]
    alone: pd.Series
    with_trades: pd.Series
    weights: pd.Series
    trade: dict[VppPair, np.ndarray]
    band: pd.DataFrame | Bands
    step_hours: float = 1.0
    remarks: tuple[str, ...] = ()

    def band_of(self, pair: VppPair) -> pd.DataFrame:
        """The price band of a pair by step, yuan/kWh: columns low, high, mid, half."""
        return self.band if isinstance(self.band, pd.DataFrame) else self.band[pair]

    @property
    def band_of_all(self) -> pd.DataFrame:
        """The one band of all pairs. Raises WrongInput where each has its own."""
        if isinstance(self.band, pd.DataFrame):
            return self.band
        raise WrongInput("deal: found a price band for each pair; allowed here: one tariff for all")

    def by_pair(self, column: str) -> dict[VppPair, np.ndarray]:
        """A column of each pair's band, yuan/kWh `(steps,)`, as "mid" or "half"."""
        return {pair: self.band_of(pair)[column].to_numpy() for pair in self.pairs}

    @property
    def pairs(self) -> list[VppPair]:
        """The pairs in the order of all arrays by pair."""
        return list(self.trade)

    @property
    def saving(self) -> float:
        """What the VPPs save together, yuan."""
        return float(self.alone.sum() - self.with_trades.sum())

    @property
    def shares(self) -> np.ndarray:
        """What each VPP gains if the weights decide, yuan: its weight times the saving."""
        return self.weights.to_numpy(float) * self.saving

    @cached_property
    def incidence(self) -> np.ndarray:
        """`(VPPs, pairs)`: +1 where the VPP is first in the pair (it pays), -1 where second."""
        signs = [[(name == i) - (name == j) for i, j in self.pairs] for name in self.names]
        return np.array(signs, float).reshape(len(self.names), len(self.pairs))

    @cached_property
    def at_mid(self) -> np.ndarray:
        """The payment from i to j of each pair at mid-market prices, yuan `(pairs,)`."""
        mid = self.by_pair("mid")
        paid = [self.step_hours * trade @ mid[pair] for pair, trade in self.trade.items()]
        return np.array(paid)

    @cached_property
    def room(self) -> np.ndarray:
        """By how much prices in the band can move each pair's payment, K, yuan `(pairs,)`."""
        half = self.by_pair("half")
        moved = [self.step_hours * np.abs(kw) @ half[pair] for pair, kw in self.trade.items()]
        return np.array(moved)

    @cached_property
    def gains_at_mid(self) -> np.ndarray:
        """What each VPP gains at mid-market prices, yuan `(VPPs,)`."""
        return (self.alone - self.with_trades).to_numpy(float) - self.incidence @ self.at_mid

    def gains(self, position: np.ndarray) -> np.ndarray:
        """What each VPP gains at the prices that `position` (theta by pair) stands for, yuan."""
        return self.gains_at_mid - self.incidence @ (self.room * position)

    def groups(self) -> list[Deal]:
        """The deal of each group of VPPs that trade, directly or through others.

        Money moves along trades only, so each group shares what it saves itself, by weights among
        its own members. A VPP that trades with nobody is in no group: it keeps its cost.
        """
        graph = nx.Graph(pair for pair, trade in self.trade.items() if trade.any())
        return [self._of(members) for members in nx.connected_components(graph)]

    def _of(self, members: set[str]) -> Deal:
        """The deal among some VPPs."""
        names = [name for name in self.names if name in members]
        weights = self.weights[names]
        return replace(
            self,
            names=names,
            alone=self.alone[names],
            with_trades=self.with_trades[names],
            weights=weights / weights.sum(),
            trade={pair: trade for pair, trade in self.trade.items() if set(pair) <= members},
        )


def make_deal(
    case: Case, alone: Mapping[str, Costed], coalition: Agreed, weights: str | pd.Series
) -> Deal:
    """The bargaining problem from what the VPPs cost alone and together.

    alone: VPP -> its schedule without trade. coalition: its schedule with trades.
    weights: as for `bargaining_weights`, or VPP -> bargaining power.
    Raises WrongInput where a schedule lets a battery charge and discharge at once: what it saves
    is not real.
    """
    return deal_of(
        case.names, case.vpps[0].step_hours, terms_of_all(case), alone, coalition, weights
    )


def deal_of(
    names: list[str],
    step_hours: float,
    terms: Mapping[str, Terms],
    alone: Mapping[str, Costed],
    coalition: Agreed,
    weights: str | pd.Series,
) -> Deal:
    """The same without a case. names: of the VPPs. terms: what each could do without trade."""
    refuse_relaxed(alone, coalition)
    trade = traded(coalition, names)
    if isinstance(weights, str):
        both = trade | {(j, i): -kw for (i, j), kw in trade.items()}
        weights = bargaining_weights(pd.DataFrame(both)[names], weights, step_hours)
    sources = [said for name, own in terms.items() if (said := own.remark(name))]
    return Deal(
        names=names,
        alone=pd.Series({name: alone[name].cost for name in names}),
        with_trades=coalition.costs[names],
        weights=weights[names],
        trade=trade,
        band=bands_between(terms, trade),
        step_hours=step_hours,
        remarks=(*sources, *no_common_price(terms, trade)),
    )


def traded(coalition: Agreed, names: list[str]) -> dict[VppPair, np.ndarray]:
    """The trades of each pair, kW `(steps,)`, zero below what the coalition can tell from zero.

    That is its `resolution` (kW) if it has one, else a solver's rounding.
    """
    largest = float(coalition.trades.abs().to_numpy().max(initial=0.0))
    resolution = getattr(coalition, "resolution", 0.0) or ROUNDING * largest
    trade = {}
    for pair in combinations(names, 2):
        kw = coalition.trades[pair].to_numpy(float)
        trade[pair] = np.where(np.abs(kw) < resolution, 0.0, kw)
    return trade


def refuse_relaxed(alone: Mapping[str, Costed], coalition: Agreed) -> None:
    """Raises WrongInput if a schedule is not exact: its saving, shared out, would not be there."""
    inexact = [name for name, schedule in alone.items() if not getattr(schedule, "exact", True)]
    if inexact:
        raise WrongInput(
            f"alone: found schedules in which a store charges and discharges at once or something "
            f"is half on ({', '.join(inexact)}), their costs are too low; allowed: exact "
            "schedules, as dispatch(vpp) gives them"
        )
    if not getattr(coalition, "exact", True):
        raise WrongInput(
            "coalition: found schedules in which a store charges and discharges at once or "
            "something is half on, the saving is not real; allowed: exact schedules, as "
            "pool(case) and cooperate(case) give them"
        )
