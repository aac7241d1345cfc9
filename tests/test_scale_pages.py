"""The page on scale: its example, its tables, its sentences and its pictures."""

from __future__ import annotations

import importlib.util
import json
import math

import numpy as np
import pandas as pd
import pytest
import sources_scale as second
from drawn import line, panels_of, told
from scipy import sparse

from vppcore import load_case
from vppcore.fleet import Batch, price_newton
from vppcore.grid.feeder import load_feeder
from vppcore.grid.placement import default_placement
from vppcore.pages import experiments_scale as scale
from vppcore.pages import figures, figures_scale, words_scale
from vppcore.places import PROJECT


@pytest.fixture(scope="module")
def small():
    return price_newton(load_case("paper-a-parent"))


# --- the example by hand --------------------------------------------------------------------------
def rounds_by_hand() -> list[scale.Round]:
    first = scale.round_by_hand(scale.BEGINNING, scale.LOAD, scale.CENTRES[0])
    return [first, scale.round_by_hand(first.plants, scale.LOAD, scale.CENTRES[1])]


@pytest.mark.parametrize("number", [1, 2])
def test_a_round_by_sums_of_slopes_is_a_newton_step_on_all_conditions_at_once(number):
    found = rounds_by_hand()[number - 1]
    assert found.price == pytest.approx(second.price_after(number))
    assert found.upper == pytest.approx(second.cost_after(number))
    assert found.lower == pytest.approx(second.bound_after(number))
    for vpp, plant in enumerate(found.plants):
        assert plant.made == pytest.approx(second.made_after(number, vpp))
        assert plant.low == pytest.approx(second.multiplier_after(number, vpp, "low"))
        assert plant.high == pytest.approx(second.multiplier_after(number, vpp, "high"))
        assert min(plant.low, plant.high, plant.made, plant.most - plant.made) > 0


def test_price_newton_finds_the_optimum_of_the_example():
    """Two columns each: what it makes, and its net trade; makes + receives = load."""
    batch = Batch(
        names=("A", "B"),
        matrix=sparse.csr_matrix([[1.0, 1.0]]),
        trade=sparse.csr_matrix([[0.0, 1.0]]),
        row_low=np.array([[2.0, 4.0]]),
        row_high=np.array([[2.0, 4.0]]),
        cost=np.array([[0.2, 0.6], [0.0, 0.0]]),
        curvature=np.zeros((2, 2)),
        column_low=np.array([[0.0, 0.0], [-np.inf, -np.inf]]),
        column_high=np.array([[10.0, 10.0], [np.inf, np.inf]]),
        constant=np.zeros(2),
    )
    found = price_newton([batch])
    best_bound = max(each.lower for each in rounds_by_hand())
    assert found.upper == pytest.approx(best_bound)
    assert found.lower == pytest.approx(best_bound)
    assert found.prices == pytest.approx([0.2], abs=1e-6)


@pytest.mark.parametrize("centre", scale.CENTRES)
def test_what_is_made_at_a_price_meets_the_condition(centre):
    for price in (0.0, 0.2, 0.37, 0.9):
        for plant in scale.BEGINNING:
            made = scale.made_at(plant, price, centre)
            low, high = centre / made, centre / (plant.most - made)
            assert plant.cost - price - low + high == pytest.approx(0.0, abs=1e-6)


# --- tables ---------------------------------------------------------------------------------------
def test_methods_agree_and_bounds_hold():
    table = scale.methods_compared(load_case("paper-a-parent"), [3], seed=1)
    costs = table["cost"]
    assert costs.to_numpy() == pytest.approx(costs.iloc[0], rel=1e-6)
    assert table["lower bound"].iloc[0] <= costs.min() * (1 + 1e-6)
    assert "agree" in words_scale.methods_agree(table)
    spoilt = table.assign(cost=costs * [1.0, 1.1, 1.0])
    assert "differ by up to 9.1 %" in words_scale.methods_agree(spoilt)


def test_forms_are_told_apart_where_pair_limits_bind():
    cases = {name: load_case(name) for name in ("paper-a-parent", "paper-a")}
    table = scale.forms_compared(cases, "auto")
    said = words_scale.forms_said(table)
    assert "the same for paper-a-parent." in said
    apart = second.in_pairs("paper-a") - second.on_the_exchange("paper-a")
    assert f"For paper-a the limits of pairs bind: the exchange is cheaper by {apart:.1f}" in said
    assert (table["carried out"] >= table["in pairs"] * (1 - 1e-7)).all()


