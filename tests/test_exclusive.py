"""Flows that must not run at once, of any component: exact costs by a second road, in every room of the house."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import cvxpy as cp
import matplotlib.pyplot as plt
import numpy as np
import pytest
from builders import array, battery, case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import cheapest_day
from kinds import HotWaterStore, Vehicle

from vppcore import (
    NotSolved,
    alone,
    cooperate,
    dispatch,
    exclusive,
    load_case,
    pool,
    solvers,
    worst_case,
)
from vppcore.components import Boiler, CarbonMarket, GasSupply, HeatLoad, Renewable
from vppcore.exclusive import EXCLUSIVE_TOLERANCE, overlaps, solve_exclusively
from vppcore.pages import figures, tables
from vppcore.places import PROJECT
from vppcore.solvers import solve
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import build

HOME = {"most": 10.0, "least": 1.0, "start": 3.0, "power": 5.0, "efficiency": 0.95}


@pytest.fixture(scope="module")
def home():
    """The template's household without its heat, which nothing else touches."""
    plant = load_case("template").vpp("Home")
    kept = ("electric_load", "pv", "battery", "grid")
    return replace(plant, components=tuple(c for c in plant.components if c.name in kept))


def tariff(plant, buy: dict[int, float], sell: dict[int, float], **limits):
    """The VPP with other prices in some steps (1 is the first)."""
    market = plant.component("grid")
    bought = market.buy_price.copy()
    sold = market.sell_price.copy()
    for step, price in buy.items():
        bought[step - 1] = price
    for step, price in sell.items():
        sold[step - 1] = price
    return plant.change("grid", buy_price=bought, sell_price=sold, **limits)


def by_scipy(plant) -> float:
    """The household's cost by the independent program."""
    market = plant.component("grid")
    demand = plant.component("electric_load")
    return cheapest_day(
        demand.demand,
        market.buy_price,
        market.sell_price,
        pv=plant.component("pv").available,
        buy_max=min(market.buy_max, 1e3),
        sell_max=min(market.sell_max, 1e3),
        shift=(demand.shift_share, demand.shift_cost),
        store=HOME,
    )[0]


def with_curved_wear(plant, size: float = 1e-6):
    """A quadratic cost that is next to nothing: the model is quadratic, its optimum as before."""
    return plant.change("battery", wear_cost_quadratic=size)


# --- a feed-in price above the purchase price ---------------------------------------------------------------------
def test_the_independent_program_agrees_where_nothing_circulates(home):
    assert by_scipy(home) == pytest.approx(dispatch(home).cost, abs=1e-6)


ODD_TARIFFS = {
    "one sunny hour": ({13: -0.05}, {13: 0.08}),
    "three hours": ({12: 0.1, 13: 0.1, 14: 0.1}, {12: 0.2, 13: 0.3, 14: 0.2}),
    "negative both": ({13: -0.3}, {13: -0.2}),
    "a dear night": ({}, {1: 0.6, 24: 0.6}),
}


@pytest.mark.parametrize("sell_max", [20.0, 2.0, np.inf])
@pytest.mark.parametrize(("buy", "sell"), ODD_TARIFFS.values(), ids=ODD_TARIFFS.keys())
def test_a_feed_in_price_above_the_purchase_price_is_a_case(home, buy, sell, sell_max):
    odd = tariff(home, buy, sell, sell_max=sell_max)
    result = dispatch(odd)
    assert result.exact and "buy and sell of grid" in result.note()
    assert result.series["grid"].min(axis=1).max() <= 1e-6
    assert result.cost == pytest.approx(by_scipy(odd), abs=1e-5)


def test_the_fault_of_one_sunny_hour_has_its_value(home):
    """Purchase at -0.05 and feed-in at 0.08 in hour 13; heat costs the same as before."""
    whole = load_case("template").vpp("Home")
    market = whole.component("grid")
    buy = market.buy_price.copy()
    sell = market.sell_price.copy()
    buy[12], sell[12] = -0.05, 0.08
    odd = whole.change("grid", buy_price=buy, sell_price=sell)
    heat = dispatch(whole).cost - dispatch(home).cost
    expected = by_scipy(home.change("grid", buy_price=buy, sell_price=sell)) + heat
    assert dispatch(odd).cost == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("quadratic", [False, True])
