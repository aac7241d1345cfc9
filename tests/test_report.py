"""The frame of a notebook: parameters refused at once, results whole or not at all."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from vppcore import NotSolved, WrongInput, solvers
from vppcore.case import Case
from vppcore.choices import SOLVER_CHOICES
from vppcore.pages import figures, parameters_cell
from vppcore.pages import results as kept
from vppcore.pages import study as frame
from vppcore.pages.claims_b import which_game
from vppcore.pages.published import Judgement, judge_number
from vppcore.pages.results import as_csv, collect_judgements, foreign, judging_notebooks
from vppcore.pages.study import Study, check_parameters, verdict_table
from vppcore.pages.tables import styled
from vppcore.places import NOTEBOOKS, PROJECT

CELL = """
case: str = "paper-a-parent"  # folder of a case
solver: str = "auto"  # solver
order: str = "sequential"  # order of the negotiation
weights: str = "contribution"  # bargaining power
storage: str = "relaxed"  # exclusive flows
method: str = "closed form"  # road to the prices
balancing: bool = True  # the penalty follows the residuals
penalty: float = None  # of the ADMM; None suits the case
price_penalty: float = None  # of the ADMM on prices; None lets the band choose
tolerance: float = 1e-3  # of the ADMM
price_tolerance: float = 1e-4  # of the ADMM on prices
relaxation: float = 1.5  # of the ADMM
max_iterations: int = 500  # give up
trade_limit: float = None  # kW; None takes the case's
crossing_fee: float = 0.0  # yuan/kWh
vpp: str = None  # shown; None takes the second
levels: str = "0 2 12"  # of uncertainty
level: int = 0  # of uncertainty
deviation: float = 0.2  # share
pv_share: float = 1.0  # share
limits: str = "actual"  # of demand response
reading: str = "joint worst case"  # who knows what
series: str = None  # what is uncertain; None takes all
samples: int = 1  # days
seed: int = 0  # of the days
persistence: float = 0.0  # correlation
notebooks: str = "data cooperation"  # to collect
carbon_price: float = None  # yuan/t; None takes the case's
interval: float = None  # t; None takes the case's
ladder_steps: int = None  # rungs; None takes the case's
hour: int = 1  # shown
own_number: float = -2.5  # no rule knows this name
own_count: int = 3  # nor this
own_switch: bool = False  # nor this
own_text: str | None = "x"  # nor this; None means no text
"""
NUMBERS = (
    "penalty",
    "tolerance",
    "price_tolerance",
    "relaxation",
    "max_iterations",
    "crossing_fee",
    "price_penalty",
    "level",
    "deviation",
    "pv_share",
    "samples",
    "seed",
    "persistence",
    "carbon_price",
    "interval",
    "ladder_steps",
    "own_number",
    "own_count",
)
WRONG = {
    "case": ("", None, 3),
    "vpp": ("", 3),
    "solver": ("cplex", None),
    "order": ("random",),
    "weights": ("beauty",),
    "storage": ("maybe",),
    "method": ("lottery",),
    "balancing": ("yes", 2, None),
    "penalty": (0, -1),
    "price_penalty": (0,),
    "tolerance": (0, 1, None),
    "price_tolerance": (0, 1),
    "relaxation": (0, 2),
    "max_iterations": (0, 2.5, -1, 5.0),
    "trade_limit": (-1.0, "much", math.nan),
    "crossing_fee": (-0.01, None),
    "levels": ("two", "", "0 -2", "2 0", "2 2", "1.5", "\u0662 \u0663", 4, None),
    "level": (-1, 2.5),
    "deviation": (-0.1, 1, 2),
    "pv_share": (-0.5, 1.5),
    "limits": ("planned",),
    "reading": ("foo",),
    "series": ("", " ", 3),
    "samples": (0, 2.5),
    "seed": (-1,),
    "persistence": (1, -0.1),
    "notebooks": ("", None),
    "carbon_price": (-1,),
    "interval": (-2, 0),
    "ladder_steps": (0, 2.5),
    "hour": (0, 1.5),
    "own_number": ("2", None, True),
    "own_count": (2.5, 3.0, "3", None),
    "own_switch": (1, "no", None),
    "own_text": (3, ""),
}
RIGHT = {
    "penalty": (1, None, 3e-4),
    "tolerance": (0.5,),
    "max_iterations": (1,),
    "trade_limit": (500, None),
    "vpp": ("VPP1", None),
    "pv_share": (0, 1),
    "level": (12,),
    "levels": ("4",),
    "series": ("load pv", None),
    "crossing_fee": (0, 1),
    "carbon_price": (280, None),
    "interval": (0.5,),
    "own_number": (1e9, -3),
    "own_count": (-1,),
    "own_switch": (True,),
    "own_text": ("y", None),
    "balancing": (False,),
    "deviation": (0,),
}


def write_notebook(folder: Path, name: str, cell: str) -> Path:
    """A notebook of one cell, its parameters."""
    cells = [
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": cell.strip().splitlines(keepends=True),
        }
    ]
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.ipynb"
    file.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """Where this test's studies write; its notebooks are `demo`, with every parameter, and `other`,
    with none.
    """
    monkeypatch.setenv("VPPCORE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(kept, "RESULTS", tmp_path / "project")
    monkeypatch.setattr(kept, "RUNS", tmp_path / "runs")
    for module in (frame, parameters_cell, kept):
        monkeypatch.setattr(module, "NOTEBOOKS", tmp_path / "notebooks")
    write_notebook(tmp_path / "notebooks", "demo", CELL)
    write_notebook(tmp_path / "notebooks", "other", "")
    return tmp_path / "results"


def a_study(number: float = 1.0) -> Study:
    study = Study("demo", {"penalty": 1e-4})
    study.keep(costs=pd.Series({"VPP1": number, "VPP2": 2.0}, name="yuan"))
    study.judge(judge_number("A01", 10_780.45))
    return study


# --- parameters -----------------------------------------------------------------------------------
# ----------------
def test_the_defaults_of_the_cell_are_sound():
    assert Study("demo", {}).parameters["relaxation"] == 1.5
    check_parameters("demo", {})


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values]
)
def test_a_right_value_is_taken(name, value):
    assert Study("demo", {name: value}).parameters[name] == value


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_parameter_is_refused_in_one_sentence(name, value):
    for refuse in (Study, check_parameters):
        with pytest.raises(WrongInput) as refused:
            refuse("demo", {name: value})
        (fault,) = refused.value.faults
        assert fault.startswith(f"{name}: found {value!r}; allowed: ")
        assert "\n" not in fault and len(fault) > len(f"{name}: found {value!r}; allowed: ")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["0.5", np.nan, np.inf, True, [1]], ids=str)
def test_what_is_no_finite_number_is_refused_as_a_number(name, value):
    with pytest.raises(WrongInput, match=f"{name}: found .*; allowed: a "):
        Study("demo", {name: value})


def test_the_sentence_says_what_none_means_by_the_notebook_s_own_words():
    with pytest.raises(WrongInput, match=r"a number above 0, or none \(suits the case\)$"):
        Study("demo", {"penalty": -1})


def test_all_wrong_parameters_are_refused_at_once():
    with pytest.raises(WrongInput) as refused:
        Study("demo", {"solver": "cplex", "penalty": 0, "order": "random", "penaltie": 1})
    assert [fault.split(":")[0] for fault in refused.value.faults] == [
        "solver",
        "order",
        "penalty",
        "penaltie",
    ]
    assert "found 'cplex'; allowed: auto, highs, gurobi, clarabel, osqp" in str(refused.value)
    assert "penaltie: no such parameter; allowed: case, solver" in str(refused.value)


def test_a_study_reads_its_parameters_from_where_it_is_made():
    """As in a notebook: the names of its parameters cell, with what papermill has put into them."""
    scope: dict = {}
    exec(CELL + "penalty = 3e-4\nother = 5", scope)
    exec("from vppcore.pages.study import Study\nstudy = Study('demo')", scope)
    parameters = scope["study"].parameters
    assert parameters["penalty"] == 3e-4
    assert list(parameters) == list(parameters_cell.declarations(CELL))
    exec("order = 'random'", scope)
    with pytest.raises(WrongInput, match="order: found 'random'; allowed: sequential, parallel"):
        exec("study = Study('demo')", scope)


def test_a_parameters_cell_that_was_not_run_is_said():
    with pytest.raises(WrongInput, match=r"demo: no value for case, solver, .*after the param"):
        exec("study = Study('demo')", {"Study": Study})


def test_an_unknown_notebook_is_refused_with_those_that_exist(tmp_path):
    for refuse in (
        lambda: exec("Study('dem')", {"Study": Study}),
        lambda: check_parameters("dem", {}),
    ):
        with pytest.raises(WrongInput, match="found 'dem'; allowed: demo, other"):
            refuse()
    check_parameters(tmp_path / "notebooks" / "demo.ipynb", {"penalty": 1.0})


@pytest.mark.parametrize("cell", ["x: int = ", "x: float = 1 / 3", "x = y"])
def test_a_parameters_cell_that_cannot_be_read_is_said(tmp_path, cell):
    write_notebook(tmp_path / "notebooks", "odd", cell)
    with pytest.raises(WrongInput, match="odd.ipynb: its parameters cell cannot be read"):
        check_parameters("odd", {})


def test_a_notebook_without_the_cell_has_no_parameters():
    assert Study("other", {}).parameters == {}
    with pytest.raises(WrongInput, match="x: no such parameter; allowed: none"):
        check_parameters("other", {"x": 1})


def test_numbers_that_numpy_made_are_numbers():
    study = Study("demo", {"penalty": np.float64(1e-4), "max_iterations": np.int64(5)})
    assert study.parameters["max_iterations"] == 5


def test_the_words_for_a_solver_are_those_that_can_be_asked_for():
    assert SOLVER_CHOICES == ("auto", *solvers.SOLVERS)


def test_a_solver_that_is_not_installed_is_refused_before_anything_is_solved(monkeypatch):
    monkeypatch.setattr(solvers, "find_spec", lambda name: None)
    for refuse in (Study, check_parameters):
        with pytest.raises(NotSolved, match="solver 'gurobi' is not installed"):
            refuse("demo", {"solver": "gurobi"})


def test_nothing_that_takes_long_is_imported_before_a_wrong_parameter_is_refused():
    heavy = "{'cvxpy', 'pandas', 'scipy', 'matplotlib', 'yaml', 'vppcore.components'}"
    script = f"""
