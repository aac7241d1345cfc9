"""What crosses an agent's boundary: one gate for each agent, which notes every number that passes.

An agent is the only holder of its data. Others have its `Gate`, and a gate does one thing: it hands
a question in and an answer out, and both are numbers by kind. The agent's own `Boundary` notes what
passes (`Passed`) before anybody else has it. Only where a mediator is needed does the whole model
pass, and that is noted as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vppcore.errors import NotSolved, WrongInput
from vppcore.vpp import VPP

IN, OUT = "in", "out"
# what an agent says that has no answer
REFUSAL = "refusal"
WHOLE_MODEL = "whole model"

ByKind = dict[str, Any]


class Passed(NamedTuple):
    """Something that crossed an agent's boundary.

    iteration: how often the agent had told its expectation, this time included; 0 before the talks.
    way: "in" or "out". kind: what it was. numbers: how many.
    """

    iteration: int
    way: str
    kind: str
    numbers: int


class Gate(NamedTuple):
    """All that others have of an agent: its name, and a way to ask it.

    name: of the agent. ask: a question's name and the numbers that go in by kind -> the numbers
    that come out by kind.
    """

    name: str
    ask: Callable[[str, ByKind], ByKind]


class Boundary:
    """The boundary of an agent, kept by the agent itself.

    name: of the agent. answers: question -> the agent's own function, which takes numbers by kind
    and returns numbers by kind.
    counted: the question by which iterations are counted.
    passed: everything that crossed, in order.

    >>> boundary = Boundary("A", {"double": lambda words: {"twice": 2 * words["once"]}}, "double")
    >>> boundary.gate.ask("double", {"once": np.array([1.0, 2.0])})
    {'twice': array([2., 4.])}
    >>> [tuple(each) for each in boundary.passed]
    [(1, 'in', 'once', 2), (1, 'out', 'twice', 2)]
    """

    def __init__(self, name: str, answers: Mapping[str, Callable[[ByKind], ByKind]], counted: str):
        self.name = name
        self.passed: list[Passed] = []
        self._answers = answers
        self._counted = counted
        self._iteration = 0

    @property
    def gate(self) -> Gate:
        """What others get."""
        return Gate(self.name, self._ask)

    def _ask(self, question: str, told: ByKind) -> ByKind:
        """Notes what goes in, answers, notes what goes out.

        Raises WrongInput for a question that the agent does not know or words that are no numbers,
        NotSolved where the agent has no answer.
        """
        if question not in self._answers:
            raise WrongInput(
                f"{self.name}: found the question {question!r}; allowed: {', '.join(self._answers)}"
            )
        if question == self._counted:
            self._iteration += 1
        self._note(IN, told)
        try:
            answer = self._answers[question](told)
        except NotSolved:
            self._note(OUT, {REFUSAL: True})
            raise
        self._note(OUT, answer)
        return answer

    def _note(self, way: str, words: ByKind) -> None:
        for kind, word in words.items():
            numbers = numbers_in(word, f"{self.name}, {kind}")
            self.passed.append(Passed(self._iteration, way, kind, numbers))


def numbers_in(word: Any, where: str = "word") -> int:
    """How many numbers there are in a word that crosses a boundary.

    A word is a number, an array of numbers, or a whole VPP with all that its components declare.
    Raises WrongInput for anything else: through a gate go numbers that can be counted.

    >>> numbers_in(3.0), numbers_in(np.zeros((24, 2)))
    (1, 48)
    """
    if isinstance(word, VPP):
        return sum(numbers_declared(component) for component in word.components)
    array = np.asarray(word)
    if array.dtype.kind not in "bif":
        raise WrongInput(f"{where}: found {type(word).__name__}; allowed: numbers")
    return int(array.size)


def numbers_declared(component: Any) -> int:
    """How many numbers a component declares, profiles step by step."""
    if not is_dataclass(component):
        return 0
    values = [np.asarray(getattr(component, field.name)) for field in fields(component)]
    return int(sum(value.size for value in values if value.dtype.kind in "bif"))


def crossings(boundaries: Sequence[Boundary]) -> pd.DataFrame:
    """Everything that crossed some boundaries: a row for each passage.

    Columns: VPP, iteration, way, kind, numbers.
    """
    rows = [(each.name, *passed) for each in boundaries for passed in each.passed]
    return pd.DataFrame(rows, columns=["VPP", *Passed._fields])
