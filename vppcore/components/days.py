"""Hours that come every day: which share of each step lies in them, and which steps make one stay.

A stretch from 18 to 7 o'clock goes over midnight; one from 0 to 24, or with both ends alike, is the
whole day. Hours; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from vppcore.components.clock import HOURS_OF_A_DAY, Clock

# h: hours that differ by less are the same
ROUNDING = 1e-9


@dataclass(frozen=True)
class Daily:
    """A stretch of each day.

    first, last: hour of the day at which it begins and ends, 0 to 24.

    >>> Daily(18.0, 7.0).hours, Daily(9.0, 17.0).hours, Daily(0.0, 24.0).hours
    (13.0, 8.0, 24.0)
    """

    first: float
    last: float

    @property
    def hours(self) -> float:
        """How long it is, h."""
        length = (self.last - self.first) % HOURS_OF_A_DAY
        return length or HOURS_OF_A_DAY

    def begins(self, clock: Clock) -> np.ndarray:
        """When each stretch begins that has a part in a clock's steps, h from its first step on.

        Negative where it has begun before.
        """
        before = (self.first - clock.start_hour) % HOURS_OF_A_DAY - HOURS_OF_A_DAY
        days = int(np.ceil(clock.steps * clock.step_hours / HOURS_OF_A_DAY)) + 2
        begins = before + HOURS_OF_A_DAY * np.arange(days)
        there = (begins + self.hours > ROUNDING) & (begins < length_of(clock) - ROUNDING)
        return begins[there]

    def share(self, clock: Clock) -> np.ndarray:
        """The share of each step that lies in a stretch, `(steps,)`.

        >>> Daily(18.5, 7.0).share(Clock(steps=4, start_hour=17.0)).tolist()
        [0.0, 0.5, 1.0, 1.0]
        """
        begins_of_steps = clock.step_hours * np.arange(clock.steps)
        covered = np.zeros(clock.steps)
        for begin in self.begins(clock):
            low = np.maximum(begins_of_steps, begin)
            high = np.minimum(begins_of_steps + clock.step_hours, begin + self.hours)
            covered += np.maximum(high - low, 0.0)
        return np.round(covered / clock.step_hours, 9)

    def stays(self, clock: Clock, least: int = 1) -> list[np.ndarray]:
        """The steps of each stretch, as places from 0 of the steps that lie in it wholly.

        A stretch that the horizon cuts off at its start and one that it cuts off at its end count
        together as one: a horizon of whole days is thought of as coming again. One that is cut off
        alone is a matter of the day before or after; it counts where there is no other, if it has
        `least` steps.

        >>> [stay.tolist() for stay in Daily(22.0, 2.0).stays(Clock(steps=24))]
        [[0, 1, 22, 23]]
        >>> [stay.tolist() for stay in Daily(22.0, 2.0).stays(Clock(steps=24, start_hour=12.0))]
        [[10, 11, 12, 13]]
        >>> [stay.tolist() for stay in Daily(22.0, 2.0).stays(Clock(steps=3))]
        [[0, 1]]
        """
        end = length_of(clock)
        begins_of_steps = clock.step_hours * np.arange(clock.steps)
        whole = []
        cut = {}
        for begin in self.begins(clock):
            inside = begins_of_steps >= begin - ROUNDING
            inside &= begins_of_steps + clock.step_hours <= begin + self.hours + ROUNDING
            places = np.flatnonzero(inside)
            if begin < -ROUNDING:
                cut["start"] = places
            elif begin + self.hours > end + ROUNDING:
                cut["end"] = places
            else:
                whole.append(places)
        if len(cut) == 2:
            whole.append(np.concatenate([cut["start"], cut["end"]]))
        elif not whole:
            whole += [places for places in cut.values() if len(places) >= least]
        return whole


def length_of(clock: Clock) -> float:
    """How long a clock's steps are together, h."""
    return clock.steps * clock.step_hours


def whole_steps(hours: float, step_hours: float) -> int:
    """How many steps a time takes, the last one begun counted in.

    >>> whole_steps(1.0, 0.25), whole_steps(0.3, 0.25), whole_steps(0.0, 1.0)
    (4, 2, 0)
    """
    return int(np.ceil(hours / step_hours - ROUNDING))


def runs(steps: int, length: int) -> sparse.csr_matrix:
    """`(steps, steps)`: 1 where a run that starts with the step of the column covers that of the
    row.

    >>> runs(4, 2).toarray().astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    """
    diagonals = [np.ones(steps - shift) for shift in range(min(length, steps))]
    return sparse.diags(diagonals, [-shift for shift in range(len(diagonals))], format="csr")
