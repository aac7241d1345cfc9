"""Split the cake in a real browser: what it divides, and the point that is moved by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from bare import bare_page
from live_split_the_cake import divided
from looking import look_at
from test_live_pages import ELEMENTS, SETTINGS, TURN, asked, facts_after, knobs_of, opened

NAME = "split-the-cake"
FOUND = [(page, given) for page, name, given in ELEMENTS if name == NAME]
SHOWN = f"({{ ...document.querySelector(`[data-live='{NAME}'] .live-view`).dataset }})"
SLIDERS = (
    f"Object.fromEntries([...document.querySelectorAll(`[data-live='{NAME}'] input[type=range]`)]"
    ".map((input) => [input.name, input.valueAsNumber]))"
)
PRESSED = f"""(() => {{
  const buttons = [...document.querySelectorAll(`[data-live='{NAME}'] .live-buttons button`)];
  buttons.find((button) => button.textContent.includes("WORD")).click();
}})()"""
POINT = f"document.querySelector(`[data-live='{NAME}'] .handle`)"
# where the point is, as the browser draws it
CENTRE = f"""(() => {{
  const {{ x, y, width, height }} = {POINT}.querySelector(".here").getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}})()"""


@pytest.fixture
def page_and_given():
    assert FOUND, "no page of the built book has the element"
    return FOUND[0]


def solves(tab) -> int:
    return int(
        tab.evaluate(asked("document.querySelector(`[data-live='NAME']`).dataset.solves", NAME))
    )


def test_gains_and_payments_are_those_of_vppcore(tab, page_and_given):
    page, given = page_and_given
    facts = opened(tab, page, NAME)
    random = np.random.default_rng(11)
    for _ in range(SETTINGS):
        wanted = {k.name: float(random.uniform(k.low, k.high)) for k in knobs_of(given)}
        before = int(facts["solves"])
        turned = tab.evaluate(asked(TURN, NAME, wanted))
        facts = facts_after(tab, NAME, before)
        shown = {name: json.loads(text) for name, text in tab.evaluate(SHOWN).items()}
        expected = divided(given, turned)
        small = 1e-6 * sum(given["facts"]["alone"])
        for name in ("gains", "payments", "amounts"):
            assert shown[name] == pytest.approx(expected[name], abs=small)
        assert max(abs(place) for place in shown["positions"]) <= 1 + 1e-9


def test_the_point_moves_by_arrow_keys_and_by_hand_and_takes_the_sliders_along(tab, page_and_given):
    page, _ = page_and_given
    opened(tab, page, NAME)
    usual = tab.evaluate(SLIDERS)
    tab.evaluate(f"{POINT}.focus()")
    before = solves(tab)
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="ArrowLeft", code="ArrowLeft",
                 windowsVirtualKeyCode=37)  # fmt: skip
    facts_after(tab, NAME, before)
    left = tab.evaluate(SLIDERS)
    assert left["first_weight"] > usual["first_weight"]
    assert tab.evaluate(f"document.activeElement === {POINT}")
    tab.evaluate(f"{POINT}.scrollIntoView({{ block: 'center' }})")
    x, y = tab.evaluate(CENTRE)
    before = solves(tab)
    for kind, dx, dy in (
        ("mousePressed", 0, 0),
        ("mouseMoved", 20, -60),
        ("mouseReleased", 20, -60),
    ):
        tab.call("Input.dispatchMouseEvent", type=kind, x=x + dx, y=y + dy, button="left",
                 buttons=int(kind != "mouseReleased"), clickCount=1)  # fmt: skip
    facts_after(tab, NAME, before)
    moved = tab.evaluate(SLIDERS)
    assert moved["first_weight"] < left["first_weight"]
    assert tab.evaluate(CENTRE) == pytest.approx([x + 20, y - 60], abs=2)


def test_a_rule_s_button_and_the_way_back(tab, page_and_given):
    page, _ = page_and_given
    opened(tab, page, NAME)
    command = f"document.querySelector(`[data-live='{NAME}'] code`).textContent"
    before = solves(tab)
    tab.evaluate(PRESSED.replace("WORD", "equal"))
    facts_after(tab, NAME, before)
    assert tab.evaluate(command) == 'make run NB=bargaining P="trades=flattest weights=equal"'
    gains = json.loads(tab.evaluate(SHOWN)["gains"])
    assert np.ptp(gains) < 1e-6 * sum(gains)


def test_everybody_can_use_it(tab, page_and_given, tmp_path):
    _, given = page_and_given
    page = bare_page(tmp_path / "axe.html", {NAME: json.dumps(given)})
    assert look_at(tab, page, tmp_path).faults == []
    assert tab.evaluate("document.querySelectorAll('.live-on svg').length") == 4
