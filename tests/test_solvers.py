"""The solver policy: who takes what, and the sentence that says why not."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest
from builders import battery, grid, load, vpp
from cvxpy.reductions.solvers.conic_solvers.clarabel_conif import CLARABEL

from vppcore import NotSolved, WrongInput, dispatch, load_case, solvers
from vppcore.compiled import Compiled
from vppcore.pages.parameters_cell import read_parameters_cell
from vppcore.parameters import rules_of
from vppcore.places import NOTEBOOKS, PROJECT
from vppcore.solvers import SOLVERS, choose, gurobi_licence, kind_of, refusal, solve
from vppcore.vpp import build


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


@pytest.fixture
def all_is_large(monkeypatch):
    """Every linear model counts as large."""
    monkeypatch.setattr(solvers, "LARGE", 1)


def test_a_large_linear_model_is_solved_by_an_interior_point(all_is_large):
    solved = solve(linear())
    assert (solved.solver, solved.kind) == ("clarabel", "linear")
    problem = linear()
    compiled = Compiled(problem.objective.args[0], problem.constraints)
    assert compiled.solve().solved.solver == "clarabel"
    assert compiled.solve().value == pytest.approx(compiled.solve("highs").value, rel=1e-8)


@pytest.mark.parametrize("status", ["inaccurate", "limit", "failed"])
def test_where_the_interior_point_does_not_end_simplex_does(all_is_large, monkeypatch, status):
    def never(program, name):
        raise NotSolved(f"{name}: clarabel gave up", status)

    monkeypatch.setattr("vppcore.compiled.solve_quadratic", never)
    problem = linear()
    answer = Compiled(problem.objective.args[0], problem.constraints).solve()
    assert answer.solved.solver == "highs"
    assert answer.value == pytest.approx(3)


def test_a_large_linear_model_without_a_solution_is_said_to_be_infeasible(all_is_large):
    x = cp.Variable(2)
    with pytest.raises(NotSolved) as refused:
        Compiled(cp.sum(x), [x >= 1, cp.sum(x) <= 1], "two loads").solve()
    assert refused.value.status == "infeasible" and "two loads" in str(refused.value)


def test_the_page_on_solvers_names_the_size():
    page = (PROJECT / "book/solvers.md").read_text(encoding="utf-8")
    assert f"from {solvers.LARGE:,} columns on Clarabel" in page


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
    kind = "quadratic" if solver == "osqp" else "linear"
    assert refusal(solver, kind, 10**6, 10**6, "none") == ""


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


def impossible(shape: str) -> cp.Problem:
    x = cp.Variable(2)
    cost = {"linear": cp.sum(x), "quadratic": cp.sum_squares(x), "conic": cp.sum(cp.exp(x))}
    return cp.Problem(cp.Minimize(cost[shape]), [x >= 1, x <= 0])


def endless(shape: str) -> cp.Problem:
    x = cp.Variable(2)
    cost = {
        "linear": cp.sum(x),
        "quadratic": cp.square(x[0]) + x[1],
        "conic": cp.exp(x[0]) + x[1],
    }
    return cp.Problem(cp.Minimize(cost[shape]), [x <= 0])


def endless_with_integers() -> cp.Problem:
    x = cp.Variable(2)
    on = cp.Variable(2, boolean=True)
    return cp.Problem(cp.Minimize(cp.sum(x) + cp.sum(on)), [x <= on])


SHAPES = [
    (solver, shape)
    for solver, (_, _, kinds) in SOLVERS.items()
    for shape in ("linear", "quadratic", "conic")
    if shape in kinds
]
SHAPES += [("auto", shape) for shape in ("linear", "quadratic", "conic")]


@pytest.mark.parametrize(("solver", "shape"), SHAPES)
def test_an_infeasible_model_is_not_solved(solver, shape):
    with pytest.raises(NotSolved, match="cage: .*infeasible") as refused:
        solve(impossible(shape), solver, "cage")
    assert refused.value.status == "infeasible"


@pytest.mark.parametrize(("solver", "shape"), SHAPES)
def test_an_unbounded_model_is_not_solved(solver, shape):
    with pytest.raises(NotSolved, match="hole: .*unbounded") as refused:
        solve(endless(shape), solver, "hole")
    assert refused.value.status == "unbounded"


@pytest.mark.parametrize("solver", ["highs", "gurobi"])
def test_with_integers_infeasible_and_unbounded_are_told_apart_too(solver):
    on = cp.Variable(2, boolean=True)
    nowhere = cp.Problem(cp.Minimize(cp.sum(on)), [on >= 0.2, on <= 0.8])
    for problem, status in ((nowhere, "infeasible"), (endless_with_integers(), "unbounded")):
        with pytest.raises(NotSolved) as refused:
            solve(problem, solver)
        assert refused.value.status == status


def hard(size: int = 40) -> cp.Problem:
    """A knapsack with many equations, which takes any solver long."""
    chance = np.random.default_rng(1)
    on = cp.Variable(size, boolean=True)
    weights = chance.integers(1, 100, (6, size)).astype(float)
    return cp.Problem(
        cp.Minimize(chance.random(size) @ on), [weights @ on == np.floor(weights.sum(axis=1) / 2)]
    )


@pytest.mark.parametrize("solver", ["highs", "gurobi"])
def test_time_that_runs_out_is_a_limit_and_no_other_failure(monkeypatch, solver):
    monkeypatch.setenv("VPPCORE_TIME_LIMIT", "0.05")
    with pytest.raises(NotSolved, match="VPPCORE_TIME_LIMIT") as refused:
        solve(hard(), solver, "knapsack")
    assert refused.value.status == "limit"


@pytest.mark.parametrize(("solver", "shape"), [("clarabel", "quadratic"), ("osqp", "quadratic")])
def test_time_runs_out_for_quadratic_models_too(monkeypatch, solver, shape):
    monkeypatch.setenv("VPPCORE_TIME_LIMIT", "1e-6")
    chance = np.random.default_rng(1)
    x = cp.Variable(600)
    rows = [chance.normal(size=(300, 600)) @ x >= 1]
    with pytest.raises(NotSolved) as refused:
        solve(cp.Problem(cp.Minimize(cp.sum_squares(x)), rows), solver)
    assert refused.value.status == "limit"


def test_warm_solves_have_the_same_time_limit_each_on_its_own(monkeypatch):
    """HiGHS counts the time of all runs of a model together; each solve must have its own."""
    monkeypatch.setenv("VPPCORE_TIME_LIMIT", "0.2")
    costs = cp.Parameter(60, value=np.ones(60))
    x = cp.Variable(60, bounds=[0, 1])
    rows = [np.random.default_rng(0).random((60, 60)) @ x <= 10]
    compiled = Compiled(cp.Maximize(costs @ x), rows)
    chance = np.random.default_rng(1)
    started = time.perf_counter()
    while time.perf_counter() - started < 0.6:
        costs.value = chance.random(60)
        compiled.solve()


@pytest.mark.parametrize("said", ["soon", "0", "-1", "nan"])
def test_a_time_limit_without_sense_is_refused(monkeypatch, said):
    monkeypatch.setenv("VPPCORE_TIME_LIMIT", said)
    with pytest.raises(WrongInput, match=f"VPPCORE_TIME_LIMIT: found '{said}'; allowed: seconds"):
        solve(linear())


def test_a_blank_time_limit_is_none(monkeypatch):
    monkeypatch.setenv("VPPCORE_TIME_LIMIT", " ")
    assert solvers.time_limit() == solvers.TIME_LIMIT


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("AlmostSolved", "inaccurate"),
        ("InsufficientProgress", "inaccurate"),
        ("AlmostPrimalInfeasible", "inaccurate"),
        ("AlmostDualInfeasible", "inaccurate"),
        ("MaxIterations", "limit"),
        ("MaxTime", "limit"),
        ("PrimalInfeasible", "infeasible"),
        ("DualInfeasible", "unbounded"),
        ("NumericalError", "failed"),
    ],
)
def test_each_end_of_clarabel_has_its_meaning(monkeypatch, status, meaning):
    """The solver's own words, put in its mouth."""
    monkeypatch.setattr(CLARABEL, "invert", clarabel_that_says(status))
    with pytest.raises(NotSolved) as refused:
        solve(quadratic(), "clarabel")
    assert refused.value.status == meaning


