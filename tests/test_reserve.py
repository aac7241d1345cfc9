"""Reserve that a coalition promises: by hand, against an independent program, what never may happen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import battery, case, grid, load, pv, vpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from vppcore import Case, WrongInput, load_case
from vppcore.components import MicroTurbine
from vppcore.uncertainty.calls import ReserveTerms, sample_calls
from vppcore.uncertainty.ordinary_days import every_hour, sample_days
from vppcore.uncertainty.reserve import ReserveProgram, held_in_hour, promises_with_reserve
from vppcore.uncertainty.risk import RiskProgram, cvar
from vppcore.uncertainty.settings import Uncertainty, at_level

SAME = 1e-6  # relative agreement of two roads
DOUBT = Uncertainty({"load": 1, "pv": 1}, deviation=0.4)
FREE = ReserveTerms(
    capacity_share=0, energy_share=0, imbalance_share=0, penalty_share=0, reserve_max=0
)
# one hour: nothing, all upwards, all downwards
THREE_CALLS = np.array([[0.0], [1.0], [-1.0]])
NO_DOUBT = np.zeros((3, 1))


def street(money: float = 1.0, power: float = 1.0, tariff: float = 1.5) -> Case:
    """A seller with sun beside a buyer with a battery; two hours."""
    prices = grid([1.0 * money, 1.4 * money], [0.2 * money] * 2)
    seller = vpp(
        pv(20 * power, 6 * power),
        load(*[2.0 * power] * 2),
        grid([tariff * money] * 2, [0.1 * money] * 2),
        name="seller",
    )
    cell = battery(
        wear_cost=0.05 * money,
        energy_max=20 * power,
        energy_start=5 * power,
        charge_max=10 * power,
        discharge_max=10 * power,
    )
    buyer = vpp(load(9 * power, 12 * power), cell, prices, name="buyer")
    return case(seller, buyer, limit=15.0 * power, crossing_fee=0.01 * money)


def program(made: Case, terms: ReserveTerms | None, seed: int = 1, count: int = 6):
    days = sample_days(made, every_hour(made, DOUBT), count, seed)
    calls = sample_calls(made, 0.5, count, seed)
    return ReserveProgram(made, DOUBT, days, calls, terms, 0.5)


# --- the calls ------------------------------------------------------------------------------------
@given(st.integers(2, 60), st.floats(0.01, 1), st.integers(0, 99), st.floats(0, 0.99))
def test_every_hour_has_full_calls_in_both_directions_and_the_share_asked_for(
    count, share, seed, persistence
):
    calls = sample_calls(street(), share, count, seed, persistence)
    assert calls.shape == (count, 2)
    assert (calls.max(axis=0) == 1).all()
    assert (calls.min(axis=0) == -1).all()
    ends = max(1, round(share * count / 2))
    assert ((calls > 0).sum(axis=0) == min(ends, count // 2)).all()


def test_calls_last_as_persistence_says():
    made = load_case("template")
    steady = sample_calls(made, 0.2, 400, 1, persistence=0.95)
    loose = sample_calls(made, 0.2, 400, 1, persistence=0.0)
    same = [np.corrcoef(each[:, 3], each[:, 4])[0, 1] for each in (steady, loose)]
    assert same[0] > 0.7
    assert abs(same[1]) < 0.2


def test_the_same_seed_gives_the_same_calls():
    assert (sample_calls(street(), 0.3, 9, 4) == sample_calls(street(), 0.3, 9, 4)).all()
    assert (sample_calls(street(), 0.3, 9, 4) != sample_calls(street(), 0.3, 9, 5)).any()


# --- by hand --------------------------------------------------------------------------------------
def shiftless() -> Case:
    """A unit that may give 0 to 8 kW at 0.8 beside a load of 5 kW and a grid at 1; one hour."""
    unit = MicroTurbine(power_max=8.0, power_min=0.0, cost_linear=0.8)
    works = vpp(load(5), unit, grid([1.0], [0.2]), name="works")
    other = vpp(load(3), grid([1.0], [0.2]), name="other")
    return case(works, other, limit=0.0)


def test_one_hour_by_hand():
    """The unit gives 5 kW for the works: 3 more are ready upwards, 5 downwards.

    Upwards: a kW called costs 0.8 and saves 0.2 (a sale), so 0.6 on a third of the days, against
    0.3 for being ready. Downwards: a kW called saves 0.8 and costs 1. Capacity: 0.3 each.
    """
    terms = ReserveTerms(0.3, 0.0, 0.5, 4.0)
    made = shiftless()
    found = promises_with_reserve(made, Uncertainty({}), NO_DOUBT[:, :0], THREE_CALLS, terms, [0])
    met = found[0]
    assert met.promise.up == pytest.approx([3.0], rel=SAME)
    assert met.promise.down == pytest.approx([5.0], rel=SAME)
    assert met.promise.schedule == pytest.approx([3.0], rel=SAME)
    # 5 x 0.8 and 3 x 1 on a day without a call; less 8 x 0.3
    assert met.met.total.to_numpy() == pytest.approx([4.6, 4.6 + 3 * 0.6, 4.6 + 5 * 0.2], rel=SAME)
    assert met.held.iloc[0].to_dict() == pytest.approx(
        {("up", "works"): 3, ("up", "other"): 0, ("down", "works"): 5, ("down", "other"): 0},
        abs=SAME,
    )
    assert met.revenue.to_dict() == pytest.approx({"works": 2.4, "other": 0.0}, abs=SAME)
    assert met.met.delivery["kept"] == 1


def test_what_was_promised_too_much_is_missing_and_paid_for():
    """4 kW upwards in place of 3: the fourth costs the penalty and counts as missing."""
    terms = ReserveTerms(0.3, 0.0, 0.5, 4.0)
    stated = ReserveProgram(shiftless(), Uncertainty({}), NO_DOUBT[:, :0], THREE_CALLS, terms)
    best = stated.solve(0)
    more = replace(best.promise, up=best.promise.up + 1)
    met = stated.day.meet(more, NO_DOUBT[:, :0], THREE_CALLS)
    assert met.missing[1] == pytest.approx([1.0], rel=SAME)
    assert met.money["imbalance"].to_list() == pytest.approx([0, 4.0, 0], abs=SAME)
    assert met.delivery["kept"] == pytest.approx(0.5)
    assert met.delivery["energy"] == pytest.approx(8 / 9)
    assert met.delivery["worst"] == pytest.approx(1 / 4)
    assert met.delivery["shortfall"] == pytest.approx(1.0)


def test_half_hours_cost_what_an_hour_costs():
    """The hour by hand in two halves that see the same calls: the same power, the same money."""
    unit = MicroTurbine(power_max=8.0, power_min=0.0, cost_linear=0.8)
    two = grid([1.0, 1.0], [0.2, 0.2])
    halves = case(
        vpp(load(5, 5), unit, two, name="works", step_hours=0.5),
        vpp(load(3, 3), two, name="other", step_hours=0.5),
        limit=0.0,
    )
    terms = ReserveTerms(0.3, 0.1, 0.5, 4.0)
    none = np.zeros((3, 0))
    both = np.repeat(THREE_CALLS, 2, axis=1)
    one = promises_with_reserve(shiftless(), Uncertainty({}), none, THREE_CALLS, terms, [0.3])[0.3]
    other = promises_with_reserve(halves, Uncertainty({}), none, both, terms, [0.3])[0.3]
    assert other.lower == pytest.approx(one.lower, rel=SAME)
    assert other.promise.up == pytest.approx(np.repeat(one.promise.up, 2), rel=SAME)
    assert other.revenue.to_dict() == pytest.approx(one.revenue.to_dict(), abs=SAME)


def test_a_member_without_a_grid_takes_part_by_its_trades():
    """The sun of an island beside a house: reserve is the house's, whose trades stand."""
    island = vpp(pv(4), load(1), battery(), name="island")
    house = vpp(load(6), battery(), grid([1.0], [0.2]), name="house")
    terms = ReserveTerms(0.3, 0.0, 0.5, 4.0)
    made = case(island, house, limit=9.0)
    found = promises_with_reserve(made, Uncertainty({}), np.zeros((3, 0)), THREE_CALLS, terms, [0])
    assert found[0].held.xs("island", level="vpp", axis=1).to_numpy() == pytest.approx(0, abs=SAME)
    assert found[0].met.delivery["kept"] == 1


