"""A convex problem stated once with cvxpy, as matrices, to be solved again and again.

cvxpy needs most of a small problem's time to translate it. Here it translates once. What changes
from one solve to the next is a `cp.Parameter`, or a number of the matrices themselves. This is the
only module that knows how cvxpy keeps its matrices.

A cost of 2 yuan/kWh for a purchase that covers a load of 5 kW, then of 7 kW:

    >>> import cvxpy as cp
    >>> load = cp.Parameter(3, value=[5.0, 5.0, 5.0])
    >>> buy = cp.Variable(3, nonneg=True)
    >>> balance = buy == load
    >>> compiled = Compiled(2 * cp.sum(buy), [balance], "purchase")
    >>> compiled.solve().value
    30.0
    >>> load.value = [7.0, 5.0, 5.0]
    >>> answer = compiled.solve()  # warm: the model is still in the solver
    >>> answer.value
    34.0

Values of variables and expressions, and multipliers with cvxpy's sign; `fill` writes all of them
into cvxpy's own variables and constraints:

    >>> answer.of(buy).round(6).tolist()
    [7.0, 5.0, 5.0]
    >>> answer.of(cp.sum(buy) - load[0]).round(6).item()
    10.0
    >>> answer.dual(balance).round(6).tolist()
    [-2.0, -2.0, -2.0]
    >>> answer.fill()
    >>> buy.value.round(6).tolist()
    [7.0, 5.0, 5.0]

The matrices, at the parameters' values now, and where the entries of a variable and of a constraint
stand in them:

    >>> program = compiled.program()
    >>> program.matrix.toarray()[compiled.rows(balance)][:, compiled.columns(buy)].tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> program.row_high.tolist()
    [7.0, 5.0, 5.0]

Indices have the shape of what they belong to, so nobody needs to know that entries stand column by
column: `x[compiled.columns(trade)]` is the trade `(steps, partners)` in a vector x of all columns.

To change other numbers, change the program and give it to a solver of `warm.py`:

    >>> from dataclasses import replace
    >>> from vppcore.warm import WarmLinear
    >>> solver = WarmLinear("purchase with a dearer last step")
    >>> solver.solve(program).value
    34.0
    >>> dearer = program.linear.copy()
    >>> dearer[compiled.columns(buy)[-1]] += 1.0
    >>> solver.solve(replace(program, linear=dearer)).value
    39.0

Where thousands of steps change a few numbers, as in a negotiation, this is quicker than a
parameter.

How the matrices depend on the parameters is data too: `compiled.maps`. Some variables can be moved
to the right side, to be given instead of found: `compiled.split`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version

import cvxpy as cp
import numpy as np
from cvxpy.constraints import Zero
from cvxpy.reductions.dcp2cone.cone_matrix_stuffing import ConeMatrixStuffing
from cvxpy.reductions.solution import Solution
from cvxpy.reductions.solvers.qp_solvers.qp_solver import QpSolver
from cvxpy.utilities.coeff_extractor import CoeffExtractor
from scipy import sparse

from vppcore.errors import NotSolved, WrongInput
from vppcore.solvers import (
    OPTIONS,
    SOLVERS,
    Solved,
    check_solver_name,
    choose,
    kind_of,
    large_linear,
)
from vppcore.solvers import solve as solve_by_cvxpy
from vppcore.warm import Point, Program, WarmLinear, by_columns, solve_quadratic

Values = np.ndarray | float | list


# --- how numbers depend on parameters -------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class AffineMap:
    """Numbers that depend on the parameters affinely: base + slopes @ parameters.

    base: `(numbers,)`.
    slopes: `(numbers, parameters)`, sparse.
    """

    base: np.ndarray
    slopes: sparse.csr_matrix

    @classmethod
    def of(cls, table: sparse.spmatrix, sign: np.ndarray | float = 1.0) -> AffineMap:
        """From cvxpy's table, in which the last column is the base; each number times its sign."""
        table = sparse.csr_matrix(table)
        signs = sparse.diags(np.broadcast_to(sign, table.shape[0]))
        slopes = sparse.csr_matrix(signs @ table[:, :-1])
        slopes.eliminate_zeros()
        return cls(sign * table[:, -1].toarray().ravel(), slopes)

    def at(self, parameters: np.ndarray) -> np.ndarray:
        """The numbers at these parameters; always the same array where no parameter matters."""
        return self.base + self.slopes @ parameters if self.slopes.nnz else self.base


