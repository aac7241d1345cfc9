"""A program in rationals, linear or with squares in its cost: what a proof is of.

A model's numbers come from decimals of a data file, by sums, products and quotients of doubles. A
double that a short fraction explains to its last places is that fraction; any other is its shortest
decimal. So a proof is of numbers that a person can read, and not of what rounding made of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy import sparse

from vppcore.errors import WrongInput
from vppcore.warm import Program

DIGITS = 12  # a double that so many digits tell is that decimal
LAST_PLACES = 4  # units in the last place by which a fraction may miss a double
UNLIKELY = 1e-3  # the chance at most that a fraction so short lies so near by accident


def rational(number: float) -> Fraction:
    """The fraction that a double stands for.

    Raises WrongInput for nan or an infinite number.

    >>> rational(0.1 + 0.2), rational(1 / 0.95)
    (Fraction(3, 10), Fraction(20, 19))
    >>> rational(62610.363610933695) == Fraction("62610.363610933695")
    True
    """
    if not np.isfinite(number):
        raise WrongInput(f"a number of a proof: found {number}; allowed: a finite number")
    value = float(number)
    decimal = Fraction(repr(value))
    if value == float(f"{value:.{DIGITS}g}"):
        return decimal
    miss = LAST_PLACES * float(np.spacing(abs(value)))
    # between 0 and 1 there are about q^2 / 3 fractions with denominators up to q
    largest = int((UNLIKELY / miss) ** 0.5)
    near = decimal.limit_denominator(max(1, largest))
    return near if abs(near - Fraction(value)) <= Fraction(miss) else decimal


Limit = Fraction | None  # None where there is no limit


@dataclass(frozen=True)
class ExactProgram:
    """min cost.x + constant over x within limits of its columns and of rows of it.

    cost: of each column. constant: a number.
    squares: column -> what its square costs, zeros left out; empty in a linear program.
    rows: of each row, column -> coefficient, zeros left out.
    row_low, row_high, column_low, column_high: limits, None where there is none.
    """

    cost: tuple[Fraction, ...]
    constant: Fraction
    rows: tuple[dict[int, Fraction], ...]
    row_low: tuple[Limit, ...]
    row_high: tuple[Limit, ...]
    column_low: tuple[Limit, ...]
    column_high: tuple[Limit, ...]
    squares: dict[int, Fraction] = field(default_factory=dict)

    @classmethod
    def of(cls, program: Program) -> ExactProgram:
        """A program in rationals.

        Raises WrongInput for a cost of a product, of a square below zero, and for whole numbers.
        """
        if program.whole.any():
            raise WrongInput("a proof: found whole numbers; allowed: a program without them")
        table = program.matrix.tocsr()
        table.sum_duplicates()
        rows = []
        for first, last in zip(table.indptr, table.indptr[1:], strict=False):
            columns = table.indices[first:last].tolist()
            numbers = [rational(value) for value in table.data[first:last]]
            filled = zip(columns, numbers, strict=True)
            rows.append({column: number for column, number in filled if number})
        return cls(
            cost=tuple(rational(value) for value in program.linear),
            constant=rational(program.constant),
            rows=tuple(rows),
            row_low=limits(program.row_low),
            row_high=limits(program.row_high),
            column_low=limits(program.column_low),
            column_high=limits(program.column_high),
            squares=squares_of(program),
        )


def squares_of(program: Program) -> dict[int, Fraction]:
    """Column -> what its square costs, half of the curvature.

    Raises WrongInput for a cost of a product or one below zero.
    """
    curvature = program.quadratic.diagonal()
    if (program.quadratic - sparse.diags(curvature)).count_nonzero():
        raise WrongInput("a proof: found a cost of a product; allowed: costs of squares")
    if (curvature < 0).any():
        raise WrongInput("a proof: found a square that earns; allowed: squares that cost")
    return {int(column): rational(curvature[column]) / 2 for column in np.flatnonzero(curvature)}


def limits(numbers: np.ndarray) -> tuple[Limit, ...]:
    """Limits in rationals, None for an infinite one.

    >>> limits(np.array([0.5, np.inf]))
    (Fraction(1, 2), None)
    """
    return tuple(rational(value) if np.isfinite(value) else None for value in numbers)
