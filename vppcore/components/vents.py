"""Where goes what nobody takes: spare heat, and carbon that no market settles.

kW (carbon kg/h); injection is positive, so a vent injects its negative; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Part, bounded, kind, parameter


@kind("heat_vent")
@dataclass(frozen=True, eq=False, kw_only=True)
class HeatVent(Component):
    r"""Lets spare heat go, $0\le H^{vent}_t\le H^{vent}_{max}$: a cooler or an open window.

    A VPP that makes heat and has nothing that takes it gets one by itself, so that a turbine may
    run for its power alone. Beside a heat load it must be asked for. Source: in neither paper.

    >>> sorted(HeatVent().model(steps=24).series)
    ['vented']
    """

    role: ClassVar[str] = "vent"

    vent_max: float = parameter(
        "kW", "largest heat let go", np.inf, symbol=r"H^{vent}_{max}", by_step=True
    )
    vent_cost: float = parameter("yuan/kWh", "cost per kWh of heat let go", 0.0)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        vented = bounded(steps, 0, self.vent_max)
        cost = step_hours * self.vent_cost * cp.sum(vented)
        return Part(
            inject={"heat": -vented},
            cost={"heat let go": cost} if self.vent_cost else {},
            series={"vented": vented},
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class CarbonAccount(Component):
    """Counts the emission above quota of a VPP that has no carbon market; it costs nothing.

    Such a VPP gets one by itself, so that its emission is reported and no plant stands still for
    want of somebody who takes its carbon; nobody needs to ask for one, so it has no name in
    units.csv. Source: in neither paper.

    >>> sorted(CarbonAccount().model(steps=24).series)
    ['excess']
    """

    role: ClassVar[str] = "vent"

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        excess = cp.Variable(steps)
        return Part(inject={"carbon": -excess}, series={"excess": excess})
