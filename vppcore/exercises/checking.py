"""`check` for notebooks: is a number that an exercise asks for right?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, SupportsFloat

from vppcore.errors import WrongInput
from vppcore.exercises.questions import Question, question
from vppcore.exercises.typed import NO_NUMBER, readings

RIGHT = "Right."
NOT_YET = "Not yet."
EMPTY = "Put your number in place of the dots."


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a number.

    Attributes:
        right: True, False, or None for what is no number.
        sentence: what a reader is told; a hint after a wrong number.
    """

    right: bool | None
    sentence: str


def verdict(asked: Question, value: object) -> Verdict:
    """Judges a number, or a text with one, by the question's answer and tolerance.

    >>> verdict(question("ex-p2g"), "0,617 yuan/kWh").right
    True
    """
    if value is ...:
        return Verdict(None, EMPTY)
    numbers = numbers_in(value, asked.shown_unit)
    if not numbers:
        return Verdict(None, NO_NUMBER)
    if any(asked.seal.fits(number) for number in numbers):
        return Verdict(True, RIGHT)
    return Verdict(False, f"{NOT_YET} {asked.hint}")


def numbers_in(value: Any, unit: str) -> list[float]:
    """The numbers that a value may mean: a number itself, or what a text says."""
    if isinstance(value, str):
        return readings(value, unit)
    if isinstance(value, bool) or not isinstance(value, SupportsFloat):
        return []
    try:
        number = float(value)
    except (TypeError, ValueError):
        return []
    return [number] if math.isfinite(number) else []


def check(label: str, value: object, part: object = None) -> None:
    """Prints whether a number is right; after a wrong one a hint, for an unknown label near ones.

    Args:
        label: the exercise's label, as it stands in its notebook: `ex-p2g`.
        value: your number, or a text such as `"0.617 yuan/kWh"`.
        part: the part of the exercise, as `2` or `"4a"`; the first that asks for a number if None.

    >>> check("ex-p2g", 0.7)
    Not yet. One kWh of P2G takes 1.561 kWh from the bus; what do its gas and its carbon bring in?
    >>> check("ex-promis", 86)
    exercise: found 'ex-promis'; allowed: one that asks for a number, nearest: ex-promise
    """
    try:
        print(verdict(question(label, part), value).sentence)
    except WrongInput as refused:
        print(refused)
