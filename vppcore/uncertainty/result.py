"""What a robust coalition returns; numbers only. kW, kWh, yuan."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vppcore.uncertainty.recourse import SMALLEST_SHARE
from vppcore.uncertainty.worst_day import WorstCase


@dataclass(frozen=True, eq=False)
class RobustResult:
    """A coalition ready for the worst. It can be given to `bargain` in place of a CoalitionResult.

    reading: who knows what when.
    cost: yuan, guaranteed whatever day of the budget comes.
    costs: yuan by VPP, payments left out; they add up to `cost`.
    trades: kW, as in CoalitionResult.
    worst: VPP -> its worst day at these trades.
    bounds: yuan, lower and upper bound by iteration; the last row holds what was proven in the end.
    seconds: of the whole search.
    shed, dumped: kWh by (vpp, carrier) on the worst days: energy that is missing or too much.
    turnover: yuan, all money that changes hands on the forecast day.
    """

    reading: str
    cost: float
    costs: pd.Series
    trades: pd.DataFrame
    worst: dict[str, WorstCase]
    bounds: pd.DataFrame
    seconds: float
    shed: pd.Series
    dumped: pd.Series
    turnover: float

    @property
    def gap(self) -> float:
        """(upper - lower) / |upper| at the end: how far from the best guarantee this one may be.

        Where the cost is nearly nothing it refers to SMALLEST_SHARE of the turnover.
        """
        last = self.bounds.iloc[-1]
        return relative(last["upper"] - last["lower"], last["upper"], self.turnover)


def relative(difference: float, cost: float, turnover: float) -> float:
    """A difference of costs as a share of a cost, or of a part of the turnover if that is larger.

    >>> relative(1.0, 100.0, 50.0)
    0.01
    >>> relative(0.0, 0.0, 0.0)
    0.0
    """
    stake = max(abs(cost), SMALLEST_SHARE * turnover)
    return float(difference / stake) if stake > 0 else 0.0
