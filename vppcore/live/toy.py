r"""Two VPPs that negotiate on one trade in one hour: small enough for closed forms.

kW, yuan, yuan/kWh; p is what the first VPP receives, and the hour is one hour long.

Each VPP covers its load by itself. One more kWh is worth its price to it, mu_i, and a slope of s_i
less for each kW that it receives. So receiving x changes its cost, crossing fee g included, by this
much, where x lies between -L and L, the limit of the line::

    C_i(x) = -mu_i x + s_i x^2 / 2 + g abs(x)

All that is needed follows from one sentence: the least of C_i(x) + m x + r x^2 / 2 is where its
slope is zero, or at an end. Without the fee that is x = (mu_i - m) / (s_i + r). The fee takes g
off the size of the numerator, and nothing is left of a numerator smaller than g::

    x = clip(shrink(mu_i - m, g) / (s_i + r), -L, L)
    shrink(w, g) = sign(w) max(abs(w) - g, 0)

- A step of the ADMM is this x with penalty r, and with the pull of multiplier and partner as m.
- The lower bound is C_1 + C_2 at the x of r = 0, with the multiplier m paid by both.
- The optimum is the x of one who has both slopes and pays both fees, with mu_1 - mu_2 for its
  price.

The order of the talks, their messages and multipliers are those of `vppcore.cooperation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case, Description
from vppcore.components import Component, Part, Tie
from vppcore.components.base import parameter
from vppcore.cooperation.admm import all_at_once, one_after_the_other
from vppcore.cooperation.talks import Talks
from vppcore.errors import WrongInput
from vppcore.vpp import VPP

ITERATES = {"sequential": one_after_the_other, "parallel": all_at_once}


def shrink(number: float, by: float) -> float:
    """A number brought nearer to zero by so much, and no further than zero.

    >>> shrink(3.0, 1.0), shrink(-3.0, 1.0), shrink(0.5, 1.0)
    (2.0, -2.0, 0.0)
    """
    return float(np.sign(number) * max(abs(number) - by, 0.0))


@dataclass(frozen=True)
class Side:
    """One of the two VPPs.

    price: what one more kWh is worth to it while it trades nothing, yuan/kWh.
    slope: by how much less for each kW that it receives, yuan/kWh per kW, zero or more.
    limit: of the line, kW. fee: for crossing it, yuan/kWh.
    """

    price: float
    slope: float
    limit: float
    fee: float

    def cost(self, received: float) -> float:
        """By how much receiving so many kW changes its cost, yuan; negative where it saves."""
        curve = self.slope * received**2 / 2
        return -self.price * received + curve + self.fee * abs(received)

    def answer(self, pull: float, penalty: float) -> float:
        """What it would like to receive, kW: min cost(x) + pull x + penalty x^2 / 2.

        pull: yuan/kWh. penalty: yuan/kWh per kW.
        """
        left = shrink(self.price - pull, self.fee)
        curve = self.slope + penalty
        if curve == 0:
            return float(np.sign(left)) * self.limit
        return float(np.clip(left / curve, -self.limit, self.limit))

    def least(self, multiplier: float) -> float:
        """The least that it pays if it may trade what it likes at the multiplier, yuan."""
        received = self.answer(multiplier, 0.0)
        return self.cost(received) + multiplier * received

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        """`answer` as an agent of `vppcore.cooperation.negotiate` is asked for it, `(1, 1)`."""
        return np.array([[self.answer(pull.item(), penalty)]])


class Optimum(NamedTuple):
    """What is best for both together.

    trade: what the first receives, kW. cost: by how much it changes what both pay, yuan.
    low, high: any multiplier from the one to the other proves it, yuan/kWh.
    """

    trade: float
    cost: float
    low: float
    high: float


@dataclass(frozen=True)
class Toy:
    """Two VPPs and the line between them.

    prices: of the first and the second, yuan/kWh. slopes: yuan/kWh per kW.
    limit: of the line, kW, above zero. fee: that each side pays for crossing it, yuan/kWh.
    Raises WrongInput for a slope or a fee below zero, and for a line that takes nothing.

    >>> toy = Toy(prices=(1.2, 0.2), slopes=(5e-4, 3e-4), limit=2000.0, fee=0.1)
    >>> best = toy.optimum()
    >>> round(best.trade), round(best.cost), round(best.low, 2), round(best.high, 2)
    (1000, -400, 0.6, 0.6)
    """

    prices: tuple[float, float]
    slopes: tuple[float, float]
    limit: float
    fee: float

    def __post_init__(self) -> None:
        if min(self.slopes) < 0 or self.fee < 0 or not self.limit > 0:
            raise WrongInput(
                f"two VPPs: found slopes {self.slopes[0]:g} and {self.slopes[1]:g}, fee "
                f"{self.fee:g}, limit {self.limit:g}; allowed: 0 or more, the limit above 0"
            )

    @property
    def sides(self) -> tuple[Side, Side]:
        """The first VPP and the second."""
        first, second = (
            Side(price, slope, self.limit, self.fee)
            for price, slope in zip(self.prices, self.slopes, strict=True)
        )
        return first, second

    def cost(self, trade: float) -> float:
        """By how much a trade that is carried out changes what both pay, yuan."""
        first, second = self.sides
        return first.cost(trade) + second.cost(-trade)

    def bound(self, multiplier: float) -> float:
        """No trade changes what both pay to less than this, yuan."""
        return sum(side.least(multiplier) for side in self.sides)

    def optimum(self) -> Optimum:
        """The best trade, its cost and the multipliers that prove it, in closed form.

        A multiplier proves the trade if each side would choose it at that price: the receiver if
        it is worth that much to it, the sender if it costs it no more. On a line that is full, or
        where the fee lets nobody trade, there is room between the two.
        """
        difference = self.prices[0] - self.prices[1]
        both = Side(difference, sum(self.slopes), self.limit, 2 * self.fee)
        trade = both.answer(0.0, 0.0)
        ends = [
            price - slope * received - way * self.fee
            for price, slope, received in zip(
                self.prices, self.slopes, (trade, -trade), strict=True
            )
            for way in self._ways(received)
        ]
        if trade == 0:  # each of the two has a range, and both must hold
            low, high = max(min(ends[:2]), min(ends[2:])), min(max(ends[:2]), max(ends[2:]))
        elif abs(trade) < self.limit:
            low = high = ends[0]
        else:
            low, high = sorted(ends)
        return Optimum(trade, self.cost(trade), low, high)

    @staticmethod
    def _ways(received: float) -> tuple[float, ...]:
        """The directions in which a trade may leave the one that is received."""
        return (float(np.sign(received)),) if received else (1.0, -1.0)

    def talks(self, penalty: float, order: str, enough: float, most: int) -> pd.DataFrame:
        """The negotiation, until its certificate leaves no more open than `enough`, yuan.

        penalty: yuan/kWh per kW. order: as in `Settings`. most: iterations.
        Returns a row per iteration: the trades that first and second expect (kW, positive where
        the first receives), their multiplier (yuan/kWh), the middle trade (kW), upper and lower
        bound (yuan).
        """
        agents = dict(zip("AB", self.sides, strict=True))
        talks = Talks({"A": ("B",), "B": ("A",)}, 1)
        rows = {}
        for iteration in range(1, most + 1):
            ITERATES[order](talks, agents, iteration, penalty, 1.0)
            multiplier = talks.multiplier["A", "B"].item()
            middle = talks.middle()["A", "B"].item()
            row = {
                "first": talks.expected["A", "B"].item(),
                "second": -talks.expected["B", "A"].item(),
                "multiplier": multiplier,
                "middle": middle,
                "upper": self.cost(middle),
                "lower": self.bound(multiplier),
            }
            rows[iteration] = row
            if row["upper"] - row["lower"] <= enough:
                break
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("iteration")


# --- the same two VPPs as a case ------------------------------------------------------------------
@dataclass(frozen=True, eq=False, kw_only=True)
class OwnPower(Component):
    """What a VPP makes more or less of than it does without trade: -C_i at the top, fee left out.

    price: of one more kWh, yuan/kWh. slope: yuan/kWh per kW of more power.
    power: how much it can make more or less, kW.
    """

    label: str = "own_power"
    price: float = parameter("yuan/kWh", "what one more kWh costs it", low=-np.inf)
    slope: float = parameter("yuan/kW2h", "by how much more for each kW")
    power: float = parameter("kW", "how much it can make more or less")

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """More power costs price and half the slope times its square."""
        more = cp.Variable(steps, bounds=[-self.power, self.power])
        paid = self.price * cp.sum(more) + self.slope / 2 * cp.sum_squares(more)
        return Part(inject={"electricity": more}, cost={"own power": step_hours * paid})


def case_of(toy: Toy, names: tuple[str, str]) -> Case:
    """The two VPPs as a case of one hour, which `pool` and `cooperate` take."""
    vpps = []
    for name, price, slope in zip(names, toy.prices, toy.slopes, strict=True):
        own = OwnPower(price=price, slope=slope, power=2 * toy.limit)
        vpps.append(VPP(name, (own,), steps=1))
    told = {
        "title": "two VPPs that negotiate",
        "source": "set by the reader",
        "licence": "as the book's text",
        "currency": "yuan",
        "steps": 1,
        "step_hours": 1.0,
        "series_source": "none",
        "series_status": "assumed",
    }
    described = Description.model_validate(told)
    tie = Tie(limit=toy.limit, crossing_fee=toy.fee)
    return Case("two VPPs", described, tuple(vpps), tie, pd.DataFrame(), pd.DataFrame())
