"""What paper B's text says of carbon beside the usual ladder: a price that rises exponentially, a reward that
rises, credits for called load, quota of wind and sun. Each by two roads."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from builders import array, battery, case, grid, load, pv, vpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vppcore import VPP, NotSolved, WrongInput, cooperate, dispatch, load_case, pool
from vppcore.carbon import (
    QUOTA_SOURCES,
    LadderPlan,
    by_reward_steps,
    carbon_models,
    credits_given,
    emission,
    ladder_sweep,
    market_of,
    permit_price,
    with_quota_of,
)
from vppcore.components import CarbonMarket, ControllableLoad, MicroTurbine
from vppcore.cooperation.ranges import OptimalSchedules
from vppcore.fairness import coalition_values
from vppcore.game.day import trade_by_game
from vppcore.game.settlement import CARBON, costs_with_trades
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worst_day import worst_case

LADDER = CarbonMarket(price=0.28, interval=2000.0, growth=0.25, levels=5.0)
EXPONENTIAL = replace(LADDER, rise="exponential")
MIRRORED = replace(LADDER, reward_growth=0.25)

markets = st.builds(
    CarbonMarket,
    price=st.floats(0.05, 2),
    interval=st.floats(5, 50),
    growth=st.floats(0, 1),
    levels=st.integers(1, 6).map(float),
    rise=st.sampled_from(["linear", "exponential"]),
    reward_growth=st.sampled_from([0.0, 0.25, 1.0]),
)


def piece_by_piece(market: CarbonMarket, excess: float) -> float:
    """The bill as its text says it: each interval at its own price, multiplied up from step to step."""
    growth = market.growth if excess > 0 else market.reward_growth
    paid, left, step, factor = 0.0, abs(excess), 0, 1.0
    while left > 0:
        part = left if step == market.levels - 1 else min(left, market.interval)
        paid += part * market.price * factor
        factor = factor * (1 + growth) if market.rise == "exponential" else factor + growth
        left, step = left - part, step + 1
    return paid if excess > 0 else -paid


# --- the price ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("market", "tonnes", "yuan"),
    [
        (EXPONENTIAL, 2, 560),
        (EXPONENTIAL, 4, 560 + 700),
        (EXPONENTIAL, 4.5, 1260 + 0.5 * 437.5),
        (EXPONENTIAL, 9, 560 + 700 + 875 + 1093.75 + 683.59375),
        (LADDER, 4.5, 1470),
        (LADDER, 9, 3640),
        (MIRRORED, -2, -560),
        (MIRRORED, -3, -910),
        (MIRRORED, -4, -1260),
        (MIRRORED, 3, 910),
        (LADDER, -3, -840),
        (replace(MIRRORED, rise="exponential"), -6, -(560 + 700 + 875)),
    ],
)
def test_bill_by_hand(market, tonnes, yuan):
    assert market.bill(1000 * tonnes) == pytest.approx(yuan)
    assert piece_by_piece(market, 1000 * tonnes) == pytest.approx(yuan)


@settings(max_examples=200)
@given(markets, st.floats(-400, 400))
def test_bill_is_its_steps_added_up(market, excess):
    assert market.bill(excess) == pytest.approx(piece_by_piece(market, excess), rel=1e-9, abs=1e-9)


@settings(max_examples=100)
@given(markets, st.floats(0, 400))
def test_a_reward_like_the_ladder_is_its_mirror_image(market, excess):
    mirrored = replace(market, reward_growth=market.growth)
    assert mirrored.bill(-excess) == pytest.approx(-mirrored.bill(excess))


@settings(max_examples=100)
@given(markets, st.floats(0, 400))
def test_exponential_steps_are_never_below_linear_ones(market, excess):
    """(1 + a)^i >= 1 + i a (Bernoulli), with equality up to the second step."""
    linear = replace(market, rise="linear").bill(excess)
    exponential = replace(market, rise="exponential").bill(excess)
    assert exponential >= linear - 1e-9 * abs(linear)
    if excess <= 2 * market.interval or market.levels <= 2:
        assert exponential == pytest.approx(linear)


@settings(max_examples=100)
@given(markets)
def test_offsets_of_a_linear_rise_are_those_of_the_formula(market):
    """B (3) with its closed form: mu a l i (i + 1) / 2."""
    linear = replace(market, rise="linear")
    step = np.arange(linear.levels)
    _, offsets = linear.pieces()
    closed = linear.price * linear.growth * linear.interval * step * (step + 1) / 2
    assert offsets == pytest.approx(closed)


@settings(max_examples=200)
@given(markets, st.floats(-400, 400))
def test_the_marginal_price_is_the_slope_of_the_bill(market, excess):
    assume(abs(excess / market.interval - round(excess / market.interval)) > 1e-3)
    small = 1e-4 * market.interval
    slope = (market.bill(excess + small) - market.bill(excess)) / small
    assert market.marginal_price(excess) == pytest.approx(slope, rel=1e-6)


def test_the_marginal_price_at_the_end_of_a_step_is_that_of_the_next_kg():
    found = [MIRRORED.marginal_price(1000.0 * tonnes) for tonnes in (-4, -2, 0, 2, 4, 40, -40)]
    assert found == pytest.approx([0.35, 0.28, 0.28, 0.35, 0.42, 0.56, 0.56])


@settings(max_examples=50)
@given(markets)
def test_the_range_of_prices_holds_every_marginal_price(market):
    slopes = [market.marginal_price(excess) for excess in np.linspace(-400, 400, 801)]
    low, high = market.price_range()
    assert low == pytest.approx(min(slopes)) and high >= max(slopes) - 1e-12


# --- exponential steps in a schedule ------------------------------------------------------------------------------
def turbine_or_grid(market: CarbonMarket, emission=0.3, quota=0.3, cost=0.75, curve=0.0) -> VPP:
    """Two hours of 100 kW, from a grid at 0.5 yuan/kWh with 0.6 kg/kWh above its quota or from a turbine of 100 kW."""
    unit = MicroTurbine(
        power_max=100.0,
        cost_linear=cost,
        cost_quadratic=curve,
        emission=emission,
        carbon_quota=quota,
    )
    outside = grid([0.5, 0.5], [0, 0], buy_max=500.0, emission=1.0, carbon_quota=0.4)
    return vpp(load(100, 100), unit, outside, market)


def finest(plant: VPP, market: CarbonMarket, points: int = 81) -> float:
    """The cheapest of all pairs of turbine powers on a net, billed piece by piece."""
    unit = plant.component("micro_turbine")
    power = np.linspace(0, 100, points)
    one, two = np.meshgrid(power, power)
    total = (one + two).ravel()
    squares = (one**2 + two**2).ravel()
    excess = 0.6 * (200 - total) + (unit.emission - unit.carbon_quota) * total
    kinds, place = np.unique(excess.round(9), return_inverse=True)
    bills = np.array([piece_by_piece(market, kg) for kg in kinds])[place]
    operation = unit.cost_linear * total + unit.cost_quadratic * squares
    return float((0.5 * (200 - total) + operation + bills).min())


def net_error(market: CarbonMarket, points: int = 81) -> float:
    """What two powers on the net may cost more than two powers beside it, yuan."""
    return 100 / (points - 1) * (0.5 + 1.2 + 0.5 + 2 * market.price_range()[1])


@settings(max_examples=12)
@given(market=markets, emission=st.floats(0, 1), quota=st.floats(0, 1), cost=st.floats(0.4, 1.2))
def test_the_optimum_is_that_of_a_fine_enumeration(market, emission, quota, cost):
    plant = turbine_or_grid(market, emission, quota, cost)
    best = dispatch(plant).cost
    found = finest(plant, market)
    assert best <= found + 1e-6 and found <= best + net_error(market)


@pytest.mark.parametrize("rise", ["linear", "exponential"])
def test_four_models_and_sweeps_use_the_rise(rise):
    market = CarbonMarket(price=0.28, interval=20.0, growth=0.5, levels=5.0, rise=rise)
    plant = turbine_or_grid(market, cost=0.9)
    planned = LadderPlan(plant, 5).dispatch(market)
    assert planned.cost == pytest.approx(dispatch(plant).cost)
    table = carbon_models(plant)
    for row in (2, 3):
        bill = piece_by_piece(market, table["excess"].iloc[row])
        assert table["carbon"].iloc[row] == pytest.approx(bill, rel=1e-6)
    swept = ladder_sweep(plant, [0.28], [20.0], [0.5])
    assert swept["total"].iloc[0] == pytest.approx(dispatch(plant).cost)


# --- a reward that rises ------------------------------------------------------------------------------------------
def abatement(market: CarbonMarket) -> VPP:
    """4 kWh of the turbine earn 1 kg of quota each and cost 0.31 yuan more than the grid's."""
    unit = MicroTurbine(power_max=2.0, cost_linear=0.81, carbon_quota=1.0)
    return vpp(load(10, 10), unit, grid([0.5, 0.5], [0, 0], buy_max=500.0), market)


