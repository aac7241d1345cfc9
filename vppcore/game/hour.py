"""One hour's game: sellers lead with prices, buyers follow until they rest, and so on.

kW, yuan/kWh; prices are (sellers,), shares are (buyers, sellers) with rows that add up to one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.errors import NotSolved, WrongInput
from vppcore.game.buyers import (
    curious,
    evolve,
    largest_change,
    part_of_demand,
    shares_at_rest,
)
from vppcore.game.demand import demand_of
from vppcore.game.rules import Rules
from vppcore.game.sellers import raise_prices, temptation
from vppcore.market import Hour, asked_power, deliver

# prices that go round are looked for in periods of up to so many rounds
LONGEST_PERIOD = 12
# prices that each seller tries when a rest is doubted
FEW_PRICES = 60


@dataclass(frozen=True, eq=False)
class HourResult:
    """One hour's game, at rest.

    hour: the market that was played.
    prices: yuan/kWh by seller.
    part: of all demand that falls to a seller, by seller, adding up to one.
    shares: probability that a buyer (row) chooses a seller (column).
    wished: a buyer's optimal purchase at a seller's price, as a part of its deficit; as `shares`.
    rounds: of the price loop.
    path: prices by round, the first ones included.
    evolution: the first buyer's shares by iteration, in the first round.
    """

    hour: Hour
    prices: pd.Series
    part: pd.Series
    shares: pd.DataFrame
    wished: pd.DataFrame
    rounds: int
    path: pd.DataFrame
    evolution: pd.DataFrame

    @property
    def asked(self) -> pd.DataFrame:
        """What each buyer (row) asks of each seller (column), kW, paper B (21)."""
        asked = asked_power(self.hour, self.shares.to_numpy(), self.wished.to_numpy())
        return pd.DataFrame(asked, self.shares.index, self.shares.columns)

    @property
    def sent(self) -> pd.DataFrame:
        """What each seller (column) sends to each buyer (row), kW."""
        sent = deliver(self.hour, self.shares.to_numpy(), self.wished.to_numpy())
        return pd.DataFrame(sent, self.shares.index, self.shares.columns)


def play(
    hour: Hour, rules: Rules | None = None, start: tuple[np.ndarray, np.ndarray] | None = None
) -> HourResult:
    """Plays one hour until neither buyers nor sellers move, paper B section 4, steps 1 to 4.

    Step 1, sellers announce prices. Step 2, buyers evolve until they rest. Step 3, sellers move
    their prices: in the order of the text until these rest too, while buyers keep their shares;
    where sellers anticipate, by one step. Step 4, back to step 2 until nobody moves.
    rules: how the game is played; the usual ones by default.
    start: first prices and shares; by default the middle of the band, each seller chosen alike.
    Raises WrongInput for an hour without a market, NotSolved if it does not come to rest.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([6.0, 8.0]), np.array([7.0]),
    ...             np.array([0.3, 0.38]), grid_price=0.75, price_min=0.3, price_max=1.2,
    ...             satisfaction=np.array([4 / 3]))
    >>> play(hour).prices.round(4).to_dict()
    {'A': 0.5973, 'B': 0.629}
    >>> play(hour, Rules.of_the_text()).prices.round(4).to_dict()
    {'A': 0.65, 'B': 0.69}
    """
    rules = rules or Rules()
    refuse_closed(hour)
    prices, shares = start or usual_start(hour)
    path = [prices]
    evolutions = []
    for _ in range(rules.max_rounds):
        shares, evolution = answer_of_buyers(hour, prices, shares, rules)
        evolutions.append(evolution)
        if rules.order == "text":
            prices = rest_of_sellers(hour, prices, shares, rules)
            change = np.abs(prices - path[-1])
        else:
            prices, change = raise_prices(hour, prices, shares, rules)
        path.append(prices)
        if change.max() <= rules.tolerance * hour.price_size:
            refuse_false_rest(hour, prices, rules)
            return played(hour, shares, path, evolutions[0], rules)
        refuse_circle(hour, path, rules)
    raise NotSolved(not_at_rest(hour, rules), status="limit")


def not_at_rest(hour: Hour, rules: Rules) -> str:
    """Prices that do not come to rest, in words."""
    return (
        f"step {hour.step}: prices did not come to rest in {rules.max_rounds} rounds; "
        f"a smaller price_step may help{warning(rules)}"
    )


def refuse_circle(hour: Hour, path: list[np.ndarray], rules: Rules) -> None:
    """Raises NotSolved where prices go round in the order of the text, and would do so for ever.

    A seller follows its customers there; where buyers differ they may leave the seller that has
    followed them, and come back. The inner loop rests whatever its step is, so no step helps.
    path: prices by round, the last one at the end.
    """
    if rules.order != "text":
        return
    rounds = period_of(path, rules.tolerance * hour.price_size)
    if rounds:
        raise NotSolved(
            f"step {hour.step}: prices come round again every {rounds} rounds: in the order of the "
            "text sellers of buyers who differ may find no rest, whatever the price_step; buyers "
            "who are alike have one",
            status="limit",
        )


def period_of(path: list[np.ndarray], close: float) -> int:
    """After how many rounds prices come round again; 0 if they do not.

    The rounds of a whole period must be those of the period before it.
    close: prices within this are the same, yuan/kWh.

    >>> to_and_fro = [np.array([price]) for price in (0.3, 0.5, 0.7, 0.5, 0.7)]
    >>> period_of(to_and_fro, 1e-9), period_of(to_and_fro[:3], 1e-9)
    (2, 0)
    """
    for rounds in range(2, LONGEST_PERIOD + 1):
        if len(path) < 2 * rounds:
            return 0
        late = np.array(path[-rounds:])
        early = np.array(path[-2 * rounds : -rounds])
        if np.abs(late - early).max() <= close:
            return rounds
    return 0


def refuse_false_rest(hour: Hour, prices: np.ndarray, rules: Rules) -> None:
    """Raises NotSolved where prices only creep, and a seller would gain much by another one.

    Sellers who anticipate buyers who differ may undercut each other by less and less: then the best
    answer jumps, and there are no prices from which nobody wants to move.
    """
    if rules.order == "text" or demand_of(hour, rules).alike:
        return
    gain = temptation(hour, prices, FEW_PRICES, rules)
    if gain > np.sqrt(rules.tolerance):
        raise NotSolved(
            f"step {hour.step}: prices only creep, and a seller could still earn {gain:.2g} of its "
            "earnings more by another one: sellers who anticipate buyers who differ may find no "
            "rest; the order of the text, or buyers who are alike, may have one",
            status="limit",
        )


def rest_of_sellers(hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules) -> np.ndarray:
    """Prices at which no seller wants to move while buyers keep their shares, paper B (26).

    Raises NotSolved if they do not come to rest.
    """
    for _ in range(rules.max_rounds):
        prices, change = raise_prices(hour, prices, shares, rules)
        if change.max() <= rules.tolerance * hour.price_size:
            return prices
    raise NotSolved(not_at_rest(hour, rules), status="limit")


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

    A few of them try every seller anew first, so that none is forgotten. Buyers who differ may sort
    themselves very slowly where two sellers ask nearly the same; then their rest is that of
    `game.rest`, where their evolution leads.
    Raises NotSolved if they do not come to rest.
    """
    rest, evolution = evolve(hour, prices, curious(hour, shares), rules)
    if largest_change(evolution) > rules.tolerance:
        if rules.payoff == "shared" and not demand_of(hour, rules).alike:
            return shares_at_rest(hour, prices, rules), evolution
        raise NotSolved(buyers_restless(hour, rules), status="limit")
    return rest, evolution


