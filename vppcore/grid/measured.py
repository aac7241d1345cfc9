"""What the buses of a feeder take by measured profiles, and what schedules of VPPs change of it.

kW, kvar, positive where power is taken from the grid; tables have a row per step, a column per bus.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import ElectricLoad, Renewable
from vppcore.errors import WrongInput
from vppcore.faults import Faults, Place, shown
from vppcore.grid.columns import read_columns
from vppcore.grid.feeder import BUS, BUS_COLUMNS, Feeder, feeder_folder
from vppcore.grid.placement import withdrawals
from vppcore.parameters import Rule
from vppcore.reading.separated import read_table
from vppcore.schedule import DispatchResult, steps_of
from vppcore.vpp import VPP

FILES = ("buses.csv", "loads.csv", "generators.csv", "profiles.csv")
TIME = "time_utc"
PROFILE = Rule("text", text="the name of a profile")
CUSTOMER_COLUMNS = {"bus": BUS, **BUS_COLUMNS, "profile": PROFILE}
PLANT_COLUMNS = {"bus": BUS, "p_kw": BUS_COLUMNS["p_kw"], "profile": PROFILE}
SHARE = Rule("number", text="share of the rated power")
QUARTER = 0.25  # h


def measured_power(
    folder: str | Path, steps: int, step_hours: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Active (kW) and reactive (kvar) power of every bus, by measured profiles, a row per step.

    What customers take less what plants give. Profiles have a row per quarter of an hour, and a
    step has the mean of its quarters.
    folder: of a feeder, with buses.csv, loads.csv (bus, p_kw, q_kvar, profile), generators.csv
        (bus, p_kw, profile) and profiles.csv (time_utc, and shares of the rated power in the
        columns NAME_pload and NAME_qload for loads, NAME_gen for plants).
    steps: how many steps, from the first row of the profiles on.
    step_hours: length of a step, h, a multiple of a quarter.
    Raises WrongInput with a sentence for each fault of the files, or if profiles are too short.
    """
    path = feeder_folder(folder, FILES)
    quarters = quarters_of(step_hours)
    faults = Faults()
    buses = read_columns(path / "buses.csv", {"bus": BUS}, faults)
    customers = read_columns(path / "loads.csv", CUSTOMER_COLUMNS, faults)
    plants = read_columns(path / "generators.csv", PLANT_COLUMNS, faults)
    profiles = read_profiles(path / "profiles.csv", faults)
    if buses is None or customers is None or plants is None or profiles is None:
        raise faults.refusal()
    known = set(buses["bus"])
    for line in buses.index[buses["bus"].duplicated()]:
        faults.add(Place("buses.csv", line), f"found bus {buses['bus'][line]:g} twice", "once")
    check_references("loads.csv", customers, ("pload", "qload"), known, profiles, faults)
    check_references("generators.csv", plants, ("gen",), known, profiles, faults)
    if len(profiles) < quarters * steps:
        found = f"found {len(profiles)} quarters of an hour"
        faults.add(Place("profiles.csv"), found, f"{quarters * steps} or more")
    faults.refuse_if_any()

    shares = means_of_steps(profiles, steps, quarters)
    index = pd.RangeIndex(1, steps + 1, name="step")
    columns = pd.Index(buses["bus"].astype(int), name="bus")
    active = pd.DataFrame(0.0, index, columns)
    reactive = pd.DataFrame(0.0, index, columns)
    for load in customers.itertuples():
        active[load.bus] += load.p_kw * shares[column_of(load.profile, "pload")].to_numpy()
        reactive[load.bus] += load.q_kvar * shares[column_of(load.profile, "qload")].to_numpy()
    for plant in plants.itertuples():
        active[plant.bus] -= plant.p_kw * shares[column_of(plant.profile, "gen")].to_numpy()
    return active, reactive


def quarters_of(step_hours: float) -> int:
    """How many quarters of an hour a step has. Raises WrongInput unless it is a whole number.

    >>> quarters_of(1.0)
    4
    """
    quarters = step_hours / QUARTER
    if not (quarters >= 1 and abs(quarters - round(quarters)) < 1e-9):
        raise WrongInput(
            f"step_hours: found {step_hours:g}; allowed: a multiple of {QUARTER:g}, the time step "
            "of the measured profiles"
        )
    return round(quarters)


