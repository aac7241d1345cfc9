"""What a VPP trades with: the grid, the gas network, the carbon market and other VPPs.

kW, yuan, kg; injection is positive (purchase, receipt); arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import (
    Component,
    Part,
    bounded,
    kind,
    minimum_above_maximum,
    parameter,
    profile,
)


@kind("grid")
@dataclass(frozen=True, eq=False, kw_only=True)
class Grid(Component):
    r"""The upper grid at time-of-use prices, $\sum_t\Delta(\pi^b_tP^b_t-\pi^s_tP^s_t)$; paper A 2.4-2.

    Purchased power may carry emission and quota into the VPP's carbon account, paper B (1)-(2).
    """

    role: ClassVar[str] = "grid"

    buy_price: np.ndarray = profile("grid_buy", "yuan/kWh", "purchase price", low=-np.inf)
    sell_price: np.ndarray = profile("grid_sell", "yuan/kWh", "feed-in price", low=-np.inf)
    buy_max: float = parameter("kW", "largest purchase", np.inf, by_step=True)
    sell_max: float = parameter("kW", "largest sale", np.inf, by_step=True)
    emission: float = parameter("kg/kWh", "CO2 per kWh purchased", 0.0)
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh purchased", 0.0)

    def faults(self) -> list[str]:
        steps = [str(step + 1) for step in np.flatnonzero(self.sell_price > self.buy_price)[:3]]
        found = (
            [f"feed-in price above purchase price in step {', '.join(steps)} (money for nothing)"]
            if steps
            else []
        )
        if self.emission != self.carbon_quota and (self.sell_price == self.buy_price).any():
            found.append(
                "feed-in price equal to the purchase price: buying and selling at once would cost nothing and count as "
                "emission; allowed with emission or quota: a lower feed-in price"
            )
        return found

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        buy, sell = bounded(steps, 0, self.buy_max), bounded(steps, 0, self.sell_max)
        counted = self.emission - self.carbon_quota
        return Part(
            inject={"electricity": buy - sell} | ({"carbon": counted * buy} if counted else {}),
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

    role: ClassVar[str] = "supply"

    price: float = parameter("yuan/m3", "gas price")
    calorific_value: float = parameter("kWh/m3", "energy of one cubic metre", low=0.1)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        gas = cp.Variable(steps, nonneg=True)
        volume = step_hours * cp.sum(gas) / self.calorific_value
        return Part(inject={"gas": gas}, cost={"gas": self.price * volume}, series={"gas": gas})


@kind("carbon_market")
@dataclass(frozen=True, eq=False, kw_only=True)
class CarbonMarket(Component):
    r"""Carbon trading at a flat or a stepped price for the excess $E=\sum_t\Delta(E_t-E^0_t)$ over the horizon.

    $$C(E)=\max_{i=0,\dots,n-1}\{\mu(1+i\alpha)E-\mu\alpha\,l\,i(i+1)/2\}$$
    Each further interval $l$ of excess costs $\alpha\mu$ more per kg; quota that is left over ($E<0$) is sold at the base
    price $\mu$. The maximum of lines is convex, so no binaries are needed. One step is the flat price of paper A (2.4-4);
    several are paper B (3). A price that rises with the surplus sold would make the cost concave; it is refused.
    """

    role: ClassVar[str] = "carbon market"

    price: float = parameter("yuan/kg", "carbon price, that of the first step")
    interval: float = parameter("kg", "excess over which one step of the price extends", 1.0, 1e-9)
    growth: float = parameter("-", "growth of the price from step to step, share of the first", 0.0)
    levels: float = parameter(
        "-", "number of steps of the price; 1 is a flat price", 1.0, 1.0, 1000.0
    )
    reward_growth: float = parameter(
        "-", "growth of the price for surplus sold; only 0 keeps the cost convex", 0.0
    )

    def faults(self) -> list[str]:
        found = []
        if not float(self.levels).is_integer():
            found.append(f"levels: found {self.levels:g}; allowed: a whole number")
        if self.reward_growth:
            found.append(
                f"reward_growth: found {self.reward_growth:g}; allowed: 0 (a price that rises with the surplus sold "
                "makes the cost concave, and a convex solver would return a wrong optimum)"
            )
        return found

    def pieces(self) -> tuple[np.ndarray, np.ndarray]:
        """Slopes (yuan/kg) and offsets (yuan) of the lines whose maximum is the cost."""
        i = np.arange(int(self.levels))
        return self.price * (1 + i * self.growth), self.price * self.growth * self.interval * i * (
            i + 1
        ) / 2

    def bill(self, excess: float) -> float:
        """What an excess of `excess` kg over the horizon costs, yuan; negative for income."""
        slopes, offsets = self.pieces()
        return float(np.max(slopes * excess - offsets))

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        settled = cp.Variable(steps)
        excess, (slopes, offsets) = step_hours * cp.sum(settled), self.pieces()
        stepped = self.growth > 0 and len(slopes) > 1
        return Part(
            inject={"carbon": -settled},
            cost={
                "carbon": cp.max(slopes * excess - offsets) if stepped else self.price * excess
            },  # B (3)
            series={"excess": settled},
        )


@kind("power_market")
@dataclass(frozen=True, eq=False, kw_only=True)
class PowerMarket(Component):
    """On which terms a VPP trades with other VPPs hour by hour once its schedule stands (paper B sections 3 and 5.1).

    It takes no part in the schedule; `trade_by_game` reads it.
    """

    role: ClassVar[str] = "terms"

    reservation_price: float = parameter(
        "yuan/kWh", "what a sold kWh is worth to its seller's own customers"
    )
    price_min: float = parameter("yuan/kWh", "lowest price allowed between VPPs")
    price_max: float = parameter("yuan/kWh", "highest price allowed between VPPs")
    dead_band: float = parameter(
        "kW", "surplus or deficit up to which a VPP stays out of the market", 0.0
    )
    margin: float = parameter(
        "yuan/kWh", "least distance of the reservation price from the grid's price", 0.01, 1e-4
    )

    def faults(self) -> list[str]:
        return minimum_above_maximum(self, ("price_min", "price_max"))

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        return Part()


@kind("tie")
@dataclass(frozen=True, eq=False, kw_only=True)
class Tie(Component):
    r"""Trade $p_{ij}$ with other VPPs (positive: received), $|p_{ij}|\le\bar p$, crossing fee $\gamma|p_{ij}|$; A 2.4-6, (44).

    Without a tie a VPP is alone; nothing else about it changes.
    """

    role: ClassVar[str] = "trade"

    partners: tuple[str, ...] = field(default=())
    limit: float = parameter("kW", "largest trade with one partner", by_step=True)
    crossing_fee: float = parameter(
        "yuan/kWh", "fee to the distribution network per kWh, paid by each side", 0.0
    )

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        trade = cp.Variable((steps, len(self.partners)))
        fee = self.crossing_fee * step_hours * cp.sum(cp.abs(trade))
        by_step = np.broadcast_to(self.limit, (steps,))
        limit = np.broadcast_to(by_step[:, np.newaxis], trade.shape)
        return Part(
            inject={"electricity": cp.sum(trade, axis=1)},
            cost={"crossing fee": fee},
            constraints=[trade <= limit, trade >= -limit],
            series={partner: trade[:, column] for column, partner in enumerate(self.partners)},
            trade=trade,
        )
