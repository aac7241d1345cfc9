"""The joint optimum of a case's VPPs, as one who knew all their data would find it (paper A's P1).

kW, yuan; a trade p_ij is positive when i receives from j; arrays are (steps,).
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property
from itertools import combinations

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.cooperation.agents import trade_of
from vppcore.cooperation.preference import Preference
from vppcore.cooperation.result import CoalitionResult, both_ways, pair_frame
from vppcore.cooperation.size import is_crossing_free, size_of
from vppcore.cooperation.talks import ByPair
from vppcore.cooperation.trades import solver_resolution, without_circulation, without_noise
from vppcore.errors import NotSolved, WrongInput
from vppcore.exclusive import (
    check_storage,
    fixed_rows,
    modes_of,
    never_relaxed,
    overlaps,
    pairs_of,
    solve_exclusively,
)
from vppcore.flattest import flatten
from vppcore.grid.placement import OPERATOR, Placement, withdrawals
from vppcore.grid.power_flow import PowerFlow, power_flow
from vppcore.infeasible import explain_infeasible, explain_together
from vppcore.schedule import DispatchResult, read
from vppcore.solvers import Solved, solve, value_of
from vppcore.vpp import Model, build, total, withdrawal

# preferences among optimal trades are made weaker by these factors until the optimum does not move
SHRINKING = (1.0, 0.1, 0.01)
# a share of the cost by which a preference among optimal trades may move it
SAME_COST = 1e-6
# what is added to a VPP's own bill, or taken off it, to find its end of the optimal trades, as a
# share of the bill; and by which share of the cost that may move the optimum
TILT = 1e-2
STILL_OPTIMAL = 1e-8
# while the exchange is flattened, trades may move by this share of a typical load
HELD = 1e-6
# rounds in which a margin for losses is sought
MARGINS = 5


def joint_model(
    case: Case,
    placement: Placement | None = None,
    members: tuple[str, ...] | None = None,
    squared_limits: cp.Parameter | None = None,
) -> tuple[dict[str, Model], dict[tuple[str, str], cp.Constraint], list]:
    """The VPPs' models with all that ties them together.

    Returns VPP -> model, pair -> the row by which both agree on their trade, and all rows.
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
    """The problem of all VPPs of a case, stated once, for several margins of its voltage limits.

    case, placement, members: as in `pool`; the placement's margin may change from one `optimum` to
    the next.
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
        self._size = size_of(case)
        self._squared_limits = None if placement is None else cp.Parameter(2, name="limits")
        self.models, self.agreed, self._rows = joint_model(
            case, placement, members, self._squared_limits
        )
        self._flows = {name: model.trades() for name, model in self.models.items()}
        self._cost = total(model.cost for model in self.models.values())

    @cached_property
    def cheapest(self) -> Compiled:
        """Least cost, stores relaxed."""
        return Compiled(self._cost, self._rows, self.name)

    def optimum(
        self,
        solver: str = "auto",
        flattest: bool = False,
        placement: Placement | None = None,
        storage: str = "auto",
    ) -> CoalitionResult:
        """The joint optimum, as `pool` has it, with this placement's limits and margin.

        Raises WrongInput for an unknown solver, NotSolved if there is no optimum or `flattest`
        moved it.
        """
        check_storage(storage)
        if self._squared_limits is not None and placement is not None:
            self._squared_limits.value = placement.squared_limits()
        try:
            solved = self._least_cost(solver, storage)
        except NotSolved as refused:
            raise with_reason(self.case, refused, self.members, placement) from refused
        multipliers = self._multipliers()
        if self.agreed and (flattest or is_crossing_free(self.case.tie, self._size)):
            self._choose_trades(flattest, storage)
        if flattest:
            self._flatten_exchange(solved, storage)
        return self._result(solved, multipliers, flattest, storage)

    def end(self, name: str, most: bool, solver: str = "auto") -> CoalitionResult:
        """The optimal trades at which a VPP's own bill, before payments, is least or largest.

        Of these the least and flattest. Stores that would overlap keep the modes of an optimum.
        Raises WrongInput for a VPP that the case lacks, NotSolved if there is no optimum or it was
        always moved.
        """
        if name not in self.models:
            allowed = ", ".join(self.models)
            raise WrongInput(f"bill of {name}: no such VPP; allowed: {allowed}")
        solved = self._least_cost(solver, "auto")
        multipliers = self._multipliers()
        optimum = float(value_of(self._cost))
        pairs = pairs_of(self.models.values())
        as_now = fixed_rows(pairs, modes_of(pairs))
        hours = self.case.vpps[0].step_hours
        preferred = Preference(self._pair_flows(), self._size, hours, least=True, flattest=True)
        allowed_move = STILL_OPTIMAL * max(abs(optimum), self._size.least_money)
        for factor in SHRINKING:
            preferred.scale(factor)
            cost = self._tilted(name, -TILT * factor if most else TILT * factor) + preferred.cost
            for more_rows in ([], as_now):
                compiled = Compiled(cost, [*self._rows, *more_rows], self.name)
                if is_filled(compiled) and not overlaps(pairs):
                    break
            if float(value_of(self._cost)) - optimum <= allowed_move:
                return self._result(solved, multipliers, True, "auto")
        raise NotSolved(f"{self.name}: every weight on the bill of {name} moves the optimum")

    def _tilted(self, name: str, tilt: float) -> cp.Expression:
        """The cost of all, with one VPP's bill counted more or less, yuan."""
        return total(
            (1 + tilt) * model.cost if each == name else model.cost
            for each, model in self.models.items()
        )

    def _least_cost(self, solver: str, storage: str) -> Solved:
        """Solves for the least cost: relaxed, checked, and exactly where stores overlap."""
        pairs = pairs_of(self.models.values())
        if storage == "relaxed":
            pairs = never_relaxed(pairs)
        exact = storage == "binary" or any(pair.limits.required for pair in pairs)
        if not pairs or not exact:
            try:
                answer = self.cheapest.solve(solver)
            except NotSolved as refused:
                if not pairs or refused.status != "unbounded":
                    raise
            else:
                answer.fill()
                if not overlaps(pairs):
                    return answer.solved
        models = list(self.models.values())
        return solve_exclusively(models, self._cost, self._rows, solver, storage, self.name)

    def _choose_trades(self, flattest: bool, storage: str) -> None:
        """Moves to the optimal schedule whose trades are least (free crossing) and flattest.

        Preferences are costs too small to move the optimum. Stores that would overlap for them keep
        the modes they have now, and steps of a price that are filled in order always do.
        Raises NotSolved if `flattest` is asked for and moves the optimum all the same.
        """
        pairs = pairs_of(self.models.values())
        optimum = float(value_of(self._cost))
        before = [(variable, variable.value) for variable in self.cheapest.problem.variables()]
        least = is_crossing_free(self.case.tie, self._size)
        hours = self.case.vpps[0].step_hours
        preferred = Preference(self._pair_flows(), self._size, hours, least, flattest)
        as_now = fixed_rows(pairs, modes_of(pairs))
        in_order = never_relaxed(pairs)
        moved = self._prefer(preferred, fixed_rows(in_order, modes_of(in_order)), optimum)
        if storage != "relaxed" and (moved is None or overlaps(pairs)):
            moved = self._prefer(preferred, as_now, optimum)
        if moved is not None:
            return
        if flattest:
            raise NotSolved(f"{self.name}: the flattest trades cost more than the optimum")
        for variable, value in before:
            variable.value = value

    def _prefer(self, preferred: Preference, more_rows: list, optimum: float) -> float | None:
        """Solves with a preference, made weaker until the optimum stays; by how much it moved,
        yuan, or None if it never stayed or flows at once would earn without end."""
        compiled = Compiled(self._cost + preferred.cost, [*self._rows, *more_rows], self.name)
        allowed = SAME_COST * max(abs(optimum), self._size.least_money)
        for factor in SHRINKING:
            preferred.scale(factor)
            if not is_filled(compiled):
                return None
            moved = float(value_of(self._cost)) - optimum
            if abs(moved) <= allowed:
                return moved
        return None

    def _flatten_exchange(self, solved: Solved, storage: str) -> None:
        """Moves to the flattest exchange with the grid that these trades leave.

        Raises NotSolved if there is none without a higher cost.
        """
        models = list(self.models.values())
        rows = [*self._rows, *self._held_trades()]
        flatten(models, self._cost, rows, solved, storage, self.name)

    def _held_trades(self) -> list:
        """Rows that hold the trades where they are, but for a solver's noise."""
        room = HELD * self._size.load
        rows = []
        for flow in self._pair_flows().values():
            now = value_of(flow)
            rows += [flow >= now - room, flow <= now + room]
        return rows

    def _pair_flows(self) -> dict[tuple[str, str], cp.Expression]:
        return {(i, j): self._flows[i][j] for i, j in self.agreed}

    def _multipliers(self) -> ByPair:
        """The value of one more kWh to both of each pair, yuan/kWh."""
        hours = self.case.vpps[0].step_hours
        return {
            pair: row.dual_value / hours
            for pair, row in self.agreed.items()
            if row.dual_value is not None
        }

    def _result(
        self, solved: Solved, multipliers: ByPair, flattest: bool, storage: str
    ) -> CoalitionResult:
        """What the solved problem says, with the trades that its net positions need."""
        trades = {
            (i, j): (value_of(self._flows[i][j]) - value_of(self._flows[j][i])) / 2
            for i, j in self.agreed
        }
        resolution = solver_resolution(trades, self._size.load)
        if trades:
            trades = without_noise(trades, resolution)
            limit = np.inf if self.case.tie is None else self.case.tie.limit
            trades = without_circulation(trades, limit, resolution, flattest)
            set_trades(self.models, trades)
        dispatches = {name: read(model, solved) for name, model in self.models.items()}
        seconds = time.perf_counter() - self._started
        self._started = time.perf_counter()
        return CoalitionResult(
            method="joint optimum",
            cost=float(value_of(self._cost)),
            dispatches=dispatches,
            trades=both_ways(trades, self.case),
            multipliers=pair_frame(multipliers, self.case),
            certificate=None,
            history=pd.DataFrame(),
            messages=[],
            seconds={"build and solve": seconds},
            resolution=resolution,
            note=in_words(dispatches, flattest),
        )


