"""The house's rules that a machine can check: direction of imports, docstrings, where numbers come from."""

from __future__ import annotations

import ast
import csv
import importlib
import inspect
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

import vppcore
from vppcore.case import STATUSES
from vppcore.components import COMPONENTS
from vppcore.reading import DATA

PACKAGE = Path(vppcore.__file__).parent
# A room imports rooms of lower rank only; a new room must be given its rank here. Inside a room the same holds by file.
RANK = {
    "currency": -1,
    "errors": 0,
    "names": 0,
    "places": 0,
    "choices": 0,
    "parameters": 1,
    "faults": 1,
    "exercises": 2,
    "components": 2,
    "solvers": 2,
    "carriers": 3,
    "vpp": 4,
    "warm": 3,
    "compiled": 4,
    "mixed": 5,
    "scale": 5,
    "exclusive": 6,
    "flattest": 7,
    "infeasible": 7,
    "schedule": 8,
    "case": 8,
    "changes": 9,
    "standalone": 9,
    "reading": 9,
    "carbon": 9,
    "grid": 10,
    "cooperation": 11,
    "bargaining": 12,
    "rolling": 12,
    "fleet": 12,
    "coalitions": 12,
    "fairness": 13,
    "splits": 14,
    "misreports": 14,
    "sharing": 14,
    "uncertainty": 12,
    "market": 12,
    "game": 13,
    "live": 14,
    "proofs": 14,
    "pages": 15,
}
SOURCES = {
    ".".join(("vppcore", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): file
    for file in sorted(PACKAGE.rglob("*.py"))
}
MODULES = [name for name in SOURCES if name != "vppcore"]
MODELS = set(RANK) - {"errors", "places", "choices", "parameters", "reading", "pages"}
CASES = sorted(file.parent.name for file in DATA.glob("*/case.yaml"))


def top(module: str) -> str:
    """vppcore.components.battery -> components."""
    return module.split(".")[1]


def imports(module: str) -> set[str]:
    """Everything a module imports, at its top or inside a function, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are written in full here"
            found |= (
                {f"vppcore.{vppcore.HOMES.get(alias.name, alias.name)}" for alias in node.names}
                if node.module == "vppcore"
                else {node.module}
            )
    return found


def inside(module: str) -> set[str]:
    """The parts of vppcore that a module imports."""
    return {top(name) for name in imports(module) if name.startswith("vppcore.")}


def test_every_module_has_its_place():
    assert {top(module) for module in MODULES} <= set(RANK)


@pytest.mark.parametrize("module", MODULES)
def test_no_import_goes_backwards(module):
    backwards = {name for name in inside(module) - {top(module)} if RANK[name] >= RANK[top(module)]}
    assert not backwards, f"{module} must not import {', '.join(sorted(backwards))}"


@pytest.mark.parametrize("module", [module for module in MODULES if top(module) == "components"])
def test_components_know_nothing_but_each_other_and_how_to_declare_a_number(module):
    assert inside(module) <= {"components", "choices", "errors", "names", "parameters"}


@pytest.mark.parametrize("module", [module for module in MODULES if top(module) in MODELS])
def test_models_know_nothing_of_pages(module):
    assert not inside(module) & {"pages"}
    assert not {name.split(".")[0] for name in imports(module)} & {"matplotlib", "seaborn"}


WITHOUT_SOLVER = ("errors", "places", "choices", "parameters", "case", "reading", "pages")


@pytest.mark.parametrize("module", [name for name in MODULES if top(name) in WITHOUT_SOLVER])
def test_no_problem_is_built_outside_the_models(module):
    assert not {imported.split(".")[0] for imported in imports(module)} & {
        "cvxpy",
        "osqp",
        "highspy",
        "gurobipy",
        "clarabel",
    }


@pytest.mark.parametrize("module", MODULES)
def test_only_the_readers_and_the_pages_read_files(module):
    readers = {
        "read_csv",
        "read_text",
        "read_bytes",
        "read_excel",
        "read_json",
        "safe_load",
        "open",
        "load_case",
        "loadtxt",
    }
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    called = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    # a fleet names the case that it is like
    allowed = {"reading", "grid", "exercises", "pages", "fleet"}
    assert not called & readers or top(module) in allowed


@pytest.mark.parametrize("module", MODULES)
def test_no_solver_is_left_to_the_modelling_layer_s_choice(module):
    """Every `.solve(` with cvxpy names its solver: Problem.solve is called in solvers.py alone."""
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "solve"
        ):
            if getattr(node.func.value, "id", "") == "problem" or isinstance(
                node.func.value, ast.Call
            ):
                assert "solver" in {keyword.arg for keyword in node.keywords}, (
                    f"{module}, line {node.lineno}"
                )


# what cvxpy does not promise to keep, and the one module that may rest on it
INSIDES = {"get_problem_data", "var_id_to_col", "PARAM_PROB", "apply_parameters", "unpack_results"}
MAY_LOOK_INSIDE = {
    "vppcore.compiled": INSIDES,
    "vppcore.solvers": {"get_problem_data"},  # it only counts what a licence counts
    "vppcore.cooperation.agents": INSIDES,  # to be taken off when it uses compiled.py
}


@pytest.mark.parametrize("module", MODULES)
def test_only_compiled_touches_cvxpy_s_insides(module):
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    private = {
        name
        for name in imports(module)
        if re.match(r"cvxpy\.(reductions|cvxcore|lin_ops|utilities)", name)
    }
    assert not (used & INSIDES) - MAY_LOOK_INSIDE.get(module, set())
    assert not private or module == "vppcore.compiled"


@pytest.mark.parametrize("module", ["vppcore", *MODULES])
def test_everything_public_has_a_docstring(module):
    loaded = importlib.import_module(module)
    assert loaded.__doc__, module
    for name, thing in vars(loaded).items():
        if (
            name.startswith("_")
            or getattr(thing, "__module__", None) != module
            or not (inspect.isclass(thing) or inspect.isfunction(thing))
        ):
            continue
        text = thing.__doc__ or ""
        # a dataclass without one gets its signature
        assert text and not text.startswith(f"{name}("), f"{module}.{name} has no docstring"
        members = vars(thing).items() if inspect.isclass(thing) else ()
        for member, value in members:
            if not member.startswith("_") and (
                inspect.isfunction(value) or isinstance(value, property)
            ):
                assert inspect.getdoc(getattr(thing, member)), (
                    f"{module}.{name}.{member} has no docstring"
                )


def test_what_is_public_can_be_imported_by_its_name():
    assert sorted(vppcore.__all__) == sorted(set(vppcore.__all__))
    for name in vppcore.__all__:
        assert getattr(vppcore, name).__doc__


def test_every_number_of_a_component_has_a_unit_and_a_meaning():
    for kind, component in COMPONENTS.items():
        for f in fields(component):
            if "unit" in f.metadata:
                assert f.metadata["unit"] and f.metadata["text"], f"{kind}.{f.name}"


# --- data ---------------------------------------------------------------------------------------------------------
def rows(case: str) -> list[dict[str, str]]:
    with open(DATA / case / "units.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def test_the_book_s_cases_are_there():
    assert {"paper-a", "paper-a-parent"} <= set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_every_number_says_where_it_comes_from(case):
    for row in rows(case):
        assert row["source"].strip() and row["status"] in STATUSES and row["unit"].strip(), row


@pytest.mark.parametrize(("case", "count"), [("paper-a", 3), ("paper-a-parent", 0)])
def test_few_numbers_are_calibrated(case, count):
    assert sum(row["status"] == "calibrated" for row in rows(case)) == count


def test_both_cases_of_study_a_have_the_same_series():
    assert (DATA / "paper-a" / "series.csv").read_bytes() == (
        DATA / "paper-a-parent" / "series.csv"
    ).read_bytes()


def test_the_calibrated_case_differs_in_its_calibrated_numbers_only():
    """And in the rating of the larger PV plant, which is a check and no part of the model."""

    def numbers(case):
        return {
            (row["vpp"], row["component"], row["parameter"]): float(row["value"])
            for row in rows(case)
        }

    ours, theirs = numbers("paper-a"), numbers("paper-a-parent")
    calibrated = {
        (row["vpp"], row["component"], row["parameter"])
        for row in rows("paper-a")
        if row["status"] == "calibrated"
    }
    different = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
    assert different - {("VPP2", "renewable.pv", "rating")} == calibrated


@pytest.mark.parametrize(
    "notebook", sorted((PACKAGE.parent / "notebooks").glob("*.ipynb")), ids=lambda file: file.stem
)
def test_every_parameter_stands_on_one_line_with_a_comment(notebook):
    """A default in brackets over several lines is no longer the default that a run with None is compared with."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = "".join(
        next(c["source"] for c in cells if "parameters" in c["metadata"].get("tags", []))
    ).splitlines()
    if notebook.stem != "ledger":  # its one parameter is too long
        assert all(
            re.fullmatch(r"\w+: (str|int|float|bool)( \| None)? = [^(].*  # .+", line)
            for line in lines
        ), lines
