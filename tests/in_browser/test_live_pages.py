"""Live elements in a real browser, from a folder: what they compute is what Python computes."""

from __future__ import annotations

import importlib
import json
import re
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from browser import Tab, browser_tab
from looking import SITE, book_pages

from vppcore.live.problem import Knob, from_data, knob_of
from vppcore.warm import WarmLinear, solve_quadratic

DATA = re.compile(
    r'data-live="(?P<name>[^"]+)"[^>]*><script type="application/json">(?P<data>.*?)</script>',
    re.DOTALL,
)
SETTINGS = 10
PATIENCE_SECONDS = 60

FACTS = "({ ...document.querySelector(`[data-live='NAME']`).dataset })"
SEEN = "document.querySelector(`[data-live='NAME']`).scrollIntoView()"
TURN = """(() => {
  const element = document.querySelector(`[data-live='NAME']`);
  for (const [name, value] of Object.entries(SETTING)) {
    const input = element.querySelector(`input[type=range][name="${name}"]`);
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return Object.fromEntries([...element.querySelectorAll("input[type=range]")].map((i) => [i.name, i.valueAsNumber]));
})()"""


def live_elements() -> list[tuple[Path, str, dict]]:
    """Page, name and data of every live element."""
    found = []
    for page in book_pages():
        for element in DATA.finditer(page.read_text(encoding="utf-8")):
            found.append((page, element["name"], json.loads(element["data"])))
    return found


ELEMENTS = live_elements()
NAMED = [pytest.param(*each, id=f"{each[0].stem}-{each[1]}") for each in ELEMENTS]


def asked(script: str, name: str, setting: dict | None = None) -> str:
    return script.replace("NAME", name).replace("SETTING", json.dumps(setting))


def facts_after(tab, name: str, solves: int) -> dict[str, str]:
    """What the element says once it has solved more often than so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        facts = tab.evaluate(asked(FACTS, name))
        if int(facts.get("solves", 0)) > solves:
            return facts
        time.sleep(0.05)
    raise AssertionError(f"{name} did not solve within {PATIENCE_SECONDS} s")


def opened(tab, page: Path, name: str) -> dict[str, str]:
    tab.resize(1280)
    tab.open(page)
    tab.evaluate(asked(SEEN, name))
    return facts_after(tab, name, 0)


def knobs_of(given: dict) -> list[Knob]:
    return [knob_of(knob) for knob in given.get("knobs") or given["problem"]["knobs"]]


def own_road(name: str) -> ModuleType | None:
    """live_<name>.py beside this file, where there is one."""
    file = Path(__file__).parent / f"live_{name.replace('-', '_')}.py"
    return importlib.import_module(file.stem) if file.exists() else None


def cost_in_python(name: str, given: dict, setting: dict[str, float]) -> float | None:
    """The element's cost by another road: `cost(given, setting)` of live_<name>.py where there is
    one, else the optimum of its problem; None where that has no solution."""
    road = own_road(name)
    if road is not None:
        return road.cost(given, setting)
    live = from_data(given["problem"])
    own = {knob.name: setting[knob.name] for knob in live.knobs}
    program = live.program(own)
    if program.is_linear:
        return WarmLinear(live.name).solve(program).value
    return solve_quadratic(program, live.name).value


def gap_in_python(name: str, given: dict, setting: dict[str, float]) -> float:
    """How far the element's bounds are apart: nothing, or `gap(given, setting)` of live_<name>.py
    where a gap is left and said."""
    gap = getattr(own_road(name), "gap", None)
    return gap(given, setting) if gap else 0.0


def test_the_book_has_live_elements():
    assert ELEMENTS, f"no page below {SITE} has a live element"


@pytest.mark.parametrize("page, name, given", NAMED)
def test_a_page_s_optimum_is_python_s_and_its_bounds_meet(tab, page, name, given):
    facts = opened(tab, page, name)
    random = np.random.default_rng(7)
    solved = 0
    for _ in range(SETTINGS):
        wanted = {
            k.name: float(random.uniform(k.first or k.low, k.high))
            for k in knobs_of(given)
            if k.by == "slider"
        }
        before = int(facts["solves"])
        turned = tab.evaluate(asked(TURN, name, wanted))
        facts = facts_after(tab, name, before)
        in_python = cost_in_python(name, given, turned)
        if in_python is None:
            assert facts["status"] == "infeasible", turned
            continue
        assert facts["status"] == "optimal", turned
        solved += 1
        cost, lower = float(facts["cost"]), float(facts["lower"])
        scale = max(abs(cost), 1.0)
        assert cost == pytest.approx(in_python, abs=1e-6 * scale)
        gap = gap_in_python(name, given, turned)
        assert cost - lower == pytest.approx(gap, abs=1e-6 * scale)
    assert 2 * solved >= SETTINGS, f"{name}: {solved} of {SETTINGS} settings have a solution"
    assert tab.complaints == []


@pytest.mark.parametrize("page, name, given", NAMED)
def test_the_keyboard_turns_a_knob(tab, page, name, given):
    facts = opened(tab, page, name)
    first = next(knob.name for knob in knobs_of(given) if knob.by == "slider")
    tab.evaluate(f"document.querySelector(`[data-live='{name}'] input[name={first}]`).focus()")
    before = int(facts["solves"])
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="ArrowRight", code="ArrowRight",
                 windowsVirtualKeyCode=39)  # fmt: skip
    again = facts_after(tab, name, before)
    assert again["status"] == "optimal"
    command = tab.evaluate(f"document.querySelector(`[data-live='{name}'] code`).textContent")
    assert f"{first}=" in command and command.startswith("make run NB=")


@pytest.mark.parametrize("page, name, given", NAMED)
def test_a_link_leads_to_its_setting(page, name, given):
    """In a browser of its own, as a link is opened: no page before it is still at work."""
    with browser_tab() as tab:
        follow_a_link(tab, page, name, given)


def follow_a_link(tab: Tab, page: Path, name: str, given: dict) -> None:
    knob = [knob for knob in knobs_of(given) if knob.by == "slider"][-1]
    other = knob.high
    tab.call("Page.navigate", url=f"{page.as_uri()}#{name}?{knob.name}={other}")
    until = time.monotonic() + PATIENCE_SECONDS
    while not (tab.drawn() or "").startswith(page.as_uri()):
        assert time.monotonic() < until, f"{page.stem} was not drawn"
    while "solves" not in tab.evaluate(asked(FACTS, name)):
        # what stands above may still grow and push the element away
        tab.evaluate(asked(SEEN, name))
        assert time.monotonic() < until, f"{name} did not come into view"
        time.sleep(0.2)
    shown = tab.evaluate(
        f"document.querySelector(`[data-live='{name}'] input[name={knob.name}]`).valueAsNumber"
    )
    assert shown == pytest.approx(other, rel=1e-3)
