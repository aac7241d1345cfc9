"""What the page on a street of cars and heat pumps compares and says is what its results say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import battery, case, grid, load, pv, vpp

from vppcore import WrongInput, alone, dispatch, load_case, pool
from vppcore.components import Battery, ElectricVehicle, HeatStore
from vppcore.components.clock import Clock
from vppcore.grid.feeder import Feeder
from vppcore.grid.placement import Placement
from vppcore.grid.power_flow import solve_flow
from vppcore.pages import experiments_community as street
from vppcore.pages import words_community as words
from vppcore.pages.study import check_parameters
from vppcore.places import DATA, NOTEBOOKS

CAR = dict(energy_max=40.0, energy_needed=9.0, arrival=18.0, departure=7.0, charge_max=3.0)


@pytest.fixture(scope="module")
def homes():
    return load_case(str(DATA / "templates" / "homes"))


# --- devices made rigid ---------------------------------------------------------------------------
def test_a_car_that_charges_on_arrival_does_so_at_full_power_until_it_is_full():
    """9 kWh at 0.9 are 10 kWh: three hours of 3 kW from 18 on, and one of 1 kW."""
    car = ElectricVehicle(**CAR, charge_efficiency=0.9)
    at_once = street.charged_on_arrival(car, Clock(steps=48))
    expected = np.zeros(48)
    for day in (0, 24):
        expected[18 + day : 21 + day], expected[21 + day] = 3.0, 1.0
    assert at_once.forecast == pytest.approx(expected)


def test_a_car_with_no_choice_costs_what_it_charges_on_arrival_by_hand():
    price = np.where(np.arange(24) < 6, 0.2, 0.5)
    free = vpp(load(*[1] * 24), grid(price, [0.1] * 24), ElectricVehicle(**CAR))
    rigid = street.without(case(free), ElectricVehicle).vpps[0]
    plain = replace(free, components=free.components[:2])
    assert dispatch(rigid).cost - dispatch(plain).cost == pytest.approx(9 * 0.5)
    assert dispatch(free).cost - dispatch(plain).cost == pytest.approx(9 * 0.2)


def test_the_street_on_arrival_takes_the_energy_of_the_set(homes):
    week = load_case("simbench-lv")
    for case_ in (week, homes):
        for member in case_.vpps:
            for car in member.of(ElectricVehicle):
                taken = street.charged_on_arrival(car, member.clock).forecast.sum()
                used = car.drawn(member.clock).sum()
                assert car.charge_efficiency * taken == pytest.approx(used, rel=1e-9)


def test_each_kind_that_a_case_has_is_taken_away_once(homes):
    rigid = street.made_rigid(homes)
    assert list(rigid) == ["cars charge on arrival", "no tanks", "no batteries"]
    for kind, name in zip((ElectricVehicle, HeatStore, Battery), rigid, strict=True):
        assert street.has(homes, kind) and not street.has(rigid[name], kind)
    assert list(street.made_rigid(load_case("paper-a"))) == ["no batteries"]


def test_what_devices_are_worth_is_the_difference_of_two_optima(homes):
    base = street.costs(homes, "auto")
    table = street.costs_of(street.made_rigid(homes), base, "auto")
    without_tanks = street.without(homes, HeatStore)
    dearer = pool(without_tanks).cost - pool(homes).cost
    assert table.loc["no tanks", "dearer together (yuan)"] == pytest.approx(dearer, abs=1e-6)
    assert street.nothing_gained(table)[0]
    wrong = table.assign(**{"dearer alone (yuan)": -1.0})
    holds, said = street.nothing_gained(wrong)
    assert not holds and "1.0000 yuan less" in said


def test_a_device_that_nobody_can_do_without_has_no_number():
    """20 kW are bought at most, and the load is 30 kW in one hour."""
    needs_it = vpp(load(0, 30), battery(energy_start=15), grid([1, 1], [0, 0], buy_max=20.0))
    made = case(needs_it, replace(needs_it, name="other"))
    table = street.costs_of(street.made_rigid(made), street.costs(made, "auto"), "auto")
    assert table.loc["no batteries"].isna().all()
    assert "There is no schedule where it says no batteries" in words.devices_said(table)


# --- tariffs and peaks ----------------------------------------------------------------------------
def test_tariffs_are_turned_about_their_mean():
    one = vpp(load(1, 2), grid([0.2, 0.4], [0.1, 0.1], peak_price=3.0))
    turned = street.turned(case(one), None, 0.5).vpps[0].component("grid")
    assert turned.buy_price == pytest.approx([0.25, 0.35]) and turned.peak_price == 3.0
    dear = street.turned(case(one), 7.0, 1.0).vpps[0].component("grid")
    assert dear.buy_price == pytest.approx([0.2, 0.4]) and dear.peak_price == 7.0
    assert street.has_charge(case(one)) and not street.has_charge(street.without_charge(case(one)))
    assert street.is_dynamic(case(one)) and not street.is_dynamic(
        street.turned(case(one), None, 0.0)
    )


def test_peaks_of_members_add_up_and_that_of_the_street_is_of_one_step():
    first = vpp(load(5, 1), grid([1, 1], [0, 0]), name="A")
    second = vpp(load(2, 4), grid([1, 1], [0, 0]), name="B")
    made = case(first, second)
    table = street.peaks(made, {"alone": alone(made)})
    assert table["alone"].to_dict() == pytest.approx(
        {"A": 5, "B": 4, street.SUM: 9, street.STREET: 7}
    )


def test_a_street_that_feeds_in_has_no_peak():
    sunny = vpp(load(1), pv(9), grid([1], [0.1]), name="A")
    made = case(sunny, replace(sunny, name="B"))
    assert not street.peaks(made, {"alone": alone(made)}).to_numpy().any()


# --- the grid ---------------------------------------------------------------------------------------
def test_linear_voltages_are_those_of_a_placement_and_near_the_power_flow():
    lines = pd.DataFrame(
        {"from_bus": [0, 1], "to_bus": [1, 2], "r_ohm": [0.02, 0.05], "x_ohm": [0.04, 0.02]}
    )
    loads = pd.DataFrame({"p_kw": [0.0, 3.0, 8.0], "q_kvar": [0.0, 1.0, 2.0]}, [0, 1, 2])
    feeder = Feeder("three buses", lines, loads, base_kv=0.4, source=0, source_voltage=1.02)
    active = pd.DataFrame([loads["p_kw"], -loads["p_kw"]], [1, 2])
    reactive = pd.DataFrame([loads["q_kvar"], -loads["q_kvar"]], [1, 2])
    found = street.linear_voltages(feeder, active, reactive)
    placed = Placement(feeder, {"A": 1}, background=np.array([1.0, -1.0]))
    nothing = pd.DataFrame({"A": [0.0, 0.0]}, [1, 2])
    assert found.to_numpy() == pytest.approx(placed.linear_voltages(nothing).to_numpy(), abs=1e-12)
    flow = solve_flow(feeder, active, reactive)
    assert found.to_numpy() == pytest.approx(flow.voltages[[1, 2]].to_numpy(), abs=2e-4)
    table = street.carried({"now": flow}, {"now": found}, low=1.018, high=1.1)
    assert table.loc["now", "steps outside"] == 1 and table.loc["now", "steps overloaded"] == 0
    assert "not always within the limits" in words.grid_said(table, 1.018, 1.1)


def test_a_case_without_a_grid_has_no_flows(homes):
    assert street.flows_and_models(homes, {}) == ({}, {})


# --- words ------------------------------------------------------------------------------------------
def test_peaks_are_said_with_their_price_or_without():
    table = pd.DataFrame(
        {"alone": [5.0, 4.0, 9.0, 7.0], "together": [3.0, 4.0, 7.0, 6.0]},
        ["A", "B", street.SUM, street.STREET],
    )
    said = words.peaks_said(table)
    assert "add up to 7.00 kW in place of 9.00: 1 buys less at its highest, nobody more" in said
    assert said.endswith("Nobody pays for a peak here.")
    priced = table.assign(**{"alone, no charge": table["alone"], "together, no charge": 8.0})
    assert "would be 9.00 kW alone and 8.00 together" in words.peaks_said(priced)
    # peaks that nobody pays for may be any size
    free = priced.assign(**{"together, no charge": 800.0})
    assert "1 buys less at its highest, nobody more" in words.peaks_said(free)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"peak_price": -1.0}, "peak_price: found -1"),
        ({"dynamic": 1.5}, "dynamic: found 1.5"),
        ({"vpp": "Elm"}, "Elm"),
        ({"low": 0.2}, "low: found 0.2"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_is_solved(values, sentence):
    with pytest.raises(WrongInput, match=sentence):
        check_parameters(NOTEBOOKS / "community.ipynb", values)
