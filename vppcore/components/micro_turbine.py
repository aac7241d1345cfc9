"""Micro-turbine. kW; injection is positive; arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass

from vppcore.components.base import Component, Part, bounded, kind, minimum_above_maximum, parameter
from vppcore.components.chp import operation_cost, ramp_limits


@kind("micro_turbine")
@dataclass(frozen=True, eq=False, kw_only=True)
class MicroTurbine(Component):
    r"""Micro-turbine whose operation cost includes its fuel, paper B section 2.4 and (12)-(13):

    $$\sum_t\Delta(aP_t^2+bP_t),\quad P_{min}\le P_t\le P_{max},\quad |P_t-P_{t-1}|\le R$$
    It emits $e$ and earns the quota $D$ per kWh, paper B (1)-(2).
    """

    power_min: float = parameter("kW", "smallest power", 0.0)
    power_max: float = parameter("kW", "largest power")
    ramp_max: float = parameter("kW/h", "largest change of power", float("inf"))
    cost_quadratic: float = parameter("yuan/kW2h", "operation cost coefficient a", 0.0)
    cost_linear: float = parameter("yuan/kWh", "operation cost coefficient b, fuel included")
    emission: float = parameter("kg/kWh", "CO2 per kWh of power", 0.0)
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh of power", 0.0)

    def faults(self) -> list[str]:
        return minimum_above_maximum(self, ("power_min", "power_max"))

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = bounded(steps, self.power_min, self.power_max)
        return Part(
            inject={"electricity": power, "carbon": (self.emission - self.carbon_quota) * power},
            cost={
                "operation": operation_cost(
                    power, self.cost_quadratic, self.cost_linear, 0.0, step_hours
                )
            },
            constraints=ramp_limits(power, self.ramp_max, step_hours),
            series={"power": power},
        )
