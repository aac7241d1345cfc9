"""What every component is: data plus its physics.

Units everywhere inside vppcore: kW, kWh, yuan, kg of CO2; a step lasts `step_hours`.
Sign everywhere: an injection is positive INTO the VPP's bus. Arrays are `(steps,)`.
Carriers are "electricity", "heat" and "gas" (all kW) and "carbon" (kg/h: emission positive, quota negative).
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any

import cvxpy as cp
import numpy as np

CARRIERS = ("electricity", "heat", "gas", "carbon")
CARRIER_UNITS = {"electricity": "kW", "heat": "kW", "gas": "kW", "carbon": "kg/h"}


@dataclass
class Part:
    """What a component contributes to its VPP's optimisation problem.

    inject: carrier -> affine expression `(steps,)`, positive into the bus.
    cost: label -> convex scalar expression, yuan over the horizon.
    series: name -> expression `(steps,)` reported in results (kW; stored energy in kWh).
    exclusive: (series, series, rating in kW): two flows of a battery that must not run at once; checked after every solve.
    trade: the expected trades `(steps, partners)`, of a tie only.
    """

    inject: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)
    constraints: list = field(default_factory=list)
    series: dict[str, Any] = field(default_factory=dict)
    exclusive: list[tuple[str, str, float]] = field(default_factory=list)
    trade: Any = None


def parameter(
    unit: str, text: str, default: Any = MISSING, low: float = 0.0, high: float = np.inf
) -> Any:
    """A number of a component with its unit, meaning and allowed range (read by the loader and the book)."""
    return field(default=default, metadata={"unit": unit, "text": text, "low": low, "high": high})


def profile(column: str, unit: str, text: str, low: float = 0.0) -> Any:
    """An hourly series of a component; `column` is the middle part of its name in series.csv."""
    return field(metadata={"column": column, "unit": unit, "text": text, "low": low})


@dataclass(frozen=True, eq=False, kw_only=True)
class Component:
    """Base of all components; `label` tells two of one kind apart and names the part in results."""

    label: str = ""

    @property
    def name(self) -> str:
        """Label if there is one, else the kind, e.g. "wind" or "battery"."""
        return self.label or KIND_OF[type(self)]

    def out_of_range(self) -> list[str]:
        """Sentences about numbers outside their allowed range, or infinite where that has no meaning."""
        found = []
        for f in fields(self):
            if "low" not in f.metadata or "column" in f.metadata:
                continue
            low, high, unit = f.metadata["low"], f.metadata["high"], f.metadata["unit"]
            value = np.asarray(getattr(self, f.name), float)
            if np.isnan(value).any():
                found.append(f"{f.name}: found nan; allowed: a number")
            elif np.isinf(value).any() and unit not in (
                "kW",
                "kW/h",
                "h",
            ):  # only limits on power and periods may be absent
                found.append(f"{f.name}: found {value.max():g} {unit}; allowed: a finite number")
            elif (value < low).any() or (value > high).any():
                ranges = f"{low:g} or more" if np.isinf(high) else f"{low:g} to {high:g}"
                found.append(
                    f"{f.name}: found {value.min() if (value < low).any() else value.max():g} {unit}; allowed: {ranges}"
                )
        return found

    def faults(self) -> list[str]:
        """Sentences about numbers that contradict each other; empty when the data are sound."""
        return []

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """The component's equations for `steps` steps of `step_hours` hours."""
        raise NotImplementedError


KIND_OF: dict[type, str] = {}


def kind(name: str):
    """Class decorator that enters a component under the name used in units.csv."""

    def enter(component: type) -> type:
        KIND_OF[component] = name
        return component

    return enter


def bounded(steps: int, low: Any, high: Any) -> cp.Variable:
    """A variable `(steps,)` within limits, each a number or an array."""
    return cp.Variable(
        steps, bounds=[np.broadcast_to(low, (steps,)), np.broadcast_to(high, (steps,))]
    )


def minimum_above_maximum(component: Component, *pairs: tuple[str, str]) -> list[str]:
    """One sentence for each (smallest, largest) pair of fields that is the wrong way round."""
    return [
        f"{low} = {getattr(component, low):g} is above {high} = {getattr(component, high):g}"
        for low, high in pairs
        if getattr(component, low) > getattr(component, high)
    ]
