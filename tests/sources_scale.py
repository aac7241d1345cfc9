"""Where the numbers of the chapter on scale come from, beyond those in the notebook's results.

The example of two VPPs is worked out a second way: the whole Newton system of both at once.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from vppcore import load_case, pool
from vppcore.fleet import pool_by_exchange

COSTS = np.array([0.2, 0.6])
MOST = 10.0
LOAD = 6.0
CENTRES = (1.25, 0.25)


class Point(NamedTuple):
    """Price, what both make, and their multipliers at zero and at their limit."""

    price: float
    made: np.ndarray
    low: np.ndarray
    high: np.ndarray


@cache
def newton(rounds: int) -> Point:
    """The point after so many full Newton steps on all conditions of both VPPs at once."""
    made, low, high = np.full(2, 5.0), np.full(2, 0.25), np.full(2, 0.25)
    price = 0.0
    for centre in CENTRES[:rounds]:
        room = MOST - made
        system = np.zeros((7, 7))  # changes of: made (2), low (2), high (2), price
        right = np.zeros(7)
        for k in range(2):
            system[k, [2 + k, 4 + k, 6]] = -1.0, 1.0, -1.0
            right[k] = -(COSTS[k] - price - low[k] + high[k])
            system[2 + k, [k, 2 + k]] = low[k], made[k]
            right[2 + k] = centre - low[k] * made[k]
            system[4 + k, [k, 4 + k]] = -high[k], room[k]
            right[4 + k] = centre - high[k] * room[k]
        system[6, :2] = 1.0
        right[6] = LOAD - made.sum()
        change = np.linalg.solve(system, right)
        made, low, high = made + change[:2], low + change[2:4], high + change[4:6]
        price = price + change[6]
    return Point(float(price), made, low, high)


def price_after(rounds: int) -> float:
    return newton(rounds).price


def made_after(rounds: int, vpp: int) -> float:
    return float(newton(rounds).made[vpp])


def cost_after(rounds: int) -> float:
    return float(COSTS @ newton(rounds).made)


def bound_after(rounds: int) -> float:
    """Of the round's price: each VPP does what it likes best between nothing and its limit."""
    price = newton(rounds).price
    gains = [min((cost - price) * made for made in (0.0, MOST)) for cost in COSTS]
    return price * LOAD + sum(gains)


def multiplier_after(rounds: int, vpp: int, end: str) -> float:
    return float(getattr(newton(rounds), end)[vpp])


def theta_after(rounds: int, vpp: int) -> float:
    """The room to move of a VPP."""
    point = newton(rounds)
    low = point.low[vpp] / point.made[vpp]
    high = point.high[vpp] / (MOST - point.made[vpp])
    return 1 / float(low + high)


def stays_at(rounds: int, vpp: int) -> float:
    """The price at which a VPP would stay where it is, in the round after these."""
    point = newton(rounds)
    centre = CENTRES[rounds]
    made = point.made[vpp]
    return float(COSTS[vpp] - centre / made + centre / (MOST - made))


@cache
def in_pairs(name: str) -> float:
    """The joint optimum of a case in pairs, stores relaxed."""
    return pool(load_case(name), storage="relaxed").cost


@cache
def on_the_exchange(name: str) -> float:
    """The optimum of a case on the exchange, stores relaxed."""
    return pool_by_exchange(load_case(name)).lower
