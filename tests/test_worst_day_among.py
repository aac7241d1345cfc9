"""The worst of the days that have some given hits: by the search, and by trying all days."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import battery, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import WrongInput, load_case, worst_case
from vppcore.pages import experiments, words_uncertainty
from vppcore.pages.claims_a import WORST_HOURS
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.worst_day import day_of, days_of_budget, reaction_to

SERIES = ("load", "pv")
DOUBT = Uncertainty({"load": 2, "pv": 1})


def a_house(prices=(1.0, 2.0, 1.5, 0.5)):
    """Four hours; the sun shines in two of them, in the third more than the house can use or sell."""
    sells = np.zeros(4)
    market = replace(grid(list(prices), list(sells)), sell_max=0.0)
    return vpp(load(10, 20, 5, 8), pv(0, 8, 30, 0), battery(), market, name="House")


def tried(house, must) -> float:
    """Second road: the costliest of all days of the budget that have these hits."""
    recourse = Recourse(house, DOUBT)
    wanted = day_of(recourse, must)
    days = [day for day in days_of_budget(recourse) if (day >= wanted).all()]
    return max(recourse.exact(day).cost for day in days)


@pytest.mark.parametrize(
    "must",
    [{}, {"load": [3]}, {"load": [1, 4]}, {"pv": [1]}, {"pv": [3], "load": [3]}],
    ids=["none", "a cheap hour", "two", "the sun at night", "where there is too much sun"],
)
def test_the_search_finds_what_trying_all_days_finds(must):
    found = worst_case(a_house(), DOUBT, must=must, canonical=True)
    assert found.proven
    assert found.cost == pytest.approx(tried(a_house(), must))
    assert all(found.hits.loc[steps, name].all() for name, steps in must.items())


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(2, 30), min_size=4, max_size=4),
    st.sets(st.integers(1, 4), max_size=2),
    st.sets(st.integers(1, 4), max_size=1),
)
def test_any_given_hits_leave_a_day_that_is_no_worse(prices, of_load, of_sun):
    house = a_house([price / 10 for price in prices])
    must = {"load": sorted(of_load), "pv": sorted(of_sun)}
    found = worst_case(house, DOUBT, must=must)
    assert found.cost == pytest.approx(tried(house, must))
    worst = worst_case(house, DOUBT)
    assert found.cost <= worst.cost * (1 + 1e-6)
    own = {name: list(worst.hits.index[worst.hits[name] == 1]) for name in worst.hits}
    assert worst_case(house, DOUBT, must=own).cost == pytest.approx(worst.cost)


def test_hits_beyond_the_budget_are_refused_in_words():
    with pytest.raises(WrongInput, match="found 3 hits on load; allowed: 2"):
        worst_case(a_house(), DOUBT, must={"load": [1, 2, 3]})
    with pytest.raises(WrongInput, match="found hits on wind; allowed: load, pv"):
        worst_case(a_house(), DOUBT, must={"wind": [1]})


def test_the_paper_s_hours_cost_less_than_the_worst_day_in_both_cases():
    for name in ("paper-a-parent", "paper-a"):
        plant = load_case(name).vpp("VPP2")
        costs = experiments.costliest_among(plant, at_level(12), WORST_HOURS)
        assert costs["forecast"] < costs["no other hours"] < costs["all these hours"]
        assert costs["all these hours"] < costs["all days"] * (1 - 1e-3)
        found = worst_case(plant, at_level(12), must={"load": WORST_HOURS})
        own = {each: list(found.hits.index[found.hits[each] == 1]) for each in found.hits}
        assert set(WORST_HOURS) <= set(own["load"])
        again = reaction_to(plant, at_level(12), own).cost
        assert again == pytest.approx(costs["all these hours"])


def test_words_say_how_near_the_named_hours_come():
    import pandas as pd

    costs = {"forecast": 900.0, "all days": 1_100.0, "all these hours": 1_078.0}
    said = words_uncertainty.named_hours_said(pd.DataFrame({"nothing fitted": costs}))
    assert said == (
        "Nothing fitted: the worst day costs 1,100 yuan, the costliest with all the paper's hours "
        "22.0 less (2.0 %)."
    )
