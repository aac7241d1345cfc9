"""What cooperation saves, item by item: by hand, by two solvers, over all cheapest schedules."""

from __future__ import annotations

import numpy as np
import pytest
from builders import battery, case, grid, load, pv, seller_and_buyer, vpp
from hypothesis import given
from hypothesis import strategies as st

from vppcore import WrongInput, alone, cooperate, pool
from vppcore.cooperation.savings import saving_by_item, saving_range
from vppcore.pages import experiments, figures, tables

YUAN = 0.5  # of a saving of ten thousand: what flattest schedules of two solvers agree on


@pytest.fixture(scope="module")
def fitted(calibrated):
    """The saving of paper-a, item by item."""
    return experiments.split_saving(calibrated)


@pytest.fixture(scope="module")
def unfitted(parent):
    """The saving of paper-a-parent, item by item."""
    return experiments.split_saving(parent)


def test_two_vpps_by_hand():
    """6 of 10 kW are traded in each of two hours at a fee of 0.01: bought at 1.0, sold at 0.2."""
    made = seller_and_buyer()
    table = saving_by_item(alone(made), pool(made).dispatches)
    by_hand = {
        "electricity sale": {"seller": -2.4, "buyer": 0.0, "cluster": -2.4},
        "electricity purchase": {"seller": 0.0, "buyer": 12.0, "cluster": 12.0},
        "crossing fee": {"seller": -0.12, "buyer": -0.12, "cluster": -0.24},
        "total": {"seller": -2.52, "buyer": 11.88, "cluster": 9.36},
    }
    for item, row in by_hand.items():
        assert table.loc[item].to_dict() == pytest.approx(row, abs=1e-6)
    others = table.drop(index=list(by_hand))
    assert others.abs().to_numpy().max(initial=0) < 1e-9


def test_nothing_is_free_to_move_in_that_example():
    made = seller_and_buyer()
    ends = saving_range(made)
    table = saving_by_item(alone(made), pool(made).dispatches).drop(index="total")
    for end in ends:
        assert end.loc[table.index, table.columns].to_numpy() == pytest.approx(
            table.to_numpy(), abs=1e-5
        )


def two_suppliers():
    """A load of 10 kW whose two neighbours have 10 kW each to sell: either may supply it."""
    prices = grid([1.0], [0.2])
    sellers = [vpp(pv(10.0), load(0.0), prices, name=name) for name in ("one", "other")]
    return case(*sellers, vpp(load(10.0), prices, name="buyer"))


def test_who_supplies_is_open_and_the_range_says_so():
    """Each of two like suppliers gives up selling 0 to 10 kWh at 0.2 yuan; together it is 2 yuan."""
    ends = saving_range(two_suppliers())
    sale = "electricity sale"
    assert ends.least.loc[sale, "one"] == pytest.approx(-2.0, abs=1e-4)
    assert ends.most.loc[sale, "one"] == pytest.approx(0.0, abs=1e-4)
    for end in ends:
        assert end.loc[sale, "cluster"] == pytest.approx(-2.0, abs=1e-4)
        assert end.loc["electricity purchase", "buyer"] == pytest.approx(10.0, abs=1e-4)


@given(st.floats(0.0, 0.3), st.floats(0.5, 12.0))
def test_items_add_up_to_the_saving(fee, limit):
    made = seller_and_buyer(fee=fee, limit=limit)
    apart, together = alone(made), pool(made)
    table = saving_by_item(apart, together.dispatches)
    saving = sum(each.cost for each in apart.values()) - together.cost
    assert table.loc["total", "cluster"] == pytest.approx(saving, abs=1e-7)
    assert table["cluster"].to_numpy() == pytest.approx(
        table[["seller", "buyer"]].sum(axis=1).to_numpy(), abs=1e-9
    )


@pytest.mark.parametrize("which", ["fitted", "unfitted"])
def test_items_of_study_a_add_up_and_lie_in_their_range(which, request):
    saving = request.getfixturevalue(which)
    apart = tables.cost_alone(saving.alone).sum()
    assert saving.items.loc["total", "cluster"] == pytest.approx(
        apart - saving.together.cost, abs=1e-6 * apart
    )
    items = saving.items.drop(index="total")
    least, most = (end.loc[items.index, items.columns] for end in saving.ends)
    assert ((items >= least - YUAN) & (items <= most + YUAN)).all(axis=None)


def test_two_solvers_split_the_saving_alike(parent, unfitted):
    """The flattest schedules do not rest on a solver's luck; a corner's items do."""
    other = experiments.split_saving(parent, "clarabel")
    assert other.items.to_numpy() == pytest.approx(unfitted.items.to_numpy(), abs=YUAN)


