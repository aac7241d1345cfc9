"""series.csv laid out otherwise: steps side by side, or a row of units; one sentence each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vppcore.faults import Faults, Place, shown
from vppcore.reading.clock import TIME_COLUMNS
from vppcore.reading.numerals import NotANumber, Numerals, numerals_of_columns
from vppcore.reading.separated import Table


def laid_out(table: Table, faults: Faults) -> Table | None:
    """The table with a row per step; None with the fault entered if its steps stand side by side.

    A row of units below the column names is a fault and left out, so that nothing else is said.
    """
    numerals = numerals_of_columns(table, table.names)
    first, *others = table.names
    if first in TIME_COLUMNS and len(others) > 1 and all_numbers(others, numerals):
        found = f"found the column names {first}, {others[0]}, {others[1]}, ..., steps side by side"
        faults.add(Place(table.file), found, "a row for each step, a column for each series")
        return None
    rows = list(table.rows(*table.names))
    if len(rows) < 2 or any_number(rows[0], numerals) or not any_number(rows[1], numerals):
        return table
    cell = next(cell for cell in rows[0] if cell)
    found = f"found {shown(cell)} and no number (a row of units?)"
    faults.add(Place(table.file, table.lines[0]), found, "numbers; units end the column names")
    columns = {name: cells[1:] for name, cells in table.columns.items()}
    return replace(table, columns=columns, lines=table.lines[1:])


def all_numbers(cells: Iterable[str], numerals: Numerals) -> bool:
    """True if each cell is a number."""
    return all(any_number([cell], numerals) for cell in cells)


def any_number(cells: Iterable[str], numerals: Numerals) -> bool:
    """True if one cell or more is a number."""
    for cell in cells:
        try:
            numerals.number(cell)
        except NotANumber:
            continue
        return True
    return False
