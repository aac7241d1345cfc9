"""Pictures of study B's theory: what is drawn is held against a number found in another way."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import market_hour
from drawn import line, panels_of, told

from vppcore.carbon import carbon_models, emission, market_of
from vppcore.components import CarbonMarket
from vppcore.errors import WrongInput
from vppcore.game.hour import play
from vppcore.game.money import play_in_money
from vppcore.game.rules import Rules
from vppcore.market import Hour
from vppcore.pages import figures_theory_b as theory
from vppcore.pages import tables_b

pytestmark = pytest.mark.usefixtures("fresh_style")


def points(axes) -> list[tuple[float, float]]:
    """Where marks stand alone, in the order in which they were drawn."""
    alone = [one for one in axes.get_lines() if one.get_marker() not in ("None", "", None)]
    drawn = [pair for one in alone for pair in zip(*one.get_data(), strict=True)]
    return [(float(x), float(y)) for x, y in drawn]


# --- carbon ---------------------------------------------------------------------------------------
@pytest.fixture
def market():
    """The paper's: 280 yuan/t, steps of 2 t, 25 % more on each of five."""
    return CarbonMarket(price=0.28, interval=2000.0, growth=0.25, levels=5.0)


def test_the_cost_is_the_area_below_the_price(market):
    above, below = panels_of(theory.ladder(market, 320.0))
    excess, price = line(above, "stepped price")
    for tonnes, cost in points(below):
        inside = (excess > 0) & (excess < tonnes)
        width = excess[1] - excess[0]
        assert width * price[inside].sum() == pytest.approx(cost, rel=0.02)
    assert [cost for _, cost in points(below)] == pytest.approx([560, 1260, 2100, 3080])
    assert "1,260 yuan" in told(above)


def test_a_flat_market_is_drawn_without_steps(market):
    above, below = panels_of(theory.ladder(replace(market, levels=1.0), 320.0))
    assert set(line(above, "stepped price")[1]) == {280.0}
    assert points(below) == []


def test_the_mirrored_reward_lies_above_its_chord_and_has_two_minima(market):
    above, below = panels_of(theory.mirror(market, 0.25, 310.0))
    excess, cost = line(above, "the reward rises")
    (left, right), (start, end) = line(above, "chord")
    middle = start + (excess - left) / (right - left) * (end - start)
    assert (cost >= middle - 1e-9).all() and (cost > middle + 1).any()
    excess, cost = line(below, "the reward rises")
    at = {round(float(x), 6): y for x, y in zip(excess, cost, strict=True)}
    assert at[-2.0] == pytest.approx(2 * 310 - 2 * 280)
    assert at[-4.0] == pytest.approx(4 * 310 - 2 * 280 - 2 * 350)
    assert at[-4.0] < at[0.0] == 0 < at[-2.0]


def test_each_model_stands_on_the_curve_that_bills_it(study_b):
    vpp = study_b.vpps[0]
    models, market = carbon_models(vpp), market_of(vpp)
    axes = theory.models_on_the_ladder(models, market, 320.0)
    drawn = points(axes)
    curves = ["280 yuan/t", "320 yuan/t", "ladder", "ladder"]
    for (tonnes, cost), name in zip(drawn, curves, strict=True):
        assert np.interp(tonnes, *line(axes, name)) == pytest.approx(cost, rel=1e-3)
    excess = [tonnes for tonnes, _ in drawn]
    assert max(excess) == excess[2]  # billed afterwards
    assert excess[3] < excess[1] < excess[0]


def test_bars_of_quota_and_emission_differ_by_the_excess(study_b, study_b_alone):
    emitted = {vpp.name: emission(vpp, study_b_alone[vpp.name]) / 1000 for vpp in study_b.vpps}
    excess = tables_b.excess_of(study_b, study_b_alone)
    axes = theory.quota_and_emission(pd.Series(emitted), excess)
    above, below = ([bar.get_width() for bar in box] for box in axes.containers)
    assert above == pytest.approx(list(emitted.values()))
    # the quota once more, from purchases and the turbine
    for vpp, drawn in zip(study_b.vpps, below, strict=True):
        flows = study_b_alone[vpp.name].balances["electricity"]
        quota = sum(
            part.carbon_quota * flows[part.name].clip(lower=0).sum() / 1000
            for part in vpp.components
            if getattr(part, "emission", 0.0)
        )
        assert drawn == pytest.approx(quota, rel=1e-6)


# --- the market of an hour ------------------------------------------------------------------------
@pytest.fixture
def example() -> Hour:
    """The chapter's, in kW."""
    return market_hour(surplus=(6000.0, 8000.0), deficit=(3000.0, 4000.0), reservation=(0.3, 0.38))


PRICES = np.array([0.60, 0.63])


def test_supply_and_demand_are_as_long_as_their_sums(example):
    axes = theory.supply_and_demand(example)
    ends: dict[float, float] = {}
    for bar in axes.patches:
        middle = bar.get_y() + bar.get_height() / 2
        ends[middle] = max(ends.get(middle, 0.0), bar.get_x() + bar.get_width())
    assert ends == pytest.approx({1.0: 14.0, 0.0: 7.0})
    assert "S0 6 MW" in told(axes)


def test_a_wish_is_where_the_next_kwh_is_worth_its_price(example):
    axes = theory.what_a_buyer_wants(example, 0.65)
    power, worth = line(axes, "worth of the next kWh")
    (deficit, tariff), (wish, price) = points(axes)
    assert (deficit, tariff, price) == pytest.approx((3.0, 0.75, 0.65))
    slope = (worth[1] - worth[0]) / (power[1] - power[0])
    assert worth[0] + slope * (wish - power[0]) == pytest.approx(0.65)
    assert worth[0] + slope * (deficit - power[0]) == pytest.approx(0.75)
    assert wish == pytest.approx(3 * (1.0 - 0.65) / (1.0 - 0.75))


