"""Between what an answer lies over all optimal schedules of a case's VPPs.

The least cost is unique, the schedule often is not (`flattest.py` takes one of many). What a page
says of "the" optimal schedule may hold for the one that a solver found only; these are the extremes
over all of them, each found by a linear problem whose cost is held at the optimum.

kW; voltages per unit, of the linear model; arrays are (steps,) or (steps, buses).
"""

from __future__ import annotations

from typing import NamedTuple

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.compiled import Answer, Compiled
from vppcore.cooperation.joint import joint_model
from vppcore.cooperation.size import size_of
from vppcore.errors import WrongInput
from vppcore.exclusive import overlaps, pairs_of
from vppcore.grid.placement import Placement
from vppcore.schedule import steps_of
from vppcore.solvers import kind_of
from vppcore.vpp import check_convex, total, withdrawal

# by how much a schedule may cost more and still count as optimal, as a share of the cost
OPTIMAL = 1e-8


class Extremes(NamedTuple):
    """Net withdrawals of optimal schedules at the ends of a range, kW, a column per VPP.

    worst: of the schedule whose lowest voltage of all buses and steps is least.
    best: of the one whose lowest voltage is greatest.
    """

    worst: pd.DataFrame
    best: pd.DataFrame


class OptimalSchedules:
    """All cheapest schedules of a case, asked for the ends of their range.

    case: whose. members: as for `pool`; none of them, `()`, asks for the VPPs alone.
    solver: "auto" or one of `solvers.SOLVERS`.
    optimum: yuan.
    Stores are relaxed: among the schedules may be some in which one charges and discharges at once
    for nothing.
    Raises WrongInput for costs that are not linear, or where stores need binaries, since no linear
    rows hold such optimal schedules; NotSolved if there is no schedule.
    """

    def __init__(self, case: Case, members: tuple[str, ...] | None = None, solver: str = "auto"):
        for vpp in case.vpps:
            check_convex(vpp, "a range over all optimal schedules")
        models, _, rows = joint_model(case, members=members)
        cost = total(model.cost for model in models.values())
        kind = kind_of(cp.Problem(cp.Minimize(cost), rows))
        if kind != "linear":
            raise WrongInput(f"{case.name}: found a {kind} problem; allowed: a linear one")
        self.case = case
        self._solver = solver
        cheapest = Compiled(cost, rows, case.name)
        answer = cheapest.solve(solver)
        answer.fill()
        overlapping = [overlap.component for overlap in overlaps(pairs_of(models.values()))]
        if overlapping:
            raise WrongInput(
                f"{case.name}: found stores that need binaries ({', '.join(overlapping)}); "
                "allowed: a relaxation that is exact"
            )
        self.optimum = answer.value
        size = size_of(case)
        unit = OPTIMAL * max(abs(self.optimum), size.least_money)
        self._rows = [*rows, (cost - self.optimum) / unit <= 1]
        self._index = steps_of(case.vpps[0])
        self._withdrawn = {name: withdrawal(model) for name, model in models.items()}

    def exchange(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The least and the most that each VPP may withdraw in each step, kW.

        Each number is that of a schedule of its own; no schedule need have several of them.
        """
        flows = cp.vstack(list(self._withdrawn.values())).T
        asked = cp.Parameter(flows.shape)
        compiled = Compiled(cp.sum(cp.multiply(asked, flows)), self._rows, self.case.name)
        ends = np.zeros((2, *flows.shape))
        for place in np.ndindex(flows.shape):
            for end, sign in enumerate((1, -1)):
                one = np.zeros(flows.shape)
                one[place] = sign
                asked.value = one
                ends[(end, *place)] = sign * compiled.value(self._solver)
        least, most = (pd.DataFrame(end, self._index, list(self._withdrawn)) for end in ends)
        return least, most

    def lowest_voltage(
        self, placement: Placement, ends: tuple[pd.DataFrame, pd.DataFrame] | None = None
    ) -> Extremes:
        """The optimal schedules whose lowest voltage is least and greatest.

        placement: where the VPPs stand; its limits are not kept.
        ends: what `exchange` answers, if it is known.
        """
        _, most = ends or self.exchange()
        return Extremes(self._worst(placement, most), self._best(placement))

    def _worst(self, placement: Placement, most: pd.DataFrame) -> pd.DataFrame:
        """Withdrawals with the least voltage: the places that may have it, one after the other."""
        squared = self._squared_voltage(placement)
        asked = cp.Parameter(squared.shape)
        compiled = Compiled(cp.sum(cp.multiply(asked, squared)), self._rows, self.case.name)
        # no schedule has a lower voltage than one in which all withdraw the most they may
        bounds = placement.linear_voltages(most[list(placement.buses)]).to_numpy() ** 2
        least = np.inf
        found = most
        for number in np.argsort(bounds, axis=None):
            if bounds.flat[number] >= least:
                break
            one = np.zeros(squared.shape)
            one.flat[number] = 1
            asked.value = one
            answer = compiled.solve(self._solver)
            if answer.value < least:
                least = answer.value
                found = self._taken(answer)
        return found

    def _best(self, placement: Placement) -> pd.DataFrame:
        """Withdrawals whose lowest voltage is as high as it can be."""
        squared = self._squared_voltage(placement)
        lowest = cp.Variable()
        rows = [*self._rows, squared >= lowest]
        compiled = Compiled(cp.Maximize(lowest), rows, self.case.name)
        return self._taken(compiled.solve(self._solver))

    def _squared_voltage(self, placement: Placement) -> cp.Expression:
        """Of every step and bus, per unit squared, as an expression of the problem."""
        withdrawn = {name: self._withdrawn[name] for name in placement.buses}
        return placement.squared_voltage(withdrawn, len(self._index))

    def _taken(self, answer: Answer) -> pd.DataFrame:
        """The net withdrawals of a solved problem, kW."""
        taken = {name: answer.of(flow) for name, flow in self._withdrawn.items()}
        return pd.DataFrame(taken, self._index)
