"""The exchange as a VPP sees it: one partner for all, at one price a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cvxpy as cp

from vppcore.components import Component, Part
from vppcore.components.base import bounded
from vppcore.parameters import parameter


@dataclass(frozen=True, eq=False, kw_only=True)
class Exchange(Component):
    r"""One net trade with all others, kW, received and sent counted apart:

    $$q_t=q^+_t-q^-_t,\quad 0\le q^\pm_t\le P^{tie}_{max},\quad \sum_t\Delta\gamma(q^+_t+q^-_t)$$
    It is what a `Tie` with a single partner is; nobody gains by receiving and sending at once.

    >>> Exchange(limit=10.0).model(steps=24).trade.shape
    (24, 1)
    """

    role: ClassVar[str] = "trade"

    limit: float = parameter("kW", "largest trade with all others", by_step=True)
    crossing_fee: float = parameter(
        "yuan/kWh", "fee to the distribution network per kWh, paid by each side", 0.0
    )

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        received = bounded(steps, 0, self.limit)
        sent = bounded(steps, 0, self.limit)
        net = received - sent
        fee = self.crossing_fee * step_hours * cp.sum(received + sent)
        return Part(
            inject={"electricity": net},
            cost={"crossing fee": fee},
            series={"received": received, "sent": sent},
            trade=cp.reshape(net, (steps, 1), order="F"),
        )