def test_a_tariff_above_in_all_hours_without_any_limit(home, quadratic):
    """What the household can make and use bounds what it can buy and sell."""
    market = home.component("grid")
    odd = home.change("grid", sell_price=market.buy_price + 0.1, sell_max=np.inf)
    exact = by_scipy(odd)
    result = dispatch(with_curved_wear(odd, 1e-9) if quadratic else odd)
    assert result.exact and ("quadratic" in result.solved.kind) == quadratic
    assert result.cost == pytest.approx(exact, abs=1e-5)


def test_relaxed_storage_says_what_circulates(home):
    odd = tariff(home, {13: -0.05}, {13: 0.08}, buy_max=30.0)
    relaxed = dispatch(odd, storage="relaxed")
    assert set(relaxed.overlaps) >= {"grid"} and "NOT exact" in relaxed.note()
    assert "buy and sell of grid" in relaxed.note()
    assert relaxed.cost < dispatch(odd).cost - 0.1
    with pytest.raises(NotSolved, match="buy and sell of grid can grow .* relaxed storage"):
        dispatch(tariff(home, {13: -0.05}, {13: 0.08}, sell_max=np.inf), storage="relaxed")


def sunny_hour(fee: float = 0.01, sell_max: float = np.inf):
    """A member with sun and one without; in the third of four hours feeding in pays more than buying costs."""
    market = grid([0.3, 0.5, 0.2, 0.5], [0.1, 0.1, 0.6, 0.1], sell_max=sell_max)
    sunny = vpp(load(1, 1, 1, 2), pv(0, 3, 4, 0), battery(energy_max=6.0), market, name="A")
    return case(sunny, vpp(load(2, 2, 1, 3), market, name="B"), limit=5.0, crossing_fee=fee)


@pytest.mark.parametrize(("sell_max", "gap"), [(np.inf, 1e-4), (6.0, 0.6)])
def test_talks_over_an_hour_in_which_feeding_in_pays_more_end_near_the_optimum(sell_max, gap):
    """With flows at once in the relaxed problem money had no limit, and talks ended anywhere."""
    street = sunny_hour(sell_max=sell_max)
    best = pool(street).cost
    made = cooperate(street)
    assert made.agreed
    assert made.certificate.lower - 1e-5 <= best <= made.cost + 1e-5
    assert made.cost < sum(result.cost for result in alone(street).values())
    assert made.certificate.gap < gap


def test_such_an_hour_has_its_least_trades_where_the_crossing_is_free():
    free = pool(sunny_hour(fee=0.0))
    assert free.exact
    assert free.cost == pytest.approx(pool(sunny_hour(fee=1e-3)).cost, abs=0.1)
    assert free.cost <= pool(sunny_hour(fee=1e-3)).cost
    assert pool(sunny_hour(fee=0.0), flattest=True).cost == pytest.approx(free.cost, abs=1e-5)


@pytest.mark.parametrize("carbon_price", [0.0, 0.2, 3.0])
def test_quota_that_pays_for_circulating_is_not_earned(carbon_price):
    """Each kWh bought brings 0.4 kg of quota, worth up to 1.2 yuan, and is sold back for 0.1 less."""
    market = grid([1, 1], [0.9, 0.9], emission=0.5, carbon_quota=0.9)
    plant = vpp(load(10, 20), market, CarbonMarket(price=carbon_price))
    result = dispatch(plant)
    assert result.exact
    assert result.cost == pytest.approx(30 - 0.4 * carbon_price * 30, abs=1e-6)
    assert result.series["grid", "sell"].abs().max() < 1e-6


