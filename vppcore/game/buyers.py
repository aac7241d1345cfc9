"""Buyers choose sellers: the evolutionary game of paper B.

kW, yuan/kWh; prices are (sellers,), shares are (buyers, sellers) with rows that add up to one.
"""

from __future__ import annotations

import numpy as np

from vppcore.game.rules import Rules
from vppcore.market import Hour

# share of buyers that tries every seller anew in each round: imitation alone never finds a seller that nobody has chosen
CURIOSITY = 1e-3


def payoffs(hour: Hour, prices: np.ndarray, shares: np.ndarray, rule: str = "shared") -> np.ndarray:
    """F_j for each seller `(sellers,)`: what choosing it is worth to any buyer, paper B (17)."""
    gain = (hour.grid_price - prices) * hour.surplus
    asked = hour.deficit @ shares
    return (
        gain / np.maximum(asked, 1e-9 * hour.deficit.sum())
        if rule == "shared"
        else gain / hour.deficit.sum()
    )


def imitate(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, step: float, rule: str = "shared"
) -> np.ndarray:
    """One step of the replicator, paper B (25): y_ij grows with the payoff of j above the average, payoffs over their mean.

    Proportional imitation (B 18) gives dy_ij/dt = y_ij (F_j - mean of F over y_i) (B 19).
    """
    worth = payoffs(hour, prices, shares, rule)
    average = shares @ worth
    scale = max(float(np.max(average)), 1e-300)
    # at most to a tenth in one step: imitation slows down, it does not make a seller vanish
    moved = shares * np.maximum(1 + step * (worth - average[:, None]) / scale, 0.1)
    return moved / moved.sum(axis=1, keepdims=True)


def evolve(
    hour: Hour, prices: np.ndarray, start: np.ndarray, rules: Rules
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Shares at the buyers' evolutionary equilibrium, and the way there."""
    path = [start]
    for _ in range(20 * rules.max_rounds):
        path.append(imitate(hour, prices, path[-1], rules.evolution_step, rules.payoff))
        if np.abs(path[-1] - path[-2]).max() <= rules.tolerance:
            break
    return path[-1], path


def rest_point(hour: Hour, prices: np.ndarray) -> np.ndarray:
    """Closed form of the buyers' equilibrium: the part of all demand that each seller is asked for, `(sellers,)`."""
    worth = (hour.grid_price - prices) * hour.surplus
    # nobody gains anywhere: buyers do not care, and what is there is asked for
    return worth / worth.sum() if worth.sum() > 0 else hour.surplus / hour.surplus.sum()


def eigenvalues(hour: Hour, prices: np.ndarray) -> np.ndarray:
    """Of the buyers' dynamics at rest, all buyers alike, in units of the mean payoff; all negative means stable.

    With Y_j the common share, dY_j/dt = (a_j - Y_j sum_k a_k)/D is linear, so every eigenvalue is minus the mean payoff:
    after scaling, -1. Found here by differences along the simplex, as a check of the code.
    """
    count, rest = len(hour.sellers), rest_point(hour, prices)
    if count < 2 or not (hour.grid_price - prices > 1e-9).all():
        return np.array([])
    basis = np.linalg.qr(np.vstack([np.ones(count), np.eye(count)[:-1]]).T)[0][:, 1:]
    width = 1e-5 * rest.min()

    def speed(y: np.ndarray) -> np.ndarray:
        shares = np.tile(y, (len(hour.buyers), 1))
        worth = payoffs(hour, prices, shares)
        return (y * (worth - y @ worth)) / (
            rest @ payoffs(hour, prices, np.tile(rest, (len(hour.buyers), 1)))
        )

    columns = [
        (speed(rest + width * way) - speed(rest - width * way)) / (2 * width) for way in basis.T
    ]
    return np.sort(np.linalg.eigvals(basis.T @ np.column_stack(columns)).real)
