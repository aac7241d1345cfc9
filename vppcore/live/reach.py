"""How far the columns of a linear problem can get, whatever its knobs are set to.

A lower bound from multipliers is worth nothing where a multiplier has a wrong sign, however small,
and its column no end. Most columns without an end of their own have one all the same: their rows
hold them. A column that only costs, and that rows only push up, need not be above what they ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ROUNDS = 50  # of narrowing; each passes ends on from row to row


@dataclass(frozen=True, eq=False)
class Intervals:
    """Numbers of which only the ends are known; `low` and `high` have one shape."""

    low: np.ndarray
    high: np.ndarray

    def of(self, places: np.ndarray) -> Intervals:
        """Those at these places."""
        return Intervals(self.low[places], self.high[places])


def product(one: Intervals, other: Intervals) -> Intervals:
    """The ends of a product; nothing times infinity is nothing.

    >>> ends = product(Intervals(np.array([-1.0]), np.array([2.0])),
    ...                Intervals(np.array([0.0]), np.array([np.inf])))
    >>> ends.low.item(), ends.high.item()
    (-inf, inf)
    """
    ends = []
    for left in (one.low, one.high):
        for right in (other.low, other.high):
            with np.errstate(invalid="ignore"):
                ends.append(np.nan_to_num(left * right, nan=0.0, posinf=np.inf, neginf=-np.inf))
    return Intervals(np.min(ends, axis=0), np.max(ends, axis=0))


def quotient(rest: Intervals, entry: Intervals) -> Intervals:
    """The ends of rest / entry; everything where the entry may be zero."""
    sure = (entry.low > 0) | (entry.high < 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = Intervals(
            np.where(sure, 1 / entry.high, -np.inf), np.where(sure, 1 / entry.low, np.inf)
        )
    ends = product(rest, inverse)
    return Intervals(np.where(sure, ends.low, -np.inf), np.where(sure, ends.high, np.inf))


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a problem by their entries.

    row, column: `(entries,)`. entry: their numbers. low, high: limits of the rows, `(rows,)`.
    """

    row: np.ndarray
    column: np.ndarray
    entry: Intervals
    low: Intervals
    high: Intervals

    def others(self, columns: Intervals) -> Intervals:
        """For each entry, between what the sum of all other entries of its row lies."""
        terms = product(self.entry, columns.of(self.column))
        count = len(self.low.low)
        ends = []
        for values in (terms.low, terms.high):
            endless = ~np.isfinite(values)
            finite = np.where(endless, 0.0, values)
            sums = np.bincount(self.row, finite, count)[self.row] - finite
            more = np.bincount(self.row, endless, count)[self.row] - endless
            ends.append((sums, more > 0))
        (low, low_endless), (high, high_endless) = ends
        return Intervals(np.where(low_endless, -np.inf, low), np.where(high_endless, np.inf, high))

    def asked(self, columns: Intervals) -> Intervals:
        """For each entry, between what the row lets its column be; everything where it does not
        say.
        """
        others = self.others(columns)
        with np.errstate(invalid="ignore"):
            room = Intervals(
                self.low.low[self.row] - others.high, self.high.high[self.row] - others.low
            )
        return quotient(room, self.entry)


def reach(
    shape: tuple[int, int],
    places: np.ndarray,
    entries: Intervals,
    vectors: Mapping[str, Intervals],
    curved: Sequence[int] | np.ndarray = (),
) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest value of each column `(columns,)` in some cheapest solution.

    shape, places, entries: of the matrix, place = row * columns + column.
    vectors: cost, row_low, row_high, column_low and column_high, over all settings of the knobs.
    curved: columns with a quadratic cost; these have the ends that their rows give, and no other.
    A column without an end has an infinite one.
    """
    row, column = np.divmod(places, shape[1])
    rows = Rows(row, column, entries, vectors["row_low"], vectors["row_high"])
    columns = Intervals(vectors["column_low"].low.copy(), vectors["column_high"].high.copy())
    for _ in range(ROUNDS):
        before = np.isfinite(columns.low).sum() + np.isfinite(columns.high).sum()
        asked = rows.asked(columns)
        least = np.full(shape[1], -np.inf)
        most = np.full(shape[1], np.inf)
        np.maximum.at(least, column, asked.low)
        np.minimum.at(most, column, asked.high)
        columns = Intervals(
            np.where(np.isfinite(columns.low), columns.low, least),
            np.where(np.isfinite(columns.high), columns.high, most),
        )
        if np.isfinite(columns.low).sum() + np.isfinite(columns.high).sum() == before:
            break
    flat = np.ones(shape[1], bool)
    flat[list(curved)] = False
    return ends_of_pushed(rows, columns, vectors["cost"], flat)


def ends_of_pushed(
    rows: Rows, columns: Intervals, cost: Intervals, flat: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gives an upper end to columns that cost nothing less than nothing and that rows only push up.

    Such a column may be lowered to the largest of what its rows ask without harm.
    flat: `(columns,)`, true where no cost is quadratic.
    """
    pushes = pushed_up(rows, len(columns.low))
    candidates = ~np.isfinite(columns.high) & pushes & (cost.low >= 0) & flat
    asked = lowest_needed(rows, columns)
    most = columns.low.copy()
    np.maximum.at(most, rows.column, asked)
    return columns.low, np.where(candidates, most, columns.high)


def pushed_up(rows: Rows, count: int) -> np.ndarray:
    """True for a column that no row holds down, whatever the others do `(columns,)`."""
    up = (rows.entry.low > 0) & ~np.isfinite(rows.high.high[rows.row])
    down = (rows.entry.high < 0) & ~np.isfinite(rows.low.low[rows.row])
    held = np.bincount(rows.column, ~(up | down), count)
    return held == 0


def lowest_needed(rows: Rows, columns: Intervals) -> np.ndarray:
    """For each entry, the most that its row can ask its column to be at least."""
    others = rows.others(columns)
    positive = rows.entry.low > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        least = np.where(
            positive,
            rows.low.high[rows.row] - others.low,  # others + entry * column >= low
            rows.high.low[rows.row] - others.high,  # others + entry * column <= high
        )
        needed = np.maximum(least / rows.entry.low, least / rows.entry.high)
    needed = np.where(positive | (rows.entry.high < 0), needed, np.inf)
    return np.nan_to_num(needed, nan=np.inf, posinf=np.inf, neginf=-np.inf)