def set_trades(models: dict[str, Model], trades: ByPair) -> None:
    """Writes trades, kW by pair, into the variables of the solved models."""
    both = trades | {(j, i): -kw for (i, j), kw in trades.items()}
    for name, model in models.items():
        partners = list(model.trades())
        if partners:
            trade_of(model).value = np.column_stack([both[name, other] for other in partners])


def in_words(dispatches: dict[str, DispatchResult], flattest: bool) -> str:
    """How exact the schedules are, and what of them is unique."""
    schedules = list(dispatches.values())
    inexact = [name for name, schedule in dispatches.items() if not schedule.exact]
    halves = any(set(schedule.overlaps) & set(schedule.undivided) for schedule in schedules)
    undivided = any(schedule.undivided for schedule in schedules)
    if inexact:
        what = "something is half on, or flows run" if halves else "stores charge and discharge"
        words = f"{what} at once in {', '.join(inexact)}: a lower bound"
    else:
        nothing = "no store charges and discharges at once"
        nothing += " and nothing is half on" if undivided else ""
        binaries = any("mixed-integer" in schedule.solved.kind for schedule in schedules)
        words = f"{nothing} ({'excluded by binaries' if binaries else 'relaxation exact'})"
    unique = (
        "of all optimal trades the flattest"
        if flattest
        else "other trades may cost the same, and bargaining weights follow the trades"
    )
    return f"{words}; {unique}"


