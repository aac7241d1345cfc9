"""Where buyers rest: closed form for buyers who are alike, a concave programme for all others.

At rest every buyer chooses only sellers whose payoff F_ij = v_ij S_j/N_j is its largest, with
v_ij what choosing j is worth (`Demand.worth`) and N_j the deficits of those who choose it. These
are the conditions of the largest value of

    Phi(y) = sum_ij D_i y_ij ln v_ij - sum_j N_j (ln(N_j/S_j) - 1),   N_j = sum_i D_i y_ij

over shares y, since dPhi/dy_ij = D_i ln F_ij. Phi is concave, so a rest exists; it is strictly so
in N, so N is unique. With v_ij = v_j it lies at N_j in proportion to v_j S_j.
"""

from __future__ import annotations

import numpy as np

from vppcore.errors import NotSolved
from vppcore.market import Hour

# the weight of the barrier that keeps shares above zero falls by this factor to its last value
BARRIER_FALLS = 0.02
LAST_BARRIER = 1e-12
MAX_NEWTON_STEPS = 400
# a step of Newton's method that changes what is asked of a seller by less than this part of it has
# converged
SMALL_STEP = 1e-9


def rest_of(hour: Hour, worth: np.ndarray, alike: bool) -> np.ndarray:
    """The part of all demand that is asked of each seller where buyers rest, `(sellers,)`.

    worth: what choosing a seller is worth, yuan/kWh `(buyers, sellers)`, 0 or more. For buyers who
        are alike there may be axes before these, and in what is returned.
    alike: every buyer values sellers alike, up to a factor.
    """
    worth = indifferent_without_worth(worth)
    if alike or len(hour.sellers) == 1:
        offer = worth[..., 0, :] * hour.surplus
        return offer / offer.sum(axis=-1, keepdims=True)
    shares = rest_by_newton(hour, worth)
    return hour.deficit @ shares / hour.deficit.sum()


def indifferent_without_worth(worth: np.ndarray) -> np.ndarray:
    """Buyers who gain nowhere do not care: every seller is worth one to them."""
    gains_nothing = worth.max(axis=-1, keepdims=True) <= 0
    return np.where(gains_nothing, 1.0, np.maximum(worth, 0.0))


def rest_by_newton(hour: Hour, worth: np.ndarray) -> np.ndarray:
    """Shares at which Phi is largest, `(..., buyers, sellers)`: an interior point method.

    A barrier tau sum ln y_ij keeps shares above zero while tau falls. A seller that is worth
    nothing to a buyer is not chosen by it. Many hours that differ in worth alone are solved side by
    side, each with a barrier and a step length of its own.
    worth: yuan/kWh, `(..., buyers, sellers)`, in each row one at least above 0.
    Raises NotSolved if the steps do not converge.
    """
    each = worth.reshape(-1, *worth.shape[-2:])
    chosen = each > 0
    weight = hour.deficit / hour.deficit.sum()
    surplus = hour.surplus / hour.surplus.sum()
    ratio = each / each.max(axis=-1, keepdims=True)
    value = np.log(np.where(chosen, ratio, 1.0))
    shares = chosen / chosen.sum(axis=-1, keepdims=True)
    barrier = np.ones(len(each))
    moving = np.arange(len(each))
    for _ in range(MAX_NEWTON_STEPS):
        step = newton_steps(
            shares[moving], chosen[moving], weight, surplus, value[moving], barrier[moving]
        )
        length = lengths(shares[moving], step)
        shares[moving] += length[:, None, None] * step
        near = (length == 1.0) & (
            relative_change(weight, shares[moving], step) <= np.maximum(SMALL_STEP, barrier[moving])
        )
        rests = near & (barrier[moving] <= LAST_BARRIER)
        barrier[moving[near]] *= BARRIER_FALLS
        moving = moving[~rests]
        if not len(moving):
            return shares.reshape(worth.shape)
    raise NotSolved(
        f"step {hour.step}: the buyers' rest was not found in {MAX_NEWTON_STEPS} steps",
        status="limit",
    )


def lengths(shares: np.ndarray, step: np.ndarray) -> np.ndarray:
    """How far each step may go so that shares stay above zero, 1 at most, `(hours,)`.

    shares, step: `(hours, buyers, sellers)`.
    """
    falling = step < 0
    possible = np.full(step.shape, np.inf)
    np.divide(shares, -step, out=possible, where=falling)
    return np.minimum(1.0, 0.95 * possible.min(axis=(-2, -1)))


