"""What study B's pages show, compare and check: tables by hand, checks that hold and fail."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from vppcore import dispatch
from vppcore.carbon import carbon_models, market_of
from vppcore.components import Clock
from vppcore.pages import checks_b, experiments_carbon, experiments_game, tables_b, words_game

FLAT_PRICE = 320.0  # yuan/t


@pytest.fixture(scope="module")
def models(handmade):
    return carbon_models(handmade.vpp("VPP1"), FLAT_PRICE / 1000)


# --- tables ---------------------------------------------------------------------------------------
def test_loads_and_plants_are_those_of_the_case(handmade):
    loads, sun = tables_b.load_of_each(handmade), tables_b.renewables_of_each(handmade)
    assert list(loads) == list(sun) == handmade.names
    plants = tables_b.plants_of_each(handmade)
    for name, table in plants.items():
        assert table.sum(axis=1).to_numpy() == pytest.approx(sun[name].to_numpy())
    assert tables_b.side_by_side(plants).shape[1] == sum(len(table.T) for table in plants.values())


def test_fitted_numbers_are_counted_by_source():
    rows = [("a", "scale", "calibrated"), ("a", "rating", "calibrated"), ("b", "price", "printed")]
    table = pd.DataFrame(rows, columns=["source", "parameter", "status"])
    counted = tables_b.fitted_numbers(table)
    assert counted.to_dict("records") == [{"source": "a", "numbers": 2, "of": "scale, rating"}]
    assert tables_b.fitted_numbers(table[table["status"] == "printed"]).empty


def test_bills_follow_the_ladder(handmade):
    ladder = market_of(handmade.vpp("VPP1"))
    bills = tables_b.carbon_bills(ladder, FLAT_PRICE, np.array([-1.0, 0.0, 3.0]))
    assert bills["stepped"].tolist() == pytest.approx([-280.0, 0.0, 280 * 2 + 350 * 1])
    assert bills["flat, 320 yuan/t"].tolist() == pytest.approx([-320.0, 0.0, 960.0])


def test_a_map_of_ladders_keeps_what_is_fixed():
    rows = [(p, i, g, p + g) for p in (140, 280) for i in (1.0, 2.0) for g in (0.0, 0.5)]
    swept = pd.DataFrame(rows, columns=["price", "interval", "growth", "total"])
    shown = tables_b.ladder_map(swept, "total", "price", "interval", 2.0)
    assert shown.loc[280, 0.5] == 280.5 and shown.shape == (2, 2)


@pytest.fixture(scope="module")
def readings(handmade):
    """VPP1's day under each reading of the text: 0.5 kg for a called kWh, 0.06 for wind and sun."""
    return experiments_carbon.variants(handmade, "VPP1", 0.5, 0.06, 0.25, "auto")


def test_each_reading_of_the_text_is_a_day_of_its_own(handmade, readings):
    own = dispatch(handmade.vpp("VPP1"))
    assert readings.iloc[0]["total"] == pytest.approx(own.cost)
    assert readings.iloc[0]["in money"] == pytest.approx(own.costs["demand response"])
    assert readings["total"].to_numpy() == pytest.approx(
        (readings["operation"] + readings["carbon"]).to_numpy()
    )
    beside, instead = readings.index[2:4]
    assert (readings.loc[[beside, instead], "in credits"]).to_numpy() == pytest.approx(
        0.5 * readings.loc[[beside, instead], "called"].to_numpy()
    )
    assert (readings["in credits"].drop([beside, instead]) == 0).all()
    assert readings.loc[beside, "called"] < readings["called"].iloc[0]  # credits on top cost more
    assert (readings["carbon"].iloc[4:] < 0).all()  # quota of wind and sun is an income


def test_the_price_of_a_reading_is_that_of_the_step_its_day_ends_on(handmade, readings):
    market = market_of(handmade.vpp("VPP1"))
    markets = dict.fromkeys(readings.index, market)
    markets[readings.index[1]] = replace(market, rise="exponential")
    markets[readings.index[-1]] = replace(market, reward_growth=0.25)
    for name, row in readings.iterrows():
        asked = markets[name].marginal_price(row["excess"])
        assert row["price"] == pytest.approx(1000 * asked, rel=1e-4), name
        assert row["carbon"] == pytest.approx(markets[name].bill(row["excess"])), name


