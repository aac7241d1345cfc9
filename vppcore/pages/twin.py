"""What the page *The same day in linopy* needs beside its model: what a case's files must say for
it, and tables of its results beside vppcore's.

The model itself stands in the page's cells. Nothing here states a model, either. kW, kWh, yuan.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from vppcore.cooperation.result import CoalitionResult
from vppcore.errors import NotSolved, Status, WrongInput
from vppcore.reading import load_case
from vppcore.reading.files import case_folder
from vppcore.schedule import DispatchResult

# the solvers that linopy and the book share, and how each is told to print nothing
QUIET: dict[str, dict[str, Any]] = {"highs": {"output_flag": False}, "gurobi": {"OutputFlag": 0}}
ONE_DAY = 24  # hours; load that is moved within longer horizons is another model
SAME = 1e-6  # of a number: what two solvers agree on
HELD = 1e-10  # of the cost: by how much a schedule may be dearer and still count as cheapest
UNIQUE = 1e-6  # of the largest total: what one may move by that share of the cost alone

MUST = None  # no usual value: the files must say it
# component -> parameter -> its unit and what it is where the files do not say it
KNOWN: dict[str, dict[str, tuple[str, float | None]]] = {
    "renewable": {
        "scale": ("-", 1.0),
        "operation_cost": ("yuan/kWh", 0.0),
        "carbon_quota": ("kg/kWh", 0.0),
    },
    "gas_turbine": {
        "power_min": ("kW", 0.0),
        "power_max": ("kW", MUST),
        "ramp_max": ("kW/h", inf),
        "electric_efficiency": ("-", MUST),
        "heat_recovery": ("-", MUST),
        "cost_linear": ("yuan/kWh", 0.0),
        "emission": ("kg/kWh", 0.0),
        "carbon_quota": ("kg/kWh", 0.0),
    },
    "chp_p2g_ccs": {
        "power_min": ("kW", 0.0),
        "power_max": ("kW", MUST),
        "heat_slope_min": ("-", MUST),
        "heat_slope_max": ("-", MUST),
        "back_pressure_slope": ("-", MUST),
        "heat_at_power_min": ("kW", 0.0),
        "supply_max": ("kW", inf),
        "ramp_max": ("kW/h", inf),
        "electric_efficiency": ("-", MUST),
        "p2g_max": ("kW", MUST),
        "p2g_efficiency": ("-", MUST),
        "p2g_carbon": ("kg/kWh", MUST),
        "ccs_max": ("kW", MUST),
        "ccs_energy": ("kWh/kg", MUST),
        "cost_linear": ("yuan/kWh", 0.0),
        "emission": ("kg/kWh", 0.0),
        "carbon_quota": ("kg/kWh", 0.0),
    },
    "boiler": {
        "heat_max": ("kW", MUST),
        "efficiency": ("-", MUST),
        "operation_cost": ("yuan/kWh", 0.0),
        "emission": ("kg/kWh", 0.0),
        "carbon_quota": ("kg/kWh", 0.0),
    },
    "battery": {
        "energy_min": ("kWh", MUST),
        "energy_max": ("kWh", MUST),
        "energy_start": ("kWh", MUST),
        "charge_max": ("kW", MUST),
        "discharge_max": ("kW", MUST),
        "charge_efficiency": ("-", 1.0),
        "discharge_efficiency": ("-", 1.0),
        "self_discharge": ("-", 0.0),
        "wear_cost": ("yuan/kWh", 0.0),
    },
    "electric_load": {
        "scale": ("-", 1.0),
        "curtail_share": ("-", 0.0),
        "curtail_cost": ("yuan/kWh", 0.0),
        "shift_share": ("-", 0.0),
        "shift_cost": ("yuan/kWh", 0.0),
    },
    "heat_load": {
        "scale": ("-", 1.0),
        "curtail_share": ("-", 0.0),
        "curtail_cost": ("yuan/kWh", 0.0),
    },
    "grid": {"buy_max": ("kW", inf), "sell_max": ("kW", inf)},
    "gas_supply": {"price": ("yuan/m3", MUST), "calorific_value": ("kWh/m3", MUST)},
    "carbon_market": {"price": ("yuan/kg", MUST)},
    "tie": {"limit": ("kW", MUST), "crossing_fee": ("yuan/kWh", 0.0)},
}
SOME_LACK = ("gas_turbine", "chp_p2g_ccs")  # a VPP may be without
ONLY_CHECKED = ("rating",)  # they check a forecast and are in no equation
ONLY_ZERO = ("cost_quadratic", "cost_fixed")  # the page's cost is linear, without a constant


def folder_of(case: str, solver: str) -> Path:
    """The folder of a case.

    Raises WrongInput if there is none, if the case has a fault or its files are not written
    plainly, and for a solver that linopy or the book does not know.
    """
    if solver not in QUIET:
        raise WrongInput(f"solver: found {solver!r}; allowed on this page: {', '.join(QUIET)}")
    folder = case_folder(case)
    load_case(folder)
    check_written_plainly(folder)
    return folder


def check_written_plainly(folder: Path) -> None:
    """Raises WrongInput for files that the book reads and pandas, as the page asks it, does not:
    semicolons between cells, decimal commas, another encoding, numbers in quotation marks.
    """
    about = yaml.safe_load((folder / "case.yaml").read_bytes())
    for name in ("steps", "step_hours"):
        if not isinstance(about[name], int | float):
            found = f"case.yaml, {name}: found {about[name]!r}, a text"
            raise WrongInput(f"{found}; allowed on this page: a number without quotation marks")
    for file, column in (("units.csv", "value"), ("series.csv", "grid_buy_yuan_per_kwh")):
        try:
            there = pd.read_csv(folder / file, comment="#")
        except ValueError:  # of its cells or of its encoding
            there = pd.DataFrame()
        if column not in there.columns:
            found = f"{file}: found no column {column} between commas"
            raise WrongInput(
                f"{found}; allowed on this page: commas, decimal points, UTF-8, names in lower case"
            )


def completed(rows: pd.DataFrame, about: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of `units.csv`, one for each VPP and number, with what the file leaves out.

    rows: columns vpp, component, parameter, value, unit; "all" written out.
    about: of `case.yaml`.
    A turbine or a CHP unit that a VPP lacks is one of no power.
    Raises WrongInput for a case that the page's model does not cover.
    """
    names = list(rows["vpp"].unique())
    faults = [*faults_of_horizon(about), *faults_of_rows(rows), *missing(rows, names)]
    if faults:
        raise WrongInput(*faults)
    rows = rows[~rows["parameter"].isin([*ONLY_CHECKED, *ONLY_ZERO])]
    rows = rows.assign(value=rows["value"].astype(float))
    added = [*left_out(rows), *without_power(rows, names)]
    full = pd.concat([rows, pd.DataFrame(added)], ignore_index=True)
    return full.drop_duplicates(["vpp", "component", "parameter"])


