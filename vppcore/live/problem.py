"""A linear or convex quadratic problem whose numbers depend on a few knobs, as data for a page.

Nothing is stated twice: the problem is stated by the book's own code at some settings of the knobs,
and what differs between the statements is how its numbers depend on them: affinely, and on products
of knobs where these are named. That they do is checked at other settings; what does not can be no
knob.

    minimise cost x + offset  over  column_low <= x <= column_high, row_low <= matrix x <= row_high

Units are those of the problem: yuan, kW, kWh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from itertools import product as iter_product
from types import MappingProxyType
from typing import Any, NamedTuple

import cvxpy as cp
import numpy as np
from cvxpy.atoms import Sum, multiply
from cvxpy.atoms.affine.add_expr import AddExpression
from cvxpy.atoms.affine.binary_operators import MulExpression
from scipy import sparse

from vppcore.compiled import Compiled, Readout, Values
from vppcore.components import CARRIER_UNITS
from vppcore.errors import WrongInput
from vppcore.live.reach import Intervals, reach
from vppcore.vpp import VPP, Model
from vppcore.warm import Program

SAME = 1e-9  # of the largest number of its kind: two statements agree
NOISE = 1e-13  # of it: a difference that rounding makes
TRIALS = 4  # settings at which the maps are compared with the problem itself
MATRIX = "matrix"
QUADRATIC = "quadratic"
AFFINE = "output "
ABSOLUTE = "absolute "
LARGEST = "largest "
MOST_COLUMNS = 20_000  # a page that solves more would keep its reader waiting
KINDS = (AFFINE, ABSOLUTE, LARGEST)
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
    words: what the values low, low + 1, ... are called; empty for a number with its unit.
    by: "slider", or "view" where the drawing has a control of its own for it.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    usual: float
    first: float | None = None
    words: tuple[str, ...] = ()
    by: str = "slider"

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


class Balance(NamedTuple):
    """A balance of which a page says what it lacks where there is no solution.

    rows: of its steps; what adds to their left side is missing. unit: of the rows.
    """

    rows: cp.Constraint
    unit: str


class Stated(NamedTuple):
    """A problem stated at one setting of the knobs, with what a page wants to know of its solution.

    compiled: the problem.
    outputs: name -> expression of the solution: affine, hourly or a single number, or a cost that
        also has sums of absolute values and the largest of some terms.
    prices: name -> multipliers.
    balances: name -> balance, as "heat of VPP1".
    values: of the problem's parameters; None takes those that they have when asked. With values
        one compiled problem can be stated at many settings.
    read: `readouts()` made before, for such a problem; None makes them when asked.
    """

    compiled: Compiled
    outputs: Mapping[str, cp.Expression]
    prices: Mapping[str, Price]
    balances: Mapping[str, Balance] = MappingProxyType({})
    values: Mapping[cp.Parameter, Values] | None = None
    read: Mapping[str, Readout] | None = None

    def program(self) -> Program:
        """Its matrices."""
        return self.compiled.program(self.values)

    def readouts(self) -> Iterator[tuple[str, Readout]]:
        """The matrices of each output by its pieces, see `Pieces`.

        Raises WrongInput for an output that is not of this form.
        """
        if self.read is not None:
            yield from self.read.items()
            return
        for name, output in self.outputs.items():
            pieces = parted(output)
            for kind, terms in zip(KINDS, pieces, strict=True):
                if terms is not None:
                    yield f"{kind}{name}", self.compiled.readout(terms)


def horizon_of(vpp: VPP) -> dict[str, float]:
    """What a page must know of time: `steps`, and `step_hours`, how long each is."""
    return {"steps": vpp.steps, "step_hours": vpp.step_hours}


Settings = Mapping[str, float]
Term = tuple[int, ...]  # places of knobs that multiply each other
Terms = tuple[Term, ...]
State = Callable[[Settings], Stated]


# --- outputs --------------------------------------------------------------------------------------
class Pieces(NamedTuple):
    """An output is the sum of an affine expression, of absolute values, and of the largest of some
    terms; what is not there is None.
    """

    affine: cp.Expression
    absolute: cp.Expression | None
    largest: cp.Expression | None


def parted(output: cp.Expression) -> Pieces:
    """The pieces of an output. Raises WrongInput for an output that has others.

    >>> x = cp.Variable(2)
    >>> pieces = parted(cp.sum(x) + 2 * cp.sum(cp.abs(x)) + cp.max(x))
    >>> x.value = np.array([-1.0, 3.0])
    >>> float(pieces.affine.value), pieces.absolute.value.tolist(), pieces.largest.value.tolist()
    (2.0, [-2.0, 6.0], [-1.0, 3.0])
    """
    affine: list[cp.Expression] = []
    absolute: list[cp.Expression] = []
    largest: list[cp.Expression] = []
    for factor, term in terms_of(output, 1.0):
        if term.is_affine():
            affine.append(factor * term)
        elif isinstance(term, cp.abs) and factor >= 0:
            absolute.append(factor * cp.vec(term.args[0], order="F"))
        elif isinstance(term, cp.max) and factor >= 0 and not largest:
            largest.append(factor * cp.vec(term.args[0], order="F"))
        else:
            raise WrongInput(
                f"an output: found {str(term)[:200]}; allowed: affine expressions, sums of "
                "absolute values and the largest of some terms, once"
            )
    whole = sum(affine, cp.Constant(np.zeros(output.shape)))
    joined = [cp.hstack(terms) if terms else None for terms in (absolute, largest)]
    return Pieces(whole, *joined)


def terms_of(expression: cp.Expression, factor: float) -> Iterator[tuple[float, cp.Expression]]:
    """The terms of a sum, each with the number that multiplies it; none that zero multiplies.

    cvxpy calls zero times anything affine, but cannot write it as a matrix.

    >>> x = cp.Variable(2)
    >>> [str(term)[:3] for _, term in terms_of(cp.sum(x) + 0.0 * cp.sum(cp.abs(x)), 1.0)]
    ['Sum']
    """
    if expression.is_affine() and not {cp.abs, cp.max} & set(expression.atoms()):
        yield factor, expression
    elif isinstance(expression, AddExpression):
        for term in expression.args:
            yield from terms_of(term, factor)
    elif isinstance(expression, MulExpression | multiply) and expression.args[0].is_constant():
        number = np.asarray(expression.args[0].value)
        inner = expression.args[1]
        if number.any():
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
    program = stated.program()
    vectors = {
        "cost": program.linear,
        "offset": np.array([program.constant]),
        "row_low": program.row_low,
        "row_high": program.row_high,
        "column_low": program.column_low,
        "column_high": program.column_high,
    }
    parameters = stated.compiled.parameter_vector(stated.values)
    for name, readout in stated.readouts():
        vectors[name] = readout.offset.at(parameters)
    return vectors


def tables_of(stated: Stated) -> dict[str, Table]:
    """The matrix of a statement, that of its quadratic cost, and those of its outputs."""
    program = stated.program()
    tables = {MATRIX: Table.of(program.matrix), QUADRATIC: Table.of(program.quadratic)}
    parameters = stated.compiled.parameter_vector(stated.values)
    for name, readout in stated.readouts():
        tables[name] = Table.of(readout.matrix.at(parameters))
    return tables


# --- how they depend on the knobs -----------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Affine:
    """Numbers that depend on the knobs, each by itself and in products.

    base: `(numbers,)`, at the usual setting; may be infinite where no knob matters.
    slopes: `(terms, numbers)`, per unit of each term.
    """

    base: np.ndarray
    slopes: sparse.csr_matrix

    def at(self, turned: np.ndarray) -> np.ndarray:
        """The numbers at a setting; turned: `(terms,)`, its distance from the usual one."""
        return self.base + self.slopes.T @ turned

    def range(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Between what the numbers lie while each term goes from `low` to `high`."""
        up, down = self.slopes.maximum(0).T, self.slopes.minimum(0).T
        return self.base + up @ low + down @ high, self.base + up @ high + down @ low

    @classmethod
    def through(cls, at: Mapping[Term, np.ndarray], by: np.ndarray, terms: Terms) -> Affine:
        """From the numbers at the usual setting, `()`, and where the knobs of a term are turned.

        at: set of knobs that are turned -> the numbers there. by: `(knobs,)`, how far.
        """
        usual = at[()]
        finite = np.isfinite(usual)
        scale = np.abs(usual[finite]).max(initial=1.0)
        rows = []
        for term in terms:
            change = np.zeros(len(usual))
            for part in subsets(term):  # what is left when all smaller terms are taken out
                sign = (-1) ** (len(term) - len(part))
                change[finite] += sign * at[part][finite]
            change[np.abs(change) <= NOISE * scale * 2 ** len(term)] = 0.0
            rows.append(change / np.prod(by[list(term)]))
        return cls(usual, sparse.csr_matrix(np.array(rows).reshape(len(terms), -1)))


