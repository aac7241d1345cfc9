"""Gas boiler. kW; injection is positive; arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp

from vppcore.components.base import Component, Part, bounded, kind, parameter


@kind("boiler")
@dataclass(frozen=True, eq=False, kw_only=True)
class Boiler(Component):
    r"""Gas boiler, $H_t=\eta^{GB}G_t\le H_{max}$ with gas in kW of calorific value (paper A section 2.4)."""

    heat_max: float = parameter("kW", "largest heat", by_step=True)
    efficiency: float = parameter("-", "heat per gas energy", low=0.01, high=1.2)
    operation_cost: float = parameter("yuan/kWh", "operation cost per kWh of heat", 0.0)
    emission: float = parameter("kg/kWh", "CO2 per kWh of heat", 0.0)
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh of heat", 0.0)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        heat = bounded(steps, 0, self.heat_max)
        gas = heat / self.efficiency
        return Part(
            inject={
                "heat": heat,
                "gas": -gas,
                "carbon": (self.emission - self.carbon_quota) * heat,
            },
            cost={"operation": self.operation_cost * step_hours * cp.sum(heat)},
            series={"heat": heat, "gas": gas},
        )
