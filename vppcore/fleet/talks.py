"""Negotiation on an exchange by ADMM: private, and fast where VPPs of a type stand side by side.

All pairs (`cooperate`) tell each other N^2 trades a round. On an exchange a VPP has one net trade
p_i with all others, and the net trades must add up to zero. ADMM in this form (Boyd et al. 2011,
section 7.3.2) needs one price vector for all; in each round::

    p_i    <-  argmin C_i(p_i) + hours prices' p_i + penalty/2 |p_i - (last p_i - mean)|^2
    mean   <-  mean of all p_i
    prices <-  prices + penalty mean / hours

A VPP tells its net trade, T numbers, and hears the mean, T numbers. Where all want to receive, the
mean is positive and the price rises; each takes back an equal part of what is too much.

Two VPPs by hand: costs (p - 4)^2 / 2 and (p + 2)^2 / 2, penalty 1. Round one: p = 2 and -1, mean
and price 0.5, so both aim at 1.5 below: 1.5 and -1.5. Then p = (4 - 0.5 + 1.5) / 2 = 2.5 and
(-2 - 0.5 - 1.5) / 2 = -2; the price goes to 1 and the trade to 3, where 4 - 3 = -2 + 3 = 1.

What is proven at the end, however the talks went (`carrying_out.py`). *Upper bound*: all carry out
their net trades, balanced to zero. *Lower bound*: the dual value at the prices. Stores are relaxed,
as in `price_newton`. Who hears what is in `result.told` (`told.py`); what that gives away is in
`listening.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.admm import balanced, share
from vppcore.cooperation.result import money_of, relative_gap
from vppcore.cooperation.settings import Settings
from vppcore.cooperation.size import LEAST_PRICE, LEAST_TRADE
from vppcore.errors import NotSolved
from vppcore.fleet.agents import Agents, agents_of
from vppcore.fleet.batches import Batch, batches_of
from vppcore.fleet.carrying_out import Carrier, balance
from vppcore.fleet.pooled import pooled
from vppcore.fleet.told import Record
from vppcore.warm import WarmLinear

# the natural penalty, as a share of mean price by mean size
PENALTY = 3.0
# the penalty may follow the residuals every so many rounds, so many times
BALANCE_EVERY = 5
BALANCE_TIMES = 20
# a share of a VPP's size below which an imbalance is rounding
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class ExchangeTalks:
    """What a fleet agreed on an exchange, carried out, with both bounds.

    agreed: True if both residuals became small.
    upper: what the schedules cost that carry out the balanced net trades, yuan.
    lower: no schedules of the fleet cost less, yuan.
    money: what the gap is measured by, yuan: the VPPs' costs without their signs, at least
        the size of upper.
    prices: yuan/kWh `(steps,)`, what a VPP pays for what it receives, less its fee.
    net: VPP -> what it receives on balance, kW `(steps,)`; they add up to zero.
    history: a row per round: relative residuals, penalty (yuan/kWh per kW).
    told: everything that crossed a VPP's boundary.
    moved: kW, by how much the net trades that are carried out differ from those of the talks, mean
        of all VPPs and steps.
    seconds: of the processor, by stage.
    """

    agreed: bool
    upper: float
    lower: float
    money: float
    prices: np.ndarray
    net: dict[str, np.ndarray] = field(repr=False)
    history: pd.DataFrame = field(repr=False)
    told: Record = field(repr=False)
    moved: float
    seconds: dict[str, float]

    @property
    def gap(self) -> float:
        """How far from the optimum the schedules can be at most, as a share of `money`."""
        return relative_gap(self.upper, self.lower, self.money)

    @property
    def rounds(self) -> int:
        """Rounds of talks."""
        return len(self.history)


def negotiate_exchange(
    fleet: Case | Iterable[Batch],
    penalty: float | None = None,
    tolerance: float = 1e-3,
    max_iterations: int = 500,
    balancing: bool = True,
    keep: bool = False,
    name: str = "fleet",
) -> ExchangeTalks:
    """The negotiation of a fleet on an exchange by ADMM, carried out, with both bounds.

    fleet: a case, or batches of VPPs.
    penalty: yuan/kWh per kW; None takes one from the sizes and prices that the VPPs tell.
    tolerance: of both residuals, relative to net trades and prices.
    max_iterations: the talks end there, agreed or not; what they came to is carried out.
    balancing: the penalty follows the residuals at first (He, Yang and Wang 2000).
    keep: True keeps every word of the talks, not only how many numbers were told.
    Raises WrongInput for a wrong argument, VPPs that need binaries or a flow that nothing limits;
    NotSolved (infeasible) if no schedules exist, (limit) if the talks ended too far from any.

    >>> from vppcore import load_case, pool
    >>> case = load_case("template")
    >>> talks = negotiate_exchange(case)
    >>> talks.agreed, talks.lower <= pool(case).cost <= talks.upper, talks.gap < 1e-3
    (True, True, True)
    """
    how = Settings(
        1.0 if penalty is None else penalty,
        tolerance=tolerance,
        balancing=balancing,
        max_iterations=max_iterations,
    )
    started = time.process_time()
    batches = batches_of(fleet) if isinstance(fleet, Case) else list(fleet)
    table = Table(agents_of(batches), keep)
    built = time.process_time()
    if penalty is not None:
        table.penalty = penalty * table.hours
    agreed = table.talk(how)
    talked = time.process_time()
    carriers = [Carrier(agents.form) for agents in table.agents]
    moved = carry_out(carriers, table, batches, name)
    lower = sum(table.least(carrier) for carrier in carriers)
    done = time.process_time()
    costs = np.concatenate([carrier.costs for carrier in carriers])
    upper = float(costs.sum())
    return ExchangeTalks(
        agreed=agreed,
        upper=upper,
        lower=float(lower),
        money=money_of(costs),
        prices=table.prices / table.hours,
        net=by_name(carriers),
        history=pd.DataFrame(table.history),
        told=table.record,
        moved=moved,
        seconds={"build": built - started, "talk": talked - built, "certify": done - talked},
    )


class Table:
    """The coordinator's side of the talks.

    agents: groups of VPPs. record: of what they tell and hear. penalty: yuan/kW2.
    prices: yuan/kW `(steps,)`. history: a row per round.
    """

    def __init__(self, agents: list[Agents], keep: bool = False):
        self.agents = agents
        self.vpps = sum(len(group.names) for group in agents)
        self.hours = agents[0].form.batch.step_hours
        self.record = Record([name for group in agents for name in group.names], keep)
        self.history: list[dict[str, float]] = []
        self.prices = np.zeros(agents[0].steps)
        scales = np.hstack([group.scales() for group in agents])
        self.record.tells(0, "size and price", scales)
        self.size, self.price = scales.mean(axis=1)
        self.penalty = PENALTY * self.hours * (self.price or 1.0) / self.size
        self.record.hears(0, "natural penalty", np.array([self.penalty]))
        for group in agents:
            group.begin(self.penalty)
        self._net = np.zeros((len(self.prices), self.vpps))

    def talk(self, how: Settings) -> bool:
        """Rounds until both residuals are small; True if they became so."""
        mean = np.zeros_like(self.prices)
        for iteration in range(1, int(how.max_iterations) + 1):
            self.record.hears(iteration, "mean and penalty", np.append(mean, self.penalty))
            net = np.hstack([group.answer(mean, self.penalty) for group in self.agents])
            self.record.tells(iteration, "net trade", net)
            aimed = self._net - mean[:, None]
            self._net = net
            mean = net.mean(axis=1)
            self.prices = self.prices + self.penalty * mean
            row = self._residuals(mean, aimed, iteration)
            self.record.words(self.prices, self.penalty, mean, net)
            self.history.append(row)
            if max(row["relative primal"], row["relative dual"]) <= how.tolerance:
                return True
            if how.balancing and is_time_to_balance(iteration):
                self.penalty = balanced(self.penalty, row["relative primal"], row["relative dual"])
        return False

    def least(self, carrier: Carrier) -> float:
        """What the VPPs of a batch pay at least at the prices, added up, yuan."""
        least = [carrier.least(k, self.prices) for k in range(carrier.form.batch.count)]
        self.record.tells(len(self.history) + 1, "least cost at the prices", np.array([least]))
        return sum(least)

    def _residuals(self, mean: np.ndarray, aimed: np.ndarray, iteration: int) -> dict[str, float]:
        """A row of the history: residuals relative to net trades and to prices."""
        entries = np.sqrt(self._net.size)
        trades = max(float(np.linalg.norm(self._net)), entries * LEAST_TRADE * self.size)
        steps = np.sqrt(len(mean))
        prices = max(
            float(np.linalg.norm(self.prices)), steps * LEAST_PRICE * self.price * self.hours
        )
        moved = float(np.linalg.norm(self._net - mean[:, None] - aimed))
        return {
            "iteration": iteration,
            "relative primal": share(np.sqrt(self.vpps) * float(np.linalg.norm(mean)), trades),
            "relative dual": share(self.penalty * moved, np.sqrt(self.vpps) * prices),
            "penalty": self.penalty / self.hours,
        }


def is_time_to_balance(iteration: int) -> bool:
    """True where the penalty may change; in the end it stays, which convergence rests on."""
    return iteration % BALANCE_EVERY == 0 and iteration <= BALANCE_EVERY * BALANCE_TIMES


def carry_out(carriers: list[Carrier], table: Table, batches: list[Batch], name: str) -> float:
    """All carry out their net trades less the mean; by how much they had to move, kW.

    Raises NotSolved (infeasible) if no net trades balance, (limit) if these do not.
    """
    record = table.record
    mean = np.mean(np.hstack([group.net for group in table.agents]), axis=1)
    record.hears(len(table.history) + 1, "last mean", mean)
    for group, carrier in zip(table.agents, carriers, strict=True):
        for k in range(carrier.form.batch.count):
            carrier.carry_out(k, group.net[:, k] - mean)
    left, asked = balance(carriers, ROUNDING * table.size)
    record.asks(len(table.history) + 1, "what is left over", len(left), asked)
    if np.abs(left).max(initial=0.0) > ROUNDING * table.size:
        refuse(batches, left, name)
    net = np.hstack([carrier.net for carrier in carriers])
    record.tells(len(table.history) + 1, "net trade carried out", net)
    costs = np.concatenate([carrier.costs for carrier in carriers])
    record.tells(len(table.history) + 1, "cost", costs[None, :])
    talked = np.hstack([group.net for group in table.agents])
    return float(np.abs(net - talked).mean())


def refuse(batches: list[Batch], left: np.ndarray, name: str) -> None:
    """Raises NotSolved: infeasible where a mediator who knows all models finds no schedules."""
    program = pooled(batches).program.without_objective()
    mediator = WarmLinear(name)
    try:
        mediator.solve(program)
    except NotSolved as refused:
        raise NotSolved(
            f"{name}: infeasible (no net trades that add up to zero give every VPP a schedule)",
            refused.status,
        ) from refused
    step = int(np.abs(left).argmax())
    raise NotSolved(
        f"{name}: the talks ended with {abs(left[step]):.3g} kW in step {step + 1} that no VPP "
        "takes over; allowed: more iterations or another penalty",
        "limit",
    )


def by_name(carriers: list[Carrier]) -> dict[str, np.ndarray]:
    """VPP -> its net trade, kW `(steps,)`."""
    net: dict[str, np.ndarray] = {}
    for carrier in carriers:
        for k, name in enumerate(carrier.form.batch.names):
            net[name] = carrier.net[:, k]
    return net
