"""The sheets of a workbook (.xlsx) as rows of texts, by the standard library alone.

A workbook is a zip archive of XML. It comes from anywhere, so that nothing is unpacked beyond a
limit and no document type is read, with which a small file could become a huge one. What a formula
gives is what the spreadsheet program last stored; nothing is computed here.
"""

import os
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import NamedTuple, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from saying import Refused

from vppcore.faults import shown

LARGEST_FILE = 50_000_000  # bytes
LARGEST_PARTS = 100_000_000  # bytes of all parts that are read, unpacked
MOST_TAGS = 10_000_000  # of a part: elements take more room than their text
MOST_CELLS = 2_000_000  # of a sheet, the empty ones between others included
LARGEST_SHEET = 100_000_000  # characters: cells may share one long text
WIDEST = 2_000  # columns

# what zipfile raises for archives that are damaged, locked or packed in some other way
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
# formats of numbers that are known by their number alone: dates, times of the day and shares
DAYS = {14, 15, 16, 17, 22}
TIMES = {18, 19, 20, 21, 45, 46, 47}
SHARES = {9, 10}
# what of a format code is no code: texts in quotes, escaped signs, colours and locales
NO_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
SECONDS_OF_A_DAY = 86_400


class NoWorkbook(Exception):
    """The parts of an archive are not those of a workbook; the message says why."""


@dataclass
class Sheet:
    """A sheet as rows of texts.

    name: of the sheet. rows: number of a row, as the program shows it -> its cells, from column A
    on, empty texts for empty cells; rows without a text are left out.
    merged: ranges of merged cells, such as "A1:C1".
    """

    name: str
    rows: dict[int, list[str]] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)


class Where(NamedTuple):
    """Where a cell is; its name is made only if there is something to say of it."""

    file: str
    sheet: str
    column: int
    row: int

    def __str__(self) -> str:
        return f"{self.file}, sheet {self.sheet}, cell {letters_of(self.column)}{self.row}"


@dataclass(frozen=True)
class Reading:
    """What cells refer to.

    file: name of the workbook. strings: its shared texts. formats: style -> "day", "time", "share"
    or "" for a plain number. first_day: the day of number 0.
    """

    file: str
    strings: list[str]
    formats: list[str]
    first_day: datetime


def sheets_of(file: Path, wanted: tuple[str, ...]) -> dict[str, Sheet]:
    """The sheets of these names, in any capitals. Raises Refused with one sentence."""
    if not os.path.isfile(file):  # false, too, for a path that the system cannot take
        raise Refused(f"FROM: there is no file {shown(str(file))}; allowed: a workbook (.xlsx)")
    try:
        if file.stat().st_size > LARGEST_FILE:
            too_large(file.name, f"up to {LARGEST_FILE / 1e6:g} million bytes")
        with zipfile.ZipFile(file) as archive:
            return read_sheets(Parts(archive, file.name), file.name, wanted)
    except NoWorkbook as why:
        refuse_file(file.name, str(why))
    except (ElementTree.ParseError, expat.ExpatError):
        refuse_file(file.name, "its XML is damaged")
    except PermissionError:
        raise Refused(f"{file.name} may not be read; allowed: a file that you may read") from None
    except UNREADABLE:
        refuse_file(file.name, "it is damaged, locked by a password, or of another kind")


def refuse_file(file: str, why: str) -> NoReturn:
    """Ends the reading of a file that is no workbook."""
    raise Refused(f"{file} is not a workbook that can be read ({why}); allowed: .xlsx") from None


def too_large(what: str, allowed: str) -> NoReturn:
    """Ends the reading of what is larger than any case."""
    raise Refused(f"{what} is too large; allowed: {allowed}")


