"""Symmetric elimination of many VPPs at once, with the same plan for all.

The Newton system of an interior point is  F diag(theta) F' [y; prices] = right  with F the VPP's
rows and, last, the rows that all VPPs share (the *border*: what it receives in each step). The
pattern of F F' is the same for all VPPs of a type, so the order of elimination, the places that
fill in and every single product of it are planned once. Numbers stand side by side, (entries,
VPPs), and each operation is done for all VPPs at a time.

Eliminating a VPP's own rows leaves on the border its *slope*: how much less it receives as prices
rise, (steps, steps).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse

from vppcore.fleet import kernel

# a pivot below this share of what it was before elimination says nothing new: its row follows from
# rows that came before
DEPENDENT = 1e-13


class Level(NamedTuple):
    """Rows that can be eliminated at the same time, none of which touches another.

    pivots: places of their diagonals. entries: places below them, and `of`, whose (0, 1, ...).
    row_of_entry: the row of each entry; by_row: their order by it.
    first, second: places in `entries` that multiply each other. targets: where sums of such
    products are taken off. starts: where each sum begins.
    """

    rows: np.ndarray
    pivots: np.ndarray
    entries: np.ndarray
    of: np.ndarray
    row_of_entry: np.ndarray
    by_row: np.ndarray
    first: np.ndarray
    second: np.ndarray
    targets: np.ndarray
    starts: np.ndarray


class Sequence(NamedTuple):
    """The same row after row, for the kernel; see `kernel.eliminate_in_place`."""

    pivots: np.ndarray
    rows: np.ndarray
    starts: np.ndarray
    entries: np.ndarray
    row_of_entry: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True, eq=False)
class Plan:
    """The elimination of a type of VPPs.

    rows: how many are eliminated. border: how many are not.
    order: the rows of F in the order of elimination, the border last.
    fill: `(entries, columns)`, fill @ theta are the entries of F diag(theta) F'.
    levels: of the elimination, the first first.
    corner: places of the border's entries, `(border, border)`, symmetric.
    multiply: pairs of entries that are multiplied, in all.
    """

    rows: int
    border: int
    order: np.ndarray
    fill: sparse.csr_matrix
    levels: list[Level]
    corner: np.ndarray
    multiply: int

    @property
    def entries(self) -> int:
        """Entries that are kept for each VPP."""
        return self.fill.shape[0]

    @cached_property
    def sequence(self) -> Sequence:
        """The levels one after the other, row after row."""
        some = self.levels
        counts = [np.bincount(one.of, minlength=len(one.rows)) for one in some]
        return Sequence(
            pivots=joined([one.pivots for one in some]),
            rows=joined([one.rows for one in some]),
            starts=np.concatenate([[0], np.cumsum(joined(counts))]),
            entries=joined([one.entries for one in some]),
            row_of_entry=joined([one.row_of_entry for one in some]),
            targets=joined([targets_by_row(one) for one in some]),
        )


def joined(arrays: list[np.ndarray]) -> np.ndarray:
    """Whole numbers of several arrays in one."""
    return np.concatenate([*arrays, np.zeros(0, int)]).astype(np.int64)


def targets_by_row(one: Level) -> np.ndarray:
    """The place of each product of a level, in the order in which the kernel makes them."""
    counts = np.diff(one.starts, append=len(one.first))
    target = np.repeat(one.targets, counts)
    return target[np.lexsort((one.first, one.second))]


def planned(matrix: sparse.csr_matrix, border: sparse.csr_matrix) -> Plan:
    """The plan for the rows of a matrix, with a border of other rows."""
    rows = matrix.shape[0]
    stacked = sparse.vstack([matrix, border], format="csr")
    pattern = sparse.csr_matrix(
        (np.ones(stacked.nnz), stacked.indices, stacked.indptr), stacked.shape
    )
    neighbours = neighbours_of(pattern, rows)
    order, below = least_degree(neighbours, rows)
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    columns = [np.sort(place[list(found)]) for found in below]
    columns += [np.arange(k + 1, len(order)) for k in range(rows, len(order))]
    starts = np.concatenate([[0], np.cumsum([1 + len(found) for found in columns])])
    places = {}
    for column, found in enumerate(columns):
        places[column, column] = int(starts[column])
        for offset, row in enumerate(found):
            places[int(row), column] = int(starts[column]) + 1 + offset
    fill = products(stacked[order], places, int(starts[-1]))
    levels = [level(rows_of, columns, places) for rows_of in by_level(columns[:rows])]
    return Plan(
        rows=rows,
        border=border.shape[0],
        order=order,
        fill=fill,
        levels=levels,
        corner=corner_of(rows, len(order), places),
        multiply=sum(len(one.first) for one in levels),
    )


def neighbours_of(pattern: sparse.csr_matrix, rows: int) -> list[set[int]]:
    """For each row, those that share a column with it; all of the border are neighbours."""
    product = sparse.csr_matrix(pattern @ pattern.T)
    found = [
        set(product.indices[product.indptr[k] : product.indptr[k + 1]].tolist()) - {k}
        for k in range(pattern.shape[0])
    ]
    border = set(range(rows, pattern.shape[0]))
    for k in border:
        found[k] |= border - {k}
    return found


def least_degree(neighbours: list[set[int]], rows: int) -> tuple[np.ndarray, list[set[int]]]:
    """An order in which few places fill in: always the row with fewest neighbours is next.

    Returns the order, the border last, and for each of its rows the neighbours it has when it goes.
    """
    left = set(range(rows))
    order = []
    below = []
    while left:
        row = min(left, key=lambda k: (len(neighbours[k]), k))
        left.remove(row)
        around = neighbours[row]
        for other in around:
            neighbours[other] |= around
            neighbours[other] -= {row, other}
        order.append(row)
        below.append(around)
    return np.array([*order, *range(rows, len(neighbours))]), below


def by_level(columns: list[np.ndarray]) -> list[list[int]]:
    """Rows that can go at the same time: a row waits for all that are changed into it."""
    depth = np.zeros(len(columns), int)
    for column, found in enumerate(columns):
        later = found[found < len(columns)]
        np.maximum.at(depth, later, depth[column] + 1)
    return [np.flatnonzero(depth == k).tolist() for k in range(depth.max(initial=-1) + 1)]


def products(
    rows: sparse.csr_matrix, places: dict[tuple[int, int], int], entries: int
) -> sparse.csr_matrix:
    """fill @ theta = the entries of rows diag(theta) rows', each at its place."""
    target: list[int] = []
    column: list[int] = []
    value: list[float] = []
    by_column = rows.tocsc()
    for k in range(rows.shape[1]):
        some = slice(by_column.indptr[k], by_column.indptr[k + 1])
        pairs = list(zip(by_column.indices[some].tolist(), by_column.data[some], strict=True))
        for one, left in pairs:
            for other, right in pairs:
                if one >= other:
                    target.append(places[one, other])
                    column.append(k)
                    value.append(left * right)
    return sparse.csr_matrix((value, (target, column)), (entries, rows.shape[1]))


