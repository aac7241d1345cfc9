"""The nucleolus by row generation: one least core after the other, what is settled held fixed.

yuan; a coalition is a vector of truth values `(VPPs,)`.

As in `fairness.nucleolus` (Maschler, Peleg and Shapley 1979) a linear problem makes the largest
excess of the coalitions that are still open as small as it can be, and those with a multiplier are
settled at it. Here the problem has the rows of coalitions that have been solved; the one that is
missing is found among those that are not settled, as in `rows.py`. Settled is with a coalition each
that is a sum of multiples of settled ones. The others are told by whole numbers: some vector of the
null space of the settled rows does not weigh them to zero.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
import pandas as pd

from vppcore.errors import NotSolved
from vppcore.fairness import in_span
from vppcore.sharing.game import Game
from vppcore.sharing.rows import Seen, begin, least_excess, worst_coalition

# of the unit: how exactly the worst coalition is looked for
SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Nucleolus:
    """The nucleolus, and the excesses that were settled.

    split: yuan by VPP.
    levels: the largest excess of each round, yuan, falling.
    coalitions: how many were solved.
    seconds: in all.
    """

    split: pd.Series
    levels: list[float]
    coalitions: int
    seconds: float


def nucleolus_by_rows(game: Game, tolerance: float = 1e-6, seconds: float = 600.0) -> Nucleolus:
    """The split whose largest excesses, in order, are as small as possible (Schmeidler 1969).

    game: of two VPPs or more, each value with an additive bound (`MarketGame`).
    tolerance: the largest excess of a round is proven to so much, as a share of the largest value;
        a multiplier above it, of 1 in all, is told from zero.
    Raises WrongInput for fewer than two VPPs, NotSolved after so many seconds (limit) or where
    values are not known well enough for this tolerance (inaccurate).
    """
    started = time.perf_counter()
    seen, split = begin(game)
    total = seen.values[0]
    unit = max(abs(total), float(np.abs(split).max())) or 1.0
    settled = np.ones((1, len(game.names)))
    shares = np.array([total])
    levels = []
    while len(settled) < len(game.names):
        deadline = started + seconds
        rows, values, level, multipliers = least_level(
            seen, settled, shares, unit, tolerance, deadline
        )
        levels.append(level)
        for k in np.argsort(-multipliers, kind="stable"):
            counts = multipliers[k] > tolerance or k == multipliers.argmax()
            if counts and not in_span(rows[k : k + 1], settled)[0]:
                settled = np.vstack([settled, rows[k]])
                shares = np.append(shares, values[k] - level)
    return Nucleolus(
        split=pd.Series(np.linalg.solve(settled, shares), game.names, name="nucleolus"),
        levels=levels,
        coalitions=len(seen.values),
        seconds=time.perf_counter() - started,
    )


def least_level(
    seen: Seen,
    settled: np.ndarray,
    shares: np.ndarray,
    unit: float,
    tolerance: float,
    deadline: float,
) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """The rows, values, least largest excess and multipliers of the coalitions that are open.

    Adds coalitions to those seen until none that is open has a larger excess, proven.
    deadline: of perf_counter. Raises NotSolved after it (limit) or where numbers contradict each
    other (inaccurate).
    """
    tests = None if len(settled) == 1 else whole_null_space(settled)
    while True:
        inside, worth = seen.table()
        is_open = ~in_span(inside, settled)
        rows = inside[is_open]
        values = worth[is_open]
        split, level, multipliers = least_excess(rows, values, settled, shares, unit)
        left = deadline - time.perf_counter()
        if left <= 0:
            raise NotSolved("nucleolus: ran out of time", "limit")
        found, _, bound = worst_coalition(
            np.array(seen.bounds), split, unit, SLACK * unit, left, tests
        )
        if bound <= level + tolerance * unit:
            return rows, values, level, multipliers
        if found.tobytes() in seen.known:  # its row is there, so the numbers contradict each other
            raise NotSolved(
                f"nucleolus: a largest excess is known to {bound - level:.2g} yuan only; "
                f"allowed: {tolerance * unit:.2g}",
                "inaccurate",
            )
        seen.add(found)


def whole_null_space(rows: np.ndarray) -> np.ndarray:
    """Whole numbers `(VPPs - rows, VPPs)` that every row weighs to zero, and that span all such.

    rows: of zeros and ones, independent of each other. Fractions are exact, so that a coalition
    outside their span is weighed to a whole number that is not zero by at least one of them.

    >>> whole_null_space(np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])).tolist()
    [[0.0, -1.0, 1.0]]
    """
    table = [[Fraction(int(number)) for number in row] for row in rows]
    count = rows.shape[1]
    pivots: list[int] = []
    for column in range(count):
        place = len(pivots)
        best = next((k for k in range(place, len(table)) if table[k][column]), None)
        if best is None:
            continue
        table[place], table[best] = table[best], table[place]
        head = table[place][column]
        table[place] = [number / head for number in table[place]]
        for k in range(len(table)):
            factor = table[k][column]
            if k != place and factor:
                pairs = zip(table[k], table[place], strict=True)
                table[k] = [one - factor * other for one, other in pairs]
        pivots.append(column)
    found = []
    for free in sorted(set(range(count)) - set(pivots)):
        vector = [Fraction(0)] * count
        vector[free] = Fraction(1)
        for place, pivot in enumerate(pivots):
            vector[pivot] = -table[place][free]
        scale = lcm(*(number.denominator for number in vector))
        found.append([float(number * scale) for number in vector])
    return np.array(found).reshape(len(found), count)
