"""What pages check before they show a result: each check holds where it should, else says why."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from vppcore import dispatch, load_case
from vppcore.pages import checks, tables


def holds(check) -> bool:
    fine, sentence = check
    assert isinstance(fine, bool) and "\n" not in sentence
    return fine


@pytest.fixture(scope="module")
def schedule(parent):
    return dispatch(parent.vpp("VPP2"))


# --- a schedule -----------------------------------------------------------------------------------
def test_cost_items_add_up_or_the_difference_is_said(schedule):
    assert holds(checks.adds_up(schedule))
    costs = schedule.costs.copy()
    costs.iloc[0] += 1.0
    fine, sentence = checks.adds_up(replace(schedule, costs=costs))
    assert not fine and sentence.startswith("VPP2: yuan between") and "found 1;" in sentence


def test_balances_close_or_not(schedule):
    assert holds(checks.balanced(schedule))
    flows = schedule.balances["heat"].copy()
    flows.iloc[3, 0] += 1.0
    opened = replace(schedule, balances=schedule.balances | {"heat": flows})
    assert not holds(checks.balanced(opened))


def test_a_vpp_that_needs_next_to_nothing_is_measured_by_its_usual_bill_and_power(schedule):
    """What a solver leaves of nothing is no error; a share of what the VPP has to do with is."""
    idle = load_case("template").vpp("Shop")
    parts = [
        replace(part, scale=0.0) if part.name == "electric_load" else part
        for part in idle.components
    ]
    idle = replace(idle, components=tuple(parts))
    found = dispatch(idle)
    for size, fine in ((1e-12, True), (1.0, False)):
        costs = found.costs * 0 + size
        flows = pd.DataFrame({"a": [size], "b": [0.0]})
        made = replace(found, costs=costs, balances={"electricity": flows})
        assert holds(checks.adds_up(made, idle)) is fine
        assert holds(checks.balanced(made, idle)) is fine


def test_the_check_of_a_balance_follows_the_size_of_the_vpp(schedule):
    """A thousandth of a watt is nothing in a plant and all there is in a toy."""
    for size, fine in ((1.0, True), (1e-9, False)):
        flows = pd.DataFrame({"a": [1.0 * size + 1e-9], "b": [-1.0 * size]})
        assert holds(checks.balanced(replace(schedule, balances={"heat": flows}))) is fine


def test_overlapping_flows_are_said_with_the_component(schedule):
    exact = replace(schedule, overlaps={})
    assert holds(checks.is_exact(exact))
    fine, sentence = checks.is_exact(replace(schedule, overlaps={"battery": 0.5}))
    assert not fine and "battery up to 0.5 of its rating" in sentence


def test_binaries_only_cost_more():
    def compared(*rows):
        columns = ["relaxed", "with binaries", "overlap (share of rating)"]
        table = pd.DataFrame(rows, columns=columns, index=[f"V{k}" for k in range(len(rows))])
        table["too cheap by"] = table["with binaries"] - table["relaxed"]
        return table

    assert holds(checks.relaxation_is_a_bound(compared((100.0, 100.0, 0.0), (100.0, 110.0, 0.4))))
    assert not holds(checks.relaxation_is_a_bound(compared((100.0, 99.0, 0.0))))
    fine, sentence = checks.relaxation_is_a_bound(compared((1.0, 1.0, 0.0), (100.0, 101.0, 0.0)))
    assert not fine and "V1" in sentence and "V0" not in sentence
    assert holds(checks.relaxation_is_a_bound(compared((-100.0, -100.0, 0.0))))  # an income


# --- a coalition ----------------------------------------------------------------------------------
def agreed(lower, upper):
    return SimpleNamespace(certificate=SimpleNamespace(lower=lower, upper=upper))


@pytest.mark.parametrize(
    ("lower", "upper", "fine"),
    [(99.0, 101.0, True), (100.1, 101.0, False), (90.0, 99.9, False), (-1.0, 100.0, True)],
)
def test_the_optimum_lies_between_the_bounds(lower, upper, fine):
    optimum = SimpleNamespace(cost=100.0)
    assert holds(checks.optimum_is_between(agreed(lower, upper), optimum)) is fine


def test_a_negotiation_without_a_certificate_proves_nothing():
    nothing = SimpleNamespace(certificate=None)
    assert not holds(checks.optimum_is_between(nothing, SimpleNamespace(cost=1.0)))


def test_only_trades_and_prices_may_be_told():
    kinds = pd.DataFrame({"kind": ["expected trade", "multiplier"]})
    assert holds(checks.only_trades_and_prices(kinds))
    assert not holds(checks.only_trades_and_prices(kinds.replace("multiplier", "cost")))


def test_gaps_are_held_against_the_tolerance():
    gaps = pd.Series([1e-6, 1e-3])
    assert holds(checks.gap_is_small(gaps, 1e-3))
    assert not holds(checks.gap_is_small(gaps, 1e-5))


# --- a split --------------------------------------------------------------------------------------
def test_payments_cancel():
    table = pd.DataFrame({"payment": [5.0, -5.0, 0.0], "alone": [100.0, 50.0, 150.0]})
    table.index = ["A", "B", "cluster"]
    assert holds(checks.paid_is_received(table))
    table.loc["cluster", "payment"] = 0.1
    assert not holds(checks.paid_is_received(table))


def test_who_loses_is_named():
    assert holds(checks.nobody_loses(pd.Series({"A": 5.0, "B": 0.0})))
    fine, sentence = checks.nobody_loses(pd.Series({"A": 5.0, "B": -1.0}))
    assert not fine and sentence == "gains below zero, yuan: B -1.00"


def test_prices_stay_inside_the_band():
    band = pd.DataFrame({"low": [0.2, 0.2], "high": [1.0, 0.5]})
    for price, fine in (([0.2, 0.5], True), ([np.nan, 0.3], True), ([1.0, 0.51], False)):
        split = SimpleNamespace(method="conic", prices=pd.DataFrame({"pair": price}), bands={})
        assert holds(checks.inside_band(split, band)) is fine
    split = SimpleNamespace(method="conic", prices=pd.DataFrame({"pair": [0.1, 0.3]}), bands={})
    assert checks.inside_band(split, band) == (False, "conic: a price outside the grid's band")


def test_prices_stand_inside_the_band_unless_it_binds():
    def split(*theta, bound=False):
        return SimpleNamespace(position=pd.Series(theta), bound=bound, note="the band binds")

    assert holds(checks.marks_inside(split(0.4, -1.0, np.nan)))
    assert holds(checks.marks_inside(split(np.nan)))
    assert not holds(checks.marks_inside(split(0.4, -1.2)))
    assert holds(checks.marks_inside(split(1.2, bound=True)))


def test_roads_are_held_against_what_is_paid_for():
    """A price that is known to 1e-4 yuan/kWh leaves 2 yuan on 10 MWh open."""
    roads = pd.DataFrame({"one": [100.0, 50.0], "other": [101.0, 49.0]})
    assert holds(checks.roads_agree(roads, 1e-4, 10_000))
    assert not holds(checks.roads_agree(roads, 1e-4, 1_000))
    assert holds(checks.roads_agree(roads * 30, 30 * 1e-4, 10_000))  # in another currency


# --- uncertainty ----------------------------------------------------------------------------------
def test_costs_by_level_rise_and_together_costs_no_more():
    costs = pd.DataFrame({"alone": [100.0, 110.0], "together": [90.0, 89.999]}, [0, 2])
    assert holds(checks.rises(costs["alone"])) and holds(checks.rises(costs["together"]))
    assert not holds(checks.rises(costs["together"] - np.array([0, 5])))
    assert holds(checks.together_costs_no_more(costs))
    dear = costs.assign(together=[90.0, 120.0])
    fine, sentence = checks.together_costs_no_more(dear)
    assert not fine and sentence.endswith("at level 2")


def test_a_search_that_was_stopped_is_judged_by_what_it_knows():
    costs = pd.DataFrame({"together": [100.0, 99.0], "gap": [1e-6, -2e-2]})
    assert checks.accuracy_of(costs) == 2e-2
    assert checks.accuracy_of(costs.head(1)) == checks.ROBUST_ACCURACY
    assert holds(checks.rises(costs["together"], 2e-2))
    assert not holds(checks.rises(costs["together"]))


def test_a_cost_is_no_dearer_up_to_a_share_of_it():
    assert holds(checks.no_dearer(100.0, 100.0, "x")) and holds(checks.no_dearer(-5.0, -4.0, "x"))
    fine, sentence = checks.no_dearer(100.1, 100.0, "the forecast day")
    assert not fine and sentence == "the forecast day: found 100.10 yuan; allowed: up to 100.00"


def test_the_tail_is_in_order():
    columns = ["95 % quantile", "mean of worst 5 %", "worst"]
    risk = pd.DataFrame([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]], ["a", "b"], columns)
    assert holds(checks.tail_in_order(risk))
    risk.loc["b"] = [3.0, 2.0, 4.0]
    fine, sentence = checks.tail_in_order(risk)
    assert not fine and " b " in sentence


def test_the_relaxation_is_compared_by_vpp(parent):
    plants = parent.vpps[:1]
    relaxed = {vpp.name: dispatch(vpp, storage="relaxed") for vpp in plants}
    exact = {vpp.name: dispatch(vpp, storage="binary") for vpp in plants}
    assert holds(checks.relaxation_is_a_bound(tables.relaxation(relaxed, exact)))