@pytest.mark.parametrize("solver", ["auto", "clarabel"])
def test_a_free_loop_counts_no_emission(solver):
    """Equal prices, no limits, no carbon market: what circulates would cost nothing and be counted."""
    plant = vpp(load(10, 20), pv(0, 50), grid([1, 1], [1, 1], emission=0.8, carbon_quota=0.7))
    result = dispatch(plant, solver)
    assert result.cost == pytest.approx(10 - 30, abs=1e-5)
    assert result.series["carbon_account", "excess"].to_numpy() == pytest.approx([1, 0], abs=1e-5)


def test_ordinary_grids_need_no_binaries(parent):
    for plant in parent.vpps:
        assert not [pair for pair in build(plant).pairs() if pair.component == "grid"]


# --- limits from the problem --------------------------------------------------------------------------------------
def test_an_infinite_limit_becomes_what_the_problem_allows():
    """10 kW of load and 4 of charging can be bought at once; 6 kW of sun and what 4 kW leave be sold."""
    store = battery(charge_max=4.0, discharge_max=3.0)
    plant = vpp(load(10, 0), pv(0, 6), store, grid([1, 1], [2, 2]))
    model = build(plant)
    pairs = [pair for pair in model.pairs() if pair.component == "grid"]
    (limited,) = exclusive.with_finite_limits(pairs, model.constraints, "V")
    assert limited.one_max == pytest.approx([14, 4], rel=1e-5)
    assert limited.other_max == pytest.approx([0, 6 + 4 * 0.9 * 0.8], rel=1e-5, abs=1e-6)


def test_what_has_no_end_at_all_is_refused_in_a_sentence():
    """A second grid takes what the first gives: neither has a limit, and the prices differ."""
    plant = vpp(load(10), grid([1], [1.5]), grid([1.2], [0.2], label="main"))
    with pytest.raises(NotSolved, match="V: unbounded; .*grid") as refused:
        dispatch(plant)
    assert refused.value.status == "unbounded"


# --- quadratic costs with binaries, without a licence -------------------------------------------------------------
@pytest.fixture(params=["none", "bundled"])
def licence(request, monkeypatch):
    """A machine with no licence of Gurobi, and one with the licence that comes with it."""
    monkeypatch.setattr(solvers, "gurobi_licence", lambda: request.param)
    return request.param


def paid_to_consume(quadratic: float = 0.0):
    return vpp(
        load(5, 5, 5, 5),
        battery(energy_max=8.0, wear_cost_quadratic=quadratic),
        grid([-1.0, 0.5, -0.8, 0.6], [-1.5, 0.1, -1.2, 0.1]),
    )


def by_enumeration(plant) -> float:
    """Every pattern of modes of the battery, each as a convex problem of its own."""
    costs = []
    for pattern in np.ndindex(*(2,) * plant.steps):
        model = build(plant)
        flows = model.parts["battery"].series
        rows = [
            flows["charge"] <= 1e3 * np.array(pattern),
            flows["discharge"] <= 1e3 * (1 - np.array(pattern)),
        ]
        problem = cp.Problem(cp.Minimize(model.cost), [*model.constraints, *rows])
        costs.append(solve(problem).value)
    return min(costs)


@pytest.mark.parametrize("quadratic", [1e-9, 0.003, 0.1])
def test_quadratic_costs_with_binaries_need_no_licence(licence, quadratic):
    plant = paid_to_consume(quadratic)
    result = dispatch(plant, storage="binary")
    assert dispatch(plant).cost == pytest.approx(result.cost, abs=1e-5)
    assert result.exact and result.solved.kind == "mixed-integer quadratic"
    assert result.cost == pytest.approx(by_enumeration(plant), abs=1e-5)
    if licence == "none":
        assert result.solved.solver == "highs and clarabel" and result.solved.gap <= 1e-6
    assert set(result.prices) == {"electricity"}


