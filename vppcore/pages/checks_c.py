"""What must be true of the results beyond the papers before a page shows them; see checks.py."""

from __future__ import annotations

import pandas as pd

from vppcore.cooperation.delivery import Delivery
from vppcore.cooperation.result import CoalitionResult
from vppcore.fairness import Values, excesses
from vppcore.grid.placement import Placement
from vppcore.grid.power_flow import PowerFlow
from vppcore.schedule import DispatchResult

SOLVER_ACCURACY = 1e-6  # of a cost or a flow
VOLTAGE_ACCURACY = 1e-4  # per unit: what a verified placement may miss
GRANTED_ACCURACY = 1e-3  # per unit: what a negotiation may miss, whose trades are agreed nearly
SHAPE_ACCURACY = 1e-3  # of an energy: what quarter hours and hours may differ by

Check = tuple[bool, str]


def energy_is_served(result: DispatchResult, energy: pd.DataFrame, step_hours: float) -> Check:
    """A rigid load is served as it stands in the data: energy is power times the length of a step.

    energy: as `tables.energy` makes it.
    """
    loads = [name for name in result.with_role("load") if result.kinds[name] == "electric_load"]
    served = step_hours * sum(result.series[name, "served"].sum() for name in loads)
    given = sum(energy.loc[f"{result.vpp} {name}", "energy (kWh)"] for name in loads)
    reduced = sum(result.series[name, "curtailed"].sum() for name in loads) * step_hours
    limit = SHAPE_ACCURACY * max(given, served)
    sentence = f"{result.vpp}: {served:,.1f} kWh are served of {given:,.1f}"
    return bool(abs(served + reduced - given) <= limit), sentence


def same_energy(steps: pd.DataFrame) -> Check:
    """Both step lengths hold the same energy. steps: a column per case, row "load (MWh)"."""
    energy = steps.loc["load (MWh)"].astype(float)
    limit = SHAPE_ACCURACY * float(energy.max())
    return bool(energy.max() - energy.min() <= limit), f"energy differs, MWh: {list(energy)}"


def limits_cost_money(delivery: Delivery, unlimited: CoalitionResult) -> Check:
    """No trade is a possible trade, and limits never make it cheaper."""
    slack = SOLVER_ACCURACY * (abs(delivery.alone.cost) + abs(unlimited.cost)) * 10
    cheaper = delivery.together.cost < unlimited.cost - slack
    dearer = delivery.together.cost > delivery.alone.cost + slack
    sentence = (
        f"with limits {delivery.together.cost:,.2f} yuan together, {delivery.alone.cost:,.2f} "
        f"alone; without limits {unlimited.cost:,.2f}"
    )
    return not (cheaper or dearer), sentence


def voltages_hold(
    flow: PowerFlow, placement: Placement, accuracy: float = VOLTAGE_ACCURACY
) -> Check:
    """All voltages of the AC power flow lie within the limits of the placement."""
    voltages = flow.voltages[placement.feeder.buses]
    low, high = float(voltages.min().min()), float(voltages.max().max())
    holds = low >= placement.low - accuracy and high <= placement.high + accuracy
    return holds, f"voltages {low:.4f} to {high:.4f} per unit leave their limits"


def nucleolus_is_in_the_least_core(values: Values, gains: pd.DataFrame, least: float) -> Check:
    """By definition no coalition gains more by leaving the nucleolus than the least core allows."""
    largest = float(excesses(values, gains["nucleolus"]).iloc[0]) if len(gains) > 1 else least
    limit = least + 1e-4 * float(gains["nucleolus"].abs().sum())
    return largest <= limit, f"excess {largest:,.4f} yuan above the least core's {least:,.4f}"
