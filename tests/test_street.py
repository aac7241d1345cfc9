"""The case of a low-voltage street: its sums, its cars and heat, and its costs by a second road."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from independent_street import Street

from vppcore import alone, dispatch, load_case, pool
from vppcore.components import ElectricVehicle, HeatPump
from vppcore.grid.feeder import load_feeder
from vppcore.grid.measured import measured_power
from vppcore.grid.power_flow import solve_flow
from vppcore.places import DATA

FOLDER = DATA / "simbench-lv"
GRID = FOLDER / "grid"
EFFICIENCY = 0.9


@pytest.fixture(scope="module")
def street():
    return load_case("simbench-lv")


@pytest.fixture(scope="module")
def profiles():
    """The set's profiles by quarter of an hour: those of neighbours are those of members, too."""
    return pd.read_csv(GRID / "profiles.csv")


def test_every_member_has_the_load_and_the_sun_of_its_bus(street, profiles):
    buses = pd.read_csv(GRID / "buses.csv", keep_default_na=False).query("vpp != ''")
    assert sorted(buses["vpp"]) == sorted(street.names)
    loads = pd.read_csv(GRID / "loads.csv").set_index("bus")
    roofs = pd.read_csv(GRID / "generators.csv").set_index("bus")
    for bus, name in zip(buses["bus"], buses["vpp"], strict=True):
        member, load, roof = street.vpp(name), loads.loc[bus], roofs.loc[bus]
        for found, power in (
            (member.component("electric_load").demand, load.p_kw * profiles[f"{load.profile}_pload"]),
            (member.component("pv").available, roof.p_kw * profiles[f"{roof.profile}_gen"]),
        ):  # fmt: skip
            hourly = power.to_numpy().reshape(-1, 4).mean(axis=1)
            assert found == pytest.approx(hourly, abs=6e-5 * power.max() + 6e-3)


# member -> (the set's rated power, kW, profile) of heat pumps that a neighbour has, too
PUMPS = {
    "Farm3": (3.0, "Soil_Alternative_2"),
    "House8": (2.0, "Soil_Alternative_2"),
    "Farm10": (4.0, "Soil_Alternative_2"),
    "House13": (2.0, "Soil_Alternative_2"),
}


@pytest.mark.parametrize("name", PUMPS)
def test_heat_is_the_pumps_electricity_times_its_cop(street, profiles, name):
    rated, profile = PUMPS[name]
    member = street.vpp(name)
    cop = member.component("heat_pump").cop
    hourly = rated * profiles[f"{profile}_pload"].to_numpy().reshape(-1, 4).mean(axis=1)
    assert member.component("heat_load").demand == pytest.approx(cop * hourly, abs=2e-3)
    carnot = HeatPump(heat_max=1.0, outdoor=0.0, flow_temperature=45.0, carnot_share=0.55)
    assert cop == pytest.approx(carnot.cop, abs=0.005)


# member, label -> (charger, kW, profile) of cars that a neighbour has, too
CARS = {
    ("House8", "car1"): (10.9, "HLS_A_11.0"),
    ("House11", "car1"): (3.7, "HLS_A_3.7"),
}


@pytest.mark.parametrize(("name", "label"), CARS)
def test_cars_charge_what_the_set_charges_and_not_before(street, profiles, name, label):
    """Energies of trips are those of charging, and a car is there whenever the set charges it."""
    rated, profile = CARS[name, label]
    power = rated * profiles[f"{profile}_pload"].to_numpy()
    member = street.vpp(name)
    car = member.component(label)
    assert car.energy_needed.sum() == pytest.approx(EFFICIENCY * power.sum() / 4, rel=1e-3)
    assert car.availability[power.reshape(-1, 4).max(axis=1) > 0].min() > 0
    assert (car.drawn(member.clock) == car.energy_needed).all()
    comes = np.flatnonzero((car.availability > 0) & (np.roll(car.availability, 1) == 0))
    for hour in comes:  # the first quarter in which it is there is the first in which it is charged
        quarters = power[4 * hour : 4 * hour + 4] > 0
        assert car.availability[hour] == pytest.approx(1 - np.argmax(quarters) / 4)


