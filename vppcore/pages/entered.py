"""What a reader has entered of the articles' tables and figures, and each number beside ours.

`printed.py` says what there is to enter and where our number stands.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vppcore.faults import Faults, Place, nearest, shown
from vppcore.pages.printed import COLUMNS, Number, Ours, PrintedTable, printed_tables
from vppcore.pages.published import number_verdict
from vppcore.pages.results import foreign, result_of
from vppcore.places import DATA
from vppcore.reading import load_case
from vppcore.reading.numerals import NotANumber, Numerals, numerals_of_columns
from vppcore.reading.separated import Table, read_table
from vppcore.reading.units_of_measure import UNITS, unit_factor, units_for

TEN_THOUSAND_YUAN = "10^4 yuan"
JUDGED = ("table", "row", "quantity", "printed", "unit", "ours", "difference (%)", "verdict")


# --- what has been entered ------------------------------------------------------------------------
def tables_folder() -> Path:
    """Where a reader enters the printed tables."""
    return DATA / "published/tables"


def entered(folder: Path | None = None) -> pd.DataFrame:
    """What a reader has entered: columns table, row, quantity, value, each in our unit.

    folder: with a file for each table; the book's own if not given. A table without a file, or
    without a value, is waiting and has no row here.
    Raises WrongInput with a sentence for each fault: an unknown file, column, row or quantity, a
    value that is no number, a unit that does not suit, a number that is entered twice.
    """
    faults = Faults()
    rows: list[tuple[str, str, str, float]] = []
    place = tables_folder() if folder is None else folder
    for file in sorted(place.glob("*")):
        table = known_table(file, faults)
        cells = read_table(file, faults) if table else None
        if table and cells and has_columns(cells, faults):
            rows += values_of(table, cells, faults)
    faults.refuse_if_any()
    return pd.DataFrame(rows, columns=["table", "row", "quantity", "value"])


def known_table(file: Path, faults: Faults) -> PrintedTable | None:
    """The table that a file is for; None with the fault entered if there is none.

    Texts that explain the folder (.md) are none and no fault.
    """
    if file.suffix == ".md":
        return None
    known = printed_tables()
    if file.suffix != ".csv" or file.stem not in known:
        like = nearest(file.stem, known) or list(known)
        allowed = ", ".join(f"{name}.csv" for name in like)
        faults.add(Place(file.name), "found a table that has no place here", allowed)
        return None
    return known[file.stem]


def has_columns(cells: Table, faults: Faults) -> bool:
    """True if a file has its four columns and no other; else a fault is entered."""
    allowed = ", ".join(COLUMNS)
    missing = [name for name in COLUMNS if name not in cells.columns]
    unknown = [name for name in cells.names if name not in COLUMNS]
    if missing:
        faults.add(Place(cells.file), f"found no column {', '.join(missing)}", allowed)
    if unknown:
        faults.add(Place(cells.file), f"found a column {', '.join(unknown)}", allowed)
    return not missing and not unknown


def values_of(
    table: PrintedTable, cells: Table, faults: Faults
) -> list[tuple[str, str, str, float]]:
    """The numbers of a file in our units, row by row; faults are entered."""
    places = {(number.row, number.quantity): number for number in table.numbers}
    numerals = numerals_of_columns(cells, ["value"])
    lines: dict[tuple[str, str], int] = {}
    found = []
    for line, (row, quantity, value, unit) in zip(cells.lines, cells.rows(*COLUMNS), strict=True):
        number = places.get((row, quantity))
        if number is None:
            fault_of_an_unknown_number(table, (row, quantity), Place(cells.file, line), faults)
            continue
        if (row, quantity) in lines:
            where = Place(cells.file, line, of=f"{row}, {quantity}")
            faults.add(where, f"stands in line {lines[row, quantity]} too", "one row for a number")
            continue
        lines[row, quantity] = line
        place = Place(cells.file, line, of=f"{row}, {quantity}")
        in_ours = factor_to(number.unit, unit, place, faults)
        read = value_in(value, numerals, place, faults)
        if in_ours is not None and read is not None:
            found.append((table.name, row, quantity, in_ours * read))
    return found


def fault_of_an_unknown_number(
    table: PrintedTable, found: tuple[str, str], place: Place, faults: Faults
) -> None:
    """Enters what is wrong with a row that no number of the table has."""
    row, quantity = found
    names = list(dict.fromkeys(number.row for number in table.numbers))
    if row not in names:
        faults.add(place, f"found row {shown(row)}", ", ".join(nearest(row, names) or names))
        return
    known = [number.quantity for number in table.numbers if number.row == row]
    allowed = ", ".join(nearest(quantity, known) or known)
    faults.add(place, f"found quantity {shown(quantity)} of {row}", allowed)


def factor_to(unit: str, found: str, place: Place, faults: Faults) -> float | None:
    """What a printed number is multiplied by to be in our unit; None with the fault entered.

    unit: ours. found: the printed number's.

    >>> factor_to("MW", "kW", Place("t.csv"), Faults())
    0.001
    """
    if unit == "yuan":
        factors = {"yuan": 1.0, TEN_THOUSAND_YUAN: 1e4}
        factor, allowed = factors.get(found), list(factors)
    else:
        inside, size = UNITS.get(unit, (unit, 1.0))
        factor, allowed = unit_factor(found, inside), units_for(inside)
        factor = None if factor is None else factor / size
    if factor is None:
        faults.add(place, f"found unit {shown(found)}", ", ".join(allowed))
    return factor


def value_in(cell: str, numerals: Numerals, place: Place, faults: Faults) -> float | None:
    """A cell as a number; None where it is empty, and with the fault entered where it is none."""
    if not cell:
        return None
    try:
        value = numerals.number(cell)
    except NotANumber as wrong:
        hint = f" ({wrong.hint})" if wrong.hint else ""
        faults.add(place, f"found value {shown(cell)}{hint}", wrong.allowed)
        return None
    if cell.endswith("%") or not np.isfinite(value):
        faults.add(place, f"found value {shown(cell)}", "a finite number; its unit in column unit")
        return None
    return value


# --- beside ours ----------------------------------------------------------------------------------
def waiting(numbers: pd.DataFrame) -> list[str]:
    """The tables and figures of which nothing is entered, a sentence for each paper.

    numbers: as `entered` returns them.
    """
    sentences = []
    for paper in ("A", "B"):
        tables = [table for table in printed_tables().values() if table.paper == paper]
        empty = [table.place for table in tables if table.name not in set(numbers["table"])]
        if empty:
            sentences.append(f"waiting for a reader's copy of paper {paper}: {', '.join(empty)}")
    return sentences


@dataclass(frozen=True)
class Run:
    """A notebook's run, as far as a verdict needs it.

    hindrance: why its results cannot be held against the paper; empty if they can.
    fitted: the claims to which its case was fitted, as the case says.
    """

    hindrance: str
    fitted: Collection[str] = ()


def run_of(notebook: str, paper: str) -> Run:
    """The run whose results a notebook has left, before a paper's numbers."""
    folder = result_of(notebook)
    if folder is None:
        return Run(f"no verdict: {notebook} has not run")
    if foreign(notebook):
        return Run(f"no verdict: {notebook} has run with other parameters")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    case = load_case(record["parameters"]["case"])
    if not case.is_paper(paper):
        return Run(f"no verdict: {notebook} shows no case of paper {paper}")
    return Run("", case.fitted_claims)


