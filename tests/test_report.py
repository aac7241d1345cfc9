"""The frame of a notebook: parameters refused at once, results whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vppcore import NotSolved, WrongInput, solvers
from vppcore.pages import study as report
from vppcore.pages.published import judge_number
from vppcore.pages.study import RULES, Study, collect_judgements

SOUND = {
    "case": "paper-a-parent", "solver": "auto", "order": "sequential", "weights": "contribution", "storage": "relaxed",
    "method": "closed form", "balancing": True, "penalty": 1e-4, "price_penalty": None, "tolerance": 1e-3,
    "price_tolerance": 1e-4, "relaxation": 1.5, "max_iterations": 500, "trade_limit": None, "crossing_fee": 0.0, "vpp": "VPP2",
    "levels": "0 2 12", "level": 0, "deviation": 0.2, "pv_share": 1.0, "limits": "actual", "reading": "joint worst case",
    "series": "load pv", "samples": 1, "seed": 0, "persistence": 0.0, "notebooks": "data cooperation",
}  # fmt: skip
NUMBERS = (
    "penalty",
    "tolerance",
    "price_tolerance",
    "relaxation",
    "max_iterations",
    "trade_limit",
    "crossing_fee",
    "price_penalty",
    "level",
    "deviation",
    "pv_share",
    "samples",
    "seed",
    "persistence",
)
WRONG = {
    "case": ("", None, 3), "vpp": ("", 3), "solver": ("cplex", None), "order": ("random",), "weights": ("beauty",),
    "storage": ("maybe",), "method": ("lottery",), "balancing": ("yes", 2), "penalty": (0, -1), "price_penalty": (0,),
    "tolerance": (0, 1, None), "price_tolerance": (0, 1), "relaxation": (0, 2), "max_iterations": (0, 2.5, -1),
    "trade_limit": (-1.0, 0), "crossing_fee": (-0.01,),
    "levels": ("two", "", "0 -2", "2 0", "2 2", "1.5", 4, None), "level": (-1, 2.5), "deviation": (-0.1, 1, 2),
    "pv_share": (-0.5, 1.5), "limits": ("planned",), "reading": ("foo",), "series": ("", " ", 3), "samples": (0, 2.5),
    "seed": (-1,), "persistence": (1, -0.1), "notebooks": ("", None),
}  # fmt: skip


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """Where this test's studies write."""
    monkeypatch.setenv("VPPCORE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(report, "ROOT", tmp_path / "project")
    return tmp_path / "results"


def a_study(number: float = 1.0) -> Study:
    study = Study("demo", case="paper-a-parent", penalty=1e-4)
    study.keep(costs=pd.Series({"VPP1": number, "VPP2": 2.0}, name="yuan"))
    study.judge(judge_number("A01", 10_780.45))
    return study


# --- parameters ---------------------------------------------------------------------------------------------------
def test_sound_parameters_are_taken():
    assert set(SOUND) <= set(RULES)
    assert Study("demo", **SOUND).parameters == SOUND


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_parameter_is_refused_in_one_sentence(name, value):
    with pytest.raises(WrongInput) as refused:
        Study("demo", **SOUND | {name: value})
    (fault,) = refused.value.faults
    assert fault.startswith(f"{name}: found {value!r}; allowed: ")
    assert "\n" not in fault and len(fault) > len(f"{name}: found {value!r}; allowed: ")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["0.5", np.nan, np.inf, True, [1]], ids=str)
def test_what_is_no_finite_number_is_refused_as_a_number(name, value):
    with pytest.raises(WrongInput, match=f"{name}: found .*; allowed: a "):
        Study("demo", **{name: value})


@pytest.mark.parametrize("name", NUMBERS)
def test_the_sentence_about_a_number_is_for_people(name):
    """No "above -1e-12": a limit that allows zero says so."""
    assert "e-12" not in RULES[name][1]


