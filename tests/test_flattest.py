"""Of all cheapest schedules the flattest: by hand, on two roads, with stores that need binaries."""

from __future__ import annotations

from itertools import product

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from builders import battery, case, grid, load, pv, seller_and_buyer, small_vpps, vpp
from hypothesis import given

from vppcore import NotSolved, WrongInput, alone, dispatch, load_case, pool
from vppcore.compiled import Compiled
from vppcore.components import Boiler, GasSupply, HeatLoad
from vppcore.cooperation.joint import joint_model
from vppcore.cooperation.ranges import OptimalSchedules
from vppcore.exclusive import fixed_rows, pairs_of
from vppcore.grid.feeder import Feeder, load_feeder
from vppcore.grid.placement import Placement, placement_of, withdrawals
from vppcore.scale import typical_power, typical_price
from vppcore.solvers import solve
from vppcore.vpp import build, total, withdrawal

SAME_COST = 1e-6  # a share of the cost
NEAR = (
    2e-3  # a share of the largest exchange: what a solver leaves open where the cost hardly moves
)
PARENT = ("VPP1", "VPP2", "VPP3")


def exchange(schedule) -> np.ndarray:
    """What passes a VPP's connection point, kW `(steps,)`."""
    through = schedule.with_role("grid", "trade")
    return schedule.balances["electricity"].filter(items=through).sum(axis=1).to_numpy()


def lossless(**changes):
    return battery(charge_efficiency=1.0, discharge_efficiency=1.0, energy_start=0.0, **changes)


# --- by hand ------------------------------------------------------------------------------------
def test_a_store_without_losses_shares_the_load_among_hours_of_one_price():
    house = vpp(load(0, 10), lossless(), grid([1, 1], [0, 0]))
    schedule = dispatch(house, flattest=True)
    assert schedule.cost == pytest.approx(10.0)
    assert exchange(schedule) == pytest.approx([5.0, 5.0], abs=1e-4)


def test_the_limit_of_the_store_is_kept():
    house = vpp(load(0, 10), lossless(charge_max=2.0), grid([1, 1], [0, 0]))
    assert exchange(dispatch(house, flattest=True)) == pytest.approx([2.0, 8.0], abs=1e-4)


def test_a_dearer_hour_is_not_used_to_be_flatter():
    house = vpp(load(0, 10, 0), lossless(), grid([1, 2, 3], [0, 0, 0]))
    schedule = dispatch(house, flattest=True)
    assert schedule.cost == pytest.approx(10.0)
    assert exchange(schedule) == pytest.approx([10.0, 0.0, 0.0], abs=1e-4)


def test_what_does_not_pass_the_connection_is_unique_too():
    """Two boilers alike share the heat, although no exchange tells them apart."""
    boilers = [Boiler(label=name, heat_max=8.0, efficiency=0.9) for name in ("one", "two")]
    gas = GasSupply(price=2.0, calorific_value=10.0)
    made = vpp(
        load(1, 1), HeatLoad(forecast=np.array([8.0, 4.0])), *boilers, gas, grid([1, 1], [0, 0])
    )
    heat = dispatch(made, flattest=True).balances["heat"]
    assert heat["one"].to_numpy() == pytest.approx([4.0, 2.0], abs=1e-3)
    assert heat["two"].to_numpy() == pytest.approx([4.0, 2.0], abs=1e-3)


# --- optimal, flatter than any corner, unique -------------------------------------------------------
@pytest.mark.parametrize("name", PARENT)
def test_it_costs_the_optimum_and_is_flatter_than_what_solvers_find(parent, alone, name):
    flat = dispatch(parent.vpp(name), flattest=True)
    assert flat.cost == pytest.approx(alone[name].cost, rel=SAME_COST)
    for found in (alone[name], dispatch(parent.vpp(name), "clarabel")):
        assert np.sum(exchange(flat) ** 2) < np.sum(exchange(found) ** 2)


