"""Numbers of a case that a run or a reader of a page may change, by their names.

One table serves the parameters of notebooks (`make run NB=cooperation P="gas_price=3"`) and the
knobs of pages that solve, so that a knob and the parameter of its name change the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from vppcore.errors import WrongInput

if TYPE_CHECKING:
    from vppcore.case import Case

TIE = "tie"


@dataclass(frozen=True)
class Change:
    """A number of a case that is replaced.

    component, field: whose and which. factor: from the unit that is given to the component's.
    """

    component: str
    field: str
    factor: float = 1.0


@dataclass(frozen=True)
class Multiple:
    """Numbers of a case of which a multiple is taken.

    component, fields: whose and which. freed: fields that only check others, and would refuse.
    """

    component: str
    fields: tuple[str, ...]
    freed: tuple[str, ...] = ()


CHANGES = {
    "trade_limit": Change(TIE, "limit"),
    "crossing_fee": Change(TIE, "crossing_fee"),
    "gas_price": Change("gas_supply", "price"),  # yuan/m3
    "carbon_price": Change("carbon_market", "price", 1e-3),  # yuan/t
    "interval": Change("carbon_market", "interval", 1e3),  # t
    "growth": Change("carbon_market", "growth"),
    "ladder_steps": Change("carbon_market", "levels"),
    "price_min": Change("power_market", "price_min"),
    "price_max": Change("power_market", "price_max"),
}
MULTIPLES = {
    "battery_size": Multiple(
        "battery", ("energy_min", "energy_max", "energy_start", "charge_max", "discharge_max")
    ),
    "wind": Multiple("wind", ("scale",), freed=("rating",)),
    "sun": Multiple("pv", ("scale",), freed=("rating",)),
}


def component_of(name: str) -> str:
    """The component whose numbers a name changes.

    >>> component_of("gas_price"), component_of("sun")
    ('gas_supply', 'pv')
    """
    return CHANGES[name].component if name in CHANGES else MULTIPLES[name].component


def has(case: Case, component: str) -> bool:
    """True if the case has a component of that name, its tie included."""
    named = {part.name for vpp in case.vpps for part in vpp.components}
    return component in named or (component == TIE and case.tie is not None)


def changed(case: Case, values: Mapping[str, float]) -> Case:
    """The case with its numbers changed.

    values: name of CHANGES or MULTIPLES -> new number, or how many times the case's own; wherever
    the case has the component.
    Raises WrongInput for a component that it does not have.
    """
    for name, value in values.items():
        if name in CHANGES:
            case = replaced(case, CHANGES[name], value)
        else:
            case = multiplied(case, MULTIPLES[name], value)
    return case


def replaced(case: Case, change: Change, value: float) -> Case:
    """The case with one number of one component replaced, wherever it has it. Raises WrongInput if
    it has none.
    """
    number = {change.field: change.factor * value}
    if change.component == TIE:
        return case.change_tie(**number)
    return case.change_all(change.component, **number)


def multiplied(case: Case, multiple: Multiple, value: float) -> Case:
    """The case with a multiple of some numbers of one component, wherever it has it. Raises
    WrongInput if it has none.
    """
    if not has(case, multiple.component):
        raise WrongInput(
            f"case {case.name}: no VPP has a component {multiple.component!r} to change"
        )
    for vpp in case.vpps:
        for part in vpp.components:
            if part.name == multiple.component:
                new = {name: getattr(part, name) * value for name in multiple.fields}
                new |= dict.fromkeys(multiple.freed, inf)
                case = case.change(vpp.name, part.name, **new)
    return case
