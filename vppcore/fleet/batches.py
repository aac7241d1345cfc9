"""VPPs of one type side by side: one matrix, and a column of numbers for each VPP.

A VPP that trades with all others by one net trade is a linear or convex quadratic problem

    minimise  cost x + 1/2 curvature x^2 + constant
    over      row_low <= matrix x <= row_high,  column_low <= x <= column_high

with the net trade `trade x`, kW, positive where the VPP receives. VPPs whose matrices and trades
are the same form a `Batch`: what differs stands in arrays (columns, VPPs) or (rows, VPPs).

The VPPs of a drawn fleet are never built: a type is stated a few times, with one group of its
numbers changed, and what differs between the statements is how the problem's numbers depend on
that group, always linearly. A series is told by its steps: each number of the problem depends on
one step of it, which is found by letting the series count its steps. That it is so is tried on a
VPP that is built; a type of which it is not true is refused. kW, yuan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import cvxpy as cp
import numpy as np
from scipy import sparse

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.components import Tie
from vppcore.errors import WrongInput
from vppcore.fleet.generator import Fleet, Key, Numbers, with_numbers
from vppcore.fleet.market import Exchange
from vppcore.vpp import VPP, build, check_convex, withdrawal
from vppcore.warm import Program, by_columns

# the one partner of a tie to all others
EVERYBODY = "everybody"
# VPPs side by side in one batch of a drawn fleet
SIDE_BY_SIDE = 128
# a share of the largest number: what is nearer to zero is rounding
ROUNDING = 1e-11
# a share of a number by which a map may miss it and is still taken
MAPPED = 1e-9


@dataclass(frozen=True, eq=False)
class BothWays:
    """Two flows of a VPP that should not run at once: a store's charge and discharge, and the like.

    component: whose they are. one, other: flows @ x is each of them, kW `(steps, columns)`.
    """

    component: str
    one: sparse.csr_matrix
    other: sparse.csr_matrix

    def share(self, x: np.ndarray) -> np.ndarray:
        """Of the larger flow's peak, the most that runs both ways at once in each VPP `(VPPs,)`.

        x: `(columns, VPPs)`.
        """
        one = self.one @ x
        other = self.other @ x
        at_once = np.minimum(one, other).max(axis=0, initial=0.0)
        peak = np.maximum(one, other).max(axis=0, initial=0.0)
        return np.divide(at_once, peak, out=np.zeros_like(peak), where=peak > 0)


@dataclass(frozen=True, eq=False)
class Batch:
    """VPPs of one type side by side.

    names: of the VPPs.
    matrix: `(rows, columns)`, sparse.
    trade: `(steps, columns)`, sparse; trade @ x is the net trade, kW, positive: received.
    row_low, row_high: `(rows, VPPs)`.
    cost, curvature, column_low, column_high: `(columns, VPPs)`.
    constant: `(VPPs,)`, yuan.
    step_hours: h.
    both_ways: the flows of the type that should not run at once, and may where it is relaxed.
    """

    names: tuple[str, ...]
    matrix: sparse.csr_matrix
    trade: sparse.csr_matrix
    row_low: np.ndarray
    row_high: np.ndarray
    cost: np.ndarray
    curvature: np.ndarray
    column_low: np.ndarray
    column_high: np.ndarray
    constant: np.ndarray
    step_hours: float = 1.0
    both_ways: tuple[BothWays, ...] = ()

    @property
    def count(self) -> int:
        """How many VPPs stand side by side."""
        return len(self.names)

    @property
    def steps(self) -> int:
        """How many steps a trade has."""
        return self.trade.shape[0]

    def program(self, k: int) -> Program:
        """The problem of one VPP of the batch."""
        columns = self.matrix.shape[1]
        return Program(
            quadratic=sparse.csc_matrix(sparse.diags(self.curvature[:, k])),
            linear=self.cost[:, k],
            constant=float(self.constant[k]),
            matrix=by_columns(self.matrix),
            row_low=self.row_low[:, k],
            row_high=self.row_high[:, k],
            column_low=self.column_low[:, k],
            column_high=self.column_high[:, k],
            whole=np.zeros(columns, bool),
        )

    def costs(self, x: np.ndarray) -> np.ndarray:
        """What each VPP pays at x `(columns, VPPs)`, yuan `(VPPs,)`."""
        return self.constant + ((self.cost + 0.5 * self.curvature * x) * x).sum(axis=0)

    def parted(self, size: int) -> Iterator[Batch]:
        """The same VPPs in batches of at most so many."""
        for first in range(0, self.count, size):
            some = slice(first, first + size)
            yield replace(
                self,
                names=self.names[some],
                row_low=self.row_low[:, some],
                row_high=self.row_high[:, some],
                cost=self.cost[:, some],
                curvature=self.curvature[:, some],
                column_low=self.column_low[:, some],
                column_high=self.column_high[:, some],
                constant=self.constant[some],
            )


# --- one VPP --------------------------------------------------------------------------------------
class Stated(NamedTuple):
    """The problem of one VPP in the exchange form.

    program: its numbers. trade: its net trade `(steps, columns)`.
    """

    program: Program
    trade: sparse.csr_matrix


def stated(vpp: VPP, tie: Exchange | None, located: bool = False) -> Stated:
    """The problem of a VPP that trades with everybody at once over a tie; without one not at all.

    located: the rows of its net withdrawal, what it takes from its bus, stand below its net trade.
    Raises WrongInput where a VPP needs binaries, or where its quadratic cost couples columns.
    """
    compiled, trade = compiled_with_exchange(vpp, tie, located)
    program = compiled.program()
    check_diagonal(program, vpp.name)
    readout = compiled.readout(trade)
    net = sparse.csr_matrix(readout.matrix.at(compiled.parameter_vector()))
    return Stated(program, net)


def compiled_with_exchange(
    vpp: VPP, tie: Exchange | None, located: bool = False
) -> tuple[Compiled, cp.Expression]:
    """The compiled problem of a VPP on the exchange, and the expression of its net trade.

    located: followed by that of its net withdrawal.
    """
    check_convex(vpp, "the exchange form")
    model = build(vpp if tie is None else vpp.adding(tie))
    for pair in model.pairs():
        if pair.limits.required or pair.limits.states:
            raise WrongInput(
                f"{vpp.name}, {pair.component}: found {pair.limits.one} and {pair.limits.other}, "
                "which only binaries keep apart; allowed in the exchange form: none (pool takes "
                "them)"
            )
    compiled = Compiled(model.cost, model.constraints, vpp.name)
    trades = [part.trade[:, 0] for part in model.parts.values() if part.trade is not None]
    trade = trades[0] if trades else nothing_of(compiled, vpp.steps)
    if located:
        trade = cp.hstack([trade, withdrawal(model)])
    return compiled, trade


def nothing_of(compiled: Compiled, steps: int) -> cp.Expression:
    """A net trade of zero, as an expression of a problem."""
    variable = compiled.problem.variables()[0]
    return cp.Constant(np.zeros((steps, variable.size))) @ cp.vec(variable, order="F")


def check_diagonal(program: Program, name: str) -> None:
    """Raises WrongInput where a quadratic cost couples two columns."""
    diagonal = sparse.diags(program.quadratic.diagonal())
    if (program.quadratic - diagonal).count_nonzero():
        raise WrongInput(
            f"{name}: found a quadratic cost of a sum of flows; allowed here: of single flows"
        )


def same_type(one: Stated, other: Stated) -> bool:
    """True if two VPPs can stand side by side."""
    return same_entries(one.program.matrix, other.program.matrix) and same_entries(
        one.trade, other.trade
    )


def same_entries(one: sparse.spmatrix, other: sparse.spmatrix) -> bool:
    """True for two matrices of one shape with the same entries."""
    return one.shape == other.shape and (one != other).nnz == 0


def beside(names: Iterable[str], problems: list[Stated], step_hours: float) -> Batch:
    """A batch of VPPs that are all of one type."""
    programs = [problem.program for problem in problems]

    def columns(name: str) -> np.ndarray:
        return np.column_stack([getattr(program, name) for program in programs])

    matrix = sparse.csr_matrix(programs[0].matrix)
    matrix.eliminate_zeros()
    return Batch(
        names=tuple(names),
        matrix=matrix,
        trade=problems[0].trade,
        row_low=columns("row_low"),
        row_high=columns("row_high"),
        cost=columns("linear"),
        curvature=np.column_stack([program.quadratic.diagonal() for program in programs]),
        column_low=columns("column_low"),
        column_high=columns("column_high"),
        constant=np.array([program.constant for program in programs]),
        step_hours=step_hours,
    )


def exchange_tie(tie: Tie | None, vpps: int) -> Tie | None:
    """The tie of one VPP to all others together: as much as its ties to each of them carry."""
    if tie is None or vpps < 2:
        return None
    limit: Any = (vpps - 1) * np.asarray(tie.limit, float)
    return replace(tie, limit=limit[()])


def exchange_of(tie: Tie | None, vpps: int) -> Exchange | None:
    """The exchange that such a tie joins a VPP to; None without one."""
    joint = exchange_tie(tie, vpps)
    return None if joint is None else Exchange(limit=joint.limit, crossing_fee=joint.crossing_fee)


def batches_of(case: Case, everybody: int | None = None) -> list[Batch]:
    """The VPPs of a case in the exchange form, those of one type side by side.

    everybody: how many VPPs trade, where those of the case are only some of them.
    """
    tie = exchange_of(case.tie, len(case.vpps) if everybody is None else everybody)
    return side_by_side(case.vpps, tie)


def side_by_side(vpps: Sequence[VPP], tie: Exchange | None, located: bool = False) -> list[Batch]:
    """VPPs that trade over a tie to everybody else, those of one type in one batch.

    located: below the rows of the net trade stand those of the net withdrawal.
    """
    types: list[tuple[list[str], list[Stated]]] = []
    for vpp in vpps:
        problem = stated(vpp, tie, located)
        for names, problems in types:
            if same_type(problems[0], problem):
                names.append(vpp.name)
                problems.append(problem)
                break
        else:
            types.append(([vpp.name], [problem]))
    own = {vpp.name: vpp for vpp in vpps}
    return [
        replace(
            beside(names, problems, vpps[0].step_hours), both_ways=both_ways(own[names[0]], tie)
        )
        for names, problems in types
    ]


def both_ways(vpp: VPP, tie: Exchange | None) -> tuple[BothWays, ...]:
    """The flows of a VPP that should not run at once, as the exchange form has them."""
    model = build(vpp if tie is None else vpp.adding(tie))
    pairs = model.pairs()
    if not pairs:
        return ()
    compiled = Compiled(model.cost, model.constraints, vpp.name)
    numbers = compiled.parameter_vector()

    def flow(expression: cp.Expression) -> sparse.csr_matrix:
        return sparse.csr_matrix(compiled.readout(expression).matrix.at(numbers))

    return tuple(BothWays(pair.component, flow(pair.one), flow(pair.other)) for pair in pairs)


# --- a drawn fleet --------------------------------------------------------------------------------
# what of a program depends on a VPP's numbers
VECTORS = ("row_low", "row_high", "linear", "curvature", "column_low", "column_high", "constant")


def vector_of(problem: Stated) -> np.ndarray:
    """All numbers of a problem but its matrix, one after the other."""
    program = problem.program
    pieces = {
        "row_low": program.row_low,
        "row_high": program.row_high,
        "linear": program.linear,
        "curvature": program.quadratic.diagonal(),
        "column_low": program.column_low,
        "column_high": program.column_high,
        "constant": np.array([program.constant]),
    }
    return np.concatenate([pieces[name] for name in VECTORS])


class Slope(NamedTuple):
    """How numbers of a problem depend on one factor or series of a component.

    places: which numbers.
    slopes: per unit.
    steps: on which step of a series each depends; None for a factor.
    """

    places: np.ndarray
    slopes: np.ndarray
    steps: np.ndarray | None


class TypeOfVPP:
    """A type of VPPs: how the numbers of its problem depend on those in which VPPs differ.

    vpp: the type. tie: to everybody else. example: the numbers of one of them.
    """

    def __init__(self, vpp: VPP, tie: Exchange | None, example: Numbers):
        self.vpp = vpp
        self.tie = tie
        self.base = self._stated(Numbers({}, {}))
        self.both_ways = both_ways(vpp, tie)
        self._base = vector_of(self.base)
        self._own = {key: getattr(vpp.component(key[0]), key[1]) for key in example.series}
        self._by_factor = {key: self._slope_of_factor(key) for key in example.factors}
        self._by_series = {key: self._slope_of_series(key) for key in example.series}

    def _stated(self, numbers: Numbers) -> Stated:
        return stated(with_numbers(self.vpp, numbers, self.vpp.name), self.tie)

    def check_linear_at(self, numbers: Numbers) -> None:
        """Raises WrongInput unless the slopes give the problem of a VPP with these numbers.

        The VPP is built for that.
        """
        built = self._stated(numbers)
        if not (same_type(self.base, built) and self._meets(numbers, built)):
            raise WrongInput(
                f"{self.vpp.name}: found a component whose problem does not depend linearly, step "
                "by step, on its numbers; allowed in a drawn fleet: types that do (batches_of "
                "takes any VPP, built one by one)"
            )

    def _meets(self, numbers: Numbers, built: Stated) -> bool:
        found = self.vectors([numbers])[:, 0]
        wanted = vector_of(built)
        finite = np.isfinite(wanted)
        scale = np.abs(wanted[finite]).max(initial=0.0)
        missed = np.abs(found[finite] - wanted[finite])
        same_ends = np.array_equal(found[~finite], wanted[~finite])
        return same_ends and bool((missed <= MAPPED * scale).all())

    def vectors(self, numbers: list[Numbers]) -> np.ndarray:
        """The numbers of the problems of VPPs, a column for each."""
        vectors = np.repeat(self._base[:, None], len(numbers), axis=1)
        for key, slope in self._by_factor.items():
            change = np.array([of_one.factors[key] for of_one in numbers]) - 1
            vectors[slope.places] += slope.slopes[:, None] * change
        for key, slope in self._by_series.items():
            change = np.column_stack([of_one.series[key] - self._own[key] for of_one in numbers])
            vectors[slope.places] += slope.slopes[:, None] * change[slope.steps]
        return vectors

    def batch(self, names: Iterable[str], numbers: list[Numbers]) -> Batch:
        """VPPs of this type side by side."""
        pieces = dict(zip(VECTORS, np.split(self.vectors(numbers), self._ends), strict=True))
        matrix = sparse.csr_matrix(self.base.program.matrix)
        matrix.eliminate_zeros()
        return Batch(
            names=tuple(names),
            matrix=matrix,
            trade=self.base.trade,
            row_low=pieces["row_low"],
            row_high=pieces["row_high"],
            cost=pieces["linear"],
            curvature=pieces["curvature"],
            column_low=pieces["column_low"],
            column_high=pieces["column_high"],
            constant=pieces["constant"][0],
            step_hours=self.vpp.step_hours,
            both_ways=self.both_ways,
        )

    @cached_property
    def _ends(self) -> np.ndarray:
        rows, columns = self.base.program.matrix.shape
        return np.cumsum([rows, rows, columns, columns, columns, columns])

    def _slope_of_factor(self, key: Key) -> Slope:
        change = self._changed(Numbers({key: 2.0}, {}))
        places = np.flatnonzero(change)
        return Slope(places, change[places], None)

    def _slope_of_series(self, key: Key) -> Slope:
        own = self._own[key]
        unit = float(np.mean(np.abs(own))) or 1.0
        count = np.arange(1, len(own) + 1)
        by_one = self._changed(Numbers({}, {key: own + unit}))
        by_count = self._changed(Numbers({}, {key: own + unit * count}))
        places = np.flatnonzero(by_one)
        steps = np.round(by_count[places] / by_one[places]).astype(int) - 1
        return Slope(places, by_one[places] / unit, np.clip(steps, 0, len(own) - 1))

    def _changed(self, numbers: Numbers) -> np.ndarray:
        """By how much the problem's numbers change with these of the VPP."""
        other = vector_of(self._stated(numbers))
        change = np.zeros(len(self._base))
        finite = np.isfinite(self._base) & np.isfinite(other)
        change[finite] = other[finite] - self._base[finite]
        scale = np.abs(self._base[finite]).max(initial=0.0)
        change[np.abs(change) <= ROUNDING * scale] = 0.0
        return change


def batches_of_fleet(
    fleet: Fleet, size: int = SIDE_BY_SIDE, share: int = 0, shares: int = 1
) -> Iterator[Batch]:
    """The VPPs of a drawn fleet in the exchange form, batch by batch.

    size: VPPs of a batch at most.
    share, shares: only every `shares`-th batch, from `share` on: what one process of several takes.
    """
    tie = exchange_of(fleet.like.tie, fleet.n)
    turn = 0
    for kind in range(fleet.kinds):
        members = fleet.members(kind)
        known: TypeOfVPP | None = None
        for first in range(0, len(members), size):
            turn += 1
            if (turn - 1) % shares != share:
                continue
            some = members[first : first + size]
            numbers = [fleet.numbers(k) for k in some]
            if known is None:
                known = TypeOfVPP(fleet.like.vpps[kind], tie, numbers[0])
                known.check_linear_at(numbers[0])
            yield known.batch([fleet.name(k) for k in some], numbers)
