"""Load that runs in one piece and may wait: a dishwasher, a batch, a pump.

kW; injection is positive, so the load injects its negative; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Exclusive, Part, bounded, kind, parameter
from vppcore.components.clock import HOURS_OF_A_DAY, Clock
from vppcore.components.days import Daily, runs, whole_steps


@kind("deferrable_load")
@dataclass(frozen=True, eq=False, kw_only=True)
class DeferrableLoad(Component):
    r"""A run of $T^{run}$ steps at the power $P^{run}$, to be placed in a window of each day:

    $$P_t=P^{run}\sum_{k=0}^{T^{run}-1}u^{run}_{t-k},\qquad
      \sum_{t\in\text{window}}u^{run}_t=1,\qquad u^{run}_t\in\{0,1\}$$
    where $u^{run}_t$ says that it starts with step t. To start and not to start exclude each other
    as charge and discharge do: relaxed first, and by binaries where the cheapest schedule splits a
    run. A textbook's, in neither paper.

    The window is `earliest` to `latest` of each day, over midnight where `latest` is the smaller;
    the last step of a run lies in it too. A window that the horizon cuts off at its start and one
    that it cuts off at its end count as one; one cut off alone counts where there is no other.

    >>> washer = DeferrableLoad(power=2.0, duration=1.5, earliest=20.0, latest=6.0)
    >>> evening = Clock(steps=24, step_hours=0.5, start_hour=19.0)
    >>> [starts.tolist()[:3] for starts in washer.starts(evening)]
    [[2, 3, 4]]
    """

    role: ClassVar[str] = "load"

    power: float = parameter("kW", "power while it runs", infinite=False, symbol="P^{run}")
    duration: float = parameter(
        "h", "length of a run", above=True, infinite=False, symbol="T^{run}"
    )
    earliest: float = parameter(
        "h", "hour of the day from which it may run", 0.0, high=HOURS_OF_A_DAY
    )
    latest: float = parameter(
        "h", "hour of the day by which a run must have ended", 24.0, high=HOURS_OF_A_DAY
    )

    @property
    def window_of_a_day(self) -> Daily:
        """The hours of each day in which it may run."""
        return Daily(self.earliest, self.latest)

    def faults(self) -> list[str]:
        """A sentence if a run is longer than its window."""
        hours = self.window_of_a_day.hours
        if self.duration <= hours:
            return []
        return [
            f"duration: found {self.duration:g} h, longer than the {hours:g} h from earliest = "
            f"{self.earliest:g} to latest = {self.latest:g}; allowed: a run that fits"
        ]

    def faults_at(self, clock: Clock) -> list[str]:
        """A sentence if whole steps leave no room for a run in one of the windows."""
        if all(len(starts) for starts in self.starts(clock)):
            return []
        steps = whole_steps(self.duration, clock.step_hours)
        return [
            f"duration: found {self.duration:g} h, which are {steps} steps of "
            f"{clock.step_hours:g} h, and no window of this horizon has so many in one piece; "
            "allowed: a run that fits"
        ]

    def starts(self, clock: Clock) -> list[np.ndarray]:
        """The steps with which a run may start, as places from 0, for each window of a clock."""
        steps = whole_steps(self.duration, clock.step_hours)
        starts = []
        for places in self.window_of_a_day.stays(clock, steps):
            inside = np.zeros(clock.steps + steps, bool)
            inside[places] = True
            first = [place for place in places if inside[place : place + steps].all()]
            starts.append(np.array(first, int))
        return starts

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """As `model_at` for a horizon that begins at midnight."""
        return self.model_at(Clock(steps, step_hours))

    def model_at(self, clock: Clock) -> Part:
        windows = self.starts(clock)
        may = np.zeros(clock.steps)
        for starts in windows:
            may[starts] = 1.0
        start = bounded(clock.steps, 0, may)
        no_start = bounded(clock.steps, 0, 1)
        running = runs(clock.steps, whole_steps(self.duration, clock.step_hours)) @ start
        power = self.power * running
        once = [cp.sum(start[starts]) == 1 for starts in windows]
        exclusive = Exclusive("start", "no start", 1.0, 1.0, where=may > 0, states=True)
        return Part(
            inject={"electricity": -power},
            constraints=[start + no_start == 1, *once],
            series={"power": power, "start": start, "no start": no_start},
            exclusive=[exclusive] if may.any() else [],
        )
