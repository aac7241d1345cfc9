"""What a schedule of a wanted kind costs more than the cheapest one.

The least cost of a coalition is unique, its schedule often is not. Whether something is true of an
hour is therefore asked of all schedules at once: rows that make it true are added to the joint
problem, and its cost says how far the nearest such schedule is from an optimum.

kW, yuan; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Sequence

import cvxpy as cp
import numpy as np

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.cooperation.joint import joint_model
from vppcore.cooperation.size import size_of
from vppcore.errors import NotSolved, WrongInput
from vppcore.exclusive import overlaps, pairs_of, solve_exclusively
from vppcore.solvers import value_of
from vppcore.vpp import check_convex, total

# by how much a cost may lie above the least and still count as the least, as a share of it
SAME = 1e-7


class WantedSchedules:
    """The joint problem of a case, to which rows can be added.

    case: whose. solver: "auto" or one of `solvers.SOLVERS`.
    optimum: the least cost without more rows, yuan.
    Raises WrongInput for a cost that is not convex, NotSolved if there is no schedule.

    >>> from vppcore import load_case
    >>> asked = WantedSchedules(load_case("template"))
    >>> round(asked.optimum, 2), asked.extra([])
    (101.12, 0.0)
    """

    def __init__(self, case: Case, solver: str = "auto"):
        for vpp in case.vpps:
            check_convex(vpp, "a schedule of a wanted kind")
        self._models, _, self._rows = joint_model(case)
        self._cost = total(model.cost for model in self._models.values())
        self._solver = solver
        self._name = f"{case.name} with more rows"
        self._least = size_of(case).least_money
        self.optimum = self._least_cost([])

    def through(self, vpp: str, *roles: str) -> cp.Expression:
        """What a VPP's components of these roles bring to its electricity bus, kW `(steps,)`.

        Raises WrongInput for another VPP.
        """
        model = self._models.get(vpp)
        if model is None:
            allowed = ", ".join(self._models)
            raise WrongInput(f"wanted schedule: found {vpp!r}; allowed: {allowed}")
        flows = [
            model.parts[component.name].inject["electricity"]
            for component in model.vpp.with_role(*roles)
            if "electricity" in model.parts[component.name].inject
        ]
        return total([*flows, cp.Constant(np.zeros(model.vpp.steps))])

    def received(self, vpp: str, partner: str) -> cp.Expression:
        """What a VPP receives from a partner, kW `(steps,)`, negative where it delivers."""
        return self._models[vpp].trades()[partner]

    def extra(self, rows: Sequence[cp.Constraint]) -> float:
        """By how much the cheapest schedule with these rows is dearer than the optimum, yuan.

        Zero if it is an optimum, infinite if there is no such schedule.
        """
        try:
            dearer = self._least_cost(rows) - self.optimum
        except NotSolved as refused:
            if refused.status != "infeasible":
                raise
            return np.inf
        return dearer if dearer > SAME * max(abs(self.optimum), self._least) else 0.0

    def _least_cost(self, rows: Sequence[cp.Constraint]) -> float:
        """The least cost with these rows; stores that would overlap are kept from it."""
        every = [*self._rows, *rows]
        models = list(self._models.values())
        compiled = Compiled(self._cost, every, self._name)
        compiled.solve(self._solver).fill()
        if overlaps(pairs_of(models)):
            solve_exclusively(models, self._cost, every, self._solver, "auto", self._name)
        return float(value_of(self._cost))