import sys
from vppcore.pages.study import check_parameters
from vppcore.errors import WrongInput
check_parameters("cooperation", {{}})
try:
    check_parameters("cooperation", {{"penalty": -1.0}})
except WrongInput as refused:
    print(refused, sorted({heavy} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert done.stdout.startswith("penalty: found -1.0; allowed: a number above 0")
    assert done.stdout.rstrip().endswith("[]")


def test_the_case_has_the_run_s_trade_limit_and_fee(parent):
    usual = Study("demo", {"trade_limit": None}).case().tie
    assert (usual.limit, usual.crossing_fee) == (parent.tie.limit, 0.0)
    changed = Study("demo", {"trade_limit": 500, "crossing_fee": 0.3}).case("paper-a").tie
    assert (changed.limit, changed.crossing_fee) == (500.0, 0.3)


def test_the_case_has_the_run_s_carbon_price():
    study = Study("demo", {"case": "paper-b", "carbon_price": 300, "interval": 4})
    market = study.case().vpps[0].component("carbon_market")
    assert (market.price, market.interval) == (pytest.approx(0.3), 4000.0)


def test_another_case_need_not_have_what_the_run_changes(tmp_path):
    write_notebook(
        tmp_path / "notebooks",
        "game",
        'case: str = "paper-b"  # case\nprice_max: float = 1.0  # yuan',
    )
    study = Study("game", {})
    assert study.case().vpps[0].component("power_market").price_max == 1.0
    assert study.case("paper-a").names == ["VPP1", "VPP2", "VPP3"]
    with pytest.raises(WrongInput, match="no VPP has a component 'power_market'"):
        Study("game", {"case": "paper-a"}).case()


def test_a_vpp_a_step_and_series_that_the_case_lacks_are_refused_all_at_once():
    wrong = {"vpp": "VPP9", "series": "load foo pv bar", "hour": 25}
    for refuse in (lambda: Study("demo", wrong).case(), lambda: check_parameters("demo", wrong)):
        with pytest.raises(WrongInput) as refused:
            refuse()
        assert refused.value.faults == [
            "hour: found 25; allowed in paper-a-parent: 1 to 24",
            "vpp: found 'VPP9'; allowed in paper-a-parent: VPP1, VPP2, VPP3",
            "series: found 'foo'; allowed in paper-a-parent: wind, load, heat, pv",
            "series: found 'bar'; allowed in paper-a-parent: wind, load, heat, pv",
        ]
    assert Study("demo", {"vpp": "VPP1", "series": "load heat pv"}).case().names[0] == "VPP1"


def test_a_case_that_does_not_exist_is_refused_before_a_kernel_starts():
    with pytest.raises(WrongInput, match="case: no folder 'nowhere'"):
        check_parameters("demo", {"case": "nowhere"})


@pytest.mark.parametrize("file", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda file: file.stem)
def test_every_notebook_of_the_book_takes_its_own_defaults(file):
    declared = parameters_cell.read_parameters_cell(file)
    check_parameters(file, {name: line.default for name, line in declared.items()})


def test_a_week_s_vpp_may_be_left_to_the_page():
    """`real_week vpp=None` is what the page offers."""
    check_parameters(NOTEBOOKS / "real_week.ipynb", {"vpp": None})


def test_a_check_that_fails_ends_in_one_sentence():
    study = Study("demo", {})
    study.check(np.bool_(True), "all is well")
    with pytest.raises(NotSolved) as refused:
        study.check(np.float64(2) < 1, "the gap is 2; allowed: below 1")
    assert (str(refused.value), refused.value.status) == (
        "demo: the gap is 2; allowed: below 1",
        "failed",
    )


# --- what is written
# ----------------------------------------------------------------------------------------------
def test_a_finished_study_leaves_its_tables_verdicts_and_record(results):
    said = a_study().finish(iterations=np.int64(43))
    assert said == "1 tables, 1 verdicts and run.json kept in results/demo/"
    assert sorted(file.name for file in (results / "demo").iterdir()) == [
        "claims.csv",
        "costs.csv",
        "run.json",
    ]
    assert pd.read_csv(results / "demo" / "costs.csv", index_col=0)["yuan"].to_dict() == {
        "VPP1": 1.0,
        "VPP2": 2.0,
    }
    record = json.loads((results / "demo" / "run.json").read_text())
    assert record["parameters"]["case"] == "paper-a-parent"
    assert record["parameters"]["penalty"] == 1e-4
    assert (record["notebook"], record["iterations"]) == ("demo", 43)
    assert {"cvxpy", "highspy", "osqp", "clarabel", "numpy"} <= set(record["versions"])
    assert collect_judgements("demo")["verdict"].tolist() == ["reproduced"]


def test_nothing_else_is_left_in_the_results_folder(results):
    a_study().finish()
    assert [entry.name for entry in results.iterdir()] == ["demo"]


def test_tables_keep_their_steps_and_their_two_level_columns(results):
    study, steps = Study("demo", {}), pd.RangeIndex(1, 3, name="step")
    study.keep(
        trades=pd.DataFrame({("A", "B"): [1.5, -2.0]}, steps), plain=pd.DataFrame({"x": [7, 8]})
    )
    study.finish()
    trades = pd.read_csv(results / "demo" / "trades.csv")
    assert list(trades) == ["step", "A B"] and trades["A B"].tolist() == [1.5, -2.0]
    assert list(pd.read_csv(results / "demo" / "plain.csv")) == ["x"]


def test_a_later_run_replaces_all_of_an_earlier_one(results):
    earlier = a_study(1.0)
    earlier.keep(extra=pd.DataFrame({"x": [1]}))
    earlier.finish()
    a_study(9.0).finish()
    assert not (results / "demo" / "extra.csv").exists()
    assert pd.read_csv(results / "demo" / "costs.csv")["yuan"].tolist() == [9.0, 2.0]


def fails(*_, **__):
    raise OSError("disk full")


BREAKS = {
    "in a table": lambda patch: patch.setattr(pd.DataFrame, "to_csv", fails),
    "in the record": lambda patch: patch.setattr(kept.json, "dumps", fails),
    "in writing text": lambda patch: patch.setattr(Path, "write_text", fails),
    "in the last move": lambda patch: patch.setattr(Path, "rename", fails),
}


@pytest.mark.parametrize("breaking", BREAKS.values(), ids=BREAKS.keys())
def test_a_run_that_breaks_while_writing_leaves_the_old_results_whole(
    results, monkeypatch, breaking
):
    a_study(1.0).finish()
    before = {file.name: file.read_bytes() for file in (results / "demo").iterdir()}
    with monkeypatch.context() as patch:
        breaking(patch)
        with pytest.raises(OSError, match="disk full"):
            a_study(9.0).finish()
    assert (results / "demo").is_dir()
    assert {file.name: file.read_bytes() for file in (results / "demo").iterdir()} == before
    assert [entry.name for entry in results.iterdir()] == ["demo"]


def test_a_fact_that_cannot_be_recorded_breaks_the_run_not_the_results(results):
    a_study(1.0).finish()
    with pytest.raises((TypeError, ValueError)):
        a_study(9.0).finish(what=object())
    assert pd.read_csv(results / "demo" / "costs.csv")["yuan"].tolist() == [1.0, 2.0]


def test_a_run_that_is_told_nothing_leaves_the_book_s_results_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("VPPCORE_RESULTS")
    a_study().finish()
    assert (tmp_path / "runs" / "demo" / "run.json").is_file()
    assert not (tmp_path / "project").exists()
    assert len(collect_judgements("demo")) == 1


def test_the_ledger_prefers_this_run_s_verdicts_to_the_book_s(monkeypatch, tmp_path, results):
    monkeypatch.setenv("VPPCORE_RESULTS", str(tmp_path / "project"))  # as the book's run does
    a_study().finish()
    monkeypatch.setenv("VPPCORE_RESULTS", str(results))
    # the book's, for lack of one here
    assert collect_judgements("demo")["verdict"].tolist() == ["reproduced"]
    own = Study("demo", {})
    own.judge(judge_number("A01", 1.0))
    own.finish()
    assert collect_judgements("demo")["verdict"].tolist() == ["not reproduced"]


def test_the_ledger_names_the_notebooks_that_have_not_run():
    a_study().finish()
    with pytest.raises(
        WrongInput, match="no verdicts of other, third; allowed: after these notebooks have run"
    ):
        collect_judgements("demo", "other", "third")


def test_verdicts_of_several_notebooks_become_one_table():
    a_study().finish()
    other = Study("other", {})
    shown = other.judge(judge_number("A02", 1.0, "far off"))
    assert shown.data.loc["A02", "verdict"] == "not reproduced: far off"
    other.finish()
    assert collect_judgements("demo", "other")["claim"].tolist() == ["A01", "A02"]


def test_a_run_with_other_parameters_is_said_to_be_foreign():
    a_study().finish()
    assert (
        foreign("demo")
        == "demo: these verdicts come from a run with penalty=0.0001, not from the book's"
    )
    Study("demo", {}).finish()
    assert foreign("demo") == foreign("never run") == ""


def test_a_run_without_verdicts_is_said_with_its_parameters():
    Study("demo", {"case": "template"}).finish()
    Study("other", {}).finish()
    with pytest.raises(WrongInput) as refused:
        collect_judgements("demo", "other")
    assert refused.value.faults == [
        "ledger: demo: these verdicts come from a run with case='template', not from the book's; "
        "allowed: after its run with the book's parameters",
        "ledger: other: its run left no verdicts; "
        "allowed: after its run with the book's parameters",
    ]


def test_the_ledger_asks_the_notebooks_of_the_book_that_judge(tmp_path, monkeypatch):
    contents = {"parts": [{"chapters": [{"file": "notebooks/demo"}, {"file": "notebooks/other"}]}]}
    (tmp_path / "_toc.yml").write_text(json.dumps(contents))
    monkeypatch.setattr(kept, "CONTENTS", tmp_path / "_toc.yml")
    with (tmp_path / "notebooks" / "other.ipynb").open("a") as file:
        file.write("study.judge(agreed=agreed)")
    assert judging_notebooks() == ["other"]


# --- what a reader's file could smuggle in
# ------------------------------------------------------------------------
@pytest.mark.parametrize(
    "cell", ["=1+1", "+1+cmd|' /C calc'!A0", '-2+3+HYPERLINK("x")', "@SUM(A1)", "\t=1"]
)
def test_no_cell_of_a_csv_is_a_formula(cell):
    table = pd.DataFrame({"source": [cell], cell: [1.0]}, index=pd.Index([cell], name="VPP"))
    lines = as_csv(table).splitlines()
    assert lines[0].replace('"', "").split(",")[-1].startswith("'")
    read = pd.read_csv(io.StringIO(as_csv(table)), index_col=0)
    assert read.index[0] == read["source"].iloc[0] == f"'{cell}"


@pytest.mark.parametrize("cell", ["wind", "-", "-0.5", "+12 yuan (+0.3 %)", "-1e-5", "a=b", ""])
def test_texts_and_signed_numbers_stay_as_they_are(cell):
    assert as_csv(pd.DataFrame({"x": [cell]})) == pd.DataFrame({"x": [cell]}).to_csv(index=False)


def test_a_name_in_a_file_s_name_stays_in_the_folder(results):
    study = Study("demo", {})
    study.keep(**{"figure_../../VPP 1/\n": pd.DataFrame({"x": [1]})})
    study.finish()
    (table,) = (results / "demo").glob("*.csv")
    assert table.name == "figure_______VPP 1__.csv"


def test_a_table_keeps_numbers_and_both_levels_of_its_rows():
    index = pd.MultiIndex.from_tuples([("=A", 1), ("B", 2)], names=["VPP", "step"])
    text = as_csv(pd.DataFrame({"kW": [-1.5, 2.0]}, index=index))
    assert text == "VPP,step,kW\n'=A,1,-1.500000\nB,2,2.000000\n"


def test_a_table_on_a_page_shows_html_letter_by_letter():
    table = pd.DataFrame({"<i>x</i>": ["<b>y</b>"], "n": [1.5]}, index=["<script>"])
    page = styled(table).format(precision=1).to_html()
    for tag in ("<i>", "<b>", "<script>"):
        assert tag not in page
    assert "&lt;b&gt;y&lt;/b&gt;" in page and "1.5" in page


# --- claims ---------------------------------------------------------------------------------------
def test_a_run_of_the_paper_s_case_is_judged_and_shown(capsys):
    study = Study("demo", {"case": "paper-a"})
    case = study.case()
    assert study.judges("A22", "A23")
    study.judge(case=case, penalty=1e-4)
    assert [verdict.claim for verdict in study.judgements] == ["A22", "A23"]
    assert "Styler" in capsys.readouterr().out
    study.judge(trade_seconds=0.02, show=False)
    assert study.judgements[-1].claim == "A19" and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "other"), [("paper-a", "paper-a-parent"), ("paper-a-parent", "paper-a")]
)
def test_the_case_with_nothing_fitted_is_judged_whichever_is_run(name, other, capsys):
    """The saving follows the case; the fitted one is asked for by name and stands beside."""
    rise = {"paper-a": [1.0, 2.0, 3.0], "paper-a-parent": [3.0, 2.0, 1.0]}
    asked = []

    def costs_of(case: Case) -> dict[str, pd.DataFrame]:
        asked.append(case.name)
        table = pd.DataFrame({"alone": rise[case.name], "together": rise[case.name]})
        return {"costs": table.assign(**{"saving (%)": 0.0})}

    study = Study("demo", {"case": name})
    study.judge(**costs_of(study.case()), other=other, elsewhere=costs_of)
    assert asked == [name, other]
    found = {judgement.claim: judgement for judgement in study.judgements}
    assert found["A14"].verdict == "not reproduced" and found["A14"].fitted == "3 levels"
    assert "Styler" in capsys.readouterr().out


