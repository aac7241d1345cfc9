"""A VPP that bargains: it holds its own costs and tariff, and answers at its gate.

yuan, yuan/kWh, kW; arrays are (steps,), or (pairs, steps) with the VPP's pairs in the order of the
deal. The trades were agreed on in P1; whoever sits at the table knows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from vppcore.bargaining.band import GRID, SOURCES, Terms, terms_of
from vppcore.bargaining.deal import Agreed, Costed, Deal
from vppcore.case import Case
from vppcore.cooperation.boundary import Boundary, ByKind, Gate, crossings

# the question that a VPP answers once in each iteration of the ADMM on prices
NAME_PRICES = "name prices"
HALVINGS = 60  # of an interval by bisection: as many as a double has digits, and some more
SMALLEST_GAIN = 1e-12  # share of the saving at which bisection begins


class Told(NamedTuple):
    """A schedule of which nothing is told but a cost.

    cost: yuan. exact: as the true schedule's.
    """

    cost: float
    exact: bool = True


class ToldTogether(NamedTuple):
    """A coalition of which nothing is told but its trades and each VPP's cost with them.

    trades, resolution: kW, as a CoalitionResult has them. costs: VPP -> yuan. exact: as its own.
    """

    trades: pd.DataFrame
    costs: pd.Series
    resolution: float
    exact: bool


class Party:
    """One VPP that bargains. Its costs and its tariff stay here; others have its `gate`.

    name: of the VPP. alone, together: its costs without and with the agreed trades, yuan.
    exact: that no store of these schedules charges and discharges at once.
    terms: what it could do without trade; None where that is known already.

    boundary: keeps what crosses it.
    """

    def __init__(self, name: str, alone: Told, together: Told, terms: Terms | None = None) -> None:
        self._alone = alone
        self._together = together
        self._terms = terms
        self._heard: ByKind = {}
        answers = {
            "tariff": self._tell_tariff,
            "costs": self._tell_costs,
            "hear the deal": self._hear_deal,
            NAME_PRICES: self._name_prices,
            "hear prices": lambda told: {},
        }
        self.boundary = Boundary(name, answers, counted=NAME_PRICES)

    @property
    def gate(self) -> Gate:
        """All that others get of it."""
        return self.boundary.gate

    # --- answers at the gate ----------------------------------------------------------------------
    def _tell_tariff(self, told: ByKind) -> ByKind:
        if self._terms is None:
            return {}
        prices: ByKind = {
            "purchase and feed-in prices": np.array([self._terms.purchase, self._terms.feed_in])
        }
        if self._terms.source != GRID:
            prices["source of its prices"] = SOURCES.index(self._terms.source)
        return prices

    def _tell_costs(self, told: ByKind) -> ByKind:
        return {
            "cost alone": self._alone.cost,
            "cost with the agreed trades": self._together.cost,
            "whether stores are exact": np.array([self._alone.exact, self._together.exact]),
        }

    def _hear_deal(self, told: ByKind) -> ByKind:
        self._heard = told
        return {}

    def _name_prices(self, told: ByKind) -> ByKind:
        share, saving = self._heard["its share and the saving"]
        prices = expected_prices(
            self._heard["energy received"],
            self._heard["ends of the bands"],
            self._alone.cost - self._together.cost,
            share,
            saving,
            told["wished prices"],
            float(told["penalty"]),
        )
        return {"expected prices": prices}


def penalty_by_hour(energy: np.ndarray, half: np.ndarray) -> np.ndarray:
    """The natural penalty of a pair's price in each hour, yuan per (yuan/kWh)^2.

    energy: that the pair trades, kWh. half: half width of its band, yuan/kWh; same shapes.
    It is |energy| / half. A price that moves by theta times half then costs theta^2 / 2 times what
    prices of that hour can move: the same theta counts alike whatever a pair trades and however
    wide its band. Both sides of a pair know it. Where nothing is traded or the band is a point the
    price is the one that is wished for, and any penalty will do.

    >>> penalty_by_hour(np.array([10.0, -4.0, 0.0]), np.array([0.5, 0.2, 0.2])).tolist()
    [20.0, 20.0, 1.0]
    """
    matters = (energy != 0) & (half > 0)
    return np.where(matters, np.abs(energy) / np.where(half > 0, half, 1.0), 1.0)


def expected_prices(
    received: np.ndarray,
    ends: np.ndarray,
    without_payment: float,
    share: float,
    saving: float,
    wishes: np.ndarray,
    penalty: float,
) -> np.ndarray:
    """One VPP's step: the prices it expects for its pairs, yuan/kWh `(pairs, steps)`.

    penalty: how many times the natural one of each pair and hour, rho (`penalty_by_hour`).
    received: kWh `(pairs, steps)`. ends: of the bands `(2, pairs, steps)`.
    without_payment: what it gains before any payment. share: its weight's, of the saving, yuan.
    wishes: the prices it would name if they were no cost to it.
    They solve x = clip(wish - w S received / (rho natural gain)) with gain = start - received.x:
    one unknown, the gain. The right side falls as the gain grows, so bisection finds it.
    """
    low, high = ends
    slope = share * received / (penalty * penalty_by_hour(received, (high - low) / 2))

    def prices(gain: float) -> np.ndarray:
        return np.clip(wishes - slope / gain, low, high)

    smallest = SMALLEST_GAIN * saving
    best = without_payment - np.minimum(received * low, received * high).sum()
    for _ in range(HALVINGS):
        gain = (smallest + best) / 2
        if without_payment - (received * prices(gain)).sum() > gain:
            smallest = gain
        else:
            best = gain
    return prices((smallest + best) / 2)


# --- the table's side -----------------------------------------------------------------------------
def parties_of(case: Case, alone: Mapping[str, Costed], coalition: Agreed) -> dict[str, Party]:
    """A party for each VPP of a case, from its schedules without and with the agreed trades."""
    exact = bool(getattr(coalition, "exact", True))
    parties = {}
    for vpp in case.vpps:
        apart = alone[vpp.name]
        parties[vpp.name] = Party(
            vpp.name,
            Told(float(apart.cost), bool(getattr(apart, "exact", True))),
            Told(float(coalition.costs[vpp.name]), exact),
            terms_of(vpp),
        )
    return parties


def parties_at(deal: Deal) -> dict[str, Party]:
    """A party for each VPP of a deal."""
    return {
        name: Party(name, Told(float(deal.alone[name])), Told(float(deal.with_trades[name])))
        for name in deal.names
    }


def gates_of(parties: Mapping[str, Party]) -> dict[str, Gate]:
    """What the table gets of the parties."""
    return {name: party.gate for name, party in parties.items()}


def terms_told(gates: Mapping[str, Gate]) -> dict[str, Terms]:
    """What VPPs tell of what they could do without trade."""
    told = {}
    for name, gate in gates.items():
        answer = gate.ask("tariff", {})
        source = SOURCES[answer.get("source of its prices", SOURCES.index(GRID))]
        purchase, feed_in = answer["purchase and feed-in prices"]
        told[name] = Terms(purchase, feed_in, source)
    return told


def costs_told(
    coalition: Agreed, gates: Mapping[str, Gate]
) -> tuple[dict[str, Told], ToldTogether]:
    """What the VPPs tell of their costs, without and with the trades of a coalition."""
    apart, together, exact = {}, {}, True
    for name, gate in gates.items():
        answer = gate.ask("costs", {})
        each = answer["whether stores are exact"]
        apart[name] = Told(answer["cost alone"], bool(each[0]))
        together[name] = answer["cost with the agreed trades"]
        exact = exact and bool(each[1])
    resolution = getattr(coalition, "resolution", 0.0)
    return apart, ToldTogether(coalition.trades, pd.Series(together), resolution, exact)


def tell_deal(deal: Deal, gates: Mapping[str, Gate]) -> None:
    """Each VPP hears what it is to gain and of what, what its pairs trade, and their bands."""
    for row, name in enumerate(deal.names):
        pairs = own_pairs(deal.pairs, name)
        energy = [
            deal.step_hours * deal.trade[pair] * (1 if pair[0] == name else -1) for pair in pairs
        ]
        bands = [deal.band_of(pair) for pair in pairs]
        ends = [[band[end].to_numpy() for band in bands] for end in ("low", "high")]
        told = {
            "its share and the saving": np.array([deal.shares[row], deal.saving]),
            "energy received": np.array(energy),
            "ends of the bands": np.array(ends),
        }
        gates[name].ask("hear the deal", told)


def passed_by(parties: Mapping[str, Party]) -> pd.DataFrame:
    """What crossed the parties' boundaries: a row for each passage."""
    return crossings([party.boundary for party in parties.values()])


def own_pairs(pairs: Sequence[tuple[str, str]], name: str) -> list[tuple[str, str]]:
    """The pairs that a VPP belongs to."""
    return [pair for pair in pairs if name in pair]
