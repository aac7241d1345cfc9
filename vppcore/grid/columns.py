"""Columns of a feeder's tables: each cell is read by its column's rule, all faults at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from vppcore.faults import Faults, Place, shown
from vppcore.parameters import Rule
from vppcore.reading.numerals import NotANumber, Numerals, numerals_of
from vppcore.reading.separated import Table, read_table


def read_columns(
    file: Path,
    rules: Mapping[str, Rule],
    faults: Faults,
    optional: Mapping[str, Rule] | None = None,
) -> pd.DataFrame | None:
    """The columns of a table that are asked for; other columns are left alone.

    file: a table with the names of its columns in the first line.
    rules: column -> its rule; of kind "number", or "text" for text that may not be empty.
    optional: columns that need not be there.
    Returns a table whose index is the line of the file; nan where a number has a fault, which is
    entered, or where an empty cell is allowed. None if the file is no table or lacks a column.
    """
    table = read_table(file, faults)
    if table is None:
        return None
    wanted = dict(rules) | {
        name: rule for name, rule in (optional or {}).items() if name in table.names
    }
    missing = [name for name in wanted if name not in table.names]
    for name in missing:
        faults.add(Place(table.file), f"no column {name}", f"columns {', '.join(rules)}")
    if missing:
        return None
    names_of_numbers = [name for name, rule in wanted.items() if rule.kind == "number"]
    numerals = numerals_of(
        (cell for name in names_of_numbers for cell in table.column(name)), table.separator
    )
    columns = {name: read_column(table, name, wanted[name], numerals, faults) for name in wanted}
    return pd.DataFrame(columns, index=pd.Index(table.lines, name="line"))


def read_column(
    table: Table, name: str, rule: Rule, numerals: Numerals, faults: Faults
) -> list[float] | list[str]:
    """The cells below a name: numbers, nan for those with a fault, or texts."""
    if rule.kind == "text":
        return table.column(name)
    numbers = []
    for line, cell in zip(table.lines, table.column(name), strict=True):
        numbers.append(number_in(cell, Place(table.file, line, name), rule, numerals, faults))
    return numbers


def number_in(cell: str, place: Place, rule: Rule, numerals: Numerals, faults: Faults) -> float:
    """A cell as a number that its rule allows; nan, with the fault entered, if it is none.

    >>> faults = Faults()
    >>> number_in("0,5", Place("lines.csv", 3, "r_ohm"), Rule("number", low=0), Numerals(), faults)
    nan
    >>> faults.sentences[0].partition("; ")[0]
    "lines.csv, line 3, column r_ohm: found '0,5' (decimal comma?)"
    """
    if not cell and rule.none:
        return math.nan
    try:
        number = numerals.number(cell)
    except NotANumber as refused:
        hint = f" ({refused.hint})" if refused.hint else ""
        faults.add(place, f"found {shown(cell)}{hint}", refused.allowed, cause=(place,))
        return math.nan
    if not rule.admits(number):
        faults.add(place, f"found {cell}", rule.allowed, cause=(place,))
        return math.nan
    return number
