"""The word for money: every text of the book says it through here, so that it follows the case.

Texts, tables and figures are written with the word of the book's own cases, `yuan`. Where a text
leaves vppcore (a refusal, a table, a figure, a file of results) `said` puts the currency of the
case in its place. Numbers are never converted: a case has one currency, and its results are in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

PLAIN = "yuan"
CODE = re.compile(r"[A-Z]{3}", re.ASCII)
# the word by itself, as in yuan/kWh or at the beginning of a sentence; what a message quotes from a
# file stays as it stands there
WORD = re.compile(r"(?<![A-Za-z_'])[Yy]uan(?![A-Za-z_])")
ALLOWED = "a code of ISO 4217, three capital letters as EUR or USD; yuan or none for CNY"


class Spoken:
    """The currency that texts of this process are in.

    word: yuan, or a code such as EUR. pinned: it is that of a page's own case, and cases that are
    read beside it leave it alone.
    """

    def __init__(self) -> None:
        self.word = PLAIN
        self.pinned = False


_spoken = Spoken()


@cache
def known_codes() -> frozenset[str]:
    """The codes of ISO 4217, as the library babel lists them; empty where it is not installed."""
    try:
        from babel.numbers import list_currencies
    except ImportError:  # the models need no babel
        return frozenset()
    return frozenset(list_currencies())


def word_for(code: str) -> str:
    """The word for a currency in texts: its code, and yuan for CNY. Raises ValueError for none.

    >>> word_for("EUR"), word_for("CNY"), word_for("yuan")
    ('EUR', 'yuan', 'yuan')
    """
    if code in ("CNY", PLAIN):
        return PLAIN
    known = known_codes()
    if not CODE.fullmatch(code) or (known and code not in known):
        raise ValueError(ALLOWED)
    return code


def speak(word: str = PLAIN, pinned: bool = False) -> None:
    """Texts are in this currency from now on.

    word: as `word_for` gives it. pinned: cases that are read later do not change it.
    """
    _spoken.word, _spoken.pinned = word, pinned


def spoken() -> str:
    """The currency that texts are in: yuan, or a code."""
    return _spoken.word


@contextmanager
def reading_in(word: str) -> Iterator[None]:
    """Texts are in this currency while a case is read, and stay so unless a page has its own."""
    before = _spoken.word
    _spoken.word = word
    try:
        yield
    finally:
        if _spoken.pinned:
            _spoken.word = before


def said(text: str) -> str:
    """A text with the currency of the case for yuan.

    >>> speak("EUR")
    >>> said("at 0.3 yuan/kWh"), said("Yuan a day:"), said("found 'yuan/kWh'")
    ('at 0.3 EUR/kWh', 'EUR a day:', "found 'yuan/kWh'")
    >>> speak()
    >>> said("at 0.3 yuan/kWh")
    'at 0.3 yuan/kWh'
    """
    return text if _spoken.word == PLAIN else WORD.sub(_spoken.word, text)


def said_anywhere(value: Any) -> Any:
    """The texts in a list or among the values of a mapping, however deep, as `said` has them.

    >>> speak("EUR")
    >>> said_anywhere({"yuan": ["yuan/kWh", 3.0]})
    {'yuan': ['EUR/kWh', 3.0]}
    >>> speak()
    """
    if isinstance(value, str):
        return said(value)
    if isinstance(value, dict):
        return {key: said_anywhere(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [said_anywhere(inner) for inner in value]
    return value


def quoted(word: str) -> str:
    """A currency as a message names it beside another one: 'yuan', which stays as it is."""
    return f"'{word}'"


def meant(text: str) -> str | None:
    """A unit of a file as vppcore has it; None if its money is not that of the case.

    >>> speak("EUR")
    >>> meant("EUR/kWh"), meant("kW"), meant("yuan/kWh")
    ('yuan/kWh', 'kW', None)
    >>> speak()
    """
    word = _spoken.word
    if word == PLAIN:
        return text
    if text.startswith(PLAIN):
        return None
    money, slash, rest = text.partition("/")
    return f"{PLAIN}{slash}{rest}" if money == word else text
