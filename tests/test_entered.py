"""Printed tables that a reader enters: templates, every kind of wrong input, numbers beside ours."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from vppcore import WrongInput, load_case
from vppcore.carbon import carbon_models
from vppcore.pages import entered, results, tables, tables_b
from vppcore.pages.printed import COLUMNS, printed_tables, template
from vppcore.places import NOTEBOOKS

HEAD = ",".join(COLUMNS)
TABLE_5 = "b_table_5.csv"


def enter(folder, file: str, *rows: str, head: str = HEAD):
    (folder / file).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return entered.entered(folder)


def refusal(folder, file: str, *rows: str, head: str = HEAD) -> str:
    with pytest.raises(WrongInput) as refused:
        enter(folder, file, *rows, head=head)
    assert len(refused.value.faults) == 1
    return refused.value.faults[0]


# --- the templates --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", printed_tables())
def test_a_template_is_what_the_module_says_but_for_what_was_entered(name):
    stored = entered.tables_folder() / f"{name}.csv"
    rows = pd.read_csv(stored, comment="#", dtype=str, keep_default_na=False)
    empty = rows.assign(value="").to_csv(index=False)
    assert empty == template(printed_tables()[name]).partition(HEAD)[2].join([HEAD, ""])


def test_no_other_file_lies_beside_the_templates():
    files = {file.stem for file in entered.tables_folder().glob("*.csv")}
    assert files == set(printed_tables())


def test_the_book_s_templates_can_be_read():
    assert set(entered.entered()["table"]) <= set(printed_tables())


@pytest.mark.parametrize("name", printed_tables())
def test_a_template_alone_enters_nothing(name, tmp_path):
    (tmp_path / f"{name}.csv").write_text(template(printed_tables()[name]), encoding="utf-8")
    assert entered.entered(tmp_path).empty


def test_every_number_stands_once_and_its_notebook_keeps_the_table():
    for table in printed_tables().values():
        names = [(number.row, number.quantity) for number in table.numbers]
        assert len(names) == len(set(names))
        for number in table.numbers:
            notebook = (NOTEBOOKS / f"{number.ours.notebook}.ipynb").read_text(encoding="utf-8")
            kept = number.ours.table.removesuffix("_load")
            assert f"{kept}_" in notebook or f"{kept}=" in notebook or kept in notebook


# --- what is entered ------------------------------------------------------------------------------
def test_numbers_are_read_in_our_unit(tmp_path):
    rows = ("scenario 1,total cost,36.5,10^4 yuan", "scenario 2,total cost,3.5,yuan")
    assert enter(tmp_path, TABLE_5, *rows)["value"].tolist() == pytest.approx([365_000.0, 3.5])


def test_units_are_converted(tmp_path):
    rows = ("VPP1,load,12000,kW", "VPP2,load,12,MW")
    assert enter(tmp_path, "b_table_3.csv", *rows)["value"].tolist() == pytest.approx([12, 12])
    rows = ("VPP1,saving share,0.25,-", "VPP2,saving share,25,%")
    shares = enter(tmp_path, "a_table_1.csv", *rows).query("table == 'a_table_1'")["value"]
    assert shares.tolist() == pytest.approx([25, 25])


def test_a_spreadsheet_of_another_country_is_read(tmp_path):
    rows = ("scenario 1;total cost;12.345,5;yuan", "scenario 2;total cost;1.000,25;yuan")
    found = enter(tmp_path, TABLE_5, *rows, head=HEAD.replace(",", ";"))
    assert found["value"].tolist() == pytest.approx([12_345.5, 1_000.25])


def test_a_folder_without_files_waits_for_everything(tmp_path):
    nothing = entered.entered(tmp_path)
    sentences = entered.waiting(nothing)
    assert [sentence.partition(":")[0][-7:] for sentence in sentences] == ["paper A", "paper B"]
    assert sum(sentence.count(",") + 1 for sentence in sentences) == len(printed_tables())


def test_what_is_entered_no_longer_waits(tmp_path):
    found = enter(tmp_path, TABLE_5, "scenario 1,total cost,1,yuan")
    assert "Table 5" not in entered.waiting(found)[1]


FIRST = "scenario 1,total cost,1,yuan"
WRONG = {
    "unknown table": ("b_table_9.csv", (FIRST,), "found a table that has no place here"),
    "no csv": ("b_table_5.xlsx", (FIRST,), "found a table that has no place here"),
    "text": (TABLE_5, ("scenario 1,total cost,much,yuan",), "found value 'much'"),
    "two numbers": (TABLE_5, ("scenario 1,total cost,1 to 2,yuan",), "found value '1 to 2'"),
    "infinite": (TABLE_5, ("scenario 1,total cost,inf,yuan",), "a finite number"),
    "nan": (TABLE_5, ("scenario 1,total cost,nan,yuan",), "a finite number"),
    "percent": (TABLE_5, ("scenario 1,total cost,5 %,yuan",), "its unit in column unit"),
    "decimal comma": (
        TABLE_5,
        (FIRST, 'scenario 2,total cost,"2,5",yuan', "scenario 2,carbon cost,1.5,yuan"),
        "decimal comma?",
    ),
    "wrong unit": (
        TABLE_5,
        ("scenario 1,total cost,1,kW",),
        "found unit 'kW'; allowed: yuan, 10^4 yuan",
    ),
    "no unit": (TABLE_5, ("scenario 1,total cost,1,",), "found unit nothing"),
    "energy for power": (
        "b_table_3.csv",
        ("VPP1,load,1,MWh",),
        "found unit 'MWh'; allowed: kW, MW",
    ),
    "twice": (TABLE_5, (FIRST, FIRST), "line 3, scenario 1, total cost: stands in line 2 too"),
    "unknown row": (
        TABLE_5,
        ("scenario 3,total cost,1,yuan",),
        "found row 'scenario 3'; allowed: scenario",
    ),
    "unknown quantity": (
        TABLE_5,
        ("scenario 1,total costs,1,yuan",),
        "found quantity 'total costs' of scenario 1; allowed: total cost",
    ),
    "too many cells": (TABLE_5, (FIRST + ",much",), "found 5 cells below 4 column names"),
    "nothing": (TABLE_5, (), "found no rows"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_input_gets_one_sentence(kind, tmp_path):
    file, rows, said = WRONG[kind]
    sentence = refusal(tmp_path, file, *rows)
    assert sentence.startswith(file) and said in sentence


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("row,quantity,value", "found no column unit"),
        ("row,quantity,value,unit,remark", "found a column remark"),
    ],
)
def test_wrong_columns_get_one_sentence(head, said, tmp_path):
    rows = [",".join(["x"] * (head.count(",") + 1))]
    assert said in refusal(tmp_path, TABLE_5, *rows, head=head)


def test_all_faults_are_said_at_once(tmp_path):
    (tmp_path / "b_table_1.csv").write_bytes(b"\xff\xfe\x00row")
    with pytest.raises(WrongInput) as refused:
        enter(tmp_path, TABLE_5, "scenario 1,total cost,much,yuan", "scenario 2,total cost,1,kW")
    assert len(refused.value.faults) == 3


def test_a_text_that_explains_the_folder_is_no_table(tmp_path):
    (tmp_path / "README.md").write_text("how to", encoding="utf-8")
    assert entered.entered(tmp_path).empty


# --- beside ours ----------------------------------------------------------------------------------
@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Results as a run leaves them: write(notebook, table=...)."""
    monkeypatch.setenv(results.WHERE, str(tmp_path / "results"))

    def write(notebook: str, case: str = "paper-b", **kept_tables: pd.DataFrame) -> None:
        folder = tmp_path / "results" / notebook
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in kept_tables.items():
            (folder / f"{name}.csv").write_text(results.as_csv(table), encoding="utf-8")
        record = {"parameters": {"case": case}}
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")

    return write


