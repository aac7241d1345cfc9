"""What voltage limits cost: the VPPs of a feeder alone and together, with limits that hold in the
AC power flow.

yuan; voltages per unit.
"""

from __future__ import annotations

from typing import NamedTuple

from vppcore.case import Case
from vppcore.cooperation.joint import pool_verified
from vppcore.cooperation.result import CoalitionResult
from vppcore.grid.placement import Placement
from vppcore.grid.power_flow import PowerFlow


class Delivery(NamedTuple):
    """A case on its feeder, all voltages within limits.

    alone: the best that the VPPs can do without trade.
    together: their joint optimum.
    placement: with the margin that makes the linear limits hold in the AC power flow.
    flow: the AC power flow of `together`.
    """

    alone: CoalitionResult
    together: CoalitionResult
    placement: Placement
    flow: PowerFlow

    @property
    def saving(self) -> float:
        """What cooperation saves within the limits, yuan."""
        return self.alone.cost - self.together.cost


def within_limits(case: Case, placement: Placement, solver: str = "auto") -> Delivery:
    """The VPPs alone and together with the same margin, the one that both need.

    Raises NotSolved if no schedule keeps all voltages within their limits.
    """
    _, with_margin, _ = pool_verified(case, placement, members=(), solver=solver)
    together, with_margin, flow = pool_verified(case, with_margin, solver=solver)
    alone, _, _ = pool_verified(case, with_margin, members=(), solver=solver)
    return Delivery(alone, together, with_margin, flow)
