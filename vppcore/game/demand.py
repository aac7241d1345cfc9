"""How much buyers want at a price, and what it is worth to them: paper B (17) and (20).

kW, yuan/kWh; prices are (..., prices), what comes back is (..., buyers, prices), for each kWh of a
buyer's deficit D_i.

A buyer's tariff g is the price of its alternative, the grid. Fixed demand wants the deficit at any
price. Elastic demand has a satisfaction that is worth lambda for the first kWh and g at the
deficit, so that the grid's price leads to the purchase that the schedule made:

    quadratic:  lambda x - (lambda - g) x^2 / (2 D),      x* = D (lambda - p) / (lambda - g)
    log:        lambda s ln(1 + x/s),  s = D g/(lambda - g),   x* = s (lambda/p - 1)

with lambda = kappa g, kappa the satisfaction coefficient of the VPP. (Where prices below zero are
allowed, g may be zero or less; then lambda = g + (kappa - 1) times the size of prices,
`Hour.price_size`, so that it always lies above g.) Below the tariff a buyer
wishes more than its deficit; what it is sent is capped by the deficit (`market.asked_power`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from vppcore.errors import WrongInput
from vppcore.game.rules import Rules
from vppcore.market import Hour

# coefficients that are nearer to each other than this share of their size are one
SAME = 1e-12


def for_each_buyer(prices: np.ndarray) -> np.ndarray:
    """Prices with an axis for buyers, `(..., 1, prices)`."""
    return np.asarray(prices)[..., None, :]


class Demand(ABC):
    """What the buyers of an hour want at a price."""

    @abstractmethod
    def wished(self, prices: np.ndarray) -> np.ndarray:
        """The optimal purchase at a price as a part of the deficit, x*/D, paper B (20)."""

    @abstractmethod
    def worth(self, prices: np.ndarray) -> np.ndarray:
        """What the optimal purchase brings for each kWh of the deficit, yuan/kWh, paper B (17)."""

    @abstractmethod
    def wish_falls(self, prices: np.ndarray) -> np.ndarray:
        """By what share the wish falls when the price rises, -d ln x*/dp, kWh/yuan."""

    @property
    @abstractmethod
    def alike(self) -> bool:
        """True if all buyers value every price alike, up to a factor."""

    def worth_falls(self, prices: np.ndarray) -> np.ndarray:
        """By what share the worth falls when the price rises, kWh/yuan.

        The purchase is optimal, so the worth falls by the purchase itself (envelope theorem).
        Without limit where nothing is left of it.
        """
        wished = self.wished(prices)
        worth = self.worth(prices)
        falls = np.full_like(wished, np.inf)
        return np.divide(wished, worth, out=falls, where=worth > 0)


@dataclass(frozen=True, eq=False)
class FixedDemand(Demand):
    """Every buyer wants its deficit, and a kWh is worth its distance to the tariff.

    >>> FixedDemand(buyers=2, tariff=0.75).worth(np.array([0.60, 0.63])).round(2)
    array([[0.15, 0.12],
           [0.15, 0.12]])
    """

    buyers: int
    tariff: float

    @property
    def alike(self) -> bool:
        return True

    def wished(self, prices: np.ndarray) -> np.ndarray:
        return np.ones_like(self.worth(prices))

    def wish_falls(self, prices: np.ndarray) -> np.ndarray:
        return np.zeros_like(self.worth(prices))

    def worth(self, prices: np.ndarray) -> np.ndarray:
        return np.repeat(for_each_buyer(self.tariff - prices), self.buyers, axis=-2)


@dataclass(frozen=True, eq=False)
class ElasticDemand(Demand):
    """Buyers whose satisfaction bends; see the head of this module.

    first: yuan/kWh, lambda, what the first kWh is worth, `(buyers,)`, above the tariff.
    tariff: yuan/kWh.
    above_grid: the worth counts from what the grid would bring; else from nothing, as (17) reads.
    """

    first: np.ndarray
    tariff: float
    above_grid: bool = False

    @property
    def alike(self) -> bool:
        first = self.first
        return bool(np.ptp(first) <= SAME * np.abs(first).max())

    @property
    def fall(self) -> np.ndarray:
        """By how much the worth of a kWh falls from the first to the last, `(buyers, 1)`."""
        return (self.first - self.tariff)[:, None]

    def left_of_first(self, prices: np.ndarray) -> np.ndarray:
        """What the first kWh is worth above its price, yuan/kWh `(..., buyers, prices)`."""
        return self.first[:, None] - for_each_buyer(prices)

    @abstractmethod
    def utility(self, prices: np.ndarray) -> np.ndarray:
        """Satisfaction less payment at the optimal purchase, yuan for each kWh of the deficit."""

    @abstractmethod
    def utility_above_grid(self, prices: np.ndarray) -> np.ndarray:
        """How much that is above what the grid's price brings, as a sum of terms of its own size.

        The difference of two utilities would lose its digits where the first kWh is worth much.
        """

    def worth(self, prices: np.ndarray) -> np.ndarray:
        return self.utility_above_grid(prices) if self.above_grid else self.utility(prices)


class QuadraticDemand(ElasticDemand):
    """Demand that falls along a line.

    >>> demand = QuadraticDemand(first=np.array([1.0]), tariff=0.75)
    >>> demand.wished(np.array([0.65, 0.75]))
    array([[1.4, 1. ]])
    >>> demand.worth(np.array([0.65])).round(3)
    array([[0.245]])
    """

    def wished(self, prices: np.ndarray) -> np.ndarray:
        return self.left_of_first(prices) / self.fall

    def wish_falls(self, prices: np.ndarray) -> np.ndarray:
        return 1 / self.left_of_first(prices)

    def utility(self, prices: np.ndarray) -> np.ndarray:
        return self.left_of_first(prices) ** 2 / (2 * self.fall)

    def utility_above_grid(self, prices: np.ndarray) -> np.ndarray:
        saved = for_each_buyer(self.tariff - prices)
        return saved + saved**2 / (2 * self.fall)


class LogDemand(ElasticDemand):
    """Demand that falls along a hyperbola; prices above zero only.

    >>> demand = LogDemand(first=np.array([1.0]), tariff=0.75)
    >>> demand.wished(np.array([0.75]))
    array([[1.]])
    """

    @property
    def scale(self) -> np.ndarray:
        """s as a part of the deficit, `(buyers, 1)`."""
        return self.tariff / self.fall

    def wished(self, prices: np.ndarray) -> np.ndarray:
        return self.scale * (self.first[:, None] / for_each_buyer(prices) - 1)

    def wish_falls(self, prices: np.ndarray) -> np.ndarray:
        return self.first[:, None] / (for_each_buyer(prices) * self.left_of_first(prices))

    def utility(self, prices: np.ndarray) -> np.ndarray:
        first = self.first[:, None]
        left = self.left_of_first(prices)
        return self.scale * (first * np.log(first / for_each_buyer(prices)) - left)

    def utility_above_grid(self, prices: np.ndarray) -> np.ndarray:
        saved = for_each_buyer(self.tariff - prices)
        cheaper = np.log(self.tariff / for_each_buyer(prices))
        return self.scale * (self.first[:, None] * cheaper - saved)


def demand_of(hour: Hour, rules: Rules) -> Demand:
    """What the buyers of an hour want under these rules.

    Raises WrongInput where elastic demand has no satisfaction coefficient, and where a logarithm
    meets prices that are not above zero.
    """
    if rules.demand == "fixed":
        return FixedDemand(len(hour.buyers), hour.grid_price)
    coefficient = np.full(len(hour.buyers), np.nan)
    if hour.satisfaction is not None:
        coefficient = np.asarray(hour.satisfaction, float)
    missing = [
        name for name, number in zip(hour.buyers, coefficient, strict=True) if number != number
    ]
    if missing:
        raise WrongInput(
            f"step {hour.step}: found no satisfaction coefficient of {', '.join(missing)}; "
            "allowed for elastic demand: power_market, satisfaction, a number above 1 for each VPP"
        )
    first = hour.grid_price + (coefficient - 1) * hour.price_size
    if rules.satisfaction == "quadratic":
        return QuadraticDemand(first, hour.grid_price, rules.counted_from == "grid")
    if hour.price_min <= 0:
        raise WrongInput(
            f"step {hour.step}: found price_min {hour.price_min:g} yuan/kWh; "
            "allowed for a satisfaction that is a logarithm: a lowest price above 0"
        )
    return LogDemand(first, hour.grid_price, rules.counted_from == "grid")