def test_credits_follow_the_purchase_unless_given(handmade):
    plant = handmade.vpp("VPP1")
    assert experiments_carbon.emission_of_purchase(plant) == pytest.approx(0.85522)
    asked = experiments_carbon.variants(handmade, "VPP1", None, 0.06, 0.25, "auto")
    called = asked.iloc[3]
    assert called["in credits"] == pytest.approx(0.85522 * called["called"])


def test_a_vpp_without_called_load_has_no_reading_of_credits(handmade):
    bare = replace(
        handmade,
        vpps=tuple(
            replace(
                plant,
                components=tuple(c for c in plant.components if c.kind != "controllable_load"),
            )
            for plant in handmade.vpps
        ),
    )
    found = experiments_carbon.variants(bare, "VPP1", None, 0.06, 0.25, "auto")
    assert len(found) == 6 and (found["called"] == 0).all()


def test_marginal_prices_of_three_ladders_by_hand(handmade):
    ladders = experiments_carbon.ladders_of(market_of(handmade.vpp("VPP1")), 0.25)
    table = tables_b.marginal_prices(ladders, np.array([-5.0, -1.0, 1.0, 5.0]))
    assert table["linear rise"].tolist() == pytest.approx([280, 280, 280, 420])
    assert table["exponential rise"].tolist() == pytest.approx([280, 280, 280, 437.5])
    mirrored = table["linear rise, reward rises too"]
    assert mirrored.tolist() == pytest.approx([420, 280, 280, 420])


def test_both_rises_of_a_day(handmade):
    plant = handmade.vpp("VPP1")
    rises = experiments_carbon.both_rises(plant, "auto")
    assert rises.loc["linear", "total"] == pytest.approx(dispatch(plant).cost)
    assert rises.loc["exponential", "total"] >= rises.loc["linear", "total"] - 0.05
    steps = [f"step {step}" for step in range(1, 6)]
    assert rises.loc["linear", steps].tolist() == pytest.approx([280, 350, 420, 490, 560])


def test_a_reward_is_proven_by_the_best_of_its_steps():
    steps = pd.DataFrame({"total": [12.0, 10.0, np.nan]})
    assert checks_b.reward_is_proven(10.0, steps)[0]
    holds, sentence = checks_b.reward_is_proven(9.99, steps)
    assert not holds and "9.9900 yuan by binaries, 10.0000 step by step" in sentence


def test_a_reward_may_make_the_planned_ladder_cheaper_than_the_flat_price(handmade):
    """With quota to sell and a reward that rises, Model 4 earns more than Model 1; the other orders stand."""
    made = experiments_carbon.with_reward(handmade, 0.06, 1.0)
    plant = made.vpp("VPP1")
    table = carbon_models(plant, FLAT_PRICE / 1000)
    assert table["total"].iloc[3] < table["total"].iloc[0]
    assert checks_b.models_in_order({"VPP1": table}, market_of(plant), FLAT_PRICE)[0]
    usual = market_of(handmade.vpp("VPP1"))
    assert not checks_b.models_in_order({"VPP1": table}, usual, FLAT_PRICE)[0]


def test_a_sweep_of_ladders_speaks_of_tonnes(handmade):
    swept = experiments_carbon.sweep_of_ladders(
        handmade.vpp("VPP1"), (280,), (2,), (0.25,), "auto", progress=False
    )
    assert swept.loc[0, ["price", "interval"]].tolist() == [280, 2]


def test_choices_compare_the_cheapest_with_the_most_chosen(game):
    compared = tables_b.choices(game)
    assert (compared["same"] == (compared["cheapest"] == compared["most chosen"])).all()
    assert "not the most chosen in hours 10, 12, 14 and 16" in words_game.choices_made(compared)


def test_several_sellers_at_the_lowest_price_are_all_the_cheapest():
    prices = pd.DataFrame({"A": [0.4, 0.4, 0.5], "B": [0.4, 0.5, 0.4 - 1e-13]}, index=[1, 2, 3])
    parts = pd.DataFrame({"A": 0.2, "B": 0.8}, index=[1, 2, 3])
    compared = tables_b.choices(SimpleNamespace(parts=parts, prices=prices))
    assert compared["cheapest"].tolist() == ["B", "A", "B"]
    assert compared["same"].tolist() == [True, False, True]
    assert compared["all alike"].tolist() == [True, False, False]
    assert words_game.choices_made(compared) == (
        "There are rivals in hours 1 to 3. All rivals ask the same in hour 1. The cheapest seller "
        "is not the most chosen in hour 2."
    )
    assert words_game.choices_made(compared.loc[[3]]).endswith("the cheapest seller most chosen.")


