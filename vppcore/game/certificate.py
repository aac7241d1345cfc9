"""What proves that an hour's game is at rest, at the only place where it can be, and harms nobody.

kW, yuan/kWh; prices are (sellers,), shares are (buyers, sellers).
"""

from __future__ import annotations

import numpy as np

from vppcore.game.beginnings import ends_of, random_start
from vppcore.game.buyers import eigenvalues, payoffs
from vppcore.game.demand import demand_of
from vppcore.game.hour import HourResult
from vppcore.game.money import money_temptation
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium, temptation
from vppcore.market import Hour


def certify(
    result: HourResult, starts: int = 10, rules: Rules | None = None, seed: int = 1
) -> dict[str, float]:
    """Checks an hour's result by roads that the game itself does not take.

    starts: how many random beginnings the hour is played from again.
    rules: those of the other games.
    seed: of the random beginnings.

    Returns
    gain: what any seller could earn more by any other price, as a share of what it earns; at most
        0 but for rounding.
    payoff spread: how far the buyers' payoffs are apart, as a share of the largest; 0.
    eigenvalue: the largest of the buyers' dynamics, in units of the mean payoff; below 0, and nan
        where there is no choice.
    closed form: largest difference of a price (as a share of the hour's price size) or a part from
        the closed form; 0, and nan for buyers who differ.
    starts: largest difference of a price (as before) or a part from those that other beginnings
        lead to; 0, and nan without other beginnings.
    loss: by how much the worst placed seller or buyer is better off outside the market, yuan/kWh;
        0, since nobody need take part.
    money: as gain, in delivered money: what any seller could earn more by any other price when
        buyers settle anew and power is shared out, see `game.money`; may well be above 0, since the
        game counts power asked.

    >>> from vppcore.game.hour import play
    >>> hour = Hour(1, ("A",), ("C",), np.array([6.0]), np.array([7.0]), np.array([0.3]),
    ...             grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> proof = certify(play(hour), starts=2)
    >>> abs(proof["closed form"]) < 1e-9, proof["gain"] < 1e-9, proof["loss"] < 1e-9
    (True, True, True)
    """
    rules = rules or Rules()
    hour = result.hour
    prices = result.prices.to_numpy()
    shares = result.shares.to_numpy()
    return {
        "gain": temptation(hour, prices, rules=rules, shares=shares),
        "payoff spread": payoff_spread(hour, prices, shares, rules),
        "eigenvalue": max(eigenvalues(hour, prices, rules), default=np.nan),
        "closed form": distance_of_closed_form(result, rules),
        "starts": distance_of_starts(result, starts, rules, seed),
        "loss": loss_outside(hour, prices),
        "money": money_temptation(hour, prices, rules),
    }


def payoff_spread(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules | None = None
) -> float:
    """How much more any buyer could get elsewhere, as a share of what it gets; 0 at rest.

    Of buyers who are alike: how far the payoffs of the sellers are apart. Others may leave a
    seller alone that is worth less to them.
    """
    payoff = payoffs(hour, prices, shares, rules=rules)
    best = payoff.max(axis=1)
    average = (shares * payoff).sum(axis=1)
    gains = best > 0  # where every price is the grid's all choices are worth nothing
    return float(((best - average)[gains] / best[gains]).max(initial=0.0))


def distance_of_closed_form(result: HourResult, rules: Rules) -> float:
    """The largest `distance` of a result from the closed form; nan where there is none."""
    if not demand_of(result.hour, rules).alike:
        return np.nan
    return distance(result, *equilibrium(result.hour, rules))


def distance(result: HourResult, prices: np.ndarray, part: np.ndarray) -> float:
    """The largest difference of any price or part of demand from a result's.

    Prices count in units of the hour's price size, so that the yuan has no weight.
    prices, part: `(..., sellers)`.
    """
    of_prices = np.abs(prices - result.prices.to_numpy()).max() / result.hour.price_size
    of_parts = np.abs(part - result.part.to_numpy()).max()
    return float(max(of_prices, of_parts))


def distance_of_starts(
    result: HourResult, starts: int, rules: Rules | None = None, seed: int = 1
) -> float:
    """The largest `distance` of a result from those of random beginnings; nan without any."""
    if starts == 0:
        return np.nan
    random = np.random.default_rng(seed)
    begun = [random_start(result.hour, random) for _ in range(starts)]
    return distance(result, *ends_of(result.hour, begun, rules or Rules()))


def loss_outside(hour: Hour, prices: np.ndarray) -> float:
    """What a kWh traded costs the worst placed seller or buyer more than its alternative, yuan/kWh.

    A seller's alternative is what its surplus is worth otherwise, a buyer's the grid's price. 0
    means that nobody is better off outside the market, whatever power is delivered.
    """
    alternative = hour.reservation if hour.alternative is None else hour.alternative
    of_sellers = alternative - prices
    of_buyers = prices - hour.grid_price
    return float(max(of_sellers.max(), of_buyers.max(), 0.0))
