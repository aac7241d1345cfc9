"""What one day leaves to the next: stored energy, powers from which plants ramp, on and off.

kW, kWh, h; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.choices import HORIZON
from vppcore.components import (
    CarbonMarket,
    CHPWithCapture,
    Component,
    DeferrableLoad,
    ElectricLoad,
    ElectricVehicle,
    Grid,
)
from vppcore.components.commitment import MayStand
from vppcore.components.peak import steps_of_interval
from vppcore.components.periods import Period, periods_of
from vppcore.components.stores import Store
from vppcore.errors import WrongInput
from vppcore.rolling.settings import HOURS_OF_A_DAY, Stretch
from vppcore.vpp import VPP, Model

# component -> what of it is replaced at the start of a plan
Carried = dict[str, dict[str, Any]]
# hours and shares that differ by less are the same
ROUNDING = 1e-6


# --- carried on -----------------------------------------------------------------------------------
def begun(vpp: VPP, state: Carried) -> VPP:
    """A VPP that begins as the day before left it; stores still end as full as the case says."""
    parts = []
    for part in vpp.components:
        if part.name in state:
            part = replace(part, **state[part.name])
        elif isinstance(part, Store) and part.energy_end is None:
            part = replace(part, energy_end=part.energy_start)
        parts.append(part)
    return replace(vpp, components=tuple(parts))


def left_by(vpp: VPP, series: pd.DataFrame) -> Carried:
    """What a VPP's schedule of some steps leaves to the next: component -> what is replaced.

    vpp: as it began. series: columns (component, series), a row per step.
    """
    state: Carried = {}
    for part in vpp.components:
        if isinstance(part, Store):
            state[part.name] = left_in_store(part, series[part.name])
        elif isinstance(part, MayStand | CHPWithCapture):
            state[part.name] = left_by_plant(part, series[part.name], vpp.step_hours)
        elif isinstance(part, Grid) and part.peak_price and part.peak_period == HORIZON:
            bought = series[part.name, "buy"].to_numpy()
            state[part.name] = {"peak_before": part.peak_after(bought, vpp.step_hours)}
    return state


def left_in_store(store: Store, series: pd.DataFrame) -> dict[str, Any]:
    """The stored energy, and the one to end with."""
    last = float(np.clip(series["energy"].iloc[-1], store.energy_min, store.energy_max))
    return {"energy_start": last, "energy_end": store.energy_end}


def left_by_plant(
    plant: MayStand | CHPWithCapture, series: pd.DataFrame, step_hours: float
) -> dict[str, Any]:
    """The last power, and for a plant that may stand whether it is on and for how long."""
    state: dict[str, Any] = {"power_before": max(0.0, float(series["power"].iloc[-1]))}
    if isinstance(plant, MayStand) and plant.may_stand:
        on = series["on"].to_numpy() > 0.5
        changes = np.flatnonzero(on != on[-1])
        since = len(on) - 1 - changes[-1] if len(changes) else len(on)
        hours = float(since * step_hours)
        if not len(changes) and plant.on_before == float(on[-1]):
            hours += plant.hours_before
        elif not len(changes) and plant.on_before is None:
            hours = np.inf
        state |= {"on_before": float(on[-1]), "hours_before": hours}
    return state


def with_chosen_start(vpp: VPP, series: pd.DataFrame) -> VPP:
    """A VPP whose cars begin, and in the end stop, as full as a schedule chose that may choose.

    series: of a schedule that ends as it began, columns (component, series).
    """
    parts = []
    for part in vpp.components:
        if isinstance(part, Store) and part.energy_start is None:
            chosen = float(series[part.name, "energy"].iloc[-1])
            chosen = float(np.clip(chosen, part.energy_min, part.energy_max))
            part = replace(part, energy_start=chosen, energy_end=chosen)
        parts.append(part)
    return replace(vpp, components=tuple(parts))


def pinned(vpp: VPP, series: pd.DataFrame) -> VPP:
    """A VPP of fewer steps whose stores end as a longer schedule left them after these steps."""
    parts = []
    for part in vpp.components:
        if isinstance(part, Store):
            column = series[part.name, "energy"]
            last = float(np.clip(column.iloc[vpp.steps - 1], part.energy_min, part.energy_max))
            part = replace(part, energy_end=last, end="same")
        parts.append(part)
    return replace(vpp, components=tuple(parts))


def plant_rows(model: Model, series: pd.DataFrame) -> list[cp.Constraint]:
    """Rows that leave plants on or off, and at the power, as a longer schedule has them."""
    rows = []
    last = model.vpp.steps - 1
    for plant in model.vpp.components:
        if not isinstance(plant, MayStand | CHPWithCapture):
            continue
        flows = model.parts[plant.name].series
        if "on" in flows:
            rows.append(flows["on"][last] == round(series[plant.name, "on"].iloc[last]))
        if np.isfinite(plant.ramp_max):
            rows.append(flows["power"][last] == float(series[plant.name, "power"].iloc[last]))
    return rows


# --- refused --------------------------------------------------------------------------------------
def check_carried(case: Case, plans: Iterable[Stretch]) -> None:
    """Raises WrongInput for what no day can be cut from the next, a sentence for each."""
    plans = list(plans)
    if len(plans) < 2:
        return
    faults = []
    for vpp in case.vpps:
        for part in vpp.components:
            faults += [f"{vpp.name}, {part.name}: {f}" for f in carried_faults(part, vpp, plans)]
    if faults:
        raise WrongInput(*faults)


def carried_faults(part: Component, vpp: VPP, plans: list[Stretch]) -> list[str]:
    """Sentences about one component that a day cannot be cut from the next for."""
    keep = plans[0].keep * vpp.step_hours
    if isinstance(part, CarbonMarket) and part.levels > 1 and (part.growth or part.reward_growth):
        where = cut_within(part.period, vpp, plans)
        return [
            f"found {part.levels:g} levels, counted over period = {part.period}, and {where}; "
            "allowed in a rolling run of several days: a flat price (levels = 1), or a period that "
            "ends where a kept day does, such as day with whole days kept from midnight"
        ] * bool(where)
    if isinstance(part, Grid) and part.peak_price:
        return peak_faults(part, vpp, plans)
    if isinstance(part, ElectricLoad) and part.shift_share:
        return [] if is_whole(keep / part.shift_hours) else [
            f"found shift_hours = {part.shift_hours:g} and {keep:g} h kept; allowed in a rolling "
            "run of several days: load that is made up within what is kept"
        ]  # fmt: skip
    if isinstance(part, DeferrableLoad):
        hours = [float(vpp.clock.hours[stretch.before]) for stretch in plans]
        return deferred_faults(part, hours)
    if isinstance(part, ElectricVehicle) and part.is_by_column:
        away = np.asarray(part.availability, float) == 0
        if any(away[stretch.before] for stretch in plans):
            return [
                "found it away at the start of a day; allowed in a rolling run of several days: "
                "there by column availability, or arrival and departure"
            ]
    return []


def cut_within(period: str, vpp: VPP, plans: list[Stretch]) -> str:
    """Where a kept day begins within a period, in words; empty where none does.

    A sum over a period is not carried from one day to the next.
    """
    begins = {one.first for one in periods_of(period, vpp.clock)}
    for stretch in plans[1:]:
        if stretch.before not in begins:
            return f"kept day {stretch.day} begins within one, with step {stretch.first}"
    return ""


def peak_faults(grid: Grid, vpp: VPP, plans: list[Stretch]) -> list[str]:
    """A sentence if a peak cannot be carried on: of several periods that kept days cut in two, or
    of a metered interval that a kept day cuts."""
    where = cut_within(grid.peak_period, vpp, plans)
    if not where:
        return []
    found = f"found peak_price with peak_period = {grid.peak_period}"
    if len(periods_of_the_run(grid, vpp, plans)) > 1:
        return [
            f"{found}, and {where}; allowed in a rolling run of several days: a period that ends "
            "where a kept day does, such as day with whole days kept from midnight, or one that "
            "holds the whole run"
        ]
    interval = steps_of_interval(grid.metering_hours, vpp.step_hours)
    if not is_whole(plans[0].keep / interval):
        keep = plans[0].keep * vpp.step_hours
        return [
            f"{found} and {keep:g} h kept, which ends within an interval of metering_hours = "
            f"{grid.metering_hours:g}; allowed in a rolling run of several days: whole intervals"
        ]
    return []


def periods_of_the_run(grid: Grid, vpp: VPP, plans: list[Stretch]) -> list[Period]:
    """The periods of a peak in the steps of all plans."""
    steps = sum(stretch.keep for stretch in plans)
    return periods_of(grid.peak_period, vpp.clock.window(plans[0].first, steps))


def with_peaks_of_the_run(case: Case, plans: list[Stretch]) -> Case:
    """A case in which a peak whose period holds all plans counts for them together.

    Each plan is a part of the period and would else be charged by its own share, not the run's.
    """
    if len(plans) < 2:
        return case
    vpps = []
    for vpp in case.vpps:
        for grid in vpp.of(Grid):
            if grid.peak_price and cut_within(grid.peak_period, vpp, plans):
                share = periods_of_the_run(grid, vpp, plans)[0].share
                price = grid.peak_price * share
                vpp = vpp.change(grid.name, peak_price=price, peak_period=HORIZON)
        vpps.append(vpp)
    return replace(case, vpps=tuple(vpps))


def deferred_faults(load: DeferrableLoad, hours: list[float]) -> list[str]:
    """A sentence if a day begins within the hours in which a load may run."""
    window = load.window_of_a_day
    for hour in hours:
        inside = (hour - window.first) % HOURS_OF_A_DAY
        if ROUNDING < inside < window.hours - ROUNDING:
            return [
                f"found hours from {load.earliest:g} to {load.latest:g}, within which a kept day "
                f"ends at {hour:g}; allowed in a rolling run of several days: hours that lie "
                "within one kept day"
            ]
    return []


def is_whole(count: float) -> bool:
    """True for a whole number from 1 on, up to rounding."""
    return count > 0.5 and abs(count - round(count)) < ROUNDING
