"""The page on other works: what it cites is in the bibliography, what it calls is there."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from pathlib import Path

import pytest

import vppcore
from vppcore import fleet

BOOK = Path(__file__).resolve().parent.parent / "book"
PAGE = (BOOK / "prior-art.md").read_text(encoding="utf-8")
BIBLIOGRAPHY = (BOOK / "references.bib").read_text(encoding="utf-8")
STATES = ("% verified: ", "% partly verified: ", "% not verified online: ")
KEYS = re.findall(r"^@\w+\{([^,]+),$", BIBLIOGRAPHY, flags=re.MULTILINE)


def cited(text: str) -> set[str]:
    """The keys that a page cites."""
    found = re.findall(r"\{cite(?::[pt])?\}`([^`]+)`", text)
    return {key.strip() for keys in found for key in keys.split(",")}


def table_below(heading: str) -> list[list[str]]:
    """The cells of the table in a section, without its head."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_every_entry_of_the_bibliography_says_how_far_it_was_checked():
    entries = re.findall(r"^(.*)\n@\w+\{", BIBLIOGRAPHY, flags=re.MULTILINE)
    assert len(entries) == len(KEYS) == len(set(KEYS))
    assert [line for line in entries if not line.startswith(STATES)] == []


@pytest.mark.parametrize("page", sorted(path.name for path in BOOK.glob("*.md")))
def test_pages_cite_what_the_bibliography_has(page):
    assert cited((BOOK / page).read_text(encoding="utf-8")) <= set(KEYS)


def test_nothing_in_the_bibliography_is_cited_by_no_page():
    pages = [*BOOK.rglob("*.md"), *(BOOK.parent / "notebooks").glob("*.ipynb")]
    used = set().union(*(cited(path.read_text(encoding="utf-8")) for path in pages))
    assert set(KEYS) - used == set()


def test_no_page_says_that_nobody_else_has_bounds():
    for path in [*BOOK.rglob("*.md"), BOOK.parent / "README.md"]:
        text = " ".join(path.read_text(encoding="utf-8").split())
        assert not re.search(
            r"\b[Nn]o (?:paper|package|other work)s? (?:gives?|has|prints?)", text
        ), path


def test_each_step_of_the_scripts_has_a_call_that_exists():
    rows = table_below("From the Matlab scripts to vppcore")
    assert len(rows) >= 10 and all(len(row) == 3 for row in rows)
    called = {name for row in rows for name in re.findall(r"`(\w+)\(", row[1])}
    assert len(called) >= 7
    assert called <= set(vppcore.__all__)
    assert {"what_is_told", "guesses"} <= set(dir(fleet))


def test_the_options_that_the_table_names_are_taken():
    named = set(re.findall(r"`(\w+)=", PAGE)) | {"tolerance"}
    known = {*inspect.signature(vppcore.cooperate).parameters} | {
        *inspect.signature(vppcore.pool).parameters
    }
    assert named <= known


def test_the_whole_chain_prints_what_the_page_shows():
    code, shown = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL).groups()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "prior-art.md", "exec"), {})
    assert said.getvalue().split() == shown.split()
