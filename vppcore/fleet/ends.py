"""How far the columns of a batch can get: what a lower bound from prices needs.

Prices and multipliers prove a lower bound where each column has an end on the side to which its
reduced cost points. Most columns without an end of their own have one all the same: their rows pass
it on. A column that only costs, and that its rows only push up, need not be above what they ask.
Arrays are (columns, VPPs) and (rows, VPPs).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

ROUNDS = 20  # of passing ends on; each goes from row to row
WIDER = 1e-9  # ends are widened by this share of their size, so that rounding cuts nothing off


class Reach(NamedTuple):
    """Lowest and highest values, `(columns, VPPs)`; infinite where there is no end."""

    low: np.ndarray
    high: np.ndarray


class Sums(NamedTuple):
    """Between what the rows of a matrix lie, `(rows, VPPs)`: finite parts, and how many endless
    terms there are.
    """

    low: np.ndarray
    low_endless: np.ndarray
    high: np.ndarray
    high_endless: np.ndarray

    @property
    def ends(self) -> Reach:
        """The lowest and highest values of the rows."""
        return Reach(
            np.where(self.low_endless > 0, -np.inf, self.low),
            np.where(self.high_endless > 0, np.inf, self.high),
        )


def sums(matrix: sparse.csr_matrix, columns: Reach) -> Sums:
    """Between what matrix @ x lies."""
    up = matrix.maximum(0)
    down = matrix.minimum(0)
    endless_low = ~np.isfinite(columns.low)
    endless_high = ~np.isfinite(columns.high)
    low = np.where(endless_low, 0.0, columns.low)
    high = np.where(endless_high, 0.0, columns.high)
    counts_up = (up != 0).astype(float)
    counts_down = (down != 0).astype(float)
    return Sums(
        up @ low + down @ high,
        counts_up @ endless_low.astype(float) + counts_down @ endless_high.astype(float),
        up @ high + down @ low,
        counts_up @ endless_high.astype(float) + counts_down @ endless_low.astype(float),
    )


def passed_on(
    matrix: sparse.csr_matrix,
    rows: Reach,
    columns: Reach,
    cost: np.ndarray,
    curvature: np.ndarray,
) -> Reach:
    """Columns with ends of their own, from their rows, or from what they cost, in this order."""
    low = columns.low.copy()
    high = columns.high.copy()
    by_column = matrix.tocsc()
    for _ in range(ROUNDS):
        before = np.isfinite(low).sum() + np.isfinite(high).sum()
        lacking = np.flatnonzero((~np.isfinite(low) | ~np.isfinite(high)).any(axis=1))
        entries = Entries(
            by_column, lacking, sums(matrix, Reach(low, high)), rows, Reach(low, high)
        )
        least, most = entries.asked()
        fill(low, lacking, least)
        fill(high, lacking, most)
        pushed = entries.needed()
        only_costs = (cost[lacking] >= 0).all(axis=1) & (curvature[lacking] == 0).all(axis=1)
        pushed[~only_costs] = np.inf
        pushed = np.maximum(pushed, np.where(np.isfinite(low[lacking]), low[lacking], -np.inf))
        fill(high, lacking, pushed)
        if np.isfinite(low).sum() + np.isfinite(high).sum() == before:
            break
    return Reach(low, high)


def fill(ends: np.ndarray, places: np.ndarray, found: np.ndarray) -> None:
    """Puts finite ends that were found, made a little wider, where there was none."""
    missing = ~np.isfinite(ends[places]) & np.isfinite(found)
    outward = np.where(missing, np.sign(ends[places]), 0.0)  # the sign of the infinity there
    sizes = np.where(missing, np.abs(found), 0.0)
    wider = np.where(missing, found, 0.0) + outward * WIDER * sizes
    ends[places] = np.where(missing, wider, ends[places])


class Entries:
    """The entries of some columns, one after the other, and what the rest of their rows can be.

    places: the columns. within: sums of the rows. rows, columns: their ends.
    """

    def __init__(
        self,
        matrix: sparse.csc_matrix,
        places: np.ndarray,
        within: Sums,
        rows: Reach,
        columns: Reach,
    ):
        some = matrix[:, places]
        self.count = len(places)
        self.row = some.indices
        self.place = np.repeat(np.arange(self.count), np.diff(some.indptr))
        self.factor = some.data[:, None]
        own = Reach(columns.low[places][self.place], columns.high[places][self.place])
        up = self.factor > 0
        lowest = self.factor * np.where(up, own.low, own.high)
        highest = self.factor * np.where(up, own.high, own.low)
        self.low = others(within.low, within.low_endless, lowest, self.row, -np.inf)
        self.high = others(within.high, within.high_endless, highest, self.row, np.inf)
        self.row_low = rows.low[self.row]
        self.row_high = rows.high[self.row]
        self.up = up

    def asked(self) -> tuple[np.ndarray, np.ndarray]:
        """What the rows let each column be at least and at most, `(places, VPPs)`."""
        above = (self.row_low - self.high) / self.factor  # row_low <= factor x + others
        below = (self.row_high - self.low) / self.factor
        least = self._gathered(np.maximum, np.where(self.up, above, below), -np.inf)
        most = self._gathered(np.minimum, np.where(self.up, below, above), np.inf)
        return least, most

    def needed(self) -> np.ndarray:
        """The most that any row can ask each column to be at least; infinite where one holds it
        down.
        """
        holds = np.where(self.up, np.isfinite(self.row_high), np.isfinite(self.row_low))
        with np.errstate(invalid="ignore"):  # where the row holds it down anyway
            room = np.where(self.up, self.row_low - self.low, self.row_high - self.high)
        asked = room / self.factor
        return self._gathered(np.maximum, np.where(holds, np.inf, asked), -np.inf)

    def _gathered(self, how: np.ufunc, values: np.ndarray, start: float) -> np.ndarray:
        gathered = np.full((self.count, values.shape[1]), start)
        how.at(gathered, self.place, values)
        return gathered


def others(
    total: np.ndarray, endless: np.ndarray, own: np.ndarray, row: np.ndarray, end: float
) -> np.ndarray:
    """The sum of a row without one of its terms; `end` where another term is endless."""
    mine = ~np.isfinite(own)
    rest = total[row] - np.where(mine, 0.0, own)
    return np.where(endless[row] - mine > 0, end, rest)
