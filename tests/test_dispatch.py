"""One VPP: costs of study A, two roads to each number, and what must hold for any VPP."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import cvxpy as cp
import numpy as np
import pytest
from builders import Drain, array, battery, grid, load, pv, small_vpps, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput, dispatch
from vppcore.components import (
    Battery,
    Boiler,
    CarbonMarket,
    CHPWithCapture,
    ElectricLoad,
    GasSupply,
    GasTurbine,
    HeatLoad,
    HeatVent,
)
from vppcore.components.base import Component, Part
from vppcore.exclusive import EXCLUSIVE_TOLERANCE
from vppcore.solvers import SOLVERS, solve
from vppcore.vpp import build

ALONE = {"VPP1": 21_745.84, "VPP2": 28_770.21, "VPP3": 23_035.44}
LINEAR_SOLVERS = [name for name, (_, _, kinds) in SOLVERS.items() if "linear" in kinds]
YUAN = 1e-4  # agreement of small linear problems


# --- study A ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "cost"), ALONE.items())
def test_each_vpp_of_the_parent_case_costs_alone_what_the_design_measured(alone, name, cost):
    assert alone[name].cost == pytest.approx(cost, abs=0.05)


def test_vpp2_with_the_parent_s_other_heat_at_minimum_power(parent):
    variant = parent.vpp("VPP2").change("chp_p2g_ccs", heat_at_power_min=50.0)
    assert dispatch(variant).cost == pytest.approx(28_218.35, abs=0.05)


@pytest.mark.parametrize("solver", LINEAR_SOLVERS)
@pytest.mark.parametrize("name", ALONE)
def test_every_solver_finds_the_same_cost(parent, name, solver):
    result = dispatch(parent.vpp(name), solver)
    assert result.cost == pytest.approx(ALONE[name], abs=0.05)
    assert result.solved.solver == solver


@pytest.mark.parametrize("name", ALONE)
def test_binaries_change_nothing_where_the_relaxation_is_exact(parent, name):
    relaxed = dispatch(parent.vpp(name), storage="relaxed")
    assert relaxed.exact and "relaxation exact" in relaxed.note()
    assert dispatch(parent.vpp(name), storage="binary").cost == pytest.approx(
        relaxed.cost, abs=0.01
    )


@pytest.mark.parametrize("name", ALONE)
def test_binaries_never_cost_less_than_the_relaxation(calibrated, name):
    plant = calibrated.vpp(name)
    relaxed, binary = dispatch(plant, storage="relaxed"), dispatch(plant, storage="binary")
    assert binary.exact
    assert binary.cost >= relaxed.cost - 0.01
    assert (binary.cost == pytest.approx(relaxed.cost, abs=0.01)) or not relaxed.exact


@pytest.mark.parametrize("name", ALONE)
def test_costs_by_label_add_up_to_the_cost(alone, name):
    result = alone[name]
    assert result.costs.sum() == pytest.approx(result.cost, abs=1e-6)
    assert result.cost == pytest.approx(result.solved.value, abs=1e-3)
    assert type(result.cost) is float


@pytest.mark.parametrize("name", ALONE)
def test_every_balance_adds_up_to_zero_in_every_step(alone, name):
    assert set(alone[name].balances) == {"electricity", "heat", "gas", "carbon"}
    for balance in alone[name].balances.values():
        assert balance.sum(axis=1).abs().max() < 1e-5
        assert balance.abs().to_numpy().max() > 1


def test_costs_are_recomputed_from_the_schedule(parent, alone):
    """Purchase, sale, gas and carbon of VPP2 once more, from its series and its case's prices."""
    result, plant = alone["VPP2"], parent.vpp("VPP2")
    market, series = plant.component("grid"), result.series
    assert result.costs["electricity purchase"] == pytest.approx(
        market.buy_price @ series["grid", "buy"]
    )
    assert result.costs["electricity sale"] == pytest.approx(
        -market.sell_price @ series["grid", "sell"]
    )
    made = (
        series["chp_p2g_ccs", "gas"] - series["chp_p2g_ccs", "gas made"] + series["boiler", "gas"]
    )
    assert result.costs["gas"] == pytest.approx(3.5 * made.sum() / 9.7)
    produced = series["chp_p2g_ccs", "power"] + series["boiler", "heat"] + series["pv", "power"]
    emitted = (
        0.55 * (series["chp_p2g_ccs", "power"] + series["chp_p2g_ccs", "heat"])
        + 0.65 * series["boiler", "heat"]
        - series["chp_p2g_ccs", "captured"]
    )
    assert result.costs["carbon"] == pytest.approx(0.75 * (emitted - 0.424 * produced).sum())


