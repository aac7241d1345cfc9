"""The page's form and `check` say the same of what is typed, and the form works by keyboard from a folder."""

from __future__ import annotations

import importlib.util
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looking import look_at

from vppcore.exercises.checking import NOT_YET, RIGHT, verdict
from vppcore.exercises.questions import all_questions
from vppcore.exercises.sealing import hashed
from vppcore.exercises.typed import NO_NUMBER, readings

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "book/_static/exercises.js"
EXTENSION = ROOT / "book/_ext/exercise_forms.py"
QUESTIONS = [asked for questions in all_questions().values() for asked in questions]
# signs of which typed numbers are made, and some that only look like them
SIGNS = "0123456789 .,'’eE+-−–\u00a0\u202f\u2009½x٣/%"
ASK_ALL = (
    """(texts => texts.map(([text, unit]) => window.bookExercises.readings(text, unit)))(%s)"""
)
VERDICTS = """(texts => texts.map(([id, text]) => {
    const asked = window.bookExercises.askedBy(document.getElementById(id).closest("form"));
    const said = window.bookExercises.verdict(text, asked);
    return [said.right, said.sentence];
}))(%s)"""


def extension():
    spec = importlib.util.spec_from_file_location("exercise_forms", EXTENSION)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with the forms of all exercises."""
    forms = "".join(extension().forms(label, label) for label in all_questions())
    file = tmp_path_factory.mktemp("forms") / "forms.html"
    file.write_text(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Forms</title></head>"
        f"<body><main><article><h1>Forms</h1>{forms}</article></main>"
        f"<script>{SCRIPT.read_text(encoding='utf-8')}</script></body></html>",
        encoding="utf-8",
    )
    return file


@pytest.fixture
def opened(tab, page):
    tab.open(page)
    return tab


def identity(asked) -> str:
    return f"answer-{asked.label}-{asked.part}"


TYPED = st.lists(
    st.tuples(
        st.one_of(
            st.text(SIGNS, max_size=9),
            st.floats(allow_nan=False, allow_infinity=False).map(repr),
            st.integers(-(10**9), 10**9).map("{:,}".format),
            st.floats(-1e6, 1e6).map("{:,.2f} yuan".format),
        ),
        st.sampled_from(["", "yuan", "%"]),
    ),
    min_size=50,
    max_size=200,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TYPED)
def test_both_read_the_same_numbers(opened, typed):
    ours = [readings(text, unit) for text, unit in typed]
    assert opened.evaluate(ASK_ALL % json.dumps(typed)) == ours


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.floats(-3, 3), min_size=20, max_size=20))
def test_both_judge_alike_within_and_at_the_edge_of_the_tolerance(opened, distances):
    typed = []
    for asked in QUESTIONS:
        for distance in [*distances, -1.0, 1.0, 0.0]:
            typed.append((asked, repr(asked.answer + distance * asked.tolerance)))
    told = opened.evaluate(
        VERDICTS % json.dumps([(identity(asked), text) for asked, text in typed])
    )
    ours = [verdict(asked, text) for asked, text in typed]
    assert told == [[said.right, said.sentence] for said in ours]


def test_hashes_agree(opened):
    texts = ["", "a", "51 ex-p2g 1", "-3 ex-burn 1", "kg per m³"]
    script = f"{json.dumps(texts)}.map(window.bookExercises.hashed)"
    assert opened.evaluate(script) == [hashed(text) for text in texts]


def press(tab, text: str, key: str) -> None:
    """Types a text where the focus is, then presses a key."""
    tab.call("Input.insertText", text=text)
    code = {"Enter": 13, "Tab": 9}[key]
    for kind in ("keyDown", "keyUp"):
        tab.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key=key,
            code=key,
            windowsVirtualKeyCode=code,
            text="\r" if key == "Enter" and kind == "keyDown" else "",
        )


def told(tab, name: str) -> str:
    """The verdict once it is told."""
    for _ in range(100):
        said = tab.evaluate(f"document.getElementById({json.dumps(name + '-verdict')}).textContent")
        if said:
            return said
        time.sleep(0.02)
    return ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("0,617", RIGHT), ("0.7", NOT_YET), ("a lot", NO_NUMBER), ("0.617 yuan/kWh", RIGHT)],
)
def test_the_keyboard_is_enough(opened, text, said):
    asked = all_questions()["ex-p2g"][0]
    opened.evaluate(f"document.getElementById({json.dumps(identity(asked))}).focus()")
    press(opened, text, "Enter")
    assert told(opened, identity(asked)).startswith(said)
    invalid = f"document.getElementById({json.dumps(identity(asked))}).ariaInvalid"
    assert opened.evaluate(invalid) == ("true" if said == NO_NUMBER else None)


def test_a_wrong_number_brings_the_hint(opened):
    asked = all_questions()["ex-p2g"][0]
    opened.evaluate(f"document.getElementById({json.dumps(identity(asked))}).focus()")
    press(opened, "0.7", "Enter")
    assert told(opened, identity(asked)) == f"{NOT_YET} {asked.hint}"


def test_everybody_can_use_the_form(tab, page):
    assert look_at(tab, page, page.parent).faults == []
