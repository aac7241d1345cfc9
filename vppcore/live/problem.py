"""A linear problem whose numbers depend on a few knobs, as data for a page.

Nothing is stated twice: the problem is stated by the book's own code at some settings of the knobs,
and what differs between the statements is how its numbers depend on them. That they do so affinely
is checked at other settings; what does not can be no knob.

    minimise cost x + offset  over  column_low <= x <= column_high, row_low <= matrix x <= row_high

Units are those of the problem: yuan, kW, kWh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cvxpy as cp
import numpy as np
from cvxpy.atoms import Sum, multiply
from cvxpy.atoms.affine.add_expr import AddExpression
from cvxpy.atoms.affine.binary_operators import MulExpression
from scipy import sparse

from vppcore.compiled import Compiled, Readout
from vppcore.errors import WrongInput
from vppcore.live.reach import Intervals, reach
from vppcore.warm import Program

SAME = 1e-9  # of the largest number of its kind: two statements agree
NOISE = 1e-13  # of it: a difference that rounding makes
TRIALS = 4  # settings at which the maps are compared with the problem itself
MATRIX = "matrix"
AFFINE = "output "
ABSOLUTE = "absolute "
VECTORS = ("cost", "offset", "row_low", "row_high", "column_low", "column_high")


@dataclass(frozen=True)
class Knob:
    """A number that a reader may turn.

    name: as the parameter of the notebook is called.
    label: in words.
    unit: of the number.
    low, high, step: what a slider offers.
    usual: its value in the book.
    first: the lowest value that a slider offers; None takes `low`, from which on the data hold.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    usual: float
    first: float | None = None

    def __post_init__(self) -> None:
        """Raises WrongInput for ends that enclose nothing or leave out the usual value."""
        if not (self.low <= self.usual <= self.high and self.low < self.high and self.step > 0):
            raise WrongInput(
                f"knob {self.name}: found {self.low:g} to {self.high:g} by {self.step:g}, usually "
                f"{self.usual:g}; allowed: a range that holds the usual value, a step above zero"
            )


class Price(NamedTuple):
    """Multipliers that a page shows: what one more unit of a row's right side costs.

    rows: the constraint. factor: from its multiplier to the unit that is shown.
    """

    rows: cp.Constraint
    factor: float


class Stated(NamedTuple):
    """A problem stated at one setting of the knobs, with what a page wants to know of its solution.

    compiled: the problem.
    outputs: name -> expression of the solution: affine, hourly or a single number, or a cost that
        also has sums of absolute values.
    prices: name -> multipliers.
    """

    compiled: Compiled
    outputs: Mapping[str, cp.Expression]
    prices: Mapping[str, Price]

    def readouts(self) -> Iterator[tuple[str, Readout]]:
        """The matrices of each output: of its affine part, and of what it takes absolute values of.

        Raises WrongInput for an output that is neither.
        """
        for name, output in self.outputs.items():
            affine, absolute = parted(output)
            yield f"{AFFINE}{name}", self.compiled.readout(affine)
            if absolute is not None:
                yield f"{ABSOLUTE}{name}", self.compiled.readout(absolute)


Settings = Mapping[str, float]
State = Callable[[Settings], Stated]


# --- outputs --------------------------------------------------------------------------------------
def parted(output: cp.Expression) -> tuple[cp.Expression, cp.Expression | None]:
    """An output as an affine expression and the terms whose absolute values are added to it.

    Raises WrongInput for an output that is not of this form.

    >>> x = cp.Variable(2)
    >>> affine, absolute = parted(cp.sum(x) + 2 * cp.sum(cp.abs(x)))
    >>> x.value = np.array([-1.0, 3.0])
    >>> float(affine.value), absolute.value.tolist()
    (2.0, [-2.0, 6.0])
    """
    affine, absolute = [], []
    for factor, term in terms_of(output, 1.0):
        if term.is_affine():
            affine.append(factor * term)
        elif isinstance(term, cp.abs) and factor >= 0:
            absolute.append(factor * cp.vec(term.args[0], order="F"))
        else:
            raise WrongInput(
                f"an output: found {str(term)[:200]}; allowed: affine expressions and sums of "
                "absolute values"
            )
    whole = sum(affine, cp.Constant(np.zeros(output.shape)))
    return whole, cp.hstack(absolute) if absolute else None


