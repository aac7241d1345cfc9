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
    """Shares at which Phi is largest, `(buyers, sellers)`: an interior point method.

    A barrier tau sum ln y_ij keeps shares above zero while tau falls. A seller that is worth
    nothing to a buyer is not chosen by it.
    worth: yuan/kWh, `(buyers, sellers)`, in each row one at least above 0.
    Raises NotSolved if the steps do not converge.
    """
    chosen = worth > 0
    weight = hour.deficit / hour.deficit.sum()
    surplus = hour.surplus / hour.surplus.sum()
    ratio = worth / worth.max(axis=1, keepdims=True)
    value = np.log(np.where(chosen, ratio, 1.0))
    shares = chosen / chosen.sum(axis=1, keepdims=True)
    barrier = 1.0
    for _ in range(MAX_NEWTON_STEPS):
        step = newton_step(shares, chosen, weight, surplus, value, barrier)
        falling = step < 0
        longest = min(1.0, 0.95 * (shares[falling] / -step[falling]).min(initial=np.inf))
        shares = shares + longest * step
        asked = weight @ shares
        relative = np.abs((weight @ step)[asked > 0] / asked[asked > 0]).max()
        if longest == 1.0 and relative <= max(SMALL_STEP, barrier):
            if barrier <= LAST_BARRIER:
                return shares
            barrier *= BARRIER_FALLS
    raise NotSolved(
        f"step {hour.step}: the buyers' rest was not found in {MAX_NEWTON_STEPS} steps",
        status="limit",
    )


def newton_step(
    shares: np.ndarray,
    chosen: np.ndarray,
    weight: np.ndarray,
    surplus: np.ndarray,
    value: np.ndarray,
    barrier: float,
) -> np.ndarray:
    """The step of Newton's method towards the largest value of Phi with its barrier.

    shares, chosen, value: `(buyers, sellers)`; value is ln v_ij.
    weight: of each buyer in all demand, `(buyers,)`.
    surplus: of each seller, as a part of all, `(sellers,)`.
    """
    buyers, sellers = np.nonzero(chosen)
    count = len(buyers)
    asked = weight @ shares
    asked = np.where(asked > 0, asked, 1.0)  # of a seller whom nobody may choose nothing counts
    payoff = value - np.log(asked / surplus)
    now = shares[buyers, sellers]
    slope = weight[buyers] * payoff[buyers, sellers] + barrier / now

    same_seller = sellers[:, None] == sellers[None, :]
    curvature = np.outer(weight[buyers], weight[buyers] / asked[sellers]) * same_seller
    curvature[np.arange(count), np.arange(count)] += barrier / now**2

    sums = (buyers[:, None] == np.arange(len(weight))[None, :]).astype(float)
    system = np.block([[curvature, sums], [sums.T, np.zeros((len(weight), len(weight)))]])
    right = np.concatenate([slope, np.zeros(len(weight))])
    solution = np.linalg.solve(system, right)
    step = np.zeros_like(shares)
    step[buyers, sellers] = solution[:count]
    return step


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
    best = payoff.max(axis=1)
    reached = np.where(used, shares * np.where(used, payoff, 0.0), 0.0).sum(axis=1)
    return float(weight @ (best - reached))
