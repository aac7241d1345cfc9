"""Flexible electric and heat loads. kW; injection is positive, so a load injects its negative; arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Part, kind, parameter, profile


@dataclass(frozen=True, eq=False, kw_only=True)
class Load(Component):
    """What electric and heat loads share: a forecast, a factor on it and a share that may be curtailed for pay."""

    role: ClassVar[str] = "load"

    forecast: np.ndarray = profile("load", "kW", "forecast demand")
    scale: float = parameter("-", "factor on the forecast", 1.0)
    rating: float = parameter("kW", "connection capacity, used to check the forecast", np.inf)
    curtail_share: float = parameter("-", "curtailable share of the load", 0.0, 0.0, 1.0)
    curtail_cost: float = parameter("yuan/kWh", "compensation per kWh curtailed", 0.0)

    surprise: np.ndarray | float = (
        0.0  # kW above the forecast, met but not announced; an expression in robust.py
    )

    @property
    def uncertain_series(self) -> str:
        """All electric loads follow the series "load", all heat loads "heat"."""
        return self.kind.removesuffix("_load").replace("electric", "load")

    @property
    def demand(self) -> np.ndarray:
        """Forecast demand, kW `(steps,)`, the base of what may be curtailed and moved."""
        return self.scale * self.forecast


@kind("electric_load")
@dataclass(frozen=True, eq=False, kw_only=True)
class ElectricLoad(Load):
    r"""Fixed, transferable and curtailable electric load, paper A section 2.2.3:

    $$L_t=\bar L_t+L^{tr}_t-L^{cut}_t,\quad \sum_{t\in\text{day}} L^{tr}_t=0,\quad |L^{tr}_t|\le r\bar L_t,\quad
      0\le L^{cut}_t\le k\bar L_t$$
    """

    shift_share: float = parameter(
        "-", "transferable share of the load, up and down", 0.0, 0.0, 1.0
    )
    shift_cost: float = parameter(
        "yuan/kWh", "compensation per kWh moved out of or into a step", 0.0
    )
    shift_hours: float = parameter(
        "h", "period within which moved load is made up, from the first step on", 24.0, 1e-6
    )

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        shift = cp.Variable(steps)
        curtailed = cp.Variable(steps, nonneg=True)
        period = max(1, round(min(self.shift_hours, steps * step_hours) / step_hours))
        served = self.demand + self.surprise + shift - curtailed
        paid = self.shift_cost * cp.sum(cp.abs(shift)) + self.curtail_cost * cp.sum(curtailed)
        return Part(
            inject={"electricity": -served},
            cost={"demand response": step_hours * paid},  # A 2.4-5
            constraints=[
                *(cp.sum(shift[first : first + period]) == 0 for first in range(0, steps, period)),
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


@kind("controllable_load")
@dataclass(frozen=True, eq=False, kw_only=True)
class ControllableLoad(Component):
    r"""Load that customers give up when they are called, paper B section 2.4:

    $$0\le P^{CL}_t\le k\bar L_t,\quad \sum_t\Delta\big(\varrho\,\pi^b_tP^{CL}_t+a(P^{CL}_t)^2\big)$$
    The compensation is a share of the purchase price and rises with the amount called. It lowers the VPP's electric load.
    """

    role: ClassVar[str] = "load"

    forecast: np.ndarray = profile("load", "kW", "forecast demand", of="electric_load.demand")
    buy_price: np.ndarray = profile(
        "grid_buy",
        "yuan/kWh",
        "purchase price, the base of the compensation",
        low=-np.inf,
        of="grid.buy_price",
    )
    share: float = parameter("-", "share of the load that may be called", 0.0, 0.0, 1.0)
    price_share: float = parameter("-", "compensation as a share of the purchase price", 1.0)
    cost_quadratic: float = parameter(
        "yuan/kW2h", "compensation that grows with the amount called", 0.0
    )

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        called = cp.Variable(steps, nonneg=True)
        paid = self.price_share * (self.buy_price @ called)
        if self.cost_quadratic:
            paid = paid + self.cost_quadratic * cp.sum_squares(called)
        return Part(
            inject={"electricity": called},
            cost={"demand response": step_hours * paid},
            constraints=[called <= self.share * self.forecast],
            series={"called": called},
        )