def squares_at_least_cost(plant, solver: str) -> np.ndarray:
    """The flattest exchange on another road: the cost bounded by a row, the squares alone the objective."""
    model = build(plant)
    least = solve(cp.Problem(cp.Minimize(model.cost), model.constraints), "highs").value
    power, price = typical_power([plant]), typical_price([plant])
    in_units = model.cost / (power * price)
    bounded = in_units <= (least + 1e-7 * abs(least)) / (power * price)
    flow = withdrawal(model)
    squares = cp.sum_squares(flow / power)
    solve(cp.Problem(cp.Minimize(squares), [*model.constraints, bounded]), solver)
    return flow.value


@pytest.mark.parametrize("name", PARENT)
def test_another_road_finds_the_same_exchange(parent, name):
    ours = exchange(dispatch(parent.vpp(name), flattest=True))
    theirs = squares_at_least_cost(parent.vpp(name), "clarabel")
    assert ours == pytest.approx(theirs, abs=NEAR * np.abs(ours).max())


def test_another_solver_finds_the_same_exchange():
    """On a day small enough for OSQP, which knows nothing of interior points."""
    plant = load_case("template").vpp("Home")
    ours = exchange(dispatch(plant, flattest=True))
    theirs = squares_at_least_cost(plant, "osqp")
    assert ours == pytest.approx(theirs, abs=NEAR * np.abs(ours).max())


@pytest.mark.parametrize("name", ["paper-a-parent", "paper-a", "template"])
def test_the_joint_problem_without_trade_finds_the_same(name):
    """paper-a: VPP2's battery needs binaries, in the joint problem beside all others'."""
    data = load_case(name)
    one_by_one = withdrawals(data, alone_flattest(data))
    jointly = withdrawals(data, pool(data, members=(), flattest=True).dispatches)
    largest = one_by_one.abs().to_numpy().max()
    assert jointly.to_numpy() == pytest.approx(one_by_one.to_numpy(), abs=NEAR * largest)


def alone_flattest(data):
    return alone_of(data, flattest=True)


alone_of = alone  # the fixture of this name hides the function inside tests


@pytest.mark.parametrize("solver", ["highs", "clarabel"])
def test_all_flows_are_the_same_whichever_solver_found_the_cost(parent, solver):
    schedules = alone_of(parent, solver, flattest=True)
    usual = alone_of(parent, flattest=True)
    for name, schedule in schedules.items():
        difference = (schedule.series - usual[name].series).abs().to_numpy().max()
        assert difference <= NEAR * np.abs(exchange(schedule)).max()


@pytest.mark.parametrize("name", PARENT)
def test_its_prices_are_those_of_the_optimum(parent, alone, name):
    flat = dispatch(parent.vpp(name), flattest=True)
    assert flat.prices.to_numpy() == pytest.approx(alone[name].prices.to_numpy(), abs=1e-9)


# --- quadratic costs --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["VPP1", "VPP4"])
def test_quadratic_costs_stay_at_their_optimum(handmade, five, name):
    flat = dispatch(handmade.vpp(name), flattest=True)
    assert "quadratic" in flat.solved.kind
    assert flat.cost == pytest.approx(five[name].cost, rel=SAME_COST)
    largest = np.abs(exchange(flat)).max()
    assert exchange(flat) == pytest.approx(exchange(five[name]), abs=2e-5 * largest)


def test_what_quadratic_costs_leave_open_is_chosen_whichever_solver_found_the_cost():
    """At noon VPP1 of paper-b has more wind and sun than it can sell: who gives way costs the same."""
    plant = load_case("paper-b").vpp("VPP1")
    curtailed = {
        solver: dispatch(plant, solver).series.loc[12:15, [("wind", "curtailed")]].to_numpy()
        for solver in ("clarabel", "osqp")
    }
    assert np.abs(curtailed["clarabel"] - curtailed["osqp"]).max() > 100
    flat = {solver: dispatch(plant, solver, flattest=True).series for solver in curtailed}
    difference = (flat["clarabel"] - flat["osqp"]).abs().to_numpy().max()
    assert difference <= 1e-4 * plant.component("pv").available.max()


