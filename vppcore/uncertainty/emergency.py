"""Emergency: power, heat and gas that are shed or dumped at a price, so that every day can be lived
through.

A day on which a VPP cannot serve its loads shows as a cost and as shed energy in the results; it is
never hidden. kW, kWh, yuan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components import Component, Part, Tie
from vppcore.errors import WrongInput
from vppcore.parameters import rules_of
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP, build

NAME = "emergency"
CARRIERS = ("electricity", "heat", "gas")  # a kWh of each may be shed or dumped

# Shedding costs this many times the highest price of a kWh that occurs, dumping this many times.
SHED_MULTIPLE = 10.0
DUMP_MULTIPLE = 2.0
# A VPP whose highest price is less than this share of that of those it trades with follows theirs.
LEAST_SHARE_OF_PARTNERS = 0.5
# Where nothing costs anything there is no price to follow and any other will do.
PRICE_OF_NOTHING = 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Emergency(Component):
    """Energy that appears (shed load) or vanishes (dumped) at a price.

    shed_price: yuan per kWh that is missing.
    dump_price: yuan per kWh that is too much.
    carriers: which carriers may fail.
    """

    role: ClassVar[str] = "unit"

    label: str = NAME
    shed_price: float
    dump_price: float
    carriers: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Its own; no case file can ask for it."""
        return NAME

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        """Shed and dumped power of each carrier, without limit."""
        inject = {}
        series = {}
        paid = cp.Constant(0.0)
        for carrier in self.carriers:
            shed = cp.Variable(steps, nonneg=True)
            dumped = cp.Variable(steps, nonneg=True)
            inject[carrier] = shed - dumped
            series[f"shed {carrier}"] = shed
            series[f"dumped {carrier}"] = dumped
            paid = paid + self.shed_price * cp.sum(shed) + self.dump_price * cp.sum(dumped)
        return Part(inject=inject, cost={"emergency": step_hours * paid}, series=series)


def with_emergency(vpp: VPP, uncertainty: Uncertainty) -> VPP:
    """The VPP with an emergency for each carrier that its components use. Raises WrongInput if it
    has a component of that name already."""
    if any(component.name == NAME for component in vpp.components):
        raise WrongInput(f"{vpp.name}: found a component named {NAME}; allowed: any other label")
    shed_price, dump_price = prices_of(vpp, uncertainty)
    used = build(vpp).balances
    emergency = Emergency(
        shed_price=shed_price,
        dump_price=dump_price,
        carriers=tuple(carrier for carrier in CARRIERS if carrier in used),
    )
    return replace(vpp, components=(*vpp.components, emergency))


def prices_of(vpp: VPP, uncertainty: Uncertainty) -> tuple[float, float]:
    """Prices of shedding and of dumping, yuan/kWh.

    Those of the uncertainty where it gives them; else SHED_MULTIPLE and DUMP_MULTIPLE times the
    highest price that occurs in the VPP, so that they scale with the currency. One whose own prices
    are far below those of the VPPs it trades with, as a sun park without a grid, follows theirs:
    what it sheds must not be worth selling.
    """
    highest = highest_price(vpp)
    dearest = max((tie.dearest for tie in vpp.of(Tie)), default=0.0)
    if highest < LEAST_SHARE_OF_PARTNERS * dearest:
        highest = dearest
    highest = highest or PRICE_OF_NOTHING
    shed_price = uncertainty.shed_price
    dump_price = uncertainty.dump_price
    return (
        SHED_MULTIPLE * highest if shed_price is None else shed_price,
        DUMP_MULTIPLE * highest if dump_price is None else dump_price,
    )


def knowing_prices(vpps: tuple[VPP, ...]) -> tuple[VPP, ...]:
    """VPPs that trade with each other, each told the highest price that occurs among them.

    >>> from vppcore.components import Grid, Renewable
    >>> tie = Tie(limit=5.0)
    >>> tariff = Grid(buy_price=np.array([0.4]), sell_price=np.array([0.2]))
    >>> park = Renewable(label="pv", forecast=np.array([1.0]), operation_cost=0.01)
    >>> home, sun = VPP("Home", (tariff, tie), steps=1), VPP("Park", (park, tie), steps=1)
    >>> [prices_of(vpp, Uncertainty({}))[0] for vpp in knowing_prices((home, sun))]
    [4.0, 4.0]
    """
    dearest = max(highest_price(vpp) for vpp in vpps)
    return tuple(told(vpp, dearest) for vpp in vpps)


