"""The table's side of the gates: the questions that are asked of a VPP that negotiates.

kW, yuan, yuan/kWh; arrays are (steps,), or (steps, partners) with the partners in the order of the
talks. Whoever has an `AtGate` has a gate, and nothing of the VPP behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vppcore.cooperation.boundary import WHOLE_MODEL, Gate
from vppcore.cooperation.common import Common
from vppcore.cooperation.size import STUDY_A_LOAD, STUDY_A_PRICE, Size, round_off
from vppcore.cooperation.talks import ByPair, Pair
from vppcore.vpp import VPP


@dataclass(frozen=True, eq=False)
class Carried:
    """What a VPP tells of its schedule with the agreed trades.

    cost: yuan. withdrawal: net, kW `(steps,)`; None for who is not on the operator's feeder.
    """

    cost: float
    withdrawal: np.ndarray | None


class AtGate:
    """A VPP at the table, seen from the table.

    gate: of the VPP. partners: with whom it deals, the operator last.
    exact, binaries: of its last least cost, as in `certificate.Bound`.
    """

    def __init__(self, gate: Gate, partners: tuple[str, ...]):
        self.gate = gate
        self.partners = partners
        self.exact = True
        self.binaries = False

    @property
    def name(self) -> str:
        """Of the VPP."""
        return self.gate.name

    def sit_down(self, size: Size, accuracy: float, extra_fee: float = 0.0) -> None:
        """Has it state its problem for talks of this size and accuracy; fee in yuan/kWh."""
        numbers = np.array([size.load, size.price, size.hours, size.vpps])
        told = {
            "size of the case": numbers,
            "accuracy of a step": accuracy,
            "fee on idle trades": extra_fee,
        }
        self.gate.ask("sit down", told)

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        """The trades that it expects, kW `(steps, partners)`; see `agents.Agent.expect`."""
        told = {"pull": pull, "penalty": penalty}
        return self.gate.ask("expect", told)["expected trades"]

    def carry_out(self, trades: ByPair, granted: np.ndarray | None = None) -> Carried:
        """Its cost with the agreed trades, pair -> kW `(steps,)` positive where the first receives.

        granted: its net withdrawal, kW `(steps,)`. Raises NotSolved (infeasible) if it cannot.
        """
        columns = []
        for partner in self.partners:
            if (self.name, partner) in trades:
                columns.append(trades[self.name, partner])
            elif (partner, self.name) in trades:
                columns.append(-trades[partner, self.name])
        told = {"agreed trades": np.column_stack(columns)}
        if granted is not None:
            told["granted withdrawal"] = granted
        answer = self.gate.ask("carry out", told)
        return Carried(answer["cost with the agreed trades"], answer.get("net withdrawal"))

    # --- what the Lagrangian bound asks -----------------------------------------------------------
    @property
    def pairs(self) -> list[Pair]:
        """The pairs that it belongs to, itself first."""
        return [(self.name, partner) for partner in self.partners]

    def least_cost(self, multipliers: ByPair) -> float:
        """What it would cost if it traded what it liked at these prices, yuan, or less."""
        columns = [either_way(multipliers, pair) for pair in self.pairs]
        answer = self.gate.ask("least cost", {"multipliers of the bound": np.column_stack(columns)})
        kinds = answer["whether stores are exact and need binaries"]
        self.exact, self.binaries = bool(kinds[0]), bool(kinds[1])
        return float(answer["least cost"])

    def traded(self) -> ByPair:
        """The trades behind its last least cost, kW."""
        trades = self.gate.ask("trades there", {})["trades at these multipliers"]
        return dict(zip(self.pairs, trades.T, strict=True))

    def whole_model(self) -> VPP:
        """The VPP itself, for a mediator."""
        return self.gate.ask("model", {})[WHOLE_MODEL]


def either_way(multipliers: ByPair, pair: Pair) -> np.ndarray:
    """The multiplier of a pair, whichever of the two is named first."""
    return multipliers[pair] if pair in multipliers else multipliers[pair[::-1]]


def size_told(gates: Mapping[str, Gate], common: Common) -> Size:
    """The size of the case from what each VPP tells of itself; the same as `size.size_of`.

    >>> from vppcore import load_case
    >>> from vppcore.cooperation.members import members_of
    >>> from vppcore.cooperation.size import size_of
    >>> case = load_case("template")
    >>> gates = {name: member.gate for name, member in members_of(case).items()}
    >>> size_told(gates, Common.of(case)) == size_of(case)
    True
    """
    told = [gate.ask("size", {}) for gate in gates.values()]
    load = float(np.mean([each["peak load"] for each in told]))
    prices = np.concatenate([each["mean purchase price"] for each in told])
    price = float(np.mean(prices)) if prices.size else 0.0
    return Size(
        load=round_off(load or mean_declared(gates, True) or STUDY_A_LOAD),
        price=round_off(price or mean_declared(gates, False) or STUDY_A_PRICE),
        hours=common.hours,
        vpps=len(common.names),
    )


def mean_declared(gates: Mapping[str, Gate], powers: bool) -> float:
    """The mean of all powers or prices that the VPPs declare, 0 for none."""
    sums = np.zeros(2)
    for gate in gates.values():
        for word in gate.ask("declared", {"powers, not prices": powers}).values():
            sums += word
    return float(sums[0] / sums[1]) if sums[1] else 0.0


def asked_of(
    gates: Mapping[str, Gate], common: Common, placed: tuple[str, ...]
) -> dict[str, AtGate]:
    """The VPPs at the table. placed: those on the operator's feeder."""
    return {
        name: AtGate(gate, common.partners(name, watched=name in placed))
        for name, gate in gates.items()
    }
