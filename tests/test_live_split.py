"""Split the cake: what a page divides is what vppcore's bargaining divides."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from vppcore import NotSolved, WrongInput, bargain, load_case
from vppcore.bargaining.lies import bargain_with_lie
from vppcore.bargaining.prices import best_position, prices_at
from vppcore.compiled import Compiled
from vppcore.cooperation.ends import choices_of, optimal_trades
from vppcore.cooperation.joint import joint_model
from vppcore.fairness import stability
from vppcore.live import split
from vppcore.pages import experiments
from vppcore.pages.live import split_the_cake
from vppcore.pages.study import read_case
from vppcore.pages.words_cooperation import lies as in_words
from vppcore.vpp import total

CASE = "paper-a-parent"
HELD = 1e-9  # a share of the cost by which a schedule may cost more, for the second road to an end


@pytest.fixture(scope="module")
def case():
    return load_case(CASE)


@pytest.fixture(scope="module")
def cake(case):
    return split.cake_of(case)


@pytest.fixture(scope="module")
def facts(case, cake):
    colours = dict.fromkeys(case.names, "#000000")
    return split.facts_of(cake, colours, [("#000000", "#ffffff")] * 3)


def some_setting(cake, seed):
    """All knobs turned at once."""
    random = np.random.default_rng(seed)
    setting = {}
    for knob in split.knobs_of(cake):
        value = random.uniform(knob.low, knob.high)
        setting[knob.name] = round(value) if knob.words else round(value, 3)
    return setting


@functools.cache
def optimum(choice="flattest"):
    """The case's optimal trades of that name, solved once."""
    return optimal_trades(load_case(CASE), choice)


# --- the page's numbers ---------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
def test_gains_payments_and_prices_are_those_of_bargain(case, cake, facts, seed):
    """The run that the page's command names, from the case on; the page has recorded numbers."""
    setting = some_setting(cake, seed)
    asked = dict(split.command_values(facts, setting))
    together = optimum(asked["trades"])
    liar, lie = asked["liar"], float(asked["understated"])
    lied = bargain_with_lie(case, cake.alone, together, liar, lie, asked["weights"])
    told = split.told(split.deal_at(facts, setting), liar, lie)
    position = best_position(told)
    small = 3e-6 * told.saving  # where the band binds, vppcore asks a solver
    assert told.gains(position) == pytest.approx(lied.told.gains.to_numpy(), abs=small)
    paid = told.incidence @ (told.at_mid + told.room * position)
    assert paid == pytest.approx(lied.told.table["payment"].to_numpy(), abs=small)
    for pair, prices in prices_at(told, position).items():
        agreed = lied.told.prices[pair].to_numpy()
        kept = np.isfinite(agreed)
        assert prices[kept] == pytest.approx(agreed[kept], abs=1e-4)


def test_as_in_the_book_is_the_flattest_split_by_contribution(case, cake, facts):
    usual = {knob.name: knob.usual for knob in split.knobs_of(cake)}
    asked = dict(split.command_values(facts, usual))
    assert asked == {"trades": "flattest", "weights": "contribution"}
    made = experiments.agree(case, asked["weights"], trades=asked["trades"])
    deal = split.deal_at(facts, usual)
    assert deal.shares == pytest.approx(made.split.gains.to_numpy(), abs=1e-6 * deal.saving)


def test_weights_of_2_1_1_give_the_first_vpp_half_of_the_saving(case):
    """What the notebook's Try it says."""
    made = experiments.agree(case, "2 1 1", trades="flattest")
    gains = made.split.gains
    assert gains.iloc[0] == pytest.approx(gains.sum() / 2)


def test_marks_are_the_weights_of_the_rules(case, cake, facts):
    for chosen in facts["deals"]:
        together = optimum(chosen["name"])
        for rule in split.MARKED:
            weights = bargain(case, cake.alone, together, rule).table["weight"]
            assert chosen["marks"][rule] == pytest.approx(weights.to_numpy(), abs=1e-6)
        assert sum(chosen["marks"]["Shapley"]) == pytest.approx(1)


