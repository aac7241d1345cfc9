"""VPPs on the buses of a feeder: voltage limits as linear rows, and the operator who watches them.

kW, kvar; voltages per unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import Grid, Tie
from vppcore.errors import WrongInput
from vppcore.grid.feeder import Feeder
from vppcore.schedule import DispatchResult
from vppcore.solvers import solve
from vppcore.vpp import Model


@dataclass(frozen=True, eq=False)
class Placement:
    """VPPs on a feeder. buses: VPP -> bus. background: factor on the feeder's own loads, one number or `(steps,)`.
    low, high: allowed voltage, per unit; margin: kept free on both sides, since the linear model leaves out losses."""

    feeder: Feeder
    buses: dict[str, int]
    background: float | np.ndarray = 0.5
    low: float = 0.95
    high: float = 1.05
    margin: float = 0.0

    def __post_init__(self):
        faults = [
            f"placement of {name}: found bus {bus!r}; allowed: {', '.join(map(str, self.feeder.buses))}"
            for name, bus in self.buses.items()
            if bus not in self.feeder.buses
        ]
        if not 0 < self.low + self.margin < self.high - self.margin:
            faults.append(
                f"low, high, margin: found {self.low:g}, {self.high:g}, {self.margin:g}; allowed: low + margin below "
                "high - margin"
            )
        if faults:
            raise WrongInput(*faults)

    def squared_voltage(self, withdrawn: dict[str, np.ndarray | cp.Expression], steps: int):
        """v_b of the linear model `(steps, buses)`, per unit squared, for net withdrawals in kW."""
        resistance, reactance = (
            matrix / 1000 / self.feeder.base_kv**2 for matrix in self.feeder.sensitivity()
        )
        own = self.feeder.loads.loc[self.feeder.buses]
        drop = resistance @ own["p_kw"].to_numpy() + reactance @ own["q_kvar"].to_numpy()
        level = self.feeder.source_voltage**2 - 2 * np.outer(
            np.broadcast_to(self.background, (steps,)), drop
        )
        columns = [self.feeder.buses.index(self.buses[name]) for name in withdrawn]
        if all(isinstance(flow, np.ndarray) for flow in withdrawn.values()):
            return level - 2 * np.column_stack(list(withdrawn.values())) @ resistance[columns]
        return level - 2 * cp.vstack(list(withdrawn.values())).T @ resistance[columns]

    def squared_limits(self) -> np.ndarray:
        """The lowest and the highest squared voltage that the margin leaves, per unit squared `(2,)`."""
        return np.array([self.low + self.margin, self.high - self.margin]) ** 2

    def limits(
        self,
        withdrawn: dict[str, cp.Expression],
        steps: int,
        squared_limits: cp.Parameter | None = None,
    ) -> list:
        """Voltage limits at every bus and step as linear constraints on the VPPs' net withdrawals.

        squared_limits: a parameter `(2,)` in place of the placement's own `squared_limits()`, to be changed later.
        """
        squared = self.squared_voltage(withdrawn, steps)
        limits = self.squared_limits() if squared_limits is None else squared_limits
        return [squared >= limits[0], squared <= limits[1]]

    def linear_voltages(self, withdrawn: pd.DataFrame) -> pd.DataFrame:
        """Voltages of the linear model, per unit, a column per bus; withdrawn: kW by step and VPP."""
        flows = {name: withdrawn[name].to_numpy(float) for name in withdrawn}
        squared = self.squared_voltage(flows, len(withdrawn))
        return pd.DataFrame(np.sqrt(np.maximum(squared, 0)), withdrawn.index, self.feeder.buses)


def placement_of(case: Case, feeder: Feeder, buses: str, **terms) -> Placement:
    """A placement from text such as "18 25 33": the bus of each VPP in the order of the case; `terms` as in Placement.

    Raises WrongInput unless there is one number for each VPP.
    """
    words = buses.split()
    if len(words) != len(case.names) or not all(word.isdecimal() for word in words):
        raise WrongInput(f"placement: found {buses!r}; allowed: {len(case.names)} numbers of buses")
    return Placement(feeder, dict(zip(case.names, map(int, words), strict=True)), **terms)


def withdrawal(model: Model) -> cp.Expression:
    """What passes a VPP's connection point, kW `(steps,)`: purchase less sale plus received trades."""
    through = [
        part.inject["electricity"]
        for component, part in zip(model.vpp.components, model.parts.values(), strict=True)
        if isinstance(component, Grid | Tie)
    ]
    return sum(through, cp.Constant(np.zeros(model.vpp.steps)))


def withdrawals(case: Case, dispatches: dict[str, DispatchResult]) -> pd.DataFrame:
    """Net withdrawal of each VPP, kW: a row per step, a column per VPP."""
    through = {
        vpp.name: [c.name for c in vpp.components if isinstance(c, Grid)] + ["tie"]
        for vpp in case.vpps
    }
    return pd.DataFrame(
        {
            name: result.balances["electricity"].filter(items=through[name]).sum(axis=1)
            for name, result in dispatches.items()
        }
    )


OPERATOR = "(operator)"  # in brackets: no VPP is called so


class Operator:
    """The distribution operator as an agent of the negotiation: it hears the net withdrawals that VPPs expect and answers
    with the nearest ones that keep all voltages within limits. It knows the feeder and nothing about the VPPs.

    Its answers are the negative of withdrawals, so that agreement reads like that of a trade: x_i + y_i = 0.
    """

    def __init__(self, placement: Placement, names: list[str], steps: int):
        self.placement, self.names, self.steps = placement, names, steps
        self.wish = cp.Parameter((steps, len(names)))
        self.allowed = cp.Variable((steps, len(names)))
        rows = placement.limits({name: self.allowed[:, k] for k, name in enumerate(names)}, steps)
        self.problem = cp.Problem(cp.Minimize(cp.sum_squares(self.allowed - self.wish) / 2), rows)

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        """The withdrawals nearest to pull/penalty within limits, negative, `(steps, VPPs)`."""
        self.wish.value = pull / penalty
        solve(self.problem, "clarabel", "the operator's answer")
        return -self.allowed.value

    def bound(self, multipliers: dict[tuple[str, str], np.ndarray]) -> float:
        """Its part of the Lagrangian bound: the least of sum_i m_i y_i within limits, yuan."""
        prices = np.column_stack([multipliers[name, OPERATOR] for name in self.names])
        problem = cp.Problem(
            cp.Minimize(-cp.sum(cp.multiply(prices, self.allowed))), self.problem.constraints
        )
        return solve(problem, "highs", "the operator's bound").value