def pool(
    case: Case,
    solver: str = "auto",
    flattest: bool = False,
    placement: Placement | None = None,
    members: tuple[str, ...] | None = None,
    storage: str = "auto",
) -> CoalitionResult:
    """The joint optimum of all VPPs of a case, as one who knew all their data would find it (P1).

    The optimal cost is unique, the trades that reach it are not. Power is never sent in circles,
    and where the crossing is free no more is traded than saves something.

    solver: "auto" or one of `solvers.SOLVERS`.
    flattest: takes, of all these trades, those with the least sum of squares. There is only one
    such point, found by one solver whatever `solver` says: a small enough quadratic term leaves
    the optimum of a linear problem where it is (Mangasarian and Meyer 1979), and the cost is
    compared with it. Of the schedules with these trades it takes the one whose exchange with the
    grid is flattest, as `dispatch` has it. Where stores need binaries their modes stay as they
    were found.
    placement: keeps the voltages of its feeder within limits (linear model).
    members: only these trade among themselves; none of them, `()`, is the best that VPPs can do
    without trade, of interest where they share a feeder.
    storage: "auto" relaxes stores, checks, and excludes by binaries that one charges and discharges
    at once where it did; "relaxed" leaves it at that, and the cost is a lower bound; "binary".
    The result's `exact` and `note` say which it was.
    Raises WrongInput without a tie or for an unknown solver or storage, NotSolved if there is no
    optimum or it moved.

    >>> from vppcore import load_case
    >>> together = pool(load_case("template"))
    >>> round(together.cost, 2), together.exact
    (101.12, True)
    """
    return JointProblem(case, placement, members).optimum(solver, flattest, placement, storage)


