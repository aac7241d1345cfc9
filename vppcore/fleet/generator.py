"""A fleet of N plausible VPPs, drawn with a seed from the VPPs of a case.

VPP k is like VPP k modulo m of a case with m VPPs, its type, but

- its size: all its powers and energies are multiplied by one factor, drawn log-normally;
- each of its plants, stores and connections is larger or smaller than that by up to `plants`;
- the price that it pays for fuel differs by up to `fuel`;
- its loads come earlier or later, by up to `shift` hours (the day is closed to a ring);
- its loads and its weather differ from the type's by noise from step to step.

Efficiencies, tariffs and shares are those of the type: plants of one make, one market. So all VPPs
of a type have one matrix, and differ in costs and limits only.

The numbers of VPP k follow from the seed and k alone, so that every process may draw its own VPPs
and all draw the same. kW, kWh, yuan; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from vppcore.case import Case
from vppcore.components import Component
from vppcore.errors import WrongInput
from vppcore.parameters import check, parameter, rules_of
from vppcore.vpp import VPP

MOST_VPPS = 10_000_000
# units of numbers that grow with a plant, and of those that fall as it grows
AMOUNTS = ("kW", "kWh", "kW/h", "kg", "yuan/h")
CURVATURES = ("yuan/kW2h",)
FUEL_PRICES = ("yuan/m3",)
# numbers that only check what a file says
CHECKS = ("rating",)

# what a factor is on: (component, one of these); what a series is of: (component, its name)
AMOUNT = "amount"
CURVATURE = "curvature"
FUEL = "fuel"
UNITS = dict.fromkeys(AMOUNTS, AMOUNT) | dict.fromkeys(CURVATURES, CURVATURE)
UNITS |= dict.fromkeys(FUEL_PRICES, FUEL)
Key = tuple[str, str]


class Numbers(NamedTuple):
    """In what a VPP differs from its type.

    factors: (component, AMOUNT, CURVATURE or FUEL) -> factor on all its numbers of that kind.
    series: (component, name) -> the series in place of the type's, `(steps,)`.
    """

    factors: dict[Key, float]
    series: dict[Key, np.ndarray]


@dataclass(frozen=True)
class Spread:
    """How far the VPPs of a fleet differ from their type.

    size: standard deviation of the logarithm of a VPP's size.
    plants: largest relative difference of a plant, store or connection from its VPP's size.
    fuel: largest relative difference of the price paid for fuel.
    shift: h, by which loads come earlier or later at most.
    noise: relative standard deviation of loads and weather from step to step.
    Raises WrongInput for a value that is not allowed.

    >>> Spread(noise=-1.0)
    Traceback (most recent call last):
    vppcore.errors.WrongInput: noise: found -1.0; allowed: a number of 0 or more and below 1
    """

    size: float = parameter("-", "spread of the logarithm of sizes", 0.3, high=3, below=True)
    plants: float = parameter("-", "largest difference of plants from the size", 0.1, high=0.9)
    fuel: float = parameter("-", "largest difference of fuel prices", 0.05, high=0.9)
    shift: float = parameter("h", "largest shift of loads in time", 1.0, infinite=False)
    noise: float = parameter("-", "noise of loads and weather by step", 0.05, high=1, below=True)

    def __post_init__(self):
        check(self)


@dataclass(frozen=True)
class Asked:
    """How many VPPs are asked for, and with which seed.

    Raises WrongInput for a number that is not allowed.

    >>> Asked(n=0)
    Traceback (most recent call last):
    vppcore.errors.WrongInput: n: found 0; allowed: a whole number from 1 to 1e+07
    """

    n: int = parameter("-", "number of VPPs", low=1, high=MOST_VPPS, whole=True)
    seed: int = parameter("-", "seed of all that is drawn", 0, high=2**63, below=True, whole=True)

    def __post_init__(self):
        check(self)


@dataclass(frozen=True, eq=False)
class Changes:
    """What a fleet changes in a component of a type.

    component: its name. is_load: True if its series move in time.
    kinds: of its numbers, AMOUNT, CURVATURE and FUEL.
    series: name -> the type's own.
    """

    component: str
    is_load: bool
    kinds: list[str]
    series: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Fleet:
    """N VPPs like those of a case, drawn when they are asked for.

    n: how many.
    seed: of all that is drawn.
    like: the case whose VPPs are the types.
    spread: how far VPPs differ from their type.

    >>> from vppcore import load_case
    >>> trio = Fleet(n=5, seed=1, like=load_case("template"))
    >>> [trio.name(k) for k in range(5)]
    ['V1', 'V2', 'V3', 'V4', 'V5']
    >>> trio.members(kind=0)
    range(0, 5, 2)
    """

    n: int
    seed: int
    like: Case
    spread: Spread = field(default_factory=Spread)

    def __post_init__(self):
        Asked(self.n, self.seed)

    @property
    def kinds(self) -> int:
        """How many types of VPPs there are in the fleet."""
        return min(self.n, len(self.like.vpps))

    def members(self, kind: int) -> range:
        """The numbers of the VPPs of a type."""
        return range(kind, self.n, len(self.like.vpps))

    def name(self, k: int) -> str:
        """The name of VPP k: V1, V2, ..., V0001, V0002, ... in a larger fleet."""
        return f"V{k + 1:0{len(str(self.n))}d}"

    def vpp(self, k: int) -> VPP:
        """VPP k. Raises WrongInput for a number that the fleet lacks."""
        if not 0 <= k < self.n:
            raise WrongInput(f"VPP {k}: found {k}; allowed: 0 to {self.n - 1}")
        return with_numbers(self._type_of(k), self.numbers(k), self.name(k))

    def vpps(self) -> Iterator[VPP]:
        """All VPPs, one after the other."""
        return (self.vpp(k) for k in range(self.n))

    @cached_property
    def case(self) -> Case:
        """The fleet as a case, with the tie of the case that it is like; built when asked for."""
        title = f"{self.n} VPPs like those of {self.like.name}, seed {self.seed}"
        note = "Drawn by vppcore.fleet from the VPPs of the case named in the title."
        told = {"title": title, "note": note, "study": None, "series_status": "assumed"}
        return replace(
            self.like,
            name=f"fleet of {self.n} like {self.like.name}",
            description=self.like.description.model_copy(update=told),
            vpps=tuple(self.vpps()),
            units=self.like.units.iloc[:0],
            series=self.like.series.iloc[:, :0],
        )

    def numbers(self, k: int) -> Numbers:
        """All in which VPP k differs from its type."""
        chance = np.random.default_rng((self.seed, k))
        size = float(np.exp(self.spread.size * chance.standard_normal()))
        numbers = Numbers({}, {})
        for changes in self._changes[k % len(self.like.vpps)]:
            self._draw(numbers, changes, size, chance)
        return numbers

    @cached_property
    def _changes(self) -> list[list[Changes]]:
        """What changes in each component of each type."""
        return [[changes_of(part) for part in vpp.components] for vpp in self.like.vpps]

    def _type_of(self, k: int) -> VPP:
        return self.like.vpps[k % len(self.like.vpps)]

    def _draw(
        self, numbers: Numbers, changes: Changes, size: float, chance: np.random.Generator
    ) -> None:
        """Draws the numbers of one component of a VPP of this size.

        As much is drawn for each component, whatever it needs, so that another spread changes no
        other draw.
        """
        clock = self.like.vpps[0].clock
        factor = size * (1 + self.spread.plants * chance.uniform(-1, 1))
        fuel = 1 + self.spread.fuel * chance.uniform(-1, 1)
        later = self.spread.shift / clock.step_hours * chance.uniform(-1, 1)
        noise = np.maximum(0.0, 1 + self.spread.noise * chance.standard_normal(clock.steps))
        of_kind = {AMOUNT: factor, CURVATURE: 1 / factor, FUEL: fuel}
        for kind in changes.kinds:
            numbers.factors[changes.component, kind] = of_kind[kind]
        for name, own in changes.series.items():
            moved = shifted(own, later) if changes.is_load else own
            numbers.series[changes.component, name] = factor * moved * noise


def fleet(
    n: int, seed: int = 0, like: str | Case = "paper-a-parent", spread: Spread | None = None
) -> Case:
    """A case of N plausible VPPs, drawn with a seed from the VPPs of another case.

    like: the case, or its name below data/.
    Raises WrongInput for a number or a case that is not allowed.

    >>> small = fleet(4, seed=7, like="template")
    >>> small.names, small.tie is not None
    (['V1', 'V2', 'V3', 'V4'], True)
    """
    return drawn(n, seed, like, spread).case


def drawn(
    n: int, seed: int = 0, like: str | Case = "paper-a-parent", spread: Spread | None = None
) -> Fleet:
    """The same fleet, its VPPs not yet built: for thousands."""
    Asked(n, seed)  # refused before a file is read
    from vppcore.reading import load_case

    case = load_case(like) if isinstance(like, str) else like
    return Fleet(int(n), int(seed), case, Spread() if spread is None else spread)


def changes_of(component: Component) -> Changes:
    """What a fleet changes in a component."""
    series = {}
    kinds = set()
    for name, rule in rules_of(component).items():
        value = getattr(component, name)
        if name in CHECKS or value is None or rule.unit not in UNITS:
            continue
        if rule.kind == "series":
            series[name] = value
        else:
            kinds.add(UNITS[rule.unit])
    return Changes(component.name, component.role == "load", sorted(kinds), series)


def shifted(series: np.ndarray, later: float) -> np.ndarray:
    """A series moved by so many steps, also by parts of a step; what leaves comes in again.

    >>> shifted(np.array([0.0, 4.0, 0.0, 0.0]), 1.0).tolist()
    [0.0, 0.0, 4.0, 0.0]
    >>> shifted(np.array([0.0, 4.0, 0.0, 0.0]), 0.5).tolist()
    [0.0, 2.0, 2.0, 0.0]
    """
    whole = int(np.floor(later))
    part = later - whole
    return (1 - part) * np.roll(series, whole) + part * np.roll(series, whole + 1)


def with_numbers(vpp: VPP, numbers: Numbers, name: str) -> VPP:
    """A VPP of another name with these numbers in place of its own."""
    components = tuple(with_own(component, numbers) for component in vpp.components)
    return replace(vpp, name=name, components=components)


def with_own(component: Component, numbers: Numbers) -> Component:
    """A component with its part of a VPP's numbers, without a rating that only checks a file."""
    own: dict[str, Any] = {}
    for name, rule in rules_of(component).items():
        value = getattr(component, name)
        factor = numbers.factors.get((component.name, UNITS.get(rule.unit, "")))
        if name in CHECKS:
            own[name] = np.inf
        elif (component.name, name) in numbers.series:
            own[name] = numbers.series[component.name, name]
        elif factor is not None and value is not None and rule.kind != "series":
            own[name] = factor * value
    return replace(component, **own)
