"""Uncertainty: the worst day by two roads, a coalition that is ready for it, and what days nobody planned for cost."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import combinations, permutations, product

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from builders import array, battery, case, grid, load, pv, seller_and_buyer, small_vpps, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import VPP, Case, NotSolved, WrongInput, bargain, dispatch, pool
from vppcore.components import (
    Battery,
    Boiler,
    ControllableLoad,
    GasSupply,
    HeatLoad,
    MicroTurbine,
    Renewable,
)
from vppcore.exclusive import solve_exclusively
from vppcore.schedule import read
from vppcore.solvers import solve
from vppcore.uncertainty import adversary, ordinary_days
from vppcore.uncertainty.modes_first import worst_case_storage_first
from vppcore.uncertainty.ordinary_days import out_of_sample, risk_table, sample_days
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.robust import robust_coalition, sweep
from vppcore.uncertainty.series import hit, series_of, uncertain_series
from vppcore.uncertainty.settings import LIMITS, READINGS, Uncertainty, at_level
from vppcore.uncertainty.worst_day import (
    Adversary,
    enumerate_days,
    worst_case,
)
from vppcore.vpp import build

NAMES = ("VPP1", "VPP2", "VPP3")
LEVEL_2 = {
    "VPP1": 27_897.39,
    "VPP2": 30_865.30,
    "VPP3": 24_833.00,
}  # yuan a day, parent data, alone
SAME = 1e-6  # relative agreement of two roads to one linear problem
FLAT, FLAT_2 = grid([1.0] * 6, [0.2] * 6), grid([1.0] * 2, [0.2] * 2)


def cut(plant: VPP, steps: int, first: int = 6) -> VPP:
    """Some steps of a VPP's day. A battery ends these steps, too, with the energy that it starts them with."""

    def shorter(component):
        profiles = {f.name: getattr(component, f.name) for f in fields(component)}
        return replace(
            component,
            **{
                name: value[first : first + steps]
                for name, value in profiles.items()
                if isinstance(value, np.ndarray)
            },
        )

    return replace(plant, components=tuple(shorter(c) for c in plant.components), steps=steps)


def cut_case(whole: Case, steps: int, first: int = 6) -> Case:
    return replace(whole, vpps=tuple(cut(plant, steps, first) for plant in whole.vpps))


def plant_of(plant: VPP) -> str:
    """What its wind or photovoltaic plant is called."""
    return next(c.name for c in plant.components if isinstance(c, Renewable))


def budgets(plant: VPP, for_load: int, for_plant: int, **more) -> Uncertainty:
    return Uncertainty({"load": for_load, plant_of(plant): for_plant}, **more)


def days_of(recourse: Recourse):
    """Strategy: 0/1 days within the budget."""
    steps = recourse.steps
    hours = [
        st.sets(st.integers(0, steps - 1), max_size=recourse.uncertainty.budgets[series])
        for _, series in recourse.keys
    ]
    return st.tuples(*hours).map(
        lambda day: np.concatenate([np.isin(np.arange(steps), list(s)) for s in day]).astype(float)
    )


def random_day(recourse: Recourse, chance: np.random.Generator) -> np.ndarray:
    """A 0/1 day that uses up the whole budget."""
    sizes = [
        min(recourse.uncertainty.budgets[series], recourse.steps) for _, series in recourse.keys
    ]
    return np.concatenate(
        [chance.permutation(np.arange(recourse.steps) < size) for size in sizes]
    ).astype(float)


def sampled(*what, **how) -> pd.DataFrame:
    """`out_of_sample` in this process: starting others takes longer than these few days."""
    return out_of_sample(*what, workers=1, **how)


def trades_with_all(trades: pd.DataFrame, made: Case, name: str) -> np.ndarray:
    return trades[name][[n for n in made.names if n != name]].to_numpy()


uncertainties = st.builds(
    Uncertainty,
    st.fixed_dictionaries({"load": st.integers(0, 2), "pv": st.integers(0, 2)}),
    st.sampled_from([0.1, 0.2, 0.5]),
    st.sampled_from(LIMITS),
    st.sampled_from([2.0, 10.0]),
    st.sampled_from([0.0, 1.0]),
)


@st.composite
def pairs(draw, steps: int) -> Case:
    """Any small VPP beside one that must buy in every step, so that the two never cost nothing."""
    tariff = grid([0.3, 1.0, 0.6][:steps], [0.1, 0.2, 0.1][:steps])
    town = vpp(
        load(*[30, 40, 20][:steps], shift_share=0.1, shift_cost=0.01), battery(), tariff, name="B"
    )
    return case(
        draw(small_vpps(steps, "A")),
        town,
        limit=draw(st.sampled_from([2.0, 9.0])),
        crossing_fee=draw(st.sampled_from([0.0, 0.01])),
    )


@pytest.fixture(scope="module")
def short(parent):
    """Six hours of the parent case, 7 to 12: three tariffs, sun and wind."""
    return cut_case(parent, 6)


@pytest.fixture(scope="module")
def short_alone(short):
    """VPP -> its worst case without cooperation, level 2."""
    return {plant.name: worst_case(plant, at_level(2)) for plant in short.vpps}


@pytest.fixture(scope="module")
def ready(short):
    """The coalition of these six hours that is ready for level 2."""
    return robust_coalition(short, at_level(2))


@pytest.fixture(scope="module")
def whole_day(parent):
    """VPP -> (its recourse, its worst case) at level 4 on the whole day."""
    return {
        plant.name: (Recourse(plant, at_level(4)), worst_case(plant, at_level(4)))
        for plant in parent.vpps
    }


