"""The hour of two sellers that a page plays: its knobs, its command, what it refuses, what its chapter says.

The page's script is held against Python in in_browser/test_live_two_sellers.py.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from builders import array
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore.errors import WrongInput
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium, temptation
from vppcore.live.game import (
    PLACES,
    check_two_sellers,
    earnings,
    knobs_of,
    market_at,
    rules_at,
    turned,
    usual_setting,
)
from vppcore.market import Hour
from vppcore.pages.checks_b import nobody_gains_alone
from vppcore.pages.experiments_game import two_sellers_turned
from vppcore.pages.live import module_text, two_sellers
from vppcore.pages.parameters_cell import read_parameters_cell
from vppcore.pages.rules import check_values

EXAMPLE = Hour(  # of the chapter
    1,
    ("A", "B"),
    ("C", "D"),
    array(6000.0, 8000.0),
    array(3000.0, 4000.0),
    array(0.30, 0.38),
    grid_price=0.75,
    price_min=0.30,
    price_max=1.20,
    satisfaction=array(4 / 3, 4 / 3),
)
FORESEEN = Rules()


def played(**changes):
    return turned(EXAMPLE, FORESEEN, changes)


# --- the knobs are the notebook's parameters ------------------------------------------------------
def test_knobs_are_parameters_of_the_notebook_and_begin_at_the_hour():
    declared = read_parameters_cell("multiple_game")
    knobs = {knob.name: knob for knob in knobs_of(EXAMPLE)}
    assert {name for name, knob in knobs.items() if knob.name != "first_share"} <= set(declared)
    usual = usual_setting(EXAMPLE)
    assert {name: knobs[name].usual for name in usual} == usual
    assert usual["surplus_b"] == 8000 and usual["need"] == 7000
    assert usual["satisfaction_coefficient"] == 4 / 3


def test_the_usual_rules_are_the_book_s():
    setting = {knob.name: knob.usual for knob in knobs_of(EXAMPLE)}
    assert rules_at(setting) == Rules()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_any_position_of_the_sliders_is_a_run_that_is_allowed(seed):
    """A slider's lowest value too: what the command says passes the rules of the parameters."""
    random = np.random.default_rng(seed)
    declared = read_parameters_cell("multiple_game")
    values = {}
    for knob in knobs_of(EXAMPLE):
        low = knob.low if knob.first is None else knob.first
        if knob.name in declared and not knob.words:
            values[knob.name] = float(random.choice([low, random.uniform(low, knob.high)]))
    check_values(declared, values)


def test_a_run_with_a_setting_s_values_is_the_market_of_the_page():
    """The command: numbers by name, rules by their words."""
    setting = usual_setting(EXAMPLE) | {"surplus_a": 11000.0, "tariff": 0.9}
    setting |= {"demand": 1.0, "game_order": 0.0}
    table = two_sellers_turned(
        EXAMPLE, "elastic", "anticipating", {"surplus_a": 11000.0, "tariff": 0.9}
    )
    prices, part = equilibrium(market_at(EXAMPLE, setting), rules_at(setting))
    assert table["price (yuan/kWh)"].to_numpy() == pytest.approx(prices, abs=1e-8)
    assert table["chosen (%)"].to_numpy() == pytest.approx(100 * part, abs=1e-6)
    assert nobody_gains_alone(table)[0]


def test_a_table_in_which_a_seller_gains_is_found():
    table = two_sellers_turned(EXAMPLE, None, None, {})
    better = table.assign(**{"at most, moving alone": 1.01 * table["earns (yuan an hour)"]})
    holds, sentence = nobody_gains_alone(better)
    assert not holds and "A could earn 0.01" in sentence


# --- corners --------------------------------------------------------------------------------------
def test_a_seller_without_surplus_is_none_and_one_who_keeps_its_power_says_so():
    alone = market_at(EXAMPLE, usual_setting(EXAMPLE) | {"surplus_a": 0.0})
    assert alone.sellers == ("B",) and alone.withheld == ()
    kept = market_at(EXAMPLE, usual_setting(EXAMPLE) | {"reservation_a": 0.75})
    assert kept.sellers == ("B",) and kept.withheld == ("A",)
    assert played(surplus_a=0.0).prices.to_dict() == {"B": 0.75}


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"surplus_a": 0.0, "surplus_b": 0.0}, "0 sellers"),
        ({"tariff": 0.2}, "0 sellers"),
        ({"price_min": 0.8}, "lowest price allowed"),
        ({"price_min": 0.7, "price_max": 0.5}, "above price_max"),
    ],
)
def test_a_setting_without_a_market_is_refused_with_its_reason(changes, why, capsys):
    with pytest.raises(WrongInput, match=why):
        played(**changes)
    assert two_sellers_turned(EXAMPLE, None, None, changes) is None
    assert why in capsys.readouterr().out


def test_earnings_agree_with_the_certificate():
    """Second road: temptation counts the same gain as a share."""
    for prices in (array(0.5973, 0.6290), array(0.5, 0.7)):
        shares = np.tile([0.5, 0.5], (2, 1))
        now, most = earnings(EXAMPLE, prices, shares, FORESEEN)
        gain = temptation(EXAMPLE, prices, rules=FORESEEN)
        assert ((most - now) / now).max() == pytest.approx(max(gain, 0.0), abs=1e-12)


