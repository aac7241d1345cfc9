"""Buyers who decide how much to buy, and sellers in the order of the text: by hand, by brute force, and in the limit."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from builders import array, market_hour
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from vppcore import NotSolved, WrongInput
from vppcore.game.buyers import evolve, payoffs, rest_point, shares_at_rest
from vppcore.game.certificate import certify, payoff_spread
from vppcore.game.demand import demand_of
from vppcore.game.hour import play
from vppcore.game.rest import rest_by_newton, rest_gap
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium, temptation
from vppcore.market import Hour, asked_power, deliver

TEXT = Rules.of_the_text()
ELASTIC = Rules(demand="elastic")
FORMS = ("quadratic", "log")


def made_hour(surplus=(6.0, 8.0), deficit=(3.0, 4.0), satisfaction=4 / 3, reservation=(0.3, 0.38)):
    """The market of the chapter, buyers' coefficients first."""
    return market_hour(surplus, deficit, reservation, satisfaction)


@st.composite
def unlike_hours(draw, alike: bool = False) -> Hour:
    """2 to 4 sellers, 1 to 4 buyers whose coefficients differ, or not."""
    power = st.floats(-1, 3).map(lambda exponent: 10**exponent)
    surplus = draw(st.lists(power, min_size=2, max_size=4))
    deficit = draw(st.lists(power, min_size=1, max_size=4))
    coefficient = st.floats(1.02, 5)
    if alike:
        satisfaction = [draw(coefficient)]
    else:
        size = len(deficit)
        satisfaction = draw(st.lists(coefficient, min_size=size, max_size=size))
    reservation = draw(st.lists(st.floats(0.05, 0.7), min_size=len(surplus), max_size=len(surplus)))
    return made_hour(surplus, deficit, satisfaction, reservation)


def some_prices(hour: Hour, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(hour.price_min, hour.top, len(hour.sellers))


# --- what a buyer wants -------------------------------------------------------------------------------------------
def satisfaction_of(form: str, hour: Hour, power: float) -> float:
    """Of the first buyer, yuan/h, from the head of demand.py, for its own deficit."""
    deficit, tariff = hour.deficit[0], hour.grid_price
    first = hour.satisfaction[0] * tariff
    if form == "quadratic":
        return first * power - (first - tariff) * power**2 / (2 * deficit)
    scale = deficit * tariff / (first - tariff)
    return first * scale * np.log(1 + power / scale)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=20)
