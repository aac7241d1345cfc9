"""A problem as matrices says what cvxpy says: values, multipliers, and how it fails."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput
from vppcore.compiled import Compiled
from vppcore.warm import WarmLinear, WarmQuadratic, solve_quadratic

TIGHT = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}


def by_cvxpy(problem: cp.Problem) -> float:
    """The second road: cvxpy's own translation and solver."""
    if problem.is_mixed_integer():
        return problem.solve(solver=cp.HIGHS, mip_rel_gap=1e-9)
    return problem.solve(solver=cp.CLARABEL, **TIGHT)


@st.composite
def numbers(draw, *shape: int, low: int = -5, high: int = 5) -> np.ndarray:
    size = int(np.prod(shape))
    flat = draw(st.lists(st.integers(low, high), min_size=size, max_size=size))
    return np.array(flat, float).reshape(shape)


class Small:
    """A small problem with a parameter in each piece; always solvable: x = 0.5 meets all rows, and x is bounded."""

    def __init__(self, draw, curved: bool = False, whole: bool = False):
        columns = draw(st.integers(1, 4))
        rows = draw(st.integers(1, 3))
        self.x = cp.Variable(columns, bounds=[0.0, 1.0])
        self.y = cp.Variable(boolean=True) if whole else cp.Variable(nonneg=True)
        self.price = cp.Parameter(columns)
        self.room = cp.Parameter(rows, nonneg=True)
        self.share = cp.Parameter(nonneg=True)
        self.matrix = draw(numbers(rows, columns))
        middle = np.full(columns, 0.5)
        self.limits = self.matrix @ self.x <= self.matrix @ middle + self.room
        self.equation = self.share * self.y + cp.sum(self.x) == 0.5 * columns
        cost = self.price @ self.x + 3 * self.y + cp.abs(self.x[0] - 0.3) + 1
        if curved:
            cost = cost + (1 + self.share) * cp.sum_squares(self.x)
        self.goal = cp.Minimize(cost)
        self.rows = [self.limits, self.equation]

    def draw_values(self, draw) -> None:
        self.price.value = draw(numbers(*self.price.shape))
        self.room.value = draw(numbers(*self.room.shape, low=0))
        self.share.value = draw(st.sampled_from([0.0, 0.25, 1.0]))


def shadow_price(problem: Small, parameter: cp.Parameter, entry, width: float = 1e-4) -> tuple:
    """By how much the optimum changes with one entry of a parameter, to the left and to the right."""
    start = np.array(parameter.value)
    values = []
    for change in (-width, 0.0, width):
        moved = start.copy()
        moved[entry] += change
        parameter.value = moved
        values.append(by_cvxpy(cp.Problem(problem.goal, problem.rows)))
    parameter.value = start
    return (values[1] - values[0]) / width, (values[2] - values[1]) / width


# --- the same answers as cvxpy ---
@given(st.data())
def test_linear_problems_with_new_parameters_again_and_again(data):
    small = Small(data.draw)
    compiled = Compiled(small.goal, small.rows)
    for _ in range(4):
        small.draw_values(data.draw)
        answer = compiled.solve()
        assert answer.solved.solver == "highs"
        assert answer.value == pytest.approx(by_cvxpy(compiled.problem), abs=1e-6)
        assert compiled.value() == pytest.approx(answer.value, abs=1e-9)
        answer.fill()
        assert small.goal.value == pytest.approx(answer.value, abs=1e-6)
        assert all(row.violation().max() < 1e-6 for row in small.rows)


@given(st.data())
def test_quadratic_problems_with_new_parameters(data):
    small = Small(data.draw, curved=True)
    compiled = Compiled(small.goal, small.rows)
    for _ in range(3):
        small.draw_values(data.draw)
        answer = compiled.solve()
        assert answer.solved.solver == "clarabel"
        assert answer.value == pytest.approx(by_cvxpy(compiled.problem), abs=1e-6)
        assert answer.of(small.x) == pytest.approx(small.x.value, abs=1e-4)


@given(st.data())
def test_whole_numbers(data):
    small = Small(data.draw, whole=True)
    compiled = Compiled(small.goal, small.rows)
    for _ in range(3):
        small.draw_values(data.draw)
        answer = compiled.solve("highs")
        assert answer.value == pytest.approx(by_cvxpy(compiled.problem), abs=1e-6)
        assert answer.of(small.y) in (0.0, 1.0)
        with pytest.raises(WrongInput, match="no multipliers with whole numbers"):
            answer.dual(small.equation)


