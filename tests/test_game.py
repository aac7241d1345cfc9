"""The multiple game: iteration against closed form, both against brute force, and what must hold for any hour.

Hours are made by hand or drawn; study B's day shaped by hand is played once, and its table is made again from trades and prices.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import array, case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput
from vppcore.components import PowerMarket
from vppcore.game.buyers import eigenvalues, evolve, imitate, payoffs, rest_point
from vppcore.game.certificate import certify
from vppcore.game.day import trade_by_game
from vppcore.game.hour import play
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium, temptation
from vppcore.market import Hour

NAMES = ["VPP1", "VPP2", "VPP3", "VPP4", "VPP5"]
TERMS = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2)


def made_hour(
    surplus, deficit=(5.0,), reservation=0.3, grid_price=1.0, price_min=0.3, price_max=1.2
) -> Hour:
    sellers, buyers = (
        tuple(f"{word}{k}" for k in range(len(power)))
        for word, power in (("S", surplus), ("B", deficit))
    )
    return Hour(
        1,
        sellers,
        buyers,
        array(*surplus),
        array(*deficit),
        np.broadcast_to(reservation, len(surplus)).astype(float),
        grid_price,
        price_min,
        price_max,
    )


@st.composite
def market_hours(draw, sellers: tuple[int, int] = (1, 5)) -> Hour:
    """1 to 5 sellers of 0.1 to 10,000 kW, 1 to 4 buyers; reservations below the highest price, a cap that may bind."""
    power = st.floats(-1, 4).map(lambda exponent: 10**exponent)
    surplus = draw(st.lists(power, min_size=sellers[0], max_size=sellers[1]))
    deficit = draw(st.lists(power, min_size=1, max_size=4))
    grid_price, cap = draw(st.floats(0.33, 1.5)), draw(st.floats(0.31, 1.5))
    reservation = draw(st.lists(st.floats(0, 1), min_size=len(surplus), max_size=len(surplus)))
    return made_hour(
        surplus,
        deficit,
        np.minimum(reservation, min(grid_price, cap) - 0.005),
        grid_price,
        0.3,
        cap,
    )


@st.composite
def with_shares(draw) -> tuple[Hour, np.ndarray, np.ndarray]:
    """An hour with prices inside the band and first shares, all above zero."""
    hour = draw(market_hours((2, 5)))
    size = len(hour.buyers) * len(hour.sellers)
    shares = np.array(draw(st.lists(st.floats(0.05, 1), min_size=size, max_size=size))).reshape(
        len(hour.buyers), -1
    )
    prices = draw(
        st.lists(st.floats(0, 0.95), min_size=len(hour.sellers), max_size=len(hour.sellers))
    )
    return (
        hour,
        0.3 + np.array(prices) * (hour.top - 0.3),
        shares / shares.sum(axis=1, keepdims=True),
    )


def best_gain(hour: Hour, prices: np.ndarray, count: int = 1001) -> float:
    """The most that any seller could earn more, relative, over a net of prices; buyers stay where payoffs are equal."""
    tried, gains = np.linspace(hour.price_min, hour.top, count), []
    for j in range(len(prices)):
        earned = []
        for price in (prices[j], *tried):
            worth = (
                hour.grid_price - np.where(np.arange(len(prices)) == j, price, prices)
            ) * hour.surplus
            part = worth[j] / worth.sum() if worth.sum() > 0 else 1.0
            earned.append((price - hour.reservation[j]) * part)
        gains.append((max(earned) - earned[0]) / max(abs(earned[0]), 1e-9))
    return max(gains)


# --- buyers -------------------------------------------------------------------------------------------------------
@settings(max_examples=30)
@given(with_shares())
def test_buyers_come_to_rest_where_the_closed_form_says(given_):
    hour, prices, start = given_
    shares, path = evolve(hour, prices, start, Rules())
    part = hour.deficit @ shares / hour.deficit.sum()
    assert part == pytest.approx(rest_point(hour, prices), abs=1e-8)
    values = payoffs(hour, prices, shares)
    assert values == pytest.approx(
        np.full(values.shape, values.mean()), rel=1e-4
    )  # no buyer would be better off elsewhere
    assert len(path) < 100


def test_rest_point_by_hand():
    """Margins of 0.5 and 0.25 on 10 and 40 kW: 5 to 10."""
    assert rest_point(made_hour([10, 40]), array(0.5, 0.75)) == pytest.approx([1 / 3, 2 / 3])


@settings(max_examples=100)
@given(with_shares(), st.floats(0.01, 5), st.sampled_from(["shared", "unshared"]))
def test_the_replicator_keeps_shares_probabilities(given_, step, rule):
    hour, prices, shares = given_
    for _ in range(5):
        shares = imitate(hour, prices, shares, step, rule)
        assert shares.min() >= 0 and shares.sum(axis=1) == pytest.approx(np.ones(len(shares)))


@settings(max_examples=30)
@given(with_shares())
def test_the_replicator_raises_what_pays_more_than_a_buyer_s_average(given_):
    hour, prices, shares = given_
    worth = (hour.grid_price - prices) * hour.surplus / (hour.deficit @ shares)
    moved = imitate(hour, prices, shares, 0.3)
    above = worth - (shares @ worth)[:, None]
    small = 1e-9 * worth.max()
    assert moved - shares == pytest.approx(
        0.3 * shares * above / (shares @ worth)[:, None], abs=1e-9
    )  # B (19) and (25)
    assert (moved[above > small] > shares[above > small]).all() and (
        moved[above < -small] < shares[above < -small]
    ).all()


@settings(max_examples=30)
@given(with_shares())
def test_buyers_dynamics_have_the_one_eigenvalue_minus_one(given_):
    hour, prices, _ = given_
    assert eigenvalues(hour, prices) == pytest.approx(-np.ones(len(prices) - 1), abs=1e-3)


def test_a_step_just_below_two_converges_and_one_above_does_not(markets):
    """Near the rest point a step h leaves 1 - h of the distance."""
    hour, even = markets[10], np.full((2, 2), 0.5)
    prices = equilibrium(hour)[0]
    rest = rest_point(hour, prices)
    distance = abs(0.5 - rest[0])
    for step in (0.5, 1.0, 1.5, 1.95):
        after = imitate(hour, prices, even, step)
        assert abs(after[0, 0] - rest[0]) == pytest.approx(
            abs(1 - step) * distance, rel=1e-6, abs=1e-9
        )
        assert evolve(hour, prices, even, Rules(evolution_step=step))[0][0] == pytest.approx(
            rest, abs=1e-8
        )
    for step in (2.05, 2.5):
        shares = evolve(hour, prices, even, Rules(evolution_step=step))[0]
        assert np.abs(shares[0] - rest).max() > 0.01


@pytest.mark.parametrize("step", [1.5, 1.9])
@pytest.mark.parametrize("small", [1.0, 0.01])
def test_a_long_step_loses_no_seller(step, small):
    """10 kW against 1 kW: a plain step of 1.9 would take the small share below zero, where imitation leaves it for ever."""
    hour = made_hour([10, small])
    result = play(hour, Rules(evolution_step=step))
    assert result.part.to_numpy() == pytest.approx(equilibrium(hour)[1], abs=1e-6)


def test_a_long_step_keeps_a_very_small_seller():
    hour = made_hour([0.2, 2345, 114], reservation=[0.88, 0.26, 0.75], grid_price=1.145)
    assert play(hour).part.to_numpy() == pytest.approx(
        equilibrium(hour)[1], abs=1e-9
    )  # the usual step finds it
    assert play(hour, Rules(evolution_step=1.9)).part["S0"] == pytest.approx(
        equilibrium(hour)[1][0], rel=1e-3
    )


def test_a_step_that_does_not_converge_is_an_error():
    with pytest.raises(NotSolved):
        play(made_hour([10, 9]), Rules(evolution_step=2.1, max_rounds=100))


def test_unshared_payoffs_put_everything_on_one_seller():
    """With equal surpluses on the cheapest; else where margin times surplus is largest, cheapest or not."""
    even, unshared = np.full((1, 2), 0.5), Rules(payoff="unshared")
    assert evolve(made_hour([10, 10]), array(0.6, 0.5), even, unshared)[0][0] == pytest.approx(
        [0, 1], abs=1e-6
    )
    assert evolve(made_hour([20, 10]), array(0.6, 0.5), even, unshared)[0][0] == pytest.approx(
        [1, 0], abs=1e-6
    )


def test_unshared_payoffs_crowd_hour_10_at_the_dearer_seller(markets):
    """VPP4 asks more than VPP1 and has more to share: not the cheapest seller, as is often said, but the largest margin in all."""
    hour = markets[10]
    prices = equilibrium(hour)[0]
    shares = evolve(hour, prices, np.full((2, 2), 0.5), Rules(payoff="unshared"))[0]
    assert hour.sellers == ("VPP1", "VPP4") and prices[0] < prices[1]
    assert shares[:, 1] == pytest.approx([1, 1], abs=1e-6)


@pytest.mark.parametrize("price_step", [0.6, 0.1])
def test_unshared_payoffs_leave_sellers_without_rest(markets, price_step):
    """Whatever the step: the crowd makes its seller raise the price and then leaves."""
    with pytest.raises(
        NotSolved, match="step 10: .* did not come to rest.*where shares do not matter"
    ):
        play(markets[10], Rules(payoff="unshared", price_step=price_step, max_rounds=60))


# --- sellers ------------------------------------------------------------------------------------------------------
@settings(max_examples=60)
@given(market_hours())
def test_iteration_and_closed_form_agree(hour):
    prices, part = equilibrium(hour)
    result = play(hour)
    assert result.prices.to_numpy() == pytest.approx(prices, abs=1e-6)
    assert result.part.to_numpy() == pytest.approx(part, abs=1e-6)
    assert result.shares.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(hour.buyers)))
    assert result.rounds < 60


@settings(max_examples=25)
@given(market_hours())
def test_no_seller_gains_by_another_price(hour):
    """By the code's own search and by one that shares no line with it, at both solutions."""
    for prices in (equilibrium(hour)[0], play(hour).prices.to_numpy()):
        assert temptation(hour, prices) <= 1e-6
        assert best_gain(hour, prices) <= 1e-6


