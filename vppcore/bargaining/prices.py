"""Prices for a deal in closed form, and in a band that binds. No logarithms are needed.

yuan, yuan/kWh; `position` is theta by pair, -1 and 1 at the edges of the price band.
A deal here is one group of VPPs that trade and save something (`Deal.groups`).

With money that can be handed over freely the bargaining problem, max sum_i w_i log(gain_i) over
gains that add up to the saving S, has the closed form gain_i = w_i S. Prices must only make the
payments come out; of all that do we take those nearest to mid-market: sum_pairs K theta^2 least.

Where the band is too narrow for w_i S the problem stays one of least squares. The gains that
payments |y| <= K can make are a base polytope (of the cut function of a graph), and on a base
polytope sum w_i log(gain_i) is greatest where sum gain_i^2 / w_i is least (Fujishige 1980): where
the least gain_i / w_i is as large as can be, then the second least, and so on.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from vppcore.bargaining.deal import Deal, VppPair
from vppcore.bargaining.weights import ROUNDING
from vppcore.errors import NotSolved
from vppcore.solvers import solve, value_of

# shares of the saving: below the first two gains count as equal, below the last a gain is none
SAME_GAIN = 1e-4
NO_GAIN = 1e-9
# what missing the gains weighs against being far from mid-market, both in units of the saving
KEEP_GAINS = 1e6


def prices_at(deal: Deal, position: np.ndarray) -> dict[VppPair, np.ndarray]:
    """Hourly prices mid + theta sign(p) half, yuan/kWh `(steps,)` by pair."""
    mid = deal.by_pair("mid")
    half = deal.by_pair("half")
    prices = {}
    for (pair, trade), theta in zip(deal.trade.items(), position, strict=True):
        prices[pair] = mid[pair] + theta * np.sign(trade) * half[pair]
    return prices


def best_position(deal: Deal) -> np.ndarray:
    """theta by pair of the best split that prices in the band allow, nearest to mid-market.

    Raises NotSolved (infeasible) if no prices in the band leave everybody better off than alone.
    """
    position = closed_form_position(deal)
    inside = np.abs(position).max(initial=0.0) <= 1 + 1e-9
    reached = np.abs(deal.gains(position) - deal.shares).max() <= SAME_GAIN * deal.saving
    return position if inside and reached else bounded_position(deal)


def closed_form_position(deal: Deal) -> np.ndarray:
    """theta by pair for gain_i = w_i S, with sum K theta^2 least; may lie outside [-1, 1].

    With multipliers phi the least squares read theta_ij = phi_i - phi_j: each VPP has a potential,
    and one small Laplacian system gives them all. Where no prices make these gains (a band without
    width, say) it comes as near as it can; the caller compares the gains.
    """
    still_to_pay = deal.gains_at_mid - deal.shares
    laplacian = deal.incidence * deal.room @ deal.incidence.T
    potential = np.linalg.pinv(laplacian, hermitian=True) @ still_to_pay
    return np.where(deal.room > 0, deal.incidence.T @ potential, 0.0)


def bounded_position(deal: Deal) -> np.ndarray:
    """theta by pair of max sum w_i log(gain_i) with |theta| <= 1, nearest to mid-market.

    First the gains, which are unique, then of all theta that make them the one with the least
    sum K theta^2. Raises NotSolved (infeasible) if somebody must lose.
    """
    refuse_if_somebody_must_lose(deal)
    gains = best_gains(deal)
    theta = cp.Variable(len(deal.pairs), bounds=[-1, 1])
    moved = deal.incidence * deal.room / deal.saving @ theta
    missed = (deal.gains_at_mid - gains) / deal.saving - moved
    from_mid = cp.sum(cp.multiply(deal.room / deal.saving, cp.square(theta)))
    nearest = cp.Minimize(from_mid + KEEP_GAINS * cp.sum_squares(missed))
    solve(cp.Problem(nearest), "clarabel", "P2, nearest prices")
    return np.clip(value_of(theta), -1, 1)


def best_gains(deal: Deal) -> np.ndarray:
    """The gains of max sum w_i log(gain_i) that prices in the band allow, yuan `(VPPs,)`.

    Found as the least sum (gain_i - w_i S)^2 / w_i, which has the same solution (see above).
    """
    weights = np.maximum(deal.weights.to_numpy(float), ROUNDING)
    theta = cp.Variable(len(deal.pairs), bounds=[-1, 1])
    gains = (deal.gains_at_mid - deal.incidence * deal.room @ theta) / deal.saving
    missed = cp.multiply(1 / np.sqrt(weights), gains - weights)
    solve(cp.Problem(cp.Minimize(cp.sum_squares(missed))), "clarabel", "P2, best gains")
    return deal.saving * value_of(gains)


def refuse_if_somebody_must_lose(deal: Deal) -> None:
    """Raises NotSolved (infeasible) unless some prices in the band leave everybody better off."""
    name, gain = largest_least_gain(deal)
    if gain <= NO_GAIN * deal.saving:
        raise NotSolved(
            "P2: no prices inside the grid's price band leave every VPP better off than alone "
            f"(at the best prices for the worst-off, {name} gains {gain:,.4g} yuan)",
            "infeasible",
        )


def largest_least_gain(deal: Deal) -> tuple[str, float]:
    """How well the worst-off VPP can do at prices in the band: its name and its gain, yuan.

    One small linear problem; a gain above zero is the exact condition for a deal.
    """
    theta = cp.Variable(len(deal.pairs), bounds=[-1, 1])
    least = cp.Variable()
    gains = (deal.gains_at_mid - deal.incidence * deal.room @ theta) / deal.saving
    solve(cp.Problem(cp.Maximize(least), [gains >= least]), "highs", "P2, the least gain")
    worst = int(np.argmin(value_of(gains)))
    return deal.names[worst], deal.saving * float(value_of(least))
