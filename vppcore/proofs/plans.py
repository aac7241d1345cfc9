"""Plans: what to do whatever day of a budget comes, which bounds the worst day from above.

A plan says what to do where nothing is hit, and what else to do for each hit. On a day, the moves
of its hits are added up. Such a plan keeps a limit on every day if it keeps it on the day on which
all hits come that use this limit up, and it costs no more than the forecast day and the dearest
hits that the budget allows. So one linear program finds the best plan, and sums of fractions check
it (an affine decision rule, as of Ben-Tal and others 2004).

One plan for all days is dearer than the reaction to each. Where it costs more than the worst day,
the days are told apart by whether a certain hit comes, each side has a plan of its own, and so on
(a tree). yuan, kW.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.proofs.branching import Branching, clashes, held_at_zero
from vppcore.proofs.exact import ExactPoint, at_basis
from vppcore.proofs.optimum import SHARP, limits_broken, value_of
from vppcore.proofs.rational import ExactProgram
from vppcore.warm import Program, WarmLinear, by_columns

MOST_PLANS = 400
SAME = 1e-9  # as a share of the cost: a plan that costs as much as the worst day

Columns = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Days:
    """A linear program with a column for each hit that may come, and how many may come.

    program: its hits stand at the worst day that is known.
    budgets: columns of hits, and how many of them may be one; the others are zero.
    near: column of a hit -> the columns that may be moved when it comes.
    exclusive: pairs of columns of which one is zero.
    name: for the sentences of refusals.
    """

    program: Program
    budgets: Sequence[tuple[tuple[int, ...], int]]
    near: Mapping[int, Sequence[int]]
    exclusive: Sequence[Columns]
    name: str

    @property
    def hits(self) -> list[int]:
        """The columns of all hits."""
        return [hit for columns, _ in self.budgets for hit in columns]

    def room(self, columns: Iterable[int], most: int, struck: frozenset[int]) -> int:
        """How many more of these hits may come."""
        return most - len(struck.intersection(columns))

    def may_come(self, struck: frozenset[int], spared: frozenset[int]) -> list[int]:
        """The hits that may still come."""
        found = []
        for columns, most in self.budgets:
            if self.room(columns, most, struck) > 0:
                found += [hit for hit in columns if hit not in struck and hit not in spared]
        return found

    def on_day(self, struck: Iterable[int]) -> Program:
        """The program on the day with these hits and no others."""
        low, high = self.program.column_low.copy(), self.program.column_high.copy()
        low[self.hits] = high[self.hits] = 0.0
        struck = list(struck)
        low[struck] = high[struck] = 1.0
        return replace(self.program, column_low=low, column_high=high)


# --- what is found --------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class DayPlan:
    """What to do where nothing else is hit, and what else to do for each hit that may come.

    x: of each column. moves: hit -> column -> by how much more.
    """

    x: tuple[Fraction, ...]
    moves: Mapping[int, Mapping[int, Fraction]]

    def as_data(self) -> dict[str, Any]:
        """Lists and texts alone."""
        moves = []
        for hit, move in self.moves.items():
            moves.append([hit, [[column, str(number)] for column, number in move.items()]])
        return {"x": [str(number) for number in self.x], "moves": moves}


@dataclass(frozen=True, eq=False)
class Parted:
    """A hit, and plans for the days without it and for those with it."""

    hit: int
    without: DayPlans
    with_it: DayPlans

    def as_data(self) -> dict[str, Any]:
        """Lists and texts alone."""
        return {"hit": self.hit, "nodes": [self.without.as_data(), self.with_it.as_data()]}


DayPlans = DayPlan | Parted


def ends(plans: DayPlans) -> list[DayPlan]:
    """The plans at the ends of a tree."""
    if isinstance(plans, DayPlan):
        return [plans]
    return [*ends(plans.without), *ends(plans.with_it)]


# --- the program of the best plan -----------------------------------------------------------------
class Draft:
    """A linear program that is written down column by column and row by row."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.column_ends: list[tuple[float, float]] = []
        self.row_ends: list[tuple[float, float]] = []
        self.entries: list[tuple[int, int, float]] = []

    def column(self, cost: float = 0.0, low: float = -np.inf, high: float = np.inf) -> int:
        """Adds a column; returns its place."""
        self.cost.append(cost)
        self.column_ends.append((low, high))
        return len(self.cost) - 1

    def row(self, entries: Iterable[tuple[int, float]], low: float, high: float) -> int:
        """Adds a row of (column, factor); returns its place."""
        place = len(self.row_ends)
        self.row_ends.append((low, high))
        self.entries += [(place, column, factor) for column, factor in entries]
        return place

    def program(self, constant: float) -> Program:
        """What was written down."""
        rows, columns, factors = np.array(self.entries).T
        shape = (len(self.row_ends), len(self.cost))
        matrix = sparse.csc_matrix((factors, (rows.astype(int), columns.astype(int))), shape)
        column_low, column_high = np.array(self.column_ends).T
        row_low, row_high = np.array(self.row_ends).T
        count = shape[1]
        return Program(
            quadratic=sparse.csc_matrix((count, count)),
            linear=np.array(self.cost),
            constant=constant,
            matrix=by_columns(matrix),
            row_low=row_low,
            row_high=row_high,
            column_low=column_low,
            column_high=column_high,
            whole=np.zeros(count, bool),
        )


