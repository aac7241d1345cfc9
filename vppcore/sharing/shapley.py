r"""The Shapley value of many VPPs from sampled orders, with confidence intervals.

yuan; a coalition is a vector of truth values `(VPPs,)`.

The Shapley value is the mean of what a VPP adds to those before it, over all n! orders. The mean
over orders that are drawn at random estimates it without bias (Castro, Gomez and Tejada 2009), and
each order shares out v(N) to the last cent, so that the estimates add up to it.

Orders are drawn in pairs, each with its reverse: who comes late in one comes early in the other, so
that both errors have opposite signs as a rule (antithetic sampling). A pair's mean is one draw. The
draws of different pairs are independent, so the mean of m of them has the standard error
$s/\sqrt m$ and the interval $\pm t_{m-1}s/\sqrt m$ of Student.

The interval is one for each VPP: of fifty at 95 per cent two or three may be expected to miss. It
rests on the mean of m draws being nearly normal, which a VPP that matters in few orders only can
spoil while m is small.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.errors import WrongInput
from vppcore.sharing.game import Game, everybody

FEWEST_PAIRS = 8  # draws below which an interval says little


@dataclass(frozen=True, eq=False)
class SampledShapley:
    """An estimate of the Shapley value.

    table: a row per VPP: estimate, standard error, low, high (yuan); low to high holds the true
        value with probability `level`, for each VPP by itself.
    level: of the intervals.
    pairs: of orders that were drawn.
    coalitions: how many were solved.
    seconds: in all.
    """

    table: pd.DataFrame
    level: float
    pairs: int
    coalitions: int
    seconds: float

    @property
    def split(self) -> pd.Series:
        """The estimates, yuan by VPP; they add up to what all save."""
        return self.table["estimate"]


def sampled_shapley(
    game: Game, pairs: int = 32, seed: int = 0, level: float = 0.95
) -> SampledShapley:
    """The Shapley value of a game from random orders of its VPPs, each with its reverse.

    game: of two VPPs or more. pairs: how many pairs of orders are drawn, FEWEST_PAIRS at least; n
        orders take up to n^2 coalitions. seed: of the draws. level: of the intervals, below 1.
    Raises WrongInput for other numbers.

    >>> from vppcore.sharing.game import AdditiveMinimum
    >>> gloves = AdditiveMinimum(["L", "R1", "R2"], [[1, 0, 0], [0, 1, 1]])
    >>> found = sampled_shapley(gloves, pairs=400, seed=1)
    >>> bool(found.table.loc["L", "low"] <= 2 / 3 <= found.table.loc["L", "high"])
    True
    """
    from scipy.stats import t  # slow to import

    started = time.perf_counter()
    count = len(game.names)
    if count < 2:
        raise WrongInput(f"game: found {count} VPP; allowed: two or more")
    if pairs != int(pairs) or pairs < FEWEST_PAIRS:
        raise WrongInput(f"pairs: found {pairs}; allowed: whole numbers from {FEWEST_PAIRS} on")
    if not 0 < level < 1:
        raise WrongInput(f"level: found {level}; allowed: between 0 and 1")
    chance = np.random.default_rng(seed)
    values = Remembered(game)
    draws = np.zeros((int(pairs), count))
    for draw in draws:
        order = chance.permutation(count)
        draw += added(values, order) / 2
        draw += added(values, order[::-1]) / 2
    estimate = draws.mean(axis=0)
    error = draws.std(axis=0, ddof=1) / np.sqrt(pairs)
    reach = float(t.ppf((1 + level) / 2, pairs - 1)) * error
    table = pd.DataFrame(
        {
            "estimate": estimate,
            "standard error": error,
            "low": estimate - reach,
            "high": estimate + reach,
        },
        game.names,
    )
    seconds = time.perf_counter() - started
    return SampledShapley(table, level, int(pairs), len(values.known), seconds)


class Remembered:
    """The values of a game, each solved once.

    known: value by the coalition's bytes, yuan.
    """

    def __init__(self, game: Game):
        self.game = game
        self.known: dict[bytes, float] = {}

    def value(self, inside: np.ndarray) -> float:
        """v(S), yuan; zero for nobody."""
        if not inside.any():
            return 0.0
        key = inside.tobytes()
        if key not in self.known:
            self.known[key] = self.game.value(inside)
        return self.known[key]


def added(values: Remembered, order: np.ndarray) -> np.ndarray:
    """What each VPP adds to those before it in an order, yuan `(VPPs,)`.

    Coalitions are solved from all VPPs down, each from the last with one member less: a limit that
    closes leaves the solver's basis dual feasible.
    """
    inside = everybody(values.game)
    before = values.value(inside)
    gains = np.zeros(len(order))
    for k in order[::-1]:
        inside[k] = False
        without = values.value(inside)
        gains[k] = before - without
        before = without
    return gains
