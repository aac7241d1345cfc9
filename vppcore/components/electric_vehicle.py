"""Electric vehicle. kW and kWh; injection is positive (feeding back); arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import kind, parameter
from vppcore.components.clock import HOURS_OF_A_DAY, Clock
from vppcore.components.days import Daily, length_of
from vppcore.components.stores import Store

# how often the days of a horizon are gone through, to see whether a car can be charged at all
ROUNDS = 3


@kind("electric_vehicle")
@dataclass(frozen=True, eq=False, kw_only=True)
class ElectricVehicle(Store):
    r"""Car that charges while it is plugged in and uses $E^{trip}$ on each trip:

    $$E_t = (1-\sigma)^\Delta E_{t-1} + \Delta(\eta^c P^c_t - P^d_t/\eta^d) - E^{trip}_t,\quad
      E_{min}\le E_t\le E_{max},\quad 0\le P^c_t\le f^{av}_tP^c_{max}$$
    with the equations of a battery that is away, and whose trips $E^{trip}_t$ are taken off as they
    begin, so that the car leaves with enough. It may feed back where `discharge_max` is above 0. In
    neither paper.

    When it is there is said by clock hours, `arrival` to `departure` of each day, or by a column
    `availability`; a trip then begins where that falls to 0, and the step before the first is the
    last. Without `energy_start` the schedule chooses how full it is at first; it ends as full.
    Trips that differ have a column `energy_needed` in place of the number: what the trip that
    begins in a step uses, and 0 in all steps in which none begins.

    >>> car = ElectricVehicle(
    ...     energy_max=50.0, energy_needed=8.0, arrival=18.0, departure=7.5, charge_max=11.0,
    ... )
    >>> noon = Clock(steps=24, start_hour=12.0)
    >>> car.there(noon)[5:8].tolist(), car.there(noon)[18:21].tolist()
    ([0.0, 1.0, 1.0], [1.0, 0.5, 0.0])
    >>> car.drawn(noon)[18:21].tolist()
    [0.0, 8.0, 0.0]
    """

    role: ClassVar[str] = "load"

    energy_min: float = parameter("kWh", "smallest stored energy", 0.0, symbol=r"E_{min}")
    energy_start: float | None = parameter(
        "kWh",
        "stored energy at the start",
        None,
        none="the schedule chooses it; it ends the same",
        symbol="E_0",
    )
    discharge_max: float = parameter(
        "kW", "largest power fed back; 0: none", 0.0, symbol=r"P^d_{max}", by_step=True
    )
    energy_needed: float = parameter(
        "kWh",
        "energy that a trip uses; by step that of the trip that begins in it",
        symbol=r"E^{trip}_t",
        by_step=True,
    )
    arrival: float | None = parameter(
        "h",
        "hour of the day at which it is plugged in",
        None,
        high=HOURS_OF_A_DAY,
        none="see availability",
    )
    departure: float | None = parameter(
        "h",
        "hour of the day at which it leaves",
        None,
        high=HOURS_OF_A_DAY,
        none="see availability",
    )
    wear_cost: float = parameter(
        "yuan/kWh",
        "degradation cost per kWh charged and per kWh discharged",
        0.0,
        symbol=r"\kappa",
    )

    def faults(self) -> list[str]:
        faults = super().faults()
        if self.energy_start is None and self.end != "same":
            faults.append(
                f"energy_start: found none with end = {self.end}; allowed: a number, or end = same"
            )
        if self.energy_start is None and self.energy_end is not None:
            faults.append("energy_end: found it without energy_start; allowed: both, or neither")
        if self.energy_min + self.most_drawn > self.energy_max:
            faults.append(
                f"energy_needed = {self.most_drawn:g} and energy_min = {self.energy_min:g} are "
                f"together above energy_max = {self.energy_max:g}"
            )
        return faults + self.faults_of_hours()

    def faults_of_hours(self) -> list[str]:
        """Sentences if it is not said when the car is there, or said twice."""
        hours = {name: getattr(self, name) for name in ("arrival", "departure")}
        given = [name for name, value in hours.items() if value is not None]
        by_column = np.ndim(self.availability) > 0
        if by_column and given:
            return [
                f"{given[0]}: found it and a column of availability; allowed: arrival and "
                "departure, or the column"
            ]
        if not by_column and len(given) < 2:
            there = f"only {given[0]}" if given else "no arrival and no departure"
            return [
                f"arrival: found {there}, and no column of availability; allowed: arrival and "
                "departure, or the column"
            ]
        if not by_column and self.arrival == self.departure:
            return [
                f"arrival: found {self.arrival:g} h, which is departure, too; allowed: two hours"
            ]
        return []

    def faults_at(self, clock: Clock) -> list[str]:
        """Sentences on energy for no trip, or on too little charging for the trips."""
        return self.faults_of_trips(clock) or self.faults_of_charging(clock)

    def faults_of_trips(self, clock: Clock) -> list[str]:
        """A sentence if a column asks for energy in a step in which no trip begins."""
        if np.ndim(self.energy_needed) == 0:
            return []
        wanted = np.asarray(self.energy_needed, float)
        idle = np.flatnonzero((wanted > 0) & (self.trips(clock) == 0))
        if not idle.size:
            return []
        return [
            f"energy_needed: found {wanted[idle[0]]:g} kWh in step {idle[0] + 1}, in which no trip "
            "begins; allowed: energy in the steps in which the car leaves, 0 in all others"
        ]

    def faults_of_charging(self, clock: Clock) -> list[str]:
        """A sentence if even charging all it can leaves too little for a trip."""
        energy = self.energy_max if self.energy_start is None else self.energy_start
        chosen = self.energy_start is None
        noise = 1e-9 * self.energy_max
        for _ in range(ROUNDS if chosen else 1):
            begin = energy
            lowest, energy = self.charged_at_most(clock, begin)
            if lowest < self.energy_min - noise:
                return [self.too_little(f"leaves {max(lowest, 0.0):.3g} kWh after a trip")]
        name = "energy_start" if self.energy_end is None else "energy_end"
        wanted = begin if self.energy_end is None else self.energy_end
        if not chosen and self.end != "free" and energy < wanted - noise:
            return [self.too_little(f"reaches {energy:.3g} kWh at the end, below {name}")]
        return []

    def too_little(self, found: str) -> str:
        """The sentence about a car that cannot be charged enough."""
        return (
            f"energy_needed: found {self.energy_said} kWh a trip, for which charging at up to "
            f"charge_max = {np.max(self.charge_max):g} kW while it is there {found}; allowed: less "
            "energy_needed, or more charge_max or hours"
        )

    @property
    def energy_said(self) -> str:
        """The energy of a trip in words: a number, or the largest of several."""
        if np.ndim(self.energy_needed) == 0:
            return f"{self.energy_needed:g}"
        return f"up to {self.most_drawn:g}"

    @property
    def is_by_column(self) -> bool:
        """True where a column says when the car is there."""
        return np.ndim(self.availability) > 0

    def there(self, clock: Clock) -> Any:
        """Share of each step in which it is plugged in, `(steps,)`."""
        if self.is_by_column:
            return self.availability
        return float(self.availability) * self.at_home.share(clock)

    @property
    def at_home(self) -> Daily:
        """The hours of each day in which it is plugged in."""
        return Daily(float(self.arrival or 0.0), float(self.departure or 0.0))

    def drawn(self, clock: Clock) -> np.ndarray:
        """Energy of the trips that begin in each step, kWh `(steps,)`."""
        return self.energy_needed * self.trips(clock)

    def trips(self, clock: Clock) -> np.ndarray:
        """How many trips begin in each step, `(steps,)`."""
        if self.is_by_column:
            away = np.asarray(self.availability, float) == 0
            return (away & ~np.roll(away, 1)).astype(float)
        begun = np.zeros(clock.steps)
        away = Daily(float(self.departure or 0.0), float(self.arrival or 0.0))
        begins = away.begins(clock)
        begins = begins[(begins > -1e-9) & (begins < length_of(clock) - 1e-9)]
        np.add.at(begun, np.floor(begins / clock.step_hours + 1e-9).astype(int), 1.0)
        return begun

    @property
    def most_drawn(self) -> float:
        """The most that is drawn for its own use within a step, kWh: one trip."""
        return float(np.max(self.energy_needed))

    @property
    def wears(self) -> bool:
        """True if each kWh that passes through it costs something."""
        return self.wear_cost > 0

    def wear(self, charge: cp.Variable, discharge: cp.Variable, step_hours: float) -> cp.Expression:
        """Cost of degradation over the horizon, yuan."""
        return step_hours * self.wear_cost * cp.sum(charge + discharge)
