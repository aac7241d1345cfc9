"""Each chapter begins with what a reader can do after it, and with what is needed before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PARTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
CHAPTERS = [
    chapter["file"]
    for part in PARTS
    if part.get("numbered")
    for chapter in part["chapters"]
    if chapter["file"].startswith("book/")
]
BOX = re.compile(
    r"^# [^\n]+\n\n```\{admonition\} After this chapter you can\n:class: tip goals\n\n"
    r"(?P<goals>(?:- [^\n]+\n)+)\nNeeded before: (?P<before>[^\n]+)\n```$",
    re.MULTILINE,
)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_begins_with_its_goals(chapter):
    text = (ROOT / f"{chapter}.md").read_text(encoding="utf-8")
    box = BOX.search(text)
    assert box and text.index("# ") == box.start(), f"{chapter}.md: no goals below its title"
    goals = box["goals"].splitlines()
    assert 3 <= len(goals) <= 5, f"{chapter}.md: {len(goals)} goals"
    assert all(goal[2].islower() for goal in goals), "a goal goes on from 'you can'"
    assert [goal[-1] for goal in goals] == [*";" * (len(goals) - 1), "."]


def test_the_chapters_are_those_of_theory():
    assert len(CHAPTERS) >= 12
    assert {"book/study-a", "book/games", "book/fairness"} <= set(CHAPTERS)