@settings(max_examples=30)
@given(market_hours((2, 5)))
def test_away_from_the_equilibrium_somebody_is_tempted(hour):
    """The check must fail where it should: first prices that are 20 % of the band away."""
    hour = replace(hour, reservation=0.25 * hour.reservation, price_max=1.5)
    prices, width = equilibrium(hour)[0], hour.top - hour.price_min
    moved = np.where(
        prices > hour.price_min + width / 2, prices - 0.2 * width, prices + 0.2 * width
    )
    assert temptation(hour, moved) > 1e-5


@settings(max_examples=60)
@given(market_hours((2, 5)))
def test_equilibrium_prices_answer_their_own_parts(hour):
    """p_j = (g + c_j (1 - Y_j)) / (2 - Y_j) inside the band: the first-order condition."""
    prices, part = equilibrium(hour)
    target = (hour.grid_price + hour.reservation * (1 - part)) / (2 - part)
    assert prices == pytest.approx(np.clip(target, hour.price_min, hour.top), abs=1e-7)
    assert (
        part.sum() == pytest.approx(1)
        and prices.min() >= hour.price_min - 1e-12
        and prices.max() <= hour.top + 1e-12
    )


@settings(max_examples=6)
@given(market_hours((2, 5)))
def test_ten_beginnings_end_at_one_equilibrium(hour):
    proof = certify(play(hour), starts=10)
    assert proof["starts"] <= 1e-6 and proof["closed form"] <= 1e-6 and proof["gain"] <= 1e-6


