"""Batteries with other ends, heat stores and cars: by hand, by a second linear program, as invariants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import array, battery, grid, load, vpp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from vppcore import VPP, NotSolved, Uncertainty, WrongInput, dispatch, load_case, worst_case
from vppcore.components import (
    Battery,
    Boiler,
    Clock,
    ElectricVehicle,
    GasSupply,
    HeatLoad,
    HeatStore,
)
from vppcore.components.days import Daily, whole_steps
from vppcore.components.stores import Store
from vppcore.places import DATA
from vppcore.proofs.studies import alone

NOTHING = load(0, 0, 0)
PERFECT = {"charge_efficiency": 1.0, "discharge_efficiency": 1.0}


# --- a battery's end and calendar -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("end", "end_value", "cost", "last"),
    [
        ("same", 0.0, 0.0, 5.0),  # nothing to gain from one price
        ("same", 9.0, 0.0, 5.0),  # what is not left over has no worth
        ("free", 0.0, -5 * 0.5, 0.0),  # sells the 5 kWh that it has
        ("free", 0.8, -3 * 0.5, 20.0),  # sells nothing, buys 15 kWh at 0.7 for 0.8 each
        ("at_least", 0.0, 0.0, 5.0),
        ("at_least", 0.8, -1.5, 20.0),
    ],
)
def test_what_a_battery_holds_at_the_end_by_hand(end, end_value, cost, last):
    """One price, 0.7 to buy and 0.5 to sell; 5 kWh at first, 20 at most."""
    made = battery(**PERFECT, end=end, end_value=end_value)
    result = dispatch(vpp(NOTHING, grid([0.7] * 3, [0.5] * 3), made))
    assert result.cost == pytest.approx(15 * (0.7 - 0.8) if end_value == 0.8 else cost, abs=1e-9)
    assert result.series["battery", "energy"].iloc[-1] == pytest.approx(last)


@given(
    st.lists(st.integers(0, 10), min_size=3, max_size=3),
    st.sampled_from([0.0, 0.3, 0.9]),
)
def test_more_freedom_at_the_end_costs_no_more(prices, end_value):
    """And without a value of the end, what may end anywhere ends where nothing is given away."""
    buy = np.array(prices) / 10
    costs = {}
    for end in ("same", "at_least", "free"):
        plant = vpp(load(1, 2, 3), grid(buy, 0.8 * buy), battery(end=end, end_value=end_value))
        costs[end] = dispatch(plant).cost
    assert costs["free"] <= costs["at_least"] + 1e-9
    assert costs["at_least"] <= costs["same"] + 1e-9


def test_a_value_of_the_end_links_two_days():
    """Two days at once, and the first alone with the second's price for what is left: the same schedule."""
    buy = array(0.2, 0.9, 0.2, 1.0)
    both = vpp(load(0, 4, 0, 6), grid(buy, [0] * 4), battery(**PERFECT, energy_start=0.0))
    first = replace(both.window(1, 2)).change("battery", end="free", end_value=0.15)
    assert dispatch(first).series["battery", "energy"].iloc[-1] == pytest.approx(0.0)
    dear = first.change("battery", end_value=0.25)
    assert dispatch(dear).series["battery", "energy"].iloc[-1] == pytest.approx(6.0)


def test_a_battery_stands_idle_where_its_calendar_says_so():
    made = battery(**PERFECT, energy_start=0.0, availability=array(1, 0.5, 0, 1))
    plant = vpp(load(0, 0, 8, 8), grid([0.1, 0.2, 5, 1], [0] * 4), made)
    flows = dispatch(plant).series["battery"]
    assert flows["charge"].to_numpy() == pytest.approx([8, 0, 0, 0], abs=1e-6)
    assert flows["discharge"].to_numpy() == pytest.approx([0, 0, 0, 8], abs=1e-6)
    half = dispatch(plant.change("battery", availability=array(0, 0.5, 0, 1)))
    assert half.series["battery", "charge"].to_numpy() == pytest.approx([0, 5, 0, 0], abs=1e-6)
    endless = plant.change("battery", charge_max=np.inf, discharge_max=np.inf)
    for storage in ("auto", "binary"):
        assert dispatch(endless, storage=storage).series["battery", "discharge"].iloc[2] <= 1e-9


def test_a_battery_that_is_never_there_is_none():
    plant = vpp(load(1, 2, 3), grid([0.1, 0.2, 5], [0] * 3))
    idle = battery(availability=array(0, 0, 0))
    assert dispatch(plant.adding(idle)).cost == pytest.approx(dispatch(plant).cost)


