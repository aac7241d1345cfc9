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


@kind("battery")
@dataclass(frozen=True, eq=False, kw_only=True)
class Battery(Component):
    r"""Battery, paper A section 2.2.2:

    $$E_t = (1-\sigma)^\Delta E_{t-1} + \Delta(\eta^c P^c_t - P^d_t/\eta^d),\quad E_0 = E_T,\quad
      E_{min}\le E_t\le E_{max}$$
    Charge and discharge exclude each other. `exclusive=0` relaxes this (a linear problem) and has every result
    checked; `exclusive=1` adds one binary per step.
    """

    role: ClassVar[str] = "store"

    energy_min: float = parameter("kWh", "smallest stored energy")
    energy_max: float = parameter("kWh", "largest stored energy")
    energy_start: float = parameter(
        "kWh", "stored energy at the start and at the end of the horizon"
    )
    charge_max: float = parameter("kW", "largest charging power", by_step=True)
    discharge_max: float = parameter("kW", "largest discharging power", by_step=True)
    charge_efficiency: float = parameter("-", "charging efficiency", 1.0, 0.01, 1.0)
    discharge_efficiency: float = parameter("-", "discharging efficiency", 1.0, 0.01, 1.0)
    self_discharge: float = parameter(
        "-", "energy lost per hour, share of the stored energy", 0.0, 0.0, 1.0
    )
    wear_cost: float = parameter(
        "yuan/kWh", "degradation cost per kWh charged and per kWh discharged", 0.0
    )
    wear_cost_quadratic: float = parameter(
        "yuan/kW2h", "degradation cost that grows with the power", 0.0
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

    def power_limits(self, step_hours: float) -> tuple:
        """Largest charge and discharge, kW: the ratings, or what the energy limits leave where those are infinite."""
        room = (
            self.energy_max - (1 - self.self_discharge) ** step_hours * self.energy_min
        ) / step_hours
        return (
            np.where(np.isinf(self.charge_max), room / self.charge_efficiency, self.charge_max),
            np.where(
                np.isinf(self.discharge_max), room * self.discharge_efficiency, self.discharge_max
            ),
        )

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        charge_most, discharge_most = self.power_limits(step_hours)
        charge = bounded(steps, 0, self.charge_max)
        discharge = bounded(steps, 0, self.discharge_max)
        energy = bounded(steps + 1, self.energy_min, self.energy_max)
        stored = step_hours * (
            self.charge_efficiency * charge - discharge / self.discharge_efficiency
        )
        constraints = [
            energy[1:] == (1 - self.self_discharge) ** step_hours * energy[:-1] + stored,  # A 2.2.2
            energy[0] == self.energy_start,
            energy[steps] == self.energy_start,
        ]
        limits = Exclusive("charge", "discharge", charge_most, discharge_most, bool(self.exclusive))
        idle = max(np.max(charge_most), np.max(discharge_most)) == 0
        wear = self.wear_cost * cp.sum(charge + discharge)  # A 2.4-3
        if self.wear_cost_quadratic:
            wear = wear + self.wear_cost_quadratic * (
                cp.sum_squares(charge) + cp.sum_squares(discharge)
            )  # B 2.4
        return Part(
            inject={"electricity": discharge - charge},
            cost={"battery wear": step_hours * wear},
            constraints=constraints,
            series={"charge": charge, "discharge": discharge, "energy": energy[1:]},
            exclusive=[] if idle else [limits],
        )
