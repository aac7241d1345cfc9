"""What study B's pages on one VPP's carbon try: four models, many ladders, what the text says
beside the usual ladder, a second solver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from vppcore.carbon import (
    billed,
    carbon_models,
    credits_given,
    ladder_sweep,
    market_of,
    permit_price,
    with_quota_of,
)
from vppcore.case import Case
from vppcore.components import CarbonMarket, ControllableLoad, Grid
from vppcore.components.carbon_market import RISES
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


# --- what the text says beside the usual ladder ---------------------------------------------------
def both_rises(vpp: VPP, solver: str) -> pd.DataFrame:
    """The planned day of a VPP under a price that rises linearly and one that rises exponentially.

    A row each: the price of every step (yuan/t), total cost (yuan) and emission (kg).
    """
    rows = {}
    for rise in RISES:
        changed = vpp.change(market_of(vpp).name, rise=rise)
        market = market_of(changed)
        prices = {f"step {i}": 1000 * p for i, p in enumerate(market.step_prices(), start=1)}
        row = billed(changed, dispatch(changed, solver), market)
        rows[rise] = prices | {name: row[name] for name in ("total", "emission")}
    return pd.DataFrame(rows).T.rename_axis("rise")


def ladders_of(market: CarbonMarket, reward_growth: float) -> dict[str, CarbonMarket]:
    """The market with either rise, and with a reward that rises too."""
    ladders = {f"{rise} rise": replace(market, rise=rise) for rise in RISES}
    mirrored = replace(market, reward_growth=reward_growth)
    return ladders | {f"{market.rise} rise, reward rises too": mirrored}


def variants(
    case: Case,
    name: str,
    credit: float | None,
    quota: float,
    reward_growth: float,
    solver: str,
) -> pd.DataFrame:
    """The planned day of one VPP under each reading of the text: a row each.

    name: of the VPP. credit: kg for each kWh called, None for what a purchased kWh emits.
    quota: kg/kWh that wind and sun earn in the last two rows. reward_growth: of the last row.
    operation, carbon, total: yuan. excess, emission: kg. called: kWh, paid in money (yuan) and in
    credits (kg). price: what the next kg costs, yuan/t.
    """
    given = emission_of_purchase(case.vpp(name)) if credit is None else credit
    callers = [load.name for load in case.vpp(name).of(ControllableLoad)]
    other = next(rise for rise in RISES if rise != market_of(case.vpp(name)).rise)
    readings = {"as the case has it": case, f"{other} rise": with_market(case, rise=other)}
    if callers:
        beside = case.change(name, callers[0], carbon_credit=given)
        instead = beside.change(name, callers[0], price_share=0.0)
        readings["called load: credits beside money"] = beside
        readings["called load: credits for the tariff's share"] = instead
    readings["wind and sun earn quota"] = with_quota_of(case, "wind and sun too")
    readings["one coefficient for all"] = with_quota_of(case, "one coefficient")
    readings["wind and sun earn a little"] = with_reward(case, quota, 0.0)
    readings["the same, and the reward rises"] = with_reward(case, quota, reward_growth)
    rows = {reading: planned_day(made.vpp(name), solver) for reading, made in readings.items()}
    return pd.DataFrame(rows).T.rename_axis("reading")


def planned_day(vpp: VPP, solver: str) -> dict[str, float]:
    """A row of `variants`: the cheapest schedule of a VPP and its carbon."""
    result = dispatch(vpp, solver)
    row = billed(vpp, result, market_of(vpp))
    given = credits_given(vpp, result)
    return {
        **{
            column: row[column] for column in ("operation", "carbon", "total", "excess", "emission")
        },
        "called": given["called"],
        "in money": float(result.costs.get("demand response", 0.0)),
        "in credits": given["credits"],
        "price": 1000 * float(permit_price(result).mean()),
    }


def with_reward(case: Case, quota: float, reward_growth: float) -> Case:
    """The case with a quota for wind and sun (kg/kWh) and a reward that rises for what is sold."""
    return with_market(with_quota_of(case, "wind and sun too", quota), reward_growth=reward_growth)


def with_market(case: Case, **changes: float | str) -> Case:
    """The case with numbers or words of its carbon markets replaced."""
    return case.change_all(market_of(case.vpps[0]).name, **changes)


def emission_of_purchase(vpp: VPP) -> float:
    """What a purchased kWh emits, kg/kWh; that of the dirtiest connection, zero without one."""
    return max((grid.emission for grid in vpp.of(Grid)), default=0.0)
