"""What the page of the multiple game compares: readings, money that is paid, ways to trade, talks."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from vppcore import NotSolved, WrongInput, load_case
from vppcore.components import PowerMarket
from vppcore.game.agents import talks_of
from vppcore.game.certificate import certify
from vppcore.game.day import trade_by_game
from vppcore.game.money import play_in_money
from vppcore.game.rules import Rules
from vppcore.market import Hour
from vppcore.pages import (
    checks_b,
    experiments_game,
    figures_game,
    tables_b,
    tables_game,
    words_game,
)

TEXT = Rules.of_the_text()


@pytest.fixture(scope="module")
def by_text(handmade, five):
    return trade_by_game(handmade, five, TEXT, starts=1)


@pytest.fixture(scope="module")
def chosen(handmade):
    return experiments_game.readings(handmade, TEXT)


@pytest.fixture(scope="module")
def games(handmade, five, chosen):
    return experiments_game.games_of(handmade, five, chosen)


@pytest.fixture(scope="module")
def without_coefficients(handmade):
    return handmade.change_all("power_market", satisfaction=None)


@pytest.fixture
def pair():
    """Two sellers, two buyers who are alike; short of supply by a little."""
    return Hour(
        1,
        ("A", "B"),
        ("C", "D"),
        np.array([3.0, 3.6]),
        np.array([4.0, 3.0]),
        np.array([0.3, 0.38]),
        grid_price=0.75,
        price_min=0.3,
        price_max=1.2,
        satisfaction=np.full(2, 4 / 3),
    )


# --- which game -----------------------------------------------------------------------------------
def test_the_text_s_game_is_played_where_every_vpp_has_a_coefficient(
    handmade, without_coefficients
):
    assert experiments_game.rules_for(handmade) == TEXT
    assert experiments_game.rules_for(without_coefficients) == Rules()
    chosen = experiments_game.rules_for(handmade, "fixed", price_step=0.5)
    assert chosen == Rules(price_step=0.5)
    assert experiments_game.rules_for(handmade, "fixed", "text") == Rules(order="text")


def test_elastic_demand_without_a_coefficient_is_refused(without_coefficients):
    with pytest.raises(WrongInput, match="VPP5 of paper-b-handmade without a satisfaction"):
        experiments_game.rules_for(without_coefficients, "elastic")


def test_a_page_says_which_game_it_plays_and_why_not_the_text_s(handmade, without_coefficients):
    assert words_game.which_game(handmade, TEXT).count(". ") == 1
    said = words_game.which_game(without_coefficients, Rules())
    assert "fixed demand" in said and "VPP1, VPP2" in said and "no satisfaction" in said
    warned = words_game.which_game(handmade, Rules(payoff="unshared"))
    assert "without an equilibrium" in warned


def test_a_coefficient_of_some_vpps_is_none_of_all(handmade):
    first = handmade.vpps[0]
    bare = replace(first.component("power_market"), satisfaction=None)
    others = tuple(part for part in first.components if not isinstance(part, PowerMarket))
    case = replace(handmade, vpps=(replace(first, components=(*others, bare)), *handmade.vpps[1:]))
    assert tables_game.without_satisfaction(case) == ["VPP1"]
    assert list(experiments_game.readings(case, Rules())) == ["fixed, text", "fixed, anticipating"]


def test_closed_hours_are_listed_by_their_reason(by_text):
    said = words_game.closed_hours(by_text)
    assert said == "In hours 8 and 17 to 21 nobody has power to sell."
    assert sorted([*by_text.closed, *by_text.hours]) == list(range(1, 25))


# --- readings -------------------------------------------------------------------------------------
def test_each_reading_is_the_game_by_its_rules(games, chosen, by_text, game):
    assert (
        list(games)
        == list(chosen)
        == [
            "elastic, text",
            "elastic, anticipating",
            "fixed, text",
            "fixed, anticipating",
        ]
    )
    pd.testing.assert_frame_equal(games["elastic, text"].prices, by_text.prices)
    pd.testing.assert_frame_equal(games["fixed, anticipating"].prices, game.prices)


def test_a_game_that_is_known_is_not_played_again(handmade, five, by_text):
    found = experiments_game.games_of(handmade, five, {"known": TEXT}, known=(TEXT, by_text))
    assert found["known"] is by_text


def test_sellers_who_foresee_buyers_who_differ_play_only_where_asked(handmade, capsys):
    first = handmade.vpps[0]
    other = replace(first.component("power_market"), satisfaction=1.5)
    rest = tuple(part for part in first.components if not isinstance(part, PowerMarket))
    case = replace(handmade, vpps=(replace(first, components=(*rest, other)), *handmade.vpps[1:]))
    assert tables_game.satisfaction_coefficients(case) == 2
    assert "elastic, anticipating" not in experiments_game.readings(case, TEXT)
    assert "left out" in capsys.readouterr().out
    asked = Rules(demand="elastic")
    assert experiments_game.readings(case, asked)["elastic, anticipating"] == asked
    assert capsys.readouterr().out == ""


def test_a_reading_without_a_rest_is_left_out_with_a_sentence(handmade, five, capsys):
    chased = {"chased": Rules(price_step=1.9, max_rounds=20)}
    assert experiments_game.games_of(handmade, five, chased) == {}
    assert capsys.readouterr().out.startswith("chased: step ")


def test_prices_in_the_text_s_order_with_fixed_demand_are_all_the_highest(games):
    short = tables_game.readings_in_short(games)
    hours = len(games["fixed, text"].hours)
    assert short.loc["fixed, text", "hours at the highest price"] == hours
    assert (short["hours at the highest price"].drop("fixed, text") < hours).all()
    assert short["largest gain (%)"].max() == pytest.approx(0, abs=1e-6)
    said = words_game.prices_asked(games["fixed, text"])
    assert said.count("the highest price that buyers accept") == 2 and "less" not in said


def test_prices_that_foresee_are_never_above_those_of_the_text_s_order(games):
    for demand in ("elastic", "fixed"):
        higher, lower = games[f"{demand}, text"].prices, games[f"{demand}, anticipating"].prices
        assert (lower - higher).max().max() <= 1e-9


def test_gains_in_money_are_those_of_the_proofs(games):
    table = tables_game.money_by_reading(games)
    assert table.loc[10, "fixed, anticipating"] == pytest.approx(
        100 * games["fixed, anticipating"].proofs.loc[10, "money"]
    )
    count = (games["elastic, text"].proofs["money"] > tables_game.WORTHWHILE).sum()
    short = tables_game.readings_in_short(games)
    assert short.loc["elastic, text", "hours with a gain in money"] == count


def test_every_hour_of_every_reading_is_kept(games):
    table = tables_game.all_hours(games)
    sellers = sum(len(h.prices) for game in games.values() for h in game.hours.values())
    assert len(table) == sellers
    one = table[(table["reading"] == "elastic, text") & (table["hour"] == 10)]
    ten = games["elastic, text"].hours[10]
    assert one["sent"].to_numpy() == pytest.approx(ten.sent.sum().to_numpy())
    assert one["asked"].sum() == pytest.approx(ten.hour.deficit.sum())
    assert one["wished"].sum() >= one["asked"].sum()
    assert one["probability"].sum() == pytest.approx(1)


def test_rivals_stand_with_price_and_probability(games):
    table = tables_game.rivals_by_reading(games)
    ten = games["elastic, text"].hours[10]
    expected = f"{ten.prices['VPP1']:.3f}  {100 * ten.part['VPP1']:.1f} %"
    assert table.loc[(10, "VPP1"), "elastic, text"] == expected
    alone = {step for step, h in games["elastic, text"].hours.items() if len(h.prices) == 1}
    assert not alone & set(table.index.get_level_values("hour"))


def test_one_hour_by_every_reading_and_its_variants(games, chosen, handmade):
    shown = games["elastic, text"].hours[10]
    several = experiments_game.hour_by_reading(shown, chosen)
    assert len(several) == 8
    ours, proof = several["elastic, text; counted from the grid"]
    grid = Rules.of_the_text(counted_from="grid")
    pd.testing.assert_series_equal(ours.part, experiments_game.play(shown.hour, grid).part)
    assert proof["gain"] < 1e-9
    printed = tables_game.printed_probabilities(handmade, shown)
    table = tables_game.readings_of_an_hour(several, printed)
    assert table.loc["elastic, text", "price VPP1"] == pytest.approx(0.65)
    assert table.loc["elastic, text", "price VPP4"] == pytest.approx(0.69)
    assert table.loc["printed", "probability VPP1"] == 0.4819
    assert table.loc["fixed, text", "wished (MW)"] == pytest.approx(shown.hour.deficit.sum() / 1000)
    other = games["elastic, text"].hours[12]
    assert tables_game.printed_probabilities(handmade, other) is None


def test_verdicts_by_reading_are_those_of_the_claims(handmade, games, chosen):
    verdicts = tables_game.verdicts_by_reading(handmade, games, chosen)
    assert verdicts.loc["B18", "fixed, text"] == "not reproduced"  # all ask the same
    assert set(verdicts.loc["B16"]) <= {"met by fitting", "not reproduced"}
    met = tables_game.met_by_reading(handmade, verdicts, games, chosen)
    coefficients = met["coefficients chosen beside the fit"]
    assert coefficients.tolist() == [1, 1, 0, 0]
    ours = tables_game.printed_numbers(games["fixed, anticipating"])
    assert ours["B16"] + ours["B17"] == pytest.approx(1)
    assert met.loc["fixed, anticipating", "printed numbers met within 1 %"] == "4 of 4"
    far = {"far": SimpleNamespace(table=2 * games["fixed, text"].table, hours={})}
    none = tables_game.met_by_reading(handmade, verdicts.assign(far=""), far, {"far": Rules()})
    assert none.iloc[0, 0] == "0 of 4" and none.iloc[0, 2] == "0 of 5"


# --- equilibrium ----------------------------------------------------------------------------------
def test_buyers_who_gain_nothing_may_choose_as_they_like(games):
    fixed = games["fixed, text"]
    assert all(checks_b.buyers_gain_nothing(played) for played in fixed.hours.values())
    assert fixed.proofs["starts"].max() < 1e-8  # they go by the surplus, from every beginning
    assert checks_b.is_equilibrium(fixed, "shared")[0]
    text = games["elastic, text"]
    assert not checks_b.buyers_gain_nothing(text.hours[10])
    moved = text.proofs.copy()
    moved.loc[10, "starts"] = 0.5
    assert not checks_b.is_equilibrium(SimpleNamespace(proofs=moved, hours=text.hours), "shared")[0]


def test_buyers_who_differ_may_have_two_equilibria(pair):
    """From one beginning C goes to A and D to B, from the other the other way round."""
    unlike = replace(pair, satisfaction=np.array([1.4, 1.7]))
    ways = (np.eye(2), np.eye(2)[::-1])
    found = [
        experiments_game.play(unlike, TEXT, (np.array(prices), shares))
        for prices, shares in zip([(0.6, 0.7), (0.7, 0.6)], ways, strict=True)
    ]
    assert np.abs(found[0].prices - found[1].prices).max() > 0.01
    proofs = pd.DataFrame({1: certify(found[0], 10, TEXT)}).T
    assert proofs.loc[1, "starts"] > 0.01 and proofs.loc[1, "gain"] < 1e-9
    game = SimpleNamespace(proofs=proofs, hours={1: found[0]})
    assert checks_b.is_equilibrium(game, "shared")[0]


def test_a_loss_in_an_hour_is_found(by_text):
    assert checks_b.nobody_loses_in_an_hour(by_text)[0]
    spoiled = by_text.least_gains.copy()
    spoiled.loc[10, "VPP4"] = -5.0
    found = SimpleNamespace(least_gains=spoiled, table=by_text.table)
    assert checks_b.nobody_loses_in_an_hour(found) == (False, "VPP4 loses 5.00 yuan in hour 10")
    assert checks_b.nobody_loses_in_an_hour(SimpleNamespace(least_gains=pd.DataFrame()))[0]


@pytest.mark.parametrize("rules", [Rules(), TEXT, Rules(demand="elastic")])
def test_a_disturbance_of_all_dies_out_and_one_of_two_apart_stays(by_text, rules):
    moved = experiments_game.moved_apart(
        experiments_game.play(by_text.hours[10].hour, rules), rules
    )
    assert moved.loc["all buyers alike", "shares still off by"] < 1e-6
    apart = moved.loc["two buyers apart"]
    assert apart["shares still off by"] == pytest.approx(apart["shares moved by"], rel=1e-3)
    assert moved["power chosen off by"].max() < 1e-6


def test_one_buyer_cannot_be_moved_apart(pair):
    one = replace(pair, buyers=("C",), deficit=pair.deficit[:1], satisfaction=pair.satisfaction[:1])
    assert experiments_game.moved_apart(experiments_game.play(one), Rules()) is None


# --- money that is paid ---------------------------------------------------------------------------
def test_an_hour_short_of_supply_is_at_the_highest_price_in_money(pair):
    played = experiments_game.play(pair, TEXT)
    proof = pd.DataFrame({1: {"money": 0.3}}).T
    game = SimpleNamespace(hours={1: played}, proofs=proof)
    paid = experiments_game.day_in_money(game, TEXT)
    table = tables_game.money_beside(game, paid)
    assert table.loc[1, "how"] == "at the highest price"
    assert table.loc[1, "prices in money"] == "0.750, 0.750"
    assert words_game.game_in_money(game, paid) == (
        "There is less than what is needed in hour 1. In money all prices are at the highest in "
        "hour 1. What another price could still bring a seller is less than 0.1 % of what it earns."
    )
    much = {1: replace(paid[1], gain=0.02)}
    assert words_game.game_in_money(game, much).endswith("is 2.0 % of what it earns.")
    assert experiments_game.lotteries_to_show(paid, 1) is None
    assert checks_b.money_rests(paid)[0]
    left = {1: replace(paid[1], gain=0.1)}
    assert not checks_b.money_rests(left)[0] and checks_b.money_rests({})[0]


def test_an_hour_without_a_rest_in_money_is_said_and_left_out(pair, monkeypatch, capsys):
    def restless(hour, rules):
        raise NotSolved("step 1: the buyers' rest was not found", status="limit")

    monkeypatch.setattr(experiments_game, "play_in_money", restless)
    game = SimpleNamespace(hours={1: experiments_game.play(pair, TEXT)})
    paid = experiments_game.day_in_money(game, TEXT)
    assert paid == {} and "in money: step 1" in capsys.readouterr().out
    assert tables_game.money_beside(game, paid).empty
    assert words_game.game_in_money(game, paid) == "No hour was played in money."


def test_an_hour_that_is_barely_long_has_lotteries(pair):
    barely = replace(pair, surplus=np.array([3.4, 3.9]))
    result = play_in_money(barely, TEXT)
    assert not result.pure
    axes = figures_game.lotteries(result, ["A", "B", "C", "D"])
    heights = [bar.get_height() for group in axes.containers for bar in group]
    assert sum(heights) == pytest.approx(2, abs=0.2)  # rare prices are left out
    pyplot.close("all")
    paid = {3: replace(result, pure=True), 4: result}
    assert experiments_game.lotteries_to_show(paid, 3) == 4
    assert experiments_game.lotteries_to_show(paid, 4) == 4


def test_prices_of_all_readings_are_drawn(games, handmade):
    band = tables_b.price_limits(handmade)
    figures_game.prices_by_reading(games, band, handmade.names)
    drawn = pyplot.gcf().axes
    assert [axes.get_title(loc="left") or axes.get_title() for axes in drawn] == list(games)
    pyplot.close("all")
    figures_game.prices_by_reading({}, band, handmade.names)


# --- ways to trade --------------------------------------------------------------------------------
def test_scenario_1_has_both_readings(handmade, five, by_text, games):
    ways = tables_game.ways_to_trade(by_text, experiments_game.conventional_ways(handmade, five))
    assert list(ways.index) == ["no trade", "mid-market", "equal", "cheapest first", "game"]
    both = tables_game.both_readings_of_scenario_1(ways, games)
    saved = both["the game saves against it"]
    assert saved["no trade"] == pytest.approx(by_text.table["gain"].sum())
    assert saved["game: elastic, text"] == pytest.approx(0, abs=1e-6)
    assert saved[["mid-market", "equal", "cheapest first"]].abs().max() < 0.01 * saved["no trade"]
    said = words_game.worth_of_the_game(ways)
    assert f"Against no trade the game saves {saved['no trade']:,.0f} yuan" in said
    alone = words_game.worth_of_the_game(ways.loc[["no trade", "game"]])
    assert alone.endswith("of what all pay).")


@pytest.fixture(scope="module", params=[{"limit": 500.0}, {"crossing_fee": 0.05}])
def crossed(request, handmade, five):
    case = handmade.change_tie(**request.param)
    return case, trade_by_game(case, five, TEXT, starts=0)


def test_a_limit_and_a_fee_stand_in_the_tables(crossed):
    case, game = crossed
    said = words_game.tie_said(case, game)
    table = tables_game.account(game)
    if case.tie.crossing_fee:
        fee = 0.05 * 2 * game.trades.clip(lower=0).to_numpy().sum()
        assert table["of it crossing fee"].sum() == pytest.approx(fee)
        assert f"a fee of 0.05 yuan/kWh of each side takes {fee:,.0f} yuan in all" in said
        assert tables_b.price_limits(case)["high"].max() == pytest.approx(1.15)
        assert not tables_game.tie_binds(game)
    else:
        assert "of it crossing fee" not in table
        assert said == (
            "The largest trade of a pair is 500 kW, 500 are allowed, and there is no fee."
        )
        assert tables_game.tie_binds(game)
    before = table["alone"] - table["with trades"] - table["payment"]
    assert before.to_numpy() == pytest.approx(table["gain"].to_numpy())


def test_with_a_binding_tie_another_band_may_deliver_other_energy(crossed, by_text):
    _, game = crossed
    other = replace(by_text, trades=2 * by_text.trades)
    assert checks_b.same_energy_other_money(game, other)[0] is tables_game.tie_binds(game)
    assert not checks_b.same_energy_other_money(by_text, other)[0]


# --- talks ----------------------------------------------------------------------------------------
def test_talks_of_the_day_end_where_one_loop_does(by_text):
    talked = experiments_game.talk_and_time(by_text, TEXT)
    assert checks_b.talks_meet_the_loop(talked.day, by_text)[0]
    assert set(talked.seconds) == {"one loop", "talks", "talks in 2 processes"}
    table = tables_game.talks_in_short(talked.day, by_text)["the day"]
    kinds = table[[name for name in table.index if name.startswith("messages: ")]]
    assert sum(int(n.replace(",", "")) for n in kinds) == talked.day.words().sum()
    waits = tables_game.waiting(talked.day)
    assert waits["one loop"] == tables_game.exchanges_of(talked.day).sum()
    assert waits["distributed"] == tables_game.exchanges_of(talked.day).max()
    moved = replace(by_text.hours[10], prices=by_text.hours[10].prices + 0.01)
    other = SimpleNamespace(hours={**by_text.hours, 10: moved})
    assert not checks_b.talks_meet_the_loop(talked.day, other)[0]


def test_exchanges_are_counted_as_the_agents_make_them(pair):
    """By hand: announcements of prices and rounds of imitation, counted while they happen."""
    talks = talks_of(pair, TEXT)
    counted = {"announce_prices": 0, "cover": 0}
    announce, cover = talks.announce_prices, talks.sellers[0].cover

    def announced():
        counted["announce_prices"] += 1
        announce()

    def covered():
        counted["cover"] += 1
        return cover()

    talks.announce_prices = announced
    talks.sellers[0].cover = covered
    talks.run()
    day = SimpleNamespace(
        hours={1: SimpleNamespace(words=talks.table(), prices=pd.Series([0.0, 0.0]))}
    )
    assert tables_game.exchanges_of(day)[1] == sum(counted.values())


def test_talks_that_cannot_be_held_are_said(by_text):
    needs_more = Rules(demand="elastic", satisfaction="log")
    talked = experiments_game.talk_and_time(by_text, needs_more)
    assert talked.day is None and "distributed game" in talked.why
    assert tables_game.waiting(None) == {} and checks_b.talks_meet_the_loop(None, by_text)[0]
    nobody = experiments_game.talk_and_time(SimpleNamespace(hours={}), TEXT)
    assert nobody.why == "no hour has a market"


# --- mechanisms -----------------------------------------------------------------------------------
def test_mechanisms_have_a_row_for_every_way(handmade, five, by_text, games):
    conventional = experiments_game.conventional_ways(handmade, five)
    trades = tables_game.trades_by_name(conventional, games)
    best = SimpleNamespace(cost=0.5 * by_text.cost, trades=by_text.trades, dispatches=five)
    table = tables_b.mechanisms(handmade, five, trades, best)
    assert len(table) == 2 + 3 + 4
    row = table.loc["game (paper B): elastic, text"]
    assert row["cost (yuan)"] == by_text.cost
    assert row["saved (yuan)"] == pytest.approx(by_text.table["gain"].sum())
    assert checks_b.no_mechanism_beats_the_planner(table)[0]
    dear = table.copy()
    dear.loc["planned together (paper A)", "cost (yuan)"] = 2 * by_text.cost
    assert not checks_b.no_mechanism_beats_the_planner(dear)[0]


def test_the_paper_s_case_has_coefficients():
    assert tables_game.without_satisfaction(load_case("paper-b")) == []


def test_a_second_road_without_an_answer_says_so(monkeypatch, capsys, study_b):
    """It neither stops the page nor passes for an agreement."""
    from vppcore import NotSolved
    from vppcore.pages import checks_b, experiments_game

    def no_answer(case, solver):
        raise NotSolved(f"joint optimum: {solver} ran out of time", status="limit")

    monkeypatch.setattr(experiments_game, "pool", no_answer)
    assert experiments_game.other_optimum(study_b, "auto") is None
    said = capsys.readouterr().out
    assert said == "no second road to the joint optimum: joint optimum: osqp ran out of time\n"
    assert checks_b.same_optimum(None, None) == (True, "")
