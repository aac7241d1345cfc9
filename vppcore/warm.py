"""Linear and quadratic programs as arrays, and solvers that stay warm from one to the next.

A `Program` is what a solver works on; where it comes from is no matter here (see `compiled.py`).
Arrays of columns are `(columns,)`, arrays of rows `(rows,)`; units are those of the problem it was
made from.

    solver = WarmLinear("the reaction to a day")
    point = solver.solve(program)
    point = solver.solve(replace(program, row_high=other))  # goes on from the last basis

A solver compares each program with the last one and tells only what changed; an array that is
handed on as it is costs nothing. Every failure is a `NotSolved` whose `status` says what it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import clarabel
import highspy
import numpy as np
import osqp
from scipy import sparse

from vppcore.errors import NotSolved, Status
from vppcore.solvers import ACCURACIES, OPTIONS, in_words, time_limit


@dataclass(frozen=True, eq=False)
class Program:
    """min 1/2 x.quadratic x + linear.x + constant over x, with row_low <= matrix x <= row_high.

    quadratic: `(columns, columns)`, symmetric, sparse by columns.
    linear: `(columns,)`.
    constant: a number.
    matrix: `(rows, columns)`, sparse by columns.
    row_low, row_high: `(rows,)`; equal in an equation, infinite where a row has one limit only.
    column_low, column_high: `(columns,)`, column_low <= x <= column_high.
    whole: `(columns,)`, true where x must be a whole number.
    """

    quadratic: sparse.csc_matrix
    linear: np.ndarray
    constant: float
    matrix: sparse.csc_matrix
    row_low: np.ndarray
    row_high: np.ndarray
    column_low: np.ndarray
    column_high: np.ndarray
    whole: np.ndarray

    @property
    def is_linear(self) -> bool:
        """True if no entry of the quadratic cost differs from zero."""
        return not self.quadratic.data.any()

    def objective(self, x: np.ndarray) -> float:
        """What is minimised, at x `(columns,)`."""
        return float(self.constant + self.linear @ x + 0.5 * x @ (self.quadratic @ x))

    @property
    def is_sound(self) -> bool:
        """False if one of its numbers is not a number."""
        limits = (self.row_low, self.row_high, self.column_low, self.column_high)
        pieces = (self.linear, self.quadratic.data, self.matrix.data, *limits)
        return not any(np.isnan(piece).any() for piece in pieces)

    def without_objective(self) -> Program:
        """The same rows and columns with nothing to minimise: has it a solution at all?"""
        nothing = sparse.csc_matrix(self.quadratic.shape)
        return replace(self, quadratic=nothing, linear=np.zeros_like(self.linear), constant=0.0)


@dataclass(frozen=True, eq=False)
class Point:
    """An optimal point of a program.

    x: `(columns,)`.
    value: the objective at x.
    multipliers: `(rows,)`, what one unit more of a row's limits saves: positive where row_high
        holds x back, negative where row_low does (for rows from cvxpy: its dual_value); None with
        whole numbers.
    seconds: in the solver.
    accuracy: the largest violation and relative gap that the solver allowed itself.
    """

    x: np.ndarray
    value: float
    multipliers: np.ndarray | None
    seconds: float
    accuracy: float


class Basis(NamedTuple):
    """Where each column and each row of a solution stands: "basic", "low", "high" or "free"."""

    columns: tuple[str, ...]
    rows: tuple[str, ...]


def same_array(one: np.ndarray, other: np.ndarray) -> bool:
    """True for the same object or equal numbers."""
    return one is other or np.array_equal(one, other)


def same_matrix(one: sparse.csc_matrix, other: sparse.csc_matrix) -> bool:
    """True for the same object or the same entries in the same places."""
    if one is other:
        return True
    if one.shape != other.shape:
        return False
    same_places = same_array(one.indptr, other.indptr) and same_array(one.indices, other.indices)
    return same_places and same_array(one.data, other.data)


def places_that_differ(
    low: np.ndarray, new_low: np.ndarray, high: np.ndarray, new_high: np.ndarray
) -> np.ndarray:
    """Where limits are others than before."""
    if low is new_low and high is new_high:
        return np.zeros(0, np.int32)
    return np.flatnonzero((low != new_low) | (high != new_high)).astype(np.int32)


def refuse_nan(program: Program, name: str) -> None:
    """Raises NotSolved for a program with a nan in it: solvers differ in what they make of that."""
    if not program.is_sound:
        raise NotSolved(f"{name}: one of the numbers to be solved for is not a number", "failed")


def by_columns(matrix: sparse.spmatrix) -> sparse.csc_matrix:
    """A sparse matrix as solvers take it: compressed columns, sorted, 32-bit indices."""
    columns = sparse.csc_matrix(matrix)
    columns.sort_indices()
    columns.indices = columns.indices.astype(np.int32)
    columns.indptr = columns.indptr.astype(np.int32)
    return columns


# --- linear, also with whole numbers: HiGHS -------------------------------------------------------
HIGHS_STATUS: dict[highspy.HighsModelStatus, Status] = {
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "unbounded",
    highspy.HighsModelStatus.kObjectiveBound: "limit",
    highspy.HighsModelStatus.kObjectiveTarget: "limit",
    highspy.HighsModelStatus.kTimeLimit: "limit",
    highspy.HighsModelStatus.kIterationLimit: "limit",
    highspy.HighsModelStatus.kSolutionLimit: "limit",
    highspy.HighsModelStatus.kMemoryLimit: "limit",
    highspy.HighsModelStatus.kUnknown: "inaccurate",
}
SOLVED = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)


STANDS = {
    highspy.HighsBasisStatus.kBasic: "basic",
    highspy.HighsBasisStatus.kLower: "low",
    highspy.HighsBasisStatus.kUpper: "high",
    highspy.HighsBasisStatus.kZero: "free",
    highspy.HighsBasisStatus.kNonbasic: "free",
}


def highs_model(program: Program) -> highspy.HighsLp:
    """A linear program, with whole numbers or without, as HiGHS takes it."""
    rows, columns = program.matrix.shape
    matrix = by_columns(program.matrix)
    lp = highspy.HighsLp()
    lp.num_row_ = rows
    lp.num_col_ = columns
    lp.col_cost_ = program.linear
    lp.col_lower_ = program.column_low
    lp.col_upper_ = program.column_high
    lp.row_lower_ = program.row_low
    lp.row_upper_ = program.row_high
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    if program.whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in program.whole]
    return lp


class WarmLinear:
    """Solves linear programs, with whole numbers or without, one after the other with HiGHS.

    The model stays in the solver: costs, limits of rows and columns are changed in place, and a
    linear program goes on from the last basis. Other entries of the matrix are passed anew, with
    the last basis too.

    name: for the sentences of refusals. options: HiGHS's own; `time_limit` is for each solve, s,
    and that of `solvers.py` where none is given.
    """

    def __init__(self, name: str = "model", **options: float | str | bool):
        self.name = name
        self._told: Program | None = None
        self._highs = highspy.Highs()
        self._seconds = options.pop("time_limit", None)
        for option, value in ({"output_flag": False} | OPTIONS["highs"] | options).items():
            if self._highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
                raise NotSolved(f"{name}: highs has no option {option} = {value!r}", "unsuitable")

    def solve(self, program: Program, name: str = "") -> Point:
        """The best point of a program.

        name: in place of the solver's own in the sentence of a refusal.
        Raises NotSolved: infeasible, unbounded, limit, inaccurate, unsuitable (a quadratic cost) or
        failed.
        """
        seconds = self._optimise(program, name or self.name)
        solution = self._highs.getSolution()
        x = np.array(solution.col_value)
        multipliers = None if program.whole.any() else -np.array(solution.row_dual)
        return Point(x, program.objective(x), multipliers, seconds, ACCURACIES["highs"][0])

    def value(self, program: Program, name: str = "") -> float:
        """The objective at the best point alone, for where thousands are asked for; see `solve`."""
        self._optimise(program, name or self.name)
        return self._highs.getObjectiveValue() + program.constant

    @property
    def bound(self) -> float:
        """What no point of the last program with whole numbers can be below, constant left out."""
        return float(self._highs.getInfo().mip_dual_bound)

    def basis(self) -> Basis:
        """Where the columns and rows of the last solution stand. Raises NotSolved for none."""
        found = self._highs.getBasis()
        if not found.valid:
            raise NotSolved(f"{self.name}: highs ended without a basis", "failed")
        return Basis(
            tuple(STANDS[status] for status in found.col_status),
            tuple(STANDS[status] for status in found.row_status),
        )

    def _optimise(self, program: Program, name: str) -> float:
        """Leaves the best point in the solver; seconds that it took. Raises NotSolved."""
        if not program.is_linear:
            raise NotSolved(
                f"{name}: highs takes linear models here; found a quadratic cost", "unsuitable"
            )
        refuse_nan(program, name)
        if self._tell(program) == highspy.HighsStatus.kError:
            self._told = None
            raise NotSolved(f"{name}: highs does not take these numbers", "failed")
        started = time.perf_counter()
        status = self._run()
        seconds = time.perf_counter() - started
        if status not in SOLVED:
            reason = self._reason(status, program)
            own = self._highs.modelStatusToString(status).lower()
            said = reason if reason in ("infeasible", "unbounded") else own
            words = in_words(said, reason, ACCURACIES["highs"][0])
            raise NotSolved(f"{name}: highs {words}", reason)
        return seconds

    def _run(self) -> highspy.HighsModelStatus:
        """Solves from the last basis, and once more from scratch if that gave no clear answer."""
        allowed = time_limit() if self._seconds is None else float(self._seconds)
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + allowed)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status not in SOLVED and HIGHS_STATUS.get(status, "failed") in ("inaccurate", "failed"):
            self._highs.clearSolver()
            self._highs.run()
            status = self._highs.getModelStatus()
        return status

    def _reason(self, status: highspy.HighsModelStatus, program: Program) -> Status:
        """Our word for a status; "unbounded" only where a solution exists at all."""
        reason = HIGHS_STATUS.get(status, "failed")
        if reason != "unbounded":
            return reason
        every = np.arange(len(program.linear), dtype=np.int32)
        self._highs.changeColsCost(len(every), every, np.zeros(len(every)))
        alone = self._run()
        self._highs.changeColsCost(len(every), every, program.linear)
        return "unbounded" if alone in SOLVED else HIGHS_STATUS.get(alone, "failed")

    def _tell(self, program: Program) -> highspy.HighsStatus:
        """Tells the solver what differs from the last program."""
        last = self._told
        self._told = program
        if (
            last is None
            or not same_matrix(last.matrix, program.matrix)
            or not same_array(last.whole, program.whole)
        ):
            return self._pass(program)
        return self._change(last, program)

    def _pass(self, program: Program) -> highspy.HighsStatus:
        """Hands over a whole model, and the last basis where it has the same size."""
        basis = self._highs.getBasis()
        rows, columns = program.matrix.shape
        lp = highs_model(program)
        status = self._highs.passModel(lp)
        fits = len(basis.col_status) == columns and len(basis.row_status) == rows
        if basis.valid and fits and status != highspy.HighsStatus.kError:
            self._highs.setBasis(basis)
        return status

    def _change(self, last: Program, program: Program) -> highspy.HighsStatus:
        """Changes costs and limits in place."""
        highs: Any = self._highs  # its type hints lack some of its methods
        statuses = [highspy.HighsStatus.kOk]
        if not same_array(last.linear, program.linear):
            every = np.arange(len(program.linear), dtype=np.int32)
            statuses.append(highs.changeColsCost(len(every), every, program.linear))
        low, high = program.row_low, program.row_high
        rows = places_that_differ(last.row_low, low, last.row_high, high)
        if len(rows):
            statuses.append(highs.changeRowsBounds(len(rows), rows, low[rows], high[rows]))
        low, high = program.column_low, program.column_high
        columns = places_that_differ(last.column_low, low, last.column_high, high)
        if len(columns):
            statuses.append(
                highs.changeColsBounds(len(columns), columns, low[columns], high[columns])
            )
        failed = highspy.HighsStatus.kError
        return failed if failed in statuses else highspy.HighsStatus.kOk


# --- convex quadratic, step by step: OSQP ---------------------------------------------------------
OSQP_STATUS: dict[int, Status] = {
    osqp.SolverStatus.OSQP_PRIMAL_INFEASIBLE: "infeasible",
    osqp.SolverStatus.OSQP_DUAL_INFEASIBLE: "unbounded",
    osqp.SolverStatus.OSQP_PRIMAL_INFEASIBLE_INACCURATE: "inaccurate",
    osqp.SolverStatus.OSQP_DUAL_INFEASIBLE_INACCURATE: "inaccurate",
}
STEP = {"scaling": 0, "adaptive_rho_interval": 20, "check_termination": 10, "max_iter": 50}


class MergedRows:
    """The rows of a program for OSQP, which knows no limits of columns.

    First the rows with two columns or more, then one row for each column that has limits, be they
    the column's own or stated as rows with this one column.
    """

    def __init__(self, program: Program):
        rows = sparse.csr_matrix(program.matrix)
        rows.eliminate_zeros()
        self.single = np.diff(rows.indptr) == 1
        self.column = rows[self.single].indices
        self.factor = rows[self.single].data
        limited = np.isfinite(program.column_low) | np.isfinite(program.column_high)
        limited[self.column] = True
        self.limited = np.flatnonzero(limited)
        own_rows = sparse.eye(rows.shape[1], format="csr")[self.limited]
        self.matrix = by_columns(sparse.vstack([rows[~self.single], own_rows]))

    def fits(self, program: Program) -> bool:
        """False if a column has limits now and had none."""
        limited = np.isfinite(program.column_low) | np.isfinite(program.column_high)
        limited[self.limited] = False
        return not limited.any()

    def limits(self, program: Program) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limits of the merged rows."""
        low = program.column_low.copy()
        high = program.column_high.copy()
        ends = np.column_stack([program.row_low[self.single], program.row_high[self.single]])
        ends = np.sort(ends / self.factor[:, None], axis=1)  # a negative factor swaps the two
        np.maximum.at(low, self.column, ends[:, 0])
        np.minimum.at(high, self.column, ends[:, 1])
        lower = np.concatenate([program.row_low[~self.single], low[self.limited]])
        upper = np.concatenate([program.row_high[~self.single], high[self.limited]])
        return lower, upper


