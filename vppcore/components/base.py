"""What every component is: data plus its physics.

Units everywhere inside vppcore: kW, kWh, yuan, kg of CO2; a step lasts `step_hours`.
Sign everywhere: an injection is positive INTO the VPP's bus. Arrays are `(steps,)`.
Carriers are "electricity", "heat" and "gas" (all kW) and "carbon" (kg/h: emission positive, quota negative).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import cvxpy as cp
import numpy as np

from vppcore.parameters import RULE, Rule, is_profile, parameter, profile

__all__ = ["parameter", "profile"]  # declared in vppcore.parameters, used by every component

CARRIERS = ("electricity", "heat", "gas", "carbon")
CARRIER_UNITS = {"electricity": "kW", "heat": "kW", "gas": "kW", "carbon": "kg/h"}
ROLES = {
    "load": "what must be served; injects its negative",
    "renewable": "a plant whose output depends on the weather and may be curtailed",
    "unit": "a plant that makes or converts",
    "store": "takes now and gives later",
    "grid": "the connection to the upper grid, at its prices",
    "supply": "a network that sells a fuel",
    "carbon market": "where the carbon account is settled",
    "trade": "exchange with other VPPs",
    "terms": "takes no part in the schedule",
}


@dataclass(frozen=True)
class Exclusive:
    """Two flows of a component that must not run in the same step.

    one, other: their names in `Part.series`.
    one_max, other_max: their largest values, kW, a number or `(steps,)`; infinite where there is no limit.
    required: True if the flows would run at once without end or by the reader's wish, so that binaries are needed from the
    start; False if a schedule is solved without them first and checked afterwards.
    """

    one: str
    other: str
    one_max: Any
    other_max: Any
    required: bool = False


@dataclass
class Part:
    """What a component contributes to its VPP's optimisation problem.

    inject: carrier -> affine expression `(steps,)`, positive into the bus.
    cost: label -> convex scalar expression, yuan over the horizon.
    constraints: cvxpy rows.
    series: name -> expression `(steps,)` reported in results (kW; stored energy in kWh).
    exclusive: pairs of flows that must not run at once; every result is checked for them, every exact solve excludes them.
    trade: the expected trades `(steps, partners)`, of a tie only.
    """

    inject: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)
    constraints: list = field(default_factory=list)
    series: dict[str, Any] = field(default_factory=dict)
    exclusive: list[Exclusive] = field(default_factory=list)
    trade: Any = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Component:
    """Base of all components.

    label: tells two of one kind apart and names the part in results.
    role: what results, figures and markets need to know of it (ROLES), so that nobody asks for a class or a name.
    """

    role: ClassVar[str] = "unit"

    label: str = ""

    @property
    def kind(self) -> str:
        """The name used in units.csv, e.g. "battery"; the class's own name for one that files cannot have."""
        return KIND_OF.get(type(self), type(self).__name__.lower())

    @property
    def name(self) -> str:
        """Label if there is one, else the kind, e.g. "wind" or "battery"."""
        return self.label or self.kind

    @property
    def uncertain_series(self) -> str:
        """The series of an uncertainty budget that this component follows ("load", "heat", "wind"); empty for none."""
        return ""

    def out_of_range(self) -> list[str]:
        """Sentences about numbers outside their allowed range, or infinite where that has no meaning."""
        faults = []
        for declared in fields(self):
            if RULE in declared.metadata and not is_profile(declared):
                rule = declared.metadata[RULE]
                faults += outside(
                    declared.name, np.asarray(getattr(self, declared.name), float), rule
                )
        return faults

    def faults(self) -> list[str]:
        """Sentences about numbers that contradict each other; empty when the data are sound."""
        return []

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """The component's equations for `steps` steps of `step_hours` hours."""
        raise NotImplementedError


def outside(name: str, values: np.ndarray, rule: Rule) -> list[str]:
    """A sentence if one of the values of a number is not allowed; empty if all are."""
    if np.isnan(values).any():
        return [f"{name}: found nan; allowed: a number"]
    if np.isinf(values).any() and not rule.infinite:
        return [f"{name}: found {values.max():g} {rule.unit}; allowed: a finite number"]
    if (values < rule.low).any() or (values > rule.high).any():
        limits = (
            f"{rule.low:g} or more" if np.isinf(rule.high) else f"{rule.low:g} to {rule.high:g}"
        )
        worst = values.min() if (values < rule.low).any() else values.max()
        return [f"{name}: found {worst:g} {rule.unit}; allowed: {limits}"]
    return []


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
