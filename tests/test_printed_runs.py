"""Every `make run` that a page prints is run, and does what the page says of it."""

from __future__ import annotations

import json
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
from vppcore.places import PROJECT, RESULTS

# cases that a page tells the reader to make first; a template stands for the reader's own
MADE_FROM_A_TEMPLATE = {
    "data/mine": "template",
    "mine": "template",
    "data/valley": str(PROJECT / "data" / "templates" / "feeder"),
}


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
    for name, template in MADE_FROM_A_TEMPLATE.items():
        parameters = parameters.replace(f"={name}", f"={template}")
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
    assert (ended.results.parent / "run.html").stat().st_size


# --- what pages say of their commands -------------------------------------------------------------
def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", index_col=0)


def says(page: str, words: str) -> None:
    """The page still says what a test tests."""
    assert one_line(words) in one_line(texts()[page])


def test_a_thin_tie_shrinks_the_saving_and_the_second_vpp_turns_to_the_grid():
    says(
        "cooperation.ipynb", "saving shrinks to less than a half, and VPP2 buys more from the grid"
    )
    thin = results_of("cooperation", "trade_limit=200")
    book = RESULTS / "cooperation"
    saved = [table(run, "saving_by_item").loc["total", "cluster"] for run in (thin, book)]
    bought = [table(run, "figure_5")["buy"].sum() for run in (thin, book)]
    assert saved[0] < saved[1] / 2
    assert bought[0] > bought[1]


def test_a_larger_penalty_needs_half_the_rounds_and_saves_as_much():
    says("cooperation.ipynb", "take about half as many rounds, and the saving is the same")
    large, book = results_of("cooperation", "penalty=3e-4 solver=gurobi"), RESULTS / "cooperation"
    rounds = [table(run, "figure_a1").index.size for run in (large, book)]
    assert 0.4 < rounds[0] / rounds[1] < 0.6
    saved = [table(run, "saving_by_item").loc["total", "cluster"] for run in (large, book)]
    assert saved[0] == pytest.approx(saved[1], rel=1e-6)


def test_equal_weights_and_a_higher_fee_do_what_the_page_says():
    says("bargaining.ipynb", "each VPP then gains a third of the saving")
    gains = table(results_of("bargaining", "weights=equal"), "table_1")["gain"]
    assert gains.drop("cluster").to_numpy() == pytest.approx(gains["cluster"] / 3, rel=1e-6)
    says("bargaining.ipynb", "the saving falls by about a quarter")
    dear = table(results_of("bargaining", "crossing_fee=0.05"), "table_1").loc["cluster", "gain"]
    usual = table(RESULTS / "bargaining", "table_1").loc["cluster", "gain"]
    assert dear / usual == pytest.approx(0.75, abs=0.03)


def test_fewer_hits_cost_less_and_heat_can_be_hit():
    says("worst_day.ipynb", "with fewer hits the day costs less")
    few = table(results_of("worst_day", "level=4"), "cost")["worst day"]
    assert (few < table(RESULTS / "worst_day", "cost")["worst day"]).all()
    says("worst_day.ipynb", "heat is then hit in one hour, too")
    hours = table(results_of("worst_day", "level=1 series='load heat wind pv'"), "hours")
    assert (hours.loc["heat"].astype(str).str.count(",") == 0).all()


def test_half_a_hit_costs_less_than_a_third_of_two():
    says("uncertainty.ipynb", "costs less than a third of what two full ones cost")
    small = table(results_of("uncertainty", "deviation=0.1 levels='0 1'"), "figure_8")
    book = table(RESULTS / "uncertainty", "figure_8")
    for mode in ("alone", "together"):
        grown = small.loc[1, mode] - small.loc[0, mode]
        assert 0 < grown < (book.loc[2, mode] - book.loc[0, mode]) / 3