# --- prices are marginal costs ------------------------------------------------------------------------------------
class Gift(Component):
    """Pays without end."""

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        given = cp.Variable(steps, nonneg=True)
        return Part(cost={"gift": -cp.sum(given)}, series={"given": given})


def plant_of_everything(step_hours: float = 1.0):
    """Four steps, every carrier in use, nothing degenerate."""
    return vpp(
        load(
            300,
            420,
            510,
            390,
            curtail_share=0.1,
            curtail_cost=0.9,
            shift_share=0.1,
            shift_cost=0.05,
        ),
        pv(60, 190, 40, 0),
        HeatLoad(forecast=array(150, 260, 210, 170), curtail_share=0.1, curtail_cost=0.7),
        GasTurbine(
            power_max=320.0,
            ramp_max=400.0,
            electric_efficiency=0.4,
            heat_recovery=0.7,
            emission=0.5,
            carbon_quota=0.4,
        ),
        Boiler(heat_max=180.0, efficiency=0.9, emission=0.6, carbon_quota=0.4),
        battery(energy_max=60.0, energy_start=20.0),
        GasSupply(price=3.5, calorific_value=9.7),
        CarbonMarket(price=0.1),
        grid([0.8, 1.1, 1.4, 0.9], [0.3] * 4),
        step_hours=step_hours,
    )


@pytest.mark.parametrize(("step", "step_hours"), [(0, 1.0), (2, 0.5)])
@pytest.mark.parametrize("carrier", ["electricity", "heat", "gas", "carbon"])
def test_prices_are_finite_differences_of_the_cost(carrier, step, step_hours):
    plant = plant_of_everything(step_hours)
    base = dispatch(plant)
    amount = 0.01 * np.eye(4)[step]
    rise = dispatch(plant.adding(Drain(carrier=carrier, amount=amount))).cost - base.cost
    fall = base.cost - dispatch(plant.adding(Drain(carrier=carrier, amount=-amount))).cost
    assert rise == pytest.approx(fall, abs=1e-7)  # no kink here, so the price is unique
    assert base.prices[carrier].iloc[step] == pytest.approx(rise / (0.01 * step_hours), abs=1e-4)


@given(plant=small_vpps(steps=3), more=st.lists(st.integers(-20, 40), min_size=3, max_size=3))
def test_prices_bound_the_cost_of_any_other_load(plant, more):
    """The cost is convex in the load, so its tangent lies below it: even where prices jump, they are no guess."""
    base = dispatch(plant)
    changed = dispatch(plant.adding(Drain(carrier="electricity", amount=np.array(more, float))))
    assert changed.cost >= base.cost + base.prices["electricity"] @ np.array(more, float) - 1e-5


@pytest.mark.parametrize("solver", LINEAR_SOLVERS)
def test_prices_do_not_depend_on_the_solver(solver):
    plant = plant_of_everything()
    found, usual = dispatch(plant, solver).prices, dispatch(plant).prices
    assert found.to_numpy() == pytest.approx(usual.to_numpy(), abs=1e-4)