@given(st.data())
def test_multipliers_say_what_one_unit_more_is_worth(data):
    """As a difference of two optima, and with the sign of cvxpy's dual_value."""
    small = Small(data.draw)
    small.draw_values(data.draw)
    answer = Compiled(small.goal, small.rows).solve()
    entry = data.draw(st.integers(0, small.room.size - 1))
    assume(small.room.value[entry] > 0)
    left, right = shadow_price(small, small.room, entry)
    multiplier = answer.dual(small.limits)[entry]
    assert multiplier >= -1e-9
    assert left - 1e-3 <= -multiplier <= right + 1e-3


@pytest.mark.parametrize("solver", ["highs", "clarabel", "gurobi"])
@pytest.mark.parametrize("sense", [cp.Minimize, cp.Maximize])
def test_signs_of_multipliers_are_cvxpy_s(solver, sense):
    x = cp.Variable((2, 3))
    cost = np.array([[1.0, 2.0, 3.0], [-1.0, 4.0, -2.0]])
    floor = x >= np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    top = 7 >= x[1]
    some = [cp.sum(x[:, 0]) == 6, x[0] + x[1] <= 9.5]
    goal = cp.sum(cp.multiply(cost, x))
    compiled = Compiled(sense(goal if sense is cp.Minimize else -goal), [floor, top, *some])
    answer = compiled.solve(solver)
    value = by_cvxpy(compiled.problem)
    assert answer.value == pytest.approx(value, abs=1e-5)
    for row in (floor, top, *some):
        assert answer.dual(row).shape == row.shape
        assert answer.dual(row) == pytest.approx(row.dual_value, abs=1e-5)
    expected = [np.array(row.dual_value) for row in (floor, top, *some)]
    answer.fill()
    for row, dual in zip((floor, top, *some), expected, strict=True):
        assert row.dual_value == pytest.approx(dual, abs=1e-5)


@given(st.data())
def test_a_curved_problem_s_multipliers_are_cvxpy_s(data):
    small = Small(data.draw, curved=True)
    small.draw_values(data.draw)
    small.room.value = small.room.value + 0.1
    compiled = Compiled(small.goal, small.rows)
    answer = compiled.solve()
    by_cvxpy(compiled.problem)
    lagrangian_slope = small.matrix.T @ answer.dual(small.limits) + answer.dual(small.equation)
    expected = small.matrix.T @ small.limits.dual_value + small.equation.dual_value
    inside = (small.x.value > 1e-3) & (small.x.value < 1 - 1e-3)
    assert lagrangian_slope[inside][1:] == pytest.approx(expected[inside][1:], abs=1e-3)


# --- where things stand ---
def test_a_variable_s_indices_have_its_shape():
    x = cp.Variable((2, 3))
    y = cp.Variable()
    wanted = np.arange(6.0).reshape(2, 3)
    compiled = Compiled(cp.sum(x) + y, [x == wanted, y >= 4])
    answer = compiled.solve()
    assert compiled.columns(x).shape == (2, 3)
    assert answer.x[compiled.columns(x)] == pytest.approx(wanted)
    assert answer.of(x) == pytest.approx(wanted)
    assert answer.of(y) == pytest.approx(4)
    assert answer.of(x[1] + 2 * y) == pytest.approx(wanted[1] + 8)
    assert answer.of(x.T) == pytest.approx(wanted.T)


def test_rows_are_tied_to_their_constraints():
    x = cp.Variable(3, nonneg=True)
    balance = (cp.sum(x) == 4).set_label("balance")
    most = (x <= 2).set_label("most")
    stretch = cp.abs(x[0] - 1) <= 5
    compiled = Compiled(cp.max(x), [most, balance, stretch])
    names = [block.name for block in compiled.blocks]
    assert "balance" in names and "most" in names and "auxiliary" in names
    rows = [row for block in compiled.blocks for row in block.rows]
    assert rows == list(range(compiled.maps.matrix.shape[0]))
    program = compiled.program()
    assert program.row_low[compiled.rows(balance)] == program.row_high[compiled.rows(balance)] == 4
    assert program.row_high[compiled.rows(most)].tolist() == [2, 2, 2]
    block = next(block for block in compiled.blocks if block.constraint is most)
    assert list(block.rows) == compiled.rows(most).tolist()


