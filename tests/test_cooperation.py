"""Cooperation beyond study A: any size, exact stores, trades that are real, and talks that do not end."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from builders import array, battery, case, grid, load, pv, seller_and_buyer, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import (
    NotSolved,
    WrongInput,
    alone,
    bargain,
    bargaining_weights,
    cooperate,
    load_case,
    pool,
)
from vppcore.bargaining.weights import supplied_and_received
from vppcore.components import ElectricLoad, Renewable
from vppcore.cooperation.asking import asked_of
from vppcore.cooperation.certificate import Cut, lagrangian_of, lower_bound, nearest_at_level
from vppcore.cooperation.common import Common
from vppcore.cooperation.mediator import deliver, nearest_deliverable
from vppcore.cooperation.members import members_of
from vppcore.cooperation.negotiation import natural_penalty
from vppcore.cooperation.result import Certificate
from vppcore.cooperation.size import Size, size_of
from vppcore.cooperation.trades import (
    circulation,
    net_positions,
    without_circulation,
    without_noise,
)
from vppcore.grid.feeder import load_feeder
from vppcore.grid.placement import OPERATOR, Operator, Placement, default_placement, withdrawals
from vppcore.parameters import rules_of

IEEE33 = load_feeder("ieee33")


@pytest.fixture(scope="module")
def template():
    return load_case("template")


# --- any size -----------------------------------------------------------------------------------------------------
POWERS = {"kW": 1, "kWh": 1, "kW/h": 1, "kg": 1, "yuan/h": 1, "yuan/kW2h": -1}


def resized(made, power: float, money: float):
    """The same case with every power times one number and every price times another."""

    def component(before):
        changes = {}
        for name, rule in rules_of(before).items():
            factor = power ** POWERS.get(rule.unit, 0) * (money if "yuan" in rule.unit else 1)
            value = getattr(before, name)
            if factor != 1 and value is not None:
                changes[name] = np.asarray(value, float) * factor
        scalars = {n: float(v) if np.ndim(v) == 0 else v for n, v in changes.items()}
        return replace(before, **scalars)

    plants = [
        replace(plant, components=tuple(map(component, plant.components))) for plant in made.vpps
    ]
    return replace(made, vpps=tuple(plants), tie=component(made.tie))


@settings(max_examples=5)
@given(st.sampled_from([1e-3, 0.37, 10.0, 123.0]), st.sampled_from([0.05, 1.0, 30.0]))
def test_any_power_and_any_currency_are_treated_the_same(power, money):
    """Costs, trades, payments, prices and iterations: nothing in the code has a size of its own."""
    made = load_case("template")
    other = resized(made, power, money)
    one, two = cooperate(made), cooperate(other)
    assert two.iterations == one.iterations
    assert two.resolution == pytest.approx(power * one.resolution, rel=1e-3)
    assert two.certificate.gap == pytest.approx(one.certificate.gap, rel=1e-2)
    assert two.cost == pytest.approx(power * money * one.cost, rel=1e-6)
    largest = power * one.trades.abs().to_numpy().max()
    assert two.trades.to_numpy() == pytest.approx(power * one.trades.to_numpy(), abs=1e-4 * largest)
    first, second = bargain(made, alone(made), one), bargain(other, alone(other), two)
    pays = power * money * first.table["payment"].abs().max()
    assert second.table["payment"].to_numpy() == pytest.approx(
        power * money * first.table["payment"].to_numpy(), abs=1e-5 * pays
    )
    assert second.prices.to_numpy() == pytest.approx(
        money * first.prices.to_numpy(), rel=1e-4, nan_ok=True
    )


@pytest.mark.parametrize(("power", "money"), [(10, 1), (1e-3, 1), (1, 30), (7, 0.3)])
def test_study_a_in_other_units_is_study_a(calibrated, power, money):
    other = resized(calibrated, power, money)
    usual = pool(calibrated, flattest=True)
    result = pool(other, flattest=True)
    assert result.cost == pytest.approx(power * money * usual.cost, rel=1e-6)
    largest = power * usual.trades.abs().to_numpy().max()
    assert np.abs(result.trades - power * usual.trades).to_numpy().max() < 1e-3 * largest
    talked = cooperate(other)
    assert talked.iterations == 19 and talked.agreed
    assert talked.cost == pytest.approx(power * money * cooperate(calibrated).cost, rel=1e-6)


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_natural_penalty_follows_price_over_power(power, money):
    made = seller_and_buyer()
    expected = natural_penalty(made) * money / power
    assert natural_penalty(resized(made, power, money)) == pytest.approx(expected, rel=1e-9)


def test_the_natural_penalty_is_the_paper_s_for_study_a(parent, calibrated):
    assert natural_penalty(parent) == natural_penalty(calibrated) == 1e-4


def test_a_case_without_loads_or_tariffs_has_a_size_all_the_same():
    sun = vpp(pv(10, 20), name="sun")
    made = case(sun, vpp(pv(30, 30), load(0, 0), name="field"))
    assert size_of(made).load > 0 and size_of(made).price > 0
    assert size_of(case(*(vpp(load(4, 6), grid([2, 2], [1, 1]), name=n) for n in "ab"))) == Size(
        load=6.0, price=2.0, hours=2.0, vpps=2
    )


# --- trades that are real -----------------------------------------------------------------------------------------
def with_office(made, load_kw: float, fee: float):
    """The template with a third member: a load and a roof, or nothing at all."""
    shop = made.vpp("Shop")
    demand = load_kw * np.asarray(shop.of(ElectricLoad)[0].forecast)
    grids = tuple(c for c in shop.components if c.role == "grid")
    sun = replace(made.vpp("Home").of(Renewable)[0], scale=float(load_kw > 0))
    office = replace(shop, name="Office", components=(ElectricLoad(forecast=demand), sun, *grids))
    return replace(made, vpps=(*made.vpps, office)).change_tie(crossing_fee=fee)


@pytest.mark.parametrize("call", [pool, cooperate, lambda made: pool(made, flattest=True)])
def test_a_member_that_does_not_trade_gains_nothing_and_blocks_nobody(template, call):
    made = with_office(template, 0.0, 0.01)
    result = call(made)
    assert not result.trades["Office"].any(axis=None)
    split = bargain(made, alone(made), result)
    assert split.gains["Home"] == pytest.approx(18.59, abs=0.02)
    assert split.gains["Shop"] == pytest.approx(6.84, abs=0.02)
    assert split.gains["Office"] == pytest.approx(0, abs=1e-6)
    assert split.prices[[("Home", "Office"), ("Shop", "Office")]].isna().all(axis=None)


def passed_on(result, names) -> float:
    """The most power that somebody receives and supplies in the same step, kW."""
    both = [
        np.minimum(
            result.trades[name].clip(lower=0).sum(axis=1),
            -result.trades[name].clip(upper=0).sum(axis=1),
        ).max()
        for name in names
    ]
    return max(both)


@pytest.mark.parametrize("solver", ["highs", "gurobi", "clarabel"])
@pytest.mark.parametrize("flattest", [False, True])
def test_free_crossing_lets_no_power_circulate(template, solver, flattest):
    """Any amount could be sent in circles or bought for somebody else at no cost."""
    made = with_office(template, 0.3, 0.0)
    result = pool(made, solver, flattest=flattest)
    usual = pool(made, flattest=True)
    assert passed_on(result, made.names) <= result.resolution
    energy = supplied_and_received(result.trades).to_numpy().sum()
    least = supplied_and_received(usual.trades).to_numpy().sum()
    assert energy == pytest.approx(least, rel=1e-3)
    assert result.cost == pytest.approx(usual.cost, rel=1e-6)
    # the crossing is as good as free: a fee of next to nothing costs next to nothing
    dear = pool(made.change_tie(crossing_fee=1e-3), solver)
    assert energy == pytest.approx(supplied_and_received(dear.trades).to_numpy().sum(), rel=0.05)


def test_talks_at_free_crossing_come_to_little_trade(template):
    made = with_office(template, 0.3, 0.0)
    result, best = cooperate(made), pool(made)
    assert result.agreed and result.certificate.gap < 1e-3
    assert passed_on(result, made.names) <= result.resolution
    traded = supplied_and_received(result.trades).to_numpy().sum()
    assert traded <= 1.2 * supplied_and_received(best.trades).to_numpy().sum()
    assert result.cost <= best.cost * (1 + 1e-3)
    weights = [bargaining_weights(r.trades).to_numpy() for r in (result, best)]
    assert np.abs(weights[0] - weights[1]).max() < 0.05


@st.composite
def any_trades(draw):
    names = "ABCDE"[: draw(st.integers(3, 5))]
    whole = st.integers(-20, 20)
    return {
        pair: np.array(draw(st.lists(whole, min_size=2, max_size=2)), float)
        for pair in combinations(names, 2)
    }


@given(any_trades(), st.booleans())
def test_without_circulation_net_positions_stay_and_nobody_passes_on(trades, flattest):
    shorter = without_circulation(trades, 1000.0, 1e-3, flattest)
    before, after = net_positions(trades), net_positions(shorter)
    for name in before:
        assert after[name] == pytest.approx(before[name], abs=0.01)
    assert np.abs(circulation(shorter)).max() < 0.05
    needed = sum(np.abs(net) for net in before.values()) / 2
    assert sum(np.abs(kw) for kw in shorter.values()) == pytest.approx(needed, abs=0.05)


@given(any_trades())
def test_trades_without_circulation_are_left_alone(trades):
    least = without_circulation(trades, 1000.0, 1e-3)
    again = without_circulation(least, 1000.0, 0.1)
    for pair in trades:
        assert again[pair] == pytest.approx(least[pair], abs=1e-12)


def test_a_thin_line_keeps_power_on_its_way_round():
    """A gives B 10, of which 4 go by way of C, since the line between A and B takes 6 only."""
    trades = {("A", "B"): array(-6), ("A", "C"): array(-4), ("B", "C"): array(4)}
    kept = without_circulation(trades, 6.0, 1e-3)
    for pair in trades:
        assert kept[pair] == pytest.approx(trades[pair], abs=1e-3)
    direct = without_circulation(trades, 10.0, 1e-3)
    assert direct["A", "B"] == pytest.approx(-10, abs=1e-3)
    assert direct["A", "C"] == pytest.approx(0) and direct["B", "C"] == pytest.approx(0)


def test_noise_is_what_is_below_the_resolution():
    told = without_noise({("A", "B"): array(0.9, -0.9, 1.0, -30)}, 1.0)
    assert told["A", "B"].tolist() == [0, 0, 1, -30]


def test_every_trade_of_a_negotiation_is_larger_than_what_it_left_open(together):
    traded = together.trades.abs().to_numpy()
    assert traded[traded > 0].min() >= together.resolution > 0
    assert together.resolution == together.certificate.primal


# --- stores, exactly ----------------------------------------------------------------------------------------------
def burning(limit: float = 10.0):
    """Who takes power is paid for it: a battery that charges and discharges at once earns by waste."""
    prices = grid([-0.5, 0.4, 1.0], [-0.6, 0.1, 0.3], buy_max=30.0)
    full = battery(energy_max=5.0, energy_start=5.0)
    home = vpp(load(4, 4, 4), pv(6, 0, 9), full, prices, name="home")
    shop = vpp(load(8, 8, 8), prices, name="shop")
    return case(home, shop, limit=limit, crossing_fee=0.01)


def test_the_joint_optimum_says_whether_it_is_exact():
    made = burning()
    exact, relaxed = pool(made), pool(made, storage="relaxed")
    assert exact.exact and "excluded by binaries" in exact.note
    assert not relaxed.exact and "a lower bound" in relaxed.note
    assert exact.cost > relaxed.cost + 0.1
    assert pool(made, storage="binary").cost == pytest.approx(exact.cost, abs=1e-6)
    flat = pool(made, flattest=True)
    assert flat.exact and flat.cost == pytest.approx(exact.cost, abs=1e-5)
    assert not exact.multipliers.isna().any(axis=None) and not exact.multipliers.empty


def test_a_relaxed_saving_is_not_shared():
    made = burning()
    with pytest.raises(WrongInput, match="saving is not real"):
        bargain(made, alone(made), pool(made, storage="relaxed"))
    real = bargain(made, alone(made), pool(made))
    saving = sum(result.cost for result in alone(made).values()) - pool(made).cost
    assert real.gains.sum() == pytest.approx(saving, abs=1e-6)


def test_an_exact_negotiation_is_bounded_with_binaries():
    """The bound counts stores exactly, is sharpened, and never passes the exact optimum."""
    made = burning()
    result, best = cooperate(made), pool(made)
    relaxed = pool(made, storage="relaxed").cost
    proof = result.certificate
    assert result.exact
    assert relaxed + 0.1 < proof.lower <= best.cost + 1e-6 <= proof.upper + 2e-6
    assert proof.gap < 5e-3


def test_multipliers_of_the_exact_optimum_are_those_at_its_modes():
    """Strong duality at fixed modes; here it reaches the exact optimum, as a bound with binaries."""
    made = burning()
    best = pool(made)
    prices = {pair: best.multipliers[pair].to_numpy() for pair in combinations(made.names, 2)}
    assert lower_bound(made, prices) <= best.cost + 1e-6


@settings(max_examples=8)
@given(st.lists(st.floats(-0.6, 1.2), min_size=3, max_size=3))
def test_any_multipliers_bound_the_exact_optimum(prices):
    made = burning()
    value = lower_bound(made, {("home", "shop"): np.array(prices)})
    assert value <= pool(made).cost + 1e-6


def test_sharpening_raises_a_bound_and_keeps_it_one(parent):
    pairs = list(combinations(parent.names, 2))
    start = {pair: np.full(24, -0.5) for pair in pairs}
    lagrangian = lagrangian_of(parent, pairs)
    bound, best = lagrangian.at(start), pool(parent).cost
    better = lagrangian.sharpened(start, bound, best, enough=1.0, rounds=20)
    assert bound.value < better.value <= best + 0.01
    assert best - better.value < 0.5 * (best - bound.value)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_the_nearest_multipliers_obey_every_cut(seed):
    chance = np.random.default_rng(seed)
    cuts = [Cut(chance.normal(0, 1, 4), 0.0, chance.normal(0, 1, 4)) for _ in range(3)]
    centre = chance.normal(0, 1, 4)
    level = max(cut.value + cut.slope @ (centre - cut.point) for cut in cuts) + 0.5
    point = nearest_at_level(centre, cuts, level)
    if point is not None:
        for cut in cuts:
            assert cut.slope @ (point - cut.point) >= level - 1e-6


def test_no_multipliers_reach_a_level_that_two_cuts_forbid():
    up, down = Cut(array(0), 1.0, array(1)), Cut(array(0), 1.0, array(-1))
    assert nearest_at_level(array(0), [up, down], 2.0) is None
    assert nearest_at_level(array(0), [up], 2.0) == pytest.approx([1.0])


# --- the certificate's scale --------------------------------------------------------------------------------------
def test_a_cluster_that_costs_nothing_has_a_small_gap():
    """0.004 yuan are little beside what the loads would cost at the grid's price."""
    sun = vpp(pv(10, 10), load(0, 0), name="sun")
    made = case(sun, vpp(load(10, 10), grid([1, 1], [0.2, 0.2]), name="town"))
    result = cooperate(made)
    assert abs(result.cost) < 0.01 and 0 <= result.certificate.gap < 5e-3
    idle = case(sun, vpp(pv(3, 3), load(1, 1), name="field"))
    assert 0 <= cooperate(idle).certificate.gap < 1e-3


