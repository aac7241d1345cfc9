"""What cooperation returns: schedules, trades, messages and the certificate; numbers only.

kW, yuan, yuan/kWh; a trade p_ij is positive when i receives from j.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.talks import Message
from vppcore.schedule import DispatchResult

__all__ = ["Certificate", "CoalitionResult", "Message", "both_ways", "money_of", "pair_frame"]


def money_of(costs: Iterable[float], least: float = 0.0) -> float:
    """What a gap between bounds is measured against, yuan: what the VPPs cost, without signs.

    costs: of each VPP, payments between VPPs left out. least: smaller costs are no measure.
    What all cost together is none: where some earn what others pay it is near zero, and any gap
    would look large. Where all costs have one sign it is their sum.

    >>> money_of([30.0, -29.0]), money_of([0.0, 0.0], least=2.0)
    (59.0, 2.0)
    """
    return max(sum(abs(float(cost)) for cost in costs), least)


def relative_gap(upper: float, lower: float, money: float) -> float:
    """How far two bounds are apart, as a share of `money` (`money_of`), of |upper| at least.

    >>> relative_gap(1.0, 0.41, money_of([30.0, -29.0])).__round__(9)
    0.01
    """
    whole = max(abs(upper), money)
    distance = upper - lower
    if whole > 0:
        return distance / whole
    return 0.0 if distance == 0 else np.inf


@dataclass(frozen=True)
class Certificate:
    """What a negotiated schedule is worth, proven without anybody's data but totals of each VPP.

    upper: true cost with the agreed trades carried out, yuan.
    lower: no schedule of the cluster can cost less (Lagrangian bound), yuan.
    primal: largest disagreement on a trade at the end of the talks, kW.
    dual: the dual residual at the end of the talks, yuan/kWh.
    money: what the gap is measured against, yuan, see `money_of`; never less than |upper|.

    >>> Certificate(upper=101.0, lower=100.0, primal=0.1, dual=1e-4, money=101.0).gap.__round__(4)
    0.0099
    """

    upper: float
    lower: float
    primal: float
    dual: float
    money: float = 0.0

    @property
    def gap(self) -> float:
        """How far from the optimum the agreed schedule can be at most, as a share of `money`."""
        return relative_gap(self.upper, self.lower, self.money)


@dataclass(frozen=True, eq=False)
class CoalitionResult:
    """What cooperation costs before money changes hands; numbers only.

    method: "joint optimum" or how it was negotiated.
    cost: yuan of the cluster.
    dispatches: VPP -> its schedule with the agreed trades.
    trades: kW, a column (i, j) for each ordered pair, positive where i receives from j; zero below
    `resolution`, and in no step more than the VPPs' net positions need.
    multipliers: yuan/kWh, a column (i, j) for each pair, the value of one more kWh to both.
    certificate: of a negotiation; None for the joint optimum.
    history: of a negotiation, a row per iteration; empty for the joint optimum.
    messages: everything that was said, in order.
    seconds: by stage.
    network_prices: yuan/kWh that a VPP's net withdrawal costs the feeder, a column per VPP; only
    where its operator took part.
    agreed: False if the talks ended before the VPPs agreed; the schedules are sound all the same.
    resolution: kW, below which a trade cannot be told from zero.
    note: how it came about, in words.
    crossings: of a negotiation, what crossed the VPPs' boundaries: a row for each passage with VPP,
    iteration, way ("in" or "out"), kind and numbers; empty for the joint optimum.
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
    agreed: bool = True
    resolution: float = 0.0
    note: str = ""
    crossings: pd.DataFrame = field(default_factory=pd.DataFrame)

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

    @property
    def exact(self) -> bool:
        """True if no store charges and discharges at once; else the cost is a lower bound."""
        return all(result.exact for result in self.dispatches.values())


def pair_frame(values: dict[tuple[str, str], np.ndarray], case: Case) -> pd.DataFrame:
    """Values by pair and step as a table, index 1..steps."""
    frame = pd.DataFrame(values, pd.RangeIndex(1, case.vpps[0].steps + 1, name="step"))
    firsts = [i for i, _ in values]
    seconds = [j for _, j in values]
    frame.columns = pd.MultiIndex.from_arrays([firsts, seconds], names=["vpp", "partner"])
    return frame


def both_ways(trades: dict[tuple[str, str], np.ndarray], case: Case) -> pd.DataFrame:
    """Trades of pairs (i, j) completed by (j, i) = -(i, j)."""
    back = {(j, i): -trade for (i, j), trade in trades.items()}
    return pair_frame(trades | back, case).sort_index(axis=1)
