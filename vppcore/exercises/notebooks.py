"""Notebooks to download: a page's exercises without solutions, with empty cells and checks.

A notebook knows none of the book's cross-references. What they point at is written out: an equation
is quoted below the exercise, a page or a theorem is named by its title.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from posixpath import normpath
from typing import Any

from vppcore.exercises.questions import all_questions
from vppcore.exercises.sheets import Exercise, Sheet
from vppcore.places import EXERCISES, PROJECT

ROLE = re.compile(
    r"\{(?P<role>doc|ref|eq|prf:ref|numref)\}`(?:(?P<said>[^`<]+) <)?(?P<target>[^`>]+)>?`"
)
# a labelled equation, theorem or heading of a chapter
EQUATION = re.compile(r"^```\{math\}\n:label: (?P<label>[\w-]+)\n(?P<body>(?s:.*?))^```$", re.M)
THEOREM = re.compile(
    r"^```\{prf:(?P<kind>theorem|proposition|lemma)\} (?P<title>.+)\n:label: (?P<label>[\w-]+)$",
    re.M,
)
EXERCISE = re.compile(r"^`{3,}\{exercise\} (?P<title>.+)\n:label: (?P<label>[\w-]+)$", re.M)
HEADING = re.compile(r"^\((?P<label>[\w-]+)\)=\n+#+ (?P<title>.+)$", re.M)
TITLE = re.compile(r"^# (?P<title>.+)$", re.M)
WORK = "# your work\n"


class Targets:
    """What the book's cross-references point at.

    Attributes:
        equations: label -> its mathematics.
        titles: label, or path of a page below book/ -> how it is called.
    """

    def __init__(self, book: Path = PROJECT / "book"):
        self.equations: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        for page in sorted(book.rglob("*.md")):
            text = page.read_text(encoding="utf-8")
            title = TITLE.search(text)
            if title is not None:
                name = page.relative_to(book).with_suffix("").as_posix()
                self.titles[name] = f"*{title['title']}*"
            self.add(text)

    def add(self, text: str) -> None:
        """Adds what a page's text labels."""
        for found in EQUATION.finditer(text):
            self.equations[found["label"]] = found["body"].strip()
        for found in THEOREM.finditer(text):
            self.titles[found["label"]] = f"the {found['kind']} *{found['title']}*"
        for found in EXERCISE.finditer(text):
            self.titles[found["label"]] = f"the exercise *{found['title']}*"
        for found in HEADING.finditer(text):
            self.titles.setdefault(found["label"], f"*{found['title']}*")

    def said(self, reference: re.Match[str]) -> str:
        """What stands for a cross-reference in a notebook."""
        target = reference["target"]
        if reference["role"] == "eq":
            return f"equation [{target.removeprefix('eq-')}]"
        if reference["said"]:
            return reference["said"]
        if reference["role"] == "doc":
            target = normpath(f"{EXERCISES.name}/{target}")
        return self.titles[target]


def plain(text: str, targets: Targets) -> str:
    """Text that any notebook shows, with the equations that it names written below."""
    named = [found["target"] for found in ROLE.finditer(text) if found["role"] == "eq"]
    pieces = [ROLE.sub(targets.said, text)]
    for label in dict.fromkeys(named):
        pieces.append(
            f"Equation [{label.removeprefix('eq-')}]:\n\n$$\n{targets.equations[label]}\n$$"
        )
    return "\n\n".join(pieces)


def notebook(sheet: Sheet, targets: Targets) -> dict[str, Any]:
    """A page's exercises as a notebook of format 4, without solutions and without outputs."""
    cells = [
        markdown(f"# {sheet.title}\n\n{plain(sheet.words, targets)}"),
        code(f"from vppcore.exercises import check\n\n{sheet.setup}"),
    ]
    for exercise in sheet.exercises:
        cells += cells_of(exercise, targets)
    for number, cell in enumerate(cells):
        name = f"{sheet.name} {number} {cell['source']}"
        cell["id"] = hashlib.sha256(name.encode()).hexdigest()[:12]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def cells_of(exercise: Exercise, targets: Targets) -> list[dict[str, Any]]:
    """An exercise's text, an empty cell, and a cell with its checks if it asks for numbers."""
    head = f"## {exercise.title}\n\n*{exercise.grade}.* Its label is `{exercise.label}`."
    cells = [markdown(f"{head}\n\n{plain(exercise.text, targets)}"), code(WORK)]
    questions = all_questions().get(exercise.label, ())
    if questions:
        lines = []
        for asked in questions:
            lines.append(f"# {asked.part}. {asked.asked}")
            lines.append(f'check("{asked.label}", ..., part="{asked.part}")')
        cells.append(code("\n".join(lines)))
    return cells


def markdown(text: str) -> dict[str, Any]:
    """A cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": text.strip()}


def code(text: str) -> dict[str, Any]:
    """A cell of code that was not run."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text.strip(),
    }
