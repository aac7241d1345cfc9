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
from scipy import sparse

from vppcore import NotSolved, WrongInput, dispatch, load_case, pool, worst_case
from vppcore.carbon import MODELS
from vppcore.compiled import Compiled
from vppcore.components import GasSupply, GasTurbine, Renewable
from vppcore.pages import proving
from vppcore.places import PROJECT
from vppcore.proofs import plans
from vppcore.proofs import proof as proofs
from vppcore.proofs.branching import Fork
from vppcore.proofs.days import worst_day
from vppcore.proofs.exact import solve_square
from vppcore.proofs.optimum import (
    infeasibility,
    limits_broken,
    lower_bound,
    optimum,
    value_of,
)
from vppcore.proofs.plans import Parted, ends
from vppcore.proofs.proof import prove
from vppcore.proofs.rational import ExactProgram, rational
from vppcore.proofs.rounded import interval
from vppcore.proofs.squares import Nearby, squared_optimum, straightened
from vppcore.proofs.studies import alone, other_carbon, tasks, together, worst_day_of
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.worst_day import enumerate_days
from vppcore.vpp import build
from vppcore.warm import WarmLinear, solve_quadratic

CHECKER = PROJECT / "tools/check_proofs.py"
DAY_CHECKER = PROJECT / "tools/check_worst_days.py"
PARENT = "paper-a-parent"


def checked(*files, flags=(), checker=CHECKER):
    """The checker as anyone runs it."""
    command = [sys.executable, "-I", *flags, str(checker), *map(str, files)]
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


@pytest.fixture(scope="module")
def squares():
    """A proof of costs with squares."""
    case = load_case("paper-b")
    return alone(case.vpps[1], case.name)


@pytest.fixture(scope="module")
def worst():
    """A proof of a worst day that needs several plans."""
    return worst_day_of(load_case(PARENT).vpps[0], 4, PARENT)


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


def test_a_linear_optimum_takes_no_squares():
    x = cp.Variable()
    with pytest.raises(WrongInput, match="allowed: a linear program"):
        optimum(Compiled(cp.square(x), [x >= 1]).program(), "a square")


def test_costs_of_products_and_squares_that_earn_are_refused():
    x = cp.Variable(2)
    program = Compiled(cp.sum_squares(x), [x >= 1]).program()
    product = sparse.csc_matrix(np.array([[2.0, 1.0], [1.0, 2.0]]))
    with pytest.raises(WrongInput, match="found a cost of a product"):
        ExactProgram.of(replace(program, quadratic=product))
    with pytest.raises(WrongInput, match="found a square that earns"):
        ExactProgram.of(replace(program, quadratic=-program.quadratic))


# --- squares --------------------------------------------------------------------------------------------
def squared_problem(seed):
    """As `random_problem`, with squares of some of its columns in the cost."""
    random = np.random.default_rng(seed)
    plain = random_problem(seed)
    x = plain.problem.variables()[0]
    weights = random.integers(0, 3, x.size) / 4
    weights[0] = 0.5
    squares = cp.sum(cp.multiply(weights, cp.square(x)))
    cost = plain.problem.objective.expr + squares
    return Compiled(cost, plain.problem.constraints, "a problem with squares")


