"""Least core, nucleolus, Owen's split and sampled Shapley value against full lists of coalitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st
from sources_fairness import least_core_of_a_fleet

from vppcore import NotSolved, WrongInput, load_case
from vppcore.fairness import coalition_values, excesses, least_core, nucleolus, shapley, stability
from vppcore.fleet.generator import fleet
from vppcore.sharing.game import AdditiveMinimum, listed
from vppcore.sharing.market import MarketGame
from vppcore.sharing.nucleolus import nucleolus_by_rows, whole_null_space
from vppcore.sharing.rows import least_core_by_rows, owen_split
from vppcore.sharing.shapley import sampled_shapley


@st.composite
def minima(draw, most: int = 6) -> AdditiveMinimum:
    """Totally balanced games, as minima of additive ones."""
    count = draw(st.integers(2, most))
    games = draw(st.integers(1, 6))
    numbers = st.lists(st.integers(0, 9), min_size=count, max_size=count)
    bounds = draw(st.lists(numbers, min_size=games, max_size=games))
    return AdditiveMinimum([f"P{k}" for k in range(count)], np.array(bounds, float))


def vector(game, members) -> np.ndarray:
    return np.array([name in members for name in game.names])


# --- games of known form --------------------------------------------------------------------------
@settings(max_examples=60)
@given(minima())
def test_the_least_core_by_rows_is_that_of_all_rows(game):
    values = listed(game)
    found = least_core_by_rows(game)
    least, _ = least_core(values)
    near = 2e-6 * max(1.0, abs(found.total))
    assert found.lower <= least + near and least <= found.upper + near
    assert found.upper - found.lower <= near
    assert found.split.sum() == pytest.approx(found.total, abs=near)
    assert excesses(values, found.split).iloc[0] <= found.upper + near


@settings(max_examples=60)
@given(minima())
def test_the_nucleolus_by_rows_is_that_of_all_rows(game):
    found = nucleolus_by_rows(game)
    expected = nucleolus(listed(game))
    near = 2e-5 * max(1.0, abs(expected).max())
    assert found.split.to_numpy() == pytest.approx(expected.to_numpy(), abs=near)
    assert (np.diff(found.levels) <= near).all()


@settings(max_examples=60)
@given(minima())
def test_owen_s_split_is_in_the_core(game):
    values = listed(game)
    split = owen_split(game)
    assert stability(values, pd.DataFrame({"Owen": split})).loc["Owen", "in the core"]


@settings(max_examples=20)
@given(minima(most=5), st.integers(0, 3))
def test_stopped_early_the_bounds_still_hold(game, rounds):
    found = least_core_by_rows(game, rounds=rounds)
    values = listed(game)
    least, _ = least_core(values)
    near = 1e-6 * max(1.0, abs(found.total))
    assert found.lower - near <= least <= found.upper + near
    assert excesses(values, found.split).iloc[0] <= found.upper + near
    assert len(found.history) <= rounds


def test_an_additive_game_has_one_split_in_its_core():
    game = AdditiveMinimum(["A", "B", "C"], np.array([[1.0, 2.0, 3.0]]))
    found = least_core_by_rows(game)
    assert found.lower == pytest.approx(0, abs=1e-6) and found.upper == pytest.approx(0, abs=1e-6)
    assert found.split.to_list() == pytest.approx([1, 2, 3], abs=1e-5)
    assert nucleolus_by_rows(game).split.to_list() == pytest.approx([1, 2, 3], abs=1e-5)
    table = sampled_shapley(game, pairs=8).table
    assert table["estimate"].to_list() == pytest.approx([1, 2, 3])
    assert table["standard error"].to_list() == pytest.approx([0, 0, 0], abs=1e-12)


def test_a_game_in_which_nothing_is_saved():
    game = AdditiveMinimum(["A", "B", "C"], np.zeros((2, 3)))
    found = least_core_by_rows(game)
    assert (found.lower, found.upper, found.total) == pytest.approx((0, 0, 0), abs=1e-9)
    assert nucleolus_by_rows(game).split.to_list() == pytest.approx([0, 0, 0])
    assert owen_split(game).to_list() == [0, 0, 0]


@pytest.mark.parametrize(
    "settled",
    [[[1, 1, 1, 1]], [[1, 1, 1, 1], [1, 1, 0, 0]], [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0]]],
)
def test_the_null_space_weighs_settled_rows_to_zero_and_nothing_else(settled):
    rows = np.array(settled, float)
    found = whole_null_space(rows)
    assert found.shape == (4 - len(rows), 4)
    assert not (found @ rows.T).any() and np.linalg.matrix_rank(found) == len(found)


def test_refusals():
    one = AdditiveMinimum(["A"], np.array([[1.0]]))
    three = AdditiveMinimum(["A", "B", "C"], np.eye(3))
    for rule in (least_core_by_rows, nucleolus_by_rows, sampled_shapley):
        with pytest.raises(WrongInput, match="found 1 VPP; allowed: two or more"):
            rule(one)
    with pytest.raises(WrongInput, match="pairs: found 3"):
        sampled_shapley(three, pairs=3)
    with pytest.raises(WrongInput, match=r"level: found 1\.0"):
        sampled_shapley(three, level=1.0)
    with pytest.raises(NotSolved, match="ran out of time") as refused:
        nucleolus_by_rows(three, seconds=-1.0)
    assert refused.value.status == "limit"


# --- sampled Shapley value ------------------------------------------------------------------------
def airport(count: int) -> AdditiveMinimum:
    """What sharing a runway saves has the Shapley value of Littlechild and Owen (1973)."""

    class Saved(AdditiveMinimum):
        def value(self, inside):
            needs = np.arange(1, count + 1) * inside
            return float(needs.sum() - needs.max(initial=0))

    return Saved([f"P{k}" for k in range(1, count + 1)], np.zeros((1, count)))


def saved_by_rule(count: int) -> np.ndarray:
    """Each piece of the runway is paid by all who need it, in equal parts."""
    pieces = 1.0 / np.arange(count, 0, -1)
    return np.arange(1, count + 1) - np.cumsum(pieces)


def test_the_rule_is_the_shapley_value_of_the_runway():
    assert shapley(listed(airport(6))).to_numpy() == pytest.approx(saved_by_rule(6))


def test_intervals_hold_the_true_value_as_often_as_they_say():
    """400 draws of intervals for each of eight VPPs, at 90 per cent; binomial noise is 1.5 per cent."""
    game = airport(8)
    truth = saved_by_rule(8)
    hits = np.zeros((400, 8))
    for seed in range(len(hits)):
        table = sampled_shapley(game, pairs=20, seed=seed, level=0.9).table
        hits[seed] = (table["low"] <= truth) & (truth <= table["high"])
        assert table["estimate"].sum() == pytest.approx(36 - 8)
    assert (hits.mean(axis=0) > 0.85).all() and 0.88 < hits.mean() < 0.93


def test_reversed_orders_make_the_error_smaller_than_as_many_orders_drawn_alone():
    game = airport(8)
    alone = []
    paired = []
    for seed in range(60):
        paired.append(sampled_shapley(game, pairs=8, seed=seed).split - saved_by_rule(8))
        chance = np.random.default_rng(seed)
        gains = np.zeros(8)
        for _ in range(16):
            inside = np.zeros(8, bool)
            for k in chance.permutation(8):
                before = game.value(inside)
                inside[k] = True
                gains[k] += (game.value(inside) - before) / 16
        alone.append(gains - saved_by_rule(8))
    assert np.square(paired).mean() < 0.8 * np.square(alone).mean()


def test_the_same_seed_gives_the_same_numbers():
    game = airport(5)
    one, other = (sampled_shapley(game, pairs=8, seed=4).split for _ in range(2))
    assert (one == other).all() and not (one == sampled_shapley(game, pairs=8, seed=5).split).all()


# --- markets of VPPs ------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def five():
    """Five drawn VPPs, and what all their coalitions save by trading in pairs without a limit."""
    made = fleet(5, seed=1)
    unlimited = made.change_tie(limit=1e6)
    return MarketGame(unlimited), coalition_values(unlimited)


def test_a_market_saves_what_pairs_without_a_limit_save(five):
    game, values = five
    assert game.exact
    for members, saved in values.items():
        assert game.value(vector(game, members)) == pytest.approx(saved, abs=1e-4)


def test_prices_bound_what_coalitions_save(five):
    game, values = five
    chance = np.random.default_rng(0)
    cleared = game.prices(np.ones(5, bool))
    for prices in (cleared, cleared * chance.uniform(0.8, 1.2, len(cleared))):
        gains = game.gains_at(prices)
        for members, saved in values.items():
            assert saved <= gains[vector(game, members)].sum() + 1e-4


def test_least_core_nucleolus_and_shapley_value_of_a_market_are_those_of_its_list(five):
    game, values = five
    total = values[tuple(game.names)]
    found = least_core_by_rows(game)
    least, _ = least_core(values)
    assert found.upper == pytest.approx(least, abs=2e-6 * total)
    assert found.lower == pytest.approx(least, abs=2e-6 * total)
    assert found.coalitions < len(values)
    expected = nucleolus(values).to_numpy()
    by_rows = nucleolus_by_rows(game).split.to_numpy()
    assert by_rows == pytest.approx(expected, abs=1e-4 * total)
    splits = pd.DataFrame({"Owen": owen_split(game), "least core": found.split})
    assert stability(values, splits)["in the core"].all()
    sampled = sampled_shapley(game, pairs=40, level=0.999).table
    exact = shapley(values)
    assert ((sampled["low"] - 1e-6 <= exact) & (exact <= sampled["high"] + 1e-6)).all()


def test_the_chapter_s_fleet_needs_fewer_than_a_fifth_of_its_coalitions():
    found = least_core_of_a_fleet(8)
    assert found.coalitions < 255 / 5
    assert found.gap < 1e-6


def test_vpps_of_one_kind_share_nothing_where_they_have_nothing_to_trade():
    made = case(*(vpp(pv(3, 1), load(2, 2), grid([1, 1], [0.2, 0.2]), name=n) for n in "ABC"))
    game = MarketGame(made)
    assert game.value(np.ones(3, bool)) == pytest.approx(0, abs=1e-9)
    found = least_core_by_rows(game)
    assert found.split.to_list() == pytest.approx([0, 0, 0], abs=1e-8)
    assert (found.lower, found.upper) == pytest.approx((0, 0), abs=1e-8)


def test_one_vpp_that_cannot_trade_gets_nothing():
    """Two sides of a trade of 10 kWh at a margin of 0.8 yuan, and one that needs what it has."""
    prices = grid([1.0], [0.2])
    idle = vpp(load(0), prices, name="idle")
    seller = vpp(pv(10), load(0), prices, name="seller")
    buyer = vpp(load(10), prices, name="buyer")
    game = MarketGame(case(seller, idle, buyer))
    for split in (least_core_by_rows(game).split, nucleolus_by_rows(game).split):
        assert split["idle"] == pytest.approx(0, abs=1e-5)
        assert split.sum() == pytest.approx(8)
    assert nucleolus_by_rows(game).split["seller"] == pytest.approx(4, abs=1e-4)


def test_quadratic_costs_have_bounds_too():
    """Study B: five VPPs with a carbon ladder, whose pair limits never bind."""
    made = load_case("paper-b")
    game = MarketGame(made)
    values = coalition_values(made)
    total = values[tuple(made.names)]
    for members in (tuple(made.names), tuple(made.names[:2]), tuple(made.names[2:])):
        worth = game.worth(vector(game, members))
        assert worth.value == pytest.approx(values[members], abs=1e-5 * total)
        assert worth.bound[vector(game, members)].sum() == pytest.approx(
            worth.value, abs=1e-5 * total
        )
        for others, saved in values.items():
            assert saved <= worth.bound[vector(game, others)].sum() + 1e-5 * total
    found = least_core_by_rows(game, tolerance=1e-5)
    assert found.upper == pytest.approx(least_core(values)[0], abs=2e-5 * total)


def test_a_market_of_one_or_without_a_tie_is_refused():
    alone = case(vpp(load(1), grid([1], [0])))
    with pytest.raises(WrongInput, match="a market needs two VPPs or more"):
        MarketGame(alone)
