"""Price-Newton against HiGHS and Clarabel, on fleets and on problems drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import case as case_of
from builders import grid, load, vpp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from vppcore import VPP, NotSolved, WrongInput, load_case, pool
from vppcore.components import Battery, ElectricLoad, Grid
from vppcore.fleet import (
    Accuracy,
    Batch,
    Together,
    batches_of,
    batches_of_fleet,
    drawn,
    groups_of,
    pooled,
    price_newton,
)


def assert_brackets(result, optimum: float, gap: float = 1e-7) -> None:
    size = max(abs(optimum), result.money)
    assert result.lower <= optimum + 1e-8 * size
    assert result.upper >= optimum - 1e-8 * size
    assert result.upper - result.lower <= gap * size


@pytest.mark.parametrize("name", ["template", "paper-a-parent", "paper-b"])
def test_it_finds_the_joint_optimum_of_the_cases(name):
    case = load_case(name)
    optimum = pooled(batches_of(case)).solve().value
    assert_brackets(price_newton(case), optimum)
    if name != "paper-b":
        assert pool(case, storage="relaxed").cost == pytest.approx(optimum, rel=1e-7)


@pytest.mark.parametrize(("n", "like"), [(1, "paper-a-parent"), (2, "template"), (9, "paper-b")])
def test_it_finds_the_joint_optimum_of_fleets(n, like):
    batches = list(batches_of_fleet(drawn(n, seed=4, like=like)))
    result = price_newton(batches)
    assert_brackets(result, pooled(batches).solve().value)
    assert result.vpps == n


def test_net_trades_add_up_and_equations_hold_to_rounding():
    result = price_newton(list(batches_of_fleet(drawn(7, seed=2))))
    net = np.array(list(result.net_trades().values()))
    assert np.abs(net.sum(axis=0)).max() <= 1e-10 * np.abs(net).max()
    assert result.residual <= 1e-12
    for group in result.group.members:
        assert (group.x >= group.form.low).all() and (group.x <= group.form.high).all()


def test_its_prices_are_the_solver_s_where_they_are_unique():
    batches = list(batches_of_fleet(drawn(7, seed=2)))
    everybody = pooled(batches)
    prices = everybody.prices(everybody.solve().multipliers)["V1"]
    assert price_newton(batches).prices == pytest.approx(prices, rel=1e-3)


def test_the_lower_bound_of_every_round_is_below_the_optimum():
    batches = list(batches_of_fleet(drawn(5, seed=6)))
    optimum = pooled(batches).solve().value
    history = price_newton(batches).history
    assert (history["lower"] <= optimum * (1 + 1e-9)).all()
    assert history["lower"].is_monotonic_increasing


def test_groups_of_groups_answer_as_one():
    batches = list(batches_of_fleet(drawn(8, seed=3), size=2))
    flat = price_newton(Together(groups_of(batches)))
    nested = price_newton(
        Together([Together(groups_of(batches[:2])), Together(groups_of(batches[2:]))])
    )
    assert nested.upper == pytest.approx(flat.upper, rel=1e-9)
    assert nested.prices == pytest.approx(flat.prices, rel=1e-4)


@pytest.mark.parametrize("scale", [1e-4, 1e5])
def test_size_of_power_and_money_do_not_matter(scale):
    batches = list(batches_of_fleet(drawn(4, seed=1)))
    larger = [
        replace(
            batch,
            row_low=batch.row_low * scale,
            row_high=batch.row_high * scale,
            column_low=batch.column_low * scale,
            column_high=batch.column_high * scale,
            cost=batch.cost * scale,
            constant=batch.constant * scale**2,
        )
        for batch in batches
    ]
    here, there = price_newton(batches), price_newton(larger)
    assert there.upper == pytest.approx(here.upper * scale**2, rel=1e-6)
    assert there.rounds == pytest.approx(here.rounds, abs=2)


# --- problems drawn at random ---------------------------------------------------------------------
def random_batch(
    chance: np.random.Generator, count: int, quadratic: bool, degenerate: bool
) -> Batch:
    """VPPs with a few rows of both kinds, made feasible around a point of their own."""
    rows, columns, steps = 4, 9, 2
    matrix = chance.integers(-2, 3, (rows, columns)).astype(float)
    if degenerate:
        matrix[3] = matrix[0] + matrix[1]  # a row that follows from others
    low = np.zeros((columns, count))
    high = chance.integers(1, 5, (columns, count)).astype(float)
    high[2] = 0.0 if degenerate else high[2]  # a flow that cannot move
    inside = np.round(chance.uniform(0, 1, (columns, count)) * high)
    inside[:2] = 1.0  # net trades that can add up to zero
    high[:2] = 2.0
    values = matrix @ inside
    row_low = values.copy()
    row_high = values.copy()
    row_high[1] = values[1] + 1.0
    row_low[2] = -np.inf
    if degenerate:
        row_low[3], row_high[3] = values[3] - 5.0, values[3] + 5.0
    trade = np.zeros((steps, columns))
    trade[0, 0] = trade[1, 1] = 1.0
    trade[0, 4] = trade[1, 4] = -1.0
    high[4] = 3.0
    inside[4] = 1.0
    values = matrix @ inside
    row_low[0] = row_high[0] = values[0]
    row_low[1], row_high[1] = values[1], values[1] + 1.0
    row_high[2] = values[2]
    row_low[3] = values[3] - (5.0 if degenerate else 0.0)
    row_high[3] = values[3] + (5.0 if degenerate else 0.0)
    low = np.minimum(low, inside)
    high = np.maximum(high, inside)
    return Batch(
        names=tuple(f"V{k}" for k in range(count)),
        matrix=sparse.csr_matrix(matrix),
        trade=sparse.csr_matrix(trade),
        row_low=row_low,
        row_high=row_high,
        cost=np.round(chance.normal(size=(columns, count)), 2),
        curvature=np.abs(chance.normal(size=(columns, count))) * quadratic,
        column_low=low,
        column_high=high,
        constant=np.zeros(count),
    )


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 6),
    quadratic=st.booleans(),
    degenerate=st.booleans(),
)
def test_random_problems(seed, count, quadratic, degenerate):
    batch = random_batch(np.random.default_rng(seed), count, quadratic, degenerate)
    optimum = pooled([batch]).solve().value
    assert_brackets(price_newton([batch]), optimum, gap=1e-6)


# --- refusals -------------------------------------------------------------------------------------
def test_a_vpp_that_cannot_be_served_is_refused_in_a_sentence():
    case = load_case("paper-a-parent").change("VPP1", "grid", buy_max=0.0)
    case = case.change("VPP1", "gas_turbine", power_max=0.0).change_tie(limit=1.0)
    with pytest.raises(NotSolved, match="infeasible") as refused:
        price_newton(case)
    assert refused.value.status == "infeasible"
    assert str(refused.value).count("\n") == 0
    assert "no schedule meets the limits of VPP1, whatever is traded" in str(refused.value)


def test_where_each_could_live_alone_and_not_all_together_the_balance_is_named():
    """Two islands with a load of 10 kW, each of which could live on the other's trade, and none has power."""
    house = vpp(load(10, 4), grid([1.0, 1.0], [0.2, 0.2], buy_max=5.0, sell_max=5.0), name="one")
    other = replace(house, name="other")
    with pytest.raises(NotSolved) as refused:
        price_newton(case_of(house, other, limit=6.0, crossing_fee=0.01))
    assert refused.value.status == "infeasible"
    assert "each VPP alone has a schedule" in str(refused.value)
    assert "too little is delivered in step 1, by 10 kW at least" in str(refused.value)


