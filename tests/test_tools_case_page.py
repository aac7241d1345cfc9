"""The page that `make check` draws of a case: what it shows, in whose money, and when it is written."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import case
import case_page
import numpy as np
import pandas as pd
import pytest
from tiny_book import ROOT

from vppcore import load_case
from vppcore.pages import colours

SVG = "http://www.w3.org/"  # names of formats, no addresses to load
TEMPLATE = ROOT / "data/template"
PICTURE = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
pytestmark = pytest.mark.usefixtures("fresh_style")
TITLE = "title: A household and a shop on one street"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the template alone, in which pages are written."""
    shutil.copytree(TEMPLATE, tmp_path / "data/mine")
    monkeypatch.setattr(case, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(project: Path, monkeypatch, name: str = "mine") -> Path:
    """Calls the command; where its page should be."""
    monkeypatch.setattr(sys, "argv", ["case.py", "check", "--", f"data/{name}"])
    case.main()
    return project / "build/check" / name / "index.html"


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_a_sound_case_is_drawn_and_a_sentence_says_where(project, monkeypatch, capsys):
    page = check(project, monkeypatch)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Its loads, plants and prices are drawn in build/check/mine/index.html"
    text = page.read_text(encoding="utf-8")
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]
    pictures = PICTURE.findall(text)
    labels = [ElementTree.fromstring(picture).get("aria-label") for picture in pictures]
    # the numbers of the alternative texts are those of series.csv
    assert "electric load (kW): Home from" in labels[0] and "Shop from 2.2 (at 1)" in labels[0]
    assert "heat load (kW): Home from" in labels[1]
    assert "forecast output (kW): Home from 0 (at 1) to 6.15 (at 12)" in labels[2]
    assert "purchase from 0.45 (at 1) to 1.1" in labels[3] and "feed-in 0.3 throughout" in labels[3]
    assert len(pictures) == 4
    assert "http" not in text.replace(SVG, ""), "it opens without a net"


def test_it_has_the_look_of_the_book_in_the_dark_on_paper_and_on_a_phone(project, monkeypatch):
    text = check(project, monkeypatch).read_text(encoding="utf-8")
    assert 'data-theme="dark"' in text and "@media print" in text
    assert "width=device-width" in text and "position: sticky" in text and 'class="wide"' in text
    for colour in colours.vpp_colours(["Home", "Shop"]).values():
        assert f"--picture-{colour.lower().removeprefix('#')}" in text


def test_the_tables_have_every_component_and_every_number(project, monkeypatch):
    text = check(project, monkeypatch).read_text(encoding="utf-8")
    assert '<th scope="row">battery</th><td>x</td><td></td>' in text
    assert '<th scope="row">Home pv</th><td>47.5</td><td>6.2</td><td>12</td>' in text
    for _, row in load_case(TEMPLATE).units.iterrows():
        cells = "".join(f"<td>{row[name]}</td>" for name in ("component", "parameter", "value"))
        assert f'<th scope="row">{row["vpp"]}</th>{cells}' in text


def test_the_money_is_that_of_the_case(project, monkeypatch):
    folder = project / "data/mine"
    change(folder / "case.yaml", "currency: yuan", "currency: EUR")
    change(folder / "units.csv", "yuan/", "EUR/")
    change(folder / "series.csv", "_yuan_", "_eur_")
    text = check(project, monkeypatch).read_text(encoding="utf-8")
    assert "yuan" not in text and "price (EUR/kWh)" in text and "min (EUR/kWh)" in text


def test_what_a_case_says_cannot_become_html(project, monkeypatch):
    name = "it's <b> & $HOME"
    shutil.move(project / "data/mine", project / "data" / name)
    folder = project / "data" / name
    change(folder / "case.yaml", TITLE, "title: Two <script>alert(1)</script> & more")
    change(folder / "units.csv", "roof,assumed", "<img src=x onerror=alert(1)>,assumed")
    text = check(project, monkeypatch, name).read_text(encoding="utf-8")
    assert "<script>alert" not in text and "<img" not in text
    assert "<h1>Two &lt;script&gt;alert(1)&lt;/script&gt; &amp; more</h1>" in text


