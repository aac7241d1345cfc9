"""Why a fleet has no schedules: VPPs that have none whatever they trade, or a balance.

A method that works on all VPPs at once sees only that its bounds cross. So each VPP is asked alone
first; if all have a schedule, what is missing where is the least that their balances can be off.
kW; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.fleet.batches import Batch
from vppcore.fleet.pooled import pooled
from vppcore.warm import WarmLinear, by_columns

NAMED = 3  # VPPs at most that a sentence names
# a share of the largest limit or right side below which a miss is rounding
ROUNDING = 1e-7


def why_none(group: Any, balances: str = "net trades that add up to zero") -> str:
    """Who or what has no schedule, in words without a full stop.

    group: `price_newton.Together` or one like it. balances: what all of it keep together.
    """
    alone = group.without_schedule()
    if alone:
        named = ", ".join(alone[:NAMED])
        more = f" and {len(alone) - NAMED} more" if len(alone) > NAMED else ""
        return f"no schedule meets the limits of {named}{more}, whatever is traded"
    members = getattr(group, "members", [group])
    here = all(hasattr(member, "form") for member in members)
    where = where_unbalanced([member.form.batch for member in members]) if here else ""
    return f"each VPP alone has a schedule, and no {balances} give one to all{where}"


def where_unbalanced(batches: Sequence[Batch]) -> str:
    """The step in which net trades miss zero most, if they miss it by as little as they can."""
    everybody = pooled(batches)
    program = everybody.program
    columns = program.matrix.shape[1]
    steps = everybody.steps
    own_rows = program.matrix.shape[0] - steps
    each_step = sparse.vstack(
        [sparse.csr_matrix((own_rows, steps)), sparse.identity(steps)], format="csr"
    )
    off = np.concatenate([np.zeros(columns), np.ones(2 * steps)])
    phase_one = replace(
        program,
        quadratic=sparse.csc_matrix((len(off), len(off))),
        linear=off,
        constant=0.0,
        matrix=by_columns(sparse.hstack([program.matrix, each_step, -each_step])),
        column_low=np.concatenate([program.column_low, np.zeros(2 * steps)]),
        column_high=np.concatenate([program.column_high, np.full(2 * steps, np.inf)]),
        whole=np.zeros(len(off), bool),
    )
    solver = WarmLinear("balances of a fleet")
    try:
        x = solver.solve(phase_one).x
    except NotSolved:
        return ""
    missed = x[columns : columns + steps] - x[columns + steps :]
    if np.abs(missed).max() <= ROUNDING * np.abs(x[:columns]).max(initial=0.0):
        return ""
    step = int(np.abs(missed).argmax())
    lack = "too much is delivered" if missed[step] > 0 else "too little is delivered"
    return f"; {lack} in step {step + 1}, by {abs(missed[step]):.4g} kW at least"
