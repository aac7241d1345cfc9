"""The exact optimum of a program with squares in its cost.

At the cheapest point some limits hold with equality, and what is squared and stands at no limit
costs at the margin what the limits say that it is worth. These are equations, and in rationals they
give point and multipliers (Karush, Kuhn, Tucker). No square lies below a tangent: the multipliers
prove a bound on the linear program in which tangents at the point stand for the squares, and so on
the one with the squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import fmpq
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.proofs.exact import (
    ExactPoint,
    basic_entries,
    flint,
    flint_row,
    fraction,
    remaining,
    solve_square,
    stood_at,
)
from vppcore.proofs.optimum import SHARP, at_last_basis, faults, limits_broken, lower_bound, optimum
from vppcore.proofs.rational import ExactProgram, limits, rational
from vppcore.warm import Basis, Program, WarmLinear, solve_quadratic

SHORT = 9  # what is squared is rounded to so many digits
# and then stays as near, as a share of the largest: a solver's point may miss a limit by its error
WIDTHS = (1e-7, 1e-5, 1e-4, 1e-3)
SLOW = 1e-7  # a flow that moves by so small a share of the fastest meets no limit
MOST_STEPS = 8  # from one set of limits that hold with equality to the next
LEEWAYS = (0.0, 1e-10, 1e-9, 1e-8)  # as a share of the largest cost


def cheapest(program: Program, name: str) -> tuple[ExactProgram, ExactPoint]:
    """A program in rationals and its exact optimum; see `optimum` and `squared_optimum`."""
    if program.is_linear:
        return optimum(program, name)
    return squared_optimum(program, name)


def squared_optimum(program: Program, name: str) -> tuple[ExactProgram, ExactPoint]:
    """A program with squares in its cost in rationals, and its exact optimum.

    Where no set of limits is found that gives it, a point and multipliers whose values nearly
    agree.
    Raises WrongInput for what `ExactProgram` does not take, NotSolved where there is no optimum or
    nothing can be proved.
    """
    exact = ExactProgram.of(program)
    start = solve_quadratic(program, name).x
    for width in WIDTHS:
        near = Nearby(program, exact, name, width)
        centre = start
        for _ in range(MOST_STEPS):
            try:
                point = near.balanced(centre)
            except NotSolved:
                break  # no single solution
            if not faults(straightened(program, exact, point.tangents)[1], point):
                return exact, point
            aim = np.array([float(value) for value in point.x])
            centre, moved = step_towards(program, near.x, aim)
            if not moved:
                break
    return exact, Nearby(program, exact, name, WIDTHS[0]).interval(start)


@dataclass(eq=False)
class Nearby:
    """Points near a centre: what is squared stays within a width of it, a share of the largest.

    x: the last cheapest of them, by the solver.
    """

    program: Program
    exact: ExactProgram
    name: str
    width: float

    def __post_init__(self) -> None:
        self.columns = np.array(list(self.exact.squares))
        self.x = np.zeros(len(self.program.linear))

    def tangents(self, centre: np.ndarray) -> list[Fraction]:
        """The squared columns of a centre, in few digits."""
        return [rational(short(value)) for value in centre[self.columns]]

    def limited(self, centre: np.ndarray) -> Program:
        """The program with tangents at the centre in place of squares, and limits around it."""
        values = [float(value) for value in self.tangents(centre)]
        width = self.width * float(np.abs(values).max(initial=0.0))
        low, high = self.program.column_low.copy(), self.program.column_high.copy()
        for column, value in zip(self.columns, values, strict=True):
            low[column] = max(low[column], short(value - width))
            high[column] = min(high[column], short(value + width))
        straight, _ = straightened(self.program, self.exact, self.tangents(centre))
        return replace(straight, column_low=low, column_high=high)

    def balanced(self, centre: np.ndarray) -> ExactPoint:
        """The point at which squares are worth what they cost, if the same limits hold as near the
        centre; it may break limits and signs.

        Raises NotSolved where there is no single one.
        """
        near = self.limited(centre)
        solver = WarmLinear(self.name, **SHARP)
        self.x = solver.solve(near).x
        basis = solver.basis()
        free = {column for column, stands in enumerate(basis.columns) if stands == "basic"}
        for column in self.columns.tolist():
            stands = basis.columns[column]
            own = {"low": self.program.column_low, "high": self.program.column_high}
            taken = {"low": near.column_low, "high": near.column_high}
            if stands in own and own[stands][column] != taken[stands][column]:
                free.add(column)  # at a limit that is not its own
        return with_squares(self.exact, basis, free)

    def interval(self, centre: np.ndarray) -> ExactPoint:
        """A point near the centre that keeps all limits, and multipliers that prove nearly as much.

        Raises NotSolved where the solver's bases give neither.
        """
        tangents = self.tangents(centre)
        straight, exact = straightened(self.program, self.exact, tangents)
        near = self.limited(centre)
        inside = replace(
            exact, column_low=limits(near.column_low), column_high=limits(near.column_high)
        )
        point = at_last_basis(near, inside, self.name)
        outside = limits_broken(inside, point.x)
        if outside:
            raise NotSolved(
                f"{self.name}: the solver's basis breaks a limit: {outside[0]}", "failed"
            )
        multipliers = proving_multipliers(straight, exact, self.name)
        return ExactPoint(point.x, multipliers, tuple(tangents))


def with_squares(exact: ExactProgram, basis: Basis, free: set[int]) -> ExactPoint:
    """The point and the multipliers that a basis determines where squares balance their worth.

    free: the columns that stand at no limit of their own.
    The unknowns are these columns and the multipliers of the rows that hold with equality; there
    is an equation for each of these rows, and one for the margin of each of these columns.
    Raises NotSolved where they do not determine them.
    """
    columns = len(exact.cost)
    fixed = {}
    for column, stands in enumerate(basis.columns):
        if column not in free:
            low, high = exact.column_low[column], exact.column_high[column]
            fixed[column] = flint(stood_at(stands, low, high))
    rows: dict[int, dict[int, fmpq]] = {
        column: {} for column in free
    }  # of the margins, by column; of rows behind them
    right = {column: flint(exact.cost[column]) for column in free}
    for column in free & exact.squares.keys():
        rows[column][column] = flint(-2 * exact.squares[column])
    for row, stands in enumerate(basis.rows):
        if stands == "basic":
            continue
        limit = stood_at(stands, exact.row_low[row], exact.row_high[row])
        entries = basic_entries(exact.rows[row], free)
        rows[columns + row] = entries
        right[columns + row] = remaining(flint_row(exact.rows[row]), flint(limit), fixed)
        for column, number in entries.items():
            rows[column][columns + row] = number
    known = {place: fraction(value) for place, value in solve_square(rows, right).items()}
    held = {column: fraction(value) for column, value in fixed.items()}
    x = tuple((known | held)[column] for column in range(columns))
    none = Fraction(0)
    multipliers = tuple(known.get(columns + row, none) for row in range(len(exact.rows)))
    return ExactPoint(x, multipliers, tuple(x[column] for column in exact.squares))


def step_towards(program: Program, x: np.ndarray, aim: np.ndarray) -> tuple[np.ndarray, bool]:
    """From a point towards another until a limit is met; False if that is no step at all."""
    matrix = sparse.vstack([program.matrix, sparse.identity(len(x))]).tocsr()
    low = np.concatenate([program.row_low, program.column_low])
    high = np.concatenate([program.row_high, program.column_high])
    here, rate = matrix @ x, matrix @ (aim - x)
    share = 1.0
    for room, speed in ((high - here, rate), (here - low, -rate)):
        fast = speed > SLOW * max(1.0, float(np.abs(rate).max(initial=0.0)))
        share = min(share, float((room[fast] / speed[fast]).min(initial=1.0)))
    return x + max(share, 0.0) * (aim - x), share > 0


def straightened(
    program: Program, exact: ExactProgram, tangents: Sequence[Fraction]
) -> tuple[Program, ExactProgram]:
    """The program with tangents in place of its squares, in doubles and in rationals.

    tangents: of each square, where its tangent touches it.
    """
    cost = list(exact.cost)
    constant = exact.constant
    for (column, number), value in zip(exact.squares.items(), tangents, strict=True):
        cost[column] += 2 * number * value
        constant -= number * value**2
    doubles = replace(
        program,
        quadratic=sparse.csc_matrix(program.quadratic.shape),
        linear=np.array([float(number) for number in cost]),
        constant=float(constant),
    )
    return doubles, replace(exact, cost=tuple(cost), constant=constant, squares={})


def short(number: float) -> float:
    """A number of few digits nearby."""
    return float(f"{number:.{SHORT}g}")


def proving_multipliers(program: Program, exact: ExactProgram, name: str) -> tuple[Fraction, ...]:
    """Multipliers that prove a bound on a linear program, nearly the best.

    At the solver's basis a reduced cost may miss its sign by a tolerance. It must not where the
    column has no limit on that side; there its cost is taken for a little less than it is, more and
    more, until the multipliers prove a bound on the program as it is.
    Raises NotSolved where none of LEEWAYS is enough.
    """
    size = float(np.abs(program.linear).max(initial=0.0))
    signs = np.isfinite(program.column_high) * 1.0 - np.isfinite(program.column_low)
    for leeway in LEEWAYS:
        linear = program.linear + leeway * size * signs
        costs = tuple(
            cost + rational(leeway * size) * int(sign)
            for cost, sign in zip(exact.cost, signs, strict=True)
        )
        other = replace(program, linear=linear), replace(exact, cost=costs)
        multipliers = with_right_signs(exact, at_last_basis(*other, name).multipliers)
        if lower_bound(exact, multipliers) is not None:
            return multipliers
    raise NotSolved(f"{name}: the multipliers of the solver's basis prove nothing", "inaccurate")


def with_right_signs(exact: ExactProgram, multipliers: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The multipliers, zero where a row has no limit on the side that a sign asks for."""
    right = []
    for price, low, high in zip(multipliers, exact.row_low, exact.row_high, strict=True):
        right.append(price if (low if price > 0 else high) is not None else Fraction(0))
    return tuple(right)
