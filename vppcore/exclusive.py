"""Flows that must not run at once: the one place that decides between the relaxed and the exact problem.

A battery that charges and discharges in one step, a grid connection that buys and sells at once: excluding them takes a
binary for each step. Mostly the cheapest schedule does not do it anyway, so the problem is solved without binaries first
(relaxed) and checked; only where the check fails binaries are added. Prices come from the problem with its modes fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from vppcore.choices import STORAGE_MODES
from vppcore.errors import WrongInput
from vppcore.solvers import Solved, solve
from vppcore.vpp import Model, Pair

# the largest share of the rating that two exclusive flows may share before the relaxation counts as inexact
EXCLUSIVE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Overlap:
    """Two exclusive flows that ran at once: whose, and the largest share of their rating at which they did."""

    component: str
    share: float


def check_storage(storage: str) -> None:
    """Raises WrongInput for an unknown storage mode."""
    if storage not in STORAGE_MODES:
        raise WrongInput(f"storage: found {storage!r}; allowed: {', '.join(STORAGE_MODES)}")


def solve_exclusively(
    models: list[Model],
    cost: cp.Expression,
    constraints: list,
    solver: str = "auto",
    storage: str = "auto",
    name: str = "model",
) -> Solved:
    """Minimises `cost` over the models' schedules, with or without binaries for exclusive flows; values stay in the variables.

    models: whose exclusive flows count. constraints: all rows of the problem, the models' own included.
    storage: "relaxed" lets exclusive flows overlap, "binary" excludes it, "auto" relaxes and turns to binaries only if
    flows did overlap (or if a pair requires them).
    With binaries, the modes they find are fixed afterwards and the convex problem that is left gives schedule and prices.
    Raises NotSolved if there is no optimum.
    """
    check_storage(storage)
    pairs = [pair for model in models for pair in model.pairs()]
    must = any(pair.limits.required for pair in pairs)
    if storage == "relaxed" or not pairs or not (must or storage == "binary"):
        solved = solve(cp.Problem(cp.Minimize(cost), constraints), solver, name)
        if storage == "relaxed" or not overlaps(pairs):
            return solved
        solver = "auto"  # the caller's choice was for a convex problem
    modes, rows = binary_modes(pairs)
    chosen = solve(cp.Problem(cp.Minimize(cost), [*constraints, *rows]), solver, name)
    fixed = fixed_modes(pairs, [mode.value > 0.5 for mode in modes])
    solve(cp.Problem(cp.Minimize(cost), [*constraints, *fixed]), "auto", name)
    return chosen


def binary_modes(pairs: list[Pair]) -> tuple[list[cp.Variable], list]:
    """A binary `(steps,)` for each pair, true where the first flow may run, and the rows that exclude the other."""
    modes, rows = [], []
    for pair in pairs:
        mode = cp.Variable(pair.one.shape, boolean=True)
        modes.append(mode)
        rows.append(pair.one <= cp.multiply(np.broadcast_to(pair.limits.one_max, mode.shape), mode))
        rows.append(
            pair.other <= cp.multiply(np.broadcast_to(pair.limits.other_max, mode.shape), 1 - mode)
        )
    return modes, rows


def fixed_modes(pairs: list[Pair], modes: list[np.ndarray]) -> list:
    """Rows that let the first flow of each pair run only where its mode `(steps,)` is true, the second only elsewhere."""
    rows = []
    for pair, mode in zip(pairs, modes, strict=True):
        rows.append(cp.multiply(~mode, pair.one) <= 0)
        rows.append(cp.multiply(mode, pair.other) <= 0)
    return rows


def overlaps(pairs: list[Pair]) -> list[Overlap]:
    """The pairs whose flows run at once in the solved problem, by more than EXCLUSIVE_TOLERANCE of their rating."""
    found = []
    for pair in pairs:
        together = float(np.minimum(pair.one.value, pair.other.value).max())
        share = together / rating_of(pair)
        if share > EXCLUSIVE_TOLERANCE:
            found.append(Overlap(pair.component, share))
    return found


def rating_of(pair: Pair) -> float:
    """The larger of the two flows' limits, kW; where both are infinite or zero, the larger of the flows themselves."""
    limits = np.concatenate(
        [np.ravel(pair.limits.one_max), np.ravel(pair.limits.other_max)]
    ).astype(float)
    finite = limits[np.isfinite(limits)]
    if finite.size and finite.max() > 0:
        return float(finite.max())
    flows = float(max(np.abs(pair.one.value).max(), np.abs(pair.other.value).max()))
    return flows if flows > 0 else 1.0