# --- no uncertainty -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fixture", ["parent", "calibrated"])
@pytest.mark.parametrize("name", NAMES)
def test_level_0_is_the_schedule_of_the_forecast(fixture, name, request):
    """Also where the relaxed schedule charges and discharges at once (VPP2 of the calibrated case)."""
    plant = request.getfixturevalue(fixture).vpp(name)
    expected = dispatch(plant).cost
    calm, stormy = worst_case(plant, at_level(0)), worst_case(plant, at_level(2))
    assert calm.cost == pytest.approx(expected, rel=SAME)
    assert (calm.nominal, stormy.nominal) == pytest.approx((expected, expected), rel=SAME)
    assert calm.hits.shape == (24, 0)
    assert stormy.cost > 1.05 * calm.cost


@pytest.mark.parametrize("name", NAMES)
def test_a_deviation_of_0_costs_nothing(short, name):
    plant = short.vpp(name)
    assert worst_case(plant, at_level(6, deviation=0.0)).cost == pytest.approx(
        dispatch(plant, storage="relaxed").cost, rel=SAME
    )


@pytest.mark.parametrize("reading", READINGS)
def test_at_level_0_every_coalition_is_the_joint_optimum(parent, pooled, reading):
    result = robust_coalition(parent, at_level(0), reading=reading)
    assert result.cost == pytest.approx(pooled.cost, rel=SAME)
    assert result.costs.sum() == pytest.approx(result.cost, rel=SAME)
    assert (result.reading, len(result.bounds)) == (reading, 1)