@dataclass(frozen=True, eq=False)
class MatrixMap:
    """A sparse matrix whose entries depend on the parameters affinely and keep their places.

    shape: (rows, columns).
    row, column: of each entry, `(entries,)`, column after column.
    entries: their numbers.
    """

    shape: tuple[int, int]
    row: np.ndarray
    column: np.ndarray
    entries: AffineMap

    @classmethod
    def of(cls, table: sparse.coo_matrix, shape: tuple[int, int], sign: Values = 1.0) -> MatrixMap:
        """From cvxpy's table, which has a row for each place of the matrix, column after column.

        sign: one factor or one for each row of the matrix.
        """
        filled = table.data != 0
        places, entry = np.unique(table.row[filled], return_inverse=True)
        column, row = np.divmod(places, max(1, shape[0]))
        short = sparse.coo_matrix(
            (table.data[filled], (entry, table.col[filled])), (len(places), table.shape[1])
        )
        signs = np.broadcast_to(sign, shape[0])[row]
        return cls(shape, row.astype(np.int32), column.astype(np.int32), AffineMap.of(short, signs))

    def at(self, parameters: np.ndarray) -> sparse.csc_matrix:
        """The matrix at these parameters; always the same object where no parameter matters."""
        return (
            self._with(self.entries.at(parameters)) if self.entries.slopes.nnz else self._constant
        )

    @cached_property
    def _constant(self) -> sparse.csc_matrix:
        return self._with(self.entries.base)

    @cached_property
    def _starts(self) -> np.ndarray:
        counts = np.bincount(self.column, minlength=self.shape[1])
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def _with(self, numbers: np.ndarray) -> sparse.csc_matrix:
        return sparse.csc_matrix((numbers, self.row, self._starts), shape=self.shape)


@dataclass(frozen=True, eq=False)
class ProgramMaps:
    """How each piece of a `Program` depends on the parameters; whole does not.

    right: `(rows,)`, what an equation's row must equal and an inequality's row must not exceed.
    equation: `(rows,)`, true where a row is an equation.
    """

    quadratic: MatrixMap
    linear: AffineMap
    constant: AffineMap
    matrix: MatrixMap
    right: AffineMap
    equation: np.ndarray
    column_low: AffineMap
    column_high: AffineMap
    whole: np.ndarray

    def at(self, parameters: np.ndarray) -> Program:
        """The program at these parameters `(parameters,)`."""
        right = self.right.at(parameters)
        return Program(
            quadratic=self.quadratic.at(parameters),
            linear=self.linear.at(parameters),
            constant=float(self.constant.at(parameters)[0]),
            matrix=self.matrix.at(parameters),
            row_low=np.where(self.equation, right, -np.inf),
            row_high=right,
            column_low=self.column_low.at(parameters),
            column_high=self.column_high.at(parameters),
            whole=self.whole,
        )


# --- from cvxpy -----------------------------------------------------------------------------------
class Matrices(QpSolver):
    """To cvxpy a solver like any other, which only keeps what a solver would be given."""

    MIP_CAPABLE = True
    BOUNDED_VARIABLES = True

    def name(self) -> str:
        """A name that no solver of cvxpy has."""
        return "MATRICES"

    def import_solver(self) -> None:
        """Nothing to import."""

    def cite(self, data: dict) -> str:
        """Nothing to cite."""
        return ""

    def apply(self, problem):
        """The matrices of all parameters, as cvxpy keeps them."""
        return {cp.settings.PARAM_PROB: problem}, {}

    def invert(self, solution: Solution, inverse_data) -> Solution:
        """A solution is found elsewhere."""
        return solution

    def solve_via_data(self, data, warm_start, verbose, solver_opts, solver_cache=None):
        """Not used."""
        raise NotImplementedError("Matrices solves nothing")