def read_profiles(file: Path, faults: Faults) -> pd.DataFrame | None:
    """Measured profiles, a row per quarter of an hour; None, faults entered, if unreadable."""
    table = read_table(file, faults)
    if table is None:
        return None
    names = [name for name in table.names if name != TIME]
    profiles = read_columns(file, dict.fromkeys(names, SHARE), faults)
    if TIME not in table.names:
        faults.add(Place(table.file), f"no column {TIME}", f"columns {TIME} and those of profiles")
        return profiles
    stamps = pd.to_datetime(pd.Series(table.column(TIME), table.lines), errors="coerce", utc=True)
    for line in stamps.index[stamps.isna()]:
        cell = table.column(TIME)[table.lines.index(line)]
        where = Place(table.file, line, TIME)
        faults.add(where, f"found {shown(cell)}", "like 2016-04-04T00:00Z", cause=("stamp", file))
    wrong = stamps.diff().dropna() != pd.Timedelta(hours=QUARTER)
    for line in wrong.index[wrong]:
        where = Place(table.file, line, TIME)
        found = f"found a step of {stamps.diff()[line] / pd.Timedelta(hours=1):g} h"
        faults.add(where, found, f"steps of {QUARTER:g} h, in order")
    return profiles


def check_references(
    file: str,
    table: pd.DataFrame,
    endings: tuple[str, ...],
    buses: set[float],
    profiles: pd.DataFrame,
    faults: Faults,
) -> None:
    """Enters a fault for each row that names a bus or a profile that is not there.

    endings: of the columns that a profile of this table needs.
    """
    for row in table.itertuples():
        if row.bus not in buses and not np.isnan(row.bus):
            faults.add(Place(file, row.Index, "bus"), f"found {row.bus:g}", "a bus of buses.csv")
        for ending in endings:
            column = column_of(row.profile, ending)
            if column not in profiles:
                found = f"found {shown(row.profile)}, and profiles.csv has no column {column}"
                allowed = "a profile that it has"
                faults.add(Place(file, row.Index, "profile"), found, allowed)


def column_of(profile: str, ending: str) -> str:
    """The column of profiles.csv for a profile; capitals do not count in names of columns."""
    return f"{profile}_{ending}".lower()


def means_of_steps(profiles: pd.DataFrame, steps: int, quarters: int) -> pd.DataFrame:
    """The mean of each profile over each step, a row per step."""
    used = profiles.iloc[: quarters * steps]
    step_of = np.arange(quarters * steps) // quarters
    return used.groupby(step_of).mean()


# --- VPPs ---------------------------------------------------------------------------------------
def spread(case: Case, dispatches: dict[str, DispatchResult], feeder: Feeder) -> pd.DataFrame:
    """What schedules change of the measured power at every bus, kW.

    A VPP's net withdrawal, less what it would withdraw if nothing were controlled
    (`uncontrolled_withdrawal`, which the measured power has already), divided among its buses in
    proportion to their rated load.
    dispatches: VPP -> its schedule.
    feeder: its `loads` say whose a bus is (column `vpp` of buses.csv).
    Raises WrongInput for a VPP without a bus.
    """
    parts = parts_of_buses(list(dispatches), feeder)
    changed = pd.DataFrame(0.0, steps_of(case.vpps[0]), feeder.loads.index)
    for name, withdrawn in withdrawals(case, dispatches).items():
        change = withdrawn.to_numpy() - uncontrolled_withdrawal(case.vpp(name))
        changed += np.outer(change, parts[name])
    return changed


def uncontrolled_withdrawal(vpp: VPP) -> np.ndarray:
    """What a VPP would withdraw if nothing were controlled, kW `(steps,)`.

    The forecast of all its electric loads, less all that its renewable plants could give.
    """
    load = sum((part.demand for part in vpp.of(ElectricLoad)), np.zeros(vpp.steps))
    available = sum((plant.available for plant in vpp.of(Renewable)), np.zeros(vpp.steps))
    return load - available


def parts_of_buses(names: list[str], feeder: Feeder) -> pd.DataFrame:
    """The part of each VPP (column) that stands at each bus (row); each column adds up to one.

    In proportion to the rated load of its buses, or alike where they have none.
    Raises WrongInput for a VPP without a bus.
    """
    if "vpp" not in feeder.loads:
        raise WrongInput(
            f"feeder {feeder.name}, buses.csv: found no column vpp; allowed: one that says whose "
            "each bus is"
        )
    parts = {}
    for name in names:
        is_its_own = feeder.loads["vpp"] == name
        if not is_its_own.any():
            owners = [owner for owner in feeder.loads["vpp"].unique() if owner]
            raise WrongInput(
                f"feeder {feeder.name}, buses.csv: found no bus of {name}, only of "
                f"{', '.join(map(str, owners))}; allowed: one or more buses for each VPP"
            )
        weight = feeder.loads["p_kw"].clip(lower=0).where(is_its_own, 0.0)
        if weight.sum() == 0:
            weight = is_its_own.astype(float)
        parts[name] = weight / weight.sum()
    return pd.DataFrame(parts)