@settings(max_examples=20)
@given(market_hours((2, 4)), st.floats(0.15, 0.95))
def test_any_price_step_below_one_ends_at_the_closed_form(hour, price_step):
    result = play(hour, Rules(price_step=price_step))
    assert result.prices.to_numpy() == pytest.approx(equilibrium(hour)[0], abs=1e-6)


@pytest.mark.parametrize(("sellers", "limit"), [(2, 1.2), (3, 20 / 13)])
def test_price_steps_have_a_limit_that_depends_on_the_number_of_equal_sellers(sellers, limit):
    """Around n equal sellers a step s leaves 1 - s (1 + Y / ((2 - Y)(1 - Y))), Y = 1 / n: below 1.2 for two, 1.54 for three."""
    hour, part = made_hour([10] * sellers), 1 / sellers
    assert 2 / (1 + part / ((2 - part) * (1 - part))) == pytest.approx(limit)
    start = (equilibrium(hour)[0] + 1e-3 * np.arange(sellers), np.full((1, sellers), part))
    calm = play(hour, Rules(price_step=limit - 0.05), start)
    assert calm.prices.to_numpy() == pytest.approx(equilibrium(hour)[0], abs=1e-6)
    with pytest.raises(
        NotSolved, match="prices did not come to rest in 300 rounds; a smaller price_step may help"
    ):
        play(hour, Rules(price_step=limit + 0.05, max_rounds=300), start)


@pytest.mark.parametrize("price_step", [1.5, 1.9])
def test_long_price_steps_oscillate_at_hour_10(markets, price_step):
    with pytest.raises(NotSolved, match="step 10: prices did not come to rest"):
        play(markets[10], Rules(price_step=price_step, max_rounds=200))
    assert play(markets[10], Rules(price_step=1.1)).prices.to_numpy() == pytest.approx(
        equilibrium(markets[10])[0], abs=1e-6
    )


@settings(max_examples=30)
@given(market_hours())
def test_sellers_who_take_buyers_for_frozen_end_at_the_top(hour):
    assert play(hour, Rules(order="text")).prices.to_numpy() == pytest.approx(
        np.full(len(hour.sellers), hour.top)
    )


@pytest.mark.parametrize(
    ("grid_price", "cap", "price"),
    [(0.4, 1.2, 0.4), (1.0, 1.2, 1.0), (1.3, 1.2, 1.2), (1.0, 0.6, 0.6)],
)
def test_one_seller_charges_what_the_cap_or_the_grid_allows(grid_price, cap, price):
    hour = made_hour([10], (5, 6), grid_price=grid_price, price_max=cap)
    assert play(hour).prices.to_numpy() == pytest.approx([price], abs=1e-8)
    assert play(hour).part.to_numpy() == pytest.approx([1]) and equilibrium(hour)[
        0
    ] == pytest.approx([price])


def test_a_floor_that_binds():
    """Five sellers that want nothing for their power: each would ask less than 0.8."""
    hour = made_hour([10, 5, 8, 9, 3], reservation=0.0, price_min=0.8)
    for prices, part in (
        equilibrium(hour),
        (play(hour).prices.to_numpy(), play(hour).part.to_numpy()),
    ):
        assert prices == pytest.approx([0.8] * 5) and part == pytest.approx(
            hour.surplus / 35, abs=1e-8
        )


