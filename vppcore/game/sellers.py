"""Sellers set prices: the price game of paper B.

yuan/kWh; prices are (sellers,), shares are (buyers, sellers). The part Y_j of a seller is its share
of all demand. Where buyers are alike, several games of one hour can be played side by side: then
these have a first axis more, `(games, ...)`.

A seller earns U_j = (p_j - c_j) X_j with X_j = sum_i y_ij x*_ij the power asked of it, paper B
(16), (21), (22). What it takes for given while it moves depends on the order of the game:

    text:          the shares y_ij; amounts x*_ij(p_j) answer. dU_j/dp_j = 0 where
                   (p_j - c_j) e_x = 1 with e_x = -d ln X_j/dp_j.
    anticipating:  the prices of the others; shares answer too, with Y_j = a_j / sum_k a_k and
                   a_j = v_j S_j. Then (p_j - c_j)(e_x + (1 - Y_j) e_v) = 1, e_v = -d ln v_j/dp_j.

U_j rises up to there and falls beyond, so a price that no small change improves is a best response,
also where it lies on the edge of the band.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from vppcore.errors import WrongInput
from vppcore.game.buyers import rest_point, shares_at_rest
from vppcore.game.demand import Demand, ElasticDemand, FixedDemand, QuadraticDemand, demand_of
from vppcore.game.rules import Rules
from vppcore.market import Hour

# earnings smaller than this share of the largest possible ones count as zero
LEAST_EARNED = 1e-12
# halvings of the band when a best price is searched
HALVINGS = 60
# prices tried over the band where buyers differ and no derivative is at hand
PRICES_TRIED = 25


# --- best prices ----------------------------------------------------------------------------------
def best_prices(hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules) -> np.ndarray:
    """The price in the band that each seller wishes for, `(sellers,)`, paper B (23), (24).

    prices, shares: as they are now. Where sellers anticipate buyers who are alike, the wish is the
    price at which the derivative vanishes with the seller's part as it is now; otherwise it is the
    best answer itself.
    """
    demand = demand_of(hour, rules)
    if rules.order == "text":
        wished = best_with_shares_held(hour, shares, demand)
        wished = np.where(np.isnan(wished), prices, wished)  # without customers no price is better
    elif demand.alike:
        wished = best_at_part(hour, hour.deficit @ shares / hour.deficit.sum(), demand)
    else:
        wished = best_answers(hour, prices, rules)
    return np.clip(wished, hour.price_min, hour.top)


def best_with_shares_held(hour: Hour, shares: np.ndarray, demand: Demand) -> np.ndarray:
    """The best price of each seller while buyers' shares stand still, yuan/kWh `(sellers,)`.

    What is asked of j is sum_i w_ij (lambda_i - p) with quadratic satisfaction and
    sum_i w_ij (lambda_i/p - 1) with a logarithm. So the best price is (L_j + c_j)/2 or
    sqrt(L_j c_j), with L_j the mean of lambda_i in the weights w_ij. Fixed demand does not fall
    with the price: the highest price is best. The band is not looked at. nan for a seller whom
    nobody chooses.
    """
    if not isinstance(demand, ElasticDemand):
        return np.full(len(hour.sellers), hour.top)
    weights = shares * (hour.deficit / demand.fall[:, 0])[:, None]
    of_all = weights.sum(axis=-2)
    mean_first = np.full_like(of_all, np.nan)
    np.divide(demand.first @ weights, of_all, out=mean_first, where=of_all > 0)
    if isinstance(demand, QuadraticDemand):
        return (mean_first + hour.reservation) / 2
    return np.sqrt(mean_first * np.maximum(hour.reservation, 0.0))


def best_at_part(hour: Hour, part: np.ndarray, demand: Demand) -> np.ndarray:
    """Where the derivative of each seller's utility vanishes while its part is `part`.

    Buyers are alike. With fixed demand p_j = (g + c_j (1 - Y_j)) / (2 - Y_j), with quadratic
    satisfaction counted from nothing p_j = (lambda + c_j (3 - 2 Y_j)) / (4 - 2 Y_j); else the one
    root of a rising function of the price.
    part: of all demand, `(sellers,)`. The band is not looked at, unless the root lies outside.
    """
    if isinstance(demand, FixedDemand):
        return (hour.grid_price + hour.reservation * (1 - part)) / (2 - part)
    if isinstance(demand, QuadraticDemand) and not demand.above_grid:
        return (demand.first[0] + hour.reservation * (3 - 2 * part)) / (4 - 2 * part)

    low = np.full(part.shape, hour.price_min)
    high = np.full(part.shape, hour.top)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        of_amounts = demand.wish_falls(middle)[..., 0, :]
        of_choices = demand.worth_falls(middle)[..., 0, :]
        falls = of_amounts + (1 - part) * np.where(part < 1, of_choices, 0.0)
        is_too_dear = (middle - hour.reservation) * falls > 1
        high = np.where(is_too_dear, middle, high)
        low = np.where(is_too_dear, low, middle)
    return (low + high) / 2


def best_answers(hour: Hour, prices: np.ndarray, rules: Rules) -> np.ndarray:
    """The price at which each seller earns most while the others keep theirs, `(sellers,)`.

    Buyers settle anew at each price that is tried: a net over the band, then a search between the
    neighbours of its best price.
    """
    answers = prices.copy()
    tried = np.linspace(hour.price_min, hour.top, PRICES_TRIED)
    for seller in range(len(hour.sellers)):

        def lost(price: float, seller: int = seller) -> float:
            return -float(earned(hour, prices, seller, np.array([price]), rules)[0])

        best = int(np.argmax(earned(hour, prices, seller, tried, rules)))
        low = tried[max(best - 1, 0)]
        high = tried[min(best + 1, len(tried) - 1)]
        accuracy = rules.tolerance * hour.price_size / 10
        found = minimize_scalar(
            lost, bounds=(low, high), method="bounded", options={"xatol": accuracy}
        )
        answers[seller] = found.x if -found.fun > -lost(tried[best]) else tried[best]
    return answers


def raise_prices(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules
) -> tuple[np.ndarray, np.ndarray]:
    """One step of the sellers along the derivative of their utility, paper B (26).

    The derivative is scaled to the size of a price: the step goes the fraction `price_step` of the
    way to the price that the seller wishes for. Where it is so short that it counts as rest, the
    last bit of the way is gone whole. So a price at the edge of the band is the edge, not almost:
    that counts where little or nothing is left between a seller and its buyers.
    shares: of the buyers at rest, `(buyers, sellers)`.
    Returns the prices after the step, and how long each seller's step was, yuan/kWh, as `prices`.
    """
    wished = best_prices(hour, prices, shares, rules)
    way = wished - prices
    length = np.abs(rules.price_step * way)
    rests = length <= rules.tolerance * hour.price_size
    if rules.order != "text":  # a price that moves moves the others' shares, and so their wishes
        rests = rests.all(axis=-1, keepdims=True)
    moved = np.where(rests, wished, prices + rules.price_step * way)
    return np.clip(moved, hour.price_min, hour.top), length


# --- closed form ----------------------------------------------------------------------------------
def equilibrium(hour: Hour, rules: Rules | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The leader-follower equilibrium without iteration: prices and parts of all demand.

    Buyers are alike. In the order of the text each price depends on nobody else's. Where sellers
    anticipate, a seller's price and part solve one equation for a given total offer
    K = sum_k v_k S_k, and the parts that belong to it add up to a number that falls from above 1
    to 0 as K grows. So there is exactly one K, and one equilibrium.
    Raises WrongInput for buyers who differ: they have no closed form.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([6.0, 8.0]), np.array([7.0]),
    ...             np.array([0.3, 0.38]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> prices, part = equilibrium(hour)
    >>> prices.round(4), part.round(4)
    (array([0.5973, 0.629 ]), array([0.4862, 0.5138]))
    """
    rules = rules or Rules()
    demand = demand_of(hour, rules)
    if not demand.alike:
        raise WrongInput(
            f"step {hour.step}: found buyers who differ in their satisfaction coefficient; "
            "allowed for the closed form: buyers who are alike (play the hour instead)"
        )
    if rules.order == "text":
        even = np.full((len(hour.buyers), len(hour.sellers)), 1 / len(hour.sellers))
        prices = np.clip(best_with_shares_held(hour, even, demand), hour.price_min, hour.top)
    elif len(hour.sellers) == 1:
        prices = np.clip(best_at_part(hour, np.ones(1), demand), hour.price_min, hour.top)
    elif isinstance(demand, FixedDemand):
        prices = hour.grid_price - margins_at(hour, total_offer_of(hour))
    else:
        prices = anticipated_prices(hour, demand)
    return prices, rest_point(hour, prices, rules)


