"""Who makes a carrier and who takes it, so that no plant stands still in silence.

kW (carbon kg/h); injection is positive; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import cvxpy as cp
import numpy as np

from vppcore.components import CARRIERS, CarbonAccount, Clock, Component, HeatVent, Part
from vppcore.errors import NotSolved
from vppcore.solvers import solve

# what a reader may add where a carrier has no source or nobody who takes it
SOURCES = {
    "electricity": "a grid, a plant or a tie",
    "heat": "a boiler or another plant that makes heat",
    "gas": "a gas_supply",
}
TAKERS = {
    "electricity": "an electric_load, a grid or a tie",
    "gas": "a boiler or a turbine",
}
# carriers that VPPs cannot trade with each other
NOT_TRADED = ("heat", "gas")
# roles whose components give only what they took, or take part in no schedule
NOT_A_SOURCE = ("load", "store", "vent", "terms")
NOT_A_TAKER = ("store", "vent", "terms")
# roles whose components are no plants that would stand still, or whose idle power is reported
NEED_NO_TAKER = ("grid", "renewable", "supply", "trade")

# kW: below this a sum of flows is a solver's noise
NOISE = 1e-9


def balanced_flows(parts: dict[str, Part]) -> dict[str, list[cp.Expression]]:
    """Carrier -> what the components inject, kW `(steps,)` each, for the carriers in use."""
    flows: dict[str, list[cp.Expression]] = {}
    for carrier in CARRIERS:
        injected = [part.inject[carrier] for part in parts.values() if carrier in part.inject]
        if injected:
            flows[carrier] = injected
    return flows


def directions_of(flow: cp.Expression) -> tuple[bool, bool]:
    """(may be positive, may be negative) of a flow, from the limits of its variables.

    >>> from vppcore.components import Boiler
    >>> directions_of(Boiler(heat_max=5.0, efficiency=0.9).model(2).inject["heat"])
    (True, False)
    """
    low, high = cp.Expression.cast_to_const(flow).get_bounds()
    return bool(np.max(high) > 0), bool(np.min(low) < 0)


def implied_vents(components: Iterable[Component], parts: dict[str, Part]) -> list[Component]:
    """The vents that a VPP needs so that what nobody takes stops no plant; mostly none.

    Heat that is made and taken by nothing is let go. Carbon without a market is counted and free.
    """
    components = tuple(components)
    vents: list[Component] = []
    if is_only_made("heat", components, parts):
        vents.append(HeatVent())
    if is_never_settled(components, parts):
        vents.append(CarbonAccount())
    return vents


def is_only_made(carrier: str, components: tuple[Component, ...], parts: dict[str, Part]) -> bool:
    """True if a carrier is made and nothing takes it for good; a store gives back what it takes."""
    makers = 0
    for component in components:
        flow = parts[component.name].inject.get(carrier)
        if flow is None or component.role == "store":
            continue
        gives, takes = directions_of(flow)
        if takes:
            return False
        makers += gives
    return makers > 0


def is_never_settled(components: tuple[Component, ...], parts: dict[str, Part]) -> bool:
    """True if carbon is emitted or quota earned, and neither a market nor an account takes it."""
    flows = []
    for component in components:
        flow = parts[component.name].inject.get("carbon")
        if flow is not None and component.role in ("carbon market", "vent"):
            return False
        if flow is not None:
            flows.append(flow)
    return any(any(directions_of(flow)) for flow in flows)


# --- faults ---------------------------------------------------------------------------------------
# components do not change, so what they may do is found out once for each
_directions: WeakKeyDictionary[Component, dict[str, tuple[bool, bool]]] = WeakKeyDictionary()
_net: WeakKeyDictionary[Component, dict[tuple[str, int], bool]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What a component stands beside: all components of its VPP, and the VPP's clock."""

    components: tuple[Component, ...]
    clock: Clock

    def part(self, component: Component) -> Part:
        """The equations of a component as it is here."""
        return component.beside(self.components).model_at(self.clock)


def counterpart_faults(
    components: tuple[Component, ...],
    clock: Clock,
    carriers: tuple[str, ...] = NOT_TRADED,
) -> list[str]:
    """Sentences about a carrier that is taken and not made, or made and not taken.

    components: all of a VPP. clock: its steps.
    carriers: which are looked at; left to itself not electricity, for which a tie may be added.
    Heat that nobody takes is let go and carbon is counted, so neither is a fault; electricity of
    renewables alone is reported as curtailed.
    """
    here = Surroundings(components, clock)
    faults = []
    for carrier in carriers:
        makers = [component for component in components if makes(component, carrier, here)]
        takers = [component for component in components if takes(component, carrier, here)]
        supplied = any(supplies(maker, carrier, here) for maker in makers)
        lacking = [] if supplied else [c for c in takers if reaches(c, carrier, -1, here)]
        if lacking:
            faults.append(
                f"{in_words(lacking, 'takes', 'take')} {carrier} and nothing supplies it; "
                f"allowed: beside {SOURCES[carrier]}"
            )
        plants = [maker for maker in makers if maker.role not in NEED_NO_TAKER]
        if plants and not takers and carrier in TAKERS:
            faults.append(
                f"{in_words(plants, 'makes', 'make')} {carrier} and nothing takes it; "
                f"allowed: beside {TAKERS[carrier]}"
            )
    return faults


def in_words(components: list[Component], singular: str, plural: str) -> str:
    """The names with a verb: "boiler takes", "boiler and gas_turbine take"."""
    names = " and ".join(component.name for component in components)
    return f"{names} {singular if len(components) == 1 else plural}"


def makes(component: Component, carrier: str, here: Surroundings) -> bool:
    """True if a component may inject a carrier of its own making."""
    return component.role not in NOT_A_SOURCE and may(component, carrier, here)[0]


def takes(component: Component, carrier: str, here: Surroundings) -> bool:
    """True if a component may take a carrier to use it up."""
    return component.role not in NOT_A_TAKER and may(component, carrier, here)[1]


def may(component: Component, carrier: str, here: Surroundings) -> tuple[bool, bool]:
    """(may inject, may take) of a component, from the limits of its variables."""
    if component not in _directions:
        injected = here.part(component).inject
        _directions[component] = {name: directions_of(flow) for name, flow in injected.items()}
    return _directions[component].get(carrier, (False, False))


def supplies(maker: Component, carrier: str, here: Surroundings) -> bool:
    """True if a maker can give some of a carrier to others; one that takes it too, on balance."""
    takes_too = may(maker, carrier, here)[1]
    return not takes_too or reaches(maker, carrier, 1, here)


def reaches(component: Component, carrier: str, sign: int, here: Surroundings) -> bool:
    """True if a component can inject a carrier on balance (sign 1) or take it (sign -1).

    Found by a small problem of its own; asked only where the limits of its variables do not tell.
    """
    known = _net.setdefault(component, {})
    if (carrier, sign) not in known:
        known[carrier, sign] = _most_on_balance(component, carrier, sign, here) > 0
    return known[carrier, sign]


def _most_on_balance(component: Component, carrier: str, sign: int, here: Surroundings) -> float:
    """The largest sum over the steps of what a component injects (sign 1) or takes (-1), kW."""
    part = here.part(component)
    amount = cp.sum(sign * part.inject[carrier])
    try:
        most = solve(cp.Problem(cp.Maximize(amount), part.constraints), "auto", component.name)
    except NotSolved:  # without limit, or it cannot run at all: no reason to refuse it here
        return np.inf
    return most.value if most.value > NOISE else 0.0