@dataclass(frozen=True, eq=False)
class LiveProblem:
    """A problem with knobs, as data.

    name: for sentences and for the page.
    knobs: in the order in which a page shows them.
    terms: sets of knobs by place, in the order of all slopes; most of them are one knob.
    vectors: name -> how its numbers depend on the knobs.
    tables: name -> (shape, places, how the entries at these places do).
    prices: name -> (rows, factor).
    balances: name -> (rows, unit).
    reach: column -> the lowest and highest value that some cheapest solution has there, whatever
        the setting; for columns without an end of their own.
    """

    name: str
    knobs: tuple[Knob, ...]
    terms: Terms
    vectors: dict[str, Affine]
    tables: dict[str, tuple[tuple[int, int], np.ndarray, Affine]]
    prices: dict[str, tuple[np.ndarray, float]]
    balances: dict[str, tuple[np.ndarray, str]]
    reach: tuple[np.ndarray, np.ndarray]

    def turned(self, settings: Settings) -> np.ndarray:
        """How far each term is from the usual setting `(terms,)`.

        Raises WrongInput for a name that no knob has.
        """
        unknown = set(settings) - {knob.name for knob in self.knobs}
        if unknown:
            raise WrongInput(
                f"{self.name}: found {', '.join(sorted(unknown))}; "
                f"allowed: {', '.join(knob.name for knob in self.knobs)}"
            )
        far = np.array([settings.get(k.name, k.usual) - k.usual for k in self.knobs])
        return np.array([np.prod(far[list(term)]) for term in self.terms])

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
            quadratic=self.matrix(QUADRATIC, settings),
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
        if f"{LARGEST}{name}" in self.tables:
            values = values + self._readout(f"{LARGEST}{name}", x, settings).max()
        return values

    def _readout(self, name: str, x: np.ndarray, settings: Settings) -> np.ndarray:
        return self.matrix(name, settings) @ x + self.vectors[name].at(self.turned(settings))

    @property
    def outputs(self) -> list[str]:
        """The names of its outputs."""
        return [name.removeprefix(AFFINE) for name in self.tables if name.startswith(AFFINE)]


