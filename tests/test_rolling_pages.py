"""What the page on days in a row tables, says and draws is what its results say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_rolling import days_case, three_days

from vppcore import WrongInput, load_case
from vppcore.pages import (
    checks,
    experiments_rolling,
    figures_rolling,
    tables_rolling,
    words_rolling,
)
from vppcore.pages.study import check_parameters
from vppcore.rolling.run import roll

SAME = 1e-6
MEMBERS = pd.DataFrame(
    {
        "planned": [10.0, 30.0, 40.0],
        "grids settle": [-25.0, 20.0, -5.0],
        "members settle": [-20.0, 25.0, 5.0],
        "perfect forecasts": [5.0, 25.0, 30.0],
    },
    index=["A", "B", "all"],
)


@pytest.fixture(scope="module")
def runs():
    """Three days, of which the first is looked back at only: with persistence and as they come."""
    chosen = experiments_rolling.chosen_days(three_days(crossing_fee=0.01), {"first_day": 1})
    return chosen, experiments_rolling.runs_of(chosen, "auto")


# --- tables ---------------------------------------------------------------------------------------
def test_gains_by_day_and_by_member_add_up_to_the_worth_of_trade(runs):
    came = runs[1]["persistence"]
    for by in ("day", "vpp"):
        table = tables_rolling.gains(came, by)
        found = table.loc["all"].to_list()
        assert found == pytest.approx(came.worth()[["planned", "as it came"]].to_list())
    assert list(tables_rolling.gains(came, "day").index) == ["1", "2", "all"]


def test_the_same_days_are_run_with_both_forecasts(runs):
    chosen, found = runs
    assert list(found) == ["persistence", "perfect"] and chosen.count == 2
    assert list(found["perfect"].deviations.columns) == ["Home", "Shop"]
    assert len(found["perfect"].deviations) == len(found["persistence"].deviations) == 8
    both = [result.foresight.sum() for result in found.values()]
    assert both[0] == pytest.approx(both[1], rel=SAME)


def test_nothing_at_all_deviates_with_perfect_forecasts(runs):
    perfect = runs[1]["perfect"]
    assert not perfect.deviations.to_numpy().any()
    assert not perfect.days["deviation"].round(9).any()


def test_where_nothing_deviates_a_sentence_stands_for_tables_and_pictures_of_zeros(runs):
    perfect = runs[1]["perfect"]
    noisy = replace(perfect, days=perfect.days.assign(deviation=-7e-15))
    paid = tables_rolling.deviations_paid(noisy, noisy, 6.0)
    assert not paid.to_numpy().any()
    assert "came as planned" in tables_rolling.paid_on_page(paid, 2)._repr_markdown_()
    assert words_rolling.payers_said(paid) == ""
    left = perfect.deviations.sum(axis=1)
    assert figures_rolling.deviations(perfect.deviations, left, 4) is None


def test_who_pays_for_deviations_adds_up(runs):
    came = runs[1]["persistence"]
    grids = came.settled_by_the_grids()
    paid = tables_rolling.deviations_paid(came, grids, 6.0)
    total = paid.loc["all"]
    assert total["from members (kWh)"] == pytest.approx(total["to members (kWh)"])
    drawn = total["draws more (kWh)"] - total["draws less (kWh)"]
    assert drawn == pytest.approx(6.0 * came.deviations.to_numpy().sum())
    worth = came.worth()
    more = total["members settle (yuan)"] - total["alone (yuan)"]
    assert worth["planned"] - worth["as it came"] == pytest.approx(more)


def test_what_is_stored_when_days_end_is_what_the_next_day_begins_with(runs):
    chosen, found = runs
    stored = tables_rolling.stored(found["persistence"], chosen.case)
    assert list(stored.columns) == ["Home"]
    ends = tables_rolling.at_the_end_of_days(stored, chosen.steps_of_a_day)
    assert ends["Home"].to_list() == stored["Home"].iloc[[3, 7]].to_list()
    assert tables_rolling.stored_at_the_start(chosen.case).to_dict() == {"Home": 5.0}


def test_a_last_day_that_is_cut_short_has_an_end_too():
    stored = pd.DataFrame({"A": np.arange(10.0)})
    assert tables_rolling.at_the_end_of_days(stored, 4)["A"].to_list() == [3.0, 7.0, 9.0]


# --- which days -----------------------------------------------------------------------------------
def test_one_day_is_known_in_advance_and_several_are_looked_back_at():
    assert experiments_rolling.chosen_days(load_case("paper-a"), {}).forecasts == "perfect"
    chosen = experiments_rolling.chosen_days(three_days(), {"members": None, "days": None})
    assert (chosen.forecasts, chosen.first, chosen.count) == ("persistence", 5, 2)
    assert chosen.lived.vpps[0].steps == 8


def test_members_and_days_are_cut_from_the_case():
    week = load_case("simbench-semiurb")
    chosen = experiments_rolling.chosen_days(week, {"members": 3, "first_day": 2, "days": 2})
    assert chosen.case.names == list(week.names)[:3]
    first = week.vpps[2].component("electric_load").forecast[24:72]
    assert chosen.case.vpps[2].component("electric_load").forecast.tolist() == first.tolist()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"first_day": 4}, "first_day: found 4; allowed in .*: 1 to 3"),
        ({"days": 3, "first_day": 2}, "days: found 3; allowed in .* from day 2 on: 1 to 2"),
        ({"members": 1}, "found 1 member; allowed: two members or more with a tie"),
        ({"days": 1, "forecasts": "persistence"}, "persistence for a single day"),
        ({"plan_hours": 12.0}, "less than keep_hours"),
        ({"keep_hours": 20.0}, "with steps of 6 h; allowed: whole steps"),
    ],
)
def test_what_a_case_does_not_have_is_refused_before_anything_is_solved(parameters, words):
    with pytest.raises(WrongInput, match=words):
        experiments_rolling.chosen_days(three_days(), parameters)


def test_a_case_without_a_tie_has_no_trades_to_ask_for():
    with pytest.raises(WrongInput, match="found no tie"):
        experiments_rolling.chosen_days(replace(three_days(), tie=None), {})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"plan_hours": 12.0}, "plan_hours: found 12 h, less than keep_hours = 24"),
        ({"case": "paper-a", "days": 2}, "days: found 2; allowed in paper-a"),
        ({"case": "paper-a", "forecasts": "persistence"}, "persistence for a single day"),
        ({"forecasts": "tomorrow"}, "forecasts: found 'tomorrow'; allowed: perfect, persistence"),
        ({"price_share": 1.5}, "price_share: found 1.5"),
        ({"members": 0}, "members: found 0"),
    ],
)
def test_the_page_refuses_before_a_kernel_starts(values, words):
    with pytest.raises(WrongInput, match=words):
        check_parameters("rolling", values)


# --- sentences ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("worth", "words"),
    [
        ((200.0, 100.0, 180.0), "was to save 200 yuan; as the days came it saved 100"),
        ((200.0, -50.0, 80.0), "as the days came it cost 50.0 more than none"),
        ((200.0, 200.0, 200.0), "Trade saves 200 yuan, as planned; who knew all days"),
    ],
)
def test_what_trade_is_worth_is_said_for_each_outcome(worth, words):
    row = pd.Series(worth, ["planned", "as it came", "with foresight"])
    assert words in words_rolling.worth_said(row)


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (92.0, "worth 46 % of what was planned"),
        (-1.0, "alone all would have paid less"),
        (0.01, "Nothing of what was planned"),
        (200.0, ""),
    ],
)
def test_the_verdict_follows_what_came(came, words):
    row = pd.Series({"planned": 200.0, "as it came": came})
    said = words_rolling.verdict_said(row)
    assert words in said and bool(said) == bool(words)


def test_who_lost_and_whom_settling_helps():
    assert "A lost by trade: 20.0 yuan, and was to gain 10.0." in words_rolling.members_said(
        MEMBERS
    )
    assert words_rolling.spared_said(MEMBERS) == (
        "Settling among members is worth 10.0 yuan and helps A and B."
    )
    fine = MEMBERS.assign(**{"members settle": MEMBERS["planned"]})
    assert words_rolling.members_said(fine) == "As the days came, no member lost by trade."


def test_days_and_forecasts_are_compared():
    days = pd.DataFrame({"as it came": [5.0, -2.0, 3.0]}, ["1", "2", "all"])
    assert "helped on 1 of 2 days: it saved most on day 1" in words_rolling.worst_day_said(days)
    assert words_rolling.worst_day_said(days.iloc[[0, 2]]) == ""
    worth = pd.DataFrame({"as it came": [100.0, 180.0]}, ["persistence", "perfect"])
    assert "saves 80.0 yuan more than with persistence" in words_rolling.forecasts_said(worth)


def test_what_stores_hold_at_midnight_is_said_only_if_it_moves():
    starts = pd.Series({"A": 5.0})
    moved = pd.DataFrame({"A": [9.0, 2.0, 5.0]}, [1, 2, 3])
    assert "between 2.00 kWh and 9.00 kWh (most after day 1)" in words_rolling.stored_said(
        moved, starts
    )
    still = pd.DataFrame({"A": [5.0, 5.0]}, [1, 2])
    assert "as full as they began" in words_rolling.stored_said(still, starts)
    assert "No member has a store" in words_rolling.stored_said(pd.DataFrame(), starts)


def test_one_day_is_said_to_be_one():
    assert "the page shows a plan that is kept" in words_rolling.one_day_said(1, "perfect")
    assert words_rolling.one_day_said(2, "perfect") == ""


# --- pictures and checks --------------------------------------------------------------------------
def test_deviations_are_drawn_with_their_sum_and_the_ends_of_days():
    table = pd.DataFrame({"A": [1.0, -2.0, 0.0, 4.0], "B": [1.0, 1.0, -1.0, 0.0]}, [5, 6, 7, 8])
    axes = figures_rolling.deviations(table, table.sum(axis=1), 2)
    dotted = [line.get_xdata()[0] for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert dotted == [6.5]
    sums = [line for line in axes.get_lines() if line.get_label() == "all together"]
    assert sums[0].get_ydata().tolist() == [2.0, -1.0, -1.0, 4.0]


def test_nothing_is_drawn_where_nobody_has_a_store():
    assert figures_rolling.stored(pd.DataFrame(index=[1, 2]), 1) is None
    axes = figures_rolling.stored(pd.DataFrame({"A": [1.0, 2.0]}, [1, 2]), 1)
    marks = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert marks[0].get_ydata().tolist() == [1.0, 2.0]


def test_payments_that_do_not_add_up_are_noticed():
    paid = pd.DataFrame({"paid": [1.0, -1.0], "settled": [2.0, -2.0]})
    costs = pd.Series([10.0, 10.0])
    assert checks.adds_to_zero(paid, costs)[0]
    assert not checks.adds_to_zero(paid.assign(settled=[2.0, -1.0]), costs)[0]


def test_who_settles_is_counted_after_the_day():
    whole = days_case([0, 9, 7, 0, 0, 4, 9, 0], [1, 2, 2, 3] * 2, [2, 5, 6, 3, 2, 4, 6, 9])
    members = roll(whole, forecasts="persistence")
    grids = roll(whole, forecasts="persistence", settlement="tariff")
    counted = members.settled_by_the_grids()
    pd.testing.assert_frame_equal(counted.days, grids.days, check_exact=False, rtol=SAME, atol=1e-9)
    assert not counted.balanced.to_numpy().any()
    assert members.cost <= counted.cost * (1 + SAME)