@given(st.floats(0.31, 0.75), st.floats(1.05, 4))
def test_the_wish_is_the_purchase_that_satisfies_most(form, price, coefficient):
    """Against a search that knows only the satisfaction."""
    hour = made_hour(satisfaction=coefficient)
    demand = demand_of(hour, Rules(demand="elastic", satisfaction=form))
    found = minimize_scalar(
        lambda power: price * power - satisfaction_of(form, hour, power),
        bounds=(0, 500 * hour.deficit[0]),
        method="bounded",
        options={"xatol": 1e-9},
    )
    wished, worth = demand.wished(array(price))[0, 0], demand.worth(array(price))[0, 0]
    assert wished * hour.deficit[0] == pytest.approx(found.x, rel=1e-4)
    assert worth * hour.deficit[0] == pytest.approx(-found.fun, rel=1e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("counted_from", ["nothing", "grid"])
def test_wishes_and_worths_fall_as_they_say(form, counted_from):
    """Differences against the derivatives, and the deficit at the tariff."""
    hour = made_hour(satisfaction=(1.2, 2.0))
    demand = demand_of(hour, Rules(demand="elastic", satisfaction=form, counted_from=counted_from))
    prices, small = array(0.35, 0.5, 0.7), 1e-6
    for value, falls in ((demand.wished, demand.wish_falls), (demand.worth, demand.worth_falls)):
        slope = (value(prices + small) - value(prices - small)) / (2 * small)
        assert -slope / value(prices) == pytest.approx(falls(prices), rel=1e-6)
    assert demand.wished(array(0.75))[:, 0] == pytest.approx([1, 1])
    at_the_tariff = demand.worth(array(0.75))[:, 0]
    assert (at_the_tariff == 0).all() if counted_from == "grid" else (at_the_tariff > 0).all()


def test_elastic_demand_needs_coefficients():
    hour = made_hour(satisfaction=(1.5, np.nan))
    with pytest.raises(
        WrongInput, match="step 1: found no satisfaction coefficient of B1; allowed"
    ):
        play(hour, TEXT)
    with pytest.raises(WrongInput, match="no satisfaction coefficient of B0, B1"):
        play(replace(hour, satisfaction=None), ELASTIC)
    assert play(replace(hour, satisfaction=None)).rounds > 0


def test_a_logarithm_needs_prices_above_zero():
    hour = replace(made_hour(), price_min=0.0)
    with pytest.raises(WrongInput, match="found price_min 0 yuan/kWh; allowed for a satisfaction"):
        play(hour, Rules.of_the_text(satisfaction="log"))


def test_a_wish_beyond_the_need_is_cut_to_the_need_and_one_below_it_is_not():
    hour = made_hour(deficit=(10.0,))
    shares = array([0.25, 0.75])
    assert asked_power(hour, shares, array([1.4, 1.4])) == pytest.approx(array([2.5, 7.5]))
    assert asked_power(hour, shares, array([2.0, 1.0])) == pytest.approx(array([4.0, 6.0]))
    assert asked_power(hour, shares, array([0.4, 0.4])) == pytest.approx(array([1.0, 3.0]))
    # what a buyer does not ask it takes from the grid, also where sellers have more
    assert deliver(hour, shares, array([0.4, 0.4])).sum() == pytest.approx(4)
    assert deliver(hour, shares).sum() == pytest.approx(10)


# --- buyers at rest -----------------------------------------------------------------------------------------------
def test_rest_of_like_buyers_by_hand():
    """(lambda - p)^2 S: 0.35^2 x 6 = 0.735 and 0.31^2 x 8 = 0.7688, of 1.5038."""
    part = rest_point(made_hour(), array(0.65, 0.69), ELASTIC)
    assert part == pytest.approx([0.735 / 1.5038, 0.7688 / 1.5038], rel=1e-9)


@settings(max_examples=25)
@given(unlike_hours(), st.integers(0, 99), st.sampled_from(FORMS))
def test_unlike_buyers_rest_where_nobody_gains_elsewhere(hour, seed, form):
    rules = Rules(demand="elastic", satisfaction=form)
    prices = some_prices(hour, seed)
    shares = shares_at_rest(hour, prices, rules)
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(hour.buyers)))
    assert payoff_spread(hour, prices, shares, rules) < 1e-6
    assert rest_gap(hour, demand_of(hour, rules).worth(prices), shares) < 1e-9


@settings(max_examples=10)
@given(unlike_hours(), st.integers(0, 99))
def test_the_rest_is_that_of_a_cone_programme(hour, seed):
    """Phi by an independent solver: the same N."""
    worth = demand_of(hour, ELASTIC).worth(some_prices(hour, seed))
    weight, surplus = hour.deficit / hour.deficit.sum(), hour.surplus / hour.surplus.sum()
    shares = cp.Variable(worth.shape, nonneg=True)
    chosen = weight @ shares
    gained = cp.sum(cp.multiply(np.log(worth), cp.multiply(weight[:, None], shares)))
    crowding = cp.sum(cp.entr(chosen)) + chosen @ (np.log(surplus) + 1)
    cp.Problem(cp.Maximize(gained + crowding), [cp.sum(shares, axis=1) == 1]).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10
    )
    assert weight @ rest_by_newton(hour, worth) == pytest.approx(chosen.value, abs=1e-5)


@settings(max_examples=10)
@given(unlike_hours(), st.integers(0, 99))
def test_evolution_leads_unlike_buyers_to_the_same_rest_from_anywhere(hour, seed):
    """N is unique; the replicator nears it from different beginnings."""
    random = np.random.default_rng(seed)
    prices, weight = some_prices(hour, seed), hour.deficit / hour.deficit.sum()
    expected = weight @ shares_at_rest(hour, prices, ELASTIC)
    for _ in range(2):
        start = random.dirichlet(np.ones(len(hour.sellers)), len(hour.buyers))
        shares, path = evolve(hour, prices, start, Rules(demand="elastic", tolerance=1e-7))
        assert weight @ shares == pytest.approx(expected, abs=5e-3), len(path)