def test_a_negotiated_coalition_lies_near_the_range(parent, together, unfitted):
    """It is dearer than the best by a few yuan, and its bills by little more."""
    table = saving_by_item(unfitted.alone, together.dispatches)
    saving = table.loc["total", "cluster"]
    assert saving == pytest.approx(unfitted.items.loc["total", "cluster"], rel=1e-3)
    for item in ("gas", "carbon"):
        ends = [end.loc[item, "cluster"] for end in unfitted.ends]
        room = 0.01 * saving
        assert ends[0] - room <= table.loc[item, "cluster"] <= ends[1] + room


def test_who_burns_gas_for_whom_depends_on_the_case(fitted, unfitted):
    """In all cheapest schedules of paper-a-parent VPP1 burns more than alone, in none of paper-a."""
    assert unfitted.ends.most.loc["gas", "VPP1"] < 0
    assert fitted.ends.least.loc["gas"].min() > 0
    assert unfitted.items.loc["total", "VPP1"] < 0
    assert fitted.items.loc["total"].min() > 0


def test_a_store_that_needs_binaries_keeps_them_in_its_range(fitted):
    """VPP2 of paper-a alone: with a relaxed battery its carbon bill could be lower."""
    saved = fitted.items.loc["carbon", "VPP2"]
    assert fitted.ends.least.loc["carbon", "VPP2"] == pytest.approx(saved, abs=YUAN)
    assert fitted.ends.most.loc["carbon", "VPP2"] == pytest.approx(saved, abs=YUAN)


def test_schedules_of_other_vpps_are_refused():
    made = seller_and_buyer()
    apart = alone(made)
    del apart["buyer"]
    with pytest.raises(WrongInput, match="alone of seller and together of seller, buyer"):
        saving_by_item(apart, pool(made).dispatches)


def test_costs_that_are_not_linear_have_items_and_no_range():
    prices = grid([1.0, 1.0], [0.2, 0.2])
    store = battery(wear_cost_quadratic=0.01)
    made = case(
        vpp(pv(10, 10), load(0, 0), store, prices, name="seller"),
        vpp(load(10, 10), prices, name="buyer"),
        crossing_fee=0.01,
    )
    with pytest.raises(WrongInput, match="found a quadratic problem; allowed: a linear one"):
        saving_range(made)
    saving = experiments.split_saving(made)
    assert saving.ends is None
    assert saving.items.loc["total", "cluster"] > 0


def test_the_table_shows_the_range_and_no_decimals(unfitted):
    table = tables.saving_items(unfitted.items, unfitted.ends)
    assert list(table)[-2:] == ["at least", "at most"]
    assert (table["at least"] <= table["at most"] + 1e-6).all()
    assert table.loc["total", "at least"] == unfitted.items.loc["total", "cluster"]
    assert list(tables.saving_items(unfitted.items)) == list(unfitted.items)


def test_the_figure_stacks_every_item_once(unfitted):
    """Bars above zero less bars below are the sum of each VPP, in thousands."""
    axes = figures.saving_by_item(unfitted.items)
    totals = np.zeros(len(unfitted.items.columns))
    for bars in axes.containers:
        for bar in bars:
            totals[round(bar.get_x() + bar.get_width() / 2)] += bar.get_height()
    assert totals == pytest.approx(unfitted.items.loc["total"].to_numpy() / 1000, abs=1e-3)
    labels = axes.get_legend_handles_labels()[1]
    assert len(labels) == len(set(labels))


def test_negotiation_is_no_part_of_it():
    made = seller_and_buyer()
    agreed = cooperate(made)
    table = saving_by_item(alone(made), agreed.dispatches)
    assert table.loc["total", "cluster"] == pytest.approx(9.36, rel=1e-2)


@pytest.mark.parametrize("which", ["fitted", "unfitted"])
def test_trade_ends_where_the_fee_is_half_the_widest_spread(which, request):
    """Two roads to that fee: the bus prices alone, and the joint optimum on both sides of it."""
    saving = request.getfixturevalue(which)
    made = request.getfixturevalue({"fitted": "calibrated", "unfitted": "parent"}[which])
    prices = np.array([each.prices["electricity"] for each in saving.alone.values()])
    fee = (prices.max(axis=0) - prices.min(axis=0)).max() / 2
    apart = tables.cost_alone(saving.alone).sum()
    still, trading = (pool(made.change_tie(crossing_fee=share * fee)) for share in (1.001, 0.99))
    assert still.cost == pytest.approx(apart, rel=1e-7)
    assert still.trades.abs().to_numpy().max() < 1e-3 * made.tie.limit
    assert trading.cost < apart - 1e-6 * apart


@pytest.mark.parametrize("which", ["fitted", "unfitted"])
def test_of_the_cluster_s_large_items_nothing_is_open(which, request):
    """The chapter says so: the same in all cheapest schedules, to two yuan."""
    ends = request.getfixturevalue(which).ends
    items = ["gas", "carbon", "electricity purchase", "electricity sale"]
    apart = (ends.most - ends.least).loc[items, "cluster"]
    assert (apart >= -YUAN).all()
    assert apart.max() <= 2
