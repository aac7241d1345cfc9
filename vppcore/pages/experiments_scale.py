"""What the page on scale computes: an example by hand, forms side by side, methods at small sizes;
and the stored benchmark, which it reads.

kW, yuan, yuan/kWh; the example has a single hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.joint import pool
from vppcore.fleet import (
    batches_of_fleet,
    deliver,
    drawn,
    negotiate_exchange,
    pool_by_exchange,
    pooled,
    price_newton,
    what_is_told,
)
from vppcore.grid.placement import Placement
from vppcore.reading import DATA
from vppcore.warm import WarmLinear, solve_quadratic

STORED = DATA / "benchmarks" / "fleet.csv"
PUBLISHED = DATA / "benchmarks" / "published.csv"
FITTED = "fitted exponent"
# the benchmark's names of methods
OURS = "price-Newton"
WORKERS = "price-Newton, two workers"
TALKS = "ADMM on an exchange"
PAIRS = "all pairs, pool"
SAME = 1e-7  # of the cost: two optima that differ by less are one


# --- two VPPs by hand -----------------------------------------------------------------------------
@dataclass(frozen=True)
class Plant:
    """A VPP of the example: a plant between zero and its limit, with its point.

    cost: yuan/kWh. most: kW. made: kW. low, high: multipliers of both ends, yuan/kWh.
    """

    cost: float
    most: float
    made: float
    low: float
    high: float

    @property
    def slope(self) -> float:
        """By how much more it makes if the price rises, kW per yuan/kWh."""
        return 1 / (self.low / self.made + self.high / (self.most - self.made))

    def pull(self, centre: float) -> float:
        """The price at which it would stay where it is, yuan/kWh."""
        return self.cost - centre / self.made + centre / (self.most - self.made)

    def moved(self, price: float, centre: float) -> Plant:
        """After a full Newton step to a price."""
        change = self.slope * (price - self.pull(centre))
        room = self.most - self.made
        return replace(
            self,
            made=self.made + change,
            low=(centre - self.low * change) / self.made,
            high=(centre + self.high * change) / room,
        )


class Round(NamedTuple):
    """What a round of the example ends with: the price, the plants, both bounds in yuan."""

    price: float
    plants: tuple[Plant, ...]
    upper: float
    lower: float


# the example of the chapter: both loads together, kW, and where the plants begin
LOAD = 6.0
CENTRES = (1.25, 0.25, 0.05)  # yuan: of its rounds, and of the picture
BEGINNING = (Plant(0.2, 10.0, 5.0, 0.25, 0.25), Plant(0.6, 10.0, 5.0, 0.25, 0.25))


def round_by_hand(plants: Sequence[Plant], load: float, centre: float) -> Round:
    """One round of price-Newton: slopes and pulls are added up, and one price follows.

    >>> first = round_by_hand(BEGINNING, LOAD, centre=1.25)
    >>> round(first.price, 6), [round(plant.made, 6) for plant in first.plants]
    (0.2, [5.0, 1.0])
    >>> round(first.upper, 6), round(first.lower, 6)
    (1.6, 1.2)
    """
    slope = sum(plant.slope for plant in plants)
    pulled = sum(plant.slope * plant.pull(centre) for plant in plants)
    lacking = load - sum(plant.made for plant in plants)
    price = (lacking + pulled) / slope
    moved = tuple(plant.moved(price, centre) for plant in plants)
    upper = sum(plant.cost * plant.made for plant in moved)
    gains = sum(max(0.0, (price - plant.cost) * plant.most) for plant in plants)
    return Round(price, moved, upper, price * load - gains)


def made_at(plant: Plant, price: float, centre: float) -> float:
    """What a plant makes at a price where its products are all at the centre, kW."""
    profit = price - plant.cost  # profit = centre / (most - made) - centre / made
    low, high = 0.0, plant.most
    for _ in range(60):
        middle = (low + high) / 2
        if centre / (plant.most - middle) - centre / middle < profit:
            low = middle
        else:
            high = middle
    return (low + high) / 2


# --- forms and methods side by side ---------------------------------------------------------------
def forms_compared(cases: Mapping[str, Case], solver: str) -> pd.DataFrame:
    """The joint optimum in pairs and on an exchange, yuan, stores relaxed; a row per case.

    carried out: what the exchange's schedules cost once they keep within the pair limits.
    """
    rows = {}
    for name, case in cases.items():
        in_pairs = pool(case, solver, storage="relaxed").cost
        exchange = pool_by_exchange(case)
        rows[name] = {
            "VPPs": len(case.vpps),
            "in pairs": in_pairs,
            "on the exchange": exchange.lower,
            "carried out": exchange.cost,
        }
    return pd.DataFrame(rows).T.astype({"VPPs": int}).rename_axis("case")


def methods_compared(like: Case, sizes: Sequence[int], seed: int) -> pd.DataFrame:
    """Ways to the joint optimum of drawn fleets: yuan and processor seconds.

    A row for each size and method: upper and lower bound (price-Newton), the cost (the others).
    """
    rows = []
    for n in sizes:
        batches = list(batches_of_fleet(drawn(n, seed, like)))
        program = pooled(batches).program
        by_prices, spent = timed(partial(price_newton, batches))
        found = [("price-Newton", by_prices.upper, by_prices.lower, spent)]
        ways = {"Clarabel": partial(solve_quadratic, program)}
        if program.is_linear:
            ways["HiGHS"] = partial(WarmLinear("fleet").solve, program)
        for method, solve in ways.items():
            point, spent = timed(solve)
            found.append((method, point.value, np.nan, spent))
        rows += [(n, *row) for row in found]
    table = pd.DataFrame(rows, columns=["VPPs", "method", "cost", "lower bound", "seconds"])
    return table.set_index(["VPPs", "method"])


def privacy_compared(like: Case, n: int, seed: int) -> pd.DataFrame:
    """What two methods are told until they end, on one drawn fleet; a row per method.

    rounds; numbers of a VPP, the most that it may have told; gap, of the bounds that are proven at
    the end, relative.
    """
    batches = list(batches_of_fleet(drawn(n, seed, like)))
    talks = negotiate_exchange(batches)
    prices = price_newton(batches)
    tells = what_is_told(n, batches[0].steps)["tells"]
    rows = {
        TALKS: (talks.rounds, talks.rounds * tells["exchange ADMM"], talks.gap),
        OURS: (prices.rounds, prices.rounds * tells["price-Newton, corrected"], prices.gap),
    }
    columns = ["rounds", "numbers of a VPP", "gap"]
    table = pd.DataFrame.from_dict(rows, "index", columns=columns).rename_axis("method")
    return table.astype({"rounds": int, "numbers of a VPP": int})


def feeder_compared(case: Case, placement: Placement) -> pd.DataFrame:
    """The joint optimum on the exchange with and without voltage limits, yuan; one row.

    rounds, rows, gap: of price-Newton within the limits, and of voltages in its border.
    """
    found = deliver(case, placement)
    row = {
        "without limits": price_newton(case).upper,
        "within limits": found.result.upper,
        "rounds": found.result.rounds,
        "rows": found.voltages.size,
        "gap": found.result.gap,
    }
    return pd.DataFrame([row], index=pd.Index([case.name], name="case"))


def timed(work: Callable) -> tuple:
    """What a call returns, and its processor seconds."""
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


# --- the stored benchmark -------------------------------------------------------------------------
def stored_benchmark() -> pd.DataFrame:
    """The table that `benchmarks/fleet.py` wrote, as it is stored with the project."""
    return pd.read_csv(STORED)


def published_sizes() -> pd.DataFrame:
    """How many participants other works had; a row per work."""
    return pd.read_csv(PUBLISHED)


def solved(table: pd.DataFrame) -> pd.DataFrame:
    """Processor seconds of what was solved, a row per number of VPPs, a column per method."""
    runs = table[table["status"] == "solved"]
    order = list(dict.fromkeys(runs["method"]))
    seconds = runs.pivot(index="vpps", columns="method", values="cpu_seconds")[order]
    return seconds.set_axis(seconds.index.astype(int))


def exponents(table: pd.DataFrame) -> pd.Series:
    """Method -> the power of the number of VPPs with which its processor time grew."""
    rows = table[table["status"] == FITTED]
    return rows.set_index("method")["exponent"]


def stopped(table: pd.DataFrame) -> pd.Series:
    """Method -> the number of VPPs at which it did not end within its limit or failed."""
    known = table["status"].isin(["solved", FITTED]) | table["vpps"].isna()
    return table[~known].groupby("method", sort=False)["vpps"].min().astype(int)
