"""The cheapest schedule of one VPP.

kW, kWh, yuan; injection is positive into the VPP's bus; tables have a row per step (1, 2, ...).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from vppcore.errors import NotSolved
from vppcore.exclusive import overlaps, solve_exclusively
from vppcore.flattest import flatten
from vppcore.infeasible import explained
from vppcore.solvers import Solved, value_of
from vppcore.vpp import VPP, Model, build

# a sum below this share of all flows of a carrier is a solver's noise
NOISE = 1e-9
# what is said of it, where the amount is above and below zero
LET_GO = {
    ("heat", True): "{:,.1f} kWh of heat let go, since nothing takes it",
    ("carbon", True): "{:,.1f} kg of CO2 above quota are free, since no market settles them",
    ("carbon", False): "{:,.1f} kg of CO2 quota left over earn nothing, since no market takes them",
}


@dataclass(frozen=True, eq=False)
class DispatchResult:
    """A schedule and its price; numbers only.

    vpp: whose schedule it is.
    cost: yuan over the horizon.
    costs: yuan by label, adding up to `cost`.
    balances: carrier -> kW (carbon kg/h), a column per component, each row adding up to zero.
    series: kW (energy kWh), columns (component, series).
    prices: yuan/kWh, the marginal cost of one more kWh taken from the bus (carbon: yuan/kg, so a
        permit's price shows as negative), a column per carrier; with binaries at the modes they
        chose.
    overlaps: component -> share of the rating at which two exclusive flows ran at once; empty when
        exact.
    solved: by which solver, and of which kind and size the problem was.
    roles: component -> its role (see `components.base.ROLES`).
    kinds: component -> its kind, as in units.csv.
    exclusive: "charge and discharge of battery", for each two flows that exclude each other.
    undivided: the components that are on or off, or start or wait, and nothing in between.
    let_go: carrier -> what vents took over the horizon, since nothing else does: kWh of heat, kg
        of carbon (negative: quota that is left over).
    """

    vpp: str
    cost: float
    costs: pd.Series
    balances: dict[str, pd.DataFrame]
    series: pd.DataFrame
    prices: pd.DataFrame
    overlaps: dict[str, float]
    solved: Solved
    roles: dict[str, str]
    kinds: dict[str, str]
    exclusive: tuple[str, ...] = ()
    undivided: tuple[str, ...] = ()
    let_go: dict[str, float] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """True if no two exclusive flows run in the same step, as charge and discharge."""
        return not self.overlaps

    def with_role(self, *roles: str) -> list[str]:
        """The components that play one of these roles."""
        return [name for name, role in self.roles.items() if role in roles]

    def note(self) -> str:
        """One sentence on whether flows that exclude each other ran at once."""
        if not self.exclusive:
            return f"{self.vpp}: no flows that exclude each other"
        flows = ", ".join(self.exclusive)
        if self.exact:
            binaries = "mixed-integer" in self.solved.kind
            how = "excluded by binaries" if binaries else "relaxation exact"
            return f"{self.vpp}: no simultaneous {flows} ({how})"
        shares = ", ".join(
            f"{name} up to {share:.3g} of its rating" for name, share in self.overlaps.items()
        )
        return (
            f"{self.vpp}: relaxation NOT exact, simultaneous {flows} ({shares}); "
            "solve with binary storage"
        )

    def remarks(self) -> list[str]:
        """The note, and a sentence for each carrier that nothing took but a vent."""
        sentences = [self.note()]
        for carrier, amount in self.let_go.items():
            moved = self.balances[carrier].abs().to_numpy().sum()
            if abs(amount) > NOISE * moved:
                words = LET_GO[carrier, amount > 0].format(abs(amount))
                sentences.append(f"{self.vpp}: {words}")
        return sentences


def dispatch(
    vpp: VPP, solver: str = "auto", storage: str = "auto", flattest: bool = False
) -> DispatchResult:
    """The cheapest schedule of one VPP.

    Its cost is unique, the schedule often is not: a purchase may move between hours of one price.

    solver: "auto" or one of `solvers.SOLVERS`.
    storage: "relaxed" lets exclusive flows such as charge and discharge overlap and reports it;
        "binary" excludes it by binaries; "auto" relaxes and turns to binaries only where they did
        overlap.
    flattest: takes, of all cheapest schedules, the one whose exchange with the grid has the least
        sum of squares (`flattest.py`), the same whichever solver found the cost.
    Raises WrongInput for an unknown solver or storage mode; NotSolved with the component that
    cannot be served, the carrier and the steps, if no schedule exists.

    >>> from vppcore.components import ElectricLoad, Grid
    >>> grid = Grid(buy_price=[0.5, 1.0], sell_price=[0.0, 0.0])
    >>> house = VPP("Home", (ElectricLoad(forecast=[3.0, 5.0]), grid), steps=2)
    >>> dispatch(house).cost
    6.5
    """
    model = build(vpp)
    try:
        solved = solve_exclusively(
            [model], model.cost, model.constraints, solver, storage, vpp.name
        )
    except NotSolved as refused:
        raise explained(vpp, refused) from refused
    if flattest:
        flatten([model], model.cost, model.constraints, solved, storage, vpp.name)
    return read(model, solved)


def read(model: Model, solved: Solved) -> DispatchResult:
    """The numbers of a solved model."""
    costs = costs_by_label(model)
    pairs = model.pairs()
    return DispatchResult(
        vpp=model.vpp.name,
        cost=float(costs.sum()),
        costs=costs,
        balances=flows_by_carrier(model),
        series=reported_series(model),
        prices=marginal_costs(model),
        overlaps={overlap.component: overlap.share for overlap in overlaps(pairs)},
        solved=solved,
        roles={component.name: component.role for component in model.vpp.components},
        kinds={component.name: component.kind for component in model.vpp.components},
        exclusive=tuple(
            f"{pair.limits.one} and {pair.limits.other} of {pair.component}" for pair in pairs
        ),
        undivided=tuple(pair.component for pair in pairs if pair.limits.states),
        let_go=amounts_let_go(model),
    )


def amounts_let_go(model: Model) -> dict[str, float]:
    """Carrier -> what the vents of a solved model took over the horizon, kWh (carbon kg)."""
    amounts: dict[str, float] = {}
    for vent in model.vpp.with_role("vent"):
        for carrier, flow in model.parts[vent.name].inject.items():
            taken = -model.vpp.step_hours * float(value_of(flow).sum())
            amounts[carrier] = amounts.get(carrier, 0.0) + taken
    return amounts


def steps_of(vpp: VPP) -> pd.RangeIndex:
    """The index of every table by step: 1, 2, ..."""
    return pd.RangeIndex(1, vpp.steps + 1, name="step")


def costs_by_label(model: Model) -> pd.Series:
    """Cost of a solved model, yuan by label."""
    items = []
    for part in model.parts.values():
        for label, term in part.cost.items():
            items.append((label, float(term.value)))
    table = pd.DataFrame(items, columns=["label", "yuan"])
    return table.groupby("label", sort=False)["yuan"].sum()


def flows_by_carrier(model: Model) -> dict[str, pd.DataFrame]:
    """What each component of a solved model injects, kW (carbon kg/h), a table per carrier."""
    index = steps_of(model.vpp)
    balances = {}
    for carrier in model.balances:
        flows = {}
        for name, part in model.parts.items():
            if carrier in part.inject:
                flows[name] = part.inject[carrier].value
        balances[carrier] = pd.DataFrame(flows, index)
    return balances


def reported_series(model: Model) -> pd.DataFrame:
    """The series that the components of a solved model report, columns (component, series)."""
    values = {}
    for name, part in model.parts.items():
        for series, flow in part.series.items():
            values[name, series] = np.asarray(flow.value if hasattr(flow, "value") else flow, float)
    return pd.DataFrame(values, steps_of(model.vpp))


def marginal_costs(model: Model) -> pd.DataFrame:
    """Marginal cost of each carrier in a solved model, yuan/kWh (carbon yuan/kg), a column each.

    A balance reads sum(inject) == 0, so one more unit of demand costs minus its multiplier.
    """
    prices = {}
    for carrier, row in model.balances.items():
        if row.dual_value is not None:
            prices[carrier] = -row.dual_value / model.vpp.step_hours
    return pd.DataFrame(prices, steps_of(model.vpp))