def test_the_maps_are_the_matrices_dependence_on_the_parameters():
    a = cp.Parameter((2, 2), name="a")
    b = cp.Parameter(2, name="b")
    x = cp.Variable(2)
    y = cp.Variable(2, bounds=[-3, b])
    compiled = Compiled(b @ x + cp.sum(b), [a @ x <= 2 * b + 1, cp.sum(y) <= 50])
    a.value = np.array([[1.0, 2.0], [3.0, 4.0]])
    b.value = np.array([5.0, 6.0])
    program = compiled.program()
    assert program.matrix.toarray()[:2, compiled.columns(x)] == pytest.approx(a.value)
    assert program.row_high == pytest.approx([*(2 * b.value + 1), 50])
    assert program.linear[compiled.columns(x)] == pytest.approx(b.value)
    assert program.constant == 11
    assert program.column_low[compiled.columns(y)].tolist() == [-3, -3]
    assert program.column_high[compiled.columns(y)] == pytest.approx(b.value)
    slopes = compiled.maps.right.slopes.toarray()[:2, compiled.places(b)]
    assert slopes == pytest.approx(2 * np.eye(2))
    assert compiled.places(a).shape == (2, 2)


def test_values_can_stand_in_for_the_parameters_own():
    limit = cp.Parameter(nonneg=True, value=3.0, name="limit")
    x = cp.Variable()
    compiled = Compiled(-x, [x <= limit])
    assert compiled.program({limit: 5}).row_high.tolist() == [5]
    assert compiled.program().row_high.tolist() == [3]
    for value, words in ((-1, "sign"), (np.nan, "not finite"), ([1, 2], r"\(2,\) numbers")):
        with pytest.raises(WrongInput, match=words):
            compiled.program({limit: value})
    with pytest.raises(WrongInput, match="allowed: parameters of this problem"):
        compiled.program({cp.Parameter(): 1})


def test_what_no_parameter_changes_is_the_same_object():
    """So that a warm solver sees at once that nothing changed."""
    limit = cp.Parameter(value=1.0)
    x = cp.Variable(2)
    compiled = Compiled(cp.sum(x), [x >= limit])
    one, other = compiled.program(), compiled.program({limit: 2.0})
    assert one.matrix is other.matrix and one.linear is other.linear
    assert one.row_high is not other.row_high


def test_an_expression_keeps_the_parameters_of_its_answer():
    share = cp.Parameter(value=2.0)
    x = cp.Variable(bounds=[1, 9])
    compiled = Compiled(x, [])
    answer = compiled.solve()
    share_in_it = Compiled(x, [share * x <= 100])
    other = share_in_it.solve()
    share.value = 50.0
    assert other.of(share * x) == pytest.approx(2.0)
    with pytest.raises(WrongInput, match="parameters of this problem"):
        answer.of(share * x)
    with pytest.raises(WrongInput, match="allowed: affine"):
        other.of(cp.square(x))
    with pytest.raises(WrongInput, match="variables of this problem"):
        other.of(cp.Variable() + x)


# --- shapes at the edge ---
def test_no_constraint_no_parameter_one_column():
    x = cp.Variable(bounds=[2, 3])
    assert Compiled(x).solve().value == pytest.approx(2)
    assert Compiled(cp.Maximize(2 * x)).solve().value == pytest.approx(6)
    assert Compiled(cp.Maximize(2 * x + 1)).value() == pytest.approx(7)
    assert Compiled(cp.Maximize(2 * x + 1)).value("clarabel") == pytest.approx(7)
    assert Compiled(cp.square(x - 2.5) + 1).solve().value == pytest.approx(1)


def test_equations_only_inequalities_only_and_a_constant_cost():
    x = cp.Variable(2)
    assert Compiled(cp.sum(x), [x == 1]).solve().value == pytest.approx(2)
    assert Compiled(cp.sum(x), [x >= 1]).solve().value == pytest.approx(2)
    assert Compiled(7, [x >= 1]).solve().value == pytest.approx(7)