# --- heat stores ------------------------------------------------------------------------------------------------
def warm(**changes) -> VPP:
    tank = {
        "energy_min": 0.0, "energy_max": 12.0, "energy_start": 0.0, "charge_max": 10.0, "discharge_max": 10.0
    }  # fmt: skip
    return vpp(
        load(0, 0, 0, 0),
        HeatLoad(forecast=array(2, 2, 2, 10)),
        Boiler(heat_max=6.0, efficiency=1.0),
        GasSupply(price=1.0, calorific_value=10.0),
        HeatStore(**tank | changes),
        grid([1] * 4, [0] * 4),
    )


def test_a_tank_carries_a_peak_that_the_boiler_cannot_by_hand():
    """16 kWh are used; 4 of the last hour's 10 must be kept, and lose a tenth an hour: fill late."""
    lossless = dispatch(warm())
    assert lossless.cost == pytest.approx(16 * 0.1)
    result = dispatch(warm(self_discharge=0.1))
    kept = result.series["heat_store", "energy"].to_numpy()
    assert kept == pytest.approx([0, 4 / 0.9 * (1 - 0.9) * 0 + kept[1], 4 / 0.9, 0], abs=1e-6)
    # 4/0.9 are needed at the end of hour 3, of which hour 3 gives 4; the rest comes from hour 2
    rest = (4 / 0.9 - 4) / 0.9
    assert kept[1] == pytest.approx(rest)
    assert result.cost == pytest.approx(0.1 * (2 + 2 + rest + 6 + 6))


def test_a_tank_loses_by_the_hour_whatever_a_step_is():
    tank = HeatStore(
        energy_min=0, energy_max=8, energy_start=8, charge_max=0, discharge_max=8, self_discharge=0.05,
        end="free", end_value=1.0,
    )  # fmt: skip
    for step_hours in (0.25, 1.0, 2.0):
        assert tank.kept(step_hours) ** (4 / step_hours) == pytest.approx(0.95**4)
        plant = VPP(
            "V",
            (
                load(*[0] * round(4 / step_hours)),
                HeatLoad(forecast=[0] * round(4 / step_hours)),
                tank,
            ),
            round(4 / step_hours),
            step_hours,
        )
        assert dispatch(plant).series["heat_store", "energy"].iloc[-1] == pytest.approx(8 * 0.95**4)


def test_a_tank_that_would_burn_heat_is_held_back():
    """Its losses could get rid of heat that nobody takes and that must be made."""
    plant = warm(charge_efficiency=0.5, exclusive=1.0)
    assert "mixed-integer" in dispatch(plant).solved.kind
    assert "charge and discharge of heat_store" in dispatch(plant).note()


# --- hours of a day ---------------------------------------------------------------------------------------------
@given(
    st.floats(0, 24), st.floats(0, 24), st.sampled_from([0.25, 0.5, 1.0, 3.0]), st.floats(0, 23.75),
    st.integers(1, 200),
)  # fmt: skip
def test_shares_of_steps_add_up_to_the_hours_of_the_day(first, last, step_hours, start, steps):
    clock = Clock(steps, step_hours, start)
    there = Daily(first, last)
    away = Daily(last, first)
    share = there.share(clock)
    assert (share >= 0).all() and (share <= 1 + 1e-9).all()
    if abs(first - last) % 24 > 1e-6:
        assert share + away.share(clock) == pytest.approx(np.ones(steps), abs=1e-6)
    whole_days = steps * step_hours / 24
    if whole_days == int(whole_days):
        assert step_hours * share.sum() == pytest.approx(there.hours * whole_days, abs=1e-5)


@given(
    st.integers(0, 24), st.integers(0, 24), st.sampled_from([0.25, 1.0]), st.integers(0, 23), st.integers(1, 3)
)  # fmt: skip
def test_a_horizon_of_whole_days_has_one_stay_a_day(first, last, step_hours, start, days):
    clock = Clock(round(24 * days / step_hours), step_hours, start)
    there = Daily(first, last)
    stays = there.stays(clock)
    assert len(stays) == days
    assert sum(map(len, stays)) * step_hours == pytest.approx(there.hours * days)


@given(st.floats(0.01, 24), st.sampled_from([0.25, 1.0, 1.5]))
def test_a_time_takes_the_fewest_steps_that_hold_it(hours, step_hours):
    steps = whole_steps(hours, step_hours)
    assert steps * step_hours >= hours - 1e-6 > (steps - 1) * step_hours - 1e-6


# --- cars -------------------------------------------------------------------------------------------------------
CAR = {
    "energy_max": 40.0,
    "energy_needed": 9.0,
    "arrival": 18.0,
    "departure": 7.0,
    "charge_max": 3.0,
}
NIGHT = np.where(np.arange(24) < 5, 0.2, 0.8)


