"""What proves a negotiated schedule: its true cost, and a bound below which no schedule can lie.

yuan; trades in kW.
"""

from __future__ import annotations

import contextlib

import cvxpy as cp
import numpy as np

from vppcore.case import Case
from vppcore.errors import NotSolved
from vppcore.exclusive import solve_exclusively
from vppcore.grid.placement import OPERATOR, withdrawal
from vppcore.schedule import DispatchResult, read
from vppcore.solvers import solve
from vppcore.vpp import VPP, Model, build


def fixed_terms(
    model: Model, values: dict[tuple[str, str], np.ndarray]
) -> list[tuple[cp.Expression, np.ndarray]]:
    """What a VPP says to each partner (its trade; to the operator its net withdrawal) beside the value that a table of
    pairs has for the two."""
    own, flows = model.vpp.name, model.trades()
    if (own, OPERATOR) in values:
        flows = flows | {OPERATOR: withdrawal(model)}
    return [
        (flow, values[own, j] if (own, j) in values else values[j, own])
        for j, flow in flows.items()
    ]


def carry_out(
    case: Case,
    trades: dict[tuple[str, str], np.ndarray],
    solver: str,
    granted: dict[str, np.ndarray] | None = None,
    disagreement: float = 0.0,
) -> dict[str, DispatchResult]:
    """Each VPP's best schedule when the agreed trades (kW, by pair) are carried out exactly: one problem each.

    granted: VPP -> net withdrawal that the operator has granted, kW, which is kept too: exactly where a schedule can, else
    up to the `disagreement` (kW) that the talks left, or a few times that.
    """
    both = trades | {(j, i): -trade for (i, j), trade in trades.items()}

    def schedule(vpp: VPP, slack: float) -> DispatchResult:
        model = build(vpp)
        rows = [flow == trade for flow, trade in fixed_terms(model, both)]
        if granted and vpp.name in granted:
            rows.append(cp.abs(withdrawal(model) - granted[vpp.name]) <= slack)
        name = f"{vpp.name} with the agreed trades"
        constraints = [*model.constraints, *rows]
        solved = solve_exclusively([model], model.cost, constraints, solver, "auto", name)
        return read(model, solved)

    def nearest(vpp: VPP) -> DispatchResult:
        for slack in (1e-6, disagreement, 4 * disagreement):
            with contextlib.suppress(NotSolved):
                return schedule(vpp, slack)
        return schedule(vpp, 16 * disagreement)

    return {
        vpp.name: nearest(vpp) if granted and vpp.name in granted else schedule(vpp, 0.0)
        for vpp in case.connected()
    }


def lower_bound(case: Case, multipliers: dict[tuple[str, str], np.ndarray], solver: str) -> float:
    """What the cluster costs at least, yuan: each VPP's minimum of C_i + sum_j m_ij p_ij, added up (weak duality)."""
    total = 0.0
    for vpp in case.connected():
        model = build(vpp)
        lagrangian = model.cost + sum(m @ flow for flow, m in fixed_terms(model, multipliers))
        total += solve(
            cp.Problem(cp.Minimize(lagrangian), model.constraints), solver, f"{vpp.name}'s bound"
        ).value
    return total
