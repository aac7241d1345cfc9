"""On which terms a coalition sells reserve, and when it is called.

Reserve is power that the coalition keeps ready: upwards to take less from the grid (or deliver
more), downwards to take more. Prices are shares of the price of the hour, so that they follow the
case; a call is a factor in [-1, 1] of what was promised, positive for reserve upwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vppcore.errors import WrongInput
from vppcore.parameters import check, parameter

if TYPE_CHECKING:
    from vppcore.case import Case

OF_CALLS = 1  # tells the draw of the calls from that of the days with the same seed


@dataclass(frozen=True)
class ReserveTerms:
    """What reserve earns, and what it costs not to keep to what was announced.

    Prices are shares of the price of the hour: the highest purchase price of a member in it.

    capacity_share: earned by each kW that is kept ready for an hour, called or not.
    energy_share: earned by each kWh that is called, beside what the meter's tariff makes of it.
    imbalance_share: paid for each kWh taken or delivered beside schedule and call, on top of the
        tariff.
    penalty_share: paid in place of it for a kWh against the call of an hour: too much taken where
        reserve upwards is called, too little where it is called downwards. It holds for everybody,
        with reserve or without: the network is short of what is called.
    called_share: of the hours, half of them upwards and half downwards.
    reserve_max: kW in each direction.
    Raises WrongInput for numbers out of range.

    >>> ReserveTerms(called_share=0)
    Traceback (most recent call last):
    vppcore.errors.WrongInput: called_share: found 0; allowed: a number above 0 and up to 1
    """

    capacity_share: float = parameter("-", "earned by a kW ready for an hour", 0.05)
    energy_share: float = parameter("-", "earned by a kWh called, beside the tariff", 0.1)
    imbalance_share: float = parameter("-", "paid for a kWh beside schedule and call", 0.25)
    penalty_share: float = parameter("-", "paid for a kWh against a call", 3.0)
    called_share: float = parameter("-", "share of hours with a call", 0.2, high=1, above=True)
    reserve_max: float = parameter("kW", "most reserve in an hour, each direction", math.inf)

    def __post_init__(self) -> None:
        check(self)

    def refuse_idle(self, calls: np.ndarray) -> None:
        """Raises WrongInput if in some hour it would pay to sell reserve and never to deliver it.

        calls: `(days, steps)` in [-1, 1].
        """
        if self.reserve_max == 0 or self.capacity_share + self.energy_share == 0:
            return
        called = min(
            np.maximum(calls, 0).mean(axis=0).min(), np.maximum(-calls, 0).mean(axis=0).min()
        )
        least = self.energy_share + self.capacity_share / called if called > 0 else math.inf
        if self.penalty_share <= least:
            raise WrongInput(
                f"penalty_share: found {self.penalty_share:g}; allowed: above {least:.3g}, since "
                "else it pays to sell reserve and never to deliver it: on average "
                f"{100 * called:.3g} % of it is called in the hour with the fewest calls"
            )


def sample_calls(
    case: Case, called_share: float, samples: int, seed: int, persistence: float = 0.8
) -> np.ndarray:
    """Random calls for reserve `(samples, steps)`: 0 for none, up to 1 upwards, down to -1.

    A Gaussian autoregression as that of `sample_days` says how much power the network lacks. In
    each hour the days are put in its order, and those at its two ends have a call: as many upwards
    as downwards, the share of all that is asked for, at least one each. Their sizes rise in equal
    steps to a full call. So every hour has its full calls also among few days (a stratified draw).

    called_share: share of the hours with a call. persistence: as in `sample_days`.
    Raises WrongInput for fewer days than two.

    >>> from vppcore import load_case
    >>> sample_calls(load_case("template").window(1, 2), 0.5, 4, seed=1).round(2).T.tolist()
    [[0.0, 0.0, 1.0, -1.0], [1.0, 0.0, 0.0, -1.0]]
    """
    if samples < 2:
        raise WrongInput(f"days with calls: found {samples}; allowed: 2 or more")
    steps = case.vpps[0].steps
    by_step = persistence ** case.vpps[0].step_hours
    noise = np.random.default_rng((seed, OF_CALLS)).standard_normal((samples, steps))
    for step in range(1, steps):
        fresh = np.sqrt(1 - by_step**2) * noise[:, step]
        noise[:, step] = by_step * noise[:, step - 1] + fresh
    rank = noise.argsort(axis=0).argsort(axis=0)  # 0 where the network has most to spare
    ends = min(max(1, round(called_share * samples / 2)), samples // 2)
    upwards = np.clip(rank - (samples - 1 - ends), 0, None) / ends
    downwards = np.clip(ends - rank, 0, None) / ends
    return upwards - downwards
