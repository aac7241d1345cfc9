"""What the chapter on uncertainty says of bounds that are guessed: which answers the re-solve check catches."""

from __future__ import annotations

import numpy as np
import pytest
from sources_uncertainty import day_with_a_sixth, found_with_m, value_with_a_sixth, vpp1_at_6

from vppcore.uncertainty.adversary import CHECK
from vppcore.uncertainty.worst_day import worst_case


def day_of(m: float, solver: str) -> tuple[float, float, float]:
    """The value that a search returns, what its day costs, and by how much they may differ."""
    made = vpp1_at_6()
    found = found_with_m(m, solver)
    return found.cost, made.value(found.z), CHECK * made.stake(found.cost)


@pytest.mark.parametrize("solver", ["highs", "gurobi"])
@pytest.mark.parametrize("m", [1e2, 1e3])
def test_a_bound_that_is_too_small_is_caught(m, solver):
    value, cost, allowed = day_of(m, solver)
    assert cost > value + allowed


@pytest.mark.parametrize("solver", ["highs", "gurobi"])
@pytest.mark.parametrize("m", [3e3, 1e5])
def test_a_bound_that_is_large_enough_passes(m, solver):
    value, cost, allowed = day_of(m, solver)
    assert cost == pytest.approx(value, abs=allowed)


def test_a_huge_bound_lets_gurobi_report_what_no_day_costs():
    made = vpp1_at_6()
    value, cost, allowed = day_of(1e9, "gurobi")
    assert value > made.value(made.forecast_day + 1)
    assert cost < value - allowed


def test_a_bound_that_is_too_small_in_three_hours_is_not_caught():
    value = value_with_a_sixth()
    assert day_with_a_sixth() == pytest.approx(value, abs=CHECK * vpp1_at_6().stake(value))
    (vpp,) = vpp1_at_6().vpps
    worst = worst_case(vpp, vpp1_at_6().uncertainty).cost
    assert value < worst and not np.isclose(value, worst, rtol=1e-2)