def test_a_floor_that_binds_one_of_two():
    """The small seller would ask 0.35; the large one answers its part at 0.6."""
    hour = made_hour([10, 1], reservation=0.0, price_min=0.6)
    prices, part = equilibrium(hour)
    assert prices[1] == 0.6 and prices[0] == pytest.approx(1 / (2 - part[0])) and prices[0] > 0.6
    assert play(hour).prices.to_numpy() == pytest.approx(prices, abs=1e-8)


def test_a_cap_below_the_grid_s_price_that_binds():
    hour = made_hour([10, 8], price_max=0.5)
    result = play(hour)
    assert result.prices.to_numpy() == pytest.approx([0.5, 0.5]) and equilibrium(hour)[
        0
    ] == pytest.approx([0.5, 0.5])
    assert result.part.to_numpy() == pytest.approx([10 / 18, 8 / 18], abs=1e-8)


@settings(max_examples=20)
@given(st.floats(0.1, 1e4), st.integers(2, 5), st.floats(0, 0.9), st.floats(0.93, 1.5))
def test_equal_sellers_ask_equal_prices(surplus, count, reservation, grid_price):
    """Then Y = 1 / n, and the price is its closed form."""
    hour = made_hour(
        [surplus] * count, (3, 4), reservation, grid_price, price_min=0.0, price_max=2.0
    )
    price = (grid_price + reservation * (1 - 1 / count)) / (2 - 1 / count)
    assert equilibrium(hour)[0] == pytest.approx([price] * count)
    assert play(hour).prices.to_numpy() == pytest.approx([price] * count, abs=1e-7)


@settings(max_examples=100)
@given(market_hours((2, 5)))
def test_of_two_equal_reservations_the_larger_surplus_asks_more_and_is_chosen_more(hour):
    """A theorem: margins are K/S phi(c', S/K) with phi rising in S; strict unless the band binds."""
    hour = replace(hour, reservation=np.full(len(hour.sellers), hour.reservation[0]))
    prices, part = equilibrium(hour)
    order = np.argsort(hour.surplus, kind="stable")
    assert (np.diff(prices[order]) >= -1e-9).all() and (np.diff(part[order]) >= -1e-9).all()


@settings(max_examples=100)
@given(market_hours((2, 5)))
def test_of_two_equal_surpluses_the_higher_reservation_asks_more_and_is_chosen_less(hour):
    hour = replace(hour, surplus=np.full(len(hour.sellers), 10.0))
    prices, part = equilibrium(hour)
    order = np.argsort(hour.reservation, kind="stable")
    assert (np.diff(prices[order]) >= -1e-9).all() and (np.diff(part[order]) <= 1e-9).all()


@settings(max_examples=100)
@given(market_hours((2, 5)), st.floats(1.05, 5))
def test_who_gets_more_to_sell_asks_more_and_its_rivals_less(hour, factor):
    """K rises by less than the surplus, so S_1 / K rises and every other S_k / K falls."""
    more = replace(
        hour, surplus=hour.surplus * np.where(np.arange(len(hour.sellers)) == 0, factor, 1)
    )
    (prices, part), (later, moved) = equilibrium(hour), equilibrium(more)
    assert later[0] >= prices[0] - 1e-9 and moved[0] >= part[0] - 1e-9
    assert (later[1:] <= prices[1:] + 1e-9).all() and (moved[1:] <= part[1:] + 1e-9).all()


@settings(max_examples=15)
@given(market_hours(), st.floats(0.01, 100), st.lists(st.floats(0.1, 1e4), min_size=1, max_size=4))
def test_prices_depend_on_ratios_of_surpluses_and_not_on_demand(hour, factor, demand):
    prices = play(hour).prices.to_numpy()
    scaled = replace(hour, surplus=factor * hour.surplus, deficit=factor * hour.deficit)
    others = replace(
        hour, deficit=array(*demand), buyers=tuple(f"B{k}" for k in range(len(demand)))
    )
    for same in (scaled, others):
        assert play(same).prices.to_numpy() == pytest.approx(prices, abs=1e-7)


@settings(max_examples=50)
@given(market_hours(), st.floats(0.1, 10))
def test_money_of_another_size_scales_prices(hour, factor):
    other = Hour(
        1,
        hour.sellers,
        hour.buyers,
        hour.surplus,
        hour.deficit,
        factor * hour.reservation,
        factor * hour.grid_price,
        factor * hour.price_min,
        factor * hour.price_max,
    )
    assert equilibrium(other)[0] == pytest.approx(factor * equilibrium(hour)[0], rel=1e-7)


def in_other_units(hour: Hour, power: float, money: float) -> Hour:
    """The same hour with powers times `power` and prices times `money`."""
    return replace(
        hour,
        surplus=power * hour.surplus,
        deficit=power * hour.deficit,
        reservation=money * hour.reservation,
        grid_price=money * hour.grid_price,
        price_min=money * hour.price_min,
        price_max=money * hour.price_max,
    )


