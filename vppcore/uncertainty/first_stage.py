"""Decisions made the day before: the problem that knows some days and has a schedule for each.

Column-and-constraint generation (Zeng and Zhao 2013) adds a copy of the schedule, columns and
constraints, for each day that the adversary has named. kW, yuan.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from vppcore.uncertainty.recourse import Recourse

ModeChoice = list[cp.Variable]


def mode_choice(recourse: Recourse) -> ModeChoice:
    """A binary `(steps,)` for each pair of exclusive flows."""
    return [cp.Variable(recourse.steps, boolean=True) for _ in recourse.pairs]


def schedule_on(
    recourse: Recourse,
    z: np.ndarray,
    promised: cp.Expression | None = None,
    modes: ModeChoice | None = None,
) -> tuple[cp.Expression, list[cp.Constraint]]:
    """The cost of a schedule for the day z in yuan, and its rows.

    promised: the trades as a vector q of expressions; None is no trade.
    modes: binaries for the exclusive flows; None lets them overlap.
    """
    x = cp.Variable(len(recourse.cost), bounds=[recourse.low, recourse.high])
    left = recourse.matrix @ x
    if promised is not None:
        left = left + recourse.by_trade @ promised
    right = recourse.right_side(z)
    equation = np.arange(len(right)) < recourse.equalities
    inequality = ~equation & np.isfinite(right)
    rows = [left[equation] == right[equation], left[inequality] <= right[inequality]]
    for pair, mode in zip(recourse.pairs, modes or [], strict=modes is not None):
        first_rows = pair.first_rows[pair.where]
        other_rows = pair.other_rows[pair.where]
        first = left[first_rows] - pair.first_offset[pair.where]
        other = left[other_rows] - pair.other_offset[pair.where]
        rows.append(first <= cp.multiply(pair.first_max[pair.where], mode[pair.where]))
        rows.append(other <= cp.multiply(pair.other_max[pair.where], 1 - mode[pair.where]))
    return recourse.cost @ x + recourse.constant, rows
