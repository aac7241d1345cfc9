"""The board of the element "adversary": what is pressed is what is solved, and what is said of it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import test_live_pages as pages
from live_adversary import cost_of_day

NAME = "adversary"
HERE = [each for each in pages.ELEMENTS if each[1] == NAME]
BOARD = "document.querySelector(`[data-live='adversary']`)"
PRESS = BOARD + """.querySelector(`[data-hit="KEY"]`).click()"""
BUTTON = f"[...{BOARD}.querySelectorAll('button')].find((b) => b.textContent.startsWith('WORDS')).click()"
PRESSED = f"[...{BOARD}.querySelectorAll('[aria-pressed=true]')].map((b) => b.dataset.hit)"
TEXT = f"{BOARD}.querySelector('CSS').textContent"


@pytest.fixture
def board(tab):
    """The data of the element, and its page opened anew."""
    assert HERE, "no page has the element"
    page, _, given = HERE[0]
    pages.opened(tab, page, NAME)
    return given


def solves(tab) -> int:
    return int(tab.evaluate(pages.asked(pages.FACTS, NAME))["solves"])


def after(tab, script: str) -> dict[str, str]:
    """What the element says once a script has changed something."""
    before = solves(tab)
    tab.evaluate(script)
    return pages.facts_after(tab, NAME, before)


def turn(tab, **setting: float) -> dict[str, str]:
    return after(tab, pages.asked(pages.TURN, NAME, setting))


def text(tab, css: str) -> str:
    return tab.evaluate(TEXT.replace("CSS", css))


def press_all(tab, hits: dict[str, list[int]]) -> dict[str, str]:
    keys = [f"{series}_{step}" for series, steps in hits.items() for step in steps]
    return after(tab, ";".join(PRESS.replace("KEY", key) for key in keys))


def some_day(random, given: dict, level: int) -> dict[str, list[int]]:
    """A day of the budget of a level, never an empty one."""
    worst = next(day for day in given["facts"]["worst"] if day["level"] == level)
    day = {}
    for each in given["facts"]["series"]:
        steps = np.arange(1, len(each["forecast"]) + 1)
        many = random.integers(1, worst["budgets"][each["name"]] + 1)
        day[each["name"]] = sorted(random.choice(steps, many, replace=False).tolist())
    return day


def test_a_day_that_is_pressed_costs_what_python_says(tab, board):
    random = np.random.default_rng(3)
    sizes = sorted({day["deviation"] for day in board["facts"]["worst"]})
    for _ in range(6):
        after(tab, BUTTON.replace("WORDS", "as in the book"))
        level, deviation = int(random.integers(1, 13)), float(random.choice(sizes))
        turn(tab, level=level, deviation=deviation)
        day = some_day(random, board, level)
        facts = press_all(tab, day)
        expected = cost_of_day(board, day, deviation)
        assert float(facts["cost"]) == pytest.approx(expected, rel=1e-6)
        assert float(facts["lower"]) == pytest.approx(expected, rel=1e-6)
        worst = next(
            each
            for each in board["facts"]["worst"]
            if (each["level"], each["deviation"]) == (level, deviation)
        )
        assert expected <= worst["bound"] * (1 + 1e-6)
        said = text(tab, ".live-proof")
        assert f"{worst['cost']:,.2f}" in said and f"{worst['cost'] - expected:,.2f}" in said
        command = text(tab, "code")
        hits = " ".join(f"{name} {' '.join(map(str, steps))}" for name, steps in day.items())
        assert f"level={level} deviation={deviation:g} own_day='{hits}'" in command
    assert tab.complaints == []


def test_the_worst_day_is_shown_at_every_level(tab, board):
    for worst in board["facts"]["worst"][::5]:
        turn(tab, level=worst["level"], deviation=worst["deviation"])
        facts = after(tab, BUTTON.replace("WORDS", "show the worst day"))
        assert float(facts["cost"]) == pytest.approx(worst["cost"], rel=1e-6)
        pressed = {f"{name}_{step}" for name, steps in worst["hits"].items() for step in steps}
        assert set(tab.evaluate(PRESSED)) == pressed
        assert "as bad as the worst" in text(tab, ".live-proof")


def test_the_first_guess_is_the_dearest_hours_one_by_one(tab, board):
    turn(tab, level=2, deviation=0.2)
    facts = after(tab, BUTTON.replace("WORDS", "first guess"))
    ordinary = cost_of_day(board, {}, 0.2)
    for each in board["facts"]["series"]:
        name, steps = each["name"], range(1, len(each["forecast"]) + 1)
        worths = {step: cost_of_day(board, {name: [step]}, 0.2) - ordinary for step in steps}
        dearest = sorted(worths, key=lambda step: -worths[step])[:2]
        assert {f"{name}_{step}" for step in dearest} <= set(tab.evaluate(PRESSED))
    assert "short of it" in text(tab, ".live-proof")
    assert float(facts["cost"]) > ordinary


def test_more_than_the_budget_is_refused_and_clearing_goes_back(tab, board):
    series = board["facts"]["series"][0]["name"]
    turn(tab, level=1)
    press_all(tab, {series: [3]})
    before = solves(tab)
    tab.evaluate(PRESS.replace("KEY", f"{series}_4"))
    assert "is used up (allowed: 1 hour)" in text(tab, ".live-told")
    assert tab.evaluate(PRESSED) == [f"{series}_3"] and solves(tab) == before
    after(tab, BUTTON.replace("WORDS", "clear"))
    assert tab.evaluate(PRESSED) == []
    assert "this is the ordinary day" in text(tab, ".live-view")


def test_a_day_beyond_a_budget_that_was_lowered_is_said_to_be_none(tab, board):
    series = board["facts"]["series"][0]["name"]
    turn(tab, level=2)
    press_all(tab, {series: [3, 4]})
    turn(tab, level=1)
    said = text(tab, ".live-proof")
    assert re.search(r"2 hits on \w+ \(allowed: 1\): it is no day of this budget", said)


def key(tab, name: str) -> None:
    codes = {"ArrowRight": 39, "ArrowDown": 40, " ": 32}
    for kind in ("keyDown", "keyUp"):
        more = {"text": " "} if name == " " and kind == "keyDown" else {}
        tab.call(
            "Input.dispatchKeyEvent",
            type=kind, key=name, code="Space" if name == " " else name,
            windowsVirtualKeyCode=codes[name], **more,
        )  # fmt: skip


def test_the_keyboard_alone_chooses_an_hour(tab, board):
    names = [each["name"] for each in board["facts"]["series"]]
    tab.evaluate(f"{BOARD}.querySelector('.live-hours button[tabindex=\"0\"]').focus()")
    for name in ("ArrowRight", "ArrowRight", "ArrowDown"):
        key(tab, name)
    before = solves(tab)
    key(tab, " ")
    pages.facts_after(tab, NAME, before)
    assert tab.evaluate(PRESSED) == [f"{names[1]}_3"]
    stops = tab.evaluate(f"{BOARD}.querySelectorAll('.live-hours [tabindex=\"0\"]').length")
    assert stops == 1


def test_a_link_keeps_the_hits(tab, board):
    series = board["facts"]["series"][0]["name"]
    press_all(tab, {series: [5, 7]})
    address = tab.evaluate(f"{BOARD}.querySelector('.live-command a').getAttribute('href')")
    assert json.dumps(address).count(f"{series}_") == 2 and f"{series}_7=1" in address
