"""Leaks: exclusive flows that run at once, what that needs and what it would cost to do without.

A battery that charges and discharges in one step loses energy, which can pay only where a kWh is
worth less than nothing. So one need not forbid it in every step to know that it does no harm: it is
enough to show that the days on which it can pay are not the worst. yuan.

For a pair of flows in a step let `direction` be the mix of both that leaves the store as it is,
such as 1 kW of charge and 0.9 kW of discharge.

1. If both flows run in a cheapest schedule, the reduced cost of the direction is at most zero at
all
   optimal multipliers (complementary slackness). `Leak.need` is that reduced cost, or less.
2. Whoever has both flows running can take the direction off until one of them stands still, and
   make good what is missing then by unlimited moves. That costs at most `Leak.cost`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vppcore.uncertainty.modes import PairRows
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.worth import Repair, given_up

# What a mix of two flows adds to a row counts as nothing below this share of what each flow adds.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Leak:
    """Two exclusive flows in one step.

    pair, step: which (from 0).
    effect: `(rows,)`, what the direction adds to each row.
    own_cost: of the direction itself; need = own_cost + effect @ multipliers must not be positive.
    largest_need: `need` is never larger.
    cost: of taking the overlap off, at most.
    """

    pair: int
    step: int
    effect: np.ndarray
    own_cost: float
    largest_need: float
    cost: float


class Leaks:
    """The leaks of a recourse.

    known: those whose need and cost have a bound.
    unbounded: `(pairs, steps)`, true where they have none: modes must be obeyed there.
    """

    def __init__(self, recourse: Recourse):
        repair = Repair(recourse, exclusive=True)
        self.known: list[Leak] = []
        self.unbounded = np.zeros((len(recourse.pairs), recourse.steps), bool)
        for number, pair in enumerate(recourse.pairs):
            for step in np.flatnonzero(pair.where).tolist():
                leak = leak_of(recourse, repair, number, pair, step)
                if leak is None:
                    self.unbounded[number, step] = True
                else:
                    self.known.append(leak)

    def outside(self, fixed: np.ndarray) -> list[Leak]:
        """The leaks that are possible although the modes `fixed` are obeyed."""
        return [leak for leak in self.known if not fixed[leak.pair, leak.step]]


def leak_of(
    recourse: Recourse, repair: Repair, number: int, pair: PairRows, step: int
) -> Leak | None:
    """A pair's leak in a step; None if no mix of the flows has bounds for need and cost."""
    rows = recourse.by_rows
    first = rows[pair.first_rows[step]]
    other = rows[pair.other_rows[step]]
    if len(first.indices) != 1 or len(other.indices) != 1:
        return None  # a flow that is a mix itself
    first_column = first.indices[0]
    other_column = other.indices[0]
    if recourse.low[first_column] != 0 or recourse.low[other_column] != 0:
        return None  # a flow that cannot stand still
    columns = recourse.matrix[:, [first_column, other_column]].toarray()
    for ratio in mixes(columns):
        effect = columns @ np.array([1.0, ratio])
        effect[np.abs(effect) <= ROUNDING * np.abs(columns).max(axis=1)] = 0.0
        own_cost = float(recourse.cost[[first_column, other_column]] @ [1.0, ratio])
        size = min(pair.first_max[step], pair.other_max[step] / ratio)
        leak = bounded_leak(recourse, repair, effect, own_cost, size)
        if leak is not None:
            return Leak(number, step, *leak)
    return None


def mixes(columns: np.ndarray) -> list[float]:
    """How much of the second flow goes with one kW of the first: what cancels out in some row."""
    opposed = columns[:, 0] * columns[:, 1] < 0
    ratios = -columns[opposed, 0] / columns[opposed, 1]
    return sorted(set(ratios.tolist()))


def bounded_leak(
    recourse: Recourse, repair: Repair, effect: np.ndarray, own_cost: float, size: float
) -> tuple[np.ndarray, float, float, float] | None:
    """Effect, own cost, largest need and cost of a leak; None if one of the bounds is infinite."""
    inequality = np.arange(len(effect)) >= recourse.equalities
    # a limit that the direction uses up only adds to its reduced cost
    needed = np.where(inequality, np.minimum(effect, 0.0), effect)
    largest_need = own_cost + repair.price(-needed)
    cost = size * max(0.0, repair.price(given_up(recourse, effect)) - own_cost)
    if not np.isfinite([largest_need, cost]).all():
        return None
    return needed, own_cost, max(0.0, largest_need), cost


def effects(leaks: list[Leak], rows: int) -> sparse.csr_matrix:
    """The effects of several leaks, `(leaks, rows)`."""
    stacked = [sparse.csr_matrix((0, rows)), *(sparse.csr_matrix(leak.effect) for leak in leaks)]
    return sparse.vstack(stacked, format="csr")
