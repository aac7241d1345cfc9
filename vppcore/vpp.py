"""A VPP is a bag of components that balances its carriers; `build` states its problem.

kW, kWh, yuan; injection is positive into the VPP's bus; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import cvxpy as cp
import numpy as np

from vppcore.carriers import balanced_flows, counterpart_faults, implied_vents
from vppcore.components import CarbonMarket, Clock, Component, ControllableLoad, Part
from vppcore.components.base import KIND_OF, Exclusive
from vppcore.components.clock import start_faults
from vppcore.errors import WrongInput
from vppcore.names import name_faults, normalised
from vppcore.parameters import rules_of

AnyComponent = TypeVar("AnyComponent", bound=Component)
# what passes a VPP's connection point is what components of these roles inject
CONNECTION = ("grid", "trade")


@dataclass(frozen=True, eq=False)
class VPP:
    """A virtual power plant.

    name: how it is called in results.
    components: what it consists of, with different names.
    steps: number of time steps of the horizon.
    step_hours: length of a time step, h.
    start_hour: hour of the day at which the first step begins; 0 is midnight.
    weekday: of the first step, 0 is Monday and 6 is Sunday; None if it is not known.
    start: when the first step begins, with its zone, by which days, weeks and months are counted;
        None if the date is not known.
    Raises WrongInput, with a sentence for each fault, where numbers, series or names make no sense
    and where a component lacks what it needs from the others.

    >>> from vppcore.components import ElectricLoad, Grid
    >>> house = VPP(
    ...     "Home",
    ...     (ElectricLoad(forecast=[3.0, 5.0]), Grid(buy_price=[0.5, 1.0], sell_price=[0, 0])),
    ...     steps=2,
    ... )
    >>> [component.name for component in house.with_role("load")]
    ['electric_load']
    >>> house.change("electric_load", forecast=[3.0])
    Traceback (most recent call last):
    vppcore.errors.WrongInput: Home, electric_load: forecast: found 1 number; allowed: 2, one for \
