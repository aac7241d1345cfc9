"""One point of a sweep is what the package says it is."""

from __future__ import annotations

import shutil

import pytest
import sweep_plan
from sweep_plan import inputs_of, plan_of
from sweep_point import row_of
from tiny_book import ROOT

from vppcore import load_case
from vppcore.uncertainty.robust import sweep

ASKED = {"CASES": "template", "LEVELS": "0 010", "DEVIATIONS": "0.10"}


def test_a_point_is_the_package_s_sweep_of_one_level():
    row = row_of("template", 0, 0.1)
    table, days = sweep(load_case("template"), (0,), deviation=0.1)
    for column in ("alone", "together"):
        assert row[column] == pytest.approx(table.iloc[0][column], rel=1e-6)
    alone = days[0][0]
    assert sum(row[f"{vpp} alone"] for vpp in alone) == pytest.approx(row["alone"], rel=1e-6)


def test_a_plan_names_each_point_by_what_it_rests_on():
    plan = plan_of(ASKED)
    assert [(point.case, point.level, point.deviation) for point in plan.values()] == [
        ("template", "0", "0.1"),
        ("template", "10", "0.1"),
    ]
    assert plan_of(ASKED) == plan
    other = plan_of(ASKED | {"CASES": "data/template"})
    assert not set(other) & set(plan)


def test_a_point_rests_on_the_case_the_code_and_the_packages(tmp_path, monkeypatch):
    """Each changed in turn, in a copy: the digest is another one; a comment leaves it."""
    for name in ("vppcore", "data/template", "tools"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copyfile(ROOT / "requirements.lock", tmp_path / "requirements.lock")
    monkeypatch.setattr(sweep_plan, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    seen = {inputs_of("template")}
    for name, text in {
        "data/template/series.csv": "25,1,1\n",
        "data/template/units.csv": "x\n",
        "vppcore/uncertainty/robust.py": "\nX = 1\n",
        "vppcore/solvers.py": "\nX = 1\n",
        "tools/sweep_point.py": "\nX = 1\n",
        "requirements.lock": "a==1\n",
    }.items():
        with open(tmp_path / name, "a") as file:
            file.write(text)
        assert inputs_of("template") not in seen, name
        seen.add(inputs_of("template"))
    with open(tmp_path / "vppcore/solvers.py", "a") as file:
        file.write("# a comment\n")
    with open(tmp_path / "vppcore/pages/figures.py", "a") as file:
        file.write("\nX = 1\n")
    assert inputs_of("template") in seen
