"""What the notebook on reserve says and draws is what its tables say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_reserve import program, street

from vppcore.pages import checks, figures_reserve, words_reserve
from vppcore.pages.experiments_reserve import reserve_by_price
from vppcore.uncertainty.calls import ReserveTerms
from vppcore.uncertainty.risk import beside, with_intervals

# "reserve" is 20 cheaper on most days, and dearer by 60 on each eighth
DAYS = pd.DataFrame({"no reserve": [90.0, 100.0, 110.0, 120.0, 95.0, 105.0, 115.0, 125.0] * 30})
DAYS["reserve"] = DAYS["no reserve"] - 20
DAYS.loc[7::8, "reserve"] = DAYS.loc[7::8, "no reserve"] + 60
MEASURES = with_intervals(DAYS, 0.9)
BESIDE = beside(DAYS, "reserve", 0.9)
COLUMNS = pd.MultiIndex.from_product([["up", "down"], ["A", "B"]])
HELD = pd.DataFrame([[1.0, 2.0, 0.0, 4.0], [0.0, 3.0, 1.0, 1.0]], [1, 2], COLUMNS)


def row(mean_to: float, tail_from: float, tail_to: float) -> pd.DataFrame:
    numbers = {"mean to": mean_to, "CVaR from": tail_from, "CVaR to": tail_to}
    return pd.DataFrame([numbers], ["no reserve"])


def test_what_reserve_is_worth_says_mean_and_tail():
    said = words_reserve.worth_said(BESIDE, "reserve", "no reserve")
    mean = DAYS["reserve"].mean() - DAYS["no reserve"].mean()
    assert f"reserve costs {abs(mean):.1f} yuan less" in said
    assert "in the tail 60.0 yuan more" in said


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        (row(-1, 1, 3), "makes the costliest days costlier"),
        (row(-1, -3, -1), "on average and in the tail"),
        (row(-1, -3, 1), "these days cannot tell"),
        (row(1, -3, -1), "do not show"),
    ],
)
def test_the_lesson_follows_the_intervals(differences, said):
    assert said in words_reserve.lesson_said(differences, "reserve", "no reserve")


def test_calls_that_are_kept_and_what_is_missing():
    delivery = pd.Series({"calls": 40, "kept": 0.9, "energy": 0.95, "worst": 1, "shortfall": 2.5})
    said = words_reserve.kept_said(delivery, "reserve")
    assert "90 % of all calls are kept in full" in said
    assert "2.50 kW are missing" in said
    whole = words_reserve.kept_said(delivery.replace({2.5: 0.0}), "reserve")
    assert "missing" not in whole
    assert "nothing was called" in words_reserve.kept_said(0 * delivery, "x")


def test_half_of_it_is_compared_with_all_of_it():
    measures = pd.DataFrame({"mean": [10.0, 12.0], "CVaR": [30.0, 20.0]}, ["reserve", "half"])
    said = words_reserve.halved_said(measures, "reserve", "half")
    assert "2.00 yuan more on average and 10.0 yuan less in the tail" in said


def test_who_earns_what_and_what_prices_do():
    said = words_reserve.earned_said(pd.Series({"A": 6.0, "B": 2.0}))
    assert "Of the 8.00 yuan" in said
    assert "A 6.00 and B 2.00" in said
    by_price = pd.DataFrame({"worth": [1.0, 5.0]}, [0.0, 0.05])
    assert "5.00 yuan at 0.05" in words_reserve.by_price_said(by_price)
    assert words_reserve.by_price_said(by_price.iloc[1:]).endswith("0.05 of the hour's price.")


def test_scenarios_and_other_days_are_compared():
    said = words_reserve.promised_and_met({"reserve": SimpleNamespace(tail=100.0)}, MEASURES)
    more = MEASURES.loc["reserve", "CVaR"] - 100
    assert f"{more:.1f} yuan more with reserve" in said


def test_shares_must_add_up():
    assert checks.shares_add_up(pd.Series([1.0, 2.0]), 3.0)[0]
    holds, sentence = checks.shares_add_up(pd.Series([1.0, 2.0]), 4.0)
    assert not holds
    assert "nobody earns" in sentence


def test_bars_stand_on_each_other_up_and_down():
    axes = figures_reserve.reserve_by_hour(HELD)
    tops = [bar.get_y() + bar.get_height() for bar in axes.patches]
    assert tops == pytest.approx([1, 0, 3, 3, 0, -1, -4, -2])
    assert axes.get_legend_handles_labels()[1] == ["A", "B"]


def test_mean_and_tail_are_drawn_in_yuan():
    measures = pd.DataFrame({"mean": [1.0, 2, 3], "CVaR": [4.0, 5, 6]}, ["none", "all", "robust"])
    axes = figures_reserve.mean_and_tail(measures, ["none", "all"])
    line, mark = axes.get_lines()
    assert np.allclose(line.get_xydata(), [[1, 4], [2, 5]])
    assert mark.get_label() == "robust"
    assert np.allclose(mark.get_xydata(), [[3, 6]])


def test_dearer_capacity_makes_reserve_worth_more():
    stated = program(street(), ReserveTerms(capacity_share=0.1))
    table = reserve_by_price(stated, stated.solve(0.5, reserve=False), stated.solve(0.5))
    assert table.index.tolist() == [0.0, 0.05, 0.1]
    assert (table["worth"].diff().dropna() > 0).all()
    assert table["earned"].iloc[0] == 0
