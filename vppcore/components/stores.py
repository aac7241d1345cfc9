"""What every store shares, whatever it stores: a battery, a tank of hot water, a car's battery.

kW and kWh; injection is positive (discharge); arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import (
    Component,
    Exclusive,
    Part,
    bounded,
    minimum_above_maximum,
    parameter,
)
from vppcore.components.clock import Clock
from vppcore.parameters import choice

# how full a store must be at the end of the horizon, compared with its start
ENDS = ("same", "at_least", "free")


@dataclass(frozen=True, eq=False, kw_only=True)
class Store(Component):
    r"""What batteries, heat stores and cars have in common, paper A section 2.2.2:

    $$E_t = (1-\sigma)^\Delta E_{t-1} + \Delta(\eta^c P^c_t - P^d_t/\eta^d) - E^{trip}_t,\quad
      E_{min}\le E_t\le E_{max}$$
    with charge and discharge up to the share $f^{av}_t$ of their limits, which exclude each other;
    only a car draws $E^{trip}_t$. At the end $E_T=E_0$ (`end="same"`), $E_T\ge E_0$ ("at_least"),
    or as the schedule likes ("free"), and each kWh more than at the start is worth $\pi^{end}$.
    The last two are a textbook's, in neither paper. With `energy_end` that takes the place of
    $E_0$ at the end, so that a store that begins a day half empty may be asked to end it full.

    carrier: what is stored.
    """

    role: ClassVar[str] = "store"
    carrier: ClassVar[str] = "electricity"

    energy_min: float = parameter("kWh", "smallest stored energy", symbol=r"E_{min}")
    energy_max: float = parameter("kWh", "largest stored energy", symbol=r"E_{max}")
    energy_start: float | None = parameter("kWh", "stored energy at the start", symbol="E_0")
    charge_max: float = parameter("kW", "largest charging power", symbol=r"P^c_{max}", by_step=True)
    discharge_max: float = parameter(
        "kW", "largest discharging power", symbol=r"P^d_{max}", by_step=True
    )
    charge_efficiency: float = parameter(
        "-", "charging efficiency", 1.0, 0.01, 1.0, symbol=r"\eta^c"
    )
    discharge_efficiency: float = parameter(
        "-", "discharging efficiency", 1.0, 0.01, 1.0, symbol=r"\eta^d"
    )
    self_discharge: float = parameter(
        "-", "energy lost per hour, share of the stored energy", 0.0, 0.0, 1.0, symbol=r"\sigma"
    )
    availability: float = parameter(
        "-",
        "share of the charging and discharging power that is there",
        1.0,
        0.0,
        1.0,
        symbol="f^{av}_t",
        by_step=True,
    )
    end: str = choice("stored energy at the end, compared with the start", ENDS, "same")
    energy_end: float | None = parameter(
        "kWh", "stored energy that `end` compares the end with", None, none="that at the start"
    )
    end_value: float = parameter(
        "yuan/kWh", "worth of each kWh that is stored at the end and was not at the start", 0.0,
        symbol=r"\pi^{end}",
    )  # fmt: skip
    exclusive: float = parameter(
        "-", "1: charge and discharge excluded by binaries; 0: relaxed", 0.0, 0.0, 1.0
    )

    # --- faults ---
    def faults(self) -> list[str]:
        pairs = [("energy_min", "energy_max")]
        if self.energy_start is not None:
            pairs += [("energy_min", "energy_start"), ("energy_start", "energy_max")]
        if self.energy_end is not None:
            pairs += [("energy_min", "energy_end"), ("energy_end", "energy_max")]
        return minimum_above_maximum(self, *pairs)

    def faults_at(self, clock: Clock) -> list[str]:
        """A sentence if even full charging cannot bring the energy back to where it started."""
        if self.energy_start is None:
            return []
        lowest, last = self.charged_at_most(clock, self.energy_start)
        noise = 1e-9 * self.energy_max
        must_return = self.end != "free"
        wanted = self.energy_start if self.energy_end is None else self.energy_end
        returns = last >= wanted - noise or not must_return
        if returns and lowest >= self.energy_min - noise:
            return []
        if self.energy_end is not None and lowest >= self.energy_min - noise:
            return [self.never_reached(last)]
        return [
            f"self_discharge = {self.self_discharge:g} loses more than charge_max = "
            f"{np.max(self.charge_max):g} kW puts back, so that energy_start = "
            f"{self.energy_start:g} kWh is never reached again; allowed: less self_discharge or "
            "energy_start, or more charge_max"
        ]

    def never_reached(self, last: float) -> str:
        """The sentence about an end that even full charging does not reach."""
        return (
            f"energy_end: found {self.energy_end:g} kWh, and charging all it can the store has "
            f"{last:.3g} kWh at the end; allowed: less energy_end, or more charge_max"
        )

    def charged_at_most(self, clock: Clock, start: float) -> tuple[float, float]:
        """(lowest, last) stored energy over a clock, kWh, if it charges all it can from `start`."""
        kept = self.kept(clock.step_hours)
        charge_max = limited(self.charge_max, self.there(clock))
        charged = clock.step_hours * self.charge_efficiency * charge_max
        charged = np.broadcast_to(charged, (clock.steps,))
        drawn = self.drawn(clock)
        energy = lowest = start
        for put, taken in zip(charged, drawn, strict=True):
            energy = min(kept * energy + put - taken, self.energy_max)
            lowest = min(lowest, energy)
        return lowest, energy

    # --- what differs from store to store ---
    def there(self, clock: Clock) -> Any:
        """Share of its power that is there, a number or `(steps,)`."""
        return self.availability

    def drawn(self, clock: Clock) -> np.ndarray:
        """Energy that is drawn for its own use, kWh `(steps,)`: none, but for a car."""
        return np.zeros(clock.steps)

    @property
    def most_drawn(self) -> float:
        """The most that is drawn for its own use within a step, kWh."""
        return 0.0

    def wear(self, charge: cp.Variable, discharge: cp.Variable, step_hours: float) -> Any:
        """Cost of degradation over the horizon, yuan; None where nothing wears."""
        return None

    # --- equations ---
    def kept(self, step_hours: float) -> float:
        """Share of the stored energy that is left after a step without charge and discharge."""
        return (1 - self.self_discharge) ** step_hours

    def power_limits(self, step_hours: float) -> tuple[np.ndarray, np.ndarray]:
        """Largest charge and discharge, kW: the ratings, or what the energy limits leave."""
        room = self.energy_max - self.kept(step_hours) * self.energy_min + self.most_drawn
        room /= step_hours
        charge_most = np.where(
            np.isinf(self.charge_max), room / self.charge_efficiency, self.charge_max
        )
        discharge_most = np.where(
            np.isinf(self.discharge_max), room * self.discharge_efficiency, self.discharge_max
        )
        return charge_most, discharge_most

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """As `model_at` for a horizon that begins at midnight."""
        return self.model_at(Clock(steps, step_hours))

    def model_at(self, clock: Clock) -> Part:
        there = self.there(clock)
        charge = bounded(clock.steps, 0, limited(self.charge_max, there))
        discharge = bounded(clock.steps, 0, limited(self.discharge_max, there))
        energy = bounded(clock.steps + 1, self.energy_min, self.energy_max)
        stored = clock.step_hours * (
            self.charge_efficiency * charge - discharge / self.discharge_efficiency
        )
        kept = self.kept(clock.step_hours)
        constraints = [
            energy[1:] == kept * energy[:-1] + stored - self.drawn(clock),  # A 2.2.2
            *self.from_start_to_end(energy),
        ]
        return Part(
            inject={self.carrier: discharge - charge},
            cost=self.costs(charge, discharge, energy, clock.step_hours),
            constraints=constraints,
            series=self.reported(charge, discharge) | {"energy": energy[1:]},
            exclusive=self.exclusive_flows(clock),
        )

    def from_start_to_end(self, energy: cp.Variable) -> list:
        """Rows for the first and the last of the stored energies `(steps + 1,)`."""
        first: Any = energy[0]
        last = energy[energy.shape[0] - 1]
        rows = []
        if self.energy_start is not None:
            rows.append(first == self.energy_start)
            first = self.energy_start
        if self.energy_end is not None:
            first = self.energy_end
        if self.end == "same":
            rows.append(last == first)
        elif self.end == "at_least":
            rows.append(last >= first)
        return rows

    def costs(
        self, charge: cp.Variable, discharge: cp.Variable, energy: cp.Variable, step_hours: float
    ) -> dict[str, Any]:
        """What wears, and what more is stored at the end, yuan by label."""
        costs = {}
        wear = self.wear(charge, discharge, step_hours)
        if wear is not None:
            costs["battery wear"] = wear
        if self.end_value:
            left = energy[energy.shape[0] - 1] - energy[0]
            costs["stored energy"] = -self.end_value * left
        return costs

    @property
    def wastes_nothing(self) -> bool:
        """True if it makes no difference whether charge and discharge run at once.

        Without losses and wear only their difference counts, so nothing needs to keep them apart.
        """
        lossless = self.charge_efficiency == 1 and self.discharge_efficiency == 1
        return lossless and not self.wears and not self.exclusive

    @property
    def wears(self) -> bool:
        """True if each kWh that passes through it costs something."""
        return False

    def reported(self, charge: cp.Variable, discharge: cp.Variable) -> dict[str, Any]:
        """Charge and discharge as results show them: never both at once where that wastes nothing,
        kW `(steps,)`."""
        if not self.wastes_nothing:
            return {"charge": charge, "discharge": discharge}
        net = charge - discharge
        return {"charge": cp.pos(net), "discharge": cp.pos(-net)}

    def exclusive_flows(self, clock: Clock) -> list[Exclusive]:
        """Charge and discharge exclude each other, unless that makes no difference.

        It makes none for a store without losses and without wear, or that has no power one way.
        """
        if self.wastes_nothing:
            return []
        there = self.there(clock)
        charge_most, discharge_most = (
            limited(most, there) for most in self.power_limits(clock.step_hours)
        )
        if np.max(discharge_most) == 0 or np.max(charge_most) == 0:
            return []
        by_wish = bool(self.exclusive)
        return [Exclusive("charge", "discharge", charge_most, discharge_most, by_wish)]


def limited(power: Any, share: Any) -> Any:
    """A limit on a power, kW, of which a share is there; each a number or `(steps,)`.

    >>> limited(float("inf"), np.array([1.0, 0.0])).tolist()
    [inf, 0.0]
    """
    limit = np.asarray(power, float)
    there = np.asarray(share, float)
    shape = np.broadcast_shapes(limit.shape, there.shape)
    nothing = np.broadcast_to(there == 0, shape)
    return np.multiply(limit, there, out=np.zeros(shape), where=~nothing)