def driver(days: int = 1, start_hour: int = 0, **changes) -> VPP:
    price = np.tile(np.roll(NIGHT, -start_hour), days)
    hours = 24 * days
    car = ElectricVehicle(**CAR | changes)
    return VPP(
        "driver",
        (load(*[1] * hours), grid(price, [0.1] * hours), car),
        hours,
        start_hour=start_hour,
    )


@pytest.mark.parametrize("start_hour", [0, 6, 7, 8, 12, 18, 20])
@pytest.mark.parametrize("days", [1, 2])
def test_a_car_charges_in_the_cheap_hours_whenever_the_horizon_begins(start_hour, days):
    """9 kWh a trip at 0.9 are 10 kWh, three hours and a third of the night's five."""
    plant = driver(days, start_hour, charge_efficiency=0.9)
    without = replace(plant, components=plant.components[:2])
    result = dispatch(plant)
    assert result.cost - dispatch(without).cost == pytest.approx(10 * 0.2 * days)
    hours = (start_hour + np.arange(24 * days)) % 24
    away = (hours >= 7) & (hours < 18)
    assert result.series["electric_vehicle", "charge"].to_numpy()[away].max() <= 1e-9
    assert result.series["electric_vehicle", "energy"].min() >= -1e-9


def with_trips(*energies: float, **changes) -> VPP:
    """The driver's two days, the trip of each with an energy of its own."""
    trips = np.zeros(48)
    trips[[7, 31]] = energies
    return driver(2, energy_needed=trips, **changes)


def test_trips_of_different_length_cost_what_each_needs():
    """6 and 12 kWh: two hours and four of the nights' five at 3 kW, by hand."""
    plant = with_trips(6.0, 12.0)
    without = replace(plant, components=plant.components[:2])
    result = dispatch(plant)
    assert result.cost - dispatch(without).cost == pytest.approx(18 * 0.2)
    drawn = plant.component("electric_vehicle").drawn(plant.clock)
    assert drawn[drawn > 0].tolist() == [6.0, 12.0]
    alike = driver(2, energy_needed=9.0)
    assert dispatch(with_trips(9.0, 9.0)).cost == pytest.approx(dispatch(alike).cost)


def test_a_window_takes_the_trips_of_its_steps():
    day = with_trips(6.0, 12.0).window(25, 24)
    car = day.component("electric_vehicle")
    assert car.drawn(day.clock)[7] == 12.0 and car.most_drawn == 12.0


def test_energy_for_a_trip_that_does_not_begin_is_refused():
    wrong = np.zeros(24)
    wrong[[7, 12]] = 3.0
    with pytest.raises(WrongInput, match="found 3 kWh in step 13, in which no trip begins"):
        driver(energy_needed=wrong)
    with pytest.raises(WrongInput, match="energy_needed = 41 and energy_min = 0 are together"):
        with_trips(6.0, 41.0)
    with pytest.raises(WrongInput, match="energy_needed: found up to 40 kWh a trip, for which"):
        with_trips(6.0, 40.0, charge_max=1.0)


def test_a_car_that_needs_more_than_the_night_charges_in_dear_hours_too():
    """18 kWh at 3 kW are six hours: five of them at 0.2, one at 0.8."""
    plant = driver(energy_needed=18.0)
    without = replace(plant, components=plant.components[:2])
    assert dispatch(plant).cost - dispatch(without).cost == pytest.approx(15 * 0.2 + 3 * 0.8)


def test_a_car_by_column_is_the_car_by_the_clock():
    hours = np.arange(48) % 24
    there = ((hours >= 18) | (hours < 7)).astype(float)
    by_clock = driver(2)
    by_column = by_clock.change(
        "electric_vehicle", arrival=None, departure=None, availability=there
    )
    assert dispatch(by_column).cost == pytest.approx(dispatch(by_clock).cost)
    cut = by_column.window(13, 24)  # noon to noon
    assert dispatch(cut).cost == pytest.approx(dispatch(by_clock.window(13, 24)).cost)
    trips = cut.component("electric_vehicle").trips(cut.clock)
    assert trips.tolist() == by_clock.component("electric_vehicle").trips(cut.clock).tolist()
    assert trips.sum() == 1 and trips[19] == 1