each step
    """

    name: str
    components: tuple[Component, ...]
    steps: int = 24
    step_hours: float = 1.0
    start_hour: float = 0.0
    weekday: int | None = None
    start: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", normalised(self.name))
        object.__setattr__(self, "components", tuple(self.components))
        faults = vpp_faults(self)
        if faults:
            raise WrongInput(*faults)
        object.__setattr__(self, "steps", int(self.steps))

    @property
    def clock(self) -> Clock:
        """Its steps and when they begin."""
        return Clock(self.steps, self.step_hours, self.start_hour, self.weekday, self.start)

    def of(self, kind: type[AnyComponent]) -> tuple[AnyComponent, ...]:
        """The components of a class, e.g. `vpp.of(Grid)`."""
        return tuple(component for component in self.components if isinstance(component, kind))

    def with_role(self, *roles: str) -> tuple[Component, ...]:
        """The components that play one of these roles, e.g. `vpp.with_role("load")`."""
        return tuple(component for component in self.components if component.role in roles)

    def component(self, name: str) -> Component:
        """The component of this name. Raises WrongInput, naming those there are, without one."""
        for component in self.components:
            if component.name == name:
                return component
        there = ", ".join(component.name for component in self.components)
        raise WrongInput(f"{self.name}: no component {name!r}; there are {there}")

    def change(self, name: str, **changes: Any) -> VPP:
        """The same VPP with some numbers of one component replaced.

        E.g. `vpp.change("battery", charge_max=800)`.
        """
        before = self.component(name)
        after = replace(before, **changes)
        components = [after if other is before else other for other in self.components]
        return replace(self, components=tuple(components))

    def adding(self, *components: Component) -> VPP:
        """The same VPP with more components."""
        return replace(self, components=(*self.components, *components))

    def window(self, first: int, steps: int) -> VPP:
        """The same VPP in the `steps` steps that begin with step `first` (1 is the first).

        Stores still end as full as they began. What was before its first step is not known of a
        window that begins later: a plant may be on or off there, from any power, and no peak has
        been paid for; days in a row (`vppcore.rolling`) carry all this on from the schedule of the
        day before. Raises WrongInput if these steps are not all there.
        """
        last = first - 1 + steps
        if not 1 <= first <= last <= self.steps:
            raise WrongInput(
                f"{self.name}: found steps {first} to {last}; allowed: within 1 to {self.steps}"
            )
        clock = self.clock.window(first, steps)
        return replace(
            self,
            components=tuple(component.window(first, steps) for component in self.components),
            steps=steps,
            start_hour=clock.start_hour,
            weekday=clock.weekday,
            start=clock.start,
        )


# --- faults ---------------------------------------------------------------------------------------
def vpp_faults(vpp: VPP) -> list[str]:
    """A sentence for each fault of a VPP, empty when it is sound; see `VPP`.

    What components lack from each other is only looked at where each of them is sound.
    """
    where = vpp.name if isinstance(vpp.name, str) and vpp.name else "vpp"
    faults = [f"{where}: {fault}" for fault in horizon_faults(vpp)]
    faults += name_faults(vpp.name, "vpp")
    faults += [f"{where}: {fault}" for fault in label_faults(vpp.components)]
    if faults:
        return faults
    for component in vpp.components:
        for fault in component_faults(component, vpp):
            faults.append(f"{where}, {component.name}: {fault}")
    if not faults:
        faults += [f"{where}: {fault}" for fault in counterpart_faults(vpp.components, vpp.clock)]
    return faults


def horizon_faults(vpp: VPP) -> list[str]:
    """Sentences about steps, step_hours, start_hour, weekday and start that make no sense."""
    faults = []
    for name, rule in rules_of(Clock).items():
        value = getattr(vpp, name)
        if not rule.admits(value):
            faults.append(rule.fault(name, value))
    return faults or start_faults(vpp.start, vpp.start_hour, vpp.weekday)


def label_faults(components: tuple[Component, ...]) -> list[str]:
    """Sentences about components that are none, and about names that cannot tell them apart."""
    strangers = [other for other in components if not isinstance(other, Component)]
    if strangers:
        return [f"component: found {strangers[0]!r}; allowed: a component"]
    faults = []
    for component in components:
        if component.label:
            faults += name_faults(component.label, "label")
        if component.label in set(KIND_OF.values()) - {component.kind}:
            faults.append(
                f"label: found {component.label!r} for a {component.kind}; "
                "allowed: a name that is not another kind of component"
            )
    names = [component.name for component in components]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            faults.append(f"two components named {name}; allowed: different labels")
    return faults


def component_faults(component: Component, vpp: VPP) -> list[str]:
    """Sentences about a component's numbers and series, alone, over time and beside others."""
    faults = component.out_of_range(vpp.steps)
    if not faults:
        faults = component.faults()
    if not faults:
        faults = component.faults_at(vpp.clock)
    if not faults:
        faults = component.faults_beside(vpp.components)
    return faults


def check_convex(vpp: VPP, where: str) -> None:
    """Raises WrongInput if a VPP's cost is not convex, for methods that rest on its being so.

    where: the method, in words.
    """
    for market in vpp.of(CarbonMarket):
        if not market.is_convex:
            raise WrongInput(
                f"{vpp.name}, {market.name}: reward_growth: found {market.reward_growth:g}; "
                f"allowed in {where}: 0, since a reward that rises makes the cost not convex "
                "(dispatch and pool solve it with binaries)"
            )


def check_divisible(models: Iterable[Model], where: str) -> None:
    """Raises WrongInput if a VPP has something that is on or off, for methods that relax it unseen.

    where: the method, in words.
    """
    for model in models:
        for pair in model.pairs():
            if pair.limits.states:
                raise WrongInput(
                    f"{model.vpp.name}, {pair.component}: found {pair.limits.one} and "
                    f"{pair.limits.other}, which only binaries keep apart; allowed in {where}: "
                    "plants that run all the time and loads that do not wait (dispatch and pool "
                    "take them)"
                )