def level(rows: list[int], columns: list[np.ndarray], places: dict[tuple[int, int], int]) -> Level:
    """What is done when these rows are eliminated."""
    entries: list[int] = []
    of: list[int] = []
    row_of_entry: list[int] = []
    first: list[int] = []
    second: list[int] = []
    target: list[int] = []
    for k, row in enumerate(rows):
        found = columns[row].tolist()
        start = len(entries)
        entries += [places[other, row] for other in found]
        of += [k] * len(found)
        row_of_entry += found
        for right, low in enumerate(found):
            for left in range(right, len(found)):
                first.append(start + left)
                second.append(start + right)
                target.append(places[found[left], low])
    order = np.argsort(target, kind="stable")
    targets, starts = np.unique(np.array(target, int)[order], return_index=True)
    return Level(
        rows=np.array(rows, int),
        pivots=np.array([places[row, row] for row in rows], int),
        entries=np.array(entries, int),
        of=np.array(of, int),
        row_of_entry=np.array(row_of_entry, int),
        by_row=np.argsort(row_of_entry, kind="stable"),
        first=np.array(first, int)[order],
        second=np.array(second, int)[order],
        targets=targets,
        starts=starts,
    )


def corner_of(rows: int, last: int, places: dict[tuple[int, int], int]) -> np.ndarray:
    """Where the border's own entries stand, `(border, border)`."""
    border = range(rows, last)
    corner = [[places[max(one, other), min(one, other)] for other in border] for one in border]
    return np.array(corner, int).reshape(last - rows, last - rows)


