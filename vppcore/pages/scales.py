"""Units that suit the size of what is shown: a household's day is no thousandth of a thousand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

THOUSAND = 1000.0
# up to here an amount is easier to read by ones
BY_ONES = 2 * THOUSAND


@dataclass(frozen=True)
class Scale:
    """A unit to show numbers in.

    size: how many of the small unit one of it is. unit: its name.
    """

    size: float
    unit: str


def money(*amounts: Any) -> Scale:
    """The unit for amounts of money, given in yuan: by ones, or by thousands where they are large.

    amounts: numbers, arrays or tables.

    >>> money(62_000.0, [-3.0]).unit, money(26.0).unit
    ('1000 yuan', 'yuan')
    """
    return Scale(THOUSAND, "1000 yuan") if largest(*amounts) > BY_ONES else Scale(1.0, "yuan")


def energy(*amounts: Any) -> Scale:
    """The unit for energy, given in kWh.

    >>> energy(24_600.0).unit, energy(42.7).unit
    ('MWh', 'kWh')
    """
    return Scale(THOUSAND, "MWh") if largest(*amounts) >= THOUSAND else Scale(1.0, "kWh")


def power(*amounts: Any) -> Scale:
    """The unit for power, given in kW.

    >>> power(4_300.0).unit, power([16.9]).unit
    ('MW', 'kW')
    """
    return Scale(THOUSAND, "MW") if largest(*amounts) >= THOUSAND else Scale(1.0, "kW")


def largest(*amounts: Any) -> float:
    """The largest of all numbers, without signs; zero if there is none.

    >>> largest([1.0, -3.0], float("nan")), largest()
    (3.0, 0.0)
    """
    numbers = np.concatenate([np.ravel(np.asarray(each, float)) for each in amounts or ([],)])
    numbers = numbers[np.isfinite(numbers)]
    return float(np.abs(numbers).max(initial=0.0))