def test_phi_grows_on_the_way():
    """The potential is a Lyapunov function of the replicator."""
    hour = made_hour((6, 8, 3), (3, 4, 2), (1.1, 1.5, 3.0), (0.3, 0.38, 0.34))
    prices = array(0.4, 0.6, 0.5)
    worth = demand_of(hour, ELASTIC).worth(prices)
    start = np.random.default_rng(4).dirichlet(np.ones(3), 3)
    _, path = evolve(hour, prices, start, Rules(demand="elastic", evolution_step=0.2))
    gaps = [rest_gap(hour, worth, shares) for shares in path[::25]]
    assert gaps[0] > 0.05 and gaps[-1] < 1e-5

    def potential(shares):
        chosen = hour.deficit @ shares
        gained = (hour.deficit[:, None] * shares * np.log(worth)).sum()
        return gained - chosen @ (np.log(chosen / hour.surplus) - 1)

    values = np.array([potential(shares) for shares in path])
    assert (np.diff(values) >= -1e-12).all()


@pytest.mark.filterwarnings("error")
def test_a_seller_at_the_tariff_is_worth_nothing_beside_the_grid():
    """Counted from the grid nobody chooses it; the others are shared out without it."""
    hour = made_hour((5, 7, 6), (3, 4), (1.4, 1.7), (0.3, 0.38, 0.34))
    rules = Rules(demand="elastic", counted_from="grid")
    shares = shares_at_rest(hour, array(0.5, 0.75, 0.6), rules)
    assert shares[:, 1].max() < 1e-12
    two = made_hour((5, 6), (3, 4), (1.4, 1.7), (0.3, 0.34))
    without = shares_at_rest(two, array(0.5, 0.6), rules)
    assert hour.deficit @ shares[:, [0, 2]] == pytest.approx(two.deficit @ without, rel=1e-6)
    assert shares_at_rest(hour, array(0.75, 0.75, 0.75), rules).min() > 0


def test_unlike_buyers_have_no_closed_form():
    with pytest.raises(
        WrongInput, match="step 1: found buyers who differ .*; allowed for the closed"
    ):
        equilibrium(made_hour(satisfaction=(1.2, 1.5)), ELASTIC)


def test_unlike_buyers_sort_themselves():
    """The buyer to whom the first kWh is worth most minds a high price least."""
    hour = made_hour((5, 5), (4, 4), (1.05, 4.0))
    shares = shares_at_rest(hour, array(0.4, 0.7), ELASTIC)
    assert shares[0, 0] > 0.99 and shares[1, 0] < 0.5


# --- sellers ------------------------------------------------------------------------------------------------------
def test_a_two_seller_hour_by_hand():
    """Prices half way between 1.0 and what each wants; what is asked is 1.4 and 1.24 of the need."""
    result = play(made_hour(), TEXT)
    assert result.prices.to_list() == pytest.approx([0.65, 0.69])
    assert result.part.to_list() == pytest.approx([0.735 / 1.5038, 0.7688 / 1.5038])
    assert result.wished.to_numpy() == pytest.approx(np.tile([1.4, 1.24], (2, 1)))
    part = result.part.to_numpy()
    asked = part * [1.4, 1.24] / (part @ [1.4, 1.24]) * 7
    assert result.asked.sum().to_numpy() == pytest.approx(asked)
    assert result.sent.sum().to_numpy() == pytest.approx(asked)


def test_the_logarithm_by_hand():
    """sqrt(c lambda) with lambda = 1: sqrt(0.3) and sqrt(0.38)."""
    result = play(made_hour(), Rules.of_the_text(satisfaction="log"))
    assert result.prices.to_list() == pytest.approx([np.sqrt(0.3), np.sqrt(0.38)])


def test_fixed_demand_in_the_order_of_the_text_runs_to_the_highest_price():
    assert play(made_hour(), Rules(order="text")).prices.to_list() == pytest.approx([0.75, 0.75])


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=15)
@given(unlike_hours())
def test_in_the_order_of_the_text_no_seller_gains_with_shares_held(form, hour):
    """By a search over 2,001 prices that shares no line with the best price."""
    rules = Rules.of_the_text(satisfaction=form, tolerance=1e-7)
    try:
        result = play(hour, rules)
    except NotSolved:  # unlike buyers may chase each other; nothing is claimed then
        assume(False)
    demand = demand_of(hour, rules)
    tried = np.linspace(hour.price_min, hour.top, 2001)
    for index, seller in enumerate(hour.sellers):
        weight = hour.deficit * result.shares[seller].to_numpy()
        earning = (tried - hour.reservation[index]) * (weight @ demand.wished(tried))
        price = result.prices[seller]
        now = (price - hour.reservation[index]) * (weight @ demand.wished(array(price)))[0]
        assert earning.max() <= now + 1e-6 * abs(now) + 1e-9 * hour.deficit.sum()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("counted_from", ["nothing", "grid"])
