"""Bounds on what a hit can be worth: proven, tight enough, and noticed where they are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from builders import array, battery, grid, load, pv, small_vpps, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import NotSolved
from vppcore.components import Boiler, CarbonMarket, GasSupply, GasTurbine, HeatLoad
from vppcore.uncertainty import adversary
from vppcore.uncertainty.emergency import highest_price
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.settings import LIMITS, Uncertainty, at_level
from vppcore.uncertainty.worst_day import days_of_budget, enumerate_days, worst_case
from vppcore.uncertainty.worth import Repair, value_bounds

SAME = 1e-6


def bounds_of(plant, doubt, **how):
    """Low and high by series, `(steps,)` each."""
    recourse = Recourse(plant, doubt)
    low, high = value_bounds(recourse, **how)
    keys = [series for _, series in recourse.keys]
    pairs = zip(np.split(low, len(keys)), np.split(high, len(keys)), strict=True)
    return dict(zip(keys, pairs, strict=True))


# --- by hand --------------------------------------------------------------------------------------
@pytest.mark.parametrize("step_hours", [0.25, 1.0, 2.0])
def test_a_hit_on_the_load_is_worth_the_purchase_price_at_most(step_hours):
    """20 % of 10 and 20 kW for a step, at 0.4 and 1.2 yuan/kWh; at least it saves the dumping."""
    tariff = grid([0.4, 1.2], [0.1, 0.1], sell_max=0.0)
    plant = vpp(load(10, 20), tariff, step_hours=step_hours)
    doubt = Uncertainty({"load": step_hours}, shed_price=10.0, dump_price=1.0)
    low, high = bounds_of(plant, doubt)["load"]
    assert high == pytest.approx(step_hours * array(2 * 0.4, 4 * 1.2))
    assert low == pytest.approx(-step_hours * array(2 * 1.0, 4 * 1.0))


def test_power_that_can_always_be_sold_is_worth_its_feed_in_price_at_least():
    plant = vpp(load(10, 20), grid([0.4, 1.2], [-0.3, 0.1]))
    low, _ = bounds_of(plant, Uncertainty({"load": 1}))["load"]
    assert low == pytest.approx([-2 * 0.3, 0.0])


@pytest.mark.parametrize("step_hours", [0.25, 1.0])
def test_a_hit_on_a_plant_is_worth_its_replacement_less_its_own_cost(step_hours):
    market = CarbonMarket(price=0.5)
    sun = pv(10, 20, operation_cost=0.1, carbon_quota=0.4)
    plant = vpp(load(50, 50), sun, grid([0.4, 1.2], [0.1, 0.1]), market, step_hours=step_hours)
    low, high = bounds_of(plant, Uncertainty({"pv": step_hours}))["pv"]
    worth = array(0.4, 1.2) + 0.5 * 0.4 - 0.1
    assert high == pytest.approx(step_hours * array(2, 4) * worth)
    assert low == pytest.approx([0, 0])


def test_with_a_limited_connection_only_shedding_bounds_the_load():
    plant = vpp(load(10, 20), grid([0.4, 1.2], [0.1, 0.1], buy_max=array(50, np.inf), sell_max=0.0))
    low, high = bounds_of(plant, Uncertainty({"load": 1}, shed_price=7.0))["load"]
    assert high == pytest.approx([2 * 7.0, 4 * 1.2])
    assert (low < 0).all()


def test_bought_power_that_emits_is_dearer_by_the_dearest_rung():
    ladder = CarbonMarket(price=0.5, interval=10.0, growth=1.0, levels=3.0)
    dirty = grid([0.4, 1.2], [0.1, 0.1], emission=0.6)
    _, high = bounds_of(vpp(load(10, 20), dirty, ladder), Uncertainty({"load": 1}))["load"]
    assert high == pytest.approx(array(2, 4) * (array(0.4, 1.2) + 3 * 0.5 * 0.6))


def test_heat_is_bounded_by_shedding():
    gas = GasSupply(price=3.0, calorific_value=10.0)
    plant = vpp(HeatLoad(forecast=array(4, 10)), Boiler(heat_max=20.0, efficiency=0.5), gas)
    _, high = bounds_of(plant, Uncertainty({"heat": 1}, shed_price=7.0))["heat"]
    assert high == pytest.approx(0.2 * array(4, 10) * 7.0)


# --- what a bound must be -------------------------------------------------------------------------
@settings(max_examples=15)
@given(plant=small_vpps(3), limits=st.sampled_from(LIMITS), step_hours=st.sampled_from([0.5, 1.0]))
def test_no_hit_costs_more_or_less_than_its_bounds(plant, limits, step_hours):
    """From any day of the budget to the same day with one hit more; the cost is convex in the hit,
    so what it grows by lies between the worths at both ends."""
    doubt = Uncertainty({"load": 3 * step_hours, "pv": 3 * step_hours}, 0.5, limits)
    plant = type(plant)(plant.name, plant.components, plant.steps, step_hours)
    recourse = Recourse(plant, doubt)
    low, high = value_bounds(recourse)
    for z in days_of_budget(recourse)[::7]:
        for place in np.flatnonzero(z == 0):
            more = z.copy()
            more[place] = 1.0
            growth = recourse.value(more) - recourse.value(z)
            assert low[place] - 1e-6 <= growth <= high[place] + 1e-6


def test_a_move_that_is_never_limited_costs_what_it_costs():
    """A turbine and a battery have limits; buying, shedding and dumping have none."""
    turbine = GasTurbine(power_max=50.0, electric_efficiency=0.9, cost_linear=0.01)
    gas = GasSupply(price=0.1, calorific_value=10.0)
    tariff = grid([0.4, 1.2], [0.1, 0.1], sell_max=0.0)
    plant = vpp(load(10, 20), turbine, gas, battery(), tariff)
    recourse = Recourse(plant, Uncertainty({"load": 1}))
    repair = Repair(recourse)
    assert repair.price(np.zeros(len(recourse.right))) == 0
    hit = recourse.by_day[:, [1]].toarray().ravel()  # of the second step, 4 kW
    assert repair.price(-hit) == pytest.approx(4 * 1.2)
    assert repair.price(hit) == pytest.approx(4 * 2.0 * highest_price(plant))
    stuck = np.zeros(len(recourse.right))
    stuck[recourse.pairs[0].first_rows[0]] = -1.0  # less room for charging: nothing makes that good
    assert Repair(recourse, exclusive=True).price(stuck) == np.inf


@settings(max_examples=8)
@given(plant=small_vpps(3), limits=st.sampled_from(LIMITS), big=st.sampled_from([1.5, 10.0, 100.0]))
def test_larger_bounds_change_nothing(plant, limits, big):
    doubt = Uncertainty({"load": 1, "pv": 1}, limits=limits)
    found = worst_case(plant, doubt)
    larger = worst_case(plant, doubt, big=big)
    assert larger.cost == pytest.approx(found.cost, rel=SAME, abs=1e-6)


# --- faults that must be noticed ------------------------------------------------------------------
def quarters():
    """Ten quarter hours in which the bounds bind."""
    tariff = grid([0.4, 1.2, 0.8, 0.6, 1.0], [0.2] * 5)
    flexible = {"shift_share": 0.1, "shift_cost": 0.02, "curtail_share": 0.1, "curtail_cost": 0.1}
    return vpp(load(20, 35, 30, 25, 9, **flexible), pv(0, 30, 20, 5, 9), tariff, step_hours=4.0)


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("without_step_length", ["low", "high", "both"])
def test_bounds_without_the_length_of_a_step_are_wrong(monkeypatch, limits, without_step_length):
    """Planted: each bound a quarter of what it is in steps of four hours. Seen in the bounds
    themselves (by hand above), and in the worst case."""
    plant, doubt = quarters(), Uncertainty({"load": 8, "pv": 4}, limits=limits)
    right = worst_case(plant, doubt)
    assert right.cost == pytest.approx(enumerate_days(plant, doubt), rel=SAME)
    proven = adversary.value_bounds

    def planted(recourse, exclusive):
        low, high = proven(recourse, exclusive)
        low = low / 4.0 if without_step_length in ("low", "both") else low
        high = high / 4.0 if without_step_length in ("high", "both") else high
        return low, high

    if without_step_length == "low":
        low, _ = value_bounds(Recourse(plant, doubt))
        growth = least_growth(plant, doubt)
        assert (low <= growth + 1e-9).all()  # and a quarter of it would not do on every day:
        return
    monkeypatch.setattr(adversary, "value_bounds", planted)
    try:
        wrong = worst_case(plant, doubt)
    except NotSolved as refused:
        assert "a bound on the multipliers is wrong" in str(refused)
    else:
        assert wrong.cost < right.cost - 1e-3


def least_growth(plant, doubt) -> np.ndarray:
    """The least by which each hit alone raises the cost of the forecast day, yuan."""
    recourse = Recourse(plant, doubt)
    nothing = recourse.value(recourse.forecast_day)
    growth = []
    for place in range(len(recourse.forecast_day)):
        z = recourse.forecast_day.copy()
        z[place] = 1.0
        growth.append(recourse.value(z) - nothing)
    return np.array(growth)


@pytest.mark.parametrize("step_hours", [0.25, 1.0])
def test_the_lower_bound_is_reached_where_a_hit_saves_dumping(step_hours):
    """Too much power that must be dumped: a higher load saves its price, for as long as a step."""
    tariff = grid([1.0, 1.0], [0.2, 0.2], sell_max=0.0)
    plant = vpp(load(10, 10), tariff, step_hours=step_hours)
    doubt = Uncertainty({"load": step_hours}, dump_price=3.0)
    made = Recourse(plant.adding(pv(0, 0)), doubt)
    low, _ = value_bounds(made)
    assert low == pytest.approx([-step_hours * 2 * 3.0] * 2)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_bounds_that_are_too_small_are_noticed_or_change_the_answer(share):
    plant = vpp(load(10, 20, 15), pv(8, 3, 9), battery(), grid([0.4, 1.2, 0.8], [0.2] * 3))
    doubt = at_level(2)
    right = worst_case(plant, doubt).cost
    try:
        wrong = worst_case(plant, doubt, big=share).cost
    except NotSolved as refused:
        assert "a bound on the multipliers is wrong" in str(refused)
    else:
        assert wrong < right
