"""Buyers choose sellers: the evolutionary game of paper B.

kW, yuan/kWh; prices are (sellers,), shares and payoffs are (buyers, sellers); rows of shares add up
to one. A share is the probability that a buyer chooses a seller; with fixed demand it is also the
part of its deficit that it asks of that seller. Several games of one hour can be played side by
side: then all of these have a first axis more, `(games, ...)`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vppcore.game.demand import demand_of
from vppcore.game.rest import indifferent_without_worth, rest_by_newton, rest_of
from vppcore.game.rules import Rules
from vppcore.market import Hour

# Share of buyers that tries every seller anew in each round: imitation alone never finds a seller
# that nobody has chosen.
CURIOSITY = 1e-3
# In one step of the replicator a share falls at most to this part of itself: imitation slows down,
# it does not make a seller vanish.
LEAST_KEPT = 0.1
# The payoff of a seller whom nobody chooses is infinite; it is cut where those who choose it need
# less than this part of its surplus.
LEAST_ASKED = 1e-9


def part_of_demand(hour: Hour, shares: np.ndarray) -> np.ndarray:
    """The part of all demand that falls to each seller, `(sellers,)`, adding up to one."""
    return chosen_power(hour, shares) / hour.deficit.sum()


def chosen_power(hour: Hour, shares: np.ndarray) -> np.ndarray:
    """The deficits of those who choose a seller, N_j, kW `(sellers,)`."""
    return hour.deficit @ shares


def payoffs(
    hour: Hour,
    prices: np.ndarray,
    shares: np.ndarray,
    rule: str = "shared",
    rules: Rules | None = None,
) -> np.ndarray:
    """What choosing a seller is worth to a buyer, yuan/kWh `(buyers, sellers)`, paper B (17).

    rule: "shared": those who choose a seller share its surplus, F_ij = v_ij S_j/N_j; "unshared":
        they do not.
    rules: what buyers want; fixed demand by default, v_ij = g - p_j.
    """
    worth = demand_of(hour, rules or Rules()).worth(prices)
    return shared_out(hour, worth, shares, rule)


def shared_out(
    hour: Hour, worth: np.ndarray, shares: np.ndarray, rule: str = "shared"
) -> np.ndarray:
    """Payoffs of purchases whose worth is known, yuan/kWh `(buyers, sellers)`; see `payoffs`.

    worth: of the optimal purchase at a seller's price, yuan/kWh `(buyers, sellers)`, see
        `Demand.worth`.
    """
    if rule == "unshared":
        return worth * hour.surplus / hour.deficit.sum()
    chosen = np.maximum(chosen_power(hour, shares), LEAST_ASKED * hour.surplus)
    return worth * hour.surplus / chosen[..., None, :]


def imitate(
    hour: Hour,
    prices: np.ndarray,
    shares: np.ndarray,
    step: float,
    rule: str = "shared",
    rules: Rules | None = None,
) -> np.ndarray:
    """The shares after one step of the replicator, paper B (25), `(buyers, sellers)`.

    Imitation in proportion to the payoff, B (18), makes a share grow with the payoff of its seller
    above the buyer's average, dy_ij/dt = y_ij (F_ij - mean of F_i over y_i), B (19). Payoffs count
    in units of that average, so that the step has no unit.
    step: above 0; converges below 2.
    rule, rules: see `payoffs`.
    """
    return moved_towards(shares, payoffs(hour, prices, shares, rule, rules), step)


def moved_towards(shares: np.ndarray, payoff: np.ndarray, step: float) -> np.ndarray:
    """The shares after one step of the replicator towards what pays more, `(buyers, sellers)`."""
    average = (shares * payoff).sum(axis=-1, keepdims=True)
    gains = average > 0  # else every price is the grid's: no choice is better than another
    if not gains.all():
        payoff = np.where(gains, payoff, 1.0)
        average = np.where(gains, average, 1.0)
    growth = payoff / average - 1  # B (19)
    moved = shares * np.maximum(1 + step * growth, LEAST_KEPT)  # B (25)
    return moved / moved.sum(axis=-1, keepdims=True)


def curious(hour: Hour, shares: np.ndarray) -> np.ndarray:
    """Shares once a few buyers have tried every seller anew, so that none is forgotten."""
    return (1 - CURIOSITY) * shares + CURIOSITY / len(hour.sellers)


def evolve(
    hour: Hour, prices: np.ndarray, start: np.ndarray, rules: Rules
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The shares at which buyers rest, and all shares on the way there, the first included.

    Buyers to whom no price leaves anything go by what sellers have to share.
    Where buyers do not come to rest, the last two on the way differ by more than the tolerance.
    """
    worth = indifferent_without_worth(demand_of(hour, rules).worth(prices))
    path = [start]
    for _ in range(20 * rules.max_rounds):
        payoff = shared_out(hour, worth, path[-1], rules.payoff)
        path.append(moved_towards(path[-1], payoff, rules.evolution_step))
        if largest_change(path) <= rules.tolerance:
            break
    return path[-1], path


