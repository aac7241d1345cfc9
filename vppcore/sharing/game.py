r"""Games that give a proof with each value: what some additive game allows a coalition at most.

yuan; a coalition is a vector of truth values `(VPPs,)`, true for its members.

Whenever VPPs with convex costs trade at prices, the prices bound every coalition. Let $g_i(\pi)$ be
what VPP i gains if it trades with a market at prices $\pi$ as it likes. A coalition S can do no
better by itself: its trades among members add up to zero, so payments at $\pi$ cancel, and

$$v(S)\le\sum_{i\in S}g_i(\pi)\quad\text{for all }\pi,\qquad
  v(S)=\min_\pi\sum_{i\in S}g_i(\pi),$$

the second by strong duality, at the multipliers of the coalition's own balances. So v is a minimum
of additive games; Kalai and Zemel (1982) show that exactly the totally balanced games are. The
prices of all VPPs together give the split $x_i=g_i(\pi^N)$, which is in the core (Owen 1975):
$\sum_ix_i=v(N)$ and $v(S)\le x(S)$, with no coalition looked at.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple, Protocol

import numpy as np


class Worth(NamedTuple):
    """What a coalition saves, and what proves that no more can be saved.

    value: v(S), yuan.
    bound: an additive game, yuan `(VPPs,)`: bound(R) >= v(R) for every coalition R, and
        bound(S) = v(S) but for a solver's accuracy.
    """

    value: float
    bound: np.ndarray


class Game(Protocol):
    """A totally balanced game: each coalition's value comes with an additive bound.

    names: of the VPPs, in the order of all vectors.
    """

    names: list[str]

    def value(self, inside: np.ndarray) -> float:
        """v(S), yuan."""

    def worth(self, inside: np.ndarray) -> Worth:
        """v(S) with its bound."""


class AdditiveMinimum:
    """The least of some additive games: v(S) = min_k sum_{i in S} g_ki (Kalai and Zemel 1982).

    names: of the players.
    bounds: g, `(games, players)`.

    >>> gloves = AdditiveMinimum(["left", "right 1", "right 2"], np.array([[1, 0, 0], [0, 1, 1]]))
    >>> gloves.value(np.array([True, True, False])), gloves.value(np.array([False, True, True]))
    (1.0, 0.0)
    """

    def __init__(self, names: list[str], bounds: np.ndarray):
        self.names = names
        self.bounds = np.asarray(bounds, float)

    def value(self, inside: np.ndarray) -> float:
        """v(S)."""
        return float((self.bounds @ inside).min())

    def worth(self, inside: np.ndarray) -> Worth:
        """v(S), and the additive game that is least at S."""
        sums = self.bounds @ inside
        return Worth(float(sums.min()), self.bounds[int(sums.argmin())])


def everybody(game: Game) -> np.ndarray:
    """The coalition of all."""
    return np.ones(len(game.names), bool)


def listed(game: Game) -> dict[tuple[str, ...], float]:
    """v(S) of every coalition of a small game, as `fairness.py` takes them: 2^n - 1 values."""
    values = {}
    for size in range(1, len(game.names) + 1):
        for places in combinations(range(len(game.names)), size):
            inside = np.zeros(len(game.names), bool)
            inside[list(places)] = True
            values[tuple(game.names[place] for place in places)] = game.value(inside)
    return values
