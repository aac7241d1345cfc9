"""Why a VPP has no schedule: which carrier lacks how much, when, and which components could have made it.

kW (carbon kg/h).
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from vppcore.components import CARRIER_UNITS
from vppcore.errors import NotSolved
from vppcore.exclusive import mode_rows, mode_variables, with_finite_limits
from vppcore.solvers import solve
from vppcore.vpp import VPP, Model, build, total

# a gap below this share of the carrier's largest flow is a solver's noise
NOISE = 1e-7


@dataclass(frozen=True)
class Gap:
    """What a balance cannot do without: how much of a carrier is missing or too much, kW `(steps,)` (carbon kg/h)."""

    carrier: str
    missing: np.ndarray
    surplus: np.ndarray


def explain_infeasible(vpp: VPP) -> str:
    """Which carrier lacks how much, and when: the least total gap on the balances, found with a free solver.

    If there is no gap while storage is relaxed, storage with binaries is asked; if there is none either, the VPP can earn
    without limit.
    """
    for exclusive, words in (
        (False, "infeasible"),
        (True, "infeasible without simultaneous charge and discharge"),
    ):
        gaps = least_gaps(build(vpp), exclusive)
        if gaps is None:
            return (
                f"{vpp.name}: infeasible even with its balances open: "
                "a component's own limits contradict each other"
            )
        sentences = [sentence for gap in gaps for sentence in in_words(gap)]
        if sentences:
            return f"{vpp.name}: {words}; " + "; ".join(sentences)
    return (
        f"{vpp.name}: unbounded; some exchange earns money without limit "
        "(a feed-in price above a purchase price?)"
    )


def least_gaps(model: Model, exclusive: bool) -> list[Gap] | None:
    """The least gaps on the balances, one per carrier; None if no opening of balances helps."""
    steps = model.vpp.steps
    missing = {carrier: cp.Variable(steps, nonneg=True) for carrier in model.balances}
    surplus = {carrier: cp.Variable(steps, nonneg=True) for carrier in model.balances}
    rows = [row for part in model.parts.values() for row in part.constraints]
    for carrier in model.balances:
        flows = [part.inject[carrier] for part in model.parts.values() if carrier in part.inject]
        rows.append(sum(flows) + missing[carrier] - surplus[carrier] == 0)
    if exclusive:
        limited = with_finite_limits(model.pairs(), rows, model.vpp.name)
        rows += mode_rows(limited, mode_variables(limited))
    gap = total(cp.sum(missing[carrier] + surplus[carrier]) for carrier in model.balances)
    try:
        solve(cp.Problem(cp.Minimize(gap), rows), "auto", model.vpp.name)
    except NotSolved:
        return None
    return [Gap(carrier, missing[carrier].value, surplus[carrier].value) for carrier in missing]


def in_words(gap: Gap) -> list[str]:
    """A sentence about what is missing and one about what is too much, where there is any."""
    unit = CARRIER_UNITS[gap.carrier]
    noise = NOISE * max(1.0, gap.missing.max(), gap.surplus.max())
    sentences = []
    for words, amount in (("lacks", gap.missing), ("has too much by", gap.surplus)):
        if amount.max() > noise:
            step = int(amount.argmax()) + 1
            count = int((amount > noise).sum())
            sentences.append(
                f"{gap.carrier} {words} {amount.max():,.1f} {unit} in step {step} "
                f"({count} step(s) in all)"
            )
    return sentences
