"""One VPP at the negotiating table: its problem compiled once, asked often.

kW, yuan, yuan/kWh; arrays are (steps, partners). Inside, the problem is in units of study A's size
(`Size`), for which the quadratic solver's settings were chosen.
"""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np

from vppcore.compiled import Compiled
from vppcore.cooperation.size import Size
from vppcore.exclusive import shared_limits, with_finite_limits
from vppcore.vpp import VPP, Model, build, withdrawal
from vppcore.warm import Program, WarmQuadratic


class Agent:
    """One VPP at the negotiating table. Its data stay here; only `expect` is asked of it.

    vpp: the VPP with its tie. accuracy: of a step, relative.
    watched: its net withdrawal is one more thing that it expects, in the last column, for the
    operator of the feeder.
    size: of the case, for the units of the solver.
    extra_fee: what a traded kWh costs it beside the crossing fee, yuan/kWh; see `Size.tie_break`.

    Its problem, min C(x, p) + hours * (pull.p + penalty/2 |p|^2) with the trades p and the length
    of a step in hours, is compiled once; an answer changes numbers only. Storage is relaxed, and
    flows that would run at once without end share their limits (`never_both_in_full`). A step
    is stopped after a few dozen of the solver's iterations and continued from there by the next
    one: what proves the result is the certificate, not the exactness of a step.

    own_costs: C at each answer, yuan; for its owner's eyes.
    """

    def __init__(
        self,
        vpp: VPP,
        accuracy: float,
        watched: bool = False,
        size: Size | None = None,
        extra_fee: float = 0.0,
    ):
        model = build(vpp)
        trade = trade_of(model)
        told, rows = what_it_tells(model, trade, watched)
        rows = [*rows, *never_both_in_full(model)]
        cost = model.cost
        if extra_fee > 0:
            cost = cost + vpp.step_hours * extra_fee * cp.sum(cp.abs(trade))
        compiled = Compiled(cost + cp.sum_squares(told) / 2, rows, f"{vpp.name}'s expectation")
        self.own_costs: list[float] = []
        self._hours = vpp.step_hours
        self._size = size or Size()
        self._columns = compiled.columns(told)
        self._cost = compiled.program()
        self._squares = square_entries(self._cost, self._columns)
        self._program = in_units(self._cost, self._size, self._hours)
        self._penalty = 0.0
        self._solver = WarmQuadratic(accuracy, f"ADMM step of {vpp.name}")

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        """The trades `(steps, partners)` in kW that this VPP expects.

        pull: what each kWh of a trade costs it on top, yuan/kWh `(steps, partners)`.
        penalty: of the trades' squares, yuan/kWh per kW.
        Raises NotSolved if the VPP has no schedule at all.
        """
        units = self._size
        if penalty != self._penalty:
            self._penalty = penalty
            quadratic = self._program.quadratic.copy()
            quadratic.data[self._squares] = penalty * units.power_unit / units.price_unit
            self._program = replace(self._program, quadratic=quadratic)
        linear = self._program.linear.copy()
        linear[self._columns] += pull / units.price_unit
        point = self._solver.step(replace(self._program, linear=linear)) * units.power_unit
        self.own_costs.append(self._own_cost(point))
        return point[self._columns]

    def _own_cost(self, point: np.ndarray) -> float:
        """C at a point, yuan: without pull and penalty."""
        squares = float(np.sum(point[self._columns] ** 2)) / 2
        return self._cost.objective(point) - squares


def trade_of(model: Model) -> cp.Variable:
    """The trades of a VPP that has a tie, `(steps, partners)`."""
    return next(part.trade for part in model.parts.values() if part.trade is not None)


def what_it_tells(model: Model, trade: cp.Variable, watched: bool) -> tuple[cp.Variable, list]:
    """A variable with a column for each number that leaves a VPP, and the rows of its problem."""
    if not watched:
        return trade, model.constraints
    told = cp.Variable((trade.shape[0], trade.shape[1] + 1))
    rows = [told[:, :-1] == trade, told[:, -1] == withdrawal(model)]
    return told, [*model.constraints, *rows]


def never_both_in_full(model: Model) -> list:
    """Rows for flows that must exclude each other, relaxed as far as a convex problem needs.

    Where a grid pays more for feeding in than it asks, buying and selling at once would earn
    without end, and no price would lead to an agreement. Stores that are relaxed have limits.
    """
    grids = [component.name for component in model.vpp.with_role("grid")]
    pairs = [p for p in model.pairs() if p.limits.required or p.component in grids]
    limited = with_finite_limits(pairs, model.constraints, model.vpp.name)
    return [row for pair in limited for row in shared_limits(pair)]


def square_entries(program: Program, columns: np.ndarray) -> np.ndarray:
    """Where the squares of these columns stand among the entries of the quadratic cost."""
    quadratic = program.quadratic
    column_of = np.repeat(np.arange(quadratic.shape[1]), np.diff(quadratic.indptr))
    diagonal = (quadratic.indices == column_of) & np.isin(column_of, columns)
    return np.flatnonzero(diagonal)


def in_units(program: Program, size: Size, hours: float) -> Program:
    """The same program in the units of a case's size.

    x in `power_unit`s; the cost in what a `power_unit` costs in a step of so many hours at the
    price of a `price_unit`.
    """
    power = size.power_unit
    price = size.price_unit * hours
    return replace(
        program,
        quadratic=program.quadratic * (power / price),
        linear=program.linear / price,
        constant=program.constant / (price * power),
        row_low=program.row_low / power,
        row_high=program.row_high / power,
        column_low=program.column_low / power,
        column_high=program.column_high / power,
    )
