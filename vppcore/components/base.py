"""What every component is: data plus its physics.

Units everywhere inside vppcore: kW, kWh, yuan, kg of CO2; a step lasts `step_hours`.
Sign everywhere: an injection is positive INTO the VPP's bus. Arrays are `(steps,)`.
Carriers are "electricity", "heat" and "gas" (all kW) and "carbon" (kg/h: emission positive, quota
negative).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, TypeVar

import cvxpy as cp
import numpy as np

from vppcore.components.clock import Clock
from vppcore.names import normalised
from vppcore.parameters import as_numbers, measured_faults, parameter, profile, rules_of

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
    "vent": "lets go what nobody takes",
    "carbon market": "where the carbon account is settled",
    "trade": "exchange with other VPPs",
    "terms": "takes no part in the schedule",
}


@dataclass(frozen=True)
class Exclusive:
    """Two flows of a component that must not run in the same step.

    one, other: their names in `Part.series` or `Part.totals`.
    one_max, other_max: their largest values, kW, a number or `(steps,)`; infinite where there is no
        limit.
    required: True if the flows would run at once without end or by the reader's wish, so that
        binaries are needed from the start; False if a schedule is solved without them first and
        checked afterwards.
    where: the steps in which they exclude each other, True for all or an array `(steps,)`.
    states: True for two states of one thing, as on and off, that add up to one: relaxed it is in
        between, and no lower bound on a cost is a schedule.
    in_order: True for the steps of a price that are to be filled one after the other. The first of
        the one and the last of the other, which may have no limit, then run only where all of their
        counterparts rest, and no reading of storage leaves the pair out.
    """

    one: str
    other: str
    one_max: Any
    other_max: Any
    required: bool = False
    where: Any = True
    in_order: bool = False
    states: bool = False


@dataclass
class Part:
    """What a component contributes to its VPP's optimisation problem.

    inject: carrier -> affine expression `(steps,)`, kW (carbon kg/h), positive into the bus.
    cost: label -> convex scalar expression, yuan over the horizon.
    constraints: cvxpy rows.
    series: name -> expression `(steps,)` reported in results (kW; stored energy in kWh).
    exclusive: pairs of flows that must not run at once; every result is checked for them, every
        exact solve excludes them.
    trade: the expected trades `(steps, partners)`, of a tie only.
    totals: name -> expression over the whole horizon, of any length, that no result by step has.
    """

    inject: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, Any] = field(default_factory=dict)
    constraints: list = field(default_factory=list)
    series: dict[str, Any] = field(default_factory=dict)
    exclusive: list[Exclusive] = field(default_factory=list)
    trade: Any = None
    totals: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class Component:
    """Base of all components.

    label: tells two of one kind apart and names the part in results.
    role: what results, figures and markets need to know of it (ROLES), so that nobody asks for a
        class or a name.

    A component states its equations in `model`. One that needs to know the time of day overrides
    `model_at` instead, which is given a `Clock`.
    """

    role: ClassVar[str] = "unit"

    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", normalised(self.label))
        for name, rule in rules_of(self).items():
            if rule.kind == "series" or rule.by_step:
                object.__setattr__(self, name, as_numbers(getattr(self, name)))

    @property
    def kind(self) -> str:
        """The name used in units.csv, e.g. "battery"; of a class without one, its own in words."""
        in_words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()
        return KIND_OF.get(type(self), in_words)

    @property
    def name(self) -> str:
        """Label if there is one, else the kind, e.g. "wind" or "battery"."""
        return self.label or self.kind

    @property
    def uncertain_series(self) -> str:
        """The series of an uncertainty budget that it follows ("load", "wind"); empty for none."""
        return ""

    def by_step(self) -> dict[str, np.ndarray]:
        """Name -> array `(steps,)` of all its series, and of its limits that differ by step."""
        arrays = {}
        for name, rule in rules_of(self).items():
            value = getattr(self, name)
            if np.ndim(value) > 0 and rule.kind in ("series", "number"):
                arrays[name] = value
        return arrays

    def window(self, first: int, steps: int) -> Self:
        """The same component in the `steps` steps that begin with step `first` (1 is the first)."""
        last = first - 1 + steps
        cut: dict[str, Any] = {
            name: values[first - 1 : last] for name, values in self.by_step().items()
        }
        return replace(self, **cut)

    def out_of_range(self, steps: int | None = None) -> list[str]:
        """Sentences about numbers and series that are not allowed; empty when all are.

        steps: how many numbers a series must have; None where that is not known yet.
        """
        faults = []
        for name, rule in rules_of(self).items():
            value = getattr(self, name)
            is_stated_later = isinstance(value, cp.Expression)  # an uncertain series
            if not is_stated_later:
                here = rule.given(getattr(self, rule.signed_if)) if rule.signed_if else rule
                faults += measured_faults(name, value, here, steps)
        return faults

    def faults(self) -> list[str]:
        """Sentences about numbers that contradict each other; empty when the data are sound."""
        return []

    def faults_at(self, clock: Clock) -> list[str]:
        """Sentences about numbers that cannot hold over the steps of a clock; empty if they can."""
        return []

    def faults_beside(self, components: tuple[Component, ...]) -> list[str]:
        """Sentences about what a component lacks among all components of its VPP."""
        return []

    def beside(self, components: tuple[Component, ...]) -> Component:
        """The component as it is beside the others of its VPP; mostly just itself."""
        return self

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """The component's equations for `steps` steps of `step_hours` hours."""
        raise NotImplementedError(f"{type(self).__name__} states neither model nor model_at")

    def model_at(self, clock: Clock) -> Part:
        """The component's equations for the steps of a clock."""
        return self.model(clock.steps, clock.step_hours)


KIND_OF: dict[type, str] = {}


AnyClass = TypeVar("AnyClass", bound=type)


def kind(name: str) -> Callable[[AnyClass], AnyClass]:
    """Class decorator that enters a component under the name used in units.csv."""

    def enter(component: AnyClass) -> AnyClass:
        KIND_OF[component] = name
        return component

    return enter


def expected_before(what: str, signed_if: str = "") -> Any:
    """A number by step that was expected the day before, kW; a field of a dataclass.

    what: is expected, "demand" or "output". signed_if: as in `parameter`.
    """
    return parameter(
        "kW",
        f"{what} that was expected the day before, in place of the forecast",
        None,
        infinite=False,
        none="the forecast",
        by_step=True,
        signed_if=signed_if,
    )


def bounded(steps: int, low: Any, high: Any) -> cp.Variable:
    """A variable `(steps,)` within limits, each a number or an array.

    >>> bounded(2, 0, 5.0).bounds[1].tolist()
    [5.0, 5.0]
    """
    lowest = np.broadcast_to(low, (steps,))
    highest = np.broadcast_to(high, (steps,))
    return cp.Variable(steps, bounds=[lowest, highest])


def minimum_above_maximum(component: Component, *pairs: tuple[str, str]) -> list[str]:
    """One sentence for each (smallest, largest) pair of fields that is the wrong way round."""
    faults = []
    for low, high in pairs:
        smallest = np.max(getattr(component, low))
        largest = np.min(getattr(component, high))
        if smallest > largest:
            faults.append(f"{low} = {smallest:g} is above {high} = {largest:g}")
    return faults