class WarmQuadratic:
    """Steps of an iterative method: convex quadratic programs, one after the other, with OSQP.

    A step is stopped after a few dozen of OSQP's iterations and continued from there by the next
    one, so its answer may be inexact; what the method ends with must be proven otherwise. Linear
    cost, limits and the entries of the quadratic cost are changed in place.

    accuracy: absolute and relative, of a step that ends before its iterations do.
    name: for the sentences of refusals.
    options: OSQP's own, such as `max_iter`.
    """

    def __init__(self, accuracy: float = 1e-4, name: str = "model", **options: float | bool):
        self.name = name
        self._options = STEP | {"eps_abs": accuracy, "eps_rel": accuracy} | options
        self._told: Program | None = None

    def step(self, program: Program) -> np.ndarray:
        """A point near the best one, x `(columns,)`.

        Raises NotSolved: infeasible, unbounded, inaccurate, unsuitable (whole numbers) or failed.
        """
        if program.whole.any():
            raise NotSolved(f"{self.name}: osqp does not take whole numbers", "unsuitable")
        refuse_nan(program, self.name)
        self._tell(program)
        answer = self._osqp.solve(raise_error=False)
        reason = OSQP_STATUS.get(answer.info.status_val, "failed")
        if reason in ("infeasible", "unbounded") or not np.isfinite(answer.x).all():
            raise NotSolved(f"{self.name}: osqp says {answer.info.status}", reason)
        return answer.x  # also where the step was stopped: the next one goes on

    def _tell(self, program: Program) -> None:
        """Tells the solver what differs from the last program."""
        last = self._told
        self._told = None  # known again when all is told
        if last is None or not self._same_shape(last, program):
            self._set_up(program)
        else:
            self._change(last, program)
        self._told = program

    def _same_shape(self, last: Program, program: Program) -> bool:
        """True if the same solver can go on: same rows, same places in the quadratic cost."""
        same_places = same_array(last.quadratic.indices, program.quadratic.indices)
        same_places = same_places and same_array(last.quadratic.indptr, program.quadratic.indptr)
        return same_places and same_matrix(last.matrix, program.matrix) and self._rows.fits(program)

    def _set_up(self, program: Program) -> None:
        """A new solver for this program."""
        quadratic = by_columns(program.quadratic)
        column = np.repeat(np.arange(quadratic.shape[1]), np.diff(quadratic.indptr))
        self._upper = quadratic.indices <= column  # OSQP takes the upper triangle
        places = (quadratic.indices[self._upper], column[self._upper])
        triangle = by_columns(
            sparse.csc_matrix((quadratic.data[self._upper], places), quadratic.shape)
        )
        self._rows = MergedRows(program)
        lower, upper = self._limits(program)
        self._osqp = osqp.OSQP()
        self._osqp.setup(
            triangle,
            program.linear,
            self._rows.matrix,
            lower,
            upper,
            verbose=False,
            warm_starting=True,
            **self._options,
        )

    def _change(self, last: Program, program: Program) -> None:
        """Changes costs and limits in place."""
        if not same_array(last.linear, program.linear):
            self._osqp.update(q=program.linear)
        if not same_array(last.quadratic.data, program.quadratic.data):
            self._osqp.update(Px=by_columns(program.quadratic).data[self._upper])
        limits = ("row_low", "row_high", "column_low", "column_high")
        if not all(same_array(getattr(last, name), getattr(program, name)) for name in limits):
            lower, upper = self._limits(program)
            self._osqp.update(l=lower, u=upper)

    def _limits(self, program: Program) -> tuple[np.ndarray, np.ndarray]:
        """The merged rows' limits. Raises NotSolved if two of them contradict each other."""
        lower, upper = self._rows.limits(program)
        if (lower > upper).any():
            raise NotSolved(
                f"{self.name}: infeasible (limits on one variable contradict each other)",
                "infeasible",
            )
        return lower, upper


