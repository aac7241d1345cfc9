"""A batch as an interior point takes it: equations, and columns between two ends.

    minimise  cost x + 1/2 curvature x^2    over    matrix x = right,  low <= x <= high

Rows with one entry become limits of their column; a row with two limits gets a column of its own
for its value. Columns without any end get those that their rows pass on (`ends.py`), which cut
nothing off. Arrays are (columns, VPPs) and (rows, VPPs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.fleet.batches import Batch
from vppcore.fleet.ends import Reach, passed_on, sums

# a share of a number's size by which two limits may contradict each other and are taken as equal
ROUNDING = 1e-9
# free columns get the ends that follow from their rows, made wider by this share of their distance
ROOM = 0.5


@dataclass(frozen=True, eq=False)
class Standard:
    """A batch in the form of an interior point.

    batch: as it was given; its columns come first.
    matrix: `(rows, columns)`. trade: `(steps, columns)`.
    right: `(rows, VPPs)`.
    cost, curvature, low, high: `(columns, VPPs)`.
    reach: ends of all columns, `(columns, VPPs)`, for the lower bound.
    """

    batch: Batch
    matrix: sparse.csr_matrix
    trade: sparse.csr_matrix
    right: np.ndarray
    cost: np.ndarray
    curvature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    reach: Reach

    @property
    def columns(self) -> int:
        """Columns of the batch, without those of rows."""
        return self.batch.matrix.shape[1]


def standard(batch: Batch) -> Standard:
    """A batch in standard form.

    Raises NotSolved (infeasible) where limits contradict each other.
    """
    entries = np.diff(batch.matrix.indptr)
    columns = without_singles(batch, np.flatnonzero(entries == 1))
    check_empty_rows(batch, np.flatnonzero(entries == 0))
    kept = np.flatnonzero((entries > 1) & has_limits(batch))
    matrix = batch.matrix[kept]
    rows = Reach(batch.row_low[kept], batch.row_high[kept])
    columns = consistent(columns, batch)
    reach = passed_on(matrix, rows, columns, batch.cost, batch.curvature)
    boxed = with_ends(columns, reach)
    equations = (rows.low == rows.high).all(axis=1)
    ranges = np.flatnonzero(~equations)
    of_rows = sparse.csr_matrix(
        (-np.ones(len(ranges)), (ranges, np.arange(len(ranges)))), (len(kept), len(ranges))
    )
    values = sums(matrix[ranges], reach).ends
    own = Reach(rows.low[ranges], rows.high[ranges])
    reach_of_rows = Reach(np.maximum(own.low, values.low), np.minimum(own.high, values.high))
    nothing = np.zeros_like(own.low)
    return Standard(
        batch=batch,
        matrix=sparse.hstack([matrix, of_rows], format="csr"),
        trade=sparse.hstack(
            [batch.trade, sparse.csr_matrix((batch.steps, len(ranges)))], format="csr"
        ),
        right=np.where(equations[:, None], rows.low, 0.0),
        cost=np.vstack([batch.cost, nothing]),
        curvature=np.vstack([batch.curvature, nothing]),
        low=np.vstack([boxed.low, own.low]),
        high=np.vstack([boxed.high, own.high]),
        reach=Reach(
            np.vstack([reach.low, reach_of_rows.low]), np.vstack([reach.high, reach_of_rows.high])
        ),
    )


def has_limits(batch: Batch) -> np.ndarray:
    """True for rows that limit anything `(rows,)`."""
    return (np.isfinite(batch.row_low) | np.isfinite(batch.row_high)).any(axis=1)


def without_singles(batch: Batch, singles: np.ndarray) -> Reach:
    """The columns' limits with those of rows that have one entry."""
    low = batch.column_low.copy()
    high = batch.column_high.copy()
    some = batch.matrix[singles]
    factor = some.data[:, None]
    ends = np.stack([batch.row_low[singles] / factor, batch.row_high[singles] / factor])
    np.maximum.at(low, some.indices, ends.min(axis=0))
    np.minimum.at(high, some.indices, ends.max(axis=0))
    return Reach(low, high)


def check_empty_rows(batch: Batch, empty: np.ndarray) -> None:
    """Raises NotSolved where a row without entries must not be zero."""
    wrong = ((batch.row_low[empty] > 0) | (batch.row_high[empty] < 0)).any(axis=0)
    refuse(batch, wrong)


def consistent(columns: Reach, batch: Batch) -> Reach:
    """Limits that differ by rounding only made equal. Raises NotSolved for a contradiction."""
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.abs(columns.low), np.abs(columns.high))
        crossed = columns.low > columns.high
        refuse(batch, (crossed & (columns.low - columns.high > ROUNDING * size)).any(axis=0))
    high = np.where(crossed, columns.low, columns.high)
    return Reach(columns.low, high)


def refuse(batch: Batch, wrong: np.ndarray) -> None:
    """Raises NotSolved, naming the first VPP of those that are wrong `(VPPs,)`."""
    if wrong.any():
        name = batch.names[int(np.flatnonzero(wrong)[0])]
        raise NotSolved(
            f"{name}: infeasible (limits on one flow contradict each other)", "infeasible"
        )


def with_ends(columns: Reach, reach: Reach) -> Reach:
    """The columns' own ends; those of free columns from their rows, with room on both sides."""
    free = ~np.isfinite(columns.low) & ~np.isfinite(columns.high)
    with np.errstate(invalid="ignore"):
        width = reach.high - reach.low
        low = np.where(free & np.isfinite(reach.low), reach.low - ROOM * width, columns.low)
        high = np.where(free & np.isfinite(reach.high), reach.high + ROOM * width, columns.high)
    return Reach(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))
