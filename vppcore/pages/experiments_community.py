"""What the page on a street of cars and heat pumps solves to compare: devices made rigid, tariffs,
a price on peaks, the street's own grid.

kW, kWh, yuan; tables have a row per case, member or schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import Battery, ElectricLoad, ElectricVehicle, Grid, HeatStore
from vppcore.components.base import Component
from vppcore.components.clock import Clock
from vppcore.cooperation.joint import pool
from vppcore.errors import NotSolved
from vppcore.grid.feeder import Feeder, load_feeder
from vppcore.grid.measured import measured_power, spread
from vppcore.grid.placement import withdrawals
from vppcore.grid.power_flow import PowerFlow, solve_flow
from vppcore.pages.experiments_c import Schedules
from vppcore.places import DATA
from vppcore.standalone import alone

# how often the horizon is gone through until a car's energy repeats itself
ROUNDS = 2
AS_IT_IS = "as it is"
PLACES = {
    "lowest voltage": 3,
    "highest voltage": 3,
    "linear model off by": 4,
    "steps outside": 0,
    "highest loading (%)": 0,
    "steps overloaded": 0,
}
ACCURACY = 1e-6  # of a cost: what a solver may miss
SUM, STREET = "all members' peaks", "the street's peak"


# --- the case, turned --------------------------------------------------------------------------
def turned(case: Case, peak_price: float | None, dynamic: float) -> Case:
    """The case with another price on peaks and a part of its dynamic tariffs.

    peak_price: yuan/kW; None leaves that of the case. dynamic: the share of a price's distance from
    its mean that is left: 1 is the case's own tariff, 0 one price at all times.
    """
    made = with_grids(case, lambda grid: replace(grid, buy_price=flatter(grid.buy_price, dynamic)))
    if peak_price is None:
        return made
    return with_grids(made, lambda grid: replace(grid, peak_price=peak_price))


def flatter(price: np.ndarray, share: float) -> np.ndarray:
    """A price of which a share of the distance from its mean is left.

    >>> flatter(np.array([0.1, 0.3]), 0.5).round(2).tolist()
    [0.15, 0.25]
    """
    mean = np.mean(price)
    return mean + share * (np.asarray(price, float) - mean)


def with_grids(case: Case, change: Callable[[Grid], Grid]) -> Case:
    """The case with each grid connection replaced, whatever its label."""
    return with_components(case, lambda part, _: change(part) if isinstance(part, Grid) else part)


def with_components(case: Case, change: Callable[[Component, Clock], Component | None]) -> Case:
    """The case with each component replaced, or left out where the change returns None."""
    members = []
    for vpp in case.vpps:
        parts = [change(part, vpp.clock) for part in vpp.components]
        members.append(replace(vpp, components=tuple(part for part in parts if part is not None)))
    return replace(case, vpps=tuple(members))


def charged_on_arrival(car: ElectricVehicle, clock: Clock) -> ElectricLoad:
    """The load of a car that charges at once and as fast as it can until it is full."""
    limit = np.broadcast_to(car.charge_max * np.asarray(car.there(clock), float), (clock.steps,))
    kept, drawn = car.kept(clock.step_hours), car.drawn(clock)
    power, energy = np.zeros(clock.steps), car.energy_max
    for _ in range(ROUNDS):
        for step in range(clock.steps):
            room = car.energy_max - kept * energy + drawn[step]
            power[step] = min(limit[step], room / (car.charge_efficiency * clock.step_hours))
            put = clock.step_hours * car.charge_efficiency * power[step]
            energy = kept * energy + put - drawn[step]
    return ElectricLoad(label=car.label or "car charged on arrival", forecast=power)


def without(case: Case, kind: type[Component]) -> Case:
    """The case without components of a kind; cars stay, but charge when they arrive."""

    def change(part: Component, clock: Clock) -> Component | None:
        if not isinstance(part, kind):
            return part
        return charged_on_arrival(part, clock) if isinstance(part, ElectricVehicle) else None

    return with_components(case, change)


def has(case: Case, kind: type[Component]) -> bool:
    """True if some member has a component of a kind."""
    return any(vpp.of(kind) for vpp in case.vpps)


def made_rigid(case: Case) -> dict[str, Case]:
    """The case without each kind of device that moves energy in time, as far as it has them."""
    kinds = {
        "cars charge on arrival": ElectricVehicle,
        "no tanks": HeatStore,
        "no batteries": Battery,
    }
    return {name: without(case, kind) for name, kind in kinds.items() if has(case, kind)}


# --- what is compared --------------------------------------------------------------------------
def costs(case: Case, solver: str) -> dict[str, float]:
    """What members pay alone and together, yuan; not a number where there is no schedule."""
    try:
        apart = sum(result.cost for result in alone(case, solver).values())
        return {"alone (yuan)": apart, "together (yuan)": pool(case, solver).cost}
    except NotSolved:
        return {"alone (yuan)": np.nan, "together (yuan)": np.nan}


def costs_of(cases: Mapping[str, Case], base: Mapping[str, float], solver: str) -> pd.DataFrame:
    """Costs of the case as it is and of others, and by how much they are dearer.

    base: costs as it is, as `costs` gives them.
    """
    rows = {AS_IT_IS: dict(base)} | {name: costs(case, solver) for name, case in cases.items()}
    table = pd.DataFrame(rows).T
    for way in ("alone", "together"):
        table[f"dearer {way} (yuan)"] = table[f"{way} (yuan)"] - base[f"{way} (yuan)"]
    return table


def nothing_gained(table: pd.DataFrame) -> tuple[bool, str]:
    """A check: without a device nobody pays less. table: as `costs_of`."""
    columns = ["alone (yuan)", "together (yuan)"]
    dearer = table[[f"dearer {name}" for name in columns]].dropna()
    least = float(dearer.to_numpy().min(initial=0.0))
    size = float(table[columns].abs().to_numpy().max(initial=0.0))
    return least >= -100 * ACCURACY * size, f"less choice costs {-least:,.4f} yuan less"


def peaks(case: Case, schedules: Mapping[str, Schedules]) -> pd.DataFrame:
    """The largest purchase of each member, kW: a row each, all of them, and of the street at once.

    The street's is what all members together take from the grid in one step. schedules: name ->
    VPP -> schedule, a column each.
    """
    columns = {}
    for name, results in schedules.items():
        column = {vpp.name: largest_purchase(vpp.of(Grid), results[vpp.name]) for vpp in case.vpps}
        column[SUM] = sum(column.values())
        column[STREET] = max(float(withdrawals(case, results).sum(axis=1).max()), 0.0)
        columns[name] = column
    table = pd.DataFrame(columns)
    noise = ACCURACY * float(table.to_numpy().max(initial=0.0))
    return table.where(table > noise, 0.0)


def largest_purchase(grids: tuple[Grid, ...], result) -> float:
    """The sum of the largest purchases of a member's grid connections, kW."""
    return sum(float(result.series[grid.name, "buy"].max()) for grid in grids)


