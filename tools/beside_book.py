"""What a run found beside what the book's run found: headline numbers and verdicts that changed.

Which numbers are headlines is a rule, the same for every notebook: first the facts that its run
recorded (run.json), but for times and versions; then, up to twelve rows, the row `cluster` or
`total` of its small tables, a number of each column. Where that gives fewer than four rows, the
last rows of the other small tables follow.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from runs import Run

from vppcore.currency import PLAIN

ROWS = 12
FEW = 4
# no facts of the study
NO_FACTS = {"notebook", "parameters", "paper", "python", "versions", "solver_version"}
TOTALS = ("cluster", "total")
# two numbers are the same if they differ by less: tables have six decimals
SAME_SHARE = 1e-6
SAME_SIZE = 1.5e-6


@dataclass(frozen=True)
class Row:
    """One headline: its name, the book's value and the run's; None where one of them lacks it."""

    name: str
    book: Any
    run: Any

    @property
    def is_number(self) -> bool:
        """True if both values are numbers."""
        return is_number(self.book) and is_number(self.run)

    @property
    def is_same(self) -> bool:
        """True if nothing changed."""
        if self.is_number:
            return same(float(self.book), float(self.run))
        return bool(self.book == self.run)


def is_number(value: Any) -> bool:
    """True for a number; a switch is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(first: float, second: float) -> bool:
    """True if two numbers are equal to rounding, or both missing."""
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return math.isclose(first, second, rel_tol=SAME_SHARE, abs_tol=SAME_SIZE)


# --- which numbers --------------------------------------------------------------------------------
def facts_of(record: dict[str, Any]) -> dict[str, Any]:
    """The facts of a record by name, those within a fact with both names.

    >>> facts_of({"notebook": "x", "seconds": 3, "gap": 0.1, "costs": {"VPP1": 5}})
    {'gap': 0.1, 'costs VPP1': 5}
    """
    found: dict[str, Any] = {}
    for name, value in record.items():
        if name in NO_FACTS or name.startswith("seconds"):
            continue
        words = name.replace("_", " ")
        if isinstance(value, dict):
            found |= {f"{words} {inner}": one for inner, one in value.items()}
        else:
            found[words] = value
    return {name: value for name, value in found.items() if not isinstance(value, dict | list)}


def tables_in(results: Path) -> dict[str, pd.DataFrame]:
    """The tables of a run by name; those whose rows have no names of their own are left out."""
    found = {}
    for file in sorted(results.glob("*.csv")):
        if file.stem == "claims":
            continue
        try:
            table = pd.read_csv(file, index_col=0)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
            continue
        if table.index.is_unique and table.columns.is_unique:
            found[file.stem] = table.select_dtypes("number")
    return found


def from_tables(tables: dict[str, pd.DataFrame], with_total: bool) -> dict[str, float]:
    """One number of each column of the small tables that have a total, or of those that have none:
    of the total, or of the last row.
    """
    found = {}
    for name, table in tables.items():
        total = total_of(table)
        if not 0 < len(table) <= ROWS or (total is not None) != with_total:
            continue
        row = table.index[-1] if total is None else total
        for column in table.columns:
            if "seconds" not in str(column) and not pd.isna(table.loc[row, column]):
                found[f"{name}: {column}, {row}"] = float(table.loc[row, column])
    return found


def total_of(table: pd.DataFrame) -> str | None:
    """The name of the row that sums up the others; None without one."""
    return next((name for name in TOTALS if name in table.index), None)


def rows_beside(book: Run, run: Run) -> list[Row]:
    """The headlines of both, at most twelve; a number that stands there already is left out."""
    theirs, ours = facts_of(book.record), facts_of(run.record)
    # what only the book's run has speaks of the book's case
    rows = [Row(name, theirs.get(name), value) for name, value in ours.items()]
    rows = sorted(rows, key=lambda row: row.book is None or row.run is None)
    of_book, of_run = tables_in(book.results), tables_in(run.results)
    for with_total in (True, False):
        if with_total or len(rows) < FEW:
            theirs = from_tables(of_book, with_total)
            ours = from_tables(of_run, with_total)
            both = [Row(name, theirs[name], ours[name]) for name in theirs if name in ours]
            rows = with_new(rows, both)
    if len(rows) > ROWS:
        rows = sorted(rows, key=lambda row: row.is_same)  # what changed first
    return rows[:ROWS]


def with_new(rows: list[Row], more: list[Row]) -> list[Row]:
    """The rows with those of `more` whose numbers do not stand in an earlier one."""
    made = list(rows)
    for row in more:
        if not any(is_repeated(row, earlier) for earlier in made):
            made.append(row)
    return made


def is_repeated(row: Row, earlier: Row) -> bool:
    """True if both numbers of the row stand in an earlier one already, as far as they are shown."""
    return (shown(row.book), shown(row.run)) == (shown(earlier.book), shown(earlier.run))


# --- all numbers ----------------------------------------------------------------------------------
def cells(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, float]]:
    """Name and number of every cell that is no time."""
    for name, table in tables.items():
        for column in table.columns:
            if "seconds" in str(column):
                continue
            for row, number in table[column].items():
                yield f"{name}/{column}/{row}", float(number)


