"""What cooperation returns: schedules, trades, messages and the certificate; numbers only.

kW, yuan, yuan/kWh; a trade p_ij is positive when i receives from j.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.schedule import DispatchResult


@dataclass(frozen=True)
class Certificate:
    """What a negotiated schedule is worth, proven without anybody's data but two totals per VPP.

    upper: true cost with the agreed trades carried out, yuan. lower: no schedule of the cluster can cost less
    (Lagrangian bound at the agreed multipliers), yuan. primal: largest disagreement on a trade, kW.
    dual: norm of the last change of expectations times the penalty, yuan/kWh.
    """

    upper: float
    lower: float
    primal: float
    dual: float

    @property
    def gap(self) -> float:
        """(upper - lower) / |upper|: how far from the optimum the agreed schedule can be at most."""
        return (self.upper - self.lower) / abs(self.upper)


class Message(NamedTuple):
    """One thing that left an agent: who told whom what in which iteration."""

    iteration: int
    sender: str
    receiver: str
    kind: str  # "expected trade" (kW) or "multiplier" (yuan/kWh)
    content: np.ndarray


@dataclass(frozen=True, eq=False)
class CoalitionResult:
    """What cooperation costs before money changes hands; numbers only.

    cost: yuan of the cluster. dispatches: VPP -> its schedule with the agreed trades. trades: kW, a column (i, j) for
    each ordered pair, positive where i receives from j. multipliers: yuan/kWh, a column (i, j) for each pair, the value
    of one more kWh to both. certificate, history (a row per iteration), messages: of the negotiation; the joint optimum
    has none. seconds: by stage. network_prices: yuan/kWh that a VPP's net withdrawal costs the feeder, a column per VPP;
    only where its operator took part.
    """

    method: str
    cost: float
    dispatches: dict[str, DispatchResult]
    trades: pd.DataFrame
    multipliers: pd.DataFrame
    certificate: Certificate | None
    history: pd.DataFrame
    messages: list[Message]
    seconds: dict[str, float]
    network_prices: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def costs(self) -> pd.Series:
        """Each VPP's own cost, payments between VPPs left out; yuan."""
        return pd.Series(
            {name: result.cost for name, result in self.dispatches.items()}, name="yuan"
        )

    @property
    def iterations(self) -> int:
        """Iterations of the negotiation; 0 for the joint optimum."""
        return len(self.history)


def pair_frame(values: dict[tuple[str, str], np.ndarray], case: Case) -> pd.DataFrame:
    """Hourly values per pair as a table, index 1..steps."""
    frame = pd.DataFrame(values, pd.RangeIndex(1, case.vpps[0].steps + 1, name="step"))
    names = ["vpp", "partner"]
    pairs = list(zip(*values, strict=True)) or [[], []]
    frame.columns = pd.MultiIndex.from_arrays([list(side) for side in pairs], names=names)
    return frame


def both_ways(trades: dict[tuple[str, str], np.ndarray], case: Case) -> pd.DataFrame:
    """Trades of pairs (i, j) completed by (j, i) = -(i, j)."""
    return pair_frame(
        trades | {(j, i): -trade for (i, j), trade in trades.items()}, case
    ).sort_index(axis=1)