def test_a_wish_of_fixed_demand_is_refused(example):
    with pytest.raises(WrongInput, match="no satisfaction coefficient"):
        theory.what_a_buyer_wants(replace(example, satisfaction=None), 0.65)


def test_payoffs_cross_where_buyers_rest(example):
    axes = theory.payoffs_over_share(example, PRICES, Rules())
    (share, one), (_, other) = (line(axes, each.get_label()) for each in axes.get_lines()[:2])
    crossing = np.interp(0.0, other - one, share)  # the difference rises
    ((rest, height),) = points(axes)
    assert rest == pytest.approx(crossing, abs=1e-4)
    offers = np.array([0.15 * 6, 0.12 * 8])
    assert rest == pytest.approx(offers[0] / offers.sum())
    assert height == pytest.approx(offers.sum() / 7)


def test_each_step_of_the_replicator_leaves_one_minus_the_step(example):
    axes = theory.ways_to_rest(example, PRICES, Rules(), (0.1, 0.9), (0.5, 1.5, 2.0))
    above, below = panels_of(axes)
    rest = 0.90 / 1.86
    for place, label, kept in (
        (above, "from 0.1", 0.5),
        (above, "from 0.9", 0.5),
        (below, "step 0.5", 0.5),
    ):
        away = line(place, label)[1] - rest
        assert away[1:] == pytest.approx(kept * away[:-1], abs=1e-9)
    to_and_fro = line(below, "step 2")[1]
    assert abs(to_and_fro[-1] - rest) > 0.1
    assert line(below, "step 1.5")[1][-1] == pytest.approx(rest, abs=0.01)


# --- sellers --------------------------------------------------------------------------------------
def test_marked_prices_are_the_best_answers(example):
    demands = {"fixed": "fixed demand", "elastic": "elastic demand"}
    fixed, elastic = panels_of(theory.profit_over_price(example, 0, demands))
    grid = (0.75 - 0.3) / theory.POINTS
    (held, _), (foreseen, utility) = points(fixed)
    assert held == pytest.approx(0.75)  # without an end below the tariff
    played = play(example, Rules())
    assert foreseen == pytest.approx(played.prices.iloc[0], abs=grid)
    margin = played.prices.iloc[0] - 0.3
    assert utility == pytest.approx(7000 * played.part.iloc[0] * margin, rel=1e-3)
    (held, _), (foreseen, _) = points(elastic)
    assert held == pytest.approx((1.0 + 0.3) / 2, abs=grid)
    assert foreseen == pytest.approx(
        play(example, Rules(demand="elastic")).prices.iloc[0], abs=grid
    )


def test_curves_of_equal_shares_meet_at_the_equilibrium(example):
    (fixed,) = panels_of(theory.profit_over_price(example, 1, {"fixed": "fixed demand"}))
    price, held = line(fixed, "shares held")
    _, foreseen = line(fixed, "shares answer")
    at = play(example, Rules()).prices.iloc[1]
    assert np.interp(at, price, held) == pytest.approx(np.interp(at, price, foreseen), rel=1e-4)


def test_size_makes_dear_and_popular(example):
    like = replace(example, reservation=np.array([0.3, 0.3]))
    sizes = np.linspace(2000.0, 14000.0, 13)
    above, below = panels_of(theory.size_of_a_seller(like, 0, sizes))
    for place in (above, below):
        surplus, own = line(place, "seller S0")
        _, other = line(place, "seller S1")
        assert np.interp(0.0, own - other, surplus) == pytest.approx(8.0)  # where both are equal
        assert (np.diff(own) > 0).all() and (np.diff(other) < 0).all()


def test_the_loop_converges_up_to_its_limit_and_not_beyond(example):
    axes = theory.rounds_of_the_loop(example, (0.6, 1.2), shown=60)
    _, usual = line(axes, "step 0.6")
    _, long = line(axes, "step 1.2")
    assert len(usual) - 1 == pytest.approx(play(example, Rules()).rounds, abs=2)
    assert len(long) == 61 and long[-1] > 1e-3
    assert "Step 0.6: at rest" in told(axes)


def test_what_is_paid_is_best_at_another_price_than_what_is_asked(study_b_hours):
    hour = study_b_hours[10]
    axes = theory.asked_and_paid(hour, 0, Rules())
    (asked, _), (sent, money) = points(axes)
    played = play(hour, Rules())
    assert asked == pytest.approx(played.prices.iloc[0], abs=2e-3)
    assert sent > asked
    price, paid = line(axes, "power sent")
    now = played.sent.iloc[:, 0].sum() * (played.prices.iloc[0] - hour.reservation[0])
    assert np.interp(played.prices.iloc[0], price, paid) == pytest.approx(now, rel=1e-2)
    assert money > play_in_money(hour, Rules()).earnings.iloc[0] * 0.9


def test_money_that_moves_adds_up_to_nothing():
    before = pd.Series({"A": -30.0, "B": 10.0, "C": 20.0})
    after = pd.Series({"A": -12.0, "B": 4.0, "C": 8.0})
    axes = theory.money_moved(before, after, "paid less (yuan)")
    drawn = [bar.get_width() for bar in axes.patches]
    assert drawn == [-18.0, 6.0, 12.0]
    assert re.search(r"together 0\.", told(axes))
