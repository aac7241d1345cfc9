"""A capacity charge: what is paid for the largest purchase that a meter sees.

kW, h; arrays are (steps,). A meter adds up intervals and sees the mean purchase of each; of every
period (`components.periods`) the largest mean counts. Intervals follow each other from the first
step of a period; a period that is not all in the horizon is charged by its share. Source: in
neither paper; network tariffs of many countries.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from vppcore.components.periods import Period

# a share of a step by which intervals may miss a whole number of them
WHOLE = 1e-6


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
