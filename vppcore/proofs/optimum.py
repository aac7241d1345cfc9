"""The exact optimum of a linear program: the solver's last basis, worked out and looked over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy import sparse

from vppcore.errors import NotSolved, WrongInput
from vppcore.proofs.exact import ExactPoint, at_basis
from vppcore.proofs.rational import ExactProgram, Limit
from vppcore.warm import Program, WarmLinear

# a basis is sought to the last places that the solver offers
SHARP = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def optimum(program: Program, name: str) -> tuple[ExactProgram, ExactPoint]:
    """A linear program in rationals and its exact optimum.

    name: for the sentences of refusals.
    Raises WrongInput for what `ExactProgram` does not take and for squares in the cost, NotSolved
    where there is no optimum or the basis of the solver, worked out exactly, is not one.
    """
    exact = ExactProgram.of(program)
    if exact.squares:
        raise WrongInput(f"{name}: found squares in the cost; allowed: a linear program")
    point = at_last_basis(program, exact, name)
    broken = faults(exact, point)
    if broken:
        raise NotSolved(
            f"{name}: the solver's basis is no optimum in rationals: {broken[0]}", "inaccurate"
        )
    return exact, point


def at_last_basis(program: Program, exact: ExactProgram, name: str) -> ExactPoint:
    """What the basis at which the solver ends determines; limits and signs may be broken."""
    solver = WarmLinear(name, **SHARP)
    solver.solve(program)
    return at_basis(exact, solver.basis())


def value_of(program: ExactProgram, point: ExactPoint) -> Fraction:
    """What a point costs."""
    pairs = zip(program.cost, point.x, strict=True)
    value = program.constant + sum((cost * x for cost, x in pairs if cost), Fraction(0))
    for column, number in program.squares.items():
        value += number * point.x[column] ** 2
    return value


def faults(program: ExactProgram, point: ExactPoint) -> list[str]:
    """Limits that the point breaks and signs that the multipliers break, in words."""
    found = limits_broken(program, point.x)
    rows = zip(point.multipliers, activities(program, point.x), strict=True)
    for row, (price, activity) in enumerate(rows):
        low, high = program.row_low[row], program.row_high[row]
        found += wrong_sign(f"row {row}", price, activity, low, high)
    columns = zip(reduced_costs(program, point.multipliers), point.x, strict=True)
    for column, (price, value) in enumerate(columns):
        low, high = program.column_low[column], program.column_high[column]
        found += wrong_sign(f"column {column}", price, value, low, high)
    return found


def activities(program: ExactProgram, x: Sequence[Fraction]) -> list[Fraction]:
    """What the rows of a program amount to at a point."""
    found = []
    for row in program.rows:
        found.append(sum((number * x[column] for column, number in row.items()), Fraction(0)))
    return found


def reduced_costs(program: ExactProgram, multipliers: Sequence[Fraction]) -> list[Fraction]:
    """The costs of the columns less what the multipliers of the rows say that they are worth."""
    rest = list(program.cost)
    for price, row in zip(multipliers, program.rows, strict=True):
        if price:
            for column, number in row.items():
                rest[column] -= number * price
    return rest


def limits_broken(program: ExactProgram, x: Sequence[Fraction]) -> list[str]:
    """Limits that a point breaks, in words."""
    found = []
    for row, activity in enumerate(activities(program, x)):
        found += broken(f"row {row}", activity, program.row_low[row], program.row_high[row])
    for column, value in enumerate(x):
        low, high = program.column_low[column], program.column_high[column]
        found += broken(f"column {column}", value, low, high)
    return found


def lower_bound(program: ExactProgram, multipliers: Sequence[Fraction]) -> Limit:
    """What no point of a linear program is below, by these multipliers; None if they prove nothing.

    Every multiplier and every reduced cost counts at the limit that its sign asks for.
    """
    bound = program.constant
    prices = [*multipliers, *reduced_costs(program, multipliers)]
    lows = [*program.row_low, *program.column_low]
    highs = [*program.row_high, *program.column_high]
    for price, low, high in zip(prices, lows, highs, strict=True):
        limit = low if price > 0 else high
        if price and limit is None:
            return None
        if price and limit is not None:
            bound += price * limit
    return bound


def broken(name: str, value: Fraction, low: Limit, high: Limit) -> list[str]:
    """A sentence for a value outside its limits."""
    if (low is not None and value < low) or (high is not None and value > high):
        return [f"{name} is {float(value):g}, outside {low} to {high}"]
    return []


def wrong_sign(name: str, price: Fraction, value: Fraction, low: Limit, high: Limit) -> list[str]:
    """A sentence for a price that needs another limit than the one the value stands at."""
    if price > 0 and value != low:
        return [f"{name} has the price {float(price):g} but is not at its lower limit"]
    if price < 0 and value != high:
        return [f"{name} has the price {float(price):g} but is not at its upper limit"]
    return []


def infeasibility(program: Program, name: str) -> tuple[Fraction, ...]:
    """Multipliers of the rows that prove that a program has no solution, in rationals.

    They are those of the smallest violation: with a cost of nothing they prove a bound above zero.
    Raises NotSolved for a program that has a solution.
    """
    rows, columns = program.matrix.shape
    one = sparse.identity(rows, format="csc")
    free = np.full(2 * rows, np.inf)
    elastic = replace(
        program,
        quadratic=sparse.csc_matrix((columns + 2 * rows, columns + 2 * rows)),
        linear=np.concatenate([np.zeros(columns), np.ones(2 * rows)]),
        constant=0.0,
        matrix=sparse.hstack([program.matrix, one, -one], format="csc"),
        column_low=np.concatenate([program.column_low, np.zeros(2 * rows)]),
        column_high=np.concatenate([program.column_high, free]),
        whole=np.zeros(columns + 2 * rows, bool),
    )
    _, point = optimum(elastic, name)
    missing = sum(point.x[columns:], Fraction(0))
    if not missing > 0:
        raise NotSolved(f"{name}: found a solution of what was to be infeasible", "failed")
    return point.multipliers
