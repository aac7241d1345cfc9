"""A VPP as a member of a negotiation: it holds its own data, and answers at its gate.

kW, yuan, yuan/kWh; a trade p_ij is positive when i receives from j; arrays are (steps,), or
(steps, partners) with the member's partners in the order of the talks, the operator last.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from vppcore.case import Case
from vppcore.cooperation.agents import Agent
from vppcore.cooperation.boundary import WHOLE_MODEL, Boundary, ByKind, Gate
from vppcore.cooperation.certificate import AtPrices, schedule_with
from vppcore.cooperation.common import Common
from vppcore.cooperation.size import Size
from vppcore.errors import WrongInput
from vppcore.grid.placement import OPERATOR, Placement, withdrawal_of
from vppcore.scale import numbers_of, peak_load, tariffs
from vppcore.schedule import DispatchResult
from vppcore.solvers import value_of
from vppcore.vpp import VPP

# the question that an agent answers once in each iteration
EXPECT = "expect"


class Member:
    """One VPP that negotiates. Its data stay here; others have its `gate`.

    vpp: without a tie. common: what all know.
    watched: it tells the operator of its feeder its net withdrawal, too.
    solver: for its linear problems.

    boundary: keeps what crosses it.
    own_costs: C at each answer of the talks, yuan; for its owner's eyes.
    schedule: with the agreed trades, once it was asked for them; for its owner's eyes.
    """

    def __init__(self, vpp: VPP, common: Common, watched: bool = False, solver: str = "auto"):
        self.own_costs: list[float] = []
        self.schedule: DispatchResult | None = None
        self._vpp = vpp
        self._common = common
        self._watched = watched
        self._solver = solver
        self._partners = common.partners(vpp.name, watched)
        self._agent: Agent | None = None
        answers = {
            "size": self._size,
            "declared": self._declared,
            "sit down": self._sit_down,
            EXPECT: self._expect,
            "carry out": self._carry_out,
            "least cost": self._least_cost,
            "trades there": self._trades_there,
            "model": self._model,
        }
        self.boundary = Boundary(vpp.name, answers, counted=EXPECT)

    @property
    def gate(self) -> Gate:
        """All that others get of it."""
        return self.boundary.gate

    @cached_property
    def _tied(self) -> VPP:
        """The VPP with its tie to all others."""
        tie = self._common.needed_tie
        others = tuple(name for name in self._partners if name != OPERATOR)
        return self._vpp.adding(replace(tie, partners=others))

    @cached_property
    def _at_prices(self) -> AtPrices:
        """Its problem where it may trade what it likes."""
        pairs = [(self._vpp.name, partner) for partner in self._partners]
        return AtPrices(self._tied, pairs, self._solver)

    # --- before the talks -------------------------------------------------------------------------
    def _size(self, told: ByKind) -> ByKind:
        return {"peak load": peak_load(self._vpp), "mean purchase price": tariffs(self._vpp)}

    def _declared(self, told: ByKind) -> ByKind:
        unit = "kW" if told["powers, not prices"] else "yuan/kWh"
        numbers = numbers_of(self._vpp, unit)
        return {f"sum and count of all {unit}": np.array([np.sum(numbers), len(numbers)])}

    def _sit_down(self, told: ByKind) -> ByKind:
        load, price, hours, vpps = told["size of the case"]
        self._agent = Agent(
            self._tied,
            float(told["accuracy of a step"]),
            self._watched,
            Size(load, price, hours, int(vpps)),
            float(told["fee on idle trades"]),
        )
        return {}

    # --- the talks --------------------------------------------------------------------------------
    def _expect(self, told: ByKind) -> ByKind:
        if self._agent is None:
            raise WrongInput(
                f"{self._vpp.name}: found talks before anybody sat down; allowed: after"
            )
        answer = self._agent.expect(told["pull"], float(told["penalty"]))
        self.own_costs.append(self._agent.own_costs[-1])
        return {"expected trades": answer}

    # --- after the talks --------------------------------------------------------------------------
    def _carry_out(self, told: ByKind) -> ByKind:
        trades = dict(zip(self._partners, told["agreed trades"].T, strict=False))
        granted = told.get("granted withdrawal")
        self.schedule = schedule_with(self._tied, trades, self._solver, granted)
        answer = {"cost with the agreed trades": self.schedule.cost}
        if self._watched:
            answer["net withdrawal"] = withdrawal_of(self.schedule).to_numpy()
        return answer

    def _least_cost(self, told: ByKind) -> ByKind:
        prices = {}
        for partner, column in zip(self._partners, told["multipliers of the bound"].T, strict=True):
            prices[self._vpp.name, partner] = column
        value = self._at_prices.least_cost(prices)
        kinds = np.array([self._at_prices.exact, self._at_prices.binaries])
        return {"least cost": value, "whether stores are exact and need binaries": kinds}

    def _trades_there(self, told: ByKind) -> ByKind:
        flows = [value_of(flow) for flow in self._at_prices.flows.values()]
        return {"trades at these multipliers": np.column_stack(flows)}

    def _model(self, told: ByKind) -> ByKind:
        return {WHOLE_MODEL: self._vpp}


def members_of(
    case: Case, placement: Placement | None = None, solver: str = "auto"
) -> dict[str, Member]:
    """A member for each VPP of a case, in its order.

    placement: VPPs on its feeder tell its operator their net withdrawal.
    Raises WrongInput for a case whose VPPs have no tie.

    >>> from vppcore import load_case
    >>> home = members_of(load_case("template"))["Home"]
    >>> home.gate.ask("size", {})["peak load"], home.boundary.passed[0].kind
    (2.2, 'peak load')
    """
    common = Common.of(case)
    on_feeder = () if placement is None else tuple(placement.buses)
    return {vpp.name: Member(vpp, common, vpp.name in on_feeder, solver) for vpp in case.vpps}