@given(st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_a_squared_optimum_is_what_a_solver_finds(seed):
    program = squared_problem(seed).program()
    exact, point = squared_optimum(program, "squares")
    found = solve_quadratic(program, "squares").value
    value = value_of(exact, point)
    assert float(value) == pytest.approx(found, rel=1e-6, abs=1e-6)
    _, straight = straightened(program, exact, point.tangents)
    bound = lower_bound(straight, point.multipliers)
    assert bound is not None and 0 <= value - bound <= Fraction(1, 10**5)


def test_one_square_by_hand():
    """x^2 - 3 x is least at 3/2, where it is -9/4: no limit holds with equality."""
    x = cp.Variable()
    program = Compiled(cp.square(x) - 3 * x, [x >= 0, x <= 4]).program()
    exact, point = squared_optimum(program, "by hand")
    assert point.x == (Fraction(3, 2),) and value_of(exact, point) == Fraction(-9, 4)


def test_where_no_limits_balance_an_interval_is_left(monkeypatch):
    def none(self, centre):
        raise NotSolved("no single solution")

    monkeypatch.setattr(Nearby, "balanced", none)
    program = squared_problem(3).program()
    exact, point = squared_optimum(program, "squares")
    _, straight = straightened(program, exact, point.tangents)
    gap = value_of(exact, point) - lower_bound(straight, point.multipliers)
    assert 0 <= gap < Fraction(1, 10**6)
    assert not limits_broken(exact, point.x)


def test_study_b_is_proved_exactly_under_each_carbon_model(squares):
    plant = load_case("paper-b").vpps[1]
    assert float(squares.value) == pytest.approx(dispatch(plant).cost, rel=1e-7)
    assert squares.program.squares and squares.tree.tangents
    others = other_carbon(plant)
    assert list(others) == [model for model in MODELS if not model.startswith("4")]
    for model, planned in others.items():
        proof = alone(planned, "paper-b", f", {model}")
        assert float(proof.value) == pytest.approx(dispatch(planned).cost, rel=1e-7)
    assert other_carbon(load_case(PARENT).vpps[0]) == {}


# --- large programs ---------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def wide():
    """The joint optimum of the parent case, as if it were too large to be solved in fractions."""
    case = load_case(PARENT)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(proofs, "LARGE", 0)
        return together(case, case.names, case.name)


def test_a_large_program_is_proved_to_an_interval(wide, tmp_path):
    case = load_case(PARENT)
    exactly = together(case, case.names, case.name).value
    bound = lower_bound(wide.program, wide.point.multipliers)
    assert bound <= exactly <= wide.value
    assert wide.value - bound < Fraction(1, 10**5) * exactly
    digits = max(len(str(number)) for number in wide.point.multipliers)
    assert digits < 40  # those of the exact point have hundreds
    wide.write(tmp_path / "wide.json")
    said = checked(tmp_path / "wide.json")
    assert said.returncode == 0 and float(said.stdout.split()[-1]) == pytest.approx(
        float(wide.value - bound), rel=0.1
    )


@pytest.mark.parametrize("fault", ["point", "value", "cost", "coefficient", "infeasible", "column"])
def test_a_changed_interval_is_refused(wide, tmp_path, fault):
    said = checked(changed(wide, TAMPERED[fault], tmp_path))
    assert said.returncode == 1 and "proves nothing" in said.stderr


@given(st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_an_interval_holds_the_exact_optimum(seed):
    program = random_problem(seed, slack=4.0).program()
    exact, point = optimum(program, "a random problem")
    try:
        _, near = interval(program, [], "a random problem")
    except NotSolved:
        return  # a limit that leaves no room
    bound = lower_bound(exact, near.multipliers)
    assert bound <= value_of(exact, point) <= value_of(exact, near)
    assert value_of(exact, near) - bound < Fraction(1, 10**5)


def test_flows_that_exclude_each_other_do_in_an_interval(monkeypatch, tmp_path):
    """Its bound lets them overlap: the interval is as wide as what that would save."""
    monkeypatch.setattr(proofs, "LARGE", 0)
    case = load_case("paper-a")
    proof = alone(case.vpp("VPP2"), case.name)
    assert not any(proof.point.x[one] and proof.point.x[other] for one, other in proof.exclusive)
    proof.write(tmp_path / "wide.json")
    said = checked(tmp_path / "wide.json")
    assert said.returncode == 0 and float(said.stdout.split()[-1]) > 1


# --- worst days -------------------------------------------------------------------------------------------
def test_a_worst_day_costs_what_the_search_finds(worst):
    plant = load_case(PARENT).vpps[0]
    found = worst_case(plant, at_level(4), solver="highs")
    assert float(worst.value) == pytest.approx(found.cost, rel=1e-9)
    assert "VPP1, load is hit, step 1" in worst.column_names


def small_plant(seed):
    """A few steps with sun, a load, a grid and a battery, and a budget."""
    random = np.random.default_rng(seed)
    steps = 4
    sun = Renewable(label="pv", forecast=random.integers(0, 9, steps) * 5.0)
    buy = random.integers(3, 12, steps) / 10
    parts = [
        grid(buy=list(buy), sell=list(buy / 2)),
        load(*random.integers(1, 9, steps) * 5.0),
        sun,
    ]
    if seed % 2:
        parts.append(battery())
    budgets = {"load": int(random.integers(0, 4)), "pv": int(random.integers(0, 3))}
    return vpp(*parts), Uncertainty(budgets)


@pytest.mark.parametrize("seed", range(8))
def test_no_day_of_a_budget_costs_more_than_the_proved_one(seed, tmp_path):
    plant, doubt = small_plant(seed)
    proof = worst_day(plant, doubt, "a small plant")
    assert float(proof.value) == pytest.approx(enumerate_days(plant, doubt), rel=1e-9)
    proof.write(tmp_path / "day.json")
    for checker in (CHECKER, DAY_CHECKER):
        said = checked(tmp_path / "day.json", checker=checker)
        assert said.returncode == 0 and "open 0.0e+00" in said.stdout, said.stderr


def test_days_are_told_apart_where_one_plan_is_too_dear(worst):
    assert isinstance(worst.plans, Parted) and len(ends(worst.plans)) > 1


def test_a_store_that_may_not_run_both_ways_has_plans_too(tmp_path):
    """VPP2 of the fitted case would do both at once; on its worst day, and in its plans, it does not."""
    case = load_case("paper-a")
    proof = worst_day_of(case.vpp("VPP2"), 12, case.name)
    assert isinstance(proof.tree, Fork)
    proof.write(tmp_path / "day.json")
    said = checked(tmp_path / "day.json", checker=DAY_CHECKER)
    assert said.returncode == 0 and said.stdout.rstrip().endswith("open 0.0e+00"), said.stderr


def test_few_plans_prove_an_interval(monkeypatch, tmp_path):
    monkeypatch.setattr(plans, "MOST_PLANS", 1)
    proof = worst_day_of(load_case(PARENT).vpps[0], 4, PARENT)
    proof.write(tmp_path / "day.json")
    said = checked(tmp_path / "day.json", checker=DAY_CHECKER)
    assert said.returncode == 0
    gap = float(said.stdout.split()[-1])
    assert 0 < gap < 0.01 * float(proof.value)


def test_worst_days_take_no_squares():
    plant = load_case("paper-b").vpps[0]
    with pytest.raises(WrongInput, match="allowed for proofs of worst days: linear costs"):
        worst_day_of(plant, 2, "paper-b")


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
    with_days = [task.name for task in tasks(case, levels=(2, 12))]
    assert len(with_days) == len(set(with_days)) == len(names) + 2 * 3
    study_b = [task.name for task in tasks(load_case("paper-b"), levels=(2,))]
    assert len(study_b) == 5 * 4 + 26  # no worst days and no talks: its costs have squares


# --- the checker ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("checker", [CHECKER, DAY_CHECKER])
def test_the_checkers_are_short_and_need_python_alone(checker):
    text = checker.read_text(encoding="utf-8")
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
def test_proofs_of_the_book_hold(first, with_tree, squares, worst, tmp_path, flags):
    files = []
    for number, proof in enumerate((first, with_tree, squares, worst)):
        files.append(tmp_path / f"{number}.json")
        proof.write(files[-1])
    said = checked(*files, flags=flags)
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert len(lines) == 4 and all(line.endswith("open 0.0e+00") for line in lines)
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


def flip_square(data):
    square = next(square for square in data["squares"] if data["x"][square[0]] != "0")
    square[1] = other_digit(square[1])


def turn_square(data):
    data["squares"][0][1] = "-" + data["squares"][0][1]


def forget_a_tangent(data):
    leaves(data["tree"])[0]["at"].pop()


@pytest.mark.parametrize("fault", [flip_square, turn_square, forget_a_tangent])
def test_a_changed_square_is_refused(squares, tmp_path, fault):
    said = checked(changed(squares, fault, tmp_path))
    assert said.returncode == 1 and "proves nothing" in said.stderr


def test_a_square_that_earns_has_no_tangent_below(squares, tmp_path):
    """The checker's own sentence: its value is made to fit."""

    def turn(data):
        turn_square(data)
        column, number = data["squares"][0]
        value = Fraction(data["value"]) + 2 * Fraction(number) * Fraction(data["x"][column]) ** 2
        data["value"] = str(value)

    said = checked(changed(squares, turn, tmp_path))
    assert said.returncode == 1 and "a cost is not convex" in said.stderr


def test_other_tangents_prove_less(squares, tmp_path):
    def flip(data):
        flip_first(leaves(data["tree"])[0]["at"])

    said = checked(changed(squares, flip, tmp_path))
    assert said.returncode == 1 or not said.stdout.rstrip().endswith("open 0.0e+00")


def changed(proof, fault, folder):
    """A proof with a fault, as a file."""
    data = json.loads(json.dumps(proof.as_data()))
    fault(data)
    file = folder / "changed.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def plans_of(node):
    if "hit" not in node:
        return [node]
    return [plan for child in node["nodes"] for plan in plans_of(child)]


def flip_plan(data):
    plan = next(plan for plan in plans_of(data["plans"]) if plan["moves"])
    place = next(
        k
        for k, name in enumerate(data["column_names"])
        if "load is hit" not in name and plan["x"][k] != "0"
    )
    plan["x"][place] = other_digit(plan["x"][place])


def flip_move(data):
    plan = next(plan for plan in plans_of(data["plans"]) if any(move for _, move in plan["moves"]))
    move = next(move for _, move in plan["moves"] if move)
    move[0][1] = other_digit(move[0][1])


def one_more_hit(data):
    data["budgets"][0][1] += 1


def another_day(data):
    """A hit more on the file's own day than the budget has."""
    columns, most = data["budgets"][0]
    for column in columns[: most + 1]:
        data["column_low"][column] = data["column_high"][column] = "1"


def half_a_hit(data):
    column = data["budgets"][0][0][0]
    data["column_low"][column] = data["column_high"][column] = "1/2"


def forget_a_hit(data):
    next(plan for plan in plans_of(data["plans"]) if plan["moves"])["moves"].pop()


def fork_twice(data):
    data["plans"]["nodes"][1] = json.loads(json.dumps(data["plans"]))


def both_flows(data):
    plan = plans_of(data["plans"])[0]
    running = [k for k, x in enumerate(plan["x"]) if x != "0"]
    data["exclusive"].append(running[:2])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (flip_plan, "outside on a day"),
        (flip_move, "outside on a day"),
        (another_day, "its own day is not of the budget"),
        (half_a_hit, "proves nothing"),
        (forget_a_hit, "a plan is not for the hits of its days"),
        (fork_twice, "is no hit that may still come"),
        (both_flows, "two flows at once"),
    ],
)
def test_a_changed_plan_is_refused(worst, tmp_path, fault, words):
    said = checked(changed(worst, fault, tmp_path), checker=DAY_CHECKER)
    assert said.returncode == 1 and words in said.stderr, said.stdout + said.stderr
    assert "Traceback" not in said.stderr


