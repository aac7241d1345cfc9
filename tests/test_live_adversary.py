"""Be the adversary: the page's problem is the recourse, and no day of a budget beats the worst."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from builders import grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import WrongInput, load_case, worst_case
from vppcore.live import adversary as live
from vppcore.live.problem import as_data, from_data
from vppcore.pages import tables, words_uncertainty
from vppcore.pages.live import adversary
from vppcore.pages.rules import hits_in
from vppcore.pages.study import check_parameters
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.worst_day import enumerate_days, reaction_to
from vppcore.warm import WarmLinear

DOUBT = {"series": ("wind", "load", "pv"), "deviation": 0.2, "pv_share": 0.5, "limits": "forecast"}
ALIKE = 1e-9


def doubt_at(level: int, **changes) -> Uncertainty:
    return at_level(level, **{**DOUBT, **changes})


@pytest.fixture(scope="module")
def vpp1():
    return load_case("paper-a-parent").vpp("VPP1")


@pytest.fixture(scope="module")
def shown(vpp1):
    """The page's problem, its knobs and the worst days of the book."""
    return live.be_the_adversary(vpp1, 12, DOUBT)


def cost_of(problem, sizes) -> float:
    return WarmLinear("page").value(problem.program(sizes))


def sizes(day, deviation=0.2):
    return live.sizes_of({"hits": day, "deviation": deviation})


def some_day(random, budgets, steps=24):
    """A day of a budget, at random."""
    return {
        series: sorted(
            random.choice(np.arange(1, steps + 1), random.integers(0, most + 1), replace=False)
        )
        for series, most in budgets.items()
    }


def the_worst(shown, level, deviation=0.2):
    (day,) = [
        day for day in shown[2] if (day["level"], day["deviation"]) == (level, deviation)
    ]  # fmt: skip
    return day


# --- the page's problem ---------------------------------------------------------------------------
@given(seed=st.integers(0, 2**31), deviation=st.sampled_from([0.1, 0.2, 0.3]))
@settings(max_examples=15, deadline=None)
def test_a_day_in_the_page_costs_what_the_recourse_says(vpp1, shown, seed, deviation):
    day = some_day(np.random.default_rng(seed), {"wind": 12, "load": 12})
    reaction = reaction_to(vpp1, doubt_at(12, deviation=deviation), day)
    found = cost_of(shown[0], sizes(day, deviation))
    assert found == pytest.approx(reaction.relaxed, rel=ALIKE)


def test_a_vpp_with_sun_and_limits_on_the_actual_load_is_stated_alike():
    vpp2 = load_case("paper-a-parent").vpp("VPP2")
    doubt = doubt_at(6, limits="actual")
    problem = live.a_day(vpp2, doubt)
    day = {"pv": [10, 12], "load": [20, 21, 22]}
    expected = reaction_to(vpp2, doubt, day).relaxed
    assert cost_of(problem, sizes(day)) == pytest.approx(expected, rel=ALIKE)


def test_what_is_drawn_is_the_schedule_s(vpp1, shown):
    """Second road: purchase and feed-in at the tariff are what the prices of a kWh say at most."""
    problem, _, _ = shown
    day = sizes({"wind": [13], "load": [13]})
    point = WarmLinear("page").solve(problem.program(day))
    bought = problem.output("from the grid", point.x, day)
    stored = problem.output("from stores", point.x, day)
    rows, factor = problem.prices["kWh"]
    price = -point.multipliers[rows] * factor
    (tariff,) = vpp1.with_role("grid")
    assert price[bought > 1e-6] == pytest.approx(tariff.buy_price[bought > 1e-6])
    assert price[bought < -1e-6] == pytest.approx(tariff.sell_price[bought < -1e-6])
    (battery,) = vpp1.with_role("store")
    assert stored.max() <= battery.discharge_max * (1 + ALIKE)
    assert problem.output("missing", point.x, day).item() == pytest.approx(0, abs=1e-6)