def test_a_search_by_slope_would_stop_where_the_reward_begins():
    """The first 2 kg earn 0.28 each and cost 0.31, the next two 0.35: no kg is a loss, four are a gain of 0.02."""
    market = CarbonMarket(price=0.28, interval=2.0, growth=0.25, levels=5.0)
    assert dispatch(abatement(market)).cost == pytest.approx(10.0)
    mirrored = dispatch(abatement(replace(market, reward_growth=0.25)))
    assert mirrored.cost == pytest.approx(10.0 - 0.02)
    assert mirrored.series["carbon_market", "excess"].sum() == pytest.approx(-4)
    assert "mixed-integer" in mirrored.solved.kind and mirrored.solved.gap <= 1e-7


@pytest.mark.parametrize("storage", ["auto", "relaxed", "binary"])
def test_no_reading_of_storage_makes_money_from_nothing(storage):
    """Steps out of order would report -140 yuan at no excess; a store beside it may be relaxed, the steps may not."""
    plant = vpp(load(10, 10), battery(), grid([0.5, 0.4], [0, 0], buy_max=50.0), MIRRORED)
    without = plant.change("carbon_market", price=0.0)
    assert dispatch(plant, storage=storage).cost == pytest.approx(dispatch(without).cost)


def test_an_excess_without_limit_is_refused_and_found_step_by_step():
    """Power that is bought and sold on in any amount leaves binaries without limits; each step alone needs none."""
    market = CarbonMarket(price=0.28, interval=2.0, growth=0.25, levels=5.0, reward_growth=0.25)
    plant = abatement(market).change("grid", buy_max=np.inf, emission=0.1)
    with pytest.raises(NotSolved) as refused:
        dispatch(plant)
    assert refused.value.status == "unsuitable"
    assert str(refused.value) == (
        "V: room on an earlier step of carbon_market has no limit, and a price whose steps are "
        "filled in order needs one; allowed: a limit on the grid's purchase or on its sale"
    )
    limited = dispatch(plant.change("grid", sell_max=5.0))
    assert by_reward_steps(plant)["total"].min() == pytest.approx(limited.cost)


