"""Four ways to charge a VPP for its carbon, and what the steps of a stepped price change (paper B, sections 2.3 and 5.2).

yuan, kg; energies in kWh over the horizon.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd
from tqdm.auto import tqdm

from vppcore.components import Boiler, CarbonMarket, CHPWithCapture, Renewable
from vppcore.errors import WrongInput
from vppcore.schedule import DispatchResult, dispatch
from vppcore.vpp import VPP

MODELS = ("1: flat", "2: flat, dearer", "3: stepped, billed after", "4: stepped, planned for")


def market_of(vpp: VPP) -> CarbonMarket:
    """The carbon market of a VPP. Raises WrongInput if it has none or several."""
    found = [component for component in vpp.components if isinstance(component, CarbonMarket)]
    if len(found) != 1:
        raise WrongInput(f"{vpp.name}: found {len(found)} carbon_market; allowed: one")
    return found[0]


def carbon_models(vpp: VPP, flat_price: float = 0.32, solver: str = "auto") -> pd.DataFrame:
    """Paper B's four carbon models for one VPP (Table 2): a row each, with the columns of `carbon_row`.

    1: a flat price, that of the ladder's first step; 2: another flat price (`flat_price`, yuan/kg); 3: the ladder, sent as
    a bill after a schedule that did not look at it; 4: the ladder in the objective.
    """
    ladder = market_of(vpp)
    flat = replace(ladder, levels=1.0)
    dearer = replace(flat, price=flat_price)
    planned_and_billed = (
        (flat, flat),
        (dearer, dearer),
        (replace(flat, price=0.0), ladder),
        (ladder, ladder),
    )
    rows = {
        name: carbon_row(vpp, *pair, solver)
        for name, pair in zip(MODELS, planned_and_billed, strict=True)
    }
    return pd.DataFrame(rows).T.rename_axis("model")


def carbon_row(
    vpp: VPP, planned: CarbonMarket, billed: CarbonMarket, solver: str = "auto"
) -> dict[str, float]:
    """A VPP that plans with one carbon market and is billed by another.

    operation (all cost but carbon), carbon, total: yuan; excess over the quota and emission: kg; spilled: renewable energy
    that was not used, kWh.
    """
    changed = vpp.change(
        planned.name,
        **{name: getattr(planned, name) for name in ("price", "interval", "growth", "levels")},
    )
    result, step = dispatch(changed, solver), vpp.step_hours
    excess = step * float(result.series[planned.name, "excess"].sum())
    operation, bill = result.cost - result.costs["carbon"], billed.bill(excess)
    spilled = sum(
        float(result.series[c.name, "curtailed"].sum())
        for c in vpp.components
        if isinstance(c, Renewable)
    )
    return {
        "operation": operation,
        "carbon": bill,
        "total": operation + bill,
        "excess": excess,
        "emission": emission(vpp, result),
        "spilled": step * spilled,
    }


def emission(vpp: VPP, result: DispatchResult) -> float:
    """CO2 in kg over the horizon before the quota is taken off, paper B (2): what purchase, turbine and boiler emit per kWh.

    Raises WrongInput for a VPP with carbon capture, whose emission is not proportional to one output.
    """
    if any(isinstance(c, CHPWithCapture) for c in vpp.components):
        raise WrongInput(
            f"{vpp.name}: emission of a CHP unit with capture; allowed here: purchase, turbines and boilers"
        )
    output = {
        c.name: "heat" if isinstance(c, Boiler) else "electricity"
        for c in vpp.components
        if getattr(c, "emission", 0.0)
    }
    made = {
        name: result.balances[carrier][name].clip(lower=0).sum() for name, carrier in output.items()
    }
    return vpp.step_hours * sum(
        vpp.component(name).emission * float(energy) for name, energy in made.items()
    )


def ladder_sweep(
    vpp: VPP,
    prices: Iterable[float],
    intervals: Iterable[float],
    growths: Iterable[float],
    solver: str = "auto",
    progress: bool = False,
) -> pd.DataFrame:
    """Cost and emission over base price (yuan/kg), interval (kg) and growth of the ladder: a row per combination.

    step: on which step of the ladder the day's excess ends, 0 for the first.
    """
    ladder = market_of(vpp)
    grid = [
        (price, interval, growth)
        for price in prices
        for interval in intervals
        for growth in growths
    ]
    rows = []
    for price, interval, growth in tqdm(grid, desc="ladders", disable=not progress):
        market = replace(ladder, price=price, interval=interval, growth=growth)
        row = carbon_row(vpp, market, market, solver)
        rows.append(
            {
                "price": price,
                "interval": interval,
                "growth": growth,
                **row,
                "step": min(max(int(row["excess"] // interval), 0), int(market.levels) - 1),
            }
        )
    return pd.DataFrame(rows)