def test_another_case_is_not_asked_for_where_no_claim_speaks_of_the_run():
    def asked(case: Case) -> dict:
        return pytest.fail(f"{case.name} was asked for")

    study = Study("demo", {"case": "template"})
    study.case()
    study.judge(penalty=1e-4, other="paper-a", elsewhere=asked)
    assert study.judgements == []


def test_verdicts_stand_beside_their_claims_in_words():
    page = verdict_table([Judgement("A01", "10,939 (+1.5 %)", "not reproduced", "why", "10,782")])
    html = page.to_html()
    for text in ("Cooperation lowers", "10,780.45 yuan/day", "ours (nothing fitted)", "10,782"):
        assert text in html
    alone = verdict_table([Judgement("A22", "0.0001", "setting", "why")]).to_html()
    assert "fitted" not in alone and "setting: why" in alone


def test_a_result_that_a_claim_welcomes_may_be_left_out_or_computed_late():
    scenarios = pd.DataFrame({"saved": {"carbon": 2434.0, "total": 48_730.0}})
    text = SimpleNamespace(demand="elastic", order="text")
    study = Study("demo", {"case": "paper-b"})
    fitted = study.case().fitted_claims
    study.judge(scenarios=scenarios, fitted=fitted)
    study.judge(scenarios=scenarios, fitted=fitted, rules=lambda: text)
    usual, other = study.judgements[:2], study.judgements[2:]
    assert [verdict.claim for verdict in usual] == [verdict.claim for verdict in other]
    assert all("demand elastic, order text" in verdict.reason for verdict in other)
    assert all(which_game(None) in verdict.reason for verdict in usual)


