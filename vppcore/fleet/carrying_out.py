"""What the VPPs of a batch do with what was agreed, one linear problem each, and what it proves.

Upper bound: each VPP carries out its net trade as cheaply as it can; where it cannot quite, it
comes as near as it can, and others take over what is left. Lower bound: what each would pay at
least if it traded what it likes at the prices: the dual objective at the multipliers that its
solver names, computed here, so that no solver need be believed. Stores are relaxed. Arrays are
(columns, VPPs); kW, yuan.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.fleet.standard import Standard
from vppcore.warm import Point, Program, WarmLinear, by_columns, solve_quadratic

# a kW that a VPP misses of its net trade costs this many times its dearest flow
MISSED = 100.0


class Carrier:
    """The VPPs of a batch that carry out net trades.

    form: their data. net: kW `(steps, VPPs)`, what they carry out. costs: yuan `(VPPs,)`.
    """

    def __init__(self, form: Standard):
        self.form = form
        self.net = np.zeros((form.batch.steps, form.batch.count))
        self.costs = np.zeros(form.batch.count)
        self._solver = Solver(form.batch.names[0])
        self._at_prices = Solver(form.batch.names[0])
        self._rows = by_columns(form.matrix)
        self._with_trade = by_columns(with_misses(form))
        self._dearest = MISSED * (np.abs(form.cost).max() or 1.0)

    def carry_out(self, k: int, wanted: np.ndarray) -> None:
        """VPP k's cheapest schedule with this net trade `(steps,)`, or the nearest it can have.

        Raises NotSolved (infeasible) if it has no schedule whatever it trades.
        """
        form = self.form
        steps = form.batch.steps
        columns = len(form.cost)
        missed = np.full(2 * steps, self._dearest)
        program = self._program(
            k,
            self._with_trade,
            np.concatenate([form.cost[:, k], missed]),
            np.concatenate([form.right[:, k], wanted]),
        )
        point = self._solved(self._solver, program, k)
        x = np.clip(point.x[:columns], form.low[:, k], form.high[:, k])
        self.net[:, k] = form.trade @ x
        own = (form.cost[:, k] + 0.5 * form.curvature[:, k] * x) @ x
        self.costs[k] = own + form.batch.constant[k]

    def least(self, k: int, prices: np.ndarray) -> float:
        """What VPP k pays at least if it trades what it likes at prices `(steps,)`, yuan/kW."""
        point = self._liked(k, prices)
        told = point.multipliers
        multipliers = np.zeros(len(self.form.right)) if told is None else -told  # any are valid
        return self.dual_value(k, prices, multipliers, point.x)

    def liked(self, k: int, prices: np.ndarray) -> np.ndarray:
        """The net trade that VPP k likes best at prices, kW `(steps,)`."""
        return self.form.trade @ self._liked(k, prices).x

    def _liked(self, k: int, prices: np.ndarray) -> Point:
        form = self.form
        paid = form.cost[:, k] + form.trade.T @ prices
        program = self._program(k, self._rows, paid, form.right[:, k])
        return self._solved(self._at_prices, program, k)

    def dual_value(
        self, k: int, prices: np.ndarray, multipliers: np.ndarray, at: np.ndarray
    ) -> float:
        """A lower bound on what VPP k pays at prices, from any multipliers of its rows, yuan.

        at: `(columns,)`, where quadratic costs are replaced by their tangents.
        """
        form = self.form
        curvature = form.curvature[:, k]
        paid = form.cost[:, k] + form.trade.T @ prices
        slope = paid + curvature * at - form.matrix.T @ multipliers
        low, high = form.reach.low[:, k], form.reach.high[:, k]
        best = np.where(slope > 0, low, high)
        with np.errstate(invalid="ignore"):  # nothing times an infinite end
            parts = np.where(slope == 0, 0.0, slope * best)
        tangents = -0.5 * float(curvature @ (at * at))
        own = float(parts.sum() + form.right[:, k] @ multipliers) + tangents
        return own + float(form.batch.constant[k])

    def without_schedule(self) -> list[str]:
        """The VPPs that have no schedule, whatever they trade: phase 1 of each alone."""
        names = []
        for k, name in enumerate(self.form.batch.names):
            program = self._program(k, self._rows, self.form.cost[:, k], self.form.right[:, k])
            try:
                self._at_prices.solve(program.without_objective(), name)
            except NotSolved as refused:
                if refused.status != "infeasible":
                    raise
                names.append(name)
        return names

    def _program(
        self, k: int, matrix: sparse.csc_matrix, cost: np.ndarray, right: np.ndarray
    ) -> Program:
        form = self.form
        misses = len(cost) - len(form.cost)
        curvature = np.concatenate([form.curvature[:, k], np.zeros(misses)])
        return Program(
            quadratic=by_columns(sparse.diags(curvature)),
            linear=cost,
            constant=0.0,
            matrix=matrix,
            row_low=right,
            row_high=right,
            column_low=np.concatenate([form.low[:, k], np.zeros(misses)]),
            column_high=np.concatenate([form.high[:, k], np.full(misses, np.inf)]),
            whole=np.zeros(len(cost), bool),
        )

    def _solved(self, solver: Solver, program: Program, k: int) -> Point:
        name = self.form.batch.names[k]
        try:
            return solver.solve(program, name)
        except NotSolved as refused:
            if refused.status != "infeasible":
                raise
            raise NotSolved(
                f"{name}: infeasible (no schedule meets its limits, whatever it trades)",
                "infeasible",
            ) from refused


class Solver:
    """HiGHS, which stays warm, for linear costs; Clarabel for quadratic ones."""

    def __init__(self, name: str):
        self._linear = WarmLinear(name)

    def solve(self, program: Program, name: str) -> Point:
        """The best point. Raises NotSolved."""
        if program.is_linear:
            return self._linear.solve(program, name)
        return solve_quadratic(program, name)


def with_misses(form: Standard) -> sparse.csr_matrix:
    """The rows of a type and below them its net trade, with columns for what is missed of it."""
    each_step = sparse.identity(form.batch.steps)
    return sparse.bmat([[form.matrix, None, None], [form.trade, each_step, -each_step]])


class Left(NamedTuple):
    """What net trades do not add up to, kW `(steps,)`; how many VPPs were asked to take it over."""

    power: np.ndarray
    asked: int


def balance(carriers: list[Carrier], rounding: float) -> Left:
    """Lets VPP after VPP take over what the net trades do not add up to.

    rounding: kW, what counts as nothing.
    """
    left = np.sum([carrier.net.sum(axis=1) for carrier in carriers], axis=0)
    asked = 0
    for carrier in carriers:
        for k in range(carrier.form.batch.count):
            if np.abs(left).max(initial=0.0) <= rounding:
                return Left(left, asked)
            own = carrier.net[:, k].copy()
            carrier.carry_out(k, own - left)
            left = left + carrier.net[:, k] - own
            asked += 1
    return Left(left, asked)
