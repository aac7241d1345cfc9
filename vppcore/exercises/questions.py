"""The questions with a number as answer: book/exercises/answers.yml, read and checked.

Nothing else holds an answer: the page's form, `check` in a notebook and the notebooks to download
are made from it, and a test computes every answer again.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from vppcore.errors import WrongInput
from vppcore.exercises.sealing import Seal, sealed
from vppcore.places import EXERCISES

SOURCE = EXERCISES / "answers.yml"
FIELDS = ("part", "ask", "unit", "answer", "tolerance", "hint", "source")


@dataclass(frozen=True)
class Question:
    """One number that an exercise asks for.

    Attributes:
        label: the exercise's label, as `ex-p2g`.
        part: of the exercise, as `2` or `4a`.
        ask: what is asked, in a few words; the page's label of the field.
        unit: of the answer; `-` for a number without one.
        answer: the right number, rounded as a reader would.
        tolerance: how far a right number may be from it, in the answer's unit.
        hint: what to think of after a wrong try.
        source: a Python expression that has the answer as value after the solution's code ran.
    """

    label: str
    part: str
    ask: str
    unit: str
    answer: float
    tolerance: float
    hint: str
    source: str

    @property
    def name(self) -> str:
        """Label and part, as `ex-p2g 4a`."""
        return f"{self.label} {self.part}"

    @property
    def shown_unit(self) -> str:
        """The unit as it stands behind a number; nothing for a number without one."""
        return "" if self.unit == "-" else self.unit

    @property
    def asked(self) -> str:
        """What is asked, with the unit in brackets."""
        return f"{self.ask} ({self.unit})" if self.shown_unit else self.ask

    @property
    def seal(self) -> Seal:
        """The answer as the page has it."""
        return sealed(self.answer, self.tolerance, self.name)


@cache
def all_questions(file: Path = SOURCE) -> dict[str, tuple[Question, ...]]:
    """Label -> its questions, as the file has them. Raises WrongInput for what is no question."""
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        label: tuple(as_question(label, entry, file.name) for entry in entries)
        for label, entries in written.items()
    }


def as_question(label: str, entry: dict[str, Any], file: str) -> Question:
    """One entry of the file as a question. Raises WrongInput if it is none.

    >>> fields = {"part": 1, "ask": "A price", "unit": "yuan", "answer": 200, "tolerance": "1 %"}
    >>> as_question("ex-x", fields | {"hint": "Think.", "source": "200"}, "answers.yml").tolerance
    2.0
    """
    if set(entry) != set(FIELDS):
        raise WrongInput(
            f"{file}, {label}: found {', '.join(map(str, entry))}; allowed: {', '.join(FIELDS)}"
        )
    texts = {name: str(entry[name]).strip() for name in ("part", "ask", "unit", "hint", "source")}
    answer = entry["answer"]
    if not isinstance(answer, int | float):
        raise WrongInput(f"{file}, {label}: found answer {answer!r}; allowed: a number")
    tolerance = tolerance_of(str(entry["tolerance"]), float(answer))
    if not tolerance > 0:
        raise WrongInput(
            f"{file}, {label}: found tolerance {entry['tolerance']!r} at the answer {answer}; "
            "allowed: a number above 0, or a share of an answer that is not 0, as '1 %'"
        )
    return Question(label, answer=float(answer), tolerance=tolerance, **texts)


def tolerance_of(written: str, answer: float) -> float:
    """`0.005` as it stands, `1 %` as a share of the answer; 0 for what is neither.

    >>> tolerance_of("0.005", 0.617), tolerance_of("1 %", -50.0), tolerance_of("much", 1.0)
    (0.005, 0.5, 0.0)
    """
    number, percent, _ = written.partition("%")
    try:
        size = float(number)
    except ValueError:
        return 0.0
    return size / 100 * abs(answer) if percent else size


def question(label: str, part: object = None) -> Question:
    """A question by label and part; the first of its label without a part.

    Raises WrongInput with near labels, or with the label's parts, if there is none.

    >>> question("ex-p2g", 2).unit
    'yuan/kWh'
    """
    questions = all_questions()
    if label not in questions:
        raise WrongInput(
            f"exercise: found {label!r}; allowed: one that asks for a number, "
            f"{near(str(label), questions)}"
        )
    asked = questions[label]
    if part is None:
        return asked[0]
    for one in asked:
        if one.part == str(part):
            return one
    parts = ", ".join(one.part for one in asked)
    raise WrongInput(f"{label}: found part {part!r}; allowed: {parts}")


def near(label: str, labels: Iterable[str]) -> str:
    """The labels that look like one that is not there; a few of all if none does.

    >>> near("ex-p2x", ["ex-p2g", "ex-burn"])
    'nearest: ex-p2g'
    """
    known = list(labels)
    alike = difflib.get_close_matches(label, known, n=3, cutoff=0.6)
    if alike:
        return f"nearest: {', '.join(alike)}"
    return f"as {', '.join(known[:3])} and {len(known) - 3} more"
