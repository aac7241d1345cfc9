"""Heat pumps, converters, turbines that may stand and loads that wait: by hand, and against second programs."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from builders import array, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import VPP, NotSolved, WrongInput, dispatch, load_case
from vppcore.components import (
    Boiler,
    Clock,
    Converter,
    DeferrableLoad,
    GasSupply,
    GasTurbine,
    HeatLoad,
    HeatPump,
    MicroTurbine,
)
from vppcore.components.days import whole_steps

GAS = GasSupply(price=1.0, calorific_value=10.0)


# --- heat pump --------------------------------------------------------------------------------------------------
def test_a_heat_pump_buys_heat_by_its_cop_of_the_hour():
    plant = vpp(
        load(0, 0), HeatLoad(forecast=array(30, 60)), HeatPump(heat_max=100.0, performance=array(3, 2)),
        grid([0.5, 1.0], [0, 0]),
    )  # fmt: skip
    assert dispatch(plant).cost == pytest.approx(0.5 * 10 + 1.0 * 30)
    assert dispatch(plant.change("heat_pump", performance=3.0)).cost == pytest.approx(5 + 20)
    assert dispatch(plant.window(2, 1)).cost == pytest.approx(30)


def test_the_cop_from_a_temperature_by_hand():
    """At 7 degrees outdoors and 35 in the pipes Carnot allows 308.15/28 = 11.005."""
    pump = HeatPump(
        heat_max=1.0, outdoor=array(7, -15, 34), flow_temperature=35.0, carnot_share=0.4
    )
    assert pump.cop[:2] == pytest.approx([0.4 * 308.15 / 28, 0.4 * 308.15 / 50])
    assert pump.cop[2] == pytest.approx(0.4 * 308.15)
    assert replace(pump, performance_max=6.0).cop == pytest.approx([4.4021, 2.4652, 6.0], abs=1e-4)
    ground = HeatPump(heat_max=1.0, outdoor=0.0, flow_temperature=35.0, carnot_share=0.5)
    assert ground.cop == pytest.approx(0.5 * 308.15 / 35)
    by_column = vpp(load(0, 0, 0), HeatLoad(forecast=array(1, 1, 1)), pump, grid([1] * 3, [0] * 3))
    assert dispatch(by_column).cost == pytest.approx((1 / pump.cop).sum())


@given(st.floats(-40, 34), st.floats(-40, 34), st.floats(35, 70), st.floats(0.25, 0.9))
def test_it_is_dearer_to_heat_when_it_is_colder(one, other, flow, share):
    pump = HeatPump(
        heat_max=1.0,
        outdoor=array(min(one, other), max(one, other)),
        flow_temperature=flow,
        carnot_share=share,
    )
    assert pump.cop[0] <= pump.cop[1] + 1e-12
    warmer = replace(pump, flow_temperature=flow + 5)
    assert (warmer.cop < pump.cop).all()


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({}, "performance: found none, and no outdoor and no flow_temperature and no carnot_share"),
        ({"outdoor": 5.0}, "performance: found none, and no flow_temperature and no carnot_share"),
        ({"performance": 3.0, "outdoor": 5.0}, "performance: found it and outdoor; allowed: one of both"),
        ({"performance": 0.5}, "performance: found 0.5 -; allowed: 1 to 20"),
        (
            {"outdoor": array(10, 50), "flow_temperature": 45.0, "carnot_share": 0.4},
            "outdoor: found 50 degC, which is not below flow_temperature = 45 degC",
        ),
        (
            {"outdoor": array(-50, 5), "flow_temperature": 65.0, "carnot_share": 0.2},
            "carnot_share: found 0.2, so that the COP is 0.588 in the coldest step",
        ),
    ],
)  # fmt: skip
def test_a_heat_pump_without_a_sound_cop_is_refused(changes, fragment):
    with pytest.raises(WrongInput) as refused:
        vpp(
            load(0, 0),
            HeatLoad(forecast=array(1, 1)),
            HeatPump(heat_max=2.0, **changes),
            grid([1, 1], [0, 0]),
        )
    assert fragment in str(refused.value)


def test_a_heat_pump_can_only_help():
    plant = load_case("paper-a").vpp("VPP2")
    with_pump = plant.adding(HeatPump(heat_max=500.0, performance=3.0))
    assert dispatch(with_pump).cost < dispatch(plant).cost


# --- converter --------------------------------------------------------------------------------------------------
ELECTROLYSER = Converter(
    label="electrolyser", throughput_max=10.0, electricity_in=1.0, gas_out=0.6, heat_out=0.2, operation_cost=0.01
)  # fmt: skip


def test_an_electrolyser_by_hand():
    """10 kWh at 0 yuan make 6 of gas and 2 of heat; the boiler makes 5.4 of heat from the gas."""
    plant = vpp(
        load(0), pv(10), HeatLoad(forecast=array(10.0)), Boiler(heat_max=20.0, efficiency=0.9), GAS, ELECTROLYSER,
        grid([1.0], [0.0]),
    )  # fmt: skip
    result = dispatch(plant)
    bought = (10 - 2 - 5.4) / 0.9
    assert result.cost == pytest.approx(0.1 * bought + 0.01 * 10)
    assert result.balances["gas"]["electrolyser"].tolist() == pytest.approx([6.0])
    assert result.series["electrolyser", "throughput"].tolist() == pytest.approx([10.0])


def test_an_electric_heater_is_a_heat_pump_with_a_cop_of_one():
    base = (load(1, 2), HeatLoad(forecast=array(3, 4)), grid([0.5, 0.7], [0, 0]))
    heater = Converter(throughput_max=9.0, electricity_in=1.0, heat_out=1.0)
    pump = HeatPump(heat_max=9.0, performance=1.0)
    assert dispatch(vpp(*base, heater)).cost == pytest.approx(dispatch(vpp(*base, pump)).cost)


@pytest.mark.parametrize(
    ("factors", "fragment"),
    [
        ({"electricity_in": 1.0}, "electricity_out: found a converter that gives nothing"),
        ({"heat_out": 1.0}, "electricity_in: found a converter that takes nothing"),
        (
            {"heat_in": 1.0, "heat_out": 2.0},
            "heat_in: found heat_out beside it; allowed: one of both",
        ),
    ],
)
def test_a_converter_that_makes_something_of_nothing_is_refused(factors, fragment):
    with pytest.raises(WrongInput) as refused:
        vpp(
            load(1),
            Converter(throughput_max=1.0, **factors),
            grid([1], [0]),
            HeatLoad(forecast=array(0.0)),
        )
    assert fragment in str(refused.value)


# --- turbines that may stand ------------------------------------------------------------------------------------
SMALL = {"power_min": 4.0, "power_max": 10.0, "cost_linear": 0.5, "may_stand": 1.0}


def turbine(**changes) -> MicroTurbine:
    return MicroTurbine(**SMALL | changes)


def standing(prices, demand, step_hours: float = 1.0, **changes) -> VPP:
    return vpp(
        load(*demand), turbine(**changes), grid(prices, [0] * len(prices)), step_hours=step_hours
    )


@pytest.mark.parametrize(
    ("changes", "on", "cost"),
    [
        # runs in the dear hours alone
        ({}, [0, 1, 1, 0], 0.2 * 8 + 0.5 * 16 + 0.3 * 8),
        # nothing is known of before, so the first hour is no start and an hour at 1.20 more pays for it
        ({"start_cost": 4.0}, [1, 1, 1, 0], 0.2 * 4 + 0.5 * 20 + 0.3 * 8),
        # two dear hours save 16 x 0.3 = 4.80
        ({"start_cost": 5.0, "on_before": 0.0}, [0, 0, 0, 0], 0.2 * 8 + 0.8 * 16 + 0.3 * 8),
        ({"start_cost": 4.0, "on_before": 0.0}, [0, 1, 1, 0], 0.2 * 8 + 0.5 * 16 + 0.3 * 8 + 4.0),
        # on before: an hour at 1.20 more is cheaper than a start
        ({"start_cost": 4.0, "on_before": 1.0}, [1, 1, 1, 0], 0.2 * 4 + 0.5 * 20 + 0.3 * 8),
        # three hours at least: the last one as well, at 4 kW
        ({"up_hours": 3.0, "on_before": 0.0}, [0, 1, 1, 1], 0.2 * 8 + 0.5 * 20 + 0.3 * 4),
        # off for two hours more
        ({"down_hours": 3.0, "on_before": 0.0, "hours_before": 1.0}, [0, 0, 1, 0], 0.2 * 8 + 0.8 * 8 + 0.5 * 8 + 0.3 * 8),
        # on for an hour more, whatever it costs
        ({"up_hours": 3.0, "on_before": 1.0, "hours_before": 2.0}, [1, 1, 1, 0], 0.2 * 4 + 0.5 * 20 + 0.3 * 8),
    ],
)  # fmt: skip
def test_when_a_turbine_stands_by_hand(changes, on, cost):
    """8 kW at 0.2, 0.8, 0.8 and 0.3 yuan; the turbine has 4 to 10 kW at 0.5."""
    result = dispatch(standing([0.2, 0.8, 0.8, 0.3], [8] * 4, **changes))
    assert result.cost == pytest.approx(cost)
    assert result.series["micro_turbine", "on"].round(6).tolist() == on
    assert result.exact


def test_a_relaxed_turbine_is_half_on_and_says_so():
    """The least power binds: 1 kW in the dear hours, where the grid's limit leaves a load of 1 kW uncovered."""
    plant = vpp(
        load(3, 3),
        pv(2, 2),
        turbine(start_cost=1.0, on_before=0.0),
        grid([5, 5], [-9, -9], sell_max=9.0),
    )
    relaxed = dispatch(plant, storage="relaxed")
    exact = dispatch(plant)
    assert relaxed.overlaps == {"micro_turbine": pytest.approx(0.25, abs=0.16)}
    assert "on and off of micro_turbine" in relaxed.note() and not relaxed.exact
    assert exact.exact and exact.cost > relaxed.cost + 0.01
    assert dispatch(plant, storage="binary").cost == pytest.approx(exact.cost)


