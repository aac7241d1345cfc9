"""What worst days and robust coalitions return; numbers only. kW, kWh, yuan."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vppcore.uncertainty.recourse import SMALLEST_SHARE

# Days count as equally bad up to this share of the money at stake, and a worst case as proven up to
# ten times as much.
PROVEN = 1e-6


@dataclass(frozen=True, eq=False)
class WorstCase:
    """The costliest day of a budget.

    vpp: whose.
    cost: yuan; of that day, with no two exclusive flows at once (as `dispatch` would find it).
    nominal: yuan; of the forecast day, likewise.
    hits: 0/1, a row per step, a column per series.
    checked: yuan; what the search said that the day costs. Where flows exclude each other the
    search
        may let them overlap, so this may be less than `cost`, never more.
    solver: that searched.
    seconds: of the whole search.
    bound: yuan; no day of the budget costs more, by the search's own bound. Where the search was
        finished it is equal to `cost`, up to PROVEN.
    relaxed: yuan; of that day if exclusive flows might overlap.
    chord_error: yuan; by how much `bound` may be too high because of quadratic costs.
    stake: yuan; the money that shares refer to.
    shed, dumped: kWh by (vpp, carrier) on that day: energy that is missing or too much.
    unused: series with a budget that the VPP does not have.

    That the day is solved again and costs what the search said is necessary for a right answer, not
    sufficient: it proves that this day costs so much. That no other day costs more rests on the
    bounds of `value_bounds` and on the search's own bound.
    """

    vpp: str
    cost: float
    nominal: float
    hits: pd.DataFrame
    checked: float
    solver: str
    seconds: float
    bound: float
    relaxed: float
    chord_error: float
    stake: float
    shed: pd.Series
    dumped: pd.Series
    unused: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """How much dearer another day could be at most, as a share of the money at stake."""
        excess = self.bound - self.cost
        return excess / self.stake if self.stake > 0 else float(excess > 0)

    @property
    def guarantee(self) -> float:
        """What no day of the budget exceeds, yuan: `cost` where that is proven, else `bound`."""
        is_met = self.bound - self.cost <= 10 * PROVEN * self.stake
        return self.cost if is_met else self.bound

    @property
    def proven(self) -> bool:
        """True if no day of the budget costs more than this one (with a quadratic cost: up to
        `chord_error`)."""
        return self.bound - self.cost <= self.chord_error + 10 * PROVEN * self.stake

    def note(self) -> str:
        """What the numbers rest on, in a sentence."""
        excess = f"another day may cost up to {self.bound - self.cost:,.2f} yuan more"
        if not self.proven:
            words = [f"the search was stopped, {excess}"]
        elif self.chord_error > 0:
            words = [f"{excess}, as quadratic costs are searched by their chords"]
        else:
            words = ["no day of the budget costs more (proven)"]
        if self.cost - self.relaxed > PROVEN * self.stake:
            hidden = f"{self.cost - self.relaxed:,.2f} yuan"
            words.append(f"overlapping flows would have hidden {hidden} of the day's cost")
        for verb, energies in (("shed", self.shed), ("dumped", self.dumped)):
            for (vpp, carrier), energy in energies[energies > 0].items():
                words.append(f"{energy:,.1f} kWh of {vpp}'s {carrier} are {verb}")
        if self.unused:
            words.append(f"it has no series {', '.join(self.unused)}, so that budget is not used")
        return f"{self.vpp}: " + "; ".join(words)


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
