"""Cooperation negotiated by ADMM (paper A's problem P1).

kW, yuan, yuan/kWh; a trade p_ij is positive when i receives from j; arrays are (steps,) or (steps, partners).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import ElectricLoad, Grid
from vppcore.cooperation.agents import Agent
from vppcore.cooperation.certificate import carry_out, lower_bound
from vppcore.cooperation.joint import (
    check_placement,
    with_reason,
)
from vppcore.cooperation.result import Certificate, CoalitionResult, Message, both_ways, pair_frame
from vppcore.cooperation.settings import Settings
from vppcore.errors import NotSolved
from vppcore.grid.placement import OPERATOR, Operator, Placement
from vppcore.solvers import check_solver_name

BALANCE_UNTIL = 200  # iterations; the convergence of residual balancing rests on a penalty that is fixed in the end


def natural_penalty(case: Case) -> float:
    """A penalty that suits the size of a case, yuan/kWh per kW: mean purchase price over mean peak load, to the nearest
    power of ten. For study A this is the paper's 1e-4; a household needs one that is a thousand times larger."""
    peaks = [
        max(
            (float(c.demand.max()) for c in vpp.components if isinstance(c, ElectricLoad)),
            default=0.0,
        )
        for vpp in case.vpps
    ]
    prices = [
        float(np.abs(c.buy_price).mean())
        for vpp in case.vpps
        for c in vpp.components
        if isinstance(c, Grid)
    ]
    ratio = (np.mean(prices) if prices else 1.0) / max(float(np.mean(peaks)), 1e-6)
    return float(10.0 ** np.round(np.log10(max(ratio, 1e-9))))


@dataclass
class Talks:
    """State of a negotiation: expected trades by ordered pair, multipliers by pair, everything said."""

    partners: dict[str, tuple[str, ...]]
    steps: int

    def __post_init__(self):
        zero = np.zeros(self.steps)
        self.pairs = [(i, j) for i, j in combinations(self.partners, 2) if j in self.partners[i]]
        self.expected = {(i, j): zero for i in self.partners for j in self.partners[i]}
        self.multiplier = {pair: zero for pair in self.pairs}
        self.target = {
            pair: zero for pair in self.pairs
        }  # the mean of both expectations, for the parallel order
        self.messages: list[Message] = []
        self.history: list[dict[str, float]] = []

    def tell_trade(self, iteration: int, sender: str, trades: np.ndarray) -> None:
        """An agent's expected trades go to its partners."""
        for column, partner in enumerate(self.partners[sender]):
            self.expected[sender, partner] = trades[:, column]
            self.messages.append(
                Message(iteration, sender, partner, "expected trade", trades[:, column])
            )

    def tell_multipliers(self, iteration: int, change: dict[tuple[str, str], np.ndarray]) -> None:
        """The first of each pair tells the second their new multiplier."""
        for (i, j), by in change.items():
            self.multiplier[i, j] = self.multiplier[i, j] + by
            self.messages.append(Message(iteration, i, j, "multiplier", self.multiplier[i, j]))

    def pull(self, agent: str, penalty: float, order: str) -> np.ndarray:
        """What an agent's next problem needs: multiplier less penalty times the trade its partner stands for."""
        columns = []
        for partner in self.partners[agent]:
            pair, sign = (
                ((agent, partner), 1)
                if (agent, partner) in self.multiplier
                else ((partner, agent), -1)
            )
            stands_for = (
                -self.expected[partner, agent]
                if order == "sequential"
                else sign * self.target[pair]
            )
            columns.append(self.multiplier[pair] - penalty * stands_for)
        return np.column_stack(columns)


def negotiate(
    agents: dict[str, Agent], partners: dict[str, tuple[str, ...]], steps: int, how: Settings
) -> Talks:
    """ADMM on the expected trades, paper A (48)-(52).

    Sequential: each agent in turn solves min C_i + sum_j [m_ij p_ij + penalty/2 |p_ij + p_ji|^2] with the newest p_ji,
    then m_ij += relaxation * penalty * (p_ij + p_ji). Parallel: all answer at once to z_ij, the mean of p_ij and -p_ji.
    An agent needs one method, `expect(pull, penalty)`; nothing else is asked of it.
    Raises NotSolved if the residuals are not small after `max_iterations`.
    """
    talks, penalty = Talks(partners, steps), how.penalty
    for iteration in range(1, int(how.max_iterations) + 1):
        before, target = dict(talks.expected), dict(talks.target)
        answers = {}
        for name, agent in agents.items():
            answers[name] = agent.expect(talks.pull(name, penalty, how.order), penalty)
            if how.order == "sequential":
                talks.tell_trade(iteration, name, answers[name])
        if how.order == "parallel":
            for name, trades in answers.items():
                talks.tell_trade(iteration, name, trades)
        told = talks.expected
        disagreement = {(i, j): told[i, j] + told[j, i] for i, j in talks.pairs}
        if how.order == "sequential":
            changes = {(i, j): told[j, i] - before[j, i] for i, j in talks.pairs}
            step = {pair: how.relaxation * penalty * gap for pair, gap in disagreement.items()}
        else:
            weight = how.relaxation
            for i, j in talks.pairs:  # the mean of the relaxed expectations
                talks.target[i, j] = (
                    weight * (told[i, j] - told[j, i]) / 2 + (1 - weight) * target[i, j]
                )
            changes = {pair: talks.target[pair] - target[pair] for pair in talks.pairs}
            step = {pair: weight * penalty * gap / 2 for pair, gap in disagreement.items()}
        talks.tell_multipliers(iteration, step)
        primal, dual = _norm(disagreement), penalty * _norm(changes)
        size = max(
            _norm(told) / np.sqrt(2), np.sqrt(len(talks.pairs) * steps)
        )  # never below 1 kW a trade
        price = max(_norm(talks.multiplier), 1e-3 * np.sqrt(len(talks.pairs) * steps))
        talks.history.append(
            {
                "iteration": iteration,
                "primal residual (kW)": primal,
                "dual residual (yuan/kWh)": dual,
                "relative primal": primal / size,
                "relative dual": dual / price,
                "penalty": penalty,
                "largest disagreement (kW)": max(
                    np.abs(gap).max() for gap in disagreement.values()
                ),
            }
        )
        if primal <= how.tolerance * size and dual <= how.tolerance * price:
            return talks
        if how.balancing and iteration <= BALANCE_UNTIL:
            penalty = balanced(penalty, primal / size, dual / price)
    last = talks.history[-1]
    raise NotSolved(
        f"P1: no agreement after {how.max_iterations} iterations (relative residuals {last['relative primal']:.2g} and "
        f"{last['relative dual']:.2g}, tolerance {how.tolerance:g}); allow more iterations or switch balancing on"
    )


