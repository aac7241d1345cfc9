"""A workbook of three sheets as the three files of a case.

Sheet `case` has two columns, key and value, and becomes case.yaml; `units` and `series` have the
rows of units.csv and series.csv. Rows that begin with # are comments.
"""

import csv
import re
from bisect import bisect_left, bisect_right
from io import StringIO
from pathlib import Path

import yaml
from saying import Refused
from workbook import Sheet, letters_of, numbered, sheets_of

SHEETS = ("case", "units", "series")
HEAD_OF_CASE = ["key", "value"]
STAMPS = "time_utc"  # the column of series.csv whose times are in UTC
NO_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)


def files_from(workbook: Path) -> dict[str, str]:
    """The texts of a case's files, by name. Raises Refused with one sentence.

    Whether the case can be used is for `make check` to say.
    """
    sheets = sheets_of(workbook, SHEETS)
    for sheet in sheets.values():
        check_merged(sheet, workbook.name)
    return {
        "case.yaml": description_of(sheets["case"], workbook.name),
        "units.csv": table_of(sheets["units"], workbook.name),
        "series.csv": table_of(sheets["series"], workbook.name),
    }


def is_comment(row: list[str]) -> bool:
    """True for a row whose first text begins with #."""
    return next((cell for cell in row if cell), "").startswith("#")


def as_comment(row: list[str]) -> str:
    """Such a row as one line."""
    return " ".join(" ".join(row).split())


def check_merged(sheet: Sheet, file: str) -> None:
    """Refuses merged cells: only one of them has the value. Comments may be merged."""
    values = [number for number, row in numbered(sheet) if not is_comment(row)]
    for range_ in sheet.merged:
        first, last = rows_of_range(range_)
        if bisect_left(values, first) < bisect_right(values, last):
            raise Refused(
                f"{file}, sheet {sheet.name}: cells {range_} are merged; "
                "allowed: a heading or a value in each cell of its own"
            )


def rows_of_range(range_: str) -> tuple[int, int]:
    """The first and the last row of a range of cells.

    >>> rows_of_range("A1:C3"), rows_of_range("B2")
    ((1, 3), (2, 2))
    """
    numbers = [int(number) for number in re.findall(r"\d{1,7}", range_)]
    return (min(numbers), max(numbers)) if numbers else (0, 0)


def headings(sheet: Sheet, file: str) -> tuple[int, list[str]]:
    """The row of the headings, the first that is no comment, and its texts.

    Raises Refused where there is none, or a value in a column without one.
    """
    rows = [(number, row) for number, row in numbered(sheet) if not is_comment(row)]
    if not rows:
        raise Refused(f"{file}, sheet {sheet.name}: found nothing; allowed: headings, rows below")
    (number, head), *body = rows
    filled = {column for _, row in body for column, text in enumerate(row) if text}
    for column in range(max([len(head) - 1, *filled]) + 1):
        if column >= len(head) or not head[column]:
            raise Refused(
                f"{file}, sheet {sheet.name}, cell {letters_of(column + 1)}{number}: "
                "found no heading; allowed: one for each column"
            )
    return number, head


def description_of(sheet: Sheet, file: str) -> str:
    """The text of case.yaml: a line for each key that has a value."""
    place, head = headings(sheet, file)
    if [name.lower() for name in head] != HEAD_OF_CASE:
        found = ", ".join(head)
        raise Refused(
            f"{file}, sheet {sheet.name}: found the headings {found}; allowed: key, value"
        )
    values: dict[str, str] = {}
    lines = []
    for number, row in numbered(sheet):
        if is_comment(row):
            lines.append(as_comment(row))
        elif number != place:
            key, value = [*row, ""][:2]
            if not key or key in values:
                found = f"{key!r} stands twice" if key else "found a value without its key"
                where = f"{file}, sheet {sheet.name}, row {number}"
                raise Refused(f"{where}: {found}; allowed: each key once")
            values[key] = value
            if value:
                lines.append(line_of_yaml(key, value))
    return "\n".join([*lines, ""])


def line_of_yaml(key: str, value: str) -> str:
    """A key and its value, in quotation marks where YAML needs them.

    >>> line_of_yaml("steps", "24"), line_of_yaml("title", "Two homes")
    ("steps: '24'", 'title: Two homes')
    """
    return yaml.safe_dump({key: value}, allow_unicode=True, width=10**6).rstrip("\n")


def table_of(sheet: Sheet, file: str) -> str:
    """The text of a table, with commas between its cells."""
    place, head = headings(sheet, file)
    stamps = [column for column, name in enumerate(head) if name.lower() == STAMPS]
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    for number, row in numbered(sheet):
        if is_comment(row):
            text.write(as_comment(row) + "\n")
            continue
        cells = [*row, *[""] * (len(head) - len(row))]
        for column in stamps if number != place else ():
            cells[column] += "Z" if NO_ZONE.fullmatch(cells[column]) else ""
        table.writerow([" ".join(cell.splitlines()) for cell in cells])
    return text.getvalue()
