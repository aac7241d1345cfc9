"""Battery storage. kW and kWh; injection is positive (discharge); arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp

from vppcore.components.base import kind, parameter
from vppcore.components.stores import Store


@kind("battery")
@dataclass(frozen=True, eq=False, kw_only=True)
class Battery(Store):
    r"""Battery, paper A section 2.2.2:

    $$E_t = (1-\sigma)^\Delta E_{t-1} + \Delta(\eta^c P^c_t - P^d_t/\eta^d),\quad E_0 = E_T,\quad
      E_{min}\le E_t\le E_{max}$$
    Charge and discharge exclude each other. `exclusive=0` relaxes this (a linear problem) and has
    every result checked; `exclusive=1` adds one binary per step. `end` and `end_value` say what
    else the energy at the end may be than that at the start, `availability` when it may be used.

    >>> battery = Battery(
    ...     energy_min=0, energy_max=10, energy_start=5, charge_max=4, discharge_max=4,
    ...     charge_efficiency=0.9,
    ... )
    >>> sorted(battery.model(steps=24).series)
    ['charge', 'discharge', 'energy']
    """

    wear_cost: float = parameter(
        "yuan/kWh",
        "degradation cost per kWh charged and per kWh discharged",
        0.0,
        symbol=r"\kappa",
    )
    wear_cost_quadratic: float = parameter(
        "yuan/kW2h", "degradation cost that grows with the power", 0.0, symbol=r"\kappa_2"
    )

    @property
    def wears(self) -> bool:
        """True if each kWh that passes through it costs something."""
        return self.wear_cost > 0 or self.wear_cost_quadratic > 0

    def wear(self, charge: cp.Variable, discharge: cp.Variable, step_hours: float) -> cp.Expression:
        """Cost of degradation over the horizon, yuan."""
        wear = self.wear_cost * cp.sum(charge + discharge)  # A 2.4-3
        if self.wear_cost_quadratic:
            squares = cp.sum_squares(charge) + cp.sum_squares(discharge)
            wear = wear + self.wear_cost_quadratic * squares  # B 2.4
        return step_hours * wear