# --- the archive ----------------------------------------------------------------------------------
class Parts:
    """The parts of an archive, unpacked up to a limit in all, whatever it says of itself."""

    def __init__(self, archive: zipfile.ZipFile, file: str):
        self.archive = archive
        self.file = file
        self.left = LARGEST_PARTS

    def has(self, name: str) -> bool:
        """True if there is a part of this name."""
        return name in self.archive.NameToInfo

    def read(self, name: str) -> bytes:
        """A part, without a document type. Raises NoWorkbook or Refused."""
        if not self.has(name):
            raise NoWorkbook(f"it has no {posixpath.basename(name)}")
        with self.archive.open(name) as part:
            content = part.read(self.left + 1)
        if len(content) > self.left:
            allowed = f"up to {LARGEST_PARTS / 1e6:g} million bytes when it is unpacked"
            too_large(self.file, allowed)
        if content.count(b"<") > MOST_TAGS:
            too_large(self.file, f"up to {MOST_TAGS / 1e6:g} million tags in a part")
        self.left -= len(content)
        check_prologue(content)
        return content

    def tree(self, name: str) -> ElementTree.Element:
        """A part as a tree of elements."""
        return ElementTree.fromstring(self.read(name))


class Begun(Exception):
    """The root of an XML text begins: no document type can follow."""


def check_prologue(content: bytes) -> None:
    """Raises NoWorkbook if an XML text declares a document type, where entities would stand."""

    def declared(*_: object) -> None:
        raise NoWorkbook("its XML declares a document type")

    def begun(*_: object) -> None:
        raise Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = begun
    try:
        parser.Parse(content, True)
    except Begun:
        return


def local(name: str) -> str:
    """A name without its namespace: there are two of them, and their names are the same."""
    return name.rpartition("}")[2]


def children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The elements of this name right below another."""
    return [child for child in element if local(child.tag) == name]


def below(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The elements of this name below another, however deep."""
    return [each for each in element.iter() if local(each.tag) == name]


def attribute(element: ElementTree.Element, name: str) -> str:
    """An attribute, in whatever namespace; empty where there is none."""
    return next((value for key, value in element.items() if local(key) == name), "")


# --- the workbook ---------------------------------------------------------------------------------
def read_sheets(parts: Parts, file: str, wanted: tuple[str, ...]) -> dict[str, Sheet]:
    """The wanted sheets of an archive. Raises NoWorkbook or Refused."""
    book = next(iter(related(parts, "", "officeDocument").values()), "xl/workbook.xml")
    root = parts.tree(book)
    targets = related(parts, book, "worksheet")
    found = {}
    for sheet in below(root, "sheet"):
        target = targets.get(next((v for k, v in sheet.items() if k.endswith("}id")), ""))
        if target:
            found[attribute(sheet, "name")] = target
    refuse_alike(list(found), file, wanted)
    by_name = {name.strip().lower(): target for name, target in found.items()}
    missing = [name for name in wanted if name not in by_name]
    if missing:
        raise Refused(
            f"{file} has no sheet {', '.join(map(repr, missing))}; "
            f"found: {', '.join(map(repr, found)) or 'none'}; allowed: {', '.join(wanted)}"
        )
    reading = reading_of(parts, book, root, file)
    return {name: read_sheet(parts.read(by_name[name]), name, reading) for name in wanted}


def refuse_alike(names: list[str], file: str, wanted: tuple[str, ...]) -> None:
    """Raises Refused for two sheets that may both be meant by a wanted name."""
    for name in wanted:
        alike = [each for each in names if each.strip().lower() == name]
        if len(alike) > 1:
            raise Refused(
                f"{file}: found sheets {' and '.join(map(repr, alike))}; allowed: one called {name}"
            )


def related(parts: Parts, part: str, kind: str) -> dict[str, str]:
    """What a part rests on: id -> name of the part, of those of a kind."""
    folder, name = posixpath.split(part)
    listing = posixpath.join(folder, "_rels", f"{name}.rels")
    if not parts.has(listing):
        return {}
    found = {}
    for relation in below(parts.tree(listing), "Relationship"):
        if attribute(relation, "Type").endswith(f"/{kind}"):
            target = posixpath.join("/", folder, attribute(relation, "Target"))
            found[attribute(relation, "Id")] = posixpath.normpath(target).lstrip("/")
    return found


def reading_of(parts: Parts, book: str, root: ElementTree.Element, file: str) -> Reading:
    """What the cells of a workbook refer to."""
    strings: list[str] = []
    for part in related(parts, book, "sharedStrings").values():
        strings = [text_in(item) for item in children(parts.tree(part), "si")]
    formats: list[str] = []
    for part in related(parts, book, "styles").values():
        formats = formats_of(parts.tree(part))
    since_1904 = any(
        attribute(each, "date1904") in ("1", "true") for each in below(root, "workbookPr")
    )
    first = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)
    return Reading(file, strings, formats, first)


