"""The solver policy: who takes what, and the sentence that says why not."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from builders import battery, grid, load, vpp

from vppcore import NotSolved, WrongInput, dispatch, solvers
from vppcore.solvers import SOLVERS, choose, gurobi_licence, kind_of, refusal, solve


def linear(size: int = 3) -> cp.Problem:
    x = cp.Variable(size, bounds=[0, 10])
    return cp.Problem(cp.Minimize(cp.sum(x)), [x >= 1])


def quadratic(size: int = 3) -> cp.Problem:
    x = cp.Variable(size)
    return cp.Problem(cp.Minimize(cp.sum_squares(x) + cp.sum(x)), [x >= 1])


def conic() -> cp.Problem:
    x = cp.Variable(3)
    return cp.Problem(cp.Maximize(cp.sum(cp.log(x))), [cp.sum(x) == 3])


def with_integers(shape: str = "linear") -> cp.Problem:
    x, on = cp.Variable(3, bounds=[0, 10]), cp.Variable(3, boolean=True)
    goal = {"linear": cp.sum(x), "quadratic": cp.sum_squares(x), "conic": cp.sum(cp.exp(x))}[shape]
    return cp.Problem(cp.Minimize(goal + cp.sum(on)), [x >= 1, x <= 10 * on])


KINDS = {
    "linear": linear(),
    "quadratic": quadratic(),
    "conic": conic(),
    "mixed-integer linear": with_integers(),
    "mixed-integer quadratic": with_integers("quadratic"),
    "mixed-integer conic": with_integers("conic"),
}


@pytest.fixture
def licence(monkeypatch):
    """Sets what the machine is told about its Gurobi licence."""
    return lambda found: monkeypatch.setattr(solvers, "gurobi_licence", lambda: found)


@pytest.fixture
def without_gurobi(monkeypatch):
    """A machine on which gurobipy is not installed."""
    found = solvers.find_spec
    monkeypatch.setattr(
        solvers, "find_spec", lambda name: None if name == "gurobipy" else found(name)
    )
    gurobi_licence.cache_clear()
    yield
    gurobi_licence.cache_clear()


@pytest.mark.parametrize(("kind", "problem"), KINDS.items())
def test_kinds_of_problems_are_told_apart(kind, problem):
    assert kind_of(problem) == kind


@pytest.mark.parametrize(
    ("kind", "solver"), [("linear", "highs"), ("quadratic", "clarabel"), ("conic", "clarabel")]
)
def test_automatic_choice_without_integers(kind, solver):
    solved = solve(KINDS[kind])
    assert (solved.solver, solved.kind) == (solver, kind)


@pytest.mark.parametrize(
    ("found", "solver"), [("full", "gurobi"), ("bundled", "gurobi"), ("none", "highs")]
)
def test_automatic_choice_with_integers_is_gurobi_if_it_may(licence, found, solver):
    licence(found)
    assert choose("mixed-integer linear", 2000, 2000) == solver
    assert choose("mixed-integer linear", 2001, 10) == ("gurobi" if found == "full" else "highs")
    assert choose("mixed-integer linear", 10, 2001) == ("gurobi" if found == "full" else "highs")


@pytest.mark.parametrize(
    ("problem", "value"), [(linear(), 3), (quadratic(), 6), (conic(), 0), (with_integers(), 6)]
)
def test_automatic_choice_finds_the_optimum(problem, value):
    assert solve(problem).value == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ["linear", "quadratic", "conic"])
def test_a_forced_solver_solves_or_says_why_not(solver, kind):
    if kind in SOLVERS[solver][2]:
        solved = solve(KINDS[kind], solver)
        assert solved.solver == solver
        assert solved.value == pytest.approx(solve(KINDS[kind]).value, abs=1e-4)
        assert solved.version[0].isdigit()
    else:
        with pytest.raises(
            NotSolved,
            match=f"model: {solver} does not solve {kind} models here; allowed: .*clarabel",
        ):
            solve(KINDS[kind], solver)


def test_highs_is_never_given_a_quadratic_model():
    assert (
        refusal("highs", "quadratic", 1, 1)
        == "highs does not solve quadratic models here; allowed: gurobi, clarabel, osqp"
    )


def test_a_model_that_no_solver_here_takes_is_refused_in_words(licence):
    licence("full")
    with pytest.raises(
        NotSolved, match="does not solve mixed-integer conic models here; allowed: none"
    ):
        solve(KINDS["mixed-integer conic"])


@pytest.mark.parametrize(
    ("kind", "variables", "rows", "taken"),
    [
        ("linear", 2000, 2000, True),
        ("linear", 2001, 1, False),
        ("linear", 1, 2001, False),
        ("mixed-integer linear", 2001, 1, False),
        ("quadratic", 200, 2000, True),
        ("quadratic", 201, 1, False),
        ("quadratic", 1, 2001, False),
        ("mixed-integer quadratic", 201, 1, False),
    ],
)
def test_the_bundled_licence_s_limits(kind, variables, rows, taken):
    said = refusal("gurobi", kind, variables, rows, "bundled")
    assert (said == "") == taken
    if not taken:
        for word in (
            f"{variables} variables",
            f"{rows} rows",
            "bundled licence",
            "solver='auto'",
            kind,
        ):
            assert word in said
    assert refusal("gurobi", kind, variables, rows, "full") == ""
    assert "no valid licence" in refusal("gurobi", kind, variables, rows, "none")


@pytest.mark.parametrize("solver", ["highs", "clarabel", "osqp"])
def test_free_solvers_know_no_size(solver):
    assert refusal(solver, "linear", 10**6, 10**6, "none") == ""


def test_a_model_too_large_for_the_bundled_licence_is_refused_before_the_call(licence):
    licence("bundled")
    with pytest.raises(
        NotSolved,
        match=r"big: this linear model has 2001 variables and \d+ rows, and Gurobi's bundled licence",
    ):
        solve(linear(2001), "gurobi", "big")
    with pytest.raises(
        NotSolved, match=r"this quadratic model has \d+ variables .* at most 200 variables"
    ):
        solve(quadratic(201), "gurobi")


def test_a_large_model_goes_to_a_free_solver_by_itself(licence):
    licence("bundled")
    assert solve(linear(2001)).solver == "highs"
    x, on = cp.Variable(1500, bounds=[0, 10]), cp.Variable(1500, boolean=True)
    assert solve(cp.Problem(cp.Minimize(cp.sum(x + on)), [x >= 1, x <= 10 * on])).solver == "highs"


@pytest.mark.parametrize(
    ("problem", "value"), [(linear(2000), 2000), (quadratic(100), 200)], ids=["linear", "quadratic"]
)
def test_gurobi_takes_what_the_policy_lets_through(problem, value):
    """At the limit of the licence that every installation has."""
    solved = solve(problem, "gurobi")
    assert solved.value == pytest.approx(value, abs=1e-3)
    assert solved.variables <= 2000 and solved.rows <= 2000


def test_gurobi_takes_the_parent_s_vpps(parent):
    for plant in parent.vpps:
        solved = dispatch(plant, "gurobi").solved
        assert (solved.solver, solved.kind) == ("gurobi", "linear")
        assert 100 < solved.variables <= 2000


def test_a_missing_solver_is_named_with_its_package(without_gurobi):
    with pytest.raises(NotSolved, match=r"solver 'gurobi' is not installed \(package gurobipy\)"):
        solve(linear(), "gurobi")
    assert gurobi_licence() == "none"


def test_binaries_need_no_gurobi(without_gurobi):
    plant = vpp(load(5, 5), battery(), grid([0.2, 1.0], [0, 0]))
    assert dispatch(plant, storage="binary").solved.solver == "highs"


@pytest.mark.parametrize("name", ["cplex", "", "HIGHS", None, 3])
def test_an_unknown_solver_is_refused_with_those_allowed(name):
    with pytest.raises(
        WrongInput, match="solver: found .*; allowed: auto, highs, gurobi, clarabel, osqp"
    ):
        solve(linear(), name)


@pytest.mark.parametrize("solver", ["auto", *SOLVERS])
def test_an_infeasible_model_is_not_solved(solver):
    x = cp.Variable(2)
    with pytest.raises(NotSolved, match="cage: .*infeasible"):
        solve(cp.Problem(cp.Minimize(cp.sum(x)), [x >= 1, x <= 0]), solver, "cage")


@pytest.mark.parametrize("solver", ["auto", *SOLVERS])
def test_an_unbounded_model_is_not_solved(solver):
    x = cp.Variable(2)
    with pytest.raises(NotSolved, match="hole: .*unbounded"):
        solve(cp.Problem(cp.Minimize(cp.sum(x)), [x <= 0]), solver, "hole")


def test_a_solver_that_gives_up_is_not_solved(monkeypatch):
    monkeypatch.setitem(solvers.OPTIONS, "osqp", {"max_iter": 1})
    chance = np.random.default_rng(1)
    x = cp.Variable(30)
    rows = [chance.normal(size=(20, 30)) @ x >= chance.normal(size=20)]
    with pytest.raises(NotSolved, match="short: osqp"):
        solve(cp.Problem(cp.Minimize(cp.norm1(x)), rows), "osqp", "short")


def test_how_a_model_was_solved_is_recorded():
    solved = solve(linear(7))
    assert (solved.variables, solved.value, solved.solver) == (7, pytest.approx(7), "highs")
    assert solved.rows == 7 and solved.version[0].isdigit()