def largest_change(path: list[np.ndarray]) -> float:
    """The largest change of any number between the last two entries of a path."""
    return float(np.abs(path[-1] - path[-2]).max())


def rest_point(hour: Hour, prices: np.ndarray, rules: Rules | None = None) -> np.ndarray:
    """The part of all demand that falls to each seller where buyers rest, `(sellers,)`.

    A closed form for buyers who are alike, a concave programme for others; see `game.rest`.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([6.0, 8.0]), np.array([7.0]),
    ...             np.array([0.3, 0.38]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> rest_point(hour, np.array([0.60, 0.63])).round(3)
    array([0.484, 0.516])
    """
    demand = demand_of(hour, rules or Rules())
    return rest_of(hour, demand.worth(prices), demand.alike)


def shares_at_rest(hour: Hour, prices: np.ndarray, rules: Rules | None = None) -> np.ndarray:
    """Shares at which buyers rest, `(..., buyers, sellers)`; equal rows for those who are alike.

    prices: `(..., sellers)`.
    """
    demand = demand_of(hour, rules or Rules())
    worth = demand.worth(prices)
    if demand.alike:
        common = rest_of(hour, worth, alike=True)[..., None, :]
        return np.repeat(common, len(hour.buyers), axis=-2)
    return rest_by_newton(hour, indifferent_without_worth(worth))


def eigenvalues(hour: Hour, prices: np.ndarray, rules: Rules | None = None) -> np.ndarray:
    """Eigenvalues of the buyers' dynamics at rest, all buyers alike, rising, `(sellers - 1,)`.

    In units of the mean payoff; all negative means that a small disturbance of all buyers alike
    dies out. Empty with one seller, where buyers differ in what sellers are worth to them, or
    where a price is the grid's and worth nothing.

    With Y_j the common share, dY_j/dt = (a_j - Y_j sum_k a_k)/D is linear, so every eigenvalue is
    -1. Found here by differences along the simplex, as a check of the code. Disturbances in which
    buyers move apart and N stays have the eigenvalue 0: shares may drift, what is asked may not.
    """
    demand = demand_of(hour, rules or Rules())
    worth = demand.worth(prices)[:1]
    count = len(hour.sellers)
    if count < 2 or not demand.alike or worth.min() <= 1e-9 * hour.price_size:
        return np.array([])
    one = as_one_buyer(hour)
    rest = rest_of(one, worth, alike=True)
    directions = directions_of_simplex(count)
    width = 0.1 * rest.min()  # wide, as rounding would show beside a very small share
    mean_payoff = float(rest @ shared_out(one, worth, rest[None, :])[0])

    slopes = []
    for direction in directions.T:
        after = replicator(one, worth, rest + width * direction)
        before = replicator(one, worth, rest - width * direction)
        slopes.append((after - before) / (2 * width * mean_payoff))
    jacobian = directions.T @ np.column_stack(slopes)
    return np.sort(np.linalg.eigvals(jacobian).real)


def replicator(hour: Hour, worth: np.ndarray, common: np.ndarray) -> np.ndarray:
    """dy/dt of the shares `(sellers,)` of an hour with one buyer, paper B (19)."""
    payoff = shared_out(hour, worth, common[None, :])[0]
    return common * (payoff - common @ payoff)  # B (19)


def as_one_buyer(hour: Hour) -> Hour:
    """The hour with all buyers as one."""
    return replace(hour, buyers=("all",), deficit=np.array([hour.deficit.sum()]), satisfaction=None)


def directions_of_simplex(count: int) -> np.ndarray:
    """Orthonormal directions that keep a sum of shares unchanged, `(count, count - 1)`."""
    ones_and_axes = np.vstack([np.ones(count), np.eye(count)[:-1]])
    orthonormal, _ = np.linalg.qr(ones_and_axes.T)
    return orthonormal[:, 1:]
