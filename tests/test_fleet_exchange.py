"""The exchange form against the pair form, deliveries, and trading graphs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from builders import array, seller_and_buyer
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import WrongInput, alone, bargain, cooperate, load_case, pool
from vppcore.cooperation.ends import optimal_trades
from vppcore.cooperation.trades import circulation, net_positions
from vppcore.fleet import (
    batches_of,
    batches_of_fleet,
    drawn,
    fleet,
    negotiate_exchange,
    pool_by_exchange,
    pooled,
    price_newton,
    split,
)


@pytest.mark.parametrize("name", ["template", "paper-a-parent"])
def test_exchange_and_pairs_agree_where_no_limit_binds(name):
    case = load_case(name)
    by_pairs = pool(case)
    by_exchange = pool_by_exchange(case)
    assert by_exchange.undelivered == 0
    assert by_exchange.lower == pytest.approx(by_pairs.cost, rel=1e-8)
    assert by_exchange.cost == pytest.approx(by_pairs.cost, rel=1e-8)


def test_the_exchange_is_a_lower_bound_where_a_pair_limit_binds():
    case = load_case("paper-a")
    by_pairs = pool(case).cost
    by_exchange = pool_by_exchange(case)
    assert "lower bound" in by_exchange.coalition.note
    assert by_exchange.lower < by_pairs - 1e-5 * by_pairs  # in paper-a 47.6 yuan
    assert by_pairs <= by_exchange.cost * (1 + 1e-9)
    without_limit = case.change_tie(limit=np.inf)
    assert pool(without_limit).cost == pytest.approx(by_exchange.lower, rel=1e-8)


@pytest.mark.parametrize("name", ["paper-a", "paper-a-parent"])
def test_the_complete_graph_is_the_pair_form(name):
    case = load_case(name)
    along = pool_by_exchange(case, nx.complete_graph(case.names))
    assert along.lower == pytest.approx(pool(case).cost, rel=1e-8)
    assert along.cost == pytest.approx(along.lower, rel=1e-8)


def test_a_ring_costs_no_less_than_all_pairs_and_no_more_than_its_part():
    case = fleet(5, seed=2, like="paper-a-parent")
    ring = nx.cycle_graph(case.names)
    part = nx.path_graph(case.names)
    costs = [pool_by_exchange(case, graph).cost for graph in (part, ring)]
    lowest = pool_by_exchange(case).lower
    assert lowest <= costs[1] * (1 + 1e-9) and costs[1] <= costs[0] * (1 + 1e-9)


def test_what_passes_two_edges_pays_both_fees():
    case = load_case("paper-a-parent")
    path = nx.path_graph(case.names)
    result = pool_by_exchange(case, path)
    flows = result.coalition.trades
    paid = sum(2 * case.tie.crossing_fee * flows[edge].abs().sum() for edge in path.edges)
    found = sum(d.costs.get("crossing fee", 0.0) for d in result.coalition.dispatches.values())
    assert found == pytest.approx(paid)
    assert result.coalition.costs.sum() == pytest.approx(result.cost)


def test_an_edge_s_own_limit_holds():
    case = load_case("paper-a-parent")
    graph = nx.complete_graph(case.names)
    graph.edges["VPP1", "VPP2"]["limit"] = 100.0
    graph.edges["VPP1", "VPP3"]["fee"] = 0.05
    result = pool_by_exchange(case, graph)
    assert result.coalition.trades["VPP1", "VPP2"].abs().max() <= 100 * (1 + 1e-9)
    assert result.cost >= pool(case).cost * (1 - 1e-9)


def test_payments_work_with_deliveries():
    case = load_case("paper-a-parent")
    split_of = bargain(case, alone(case), pool_by_exchange(case).coalition)
    assert split_of.table["payment"].sum() == pytest.approx(0.0, abs=1e-6 * 62_610)
    assert (split_of.table["gain"] > 0).all()


@pytest.mark.parametrize(
    ("graph", "word"),
    [
        (nx.path_graph(["VPP1", "Nobody"]), "Nobody"),
        (nx.Graph(), "no edge"),
        (nx.Graph([("VPP1", "VPP1")]), "itself"),
        (nx.Graph([("VPP1", "VPP2", {"limit": -1.0})]), "limit"),
    ],
)
def test_a_graph_that_makes_no_sense_is_refused(graph, word):
    with pytest.raises(WrongInput, match=word):
        pool_by_exchange(load_case("paper-a-parent"), graph)


def test_a_case_without_a_tie_or_with_one_vpp_is_refused():
    with pytest.raises(WrongInput, match="tie"):
        pool_by_exchange(fleet(1, like="template"))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=9), st.floats(0.05, 1.0))
def test_deliveries_have_the_net_trades_and_no_circulation(wished, share):
    last = -sum(wished)
    net = {f"V{k}": np.array([kw]) for k, kw in enumerate([*wished, last])}
    size = max(sum(abs(kw) for kw in wished), 1e-6)
    trades, missing = split(net)
    found = net_positions(trades)
    assert not missing.any()
    assert all(np.abs(found.get(name, 0.0) - net[name]).max() <= 1e-9 * size for name in net)
    assert np.abs(circulation(trades)).max() <= 1e-9 * size
    assert sum(np.abs(kw) > 0 for kw in trades.values()) < len(net)
    limit = share * size
    within, lacking = split(net, limit)
    assert all(np.abs(kw).max() <= limit * (1 + 1e-6) for kw in within.values())
    delivered = sum(np.abs(kw).sum() for kw in within.values())
    sold = sum(max(0.0, -kw[0]) for kw in net.values())
    assert delivered + lacking.sum() == pytest.approx(sold, abs=1e-6 * size)


def test_a_drawn_fleet_pools_to_the_case_s_optimum():
    by_arrays = pooled(list(batches_of_fleet(drawn(6, seed=8)))).solve().value
    by_case = pooled(batches_of(fleet(6, seed=8))).solve().value
    assert by_arrays == pytest.approx(by_case, rel=1e-9)


def test_every_road_measures_its_gap_by_what_the_vpps_cost_not_by_what_is_left_of_it():
    """A seller earns nearly what a buyer pays: together they cost next to nothing."""
    made = seller_and_buyer().change("seller", "pv", forecast=array(44, 10))
    for name in made.names:
        made = made.change(name, "grid", sell_max=100.0)
    costs = pool(made).costs
    assert abs(costs.sum()) < 0.1 * costs.abs().sum()
    proofs = {
        "exchange": pool_by_exchange(made).coalition.certificate,
        "flattest": optimal_trades(made).certificate,
        "negotiated": cooperate(made).certificate,
        "on an exchange": negotiate_exchange(made),
        "price-Newton": price_newton(made),
    }
    for road, proof in proofs.items():
        assert proof.money == pytest.approx(costs.abs().sum(), rel=1e-2), road
        assert proof.gap == pytest.approx((proof.upper - proof.lower) / proof.money), road