def cheapest_by_enumeration(plant: VPP, steps: int) -> float:
    """All patterns of on and off, each priced as a dispatch without anything that may stand."""
    made = plant.component("micro_turbine")
    up, down = (whole_steps(hours, plant.step_hours) for hours in (made.up_hours, made.down_hours))
    best = np.inf
    for on in product((0, 1), repeat=steps):
        if not allowed(on, made, up, down, plant.step_hours):
            continue
        before = on[0] if made.on_before is None else int(made.on_before)
        starts = sum(now > last for last, now in zip((before, *on), on, strict=False))
        limits = pv(*[10.0 * now for now in on])
        at_least = load(*[4.0 * now for now in on], label="least")
        others = [c for c in plant.components if c.name != "micro_turbine"]
        # power above the least one is a plant of its own; the least one is a negative load
        above = replace(
            limits, label="above", forecast=array(*[6.0 * now for now in on]), operation_cost=0.5
        )
        fixed = replace(at_least, label="least")
        flow = VPP("e", (*others, above, Given(fixed.forecast)), steps, plant.step_hours)
        try:
            cost = dispatch(flow).cost + 0.5 * 4.0 * sum(on) * plant.step_hours
        except NotSolved:
            continue
        best = min(best, cost + made.start_cost * starts)
    return best


