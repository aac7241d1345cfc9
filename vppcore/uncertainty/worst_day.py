"""The worst day of a budget for one VPP, by search and by trying all days. kW, yuan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain, combinations, product

import numpy as np

from vppcore.components.periods import periods_of
from vppcore.errors import WrongInput
from vppcore.uncertainty.adversary import TIME_LIMIT, Adversary
from vppcore.uncertainty.recourse import Reaction, Recourse
from vppcore.uncertainty.result import WorstCase
from vppcore.uncertainty.series import uncertain_series
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP

__all__ = ["Adversary", "WorstCase", "check_day", "enumerate_days", "reaction_to", "worst_case"]

# Days that `enumerate_days` tries at most.
MOST_DAYS = 200_000


def worst_case(
    vpp: VPP,
    uncertainty: Uncertainty,
    solver: str = "auto",
    canonical: bool = False,
    big: float = 1.0,
    time_limit: float | None = TIME_LIMIT,
    must: Mapping[str, Sequence[int]] | None = None,
) -> WorstCase:
    """The costliest day that an uncertainty allows for a VPP on its own.

    solver: "auto", "highs" or "gurobi".
    canonical, time_limit: as in `Adversary.answer`.
    big: multiplies the bounds of the search; the answer must not depend on it.
    must: series -> steps that are hit, from 1, on every day that is considered; of these days the
        costliest is found. None considers all days.
    Raises WrongInput for a budget that is not a whole number of steps and for hits that are not of
    the budget, NotSolved if no day can be found or its check fails.

    >>> from vppcore import load_case
    >>> from vppcore.uncertainty.settings import at_level
    >>> shop = load_case("template").window(1, 6).vpp("Shop")
    >>> case = worst_case(shop, at_level(2))
    >>> case.hits["load"].sum().item(), case.proven
    (2, True)
    >>> early = worst_case(shop, at_level(2), must={"load": [1]})
    >>> early.hits["load"][1].item(), early.cost <= case.cost
    (1, True)
    """
    recourse = Recourse(vpp, uncertainty)
    wanted = None
    if must is not None:
        check_day(vpp, uncertainty, must)
        wanted = day_of(recourse, must)
    adversary = Adversary(recourse, big, wanted)
    return adversary.answer(None, solver, canonical, time_limit=time_limit)


def day_of(recourse: Recourse, hits: Mapping[str, Sequence[int]]) -> np.ndarray:
    """The day with these hits and no others, z `(keys x steps,)`.

    hits: series -> steps that are hit, from 1, of a recourse of one VPP.
    """
    steps = np.arange(1, recourse.steps + 1)
    day = [np.isin(steps, list(hits.get(name, ()))) for _, name in recourse.keys]
    return np.concatenate([*day, []]).astype(float)


def check_day(vpp: VPP, uncertainty: Uncertainty, hits: Mapping[str, Sequence[int]]) -> None:
    """Raises WrongInput unless a day is one of the budget, with a sentence for each series.

    hits: series -> steps that are hit, from 1.
    """
    there = uncertain_series(vpp, uncertainty)
    faults = []
    periods = periods_of(uncertainty.period, vpp.clock)
    for name, steps in hits.items():
        allowed = uncertainty.steps_of(name, vpp.step_hours)
        most = max(len(set(steps) & set(range(p.first + 1, p.last + 1))) for p in periods)
        if name not in there:
            known = ", ".join(there) or "none"
            faults.append(f"a day of {vpp.name}: found hits on {name}; allowed: {known}")
        elif any(not 1 <= step <= vpp.steps for step in steps):
            faults.append(
                f"a day of {vpp.name}: found step {max(steps)}; allowed: 1 to {vpp.steps}"
            )
        elif most > allowed:
            within = f" in one {uncertainty.period}" if len(periods) > 1 else ""
            faults.append(
                f"a day of {vpp.name}: found {most} hits on {name}{within}; allowed: {allowed}"
            )
    if faults:
        raise WrongInput(*faults)


def reaction_to(vpp: VPP, uncertainty: Uncertainty, hits: Mapping[str, Sequence[int]]) -> Reaction:
    """What a VPP does on one day of a budget, and what it costs.

    hits: series -> steps that are hit, from 1; a series left out is as forecast.
    Raises WrongInput for a day that is not of the budget.

    >>> from vppcore import load_case
    >>> from vppcore.uncertainty.settings import at_level
    >>> shop = load_case("template").window(1, 6).vpp("Shop")
    >>> worst = worst_case(shop, at_level(2))
    >>> day = reaction_to(shop, at_level(2), {"load": [5, 6]})
    >>> bool(worst.nominal < day.cost <= worst.cost)
    True
    """
    check_day(vpp, uncertainty, hits)
    recourse = Recourse(vpp, uncertainty)
    return recourse.exact(day_of(recourse, hits))


def days_of_budget(recourse: Recourse) -> list[np.ndarray]:
    """All days of a budget, z `(keys x steps,)` each. Raises WrongInput if there are too many."""
    choices = []
    for own, most in recourse.groups:
        sizes = range(min(most, len(own)) + 1)
        few = [chosen for size in sizes for chosen in combinations(own, size)]
        choices.append(few)
    count = math.prod(len(choice) for choice in choices)
    if count > MOST_DAYS:
        raise WrongInput(f"budgets: found {count:,} days to try; allowed: up to {MOST_DAYS:,}")
    places = np.arange(len(recourse.keys) * recourse.steps)
    return [np.isin(places, list(chain(*day))).astype(float) for day in product(*choices)]


def enumerate_days(vpp: VPP, uncertainty: Uncertainty) -> float:
    """The cost of the worst day in yuan by trying all days: the second road, for small budgets.

    Raises WrongInput if the budget allows more than MOST_DAYS days.
    """
    recourse = Recourse(vpp, uncertainty)
    return max(recourse.exact(day).cost for day in days_of_budget(recourse))
