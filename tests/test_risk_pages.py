"""What the notebook on risk says and draws is what its tables say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from vppcore.pages import checks, figures_risk, words_risk
from vppcore.pages.rules import shares_in
from vppcore.uncertainty.risk import beside, with_intervals

# "weight 0.5" is 10 cheaper than "robust 4" on every day, and on average no dearer than "nominal"
DAYS = pd.DataFrame({"weight 0.5": [90.0, 100.0, 110.0, 140.0, 95.0, 105.0, 115.0, 125.0] * 10})
DAYS["robust 4"] = DAYS["weight 0.5"] + 10
DAYS["nominal"] = DAYS["weight 0.5"] + [-5.0, 5.0] * 40
DAYS["alone"] = 3 * DAYS["weight 0.5"]
MEASURES = with_intervals(DAYS, 0.75)
BESIDE = beside(DAYS, "weight 0.5", 0.75)


def test_a_sure_difference_and_one_that_may_be_nothing():
    said = words_risk.beside_others(BESIDE, "weight 0.5", ["robust 4", "nominal"])
    assert "Beside robust 4, weight 0.5 costs 10.0 yuan less (between 10.0 less" in said
    nominal = said.split("Beside nominal")[1]
    assert "cannot tell it from nothing" in nominal


def test_a_robust_promise_is_beaten_only_beyond_doubt():
    assert "cheaper than robust 4" in words_risk.lesson_said(BESIDE, "weight 0.5", ["robust 4"])
    other = beside(DAYS, "robust 4", 0.75)
    assert words_risk.lesson_said(other, "robust 4", ["weight 0.5"]).startswith("None of")


def test_costs_said_are_those_of_the_table():
    said = words_risk.costs_said(MEASURES, "weight 0.5")
    assert "110.00 yuan on average" in said
    assert "132.50 in the tail" in said  # the mean of 140 and 125


def test_who_pays_names_each_vpp():
    means = pd.DataFrame({"A": [10.0, 30.0], "B": [40.0, 15.0]}, index=["nominal", "weight 1"])
    said = words_risk.who_pays(means, "weight 1", "nominal")
    assert "A pays 20.0 yuan more and B pays 25.0 yuan less" in said


@pytest.mark.parametrize(("gap", "said"), [(0.0, "no other trades are better"), (0.02, "2.0 %")])
def test_what_is_proven_depends_on_the_gap(gap, said):
    assert said in words_risk.proven_said({"weight 0": SimpleNamespace(gap=gap)})


def test_a_guarantee_may_be_better_or_worse():
    guaranteed = pd.Series({"weight 1": 110.0, "robust 2": 100.0})
    said = words_risk.guarantees_said(guaranteed, "weight 1", "robust 2", 2)
    assert "robust 2 costs at most 100.00 yuan; weight 1 may cost 10.0 yuan more" in said


def test_the_frontier_is_drawn_in_a_unit_that_suits_it_without_those_alone():
    axes = figures_risk.frontier(MEASURES, ["weight 0.5"])
    points = {line.get_label(): line.get_xydata()[0] for line in axes.get_lines()}
    assert set(points) == {"weight on CVaR", "robust 4", "nominal"}
    expected = MEASURES.loc["robust 4", ["mean", "CVaR"]].to_numpy()
    assert np.allclose(points["robust 4"], expected)


def test_checks_notice_what_is_out_of_order():
    assert checks.tail_above_mean(MEASURES)[0]
    assert not checks.tail_above_mean(MEASURES.assign(CVaR=0.0))[0]
    bounds = pd.DataFrame({"lower": [1.0], "upper": [2.0]}, index=["weight 0"])
    assert checks.bounds_in_order(bounds)[0]
    holds, sentence = checks.bounds_in_order(bounds.assign(lower=3.0))
    assert not holds
    assert "weight 0" in sentence


@pytest.mark.parametrize("words", ["", "0 0", "x", "-0.1", "1.1", "nan", None])
def test_what_is_no_list_of_rising_shares(words):
    assert shares_in(words) == ()
