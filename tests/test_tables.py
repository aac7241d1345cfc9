"""Tables for the page, compared with the results they show."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
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
    assert list(tables.moved_on_page(table).data) == ["supplied (MWh)", "received (MWh)"]
    small = tables.moved_on_page(table / 1e5).data
    assert list(small) == ["supplied (kWh)", "received (kWh)"]
    assert float(small.iloc[0, 0]) == pytest.approx(table.iloc[0, 0] / 100, abs=0.006)
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


# --- one style ------------------------------------------------------------------------------------
def cells_of(style) -> list[str]:
    """The texts of a styled table's cells, row by row."""
    return re.findall(r"<td[^>]*>(.*?)</td>", style.to_html())


def test_a_table_on_a_page_shows_no_true_no_nan_and_no_minus_zero():
    table = pd.DataFrame(
        {"yuan": [-0.2, 61993.6], "holds": [True, False], "MW": [np.nan, -1.25], "who": ["a", None]}
    )
    shown = cells_of(tables.on_page(table, {"MW": 1}))
    assert shown == ["0", "yes", "–", "a", "61,994", "no", "−1.2", "–"]


def test_places_by_row_and_as_many_as_a_number_has():
    table = pd.DataFrame({"A": [1234.5678, 0.5]}, index=["yuan", "share"])
    assert cells_of(tables.on_page(table, {"share": 2}, by_row=True)) == ["1,235", "0.50"]
    assert cells_of(tables.on_page(table["A"], None)) == ["1,234.57", "0.5"]


def test_names_of_rows_and_columns_stay_and_become_no_html():
    table = pd.DataFrame([[1.0]], index=pd.Index([0.25], name="<i>"), columns=["<b>"])
    html = tables.on_page(table).to_html()
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert ">0.25</th>" in html


def test_columns_of_words_stand_to_the_left():
    table = pd.DataFrame({"price": ["0.4, 0.5"], "who": ["VPP1"], "yuan": [2.0]})
    rules = re.findall(r"\.col(\d) \{\s*text-align: left", tables.on_page(table).to_html())
    assert rules == ["1"]
    assert len(cells_of(tables.on_page(table.iloc[:0]))) == 0
