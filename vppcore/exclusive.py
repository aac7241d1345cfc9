"""Flows that must not run at once: the one place that decides between relaxed and exact.

A battery that charges and discharges in one step, a grid connection that buys and sells at once:
excluding them takes a binary for each step. Mostly the cheapest schedule does not do it anyway, so
the problem is solved without binaries first (relaxed) and checked. Only where the check fails are
binaries added, for the flows that did run at once; then it is checked again. When nothing overlaps
any more the schedule is exact: it is feasible, and no schedule of the easier problem is cheaper.
Steps of a price that must be filled in order are excluded in the same way, and always.
Prices come from the problem with its modes fixed.

kW; arrays are (steps,). A mode is true in a step where the first of two flows may run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version

import cvxpy as cp
import numpy as np

from vppcore.choices import STORAGE_MODES
from vppcore.compiled import Compiled
from vppcore.errors import NotSolved, Status, WrongInput
from vppcore.mixed import solve_mixed_quadratic
from vppcore.solvers import Solved, solve, takes, value_of
from vppcore.vpp import Model, Pair

# two exclusive flows that share more than this of their rating count as running at once
EXCLUSIVE_TOLERANCE = 1e-6
# limits found by a solver are widened by this share, so that its noise cuts nothing off
WIDER = 1e-6

# by Pair.key: a binary or a truth value for each of the pair's steps
ModeVariables = dict[tuple[str, str, str, str], cp.Variable]
Modes = dict[tuple[str, str, str, str], np.ndarray]


@dataclass(frozen=True)
class Overlap:
    """Two exclusive flows that ran at once.

    vpp, component: whose.
    one, other: names of the flows.
    share: the largest share of their rating at which they did.
    """

    vpp: str
    component: str
    one: str
    other: str
    share: float


def check_storage(storage: str) -> None:
    """Raises WrongInput for an unknown storage mode."""
    if storage not in STORAGE_MODES:
        raise WrongInput(f"storage: found {storage!r}; allowed: {', '.join(STORAGE_MODES)}")


def solve_exclusively(
    models: Iterable[Model],
    cost: cp.Expression,
    constraints: list,
    solver: str = "auto",
    storage: str = "auto",
    name: str = "model",
) -> Solved:
    """Minimises `cost` over schedules in which exclusive flows do not run at once.

    models: whose exclusive flows count.
    cost: yuan.
    constraints: all rows of the problem, the models' own included.
    storage: "relaxed" lets exclusive flows overlap, but for steps of a price that are filled in
        order; "binary" excludes it; "auto" relaxes and turns to binaries only where flows did
        overlap, or where a pair requires them.
    Values stay in the variables. With binaries, the modes they find are fixed afterwards and the
    convex problem that is left gives schedule and prices. A quadratic problem with binaries that no
    solver at hand takes is solved by branch and bound. Raises NotSolved if there is no optimum.
    """
    check_storage(storage)
    pairs = pairs_of(models)
    if storage == "relaxed":
        pairs = never_relaxed(pairs)
    relaxed = cp.Problem(cp.Minimize(cost), constraints)
    if not pairs:
        return solve(relaxed, solver, name)
    with_binaries = pairs if storage == "binary" else [p for p in pairs if p.limits.required]
    while True:
        if with_binaries:
            solved, modes = solve_with_modes(with_binaries, cost, constraints, solver, name)
        else:
            try:
                solved = solve(relaxed, solver, name)
            except NotSolved as refused:
                if refused.status != "unbounded":
                    raise
                with_binaries = pairs  # money without limit may come from flows at once
                continue
        more = [p for p in pairs if p not in with_binaries and overlap_of(p) > EXCLUSIVE_TOLERANCE]
        if not more:
            break
        with_binaries = [*with_binaries, *more]
    if with_binaries:
        others = [pair for pair in pairs if pair not in with_binaries]
        rows = fixed_rows(pairs, modes | modes_of(others))
        solve(cp.Problem(cp.Minimize(cost), [*constraints, *rows]), "auto", name)
    return solved


def solve_with_modes(
    pairs: list[Pair], cost: cp.Expression, constraints: list, solver: str, name: str
) -> tuple[Solved, Modes]:
    """Minimises `cost` with a binary for each step of each pair; how it was solved, and the modes.

    A solver that takes no binaries gives way to one that does; where none at hand takes a
    quadratic cost with binaries, outer approximation does.
    """
    limited = with_finite_limits(pairs, constraints, name)
    variables = mode_variables(limited)
    rows = [*constraints, *mode_rows(limited, variables)]
    problem = cp.Problem(cp.Minimize(cost), rows)
    taker = next((choice for choice in (solver, "auto") if takes(problem, choice)), None)
    if taker is None:
        solved = solve_by_tangents(cost, rows, name)
    else:
        solved = solve(problem, taker, name)
    return solved, {key: value_of(mode) > 0.5 for key, mode in variables.items()}


def solve_by_tangents(cost: cp.Expression, constraints: list, name: str) -> Solved:
    """Minimises a quadratic `cost` with binaries among the variables, which hold the answer."""
    compiled = Compiled(cost, constraints, name)
    point = solve_mixed_quadratic(compiled.program(), name)
    compiled.fill(point.x)
    rows, variables = compiled.maps.matrix.shape
    return Solved(
        solver="highs and clarabel",
        version=f"{version('highspy')} and {version('clarabel')}",
        kind=compiled.kind,
        variables=variables,
        rows=rows,
        seconds=point.seconds,
        value=point.value,
        gap=point.gap,
    )


# --- modes ----------------------------------------------------------------------------------------
def pairs_of(models: Iterable[Model]) -> list[Pair]:
    """The flows that must not run at once, of all components of all models."""
    return [pair for model in models for pair in model.pairs()]


def never_relaxed(pairs: list[Pair]) -> list[Pair]:
    """The pairs that no reading of storage leaves out: steps of a price, filled in order."""
    return [pair for pair in pairs if pair.limits.in_order]


def mode_variables(pairs: list[Pair]) -> ModeVariables:
    """A binary for each step in which a pair's flows exclude each other, by `Pair.key`.

    They can be given to `mode_rows` of several builds of the same VPPs, to be decided once.
    """
    return {pair.key: cp.Variable(len(pair.steps), boolean=True) for pair in pairs}


def mode_rows(pairs: list[Pair], modes: ModeVariables) -> list:
    """Rows that let a pair's first flow run only where its mode is 1, its second elsewhere.

    The limits of both flows must be finite: see `with_finite_limits`.
    """
    rows = []
    for pair in pairs:
        mode = modes[pair.key]
        rows.append(pair.one[pair.steps] <= cp.multiply(pair.one_max, mode))
        rows.append(pair.other[pair.steps] <= cp.multiply(pair.other_max, 1 - mode))
    return rows


def shared_limits(pair: Pair) -> list:
    """Rows by which two flows share their limits: what excludes them, with its binary left out.

    The limits of both flows must be finite: see `with_finite_limits`.
    """
    largest = np.maximum(pair.one_max, pair.other_max)
    size = np.where(largest > 0, largest, 1.0)
    one = cp.multiply(pair.other_max / size, pair.one[pair.steps])
    other = cp.multiply(pair.one_max / size, pair.other[pair.steps])
    return [one + other <= pair.one_max * pair.other_max / size]


def fixed_rows(pairs: list[Pair], modes: Modes) -> list:
    """Rows that hold each pair to modes that are known; limits may be infinite."""
    rows = []
    for pair in pairs:
        mode = np.asarray(modes[pair.key], bool)
        rows.append(cp.multiply(~mode, pair.one[pair.steps]) <= 0)
        rows.append(cp.multiply(mode, pair.other[pair.steps]) <= 0)
    return rows


def modes_of(pairs: list[Pair]) -> Modes:
    """The modes of a solved problem: true where the first flow is not smaller than the second."""
    modes = {}
    for pair in pairs:
        one = value_of(pair.one)[pair.steps]
        other = value_of(pair.other)[pair.steps]
        modes[pair.key] = one >= other
    return modes


# --- overlaps -------------------------------------------------------------------------------------
def overlaps(pairs: list[Pair]) -> list[Overlap]:
    """The pairs whose flows run at once in the solved problem."""
    found = []
    for pair in pairs:
        share = overlap_of(pair)
        if share > EXCLUSIVE_TOLERANCE:
            limits = pair.limits
            found.append(Overlap(pair.vpp, pair.component, limits.one, limits.other, share))
    return found


def overlap_of(pair: Pair) -> float:
    """The largest share of their rating at which two flows run at once; zero if they never do."""
    return overlap_between(pair, value_of(pair.one), value_of(pair.other))


def overlap_between(pair: Pair, one: np.ndarray, other: np.ndarray) -> float:
    """The same from the flows' values, kW `(steps,)`, wherever they come from."""
    both = np.minimum(one[pair.steps], other[pair.steps])
    return float(both.max()) / rating_of(pair, one, other)


