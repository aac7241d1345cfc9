"""The feeder in a page: its problem is the one that `pool` states, wherever the VPPs stand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_live import bound_from

from vppcore import NotSolved, WrongInput, load_case, pool
from vppcore.grid.feeder import load_feeder
from vppcore.grid.placement import placement_of, withdrawals
from vppcore.grid.power_flow import power_flow
from vppcore.live.delivery import (
    can_it_be_delivered,
    facts_of,
    grant,
    grant_knobs,
    knobs_of,
    numbers_at,
    placement_at,
)
from vppcore.live.problem import as_data, from_data
from vppcore.pages import live as pages
from vppcore.pages.experiments_c import operators_answer, placement_that_suits
from vppcore.pages.parameters_cell import Declared
from vppcore.pages.rules import fault_of
from vppcore.warm import WarmLinear, solve_quadratic

CASE = load_case("paper-a-parent")
FEEDER = load_feeder("ieee33")
ENDS = "18 25 33"
KNOBS = knobs_of(CASE, placement_of(CASE, FEEDER, ENDS))
BOOK = {knob.name: knob.usual for knob in KNOBS}
MOST = 3000.0  # kW, of a wish


@pytest.fixture(scope="module")
def live():
    return can_it_be_delivered(CASE, FEEDER, KNOBS)


@pytest.fixture(scope="module")
def answer(live):
    return grant(live, FEEDER, MOST, CASE.names)


def some_setting(seed):
    """All sliders turned at once, each to one of its steps."""
    random = np.random.default_rng(seed)
    setting = {}
    for knob in KNOBS:
        first = knob.low if knob.first is None else knob.first
        steps = round((knob.high - first) / knob.step)
        setting[knob.name] = first + knob.step * int(random.integers(0, steps + 1))
    return setting


def solved(live, setting, **more):
    """The page's optimum at a setting of the sliders, and the numbers that its problem has."""
    numbers = numbers_at(CASE, FEEDER, setting) | more
    return WarmLinear("page").solve(live.program(numbers)), numbers


def cost_of_limits(live, **turned):
    """What the limits cost together with some sliders turned; None if nothing keeps them."""
    free = WarmLinear("page").solve(live.program({})).value
    try:
        return solved(live, BOOK | turned)[0].value - free
    except NotSolved as refused:
        assert refused.status == "infeasible"
        return None


# --- the same problem -----------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(8))
def test_what_the_page_solves_is_what_pool_states(live, seed):
    setting = some_setting(seed)
    placement = placement_at(CASE, FEEDER, setting)
    for members, trade in ((None, 1.0), ((), 0.0)):
        try:
            stated = pool(CASE, placement=placement, members=members, storage="relaxed").cost
        except NotSolved as refused:
            assert refused.status == "infeasible"
            with pytest.raises(NotSolved, match="infeasible"):
                solved(live, setting, trade=trade)
        else:
            assert solved(live, setting, trade=trade)[0].value == pytest.approx(stated, rel=1e-9)


def test_some_random_settings_have_a_schedule_and_some_have_none(live):
    """What the test before compares is both."""
    feasible = 0
    for seed in range(8):
        feasible += cost_of_limits(live, **some_setting(seed)) is not None
    assert 0 < feasible < 8


def test_usually_there_is_no_feeder(live):
    found = WarmLinear("page").solve(live.program({}))
    assert found.value == pytest.approx(pool(CASE, storage="relaxed").cost, rel=1e-9)