# --- the problem ----------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Pair:
    """Two flows of a built component that must not run in the same step.

    vpp: whose component it is.
    component: its name.
    one, other: the two flows, kW `(steps,)`.
    limits: what is known of them, their names included.
    """

    vpp: str
    component: str
    one: cp.Expression
    other: cp.Expression
    limits: Exclusive

    @property
    def key(self) -> tuple[str, str, str, str]:
        """VPP, component and the names of the two flows: the same in every build of the VPP."""
        return self.vpp, self.component, self.limits.one, self.limits.other

    @property
    def steps(self) -> np.ndarray:
        """Places, from 0, of the steps in which the flows exclude each other."""
        return np.flatnonzero(np.broadcast_to(self.limits.where, self.one.shape))

    @property
    def one_max(self) -> np.ndarray:
        """The largest values of the first flow in these steps, kW; may be infinite."""
        return self._in_steps(self.limits.one_max)

    @property
    def other_max(self) -> np.ndarray:
        """The largest values of the second flow in these steps, kW; may be infinite."""
        return self._in_steps(self.limits.other_max)

    def with_limits(self, one_max: np.ndarray, other_max: np.ndarray) -> Pair:
        """The same pair with other limits, kW for each of its steps."""
        whole = np.zeros((2, *self.one.shape))
        whole[0, self.steps] = one_max
        whole[1, self.steps] = other_max
        limits = replace(self.limits, one_max=whole[0], other_max=whole[1])
        return replace(self, limits=limits)

    def _in_steps(self, limit: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(limit, float), self.one.shape)[self.steps]


@dataclass
class Model:
    """The optimisation problem of one VPP before it is solved, or as a piece of a larger one.

    vpp: whose problem it is, with the vents that let go what nobody takes.
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
        flows: dict[str, cp.Expression] = {}
        for part in self.parts.values():
            if part.trade is not None:
                flows |= part.series
        return flows

    def pairs(self) -> list[Pair]:
        """The flows that must not run at once, of all components."""
        found = []
        for name, part in self.parts.items():
            flows = part.series | part.totals
            for limits in part.exclusive:
                one = flows[limits.one]
                other = flows[limits.other]
                found.append(Pair(self.vpp.name, name, one, other, limits))
        return found


def build(vpp: VPP) -> Model:
    """States the problem of a VPP: its components' parts and one balance for each carrier in use.

    A VPP that makes heat which nothing takes lets it go, and one without a carbon market counts
    its carbon for nothing (see `implied_vents`).
    """
    parts = parts_of(vpp.components, vpp)
    vents = implied_vents(vpp.components, parts)
    if vents:
        vpp = vpp.adding(*vents)
        parts |= parts_of(vents, vpp)
    balances: dict[str, Any] = {
        carrier: sum(flows) == 0  # A section 2.5
        for carrier, flows in balanced_flows(parts).items()
    }
    cost = total(term for part in parts.values() for term in part.cost.values())  # A section 2.4
    constraints = [row for part in parts.values() for row in part.constraints]
    constraints += rows_of_called_loads(vpp, parts)
    return Model(vpp, parts, balances, cost, [*constraints, *balances.values()])


def parts_of(components: Iterable[Component], vpp: VPP) -> dict[str, Part]:
    """Component -> its part, as it is beside the VPP's other components."""
    parts = {}
    for component in components:
        parts[component.name] = component.beside(vpp.components).model_at(vpp.clock)
    return parts


def rows_of_called_loads(vpp: VPP, parts: dict[str, Part]) -> list:
    """What loads serve less what is called from them stays at zero or more, as constraints.

    Left out where the shares that may be moved, curtailed and called add up to one or less, so
    that it holds anyway.
    """
    callers = vpp.of(ControllableLoad)
    if not callers:
        return []
    loads = callers[0].calls(vpp.components)
    flexible = max(load.flexible_share for load in loads)
    if flexible + sum(caller.share for caller in callers) <= 1:
        return []
    served = sum(parts[load.name].series["served"] - load.fed_in for load in loads)
    called = sum(parts[caller.name].series["called"] for caller in callers)
    return [served - called >= 0]


def withdrawal(model: Model) -> cp.Expression:
    """Net withdrawal of a VPP, kW `(steps,)`: purchase less sale plus received trades."""
    through = [
        model.parts[component.name].inject["electricity"]
        for component in model.vpp.with_role(*CONNECTION)
        if "electricity" in model.parts[component.name].inject
    ]
    return total([*through, cp.Constant(np.zeros(model.vpp.steps))])


def total(terms: Iterable[cp.Expression]) -> cp.Expression:
    """The sum of scalar expressions, an expression also where there are none."""
    return sum(terms, cp.Constant(0.0))