def test_an_empty_constraint_has_no_rows():
    x = cp.Variable(3)
    empty = x[1:1] <= 0
    compiled = Compiled(cp.sum(x), [empty, x >= 1])
    assert compiled.solve().value == pytest.approx(3)
    assert compiled.rows(empty).size == 0


def test_an_entry_of_the_matrix_that_a_parameter_sets_to_zero_and_back():
    share = cp.Parameter(value=1.0)
    x = cp.Variable(2, bounds=[0, 10])
    compiled = Compiled(cp.Maximize(cp.sum(x)), [share * x[0] + x[1] <= 4])
    values = []
    for value in (1.0, 0.0, 2.0, 1.0):
        share.value = value
        values.append(compiled.solve().value)
    assert values == pytest.approx([4, 14, 4, 4])


# --- refusals ---
def test_what_is_not_affine_in_a_parameter_is_refused_when_stated():
    p = cp.Parameter(name="slope", nonneg=True)
    x = cp.Variable(name="power")
    with pytest.raises(WrongInput, match=r"model x: found .*slope.*does not enter affinely"):
        Compiled(x, [p * p * x >= 1], "model x")
    with pytest.raises(WrongInput, match="not convex"):
        Compiled(cp.Maximize(cp.square(x)))
    with pytest.raises(WrongInput, match="no variable"):
        Compiled(3)
    with pytest.raises(WrongInput, match="diagonal, symmetric or sparse"):
        Compiled(x, [cp.sum(cp.Parameter((2, 2), diag=True)) <= x])
    with pytest.raises(NotSolved, match="conic") as refused:
        Compiled(x, [cp.norm(cp.hstack([x, 1])) <= 3])
    assert refused.value.status == "unsuitable"


def test_a_parameter_without_a_value_is_named():
    p = cp.Parameter(name="demand")
    x = cp.Variable()
    compiled = Compiled(x, [x >= p])
    with pytest.raises(WrongInput, match="no value of the parameter demand"):
        compiled.solve()


def test_variables_and_constraints_of_another_problem_are_refused():
    x, y = cp.Variable(), cp.Variable()
    matrix = cp.Variable((2, 2), symmetric=True)
    compiled = Compiled(x + cp.sum(matrix), [x >= 1, matrix >= 0])
    with pytest.raises(WrongInput, match="variables of this problem"):
        compiled.columns(y)
    with pytest.raises(WrongInput, match="plain variables"):
        compiled.columns(matrix)
    with pytest.raises(WrongInput, match="constraints of this problem"):
        compiled.rows(y >= 1)


def statuses(compiled: Compiled, **limits) -> set[str]:
    """What each road says to a problem without an answer."""
    said = set()
    program = compiled.program()
    roads = [lambda: WarmLinear("m", **limits).solve(program)] if program.is_linear else []
    if not program.whole.any() and not limits:
        roads.append(lambda: solve_quadratic(program, "m"))
    for road in roads:
        with pytest.raises(NotSolved) as refused:
            road()
        said.add(refused.value.status)
    return said


def test_infeasible_and_unbounded_are_told_apart():
    x = cp.Variable(2)
    y = cp.Variable(boolean=True)
    contradiction = [cp.sum(x) >= 2, cp.sum(x) <= 1]
    assert statuses(Compiled(0, contradiction)) == {"infeasible"}
    assert statuses(Compiled(cp.sum_squares(x), contradiction)) == {"infeasible"}
    assert statuses(Compiled(cp.sum(x), [x <= 1])) == {"unbounded"}
    assert statuses(Compiled(cp.sum(x) + y, [x <= 1])) == {"unbounded"}
    assert statuses(Compiled(y, [2 * y == 1])) == {"infeasible"}
    # no schedule, and a cost without bound if there were one
    assert statuses(Compiled(-cp.sum(x), [x[0] >= 2, x[0] <= 1])) == {"infeasible"}
    assert statuses(Compiled(-cp.sum(x) + y, [x[0] >= 2, x[0] <= 1])) == {"infeasible"}
    assert statuses(Compiled(x[0], [x[0] == 1, x[0] == 2])) == {"infeasible"}