@settings(max_examples=10)
@given(unlike_hours(alike=True))
def test_anticipating_sellers_of_like_buyers_by_three_roads(form, counted_from, hour):
    """Iteration, closed form and a search over prices."""
    rules = Rules(demand="elastic", satisfaction=form, counted_from=counted_from)
    result = play(hour, rules)
    prices, part = equilibrium(hour, rules)
    assert result.prices.to_numpy() == pytest.approx(prices, abs=1e-6)
    assert result.part.to_numpy() == pytest.approx(part, abs=1e-5)
    assert temptation(hour, prices, rules=rules) <= 1e-6


def test_anticipating_sellers_of_nearly_like_buyers_find_best_answers():
    hour = made_hour((6, 8), (3, 4), (1.5, 1.5001))
    result = play(hour, Rules(demand="elastic", tolerance=1e-4))
    like, _ = equilibrium(made_hour(satisfaction=1.5), ELASTIC)
    assert result.prices.to_numpy() == pytest.approx(like, abs=2e-3)


def test_anticipating_sellers_of_unlike_buyers_may_find_no_rest():
    """A counterexample: each undercuts the other to win the buyer who wishes much more when prices fall."""
    hour = made_hour((6, 8), (3, 4), (1.2, 2.5))
    with pytest.raises(NotSolved, match="step 1: prices (only creep|did not come to rest)"):
        play(hour, Rules(demand="elastic", tolerance=1e-4, max_rounds=25))
    assert play(hour, TEXT).rounds < 60


def test_sellers_of_unlike_buyers_part_the_market_in_more_than_one_way():
    """In the order of the text two sellers with the same wishes end apart, and it may be either who is dear."""
    hour = made_hour((6, 8, 5), (3, 4, 2), (1.1, 1.5, 3.0), (0.3, 0.38, 0.3))
    even = np.full((3, 3), 1 / 3)
    results = []
    for start in (array(0.4, 0.7, 0.6), array(0.6, 0.7, 0.4)):
        result = play(hour, TEXT, (start, even))
        assert certify(result, 0, TEXT)["gain"] < 1e-8
        results.append(result.prices)
    assert results[0]["S0"] < results[0]["S2"] - 0.05
    assert results[1]["S2"] < results[1]["S0"] - 0.05


def test_the_certificate_looks_at_all_beginnings():
    """Where they end apart, the largest distance counts: some end at this result, some at the other."""
    hour = made_hour((6, 8, 5), (3, 4, 2), (1.1, 1.5, 3.0), (0.3, 0.38, 0.3))
    result = play(hour, TEXT, (array(0.4, 0.7, 0.6), np.full((3, 3), 1 / 3)))
    assert certify(result, 8, TEXT)["starts"] > 0.05


@pytest.mark.parametrize("rules", [Rules(), TEXT, ELASTIC], ids=["fixed", "text", "elastic"])
def test_a_seller_whom_nobody_chooses_is_found_again(rules):
    """Imitation alone never finds it; one buyer in a thousand tries every seller anew."""
    hour = made_hour()
    start = (array(0.5, 0.5), array([1.0, 0.0], [1.0, 0.0]))
    assert play(hour, rules, start).part.to_numpy() == pytest.approx(
        play(hour, rules).part.to_numpy(), abs=1e-8
    )


@pytest.mark.parametrize("rules", [TEXT, ELASTIC], ids=["text", "anticipating"])
def test_ten_beginnings_end_at_one_equilibrium(rules):
    proof = certify(play(made_hour((6, 8, 5), (3, 4, 2)), rules), 10, rules)
    assert max(proof["starts"], proof["closed form"], proof["gain"], proof["payoff spread"]) < 1e-8
    assert proof["eigenvalue"] == pytest.approx(-1, abs=1e-5) and proof["loss"] == 0


