"""Promises under risk: CVaR by sorting, a case by hand, the limits of the weight and of the confidence."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from builders import battery, case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import Case, WrongInput, load_case
from vppcore.components import MicroTurbine
from vppcore.solvers import solve
from vppcore.uncertainty.first_stage import schedule_on
from vppcore.uncertainty.ordinary_days import every_hour, out_of_sample, sample_days
from vppcore.uncertainty.risk import (
    RiskProgram,
    costs_by_vpp,
    cvar,
    promises_under_risk,
    weighed,
    with_intervals,
)
from vppcore.uncertainty.settings import Uncertainty, at_level

SAME = 1e-6  # relative agreement of two roads
SUN = Uncertainty({"pv": 1}, deviation=0.5)
# the sun of the seller is 15, 10 or 5 kW
THREE_DAYS = np.array([[-1.0], [0.0], [1.0]])


def sunny_pair() -> Case:
    """A seller who must buy at 2 what it promised too much, and a buyer of 12 kW who else pays 1; one step."""
    seller = vpp(pv(10), load(0), grid([2.0], [0.2]), name="seller")
    buyer = vpp(load(12), grid([1.0], [0.2]), name="buyer")
    return case(seller, buyer)


def drawn_pair(sun: list[float], needs: list[float], tariff: float) -> Case:
    """A seller with sun and a battery beside a buyer."""
    steps = len(sun)
    prices = grid([1.0] * steps, [0.2] * steps)
    seller = vpp(
        pv(*sun), load(*[1.0] * steps), grid([tariff] * steps, [0.1] * steps), name="seller"
    )
    buyer = vpp(load(*needs), battery(wear_cost=0.01), prices, name="buyer")
    return case(seller, buyer, limit=15.0, crossing_fee=0.01)


drawn_pairs = st.builds(
    drawn_pair,
    st.lists(st.floats(0, 30), min_size=2, max_size=2),
    st.lists(st.floats(5, 30), min_size=2, max_size=2),
    st.floats(0.8, 2.0),
)
DOUBT = Uncertainty({"load": 1, "pv": 1}, deviation=0.4)


def traded(found) -> float:
    return -float(found.trades["seller"]["buyer"].iloc[0])


# --- the measure ----------------------------------------------------------------------------------
@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=30),
    st.floats(0, 0.99),
)
def test_sorting_and_the_linear_form_agree(costs, confidence):
    """Rockafellar and Uryasev: the least of v + mean (cost - v)+ / (1 - a), reached at one of the costs."""
    numbers = np.array(costs)
    excess = np.maximum(numbers[None, :] - numbers[:, None], 0).mean(axis=1)
    least = (numbers + excess / (1 - confidence)).min()
    assert cvar(costs, confidence) == pytest.approx(least, rel=SAME, abs=SAME)
    assert numbers.mean() - SAME * 100 <= cvar(costs, confidence) <= numbers.max() + SAME * 100


def test_confidence_0_is_the_mean_and_near_1_the_worst():
    assert cvar([1, 5, 9], 0.0) == pytest.approx(5)
    assert cvar([1, 5, 9], 0.999) == pytest.approx(9)


def test_an_interval_is_as_wide_as_the_days_are_few():
    costs = pd.DataFrame({"a": np.random.default_rng(2).normal(100, 10, 400)})
    found = with_intervals(costs, 0.9).loc["a"]
    half = 1.96 * costs["a"].std() / np.sqrt(400)
    assert found["mean to"] - found["mean from"] == pytest.approx(2 * half, rel=0.15)
    assert found["CVaR from"] < found["CVaR"] < found["CVaR to"]
    # of a normal distribution: mean + 1.755 deviations
    assert found["CVaR from"] < 117.55 < found["CVaR to"]


# --- by hand --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("weight", "promise", "mean", "worst"),
    [(0.0, 10, 5, 12), (0.1, 10, 5, 12), (0.2, 5, 6, 7), (1.0, 5, 6, 7)],
)
def test_one_hour_by_hand(weight, promise, mean, worst):
    """Between 5 and 10 kW one kW more earns 0.2 on average and costs 1 on the day of little sun: turn at 1/6."""
    found = promises_under_risk(sunny_pair(), SUN, THREE_DAYS, [weight], 2 / 3)[weight]
    total = found.costs.sum(axis=1)
    assert traded(found) == pytest.approx(promise, rel=SAME)
    assert total.mean() == pytest.approx(mean, rel=SAME)
    assert total.max() == pytest.approx(worst, rel=SAME)
    assert found.upper == pytest.approx((1 - weight) * mean + weight * worst, rel=SAME)
    assert abs(found.gap) < SAME


def test_each_pays_its_own_by_hand():
    """10 kW promised, 5 there: the seller buys 5 at 2, the buyer 2 at 1."""
    found = promises_under_risk(sunny_pair(), SUN, THREE_DAYS, [0], 2 / 3)[0]
    assert found.costs.iloc[-1].to_dict() == pytest.approx({"seller": 10.0, "buyer": 2.0})


# --- second roads ---------------------------------------------------------------------------------
def stated_otherwise(program: RiskProgram, worst: bool) -> float:
    """The least mean cost, or the least cost of the worst scenario, stated with cvxpy day by day."""
    trades = cp.Variable(program.traded)
    costs, rows = [], []
    for day in program.days:
        of_day = []
        for recourse, own in zip(program.recourses, program.of_each(day), strict=True):
            cost, own_rows = schedule_on(recourse, own, program.received(recourse.name) @ trades)
            of_day.append(cost)
            rows += own_rows
        costs.append(sum(of_day))
    goal = cp.maximum(*costs) if worst else sum(costs) / len(costs)
    return solve(cp.Problem(cp.Minimize(goal), rows), "highs").value


@settings(max_examples=10, deadline=None)
@given(drawn_pairs, st.integers(0, 99))
def test_weight_0_is_the_mean_and_confidence_near_1_the_worst_scenario(made, seed):
    days = sample_days(made, every_hour(made, DOUBT), 4, seed)
    mean = RiskProgram(made, DOUBT, days, 0.5)
    assert mean.solve(0.0).lower == pytest.approx(stated_otherwise(mean, worst=False), rel=SAME)
    worst = RiskProgram(made, DOUBT, days, 0.75)  # one day of four
    assert worst.solve(1.0).lower == pytest.approx(stated_otherwise(worst, worst=True), rel=SAME)


@settings(max_examples=10, deadline=None)
@given(drawn_pairs, st.integers(0, 99))
def test_more_weight_never_lowers_the_mean_nor_raises_the_tail(made, seed):
    days = sample_days(made, every_hour(made, DOUBT), 6, seed)
    found = promises_under_risk(made, DOUBT, days, [0, 0.3, 0.7, 1], 0.7)
    totals = [each.costs.sum(axis=1) for each in found.values()]
    stake = SAME * max(each.turnover for each in found.values()) * 10
    assert (np.diff([total.mean() for total in totals]) >= -stake).all()
    assert (np.diff([cvar(total, 0.7) for total in totals]) <= stake).all()
    for each, total in zip(found.values(), totals, strict=True):
        assert each.upper == pytest.approx(weighed(total, each.weight, 0.7))
        assert each.upper >= each.lower - stake


def test_no_other_trades_are_better():
    """The promises of one weight, weighed by another, are never better than that one's own."""
    made = load_case("template").window(9, 6)
    days = sample_days(made, every_hour(made, at_level(1)), 8, seed=3)
    found = promises_under_risk(made, at_level(1), days, [0, 0.5, 1], 0.75)
    for weight, best in found.items():
        for other in found.values():
            cost = weighed(other.costs.sum(axis=1), weight, 0.75)
            assert cost >= best.lower - SAME * best.turnover


