"""The state of a negotiation, and everything that was said in it.

kW, yuan/kWh; a trade p_ij is positive when i receives from j; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import numpy as np

Pair = tuple[str, str]
ByPair = dict[Pair, np.ndarray]


class Message(NamedTuple):
    """One thing that left an agent: who told whom what in which iteration.

    kind: "expected trade" (kW) or "multiplier" (yuan/kWh). content: `(steps,)`.
    """

    iteration: int
    sender: str
    receiver: str
    kind: str
    content: np.ndarray


@dataclass
class Talks:
    """A negotiation on trades, from the first word to the last.

    partners: agent -> with whom it deals. steps: of the horizon.
    expected: ordered pair (i, j) -> the trade that i expects with j, kW.
    multiplier: pair -> the price of one more kWh between the two, yuan/kWh.
    target: pair -> the mean of both expectations, to which all answer in the parallel order, kW.
    messages: everything that was said. history: residuals and penalty, a row per iteration.
    agreed: True if the residuals became small. balanced_from: the iteration from which on the
    penalty followed the residuals; None if it never did.
    """

    partners: Mapping[str, tuple[str, ...]]
    steps: int
    expected: ByPair = field(init=False)
    multiplier: ByPair = field(init=False)
    target: ByPair = field(init=False)
    messages: list[Message] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)
    agreed: bool = False
    balanced_from: int | None = None

    def __post_init__(self):
        nothing = np.zeros(self.steps)
        self.expected = {(i, j): nothing for i, others in self.partners.items() for j in others}
        self.multiplier = dict.fromkeys(self.pairs, nothing)
        self.target = dict.fromkeys(self.pairs, nothing)

    @property
    def pairs(self) -> list[Pair]:
        """The pairs that deal with each other, in the order of the agents."""
        return [(i, j) for i, j in combinations(self.partners, 2) if j in self.partners[i]]

    def tell_trade(self, iteration: int, sender: str, trades: np.ndarray) -> None:
        """An agent's expected trades `(steps, partners)` go to its partners."""
        for column, partner in enumerate(self.partners[sender]):
            content = trades[:, column]
            self.expected[sender, partner] = content
            self.messages.append(Message(iteration, sender, partner, "expected trade", content))

    def move_multipliers(self, iteration: int, changes: ByPair) -> None:
        """The first of each pair tells the second their new multiplier."""
        for (i, j), change in changes.items():
            self.multiplier[i, j] = self.multiplier[i, j] + change
            self.messages.append(Message(iteration, i, j, "multiplier", self.multiplier[i, j]))

    def disagreement(self) -> ByPair:
        """By how much the expectations of each pair differ, p_ij + p_ji, kW."""
        return {(i, j): self.expected[i, j] + self.expected[j, i] for i, j in self.pairs}

    def middle(self) -> ByPair:
        """The mean of both expectations of each pair, kW, positive where the first receives."""
        return {(i, j): (self.expected[i, j] - self.expected[j, i]) / 2 for i, j in self.pairs}

    def pull(self, agent: str, penalty: float, order: str) -> np.ndarray:
        """What an agent's next problem needs, yuan/kWh `(steps, partners)`.

        For each partner: the multiplier less the penalty times the trade that the partner stands
        for. In the sequential order that is its last word, in the parallel order their mean.
        """
        columns = []
        for partner in self.partners[agent]:
            if (agent, partner) in self.multiplier:
                pair = (agent, partner)
                mean = self.target[pair]
            else:
                pair = (partner, agent)
                mean = -self.target[pair]
            last_word = -self.expected[partner, agent]
            stands_for = last_word if order == "sequential" else mean
            columns.append(self.multiplier[pair] - penalty * stands_for)
        return np.column_stack(columns)
