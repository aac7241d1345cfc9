"""A VPP is a bag of components that balances its carriers; `build` states its problem.

kW, kWh, yuan; injection is positive into the VPP's bus; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import cvxpy as cp

from vppcore.components import CARRIERS, Component, Part
from vppcore.components.base import Exclusive
from vppcore.errors import WrongInput

AnyComponent = TypeVar("AnyComponent", bound=Component)


@dataclass(frozen=True, eq=False)
class VPP:
    """A virtual power plant.

    name: how it is called in results.
    components: what it consists of, with different names.
    steps: number of time steps of the horizon.
    step_hours: length of a time step, h.
    """

    name: str
    components: tuple[Component, ...]
    steps: int = 24
    step_hours: float = 1.0

    def __post_init__(self):
        faults = [
            f"{self.name}: two components named {name}; allowed: different labels"
            for name in self._twice()
        ]
        for component in self.components:
            for fault in (*component.out_of_range(), *component.faults()):
                faults.append(f"{self.name}, {component.name}: {fault}")
        if faults:
            raise WrongInput(*faults)

    def _twice(self) -> list[str]:
        names = [component.name for component in self.components]
        return [name for name in dict.fromkeys(names) if names.count(name) > 1]

    def of(self, kind: type[AnyComponent]) -> tuple[AnyComponent, ...]:
        """The components of a class, e.g. `vpp.of(Grid)`."""
        return tuple(component for component in self.components if isinstance(component, kind))

    def with_role(self, *roles: str) -> tuple[Component, ...]:
        """The components that play one of these roles, e.g. `vpp.with_role("load")`."""
        return tuple(component for component in self.components if component.role in roles)

    def component(self, name: str) -> Component:
        """The component of this name. Raises WrongInput, naming those there are, if it is absent."""
        for component in self.components:
            if component.name == name:
                return component
        there = ", ".join(component.name for component in self.components)
        raise WrongInput(f"{self.name}: no component {name!r}; there are {there}")

    def change(self, name: str, **changes) -> VPP:
        """The same VPP with some numbers of one component replaced, e.g. `vpp.change("battery", charge_max=800)`."""
        before = self.component(name)
        after = replace(before, **changes)
        components = tuple(
            after if component is before else component for component in self.components
        )
        return replace(self, components=components)

    def adding(self, *components: Component) -> VPP:
        """The same VPP with more components."""
        return replace(self, components=(*self.components, *components))


@dataclass(frozen=True, eq=False)
class Pair:
    """Two flows of a built component that must not run in the same step; see `Exclusive`, whose limits `limits` holds."""

    component: str
    one: cp.Expression
    other: cp.Expression
    limits: Exclusive


@dataclass
class Model:
    """The optimisation problem of one VPP before it is solved, or as a piece of a larger one.

    vpp: whose problem it is.
    parts: component -> its part.
    balances: carrier -> the row that makes all injections add up to zero.
    cost: yuan over the horizon.
    constraints: all rows, balances included; without binaries.
    """

    vpp: VPP
    parts: dict[str, Part]
    balances: dict[str, cp.Constraint]
    cost: cp.Expression
    constraints: list

    def trades(self) -> dict[str, cp.Expression]:
        """Partner -> expected trade `(steps,)` in kW, positive: received; empty without a tie."""
        flows = {}
        for part in self.parts.values():
            if part.trade is not None:
                flows |= part.series
        return flows

    def pairs(self) -> list[Pair]:
        """The flows that must not run at once, of all components."""
        return [
            Pair(name, part.series[limits.one], part.series[limits.other], limits)
            for name, part in self.parts.items()
            for limits in part.exclusive
        ]


def build(vpp: VPP) -> Model:
    """States the problem of a VPP: its components' parts and one balance for each carrier in use."""
    parts = {
        component.name: component.model(vpp.steps, vpp.step_hours) for component in vpp.components
    }
    balances = {}
    for carrier in CARRIERS:
        flows = [part.inject[carrier] for part in parts.values() if carrier in part.inject]
        if flows:
            balances[carrier] = sum(flows) == 0  # A section 2.5
    cost = total(term for part in parts.values() for term in part.cost.values())  # A section 2.4
    constraints = [row for part in parts.values() for row in part.constraints]
    return Model(vpp, parts, balances, cost, [*constraints, *balances.values()])


def total(terms: Iterable[cp.Expression]) -> cp.Expression:
    """The sum of scalar expressions, an expression also where there are none."""
    return sum(terms, cp.Constant(0.0))
