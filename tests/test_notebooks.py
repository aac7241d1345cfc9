"""What keeps the notebooks thin: they ask, call, show and check; what thinks has tests of its own."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import nbformat
import pytest

from vppcore.places import NOTEBOOKS

LONGEST = 25  # lines of a cell that a reader sees
MEDIAN = 6
FILES = sorted(NOTEBOOKS.glob("*.ipynb"))
# functions that solve something and take a solver
SOLVING = {
    "agree",
    "alone",
    "carbon_models",
    "coalition_values",
    "cooperate",
    "dispatch",
    "ladder_sweep",
    "negotiate_each",
    "pool",
    "pool_verified",
    "robust_coalition",
    "sweep",
    "worst_case",
}
# names of components and VPPs of the papers: a reader's case has others
NAMES = {
    "tie",
    "grid",
    "electric_load",
    "heat_load",
    "battery",
    "wind",
    "pv",
    "VPP1",
    "VPP2",
    "VPP3",
}


def code_cells(file: Path) -> list:
    """The code cells of a notebook that a reader sees."""
    cells = nbformat.read(file, as_version=4).cells
    return [
        cell
        for cell in cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
    ]


def own_cells(file: Path) -> list:
    """The code cells but for the parameters."""
    return [cell for cell in code_cells(file) if "parameters" not in cell.metadata.get("tags", [])]


def trees(file: Path) -> list[ast.Module]:
    return [ast.parse(cell.source) for cell in own_cells(file)]


def nodes(file: Path, *kinds: type) -> list:
    return [node for tree in trees(file) for node in ast.walk(tree) if isinstance(node, kinds)]


def lengths(file: Path) -> list[int]:
    return [len(cell.source.splitlines()) for cell in own_cells(file)]


def named(node: ast.expr) -> str:
    """The last name of a called function."""
    return getattr(node, "attr", getattr(node, "id", ""))


def hands_on_solver(value: ast.expr, terms: set[str]) -> bool:
    """True if an argument is the run's solver, names one or is a dictionary with it."""
    if isinstance(value, ast.Name):
        return value.id == "solver" or value.id in terms
    return named(value) in ("exact_solver", "solver")


def dictionaries_with_solver(file: Path) -> set[str]:
    """Names of dictionaries that a notebook makes with an entry for the solver."""
    found = set()
    for node in nodes(file, ast.Assign):
        call = node.value
        if isinstance(call, ast.Call) and named(call.func) == "dict":
            if any(keyword.arg == "solver" for keyword in call.keywords):
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_cell_is_long(file):
    assert max(lengths(file)) <= LONGEST


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_cell_shows_what_a_figure_is_called(file):
    """Its page would show the object's name beside the figure, and name the figure twice."""
    assert "<Axes" not in file.read_text(encoding="utf-8")


def test_half_of_the_cells_are_short():
    assert statistics.median(length for file in FILES for length in lengths(file)) <= MEDIAN


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_cell_defines_or_asserts(file):
    thinking = nodes(file, ast.FunctionDef, ast.ClassDef, ast.Assert, ast.Try)
    assert [node.lineno for node in thinking] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_verdicts_are_made_in_their_homes(file):
    called = {named(node.func) for node in nodes(file, ast.Call)}
    assert not {name for name in called if name.startswith("judge_")}
    for node in nodes(file, ast.Call):
        if named(node.func) == "judge":
            assert not node.args and node.keywords


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_solving_call_hands_on_the_solver(file):
    terms = dictionaries_with_solver(file)
    without = []
    for node in nodes(file, ast.Call):
        if named(node.func) not in SOLVING:
            continue
        by_name = any(keyword.arg == "solver" for keyword in node.keywords)
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        if not by_name and not any(hands_on_solver(value, terms) for value in values):
            without.append(ast.unparse(node))
    assert without == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_cell_asks_for_a_component_by_its_name(file):
    texts = {node.value for node in nodes(file, ast.Constant) if isinstance(node.value, str)}
    assert not texts & NAMES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_table_is_rounded_to_tens_whatever_the_case(file):
    """Tens of yuan suit a plant and leave nothing of a household: `tables.beside` follows the case."""
    assert not any(".round(-" in cell.source for cell in code_cells(file)), file.stem


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_styled_table_is_made_safe(file):
    """`table.style` shows a reader's names as HTML; `tables.styled` does not."""
    assert not [node for node in nodes(file, ast.Attribute) if node.attr == "style"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_parameters_are_checked_before_anything_else_is_imported(file):
    first, second, *rest = code_cells(file)
    assert "parameters" in first.metadata["tags"]
    imported, made = second.source.split("\n\n")
    assert imported == "from vppcore.pages.study import Study"
    assert made == f'study = Study("{file.stem}")'
    assert not [cell for cell in rest if "Study(" in cell.source]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_notebook_leaves_its_record(file):
    assert "study.finish(" in own_cells(file)[-1].source