def told(vpp: VPP, dearest: float) -> VPP:
    """A VPP whose tie knows the highest price that occurs among those it joins, yuan/kWh."""
    parts = [
        replace(part, dearest=dearest) if isinstance(part, Tie) else part for part in vpp.components
    ]
    return replace(vpp, components=tuple(parts))


def highest_price(vpp: VPP) -> float:
    """The highest price of a kWh that occurs in a VPP, yuan/kWh, as its components declare it.

    The larger of the highest number in yuan/kWh (purchase, feed-in, operation, compensation, wear)
    and the fuel of the least efficient unit, and on top the dearest carbon of a kWh, what a
    quadratic cost adds at full power, what a kWh of a step's peak costs, and a start for one step
    at full power. Negative prices count by their size.

    >>> from vppcore.components import Grid
    >>> tariff = Grid(buy_price=np.array([0.4, 1.2]), sell_price=np.array([0.2, 0.2]))
    >>> highest_price(VPP("V", (tariff,), steps=2))
    1.2
    """
    energy = max(largest(vpp, "yuan/kWh"), fuel_price(vpp)) + start_price(vpp)
    carbon = carbon_price(vpp) * largest(vpp, "kg/kWh")
    peak = largest(vpp, "yuan/kW") / vpp.step_hours
    return energy + carbon + quadratic_price(vpp) + peak


def declared(component: Component, unit: str) -> dict[str, np.ndarray]:
    """The numbers and series of a component that are declared in a unit, infinite ones left out."""
    numbers = {}
    for name, rule in rules_of(component).items():
        if rule.unit == unit:
            values = np.ravel(np.asarray(getattr(component, name), float))
            numbers[name] = values[np.isfinite(values)]
    return numbers


def largest(vpp: VPP, unit: str) -> float:
    """The largest number in a unit that the components of a VPP declare, by its size; 0 if none."""
    sizes = [0.0]
    for component in vpp.components:
        for values in declared(component, unit).values():
            sizes.append(float(np.abs(values).max(initial=0.0)))
    return max(sizes)


def declared_power(vpp: VPP) -> float:
    """All power that the components of a VPP declare, added up, kW: more than any need."""
    power = 0.0
    for component in vpp.components:
        for values in declared(component, "kW").values():
            power += float(np.abs(values).max(initial=0.0))
    return power


def fuel_price(vpp: VPP) -> float:
    """Fuel of one kWh from the least efficient unit, yuan/kWh; 0 without a fuel."""
    prices = [0.0]
    efficiencies = [1.0]
    for component in vpp.components:
        values = vars(component)
        if component.role == "supply":
            prices.append(abs(values.get("price", 0.0)) / values.get("calorific_value", 1.0))
        efficiencies += [
            float(np.min(value))
            for name, value in values.items()
            if component.role == "unit" and name.endswith("efficiency") and np.min(value) > 0
        ]
    return max(prices) / min(efficiencies)


def carbon_price(vpp: VPP) -> float:
    """The highest price of a kg of carbon, yuan/kg; 0 without a market."""
    markets: tuple = vpp.with_role("carbon market")
    return max((float(np.abs(market.pieces()[0]).max()) for market in markets), default=0.0)


def start_price(vpp: VPP) -> float:
    """What the dearest start adds to a kWh if the plant runs for one step at full power, yuan."""
    prices = [0.0]
    for component in vpp.components:
        started = max(
            (float(v.max(initial=0.0)) for v in declared(component, "yuan").values()), default=0.0
        )
        power = getattr(component, "power_max", 0.0)
        if started and power:
            prices.append(started / (power * vpp.step_hours))
    return max(prices)


def quadratic_price(vpp: VPP) -> float:
    """What quadratic costs add to a kWh at the largest power of their component, yuan/kWh."""
    prices = [0.0]
    for component in vpp.components:
        curvatures = declared(component, "yuan/kW2h").values()
        curvature = max((float(values.max(initial=0.0)) for values in curvatures), default=0.0)
        powers = declared(component, "kW").values()
        power = max((float(np.abs(values).max(initial=0.0)) for values in powers), default=0.0)
        prices.append(2 * curvature * power)
    return max(prices)
