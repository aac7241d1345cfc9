"""Every `make run` that a page prints is run, and does what the page says of it."""

from __future__ import annotations

import os
import shlex
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from printed_runs import folder_of_runs, restore, results_of, run_as_printed
from test_build_printed_commands import COMMANDS, texts
from test_printed_outputs import VILLAGES, block_with, one_line

from vppcore import load_case
from vppcore.places import RESULTS

# cases that a page tells the reader to make first; the template stands for the reader's own
MADE_FROM_THE_TEMPLATE = ("data/mine", "mine")


def villages() -> Path:
    """The two villages of How to read this book, from its own blocks."""
    folder = folder_of_runs() / "two-villages"
    folder.mkdir(exist_ok=True)
    for file, (language, words) in VILLAGES.items():
        (folder / file).write_text(block_with("how-to-read.md", language, words), encoding="utf-8")
    return folder


def given_by(command: str) -> tuple[str, str]:
    """Notebook and parameters of a printed command, a case to be made replaced by one that is there."""
    given = dict(word.split("=", 1) for word in shlex.split(command)[2:])
    parameters = given.get("P", "")
    for name in MADE_FROM_THE_TEMPLATE:
        parameters = parameters.replace(f"={name}", "=template")
    return given["NB"], parameters.replace("=two-villages", f"={villages()}")


RUNS = sorted({command for _, command in COMMANDS if command.split()[1] == "run"})


def test_there_are_runs_to_try():
    assert len(RUNS) >= 30
    notebooks = {given_by(command)[0] for command in RUNS}
    assert len(notebooks) >= 14


@pytest.mark.parametrize("command", RUNS)
def test_a_printed_run_comes_to_its_end(command):
    ended = run_as_printed(*given_by(command))
    assert not ended.refused, f"{command}\n{ended.said}"
    assert (ended.results / "run.json").is_file()


# --- what pages say of their commands -------------------------------------------------------------
def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", index_col=0)


def says(page: str, words: str) -> None:
    """The page still says what a test tests."""
    assert one_line(words) in one_line(texts()[page])


def test_a_thin_tie_shrinks_the_saving_and_the_second_vpp_turns_to_the_grid():
    says("cooperation.ipynb", "the saving shrinks, and VPP2 buys from the grid again")
    thin = results_of("cooperation", "trade_limit=200")
    book = RESULTS / "cooperation"
    column = "ADMM, sequential"
    costs = [table(run, "certificate")[column]["upper bound (yuan)"] for run in (thin, book)]
    grid = [table(run, "figure_5")[["buy", "sell"]].abs().sum().sum() for run in (thin, book)]
    assert costs[0] > costs[1]
    assert grid[0] > grid[1]


def test_steps_of_half_a_tonne_end_on_the_last():
    says("carbon_models.ipynb", "end on the last step and to pay 904 yuan more than at the flat")
    short = results_of("carbon_models", "interval=0.5")
    total = table(short, "table_2")["total"]
    assert round(total.iloc[3] - total.iloc[0]) == 904
    excess = table(short, "table_2")["excess"].iloc[3]
    assert excess > 4 * 500
    assert not (short / "claims.csv").exists() or "B04" not in (short / "claims.csv").read_text()


def test_the_fifth_vpp_has_the_smallest_excess():
    says("carbon_models.ipynb", "smallest excess of the five, 3.80 t, and 127 yuan more")
    every = pd.read_csv(results_of("carbon_models", "vpp=VPP5") / "all_vpps.csv")
    planned = every[every["model"].str.startswith("4")].set_index("VPP")
    flat = every[every["model"].str.startswith("1")].set_index("VPP")
    assert planned["excess"].idxmin() == "VPP5"
    assert f"{planned.loc['VPP5', 'excess'] / 1000:.2f}" == "3.80"
    assert round(planned.loc["VPP5", "total"] - flat.loc["VPP5", "total"]) == 127


def test_a_flat_carbon_price_is_cheaper_for_all():
    says("dispatch_b.ipynb", "every VPP to pay less, together 358,495 yuan")
    flat = table(results_of("dispatch_b", "ladder_steps=1"), "cost_items").loc["total"]
    usual = table(RESULTS / "dispatch_b", "cost_items").loc["total"]
    assert (flat < usual).all()
    assert round(flat["cluster"]) == 358_495


def test_the_day_shaped_by_hand_has_a_little_more_energy():
    says("data_b.ipynb", "a little more energy, 1,160 MWh of load and 862 MWh of wind and sun")
    by_hand = results_of("data_b", "case=paper-b-handmade")
    for name, energy in (("figure_5_load", 1160), ("figure_5_renewable", 862)):
        total = table(by_hand, name).sum().sum()
        assert round(total) == energy
        assert total > table(RESULTS / "data_b", name).sum().sum()


def test_narrow_and_dear_ties_close_hours_and_leave_claims_alone():
    says("multiple_game.ipynb", "Expect a market in 10 hours and 11,603 yuan saved")
    narrow = results_of("multiple_game", "trade_limit=500 crossing_fee=0.05")
    assert table(narrow, "figure_7").notna().any(axis=1).sum() == 10
    assert round(table(narrow, "table_5").loc["total", "saved"]) == 11_603
    assert not (narrow / "claims.csv").exists()


def test_long_steps_come_to_rest_and_too_long_ones_do_not():
    says("multiple_game.ipynb", "still comes to rest, `demand=fixed price_step=1.5` does not")
    long_steps = "demand=fixed evolution_step=1.9 price_step=1.0"
    assert not run_as_printed("multiple_game", long_steps).refused
    too_long = run_as_printed("multiple_game", "demand=fixed price_step=1.5")
    assert too_long.refused
    assert "did not come to rest" in too_long.said


def test_the_parent_case_differs_in_what_the_page_names():
    says("data.ipynb", "only VPP2's heat load and photovoltaics and the trade limit differ")
    fitted = load_case("paper-a")
    parent = load_case("paper-a-parent")
    assert fitted.tie.limit != parent.tie.limit
    differ = {
        f"{one.name} {type(part).__name__} {part.label}".strip()
        for one, other in zip(fitted.vpps, parent.vpps, strict=True)
        for part, its_like in zip(one.components, other.components, strict=True)
        if any(
            not np.array_equal(getattr(part, field.name), getattr(its_like, field.name))
            for field in fields(part)
        )
    }
    assert differ == {"VPP2 HeatLoad", "VPP2 Renewable pv"}


def test_both_notes_on_runs_leave_the_books_results_untouched():
    says("one_vpp.ipynb", "Both leave the book's own results untouched.")
    before = {file: file.stat().st_mtime_ns for file in RESULTS.rglob("*") if file.is_file()}
    results_of("one_vpp", "vpp=VPP1")
    assert before == {
        file: file.stat().st_mtime_ns for file in RESULTS.rglob("*") if file.is_file()
    }


def test_the_end_of_a_run_is_told_as_printed():
    """With another folder in place of build/runs."""
    command = block_with("how-to-read.md", "sh", "NB=cooperation").strip()
    assert command in RUNS
    ended = run_as_printed(*given_by(command))
    into = ended.results.parent.parent
    told = ended.said.replace(str(into), "build/runs")
    assert one_line(told) == one_line(block_with("how-to-read.md", "text", "cooperation ran:"))


def test_a_run_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("VPPCORE_RESULTS", "elsewhere")
    restore({"VPPCORE_RESULTS": None, "VPPCORE_NEW": "1"})
    assert "VPPCORE_RESULTS" not in os.environ
    assert os.environ.pop("VPPCORE_NEW") == "1"