def export(
    name: str, knobs: Sequence[Knob], state: State, products: Sequence[Sequence[str]] = ()
) -> LiveProblem:
    """The problem with knobs as data.

    products: names of knobs that multiply each other.
    state: states it at a setting, name of knob -> value; every setting gives it the same rows and
    columns. It is read before the next one is asked for, so it may be one problem whose parameters
    are set.
    Raises WrongInput for a problem that is too large or has whole numbers, or in which a knob does
    not enter affinely.
    """
    usual = {knob.name: knob.usual for knob in knobs}
    first = state(usual)
    columns = len(first.program().linear)
    if columns > MOST_COLUMNS:
        raise WrongInput(
            f"{name}: found a problem of {columns:,} columns; allowed: up to {MOST_COLUMNS:,}, "
            "since a page solves it while its reader waits"
        )
    if first.program().whole.any():
        raise WrongInput(
            f"{name}: found a {first.compiled.kind} problem; allowed: one without whole numbers"
        )
    crossed = first.program().quadratic
    if (crossed - sparse.diags(crossed.diagonal())).count_nonzero():
        raise WrongInput(f"{name}: found a cost of two columns; allowed: squares of one each")
    by = np.array([other_end(knob) - knob.usual for knob in knobs])
    terms = terms_of_knobs(knobs, products)
    vectors: dict[Term, dict[str, np.ndarray]] = {(): vectors_of(first)}
    tables: dict[Term, dict[str, Table]] = {(): tables_of(first)}
    for term in terms:
        far = {knobs[place].name: other_end(knobs[place]) for place in term}
        stated = state(usual | far)
        vectors[term] = vectors_of(stated)
        tables[term] = tables_of(stated)
    check_alike(name, knobs, vectors)
    live = LiveProblem(
        name=name,
        knobs=tuple(knobs),
        terms=terms,
        vectors=affine_vectors(vectors, by, terms),
        tables=affine_tables(tables, by, terms),
        prices={
            price: (rows_of(first, rows), factor) for price, (rows, factor) in first.prices.items()
        },
        balances={
            balance: (rows_of(first, rows), unit)
            for balance, (rows, unit) in first.balances.items()
        },
        reach=(np.array([]), np.array([])),
    )
    for settings in trials(knobs):
        compare(live, settings, state(settings))
    return with_reach(live)


