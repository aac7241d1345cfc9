"""Each component alone: its equations recomputed from solved values, its limiting cases."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from builders import array, battery, grid, load, pv, solved_alone, vpp
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from vppcore import dispatch
from vppcore.components import (
    COMPONENTS,
    Battery,
    Boiler,
    CarbonMarket,
    CHPWithCapture,
    ControllableLoad,
    GasSupply,
    GasTurbine,
    HeatLoad,
    MicroTurbine,
    PowerMarket,
    Renewable,
    Tie,
)
from vppcore.components.chp import coupled_region
from vppcore.solvers import solve

SEEDS = (1, 2, 3)
STEP_HOURS = (0.25, 1.0, 3.0)
TOLERANCE = 1e-6  # kW, of solvers' feasibility


def approx(value):
    return pytest.approx(value, abs=1e-5, rel=1e-6)


CHP = CHPWithCapture(
    power_max=3000.0, power_min=300.0, heat_slope_min=0.15, heat_slope_max=0.2, back_pressure_slope=0.85,
    heat_at_power_min=50.0, supply_max=2000.0, ramp_max=800.0, electric_efficiency=0.35, p2g_max=300.0,
    p2g_efficiency=0.55, p2g_carbon=1.02, ccs_max=120.0, ccs_energy=0.55, cost_linear=0.01, cost_fixed=2.0,
    emission=0.55, carbon_quota=0.424,
)  # fmt: skip
TURBINE = GasTurbine(
    power_min=100.0, power_max=1000.0, ramp_max=250.0, electric_efficiency=0.4, heat_recovery=0.8, cost_quadratic=1e-4,
    cost_linear=0.02, cost_fixed=3.0, emission=0.5, carbon_quota=0.4,
)  # fmt: skip
MICRO = MicroTurbine(
    power_min=50.0, power_max=900.0, ramp_max=250.0, cost_quadratic=2e-4, cost_linear=0.7, emission=0.6, carbon_quota=0.55,
)  # fmt: skip
CALLED = ControllableLoad(
    forecast=array(10, 40, 0, 25, 30, 60),
    buy_price=array(0.4, 0.75, 1.2, 0.4, 0.75, 1.2),
    share=0.12,
    price_share=0.97,
    cost_quadratic=0.002,
)


# --- battery ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step_hours", STEP_HOURS)
@pytest.mark.parametrize("seed", SEEDS)
def test_battery_energy_is_what_was_left_plus_charged_less_discharged(step_hours, seed):
    made = battery(
        energy_min=10.0,
        energy_max=100.0,
        energy_start=50.0,
        charge_max=30.0,
        discharge_max=25.0,
        self_discharge=0.02,
        wear_cost=0.03,
    )
    run = solved_alone(made, step_hours=step_hours, seed=seed)
    charge, discharge, found = (run.series[name] for name in ("charge", "discharge", "energy"))
    energy = [50.0]
    for step in range(6):
        energy.append(
            0.98**step_hours * energy[-1]
            + step_hours * (0.9 * charge[step] - discharge[step] / 0.8)
        )
    assert found == approx(energy[1:])
    assert found[-1] == approx(50.0)
    assert charge.max() > 1 and discharge.max() > 1  # it was driven, or the lines above say little
    for flow, low, high in ((found, 10, 100), (charge, 0, 30), (discharge, 0, 25)):
        assert flow.min() >= low - TOLERANCE and flow.max() <= high + TOLERANCE
    assert run.inject["electricity"] == approx(discharge - charge)
    assert run.costs["battery wear"] == approx(0.03 * step_hours * (charge + discharge).sum())


@pytest.mark.parametrize("step_hours", STEP_HOURS)
@pytest.mark.parametrize("seed", SEEDS)
def test_battery_wear_grows_with_the_square_of_each_flow(step_hours, seed):
    made = battery(energy_max=100.0, energy_start=50.0, wear_cost=0.03, wear_cost_quadratic=0.002)
    run = solved_alone(made, step_hours=step_hours, seed=seed)
    charge, discharge = run.series["charge"], run.series["discharge"]
    assert charge.max() > 1 and discharge.max() > 1
    linear, quadratic = (
        0.03 * (charge + discharge).sum(),
        0.002 * (charge @ charge + discharge @ discharge),
    )
    assert run.costs["battery wear"] == approx(step_hours * (linear + quadratic))


def test_battery_spreads_its_wear_by_hand():
    """8 kWh of a dear hour could come from one cheap hour; quadratic wear takes half of it from each of two."""
    plant = vpp(
        load(0, 0, 8),
        grid([0.1, 0.1, 9.0], [0, 0, 0]),
        battery(
            energy_start=0.0,
            charge_efficiency=1.0,
            discharge_efficiency=1.0,
            wear_cost=0.02,
            wear_cost_quadratic=0.01,
        ),
    )
    result = dispatch(plant)
    assert result.series["battery", "charge"].to_numpy() == pytest.approx([4, 4, 0], abs=1e-3)
    assert result.cost == pytest.approx(8 * 0.1 + 16 * 0.02 + 0.01 * (4**2 + 4**2 + 8**2), abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_binary_battery_never_charges_and_discharges_at_once(seed):
    chance = np.random.default_rng(seed)
    prices = chance.normal(0, 2, 6)
    plant = vpp(load(5, 5, 5, 5, 5, 5), battery(exclusive=1.0), grid(prices, prices - 0.1))
    result = dispatch(plant)
    assert "mixed-integer" in result.solved.kind  # from the start, as its numbers ask for
    flows = result.series["battery"]
    assert np.minimum(flows["charge"], flows["discharge"]).max() <= TOLERANCE
    assert flows["charge"].max() > 1  # not idle


def test_battery_without_a_finite_power_limit_can_be_solved_with_binaries():
    """Infinity is an allowed limit in units.csv; the stored energy then limits the power."""
    boundless = battery(charge_max=np.inf, discharge_max=np.inf)
    plant = vpp(load(10, 10, 10), boundless, grid([0.1, 1.0, 1.0], [0, 0, 0]))
    assert dispatch(plant, storage="binary").cost == approx(dispatch(plant).cost)


def test_battery_without_power_is_no_battery():
    plant = vpp(load(30, 50, 20), pv(0, 80, 10), grid([0.2, 0.9, 0.5], [0.1, 0.1, 0.1]))
    idle = plant.adding(battery(charge_max=0.0, discharge_max=0.0))
    assert dispatch(idle).cost == approx(dispatch(plant).cost)


def test_battery_without_losses_earns_nothing_at_a_flat_price():
    plant = vpp(load(30, 50, 20), grid([0.6] * 3, [0.6] * 3))
    lossless = plant.adding(battery(charge_efficiency=1.0, discharge_efficiency=1.0))
    assert dispatch(lossless).cost == approx(dispatch(plant).cost)


def test_battery_earns_the_price_difference_less_its_losses():
    """10 kWh bought at 0.2 come back as 10 x 0.9 x 0.8 kWh worth 1.0 each."""
    plant = vpp(load(50, 50), grid([0.2, 1.0], [0.0, 0.0]))
    stored = plant.adding(battery(energy_start=0.0))
    assert dispatch(plant).cost - dispatch(stored).cost == approx(7.2 * 1.0 - 10 * 0.2)


def test_battery_with_self_discharge_must_buy_what_it_loses():
    """Two steps at 50 kWh, 1 % lost in each: energy 50 -> 49.5 -> 49.005 unless recharged."""
    leaky = battery(
        energy_min=0.0,
        energy_max=50.0,
        energy_start=50.0,
        self_discharge=0.01,
        charge_efficiency=1.0,
    )
    result = dispatch(vpp(load(0, 0), leaky, grid([1.0, 1.0], [0.0, 0.0])))
    assert result.cost == approx(50 - 49.005)


@given(start=st.floats(0, 20), charged=st.floats(0, 10), efficiency=st.floats(0.5, 1))
def test_battery_gives_back_at_most_what_its_efficiencies_leave(start, charged, efficiency):
    """One step of charging `charged` kW, then the most that can be discharged."""
    made = Battery(
        energy_min=0,
        energy_max=40,
        energy_start=start,
        charge_max=10,
        discharge_max=100,
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
    )
    part = made.model(2)
    flow = part.inject["electricity"]
    solve(cp.Problem(cp.Maximize(flow[1]), [*part.constraints, flow[0] == -charged]))
    assert flow.value[1] == pytest.approx(efficiency**2 * charged, abs=1e-4)


# --- turbine, CHP, boiler -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("step_hours", STEP_HOURS)
@pytest.mark.parametrize("seed", SEEDS)
def test_turbine_turns_gas_into_power_and_recovered_heat(step_hours, seed):
    run = solved_alone(TURBINE, step_hours=step_hours, seed=seed)
    power = run.series["power"]
    assert power.min() >= 100 - TOLERANCE and power.max() <= 1000 + TOLERANCE
    assert np.ptp(power) > 1
    assert run.inject["electricity"] == approx(power)
    assert run.inject["gas"] == approx(-power / 0.4)
    # of the gas, 40 % is power and 80 % of the other 60 % is recovered heat
    assert run.inject["heat"] == approx(0.8 * 0.6 * power / 0.4)
    assert run.inject["carbon"] == approx((0.5 - 0.4) * power)
    assert run.costs["operation"] == approx(
        step_hours * (1e-4 * power @ power + 0.02 * power.sum() + 3 * 6)
    )


@pytest.mark.parametrize("step_hours", STEP_HOURS)
@pytest.mark.parametrize("seed", SEEDS)
def test_micro_turbine_has_limits_costs_and_emission(step_hours, seed):
    run = solved_alone(MICRO, step_hours=step_hours, seed=seed)
    power = run.series["power"]
    assert power.min() >= 50 - 1e-3 and power.max() <= 900 + 1e-3 and np.ptp(power) > 1
    assert run.inject["electricity"] == approx(power)
    assert run.inject["carbon"] == approx((0.6 - 0.55) * power)
    assert set(run.inject) == {"electricity", "carbon"}  # its fuel is in its cost, no gas flows
    assert run.costs["operation"] == approx(step_hours * (2e-4 * power @ power + 0.7 * power.sum()))


def test_micro_turbine_runs_until_marginal_cost_meets_the_price():
    """Half of (price - b) / a, within its limits, and the cost of that by hand."""
    unit = replace(MICRO, ramp_max=np.inf, emission=0.0, carbon_quota=0.0)
    prices = array(0.4, 0.8, 1.0, 1.2)
    result = dispatch(vpp(load(2000, 2000, 2000, 2000), unit, grid(prices, [0.0] * 4)))
    power = np.array([50, 250, 750, 900])
    assert result.series["micro_turbine", "power"].to_numpy() == pytest.approx(power, abs=0.05)
    assert result.costs["operation"] == pytest.approx(
        2e-4 * power @ power + 0.7 * power.sum(), abs=0.05
    )
    assert result.cost == pytest.approx(
        prices @ (2000 - power) + 2e-4 * power @ power + 0.7 * power.sum(), abs=1e-3
    )


def test_micro_turbine_s_carbon_is_charged_by_hand():
    """At 0.28 yuan/kg, 0.05 kg above the quota for each kWh move its marginal cost by 0.014 yuan."""
    plant = vpp(
        load(2000, 2000),
        replace(MICRO, ramp_max=np.inf),
        grid([0.85, 0.85], [0, 0]),
        CarbonMarket(price=0.28),
    )
    result = dispatch(plant)
    assert result.series["micro_turbine", "power"].to_numpy() == pytest.approx(
        [(0.85 - 0.714) / 4e-4] * 2, abs=0.05
    )
    assert result.costs["carbon"] == pytest.approx(0.28 * 0.05 * 2 * 340, abs=0.01)


@pytest.mark.parametrize(
    "component", [TURBINE, CHP, MICRO], ids=["turbine", "CHP", "micro turbine"]
)
@pytest.mark.parametrize("step_hours", STEP_HOURS)
def test_power_changes_no_faster_than_the_ramp(component, step_hours):
    jumps = np.concatenate(
        [
            np.abs(
                np.diff(
                    solved_alone(
                        replace(component, ramp_max=200.0), step_hours=step_hours, seed=seed
                    ).series["power"]
                )
            )
            for seed in SEEDS
        ]
    )
    assert jumps.max() == pytest.approx(200 * step_hours, abs=1e-3)  # the limit binds and holds
    free = np.abs(np.diff(solved_alone(replace(component, ramp_max=np.inf)).series["power"]))
    assert free.max() > 250


def test_a_single_step_has_no_ramp():
    assert solved_alone(TURBINE, steps=1).series["power"].shape == (1,)


def test_turbine_heat_max_is_reached_at_full_power():
    part = TURBINE.model(1)
    solve(cp.Problem(cp.Maximize(part.inject["heat"][0]), part.constraints))
    assert part.inject["heat"].value[0] == approx(TURBINE.heat_max)


@pytest.mark.parametrize("step_hours", STEP_HOURS)
@pytest.mark.parametrize("seed", (*SEEDS, 4, 5))
def test_chp_with_capture_obeys_each_of_its_equations(step_hours, seed):
    run = solved_alone(CHP, step_hours=step_hours, seed=seed)
    s = run.series
    power, heat, p2g, ccs, supplied, captured = (
        s[k] for k in ("power", "heat", "p2g", "ccs", "supplied", "captured")
    )
    assert power == approx(supplied + p2g + ccs)  # A (6)
    assert s["gas made"] == approx(0.55 * p2g)  # A (7)
    assert captured == approx(1.02 * p2g)  # A (8)
    assert ccs == approx(0.55 * captured)  # A (9)
    assert s["gas"] == approx(power / 0.35)  # A (1)
    assert (power >= np.maximum(300 - 0.15 * heat, 0.85 * (heat - 50)) - 1e-5).all()  # A (2)
    assert (power <= 3000 - 0.2 * heat + 1e-5).all()  # A (2)
    assert (captured <= 0.55 * (power + 0.15 * heat) + 1e-5).all()
    for flow, limit in ((p2g, 300), (ccs, 120), (supplied, 2000)):
        assert flow.min() >= -1e-5 and flow.max() <= limit + 1e-5
    assert run.inject["electricity"] == approx(supplied)
    assert run.inject["heat"] == approx(heat)
    assert run.inject["gas"] == approx(0.55 * p2g - power / 0.35)
    assert run.inject["carbon"] == approx(0.55 * (power + heat) - captured - 0.424 * power)
    assert run.costs["operation"] == approx(step_hours * (0.01 * power.sum() + 2 * 6))


def test_chp_seeds_reach_p2g_and_capture():
    """The equations above would say little of a unit that never makes gas."""
    runs = [solved_alone(CHP, seed=seed).series["p2g"] for seed in (*SEEDS, 4, 5)]
    assert max(run.max() for run in runs) > 100


def test_chp_heat_max_is_the_region_s_corner():
    unit = replace(CHP, supply_max=np.inf)
    part = unit.model(1)
    solve(cp.Problem(cp.Maximize(part.inject["heat"][0]), part.constraints))
    assert part.inject["heat"].value[0] == approx(unit.heat_max)


@pytest.mark.parametrize("seed", SEEDS)
def test_boiler_turns_gas_into_heat(seed):
    boiler = Boiler(
        heat_max=500.0, efficiency=0.9, operation_cost=0.01, emission=0.65, carbon_quota=0.424
    )
    run = solved_alone(boiler, step_hours=0.5, seed=seed)
    heat = run.series["heat"]
    assert set(heat.round(6)) <= {0.0, 500.0} and heat.max() == approx(500)  # a corner: off or full
    assert run.inject["heat"] == approx(heat)
    assert run.inject["gas"] == approx(-heat / 0.9)
    assert run.inject["carbon"] == approx((0.65 - 0.424) * heat)
    assert run.costs["operation"] == approx(0.01 * 0.5 * heat.sum())


# --- a quadratic cost ---------------------------------------------------------------------------------------------
def turbine_against_the_grid(a: float):
    """Power is worth the purchase price; gas costs 3.5 / 9.7 yuan/kWh."""
    unit = GasTurbine(power_max=1000.0, electric_efficiency=0.4, cost_quadratic=a, cost_linear=0.01)
    prices = [0.95, 1.0, 1.1, 1.3]
    return vpp(
        load(2000, 2000, 2000, 2000),
        unit,
        GasSupply(price=3.5, calorific_value=9.7),
        grid(prices, [0.0] * 4),
    )


def test_quadratic_cost_runs_the_turbine_until_marginal_cost_meets_the_price():
    a = 2e-4
    power = dispatch(turbine_against_the_grid(a)).series["gas_turbine", "power"]
    marginal = 0.01 + 3.5 / 9.7 / 0.4
    expected = np.clip((array(0.95, 1.0, 1.1, 1.3) - marginal) / (2 * a), 0, 1000)
    assert power.to_numpy() == pytest.approx(expected, abs=0.05)
    assert 0 < expected[0] < expected[3] < 1000  # an inner optimum, not a limit


@pytest.mark.parametrize("solver", ["osqp", "gurobi"])
def test_quadratic_cost_agrees_between_solvers(solver):
    plant = turbine_against_the_grid(2e-4)
    usual = dispatch(plant)
    assert usual.solved.solver == "clarabel"
    assert dispatch(plant, solver).cost == pytest.approx(usual.cost, abs=1e-3)


# --- loads and renewables -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("step_hours", STEP_HOURS)
@pytest.mark.parametrize("seed", SEEDS)
def test_electric_load_shifts_sum_to_zero_and_stay_within_their_shares(step_hours, seed):
    demand = load(
        10,
        40,
        0,
        25,
        30,
        60,
        scale=1.5,
        curtail_share=0.2,
        curtail_cost=0.3,
        shift_share=0.1,
        shift_cost=0.02,
    )
    run = solved_alone(demand, step_hours=step_hours, seed=seed)
    forecast = 1.5 * array(10, 40, 0, 25, 30, 60)
    shift, curtailed = run.series["shift"], run.series["curtailed"]
    assert shift.sum() == approx(0)
    assert (np.abs(shift) <= 0.1 * forecast + TOLERANCE).all() and np.abs(shift).max() > 1
    assert (
        (curtailed >= -TOLERANCE).all()
        and (curtailed <= 0.2 * forecast + TOLERANCE).all()
        and curtailed.max() > 1
    )
    assert run.inject["electricity"] == approx(-(forecast + shift - curtailed))
    assert run.costs["demand response"] == approx(
        step_hours * (0.02 * np.abs(shift).sum() + 0.3 * curtailed.sum())
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_heat_load_is_forecast_less_curtailment(seed):
    demand = HeatLoad(
        forecast=array(10, 40, 0, 25, 30, 60), scale=2.0, curtail_share=0.25, curtail_cost=0.016
    )
    run = solved_alone(demand, step_hours=0.25, seed=seed)
    curtailed = run.series["curtailed"]
    assert (curtailed <= 0.25 * demand.demand + TOLERANCE).all() and curtailed.max() > 1
    assert run.inject["heat"] == approx(-(2 * array(10, 40, 0, 25, 30, 60) - curtailed))
    assert run.costs["demand response"] == approx(0.25 * 0.016 * curtailed.sum())


@pytest.mark.parametrize("step_hours", STEP_HOURS)
@pytest.mark.parametrize("seed", SEEDS)
def test_controllable_load_is_called_up_to_its_share_for_pay(step_hours, seed):
    run = solved_alone(CALLED, step_hours=step_hours, seed=seed)
    called = run.series["called"]
    assert (
        called.min() >= -1e-4
        and (called <= 0.12 * CALLED.forecast + 1e-4).all()
        and called.max() > 1
    )
    assert run.inject["electricity"] == approx(called)
    paid = 0.97 * CALLED.buy_price @ called + 0.002 * called @ called
    assert run.costs["demand response"] == approx(step_hours * paid)


def test_controllable_load_is_called_until_its_pay_meets_the_price():
    """It saves the price, costs 97 % of it and 2 a P: P = 0.03 price / (2 a), here 2.25 and 9, and 3.6 where the share binds."""
    called = ControllableLoad(
        forecast=array(100, 100, 30),
        buy_price=array(0.3, 1.2, 1.2),
        share=0.12,
        price_share=0.97,
        cost_quadratic=0.002,
    )
    result = dispatch(vpp(load(100, 100, 30), called, grid([0.3, 1.2, 1.2], [0, 0, 0])))
    power = array(2.25, 9, 3.6)
    assert result.series["controllable_load", "called"].to_numpy() == pytest.approx(power, abs=1e-3)
    price = array(0.3, 1.2, 1.2)
    assert result.cost == pytest.approx(
        price @ (array(100, 100, 30) - power) + 0.97 * price @ power + 0.002 * power @ power,
        abs=1e-5,
    )


@pytest.mark.parametrize("change", [{"price_share": 1.01}, {"share": 0.0}])
def test_controllable_load_that_does_not_pay_is_not_called(change):
    plant = vpp(load(100, 100), grid([0.5, 1.0], [0.1, 0.1]))
    idle = plant.adding(
        ControllableLoad(
            forecast=array(100, 100), buy_price=array(0.5, 1.0), **({"share": 0.2} | change)
        )
    )
    result = dispatch(idle)
    assert result.series["controllable_load", "called"].abs().max() < 1e-6
    assert result.cost == approx(dispatch(plant).cost)


@pytest.mark.parametrize("seed", SEEDS)
def test_renewable_makes_between_nothing_and_its_forecast(seed):
    plant = Renewable(
        forecast=array(10, 40, 0, 25, 30, 60), scale=2.0, operation_cost=0.01, carbon_quota=0.4
    )
    run = solved_alone(plant, step_hours=0.5, seed=seed)
    power = run.series["power"]
    assert (
        (power >= -TOLERANCE).all()
        and (power <= 2 * plant.forecast + TOLERANCE).all()
        and power.max() > 1
    )
    assert run.series["curtailed"] == approx(2 * plant.forecast - power)
    assert run.inject["electricity"] == approx(power)
    assert run.inject["carbon"] == approx(-0.4 * power)
    assert run.costs["operation"] == approx(0.01 * 0.5 * power.sum())


# --- markets ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("net", [array(5, -3, 0), array(-20, 50, 1)])
def test_grid_charges_purchase_and_pays_for_sale(net):
    made = grid([0.4, 1.2, 0.8], [0.2, 0.3, 0.1], buy_max=50.0, sell_max=20.0)
    run = solved_alone(made, steps=3, step_hours=0.5, fixed={"electricity": net})
    buy, sell = net.clip(min=0), -net.clip(max=0)
    assert run.series["buy"] == approx(buy) and run.series["sell"] == approx(sell)
    assert run.costs["electricity purchase"] == approx(0.5 * made.buy_price @ buy)
    assert run.costs["electricity sale"] == approx(-0.5 * made.sell_price @ sell)


def test_grid_keeps_its_limits():
    run = solved_alone(grid([0.4] * 6, [0.2] * 6, buy_max=50.0, sell_max=20.0))
    assert run.inject["electricity"].max() == approx(50) and run.inject[
        "electricity"
    ].min() == approx(-20)


def test_purchased_power_carries_its_carbon_and_sold_power_none():
    net = array(50, -20, 0)
    run = solved_alone(
        grid([0.4] * 3, [0.2] * 3, emission=0.85522, carbon_quota=0.798),
        3,
        0.5,
        fixed={"electricity": net},
    )
    assert run.inject["carbon"] == approx((0.85522 - 0.798) * array(50, 0, 0))
    assert "carbon" not in grid([0.4], [0.2]).model(1).inject


def test_purchased_carbon_enters_the_vpp_s_account():
    plant = vpp(
        load(100, 20),
        pv(0, 50),
        grid([0.5, 0.5], [0.1, 0.1], emission=0.9, carbon_quota=0.8),
        CarbonMarket(price=0.28),
        step_hours=0.5,
    )
    result = dispatch(plant)
    assert result.balances["carbon"]["grid"].to_numpy() == approx(array(10, 0))
    assert result.series["carbon_market", "excess"].to_numpy() == approx(array(10, 0))
    assert result.costs["carbon"] == approx(0.28 * 0.5 * 10)


def test_terms_of_trade_take_no_part_in_the_schedule():
    plant = vpp(load(100, 20), pv(0, 50), grid([0.5, 0.5], [0.1, 0.1]))
    result = dispatch(
        plant.adding(PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2))
    )
    assert result.cost == approx(dispatch(plant).cost)
    assert "power_market" not in result.balances["electricity"]


def test_gas_costs_its_volume():
    run = solved_alone(
        GasSupply(price=3.5, calorific_value=9.7), 3, 0.5, fixed={"gas": array(97, 0, 194)}
    )
    assert run.costs["gas"] == approx(3.5 * 0.5 * 30)  # 30 m3 per hour of it


def test_gas_network_takes_no_gas_back():
    part = GasSupply(price=3.5, calorific_value=9.7).model(2)
    solve(cp.Problem(cp.Minimize(cp.sum(part.inject["gas"])), part.constraints))
    assert part.inject["gas"].value == approx(array(0, 0))


def test_carbon_market_charges_emission_and_pays_for_spare_quota():
    run = solved_alone(CarbonMarket(price=0.75), 2, 0.5, fixed={"carbon": array(-100, 40)})
    assert run.series["excess"] == approx(
        array(100, -40)
    )  # it takes what the VPP emits above its quota
    assert run.costs["carbon"] == approx(0.75 * 0.5 * 60)


def test_tie_adds_up_its_partners_and_charges_each_crossing():
    tie = Tie(partners=("B", "C"), limit=20.0, crossing_fee=0.01)
    part = tie.model(3, 0.5)
    trade = np.array([[5.0, -3.0], [0.0, 20.0], [-20.0, 1.0]])
    solve(
        cp.Problem(cp.Minimize(part.cost["crossing fee"]), [*part.constraints, part.trade == trade])
    )
    assert part.cost["crossing fee"].value == approx(0.01 * 0.5 * 49)
    assert part.inject["electricity"].value == approx(array(2, 20, -19))
    assert part.series["B"].value == approx(trade[:, 0]) and part.series["C"].value == approx(
        trade[:, 1]
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_tie_trades_no_more_than_its_limit(sign):
    part = Tie(partners=("B", "C"), limit=20.0).model(2)
    solve(cp.Problem(cp.Maximize(sign * cp.sum(part.trade)), part.constraints))
    assert part.trade.value == approx(np.full((2, 2), 20.0 * sign))


# --- all of them --------------------------------------------------------------------------------------------------
ELECTRIC = load(30, 30)
HEAT = HeatLoad(forecast=array(20, 20))
SIGNS = [
    (pv(5, 5), "electricity", 1),
    (TURBINE, "electricity", 1),
    (TURBINE, "heat", 1),
    (TURBINE, "gas", -1),
    (TURBINE, "carbon", 1),
    (CHP, "electricity", 1),
    (CHP, "heat", 1),
    (CHP, "gas", -1),
    (Boiler(heat_max=5.0, efficiency=0.9, emission=0.65), "heat", 1),
    (Boiler(heat_max=5.0, efficiency=0.9), "gas", -1),
    (Boiler(heat_max=5.0, efficiency=0.9, emission=0.65), "carbon", 1),
    (pv(5, 5, carbon_quota=0.4), "carbon", -1),
    (MICRO, "electricity", 1),
    (MICRO, "carbon", 1),
    (replace(CALLED, forecast=array(100, 100), buy_price=array(1, 1)), "electricity", 1),
    (grid([1, 1], [0, 0], buy_max=50.0, emission=0.9, carbon_quota=0.8), "carbon", 1),
    (ELECTRIC, "electricity", -1),
    (HEAT, "heat", -1),
    (GasSupply(price=3.5, calorific_value=9.7), "gas", 1),
]


@pytest.mark.parametrize(
    ("component", "carrier", "sign"), SIGNS, ids=lambda value: getattr(value, "name", str(value))
)
def test_makers_inject_positive_and_takers_negative(component, carrier, sign):
    part = component.model(2)
    size = cp.Problem(
        cp.Maximize(sign * cp.sum(part.inject[carrier])),
        [*part.constraints, part.inject[carrier] <= 1e4],
    )
    assert solve(size).value > 1
    against = component.model(2)
    rows = [*against.constraints, sign * against.inject[carrier] <= -1e-3]
    status = cp.Problem(cp.Minimize(0), rows)
    status.solve(solver=cp.HIGHS)
    assert status.status == cp.INFEASIBLE  # never the other way round


def test_the_kinds_of_components_are_those_of_the_study():
    assert set(COMPONENTS) == {
        "battery",
        "boiler",
        "chp_p2g_ccs",
        "gas_turbine",
        "electric_load",
        "heat_load",
        "carbon_market",
        "gas_supply",
        "grid",
        "tie",
        "renewable",
        "controllable_load",
        "micro_turbine",
        "power_market",
        "heat_vent",
        "heat_pump",
        "heat_store",
        "converter",
        "electric_vehicle",
        "deferrable_load",
    }


@pytest.mark.parametrize(
    ("component", "fragment"),
    [
        (battery(energy_min=30.0), "energy_min = 30 is above energy_max = 20"),
        (battery(energy_start=25.0), "energy_start = 25 is above energy_max = 20"),
        (battery(energy_min=8.0), "energy_min = 8 is above energy_start = 5"),
        (replace(TURBINE, power_min=1001.0), "power_min = 1001 is above power_max = 1000"),
        (replace(CHP, power_min=3001.0), "power_min = 3001 is above power_max = 3000"),
        (replace(MICRO, power_min=901.0), "power_min = 901 is above power_max = 900"),
        (
            PowerMarket(reservation_price=0.3, price_min=1.3, price_max=1.2),
            "price_min = 1.3 is above price_max = 1.2",
        ),
        (
            CarbonMarket(price=0.28, growth=1.0, levels=1000.0, rise="exponential"),
            "levels: found 1000, so that the last step costs 2.8e+29 yuan/kg; allowed: a last",
        ),
    ],
)
def test_components_say_when_their_numbers_contradict_each_other(component, fragment):
    assert any(fragment in fault for fault in component.faults())


@pytest.mark.parametrize(
    "component",
    [
        battery(),
        TURBINE,
        CHP,
        grid([0.5], [0.1]),
        ELECTRIC,
        MICRO,
        CALLED,
        CarbonMarket(price=0.28, interval=2000.0, growth=0.25, levels=5.0),
        PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2),
    ],
)
def test_sound_components_report_no_faults(component):
    assert component.faults() == []


# --- the coupled region of CHP, P2G and capture -------------------------------------------------------------------
def by_model(chp: CHPWithCapture, quantity: str, heat: float, sense) -> float:
    """Smallest or largest supplied power or net gas at a given heat, from the component's own equations."""
    part = replace(chp, ramp_max=np.inf).model(1)
    goal = part.inject["electricity"][0] if quantity == "supplied" else -part.inject["gas"][0]
    return solve(cp.Problem(sense(goal), [*part.constraints, part.inject["heat"] == heat])).value