@settings(max_examples=12)
@given(
    market=markets,
    emission=st.floats(0, 0.5),
    quota=st.floats(0, 2),
    cost=st.floats(0.4, 1.2),
    curve=st.sampled_from([0.0, 0.002]),
)
def test_binaries_and_one_problem_for_each_step_find_one_optimum(
    market, emission, quota, cost, curve
):
    plant = turbine_or_grid(market, emission, quota, cost, curve)
    result = dispatch(plant)
    steps = by_reward_steps(plant)
    assert steps["total"].min() == pytest.approx(result.cost, rel=1e-6, abs=1e-5)
    found = finest(plant, market)
    assert result.cost <= found + 1e-5 and found <= result.cost + net_error(market)
    excess = float(result.series["carbon_market", "excess"].sum())
    assert result.costs["carbon"] == pytest.approx(piece_by_piece(market, excess), abs=1e-4)


def test_each_row_of_the_enumeration_ends_on_its_step():
    plant = turbine_or_grid(
        CarbonMarket(price=0.28, interval=30.0, growth=0.25, levels=5.0, reward_growth=0.25),
        emission=0.0,
        quota=0.5,
        cost=0.9,
    )
    table = by_reward_steps(plant)
    reached = table.dropna()
    assert (reached["excess"] >= reached["low"] - 1e-6).all()
    assert (reached["excess"] <= reached["high"] + 1e-6).all()
    assert table["total"].isna().tolist() == [False] * 5 + [True]  # 100 kg can be sold at most
    for above, below in pairwise(table.index[1:]):
        assert table.loc[above, "low"] == table.loc[below, "high"]


