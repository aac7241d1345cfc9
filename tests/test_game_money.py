"""Delivered money, conventional trade, ties and fees, and the talks of agents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import array, market_hour
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import WrongInput, pool, trade_by_game
from vppcore.game.agents import KINDS, talks_of
from vppcore.game.conventional import (
    WAYS,
    prices_by_rule,
    sent_by_rule,
    trade_conventionally,
)
from vppcore.game.distributed import talk_through_day, talk_through_hour
from vppcore.game.hour import play
from vppcore.game.money import (
    earnings_table,
    expected,
    money_earned,
    money_temptations,
    net_of_prices,
    play_in_money,
    sent_power,
)
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium
from vppcore.market import deliver
from vppcore.standalone import alone

TEXT = Rules.of_the_text()


powers = st.floats(-1, 3).map(lambda exponent: 10**exponent)
some_powers = st.lists(powers, min_size=1, max_size=4)


# --- money --------------------------------------------------------------------------------------------------------
def test_money_by_hand():
    """Offers of 0.25 x 2 and 0.05 x 8: five ninths of 7 are asked of A, which has 2; B sends the rest."""
    hour = market_hour((2.0, 8.0))
    prices = array(0.5, 0.7)
    assert sent_power(hour, prices, Rules()) == pytest.approx([2, 5])
    assert money_earned(hour, prices, Rules()) == pytest.approx([0.2 * 2, 0.32 * 5])


@settings(max_examples=25)
@given(some_powers, some_powers)
def test_an_hour_short_of_supply_clears_at_the_highest_price(surplus, deficit):
    """All is sold at any price that buyers accept, so nobody asks less; in the game's own utility all ask less."""
    scale = sum(deficit) / sum(surplus) / 1.01
    hour = market_hour([power * scale for power in surplus], deficit)
    result = play_in_money(hour)
    assert result.pure and result.gain <= 1e-9
    assert result.prices.to_list() == pytest.approx([hour.top] * len(surplus))
    assert result.earnings.to_numpy() == pytest.approx((hour.top - hour.reservation) * hour.surplus)
    if len(surplus) > 1:
        prices, _ = equilibrium(hour)
        assert prices.max() < hour.top and money_temptations(hour, prices).max() > 0


def test_an_hour_with_plenty_rests_where_the_game_in_power_asked_does():
    hour = market_hour((30.0, 40.0))
    result = play_in_money(hour)
    assert result.pure and result.prices.to_numpy() == pytest.approx(equilibrium(hour)[0], abs=1e-6)


def test_an_hour_in_between_may_have_no_prices_to_rest_at(study_b_hours):
    """t=10 of study B: from no joint price of a net do both stay; the lotteries leave little to gain."""
    hour = study_b_hours[10]
    result = play_in_money(hour)
    assert not result.pure and result.gain < 1e-3
    assert result.lotteries.sum().to_numpy() == pytest.approx([1, 1])
    levels = net_of_prices(hour)
    table = earnings_table(hour, levels, Rules())
    best = [table[..., k].max(axis=k, keepdims=True) for k in range(2)]
    moves = [table[..., k] < best[k] * (1 - 1e-9) for k in range(2)]
    assert np.logical_or(*moves).all()
    lotteries = [result.lotteries[name].to_numpy() for name in hour.sellers]
    for k, name in enumerate(hour.sellers):
        by_hand = sum(
            table[i, j, k] * lotteries[0][i] * lotteries[1][j]
            for i in range(len(levels))
            for j in range(len(levels))
        )
        assert result.earnings[name] == pytest.approx(by_hand)
        of_each = expected(table, lotteries, k)
        assert of_each.max() <= by_hand * (1 + result.gain) + 1e-9


def test_hour_10_gains_in_money_by_other_prices(study_b_hours):
    """VPP1 +42 % and VPP4 +48 % in today's fixed game, while nobody gains in power asked."""
    result = play(study_b_hours[10])
    gains = money_temptations(result.hour, result.prices.to_numpy())
    assert gains.round(2).tolist() == [0.42, 0.48]


# --- conventional trade -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=20)
@given(some_powers, some_powers)
def test_conventional_trade_moves_all_that_meets(way, surplus, deficit):
    hour = market_hour(surplus, deficit)
    sent = sent_by_rule(hour, way)
    assert sent.to_numpy().sum() == pytest.approx(min(sum(surplus), sum(deficit)))
    assert (sent.sum() <= hour.surplus * (1 + 1e-9)).all()
    assert (sent.sum(axis=1) <= hour.deficit * (1 + 1e-9)).all()
    prices = prices_by_rule(hour, way)
    assert (prices >= hour.reservation - 1e-12).all() and (prices <= hour.top).all()