def text_in(item: ElementTree.Element) -> str:
    """A text, in one piece or in several; how it is pronounced is left out."""
    pieces = []
    for child in item:
        if local(child.tag) == "t":
            pieces.append(child.text or "")
        elif local(child.tag) == "r":
            pieces += [part.text or "" for part in children(child, "t")]
    return ESCAPED.sub(unescaped, "".join(pieces)).strip()


def unescaped(found: re.Match[str]) -> str:
    """The character that stands as its number; none is made that is no text."""
    sign = chr(int(found[1], 16))
    if sign in "\r\n\t":
        return " "
    return sign if sign.isprintable() else found[0]


def formats_of(styles: ElementTree.Element) -> list[str]:
    """What the numbers of each style are: "day", "time", "share" or "" for plain ones."""
    own = {
        attribute(each, "numFmtId"): attribute(each, "formatCode")
        for each in below(styles, "numFmt")
    }
    found = []
    for group in children(styles, "cellXfs"):
        for style in children(group, "xf"):
            number = attribute(style, "numFmtId") or "0"
            found.append(kind_of_code(own[number]) if number in own else kind_of_number(number))
    return found


def kind_of_number(number: str) -> str:
    """What the format of this number shows.

    >>> kind_of_number("14"), kind_of_number("20"), kind_of_number("9"), kind_of_number("2")
    ('day', 'time', 'share', '')
    """
    for kind, numbers in (("day", DAYS), ("time", TIMES), ("share", SHARES)):
        if number in map(str, numbers):
            return kind
    return ""


def kind_of_code(code: str) -> str:
    """What a format code shows.

    >>> kind_of_code("yyyy-mm-dd hh:mm"), kind_of_code("[h]:mm"), kind_of_code("0.0%")
    ('day', 'time', 'share')
    >>> kind_of_code('0.00" days"'), kind_of_code("General"), kind_of_code("[Red]0")
    ('', '', '')
    """
    elapsed = re.search(r"\[[hms]+\]", code.lower())
    bare = NO_CODE.sub("", code.partition(";")[0]).lower().replace("general", "")
    if re.search(r"[yd]", bare):
        return "day"
    if elapsed or re.search(r"[hs]", bare):
        return "time"
    if "m" in bare:
        return "day"
    return "share" if "%" in bare else ""


# --- a sheet --------------------------------------------------------------------------------------
def read_sheet(content: bytes, name: str, reading: Reading) -> Sheet:
    """A sheet as rows of texts. Raises NoWorkbook or Refused."""
    sheet = Sheet(name)
    widest = before = characters = 0
    for _, element in ElementTree.iterparse(BytesIO(content)):
        kind = local(element.tag)
        if kind == "mergeCell":
            sheet.merged.append(attribute(element, "ref"))
        if kind != "row":
            continue
        before = number_of_row(element, before)
        cells = cells_of(element, before, name, reading)
        if cells:
            widest = max(widest, len(cells))
            sheet.rows[before] = cells
            characters += sum(map(len, cells))
        if characters > LARGEST_SHEET:
            allowed = f"up to {LARGEST_SHEET / 1e6:g} million characters"
            too_large(f"{reading.file}, sheet {name}", allowed)
        if widest > WIDEST or widest * len(sheet.rows) > MOST_CELLS:
            allowed = f"up to {WIDEST:,} columns and {MOST_CELLS / 1e6:g} million cells"
            too_large(f"{reading.file}, sheet {name}", allowed)
        element.clear()
    return sheet


def number_of_row(row: ElementTree.Element, before: int) -> int:
    """The number of a row; one that does not say it follows the row before."""
    given = attribute(row, "r")
    if given and not re.fullmatch(r"[1-9][0-9]{0,6}", given, re.ASCII):
        raise NoWorkbook(f"it has a row {given!r}")
    return int(given) if given else before + 1