def test_the_marginal_price_of_a_schedule_is_that_of_its_step():
    """The store of quota ends inside a step: one more kg is worth that step's price."""
    market = CarbonMarket(price=0.28, interval=30.0, growth=0.25, levels=5.0, reward_growth=0.5)
    result = dispatch(turbine_or_grid(market, emission=0.0, quota=0.5, cost=0.6))
    excess = float(result.series["carbon_market", "excess"].sum())
    assert excess == pytest.approx(-100)
    assert permit_price(result).to_numpy() == pytest.approx(market.marginal_price(excess))


def test_four_models_with_a_reward_plan_for_it():
    market = CarbonMarket(price=0.28, interval=30.0, growth=0.25, levels=5.0, reward_growth=0.5)
    plant = turbine_or_grid(market, emission=0.0, quota=0.5, cost=0.7)
    table = carbon_models(plant)
    assert table["total"].iloc[3] == pytest.approx(dispatch(plant).cost)
    assert table["total"].iloc[3] < table["total"].iloc[0]  # the reward lies below the flat price
    assert table["carbon"].iloc[0] == pytest.approx(0.28 * table["excess"].iloc[0])


def quota_seller(name: str, need: float, market: CarbonMarket) -> VPP:
    """One hour; its turbine may serve others too and earns 0.5 kg of quota per kWh."""
    unit = MicroTurbine(power_max=60.0, cost_linear=0.62, carbon_quota=0.5)
    outside = grid([0.5], [0.1], emission=0.2, buy_max=200.0)
    return vpp(load(need), unit, outside, market, name=name)


def pair_of_sellers(limit: float = 40.0):
    market = CarbonMarket(price=0.2, interval=8.0, growth=0.5, levels=3.0, reward_growth=1.0)
    first = quota_seller("A", 10.0, market)
    second = quota_seller("B", 50.0, replace(market, reward_growth=0.5))
    return case(first, second, limit=limit)


def test_the_joint_optimum_with_a_reward_is_that_of_all_trades_tried():
    made = pair_of_sellers()
    together = pool(made)
    costs = []
    for sent in np.linspace(-10, 40, 26):  # A takes 10 kW at most: it has no more use for it
        a = made.vpp("A").change("electric_load", forecast=array(max(0.0, 10 + sent)))
        b = made.vpp("B").change("electric_load", forecast=array(max(0.0, 50 - sent)))
        costs.append(dispatch(a).cost + dispatch(b).cost)
    assert together.cost <= min(costs) + 1e-6
    assert min(costs) <= together.cost + 2 * 1.0  # two kW beside it, at less than 1 yuan/kWh
    for name, schedule in together.dispatches.items():
        market = market_of(made.vpp(name))
        excess = float(schedule.series["carbon_market", "excess"].sum())
        assert schedule.costs["carbon"] == pytest.approx(piece_by_piece(market, excess), abs=1e-6)


@pytest.mark.parametrize("storage", ["auto", "relaxed"])
def test_the_flattest_trades_keep_the_steps_in_order(storage):
    made = pair_of_sellers()
    assert pool(made, flattest=True, storage=storage).cost == pytest.approx(pool(made).cost)


@pytest.mark.parametrize("storage", ["auto", "relaxed"])
@pytest.mark.parametrize("curve", [0.0, 0.002])
def test_the_flattest_schedule_costs_what_the_cheapest_does(storage, curve):
    market = CarbonMarket(price=0.28, interval=30.0, growth=0.25, levels=5.0, reward_growth=0.5)
    plant = turbine_or_grid(market, emission=0.0, quota=0.5, cost=0.7, curve=curve)
    flattest = dispatch(plant, storage=storage, flattest=True)
    assert flattest.cost == pytest.approx(dispatch(plant).cost, rel=1e-5)
    excess = float(flattest.series["carbon_market", "excess"].sum())
    assert flattest.costs["carbon"] == pytest.approx(piece_by_piece(market, excess), abs=1e-4)


