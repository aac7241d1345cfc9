"""What study B's pages on one VPP's carbon try: four models, many ladders, a second solver."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from vppcore.carbon import carbon_models, ladder_sweep
from vppcore.case import Case
from vppcore.pages.tables_b import in_tonnes
from vppcore.schedule import DispatchResult, dispatch
from vppcore.vpp import VPP

OTHER_SOLVER = {"osqp": "clarabel"}  # the second road beside the run's own solver


def models_of_each(case: Case, flat_price: float, solver: str) -> dict[str, pd.DataFrame]:
    """The four carbon models of every VPP. flat_price: yuan/t, of the second model."""
    return {vpp.name: carbon_models(vpp, flat_price / 1000, solver=solver) for vpp in case.vpps}


def sweep_of_ladders(
    vpp: VPP,
    prices: Iterable[float],
    intervals: Iterable[float],
    growths: Iterable[float],
    solver: str,
    progress: bool,
) -> pd.DataFrame:
    """A row per ladder: prices in yuan/t, intervals in t, growths as shares."""
    swept = ladder_sweep(
        vpp,
        [price / 1000 for price in prices],
        [1000 * tonnes for tonnes in intervals],
        growths,
        solver=solver,
        progress=progress,
    )
    return in_tonnes(swept)


def by_two_solvers(vpp: VPP, solver: str) -> tuple[DispatchResult, DispatchResult]:
    """The schedule of a VPP by the run's solver and by another one."""
    return dispatch(vpp, solver=solver), dispatch(vpp, solver=OTHER_SOLVER.get(solver, "osqp"))