def judged(numbers: pd.DataFrame) -> pd.DataFrame:
    """Printed numbers beside ours, a row each, with the columns of `JUDGED`.

    numbers: as `entered` returns them. A number of a table is compared with ours by itself; one of
    a figure by the largest of its quantity there, since it is read off to the width of a line.
    """
    rows = []
    runs: dict[tuple[str, str], Run] = {}
    for name, group in numbers.groupby("table", sort=False):
        table = printed_tables()[str(name)]
        known = {(number.row, number.quantity): number for number in table.numbers}
        largest = group["value"].abs().groupby(group["quantity"]).max()
        for row, quantity, value in group[["row", "quantity", "value"]].itertuples(index=False):
            number = known[row, quantity]
            key = (number.ours.notebook, table.paper)
            runs[key] = runs.get(key) or run_of(*key)
            scale = largest[quantity] if table.is_figure or value == 0 else abs(value)
            place = f"{table.paper} {table.place}"
            said = verdict_beside(number, value, scale, runs[key])
            rows.append((place, row, quantity, value, number.unit, *said))
    return pd.DataFrame(rows, columns=list(JUDGED))


def verdict_beside(
    number: Number, value: float, scale: float, run: Run
) -> tuple[float, float, str]:
    """Our number, the difference in percent and the verdict.

    value: the printed one. scale: what the difference is measured by, 0 where nothing but zeros is
    printed.
    """
    if run.hindrance:
        return np.nan, np.nan, run.hindrance
    ours = our_number(number.ours)
    if np.isnan(ours):
        return ours, np.nan, "not reproduced: we have no such number"
    difference = 0.0 if ours == value else (ours - value) / scale if scale else np.inf
    fitted = bool(set(number.aims) & set(run.fitted))
    return ours, 100 * difference, number_verdict(difference, fitted)


def our_number(ours: Ours) -> float:
    """Our number from a notebook's results; nan where there is none, such as the price of a VPP
    that does not sell.
    """
    folder = result_of(ours.notebook)
    file = folder / f"{ours.table}.csv" if folder else None
    if file is None or not file.is_file():
        return np.nan
    table = pd.read_csv(file, dtype=str)
    index = list(ours.index) or [table.columns[0]]
    if not {ours.column, *index} <= set(table.columns):
        return np.nan
    names = table[index].agg(" ".join, axis=1)
    cells = pd.to_numeric(table.loc[names.isin(ours.rows), ours.column], errors="coerce")
    return float(cells.sum(min_count=1))
