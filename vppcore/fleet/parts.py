"""A fleet in parts that stand elsewhere: what a part is given, what it is asked, what it keeps.

A part is some groups that answer as one. It builds its VPPs itself, from a seed or from its share
of a case, and keeps them. What comes after that are *questions*: the name of a method of `Group`
and its arguments, a vector of prices or a few numbers. The point of a part follows from what it was
given and from the questions alone. So a part that is lost is made anew from both; where its point
was saved on the machine after a move, only the questions since then are asked again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vppcore.case import Case
from vppcore.fleet.batches import SIDE_BY_SIDE, Batch, batches_of, batches_of_fleet
from vppcore.fleet.generator import Fleet
from vppcore.fleet.price_newton import Together, groups_of

# after this question the point of a part is all that the next one needs
MOVED = "move"


class Question(NamedTuple):
    """What a part is asked: a method of `Group` and its arguments."""

    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a part of a drawn fleet is given: the seed and which VPPs are its own.

    fleet: of how many VPPs, with which seed, like which case; no VPP of it is built yet.
    size: VPPs side by side at most. share, shares: which of how many parts.
    """

    fleet: Fleet
    size: int
    share: int
    shares: int

    @property
    def steps(self) -> int:
        """Of the horizon."""
        return self.fleet.like.vpps[0].steps

    @property
    def step_hours(self) -> float:
        """Length of a step, h."""
        return self.fleet.like.vpps[0].step_hours

    def batches(self) -> Iterable[Batch]:
        """Its VPPs side by side."""
        return batches_of_fleet(self.fleet, self.size, self.share, self.shares)


@dataclass(frozen=True, eq=False)
class Cut:
    """What a part of a case is given: its VPPs.

    case: with the part's VPPs alone. everybody: how many VPPs the whole case has.
    """

    case: Case
    everybody: int

    @property
    def steps(self) -> int:
        """Of the horizon."""
        return self.case.vpps[0].steps

    @property
    def step_hours(self) -> float:
        """Length of a step, h."""
        return self.case.vpps[0].step_hours

    def batches(self) -> Iterable[Batch]:
        """Its VPPs side by side."""
        return batches_of(self.case, self.everybody)


Given = Drawn | Cut


def cut(fleet: Fleet | Case, parts: int) -> list[Given]:
    """What each part is given, all of about one size; fewer parts where VPPs are too few."""
    if isinstance(fleet, Fleet):
        return cut_of_drawn(fleet, parts)
    shares = [fleet.vpps[share::parts] for share in range(min(parts, len(fleet.vpps)))]
    return [Cut(replace(fleet, vpps=vpps), len(fleet.vpps)) for vpps in shares]


def cut_of_drawn(fleet: Fleet, parts: int) -> list[Given]:
    """The parts of a drawn fleet: each has a batch of each type, if there are enough VPPs."""
    members = [len(fleet.members(kind)) for kind in range(fleet.kinds)]
    size = min(SIDE_BY_SIDE, -(-max(members) // parts))
    batches = sum(-(-count // size) for count in members)
    shares = min(parts, batches)
    return [Drawn(fleet, size, share, shares) for share in range(shares)]


def together(fleet: Fleet | Case, parts: int) -> Together:
    """The parts of a fleet in this process: what several processes answer, to the last bit."""
    return Together([built(given) for given in cut(fleet, parts)])


def built(given: Given) -> Together:
    """The groups of a part, as one."""
    return Together(groups_of(given.batches()))


class Part:
    """A part, with how many questions it has been asked.

    given: what it is built from. file: where its point is saved; None saves nothing.
    """

    def __init__(self, given: Given, file: Path | None = None):
        self._together = built(given)
        self._file = file
        self.asked = 0

    def ask(self, questions: Sequence[Question]) -> Any:
        """Asks these one after the other; what it answers to the last."""
        answer = None
        for method, arguments in questions:
            answer = getattr(self._together, method)(*arguments)
            self.asked += 1
            if method == MOVED:
                self._save()
        return answer

    def catch_up(self, questions: Sequence[Question]) -> Any:
        """Asks a new part all questions so far, but for those that the saved point holds."""
        self._load(len(questions))
        return self.ask(questions[self.asked :])

    def _save(self) -> None:
        """Writes the point, whole or not at all."""
        if self._file is None:
            return
        points = [array for group in self._together.members for array in group.point()]
        unfinished = self._file.with_suffix(".part.npz")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(unfinished, np.array(self.asked), *points)
        os.replace(unfinished, self._file)

    def _load(self, most: int) -> None:
        """Takes the saved point, if it is there and no later than these many questions."""
        if self._file is None or not self._file.is_file():
            return
        with np.load(self._file) as saved:
            asked, *points = [saved[name] for name in saved.files]
        if asked >= most:  # the answer to the last question is still owed
            return
        for group in self._together.members:
            own = len(group.point())
            group.take(points[:own])
            points = points[own:]
        self.asked = int(asked)
