"""Exact proofs: what they prove is what solvers find, and a checker that knows nothing refuses the rest."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
from builders import battery, grid, load, vpp
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput, dispatch, load_case, pool
from vppcore.compiled import Compiled
from vppcore.pages import proving
from vppcore.places import PROJECT
from vppcore.proofs.branching import Fork
from vppcore.proofs.exact import solve_square
from vppcore.proofs.optimum import infeasibility, optimum, value_of
from vppcore.proofs.proof import prove
from vppcore.proofs.rational import ExactProgram, rational
from vppcore.proofs.studies import alone, tasks, together
from vppcore.vpp import build
from vppcore.warm import WarmLinear

CHECKER = PROJECT / "tools/check_proofs.py"
PARENT = "paper-a-parent"


def checked(*files, flags=()):
    """The checker as anyone runs it."""
    command = [sys.executable, "-I", *flags, str(CHECKER), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def first():
    """A small proof of the book: a VPP alone."""
    return alone(load_case(PARENT).vpps[0], PARENT)


@pytest.fixture(scope="module")
def with_tree():
    """A proof that needs a tree: a store that would charge and discharge at once."""
    case = load_case("paper-a")
    return alone(case.vpp("VPP2"), case.name)


# --- numbers ------------------------------------------------------------------------------------------
@given(st.integers(-(10**6), 10**6), st.integers(1, 10**4))
def test_a_short_fraction_is_found_again(above, below):
    assert rational(above / below) == Fraction(above, below)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_fraction_is_the_double_to_its_last_places(number):
    miss = abs(rational(number) - Fraction(number))
    assert miss <= 4 * Fraction(float(np.spacing(abs(number))))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(number):
    with pytest.raises(WrongInput, match="allowed: a finite number"):
        rational(number)


@given(st.integers(1, 7), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_a_square_system_is_solved_exactly(size, seed):
    random = np.random.default_rng(seed)
    table = random.integers(-3, 4, (size, size)) * (random.random((size, size)) < 0.6)
    table[np.arange(size), random.permutation(size)] = 5
    right = random.integers(-9, 10, size)
    rows = {i: {j: fmpq(int(table[i, j])) for j in range(size) if table[i, j]} for i in range(size)}
    sides = {i: fmpq(int(right[i])) for i in range(size)}
    if abs(np.linalg.det(table)) < 0.5:  # a whole number
        with pytest.raises(NotSolved):
            solve_square(rows, sides)
        return
    found = solve_square(rows, sides)
    for i, row in rows.items():
        assert sum((number * found[j] for j, number in row.items()), fmpq(0)) == sides[i]


# --- optima ---------------------------------------------------------------------------------------------
def random_problem(seed, slack=1.0):
    """A linear problem with a solution, degenerate where many rows meet at its middle."""
    random = np.random.default_rng(seed)
    columns, rows = random.integers(2, 9), random.integers(1, 9)
    table = random.integers(-4, 5, (rows, columns)) / 4
    middle = random.integers(0, 5, columns) / 2
    room = slack * random.integers(0, 3, rows) / 8  # zero in a third of the rows
    x = cp.Variable(columns)
    limits = [x >= 0, x <= 4, table @ x <= table @ middle + room]
    return Compiled(random.integers(-9, 10, columns) / 10 @ x, limits, "a random problem")


@given(st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_an_exact_optimum_is_what_a_solver_finds(seed):
    program = random_problem(seed).program()
    exact, point = optimum(program, "a random problem")
    found = WarmLinear("a random problem").solve(program).value
    assert float(value_of(exact, point)) == pytest.approx(found, rel=1e-9, abs=1e-9)


def test_a_program_without_a_solution_is_proved_to_have_none():
    x = cp.Variable(2)
    program = Compiled(cp.sum(x), [x >= 1, x <= 2, cp.sum(x) >= 5], "too much").program()
    multipliers = infeasibility(program, "too much")
    assert any(multipliers)
    with pytest.raises(NotSolved) as refused:
        optimum(program, "too much")
    assert refused.value.status == "infeasible"
    with pytest.raises(NotSolved, match="found a solution"):
        infeasibility(random_problem(1).program(), "a random problem")


def test_a_quadratic_cost_is_refused():
    x = cp.Variable()
    with pytest.raises(WrongInput, match="allowed: a linear program"):
        ExactProgram.of(Compiled(cp.square(x), [x >= 1]).program())


# --- the book's proofs --------------------------------------------------------------------------------------
def test_a_vpp_alone_costs_what_dispatch_finds(first):
    plant = load_case(PARENT).vpps[0]
    assert float(first.value) == pytest.approx(dispatch(plant).cost, rel=1e-9)


def test_the_joint_optimum_is_what_pool_finds():
    case = load_case(PARENT)
    proof = together(case, case.names, case.name)
    assert float(proof.value) == pytest.approx(pool(case).cost, rel=1e-9)


def test_exclusive_flows_need_a_tree(with_tree):
    case = load_case("paper-a")
    assert isinstance(with_tree.tree, Fork)
    assert float(with_tree.value) == pytest.approx(dispatch(case.vpp("VPP2")).cost, rel=1e-7)
    relaxed = dispatch(case.vpp("VPP2"), storage="relaxed").cost
    assert float(with_tree.value) > relaxed * (1 + 1e-6)


def test_proofs_name_their_columns_and_rows(first):
    assert "VPP1, grid, buy, step 3" in first.column_names
    assert "VPP1, balance of electricity, step 24" in first.row_names
    assert len(set(first.column_names)) == len(first.column_names)
    assert len(set(first.row_names)) == len(first.row_names)


def test_all_of_a_case_is_asked_for():
    case = load_case(PARENT)
    names = [task.name for task in tasks(case)]
    assert len(names) == len(set(names)) == 3 + 4 + 2
    alone_only = replace(case, vpps=case.vpps[:1])
    assert [task.name for task in tasks(alone_only)] == names[:1]


# --- the checker ----------------------------------------------------------------------------------------------
def test_the_checker_is_short_and_needs_python_alone():
    text = CHECKER.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    imported = {
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported == {"json", "sys", "fractions"}


@pytest.mark.parametrize("flags", [(), ("-O",)])
def test_proofs_of_the_book_hold(first, with_tree, tmp_path, flags):
    files = [tmp_path / "first.json", tmp_path / "tree.json"]
    first.write(files[0])
    with_tree.write(files[1])
    said = checked(*files, flags=flags)
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert len(lines) == 2 and all(line.endswith("open 0.0e+00") for line in lines)
    assert f"{float(first.value):.6f} yuan" in lines[0]


def other_digit(text):
    """The same number with its last digit changed."""
    return text[:-1] + str((int(text[-1]) + 1) % 10)


def flip_first(numbers):
    place = next(k for k, text in enumerate(numbers) if text not in (None, "0"))
    numbers[place] = other_digit(numbers[place])


def leaves(node):
    if "pair" not in node:
        return [node]
    return [leaf for child in node["nodes"] for leaf in leaves(child)]


def flip_multiplier(data):
    flip_first(leaves(data["tree"])[0]["y"])


def flip_value(data):
    data["value"] = other_digit(data["value"])


def flip_coefficient(data):
    row = next(row for row in data["rows"] if any(data["x"][column] != "0" for column, _ in row))
    entry = next(entry for entry in row if data["x"][entry[0]] != "0")
    entry[1] = other_digit(entry[1])


def claim_infeasible(data):
    leaves(data["tree"])[0]["infeasible"] = True


def forget_a_column(data):
    data["cost"] = data["cost"][:-1]


TAMPERED = {
    "point": lambda data: flip_first(data["x"]),
    "value": flip_value,
    "cost": lambda data: flip_first(data["cost"]),
    "coefficient": flip_coefficient,
    "infeasible": claim_infeasible,
    "column": forget_a_column,
}


@pytest.mark.parametrize("fault", TAMPERED)
def test_a_changed_proof_is_refused(first, tmp_path, fault):
    data = json.loads(json.dumps(first.as_data()))
    TAMPERED[fault](data)
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    said = checked(file)
    assert said.returncode == 1 and "proves nothing" in said.stderr
    assert "Traceback" not in said.stderr


def test_other_multipliers_prove_less(first, tmp_path):
    """Any multipliers prove a bound: a changed digit opens a gap or needs a limit that is not there."""
    data = json.loads(json.dumps(first.as_data()))
    flip_multiplier(data)
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    said = checked(file)
    assert said.returncode == 1 or not said.stdout.rstrip().endswith("open 0.0e+00")


def test_a_tree_may_not_branch_on_what_may_run_together(with_tree, tmp_path):
    data = json.loads(json.dumps(with_tree.as_data()))
    data["exclusive"].remove(data["tree"]["pair"])
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    said = checked(file)
    assert said.returncode == 1 and "do not exclude each other" in said.stderr


def test_a_point_with_two_flows_at_once_is_refused(with_tree, tmp_path):
    """The relaxed optimum is cheaper and no schedule: a pair that is said to exclude each other runs."""
    data = json.loads(json.dumps(with_tree.as_data()))
    running = [k for k, x in enumerate(data["x"]) if x != "0"]
    data["exclusive"].append(running[:2])
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    said = checked(file)
    assert said.returncode == 1 and "two flows at once" in said.stderr


@pytest.mark.parametrize("content", [b"", b"no proof", b"{}", b"[1", b"\xff"])
def test_what_is_no_proof_is_refused(tmp_path, content):
    file = tmp_path / "nothing.json"
    file.write_bytes(content)
    said = checked(file)
    assert said.returncode == 1 and "proves nothing" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_store_that_pays_to_waste_is_proved_with_its_tree():
    """Paid for what it draws, a store would charge and discharge at once to lose energy."""
    plant = vpp(grid(buy=[-0.5, 0.3], sell=[-0.6, 0.2]), battery(), load(1.0, 1.0))
    model = build(plant)
    proof = prove("a store", Compiled(model.cost, model.constraints), {plant.name: model})
    assert float(proof.value) == pytest.approx(dispatch(plant).cost, rel=1e-7)


# --- the page -----------------------------------------------------------------------------------------------
def test_the_page_says_what_the_checker_says(first):
    table = proving.proof_table({"first": first})
    text = first.as_text()
    said = proving.checked([text])
    assert said.holds and proving.answer(said, table).startswith("Yes. 1 of 1")
    refused = proving.checked([proving.with_a_flipped_digit(text)])
    assert not refused.holds and "proves nothing" in refused.lines[-1]
    assert proving.answer(refused, table).startswith("No: the checker refuses one of 1")


def test_a_row_reads_as_an_inequality(first):
    words = proving.row_in_words(first, proving.row_to_show(first))
    assert words.startswith("VPP1, balance of") and " = 0" in words and "× [VPP1, " in words


def test_the_page_says_which_proofs_need_a_tree(first, with_tree):
    plain, forked = (proving.proof_table({"one": proof}) for proof in (first, with_tree))
    assert proving.trees(plain).startswith("No store")
    assert proving.trees(forked).startswith("1 of 1 need a tree")
