"""The linear programs that the book's numbers rest on, each to be proved by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from itertools import combinations
from typing import NamedTuple

import cvxpy as cp

from vppcore.carbon import planned_for
from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.components import CarbonMarket
from vppcore.cooperation.joint import JointProblem
from vppcore.cooperation.negotiation import cooperate
from vppcore.cooperation.result import CoalitionResult
from vppcore.proofs.days import worst_day
from vppcore.proofs.proof import Proof, prove
from vppcore.uncertainty.series import series_of_vpp
from vppcore.uncertainty.settings import at_level
from vppcore.vpp import VPP, build, total

HEAT = "heat"  # in the book it is certain


class Task(NamedTuple):
    """A proof that is to be made.

    name: of its file. make: makes it.
    """

    name: str
    make: Callable[[], Proof]


def tasks(
    case: Case, coalitions: bool = True, called: str = "", levels: Sequence[int] = ()
) -> Iterator[Task]:
    """The proofs of a case: each VPP alone, each coalition, and both bounds of the talks.

    Where a VPP may pay for carbon by a ladder, also what it plans for in the other carbon models.
    coalitions: False leaves out all but the coalition of everybody, and the talks.
    called: what the case is called; empty for its name.
    levels: of uncertainty, whose worst days are proved, of VPPs without squares in their costs.
    """
    called = called or case.name
    stem = called.replace(", ", "-").replace(" ", "-")
    for vpp in case.vpps:
        yield Task(f"{stem}-alone-{vpp.name}", partial(alone, vpp, called))
        for number, (words, planned) in enumerate(other_carbon(vpp).items(), start=1):
            name = f"{stem}-alone-{vpp.name}-carbon-{number}"
            yield Task(name, partial(alone, planned, called, f", carbon model {words}"))
    for level in levels:
        for vpp in case.vpps:
            if is_linear(vpp):
                name = f"{stem}-worst-day-{vpp.name}-level-{level}"
                yield Task(name, partial(worst_day_of, vpp, level, called))
    if case.tie is None or len(case.names) == 1:
        return
    for size in range(2 if coalitions else len(case.names), len(case.names) + 1):
        for members in combinations(case.names, size):
            name = f"{stem}-together-{'-'.join(members)}"
            yield Task(name, partial(together, case, members, called))
    if coalitions and all(is_linear(vpp) for vpp in case.vpps):
        talks = AgreedOnce(case)
        yield Task(f"{stem}-talks-lower", partial(talks_lower, talks, called))
        yield Task(f"{stem}-talks-upper", partial(talks_upper, talks, called))


class AgreedOnce:
    """A case whose VPPs negotiate once, when somebody asks what they agreed on."""

    def __init__(self, case: Case):
        self.case = case

    @cached_property
    def agreed(self) -> CoalitionResult:
        """What they agreed on."""
        return cooperate(self.case)


def is_linear(vpp: VPP) -> bool:
    """True if a VPP's cost is a convex one without squares."""
    convex = all(market.is_convex for market in vpp.of(CarbonMarket))
    return convex and bool(build(vpp).cost.is_pwl())


def other_carbon(vpp: VPP) -> dict[str, VPP]:
    """Carbon model -> the VPP that plans for its market, for those that are not the VPP's own.

    There are none where the VPP pays by no ladder.
    """
    markets = vpp.of(CarbonMarket)
    if len(markets) != 1 or markets[0].levels <= 1:
        return {}
    planned = {}
    for model, market in planned_for(markets[0]).items():
        if market != markets[0]:
            numbers = {"levels": market.levels, "price": market.price}
            planned[model] = vpp.change(market.name, **numbers)
    return planned


def alone(vpp: VPP, called: str, how: str = "") -> Proof:
    """What a VPP's day costs at least without trade. called: its case. how: more on it."""
    model = build(vpp)
    compiled = Compiled(model.cost, model.constraints, vpp.name)
    statement = f"{called}: least cost of {vpp.name} alone{how}"
    return prove(statement, compiled, {vpp.name: model})


def worst_day_of(vpp: VPP, level: int, called: str) -> Proof:
    """What a VPP's worst day of a level costs, and that no day of it costs more.

    As in the book all series but heat are uncertain.
    """
    statement = f"{called}: cost of the worst day of {vpp.name}, level {level}"
    series = tuple(name for name in series_of_vpp(vpp) if name != HEAT)
    return worst_day(vpp, at_level(level, series=series), statement)


def together(case: Case, members: tuple[str, ...], called: str) -> Proof:
    """What the case costs at least when these members trade with each other, and nobody else."""
    joint = JointProblem(case, members=members)
    agreed = {f"{i} and {j} agree on their trade": row for (i, j), row in joint.agreed.items()}
    who = "all" if len(members) == len(case.names) else ", ".join(members)
    statement = f"{called}: least cost of all VPPs when {who} trade with each other"
    return prove(statement, joint.cheapest, joint.models, agreed)


def talks_lower(talks: AgreedOnce, called: str) -> Proof:
    """What the cluster costs at least, by the multipliers that the talks ended with.

    Each VPP trades what it likes at these prices; whatever multipliers are taken, no schedule of
    the cluster costs less than what they answer, added up.
    """
    models = {vpp.name: build(vpp) for vpp in talks.case.connected()}
    hours = talks.case.vpps[0].step_hours
    costs = []
    for name, model in models.items():
        costs.append(model.cost)
        for partner, flow in model.trades().items():
            pair = (
                (name, partner) if (name, partner) in talks.agreed.multipliers else (partner, name)
            )
            costs.append(hours * (talks.agreed.multipliers[pair].to_numpy() @ flow))
    rows = [row for model in models.values() for row in model.constraints]
    statement = f"{called}: what the cluster costs at least, by the multipliers of the talks"
    return prove(statement, Compiled(total(costs), rows, statement), models)


def talks_upper(talks: AgreedOnce, called: str) -> Proof:
    """What the cluster costs with the trades that the talks agreed on, schedules at their best."""
    models = {vpp.name: build(vpp) for vpp in talks.case.connected()}
    kept: dict[str, cp.Constraint] = {}
    for name, model in models.items():
        for partner, flow in model.trades().items():
            kept[f"{name} receives what it agreed on with {partner}"] = (
                flow == talks.agreed.trades[name, partner].to_numpy()
            )
    rows = [row for model in models.values() for row in model.constraints]
    statement = f"{called}: cost of the cluster with the trades that the talks agreed on"
    cost = total(model.cost for model in models.values())
    return prove(statement, Compiled(cost, [*rows, *kept.values()], statement), models, kept)