# --- the worst days -------------------------------------------------------------------------------
def test_every_level_and_deviation_has_a_worst_day_of_its_budget(shown):
    _, knobs, days = shown
    chosen = {(day["level"], day["deviation"]) for day in days}
    assert chosen == {(level, size) for level in range(1, 13) for size in (0.1, 0.2, 0.3)}
    for day in days:
        assert day["budgets"] == dict.fromkeys(("wind", "load"), day["level"])
        assert all(len(day["hits"][name]) <= most for name, most in day["budgets"].items())
    level, deviation, *hits = knobs
    assert (level.name, level.first, level.high) == ("level", 1.0, 12.0)
    assert [deviation.low, deviation.usual, deviation.high] == [0.1, 0.2, 0.3]
    assert {knob.by for knob in hits} == {"view"} and len(hits) == 48


def test_a_worst_day_costs_in_the_page_what_is_said_of_it_and_hides_nothing(vpp1, shown):
    for day in shown[2]:
        assert cost_of(shown[0], live.sizes_of(day)) == pytest.approx(day["cost"], rel=ALIKE)
        assert day["bound"] == pytest.approx(day["cost"], rel=1e-6)
        budget = doubt_at(day["level"], deviation=day["deviation"])
        assert reaction_to(vpp1, budget, day["hits"]).cost == pytest.approx(day["cost"], rel=ALIKE)


@pytest.mark.parametrize("level", [1, 2, 6, 12])
def test_a_worst_day_is_the_one_of_worst_case(vpp1, shown, level):
    expected = worst_case(vpp1, doubt_at(level)).cost
    assert the_worst(shown, level)["cost"] == pytest.approx(expected, rel=1e-6)


@given(seed=st.integers(0, 2**31), number=st.integers(0, 35))
@settings(max_examples=30, deadline=None)
def test_no_day_of_a_budget_costs_more_than_its_bound(shown, seed, number):
    worst = shown[2][number]
    day = some_day(np.random.default_rng(seed), worst["budgets"])
    found = cost_of(shown[0], sizes(day, worst["deviation"]))
    assert found <= worst["bound"] * (1 + ALIKE)


def test_the_worst_day_of_a_small_case_is_the_worst_of_all_days():
    shop = load_case("template").window(1, 6).vpp("Shop")
    for day in live.worst_days(shop, 2, DOUBT):
        budget = doubt_at(day["level"], deviation=day["deviation"])
        assert day["cost"] == pytest.approx(enumerate_days(shop, budget), rel=1e-6)


# --- what the chapter asks the reader to see ------------------------------------------------------
def guess_of(problem, budgets):
    """Of each series the hours that are dearest alone, and what their prices add up to."""
    ordinary = cost_of(problem, {})
    day, added = {}, 0.0
    for series, most in budgets.items():
        worths = [cost_of(problem, sizes({series: [step]})) - ordinary for step in range(1, 25)]
        dearest = np.argsort(-np.array(worths), kind="stable")[:most]
        day[series] = sorted(dearest + 1)
        added += sum(worths[place] for place in dearest)
    return day, added


def test_the_first_guess_finds_the_worst_cost_from_level_3_on_but_promises_less(shown):
    problem, _, _ = shown
    ordinary = cost_of(problem, {})
    for level in range(1, 13):
        worst = the_worst(shown, level)
        day, added = guess_of(problem, worst["budgets"])
        found = cost_of(problem, sizes(day))
        is_worst = found == pytest.approx(worst["cost"], rel=1e-6)
        assert is_worst == (level >= 3)
        assert ordinary + added < worst["cost"] - 1


def test_one_hour_moved_makes_the_first_guess_the_worst_day_of_level_2(shown):
    day, _ = guess_of(shown[0], {"wind": 2, "load": 2})
    worst = the_worst(shown, 2)["hits"]
    moved = [set(worst[series]) - set(day[series]) for series in worst]
    assert sorted(map(len, moved)) == [0, 1]