def total_offer_of(hour: Hour) -> float:
    """K at the equilibrium of fixed demand, yuan/h: where the parts add up to one."""

    def spare(logarithm: float) -> float:
        total_offer = np.exp(logarithm)
        parts = margins_at(hour, total_offer) * hour.surplus / total_offer
        return float(parts.sum() - 1)

    least_offers = (hour.grid_price - hour.reservation) * hour.surplus
    most_offers = (hour.grid_price - hour.price_min) * hour.surplus
    low = np.log(1e-12 * least_offers.min())  # each part is almost one
    high = np.log(most_offers.sum()) + 1e-9  # the parts add up to less than one
    return float(np.exp(brentq(spare, low, high, xtol=1e-14, rtol=1e-15)))


def margins_at(hour: Hour, total_offer: float) -> np.ndarray:
    """What sellers leave buyers of fixed demand, g - p_j, yuan/kWh `(sellers,)`.

    With x = g - p, R = g - c and r = R S/K the derivative vanishes where r (x/R)^2 - (2 + r)(x/R)
    + 1 = 0, whose root below one is taken; the band cuts it off.
    total_offer: K, all offers together, yuan/h, above 0.
    """
    room = hour.grid_price - hour.reservation
    ratio = room * hour.surplus / total_offer
    margins = 2 * room / (2 + ratio + np.sqrt(4 + ratio**2))
    return np.clip(margins, hour.grid_price - hour.top, hour.grid_price - hour.price_min)


