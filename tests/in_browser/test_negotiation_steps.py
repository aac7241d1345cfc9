"""Talks in a real browser: the page's rounds are Python's, and a reader steps and plays through them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from bare import PATIENCE_SECONDS, bare_page, said_after

from vppcore import cooperate, load_case
from vppcore.cooperation.settings import ORDERS
from vppcore.live.negotiation import enough_for, toy_of
from vppcore.live.toy import Toy
from vppcore.pages.live import module_text, negotiation_recorded, two_negotiate

SOME = Toy(prices=(1.2, 0.2), slopes=(1e-3, 5e-4), limit=2000.0, fee=0.01)
KINDS = {
    "some": SOME,
    "full": replace(SOME, limit=300.0),
    "idle": replace(SOME, fee=0.6),
    "back": replace(SOME, prices=(0.3, 0.9)),
}
OF_EACH_KIND = pytest.mark.parametrize("toy", KINDS.values(), ids=KINDS)


@pytest.fixture(scope="module")
def study_a():
    return load_case("paper-a-parent")


# --- the rounds -----------------------------------------------------------------------------------
def in_page(tab, expression: str):
    """What an expression of the page's scripts comes to."""
    return tab.evaluate(f"(() => {{ {module_text()}\nreturn {expression}; }})()")


@OF_EACH_KIND
@pytest.mark.parametrize("order", ORDERS)
def test_the_page_s_rounds_are_python_s(tab, study_a, toy, order):
    setting = {
        **{f"price_{k}": price for k, price in enumerate(toy.prices, 1)},
        **{f"slope_{k}": 1000 * slope for k, slope in enumerate(toy.slopes, 1)},
        "trade_limit": toy.limit,
        "crossing_fee": toy.fee,
    }
    penalty, enough = 3e-4, enough_for(toy_of(study_a))
    how = json.dumps({"penalty": penalty, "order": order})
    facts = json.dumps({"enough": enough, "patience": 20_000})
    found = in_page(tab, f"wholeTalk(sidesOf({json.dumps(setting)}), {how}, {facts})")
    said = toy.talks(penalty, order, enough, 20_000)
    assert (
        abs(found["rounds"] - len(said)) <= 1 and found["met"]
    )  # rounding may end a round earlier
    rounds = min(found["rounds"], len(said))
    for column in said:
        values = said[column].to_numpy()[:rounds]
        assert found[column][:rounds] == pytest.approx(values, abs=1e-9 * toy.limit)


@OF_EACH_KIND
def test_the_page_s_closed_form_is_python_s(tab, toy):
    sides = [
        {"price": side.price, "slope": side.slope, "limit": side.limit, "fee": side.fee}
        for side in toy.sides
    ]
    found, best = in_page(tab, f"bestOf({json.dumps(sides)})"), toy.optimum()
    for name in ("trade", "cost", "low", "high"):
        assert found[name] == pytest.approx(getattr(best, name), abs=1e-9 * toy.limit)


# --- stepping and playing -------------------------------------------------------------------------
@pytest.fixture(scope="module")
def talk_page(study_a, tmp_path_factory):
    """A page of nothing but the two elements."""
    talks = {penalty: cooperate(study_a, penalty=penalty) for penalty in (1e-4, 3e-4)}
    given = {
        "negotiation": two_negotiate(study_a),
        "negotiation-recorded": negotiation_recorded(study_a, talks),
    }
    return bare_page(tmp_path_factory.mktemp("talks") / "page.html", given)


@pytest.fixture(params=["negotiation", "negotiation-recorded"])
def shown(request, tab, talk_page):
    """The page, newly opened, and the name of an element on it."""
    tab.resize(1280)
    tab.open(talk_page)
    tab.evaluate(f"document.querySelector('[data-live={request.param}]').scrollIntoView()")
    said_after(tab, request.param, 0)
    return SimpleNamespace(tab=tab, name=request.param)


def asked(shown, expression: str):
    """An expression in which `element` is the element."""
    found = f"document.querySelector('[data-live={shown.name}]')"
    return shown.tab.evaluate(f"(() => {{ const element = {found}; return {expression}; }})()")


def round_of(shown) -> int:
    return int(asked(shown, "element.querySelector('input[name=round]').valueAsNumber"))


def press(shown, words: str) -> None:
    button = f"[...element.querySelectorAll('button')].find((b) => b.textContent === '{words}')"
    asked(shown, f"{button}.click()")


def test_nothing_plays_by_itself(shown):
    time.sleep(1.2)
    assert round_of(shown) == 1


def test_steps_lead_on_and_back_and_to_the_end(shown):
    last = int(asked(shown, "element.querySelector('input[name=round]').max"))
    press(shown, "step")
    press(shown, "step")
    assert round_of(shown) == 3 and "Round 3" in asked(shown, "element.textContent")
    press(shown, "back")
    assert round_of(shown) == 2
    press(shown, "to the end")
    press(shown, "step")
    assert round_of(shown) == last
    labels = asked(shown, "[...element.querySelectorAll('svg')].map((s) => s.ariaLabel)")
    assert any("at most" in label for label in labels)


def test_play_goes_on_until_it_is_paused(shown):
    press(shown, "play")
    until = time.monotonic() + PATIENCE_SECONDS
    while round_of(shown) < 3:
        assert time.monotonic() < until
        time.sleep(0.05)
    press(shown, "pause")
    paused = round_of(shown)
    time.sleep(1.2)
    assert round_of(shown) == paused


def test_play_ends_at_the_end(shown):
    press(shown, "to the end")
    press(shown, "back")
    last = round_of(shown) + 1
    press(shown, "play")
    until = time.monotonic() + PATIENCE_SECONDS
    while round_of(shown) < last:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert asked(
        shown, "[...element.querySelectorAll('button')].some((b) => b.textContent === 'play')"
    )


def turn(shown, name: str, value: float) -> None:
    before = int(asked(shown, "element.dataset.solves"))
    asked(
        shown,
        f"(() => {{ const input = element.querySelector('input[name={name}]'); "
        f"input.value = {value}; input.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()",
    )
    said_after(shown.tab, shown.name, before)


def test_another_penalty_begins_anew_and_is_in_the_command(shown):
    press(shown, "to the end")
    turn(shown, "penalty", 1)
    assert round_of(shown) == 1
    penalty = "0.00002" if shown.name == "negotiation" else "0.0003"
    command = asked(shown, "element.querySelector('code').textContent")
    assert f"penalty={float(penalty)}" in command.replace("0.00002", "2e-05")


@pytest.mark.parametrize("shown", ["negotiation"], indirect=True)
def test_another_line_is_a_run_with_the_same_slopes(shown):
    turn(shown, "trade_limit", 500)
    command = asked(shown, "element.querySelector('code').textContent")
    assert 'P="trade_limit=500 slope_1=1 slope_2=0.5"' in command
    assert "between 0.460 and 0.690" in asked(shown, "element.textContent")


@pytest.mark.parametrize("shown", ["negotiation-recorded"], indirect=True)
def test_another_hour_keeps_the_round_and_names_who_receives(shown):
    press(shown, "step")
    turn(shown, "hour", 13)
    assert round_of(shown) == 2
    text = asked(shown, "element.querySelector('.live-view > p').textContent")
    assert text.startswith("Round 2, hour 13.") and "expects to receive" in text
