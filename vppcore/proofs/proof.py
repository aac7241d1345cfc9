"""A proof of a linear program's value that anyone can check, as data.

`tools/check_proofs.py` checks it with Python's fractions alone; nothing of vppcore is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.compiled import Compiled
from vppcore.currency import said
from vppcore.proofs.branching import Branching, Leaf, Node, clashes
from vppcore.proofs.exact import ExactPoint
from vppcore.proofs.names import column_names, row_names
from vppcore.proofs.optimum import value_of
from vppcore.proofs.plans import DayPlans
from vppcore.proofs.rational import ExactProgram, Limit
from vppcore.proofs.rounded import interval
from vppcore.proofs.squares import cheapest
from vppcore.vpp import Model
from vppcore.warm import Program

LARGE = 20_000  # rows: equations of so many unknowns are not solved exactly


@dataclass(frozen=True, eq=False)
class Proof:
    """A program with a point and multipliers.

    statement: what its value is, in words; unit: of it.
    point: the cheapest. tree: multipliers that prove it.
    column_names, row_names: what columns and rows are, in words.
    exclusive: pairs of columns of which one is zero at the point.
    budgets, plans: of a worst day: columns of hits and how many of them may come, and plans by
        which no such day costs more; see `plans`.
    """

    statement: str
    unit: str
    program: ExactProgram
    point: ExactPoint
    tree: Node
    column_names: Sequence[str]
    row_names: Sequence[str]
    exclusive: Sequence[tuple[int, int]] = ()
    budgets: Sequence[tuple[tuple[int, ...], int]] = ()
    plans: DayPlans | None = None

    @property
    def value(self) -> Fraction:
        """What the point costs."""
        return value_of(self.program, self.point)

    def as_data(self) -> dict[str, Any]:
        """Lists and texts alone, as the checker reads them."""
        program = self.program
        rows = [[[column, str(number)] for column, number in row.items()] for row in program.rows]
        told = {
            "statement": self.statement,
            "unit": said(self.unit),
            "value": str(self.value),
            "constant": str(program.constant),
            "column_names": list(self.column_names),
            "cost": texts(program.cost),
            "squares": [[column, str(number)] for column, number in program.squares.items()],
            "column_low": texts(program.column_low),
            "column_high": texts(program.column_high),
            "x": texts(self.point.x),
            "row_names": list(self.row_names),
            "rows": rows,
            "row_low": texts(program.row_low),
            "row_high": texts(program.row_high),
            "tree": self.tree.as_data(),
            "exclusive": [list(pair) for pair in self.exclusive],
        }
        if self.plans is not None:
            told["budgets"] = [[list(columns), most] for columns, most in self.budgets]
            told["plans"] = self.plans.as_data()
        return told

    def as_text(self) -> str:
        """The proof as JSON, one entry a line."""
        entries = []
        for name, value in self.as_data().items():
            entries.append(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
        return "{\n" + ",\n".join(entries) + "\n}\n"

    def write(self, file: Path) -> None:
        """Writes the proof."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.as_text(), encoding="utf-8")


def texts(numbers: Sequence[Limit]) -> list[str | None]:
    """Fractions as text, None where there is no limit."""
    return [None if number is None else str(number) for number in numbers]


def prove(
    statement: str,
    compiled: Compiled,
    models: Mapping[str, Model],
    more: Mapping[str, cp.Constraint] | None = None,
    unit: str = "yuan",
) -> Proof:
    """The exact proof of a problem's optimal value; an interval for a large one.

    statement: what the value is, in words. unit: of it.
    compiled: the problem. models: VPP -> its model. more: name -> a constraint that no VPP owns.
    Flows that must not run at once do not; where that costs something, a tree of programs proves
    it.
    Raises WrongInput for costs of products and whole numbers, NotSolved where there is no optimum
    or the solver's basis, worked out exactly, is none.
    """
    flows = ExclusiveFlows(models)
    compiled = flows.added_to(compiled)
    columns = column_names(compiled, models, flows.names)
    rows = row_names(compiled, models, dict(more or {}) | flows.rows)
    return proved(statement, compiled.program(), flows.columns(compiled), columns, rows, unit)


def proved(
    statement: str,
    program: Program,
    exclusive: Sequence[tuple[int, int]],
    columns: Sequence[str],
    rows: Sequence[str],
    unit: str = "yuan",
) -> Proof:
    """As `prove`, of a program whose columns and rows have these names.

    One of more than LARGE rows is not solved in fractions: an interval is proved.
    """
    is_large = program.is_linear and program.matrix.shape[0] > LARGE
    if is_large:
        exact, point = interval(program, exclusive, statement)
    else:
        exact, point = cheapest(program, statement)
    tree: Node = Leaf.of(point)
    if not is_large and any(clashes(point.x, exclusive)):
        point, tree = Branching(program, exclusive, statement).best()
    return Proof(statement, unit, exact, point, tree, columns, rows, exclusive)


class ExclusiveFlows:
    """The flows of models that exclude each other, each as a column of its own.

    A flow that is an expression, as what is left of a step of a price, gets a variable equal to it.
    names: id of such a variable -> what it is. rows: what it is -> the row that makes it so.
    """

    def __init__(self, models: Mapping[str, Model]):
        self.names: dict[int, str] = {}
        self.rows: dict[str, cp.Constraint] = {}
        self._pairs: list[tuple[cp.Variable, cp.Variable, Any]] = []
        for model in models.values():
            for pair in model.pairs():
                whose = f"{pair.vpp}, {pair.component}"
                one = self._column_of(pair.one, f"{whose}, {pair.limits.one}")
                other = self._column_of(pair.other, f"{whose}, {pair.limits.other}")
                self._pairs.append((one, other, pair.steps))

    def _column_of(self, flow: cp.Expression, words: str) -> cp.Variable:
        """The flow if it is a variable, else one that equals it."""
        if isinstance(flow, cp.Variable):
            return flow
        variable = cp.Variable(flow.shape)
        name = f"{words} in exclusion {len(self.rows) + 1}"
        self.names[variable.id] = name
        self.rows[name] = variable == flow
        return variable

    def added_to(self, compiled: Compiled) -> Compiled:
        """The problem with these variables; the same if there are none."""
        if not self.rows:
            return compiled
        problem = compiled.problem
        rows = [*problem.constraints, *self.rows.values()]
        return Compiled(problem.objective, rows, compiled.name)

    def columns(self, compiled: Compiled) -> list[tuple[int, int]]:
        """Pairs of columns that must not both differ from zero."""
        pairs: list[tuple[int, int]] = []
        for one, other, steps in self._pairs:
            ones = np.atleast_1d(compiled.columns(one))[steps].tolist()
            others = np.atleast_1d(compiled.columns(other))[steps].tolist()
            pairs += zip(ones, others, strict=True)
        return pairs