def check_problem(problem: cp.Problem, name: str) -> None:
    """Refuses what cannot become matrices.

    Raises WrongInput for a problem that is not convex, in which a parameter does not enter affinely
    (not DPP), or that has no variable; NotSolved for one that is neither linear nor quadratic.
    """
    if not problem.variables():
        raise WrongInput(f"{name}: found no variable; allowed: a problem with at least one")
    pieces = [problem.objective, *problem.constraints]
    curved = [str(piece) for piece in pieces if not piece.is_dcp()]
    if curved:
        raise WrongInput(
            f"{name}: found {curved[0][:200]}, which is not convex; "
            "allowed: convex costs and limits"
        )
    tangled = [str(piece) for piece in pieces if not piece.is_dcp(dpp=True)]
    if tangled:
        raise WrongInput(
            f"{name}: found {tangled[0][:200]}, where a parameter does not enter affinely; "
            "allowed: sums of parameters and of parameters times variables"
        )
    shaped = [
        str(parameter) for parameter in problem.parameters() if parameter._has_dim_reducing_attr
    ]
    if shaped:
        raise WrongInput(
            f"{name}: found the parameter {shaped[0]}, diagonal, symmetric or sparse; "
            "allowed: a plain one"
        )
    if "conic" in kind_of(problem):
        raise NotSolved(
            f"{name}: found a conic problem; allowed: linear and convex quadratic ones",
            "unsuitable",
        )


def read_maps(stuffed) -> ProgramMaps:
    """The maps of a problem from what cvxpy keeps of it.

    That is cost x.P x / 2 + q.x + d and rows A x + b, which are 0 first and 0 or more then.
    """
    columns = stuffed.x.size
    rows = stuffed.constr_size
    equation = np.arange(rows) < stuffed.cone_dims.zero
    sign = np.where(equation, 1.0, -1.0)  # A x = -b, and -A x <= b
    matrix, right = parted(stuffed.A, rows * columns)
    cost = sparse.csr_matrix(stuffed.q)
    whole = np.zeros(columns, bool)
    whole[[place[0] for place in [*stuffed.x.boolean_idx, *stuffed.x.integer_idx]]] = True
    column_low, column_high = column_limits(stuffed)
    return ProgramMaps(
        quadratic=MatrixMap.of(sparse.coo_matrix(stuffed.P), (columns, columns)),
        linear=AffineMap.of(cost[:columns]),
        constant=AffineMap.of(cost[columns:]),
        matrix=MatrixMap.of(matrix, (rows, columns), sign),
        right=AffineMap.of(right, -sign),
        equation=equation,
        column_low=column_low,
        column_high=column_high,
        whole=whole,
    )


def parted(table: sparse.spmatrix, first: int) -> tuple[sparse.coo_matrix, sparse.coo_matrix]:
    """The first rows of a table, and the rest.

    Only its entries are looked at: it has a row for every place of a matrix, nearly all empty.
    """
    flat = sparse.coo_matrix(table)
    rows, columns = flat.shape
    early = flat.row < first
    above = (flat.data[early], (flat.row[early], flat.col[early]))
    below = (flat.data[~early], (flat.row[~early] - first, flat.col[~early]))
    return (
        sparse.coo_matrix(above, (first, columns)),
        sparse.coo_matrix(below, (rows - first, columns)),
    )


def column_limits(stuffed) -> tuple[AffineMap, AffineMap]:
    """The maps of the columns' lower and upper limits, 0 and 1 for a boolean."""
    columns = stuffed.x.size
    none = sparse.csr_matrix((columns, stuffed.total_param_size))
    pieces = (
        (stuffed.lb_tensor, stuffed.lower_bounds, -np.inf, np.maximum, 0.0),
        (stuffed.ub_tensor, stuffed.upper_bounds, np.inf, np.minimum, 1.0),
    )
    boolean = [place[0] for place in stuffed.x.boolean_idx]
    maps = []
    for table, numbers, absent, narrower, end in pieces:
        if table is not None:
            limit = AffineMap.of(table)
        else:
            limit = AffineMap(
                np.full(columns, absent) if numbers is None else np.array(numbers, float), none
            )
        limit.base[boolean] = narrower(limit.base[boolean], end)
        maps.append(limit)
    return maps[0], maps[1]


