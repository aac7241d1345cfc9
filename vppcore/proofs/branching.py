"""Where flows exclude each other: a tree of linear programs whose bounds prove the least cost.

At a node some flows are held at zero. Where the cheapest point of its program runs two flows at
once that exclude each other, the node has two children, in which one or the other is zero. A node
needs no children where its bound is no less than the cost of a point that is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vppcore.errors import NotSolved
from vppcore.proofs.exact import ExactPoint
from vppcore.proofs.optimum import infeasibility, value_of
from vppcore.proofs.squares import cheapest
from vppcore.warm import Program

MOST_NODES = 2000

Columns = tuple[int, int]  # a pair of flows of which one is zero


@dataclass(frozen=True)
class Leaf:
    """A program whose multipliers prove a bound, or that it has no solution.

    tangents: as in `ExactPoint`.
    """

    multipliers: tuple[Fraction, ...]
    tangents: tuple[Fraction, ...] = ()
    infeasible: bool = False

    @classmethod
    def of(cls, point: ExactPoint) -> Leaf:
        """The bound that a point's multipliers prove."""
        return cls(point.multipliers, point.tangents)

    def as_data(self) -> dict[str, Any]:
        """Lists and texts alone."""
        told: dict[str, Any] = {"y": [str(number) for number in self.multipliers]}
        told["at"] = [str(number) for number in self.tangents]
        return told | ({"infeasible": True} if self.infeasible else {})


@dataclass(frozen=True)
class Fork:
    """A pair of columns, and what is proved where the first or the second is zero."""

    pair: Columns
    first: Node
    second: Node

    def as_data(self) -> dict[str, Any]:
        """Lists and texts alone."""
        nodes = [self.first.as_data(), self.second.as_data()]
        return {"pair": list(self.pair), "nodes": nodes}


Node = Leaf | Fork


def clashes(x: Sequence[Fraction], exclusive: Sequence[Columns]) -> Iterator[Columns]:
    """The pairs that differ from zero together."""
    for one, other in exclusive:
        if x[one] and x[other]:
            yield one, other


class Branching:
    """The search for the cheapest point at which no two exclusive flows run at once.

    program: without regard to exclusion. exclusive: pairs of columns of which one must be zero.
    name: for the sentences of refusals.
    """

    def __init__(self, program: Program, exclusive: Sequence[Columns], name: str):
        self.program = program
        self.exclusive = exclusive
        self.name = name
        self.nodes = 0
        self.best_point: ExactPoint | None = None
        self.best_value: Fraction | None = None

    def best(self) -> tuple[ExactPoint, Node]:
        """The cheapest point, and the tree that proves it.

        Raises NotSolved where there is none (infeasible), or after MOST_NODES programs (limit).
        """
        tree = self._node(frozenset())
        if self.best_point is None:
            raise NotSolved(f"{self.name}: no schedule exists", "infeasible")
        return self.best_point, tree

    def _node(self, zero: frozenset[int]) -> Node:
        """What is proved with these columns at zero; keeps the best point that it meets."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise NotSolved(f"{self.name}: no proof within {MOST_NODES} programs", "limit")
        program = held_at_zero(self.program, zero)
        try:
            exact, point = cheapest(program, self.name)
        except NotSolved as refused:
            if refused.status != "infeasible":
                raise
            none = tuple(Fraction(0) for _ in range(program.quadratic.diagonal().nonzero()[0].size))
            return Leaf(infeasibility(program, self.name), none, infeasible=True)
        value = value_of(exact, point)
        if self.best_value is not None and value >= self.best_value:
            return Leaf.of(point)
        open_pairs = list(clashes(point.x, self.exclusive))
        if not open_pairs:
            self.best_point = point
            self.best_value = value
            return Leaf.of(point)
        pair = max(open_pairs, key=lambda columns: min(point.x[column] for column in columns))
        return self._fork(pair, point, zero)

    def _fork(self, pair: Columns, point: ExactPoint, zero: frozenset[int]) -> Fork:
        """Both children; first the one that holds the smaller flow at zero."""
        nodes = {}
        for column in sorted(pair, key=lambda column: point.x[column]):
            nodes[column] = self._node(zero | {column})
        return Fork(pair, nodes[pair[0]], nodes[pair[1]])


def held_at_zero(program: Program, columns: frozenset[int]) -> Program:
    """The program with these columns at zero."""
    low = program.column_low.copy()
    high = program.column_high.copy()
    for column in columns:
        low[column] = 0.0
        high[column] = 0.0
    return replace(program, column_low=low, column_high=high)