class BestPlan:
    """The linear program of the best plan for the days with some hits, without some, with any else.

    moves: hit -> column -> the column that holds the move. worth: hit -> the row that says what it
    adds to the cost, whose multiplier is how much the adversary wants it.
    """

    def __init__(
        self,
        days: Days,
        struck: frozenset[int],
        spared: frozenset[int],
        zero: frozenset[int] = frozenset(),
    ):
        self._draft = Draft()
        self._days = days
        today = held_at_zero(days.on_day(struck), zero)
        hits = days.may_come(struck, spared)
        self._columns(today, hits)
        self._costs(today, hits, struck)
        table = today.matrix.tocsr()
        ends_of_rows = zip(today.row_low, today.row_high, strict=True)
        for row, (low, high) in enumerate(ends_of_rows):
            inside = slice(table.indptr[row], table.indptr[row + 1])
            entries = list(
                zip(table.indices[inside].tolist(), table.data[inside].tolist(), strict=True)
            )
            self._robust(entries, low, high)
        for column, place in enumerate(today.column_low):
            if column in self._movers:
                self._robust([(column, 1.0)], place, today.column_high[column])
        self.program = self._draft.program(today.constant)

    def _columns(self, today: Program, hits: Sequence[int]) -> None:
        """The columns of the program itself, without limits where moves matter, and the moves."""
        every = set(self._days.hits)
        kept = {column for pair in self._days.exclusive for column in pair} | every
        self.moves = {
            hit: [column for column in self._days.near[hit] if column not in kept] for hit in hits
        }
        self._movers = {column for near in self.moves.values() for column in near}
        for column, cost in enumerate(today.linear.tolist()):
            if column in self._movers:
                self._draft.column(cost)
            else:
                self._draft.column(cost, today.column_low[column], today.column_high[column])
        self.place: dict[int, dict[int, int]] = {}
        self._moved_by: dict[int, list[int]] = {}
        for hit, columns in self.moves.items():
            self.place[hit] = {column: self._draft.column() for column in columns}
            for column in (hit, *columns):
                self._moved_by.setdefault(column, []).append(hit)

    def _costs(self, today: Program, hits: Sequence[int], struck: frozenset[int]) -> None:
        """The dearest hits that the budgets still allow: room x threshold + what lies above it."""
        self.worth: dict[int, int] = {}
        for columns, most in self._days.budgets:
            room = self._days.room(columns, most, struck)
            threshold = self._draft.column(float(room), low=0.0)
            for hit in (hit for hit in columns if hit in self.moves):
                above = self._draft.column(1.0, low=0.0)
                entries = [(threshold, 1.0), (above, 1.0)]
                for column, place in self.place[hit].items():
                    if today.linear[column]:
                        entries.append((place, -today.linear[column]))
                self.worth[hit] = self._draft.row(entries, float(today.linear[hit]), np.inf)

    def _robust(self, entries: list[tuple[int, float]], low: float, high: float) -> None:
        """A row that holds on every day."""
        draft = self._draft
        changes: dict[int, tuple[list[tuple[int, float]], float]] = {}
        for column, factor in entries:
            for hit in self._moved_by.get(column, ()):
                moved, fixed = changes.get(hit, ([], 0.0))
                if column == hit:
                    changes[hit] = (moved, factor)
                else:
                    changes[hit] = ([*moved, (self.place[hit][column], factor)], fixed)
        if low == high:
            for moved, fixed in changes.values():
                draft.row(moved, -fixed, -fixed)
            draft.row(entries, low, high)
            return
        for sign, limit in ((1.0, high), (-1.0, low)):
            if not np.isfinite(limit):
                continue
            used = []
            for moved, fixed in changes.values():
                more = draft.column(low=0.0)
                turned = [(place, -sign * factor) for place, factor in moved]
                draft.row([(more, 1.0), *turned], sign * fixed, np.inf)
                used.append((more, sign))
            sides = (-np.inf, limit) if sign > 0 else (limit, np.inf)
            draft.row([*entries, *used], *sides)


