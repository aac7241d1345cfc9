"""A text as a table of cells, whatever program has written it.

Cells may be separated by commas, semicolons, tabs or upright bars; the first line says which. Lines
that start with # are comments, empty lines and empty columns at the end are left out, and the line
"sep=;" that some spreadsheets write is understood.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vppcore.faults import Faults, Place, shown
from vppcore.names import in_one_form
from vppcore.reading.files import LARGEST_TABLE, text_of

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright bars"}
# invisible characters that spreadsheets and web pages leave around a text
INVISIBLE = "\ufeff\u200b\u2060\u00ad"
# what a formula without a result leaves in a cell, in English and German: no comment
ERRORS = ("#N/A", "#NV", "#REF!", "#BEZUG!", "#DIV/0!", "#VALUE!", "#WERT!", "#NAME?", "#NUM!",
          "#ZAHL!", "#NULL!")  # fmt: skip
QUOTED = re.compile(r'"[^"]*"')
NUMBER = re.compile(r"[+-]?\d+\.?\d*", re.ASCII)


@dataclass(frozen=True)
class Table:
    """A table of cells, all of them text.

    file: name of the file.
    columns: name, in lower case -> the cells below it.
    lines: the line of the file in which each row ends.
    separator: what stands between two cells.
    """

    file: str
    columns: dict[str, list[str]]
    lines: list[int]
    separator: str

    @property
    def names(self) -> list[str]:
        """The names of the columns, in the order of the file."""
        return list(self.columns)

    def column(self, name: str) -> list[str]:
        """The cells below a name."""
        return self.columns[name]

    def rows(self, *names: str) -> Iterator[tuple[str, ...]]:
        """The cells of each row below these names, in the order of the names."""
        return zip(*(self.columns[name] for name in names), strict=True)


@dataclass(frozen=True)
class Record:
    """The cells of one row, and the line of the file in which it ends."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Draft:
    """What a text has been split into, before it is known to be a table.

    file: name of the file. separator: of the cells.
    head: the row of column names. body: the rows below it.
    """

    file: str
    separator: str
    head: Record
    body: list[Record]


def read_table(file: Path, faults: Faults) -> Table | None:
    """A file as a table; None with the faults entered if it is none."""
    text = text_of(file, LARGEST_TABLE, faults)
    return None if text is None else table_of(text, file.name, faults)


def table_of(text: str, file: str, faults: Faults) -> Table | None:
    """A text as a table; None with the faults entered if it is none.

    >>> text = "sep=;\\nhour;home_load_kw;\\n1;0,45;\\n# night\\n2;0,40;\\n;;\\n"
    >>> table = table_of(text, "series.csv", Faults())
    >>> table.columns, table.lines
    ({'hour': ['1', '2'], 'home_load_kw': ['0,45', '0,40']}, [3, 5])
    """
    draft = split_into_cells(text, file, faults)
    if draft is None:
        return None
    sound = names_differ(draft, faults)
    sound = has_cells(draft, faults) and sound
    sound = rows_are_even(draft, faults) and sound
    return without_empty_columns(draft, faults) if sound else None


def split_into_cells(text: str, file: str, faults: Faults) -> Draft | None:
    """A text as rows of cells, empty rows and comments left out; None with the fault entered."""
    lines = without_comments(text)
    title = line_of_title(lines)
    if title is not None:
        found = "found a title above the column names"
        faults.add(Place(file, title), found, "the column names first, a title behind #")
        return None
    separator = separator_of(lines)
    try:
        records = [record for record in records_of(lines, separator) if any(record.cells)]
    except UnreadableRow as unreadable:
        faults.add(Place(file, unreadable.line), unreadable.found, unreadable.allowed)
        return None
    if not records:
        faults.add(Place(file), "found nothing", "a line of column names and rows below it")
        return None
    head, *body = records
    names = Record(head.line, [name.lower() for name in head.cells])
    rows = [Record(record.line, cells_below(names.cells, record)) for record in body]
    return Draft(file, separator, names, rows)


def without_comments(text: str) -> list[str]:
    """The lines of a text, those that are comments emptied, so that line numbers stay right.

    >>> without_comments("# night\\n#N/A,3.0\\n2,3.0")
    ['', '#N/A,3.0', '2,3.0']
    """
    lines = []
    for line in text.split("\n"):
        begin = line.lstrip(f'"{INVISIBLE} \t')
        is_comment = begin.startswith("#") and not begin.startswith(ERRORS)
        lines.append("" if is_comment else line)
    return lines


def line_of_title(lines: list[str]) -> int | None:
    """The line of a title above the column names: one cell, and two separators or more below it.

    >>> line_of_title(["", "My street", "hour;load_kw;pv_kw"])
    2
    """
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if len(filled) < 2 or "sep=" in filled[0][1].lower():
        return None
    number, first = filled[0]
    below = QUOTED.sub("", filled[1][1])
    is_title = not any(mark in first for mark in SEPARATORS)
    return number if is_title and max(map(below.count, SEPARATORS)) > 1 else None