def test_an_overlap_is_found_without_a_finite_power_limit():
    """Infinity is an allowed limit; what the energy allows is then the rating that the overlap is measured by."""
    plant = paid_to_consume().change("battery", charge_max=np.inf)
    relaxed = dispatch(plant, storage="relaxed")
    assert relaxed.series["battery"][["charge", "discharge"]].min(axis=1).max() > 1
    assert not relaxed.exact
    assert dispatch(plant).exact


def test_prices_come_with_binaries_too(parent):
    """Fixed at the modes that the binaries chose, the problem is linear and has prices."""
    plant = parent.vpp("VPP1")
    prices = dispatch(plant, storage="binary").prices
    assert list(prices) == ["electricity", "heat", "gas", "carbon"] and prices.notna().all(
        axis=None
    )
    asked_in_data = dispatch(plant.change("battery", exclusive=1.0))
    assert list(asked_in_data.prices) == list(prices)


# --- quarter hours ------------------------------------------------------------------------------------------------
def in_quarters(plant):
    """The same day in steps of 15 minutes, each hour's data four times."""

    def stretched(component):
        arrays = {
            name: np.repeat(value, 4)
            for name, value in vars(component).items()
            if isinstance(value, np.ndarray)
        }
        return replace(component, **arrays)

    return replace(
        plant,
        components=tuple(map(stretched, plant.components)),
        steps=4 * plant.steps,
        step_hours=plant.step_hours / 4,
    )


@pytest.mark.parametrize("name", ALONE)
def test_quarter_hours_with_hourly_data_cost_the_same_without_a_ramp(parent, name):
    """The hourly schedule, each hour four times, is a quarter-hourly one; the means of a quarter-hourly one are an hourly
    one that costs no more, the cost being convex. So the two costs are equal."""
    plant = parent.vpp(name)
    if name == "VPP2":
        plant = plant.change("chp_p2g_ccs", ramp_max=np.inf)
    assert dispatch(in_quarters(plant)).cost == pytest.approx(dispatch(plant).cost, abs=0.01)


def test_quarter_hours_with_a_ramp_never_cost_less_than_hours(parent):
    """Hourly means move by at most four quarter-hourly ramps, which is the hourly ramp."""
    plant = parent.vpp("VPP2").change("chp_p2g_ccs", ramp_max=150.0)
    hourly, quarters = dispatch(plant), dispatch(in_quarters(plant))
    assert quarters.cost >= hourly.cost - 0.01
    assert quarters.series["chp_p2g_ccs", "power"].diff().abs().max() == pytest.approx(
        150 / 4, abs=1e-3
    )
    assert hourly.series["chp_p2g_ccs", "power"].diff().abs().max() == pytest.approx(150, abs=1e-3)


# --- simultaneous charge and discharge ----------------------------------------------------------------------------
def paid_to_consume():
    """Negative prices in steps 1 and 3 and a small battery: burning energy in its losses earns money."""
    return vpp(
        load(5, 5, 5, 5),
        battery(energy_max=8.0),
        grid([-1.0, 0.5, -0.8, 0.6], [-1.5, 0.1, -1.2, 0.1]),
    )


def cheapest_by_enumeration(plant) -> float:
    """Every pattern of charging and discharging steps, each with the other flow forbidden, by the relaxed problem."""
    costs = []
    for charging in product([0, 1], repeat=plant.steps):
        model = build(plant)
        flows = model.parts["battery"].series
        rows = [
            flows["charge"] <= 1e3 * np.array(charging),
            flows["discharge"] <= 1e3 * (1 - np.array(charging)),
        ]
        costs.append(
            cp.Problem(cp.Minimize(model.cost), [*model.constraints, *rows]).solve(solver=cp.HIGHS)
        )
    return min(costs)


