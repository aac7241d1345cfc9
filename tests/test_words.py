"""Sentences made from results: they follow the run, whatever it is."""

from __future__ import annotations

import re
from dataclasses import replace

import nbformat
import numpy as np
import pandas as pd
import pytest
from builders import battery, grid, load, pv, seller_and_buyer, vpp

from vppcore import alone, bargain, cooperate, dispatch, pool
from vppcore.pages import experiments, words
from vppcore.places import NOTEBOOKS


def items(**rows) -> pd.DataFrame:
    """A saving by item of two VPPs, with its sums."""
    table = pd.DataFrame(rows, index=["A", "B"]).T.rename(index=lambda row: row.replace("_", " "))
    table.loc["total"] = table.sum()
    return table.assign(cluster=table.sum(axis=1))


# --- text -----------------------------------------------------------------------------------------
def test_a_name_in_a_sentence_becomes_neither_tag_nor_emphasis():
    shown = words.Prose("Up <b> pays.", "", "So does a_b_c.")._repr_markdown_()
    assert shown == "Up &lt;b&gt; pays. So does a\\_b\\_c."
    assert repr(words.Prose("Up <b> pays.")) == "Up <b> pays."


@pytest.mark.parametrize(
    ("several", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_lists_end_with_and(several, said):
    assert words.listed(several) == said


def test_hours_are_said_as_runs():
    assert words.hours_said([7]) == "hour 7"
    assert words.hours_said([7, 8]) == "hours 7 to 8"
    assert words.hours_said([1, 3, 4, 9]) == "hours 1, 3 to 4 and 9"


# --- cooperation ----------------------------------------------------------------------------------
def test_the_sources_of_a_saving_are_said_with_purchase_and_sale_as_one():
    made = items(
        gas=[5000.0, 1000.0],
        electricity_purchase=[3000.0, 3000.0],
        electricity_sale=[-2000.0, 0.0],
        crossing_fee=[-500.0, -500.0],
        operation=[20.0, 20.0],
    )
    assert words.saving_by_source(made) == (
        "Together the VPPs save 9,040 yuan: 6,000 on gas, 4,000 on the grid (purchases less sales) "
        "and 40 on the other items, less 1,000 for crossing fees."
    )


def numbers_in(text: str) -> list[float]:
    """The amounts of a text, in order."""
    return [float(word.replace(",", "")) for word in text.split() if word[0].isdigit()]


def test_numbers_that_are_named_add_up_to_the_saving(parent):
    saved = experiments.split_saving(parent).items
    plus, minus = words.saving_by_source(saved).split(", less ")
    saving, *gained = numbers_in(plus)
    unit = 10.0 ** -words.places_for(saving)
    assert saving == pytest.approx(saved.loc["total", "cluster"], abs=unit)
    apart = sum(gained) - sum(numbers_in(minus)) - saving
    assert abs(apart) <= unit * (len(gained) + len(numbers_in(minus)) + 1) / 2


def test_no_saving_is_said_as_none():
    assert words.saving_by_source(items(gas=[5.0, -5.0])) == "Together the VPPs save nothing."


def test_who_would_not_agree_without_payments():
    saved = pd.Series({"A": -20.4, "B": 1050.0})
    assert words.before_payments(saved) == (
        "Before any payment A pays 20 yuan more and B 1,050 yuan less than alone; A would not "
        "agree without being paid."
    )
    assert words.before_payments(saved.abs()).endswith("all gain even without payments.")


def test_who_burns_gas_for_others():
    burns = items(gas=[-30.0, 90.0])
    assert words.gas_for_others(burns).startswith(
        "More gas than alone is burnt by A for 30.00 yuan"
    )
    assert words.gas_for_others(items(gas=[30.0, 90.0])) == "No VPP burns more gas than alone."
    assert words.gas_for_others(items(carbon=[30.0, 90.0])) == ""


def test_the_spread_is_that_of_the_prices():
    made = seller_and_buyer()
    said = words.widest_spread(alone(made), pool(made))
    assert "1.00 yuan/kWh at buyer, 0.20 at seller, a spread of 0.80." in said
    assert "no spread is wider than 0.80" in said  # the line is full


def test_the_certificate_is_said_in_yuan():
    made = seller_and_buyer()
    agreed = cooperate(made)
    proof = agreed.certificate
    assert f"{proof.upper - proof.lower:,.2f} yuan at most" in words.certified(agreed)
    assert words.certified(pool(made)) == ""


def test_only_penalties_that_are_held_are_compared():
    table = pd.DataFrame(
        {
            "order": ["sequential", "parallel", "sequential", "sequential"],
            "starting penalty": [1e-4, 1e-4, 1e-2, 1e-5],
            "balancing": [False, False, False, True],
            "iterations": [19, 5, 150, 900],
            "certified gap": [1e-5, 1e-3, 4e-5, 1e-2],
        }
    )
    said = words.penalties(table)
    assert "from 19 iterations at 1e-04 yuan/kWh per kW to 150 at 1e-02" in said
    assert "by no more than the certified gap, 4e-05 of the cost at most" in said
    assert words.penalties(table[table["balancing"]]) == ""


# --- one VPP --------------------------------------------------------------------------------------
def sunny():
    """More sun than can be sold: a curtailed kWh loses its quota, a lost one does not."""
    store = battery(energy_start=5.0, energy_max=10.0, charge_max=5.0, discharge_max=5.0)
    return vpp(
        pv(30, 30, 30, 30),
        load(2, 2, 2, 2),
        store,
        grid([0.5] * 4, [0.1] * 4, sell_max=np.full(4, 10.0)),
    )


def test_a_vpp_without_negative_prices_gets_no_explanation_of_them():
    made = vpp(pv(0, 0), load(5, 5), grid([0.5, 0.5], [0.1, 0.1]))
    result = dispatch(made)
    assert words.negative_prices(result).endswith("the lowest is 0.50 yuan/kWh.")
    assert words.emptied_while_cut(result, made) == ""


def test_what_is_spilled_is_what_was_offered_and_not_taken():
    made = sunny()
    table = words.spilled(dispatch(made), made)
    assert table["available"].tolist() == [30.0] * 4
    assert (table["taken"] < 30).all()


def test_vpp2_s_strange_hour_is_seen_and_vpp1_has_none(calibrated):
    for name, seen in (("VPP2", True), ("VPP1", False)):
        made = calibrated.vpp(name)
        result = dispatch(made, flattest=True)
        said = words.emptied_while_cut(result, made)
        assert bool(said) == seen
        assert f"{name} has negative prices" in words.negative_prices(result) or not seen


def test_emptying_among_negative_prices_pays(calibrated):
    """Two roads: the sentence says that it pays; without it VPP2's day is dearer."""
    free = calibrated.vpp("VPP2")
    result = dispatch(free, flattest=True)
    below = result.prices["electricity"].index[result.prices["electricity"] < -0.01]
    limit = np.full(free.steps, 600.0)
    limit[below - 1] = 0.0
    held = calibrated.change("VPP2", "battery", discharge_max=limit).vpp("VPP2")
    assert dispatch(held).cost > result.cost + 1


def test_bills_name_the_largest_and_carbon_s_sides():
    table = pd.DataFrame(
        {"A": [90.0, -20.0, 70.0], "B": [50.0, 30.0, 80.0]}, index=["gas", "carbon", "total"]
    ).assign(cluster=[140.0, 10.0, 150.0])
    assert words.bills(table) == (
        "The largest bill is gas, 140 yuan in all. Carbon is income for A (20 yuan) and a cost "
        "for B (30 yuan)."
    )
    assert words.bills(table.drop(index="carbon")).endswith("in all.")


def test_who_needs_binaries_is_said():
    table = pd.DataFrame(
        {"overlap (share of rating)": [0.0, 0.8], "too cheap by": [0.0, 26.391]}, index=["A", "B"]
    )
    assert words.relaxation(table) == (
        "The relaxation burns energy at B (26.39 yuan too cheap). It is exact for A."
    )
    assert words.relaxation(table.loc[["A"]]).startswith("No VPP needs binaries")


# --- bargaining and uncertainty -------------------------------------------------------------------
def test_payments_are_those_of_the_split():
    made = seller_and_buyer()
    apart, together = alone(made), pool(made)
    split = bargain(made, apart, together)
    pays = split.table["payment"]
    said = words.payments(split)
    assert f"buyer pays {pays['buyer']:,.0f} and seller receives {pays['buyer']:,.0f} yuan." in said
    before = split.table["alone"] - split.table["with trades"]
    assert "seller would not agree" in words.before_payments(before)
    assert "4 of 4" not in words.place_in_band(split, together.trades, together.resolution)
    assert "2 of 2 hours and pairs have a price" in words.place_in_band(
        split, together.trades, together.resolution
    )


def test_a_split_without_trade_has_no_prices():
    made = seller_and_buyer()
    split = bargain(made, alone(made), pool(made))
    still = replace(split, position=split.position * np.nan, table=split.table.assign(payment=0.0))
    assert "Nobody pays anybody." in words.payments(still)
    assert words.place_in_band(still, pool(made).trades, 0.1).startswith("Nothing is traded")


def test_shares_by_level_find_the_largest():
    sweep = pd.DataFrame({"saving (%)": [12.3, 17.04, 15.6]}, index=[0, 8, 12])
    assert words.shares_by_level({"mine": sweep}) == (
        "In mine the saving is 12.3 % at level 0, 17.0 % at level 8, where it is largest, and "
        "15.6 % at level 12."
    )


@pytest.mark.parametrize(("tail", "verdict"), [(-1972.0, "they help"), (40.0, "gains nothing")])
def test_robustness_has_the_lesson_of_its_run(tail, verdict):
    price = pd.DataFrame({"mean": [328.0], "95 % quantile": [0.0], "mean of worst 5 %": [tail]})
    price.index = ["robust 12"]
    nominal = pd.Series({"mean": 79200.0, "95 % quantile": 1.0, "mean of worst 5 %": 90900.0})
    said = words.worth_of_robustness(price, nominal)
    assert "robust 12 cost 328 yuan more (0.4 %) on average" in said
    assert verdict in said


def test_cooperation_is_worth_the_difference_to_no_trade():
    measures = ["mean", "95 % quantile", "mean of worst 5 %"]
    risk = pd.DataFrame(
        [[100.0, 110.0, 120.0], [90.0, 95.0, 100.0]], ["alone", "nominal"], measures
    )
    assert words.worth_of_cooperation(risk) == (
        "To trade at all, as suits the forecast, takes 10 yuan off the mean, 15 yuan off the 95 % "
        "quantile and 20 yuan off the mean of worst 5 %."
    )


# --- pages ----------------------------------------------------------------------------------------
def fixed_texts(notebook: str) -> list[tuple[str, str]]:
    """Cell and paragraph of all that a run cannot change: prose, captions, alternative texts."""
    texts = []
    for cell in nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells:
        figure = cell.metadata.get("mystnb", {})
        captions = [
            figure.get("figure", {}).get("caption", ""),
            figure.get("image", {}).get("alt", ""),
        ]
        for text in [cell.source] if cell.cell_type == "markdown" else captions:
            texts += [(cell.id, paragraph) for paragraph in text.split("\n\n")]
    return texts


@pytest.mark.parametrize("notebook", ["one_vpp", "cooperation", "worst_day"])
def test_what_a_run_for_another_vpp_would_make_untrue_is_not_written_down(notebook):
    """A VPP is named in fixed text only as the book's or the paper's, or in a command to type."""
    untrue = []
    for cell, paragraph in fixed_texts(notebook):
        words_only = re.sub(r"`[^`]*`", "", paragraph)
        of_the_book = re.search("in the book|paper", words_only, re.IGNORECASE)
        if re.search(r"VPP\d", words_only) and not of_the_book:
            untrue.append((cell, paragraph))
    assert untrue == []
