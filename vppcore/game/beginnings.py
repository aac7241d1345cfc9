"""Where the games of one hour end that begin apart: for like buyers all at once, side by side.

kW, yuan/kWh; prices are (games, sellers), shares are (games, buyers, sellers). Each game takes the
steps that `hour.play` takes, and stays where it has come to rest while others go on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vppcore.errors import NotSolved
from vppcore.game.buyers import curious, moved_towards, part_of_demand, shared_out
from vppcore.game.demand import demand_of
from vppcore.game.hour import buyers_restless, not_at_rest, play
from vppcore.game.rest import indifferent_without_worth
from vppcore.game.rules import Rules
from vppcore.game.sellers import raise_prices
from vppcore.market import Hour


def random_start(hour: Hour, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Prices anywhere in the band, and shares anywhere on the simplex."""
    count = len(hour.sellers)
    prices = random.uniform(hour.price_min, hour.top, count)
    shares = random.dirichlet(np.ones(count), len(hour.buyers))
    return prices, shares


def ends_of(
    hour: Hour, starts: list[tuple[np.ndarray, np.ndarray]], rules: Rules
) -> tuple[np.ndarray, np.ndarray]:
    """Prices and parts of all demand at which games end, both `(games, sellers)`.

    starts: first prices and shares of each game.
    Raises NotSolved if a game does not come to rest.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([6.0, 8.0]), np.array([7.0]),
    ...             np.array([0.3, 0.38]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> random = np.random.default_rng(1)
    >>> prices, _ = ends_of(hour, [random_start(hour, random) for _ in range(2)], Rules())
    >>> prices.round(4)
    array([[0.5973, 0.629 ],
           [0.5973, 0.629 ]])
    """
    if not demand_of(hour, rules).alike:  # each game has its own search for the buyers' rest
        results = [play(hour, rules, start) for start in starts]
        prices = np.array([result.prices.to_numpy() for result in results])
        return prices, np.array([result.part.to_numpy() for result in results])
    prices = np.array([first for first, _ in starts])
    shares = np.array([first for _, first in starts])
    return play_side_by_side(hour, prices, shares, rules)


def play_side_by_side(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules
) -> tuple[np.ndarray, np.ndarray]:
    """The steps of `hour.play` for several games with buyers who are alike.

    Raises NotSolved if a game does not come to rest.
    """
    moving = np.ones(len(prices), bool)
    for _ in range(rules.max_rounds):
        answered = answers_of_buyers(hour, prices, shares, rules)
        moved, change = moved_prices(hour, prices, answered, rules)
        shares = where_moving(moving, answered, shares)
        prices = where_moving(moving, moved, prices)
        moving = moving & (change > rules.tolerance * hour.price_size)
        if not moving.any():
            return prices, part_of_demand(hour, shares)
    raise NotSolved(not_at_rest(hour, rules), status="limit")


def answers_of_buyers(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules
) -> np.ndarray:
    """Shares at which the buyers of each game rest. Raises NotSolved if they do not."""
    worth = indifferent_without_worth(demand_of(hour, rules).worth(prices))

    def step(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        payoff = shared_out(hour, worth, shares, rules.payoff)
        moved = moved_towards(shares, payoff, rules.evolution_step)
        return moved, largest_by_game(np.abs(moved - shares))

    first = curious(hour, shares)
    rest, restless = until_rest(step, first, rules.tolerance, 20 * rules.max_rounds)
    if restless:
        raise NotSolved(buyers_restless(hour, rules), status="limit")
    return rest


def moved_prices(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules
) -> tuple[np.ndarray, np.ndarray]:
    """Prices after the sellers' move of one round, and how far each game moved, `(games,)`.

    One step, or in the order of the text their rest. Raises NotSolved if they do not rest.
    """

    def step(prices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moved, length = raise_prices(hour, prices, shares, rules)
        return moved, largest_by_game(length)

    if rules.order != "text":
        return step(prices)
    small = rules.tolerance * hour.price_size
    rest, restless = until_rest(step, prices, small, rules.max_rounds)
    if restless:
        raise NotSolved(not_at_rest(hour, rules), status="limit")
    return rest, largest_by_game(np.abs(rest - prices))


def until_rest(
    step: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    state: np.ndarray,
    tolerance: float,
    limit: int,
) -> tuple[np.ndarray, bool]:
    """Repeats a step until each game moves by no more than the tolerance.

    step: takes states to the next ones and to how far each game moved, `(games,)`.
    state: `(games, ...)`.
    limit: number of steps after which to give up.
    Returns the last states, and whether any of them still moved.
    """
    moving = np.ones(len(state), bool)
    for _ in range(limit):
        moved, change = step(state)
        state = where_moving(moving, moved, state)
        moving = moving & (change > tolerance)
        if not moving.any():
            return state, False
    return state, True


def where_moving(moving: np.ndarray, moved: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """The moved state of games that still move, the old one of all others, `(games, ...)`."""
    return np.where(moving.reshape(-1, *[1] * (moved.ndim - 1)), moved, rest)


def largest_by_game(numbers: np.ndarray) -> np.ndarray:
    """The largest number of each game, `(games,)`."""
    return numbers.max(axis=tuple(range(1, numbers.ndim)))
