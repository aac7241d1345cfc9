"""Runs of notebooks with the parameters that a page prints, each once in a test run, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from atexit import register
from functools import cache
from pathlib import Path

from tiny_book import ROOT


@cache
def folder_of_runs() -> Path:
    """Where the runs go; it is taken away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="printed-runs-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def run_as_printed(notebook: str, parameters: str = "") -> tuple[subprocess.CompletedProcess, Path]:
    """What `make run NB=notebook P="parameters"` does, with its folder in place of build/runs.

    Returns the ended process, its words together in stdout, and the folder.
    """
    into = Path(tempfile.mkdtemp(dir=folder_of_runs()))
    command = [sys.executable, "tools/run_notebook.py", "--into", str(into)]
    command += ["--log", str(into / "log"), f"--parameters={parameters}", "--", notebook]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended, into


def results_of(notebook: str, parameters: str = "") -> Path:
    """The folder of the results of such a run, which must have gone well."""
    ended, into = run_as_printed(notebook, parameters)
    assert ended.returncode == 0, ended.stdout
    return into / "results" / notebook
