"""Where a VPP's carbon account is settled: at a flat price, or by a ladder of prices.

yuan, kg; injection is positive; arrays are (steps,) or (levels,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.choices import HORIZON, PERIODS
from vppcore.components.base import Component, Exclusive, Part, bounded, kind, parameter
from vppcore.components.clock import Clock
from vppcore.components.periods import period_faults, periods_of
from vppcore.parameters import LARGEST, choice

RISES = ("linear", "exponential")


@kind("carbon_market")
@dataclass(frozen=True, eq=False, kw_only=True)
class CarbonMarket(Component):
    r"""Carbon trading at a flat or a stepped price.

    Charged is the excess $E=\sum_t\Delta(E_t-E^0_t)$ of emission over quota in the horizon, or in
    each `period` of it, which then has a ladder of its own: intervals are those of one period, and
    none is shortened where a period is not all in the horizon; the papers know the horizon. Step
    $i$ of the price, $il<E<(i+1)l$, costs
    $$\mu_i=\mu(1+i\alpha)\ \text{(linear)}\quad\text{or}\quad\mu_i=\mu(1+\alpha)^i\
      \text{(exponential)},$$
    and the cost is the area under the steps,
    $$C(E)=\max_{i=0,\dots,n-1}\Big\{\mu_iE-l\sum_{j=1}^{i}j\,(\mu_j-\mu_{j-1})\Big\}$$
    The maximum of lines is convex, so no binaries are needed. Quota that is left over ($E<0$) is
    sold at the base price $\mu$. One step is the flat price of paper A (2.4-4); several are paper B
    (3). The linear rise is the usual one; paper B's text says that the price "will increase
    exponentially" (5.2).

    With `reward_growth` the price of quota sold rises in the same steps. The cost is then concave
    for $E<0$: a convex solver would sell on the dearest step first. So each step is filled before
    the next one begins, by binaries, and the optimum is proven.

    >>> market = CarbonMarket(price=0.25, interval=100.0, growth=1.0, levels=3)
    >>> market.bill(150.0)  # 100 kg at 0.25 and 50 kg at 0.5 yuan
    50.0
    >>> market.bill(-150.0)
    -37.5
    >>> mirrored = CarbonMarket(
    ...     price=0.25, interval=100.0, growth=1.0, levels=3, reward_growth=1.0
    ... )
    >>> mirrored.bill(-150.0)
    -50.0
    >>> daily = CarbonMarket(price=0.25, interval=100.0, growth=1.0, levels=3, period="day")
    >>> round(daily.bill_over(np.full(48, 150 / 24), Clock(48)), 6)  # twice 150 kg
    100.0
    """

    role: ClassVar[str] = "carbon market"

    price: float = parameter(
        "yuan/kg", "carbon price, that of the first step", symbol=r"\varepsilon,\ \mu"
    )
    interval: float = parameter(
        "kg", "excess over which one step of the price extends", 1.0, 1e-9, symbol="l"
    )
    growth: float = parameter(
        "-", "growth of the price from step to step, share of the first", 0.0, symbol=r"\alpha"
    )
    levels: float = parameter(
        "-",
        "number of steps of the price; 1 is a flat price",
        1.0,
        1.0,
        1000.0,
        whole=True,
        symbol="n",
    )
    rise: str = choice(
        "how the price grows: by a share of the first step (linear) or of the last (exponential)",
        RISES,
        "linear",
    )
    reward_growth: float = parameter(
        "-",
        "growth of the price for quota sold, from step to step; above 0 the cost is not convex",
        0.0,
        symbol=r"\alpha^-",
    )
    period: str = choice(
        "period of the calendar over which the excess is counted; each has a ladder of its own, "
        "whole also where the horizon has a part of it",
        PERIODS,
        HORIZON,
    )

    def faults_at(self, clock: Clock) -> list[str]:
        return period_faults("period", self.period, clock)

    def faults(self) -> list[str]:
        prices = np.concatenate([self.step_prices(), self.reward_prices()])
        if prices.max() < LARGEST:
            return []
        return [
            f"levels: found {self.levels:g}, so that the last step costs {prices.max():.3g} "
            f"yuan/kg; allowed: a last step below {LARGEST:g} yuan/kg"
        ]

    @property
    def is_convex(self) -> bool:
        """False where quota sold earns more, the more of it is sold."""
        return self.reward_growth == 0 or self.levels == 1

    @property
    def is_stepped(self) -> bool:
        """True where the price of an excess or of quota sold rises from step to step."""
        return self.levels > 1 and (self.growth > 0 or self.reward_growth > 0)

    def step_prices(self) -> np.ndarray:
        """What a kg of excess costs on each step, yuan/kg `(levels,)`."""
        return self._rising(self.growth)

    def reward_prices(self) -> np.ndarray:
        """What a kg of quota sold earns on each step, yuan/kg `(levels,)`."""
        return self._rising(self.reward_growth)

    def price_range(self) -> tuple[float, float]:
        """The lowest and the highest price of a kg, bought or sold, yuan/kg."""
        prices = np.concatenate([self.step_prices(), self.reward_prices()])
        return float(prices.min()), float(prices.max())

    def pieces(self) -> tuple[np.ndarray, np.ndarray]:
        """Slopes (yuan/kg) and offsets (yuan) of the lines whose maximum is the cost of an excess.

        Where quota sold earns the base price the maximum is the cost for any excess.
        """
        slopes = self.step_prices()
        return slopes, self._offsets(slopes)

    def bill(self, excess: float) -> float:
        """What an excess of `excess` kg in one period costs, yuan; negative for income."""
        slopes, offsets = self.pieces()
        if excess >= 0 or self.is_convex:
            return float(np.max(slopes * excess - offsets))
        rewards = self.reward_prices()
        return -float(np.max(rewards * -excess - self._offsets(rewards)))

    def excess_over(self, excess: np.ndarray, clock: Clock) -> np.ndarray:
        """The excess of each period, kg `(periods,)`. excess: kg/h in the steps of a clock."""
        return self._summing(clock) @ np.asarray(excess, float)

    def bill_over(self, excess: np.ndarray, clock: Clock) -> float:
        """What the excess of a horizon costs, yuan. excess: kg/h in the steps of a clock."""
        return sum(self.bill(float(one)) for one in self.excess_over(excess, clock))

    def marginal_price(self, excess: float) -> float:
        """What one more kg costs beyond an excess of `excess` kg in one period, yuan/kg.

        >>> market = CarbonMarket(price=0.28, interval=2000.0, growth=0.25, levels=5.0)
        >>> round(market.marginal_price(2000.0), 3), market.marginal_price(-2500.0)
        (0.35, 0.28)
        """
        is_sold = excess < 0
        prices = self.reward_prices() if is_sold else self.step_prices()
        # one more kg of excess is one less to sell: just at the end of a step it is that step's
        steps_below = np.ceil(-excess / self.interval) - 1 if is_sold else excess // self.interval
        return float(prices[int(min(steps_below, self.levels - 1))])

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """As `model_at` for a horizon that begins at midnight of a day without a date."""
        return self.model_at(Clock(steps, step_hours))

    def model_at(self, clock: Clock) -> Part:
        settled = cp.Variable(clock.steps)
        part = Part(inject={"carbon": -settled}, series={"excess": settled})
        if not self.is_convex:
            self._reward_in_order(part, self.excesses(settled, clock))
            return part
        if self.is_stepped:
            costs = [self._cost_of(excess) for excess in self.excesses(settled, clock)]
        else:
            costs = [self.price * (clock.step_hours * cp.sum(settled))]
        part.cost = {"carbon": sum(costs[1:], start=costs[0])}
        return part

    def excesses(self, settled: cp.Expression, clock: Clock) -> list[cp.Expression]:
        """The excess of each period as an expression, kg. settled: kg/h `(steps,)`."""
        spans = periods_of(self.period, clock)
        if len(spans) == 1:
            return [clock.step_hours * cp.sum(settled)]
        return [clock.step_hours * cp.sum(settled[one.first : one.last]) for one in spans]

    def _summing(self, clock: Clock) -> np.ndarray:
        """The matrix `(periods, steps)` that adds up kg/h to kg in each period."""
        spans = periods_of(self.period, clock)
        summing = np.zeros((len(spans), clock.steps))
        for row, one in enumerate(spans):
            summing[row, one.first : one.last] = clock.step_hours
        return summing

    def _cost_of(self, excess: cp.Expression) -> cp.Expression:
        """The cost of an excess where quota sold earns the base price, yuan."""
        slopes, offsets = self.pieces()
        is_rising = self.growth > 0 and len(slopes) > 1
        return cp.max(slopes * excess - offsets) if is_rising else self.price * excess  # B (3)

    def _reward_in_order(self, part: Part, excesses: list[cp.Expression]) -> None:
        """States the cost of a reward that rises: quota is sold on a step only once all earlier
        ones of its period are full, and none is sold beside an excess.
        """
        levels = int(self.levels)
        lengths = np.full(levels, self.interval)
        lengths[-1] = np.inf  # the last step has no end
        room_most = np.concatenate([[np.inf], lengths[:-1]])
        costs = []
        for number, excess in enumerate(excesses, start=1):
            of = f", period {number}" if len(excesses) > 1 else ""
            earlier, later = f"room on an earlier step{of}", f"sale on a later step{of}"
            above = cp.Variable(nonneg=True)
            sold = bounded(levels, 0, lengths)
            room = cp.hstack([above, self.interval - sold[:-1]])
            part.constraints.append(excess == above - cp.sum(sold))
            costs.append(self._cost_of(above) - self.reward_prices() @ sold)
            part.totals |= {earlier: room, later: sold}
            order = Exclusive(earlier, later, room_most, lengths, required=True, in_order=True)
            part.exclusive.append(order)
        part.cost["carbon"] = sum(costs[1:], start=costs[0])

    def _rising(self, growth: float) -> np.ndarray:
        """The price of each step when it grows by `growth`, yuan/kg `(levels,)`."""
        step = np.arange(int(self.levels))
        with np.errstate(over="ignore"):
            factors = 1 + step * growth if self.rise == "linear" else (1 + growth) ** step
        return self.price * np.minimum(factors, LARGEST**2)  # refused in `faults`, unless free

    def _offsets(self, slopes: np.ndarray) -> np.ndarray:
        """Offsets of lines with these slopes that meet their neighbours at the steps' ends, yuan.

        The line of step i overtakes that of step i - 1 at i intervals.
        """
        step = np.arange(len(slopes))
        rises = np.diff(slopes, prepend=slopes[0])
        return self.interval * np.cumsum(step * rises)
