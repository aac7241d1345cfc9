"""What VPPs tell each other in order to find their joint optimum, counted in numbers.

T is the number of steps, N that of VPPs. A VPP tells in a round::

    pairwise ADMM (`cooperate`)             T to each of N - 1 others, and T for each second of them
    exchange ADMM (`negotiate_exchange`)    T
    price-Newton (`price_newton`)           T + T^2 and scalars
    pooled (`pool`)                         its whole model, once

`what_is_told` has the table; a `Record` counts what is really told in talks on an exchange.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from vppcore.fleet.batches import Batch
from vppcore.fleet.group import Totals
from vppcore.fleet.price_newton import CORRECTIONS


class Words(NamedTuple):
    """A round of talks on an exchange.

    prices: yuan/kW `(steps,)`, after the round. penalty: yuan/kW2. mean: kW `(steps,)`.
    net: kW `(steps, VPPs)`.
    """

    prices: np.ndarray
    penalty: float
    mean: np.ndarray
    net: np.ndarray


@dataclass
class Record:
    """Everything that crosses a VPP's boundary in talks on an exchange.

    names: of the VPPs. keep: whether the words are kept, too.
    counts: a row per message: round, what, who hears it ("VPPs" or "exchange"), numbers for each
        VPP, of how many VPPs, numbers in all. Round 0 is before the talks; the one after the last
        is the proof.
    rounds: the words of each round, where they are kept.
    """

    names: list[str]
    keep: bool = False
    rows: list[dict[str, int | str]] = field(default_factory=list, repr=False)
    rounds: list[Words] = field(default_factory=list, repr=False)

    def tells(self, iteration: int, what: str, numbers: np.ndarray) -> None:
        """VPPs tell the exchange numbers, `(each, VPPs)`."""
        each, vpps = numbers.shape
        self._note(iteration, what, "exchange", each, vpps)

    def hears(self, iteration: int, what: str, numbers: np.ndarray) -> None:
        """Every VPP hears the same numbers from the exchange, `(each,)`."""
        self._note(iteration, what, "VPPs", len(numbers), len(self.names))

    def asks(self, iteration: int, what: str, each: int, vpps: int) -> None:
        """Some VPPs hear so many numbers each, and tell as many."""
        for heard_by in ("VPPs", "exchange"):
            self._note(iteration, what, heard_by, each, vpps)

    def words(self, prices: np.ndarray, penalty: float, mean: np.ndarray, net: np.ndarray) -> None:
        """Keeps a round, if words are kept."""
        if self.keep:
            self.rounds.append(Words(prices, penalty, mean, net.copy()))

    def _note(self, iteration: int, what: str, heard_by: str, each: int, vpps: int) -> None:
        row: dict[str, int | str] = {
            "round": iteration,
            "what": what,
            "heard by": heard_by,
            "for each VPP": each,
            "VPPs": vpps,
            "in all": each * vpps,
        }
        self.rows.append(row)

    @property
    def counts(self) -> pd.DataFrame:
        """A row per message."""
        return pd.DataFrame(self.rows)

    def told_in(self, iteration: int) -> int:
        """Numbers that all VPPs together told in a round."""
        return self._sum(iteration, "exchange")

    def heard_in(self, iteration: int) -> int:
        """Numbers that all VPPs together heard in a round."""
        return self._sum(iteration, "VPPs")

    def _sum(self, iteration: int, heard_by: str) -> int:
        counts = self.counts
        some = (counts["round"] == iteration) & (counts["heard by"] == heard_by)
        return int(counts.loc[some, "in all"].sum())


def what_is_told(n: int, steps: int, model: int | None = None) -> pd.DataFrame:
    """How many numbers a VPP tells and hears in a round, by method; a mean where VPPs differ.

    n: VPPs. steps: T. model: numbers of a VPP's model (`numbers_of_model`), if they are known.
    Columns: tells, hears: of one VPP in a round. all tell: of all of them. "pooled" has one round.

    >>> what_is_told(30, 24)["all tell"].astype(int).head(3).to_dict()
    {'pairwise ADMM': 31320, 'exchange ADMM': 720, 'price-Newton': 20100}
    """
    pairs = steps * (n - 1)
    lengths = 2 + 4  # of a step: primal, dual, growth
    scalars = len(Totals._fields) - 1  # all but the net trade
    newton_tells = steps**2 + 3 * steps + scalars + 2 * lengths
    newton_hears = 3 * steps + 1 + 2
    rows = {
        "pairwise ADMM": (1.5 * pairs, 1.5 * pairs),
        "exchange ADMM": (steps, steps + 1),
        "price-Newton": (newton_tells, newton_hears),
        "price-Newton, corrected": (
            newton_tells + CORRECTIONS * (steps + lengths),
            newton_hears + CORRECTIONS * (steps + 3),
        ),
    }
    if model is not None:
        rows["pooled"] = (model, steps)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["tells", "hears"], dtype=float)
    table["all tell"] = n * table["tells"]
    return table


def numbers_of_model(batch: Batch, k: int = 0) -> int:
    """How many numbers describe one VPP: entries of its matrix, its costs and its limits."""
    costs = np.count_nonzero(batch.cost[:, k]) + np.count_nonzero(batch.curvature[:, k])
    ends = (batch.row_low, batch.row_high, batch.column_low, batch.column_high)
    limits = sum(int(np.isfinite(end[:, k]).sum()) for end in ends)
    return int(batch.matrix.nnz + batch.trade.nnz + costs + limits)