def test_a_car_in_quarters_of_an_hour_that_leaves_within_one():
    car = ElectricVehicle(**CAR | {"arrival": 17.6, "departure": 6.9})
    clock = Clock(96, 0.25)
    share = car.there(clock)
    assert share[27] == pytest.approx(0.6) and share[28] == 0 and share[70] == pytest.approx(0.6)
    assert car.trips(clock).tolist() == np.eye(96)[27].tolist()
    price = np.repeat(NIGHT, 4)
    plant = VPP("q", (load(*[0] * 96), grid(price, [0] * 96), car), 96, 0.25)
    assert dispatch(plant).cost == pytest.approx(9 * 0.2)


def test_a_car_that_feeds_back_earns_the_difference_by_hand():
    """Bought at 0.2 and used at 0.8 in the hours from 5 to 7 and from 18 on: the load of 1 kW, 8 hours of it."""
    plant = driver(discharge_max=3.0)
    saved = dispatch(driver()).cost - dispatch(plant).cost
    # 5 h x 3 kW = 15 kWh at night: 9 for the trip, 6 for the dear hours
    assert saved == pytest.approx(6 * (0.8 - 0.2))
    worn = dispatch(driver(discharge_max=3.0, wear_cost=0.4))
    assert worn.cost == pytest.approx(dispatch(driver(wear_cost=0.4)).cost)


@pytest.mark.parametrize("start_hour", [0, 13])
@settings(max_examples=15)
@given(
    st.lists(st.integers(0, 9), min_size=24, max_size=24), st.integers(1, 20), st.booleans(), st.integers(1, 12)
)  # fmt: skip
def test_a_car_costs_what_a_second_program_says(start_hour, prices, needed, back, departure):
    """Written anew with energies between trips in place of a state that trips are taken off."""
    price = np.array(prices) / 10
    changes = {
        "energy_needed": float(needed),
        "departure": float(departure),
        "discharge_max": 2.0 * back,
    }
    car = ElectricVehicle(**CAR | changes)
    plant = VPP("p", (load(*[9] * 24), grid(price, price), car), 24, start_hour=start_hour)
    hours = (start_hour + np.arange(24)) % 24
    there = (hours >= 18) | (hours < departure)
    lower = np.tril(np.ones((24, 24)))
    trip = np.zeros(24)
    trip[(departure - start_hour) % 24] = needed
    stored = np.hstack([lower, -lower, np.ones((24, 1))])
    found = linprog(
        np.r_[price, -price, 0],
        A_ub=np.vstack([stored, -stored]),
        b_ub=np.r_[40 + np.cumsum(trip), -np.cumsum(trip)],
        A_eq=[np.r_[np.ones(24), -np.ones(24), 0]],
        b_eq=[needed],
        bounds=[(0, 3.0 * t) for t in there] + [(0, 2.0 * back * t) for t in there] + [(0, 40)],
    )
    assert dispatch(plant).cost == pytest.approx(found.fun + 9 * price.sum(), abs=1e-7)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"energy_needed": 41.0}, "together above energy_max = 40"),
        ({"energy_needed": 40.0, "charge_max": 3.0}, "energy_needed: found 40 kWh a trip, for which charging"),
        ({"arrival": None}, "arrival: found only departure, and no column of availability"),
        ({"arrival": None, "departure": None}, "found no arrival and no departure"),
        ({"availability": np.ones(24)}, "arrival: found it and a column of availability"),
        ({"arrival": 7.0}, "arrival: found 7 h, which is departure, too"),
        ({"end": "free"}, "energy_start: found none with end = free"),
        ({"energy_start": 5.0}, "leaves 0 kWh after a trip"),
    ],
)  # fmt: skip
def test_a_car_that_cannot_be_is_refused_in_a_sentence(changes, fragment):
    changes = {"charge_max": 0.5 if "5 kWh" in fragment else 3.0} | changes
    if "energy_start" in changes:
        changes |= {"charge_max": 0.1}
    with pytest.raises(WrongInput, match=fragment.replace("(", r"\(")):
        driver(**changes)