def anticipated_prices(hour: Hour, demand: Demand) -> np.ndarray:
    """Equilibrium prices of sellers who anticipate buyers who are alike, `(sellers,)`.

    Where K = sum_k v_k S_k is the total offer, the part that makes a price the best one must be the
    part that the price brings, v S/K. The one rises with the price and the other falls.
    """

    def prices_at(total_offer: float) -> np.ndarray:
        low = np.full(len(hour.sellers), hour.price_min)
        high = np.full(len(hour.sellers), hour.top)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            brought = demand.worth(middle)[0] * hour.surplus / total_offer
            is_too_dear = part_of_best_price(hour, middle, demand) > brought
            high = np.where(is_too_dear, middle, high)
            low = np.where(is_too_dear, low, middle)
        return (low + high) / 2

    def spare(logarithm: float) -> float:
        total_offer = np.exp(logarithm)
        prices = prices_at(total_offer)
        return float((demand.worth(prices)[0] * hour.surplus).sum() / total_offer - 1)

    most = float(demand.worth(np.full(1, hour.price_min))[0, 0]) * hour.surplus.sum()
    high = np.log(most) + 1e-9  # the parts add up to less than one
    low = high - np.log(1e12)
    return prices_at(np.exp(brentq(spare, low, high, xtol=1e-14, rtol=1e-15)))


