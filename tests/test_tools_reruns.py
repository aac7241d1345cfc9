"""A reader's runs: their names, and what they found beside the book's run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import beside_book
import compare_runs
import pandas as pd
import pytest
import rerun
import run_page
import runs
from beside_book import Row, beside
from hypothesis import given
from hypothesis import strategies as st
from runs import name_of, run_in

from vppcore.pages.colours import SERIES_COLOURS
from vppcore.pages.parameters_cell import Declared

SVG = "http://www.w3.org/"  # names of formats, no addresses to load
DECLARED = {
    "case": Declared("case", "str", "paper-a"),
    "penalty": Declared("penalty", "float", None),
    "level": Declared("level", "int", 4),
}
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "case": st.text(max_size=80),
        "penalty": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "level": st.integers(0, 99),
    },
)


def run_with(folder: Path, record: dict, tables: dict | None = None, claims: dict | None = None):
    """A run that left these facts, tables and verdicts."""
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(record))
    for name, table in (tables or {}).items():
        table.to_csv(folder / f"{name}.csv")
    if claims:
        table = pd.DataFrame({"claim": list(claims), "verdict": list(claims.values())})
        table.to_csv(folder / "claims.csv", index=False)
    return run_in(folder, folder.name)


def test_of_two_equal_runs_at_once_the_last_is_kept(tmp_path, monkeypatch):
    folder = tmp_path / "runs" / "demo" / "as-in-the-book"

    def execute(notebook, executed, values, log):
        executed.write_text("{}")
        (Path(rerun.os.environ["VPPCORE_RESULTS"]) / "demo").mkdir(parents=True)
        folder.mkdir(parents=True)
        (folder / "of-the-other").write_text("ended meanwhile")

    monkeypatch.setenv("VPPCORE_RESULTS", "unused")
    monkeypatch.setattr(rerun, "execute", execute)
    monkeypatch.setattr(rerun, "write_run_page", lambda *told: None)
    rerun.make(Path("demo.ipynb"), {}, folder, tmp_path / "book", quiet=True)
    assert sorted(file.name for file in folder.iterdir()) == ["demo.ipynb", "results"]


# --- names ----------------------------------------------------------------------------------------
@given(VALUES)
def test_a_name_is_safe_and_short_and_says_nothing_of_what_is_as_in_the_book(values):
    name = name_of(values, DECLARED)
    assert 0 < len(name) <= runs.LONGEST_NAME
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=,.+-_")
    assert not name.startswith(".") and Path(name).name == name
    usual = {name: line.default for name, line in DECLARED.items()}
    assert name_of(usual | values, DECLARED) == name


@given(VALUES, VALUES)
def test_other_parameters_have_another_name(first, second):
    usual = {name: line.default for name, line in DECLARED.items()}
    same = usual | first == usual | second
    assert (name_of(first, DECLARED) == name_of(second, DECLARED)) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [("a b", "a+b"), ("a/b", "a_b"), ("x" * 80, "x" * 81), ("a,level=5", "a")],
)
def test_names_that_look_alike_are_told_apart(one, other):
    first = name_of({"case": one}, DECLARED)
    second = name_of({"case": other, "level": 5 if "," in one else 4}, DECLARED)
    assert first != second


# --- beside the book ------------------------------------------------------------------------------
def test_numbers_and_verdicts_that_changed_are_told(tmp_path):
    gains = pd.DataFrame({"gain": [1.0, 2.0, 3.0]}, index=["VPP1", "VPP2", "cluster"])
    record = {"notebook": "x", "seconds": 3.0, "cost": 200.0, "costs": {"VPP1": 50.0}}
    theirs = {"A01": "reproduced", "A02": "setting", "A03": "setting"}
    book = run_with(tmp_path / "book", record, {"table_1": gains}, theirs)
    ours = {"A01": "not reproduced", "A02": "setting"}
    changed = record | {"cost": 190.0, "seconds": 9.0}
    run = run_with(tmp_path / "run", changed, {"table_1": 2 * gains}, ours)
    lines = [" ".join(line.split()) for line in beside(book, run).splitlines()]
    assert lines == [
        "the book this run difference",
        "cost 200 190 -10 -5.00 %",
        "costs VPP1 50 50 same",
        "table_1: gain, cluster 3 6 +3 +100.00 %",
        "3 of 3 numbers in tables differ from the book's.",
        "claim the book this run",
        "A01 reproduced not reproduced",
        "Not judged, as they do not speak of this run: A03.",
    ]


def test_a_run_that_changed_nothing_and_one_without_the_book_say_so(tmp_path):
    table = pd.DataFrame({"gain": [1.0, float("nan")]}, index=["VPP1", "VPP2"])
    book = run_with(tmp_path / "book", {"cost": 1.0, "seconds": 1}, {"table": table})
    run = run_with(tmp_path / "run", {"cost": 1.0 + 1e-9, "seconds": 2}, {"table": table})
    assert beside(book, run).startswith("Nothing changed: ")
    assert "no results of this notebook yet" in beside(None, run)


def test_amounts_in_two_currencies_do_not_stand_side_by_side(tmp_path):
    book = run_with(tmp_path / "book", {"cost": 21746.0})
    run = run_with(tmp_path / "run", {"cost": 26.06, "currency": "EUR"})
    told = beside(book, run)
    assert "26.06" in told and "21,746" not in told
    assert "in yuan: its numbers do not stand beside this run's, in EUR" in told
    page = run_page.beside_as_page("one_vpp", {}, book, run)
    assert "26.06" in page and "21,746" not in page and "difference" not in page


def test_no_more_than_twelve_rows_and_what_changed_comes_first(tmp_path):
    rounds = {str(hour): 2 for hour in range(24)}
    book = run_with(tmp_path / "book", {"rounds": rounds})
    run = run_with(tmp_path / "run", {"rounds": rounds | {"20": 3}})
    rows = beside_book.rows_beside(book, run)
    assert len(rows) == beside_book.ROWS
    assert rows[0] == Row("rounds 20", 2, 3)


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_difference_and_percent_agree_with_the_numbers(book, run):
    row = Row("x", book, run)
    if row.is_same:
        assert beside_book.difference(row) == "same" and not beside_book.percent(row)
    else:
        assert beside_book.difference(row).startswith("+") == (run > book)
        share = beside_book.percent(row)
        assert not share or share.startswith("+" if run > book else "-")


def test_a_table_that_cannot_be_read_stops_nothing(tmp_path):
    run = run_with(tmp_path / "run", {"cost": 1.0})
    (run.results / "broken.csv").write_bytes(b"\xff\xfe\x00")
    (run.results / "empty.csv").write_text("")
    assert beside(run, run).startswith("Nothing changed: ")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.json").write_text("[1")
    assert run_in(tmp_path / "other", "other") is None


# --- side by side ---------------------------------------------------------------------------------
def test_kept_runs_stand_beside_the_first_on_screen_and_page(tmp_path, monkeypatch):
    monkeypatch.setattr(compare_runs, "book_run", lambda _: None)
    for name, cost in {"a": 200.0, "b": 190.0, "c": 220.0}.items():
        run_with(tmp_path / "x" / name / "results", {"cost": cost, "hours": 24})
    told = compare_runs.compare("x", tmp_path)
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "cost 200 190 220" in lines and "hours 24 24 24" in lines
    found = compare_runs.compared("x", tmp_path)
    assert compare_runs.shares(found) == {"cost": pytest.approx([-5.0, 10.0])}
    page = (tmp_path / "x" / "compare.html").read_text(encoding="utf-8")
    assert "<svg" in page and "<td>190</td>" in page and "http" not in page.replace(SVG, "")


def test_twenty_runs_are_places_on_an_axis_and_not_twenty_colours(tmp_path, monkeypatch):
    """In the look of the book; long names break on a phone, and the table's first column stays."""
    monkeypatch.setattr(compare_runs, "book_run", lambda _: None)
    for number in range(21):
        record = {"cost": 100.0 + number, "gain": 50.0 - number, "hours": 24}
        run_with(tmp_path / "x" / f"fee={number:02}" / "results", record)
    found = compare_runs.compared("x", tmp_path)
    drawing = compare_runs.figure_of(found)
    said = [text.strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawing)]
    assert said.count("cost") == said.count("gain") == 1 and "hours" not in said
    filled = {colour.lower() for colour in re.findall(r"fill: (#[0-9a-fA-F]{6})", drawing)}
    assert SERIES_COLOURS[1].lower() in filled
    assert not filled & {other.lower() for other in (*SERIES_COLOURS[2:], "#1f77b4", "#ff7f0e")}
    compare_runs.compare("x", tmp_path)
    page = (tmp_path / "x" / "compare.html").read_text(encoding="utf-8")
    assert "overflow-wrap: anywhere" in page and "position: sticky" in page
