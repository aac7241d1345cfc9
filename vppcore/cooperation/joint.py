"""The joint optimum of a case's VPPs, as one who knew all their data would find it (paper A's problem P1).

kW, yuan; a trade p_ij is positive when i receives from j; arrays are (steps,).
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations

import cvxpy as cp
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.result import CoalitionResult, both_ways, pair_frame
from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.placement import OPERATOR, Placement, withdrawal, withdrawals
from vppcore.grid.power_flow import PowerFlow, power_flow
from vppcore.infeasible import explain_infeasible
from vppcore.schedule import read
from vppcore.solvers import solve
from vppcore.vpp import Model, build

FLATNESS = 1e-7  # yuan/kWh per kW: small enough to leave the optimum where it is (checked), large enough to be seen


def joint_model(
    case: Case, placement: Placement | None = None, members: tuple[str, ...] | None = None
) -> tuple[dict[str, Model], dict[tuple[str, str], cp.Constraint], list]:
    """The VPPs' models with all that ties them together: models, the agreement of each pair on its trade, all rows.

    placement, members: as in `pool`. Raises WrongInput for a placement that names a VPP that the case lacks.
    """
    check_placement(case, placement)
    models = {vpp.name: build(vpp) for vpp in case.connected(members)}
    flows = {name: model.trades() for name, model in models.items()}
    agreed = {
        (i, j): flows[i][j] + flows[j][i] == 0
        for i, j in combinations(case.names, 2)
        if j in flows[i]
    }  # A (44)
    rows = [*(row for model in models.values() for row in model.constraints), *agreed.values()]
    if placement is not None:
        rows += placement.limits(
            {n: withdrawal(models[n]) for n in placement.buses}, case.vpps[0].steps
        )
    return models, agreed, rows


def pool(
    case: Case,
    solver: str = "auto",
    flattest: bool = False,
    placement: Placement | None = None,
    members: tuple[str, ...] | None = None,
) -> CoalitionResult:
    """The joint optimum of all VPPs of a case, as one who knew all their data would find it (paper A, P1).

    placement: keeps the voltages of its feeder within limits (linear model). members: only these trade among themselves;
    none of them, `()`, is the best that VPPs can do without trade, of interest where they share a feeder.
    The optimal cost is unique, the trades that reach it are not. `flattest=True` takes, of all optimal trades, those
    with the least sum of squares, so that they do not depend on the solver: a small enough quadratic term leaves the
    optimum of a linear problem where it is (Mangasarian and Meyer 1979), and the cost is compared with it.
    Storage is relaxed here: where a battery charges and discharges at once (see each dispatch's note) the cost is a
    lower bound. Raises WrongInput without a tie or for an unknown solver, NotSolved if there is no optimum or it moved.
    """
    started, name = time.perf_counter(), f"joint optimum of {case.name}"
    models, agreed, rows = joint_model(case, placement, members)
    flows, pairs = {name: model.trades() for name, model in models.items()}, list(agreed)
    total = sum(model.cost for model in models.values())
    try:
        solved = solve(cp.Problem(cp.Minimize(total), rows), solver, name)
    except NotSolved as refused:
        if placement is not None and refused.status == "infeasible":
            pool(case, solver, members=members)  # says what is wrong if the feeder is not to blame
            raise NotSolved(
                f"{name}: no schedule keeps all voltages of {placement.feeder.name} within "
                f"{placement.low:g} and {placement.high:g}"
            ) from refused
        raise with_reason(case, refused, members) from refused
    if flattest and pairs:
        squares = sum(cp.sum_squares(flows[i][j]) for i, j in pairs)
        optimum, solved = (
            solved.value,
            solve(cp.Problem(cp.Minimize(total + FLATNESS / 2 * squares), rows), "auto", name),
        )
        if total.value - optimum > 1e-6 * max(1.0, abs(optimum)):
            raise NotSolved(
                f"{name}: the flattest trades cost {total.value - optimum:.3g} yuan more than the optimum"
            )
    step = case.vpps[0].step_hours
    multipliers = {
        pair: row.dual_value / step for pair, row in agreed.items() if row.dual_value is not None
    }
    trades = {(i, j): (flows[i][j].value - flows[j][i].value) / 2 for i, j in pairs}
    return CoalitionResult(
        "joint optimum",
        float(total.value),
        {name: read(model, solved) for name, model in models.items()},
        both_ways(trades, case),
        pair_frame(multipliers, case),
        None,
        pd.DataFrame(),
        [],
        {"build and solve": time.perf_counter() - started},
    )


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
    for _ in range(5):
        result = pool(case, solver, flattest=True, placement=placement, members=members)
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