@given(st.data())
def test_the_status_of_any_linear_problem_is_cvxpy_s(data):
    matrix, right = data.draw(numbers(4, 3, low=-2, high=2)), data.draw(numbers(4))
    cost = data.draw(numbers(3))
    x = cp.Variable(3)
    compiled = Compiled(cost @ x, [matrix @ x <= right])
    problem = cp.Problem(cp.Minimize(cost @ x), [matrix @ x <= right])
    empty = cp.Problem(cp.Minimize(0), [matrix @ x <= right]).solve(solver=cp.CLARABEL) == np.inf
    value = problem.solve(solver=cp.CLARABEL)
    if np.isfinite(value):
        assert compiled.solve().value == pytest.approx(value, abs=1e-5)
    else:
        assert statuses(compiled) == {"infeasible" if empty else "unbounded"}


def test_a_limit_reached_is_no_infeasibility():
    chance = np.random.default_rng(1)
    x = cp.Variable(60, nonneg=True)
    rows = [chance.random((40, 60)) @ x >= chance.random(40)]
    compiled = Compiled(chance.random(60) @ x, rows)
    assert statuses(compiled, simplex_iteration_limit=1, presolve="off") == {"limit"}
    y = cp.Variable(60, integer=True)
    whole = Compiled(
        chance.random(60) @ y, [chance.random((40, 60)) @ y >= chance.random(40), y >= 0]
    )
    assert statuses(whole, time_limit=0.0) == {"limit"}
    with pytest.raises(NotSolved) as refused:
        solve_quadratic(compiled.program(), "m", max_iter=1)
    assert refused.value.status == "limit"


def test_a_solver_that_does_not_take_the_problem_says_so():
    x = cp.Variable(2)
    curved = Compiled(cp.sum_squares(x), [x >= 1]).program()
    y = cp.Variable(boolean=True)
    whole = Compiled(y, [y >= 0.5]).program()
    refusals = [
        lambda: WarmLinear().solve(curved),
        lambda: solve_quadratic(whole),
        lambda: WarmQuadratic().step(whole),
        lambda: WarmLinear(no_such_option=1),
    ]
    for refusal in refusals:
        with pytest.raises(NotSolved) as refused:
            refusal()
        assert refused.value.status == "unsuitable"
    broken = replace(whole, linear=np.array([np.nan]))
    with pytest.raises(NotSolved) as refused:
        WarmLinear().solve(broken)
    assert refused.value.status == "failed"


def test_after_a_refusal_the_same_solver_goes_on():
    limit = cp.Parameter(value=-1.0)
    cost = cp.Parameter(value=1.0)
    x = cp.Variable(bounds=[0, 5])
    free = cp.Variable()
    compiled = Compiled(cost * (x + free), [x <= limit, free >= -1])
    for _ in range(2):
        with pytest.raises(NotSolved) as refused:
            compiled.solve()
        assert refused.value.status == "infeasible"
        limit.value = 2.0
        assert compiled.solve().value == pytest.approx(-1)
        cost.value = -1.0
        with pytest.raises(NotSolved) as refused:
            compiled.solve()
        assert refused.value.status == "unbounded"
        cost.value = 1.0
        limit.value = -1.0


# --- other numbers than parameters ---
def test_costs_limits_and_bounds_changed_in_place():
    x = cp.Variable(2, bounds=[0, 10])
    row = cp.sum(x) <= 12
    compiled = Compiled(-cp.sum(x), [row])
    program = compiled.program()
    solver = WarmLinear()
    assert solver.solve(program).value == pytest.approx(-12)
    assert solver.solve(replace(program, column_high=np.array([1.0, 2.0]))).value == pytest.approx(
        -3
    )
    assert solver.solve(replace(program, row_high=np.array([5.0]))).value == pytest.approx(-5)
    assert solver.solve(replace(program, linear=np.array([-1.0, -3.0]))).x.tolist() == [2, 10]
    assert solver.solve(
        replace(program, column_low=np.array([4.0, 9.0]), row_high=np.array([13.0]))
    ).value == pytest.approx(-13)
    assert solver.solve(
        replace(program, whole=np.array([True, False]), row_high=np.array([9.5]))
    ).value == pytest.approx(-9.5)
    assert solver.solve(program).multipliers == pytest.approx([1])


