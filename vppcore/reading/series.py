"""series.csv: the numbers of its columns, each in the unit of what it is for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vppcore.case import ALL
from vppcore.faults import Faults, Place, shown
from vppcore.parameters import Rule, measured_faults
from vppcore.reading.clock import series_columns
from vppcore.reading.columns import Assignment, Wanted, assign
from vppcore.reading.names import column_key
from vppcore.reading.numerals import NotANumber, Numerals, numerals_of_columns
from vppcore.reading.separated import Table
from vppcore.reading.units_of_measure import endings_for


@dataclass(frozen=True, eq=False)
class Given:
    """A series as a file gives it.

    numbers: in internal units, `(steps,)`.
    column: where they stand.
    for_all: True for a column of all VPPs, False for one of a single VPP.
    """

    numbers: np.ndarray
    column: str
    for_all: bool


Series = dict[tuple[str, str, str], Given]  # (VPP, component, name) -> its series


def read_series(
    table: Table, wanted: Sequence[Wanted], faults: Faults
) -> tuple[Series, pd.DataFrame]:
    """The series that components ask for, and all columns for display, in internal units.

    A series with a fault is left out. The table has columns without their unit and an index
    1, 2, ...
    """
    names = series_columns(table)
    assignment = assign(names, wanted, faults)
    numerals = numerals_of_columns(table, names)
    columns: dict[str, np.ndarray] = {}
    series: Series = {}
    for asked, name in assignment.items():
        numbers = columns.get(name)
        if numbers is None:
            numbers = numbers_of(table, name, asked.rule, numerals, faults)
            columns[name] = numbers
        if not np.isnan(numbers).any():
            for_all = asked.vpp == ALL or asked.is_for_all(name)
            series[asked.vpp, asked.component, asked.name] = Given(numbers, name, for_all)
    index = pd.RangeIndex(1, len(table.lines) + 1, name="step")
    return series, pd.DataFrame(displayed(columns, names, assignment), index)


def displayed(
    columns: dict[str, np.ndarray], names: Sequence[str], assignment: Assignment
) -> dict[str, np.ndarray]:
    """The columns in the order of the file, named without their unit."""
    rules = {name: asked.rule for asked, name in assignment.items()}
    named = {}
    for name in names:
        if name in columns:
            named[without_unit(name, rules[name])] = columns[name]
    return named


def without_unit(name: str, rule: Rule) -> str:
    """A column's name without the unit at its end.

    >>> without_unit("home_load_kw", Rule("series", "kW"))
    'home_load'
    """
    ending = unit_ending(name, rule)
    return name.removesuffix(ending) if ending else name


def unit_ending(name: str, rule: Rule) -> str:
    """The end of a column's name that states its unit; empty for a dimensionless one without."""
    endings = sorted(endings_for(rule.unit), key=len, reverse=True)
    return next((ending for ending in endings if column_key(name).endswith(ending)), "")


def numbers_of(
    table: Table, name: str, rule: Rule, numerals: Numerals, faults: Faults
) -> np.ndarray:
    """The numbers of a column in internal units; nan where a cell has a fault, which is entered."""
    ending = unit_ending(name, rule)
    numbers = numerals.plain_numbers(table.column(name))
    if numbers is None:
        numbers = numbers_one_by_one(table, name, rule, numerals, faults)
    factor = endings_for(rule.unit)[ending]
    return without_wrong_ones(factor * np.array(numbers), table, name, rule, faults)


def numbers_one_by_one(
    table: Table, name: str, rule: Rule, numerals: Numerals, faults: Faults
) -> list[float]:
    """The numbers of a column as they stand; nan where a cell has a fault, which is entered."""
    are_per_cent = unit_ending(name, rule) == "_percent"
    numbers = []
    for line, cell in zip(table.lines, table.column(name), strict=True):
        number = number_in(cell, Place(table.file, line, name), rule, numerals, faults)
        is_share = are_per_cent and cell.endswith("%")
        numbers.append(100 * number if is_share else number)
    return numbers


def number_in(cell: str, place: Place, rule: Rule, numerals: Numerals, faults: Faults) -> float:
    """A cell as a number; nan with the fault entered, once for each column."""
    cause = (place.file, place.column, "cell")
    try:
        number = numerals.number(cell)
    except NotANumber as refused:
        hint = f" ({refused.hint})" if refused.hint else ""
        faults.add(place, f"found {shown(cell)}{hint}", refused.allowed, cause)
        return math.nan
    if math.isnan(number):
        faults.add(place, f"found {cell}", "a finite number", cause)
    elif cell.endswith("%") and rule.unit != "-":
        faults.add(place, f"found {shown(cell)}", "a number without %", cause)
        return math.nan
    return number


def without_wrong_ones(
    values: np.ndarray, table: Table, name: str, rule: Rule, faults: Faults
) -> np.ndarray:
    """The numbers of a column, nan for those that its rule does not allow; a fault is entered."""
    rule_of_one = replace(rule, kind="number", by_step=False)
    readable = ~np.isnan(values)
    if not measured_faults(name, values[readable], replace(rule, kind="series")):
        return values
    allowed = values.copy()
    for place in np.flatnonzero(readable):
        for fault in measured_faults("", float(values[place]), rule_of_one):
            found, _, limits = fault.removeprefix(": ").partition("; allowed: ")
            where = Place(table.file, table.lines[place], name)
            faults.add(where, found, limits, cause=(table.file, name, limits))
            allowed[place] = np.nan
    return allowed


def check_cells(table: Table, faults: Faults) -> None:
    """Enters a fault for cells that are no numbers, where nobody knows what the columns are for."""
    names = series_columns(table)
    numerals = numerals_of_columns(table, names)
    anything = Rule("number", infinite=True)
    for name in names:
        for line, cell in zip(table.lines, table.column(name), strict=True):
            number_in(cell, Place(table.file, line, name), anything, numerals, faults)
