"""The game of a day as talks between agents, hours side by side, paper B section 4.

The talks of an hour are those of agents.py. Hours do not depend on each other, so several can be
played at once, by several processes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.errors import WrongInput
from vppcore.game.agents import talks_of
from vppcore.game.hour import HourResult
from vppcore.game.rules import Rules
from vppcore.market import Hour
from vppcore.parameters import Rule

WORKERS = Rule("number", low=1, whole=True)


@dataclass(frozen=True, eq=False)
class HourTalks:
    """What the agents of one hour agreed on, and every word on the way.

    prices: yuan/kWh by seller.
    shares: probability that a buyer (row) chooses a seller (column).
    words: a row per message, see `agents.Word`.
    """

    step: int
    prices: pd.Series
    shares: pd.DataFrame
    words: pd.DataFrame

    def distance(self, result: HourResult) -> float:
        """The largest difference of a price or a share from a result in one loop.

        Prices count in units of the hour's price size.
        """
        of_prices = np.abs(self.prices - result.prices).max() / result.hour.price_size
        of_shares = np.abs(self.shares - result.shares).to_numpy().max()
        return float(max(of_prices, of_shares))


@dataclass(frozen=True, eq=False)
class DistributedDay:
    """The talks of a day.

    hours: step -> its talks.
    seconds: from the first word to the last, processes included.
    workers: number of processes.
    """

    hours: dict[int, HourTalks]
    seconds: float
    workers: int

    def words(self) -> pd.Series:
        """How many messages of each kind were sent over the day."""
        kinds = [talks.words["kind"] for talks in self.hours.values()]
        if not kinds:
            return pd.Series(dtype=int)
        return pd.concat(kinds).value_counts()


def talk_through_hour(hour: Hour, rules: Rules | None = None) -> HourTalks:
    """Lets the agents of one hour talk until nobody moves.

    Raises WrongInput for an hour without a market, NotSolved if the talks do not end.

    >>> hour = Hour(1, ("A", "B"), ("C",), np.array([6.0, 8.0]), np.array([7.0]),
    ...             np.array([0.3, 0.38]), grid_price=0.75, price_min=0.3, price_max=1.2,
    ...             satisfaction=np.array([4 / 3]))
    >>> talk_through_hour(hour, Rules.of_the_text()).prices.round(4).to_dict()
    {'A': 0.65, 'B': 0.69}
    """
    talks = talks_of(hour, rules or Rules())
    talks.run()
    sellers = list(hour.sellers)
    prices = [seller.price for seller in talks.sellers]
    shares = [buyer.shares for buyer in talks.buyers]
    return HourTalks(
        step=hour.step,
        prices=pd.Series(prices, sellers),
        shares=pd.DataFrame(shares, list(hour.buyers), sellers),
        words=talks.table(),
    )


def talk_through_day(
    hours: Sequence[Hour], rules: Rules | None = None, workers: int = 1
) -> DistributedDay:
    """Lets the agents of every hour talk, several hours at once.

    hours: markets; closed ones are left out.
    workers: number of processes, 1 or more; with 1 the hours are played one after the other here.
    Raises WrongInput for a wrong number of workers, NotSolved if the talks of an hour do not end.
    """
    if not WORKERS.admits(workers):
        raise WrongInput(WORKERS.fault("workers", workers))
    rules = rules or Rules()
    open_hours = [hour for hour in hours if hour.open]
    began = time.perf_counter()
    if workers == 1:
        results = [talk_through_hour(hour, rules) for hour in open_hours]
    else:
        with ProcessPoolExecutor(workers) as pool:
            several = [rules] * len(open_hours)
            results = list(pool.map(talk_through_hour, open_hours, several))
    seconds = time.perf_counter() - began
    return DistributedDay({talks.step: talks for talks in results}, seconds, workers)
