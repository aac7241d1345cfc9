"""Cooperation negotiated by ADMM (paper A's problem P1): the talks, what is carried out, the proof.

kW, yuan, yuan/kWh; a trade p_ij is positive when i receives from j; arrays are (steps,) or
(steps, partners).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.admm import Negotiator, has_ended, largest, negotiate, norm
from vppcore.cooperation.asking import AtGate, asked_of, size_told
from vppcore.cooperation.boundary import Gate, crossings
from vppcore.cooperation.certificate import Bound, Lagrangian
from vppcore.cooperation.common import Common
from vppcore.cooperation.joint import check_placement, with_reason
from vppcore.cooperation.mediator import Delivery, deliver, none_if_dearer
from vppcore.cooperation.members import Member, members_of
from vppcore.cooperation.result import (
    Certificate,
    CoalitionResult,
    both_ways,
    money_of,
    pair_frame,
)
from vppcore.cooperation.settings import Settings
from vppcore.cooperation.size import Size, is_crossing_free, natural_penalty
from vppcore.cooperation.talks import ByPair, Talks
from vppcore.cooperation.trades import (
    circulation,
    solver_resolution,
    without_circulation,
    without_noise,
)
from vppcore.errors import NotSolved
from vppcore.grid.placement import OPERATOR, Operator, Placement
from vppcore.schedule import DispatchResult
from vppcore.solvers import check_solver_name
from vppcore.vpp import check_convex

__all__ = ["cooperate", "natural_penalty", "negotiate"]

# a step of the ADMM is this much more accurate than the tolerance of the talks
STEP_ACCURACY = 0.1
# a bound with binaries is sharpened until the gap is this small, or for so many rounds
SHARP_GAP = 1e-4
SHARPENING_ROUNDS = 20
# costs that are this near to each other, as a share of the money, are the same
SAME_MONEY = 1e-6


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
    stopping: str = "residuals",
) -> CoalitionResult:
    """Cooperation negotiated by ADMM, carried out and certified: paper A, problem P1.

    penalty: yuan/kWh per kW; None takes `natural_penalty`, which for study A is the paper's.
    order, tolerance, relaxation, balancing, max_iterations, stopping: see `Settings`. If the talks
    end before the VPPs agree, what they came to is carried out and certified all the same, and the
    result's `agreed` is False.
    solver: for the linear problems of the certificate; steps of the ADMM always use OSQP, compiled
    once for each VPP.
    placement: the operator of its feeder sits at the table as one more agent. It hears net
    withdrawals, answers with the nearest ones that keep all voltages within limits, and its
    multipliers become `network_prices`.

    Each VPP is held by a `Member` of its own, and the table has only the members' gates. What
    crosses a gate is in `crossings`, noted by the member: its peak load and mean tariff, once, for
    the size of the case; in each iteration what a traded kWh costs it on top and the penalty, and
    the trades it expects; its cost with the agreed trades; and for the lower bound its least cost
    at the multipliers, with its trades there if binaries make it worth while to ask for more. What
    ends the talks is made at the table from what was told. Only where somebody cannot carry out
    what was agreed does a mediator need all models; `note` says so. Where the bounds leave room for
    it each VPP also says what it costs without trades; if that is less for all together, nobody
    trades, and `note` says that.

    Raises WrongInput for a wrong argument and for a cost that is not convex (a carbon reward that
    rises), where multipliers lead to no agreement; NotSolved if no trades give every VPP a
    schedule.

    >>> from vppcore import load_case
    >>> together = cooperate(load_case("paper-a"))
    >>> together.agreed, together.iterations, together.certificate.gap < 1e-4
    (True, 19, True)
    """
    check_solver_name(solver)
    for vpp in case.vpps:
        check_convex(vpp, "a negotiation")
    check_placement(case, placement)
    members = members_of(case, placement, solver)
    common = Common.of(case)
    gates = {name: member.gate for name, member in members.items()}
    clock = Stopwatch()
    size = size_told(gates, common)
    how = Settings(
        size.penalty if penalty is None else penalty,
        order,
        tolerance,
        relaxation,
        balancing,
        max_iterations,
        stopping,
    )
    table = seat(gates, common, how, size, placement)
    clock.lap("compile")
    try:
        talks = talk(table)
    except NotSolved as refused:
        raise with_reason(case, refused) from refused
    outcome = conclude(table, talks, clock)
    return put_together(case, members, table, outcome, clock.seconds)


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
    """Who negotiates, and how. Nothing of a VPP is known here but what its gate has told.

    common: what all know. size: of the case. how: the settings.
    vpps: name -> the gate of a VPP, as it is asked.
    placement, operator: of the feeder; None without one.
    """

    common: Common
    size: Size
    how: Settings
    vpps: dict[str, AtGate]
    placement: Placement | None = None
    operator: Operator | None = None

    @property
    def placed(self) -> tuple[str, ...]:
        """The VPPs on the feeder, whose net withdrawals its operator hears."""
        return () if self.operator is None else tuple(self.operator.names)

    @property
    def agents(self) -> dict[str, Negotiator]:
        """All agents in the order in which they speak; the operator last."""
        operators: dict[str, Negotiator] = {}
        if self.operator is not None:
            operators[OPERATOR] = self.operator
        return self.vpps | operators

    @property
    def partners(self) -> dict[str, tuple[str, ...]]:
        """With whom each deals: VPPs with all others, those on the feeder with its operator."""
        partners = {name: vpp.partners for name, vpp in self.vpps.items()}
        if self.operator is not None:
            partners[OPERATOR] = self.placed
        return partners

    def sit_down(self, extra_fee: float = 0.0) -> None:
        """Has each VPP state its problem, with a fee on trades (yuan/kWh) beside the crossing's."""
        for vpp in self.vpps.values():
            vpp.sit_down(self.size, STEP_ACCURACY * self.how.tolerance, extra_fee)