def test_negative_prices_make_the_relaxation_inexact_and_the_result_says_so():
    relaxed = dispatch(paid_to_consume(), storage="relaxed")
    assert not relaxed.exact
    assert (
        set(relaxed.overlaps) == {"battery"} and relaxed.overlaps["battery"] > EXCLUSIVE_TOLERANCE
    )
    assert "NOT exact" in relaxed.note() and "battery" in relaxed.note() and "V" in relaxed.note()
    both = relaxed.series["battery"]
    assert relaxed.overlaps["battery"] == pytest.approx(
        both[["charge", "discharge"]].min(axis=1).max() / 10
    )


@pytest.mark.parametrize("solver", ["auto", "highs", "gurobi"])
def test_binary_storage_costs_what_enumeration_finds(solver):
    relaxed, binary = (
        dispatch(paid_to_consume(), storage="relaxed"),
        dispatch(paid_to_consume(), solver, "binary"),
    )
    assert binary.exact and "binaries" in binary.note()
    assert binary.cost == pytest.approx(cheapest_by_enumeration(paid_to_consume()), abs=YUAN)
    assert binary.cost > relaxed.cost + 0.1


def test_automatic_storage_turns_to_binaries_where_they_are_needed():
    chosen = dispatch(paid_to_consume())
    assert chosen.exact
    assert chosen.cost == pytest.approx(cheapest_by_enumeration(paid_to_consume()), abs=YUAN)
    assert set(chosen.prices) == {"electricity"}


@pytest.mark.parametrize("storage", ["auto", "binary"])
@pytest.mark.parametrize("solver", ["clarabel"])
def test_storage_works_with_a_solver_that_has_no_binaries(solver, storage):
    assert dispatch(paid_to_consume(), solver, storage).cost == pytest.approx(
        cheapest_by_enumeration(paid_to_consume()), abs=YUAN
    )


@settings(max_examples=8)
@given(plant=small_vpps(steps=3), prices=st.lists(st.integers(-10, 10), min_size=3, max_size=3))
def test_binary_storage_is_enumeration_on_random_vpps(plant, prices):
    odd = plant.change(
        "grid", buy_price=np.array(prices) / 10, sell_price=np.array(prices) / 10 - 0.1
    )
    relaxed, binary = dispatch(odd, storage="relaxed"), dispatch(odd, storage="binary")
    assert binary.cost == pytest.approx(cheapest_by_enumeration(odd), abs=YUAN)
    assert binary.cost >= relaxed.cost - YUAN
    if "battery" not in relaxed.overlaps:
        assert binary.cost == pytest.approx(relaxed.cost, abs=YUAN)


def test_purchase_and_sale_at_once_are_not_blamed_on_storage():
    """With equal prices an interior point leaves purchase and sale mixed; that costs nothing and binaries would not help."""
    result = dispatch(
        vpp(load(10, 20, 30), grid([1, 1, 1], [1, 1, 1], sell_max=50.0)), "clarabel", "relaxed"
    )
    assert result.series["grid"].min(axis=1).max() > 1  # mixed indeed
    assert result.cost == pytest.approx(60, abs=1e-3)
    assert result.exact and "binary storage" not in result.note()


# --- a VPP without a schedule -------------------------------------------------------------------------------------
def refused(plant, **how) -> str:
    with pytest.raises(NotSolved) as refusal:
        dispatch(plant, **how)
    return str(refusal.value)


@pytest.mark.parametrize("solver", ["auto", *LINEAR_SOLVERS])
def test_missing_power_is_explained_with_carrier_amount_and_step(solver):
    said = refused(
        vpp(load(10, 20, 30), grid([1, 1, 1], [0.5] * 3, buy_max=15.0), name="dim"), solver=solver
    )
    assert said == (
        "dim: infeasible; electricity lacks 15.0 kW in step 3 (2 step(s) in all): "
        "electric_load needs at least 30.0 kW, and grid can give at most 15.0 kW"
    )