def test_the_gap_is_measured_against_costs_without_their_signs():
    proof = Certificate(upper=10.0, lower=9.0, primal=0.0, dual=0.0)
    assert proof.gap == pytest.approx(0.1)
    assert replace(proof, money=100.0).gap == pytest.approx(0.01)
    assert replace(proof, upper=0.0, lower=0.0).gap == 0
    assert replace(proof, upper=0.0, lower=-1.0).gap == np.inf


def test_study_a_s_gap_is_that_of_its_cost(together):
    proof = together.certificate
    assert proof.gap == (proof.upper - proof.lower) / proof.upper


# --- what can be carried out --------------------------------------------------------------------------------------
@pytest.mark.parametrize("feed_in", [0.0, np.inf])
def test_trades_that_a_vpp_must_have_exactly_are_found(feed_in):
    """An island with loads 10, 0, 4 lives by its trade alone; what talks leave open it cannot bear."""
    prices = grid([1, 1, 1], [0, 0, 0], sell_max=feed_in)
    made = case(vpp(load(10, 0, 4), prices, name="town"), vpp(load(10, 0, 4), name="island"))
    for how in ({}, {"max_iterations": 3, "penalty": 1e-3}):
        result = cooperate(made, **how)
        assert result.trades["island", "town"].to_numpy() == pytest.approx([10, 0, 4], abs=1e-6)
        assert result.cost == pytest.approx(28) == pool(made).cost
        assert "a mediator who knows all VPPs" in result.note
        assert result.certificate.lower <= 28 + 1e-9


