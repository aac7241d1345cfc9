"""The price game in money that is paid: what sellers earn by the power that they send.

A seller's utility in the game counts power asked. Settlement pays power sent: (p_j - c_j) times
what `market.deliver` sends. The two differ where more is asked of a seller than it has, and where
left-overs find it in a later pass. kW, yuan/kWh; prices are (sellers,), or many such rows at once,
(..., sellers).

Where an hour is short of supply a seller sends all it has at any price that buyers accept, so all
ask the highest one. Where it is long a seller that is dear loses what buyers do not ask of it, and
one that is cheap is asked for more than it has: the best answer jumps, and there may be no prices
from which nobody wants to move. Then each seller draws its price from a lottery.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.game.buyers import shares_at_rest
from vppcore.game.demand import demand_of
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium, relative_gain
from vppcore.market import Hour, deliver

# prices that a seller tries over the band when its price alone moves
PRICES_TRIED = 100
# joint prices for which an hour's earnings are tabulated, about
JOINT_PRICES = 4000
# rounds in which sellers learn their lotteries
ROUNDS = 6_000
# a gain below this share of what a seller earns is no reason to move
INDIFFERENT = 1e-6
# best answers: how many rounds, over how fine a net, and to what share of a price
ANSWERS = 25
NET = 25
CLOSE = 1e-7


@dataclass(frozen=True, eq=False)
class MoneyResult:
    """An hour's price game in delivered money.

    pure: True if there are prices from which nobody gains by moving.
    prices: yuan/kWh by seller; the mean of its lottery where it has one.
    earnings: yuan/h by seller, above what its power is worth to it.
    gain: what any seller could earn more by another price, as a share of what it earns: over the
        whole band at pure prices; over the prices of the lotteries, `levels` each, at mixed ones.
    levels: number of prices that a seller chooses from.
    lotteries: probability of each price (row) by seller (column); ones and zeros where pure.
    """

    pure: bool
    prices: pd.Series
    earnings: pd.Series
    gain: float
    levels: int
    lotteries: pd.DataFrame


# --- what a price brings --------------------------------------------------------------------------
def sent_power(hour: Hour, prices: np.ndarray, rules: Rules) -> np.ndarray:
    """What each seller sends once buyers have settled at these prices, kW `(..., sellers)`."""
    shares = shares_at_rest(hour, prices, rules)
    wished = demand_of(hour, rules).wished(prices)
    return deliver(hour, shares, wished).sum(axis=-2)


def money_earned(hour: Hour, prices: np.ndarray, rules: Rules) -> np.ndarray:
    """What each seller earns above what its power is worth to it, yuan/h `(..., sellers)`."""
    return (prices - hour.reservation) * sent_power(hour, prices, rules)


def money_temptations(
    hour: Hour, prices: np.ndarray, rules: Rules | None = None, grid: int = PRICES_TRIED
) -> np.ndarray:
    """What each seller could earn more by another price, as a share of what it earns, `(sellers,)`.

    Others keep their prices, buyers settle anew, power is shared out and paid.
    grid: how many prices over the whole band each seller tries.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([2.0, 2.0]), np.array([7.0]),
    ...             np.array([0.3, 0.3]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> money_temptations(hour, np.array([0.6, 0.75])).round(3)  # short of supply: all is sold
    array([0.5, 0. ])
    """
    rules = rules or Rules()
    tried = np.linspace(hour.price_min, hour.top, grid)
    demand = hour.deficit.sum()
    now = money_earned(hour, prices, rules) / demand
    gains = []
    for seller in range(len(hour.sellers)):
        best = earned_at(hour, prices, seller, tried, rules).max() / demand
        gains.append(relative_gain(hour, now[seller], max(best, now[seller])))
    return np.array(gains)


def money_temptation(hour: Hour, prices: np.ndarray, rules: Rules | None = None) -> float:
    """The largest of `money_temptations`; 0 where nobody would earn more by another price."""
    return float(money_temptations(hour, prices, rules).max())


# --- the game -------------------------------------------------------------------------------------
def play_in_money(hour: Hour, rules: Rules | None = None) -> MoneyResult:
    """Plays one hour in delivered money.

    First the prices at which everybody asks the most that buyers accept are tried, then those that
    best answers lead to from the game in power asked. If nobody rests there, sellers learn
    lotteries over a net of prices (regret matching); where the lotteries' means lead best answers
    to rest, the result is pure after all.
    rules: what buyers want; the usual ones by default. Sellers foresee everything here.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([2.0, 2.0]), np.array([7.0]),
    ...             np.array([0.3, 0.3]), grid_price=0.75, price_min=0.3, price_max=1.2)
    >>> result = play_in_money(hour)
    >>> result.pure, result.prices.to_dict()
    (True, {'A': 0.75, 'B': 0.75})
    """
    rules = rules or Rules()
    highest = np.full(len(hour.sellers), hour.top)
    gain = money_temptation(hour, highest, rules)
    if gain <= INDIFFERENT:
        return at_pure_prices(hour, highest, gain, rules)
    found = rest_of_answers(hour, usual_prices(hour), rules)
    if found is not None:
        return found
    levels = net_of_prices(hour)
    table = earnings_table(hour, levels, rules)
    lotteries = learnt_lotteries(table)
    means = np.array([float(levels @ lottery) for lottery in lotteries])
    found = rest_of_answers(hour, means, rules)
    return found or at_lotteries(hour, levels, table, lotteries)


def usual_prices(hour: Hour) -> np.ndarray:
    """The equilibrium of fixed demand in power asked, a place to begin, `(sellers,)`."""
    prices, _ = equilibrium(hour)
    return prices


def rest_of_answers(hour: Hour, start: np.ndarray, rules: Rules) -> MoneyResult | None:
    """Where best answers in money lead from some prices; None if somebody still gains there."""
    prices = start
    for _ in range(ANSWERS):
        answers = best_answers_in_money(hour, prices, rules)
        change = np.abs(answers - prices).max()
        prices = (prices + answers) / 2
        if change <= CLOSE * hour.price_size:
            break
    gain = money_temptation(hour, prices, rules)
    if gain > INDIFFERENT:
        return None
    return at_pure_prices(hour, prices, gain, rules)


def best_answers_in_money(hour: Hour, prices: np.ndarray, rules: Rules) -> np.ndarray:
    """The price at which each seller earns most while the others keep theirs, `(sellers,)`."""
    answers = prices.copy()
    for seller in range(len(prices)):
        low, high = hour.price_min, hour.top
        while high - low > CLOSE * hour.price_size:
            tried = np.linspace(low, high, NET)
            best = int(np.argmax(earned_at(hour, prices, seller, tried, rules)))
            low = tried[max(best - 1, 0)]
            high = tried[min(best + 1, NET - 1)]
        answers[seller] = tried[best]
    return answers


def earned_at(
    hour: Hour, prices: np.ndarray, seller: int, tried: np.ndarray, rules: Rules
) -> np.ndarray:
    """What a seller earns at other prices of its own while the others keep theirs, yuan/h.

    tried: prices, `(prices,)`; so is the result.
    """
    moved = np.tile(prices, (len(tried), 1))
    moved[:, seller] = tried
    return money_earned(hour, moved, rules)[:, seller]


def at_pure_prices(hour: Hour, prices: np.ndarray, gain: float, rules: Rules) -> MoneyResult:
    """The result at prices from which nobody gains by moving."""
    sellers = list(hour.sellers)
    rows = sorted(set(prices))
    certain = [[float(price == row) for price in prices] for row in rows]
    return MoneyResult(
        pure=True,
        prices=pd.Series(prices, sellers),
        earnings=pd.Series(money_earned(hour, prices, rules), sellers),
        gain=gain,
        levels=PRICES_TRIED,
        lotteries=pd.DataFrame(certain, pd.Index(rows, name="price"), sellers),
    )


def net_of_prices(hour: Hour) -> np.ndarray:
    """The prices that each seller chooses from, yuan/kWh: fewer where there are more sellers."""
    count = max(3, int(JOINT_PRICES ** (1 / len(hour.sellers))))
    lowest = max(hour.price_min, float(hour.reservation.min()))
    return np.linspace(lowest, hour.top, min(count, PRICES_TRIED))


def earnings_table(hour: Hour, levels: np.ndarray, rules: Rules) -> np.ndarray:
    """What each seller earns at all joint prices of the net, yuan/h `(levels, ..., sellers)`."""
    of_each = np.meshgrid(*[levels] * len(hour.sellers), indexing="ij")
    return money_earned(hour, np.stack(of_each, axis=-1), rules)


def learnt_lotteries(table: np.ndarray) -> list[np.ndarray]:
    """The lottery of each seller, `(levels,)`, by regret matching with growing weights.

    In each round a seller compares what each price would have earned against the others' present
    lotteries with what its own lottery earned, and chooses prices in proportion to what it regrets.
    The lotteries returned are means over the rounds, late ones counted more.
    """
    sellers = table.shape[-1]
    count = table.shape[0]
    size = np.abs(table).max()
    regrets = [np.zeros(count) for _ in range(sellers)]
    sums = [np.zeros(count) for _ in range(sellers)]
    lotteries = [np.full(count, 1 / count) for _ in range(sellers)]
    for number in range(1, ROUNDS + 1):
        for seller in range(sellers):
            earned = expected(table, lotteries, seller) / size
            mean = float(lotteries[seller] @ earned)
            regrets[seller] = np.maximum(regrets[seller] + earned - mean, 0.0)
            whole = regrets[seller].sum()
            if whole > 0:
                lotteries[seller] = regrets[seller] / whole
            sums[seller] += number * lotteries[seller]
    return [weights / weights.sum() for weights in sums]


def expected(table: np.ndarray, lotteries: list[np.ndarray], seller: int) -> np.ndarray:
    """What each price of a seller earns on average against the others' lotteries, `(levels,)`."""
    earned = table[..., seller]
    for other in reversed(range(len(lotteries))):
        if other != seller:
            earned = np.tensordot(earned, lotteries[other], axes=([other], [0]))
    return earned


def at_lotteries(
    hour: Hour, levels: np.ndarray, table: np.ndarray, lotteries: list[np.ndarray]
) -> MoneyResult:
    """The result where each seller draws its price."""
    sellers = list(hour.sellers)
    earnings = []
    gains = []
    for seller, lottery in enumerate(lotteries):
        of_each = expected(table, lotteries, seller)
        mean = float(lottery @ of_each)
        earnings.append(mean)
        demand = hour.deficit.sum()
        gains.append(relative_gain(hour, mean / demand, float(of_each.max()) / demand))
    columns = dict(zip(sellers, lotteries, strict=True))
    return MoneyResult(
        pure=False,
        prices=pd.Series([float(levels @ lottery) for lottery in lotteries], sellers),
        earnings=pd.Series(earnings, sellers),
        gain=max(gains),
        levels=len(levels),
        lotteries=pd.DataFrame(columns, pd.Index(levels, name="price")),
    )
