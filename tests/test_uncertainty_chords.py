"""Quadratic costs on worst days: chords with a proven error."""

from __future__ import annotations

import numpy as np
import pytest
from builders import array, battery, case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import VPP, WrongInput, dispatch, load_case
from vppcore.components import ControllableLoad, GasSupply, GasTurbine, MicroTurbine
from vppcore.uncertainty import chords
from vppcore.uncertainty.ordinary_days import out_of_sample
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.robust import robust_coalition
from vppcore.uncertainty.series import hit, series_of
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.worst_day import days_of_budget, enumerate_days, worst_case

DOUBT = Uncertainty({"load": 1, "pv": 1})


def curved(cost: float = 0.05, wear: float = 0.02, called: float = 0.03, name: str = "V") -> VPP:
    """A turbine, a battery and a callable load with quadratic costs."""
    tariff = grid([0.4, 1.4, 0.8], [0.1, 0.3, 0.2])
    turbine = MicroTurbine(power_max=12.0, cost_linear=0.3, cost_quadratic=cost)
    store = battery(wear_cost=0.01, wear_cost_quadratic=wear)
    demand = load(10, 20, 15)
    offer = ControllableLoad(
        forecast=demand.forecast, buy_price=tariff.buy_price, share=0.2, cost_quadratic=called
    )
    return vpp(demand, pv(3, 8, 2), turbine, store, offer, tariff, name=name)


costs = st.sampled_from([0.0, 1e-3, 0.05, 1.0])


@settings(max_examples=12)
@given(cost=costs, wear=costs, called=costs, seed=st.integers(0, 9))
def test_chords_lie_above_the_cost_by_no_more_than_they_say(cost, wear, called, seed):
    recourse = Recourse(curved(cost, wear, called), DOUBT)
    z = np.random.default_rng(seed).uniform(-1, 1, len(recourse.forecast_day))
    true = recourse.exact(z).cost
    by_chords = recourse.exact(z, squares=False).cost
    slack = 1e-6 * abs(true)
    assert true - slack <= by_chords <= true + recourse.chord_error + slack
    assert (recourse.chord_error > 0) == bool(cost or wear or called)


@settings(max_examples=6)
@given(cost=costs, wear=costs, called=costs)
def test_the_worst_day_of_a_curved_vpp_is_the_worst_of_all_days(cost, wear, called):
    plant = curved(cost, wear, called)
    found = worst_case(plant, DOUBT)
    worst = enumerate_days(plant, DOUBT)
    assert found.cost <= worst + 1e-6 * abs(worst)
    assert worst <= found.bound + 1e-6 * abs(worst)
    assert found.bound - found.cost <= found.chord_error + 1e-5 * abs(worst)
    assert found.proven


def test_a_reaction_with_squares_is_the_schedule_that_dispatch_finds():
    plant = curved()
    recourse = Recourse(plant, DOUBT)
    for z in days_of_budget(recourse)[::5]:
        day = {series: values for (_, series), values in recourse.unflatten(z).items()}
        assert recourse.exact(z).cost == pytest.approx(
            dispatch(hit(plant, DOUBT, day)).cost, rel=1e-6
        )


def test_the_paper_s_own_operation_cost_is_searched(monkeypatch):
    """a P^2 + b P + c of study A's turbines; more chords bring the bounds together."""
    gas = GasSupply(price=3.5, calorific_value=9.7)
    turbine = GasTurbine(
        power_max=20.0,
        electric_efficiency=0.35,
        cost_quadratic=0.02,
        cost_linear=0.1,
        cost_fixed=2.0,
    )
    plant = vpp(load(10, 20, 15), pv(3, 8, 2), turbine, gas, grid([0.4, 2.4, 1.8], [0.1] * 3))
    rough = worst_case(plant, DOUBT)
    monkeypatch.setattr(chords, "MOST_PIECES", 1000)
    monkeypatch.setattr(chords, "SHARE", chords.SHARE / 100)
    fine = worst_case(plant, DOUBT)
    assert fine.chord_error < rough.chord_error / 50
    assert fine.cost == pytest.approx(rough.cost, rel=1e-6)
    assert rough.cost <= fine.bound <= rough.bound + 1e-9
    assert "chords" in rough.note()


def test_a_case_of_study_b_is_searched():
    made = load_case("paper-b-handmade").window(9, 4)
    doubt = at_level(1, series=tuple(series_of(made)))
    for plant in made.vpps[:2]:
        found = worst_case(plant, doubt)
        assert found.nominal == pytest.approx(dispatch(plant).cost, rel=1e-6)
        assert found.proven and found.gap < 3e-4


def test_a_coalition_of_curved_vpps_is_guaranteed_up_to_the_chords():
    town = vpp(load(9, 12, 7), grid([0.4, 1.4, 0.8], [0.1, 0.3, 0.2]), name="town")
    made = case(curved(name="mill"), town, limit=5.0, crossing_fee=0.01)
    result = robust_coalition(made, DOUBT)
    assert 0 <= result.gap <= 3e-4
    for plant in made.connected():
        partner = next(name for name in made.names if name != plant.name)
        recourse = Recourse(plant, DOUBT)
        q = recourse.flat(result.trades[plant.name][[partner]].to_numpy())
        worst = max(recourse.exact(z, q).cost for z in days_of_budget(recourse))
        assert worst <= result.costs[plant.name] + 1e-6 * result.cost
    sampled = out_of_sample(made, DOUBT, {"alone": None, "ready": result.trades}, samples=5)
    assert np.isfinite(sampled.to_numpy()).all()


def test_a_quadratic_cost_of_something_without_limits_is_refused():
    endless = MicroTurbine(power_max=np.inf, cost_linear=0.2, cost_quadratic=0.01)
    plant = vpp(load(5, 5), endless, grid([1.0, 1.0], [0.2, 0.2]), name="mill")
    with pytest.raises(
        WrongInput, match="mill: found a quadratic cost of something without limits"
    ):
        worst_case(plant, Uncertainty({"load": 1}))


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_chords_of_a_parabola_by_hand(monkeypatch, pieces):
    """x^2 between 0 and 10 at a fixed x: the chord between the neighbouring points."""
    monkeypatch.setattr(chords, "MOST_PIECES", pieces)
    monkeypatch.setattr(chords, "SHARE", 1e-9)
    turbine = MicroTurbine(power_max=10.0, cost_linear=0.0, cost_quadratic=1.0)
    plant = vpp(load(3, 3), turbine, grid([99.0, 99.0], [0.0, 0.0]))
    recourse = Recourse(plant, Uncertainty({}))
    width = 10.0 / pieces
    below = width * np.floor(3.0 / width)
    expected = below**2 + (3.0 - below) * ((below + width) ** 2 - below**2) / width
    value = recourse.exact(array(), squares=False).cost
    assert value == pytest.approx(2 * expected)
    assert recourse.chord_error == pytest.approx(2 * 2.0 * width**2 / 8)