def test_another_case_gets_a_sentence_instead_of_verdicts(capsys):
    study = Study("demo", {"case": "template"})
    case = study.case()
    assert not study.judges("A23")
    study.judge(case=case, penalty=1e-4)
    assert study.judgements == []
    assert capsys.readouterr().out == "no verdict on A22, A23: template is no case of paper A\n"


def test_a_claim_does_not_speak_of_a_run_with_another_tie(capsys):
    study = Study("demo", {"case": "paper-a", "trade_limit": 200.0, "tolerance": 1e-2})
    study.case()
    study.judge(price_seconds=138.0, trade_seconds=275.0)
    assert [verdict.claim for verdict in study.judgements] == ["A19"]
    sentence = (
        "no verdict on A21: it does not speak of a run with trade_limit=200.0, crossing_fee=0.0"
    )
    assert sentence.replace(", crossing_fee=0.0", "") in capsys.readouterr().out


def test_results_that_do_not_reach_a_claim_are_said(capsys):
    study = Study("demo", {"case": "paper-a", "pv_share": 1.0})
    study.case()
    costs = pd.DataFrame({"alone": [2.0], "together": [1.0], "saving (%)": [50.0]}, [0])
    study.judge(costs=costs)
    assert [verdict.claim for verdict in study.judgements] == ["A30"]
    assert (
        "no verdict on A09, A10, A11, A12, A13, A14, A15, A38: the results"
        in capsys.readouterr().out
    )


def test_a_picture_for_a_chapter_is_kept_and_not_shown_twice(results):
    study = a_study()
    axes = figures.lines(pd.DataFrame({"VPP1": [1.0, 2.0]}), "kW")
    study.keep_picture("two", axes)
    assert not plt.get_fignums()
    shown = figures.lines(pd.DataFrame({"VPP1": [1.0, 2.0]}), "kW")
    study.keep_picture("shown", shown, shown=True)
    assert len(plt.get_fignums()) == 1
    plt.close("all")
    study.finish()
    kept_text = (results / "demo" / "two.svg").read_text(encoding="utf-8")
    assert kept_text.startswith("<svg") and "VPP1 from 1" in kept_text
    assert (results / "demo" / "shown.svg").is_file()
