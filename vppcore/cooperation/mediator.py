"""From what the VPPs agreed on to what they can carry out together.

kW; a trade p_ij is positive when i receives from j; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.asking import AtGate, Carried
from vppcore.cooperation.common import Common
from vppcore.cooperation.joint import joint_model, with_reason
from vppcore.cooperation.size import size_of
from vppcore.cooperation.talks import ByPair
from vppcore.cooperation.trades import solver_resolution, without_noise
from vppcore.errors import NotSolved
from vppcore.exclusive import solve_exclusively
from vppcore.grid.placement import Placement
from vppcore.solvers import value_of
from vppcore.vpp import total, withdrawal

# per unit: voltages this near to a limit are at it
VOLTAGE_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Delivery:
    """What is carried out in the end.

    trades: pair -> kW `(steps,)`. costs: VPP -> its cost with them, yuan.
    resolution: kW, below which a trade cannot be told from zero.
    mediated: True if the agreed trades could not be carried out and the nearest ones that can were
    found by a mediator to whom all VPPs handed over their models.
    spared: what the agreed trades would have cost more than none, yuan, where nobody trades for
    this reason; else 0.
    """

    trades: ByPair
    costs: dict[str, float]
    resolution: float
    mediated: bool
    spared: float = 0.0

    @property
    def cost(self) -> float:
        """Of all VPPs together, yuan."""
        return sum(self.costs.values())


def deliver(
    vpps: Mapping[str, AtGate],
    common: Common,
    trades: ByPair,
    resolution: float,
    placement: Placement | None = None,
    granted: Mapping[str, np.ndarray] | None = None,
) -> Delivery:
    """The agreed trades carried out, or the nearest ones that can be.

    vpps: who is asked. common: what all know.
    trades: pair -> kW `(steps,)`. resolution: kW, of these trades.
    granted: VPP -> the net withdrawal that the operator of the placement has granted, kW
    `(steps,)`.

    Mostly every VPP can carry out what was agreed, and nobody needs to know anything of the others.
    But talks end when disagreements are small, not when they are zero, and a VPP that must have
    exactly 10 kW cannot live with 9.99. Then a mediator, to whom all VPPs hand over their models,
    finds the trades nearest to the agreed ones that all can carry out together.
    Raises NotSolved (infeasible) if there are none.
    """
    granted = granted or {}
    try:
        carried = carried_by_each(vpps, trades, granted)
    except NotSolved as refused:
        if refused.status != "infeasible":
            raise
    else:
        if placement is None or voltages_hold(placement, carried):
            costs = {name: each.cost for name, each in carried.items()}
            return Delivery(trades, costs, resolution, mediated=False)
    case = common.case_of({name: vpp.whole_model() for name, vpp in vpps.items()})
    nearest, taken = nearest_deliverable(case, trades, placement, granted)
    resolution = solver_resolution(nearest, size_of(case).load)
    nearest = without_noise(nearest, resolution)
    carried = carried_by_each(vpps, nearest, taken)
    costs = {name: each.cost for name, each in carried.items()}
    return Delivery(nearest, costs, resolution, mediated=True)


def none_if_dearer(vpps: Mapping[str, AtGate], delivery: Delivery, noise: float) -> Delivery:
    """The same trades, or none where all together pay less without any.

    noise: yuan, below which two costs are alike.

    Where VPPs have something on or off, prices alone may lead them to trades that save nothing. Who
    has no schedule alone cannot do without trades, and then they stay.
    """
    if not any(np.any(trade) for trade in delivery.trades.values()):
        return delivery
    none = {pair: np.zeros_like(trade) for pair, trade in delivery.trades.items()}
    try:
        alone = {name: each.cost for name, each in carried_by_each(vpps, none, {}).items()}
    except NotSolved as refused:
        if refused.status != "infeasible":
            raise
        alone = {}
    spared = delivery.cost - sum(alone.values())
    if alone and spared > noise:
        return Delivery(none, alone, delivery.resolution, mediated=False, spared=spared)
    # each VPP keeps the schedule that it was asked for last
    carried_by_each(vpps, delivery.trades, {})
    return delivery


def carried_by_each(
    vpps: Mapping[str, AtGate], trades: ByPair, granted: Mapping[str, np.ndarray]
) -> dict[str, Carried]:
    """What each VPP tells of its schedule with these trades.

    Raises NotSolved (infeasible) if one of them has none.
    """
    return {name: vpp.carry_out(trades, granted.get(name)) for name, vpp in vpps.items()}


def voltages_hold(placement: Placement, carried: Mapping[str, Carried]) -> bool:
    """True if these schedules keep the feeder's voltages within the limits, in the linear model."""
    taken = pd.DataFrame({name: carried[name].withdrawal for name in placement.buses})
    voltages = placement.linear_voltages(taken).to_numpy()
    low, high = np.sqrt(placement.squared_limits())
    within = (voltages >= low - VOLTAGE_ROUNDING) & (voltages <= high + VOLTAGE_ROUNDING)
    return bool(within.all())


def nearest_deliverable(
    case: Case,
    trades: ByPair,
    placement: Placement | None,
    granted: Mapping[str, np.ndarray],
) -> tuple[ByPair, dict[str, np.ndarray]]:
    """The trades nearest to the given ones that all VPPs can carry out together, kW by pair.

    Nearest is the least sum of absolute differences, of trades and of net withdrawals. With a
    placement all voltages are kept; the second answer are then the VPPs' net withdrawals, kW.
    Raises NotSolved (infeasible), with a reason, if there are no such trades.
    """
    models, agreed, rows = joint_model(case, placement)
    flows = {(i, j): models[i].trades()[j] for i, j in agreed}
    taken = {name: withdrawal(models[name]) for name in granted}
    missed = [cp.sum(cp.abs(flow - trades[pair])) for pair, flow in flows.items()]
    missed += [cp.sum(cp.abs(taken[name] - kw)) for name, kw in granted.items()]
    name = f"trades of {case.name} that all can carry out"
    try:
        solve_exclusively(list(models.values()), total(missed), rows, "auto", "auto", name)
    except NotSolved as refused:
        raise with_reason(case, refused, placement=placement) from refused
    return (
        {pair: value_of(flow) for pair, flow in flows.items()},
        {name: value_of(flow) for name, flow in taken.items()},
    )
