"""A study on one page: its numbers are those of the pages' results, its claims those of the ledger."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from vppcore import WrongInput
from vppcore.pages import results as kept
from vppcore.pages import summaries
from vppcore.places import RESULTS

WAYS = ["alone", "mid-market", "game (paper B): elastic, text", "planned together (paper A)"]
TABLES = {
    "cooperation": {
        "certificate": pd.DataFrame(
            {"ADMM": {"upper bound (yuan)": 90.5, "lower bound (yuan)": 90}}
        ),
        "saving_by_item": pd.DataFrame(
            {"cluster": {"gas": 4.0, "carbon": 5.0, "electricity purchase": 2.0, "total": 9.5}}
        ),
    },
    "bargaining": {
        "table_1": pd.DataFrame(
            {
                "alone": {"VPP1": 60.0, "VPP2": 40.0, "cluster": 100.0},
                "with trades": {"VPP1": 50.0, "VPP2": 40.5, "cluster": 90.5},
                "gain": {"VPP1": 6.0, "VPP2": 3.5, "cluster": 9.5},
            }
        )
    },
    "uncertainty": {
        "figure_8": pd.DataFrame(
            {"alone": [100, 120, 130], "together": [90, 101, 119], "gap": [0, 2e-5, 0]},
            index=[0, 4, 8],
        )
    },
    "mechanisms": {"summary": pd.DataFrame({"cost (yuan)": [200.0, 180.0, 170.0, 150.0]}, WAYS)},
    "carbon_models": {"table_2": pd.DataFrame({"total": {"1: flat": 61.0, "4: planned": 62.0}})},
    "multiple_game": {
        "proofs": pd.DataFrame({"gain": {1: 0.0, 2: 1e-9}}),
        "by_vpp": pd.DataFrame({"gain": {"VPP1": 20.0, "VPP2": 10.0}}),
    },
    "ledger": {
        "ledger": pd.DataFrame(
            {
                "paper": ["A", "A", "B"],
                "statement": ["Wind is strong", "Trade pays", "Prices fall"],
                "verdict": ["reproduced in shape", "not reproduced", "setting"],
                "ours": ["holds", "1", "taken"],
                "free": [True, True, False],
                "reason": ["", "data differ", "taken over"],
            },
            index=["A01", "A02", "B01"],
        )
    },
}


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """Results of the pages, in a place of their own."""
    monkeypatch.setenv("VPPCORE_RESULTS", str(tmp_path))
    monkeypatch.setattr(kept, "RESULTS", tmp_path)
    for notebook, named in TABLES.items():
        folder = tmp_path / notebook
        folder.mkdir()
        (folder / "run.json").write_text(json.dumps({"parameters": {"case": "mine"}}))
        for name, table in named.items():
            table.to_csv(folder / f"{name}.csv")
    return tmp_path


def test_study_a_in_numbers(pages):
    said = summaries.summary("A")
    assert "| 100 yuan a day: VPP1 60 and VPP2 40 |" in said
    assert "| 90 yuan, 9.5 % less | no trades whatever save 0.50 yuan more" in said
    assert "carbon 5, gas 4 and the grid 2 yuan" in said
    assert "| VPP1 6 and VPP2 4 yuan |" in said
    assert "| on the worst day of level 4 | 120 yuan alone, 101 with promised trades |" in said
    assert "meet to 2e-05 of the cost" in said


def test_study_b_in_numbers(pages):
    said = summaries.summary("B")
    assert "| the multiple game | 170 yuan, 15.0 % less | in none of 2 hours" in said
    assert "| planned together | 150 yuan, 25.0 % less |" in said
    assert "| least gain by the game | 10 yuan (VPP2) |" in said
    assert "Model 1 61 and Model 4 62 yuan" in said


def test_claims_are_counted_by_paper_and_those_that_hold_are_named(pages):
    a, b = summaries.summary("A"), summaries.summary("B")
    assert "Of the paper's 2 claims 2 were free to fail, and 1 of these held." in a
    assert "By verdict: 1 reproduced in shape and 1 not reproduced." in a
    assert "- Wind is strong (A01)" in a and "Trade pays" not in a
    assert "Of the paper's 1 claims 0 were free to fail" in b and "1 settings taken over" in b
    assert "and held**" not in b


@pytest.mark.parametrize("notebook", ["uncertainty", "multiple_game"])
def test_a_page_that_was_not_run_is_named(pages, notebook):
    (pages / notebook / "run.json").unlink()
    with pytest.raises(WrongInput, match=f"{notebook}: its results lack"):
        summaries.summary("A" if notebook == "uncertainty" else "B")


def test_the_book_s_summaries_say_what_its_results_say():
    """Second road: the costs of study A from the table of the sweep over levels; negotiated trades
    may cost more than the cheapest, by the certified gap at most.
    """
    said = (RESULTS / "findings/summary_a.md").read_text(encoding="utf-8")
    alone, together = (
        float(number.replace(",", ""))
        for number in (
            re.search(r"alone \| ([\d,]+) yuan a day", said).group(1),
            re.search(r"together \| ([\d,]+) yuan, ", said).group(1),
        )
    )
    forecast = pd.read_csv(RESULTS / "uncertainty/figure_8.csv", index_col=0).loc[0]
    assert alone == pytest.approx(forecast["alone"], abs=0.51)
    proof = pd.read_csv(RESULTS / "cooperation/certificate.csv", index_col=0).iloc[:, 0]
    gap = proof["upper bound (yuan)"] - proof["lower bound (yuan)"]
    assert -1.0 <= together - forecast["together"] <= gap + 1.0