def delivered(made, trades):
    """`deliver` through the gates of a case's VPPs."""
    common = Common.of(made)
    gates = {name: member.gate for name, member in members_of(made).items()}
    return deliver(asked_of(gates, common, ()), common, trades, 0.0)


def test_nearest_trades_stay_where_all_can_carry_them_out(parent, pooled):
    agreed = {pair: pooled.trades[pair].to_numpy() for pair in combinations(parent.names, 2)}
    nearest, _ = nearest_deliverable(parent, agreed, None, {})
    for pair, kw in agreed.items():
        assert nearest[pair] == pytest.approx(kw, abs=1e-5)
    assert not delivered(parent, agreed).mediated


def test_impossible_trades_are_replaced_by_possible_ones():
    made = seller_and_buyer(limit=50.0)  # 10 kW of sun; 30 are asked for
    delivery = delivered(made, {("seller", "buyer"): array(-30, -4)})
    assert not delivery.mediated  # it may buy the rest
    poor = made.change("seller", "grid", buy_max=0.0)
    delivery = delivered(poor, {("seller", "buyer"): array(-30, -4)})
    assert delivery.mediated and delivery.trades["seller", "buyer"] == pytest.approx([-10, -4])


def test_unlimited_trade_is_bounded_or_said_not_to_be():
    made = seller_and_buyer(limit=np.inf)
    result = cooperate(made)
    assert result.certificate.lower <= pool(made).cost + 1e-6
    wild = {("seller", "buyer"): array(3.0, 3.0)}  # above the purchase price: money without end
    assert lower_bound(made, wild) == -np.inf


