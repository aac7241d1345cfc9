"""Battery storage. kW and kWh; injection is positive (discharge); arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import (
    Component,
    Exclusive,
    Part,
    bounded,
    kind,
    minimum_above_maximum,
    parameter,
)
from vppcore.components.clock import Clock


@kind("battery")
@dataclass(frozen=True, eq=False, kw_only=True)
class Battery(Component):
    r"""Battery, paper A section 2.2.2:

    $$E_t = (1-\sigma)^\Delta E_{t-1} + \Delta(\eta^c P^c_t - P^d_t/\eta^d),\quad E_0 = E_T,\quad
      E_{min}\le E_t\le E_{max}$$
    Charge and discharge exclude each other. `exclusive=0` relaxes this (a linear problem) and has
    every result checked; `exclusive=1` adds one binary per step.

    >>> battery = Battery(
    ...     energy_min=0, energy_max=10, energy_start=5, charge_max=4, discharge_max=4,
    ...     charge_efficiency=0.9,
    ... )
    >>> sorted(battery.model(steps=24).series)
    ['charge', 'discharge', 'energy']
    """

    role: ClassVar[str] = "store"

    energy_min: float = parameter("kWh", "smallest stored energy", symbol=r"E_{min}")
    energy_max: float = parameter("kWh", "largest stored energy", symbol=r"E_{max}")
    energy_start: float = parameter(
        "kWh", "stored energy at the start and at the end of the horizon", symbol="E_0"
    )
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
    wear_cost: float = parameter(
        "yuan/kWh",
        "degradation cost per kWh charged and per kWh discharged",
        0.0,
        symbol=r"\kappa",
    )
    wear_cost_quadratic: float = parameter(
        "yuan/kW2h", "degradation cost that grows with the power", 0.0, symbol=r"\kappa_2"
    )
    exclusive: float = parameter(
        "-", "1: charge and discharge excluded by binaries; 0: relaxed", 0.0, 0.0, 1.0
    )

    def faults(self) -> list[str]:
        return minimum_above_maximum(
            self,
            ("energy_min", "energy_max"),
            ("energy_min", "energy_start"),
            ("energy_start", "energy_max"),
        )

    def faults_at(self, clock: Clock) -> list[str]:
        """A sentence if even full charging cannot bring the energy back to where it started."""
        kept = self.kept(clock.step_hours)
        charged = clock.step_hours * self.charge_efficiency * np.asarray(self.charge_max, float)
        energy = self.energy_start
        least = energy
        for stored in np.broadcast_to(charged, (clock.steps,)):
            energy = min(kept * energy + stored, self.energy_max)
            least = min(least, energy)
        noise = 1e-9 * self.energy_max
        if energy >= self.energy_start - noise and least >= self.energy_min - noise:
            return []
        return [
            f"self_discharge = {self.self_discharge:g} loses more than charge_max = "
            f"{np.max(self.charge_max):g} kW puts back, so that energy_start = "
            f"{self.energy_start:g} kWh is never reached again; allowed: less self_discharge or "
            "energy_start, or more charge_max"
        ]

    def kept(self, step_hours: float) -> float:
        """Share of the stored energy that is left after a step without charge and discharge."""
        return (1 - self.self_discharge) ** step_hours

    def power_limits(self, step_hours: float) -> tuple[np.ndarray, np.ndarray]:
        """Largest charge and discharge, kW: the ratings, or what the energy limits leave."""
        room = (self.energy_max - self.kept(step_hours) * self.energy_min) / step_hours
        charge_most = np.where(
            np.isinf(self.charge_max), room / self.charge_efficiency, self.charge_max
        )
        discharge_most = np.where(
            np.isinf(self.discharge_max), room * self.discharge_efficiency, self.discharge_max
        )
        return charge_most, discharge_most

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        charge = bounded(steps, 0, self.charge_max)
        discharge = bounded(steps, 0, self.discharge_max)
        energy = bounded(steps + 1, self.energy_min, self.energy_max)
        stored = step_hours * (
            self.charge_efficiency * charge - discharge / self.discharge_efficiency
        )
        kept = self.kept(step_hours)
        constraints = [
            energy[1:] == kept * energy[:-1] + stored,  # A 2.2.2
            energy[0] == self.energy_start,
            energy[steps] == self.energy_start,
        ]
        return Part(
            inject={"electricity": discharge - charge},
            cost={"battery wear": self.wear(charge, discharge, step_hours)},
            constraints=constraints,
            series={"charge": charge, "discharge": discharge, "energy": energy[1:]},
            exclusive=self.exclusive_flows(step_hours),
        )

    def wear(self, charge: cp.Variable, discharge: cp.Variable, step_hours: float) -> cp.Expression:
        """Cost of degradation over the horizon, yuan."""
        wear = self.wear_cost * cp.sum(charge + discharge)  # A 2.4-3
        if self.wear_cost_quadratic:
            squares = cp.sum_squares(charge) + cp.sum_squares(discharge)
            wear = wear + self.wear_cost_quadratic * squares  # B 2.4
        return step_hours * wear

    def exclusive_flows(self, step_hours: float) -> list[Exclusive]:
        """Charge and discharge exclude each other, unless the battery has no power at all."""
        charge_most, discharge_most = self.power_limits(step_hours)
        if max(np.max(charge_most), np.max(discharge_most)) == 0:
            return []
        by_wish = bool(self.exclusive)
        return [Exclusive("charge", "discharge", charge_most, discharge_most, by_wish)]
