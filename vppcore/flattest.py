"""Of all cheapest schedules the flattest, so that no comparison rests on a solver's luck.

The least cost is unique, the schedule often is not: a purchase may move between hours of one price.
A solver stops at some corner of the optimal schedules. The flattest one is another: first, what
passes the VPPs' connection points has the least sum of squares, and there is only one such exchange
(a strictly convex function has one minimiser on a convex set). Then, with this exchange, what the
components inject has the least sum of squares, so that what happens behind it is unique too.

Each is found as the optimum of the cost and a small multiple of the squares. For a linear problem a
small enough multiple leaves the optimum where it is (Mangasarian and Meyer 1979). A quadratic one
would follow the smallest pull; but all its optima agree in what the quadratic terms are of, so that
these are held where they are by making them STIFFER.

kW, yuan; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cvxpy as cp
import numpy as np
from scipy import sparse

from vppcore.compiled import Compiled
from vppcore.errors import NotSolved
from vppcore.exclusive import (
    fixed_rows,
    modes_of,
    never_relaxed,
    overlaps,
    pairs_of,
    solve_exclusively,
)
from vppcore.scale import typical_power, typical_price
from vppcore.solvers import Solved, solve, value_of
from vppcore.vpp import Model, total, withdrawal
from vppcore.warm import solve_quadratic

# what the square of a flow costs, as a share of the price at the VPPs' typical power: small enough
# to leave the optimum where it is (checked), large enough to be seen by a solver
FLATNESS = 1e-3
# by how much quadratic terms are made to weigh more around their optimum
STIFFER = 1e3
# the pull is made weaker by these factors until the optimum does not move; the last ones
# are for VPPs whose plants are many times their loads, from which the typical power is
SHRINKING = (1.0, 0.1, 0.01, 1e-3, 1e-4)
# a share of the cost by which it may move
SAME_COST = 1e-6
# the share of this that a search for modes may use
COST_LEFT = 0.1
# the least cost that this is a share of, as a share of what the typical power costs all the time
LEAST_MONEY = 0.1
# what is flat already may move by this share of the typical power while other flows are flattened
HELD = 1e-6
# carriers whose flows are powers
POWERS = ("electricity", "heat", "gas")


def flatten(
    models: Sequence[Model],
    cost: cp.Expression,
    constraints: list,
    solved: Solved,
    storage: str = "auto",
    name: str = "model",
) -> None:
    """Moves solved models to the flattest of their optimal schedules.

    models, cost, constraints: as for `solve_exclusively`, with an optimum in their variables.
    solved: how that was found. storage: as it was.
    name: of the problem, in a refusal.
    The new schedule is left in the variables; multipliers are those of the optimum. Where exclusive
    flows need binaries, modes are chosen anew and multipliers found at these; where that takes too
    long, or costs are quadratic, the modes stay, and the schedule is the flattest with them.
    Raises NotSolved if the flattest schedule is not found or costs more than the optimum.
    """
    flattening = Flattening(models, cost, constraints, solved, storage, name)
    exchange = [withdrawal(model) for model in models]
    flattening.choose(exchange)
    flattening.hold(exchange)
    flattening.behind([flow for model in models for flow in flows_inside(model)])
    flattening.price()


def flows_inside(model: Model) -> list[cp.Expression]:
    """What the components of a model inject and what is not given, kW `(steps,)` each."""
    flows = []
    for part in model.parts.values():
        for carrier, flow in part.inject.items():
            if carrier in POWERS and isinstance(flow, cp.Expression) and flow.variables():
                flows.append(flow)
    return flows


class Flattening:
    """The search for the flattest schedule; parameters as for `flatten`."""

    def __init__(
        self,
        models: Sequence[Model],
        cost: cp.Expression,
        constraints: list,
        solved: Solved,
        storage: str,
        name: str,
    ):
        vpps = [model.vpp for model in models]
        hours = vpps[0].step_hours
        self._power = typical_power(vpps) or 1.0  # without any power every flow is zero
        price = typical_price(vpps) or 1.0  # without any price every schedule is optimal
        least_money = LEAST_MONEY * self._power * price * hours * vpps[0].steps * len(vpps)
        self._weight = hours * FLATNESS * price / self._power
        self._optimum = float(value_of(cost))
        self._room = SAME_COST * max(abs(self._optimum), least_money)
        self._models = models
        self._cost = cost
        self._rows = list(constraints)
        self._constraints = constraints
        self._storage = storage
        self._name = name
        pairs = pairs_of(models)
        self._pairs = never_relaxed(pairs) if storage == "relaxed" else pairs
        self._modes = modes_of(self._pairs)
        self._with_binaries = "mixed-integer" in solved.kind
        self._is_quadratic = "quadratic" in solved.kind

    def choose(self, flows: list[cp.Expression]) -> None:
        """Moves to the optimum whose flows have the least sum of squares, whatever its modes."""
        if not self._with_binaries:
            self._pull(flows, self._rows)
            if not overlaps(self._pairs):
                return
        self._with_binaries = True
        try:
            self._choose_modes(flows)
            self._modes = modes_of(self._pairs)
        except NotSolved as refused:
            if refused.status not in ("limit", "inaccurate", "unsuitable"):
                raise
        self._pull(flows, [*self._rows, *fixed_rows(self._pairs, self._modes)])

    def hold(self, flows: list[cp.Expression]) -> None:
        """Keeps flows where they are from now on, but for a solver's noise."""
        room = HELD * self._power
        for flow in flows:
            now = value_of(flow)
            self._rows += [flow >= now - room, flow <= now + room]

    def behind(self, flows: list[cp.Expression]) -> None:
        """The same as `choose`, with the modes as they are."""
        if not self._with_binaries:
            self._modes = modes_of(self._pairs)
            self._pull(flows, self._rows)
            if not overlaps(self._pairs):
                return
        self._pull(flows, [*self._rows, *fixed_rows(self._pairs, self._modes)])

    def price(self) -> None:
        """With binaries: the multipliers of the optimum at the modes that were chosen."""
        if not self._with_binaries:
            return
        rows = [*self._constraints, *fixed_rows(self._pairs, self._modes)]
        cheapest = cp.Problem(cp.Minimize(self._cost), rows)
        flattest = [(variable, variable.value) for variable in cheapest.variables()]
        solve(cheapest, "auto", self._name)
        for variable, value in flattest:
            variable.value = value

    # --- one optimum with a pull ---
    def _pull(self, flows: list[cp.Expression], rows: list) -> None:
        """Writes the optimum under the strongest pull that leaves the cost into the variables."""
        weight = cp.Parameter(nonneg=True, value=0.0)
        compiled = Compiled(self._cost + weight * squares(flows) / 2, rows, self._name)
        held = curvature(compiled) if self._is_quadratic else None
        for factor in SHRINKING:
            weight.value = factor * self._weight
            # no multipliers are filled in: those of the optimum stay
            compiled.fill(compiled.solve().x if held is None else stiffer(compiled, *held))
            if self._is_optimal():
                return
        raise self._refusal()

    def _choose_modes(self, flows: list[cp.Expression]) -> None:
        """Writes the flattest of all exact schedules whose cost is bounded into the variables.

        Here the squares alone are the objective, so that the gap of the search is a share of them.
        """
        unit = self._weight / self._room
        bounded = (self._cost - self._optimum) / self._room <= COST_LEFT
        rows = [*self._rows, bounded]
        flat = unit * squares(flows)
        solve_exclusively(self._models, flat, rows, "auto", self._storage, self._name)

    def _is_optimal(self) -> bool:
        return abs(float(value_of(self._cost)) - self._optimum) <= self._room

    def _refusal(self) -> NotSolved:
        return NotSolved(f"{self._name}: the flattest schedule costs more than the cheapest")


def curvature(compiled: Compiled) -> tuple[sparse.spmatrix, np.ndarray]:
    """The quadratic cost of a problem `(columns, columns)`, and its optimum `(columns,)`."""
    return compiled.program().quadratic, compiled.solve().x


def stiffer(compiled: Compiled, quadratic: sparse.spmatrix, optimum: np.ndarray) -> np.ndarray:
    """The optimum of a problem with (STIFFER - 1)/2 (x-x0).Q(x-x0) added, `(columns,)`.

    quadratic, optimum: Q and x0, as `curvature` has them.
    """
    program = compiled.program()
    more = (STIFFER - 1) * quadratic
    linear = program.linear - more @ optimum
    around = replace(program, quadratic=program.quadratic + more, linear=linear)
    return solve_quadratic(around, compiled.name).x


def squares(flows: Sequence[cp.Expression]) -> cp.Expression:
    """The sum of the squares of all flows in all steps, kW2."""
    return total(cp.sum_squares(flow) for flow in flows)
