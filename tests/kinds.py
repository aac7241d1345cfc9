"""Components that a reader might write: a hot-water store, an electric vehicle, one that feeds back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components import Clock, Component, Part
from vppcore.components.base import Exclusive, bounded, parameter


@dataclass(frozen=True, eq=False, kw_only=True)
class HotWaterStore(Component):
    """Takes heat and gives it back; never both at once."""

    role: ClassVar[str] = "store"

    energy_max: float = parameter("kWh", "largest stored heat")
    power_max: float = parameter("kW", "largest heat in and out", np.inf)
    efficiency: float = parameter("-", "share of the heat that comes back", 1.0, 0.01, 1.0)
    exclusive: float = parameter("-", "1: by binaries from the start", 0.0, 0.0, 1.0)

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        into = bounded(steps, 0, self.power_max)
        out = bounded(steps, 0, self.power_max)
        stored = bounded(steps + 1, 0, self.energy_max)
        change = step_hours * (self.efficiency * into - out)
        limits = Exclusive("into", "out", self.power_max, self.power_max, bool(self.exclusive))
        return Part(
            inject={"heat": out - into},
            constraints=[stored[1:] == stored[:-1] + change, stored[0] == 0, stored[steps] == 0],
            series={"into": into, "out": out, "stored": stored[1:]},
            exclusive=[limits],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Vehicle(Component):
    """Charges while it is at home, and has its energy when it leaves; a weekday's rest at weekends."""

    role: ClassVar[str] = "load"

    power_max: float = parameter("kW", "largest charging power")
    energy: float = parameter("kWh", "energy of a day's drive")
    arrival: float = parameter("h", "hour of the day of arrival", high=24)
    departure: float = parameter("h", "hour of the day of departure", high=24)
    feeds_back: float = parameter("-", "1: may discharge too", 0.0, 0.0, 1.0)

    def model_at(self, clock: Clock) -> Part:
        at_home = (clock.hours >= self.arrival) | (clock.hours < self.departure)
        charge = bounded(clock.steps, 0, self.power_max * at_home)
        back = bounded(clock.steps, 0, self.power_max * at_home * self.feeds_back)
        taken = 0.9 * cp.sum(charge) - cp.sum(back)
        driven = float(clock.weekday is None or clock.weekdays[0] < 5)
        exclusive = [Exclusive("charge", "back", self.power_max, self.power_max)]
        return Part(
            inject={"electricity": back - charge},
            constraints=[clock.step_hours * taken == driven * self.energy],
            series={"charge": charge, "back": back},
            exclusive=exclusive if self.feeds_back else [],
        )