def terms_of(expression: cp.Expression, factor: float) -> Iterator[tuple[float, cp.Expression]]:
    """The terms of a sum, each with the number that multiplies it."""
    if expression.is_affine():
        yield factor, expression
    elif isinstance(expression, AddExpression):
        for term in expression.args:
            yield from terms_of(term, factor)
    elif isinstance(expression, MulExpression | multiply) and expression.args[0].is_constant():
        number = np.asarray(expression.args[0].value)
        inner = expression.args[1]
        yield from terms_of(inner, factor * float(number))
    elif isinstance(expression, Sum):
        yield from terms_of(expression.args[0], factor)
    else:
        yield factor, expression


# --- the numbers of one statement -----------------------------------------------------------------
class Table(NamedTuple):
    """A sparse matrix by its entries; none stands twice.

    shape: (rows, columns). places: `(entries,)`, row * columns + column, sorted.
    values: `(entries,)`.
    """

    shape: tuple[int, int]
    places: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, matrix: sparse.spmatrix) -> Table:
        """The entries of a matrix that are not zero."""
        flat = sparse.coo_matrix(matrix)
        flat.sum_duplicates()
        filled = flat.data != 0
        places = flat.row[filled].astype(np.int64) * flat.shape[1] + flat.col[filled]
        order = np.argsort(places)
        return cls(flat.shape, places[order], flat.data[filled][order])

    def at(self, places: np.ndarray) -> np.ndarray:
        """Its entries at these places, which hold all of its own; zero elsewhere."""
        values = np.zeros(len(places))
        values[np.searchsorted(places, self.places)] = self.values
        return values


def vectors_of(stated: Stated) -> dict[str, np.ndarray]:
    """The vectors of a statement, and the offsets of its outputs."""
    program = stated.compiled.program()
    vectors = {
        "cost": program.linear,
        "offset": np.array([program.constant]),
        "row_low": program.row_low,
        "row_high": program.row_high,
        "column_low": program.column_low,
        "column_high": program.column_high,
    }
    parameters = stated.compiled.parameter_vector()
    for name, readout in stated.readouts():
        vectors[name] = readout.offset.at(parameters)
    return vectors


def tables_of(stated: Stated) -> dict[str, Table]:
    """The matrix of a statement, and those of its outputs."""
    tables = {MATRIX: Table.of(stated.compiled.program().matrix)}
    parameters = stated.compiled.parameter_vector()
    for name, readout in stated.readouts():
        tables[name] = Table.of(readout.matrix.at(parameters))
    return tables