def test_plans_for_a_budget_prove_less_of_a_larger_one(worst, tmp_path):
    """With one hit more they are plans for other days, or those days may cost more."""
    said = checked(changed(worst, one_more_hit, tmp_path), checker=DAY_CHECKER)
    assert said.returncode == 1 or float(said.stdout.split()[-1]) > 0


def test_a_day_said_to_be_cheaper_leaves_a_gap_and_is_refused(worst, tmp_path):
    def cheaper(data):
        data["value"] = str(Fraction(data["value"]) - 1000)

    file = changed(worst, cheaper, tmp_path)
    assert checked(file, checker=DAY_CHECKER).stdout.rstrip().endswith("open 1.0e+03")
    said = checked(file)
    assert said.returncode == 1 and "the value is not what the point costs" in said.stderr


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


def test_flows_that_are_expressions_exclude_each_other_too(tmp_path):
    """A reward that rises by steps is earned in order: what is left of a step is no column of its own.

    Relaxed, the dear steps would come first, and the day would be cheaper than it can be.
    """
    plant = load_case("paper-b").vpps[0].change("carbon_market", reward_growth=0.2)
    proof = alone(plant, "paper-b")
    assert float(proof.value) == pytest.approx(dispatch(plant).cost, rel=1e-7)
    relaxed = dispatch(plant.change("carbon_market", reward_growth=0.0)).cost
    assert float(proof.value) <= relaxed * (1 + 1e-9)
    assert any("in exclusion" in name for name in proof.row_names)
    proof.write(tmp_path / "order.json")
    assert checked(tmp_path / "order.json").stdout.rstrip().endswith("open 0.0e+00")