@settings(max_examples=6)
@given(
    prices=st.lists(st.integers(-10, 10), min_size=3, max_size=3),
    quadratic=st.sampled_from([0.002, 0.05]),
)
def test_any_small_quadratic_vpp_with_binaries_is_the_best_of_all_modes(prices, quadratic):
    bought = np.array(prices) / 10
    plant = vpp(
        load(5, 2, 8),
        battery(wear_cost_quadratic=quadratic),
        grid(bought, bought - 0.1),
    )
    assert dispatch(plant, storage="binary").cost == pytest.approx(by_enumeration(plant), abs=1e-4)


def test_study_b_s_vpps_can_be_solved_with_binaries(licence, handmade, five):
    for plant in handmade.vpps[:2]:
        result = dispatch(plant, storage="binary")
        assert result.cost == pytest.approx(five[plant.name].cost, rel=1e-7)
        assert result.exact and result.solved.kind == "mixed-integer quadratic"


def test_time_that_runs_out_is_said(monkeypatch, home):
    monkeypatch.setattr(solvers, "gurobi_licence", lambda: "none")
    monkeypatch.setattr("vppcore.mixed.time_limit", lambda: 1e-9)
    monkeypatch.setattr("vppcore.mixed.GAP", -1.0)  # never content
    with pytest.raises(NotSolved, match="could be cheaper by .* of the money") as refused:
        dispatch(paid_to_consume(0.01))
    assert refused.value.status == "limit"


WITHOUT_GUROBI = """
import sys
sys.modules["gurobipy"] = None  # an import of it fails, as where it was never installed
from vppcore import NotSolved, VPP, dispatch
from vppcore.components import Battery, ElectricLoad, Grid
store = dict(energy_min=0, energy_max=8, energy_start=5, charge_max=10, discharge_max=10,
             charge_efficiency=0.9, discharge_efficiency=0.8)
for curved in (0.0, 0.003):
    parts = (ElectricLoad(forecast=[5, 5, 5, 5]), Battery(**store, wear_cost_quadratic=curved),
             Grid(buy_price=[-1.0, 0.5, -0.8, 0.6], sell_price=[-1.5, 0.1, -1.2, 0.1]))
    result = dispatch(VPP("V", parts, 4))
    print(repr(result.cost), result.exact, result.solved.solver)
try:
    dispatch(VPP("V", parts, 4), "gurobi")
except NotSolved as refused:
    print(refused.status, refused)
"""


def test_all_works_where_gurobi_was_never_installed():
    """In a process of its own, in which gurobipy cannot be imported."""
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_GUROBI], capture_output=True, text=True, cwd=PROJECT
    )
    assert run.returncode == 0, run.stderr
    linear, quadratic, refused = run.stdout.splitlines()
    for line, curved, solver in (
        (linear, 0.0, "highs"),
        (quadratic, 0.003, "highs and clarabel"),
    ):
        cost, exact, by = line.split(" ", 2)
        assert float(cost) == pytest.approx(by_enumeration(paid_to_consume(curved)), abs=1e-5)
        assert (exact, by) == ("True", solver)
    assert refused.startswith("unsuitable solver 'gurobi' is not installed (package gurobipy)")


# --- only what overlaps, and all of it ----------------------------------------------------------------------------
def test_only_flows_that_ran_at_once_get_binaries(monkeypatch):
    """Of two batteries one is paid to burn power: the other needs no binaries."""
    calm = battery(label="calm", wear_cost=5.0)
    asked = []
    real = exclusive.solve_with_modes

    def solve_with_modes(pairs, *rest):
        asked.append({pair.component for pair in pairs})
        return real(pairs, *rest)

    monkeypatch.setattr(exclusive, "solve_with_modes", solve_with_modes)
    result = dispatch(paid_to_consume().adding(calm))
    assert result.exact and asked[0] == {"battery"}
    assert result.cost == pytest.approx(
        dispatch(paid_to_consume().adding(calm), storage="binary").cost, abs=1e-6
    )
    assert asked[-1] == {"battery", "calm"}


