"""What the columns and rows of a compiled problem are, in words for a reader of a proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import cvxpy as cp
import numpy as np

from vppcore.compiled import Compiled
from vppcore.components.base import Part
from vppcore.vpp import Model

AUXILIARY = "auxiliary column"  # of an absolute value or a largest value
OF_THE_COST = "row of the cost"


def column_names(
    compiled: Compiled, models: Mapping[str, Model], more: Mapping[int, str] | None = None
) -> list[str]:
    """A name for each column: VPP, component, flow, step.

    models: VPP -> its model, whose variables the problem has.
    more: id of a variable that belongs to no component -> its name.
    """
    words = dict(more or {})
    for vpp, model in models.items():
        for component, part in model.parts.items():
            for flow, expression in flows_of(part):
                if isinstance(expression, cp.Variable):
                    words.setdefault(expression.id, f"{vpp}, {component}, {flow}")
            for variable in variables_of(part):
                words.setdefault(variable.id, f"{vpp}, {component}, {AUXILIARY}")
    names = [AUXILIARY] * compiled.maps.matrix.shape[1]
    for variable in compiled.problem.variables():
        label(names, compiled.columns(variable), words.get(variable.id, AUXILIARY))
    return numbered(names)


def row_names(
    compiled: Compiled, models: Mapping[str, Model], more: Mapping[str, cp.Constraint]
) -> list[str]:
    """A name for each row: VPP, component, which of its limits, step.

    more: name -> a constraint of the problem that is no VPP's own.
    """
    names = [OF_THE_COST] * compiled.maps.matrix.shape[0]
    for vpp, model in models.items():
        for component, part in model.parts.items():
            for number, constraint in enumerate(part.constraints, start=1):
                label(names, compiled.rows(constraint), f"{vpp}, {component}, limit {number}")
        for carrier, balance in model.balances.items():
            label(names, compiled.rows(balance), f"{vpp}, balance of {carrier}")
    for name, constraint in more.items():
        label(names, compiled.rows(constraint), name)
    return numbered(names)


def flows_of(part: Part) -> Iterator[tuple[str, cp.Expression]]:
    """The flows of a component that results report, by name."""
    yield from part.series.items()
    yield from part.totals.items()


def variables_of(part: Part) -> Iterator[cp.Variable]:
    """All variables of a component, those of its costs included."""
    for expression in (*part.inject.values(), *part.cost.values(), *part.constraints):
        if hasattr(expression, "variables"):
            yield from expression.variables()


def label(names: list[str], places: np.ndarray, words: str) -> None:
    """Writes a name at each place, with its step where there are several."""
    flat = np.ravel(places)
    for step, place in enumerate(flat, start=1):
        names[place] = f"{words}, step {step}" if len(flat) > 1 else words


def numbered(names: list[str]) -> list[str]:
    """The names, those that stand more than once with a number.

    >>> numbered(["row", "limit", "row"])
    ['row 1', 'limit', 'row 2']
    """
    count = Counter(names)
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(f"{name} {seen[name]}" if count[name] > 1 else name)
    return told
