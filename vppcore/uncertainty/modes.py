"""Modes: which of two exclusive flows may run in a step, as rows of a recourse.

Fixing the modes leaves a linear problem. kW; arrays of all pairs are `(pairs, steps)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vppcore.exclusive import EXCLUSIVE_TOLERANCE
from vppcore.vpp import Pair


@dataclass(frozen=True, eq=False)
class Modes:
    """Which of two exclusive flows may run, `(pairs, steps)`.

    first: true where the first flow may (a battery that charges), false where the second may.
    fixed: true where that is obeyed; elsewhere both may run at once.
    """

    first: np.ndarray
    fixed: np.ndarray

    @classmethod
    def everywhere(cls, first: np.ndarray) -> Modes:
        """Modes that are obeyed by all pairs in all steps."""
        return cls(first, np.ones_like(first))

    def nowhere(self) -> Modes:
        """The same modes, obeyed nowhere."""
        return Modes(self.first, np.zeros_like(self.fixed))

    def also_at(self, places: np.ndarray, first: np.ndarray) -> Modes:
        """The same, obeyed in further places `(pairs, steps)` too, where they are
        those of `first`.
        """
        fresh = places & ~self.fixed
        return Modes(np.where(fresh, first, self.first), self.fixed | places)

    def same_as(self, other: Modes) -> bool:
        """True if the same flows may run."""
        same_places = np.array_equal(self.fixed, other.fixed)
        return same_places and np.array_equal(self.first[self.fixed], other.first[self.fixed])


@dataclass(frozen=True, eq=False)
class PairRows:
    """Where a pair of exclusive flows stands in a recourse's matrix.

    component: whose flows they are.
    first_rows, other_rows: the rows `(steps,)` whose left side is the flow, up to `first_offset`
        and `other_offset`: flow = matrix x - offset.
    first_max, other_max: largest values of the flows, kW `(steps,)`, all finite.
    first_free, other_free: what the flows may reach if they may overlap, kW `(steps,)`: infinite
        where a limit of their own is enough, else the limit above.
    where: true in the steps in which they exclude each other, `(steps,)`.
    """

    component: str
    first_rows: np.ndarray
    other_rows: np.ndarray
    first_offset: np.ndarray
    other_offset: np.ndarray
    first_max: np.ndarray
    other_max: np.ndarray
    first_free: np.ndarray
    other_free: np.ndarray
    where: np.ndarray

    @classmethod
    def of(
        cls,
        pair: Pair,
        limited: Pair,
        rows: tuple[np.ndarray, np.ndarray],
        right: np.ndarray,
    ) -> PairRows:
        """From a pair, the same with finite limits, and the rows that state its flows as
        `flow <= 0`."""
        first_rows, other_rows = rows
        steps = first_rows.shape
        first_max = np.broadcast_to(limited.limits.one_max, steps).astype(float)
        other_max = np.broadcast_to(limited.limits.other_max, steps).astype(float)
        first_endless = np.isinf(np.broadcast_to(pair.limits.one_max, steps).astype(float))
        other_endless = np.isinf(np.broadcast_to(pair.limits.other_max, steps).astype(float))
        where = np.broadcast_to(pair.limits.where, steps)
        return cls(
            component=pair.component,
            first_rows=first_rows,
            other_rows=other_rows,
            first_offset=right[first_rows],
            other_offset=right[other_rows],
            first_max=first_max,
            other_max=other_max,
            first_free=np.where(where & first_endless, first_max, np.inf),
            other_free=np.where(where & other_endless, other_max, np.inf),
            where=where,
        )

    def first_limit(self, first: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        """What the first flow may reach in these modes, kW `(steps,)`."""
        obeyed = np.where(first, self.first_max, 0.0)
        return np.where(fixed & self.where, obeyed, self.first_free)

    def other_limit(self, first: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        """What the second flow may reach in these modes, kW `(steps,)`."""
        obeyed = np.where(first, 0.0, self.other_max)
        return np.where(fixed & self.where, obeyed, self.other_free)

    def flows(self, activity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both flows, kW `(steps,)`, from the rows' left sides `matrix x`."""
        first = activity[self.first_rows] - self.first_offset
        other = activity[self.other_rows] - self.other_offset
        return first, other

    def first_is_larger(self, activity: np.ndarray) -> np.ndarray:
        """True where the first flow is at least as large as the second, `(steps,)`."""
        first, other = self.flows(activity)
        return first >= other

    def overlaps(self, activity: np.ndarray) -> bool:
        """True if both flows run in a step in which they exclude each other."""
        first, other = self.flows(activity)
        both = np.minimum(first, other)[self.where]
        rating = max(self.first_max.max(initial=0.0), self.other_max.max(initial=0.0))
        return bool(both.max(initial=0.0) > EXCLUSIVE_TOLERANCE * rating)


def mode_columns(pairs: list[PairRows], rows: int) -> sparse.csc_matrix:
    """Columns for binaries, one for each pair and step, that let the first flow run and stop the
    second; to be added to a matrix whose right sides let the second run."""
    columns = [sparse.csc_matrix((rows, 0))]
    for pair in pairs:
        steps = len(pair.first_rows)
        step = np.arange(steps)
        places = (
            np.concatenate([pair.first_rows, pair.other_rows]),
            np.concatenate([step, step]),
        )
        largest = np.concatenate([-pair.first_max, pair.other_max])
        factors = np.where(np.tile(pair.where, 2), largest, 0.0)
        columns.append(sparse.csc_matrix((factors, places), (rows, steps)))
    return sparse.hstack(columns, format="csc")