def rating_of(pair: Pair, one: np.ndarray, other: np.ndarray) -> float:
    """The larger of two flows' limits, kW; where both are infinite or zero, of the flows."""
    limits = np.concatenate([pair.one_max, pair.other_max])
    finite = limits[np.isfinite(limits)]
    if finite.size and finite.max() > 0:
        return float(finite.max())
    largest_flow = max(np.abs(one).max(), np.abs(other).max())
    return float(largest_flow) if largest_flow > 0 else 1.0


# --- limits ---------------------------------------------------------------------------------------
def with_finite_limits(pairs: list[Pair], constraints: list, name: str) -> list[Pair]:
    """The same pairs with finite limits in place of infinite ones.

    The limit of a flow in a step is the largest that the problem's constraints allow while the
    other flow rests in that step, or in all of them where the steps of a price are filled in order.
    Raises NotSolved, with status "unbounded" (or "unsuitable" for such a price), if there is none.
    """
    limited = []
    for pair in pairs:
        limits = pair.limits
        one_max = found_limits(pair, limits.one, pair.one, pair.other, pair.one_max, constraints)
        other_max = found_limits(
            pair, limits.other, pair.other, pair.one, pair.other_max, constraints
        )
        limited.append(pair.with_limits(one_max, other_max))
    return limited