@given(st.data())
def test_steps_of_osqp_reach_the_optimum_and_follow_changes(data):
    """Rows on one variable, with positive and negative factors, are merged with its bounds."""
    cost = cp.Parameter(3)
    penalty = cp.Parameter(nonneg=True)
    x = cp.Variable(3, bounds=[-4, 6])
    limit = cp.Parameter()
    rows = [-2 * x[0] <= limit, x[1] <= limit, 3 * x[1] >= -9, cp.sum(x) == 2]
    compiled = Compiled(cost @ x + penalty / 2 * cp.sum_squares(x) + 1, rows)
    solver = WarmQuadratic(1e-9, max_iter=20_000)
    for _ in range(4):
        cost.value = data.draw(numbers(3))
        limit.value = float(data.draw(st.integers(1, 5)))
        penalty.value = data.draw(st.sampled_from([0.5, 1.0, 4.0]))
        program = compiled.program()
        found = program.objective(solver.step(program))
        assert found == pytest.approx(by_cvxpy(compiled.problem), abs=1e-5)


def test_steps_of_osqp_start_anew_for_another_matrix_and_say_when_there_is_no_answer():
    share = cp.Parameter(value=1.0)
    limit = cp.Parameter(value=5.0)
    x = cp.Variable(2)
    compiled = Compiled(cp.sum_squares(x), [share * x[0] + x[1] == 4, x <= limit, x[0] >= 1])
    solver = WarmQuadratic(1e-8, max_iter=4000)
    assert solver.step(compiled.program()) == pytest.approx([2, 2], abs=1e-4)
    assert solver.step(compiled.program({share: 0.0})) == pytest.approx([1, 4], abs=1e-4)
    # by two rows on one variable, by all rows together
    for value, words in ((0.5, "contradict"), (1.5, "infeasible")):
        with pytest.raises(NotSolved, match=words) as refused:
            solver.step(compiled.program({limit: value}))
        assert refused.value.status == "infeasible"
    assert solver.step(compiled.program({share: 1.0})) == pytest.approx([2, 2], abs=1e-4)


# --- variables given instead of found ---
@given(st.data())
def test_given_variables_move_to_the_right_side(data):
    day = cp.Variable((2, 3))
    trade = cp.Variable(2)
    x = cp.Variable((2, 3), nonneg=True)
    weight = data.draw(numbers(2, 3))
    rows = [x >= day + 1, cp.sum(x, axis=1) + trade == 40 + cp.multiply(weight, day)[:, 0]]
    dear = x - 4 <= cp.multiply(weight, day)
    prices = data.draw(numbers(2, 3, low=1))
    slack = cp.Variable((2, 3), nonneg=True)
    rows.append(x - 4 - slack <= cp.multiply(weight, day))
    cost = cp.sum(cp.multiply(prices, x)) + 3 * cp.sum(trade) + 2 * cp.sum(slack) + 5
    compiled = Compiled(cost, rows)
    split = compiled.split([day, trade])
    solver = WarmLinear()
    for _ in range(3):
        z, q = data.draw(numbers(2, 3, low=0)), data.draw(numbers(2))
        point = solver.solve(split.at(z, q))
        fixed = cp.Problem(cp.Minimize(cost), [*rows, day == z, trade == q])
        assert point.value == pytest.approx(by_cvxpy(fixed), abs=1e-5)
        full = split.whole_point(point.x, z, q)
        assert full[compiled.columns(day)] == pytest.approx(z)
        assert compiled.readout(dear.args[0]).at(full).shape == (2, 3)
        assert compiled.program().objective(full) == pytest.approx(point.value)
    assert [moved.shape[1] for moved in split.moved] == [6, 2]


def test_a_split_without_variables_is_the_problem_itself():
    x = cp.Variable(2, bounds=[1, 3])
    compiled = Compiled(cp.sum(x), [x[0] + x[1] >= 3])
    assert WarmLinear().solve(compiled.split([]).at()).value == pytest.approx(3)


def test_only_free_variables_can_be_given():
    x = cp.Variable()
    for day, cost in (
        (cp.Variable(nonneg=True), 0),
        (cp.Variable(boolean=True), 0),
        (cp.Variable(name="q"), 1),
    ):
        compiled = Compiled(x + cost * cp.square(day), [x >= day])
        with pytest.raises(WrongInput, match="to be given"):
            compiled.split([day])
