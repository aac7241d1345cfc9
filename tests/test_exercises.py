"""The solutions' code prints what the pages show, and what it computes are the answers that `check` wants.

Each page's blocks run in order, as a reader would run them.
"""

from __future__ import annotations

import contextlib
import io
import re
from functools import cache

import pytest
import sources_exercises
import yaml

from vppcore.exercises.questions import all_questions
from vppcore.exercises.sheets import GRADES, all_sheets, read_sheet, sheet_names
from vppcore.places import EXERCISES, NOTEBOOKS, PROJECT

BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.S)
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e-?\d+)?")
LABELS = [exercise.label for sheet in all_sheets() for exercise in sheet.exercises]
HELPERS = {name: thing for name, thing in vars(sources_exercises).items() if callable(thing)}


@cache
def run(name: str) -> tuple[list[tuple[str, str]], dict[str, float]]:
    """(printed, shown) of every output of a page, and question -> the value of its source."""
    sheet = read_sheet(name)
    names: dict[str, object] = {}
    exec(compile(sheet.setup, f"{name}.md", "exec"), names)
    compared, computed = [], {}
    for exercise in sheet.exercises:
        printed = ""
        for kind, body in BLOCK.findall(exercise.solution):
            if kind == "text":
                compared.append((printed, body))
                continue
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(body, f"{name}.md, {exercise.label}", "exec"), names)
            printed = out.getvalue()
        for asked in all_questions().get(exercise.label, ()):
            computed[asked.name] = float(eval(asked.source, HELPERS | names))
    return compared, computed


def words(text: str) -> str:
    return " ".join(NUMBER.sub("#", text).split())


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sheet_names())
def test_solutions_print_what_the_page_shows(name):
    compared, _ = run(name)
    assert len(compared) >= len(read_sheet(name).exercises)
    for printed, shown in compared:
        assert words(printed) == words(shown)
        # the last digits of a schedule may differ from machine to machine
        assert numbers(printed) == pytest.approx(numbers(shown), rel=2e-3, abs=0.02)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sheet_names())
def test_answers_come_from_a_run(name):
    """The computed number is right, and so near that rounding explains the rest."""
    _, computed = run(name)
    for label in [exercise.label for exercise in read_sheet(name).exercises]:
        for asked in all_questions().get(label, ()):
            value = computed[asked.name]
            assert asked.seal.fits(value), f"{asked.name}: {value} against {asked.answer}"
            assert value == pytest.approx(asked.answer, abs=0.5 * asked.tolerance), asked.name


@pytest.mark.parametrize("label", all_questions())
def test_solutions_say_the_answers(label):
    """Whoever opens the fold finds the number that was asked for, in words or in an output."""
    (exercise,) = [e for sheet in all_sheets() for e in sheet.exercises if e.label == label]
    said = [abs(number) for number in numbers(exercise.solution.replace("{,}", ""))]
    for asked in all_questions()[label]:
        near = [number for number in said if abs(number - abs(asked.answer)) <= asked.tolerance]
        assert near, f"{asked.name}: the solution does not say {asked.answer}"


def test_each_question_belongs_to_an_exercise_with_a_form():
    assert set(all_questions()) <= set(LABELS)
    for sheet in all_sheets():
        text = sheet_text(sheet.name)
        for exercise in sheet.exercises:
            forms = text.count(f"```{{check}} {exercise.label}\n")
            assert forms == (exercise.label in all_questions()), exercise.label


def sheet_text(name: str) -> str:
    return (EXERCISES / f"{name}.md").read_text(encoding="utf-8")


def test_there_are_enough_exercises_of_each_grade():
    """36 in all; each page has some of each grade."""
    assert len(LABELS) == len(set(LABELS)) >= 36
    for sheet in all_sheets():
        grades = {exercise.grade for exercise in sheet.exercises}
        assert grades == set(GRADES), sheet.name
        order = [list(GRADES).index(exercise.grade) for exercise in sheet.exercises]
        assert order == sorted(order)


def test_parts_exist():
    """A part that is asked for is a number of the exercise's list; without a list there is one part."""
    for sheet in all_sheets():
        for exercise in sheet.exercises:
            listed = set(re.findall(r"^(\d+)\. ", exercise.text, re.M)) or {"1", "2"}
            for asked in all_questions().get(exercise.label, ()):
                assert asked.part.rstrip("abc") in listed, asked.name


@pytest.mark.parametrize("name", sheet_names())
def test_the_chapter_leads_to_its_exercises_and_they_to_their_notebook(name):
    chapter = EXERCISES.parent / f"{name}.md"
    assert f"{{doc}}`exercises/{name}`" in chapter.read_text(encoding="utf-8")
    assert sheet_text(name).count("```{exercise-download}\n") == 1


def exercises_by_notebook() -> dict[str, str]:
    """Notebook -> the page of exercises of its chapter, as the book's contents have them."""
    parts = yaml.safe_load((PROJECT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    pages = {}
    for chapter in [chapter for part in parts for chapter in part["chapters"]]:
        files = [section["file"] for section in chapter.get("sections", [])]
        for page in [file for file in files if file.startswith("book/exercises/")]:
            notebooks = [file for file in files if file.startswith("notebooks/")]
            pages |= {notebook.removeprefix("notebooks/"): page for notebook in notebooks}
    return pages


@pytest.mark.parametrize(("notebook", "page"), exercises_by_notebook().items())
def test_a_notebook_leads_to_the_exercises_of_its_chapter(notebook, page):
    text = (NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8")
    assert f"{{doc}}`../{page}`" in text
