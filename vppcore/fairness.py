"""Is an agreement stable, and is it fair? Savings of all coalitions, Shapley value, nucleolus,
least core.

yuan; a coalition is a tuple of names in the order of the case. v(S) is what the members of S save
by trading among themselves; the others do not trade. With a feeder all VPPs share its voltage
limits, whoever trades.
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
from vppcore.coalitions import CoalitionCosts
from vppcore.compiled import Compiled
from vppcore.cooperation.joint import joint_model
from vppcore.errors import WrongInput
from vppcore.exclusive import overlaps, pairs_of, solve_exclusively
from vppcore.grid.placement import Placement
from vppcore.solvers import solve, value_of
from vppcore.vpp import Model, total

MOST_VPPS = 10  # 2^10 coalitions
# by which share of the largest saving or part a split in the core may miss its conditions
CORE_TOLERANCE = 1e-6
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
    """What each coalition saves, v(S) in yuan: the cost of all VPPs without trade less their cost
    when S trades.

    Each VPP's problem is stated once, and a coalition is its members' matrices side by side (see
    `coalitions.py`). On a feeder one problem is stated for all of them, and a parameter opens the
    pairs of a coalition and closes the others.

    placement: keeps the voltages of its feeder within limits, whoever trades.
    progress: shows a bar.
    Raises WrongInput for more than MOST_VPPS VPPs, NotSolved if a coalition has no optimum.
    """
    if len(case.names) > MOST_VPPS:
        raise WrongInput(
            f"case {case.name}: found {len(case.names)} VPPs; "
            f"allowed: up to {MOST_VPPS} (2^{MOST_VPPS} coalitions)"
        )
    if placement is not None:
        return values_on_feeder(case, placement, solver, progress)
    costs = CoalitionCosts(case, solver)
    found = {}
    for members in tqdm(neighbouring(case.names)[1:], desc="coalitions", disable=not progress):
        apart = sum(costs.cost((name,)) for name in members)
        found[members] = apart - costs.cost(members) if len(members) > 1 else 0.0
    return {members: found[members] for members in coalitions(case.names)}


def values_on_feeder(
    case: Case, placement: Placement, solver: str, progress: bool
) -> dict[tuple[str, ...], float]:
    """What each coalition saves where all VPPs share voltage limits, whoever trades."""
    models, agreed, rows = joint_model(case, placement)
    pairs = list(agreed)
    is_open = cp.Parameter(len(pairs), nonneg=True, name="pairs that may trade")
    # kW; an absent limit must not meet the zero of a closed pair
    limit = np.inf if case.tie is None else case.tie.limit
    most = np.minimum(limit, 1e7)
    for k, (i, j) in enumerate(pairs):
        flow = models[i].trades()[j]
        rows += [flow <= most * is_open[k], flow >= -most * is_open[k]]
    cost = total(model.cost for model in models.values())
    compiled = Compiled(cost, rows)
    costs = {}
    for members in tqdm(neighbouring(case.names), desc="coalitions", disable=not progress):
        if len(members) != 1:  # one VPP has nobody to trade with
            is_open.value = np.array([float(i in members and j in members) for i, j in pairs])
            name = f"coalition {' + '.join(members) or 'of nobody'}"
            costs[members] = exact_value(compiled, list(models.values()), solver, name)
    return {
        members: costs[()] - costs[members] if len(members) > 1 else 0.0
        for members in coalitions(case.names)
    }


def exact_value(compiled: Compiled, models: list[Model], solver: str, name: str) -> float:
    """The least cost with exclusive flows relaxed, or exactly if they do run at once; yuan.

    compiled: the problem. models: whose exclusive flows count.
    """
    pairs = pairs_of(models)
    if not any(pair.limits.required for pair in pairs):
        answer = compiled.solve(solver, name)
        answer.fill()
        if not overlaps(pairs):
            return answer.value
    problem = compiled.problem
    return solve_exclusively(
        models, problem.objective.args[0], problem.constraints, name=name
    ).value


def players(values: Values) -> list[str]:
    """The names, in the order of the largest coalition. Raises WrongInput if a coalition is
    missing.
    """
    names = list(
        dict.fromkeys([*max(values, key=len), *(name for members in values for name in members)])
    )
    missing = [members for members in coalitions(names) if members not in values]
    if missing:
        raise WrongInput(
            f"values: {len(missing)} coalitions are missing, as {missing[0]}; "
            "allowed: one value for each"
        )
    return names


def shapley(values: Values) -> pd.Series:
    r"""Shapley value: the mean of what a VPP adds to those that came before it, over all orders
    (Shapley 1953).
    """
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
    """v(S) - x(S): what a coalition would gain by leaving; at most 0 for all of them if the split
    is in the core.
    """
    return pd.Series(
        {
            " + ".join(s): worth - float(split[list(s)].sum())
            for s, worth in values.items()
            if len(s) < len(players(values))
        },
        name="excess (yuan)",
    ).sort_values(ascending=False)


def incidence(values: Values) -> tuple[list[tuple[str, ...]], np.ndarray, np.ndarray, float]:
    """The coalitions but the largest, who is in them (coalitions, VPPs), their values and that of
    all together.
    """
    names = players(values)
    some = [members for members in values if len(members) < len(names)]
    inside = np.array([[name in members for name in names] for members in some], float)
    return some, inside, np.array([values[members] for members in some]), values[tuple(names)]


def least_core(values: Values, solver: str = "auto") -> tuple[float, pd.Series]:
    """The smallest e such that some split leaves no coalition more than e to gain, and such a
    split; e <= 0 means that the core is not empty."""
    some, inside, worth, total = incidence(values)
    if not some:
        return 0.0, pd.Series(total, players(values), name="least core")
    share, most = cp.Variable(inside.shape[1]), cp.Variable()
    rows = [cp.sum(share) == total, worth - inside @ share <= most]
    solve(cp.Problem(cp.Minimize(most), rows), solver, "least core")
    return float(value_of(most)), pd.Series(share.value, players(values), name="least core")


def nucleolus(values: Values, solver: str = "auto", tolerance: float = 1e-6) -> pd.Series:
    """The split whose largest excesses, in order, are as small as possible, yuan (Schmeidler 1969).

    One linear problem after another makes the largest excess as small as it can be (Maschler, Peleg
    and Shapley 1979). A coalition with a multiplier has this excess in every optimum, so what it
    gets is settled, and with it what all coalitions get that are sums and differences of settled
    ones. Each round settles at least one more, so that there are fewer rounds than VPPs.

    values: v(S) of every coalition, yuan.
    solver: "auto" or one of `solvers.SOLVERS`.
    tolerance: a multiplier above it, of 1 in all, is told from zero.
    Raises WrongInput if a coalition is missing.

    >>> nucleolus({("A",): 0.0, ("B",): 4.0, ("A", "B"): 10.0}).round(6).to_dict()
    {'A': 3.0, 'B': 7.0}
    """
    names = players(values)
    _, inside, worth, total = incidence(values)
    unit = max(1e-12, np.abs([*worth, total]).max())
    settled = np.ones((1, len(names)))  # who is in the settled coalitions, all together first
    shares = np.array([total / unit])  # what these coalitions get
    while len(settled) < len(names):
        is_open = ~in_span(inside, settled)
        members, claims = inside[is_open], worth[is_open] / unit
        highest, multipliers = least_largest_excess(members, claims, settled, shares, solver)
        for k in np.argsort(-multipliers, kind="stable"):
            counts = multipliers[k] > tolerance or k == multipliers.argmax()
            if counts and not in_span(members[k : k + 1], settled)[0]:
                settled = np.vstack([settled, members[k]])
                shares = np.append(shares, claims[k] - highest)
    split = np.linalg.solve(settled, shares)
    return pd.Series(unit * split, names, name="nucleolus")


def in_span(rows: np.ndarray, settled: np.ndarray) -> np.ndarray:
    """True for each row that is a sum of multiples of the settled rows.

    >>> known = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    >>> in_span(known, np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])).tolist()
    [True, False]
    """
    nearest = rows @ np.linalg.pinv(settled) @ settled
    return np.abs(rows - nearest).max(axis=1, initial=0.0) < 1e-9  # rows are zeros and ones


def least_largest_excess(
    inside: np.ndarray, worth: np.ndarray, settled: np.ndarray, shares: np.ndarray, solver: str
) -> tuple[float, np.ndarray]:
    """How small the largest excess of some coalitions can be, and their multipliers, which add up
    to 1.

    inside: who is in these coalitions, `(coalitions, VPPs)`.
    worth: their values.
    settled, shares: who is in the coalitions that get a known share, and this share.
    """
    split, largest = cp.Variable(inside.shape[1]), cp.Variable()
    excess = worth - inside @ split <= largest
    problem = cp.Problem(cp.Minimize(largest), [excess, settled @ split == shares])
    solve(problem, solver, "nucleolus")
    return float(value_of(largest)), np.asarray(excess.dual_value)


def stability(values: Values, splits: pd.DataFrame) -> pd.DataFrame:
    """A row per split (a column of `splits`): the largest excess, whose it is, and whether the
    split is in the core.

    A split is in the core if it gives away what all together save and no coalition has an excess;
    both may be missed by CORE_TOLERANCE of the largest number among values and shares. Of the
    coalitions whose excess is that near to the largest the first is named, whatever rounding says.
    """
    everyone = values[tuple(players(values))]
    largest_value = max(abs(worth) for worth in values.values())
    named = [" + ".join(members) for members in values if len(members) < len(players(values))]
    rows = {}
    for name, split in splits.items():
        found = excesses(values, split)
        small = CORE_TOLERANCE * max(largest_value, float(split.abs().max()))
        gives_all = abs(float(split.sum()) - everyone) <= small
        rows[name] = {
            "largest excess (yuan)": found.iloc[0],
            "of": next(one for one in named if found[one] >= found.iloc[0] - small),
            "in the core": bool(gives_all and found.iloc[0] <= small),
        }
    return pd.DataFrame(rows).T