# --- the stored benchmark -------------------------------------------------------------------------
def made_up() -> pd.DataFrame:
    """Ours grows linearly, the other with the square, until it does not end."""
    rows = [("price-Newton", n, "solved", 0.01 * n, math.nan) for n in (10, 100, 1000)]
    rows += [("other", n, "solved", 0.0005 * n**2, math.nan) for n in (10, 100)]
    rows.append(("other", 1000, "not finished in 9 s", math.nan, math.nan))
    rows.append(("absent", math.nan, "not installed", math.nan, math.nan))
    rows.append(("price-Newton", math.nan, "fitted exponent", math.nan, 1.0))
    table = pd.DataFrame(rows, columns=["method", "vpps", "status", "cpu_seconds", "exponent"])
    told_of = {"date": "2026-01-01", "machine": "1 core", "python": "3", "versions": "v"}
    return table.assign(**told_of, fleet="x, seed 1")


def test_sentences_on_a_benchmark_follow_its_rows():
    table = made_up()
    won = words_scale.who_wins(table)
    assert "Up to 10 VPPs" in won and "at 10 it is other" in won
    assert "At 100 VPPs the quickest of them, other, needs 5.0 times as much" in won
    assert words_scale.where_it_stops(table).endswith("other at 1,000 VPPs.")
    assert "with the power 1.00" in words_scale.growth(table)
    assert "goes to 1,000 VPPs" in words_scale.growth(table)
    assert "below one" not in words_scale.growth(table)
    assert "below one" in words_scale.growth(table.assign(exponent=table["exponent"] * 0.8))
    counted = table.assign(rounds=[12, 20, 50, *[math.nan] * 5])
    grown = words_scale.rounds_grown(counted)
    assert "12 rounds for 10 VPPs and 50 for 1,000; what a round costs" in grown
    dearer = counted.assign(cpu_seconds=table["cpu_seconds"] ** 3)
    assert words_scale.rounds_grown(dearer).endswith("50 for 1,000.")
    chapter = words_scale.benchmark_for_chapter(table)
    assert won in chapter and "2026-01-01" in chapter


def with_other_ways() -> pd.DataFrame:
    """The same table with talks and with two workers, who need a quarter more."""
    table = made_up()
    ours = table[(table["method"] == "price-Newton") & (table["status"] == "solved")]
    ours = ours.assign(wall_seconds=ours["cpu_seconds"], gap=1e-9, rounds=12)
    talks = ours.assign(method=scale.TALKS, rounds=60, gap=1e-4)
    workers = ours.assign(method=scale.WORKERS, cpu_seconds=1.25 * ours["cpu_seconds"])
    others = table[table["method"] != "price-Newton"]
    return pd.concat([ours, others, talks, workers])


def test_talks_and_workers_are_no_rivals_but_have_sentences_of_their_own():
    table = with_other_ways()
    assert words_scale.who_wins(table) == words_scale.who_wins(made_up())
    assert "60 rounds" in words_scale.privacy_in_benchmark(table)
    said = words_scale.workers_in_benchmark(table)
    assert "used 1.2 times" in said or "used 1.3 times" in said
    assert "1.6 times as fast at most" in said
    busy = table["method"] == scale.WORKERS
    dearer = table.assign(cpu_seconds=table["cpu_seconds"].where(~busy, 4 * table["cpu_seconds"]))
    assert "gain no time" in words_scale.workers_in_benchmark(dearer)
    assert words_scale.privacy_in_benchmark(made_up()) == ""
    assert words_scale.workers_in_benchmark(made_up()) == ""


def test_telling_less_takes_more_rounds():
    table = scale.privacy_compared(load_case("template"), n=4, seed=1)
    talks, prices = table.loc[scale.TALKS], table.loc[scale.OURS]
    assert talks["rounds"] > prices["rounds"] and talks["gap"] > prices["gap"]
    said = words_scale.privacy_said(table)
    assert "times as many rounds" in said and "times less" in said
    swapped = table.rename({scale.TALKS: scale.OURS, scale.OURS: scale.TALKS})
    assert "no more rounds" in words_scale.privacy_said(swapped)


def test_limits_of_voltages_cost_what_they_cost():
    case = load_case("paper-a-parent")
    feeder = load_feeder("ieee33")
    wide = scale.feeder_compared(case, default_placement(case, feeder, low=0.5, high=1.5))
    narrow = scale.feeder_compared(case, default_placement(case, feeder))
    assert words_scale.on_feeder_said(wide).startswith("The limits cost nothing.")
    dearer = narrow["within limits"].iloc[0] - narrow["without limits"].iloc[0]
    assert dearer > 0 and f"costs {dearer:,.0f} yuan more" in words_scale.on_feeder_said(narrow)


