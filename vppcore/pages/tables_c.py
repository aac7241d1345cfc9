"""Tables of the pages beyond the papers: a real week, the feeder, fairness. No
solving, no reading.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.delivery import Delivery
from vppcore.cooperation.result import CoalitionResult
from vppcore.fairness import Values, stability
from vppcore.grid.power_flow import PowerFlow
from vppcore.misreports import Lies
from vppcore.pages import scales
from vppcore.pages.words import amount, places_for
from vppcore.schedule import DispatchResult

# to how many places a page shows numbers that are no whole yuan
PLACES_OF_FLOWS = {"lowest voltage": 3, "highest voltage": 3, "highest line loading": 2}
PLACES_OF_LIMITS = {
    "traded (MWh)": 1,
    "margin (per unit)": 4,
    "lowest AC voltage": 4,
    "highest AC voltage": 4,
}
NO_PRICE = 1e-6  # of the dearest power: a smaller price of the feeder is none
PLACES_OF_STEPS = {"step (h)": 2, "load (MWh)": 2, "peak load (MW)": 2, "saving (%)": 2}


# --- a real week ----------------------------------------------------------------------------------
def energy_by_kind(energy: pd.DataFrame) -> pd.DataFrame:
    """Energy of all VPPs by load and kind of plant, in the unit that suits it.

    energy: as `tables.energy` makes it.
    """
    total = energy["energy (kWh)"].groupby(lambda name: name.split(" ")[1]).sum()
    scale = scales.energy(total)
    return (total / scale.size).rename(f"{scale.unit} in all").to_frame()


def received_by_each(trades: pd.DataFrame) -> pd.DataFrame:
    """What each VPP receives from all others together, kW: a column per VPP."""
    received = trades.clip(lower=0).T.groupby(level=0, sort=False).sum()
    return received.T.rename_axis("step")


def saving_in_percent(alone: float, together: float) -> float:
    """What cooperation saves, in percent of what the VPPs cost alone; of its size, if that is
    income.
    """
    return 100 * (alone - together) / abs(alone) if alone else 0.0


def step_length(
    case: Case, alone: dict[str, DispatchResult], together: CoalitionResult
) -> dict[str, float]:
    """A case's energy, peak and costs, to be compared with the same case in other steps."""
    step_hours = case.vpps[0].step_hours
    loads = [component.demand for vpp in case.vpps for component in electric_loads(vpp)]
    load = sum(loads, np.zeros(case.vpps[0].steps))
    apart = sum(result.cost for result in alone.values())
    return {
        "step (h)": step_hours,
        "load (MWh)": step_hours * load.sum() / 1000,
        "peak load (MW)": load.max() / 1000,
        "alone (yuan)": apart,
        "together (yuan)": together.cost,
        "saving (%)": saving_in_percent(apart, together.cost),
        "variables": next(iter(together.dispatches.values())).solved.variables,
    }


def electric_loads(vpp) -> list:
    """The electric loads of a VPP, whatever their labels."""
    return [load for load in vpp.with_role("load") if load.kind == "electric_load"]


def flow_summaries(flows: dict[str, PowerFlow], step_hours: float) -> pd.DataFrame:
    """Voltages, losses and loading of several power flows, a row each."""
    return pd.DataFrame({name: flow.summary(step_hours) for name, flow in flows.items()}).T


def steps_outside(flows: dict[str, PowerFlow], low: float, high: float) -> pd.Series:
    """In how many steps of each power flow some voltage leaves its limits, per unit."""
    counts = {}
    for name, flow in flows.items():
        outside = (flow.voltages.min(axis=1) < low) | (flow.voltages.max(axis=1) > high)
        counts[name] = int(outside.sum())
    return pd.Series(counts)


# --- the feeder -----------------------------------------------------------------------------------
def with_limits(delivery: Delivery, unlimited: float, step_hours: float) -> dict[str, float]:
    """What voltage limits cost at one placement. unlimited: saving without limits, yuan."""
    voltages = delivery.flow.voltages
    traded = delivery.together.trades.clip(lower=0).sum().sum()
    return {
        "alone (yuan)": delivery.alone.cost,
        "together (yuan)": delivery.together.cost,
        "saving (yuan)": delivery.saving,
        "saving without limits": unlimited,
        "traded (MWh)": traded * step_hours / 1000,
        "margin (per unit)": delivery.placement.margin,
        "lowest AC voltage": voltages.min().min(),
        "highest AC voltage": voltages.max().max(),
        "losses (kWh)": step_hours * delivery.flow.losses.sum(),
    }


# --- fairness -------------------------------------------------------------------------------------
def stability_of(values: Values, gains: pd.DataFrame, least: float) -> pd.DataFrame:
    """Whether each split is in the core, beside the best that any split could do (yuan)."""
    return stability(values, gains).assign(**{"least core (yuan)": least})


def network_prices(agreed: CoalitionResult) -> pd.DataFrame:
    """What a kWh withdrawn costs the feeder; nothing where that is nothing beside power's price."""
    usual = max(
        float(result.prices["electricity"].abs().max()) for result in agreed.dispatches.values()
    )
    prices = agreed.network_prices
    return prices.mask(prices.abs() <= NO_PRICE * usual, 0.0)


def what_lies_gain(found: Lies) -> pd.DataFrame:
    """What the best lie gains each VPP under each rule, as texts: yuan and which lie it is."""
    cells = pd.DataFrame("nothing", found.best.index, found.best.columns)
    places = max(0, places_for(float(found.best.max().max())) - 1)
    for name, rule in product(cells.index, cells.columns):
        if found.lies.loc[name, rule]:
            more = found.best.loc[name, rule]
            cells.loc[name, rule] = f"{amount(more, places)} ({found.lies.loc[name, rule]})"
    return cells