def test_limits_that_contradict_each_other_are_refused():
    batch = next(batches_of_fleet(drawn(3, seed=1)))
    crossed = replace(batch, column_low=batch.column_low + 1e9)
    with pytest.raises(NotSolved, match="contradict"):
        price_newton([crossed])


def test_a_flow_that_nothing_limits_is_refused():
    case = load_case("template").change_tie(limit=np.inf)
    with pytest.raises(WrongInput, match="limits"):
        price_newton(case)


def test_too_few_rounds_are_said():
    with pytest.raises(NotSolved, match="rounds") as refused:
        price_newton(load_case("template"), Accuracy(rounds=2))
    assert refused.value.status == "limit"


def test_a_wrong_accuracy_is_refused():
    with pytest.raises(WrongInput, match="gap"):
        Accuracy(gap=0.0)


# --- stores that run both ways --------------------------------------------------------------------
def paid_to_burn(name: str, size: float) -> VPP:
    """A VPP that is paid for what it takes in its second hour, and can only burn it in a battery."""
    return VPP(
        name,
        (
            ElectricLoad(forecast=np.array([0.0, 1.0, 4.0]) * size),
            Battery(
                charge_max=5.0 * size,
                discharge_max=5.0 * size,
                energy_min=0.0,
                energy_max=6.0 * size,
                energy_start=6.0 * size,
                charge_efficiency=0.9,
                discharge_efficiency=0.9,
            ),
            Grid(
                buy_price=np.array([0.3, -0.5, 0.4]),
                sell_price=np.full(3, -1.0),
                buy_max=9.0 * size,
                sell_max=9.0 * size,
            ),
        ),
        steps=3,
    )


def test_a_store_that_runs_both_ways_is_said():
    vpps = [paid_to_burn(f"V{k}", 1.0 + k) for k in range(3)]
    case = case_of(*vpps, limit=2.0, crossing_fee=0.01)
    result = price_newton(case)
    burning = result.running_both_ways().loc["battery"]
    assert burning["VPPs"] == 3 and burning["share"] > 0.1
    # the relaxed problem's own optimum does the same, and the exact one is dearer
    assert result.lower == pytest.approx(pool(case, storage="relaxed").cost, rel=1e-6)
    assert pool(case, storage="binary").cost > result.upper


def test_where_no_store_does_nothing_is_said():
    result = price_newton(load_case("paper-a-parent"))
    assert list(result.running_both_ways().loc["battery"]) == [0, 0.0]
