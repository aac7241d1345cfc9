"""The joint optimum of a case's VPPs, as one who knew all their data would find it (paper A's problem P1).

kW, yuan; a trade p_ij is positive when i receives from j; arrays are (steps,).
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property
from itertools import combinations

import cvxpy as cp
import pandas as pd

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.cooperation.result import CoalitionResult, both_ways, pair_frame
from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.placement import OPERATOR, Placement, withdrawal, withdrawals
from vppcore.grid.power_flow import PowerFlow, power_flow
from vppcore.infeasible import explain_infeasible
from vppcore.schedule import read
from vppcore.solvers import Solved, solve, value_of
from vppcore.vpp import Model, build, total

FLATNESS = 1e-7  # yuan/kWh per kW: small enough to leave the optimum where it is (checked), large enough to be seen


def joint_model(
    case: Case,
    placement: Placement | None = None,
    members: tuple[str, ...] | None = None,
    squared_limits: cp.Parameter | None = None,
) -> tuple[dict[str, Model], dict[tuple[str, str], cp.Constraint], list]:
    """The VPPs' models with all that ties them together: models, the agreement of each pair on its trade, all rows.

    placement, members: as in `pool`.
    squared_limits: as in `Placement.limits`.
    Raises WrongInput for a placement that names a VPP that the case lacks.
    """
    check_placement(case, placement)
    models = {vpp.name: build(vpp) for vpp in case.connected(members)}
    flows = {name: model.trades() for name, model in models.items()}
    agreed = {}
    for i, j in combinations(case.names, 2):
        if j in flows[i]:
            agreed[i, j] = flows[i][j] + flows[j][i] == 0  # A (44)
    rows = [row for model in models.values() for row in model.constraints]
    rows += agreed.values()
    if placement is not None:
        withdrawn = {name: withdrawal(models[name]) for name in placement.buses}
        rows += placement.limits(withdrawn, case.vpps[0].steps, squared_limits)
    return models, agreed, rows


class JointProblem:
    """The problem of all VPPs of a case, stated once, to be solved for several margins of its voltage limits.

    case, placement, members: as in `pool`; the placement's margin may change from one `optimum` to the next.
    models: VPP -> its model.
    agreed: pair -> the row by which both agree on their trade.
    Raises WrongInput without a tie or for a placement that names a VPP that the case lacks.
    """

    def __init__(
        self,
        case: Case,
        placement: Placement | None = None,
        members: tuple[str, ...] | None = None,
    ):
        self._started = time.perf_counter()
        self.case = case
        self.members = members
        self.name = f"joint optimum of {case.name}"
        self._squared_limits = None if placement is None else cp.Parameter(2, name="limits")
        self.models, self.agreed, self._rows = joint_model(
            case, placement, members, self._squared_limits
        )
        self._flows = {name: model.trades() for name, model in self.models.items()}
        self._cost = total(model.cost for model in self.models.values())

    @cached_property
    def cheapest(self) -> Compiled:
        """Least cost."""
        return Compiled(self._cost, self._rows, self.name)

    @cached_property
    def flattest(self) -> Compiled:
        """Least cost, and of all trades that reach it those with the least sum of squares."""
        squares = total(cp.sum_squares(self._flows[i][j]) for i, j in self.agreed)
        return Compiled(self._cost + FLATNESS / 2 * squares, self._rows, self.name)

    def optimum(
        self, solver: str = "auto", flattest: bool = False, placement: Placement | None = None
    ) -> CoalitionResult:
        """The joint optimum, as `pool` has it, with this placement's limits and margin.

        Raises WrongInput for an unknown solver, NotSolved if there is no optimum or `flattest` moved it.
        """
        if self._squared_limits is not None and placement is not None:
            self._squared_limits.value = placement.squared_limits()
        try:
            answer = self.cheapest.solve(solver)
        except NotSolved as refused:
            raise self._explained(refused, solver, placement) from refused
        if flattest and self.agreed:
            optimum = answer.value
            answer = self.flattest.solve("auto")
            answer.fill()
            moved = float(value_of(self._cost)) - optimum
            if moved > 1e-6 * max(1.0, abs(optimum)):
                raise NotSolved(
                    f"{self.name}: the flattest trades cost {moved:.3g} yuan more than the optimum"
                )
        answer.fill()
        return self._result(answer.solved)

    def _explained(self, refused: NotSolved, solver: str, placement: Placement | None) -> NotSolved:
        """The same refusal, or one that says what is wrong. Raises NotSolved if the VPPs alone are to blame."""
        if placement is None or refused.status != "infeasible":
            return with_reason(self.case, refused, self.members)
        JointProblem(self.case, members=self.members).optimum(solver)
        return NotSolved(
            f"{self.name}: no schedule keeps all voltages of {placement.feeder.name} within "
            f"{placement.low:g} and {placement.high:g}",
            "infeasible",
        )

    def _result(self, solved: Solved) -> CoalitionResult:
        """What the solved problem says."""
        step_hours = self.case.vpps[0].step_hours
        multipliers = {}
        trades = {}
        for (i, j), row in self.agreed.items():
            trades[i, j] = (value_of(self._flows[i][j]) - value_of(self._flows[j][i])) / 2
            if row.dual_value is not None:
                multipliers[i, j] = row.dual_value / step_hours
        seconds = time.perf_counter() - self._started
        self._started = time.perf_counter()
        return CoalitionResult(
            method="joint optimum",
            cost=float(value_of(self._cost)),
            dispatches={name: read(model, solved) for name, model in self.models.items()},
            trades=both_ways(trades, self.case),
            multipliers=pair_frame(multipliers, self.case),
            certificate=None,
            history=pd.DataFrame(),
            messages=[],
            seconds={"build and solve": seconds},
        )


def pool(
    case: Case,
    solver: str = "auto",
    flattest: bool = False,
    placement: Placement | None = None,
    members: tuple[str, ...] | None = None,
) -> CoalitionResult:
    """The joint optimum of all VPPs of a case, as one who knew all their data would find it (paper A, P1).

    The optimal cost is unique, the trades that reach it are not. Storage is relaxed here: where a battery charges and
    discharges at once (see each dispatch's note) the cost is a lower bound.

    solver: "auto" or one of `solvers.SOLVERS`.
    flattest: takes, of all optimal trades, those with the least sum of squares, so that they do not depend on the
        solver: a small enough quadratic term leaves the optimum of a linear problem where it is (Mangasarian and Meyer
        1979), and the cost is compared with it.
    placement: keeps the voltages of its feeder within limits (linear model).
    members: only these trade among themselves; none of them, `()`, is the best that VPPs can do without trade, of
        interest where they share a feeder.
    Raises WrongInput without a tie or for an unknown solver, NotSolved if there is no optimum or it moved.
    """
    return JointProblem(case, placement, members).optimum(solver, flattest, placement)


def check_placement(case: Case, placement: Placement | None) -> None:
    """Raises WrongInput if a placement names a VPP that the case lacks."""
    if OPERATOR in case.names:
        raise WrongInput(f"case {case.name}: found a VPP named {OPERATOR}; allowed: any other name")
    unknown = [name for name in (placement.buses if placement else ()) if name not in case.names]
    if unknown:
        raise WrongInput(f"placement: found {', '.join(unknown)}; allowed: {', '.join(case.names)}")


def pool_verified(
    case: Case,
    placement: Placement,
    members: tuple[str, ...] | None = None,
    solver: str = "auto",
    tolerance: float = 1e-4,
) -> tuple[CoalitionResult, Placement, PowerFlow]:
    """The joint optimum whose voltages hold in the AC power flow too: result, placement with its margin, power flow.

    The linear limits leave out losses; the margin grows by the violation that the power flow finds until there is none
    above `tolerance` (per unit). Raises NotSolved if five rounds do not do it.
    """
    joint = JointProblem(case, placement, members)
    for _ in range(5):
        result = joint.optimum(solver, flattest=True, placement=placement)
        exact = power_flow(placement, withdrawals(case, result.dispatches))
        reached = exact.voltages[placement.feeder.buses]
        violation = max(placement.low - reached.min().min(), reached.max().max() - placement.high)
        if violation <= tolerance:
            return result, placement, exact
        placement = replace(placement, margin=placement.margin + float(violation))
    raise NotSolved(
        f"{placement.feeder.name}: voltages still miss the limits by {violation:.4f} per unit after five margins"
    )


def with_reason(
    case: Case, refused: NotSolved, members: tuple[str, ...] | None = None
) -> NotSolved:
    """The same refusal, or a better one: which VPP has no schedule even with its ties, what it lacks and when."""
    for vpp in case.connected(members):
        model = build(vpp)
        try:
            solve(cp.Problem(cp.Minimize(model.cost), model.constraints), "auto", vpp.name)
        except NotSolved as reason:
            return (
                NotSolved(explain_infeasible(vpp), "infeasible")
                if reason.status == "infeasible"
                else reason
            )
    return refused