def test_a_tie_without_room_leaves_each_its_own_optimum():
    made = pair_of_sellers(limit=0.0)
    alone = sum(dispatch(plant).cost for plant in made.vpps)
    assert pool(made).cost == pytest.approx(alone)
    values = coalition_values(made)
    assert max(map(abs, values.values())) == pytest.approx(0, abs=1e-6)


SENTENCE = (
    "A, carbon_market: reward_growth: found 1; allowed in {}: 0, since a reward that rises makes "
    "the cost not convex (dispatch and pool solve it with binaries)"
)


def test_methods_that_need_convex_costs_refuse_the_reward():
    made = pair_of_sellers()
    with pytest.raises(WrongInput) as refused:
        cooperate(made)
    assert str(refused.value) == SENTENCE.format("a negotiation")
    with pytest.raises(WrongInput) as refused:
        worst_case(made.vpp("A"), Uncertainty({"load": 1}, 0.2))
    assert str(refused.value) == SENTENCE.format("a worst day")
    with pytest.raises(WrongInput) as refused:
        OptimalSchedules(made)
    assert str(refused.value) == SENTENCE.format("a range over all optimal schedules")


def test_the_game_settles_with_the_reward():
    """Credits of wind and sun bring paper B's VPPs below their quota; each bill is that of its excess."""
    made = with_quota_of(load_case("paper-b"), "wind and sun too", 0.06)
    made = made.change_all("carbon_market", reward_growth=0.25)
    alone = {plant.name: dispatch(plant) for plant in made.vpps}
    table = trade_by_game(made, alone).table
    for name, schedule in alone.items():
        before = float(schedule.series["carbon_market", "excess"].sum())
        bill = piece_by_piece(market_of(made.vpp(name)), before)
        assert table.loc[name, "carbon alone"] == pytest.approx(bill, rel=1e-4)
        assert before < 0 and table.loc[name, "after"] <= table.loc[name, "alone"] + 0.05


# --- the convex options among several VPPs ------------------------------------------------------------------------
def with_options(made):
    """Both VPPs with an exponential ladder and a load that is called for credits."""
    ladder = CarbonMarket(price=0.3, interval=8.0, growth=0.5, levels=4.0, rise="exponential")
    called = ControllableLoad(share=0.2, price_share=0.5, cost_quadratic=0.02, carbon_credit=0.2)
    vpps = []
    for plant in made.vpps:
        others = [c for c in plant.components if c.kind != "carbon_market"]
        vpps.append(replace(plant, components=(*others, called, ladder)))
    return replace(made, vpps=tuple(vpps))


def test_a_negotiation_takes_the_convex_options():
    made = with_options(pair_of_sellers())
    together, joint = cooperate(made), pool(made)
    assert together.certificate.gap < 1e-3
    assert together.cost == pytest.approx(joint.cost, rel=1e-3)
    for name, schedule in together.dispatches.items():
        market = market_of(made.vpp(name))
        excess = float(schedule.series["carbon_market", "excess"].sum())
        assert schedule.costs["carbon"] == pytest.approx(piece_by_piece(market, excess), rel=1e-6)


@pytest.mark.parametrize("changes", [{"rise": "exponential"}, {"reward_growth": 0.25}])
def test_trades_are_settled_by_the_bill_of_the_excess_they_leave(changes):
    """A buyer that receives power no longer emits; its bill is that of what is left, whatever the ladder."""
    made = load_case("paper-b").change_all("carbon_market", **changes)
    plant = made.vpp("VPP2").change("controllable_load", carbon_credit=0.05)
    schedule = dispatch(plant)
    bought = schedule.balances["electricity"]["grid"].clip(lower=0).to_numpy()
    costs = costs_with_trades(plant, schedule, 0.5 * bought, 0.0 * bought)
    before = float(schedule.series["carbon_market", "excess"].sum())
    after = before - (0.85522 - 0.798) * 0.5 * float(bought.sum())
    assert costs[CARBON] == pytest.approx(after)
    assert costs["carbon"] == pytest.approx(piece_by_piece(market_of(plant), after), rel=1e-6)