def balanced(penalty: float, primal: float, dual: float) -> float:
    """Residual balancing: the penalty moves towards the larger of the two relative residuals (He, Yang, Wang 2000)."""
    ratio = primal / max(dual, 1e-12)
    return penalty * float(np.clip(np.sqrt(ratio), 0.2, 5)) if ratio > 5 or ratio < 0.2 else penalty


def _norm(arrays: dict) -> float:
    return float(np.sqrt(sum(array @ array for array in arrays.values())))


def cooperate(
    case: Case,
    penalty: float | None = None,
    order: str = "sequential",
    tolerance: float = 1e-3,
    relaxation: float = 1.0,
    balancing: bool = False,
    max_iterations: int = 500,
    solver: str = "auto",
    placement: Placement | None = None,
) -> CoalitionResult:
    """Cooperation negotiated by ADMM and certified: paper A, problem P1 (see `Settings` for the arguments).

    penalty: None takes `natural_penalty`, which for study A is the paper's.
    placement: the operator of its feeder sits at the table as one more agent. It hears net withdrawals, answers with the
    nearest ones that keep all voltages within limits, and its multipliers become `network_prices`.
    `solver` is for the certificate's linear problems; the ADMM steps always use OSQP, compiled once per VPP.
    Raises WrongInput for a wrong argument, NotSolved if the VPPs do not agree.
    """
    check_solver_name(solver)
    how = Settings(
        natural_penalty(case) if penalty is None else penalty,
        order,
        tolerance,
        relaxation,
        balancing,
        max_iterations,
    )
    how.penalty *= case.vpps[
        0
    ].step_hours  # the talks are in kW and yuan: a step's trade is a power, its cost an energy's
    vpps, marks = case.connected(), [time.perf_counter()]
    check_placement(case, placement)
    steps, placed = (
        case.vpps[0].steps,
        [] if placement is None else [n for n in case.names if n in placement.buses],
    )
    agents: dict = {vpp.name: Agent(vpp, tolerance / 10, vpp.name in placed) for vpp in vpps}
    marks.append(time.perf_counter())
    partners = {
        name: tuple(n for n in case.names if n != name) + (OPERATOR,) * (name in placed)
        for name in case.names
    }
    if placed:
        agents[OPERATOR], partners[OPERATOR] = Operator(placement, placed, steps), tuple(placed)
    try:
        talks = negotiate(agents, partners, steps, how)
    except NotSolved as refused:
        raise with_reason(case, refused) from refused
    marks.append(time.perf_counter())
    history = pd.DataFrame(talks.history).set_index("iteration")
    history["dual residual (yuan/kWh)"] /= vpps[0].step_hours  # the talks are in kW and yuan
    for name in case.names:
        history[f"cost {name} (yuan)"] = agents[name].own_costs
    limit, told = case.tie.limit, talks.expected
    middle = {(i, j): (told[i, j] - told[j, i]) / 2 for i, j in talks.pairs}
    trades = {
        pair: np.clip(trade, -limit, limit)
        for pair, trade in middle.items()
        if OPERATOR not in pair
    }
    last = talks.history[-1]
    granted = {
        name: -told[OPERATOR, name] for name in placed
    }  # the operator's own answer is within its limits
    result = carry_out(case, trades, solver, granted, last["largest disagreement (kW)"])
    lower = lower_bound(case, talks.multiplier, solver)
    if placed:
        lower += agents[OPERATOR].bound(talks.multiplier)
    # expectations are in kW and costs in yuan over steps: a multiplier per kWh divides by the step
    per_kwh = {pair: value / vpps[0].step_hours for pair, value in talks.multiplier.items()}
    certificate = Certificate(
        sum(r.cost for r in result.values()),
        lower,
        last["largest disagreement (kW)"],
        float(history["dual residual (yuan/kWh)"].iloc[-1]),
    )
    marks.append(time.perf_counter())
    seconds = dict(zip(("compile", "negotiate", "certify"), np.diff(marks), strict=True))
    return CoalitionResult(
        f"ADMM, {order}",
        certificate.upper,
        result,
        both_ways(trades, case),
        pair_frame({pair: value for pair, value in per_kwh.items() if OPERATOR not in pair}, case),
        certificate,
        history,
        talks.messages,
        seconds,
        pd.DataFrame(
            {name: per_kwh[name, OPERATOR] for name in placed},
            pd.RangeIndex(1, steps + 1, name="step"),
        ),
    )
