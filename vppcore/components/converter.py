"""A plain converter of carriers, for what has no class of its own.

kW (carbon kg/h); injection is positive; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp

from vppcore.components.base import CARRIERS, Component, Part, bounded, kind, parameter

# carriers that a converter may take and give; its carbon is counted beside them
ENERGIES = tuple(carrier for carrier in CARRIERS if carrier != "carbon")


@kind("converter")
@dataclass(frozen=True, eq=False, kw_only=True)
class Converter(Component):
    r"""Turns carriers into others in fixed proportions to its throughput $P^{conv}_t$:

    $$0\le P^{conv}_t\le P^{conv}_{max}$$
    It takes $f^{in}P^{conv}_t$ and gives $f^{out}P^{conv}_t$, with factors of each carrier's own.
    An electrolyser takes 1 kWh of electricity and gives 0.65 of gas and 0.2 of heat; an electric
    heater, a fuel cell and a gas engine with heat are others. In neither paper.

    >>> electrolyser = Converter(
    ...     label="electrolyser", throughput_max=50.0, electricity_in=1.0, gas_out=0.65,
    ...     heat_out=0.2,
    ... )
    >>> electrolyser.factors
    {'electricity': -1.0, 'heat': 0.2, 'gas': 0.65}
    """

    throughput_max: float = parameter(
        "kW", "largest throughput", symbol="P^{conv}_{max}", by_step=True
    )
    electricity_in: float = parameter(
        "-", "electricity taken per unit of throughput", 0.0, symbol="f^{in}"
    )
    heat_in: float = parameter("-", "heat taken per unit of throughput", 0.0, symbol="f^{in}")
    gas_in: float = parameter("-", "gas taken per unit of throughput", 0.0, symbol="f^{in}")
    electricity_out: float = parameter(
        "-", "electricity given per unit of throughput", 0.0, symbol="f^{out}"
    )
    heat_out: float = parameter("-", "heat given per unit of throughput", 0.0, symbol="f^{out}")
    gas_out: float = parameter("-", "gas given per unit of throughput", 0.0, symbol="f^{out}")
    operation_cost: float = parameter(
        "yuan/kWh", "operation cost per kWh of throughput", 0.0, symbol="b"
    )
    emission: float = parameter("kg/kWh", "CO2 per kWh of throughput", 0.0, symbol="e")
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh of throughput", 0.0, symbol="D")

    @property
    def factors(self) -> dict[str, float]:
        """Carrier -> what is given less what is taken per unit of throughput, where any is."""
        net = {}
        for carrier in ENERGIES:
            taken = getattr(self, f"{carrier}_in")
            given = getattr(self, f"{carrier}_out")
            if taken or given:
                net[carrier] = given - taken
        return net

    def faults(self) -> list[str]:
        """Sentences if nothing goes in or nothing comes out, or one carrier does both."""
        faults = []
        for way, words in (("in", "takes"), ("out", "gives")):
            names = [f"{carrier}_{way}" for carrier in ENERGIES]
            if not any(getattr(self, name) for name in names):
                faults.append(f"{names[0]}: found a converter that {words} nothing; allowed: "
                              f"at least one of {', '.join(names)} above 0")  # fmt: skip
        for carrier in ENERGIES:
            if getattr(self, f"{carrier}_in") and getattr(self, f"{carrier}_out"):
                faults.append(
                    f"{carrier}_in: found {carrier}_out beside it; allowed: one of both, the "
                    "balance of what is taken and given"
                )
        return faults

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        throughput = bounded(steps, 0, self.throughput_max)
        inject: dict[str, Any] = {
            carrier: factor * throughput for carrier, factor in self.factors.items()
        }
        carbon = self.emission - self.carbon_quota
        if carbon:
            inject["carbon"] = carbon * throughput
        return Part(
            inject=inject,
            cost={"operation": step_hours * self.operation_cost * cp.sum(throughput)},
            series={"throughput": throughput},
        )
