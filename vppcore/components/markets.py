"""What a VPP trades with: the grid, the gas network, the carbon market and other VPPs.

kW, yuan, kg; injection is positive (purchase, receipt); arrays are (steps,).
"""
from __future__ import annotations

from dataclasses import dataclass, field

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Part, bounded, kind, parameter, profile


@kind("grid")
@dataclass(frozen=True, eq=False, kw_only=True)
class Grid(Component):
    r"""The upper grid at time-of-use prices, $\sum_t\Delta(\pi^b_tP^b_t-\pi^s_tP^s_t)$; paper A 2.4-2."""

    buy_price: np.ndarray = profile("grid_buy", "yuan/kWh", "purchase price", low=-np.inf)
    sell_price: np.ndarray = profile("grid_sell", "yuan/kWh", "feed-in price", low=-np.inf)
    buy_max: float = parameter("kW", "largest purchase", np.inf)
    sell_max: float = parameter("kW", "largest sale", np.inf)

    def faults(self) -> list[str]:
        steps = [str(step + 1) for step in np.flatnonzero(self.sell_price > self.buy_price)[:3]]
        return [f"feed-in price above purchase price in step {', '.join(steps)} (money for nothing)"] if steps else []

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        buy, sell = bounded(steps, 0, self.buy_max), bounded(steps, 0, self.sell_max)
        return Part(
            inject={"electricity": buy - sell},
            cost={
                "electricity purchase": step_hours * (self.buy_price @ buy),
                "electricity sale": -step_hours * (self.sell_price @ sell),
            },
            series={"buy": buy, "sell": sell},
        )


@kind("gas_supply")
@dataclass(frozen=True, eq=False, kw_only=True)
class GasSupply(Component):
    r"""The gas network, $\pi^g\sum_t\Delta G_t/H_g$ for gas $G_t\ge0$ in kW; paper A 2.4-2 and 2.5."""

    price: float = parameter("yuan/m3", "gas price")
    calorific_value: float = parameter("kWh/m3", "energy of one cubic metre", low=0.1)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        gas = cp.Variable(steps, nonneg=True)
        volume = step_hours * cp.sum(gas) / self.calorific_value
        return Part(inject={"gas": gas}, cost={"gas": self.price * volume}, series={"gas": gas})


@kind("carbon_market")
@dataclass(frozen=True, eq=False, kw_only=True)
class CarbonMarket(Component):
    r"""Carbon trading at a flat price, $\varepsilon\sum_t\Delta(E_t-E^0_t)$; income when quota is left over; A 2.4-4."""

    price: float = parameter("yuan/kg", "carbon price")

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        settled = cp.Variable(steps)
        return Part(
            inject={"carbon": -settled},
            cost={"carbon": self.price * step_hours * cp.sum(settled)},
            series={"excess": settled},
        )


@kind("tie")
@dataclass(frozen=True, eq=False, kw_only=True)
class Tie(Component):
    r"""Trade $p_{ij}$ with other VPPs (positive: received), $|p_{ij}|\le\bar p$, crossing fee $\gamma|p_{ij}|$; A 2.4-6, (44).

    Without a tie a VPP is alone; nothing else about it changes.
    """

    partners: tuple[str, ...] = field(default=())
    limit: float = parameter("kW", "largest trade with one partner")
    crossing_fee: float = parameter("yuan/kWh", "fee to the distribution network per kWh, paid by each side", 0.0)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        trade = cp.Variable((steps, len(self.partners)))
        fee = self.crossing_fee * step_hours * cp.sum(cp.abs(trade))
        return Part(
            inject={"electricity": cp.sum(trade, axis=1)},
            cost={"crossing fee": fee},
            constraints=[trade <= self.limit, trade >= -self.limit],
            series={partner: trade[:, column] for column, partner in enumerate(self.partners)},
            trade=trade,
        )
