"""What study B's pages show, compare and check: tables by hand, checks that hold and fail."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from vppcore.carbon import carbon_models, market_of
from vppcore.pages import checks_b, experiments_carbon, experiments_game, tables_b

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


def test_a_sweep_of_ladders_speaks_of_tonnes(handmade):
    swept = experiments_carbon.sweep_of_ladders(
        handmade.vpp("VPP1"), (280,), (2,), (0.25,), "auto", progress=False
    )
    assert swept.loc[0, ["price", "interval"]].tolist() == [280, 2]


def test_choices_compare_the_cheapest_with_the_most_chosen(game):
    compared = tables_b.choices(game)
    assert (compared["same"] == (compared["cheapest"] == compared["most chosen"])).all()
    words = tables_b.choices_in_words(compared)
    assert "10, 12, 14, 16" in words


def test_a_game_without_rivals_has_no_choices():
    alone = pd.DataFrame({"A": [1.0, np.nan], "B": [np.nan, np.nan]}, index=[1, 2])
    compared = tables_b.choices(SimpleNamespace(parts=alone, prices=alone))
    assert compared.empty
    assert tables_b.choices_in_words(compared).endswith("in hours none")


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
    assert shown.loc["eigenvalue (mean payoff)", "worst hour"] == "-1e+00"
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
    assert checks_b.bill_is_the_objective(five["VPP1"], ladder, 1.0)[0]
    assert not checks_b.bill_is_the_objective(five["VPP1"], ladder, 2.0)[0]


def test_an_equilibrium_is_one_or_not(game):
    assert checks_b.is_equilibrium(game, "shared")[0]
    moved = game.proofs.copy()
    moved.iloc[0, moved.columns.get_loc("gain")] = 0.1
    assert not checks_b.is_equilibrium(SimpleNamespace(proofs=moved), "shared")[0]
    assert checks_b.is_equilibrium(SimpleNamespace(proofs=moved), "unshared")[0]


def test_payments_cancel_or_not(game):
    assert checks_b.payments_cancel(game.table)[0]
    assert not checks_b.payments_cancel(game.table.assign(payment=1.0))[0]


@pytest.mark.parametrize(("costs", "holds"), [((3, 2, 1), True), ((3, 1, 2), False)])
def test_no_mechanism_beats_the_planner(costs, holds):
    table = pd.DataFrame({"cost (yuan)": costs}, index=["alone", "game", "together"])
    assert checks_b.no_mechanism_beats_the_planner(table)[0] is holds


@pytest.mark.parametrize(("stepped", "holds"), [(11.0, True), (9.0, False)])
def test_a_ladder_costs_more(stepped, holds):
    table = pd.DataFrame({"alone (yuan)": {"flat": 10.0, "stepped": stepped}})
    assert checks_b.ladder_costs_more(table)[0] is holds
