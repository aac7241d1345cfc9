"""The game where numbers are unusual: games side by side, other sizes, edges, circles, permutations."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from builders import array, case, grid, load, market_hour, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput
from vppcore.components import PowerMarket
from vppcore.game.beginnings import ends_of, random_start
from vppcore.game.buyers import eigenvalues, shares_at_rest
from vppcore.game.certificate import certify
from vppcore.game.conventional import trade_conventionally
from vppcore.game.day import trade_by_game
from vppcore.game.demand import demand_of
from vppcore.game.distributed import talk_through_hour
from vppcore.game.hour import period_of, play
from vppcore.game.money import best_answers_in_money, money_temptations, play_in_money, sent_power
from vppcore.game.rest import rest_by_newton, rest_gap
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium
from vppcore.market import deliver
from vppcore.standalone import alone

TEXT = Rules.of_the_text()
FROM_GRID = Rules.of_the_text(counted_from="grid")
ALL_RULES = {
    "fixed": Rules(),
    "fixed text": Rules(order="text"),
    "text": TEXT,
    "text log": Rules.of_the_text(satisfaction="log"),
    "text grid": FROM_GRID,
    "elastic": Rules(demand="elastic"),
    "elastic grid": Rules(demand="elastic", counted_from="grid"),
    "elastic log": Rules(demand="elastic", satisfaction="log"),
}
each_rule = pytest.mark.parametrize("rules", ALL_RULES.values(), ids=list(ALL_RULES))


powers = st.floats(-3, 6).map(lambda exponent: 10**exponent)
some_powers = st.lists(powers, min_size=1, max_size=4)
reservations = st.lists(st.floats(0.05, 0.74), min_size=4, max_size=4)


# --- side by side -------------------------------------------------------------------------------------------------
@each_rule
def test_games_side_by_side_end_where_they_end_alone(rules):
    """To the last digits: the same steps, and who has come to rest stays there."""
    hour = market_hour((6, 8, 1), (3, 4))
    random = np.random.default_rng(5)
    starts = [random_start(hour, random) for _ in range(4)]
    prices, parts = ends_of(hour, starts, rules)
    for number, start in enumerate(starts):
        single = play(hour, rules, start)
        assert prices[number] == pytest.approx(single.prices.to_numpy(), abs=1e-13)
        assert parts[number] == pytest.approx(single.part.to_numpy(), abs=1e-13)


def test_games_side_by_side_of_unlike_buyers():
    hour = market_hour((6, 8, 5), (3, 4, 2), (0.3, 0.38, 0.34), (1.1, 1.5, 3.0))
    starts = [random_start(hour, np.random.default_rng(seed)) for seed in (1, 2)]
    prices, _ = ends_of(hour, starts, TEXT)
    for number, start in enumerate(starts):
        assert prices[number] == pytest.approx(play(hour, TEXT, start).prices.to_numpy())


def test_restless_games_side_by_side_say_so():
    hour = market_hour((10, 9))
    starts = [random_start(hour, np.random.default_rng(seed)) for seed in (1, 2)]
    with pytest.raises(NotSolved, match="buyers did not come to rest"):
        ends_of(hour, starts, Rules(evolution_step=2.5, max_rounds=50))
    with pytest.raises(NotSolved, match="prices did not come to rest in 40 rounds"):
        ends_of(hour, starts, Rules(price_step=1.6, max_rounds=40))


@settings(max_examples=20)
@given(some_powers, some_powers, st.integers(0, 99), st.sampled_from([np.inf, 1.0]))
def test_deliveries_side_by_side_are_those_one_by_one(surplus, deficit, seed, limit):
    hour = market_hour(surplus, deficit, pair_limit=limit)
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(len(surplus)), (3, len(deficit)))
    wished = random.uniform(0.2, 2, shares.shape)
    together = deliver(hour, shares, wished)
    for number in range(3):
        one = deliver(hour, shares[number], wished[number])
        assert together[number] == pytest.approx(one, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", ["fixed", "elastic", "elastic grid"])
@pytest.mark.parametrize("coefficients", [(1.4, 1.4), (1.2, 2.5)], ids=["alike", "unlike"])
@pytest.mark.parametrize("limit", [np.inf, 1.5], ids=["no limit", "limit"])
def test_temptations_in_money_against_a_search_of_its_own(name, coefficients, limit):
    """Seller by seller, price by price: what is sent, times the margin."""
    rules = ALL_RULES[name]
    hour = market_hour((2, 8), (3, 4), satisfaction=coefficients, pair_limit=limit)
    prices = array(0.5, 0.6)
    found = money_temptations(hour, prices, rules, grid=30)
    for seller in range(2):
        earned = []
        for price in (prices[seller], *np.linspace(0.3, 0.75, 30)):
            moved = np.where(np.arange(2) == seller, price, prices)
            wished = demand_of(hour, rules).wished(moved)
            sent = deliver(hour, shares_at_rest(hour, moved, rules), wished)
            earned.append((price - hour.reservation[seller]) * sent[:, seller].sum())
        assert found[seller] == pytest.approx(max(earned) / earned[0] - 1, abs=1e-9)


@pytest.mark.parametrize("coefficients", [(1.4, 1.4), (1.2, 2.5)], ids=["alike", "unlike"])
@pytest.mark.parametrize("limit", [np.inf, 1.5], ids=["no limit", "limit"])
def test_the_price_game_in_money_with_elastic_demand_and_limits(coefficients, limit):
    """Pure prices are checked by a finer search; in lotteries nobody gains over their net."""
    rules = Rules(demand="elastic")
    hour = market_hour((20, 30), (3, 4), satisfaction=coefficients, pair_limit=limit)
    result = play_in_money(hour, rules)
    assert result.lotteries.sum().to_numpy() == pytest.approx([1, 1])
    assert result.gain < 1e-2
    if result.pure:
        assert money_temptations(hour, result.prices.to_numpy(), rules, 301).max() < 1e-5


def test_a_best_answer_in_money_is_the_best_of_many_prices():
    hour = market_hour((30, 40))
    prices = array(0.5, 0.7)
    answers = best_answers_in_money(hour, prices, Rules())
    tried = np.linspace(0.3, 0.75, 4001)
    earned = [(p - 0.3) * sent_power(hour, array(p, 0.7), Rules())[0] for p in tried]
    assert answers[0] == pytest.approx(tried[int(np.argmax(earned))], abs=2e-4)


# --- sizes --------------------------------------------------------------------------------------------------------
@each_rule
@settings(max_examples=8)
@given(some_powers, some_powers, reservations)
def test_powers_of_any_size_are_played_and_proven(rules, surplus, deficit, reservation):
    """A watt beside a gigawatt."""
    hour = market_hour(surplus, deficit, reservation[: len(surplus)])
    proof = certify(play(hour, rules), starts=2, rules=rules)
    worst = max(proof[name] for name in ("gain", "payoff spread", "closed form", "starts"))
    assert worst < 1e-6 and proof["loss"] == 0


@pytest.mark.parametrize("rules", [Rules(), TEXT], ids=["fixed", "text"])
def test_twenty_sellers(rules):
    hour = market_hour(np.linspace(1, 20, 20), (30, 50), np.linspace(0.3, 0.7, 20))
    proof = certify(play(hour, rules), starts=2, rules=rules)
    assert max(proof[name] for name in ("gain", "closed form", "starts")) < 1e-8


def test_the_eigenvalue_beside_a_very_small_seller():
    """Rounding must not look like dynamics: -1 also where one part is a billionth."""
    hour = market_hour((1e6, 1e6, 1e-3), (3, 4))
    values = eigenvalues(hour, equilibrium(hour)[0])
    assert values == pytest.approx([-1, -1], abs=1e-5)


@each_rule
@settings(max_examples=6)
@given(some_powers, some_powers, reservations, st.integers(0, 99))
def test_an_hour_in_another_order_is_the_same_hour(rules, surplus, deficit, reservation, seed):
    """Sellers and buyers shuffled: prices, parts and what is sent are shuffled too."""
    hour = market_hour(surplus, deficit, reservation[: len(surplus)])
    random = np.random.default_rng(seed)
    s, b = random.permutation(len(surplus)), random.permutation(len(deficit))
    shuffled = replace(
        hour,
        sellers=tuple(np.array(hour.sellers)[s]),
        buyers=tuple(np.array(hour.buyers)[b]),
        surplus=hour.surplus[s],
        deficit=hour.deficit[b],
        reservation=hour.reservation[s],
        satisfaction=hour.satisfaction[b],
    )
    one, other = play(hour, rules), play(shuffled, rules)
    assert other.prices[list(hour.sellers)].to_numpy() == pytest.approx(
        one.prices.to_numpy(), abs=1e-9
    )
    assert other.part[list(hour.sellers)].to_numpy() == pytest.approx(one.part.to_numpy(), abs=1e-9)
    sent = other.sent.loc[list(hour.buyers), list(hour.sellers)]
    size = hour.surplus.sum() + hour.deficit.sum()
    assert sent.to_numpy() == pytest.approx(one.sent.to_numpy(), abs=1e-8 * size)


TERMS = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2, satisfaction=1.4)


def four(steps: int = 2, step_hours: float = 1.0, power: float = 1.0):
    """A and B sell, C and D buy."""
    roles = {"A": (60, 0), "B": (80, 0), "C": (0, 30), "D": (0, 40)}
    made = []
    for name, (gives, takes) in roles.items():
        prices = grid([0.75] * steps, [0.2] * steps, buy_max=1e9, sell_max=1e9)
        parts = (pv(*[power * gives] * steps), load(*[power * takes] * steps))
        made.append(vpp(*parts, prices, TERMS, name=name, step_hours=step_hours))
    return case(*made).change_tie(limit=1e9, crossing_fee=0.01)


@pytest.mark.parametrize("rules", [Rules(), TEXT], ids=["fixed", "text"])
def test_two_hours_in_quarters_and_a_thousand_times_larger(rules):
    """Prices and parts are the same; money follows energy, its fee too."""
    usual = trade_by_game(four(), rules=rules, starts=0)
    assert usual.costs.loc["crossing fee"].sum() == pytest.approx(2 * 2 * 0.01 * 70)
    quarters = trade_by_game(four(8, 0.25), rules=rules, starts=0)
    assert quarters.table.to_numpy() == pytest.approx(usual.table.to_numpy(), abs=1e-6)
    assert quarters.least_gains.sum().to_numpy() == pytest.approx(usual.least_gains.sum())
    larger = trade_by_game(four(power=1e3), rules=rules, starts=0)
    assert larger.table.to_numpy() == pytest.approx(1e3 * usual.table.to_numpy(), abs=1e-3)
    for other in (quarters, larger):
        assert other.prices.iloc[0, :2].to_list() == pytest.approx(usual.prices.iloc[0, :2])
        assert other.parts.iloc[0, :2].to_list() == pytest.approx(usual.parts.iloc[0, :2])
    before = alone(four(), "auto")
    for way in ("mid-market", "equal"):
        costs = trade_conventionally(four(), before, way).account.costs
        assert costs.loc["crossing fee"].sum() == pytest.approx(2 * 2 * 0.01 * 70)


# --- edges --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("room", [1e-3, 1e-5, 1e-6])
@each_rule
def test_a_reservation_price_just_below_what_buyers_accept(rules, room):
    """Prices at the edge are the edge itself: the little that is left to earn is earned whole."""
    hour = market_hour(reservation=(0.3, 0.75 - room))
    proof = certify(play(hour, rules), starts=1, rules=rules)
    assert max(proof["gain"], proof["closed form"], proof["starts"]) < 1e-6


def test_prices_that_differ_by_rounding_make_no_market():
    """0.65 + 0.05 is above 0.75 - 0.05 by a rounding error, or below it: nothing to trade either way."""
    with pytest.raises(WrongInput, match="reservation prices"):
        market_hour(reservation=(0.3, 0.75 - 1e-12))
    assert not market_hour(reservation=(0.1, 0.1), grid_price=0.3 + 1e-12).open
    dear = TERMS_AT_THE_EDGE
    prices = grid([0.75], [0.2])
    two = case(
        vpp(pv(10), load(0), prices, dear, name="S"), vpp(load(6), prices, dear, name="B")
    ).change_tie(limit=100.0, crossing_fee=0.0)
    spilled = two.change_all("pv", operation_cost=0.75 - 1e-13).change_all("grid", sell_max=0.0)
    closed = trade_by_game(spilled, starts=0).closed
    assert "worth as much elsewhere" in closed[1]


TERMS_AT_THE_EDGE = PowerMarket(reservation_price=0.3, price_min=0.0, price_max=1.2, margin=1e-15)


def test_fixed_demand_in_the_order_of_the_text_ends_at_one_place():
    """Prices at the tariff leave nothing to choose by: buyers go by the surplus, whatever they did before."""
    rules = Rules(order="text")
    hour = market_hour((6, 8, 1))
    result = play(hour, rules)
    assert result.prices.to_list() == [0.75] * 3  # exactly
    assert result.part.to_numpy() == pytest.approx(array(6, 8, 1) / 15, abs=1e-9)
    assert certify(result, 5, rules)["starts"] < 1e-8
    assert talk_through_hour(hour, rules).distance(result) < 1e-9


def test_worth_above_the_grid_keeps_its_digits_where_the_first_kwh_is_worth_much():
    """(g - p) + (g - p)^2 / (2 (lambda - g)): the difference of two large utilities would lose it."""
    steep = market_hour(satisfaction=1e9)
    worth = demand_of(steep, FROM_GRID).worth(array(0.7499999, 0.4))[0]
    assert worth == pytest.approx([1e-7, 0.35], rel=1e-6)
    gentle = demand_of(market_hour(), FROM_GRID)
    prices = array(0.3, 0.5, 0.7)
    expected = gentle.utility(prices) - gentle.utility(array(0.75))
    assert gentle.worth(prices) == pytest.approx(expected, rel=1e-12)
    for rules in (FROM_GRID, Rules(demand="elastic", counted_from="grid")):
        proof = certify(play(steep, rules), starts=2, rules=rules)
        assert max(proof["closed form"], proof["starts"]) < 1e-6


def test_the_rest_of_buyers_where_one_seller_asks_the_tariff():
    """Nobody gains there, nobody goes there; the search for the rest ends all the same."""
    hour = market_hour((6, 8, 5), (3, 4), satisfaction=(1.2, 2.5))
    worth = demand_of(hour, FROM_GRID).worth(array(0.6, 0.75, 0.65))
    with np.errstate(all="raise"):
        shares = rest_by_newton(hour, worth)
    assert shares[:, 1].tolist() == [0, 0]
    others = replace(
        hour, sellers=("S0", "S2"), surplus=hour.surplus[[0, 2]], reservation=hour.reservation[:2]
    )
    assert hour.deficit @ shares[:, [0, 2]] == pytest.approx(
        hour.deficit @ rest_by_newton(others, worth[:, [0, 2]]), abs=1e-7
    )


def test_many_rests_side_by_side_are_those_found_one_by_one():
    """Also where one seller is worth nothing at some prices, and steps end at different times."""
    hour = market_hour((6, 8, 5), (3, 4), satisfaction=(1.2, 2.5))
    prices = np.array([[[0.6, 0.75, 0.65], [0.5, 0.5, 0.5]], [[0.3, 0.74, 0.75], [0.7, 0.4, 0.31]]])
    worth = demand_of(hour, FROM_GRID).worth(prices)
    together = rest_by_newton(hour, worth)
    assert together.shape == (2, 2, 2, 3)
    for place in np.ndindex(2, 2):
        assert together[place] == pytest.approx(rest_by_newton(hour, worth[place]), abs=1e-9)
        assert rest_gap(hour, worth[place], together[place]) < 1e-9


def test_prices_that_go_round_are_said_to_do_so_at_once():
    """Counted from the grid, unlike buyers leave the seller that follows them, and come back: no step helps."""
    hour = market_hour(satisfaction=(1.2, 2.5))
    for step in (0.6, 1.2):
        with pytest.raises(NotSolved, match="come round again every 3 rounds.*buyers who are al"):
            play(hour, replace(FROM_GRID, price_step=step, max_rounds=40))
    with pytest.raises(NotSolved, match="talks do not end: prices come round again every 3"):
        talk_through_hour(hour, replace(FROM_GRID, max_rounds=30))


@pytest.mark.parametrize("rounds", [2, 3, 12])
def test_a_period_is_found_after_two_of_them(rounds):
    circle = [array(np.cos(2 * np.pi * k / rounds), k % rounds) for k in range(3 * rounds)]
    assert period_of(circle, 1e-9) == rounds
    assert period_of(circle[: 2 * rounds], 1e-9) == rounds
    assert period_of(circle[: 2 * rounds - 1], 1e-9) == 0
    assert period_of([1.001**k * price for k, price in enumerate(circle)], 1e-9) == 0


def test_a_seller_whom_nobody_chooses_keeps_its_price():
    hour = market_hour()
    nobody = array([1.0, 0.0], [1.0, 0.0])
    from vppcore.game.sellers import best_prices

    wished = best_prices(hour, array(0.5, 0.6), nobody, TEXT)
    assert wished == pytest.approx([0.65, 0.6])


# --- agents -------------------------------------------------------------------------------------------------------
@each_rule
@settings(max_examples=6)
@given(some_powers, some_powers, st.floats(0.4, 1.2))
def test_agents_end_where_one_loop_ends_under_a_cap(rules, surplus, deficit, cap):
    """The highest price allowed may lie below the tariff: a seller reckons with the tariff all the same."""
    hour = market_hour(surplus, deficit, (0.3, 0.35), price_max=cap)
    try:
        talks = talk_through_hour(hour, rules)
    except WrongInput as refused:  # a seller would need the buyers' numbers
        assert "distributed game" in str(refused)
        return
    assert talks.distance(play(hour, rules)) < 1e-9


def test_what_hours_and_talks_hold_travels_between_processes():
    hour = market_hour()
    again = pickle.loads(pickle.dumps(hour))
    result = play(again, TEXT)
    assert result.prices.equals(play(hour, TEXT).prices)
    talks = pickle.loads(pickle.dumps(talk_through_hour(hour, TEXT)))
    assert talks.distance(pickle.loads(pickle.dumps(result))) < 1e-9


# --- why there is no market ---------------------------------------------------------------------------------------
def test_a_tie_of_zero_in_some_steps_is_named():
    game = trade_by_game(four().change_tie(limit=array(0.0, 5.0)), starts=0)
    assert game.closed == {1: "the tie between two VPPs carries nothing"}
    assert game.trades.abs().max(axis=1).to_list() == pytest.approx([0, 5])


def test_a_fee_that_closes_the_market_is_named():
    game = trade_by_game(four().change_tie(crossing_fee=0.5), starts=0)
    assert "not below the 0.25 that a buyer pays otherwise, less its fee of 0.5" in game.closed[1]
