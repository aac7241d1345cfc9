"""Micro-turbine. kW; injection is positive; arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass

from vppcore.components.base import Part, bounded, kind, minimum_above_maximum, parameter
from vppcore.components.chp import operation_cost, ramp_limits
from vppcore.components.commitment import MayStand


@kind("micro_turbine")
@dataclass(frozen=True, eq=False, kw_only=True)
class MicroTurbine(MayStand):
    r"""Micro-turbine whose operation cost includes its fuel, paper B section 2.4 and (12)-(13):

    $$\sum_t\Delta(aP_t^2+bP_t),\quad P_{min}\le P_t\le P_{max},\quad |P_t-P_{t-1}|\le\Delta R$$
    It emits $e_{mt}$ and earns the quota $\eta_{mt}$ per kWh, paper B (1)-(2). With `may_stand` it
    may be switched off, and then has costs of starts and least times on and off.

    >>> turbine = MicroTurbine(power_max=65.0, cost_linear=0.7)
    >>> sorted(turbine.model(steps=24).inject)
    ['carbon', 'electricity']
    """

    cost_quadratic: float = parameter("yuan/kW2h", "operation cost coefficient a", 0.0, symbol="a")
    cost_linear: float = parameter(
        "yuan/kWh", "operation cost coefficient b, fuel included", symbol="b"
    )
    emission: float = parameter("kg/kWh", "CO2 per kWh of power", 0.0, symbol="e_{mt}")
    carbon_quota: float = parameter(
        "kg/kWh", "carbon quota per kWh of power", 0.0, symbol=r"\eta_{mt}"
    )

    def faults(self) -> list[str]:
        return minimum_above_maximum(self, ("power_min", "power_max")) + super().faults()

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = bounded(steps, self.least_power, self.power_max)  # B (12)
        carbon = (self.emission - self.carbon_quota) * power  # B (1)-(2)
        cost = operation_cost(power, self.cost_quadratic, self.cost_linear, 0.0, step_hours)
        part = Part(
            inject={"electricity": power, "carbon": carbon},
            cost={"operation": cost},
            series={"power": power},
        )
        if self.may_stand:
            return self.committed(power, step_hours).added_to(part)
        ramps = ramp_limits(power, self.ramp_max, step_hours, self.power_before)  # B (13)
        part.constraints += ramps
        return part