def allowed(on, made, up, down, step_hours) -> bool:
    """Runs and rests are long enough, unless the horizon's ends cut them off."""
    before = made.on_before
    held = 0
    if before is not None and np.isfinite(made.hours_before):
        least = made.up_hours if before else made.down_hours
        held = whole_steps(max(least - made.hours_before, 0), step_hours)
        if any(now != before for now in on[:held]):
            return False
    changes = [
        t
        for t in range(len(on))
        if on[t] != (on[t - 1] if t else (on[0] if before is None else before))
    ]
    for number, change in enumerate(changes):
        least = up if on[change] else down
        end = changes[number + 1] if number + 1 < len(changes) else len(on) + least
        if end - change < least:
            return False
    return True


def Given(power):
    """A source that cannot be turned down."""
    from builders import Drain

    return Drain(label="given", carrier="electricity", amount=-np.asarray(power))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 12), min_size=6, max_size=6),
    st.lists(st.integers(0, 12), min_size=6, max_size=6),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([None, 0.0, 1.0]),
    st.sampled_from([0.25, np.inf]),
)
def test_a_turbine_stands_as_the_best_of_all_patterns(
    prices, demand, start_cost, up, down, before, since
):
    """Six half-hours, every pattern of on and off by hand."""
    changes = {
        "start_cost": start_cost,
        "up_hours": up,
        "down_hours": down,
        "on_before": before,
        "hours_before": since,
    }
    plant = standing(np.array(prices) / 10, demand, 0.5, **changes)
    assert dispatch(plant).cost == pytest.approx(cheapest_by_enumeration(plant, 6), abs=1e-6)