def test_quadratic_costs_with_binaries_keep_their_modes(handmade, five):
    exact = dispatch(handmade.vpp("VPP4"), storage="binary", flattest=True)
    assert exact.exact and exact.cost == pytest.approx(five["VPP4"].cost, rel=SAME_COST)


def test_what_quadratic_wear_decides_is_left():
    """The pull towards flatness does not charge more than the wear allows."""
    store = lossless(wear_cost_quadratic=0.01)
    house = vpp(load(0, 0, 10), store, grid([1, 1, 3], [0, 0, 0]))
    flat, usual = dispatch(house, flattest=True), dispatch(house)
    assert flat.cost == pytest.approx(usual.cost, rel=SAME_COST)
    assert exchange(flat) == pytest.approx(exchange(usual), abs=1e-4)


# --- flows that exclude each other --------------------------------------------------------------------
def paid_for_waste():
    """The first hour pays for what is drawn, so that a battery would charge and discharge at once."""
    return vpp(
        load(4, 6, 2),
        battery(energy_max=6.0),
        grid([-0.5, 1.0, 1.0], [-0.5, 0.1, 0.1], buy_max=9.0),
    )


def by_all_modes(plant) -> tuple[float, float]:
    """Least cost, and the least squares among its schedules, every choice of modes tried."""
    model = build(plant)
    pairs = pairs_of([model])
    sizes = [len(pair.steps) for pair in pairs]
    squares = cp.sum_squares(withdrawal(model))
    found = []
    for flat in product([False, True], repeat=sum(sizes)):
        cuts = np.cumsum(sizes)[:-1]
        modes = dict(zip([pair.key for pair in pairs], np.split(np.array(flat), cuts), strict=True))
        rows = [*model.constraints, *fixed_rows(pairs, modes)]
        try:
            cost = solve(cp.Problem(cp.Minimize(model.cost), rows), "highs").value
        except NotSolved:
            continue
        found.append((cost, rows))
    least = min(cost for cost, _ in found)
    flattest = []
    for cost, rows in found:
        if cost <= least + 1e-9:
            row = model.cost <= least + 1e-8
            flattest.append(solve(cp.Problem(cp.Minimize(squares), [*rows, row]), "clarabel").value)
    return least, min(flattest)


def test_modes_are_chosen_for_the_flattest_of_all_exact_schedules():
    plant = paid_for_waste()
    assert not dispatch(plant, storage="relaxed").exact
    flat = dispatch(plant, flattest=True)
    least, squares = by_all_modes(plant)
    assert flat.exact
    assert flat.cost == pytest.approx(least, abs=1e-5)
    assert np.sum(exchange(flat) ** 2) == pytest.approx(squares, rel=1e-3)
    assert np.sum(exchange(flat) ** 2) < np.sum(exchange(dispatch(plant)) ** 2) + 1e-6


def test_with_binaries_from_the_start_and_without_any():
    plant = paid_for_waste()
    exact = dispatch(plant, storage="binary", flattest=True)
    assert exact.exact and exact.cost == pytest.approx(dispatch(plant).cost, rel=1e-5)
    relaxed = dispatch(plant, storage="relaxed", flattest=True)
    assert relaxed.cost == pytest.approx(dispatch(plant, storage="relaxed").cost, rel=SAME_COST)
    assert relaxed.cost < exact.cost


def test_prices_with_binaries_are_those_at_the_modes_of_the_flattest():
    """One more kWh, at the modes that were chosen."""
    plant = paid_for_waste()
    prices = dispatch(plant, flattest=True).prices["electricity"].to_numpy()
    assert prices == pytest.approx(dispatch(plant).prices["electricity"].to_numpy(), abs=1e-6)