def test_longer_errors_spread_the_days_and_level_12_gains_the_tail_nothing():
    says("out_of_sample.ipynb", "the days lie further apart")
    long = table(results_of("out_of_sample", "persistence=0.98 samples=50 levels=4"), "costs")
    book = table(RESULTS / "out_of_sample", "costs")
    assert long["nominal"].std() > book["nominal"].std()
    says("out_of_sample.ipynb", "what level 12 does in the tail is the same")
    few = results_of("out_of_sample", "levels='4 12' samples=200")
    for run in (few, RESULTS / "out_of_sample"):
        tail = table(run, "price_of_robustness")["mean of worst 5 %"]
        assert tail["robust 4"] < 0 < tail["robust 12"]


def test_narrow_and_dear_ties_close_hours_and_leave_claims_alone():
    says("multiple_game.ipynb", "Expect a market in 10 hours and 11,603 yuan saved")
    narrow = results_of("multiple_game", "trade_limit=500 crossing_fee=0.05")
    assert table(narrow, "figure_7").notna().any(axis=1).sum() == 10
    assert round(table(narrow, "table_5").loc["total", "saved"]) == 11_603
    assert not (narrow / "claims.csv").exists()


def test_equal_bargaining_power_moves_gains_and_no_cost():
    says("mechanisms.ipynb", "Expect gains to move, 14,989 yuan for each VPP, and no cost.")
    equal, book = results_of("mechanisms", "weights=equal"), RESULTS / "mechanisms"
    assert table(equal, "gains")["bargaining"].round().eq(14_989).all()
    costs = [table(run, "summary")["cost (yuan)"].to_numpy() for run in (equal, book)]
    assert costs[0] == pytest.approx(costs[1])


def test_a_dearer_peak_and_one_price_make_the_week_dearer():
    says("community.ipynb", "Expect a dearer week, and trade that saves more.")
    ways = ["alone (EUR)", "together (EUR)"]
    book = table(RESULTS / "community", "devices").loc["as it is", ways]
    dear = results_of("community", "peak_price=20")
    charged = table(dear, "devices").loc["as it is", ways]
    assert (charged > book).all() and charged.iloc[0] - charged.iloc[1] > book.iloc[0] - book.iloc[
        1
    ]
    says("community.ipynb", "Expect a dearer week, alone and together, and nothing to compare")
    flat = results_of("community", "dynamic=0")
    assert (table(flat, "devices").loc["as it is", ways] > book).all()
    assert not (flat / "tariffs.csv").exists()
    says("community.ipynb", "Expect nothing on cars and tanks, which it lacks")
    shop = results_of("community", "case=template vpp=Shop")
    assert not (shop / "grid_check.csv").exists()
    assert {*table(shop, "devices").index} <= {"as it is", "no batteries"}


def test_a_sharper_certificate_takes_more_iterations():
    says("mechanisms.ipynb", "takes more iterations than the 73 of the book's run")
    sharp, book = results_of("mechanisms", "tolerance=1e-5"), RESULTS / "mechanisms"
    iterations = [json.loads((run / "run.json").read_text())["iterations"] for run in (sharp, book)]
    assert iterations[0] > iterations[1] == 73


def test_narrow_ties_leave_the_plan_the_best():
    says("mechanisms.ipynb", "less is saved, and still no game beats the plan made together")
    narrow, book = results_of("mechanisms", "trade_limit=500"), RESULTS / "mechanisms"
    saved = [table(run, "summary")["saved (yuan)"] for run in (narrow, book)]
    assert (saved[0].iloc[1:] < saved[1].iloc[1:]).all()
    assert saved[0].idxmax() == saved[0].index[-1]


def test_plans_that_end_at_midnight_fill_stores_as_they_began():
    says("rolling.ipynb", "Expect stores that are as full at every midnight as they began.")
    run = results_of("rolling", "plan_hours=24 days=4")
    ends = table(run, "stored_at_the_end_of_days")
    assert len(ends) == 3
    assert (ends - ends.iloc[-1]).abs().to_numpy().max() <= 1e-6 * ends.to_numpy().max()
    book = table(RESULTS / "rolling", "stored_at_the_end_of_days")
    assert (book - book.iloc[-1]).abs().to_numpy().max() > 0.1 * book.to_numpy().max()


