"""A case folder becomes a Case. The only reader of case files: every input error is raised here, all at once.

Folder: case.yaml (title, source, licence, currency, steps, step_hours), units.csv (one number per row, with unit,
source and status), series.csv (one row per step, columns named with their unit). Everything is converted to kW, kWh,
yuan and kg here and nowhere else.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pydantic import ValidationError

from vppcore.case import ALL, STATUSES, Case, Description
from vppcore.components import COMPONENTS, Component, HeatLoad
from vppcore.errors import WrongInput
from vppcore.places import DATA
from vppcore.vpp import VPP

UNIT_COLUMNS = ["vpp", "component", "parameter", "value", "unit", "source", "status"]


# unit in a file -> (unit inside, factor)
UNITS = {
    "-": ("-", 1.0), "%": ("-", 0.01),
    "kW": ("kW", 1.0), "MW": ("kW", 1e3), "kWh": ("kWh", 1.0), "MWh": ("kWh", 1e3),
    "kW/h": ("kW/h", 1.0), "MW/h": ("kW/h", 1e3), "kWh/kg": ("kWh/kg", 1.0), "MWh/t": ("kWh/kg", 1.0),
    "yuan/kWh": ("yuan/kWh", 1.0), "yuan/MWh": ("yuan/kWh", 1e-3), "yuan/h": ("yuan/h", 1.0),
    "yuan/kW2h": ("yuan/kW2h", 1.0), "yuan/MW2h": ("yuan/kW2h", 1e-6), "yuan/m3": ("yuan/m3", 1.0),
    "yuan/kg": ("yuan/kg", 1.0), "yuan/t": ("yuan/kg", 1e-3), "kg/kWh": ("kg/kWh", 1.0), "t/MWh": ("kg/kWh", 1.0),
    "kWh/m3": ("kWh/m3", 1.0), "kg": ("kg", 1.0), "t": ("kg", 1e3), "h": ("h", 1.0),
}  # fmt: skip


# unit at the end of a series column -> unit in a file
SERIES_UNITS = {"_yuan_per_kwh": "yuan/kWh", "_yuan_per_mwh": "yuan/MWh", "_kw": "kW", "_mw": "MW"}


def load_case(folder: str | Path) -> Case:
    """Reads and checks a case folder, given as a path or as a name below the project's `data/`.

    Raises WrongInput with one sentence for each fault, all faults of the folder at once.
    """
    path = Path(folder)
    if not path.is_dir() and (DATA / path).is_dir():
        path = DATA / path
    if not path.is_dir():
        known = sorted(file.parent.name for file in DATA.glob("*/case.yaml"))
        raise WrongInput(
            f"case: no folder {str(folder)!r}; allowed: a folder with case.yaml, or one of {', '.join(known)}"
        )
    missing = [
        name for name in ("case.yaml", "units.csv", "series.csv") if not (path / name).is_file()
    ]
    if missing:
        raise WrongInput(*(f"{path.name}: file {name} is missing" for name in missing))
    faults: list[str] = []
    description = read_description(path / "case.yaml", faults)
    series = read_series(path / "series.csv", description, faults)
    units = read_units(path / "units.csv", faults)
    if units is None or series is None or description is None:
        raise WrongInput(*faults)
    names = [name for name in dict.fromkeys(units["vpp"]) if name != ALL]
    vpps = [assemble(name, units, series, description, faults) for name in names]
    check_series_owners(series, names, faults)
    faults += [
        f"units.csv: tie of {owner}; allowed: a tie in rows for {ALL} only, one for all pairs"
        for owner in dict.fromkeys(units["vpp"][units["component"] == "tie"])
        if owner != ALL
    ]
    tie = make_component("", "tie", parameters_of(units, ALL, "tie"), series, faults)
    if not faults:
        asked = {
            column_name(vpp.name, f.metadata["column"], component.name)
            for vpp in vpps
            for component in vpp.components
            for f in fields(component)
            if "column" in f.metadata
        }
        faults += [
            f"series.csv, column {column}: no row of units.csv asks for it; allowed: series of components that a VPP has"
            for column in series.columns
            if column not in asked and not column.startswith("grid_")
        ]
    if faults:
        raise WrongInput(*dict.fromkeys(faults))
    return Case(path.name, description, tuple(vpps), tie, units, series)


def read_description(file: Path, faults: list[str]) -> Description | None:
    """case.yaml as a Description; None with the faults listed."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        faults.append(f"{file.name}: not readable as YAML in UTF-8 ({str(error).splitlines()[0]})")
        return None
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        faults.append(
            f"{file.name}: found no 'name: value' lines; allowed: {', '.join(Description.model_fields)}"
        )
        return None
    try:
        return Description(**found)
    except ValidationError as error:
        for fault in error.errors():
            where = ".".join(str(piece) for piece in fault["loc"])
            given = "nothing" if fault["type"] == "missing" else repr(fault["input"])
            faults.append(f"{file.name}, {where}: found {given}; allowed: {fault['msg'].lower()}")
        return None