def seat(
    gates: Mapping[str, Gate],
    common: Common,
    how: Settings,
    size: Size,
    placement: Placement | None = None,
) -> Table:
    """The table: the gate of each VPP, and the operator of the placement's feeder.

    Raises WrongInput where nobody can trade.
    """
    placed = tuple(name for name in common.names if placement and name in placement.buses)
    operator = None
    if placement is not None and placed:
        operator = Operator(placement, list(placed), common.steps, common.step_hours)
    table = Table(common, size, how, asked_of(gates, common, placed), placement, operator)
    table.sit_down()
    return table


def table_of(case: Case, how: Settings, size: Size) -> Table:
    """The table of a case whose size is known, without an operator."""
    gates = {name: member.gate for name, member in members_of(case).items()}
    return seat(gates, Common.of(case), how, size)


# --- the talks ------------------------------------------------------------------------------------
def talk(table: Table) -> Talks:
    """Lets the table negotiate. Raises NotSolved if somebody has no schedule whatever it trades."""
    return negotiate(table.agents, table.partners, table.common.steps, table.how, table.size)


def conclude(table: Table, talks: Talks, clock: Stopwatch) -> Outcome:
    """What the talks have come to: trades that are carried out and certified."""
    multipliers = dict(talks.multiplier)
    if talks.agreed and is_crossing_free(table.common.tie, table.size):
        talk_idle_trades_away(table, talks)
    clock.lap("negotiate")
    agreement = agree(table, talks)
    delivery = deliver(
        table.vpps,
        table.common,
        agreement.trades,
        agreement.resolution,
        table.placement,
        agreement.granted,
    )
    bound = bound_of(table, talks, multipliers, delivery)
    certificate = certify(table, talks, delivery, bound)
    if may_cost_more_than_none(table, talks, bound, certificate):
        delivery = none_if_dearer(table.vpps, delivery, SAME_MONEY * certificate.money)
        certificate = certify(table, talks, delivery, bound)
    clock.lap("certify")
    return Outcome(talks, multipliers, agreement, delivery, certificate)