@settings(max_examples=25)
@given(market_hours(), st.sampled_from([1e-6, 1e-3, 1e6]), st.sampled_from([1e-9, 1e-3, 30.0, 1e9]))
def test_an_hour_in_other_units_is_the_same_hour(hour, power, money):
    """In MW, GW or mW, and in any currency: the same parts, shares, rounds and certificates."""
    one, other = play(hour), play(in_other_units(hour, power, money))
    assert other.part.to_numpy() == pytest.approx(one.part.to_numpy(), abs=1e-8)
    assert other.shares.to_numpy() == pytest.approx(one.shares.to_numpy(), abs=1e-8)
    assert other.prices.to_numpy() == pytest.approx(money * one.prices.to_numpy(), rel=1e-8)
    assert abs(other.rounds - one.rounds) <= 1
    proof, scaled = certify(one, starts=1), certify(other, starts=1)
    for name in ("gain", "payoff spread", "loss"):
        assert scaled[name] == pytest.approx(proof[name], abs=1e-6)
    assert scaled["eigenvalue"] == pytest.approx(proof["eigenvalue"], abs=1e-4, nan_ok=True)


@settings(max_examples=40)
@given(market_hours(), st.floats(-2, 2))
def test_prices_may_lie_anywhere_also_below_zero(hour, shift):
    """Only differences of prices count: the same hour with every price shifted is played the same."""
    moved = replace(
        hour,
        reservation=hour.reservation + shift,
        grid_price=hour.grid_price + shift,
        price_min=hour.price_min + shift,
        price_max=hour.price_max + shift,
    )
    one, other = play(hour), play(moved)
    assert other.prices.to_numpy() == pytest.approx(one.prices.to_numpy() + shift, abs=1e-7)
    assert other.part.to_numpy() == pytest.approx(one.part.to_numpy(), abs=1e-7)
    assert equilibrium(moved)[0] == pytest.approx(equilibrium(hour)[0] + shift, abs=1e-7)
    assert certify(other, starts=1)["loss"] == 0


def test_surpluses_of_any_ratio_have_an_equilibrium():
    """A watt beside a terawatt: the root is bracketed whatever the sizes."""
    for small in (1e-3, 1e-9, 1e-15):
        prices, part = equilibrium(made_hour([1e9, small], reservation=0.3))
        assert prices[0] == pytest.approx(1.0, abs=1e-4) and part[1] < 1e-5
        target = (1.0 + 0.3 * (1 - part)) / (2 - part)
        assert prices == pytest.approx(target, abs=1e-6)


@pytest.mark.parametrize(("sellers", "buyers"), [(0, 2), (2, 0), (0, 0)])
def test_an_hour_without_sellers_or_buyers_is_refused(sellers, buyers):
    with pytest.raises(
        WrongInput,
        match=rf"^step 1: found {sellers} sellers and {buyers} buyers; allowed: one or more of each$",
    ):
        play(made_hour([10] * sellers, [5] * buyers))


def test_a_certificate_shows_what_is_wrong(markets):
    result = play(markets[10])
    sound = certify(result, starts=2)
    assert sound["eigenvalue"] == pytest.approx(-1, abs=1e-6)
    assert max(sound[name] for name in ("gain", "payoff spread", "closed form", "starts")) < 1e-8
    wrong = certify(replace(result, prices=result.prices + 0.02), starts=2)
    assert (
        wrong["gain"] > 1e-4
        and wrong["closed form"] == pytest.approx(0.02 / result.hour.price_size, abs=1e-6)
        and wrong["starts"] > 0.01
    )
    crowded = certify(replace(result, shares=0 * result.shares + [0.7, 0.3]), starts=1)
    assert crowded["payoff spread"] > 0.4


# --- edges --------------------------------------------------------------------------------------------------------
def test_a_reservation_price_at_the_grid_s_price():
    with pytest.raises(WrongInput, match="reservation prices .* below 1"):
        made_hour([10, 5], reservation=[1.0, 0.3])


def test_no_margin_is_refused():
    with pytest.raises(WrongInput, match="margin: found 0"):
        vpp(load(10), grid([1.0], [0.2]), replace(TERMS, margin=0.0))


def test_a_margin_above_zero_keeps_reservations_apart_from_the_grid(handmade, five):
    """0.001 yuan/kWh is enough."""
    other = handmade.change_all("power_market", margin=0.001, reservation_price=0.5)
    proofs = trade_by_game(other, five, starts=1).proofs
    assert (proofs[["gain", "closed form", "starts"]].max() < 1e-6).all()


