"""What nbval takes for the same output: another last digit, and no other difference."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat import v4

from tests import nbval_same
from vppcore.places import PROJECT

TABLE = "<style>#T_{id}_row0 {{}}</style><td>{number}</td>"
SHOW = "from IPython.display import HTML, display; display(HTML({html!r}))"


def printing(now: str, stored: str) -> nbformat.NotebookNode:
    """A cell that prints one text, with another stored."""
    output = v4.new_output("stream", name="stdout", text=f"{stored}\n")
    return v4.new_code_cell(f"print({now!r})", execution_count=1, outputs=[output])


def styled(now: str, stored: str) -> nbformat.NotebookNode:
    """A cell that shows one number in a styled table, with another stored."""
    html = TABLE.format(id="0c1d9", number=stored)
    plain = "<IPython.core.display.HTML object>"
    output = v4.new_output("display_data", {"text/html": html, "text/plain": plain})
    source = SHOW.format(html=TABLE.format(id="7e2ab", number=now))
    return v4.new_code_cell(source, execution_count=1, outputs=[output])


@pytest.mark.parametrize("name", ["written_as", "same_to_the_last_digit", "same_number"])
def test_the_examples_run(name):
    finder = doctest.DocTestFinder()
    (examples,) = finder.find(getattr(nbval_same, name), name, globs=vars(nbval_same))
    assert examples.examples
    assert not doctest.DocTestRunner().run(examples).failed


def test_a_cell_differs_by_more_than_a_last_digit_or_by_its_words(tmp_path):
    cells = [
        printing("it costs 2,608 yuan", "it costs 2,609 yuan"),
        styled("2,608", "2,609"),
        printing("it costs 2,607 yuan", "it costs 2,609 yuan"),
        styled("2,607", "2,609"),
        printing("8 hours", "7 hours"),
        printing("2,609 yuan", "2,609 EUR"),
    ]
    notebook = tmp_path / "cells.ipynb"
    nbformat.write(v4.new_notebook(cells=cells), notebook)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-rfp"]
    command += ["--nbval-sanitize-with", str(PROJECT / "tests/nbval_sanitize.cfg")]
    command += ["-p", "no:cacheprovider", "-p", "tests.nbval_same", str(notebook)]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True).stdout
    verdicts = {
        int(cell): verdict
        for verdict, cell in re.findall(r"^(PASSED|FAILED) .*::Cell (\d+)", said, re.MULTILINE)
    }
    same = [verdicts[cell] == "PASSED" for cell in range(len(cells))]
    assert same == [True, True, False, False, False, False], said