def talk_idle_trades_away(table: Table, talks: Talks) -> None:
    """Goes on with talks that have agreed, until trades that save nothing are gone.

    Where the crossing is free such trades cost nothing either, and any amount of them may have been
    agreed. So each side now counts a small fee. The multipliers without it stay those of the proof.
    If there is no second agreement within `how.max_iterations`, the first one stands.
    """
    first_agreement = dict(talks.expected)
    table.sit_down(table.size.tie_break_of_talks(table.how.tolerance))
    negotiate(table.agents, table.partners, talks.steps, table.how, table.size, talks)
    if not talks.agreed:
        talks.expected = first_agreement
        talks.agreed = True


@dataclass(frozen=True, eq=False)
class Agreement:
    """What the talks came to.

    trades: pair of VPPs -> kW `(steps,)`, without noise and circulation.
    granted: VPP on the feeder -> the net withdrawal that the operator grants, kW `(steps,)`.
    resolution: kW, below which the talks cannot tell a trade from zero.
    circulated: kWh that were agreed to be sent in circles, and are not.
    """

    trades: ByPair
    granted: dict[str, np.ndarray]
    resolution: float
    circulated: float


def agree(table: Table, talks: Talks) -> Agreement:
    """The trades on which the VPPs agree at the end of their talks: the middle of expectations.

    What is smaller than the largest disagreement that is left, or than the largest that would be
    left if they had agreed, is noise and not trade. Where hardly anything is traded the tolerance
    is a share of what is small in a case of this size, as in the residuals.
    """
    between = {pair: kw for pair, kw in talks.middle().items() if OPERATOR not in pair}
    gaps = {pair: kw for pair, kw in talks.disagreement().items() if OPERATOR not in pair}
    entries = np.sqrt(len(between) * table.common.steps)
    size = max(norm(between), entries * table.size.least_trade)
    resolution = max(
        min(largest(gaps), table.how.tolerance * size),
        solver_resolution(between, table.size.load),
    )
    limit = np.inf if table.common.tie is None else table.common.tie.limit
    clipped = {pair: np.clip(kw, -limit, limit) for pair, kw in between.items()}
    told = without_noise(clipped, resolution)
    trades = without_circulation(told, limit, resolution)
    removed = circulation(told).sum() - circulation(trades).sum()
    return Agreement(
        trades=trades,
        granted={name: -talks.expected[OPERATOR, name] for name in table.placed},
        resolution=resolution,
        circulated=float(table.common.step_hours * removed),
    )


# --- the proof ------------------------------------------------------------------------------------
def bound_of(table: Table, talks: Talks, multipliers: ByPair, delivery: Delivery) -> Bound:
    """The Lagrangian bound at the multipliers, of the VPPs and of the operator of a feeder.

    Where stores need binaries in it, the talks' multipliers, found with stores relaxed, need not be
    good ones, nor are those of talks that ended before an agreement; then better ones are sought
    (`Lagrangian.sharpened`), and the VPPs tell their trades at them.
    """
    of_operator = 0.0
    if table.operator is not None:
        of_operator = table.operator.bound(multipliers)
    vpps = list(table.vpps.values())
    lagrangian = Lagrangian(vpps, list(multipliers), table.common.step_hours)
    bound = lagrangian.at(multipliers, directions=False)
    if np.isfinite(bound.value) and (bound.binaries or not talks.agreed):
        bound = replace(bound, disagreement=lagrangian.disagreement())
        enough = SHARP_GAP * money_of(delivery.costs.values(), table.size.least_money)
        aim = delivery.cost - of_operator
        bound = lagrangian.sharpened(multipliers, bound, aim, enough, SHARPENING_ROUNDS)
    return replace(bound, value=bound.value + of_operator)


def certify(table: Table, talks: Talks, delivery: Delivery, bound: Bound) -> Certificate:
    """The certificate: true cost of what is carried out from above, the bound from below."""
    last = talks.history[-1]
    return Certificate(
        upper=delivery.cost,
        lower=bound.value,
        primal=last["largest disagreement (kW)"],
        dual=last["dual residual (yuan/kWh)"],
        money=money_of(delivery.costs.values(), table.size.least_money),
    )


