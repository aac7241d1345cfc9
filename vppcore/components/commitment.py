"""Plants that may stand: on and off, starts, least times in each, and a least power while on.

kW, h, yuan; arrays are (steps,). The equations are those of Rajan and Takriti (2005): with starts
and stops beside on and off, and least times as sums over windows, the relaxed problem is as near to
the exact one as on and off alone allow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Exclusive, Part, bounded, parameter
from vppcore.components.days import runs, whole_steps


def power_before() -> Any:
    """How the power before the first step is declared, of every plant with a ramp."""
    return parameter(
        "kW", "power before the first step, from which it ramps", None, none="any power"
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class MayStand(Component):
    r"""What a plant needs that may stand; by default it runs all the time.

    With on $u^{on}_t$, starts $u^{up}_t$ and stops $u^{down}_t$, each 0 or 1,
    $$u^{on}_t-u^{on}_{t-1}=u^{up}_t-u^{down}_t,\quad
      P_{min}u^{on}_t\le P_t\le P_{max}u^{on}_t,\quad \text{cost } c^{up}\sum_t u^{up}_t$$
    $$\sum_{k=0}^{T^{up}-1}u^{up}_{t-k}\le u^{on}_t,\qquad
      \sum_{k=0}^{T^{down}-1}u^{down}_{t-k}\le 1-u^{on}_t$$
    On and off exclude each other as charge and discharge do: relaxed first, and by binaries where
    the cheapest schedule is half on.
    """

    power_min: float = parameter("kW", "smallest power", 0.0, symbol=r"P_{min}")
    power_max: float = parameter("kW", "largest power", symbol=r"P_{max}")
    ramp_max: float = parameter("kW/h", "largest change of power", np.inf, symbol="R")
    may_stand: float = parameter(
        "-", "1: may be switched off; 0: runs all the time", 0.0, 0.0, 1.0, whole=True
    )
    start_cost: float = parameter("yuan", "cost of a start", 0.0, symbol="c^{up}")
    up_hours: float = parameter(
        "h", "least time on after a start", 0.0, infinite=False, symbol="T^{up}"
    )
    down_hours: float = parameter(
        "h", "least time off after a stop", 0.0, infinite=False, symbol="T^{down}"
    )
    on_before: float | None = parameter(
        "-",
        "1: on before the first step; 0: off",
        None,
        high=1.0,
        whole=True,
        none="either, and the first step is no start",
    )
    hours_before: float = parameter("h", "how long it has been so before the first step", np.inf)
    power_before: float | None = power_before()

    def window(self, first: int, steps: int) -> Any:
        """As `Component.window`; what was before is not known of a window that begins later."""
        cut = super().window(first, steps)
        if first == 1:
            return cut
        return replace(cut, on_before=None, hours_before=np.inf, power_before=None)

    def faults(self) -> list[str]:
        """Sentences about numbers of starts and stops where the plant may not stand."""
        if self.may_stand:
            return []
        usual = {"start_cost": 0.0, "up_hours": 0.0, "down_hours": 0.0, "on_before": None}
        given = [name for name, value in usual.items() if getattr(self, name) != value]
        if not given:
            return []
        return [f"{given[0]}: found it without may_stand; allowed: with may_stand = 1"]

    @property
    def least_power(self) -> float:
        """The least that its power may be in a step, kW: 0 where it may stand."""
        return 0.0 if self.may_stand else self.power_min

    def committed(self, power: cp.Variable, step_hours: float) -> Committed:
        """Rows and costs of a plant that may stand, for its power, kW `(steps,)`."""
        return Committed(self, power, step_hours)


class Committed:
    """On and off of a plant that may stand, and what follows from them.

    on, off, start, stop: `(steps,)`, 0 to 1 each.
    """

    def __init__(self, plant: MayStand, power: cp.Variable, step_hours: float):
        steps = power.shape[0]
        self.plant = plant
        self.power = power
        self.step_hours = step_hours
        self.on = bounded(steps, 0, 1)
        self.off = bounded(steps, 0, 1)
        self.start = bounded(steps, 0, 1)
        self.stop = bounded(steps, 0, 1)

    @property
    def cost(self) -> cp.Expression:
        """Of all starts, yuan."""
        return self.plant.start_cost * cp.sum(self.start)

    def rows(self) -> list:
        """All rows: limits, starts and stops, least times, ramp."""
        plant = self.plant
        rows = [
            self.on + self.off == 1,
            self.power >= plant.power_min * self.on,
            self.power <= plant.power_max * self.on,
            *self.changes(),
            *self.least_times(),
            *self.held_from_before(),
            *self.ramps(),
        ]
        return rows

    def changes(self) -> list:
        """Starts and stops are what on changes by."""
        rows = []
        if self.on.shape[0] > 1:
            change = self.start[1:] - self.stop[1:]
            rows.append(self.on[1:] - self.on[:-1] == change)
        first = self.start[0] - self.stop[0]
        if self.plant.on_before is None:
            rows += [self.start[0] == 0, self.stop[0] == 0]
        else:
            rows.append(self.on[0] - self.plant.on_before == first)
        return rows

    def least_times(self) -> list:
        """Who started lately is on, and who stopped lately is off; one step at least."""
        steps = self.on.shape[0]
        from_start = since(steps, whole_steps(self.plant.up_hours, self.step_hours))
        from_stop = since(steps, whole_steps(self.plant.down_hours, self.step_hours))
        return [from_start @ self.start <= self.on, from_stop @ self.stop <= self.off]

    def held_from_before(self) -> list:
        """On or off as before, for the steps that the least time leaves of it."""
        plant = self.plant
        if plant.on_before is None or np.isinf(plant.hours_before):
            return []
        least = plant.up_hours if plant.on_before else plant.down_hours
        left = whole_steps(max(least - plant.hours_before, 0.0), self.step_hours)
        held = self.on if plant.on_before else self.off
        return [held[: min(left, held.shape[0])] == 1] if left else []

    def ramps(self) -> list:
        """Limits on the change of power; a start reaches the least power, a stop leaves it."""
        plant = self.plant
        if not np.isfinite(plant.ramp_max):
            return []
        ramp = plant.ramp_max * self.step_hours
        jump = max(plant.power_min, ramp)
        first = [self.power[0] <= jump] if plant.on_before == 0 else []
        if plant.on_before and plant.power_before is not None:
            first.append(self.power[0] - plant.power_before <= ramp)
            stopping = ramp * self.on[0] + jump * self.stop[0]
            first.append(plant.power_before - self.power[0] <= stopping)
        if self.on.shape[0] < 2:
            return first
        rise = self.power[1:] - self.power[:-1]
        return [
            *first,
            rise <= ramp * self.on[:-1] + jump * self.start[1:],
            -rise <= ramp * self.on[1:] + jump * self.stop[1:],
        ]

    def added_to(self, part: Part) -> Part:
        """A plant's part, with all this in it."""
        part.constraints += self.rows()
        if self.plant.start_cost:
            part.cost["starts"] = self.cost
        part.series |= {"on": self.on, "off": self.off, "start": self.start}
        part.exclusive.append(Exclusive("on", "off", 1.0, 1.0, states=True))
        return part


def since(steps: int, length: int) -> Any:
    """`(steps, steps)`: 1 where the step of the column is one of the last `length` up to that of
    the row; at least that step itself."""
    return runs(steps, max(length, 1))
