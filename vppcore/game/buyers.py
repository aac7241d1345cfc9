"""Buyers choose sellers: the evolutionary game of paper B.

kW, yuan/kWh; prices and payoffs are (sellers,), shares are (buyers, sellers) with rows that add up
to one. A share is the probability that a buyer chooses a seller, or the part of its deficit that it
asks of that seller, which is the same here.
"""

from __future__ import annotations

import numpy as np

from vppcore.game.rules import Rules
from vppcore.market import Hour, asked_power

# Share of buyers that tries every seller anew in each round: imitation alone never finds a seller
# that nobody has chosen.
CURIOSITY = 1e-3
# In one step of the replicator a share falls at most to this part of itself: imitation slows down,
# it does not make a seller vanish.
LEAST_KEPT = 0.1
# The payoff of a seller whom nobody asks is infinite; it is cut where the part of all demand that
# is asked of it falls below this.
LEAST_ASKED = 1e-9


def part_of_demand(hour: Hour, shares: np.ndarray) -> np.ndarray:
    """The part of all demand that is asked of each seller, `(sellers,)`, adding up to one."""
    return asked_power(hour, shares).sum(axis=0) / hour.deficit.sum()


def offers(hour: Hour, prices: np.ndarray) -> np.ndarray:
    """What buyers would save in all if they took each seller's whole surplus, yuan/h `(sellers,)`.

    $a_j=(g-p_j)S_j$; at rest the demand for a seller is proportional to it.
    """
    return (hour.grid_price - prices) * hour.surplus


def payoffs(hour: Hour, prices: np.ndarray, shares: np.ndarray, rule: str = "shared") -> np.ndarray:
    """What choosing a seller is worth to any buyer, yuan/kWh `(sellers,)`, paper B (17).

    rule: "shared": those who choose a seller share its surplus; "unshared": they do not.
    """
    demand = hour.deficit.sum()
    if rule == "unshared":
        return offers(hour, prices) / demand
    asked = np.maximum(asked_power(hour, shares).sum(axis=0), LEAST_ASKED * demand)
    return offers(hour, prices) / asked  # B (17)


def imitate(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, step: float, rule: str = "shared"
) -> np.ndarray:
    """The shares after one step of the replicator, paper B (25), `(buyers, sellers)`.

    Imitation in proportion to the payoff, B (18), makes a share grow with the payoff of its seller
    above the buyer's average, dy_ij/dt = y_ij (F_j - mean of F over y_i), B (19). Payoffs count in
    units of the largest average, so that the step has no unit.
    step: above 0; converges below 2.
    rule: see `payoffs`.
    """
    payoff = payoffs(hour, prices, shares, rule)
    average = shares @ payoff
    size = float(average.max())
    if size <= 0:  # every price is the grid's: no choice is better than another
        return shares
    growth = (payoff - average[:, None]) / size  # B (19)
    moved = shares * np.maximum(1 + step * growth, LEAST_KEPT)  # B (25)
    return moved / moved.sum(axis=1, keepdims=True)


def evolve(
    hour: Hour, prices: np.ndarray, start: np.ndarray, rules: Rules
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The shares at which buyers rest, and all shares on the way there, the first included.

    Where buyers do not come to rest, the last two on the way differ by more than the tolerance.
    """
    path = [start]
    for _ in range(20 * rules.max_rounds):
        path.append(imitate(hour, prices, path[-1], rules.evolution_step, rules.payoff))
        if largest_change(path) <= rules.tolerance:
            break
    return path[-1], path


def largest_change(path: list[np.ndarray]) -> float:
    """The largest change of any number between the last two entries of a path."""
    return float(np.abs(path[-1] - path[-2]).max())


def rest_point(hour: Hour, prices: np.ndarray) -> np.ndarray:
    """The buyers' rest in closed form: the part of all demand asked of each seller, `(sellers,)`.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([6.0, 8.0]), np.array([7.0]),
    ...             np.array([0.3, 0.38]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> rest_point(hour, np.array([0.60, 0.63])).round(3)
    array([0.484, 0.516])
    """
    offer = offers(hour, prices)
    if offer.sum() <= 0:  # nobody gains anywhere: buyers do not care, what is there is asked for
        offer = hour.surplus
    return offer / offer.sum()


def eigenvalues(hour: Hour, prices: np.ndarray) -> np.ndarray:
    """Eigenvalues of the buyers' dynamics at rest, all buyers alike, rising, `(sellers - 1,)`.

    In units of the mean payoff; all negative means that a small disturbance of all buyers alike
    dies out. Empty with one seller, or where a price is the grid's and its payoff zero.

    With Y_j the common share, dY_j/dt = (a_j - Y_j sum_k a_k)/D is linear, so every eigenvalue is
    -1. Found here by differences along the simplex, as a check of the code.
    """
    count = len(hour.sellers)
    margins = hour.grid_price - prices
    if count < 2 or margins.min() <= 1e-9 * hour.price_size:
        return np.array([])
    rest = rest_point(hour, prices)
    directions = directions_of_simplex(count)
    width = 1e-5 * rest.min()
    mean_payoff = rest @ payoffs(hour, prices, alike(hour, rest))

    slopes = []
    for direction in directions.T:
        after = replicator(hour, prices, rest + width * direction)
        before = replicator(hour, prices, rest - width * direction)
        slopes.append((after - before) / (2 * width * mean_payoff))
    jacobian = directions.T @ np.column_stack(slopes)
    return np.sort(np.linalg.eigvals(jacobian).real)


def replicator(hour: Hour, prices: np.ndarray, common: np.ndarray) -> np.ndarray:
    """dy/dt of the shares `(sellers,)` that all buyers have in common, paper B (19)."""
    payoff = payoffs(hour, prices, alike(hour, common))
    return common * (payoff - common @ payoff)  # B (19)


def alike(hour: Hour, common: np.ndarray) -> np.ndarray:
    """Shares `(buyers, sellers)` of buyers who all choose as `common` `(sellers,)` says."""
    return np.tile(common, (len(hour.buyers), 1))


def directions_of_simplex(count: int) -> np.ndarray:
    """Orthonormal directions that keep a sum of shares unchanged, `(count, count - 1)`."""
    ones_and_axes = np.vstack([np.ones(count), np.eye(count)[:-1]])
    orthonormal, _ = np.linalg.qr(ones_and_axes.T)
    return orthonormal[:, 1:]
