"""Says which numbers of two folders of results are identical, and which equal to rounding.

Usage: compare_results.py FIRST SECOND [--tolerance 1e-6]

FIRST and SECOND are folders like results/, with a folder for each notebook. Every table (CSV) is
compared, cell by cell. Columns of times and verdicts on times are left out, as a time is no result.
Two numbers differ by their distance in relation to the largest number of their column or that of
their row, whichever is smaller, so that a flow of 0.00001 kW beside none in a column of thousands
is a small difference and not an infinite one. A table is

- identical: the same numbers and texts;
- equal to rounding: the same texts, and no number differs by more than the tolerance, or by more
  than the last digit that tables have;
- different: everything else, and what is in one folder only.

Ends with 1 if a table is different, so that a script can ask.
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

from beside_book import SAME_SIZE, in_columns
from contents import Refused
from saying import give_up, say

TOLERANCE = 1e-6
IDENTICAL, ROUNDED, DIFFERENT = "identical", "equal to rounding", "different"
# in a name of a column or a row: no result
TIMES = "seconds"
CLAIMS = Path(__file__).resolve().parent.parent / "data/published/claims.csv"


@dataclass(frozen=True)
class Compared:
    """A table in both folders.

    name: notebook/table. verdict: one of the three words above.
    difference: the largest of a number, in relation to its column or row; None where texts or shape
    differ.
    where: the cell that has it, or what else is different.

    >>> Compared("cooperation/trades", ROUNDED, 2e-9, "hour 3, VPP1").notebook
    'cooperation'
    """

    name: str
    verdict: str
    difference: float | None
    where: str

    @property
    def notebook(self) -> str:
        """The folder that the table is in."""
        return self.name.partition("/")[0]


# --- one table ------------------------------------------------------------------------------------
def claims_on_times(file: Path = CLAIMS) -> set[str]:
    """The papers' claims whose number is a time."""
    with open(file, encoding="utf-8", newline="") as text:
        return {row["id"] for row in csv.DictReader(text) if row["unit"] == "s"}


