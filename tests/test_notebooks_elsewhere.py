"""Notebooks of study A on a case of a reader's: they run through, in small, and judge nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from matplotlib import pyplot

from vppcore.places import DATA, NOTEBOOKS

SMALL = {
    "data": {},
    "one_vpp": {},
    "cooperation": {},
    "negotiation": {},
    "bargaining": {},
    "worst_day": {"level": 2},
    "uncertainty": {"levels": "0 2"},
    "out_of_sample": {"levels": "2", "samples": 20},
    "risk": {"levels": "2", "samples": 20, "scenarios": 5},
    "reserve": {"level": 2, "samples": 20, "scenarios": 6},
    "rolling": {},
    "community": {"vpp": None},
}
RENAMED = {"electric_load": "electric_load.house", "grid": "grid.main", "battery": "battery.cellar"}


@pytest.fixture
def labelled(tmp_path) -> Path:
    """The template with a label on every load, grid connection and battery, and HTML in a source."""
    folder = tmp_path / "labelled"
    shutil.copytree(DATA / "template", folder)
    units = pd.read_csv(folder / "units.csv", comment="#", dtype=str)
    units["component"] = units["component"].replace(RENAMED)
    units["source"] = "<b>my own</b>"
    units.to_csv(folder / "units.csv", index=False)
    series = pd.read_csv(folder / "series.csv", comment="#")
    series.rename(columns=lambda name: name.replace("_load_", "_house_load_")).to_csv(
        folder / "series.csv", index=False
    )
    return folder


def run(notebook: str, parameters: dict, monkeypatch, folder: Path) -> tuple[dict, list]:
    """The names that a notebook's cells leave, and what they display; no kernel, the same code."""
    monkeypatch.setenv("VPPCORE_RESULTS", str(folder))
    shown: list = []
    scope: dict = {"__name__": "notebook", "display": shown.append}
    monkeypatch.setattr("IPython.display.display", shown.append)
    for cell in nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, cell.id, "exec"), scope)
            if "parameters" in cell.metadata.get("tags", []):
                scope |= parameters
            pyplot.close("all")
    return scope, shown


@pytest.mark.parametrize("notebook", SMALL)
def test_a_notebook_runs_for_a_household_and_a_shop(notebook, monkeypatch, tmp_path):
    parameters = {"case": "template"} | SMALL[notebook]
    scope, _ = run(notebook, parameters, monkeypatch, tmp_path / "results")
    assert scope["study"].judgements == []
    assert (tmp_path / "results" / notebook / "run.json").is_file()
    assert not (tmp_path / "results" / notebook / "claims.csv").exists()


@pytest.fixture
def quarters(tmp_path) -> Path:
    """The template in 24 quarters of an hour, with a shop that needs nothing."""
    folder = tmp_path / "quarters"
    shutil.copytree(DATA / "template", folder)
    description = (folder / "case.yaml").read_text(encoding="utf-8")
    shorter = description.replace("step_hours: 1 ", "step_hours: 0.25 ")
    assert shorter != description
    (folder / "case.yaml").write_text(shorter, encoding="utf-8")
    series = pd.read_csv(folder / "series.csv", comment="#")
    series.assign(shop_load_kw=0.0).to_csv(folder / "series.csv", index=False)
    return folder


def test_a_notebook_counts_the_steps_of_the_case_and_takes_one_who_needs_nothing(
    quarters, monkeypatch, tmp_path
):
    parameters = {"case": str(quarters), "vpp": "Home"}
    _, shown = run("one_vpp", parameters, monkeypatch, tmp_path / "results")
    said = " ".join(str(each) for each in shown)
    assert not re.search(r"\bhours? \d", said)
    scope, _ = run("cooperation", parameters, monkeypatch, tmp_path / "results")
    assert scope["said"].directions(scope["agreed"]) == ""
    shutil.copy(DATA / "template" / "series.csv", quarters)
    scope, _ = run("cooperation", parameters, monkeypatch, tmp_path / "results")
    moved = scope["said"].directions(scope["agreed"])
    assert re.search(r"\bsteps? \d", moved) and not re.search(r"\bhours? \d", moved)


@pytest.mark.parametrize("notebook", ["data", "one_vpp", "cooperation", "worst_day"])
def test_a_notebook_does_not_mind_how_components_are_called(
    notebook, labelled, monkeypatch, tmp_path
):
    parameters = {"case": str(labelled)} | SMALL[notebook]
    scope, _ = run(notebook, parameters, monkeypatch, tmp_path / "results")
    assert scope["study"].tables