# --- credits for called load --------------------------------------------------------------------------------------
def caller(
    credit: float, price_share: float = 0.5, market: CarbonMarket = LADDER, curve: float = 0.001
) -> VPP:
    """Two hours of 4 MW; 10 % may be called, for half the price and credits; the grid emits 0.9 kg/kWh net."""
    called = ControllableLoad(
        share=0.1, price_share=price_share, cost_quadratic=curve, carbon_credit=credit
    )
    outside = grid([0.5, 1.0], [0, 0], emission=0.9)
    return vpp(load(4000, 4000), called, outside, market)


def test_credits_by_hand():
    """All 800 kWh are called: 0.9 kg less for each, and 0.2 kg handed to customers; the last price is 490 yuan/t."""
    plant = caller(0.2, curve=0.0001)
    result = dispatch(plant)
    given = credits_given(plant, result)
    assert given["called"] == pytest.approx(800, rel=1e-6)
    assert given["credits"] == pytest.approx(160, rel=1e-6)
    excess = 0.9 * 7200 + 0.2 * 800
    assert float(result.series["carbon_market", "excess"].sum()) == pytest.approx(excess, rel=1e-6)
    assert given["value"] == pytest.approx(160 * 0.49, rel=1e-6)  # beyond 6 t
    assert result.costs["carbon"] == pytest.approx(piece_by_piece(LADDER, excess), rel=1e-6)
    assert emission(plant, result) == pytest.approx(0.9 * 7200, rel=1e-6)  # credits are no emission


@settings(max_examples=12)
@given(credit=st.floats(0.05, 2.0), price_share=st.sampled_from([0.0, 0.5, 0.9]))
def test_the_value_of_credits_is_what_a_little_more_of_them_costs(credit, price_share):
    """The envelope theorem: the cost grows with the credit by the kWh called times the price of a permit."""
    market = CarbonMarket(price=0.3)
    given = credits_given(
        caller(credit, price_share, market), dispatch(caller(credit, price_share, market))
    )
    small = 1e-3
    more = dispatch(caller(credit + small, price_share, market)).cost
    less = dispatch(caller(credit - small, price_share, market)).cost
    assert given["value"] / credit == pytest.approx((more - less) / (2 * small), rel=1e-2, abs=0.5)


def test_credits_take_the_place_of_money():
    """0.5 kg at 0.3 yuan/kg are worth 0.15 yuan: the same calls as for that much money."""
    market = CarbonMarket(price=0.3)
    flat = replace(market, label="")
    in_credits = dispatch(caller(0.5, 0.0, market))
    outside = grid([0.5, 1.0], [0, 0], emission=0.9)
    paid = ControllableLoad(
        share=0.1, price_share=1.0, cost_quadratic=0.001, buy_price=[0.15, 0.15]
    )
    in_money = dispatch(vpp(load(4000, 4000), paid, outside, flat))
    assert in_credits.cost == pytest.approx(in_money.cost, rel=1e-6)


def test_without_credits_nothing_is_given():
    plant = caller(0.0)
    given = credits_given(plant, dispatch(plant))
    assert given["credits"] == 0 and given["value"] == 0 and given["called"] > 0


def test_credits_without_a_carbon_market_are_counted_and_free():
    plant = vpp(
        load(10, 10),
        ControllableLoad(share=0.1, price_share=0.0, carbon_credit=0.5),
        grid([1, 1], [0, 0]),
    )
    assert dispatch(plant).let_go["carbon"] == pytest.approx(1.0)


# --- who earns quota ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def paper_b():
    return load_case("paper-b")


def test_two_sources_are_the_case_as_it_is(paper_b):
    assert with_quota_of(paper_b, QUOTA_SOURCES[0]) is paper_b


