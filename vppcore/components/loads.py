"""Flexible electric and heat loads.

kW; injection is positive, so a load injects its negative; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Part, expected_before, kind, parameter, profile
from vppcore.components.markets import Grid
from vppcore.errors import WrongInput
from vppcore.parameters import choice


@dataclass(frozen=True, eq=False, kw_only=True)
class Load(Component):
    """What electric and heat loads share: a forecast and a factor on it.

    forecast: forecast demand, kW `(steps,)`; each kind of load says which series it is.
    surprise: demand above the forecast, kW `(steps,)`, that is met and was not announced; an
        expression where it is uncertain.
    """

    role: ClassVar[str] = "load"

    forecast: np.ndarray
    scale: float = parameter("-", "factor on the forecast", 1.0)
    rating: float = parameter("kW", "connection capacity, used to check the forecast", np.inf)

    surprise: Any = 0.0

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

    $$L_t=\bar L_t+L^{tr}_t-L^{cut}_t\ge0,\quad \sum_{t\in\text{day}} L^{tr}_t=0,\quad
      |L^{tr}_t|\le f^{tr}\bar L_t,\quad 0\le L^{cut}_t\le f^{cut}\bar L_t$$

    A load whose meter sees a plant behind it may be below zero, if it is said to be net-metered.
    In such steps it feeds in what the forecast says, and nothing is moved, curtailed or called.

    >>> house = ElectricLoad(forecast=[1.0, 2.0], scale=3.0, shift_share=0.2)
    >>> house.demand.tolist()
    [3.0, 6.0]
    >>> ElectricLoad(forecast=[1.0, -2.0], net_metered="yes").drawn.tolist()
    [1.0, 0.0]
    """

    forecast: np.ndarray = profile(
        "load", "kW", "forecast demand", symbol=r"\bar L_t", signed_if="net_metered"
    )
    net_metered: str = choice(
        "whether the forecast is what is left behind a plant of its own, below zero where it "
        "feeds in",
        ("no", "yes"),
        "no",
    )
    expected: float | None = expected_before("demand", signed_if="net_metered")
    curtail_share: float = parameter(
        "-", "curtailable share of the load", 0.0, 0.0, 1.0, symbol="f^{cut}"
    )
    curtail_cost: float = parameter(
        "yuan/kWh", "compensation per kWh curtailed", 0.0, symbol=r"\pi^{cut}"
    )
    shift_share: float = parameter(
        "-", "transferable share of the load, up and down", 0.0, 0.0, 1.0, symbol="f^{tr}"
    )
    shift_cost: float = parameter(
        "yuan/kWh",
        "compensation per kWh moved out of or into a step",
        0.0,
        symbol=r"\pi^{tr}",
    )
    shift_hours: float = parameter(
        "h", "period within which moved load is made up, from the first step on", 24.0, 1e-6
    )

    @property
    def drawn(self) -> Any:
        """The demand where it is above zero, kW `(steps,)`: what may be moved, curtailed, called.

        Of a load that is not net-metered it is the demand, which may be an expression.
        """
        return self.demand if self.net_metered == "no" else np.maximum(self.demand, 0)

    @property
    def fed_in(self) -> Any:
        """What a net-metered load feeds in, kW `(steps,)`, zero or below; 0 for any other."""
        return np.minimum(self.demand, 0) if self.net_metered == "yes" else 0.0

    @property
    def flexible_share(self) -> float:
        """The largest share of the demand by which flexibility may lower what is served."""
        return self.curtail_share + self.shift_share

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        shift = cp.Variable(steps)
        curtailed = cp.Variable(steps, nonneg=True)
        served = self.demand + self.surprise + shift - curtailed
        constraints = [
            *self.made_up_within_a_period(shift, step_hours),
            shift <= self.shift_share * self.drawn,
            shift >= -self.shift_share * self.drawn,
            curtailed <= self.curtail_share * self.drawn,
        ]
        if self.flexible_share > 1:
            # flexibility never gives power; what feeds in behind the meter is no flexibility
            constraints.append(served - self.fed_in >= 0)
        paid = self.shift_cost * cp.sum(cp.abs(shift)) + self.curtail_cost * cp.sum(curtailed)
        return Part(
            inject={"electricity": -served},
            cost={"demand response": step_hours * paid},  # A 2.4-5
            constraints=constraints,
            series={"served": served, "shift": shift, "curtailed": curtailed},
        )

    def made_up_within_a_period(self, shift: cp.Variable, step_hours: float) -> list:
        """What is moved adds up to zero in each period of `shift_hours`, as constraints."""
        steps = shift.shape[0]
        period_hours = min(self.shift_hours, steps * step_hours)
        period = max(1, round(period_hours / step_hours))
        starts = range(0, steps, period)
        return [cp.sum(shift[start : start + period]) == 0 for start in starts]