# --- which hours ----------------------------------------------------------------------------------
def test_hours_of_another_kind_are_refused_in_a_sentence(capsys):
    three = replace(
        EXAMPLE,
        sellers=("A", "B", "E"),
        surplus=array(1.0, 2.0, 3.0),
        reservation=array(0.3, 0.3, 0.3),
    )
    unlike = replace(EXAMPLE, satisfaction=array(1.2, 2.0))
    refused = {
        "found no hour": None,
        "found 3 sellers": three,
        "differ in their satisfaction": unlike,
        "found a limit of 500 kW": replace(EXAMPLE, pair_limit=500.0),
        "a price below zero": replace(EXAMPLE, price_min=-0.1),
        "found no sellers in a market": replace(EXAMPLE, grid_price=0.4, price_min=0.4),
    }
    for why, hour in refused.items():
        with pytest.raises(WrongInput, match=why):
            check_two_sellers(hour)
        assert two_sellers(hour) == ""
        assert why in capsys.readouterr().out


def test_an_hour_of_a_reader_s_case_has_its_own_names_and_round_sliders():
    hour = replace(
        EXAMPLE,
        sellers=("Nord", "Süd"),
        surplus=array(4.8765, 7.1234),
        deficit=array(2.0, 3.3333),
        satisfaction=None,
    )
    data = json.loads(two_sellers(hour))
    knobs = {knob["name"]: knob for knob in data["knobs"]}
    assert knobs["surplus_a"]["label"] == "surplus of Nord"
    assert knobs["surplus_a"]["usual"] == 4.88 and knobs["need"]["usual"] == 5.33
    assert [seller["name"] for seller in data["facts"]["sellers"]] == ["Nord", "Süd"]
    # nobody has a satisfaction coefficient: demand is fixed
    assert data["facts"]["demands"] == ["fixed"]
    assert "demand" not in knobs and "satisfaction_coefficient" not in knobs


@given(st.floats(-3, 6), st.floats(0.05, 40.0))
@settings(max_examples=30, deadline=None)
def test_knobs_scale_with_power_and_money(exponent, money):
    size = 10**exponent
    hour = replace(
        EXAMPLE,
        surplus=size * EXAMPLE.surplus,
        deficit=size * EXAMPLE.deficit,
        reservation=money * EXAMPLE.reservation,
        grid_price=money * EXAMPLE.grid_price,
        price_min=money * EXAMPLE.price_min,
        price_max=money * EXAMPLE.price_max,
    )
    usual = usual_setting(hour)
    for knob in knobs_of(hour):
        if knob.name in usual:
            assert knob.low <= usual[knob.name] <= knob.high
    found = turned(hour, FORESEEN, {})
    assert found.part.to_numpy() == pytest.approx(played().part.to_numpy(), abs=0.01)


def test_data_of_the_element_and_its_view():
    data = json.loads(two_sellers(EXAMPLE))
    assert data["view"] == "two-sellers" and data["notebook"] == "multiple_game"
    assert "problem" not in data
    for seller in data["facts"]["sellers"]:
        assert seller["light"].startswith("#") and seller["dark"].startswith("#")
    assert 'views["two-sellers"]' in module_text()
    by_view = {knob["name"] for knob in data["knobs"] if knob["by"] == "view"}
    assert by_view == {"first_share", "evolution_step"}
    assert len(PLACES) == len(data["facts"]["sellers"])


# --- what the chapter says beside it --------------------------------------------------------------
def test_more_surplus_makes_dearer_and_more_chosen():
    found = {kw: played(surplus_a=float(kw)) for kw in range(6000, 16001, 100)}
    prices = [result.prices["A"] for result in found.values()]
    parts = [result.part["A"] for result in found.values()]
    assert (np.diff(prices) > 0).all() and (np.diff(parts) > 0).all()
    more_chosen = min(kw for kw, result in found.items() if result.part["A"] > 0.5)
    dearer = min(kw for kw, r in found.items() if r.prices["A"] > r.prices["B"])
    assert (more_chosen, dearer) == (6600, 10800)


def test_at_equal_reservation_prices_the_cheaper_one_is_chosen_less():
    found = played(reservation_b=0.30)
    assert found.prices["A"] < found.prices["B"] and found.part["A"] < found.part["B"]


def test_the_need_moves_no_price_and_no_choice():
    one, other = played(need=500.0), played(need=28000.0)
    assert one.prices.to_numpy() == pytest.approx(other.prices.to_numpy(), abs=1e-9)
    assert one.part.to_numpy() == pytest.approx(other.part.to_numpy(), abs=1e-9)
    assert other.sent.sum().to_numpy() == pytest.approx([6000, 8000])


def test_with_choices_held_fixed_demand_runs_to_the_tariff_and_elastic_demand_turns():
    assert turned(EXAMPLE, Rules(order="text"), {}).prices.tolist() == [0.75, 0.75]
    elastic = turned(EXAMPLE, Rules.of_the_text(), {})
    assert elastic.prices.to_numpy() == pytest.approx([0.65, 0.69])
