"""Where the numbers of the chapter on fairness come from, beyond those in the notebook's results. yuan."""

from __future__ import annotations

from functools import cache

import pandas as pd

from vppcore import alone, bargain, cooperate, dispatch, load_case, pool
from vppcore.cooperation.certificate import AtPrices
from vppcore.fairness import Values, coalition_values, excesses
from vppcore.fleet.generator import fleet
from vppcore.sharing.market import MarketGame
from vppcore.sharing.rows import LeastCore, least_core_by_rows


@cache
def savings_of_coalitions(name: str) -> Values:
    return coalition_values(load_case(name))


def lost_without(name: str, vpp: str) -> float:
    """What all others save less if this VPP is not there."""
    names = load_case(name).names
    others = tuple(other for other in names if other != vpp)
    values = savings_of_coalitions(name)
    return values[tuple(names)] - values[others]


@cache
def parts_at_multipliers(name: str) -> pd.Series:
    """What each VPP gains if each trade is paid at its multiplier in the joint optimum."""
    case = load_case(name)
    together = pool(case)
    pairs = list(together.multipliers)
    prices = {pair: together.multipliers[pair].to_numpy() for pair in pairs}
    gains = {}
    for vpp in case.connected():
        least = AtPrices(vpp, pairs, "auto").least_cost(prices)
        gains[vpp.name] = alone(case)[vpp.name].cost - least
    return pd.Series(gains)


def at_multiplier(name: str, vpp: str) -> float:
    return float(parts_at_multipliers(name)[vpp])


def excess_at_multipliers(name: str) -> float:
    """The largest excess of that rule."""
    return float(excesses(savings_of_coalitions(name), parts_at_multipliers(name)).max())


@cache
def negotiated_excess(name: str) -> float:
    """The largest excess of the contribution weights with the trades that are negotiated."""
    case = load_case(name)
    gains = bargain(case, alone(case), cooperate(case)).gains
    return float(excesses(savings_of_coalitions(name), gains).max())


def hidden_by_relaxing(name: str, vpp: str) -> float:
    """What a VPP alone seems to pay less if its battery may charge and discharge at once."""
    data = load_case(name).vpp(vpp)
    return dispatch(data).cost - dispatch(data, storage="relaxed").cost


@cache
def least_core_of_a_fleet(count: int) -> LeastCore:
    """The least core by rows of drawn VPPs that trade on a market."""
    return least_core_by_rows(MarketGame(fleet(count, seed=1)))


def saved_by_a_fleet(count: int) -> float:
    return least_core_of_a_fleet(count).total


def least_excess_of_a_fleet(count: int) -> float:
    """The larger of both bounds, which meet."""
    return least_core_of_a_fleet(count).upper


def coalitions_of(count: int) -> int:
    """How many coalitions so many VPPs have."""
    return 2**count - 1