def test_missing_heat_is_explained():
    """After curtailment, and with the unit that could make it: what the loader used to check."""
    boiler, gas = Boiler(heat_max=12.0, efficiency=0.9), GasSupply(price=3.5, calorific_value=9.7)
    cold = HeatLoad(label="house", forecast=array(10, 14), curtail_share=0.1)
    assert refused(vpp(cold, boiler, gas, name="cold")) == (
        "cold: infeasible; heat lacks 0.6 kW in step 2 (1 step(s) in all): "
        "house needs at least 12.6 kW, and boiler can give at most 12.0 kW"
    )


def test_spare_heat_beside_a_heat_load_is_explained_and_a_vent_offered():
    """25 kW of heat where 10 to 20 can be used: an option that is said lets the rest go."""
    turbine = GasTurbine(power_min=50.0, power_max=60.0, electric_efficiency=0.5, heat_recovery=0.5)
    plant = vpp(
        HeatLoad(forecast=array(20, 10)),
        turbine,
        GasSupply(price=1.0, calorific_value=10.0),
        grid([1, 1], [0, 0]),
    )
    assert refused(plant) == (
        "V: infeasible; heat has too much by 15.0 kW in step 2 (2 step(s) in all): "
        "gas_turbine gives at least 25.0 kW, and heat_load can take at most 10.0 kW "
        "(a heat_vent lets heat go)"
    )
    vented = dispatch(plant.adding(HeatVent())).series["heat_vent", "vented"]
    assert vented.to_numpy() == pytest.approx([5, 15])


def test_a_day_that_only_hangs_together_over_time_is_explained():
    """An island: 5 kW of sun and 4 kW of load in turn, and a battery that loses too much."""
    plant = vpp(load(4, 4), pv(9, 0), battery(energy_start=0.0, charge_efficiency=0.5))
    said = refused(plant)
    assert "electricity lacks 2.0 kW in step 2 (1 step(s) in all): electric_load needs" in said
    assert said.endswith("battery can give at most 4.0 kW, which other steps or carriers hold back")


def test_a_component_that_cannot_run_at_all_is_named():
    heater = CHPWithCapture(
        power_max=100, power_min=60, heat_slope_min=0.1, heat_slope_max=0.2, back_pressure_slope=5,
        electric_efficiency=0.3, p2g_max=0, p2g_efficiency=0.5, p2g_carbon=1, ccs_max=1,
        ccs_energy=0.5, supply_max=10,
    )  # fmt: skip
    gas = GasSupply(price=1.0, calorific_value=10.0)
    assert (
        refused(vpp(load(5, 5), grid([1, 1], [0, 0]), heater, gas))
        == "V: infeasible; the limits of chp_p2g_ccs contradict each other"
    )


def test_power_with_nowhere_to_go_is_explained():
    turbine = GasTurbine(power_min=50.0, power_max=60.0, electric_efficiency=0.5)
    said = refused(
        vpp(
            load(10, 20),
            turbine,
            GasSupply(price=1.0, calorific_value=10.0),
            grid([1, 1], [0, 0], sell_max=0.0),
        )
    )
    assert "electricity has too much by 40.0 kW in step 1 (2 step(s) in all)" in said


def test_a_gap_that_is_small_beside_a_tenth_of_a_kw_has_its_digits():
    said = refused(vpp(load(0.010, 0.020), grid([1, 1], [0, 0], buy_max=0.0175)))
    assert "electricity lacks 0.0025 kW in step 2 (1 step(s) in all)" in said
    assert "electric_load needs at least 0.0200 kW, and grid can give at most 0.0175 kW" in said


def test_missing_power_is_explained_with_binaries_too():
    said = refused(
        vpp(
            load(10, 20, 30),
            battery(charge_max=1.0, discharge_max=1.0),
            grid([1] * 3, [0.5] * 3, buy_max=15.0),
        ),
        storage="binary",
    )
    assert "electricity lacks" in said


