"""Chords: a quadratic cost as straight pieces that lie above it, with a proven error.

A worst day is found through the dual of a linear problem. A convex cost a x^2 / 2 between two ends
is nowhere above the chords between neighbouring points, and nowhere below them by more than
a h^2 / 8, with h the distance of the points. yuan.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from vppcore.errors import WrongInput
from vppcore.warm import Program, by_columns

# All chords together may lie above the cost by this share of it; each has at most so many pieces.
SHARE = 2e-5
MOST_PIECES = 32


def with_chords(program: Program, name: str) -> tuple[Program, float]:
    """The program with chords for its quadratic costs, and by how much they are too dear at most.

    For each column with a quadratic cost a column is added that is at least each of its chords; it
    stands for the cost. A linear program comes back as it is, with an error of 0.
    Raises WrongInput for a quadratic cost of a column without limits, or of a product of two.
    """
    curvature = program.quadratic.diagonal()
    columns = np.flatnonzero(curvature)
    if not len(columns):
        return program, 0.0
    if (program.quadratic - sparse.diags(curvature)).count_nonzero():
        raise WrongInput(f"{name}: found a cost of a product; allowed: costs of squares")
    low, high = ranges(program)
    if not np.isfinite(high[columns] - low[columns]).all():
        raise WrongInput(
            f"{name}: found a quadratic cost of something without limits; allowed for worst days: "
            "a limit on its power, so that the cost can be replaced by chords"
        )
    pieces = piece_numbers(program, columns, low, high)
    widths = (high[columns] - low[columns]) / pieces
    error = float((curvature[columns] * widths**2).sum() / 8)
    return added_chords(program, columns, low, widths, pieces), error


def ranges(program: Program) -> tuple[np.ndarray, np.ndarray]:
    """The columns' limits, from their own and from rows with a single column."""
    rows = sparse.csr_matrix(program.matrix)
    rows.eliminate_zeros()
    single = np.diff(rows.indptr) == 1
    column = rows[single].indices
    ends = np.column_stack([program.row_low[single], program.row_high[single]])
    ends = np.sort(ends / rows[single].data[:, np.newaxis], axis=1)
    low = program.column_low.copy()
    high = program.column_high.copy()
    np.maximum.at(low, column, ends[:, 0])
    np.minimum.at(high, column, ends[:, 1])
    return low, np.maximum(low, high)


def piece_numbers(
    program: Program, columns: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """How many chords each column needs so that all together lie above the cost by SHARE of it.

    The cost is measured by the linear costs at full power, the only size at hand.
    """
    curvature = program.quadratic.diagonal()[columns]
    width = high[columns] - low[columns]
    size = np.abs(program.linear[columns]) * np.maximum(np.abs(low), np.abs(high))[columns]
    size = size + curvature * np.maximum(low**2, high**2)[columns] / 2
    allowed = SHARE * size.sum() / len(columns)
    if allowed == 0:
        return np.ones(len(columns), int)
    wanted = np.ceil(width * np.sqrt(curvature / (8 * allowed)))
    return np.clip(wanted, 1, MOST_PIECES).astype(int)


def added_chords(
    program: Program,
    columns: np.ndarray,
    low: np.ndarray,
    widths: np.ndarray,
    pieces: np.ndarray,
) -> Program:
    """The program with a cost column for each of `columns` and a row for each chord."""
    curvature = program.quadratic.diagonal()
    slopes = []
    heights = []
    number = []
    for place, column in enumerate(columns):
        points = low[column] + widths[place] * np.arange(pieces[place] + 1)
        slope = curvature[column] * (points[:-1] + points[1:]) / 2
        slopes.append(slope)
        heights.append(slope * points[:-1] - curvature[column] * points[:-1] ** 2 / 2)
        number.append(np.full(pieces[place], place))
    index = np.concatenate(number)
    rows = np.arange(len(index))
    places = (rows, columns[index])
    below = sparse.csr_matrix((np.concatenate(slopes), places), (len(rows), len(program.linear)))
    cost = sparse.csr_matrix((-np.ones(len(rows)), (rows, index)), (len(rows), len(columns)))
    none = sparse.csr_matrix((program.matrix.shape[0], len(columns)))
    count = len(columns)
    return replace(
        program,
        quadratic=sparse.csc_matrix((len(program.linear) + count,) * 2),
        linear=np.concatenate([program.linear, np.ones(count)]),
        matrix=by_columns(sparse.bmat([[program.matrix, none], [below, cost]])),
        row_low=np.concatenate([program.row_low, np.full(len(rows), -np.inf)]),
        row_high=np.concatenate([program.row_high, np.concatenate(heights)]),
        column_low=np.concatenate([program.column_low, np.full(count, -np.inf)]),
        column_high=np.concatenate([program.column_high, np.full(count, np.inf)]),
        whole=np.concatenate([program.whole, np.zeros(count, bool)]),
    )
