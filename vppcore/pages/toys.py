"""The small examples that chapters work out by hand, as cases that vppcore solves.

kW, yuan/kWh; an hour a step. Their numbers are those that the chapters set.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from vppcore.case import Case, Description
from vppcore.components import Battery, Component, ElectricLoad, Grid, Renewable, Tie
from vppcore.schedule import dispatch
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.series import hit
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worth import value_bounds
from vppcore.vpp import VPP


def array(*numbers: float) -> np.ndarray:
    """Numbers, one a step."""
    return np.array(numbers, float)


def case_of(*vpps: VPP) -> Case:
    """VPPs that trade without a fee and without a limit that could be felt."""
    first = vpps[0]
    told = {
        "title": "an example by hand",
        "source": "set by the chapter",
        "licence": "as the book's text",
        "currency": "yuan",
        "steps": first.steps,
        "step_hours": first.step_hours,
        "series_source": "set by the chapter",
        "series_status": "assumed",
    }
    described = Description.model_validate(told)
    unlimited = Tie(limit=1e4, crossing_fee=0.0)
    return Case("by hand", described, vpps, unlimited, pd.DataFrame(), pd.DataFrame())


def seller(name: str, spare: float, tariff: Grid) -> VPP:
    """A VPP with nothing but power to spare, kW."""
    plant = Renewable(label="pv", forecast=array(spare))
    return VPP(name, (ElectricLoad(forecast=array(0)), plant, tariff), 1)


def buyer(name: str, needed: float, tariff: Grid) -> VPP:
    """A VPP with nothing but a load, kW."""
    return VPP(name, (ElectricLoad(forecast=array(needed)), tariff), 1)


def two_at_a_table() -> Case:
    """A and C of the bargaining chapter's example, without B: one has to spare, one needs."""
    tariff = Grid(buy_price=array(0.60), sell_price=array(0.20))
    return case_of(seller("A", 300.0, tariff), buyer("C", 400.0, tariff))


# --- uncertainty ----------------------------------------------------------------------------------
TWO_HITS = Uncertainty({"load": 2}, deviation=0.6)  # a hit adds 60 kW to a load of 100 kW
ONE_HIT = Uncertainty({"load": 1}, deviation=0.2)  # and 60 kW to one of 300 kW
DEMANDS = {"without a hit": 300.0, "with the hit": 360.0}  # of the hour of the dual, kW
TOO_SMALL = 60.0  # yuan: a bound on that hit's worth that looks generous, 1 yuan/kWh


def three_hours(battery: bool) -> VPP:
    """The VPP of the chapter whose worst hours do not add up: no load, then 100 kW twice; a
    contract for 100 kW at 0.40, the rest at 1.20 yuan/kWh; with its battery of 60 kWh, or without.
    """
    nothing = array(0, 0, 0)
    contract = Grid(
        label="contract", buy_price=nothing + 0.40, sell_price=nothing, buy_max=100.0, sell_max=0.0
    )
    market = Grid(label="market", buy_price=nothing + 1.20, sell_price=nothing, sell_max=0.0)
    store = Battery(
        energy_min=0.0,
        energy_max=60.0,
        energy_start=0.0,
        charge_max=60.0,
        discharge_max=60.0,
        charge_efficiency=1.0,
        discharge_efficiency=1.0,
    )
    parts: list[Component] = [ElectricLoad(forecast=array(0, 100, 100)), contract, market]
    return VPP("toy", tuple([*parts, store] if battery else parts), 3)


def costs_of_hits(vpp: VPP, doubt: Uncertainty) -> pd.Series:
    """What each combination of hits on the hours with load costs, yuan.

    Its index says which hours are hit, as a tuple of steps.
    """
    hours = [int(step) for step in 1 + np.flatnonzero(vpp.of(ElectricLoad)[0].forecast)]
    costs = {}
    for count in range(len(hours) + 1):
        for chosen in combinations(hours, count):
            day = np.isin(np.arange(1, vpp.steps + 1), chosen).astype(float)
            costs[chosen] = dispatch(hit(vpp, doubt, {"load": day})).cost
    return pd.Series(costs.values(), pd.Index(list(costs), tupleize_cols=False), name="yuan")


def battery_or_none() -> dict[str, pd.Series]:
    """The costs of all combinations of hits of `three_hours`, without its battery and with it."""
    titles = {"without a battery": False, "with a battery": True}
    return {
        title: costs_of_hits(three_hours(battery), TWO_HITS) for title, battery in titles.items()
    }


def one_hour(demand: float) -> VPP:
    """The hour of the chapter's dual: what is needed is bought at 1.20 yuan/kWh, but for 100 kW
    that cost 0.10.
    """
    cheap = Renewable(label="pv", forecast=array(100), operation_cost=0.10)
    tariff = Grid(buy_price=array(1.20), sell_price=array(0.0), sell_max=0.0)
    return VPP("toy", (ElectricLoad(forecast=array(demand)), cheap, tariff), 1)


def cost_by_demand(demands: Sequence[float]) -> pd.DataFrame:
    """The hour's cost (yuan) and the price of one more kWh (yuan/kWh) by demand (kW)."""
    rows = {}
    for demand in demands:
        result = dispatch(one_hour(demand))
        price = float(result.prices["electricity"].iloc[0])
        rows[float(demand)] = {"cost": result.cost, "price": price}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("demand")


def largest_worth() -> float:
    """The proven bound on what the hit on the hour's load can be worth, yuan."""
    _, high = value_bounds(Recourse(one_hour(DEMANDS["without a hit"]), ONE_HIT))
    return float(high.max())
