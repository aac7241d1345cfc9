"""Costs of coalitions from compiled blocks: other solvers, limits by step, flows that overlap, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from builders import case, grid, load, pv, vpp

from vppcore import WrongInput, dispatch, load_case, pool
from vppcore.coalitions import CoalitionCosts
from vppcore.fairness import coalition_values


@pytest.mark.parametrize("solver", ["auto", "highs", "clarabel"])
def test_every_solver_finds_the_same_cost(solver):
    made = load_case("template")
    found = CoalitionCosts(made, solver).cost(tuple(made.names))
    assert found == pytest.approx(pool(made).cost, rel=1e-7)


def test_an_unknown_solver_is_refused():
    with pytest.raises(WrongInput, match="found 'luck'"):
        CoalitionCosts(load_case("template"), "luck")


def test_a_limit_may_change_by_step():
    """Two hours, a room of 2 and of 5 kW, and a margin of 0.8 yuan/kWh between sale and purchase."""
    seller = vpp(pv(10, 10), load(0, 0), grid([1.0, 1.0], [0.2, 0.2]), name="seller")
    buyer = vpp(load(10, 10), grid([1.0, 1.0], [0.2, 0.2]), name="buyer")
    made = case(seller, buyer).change_tie(limit=np.array([2.0, 5.0]))
    assert coalition_values(made)["seller", "buyer"] == pytest.approx(0.8 * 7)


def test_where_flows_overlap_the_cost_is_that_with_binaries():
    """VPP2 of study A would charge and discharge at once: alone it is solved again."""
    made = load_case("paper-a")
    costs = CoalitionCosts(made)
    assert costs._relaxed(("VPP2",)) is None
    assert costs.cost(("VPP2",)) == pytest.approx(dispatch(made.vpp("VPP2")).cost, rel=1e-7)


def test_buying_and_selling_at_once_without_limit_is_no_cost():
    """A grid that pays more than it takes would earn without end; excluded, its price decides."""
    odd = grid([0.5], [0.8], buy_max=5.0, sell_max=5.0)
    made = case(*(vpp(pv(k), load(1.0), odd, name=f"V{k}") for k in (1, 2)))
    costs = CoalitionCosts(made)
    for one in made.vpps:
        assert costs.cost((one.name,)) == pytest.approx(dispatch(one).cost)
    assert costs.cost(("V1", "V2")) == pytest.approx(pool(made).cost)