def cells_of(row: ElementTree.Element, number: int, sheet: str, reading: Reading) -> list[str]:
    """The texts of a row, from column A to the last that is not empty."""
    texts: dict[int, str] = {}
    column = 0
    for cell in children(row, "c"):
        place = cell.get("r")
        column = column_in(place) if place else column + 1
        text = text_of_cell(cell, Where(reading.file, sheet, column, number), reading)
        if text:
            texts[column] = text
            if column > WIDEST:
                too_large(f"{reading.file}, sheet {sheet}", f"up to {WIDEST:,} columns")
    return [texts.get(column, "") for column in range(1, max(texts, default=0) + 1)]


@cache
def column_of(letters: str) -> int:
    """The number of the column that has this name."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def column_in(place: str) -> int:
    """The number of the column of a cell, A is 1.

    >>> column_in("A1"), column_in("AB12")
    (1, 28)
    """
    found = PLACE.fullmatch(place)
    if not found:
        raise NoWorkbook(f"it has a cell {place!r}")
    return column_of(found[1])


def letters_of(column: int) -> str:
    """The name of a column.

    >>> letters_of(1), letters_of(28)
    ('A', 'AB')
    """
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def text_of_cell(cell: ElementTree.Element, where: Where, reading: Reading) -> str:
    """What stands in a cell, as a file of texts would have it. Raises NoWorkbook or Refused."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(text_in(item) for item in children(cell, "is"))
    value, has_value, computed = "", False, False
    for child in cell:
        name = local(child.tag)
        if name == "v":
            value, has_value = child.text or "", True
        computed = computed or name == "f"
    if computed and not (value or (has_value and kind == "str")):
        raise Refused(
            f"{where}: found a formula without its value; "
            "allowed: a value, or a formula in a workbook that a spreadsheet program has saved"
        )
    if kind == "e":
        raise Refused(f"{where}: found the error {value}; allowed: a value")
    if not value:
        return ""
    if kind == "s":
        return shared(value, reading)
    if kind == "b":
        return "yes" if value == "1" else "no"
    return number_as_text(value, cell, where, reading) if kind == "n" else value.strip()


def shared(value: str, reading: Reading) -> str:
    """The text of this number among those that cells share."""
    if not value.isdecimal() or int(value) >= len(reading.strings):
        raise NoWorkbook("a cell refers to a text that is not there")
    return reading.strings[int(value)]


# --- numbers --------------------------------------------------------------------------------------
def number_as_text(value: str, cell: ElementTree.Element, where: Where, reading: Reading) -> str:
    """A number as a text: a day and time in ISO's form, a share with %, where its style says so."""
    try:
        number = float(value)
    except ValueError:
        raise NoWorkbook(f"a cell holds the number {value[:20]!r}") from None
    if not isfinite(number):
        raise NoWorkbook(f"a cell holds the number {value[:20]!r}")
    style = cell.get("s", "0")
    known = style.isdecimal() and int(style) < len(reading.formats)
    kind = reading.formats[int(style)] if known else ""
    if kind == "share":
        return f"{plainly(round(100 * number, 10))}%"
    if kind:
        return moment(number, kind, where, reading.first_day)
    return plainly(number)


def plainly(number: float) -> str:
    """A number with the fewest digits that are it, without an exponent.

    >>> plainly(24.0), plainly(0.1), plainly(1e-7), plainly(-2.50)
    ('24', '0.1', '0.0000001', '-2.5')
    """
    if number.is_integer():
        return str(int(number))
    shortest = repr(number)
    return format(Decimal(shortest), "f") if "e" in shortest else shortest


def moment(days: float, kind: str, where: object, first_day: datetime) -> str:
    """A number of days as ISO writes a day and time, or a time of the day, to the second.

    >>> since = datetime(1899, 12, 30)
    >>> moment(46082.25, "day", "A1", since), moment(0.77083333333, "time", "A1", since)
    ('2026-03-01T06:00', '18:30')
    """
    try:
        then = first_day + timedelta(seconds=round(days * SECONDS_OF_A_DAY))
    except OverflowError:
        raise Refused(f"{where}: found no day; allowed: a day of a calendar") from None
    parts = "minutes" if not then.second else "seconds"
    if kind == "time" and 0 <= days < 1:
        return then.time().isoformat(parts)
    return then.isoformat(timespec=parts)


def numbered(sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet from the top, each with its number."""
    yield from sorted(sheet.rows.items())