# --- how they depend on the knobs -----------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Affine:
    """Numbers that depend on the knobs affinely.

    base: `(numbers,)`, at the usual setting; may be infinite where no knob matters.
    slopes: `(knobs, numbers)`, per unit of each knob.
    """

    base: np.ndarray
    slopes: sparse.csr_matrix

    def at(self, turned: np.ndarray) -> np.ndarray:
        """The numbers at a setting; turned: `(knobs,)`, its distance from the usual one."""
        return self.base + self.slopes.T @ turned

    def range(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Between what the numbers lie while each knob turns from `low` to `high`."""
        up, down = self.slopes.maximum(0).T, self.slopes.minimum(0).T
        return self.base + up @ low + down @ high, self.base + up @ high + down @ low

    @classmethod
    def through(cls, usual: np.ndarray, turned: Sequence[np.ndarray], by: np.ndarray) -> Affine:
        """From the numbers at the usual setting and where each knob alone is turned.

        by: `(knobs,)`, how far each was turned.
        """
        finite = np.isfinite(usual)
        scale = np.abs(usual[finite]).max(initial=1.0)
        rows = []
        for numbers in turned:
            change = np.zeros(len(usual))
            change[finite] = numbers[finite] - usual[finite]
            change[np.abs(change) <= NOISE * scale] = 0.0
            rows.append(change)
        slopes = sparse.csr_matrix(np.array(rows).reshape(len(by), -1) / by[:, None])
        return cls(usual, slopes)


@dataclass(frozen=True, eq=False)
class LiveProblem:
    """A problem with knobs, as data.

    name: for sentences and for the page.
    knobs: in the order of all slopes.
    vectors: name -> how its numbers depend on the knobs.
    tables: name -> (shape, places, how the entries at these places do).
    prices: name -> (rows, factor).
    reach: column -> the lowest and highest value that some cheapest solution has there, whatever
        the setting; for columns without an end of their own.
    """

    name: str
    knobs: tuple[Knob, ...]
    vectors: dict[str, Affine]
    tables: dict[str, tuple[tuple[int, int], np.ndarray, Affine]]
    prices: dict[str, tuple[np.ndarray, float]]
    reach: tuple[np.ndarray, np.ndarray]

    def turned(self, settings: Settings) -> np.ndarray:
        """How far each knob is from its usual value `(knobs,)`.

        Raises WrongInput for a name that no knob has.
        """
        unknown = set(settings) - {knob.name for knob in self.knobs}
        if unknown:
            raise WrongInput(
                f"{self.name}: found {', '.join(sorted(unknown))}; "
                f"allowed: {', '.join(knob.name for knob in self.knobs)}"
            )
        return np.array([settings.get(k.name, k.usual) - k.usual for k in self.knobs])

    def matrix(self, name: str, settings: Settings) -> sparse.csc_matrix:
        """One of its matrices at a setting."""
        shape, places, entries = self.tables[name]
        rows, columns = np.divmod(places, shape[1])
        values = entries.at(self.turned(settings))
        return sparse.csc_matrix((values, (rows, columns)), shape=shape)

    def program(self, settings: Settings) -> Program:
        """The problem at a setting, as the page states it."""
        turned = self.turned(settings)
        numbers = {name: self.vectors[name].at(turned) for name in VECTORS}
        columns = len(numbers["cost"])
        return Program(
            quadratic=sparse.csc_matrix((columns, columns)),
            linear=numbers["cost"],
            constant=float(numbers["offset"][0]),
            matrix=self.matrix(MATRIX, settings),
            row_low=numbers["row_low"],
            row_high=numbers["row_high"],
            column_low=numbers["column_low"],
            column_high=numbers["column_high"],
            whole=np.zeros(columns, bool),
        )

    def output(self, name: str, x: np.ndarray, settings: Settings) -> np.ndarray:
        """What a page shows under this name, at the solution x `(columns,)`."""
        values = self._readout(f"{AFFINE}{name}", x, settings)
        if f"{ABSOLUTE}{name}" in self.tables:
            values = values + np.abs(self._readout(f"{ABSOLUTE}{name}", x, settings)).sum()
        return values

    def _readout(self, name: str, x: np.ndarray, settings: Settings) -> np.ndarray:
        return self.matrix(name, settings) @ x + self.vectors[name].at(self.turned(settings))

    @property
    def outputs(self) -> list[str]:
        """The names of its outputs."""
        return [name.removeprefix(AFFINE) for name in self.tables if name.startswith(AFFINE)]


def export(name: str, knobs: Sequence[Knob], state: State) -> LiveProblem:
    """The problem with knobs as data.

    state: states it at a setting, name of knob -> value; every setting gives it the same rows and
    columns.
    Raises WrongInput for a problem that is not linear, or in which a knob does not enter affinely.
    """
    usual = {knob.name: knob.usual for knob in knobs}
    first = state(usual)
    program = first.compiled.program()
    if not program.is_linear or program.whole.any():
        raise WrongInput(f"{name}: found a {first.compiled.kind} problem; allowed: a linear one")
    turned = [state(usual | {knob.name: other_end(knob)}) for knob in knobs]
    by = np.array([other_end(knob) - knob.usual for knob in knobs])
    check_alike(name, knobs, first, turned)
    vectors = affine_vectors(first, turned, by)
    live = LiveProblem(
        name=name,
        knobs=tuple(knobs),
        vectors=vectors,
        tables=affine_tables(first, turned, by),
        prices={
            price: (np.atleast_1d(first.compiled.rows(rows)).ravel(order="F"), factor)
            for price, (rows, factor) in first.prices.items()
        },
        reach=(np.array([]), np.array([])),
    )
    for settings in trials(knobs):
        compare(live, settings, state(settings))
    return with_reach(live)


def other_end(knob: Knob) -> float:
    """The end of a knob's range that is further from its usual value."""
    return max((knob.low, knob.high), key=lambda end: abs(end - knob.usual))


def check_alike(name: str, knobs: Sequence[Knob], first: Stated, turned: Sequence[Stated]) -> None:
    """Raises WrongInput if turning a knob changes how many rows or columns there are, or which of
    their limits are finite.
    """
    usual = vectors_of(first)
    for knob, stated in zip(knobs, turned, strict=True):
        numbers = vectors_of(stated)
        for piece, values in usual.items():
            other = numbers.get(piece, np.array([]))
            if values.shape != other.shape or (np.isfinite(values) != np.isfinite(other)).any():
                raise WrongInput(
                    f"{name}: turning {knob.name} changes which limits there are ({piece}); "
                    "allowed: knobs that change numbers only"
                )


def affine_vectors(first: Stated, turned: Sequence[Stated], by: np.ndarray) -> dict[str, Affine]:
    """How each vector depends on the knobs."""
    usual = vectors_of(first)
    others = [vectors_of(stated) for stated in turned]
    return {
        name: Affine.through(values, [other[name] for other in others], by)
        for name, values in usual.items()
    }


def affine_tables(
    first: Stated, turned: Sequence[Stated], by: np.ndarray
) -> dict[str, tuple[tuple[int, int], np.ndarray, Affine]]:
    """How the entries of each matrix depend on the knobs: at all places where one ever is."""
    usual = tables_of(first)
    others = [tables_of(stated) for stated in turned]
    found = {}
    for name, table in usual.items():
        every = [table, *(other[name] for other in others)]
        places = np.unique(np.concatenate([each.places for each in every]))
        values = [each.at(places) for each in every]
        found[name] = (table.shape, places, Affine.through(values[0], values[1:], by))
    return found


# --- checks ---------------------------------------------------------------------------------------
def trials(knobs: Sequence[Knob]) -> Iterator[dict[str, float]]:
    """Settings within the ranges, the same ones every time; all knobs are turned at once."""
    random = np.random.default_rng(0)
    for _ in range(TRIALS):
        yield {knob.name: float(random.uniform(knob.low, knob.high)) for knob in knobs}


def compare(live: LiveProblem, settings: Settings, stated: Stated) -> None:
    """Raises WrongInput if the data at a setting are not the problem stated there."""
    turned = live.turned(settings)
    for name, values in vectors_of(stated).items():
        refuse_if_different(live, name, values, live.vectors[name].at(turned))
    for name, table in tables_of(stated).items():
        found = Table.of(live.matrix(name, settings))
        places = np.union1d(table.places, found.places)
        refuse_if_different(live, name, table.at(places), found.at(places))


def refuse_if_different(
    live: LiveProblem, name: str, stated: np.ndarray, found: np.ndarray
) -> None:
    """Raises WrongInput unless two vectors are equal, but for rounding."""
    finite = np.isfinite(stated)
    scale = np.abs(stated[finite]).max(initial=1.0)
    same = np.array_equal(finite, np.isfinite(found))
    if not same or np.abs(stated[finite] - found[finite]).max(initial=0.0) > SAME * scale:
        raise WrongInput(
            f"{live.name}: {name} does not depend on the knobs affinely; allowed: numbers that "
            "enter as sums, and as factors of what is decided"
        )


# --- how far columns get --------------------------------------------------------------------------
def with_reach(live: LiveProblem) -> LiveProblem:
    """The same with an end for every column, at all settings of the knobs.

    Raises WrongInput if a column may grow without end, for then no lower bound can be proved.
    """
    low = np.array([knob.low - knob.usual for knob in live.knobs])
    high = np.array([knob.high - knob.usual for knob in live.knobs])
    shape, places, entries = live.tables[MATRIX]
    ranges = {name: Intervals(*live.vectors[name].range(low, high)) for name in VECTORS}
    least, most = reach(shape, places, Intervals(*entries.range(low, high)), ranges)
    if not (np.isfinite(least).all() and np.isfinite(most).all()):
        endless = int((~np.isfinite(least) | ~np.isfinite(most)).sum())
        raise WrongInput(f"{live.name}: {endless} columns have no end; allowed: none")
    return replace(live, reach=(least, most))


# --- data -----------------------------------------------------------------------------------------
def as_data(live: LiveProblem) -> dict[str, Any]:
    """The problem as a page reads it: lists, numbers and texts alone.

    An infinite limit is None. A table has its entries by row and column.
    """
    return {
        "name": live.name,
        "knobs": [vars(knob) for knob in live.knobs],
        "vectors": {name: affine_data(numbers) for name, numbers in live.vectors.items()},
        "tables": {name: table_data(*table) for name, table in live.tables.items()},
        "prices": {
            name: {"rows": rows.tolist(), "factor": factor}
            for name, (rows, factor) in live.prices.items()
        },
        "reach": {"low": live.reach[0].tolist(), "high": live.reach[1].tolist()},
    }


def affine_data(numbers: Affine) -> dict[str, Any]:
    """How numbers depend on the knobs: `base`, and for each knob places and slopes."""
    slopes = []
    for row in numbers.slopes:
        slopes.append({"places": row.indices.tolist(), "by": row.data.tolist()})
    base = [value if np.isfinite(value) else None for value in numbers.base.tolist()]
    return {"base": base, "slopes": slopes}


def table_data(shape: tuple[int, int], places: np.ndarray, entries: Affine) -> dict[str, Any]:
    """A table: its shape, rows and columns of its entries, and how these depend on the knobs."""
    rows, columns = np.divmod(places, shape[1])
    return {
        "shape": list(shape),
        "rows": rows.tolist(),
        "columns": columns.tolist(),
        "entries": affine_data(entries),
    }


def from_data(data: Mapping[str, Any]) -> LiveProblem:
    """The problem that a page was given, to be solved here: what `as_data` wrote."""
    knobs = tuple(Knob(**knob) for knob in data["knobs"])
    vectors = {}
    for name, numbers in data["vectors"].items():
        absent = np.inf if name.endswith("_high") else -np.inf
        vectors[name] = read_affine(numbers, absent)
    tables = {}
    for name, table in data["tables"].items():
        shape = (int(table["shape"][0]), int(table["shape"][1]))
        places = np.array(table["rows"]) * shape[1] + np.array(table["columns"])
        tables[name] = (shape, places.astype(np.int64), read_affine(table["entries"], 0.0))
    prices = {
        name: (np.array(price["rows"]), float(price["factor"]))
        for name, price in data["prices"].items()
    }
    reach = (np.array(data["reach"]["low"]), np.array(data["reach"]["high"]))
    return LiveProblem(data["name"], knobs, vectors, tables, prices, reach)


def read_affine(numbers: Mapping[str, Any], absent: float) -> Affine:
    """Numbers by knob from lists; absent: what None stands for."""
    base = np.array([absent if value is None else value for value in numbers["base"]], float)
    rows = np.zeros((len(numbers["slopes"]), len(base)))
    for row, slope in zip(rows, numbers["slopes"], strict=True):
        row[slope["places"]] = slope["by"]
    return Affine(base, sparse.csr_matrix(rows))
