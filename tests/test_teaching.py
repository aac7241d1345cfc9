"""Course plans name pages, sections and exercises that exist, and their hours add up."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from posixpath import normpath

import assignments
import nbformat
import pytest
import yaml
from contents import book_notebooks, entries

ROOT = Path(__file__).resolve().parent.parent
TEACHING = ROOT / "book/teaching"
PAGES = sorted(TEACHING.glob("*.md"))
PLANS = sorted(TEACHING.glob("course-*.md"))
ROWS = ["Pages", "Goals", "In class", "Exercises", "Homework", "Hours"]
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
LISTED = {CONTENTS["root"], *entries(CONTENTS)}
LABEL = re.compile(r"^:label: ([\w-]+)$|^\(([\w-]+)\)=$", re.MULTILINE)
LINKED = re.compile(r"\{doc\}`(?:[^`<]*<)?([^`<>]+?)>?`")
SECTION = re.compile(
    r"\{doc\}`([^`]+)`\)? (?:up to|from) \*([^*]+)\*|\*([^*]+)\* of \{doc\}`([^`]+)`"
)


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def labels() -> set[str]:
    """Every label of the book's chapters and exercises."""
    found = set()
    for name in LISTED:
        if (ROOT / f"{name}.md").is_file():
            for pair in LABEL.findall(read(ROOT / f"{name}.md")):
                found.update(filter(None, pair))
    return found


def headings(page: str) -> list[str]:
    """The headings of a chapter, whose address is seen from the folder of the plans."""
    text = read(ROOT / f"{normpath(f'book/teaching/{page}')}.md")
    return re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)


def weeks(plan: Path) -> list[dict[str, str]]:
    """The rows of each week's table."""
    parts = re.split(r"^## Week \d+: .+$", read(plan), flags=re.MULTILINE)[1:]
    return [
        dict(re.findall(r"^\| ([A-Z][\w ]+) \| (.+) \|$", part, flags=re.MULTILINE))
        for part in parts
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_that_are_named_are_in_the_book(page):
    named = [normpath(f"book/teaching/{target}") for target in LINKED.findall(read(page))]
    assert [name for name in named if name not in LISTED] == []
    assert f"book/teaching/{page.stem}" in LISTED


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_exercises_and_places_that_are_named_exist(page):
    named = re.findall(r"\{ref\}`(?:[^`<]*<)?([\w-]+)>?`", read(page))
    assert [label for label in named if label not in labels()] == []


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
def test_sections_that_are_named_begin_like_a_heading(plan):
    for first, heading, other, second in SECTION.findall(read(plan)):
        wanted, page = (heading, first) if heading else (other, second)
        assert any(found.startswith(wanted) for found in headings(page)), f"{page}: {wanted}"


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
def test_each_week_has_all_rows_and_the_hours_add_up(plan):
    tables = weeks(plan)
    assert len(tables) == int(re.search(r"\d+", plan.stem).group())
    sums = [0, 0]
    for table in tables:
        assert [name for name in table if name in ROWS] == ROWS
        hours = re.fullmatch(r"(\d+) in class, (\d+) at home", table["Hours"])
        sums = [total + int(part) for total, part in zip(sums, hours.groups(), strict=True)]
    assert f"In all {sums[0]} hours in class and {sums[1]} at home." in read(plan)
    assert "## What is left out, and why" in read(plan)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
def test_no_exercise_stands_in_two_weeks(plan):
    named = [
        label for table in weeks(plan) for label in re.findall(r"ex-[\w-]+", table["Exercises"])
    ]
    assert len(named) == len(set(named)) >= len(weeks(plan))


def test_every_assignment_is_set_and_has_its_points():
    overview = read(TEACHING / "overview.md")
    for name in assignments.names():
        file = assignments.COURSE / "source" / name / f"{name}.ipynb"
        title = nbformat.read(file, as_version=4).cells[0].source.splitlines()[0].removeprefix("# ")
        points = assignments.most_points(assignments.COURSE, name)
        assert re.search(rf"\| \*{title}\* \(`{name}`\) \| .+ \| {points} \|", overview)
        assert all(f"*{title}*" in read(plan) for plan in PLANS if "4-weeks" not in plan.stem)


def test_every_page_that_computes_has_its_slides_linked():
    linked = re.findall(r'href="\.\./\.\./slides/(\w+)\.html"', read(TEACHING / "overview.md"))
    assert linked == book_notebooks(ROOT)


def test_the_grader_needs_as_many_packages_as_said():
    pins = re.findall(r"^[\w.-]+==", read(ROOT / "requirements-teach.lock"), flags=re.MULTILINE)
    assert len(pins) == 5 and "needs five packages beyond" in read(TEACHING / "overview.md")


@pytest.mark.parametrize("paper", ["a", "b"])
def test_a_summary_takes_its_numbers_from_the_run(paper):
    text = read(TEACHING / f"summary-{paper}.md")
    assert f"{{include}} ../../results/findings/summary_{paper}.md" in text
    assert not re.findall(r"\d{2,}", text.replace("chu2024nash", "").replace("chu2023games", ""))
