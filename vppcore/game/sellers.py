"""Sellers set prices: the price game of paper B.

yuan/kWh; prices are (sellers,). The part of a seller is its share of all demand.

A seller earns $U_j=(p_j-c_j)N_j$ and knows how buyers will react, so that

    dU_j/dp_j = N_j (1 - (p_j - c_j)(1 - Y_j)/(g - p_j)),   Y_j = a_j / sum_k a_k,

which is zero at p_j = (g + c_j (1 - Y_j)) / (2 - Y_j). U_j rises up to there and falls beyond, so a
price that no small change improves is a best response, also where it lies on the edge of the band.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from vppcore.game.buyers import offers, rest_point
from vppcore.game.rules import Rules
from vppcore.market import Hour

# how far sellers who take buyers for frozen raise their prices in a round, as a share of the band
FROZEN_RISE = 0.1
# earnings smaller than this share of the largest possible ones count as zero
LEAST_EARNED = 1e-12


def best_prices(hour: Hour, part: np.ndarray) -> np.ndarray:
    """The prices at which the derivative of each seller's utility vanishes, paper B (23), (24).

    part: of all demand, `(sellers,)`. The band is not looked at.
    """
    return (hour.grid_price + hour.reservation * (1 - part)) / (2 - part)


def raise_prices(hour: Hour, prices: np.ndarray, part: np.ndarray, rules: Rules) -> np.ndarray:
    """The prices after one step of the sellers along the derivative of their utility, paper B (26).

    The derivative is divided by N_j (2 - Y_j)/(g - p_j), which makes its size that of a price: the
    step goes the fraction `price_step` of the way to where the derivative vanishes. With frozen
    buyers dU_j/dp_j = N_j > 0, and prices only rise.
    part: of all demand, `(sellers,)`.
    """
    if rules.anticipate:
        change = best_prices(hour, part) - prices
    else:
        change = np.full_like(prices, FROZEN_RISE * (hour.grid_price - hour.price_min))
    moved = prices + rules.price_step * change  # B (26)
    return np.clip(moved, hour.price_min, hour.top)


def equilibrium(hour: Hour) -> tuple[np.ndarray, np.ndarray]:
    """Closed form of the leader-follower equilibrium: prices and each seller's part of all demand.

    For a given total offer K = sum_k (g - p_k) S_k a seller's margin solves a quadratic equation
    (`margins_at`), and the parts that belong to it add up to a number that falls from above 1 to 0
    as K grows. So there is exactly one K, and one equilibrium.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([6.0, 8.0]), np.array([7.0]),
    ...             np.array([0.3, 0.38]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> prices, part = equilibrium(hour)
    >>> prices.round(4), part.round(4)
    (array([0.5973, 0.629 ]), array([0.4862, 0.5138]))
    """
    if len(hour.sellers) == 1:
        return np.array([hour.top]), np.ones(1)  # a monopolist takes what the grid would

    def spare(logarithm: float) -> float:
        total_offer = np.exp(logarithm)
        parts = margins_at(hour, total_offer) * hour.surplus / total_offer
        return float(parts.sum() - 1)

    least_offers = (hour.grid_price - hour.reservation) * hour.surplus
    most_offers = (hour.grid_price - hour.price_min) * hour.surplus
    low = np.log(1e-12 * least_offers.min())  # each part is almost one
    high = np.log(most_offers.sum()) + 1e-9  # the parts add up to less than one
    total_offer = np.exp(brentq(spare, low, high, xtol=1e-14, rtol=1e-15))
    prices = hour.grid_price - margins_at(hour, total_offer)
    return prices, rest_point(hour, prices)


def margins_at(hour: Hour, total_offer: float) -> np.ndarray:
    """What sellers leave buyers, g - p_j, where all offers together are K, yuan/kWh `(sellers,)`.

    With x = g - p, R = g - c and r = R S/K the derivative vanishes where r (x/R)^2 - (2 + r)(x/R)
    + 1 = 0, whose root below one is taken; the band cuts it off.
    total_offer: K, yuan/h, above 0.
    """
    room = hour.grid_price - hour.reservation
    ratio = room * hour.surplus / total_offer
    margins = 2 * room / (2 + ratio + np.sqrt(4 + ratio**2))
    return np.clip(margins, hour.grid_price - hour.top, hour.grid_price - hour.price_min)


def temptation(hour: Hour, prices: np.ndarray, grid: int = 400) -> float:
    """The largest gain of any seller from any other price, relative to what it earns; 0 is best.

    Buyers settle anew at each price that is tried. A check that does not use the derivative.
    grid: how many prices over the whole band each seller tries.
    """
    tried = np.linspace(hour.price_min, hour.top, grid)
    least = LEAST_EARNED * (hour.grid_price - hour.price_min)
    earned_now = (prices - hour.reservation) * rest_point(hour, prices)  # per kWh of all demand
    largest = 0.0
    for seller, now in enumerate(earned_now):
        gain = earned(hour, prices, seller, tried).max() - now
        largest = max(largest, float(gain / max(abs(now), least)))
    return largest


def earned(hour: Hour, prices: np.ndarray, seller: int, tried: np.ndarray) -> np.ndarray:
    """What a seller earns at each price that it tries while others keep theirs, per kWh of demand.

    Its utility U_j = (p_j - c_j) N_j of paper B (22) with the buyers at rest, over all demand.
    seller: its index.
    tried: prices, `(prices,)`; so is the result.
    """
    offer = (hour.grid_price - tried) * hour.surplus[seller]
    others = np.delete(offers(hour, prices), seller).sum()
    if others > 0:
        part = offer / (offer + others)
    else:  # nobody else offers anything
        part = np.ones_like(offer)
    return (tried - hour.reservation[seller]) * part