@pytest.mark.parametrize(
    ("solver", "storage"),
    [
        *((solver, "relaxed") for solver in ("auto", *LINEAR_SOLVERS)),
        ("auto", "binary"),
        ("highs", "binary"),
        ("gurobi", "binary"),
    ],
)
def test_money_for_nothing_is_unbounded_not_infeasible(solver, storage):
    """A cost without a lower end has no optimum, but no carrier lacks anything."""
    said = refused(
        vpp(load(10, 20), battery(), grid([1, 1], [0, 0]), Gift(label="gift")),
        solver=solver,
        storage=storage,
    )
    assert said == (
        "V: unbounded; given of gift can grow and earn money without limit; "
        "allowed: a limit on one of these flows"
    )


def test_two_grids_that_pay_each_other_are_named():
    """Bought at 0.3 and sold at 0.5: both flows, and nothing that only carries them."""
    plant = vpp(
        load(10, 10),
        grid([1, 1], [0.5, 0.5]),
        grid([0.3, 0.7], [0.2, 0.2], label="second"),
        battery(),
    )
    assert refused(plant) == (
        "V: unbounded; sell of grid, buy of second can grow and earn money without limit; "
        "allowed: a limit on one of these flows"
    )


def test_a_vpp_that_could_only_burn_its_surplus_is_told_so():
    """2 kW too much in each step: without the exclusion the battery would burn it by charging and discharging at once."""
    turbine = GasTurbine(power_min=12.0, power_max=12.0, electric_efficiency=0.5)
    plant = vpp(
        load(10, 10),
        turbine,
        battery(),
        GasSupply(price=1.0, calorific_value=10.0),
        grid([1, 1], [0, 0], sell_max=0.0),
    )
    assert not dispatch(plant, storage="relaxed").exact
    said = refused(plant, storage="binary")
    assert said.startswith(
        "V: infeasible without simultaneous charge and discharge of battery; electricity has too much"
    )


CONTRADICTIONS = [
    (battery(energy_min=8.0), "energy_min = 8 is above energy_start = 5"),
    (battery(charge_max=-5.0), "charge_max"),
    (ElectricLoad(label="more", forecast=array(5, 5), curtail_share=1.5), "curtail_share"),
]


@pytest.mark.parametrize(
    ("component", "fragment"), CONTRADICTIONS, ids=lambda value: getattr(value, "name", None)
)
def test_contradicting_numbers_of_a_component_are_refused_in_words(component, fragment):
    """A reader who changes a number in a notebook gets the loader's sentence, not a solver's traceback."""
    with pytest.raises(WrongInput, match=fragment):
        dispatch(vpp(load(10, 10), component, grid([1, 1], [0, 0])))


def test_unknown_words_are_refused_with_those_allowed():
    plant = vpp(load(10, 10), grid([1, 1], [0, 0]))
    with pytest.raises(WrongInput, match="storage: found 'maybe'; allowed: .*relaxed, binary"):
        dispatch(plant, storage="maybe")
    with pytest.raises(WrongInput, match="solver: found 'cplex'; allowed: auto, highs"):
        dispatch(plant, solver="cplex")
    with pytest.raises(
        WrongInput, match="V: no component 'bettary'; there are electric_load, grid"
    ):
        plant.change("bettary", charge_max=1.0)


def test_changing_a_vpp_leaves_the_old_one_as_it_was():
    plant = vpp(load(10, 10), battery(), grid([1, 1], [0, 0]))
    changed = plant.change("battery", energy_max=99.0)
    assert (plant.component("battery").energy_max, changed.component("battery").energy_max) == (
        20.0,
        99.0,
    )
    assert [c.name for c in changed.components] == [c.name for c in plant.components]
    assert len(plant.adding(pv(1, 1)).components) == 4 and len(plant.components) == 3


