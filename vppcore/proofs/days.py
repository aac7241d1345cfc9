"""Exact proofs of worst days: what a day costs, and that no day of its budget costs more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import cvxpy as cp
import numpy as np

from vppcore.compiled import Compiled
from vppcore.errors import WrongInput
from vppcore.proofs.names import column_names, row_names
from vppcore.proofs.plans import Days, Planning
from vppcore.proofs.proof import ExclusiveFlows, Proof, proved
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.series import hit
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP, Model, build


def worst_day(vpp: VPP, uncertainty: Uncertainty, statement: str) -> Proof:
    """The exact proof of a VPP's worst day: its cost, and plans by which no day costs more.

    The day is the one that the search finds. statement: what its cost is, in words.
    Raises WrongInput for costs with squares, NotSolved where there is no such day or no proof.
    """
    recourse = Recourse(vpp, uncertainty)
    if recourse.chord_error > 0:
        raise WrongInput(
            f"{vpp.name}: found costs with squares; allowed for proofs of worst days: linear costs"
        )
    found = Adversary(recourse).answer(solver="highs")
    days = {key: cp.Variable(recourse.steps) for key in recourse.keys}
    as_priced = priced(recourse)
    model = build(hit(vpp, as_priced, {series: z for (_, series), z in days.items()}))
    models = {vpp.name: model}
    flows = ExclusiveFlows(models)
    compiled = flows.added_to(Compiled(model.cost, model.constraints, vpp.name))
    hits = {key: compiled.columns(z) for key, z in days.items()}
    program = compiled.program()
    low, high = program.column_low.copy(), program.column_high.copy()
    for (_, series), columns in hits.items():
        low[columns] = high[columns] = found.hits[series].to_numpy(float)
    exclusive = flows.columns(compiled)
    all_hits = np.concatenate([*hits.values(), []]).astype(int)  # in the order of the keys
    budgets = [(tuple(all_hits[own].tolist()), most) for own, most in recourse.groups]
    more = {z.id: f"{name}, {series} is hit" for (name, series), z in days.items()} | flows.names
    program = replace(program, column_low=low, column_high=high)
    proof = proved(
        statement,
        program,
        exclusive,
        column_names(compiled, models, more),
        row_names(compiled, models, flows.rows),
    )
    near = moved_together(compiled, model, hits)
    known = Days(
        replace(program, column_low=low, column_high=high), budgets, near, exclusive, statement
    )
    return replace(proof, budgets=budgets, plans=Planning(known, proof.point, proof.value).tree())


def priced(recourse: Recourse) -> Uncertainty:
    """The uncertainty with the prices of an emergency that the recourse found dear enough."""
    prices = {}
    for (_, series), columns in recourse.emergency.items():
        word = series.partition(" ")[0]
        prices[word] = float(recourse.cost[columns[0]] / recourse.step_hours)
    return replace(
        recourse.uncertainty, shed_price=prices.get("shed"), dump_price=prices.get("dumped")
    )


def moved_together(
    compiled: Compiled, model: Model, hits: Mapping[tuple[str, str], np.ndarray]
) -> dict[int, list[int]]:
    """For each hit the columns of its step, and those that belong to no step.

    These are what a plan may move when the hit comes; any choice would do.
    """
    steps = model.vpp.steps
    of_step: dict[int, list[int]] = defaultdict(list)
    of_none: list[int] = []
    for variable in compiled.problem.variables():
        columns = compiled.columns(variable)
        if columns.ndim and columns.shape[0] == steps:
            for step, places in enumerate(columns.reshape(steps, -1).tolist()):
                of_step[step] += places
        elif columns.size == 1:
            of_none += np.ravel(columns).tolist()
    near = {}
    for columns in hits.values():
        for step, column in enumerate(columns.tolist()):
            near[column] = [*of_step[step], *of_none]
    return near