def test_a_turbine_that_may_stand_starts_within_its_ramp():
    """5 kW an hour: a start reaches the least power of 4 or 5, then rises by 5."""
    plant = standing([0.1, 9, 9, 9, 0.1], [10] * 5, ramp_max=5.0, on_before=0.0)
    power = dispatch(plant).series["micro_turbine", "power"].to_numpy()
    assert power == pytest.approx([5, 10, 10, 5, 0], abs=1e-6) or power == pytest.approx(
        [5, 10, 10, 10, 5], abs=1e-6
    )


def test_a_turbine_that_was_off_begins_within_its_ramp_too():
    """Dear from the first hour on: 5 kW then, and 10 kW where nothing is known of before."""
    dear = {"ramp_max": 5.0, "on_before": 0.0}
    power = dispatch(standing([9, 9], [10] * 2, **dear)).series["micro_turbine", "power"]
    assert power.to_numpy() == pytest.approx([5, 10])
    free = dispatch(standing([9, 9], [10] * 2, ramp_max=5.0)).series["micro_turbine", "power"]
    assert free.to_numpy() == pytest.approx([10, 10])
    assert dispatch(standing([9], [10], **dear)).series["micro_turbine", "power"].tolist() == [5]


def test_the_fixed_cost_of_a_gas_turbine_that_may_stand_is_paid_while_it_is_on():
    made = GasTurbine(
        power_max=10.0, power_min=2.0, electric_efficiency=0.5, cost_fixed=1.0, may_stand=1.0, start_cost=0.5, on_before=0.0
    )  # fmt: skip
    plant = vpp(load(8, 8), made, GAS, grid([0.1, 1.0], [0, 0]))
    result = dispatch(plant)
    assert result.cost == pytest.approx(0.8 + 8 / 0.5 * 0.1 + 1.0 + 0.5)
    assert result.costs["starts"] == pytest.approx(0.5)
    assert (
        dispatch(plant.change("gas_turbine", may_stand=0.0, start_cost=0.0, on_before=None)).cost
        > result.cost
    )


def test_numbers_of_starts_need_a_turbine_that_may_stand():
    for name in ("start_cost", "up_hours", "down_hours", "on_before"):
        with pytest.raises(WrongInput, match=f"{name}: found it without may_stand"):
            standing([1, 1], [1, 1], may_stand=0.0, **{name: 1.0})


def test_what_was_before_is_not_known_of_a_later_window():
    plant = standing([1] * 4, [8] * 4, on_before=0.0, hours_before=1.0, down_hours=3.0)
    assert plant.window(1, 2).component("micro_turbine").on_before == 0.0
    assert plant.window(2, 2).component("micro_turbine").on_before is None


# --- deferrable loads -------------------------------------------------------------------------------------------
def washing(prices, step_hours: float = 1.0, start_hour: float = 0.0, **changes) -> VPP:
    steps = len(prices)
    made = DeferrableLoad(**{"power": 2.0, "duration": 2.0} | changes)
    return VPP(
        "w", (load(*[0] * steps), made, grid(prices, [0] * steps)), steps, step_hours, start_hour
    )


def test_a_run_is_placed_in_the_cheapest_two_hours_in_a_row():
    """The two cheapest hours are apart, which a split run would take."""
    plant = washing([5, 1, 4, 3, 2, 4, 1, 5])
    result = dispatch(plant)
    assert result.cost == pytest.approx(2 * (1 + 4))
    assert result.exact
    assert dispatch(plant, storage="relaxed").cost <= result.cost + 1e-9