# --- what holds for any VPP ---------------------------------------------------------------------------------------
@given(small_vpps())
def test_any_dispatch_balances_and_adds_up(plant):
    result = dispatch(plant)
    assert result.balances["electricity"].sum(axis=1).abs().max() < 1e-6
    assert result.cost == pytest.approx(result.costs.sum(), abs=1e-9)
    assert list(result.series.index) == list(range(1, plant.steps + 1))


@given(small_vpps(), st.floats(0, 50), st.floats(0, 20))
def test_more_battery_is_never_dearer(plant, energy, power):
    old = plant.component("battery")
    larger = plant.change(
        "battery",
        energy_max=old.energy_max + energy,
        charge_max=old.charge_max + power,
        discharge_max=old.discharge_max + power,
    )
    assert (
        dispatch(larger, storage="relaxed").cost <= dispatch(plant, storage="relaxed").cost + YUAN
    )


@given(small_vpps(), st.floats(1, 3))
def test_more_sun_is_never_dearer_where_curtailing_is_free(plant, factor):
    assert dispatch(plant.change("pv", scale=factor)).cost <= dispatch(plant).cost + YUAN


@given(small_vpps(), st.integers(0, 60))
def test_more_load_is_never_cheaper_where_no_price_is_negative(plant, more):
    extra = load(*np.full(plant.steps, float(more)), label="extra")
    assert dispatch(plant.adding(extra)).cost >= dispatch(plant).cost - YUAN


@given(small_vpps(), st.sampled_from([0.05, 0.2]))
def test_more_flexibility_is_never_dearer(plant, share):
    old = plant.component("electric_load")
    freer = plant.change(
        "electric_load",
        shift_share=old.shift_share + share,
        curtail_share=old.curtail_share + share,
    )
    assert dispatch(freer).cost <= dispatch(plant).cost + YUAN


@given(small_vpps())
def test_a_plant_of_double_size_costs_double(plant):
    double = replace(
        plant,
        components=tuple(
            replace(
                c,
                **{
                    name: 2 * value
                    for name, value in vars(c).items()
                    if name
                    in (
                        "energy_max",
                        "energy_min",
                        "energy_start",
                        "charge_max",
                        "discharge_max",
                        "forecast",
                    )
                },
            )
            for c in plant.components
        ),
    )
    assert dispatch(double).cost == pytest.approx(2 * dispatch(plant).cost, abs=1e-3)


@given(small_vpps())
def test_half_the_step_length_with_half_the_storage_costs_half(plant):
    """Energy is power times hours: the same powers over half the time are half the energy and half the cost."""
    old = plant.component("battery")
    halved = replace(plant, step_hours=0.5).change(
        "battery", energy_max=old.energy_max / 2, energy_start=old.energy_start / 2
    )
    assert dispatch(halved).cost == pytest.approx(dispatch(plant).cost / 2, abs=1e-3)


@given(small_vpps())
def test_solvers_agree_on_any_vpp(plant):
    cost = dispatch(plant, "highs").cost
    for solver in ("gurobi", "clarabel"):
        assert dispatch(plant, solver).cost == pytest.approx(cost, abs=1e-3)


@given(small_vpps())
def test_no_schedule_is_cheaper_than_the_optimum(plant):
    """A schedule anyone can write down: no battery, no demand response, PV used or sold, the rest bought."""
    net = plant.component("electric_load").demand - plant.component("pv").available
    market = plant.component("grid")
    by_hand = market.buy_price @ net.clip(min=0) - market.sell_price @ (-net).clip(min=0)
    assert dispatch(plant).cost <= by_hand + YUAN


def test_the_model_of_a_vpp_is_linear_unless_a_cost_is_quadratic(parent):
    model = build(parent.vpp("VPP2"))
    assert cp.Problem(cp.Minimize(model.cost), model.constraints).is_lp()
    assert isinstance(parent.vpp("VPP2").component("battery"), Battery)
    assert solve(cp.Problem(cp.Minimize(model.cost), model.constraints)).kind == "linear"