def test_a_game_without_rivals_has_no_choices():
    alone = pd.DataFrame({"A": [1.0, np.nan], "B": [np.nan, np.nan]}, index=[1, 2])
    compared = tables_b.choices(SimpleNamespace(parts=alone, prices=alone))
    assert compared.empty
    assert words_game.choices_made(compared).startswith("No hour has rivals")


def test_an_hour_s_devices_add_up_to_nothing(handmade, five, game):
    table = tables_b.devices_in(handmade, five, game, 10)
    flows = table.drop(index=["supply / demand", "role"]).astype(float)
    assert flows.sum().to_numpy() == pytest.approx(0, abs=1e-5)
    assert set(table.loc["role"]) <= set(tables_b.ROLE_WORDS)
    assert tables_b.two_decimals(table).loc["role", "VPP1"] == "seller"


def test_offers_and_scenarios(game):
    offers = tables_b.offers(game.hours[10])
    assert offers["chosen with probability"].sum() == pytest.approx(1)
    scenarios = tables_b.scenarios(game)
    assert scenarios.loc["total", "saved"] == pytest.approx(game.table["gain"].sum())


def test_worst_proofs_are_the_worst(game):
    shown = tables_b.worst_proofs(game.proofs)
    assert shown.loc["eigenvalue (mean payoff)", "worst hour"] == "−1"
    money = game.proofs["money"].max()
    assert shown.loc["gain in money (share of income)", "worst hour"] == f"{money:.2g}"
    without = tables_b.worst_proofs(game.proofs.assign(starts=np.nan))
    assert without.loc["starts (yuan/kWh, share)", "worst hour"] == "–"
    assert tables_b.worst_proofs(pd.DataFrame()).empty


def test_energy_is_counted_once(game):
    energy = tables_b.energy_of_each(game.trades, 1.0)
    received = tables_b.received_energy(game.trades, 1.0)
    assert energy["received"].sum() == pytest.approx(received)
    assert energy["supplied"].sum() == pytest.approx(received)


def test_what_is_spilled_alone_is_sent_first(handmade, five, game):
    used = tables_b.renewables_used(handmade, five, game)
    assert 0 <= used["spilled after trades"] <= used["spilled alone"] <= used["available"]
    # a day in which nobody sends anything spills what it spilled
    idle = SimpleNamespace(trades=0 * game.trades)
    still = tables_b.renewables_used(handmade, five, idle)
    assert still["spilled after trades"] == pytest.approx(still["spilled alone"])
    # by the hour: a seller with spills sends them before anything else
    by_hand = 0.0
    for vpp in handmade.vpps:
        curtailed = [
            five[vpp.name].series[plant, "curtailed"]
            for plant in five[vpp.name].with_role("renewable")
        ]
        sent = sum(
            np.maximum(game.trades[other, vpp.name].to_numpy(), 0)
            for other in handmade.names
            if other != vpp.name
        )
        left = sum(series.to_numpy() for series in curtailed) - sent
        by_hand += np.maximum(left, 0).sum()
    assert used["spilled after trades"] == pytest.approx(by_hand, rel=1e-6, abs=1e-3)


# --- experiments ----------------------------------------------------------------------------------
def test_another_hour_is_shown_where_the_asked_one_has_no_market(game):
    assert experiments_game.hour_to_show(game, 10).hour.step == 10
    assert experiments_game.hour_to_show(game, 18).hour.step == min(game.hours)
    assert experiments_game.hour_to_show(SimpleNamespace(hours={}), 10) is None


def test_warnings_show_what_is_left_out(game):
    warned = experiments_game.warnings(game.hours[10])
    assert warned["chosen"].to_numpy() == pytest.approx(game.hours[10].part.to_numpy(), abs=1e-6)
    assert warned["chosen, without sharing"].max() > 0.99
    assert (warned["price, frozen buyers"] >= warned["price"] - 1e-9).all()
    elastic = warned["price, frozen buyers, elastic demand"]
    assert (elastic < warned["price, frozen buyers"]).all()
    bare = replace(game.hours[10], hour=replace(game.hours[10].hour, satisfaction=None))
    assert "price, frozen buyers, elastic demand" not in experiments_game.warnings(bare)


def test_quadratic_costs_are_left_out_everywhere(handmade):
    linear = experiments_game.without_quadratic_costs(handmade)
    for vpp in linear.vpps:
        assert vpp.component("battery").wear_cost_quadratic == 0
        assert vpp.component("micro_turbine").cost_quadratic == 0


