"""Sentences made from results: they follow the run, whatever it is."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
from builders import battery, grid, load, pv, seller_and_buyer, vpp

from vppcore import alone, bargain, cooperate, dispatch, pool, worst_case
from vppcore.pages import (
    experiments,
    tables,
    words,
    words_b,
    words_cooperation,
    words_uncertainty,
    words_vpp,
)
from vppcore.places import NOTEBOOKS
from vppcore.uncertainty.settings import at_level


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


def test_steps_that_are_no_hours_are_not_said_to_be():
    try:
        words.count_steps(0.25)
        assert words.hours_said([7]) == "step 7" and words.hours_said([7, 8]) == "steps 7 to 8"
        assert words_b.in_hours([], 96) == "in no step"
        words.count_steps(1, start_hour=6.0)
        assert words.hours_said([7]) == "hour 7" and not words.counts_hours_of_day()
    finally:
        words.count_steps()
    assert words.counts_hours_of_day()


# --- cooperation ----------------------------------------------------------------------------------
def test_the_sources_of_a_saving_are_said_with_purchase_and_sale_as_one():
    made = items(
        gas=[5000.0, 1000.0],
        electricity_purchase=[3000.0, 3000.0],
        electricity_sale=[-2000.0, 0.0],
        crossing_fee=[-500.0, -500.0],
        operation=[20.0, 20.0],
    )
    assert words_cooperation.saving_by_source(made) == (
        "Together the VPPs save 9,040 yuan: 6,000 on gas, 4,000 on the grid (purchases less sales) "
        "and 40 on the other items, less 1,000 for crossing fees."
    )


def numbers_in(text: str) -> list[float]:
    """The amounts of a text, in order."""
    return [float(word.replace(",", "")) for word in text.split() if word[0].isdigit()]


def test_numbers_that_are_named_add_up_to_the_saving(parent):
    saved = experiments.split_saving(parent).items
    plus, minus = words_cooperation.saving_by_source(saved).split(", less ")
    saving, *gained = numbers_in(plus)
    unit = 10.0 ** -words.places_for(saving)
    assert saving == pytest.approx(saved.loc["total", "cluster"], abs=unit)
    apart = sum(gained) - sum(numbers_in(minus)) - saving
    assert abs(apart) <= unit * (len(gained) + len(numbers_in(minus)) + 1) / 2


def test_no_saving_is_said_as_none():
    assert (
        words_cooperation.saving_by_source(items(gas=[5.0, -5.0]))
        == "Together the VPPs save nothing."
    )


def test_who_would_not_agree_without_payments():
    saved = pd.Series({"A": -20.4, "B": 1050.0})
    assert words_cooperation.before_payments(saved) == (
        "Before any payment A pays 20 yuan more and B 1,050 yuan less than alone; A would not "
        "agree without being paid."
    )
    assert words_cooperation.before_payments(saved.abs()).endswith(
        "all gain even without payments."
    )


def test_who_burns_gas_for_others():
    burns = items(gas=[-30.0, 90.0])
    assert words_cooperation.gas_for_others(burns).startswith(
        "More gas than alone is burnt by A for 30.00 yuan"
    )
    assert (
        words_cooperation.gas_for_others(items(gas=[30.0, 90.0]))
        == "No VPP burns more gas than alone."
    )
    assert words_cooperation.gas_for_others(items(carbon=[30.0, 90.0])) == ""


def test_the_spread_is_that_of_the_prices():
    made = seller_and_buyer()
    said = words_cooperation.widest_spread(alone(made), pool(made))
    assert "1.00 yuan/kWh at buyer, 0.20 at seller, a spread of 0.80." in said
    assert "no spread is wider than 0.80" in said  # the line is full


def test_the_certificate_is_said_in_yuan():
    made = seller_and_buyer()
    agreed, optimum = cooperate(made), pool(made)
    proof = agreed.certificate
    apart = f"{words.in_digits(proof.upper - proof.lower)} yuan above the best possible."
    assert words_cooperation.talks(agreed).endswith(apart)
    assert f"agree after {agreed.iterations} rounds" in words_cooperation.talks(agreed)
    left = words_cooperation.left_to_find(agreed, optimum)
    for number in (proof.upper, proof.lower, optimum.cost):
        assert f"{number:,.2f}" in left
    assert (
        words_cooperation.talks(optimum) == words_cooperation.left_to_find(optimum, optimum) == ""
    )


def test_talks_without_an_agreement_are_said_to_have_none():
    made = seller_and_buyer()
    short = cooperate(made, max_iterations=1)
    assert not short.agreed
    assert "have not agreed after 1 rounds" in words_cooperation.talks(short)


def test_what_is_told_is_counted():
    agreed = cooperate(seller_and_buyer())
    said = words_cooperation.told(agreed)
    assert f"{len(agreed.messages):,} messages" in said
    assert "expected trades and multipliers with 2 numbers each" in said


def test_who_supplies_and_when_are_those_of_the_trades():
    made = seller_and_buyer()
    together = pool(made)
    moved = tables.trade_summary(together)
    said = words_cooperation.who_supplies(moved)
    supplied = 1000 * moved.loc["seller", "supplied"]
    assert f"supplied by seller ({words.energy(supplied)})" in said
    assert "received by buyer" in said
    assert words_cooperation.who_supplies(0 * moved) == "Nothing is traded."
    hours = words_cooperation.directions(together)
    assert (
        "buyer receives in hours 1 to 2." in hours and "seller supplies in hours 1 to 2." in hours
    )


def test_what_the_grid_has_less_of():
    made = seller_and_buyer()
    before, after = alone(made)["buyer"], pool(made).dispatches["buyer"]
    bought = words.energy(float(before.balances["electricity"]["grid"].sum()))
    said = words_cooperation.grid_less_used(before, after, 1.0)
    assert f"(alone {bought})" in said and "sells nothing (alone nothing)" in said


def test_a_member_that_rests_alone_buys_nothing_whatever_a_solver_leaves():
    """A battery without a load: alone its largest flow is rounding, and no talks left it over."""
    made = seller_and_buyer()
    after = pool(made).dispatches["buyer"]
    rested = after.balances["electricity"] * 0 + 3e-13
    before = replace(after, balances={**after.balances, "electricity": rested})
    said = words_cooperation.grid_less_used(before, after, 1.0)
    assert "(alone nothing), and" in said and "(alone nothing)." in said


def test_what_the_talks_left_over_is_said_with_its_hour():
    """Too little to be a sale, and more than no flow: as a claim on single hours counts it."""
    made = seller_and_buyer()
    before, after = alone(made)["buyer"], pool(made).dispatches["buyer"]
    flows = after.balances["electricity"]
    largest = max(
        float(before.balances["electricity"]["grid"].sum()), float(flows.abs().max().max())
    )
    left = flows.copy()
    left["grid"] = 0.0
    left.loc[left.index[0], "grid"] = -5e-4 * largest
    spoilt = replace(after, balances={**after.balances, "electricity": left})
    said = words_cooperation.grid_less_used(before, spoilt, 1.0)
    kw = words.in_digits(5e-4 * largest, 1)
    assert f"sells nothing but {kw} kW in hour {left.index[0]}, left by the talks" in said


def held(**changed) -> pd.DataFrame:
    usual = {
        "penalty": [1e-5, 1e-4, 1e-2],
        "disagree early (%)": [150.0, 7.0, 1.2],
        "move early (%)": [1.1, 0.8, 47.0],
        "rounds": [202, 43, 247],
        "gap (yuan)": [5.6, 6.9, 9.4],
        "let go in round": [114.0, np.nan, 234.0],
    }
    return pd.DataFrame(usual | changed)


def test_what_a_held_penalty_does_is_said_where_the_run_shows_it():
    said = words_cooperation.held_penalties(10, held())
    assert "disagree by 150 % with a penalty of 1e-05 and by 1.2 % with 1e-02" in said
    assert "lets partners disagree for long" in said and "leave 9.40 yuan open" in said
    gone = "Not held to the end, as the talks stalled: 1e-05 in round 114 and 1e-02 in round 234."
    assert gone in said
    never = held(**{"let go in round": [np.nan, np.nan, np.nan]})
    assert "Not held" not in words_cooperation.held_penalties(10, never)
    other = words_cooperation.held_penalties(10, held(**{"move early (%)": [50.0, 1.0, 1.0]}))
    assert "creep" not in other


def test_penalties_that_are_held_start_as_asked_and_end_near_the_optimum(parent):
    """Two roads: the rounds are those of one negotiation, and a small penalty disagrees for longer."""
    found = experiments.hold_penalties(parent, [3e-5, 1e-4, 1e-3], 1e-3)
    usual = cooperate(parent, penalty=1e-4, balancing=False)
    row = found.table.iloc[1]
    assert row["rounds"] == usual.iterations
    assert row["gap (yuan)"] == pytest.approx(usual.certificate.upper - usual.certificate.lower)
    assert found.table["disagree early (%)"].is_monotonic_decreasing
    assert found.early == 10 and found.table["let go in round"].isna().all()
    residual = usual.history.loc[10, "relative primal"]
    assert found.disagreement.loc[10, "1e-04"] == pytest.approx(residual)


def test_ways_to_talk_name_the_range_of_their_rounds():
    table = pd.DataFrame(
        {
            "order": ["sequential", "parallel", "sequential", "sequential"],
            "balancing": [False, False, True, True],
            "iterations": [43, 95, 48, 21],
        }
    )
    said = words_cooperation.ways_to_talk(table)
    assert "95 in parallel order with a penalty that is held" in said
    assert "21 to 48 in sequential order with a penalty that follows the residuals" in said


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
    assert words_vpp.negative_prices(result).endswith("the lowest is 0.50 yuan/kWh.")
    assert words_vpp.emptied_while_cut(result, made) == ""


def test_what_is_spilled_is_what_was_offered_and_not_taken():
    made = sunny()
    table = words_vpp.spilled(dispatch(made), made)
    assert table["available"].tolist() == [30.0] * 4
    assert (table["taken"] < 30).all()


def test_vpp2_s_strange_hour_is_seen_and_vpp1_has_none(calibrated):
    for name, seen in (("VPP2", True), ("VPP1", False)):
        made = calibrated.vpp(name)
        result = dispatch(made, flattest=True)
        said = words_vpp.emptied_while_cut(result, made)
        assert bool(said) == seen
        assert f"{name} has negative prices" in words_vpp.negative_prices(result) or not seen


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
    assert words_vpp.bills(table) == (
        "The largest bill is gas, 140 yuan in all. Carbon is income for A (20 yuan) and a cost "
        "for B (30 yuan)."
    )
    assert words_vpp.bills(table.drop(index="carbon")).endswith("in all.")


def test_what_all_pay_alone_is_added_up():
    table = pd.DataFrame({"A": [70.0], "B": [80.0]}, index=["total"]).assign(cluster=[150.0])
    assert words_vpp.costs_alone(table) == "Alone A pays 70 yuan and B 80 yuan, 150 in all."


def test_a_schedule_says_what_keeps_flows_apart(calibrated):
    """Free where nothing pays for burning, by binaries where they are asked for, relaxed not at all."""
    calm = vpp(load(5, 5), battery(), grid([0.5, 0.5], [0.1, 0.1]))
    free = words_vpp.exactness({"V": dispatch(calm)})
    assert free.endswith("in the same hour. At V this comes out although nothing forbids it.")
    bound = words_vpp.exactness({"V": dispatch(calm, storage="binary")})
    assert bound.endswith("in the same hour. At V binaries forbid it.")
    loose = words_vpp.exactness({"V": dispatch(calibrated.vpp("VPP2"), storage="relaxed")})
    assert loose == "At V they do, so that the cost is a bound from below."


def test_trade_with_the_grid_is_said_with_its_hours():
    made = vpp(pv(0, 20), load(5, 5), grid([0.5, 0.5], [0.1, 0.1]))
    said = words_vpp.with_the_grid(dispatch(made), 1.0)
    assert said.endswith("buys 5.00 kWh in hour 1 and sells 15.0 kWh in hour 2.")


def test_prices_inside_are_a_range():
    prices = pd.DataFrame({"electricity": [0.2, 1.2], "heat": [0.4, 0.4]})
    assert words_vpp.prices_inside(prices, "V") == (
        "One more kWh would cost V, by the hour, 0.20 to 1.20 yuan for electricity and 0.40 yuan "
        "for heat."
    )


def test_who_comes_near_the_paper_with_nothing_fitted():
    beside = pd.DataFrame({"nothing fitted off by (%)": [0.1, -33.0]}, index=["VPP1", "VPP2"])
    assert words_vpp.near_the_paper(beside) == (
        "VPP1 cost with nothing fitted what the paper implies, within one percent; it is missed "
        "at VPP2 by 33 %."
    )


# --- the data -------------------------------------------------------------------------------------
def test_needs_offers_and_peaks_are_sums_and_maxima(parent):
    electric, heat = tables.demand(parent, "load"), tables.demand(parent, "heat")
    renewable = tables.available(parent)
    said = words_vpp.needs_and_offers(electric, heat, renewable, 1.0)
    assert words.energy(electric.sum().sum()) in said and words.energy(heat.sum().sum()) in said
    peak = electric["VPP2"].max()
    assert (
        f"VPP2 in hour {electric['VPP2'].idxmax()} ({words.in_digits(peak)} kW)"
        in words_vpp.peaks(electric, "electric load")
    )
    above = renewable["VPP3"] > electric["VPP3"]
    hours = words.hours_said(above.index[above])
    assert f"VPP3 in {hours}" in words_vpp.more_than_needed(electric, renewable)


def test_prices_and_sources_are_those_of_the_case(parent):
    tariff, counted = tables.tariff(parent), tables.statuses(parent)
    said = words_vpp.prices_and_sources(tariff, counted)
    assert "charges 0.40 to 1.20 yuan/kWh and pays 0.20" in said
    assert f"of the {len(parent.units)} numbers" in said
    steps = words_vpp.price_steps(tariff)
    assert "dearest in hours 12 to 14 and 19 to 22" in steps and "the same in every hour" in steps


def test_what_was_fitted_stands_beside_what_it_was(parent, calibrated):
    beside = tables.fitted_beside(parent, calibrated).set_index(["VPP", "parameter"])
    assert len(beside) == len(calibrated.units[calibrated.units["status"] == "calibrated"]) == 3
    assert beside.loc[("all", "tie limit"), "unfitted"] == np.max(parent.tie.limit)
    assert beside.loc[("VPP2", "heat_load scale"), "unfitted"] == 1.0
    assert (beside["unfitted"] != beside["fitted"]).all()


def test_who_needs_binaries_is_said():
    table = pd.DataFrame(
        {"overlap (share of rating)": [0.0, 0.8], "too cheap by": [0.0, 26.391]}, index=["A", "B"]
    )
    assert words_vpp.relaxation(table) == (
        "The relaxation burns energy at B (26.39 yuan too cheap). It is exact for A."
    )
    assert words_vpp.relaxation(table.loc[["A"]]).startswith("No VPP needs binaries")


# --- bargaining and uncertainty -------------------------------------------------------------------
def test_payments_are_those_of_the_split():
    made = seller_and_buyer()
    apart, together = alone(made), pool(made)
    split = bargain(made, apart, together)
    pays = split.table["payment"]
    said = words_cooperation.payments(split)
    paid = words.amount(pays["buyer"], max(0, words.places_for(split.gains.sum())))
    assert f"buyer pays {paid} and seller receives {paid} yuan." in said
    before = split.table["alone"] - split.table["with trades"]
    assert "seller would not agree" in words_cooperation.before_payments(before)
    assert "4 of 4" not in words_cooperation.place_in_band(
        split, together.trades, together.resolution
    )
    assert "2 of 2 hours and pairs have a price" in words_cooperation.place_in_band(
        split, together.trades, together.resolution
    )


def test_a_split_without_trade_has_no_prices():
    made = seller_and_buyer()
    split = bargain(made, alone(made), pool(made))
    still = replace(split, position=split.position * np.nan, table=split.table.assign(payment=0.0))
    assert "Nobody pays anybody." in words_cooperation.payments(still)
    assert words_cooperation.place_in_band(still, pool(made).trades, 0.1).startswith(
        "Nothing is traded"
    )


def test_gains_and_roads_are_those_of_the_split():
    made = seller_and_buyer()
    apart, together = alone(made), pool(made)
    split = bargain(made, apart, together)
    said, places = words_cooperation.gains(split), max(0, words.places_for(split.gains.sum()))
    for name, gain in split.gains.items():
        assert f"{name} gains {words.amount(gain, places)}" in said
    roads = pd.DataFrame({"closed form": split.gains, "conic": split.gains + [0.5, -0.5]})
    way = replace(split, method="closed form")
    far = words_cooperation.roads_apart(roads, {"closed form": way, "conic": way})
    assert far.startswith("The roads differ by less than 1 yuan, less than ")
    assert far.endswith(f"conic: {way.note}.")


def test_the_widest_range_of_a_gain_is_named():
    splits = pd.DataFrame({"A": [10.0, 30.0], "B": [70.0, 75.0]})
    said = words_cooperation.how_firm(splits)
    assert "A gains from 10.00 to 30.00 yuan in the 2 optimal sets of trades" in said
    assert "no proven range" in said
    alike = pd.DataFrame({"A": [10.0, 10.001], "B": [70.0, 69.999]})
    assert words_cooperation.how_firm(alike).endswith("split it alike, to 0.0010 yuan.")


def test_the_worst_day_is_said_with_its_hours_and_prices():
    made = {
        name: worst_case(each, at_level(1))
        for name, each in (("V", vpp(load(5, 9), grid([0.5, 2.0], [0.1, 0.1]))),)
    }
    day = made["V"]
    said = words_uncertainty.worst_said(made, "V")
    assert f"V pays {words.in_digits(day.cost, 5)} yuan" in said and said.endswith(
        "No VPP loses more."
    )
    assert words_uncertainty.hits_said(day.hits, "V") == "The adversary hits V's load in hour 2."
    assert words_uncertainty.hits_said(0 * day.hits, "V") == "Nothing is hit at V."
    prices = pd.DataFrame({"worst day": [0.5, 2.0]}, index=day.hits.index)
    why = words_uncertainty.why_these_hours(prices, day.hits)
    assert why.endswith("2.00 where the hit is on load and 0.50 elsewhere.")
    assert words_uncertainty.proven(made).startswith("V: no day of the budget costs more (proven).")


def test_prices_of_a_day_that_is_hit_are_dearer_where_the_connection_is_full():
    plant = vpp(load(5, 9), grid([0.5, 2.0], [0.1, 0.1]))
    day = worst_case(plant, at_level(1))
    prices = experiments.prices_of_days(plant, at_level(1), day.hits)
    assert prices["worst day"].tolist() == pytest.approx([0.5, 2.0])


LEVELS = pd.DataFrame(
    {
        "alone": [100.0, 130.0, 150.0],
        "together": [80.0, 100.0, 125.0],
        "saving (%)": [20.0, 23.1, 16.7],
        "gap": [0.0, 1e-5, 1e-5],
    },
    index=[0, 2, 4],
)


def test_costs_by_level_are_said_from_end_to_end():
    assert words_uncertainty.costs_rise(LEVELS).endswith(
        "grows from 100.00 to 150.00 yuan alone and from 80.000 to 125.00 together."
    )
    assert "23.1 % at level 2, where it is most" in words_uncertainty.saved_by_level(LEVELS)
    grown = words_uncertainty.growth_shared(LEVELS)
    assert "grows by 50.0 yuan alone and by 45.0 together" in grown
    assert (
        "more slowly than alone on the way to level 2 and no more slowly on the way to level 4"
        in grown
    )
    one = LEVELS.loc[[2]]
    assert words_uncertainty.growth_shared(one) == ""
    assert words_uncertainty.costs_rise(one).startswith("At level 2 130.00 yuan")
    assert words_uncertainty.saved_by_level(one) == "Cooperation saves 23.1 % of it."


def test_bounds_are_said_by_how_far_they_are_apart():
    bounds = pd.DataFrame({"lower": [60.0, 99.5], "upper": [110.0, 100.0]})
    said = words_uncertainty.bounds_meet(bounds, 2)
    assert "begin 50.0 yuan apart and end, after 2 rounds, 0.500 yuan apart" in said
    assert "bounds meet" in words_uncertainty.gaps(LEVELS)
    stopped = LEVELS.assign(gap=[0.0, 0.02, 0.0])
    assert words_uncertainty.gaps(stopped).startswith("At level 2 the search was stopped")


def test_who_gains_most_by_level_and_where_the_band_binds():
    gains = pd.DataFrame(
        {"A": [3.0, 1.0], "B": [2.0, 4.0], "prices bound": [False, True]}, index=[0, 2]
    )
    said = words_uncertainty.who_gains_by_level(gains, ["A", "B"])
    assert said == (
        "A gains most at level 0 and B gains most at level 2. The price band binds at level 2."
    )
    assert "never binds" in words_uncertainty.who_gains_by_level(gains.head(1), ["A", "B"])
    assert "A gains most at every level." in words_uncertainty.who_gains_by_level(
        gains.assign(B=0.0), ["A", "B"]
    )
    assert words_uncertainty.who_gains_by_level(gains.head(0), ["A", "B"]).startswith("At no level")


def test_level_0_stands_beside_the_negotiated_split():
    made = seller_and_buyer()
    split = bargain(made, alone(made), pool(made))
    assert words_uncertainty.at_level_0(split, split).endswith(
        "the split of the negotiated trades."
    )
    other = replace(split, table=split.table.assign(gain=split.table["gain"] + [1.0, -1.0]))
    said = words_uncertainty.at_level_0(split, other)
    places = max(0, words.places_for(split.gains.sum()))
    for each in (split, other):
        for name, gain in each.gains.items():
            assert f"{name} {words.amount(gain, places)}" in said


def test_sampled_days_above_a_guarantee_are_no_contradiction():
    risk = pd.DataFrame({"worst": [120.0, 90.0]}, index=["robust 4", "robust 8"])
    promised = {name: SimpleNamespace(cost=100.0) for name in risk.index}
    said = words_uncertainty.guarantees(promised, risk)
    assert "by robust 4 (100.0 yuan guaranteed, 120.0 on the worst day drawn)." in said
    assert "robust 8" not in said
    small = {name: SimpleNamespace(cost=each.cost / 1000) for name, each in promised.items()}
    amounts = re.findall(
        r"([\d.]+) yuan guaranteed, ([\d.]+)", words_uncertainty.guarantees(small, risk / 1000)
    )
    assert amounts and all(float(one) < float(other) for one, other in amounts)
    only = words_uncertainty.guarantees({"robust 8": promised["robust 8"]}, risk)
    assert only == "No sampled day costs more than its schedule guarantees."


def test_shares_by_level_find_the_largest():
    sweep = pd.DataFrame({"saving (%)": [12.3, 17.04, 15.6]}, index=[0, 8, 12])
    assert words_uncertainty.shares_by_level({"mine": sweep}) == (
        "In mine the saving is 12.3 % at level 0, 17.0 % at level 8, where it is most, and 15.6 % "
        "at level 12."
    )


def prices_of(*tails: float) -> pd.DataFrame:
    names = [f"robust {4 * number}" for number in range(1, len(tails) + 1)]
    columns = {"mean": 328.0, "95 % quantile": 0.0, "mean of worst 5 %": list(tails)}
    return pd.DataFrame(columns, index=names)


def test_what_robust_promises_cost_is_said_one_by_one():
    nominal = pd.Series({"mean": 79200.0, "95 % quantile": 1.0, "mean of worst 5 %": 90900.0})
    prices = prices_of(-1972.0, 40.0).assign(mean=[328.0, -79.2])
    assert words_uncertainty.worth_of_robustness(prices, nominal).endswith(
        "on average 328 yuan more with robust 4 (0.41 %) and 79.2 yuan less with robust 8 (−0.10 %)."
    )


@pytest.mark.parametrize(
    ("tails", "lesson"),
    [
        ([-10.0, -30.0], "most is spared by robust 8."),
        (
            [-10.0, -30.0, 5.0],
            "most is spared by robust 8, and by robust 12 the tail gains nothing.",
        ),
        ([3.0, 5.0], "the tail gains nothing by them."),
    ],
)
def test_a_run_has_one_lesson_on_the_tail(tails, lesson):
    said = words_uncertainty.lesson_of_robustness(prices_of(*tails))
    assert said.endswith(f": {lesson}")
    assert said.count("yuan") == len(tails)


def test_cooperation_is_worth_the_difference_to_no_trade():
    measures = ["mean", "95 % quantile", "mean of worst 5 %"]
    risk = pd.DataFrame(
        [[100.0, 110.0, 120.0], [90.0, 95.0, 100.0]], ["alone", "nominal"], measures
    )
    assert words_uncertainty.worth_of_cooperation(risk) == (
        "To trade at all, as suits the forecast, takes 10.0 yuan off the mean, 15.0 yuan off the "
        "95 % quantile and 20.0 yuan off the mean of worst 5 %."
    )
    risk.loc["robust 4"] = 94.0
    assert words_uncertainty.choice_of_promises(risk) == (
        "The cheapest and the dearest promises are 4.00 yuan apart on average, 40 % of what trading "
        "saves."
    )
    risk.loc["nominal"] = 130.0
    assert words_uncertainty.choice_of_promises(risk).endswith("36.0 yuan apart on average.")


@pytest.mark.parametrize(
    ("means", "said"),
    [
        ([5.0], ""),
        ([5.0, 7.0, 9.0], "The larger the budget, the dearer"),
        ([5.0, 4.0, 9.0], "A larger budget is not always dearer"),
    ],
)
def test_whether_larger_budgets_are_dearer_follows_the_numbers(means, said):
    prices = prices_of(*means).assign(mean=means)
    assert words_uncertainty.larger_budgets(prices).startswith(said)
    assert bool(words_uncertainty.larger_budgets(prices)) == bool(said)


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


STUDY_A = (
    "data",
    "one_vpp",
    "cooperation",
    "negotiation",
    "bargaining",
    "worst_day",
    "uncertainty",
    "out_of_sample",
    "risk",
    "reserve",
)


@pytest.mark.parametrize("notebook", STUDY_A)
def test_what_a_run_for_another_vpp_would_make_untrue_is_not_written_down(notebook):
    """A VPP is named in fixed text only as the book's or the paper's, or in a command to type."""
    untrue = []
    for cell, paragraph in fixed_texts(notebook):
        words_only = re.sub(r"`[^`]*`", "", paragraph)
        of_the_book = re.search("in the book|paper", words_only, re.IGNORECASE)
        if re.search(r"VPP\d", words_only) and not of_the_book:
            untrue.append((cell, paragraph))
    assert untrue == []
