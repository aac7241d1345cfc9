"""VPPs on the buses of a feeder: voltage limits as linear rows, and the operator who watches them.

kW, kvar; voltages per unit; arrays are (steps,) or (steps, buses).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.feeder import Feeder
from vppcore.parameters import measured_faults, parameter, rules_of
from vppcore.schedule import DispatchResult
from vppcore.vpp import CONNECTION

OPERATOR = "(operator)"  # in brackets: no VPP is called so


# --- where the VPPs stand -------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Placement:
    """VPPs on a feeder, and which voltages are allowed there.

    feeder: the feeder. buses: VPP -> bus.
    background: factor on the feeder's own loads, a number or `(steps,)`.
    low, high: lowest and highest voltage allowed, per unit.
    margin: kept free on both sides, per unit, since the linear model leaves out losses.
    Raises WrongInput for a bus that the feeder lacks and limits that leave no room.
    """

    feeder: Feeder
    buses: dict[str, int]
    background: float | np.ndarray = parameter(
        "-", "factor on the feeder's own loads", 0.5, low=-np.inf, by_step=True
    )
    low: float = parameter("per unit", "lowest voltage allowed", 0.95)
    high: float = parameter("per unit", "highest voltage allowed", 1.05)
    margin: float = parameter("per unit", "kept free on both sides", 0.0)

    def __post_init__(self):
        allowed = ", ".join(map(str, self.feeder.buses))
        faults = [
            f"placement of {name}: found bus {bus!r}; allowed: {allowed}"
            for name, bus in self.buses.items()
            if bus not in self.feeder.buses
        ]
        for name, rule in rules_of(self).items():
            faults += measured_faults(name, getattr(self, name), rule)
        if not 0 < self.low + self.margin < self.high - self.margin:
            faults.append(
                f"low, high, margin: found {self.low:g}, {self.high:g}, {self.margin:g}; "
                "allowed: low + margin below high - margin"
            )
        if faults:
            raise WrongInput(*faults)

    def squared_voltage(self, withdrawn: Mapping[str, Any], steps: int) -> Any:
        """Squared voltages of the linear model, per unit, `(steps, buses)`.

        withdrawn: VPP -> net withdrawal, kW `(steps,)`, as arrays or as expressions of a problem.
        """
        per_kw, of_customers = self.feeder.falls()
        factor = np.broadcast_to(self.background, (steps,))
        without_vpps = self.feeder.source_voltage**2 - np.outer(factor, of_customers)
        of_vpps = per_kw[[self.feeder.buses.index(self.buses[name]) for name in withdrawn]]
        flows = list(withdrawn.values())
        if all(isinstance(flow, np.ndarray) for flow in flows):
            return without_vpps - np.column_stack(flows) @ of_vpps
        return without_vpps - cp.vstack(flows).T @ of_vpps

    def squared_limits(self) -> np.ndarray:
        """Lowest and highest squared voltage that the margin leaves, per unit squared `(2,)`."""
        return np.array([self.low + self.margin, self.high - self.margin]) ** 2

    def limits(
        self,
        withdrawn: Mapping[str, Any],
        steps: int,
        squared_limits: cp.Parameter | None = None,
    ) -> list:
        """Voltage limits at every bus and step as linear rows on the VPPs' net withdrawals.

        withdrawn: VPP -> net withdrawal, kW `(steps,)`.
        squared_limits: a parameter `(2,)` in place of the placement's own `squared_limits()`, to be
        changed later.
        """
        squared = self.squared_voltage(withdrawn, steps)
        limits = self.squared_limits() if squared_limits is None else squared_limits
        return [squared >= limits[0], squared <= limits[1]]

    def linear_voltages(self, withdrawn: pd.DataFrame) -> pd.DataFrame:
        """Voltages of the linear model, per unit, a column per bus.

        withdrawn: net withdrawals, kW, a row per step, a column per VPP.
        """
        flows = {name: withdrawn[name].to_numpy(float) for name in withdrawn}
        squared = self.squared_voltage(flows, len(withdrawn))
        return pd.DataFrame(np.sqrt(np.maximum(squared, 0)), withdrawn.index, self.feeder.buses)


def placement_of(case: Case, feeder: Feeder, buses: str, **terms) -> Placement:
    """A placement from text such as "18 25 33": the bus of each VPP in the order of the case.

    terms: as in Placement. Raises WrongInput unless there is one number for each VPP.
    """
    words = buses.split()
    if len(words) != len(case.names) or not all(word.isdecimal() for word in words):
        raise WrongInput(f"placement: found {buses!r}; allowed: {len(case.names)} numbers of buses")
    return Placement(feeder, dict(zip(case.names, map(int, words), strict=True)), **terms)


def default_placement(case: Case, feeder: Feeder, **terms) -> Placement:
    """A placement that suits any case: its VPPs at the ends of the feeder's laterals.

    Ends are taken from the farthest from the source on, in ohm along the lines. Where there are
    more VPPs than ends, each further one stands as far as it can from the source and all buses
    taken. The VPPs take the buses in the order of the feeder. terms: as in Placement.
    Raises WrongInput for more VPPs than buses.

    >>> from vppcore import load_case
    >>> from vppcore.grid.feeder import load_feeder
    >>> default_placement(load_case("paper-a"), load_feeder("ieee33")).buses
    {'VPP1': 18, 'VPP2': 22, 'VPP3': 33}
    """
    if len(case.names) > len(feeder.buses):
        raise WrongInput(
            f"feeder {feeder.name}: found {len(feeder.buses)} buses for {len(case.names)} VPPs; "
            "allowed: at least one bus for each"
        )
    tree = nx.Graph()
    for line in feeder.lines.itertuples():
        tree.add_edge(line.from_bus, line.to_bus, ohm=line.r_ohm)
    ohm = dict(nx.all_pairs_dijkstra_path_length(tree, weight="ohm"))
    ends = [bus for bus in feeder.buses if tree.degree(bus) == 1]
    ends.sort(key=lambda bus: ohm[feeder.source][bus], reverse=True)
    taken = [feeder.source, *ends[: len(case.names)]]
    while len(taken) <= len(case.names):
        free = [bus for bus in feeder.buses if bus not in taken]
        taken.append(max(free, key=lambda bus: min(ohm[bus][other] for other in taken)))
    places = [bus for bus in feeder.buses if bus in taken]
    return Placement(feeder, dict(zip(case.names, places, strict=True)), **terms)


# --- what passes a connection point ---------------------------------------------------------------
def withdrawals(case: Case, dispatches: Mapping[str, DispatchResult]) -> pd.DataFrame:
    """Net withdrawal of each VPP, kW: a row per step, a column per VPP."""
    return pd.DataFrame({name: withdrawal_of(each) for name, each in dispatches.items()})


def withdrawal_of(schedule: DispatchResult) -> pd.Series:
    """Net withdrawal of one VPP, kW by step."""
    through = schedule.with_role(*CONNECTION)
    return schedule.balances["electricity"].filter(items=through).sum(axis=1)


# --- the operator ---------------------------------------------------------------------------------
class Operator:
    """The distribution operator as an agent of the negotiation.

    It hears the net withdrawals that VPPs expect and answers with the nearest ones that keep all
    voltages within limits. It knows the feeder and nothing about the VPPs. Its answers are the
    negative of withdrawals, so that agreement reads like that of a trade: x_i + y_i = 0.

    placement: which voltages are allowed. names: the VPPs that it deals with.
    steps, step_hours: of the horizon.
    """

    def __init__(self, placement: Placement, names: list[str], steps: int, step_hours: float = 1.0):
        self.placement = placement
        self.names = names
        self._step_hours = step_hours
        self._wish = cp.Parameter((steps, len(names)))
        self._price = cp.Parameter((steps, len(names)))
        self._allowed = cp.Variable((steps, len(names)))
        columns = {name: self._allowed[:, k] for k, name in enumerate(names)}
        rows = placement.limits(columns, steps)
        distance = cp.sum_squares(self._allowed - self._wish) / 2
        paid = -step_hours * cp.sum(cp.multiply(self._price, self._allowed))
        self._nearest = Compiled(distance, rows, "the operator's answer")
        self._cheapest = Compiled(paid, rows, "the operator's bound")

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        """The withdrawals nearest to pull/penalty within limits, negative, kW `(steps, VPPs)`.

        pull: yuan/kWh `(steps, VPPs)`. penalty: yuan/kWh per kW.
        Raises NotSolved (infeasible) if no withdrawals keep the voltages within limits.
        """
        self._wish.value = pull / penalty
        try:
            return -self._nearest.solve("clarabel").of(self._allowed)
        except NotSolved as refused:
            if refused.status != "infeasible":
                raise
            raise NotSolved(
                f"no withdrawals of the VPPs keep all voltages of {self.placement.feeder.name} "
                f"within {self.placement.low:g} and {self.placement.high:g}",
                "infeasible",
            ) from refused

    def bound(self, multipliers: Mapping[tuple[str, str], np.ndarray]) -> float:
        """Its part of the Lagrangian bound: the least of hours * sum_i m_i y_i within limits, yuan.

        multipliers: (VPP, operator) -> yuan/kWh `(steps,)`.
        """
        self._price.value = np.column_stack([multipliers[name, OPERATOR] for name in self.names])
        return self._cheapest.solve("highs").value