# --- whatever the case ------------------------------------------------------------------------------
@given(made=small_vpps())
def test_any_vpp_keeps_its_cost_and_gets_flatter(made):
    usual, flat = dispatch(made), dispatch(made, flattest=True)
    money = max(abs(usual.cost), 0.1 * typical_power([made]) * (typical_price([made]) or 1))
    assert abs(flat.cost - usual.cost) <= SAME_COST * money * made.steps + 1e-9
    room = 1e-4 * typical_power([made]) ** 2 + 1e-9
    assert np.sum(exchange(flat) ** 2) <= np.sum(exchange(usual) ** 2) + room
    assert flat.exact


@pytest.mark.parametrize(("power", "price"), [(1e3, 1.0), (1e-3, 20.0), (1.0, 1e-3)])
def test_the_flattest_schedule_grows_with_the_case(power, price):
    def sized(power: float, price: float):
        store = battery(
            energy_max=20 * power,
            energy_start=5 * power,
            charge_max=10 * power,
            discharge_max=10 * power,
        )
        prices = price * np.array([1.0, 1.0, 0.6, 0.6])
        return vpp(load(*(power * np.array([0, 7, 9, 3]))), store, grid(prices, 0 * prices))

    usual = exchange(dispatch(sized(1.0, 1.0), flattest=True))
    other = exchange(dispatch(sized(power, price), flattest=True))
    assert other / power == pytest.approx(usual, abs=1e-3)


def test_a_vpp_without_prices_or_without_a_grid_is_flattened_too():
    free = vpp(load(0, 10), lossless(), grid([0, 0], [0, 0]))
    assert exchange(dispatch(free, flattest=True)) == pytest.approx([5, 5], abs=1e-3)
    island = vpp(load(4, 4), pv(9, 9))
    assert exchange(dispatch(island, flattest=True)) == pytest.approx([0, 0])


def test_without_a_schedule_the_reason_is_the_same():
    plant = vpp(load(5, 20), grid([1, 1], [0, 0], buy_max=9.0))
    with pytest.raises(NotSolved) as usual:
        dispatch(plant)
    with pytest.raises(NotSolved) as refused:
        dispatch(plant, flattest=True)
    assert str(refused.value) == str(usual.value)
    assert refused.value.status == "infeasible"


# --- together ---------------------------------------------------------------------------------------
def test_the_coalition_s_exchange_is_unique_behind_its_flattest_trades(parent, pooled):
    flat = pool(parent, flattest=True)
    other = pool(parent, "clarabel", flattest=True)
    assert flat.cost == pytest.approx(pooled.cost, rel=SAME_COST)
    one, two = withdrawals(parent, flat.dispatches), withdrawals(parent, other.dispatches)
    largest = one.abs().to_numpy().max()
    assert one.to_numpy() == pytest.approx(two.to_numpy(), abs=NEAR * largest)


def test_trades_come_first_and_the_exchange_is_flattened_behind_them():
    """The seller gives 6 kW in both hours; the buyer's store shares the rest between them."""
    made = seller_and_buyer(fee=0.01, limit=6.0)
    buyer = made.vpps[1].change("electric_load", forecast=np.array([6.0, 14.0]))
    stored = case(made.vpps[0], buyer.adding(lossless()), limit=6.0, crossing_fee=0.01)
    flat = pool(stored, flattest=True)
    assert flat.trades["buyer", "seller"].to_numpy() == pytest.approx([6.0, 6.0], abs=1e-3)
    taken = withdrawals(stored, flat.dispatches)
    assert taken["buyer"].to_numpy() == pytest.approx([10.0, 10.0], abs=1e-3)
    assert taken["seller"].to_numpy() == pytest.approx([-10.0, -10.0], abs=1e-3)


# --- the range over all optimal schedules -----------------------------------------------------------
def two_buses() -> Feeder:
    lines = pd.DataFrame({"from_bus": [1], "to_bus": [2], "r_ohm": [1.0], "x_ohm": [0.0]})
    customers = pd.DataFrame({"p_kw": [0.0, 0.0], "q_kvar": [0.0, 0.0]}, [1, 2])
    return Feeder("two buses", lines, customers, base_kv=1.0, source=1)


