"""What coalitions cost, from the compiled problem of each VPP: members are put side by side.

kW, yuan; a trade is positive when received. Each VPP is translated by cvxpy once. A coalition is
its members' matrices on the diagonal, and a row for each pair and step by which both agree.

A linear problem keeps all VPPs in the solver and opens or closes trades by their limits, so that it
goes on from the last coalition's basis. A quadratic one, for which no solver stays warm, has the
members alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy import sparse

from vppcore.case import Case
from vppcore.compiled import Compiled, Readout
from vppcore.cooperation.joint import with_reason
from vppcore.errors import NotSolved
from vppcore.exclusive import EXCLUSIVE_TOLERANCE, overlap_between, solve_exclusively
from vppcore.solvers import check_solver_name
from vppcore.vpp import VPP, Model, Pair, build, total
from vppcore.warm import Program, WarmLinear, by_columns, solve_quadratic

Members = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Block:
    """A VPP as matrices, for its place beside others.

    model: as cvxpy has it. compiled: its translation. program: the matrices.
    trade: the columns of its trades, `(steps, partners)`.
    """

    model: Model
    compiled: Compiled
    program: Program
    trade: np.ndarray

    @classmethod
    def of(cls, vpp: VPP) -> Block:
        """The block of a VPP with a tie. Raises NotSolved for costs that are not quadratic."""
        model = build(vpp)
        compiled = Compiled(model.cost, model.constraints, vpp.name)
        trade = next(part.trade for part in model.parts.values() if part.trade is not None)
        return cls(model, compiled, compiled.program(), compiled.columns(trade))

    @cached_property
    def exclusive(self) -> list[tuple[Pair, Readout, Readout]]:
        """The flows that must not run at once, and how to read them from a point."""
        found = []
        for pair in self.model.pairs():
            read_one = self.compiled.readout(pair.one)
            found.append((pair, read_one, self.compiled.readout(pair.other)))
        return found

    @property
    def needs_binaries(self) -> bool:
        """True if some of its flows cannot be solved without binaries at all."""
        return any(pair.limits.required for pair in self.model.pairs())

    def overlaps_at(self, x: np.ndarray) -> bool:
        """True if flows that must not run at once do so at this point `(columns,)`."""
        nothing = np.zeros(0)
        for pair, one, other in self.exclusive:
            share = overlap_between(pair, one.at(x, nothing), other.at(x, nothing))
            if share > EXCLUSIVE_TOLERANCE:
                return True
        return False


def side_by_side(programs: Sequence[Program], joint: sparse.spmatrix) -> Program:
    """Programs on the diagonal of one, with joint rows below that must equal zero.

    joint: `(rows, columns of all)`.
    """
    rows = joint.shape[0]
    matrix = sparse.block_diag([program.matrix for program in programs], format="csr")

    def joined(field: str) -> np.ndarray:
        return np.concatenate([getattr(program, field) for program in programs])

    return Program(
        quadratic=by_columns(sparse.block_diag([program.quadratic for program in programs])),
        linear=joined("linear"),
        constant=sum(program.constant for program in programs),
        matrix=by_columns(sparse.vstack([matrix, joint])),
        row_low=np.concatenate([joined("row_low"), np.zeros(rows)]),
        row_high=np.concatenate([joined("row_high"), np.zeros(rows)]),
        column_low=joined("column_low"),
        column_high=joined("column_high"),
        whole=joined("whole"),
    )


def starts_of(programs: Sequence[Program]) -> np.ndarray:
    """The first column of each program when they stand side by side, and their number of all."""
    return np.concatenate([[0], np.cumsum([len(program.linear) for program in programs])])


def only_columns(program: Program, kept: np.ndarray) -> Program:
    """A program with these columns only, all others at zero, without rows that are left empty.

    kept: places of columns, in order.
    """
    matrix = sparse.csr_matrix(program.matrix[:, kept])
    filled = np.diff(matrix.indptr) > 0
    return replace(
        program,
        quadratic=program.quadratic[kept][:, kept],
        linear=program.linear[kept],
        matrix=by_columns(matrix[filled]),
        row_low=program.row_low[filled],
        row_high=program.row_high[filled],
        column_low=program.column_low[kept],
        column_high=program.column_high[kept],
        whole=program.whole[kept],
    )


def agreement(sides: Sequence[tuple[np.ndarray, np.ndarray]], columns: int) -> sparse.csc_matrix:
    """A row for each pair and step: what one side receives and what the other does add up to zero.

    sides: for each pair the columns of both sides' trade, `(steps,)` each. columns: of all.
    """
    if not sides:
        return sparse.csc_matrix((0, columns))
    ends = np.array(sides)  # (pairs, 2, steps)
    pairs, _, steps = ends.shape
    rows = np.broadcast_to(np.arange(pairs * steps).reshape(pairs, 1, steps), ends.shape)
    entries = (np.ones(ends.size), (rows.ravel(), ends.ravel()))
    return sparse.csc_matrix(entries, (pairs * steps, columns))


class CoalitionCosts:
    """The least cost of any coalition of a case, whose members trade in pairs among themselves.

    case: at least two VPPs and a tie. solver: "auto" or one of `solvers.SOLVERS`.
    Raises WrongInput without a tie or for an unknown solver.

    >>> from vppcore import load_case
    >>> costs = CoalitionCosts(load_case("template"))
    >>> round(costs.cost(("Home",)) + costs.cost(("Shop",)) - costs.cost(("Home", "Shop")), 2)
    25.44
    """

    def __init__(self, case: Case, solver: str = "auto"):
        check_solver_name(solver)
        self.case = case
        self.names = case.names
        self.solver = solver
        self.blocks = {vpp.name: Block.of(vpp) for vpp in case.connected()}
        self._is_linear = all(block.program.is_linear for block in self.blocks.values())
        self._apart: dict[str, float] = {}

    def cost(self, members: Members) -> float:
        """C(S), yuan: the members' least cost in which no flows overlap that must not.

        It is solved with such flows relaxed, checked, and solved with binaries where they overlap.
        Raises NotSolved if there is no schedule.
        """
        if len(members) == 1:
            name = members[0]
            if name not in self._apart:
                self._apart[name] = self._cost(members)
            return self._apart[name]
        return self._cost(members)

    def _cost(self, members: Members) -> float:
        """The same, found; where there is no schedule the refusal says who lacks what."""
        try:
            return self._found(members)
        except NotSolved as refused:
            raise with_reason(self.case, refused, members) from refused

    def _found(self, members: Members) -> float:
        required = any(self.blocks[name].needs_binaries for name in members)
        by_matrices = self.solver in ("auto", "highs" if self._is_linear else "clarabel")
        relaxed = None if required or not by_matrices else self._relaxed(members)
        return self._exact(members) if relaxed is None else relaxed

    def _relaxed(self, members: Members) -> float | None:
        """The least cost with exclusive flows relaxed; None if they overlap or earn without end."""
        try:
            points = self._warm(members) if self._is_linear else self._members_only(members)
        except NotSolved as refused:
            if refused.status == "unbounded" and self._have_exclusive(members):
                return None
            raise
        cost = 0.0
        for name, x in points.items():
            if self.blocks[name].overlaps_at(x):
                return None
            cost += self.blocks[name].program.objective(x)
        return cost

    def _have_exclusive(self, members: Members) -> bool:
        return any(self.blocks[name].exclusive for name in members)

    # --- where trades stand ---
    def _trade(self, name: str, partner: str) -> np.ndarray:
        """The columns of a VPP's trade with a partner in its own block, `(steps,)`."""
        partners = [other for other in self.names if other != name]
        return self.blocks[name].trade[:, partners.index(partner)]

    def _closed(self, name: str, members: Members) -> np.ndarray:
        """The columns of a VPP's trades that are closed when the members trade."""
        partners = [other for other in self.names if other != name]
        closed = [not (name in members and other in members) for other in partners]
        return self.blocks[name].trade[:, closed].ravel()

    # --- all VPPs in a solver that stays warm ---
    @cached_property
    def _everybody(self) -> Program:
        programs = [self.blocks[name].program for name in self.names]
        first = dict(zip(self.names, starts_of(programs), strict=False))
        sides = [
            (first[i] + self._trade(i, j), first[j] + self._trade(j, i))
            for i, j in combinations(self.names, 2)
        ]
        return side_by_side(programs, agreement(sides, starts_of(programs)[-1]))

    @cached_property
    def _solver(self) -> WarmLinear:
        return WarmLinear("coalitions")

    def _warm(self, members: Members) -> dict[str, np.ndarray]:
        """Each member's point `(columns,)` of a linear problem; closed trades have no room."""
        starts = starts_of([self.blocks[name].program for name in self.names])
        closed = np.concatenate(
            [
                first + self._closed(name, members)
                for name, first in zip(self.names, starts, strict=False)
            ]
        )
        low = self._everybody.column_low.copy()
        high = self._everybody.column_high.copy()
        low[closed] = 0.0
        high[closed] = 0.0
        opened = replace(self._everybody, column_low=low, column_high=high)
        x = self._solver.solve(opened, name_of(members)).x
        pieces = dict(zip(self.names, np.split(x, starts[1:-1]), strict=True))
        return {name: pieces[name] for name in members}

    # --- the members alone ---
    def _members_only(self, members: Members) -> dict[str, np.ndarray]:
        """Each member's point `(columns,)` of a quadratic problem of the members alone."""
        kept = {}
        programs = []
        for name in members:
            program = self.blocks[name].program
            every = np.arange(len(program.linear))
            kept[name] = np.setdiff1d(every, self._closed(name, members))
            programs.append(only_columns(program, kept[name]))
        starts = starts_of(programs)
        first = dict(zip(members, starts, strict=False))

        def now(i: str, j: str) -> np.ndarray:
            return first[i] + np.searchsorted(kept[i], self._trade(i, j))

        sides = [(now(i, j), now(j, i)) for i, j in combinations(members, 2)]
        together = side_by_side(programs, agreement(sides, starts[-1]))
        x = solve_quadratic(together, name_of(members)).x
        points = {}
        for name, piece in zip(members, np.split(x, starts[1:-1]), strict=True):
            points[name] = np.zeros(len(self.blocks[name].program.linear))
            points[name][kept[name]] = piece
        return points

    # --- as cvxpy has it ---
    def _exact(self, members: Members) -> float:
        """The least cost in which no flows overlap, with binaries where it takes them."""
        models = [self.blocks[name].model for name in members]
        flows = {name: self.blocks[name].model.trades() for name in members}
        rows = [row for model in models for row in model.constraints]
        for i, j in combinations(members, 2):
            rows.append(flows[i][j] + flows[j][i] == 0)  # A (44)
        for name in members:
            rows += [flow == 0 for other, flow in flows[name].items() if other not in members]
        cost = total(model.cost for model in models)
        return solve_exclusively(models, cost, rows, self.solver, name=name_of(members)).value


def name_of(members: Members) -> str:
    """A coalition in words."""
    return f"coalition {' + '.join(members)}"
