"""A carrier that is only made or only used: counted, let go or refused, and never a plant that stands still in silence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
import pytest
from builders import array, battery, grid, load, pv, vpp
from independent import cheapest_day

from vppcore import NotSolved, WrongInput, dispatch, load_case
from vppcore.carriers import counterpart_faults
from vppcore.components import (
    Boiler,
    CarbonMarket,
    CHPWithCapture,
    Component,
    GasSupply,
    GasTurbine,
    HeatLoad,
    HeatVent,
    MicroTurbine,
    Part,
)
from vppcore.components.base import bounded, parameter
from vppcore.vpp import build

GAS = GasSupply(price=1.5, calorific_value=10.0)
TURBINE = GasTurbine(power_max=15.0, electric_efficiency=0.4, heat_recovery=0.8)


@dataclass(frozen=True, eq=False, kw_only=True)
class HeatPump(Component):
    """Electricity in, three times as much heat out."""

    heat_max: float = parameter("kW", "largest heat")

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        heat = bounded(steps, 0, self.heat_max)
        return Part(inject={"heat": heat, "electricity": -heat / 3}, series={"heat": heat})


@dataclass(frozen=True, eq=False, kw_only=True)
class PowerToGas(Component):
    """Electricity in, gas out."""

    power_max: float = parameter("kW", "largest power")

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = bounded(steps, 0, self.power_max)
        return Part(inject={"electricity": -power, "gas": 0.5 * power}, series={"power": power})


@pytest.fixture(scope="module")
def template():
    return load_case("template")


def faults(*components: Component) -> list[str]:
    with pytest.raises(WrongInput) as refused:
        vpp(*components)
    return refused.value.faults


# --- carbon that no market settles ---------------------------------------------------------------------------------
def test_a_quota_without_a_market_costs_and_stops_nothing(template):
    home = template.vpp("Home")
    result = dispatch(home.change("pv", carbon_quota=0.4))
    assert result.cost == pytest.approx(26.06, abs=0.005)
    assert result.cost == pytest.approx(dispatch(home).cost, abs=1e-6)
    made = result.series["pv", "power"]
    assert made.sum() > 40
    assert result.balances["carbon"]["pv"].to_numpy() == pytest.approx(-0.4 * made.to_numpy())
    assert result.balances["carbon"].sum(axis=1).abs().max() < 1e-6
    excess = result.series["carbon_account", "excess"]
    assert excess.sum() == pytest.approx(-0.4 * made.sum())
    assert result.roles["carbon_account"] == "vent"
    assert result.remarks()[1:] == [
        f"Home: {-result.let_go['carbon']:,.1f} kg of CO2 quota left over earn nothing, "
        "since no market takes them"
    ]
    assert result.let_go["carbon"] == pytest.approx(-0.4 * made.sum())


@pytest.mark.parametrize("counted", [{"emission": 0.5}, {"carbon_quota": 0.5}])
def test_emission_or_quota_of_any_plant_is_counted_and_free(counted):
    unit = MicroTurbine(power_max=8.0, cost_linear=0.4, **counted)
    plain = replace(unit, emission=0.0, carbon_quota=0.0)
    prices = grid([0.5, 0.3, 0.9], [0, 0, 0])
    result = dispatch(vpp(load(5, 5, 10), unit, prices))
    assert result.cost == pytest.approx(dispatch(vpp(load(5, 5, 10), plain, prices)).cost)
    assert result.cost == pytest.approx(0.4 * 5 + 0.3 * 5 + 0.4 * 8 + 0.9 * 2)
    sign = 1 if "emission" in counted else -1
    assert ("above quota are free" in result.remarks()[1]) == (sign > 0)
    excess = result.series["carbon_account", "excess"].to_numpy()
    assert excess == pytest.approx(sign * 0.5 * array(5, 0, 8), abs=1e-6)


def test_a_market_at_no_price_is_the_same_as_none():
    unit = MicroTurbine(power_max=8.0, cost_linear=0.4, emission=0.7)
    plant = vpp(load(5, 5), unit, grid([0.5, 0.3], [0, 0]))
    free = plant.adding(CarbonMarket(price=0.0))
    assert dispatch(plant).cost == pytest.approx(dispatch(free).cost)
    assert "carbon_account" not in build(free).parts


def test_nothing_is_added_where_nothing_is_counted(parent):
    names = [component.name for component in build(parent.vpp("VPP1")).vpp.components]
    assert names == [component.name for component in parent.vpp("VPP1").components]
    assert "carbon_account" not in build(vpp(load(5), pv(3), grid([1], [0]))).parts
    assert len(dispatch(parent.vpp("VPP1")).remarks()) == 1


# --- heat that nobody takes ----------------------------------------------------------------------------------------
def test_a_turbine_with_heat_recovery_and_no_heat_load_runs(template):
    """Power at 0.375 yuan/kWh of gas, against the tariff; by an independent program."""
    shop = template.vpp("Shop")
    result = dispatch(shop.adding(TURBINE, GAS))
    market, demand = shop.component("grid"), shop.component("electric_load")
    expected, _ = cheapest_day(
        demand.demand,
        market.buy_price,
        market.sell_price,
        sell_max=20.0,
        shift=(0.1, 0.02),
        turbine={"most": 15.0, "cost": 1.5 / 10 / 0.4},
    )
    assert result.cost == pytest.approx(45.615, abs=0.0005)
    assert result.cost == pytest.approx(expected, abs=1e-6)
    vented = result.series["heat_vent", "vented"]
    assert vented.to_numpy() == pytest.approx(result.series["gas_turbine", "heat"].to_numpy())
    assert result.remarks()[1:] == [
        f"Shop: {vented.sum():,.1f} kWh of heat let go, since nothing takes it"
    ]
    assert vented.sum() > 100 and result.balances["heat"].sum(axis=1).abs().max() < 1e-6


@pytest.mark.parametrize(
    "unit",
    [
        TURBINE,
        CHPWithCapture(
            power_max=15.0, heat_slope_min=0.1, heat_slope_max=0.1, back_pressure_slope=0.8,
            electric_efficiency=0.4, p2g_max=2.0, p2g_efficiency=0.5, p2g_carbon=0.2, ccs_max=1.0,
            ccs_energy=0.5, power_min=2.0, emission=0.3,
        ),
    ],
    ids=["turbine", "CHP"],
)  # fmt: skip
@pytest.mark.parametrize("heat", [None, 0.0])
def test_no_plant_stands_still_for_want_of_somebody_who_takes_its_heat(unit, heat):
    """Also where a heat load of zero is there, as a case that has none may write it."""
    more = () if heat is None else (HeatLoad(forecast=np.full(2, heat)),)
    result = dispatch(vpp(load(10, 10), unit, GAS, grid([5, 5], [0, 0]), *more))
    assert result.series[unit.name, "power"].min() > 9.9


def test_a_heat_pump_without_a_heat_load_may_stand_still():
    """Nobody needs it: it costs power and earns nothing."""
    result = dispatch(vpp(load(10, 10), HeatPump(heat_max=5.0), grid([1, 1], [0, 0])))
    assert result.cost == pytest.approx(20)
    assert result.series["heat_pump", "heat"].abs().max() < 1e-9
    paid = dispatch(vpp(load(10, 10), HeatPump(heat_max=6.0), grid([-1, 1], [-1, 0])))
    assert paid.cost == pytest.approx(-12 + 10)  # paid for power, it runs, and its heat is let go
    assert paid.series["heat_vent", "vented"].iloc[0] == pytest.approx(6)


def test_a_store_is_nobody_who_takes_heat_for_good():
    """It gives back what it takes, so the turbine beside it still needs a vent."""
    from kinds import HotWaterStore

    store = HotWaterStore(energy_max=5.0)
    result = dispatch(vpp(load(10, 10), TURBINE, GAS, store, grid([5, 5], [0, 0])))
    assert result.series["gas_turbine", "power"].to_numpy() == pytest.approx([10, 10])


def test_beside_a_heat_load_spare_heat_is_let_go_only_where_it_is_said():
    """20 kW of load and 2 of heat: the turbine may give 1.67 kW, or all with a vent."""
    parts = (load(20, 20), HeatLoad(forecast=array(2, 2)), TURBINE, GAS, grid([5, 5], [0, 0]))
    tied = dispatch(vpp(*parts))
    per_power = 0.8 * 0.6 / 0.4
    assert tied.series["gas_turbine", "power"].to_numpy() == pytest.approx([2 / per_power] * 2)
    free = dispatch(vpp(*parts, HeatVent()))
    assert free.series["gas_turbine", "power"].to_numpy() == pytest.approx([15, 15])
    assert free.series["heat_vent", "vented"].to_numpy() == pytest.approx([15 * per_power - 2] * 2)
    some = dispatch(vpp(*parts, HeatVent(vent_max=[1.0, 4.0], vent_cost=0.1)))
    power = some.series["gas_turbine", "power"].to_numpy()
    assert power == pytest.approx([3 / per_power, 6 / per_power])
    assert some.costs["heat let go"] == pytest.approx(0.1 * 5)


# --- what has no counterpart ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("components", "sentence"),
    [
        (
            (load(5), Boiler(heat_max=5.0, efficiency=0.9), HeatLoad(forecast=array(2)), grid([1], [0])),
            "V: boiler takes gas and nothing supplies it; allowed: beside a gas_supply",
        ),
        (
            (load(5), TURBINE, Boiler(heat_max=5.0, efficiency=0.9), grid([1], [0])),
            "V: gas_turbine and boiler take gas and nothing supplies it; allowed: beside a gas_supply",
        ),
        (
            (load(5), HeatLoad(label="house", forecast=array(2)), grid([1], [0])),
            "V: house takes heat and nothing supplies it; "
            "allowed: beside a boiler or another plant that makes heat",
        ),
        (
            (load(5), PowerToGas(power_max=3.0), grid([1], [0])),
            "V: power_to_gas makes gas and nothing takes it; allowed: beside a boiler or a turbine",
        ),
    ],
    ids=["boiler", "two plants", "heat load", "power to gas"],
)  # fmt: skip
def test_what_has_no_counterpart_is_refused_in_one_sentence(components, sentence):
    assert faults(*components) == [sentence]


def test_power_to_gas_inside_a_unit_does_not_feed_it():
    """Its P2G makes less gas than it burns, so without a supply it would stand still in silence."""
    unit = CHPWithCapture(
        power_max=15.0, heat_slope_min=0.1, heat_slope_max=0.1, back_pressure_slope=0.8,
        electric_efficiency=0.4, p2g_max=2.0, p2g_efficiency=0.5, p2g_carbon=0.2, ccs_max=1.0,
        ccs_energy=0.5, emission=0.3,
    )  # fmt: skip
    assert faults(load(5), unit, grid([1], [0])) == [
        "V: chp_p2g_ccs takes gas and nothing supplies it; allowed: beside a gas_supply"
    ]


def test_gas_that_is_only_made_by_power_to_gas_feeds_a_turbine():
    """Sun in the first step covers both loads through the battery; the plants only must be allowed."""
    plant = vpp(
        load(1, 1), pv(11, 0), PowerToGas(power_max=10.0), TURBINE, battery(), grid([1, 1], [0, 0])
    )
    assert dispatch(plant).cost == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    "components",
    [
        (load(0), HeatLoad(forecast=array(0)), grid([1], [0])),  # nothing is needed
        (load(5), GAS, grid([1], [0])),  # a supply for all VPPs, of which this has no use
        (load(5), HeatVent(), grid([1], [0])),
        (load(0), pv(3)),
    ],
    ids=["no heat needed", "an idle supply", "an idle vent", "a plant that waits for a tie"],
)
def test_what_lacks_nothing_is_not_refused(components):
    assert dispatch(vpp(*components)).cost == pytest.approx(
        5 * ("5" in str(components[0].forecast))
    )


def test_a_load_without_a_source_may_wait_for_a_tie_and_is_told_when_it_is_alone():
    plant = vpp(load(5, 8))
    with pytest.raises(
        NotSolved, match="electric_load needs at least 8.0 kW, and nothing can give it"
    ):
        dispatch(plant)
    assert counterpart_faults(plant.components, plant.clock, ("electricity",)) == [
        "electric_load takes electricity and nothing supplies it; "
        "allowed: beside a grid, a plant or a tie"
    ]


def test_a_reader_s_plant_of_constant_flows_is_known_too():
    @dataclass(frozen=True, eq=False, kw_only=True)
    class Works(Component):
        def model(self, steps: int, step_hours: float = 1.0) -> Part:
            return Part(inject={"heat": cp.Constant(np.full(steps, 3.0))})

    result = dispatch(vpp(load(5, 5), Works(), grid([1, 1], [0, 0])))
    assert result.series["heat_vent", "vented"].to_numpy() == pytest.approx([3, 3])