def faults_of_horizon(about: Mapping[str, Any]) -> list[str]:
    """A sentence if the horizon is longer than a day."""
    hours = about["steps"] * about["step_hours"]
    if hours <= ONE_DAY:
        return []
    return [f"case: found a horizon of {hours:g} hours; allowed on this page: up to {ONE_DAY}"]


def faults_of_rows(rows: pd.DataFrame) -> list[str]:
    """A sentence for each row that the page's model has no equation for."""
    faults = []
    for row in rows.itertuples(index=False):
        number = f"{row.vpp} {row.component} {row.parameter}"
        kind, _, label = row.component.partition(".")
        if kind not in KNOWN or bool(label) != (kind == "renewable"):
            allowed = ", ".join(KNOWN)
            faults.append(
                f"{row.vpp}: found {row.component}; allowed on this page: {allowed} "
                "(renewable with a label, the others without)"
            )
        elif row.parameter in ONLY_CHECKED:
            continue
        elif row.parameter in ONLY_ZERO:
            if float(row.value) != 0:
                faults.append(f"{number}: found {row.value}; allowed on this page: 0")
        elif row.parameter not in KNOWN[kind]:
            allowed = ", ".join(KNOWN[kind])
            faults.append(f"{number}: found no equation for it; allowed on this page: {allowed}")
        elif row.unit != KNOWN[kind][row.parameter][0]:
            unit = KNOWN[kind][row.parameter][0]
            faults.append(f"{number}: found the unit {row.unit}; allowed on this page: {unit}")
    return list(dict.fromkeys(faults))


def missing(rows: pd.DataFrame, names: list[str]) -> list[str]:
    """A sentence for each kind of component that the model needs and a case or a VPP lacks."""
    kinds = rows["component"].str.partition(".")[0]
    faults = []
    for kind in KNOWN:
        having = set(rows.loc[kinds == kind, "vpp"])
        lacking = [name for name in names if name not in having]
        if not having:
            faults.append(f"case: found no {kind}; allowed on this page: cases with one")
        elif lacking and kind not in SOME_LACK:
            faults.append(f"{', '.join(lacking)}: found no {kind}; allowed on this page: with one")
    return faults