def test_a_case_with_faults_has_no_page(project, monkeypatch):
    change(project / "data/mine/units.csv", "kWh", "kWhh")
    with pytest.raises(SystemExit, match="data/mine cannot be used yet"):
        check(project, monkeypatch)
    assert not (project / "build").exists()


def test_a_case_without_a_schedule_has_no_page(project, monkeypatch):
    limit = "all,grid,sell_max,20,kW,connection,assumed\n"
    change(project / "data/mine/units.csv", limit, limit.replace("sell_max,20", "buy_max,5"))
    with pytest.raises(SystemExit, match="No schedule exists for"):
        check(project, monkeypatch)
    assert not (project / "build").exists()


def test_a_page_that_fails_leaves_the_one_before(project, monkeypatch):
    page = check(project, monkeypatch)
    before = page.read_bytes()

    def full(file: Path, *_: object, **__: object) -> None:
        file.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError):
        case_page.write_page(load_case(project / "data/mine"), page)
    assert page.read_bytes() == before
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


@pytest.mark.parametrize("kind", ["homes", "industry", "feeder"])
def test_every_kind_of_case_is_drawn(kind):
    text = case_page.page_of(load_case(ROOT / "data/templates" / kind))
    has_no_heat = "heat_load" not in text
    assert text.count("The case has none.") == has_no_heat
    assert len(PICTURE.findall(text)) == 4 - has_no_heat


def test_steps_that_are_no_hours_of_a_day_are_called_steps(project):
    assert "hour of the day" in case_page.page_of(load_case("template"))
    change(project / "data/mine/case.yaml", "step_hours: 1 ", "step_hours: 0.25 ")
    text = case_page.page_of(load_case(project / "data/mine"))
    assert "hour of the day" not in text and "24 steps of 0.25 h" in text


def test_a_long_line_is_drawn_by_means_and_says_so():
    steps = 35_040
    table = pd.DataFrame({"a": np.arange(steps, dtype=float)}, pd.RangeIndex(1, steps + 1))
    shown = case_page.thinned(table)
    assert len(shown) <= case_page.MOST_POINTS and shown["a"].is_monotonic_increasing
    assert shown["a"].iloc[0] == pytest.approx(35 / 2) and list(shown.index[:2]) == [1, 37]
    assert "Each point is the mean of 36 steps." in case_page.caption_of(table, "load (kW)")
    short = table.head(24)
    assert case_page.thinned(short) is short
    assert case_page.caption_of(short, "load (kW)") == "The case's load (kW), step by step."


def test_many_lines_have_panels_and_what_is_left_out_is_said():
    given = load_case("template")
    steps = pd.RangeIndex(1, 25)
    table = pd.DataFrame({f"VPP{n}": np.full(24, float(n)) for n in range(1, 31)}, steps)
    drawing = case_page.figure_of(given, table, "load (kW)", False)
    said = [text.strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawing)]
    assert said.count("load (kW)") == 3 and "VPP24" in said and "VPP25" not in said
    assert "The first 24 of 30 are drawn." in case_page.caption_of(table, "load (kW)")


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("units.csv", "Home,battery,energy_max,", "Home,battery,energy_most,"),
        ("units.csv", "all,grid,sell_max,", "Shop,grid,buy_max,1,kW,x,assumed\nall,grid,sell_max,"),
        ("case.yaml", "steps: 24", "steps: 25"),
    ],
)
def test_no_page_of_an_earlier_check_stays_when_the_case_gets_a_fault(
    project, monkeypatch, file, before, after
):
    page = check(project, monkeypatch)
    change(project / "data/mine" / file, before, after)
    with pytest.raises(SystemExit):
        check(project, monkeypatch)
    assert not page.exists()
    change(project / "data/mine" / file, after, before)
    assert check(project, monkeypatch).exists()