# --- two roads to the worst day -----------------------------------------------------------------------------------
@pytest.mark.parametrize("pair", [(1, 1), (2, 2), (3, 1)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_the_worst_day_is_the_worst_of_all_days(short, name, pair):
    plant = short.vpp(name)
    doubt = budgets(plant, *pair)
    found = worst_case(plant, doubt)
    assert found.cost == pytest.approx(enumerate_days(plant, doubt), rel=SAME)
    assert found.checked == pytest.approx(found.cost, rel=1e-5)
    assert set(found.hits) == {series for series, budget in doubt.budgets.items() if budget}
    assert all(
        set(found.hits[series]) <= {0, 1} and found.hits[series].sum() <= doubt.budgets[series]
        for series in found.hits
    )


@pytest.mark.parametrize("pair", [(2, 0), (0, 2)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_the_worst_of_a_whole_day_is_the_worst_of_all_days(parent, name, pair):
    plant = parent.vpp(name)
    doubt = budgets(plant, *pair)
    assert worst_case(plant, doubt).cost == pytest.approx(enumerate_days(plant, doubt), rel=SAME)


@pytest.mark.parametrize("name", NAMES)
def test_limits_of_the_actual_load_are_bounded_rightly_too(short, name):
    plant = short.vpp(name)
    actual, forecast = (budgets(plant, 2, 2, limits=limits) for limits in ("actual", "forecast"))
    found = worst_case(plant, actual).cost
    assert found == pytest.approx(enumerate_days(plant, actual), rel=SAME)
    # more load to move and to curtail: never worse, and here better
    assert found < worst_case(plant, forecast).cost - 1


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("name", NAMES)
def test_heat_may_be_uncertain_as_well(short, name, limits):
    plant = cut(short.vpp(name), 4, 0)
    doubt = Uncertainty({"load": 1, "heat": 2}, limits=limits)
    found = worst_case(plant, doubt)
    assert found.cost == pytest.approx(enumerate_days(plant, doubt), rel=SAME)
    assert found.cost > worst_case(plant, Uncertainty({"load": 1}, limits=limits)).cost + 1
    assert found.hits["heat"].sum() == 2


@given(plant=small_vpps(), doubt=uncertainties)
def test_the_worst_day_of_any_small_vpp_is_the_worst_of_all_days(plant, doubt):
    assert worst_case(plant, doubt).cost == pytest.approx(
        enumerate_days(plant, doubt), rel=1e-5, abs=1e-5
    )


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("name", NAMES)
def test_solver_and_size_of_the_bounds_do_not_matter(parent, name, limits):
    recourse = Recourse(parent.vpp(name), at_level(4, limits=limits))
    free = Adversary(recourse).answer(solver="highs")
    for solver, big in (("gurobi", 1.0), ("highs", 2.0), ("gurobi", 10.0)):
        other = Adversary(recourse, big).answer(solver=solver)
        assert other.cost == pytest.approx(free.cost, rel=SAME)
        assert (free.solver, other.solver) == ("highs", solver)


@pytest.mark.parametrize(("name", "cost"), LEVEL_2.items())
def test_the_worst_case_of_level_2_on_the_parent_s_data(parent, name, cost):
    found = worst_case(parent.vpp(name), at_level(2))
    assert found.cost == pytest.approx(cost, abs=0.05)
    assert found.vpp == name


# --- what must hold for every day ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(data=st.data())
def test_no_day_of_the_budget_costs_more_than_the_worst(whole_day, name, data):
    recourse, worst = whole_day[name]
    day, other = data.draw(days_of(recourse)), data.draw(days_of(recourse))
    assert recourse.value(day) <= worst.cost * (1 + SAME)
    assert recourse.value((day + other) / 2) <= worst.cost * (1 + SAME)  # nor a mixture of two


@pytest.mark.parametrize("name", NAMES)
def test_the_worst_day_costs_what_is_said(parent, whole_day, name):
    worst = whole_day[name][1]
    day = {series: worst.hits[series].to_numpy(float) for series in worst.hits}
    assert dispatch(
        hit(parent.vpp(name), at_level(4), day), storage="relaxed"
    ).cost == pytest.approx(worst.cost, rel=SAME)


@given(
    plant=small_vpps(steps=4),
    doubt=uncertainties,
    more=st.integers(1, 2),
    further=st.sampled_from([1.0, 1.7]),
)
def test_a_larger_budget_and_a_larger_deviation_never_cost_less(plant, doubt, more, further):
    larger = replace(
        doubt,
        budgets={name: budget + more for name, budget in doubt.budgets.items()},
        deviation=doubt.deviation * further,
    )
    small, large = worst_case(plant, doubt), worst_case(plant, larger)
    slack = SAME * max(1.0, abs(large.cost))
    assert small.nominal - slack <= small.cost <= large.cost + slack
    assert small.nominal == pytest.approx(large.nominal, abs=slack)


@pytest.mark.parametrize("name", NAMES)
def test_the_worst_case_grows_with_level_and_deviation(parent, name):
    plant = parent.vpp(name)
    levels = [worst_case(plant, at_level(level)).cost for level in (0, 2, 12)]
    deviations = [worst_case(plant, at_level(2, deviation)).cost for deviation in (0.1, 0.3)]
    assert (np.diff(levels) > 1).all() and (np.diff(deviations) > 1).all()


def test_a_budget_beyond_the_horizon_is_every_step(short):
    plant = short.vpp("VPP3")
    every = Recourse(plant, budgets(plant, 99, 99))
    assert worst_case(plant, every.uncertainty).cost == pytest.approx(
        every.value(np.ones(12)), rel=SAME
    )


# --- the reaction to a day ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("name", NAMES)
def test_the_reaction_is_the_schedule_of_the_day_that_came(parent, name, limits):
    """Any day, not only those of a budget: the matrices, warm from day to day, against the model they were taken from."""
    plant = parent.vpp(name)
    doubt = Uncertainty({"load": 1, "heat": 1, plant_of(plant): 1}, limits=limits)
    recourse = Recourse(plant, doubt)
    assert {series for _, series in recourse.keys} == set(doubt.budgets)
    for z in np.random.default_rng(1).uniform(-1, 1, (4, 3 * 24)):
        day = {series: values for (_, series), values in recourse.unflatten(z).items()}
        assert recourse.value(z) == pytest.approx(
            dispatch(hit(plant, doubt, day), storage="relaxed").cost, rel=SAME
        )


def with_promises(plant, trades):
    """The relaxed schedule of a VPP that carries out promised trades."""
    model = build(plant)
    rows = [
        flow == trades[plant.name, partner].to_numpy() for partner, flow in model.trades().items()
    ]
    constraints = [*model.constraints, *rows]
    solved = solve_exclusively([model], model.cost, constraints, "auto", "relaxed", plant.name)
    return read(model, solved)


@pytest.mark.parametrize("name", NAMES)
def test_the_reaction_with_promised_trades_is_the_schedule_with_these_trades(short, ready, name):
    plant, chance = next(v for v in short.connected() if v.name == name), np.random.default_rng(1)
    recourse = Recourse(plant, at_level(2))
    for _ in range(3):
        z = chance.uniform(-1, 1, recourse.by_day.shape[1])
        day = {series: values for (_, series), values in recourse.unflatten(z).items()}

        schedule = with_promises(hit(plant, at_level(2), day), ready.trades)
        q = recourse.flat(trades_with_all(ready.trades, short, name))
        assert np.abs(q).max() > 1
        assert recourse.value(z, q) == pytest.approx(schedule.cost, rel=SAME)


def test_the_reaction_of_several_is_their_joint_optimum(short):
    recourse, doubt = Recourse(short.connected(), at_level(2)), at_level(2)
    z = np.random.default_rng(1).uniform(0, 1, recourse.by_day.shape[1])
    days = recourse.unflatten(z)
    there = replace(
        short,
        vpps=tuple(
            hit(plant, doubt, {s: z for (name, s), z in days.items() if name == plant.name})
            for plant in short.vpps
        ),
    )
    assert recourse.value(z) == pytest.approx(pool(there).cost, rel=SAME)


def test_only_series_with_a_budget_that_a_vpp_has_are_uncertain(parent):
    doubt = Uncertainty({"pv": 1, "load": 0, "heat": 3, "wind": 2})
    assert [set(uncertain_series(plant, doubt)) for plant in parent.vpps] == [
        {"wind", "heat"},
        {"pv", "heat"},
        {"pv", "heat"},
    ]


def test_the_series_of_a_case_are_those_that_some_vpp_has(parent):
    assert series_of(parent) == ["wind", "load", "heat", "pv"]
    assert series_of(
        case(vpp(load(3, 9), FLAT_2, name="A"), vpp(load(8, 8), pv(1, 1), FLAT_2, name="B"))
    ) == ["load", "pv"]


def test_a_hit_raises_the_load_and_lowers_the_plant(short):
    plant, z = short.vpp("VPP1"), array(1, 0, 0.5, 0, 0, 1)
    day = hit(plant, at_level(2, deviation=0.3), {"load": z, "wind": z})
    assert day.component("wind").available == pytest.approx(
        plant.component("wind").available * (1 - 0.3 * z)
    )
    demand = plant.component("electric_load").demand
    for limits, known in (("forecast", demand), ("actual", demand * (1 + 0.3 * z))):
        there = hit(plant, at_level(2, deviation=0.3, limits=limits), {"load": z}).component(
            "electric_load"
        )
        assert there.demand == pytest.approx(known)
        assert there.demand + there.surprise == pytest.approx(demand * (1 + 0.3 * z))


# --- nothing hides ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step_hours", [0.25, 1.0])
@pytest.mark.parametrize("shed_price", [10.0, 25.0])
def test_power_that_is_missing_shows_at_its_price(shed_price, step_hours):
    """The grid gives 10 kW, the load is 10 kW in two steps; a hit of 20 % is 2 kW that nobody can deliver."""
    plant = vpp(
        load(10, 10, 4), grid([1, 1, 1], [0.2, 0.2, 0.2], buy_max=10.0), step_hours=step_hours
    )
    doubt = Uncertainty({"load": step_hours}, shed_price=shed_price)  # one step
    found = worst_case(plant, doubt)
    assert found.nominal == pytest.approx(step_hours * 24)
    assert found.cost == pytest.approx(step_hours * (24 + 2 * shed_price))
    assert found.cost == pytest.approx(enumerate_days(plant, doubt))
    day = hit(plant, doubt, {"load": found.hits["load"].to_numpy(float)})
    schedule = dispatch(day)
    assert schedule.series["emergency", "shed electricity"].to_numpy() == pytest.approx(
        2 * found.hits["load"]
    )
    assert schedule.costs["emergency"] == pytest.approx(step_hours * 2 * shed_price)
    without = replace(day, components=tuple(c for c in day.components if c.name != "emergency"))
    with pytest.raises(NotSolved, match="electricity lacks 2.0 kW"):
        dispatch(without)


def test_heat_that_is_missing_shows_at_its_price():
    """The boiler gives 10 kW, the heat load is 10 kW in two steps; a hit of 20 % is 2 kW that nobody can deliver."""
    boiler = Boiler(heat_max=10.0, efficiency=1.0)
    plant = vpp(
        HeatLoad(forecast=array(4, 10, 10)), boiler, GasSupply(price=3.0, calorific_value=10.0)
    )
    doubt = Uncertainty({"heat": 2}, shed_price=7.0)
    found = worst_case(plant, doubt)
    assert found.nominal == pytest.approx(24 * 0.3)
    assert found.cost == pytest.approx(24 * 0.3 + 2 * 2 * 7.0)
    assert list(found.hits["heat"]) == [0, 1, 1]
    schedule = dispatch(hit(plant, doubt, {"heat": array(0, 1, 1)}))
    assert schedule.series["emergency", "shed heat"].to_numpy() == pytest.approx([0, 2, 2])


def test_power_that_nobody_takes_is_dumped_at_its_price():
    plant = vpp(load(5, 5), grid([1, 1], [0.2, 0.2], sell_max=0.0), name="taker")
    tied = case(plant, replace(plant, name="giver")).connected()[0]
    recourse = Recourse(tied, Uncertainty({"load": 1}, dump_price=3.0))
    assert recourse.value(array(0, 0), recourse.flat(array(7, 5)[:, None])) == pytest.approx(2 * 3)
    assert recourse.value(array(1, 0), recourse.flat(array(7, 5)[:, None])) == pytest.approx(1 * 3)


def test_the_days_of_the_parent_need_no_emergency(parent, whole_day):
    for plant in parent.vpps:
        hits = whole_day[plant.name][1].hits
        day = hit(plant, at_level(4), {series: hits[series].to_numpy(float) for series in hits})
        assert dispatch(day, storage="relaxed").costs["emergency"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("share", [0.05, 0.2])
@pytest.mark.parametrize("name", NAMES)
def test_bounds_that_are_too_small_are_noticed(short, monkeypatch, name, share):
    proven = adversary.value_bounds
    monkeypatch.setattr(
        adversary,
        "value_bounds",
        lambda recourse, exclusive: tuple(share * bound for bound in proven(recourse, exclusive)),
    )
    with pytest.raises(
        NotSolved,
        match=f"{name}: the worst day was said to cost .* and costs .*: a bound on the multipliers is wrong",
    ):
        worst_case(short.vpp(name), at_level(2))


# --- of several worst days one ------------------------------------------------------------------------------------
@pytest.mark.parametrize("solver", ["highs", "gurobi"])
def test_of_equal_days_the_first_is_taken(solver):
    """Flat load at a flat price: every two steps are as bad as any other two."""
    plant = vpp(load(*[10] * 6), pv(*[5] * 6), FLAT)
    found = worst_case(plant, Uncertainty({"load": 2, "pv": 3}), solver, canonical=True)
    assert found.cost == pytest.approx(6 * 5 + 2 * 2 + 3 * 1)
    assert list(found.hits["load"]) == [1, 1, 0, 0, 0, 0]
    assert list(found.hits["pv"]) == [1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("solver", ["highs", "gurobi"])
def test_of_equal_days_the_one_with_fewest_hits_is_taken(solver):
    """Spare sun earns nothing except in step 5, so only there a hit costs anything."""
    plant = vpp(load(*[5] * 6), pv(10, 10, 10, 10, 0, 10), grid([1.0] * 6, [0.0] * 6))
    found = worst_case(plant, Uncertainty({"load": 3, "pv": 3}), solver, canonical=True)
    assert found.cost == pytest.approx(6)
    assert list(found.hits["load"]) == [0, 0, 0, 0, 1, 0]
    assert found.hits["pv"].sum() == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_stated_choice_costs_the_same_and_is_the_same_from_both_solvers(parent, name):
    plant = parent.vpp(name)
    any_day = worst_case(plant, at_level(2))
    first, second = (
        worst_case(plant, at_level(2), solver, canonical=True) for solver in ("highs", "gurobi")
    )
    assert first.cost == pytest.approx(any_day.cost, rel=2e-6)
    pd.testing.assert_frame_equal(first.hits, second.hits)
    assert first.hits.to_numpy().sum() <= any_day.hits.to_numpy().sum()


# --- the coalition ------------------------------------------------------------------------------------------------
def test_the_bounds_of_the_coalition_close_from_both_sides(ready):
    assert len(ready.bounds) > 1
    assert (np.diff(ready.bounds["lower"]) >= -1e-3).all() and (
        np.diff(ready.bounds["upper"]) <= 0
    ).all()
    assert (ready.bounds["lower"] <= ready.bounds["upper"] * (1 + SAME)).all()
    assert 0 <= ready.gap + SAME and ready.gap <= 1e-4
    assert ready.cost == ready.bounds["upper"].iloc[-1]
    assert ready.costs.sum() == pytest.approx(ready.cost)
    assert {name: day.cost for name, day in ready.worst.items()} == ready.costs.to_dict()


def test_promised_trades_are_mutual_and_within_the_limit(short, ready):
    assert set(ready.trades) == set(permutations(short.names, 2))
    for i, j in combinations(short.names, 2):
        assert np.abs(ready.trades[i, j] + ready.trades[j, i]).max() == 0
    assert 1 < ready.trades.abs().to_numpy().max() <= short.tie.limit + 1e-6


def test_whatever_day_of_the_budget_comes_no_vpp_costs_more_than_promised(short, ready):
    chance = np.random.default_rng(1)
    for plant in short.connected():
        recourse = Recourse(plant, at_level(2))
        q = recourse.flat(trades_with_all(ready.trades, short, plant.name))
        found = [recourse.value(random_day(recourse, chance), q) for _ in range(200)]
        assert max(found) <= ready.costs[plant.name] * (1 + SAME)
        reached = ready.worst[plant.name].hits.to_numpy(float).T.ravel()
        assert recourse.value(reached, q) == pytest.approx(ready.costs[plant.name], rel=SAME)


@settings(max_examples=4)
@given(made=pairs(2), doubt=uncertainties)
def test_the_coalition_s_cost_is_that_of_one_problem_with_all_days(made, doubt):
    """The second road: promises and a schedule for every day of the budget in a single linear problem."""
    trade, worst, rows = cp.Variable(2), {"A": cp.Variable(), "B": cp.Variable()}, []
    for plant, sign in zip(made.connected(), (1, -1), strict=True):
        names = uncertain_series(plant, doubt)
        days = [
            [
                np.array(day, float)
                for day in product((0, 1), repeat=2)
                if sum(day) <= doubt.budgets[name]
            ]
            for name in names
        ]
        for day in product(*days):
            model = build(hit(plant, doubt, dict(zip(names, day, strict=True))))
            rows += [*model.constraints, worst[plant.name] >= model.cost]
            rows += [flow == sign * trade for flow in model.trades().values()]
    best = solve(cp.Problem(cp.Minimize(sum(worst.values())), rows)).value
    assert robust_coalition(made, doubt, tolerance=1e-6).cost == pytest.approx(
        best, rel=5e-6, abs=1e-4
    )


def test_the_coalition_does_not_depend_on_the_solver(parent):
    made = cut_case(parent, 3)
    free, other = (
        robust_coalition(made, at_level(2), tolerance=1e-6, solver=solver)
        for solver in ("highs", "gurobi")
    )
    assert free.cost == pytest.approx(other.cost, rel=2e-6)
    assert (
        {day.solver for day in free.worst.values()},
        {day.solver for day in other.worst.values()},
    ) == ({"highs"}, {"gurobi"})


def test_readings_are_ordered_by_what_is_known_when_trading(short, short_alone, ready):
    """Own worst days first is too bold, trading when the day is known cheaper than before, alone the dearest."""
    own, joint = (
        robust_coalition(short, at_level(2), reading=reading)
        for reading in ("own worst case first", "joint worst case")
    )
    apart = sum(day.cost for day in short_alone.values())
    assert own.cost + 1 < joint.cost < ready.cost - 1
    assert ready.cost < 0.95 * apart
    assert (own.reading, joint.reading) == ("own worst case first", "joint worst case")
    assert {name: day.cost for name, day in own.worst.items()} == pytest.approx(
        {name: day.cost for name, day in short_alone.items()}, rel=SAME
    )
    for result in (own, joint):
        assert result.gap == pytest.approx(0, abs=SAME)
        assert result.costs.sum() == pytest.approx(result.cost, rel=SAME)


def test_own_worst_days_are_the_stated_ones_whatever_the_solver():
    """Flat prices make all hours equal: which one is hit decides what the other VPP can help with."""
    sunny = vpp(load(2, 2, 2, 2), pv(2, 6, 2, 9), grid([1.0] * 4, [0.2] * 4), name="A")
    town = vpp(load(9, 9, 9, 9), grid([1.0] * 4, [0.2] * 4), name="B")
    made, doubt = (
        case(sunny, town, limit=5.0, crossing_fee=0.01),
        Uncertainty({"load": 1}, deviation=0.5),
    )
    free, other = (
        robust_coalition(made, doubt, reading="own worst case first", solver=name)
        for name in ("highs", "gurobi")
    )
    for result in (free, other):
        assert result.worst["B"].hits["load"].to_list() == [1, 0, 0, 0]
    assert free.cost == pytest.approx(other.cost, rel=SAME)


@settings(max_examples=6)
@given(made=pairs(2), doubt=uncertainties)
def test_the_readings_of_any_two_small_vpps_are_ordered_too(made, doubt):
    own, joint, first = (
        robust_coalition(made, doubt, tolerance=1e-6, reading=reading).cost
        for reading in ("own worst case first", "joint worst case", "trades first")
    )
    apart = sum(worst_case(plant, doubt).cost for plant in made.vpps)
    slack = 1e-4 + 1e-5 * max(abs(own), abs(apart))
    assert own <= joint + slack and joint <= first + slack and first <= apart + slack


def test_the_joint_worst_day_is_the_worst_of_all_days():
    made = case(
        vpp(load(3, 9), pv(12, 2), FLAT_2, name="A"),
        vpp(load(8, 8), battery(), FLAT_2, name="B"),
        limit=4.0,
        crossing_fee=0.01,
    )
    doubt = Uncertainty({"load": 1, "pv": 1}, deviation=0.5)
    recourse = Recourse(made.connected(), doubt)
    assert recourse.keys == [("A", "load"), ("A", "pv"), ("B", "load")]
    hits = [array(0, 0), array(1, 0), array(0, 1)]
    every = [recourse.value(np.concatenate(day)) for day in product(hits, repeat=3)]
    assert np.ptp(every) > 1
    assert robust_coalition(made, doubt, reading="joint worst case").cost == pytest.approx(
        max(every), rel=SAME
    )


def test_the_guaranteed_saving_can_be_shared(short, short_alone, ready):
    saving = sum(day.cost for day in short_alone.values()) - ready.cost
    split = bargain(short, short_alone, ready)
    assert saving > 100
    assert (split.gains > 0).all()
    assert split.gains.sum() == pytest.approx(saving, abs=1e-3)
    assert split.table["after"].sum() == pytest.approx(ready.cost, rel=SAME)


def test_a_coalition_that_needs_more_iterations_says_how_far_it_came(short):
    with pytest.raises(
        NotSolved,
        match=r"robust coalition: bounds [\d,]+ and [\d,]+ yuan after 1 iterations \(allowed gap 0.0001\)",
    ):
        robust_coalition(short, at_level(2), max_iterations=1)


def test_a_looser_tolerance_needs_fewer_iterations(short, ready):
    loose = robust_coalition(short, at_level(2), tolerance=0.5)
    assert len(loose.bounds) < len(ready.bounds) and loose.gap <= 0.5
    assert loose.cost >= ready.bounds["lower"].max() - 1e-3


def test_a_sweep_is_the_single_results_in_a_table(short, short_alone, ready):
    table, found = sweep(short, (0, 2))
    assert list(table.index) == list(found) == [0, 2]
    for level, (alone, coalition) in found.items():
        assert coalition.cost == table.loc[level, "together"]
        assert sum(day.cost for day in alone.values()) == table.loc[level, "alone"]
        assert (coalition.gap, len(coalition.bounds)) == (
            table.loc[level, "gap"],
            table.loc[level, "iterations"],
        )
    assert table.loc[2, "together"] == pytest.approx(ready.cost, rel=2e-4)
    assert table.loc[2, "alone"] == pytest.approx(
        sum(day.cost for day in short_alone.values()), rel=SAME
    )
    assert table["saving"].to_numpy() == pytest.approx(
        (table["alone"] - table["together"]).to_numpy()
    )
    assert table["saving (%)"].to_numpy() == pytest.approx(
        (100 * table["saving"] / table["alone"]).to_numpy()
    )
    assert table.loc[0, "together"] == pytest.approx(pool(short).cost, rel=SAME)


# --- storage mode decided the day before --------------------------------------------------------------------------
STORING = vpp(
    load(4, 9, 3),
    pv(9, 2, 4),
    battery(charge_max=6.0, discharge_max=6.0),
    grid([0.3, 1.0, 0.6], [0.1, 0.2, 0.1]),
)
STORING_DOUBT = Uncertainty({"load": 1, "pv": 1}, deviation=0.5)


def with_modes(plant: VPP, charging) -> VPP:
    """The VPP whose batteries charge in these steps only and discharge in the others only."""
    mode = np.asarray(charging, bool)
    for store in plant.of(Battery):
        charge_max, discharge_max = store.power_limits(plant.step_hours)
        limits = {"charge_max": charge_max * mode, "discharge_max": discharge_max * ~mode}
        plant = plant.change(store.name, **limits)
    return plant


def test_storage_modes_chosen_the_day_before_are_the_best_of_all_modes():
    found, bounds = worst_case_storage_first(STORING, STORING_DOUBT)
    every = [
        enumerate_days(with_modes(STORING, mode), STORING_DOUBT)
        for mode in product((0, 1), repeat=3)
    ]
    assert np.ptp(every) > 0.1
    assert found.cost == pytest.approx(min(every), rel=2e-5)
    assert bounds["upper"].iloc[-1] - bounds["lower"].iloc[-1] <= 1e-5 * found.cost
    assert (np.diff(bounds["lower"]) >= -SAME).all() and (np.diff(bounds["upper"]) <= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_storage_decided_before_costs_more_than_after_and_less_than_any_fixed_mode(
    short, short_alone, name
):
    plant, doubt = short.vpp(name), at_level(2)
    found, bounds = worst_case_storage_first(plant, doubt)
    assert bounds["upper"].iloc[-1] == found.cost
    assert found.cost - bounds["lower"].iloc[-1] <= 1e-5 * found.cost
    assert found.cost >= short_alone[name].cost * (1 - SAME)
    flows = dispatch(plant).series["battery"]
    modes = (flows["charge"] > flows["discharge"]).to_numpy()
    for fixed in (modes, np.arange(6) < 3, np.arange(6) % 2):
        assert found.cost <= worst_case(with_modes(plant, fixed), doubt).cost * (1 + 1e-5)


def test_without_a_battery_there_is_no_mode_to_decide():
    with pytest.raises(WrongInput, match="V: no battery, so there is no storage mode to decide"):
        worst_case_storage_first(vpp(load(5, 5), FLAT_2), at_level(1))


def test_storage_bounds_that_do_not_meet_are_refused():
    with pytest.raises(NotSolved, match=r"V: bounds [\d,]+ and [\d,]+ yuan after 1 iterations"):
        worst_case_storage_first(STORING, STORING_DOUBT, max_iterations=1)


# --- days that nobody planned for ---------------------------------------------------------------------------------
def test_the_same_seed_gives_the_same_days(short):
    days = sample_days(short, at_level(2), 5, seed=3)
    assert days.shape == (5, 6 * 6)
    assert (days == sample_days(short, at_level(2), 5, seed=3)).all()
    assert not (days == sample_days(short, at_level(2), 5, seed=4)).any()


@pytest.mark.parametrize("persistence", [0.0, 0.5, 0.8])
def test_sampled_days_are_centred_within_the_deviation_and_as_persistent_as_asked(
    parent, persistence
):
    days = sample_days(parent, at_level(2), 1000, 1, persistence).reshape(1000, 6, 24)
    assert np.abs(days).max() <= 1
    assert days.mean() == pytest.approx(0, abs=0.02)
    assert days.std(axis=(0, 1)) == pytest.approx(
        np.full(24, 1 / np.sqrt(3)), abs=0.03
    )  # uniform in every step
    lagged = np.corrcoef(days[:, :, :-1].ravel(), days[:, :, 1:].ravel())[0, 1]
    assert lagged == pytest.approx(persistence, abs=0.03)
    assert np.corrcoef(days[:, 0, 5], days[:, 1, 5])[0, 1] == pytest.approx(
        0, abs=0.1
    )  # series are independent


def test_days_as_forecast_cost_what_was_forecast(short):
    together = pool(short)
    costs = sampled(
        short, at_level(2, deviation=0.0), {"alone": None, "together": together.trades}, samples=4
    )
    apart = sum(dispatch(plant, storage="relaxed").cost for plant in short.vpps)
    assert costs["alone"].to_numpy() == pytest.approx(np.full(4, apart), rel=SAME)
    assert costs["together"].to_numpy() == pytest.approx(np.full(4, together.cost), rel=SAME)


def test_a_sampled_day_costs_what_its_schedules_cost(short, ready):
    """Day 3 once more, with the models themselves; budgets of 0 are sampled like the others."""
    everything, seed, day = at_level(2), 7, 3
    costs = sampled(
        short, at_level(0), {"alone": None, "ready": ready.trades}, samples=4, seed=seed
    )
    assert costs.equals(
        sampled(short, everything, {"alone": None, "ready": ready.trades}, samples=4, seed=seed)
    )
    z = iter(sample_days(short, everything, 4, seed)[day - 1].reshape(6, 6))
    expected = {"alone": 0.0, "ready": 0.0}
    for plant, tied in zip(short.vpps, short.connected(), strict=True):
        there = {series: next(z) for series in uncertain_series(plant, everything)}
        expected["alone"] += dispatch(hit(plant, everything, there), storage="relaxed").cost

        expected["ready"] += with_promises(hit(tied, everything, there), ready.trades).cost
    assert costs.loc[day].to_dict() == pytest.approx(expected, rel=SAME)
    assert costs["alone"].nunique() == 4


def test_sampled_days_do_not_depend_on_the_number_of_processes():
    made = seller_and_buyer()
    schedules = {"alone": None, "together": pool(made).trades}
    costs = [
        out_of_sample(made, at_level(1), schedules, samples=3, workers=workers)
        for workers in (1, 2)
    ]
    pd.testing.assert_frame_equal(*costs)
    assert costs[0]["alone"].nunique() == 3


def test_sampled_days_do_not_depend_on_how_many_are_asked_at_a_time(monkeypatch):
    made = seller_and_buyer()
    schedules = {"alone": None, "together": pool(made).trades}
    whole = sampled(made, at_level(1), schedules, samples=7)
    monkeypatch.setattr(ordinary_days, "CHUNK", 3)
    pieces = sampled(made, at_level(1), schedules, samples=7)
    pd.testing.assert_frame_equal(whole, pieces, rtol=SAME)
    assert whole["alone"].nunique() == 7


def test_no_sampled_day_exceeds_what_was_guaranteed_for_every_step(short):
    """With a budget of all steps, the guarantee covers every day that can be sampled."""
    every = Uncertainty({"load": 6, "wind": 6, "pv": 6})
    steady = robust_coalition(short, every)
    costs = sampled(short, every, {"ready": steady.trades}, samples=300)
    assert costs["ready"].max() <= steady.cost * (1 + SAME)
    assert costs["ready"].mean() < 0.95 * steady.cost


def test_a_risk_table_by_hand():
    costs = pd.DataFrame({"even": np.arange(1.0, 101.0), "flat": np.full(100, 7.0)})
    table = risk_table(costs)
    assert table.loc["even"].to_list() == pytest.approx([50.5, 95.05, 98.0, 100.0])
    assert table.loc["flat"].to_list() == pytest.approx([7, 7, 7, 7])


@given(days=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_measures_of_risk_are_ordered(days):
    table = risk_table(pd.DataFrame({"any": days})).loc["any"]
    slack = 1e-9 * max(1.0, *(abs(day) for day in days))
    assert table["95 % quantile"] <= table["mean of worst 5 %"] + slack
    assert table["mean"] - slack <= table["mean of worst 5 %"] <= table["worst"] + slack
    assert table["worst"] == max(days)


def test_measures_of_risk_of_sampled_days_are_ordered(short, ready):
    table = risk_table(
        sampled(short, at_level(2), {"alone": None, "ready": ready.trades}, samples=100)
    )
    assert list(table.index) == ["alone", "ready"]
    assert (np.diff(table.to_numpy(), axis=1) > 0).all()
    assert list(table) == ["mean", "95 % quantile", "mean of worst 5 %", "worst"]


# --- steps that are not hours -------------------------------------------------------------------------------------
def test_costs_of_quarters_are_a_quarter():
    """The same powers for a quarter of the time, with a battery of a quarter of the energy."""

    def both(step_hours: float) -> Case:
        tariff = grid([0.3, 1.0, 0.6, 1.0], [0.1, 0.2, 0.1, 0.2])
        storage = battery(energy_max=20.0 * step_hours, energy_start=5.0 * step_hours)
        demand = load(
            4, 9, 3, 6, shift_share=0.2, shift_cost=0.01, curtail_share=0.1, curtail_cost=0.3
        )
        return case(
            vpp(demand, pv(9, 2, 4, 0), storage, tariff, name="A", step_hours=step_hours),
            vpp(load(1, 2, 1, 8), pv(20, 9, 4, 0), tariff, name="B", step_hours=step_hours),
            limit=5.0,
            crossing_fee=0.01,
        )

    hour, quarter = both(1.0), both(0.25)
    doubt = Uncertainty({"load": 2, "pv": 1}, limits="actual")
    short_doubt = Uncertainty({"load": 0.5, "pv": 0.25}, limits="actual")  # as many steps
    for plant, shorter in zip(hour.vpps, quarter.vpps, strict=True):
        found = worst_case(shorter, short_doubt)
        assert found.cost > 0.1
        assert 4 * found.cost == pytest.approx(worst_case(plant, doubt).cost, rel=SAME)
        assert found.cost == pytest.approx(enumerate_days(shorter, short_doubt), rel=SAME)
    for reading in READINGS:
        long = robust_coalition(hour, doubt, tolerance=1e-6, reading=reading)
        short = robust_coalition(quarter, short_doubt, tolerance=1e-6, reading=reading)
        assert 4 * short.cost == pytest.approx(long.cost, rel=1e-5)
    schedules = {"alone": None, "together": long.trades}
    of_hours = sampled(hour, doubt, schedules, samples=5, persistence=0.8)
    of_quarters = sampled(quarter, short_doubt, schedules, samples=5, persistence=0.8**4)
    assert 4 * of_quarters.to_numpy() == pytest.approx(of_hours.to_numpy(), rel=SAME)
    stored = worst_case_storage_first(hour.vpps[0], doubt)[0].cost
    short_stored = worst_case_storage_first(quarter.vpps[0], short_doubt)[0].cost
    assert 4 * short_stored == pytest.approx(stored, rel=2e-5)


# --- wrong inputs -------------------------------------------------------------------------------------------------
def test_levels_become_budgets_as_in_the_paper():
    assert at_level(12).budgets == {"load": 12, "wind": 12, "pv": 6}
    assert at_level(5, pv_share=0.5).budgets["pv"] == 2
    assert at_level(
        3, series=("load", "heat"), deviation=0.1, limits="actual", shed_price=4.0
    ) == Uncertainty({"load": 3, "heat": 3}, 0.1, "actual", 4.0)


@pytest.mark.parametrize("level", [-1, 1.5, True])
def test_a_wrong_level_is_refused(level):
    with pytest.raises(
        WrongInput, match=f"level: found {level}; allowed: a whole number of 0 or more"
    ):
        at_level(level)


@pytest.mark.parametrize(("wrong", "said"), [
    ({"budgets": {"load": -1}}, "budget of load: found -1; allowed: a number of 0 or more"),
    ({"budgets": {"wind": float("inf")}}, "budget of wind: found inf"),
    ({"budgets": {"pv": True}}, "budget of pv: found True"),
    ({"deviation": -0.1}, "deviation: found -0.1; allowed: a number of 0 or more and below 1"),
    ({"deviation": 1.0}, "deviation: found 1.0"),
    ({"deviation": float("nan")}, "deviation: found nan"),
    ({"limits": "both"}, "limits: found 'both'; allowed: forecast, actual"),
    ({"shed_price": 0.0}, "shed_price: found 0.0; allowed: a number above 0, or none"),
    ({"dump_price": -1.0}, "dump_price: found -1.0; allowed: a number of 0 or more"),
])  # fmt: skip
def test_a_wrong_uncertainty_is_refused(wrong, said):
    with pytest.raises(WrongInput, match=said):
        Uncertainty(**{"budgets": {"load": 1}} | wrong)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(WrongInput) as refused:
        Uncertainty({"load": -1, "pv": -0.5}, deviation=2.0, limits="none", shed_price=-1.0)
    assert len(refused.value.faults) == 5


def test_an_unknown_reading_is_refused():
    with pytest.raises(
        WrongInput,
        match="reading: found 'worst'; allowed: trades first, own worst case first, joint worst case",
    ):
        robust_coalition(seller_and_buyer(), at_level(1), reading="worst")


@pytest.mark.parametrize("reading", READINGS)
def test_a_case_without_a_tie_cannot_cooperate(reading):
    with pytest.raises(WrongInput, match="cooperation needs two VPPs or more"):
        robust_coalition(replace(seller_and_buyer(), tie=None), at_level(1), reading=reading)


@pytest.mark.parametrize(("wrong", "said"), [
    ({"samples": 0}, "samples: found 0; allowed: a whole number of 1 or more"),
    ({"persistence": 1.0}, "persistence: found 1.0; allowed: a number of 0 or more and below 1"), ({"persistence": -0.1}, "persistence: found -0.1"),
])  # fmt: skip
def test_wrong_samples_are_refused(wrong, said):
    for ask in (
        lambda **how: sample_days(seller_and_buyer(), at_level(1), seed=1, **how),
        lambda **how: sampled(seller_and_buyer(), at_level(1), {"alone": None}, **how),
    ):
        with pytest.raises(WrongInput, match=said):
            ask(**{"samples": 5} | wrong)


def test_more_days_than_can_be_tried_are_refused(parent):
    with pytest.raises(
        WrongInput, match="budgets: found 5,405,625 days to try; allowed: up to 200,000"
    ):
        enumerate_days(parent.vpp("VPP1"), Uncertainty({"load": 3, "wind": 3}))


def test_a_quadratic_cost_of_something_without_limits_is_refused():
    called = ControllableLoad(
        forecast=array(5, 5), buy_price=array(1, 1), share=0.5, cost_quadratic=0.1
    )
    plant = vpp(load(5, 5), called, FLAT_2)
    assert worst_case(plant, at_level(1)).proven  # a share of a load is a limit
    turbine = MicroTurbine(power_max=np.inf, cost_linear=0.2, cost_quadratic=0.01)
    with pytest.raises(WrongInput, match="V: found a quadratic cost of something without limits"):
        worst_case(vpp(load(5, 5), turbine, FLAT_2), at_level(1))


@pytest.mark.parametrize(("solver", "refused"), [("cplex", WrongInput), ("clarabel", NotSolved)])
def test_a_solver_that_cannot_search_is_refused(solver, refused):
    with pytest.raises(refused, match=solver):
        worst_case(seller_and_buyer().vpps[0], at_level(1), solver)
