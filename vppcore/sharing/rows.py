r"""The least core of many VPPs by row generation: rows for the coalitions that matter, no others.

yuan; a coalition is a vector of truth values `(VPPs,)`; x is a split of v(N).

The least core asks for $\min\varepsilon$ with $v(S)-x(S)\le\varepsilon$ for all S but N: a linear
problem with a row per coalition, $2^n-2$ of them. With some of the rows its optimum is a **lower
bound** of $\varepsilon$. Which row is missing? The largest excess at x,

$$\max_S\ v(S)-x(S)\ \le\ \max_S\,\min_k\sum_{i\in S}(g_{ki}-x_i),$$

is bounded by the additive games $g_k$ that came with the coalitions seen so far (`game.py`): a
problem with a binary per VPP and a row per additive game. Its optimum is an **upper bound** of the
largest excess at x, hence of $\varepsilon$. The coalition that attains it is solved in earnest: its
value is a new row, its prices a new additive game. So both bounds come with every round, they meet
after finitely many, and may be left at any time. (This is Benders' decomposition of the choice of a
coalition and of what it does.)

Where the binary problem is slow, the split of Owen (1975) is proof enough that the core is not
empty: the first additive game bounds every coalition. It is the start, so that the upper bound is
zero before the first round.

The point that is asked about lies between the optimum of the rows and the best split so far, which
tames the jumps of the former (Ben-Ameur and Neto 2007).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from vppcore.errors import NotSolved, WrongInput
from vppcore.sharing.game import Game, everybody
from vppcore.warm import Program, WarmLinear

# where between the best split so far and the optimum of the rows an excess is asked for
BETWEEN = 0.5
# of the gap between both bounds: how exactly the binary problem is solved
SHARE_OF_GAP = 0.1
# of an excess: how roughly it is looked for where that is enough
ROUGHLY = 0.3
EXACTLY = 1e-7
# of the largest value: no problem is solved more exactly
FINEST = 1e-9


@dataclass
class Seen:
    """Coalitions that have been solved: what they save, and the additive games that prove it.

    inside: `(VPPs,)` truth values each. values: v(S), yuan. bounds: `(VPPs,)`, yuan, each.
    """

    game: Game
    inside: list[np.ndarray] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    bounds: list[np.ndarray] = field(default_factory=list)
    known: set[bytes] = field(default_factory=set)

    def add(self, inside: np.ndarray) -> float:
        """Solves a coalition if it is new; v(S)."""
        if inside.tobytes() in self.known:
            return self.values[self.place(inside)]
        worth = self.game.worth(inside)
        self.known.add(inside.tobytes())
        self.inside.append(inside.copy())
        self.values.append(worth.value)
        self.bounds.append(worth.bound)
        return worth.value

    def place(self, inside: np.ndarray) -> int:
        """Where a coalition that has been seen stands in the lists."""
        return next(k for k, one in enumerate(self.inside) if (one == inside).all())

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """All coalitions but that of everybody: who is in them, and their values."""
        inside = np.array(self.inside, float)
        some = ~np.array(self.inside).all(axis=1)
        return inside[some], np.array(self.values)[some]


@dataclass(frozen=True, eq=False)
class LeastCore:
    """The least core between two bounds.

    lower, upper: of the smallest e such that some split leaves no coalition more than e to gain,
        yuan. upper <= 0: the core is not empty, and `split` is in it.
    split: a split that leaves no coalition more than `upper`, yuan by VPP.
    total: v(N), yuan.
    coalitions: how many were solved.
    history: a row per round: lower, upper (yuan), size and excess of the coalition that was found.
    seconds: in all.
    """

    lower: float
    upper: float
    split: pd.Series
    total: float
    coalitions: int
    history: pd.DataFrame
    seconds: float

    @property
    def gap(self) -> float:
        """By which share of v(N) the bounds differ."""
        return (self.upper - self.lower) / max(abs(self.total), 1e-12)


def owen_split(game: Game) -> pd.Series:
    """What each VPP gains at the prices of all together: a split in the core (Owen 1975).

    One problem of all VPPs and one for each at its prices; no coalition is looked at.

    >>> from vppcore.sharing.game import AdditiveMinimum
    >>> two_of_a_kind = AdditiveMinimum(["L", "R1", "R2"], [[1, 0, 0], [0, 1, 1]])
    >>> owen_split(two_of_a_kind).to_dict()
    {'L': 1.0, 'R1': 0.0, 'R2': 0.0}
    """
    worth = game.worth(everybody(game))
    missed = (worth.value - worth.bound.sum()) / len(game.names)
    return pd.Series(worth.bound + missed, game.names, name="Owen")


def least_core_by_rows(
    game: Game, tolerance: float = 1e-6, rounds: int = 500, seconds: float = 600.0
) -> LeastCore:
    """The least core with two bounds, by rows for the coalitions that matter.

    game: of two VPPs or more, each value with an additive bound (`MarketGame`).
    tolerance: the bounds may differ by so much, as a share of v(N).
    rounds, seconds: after so many it ends with the bounds it has.
    Raises WrongInput for fewer than two VPPs.
    """
    started = time.perf_counter()
    seen, split = begin(game)
    total = seen.values[0]
    unit = max(abs(total), float(np.abs(split).max())) or 1.0
    best = split
    upper = largest_of(seen.bounds[0] - split)
    all_together = np.ones((1, len(game.names)))
    history: list[dict[str, float]] = []
    step = BETWEEN
    while True:
        rows, values = seen.table()
        wished, lower, _ = least_excess(rows, values, all_together, np.array([total]), unit)
        upper = max(upper, lower)
        left = seconds - (time.perf_counter() - started)
        done = upper - lower <= tolerance * unit or len(history) >= rounds or left <= 0
        if done:
            break
        asked = best + step * (wished - best)
        slack = max(SHARE_OF_GAP * (upper - lower), FINEST * unit)
        try:
            inside, bound = worst_for(seen, asked, upper, unit, slack, left)
        except NotSolved as refused:
            if refused.status == "limit":
                break
            raise
        excess = seen.add(inside) - float(asked[inside].sum())
        fell = bound < upper
        step = 1.0 if fell else BETWEEN  # a good sign: ask at the optimum of the rows itself
        if fell:
            upper = bound
            best = asked
        history.append(
            {
                "lower (yuan)": lower,
                "upper (yuan)": upper,
                "size": int(inside.sum()),
                "excess (yuan)": excess,
            }
        )
    return LeastCore(
        lower=lower,
        upper=upper,
        split=pd.Series(best, game.names, name="least core"),
        total=total,
        coalitions=len(seen.values),
        history=pd.DataFrame(history),
        seconds=time.perf_counter() - started,
    )


def worst_for(
    seen: Seen, asked: np.ndarray, upper: float, unit: float, slack: float, seconds: float
) -> tuple[np.ndarray, float]:
    """A coalition to be solved next, and what no excess at `asked` is above, yuan.

    Roughly first: where some excess is above `upper` anyhow the split asked for is no better than
    the best, and a large excess will do. Exactly, up to `slack`, where it may be better.
    """
    bounds = np.array(seen.bounds)
    inside, worst, bound = worst_coalition(bounds, asked, unit, slack, seconds, share=ROUGHLY)
    if worst <= upper:
        inside, _, bound = worst_coalition(bounds, asked, unit, slack, seconds)
    return inside, bound


def begin(game: Game) -> tuple[Seen, np.ndarray]:
    """The coalitions to begin with, and Owen's split `(VPPs,)`.

    They are all VPPs together, each alone and all but one. Raises WrongInput for fewer than two.
    """
    count = len(game.names)
    if count < 2:
        raise WrongInput(f"game: found {count} VPP; allowed: two or more")
    seen = Seen(game)
    total = seen.add(everybody(game))
    split = seen.bounds[0] + (total - seen.bounds[0].sum()) / count
    alone = np.eye(count, dtype=bool)
    for one in [*~alone, *alone]:  # neighbours differ by two VPPs: a solver that is warm stays so
        seen.add(one)
    return seen, split


def largest_of(differences: np.ndarray) -> float:
    """The largest sum of some of these numbers: above zero if one of them is."""
    return float(np.maximum(differences, 0.0).sum())


# --- two small problems ---------------------------------------------------------------------------
def small_program(
    cost: np.ndarray, rows: np.ndarray, low: np.ndarray, high: np.ndarray, unit: np.ndarray
) -> Program:
    """A linear program of free columns; `unit` `(columns,)` is true where a column is a binary."""
    columns = len(cost)
    return Program(
        quadratic=sparse.csc_matrix((columns, columns)),
        linear=cost,
        constant=0.0,
        matrix=sparse.csc_matrix(rows),
        row_low=low,
        row_high=high,
        column_low=np.where(unit, 0.0, -np.inf),
        column_high=np.where(unit, 1.0, np.inf),
        whole=unit,
    )


def least_excess(
    rows: np.ndarray, values: np.ndarray, settled: np.ndarray, shares: np.ndarray, unit: float
) -> tuple[np.ndarray, float, np.ndarray]:
    """How small the largest excess of some coalitions can be: a split, this excess, multipliers.

    rows: who is in the coalitions, `(coalitions, VPPs)`. values: v(S), yuan.
    settled, shares: who is in the coalitions that get a known share, and this share, yuan.
    unit: to scale by. The multipliers add up to one.
    """
    coalitions, count = rows.shape
    matrix = np.zeros((coalitions + len(settled), count + 1))
    matrix[:coalitions, :-1] = rows
    matrix[:coalitions, -1] = 1.0  # x(S) + e >= v(S)
    matrix[coalitions:, :-1] = settled
    low = np.append(values, shares) / unit
    high = np.append(np.full(coalitions, np.inf), shares / unit)
    cost = np.append(np.zeros(count), 1.0)
    program = small_program(cost, matrix, low, high, np.zeros(count + 1, bool))
    linear = WarmLinear("rows of the least core")
    point = linear.solve(program)
    if point.multipliers is None:  # never: no column is whole
        raise NotSolved("rows of the least core: no multipliers")
    return unit * point.x[:-1], unit * float(point.x[-1]), -point.multipliers[:coalitions]


def worst_coalition(
    bounds: np.ndarray,
    split: np.ndarray,
    unit: float,
    slack: float,
    seconds: float,
    tests: np.ndarray | None = None,
    share: float = EXACTLY,
) -> tuple[np.ndarray, float, float]:
    """A coalition whose excess may be largest, what it may be, and what none is above, yuan.

    bounds: additive games, `(games, VPPs)`. split: x. unit: to scale by.
    slack, share: by how much the answer may miss the worst, in yuan and as a share of it; the
        larger of the two counts.
    tests: whole numbers `(tests, VPPs)`; only coalitions that at least one of them does not weigh
        to zero are asked for. None: all but nobody and everybody.
    Raises NotSolved: limit after so many seconds, infeasible if there is no such coalition.
    """
    games, count = bounds.shape
    weighing = np.zeros((0, count)) if tests is None else tests
    sides = 2 * len(weighing)  # a binary each: weighed above zero, weighed below
    columns = count + 1 + sides
    matrix = np.zeros((games + 1, columns))
    matrix[:-1, :count] = -(bounds - split) / unit
    matrix[:-1, count] = 1.0  # t <= g(S) - x(S)
    matrix[-1, :count] = 1.0  # neither nobody nor everybody
    low = np.append(np.full(games, -np.inf), 1.0)
    high = np.append(np.zeros(games), count - 1.0)
    if sides:
        more, at_least = weighed_rows(weighing)
        matrix = np.vstack([matrix, more])
        low = np.append(low, at_least)
        high = np.append(high, np.full(len(more), np.inf))
    cost = np.zeros(columns)
    cost[count] = -1.0
    binary = np.arange(columns) != count
    program = small_program(cost, matrix, low, high, binary)
    solver = WarmLinear(
        "the worst coalition",
        mip_abs_gap=slack / unit,
        mip_rel_gap=share,
        time_limit=max(1e-3, seconds),
    )
    point = solver.solve(program)
    return point.x[:count] > 0.5, -unit * point.value, -unit * solver.bound


def weighed_rows(tests: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that let only coalitions pass which some test weighs to 1 or more, or to -1 or less.

    tests: whole numbers `(tests, VPPs)`. Returns the rows over VPPs, one column for the excess, and
    two binaries a test; and what they must not be below.
    """
    count = tests.shape[1]
    rows = []
    at_least = []
    for k, weights in enumerate(tests):
        for side, sign in enumerate((1.0, -1.0)):
            signed = sign * weights
            free = 1.0 - np.minimum(signed, 0.0).sum()  # what it takes to let all pass
            row = np.zeros(count + 1 + 2 * len(tests))
            row[:count] = signed
            row[count + 1 + 2 * k + side] = -free  # signed weight >= 1 if the binary is 1
            rows.append(row)
            at_least.append(1.0 - free)
    one_of_them = np.append(np.zeros(count + 1), np.ones(2 * len(tests)))
    return np.array([*rows, one_of_them]), np.array([*at_least, 1.0])
