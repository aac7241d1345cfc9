"""Runs of notebooks with the parameters that a page prints, each once in a test run, in a folder of its own.

A page says `make run NB=... P="..."`; the Makefile hands the two texts to tools/rerun.py.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from atexit import register
from functools import cache
from pathlib import Path
from typing import NamedTuple

import rerun
from contents import Refused
from run_notebook import find
from tiny_book import ROOT

from vppcore.pages.parameters_cell import read_parameters_cell

CHANGED_BY_A_RUN = ("VPPCORE_RESULTS", "JUPYTER_PREFER_ENV_PATH", "PYDEVD_DISABLE_FILE_VALIDATION")


class Ended(NamedTuple):
    """How a run ended: what it said, whether it was refused or failed, and where its files are."""

    said: str
    refused: bool
    results: Path


@cache
def folder_of_runs() -> Path:
    """Where the runs go; it is taken away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="printed-runs-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def run_as_printed(notebook: str, parameters: str = "") -> Ended:
    """Runs a notebook as the tool does, into a new folder in place of build/runs.

    A command that names the notebook's own case is the same run as one that names none.
    """
    first, _, others = parameters.partition(" ")
    return run_with(notebook, others if first == own_case(notebook) else parameters)


def own_case(notebook: str) -> str:
    """The word that names the notebook's own case; nothing where it has none, or is not there."""
    try:
        declared = read_parameters_cell(find(notebook))
    except Refused:
        return ""
    return f"case={declared['case'].default}" if "case" in declared else ""


@cache
def run_with(notebook: str, parameters: str) -> Ended:
    """Runs a notebook, once for the same parameters."""
    into = Path(tempfile.mkdtemp(dir=folder_of_runs()))
    environment = {name: os.environ.get(name) for name in CHANGED_BY_A_RUN}
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        said = rerun.run(notebook, parameters, runs=into, quiet=True)
        return Ended(said, False, results_in(into))
    except Refused as refused:
        return Ended(str(refused), True, into)
    finally:
        os.chdir(before)
        restore(environment)


def results_in(into: Path) -> Path:
    """The numbers of the one run that went well in this folder."""
    (results,) = into.glob("*/*/results")
    return results


def restore(environment: dict[str, str | None]) -> None:
    """Sets variables to what they were; None for one that was not there."""
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def results_of(notebook: str, parameters: str = "") -> Path:
    """The folder of the results of such a run, which must have gone well."""
    ended = run_as_printed(notebook, parameters)
    assert not ended.refused, ended.said
    return ended.results