def left_out(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """A row for each number that has a usual value, to be taken where the file does not say it."""
    there = rows[["vpp", "component"]].drop_duplicates()
    usual = []
    for vpp, component in there.itertuples(index=False):
        for parameter, (_, value) in KNOWN[component.partition(".")[0]].items():
            if value is not None:
                usual.append(row_of(vpp, component, parameter, value))
    return usual


def without_power(rows: pd.DataFrame, names: list[str]) -> list[dict[str, Any]]:
    """For each VPP without a turbine or CHP unit the numbers of another's, with no power."""
    added = []
    for kind in SOME_LACK:
        of_kind = rows[rows["component"] == kind]
        pattern = of_kind.drop_duplicates("parameter")
        usual = {name: value for name, (_, value) in KNOWN[kind].items() if value is not None}
        numbers = usual | dict(zip(pattern["parameter"], pattern["value"], strict=True))
        numbers |= {"power_min": 0.0, "power_max": 0.0}
        for vpp in names:
            if vpp not in set(of_kind["vpp"]):
                added += [row_of(vpp, kind, name, value) for name, value in numbers.items()]
    return added


def row_of(vpp: str, component: str, parameter: str, value: float) -> dict[str, Any]:
    """A row as of `units.csv`."""
    return {"vpp": vpp, "component": component, "parameter": parameter, "value": value}


def check_solved(ended: tuple[str, str], what: str) -> None:
    """Raises NotSolved unless linopy says that it found the optimum."""
    if ended != ("ok", "optimal"):
        status: Status = "infeasible" if ended[1] == "infeasible" else "failed"
        raise NotSolved(f"{what} in linopy: no optimum, the solver says {ended[1]}", status)


# --- beside vppcore -------------------------------------------------------------------------------
def costs_beside(
    alone: pd.Series,
    together: float,
    schedules: Mapping[str, DispatchResult],
    optimum: CoalitionResult,
) -> pd.DataFrame:
    """Costs alone and together, yuan, as the page's model and vppcore find them.

    alone, together: of the page's model. schedules, optimum: of vppcore, stores relaxed.
    Columns linopy, vppcore and their difference in millionths of the cost.
    """
    costs = {name: schedule.cost for name, schedule in schedules.items()}
    table = pd.DataFrame({"linopy": alone, "vppcore": pd.Series(costs)}).loc[list(costs)]
    table.loc["together"] = [together, optimum.cost]
    apart = (table["linopy"] - table["vppcore"]).abs()
    table["apart (millionths)"] = 1e6 * apart / table["vppcore"].abs()
    return table.rename_axis("yuan")


def are_same(table: pd.DataFrame) -> bool:
    """True if all costs of `costs_beside` agree to SAME."""
    return bool((table["apart (millionths)"] <= 1e6 * SAME).all())


def totals_of(optimum: CoalitionResult, step_hours: float) -> pd.Series:
    """What vppcore's joint schedule buys, sells, burns, moves and sends over the day, kWh."""
    sums = dict.fromkeys(("bought", "sold", "gas", "moved", "sent"), 0.0)
    for schedule in optimum.dispatches.values():
        series = schedule.series
        for name, kind in schedule.kinds.items():
            if kind == "grid":
                sums["bought"] += series[name, "buy"].sum()
                sums["sold"] += series[name, "sell"].sum()
            elif kind == "gas_supply":
                sums["gas"] += series[name, "gas"].sum()
            elif kind == "electric_load":
                sums["moved"] += series[name, "shift"].clip(lower=0).sum()
    sums["sent"] = optimum.trades.clip(lower=0).to_numpy().sum()
    sums["moved or sent"] = sums["moved"] + sums["sent"]
    return step_hours * pd.Series(sums)


def totals_beside(
    ends: Mapping[str, list[float]], optimum: CoalitionResult, hours: float
) -> pd.DataFrame:
    """Between what each total lies over all cheapest schedules, and vppcore's, kWh.

    ends: total -> least and most. optimum: vppcore's. hours: of a step.
    Columns least, most, vppcore; within: vppcore's is between the two; unique: the two are one.
    """
    table = pd.DataFrame(ends, index=["least", "most"]).T
    table["vppcore"] = totals_of(optimum, hours)
    noise = UNIQUE * float(table["most"].abs().max())
    table["within"] = table["vppcore"].between(table["least"] - noise, table["most"] + noise)
    table["unique"] = table["most"] - table["least"] <= noise
    return table.rename_axis("kWh of all VPPs")


def totals_shown(totals: pd.DataFrame) -> pd.DataFrame:
    """The table of `totals_beside` as a page shows it: of a total that is not unique only its ends,
    since the one that a solver finds means nothing.
    """
    shown = totals[["least", "most"]].copy()
    shown["vppcore"] = totals["vppcore"].where(totals["unique"])
    shown["vppcore"] = shown["vppcore"].map("{:,.0f}".format).where(totals["unique"], "between")
    return shown


def prices_beside(prices: pd.DataFrame, optimum: CoalitionResult) -> pd.DataFrame:
    """The least and the largest bus price of electricity over the day, yuan/kWh, by VPP.

    prices: of the page's model, a column per VPP. optimum: vppcore's.
    """
    ours = {name: day.prices["electricity"] for name, day in optimum.dispatches.items()}
    columns = {}
    for tool, table in (("linopy", prices), ("vppcore", pd.DataFrame(ours))):
        columns[f"{tool} least"] = table.min()
        columns[f"{tool} largest"] = table.max()
    return pd.DataFrame(columns).loc[list(ours)].rename_axis("yuan/kWh")
