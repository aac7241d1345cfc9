"""Sellers set prices: the price game of paper B.

yuan/kWh; prices are (sellers,).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from vppcore.game.buyers import rest_point
from vppcore.game.rules import Rules
from vppcore.market import Hour


def raise_prices(hour: Hour, prices: np.ndarray, part: np.ndarray, rules: Rules) -> np.ndarray:
    """One step of the sellers, paper B (26), along the derivative of their utility.

    The derivative is divided by N_j (2 - Y_j)/(g - p_j), which makes its size that of a price: the step then goes the
    fraction `price_step` of the way to where the derivative vanishes. Frozen buyers leave dU_j/dp_j = N_j > 0.
    """
    if not rules.anticipate:
        return np.clip(
            prices + rules.price_step * 0.1 * (hour.grid_price - hour.price_min),
            hour.price_min,
            hour.top,
        )
    target = (hour.grid_price + hour.reservation * (1 - part)) / (2 - part)
    return np.clip(prices + rules.price_step * (target - prices), hour.price_min, hour.top)


def equilibrium(hour: Hour) -> tuple[np.ndarray, np.ndarray]:
    """Closed form of the leader-follower equilibrium: prices and each seller's part of the demand.

    For a given K = sum_k (g - p_k) S_k, a seller's margin x = g - p solves a quadratic, and sum_j x_j(K) S_j / K falls
    from above 1 to 0 as K grows. So there is exactly one K, and one equilibrium.
    """
    if len(hour.sellers) == 1:
        return np.array([hour.top]), np.ones(1)  # a monopolist takes what the grid would
    room = hour.grid_price - hour.reservation
    least, most = hour.grid_price - hour.top, hour.grid_price - hour.price_min

    def margins(k: float) -> np.ndarray:
        ratio = room * hour.surplus / k
        return np.clip(2 * room / (2 + ratio + np.sqrt(4 + ratio**2)), least, most)

    def spare(logarithm: float) -> float:
        k = np.exp(logarithm)
        return float((margins(k) * hour.surplus).sum() / k - 1)

    scale = float((most * hour.surplus).sum())
    low, high = np.log(1e-12 * scale), np.log(scale) + 1e-9
    k = np.exp(brentq(spare, low, high, xtol=1e-14, rtol=1e-15))
    prices = hour.grid_price - margins(k)
    return prices, rest_point(hour, prices)


def temptation(hour: Hour, prices: np.ndarray, grid: int = 400) -> float:
    """Largest gain of any seller from any other price while buyers settle anew, relative to what it earns; best if 0.

    Tries `grid` prices over the whole band for each seller: a check that does not use the derivative.
    """
    part = rest_point(hour, prices)
    worth = (hour.grid_price - prices) * hour.surplus
    tried, worst = np.linspace(hour.price_min, hour.top, grid), 0.0
    for j in range(len(prices)):
        own = (hour.grid_price - tried) * hour.surplus[j]
        others = worth.sum() - worth[j]
        share = own / (own + others) if others > 0 else np.ones_like(own)
        now = (prices[j] - hour.reservation[j]) * part[j]
        worst = max(
            worst, float(np.max((tried - hour.reservation[j]) * share) - now) / max(abs(now), 1e-12)
        )
    return worst