@pytest.mark.parametrize("quota", [None, 0.05])
@pytest.mark.parametrize("sources", QUOTA_SOURCES[1:])
def test_the_excess_of_a_variant_by_hand(paper_b, sources, quota):
    """E = e_g P^buy + e_mt P^MT less the coefficient times each source, from the flows of the schedule."""
    plant = with_quota_of(paper_b, sources, quota).vpp("VPP1")
    result = dispatch(plant)
    flows = result.balances["electricity"]
    bought, made = flows["grid"].clip(lower=0).sum(), flows["micro_turbine"].sum()
    free = flows[["wind", "pv"]].sum().sum()
    own = 0.798 if quota is None else quota
    two = (0.798 * bought + 0.55 * made) if sources == QUOTA_SOURCES[1] else own * (bought + made)
    excess = 0.85522 * bought + 0.60 * made - two - own * free
    found = float(result.series["carbon_market", "excess"].sum())
    assert found == pytest.approx(excess, rel=1e-5)
    assert result.costs["carbon"] == pytest.approx(piece_by_piece(LADDER, found), rel=1e-5)


def test_credits_of_wind_and_sun_make_an_income(paper_b):
    usual = dispatch(paper_b.vpp("VPP1"))
    credited = dispatch(with_quota_of(paper_b, "wind and sun too").vpp("VPP1"))
    assert usual.costs["carbon"] > 0 > credited.costs["carbon"]
    assert credited.cost < usual.cost


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("all",), "sources: found 'all'; allowed: purchase and turbine, wind and sun too, one"),
        (("one coefficient",), "A: found 0 grids; allowed: one, or a quota in kg/kWh"),
    ],
)
def test_a_wrong_variant_is_refused(arguments, sentence):
    lonely = case(vpp(load(1), pv(2), LADDER, name="A"))
    with pytest.raises(WrongInput) as refused:
        with_quota_of(lonely, *arguments)
    assert str(refused.value).startswith(sentence)


# --- steps of other lengths ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("step_hours", [0.25, 1.0, 2.0])
def test_emission_and_credits_count_energy_not_power(step_hours):
    """4 kW from a turbine of 0.5 kg/kWh and 6 kW from a grid of 0.9 kg/kWh for four steps."""
    unit = MicroTurbine(power_max=4.0, cost_linear=0.1, emission=0.5)
    called = ControllableLoad(share=0.5, price_share=0.1, carbon_credit=0.3)
    plant = vpp(
        load(20, 20, 20, 20),
        unit,
        called,
        grid([1.0] * 4, [0.0] * 4, emission=0.9),
        CarbonMarket(price=0.01),
        step_hours=step_hours,
    )
    result = dispatch(plant)
    hours = 4 * step_hours
    assert emission(plant, result) == pytest.approx(hours * (4 * 0.5 + 6 * 0.9), rel=1e-6)
    given = credits_given(plant, result)
    assert given["called"] == pytest.approx(hours * 10, rel=1e-6)
    assert given["credits"] == pytest.approx(hours * 3, rel=1e-6)
    assert given["value"] == pytest.approx(hours * 3 * 0.01, rel=1e-5)
    excess = step_hours * float(result.series["carbon_market", "excess"].sum())
    assert excess == pytest.approx(emission(plant, result) + given["credits"], rel=1e-6)


@pytest.mark.parametrize("step_hours", [0.25, 2.0])
def test_a_reward_counts_the_day_whatever_the_steps(step_hours):
    """The same plant in other steps: 4 kg of quota can be sold, and are, whatever the length of a step."""
    market = CarbonMarket(price=0.28, interval=2.0, growth=0.25, levels=5.0, reward_growth=0.25)
    count = int(2 / step_hours)
    unit = MicroTurbine(power_max=2.0, cost_linear=0.81, carbon_quota=1.0)
    plant = vpp(
        load(*[10.0] * count),
        unit,
        grid([0.5] * count, [0.0] * count, buy_max=50.0),
        market,
        step_hours=step_hours,
    )
    assert dispatch(plant).cost == pytest.approx(10.0 - 0.02)
    assert by_reward_steps(plant)["total"].min() == pytest.approx(10.0 - 0.02)