@pytest.mark.parametrize("share", [0.5, 5.0])
def test_an_overlap_counts_from_a_millionth_of_the_rating(share):
    """Ten times finer than what a figure shows; a looser limit would miss these."""
    model = build(vpp(load(5), battery(), grid([1], [0])))
    solve(cp.Problem(cp.Minimize(model.cost), model.constraints))
    flows = model.parts["battery"].series
    for name in ("charge", "discharge"):
        flows[name].value = array(share * 1e-6 * 10)
    assert bool(overlaps(model.pairs())) == (share > 1)
    assert EXCLUSIVE_TOLERANCE == 1e-6


# --- components of a reader ---------------------------------------------------------------------------------------
def warm_house(**store):
    """Heat is free in the first step only: 6 kWh of it may be kept for the second."""
    return vpp(
        HeatLoad(forecast=array(2, 5)),
        Boiler(heat_max=5.0, efficiency=1.0),
        Renewable(label="pv", forecast=array(0.0, 0.0)),
        load(1, 1),
        HotWaterStore(energy_max=6.0, **store),
        GasSupply(price=10.0, calorific_value=10.0),
        grid([1, 1], [0, 0]),
        name="warm",
    )


@pytest.mark.parametrize("storage", ["auto", "binary", "relaxed"])
def test_a_hot_water_store_is_exclusive_like_a_battery(storage):
    result = dispatch(warm_house(exclusive=1.0, efficiency=0.5), storage=storage)
    assert result.cost == pytest.approx(7 + 2)  # nothing is gained by storing
    if storage != "relaxed":
        assert result.exact and "into and out of hot_water_store" in result.note()
        assert "mixed-integer" in result.solved.kind
    assert "charge" not in result.note() and "battery" not in result.note()


def test_a_hot_water_store_that_would_burn_heat_is_held_back():
    """A boiler is paid to run (gas costs less than nothing is not allowed: its quota pays)."""
    paid = replace(warm_house().component("boiler"), carbon_quota=3.0)
    parts = [c for c in warm_house(efficiency=0.5).components if c.name != "boiler"]
    plant = replace(warm_house(), components=(*parts, paid, CarbonMarket(price=1.0)))
    relaxed = dispatch(plant, storage="relaxed")
    exact = dispatch(plant)
    assert not relaxed.exact and set(relaxed.overlaps) == {"hot_water_store"}
    assert "hot_water_store up to" in relaxed.note() and "battery" not in relaxed.note()
    assert exact.exact and exact.cost > relaxed.cost + 0.1
    flows = exact.series["hot_water_store"]
    assert flows[["into", "out"]].min(axis=1).max() < 1e-6


VEHICLE = {"power_max": 4.0, "energy": 7.2, "arrival": 17.0, "departure": 7.0}


def street(vehicle: Vehicle, name: str = "ev", weekday: int | None = None, start_hour: float = 0.0):
    hours = np.arange(24)
    price = np.where((hours >= 1) & (hours < 5), 0.2, 0.8)
    plant = vpp(load(*[1.0] * 24), vehicle, battery(), grid(price, [0.0] * 24), name=name)
    return replace(plant, weekday=weekday, start_hour=start_hour)


def test_a_vehicle_charges_at_night_and_only_at_home():
    """8 kWh at 0.9 are the 7.2 kWh it drives, at 0.2 yuan each; the battery is there for all else."""
    result = dispatch(street(Vehicle(**VEHICLE)))
    alone = replace(
        street(Vehicle(**VEHICLE)), components=street(Vehicle(**VEHICLE)).components[:1]
    )
    without = replace(
        alone, components=[c for c in street(Vehicle(**VEHICLE)).components if c.name != "vehicle"]
    )
    assert result.cost - dispatch(without).cost == pytest.approx(8 * 0.2)
    away = result.series["vehicle", "charge"].to_numpy()[7:17]
    assert np.abs(away).max() < 1e-9
    assert result.exact and result.kinds["vehicle"] == "vehicle"


