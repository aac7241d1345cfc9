"""What is wrong in the files of a folder, gathered so that a reader is told all of it at once.

Light on purpose: every reader of files (cases, feeders) may use it.

    >>> faults = Faults()
    >>> faults.add(Place("series.csv", 3, "a_load_kw"), "found 'much'", "a number")
    >>> faults.add(Place("case.yaml"), "found no title", "one line of text")
    >>> faults.refuse_if_any()
    Traceback (most recent call last):
    vppcore.errors.WrongInput: series.csv, line 3, column a_load_kw: found 'much'; allowed: a number
    case.yaml: found no title; allowed: one line of text
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from vppcore.errors import WrongInput

# more sentences than a reader will mend in one go
MOST_SENTENCES = 100
# of what was found, so that a sentence stays a sentence
MOST_CHARACTERS = 60
# of a whole sentence and of a name in it, for files that nobody has written by hand
MOST_OF_A_SENTENCE = 600
MOST_OF_A_NAME = 80


@dataclass(frozen=True)
class Place:
    """Where in a folder something stands.

    file: name of the file.
    line: its line, 1 is the first; None for the file as a whole.
    column: name of the column, where it is a table.
    of: what the line speaks of, as "Home battery charge_max".

    >>> print(Place("units.csv", 10, of="A battery charge_max"))
    units.csv, line 10, A battery charge_max
    """

    file: str
    line: int | None = None
    column: str = ""
    of: str = ""

    def __str__(self) -> str:
        pieces = [self.file]
        if self.line is not None:
            pieces.append(f"line {self.line}")
        if self.column:
            pieces.append(f"column {cut(self.column, MOST_OF_A_NAME)}")
        if self.of:
            pieces.append(cut(self.of, MOST_OF_A_NAME))
        return ", ".join(pieces)


@dataclass
class _Fault:
    """One sentence, and in how many more lines the same is wrong."""

    place: Place
    found: str
    allowed: str
    more_lines: int = 0

    def __str__(self) -> str:
        more = ""
        if self.more_lines:
            more = f" (and in {self.more_lines} more line{'s' if self.more_lines > 1 else ''})"
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        return printable(f"{self.place}: {self.found}{more}{allowed}")


class Faults:
    """Collects faults as sentences "where: what was found; allowed: what is", one for each cause.

    >>> faults = Faults()
    >>> for line in (2, 3, 4):
    ...     faults.add(Place("units.csv", line), "found no status", "assumed")
    >>> faults.sentences
    ['units.csv, line 2: found no status (and in 2 more lines); allowed: assumed']
    """

    def __init__(self) -> None:
        self._faults: dict[Hashable, _Fault | str] = {}

    def add(self, place: Place, found: str, allowed: str = "", cause: Hashable = None) -> None:
        """Enters a fault.

        place: where it is. found: what was found there. allowed: what is allowed.
        cause: faults of one cause become one sentence that counts the other lines; by default
            those that say the same of one column of a file.
        """
        key = cause or (place.file, place.column, found, allowed)
        known = self._faults.setdefault(key, _Fault(place, found, allowed))
        if isinstance(known, _Fault) and known.place.line != place.line:
            known.more_lines += 1

    def say(self, sentence: str) -> None:
        """Enters a sentence that is complete in itself, once."""
        self._faults.setdefault(sentence, printable(sentence))

    @property
    def sentences(self) -> list[str]:
        """All sentences, in the order in which they were found; at most MOST_SENTENCES."""
        sentences = [str(fault) for fault in self._faults.values()]
        left_out = len(sentences) - MOST_SENTENCES
        if left_out > 0:
            sentences = [*sentences[:MOST_SENTENCES], f"... and {left_out} more faults"]
        return sentences

    def __len__(self) -> int:
        return len(self._faults)

    def refusal(self) -> WrongInput:
        """The error that says all sentences."""
        return WrongInput(*self.sentences)

    def refuse_if_any(self) -> None:
        """Raises WrongInput with all sentences; does nothing where nothing is wrong."""
        if self._faults:
            raise self.refusal()


def printable(sentence: str) -> str:
    """A sentence with what cannot be printed written out, and not without end.

    >>> printable("two\\nlines")
    'two\\\\nlines'
    """
    if not sentence.isprintable():
        signs = (sign if sign.isprintable() else repr(sign)[1:-1] for sign in sentence)
        sentence = "".join(signs)
    return cut(sentence, MOST_OF_A_SENTENCE)


def cut(text: str, length: int) -> str:
    """A text that is no longer than so many characters and three dots.

    >>> cut("a long story", 6)
    'a long...'
    """
    return text if len(text) <= length else text[:length] + "..."


def shown(text: object) -> str:
    """What was found, quoted, on one line and not too long.

    >>> shown("two\\nlines"), shown("")
    ("'two\\\\nlines'", 'nothing')
    >>> len(shown(1000 * "x"))
    65
    """
    if text is None or text == "":
        return "nothing"
    if not isinstance(text, str):
        return repr(text)
    return repr(cut(text, MOST_CHARACTERS))


def nearest(word: str, allowed: Iterable[str]) -> list[str]:
    """The words most like one that is not allowed, at most three; empty if none is like it.

    >>> nearest("grid_by_kw", ["grid_buy_kw", "home_load_kw"])
    ['grid_buy_kw']
    """
    return difflib.get_close_matches(word, list(allowed), n=3, cutoff=0.7)


def mistyped(word: str, allowed: Iterable[str], likeness: float = 0.8) -> str | None:
    """The word that one that is not allowed is a slip of; None if it seems to be none.

    likeness: from which on it is one, 1 is the same word; two letters that changed places are.

    >>> mistyped("batery", ["battery", "boiler"]), mistyped("tei", ["tie"])
    ('battery', 'tie')
    >>> mistyped("gas_boiler", ["battery", "boiler"])
    """
    words = list(allowed)
    like = difflib.get_close_matches(word, words, n=1, cutoff=likeness)
    turned = [other for other in words if sorted(other) == sorted(word)]
    return next(iter([*like, *turned]), None)