@dataclass(frozen=True, eq=False)
class Block:
    """Neighbouring rows that come from one constraint.

    constraint: as it was stated; None for rows that cvxpy adds for maxima and absolute values.
    rows: their range.
    """

    constraint: cp.Constraint | None
    rows: range

    @property
    def name(self) -> str:
        """The constraint's label (`constraint.set_label("balance")`), else its text; "auxiliary"
        without a constraint."""
        if self.constraint is None:
            return "auxiliary"
        return self.constraint.label or str(self.constraint)


def checked(parameter: cp.Parameter, value: Values | None, name: str) -> np.ndarray:
    """A parameter's value as an array. Raises WrongInput for none, a wrong shape or sign, nan."""
    if value is None:
        raise WrongInput(f"{name}: found no value of the parameter {parameter}; allowed: numbers")
    numbers = np.asarray(value, float)
    if numbers.shape not in ((), parameter.shape):
        raise WrongInput(
            f"{name}: found {numbers.shape} numbers for the parameter {parameter}; "
            f"allowed: {parameter.shape}"
        )
    if not np.isfinite(numbers).all():
        raise WrongInput(
            f"{name}: found a value of the parameter {parameter} that is not finite; "
            "allowed: finite numbers"
        )
    if (parameter.is_nonneg() and (numbers < 0).any()) or (
        parameter.is_nonpos() and (numbers > 0).any()
    ):
        raise WrongInput(
            f"{name}: found {numbers} for the parameter {parameter}; "
            "allowed: the sign it was declared with"
        )
    return numbers


