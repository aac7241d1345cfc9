"""Quadratic costs with whole numbers, for which no free solver is made: outer approximation.

A free solver takes whole numbers with a linear cost, or a quadratic cost without whole numbers.
Both together are found by turns (Duran and Grossmann 1986). A quadratic cost lies above each of its
tangents, so a linear problem with tangents bounds it from below; it says which whole numbers look
best. With these fixed the quadratic problem is solved as it is, which gives a schedule and a point
for new tangents. When both values meet the schedule is proven to be the cheapest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.solvers import time_limit
from vppcore.warm import Point, Program, WarmLinear, by_columns, solve_quadratic

# the two values meet when they differ by less than this share of the money that changes hands
GAP = 1e-7
ROUNDS = 200


@dataclass(frozen=True, eq=False)
class MixedPoint:
    """The cheapest point of a quadratic program with whole numbers.

    x: `(columns,)`. value: the objective at x.
    gap: by which share of the money that changes hands another point could be cheaper at most.
    rounds: how often both problems were solved. seconds: of the whole search.
    """

    x: np.ndarray
    value: float
    gap: float
    rounds: int
    seconds: float


def solve_mixed_quadratic(program: Program, name: str = "model") -> MixedPoint:
    """The cheapest point of a convex quadratic program in which some columns are whole numbers.

    Raises NotSolved: infeasible, unbounded, or limit when the two values do not meet in ROUNDS
    rounds or in the time allowed; the sentence then says how far they are apart.
    """
    started = time.perf_counter()
    convex = replace(program, whole=np.zeros_like(program.whole))
    tangents = Tangents(program)
    tangents.touch(solve_quadratic(convex, name).x)
    linear = WarmLinear(name)
    best: Point | None = None
    for round_number in range(1, ROUNDS + 1):
        guess = linear.solve(tangents.program())
        x = guess.x[: len(program.linear)]
        found = solve_quadratic(with_whole_numbers_of(program, x), name)
        if best is None or found.value < best.value:
            best = found
        gap = (best.value - guess.value) / turnover(program, best.x)
        seconds = time.perf_counter() - started
        if gap <= GAP:
            return MixedPoint(best.x, best.value, max(gap, 0.0), round_number, seconds)
        if seconds > time_limit():
            break
        tangents.touch(x)
        tangents.touch(found.x)
    raise NotSolved(
        f"{name}: stopped after {round_number} rounds of outer approximation; "
        f"a schedule could be cheaper by {gap:.2g} of the money that changes hands",
        "limit",
    )


def with_whole_numbers_of(program: Program, x: np.ndarray) -> Program:
    """The convex program that is left when the whole numbers are those of x `(columns,)`."""
    fixed = np.where(program.whole, np.round(x), 0.0)
    low = np.where(program.whole, fixed, program.column_low)
    high = np.where(program.whole, fixed, program.column_high)
    nothing = np.zeros_like(program.whole)
    return replace(program, column_low=low, column_high=high, whole=nothing)


def turnover(program: Program, x: np.ndarray) -> float:
    """The money that changes hands at x `(columns,)`: all terms of the objective without sign."""
    linear = np.abs(program.linear * x).sum()
    quadratic = 0.5 * np.abs(x * (program.quadratic @ x)).sum()
    return float(max(linear + quadratic, np.finfo(float).tiny))


class Tangents:
    """A program whose quadratic cost is replaced by its tangents at points of one's choice.

    A cost that has one term for each column gets a tangent for each, any other cost one for all.
    """

    def __init__(self, exact: Program):
        self.exact = exact
        diagonal = exact.quadratic.diagonal()
        self.is_separable = (exact.quadratic - sparse.diags(diagonal)).count_nonzero() == 0
        self.curved = np.flatnonzero(diagonal) if self.is_separable else np.array([0])
        self.curvature = diagonal[self.curved]
        self.slopes: list[sparse.csr_matrix] = []
        self.offsets: list[np.ndarray] = []

    def touch(self, x: np.ndarray) -> None:
        """Adds the tangents at x `(columns,)`."""
        columns = len(self.exact.linear)
        if self.is_separable:
            at = x[self.curved]
            places = (np.arange(len(self.curved)), self.curved)
            shape = (len(self.curved), columns)
            self.slopes.append(sparse.csr_matrix((self.curvature * at, places), shape))
            self.offsets.append(-0.5 * self.curvature * at**2)
        else:
            slope = self.exact.quadratic @ x
            self.slopes.append(sparse.csr_matrix(slope))
            self.offsets.append(np.array([-0.5 * x @ slope]))

    def program(self) -> Program:
        """The linear program: min linear.x + sum(height), each height above all its tangents."""
        exact = self.exact
        heights = len(self.curved)
        slopes = sparse.vstack(self.slopes)
        offsets = np.concatenate(self.offsets)
        above = sparse.vstack([sparse.identity(heights)] * len(self.slopes))
        known = sparse.hstack([exact.matrix, sparse.csr_matrix((exact.matrix.shape[0], heights))])
        touching = sparse.hstack([-slopes, above])  # height >= slope.x + offset
        nothing = sparse.csc_matrix((exact.matrix.shape[1] + heights,) * 2)
        return Program(
            quadratic=nothing,
            linear=np.concatenate([exact.linear, np.ones(heights)]),
            constant=exact.constant,
            matrix=by_columns(sparse.vstack([known, touching])),
            row_low=np.concatenate([exact.row_low, offsets]),
            row_high=np.concatenate([exact.row_high, np.full(len(offsets), np.inf)]),
            column_low=np.concatenate([exact.column_low, np.zeros(heights)]),
            column_high=np.concatenate([exact.column_high, np.full(heights, np.inf)]),
            whole=np.concatenate([exact.whole, np.zeros(heights, bool)]),
        )
