"""A VPP is a bag of components that balances its carriers; dispatch finds its cheapest schedule.

kW, kWh, yuan; injection is positive into the VPP's bus; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.components import CARRIER_UNITS, CARRIERS, Battery, Component, Part
from vppcore.errors import NotSolved, WrongInput
from vppcore.solvers import Solved, solve

# largest share of the rating that two exclusive flows may share before the relaxation counts as inexact
EXCLUSIVE_TOLERANCE = 1e-6
STORAGE_MODES = ("auto", "relaxed", "binary")


@dataclass(frozen=True, eq=False)
class VPP:
    """A virtual power plant: a name, components with different names, a horizon of `steps` of `step_hours`."""

    name: str
    components: tuple[Component, ...]
    steps: int = 24
    step_hours: float = 1.0

    def __post_init__(self):
        names = [component.name for component in self.components]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        faults = [
            f"{self.name}: two components named {name}; allowed: different labels" for name in twice
        ]
        faults += [
            f"{self.name}, {component.name}: {fault}"
            for component in self.components
            for fault in (*component.out_of_range(), *component.faults())
        ]
        if faults:
            raise WrongInput(*faults)

    def component(self, name: str) -> Component:
        """The component of this name. Raises WrongInput, naming those there are, if it is absent."""
        for component in self.components:
            if component.name == name:
                return component
        raise WrongInput(
            f"{self.name}: no component {name!r}; there are {', '.join(c.name for c in self.components)}"
        )

    def change(self, name: str, **changes) -> VPP:
        """The same VPP with some numbers of one component replaced, e.g. `vpp.change("battery", charge_max=800)`."""
        changed = replace(self.component(name), **changes)
        return replace(
            self, components=tuple(changed if c.name == name else c for c in self.components)
        )

    def adding(self, *components: Component) -> VPP:
        """The same VPP with more components."""
        return replace(self, components=(*self.components, *components))

    def batteries(self, change: Callable[[Battery], Battery]) -> VPP:
        """The same VPP with each battery replaced by what `change` makes of it."""
        return replace(
            self,
            components=tuple(change(c) if isinstance(c, Battery) else c for c in self.components),
        )


@dataclass(frozen=True, eq=False)
class DispatchResult:
    """A schedule and its price; numbers only.

    cost: yuan over the horizon. costs: yuan by label, adding up to `cost`. balances: carrier -> kW (carbon kg/h),
    a column per component, each row adding up to zero. series: kW (energy kWh), columns (component, series).
    prices: marginal cost of one more kWh taken from the bus (carbon: kg, so a permit
    price shows as negative), a column per carrier; with binaries at the modes they chose.
    overlaps: (component, share of the rating at which two exclusive flows ran at once); empty when exact.
    """

    vpp: str
    cost: float
    costs: pd.Series
    balances: dict[str, pd.DataFrame]
    series: pd.DataFrame
    prices: pd.DataFrame
    overlaps: dict[str, float]
    solved: Solved

    @property
    def exact(self) -> bool:
        """True if no battery charges and discharges in the same step."""
        return not self.overlaps

    def note(self) -> str:
        """One sentence on the exactness of the storage relaxation."""
        if self.exact:
            how = (
                "excluded by binaries"
                if "mixed-integer" in self.solved.kind
                else "relaxation exact"
            )
            return f"{self.vpp}: no simultaneous charge and discharge ({how})"
        found = "; ".join(
            f"{name} up to {share:.3g} of its rating" for name, share in self.overlaps.items()
        )
        return f"{self.vpp}: relaxation NOT exact ({found}); solve with binary storage"


@dataclass
class Model:
    """The optimisation problem of one VPP before it is solved, or as a piece of a larger one."""

    vpp: VPP
    parts: dict[str, Part]
    balances: dict[str, cp.Constraint]
    cost: cp.Expression
    constraints: list

    def trades(self) -> dict[str, cp.Expression]:
        """Partner -> expected trade `(steps,)` in kW, positive: received; empty without a tie."""
        return {
            name: flow
            for part in self.parts.values()
            if part.trade is not None
            for name, flow in part.series.items()
        }


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
    cost = sum(term for part in parts.values() for term in part.cost.values())  # A section 2.4
    constraints = [row for part in parts.values() for row in part.constraints]
    return Model(vpp, parts, balances, cost, [*constraints, *balances.values()])


def dispatch(vpp: VPP, solver: str = "auto", storage: str = "auto") -> DispatchResult:
    """The cheapest schedule of one VPP.

    storage: "relaxed" lets charge and discharge overlap and reports it, "binary" excludes it by binaries, "auto"
    relaxes and turns to binaries only if they did overlap.
    Raises WrongInput for an unknown solver or storage mode; NotSolved with the carrier and the steps that lack
    power if no schedule exists.
    """
    if storage not in STORAGE_MODES:
        raise WrongInput(f"storage: found {storage!r}; allowed: {', '.join(STORAGE_MODES)}")
    try:
        return solve_exactly(vpp, lambda model: [], solver, storage, vpp.name)
    except NotSolved as refused:
        if "infeasible" in str(refused) or "unbounded" in str(refused):
            raise NotSolved(explain_infeasible(vpp)) from refused
        raise


def solve_exactly(
    vpp: VPP, extra: Callable[[Model], list], solver: str, storage: str, name: str
) -> DispatchResult:
    """Solves a VPP's problem with extra constraints in one of the storage modes of `dispatch`.

    With binaries, the modes they find are then fixed and the linear problem that is left gives schedule and prices.
    """

    def run(variant: VPP, with_solver: str) -> tuple[Model, Solved]:
        model = build(variant)
        return model, solve(
            cp.Problem(cp.Minimize(model.cost), [*model.constraints, *extra(model)]),
            with_solver,
            name,
        )

    if storage != "binary" and not any(
        isinstance(c, Battery) and c.exclusive for c in vpp.components
    ):
        result = read(*run(vpp, solver))
        if storage == "relaxed" or result.exact:
            return result
        solver = "auto"  # the caller's choice was for a linear problem
    model, chosen = run(vpp.batteries(lambda battery: replace(battery, exclusive=1.0)), solver)
    charging = {
        part: flows.series["charge"].value > flows.series["discharge"].value
        for part, flows in model.parts.items()
        if "charge" in flows.series
    }
    fixed = vpp.batteries(lambda battery: in_modes(battery, charging[battery.name], vpp.step_hours))
    model, _ = run(fixed, "auto")
    return read(model, chosen)


def in_modes(battery: Battery, charging: np.ndarray, step_hours: float) -> Battery:
    """The battery with its modes fixed: it may charge where `charging` (steps,) is true and discharge elsewhere."""
    charge_most, discharge_most = battery.power_limits(step_hours)
    return replace(
        battery,
        exclusive=0.0,
        charge_max=charge_most * charging,
        discharge_max=discharge_most * ~charging,
    )


def read(model: Model, solved: Solved) -> DispatchResult:
    """The numbers of a solved model."""
    vpp, index = model.vpp, pd.RangeIndex(1, model.vpp.steps + 1, name="step")
    labels = [
        (label, float(term.value))
        for part in model.parts.values()
        for label, term in part.cost.items()
    ]
    costs = (
        pd.DataFrame(labels, columns=["label", "yuan"]).groupby("label", sort=False)["yuan"].sum()
    )
    balances = {
        carrier: pd.DataFrame(
            {
                name: part.inject[carrier].value
                for name, part in model.parts.items()
                if carrier in part.inject
            },
            index,
        )
        for carrier in model.balances
    }
    series = pd.DataFrame(
        {
            (name, key): flow.value
            for name, part in model.parts.items()
            for key, flow in part.series.items()
        },
        index,
    )
    overlaps = {}
    for name, part in model.parts.items():
        for one, other, rating in part.exclusive:
            share = float(np.minimum(series[name, one], series[name, other]).max()) / rating
            if share > EXCLUSIVE_TOLERANCE:
                overlaps[name] = share
    # a balance reads sum(inject) == 0, so one more unit of demand costs minus its multiplier
    prices = {
        carrier: -row.dual_value / vpp.step_hours
        for carrier, row in model.balances.items()
        if row.dual_value is not None
    }
    return DispatchResult(
        vpp.name,
        float(costs.sum()),
        costs,
        balances,
        series,
        pd.DataFrame(prices, index),
        overlaps,
        solved,
    )


def explain_infeasible(vpp: VPP) -> str:
    """Which carrier lacks how much, and when: the least total gap on the balances, found with a free solver.

    If there is no gap while storage is relaxed, storage with binaries is asked; if there is none either, the VPP can
    earn without limit.
    """
    exclusive = vpp.batteries(lambda battery: replace(battery, exclusive=1.0))
    for variant, words in (
        (vpp, "infeasible"),
        (exclusive, "infeasible without simultaneous charge and discharge"),
    ):
        found = gaps(variant)
        if found is None:
            return f"{vpp.name}: infeasible even with its balances open: a component's own limits contradict each other"
        if found:
            return f"{vpp.name}: {words}; " + "; ".join(found)
    return f"{vpp.name}: unbounded; some exchange earns money without limit (a feed-in price above a purchase price?)"


def gaps(vpp: VPP) -> list[str] | None:
    """The least gaps on the balances, in words; empty if there are none, None if no opening of balances helps."""
    model = build(vpp)
    lack = {carrier: cp.Variable(vpp.steps, nonneg=True) for carrier in model.balances}
    spare = {carrier: cp.Variable(vpp.steps, nonneg=True) for carrier in model.balances}
    balances = {
        carrier: sum(
            part.inject[carrier] for part in model.parts.values() if carrier in part.inject
        )
        + lack[carrier]
        - spare[carrier]
        == 0
        for carrier in model.balances
    }
    rows = [row for part in model.parts.values() for row in part.constraints]
    gap = sum(cp.sum(lack[carrier] + spare[carrier]) for carrier in balances)
    try:
        solve(cp.Problem(cp.Minimize(gap), [*rows, *balances.values()]), "auto", vpp.name)
    except NotSolved:
        return None
    found = []
    for carrier in balances:
        for word, slack in (
            ("lacks", lack[carrier].value),
            ("has too much by", spare[carrier].value),
        ):
            if slack.max() > 1e-6:
                step, unit = int(slack.argmax()) + 1, CARRIER_UNITS[carrier]
                found.append(
                    f"{carrier} {word} {slack.max():,.1f} {unit} in step {step} "
                    f"({int((slack > 1e-6).sum())} step(s) in all)"
                )
    return found