def test_conventional_ways_save_what_the_game_saves(study_b, study_b_alone):
    """Same left-overs, same energy: 310,945, 310,873 and 310,661 yuan against the game's 310,896."""
    game = trade_by_game(study_b, study_b_alone, starts=0)
    costs = {}
    for way in WAYS:
        result = trade_conventionally(study_b, study_b_alone, way)
        costs[way] = result.account.cost
        table = result.account.table
        assert table["payment"].sum() == pytest.approx(0, abs=1e-6)
        assert table["gain"].min() >= -1e-6
        energy = [
            trades.clip(lower=0).sum().sum() for trades in (result.account.trades, game.trades)
        ]
        assert energy[0] == pytest.approx(energy[1])
    assert [round(cost) for cost in costs.values()] == [310945, 310873, 310661]
    assert round(game.cost) == 310896


def test_another_way_of_trade_is_refused(study_b, study_b_alone):
    with pytest.raises(WrongInput, match="way of trade: found 'fair'; allowed: mid-market, equal"):
        trade_conventionally(study_b, study_b_alone, "fair")


# --- ties and fees ------------------------------------------------------------------------------------------------
@settings(max_examples=40)
@given(some_powers, some_powers, powers, st.integers(0, 99))
def test_no_line_carries_more_than_its_limit(surplus, deficit, limit, seed):
    """And nothing that two could still send each other is left."""
    hour = market_hour(surplus, deficit, pair_limit=limit)
    shares = np.random.default_rng(seed).dirichlet(np.ones(len(surplus)), len(deficit))
    sent = deliver(hour, shares)
    assert sent.max() <= limit * (1 + 1e-9) and sent.min() >= 0
    spare = hour.surplus - sent.sum(axis=0)
    lacking = hour.deficit - sent.sum(axis=1)
    assert min(spare.min(), lacking.min()) >= -1e-9 * (sum(surplus) + sum(deficit))
    possible = np.minimum(np.minimum.outer(lacking, spare), limit - sent)
    assert possible.max() <= 1e-8 * (sum(surplus) + sum(deficit))


@pytest.mark.parametrize(("limit", "fee"), [(500.0, 0.0), (3e4, 0.05), (500.0, 0.05), (3e4, 0.15)])
@pytest.mark.parametrize("rules", [Rules(), TEXT], ids=["fixed", "text"])
def test_the_game_never_beats_the_joint_optimum(study_b, study_b_alone, limit, fee, rules):
    case = study_b.change_tie(limit=limit, crossing_fee=fee)
    game = trade_by_game(case, study_b_alone, rules, starts=0)
    assert game.cost >= pool(case).cost * (1 - 1e-6)
    assert game.trades.abs().max().max() <= limit * (1 + 1e-9)
    sent = game.trades.clip(lower=0).sum().sum()
    charged = game.costs.loc["crossing fee"].sum() if "crossing fee" in game.costs.index else 0.0
    assert charged == pytest.approx(2 * fee * sent)
    assert game.table["gain"].min() >= -1e-6
    assert (game.least_gains.sum() <= game.table["gain"] + 1e-6).all()


def test_a_fee_by_hand():
    """Each side pays 0.1: the buyer accepts 0.65, the seller wants 0.4."""
    from builders import case, grid, load, pv, vpp

    from vppcore.components import PowerMarket

    terms = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2)
    prices = grid([0.75], [0.2])
    two = case(vpp(pv(10), load(0), prices, terms, name="S"), vpp(load(6), prices, terms, name="B"))
    game = trade_by_game(two.change_tie(crossing_fee=0.1), starts=0)
    assert game.prices.loc[1, "S"] == pytest.approx(0.65)
    hour = game.hours[1].hour
    assert (hour.grid_price, hour.reservation[0]) == (pytest.approx(0.65), pytest.approx(0.4))
    dear = trade_by_game(two.change_tie(crossing_fee=0.3), starts=0)
    assert not dear.hours and "worth as much elsewhere" in dear.closed[1]
    closed = trade_by_game(two.change_tie(limit=0.0), starts=0)
    assert not closed.hours and (closed.trades == 0).all(axis=None)


def test_a_seller_of_spilled_power_counts_its_quota_at_the_lowest_price_of_a_rising_reward():
    """0.1 kg of quota for each kWh that is no longer spilled is worth 0.03 at least, not the 0.06 of a later step."""
    from builders import grid, load, pv, vpp

    from vppcore import dispatch
    from vppcore.components import CarbonMarket, PowerMarket
    from vppcore.market import carbon_price_range, positions, terms_of

    market = CarbonMarket(price=0.3, interval=1.0, growth=1.0, levels=2, reward_growth=1.0)
    terms = PowerMarket(reservation_price=0.0, price_min=0.0, price_max=1.0)
    sun = pv(10, operation_cost=0.05, carbon_quota=0.1)
    plant = vpp(sun, load(0), grid([1.0], [0.2], buy_max=20.0, sell_max=4.0), market, terms)
    assert carbon_price_range(terms_of(plant)) == (0.3, 0.6)
    assert positions(plant, dispatch(plant))["alternative"].to_list() == pytest.approx([0.2])
    closed = plant.change("grid", sell_max=0.0)
    found = positions(closed, dispatch(closed))["alternative"].to_list()
    assert found == pytest.approx([0.05 - 0.1 * 0.3])