def read_table(file: Path, faults: list[str]) -> pd.DataFrame | None:
    """A CSV file as text cells; None with the fault listed if it is not a table."""
    try:
        table = pd.read_csv(
            file, dtype=str, keep_default_na=False, comment="#", skipinitialspace=True
        )
        lines = [
            n
            for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
            if line.partition("#")[0].strip()
        ]
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        faults.append(f"{file.name}: not a table of comma-separated values ({str(error).strip()})")
        return None
    if table.empty:
        faults.append(f"{file.name}: found no rows below the column names; allowed: one or more")
        return None
    table.index = (
        lines[1:] if len(lines) == len(table) + 1 else range(2, len(table) + 2)
    )  # line numbers of the file
    return table


def to_number(cell: str, where: str, faults: list[str], infinite: bool = False) -> float:
    """A cell as a number; nan with a sentence about text, a decimal comma, nan or infinity."""
    text = cell.strip()
    try:
        number = float(text)
    except ValueError:
        comma = (
            " (decimal comma?)"
            if text.replace(",", "", 1).replace("-", "", 1).isdigit() and "," in text
            else ""
        )
        faults.append(
            f"{where}: found {text or 'nothing'!r}{comma}; allowed: a number with a decimal point"
        )
        return np.nan
    if np.isnan(number) or (np.isinf(number) and not infinite):
        faults.append(f"{where}: found {text}; allowed: a finite number")
        return np.nan
    return number


def read_series(
    file: Path, description: Description | None, faults: list[str]
) -> pd.DataFrame | None:
    """series.csv in internal units, columns without their unit, index 1..steps; None if it is no table."""
    table = read_table(file, faults)
    if table is None:
        return None
    time = check_time(file.name, table, description, faults)
    columns = {}
    for column in table.columns.drop(time or []):
        ending = next((end for end in SERIES_UNITS if column.endswith(end)), None)
        if ending is None:
            faults.append(
                f"{file.name}, column {column}: no unit in its name; allowed endings: {', '.join(SERIES_UNITS)}"
            )
            continue
        inside, factor = UNITS[SERIES_UNITS[ending]]
        numbers = np.array(
            [
                to_number(cell, f"{file.name}, line {line}, column {column}", faults)
                for line, cell in table[column].items()
            ]
        )
        if inside == "kW" and (numbers < 0).any():
            place = int(np.flatnonzero(numbers < 0)[0])
            faults.append(
                f"{file.name}, line {table.index[place]}, column {column}: found {numbers[place]:g}; "
                "allowed: zero or more"
            )
        if column.removesuffix(ending) in columns:
            faults.append(
                f"{file.name}, column {column}: this series stands in another unit too; allowed: one column each"
            )
        columns[column.removesuffix(ending)] = factor * numbers
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(table) + 1, name="step"))


def check_time(
    name: str, table: pd.DataFrame, description: Description | None, faults: list[str]
) -> str | None:
    """Checks the time column and the number of rows; returns the column's name, None if there is none."""
    if description is not None and len(table) != description.steps:
        faults.append(
            f"{name}: found {len(table)} rows; allowed: {description.steps} (steps in case.yaml)"
        )
    if "hour" in table.columns:
        hours = [
            to_number(cell, f"{name}, line {line}, column hour", faults)
            for line, cell in table["hour"].items()
        ]
        for line, found, expected in zip(table.index, hours, range(1, len(hours) + 1), strict=True):
            if found != expected and not np.isnan(found):
                faults.append(
                    f"{name}, line {line}, column hour: found {found:g}; allowed: {expected} (1, 2, 3, ... in order)"
                )
                break
        return "hour"
    if "time_utc" not in table.columns:
        faults.append(
            f"{name}: no time column; allowed: 'hour' (1, 2, 3, ...) or 'time_utc' (2016-04-04T00:00Z)"
        )
        return None
    stamps = []
    for line, cell in table["time_utc"].items():
        stamp = pd.to_datetime(cell, errors="coerce")
        if pd.isna(stamp) or stamp.tzinfo is None:
            why = "not a time" if pd.isna(stamp) else "without a zone"
            faults.append(
                f"{name}, line {line}, column time_utc: found {cell!r}, {why}; allowed: like 2016-04-04T00:00Z"
            )
            return "time_utc"
        stamps.append(stamp.tz_convert("UTC"))
    for line, before, after in zip(table.index[1:], stamps, stamps[1:], strict=False):
        step = (after - before) / pd.Timedelta(hours=1)
        if description is not None and not np.isclose(step, description.step_hours):
            kind = (
                "twice (daylight saving?)"
                if step == 0
                else "out of order"
                if step < 0
                else f"after a step of {step:g} h"
            )
            faults.append(
                f"{name}, line {line}, column time_utc: found {table['time_utc'][line]!r} {kind}; "
                f"allowed: steps of {description.step_hours:g} h"
            )
            break
    return "time_utc"


