"""Live elements as widgets: what JupyterLab is sent starts in a browser, with one solver for all."""

from __future__ import annotations

import json
import re

import pytest
from bare import said_after

from vppcore import load_case
from vppcore.pages import live as pages_live
from vppcore.pages.live_module import style_text
from vppcore.pages.study import Study
from vppcore.pages.widget import THEME, shared_solver, style, widget

NAME = "who-sends-to-whom"
LIGHT = "--jp-layout-color1: white; --jp-content-font-color1: black; --jp-border-color1: silver;"
# what JupyterLab and anywidget do: import the module, give it the model's numbers, call render
START = """(async (states) => {
  const [text, script] = states.splice(0, 2);
  const address = (words) => URL.createObjectURL(new Blob([words], { type: "text/javascript" }));
  const { default: shown } = await import(address(text));
  const host = { getModel: async () => ({ get: () => script }) };
  for (const given of states) {
    const el = document.body.appendChild(document.createElement("div"));
    const state = { given, solver: "anywidget:1" };
    await shown.render({ model: { get: (name) => state[name] }, el, host });
  }
})(%s)"""


@pytest.fixture(scope="module")
def given() -> str:
    return pages_live.who_sends_to_whom(load_case("template"))


def test_widgets_of_a_page_solve_with_one_solver(tab, tmp_path, given):
    page = tmp_path / "lab.html"
    page.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Lab</title>"
        f"<style>body {{ {LIGHT} }} {style()}</style><body></body></html>",
        encoding="utf-8",
    )
    tab.open(page)
    one = widget(given)
    states = [one._esm, shared_solver().script, given, given]
    tab.evaluate(START % json.dumps(states))
    said = said_after(tab, NAME, 0)
    assert said["status"] == "optimal"
    assert float(said["cost"]) == pytest.approx(float(said["lower"]), rel=1e-6)
    solves = "[...document.querySelectorAll('[data-live]')].map((each) => each.dataset.solves)"
    assert tab.evaluate(solves) == ["1", "1"]
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(({ id }) => id)")
    assert len(ids) == len(set(ids))
    assert tab.evaluate("document.querySelectorAll('head script').length") == 1
    assert tab.evaluate("document.querySelectorAll('.live-command a').length") == 0
    assert tab.complaints == []


def test_every_colour_of_the_pages_has_one_in_jupyterlab():
    assert set(re.findall(r"var\((--pst-color-[a-z-]+)", style_text())) <= set(THEME)
    assert 'data-theme="dark"' not in style()


def test_a_kernel_keeps_one_solver(given):
    assert widget(given).solver is widget(given).solver


@pytest.mark.parametrize("watched", [False, True])
def test_an_element_is_shown_where_somebody_watches(monkeypatch, watched, given):
    shown = []
    monkeypatch.setattr("vppcore.pages.widget.show", shown.append)
    if watched:
        monkeypatch.setenv("VPPCORE_PROGRESS", "1")
    else:
        monkeypatch.delenv("VPPCORE_PROGRESS", raising=False)
    study = Study("toy", {"case": "template"})
    study.keep_data("who_sends_to_whom", given)
    study.keep_data("nothing", "")
    assert shown == ([given] if watched else [])
    assert list(study.texts) == ["who_sends_to_whom.json"]


def test_what_a_run_changed_is_kept_for_its_command(given):
    study = Study("cooperation", {"case": "template", "gas_price": 4.0})
    study.keep_data("who_sends_to_whom", given)
    kept = json.loads(study.texts["who_sends_to_whom.json"])
    assert kept == json.loads(given) | {"run": {"case": "template", "gas_price": "4.0"}}
