"""What a listener can learn about a VPP from what it tells in talks.

*Net trades.* On an exchange a VPP hears the mean of all net trades and knows its own. With N = 2
the mean gives the other's net trade away; with N = 3 two who put together what they know learn the
third's; in general N - 1 who do so learn the last one's, and fewer learn a sum (`unheard`).

*Costs.* Who hears a VPP's net trade p in each round, as the exchange does unless it is only told
sums, knows more than p. The VPP's answer minimises its cost with a price and a penalty, so p is
what it would like best at this price::

    heard price = price + penalty (p - aim) / hours,    aim = last p - last mean

and each round is a point of its net trade as a function of price. In price-Newton a VPP tells its
net trade and the slope of it at each round's price: the function's value and derivative near there.

`guesses` measures how well a listener who has heard some rounds can tell what a VPP would trade at
other prices: from its last word, from a line fitted to each hour's points, or from price-Newton's
slope. The error is the distance from what the VPP would like best, as a share of that: 1 is what
one knows who says that it trades nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.guessing import (
    Guess,
    Heard,
    first,
    from_last_word,
    from_lines,
    from_slope,
    missed,
)
from vppcore.errors import WrongInput
from vppcore.fleet.batches import Batch, batches_of
from vppcore.fleet.carrying_out import Carrier
from vppcore.fleet.group import Answer, Group
from vppcore.fleet.price_newton import Together, groups_of, price_newton
from vppcore.fleet.standard import standard
from vppcore.fleet.talks import negotiate_exchange
from vppcore.fleet.told import Record


def unheard(record: Record, listeners: Collection[str]) -> np.ndarray:
    """What listeners know of the others from the means: the sum of their net trades, each round.

    record: of talks whose words were kept. listeners: names of VPPs that put together what they
    know. Returns kW `(rounds, steps)`: with one other left, its net trade.
    Raises WrongInput for a stranger.
    """
    strangers = [name for name in listeners if name not in record.names]
    if strangers:
        raise WrongInput(f"listeners: found {strangers[0]!r}; allowed: names of the record")
    own = [record.names.index(name) for name in listeners]
    count = len(record.names)
    return np.array([count * word.mean - word.net[:, own].sum(axis=1) for word in record.rounds])


def heard_in_talks(record: Record, name: str) -> Heard:
    """What the exchange hears of a VPP in talks whose words were kept.

    Raises WrongInput for a stranger.
    """
    if name not in record.names:
        raise WrongInput(f"name: found {name!r}; allowed: names of the record")
    k = record.names.index(name)
    prices = []
    aim = np.zeros_like(record.rounds[0].mean)
    for word in record.rounds:
        before = word.prices - word.penalty * word.mean
        prices.append(before + word.penalty * (word.net[:, k] - aim))
        aim = word.net[:, k] - word.mean
    return Heard(np.array(prices), np.array([word.net[:, k] for word in record.rounds]))


@dataclass(eq=False)
class Tapped:
    """A group of price-Newton whose answers are overheard."""

    group: Group
    prices: list[np.ndarray] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.group, name)

    def answer(self, prices: np.ndarray) -> Answer:
        """See `Group`."""
        answer = self.group.answer(prices)
        self.prices.append(prices)
        self.answers.append(answer)
        return answer

    def heard(self) -> Heard:
        """All that was overheard."""
        return Heard(
            np.array(self.prices),
            np.array([answer.totals.net for answer in self.answers]),
            np.array([answer.slope for answer in self.answers]),
        )


def guesses(
    fleet: Case | Sequence[Batch],
    name: str,
    rounds: Sequence[int] = (1, 2, 5, 10, 20, 40),
    change: float = 0.1,
    tests: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """How far a listener's guesses are from what a VPP would trade at other prices, by rounds.

    name: of the VPP. rounds: heard, of each method; fewer where its talks are shorter.
    change: standard deviation of the change of each hour's price from the agreed one, relative.
    tests: so many price vectors, drawn with the seed.
    Returns a row for each number of rounds; relative errors by method and guess, NaN for rounds
    that a method did not need.
    Raises WrongInput for a VPP that the fleet lacks.
    """
    batches = batches_of(fleet) if isinstance(fleet, Case) else list(fleet)
    batches = [one for batch in batches for one in batch.parted(1)]
    names = [batch.names[0] for batch in batches]
    if name not in names:
        raise WrongInput(f"name: found {name!r}; allowed: names of the fleet's VPPs")
    place = names.index(name)
    talks = negotiate_exchange(batches, keep=True)
    tapped = [Tapped(group) for group in groups_of(batches)]
    price_newton(Together(tapped))
    agreed = talks.prices * batches[0].step_hours
    chance = np.random.default_rng(seed)
    asked = agreed * (1 + change * chance.standard_normal((tests, len(agreed))))
    carrier = Carrier(standard(batches[place]))
    liked = np.array([carrier.liked(0, prices) for prices in asked])
    in_talks = heard_in_talks(talks.told, name)
    in_newton = tapped[place].heard()
    ways: dict[str, tuple[Heard, Guess]] = {
        "exchange ADMM, last word": (in_talks, from_last_word),
        "exchange ADMM, lines": (in_talks, from_lines),
        "price-Newton, last word": (in_newton, from_last_word),
        "price-Newton, lines": (in_newton, from_lines),
        "price-Newton, slope": (in_newton, from_slope),
    }
    table = pd.DataFrame(index=pd.Index(rounds, name="rounds heard"), columns=[*ways], dtype=float)
    for way, (heard, guess) in ways.items():
        for count in rounds:
            if count <= len(heard.net):
                table.loc[count, way] = missed(guess, first(heard, count), asked, liked)
    return table
