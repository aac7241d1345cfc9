"""When the steps of a horizon are: hour of the day and weekday, for components that must know.

Hours; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from vppcore.errors import WrongInput
from vppcore.parameters import check, parameter

HOURS_OF_A_DAY = 24.0
DAYS_OF_A_WEEK = 7
# by how much a clock that was put forward or back may differ from hours that are counted on, h
PUT_BACK = 2.0


@dataclass(frozen=True)
class Clock:
    """The steps of a horizon and when they begin.

    steps: number of time steps.
    step_hours: length of a time step, h.
    start_hour: hour of the day at which the first step begins; 0 is midnight.
    weekday: of the first step, 0 is Monday and 6 is Sunday; None if it is not known.
    start: when the first step begins, with its zone, for who counts by the calendar (`periods`);
        None if the date is not known. Hours and weekdays do not follow a clock that is put forward
        or back; the calendar does.
    Raises WrongInput for a number that makes no sense.

    >>> evening = Clock(steps=4, step_hours=2.0, start_hour=20.0, weekday=6)
    >>> evening.hours.tolist()
    [20.0, 22.0, 0.0, 2.0]
    >>> evening.weekdays.tolist()
    [6, 6, 0, 0]
    """

    steps: int = parameter("-", "number of time steps", low=1, whole=True)
    step_hours: float = parameter(
        "h", "length of a time step; a second or more", 1.0, low=1 / 3600, infinite=False
    )
    start_hour: float = parameter(
        "h", "hour of the day at which the first step begins", 0.0, high=24, below=True
    )
    weekday: int | None = parameter(
        "-", "weekday of the first step, 0 is Monday", None, high=6, whole=True, none="not known"
    )
    start: datetime | None = None

    def __post_init__(self):
        check(self)
        faults = start_faults(self.start, self.start_hour, self.weekday)
        if faults:
            raise WrongInput(*faults)

    @property
    def hours(self) -> np.ndarray:
        """Hour of the day at which each step begins, from 0 to below 24."""
        return self._hours_since_midnight % HOURS_OF_A_DAY

    @property
    def weekdays(self) -> np.ndarray:
        """Weekday on which each step begins, 0 is Monday.

        Raises WrongInput if it is not known.
        """
        if self.weekday is None:
            raise WrongInput(
                "weekday: the horizon's first day is not known; allowed: 0 (Monday) to 6 (Sunday)"
            )
        days = np.floor(self._hours_since_midnight / HOURS_OF_A_DAY).astype(int)
        return (self.weekday + days) % DAYS_OF_A_WEEK

    def window(self, first: int, steps: int) -> Clock:
        """The clock of the `steps` steps that begin with step `first` (1 is the first).

        >>> Clock(48, weekday=4).window(first=31, steps=6)
        Clock(steps=6, step_hours=1.0, start_hour=6.0, weekday=5, start=None)
        """
        passed = self.start_hour + (first - 1) * self.step_hours
        days = int(passed // HOURS_OF_A_DAY)
        weekday = None if self.weekday is None else (self.weekday + days) % DAYS_OF_A_WEEK
        hour = passed % HOURS_OF_A_DAY
        start = later(self.start, (first - 1) * self.step_hours)
        return replace(self, steps=steps, start_hour=hour, weekday=weekday, start=start)

    @property
    def _hours_since_midnight(self) -> np.ndarray:
        """Hours from the midnight before the first step to the beginning of each step."""
        since = self.start_hour + self.step_hours * np.arange(self.steps)
        return np.round(since, 9)  # 0.1 + 0.2 h is 0.3 h


def later(moment: datetime | None, hours: float) -> datetime | None:
    """A moment some hours on, in the same zone; None stays None.

    >>> from zoneinfo import ZoneInfo
    >>> eve = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin"))  # a day of 23 h
    >>> later(eve, 24.0).isoformat()
    '2026-03-30T01:00:00+02:00'
    """
    if moment is None:
        return None
    return (moment.astimezone(UTC) + timedelta(hours=hours)).astimezone(moment.tzinfo)


def start_faults(start: datetime | None, hour: float, weekday: int | None) -> list[str]:
    """A sentence if a first moment has no zone, or contradicts the hour and the weekday.

    >>> start_faults(datetime(2026, 3, 2, 6, tzinfo=UTC), 0.0, None)
    ['start: found 2026-03-02T06:00:00+00:00 beside start_hour = 0; allowed: the same time']
    """
    if start is None:
        return []
    if not isinstance(start, datetime) or start.tzinfo is None:
        return [f"start: found {start!r}; allowed: a day and a time with a zone"]
    there = timedelta(hours=start.hour, minutes=start.minute, seconds=start.second)
    apart = there / timedelta(hours=1) - hour
    around = HOURS_OF_A_DAY
    beside = f"start_hour = {hour:g}"
    if weekday is not None:
        apart += (start.weekday() - weekday) * HOURS_OF_A_DAY
        around *= DAYS_OF_A_WEEK
        beside += f" and weekday = {weekday}"
    if min(apart % around, -apart % around) <= PUT_BACK:
        return []
    return [f"start: found {start.isoformat()} beside {beside}; allowed: the same time"]