# --- the operator -------------------------------------------------------------------------------------------------
def test_an_operator_whose_limits_nobody_can_meet_says_so(parent):
    tight = default_placement(parent, IEEE33, low=0.9999, high=1.0001)
    with pytest.raises(NotSolved, match="keep all voltages of ieee33 within 0.9999 and 1.0001"):
        cooperate(parent, placement=tight)


def test_where_no_schedule_meets_the_grants_voltages_are_kept_or_refused(parent):
    """Talks that end early leave trades and grants apart; a mediator finds what keeps the limits."""
    placement = default_placement(parent, IEEE33)
    result = cooperate(parent, placement=placement, max_iterations=4)
    assert not result.agreed
    voltages = placement.linear_voltages(withdrawals(parent, result.dispatches)).to_numpy()
    assert voltages.min() >= 0.95 - 1e-5 and voltages.max() <= 1.05 + 1e-5
    assert (
        result.certificate.lower
        <= pool(parent, placement=placement).cost + 0.05
        <= result.cost + 0.1
    )


def test_the_operator_s_bound_counts_hours(parent):
    placement = Placement(IEEE33, {"VPP1": 18})
    prices = {("VPP1", OPERATOR): array(-0.2, 0.3)}
    hour, quarter = (Operator(placement, ["VPP1"], 2, hours).bound(prices) for hours in (1.0, 0.25))
    assert quarter == pytest.approx(hour / 4) and hour < 0


