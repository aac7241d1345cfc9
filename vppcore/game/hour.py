"""One hour's game: sellers lead with prices, buyers follow until they rest, and so on.

kW, yuan/kWh; prices are (sellers,), shares are (buyers, sellers) with rows that add up to one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.errors import NotSolved, WrongInput
from vppcore.game.buyers import CURIOSITY, evolve, largest_change, part_of_demand
from vppcore.game.rules import Rules
from vppcore.game.sellers import raise_prices
from vppcore.market import Hour


@dataclass(frozen=True, eq=False)
class HourResult:
    """One hour's game, at rest.

    hour: the market that was played.
    prices: yuan/kWh by seller.
    part: of all demand that is asked of a seller, by seller, adding up to one.
    shares: probability that a buyer (row) chooses a seller (column).
    rounds: of the price loop.
    path: prices by round, the first ones included.
    evolution: the first buyer's shares by iteration, in the first round.
    """

    hour: Hour
    prices: pd.Series
    part: pd.Series
    shares: pd.DataFrame
    rounds: int
    path: pd.DataFrame
    evolution: pd.DataFrame


def play(
    hour: Hour, rules: Rules | None = None, start: tuple[np.ndarray, np.ndarray] | None = None
) -> HourResult:
    """Plays one hour until neither buyers nor sellers move, paper B section 4, steps 1 to 4.

    rules: how the game is played; the usual ones by default.
    start: first prices and shares; by default the middle of the band, each seller chosen alike.
    Raises WrongInput for an hour without a market, NotSolved if it does not come to rest.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([6.0, 8.0]), np.array([7.0]),
    ...             np.array([0.3, 0.38]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> play(hour).prices.round(4).to_dict()
    {'A': 0.5973, 'B': 0.629}
    """
    rules = rules or Rules()
    refuse_closed(hour)
    prices, shares = start or usual_start(hour)
    path = [prices]
    evolutions = []
    for _ in range(rules.max_rounds):
        shares, evolution = answer_of_buyers(hour, prices, shares, rules)
        evolutions.append(evolution)
        prices = raise_prices(hour, prices, part_of_demand(hour, shares), rules)
        path.append(prices)
        if largest_change(path) <= rules.tolerance * hour.price_size:
            return played(hour, shares, path, evolutions[0])
    raise NotSolved(
        f"step {hour.step}: prices did not come to rest in {rules.max_rounds} rounds; "
        f"a smaller price_step may help{warning(rules)}",
        status="limit",
    )


def refuse_closed(hour: Hour) -> None:
    """Raises WrongInput for an hour without a market."""
    if not (hour.sellers and hour.buyers):
        raise WrongInput(
            f"step {hour.step}: found {len(hour.sellers)} sellers and {len(hour.buyers)} buyers; "
            "allowed: one or more of each"
        )
    if not hour.open:
        raise WrongInput(f"step {hour.step}: {hour.why_closed}; allowed: an hour with a market")


def usual_start(hour: Hour) -> tuple[np.ndarray, np.ndarray]:
    """Prices in the middle of the band, and shares with each seller chosen alike."""
    count = len(hour.sellers)
    prices = np.full(count, (hour.price_min + hour.top) / 2)
    shares = np.full((len(hour.buyers), count), 1 / count)
    return prices, shares


def answer_of_buyers(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The shares at which buyers rest at these prices, and the way there from their last shares.

    A few of them try every seller anew first, so that none is forgotten.
    Raises NotSolved if they do not come to rest.
    """
    curious = (1 - CURIOSITY) * shares + CURIOSITY / len(hour.sellers)
    rest, evolution = evolve(hour, prices, curious, rules)
    if largest_change(evolution) > rules.tolerance:
        raise NotSolved(
            f"step {hour.step}: buyers did not come to rest; "
            f"a smaller evolution_step may help{warning(rules)}",
            status="limit",
        )
    return rest, evolution


def warning(rules: Rules) -> str:
    """What to know about unrest under these rules; empty under the usual ones."""
    if rules.payoff == "shared":
        return ""
    return (
        " (where shares do not matter all buyers crowd to one seller, and prices chase each other)"
    )


def played(
    hour: Hour, shares: np.ndarray, path: list[np.ndarray], evolution: list[np.ndarray]
) -> HourResult:
    """An hour's result from its last shares, its prices by round and the first evolution."""
    sellers = list(hour.sellers)
    first_buyer = [shares_then[0] for shares_then in evolution]
    return HourResult(
        hour=hour,
        prices=pd.Series(path[-1], sellers),
        part=pd.Series(part_of_demand(hour, shares), sellers),
        shares=pd.DataFrame(shares, list(hour.buyers), sellers),
        rounds=len(path) - 1,
        path=pd.DataFrame(path, columns=sellers).rename_axis("round"),
        evolution=pd.DataFrame(first_buyer, columns=sellers).rename_axis("iteration"),
    )