def test_the_bound_is_below_every_cost_and_meets_it(facts):
    for chosen in facts["deals"]:
        cost = sum(chosen["with_trades"])
        assert cost == pytest.approx(facts["lower"], rel=1e-8)


def test_every_setting_of_the_sliders_leaves_something_to_agree_on(case, cake, facts):
    knobs = {knob.name: knob for knob in split.knobs_of(cake)}
    weights = {"first_weight": 0.3, "second_share": 0.5}
    for trades, _ in enumerate(facts["deals"]):
        deal = split.deal_at(facts, weights | {"trades": trades})
        for name in case.names:
            told = split.told(deal, name, knobs["understated"].high)
            assert told.gains(best_position(told)).min() > 0


def test_the_data_are_text_for_the_page(case):
    given = json.loads(split_the_cake(case))
    assert given["view"] == "split-the-cake" and given["notebook"] == "bargaining"
    assert given["knobs"][0]["name"] == "trades"
    assert len(given["facts"]["deals"]) == len(choices_of(case.names))


def test_another_currency_has_knobs_of_its_size(case):
    """Prices of everything ten times as high: weights stay, the lie's slider grows with it."""
    dear = case.change_tie(crossing_fee=10 * case.tie.crossing_fee)
    for vpp in case.vpps:
        for part in vpp.components:
            new = {
                field: 10 * getattr(part, field)
                for field in ("price", "buy_price", "sell_price", "operation_cost", "compensation")
                if hasattr(part, field)
            }
            dear = dear.change(vpp.name, part.name, **new) if new else dear
    cake = split.cake_of(dear)
    knobs = {knob.name: knob for knob in split.knobs_of(cake)}
    assert knobs["understated"].high > 5_000
    assert cake.lower == pytest.approx(sum(cake.deals["flattest"].with_trades), rel=1e-6)


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ("paper-b", "found 5 VPPs; allowed: 3"),
        ("template", "found 2 VPPs; allowed: 3"),
    ],
)
def test_another_number_of_vpps_is_said_and_shows_nothing(changed, sentence, capsys):
    assert split_the_cake(load_case(changed)) == ""
    assert sentence in capsys.readouterr().out


def test_a_case_without_trades_shows_nothing(case, capsys):
    assert split_the_cake(replace(case, tie=None)) == ""
    assert "found no tie" in capsys.readouterr().out
    dear = read_case(CASE, {"case": CASE, "crossing_fee": 5.0})
    assert split_the_cake(dear) == ""
    assert "leave a VPP out or save nothing" in capsys.readouterr().out


# --- the ends of the optimal trades ---------------------------------------------------------------
@pytest.mark.parametrize("name", ["VPP1", "VPP2", "VPP3"])
@pytest.mark.parametrize("end", ["least", "most"])
def test_an_end_is_what_a_linear_problem_finds(case, name, end):
    """Second road: the bill alone, or all others', with the cost held at the optimum."""
    found = optimum(f"{name} {end}")
    models, _, rows = joint_model(case)
    cost = total(model.cost for model in models.values())
    least = found.certificate.lower
    held = [*rows, (cost - least) / (HELD * least) <= 1]
    counted = [each for each in models if (each == name) == (end == "least")]
    answer = Compiled(total(models[each].cost for each in counted), held, "end").solve("highs")
    bill = answer.value if end == "least" else least - answer.value
    assert found.costs[name] == pytest.approx(bill, abs=1e-6 * least)
    assert found.cost == pytest.approx(least, rel=1e-8)
    assert found.exact


def test_other_trades_and_ends_are_refused(case):
    with pytest.raises(WrongInput, match="trades: found 'VPP9 least'; allowed: flattest, VPP1 le"):
        optimal_trades(case, "VPP9 least")
    with pytest.raises(WrongInput, match="trades: found 'best'; allowed: negotiated, flattest"):
        experiments.agree(case, "equal", trades="best")
    with pytest.raises(WrongInput, match="weights: found 2 numbers; allowed: 3, one for each of"):
        experiments.agree(case, "1 2")