def one_house(*components):
    """A house that trades with nobody, beside an empty one: a case has two VPPs."""
    house = vpp(*components, name="house")
    steps = house.steps
    empty = vpp(load(*np.zeros(steps)), grid(np.ones(steps), np.zeros(steps)), name="empty")
    return case(house, empty)


def test_the_range_of_the_exchange_and_of_the_lowest_voltage_by_hand():
    """10 kWh are bought in either of two hours: 0 to 10 kW in each, and v = 1 - 2 x 1 ohm x p / 1 kV2."""
    made = one_house(load(0, 10), lossless(), grid([1, 1], [0, 0]))
    schedules = OptimalSchedules(made, members=())
    least, most = schedules.exchange()
    assert least["house"].to_numpy() == pytest.approx([0, 0], abs=1e-4)
    assert most["house"].to_numpy() == pytest.approx([10, 10], abs=1e-4)
    place = Placement(two_buses(), {"house": 2})
    found = schedules.lowest_voltage(place)
    assert found.worst["house"].max() == pytest.approx(10, abs=1e-4)
    assert found.best["house"].to_numpy() == pytest.approx([5, 5], abs=1e-4)
    lowest = place.linear_voltages(found.best[["house"]]).to_numpy().min()
    assert lowest**2 == pytest.approx(1 - 2 * 0.005, abs=1e-7)


@pytest.mark.parametrize("members", [(), None])
def test_the_flattest_lies_within_the_range(parent, members):
    schedules = OptimalSchedules(parent, members)
    least, most = schedules.exchange()
    flat = pool(parent, members=members, flattest=True)
    taken = withdrawals(parent, flat.dispatches)
    room = 1e-3 * taken.abs().to_numpy().max()
    assert ((taken >= least - room) & (taken <= most + room)).all(axis=None)
    assert schedules.optimum == pytest.approx(flat.cost, rel=SAME_COST)
    place = placement_of(parent, load_feeder("ieee33"), "18 25 33")
    ends = schedules.lowest_voltage(place, (least, most))
    worst, middle, best = (
        place.linear_voltages(table).to_numpy().min() for table in (ends.worst, taken, ends.best)
    )
    assert worst < middle < best


def test_no_optimal_schedule_has_a_lower_voltage_than_the_worst(parent):
    """Every place and step asked, not only those that the search thinks worth asking."""
    early = parent.window(1, 6)
    schedules = OptimalSchedules(early)
    place = placement_of(early, load_feeder("ieee33"), "18 25 33")
    worst = place.linear_voltages(schedules.lowest_voltage(place).worst).to_numpy().min()
    models, _, rows = joint_model(early)
    cost = total(model.cost for model in models.values())
    near = (cost - schedules.optimum) / (1e-8 * abs(schedules.optimum)) <= 1
    squared = place.squared_voltage({name: withdrawal(models[name]) for name in place.buses}, 6)
    asked = cp.Parameter(squared.shape)
    compiled = Compiled(cp.sum(cp.multiply(asked, squared)), [*rows, near], "all places")
    found = []
    for step_and_bus in np.ndindex(squared.shape):
        one = np.zeros(squared.shape)
        one[step_and_bus] = 1
        asked.value = one
        found.append(compiled.value())
    assert worst**2 == pytest.approx(min(found), abs=1e-6)


def test_schedules_that_no_linear_rows_hold_are_refused(handmade):
    with pytest.raises(WrongInput, match="found a quadratic problem; allowed: a linear one"):
        OptimalSchedules(handmade)
    wasteful = one_house(*paid_for_waste().components)
    with pytest.raises(WrongInput, match=r"found stores that need binaries \(battery\)"):
        OptimalSchedules(wasteful, members=())