def test_half_the_band_moves_money_only(handmade, five, game):
    from vppcore.game.rules import Rules

    highest = float(tables_b.price_limits(handmade)["high"].max())
    capped = experiments_game.with_half_the_band(handmade, five, Rules(), highest)
    holds, _ = checks_b.same_energy_other_money(game, capped)
    assert holds
    beside = tables_b.payments_beside(game, capped)
    assert beside.loc["all VPPs"].to_numpy() == pytest.approx(0, abs=1e-6)


def test_a_lowest_price_above_half_the_highest_leaves_a_band_of_one_price(handmade, five):
    from vppcore.game.rules import Rules

    dear = handmade.change_all("power_market", price_min=0.7)
    capped = experiments_game.with_half_the_band(dear, five, Rules(), 1.2)
    assert capped.hours
    assert {float(price) for hour in capped.hours.values() for price in hour.prices} == {0.7}


def test_a_band_too_narrow_for_a_market_is_compared_in_no_hour(handmade, five, game):
    """With half of 0.6 yuan/kWh no seller has anything to ask; with more delivered in a common hour it fails."""
    from vppcore.game.rules import Rules

    capped = experiments_game.with_half_the_band(handmade, five, Rules(), 0.6)
    assert not capped.hours
    assert checks_b.same_energy_other_money(game, capped)[0]
    more = SimpleNamespace(hours=game.hours, trades=1.01 * game.trades, cost=game.cost)
    assert not checks_b.same_energy_other_money(game, more)[0]


# --- checks ---------------------------------------------------------------------------------------
def test_the_models_are_in_order_or_the_sentence_names_the_vpp(handmade, models):
    ladder = market_of(handmade.vpp("VPP1"))
    assert checks_b.models_in_order({"VPP1": models}, ladder, FLAT_PRICE)[0]
    for column, row, value in (("total", 3, 0.0), ("operation", 2, 1e9), ("total", 1, 1e9)):
        spoiled = models.copy()
        spoiled.iloc[row, spoiled.columns.get_loc(column)] = value
        holds, sentence = checks_b.models_in_order({"VPP1": spoiled}, ladder, FLAT_PRICE)
        assert not holds and sentence.startswith("VPP1: ")


def test_two_costs_agree_or_not():
    one = SimpleNamespace(vpp="A", cost=100.0)
    assert checks_b.solvers_agree(one, SimpleNamespace(vpp="A", cost=100.00001))[0]
    assert not checks_b.solvers_agree(one, SimpleNamespace(vpp="A", cost=101.0))[0]
    assert not checks_b.same_optimum(one, SimpleNamespace(cost=100.1))[0]


def test_the_ladder_s_bill_is_the_objective_s(handmade, five):
    ladder = market_of(handmade.vpp("VPP1"))
    assert checks_b.bill_is_the_objective(five["VPP1"], ladder, Clock(24))[0]
    assert not checks_b.bill_is_the_objective(five["VPP1"], ladder, Clock(24, 2.0))[0]


def test_an_equilibrium_is_one_or_not(game):
    assert checks_b.is_equilibrium(game, "shared")[0]
    moved = game.proofs.copy()
    moved.iloc[0, moved.columns.get_loc("gain")] = 0.1
    other = SimpleNamespace(proofs=moved, hours=game.hours)
    assert not checks_b.is_equilibrium(other, "shared")[0]
    assert checks_b.is_equilibrium(other, "unshared")[0]


def test_payments_cancel_or_not(game):
    assert checks_b.payments_cancel(game.table)[0]
    assert not checks_b.payments_cancel(game.table.assign(payment=1.0))[0]


@pytest.mark.parametrize(
    ("costs", "holds"),
    [((4, 2, 3, 1), True), ((4, 3, 1, 2), False), ((3, 4, 2, 1), False)],
)
def test_no_mechanism_beats_the_planner(costs, holds):
    table = pd.DataFrame({"cost (yuan)": costs}, index=["alone", "rule", "game", "together"])
    assert checks_b.no_mechanism_beats_the_planner(table)[0] is holds


@pytest.mark.parametrize(("stepped", "holds"), [(11.0, True), (9.0, False)])
def test_a_ladder_costs_more(stepped, holds):
    table = pd.DataFrame({"alone (yuan)": {"flat": 10.0, "stepped": stepped}})
    assert checks_b.ladder_costs_more(table)[0] is holds