def cells_of(file: Path) -> list[list[str]]:
    """The rows of a table, its head among them, without what speaks of times."""
    with open(file, encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    times = claims_on_times()
    head = rows[0] if rows else []
    kept = [number for number, name in enumerate(head) if TIMES not in name]
    found = []
    for row in rows:
        if not row or row[0] in times or TIMES in row[0]:
            continue
        found.append([row[number] if number < len(row) else "" for number in kept])
    return found


def as_number(cell: str) -> float | None:
    """The number in a cell; None for a text. An empty cell is a text.

    >>> as_number("1e-3"), as_number("VPP1"), as_number(""), as_number("nan")
    (0.001, None, None, None)
    """
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if number == number else None


def as_values(rows: list[list[str]]) -> list[list[float | str]]:
    """The numbers and texts of a table; 0 and -0 are one number.

    >>> as_values([["flow", "-0.0"]]) == as_values([["flow", "0.000000"]])
    True
    """
    found = []
    for row in rows:
        numbers = [as_number(cell) for cell in row]
        pairs = zip(row, numbers, strict=True)
        found.append([cell if number is None else number for cell, number in pairs])
    return found


def scales(rows: list[list[float | None]]) -> tuple[list[float], list[float]]:
    """The largest number of each row and of each column, without its sign.

    >>> scales([[1.0, -20.0], [None, 3.0]])
    ([20.0, 3.0], [1.0, 20.0])
    """
    by_row = [max((abs(n) for n in row if n is not None), default=0.0) for row in rows]
    by_column = [
        max((abs(n) for n in column if n is not None), default=0.0)
        for column in zip(*rows, strict=True)
    ]
    return by_row, by_column


def numbers_apart(ours: list[list[str]], theirs: list[list[str]]) -> tuple[float, int, int]:
    """The largest difference of two tables of one shape with the same texts, its row and column.

    >>> numbers_apart([["cost", "4"], ["loss", "2"]], [["cost", "4"], ["loss", "1"]])
    (0.5, 1, 1)
    """
    first = [[as_number(cell) for cell in row] for row in ours]
    second = [[as_number(cell) for cell in row] for row in theirs]
    rows, columns = scales(first)
    other_rows, other_columns = scales(second)
    worst, at = 0.0, (0, 0)
    for row, (one, other) in enumerate(zip(first, second, strict=True)):
        for column, (a, b) in enumerate(zip(one, other, strict=True)):
            if a is None or b is None or abs(a - b) <= SAME_SIZE:
                continue
            largest_of_row = max(rows[row], other_rows[row])
            largest_of_column = max(columns[column], other_columns[column])
            apart = abs(a - b) / min(largest_of_row, largest_of_column)
            if apart > worst:
                worst, at = apart, (row, column)
    return worst, *at


def other_text(ours: list[list[str]], theirs: list[list[str]]) -> str:
    """The first cell whose text differs, in words; empty if none does."""
    for one, other in zip(ours, theirs, strict=True):
        for column, (a, b) in enumerate(zip(one, other, strict=True)):
            if a != b and (as_number(a) is None or as_number(b) is None):
                return f"{one[0]}, {ours[0][column]}: {a!r} and {b!r}"
    return ""


def compare_tables(name: str, first: Path, second: Path, tolerance: float) -> Compared:
    """Compares two files of one name."""
    ours, theirs = cells_of(first), cells_of(second)
    if as_values(ours) == as_values(theirs):
        return Compared(name, IDENTICAL, 0.0, "")
    if ours[:1] != theirs[:1]:
        return Compared(name, DIFFERENT, None, "other columns")
    if len(ours) != len(theirs):
        return Compared(name, DIFFERENT, None, "another number of rows")
    text = other_text(ours, theirs)
    if text:
        return Compared(name, DIFFERENT, None, text)
    worst, row, column = numbers_apart(ours, theirs)
    where = f"{ours[row][0]}, {ours[0][column]}" if worst else "the last digit"
    return Compared(name, ROUNDED if worst <= tolerance else DIFFERENT, worst, where)


# --- two folders ----------------------------------------------------------------------------------
def tables_below(folder: Path) -> dict[str, Path]:
    """Name (notebook/table) -> file, of all tables below a folder. Raises Refused without any."""
    found = {
        file.relative_to(folder).with_suffix("").as_posix(): file
        for file in sorted(folder.rglob("*.csv"))
    }
    if not found:
        raise Refused(f"{folder} has no tables; allowed: a folder like results/, after `make book`")
    return found


def compare_folders(first: Path, second: Path, tolerance: float = TOLERANCE) -> list[Compared]:
    """Compares every table of two folders, by name. Raises Refused if one of them has none."""
    ours, theirs = tables_below(first), tables_below(second)
    made = []
    for name in sorted(ours.keys() | theirs.keys()):
        if name in ours and name in theirs:
            made.append(compare_tables(name, ours[name], theirs[name], tolerance))
        else:
            where = f"only in {first if name in ours else second}"
            made.append(Compared(name, DIFFERENT, None, where))
    return made


def shown(difference: float | None) -> str:
    """A difference as it is printed.

    >>> shown(None), shown(0.0), shown(2.04e-9)
    ('', '0', '2.0e-09')
    """
    if difference is None:
        return ""
    return f"{difference:.1e}" if difference else "0"


def shortened(text: str, most: int = 80) -> str:
    """A text as long as fits into a table.

    >>> shortened("a reason and what follows", 12)
    'a reason ...'
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."


def largest_of(tables: list[Compared]) -> Compared:
    """The table that differs most; one whose texts differ is ahead of all numbers."""
    return max(tables, key=lambda one: float("inf") if one.difference is None else one.difference)


def by_notebook(tables: list[Compared]) -> list[tuple[str, ...]]:
    """A line of cells for each notebook, with a head."""
    lines: list[tuple[str, ...]] = [("", IDENTICAL, "to rounding", DIFFERENT, "largest", "where")]
    for notebook in dict.fromkeys(one.notebook for one in tables):
        mine = [one for one in tables if one.notebook == notebook]
        counts = [sum(one.verdict == word for one in mine) for word in (IDENTICAL, ROUNDED)]
        most = largest_of(mine)
        name = most.name.partition("/")[2]
        where = "" if most.verdict == IDENTICAL else shortened(f"{name}: {most.where}")
        rest = len(mine) - sum(counts)
        lines.append((notebook, *map(str, counts), str(rest), shown(most.difference), where))
    return lines


def in_words(tables: list[Compared], tolerance: float) -> str:
    """How many tables have which verdict, and the largest difference of the rounded ones."""
    count = {word: sum(one.verdict == word for one in tables) for word in (IDENTICAL, ROUNDED)}
    rounded = [one.difference for one in tables if one.verdict == ROUNDED and one.difference]
    rest = len(tables) - sum(count.values())
    most = f", at most {shown(max(rounded))} apart" if rounded else ""
    allowed = f"allowed: {tolerance:g}"
    return (
        f"{len(tables)} tables: {count[IDENTICAL]} identical,"
        f" {count[ROUNDED]} equal to rounding{most} ({allowed}), {rest} different."
    )


def main() -> None:
    """Compares two folders; ends with 1 if a table is different."""
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("first", type=Path)
    cli.add_argument("second", type=Path)
    cli.add_argument("--tolerance", type=float, default=TOLERANCE)
    args = cli.parse_args()
    try:
        tables = compare_folders(args.first, args.second, args.tolerance)
    except Refused as refused:
        give_up(str(refused))
    say("\n".join([*in_columns(by_notebook(tables)), "", in_words(tables, args.tolerance)]))
    raise SystemExit(any(one.verdict == DIFFERENT for one in tables))


if __name__ == "__main__":
    main()