class Compiled:
    """A problem stated once, ready to be solved for many values of its parameters.

    objective: an expression to be minimised, or `cp.Minimize`, `cp.Maximize`.
    constraints: of cvxpy.
    name: for the sentences of refusals.
    Raises WrongInput for a problem that is not convex or in which a parameter does not enter
    affinely (not DPP); NotSolved for one that is neither linear nor quadratic.

    problem: as cvxpy has it.
    kind: "linear", "quadratic", "mixed-integer linear" or "mixed-integer quadratic".
    maps: how the matrices depend on the parameters, `ProgramMaps`; a problem to be maximised is
        kept
        as the minimum of its negative.
    blocks: the constraints that rows come from, in the order of rows.
    parameters: in the order of the vector that `maps` takes.
    """

    def __init__(self, objective, constraints: Iterable = (), name: str = "model"):
        self.name = name
        stated = isinstance(objective, cp.Minimize | cp.Maximize)
        self.problem = cp.Problem(
            objective if stated else cp.Minimize(objective), list(constraints)
        )
        check_problem(self.problem, name)
        self.kind = kind_of(self.problem)
        self._sign = -1.0 if isinstance(self.problem.objective, cp.Maximize) else 1.0
        data, self._chain, self._inverse = self.problem.get_problem_data(Matrices())
        stuffed = data[cp.settings.PARAM_PROB]
        self.maps = read_maps(stuffed)
        self.parameters = [
            stuffed.id_to_param[key]
            for key in stuffed.param_id_to_col
            if key in stuffed.id_to_param
        ]
        self.blocks = self._read_blocks(stuffed)
        self._stuffed = stuffed
        self._column_of = dict(stuffed.var_id_to_col)

    def _read_blocks(self, stuffed) -> list[Block]:
        """The rows' constraints; keeps where each constraint starts."""
        translated = self._chain.compose_constr_id_map()
        stated = {translated.get(row.id, row.id): row for row in self.problem.constraints}
        blocks = []
        first = 0
        self._row_of = {}
        ordered = sorted(stuffed.constraints, key=lambda row: not isinstance(row, Zero))
        for row in ordered:
            blocks.append(Block(stated.get(row.id), range(first, first + row.size)))
            self._row_of[row.id] = first
            first += row.size
        self._row_id = {row.id: translated.get(row.id, row.id) for row in self.problem.constraints}
        return blocks

    # --- where things stand ---
    def columns(self, variable: cp.Variable) -> np.ndarray:
        """The columns of a variable's entries, in the variable's shape.

        Raises WrongInput for a variable that the problem lacks or that has no columns of its own.
        """
        first = self._column_of.get(variable.id)
        known = self._stuffed.id_to_var.get(variable.id)
        if first is None or known is None or known.size != variable.size:
            raise WrongInput(
                f"{self.name}: found the variable {variable}; "
                "allowed: plain variables of this problem"
            )
        return np.arange(first, first + variable.size).reshape(variable.shape, order="F")

    def rows(self, constraint: cp.Constraint) -> np.ndarray:
        """The rows of a constraint's entries, in the constraint's shape.

        Raises WrongInput for a constraint that the problem lacks.
        """
        key = self._row_id.get(constraint.id)
        if key is None:
            raise WrongInput(
                f"{self.name}: found {constraint}; allowed: constraints of this problem"
            )
        first = self._row_of.get(key, 0)  # a constraint without entries has no rows
        return np.arange(first, first + constraint.size).reshape(constraint.shape, order="F")

    def places(self, parameter: cp.Parameter) -> np.ndarray:
        """Where a parameter's entries stand in the vector of all, in the parameter's shape."""
        first = self._stuffed.param_id_to_col.get(parameter.id)
        if first is None:
            raise WrongInput(
                f"{self.name}: found the parameter {parameter}; allowed: parameters of this problem"
            )
        return np.arange(first, first + parameter.size).reshape(parameter.shape, order="F")

    # --- numbers ---
    def parameter_vector(self, values: Mapping[cp.Parameter, Values] | None = None) -> np.ndarray:
        """All parameters' values in one vector, those of `values` in place of their own.

        Raises WrongInput for a parameter without a value or with one that is not a number.
        """
        given = {} if values is None else values
        for parameter in given:
            self.places(parameter)  # refuses one that the problem lacks
        vector = np.zeros(self._stuffed.total_param_size)
        for parameter in self.parameters:
            value = given.get(parameter, parameter.value)
            vector[self.places(parameter)] = checked(parameter, value, self.name)
        return vector

    def program(self, values: Mapping[cp.Parameter, Values] | None = None) -> Program:
        """The matrices at the parameters' values; `values` stand in for some of them."""
        return self.maps.at(self.parameter_vector(values))

    def split(
        self, variables: Iterable[cp.Variable], values: Mapping[cp.Parameter, Values] | None = None
    ) -> Split:
        """The problem with some variables to be given instead of found: see `Split`."""
        return Split(self, tuple(variables), self.program(values))

    def readout(self, expression: cp.Expression) -> Readout:
        """An affine expression of this problem, to be evaluated at many points."""
        return Readout(self, expression)

    # --- solving ---
    def solve(self, solver: str = "auto", name: str = "") -> Answer:
        """The optimum at the parameters' values now, by the policy of `solvers.py`.

        A linear problem below `solvers.LARGE` columns stays in HiGHS and goes on from its last
        solution; other solvers start anew, but from the matrices that are there.

        solver: "auto" or one of `solvers.SOLVERS`.
        name: in place of the problem's own in the sentence of a refusal.
        Raises NotSolved with its status, WrongInput for an unknown solver.
        """
        name = name or self.name
        chosen = self._solver(solver)
        if solver == "auto" and self.kind == "linear" and chosen != "highs":
            return large_linear(lambda one: self.solve(one, name), chosen)
        parameters = self.parameter_vector()
        if chosen == "cvxpy":
            return self._by_cvxpy(solver, parameters, name)
        program = self.maps.at(parameters)
        if chosen == "highs":
            point = self._warm.solve(program, name)
        else:
            point = solve_quadratic(program, name)
        return self._answer(chosen, parameters, point)

    def value(self, solver: str = "auto", name: str = "") -> float:
        """The optimal value alone, for where hundreds are asked for; see `solve`."""
        if self._solver(solver) != "highs":
            return self.solve(solver, name).value
        return self._sign * self._warm.value(self.program(), name)

    def _solver(self, solver: str) -> str:
        """The solver to be used, "cvxpy" where it is not one that this module speaks to."""
        check_solver_name(solver)
        rows, columns = self.maps.matrix.shape
        chosen = choose(self.kind, columns, rows) if solver == "auto" else solver
        if chosen == "highs" and "quadratic" not in self.kind:
            return chosen
        if chosen == "clarabel" and "mixed-integer" not in self.kind:
            return chosen
        return "cvxpy"

    @cached_property
    def _warm(self) -> WarmLinear:
        return WarmLinear(self.name)

    def _answer(self, solver: str, parameters: np.ndarray, point: Point) -> Answer:
        """A point of the program as an answer to the problem that was stated."""
        value = self._sign * point.value
        solved = Solved(
            solver=solver,
            version=version(SOLVERS[solver][1]),
            kind=self.kind,
            variables=sum(variable.size for variable in self.problem.variables()),
            rows=sum(constraint.size for constraint in self.problem.constraints),
            seconds=point.seconds,
            value=value,
            gap=OPTIONS["highs"]["mip_rel_gap"] if "mixed-integer" in self.kind else 0.0,
            accuracy=point.accuracy,
        )
        return Answer(self, parameters, value, point.x, point.multipliers, solved)

    def _by_cvxpy(self, solver: str, parameters: np.ndarray, name: str) -> Answer:
        """The same by a solver that only cvxpy speaks to."""
        solved = solve_by_cvxpy(self.problem, solver, name)
        x = np.full(self.maps.matrix.shape[1], np.nan)
        for variable in self.problem.variables():
            x[self.columns(variable)] = variable.value
        multipliers = None
        if "mixed-integer" not in self.kind:
            multipliers = np.full(self.maps.matrix.shape[0], np.nan)
            for constraint in self.problem.constraints:
                if constraint.size:
                    multipliers[self.rows(constraint)] = constraint.dual_value
        return Answer(self, parameters, solved.value, x, multipliers, solved)

    def fill(self, x: np.ndarray, multipliers: np.ndarray | None = None) -> None:
        """Writes a point into cvxpy's variables and its multipliers into cvxpy's constraints."""
        duals = {}
        if multipliers is not None:
            for row in self._stuffed.constraints:
                first = self._row_of[row.id]
                piece = multipliers[first : first + row.size]
                duals[row.id] = piece if row.shape else float(piece[0])
        solution = Solution(cp.OPTIMAL, 0.0, {self._stuffed.x.id: x}, duals, {})
        self.problem.unpack_results(solution, self._chain, self._inverse)