def test_the_stored_benchmark_holds_what_it_promises():
    table = scale.stored_benchmark()
    runs = table[table["status"] == "solved"]
    assert not runs.duplicated(["method", "vpps"]).any()
    for _, same in runs[runs["vpps"] <= 300].groupby("vpps"):
        assert same["upper"].to_numpy() == pytest.approx(same["upper"].iloc[0], rel=1e-3)
    ours = runs[runs["method"] == "price-Newton"]
    assert (ours["lower"] <= ours["upper"]).all() and (ours["gap"] <= 1e-6).all()
    assert ours["vpps"].max() >= 1000
    points = np.log(ours.loc[ours["vpps"] >= 30, ["vpps", "cpu_seconds"]].to_numpy(float))
    power = np.polyfit(*points.T, 1)[0]
    assert scale.exponents(table)["price-Newton"] == pytest.approx(power, abs=1e-6)


def test_published_sizes_are_marked_by_their_kind():
    sizes = scale.published_sizes()
    said = words_scale.published_said(sizes)
    for row in sizes.itertuples():
        assert row.source in said and f"{row.participants:,}" in said
    assert "single period" in said


# --- a run ----------------------------------------------------------------------------------------
def test_sentences_on_a_run_follow_its_bounds(small):
    said = words_scale.bounds_met(small)
    assert "For 3 VPPs" in said and f"{small.rounds} rounds" in said and "62,610.364" in said
    rounds = words_scale.rounds_seen(small.history)
    near = int(small.history.index[small.history["gap"] <= 0.01][0])
    assert f"After {near} rounds they are within one per cent" in rounds


def test_a_rising_cost_is_mentioned_only_where_it_rises():
    falls = pd.DataFrame({"cost": [3.0, 2.0, 1.0], "lower": [0.0, 0.5, 1.0]})
    falls["gap"] = falls["cost"] - falls["lower"]
    assert "rise" not in words_scale.rounds_seen(falls)
    rises = falls.assign(cost=[2.0, 3.0, 1.0])
    assert "may rise" in words_scale.rounds_seen(rises)


# --- pictures -------------------------------------------------------------------------------------
@pytest.mark.usefixtures("fresh_style")
def test_the_picture_of_bounds_shows_the_history(small):
    above, below = panels_of(figures_scale.bounds_over_rounds(small.history))
    _, lower = line(above, "lower bound")
    assert np.asarray(lower) * 1000 == pytest.approx(small.history["lower"].to_numpy())
    assert len(below.get_lines()[0].get_ydata()) == small.rounds + 1
    assert "gap falls" in told(below)


@pytest.mark.usefixtures("fresh_style")
def test_the_picture_of_times_has_a_line_for_each_method_and_the_fitted_power():
    axes = figures_scale.time_over_size(made_up(), scale.published_sizes())
    sizes, seconds = line(axes, "price-Newton, power 1.00")
    assert list(sizes) == [10, 100, 1000] and seconds == pytest.approx([0.1, 1.0, 10.0])
    assert list(line(axes, "other")[0]) == [10, 100]
    assert axes.get_xscale() == axes.get_yscale() == "log"


@pytest.mark.usefixtures("fresh_style")
def test_answers_rise_with_the_price_and_stay_within_limits():
    axes = figures_scale.answers_to_prices(scale.BEGINNING, scale.LOAD, scale.CENTRES)
    for centre in scale.CENTRES:
        _, made = line(axes, f"centre {centre:g} yuan")
        assert (np.diff(made) > 0).all() and 0 < min(made) < max(made) < 20


# --- the command ----------------------------------------------------------------------------------
def benchmark():
    file = PROJECT / "benchmarks" / "fleet.py"
    spec = importlib.util.spec_from_file_location("fleet_benchmark", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_run_of_the_benchmark_prints_bounds(capsys):
    module = benchmark()
    for method in ("price-Newton", "HiGHS simplex", "Clarabel"):
        module.one_run(method, 3)
        row = json.loads(capsys.readouterr().out)
        assert row["status"] == "solved" and abs(row["gap"]) < 1e-6 and row["peak_mb"] > 0


def test_tables_of_several_runs_become_one(tmp_path):
    module = benchmark()
    rows = [
        {"method": "price-Newton", "vpps": n, "status": "solved", "cpu_seconds": n / 100}
        for n in (30, 100, 1000)
    ]
    module.write(rows[:2], [tmp_path / "one.csv"])
    module.write(rows[1:], [tmp_path / "other.csv"])
    module.write(
        module.joined([tmp_path / "one.csv", tmp_path / "other.csv"]), [tmp_path / "both.csv"]
    )
    table = pd.read_csv(tmp_path / "both.csv")
    assert list(table["vpps"].dropna()) == [30, 100, 1000]
    assert table["exponent"].dropna().iloc[0] == pytest.approx(1.0)


assert figures  # its style is used by the fixture
