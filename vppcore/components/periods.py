"""What is counted over: the horizon, or each day, week or month of the calendar within it.

Hours; steps count from 0. Days begin at local midnight, weeks on Monday and months on their first;
where a clock is put forward or back a day has 23 or 25 h. A step belongs to the period in which its
middle lies. Where no date is known a month is a twelfth of 365 days, from the first step on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from vppcore.choices import HORIZON, PERIODS
from vppcore.components.clock import DAYS_OF_A_WEEK, HOURS_OF_A_DAY, Clock
from vppcore.errors import WrongInput

HOURS_OF_A_WEEK = DAYS_OF_A_WEEK * HOURS_OF_A_DAY
HOURS_OF_A_MONTH = 365 * HOURS_OF_A_DAY / 12  # where no date is known
# the shortest that a period usually is, h: no step may be longer
SHORTEST = {
    HORIZON: math.inf,
    "day": HOURS_OF_A_DAY,
    "week": HOURS_OF_A_WEEK,
    "month": 28 * HOURS_OF_A_DAY,
}
# a share of a step up to which a middle lies on a boundary
ROUNDING = 1e-6


@dataclass(frozen=True)
class Period:
    """A period, as far as it lies in a horizon.

    first, last: its steps, from 0; the last is not its own.
    share: of its hours that lie in the horizon: 1, but less where the horizon begins after it does
        or ends before.
    """

    first: int
    last: int
    share: float = 1.0


def periods_of(period: str, clock: Clock) -> list[Period]:
    """The periods of a horizon, one after the other, without a gap.

    Raises WrongInput where they cannot be told, as `period_faults` says.

    >>> periods_of("day", Clock(36))
    [Period(first=0, last=24, share=1.0), Period(first=24, last=36, share=0.5)]
    >>> [one.first for one in periods_of("day", Clock(48, start_hour=18.0))]
    [0, 6, 30]
    >>> [round(one.share, 4) for one in periods_of("month", Clock(24))]
    [0.0329]
    """
    faults = period_faults("period", period, clock)
    if faults:
        raise WrongInput(*faults)
    if period == HORIZON:
        return [Period(0, clock.steps)]
    hours = clock.steps * clock.step_hours
    found = []
    for begin, end in pairwise(boundaries(period, clock)):
        first, last = (step_at(moment, clock) for moment in (begin, end))
        within = min(end, hours) - max(begin, 0.0)
        if first < last:
            found.append(Period(first, last, min(1.0, within / (end - begin))))
        if last >= clock.steps:
            break
    return found


def step_at(moment: float, clock: Clock) -> int:
    """The first step whose middle lies at a moment or after it, within the horizon's steps.

    moment: h after the first step begins.
    """
    first = math.ceil(moment / clock.step_hours - 0.5 - ROUNDING)
    return min(max(first, 0), clock.steps)


def boundaries(period: str, clock: Clock) -> Iterator[float]:
    """When a day, a week or a month begins, h after the first step does, one after the other.

    The first of them is not after the first step. They go on without end.
    """
    if clock.start is not None:
        begin = clock.start.astimezone(UTC)
        for midnight in midnights(period, clock.start):
            yield (midnight.astimezone(UTC) - begin) / timedelta(hours=1)
    elif period == "month":
        yield from (number * HOURS_OF_A_MONTH for number in count())
    else:
        length = SHORTEST[period]
        days = (clock.weekday or 0) if period == "week" else 0
        passed = days * HOURS_OF_A_DAY + clock.start_hour
        yield from (number * length - passed for number in count())


def midnights(period: str, moment: datetime) -> Iterator[datetime]:
    """The local midnights at which a day, a week or a month begins, from before a moment on.

    >>> from zoneinfo import ZoneInfo
    >>> noon = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    >>> [next(midnights(period, noon)).isoformat() for period in ("day", "week", "month")]
    ['2026-03-28T00:00:00+01:00', '2026-03-23T00:00:00+01:00', '2026-03-01T00:00:00+01:00']
    """
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == "week":
        day -= timedelta(days=day.weekday())
    if period == "month":
        day = day.replace(day=1)
    while True:
        yield day
        if period == "month":
            day = (day + timedelta(days=31)).replace(day=1)
        else:
            day += timedelta(days=DAYS_OF_A_WEEK if period == "week" else 1)


def period_faults(name: str, period: str, clock: Clock) -> list[str]:
    """A sentence if the periods of a clock cannot be told; empty if they can.

    name: of the choice. period: its word.

    >>> period_faults("peak_period", "week", Clock(24))
    ['peak_period: found week, but on which weekday the horizon begins is not known; allowed: \
horizon, day, month, or a start with a date']
    """
    if period not in PERIODS:
        return [f"{name}: found {period!r}; allowed: {', '.join(PERIODS)}"]
    if period == "week" and clock.weekday is None and clock.start is None:
        return [
            f"{name}: found week, but on which weekday the horizon begins is not known; allowed: "
            "horizon, day, month, or a start with a date"
        ]
    if period != HORIZON and clock.step_hours > SHORTEST[period]:
        return [
            f"{name}: found {period} with steps of {clock.step_hours:g} h; allowed: a period that "
            "is no shorter than a step"
        ]
    return []


def counted_over(period: str, clock: Clock) -> str:
    """What something is counted over, in words; says where a period is not all there.

    >>> counted_over("day", Clock(36))
    'each of 2 days, of which 1 is not all there'
    >>> counted_over("horizon", Clock(36)), counted_over("day", Clock(24))
    ('the horizon', 'the day')
    """
    if period == HORIZON:
        return "the horizon"
    periods = periods_of(period, clock)
    cut = sum(one.share < 1 - ROUNDING for one in periods)
    if len(periods) == 1:
        return f"the {period}" if not cut else f"a {period} that is not all there"
    words = f"each of {len(periods)} {period}s"
    is_are = "is" if cut == 1 else "are"
    return words if not cut else f"{words}, of which {cut} {is_are} not all there"