# --- convex quadratic, once and exactly: Clarabel -------------------------------------------------
CLARABEL_STATUS: dict[clarabel.SolverStatus, Status] = {
    clarabel.SolverStatus.PrimalInfeasible: "infeasible",
    clarabel.SolverStatus.DualInfeasible: "unbounded",
    clarabel.SolverStatus.AlmostSolved: "inaccurate",
    clarabel.SolverStatus.AlmostPrimalInfeasible: "inaccurate",
    clarabel.SolverStatus.AlmostDualInfeasible: "inaccurate",
    clarabel.SolverStatus.InsufficientProgress: "inaccurate",
    clarabel.SolverStatus.MaxIterations: "limit",
    clarabel.SolverStatus.MaxTime: "limit",
}


def solve_quadratic(program: Program, name: str = "model", **options: float) -> Point:
    """The best point of a convex quadratic program, by the interior-point method Clarabel.

    It starts anew each time. Where the first of `solvers.ACCURACIES` is not reached, the next one
    is tried.

    options: Clarabel's own, such as `max_iter`.
    Raises NotSolved: infeasible, unbounded, inaccurate, limit, unsuitable (whole numbers) or
    failed.
    """
    if program.whole.any():
        raise NotSolved(f"{name}: clarabel does not take whole numbers", "unsuitable")
    refuse_nan(program, name)
    sides = OneSided(program)
    started = time.perf_counter()
    for accuracy in ACCURACIES["clarabel"]:
        asked = dict.fromkeys(OPTIONS["clarabel"], accuracy) | options
        answer = ask_clarabel(program, sides, asked)
        if CLARABEL_STATUS.get(answer.status) != "inaccurate":
            break
    seconds = time.perf_counter() - started
    if answer.status != clarabel.SolverStatus.Solved:
        reason = CLARABEL_STATUS.get(answer.status, "failed")
        if reason == "unbounded":  # or without a solution at all
            alone = ask_clarabel(program.without_objective(), sides, options)
            solvable = alone.status == clarabel.SolverStatus.Solved
            reason = "unbounded" if solvable else CLARABEL_STATUS.get(alone.status, "failed")
        said = reason if reason in ("infeasible", "unbounded") else str(answer.status)
        raise NotSolved(f"{name}: clarabel {in_words(said, reason, accuracy)}", reason)
    x = np.array(answer.x)
    multipliers = sides.multipliers(np.array(answer.z))
    return Point(x, program.objective(x), multipliers, seconds, accuracy)


