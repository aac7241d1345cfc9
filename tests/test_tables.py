"""Tables for the page, compared with the results they show."""

from __future__ import annotations

import pytest

from vppcore.bargaining.weights import supplied_and_received
from vppcore.components import COMPONENTS
from vppcore.pages import tables


def test_cost_items_add_up_by_vpp_and_by_item(alone):
    table = tables.cost_items(alone)
    for name, result in alone.items():
        assert table.loc["total", name] == pytest.approx(result.cost)
    items = table.drop("total")
    assert items["cluster"].to_numpy() == pytest.approx(items[list(alone)].sum(axis=1).to_numpy())
    assert table.loc["total", "cluster"] == pytest.approx(
        sum(result.cost for result in alone.values())
    )
    assert table.notna().all(axis=None)


def test_before_and_after_has_the_cluster_s_sums(alone, together, split):
    table = tables.before_and_after(split)
    assert list(table.index) == [*alone, "cluster"]
    cluster = table.loc["cluster"]
    assert cluster["alone"] == pytest.approx(sum(result.cost for result in alone.values()))
    assert cluster["after"] == pytest.approx(together.cost)
    assert cluster["payment"] == pytest.approx(0, abs=1e-6) and cluster["weight"] == pytest.approx(
        1
    )
    assert cluster["gain (%)"] == pytest.approx(
        100 * (cluster["alone"] - cluster["after"]) / cluster["alone"]
    )
    assert table["gain (%)"].tolist()[:-1] == pytest.approx(split.table["gain (%)"].tolist())


def test_our_split_stands_beside_the_paper_s(alone, together, split):
    table = tables.beside_paper({"ours": split})
    assert table.loc["VPP1 alone", "paper"] == pytest.approx(21_758.8, abs=0.05)
    assert table.loc["cluster saving", ["paper", "ours"]].tolist() == pytest.approx(
        [10_780.45, split.gains.sum()]
    )
    assert table.loc["VPP2 saving", "ours"] == pytest.approx(split.gains["VPP2"])
    assert table.loc["cluster alone", "ours"] == pytest.approx(
        sum(result.cost for result in alone.values())
    )
    assert table.loc["VPP3 saving (%)", "ours"] == pytest.approx(
        100 * split.gains["VPP3"] / alone["VPP3"].cost
    )
    off = 100 * (table["ours"] / table["paper"] - 1)
    assert table["ours off by (%)"].to_numpy() == pytest.approx(off.to_numpy())


def test_the_certificate_stands_beside_the_joint_optimum(together, pooled):
    shown = tables.certificate(together, pooled)
    assert shown["iterations"] == len(together.history)
    assert (
        shown["lower bound (yuan)"]
        <= shown["joint optimum (yuan)"] + 0.01
        <= shown["upper bound (yuan)"] + 0.02
    )
    assert shown["above the joint optimum"] <= shown["certified gap"]


def test_messages_are_counted_by_sender_receiver_and_kind(together):
    table = tables.messages(together)
    assert table["messages"].sum() == len(together.messages)
    assert (table["messages"] == together.iterations).all() and (table["numbers each"] == 24).all()
    assert len(table) == 6 + 3  # six expected trades, three multipliers


def test_trade_is_summed_in_megawatt_hours(together):
    table = tables.trade_summary(together)
    assert table.to_numpy() == pytest.approx(
        supplied_and_received(together.trades).to_numpy() / 1000
    )
    assert table["supplied"].sum() == pytest.approx(table["received"].sum())
    assert 1 < table["supplied"].sum() < 100


def test_every_number_of_a_case_is_shown_with_its_source(parent):
    table = tables.parameters(parent)
    assert len(table) == len(parent.units)
    assert (table["source"].str.len() > 0).all()
    assert tables.statuses(parent).sum() == len(parent.units)


def test_every_number_of_a_component_has_meaning_and_unit():
    table = tables.symbols()
    assert (table[["meaning", "unit"]].map(len) > 0).all(axis=None)
    assert {name.split(".")[0] for name in table["name in code"]} == set(COMPONENTS)
    assert r"$\eta^c$" in set(table["symbol"])