# --- second roads ---------------------------------------------------------------------------------
@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_without_reserve_and_imbalance_it_is_the_program_of_risk(weight, seed):
    made = street()
    free = program(made, FREE, seed)
    other = RiskProgram(made, DOUBT, free.risk.days, 0.5)
    one, two = free.solve(weight), other.solve(weight)
    assert one.lower == pytest.approx(two.lower, rel=SAME)
    assert one.upper == pytest.approx(two.upper, rel=SAME)
    # for the same trades each member pays the same
    again = free.solve(weight, trades=two.trades)
    assert again.met.total.to_numpy() == pytest.approx(two.costs.sum(axis=1).to_numpy(), rel=SAME)


def test_reserve_that_earns_nothing_and_costs_nothing_changes_nothing():
    made = street()
    worthless = replace(FREE, reserve_max=7.0)
    assert program(made, worthless).solve(0.5).lower == pytest.approx(
        program(made, FREE).solve(0.5).lower, rel=SAME
    )


def stated_by_hand(sun, need, calls, terms, weight, confidence) -> float:
    """A seller with sun (buys at 1.5, sells at 0.1) and a buyer with a dear unit (0.9, 10 kW) who
    buys at 1: the whole program as one table of rows for scipy, nothing of vppcore in it.

    Columns: trade, schedule, up, down, threshold; by day: purchase and sale of both, unit,
    curtailed sun, more, less, excess.
    """
    count = len(calls)
    first, own = 5, 9
    columns = first + own * count
    cost = np.zeros(columns)
    equal, equals, below, belows = [], [], [], []
    price = 1.5
    day_costs = np.zeros((count, columns))
    for day, call in enumerate(calls):
        at = first + own * day
        buy_1, sell_1, buy_2, sell_2, unit, cut, more, less, excess = range(at, at + own)
        row = np.zeros(columns)
        row[[buy_1, sell_1, cut, 0]] = [1, -1, -1, -1]
        equal.append(row)
        equals.append(-sun[day])
        row = np.zeros(columns)
        row[[buy_2, sell_2, unit, 0]] = [1, -1, 1, 1]
        equal.append(row)
        equals.append(need[day])
        row = np.zeros(columns)
        row[[buy_1, sell_1, buy_2, sell_2, 1, more, less]] = [1, -1, 1, -1, -1, -1, 1]
        row[2], row[3] = max(call, 0), -max(-call, 0)
        equal.append(row)
        equals.append(0)
        paid = day_costs[day]
        paid[[buy_1, sell_1, buy_2, sell_2, unit]] = [1.5, -0.1, 1.0, -0.2, 0.9]
        paid[more] = price * (terms.penalty_share if call > 0 else terms.imbalance_share)
        paid[less] = price * (terms.penalty_share if call < 0 else terms.imbalance_share)
        paid[2] = -price * (terms.capacity_share + terms.energy_share * max(call, 0))
        paid[3] = -price * (terms.capacity_share + terms.energy_share * max(-call, 0))
        row = paid.copy()
        row[[4, excess]] = [-1, -1]
        below.append(row)
        belows.append(0)
        cost += (1 - weight) / count * paid
        cost[excess] = weight / count / (1 - confidence)
    cost[4] = weight
    bounds = [(-20, 20), (None, None), (0, None), (0, None), (None, None)]
    for each in sun:
        bounds += [(0, None)] * 4 + [(0, 10), (0, each)] + [(0, None)] * 3
    return linprog(cost, below, belows, equal, equals, bounds, method="highs").fun