def rows_of(stated: Stated, constraint: cp.Constraint) -> np.ndarray:
    """The rows of a constraint, step by step."""
    return np.atleast_1d(stated.compiled.rows(constraint)).ravel(order="F")


def balances_of(model: Model) -> dict[str, Balance]:
    """The balances of a VPP by name, as "heat of VPP1"."""
    return {
        f"{carrier} of {model.vpp.name}": Balance(rows, CARRIER_UNITS[carrier])
        for carrier, rows in model.balances.items()
    }


def other_end(knob: Knob) -> float:
    """The end of a knob's range that is further from its usual value."""
    return max((knob.low, knob.high), key=lambda end: abs(end - knob.usual))


def subsets(term: Term) -> Iterator[Term]:
    """All sets of knobs within a set, the empty one and itself included.

    >>> list(subsets((0, 2)))
    [(), (0,), (2,), (0, 2)]
    """
    for size in range(len(term) + 1):
        yield from combinations(term, size)


def terms_of_knobs(knobs: Sequence[Knob], products: Sequence[Sequence[str]]) -> Terms:
    """Every knob by itself, and all sets of knobs within each product; by place."""
    places = {knob.name: place for place, knob in enumerate(knobs)}
    found: set[Term] = {(place,) for place in places.values()}
    for product in products:
        term = tuple(sorted(places[name] for name in product))
        found |= {part for part in subsets(term) if part}
    return tuple(sorted(found, key=lambda term: (len(term), term)))


def check_alike(
    name: str, knobs: Sequence[Knob], vectors: Mapping[Term, dict[str, np.ndarray]]
) -> None:
    """Raises WrongInput if turning knobs changes how many rows or columns there are, or which of
    their limits are finite.
    """
    usual = vectors[()]
    for term, numbers in vectors.items():
        for piece, values in usual.items():
            other = numbers.get(piece, np.array([]))
            if values.shape != other.shape or (np.isfinite(values) != np.isfinite(other)).any():
                names = " and ".join(knobs[place].name for place in term)
                raise WrongInput(
                    f"{name}: turning {names} changes which limits there are ({piece}); "
                    "allowed: knobs that change numbers only"
                )


def affine_vectors(
    vectors: Mapping[Term, dict[str, np.ndarray]], by: np.ndarray, terms: Terms
) -> dict[str, Affine]:
    """How each vector depends on the knobs."""
    return {
        name: Affine.through({term: each[name] for term, each in vectors.items()}, by, terms)
        for name in vectors[()]
    }


def affine_tables(
    tables: Mapping[Term, dict[str, Table]], by: np.ndarray, terms: Terms
) -> dict[str, tuple[tuple[int, int], np.ndarray, Affine]]:
    """How the entries of each matrix depend on the knobs: at all places where one ever is."""
    found = {}
    for name, table in tables[()].items():
        every = {term: each[name] for term, each in tables.items()}
        places = np.unique(np.concatenate([each.places for each in every.values()]))
        values = {term: each.at(places) for term, each in every.items()}
        found[name] = (table.shape, places, Affine.through(values, by, terms))
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
            "enter as sums, as factors of what is decided, or in products that are named"
        )