def beside(folder, file: str, *rows: str) -> pd.DataFrame:
    made = folder / "entered"
    made.mkdir(exist_ok=True)
    return entered.judged(enter(made, file, *rows))


def test_a_printed_number_stands_beside_ours(game, kept, tmp_path):
    kept("multiple_game", table_5=tables_b.scenarios(game))
    ours = tables_b.scenarios(game).loc["total", "1: alone"]
    row = beside(tmp_path, TABLE_5, f"scenario 1,total cost,{1.005 * ours},yuan").iloc[0]
    assert row["ours"] == pytest.approx(ours, abs=1e-5)
    assert row["difference (%)"] == pytest.approx(100 * (1 / 1.005 - 1), abs=1e-3)
    assert row["verdict"] == "reproduced"
    row = beside(tmp_path, TABLE_5, f"scenario 1,total cost,{1.02 * ours},yuan").iloc[0]
    assert row["verdict"] == "not reproduced"
    assert len(tables.printed_page(beside(tmp_path, TABLE_5, FIRST)).to_html())


def test_what_a_case_was_fitted_to_is_met_by_construction(kept, tmp_path):
    shares = pd.DataFrame({"VPP1": [0.48], "VPP4": [0.52]}, index=pd.Index(["VPP2"], name="buyer"))
    kept("multiple_game", table_4=shares)
    rows = ("VPP2,probability of VPP1,0.49,-", "VPP2,probability of VPP4,0.70,-")
    verdicts = beside(tmp_path, "b_table_4.csv", *rows)["verdict"]
    assert verdicts.tolist() == ["met by fitting", "not reproduced"]
    assert {"B16", "B17"} <= load_case("paper-b").fitted_claims


