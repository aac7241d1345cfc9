"""Where the numbers of the chapter on uncertainty come from, beyond those in the notebook's results. yuan."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd

from vppcore import dispatch, load_case, pool
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.day_search import Found, Search
from vppcore.uncertainty.promises import trades_of
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.robust import robust_coalition
from vppcore.uncertainty.series import hit
from vppcore.uncertainty.settings import at_level
from vppcore.uncertainty.worst_day import reaction_to, worst_case
from vppcore.uncertainty.worth import value_bounds
from vppcore.vpp import VPP


# --- bounds on what a hit is worth, right and wrong -----------------------------------------------
@cache
def vpp1_at_6() -> Recourse:
    """What VPP1 of paper-a-parent can do on a day of level 6."""
    return Recourse(load_case("paper-a-parent").vpp("VPP1"), at_level(6))


def products() -> int:
    """Binaries of its search, one for each series and hour."""
    return vpp1_at_6().forecast_day.size


def found_with(low: np.ndarray, high: np.ndarray, solver: str) -> Found:
    """What the search finds if the worth of a hit is said to be between these bounds."""
    return Search(vpp1_at_6(), (low, high)).run(vpp1_at_6().no_trade, solver, None)


@cache
def found_with_m(m: float, solver: str = "highs") -> Found:
    """With -M and M as bounds of all products."""
    return found_with(np.full(products(), -m), np.full(products(), m), solver)


@cache
def found_with_a_sixth() -> Found:
    """With the proven bounds, but a sixth of them for the load in hours 12 to 14."""
    made = vpp1_at_6()
    low, high = value_bounds(made)
    load = made.steps * made.keys.index(("VPP1", "load"))
    high[load + 11 : load + 14] /= 6
    return found_with(low, high, "highs")


def value_with_m(m: float) -> float:
    """The value that the search returns, the same from both solvers."""
    values = [found_with_m(m, solver).cost for solver in ("highs", "gurobi")]
    assert np.isclose(*values, rtol=1e-5)
    return values[0]


def value_with_a_sixth() -> float:
    return found_with_a_sixth().cost


def day_with_a_sixth() -> float:
    """What the day costs that was found with the bounds that are too small."""
    return vpp1_at_6().value(found_with_a_sixth().z)


def forecast_and_capped_hits(m: float) -> float:
    """The forecast day and as many times M as the budgets allow hits."""
    made = vpp1_at_6()
    return made.value(made.forecast_day) + m * sum(made.budgets.values())


# --- days of the reader's own ---------------------------------------------------------------------
def day_of_vpp1(level: int, **hits: list[int]) -> float:
    """What a day of VPP1's budget costs; hits: series -> hours."""
    return reaction_to(load_case("paper-a-parent").vpp("VPP1"), at_level(level), hits).cost


# --- prices on the worst days alone ---------------------------------------------------------------
@cache
def on_own_worst_days(name: str, level: int) -> tuple[VPP, ...]:
    """The VPPs of a case, each on the day that is worst for it alone."""
    uncertainty = at_level(level)
    there = []
    for vpp in load_case(name).vpps:
        hits = worst_case(vpp, uncertainty, canonical=True).hits
        there.append(hit(vpp, uncertainty, {series: hits[series].to_numpy() for series in hits}))
    return tuple(there)


@cache
def prices_alone(name: str, level: int) -> pd.DataFrame:
    """Bus prices on these days without trade, a column for each VPP, yuan/kWh."""
    vpps = on_own_worst_days(name, level)
    return pd.DataFrame({vpp.name: dispatch(vpp).prices["electricity"] for vpp in vpps})


def price_spread(name: str, level: int) -> float:
    """By how much the bus prices of two VPPs differ, the mean over pairs and hours."""
    prices = prices_alone(name, level)
    pairs = combinations(prices, 2)
    return float(np.mean([(prices[a] - prices[b]).abs().mean() for a, b in pairs]))


def mean_price_alone(name: str, level: int) -> float:
    return float(prices_alone(name, level).to_numpy().mean())


@cache
def mean_price_together(name: str, level: int) -> float:
    """The mean of the bus prices if the VPPs trade knowing these days."""
    case = replace(load_case(name), vpps=on_own_worst_days(name, level))
    together = pool(case)
    prices = [schedule.prices["electricity"] for schedule in together.dispatches.values()]
    return float(np.mean(prices))


# --- readings -------------------------------------------------------------------------------------
@cache
def joint_worst_case(level: int) -> float:
    """Cost together if the VPPs of paper-a-parent trade knowing the day that is worst for all."""
    case = load_case("paper-a-parent")
    return robust_coalition(case, at_level(level), reading="joint worst case").cost


# --- what promises guarantee ----------------------------------------------------------------------
@cache
def promised(what: object) -> pd.DataFrame:
    """Trades of paper-a-parent: the best for the "forecast", or those of a robust level."""
    case = load_case("paper-a-parent")
    if what == "forecast":
        return pool(case, flattest=True).trades
    return robust_coalition(case, at_level(what)).trades


@cache
def guarantee_of(what: object, level: int) -> float:
    """What these trades cost at most on a day of a level."""
    case = load_case("paper-a-parent")
    costs = []
    for vpp in case.connected():
        adversary = Adversary(Recourse(vpp, at_level(level)))
        trades = trades_of(promised(what), case, vpp.name)
        costs.append(adversary.answer(trades).guarantee)
    return sum(costs)
