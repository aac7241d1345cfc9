"""What a VPP trades with: the grid, the gas network and other VPPs.

kW, yuan; injection is positive (purchase, receipt); arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.choices import HORIZON, PERIODS
from vppcore.components.base import (
    Component,
    Exclusive,
    Part,
    bounded,
    kind,
    minimum_above_maximum,
    parameter,
    profile,
)
from vppcore.components.clock import Clock
from vppcore.components.peak import (
    metered_means,
    metering_faults,
    peaks_above,
    steps_of_interval,
)
from vppcore.components.periods import Period, period_faults, periods_of
from vppcore.parameters import choice


@kind("grid")
@dataclass(frozen=True, eq=False, kw_only=True)
class Grid(Component):
    r"""The upper grid at time-of-use prices, paper A 2.4-2:

    $$\sum_t\Delta(\pi^b_tP^b_t-\pi^s_tP^s_t),\quad 0\le P^b_t\le P^b_{max},\quad
      0\le P^s_t\le P^s_{max}$$
    Purchased power may carry emission $e_g$ and quota $\eta_g$ into the VPP's carbon account,
    paper B (1)-(2). Buying and selling at once is excluded in every step in which it could pay.

    A capacity charge is the peak price times the largest mean purchase of a metered interval, for
    the whole horizon or for each day, week or month of it (`components.peak`); in neither paper.
    What the first period has seen before, `peak_before`, is not charged again.

    >>> grid = Grid(buy_price=[0.5, 0.1], sell_price=[0.2, 0.2])
    >>> grid.could_circulate.tolist()  # in the second step power is sold dearer than it is bought
    [False, True]
    """

    role: ClassVar[str] = "grid"

    buy_price: np.ndarray = profile(
        "grid_buy", "yuan/kWh", "purchase price", low=-np.inf, symbol=r"\pi^b_t"
    )
    sell_price: np.ndarray = profile(
        "grid_sell", "yuan/kWh", "feed-in price", low=-np.inf, symbol=r"\pi^s_t"
    )
    buy_max: float = parameter("kW", "largest purchase", np.inf, symbol=r"P^b_{max}", by_step=True)
    sell_max: float = parameter("kW", "largest sale", np.inf, symbol=r"P^s_{max}", by_step=True)
    emission: float = parameter("kg/kWh", "CO2 per kWh purchased", 0.0, symbol="e_g")
    carbon_quota: float = parameter(
        "kg/kWh", "carbon quota per kWh purchased", 0.0, symbol=r"\eta_g"
    )
    peak_price: float = parameter("yuan/kW", "price of the largest purchase, each period", 0.0)
    peak_period: str = choice(
        "period of the calendar that a peak counts for; one that is not all in the horizon is "
        "charged by its share",
        PERIODS,
        HORIZON,
    )
    peak_before: float = parameter(
        "kW", "largest metered purchase of the first period before the first step, paid for", 0.0
    )
    metering_hours: float | None = parameter(
        "h",
        "interval whose mean purchase counts",
        None,
        above=True,
        infinite=False,
        none="the length of a step",
    )

    @property
    def counted(self) -> float:
        """What each purchased kWh adds to the carbon account, kg; negative where quota exceeds."""
        return self.emission - self.carbon_quota

    @property
    def could_circulate(self) -> np.ndarray:
        """True in the steps in which buying and selling at once could pay, `(steps,)`.

        It does where the feed-in price is above the purchase price; it may where purchased power
        earns more quota than it emits, and where it costs nothing and would count as emission.
        """
        above = self.sell_price > self.buy_price
        equal = self.sell_price == self.buy_price
        return above | (equal & (self.counted != 0)) | (self.counted < 0)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """As `model_at` for a horizon that begins at midnight of a day without a date."""
        return self.model_at(Clock(steps, step_hours))

    def model_at(self, clock: Clock) -> Part:
        step_hours = clock.step_hours
        buy = bounded(clock.steps, 0, self.buy_max)
        sell = bounded(clock.steps, 0, self.sell_max)
        inject = {"electricity": buy - sell}
        if self.counted:
            inject["carbon"] = self.counted * buy  # B (1)-(2)
        part = Part(
            inject=inject,
            cost={
                "electricity purchase": step_hours * (self.buy_price @ buy),
                "electricity sale": -step_hours * (self.sell_price @ sell),
            },
            series={"buy": buy, "sell": sell},
            exclusive=self.exclusive_flows(),
        )
        if self.peak_price:
            self._charge_peaks(part, buy, clock)
        return part

    def _charge_peaks(self, part: Part, buy: cp.Variable, clock: Clock) -> None:
        """Adds what the peaks cost, and the rows that find them."""
        periods = periods_of(self.peak_period, clock)
        interval = steps_of_interval(self.metering_hours, clock.step_hours)
        peak, rows = peaks_above(buy, periods, interval)
        shares = np.array([period.share for period in periods])
        part.cost["capacity charge"] = self.peak_price * (shares @ peak)
        if self.peak_before:
            rows.append(peak[0] >= self.peak_before)
            part.cost["capacity charge"] -= self.peak_price * shares[0] * self.peak_before
        part.constraints += rows
        part.totals["peak"] = peak

    def window(self, first: int, steps: int) -> Grid:
        """As `Component.window`; what was bought before is not known of one that begins later."""
        cut = super().window(first, steps)
        return cut if first == 1 else replace(cut, peak_before=0.0)

    def peak_after(self, buy: np.ndarray, step_hours: float) -> float:
        """The largest metered purchase so far, kW: before, and of these steps `(steps,)`."""
        interval = steps_of_interval(self.metering_hours, step_hours)
        means = metered_means(Period(0, len(buy), 1.0), interval, len(buy))
        return max(self.peak_before, float(np.max(means @ buy)))

    def faults_at(self, clock: Clock) -> list[str]:
        faults = metering_faults(self.metering_hours, clock.step_hours)
        return faults + period_faults("peak_period", self.peak_period, clock)

    def exclusive_flows(self) -> list[Exclusive]:
        """Purchase and sale exclude each other where both at once could pay."""
        if not self.could_circulate.any():
            return []
        pays = self.sell_price > self.buy_price
        return [
            Exclusive(
                "buy", "sell", self.buy_max, self.sell_max, bool(pays.any()), self.could_circulate
            )
        ]


@kind("gas_supply")
@dataclass(frozen=True, eq=False, kw_only=True)
class GasSupply(Component):
    r"""The gas network, paper A 2.4-2 and 2.5, for gas $G_t\ge0$ in kW of calorific value:

    $$\pi^g\sum_t\Delta G_t/\beta^g$$

    >>> sorted(GasSupply(price=3.5, calorific_value=9.7).model(steps=24).cost)
    ['gas']
    """

    role: ClassVar[str] = "supply"

    price: float = parameter("yuan/m3", "gas price", symbol=r"\pi^g")
    calorific_value: float = parameter(
        "kWh/m3", "energy of one cubic metre", low=0.1, symbol=r"\beta^g"
    )

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        gas = cp.Variable(steps, nonneg=True)
        volume = step_hours * cp.sum(gas) / self.calorific_value
        return Part(inject={"gas": gas}, cost={"gas": self.price * volume}, series={"gas": gas})


@kind("power_market")
@dataclass(frozen=True, eq=False, kw_only=True)
class PowerMarket(Component):
    """On which terms a VPP trades hour by hour once its schedule stands (paper B 3 and 5.1).

    It takes no part in the schedule; `trade_by_game` reads it.

    >>> terms = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2)
    >>> terms.model(steps=24).inject
    {}
    """

    role: ClassVar[str] = "terms"

    reservation_price: float = parameter(
        "yuan/kWh",
        "what a sold kWh is worth to its seller's own customers",
        low=-np.inf,
        symbol="c_j",
    )
    price_min: float = parameter(
        "yuan/kWh", "lowest price allowed between VPPs", low=-np.inf, symbol="p_{min}"
    )
    price_max: float = parameter(
        "yuan/kWh", "highest price allowed between VPPs", low=-np.inf, symbol="p_{max}"
    )
    dead_band: float = parameter(
        "kW", "surplus or deficit up to which a VPP stays out of the market", 0.0
    )
    margin: float | None = parameter(
        "yuan/kWh",
        "least distance of the reservation price from the grid's price",
        None,
        above=True,
        none="a hundredth of the grid's price",
    )
    satisfaction: float | None = parameter(
        "-",
        "satisfaction coefficient: what the first kWh bought from another VPP is worth to the "
        "VPP's customers, as a multiple of the grid's price",
        None,
        low=1.0,
        above=True,
        none="demand that does not answer to prices",
        symbol=r"\kappa_i",
        by_step=True,
    )

    def faults(self) -> list[str]:
        return minimum_above_maximum(self, ("price_min", "price_max"))

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        return Part()


@kind("tie")
@dataclass(frozen=True, eq=False, kw_only=True)
class Tie(Component):
    r"""Trade $p_{ij}$ with other VPPs, positive where it is received; paper A 2.4-6 and (44):

    $$|p_{ij}|\le P^{tie}_{max},\quad \sum_j\sum_t\Delta\gamma|p_{ij,t}|$$
    Without a tie a VPP is alone; nothing else about it changes.

    partners: names of the VPPs it joins, a column of the trade each.
    dearest: the highest price of a kWh that occurs among those it joins, yuan/kWh, where somebody
        has told it: what is missing must not be cheaper (`uncertainty.emergency`).

    >>> Tie(partners=("Shop",), limit=10.0).model(steps=24).trade.shape
    (24, 1)
    """

    role: ClassVar[str] = "trade"

    partners: tuple[str, ...] = field(default=())
    dearest: float = 0.0
    limit: float = parameter(
        "kW", "largest trade with one partner", symbol=r"P^{tie}_{max}", by_step=True
    )
    crossing_fee: float = parameter(
        "yuan/kWh",
        "fee to the distribution network per kWh, paid by each side",
        0.0,
        symbol=r"\gamma",
    )

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        trade = cp.Variable((steps, len(self.partners)))
        limit = np.reshape(self.limit, (-1, 1)) if np.ndim(self.limit) else self.limit
        fee = self.crossing_fee * step_hours * cp.sum(cp.abs(trade))
        return Part(
            inject={"electricity": cp.sum(trade, axis=1)},
            cost={"crossing fee": fee},
            constraints=[trade <= limit, trade >= -limit],  # A (44)
            series={partner: trade[:, column] for column, partner in enumerate(self.partners)},
            trade=trade,
        )