@kind("heat_load")
@dataclass(frozen=True, eq=False, kw_only=True)
class HeatLoad(Load):
    r"""Fixed and curtailable heat load, paper A section 2.2.3:

    $$H_t=\bar H_t-H^{cut}_t,\quad 0\le H^{cut}_t\le f^{H}\bar H_t$$

    >>> HeatLoad(forecast=[4.0, 5.0], curtail_share=0.1).demand.tolist()
    [4.0, 5.0]
    """

    forecast: np.ndarray = profile("heat", "kW", "forecast demand", symbol=r"\bar H_t")
    expected: float | None = expected_before("demand")
    curtail_share: float = parameter(
        "-", "curtailable share of the load", 0.0, 0.0, 1.0, symbol="f^{H}"
    )
    curtail_cost: float = parameter(
        "yuan/kWh", "compensation per kWh curtailed", 0.0, symbol=r"\pi^{H}"
    )

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        curtailed = cp.Variable(steps, nonneg=True)
        served = self.demand + self.surprise - curtailed
        paid = self.curtail_cost * cp.sum(curtailed)
        return Part(
            inject={"heat": -served},
            cost={"demand response": step_hours * paid},
            constraints=[curtailed <= self.curtail_share * self.demand],
            series={"served": served, "curtailed": curtailed},
        )


@kind("controllable_load")
@dataclass(frozen=True, eq=False, kw_only=True)
class ControllableLoad(Component):
    r"""Load that customers give up when they are called, paper B section 2.4:

    $$0\le P^{CL}_t\le \nu\bar L_t,\quad
      \sum_t\Delta\big(\varrho\,\pi^b_tP^{CL}_t+a(P^{CL}_t)^2\big)$$
    The compensation is a share of the purchase price and rises with the amount called. What is
    called is a part of the VPP's electric loads; what they serve less what is called stays at
    zero or more.

    Paper B 2.2-2 compensates customers in carbon credits. With `carbon_credit` each kWh called
    hands $\eta_{cl}$ kg of the VPP's quota to them, beside the money or in its place
    (`price_share=0`); the VPP's carbon account is short of it, so that it is worth what the carbon
    market's next kg costs.

    forecast: None takes the demand of these loads; a given one is the part of it that is meant.
    buy_price: None takes that of the VPP's grid.

    >>> called = ControllableLoad(buy_price=[0.5, 1.0], share=0.1)
    >>> house = ElectricLoad(forecast=[10.0, 20.0], scale=2.0)
    >>> called.beside((house, called)).forecast.tolist()
    [20.0, 40.0]
    """

    role: ClassVar[str] = "load"

    forecast: np.ndarray | None = profile(
        "load",
        "kW",
        "forecast demand of which a share may be called",
        symbol=r"\bar L_t",
        of="electric_load.demand",
    )
    buy_price: np.ndarray | None = profile(
        "grid_buy",
        "yuan/kWh",
        "purchase price, the base of the compensation",
        low=-np.inf,
        symbol=r"\pi^b_t",
        of="grid.buy_price",
    )
    share: float = parameter(
        "-", "share of the load that may be called", 0.0, 0.0, 1.0, symbol=r"\nu"
    )
    price_share: float = parameter(
        "-", "compensation as a share of the purchase price", 1.0, symbol=r"\varrho"
    )
    cost_quadratic: float = parameter(
        "yuan/kW2h", "compensation that grows with the amount called", 0.0, symbol="a"
    )
    carbon_credit: float = parameter(
        "kg/kWh", "carbon quota given to customers per kWh called", 0.0, symbol=r"\eta_{cl}"
    )

    def calls(self, components: tuple[Component, ...]) -> tuple[ElectricLoad, ...]:
        """The electric loads among a VPP's components, of which this is a part."""
        return tuple(other for other in components if isinstance(other, ElectricLoad))

    def faults_beside(self, components: tuple[Component, ...]) -> list[str]:
        """Sentences if there is no load that could be called, or no price that could be paid."""
        faults = []
        if not self.calls(components):
            faults.append("found no electric_load that could be called; allowed: beside one")
        grids = [other for other in components if isinstance(other, Grid)]
        if self.buy_price is None and len(grids) != 1:
            faults.append(
                f"buy_price: found none and {len(grids)} grids; allowed: a price, or one grid"
            )
        return faults

    def beside(self, components: tuple[Component, ...]) -> ControllableLoad:
        """The same with the demand and the price that it follows in its VPP."""
        demand: Any = sum(load.drawn for load in self.calls(components))
        forecast: Any = self.forecast
        if forecast is None:
            forecast = demand
        elif isinstance(demand, np.ndarray):  # not an uncertain one
            forecast = np.minimum(forecast, demand)
        prices = [other.buy_price for other in components if isinstance(other, Grid)]
        buy_price = prices[0] if self.buy_price is None else self.buy_price
        return replace(self, forecast=forecast, buy_price=buy_price)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        if self.forecast is None or self.buy_price is None:
            raise WrongInput(
                f"{self.name}: found no forecast or no buy_price; allowed: both, or beside an "
                "electric_load and a grid in a VPP"
            )
        called = cp.Variable(steps, nonneg=True)
        paid = self.price_share * (self.buy_price @ called)
        if self.cost_quadratic:
            paid = paid + self.cost_quadratic * cp.sum_squares(called)
        inject = {"electricity": called}
        if self.carbon_credit:
            inject["carbon"] = self.carbon_credit * called  # B 2.2-2
        return Part(
            inject=inject,
            cost={"demand response": step_hours * paid},
            constraints=[called <= self.share * self.forecast],
            series={"called": called},
        )