def test_what_cars_charge_is_what_trips_use(street):
    schedules = alone(street)
    for member in street.vpps:
        for car in member.of(ElectricVehicle):
            charged = schedules[member.name].series[car.name, "charge"].sum()
            assert EFFICIENCY * charged == pytest.approx(car.energy_needed.sum(), rel=1e-6)


def test_the_flat_tariff_is_the_mean_of_the_dynamic_one(street):
    dynamic = street.vpp("Farm2").component("grid").buy_price
    flat = street.vpp("House13").component("grid").buy_price
    assert np.ptp(flat) == 0 and flat[0] == pytest.approx(dynamic.mean(), abs=1e-4)
    assert np.std(dynamic) == pytest.approx(0.04, abs=1e-4)
    assert (street.vpp("Farm2").component("grid").sell_price < dynamic.min()).all()


# --- a second road --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["Farm9", "Farm10", "House8", "House11", "House13"])
def test_a_member_costs_what_a_program_of_scipy_says(street, name):
    """Farm10 has a car, a heat pump, a tank, a battery and a roof, and all pay for their peak."""
    found = dispatch(street.vpp(name))
    second = Street(FOLDER).cost([name], trading=False)
    size = found.costs.abs().sum()
    assert found.cost == pytest.approx(second, abs=1e-5 * size)


def test_the_street_costs_what_a_program_of_scipy_says(street):
    files = Street(FOLDER)
    assert files.names == list(street.names)
    second = files.cost(files.names, trading=True)
    assert pool(street).cost == pytest.approx(second, rel=1e-5)


def without_a_bill(member):
    """The member with a load of the size for which its income pays for its purchase."""

    def sized(scale):
        return member.change("electric_load", scale=scale)

    low, high = 0.0, 10.0
    assert dispatch(sized(low)).cost < 0 < dispatch(sized(high)).cost
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if dispatch(sized(middle)).cost < 0 else (low, middle)
    return sized(low)


def test_the_flattest_schedule_is_found_where_a_bill_is_near_zero(street):
    """Farm9's plants are many times its load; here its income pays for its purchase."""
    member = without_a_bill(street.vpp("Farm9"))
    cheapest, flattest = dispatch(member), dispatch(member, flattest=True)
    size = cheapest.costs.abs().sum()
    assert abs(cheapest.cost) < 0.01 * size
    assert flattest.cost == pytest.approx(cheapest.cost, abs=1e-5 * size)


# --- its grid -------------------------------------------------------------------------------------
def test_the_transformer_is_the_first_line_of_its_grid():
    """160 kVA of 4 % short-circuit voltage, of which 1.46875 % is resistance, on 0.4 kV."""
    feeder = load_feeder("simbench-lv/grid")
    first = feeder.lines.iloc[0]
    base = 0.4**2 / 0.16
    assert first.r_ohm == pytest.approx(0.0146875 * base, abs=1e-6)
    assert np.hypot(first.r_ohm, first.x_ohm) == pytest.approx(0.04 * base, abs=1e-6)
    assert np.sqrt(3) * 0.4 * first.max_i_ka == pytest.approx(0.16, rel=1e-4)
    assert feeder.source == first.from_bus


def test_the_power_flow_of_the_data_is_what_its_readme_says():
    active, reactive = measured_power("simbench-lv/grid", 168, 1.0)
    flow = solve_flow(load_feeder("simbench-lv/grid"), active, reactive)
    lowest, highest = flow.voltages.min().min(), flow.voltages.max().max()
    assert 0.98 < lowest < 0.99 and 1.03 < highest < 1.04
    assert 1.3 < flow.loading[0].max() < 1.6 and flow.loading.iloc[:, 1:].max().max() < 1
