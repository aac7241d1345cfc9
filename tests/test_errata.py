"""The page on contradictions: each names two places and what the book takes; what it says of claims is so."""

from __future__ import annotations

import re

import pytest

from vppcore.pages.published import claims
from vppcore.places import DATA

PAGE = (DATA.parent / "book" / "errata.md").read_text(encoding="utf-8")
SECTION = re.compile(
    r"^\((errata-[a-z0-9-]+)\)=\n### ([^\n]+)\n\n(.*?)(?=^\(errata-|^## |\Z)", re.M | re.S
)
SECTIONS = {label: (title, body) for label, title, body in SECTION.findall(PAGE)}
LABELS = sorted(SECTIONS)


def test_every_heading_of_a_contradiction_was_read():
    assert len(SECTIONS) == PAGE.count("\n### ") >= 15
    assert [line for line in PAGE.splitlines() if line.startswith("## ")] == [
        f"## Paper {paper}: {kind}"
        for paper in "AB"
        for kind in ("both places cannot be true", "places that pull against each other")
    ]


@pytest.mark.parametrize("label", LABELS)
def test_a_contradiction_has_its_places_and_what_the_book_takes(label):
    """Two places, by section of one paper; an argument, unless the two stand for themselves; the book's choice."""
    _, body = SECTIONS[label]
    heads = re.findall(r"^- \*\*(.+?)\*\*", body, re.M)
    assert heads[0] == "Two places." and heads[-1].rstrip(".") in {
        "The book takes",
        "The book shows",
    }
    assert set(heads[1:-1]) <= {"Arithmetic.", "Argument.", "What would make both true:"}
    papers = set(re.findall(r"\b([AB]) \d(?:\.\d)*", body.split("- **")[1]))
    assert len(papers) == 1


@pytest.mark.parametrize("label", LABELS)
def test_only_the_second_kind_says_what_would_make_both_true(label):
    start = PAGE.index(f"({label})=")
    kind = PAGE[:start].rpartition("\n## ")[2].splitlines()[0]
    assert ("What would make both true" in SECTIONS[label][1]) == ("pull against" in kind)


def test_the_claims_that_are_named_are_there_and_of_the_right_paper():
    for label, (_, body) in SECTIONS.items():
        where = PAGE[: PAGE.index(f"({label})=")].rpartition("\n## Paper ")[2][0]
        for number in re.findall(r"\b([AB]\d\d)\b", body):
            assert number in claims().index, f"{label}: {number}"
            assert number[0] == where, f"{label}: {number}"


def test_every_contradiction_of_the_ledger_stands_here(tmp_path):
    """What the code files as contradicted by the paper itself has its place on the page."""
    source = (DATA.parent / "vppcore/pages/claims_a.py").read_text(encoding="utf-8")
    source += (DATA.parent / "vppcore/pages/claims_b.py").read_text(encoding="utf-8")
    filed = re.findall(r'judge_contradiction\(\s*"([AB]\d\d)"', source)
    assert filed
    assert all(f"claim {number}" in PAGE for number in filed)
