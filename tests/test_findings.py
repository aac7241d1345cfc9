"""The front page says what the pages have found, and nothing that they have not."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from vppcore import WrongInput
from vppcore.pages import figures, findings
from vppcore.pages import results as kept
from vppcore.pages.findings import Findings
from vppcore.pages.pictures import description
from vppcore.pages.words_ledger import Freedom
from vppcore.places import RESULTS


@pytest.fixture
def found() -> Findings:
    return Findings(
        cooperation=pd.Series({"alone": 1000.0, "together": 900.0}),
        gap=0.5,
        mechanisms=pd.Series(
            {
                "alone": 400.0,
                "mid-market": 301.0,
                "game": 300.0,
                "planned together (paper A)": 200.0,
            }
        ),
        freedom=Freedom(every=12, free=10, held=5),
        verdicts="Of 12 statements 10 were free to fail, and 5 of these held.",
        case="mine",
    )


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """Results of the pages that the front page reads, in a place of their own."""
    monkeypatch.setenv("VPPCORE_RESULTS", str(tmp_path))
    monkeypatch.setattr(kept, "RESULTS", tmp_path)
    tables = {
        "cooperation": {
            "certificate": pd.DataFrame(
                {"ADMM": {"upper bound (yuan)": 9.5, "lower bound (yuan)": 9.0}}
            )
        },
        "bargaining": {
            "table_1": pd.DataFrame({"alone": {"cluster": 10.0}, "with trades": {"cluster": 9.5}})
        },
        "mechanisms": {
            "summary": pd.DataFrame(
                {
                    "cost (yuan)": {
                        "alone": 8.0,
                        "mid-market": 7.0,
                        "game (paper B): elastic, text": 6.0,
                        "game (paper B): fixed, text": 6.5,
                        "planned together (paper A)": 4.0,
                    }
                }
            )
        },
        "ledger": {
            "ledger": pd.DataFrame(
                {
                    "verdict": {
                        "A01": "reproduced",
                        "A02": "not reproduced",
                        "B04": "theorem",
                    },
                    "reason": {"A01": "", "A02": "data differ", "B04": "why"},
                    "free": {"A01": True, "A02": True, "B04": False},
                }
            )
        },
    }
    for notebook, named in tables.items():
        folder = tmp_path / notebook
        folder.mkdir()
        record = {"parameters": {"case": "mine"}}
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
        for name, table in named.items():
            table.to_csv(folder / f"{name}.csv")
    return tmp_path


def test_findings_are_read_from_the_results_of_the_pages(pages):
    found = findings.read_findings()
    assert found.case == "mine" and found.gap == pytest.approx(0.5)
    assert found.cooperation.to_dict() == {"alone": 10.0, "together": 9.5}
    assert found.mechanisms["game"] == 6.0  # the page's own reading, which stands first
    assert found.freedom == (3, 2, 1)
    assert found.verdicts.startswith(
        "Of 3 statements of the two papers 2 were free to fail, and 1 "
    )


@pytest.mark.parametrize("notebook", ["cooperation", "bargaining", "mechanisms", "ledger"])
def test_a_page_that_was_not_run_is_named(pages, notebook):
    (pages / notebook / "run.json").unlink()
    with pytest.raises(WrongInput, match=f"{notebook}: its results lack"):
        findings.read_findings()


def test_the_four_numbers_are_those_of_the_findings(found):
    numbers = findings.four_numbers(found)
    assert numbers["number"].to_list() == ["10.0 %", "0.50 yuan", "25.0 %", "5 of 10"]
    assert "24.8 % at a fixed" in numbers["what it says"][2]
    assert "50.0 % planned together: the game decides" in numbers["what it says"][2]
    assert "of all 12 how they came out" in numbers["what it says"][3]


def test_nothing_is_said_of_the_game_where_it_saves_more_than_a_fixed_price(found):
    better = findings.what_the_game_decides(game=30.0, market=20.0, planned=40.0)
    worse = findings.what_the_game_decides(game=10.0, market=20.0, planned=40.0)
    assert better == worse == ""


def test_a_card_for_each_number_leads_to_its_page(found):
    made = findings.cards(findings.four_numbers(found))
    for page in ("bargaining", "cooperation", "mechanisms", "ledger"):
        assert f":link: ../notebooks/{page}\n" in made
    assert made.count(":::{grid-item-card}") == 4


def test_the_picture_shows_what_is_left_of_each_cost(found):
    figures.use_style()
    lower = findings.costs_left(found)
    upper = lower.figure.axes[0]
    assert [bar.get_width() for bar in upper.patches] == pytest.approx([100, 90])
    assert [bar.get_width() for bar in lower.patches] == pytest.approx([100, 75.25, 75, 50])
    told = description(lower.figure)
    assert "together 90.0 %" in told and "trade at a fixed mid-market price 75.2 %" in told
    plt.close("all")


def test_the_front_page_shows_the_book_s_own_results():
    """Second road: the saving of the picture is what the page on cooperation leaves of the joint
    optimum's, short of it by the certified gap at most.
    """
    shown = pd.read_csv(RESULTS / "findings/costs_a.csv", index_col=0).iloc[:, 0]
    items = pd.read_csv(RESULTS / "cooperation/saving_by_item.csv", index_col=0)
    saving = items.loc["total", "cluster"]
    proof = pd.read_csv(RESULTS / "cooperation/certificate.csv", index_col=0).iloc[:, 0]
    gap = proof["upper bound (yuan)"] - proof["lower bound (yuan)"]
    short = saving - (shown["alone"] - shown["together"])
    assert -1e-6 * saving <= short <= gap + 1e-6 * saving