def clarabel_that_says(status: str):
    """`invert` of cvxpy's Clarabel, for an answer with another status."""
    real = CLARABEL.invert

    def invert(self, solution, inverse_data):
        said = SimpleNamespace(
            status=status,
            x=solution.x,
            z=solution.z,
            obj_val=solution.obj_val,
            solve_time=solution.solve_time,
            iterations=solution.iterations,
        )
        return real(self, said, inverse_data)

    return invert


def test_an_accuracy_that_is_reached_only_later_is_reported(monkeypatch):
    """Clarabel says 'almost' to 1e-10 and is content with 1e-8."""
    asked = []

    def attempt(problem, solver, name, options):
        asked.append(options["tol_gap_rel"])
        if len(asked) == 1:
            return cp.OPTIMAL_INACCURATE
        return real(problem, solver, name, options)

    real = solvers.attempt
    monkeypatch.setattr(solvers, "attempt", attempt)
    assert solve(quadratic()).accuracy == 1e-8
    assert asked == [1e-10, 1e-8]


def test_a_model_that_is_not_convex_is_refused_in_words():
    x = cp.Variable(2, bounds=[0, 1])
    with pytest.raises(NotSolved, match="bent: not convex") as refused:
        solve(cp.Problem(cp.Minimize(-cp.sum_squares(x))), name="bent")
    assert refused.value.status == "unsuitable"