def part_of_best_price(hour: Hour, prices: np.ndarray, demand: Demand) -> np.ndarray:
    """The part at which a seller's derivative vanishes at a price, `(sellers,)`; may leave 0 to 1.

    From (p - c)(e_x + (1 - Y) e_v) = 1.
    """
    margins = prices - hour.reservation
    with np.errstate(divide="ignore"):
        needed = np.where(margins > 0, 1 / np.maximum(margins, 0.0), np.inf)
    return 1 - (needed - demand.wish_falls(prices)[0]) / demand.worth_falls(prices)[0]


# --- what another price would bring ---------------------------------------------------------------
def temptation(
    hour: Hour,
    prices: np.ndarray,
    grid: int = 400,
    rules: Rules | None = None,
    shares: np.ndarray | None = None,
) -> float:
    """The largest gain of any seller from any other price, relative to what it earns; 0 is best.

    Counted is the utility of the game, in power asked, with what the order of the game takes for
    given: buyers settle anew at each price that is tried, or, in the order of the text, keep their
    shares. A check that does not use the derivative.
    grid: how many prices over the whole band each seller tries.
    shares: of the buyers, `(buyers, sellers)`; where they rest at these prices by default.
    """
    rules = rules or Rules()
    shares = shares_at_rest(hour, prices, rules) if shares is None else shares
    tried = np.linspace(hour.price_min, hour.top, grid)
    largest = 0.0
    for seller in range(len(hour.sellers)):
        here = prices[[seller]]
        if rules.order == "text":
            now = earned_with_shares_held(hour, shares, seller, here, rules)[0]
            best = earned_with_shares_held(hour, shares, seller, tried, rules).max()
        else:
            now = earned(hour, prices, seller, here, rules)[0]
            best = earned(hour, prices, seller, tried, rules).max()
        largest = max(largest, relative_gain(hour, now, best))
    return largest


def relative_gain(hour: Hour, now: float, best: float) -> float:
    """How much more `best` is than `now`, as a share of `now`; yuan/kWh of all demand."""
    least = LEAST_EARNED * (hour.top - hour.price_min)
    return float((best - now) / max(abs(now), least))


def earned(
    hour: Hour,
    prices: np.ndarray,
    seller: int,
    tried: np.ndarray,
    rules: Rules | None = None,
) -> np.ndarray:
    """What a seller earns at each price that it tries while others keep theirs, per kWh of demand.

    Its utility U_j = (p_j - c_j) X_j of paper B (22) with the buyers at rest, over all demand.
    seller: its index.
    tried: prices, `(prices,)`; so is the result.
    """
    rules = rules or Rules()
    demand = demand_of(hour, rules)
    if not demand.alike:
        return earned_from_unlike(hour, prices, seller, tried, rules)
    worth = demand.worth(tried)[0]
    offer = worth * hour.surplus[seller]
    of_others = demand.worth(np.delete(prices, seller))[0] @ np.delete(hour.surplus, seller)
    if of_others > 0:
        part = offer / (offer + of_others)
    else:  # nobody else offers anything
        part = np.ones_like(offer)
    return (tried - hour.reservation[seller]) * part * demand.wished(tried)[0]


def earned_from_unlike(
    hour: Hour, prices: np.ndarray, seller: int, tried: np.ndarray, rules: Rules
) -> np.ndarray:
    """As `earned`, from buyers who differ: their rest is found anew at each price."""
    weight = hour.deficit / hour.deficit.sum()
    demand = demand_of(hour, rules)
    earnings = []
    for price in tried:
        moved = prices.copy()
        moved[seller] = price
        asked = weight @ (shares_at_rest(hour, moved, rules) * demand.wished(moved))
        earnings.append((price - hour.reservation[seller]) * asked[seller])
    return np.array(earnings)


def earned_with_shares_held(
    hour: Hour, shares: np.ndarray, seller: int, tried: np.ndarray, rules: Rules
) -> np.ndarray:
    """As `earned`, in the order of the text: shares stand still, amounts answer."""
    weight = shares[:, seller] * hour.deficit / hour.deficit.sum()
    asked = weight @ demand_of(hour, rules).wished(tried)
    return (tried - hour.reservation[seller]) * asked
