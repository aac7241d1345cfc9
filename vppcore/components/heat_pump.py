"""Electric heat pump. kW, degC; injection is positive; arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Part, bounded, kind, parameter

FREEZING = 273.15  # 0 degC in kelvin


@kind("heat_pump")
@dataclass(frozen=True, eq=False, kw_only=True)
class HeatPump(Component):
    r"""Electric heat pump, whose heat per electric energy (COP) may differ from step to step:

    $$H^{HP}_t=\eta^{HP}_tP^{HP}_t\le H^{HP}_{max},\qquad
      \eta^{HP}_t=\min\Big\{f^{HP}\,
      \frac{\vartheta^{flow}+273.15}{\vartheta^{flow}-\vartheta_t},\;\eta^{HP}_{max}\Big\}$$
    Either the COP is given (`performance`, a number or a series), or it follows from the outdoor
    temperature as a fixed share $f^{HP}$ of what Carnot allows. A textbook balance, in neither
    paper; typical shares are 0.4 for a source of air, 0.5 of ground water and 0.55 of brine (VDE
    ETG 2015).

    >>> pump = HeatPump(
    ...     heat_max=10.0, outdoor=[-5.0, 10.0], flow_temperature=45.0, carnot_share=0.4
    ... )
    >>> pump.cop.round(2).tolist()
    [2.55, 3.64]
    >>> HeatPump(heat_max=10.0, performance=3.0).cop
    3.0
    """

    heat_max: float = parameter("kW", "largest heat", symbol=r"H^{HP}_{max}", by_step=True)
    performance: float | None = parameter(
        "-",
        "COP: heat per electric energy",
        None,
        low=1.0,
        high=20.0,
        none="it follows from the outdoor temperature",
        symbol=r"\eta^{HP}_t",
        by_step=True,
        shared="heat_pump_performance",
        unless="outdoor",
    )
    outdoor: float | None = parameter(
        "degC",
        "temperature outdoors, or of the ground or water that heat is taken from",
        None,
        low=-60.0,
        high=60.0,
        none="the COP is given",
        symbol=r"\vartheta_t",
        by_step=True,
        shared="outdoor",
        unless="performance",
    )
    flow_temperature: float | None = parameter(
        "degC",
        "temperature of the heat that is made",
        None,
        low=0.0,
        high=150.0,
        none="the COP is given",
        symbol=r"\vartheta^{flow}",
    )
    carnot_share: float | None = parameter(
        "-",
        "share of the COP that Carnot allows",
        None,
        low=0.01,
        high=1.0,
        none="the COP is given",
        symbol="f^{HP}",
    )
    performance_max: float | None = parameter(
        "-",
        "largest COP, however warm it is outdoors",
        None,
        low=1.0,
        none="no limit",
        symbol=r"\eta^{HP}_{max}",
    )
    operation_cost: float = parameter("yuan/kWh", "operation cost per kWh of heat", 0.0, symbol="b")

    def faults(self) -> list[str]:
        """Sentences if the COP is given twice or not at all, or if it cannot be computed."""
        of_weather = {
            name: getattr(self, name) for name in ("outdoor", "flow_temperature", "carnot_share")
        }
        given = [name for name, value in of_weather.items() if value is not None]
        lacking = [name for name, value in of_weather.items() if value is None]
        if self.performance is not None:
            if not given:
                return []
            return [
                f"performance: found it and {' and '.join(given)}; allowed: one of both, the COP "
                "or what it follows from"
            ]
        if lacking:
            return [
                f"performance: found none, and no {' and no '.join(lacking)}; allowed: a COP, or "
                "outdoor, flow_temperature and carnot_share"
            ]
        return self.too_warm_faults()

    def too_warm_faults(self) -> list[str]:
        """A sentence if it is too warm outdoors for a heat pump, or its COP falls below one."""
        warmest = float(np.max(np.asarray(self.outdoor, float)))
        if warmest >= float(self.flow_temperature or 0.0) and self.performance_max is None:
            return [
                f"outdoor: found {warmest:g} degC, which is not below flow_temperature = "
                f"{self.flow_temperature:g} degC; allowed: below it, or a performance_max"
            ]
        lowest = float(np.min(self.cop))
        if lowest < 1:
            return [
                f"carnot_share: found {self.carnot_share:g}, so that the COP is {lowest:.3g} in "
                "the coldest step; allowed: a COP of 1 or more"
            ]
        return []

    @property
    def cop(self) -> Any:
        """Heat per electric energy, a number or `(steps,)`."""
        if self.performance is not None:
            return self.performance
        flow = float(self.flow_temperature or 0.0)
        lift = flow - np.asarray(self.outdoor, float)
        most = np.inf if self.performance_max is None else self.performance_max
        carnot = np.divide(flow + FREEZING, lift, out=np.full(lift.shape, np.inf), where=lift > 0)
        found = np.minimum(float(self.carnot_share or 0.0) * carnot, most)
        return float(found) if found.ndim == 0 else found

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        heat = bounded(steps, 0, self.heat_max)
        power = cp.multiply(1 / np.broadcast_to(self.cop, (steps,)), heat)
        return Part(
            inject={"heat": heat, "electricity": -power},
            cost={"operation": self.operation_cost * step_hours * cp.sum(heat)},
            series={"heat": heat, "power": power},
        )
