"""What number somebody means by what they typed. The page's script reads in the same way.

A comma or a point may stand before the decimals or between thousands, and so may blanks and
apostrophes between thousands. `1,234` may mean two numbers, and both are returned.
"""

from __future__ import annotations

import re

NO_NUMBER = "This is no number. Write it like 0.617, 0,617, -310 or 10 941.5, without a sum."

# the same signs as in book/_static/exercises.js; a test compares what both make of them
BLANKS = re.compile("[ \t\r\n\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
MINUS_SIGNS = re.compile("[\u2010-\u2015\u2212\ufe63\uff0d]")
SIGNED = re.compile(r"(?P<sign>[+-]?) ?(?P<size>.*)")
# 0.617, .617, 617. or 0,617, perhaps with a power of ten
PLAIN = re.compile(r"(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
# 10,941 or 1'234'567.8: groups of three with one separator, which no decimals follow
GROUPED = re.compile(
    r"[1-9][0-9]{0,2}(?P<separator>[.,'\u2019 ])[0-9]{3}(?:(?P=separator)[0-9]{3})*"
    r"(?:(?!(?P=separator))[.,][0-9]*)?"
)


def readings(text: str, unit: str = "") -> list[float]:
    """The numbers that a text may mean: none, one or two.

    Args:
        text: as it was typed; the question's unit may stand behind the number.
        unit: of the question.

    >>> readings("0,617 yuan/kWh", "yuan/kWh")
    [0.617]
    >>> readings("10 941.5"), readings("\u2212 310")
    ([10941.5], [-310.0])
    >>> readings("1,234")
    [1.234, 1234.0]
    >>> readings("about 3")
    []
    """
    plain_text = MINUS_SIGNS.sub("-", BLANKS.sub(" ", text).strip(" "))
    if unit:
        plain_text = plain_text.removesuffix(unit).strip(" ")
    parts = SIGNED.fullmatch(plain_text)
    if parts is None:
        return []
    factor = -1.0 if parts["sign"] == "-" else 1.0
    size = parts["size"]
    found = []
    if PLAIN.fullmatch(size):
        found.append(factor * float(size.replace(",", ".")))
    grouped = GROUPED.fullmatch(size)
    if grouped is not None:
        joined = size.replace(grouped["separator"], "").replace(",", ".")
        found.append(factor * float(joined))
    return found
