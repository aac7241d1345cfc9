"""Measured profiles on a feeder, and what schedules change of them: by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import array, battery, case, grid, load, pv, vpp

from vppcore import WrongInput, alone, dispatch, load_case, pool
from vppcore.components import ElectricLoad, HeatLoad, Renewable
from vppcore.grid.feeder import Feeder, load_feeder
from vppcore.grid.measured import measured_power, spread, uncontrolled_withdrawal
from vppcore.grid.placement import withdrawals
from vppcore.grid.power_flow import solve_flow
from vppcore.pages.experiments_c import flows_on_own_grid

TABLES = {
    "feeder.yaml": "base_kv: 20\nsource_bus: 1\nsource_voltage: 1\n",
    "buses.csv": "bus,p_kw,q_kvar,vpp\n1,0,0,\n2,1,0.5,A\n3,2,1,A\n",
    "loads.csv": "bus,p_kw,q_kvar,profile\n2,10,4,G2-A\n3,100,0,G2-A\n2,1,1,flat\n",
    "generators.csv": "bus,p_kw,profile\n3,50,sun\n3,8,wind\n",
    "profiles.csv": "time_utc,G2-A_pload,G2-A_qload,flat_pload,flat_qload,sun_gen,wind_gen\n"
    + "".join(
        f"2016-04-04T{quarter // 4:02d}:{15 * (quarter % 4):02d}Z,"
        f"{0.1 * quarter},{0.01 * quarter},1,0.5,{0.2 * (quarter % 4)},0.5\n"
        for quarter in range(8)
    ),
}


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_measured_power_by_hand(folder):
    """Hourly means of the profiles: 0.15 and 0.55 of G2-A, 0.3 of sun in each hour, 0.5 of wind."""
    active, reactive = measured_power(folder, 2, 1.0)
    assert list(active.index) == [1, 2] and list(active) == [1, 2, 3]
    assert active[1].to_list() == [0, 0]
    assert active[2].to_list() == pytest.approx([10 * 0.15 + 1, 10 * 0.55 + 1])
    sent = 50 * 0.3 + 8 * 0.5
    assert active[3].to_list() == pytest.approx([100 * 0.15 - sent, 100 * 0.55 - sent])
    assert reactive[2].to_list() == pytest.approx([4 * 0.015 + 0.5, 4 * 0.055 + 0.5])


@pytest.mark.parametrize("step_hours", [0.25, 0.5, 2.0])
def test_the_energy_of_a_step_is_that_of_its_quarters(folder, step_hours):
    steps = round(2 / step_hours)
    active, _ = measured_power(folder, steps, step_hours)
    quarters, _ = measured_power(folder, 8, 0.25)
    assert (step_hours * active.sum()).to_list() == pytest.approx((0.25 * quarters.sum()).to_list())
    assert len(active) == steps


@pytest.mark.parametrize("step_hours", [0.1, 0.3, 1 / 3, 0.0])
def test_a_step_that_is_no_multiple_of_a_quarter_is_refused(folder, step_hours):
    with pytest.raises(WrongInput, match="^step_hours: found .*; allowed: a multiple of 0.25"):
        measured_power(folder, 1, step_hours)


@pytest.mark.parametrize(("name", "old", "new", "sentence"), [
    ("loads.csv", "3,100,0,G2-A", "9,100,0,G2-A", "loads.csv, line 3, column bus: found 9; allowed: a bus of buses.csv"),
    ("loads.csv", "3,100,0,G2-A", "3,100,0,G9", "loads.csv, line 3, column profile: found 'G9', and profiles.csv has no column g9_pload; allowed: a profile that it has"),
    ("loads.csv", "3,100,0,G2-A", "3,much,0,G2-A", "loads.csv, line 3, column p_kw: found 'much'; allowed: a number with a decimal point"),
    ("generators.csv", "profile", "shape", "generators.csv: no column profile; allowed: columns bus, p_kw, profile"),
    ("generators.csv", "3,50,sun", "3,50,moon", "generators.csv, line 2, column profile: found 'moon', and profiles.csv has no column moon_gen; allowed: a profile that it has"),
    ("profiles.csv", "T00:30Z", "T00:40Z", "profiles.csv, line 4, column time_utc: found a step of 0.416667 h; allowed: steps of 0.25 h, in order"),
    ("profiles.csv", "time_utc", "when", "profiles.csv: no column time_utc; allowed: columns time_utc and those of profiles"),
    ("buses.csv", "3,2,1,A", "2,2,1,A", "buses.csv, line 4: found bus 2 twice; allowed: once"),
])  # fmt: skip
def test_a_fault_of_the_tables_is_a_sentence(folder, name, old, new, sentence):
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    with pytest.raises(WrongInput) as refused:
        measured_power(folder, 2, 1.0)
    assert sentence in refused.value.faults


def test_profiles_that_are_too_short_are_refused(folder):
    with pytest.raises(
        WrongInput, match="^profiles.csv: found 8 quarters of an hour; allowed: 12 or more$"
    ):
        measured_power(folder, 3, 1.0)


# --- what schedules change ----------------------------------------------------------------------------------------
FEEDER = Feeder(
    "three",
    pd.DataFrame({"from_bus": [1, 2], "to_bus": [2, 3], "r_ohm": [0.1] * 2, "x_ohm": [0.1] * 2}),
    pd.DataFrame(
        {"p_kw": [0.0, 1.0, 3.0], "q_kvar": [0.0] * 3, "vpp": ["", "A", "A"]}, index=[1, 2, 3]
    ),
    base_kv=0.4,
    source=1,
)


def test_a_vpp_that_controls_nothing_changes_nothing():
    """Load, wind and PV as they are: the measured power has all of it."""
    wind = Renewable(label="wind", forecast=array(3, 9))
    plant = vpp(load(10, 10), pv(4, 30), wind, grid([1, 1], [0.2, 0.2]), name="A")
    assert uncontrolled_withdrawal(plant).tolist() == [10 - 4 - 3, 10 - 30 - 9]
    changed = spread(case(plant), {"A": dispatch(plant)}, FEEDER)
    assert changed.to_numpy() == pytest.approx(0, abs=1e-6)


def test_spilled_sun_and_a_battery_are_spread_over_the_buses_by_hand():
    """PV of 30 kW beside a load of 10, a sale of 5 at most: without the battery 15 kW are spilled, which the feeder
    sees as 15 kW more, a quarter at bus 2 and the rest at bus 3."""
    plant = vpp(load(10), pv(30), grid([1], [0.2], sell_max=5.0), name="A")
    changed = spread(case(plant), {"A": dispatch(plant)}, FEEDER)
    assert changed.loc[1].to_list() == pytest.approx([0, 15 / 4, 3 * 15 / 4], abs=1e-5)
    store = battery(energy_start=0.0)
    moving = vpp(load(10, 10), store, grid([0.1, 1.0], [0.0, 0.0]), name="A")
    result = dispatch(moving)
    net = result.series["battery", "charge"] - result.series["battery", "discharge"]
    changed = spread(case(moving), {"A": result}, FEEDER)
    assert changed.sum(axis=1).to_list() == pytest.approx(net.to_list(), abs=1e-5)
    assert net.abs().min() > 1


def test_two_loads_count_and_heat_does_not():
    two = vpp(
        load(10, label="house"),
        ElectricLoad(label="cold", forecast=array(7)),
        HeatLoad(forecast=array(0)),
        grid([1], [0.2]),
        name="A",
    )
    assert uncontrolled_withdrawal(two).tolist() == [17]
    assert spread(case(two), {"A": dispatch(two)}, FEEDER).abs().to_numpy().max() < 1e-6


def test_all_changes_of_a_vpp_reach_its_buses():
    """With trades: what is spread adds up to the net withdrawal less load, plus what plants could give."""
    prices = grid([1.0, 1.0], [0.2, 0.2])
    seller = vpp(load(0, 0), pv(10, 20), prices, name="A")
    buyer = vpp(load(10, 10), prices, name="B")
    made = case(seller, buyer)
    loads = FEEDER.loads.assign(vpp=["B", "A", "A"])
    best = pool(made)
    changed = spread(made, best.dispatches, replace(FEEDER, loads=loads))
    taken = withdrawals(made, best.dispatches)
    assert changed[[2, 3]].sum(axis=1).to_list() == pytest.approx(
        (taken["A"] + np.array([10, 20])).to_list(), abs=1e-4
    )
    assert changed[1].to_list() == pytest.approx((taken["B"] - 10).to_list(), abs=1e-4)


def test_what_two_vpps_change_adds_up_bus_by_bus():
    """A spills 15 of 30 kW, B 3 of 8: each at its own buses, neither in place of the other."""
    sunny = vpp(load(10), pv(30), grid([1], [0.2], sell_max=5.0), name="A")
    other = vpp(load(1), pv(8), grid([1], [0.2], sell_max=4.0), name="B")
    made = case(sunny, other)
    schedules = {plant.name: dispatch(plant) for plant in (sunny, other)}
    apart = replace(FEEDER, loads=FEEDER.loads.assign(vpp=["B", "A", "A"]))
    changed = spread(made, schedules, apart)
    assert changed.loc[1].to_list() == pytest.approx([3, 15 / 4, 3 * 15 / 4], abs=1e-5)
    backwards = spread(made, dict(reversed(schedules.items())), apart)
    assert backwards.loc[1].to_list() == pytest.approx(changed.loc[1].to_list(), abs=1e-9)


def test_a_bus_that_gives_by_its_rating_has_no_part_of_what_a_vpp_changes():
    """Buses 2 and 3 are rated at -1 kW (a plant) and 3 kW."""
    plant = vpp(load(10), pv(30), grid([1], [0.2], sell_max=5.0), name="A")
    giving = replace(FEEDER, loads=FEEDER.loads.assign(p_kw=[0.0, -1.0, 3.0]))
    changed = spread(case(plant), {"A": dispatch(plant)}, giving)
    assert changed.loc[1].to_list() == pytest.approx([0, 0, 15], abs=1e-5)


def test_buses_without_a_rated_load_share_alike_and_a_vpp_without_bus_is_refused():
    plant = vpp(load(10), pv(30), grid([1], [0.2], sell_max=5.0), name="A")
    bare = replace(FEEDER, loads=FEEDER.loads.assign(p_kw=0.0))
    changed = spread(case(plant), {"A": dispatch(plant)}, bare)
    assert changed.loc[1].to_list() == pytest.approx([0, 7.5, 7.5], abs=1e-5)
    other = replace(plant, name="Z")
    with pytest.raises(
        WrongInput, match="buses.csv: found no bus of Z, only of A; allowed: one or more"
    ):
        spread(case(other), {"Z": dispatch(other)}, FEEDER)
    unowned = replace(FEEDER, loads=FEEDER.loads.drop(columns="vpp"))
    with pytest.raises(WrongInput, match="buses.csv: found no column vpp"):
        spread(case(plant), {"A": dispatch(plant)}, unowned)


# --- the page's power flow ------------------------------------------------------------------------------------------
def test_the_real_grid_carries_the_measured_power_and_what_schedules_change():
    """At the head, losses taken off: all that is measured, and what the nine VPPs change of it."""
    week = load_case("simbench-semiurb").window(1, 4)
    schedules = alone(week)
    flows = flows_on_own_grid(week, {"alone": schedules})
    assert list(flows) == ["the data as they are", "alone"]
    active, reactive = measured_power("simbench-semiurb/grid", 4, 1.0)
    taken = withdrawals(week, schedules)
    change = sum(taken[one.name].to_numpy() - uncontrolled_withdrawal(one) for one in week.vpps)
    assert np.abs(change).min() > 100
    for name, expected in (("the data as they are", 0.0), ("alone", change)):
        delivered = (flows[name].head - flows[name].losses).to_numpy()
        assert delivered == pytest.approx(active.sum(axis=1).to_numpy() + expected, abs=0.1)
    # the same buses' reactive power in both: without it voltages would be higher
    grid_of_the_set = load_feeder("simbench-semiurb/grid")
    changed = active + spread(week, schedules, grid_of_the_set)
    for name, kilowatts in (("the data as they are", active), ("alone", changed)):
        without = solve_flow(grid_of_the_set, kilowatts, 0 * reactive)
        assert (flows[name].voltages.min().min() + 1e-4) < without.voltages.min().min()


def test_a_case_that_brings_no_grid_has_no_such_flow():
    assert flows_on_own_grid(load_case("template"), {}) == {}
