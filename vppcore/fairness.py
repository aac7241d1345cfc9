"""Is an agreement stable, and is it fair? Savings of all coalitions, Shapley value, nucleolus, least core.

yuan; a coalition is a tuple of names in the order of the case. v(S) is what the members of S save by trading among
themselves; the others do not trade. With a feeder all VPPs share its voltage limits, whoever trades.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import factorial

import cvxpy as cp
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.cooperation.joint import joint_model
from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.placement import Placement
from vppcore.solvers import solve
from vppcore.vpp import total

MOST_VPPS = 10  # 2^10 coalitions
Values = Mapping[tuple[str, ...], float]


def coalitions(names: list[str]) -> list[tuple[str, ...]]:
    """All coalitions of one VPP or more, small ones first."""
    return [members for size in range(1, len(names) + 1) for members in combinations(names, size)]


def neighbouring(names: list[str]) -> list[tuple[str, ...]]:
    """All coalitions, that of nobody included, so that each differs from the one before by one VPP.

    >>> neighbouring(["A", "B"])
    [(), ('A',), ('A', 'B'), ('B',)]
    """
    gray_code = [number ^ (number >> 1) for number in range(2 ** len(names))]
    return [
        tuple(name for place, name in enumerate(names) if code >> place & 1) for code in gray_code
    ]


def coalition_values(
    case: Case, placement: Placement | None = None, solver: str = "auto", progress: bool = False
) -> dict[tuple[str, ...], float]:
    """What each coalition saves, v(S) in yuan: the cost of all VPPs without trade less their cost when S trades.

    One problem is stated for all of them. A parameter opens the pairs of a coalition and closes the others, and each
    coalition is solved from the solution of one that differs by one VPP.

    placement: keeps the voltages of its feeder within limits, whoever trades.
    progress: shows a bar.
    Raises WrongInput for more than MOST_VPPS VPPs, NotSolved if a coalition has no optimum.
    """
    if len(case.names) > MOST_VPPS:
        raise WrongInput(
            f"case {case.name}: found {len(case.names)} VPPs; allowed: up to {MOST_VPPS} (2^{MOST_VPPS} coalitions)"
        )
    models, agreed, rows = joint_model(case, placement)
    pairs = list(agreed)
    is_open = cp.Parameter(len(pairs), nonneg=True, name="pairs that may trade")
    # kW; an absent limit must not meet the zero of a closed pair
    limit = np.inf if case.tie is None else case.tie.limit
    most = np.minimum(limit, 1e7)
    for k, (i, j) in enumerate(pairs):
        flow = models[i].trades()[j]
        rows += [flow <= most * is_open[k], flow >= -most * is_open[k]]
    compiled = Compiled(total(model.cost for model in models.values()), rows)
    costs = {}
    for members in tqdm(neighbouring(case.names), desc="coalitions", disable=not progress):
        if len(members) != 1:  # one VPP has nobody to trade with
            is_open.value = np.array([float(i in members and j in members) for i, j in pairs])
            name = f"coalition {' + '.join(members) or 'of nobody'}"
            costs[members] = compiled.solve(solver, name).value
    return {
        members: costs[()] - costs[members] if len(members) > 1 else 0.0
        for members in coalitions(case.names)
    }


def players(values: Values) -> list[str]:
    """The names, in the order of the largest coalition. Raises WrongInput if a coalition is missing."""
    names = list(
        dict.fromkeys([*max(values, key=len), *(name for members in values for name in members)])
    )
    missing = [members for members in coalitions(names) if members not in values]
    if missing:
        raise WrongInput(
            f"values: {len(missing)} coalitions are missing, as {missing[0]}; allowed: one value for each"
        )
    return names


def shapley(values: Values) -> pd.Series:
    r"""Shapley value: the mean of what a VPP adds to those that came before it, over all orders (Shapley 1953)."""
    names, worth = players(values), {(): 0.0} | dict(values)
    n, shares = len(names), {}
    for name in names:
        rest = [other for other in names if other != name]
        shares[name] = sum(
            factorial(len(before))
            * factorial(n - len(before) - 1)
            / factorial(n)
            * (worth[tuple(m for m in names if m in before or m == name)] - worth[before])
            for size in range(n)
            for before in combinations(rest, size)
        )
    return pd.Series(shares, name="Shapley value")


def excesses(values: Values, split: pd.Series) -> pd.Series:
    """v(S) - x(S): what a coalition would gain by leaving; at most 0 for all of them if the split is in the core."""
    return pd.Series(
        {
            " + ".join(s): worth - float(split[list(s)].sum())
            for s, worth in values.items()
            if len(s) < len(players(values))
        },
        name="excess (yuan)",
    ).sort_values(ascending=False)


def incidence(values: Values) -> tuple[list[tuple[str, ...]], np.ndarray, np.ndarray, float]:
    """The coalitions but the largest, who is in them (coalitions, VPPs), their values and that of all together."""
    names = players(values)
    some = [members for members in values if len(members) < len(names)]
    inside = np.array([[name in members for name in names] for members in some], float)
    return some, inside, np.array([values[members] for members in some]), values[tuple(names)]


def least_core(values: Values, solver: str = "auto") -> tuple[float, pd.Series]:
    """The smallest e such that some split leaves no coalition more than e to gain, and such a split; e <= 0 means that
    the core is not empty."""
    some, inside, worth, total = incidence(values)
    if not some:
        return 0.0, pd.Series(total, players(values), name="least core")
    share, most = cp.Variable(inside.shape[1]), cp.Variable()
    rows = [cp.sum(share) == total, worth - inside @ share <= most]
    solve(cp.Problem(cp.Minimize(most), rows), solver, "least core")
    return float(most.value), pd.Series(share.value, players(values), name="least core")


def nucleolus(values: Values, solver: str = "auto", tolerance: float = 1e-6) -> pd.Series:
    """The split whose largest excesses, in order, are as small as possible (Schmeidler 1969), by one linear problem after
    another: settle the coalitions whose excess no split can bring below the largest one, and go on with the others
    (Maschler, Peleg and Shapley 1979). `tolerance` is relative to the largest value. Raises NotSolved if it gets stuck.
    """
    some, inside, worth, total = incidence(values)
    if not some:
        return pd.Series(total, players(values), name="nucleolus")
    unit = max(1e-12, np.abs([*worth, total]).max())
    worth, total = worth / unit, total / unit
    settled, level = np.zeros(len(some), bool), np.zeros(len(some))
    share, most = cp.Variable(inside.shape[1]), cp.Variable()

    def rows(bound: cp.Expression) -> list:
        excess = worth - inside @ share
        # a narrow band, not an equation: levels are known to the solver's accuracy only
        band = tolerance / 10
        known = (
            [excess[settled] <= level[settled] + band, excess[settled] >= level[settled] - band]
            if settled.any()
            else []
        )
        return [cp.sum(share) == total, excess[~settled] <= bound, *known]

    while (
        np.linalg.matrix_rank(np.vstack([inside[settled], np.ones(inside.shape[1])]))
        < inside.shape[1]
    ):
        solve(cp.Problem(cp.Minimize(most), rows(most)), solver, "nucleolus")
        highest, before = float(most.value), settled.copy()
        open_rows = rows(highest + tolerance / 10)
        able = np.zeros(len(some), bool)  # coalitions that some split of this level treats better
        for k in np.flatnonzero(~before):
            able |= worth - inside @ share.value < highest - tolerance
            if not able[k]:
                solve(cp.Problem(cp.Maximize(inside[k] @ share), open_rows), solver, "nucleolus")
                able |= worth - inside @ share.value < highest - tolerance
        newly = ~before & ~able
        if not newly.any():
            raise NotSolved(
                f"nucleolus: no coalition could be settled at an excess of {unit * highest:,.6g} yuan; "
                "a larger tolerance may help"
            )
        settled, level = before | newly, np.where(newly, highest, level)
    found = np.linalg.lstsq(
        np.vstack([inside[settled], np.ones(inside.shape[1])]),
        np.append(worth[settled] - level[settled], total),
        rcond=None,
    )[0]
    return pd.Series(unit * found, players(values), name="nucleolus")


def stability(values: Values, splits: pd.DataFrame) -> pd.DataFrame:
    """A row per split (a column of `splits`): the largest excess, whose it is, and whether the split is in the core."""
    rows = {}
    for name, split in splits.items():
        found, small = excesses(values, split), 1e-6 * max(1.0, split.abs().sum())
        rows[name] = {
            "largest excess (yuan)": found.iloc[0],
            "of": found.index[0],
            "in the core": bool(
                found.iloc[0] <= small
                and abs(split.sum() - values[tuple(players(values))]) <= small
            ),
        }
    return pd.DataFrame(rows).T