def test_a_plant_that_may_stand_is_on_or_off(tmp_path):
    turbine = GasTurbine(
        power_max=10.0, power_min=2.0, electric_efficiency=0.5, cost_fixed=1.0, may_stand=1.0
    )
    plant = vpp(
        grid(buy=[0.1, 0.9, 0.4], sell=[0, 0, 0]),
        GasSupply(price=0.2, calorific_value=1.0),
        turbine,
        load(3.0, 6.0, 4.0),
    )
    proof = alone(plant, "by hand")
    assert float(proof.value) == pytest.approx(dispatch(plant).cost, rel=1e-7)
    proof.write(tmp_path / "stands.json")
    assert checked(tmp_path / "stands.json").stdout.rstrip().endswith("open 0.0e+00")


# --- the page -----------------------------------------------------------------------------------------------
def test_the_page_says_what_the_checker_says(first):
    table = proving.proof_table({"first": first})
    text = first.as_text()
    said = proving.checked([text])
    assert said.holds and proving.answer(said, table).startswith("Yes. 1 of 1")
    refused = proving.checked([proving.with_a_flipped_digit(text)])
    assert not refused.holds and "proves nothing" in refused.lines[-1]
    assert proving.answer(refused, table).startswith("No: the checker refuses one of 1")


def test_the_digit_that_is_changed_is_of_a_number_that_costs():
    """Column `free` costs nothing and has room: with 2 in place of 1 the point is as good a proof."""
    proof = {
        "statement": "by hand",
        "unit": "yuan",
        "column_names": ["free", "bought"],
        "column_low": ["0", "3"],
        "column_high": ["2", "9"],
        "x": ["1", "3"],
        "cost": ["0", "1"],
        "constant": "0",
        "value": "3",
        "tree": {"y": [], "at": []},
    }
    proof |= {name: [] for name in ("rows", "row_names", "row_low", "row_high")}
    text = json.dumps(proof | {"exclusive": [], "squares": []})
    assert proving.checked([text]).holds
    assert proving.checked([text.replace('["1", "3"]', '["2", "3"]')]).holds
    assert not proving.checked([proving.with_a_flipped_digit(text)]).holds