@given(seed=st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_no_multipliers_whatever_prove_more_than_the_cost(live, seed):
    found, numbers = solved(live, BOOK)
    noise = np.random.default_rng(seed).normal(size=len(found.multipliers))
    y = -found.multipliers * (1 + noise) + noise
    assert bound_from(live, numbers, y) <= found.value + 1e-9 * abs(found.value)
    proved = bound_from(live, numbers, -found.multipliers)
    assert proved == pytest.approx(found.value, rel=1e-9)


def test_voltages_are_those_of_the_linear_model(live):
    setting = BOOK | {"bus_1": 7.0, "line_impedance": 0.8, "margin": 0.002}
    found, numbers = solved(live, setting)
    placement = placement_at(CASE, FEEDER, setting)
    withdrawn = {}
    for name in CASE.names:
        withdrawn[name] = live.output(f"withdrawn by {name}", found.x, numbers)
    linear = placement.linear_voltages(pd.DataFrame(withdrawn)).to_numpy()
    squared = live.output("squared", found.x, numbers).reshape(linear.shape)
    assert np.sqrt(squared) == pytest.approx(linear, abs=1e-7)
    assert linear.min() >= setting["low"] + setting["margin"] - 1e-6
    assert linear.max() <= setting["high"] - setting["margin"] + 1e-6


def test_prices_are_in_the_ratio_of_shared_resistance_where_one_bus_binds(live):
    found, numbers = solved(live, BOOK)
    squared = live.output("squared", found.x, numbers).reshape(-1, len(FEEDER.buses))
    resistance, _ = FEEDER.sensitivity()
    lowest, highest = BOOK["low"] ** 2, BOOK["high"] ** 2
    shown = 0
    for hour, voltages in enumerate(squared):
        prices = []
        for name in CASE.names:
            rows, factor = live.prices[name]
            prices.append(-found.multipliers[rows[hour]] * factor)
        bound = np.flatnonzero((voltages < lowest + 1e-9) | (voltages > highest - 1e-9))
        if len(bound) == 0:
            assert prices == pytest.approx([0, 0, 0], abs=1e-9)
        if FEEDER.buses.index(18) in bound and len(bound) == 1 and prices[0] > 1e-3:
            shared = resistance[bound[0], [FEEDER.buses.index(bus) for bus in (18, 25, 33)]]
            assert prices / shared == pytest.approx([prices[0] / shared[0]] * 3, rel=1e-6)
            shown += 1
    assert shown


def test_a_price_is_what_one_more_kwh_costs(live):
    """Second road: the cost's slope by what a VPP withdraws beside its schedule."""
    found, numbers = solved(live, BOOK)
    rows, factor = live.prices["VPP1"]
    hour = 12
    slopes = []
    for change in (-1e-2, 1e-2):
        moved = live.program(numbers)
        for limits in (moved.row_low, moved.row_high):
            limits[rows[hour]] += change
        slopes.append((WarmLinear("page").solve(moved).value - found.value) / change)
    price = -found.multipliers[rows[hour]] * factor
    assert min(slopes) - 1e-5 <= price <= max(slopes) + 1e-5
    assert price > 0


# --- the operator's answer ------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
def test_what_would_be_granted_is_the_operator_s_answer(answer, seed):
    setting = some_setting(seed)
    wish = np.random.default_rng(seed).uniform(-MOST / 2, MOST / 2, len(CASE.names))
    numbers = numbers_at(CASE, FEEDER, setting) | {
        f"wish_{place}": float(kw) for place, kw in enumerate(wish, start=1)
    }
    del numbers["trade"]
    placement = placement_at(CASE, FEEDER, setting)
    wished = pd.DataFrame([wish], columns=list(CASE.names))
    try:
        expected = operators_answer(placement, wished).to_numpy()[0]
    except NotSolved:
        with pytest.raises(NotSolved):
            solve_quadratic(answer.program(numbers), "grant")
        return
    point = solve_quadratic(answer.program(numbers), "grant")
    granted = answer.output("granted", point.x, numbers)
    assert granted == pytest.approx(expected, abs=1e-2)


# --- what a reader turns --------------------------------------------------------------------------
def test_a_setting_is_the_placement_that_its_command_makes():
    setting = BOOK | {"bus_1": 22.0, "bus_3": 2.0, "low": 0.96, "margin": 0.004}
    setting |= {"line_impedance": 0.5, "background": 0.3}
    by_page = placement_at(CASE, FEEDER, setting)
    terms = {name: setting[name] for name in ("background", "low", "high", "margin")}
    grid = FEEDER.with_impedance(setting["line_impedance"])
    by_run = placement_that_suits(CASE, grid, "22 25 2", **terms)
    assert by_page.buses == by_run.buses == {"VPP1": 22, "VPP2": 25, "VPP3": 2}
    assert by_page.squared_limits().tolist() == by_run.squared_limits().tolist()
    for one, other in zip(by_page.feeder.falls(), by_run.feeder.falls(), strict=True):
        assert np.array_equal(one, other)


def test_all_that_sliders_offer_a_run_may_have():
    for knob in KNOBS:
        if knob.words:
            continue
        first = knob.low if knob.first is None else knob.first
        for value in (first, knob.high):
            assert fault_of(Declared(knob.name, "float", knob.usual), value) == ""


@pytest.mark.parametrize("low, high, margin", [(0.99, 1.01, 0.0), (0.8, 1.2, 0.05)])
def test_sliders_hold_whatever_a_run_was_given(low, high, margin):
    placement = placement_of(CASE, FEEDER, ENDS, low=low, high=high, margin=margin, background=1.4)
    knobs = {knob.name: knob for knob in knobs_of(CASE, placement, 3.0)}
    usual = {name: knob.usual for name, knob in knobs.items()}
    assert placement_at(CASE, FEEDER, usual).squared_limits() == pytest.approx(
        placement.squared_limits()
    )
    assert usual["line_impedance"] == 3.0 and usual["background"] == 1.4


def test_a_bus_has_its_name_whatever_the_numbers_are():
    other = {bus: 10 * bus for bus in (FEEDER.source, *FEEDER.buses)}
    lines = FEEDER.lines.assign(
        from_bus=FEEDER.lines["from_bus"].map(other), to_bus=FEEDER.lines["to_bus"].map(other)
    )
    renamed = replace(FEEDER, lines=lines, loads=FEEDER.loads.rename(index=other), source=10)
    placement = placement_of(CASE, renamed, "180 250 330")
    knobs = knobs_of(CASE, placement)
    assert knobs[-1].words[round(knobs[-1].usual - knobs[-1].low)] == "bus 330"
    setting = {knob.name: knob.usual for knob in knobs}
    assert placement_at(CASE, renamed, setting).buses == placement.buses


def test_half_the_impedance_halves_what_falls():
    for whole, half in zip(FEEDER.falls(), FEEDER.with_impedance(0.5).falls(), strict=True):
        assert half == pytest.approx(whole / 2, rel=1e-12)
        assert (whole >= 0).all() and whole.max() > 0


# --- what the chapter says ------------------------------------------------------------------------
def test_towards_the_substation_the_limits_cost_nothing_and_then_too_much(live):
    assert cost_of_limits(live, bus_1=6) == pytest.approx(0, abs=0.01)
    assert cost_of_limits(live, bus_1=4) > 100
    assert cost_of_limits(live, bus_1=2) is None
    assert cost_of_limits(live, bus_1=2, bus_3=2) == pytest.approx(0, abs=0.01)


def test_no_schedule_is_left_because_of_the_lower_limit(live):
    setting = BOOK | {"bus_1": 2.0}
    with pytest.raises(NotSolved):
        solved(live, setting, high_squared=4.0)
    solved(live, setting, low_squared=0.0)


def test_the_lower_limit_costs_more_than_the_upper(live):
    book = cost_of_limits(live)
    assert cost_of_limits(live, low=0.90) < 0.5 * book
    assert cost_of_limits(live, high=1.10) > 0.9 * book


def test_a_second_line_leaves_little_of_what_limits_cost(live):
    assert cost_of_limits(live, line_impedance=0.5) < 0.2 * cost_of_limits(live)
    assert cost_of_limits(live, line_impedance=0.3) == pytest.approx(0, abs=0.01)


def test_customers_cost_and_then_help(live):
    costs = [cost_of_limits(live, background=share) for share in (0.5, 0.4, 0.3, 0.2, 0.1, 0.0)]
    assert costs[0] > costs[1] > costs[2] < costs[3] < costs[4] < costs[5]


def test_the_linear_model_counts_one_hour_more_outside_than_the_power_flow():
    placement = placement_at(CASE, FEEDER, BOOK)
    free = withdrawals(CASE, pool(CASE, flattest=True).dispatches)
    linear = placement.linear_voltages(free)
    true = power_flow(placement, free).voltages
    outside = []
    for voltages in (linear, true):
        too_low = voltages.min(axis=1) < BOOK["low"]
        outside.append((too_low | (voltages.max(axis=1) > BOOK["high"])).to_numpy())
    more = np.flatnonzero(outside[0] & ~outside[1])
    assert more.tolist() == [0] and not (outside[1] & ~outside[0]).any()
    assert linear.iloc[0].max() > BOOK["high"] >= true.iloc[0].max()


# --- data -----------------------------------------------------------------------------------------
def test_data_are_small_and_read_back_the_same_problem(live):
    free = pd.DataFrame(np.ones((24, 3)), columns=list(CASE.names))
    text = pages.can_it_be_delivered(CASE, FEEDER, placement_of(CASE, FEEDER, ENDS), free)
    assert len(text) < 400_000 and "NaN" not in text and "</" not in text
    given_to_page = json.loads(text)
    assert given_to_page["problem"] == as_data(live)
    again = from_data(given_to_page["problem"])
    numbers = numbers_at(CASE, FEEDER, some_setting(1))
    one, other = live.program(numbers), again.program(numbers)
    assert (one.matrix - other.matrix).nnz == 0
    assert np.array_equal(one.row_low, other.row_low)
    assert np.array_equal(one.column_high, other.column_high)
    names = [knob["name"] for knob in given_to_page["knobs"]]
    assert names == [knob.name for knob in KNOBS]
    wishes = [knob.name for knob in grant_knobs(live, MOST, CASE.names)][-3:]
    assert [k["name"] for k in given_to_page["facts"]["problems"]["grant"]["knobs"]][-3:] == wishes


def test_the_page_has_the_tree_of_the_feeder():
    free = pd.DataFrame(np.ones((24, 3)), columns=list(CASE.names))
    facts = facts_of(CASE, FEEDER, free, dict.fromkeys(CASE.names, "#000000"))
    lines = set()
    for bus, parent in zip(facts["buses"], facts["parents"], strict=True):
        near = FEEDER.source if parent < 0 else facts["buses"][parent]
        lines.add(frozenset((near, bus)))
    ends = zip(FEEDER.lines["from_bus"], FEEDER.lines["to_bus"], strict=True)
    assert lines == {frozenset(pair) for pair in ends}


def test_a_reader_s_own_case_works_and_what_does_not_says_why(capsys):
    own = load_case("template")
    placement = placement_of(own, FEEDER, "18 33")
    knobs = knobs_of(own, placement)
    problem = can_it_be_delivered(own, FEEDER, knobs)
    setting = {knob.name: knob.usual for knob in knobs}
    found = WarmLinear("own").solve(problem.program(numbers_at(own, FEEDER, setting)))
    stated = pool(own, placement=placement, storage="relaxed")
    assert found.value == pytest.approx(stated.cost, rel=1e-9)
    free = withdrawals(own, stated.dispatches)
    apart = replace(own, tie=None)
    assert pages.can_it_be_delivered(apart, FEEDER, placement, free) == ""
    assert "found no tie" in capsys.readouterr().out


def test_more_voltages_than_a_page_should_solve_for_are_refused():
    case = load_case("simbench-semiurb")
    placement = placement_that_suits(case, FEEDER, None)
    with pytest.raises(WrongInput, match=r"found [\d,]+ voltages \(buses times steps\)"):
        can_it_be_delivered(case, FEEDER, knobs_of(case, placement))
