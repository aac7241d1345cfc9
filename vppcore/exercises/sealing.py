"""Hides an answer from the eye: only a hash of it stands in the page.

The line of numbers is cut into intervals as wide as twice the tolerance, laid so that the answer
is in the middle of one. A number is right if it falls into the same interval, and the page knows a
hash of the interval's count. This hides the answer from who looks at the page, not from who tries
all intervals: these are few, and a hash of 32 bits is quickly computed. It needs no more, since the
solution is folded beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# of the hash FNV-1a with 32 bits, from its authors' page; the page's script has the same
FNV_START = 0x811C9DC5
FNV_FACTOR = 0x01000193
# an answer that is off by exactly the tolerance is right, however it is rounded
WIDER = 1 + 1e-9
# beyond it a browser does not count in steps of one
LARGEST_COUNT = 2**53


def hashed(text: str) -> int:
    """The hash FNV-1a of a text, 32 bits.

    >>> hashed("a") == 0xE40C292C
    True
    """
    code = FNV_START
    for byte in text.encode():
        code = (code ^ byte) * FNV_FACTOR % 2**32
    return code


@dataclass(frozen=True)
class Seal:
    """An answer that can be compared and not read.

    Attributes:
        salt: the question's name, so that equal answers do not look alike.
        start: where one of the intervals begins, in the answer's unit, from 0 to `width`.
        width: of an interval, in the answer's unit.
        code: hash of the interval that holds the answer.
    """

    salt: str
    start: float
    width: float
    code: int

    def fits(self, number: float) -> bool:
        """Whether a number is within the tolerance of the answer."""
        return self.code_of(number) == self.code

    def code_of(self, number: float) -> int | None:
        """The hash of the interval in which a number lies; None if it is too far away to count."""
        intervals = (number - self.start) / self.width
        if abs(intervals) >= LARGEST_COUNT:
            return None
        return hashed(f"{math.floor(intervals)} {self.salt}")


def sealed(answer: float, tolerance: float, salt: str) -> Seal:
    """Seals an answer.

    Args:
        answer: the right number.
        tolerance: how far a right number may be from it; above 0, in its unit.
        salt: the question's name.

    >>> seal = sealed(0.617, 0.006, "ex-p2g 1")
    >>> [seal.fits(number) for number in (0.610, 0.611, 0.617, 0.623, 0.624)]
    [False, True, True, True, False]
    """
    width = 2 * tolerance * WIDER
    start = (answer - width / 2) % width
    count = math.floor((answer - start) / width)
    return Seal(salt, start, width, code=hashed(f"{count} {salt}"))
