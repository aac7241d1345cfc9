"""The steps in which two flows exclude each other, and rows that sharpen what overlaps may save.

A linear problem that lets exclusive flows overlap is too cheap. Some rows hold in every schedule
without overlaps and cut off much of what an overlap saves. kW, kWh.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from vppcore.exclusive import EXCLUSIVE_TOLERANCE
from vppcore.uncertainty.chords import ranges
from vppcore.uncertainty.modes import PairRows
from vppcore.warm import Program


class Places:
    """The steps in which flows exclude each other, of all pairs, one after the other.

    where: `(pairs, steps)`, true in these steps; the other arrays are `(places,)`.
    first_rows, other_rows: as in `PairRows`.
    shares: two matrices `(places, columns)`; times a schedule they are both flows as shares of
        their largest values, less the offsets.
    offsets: two arrays.
    """

    def __init__(self, program: Program, pairs: list[PairRows]):
        usable = [pair.where & (pair.first_max > 0) & (pair.other_max > 0) for pair in pairs]
        self.where = np.array(usable)
        self.first_rows = self._of([pair.first_rows for pair in pairs])
        self.other_rows = self._of([pair.other_rows for pair in pairs])
        self._largest = (
            self._of([pair.first_max for pair in pairs]),
            self._of([pair.other_max for pair in pairs]),
        )
        rating = [max(pair.first_max.max(), pair.other_max.max()) for pair in pairs]
        self._rating = np.repeat(rating, self.where.sum(axis=1))
        self._elsewhere = np.array([pair.first_max > 0 for pair in pairs])
        by_rows = program.matrix.tocsr()
        self.shares = (
            sparse.diags(1 / self._largest[0]) @ by_rows[self.first_rows],
            sparse.diags(1 / self._largest[1]) @ by_rows[self.other_rows],
        )
        self.offsets = (
            self._of([pair.first_offset for pair in pairs]) / self._largest[0],
            self._of([pair.other_offset for pair in pairs]) / self._largest[1],
        )

    def _of(self, by_pair: list[np.ndarray]) -> np.ndarray:
        return np.array(by_pair)[self.where]

    def __len__(self) -> int:
        return len(self.first_rows)

    def used(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both flows of a schedule as shares of their largest values."""
        first = self.shares[0] @ x - self.offsets[0]
        other = self.shares[1] @ x - self.offsets[1]
        return first, other

    def overlapping(self, first: np.ndarray, other: np.ndarray) -> np.ndarray:
        """True where both flows run, given as shares of their largest values."""
        both = np.minimum(first * self._largest[0], other * self._largest[1])
        return both > EXCLUSIVE_TOLERANCE * self._rating

    def modes(self, first: np.ndarray) -> np.ndarray:
        """By pair and step `(pairs, steps)` whether the first flow may run, from the same by place.

        Where flows do not exclude each other the first may run, unless it never can.
        """
        modes = self._elsewhere.copy()
        modes[self.where] = first
        return modes


def sharper_rows(
    program: Program, steady: np.ndarray, places: Places
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Rows `matrix x <= right` that hold in every schedule without overlaps.

    steady: `(rows,)`, true where the program's right side is the same on all days.
    """
    together = places.shares[0] + places.shares[1]
    whole = 1.0 + places.offsets[0] + places.offsets[1]
    stores, full = store_rows(program, steady, places)
    matrix = sparse.vstack([together, stores], format="csr")
    return matrix, np.concatenate([whole, full])


def store_rows(
    program: Program, steady: np.ndarray, places: Places
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Rows by which neither flow alone may overfill or overdraw what both fill and draw.

    Say that after = start + kept before + gain first - loss other, with limits on before and after.
    Where only the first flow runs, start + kept before + gain first is what is there after. Where
    only the other one does, kept before is left. So kept before + gain first never exceeds the
    larger of both limits: a full store is not filled further by drawing on it at once. The same
    holds for the other flow and the lower limits.
    """
    low, high = steady_ranges(program, steady)
    equation = (program.row_low == program.row_high) & steady
    by_rows = program.matrix.tocsr()
    columns = program.matrix.tocsc()
    entries: list[tuple[int, int, float]] = []  # row, column, factor
    right: list[float] = []
    for first, other in single_columns(by_rows, places, low):
        touched = np.intersect1d(columns[:, [first]].indices, columns[:, [other]].indices)
        for row in touched[equation[touched]]:
            balance = by_rows[[row]]
            rest = [column for column in balance.indices if column not in (first, other)]
            if len(rest) != 2:
                continue  # not what is there before and after
            before, after = rest
            scale = balance[0, after]
            start = program.row_high[row] / scale
            kept = -balance[0, before] / scale
            for flow in (first, other):
                gain = -balance[0, flow] / scale
                sign = 1.0 if gain > 0 else -1.0
                limit = sign * ((high if gain > 0 else low)[after] - start)
                left = max(sign * kept * low[before], sign * kept * high[before])
                if np.isfinite([limit, left]).all():
                    entries += [(len(right), before, sign * kept), (len(right), flow, abs(gain))]
                    right.append(max(limit, left))
    numbers, at, factors = np.array(entries).reshape(-1, 3).T
    shape = (len(right), by_rows.shape[1])
    return sparse.csr_matrix((factors, (numbers.astype(int), at.astype(int))), shape), np.array(
        right
    )


def steady_ranges(program: Program, steady: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns' limits on all days."""
    row_low = np.where(steady, program.row_low, -np.inf)
    row_high = np.where(steady, program.row_high, np.inf)
    return ranges(replace(program, row_low=row_low, row_high=row_high))


def single_columns(
    by_rows: sparse.csr_matrix, places: Places, low: np.ndarray
) -> list[tuple[int, int]]:
    """The columns of both flows of each place where a flow is a column that is never negative."""
    found = []
    for place in range(len(places)):
        rows = (places.first_rows[place], places.other_rows[place])
        pieces = [by_rows[[row]] for row in rows]
        offsets = [offset[place] for offset in places.offsets]
        if any(offsets) or any(len(piece.indices) != 1 for piece in pieces):
            continue
        first, other = (int(piece.indices[0]) for piece in pieces)
        if low[first] == 0 and low[other] == 0:
            found.append((first, other))
    return found
