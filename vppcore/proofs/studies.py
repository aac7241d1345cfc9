"""The linear programs that the book's numbers rest on, each to be proved by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from itertools import combinations
from typing import NamedTuple

import cvxpy as cp

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.cooperation.joint import JointProblem
from vppcore.cooperation.negotiation import cooperate
from vppcore.cooperation.result import CoalitionResult
from vppcore.proofs.proof import Proof, prove
from vppcore.vpp import VPP, build, total


class Task(NamedTuple):
    """A proof that is to be made.

    name: of its file. make: makes it.
    """

    name: str
    make: Callable[[], Proof]


def tasks(case: Case, coalitions: bool = True, called: str = "") -> Iterator[Task]:
    """The proofs of a case: each VPP alone, each coalition, and both bounds of the talks.

    coalitions: False leaves out all but the coalition of everybody, and the talks.
    called: what the case is called; empty for its name.
    Raises WrongInput for a case with quadratic costs.
    """
    called = called or case.name
    stem = called.replace(", ", "-").replace(" ", "-")
    for vpp in case.vpps:
        yield Task(f"{stem}-alone-{vpp.name}", partial(alone, vpp, called))
    if case.tie is None or len(case.names) == 1:
        return
    for size in range(2 if coalitions else len(case.names), len(case.names) + 1):
        for members in combinations(case.names, size):
            name = f"{stem}-together-{'-'.join(members)}"
            yield Task(name, partial(together, case, members, called))
    if coalitions:
        talks = Talks(case)
        yield Task(f"{stem}-talks-lower", partial(talks_lower, talks, called))
        yield Task(f"{stem}-talks-upper", partial(talks_upper, talks, called))


class Talks:
    """A case whose VPPs negotiate once, when somebody asks what they agreed on."""

    def __init__(self, case: Case):
        self.case = case

    @cached_property
    def agreed(self) -> CoalitionResult:
        """What they agreed on."""
        return cooperate(self.case)


def alone(vpp: VPP, called: str) -> Proof:
    """What a VPP's day costs at least without trade. called: its case."""
    model = build(vpp)
    compiled = Compiled(model.cost, model.constraints, vpp.name)
    statement = f"{called}: least cost of {vpp.name} alone"
    return prove(statement, compiled, {vpp.name: model})


def together(case: Case, members: tuple[str, ...], called: str) -> Proof:
    """What the case costs at least when these members trade with each other, and nobody else."""
    joint = JointProblem(case, members=members)
    agreed = {f"{i} and {j} agree on their trade": row for (i, j), row in joint.agreed.items()}
    who = "all" if len(members) == len(case.names) else ", ".join(members)
    statement = f"{called}: least cost of all VPPs when {who} trade with each other"
    return prove(statement, joint.cheapest, joint.models, agreed)


def talks_lower(talks: Talks, called: str) -> Proof:
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


def talks_upper(talks: Talks, called: str) -> Proof:
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