@settings(max_examples=15, deadline=None)
@given(
    st.floats(4, 18),
    st.floats(6, 20),
    st.integers(0, 99),
    st.floats(0, 1),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
    st.floats(0, 1),
)
def test_a_program_written_down_by_hand_agrees(sun, need, seed, weight, capacity, energy, usual):
    terms = ReserveTerms(capacity, energy, usual, 9.0)
    unit = MicroTurbine(power_max=10.0, power_min=0.0, cost_linear=0.9)
    made = case(
        vpp(pv(sun), load(0), grid([1.5], [0.1]), name="seller"),
        vpp(load(need), unit, grid([1.0], [0.2]), name="buyer"),
        limit=20.0,
    )
    days = sample_days(made, every_hour(made, DOUBT), 5, seed)
    calls = sample_calls(made, 0.4, 5, seed)
    found = ReserveProgram(made, DOUBT, days, calls, terms, 0.6).solve(weight)
    places = {key: place for place, key in enumerate(order_of(made))}
    suns = sun * (1 - 0.4 * days[:, places["seller", "pv"]])
    needs = need * (1 + 0.4 * days[:, places["buyer", "load"]])
    expected = stated_by_hand(suns, needs, calls[:, 0], terms, weight, 0.6)
    assert found.lower == pytest.approx(expected, rel=SAME, abs=SAME * need)
    assert found.upper == pytest.approx(found.lower, rel=SAME, abs=SAME * need)