# --- the tree -------------------------------------------------------------------------------------
class Planning:
    """The search for plans that cost no more than the worst day.

    days: of the budget. worst: the cheapest point of the worst one, and value: what it costs.
    """

    def __init__(self, days: Days, worst: ExactPoint, value: Fraction):
        self.days = days
        self.worst = worst
        self.value = value
        self.plans = 0

    def tree(self) -> DayPlans:
        """Plans for all days of the budget.

        Where MOST_PLANS are not enough they cost more than the worst day, and prove an interval.
        Raises NotSolved where there is no plan at all.
        """
        return self._node(frozenset(), frozenset())

    def _node(self, struck: frozenset[int], spared: frozenset[int]) -> DayPlans:
        """Plans for the days with some hits, without some, with any else."""
        self.plans += 1
        if self.plans > 2 * MOST_PLANS:
            raise NotSolved(f"{self.days.name}: no proof within {MOST_PLANS} plans", "limit")
        best = BestPlan(self.days, struck, spared)
        solver = WarmLinear(self.days.name, **SHARP)
        found = solver.solve(best.program)
        if self.plans >= MOST_PLANS or self._is_cheap(found.value):
            plan = self._worked_out(best, solver) or self._without_clashes(found.x, struck, spared)
            if plan is not None:
                return plan
        hits = self.days.may_come(struck, spared)
        if not hits:
            return self._reaction(struck)
        rows = [best.worth[hit] for hit in hits]
        wanted = np.abs(np.asarray(found.multipliers)[rows])
        hit = hits[int(np.argmin(np.abs(wanted - 0.5)))]
        with_it = self._node(struck | {hit}, spared)
        return Parted(hit, self._node(struck, spared | {hit}), with_it)

    def _is_cheap(self, cost: float) -> bool:
        """True if a plan costs no more than the worst day, as far as doubles tell."""
        return cost <= float(self.value) + SAME * abs(float(self.value))

    def _without_clashes(
        self, x: np.ndarray, struck: frozenset[int], spared: frozenset[int]
    ) -> DayPlan | None:
        """A plan in which no two flows run at once that exclude each other.

        Of each pair runs the flow that does on the worst day; where neither does there, the larger
        one of x. None if there is no such plan, or none that is cheap enough.
        """
        zero = set()
        for pair in self.days.exclusive:
            one, other = pair
            there = self.worst.x[one], self.worst.x[other]
            smaller = one if abs(x[one]) <= abs(x[other]) else other
            zero.add(
                {(True, False): other, (False, True): one}.get(
                    (there[0] != 0, there[1] != 0), smaller
                )
            )
        best = BestPlan(self.days, struck, spared, frozenset(zero))
        solver = WarmLinear(self.days.name, **SHARP)
        try:
            found = solver.solve(best.program)
        except NotSolved:
            return None
        if self.plans < MOST_PLANS and not self._is_cheap(found.value):
            return None
        return self._worked_out(best, solver)

    def _worked_out(self, best: BestPlan, solver: WarmLinear) -> DayPlan | None:
        """A plan in rationals; None if it breaks a limit, or costs too much."""
        exact = ExactProgram.of(best.program)
        try:
            point = at_basis(exact, solver.basis())
        except NotSolved:
            return None
        if limits_broken(exact, point.x) or any(clashes(point.x, self.days.exclusive)):
            return None
        if self.plans < MOST_PLANS and value_of(exact, point) > self.value:
            return None
        moves = {}
        for hit, places in best.place.items():
            by = {column: point.x[place] for column, place in places.items()}
            moves[hit] = {column: number for column, number in by.items() if number}
        return DayPlan(point.x[: len(self.days.program.linear)], moves)

    def _reaction(self, struck: frozenset[int]) -> DayPlan:
        """The best that can be done on a single day."""
        program = self.days.on_day(struck)
        point, _ = Branching(program, self.days.exclusive, self.days.name).best()
        return DayPlan(point.x, {})
