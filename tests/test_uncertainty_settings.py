"""What may go wrong: budgets in hours, a deviation for each series, series of several components."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import array, battery, case, grid, load, pv, vpp
from hypothesis import given
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput
from vppcore.components import Renewable
from vppcore.uncertainty.ordinary_days import out_of_sample, sample_days
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.robust import robust_coalition, sweep
from vppcore.uncertainty.series import hit, series_of_vpp
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.worst_day import enumerate_days, worst_case

FLAT = grid([1.0] * 4, [0.2] * 4)


# --- hours ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("step_hours", "steps"), [(1.0, 2), (0.5, 4), (0.25, 8), (2.0, 1)])
def test_a_budget_counts_hours_whatever_the_step(step_hours, steps):
    """Flat price and load: the cost of the hits is that of two hours."""
    plant = vpp(load(*[10.0] * 12), grid([1.0] * 12, [0.2] * 12), step_hours=step_hours)
    found = worst_case(plant, Uncertainty({"load": 2}))
    assert found.hits["load"].sum() == steps
    assert found.cost - found.nominal == pytest.approx(2 * 2.0)  # two hours of 2 kW at 1 yuan/kWh


def test_tenths_of_an_hour_are_whole_steps():
    plant = vpp(load(*[10.0] * 12), grid([1.0] * 12, [0.2] * 12), step_hours=0.1)
    assert worst_case(plant, Uncertainty({"load": 0.3})).hits["load"].sum() == 3


@pytest.mark.parametrize(("hours", "step_hours"), [(1, 0.75), (0.5, 1.0), (3, 2.0)])
def test_hours_that_are_no_whole_number_of_steps_are_refused(hours, step_hours):
    plant = vpp(load(5, 5, 5, 5), FLAT, step_hours=step_hours)
    said = f"budget of load: found {hours:g} h, which is .* time steps of {step_hours:g} h"
    for ask in (worst_case, enumerate_days, Recourse):
        with pytest.raises(WrongInput, match=said):
            ask(plant, Uncertainty({"load": hours}))


def test_a_level_is_hours_and_rounds_the_plants_share_down_to_hours():
    assert at_level(3, series=("load", "pv")).budgets == {"load": 3, "pv": 1}
    quarters = vpp(
        load(*[5.0] * 16), pv(*[2.0] * 16), grid([1.0] * 16, [0.2] * 16), step_hours=0.25
    )
    recourse = Recourse(quarters, at_level(3, series=("load", "pv")))
    assert recourse.budgets == {("V", "load"): 12, ("V", "pv"): 4}


@pytest.mark.parametrize("persistence", [0.0, 0.3, 0.8])
def test_sampled_days_are_as_persistent_by_the_hour_at_any_step_length(persistence):
    doubt = Uncertainty({"load": 1})
    hourly = case(vpp(load(*[5.0] * 24), grid([1.0] * 24, [0.2] * 24)))
    quarters = case(vpp(load(*[5.0] * 96), grid([1.0] * 96, [0.2] * 96), step_hours=0.25))
    for made, lag in ((hourly, 1), (quarters, 4)):
        days = sample_days(made, doubt, 4000, 1, persistence)
        correlation = np.corrcoef(days[:, :-lag].ravel(), days[:, lag:].ravel())[0, 1]
        assert correlation == pytest.approx(persistence, abs=0.03)


# --- a deviation for each series ------------------------------------------------------------------
def test_each_series_deviates_by_its_own_share():
    """The microgrid of Liu et al. 2018 has 15 % for the sun and 10 % for the load."""
    plant = vpp(load(10, 20, 10), pv(5, 0, 8), grid([1.0] * 3, [0.0] * 3))
    doubt = Uncertainty({"load": 1, "pv": 1}, deviation={"load": 0.1, "pv": 0.15})
    found = worst_case(plant, doubt)
    assert found.cost == pytest.approx(27 + 0.1 * 20 + 0.15 * 8)
    assert found.cost == pytest.approx(enumerate_days(plant, doubt))


@given(share=st.sampled_from([0.0, 0.1, 0.35]))
def test_one_number_is_the_same_number_for_each(share):
    plant = vpp(load(9, 20, 7), pv(5, 9, 8), battery(), grid([0.4, 1.0, 0.7], [0.1] * 3))
    one = Uncertainty({"load": 1, "pv": 2}, share)
    each = Uncertainty({"load": 1, "pv": 2}, {"load": share, "pv": share})
    assert worst_case(plant, one).cost == pytest.approx(worst_case(plant, each).cost, rel=1e-7)


@pytest.mark.parametrize(("deviation", "said"), [
    ({"load": 0.1}, "deviation: found none of pv; given: load"),
    ({"load": 0.1, "pv": 1.0}, "deviation of pv: found 1.0; allowed: a number of 0 or more and below 1"),
    ({"load": -0.1, "pv": 0.1}, "deviation of load: found -0.1"),
    ({"load": "much", "pv": 0.1}, "deviation of load: found 'much'"),
])  # fmt: skip
def test_a_wrong_deviation_is_refused(deviation, said):
    with pytest.raises(WrongInput, match=said):
        Uncertainty({"load": 1, "pv": 1}, deviation)


# --- series ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("limits", ["forecast", "actual"])
def test_several_loads_are_hit_together(limits):
    """Two houses, one of them with a scale: as if their loads were one."""
    shares = {"curtail_share": 0.05, "curtail_cost": 0.3}
    house = load(4, 9, 3, 6, label="house", **shares)
    shop = load(1, 2, 2, 1, label="shop", scale=3.0, **shares)
    one = load(7, 15, 9, 9, **shares)
    tariff = grid([0.3, 1.0, 0.6, 1.1], [0.1] * 4)
    doubt = Uncertainty({"load": 2}, limits=limits)
    both = vpp(house, shop, tariff)
    assert series_of_vpp(both) == ["load"]
    found = worst_case(both, doubt)
    assert found.cost == pytest.approx(worst_case(vpp(one, tariff), doubt).cost, rel=1e-6)
    assert found.cost == pytest.approx(enumerate_days(both, doubt), rel=1e-6)


@pytest.mark.parametrize("limits", ["forecast", "actual"])
@pytest.mark.parametrize("scale", [0.0, 0.5, 3.0])
def test_a_scaled_load_is_hit_as_a_load_of_that_size(limits, scale):
    flexible = {"shift_share": 0.2, "shift_cost": 0.01, "curtail_share": 0.1, "curtail_cost": 0.3}
    scaled = vpp(load(4, 9, 3, scale=scale, **flexible), grid([0.3, 1.0, 0.6], [0.1] * 3))
    plain = vpp(load(4 * scale, 9 * scale, 3 * scale, **flexible), *scaled.components[1:])
    doubt = Uncertainty({"load": 1}, limits=limits)
    there = hit(scaled, doubt, {"load": array(0, 1, 0)}).component("electric_load")
    assert there.demand + there.surprise == pytest.approx(scale * array(4, 9 * 1.2, 3))
    found = worst_case(scaled, doubt)
    assert found.cost == pytest.approx(worst_case(plain, doubt).cost, abs=1e-7)
    assert found.cost == pytest.approx(enumerate_days(scaled, doubt), abs=1e-7)


def test_plants_of_different_names_have_budgets_of_their_own():
    roof = Renewable(label="roof", forecast=array(5, 5, 5))
    field = Renewable(label="field", forecast=array(9, 9, 9))
    plant = vpp(load(20, 20, 20), roof, field, grid([1.0, 0.5, 1.0], [0.1] * 3))
    found = worst_case(plant, Uncertainty({"roof": 1, "field": 2}))
    assert found.hits.sum().to_dict() == {"roof": 1, "field": 2}
    assert found.cost - found.nominal == pytest.approx(1.0 + 2 * 1.8)


def test_a_budget_that_a_vpp_cannot_use_is_said():
    found = worst_case(vpp(load(5, 5, 5, 5), FLAT), at_level(2))
    assert found.unused == ("pv", "wind")
    assert "it has no series pv, wind" in found.note()
    with_sun = worst_case(vpp(load(5, 5, 5, 5), pv(1, 1, 1, 1), FLAT), Uncertainty({"load": 1}))
    assert with_sun.unused == ()
    assert "no series" not in with_sun.note()


def test_a_series_that_nobody_has_is_refused():
    made = case(vpp(load(5, 5), FLAT_2, name="A"), vpp(load(8, 8), pv(1, 1), FLAT_2, name="B"))
    doubt = Uncertainty({"load": 1, "wnd": 1})
    said = "series: found 'wnd'; allowed in by-hand: load, pv"
    with pytest.raises(WrongInput, match=said):
        robust_coalition(made, doubt)
    with pytest.raises(WrongInput, match=said):
        sweep(made, (1,), series=("load", "wnd"))
    with pytest.raises(WrongInput, match=said):
        out_of_sample(made, doubt, {"alone": None}, samples=2)
    # the paper's series are asked for by default and need not be there
    assert robust_coalition(made, at_level(1)).gap <= 1e-4


FLAT_2 = grid([1.0] * 2, [0.2] * 2)


def test_a_component_that_is_called_emergency_is_refused():
    plant = vpp(load(5, 5), pv(1, 1), FLAT_2)
    named = replace(plant, components=(load(5, 5, label="emergency"), *plant.components[1:]))
    with pytest.raises((WrongInput, NotSolved), match="a component named emergency"):
        worst_case(named, Uncertainty({"load": 1}))