@pytest.mark.parametrize("number", [np.nan])
def test_numbers_that_are_none_are_refused_in_words(number):
    x = cp.Variable(2)
    with pytest.raises(NotSolved, match="odd: highs failed") as refused:
        solve(cp.Problem(cp.Minimize(cp.sum(x)), [x >= np.array([1.0, number])]), name="odd")
    assert refused.value.status == "failed"


@pytest.mark.parametrize("small", [1e-4, 1e-7, 1e-9])
def test_a_tiny_quadratic_cost_counts(small):
    """min a x^2 - x: x = 1 / (2 a) within [0, 1], and the cost by hand."""
    x = cp.Variable(3, bounds=[0, 1])
    solved = solve(cp.Problem(cp.Minimize(small * cp.sum_squares(x) - cp.sum(x))))
    assert solved.value == pytest.approx(3 * (small - 1), abs=1e-9)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e5])
def test_a_vpp_of_any_size_costs_in_proportion(parent, size):
    """From a watt to a hundred megawatts."""
    plant = scaled(parent.vpp("VPP1"), size)
    usual = dispatch(parent.vpp("VPP1")).cost
    assert dispatch(plant).cost == pytest.approx(size * usual, rel=1e-6)


def test_a_small_battery_beside_a_large_load_counts():
    """100 MW of load, and a battery of 1 kW that earns by hand 0.8 yuan a kWh."""
    large = load(1e5, 1e5)
    store = battery(
        charge_max=1.0, discharge_max=1.0, charge_efficiency=1.0, discharge_efficiency=1.0
    )
    plant = vpp(large, grid([0.2, 1.0], [0, 0]))
    saved = dispatch(plant).cost - dispatch(plant.adding(store)).cost
    assert saved == pytest.approx(0.8, abs=1e-5)


def scaled(plant, size: float):
    """The same VPP with every power and energy times `size`."""
    parts = []
    for component in plant.components:
        changes = {}
        for name, rule in rules_of(component).items():
            value = getattr(component, name)
            if value is None:
                continue
            if rule.unit in ("kW", "kWh", "kW/h", "kg", "yuan/h") and rule.kind != "choice":
                changes[name] = size * value
            if rule.unit == "yuan/kW2h":
                changes[name] = value / size
        parts.append(replace(component, **changes))
    return replace(plant, components=tuple(parts))


def test_a_solver_that_gives_up_is_not_solved(monkeypatch):
    monkeypatch.setitem(solvers.OPTIONS, "osqp", {"max_iter": 1})
    chance = np.random.default_rng(1)
    x = cp.Variable(30)
    rows = [chance.normal(size=(20, 30)) @ x >= chance.normal(size=20)]
    with pytest.raises(NotSolved, match="short: osqp") as refused:
        solve(cp.Problem(cp.Minimize(cp.sum_squares(x)), rows), "osqp", "short")
    assert refused.value.status == "limit"


def test_how_a_model_was_solved_is_recorded():
    solved = solve(linear(7))
    assert (solved.variables, solved.value, solved.solver) == (7, pytest.approx(7), "highs")
    assert solved.rows == 7 and solved.version[0].isdigit()


# --- what notebooks offer -------------------------------------------------------------------------
# its models are stated by another package, which has no automatic choice
OTHER_PACKAGE = {"twin"}
NOTEBOOKS_WITH_SOLVER = sorted(
    file.stem
    for file in NOTEBOOKS.glob("*.ipynb")
    if "solver" in read_parameters_cell(file.stem) and file.stem not in OTHER_PACKAGE
)


def kinds_of_notebook(name: str) -> set[str]:
    """The kinds of model that a notebook hands its solver: each VPP's day, and searches for worst days."""
    declared = read_parameters_cell(name)
    given = [declared[name].default for name in ("case", "cases", "study_a") if name in declared]
    kinds = set()
    for case in " ".join(given).split():
        for one in load_case(case).vpps:
            model = build(one)
            kinds.add(kind_of(cp.Problem(cp.Minimize(model.cost), model.constraints)))
    if "deviation" in declared:
        kinds.add("mixed-integer linear")
    return kinds


@pytest.mark.parametrize("name", NOTEBOOKS_WITH_SOLVER)
def test_a_notebook_offers_the_solvers_that_take_its_models(name):
    comment = read_parameters_cell(name)["solver"].comment
    offered = set(re.findall(r"\w+", comment.rpartition(":")[2])) - {"or"}
    takers = {
        solver for solver, (_, _, kinds) in SOLVERS.items() if kinds_of_notebook(name) <= kinds
    }
    assert offered == {"auto", *takers}, f"{name}: the comment beside solver says {comment!r}"