@pytest.mark.parametrize("count", [1, 3, 4, 9, 32])
def test_a_default_placement_suits_any_case(count):
    made = case(*(vpp(load(1), grid([1], [0]), name=f"V{k}") for k in range(count)))
    buses = default_placement(made, IEEE33, low=0.9).buses
    assert list(buses) == made.names and len(set(buses.values())) == count
    assert set(buses.values()) <= set(IEEE33.buses)
    if count >= 4:
        assert {18, 22, 25, 33} <= set(buses.values())  # the ends of the laterals first


def test_a_default_placement_needs_a_bus_for_each():
    made = case(*(vpp(load(1), grid([1], [0]), name=f"V{k}") for k in range(33)))
    with pytest.raises(WrongInput, match="found 32 buses for 33 VPPs"):
        default_placement(made, IEEE33)


def test_withdrawals_go_by_roles_and_not_by_names(parent):
    """A grid connection of another name passes the connection point all the same."""
    plants = [
        replace(
            plant,
            components=tuple(
                replace(c, label="main") if c.role == "grid" else c for c in plant.components
            ),
        )
        for plant in parent.vpps
    ]
    named = replace(parent, vpps=tuple(plants))
    taken, usual = (withdrawals(made, pool(made).dispatches) for made in (named, parent))
    assert np.abs(taken - usual).to_numpy().max() < 1e-6 and usual.abs().to_numpy().max() > 100