def found_limits(
    pair: Pair,
    flow_name: str,
    flow: cp.Expression,
    resting: cp.Expression,
    limits: np.ndarray,
    constraints: list,
) -> np.ndarray:
    """The limits of one flow of a pair, kW for each of the pair's steps, all finite."""
    endless = np.flatnonzero(np.isinf(limits))
    if not len(endless):
        return limits
    count = len(pair.steps)
    asked = cp.Parameter(count, nonneg=True)
    resting_then = np.ones((count, count)) if pair.limits.in_order else np.eye(count)
    rest = cp.multiply(resting_then @ asked, resting[pair.steps]) <= 0
    largest = cp.Maximize(asked @ flow[pair.steps])
    compiled = Compiled(largest, [*constraints, rest], f"{pair.vpp}: {flow_name}")
    found = np.array(limits, float)
    for place in endless:
        asked.value = np.eye(count)[place]
        try:
            found[place] = (1 + WIDER) * max(0.0, compiled.solve().value)
        except NotSolved as refused:
            if refused.status == "infeasible":  # the other flow cannot rest in this step
                found[place] = 0.0
                continue
            raise without_limit(pair, flow_name, int(place), refused.status) from refused
    return found


def without_limit(pair: Pair, flow_name: str, place: int, status: Status) -> NotSolved:
    """The refusal of a flow of a pair that has no limit. place: of the pair's steps."""
    if pair.limits.in_order:  # money may well have a limit; only binaries are out of reach
        return NotSolved(
            f"{pair.vpp}: {flow_name} of {pair.component} has no limit, and a price whose steps "
            "are filled in order needs one; allowed: a limit on the grid's purchase or on its sale",
            "unsuitable",
        )
    return NotSolved(
        f"{pair.vpp}: unbounded; {flow_name} of {pair.component} has no limit in step "
        f"{pair.steps[place] + 1}; allowed: a limit on it, or on what it could serve",
        status,
    )
