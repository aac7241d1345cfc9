"""What every live element does: refuse with a proof, start without a solver, give way to its twin."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from bare import bare_page, said_after
from looking import look_at
from scipy import sparse

from vppcore import NotSolved, dispatch, load_case
from vppcore.currency import WORD, speak
from vppcore.live.problem import LiveProblem, from_data
from vppcore.pages import live as pages_live
from vppcore.pages.study import in_currency
from vppcore.warm import WarmLinear

NAME = "who-sends-to-whom"
# a view that only counts, without a problem
COUNTED = {
    "view": "counted",
    "notebook": "cooperation",
    "facts": {},
    "knobs": [
        {
            "name": "n", "label": "a number", "unit": "pieces", "low": 0, "high": 10, "step": 1,
            "usual": 3, "first": None, "words": [], "by": "slider",
        }
    ],
}  # fmt: skip
COUNTING = """
views["counted"] = (drawing, { place }) => ({
  draw: (found) => drawing.replaceChildren(make("p", { id: `${place}-found` }, `found ${found.cost}`)),
  solve: ({ n }) => ({ status: "optimal", cost: 2 * n, lower: 2 * n, ms: 0 }),
});
"""
TURN = """(() => {
  const input = document.querySelector("input[name=KNOB]");
  input.value = VALUE;
  input.dispatchEvent(new Event("input", { bubbles: true }));
})()"""
TEXT = "document.querySelector(`[data-live] SELECTOR`).textContent"


def turn(tab, name: str, knob: str, value: float) -> dict[str, str]:
    """Turns a knob; returns what the element says then."""
    before = tab.evaluate(f"document.querySelector(`[data-live='{name}']`).dataset.solves")
    tab.evaluate(TURN.replace("KNOB", knob).replace("VALUE", str(value)))
    return said_after(tab, name, int(before))


def least_gap(live: LiveProblem, setting: dict[str, float]) -> float:
    """The least that all balances together lack or have too much, by another road: as a linear
    problem here."""
    program = live.program(setting)
    rows = np.concatenate([rows for rows, _ in live.balances.values()])
    count, width = len(rows), len(program.linear)
    opened = sparse.csc_matrix(
        (np.ones(count), (rows, np.arange(count))), (len(program.row_low), count)
    )
    ends = np.zeros(2 * count)
    wider = replace(
        program,
        quadratic=sparse.csc_matrix((width + 2 * count,) * 2),
        linear=np.concatenate([np.zeros(width), np.ones(2 * count)]),
        constant=0.0,
        matrix=sparse.csc_matrix(sparse.hstack([program.matrix, opened, -opened])),
        column_low=np.concatenate([program.column_low, ends]),
        column_high=np.concatenate([program.column_high, ends + np.inf]),
        whole=np.zeros(width + 2 * count, bool),
    )  # fmt: skip
    return WarmLinear("gap").solve(wider).value


# --- a setting without a schedule -----------------------------------------------------------------
@pytest.fixture(scope="module")
def tight():
    """The template's shop with a connection that is too small for it alone."""
    case = load_case("template")
    (load,) = [part for part in case.vpp("Shop").components if part.role == "load"]
    return case.change("Shop", "grid", buy_max=0.7 * float(np.max(load.forecast)))


def test_a_setting_without_a_schedule_is_refused_with_what_is_missing_and_a_proof(
    tab, tmp_path, tight
):
    given = pages_live.who_sends_to_whom(tight)
    tab.open(bare_page(tmp_path / "tight.html", {NAME: given}))
    assert said_after(tab, NAME, 0)["status"] == "optimal"
    low = json.loads(given)["problem"]["knobs"][1]["first"]
    said = turn(tab, NAME, "trade_limit", low)
    assert (said["status"], said["cost"], said["lower"]) == ("infeasible", "", "")
    gap = least_gap(from_data(json.loads(given)["problem"]), {"trade_limit": low})
    assert gap > 0 and float(said["contradiction"]) == pytest.approx(gap, rel=1e-9)
    sentence = tab.evaluate(TEXT.replace("SELECTOR", ".live-proof"))
    assert "no schedule at all: electricity of Shop lacks" in sentence and "Proof:" in sentence
    assert turn(tab, NAME, "trade_limit", 10)["status"] == "optimal"
    assert tab.complaints == []


def test_what_is_missing_is_what_vppcore_says(tab, tmp_path, tight):
    """The VPPs alone have no schedule: the page names the number, the step and the count of
    `infeasible.py`."""
    tab.open(bare_page(tmp_path / "tight.html", {NAME: pages_live.who_sends_to_whom(tight)}))
    said_after(tab, NAME, 0)
    sentence = tab.evaluate(TEXT.replace("SELECTOR", ".live-view p"))
    with pytest.raises(NotSolved) as refused:
        dispatch(tight.vpp("Shop"), storage="relaxed")
    words = str(refused.value)  # ... electricity lacks 2.5 kW in step 17 (11 step(s) in all)
    lacking = float(sentence.split("lacks ")[1].split(" kW")[0])
    assert f"electricity lacks {lacking:,.1f} kW in step " in words
    step = sentence.split("in hour ")[1].split(" (")[0]
    count = sentence.split("(")[1].split(" hours in all")[0]
    assert f"in step {step} ({count} step(s) in all)" in words