def test_a_vehicle_knows_the_time_of_day_and_the_day():
    """A horizon that begins at six in the evening; and a Saturday without a drive."""
    evening = dispatch(street(Vehicle(**VEHICLE), start_hour=18.0)).series["vehicle", "charge"]
    assert np.abs(evening.to_numpy()[13:23]).max() < 1e-9
    saturday = dispatch(street(Vehicle(**VEHICLE), weekday=5)).series["vehicle", "charge"]
    assert saturday.abs().max() < 1e-9
    assert dispatch(street(Vehicle(**VEHICLE), weekday=4)).series["vehicle", "charge"].sum() > 1


def test_a_vehicle_that_feeds_back_beside_a_battery():
    plant = street(Vehicle(**VEHICLE, feeds_back=1.0))
    result = dispatch(plant)
    assert result.exact and result.cost <= dispatch(street(Vehicle(**VEHICLE))).cost + 1e-6
    assert "charge and back of vehicle" in result.note()
    assert "charge and discharge of battery" in result.note()
    paid = plant.change("grid", buy_price=np.full(24, -1.0), sell_price=np.full(24, -1.5))
    burning = dispatch(paid, storage="relaxed")
    assert set(burning.overlaps) == {"vehicle", "battery"}
    exact = dispatch(paid)
    assert exact.exact
    assert exact.series["vehicle"].min(axis=1).max() < 1e-6


@pytest.fixture(scope="module")
def neighbours():
    """Two houses: one with a vehicle that feeds back and a hot-water store, one with sun."""
    first = street(Vehicle(**VEHICLE, feeds_back=1.0), "driver")
    heat = (
        HeatLoad(forecast=np.full(24, 2.0)),
        Boiler(heat_max=4.0, efficiency=0.9),
        GasSupply(price=3.5, calorific_value=10.0),
        HotWaterStore(energy_max=6.0, exclusive=0.0),
    )
    sun = np.where((np.arange(24) >= 9) & (np.arange(24) < 15), 6.0, 0.0)
    second = vpp(load(*[1.0] * 24), pv(*sun), replace(first.component("grid")), name="roof")
    return case(first.adding(*heat), second, limit=5.0, crossing_fee=0.01)


def test_neighbours_with_new_kinds_cooperate(neighbours):
    alone = {plant.name: dispatch(plant) for plant in neighbours.vpps}
    together = pool(neighbours)
    agreed = cooperate(neighbours)
    apart = sum(result.cost for result in alone.values())
    assert together.cost < apart - 0.1
    assert agreed.cost == pytest.approx(together.cost, rel=1e-3)
    assert agreed.certificate.lower <= together.cost + 1e-3
    for result in (*alone.values(), *agreed.dispatches.values()):
        assert result.exact


def test_a_worst_day_with_new_kinds(neighbours):
    doubt = Uncertainty({"load": 2, "pv": 2})
    for plant in neighbours.vpps:
        worst = worst_case(plant, doubt)
        assert worst.cost >= dispatch(plant).cost - 1e-6
        assert worst.nominal == pytest.approx(dispatch(plant).cost, abs=1e-5)


def test_tables_and_figures_show_new_kinds(neighbours):
    alone = {plant.name: dispatch(plant) for plant in neighbours.vpps}
    items = tables.cost_items(alone)
    assert items.loc["total", "cluster"] == pytest.approx(sum(r.cost for r in alone.values()))
    shown = tables.devices(neighbours)
    assert shown.loc["vehicle", "driver"] == "x" and shown.loc["hot_water_store", "driver"] == "x"
    assert "driver electric_load" in tables.energy(neighbours).index
    for carrier in ("electricity", "heat"):
        axes = figures.balance(alone["driver"], carrier)
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels
    plt.close("all")


def test_any_problem_of_several_models_is_solved_exclusively():
    """Two VPPs in one problem, each with flows that are paid to overlap."""
    models = [build(paid_to_consume()), build(replace(paid_to_consume(), name="W"))]
    rows = [row for model in models for row in model.constraints]
    solved = solve_exclusively(models, models[0].cost + models[1].cost, rows)
    assert solved.value == pytest.approx(2 * by_enumeration(paid_to_consume()), abs=1e-4)
    assert not overlaps([pair for model in models for pair in model.pairs()])
