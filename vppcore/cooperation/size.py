"""How large a case is beside study A, so that no number of power or money stands in the code.

The settings of the negotiation (its penalty, the accuracy of a step, what counts as small) were
chosen for study A, in kW and yuan. Another case is brought to study A's size first: a case with
ten times the power and thirty times the prices negotiates as study A does, iteration by iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vppcore.case import Case
from vppcore.components import Tie
from vppcore.scale import typical_power, typical_price

# study A: mean of its VPPs' peak loads, mean purchase price, the paper's penalty of the ADMM
STUDY_A_LOAD = 5388.0  # kW
STUDY_A_PRICE = 0.75  # yuan/kWh
STUDY_A_PENALTY = 1e-4  # yuan/kWh per kW

# shares of a case's load and price against which the size of trades and multipliers is measured,
# where there are hardly any
LEAST_TRADE = 1e-2
LEAST_PRICE = 1e-2
# a fee that decides between trades that save nothing, as a share of the price: of one who knows all
# prices, and of talks, in tolerances to which they know them
TIE_BREAK = 1e-4
TALKS_TIE_BREAK = 2.0
# the costs of a cluster that costs nothing are measured against this share of its loads' price
LEAST_MONEY = 0.1


@dataclass(frozen=True)
class Size:
    """The size of a case.

    load: mean of the VPPs' peak loads, kW.
    price: mean purchase price of the grid, yuan/kWh.
    hours: of the horizon, h.
    vpps: how many.

    >>> Size(load=53_880.0, price=22.5).penalty  # ten times study A's power, thirty times its price
    0.0003
    """

    load: float = STUDY_A_LOAD
    price: float = STUDY_A_PRICE
    hours: float = 24.0
    vpps: int = 3

    @property
    def power_unit(self) -> float:
        """kW that are to this case what one kW is to study A."""
        return self.load / STUDY_A_LOAD

    @property
    def price_unit(self) -> float:
        """yuan/kWh that are to this case what one yuan/kWh is to study A."""
        return self.price / STUDY_A_PRICE

    @property
    def penalty(self) -> float:
        """A penalty of the ADMM that suits the case, yuan/kWh per kW; for study A the paper's."""
        return round_off(STUDY_A_PENALTY * self.price_unit / self.power_unit)

    @property
    def least_trade(self) -> float:
        """kW: trades smaller than this are no measure of what is small."""
        return LEAST_TRADE * self.load

    @property
    def least_price(self) -> float:
        """yuan/kWh: multipliers smaller than this are no measure of what is small."""
        return LEAST_PRICE * self.price

    @property
    def tie_break(self) -> float:
        """yuan/kWh: a fee too small to matter that decides between trades that save nothing."""
        return TIE_BREAK * self.price

    def tie_break_of_talks(self, tolerance: float) -> float:
        """yuan/kWh: the same for talks that know multipliers to a tolerance only."""
        return TALKS_TIE_BREAK * tolerance * self.price

    @property
    def least_money(self) -> float:
        """yuan: costs smaller than this are no measure of a gap."""
        return LEAST_MONEY * self.load * self.price * self.hours * self.vpps


def is_crossing_free(tie: Tie | None, size: Size) -> bool:
    """True if trades cost their two sides nothing, so that idle ones may be optimal too."""
    return tie is not None and bool(np.min(tie.crossing_fee) < size.tie_break)


def round_off(number: float) -> float:
    """A number to twelve digits, so that the rounding of a mean shows nowhere."""
    return float(f"{number:.12g}")


def size_of(case: Case) -> Size:
    """The size of a case, from its loads and its tariffs.

    A case without loads or tariffs is measured by the mean of all powers (kW) or prices (yuan/kWh)
    that its components declare.
    """
    first = case.vpps[0]
    return Size(
        load=round_off(typical_power(case.vpps) or STUDY_A_LOAD),
        price=round_off(typical_price(case.vpps) or STUDY_A_PRICE),
        hours=first.steps * first.step_hours,
        vpps=len(case.vpps),
    )


def natural_penalty(case: Case) -> float:
    """A penalty of the ADMM that suits the size of a case, yuan/kWh per kW.

    It grows with the purchase price and falls with the load; for study A it is the paper's 1e-4.
    It rests on one private number of each VPP, its peak load (connection ratings would do as well),
    and on the tariff. Who does not want to tell even that gives the penalty itself.

    >>> from vppcore import load_case
    >>> natural_penalty(load_case("paper-a"))
    0.0001
    """
    return size_of(case).penalty