def relative_change(weight: np.ndarray, shares: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The largest change of what is asked of a seller, as a share of it, `(hours,)`.

    shares, step: `(hours, buyers, sellers)`.
    """
    asked = weight @ shares
    change = np.zeros(asked.shape)
    np.divide(np.abs(weight @ step), asked, out=change, where=asked > 0)
    return change.max(axis=-1)


def newton_steps(
    shares: np.ndarray,
    chosen: np.ndarray,
    weight: np.ndarray,
    surplus: np.ndarray,
    value: np.ndarray,
    barrier: np.ndarray,
) -> np.ndarray:
    """The steps of Newton's method towards the largest value of Phi with its barrier.

    shares, chosen, value: `(hours, buyers, sellers)`; value is ln v_ij.
    weight: of each buyer in all demand, `(buyers,)`.
    surplus: of each seller, as a part of all, `(sellers,)`.
    barrier: `(hours,)`.
    """
    hours, buyers, sellers = shares.shape
    pairs = buyers * sellers
    asked = weight @ shares
    asked = np.where(asked > 0, asked, 1.0)  # of a seller whom nobody may choose nothing counts
    now = np.where(chosen, shares, 1.0)
    of_barrier = barrier[:, None, None] / now
    payoff = value - np.log(asked / surplus)[:, None, :]
    slope = np.where(chosen, weight[:, None] * payoff + of_barrier, 0.0)

    right = np.zeros((hours, pairs + buyers))
    right[:, :pairs] = slope.reshape(hours, pairs)
    system = newton_systems(chosen, weight, asked, of_barrier / now)
    solution = np.linalg.solve(system, right[..., None])[:, :pairs, 0]
    return np.where(chosen, solution.reshape(shares.shape), 0.0)


def newton_systems(
    chosen: np.ndarray, weight: np.ndarray, asked: np.ndarray, bend: np.ndarray
) -> np.ndarray:
    """The equations of the steps, `(hours, pairs + buyers, pairs + buyers)`.

    A row for each pair of buyer and seller: curvature of Phi times step, and a multiplier of the
    buyer. A row for each buyer: its shares add up to one, before and after. A share of a seller
    that is not chosen keeps its zero: its row says so alone.
    chosen: `(hours, buyers, sellers)`. weight: `(buyers,)`. asked: of each seller
    `(hours, sellers)`. bend: curvature of the barrier at each share, as chosen.
    """
    hours, buyers, sellers = chosen.shape
    pairs = buyers * sellers
    buyer, seller = np.divmod(np.arange(pairs), sellers)
    free = chosen.reshape(hours, pairs)
    same_seller = seller[:, None] == seller[None, :]
    curvature = np.outer(weight[buyer], weight[buyer]) * same_seller / asked[:, None, seller]
    both_free = free[:, :, None] & free[:, None, :]
    sums = free[:, :, None] & (buyer[:, None] == np.arange(buyers)[None, :])

    system = np.zeros((hours, pairs + buyers, pairs + buyers))
    system[:, :pairs, :pairs] = np.where(both_free, curvature, 0.0)
    system[:, range(pairs), range(pairs)] += np.where(free, bend.reshape(hours, pairs), 1.0)
    system[:, :pairs, pairs:] = sums
    system[:, pairs:, :pairs] = sums.transpose(0, 2, 1)
    return system


def rest_gap(hour: Hour, worth: np.ndarray, shares: np.ndarray) -> float:
    """How far shares are from the largest Phi at most, per kW of demand; 0 at rest, never below.

    sum_i D_i (max_j ln F_ij - sum_j y_ij ln F_ij): what buyers would still like to change, and by
    concavity a bound on what is missing of Phi.
    """
    worth = indifferent_without_worth(worth)
    weight = hour.deficit / hour.deficit.sum()
    asked = weight @ shares
    used = shares > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        payoff = np.log(worth) - np.log(asked / (hour.surplus / hour.surplus.sum()))
    payoff[worth == 0] = -np.inf  # also where nobody asks that seller
    best = payoff.max(axis=1)
    reached = np.where(used, shares * np.where(used, payoff, 0.0), 0.0).sum(axis=1)
    return float(weight @ (best - reached))