def may_cost_more_than_none(
    table: Table, talks: Talks, bound: Bound, certificate: Certificate
) -> bool:
    """True where VPPs should be asked what they pay without trades.

    Not where all is convex and agreed: there the trades are as good as the gap is small. Nor on a
    feeder, whose voltages schedules without trades need not keep.
    """
    if table.placement is not None:
        return False
    return (bound.binaries or not talks.agreed) and certificate.gap > SHARP_GAP


# --- the result -----------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Outcome:
    """All that a negotiation has come to.

    talks, agreement, delivery, certificate: see there.
    multipliers: pair -> yuan/kWh `(steps,)`, those with the operator included.
    """

    talks: Talks
    multipliers: ByPair
    agreement: Agreement
    delivery: Delivery
    certificate: Certificate


def put_together(
    case: Case,
    members: Mapping[str, Member],
    table: Table,
    outcome: Outcome,
    seconds: dict[str, float],
) -> CoalitionResult:
    """The result for a reader, who may see what each VPP has kept for itself."""
    talks = outcome.talks
    delivery = outcome.delivery
    multipliers = outcome.multipliers
    between = {pair: prices for pair, prices in multipliers.items() if OPERATOR not in pair}
    history = pd.DataFrame(talks.history).set_index("iteration")
    for name, member in members.items():
        history[f"cost {name} (yuan)"] = member.own_costs
    kept = {name: member.schedule for name, member in members.items()}
    words = [in_words(talks, table.how, outcome.agreement, delivery), *on_or_off(kept)]
    return CoalitionResult(
        method=f"ADMM, {table.how.order}",
        cost=outcome.certificate.upper,
        dispatches={name: schedule for name, schedule in kept.items() if schedule is not None},
        trades=both_ways(delivery.trades, case),
        multipliers=pair_frame(between, case),
        certificate=outcome.certificate,
        history=history,
        messages=talks.messages,
        seconds=seconds,
        network_prices=pd.DataFrame(
            {name: multipliers[name, OPERATOR] for name in table.placed},
            pd.RangeIndex(1, case.vpps[0].steps + 1, name="step"),
        ),
        agreed=talks.agreed,
        resolution=delivery.resolution,
        note="; ".join(words),
        crossings=crossings([member.boundary for member in members.values()]),
    )


def on_or_off(kept: Mapping[str, DispatchResult | None]) -> list[str]:
    """What the bounds say of members that have something on or off; empty where none has.

    kept: VPP -> the schedule that it has kept for itself.
    """
    found = []
    for name, schedule in kept.items():
        undivided = () if schedule is None else schedule.undivided
        found += [f"{component} of {name}" for component in undivided]
    if not found:
        return []
    return [
        f"on or off: {' and '.join(found)}; both bounds count that, and prices alone may leave a "
        "gap between them"
    ]


def in_words(talks: Talks, how: Settings, agreement: Agreement, delivery: Delivery) -> str:
    """How the talks went, and what had to be done to their outcome."""
    last = talks.history[-1]
    if talks.agreed:
        words = [f"agreed after {len(talks.history)} iterations"]
    else:
        ended = "the trades hardly changed, " if has_ended(last, how) else ""
        words = [
            f"{ended}not agreed after {len(talks.history)} iterations (relative residuals "
            f"{last['relative primal']:.2g} and {last['relative dual']:.2g}): what the talks came "
            "to is carried out and certified"
        ]
    if talks.balanced_from is not None:
        words.append(f"the penalty follows the residuals from iteration {talks.balanced_from + 1}")
    words.append(f"trades below {delivery.resolution:.2g} kW count as none")
    if agreement.circulated > 0:
        words.append(f"{agreement.circulated:,.4g} kWh that were sent in circles are not sent")
    if delivery.spared > 0:
        words.append(
            f"the agreed trades would cost {delivery.spared:,.4g} yuan more than none, so nobody "
            "trades"
        )
    if delivery.mediated:
        words.append(
            "not every VPP could carry out what was agreed: a mediator who knows all VPPs took "
            "the nearest trades that all can carry out"
        )
    return "; ".join(words)