def test_a_seller_with_nothing_to_sell_is_refused():
    with pytest.raises(WrongInput, match="not above zero"):
        made_hour([10, 0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_that_do_not_fit_the_sellers_are_refused():
    with pytest.raises(WrongInput, match="one for each seller or buyer"):
        replace(made_hour([10, 5]), reservation=array(0.3))


def test_nobody_sells_below_its_reservation_price():
    with pytest.raises(WrongInput, match="reservation prices"):
        made_hour([10, 5], reservation=[0.9, 0.3], price_max=0.5)


def test_nan_in_an_hour_is_refused():
    with pytest.raises(WrongInput, match="nan"):
        made_hour([10, 5], reservation=[0.3, np.nan])
    with pytest.raises(WrongInput, match="not above zero"):
        made_hour([10, np.nan])


WRONG = [
    ({"payoff": "fair"}, "payoff: found 'fair'; allowed: shared, unshared"),
    ({"demand": 1}, "demand: found 1; allowed: fixed, elastic"),
    ({"order": "both"}, "order: found 'both'; allowed: anticipating, text"),
    ({"satisfaction": ""}, "satisfaction: found ''; allowed: quadratic, log"),
    ({"counted_from": None}, "counted_from: found None; allowed: nothing, grid"),
    *(
        ({name: value}, f"{name}: found {value!r}; allowed: a number above 0")
        for name in ("evolution_step", "price_step")
        for value in (0, -1.0, np.nan, np.inf, "1", True)
    ),
    *(
        ({"tolerance": value}, f"tolerance: found {value!r}; allowed: a number above 0 and below 1")
        for value in (0, 1, np.nan, "x")
    ),
    *(
        (
            {"max_rounds": value},
            f"max_rounds: found {value!r}; allowed: a whole number of 1 or more",
        )
        for value in (0, -3, 2.5, True)
    ),
]


@pytest.mark.parametrize(("how", "sentence"), WRONG, ids=str)
def test_a_wrong_rule_is_refused_in_one_sentence(how, sentence):
    with pytest.raises(WrongInput) as refused:
        Rules(**how)
    assert refused.value.faults == [sentence]


def test_all_wrong_rules_are_named_at_once():
    with pytest.raises(WrongInput) as refused:
        Rules("rigid", "mine", "cubic", "me", "fair", 0, np.nan, 1, 0)
    names = [fault.split(":")[0] for fault in refused.value.faults]
    assert names == [
        "demand",
        "order",
        "satisfaction",
        "counted_from",
        "payoff",
        "evolution_step",
        "price_step",
        "tolerance",
        "max_rounds",
    ]
    assert all("; allowed: " in fault for fault in refused.value.faults)


# --- a day --------------------------------------------------------------------------------------------------------
def trio(cost: float = 0.0, **terms):
    """A spills most of its PV, B sells all of its own, C buys; one hour at 1.0 and 0.2 yuan/kWh."""
    market = replace(TERMS, **terms)
    a = vpp(
        pv(100, operation_cost=cost),
        load(0),
        grid([1.0], [0.2], sell_max=1.0),
        replace(market, reservation_price=0.8),
        name="A",
    )
    b = vpp(pv(100), load(0), grid([1.0], [0.2]), market, name="B")
    c = vpp(load(100), grid([1.0], [0.2]), market, name="C")
    return case(a, b, c)


def test_a_day_by_hand():
    """One seller of 10 kW, one buyer of 6 for half an hour: the grid's price for the seller, nothing gained by the buyer."""
    seller = vpp(pv(10), load(0), grid([1.0], [0.2]), TERMS, name="S", step_hours=0.5)
    buyer = vpp(load(6), grid([1.0], [0.2]), TERMS, name="B", step_hours=0.5)
    result = trade_by_game(case(seller, buyer), starts=0)
    assert result.prices.loc[1].to_dict() == pytest.approx({"S": 1.0, "B": np.nan}, nan_ok=True)
    assert result.trades["B", "S"].to_list() == pytest.approx([6]) and result.trades[
        "S", "B"
    ].to_list() == pytest.approx([-6])
    expected = {
        "alone": [-1, 3],
        "with trades": [-0.4, 0],
        "payment": [-3, 3],
        "after": [-3.4, 3],
        "gain": [2.4, 0],
    }
    for column, values in expected.items():
        assert result.table[column].to_list() == pytest.approx(values, abs=1e-8)
    assert (result.table[["carbon alone", "carbon after"]] == 0).all(axis=None)
    assert result.cost == pytest.approx(-0.4)


def test_hours_without_a_market_are_skipped(handmade, game, markets):
    """No prices, no parts, no trade, no proof."""
    closed = [step for step, hour in markets.items() if not hour.open]
    assert closed == [8, 17, 18, 19, 20, 21]
    assert set(game.hours) == set(game.proofs.index) == set(markets) - set(closed)
    assert game.prices.loc[closed].isna().all(axis=None) and game.parts.loc[closed].isna().all(
        axis=None
    )
    assert (game.trades.loc[closed] == 0).all(axis=None)
    for step, result in game.hours.items():
        assert set(game.prices.columns[game.prices.loc[step].notna()]) == set(markets[step].sellers)
        assert game.parts.loc[step].sum() == pytest.approx(1) and result.hour.step == step


def test_a_day_without_any_market_costs_what_it_cost():
    """Two VPPs that only buy."""
    prices = grid([1.0, 0.5], [0.2, 0.2])
    result = trade_by_game(
        case(*(vpp(load(10, 20), prices, TERMS, name=name) for name in "AB")), starts=2
    )
    assert result.hours == {} and result.proofs.empty and (result.trades == 0).all(axis=None)
    assert result.cost == pytest.approx(2 * (10 + 10)) and (
        result.table[["payment", "gain"]].abs() < 1e-9
    ).all(axis=None)


def test_a_vpp_without_partners_costs_what_it_cost():
    result = trade_by_game(case(vpp(load(10, 20), grid([1.0, 0.5], [0.2, 0.2]), TERMS)), starts=1)
    assert result.cost == pytest.approx(20)


def test_every_hour_is_proven(game):
    assert (game.proofs[["gain", "payoff spread", "closed form", "starts"]].max() < 1e-8).all()
    several = [step for step, result in game.hours.items() if len(result.hour.sellers) > 1]
    assert game.proofs.loc[several, "eigenvalue"].to_numpy() == pytest.approx(
        -np.ones(len(several)), abs=1e-6
    )


def test_trades_are_what_sellers_have_and_buyers_need(game, markets):
    for step, hour in markets.items():
        row = game.trades.loc[step]
        received = pd.Series(
            {
                name: sum(max(row[name, other], 0) for other in NAMES if other != name)
                for name in NAMES
            }
        )
        sent = pd.Series(
            {
                name: sum(max(-row[name, other], 0) for other in NAMES if other != name)
                for name in NAMES
            }
        )
        assert (received[list(hour.buyers)] <= hour.deficit + 1e-6).all() and (
            sent[list(hour.sellers)] <= hour.surplus + 1e-6
        ).all()
        assert received.sum() == pytest.approx(
            min(hour.surplus.sum(), hour.deficit.sum()) if hour.open else 0, abs=1e-6
        )
        assert (
            received.drop(list(hour.buyers)).sum() == 0 and sent.drop(list(hour.sellers)).sum() == 0
        )
    for i in NAMES:
        for j in NAMES:
            assert i == j or (game.trades[i, j] == -game.trades[j, i]).all()


def ladder(excess: float) -> float:
    """280 yuan/t, 2 t, 25 %, five steps, piece by piece."""
    steps = [
        min(max(excess - 2000 * k, 0), 2000 if k < 4 else np.inf) * 0.28 * (1 + 0.25 * k)
        for k in range(5)
    ]
    return 0.28 * min(excess, 0) + sum(steps)


def test_the_table_from_trades_and_prices_alone(handmade, five, game):
    """Each VPP's day again: what it received replaced purchases, what it sent was spilled or would have been sold."""
    buy, sell = (
        getattr(handmade.vpp("VPP1").component("grid"), name)
        for name in ("buy_price", "sell_price")
    )
    for name in NAMES:
        result, payment, cost = five[name], 0.0, five[name].cost
        excess = before = float(result.series["carbon_market", "excess"].sum())
        for step in range(1, 25):
            for other in NAMES:
                if other == name:
                    continue
                power = game.trades[name, other][step]
                if power > 0:
                    payment += power * game.prices[other][step]
                elif power < 0:
                    payment += power * game.prices[name][step]
            net = sum(game.trades[name, other][step] for other in NAMES if other != name)
            received, sent = max(net, 0), max(-net, 0)
            spilled = min(sent, max(result.series["renewable", "curtailed"][step], 0))
            cost += -received * buy[step - 1] + 0.01 * spilled + (sent - spilled) * sell[step - 1]
            excess -= (0.85522 - 0.798) * received
        cost += ladder(excess) - ladder(before)
        row = game.table.loc[name]
        assert row["alone"] == five[name].cost and row["carbon alone"] == result.costs["carbon"]
        assert row["payment"] == pytest.approx(payment, abs=1e-6)
        assert row["with trades"] == pytest.approx(cost, abs=1e-5) == game.costs[name].sum()
        assert row["after"] == pytest.approx(cost + payment, abs=1e-5)
        assert row["gain"] == pytest.approx(five[name].cost - cost - payment, abs=1e-5)
        assert row["carbon after"] == pytest.approx(ladder(excess), abs=1e-3)
        assert row["excess after (kg)"] == pytest.approx(excess, abs=1e-6)


def test_money_is_conserved_hour_by_hour(game):
    """What buyers pay in an hour is what its sellers get: one price per seller, and trades that mirror each other."""
    for step, result in game.hours.items():
        paid = sum(
            max(game.trades[i, j][step], 0) * game.prices[j][step]
            for i in result.hour.buyers
            for j in result.hour.sellers
        )
        got = sum(
            -game.trades[j, i][step] * game.prices[j][step]
            for i in result.hour.buyers
            for j in result.hour.sellers
        )
        assert paid == pytest.approx(got, abs=1e-9) and paid > 0
    assert game.table["payment"].sum() == pytest.approx(0, abs=1e-6)
    assert game.cost == pytest.approx(game.costs.sum().sum(), abs=1e-6)


def test_everybody_gains_or_stays_equal(game):
    assert (game.table["gain"] >= -1e-6).all() and game.table["gain"].min() > 3000


@pytest.mark.parametrize(
    ("band", "rules"),
    [
        ({"price_max": 0.6}, Rules()),
        ({"price_min": 0.35, "price_max": 0.39}, Rules()),
        ({}, Rules(order="text")),
    ],
    ids=["cap", "narrow", "frozen"],
)
def test_prices_move_money_and_no_cost_where_sellers_send_all_they_spilled(
    handmade, five, game, band, rules
):
    """Other prices, other parts: the same energy, and the same cost in all, since each kWh replaces the same grid power.

    Needs that whoever spilled sends at least that much; else who is chosen decides whether spill or a sale is given up.
    """
    changed = handmade.change_all("power_market", **band) if band else handmade
    other = trade_by_game(changed, five, rules, starts=0)
    assert np.abs(other.table["payment"] - game.table["payment"]).max() > 1000
    received = [result.trades.clip(lower=0).sum().sum() for result in (game, other)]
    assert received[0] == pytest.approx(received[1])
    assert other.cost == pytest.approx(game.cost, rel=1e-9)
    assert other.table["carbon after"].to_numpy() == pytest.approx(
        game.table["carbon after"].to_numpy(), abs=1e-6
    )


def test_prices_do_move_the_cost_where_sellers_keep_spilling():
    """A spills 99 kW and asks more than B, which sells all: the more A is chosen, the less is spilled. At one price half is A's."""
    free, capped = (trade_by_game(trio(price_min=low), starts=0) for low in (0.3, 0.95))
    assert capped.parts.loc[1, ["A", "B"]].to_list() == pytest.approx([0.5, 0.5])
    assert free.parts.loc[1, "A"] < 0.4 and free.prices.loc[1, "A"] > free.prices.loc[1, "B"]
    sent = free.trades["C", "A"][1]
    # of 100 kW that C receives A's part would have been lost, B's sold at 0.2
    assert free.cost == pytest.approx(
        -20 + (100 - sent) * 0.2 - 0.2 + min(1, max(0, sent - 99)) * 0.2, abs=1e-6
    )
    assert capped.cost == pytest.approx(-20 + 10 - 0.2, abs=1e-6) and free.cost > capped.cost + 1


def test_different_markets_or_none_are_refused(handmade, five):
    a, b, c = trio().vpps
    with pytest.raises(
        WrongInput,
        match="the VPPs have different grid prices or price bands; allowed: one market for all",
    ):
        trade_by_game(case(a, b, c.change("grid", buy_price=array(1.1))))
    bare = replace(
        c, components=tuple(part for part in c.components if part.name != "power_market")
    )
    with pytest.raises(
        WrongInput,
        match="^C: found 1 grid, 0 power_market and 0 carbon_market; allowed for a game: one grid, one power_market",
    ):
        trade_by_game(case(a, b, bare))


def test_an_hour_that_does_not_rest_is_named(handmade, five):
    with pytest.raises(NotSolved, match="step 3: prices did not come to rest in 200 rounds"):
        trade_by_game(handmade, five, Rules(price_step=1.5, max_rounds=200), starts=0)


# --- what paper B prints, on the day shaped by hand ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "sellers"),
    [(2, {"VPP5"}), (10, {"VPP1", "VPP4"}), (12, {"VPP1", "VPP3"}), (18, set())],
)
def test_published_sellers(markets, step, sellers):
    """B12, B13, B14, B16; the others buy."""
    assert (
        set(markets[step].sellers) == sellers and set(markets[step].buyers) <= set(NAMES) - sellers
    )
    if step in (2, 18):
        assert set(markets[step].buyers) == set(NAMES) - sellers


def test_published_hours_in_which_the_cheapest_is_not_the_most_chosen(game):
    """B15, of all hours with two sellers or more."""
    rivals = [step for step, result in game.hours.items() if len(result.hour.sellers) > 1]
    flagged = [
        step for step in rivals if game.prices.loc[step].idxmin() != game.parts.loc[step].idxmax()
    ]
    assert flagged == [10, 12, 14, 16] and len(rivals) == 11


def test_published_probabilities_of_hour_10(game):
    """B16-B18: 0.4819 and 0.5181; VPP1 is cheaper and chosen less."""
    assert game.parts.loc[10, ["VPP1", "VPP4"]].round(4).to_list() == [0.4819, 0.5181]
    assert game.prices.loc[10, "VPP1"] < game.prices.loc[10, "VPP4"]


def test_published_savings(game):
    """B20, B21: 2,434 and 48,730 yuan a day. Met by fitting."""
    table = game.table
    assert (table["carbon alone"] - table["carbon after"]).sum() == pytest.approx(2434, abs=1)
    assert table["gain"].sum() == pytest.approx(48730, abs=1)