# --- the limit ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("order", ["anticipating", "text"])
def test_satisfaction_that_bends_without_end_is_fixed_demand(form, order):
    """The first kWh worth a million times the tariff, counted from the grid: the deficit at any price."""
    hour = made_hour(satisfaction=1e6)
    steep = Rules(demand="elastic", satisfaction=form, order=order, counted_from="grid")
    if form == "log":  # g/p of the deficit, whatever the first kWh is worth: it never stands still
        wished = demand_of(hour, steep).wished(array(0.5))
        assert wished[:, 0] == pytest.approx([1.5, 1.5], rel=1e-5)
        return
    one, other = play(hour, steep), play(hour, Rules(order=order))
    assert one.wished.to_numpy() == pytest.approx(np.ones((2, 2)), rel=1e-5)
    assert one.prices.to_numpy() == pytest.approx(other.prices.to_numpy(), abs=1e-5)
    if order == "anticipating":
        assert one.part.to_numpy() == pytest.approx(other.part.to_numpy(), abs=1e-5)


def test_counted_from_nothing_such_buyers_do_not_mind_the_price():
    part = rest_point(made_hour(satisfaction=1e6), array(0.4, 0.7), ELASTIC)
    assert part == pytest.approx([6 / 14, 8 / 14], rel=1e-5)


# --- study B at ten o'clock ---------------------------------------------------------------------------------------
def test_hour_10_of_study_b_in_the_order_of_the_text(study_b_hours):
    """Prices 0.650 and 0.690, probabilities 0.4816 and 0.5184 (printed: 0.4819 and 0.5181), none at the cap."""
    result = play(study_b_hours[10], TEXT)
    assert result.hour.sellers == ("VPP1", "VPP4")
    assert result.prices.round(4).to_list() == [0.65, 0.69]
    assert result.part.round(4).to_list() == [0.4816, 0.5184]
    assert result.prices.max() < result.hour.top


@settings(max_examples=20)
@given(unlike_hours(), st.integers(0, 99))
def test_payoffs_share_a_sellers_surplus(hour, seed):
    """F_ij N_j = v_ij S_j."""
    prices = some_prices(hour, seed)
    shares = np.random.default_rng(seed).dirichlet(np.ones(len(hour.sellers)), len(hour.buyers))
    worth = demand_of(hour, ELASTIC).worth(prices)
    chosen = shares.T @ hour.deficit
    assert payoffs(hour, prices, shares, rules=ELASTIC) * chosen == pytest.approx(
        worth * hour.surplus
    )


# --- what called load says ----------------------------------------------------------------------------------------
def test_called_load_says_how_much_more_a_buyer_can_use():
    """10 kW at 1.0 yuan/kWh; up to half may be called at 0.9 and 0.02 more for each kW called: 5 kW are.

    So the first kWh that is given back saves 0.9 + 2 x 0.01 x 5, the next 0.02 less.
    """
    from builders import grid, load, vpp

    from vppcore import dispatch
    from vppcore.components import ControllableLoad, PowerMarket
    from vppcore.game.satisfaction import called_load_coefficient

    terms = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2)
    caller = ControllableLoad(share=0.5, price_share=0.9, cost_quadratic=0.01)
    house = vpp(load(10), caller, grid([1.0], [0.2]), terms)
    found = called_load_coefficient(house, dispatch(house))
    assert found == pytest.approx([1 + 2 * 0.01 * 5 / 1.0], rel=1e-4)
    rigid = vpp(load(10), grid([1.0], [0.2]), terms)
    assert np.isnan(called_load_coefficient(rigid, dispatch(rigid))).all()
    idle = house.change("controllable_load", price_share=1.5)
    assert np.isnan(called_load_coefficient(idle, dispatch(idle))).all()


def test_hour_10_of_study_b_with_nothing_chosen(study_b, study_b_alone, study_b_hours):
    """The called load's own coefficients: 1.173 and 1.139, prices of 0.579 and 0.630, VPP1 chosen more."""
    from vppcore.game.satisfaction import called_load_coefficient

    hour = study_b_hours[10]
    found = [
        called_load_coefficient(study_b.vpp(name), study_b_alone[name])[9] for name in hour.buyers
    ]
    assert np.round(found, 3).tolist() == [1.173, 1.139]
    result = play(replace(hour, satisfaction=np.array(found)), TEXT)
    assert result.prices.round(3).to_list() == [0.579, 0.63]
    assert result.part.round(4).to_list() == [0.5141, 0.4859]