class OneSided:
    """The limits of a program's rows and columns as equations and upper limits, in this order.

    matrix: sparse, a row per limit.
    right: what a row must equal or not exceed.
    equations: how many come first.
    """

    def __init__(self, program: Program):
        rows, columns = program.matrix.shape
        everything = sparse.vstack([program.matrix, sparse.eye(columns)], format="csr")
        low = np.concatenate([program.row_low, program.column_low])
        high = np.concatenate([program.row_high, program.column_high])
        equal = low == high
        above = np.isfinite(high) & ~equal
        below = np.isfinite(low) & ~equal
        identity = sparse.identity(rows + columns, format="csr")
        self._choice = sparse.vstack(
            [identity[equal], identity[above], -identity[below]], format="csr"
        )
        self._rows = rows
        self.matrix = by_columns(self._choice @ everything)
        self.right = np.concatenate([high[equal], high[above], -low[below]])
        self.equations = int(equal.sum())

    def multipliers(self, dual: np.ndarray) -> np.ndarray:
        """The multipliers of the program's rows from those of the limits."""
        return (self._choice.T @ dual)[: self._rows]


def ask_clarabel(
    program: Program, sides: OneSided, options: dict[str, float]
) -> clarabel.DefaultSolution:
    """Clarabel's answer as it is."""
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.time_limit = time_limit()
    for option, value in options.items():
        setattr(settings, option, value)
    limits = len(sides.right) - sides.equations
    cones = [clarabel.ZeroConeT(sides.equations), clarabel.NonnegativeConeT(limits)]
    triangle = by_columns(sparse.triu(program.quadratic))
    asked = clarabel.DefaultSolver(
        triangle, program.linear, sides.matrix, sides.right, cones, settings
    )
    return asked.solve()
