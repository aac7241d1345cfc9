"""A cell as a number, whatever marks its decimals and its thousands.

One file is written in one way. Which one is found from its cells: 0,45 shows a decimal comma,
1.234,5 thousands marked by points. Where nothing tells whether 1.234 is more than a thousand or a
little more than one, the cell is refused: a wrong guess would be wrong a thousandfold.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vppcore.reading.separated import Table

PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
INFINITE = re.compile(r"[+-]?(inf|infinity|\u221e)", re.IGNORECASE)
# blanks and apostrophes that mark thousands, always between groups of three digits
GROUPED_BY_BLANKS = re.compile(
    r"([+-]?\d{1,3})([ \u00a0\u202f\u2009'\u2019]\d{3})+(?!\d)", re.ASCII
)
MARKS_OF_GROUPS = " \u00a0\u202f\u2009'\u2019"
MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})


class NotANumber(Exception):
    """A cell that is no number: a hint why (empty where there is none), and what is allowed."""

    def __init__(self, hint: str = "", allowed: str = "a number with a decimal point"):
        self.hint = hint
        self.allowed = allowed
        super().__init__(hint)


@dataclass(frozen=True)
class Numerals:
    """How numbers are written in a file.

    decimal: the mark before the decimals, "." or ",".
    thousands: the mark between groups of three digits, the other of the two; empty for none.
    sure: False if nothing shows which mark is which.
    """

    decimal: str = "."
    thousands: str = ""
    sure: bool = True

    @property
    def other(self) -> str:
        """The mark that is not the decimal one."""
        return "," if self.decimal == "." else "."

    def number(self, cell: str) -> float:
        """A cell as a number; a percentage is divided by 100. Raises NotANumber.

        >>> Numerals().number("1e3"), Numerals(",", ".").number("1.234,5"), Numerals().number("5 %")
        (1000.0, 1234.5, 0.05)
        """
        text = cell.translate(MINUS)
        if text.endswith("%"):
            return self.number(text[:-1].rstrip()) / 100
        plain = self.plain(text)
        if PLAIN.fullmatch(plain):
            return float(plain)
        if INFINITE.fullmatch(text):
            return -math.inf if text.startswith("-") else math.inf
        if text.lower() == "nan":
            return math.nan
        raise NotANumber(self.hint(text), self.allowed)

    def plain_numbers(self, cells: Sequence[str]) -> list[float] | None:
        """The numbers of cells that are all written in the usual way; None if one is not.

        >>> Numerals().plain_numbers(["1", "2.5"])
        [1.0, 2.5]
        """
        is_usual = self.sure and self.decimal == "."
        if is_usual and all(PLAIN.fullmatch(cell) for cell in cells):
            return [float(cell) for cell in cells]
        return None

    def plain(self, text: str) -> str:
        """A number with a decimal point and no marks of thousands; other text stays unreadable."""
        if PLAIN.fullmatch(text) and self.decimal == "." and self.sure:
            return text
        text = GROUPED_BY_BLANKS.sub(without_marks_of_groups, text)
        if self.thousands and is_grouped(text, self.thousands, self.decimal):
            text = text.replace(self.thousands, "")
        if self.other in text:
            return ""
        if not self.sure and is_ambiguous(text, self.decimal):
            raise NotANumber(allowed=f"a number that shows whether '{self.decimal}' marks decimals")
        return text.replace(self.decimal, ".")

    def hint(self, text: str) -> str:
        """Why a text is no number, where that can be told."""
        with_other_mark = Numerals(self.other)
        if self.other in text and PLAIN.fullmatch(with_other_mark.plain(text)):
            return f"decimal {'comma' if self.other == ',' else 'point'}?"
        return ""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return f"a number with a decimal {'point' if self.decimal == '.' else 'comma'}"


def without_marks_of_groups(match: re.Match[str]) -> str:
    """The digits of a match without the blanks or apostrophes between them."""
    return "".join(sign for sign in match.group() if sign not in MARKS_OF_GROUPS)


def is_ambiguous(text: str, mark: str) -> bool:
    """True for 1.234 and the like: the mark may be a decimal one or one of thousands.

    >>> is_ambiguous("1.234", "."), is_ambiguous("0.234", "."), is_ambiguous("1.23", ".")
    (True, False, False)
    """
    return bool(re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}", text, re.ASCII))


def is_grouped(text: str, thousands: str, decimal: str) -> bool:
    """True if a mark of thousands stands between groups of three digits only.

    >>> is_grouped("1.234.567,8", ".", ","), is_grouped("12.34,5", ".", ",")
    (True, False)
    """
    group = re.escape(thousands)
    pattern = rf"[+-]?[1-9]\d{{0,2}}({group}\d{{3}})+({re.escape(decimal)}\d*)?"
    return bool(re.fullmatch(pattern, text, re.ASCII))


def numerals_of(cells: Iterable[str], separator: str) -> Numerals:
    """How the numbers of a file are written, from all cells that should be numbers.

    separator: of the cells. Where it is a comma, a point marks decimals unless all speaks against.

    >>> numerals_of(["0,45", "3", "1.234,5"], ";")
    Numerals(decimal=',', thousands='.', sure=True)
    >>> numerals_of(["1.234", "2"], ";").sure  # a thousand and more, or one and a bit?
    False
    """
    cells = list(cells)
    if separator == "," and not any("," in cell for cell in cells):
        return Numerals()  # nothing speaks against a decimal point
    shown: Counter[tuple[str, str]] = Counter()
    for cell in cells:
        shown.update(evidence(cell))
    points = shown["decimal", "."]
    commas = shown["decimal", ","]
    decimal = "," if commas > points else "."
    other = "," if decimal == "." else "."
    thousands = other if shown["thousands", other] else ""
    proven = bool(thousands or shown["decimal", decimal])
    return Numerals(decimal, thousands, proven or (separator == "," and decimal == "."))


def numerals_of_columns(table: Table, names: Iterable[str]) -> Numerals:
    """How the numbers of some columns of a table are written."""
    cells = itertools.chain.from_iterable(table.column(name) for name in names)
    return numerals_of(cells, table.separator)


def evidence(cell: str) -> list[tuple[str, str]]:
    """What a cell shows of how numbers are written: (decimal or thousands, mark).

    >>> evidence("1.234,5"), evidence("0,45"), evidence("1,234"), evidence("text")
    ([('decimal', ','), ('thousands', '.')], [('decimal', ',')], [], [])
    """
    text = GROUPED_BY_BLANKS.sub(without_marks_of_groups, cell.translate(MINUS).rstrip("% "))
    for decimal, other in ((".", ","), (",", ".")):
        if is_grouped(text, other, decimal) and not is_ambiguous(text, other):
            shown = [("decimal", decimal)] if decimal in text else []
            return [*shown, ("thousands", other)]
        is_decimal = PLAIN.fullmatch(text.replace(decimal, ".")) and text.count(decimal) == 1
        if is_decimal and other not in text and not is_ambiguous(text, decimal):
            return [("decimal", decimal)]
    return []