# --- lies -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("understated", [-900.0, 400.0])
def test_a_lie_is_worth_what_the_exercise_proves(case, cake, understated):
    together = optimum()
    honest = bargain(case, cake.alone, together, "2 1 1")
    for liar in case.names:
        lied = bargain_with_lie(case, cake.alone, together, liar, understated, "2 1 1")
        weights = honest.table["weight"]
        expected = -weights * understated
        expected[liar] += understated
        changes = lied.gains - honest.gains
        assert changes.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-6 * abs(understated))
        assert not lied.told.bound


def test_the_table_of_lies_has_a_row_for_each_liar_and_says_where_no_deal_is_left(case, cake):
    together = optimum()
    made = experiments.Agreement(cake.alone, together, bargain(case, cake.alone, together))
    table = experiments.lies(case, "contribution", made)
    saving = made.split.gains.sum()
    assert list(table.index) == case.names
    assert table["told too low"].to_numpy() == pytest.approx([experiments.LIE * saving] * 3)
    assert table[case.names].sum(axis=1).to_numpy() == pytest.approx([saving] * 3)
    assert "VPP1's by 437" in in_words(table, made.split.gains)
    much = experiments.lies(case, "contribution", made, "VPP2", 2 * saving)
    assert much.loc["VPP2", case.names].isna().all()
    assert "nothing would be shared" in in_words(much, made.split.gains)
    with pytest.raises(NotSolved):
        bargain_with_lie(case, cake.alone, together, "VPP2", 2 * saving)
    with pytest.raises(WrongInput, match="liar: found 'VPP7'; allowed: VPP1, VPP2, VPP3"):
        bargain_with_lie(case, cake.alone, together, "VPP7", 1.0)


# --- what the chapter says beside the element -----------------------------------------------------
def test_payments_move_with_the_trades_and_gains_do_not(cake, facts):
    weights = {knob.name: knob.usual for knob in split.knobs_of(cake)}
    gains, third = [], []
    for trades, _ in enumerate(facts["deals"]):
        deal = split.deal_at(facts, weights | {"trades": trades})
        gains.append(deal.shares)
        third.append((deal.alone - deal.with_trades).iloc[2] - deal.shares[2])
    assert np.ptp(gains, axis=0).max() < 1e-6 * deal.saving
    assert min(third) < 0 < max(third)


def test_only_equal_weights_are_outside_the_core(cake, facts):
    names = list(facts["vpps"])
    for chosen, deal in zip(facts["deals"], cake.deals.values(), strict=True):
        splits = {rule: pd.Series(mark, names) for rule, mark in chosen["marks"].items()}
        table = stability(cake.values, deal.saving * pd.DataFrame(splits))
        outside = table.index[~table["in the core"].astype(bool)]
        assert list(outside) == ["equal"]
        assert table.loc["equal", "of"] == "VPP1 + VPP2"


def test_a_lie_is_worth_least_to_the_largest_weight_and_the_band_binds_in_a_corner(facts):
    honest = facts["deals"][0]["marks"]["contribution"]
    assert np.argmax(honest) == 0
    for trades, _ in enumerate(facts["deals"]):
        corner = {"trades": trades, "first_weight": 0.01, "second_share": 0.01}
        deal = split.deal_at(facts, corner)
        gains = deal.gains(best_position(deal))
        assert gains[2] < 0.9 * deal.shares[2]


def test_values_are_those_of_pairs_in_order(cake, facts):
    for value, pair in zip(facts["values"], combinations(facts["vpps"], 2), strict=True):
        assert value == cake.values[pair]


def test_deals_that_no_trade_joins_are_refused(cake, case):
    deal = cake.deals["flattest"]
    alone = {pair: kw * (pair == ("VPP1", "VPP2")) for pair, kw in deal.trade.items()}
    with pytest.raises(WrongInput, match="leave a VPP out"):
        split.refuse_apart(case, replace(deal, trade=alone))
