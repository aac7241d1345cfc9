"""VPPs made in Python: checked like those that are read, one sentence for each fault; and the clock of components."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from builders import array, battery, grid, load, pv, vpp
from hypothesis import given
from hypothesis import strategies as st
from kinds import Vehicle

from vppcore import VPP, NotSolved, WrongInput, dispatch, load_case
from vppcore.components import (
    Battery,
    Boiler,
    CarbonMarket,
    Clock,
    Component,
    ElectricLoad,
    Grid,
    Part,
    Renewable,
    Tie,
)
from vppcore.components.base import parameter, profile
from vppcore.vpp import build

PRICES = Grid(buy_price=[1.0, 2.0], sell_price=[0.0, 0.0])


def faults(*components: Component, **more) -> list[str]:
    with pytest.raises(WrongInput) as refused:
        VPP(**{"name": "V", "components": components, "steps": 2} | more)
    return refused.value.faults


# --- series -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "series",
    [
        [3, 5],
        (3.0, 5.0),
        np.array([3, 5]),
        np.array([3.0, 5.0], np.float32),
        pd.Series([3, 5], index=[1, 2]),
        pd.Series([3.0, 5.0], index=pd.date_range("2026-03-01", periods=2, freq="h")),
        pd.Series([3, 5], dtype="Int64"),
        range(3, 7, 2),
    ],
    ids=["list", "tuple", "whole numbers", "float32", "Series", "times", "nullable", "range"],
)
def test_any_series_of_numbers_is_taken(series):
    made = ElectricLoad(forecast=series)
    assert isinstance(made.forecast, np.ndarray) and made.forecast.dtype == float
    assert dispatch(VPP("V", (made, PRICES), 2)).cost == pytest.approx(3 + 10)


WRONG_SERIES = {
    "too short": ([3.0], "found 1 number; allowed: 2, one for each step"),
    "too long": ([3.0, 4.0, 5.0], "found 3 numbers; allowed: 2, one for each step"),
    "nan": ([3.0, np.nan], "found nan in step 2; allowed: a number"),
    "infinite": ([np.inf, 3.0], "found inf kW in step 1; allowed: a finite number"),
    "negative": ([3.0, -1.5], "found -1.5 kW in step 2; allowed: 0 or more, or any where net_metered is yes"),
    "huge": ([3.0, 1e308], "found 1e+308 kW in step 2; allowed: below 1e+15 in size"),
    "one number": (3.0, "found one number; allowed: a series, one number for each step"),
    "text": (["3", "x"], "found ['3', 'x']; allowed: numbers, one for each step"),
    "a table": ([[3.0, 4.0]], "found a table of shape (1, 2); allowed: a series, one number for each step"),
    "nothing": (None, "found None; allowed: numbers, one for each step"),
}  # fmt: skip


@pytest.mark.parametrize(("series", "sentence"), WRONG_SERIES.values(), ids=WRONG_SERIES.keys())
def test_a_wrong_series_is_refused_in_one_sentence(series, sentence):
    (fault,) = faults(ElectricLoad(label="house", forecast=series), PRICES)
    assert fault.startswith(f"V, house: forecast: {sentence}")


@pytest.mark.parametrize("price", [1e308, np.nan, np.inf, -1e200])
def test_a_wrong_price_never_reaches_a_solver(price):
    (fault,) = faults(load(1, 1), Grid(buy_price=[1.0, price], sell_price=[0.0, 0.0]))
    assert fault.startswith("V, grid: buy_price: found") and "in step 2" in fault


def test_negative_prices_and_any_sign_where_it_is_declared_are_taken():
    assert dispatch(vpp(load(1, 1), grid([-1, 1], [-2, 0]))).cost == pytest.approx(0)


# --- numbers ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"charge_max": -5.0}, "charge_max: found -5 kW; allowed: 0 or more"),
        ({"charge_max": [1.0, -5.0]}, "charge_max: found -5 kW in step 2; allowed: 0 or more"),
        ({"charge_max": [1.0]}, "charge_max: found 1 number; allowed: 2, one for each step"),
        ({"charge_efficiency": 1.2}, "charge_efficiency: found 1.2 -; allowed: 0.01 to 1"),
        ({"energy_max": np.inf}, "energy_max: found inf kWh; allowed: a finite number"),
        ({"energy_max": np.nan}, "energy_max: found nan; allowed: a number"),
        ({"energy_max": "ten"}, "energy_max: found 'ten'; allowed: a number"),
        ({"energy_max": None}, "energy_max: found None; allowed: a number"),
        ({"energy_max": [20.0, 20.0]}, "energy_max: found a series; allowed: one number"),
        ({"wear_cost": 1e20}, "wear_cost: found 1e+20 yuan/kWh; allowed: below 1e+15 in size"),
        ({"energy_min": 8.0}, "energy_min = 8 is above energy_start = 5"),
    ],
    ids=str,
)
def test_a_wrong_number_is_refused_in_one_sentence(change, sentence):
    assert faults(load(1, 1), battery(**change), PRICES) == [f"V, battery: {sentence}"]


def test_limits_by_step_may_be_lists():
    """10 kW of load, of which 4 and then 10 may be bought, and 10 kWh of the sun between."""
    market = Grid(buy_price=[1.0, 2.0], sell_price=[0.0, 0.0], buy_max=[4.0, 10.0])
    result = dispatch(VPP("V", (load(4, 10), market), 2))
    assert result.cost == pytest.approx(4 + 20)
    with pytest.raises(NotSolved, match="grid can give at most 4.0 kW"):
        dispatch(VPP("V", (load(5, 10), market), 2))


def test_all_faults_are_named_at_once():
    found = faults(load(1, -1), battery(charge_max=-1.0, self_discharge=2.0), PRICES)
    assert len(found) == 3 and all(fault.startswith("V, ") for fault in found)


@pytest.mark.parametrize("charge_max", [0.4, [0.4, 0.4]])
def test_a_battery_that_cannot_hold_its_energy_is_refused(charge_max):
    """5 kWh lose 0.5 in an hour, and 0.4 kW at 0.9 put back 0.36."""
    leaky = battery(self_discharge=0.1, charge_max=charge_max)
    (fault,) = faults(load(1, 1), leaky, PRICES)
    assert fault.startswith("V, battery: self_discharge = 0.1 loses more than charge_max = 0.4 kW")
    dispatch(VPP("V", (load(1, 1), replace(leaky, charge_max=0.6), PRICES), 2))
    empty = replace(leaky, energy_start=0.0, self_discharge=1.0)
    dispatch(VPP("V", (load(1, 1), empty, PRICES), 2))


@given(
    lost=st.floats(0, 1),
    power=st.floats(0, 10),
    start=st.floats(0, 20),
    step_hours=st.sampled_from([0.25, 1.0, 2.0]),
)
def test_what_is_said_of_a_battery_that_cannot_hold_is_true(lost, power, start, step_hours):
    """Refused exactly where its own rows have no solution."""
    made = battery(self_discharge=lost, charge_max=power, energy_start=start)
    clock = Clock(3, step_hours)
    import cvxpy as cp

    part = made.model_at(clock)
    slack = cp.Variable(nonneg=True)
    rows = [row for row in part.constraints[:-1]]
    energy = part.series["energy"]
    lacking = cp.Problem(cp.Minimize(slack), [*rows, energy[2] + slack >= start])
    short = lacking.solve(solver=cp.HIGHS)
    if abs(short) > 1e-5 or short == 0:
        assert bool(made.faults_at(clock)) == (short > 1e-5)


# --- the horizon --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"steps": 0}, "steps: found 0; allowed: a whole number of 1 or more"),
        ({"steps": 2.5}, "steps: found 2.5; allowed: a whole number of 1 or more"),
        ({"steps": "two"}, "steps: found 'two'; allowed: a whole number of 1 or more"),
        ({"step_hours": 0.0}, "step_hours: found 0.0; allowed"),
        ({"step_hours": 1e-300}, "step_hours: found 1e-300; allowed"),
        ({"step_hours": np.inf}, "step_hours: found inf; allowed"),
        ({"step_hours": np.nan}, "step_hours: found nan; allowed"),
        ({"start_hour": 24.0}, "start_hour: found 24.0; allowed"),
        ({"weekday": 7}, "weekday: found 7; allowed: a whole number from 0 to 6"),
    ],
    ids=str,
)
def test_a_horizon_without_sense_is_refused(change, sentence):
    (fault,) = faults(load(1, 1), PRICES, **change)
    assert fault.startswith(f"V: {sentence}")


# --- names --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name", ["", " Home", "Home ", "two\nlines", "tab\there", "bell\a", "all", "ALL", "cluster", "(operator)", None, 7]
)  # fmt: skip
def test_a_name_that_no_table_could_show_is_refused(name):
    (fault,) = faults(load(1, 1), PRICES, name=name)
    assert fault.startswith(f"vpp: found {name!r}") and "allowed" in fault


@pytest.mark.parametrize(
    "name", ["Home", "Dach Süd", "屋顶", "крыша", "=1+1", "<b>", "../x", "a'b"]
)
def test_names_of_any_script_are_taken(name):
    assert dispatch(VPP(name, (load(1, 1), PRICES), 2)).vpp == name


def test_two_unicode_forms_of_a_name_are_one():
    composed, apart = "Süd", unicodedata.normalize("NFD", "Süd")
    assert composed != apart
    assert VPP(apart, (load(1, 1), PRICES), 2).name == composed
    assert load(1, 1, label=apart).name == composed


@pytest.mark.parametrize(
    ("label", "fragment"),
    [
        ("tie", "found 'tie' for a electric_load; allowed: a name that is not another kind"),
        ("battery", "found 'battery' for a electric_load"),
        ("two\nlines", "allowed: one line of printable characters"),
        ("all", "stands for every VPP"),
    ],
)
def test_a_label_that_could_be_mistaken_is_refused(label, fragment):
    (fault,) = faults(load(1, 1, label=label), PRICES)
    assert fault.startswith("V: label: ") and fragment in fault


def test_two_components_of_one_name_are_refused():
    assert faults(load(1, 1), load(2, 2), PRICES) == [
        "V: two components named electric_load; allowed: different labels"
    ]


def test_what_is_no_component_is_refused():
    (fault,) = faults(load(1, 1), "grid")
    assert fault == "V: component: found 'grid'; allowed: a component"


# --- the clock ----------------------------------------------------------------------------------------------------
@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(
        lambda time: time.replace(second=0, microsecond=0, minute=15 * (time.minute // 15))
    ),
    step_hours=st.sampled_from([0.25, 0.5, 1.0, 3.0]),
    first=st.integers(1, 60),
)
def test_a_clock_tells_hours_and_weekdays_as_a_calendar_does(start, step_hours, first):
    """Against the calendar of Python, whole and from a later step on."""
    clock = Clock(100, step_hours, start.hour + start.minute / 60, start.weekday())
    times = [start + timedelta(hours=k * step_hours) for k in range(100)]
    hours = [time.hour + time.minute / 60 for time in times]
    assert clock.hours == pytest.approx(hours)
    assert list(clock.weekdays) == [time.weekday() for time in times]
    cut = clock.window(first, 20)
    assert cut.hours == pytest.approx(hours[first - 1 : first + 19])
    assert list(cut.weekdays) == [time.weekday() for time in times[first - 1 : first + 19]]


def test_a_weekday_that_is_not_known_is_asked_for():
    with pytest.raises(WrongInput, match="weekday: the horizon's first day is not known"):
        Clock(24).weekdays  # noqa: B018
    assert list(Clock(3, start_hour=23.0).hours) == [23, 0, 1]


def test_a_window_of_a_vpp_keeps_the_time_of_day():
    """Two days of a vehicle: the second alone charges as the clock of the second says."""
    drive = Vehicle(power_max=4.0, energy=7.2, arrival=17.0, departure=7.0)
    price = np.tile(np.where(np.arange(24) < 5, 0.2, 0.8), 2)
    plant = VPP(
        "V",
        (load(*[1.0] * 48), drive, grid(price, [0.0] * 48)),
        48,
        start_hour=6.0,
        weekday=3,
    )
    cut = plant.window(first=13, steps=24)
    assert (cut.steps, cut.start_hour, cut.weekday) == (24, 18.0, 3)
    away = (np.arange(18, 42) % 24 >= 7) & (np.arange(18, 42) % 24 < 17)
    charge = dispatch(cut).series["vehicle", "charge"].to_numpy()
    assert np.abs(charge[away]).max() < 1e-9 and charge.sum() == pytest.approx(8)
    with pytest.raises(WrongInput, match="V: found steps 40 to 63; allowed: within 1 to 48"):
        plant.window(40, 24)


def test_a_window_cuts_series_and_limits_by_step():
    plant = VPP(
        "V", (load(1, 2, 3), Grid(buy_price=[1, 2, 3], sell_price=[0] * 3, buy_max=[5, 6, 7])), 3
    )
    cut = plant.window(2, 2)
    assert cut.component("grid").buy_max.tolist() == [6, 7]
    assert cut.component("electric_load").forecast.tolist() == [2, 3]


# --- kinds of a reader --------------------------------------------------------------------------------------------
def test_a_component_that_states_nothing_is_refused_in_words():
    @dataclass(frozen=True, eq=False, kw_only=True)
    class Nothing(Component):
        pass

    with pytest.raises(NotImplementedError, match="Nothing states neither model nor model_at"):
        build(VPP("V", (load(1, 1), Nothing(), PRICES), 2))


def test_series_that_are_no_power_have_their_own_range():
    """A COP by the hour, and a temperature below zero."""

    @dataclass(frozen=True, eq=False, kw_only=True)
    class Pump(Component):
        cop: np.ndarray = profile("cop", "-", "heat per power", low=1.0, high=8.0)
        outside: np.ndarray = profile("outside", "degC", "temperature", low=-60.0, high=60.0)
        heat: float = parameter("kW", "heat made", 3.0)

        def model(self, steps: int, step_hours: float = 1.0) -> Part:
            import cvxpy as cp

            return Part(inject={"electricity": cp.Constant(-self.heat / self.cop)})

    plant = VPP("V", (Pump(cop=[3.0, 2.0], outside=[-5.0, 3.0]), PRICES), 2)
    assert dispatch(plant).cost == pytest.approx(1 + 2 * 1.5)
    assert faults(Pump(cop=[3.0, 0.5], outside=[-70.0, 3.0]), PRICES) == [
        "V, pump: cop: found 0.5 - in step 2; allowed: 1 to 8",
        "V, pump: outside: found -70 degC in step 1; allowed: -60 to 60",
    ]


@pytest.mark.parametrize("name", ["paper-a", "paper-b", "template"])
def test_the_book_s_vpps_made_again_from_lists_cost_the_same(name):
    """As a reader would type them in."""
    for plant in load_case(name).vpps:
        parts = []
        for component in plant.components:
            lists = {key: values.tolist() for key, values in component.by_step().items()}
            parts.append(replace(component, **lists))
        again = VPP(plant.name, parts, plant.steps, plant.step_hours)
        assert dispatch(again).cost == pytest.approx(dispatch(plant).cost, rel=1e-9)


def test_a_tie_with_a_limit_by_step_is_kept():
    seller = VPP("A", (pv(9, 9), load(0, 0), Tie(partners=("B",), limit=[2.0, 5.0])), 2)
    part = build(seller).parts["tie"]
    import cvxpy as cp

    problem = cp.Problem(cp.Maximize(cp.sum(part.trade)), part.constraints)
    problem.solve(solver=cp.HIGHS)
    assert part.trade.value.ravel() == pytest.approx([2, 5])


def test_components_used_here_are_those_that_files_know():
    """Numbers of every kind may be given by name and are checked the same way."""
    made = (
        Battery(energy_min=0, energy_max=4, energy_start=0, charge_max=1, discharge_max=1),
        Boiler(heat_max=[3.0, 4.0], efficiency=0.9),
        CarbonMarket(price=0.1),
        Renewable(forecast=array(1, 2)),
    )
    for component in made:
        assert component.out_of_range(2) == [] and component.faults() == []