def by_vertices(chp: CHPWithCapture, quantity: str, heat: float, sense) -> float:
    """The same from mixtures of the region's vertices."""
    corners = coupled_region(chp)
    sign = 1 if sense is cp.Minimize else -1
    mix = linprog(
        sign * corners[quantity], A_eq=[np.ones(len(corners)), corners["heat"]], b_eq=[1, heat]
    )
    assert mix.success
    return sign * mix.fun


UNITS = {"study": CHP, "little CO2": replace(CHP, emission=0.1), "no supply limit": replace(CHP, supply_max=np.inf),
         "no CCS cost": replace(CHP, ccs_energy=0.0), "from zero": replace(CHP, power_min=0.0, heat_at_power_min=0.0)}  # fmt: skip


@pytest.mark.parametrize("chp", UNITS.values(), ids=UNITS.keys())
@pytest.mark.parametrize("quantity", ["supplied", "net gas"])
def test_coupled_region_has_the_edges_that_the_model_has(chp, quantity):
    for share in (0.0, 0.3, 0.95):
        heat = share * coupled_region(chp)["heat"].max()
        for sense in (cp.Minimize, cp.Maximize):
            assert by_vertices(chp, quantity, heat, sense) == pytest.approx(
                by_model(chp, quantity, heat, sense), abs=0.01
            )


