"""A coalition that is ready for the worst: trades promised the day before, and what they guarantee.

Loads may be above and renewables below their forecast in a limited number of hours (paper A section
2.3). Each VPP then reacts to its own day. kW, yuan; arrays are (steps,).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from vppcore.case import Case
from vppcore.errors import NotSolved, WrongInput
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.crew import check_workers
from vppcore.uncertainty.emergency import knowing_prices
from vppcore.uncertainty.promises import PromiseSearch, trades_of
from vppcore.uncertainty.readings import joint_worst_case, own_worst_case_first
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.result import RobustResult, WorstCase, relative
from vppcore.uncertainty.search import Clock
from vppcore.uncertainty.series import check_series
from vppcore.uncertainty.settings import READINGS, Uncertainty, at_level
from vppcore.uncertainty.worst_day import worst_case

__all__ = ["RobustResult", "robust_coalition", "sweep"]

# A whole coalition is searched for this long, seconds.
TIME_LIMIT = 1800.0


def robust_coalition(
    case: Case,
    uncertainty: Uncertainty,
    tolerance: float = 1e-4,
    max_iterations: int = 40,
    reading: str = "trades first",
    solver: str = "auto",
    progress: bool = False,
    time_limit: float | None = TIME_LIMIT,
    workers: int = 1,
) -> RobustResult:
    """Cooperation that is ready for the worst day of every VPP.

    tolerance: the largest gap between the bounds, as a share of the cost.
    reading: "trades first": trades are promises made the day before, by column-and-constraint
        generation (Zeng and Zhao 2013); "own worst case first": each VPP fixes its own worst day,
        then all cooperate on these days (what many papers do); "joint worst case": the worst day of
        the cluster when all react and trade knowing it (a large search: small cases).
    progress: shows a bar.
    time_limit: seconds; None is no limit. A search that is stopped gives what it has, with its gap.
    workers: processes that look for the VPPs' worst days, for "trades first". The result is that of
        one process, as long as no search is stopped by its time limit.
    Raises WrongInput for an unknown reading or series, or for a wrong number of workers; NotSolved
    (limit) if the bounds do not meet in `max_iterations`.
    """
    if reading not in READINGS:
        raise WrongInput(f"reading: found {reading!r}; allowed: {', '.join(READINGS)}")
    check_workers(workers)
    check_series(case, uncertainty)
    clock = Clock(time_limit)
    if reading == "own worst case first":
        return own_worst_case_first(case, uncertainty, solver, clock)
    if reading == "joint worst case":
        return joint_worst_case(case, uncertainty, solver, clock)
    search = PromiseSearch(case, uncertainty, solver, clock, int(workers))
    try:
        return closed_in(search, tolerance, max_iterations, progress)
    finally:
        search.close()


def closed_in(
    search: PromiseSearch, tolerance: float, max_iterations: int, progress: bool
) -> RobustResult:
    """The result of a search for promises once its bounds meet. Raises NotSolved (limit)."""
    with tqdm(total=max_iterations, desc="bounds", disable=not progress) as bar:
        for _ in range(max_iterations):
            search.iterate()
            bar.update()
            bar.set_postfix(gap=f"{search.gap:.1e}")
            if search.is_done(tolerance):
                return search.result()
    raise NotSolved(
        f"robust coalition: bounds {search.lower:,.0f} and {search.upper:,.0f} yuan after "
        f"{max_iterations} iterations (allowed gap {tolerance:g})",
        "limit",
    )


def sweep(
    case: Case,
    levels: tuple[int, ...],
    solver: str = "auto",
    reading: str = "trades first",
    progress: bool = False,
    **doubt: Any,
) -> tuple[pd.DataFrame, dict[int, tuple[dict[str, WorstCase], RobustResult]]]:
    """What the worst day costs alone and together, for several uncertainty levels (paper A Fig. 8).

    At every level, 0 included, a cost is a guarantee: no day of the budget costs more, with no two
    exclusive flows at once. At level 0 these are the costs of `dispatch`.

    doubt: goes to `at_level`.
    Returns a row per level, and for each level the worst days alone and the coalition. Columns:
    alone, together, saving (yuan), saving (%), iterations, gap, shed alone, shed together (kWh on
    the worst days), seconds alone, seconds together.
    """
    rows = []
    found = {}
    for level in tqdm(levels, desc="uncertainty levels", disable=not progress):
        uncertainty = at_level(level, **doubt)
        check_series(case, uncertainty)
        alone = {vpp.name: worst_case(vpp, uncertainty, solver) for vpp in case.vpps}
        coalition = robust_coalition(
            case, uncertainty, reading=reading, solver=solver, progress=progress
        )
        found[level] = (alone, coalition)
        rows.append({"level": level} | sweep_row(list(alone.values()), coalition))
    return pd.DataFrame(rows).set_index("level"), found


def sweep_row(alone: list[WorstCase], coalition: RobustResult) -> dict[str, float]:
    """The columns of `sweep` for one level."""
    cost_alone = sum(day.guarantee for day in alone)
    saving = cost_alone - coalition.cost
    return {
        "alone": cost_alone,
        "together": coalition.cost,
        "saving": saving,
        "saving (%)": 100 * relative(saving, cost_alone, coalition.turnover),
        "iterations": len(coalition.bounds),
        "gap": coalition.gap,
        "shed alone": sum(float(day.shed.sum()) for day in alone),
        "shed together": float(coalition.shed.sum()),
        "seconds alone": sum(day.seconds for day in alone),
        "seconds together": coalition.seconds,
    }


def guaranteed_by(
    case: Case, uncertainty: Uncertainty, trades: pd.DataFrame, solver: str = "auto"
) -> float:
    """What given trades guarantee, yuan: no day of the budget costs the coalition more.

    trades: promised the day before, kW, as in CoalitionResult; they need not be made for the worst.

    >>> from vppcore import load_case
    >>> case = load_case("template").window(1, 4)
    >>> ready = robust_coalition(case, at_level(1))
    >>> bool(abs(guaranteed_by(case, at_level(1), ready.trades) - ready.cost) <= 1e-6 * ready.cost)
    True
    """
    total = 0.0
    for vpp in knowing_prices(case.connected()):
        adversary = Adversary(Recourse(vpp, uncertainty))
        total += adversary.answer(trades_of(trades, case, vpp.name), solver).guarantee
    return total