def test_hits_in_two_hours_add_up_and_in_one_hour_use_up_the_battery(vpp1, shown):
    problem, _, _ = shown
    ordinary = cost_of(problem, {})

    def added(day):
        return cost_of(problem, sizes(day)) - ordinary

    wind, at_13, at_14 = added({"wind": [13]}), added({"load": [13]}), added({"load": [14]})
    assert at_13 < at_14
    assert added({"wind": [13], "load": [14]}) == pytest.approx(wind + at_14, rel=1e-6)
    assert added({"wind": [13], "load": [13]}) > wind + at_13 + 50
    alone = sizes({"load": [13]})
    point = WarmLinear("page").solve(problem.program(alone))
    (battery,) = vpp1.with_role("store")
    full = problem.output("from stores", point.x, alone)[12]
    assert full == pytest.approx(battery.discharge_max)


def test_an_hour_in_which_vpp1_sells_is_hit_at_the_feed_in_price(vpp1, shown):
    problem, _, _ = shown
    point = WarmLinear("page").solve(problem.program({}))
    assert problem.output("from the grid", point.x, {})[2] < 0
    hit = sizes({"load": [3]})
    more = cost_of(problem, hit) - point.value
    (tariff,) = vpp1.with_role("grid")
    assert more == pytest.approx(0.2 * live.forecast_of(vpp1, "load")[2] * tariff.sell_price[2])
    at_noon = cost_of(problem, sizes({"load": [14]})) - point.value
    assert round(at_noon / more) in (15, 16)  # the chapter: some fifteen times as much


@given(seed=st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_hits_of_half_the_size_add_at_most_half(shown, seed):
    problem, _, _ = shown
    ordinary = cost_of(problem, {})
    day = some_day(np.random.default_rng(seed), {"wind": 8, "load": 8})
    half, whole = (cost_of(problem, sizes(day, size)) - ordinary for size in (0.1, 0.2))
    assert half <= whole / 2 + ALIKE * ordinary


# --- what cannot be shown -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("level", "changes", "sentence"),
    [
        (0, {}, "found no series that may be hit at level 0"),
        (2, {"series": ("pv",)}, "found no series that may be hit at level 2"),
        (2, {"deviation": 0.0}, "deviation: found 0; allowed: above 0"),
    ],
)
def test_nothing_to_choose_is_refused(vpp1, level, changes, sentence):
    with pytest.raises(WrongInput, match=sentence):
        live.be_the_adversary(vpp1, level, {**DOUBT, **changes})


def test_a_quadratic_cost_and_a_long_horizon_are_refused(vpp1):
    with pytest.raises(WrongInput, match="found a quadratic cost; allowed: linear costs"):
        live.be_the_adversary(load_case("paper-b").vpp("VPP1"), 1, DOUBT)
    steps = live.MOST_STEPS + 1
    long = vpp(load(*np.ones(steps)), grid(np.ones(steps), np.zeros(steps)))
    with pytest.raises(WrongInput, match=f"found {steps} steps; allowed: up to 48"):
        live.be_the_adversary(long, 1, DOUBT)


def test_a_page_that_differs_from_the_search_is_refused(shown):
    problem, _, days = shown
    wrong = {**days[0], "cost": days[0]["cost"] + 1.0}
    with pytest.raises(WrongInput, match="by the page's problem and"):
        live.check_agreed(problem, [wrong])


def test_a_case_that_cannot_be_shown_has_no_data_and_a_sentence(capsys):
    text = adversary(load_case("paper-b").vpp("VPP1"), 1, DOUBT)
    assert text == ""
    assert capsys.readouterr().out.startswith("no live element: VPP1: found a quadratic cost")


# --- the payload ----------------------------------------------------------------------------------
def test_the_payload_is_small_text_and_the_same_problem(vpp1, shown):
    text = adversary(vpp1, 1, DOUBT)
    read = json.loads(text)
    assert len(text) < 300_000 and "</" not in text
    assert read["problem"] == as_data(shown[0])
    again = from_data(read["problem"])
    day = sizes({"wind": [5], "load": [14]})
    assert cost_of(again, day) == cost_of(shown[0], day)
    assert [knob["name"] for knob in read["knobs"]][:3] == ["level", "deviation", "wind_1"]
    facts = read["facts"]
    assert [(each["name"], each["rises"]) for each in facts["series"]] == [
        ("wind", False),
        ("load", True),
    ]
    assert (facts["vpp"], facts["steps"], facts["step_hours"]) == ("VPP1", 24, 1.0)
    assert {day["level"] for day in facts["worst"]} == {1}