# --- residuals ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("order", ["sequential", "parallel"])
@pytest.mark.parametrize("step_hours", [1.0, 0.25])
def test_residuals_follow_from_the_messages(order, step_hours):
    """r: what expectations differ; s: the penalty times the move of the later answer of each pair
    (sequential) or of the mean (parallel). In kW and yuan/kWh, whatever the length of a step."""
    made = seller_and_buyer(step_hours=step_hours)
    result = cooperate(made, penalty=0.05, order=order, tolerance=1e-6)
    said = {(m.iteration, m.kind, m.sender, m.receiver): m.content for m in result.messages}

    def told(iteration, sender, receiver):
        return said.get((iteration, "expected trade", sender, receiver), np.zeros(2))

    def answer(iteration):
        first, second = told(iteration, "seller", "buyer"), told(iteration, "buyer", "seller")
        return second if order == "sequential" else (first - second) / 2

    for k, row in result.history.iterrows():
        gap = told(k, "seller", "buyer") + told(k, "buyer", "seller")
        moved = answer(k) - answer(k - 1)
        assert row["primal residual (kW)"] == pytest.approx(np.linalg.norm(gap))
        assert row["dual residual (yuan/kWh)"] == pytest.approx(
            row["penalty"] * np.linalg.norm(moved)
        )
        share = 1.0 if order == "sequential" else 0.5
        before = said.get((k - 1, "multiplier", "seller", "buyer"), np.zeros(2))
        after = said[k, "multiplier", "seller", "buyer"]
        assert after - before == pytest.approx(share * row["penalty"] * gap, abs=1e-12)
    assert result.history["penalty"].iloc[0] == 0.05