def test_a_figure_is_read_off_to_a_share_of_its_largest_number(kept, tmp_path):
    steps = pd.RangeIndex(1, 25, name="step")
    price = pd.DataFrame({"VPP1": 0.5, "VPP2": np.nan}, index=steps)
    kept("multiple_game", figure_7=price)
    rows = [
        "1,price of VPP1,1.0,yuan/kWh",
        "2,price of VPP1,0.509,yuan/kWh",
        "3,price of VPP2,0.5,yuan/kWh",
    ]
    found = beside(tmp_path, "b_figure_7.csv", *rows)
    assert found["difference (%)"].iloc[:2].tolist() == pytest.approx([-50.0, -0.9])
    assert found["verdict"].tolist() == [
        "not reproduced",
        "reproduced",
        "not reproduced: we have no such number",
    ]


@pytest.mark.parametrize(
    ("ours", "verdict"), [(0.0, "reproduced"), (0.4, "reproduced"), (5.0, "not reproduced")]
)
def test_a_printed_zero_is_judged_by_the_largest_number_beside_it(ours, verdict, kept, tmp_path):
    columns = {"wind": [0.0, 0.0], "battery": [ours, 50.0]}
    kept("multiple_game", table_3=pd.DataFrame(columns, index=["VPP1", "VPP2"]).T)
    rows = ("VPP1,storage,0,MW", "VPP2,storage,50,MW")
    assert beside(tmp_path, "b_table_3.csv", *rows)["verdict"].iloc[0] == verdict


def test_nothing_but_zeros_is_met_by_zero_only(kept, tmp_path):
    kept("multiple_game", table_3=pd.DataFrame({"VPP1": [0.0], "VPP2": [0.1]}, index=["battery"]))
    rows = ("VPP1,storage,0,MW", "VPP2,storage,0,MW")
    found = beside(tmp_path, "b_table_3.csv", *rows)["verdict"].tolist()
    assert found == ["reproduced", "not reproduced"]


