"""Proofs of programs too large to be solved in fractions: an interval, from rounded numbers.

A solver's point and its multipliers are rounded to few digits. Then a point no longer keeps the
equations and multipliers no longer cancel the cost of what has no limit. But each such equation has
an unknown of its own, one after the other, and is solved for it exactly. Limits are kept although
numbers move a little, since the solver is asked for numbers that keep a distance from them. What
that distance costs is the width of the interval (a safe bound as of Neumaier and Shcherbina 2004,
where limits of columns take up what multipliers leave; here they need not have any).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from vppcore.errors import NotSolved
from vppcore.proofs.branching import Columns
from vppcore.proofs.exact import ExactPoint, System
from vppcore.proofs.optimum import SHARP, limits_broken, lower_bound
from vppcore.proofs.rational import ExactProgram, rational
from vppcore.uncertainty.chords import ranges
from vppcore.warm import Program, WarmLinear

DISTANCE = 1e-9  # from limits, as a share of the largest number
DIGIT = 1e-3  # the last digit that is kept, as a share of that distance

Rows = Sequence[Mapping[int, Fraction]]


def interval(
    program: Program, exclusive: Sequence[Columns], name: str
) -> tuple[ExactProgram, ExactPoint]:
    """A linear program in rationals, a point and multipliers whose values nearly agree.

    exclusive: pairs of columns of which one is zero at the point.
    Raises WrongInput for what `ExactProgram` does not take, NotSolved where the program has no
    optimum, or no point with a distance from all limits that are not equations.
    """
    exact = ExactProgram.of(program)
    solver = WarmLinear(name)
    found = solver.solve(program).x
    x = rounded_point(program, exact, zeros(found, exclusive), found, name)
    return exact, ExactPoint(x, rounded_multipliers(program, exact, name))


def zeros(x: np.ndarray, exclusive: Sequence[Columns]) -> list[int]:
    """Of each pair the smaller flow."""
    return [min(pair, key=lambda column: abs(x[column])) for pair in exclusive]


def rounded(numbers: np.ndarray, distance: float) -> list[Fraction]:
    """Numbers of few digits, whose last one is a small share of a distance."""
    places = int(np.ceil(-np.log10(DIGIT * distance)))
    scale = 10**places
    return [Fraction(round(Fraction(float(number)) * scale), scale) for number in numbers]


# --- the point ------------------------------------------------------------------------------------
def rounded_point(
    program: Program, exact: ExactProgram, zero: Sequence[int], found: np.ndarray, name: str
) -> tuple[Fraction, ...]:
    """A point in few digits that keeps all limits, nearly the cheapest.

    zero: columns that are zero there. found: the cheapest, for the size of its numbers.
    """
    distance = DISTANCE * float(np.abs(found).max(initial=1.0))
    low, high = ranges(program)
    low[list(zero)] = high[list(zero)] = 0.0
    fixed = high - low <= 4 * distance
    matrix = program.matrix.tocsr()
    moving = (abs(matrix) @ (~fixed).astype(float)) > 0
    room = np.where(moving & (program.row_low < program.row_high), distance, 0.0)
    inside = replace(
        program,
        row_low=program.row_low + room,
        row_high=program.row_high - room,
        column_low=np.where(fixed, low, program.column_low + distance),
        column_high=np.where(fixed, low, program.column_high - distance),
    )
    solver = WarmLinear(name, **SHARP)
    x = rounded(solver.solve(inside).x, distance)
    for column in np.flatnonzero(fixed).tolist():
        x[column] = rational(low[column])
    equations = {}
    for row in np.flatnonzero(program.row_low == program.row_high).tolist():
        entries = {c: number for c, number in exact.rows[row].items() if not fixed[c]}
        if entries:
            equations[row] = entries
    right = {row: exact.row_low[row] or Fraction(0) for row in equations}
    solve_each(equations, x, exact.rows.__getitem__, right.__getitem__)
    outside = limits_broken(exact, x)
    if outside:
        raise NotSolved(f"{name}: a rounded point breaks a limit: {outside[0]}", "inaccurate")
    return tuple(x)


def solve_each(
    equations: Mapping[int, Mapping[int, Fraction]],
    numbers: list[Fraction],
    row_of: Callable[[int], Mapping[int, Fraction]],
    right_of: Callable[[int], Fraction],
) -> None:
    """Changes one number of each equation so that it holds exactly.

    equations: name -> place of a number -> coefficient, of those that may be changed.
    row_of, right_of: all coefficients of an equation, and what they must come to.
    Raises NotSolved where equations have no unknowns of their own, one after the other.
    """
    system = System(equations)  # only which numbers stand in which equations matters
    order = system.peel_columns()
    if system.rows:
        raise NotSolved(f"{len(system.rows)} equations hang together too closely", "failed")
    for row, unknown in reversed(order):
        entries = row_of(row)
        rest = right_of(row) - sum(
            (number * numbers[place] for place, number in entries.items() if place != unknown),
            Fraction(0),
        )
        numbers[unknown] = rest / entries[unknown]


# --- the multipliers ------------------------------------------------------------------------------
def rounded_multipliers(program: Program, exact: ExactProgram, name: str) -> tuple[Fraction, ...]:
    """Multipliers in few digits that prove a bound, nearly the best.

    Each column without limits wants its cost cancelled; each multiplier of a row with one limit,
    and each reduced cost of a column with one, has a sign, from which it keeps a distance.
    """
    size = float(np.abs(program.linear).max(initial=1.0))
    distance = DISTANCE * size
    one_sided = np.isfinite(program.row_high) * 1.0 - np.isfinite(program.row_low)
    one_sided_columns = np.isfinite(program.column_high) * 1.0 - np.isfinite(program.column_low)
    # a multiplier y - distance of a row with an upper limit is one of the cost c, where y is one of
    # the cost c + distance * row
    linear = program.linear + distance * (program.matrix.T @ one_sided + one_sided_columns)
    solver = WarmLinear(name, **SHARP)
    found = solver.solve(replace(program, linear=linear))
    y = rounded(-np.asarray(found.multipliers) - distance * one_sided, distance)
    free = np.isinf(program.column_low) & np.isinf(program.column_high)
    table = transposed(exact.rows, np.flatnonzero(free).tolist())
    solve_each(table, y, table.__getitem__, exact.cost.__getitem__)
    if lower_bound(exact, y) is None:
        raise NotSolved(f"{name}: rounded multipliers prove nothing", "inaccurate")
    return tuple(y)


def transposed(rows: Rows, columns: Sequence[int]) -> dict[int, dict[int, Fraction]]:
    """The entries of these columns, by column and row."""
    turned: dict[int, dict[int, Fraction]] = {column: {} for column in columns}
    for row, entries in enumerate(rows):
        for column, number in entries.items():
            if column in turned:
                turned[column][row] = number
    return turned