def test_the_multipliers_prove_the_bound():
    """Weak duality by hand: what the limits are worth at the solver's multipliers adds up to the optimum."""
    program = RiskProgram(sunny_pair(), SUN, THREE_DAYS, 2 / 3)
    stated = program.program(0.5)
    point = program._solver.solve(stated)
    y = -point.multipliers
    reduced = stated.linear - stated.matrix.T @ y

    def worth(prices, low, high):
        limits = np.where(prices > 0, low, high)
        return sum(p * limit for p, limit in zip(prices, limits, strict=True) if abs(p) > 1e-9)

    dual = worth(y, stated.row_low, stated.row_high)
    dual += worth(reduced, stated.column_low, stated.column_high)
    assert dual + stated.constant == pytest.approx(point.value, rel=SAME)


def test_days_cost_what_the_out_of_sample_road_says():
    made = load_case("template").window(9, 4)
    days = sample_days(made, every_hour(made, at_level(1)), 7, seed=5)
    trades = promises_under_risk(made, at_level(1), days[:3], [0.5])[0.5].trades
    other = out_of_sample(made, at_level(1), {"x": trades}, samples=7, seed=5)["x"]
    assert costs_by_vpp(made, at_level(1), trades, days).sum(axis=1).to_numpy() == pytest.approx(
        other.to_numpy()
    )


# --- what is refused ------------------------------------------------------------------------------
def works(**changes) -> Case:
    usual = dict(power_max=8.0, power_min=2.0, cost_linear=0.3)
    turbine = MicroTurbine(**usual | changes)
    prices = grid([1.0], [0.2])
    return case(
        vpp(load(5), turbine, prices, name="works"), vpp(pv(10), load(0), prices, name="sunny")
    )


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (works(may_stand=1.0), "works, micro_turbine: found .*; allowed in promises under risk"),
        (works(cost_quadratic=0.01), "works: found a quadratic cost; .* allow linear VPPs"),
    ],
)
def test_a_vpp_that_is_not_linear_is_refused(made, said):
    with pytest.raises(WrongInput, match=said):
        promises_under_risk(made, SUN, THREE_DAYS)


@pytest.mark.parametrize(
    ("weights", "confidence", "said"),
    [([1.5], 0.9, "weight: found 1.5"), ([0.5], 1.0, "confidence: found 1")],
)
def test_numbers_out_of_range_are_refused(weights, confidence, said):
    with pytest.raises(WrongInput, match=said):
        promises_under_risk(sunny_pair(), SUN, THREE_DAYS, weights, confidence)
