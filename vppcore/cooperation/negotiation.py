"""Cooperation negotiated by ADMM (paper A's problem P1): the talks, what is carried out, the proof.

kW, yuan, yuan/kWh; a trade p_ij is positive when i receives from j; arrays are (steps,) or
(steps, partners).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.admm import Negotiator, largest, negotiate
from vppcore.cooperation.agents import Agent
from vppcore.cooperation.certificate import Lagrangian
from vppcore.cooperation.joint import check_placement, with_reason
from vppcore.cooperation.mediator import Delivery, deliver
from vppcore.cooperation.result import Certificate, CoalitionResult, both_ways, pair_frame
from vppcore.cooperation.settings import Settings
from vppcore.cooperation.size import Size, natural_penalty, size_of
from vppcore.cooperation.talks import ByPair, Talks
from vppcore.cooperation.trades import (
    circulation,
    solver_resolution,
    without_circulation,
    without_noise,
)
from vppcore.errors import NotSolved
from vppcore.grid.placement import OPERATOR, Operator, Placement
from vppcore.solvers import check_solver_name

__all__ = ["cooperate", "natural_penalty", "negotiate"]

# a step of the ADMM is this much more accurate than the tolerance of the talks
STEP_ACCURACY = 0.1
# a bound with binaries is sharpened until the gap is this small, or for so many rounds
SHARP_GAP = 1e-4
SHARPENING_ROUNDS = 20


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
    """Cooperation negotiated by ADMM, carried out and certified: paper A, problem P1.

    penalty: yuan/kWh per kW; None takes `natural_penalty`, which for study A is the paper's.
    order, tolerance, relaxation, balancing, max_iterations: see `Settings`. If the talks end before
    the VPPs agree, what they came to is carried out and certified all the same, and the result's
    `agreed` is False.
    solver: for the linear problems of the certificate; steps of the ADMM always use OSQP, compiled
    once for each VPP.
    placement: the operator of its feeder sits at the table as one more agent. It hears net
    withdrawals, answers with the nearest ones that keep all voltages within limits, and its
    multipliers become `network_prices`.

    What leaves a VPP: its messages, all in `messages`; its peak load, once, for the size of the
    case (`size_of`); its cost with the agreed trades; and for the lower bound its least cost at
    the multipliers, with its trades there if binaries make it worth while to ask for more. Only
    where somebody cannot carry out what was agreed does a mediator need all models; `note` says so.

    Raises WrongInput for a wrong argument, NotSolved if no trades give every VPP a schedule.

    >>> from vppcore import load_case
    >>> together = cooperate(load_case("paper-a"))
    >>> together.agreed, together.iterations, together.certificate.gap < 1e-4
    (True, 19, True)
    """
    check_solver_name(solver)
    size = size_of(case)
    how = Settings(
        size.penalty if penalty is None else penalty,
        order,
        tolerance,
        relaxation,
        balancing,
        max_iterations,
    )
    check_placement(case, placement)
    clock = Stopwatch()
    table = seat(case, how, size, placement)
    clock.lap("compile")
    talks = talk(case, table, how, size)
    clock.lap("negotiate")
    agreement = agree(case, table, talks, size)
    delivery = deliver(case, agreement.trades, solver, placement, agreement.granted)
    certificate = certify(case, table, talks, agreement, delivery, size, solver)
    clock.lap("certify")
    return put_together(case, table, how, talks, agreement, delivery, certificate, clock)


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Ends a stage."""
        now = time.perf_counter()
        self.seconds[stage] = now - self._started
        self._started = now


# --- who sits at the table ------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Table:
    """Who negotiates.

    vpps: name -> agent of a VPP.
    operator: of the feeder; None without one.
    placed: the VPPs on its feeder, whose net withdrawals it hears.
    """

    vpps: dict[str, Agent]
    operator: Operator | None = None
    placed: tuple[str, ...] = ()

    @property
    def agents(self) -> dict[str, Negotiator]:
        """All agents in the order in which they speak; the operator last."""
        operators: dict[str, Negotiator] = {}
        if self.operator is not None:
            operators[OPERATOR] = self.operator
        return self.vpps | operators

    @property
    def partners(self) -> dict[str, tuple[str, ...]]:
        """With whom each agent deals: VPPs with all others, those on the feeder with its operator."""
        partners = {}
        for name in self.vpps:
            others = tuple(other for other in self.vpps if other != name)
            partners[name] = (*others, OPERATOR) if name in self.placed else others
        if self.operator is not None:
            partners[OPERATOR] = self.placed
        return partners


def seat(
    case: Case,
    how: Settings,
    size: Size,
    placement: Placement | None = None,
    extra_fee: float = 0.0,
) -> Table:
    """The table of a case: an agent for each VPP, and the operator of the placement's feeder."""
    placed = tuple(name for name in case.names if placement and name in placement.buses)
    agents = {}
    for vpp in case.connected():
        watched = vpp.name in placed
        agents[vpp.name] = Agent(vpp, STEP_ACCURACY * how.tolerance, watched, size, extra_fee)
    operator = None
    if placement is not None and placed:
        first = case.vpps[0]
        operator = Operator(placement, list(placed), first.steps, first.step_hours)
    return Table(agents, operator, placed)


# --- the talks ------------------------------------------------------------------------------------
def talk(case: Case, table: Table, how: Settings, size: Size) -> Talks:
    """Lets the table negotiate.

    Raises NotSolved with the reason if a VPP has no schedule whatever it trades.
    """
    try:
        return negotiate(table.agents, table.partners, case.vpps[0].steps, how, size)
    except NotSolved as refused:
        raise with_reason(case, refused) from refused


