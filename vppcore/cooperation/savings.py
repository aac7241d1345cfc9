"""What cooperation saves by cost item: which bills fall, which rise, and at which VPP.

The saving of the cluster is unique, its items are not: another cheapest schedule may burn less gas
and buy more power. `saving_by_item` splits the saving of given schedules (take the flattest, which
do not rest on a solver's luck), `saving_range` says between what each item lies over all of them.

yuan over the horizon; positive: saved; a payment between VPPs is no item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.cooperation.joint import joint_model
from vppcore.cooperation.size import size_of
from vppcore.errors import WrongInput
from vppcore.exclusive import (
    mode_rows,
    mode_variables,
    pairs_of,
    solve_exclusively,
    with_finite_limits,
)
from vppcore.schedule import DispatchResult
from vppcore.solvers import kind_of, value_of
from vppcore.vpp import Model, build, check_convex, total

# by how much a schedule may cost more and still count as cheapest, as a share of the cost
CHEAPEST = 1e-8
CLUSTER = "cluster"
TOTAL = "total"


class Ends(NamedTuple):
    """The ends of a range, two tables alike: a row per cost item, a column per VPP and `cluster`.

    least, most: yuan; each number is that of a schedule of its own.
    """

    least: pd.DataFrame
    most: pd.DataFrame


def saving_by_item(
    apart: Mapping[str, DispatchResult], together: Mapping[str, DispatchResult]
) -> pd.DataFrame:
    """What each cost item falls by when the VPPs cooperate, yuan.

    apart: VPP -> its schedule alone.
    together: VPP -> its schedule in the coalition.
    Returns a row per item and one for the `total`, a column per VPP and one for the `cluster`.
    Raises WrongInput if the two are not of the same VPPs.

    >>> from vppcore import alone, load_case, pool
    >>> case = load_case("template")
    >>> table = saving_by_item(alone(case), pool(case).dispatches)
    >>> round(float(table.loc["total", "cluster"]), 2)
    25.44
    """
    if set(apart) != set(together):
        raise WrongInput(
            f"a saving by item: found schedules alone of {', '.join(apart)} and together of "
            f"{', '.join(together)}; allowed: the same VPPs in both"
        )
    before = pd.DataFrame({name: schedule.costs for name, schedule in apart.items()})
    after = pd.DataFrame({name: together[name].costs for name in apart})
    items = list(before.index) + [item for item in after.index if item not in before.index]
    table = before.reindex(items).fillna(0.0) - after.reindex(items).fillna(0.0)
    table.loc[TOTAL] = table.sum()
    return table.assign(**{CLUSTER: table.sum(axis=1)}).rename_axis("item")


def saving_range(case: Case) -> Ends:
    """Between what each number of `saving_by_item` lies over all cheapest schedules.

    What is least saved is the least that the item may cost alone less the most that it may cost
    together. The row `total` is left out: only the cluster's is unique, and it is the saving.
    Where a relaxed store of the coalition overlaps at no gain, that counts as a cheapest schedule.
    The solver is chosen here: an interior point tells the ends of a face badly.
    Raises WrongInput for costs that are not linear, NotSolved if there is no schedule.

    >>> from vppcore import load_case
    >>> ends = saving_range(load_case("template"))
    >>> bool((ends.least <= ends.most + 1e-6).all(axis=None))
    True
    """
    for vpp in case.vpps:
        check_convex(vpp, "a range over all cheapest schedules")
    apart = [_cost_range({vpp.name: build(vpp)}, case) for vpp in case.vpps]
    models, _, rows = joint_model(case)
    after = _cost_range(models, case, rows)
    before = Ends(
        least=_side_by_side([ends.least for ends in apart]),
        most=_side_by_side([ends.most for ends in apart]),
    )
    items = list(dict.fromkeys([*before.least.index, *after.least.index]))
    columns = [*case.names, CLUSTER]
    low, high, least, most = (
        table.reindex(index=items, columns=columns).fillna(0.0) for table in (*before, *after)
    )
    return Ends((low - most).rename_axis("item"), (high - least).rename_axis("item"))


def _side_by_side(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Ranges of VPPs that do not meet, with their sum as the cluster's."""
    table = pd.concat([each.drop(columns=CLUSTER) for each in tables], axis=1).fillna(0.0)
    return table.assign(**{CLUSTER: table.sum(axis=1)})


def _cost_range(models: Mapping[str, Model], case: Case, rows: list | None = None) -> Ends:
    """The least and the most that each item may cost in a cheapest schedule of these models.

    rows: all rows of the problem; without them, those of the models.
    """
    rows = rows or [row for model in models.values() for row in model.constraints]
    name = f"cost items of {case.name}"
    cost = total(model.cost for model in models.values())
    kind = kind_of(cp.Problem(cp.Minimize(cost), rows))
    if kind != "linear":
        raise WrongInput(f"{case.name}: found a {kind} problem; allowed: a linear one")
    solved = solve_exclusively(models.values(), cost, rows, name=name)
    optimum = float(value_of(cost))
    if "mixed-integer" in solved.kind:
        pairs = with_finite_limits(pairs_of(models.values()), rows, name)
        rows = [*rows, *mode_rows(pairs, mode_variables(pairs))]
    items, at_least = _items(models)
    unit = CHEAPEST * max(abs(optimum), size_of(case).least_money)
    paid = total(item for (_, holder), item in items.items() if holder == CLUSTER)
    return _ends(items, [*rows, *at_least, (paid - optimum) / unit <= 1], name)


def _items(models: Mapping[str, Model]) -> tuple[dict[tuple[str, str], cp.Expression], list]:
    """(item, VPP) -> its cost, (item, cluster) -> that of all VPPs, and rows that go with them.

    A fee on |p| is convex, and its most is no convex problem. So each cost is a number that is no
    less than the term; with the sum held at the optimum it can be no more either.
    """
    items: dict[tuple[str, str], cp.Expression] = {}
    rows = []
    for name, model in models.items():
        for part in model.parts.values():
            for label, term in part.cost.items():
                paid = cp.Variable()
                rows.append(paid >= term)
                for holder in (name, CLUSTER):
                    items[label, holder] = items.get((label, holder), cp.Constant(0.0)) + paid
    return items, rows


def _ends(items: Mapping[tuple[str, str], cp.Expression], rows: list, name: str) -> Ends:
    """The least and the most of each item that the rows allow."""
    asked = cp.Parameter(len(items))
    compiled = Compiled(asked @ cp.hstack(list(items.values())), rows, name)
    labels = list(dict.fromkeys(label for label, _ in items))
    ends = []
    for sign in (1, -1):
        found = {}
        for place, key in enumerate(items):
            asked.value = sign * np.eye(len(items))[place]
            found[key] = sign * compiled.value()
        ends.append(pd.Series(found).unstack().reindex(labels).fillna(0.0))
    return Ends(*ends)