def test_the_page_says_what_is_known_of_worst_days(first, worst):
    proofs = {"first": first, "worst": worst}
    there = proving.of_worst_days(proofs)
    assert list(there) == ["worst"]
    text = worst.as_text()
    said = proving.checked([text], proving.DAY_CHECKER)
    words = proving.worst_days(proofs, said)
    assert words.startswith("Of 1 worst days 1 are proved exactly")
    assert f"{len(ends(worst.plans))} plans" in words
    refused = proving.checked([proving.with_a_flipped_plan(text)], proving.DAY_CHECKER)
    assert "outside on a day" in refused.lines[-1]
    assert proving.worst_days(proofs, refused).startswith("The checker refuses a worst day")
    assert proving.worst_days({"first": first}, proving.checked([])).startswith("No worst day")
    assert proving.proof_table(proofs)["plans"].tolist() == [0, len(ends(worst.plans))]


def test_days_of_a_budget_are_counted(worst):
    """Up to 4 of 24 hours of load and of wind: (1 + 24 + 276 + 2024 + 10626)^2."""
    assert proving.days_of(worst) == 12951**2


def test_a_row_reads_as_an_inequality(first):
    words = proving.row_in_words(first, proving.row_to_show(first))
    assert words.startswith("VPP1, balance of") and " = 0" in words and "× [VPP1, " in words


def test_the_page_says_which_proofs_need_a_tree(first, with_tree):
    plain, forked = (proving.proof_table({"one": proof}) for proof in (first, with_tree))
    assert proving.trees(plain).startswith("No store")
    assert proving.trees(forked).startswith("1 of 1 need a tree")