def check_series_owners(series: pd.DataFrame, names: list[str], faults: list[str]) -> None:
    """Every column belongs to a VPP of units.csv or to the tariff, and no two VPPs would share one."""
    lower = [name.lower() for name in names]
    faults += [
        f"units.csv: VPP {name}; allowed: names that differ in more than capitals"
        for name in names
        if lower.count(name.lower()) > 1
    ]
    for column in series.columns:
        if not column.startswith(("grid_", *(f"{name.lower()}_" for name in names))):
            faults.append(
                f"series.csv, column {column}: no such VPP; allowed: {', '.join(names)} or grid_"
            )


def read_units(file: Path, faults: list[str]) -> pd.DataFrame | None:
    """units.csv with a column `number` in internal units; None if its columns are not the expected ones."""
    table = read_table(file, faults)
    if table is None:
        return None
    if list(table.columns) != UNIT_COLUMNS:
        faults.append(
            f"{file.name}: found columns {', '.join(table.columns)}; allowed: {', '.join(UNIT_COLUMNS)}"
        )
        return None
    numbers = []
    for row in table.itertuples():
        where = f"{file.name}, line {row.Index}, {row.vpp} {row.component} {row.parameter}"
        number = to_number(row.value, where, faults, infinite=True)
        expected = expected_unit(row, where, faults)
        inside, factor = UNITS.get(row.unit, ("", np.nan))
        if expected and inside != expected:
            allowed = [unit for unit, (into, _) in UNITS.items() if into == expected]
            faults.append(
                f"{where}: found unit {row.unit or 'nothing'!r}; allowed: {', '.join(allowed)}"
            )
        if row.status not in STATUSES:
            faults.append(
                f"{where}: found status {row.status or 'nothing'!r}; allowed: {', '.join(STATUSES)}"
            )
        if not row.source:
            faults.append(f"{where}: found no source; allowed: where the number comes from")
        numbers.append(factor * number)
    keys = table[["vpp", "component", "parameter"]]
    for position in np.flatnonzero(keys.duplicated()):
        faults.append(
            f"{file.name}, line {table.index[position]}: {' '.join(keys.iloc[position])} stands twice; allowed: once"
        )
    return table.assign(number=numbers)


def split(component: str) -> tuple[str, str]:
    """ "renewable.wind" -> ("renewable", "wind"); a component without a label has an empty one."""
    kind, _, label = component.partition(".")
    return kind, label


def expected_unit(row, where: str, faults: list[str]) -> str:
    """The internal unit of a row's parameter; empty with a sentence if component or parameter is unknown."""
    kind, label = split(row.component)
    if kind == "tie" and label:
        faults.append(f"{where}: a tie has no label; allowed: tie, one for all pairs")
    if kind not in COMPONENTS:
        faults.append(
            f"{where}: unknown component {kind!r}; allowed: {', '.join(sorted(COMPONENTS))}"
        )
        return ""
    allowed = {
        f.name: f.metadata["unit"]
        for f in fields(COMPONENTS[kind])
        if "low" in f.metadata and "column" not in f.metadata
    }
    if row.parameter not in allowed:
        faults.append(f"{where}: unknown parameter; allowed: {', '.join(allowed)}")
    return allowed.get(row.parameter, "")


def parameters_of(units: pd.DataFrame, vpp: str, component: str) -> dict[str, float] | None:
    """Numbers of a component as this VPP sees them: the rows for all, then its own; None if it has no such component."""
    rows = units[(units["component"] == component) & units["vpp"].isin([ALL, vpp])]
    rows = rows.sort_values("vpp", key=lambda column: column != ALL, kind="stable")
    return dict(zip(rows["parameter"], rows["number"], strict=True)) if len(rows) else None