class Eliminated:
    """The systems of all VPPs of a batch, their own rows eliminated.

    plan: of the type. theta: `(columns, VPPs)`, zero or more.
    slope: `(steps, steps)`, of all VPPs together.
    """

    def __init__(self, plan: Plan, theta: np.ndarray):
        self.plan = plan
        self._numbers = np.ascontiguousarray(plan.fill @ theta)
        self._inverse = np.zeros((plan.rows, theta.shape[1]))
        least = DEPENDENT * self._numbers
        if kernel.is_there():
            self._by_kernel(least)
        else:
            self._by_levels(least)
        self.slope = self._numbers[plan.corner].sum(axis=2)

    def _by_kernel(self, least: np.ndarray) -> None:
        pivots, rows, starts, entries, _, targets = self.plan.sequence
        eliminate = kernel.compiled("eliminate_in_place")
        eliminate(self._numbers, least, self._inverse, pivots, rows, starts, entries, targets)

    def _by_levels(self, least: np.ndarray) -> None:
        numbers = self._numbers
        for one in self.plan.levels:
            pivots = numbers[one.pivots]
            new = pivots > least[one.pivots]
            inverse = np.divide(1.0, pivots, out=np.zeros_like(pivots), where=new)
            self._inverse[one.rows] = inverse
            if not len(one.entries):
                continue
            below = numbers[one.entries]
            scaled = below * inverse[one.of]
            changes = below[one.first]
            changes *= scaled[one.second]
            numbers[one.targets] -= np.add.reduceat(changes, one.starts, axis=0)
            numbers[one.entries] = scaled

    def forward(self, right: np.ndarray) -> np.ndarray:
        """Eliminates the right side `(rows and border, VPPs)`; the border keeps what is left."""
        moved = right[self.plan.order]
        if kernel.is_there():
            _, rows, starts, entries, row_of_entry, _ = self.plan.sequence
            go = kernel.compiled("forward_in_place")
            go(moved, self._numbers, rows, starts, entries, row_of_entry)
            return moved
        for one in self.plan.levels:
            if len(one.entries):
                changes = self._numbers[one.entries] * moved[one.rows][one.of]
                add_up(moved, -changes[one.by_row], one.row_of_entry[one.by_row])
        return moved

    def backward(self, moved: np.ndarray, border: np.ndarray) -> np.ndarray:
        """The solution `(rows and border, VPPs)` when that of the border `(border,)` is known."""
        solution = np.empty_like(moved)
        last = self.plan.rows
        solution[:last] = moved[:last] * self._inverse
        solution[last:] = border[:, None]
        if kernel.is_there():
            _, rows, starts, entries, row_of_entry, _ = self.plan.sequence
            go = kernel.compiled("backward_in_place")
            go(solution, self._numbers, rows, starts, entries, row_of_entry)
        else:
            for one in reversed(self.plan.levels):
                if len(one.entries):
                    changes = self._numbers[one.entries] * solution[one.row_of_entry]
                    add_up(solution, -changes, one.rows[one.of])
        whole = np.empty_like(solution)
        whole[self.plan.order] = solution
        return whole


def add_up(numbers: np.ndarray, changes: np.ndarray, rows: np.ndarray) -> None:
    """Adds changes to rows of numbers; changes of one row stand one after the other."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    numbers[rows[starts]] += np.add.reduceat(changes, starts, axis=0)
