"""What a hit can be worth at most and at least: bounds with a proof, for the search of the worst day.

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
from vppcore.warm import WarmLinear


class Repair:
    """The price of making good a change of the right side by moves that are never limited.

    A move d changes the schedule x. It is never limited if it lowers no column that has a lower
    limit, raises none that has an upper one, and uses up no inequality. If matrix d covers a change
    v of the right side, then x + d is a schedule for the changed right side whenever x was one for
    the old. So the change costs at most the cheapest such cost.d.

    exclusive: exclusive flows may be forbidden by modes, so they are no moves; else they may overlap.
    """

    def __init__(self, recourse: Recourse, exclusive: bool = False):
        self._recourse = recourse
        self._free = np.zeros(len(recourse.right))
        if not exclusive:
            self._free[np.isinf(recourse.limits())] = np.inf
        program = recourse.program
        self._program = replace(
            program,
            constant=0.0,
            column_low=np.where(np.isfinite(program.column_low), 0.0, -np.inf),
            column_high=np.where(np.isfinite(program.column_high), 0.0, np.inf),
        )
        self._solver = WarmLinear(f"{recourse.name}'s unlimited moves")

    def price(self, change: np.ndarray) -> float:
        """The least cost in yuan of making good a change `(rows,)` of the right side; infinite if
        it cannot be.

        Raises NotSolved (unbounded) if unlimited moves earn money without end.
        """
        right = change + self._free
        equation = np.arange(len(right)) < self._recourse.equalities
        row_low = np.where(equation, right, -np.inf)
        program = replace(self._program, row_low=row_low, row_high=right)
        try:
            return self._solver.value(program)
        except NotSolved as refused:
            if refused.status == "infeasible":
                return np.inf
            if refused.status == "unbounded":
                raise NotSolved(
                    f"{self._recourse.name}: some exchange earns money without limit "
                    "(a feed-in price above a purchase price, or a purchase price below minus the "
                    "price of dumping?)",
                    "unbounded",
                ) from refused
            raise


def value_bounds(recourse: Recourse, exclusive: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most that a hit can be worth.

    The worth of a hit on one (series, step) is what the recourse's cost grows by per unit of z; it
    is by_day.T @ multipliers. Returns two arrays `(keys x steps,)` in yuan, low <= 0 <= high, such
    that for every day and all trades some optimal multipliers keep all worths between them.

    exclusive: for whatever modes of exclusive flows; False: for the recourse that lets them overlap.

    Proof. Rows that are equations: see `Repair`; a multiplier is what making good one unit more, or
    one unit less, costs at most. Rows that are limits: see `limit_bound`. The worth of a hit is a
    sum over rows, bounded term by term.
    """
    rows = np.unique(recourse.by_day.tocoo().row)
    repair = Repair(recourse, exclusive)
    repair.price(np.zeros(len(recourse.right)))  # refuses a recourse without a least cost
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
    entries = recourse.matrix.tocsr()[row]
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
