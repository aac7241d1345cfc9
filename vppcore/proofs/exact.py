"""A linear program solved exactly: the basis at which a solver ended, worked out in rationals.

At a basis as many rows and columns stand at a limit as there are columns. The columns that do not
stand at one follow from the rows that do, a square system of equations. Its solution in rationals
is a point; the same system the other way round gives multipliers. If both keep their limits and
signs, their values agree, and the point is a cheapest one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat

from vppcore.errors import NotSolved
from vppcore.proofs.rational import ExactProgram, Limit
from vppcore.warm import Basis

Sparse = Mapping[int, fmpq]  # place -> number, zeros left out


# --- a square system of equations -----------------------------------------------------------------
def solve_square(rows: Mapping[int, Sparse], right: Mapping[int, fmpq]) -> dict[int, fmpq]:
    """The unknowns of a square system with one solution: sum of row[k] * unknown[k] = right[row].

    Rows with one unknown are solved first and unknowns of one row last, again and again; what is
    left, if anything, is solved as a matrix.
    rows: name of a row -> unknown -> coefficient. right: name of a row -> number.
    Raises NotSolved for a system without exactly one solution.

    >>> rows = {7: {0: fmpq(2)}, 8: {0: fmpq(1), 1: fmpq(3)}}
    >>> found = solve_square(rows, {7: fmpq(1), 8: fmpq(2)})
    >>> str(found[0]), str(found[1])
    ('1/2', '1/2')
    """
    system = System(rows)
    last = system.peel_columns()
    first = system.peel_rows()
    known: dict[int, fmpq] = {}
    for row, unknown in first:
        known[unknown] = remaining(rows[row], right[row], known) / rows[row][unknown]
    left = sorted(system.rows)
    if left:
        known |= solve_matrix({row: rows[row] for row in left}, right, known)
    for row, unknown in reversed(last):
        known[unknown] = remaining(rows[row], right[row], known) / rows[row][unknown]
    return known


def remaining(row: Sparse, right: fmpq, known: Mapping[int, fmpq]) -> fmpq:
    """A row's right side less what its known unknowns take."""
    rest = right
    for unknown, coefficient in row.items():
        value = known.get(unknown)
        if value is not None and value != 0:
            rest = rest - coefficient * value
    return rest


class System:
    """Which unknowns stand in which rows that are not solved yet.

    rows: row -> its unknowns. columns: unknown -> its rows.
    """

    def __init__(self, rows: Mapping[int, Mapping[int, Any]]):
        self.rows = {row: set(entries) for row, entries in rows.items()}
        self.columns: dict[int, set[int]] = defaultdict(set)
        for row, entries in rows.items():
            for unknown in entries:
                self.columns[unknown].add(row)

    def peel_rows(self) -> list[tuple[int, int]]:
        """Takes out rows with one unknown that is left, in the order in which they are solved."""
        return self._peel(self.rows, lambda row: next(iter(self.rows[row])), None)

    def peel_columns(self) -> list[tuple[int, int]]:
        """Takes out unknowns of one row, with that row: they are solved last, in reverse order."""
        return self._peel(self.columns, None, lambda unknown: next(iter(self.columns[unknown])))

    def _peel(self, singles, unknown_of, row_of) -> list[tuple[int, int]]:
        waiting = [key for key, others in singles.items() if len(others) == 1]
        order = []
        while waiting:
            key = waiting.pop()
            if key not in singles or len(singles[key]) != 1:
                continue
            row = key if row_of is None else row_of(key)
            unknown = key if unknown_of is None else unknown_of(key)
            order.append((row, unknown))
            waiting += self._take_out(row, unknown, singles)
        return order

    def _take_out(self, row: int, unknown: int, singles: Mapping[int, set[int]]) -> list[int]:
        """Removes a row and an unknown; says where one entry is left now."""
        fresh = []
        for other in self.rows.pop(row):
            self.columns[other].discard(row)
            if singles is self.columns and other != unknown and len(self.columns[other]) == 1:
                fresh.append(other)
        for other_row in self.columns.pop(unknown):
            self.rows[other_row].discard(unknown)
            if singles is self.rows and len(self.rows[other_row]) == 1:
                fresh.append(other_row)
        return fresh