@dataclass(frozen=True, eq=False)
class Answer:
    """The optimum of a compiled problem.

    parameters: the values it is the optimum for, in one vector.
    value: of the objective as it was stated.
    x: all columns; see `of` for those of a variable.
    multipliers: of all rows, with the sign of cvxpy's dual_value; None with whole numbers.
    solved: how it was found.
    Entries that cvxpy added are nan where another solver than HiGHS or Clarabel was asked for.
    """

    compiled: Compiled
    parameters: np.ndarray
    value: float
    x: np.ndarray
    multipliers: np.ndarray | None
    solved: Solved

    def of(self, expression: cp.Expression) -> np.ndarray:
        """The values of a variable, or of an affine expression, in its shape."""
        if isinstance(expression, cp.Variable):
            return self.x[self.compiled.columns(expression)]
        return self.compiled.readout(expression).at(self.x, self.parameters)

    def dual(self, constraint: cp.Constraint) -> np.ndarray:
        """The multipliers of a constraint, in its shape, as cvxpy's dual_value.

        Raises WrongInput for a problem with whole numbers.
        """
        if self.multipliers is None:
            raise WrongInput(
                f"{self.compiled.name}: no multipliers with whole numbers; fix them and solve again"
            )
        return self.multipliers[self.compiled.rows(constraint)]

    def fill(self) -> None:
        """Writes all of it into cvxpy's variables and constraints, as `problem.solve` does."""
        self.compiled.fill(self.x, self.multipliers)


