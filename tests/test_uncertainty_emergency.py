"""Emergency: prices that follow the case, energy that is shed and said, days without a schedule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import array, battery, case, grid, load, pv, vpp
from hypothesis import given
from hypothesis import strategies as st

from vppcore import NotSolved, dispatch, load_case, pool
from vppcore.components import Boiler, GasSupply, GasTurbine, HeatLoad, MicroTurbine
from vppcore.uncertainty.emergency import (
    DUMP_MULTIPLE,
    SHED_MULTIPLE,
    highest_price,
    prices_of,
    with_emergency,
)
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.robust import robust_coalition, sweep
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.worst_day import worst_case

LOAD = Uncertainty({"load": 1})


# --- prices ---------------------------------------------------------------------------------------
def test_the_highest_price_of_a_kwh_is_the_dearest_of_all():
    tariff = grid([0.4, 1.2], [0.2, 0.2])
    assert highest_price(vpp(load(5, 5), tariff)) == pytest.approx(1.2)
    assert highest_price(vpp(load(5, 5, curtail_cost=3.0), tariff)) == pytest.approx(3.0)
    assert highest_price(vpp(load(5, 5), grid([0.4, -2.5], [0.2, -2.6]))) == pytest.approx(2.6)
    turbine = GasTurbine(power_max=5.0, electric_efficiency=0.25)
    gas = GasSupply(price=4.0, calorific_value=10.0)
    assert highest_price(vpp(load(5, 5), tariff, turbine, gas)) == pytest.approx(0.4 / 0.25)
    curved = MicroTurbine(power_max=10.0, cost_linear=0.1, cost_quadratic=0.2)
    assert highest_price(vpp(load(5, 5), tariff, curved)) == pytest.approx(1.2 + 2 * 0.2 * 10)


def test_prices_that_are_given_are_taken():
    plant = vpp(load(5, 5), grid([1.0, 1.0], [0.2, 0.2]))
    assert prices_of(plant, LOAD) == pytest.approx((SHED_MULTIPLE, DUMP_MULTIPLE))
    assert prices_of(plant, Uncertainty({}, shed_price=4.0)) == pytest.approx((4.0, DUMP_MULTIPLE))
    assert prices_of(plant, Uncertainty({}, dump_price=0.0)) == pytest.approx((SHED_MULTIPLE, 0.0))


@given(factor=st.sampled_from([1e-4, 0.5, 30.0, 1e5]))
def test_prices_scale_with_the_currency(factor):
    def plant(money: float):
        gas = GasSupply(price=3.5 * money, calorific_value=10.0)
        boiler = Boiler(heat_max=9.0, efficiency=0.9, operation_cost=0.1 * money)
        tariff = grid(money * array(0.4, 1.2), money * array(0.2, 0.2))
        return vpp(load(5, 5), HeatLoad(forecast=array(2, 2)), boiler, gas, tariff)

    assert prices_of(plant(factor), LOAD) == pytest.approx(
        factor * np.array(prices_of(plant(1.0), LOAD))
    )


@pytest.mark.parametrize("money", [0.01, 1.0, 30.0, 1000.0])
def test_in_another_currency_no_emergency_replaces_what_can_be_bought(money):
    """The book's template with all prices in a small currency (yen): the forecast day is served."""
    shop = load_case("template").window(7, 6).vpp("Shop")
    tariff = shop.component("grid")
    dear = shop.change(
        "grid", buy_price=money * tariff.buy_price, sell_price=money * tariff.sell_price
    ).change("electric_load", shift_cost=money * shop.component("electric_load").shift_cost)
    found = worst_case(dear, at_level(1))
    assert found.nominal == pytest.approx(dispatch(dear).cost, rel=1e-6)
    assert found.shed.sum() == 0
    assert found.cost == pytest.approx(money * worst_case(shop, at_level(1)).cost, rel=1e-6)


