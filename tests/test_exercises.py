"""The solutions' code runs as printed, and prints what the page shows: each page's blocks in order, as a reader would."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parent.parent / "book"
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e-?\d+)?")


def outputs(page: str) -> list[tuple[str, str]]:
    """(printed, shown) for every block of output that follows code."""
    found, printed, names = [], "", {}
    for kind, body in re.findall(r"```(python|text)\n(.*?)```", page, re.S):
        if kind == "text":
            found += [(printed, body)] if printed else []
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(body, "exercise", "exec"), names)
        printed = out.getvalue()
    return found


def words(text: str) -> str:
    return " ".join(NUMBER.sub("#", text).split())


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["exercises", "exercises-b", "exercises-c"])
def test_solutions_print_what_the_page_shows(name):
    compared = outputs((BOOK / f"{name}.md").read_text(encoding="utf-8"))
    assert len(compared) >= 7
    for printed, shown in compared:
        assert words(printed) == words(shown)
        # the last digits of a schedule may differ from machine to machine
        assert numbers(printed) == pytest.approx(numbers(shown), rel=2e-3, abs=0.02)