def without_charge(case: Case) -> Case:
    """The case without a price on peaks."""
    return with_grids(case, lambda grid: replace(grid, peak_price=0.0))


def has_charge(case: Case) -> bool:
    """True if some member pays for its peak."""
    return any(grid.peak_price > 0 for vpp in case.vpps for grid in vpp.of(Grid))


# --- the street's own grid ---------------------------------------------------------------------
def own_grid(case: Case) -> Feeder | None:
    """The feeder that the case's data come with, or None."""
    folder = f"{case.name}/grid"
    return load_feeder(folder) if (DATA / folder / "feeder.yaml").is_file() else None


def flows_and_models(
    case: Case, schedules: Mapping[str, Schedules]
) -> tuple[dict[str, PowerFlow], dict[str, pd.DataFrame]]:
    """AC power flows on the case's own grid and voltages of the linear model; both may be empty.

    schedules: name -> VPP -> schedule; before them come load and sun as they are in the data.
    """
    grid = own_grid(case)
    if grid is None:
        return {}, {}
    steps, step_hours = case.vpps[0].steps, case.vpps[0].step_hours
    active, reactive = measured_power(f"{case.name}/grid", steps, step_hours)
    powers = {"the data as they are": active}
    for name, results in schedules.items():
        powers[name] = active + spread(case, dict(results), grid)
    flows = {name: solve_flow(grid, power, reactive) for name, power in powers.items()}
    models = {name: linear_voltages(grid, power, reactive) for name, power in powers.items()}
    return flows, models


def linear_voltages(grid: Feeder, active: pd.DataFrame, reactive: pd.DataFrame) -> pd.DataFrame:
    """Voltages of LinDistFlow for given powers of all buses, per unit, a column per bus."""
    resistance, reactance = grid.sensitivity()
    fall = active[grid.buses].to_numpy() @ resistance + reactive[grid.buses].to_numpy() @ reactance
    squared = grid.source_voltage**2 - 2 * fall / 1000 / grid.base_kv**2
    return pd.DataFrame(np.sqrt(squared), active.index, grid.buses)


def carried(
    flows: Mapping[str, PowerFlow], models: Mapping[str, pd.DataFrame], low: float, high: float
) -> pd.DataFrame:
    """What the grid carries, a row per schedule: voltages (per unit), loading, steps above limits.

    low, high: limits of voltages, per unit.
    """
    rows = {}
    for name, flow in flows.items():
        voltages = flow.voltages[list(models[name])]
        fullest = flow.loading.max(axis=1)
        rows[name] = {
            "lowest voltage": voltages.min().min(),
            "highest voltage": voltages.max().max(),
            "linear model off by": (models[name] - voltages).abs().max().max(),
            "steps outside": int(((voltages < low) | (voltages > high)).any(axis=1).sum()),
            "highest loading (%)": 100 * fullest.max(),
            "steps overloaded": int((fullest > 1).sum()),
        }
    return pd.DataFrame(rows).T


# --- the tariff ----------------------------------------------------------------------------------
def flat_and_dynamic(case: Case, base: Mapping[str, float], solver: str) -> pd.DataFrame:
    """Costs with the case's tariff and with each member's mean price at all times."""
    flat = with_grids(case, lambda grid: replace(grid, buy_price=flatter(grid.buy_price, 0.0)))
    return costs_of({"one price at all times": flat}, base, solver)


def is_dynamic(case: Case) -> bool:
    """True if some member's purchase price changes from step to step."""
    return any(np.ptp(grid.buy_price) > 0 for vpp in case.vpps for grid in vpp.of(Grid))