def differing(book: Run, run: Run) -> tuple[int, int]:
    """How many numbers of the tables differ, and how many both runs have."""
    theirs = dict(cells(tables_in(book.results)))
    ours = dict(cells(tables_in(run.results)))
    both = theirs.keys() & ours.keys()
    return sum(not same(theirs[cell], ours[cell]) for cell in both), len(both)


# --- verdicts -------------------------------------------------------------------------------------
def verdicts_in(results: Path) -> dict[str, str]:
    """Claim -> verdict; empty if the run judged none."""
    file = results / "claims.csv"
    if not file.is_file():
        return {}
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return dict(zip(table["claim"], table["verdict"], strict=True))


def changed_verdicts(book: Run, run: Run) -> list[tuple[str, str, str]]:
    """(claim, the book's verdict, the run's) of those that changed, where both have one."""
    theirs, ours = verdicts_in(book.results), verdicts_in(run.results)
    both = [claim for claim in theirs if claim in ours]
    return [(claim, theirs[claim], ours[claim]) for claim in both if theirs[claim] != ours[claim]]


def not_judged(book: Run, run: Run) -> list[str]:
    """Claims that the book's run judged and this one did not."""
    ours = verdicts_in(run.results)
    return [claim for claim in verdicts_in(book.results) if claim not in ours]


# --- two currencies -------------------------------------------------------------------------------
def other_currency(book: Run, run: Run) -> str:
    """A sentence if the amounts of the two are in two currencies, which cannot be compared."""
    theirs, ours = (each.record.get("currency", PLAIN) for each in (book, run))
    if theirs == ours:
        return ""
    return (
        f"The book's run is of another case, in {theirs}: its numbers do not stand beside this"
        f" run's, in {ours}."
    )


def table_of_run(run: Run) -> list[tuple[str, ...]]:
    """The run's own headlines as cells, with a head."""
    rows = [row for row in rows_beside(run, run) if row.name != "currency"]
    return [("", "this run"), *((row.name, shown(row.run)) for row in rows)]


# --- in words -------------------------------------------------------------------------------------
def shown(value: Any) -> str:
    """A value as it is printed: five digits of a number, and at least its whole ones.

    >>> shown(62610.3636), shown(0.000110834), shown(43), shown(True), shown(None)
    ('62,610', '0.00011083', '43', 'yes', '')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    value = value or 0 if isinstance(value, int | float) else value  # no minus before zero
    if isinstance(value, int) or (isinstance(value, float) and 1e4 <= abs(value) < 1e15):
        return f"{value:,.0f}"
    return f"{value:,.5g}" if isinstance(value, float) else str(value)


def difference(row: Row) -> str:
    """By how much the run's number is larger; a word where there is no number."""
    if row.is_same:
        return "same"
    if row.is_number:
        by = row.run - row.book
        return ("+" if by > 0 else "") + shown(by)
    return "changed"


def percent(row: Row) -> str:
    """The difference in percent of the book's number; nothing where that makes no sense.

    >>> percent(Row("cost", 200.0, 190.0)), percent(Row("cost", 0.0, 1.0))
    ('-5.00 %', '')
    """
    if not row.is_number or row.is_same or not row.book:
        return ""
    return f"{100 * (row.run - row.book) / abs(row.book):+,.2f} %"


def in_columns(lines: list[tuple[str, ...]], left: int = 1) -> list[str]:
    """Lines of cells below each other; the first `left` columns begin at the left.

    >>> in_columns([("", "book"), ("cost", "1")])
    ['      book', 'cost     1']
    """
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    made = []
    for line in lines:
        padded = []
        for number, (cell, width) in enumerate(zip(line, widths, strict=True)):
            padded.append(cell.ljust(width) if number < left else cell.rjust(width))
        made.append("  ".join(padded).rstrip())
    return made


def table_of_rows(rows: list[Row]) -> list[tuple[str, ...]]:
    """The rows as cells, with a head."""
    lines: list[tuple[str, ...]] = [("", "the book", "this run", "difference", "")]
    for row in rows:
        lines.append((row.name, shown(row.book), shown(row.run), difference(row), percent(row)))
    return lines


def verdict_lines(book: Run, run: Run) -> list[str]:
    """What became of the verdicts, in lines; empty if the book's run judged no claim."""
    changed, silent = changed_verdicts(book, run), not_judged(book, run)
    lines = []
    if changed:
        lines += in_columns([("claim", "the book", "this run"), *changed], left=3)
    elif len(verdicts_in(book.results)) > len(silent):
        lines.append("No verdict changed.")
    if silent:
        lines.append(f"Not judged, as they do not speak of this run: {', '.join(silent)}.")
    return lines


def beside(book: Run | None, run: Run) -> str:
    """What a run found beside the book, as lines for the screen."""
    if book is None:
        return "The book has no results of this notebook yet (make book), so none stand beside."
    apart = other_currency(book, run)
    if apart:
        return "\n".join([*in_columns(table_of_run(run)), apart])
    rows = rows_beside(book, run)
    differ, both = differing(book, run)
    changed = changed_verdicts(book, run) + [(claim, "", "") for claim in not_judged(book, run)]
    if not differ and not changed and all(row.is_same for row in rows):
        return (
            f"Nothing changed: headlines, verdicts and {both:,} numbers in tables are the book's."
        )
    lines = in_columns(table_of_rows(rows)) if rows else []
    lines.append(f"{differ:,} of {both:,} numbers in tables differ from the book's.")
    return "\n".join([*lines, *verdict_lines(book, run)])
