"""Sentences of study B's data, carbon models and schedules follow the run, whatever it is."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from test_words import fixed_texts

from vppcore import load_case
from vppcore.carbon import carbon_models, market_of
from vppcore.pages import experiments_carbon, tables, tables_b, words_b

FLAT_PRICE = 320.0  # yuan/t
NOTEBOOKS_OF_B = ["data_b", "carbon_models", "dispatch_b"]


@pytest.fixture(scope="module")
def models(handmade):
    return carbon_models(handmade.vpp("VPP1"), FLAT_PRICE / 1000)


# --- heads, numbers -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("number", "said"), [(1234.4, "1,234"), (12.345, "12.3"), (-0.01234, "−0.0123"), (0, "0")]
)
def test_numbers_have_three_digits_at_least(number, said):
    assert words_b.in_digits(number) == said


# --- the data -------------------------------------------------------------------------------------
def test_what_is_needed_and_offered_by_hand():
    load = pd.DataFrame({"A": [1.0, 3.0], "B": [2.0, 2.0]}, index=[1, 2])
    sun = pd.DataFrame({"A": [0.0, 4.0], "B": [1.0, 0.0]}, index=[1, 2])
    said = words_b.needed_and_offered(load, sun, step_hours=0.5)
    assert said == (
        "The 2 VPPs need 4.00 MWh of electricity in 2 steps, and wind and sun offer 2.50 MWh "
        "(62 % of it), most at A (2.00 MWh)."
    )
    assert words_b.own_power(load, sun) == (
        "Wind and sun are strongest at A in hour 2 (4.00 MW) and B in hour 1 (1.00 MW). They offer "
        "more than the VPP's own load in hour 2 at A and in no hour at B."
    )


def test_a_vpp_without_plants_has_no_peak(handmade):
    load = pd.DataFrame({"A": [1.0], "B": [1.0]}, index=[1])
    sun = pd.DataFrame({"A": [2.0], "B": [0.0]}, index=[1])
    assert "strongest at A in hour 1 (2.00 MW). They" in words_b.own_power(load, sun)


def test_tariffs_are_said_with_their_hours_or_as_a_range():
    one = pd.DataFrame({"purchase": [0.4, 1.2, 0.4], "feed-in": [0.3] * 3}, index=[1, 2, 3])
    assert words_b.tariff_said(one) == (
        "The grid charges 0.40 yuan/kWh in hours 1 and 3 and 1.20 in hour 2. It pays 0.30 yuan/kWh "
        "in every hour."
    )
    many = pd.Series(np.linspace(0.1, 0.9, 9), index=range(1, 10))
    assert words_b.prices_said(many) == "between 0.10 and 0.90 yuan/kWh"
    two = pd.DataFrame({"A grid, purchase": [0.4], "B grid, purchase": [1.0]})
    assert "tariffs of their own, from 0.40 to 1.00" in words_b.tariff_said(two)


def test_a_case_of_no_paper_was_not_fitted(handmade):
    assert words_b.shaped_for(load_case("template")) == (
        "Nothing of template was fitted or shaped to a claim of a paper."
    )
    said = words_b.shaped_for(handmade)
    assert f"{len(handmade.fitted_claims)} claims" in said and handmade.description.note in said


def test_statuses_are_counted():
    counted = pd.Series({"assumed": 20, "printed": 1})
    assert words_b.known_numbers(counted) == (
        "Of the case's 21 numbers 20 are assumed and 1 is printed."
    )


# --- carbon ---------------------------------------------------------------------------------------
def test_models_are_said_with_their_differences(models):
    total = models["total"]
    said = words_b.models_said(models, "VPP1", FLAT_PRICE)
    for row in (1, 2, 3):
        assert f"{total.iloc[row] - total.iloc[0]:,.0f} yuan more" in said
    assert "320 yuan/t" in said
    assert "CO₂ less" in said and models["emission"].iloc[3] < models["emission"].iloc[2]


def test_a_cheaper_second_price_is_said_as_less(models):
    turned = models.copy()
    turned.iloc[1, turned.columns.get_loc("total")] -= 1000
    assert "yuan less at 320" in words_b.models_said(turned, "VPP1", FLAT_PRICE)
    assert "Model 2 costs" in words_b.dearer_by(turned)
    assert re.search(r"yuan less than Model 1 \(−", words_b.dearer_by(turned))


def test_the_step_on_which_a_day_ends(models, handmade):
    ladder = market_of(handmade.vpp("VPP1"))
    said = words_b.place_on_ladder(models, ladder, "VPP1")
    excess = models["excess"].iloc[3]
    assert 2000 < excess < 4000
    assert "ends on step 2 of 5: the next tonne costs 350 yuan" in said
    within = models.copy()
    within.iloc[3, within.columns.get_loc("excess")] = -1500.0
    within.iloc[3, within.columns.get_loc("carbon")] = -420.0
    assert words_b.place_on_ladder(within, ladder, "VPP1") == (
        "VPP1 keeps within its quota: 1.50 t are left, which earn 420 yuan."
    )


def test_orders_of_one_and_of_several_vpps(models):
    one = words_b.orders_said({"VPP1": models})
    assert "hold for the VPP" in one and "between" not in one
    flat = models.copy()
    flat.iloc[3] = flat.iloc[0]
    several = words_b.orders_said({"VPP1": models, "B": flat})
    assert "all 2 VPPs" in several and "between" in several
    assert "costs as much as the flat price" in words_b.orders_said({"B": flat})


def test_steps_are_said_by_interval():
    steps = pd.DataFrame({0.0: [4, 1], 1.0: [5, 1]}, index=[0.5, 4.0])
    assert words_b.bites_said(steps).startswith(
        "The day ends on steps 4 to 5 with an interval of 0.5 t and on step 1 with an interval of 4"
    )


def test_a_rise_that_is_not_reached_makes_no_difference(handmade):
    rises = experiments_carbon.both_rises(handmade.vpp("VPP1"), "auto")
    assert rises.loc["linear", "emission"] > 0
    assert words_b.rises_said(rises).startswith("It makes no difference")
    rises.loc["exponential", "total"] += 8.2
    assert "costs 8.20 yuan more than with a linear one" in words_b.rises_said(rises)


def test_the_reading_that_matters_most():
    readings = pd.DataFrame(
        {"total": [100.0, 90.0, 101.0], "carbon": [5.0, -5.0, 6.0]}, index=["own", "sold", "other"]
    )
    assert words_b.readings_said(readings) == (
        'Most matters "sold": the day costs 10.0 yuan less than in the case. Least matters "other": '
        '1.00 yuan more. Carbon is an income with "sold".'
    )
    assert words_b.readings_said(readings.iloc[[0, 2]]).endswith("Carbon is always a cost.")


def test_the_best_step_and_the_next():
    steps = pd.DataFrame(
        {"total": [12.0, 10.0, np.nan]}, ["excess", "sold, step 1", "sold, step 2"]
    )
    assert words_b.best_step(steps) == (
        'The cheapest day ends on the step "sold, step 1"; the next best, "excess", is 2.00 yuan '
        'dearer. No day of this VPP ends on "sold, step 2".'
    )
    assert words_b.best_step(steps.iloc[[0]]) == 'The cheapest day ends on the step "excess".'


# --- schedules ------------------------------------------------------------------------------------
def test_costs_alone_name_the_least_and_the_most():
    items = pd.DataFrame({"A": [9.0, -1.0, 8.0], "B": [5.0, 0.0, 5.0]}, ["gas", "sale", "total"])
    said = words_b.costs_alone(items.assign(cluster=items.sum(axis=1)))
    assert said == (
        "Alone the 2 VPPs pay 13.0 yuan a day, from 5.00 (B) to 8.00 (A); the largest item is gas, "
        "a cost of 14.0 yuan."
    )


def test_who_can_sell_when():
    roles = pd.DataFrame({"A": ["seller", "buyer", "out"], "B": ["buyer"] * 3}, index=[1, 2, 3])
    assert words_b.sellers_said(roles) == (
        "There is power to sell at A in hour 1 and B in no hour. Nobody can sell in hours 2 to 3."
    )
    assert words_b.never_both(roles).startswith("In 1 of 3 hours")


# --- tables and pages -----------------------------------------------------------------------------
def test_tables_of_carbon_are_in_tonnes(models):
    shown = tables_b.models_to_read(models)
    assert shown["excess (t)"].iloc[0] == pytest.approx(models["excess"].iloc[0] / 1000)
    assert set(tables_b.totals_and_emissions({"A": models}).index.levels[0]) == {
        "emission (t)",
        "total (yuan)",
    }
    assert "3.8" in tables.on_page(shown, 1).to_html()


@pytest.mark.parametrize("notebook", NOTEBOOKS_OF_B)
def test_no_fixed_text_names_a_vpp_that_another_run_may_lack(notebook):
    """A VPP is named in fixed text only as the book's or the paper's, or beside a command."""
    untrue = []
    for cell, paragraph in fixed_texts(notebook):
        words_only = re.sub(r"`[^`]*`", "", paragraph)
        excused = re.search(r"in the book|paper|\*\*Try it", words_only, re.IGNORECASE)
        if re.search(r"VPP\d", words_only) and not excused:
            untrue.append((cell, paragraph))
    assert untrue == []