def test_a_kwh_that_costs_more_than_ten_times_the_highest_price_is_not_shed():
    """A ramp so slow that the last kWh takes 22 others: dear, but to be had."""
    hours = 40
    need = array(*[0.0] * (hours - 1), 20.0)
    slow = MicroTurbine(power_max=50.0, ramp_max=0.5, cost_linear=1.0)
    tariff = grid([1.0] * hours, [-0.9] * hours, buy_max=0.5)  # selling costs nearly as much
    plant = vpp(load(*need), slow, tariff)
    schedule = dispatch(plant)
    recourse = Recourse(plant, LOAD)
    assert schedule.prices["electricity"].max() > SHED_MULTIPLE * highest_price(plant)
    assert recourse.value(recourse.forecast_day) == pytest.approx(schedule.cost, rel=1e-6)


@pytest.mark.parametrize("money", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("reading", ["trades first", "own worst case first", "joint worst case"])
def test_a_park_without_prices_of_its_own_sheds_nothing_to_sell_it(reading, money):
    """By night it has no sun; a kWh that it lacks must not be cheaper than the town's grid."""
    cheap = replace(pv(0, 3), operation_cost=0.01 * money)
    town = vpp(load(5, 5), grid([0.5 * money] * 2, [0.1 * money] * 2), name="town")
    made = case(vpp(cheap, name="park"), town, limit=9.0)
    for day in ({"load": 0}, {"load": 1}):
        result = robust_coalition(made, Uncertainty(day), reading=reading)
        assert result.shed.sum() == pytest.approx(0, abs=1e-9)
    at_forecast = robust_coalition(made, Uncertainty({"load": 0}), reading=reading)
    assert at_forecast.cost == pytest.approx(money * (0.5 * 5 + 0.5 * 2 + 0.01 * 3))
    assert pool(made).cost == pytest.approx(at_forecast.cost)


# --- what is shed is said -------------------------------------------------------------------------
def short_of_power():
    """10 kW from the grid for a load of 10 kW: a hit of 20 % is 2 kW that nobody can deliver."""
    return vpp(load(10, 10, 4), grid([1.0] * 3, [0.2] * 3, buy_max=10.0), name="short")


@pytest.mark.parametrize("step_hours", [0.25, 1.0])
def test_shed_energy_is_a_number_of_the_result(step_hours):
    plant = vpp(
        load(10, 10, 4),
        grid([1.0] * 3, [0.2] * 3, buy_max=10.0),
        name="short",
        step_hours=step_hours,
    )
    found = worst_case(plant, Uncertainty({"load": 2 * step_hours}))
    assert found.shed["short", "electricity"] == pytest.approx(step_hours * 4.0)
    assert found.dumped.sum() == 0
    assert f"{step_hours * 4.0:,.1f} kWh of short's electricity are shed" in found.note()
    assert worst_case(plant, Uncertainty({})).shed.sum() == 0


def test_shed_energy_of_a_coalition_is_by_vpp_and_in_the_sweep():
    town = vpp(load(3, 3, 3), grid([1.0] * 3, [0.2] * 3, buy_max=1.0), name="town")
    made = case(short_of_power(), town, limit=0.5)
    for reading in ("trades first", "own worst case first", "joint worst case"):
        result = robust_coalition(made, Uncertainty({"load": 1}), reading=reading)
        assert result.shed["town", "electricity"] >= 3 * 1.5 - 1e-6
        assert set(result.shed.index) == {("short", "electricity"), ("town", "electricity")}
    table, found = sweep(made, (1,), series=("load",))
    alone = sum(day.shed.sum() for day in found[1][0].values())
    assert table.loc[1, "shed alone"] == pytest.approx(alone)
    assert table.loc[1, "shed together"] == pytest.approx(found[1][1].shed.sum())


def test_a_vpp_of_the_parent_s_data_with_a_small_connection(parent):
    """946 kWh are shed on the worst day, at 10 yuan a kWh: 9,459 of 47,728 yuan."""
    plant = parent.vpp("VPP2").change("grid", buy_max=500.0)
    found = worst_case(plant, at_level(12, shed_price=10.0, dump_price=1.0))
    assert found.cost == pytest.approx(47_727.71, abs=0.05)
    assert found.shed["VPP2", "electricity"] == pytest.approx(945.9, abs=0.1)
    assert found.shed.drop(("VPP2", "electricity")).sum() == 0


def test_heat_and_gas_may_be_short_as_well():
    boiler = Boiler(heat_max=10.0, efficiency=1.0)
    gas = GasSupply(price=3.0, calorific_value=10.0)
    plant = vpp(HeatLoad(forecast=array(4, 10, 10)), boiler, gas)
    found = worst_case(plant, Uncertainty({"heat": 2}))
    assert found.shed["V", "heat"] == pytest.approx(4.0)
    carriers = with_emergency(plant, LOAD).component("emergency").carriers
    assert carriers == ("heat", "gas")


# --- days without a schedule ----------------------------------------------------------------------
def test_promises_that_cannot_be_kept_are_infeasible_not_dear():
    """No emergency makes a tie larger than it is."""
    plant = vpp(load(3, 4), grid([1.0, 1.0], [0.2, 0.2]), name="A")
    tied = case(plant, vpp(load(1, 1), grid([1.0, 1.0], [0.2, 0.2]), name="B"), limit=5.0)
    recourse = Recourse(tied.connected()[0], LOAD)
    with pytest.raises(NotSolved, match="A's reaction to a day") as refused:
        recourse.value(recourse.forecast_day, recourse.flat(np.array([[9.0], [0.0]])))
    assert refused.value.status == "infeasible"


def test_money_without_end_is_refused_and_a_price_that_follows_prevents_it():
    """Who is paid 1.50 to take a kWh and pays 1.00 to be rid of it."""
    plant = vpp(load(3, 4, 5), pv(1, 2, 9), grid([0.3, -1.5, 0.5], [0.1, -1.6, 0.2]), battery())
    with pytest.raises(NotSolved, match="without limit") as refused:
        worst_case(plant, Uncertainty({"load": 1}, dump_price=1.0))
    assert refused.value.status == "unbounded"
    assert worst_case(plant, LOAD).nominal == pytest.approx(dispatch(plant).cost, rel=1e-6)


# --- nothing and nobody ---------------------------------------------------------------------------
@pytest.mark.parametrize("price", [0.0, 1.0])
@pytest.mark.parametrize("size", [0.0, 5.0])
def test_a_cluster_that_costs_nothing_has_a_worst_case(price, size):
    tariff = grid([price] * 2, [0.0] * 2)
    made = case(
        vpp(load(size, 0), pv(0, size), battery(), tariff, name="A"),
        vpp(load(0, 0), pv(0, 0), tariff, name="B"),
    )
    for reading in ("trades first", "own worst case first", "joint worst case"):
        result = robust_coalition(made, at_level(1), reading=reading)
        assert abs(result.gap) <= 1e-4
        if not price or not size:
            assert result.cost == pytest.approx(0.0, abs=1e-9)
    table, _ = sweep(made, (0, 1))
    assert np.isfinite(table.to_numpy(float)).all()


def test_a_cluster_that_earns_has_a_share_of_saving_with_the_right_sign():
    """Alone it earns 20, together 21: a saving of 5 % of what changes hands, not of minus 20."""
    tariff = grid([1.0, 1.0], [0.2, 0.2])
    made = case(
        vpp(pv(55, 55), load(0, 0), tariff, name="A"), vpp(load(1, 1), tariff, name="B"), limit=9.0
    )
    table, _ = sweep(made, (0,))
    assert table.loc[0, "alone"] < 0 < table.loc[0, "saving"]
    assert table.loc[0, "saving (%)"] == pytest.approx(
        -100 * table.loc[0, "saving"] / table.loc[0, "alone"]
    )
    assert table.loc[0, "together"] == pytest.approx(pool(made).cost)