def test_every_vertex_of_the_coupled_region_can_be_run():
    corners = coupled_region(CHP)
    assert len(corners) >= 6
    for corner in corners.itertuples(index=False):
        part = CHP.model(1)
        point = cp.hstack([part.inject["electricity"], part.inject["heat"], -part.inject["gas"]])
        distance = solve(
            cp.Problem(cp.Minimize(cp.norm1(point - np.array(corner))), part.constraints)
        ).value
        assert distance == pytest.approx(0, abs=1e-3)


def test_coupled_region_of_a_unit_that_cannot_run_has_no_vertices():
    assert coupled_region(replace(CHP, power_min=3500.0)).empty


@pytest.mark.parametrize(
    "without", [{"p2g_max": 0.0}, {"ccs_max": 0.0}, {"emission": 0.0}], ids=str
)
def test_coupled_region_without_p2g_is_that_of_the_plain_unit(without):
    """A flat region is not an empty one: without P2G the net gas follows from power, but heat and power remain."""
    plain = coupled_region(replace(CHP, supply_max=np.inf, **without))
    assert len(plain) >= 4
    assert plain["heat"].max() == pytest.approx(CHP.heat_max, abs=0.01)
    assert plain["supplied"].max() == pytest.approx(3000, abs=0.01)
    assert plain["net gas"].to_numpy() == pytest.approx(
        (plain["supplied"] / 0.35).to_numpy(), abs=0.1
    )