class Readout:
    """An affine expression as matrices: its values are matrix @ x + offset.

    matrix: how its matrix depends on the parameters, `(entries, columns)`.
    offset: how its offset does, `(entries,)`.
    shape: of the expression.
    Raises WrongInput for an expression that is not affine, or with a variable or parameter that the
    problem lacks.
    """

    def __init__(self, compiled: Compiled, expression: cp.Expression):
        if not (expression.is_affine() and expression.is_dpp()):
            raise WrongInput(
                f"{compiled.name}: found {str(expression)[:200]}; allowed: affine expressions"
            )
        for variable in expression.variables():
            compiled.columns(variable)  # refuses one that the problem lacks
        for parameter in expression.parameters():
            compiled.places(parameter)
        kinds = [type(reduction) for reduction in compiled._chain.reductions]
        layout = compiled._inverse[kinds.index(ConeMatrixStuffing)]
        table = CoeffExtractor(layout, None).affine(expression)
        entries = expression.size
        columns = compiled.maps.matrix.shape[1]
        self.shape = expression.shape
        matrix, offset = parted(table, entries * columns)
        self.matrix = MatrixMap.of(matrix, (entries, columns))
        self.offset = AffineMap.of(offset)
        self._compiled = compiled

    def at(self, x: np.ndarray, parameters: np.ndarray | None = None) -> np.ndarray:
        """The expression's values, in its shape, at x `(columns,)` and at the parameters' values.

        parameters: the vector of all of them (`Compiled.parameter_vector`); None: their values now.
        """
        if parameters is None:
            parameters = self._compiled.parameter_vector()
        flat = self.matrix.at(parameters) @ x + self.offset.at(parameters)
        return flat.reshape(self.shape, order="F")


# --- some variables given instead of found --------------------------------------------------------
class Split:
    """A program of the columns that are left when some variables are given.

    Given variables move to the right side: row_low - moved @ given <= matrix x, and so for
    row_high.

    kept: the columns that are left.
    moved: for each given variable a matrix `(rows, entries)`, its entries column by column.
    program: with the given variables at zero.
    Raises WrongInput for a given variable that has limits of its own (state them as constraints),
    must be whole or is in the quadratic cost.
    """

    def __init__(self, compiled: Compiled, variables: tuple[cp.Variable, ...], program: Program):
        self._places = [compiled.columns(variable).ravel(order="F") for variable in variables]
        self._shapes = [variable.shape for variable in variables]
        self._columns = len(program.linear)
        given = np.concatenate([*self._places, []]).astype(int)
        for variable, places in zip(variables, self._places, strict=True):
            limited = np.isfinite(program.column_low[places]) | np.isfinite(
                program.column_high[places]
            )
            if (
                limited.any()
                or program.whole[places].any()
                or program.quadratic[:, places].count_nonzero()
            ):
                raise WrongInput(
                    f"{compiled.name}: found {variable} among the variables to be given; "
                    "allowed: free variables, without limits or a quadratic cost of their own"
                )
        self.kept = np.setdiff1d(np.arange(self._columns), given)
        self.moved = [by_columns(program.matrix[:, places]) for places in self._places]
        self._costs = [program.linear[places] for places in self._places]
        self.program = replace(
            program,
            quadratic=program.quadratic[self.kept][:, self.kept],
            linear=program.linear[self.kept],
            matrix=program.matrix[:, self.kept],
            column_low=program.column_low[self.kept],
            column_high=program.column_high[self.kept],
            whole=program.whole[self.kept],
        )

    def at(self, *given: Values) -> Program:
        """The program when the variables have these values, each in its variable's shape."""
        constant = self.program.constant
        used = np.zeros(len(self.program.row_high))
        for values, moved, costs in zip(self._flat(given), self.moved, self._costs, strict=True):
            used += moved @ values
            constant += float(costs @ values)
        row_low = self.program.row_low - used
        return replace(
            self.program, constant=constant, row_low=row_low, row_high=self.program.row_high - used
        )

    def whole_point(self, x: np.ndarray, *given: Values) -> np.ndarray:
        """All columns of the problem, from those that are left and the given ones."""
        full = np.zeros(self._columns)
        full[self.kept] = x
        for values, places in zip(self._flat(given), self._places, strict=True):
            full[places] = values
        return full

    def _flat(self, given: tuple[Values, ...]) -> list[np.ndarray]:
        """Each variable's values, column by column."""
        shaped = [
            np.broadcast_to(values, shape)
            for values, shape in zip(given, self._shapes, strict=True)
        ]
        return [values.ravel(order="F").astype(float) for values in shaped]
