"""Store of heat, mostly hot water. kW and kWh; injection is positive; arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vppcore.components.base import kind
from vppcore.components.stores import Store


@kind("heat_store")
@dataclass(frozen=True, eq=False, kw_only=True)
class HeatStore(Store):
    r"""Tank of hot water or another store of heat, with the equations of a battery:

    $$E_t = (1-\sigma)^\Delta E_{t-1} + \Delta(\eta^c P^c_t - P^d_t/\eta^d),\quad E_0 = E_T,\quad
      E_{min}\le E_t\le E_{max}$$
    in heat. The standing loss is the share $\sigma$ per hour of what is stored above `energy_min`
    and below it alike: the energies count from the temperature at which nothing is lost. The tank
    is well mixed and its temperature does not limit who may feed it. In neither paper.

    >>> tank = HeatStore(
    ...     energy_min=0, energy_max=12, energy_start=6, charge_max=8, discharge_max=8,
    ...     self_discharge=0.01,
    ... )
    >>> sorted(tank.model(steps=24).inject)
    ['heat']
    """

    carrier: ClassVar[str] = "heat"
