"""What may go wrong: budgets of uncertain load, wind and sun (paper A section 2.3).

Budgets are hours and deviations shares of the forecast; prices are yuan/kWh.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vppcore.choices import HORIZON, PERIODS
from vppcore.errors import WrongInput
from vppcore.parameters import Rule, choice, parameter, rules_of

LIMITS = ("forecast", "actual")
READINGS = ("trades first", "own worst case first", "joint worst case")

LEVEL = Rule("number", "h", "hours that load and wind may deviate", low=0, whole=True)
BUDGET = Rule("number", "h", "hours of a series that may be hit", low=0)

# A budget is a whole number of steps up to this share of a step (hours such as 0.1 are not exact).
ROUNDING = 1e-6


@dataclass(frozen=True)
class Uncertainty:
    """What may go wrong.

    budgets: series -> hours that may be hit; a series is "load" (all electric loads of a VPP),
        "heat" or the name of a plant such as "wind". A VPP without the series is not hit.
    deviation: size of a hit as a share of the forecast: one number for all series, or
        series -> number.
    limits: demand response follows the "forecast" or the "actual" load.
    shed_price: yuan/kWh of what is missing; None follows the VPP: see `emergency.prices_of`.
    dump_price: yuan/kWh of what is too much; None follows the VPP, too.
    period: over which the hours of a budget are counted; of the calendar, and whole also where the
        horizon has a part of it.
    Raises WrongInput for numbers that make no sense.

    >>> doubt = Uncertainty({"load": 4, "pv": 2}, deviation={"load": 0.1, "pv": 0.15})
    >>> doubt.deviation_of("pv")
    0.15
    >>> doubt.steps_of("load", 0.25)  # four hours are 16 quarter hours
    16
    """

    budgets: Mapping[str, float]
    deviation: float | Mapping[str, float] = parameter(
        "-", "size of a deviation, share of the forecast", 0.2, high=1, below=True
    )
    limits: str = choice(
        "demand response follows the forecast or the actual load", LIMITS, "forecast"
    )
    shed_price: float | None = parameter(
        "yuan/kWh", "price of what is missing", None, above=True, none="follows the VPP"
    )
    dump_price: float | None = parameter(
        "yuan/kWh", "price of what is too much", None, none="follows the VPP"
    )
    period: str = choice("period over which the hours of a budget are counted", PERIODS, HORIZON)

    def __post_init__(self) -> None:
        faults = []
        for series, hours in self.budgets.items():
            if not BUDGET.admits(hours):
                faults.append(BUDGET.fault(f"budget of {series}", hours))
        for name, rule in rules_of(self).items():
            value = getattr(self, name)
            if name == "deviation" and isinstance(value, Mapping):
                faults += self._deviation_faults(value)
            elif not rule.admits(value):
                faults.append(rule.fault(name, value))
        if faults:
            raise WrongInput(*faults)

    def _deviation_faults(self, deviations: Mapping[str, float]) -> list[str]:
        """What is wrong with a deviation for each series."""
        rule = rules_of(Uncertainty)["deviation"]
        faults = []
        for series, share in deviations.items():
            if not rule.admits(share):
                faults.append(rule.fault(f"deviation of {series}", share))
        for series in self.budgets:
            if series not in deviations:
                given = ", ".join(deviations) or "none"
                faults.append(
                    f"deviation: found none of {series}; given: {given}; "
                    "allowed: one number, or one for each series with a budget"
                )
        return faults

    def deviation_of(self, series: str) -> float:
        """Size of a hit on a series, as a share of its forecast."""
        if isinstance(self.deviation, Mapping):
            return float(self.deviation[series])
        return float(self.deviation)

    def steps_of(self, series: str, step_hours: float) -> int:
        """The budget of a series in one period as a number of time steps of `step_hours` hours.

        Raises WrongInput if it is not a whole number of them.
        """
        hours = self.budgets.get(series, 0)
        steps = hours / step_hours
        if not math.isclose(steps, round(steps), abs_tol=ROUNDING):
            raise WrongInput(
                f"budget of {series}: found {hours:g} h, which is {steps:g} time steps of "
                f"{step_hours:g} h; allowed: multiples of {step_hours:g} h"
            )
        return round(steps)


def at_level(
    level: int,
    deviation: float | Mapping[str, float] = 0.2,
    series: tuple[str, ...] = ("load", "wind", "pv"),
    pv_share: float = 0.5,
    limits: str = "forecast",
    period: str = HORIZON,
    **prices: float | None,
) -> Uncertainty:
    """The budgets of an uncertainty level: `level` hours for each series, less for photovoltaics.

    level: whole hours that each series may be hit.
    deviation, limits, period, prices: as in `Uncertainty`.
    series: which series are uncertain.
    pv_share: the budget of "pv" as a share of the level, rounded down to whole hours.

    >>> at_level(12).budgets  # the paper's
    {'load': 12, 'wind': 12, 'pv': 6}
    """
    if not LEVEL.admits(level):
        raise WrongInput(LEVEL.fault("level", level))
    budgets = {}
    for name in series:
        budgets[name] = int(level * pv_share) if name == "pv" else int(level)
    return Uncertainty(budgets, deviation, limits, period=period, **prices)