# --- without a solver, without scripts, on paper --------------------------------------------------
def test_an_element_without_a_problem_starts_without_the_solver(tab, tmp_path):
    page = bare_page(
        tmp_path / "counted.html",
        {"counted": json.dumps(COUNTED)},
        solver="no-such-file.js",
        more=COUNTING,
    )
    tab.open(page)
    assert said_after(tab, "counted", 0)["cost"] == "6"
    assert turn(tab, "counted", "n", 5)["cost"] == "10"
    assert tab.evaluate("document.getElementById('counted-found').textContent") == "found 10"
    assert tab.complaints == []


def test_the_command_of_another_run_names_what_that_run_changed(tab, tmp_path):
    given = json.dumps(COUNTED | {"run": {"case": "'my cases/one'", "n": "3"}})
    tab.open(bare_page(tmp_path / "run.html", {"counted": given}, more=COUNTING))
    said_after(tab, "counted", 0)
    command = TEXT.replace("SELECTOR", "code")
    assert tab.evaluate(command) == "make run NB=cooperation P=\"case='my cases/one' n=3\""
    turn(tab, "counted", "n", 5)
    assert tab.evaluate(command) == "make run NB=cooperation P=\"case='my cases/one' n=5\""


# all that an element shows, and all that it says to who cannot see
SAID = """[document.querySelector('[data-live]')].flatMap((element) => [
  ...[...element.children].map((child) => child.textContent),
  ...[...element.querySelectorAll('*')].flatMap((each) => (
    ['aria-label', 'aria-valuetext', 'title'].map((name) => each.getAttribute(name) ?? '')
  )),
]).join(' | ')"""
WORDED = {
    "who-sends-to-whom": lambda: pages_live.who_sends_to_whom(load_case("template")),
    "the-ladder": lambda: pages_live.the_ladder(load_case("paper-b").vpp("VPP1")),
}


@pytest.mark.parametrize("name", WORDED)
def test_an_element_says_the_currency_of_its_case(tab, tmp_path, name):
    given = WORDED[name]()
    tab.open(bare_page(tmp_path / "yuan.html", {name: given}))
    said_after(tab, name, 0)
    in_yuan = tab.evaluate(SAID)
    speak("EUR")
    try:
        tab.open(bare_page(tmp_path / "euro.html", {name: in_currency(given)}))
    finally:
        speak()
    said_after(tab, name, 0)
    in_euro = tab.evaluate(SAID)
    assert in_yuan.count("yuan") > 3 and "EUR" not in in_yuan
    assert in_euro.count("EUR") == in_yuan.count("yuan") and "yuan" not in in_euro
    knob = json.loads(given)["problem"]["knobs"][0]
    turn(tab, name, knob["name"], knob["low"] + 2 * knob["step"])
    turned = tab.evaluate(SAID)
    assert turned != in_euro and "EUR" in turned and "yuan" not in turned
    assert tab.complaints == []


def test_pages_and_texts_know_the_same_word_for_money():
    assert f"/{WORD.pattern}/g" in pages_live.module_text()


def test_an_element_whose_solver_is_not_there_says_so(tab, tmp_path):
    given = pages_live.who_sends_to_whom(load_case("template"))
    tab.open(bare_page(tmp_path / "lost.html", {NAME: given}, solver="no-such-file.js"))
    with pytest.raises(AssertionError, match="This page could not start its solver"):
        said_after(tab, NAME, 0)


SHOWN = """['.live', '.live-twin'].map((each) => (
  document.querySelector(each).checkVisibility() && document.querySelector(each).offsetHeight > 1
))"""


def test_the_twin_is_shown_on_paper_and_where_no_script_runs(tab, tmp_path):
    page = bare_page(tmp_path / "twin.html", {"counted": json.dumps(COUNTED)}, more=COUNTING)
    tab.open(page)
    said_after(tab, "counted", 0)
    assert tab.evaluate(SHOWN) == [True, False]
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.evaluate(SHOWN) == [False, True]
    tab.call("Emulation.setEmulatedMedia", media="")
    silent = re.sub(
        r'<script type="module">.*?</script>', "", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    page.write_text(silent, encoding="utf-8")
    tab.open(page)
    assert tab.evaluate(SHOWN) == [False, True]


def test_everybody_can_use_an_element(tab, tmp_path):
    given = pages_live.who_sends_to_whom(load_case("template"))
    page = bare_page(tmp_path / "axe.html", {NAME: given})
    assert look_at(tab, page, tmp_path).faults == []
    assert tab.evaluate("document.querySelectorAll('.live-on svg, .live-on table').length") >= 5


def test_who_looks_at_a_page_sees_elements_far_below_at_work(tab, tmp_path):
    """A slider without a name at the page's end is found: axe looks at what was mounted."""
    far = "<style>h1 { margin-bottom: 9000px; }</style>"
    page = bare_page(
        tmp_path / "far.html",
        {"counted": json.dumps(COUNTED | {"knobs": [COUNTED["knobs"][0] | {"label": ""}]})},
        more=COUNTING,
    )
    page.write_text(
        page.read_text(encoding="utf-8").replace("<body>", f"<body>{far}"), encoding="utf-8"
    )
    rules = {fault.rule for fault in look_at(tab, page, tmp_path).faults}
    assert "label" in rules
