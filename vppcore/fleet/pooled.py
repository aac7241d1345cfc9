"""All VPPs of a fleet in one linear or quadratic problem, as a solver takes it.

Two ways to trade. On an *exchange* all net trades of a step add up to zero: one row a step. On a
*graph* each VPP trades with its neighbours along edges, each with a limit and a fee: a row for each
VPP and step, and two columns for each edge and step. kW, yuan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from vppcore.fleet.batches import Batch
from vppcore.warm import Point, Program, WarmLinear, by_columns, solve_quadratic


class Edge(NamedTuple):
    """A line between two VPPs.

    one, other: their names.
    limit: kW, either way.
    fee: yuan/kWh that each side pays.
    """

    one: str
    other: str
    limit: np.ndarray | float
    fee: float


@dataclass(frozen=True, eq=False)
class Pooled:
    """The problem of all VPPs at once.

    program: VPP after VPP, then two columns for each edge and step: towards `other`, towards `one`.
    batches: where its VPPs come from, in the order of its columns.
    edges: empty on an exchange.
    """

    program: Program
    batches: list[Batch]
    edges: list[Edge]

    @property
    def steps(self) -> int:
        """Steps of the horizon."""
        return self.batches[0].steps

    def solve(self, name: str = "fleet") -> Point:
        """The best point: HiGHS where costs are linear, else Clarabel. Raises NotSolved."""
        if self.program.is_linear:
            solver = WarmLinear(name)
            return solver.solve(self.program)
        return solve_quadratic(self.program, name)

    def parts(self, x: np.ndarray) -> Iterator[tuple[Batch, np.ndarray]]:
        """Each batch with its part of x, `(columns, VPPs)`."""
        first = 0
        for batch in self.batches:
            columns = batch.matrix.shape[1]
            last = first + columns * batch.count
            yield batch, x[first:last].reshape(batch.count, columns).T
            first = last

    def net_trades(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """VPP -> what it receives on balance, kW `(steps,)`."""
        net: dict[str, np.ndarray] = {}
        for batch, own in self.parts(x):
            received = batch.trade @ own
            net |= {name: received[:, k] for k, name in enumerate(batch.names)}
        return net

    def flows(self, x: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
        """(one, other) -> kW `(steps,)` that the one receives from the other along an edge."""
        count = 2 * len(self.edges) * self.steps
        of_edges = x[len(x) - count :].reshape(len(self.edges), 2, self.steps)
        found = {}
        for edge, (to_other, to_one) in zip(self.edges, of_edges, strict=True):
            found[edge.one, edge.other] = to_one - to_other
        return found

    def prices(self, multipliers: np.ndarray) -> dict[str, np.ndarray]:
        """VPP -> the price of what it receives, yuan/kWh `(steps,)`; one for all on an exchange."""
        hours = self.batches[0].step_hours
        names = [name for batch in self.batches for name in batch.names]
        rows = len(names) if self.edges else 1
        linking = multipliers[len(multipliers) - rows * self.steps :] / hours
        by_row = linking.reshape(rows, self.steps)
        return {name: by_row[k if self.edges else 0] for k, name in enumerate(names)}


def with_net_limits(everybody: Pooled, limits: Mapping[str, np.ndarray]) -> Pooled:
    """The same problem with limits on what VPPs receive on balance.

    limits: VPP -> lowest and highest net trade, kW `(2, steps)`, infinite for none.
    """
    batches = everybody.batches
    program = everybody.program
    own = sparse.block_diag([repeated(batch.trade, batch.count) for batch in batches])
    names = [name for batch in batches for name in batch.names]
    low, high = np.concatenate([limits[name] for name in names], axis=1)
    limited = np.flatnonzero(np.isfinite(low) | np.isfinite(high))
    more = sparse.csr_matrix(own)[limited]
    more.resize((len(limited), program.matrix.shape[1]))
    held = replace(
        program,
        matrix=by_columns(sparse.vstack([more, program.matrix])),
        row_low=np.concatenate([low[limited], program.row_low]),
        row_high=np.concatenate([high[limited], program.row_high]),
    )
    return replace(everybody, program=held)


def pooled(batches: Sequence[Batch], edges: Sequence[Edge] = ()) -> Pooled:
    """The problem of all VPPs at once, on an exchange or along edges."""
    batches = list(batches)
    edges = list(edges)
    own_rows = sparse.block_diag([repeated(batch.matrix, batch.count) for batch in batches])
    if edges:
        linking = along_edges(batches, edges)
    else:
        linking = sparse.hstack([in_a_row(batch.trade, batch.count) for batch in batches])
    extra = linking.shape[1] - own_rows.shape[1]
    empty = sparse.csr_matrix((own_rows.shape[0], extra))
    matrix = sparse.vstack([sparse.hstack([own_rows, empty]), linking])
    limits = edge_columns(batches, edges)
    linked = np.zeros(linking.shape[0])
    curvature = flat(batches, "curvature", np.zeros(extra))
    program = Program(
        quadratic=by_columns(sparse.diags(curvature)),
        linear=flat(batches, "cost", limits["cost"]),
        constant=float(sum(batch.constant.sum() for batch in batches)),
        matrix=by_columns(matrix),
        row_low=flat(batches, "row_low", linked),
        row_high=flat(batches, "row_high", linked),
        column_low=flat(batches, "column_low", np.zeros(extra)),
        column_high=flat(batches, "column_high", limits["high"]),
        whole=np.zeros(matrix.shape[1], bool),
    )
    return Pooled(program, batches, edges)


def flat(batches: Sequence[Batch], name: str, last: np.ndarray) -> np.ndarray:
    """The arrays of a name of all batches, VPP after VPP, and some numbers more."""
    return np.concatenate([*(getattr(batch, name).T.ravel() for batch in batches), last])


def repeated(matrix: sparse.spmatrix, times: int) -> sparse.csr_matrix:
    """A matrix along a diagonal."""
    return sparse.kron(sparse.identity(times), matrix, format="csr")


def in_a_row(matrix: sparse.spmatrix, times: int) -> sparse.csr_matrix:
    """A matrix beside itself."""
    return sparse.kron(np.ones((1, times)), matrix, format="csr")


def along_edges(batches: Sequence[Batch], edges: Sequence[Edge]) -> sparse.csr_matrix:
    """Rows by which each VPP's net trade is what its edges bring it."""
    own = sparse.block_diag([repeated(batch.trade, batch.count) for batch in batches])
    names = [name for batch in batches for name in batch.names]
    brought = sparse.lil_matrix((len(names), 2 * len(edges)))
    place: Mapping[str, int] = {name: k for k, name in enumerate(names)}
    for k, edge in enumerate(edges):
        brought[place[edge.other], 2 * k] = brought[place[edge.one], 2 * k + 1] = 1.0
        brought[place[edge.one], 2 * k] = brought[place[edge.other], 2 * k + 1] = -1.0
    each_step = sparse.identity(batches[0].steps)
    return sparse.hstack([own, -sparse.kron(sparse.csr_matrix(brought), each_step)], format="csr")


def edge_columns(batches: Sequence[Batch], edges: Sequence[Edge]) -> dict[str, np.ndarray]:
    """Costs and upper limits of the columns of edges; both sides pay the fee."""
    steps = batches[0].steps
    hours = batches[0].step_hours
    fees = [np.full(2 * steps, 2 * edge.fee * hours) for edge in edges]
    limits = [np.tile(np.broadcast_to(edge.limit, steps), 2) for edge in edges]
    return {"cost": np.concatenate([*fees, []]), "high": np.concatenate([*limits, []])}