def check_placement(case: Case, placement: Placement | None) -> None:
    """Raises WrongInput if a placement names a VPP that the case lacks."""
    if OPERATOR in case.names:
        raise WrongInput(f"case {case.name}: found a VPP named {OPERATOR}; allowed: any other name")
    unknown = [name for name in (placement.buses if placement else ()) if name not in case.names]
    if unknown:
        raise WrongInput(f"placement: found {', '.join(unknown)}; allowed: {', '.join(case.names)}")


def is_filled(compiled: Compiled) -> bool:
    """Solves a problem and fills its variables; False if it could earn without end."""
    try:
        compiled.solve("auto").fill()
    except NotSolved as refused:
        if refused.status != "unbounded":
            raise
        return False
    return True


def pool_verified(
    case: Case,
    placement: Placement,
    members: tuple[str, ...] | None = None,
    solver: str = "auto",
    tolerance: float = 1e-4,
) -> tuple[CoalitionResult, Placement, PowerFlow]:
    """The joint optimum whose voltages hold in the AC power flow too.

    case, placement, members, solver: as in `pool`; of all optimal trades the flattest are taken.
    tolerance: voltages may miss their limits by so much, per unit.
    Returns the result, the placement with the margin that it needed, and the power flow. The linear
    limits leave out losses; the margin grows by the violation that the power flow finds.
    Raises NotSolved if five margins do not do it.
    """
    joint = JointProblem(case, placement, members)
    for _ in range(MARGINS):
        result = joint.optimum(solver, flattest=True, placement=placement)
        exact = power_flow(placement, withdrawals(case, result.dispatches))
        reached = exact.voltages[placement.feeder.buses]
        violation = max(placement.low - reached.min().min(), reached.max().max() - placement.high)
        if violation <= tolerance:
            return result, placement, exact
        placement = replace(placement, margin=placement.margin + float(violation))
    raise NotSolved(
        f"{placement.feeder.name}: voltages still miss the limits by {violation:.4f} per unit "
        "after five margins"
    )


def with_reason(
    case: Case,
    refused: NotSolved,
    members: tuple[str, ...] | None = None,
    placement: Placement | None = None,
) -> NotSolved:
    """The same refusal, or a better one, that says who is to blame.

    That is a VPP without any schedule even with its ties (what it lacks, and when), all of them
    together, or the voltage limits of the placement.
    """
    for vpp in case.connected(members):
        model = build(vpp)
        try:
            solve(cp.Problem(cp.Minimize(model.cost), model.constraints), "auto", vpp.name)
        except NotSolved as reason:
            if reason.status == "infeasible":
                return NotSolved(explain_infeasible(vpp), "infeasible")
            return reason
    if refused.status != "infeasible":
        return refused
    if placement is None:
        trading = [vpp for vpp in case.connected(members) if vpp.with_role("trade")]
        sentence = explain_together(trading)
        return NotSolved(sentence, "infeasible") if sentence else refused
    try:
        JointProblem(case, members=members).optimum()
    except NotSolved as without_limits:
        return without_limits
    return NotSolved(
        f"joint optimum of {case.name}: no schedule keeps all voltages of {placement.feeder.name} "
        f"within {placement.low:g} and {placement.high:g}",
        "infeasible",
    )