def test_all_wrong_parameters_are_refused_at_once():
    with pytest.raises(WrongInput) as refused:
        Study("demo", solver="cplex", penalty=0, order="random", case="paper-a")
    assert sorted(fault.split(":")[0] for fault in refused.value.faults) == [
        "order",
        "penalty",
        "solver",
    ]
    assert "found 'cplex'; allowed: auto, highs, gurobi, clarabel, osqp" in str(refused.value)


def test_a_parameter_that_no_rule_knows_is_refused_in_words():
    with pytest.raises(WrongInput, match="penaltie"):
        Study("demo", penaltie=1e-4)


def test_numbers_that_numpy_made_are_numbers():
    assert (
        Study("demo", penalty=np.float64(1e-4), max_iterations=np.int64(5)).parameters[
            "max_iterations"
        ]
        == 5
    )


def test_a_solver_that_is_not_installed_is_refused_before_anything_is_solved(monkeypatch):
    monkeypatch.setattr(solvers, "find_spec", lambda name: None)
    with pytest.raises(NotSolved, match="solver 'gurobi' is not installed"):
        Study("demo", solver="gurobi")


def test_the_case_has_the_run_s_trade_limit_and_fee(parent):
    usual = Study("demo", trade_limit=None, crossing_fee=None).case("paper-a-parent").tie
    assert (usual.limit, usual.crossing_fee) == (parent.tie.limit, parent.tie.crossing_fee)
    changed = Study("demo", trade_limit=500, crossing_fee=0).case("paper-a-parent").tie
    assert (changed.limit, changed.crossing_fee) == (500.0, 0.0)


def test_a_vpp_and_series_that_the_case_lacks_are_refused_all_at_once():
    with pytest.raises(WrongInput) as refused:
        Study("demo", vpp="VPP9", series="load foo pv bar").case("paper-a-parent")
    assert refused.value.faults == [
        "vpp: found 'VPP9'; allowed in paper-a-parent: VPP1, VPP2, VPP3",
        "series: found 'foo'; allowed in paper-a-parent: wind, load, heat, pv",
        "series: found 'bar'; allowed in paper-a-parent: wind, load, heat, pv",
    ]
    assert Study("demo", vpp="VPP1", series="load heat pv").case("paper-a-parent").names == [
        "VPP1",
        "VPP2",
        "VPP3",
    ]


# --- what is written ----------------------------------------------------------------------------------------------
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
    assert record["parameters"] == {"case": "paper-a-parent", "penalty": 1e-4}
    assert (record["notebook"], record["iterations"]) == ("demo", 43)
    assert {"cvxpy", "highspy", "osqp", "clarabel", "numpy"} <= set(record["versions"])
    assert collect_judgements("demo")["verdict"].tolist() == ["reproduced"]


def test_nothing_else_is_left_in_the_results_folder(results):
    a_study().finish()
    assert [entry.name for entry in results.iterdir()] == ["demo"]


def test_tables_keep_their_steps_and_their_two_level_columns(results):
    study, steps = Study("demo"), pd.RangeIndex(1, 3, name="step")
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
    "in the record": lambda patch: patch.setattr(report.json, "dumps", fails),
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


def test_results_go_below_the_project_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("VPPCORE_RESULTS")
    a_study().finish()
    assert (tmp_path / "project" / "results" / "demo" / "run.json").is_file()
    assert len(collect_judgements("demo")) == 1


def test_the_ledger_prefers_this_run_s_verdicts_to_the_book_s(monkeypatch, tmp_path, results):
    monkeypatch.delenv("VPPCORE_RESULTS")
    a_study().finish()
    monkeypatch.setenv("VPPCORE_RESULTS", str(results))
    assert collect_judgements("demo")["verdict"].tolist() == [
        "reproduced"
    ]  # the book's, for lack of one here
    own = Study("demo")
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
    other = Study("other")
    shown = other.judge(judge_number("A02", 1.0, "far off"))
    assert shown.data.loc["A02", "verdict"] == "not reproduced"
    other.finish()
    assert collect_judgements("demo", "other")["claim"].tolist() == ["A01", "A02"]