# --- how far columns get --------------------------------------------------------------------------
def with_reach(live: LiveProblem) -> LiveProblem:
    """The same with an end for every column, at all settings of the knobs.

    Raises WrongInput if a column may grow without end, for then no lower bound can be proved.
    """
    ends = [(knob.low - knob.usual, knob.high - knob.usual) for knob in live.knobs]
    corners = [
        [float(np.prod(corner)) for corner in iter_product(*(ends[place] for place in term))]
        for term in live.terms
    ]
    low = np.array([min(values) for values in corners])
    high = np.array([max(values) for values in corners])
    shape, places, entries = live.tables[MATRIX]
    ranges = {name: Intervals(*live.vectors[name].range(low, high)) for name in VECTORS}
    curved = np.unique(live.tables[QUADRATIC][1] % shape[1])
    least, most = reach(shape, places, Intervals(*entries.range(low, high)), ranges, curved)
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
        "knobs": [knob_data(knob) for knob in live.knobs],
        "terms": [list(term) for term in live.terms],
        "vectors": {name: affine_data(numbers) for name, numbers in live.vectors.items()},
        "tables": {name: table_data(*table) for name, table in live.tables.items()},
        "prices": {
            name: {"rows": rows.tolist(), "factor": factor}
            for name, (rows, factor) in live.prices.items()
        },
        "balances": {
            name: {"rows": rows.tolist(), "unit": unit}
            for name, (rows, unit) in live.balances.items()
        },
        "reach": {"low": live.reach[0].tolist(), "high": live.reach[1].tolist()},
    }


def knob_data(knob: Knob) -> dict[str, Any]:
    """A knob as a page reads it."""
    return vars(knob) | {"words": list(knob.words)}


def knob_of(data: Mapping[str, Any]) -> Knob:
    """The knob that `knob_data` wrote."""
    return Knob(**{**data, "words": tuple(data["words"])})


def affine_data(numbers: Affine) -> dict[str, Any]:
    """How numbers depend on the knobs: `base`, and places and slopes for each term, up to the last
    one that matters.
    """
    slopes = []
    for row in numbers.slopes:
        slopes.append({"places": row.indices.tolist(), "by": row.data.tolist()})
    while slopes and not slopes[-1]["places"]:
        slopes.pop()
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
    knobs = tuple(knob_of(knob) for knob in data["knobs"])
    vectors = {}
    for name, numbers in data["vectors"].items():
        absent = np.inf if name.endswith("_high") else -np.inf
        vectors[name] = read_affine(numbers, absent, len(data["terms"]))
    tables = {}
    for name, table in data["tables"].items():
        shape = (int(table["shape"][0]), int(table["shape"][1]))
        places = np.array(table["rows"]) * shape[1] + np.array(table["columns"])
        entries = read_affine(table["entries"], 0.0, len(data["terms"]))
        tables[name] = (shape, places.astype(np.int64), entries)
    prices = {
        name: (np.array(price["rows"]), float(price["factor"]))
        for name, price in data["prices"].items()
    }
    balances = {
        name: (np.array(balance["rows"]), str(balance["unit"]))
        for name, balance in data["balances"].items()
    }
    reach = (np.array(data["reach"]["low"]), np.array(data["reach"]["high"]))
    terms = tuple(tuple(term) for term in data["terms"])
    return LiveProblem(data["name"], knobs, terms, vectors, tables, prices, balances, reach)


def read_affine(numbers: Mapping[str, Any], absent: float, terms: int) -> Affine:
    """Numbers by term from lists; absent: what None stands for. terms: how many there are."""
    base = np.array([absent if value is None else value for value in numbers["base"]], float)
    rows = np.zeros((terms, len(base)))
    for row, slope in zip(rows, numbers["slopes"], strict=False):
        row[slope["places"]] = slope["by"]
    return Affine(base, sparse.csr_matrix(rows))
