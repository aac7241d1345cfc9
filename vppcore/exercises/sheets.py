"""The pages of exercises, book/exercises/*.md, read: what is asked, which grade, which solution.

A page has a title, some words with the lines of code that all solutions take for granted, a section
for each grade, and in it exercises, each followed by its solution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vppcore.errors import WrongInput
from vppcore.places import EXERCISES, PROJECT

# title of the section -> what the grade means
GRADES = {
    "By hand": "pencil and paper are enough; code in the solution only checks",
    "With the computer": "a few lines in a notebook, with the functions of this book",
    "To think further": "an argument, a proof or a question without one right answer",
}
TITLE = re.compile(r"^# (?P<title>.+)$", re.M)
SECTION = re.compile(r"^## (?P<title>.+)$", re.M)
# fences of three or more backticks; the longer ones hold code
BLOCK = re.compile(
    r"^(?P<fence>`{3,})\{(?P<kind>exercise|solution)\} (?P<argument>.+)\n"
    r"(?P<body>(?s:.*?))^(?P=fence)$",
    re.M,
)
CODE = re.compile(r"^```python\n(?P<code>(?s:.*?))^```$", re.M)
OPTION = re.compile(r"^:(?P<name>\w+): (?P<value>.+)\n", re.M)


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        label: by which text refers to it and `check` finds its numbers.
        title: its title.
        grade: a key of `GRADES`.
        text: what is asked, as MyST writes it.
        solution: the folded solution, as MyST writes it.
    """

    label: str
    title: str
    grade: str
    text: str
    solution: str


@dataclass(frozen=True)
class Sheet:
    """A page of exercises.

    Attributes:
        name: of its file without ending; also that of the chapter.
        title: the page's title.
        words: what stands before the first code.
        setup: the code that all solutions take for granted.
        exercises: in the order of the page.
    """

    name: str
    title: str
    words: str
    setup: str
    exercises: tuple[Exercise, ...]

    def of_grade(self, grade: str) -> list[Exercise]:
        """The exercises of one grade, in the order of the page."""
        return [exercise for exercise in self.exercises if exercise.grade == grade]


def sheet_names(contents: Path = PROJECT / "_toc.yml") -> list[str]:
    """Names of the pages of exercises, in the order of the book's contents."""
    prefix = f"{EXERCISES.relative_to(PROJECT).as_posix()}/"
    files = files_in(yaml.safe_load(contents.read_text(encoding="utf-8")))
    return [file.removeprefix(prefix) for file in files if file.startswith(prefix)]


def files_in(part: Any) -> Iterator[str]:
    """Every file that a part of the contents names, in order.

    >>> list(files_in([{"file": "a", "sections": [{"file": "b"}]}, {"file": "c"}]))
    ['a', 'b', 'c']
    """
    if isinstance(part, list):
        for entry in part:
            yield from files_in(entry)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name == "file":
                yield value
            else:
                yield from files_in(value)


def read_sheet(name: str, folder: Path = EXERCISES) -> Sheet:
    """Reads a page of exercises. Raises WrongInput if it lacks a title, code or a solution."""
    return as_sheet(name, (folder / f"{name}.md").read_text(encoding="utf-8"))


def as_sheet(name: str, text: str) -> Sheet:
    """The text of a page as a sheet. Raises WrongInput if it lacks a title, code or a solution."""
    title = TITLE.search(text)
    setup = CODE.search(text)
    if title is None or setup is None:
        raise WrongInput(f"{name}.md: found no title or no code to start with; allowed: both")
    solutions = {}
    for block in BLOCK.finditer(text):
        if block["kind"] == "solution":
            solutions[block["argument"]] = without_options(block["body"])
    exercises = []
    for block in BLOCK.finditer(text):
        if block["kind"] == "exercise":
            exercises.append(as_exercise(name, block, grade_at(text, block.start()), solutions))
    words = text[title.end() : setup.start()].strip()
    return Sheet(name, title["title"], words, setup["code"], tuple(exercises))


def as_exercise(name: str, block: re.Match[str], grade: str, solutions: dict[str, str]) -> Exercise:
    """One block of a page as an exercise. Raises WrongInput without label, grade or solution."""
    options = {option["name"]: option["value"] for option in OPTION.finditer(block["body"])}
    label = options.get("label", "")
    if label not in solutions or grade not in GRADES:
        raise WrongInput(
            f"{name}.md, exercise {block['argument']!r}: found label {label!r} in section "
            f"{grade!r}; allowed: a label with a solution, in one of {', '.join(GRADES)}"
        )
    text = without_options(block["body"])
    return Exercise(label, block["argument"], grade, text, solutions[label])


def grade_at(text: str, place: int) -> str:
    """The title of the section in which a place of a page lies; nothing before the first."""
    titles = [section["title"] for section in SECTION.finditer(text, 0, place)]
    return titles[-1] if titles else ""


def without_options(body: str) -> str:
    """What a directive says, without its options.

    >>> without_options(":label: ex-a\\n\\nWhy?\\n")
    'Why?'
    """
    lines = body.splitlines()
    while lines and (not lines[0] or OPTION.fullmatch(lines[0] + "\n")):
        lines.pop(0)
    return "\n".join(lines).strip()


def all_sheets() -> list[Sheet]:
    """All pages of exercises, in the order of the book."""
    return [read_sheet(name) for name in sheet_names()]