def test_cars_come_from_files(tmp_path):
    """A car by the clock, one by a column, and a tank, beside the template's household."""
    folder = tmp_path / "street"
    folder.mkdir()
    for name in ("case.yaml", "units.csv", "series.csv"):
        text = (DATA / "template" / name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    rows = [
        "Home,electric_vehicle,energy_max,40,kWh,maker,assumed",
        "Home,electric_vehicle,energy_needed,9,kWh,diary,assumed",
        "Home,electric_vehicle,charge_max,3,kW,socket,assumed",
        "Home,electric_vehicle,arrival,18,h,diary,assumed",
        "Home,electric_vehicle,departure,7,h,diary,assumed",
        "Shop,electric_vehicle.van,energy_max,60,kWh,maker,assumed",
        "Shop,electric_vehicle.van,energy_needed,12,kWh,diary,assumed",
        "Shop,electric_vehicle.van,charge_max,11,kW,socket,assumed",
        "Shop,electric_vehicle.van,end,same,-,our choice,assumed",
        "Home,heat_store,energy_min,0,kWh,maker,assumed",
        "Home,heat_store,energy_max,10,kWh,maker,assumed",
        "Home,heat_store,energy_start,5,kWh,maker,assumed",
        "Home,heat_store,charge_max,5,kW,maker,assumed",
        "Home,heat_store,discharge_max,5,kW,maker,assumed",
        "Home,heat_store,self_discharge,1,%,maker,assumed",
    ]
    units = (folder / "units.csv").read_text(encoding="utf-8").rstrip("\n")
    (folder / "units.csv").write_text("\n".join([units, *rows, ""]), encoding="utf-8")
    text = (folder / "series.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    there = ["shop_van_availability_share"] + [str(int(not 8 <= hour < 17)) for hour in range(24)]
    joined = [f"{line},{cell}" for line, cell in zip(lines, there, strict=True)]
    (folder / "series.csv").write_text("\n".join([*joined, ""]), encoding="utf-8")
    made = load_case(folder)
    assert made.vpp("Shop").component("van").drawn(made.vpp("Shop").clock)[8] == 12
    for name in ("Home", "Shop"):
        assert dispatch(made.vpp(name)).exact
    assert isinstance(made.vpp("Home").component("heat_store"), HeatStore)
    assert all(issubclass(kind, Store) for kind in (Battery, HeatStore, ElectricVehicle))


def test_the_rows_of_the_page_on_one_s_own_case_make_a_household_of_today(tmp_path):
    page = (Path(__file__).parent.parent / "book/own-case.md").read_text(encoding="utf-8")
    blocks = page.split("```text\n")[1:]
    rows = next(block for block in blocks if "electric_vehicle" in block).partition("```")[0]
    for name in ("case.yaml", "units.csv", "series.csv"):
        text = (DATA / "template" / name).read_text(encoding="utf-8")
        more = rows if name == "units.csv" else ""
        (tmp_path / name).write_text(text.rstrip("\n") + "\n" + more, encoding="utf-8")
    home = load_case(tmp_path).vpp("Home")
    result = dispatch(home)
    assert result.exact
    assert result.series["dishwasher", "power"].sum() == pytest.approx(2 * 1.2)
    assert result.series["electric_vehicle", "charge"].sum() == pytest.approx(8 / 0.9)
    assert home.component("heat_pump").cop == pytest.approx(0.4 * 318.15 / 41)
    assert result.series["heat_pump", "heat"].max() <= 6 + 1e-6


# --- stores that waste nothing ----------------------------------------------------------------------------------
def test_a_store_without_losses_needs_no_binaries_and_shows_one_flow_at_a_time():
    """Both at once make no difference then, even where power is paid for."""
    plant = vpp(load(3, 3, 3), battery(**PERFECT), grid([-1.0, 0.5, 2.0], [-1.5, 0.4, 1.9]))
    for storage in ("auto", "binary", "relaxed"):
        result = dispatch(plant, storage=storage)
        flows = result.series["battery"]
        assert np.minimum(flows["charge"], flows["discharge"]).max() == 0.0
        given = flows["discharge"] - flows["charge"]
        assert result.balances["electricity"]["battery"].to_numpy() == pytest.approx(given)
        assert "battery" not in result.note()
    by_wish = dispatch(plant.change("battery", exclusive=1.0))
    assert by_wish.cost == pytest.approx(result.cost) and "battery" in by_wish.note()
    worn = dispatch(plant.change("battery", wear_cost=1e-3))
    assert "charge and discharge of battery" in worn.note()


def test_a_store_without_losses_that_earns_without_end_is_still_explained():
    plant = vpp(load(1, 1), battery(**PERFECT, end="free", end_value=1.0), grid([-1, -1], [-2, -2]))
    with pytest.raises(NotSolved, match="unbounded"):
        dispatch(
            plant.change("grid", sell_price=np.array([0.5, 0.5]), buy_price=np.array([0.1, 0.1])),
            storage="relaxed",
        )


def test_a_store_without_losses_can_be_proven_and_kept_through_a_worst_day():
    plant = vpp(load(1, 2, 3), battery(**PERFECT), grid([0.1, 0.5, 0.9], [0, 0, 0]))
    assert float(alone(plant, "a store").value) == pytest.approx(dispatch(plant).cost)
    nothing = Uncertainty({"load": 0})
    assert worst_case(plant, nothing).cost == pytest.approx(dispatch(plant).cost)
