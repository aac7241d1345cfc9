"""A capacity charge: what is paid for the largest purchase that a meter sees.

kW, h; arrays are (steps,). A meter adds up intervals and sees the mean purchase of each; of every
period the largest mean counts. Periods follow each other from the first step on, intervals from the
first step of a period; where the horizon ends within a period, what is left of it is charged by its
share. Source: in neither paper; network tariffs of many countries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cvxpy as cp
import numpy as np

# period -> its length, h; a month is a twelfth of 365 days
PERIODS = {"horizon": np.inf, "day": 24.0, "month": 730.0}
# a share of a step by which intervals may miss a whole number of them
WHOLE = 1e-6


@dataclass(frozen=True)
class Period:
    """A period that a peak counts for.

    first, last: its steps, from 0; the last is not its own.
    share: of the price that it is charged: 1, but less where the horizon ends before it does.
    """

    first: int
    last: int
    share: float


def periods_of(period: str, steps: int, step_hours: float) -> Iterator[Period]:
    """The periods of a horizon, from its first step on.

    >>> [(one.first, one.last, one.share) for one in periods_of("day", steps=36, step_hours=1.0)]
    [(0, 24, 1.0), (24, 36, 0.5)]
    >>> [round(one.share, 4) for one in periods_of("month", steps=24, step_hours=1.0)]
    [0.0329]
    """
    hours = PERIODS[period]
    length = steps if np.isinf(hours) else max(1, round(hours / step_hours))
    for first in range(0, steps, length):
        last = min(first + length, steps)
        yield Period(first, last, (last - first) / length)


def steps_of_interval(metering_hours: float | None, step_hours: float) -> int:
    """How many steps the meter adds up; one where an interval is no longer than a step.

    >>> steps_of_interval(1.0, 0.25), steps_of_interval(0.25, 1.0), steps_of_interval(None, 1.0)
    (4, 1, 1)
    """
    if metering_hours is None:
        return 1
    return max(1, round(metering_hours / step_hours))


def metering_faults(metering_hours: float | None, step_hours: float) -> list[str]:
    """A sentence if a metered interval ends within a step; empty if none does.

    >>> metering_faults(1.0, 0.4)
    ['metering_hours = 1 ends within a step of 0.4 h; allowed: a whole number of steps, or one \
step at most']
    """
    if metering_hours is None or metering_hours <= step_hours:
        return []
    count = metering_hours / step_hours
    if abs(count - round(count)) <= WHOLE:
        return []
    return [
        f"metering_hours = {metering_hours:g} ends within a step of {step_hours:g} h; "
        "allowed: a whole number of steps, or one step at most"
    ]


def peaks_above(
    purchase: cp.Expression, periods: list[Period], interval: int
) -> tuple[cp.Variable, list[cp.Constraint]]:
    """The peak of each period, kW `(periods,)`, and rows that keep it above all metered means.

    purchase: kW `(steps,)`. interval: how many steps the meter adds up.
    """
    peak = cp.Variable(len(periods), nonneg=True)
    rows = []
    for number, period in enumerate(periods):
        means = metered_means(period, interval, purchase.shape[0])
        rows.append(means @ purchase <= peak[number])
    return peak, rows


def metered_means(period: Period, interval: int, steps: int) -> np.ndarray:
    """The matrix `(intervals, steps)` that takes the mean of each interval of a period."""
    starts = range(period.first, period.last, interval)
    means = np.zeros((len(starts), steps))
    for row, start in enumerate(starts):
        end = min(start + interval, period.last)
        means[row, start:end] = 1 / (end - start)
    return means
