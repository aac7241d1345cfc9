"""Gas boiler. kW; injection is positive; arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp

from vppcore.components.base import Component, Part, bounded, kind, parameter


@kind("boiler")
@dataclass(frozen=True, eq=False, kw_only=True)
class Boiler(Component):
    r"""Gas boiler, paper A section 2.4, with gas $G_t$ in kW of calorific value:

    $$H_t=\eta^{GB}G_t\le H^{GB}_{max}$$

    >>> boiler = Boiler(heat_max=10.0, efficiency=0.9)
    >>> sorted(boiler.model(steps=24).inject)
    ['carbon', 'gas', 'heat']
    """

    heat_max: float = parameter("kW", "largest heat", symbol=r"H^{GB}_{max}", by_step=True)
    efficiency: float = parameter(
        "-", "heat per gas energy", low=0.01, high=1.2, symbol=r"\eta^{GB}"
    )
    operation_cost: float = parameter("yuan/kWh", "operation cost per kWh of heat", 0.0, symbol="b")
    emission: float = parameter("kg/kWh", "CO2 per kWh of heat", 0.0, symbol=r"e^{GB}")
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh of heat", 0.0, symbol="D")

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        heat = bounded(steps, 0, self.heat_max)
        gas = heat / self.efficiency
        carbon = (self.emission - self.carbon_quota) * heat
        cost = step_hours * self.operation_cost * cp.sum(heat)
        return Part(
            inject={"heat": heat, "gas": -gas, "carbon": carbon},
            cost={"operation": cost},
            series={"heat": heat, "gas": gas},
        )