def test_quarter_hours_are_steps_and_budgets_count_them():
    quarters = replace(
        vpp(
            load(*[4.0, 8.0, 6.0, 2.0] * 2),
            pv(*[0.0, 3.0, 3.0, 0.0] * 2),
            grid([1.0] * 8, [0.2] * 8, sell_max=9.0),
        ),
        step_hours=0.25,
    )
    problem, _, days = live.be_the_adversary(quarters, 1, {**DOUBT, "pv_share": 1.0})
    assert days[0]["budgets"] == {"load": 4, "pv": 4}
    assert live.facts_of(quarters, days, {}, {})["step_hours"] == 0.25
    assert len(problem.knobs) == 16


# --- a day of one's own in the notebook -----------------------------------------------------------
@pytest.mark.parametrize("text", ["load", "12", "load 0", "load 3 3", "load -1", "wind 1 load", 7])
def test_a_text_that_names_no_day_is_refused(text):
    assert hits_in(text) == {}
    with pytest.raises(WrongInput, match="own_day: found"):
        check_parameters("worst_day", {"own_day": text})


def test_the_command_s_day_is_read_as_the_page_means_it():
    check_parameters("worst_day", {"vpp": "VPP1", "own_day": "wind 12 13 load 13 14"})
    assert hits_in("wind 12 13 load 13 14") == {"wind": (12, 13), "load": (13, 14)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sauna 3", "own_day: found 'sauna'; allowed in paper-a-parent: wind, load"),
        ("load 25", "own_day: found step 25; allowed in paper-a-parent: 1 to 24"),
    ],
)
def test_a_day_that_the_case_does_not_have_is_refused_at_once(text, sentence):
    with pytest.raises(WrongInput, match=sentence):
        check_parameters("worst_day", {"own_day": text})


@pytest.mark.parametrize(
    ("hits", "sentence"),
    [
        ({"load": [1, 2, 3]}, "found 3 hits on load; allowed: 2"),
        ({"pv": [12]}, "found hits on pv; allowed: wind, load"),
        ({"wind": [30]}, "found step 30; allowed: 1 to 24"),
    ],
)
def test_a_day_beyond_the_budget_is_refused(vpp1, hits, sentence):
    with pytest.raises(WrongInput, match=sentence):
        reaction_to(vpp1, doubt_at(2), hits)


def test_a_reaction_is_the_exact_one_of_the_recourse(vpp1):
    recourse = Recourse(vpp1, doubt_at(2))
    z = np.zeros(48)
    z[[11, 24 + 13]] = 1.0
    assert [key[1] for key in recourse.keys] == ["wind", "load"]
    found = reaction_to(vpp1, doubt_at(2), {"load": [14], "wind": [12]})
    assert found.cost == pytest.approx(recourse.exact(z).cost, rel=ALIKE)


def test_a_day_of_one_s_own_is_told_beside_the_worst(vpp1):
    worst = worst_case(vpp1, doubt_at(2))
    own = reaction_to(vpp1, doubt_at(2), {"wind": [12, 13], "load": [13, 14]})
    said = words_uncertainty.own_day_said(own, worst)
    short = f"{worst.cost - own.cost:,.2f}"
    assert said == (
        f"On this day VPP1 pays {own.cost:,.2f} yuan, {short} less than the worst day of the budget."
    )
    same = reaction_to(vpp1, doubt_at(2), {"wind": [13, 14], "load": [13, 14]})
    assert "as much as the worst day of the budget" in words_uncertainty.own_day_said(same, worst)
    hidden = replace(same, relaxed=same.relaxed - 10)
    assert "If flows might overlap" in words_uncertainty.own_day_said(hidden, worst)
    table = tables.own_day(own, worst)
    assert table["own day"] == own.cost and table["worst day"] == worst.cost