def test_a_fee_that_eats_up_the_band_closes_the_hour():
    """0.4 less 0.05 is a hair more than 0.3 and 0.05: rounding is no room for trade."""
    from builders import case, grid, load, pv, vpp

    from vppcore.components import PowerMarket

    assert 0.4 - 0.05 > 0.3 + 0.05
    terms = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2)
    prices = grid([0.4], [0.3])
    two = case(vpp(pv(10), load(0), prices, terms, name="S"), vpp(load(6), prices, terms, name="B"))
    game = trade_by_game(two.change_tie(crossing_fee=0.05), starts=0)
    assert not game.hours and "worth as much elsewhere" in game.closed[1]
    assert trade_by_game(two.change_tie(crossing_fee=0.049), starts=0).hours


# --- agents -------------------------------------------------------------------------------------------------------
ALL_RULES = {
    "fixed": Rules(),
    "fixed text": Rules(order="text"),
    "text": TEXT,
    "log": Rules.of_the_text(satisfaction="log"),
    "grid": Rules.of_the_text(counted_from="grid"),
    "elastic": Rules(demand="elastic"),
}


@pytest.mark.parametrize("rules", ALL_RULES.values(), ids=list(ALL_RULES))
@settings(max_examples=8)
@given(some_powers, some_powers)
def test_agents_end_where_one_loop_ends(rules, surplus, deficit):
    hour = market_hour(surplus, deficit)
    assert talk_through_hour(hour, rules).distance(play(hour, rules)) < 1e-9


def test_agents_of_unlike_buyers_end_where_one_loop_ends():
    unlike = array(1.1, 1.5, 3.0)
    hour = replace(market_hour((6, 8, 5), (3, 4, 2), (0.3, 0.38, 0.34)), satisfaction=unlike)
    assert talk_through_hour(hour, TEXT).distance(play(hour, TEXT)) < 1e-9
    with pytest.raises(WrongInput, match="buyers who differ; allowed: order text"):
        talk_through_hour(hour, Rules(demand="elastic"))
    with pytest.raises(WrongInput, match="counted from grid; allowed: order text"):
        talk_through_hour(market_hour(), Rules(demand="elastic", counted_from="grid"))


def test_nothing_leaves_an_agent_but_its_words():
    """A change of a private number reaches others through words only: no word states it, all are of the known kinds."""
    hour = market_hour()
    words = talk_through_hour(hour, TEXT).words
    assert set(words["kind"]) <= set(KINDS)
    told = words[words["kind"].isin(("price", "cover"))]["value"].to_numpy()
    for private in (*hour.surplus, *hour.reservation):
        assert (np.abs(told - private) > 1e-6).all()
    senders = words.groupby("kind")["sender"].unique()
    assert set(senders["price"]) == set(senders["cover"]) == set(hour.sellers)
    assert set(senders["chosen"]) == set(senders["asked"]) == set(hour.buyers)


def test_agents_hold_their_own_numbers_alone():
    """A seller's agent is the same whatever the other sellers have, and so is a buyer's."""
    hour = market_hour()
    other = replace(hour, surplus=array(6.0, 99.0), deficit=array(3.0, 77.0))
    mine, same = talks_of(hour, TEXT), talks_of(other, TEXT)
    assert vars(mine.sellers[0]) == vars(same.sellers[0])
    assert mine.buyers[0].deficit == same.buyers[0].deficit
    assert (mine.buyers[0].shares == same.buyers[0].shares).all()


def test_hours_side_by_side_give_the_same_numbers(study_b_hours):
    hours = [study_b_hours[step] for step in (3, 10, 12, 18)]
    one, two = talk_through_day(hours, TEXT), talk_through_day(hours, TEXT, workers=2)
    assert set(one.hours) == set(two.hours) == {3, 10, 12}
    for step, talks in one.hours.items():
        assert talks.prices.equals(two.hours[step].prices)
        assert talks.shares.equals(two.hours[step].shares)
        assert talks.words.equals(two.hours[step].words)
        assert talks.distance(play(study_b_hours[step], TEXT)) < 1e-9
    assert one.words().sum() == sum(len(talks.words) for talks in two.hours.values())


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_a_wrong_number_of_workers_is_refused(workers):
    with pytest.raises(WrongInput, match="workers: found"):
        talk_through_day([], TEXT, workers)


def test_a_day_without_a_market_has_no_words(study_b, study_b_hours):
    assert talk_through_day([study_b_hours[18]]).words().empty
    assert alone(study_b.first_steps(18, 1))["VPP1"].cost > 0