def order_of(made: Case) -> list[tuple[str, str]]:
    """(VPP, series) in the order of a day z of one step."""
    from vppcore.uncertainty.series import uncertain_series

    return [(each.name, name) for each in made.vpps for name in uncertain_series(each, DOUBT)]


# --- what always holds ----------------------------------------------------------------------------
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 99), st.floats(0, 1), st.floats(0.5, 3))
def test_dearer_capacity_is_never_worse_and_reserve_is_worth_more(seed, weight, tariff):
    made = street(tariff=tariff)
    least, worth = [], []
    for capacity in (0.0, 0.05, 0.2):
        stated = program(made, ReserveTerms(capacity_share=capacity), seed)
        found = stated.solve(weight)
        least.append(found.lower)
        worth.append(stated.solve(weight, reserve=False).lower - found.lower)
        assert found.revenue.sum() == pytest.approx(
            found.met.money["capacity"].iloc[0], rel=SAME, abs=SAME
        )
    stake = SAME * max(np.abs(least)) * 10
    assert (np.diff(least) <= stake).all()
    assert (np.diff(worth) >= -stake).all()
    assert min(worth) >= -stake


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 99))
def test_more_weight_never_lowers_the_mean_nor_raises_the_tail(seed):
    stated = program(street(), ReserveTerms(capacity_share=0.1), seed)
    found = [stated.solve(weight) for weight in (0, 0.3, 0.7, 1)]
    # where flows that exclude each other overlapped, both ends are known, not the best
    assume(all(abs(each.gap) <= SAME for each in found))
    stake = SAME * 10 * max(abs(each.upper) for each in found)
    assert (np.diff([each.mean for each in found]) >= -stake).all()
    assert (np.diff([each.tail for each in found]) <= stake).all()


@settings(max_examples=6, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.integers(0, 9))
def test_it_scales_with_money_and_power(money, power, seed):
    terms = ReserveTerms(capacity_share=0.1)
    one = program(street(), terms, seed).solve(0.5)
    other = program(street(money, power), terms, seed).solve(0.5)
    assert other.lower == pytest.approx(one.lower * money * power, rel=1e-5)
    assert other.upper == pytest.approx(one.upper * money * power, rel=1e-5)


def test_no_other_promise_is_better():
    """Trades that were found with other weights, or for days without calls, are never better."""
    stated = program(street(), ReserveTerms(capacity_share=0.1))
    best = stated.solve(0.5)
    for other in (stated.solve(0.0), stated.solve(1.0), stated.solve(0.5, reserve=False)):
        fixed = stated.solve(0.5, trades=other.promise.trades)
        assert fixed.lower >= best.lower - SAME * best.turnover
        total = stated.day.meet(other.promise, stated.risk.days, stated.calls).total
        worth = 0.5 * total.mean() + 0.5 * cvar(total, 0.5)
        assert worth >= fixed.lower - SAME * best.turnover