def buyers_restless(hour: Hour, rules: Rules) -> str:
    """Buyers who do not come to rest, in words."""
    return (
        f"step {hour.step}: buyers did not come to rest; "
        f"a smaller evolution_step may help{warning(rules)}"
    )


def warning(rules: Rules) -> str:
    """What to know about unrest under these rules; empty under the usual ones."""
    if rules.payoff == "shared":
        return ""
    return (
        " (where shares do not matter all buyers crowd to one seller, and prices chase each other)"
    )


def played(
    hour: Hour,
    shares: np.ndarray,
    path: list[np.ndarray],
    evolution: list[np.ndarray],
    rules: Rules,
) -> HourResult:
    """An hour's result from its last shares, its prices by round and the first evolution."""
    sellers = list(hour.sellers)
    buyers = list(hour.buyers)
    first_buyer = [shares_then[0] for shares_then in evolution]
    wished = demand_of(hour, rules).wished(path[-1])
    return HourResult(
        hour=hour,
        prices=pd.Series(path[-1], sellers),
        part=pd.Series(part_of_demand(hour, shares), sellers),
        shares=pd.DataFrame(shares, buyers, sellers),
        wished=pd.DataFrame(wished, buyers, sellers),
        rounds=len(path) - 1,
        path=pd.DataFrame(path, columns=sellers).rename_axis("round"),
        evolution=pd.DataFrame(first_buyer, columns=sellers).rename_axis("iteration"),
    )
