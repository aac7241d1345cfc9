"""When the steps of a horizon are: hour of the day and weekday, for components that must know.

Hours; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vppcore.errors import WrongInput
from vppcore.parameters import check, parameter

HOURS_OF_A_DAY = 24.0
DAYS_OF_A_WEEK = 7


@dataclass(frozen=True)
class Clock:
    """The steps of a horizon and when they begin.

    steps: number of time steps.
    step_hours: length of a time step, h.
    start_hour: hour of the day at which the first step begins; 0 is midnight.
    weekday: of the first step, 0 is Monday and 6 is Sunday; None if it is not known.
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

    def __post_init__(self):
        check(self)

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
        Clock(steps=6, step_hours=1.0, start_hour=6.0, weekday=5)
        """
        passed = self.start_hour + (first - 1) * self.step_hours
        days = int(passed // HOURS_OF_A_DAY)
        weekday = None if self.weekday is None else (self.weekday + days) % DAYS_OF_A_WEEK
        return replace(self, steps=steps, start_hour=passed % HOURS_OF_A_DAY, weekday=weekday)

    @property
    def _hours_since_midnight(self) -> np.ndarray:
        """Hours from the midnight before the first step to the beginning of each step."""
        since = self.start_hour + self.step_hours * np.arange(self.steps)
        return np.round(since, 9)  # 0.1 + 0.2 h is 0.3 h
