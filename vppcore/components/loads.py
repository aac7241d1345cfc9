"""Flexible electric and heat loads. kW; injection is positive, so a load injects its negative; arrays are (steps,)."""
from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Part, kind, parameter, profile


@dataclass(frozen=True, eq=False, kw_only=True)
class Load(Component):
    """What electric and heat loads share: a forecast, a factor on it and a share that may be curtailed for pay."""

    forecast: np.ndarray = profile("load", "kW", "forecast demand")
    scale: float = parameter("-", "factor on the forecast", 1.0)
    rating: float = parameter("kW", "connection capacity, used to check the forecast", np.inf)
    curtail_share: float = parameter("-", "curtailable share of the load", 0.0, 0.0, 1.0)
    curtail_cost: float = parameter("yuan/kWh", "compensation per kWh curtailed", 0.0)

    surprise: np.ndarray | float = 0.0  # kW above the forecast, met but not announced; an expression in robust.py

    @property
    def demand(self) -> np.ndarray:
        """Forecast demand, kW `(steps,)`, the base of what may be curtailed and moved."""
        return self.scale * self.forecast


@kind("electric_load")
@dataclass(frozen=True, eq=False, kw_only=True)
class ElectricLoad(Load):
    r"""Fixed, transferable and curtailable electric load, paper A section 2.2.3:

    $$L_t=\bar L_t+L^{tr}_t-L^{cut}_t,\quad \sum_t L^{tr}_t=0,\quad |L^{tr}_t|\le r\bar L_t,\quad
      0\le L^{cut}_t\le k\bar L_t$$
    """

    shift_share: float = parameter("-", "transferable share of the load, up and down", 0.0, 0.0, 1.0)
    shift_cost: float = parameter("yuan/kWh", "compensation per kWh moved out of or into a step", 0.0)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        shift = cp.Variable(steps)
        curtailed = cp.Variable(steps, nonneg=True)
        served = self.demand + self.surprise + shift - curtailed
        paid = self.shift_cost * cp.sum(cp.abs(shift)) + self.curtail_cost * cp.sum(curtailed)
        return Part(
            inject={"electricity": -served},
            cost={"demand response": step_hours * paid},  # A 2.4-5
            constraints=[
                cp.sum(shift) == 0,
                shift <= self.shift_share * self.demand,
                shift >= -self.shift_share * self.demand,
                curtailed <= self.curtail_share * self.demand,
            ],
            series={"served": served, "shift": shift, "curtailed": curtailed},
        )


@kind("heat_load")
@dataclass(frozen=True, eq=False, kw_only=True)
class HeatLoad(Load):
    r"""Fixed and curtailable heat load, $H_t=\bar H_t-H^{cut}_t$, $0\le H^{cut}_t\le k\bar H_t$; paper A section 2.2.3."""

    forecast: np.ndarray = profile("heat", "kW", "forecast demand")

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        curtailed = cp.Variable(steps, nonneg=True)
        served = self.demand + self.surprise - curtailed
        return Part(
            inject={"heat": -served},
            cost={"demand response": step_hours * self.curtail_cost * cp.sum(curtailed)},
            constraints=[curtailed <= self.curtail_share * self.demand],
            series={"served": served, "curtailed": curtailed},
        )