def test_a_relaxed_run_is_split_where_a_pv_peak_is_flat():
    """2 kW for 2 h against 1 kW of sun for 4 h: halves of two runs fit below it, one run does not."""
    plant = washing([1] * 4).adding(pv(1, 1, 1, 1))
    relaxed = dispatch(plant, storage="relaxed")
    exact = dispatch(plant)
    assert relaxed.cost == pytest.approx(0.0, abs=1e-9) and not relaxed.exact
    assert exact.cost == pytest.approx(2.0) and exact.exact
    assert "mixed-integer" in exact.solved.kind


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=24, max_size=24), st.integers(0, 24), st.integers(0, 24),
    st.integers(1, 5), st.integers(0, 23), st.lists(st.integers(0, 3), min_size=24, max_size=24),
)  # fmt: skip
def test_a_run_is_the_best_of_all_places(prices, first, last, duration, start_hour, sun):
    hours = (last - first) % 24 or 24
    if duration > hours:
        return
    made = DeferrableLoad(
        power=2.0, duration=float(duration), earliest=float(first), latest=float(last)
    )
    at = (start_hour + np.arange(24)) % 24
    inside = (at - first) % 24 < hours
    costs = []
    for start in range(24 - duration + 1):
        places = np.arange(start, start + duration)
        in_one_piece = np.diff((at[places] - first) % 24)
        if inside[places].all() and (in_one_piece == 1).all():
            power = np.zeros(24)
            power[places] = 2.0
            costs.append(np.array(prices) @ np.maximum(power - np.array(sun), 0))
    grid_ = grid(prices, [0] * 24)
    parts = (load(*[0] * 24), pv(*sun), made, grid_)
    if not costs:
        with pytest.raises(WrongInput, match="no window of this horizon"):
            VPP("w", parts, 24, start_hour=start_hour)
        return
    plant = VPP("w", parts, 24, start_hour=start_hour)
    assert dispatch(plant).cost == pytest.approx(min(costs), abs=1e-6)


@pytest.mark.parametrize("days", [1, 2, 3])
def test_a_run_a_day(days):
    price = np.tile(np.arange(24) % 7 + 1.0, days)
    plant = washing(price, earliest=20.0, latest=6.0)
    result = dispatch(plant)
    assert result.series["deferrable_load", "start"].sum() == pytest.approx(days)
    assert result.series["deferrable_load", "power"].sum() == pytest.approx(4.0 * days)
    afternoon = dispatch(plant.window(12, 24 * days - 23)) if days > 1 else None
    assert afternoon is None or afternoon.series["deferrable_load", "start"].sum() == pytest.approx(
        days - 1
    )


def test_quarters_of_an_hour_hold_a_run_of_fifty_minutes():
    made = DeferrableLoad(power=2.0, duration=5 / 6, earliest=8.0, latest=9.0)
    clock = Clock(96, 0.25)
    assert [starts.tolist() for starts in made.starts(clock)] == [[32]]
    plant = VPP("q", (load(*[0] * 96), made, grid([1] * 96, [0] * 96)), 96, 0.25)
    assert dispatch(plant).cost == pytest.approx(
        2.0
    )  # four quarters, the last one begun counted in


def test_a_run_longer_than_its_window_is_refused():
    with pytest.raises(
        WrongInput, match="duration: found 5 h, longer than the 3 h from earliest = 22"
    ):
        washing([1] * 24, duration=5.0, earliest=22.0, latest=1.0)


# --- quadratic costs with something whole -------------------------------------------------------------------------
def test_a_turbine_with_a_quadratic_cost_may_stand_too(monkeypatch):
    """By outer approximation where no licence takes it: on in the two dear hours, at 8 kW."""
    monkeypatch.setattr("vppcore.exclusive.takes", lambda problem, choice: False)
    plant = standing(
        [0.2, 0.9, 0.9, 0.3], [8] * 4, cost_quadratic=0.01, start_cost=1.0, on_before=0.0
    )
    result = dispatch(plant)
    running = 0.5 * 16 + 0.01 * 2 * 8**2 + 1.0
    assert result.cost == pytest.approx(8 * 0.2 + running + 8 * 0.3, rel=1e-6)
    assert result.series["micro_turbine", "on"].round(6).tolist() == [0, 1, 1, 0]
    assert "clarabel" in result.solved.solver and result.exact