def test_rows_of_ours_are_added_where_one_printed_number_has_both(kept, tmp_path):
    kept("multiple_game", table_3=pd.DataFrame({"VPP1": [2.0, 3.0]}, index=["wind", "pv"]))
    found = beside(tmp_path, "b_table_3.csv", "VPP1,wind and photovoltaics,5,MW")
    assert found["ours"].tolist() == [5.0]


def test_a_parameter_is_found_by_its_vpp_component_and_name(parent, kept, tmp_path):
    kept("data", case="paper-a-parent", table_a1=tables.parameters(parent))
    rows = ("all,battery charge_efficiency,95,%", "all,battery charge_max,0.6,MW")
    found = beside(tmp_path, "a_table_a1.csv", *rows)
    assert found["ours"].tolist() == [0.95, 500.0]
    assert found["verdict"].tolist() == ["reproduced", "not reproduced"]


@pytest.mark.parametrize("case", [None, "paper-a", "paper-b-handmade"])
def test_results_that_do_not_speak_of_the_paper_give_no_verdict(case, kept, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path / "nowhere")
    if case:
        kept("multiple_game", case=case)
    verdict = beside(tmp_path, TABLE_5, FIRST)["verdict"].iloc[0]
    assert verdict.startswith("no verdict: multiple_game has ")


@pytest.fixture(scope="module")
def made(calibrated, handmade, five, game, pooled, split):
    """The tables that our numbers stand in, as the notebooks keep them."""
    ten = game.hours[10]
    vpp2 = pooled.dispatches["VPP2"]
    return {
        "multiple_game/table_3": tables_b.devices_in(handmade, five, game, 10),
        "multiple_game/table_4": ten.shares,
        "multiple_game/offers": tables_b.offers(ten),
        "multiple_game/table_5": tables_b.scenarios(game),
        "multiple_game/figure_7": game.prices,
        "multiple_game/figure_8": game.parts,
        "carbon_models/table_2": carbon_models(handmade.vpp("VPP1"), 0.32),
        "data_b/table_1": tables.tariff(handmade),
        "data_b/figure_5_load": tables_b.load_of_each(handmade),
        "data_b/figure_5_renewable": tables_b.renewables_of_each(handmade),
        "data/table_a1": tables.parameters(calibrated),
        "data/figure_a3_electric": tables.demand(calibrated, "load"),
        "data/figure_a3_heat": tables.demand(calibrated, "heat"),
        "data/figure_a4": tables.available(calibrated),
        "data/table_a2_grid": tables.tariff(calibrated),
        "bargaining/table_1": tables.before_and_after(split),
        "bargaining/figure_6": split.prices,
        "cooperation/figure_3": vpp2.balances["electricity"],
        "cooperation/figure_4": pooled.trades,
        "cooperation/figure_5": tables.exchange(vpp2),
    }


ELSEWHERE = {"worst_day/figure_7_load", "uncertainty/figure_8"}  # too slow to compute here


def test_our_rows_and_columns_are_those_of_the_tables(made):
    """A wrong name in printed.py would show as "we have no such number"."""
    absent = set()
    seen = set()
    for table in printed_tables().values():
        for ours in (number.ours for number in table.numbers):
            name = f"{ours.notebook}/{ours.table}"
            seen.add(name)
            if name in made and not is_in(made[name], ours):
                absent.add((name, ours.rows, ours.column))
    assert seen == set(made) | ELSEWHERE
    # VPP3 may buy at t=10 in the paper; with us it stays out
    assert absent <= {("multiple_game/table_4", ("VPP3",), name) for name in ("VPP1", "VPP4")}


def is_in(table: pd.DataFrame, ours) -> bool:
    read = pd.read_csv(io.StringIO(results.as_csv(table)), dtype=str)
    names = read[list(ours.index) or [read.columns[0]]].agg(" ".join, axis=1)
    return ours.column in read.columns and bool(names.isin(ours.rows).any())