def test_all_feeders_lose_by_trade_on_three_days_and_a_single_day_has_no_deviations():
    says("rolling.ipynb", "Expect trades that cost more than they save.")
    all_nine = table(results_of("rolling", "members=None days=4"), "worth")
    assert all_nine.loc["persistence", "as it came"] < 0 < all_nine.loc["perfect", "as it came"]
    says("rolling.ipynb", "Nothing deviates there, and the page says so.")
    one_day = results_of("rolling", "case=paper-a")
    assert not table(one_day, "deviations").to_numpy().any()
    assert "Nothing deviates from the plans." in (one_day.parent / "run.html").read_text("utf-8")


def test_one_feeder_earns_money_alone_and_gains_most():
    says("real_week.ipynb", "Expect the one feeder that earns money alone; it gains most of all.")
    week = table(results_of("real_week", "vpp=VPP5"), "before_and_after").drop(index="cluster")
    assert list(week.index[week["alone"] < 0]) == ["VPP5"]
    assert week["gain"].idxmax() == "VPP5"


def test_stricter_limits_leave_less_of_the_saving():
    says("deliverable.ipynb", "Expect less of the saving to be left at every placement.")
    strict, book = results_of("deliverable", "low=0.97 high=1.03"), RESULTS / "deliverable"
    saved = [table(run, "limited").loc["saving (yuan)"] for run in (strict, book)]
    assert (saved[0] < saved[1].reindex(saved[0].index)).all()


def test_a_fuller_feeder_has_lower_voltages():
    says("deliverable.ipynb", "Expect lower voltages than with half the customers.")
    full, book = results_of("deliverable", "background=0.8"), RESULTS / "deliverable"
    lowest = [table(run, "blind")["lowest voltage"].to_numpy() for run in (full, book)]
    assert (lowest[0] < lowest[1]).all()


def test_equal_weights_make_two_columns_one():
    says("fairness_study.ipynb", "Expect the columns *Nash bargaining* and *equal* to be one.")
    equal = results_of("fairness_study", "weights=equal cases='paper-a paper-b'")
    gains = table(equal, "splits")
    assert gains["Nash bargaining"].to_numpy() == pytest.approx(gains["equal"].to_numpy())


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


def test_the_fitted_case_has_three_calibrated_numbers():
    says("data.ipynb", "three numbers have the status *calibrated*")
    assert table(results_of("data", "case=paper-a"), "statuses").loc["calibrated", "numbers"] == 3


def test_what_the_notes_on_one_vpp_promise():
    says("one_vpp.ipynb", "the VPP with wind, which has no region")
    assert not (results_of("one_vpp", "vpp=VPP1") / "region.csv").exists()
    says("one_vpp.ipynb", "there one more kWh of load earns VPP2 up to 0.31 yuan")
    fitted = results_of("one_vpp", "case=paper-a")
    assert table(fitted, "prices")["electricity"].min() == pytest.approx(-0.31, abs=0.005)
    says("one_vpp.ipynb", "and VPP2 alone needs binaries")
    cheap = table(fitted, "relaxation")["too cheap by"]
    assert list(cheap.index[cheap > 0.01]) == ["VPP2"]


def test_runs_with_other_parameters_leave_the_books_results_untouched():
    says("one_vpp.ipynb", "None of them touches the book's own results.")
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
    into = ended.results.parents[2]
    told = one_line(ended.said.replace(str(into), "build/runs"))
    printed = block_with("how-to-read.md", "text", "cooperation ran:").splitlines()
    for line in printed:
        assert line == "..." or one_line(line) in told, line


def test_a_run_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("VPPCORE_RESULTS", "elsewhere")
    restore({"VPPCORE_RESULTS": None, "VPPCORE_NEW": "1"})
    assert "VPPCORE_RESULTS" not in os.environ
    assert os.environ.pop("VPPCORE_NEW") == "1"
