"""What a hit can be worth at most and at least: bounds with a proof, for the search of the worst
day.

The multiplier of a row of the recourse says what one unit more on its right side saves. Bounds on
the multipliers follow from what a VPP can do without limit, whatever its schedule, such as to buy,
to shed or to dump: a change of a right side that can always be made good at some price cannot be
worth more than that price. Nothing is asked of the components, so the bounds hold for new kinds of
plants, too. yuan.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.uncertainty.recourse import Recourse
from vppcore.warm import Program, WarmLinear, by_columns


class Repair:
    """The price of making good a change of the right side by moves that are never limited.

    A move d changes the schedule x. It is never limited if it lowers no column that has a lower
    limit, raises none that has an upper one, and uses up no inequality. If matrix d covers a change
    v of the right side, then x + d is a schedule for the changed right side whenever x was one for
    the old. So the change costs at most the cheapest such cost.d.

    Few columns are left to move, and they fall into blocks that share no row, mostly one for each
    step: only the blocks that a change touches are solved.

    exclusive: exclusive flows may be forbidden by modes, so they are no moves; else they may
    overlap.
    Raises NotSolved (unbounded) if unlimited moves earn money without end.
    """

    def __init__(self, recourse: Recourse, exclusive: bool = False):
        self._name = recourse.name
        self._equation = np.arange(len(recourse.right)) < recourse.equalities
        unlimited = np.zeros(len(recourse.right), bool)
        if not exclusive:
            unlimited = np.isinf(recourse.limits())
        used = sparse.csr_matrix(sparse.diags((~unlimited).astype(float)) @ recourse.matrix)
        used.eliminate_zeros()
        low, high = self._directions(recourse, used)
        columns = np.flatnonzero(low < high)
        moving = used[:, columns].tocsr()
        self._touched = np.diff(moving.indptr) > 0
        self._ignored = unlimited
        self._blocks = self._split(recourse, moving, low[columns], high[columns], columns)
        self._block_of = np.full(len(recourse.right), -1)
        for number, block in enumerate(self._blocks):
            self._block_of[block.rows] = number
        for block in self._blocks:
            block.price(np.zeros(len(block.rows)))  # refuses what earns without end

    def _directions(
        self, recourse: Recourse, used: sparse.csr_matrix
    ) -> tuple[np.ndarray, np.ndarray]:
        """How far each column may always be moved down and up: 0 or without limit, `(columns,)`."""
        low = np.where(np.isfinite(recourse.low), 0.0, -np.inf)
        high = np.where(np.isfinite(recourse.high), 0.0, np.inf)
        single = (np.diff(used.indptr) == 1) & ~self._equation  # a limit on one column
        entries = used[single].tocoo()
        high[entries.col[entries.data > 0]] = 0.0
        low[entries.col[entries.data < 0]] = 0.0
        return low, high

    def _split(
        self,
        recourse: Recourse,
        moving: sparse.csr_matrix,
        low: np.ndarray,
        high: np.ndarray,
        columns: np.ndarray,
    ) -> list[Block]:
        """The blocks of rows and columns that hang together."""
        rows = np.flatnonzero(self._touched)
        matrix = moving[rows]
        graph = sparse.bmat([[None, matrix], [matrix.T, None]], format="csr")
        count, label = sparse.csgraph.connected_components(graph, directed=False)
        row_order = np.argsort(label[: len(rows)], kind="stable")
        column_order = np.argsort(label[len(rows) :], kind="stable")
        row_ends = np.cumsum(np.bincount(label[: len(rows)], minlength=count))[:-1]
        column_ends = np.cumsum(np.bincount(label[len(rows) :], minlength=count))[:-1]
        blocks = []
        for own_rows, own in zip(
            np.split(row_order, row_ends), np.split(column_order, column_ends), strict=True
        ):
            program = Program(
                quadratic=sparse.csc_matrix((len(own), len(own))),
                linear=recourse.cost[columns[own]],
                constant=0.0,
                matrix=by_columns(matrix[own_rows][:, own]),
                row_low=np.zeros(len(own_rows)),
                row_high=np.zeros(len(own_rows)),
                column_low=low[own],
                column_high=high[own],
                whole=np.zeros(len(own), bool),
            )
            blocks.append(Block(self._name, rows[own_rows], self._equation, program))
        return blocks

    def price(self, change: np.ndarray) -> float:
        """The least cost in yuan of making good a change `(rows,)` of the right side; infinite if
        it cannot be."""
        rows = np.flatnonzero((change != 0) & ~self._ignored)
        stuck = rows[~self._touched[rows]]
        needed = self._equation[stuck] | (change[stuck] < 0)
        if needed.any():
            return np.inf
        numbers = np.unique(self._block_of[rows[self._touched[rows]]])
        return sum(
            self._blocks[number].price(change[self._blocks[number].rows]) for number in numbers
        )


class Block:
    """Unlimited moves of a few columns, on the rows that they touch.

    rows: which, in the recourse.
    """

    def __init__(self, name: str, rows: np.ndarray, equation: np.ndarray, program: Program):
        self.rows = rows
        self._name = name
        self._equation = equation[rows]
        self._program = program
        self._solver = WarmLinear(f"{name}'s unlimited moves")
        self._prices: dict[bytes, float] = {}

    def price(self, change: np.ndarray) -> float:
        """The least cost in yuan of making good a change of these rows; infinite if it
        cannot be.
        """
        key = change.tobytes()
        if key not in self._prices:
            self._prices[key] = self._solve(change)
        return self._prices[key]

    def _solve(self, change: np.ndarray) -> float:
        row_low = np.where(self._equation, change, -np.inf)
        try:
            return self._solver.value(replace(self._program, row_low=row_low, row_high=change))
        except NotSolved as refused:
            if refused.status == "infeasible":
                return np.inf
            if refused.status == "unbounded":
                raise endless(self._name) from refused
            raise


def endless(name: str) -> NotSolved:
    """The refusal of VPPs whose unlimited moves earn money without end."""
    return NotSolved(
        f"{name}: some exchange earns money without limit (a feed-in price above a purchase price, "
        "or a purchase price below minus the price of dumping?)",
        "unbounded",
    )


def value_bounds(recourse: Recourse, exclusive: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most that a hit can be worth.

    The worth of a hit on one (series, step) is what the recourse's cost grows by per unit of z; it
    is by_day.T @ multipliers. Returns two arrays `(keys x steps,)` in yuan, low <= 0 <= high, such
    that for every day and all trades some optimal multipliers keep all worths between them.

    exclusive: for whatever modes of exclusive flows; False: for the recourse that lets them
    overlap.

    Proof. Rows that are equations: see `Repair`; a multiplier is what making good one unit more, or
    one unit less, costs at most. Rows that are limits: see `limit_bound`. The worth of a hit is a
    sum over rows, bounded term by term.
    """
    rows = np.unique(recourse.by_day.tocoo().row)
    repair = Repair(recourse, exclusive)
    low = np.zeros(len(recourse.right))
    high = np.zeros(len(recourse.right))
    for row in rows[rows < recourse.equalities]:
        unit = np.zeros(len(recourse.right))
        unit[row] = 1.0
        low[row] = -repair.price(unit)
        high[row] = repair.price(-unit)
    widest = float(high.max(initial=0.0) - low.min(initial=0.0))
    for row in rows[rows >= recourse.equalities]:
        high[row] = limit_bound(recourse, repair, row, widest)
    return worths_between(recourse.by_day, low, high)