@dataclass(frozen=True, eq=False)
class Agreement:
    """What the talks came to.

    trades: pair of VPPs -> kW `(steps,)`, without noise and circulation.
    granted: VPP on the feeder -> the net withdrawal that the operator grants, kW `(steps,)`.
    multipliers: pair -> yuan/kWh `(steps,)`, those with the operator included.
    resolution: kW, below which the talks cannot tell a trade from zero.
    circulated: kWh that were agreed to be sent in circles, and are not.
    """

    trades: ByPair
    granted: dict[str, np.ndarray]
    multipliers: ByPair
    resolution: float
    circulated: float


def agree(case: Case, table: Table, talks: Talks, size: Size) -> Agreement:
    """The trades on which the VPPs agree at the end of their talks: the middle of expectations.

    What is smaller than the largest disagreement that is left is noise, not trade.
    """
    between = {pair: kw for pair, kw in talks.middle().items() if OPERATOR not in pair}
    gaps = {pair: kw for pair, kw in talks.disagreement().items() if OPERATOR not in pair}
    resolution = max(largest(gaps), solver_resolution(between, size.load))
    limit = np.inf if case.tie is None else case.tie.limit
    clipped = {pair: np.clip(kw, -limit, limit) for pair, kw in between.items()}
    told = without_noise(clipped, resolution)
    trades = without_circulation(told, limit, resolution)
    removed = circulation(told).sum() - circulation(trades).sum()
    return Agreement(
        trades=trades,
        granted={name: -talks.expected[OPERATOR, name] for name in table.placed},
        multipliers=dict(talks.multiplier),
        resolution=resolution,
        circulated=float(case.vpps[0].step_hours * removed),
    )


# --- the proof ------------------------------------------------------------------------------------
def certify(
    case: Case,
    table: Table,
    talks: Talks,
    agreement: Agreement,
    delivery: Delivery,
    size: Size,
    solver: str,
) -> Certificate:
    """The certificate: true cost from above, Lagrangian bound from below.

    Where stores need binaries in the lower bound, the talks' multipliers, found with stores
    relaxed, need not be good ones; then better ones are sought (`Lagrangian.sharpened`).
    """
    upper = sum(schedule.cost for schedule in delivery.dispatches.values())
    money = max(sum(abs(s.cost) for s in delivery.dispatches.values()), size.least_money)
    multipliers = agreement.multipliers
    of_operator = 0.0
    if table.operator is not None:
        of_operator = table.operator.bound(multipliers)
    lagrangian = Lagrangian(case, list(multipliers), solver)
    bound = lagrangian.at(multipliers)
    if bound.binaries:
        enough = SHARP_GAP * money
        aim = upper - of_operator
        bound = lagrangian.sharpened(multipliers, bound, aim, enough, SHARPENING_ROUNDS)
    last = talks.history[-1]
    return Certificate(
        upper=upper,
        lower=bound.value + of_operator,
        primal=last["largest disagreement (kW)"],
        dual=last["dual residual (yuan/kWh)"],
        money=money,
    )


# --- the result -----------------------------------------------------------------------------------
def put_together(
    case: Case,
    table: Table,
    how: Settings,
    talks: Talks,
    agreement: Agreement,
    delivery: Delivery,
    certificate: Certificate,
    clock: Stopwatch,
) -> CoalitionResult:
    """The result from its pieces."""
    history = pd.DataFrame(talks.history).set_index("iteration")
    for name, agent in table.vpps.items():
        history[f"cost {name} (yuan)"] = agent.own_costs
    multipliers = agreement.multipliers
    return CoalitionResult(
        method=f"ADMM, {how.order}",
        cost=certificate.upper,
        dispatches=delivery.dispatches,
        trades=both_ways(delivery.trades, case),
        multipliers=pair_frame({p: m for p, m in multipliers.items() if OPERATOR not in p}, case),
        certificate=certificate,
        history=history,
        messages=talks.messages,
        seconds=clock.seconds,
        network_prices=pd.DataFrame(
            {name: multipliers[name, OPERATOR] for name in table.placed},
            pd.RangeIndex(1, case.vpps[0].steps + 1, name="step"),
        ),
        agreed=talks.agreed,
        resolution=agreement.resolution,
        note=in_words(talks, agreement, delivery),
    )


def in_words(talks: Talks, agreement: Agreement, delivery: Delivery) -> str:
    """How the talks went, and what had to be done to their outcome."""
    last = talks.history[-1]
    if talks.agreed:
        words = [f"agreed after {len(talks.history)} iterations"]
    else:
        words = [
            f"not agreed after {len(talks.history)} iterations (relative residuals "
            f"{last['relative primal']:.2g} and {last['relative dual']:.2g}): what the talks came "
            "to is carried out and certified"
        ]
    if talks.balanced_from is not None:
        words.append(f"the penalty follows the residuals from iteration {talks.balanced_from + 1}")
    words.append(f"trades below {agreement.resolution:.2g} kW count as none")
    if agreement.circulated > 0:
        words.append(f"{agreement.circulated:,.4g} kWh that were sent in circles are not sent")
    if delivery.mediated:
        words.append(
            "not every VPP could carry out what was agreed: a mediator who knows all VPPs took "
            "the nearest trades that all can carry out"
        )
    return "; ".join(words)