def test_schedules_keep_the_exchange_that_was_announced():
    """What passes the grid is schedule less call plus what lies beside, on every day."""
    stated = program(street(), ReserveTerms(capacity_share=0.1))
    found = stated.solve(0.5)
    received = [stated.day._received(found.promise.trades, each) for each in stated.risk.recourses]
    for day, call in zip(stated.risk.days, stated.calls, strict=True):
        x = stated.day.react(found.promise, received, day, call)
        through = stated.day.exchanges(x[: stated.day.columns]).sum(axis=1)
        more, less = np.split(x[stated.day.columns :], 2)
        agreed = found.promise.schedule - found.promise.called(call)
        assert through == pytest.approx(agreed + more - less, abs=SAME * 100)


def test_shares_of_an_hour_add_up_and_go_to_who_answers():
    call = np.array([0.0, 0.5, 1.0, -1.0])
    answers = np.column_stack([5 - 6 * np.maximum(call, 0), 2 + 3 * np.maximum(-call, 0)])
    assert held_in_hour(answers, call, 6.0, 3.0) == pytest.approx([6, 0, 0, 3], abs=1e-9)
    assert held_in_hour(answers, call, 8.0, 3.0)[:2].sum() == pytest.approx(8.0)


# --- what is refused ------------------------------------------------------------------------------
def test_a_coalition_without_a_grid_is_refused():
    island = case(vpp(load(2), pv(9), name="A"), vpp(load(3), pv(9), name="B"))
    with pytest.raises(WrongInput, match="found no VPP with a grid"):
        promises_with_reserve(island, DOUBT, np.zeros((3, 4)), THREE_CALLS)


def test_plants_that_may_stand_and_squares_are_refused():
    for number, said in (({"may_stand": 1.0}, "binaries"), ({"cost_quadratic": 0.01}, "quadratic")):
        unit = MicroTurbine(power_max=8.0, power_min=2.0, cost_linear=0.3, **number)
        made = case(vpp(load(5), unit, grid([1.0], [0.2]), name="works"), shiftless().vpps[1])
        with pytest.raises(WrongInput, match=said):
            promises_with_reserve(made, Uncertainty({}), NO_DOUBT[:, :0], THREE_CALLS)


@pytest.mark.parametrize(
    ("terms", "calls", "said"),
    [
        (
            ReserveTerms(0.5, penalty_share=1.5),
            THREE_CALLS,
            "penalty_share: found 1.5; .* above 1.6",
        ),
        (ReserveTerms(), np.zeros((3, 1)), "penalty_share: found 3; .* above inf"),
        (ReserveTerms(), np.zeros((2, 1)), r"calls: found an array \(2, 1\); allowed: \(3, 1\)"),
        (ReserveTerms(), 2 * THREE_CALLS, "calls: found 2; allowed: from -1 to 1"),
    ],
)
def test_terms_and_calls_that_make_no_sense_are_refused(terms, calls, said):
    with pytest.raises(WrongInput, match=said):
        ReserveProgram(shiftless(), Uncertainty({}), NO_DOUBT[:, :0], calls, terms)


@pytest.mark.parametrize("name", ["capacity_share", "penalty_share", "reserve_max"])
def test_negative_terms_are_refused(name):
    with pytest.raises(WrongInput, match=f"{name}: found -1"):
        ReserveTerms(**{name: -1})


def test_one_day_alone_has_no_calls():
    with pytest.raises(WrongInput, match="days with calls: found 1; allowed: 2 or more"):
        sample_calls(street(), 0.2, 1, seed=1)


def test_a_weight_out_of_range_is_refused():
    with pytest.raises(WrongInput, match="weight: found 2"):
        program(street(), None).solve(2)


# --- real cases -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["template", "data/templates/homes"])
def test_cases_of_the_book_have_no_overlaps_left_and_bounds_in_order(name):
    made = load_case(name).window(15, 5)
    doubt = every_hour(made, at_level(1))
    days = sample_days(made, doubt, 6, seed=3)
    calls = sample_calls(made, 0.4, 6, seed=3)
    found = promises_with_reserve(made, doubt, days, calls, weights=[0.5])[0.5]
    assert found.lower <= found.upper + SAME * found.turnover
    assert found.revenue.sum() == pytest.approx(found.met.money["capacity"].iloc[0])
    assert (found.held.to_numpy() >= 0).all()
    assert found.held["up"].sum(axis=1).to_numpy() == pytest.approx(found.promise.up, abs=1e-6)