def separator_of(lines: list[str]) -> str:
    """What separates the cells, as the first line that is not empty shows; it is emptied if it
    says nothing else ("sep=;").

    >>> separator_of(["", "hour;load_kw;pv_kw"])
    ';'
    """
    for place, line in enumerate(lines):
        said = line.strip(f'"{INVISIBLE} ,;').lower()
        if line.lower().lstrip(f'"{INVISIBLE}').startswith("sep="):
            lines[place] = ""
            stated = line.lstrip(f'"{INVISIBLE}')[4:5]
            if stated in SEPARATORS:
                return stated
        elif said:
            return max(SEPARATORS, key=line.count)
    return ","


class UnreadableRow(Exception):
    """A row that cannot be split into cells: in which line, what was found and what is allowed."""

    def __init__(self, line: int, found: str, allowed: str):
        self.line = line
        self.found = found
        self.allowed = allowed
        super().__init__(found)


def records_of(lines: list[str], separator: str) -> Iterator[Record]:
    """The rows of a text, one after the other. Raises UnreadableRow."""
    source = (f"{line}\n" for line in lines)
    reader = csv.reader(source, delimiter=separator, skipinitialspace=True, strict=True)
    first_line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise unreadable(error, first_line) from error
        yield Record(reader.line_num, [cleaned(cell) for cell in cells])
        first_line = reader.line_num + 1


def unreadable(error: csv.Error, line: int) -> UnreadableRow:
    """What is wrong with a row that the reader of the standard library gave up."""
    if "field larger" in str(error):
        return UnreadableRow(line, "found a cell of more than 100,000 characters", "shorter ones")
    return UnreadableRow(
        line,
        "found a quotation mark that is not closed, or text behind a closed one",
        'quotation marks around the whole cell, as in "main fuse, 6 kW"',
    )


def cleaned(cell: str) -> str:
    """A cell in one Unicode form (NFC), with plain blanks, none of them around it.

    >>> cleaned("\\u00a0 Cafe\\u0301\\u202f1 ") == "Caf\\u00e9 1"
    True
    """
    return in_one_form(cell).strip(INVISIBLE).replace("\t", " ").strip()


def cells_below(names: list[str], record: Record) -> list[str]:
    """The cells of a row: a comment behind the last column cut off, missing cells empty."""
    cells = list(record.cells)
    last = len(names) - 1
    for place in range(last, len(cells)):
        before, mark, _ = cells[place].partition("#")
        is_comment = mark and (not before or before[-1].isspace())
        if is_comment:
            cells = [*cells[:place], before.strip()]
            break
    cells += [""] * (len(names) - len(cells))
    while len(cells) > len(names) and not cells[-1]:
        cells.pop()
    return cells


# --- is it a table? -------------------------------------------------------------------------------
def names_differ(draft: Draft, faults: Faults) -> bool:
    """True if no column name stands twice; else a fault is entered."""
    counts = Counter(draft.head.cells)
    twice = [name for name, count in counts.items() if name and count > 1]
    for name in twice:
        place = Place(draft.file, draft.head.line, name)
        faults.add(place, "stands twice", "one column of each name")
    return not twice


def has_cells(draft: Draft, faults: Faults) -> bool:
    """True if there are rows, split like the column names; else a fault is entered."""
    if not draft.body:
        faults.add(Place(draft.file), "found no rows below the column names", "one or more")
        return False
    if len(draft.head.cells) == 1 and any(mark in draft.head.cells[0] for mark in SEPARATORS):
        place = Place(draft.file, draft.head.line)
        faults.add(place, "found the whole row in quotation marks", "cells that are separated")
        return False
    are_split = len(draft.head.cells) == 1 or any(any(row.cells[1:]) for row in draft.body)
    if not are_split:
        faults.add(
            Place(draft.file, draft.body[0].line),
            f"found no {SEPARATORS[draft.separator]}, "
            f"which separate the column names in line {draft.head.line}",
            "the same separator in all lines",
        )
    return are_split


def rows_are_even(draft: Draft, faults: Faults) -> bool:
    """True if no row has more cells than there are column names; else a fault is entered."""
    width = len(draft.head.cells)
    longer = [row for row in draft.body if len(row.cells) > width]
    separator = SEPARATORS[draft.separator].removesuffix("s")
    example = f'"main fuse{draft.separator} 6 kW"'
    for row in longer:
        faults.add(
            Place(draft.file, row.line),
            f"found {len(row.cells)} cells below {width} column names{hint(row.cells)}",
            f"as many; a cell with a {separator} in it, be it a text or a number, "
            f"stands in quotation marks, as in {example}",
            cause=(draft.file, "cells"),
        )
    return not longer


def hint(cells: list[str]) -> str:
    """A guess why a row has too many cells, where there is one."""
    are_numbers = all(NUMBER.fullmatch(cell) for cell in cells if cell)
    return " (decimal commas?)" if are_numbers else ""


def without_empty_columns(draft: Draft, faults: Faults) -> Table:
    """The table without columns that have no name; a fault is entered if one has cells."""
    columns = {}
    for place, name in enumerate(draft.head.cells):
        if name:
            columns[name] = [row.cells[place] for row in draft.body]
            continue
        for row in draft.body:
            if row.cells[place]:
                where = Place(draft.file, row.line, of=f"column {place + 1}")
                found = f"found {shown(row.cells[place])} and no name above it"
                faults.add(where, found, "a name, or nothing", (draft.file, "no name", place))
    return Table(draft.file, columns, [row.line for row in draft.body], draft.separator)