def limit_bound(recourse: Recourse, repair: Repair, row: int, widest: float) -> float:
    """The most that one unit more of a limit can save, yuan.

    A limit on one activity, as a plant's output or a curtailed load: whoever uses the unit can give
    the activity up by that much and make good what it brought, so the unit saves no more than
    making it good costs, less what the activity itself costs.
    Any other limit is one of a load that may be moved between steps. Undoing the use of the unit
    moves power from one step to another, which costs no more than shedding in the one and dumping
    in the other: `widest`, the difference of the highest and the lowest multiplier of a balance.
    """
    entries = recourse.by_rows[row]
    alone = len(entries.indices) == 1 and entries.data[0] > 0
    column = entries.indices[0]
    if not alone or recourse.low[column] != 0:
        return widest
    effect = recourse.matrix[:, [column]].toarray().ravel() / entries.data[0]
    effect[row] = 0.0
    saved = recourse.cost[column] / entries.data[0]
    return max(0.0, repair.price(given_up(recourse, effect)) - saved)


def given_up(recourse: Recourse, effect: np.ndarray) -> np.ndarray:
    """The change of the right side that giving up an activity leaves to be made good.

    effect: `(rows,)`, what the activity added to each row. Where giving it up leaves more room
    below a limit nothing needs to be made good.
    """
    inequality = np.arange(len(effect)) >= recourse.equalities
    return np.where(inequality, np.minimum(effect, 0.0), effect)


def worths_between(
    by_day: sparse.csc_matrix, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest by_day.T @ multipliers with each multiplier between low and high."""
    positive = by_day.maximum(0)
    negative = by_day.minimum(0)
    least = positive.T @ low + negative.T @ high
    most = positive.T @ high + negative.T @ low
    return np.minimum(least, 0.0), np.maximum(most, 0.0)