def assemble(
    name: str,
    units: pd.DataFrame,
    series: pd.DataFrame,
    description: Description | None,
    faults: list[str],
) -> VPP:
    """The VPP of this name with all components that units.csv gives it."""
    rows = units[units["vpp"].isin([ALL, name])]
    components = []
    for component in dict.fromkeys(rows["component"]):
        if split(component)[0] not in {*COMPONENTS} - {"tie"}:
            continue
        made = make_component(
            name, component, parameters_of(units, name, component), series, faults
        )
        if made is not None:
            components.append(made)
    names = [component.name for component in components]
    twice = [n for n in dict.fromkeys(names) if names.count(n) > 1]
    faults += [
        f"units.csv: {name} has two components named {n!r}; allowed: different labels, as in renewable.wind"
        for n in twice
    ]
    # what components lack from each other is only said where each of them is sound
    parts = () if faults else tuple(components)
    try:
        vpp = VPP(name, parts, description.steps, description.step_hours)
    except WrongInput as refused:
        faults += refused.faults
        vpp = VPP("refused", (), description.steps, description.step_hours)
    if not any(split(c)[0] == "electric_load" for c in rows["component"]):
        faults.append(
            f"units.csv: {name} has no electric_load; allowed: a VPP with a load (scale 0 for none)"
        )
    check_heat(vpp, faults)
    return vpp


def make_component(
    vpp: str,
    component: str,
    numbers: dict[str, float] | None,
    series: pd.DataFrame,
    faults: list[str],
) -> Component | None:
    """One component from its numbers and its series; None with the faults listed."""
    if numbers is None:
        return None
    kind, label = split(component)
    cls, where, values, before = COMPONENTS[kind], f"{vpp or ALL} {component}", {}, len(faults)
    for f in fields(cls):
        if "column" in f.metadata:
            column = column_name(vpp, f.metadata["column"], label or kind)
            if column not in series.columns:
                faults.append(
                    f"series.csv: no column {column}_... for {where}; allowed: {column}_kw or the like"
                )
                continue
            values[f.name] = series[column].to_numpy(float)
        elif f.name in numbers:
            values[f.name] = numbers[f.name]
        elif "unit" in f.metadata and f.default is MISSING:
            faults.append(
                f"units.csv: {where} lacks {f.name} ({f.metadata['text']}, {f.metadata['unit']})"
            )
    if len(faults) > before:
        return None
    made = cls(label=label, **values)
    found = made.out_of_range()
    if any("found nan" in fault for fault in found):
        return None  # a number that could not be read, which has its sentence already
    faults += [f"units.csv, {where} {fault}" for fault in found]
    faults += [f"units.csv, {where}: {fault}" for fault in made.faults()]
    check_peak(where, made, faults)
    return made if len(faults) == before else None


def column_name(vpp: str, middle: str, label: str) -> str:
    """The column of series.csv that a profile of a VPP's component comes from."""
    column = middle.format(label=label)
    return column if column.startswith("grid_") else f"{vpp.lower()}_{column}"


def check_peak(where: str, component: Component, faults: list[str]) -> None:
    """A peak far from the rating means a unit mistaken: under 0.5 % of it or above it."""
    rating = getattr(component, "rating", np.inf)
    if not np.isfinite(rating):
        return
    peak = float(np.max(component.scale * component.forecast))
    if 0 < peak < 0.005 * rating or peak > rating:
        hint = "are these MW?" if peak < rating else "are these W?"
        faults.append(
            f"series.csv, {where}: peak {peak:g} kW against a rating of {rating:g} kW ({hint}); "
            f"allowed: {0.005 * rating:g} to {rating:g} kW"
        )


def check_heat(vpp: VPP, faults: list[str]) -> None:
    """The heat peak that cannot be shed must not exceed what all heat makers of the VPP can make."""
    loads = [component for component in vpp.components if isinstance(component, HeatLoad)]
    if not loads:
        return
    need = sum((1 - load.curtail_share) * load.demand for load in loads)
    makes = sum(getattr(component, "heat_max", 0.0) for component in vpp.components)
    if np.max(need) > makes + 1e-9:
        faults.append(
            f"series.csv, {vpp.name} heat: step {int(np.argmax(need)) + 1} needs {np.max(need):g} kW after "
            f"curtailment; allowed: up to {makes:g} kW, what {vpp.name}'s units can make"
        )