def solve_matrix(
    rows: Mapping[int, Sparse], right: Mapping[int, fmpq], known: Mapping[int, fmpq]
) -> dict[int, fmpq]:
    """The unknowns of these rows that are not known yet, by a dense matrix in rationals.

    Raises NotSolved where the matrix is not square or has no inverse.
    """
    unknowns = sorted({unknown for row in rows.values() for unknown in row if unknown not in known})
    place = {unknown: k for k, unknown in enumerate(unknowns)}
    if len(unknowns) != len(rows):
        raise NotSolved("a basis: found equations that do not determine its columns", "failed")
    matrix = fmpq_mat(len(rows), len(unknowns))
    side = fmpq_mat(len(rows), 1)
    for line, (row, entries) in enumerate(rows.items()):
        for unknown, coefficient in entries.items():
            if unknown in place:
                matrix[line, place[unknown]] = coefficient
        side[line, 0] = remaining(entries, right[row], known)
    try:
        solution = matrix.solve(side)
    except ZeroDivisionError:
        raise NotSolved("a basis: found equations without a single solution", "failed") from None
    return {unknown: solution[k, 0] for unknown, k in place.items()}


# --- a basis in rationals -------------------------------------------------------------------------
def flint(number: Fraction) -> fmpq:
    """The same number as flint takes it."""
    return fmpq(number.numerator, number.denominator)


def fraction(number: fmpq) -> Fraction:
    """The same number as Python has it."""
    return Fraction(int(number.p), int(number.q))


@dataclass(frozen=True, eq=False)
class ExactPoint:
    """A point and multipliers at a basis, which may break limits and signs.

    x: of each column. multipliers: of each row, what one more unit of its limit costs.
    tangents: of each square in the cost, where the tangent touches it that the multipliers are for.
    """

    x: tuple[Fraction, ...]
    multipliers: tuple[Fraction, ...]
    tangents: tuple[Fraction, ...] = ()


def at_basis(program: ExactProgram, basis: Basis) -> ExactPoint:
    """The point and the multipliers that a basis determines, in rationals.

    Raises NotSolved where it does not determine them.
    """
    basic = {column for column, stands in enumerate(basis.columns) if stands == "basic"}
    tight = [row for row, stands in enumerate(basis.rows) if stands != "basic"]
    rows = {row: basic_entries(program.rows[row], basic) for row in tight}
    fixed = fixed_columns(program, basis)
    right = {}
    for row in tight:
        limit = stood_at(basis.rows[row], program.row_low[row], program.row_high[row])
        right[row] = remaining(flint_row(program.rows[row]), flint(limit), fixed)
    point = fixed | solve_square(rows, right)
    costs = {column: flint(program.cost[column]) for column in basic}
    multipliers = solve_square(transposed(rows, basic), costs)
    none = Fraction(0)
    return ExactPoint(
        tuple(fraction(point[column]) for column in range(len(program.cost))),
        tuple(
            fraction(multipliers[row]) if row in multipliers else none
            for row in range(len(program.rows))
        ),
    )


def flint_row(row: Mapping[int, Fraction]) -> dict[int, fmpq]:
    """A row's coefficients as flint takes them."""
    return {column: flint(number) for column, number in row.items()}


def basic_entries(row: Mapping[int, Fraction], basic: set[int]) -> dict[int, fmpq]:
    """A row's coefficients of the basic columns."""
    return {column: flint(number) for column, number in row.items() if column in basic}


def transposed(rows: Mapping[int, Sparse], columns: Iterable[int]) -> dict[int, dict[int, fmpq]]:
    """The same table, by column."""
    turned: dict[int, dict[int, fmpq]] = {column: {} for column in columns}
    for row, entries in rows.items():
        for column, number in entries.items():
            turned[column][row] = number
    return turned


def fixed_columns(program: ExactProgram, basis: Basis) -> dict[int, fmpq]:
    """The columns that stand at a limit, at it; a free one at zero."""
    fixed = {}
    for column, stands in enumerate(basis.columns):
        if stands != "basic":
            low = program.column_low[column]
            high = program.column_high[column]
            fixed[column] = flint(stood_at(stands, low, high))
    return fixed


def stood_at(stands: str, low: Limit, high: Limit) -> Fraction:
    """The limit at which something stands. Raises NotSolved where there is none."""
    limit = {"low": low, "high": high, "free": Fraction(0)}[stands]
    if limit is None:
        raise NotSolved(f"a basis: found something at a {stands} limit that is not there", "failed")
    return limit
