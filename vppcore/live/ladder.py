"""One VPP's day under a carbon price in steps, with knobs: base price, length of a step, growth.

What an excess costs is a maximum of lines, of which slopes are products of price and growth and
offsets are products of all three (`CarbonMarket`). Power in kW, costs in yuan; the page shows
tonnes.
"""

from __future__ import annotations

from typing import Any

import cvxpy as cp

from vppcore.changes import CHANGES
from vppcore.compiled import Compiled
from vppcore.components import CarbonMarket
from vppcore.components.periods import periods_of
from vppcore.errors import WrongInput
from vppcore.live.problem import (
    Knob,
    LiveProblem,
    Settings,
    Stated,
    balances_of,
    export,
    horizon_of,
)
from vppcore.live.sliders import above_zero, slider
from vppcore.vpp import VPP, build, check_divisible

MOST = 3.0  # how often its usual value a number may be turned up to
NAMES = ("carbon_price", "interval", "growth")


def market_of(vpp: VPP) -> CarbonMarket:
    """The carbon market of a VPP. Raises WrongInput if its price has no steps that rise, or if it
    counts several periods, of which the page's one ladder knows nothing."""
    for market in vpp.of(CarbonMarket):
        if len(periods := periods_of(market.period, vpp.clock)) > 1:
            raise WrongInput(
                f"{vpp.name}, {market.name}: period: found {market.period}, of which the horizon "
                f"has {len(periods)}; allowed on a page with one ladder: one"
            )
        if market.levels > 1 and market.growth and market.is_convex and market.rise == "linear":
            return market
    raise WrongInput(
        f"{vpp.name}: found no carbon price in steps; allowed: a carbon market of more than one "
        "level that grows linearly and pays the base price for quota sold"
    )


def knobs_of(vpp: VPP) -> list[Knob]:
    """Base price, length of a step and growth of a VPP's ladder."""
    market = market_of(vpp)
    price = market.price / CHANGES["carbon_price"].factor
    interval = market.interval / CHANGES["interval"].factor
    return [
        above_zero(slider("carbon_price", "base price", "yuan/t", price, MOST * price)),
        above_zero(slider("interval", "length of a step", "t", interval, MOST * interval)),
        slider("growth", "growth per step", "of the base", market.growth, 1.0),
    ]


def stated(vpp: VPP, settings: Settings) -> Stated:
    """The VPP's day at a setting, with its excess, carbon cost and what it burns and buys."""
    numbers = {
        CHANGES[name].field: CHANGES[name].factor * value for name, value in settings.items()
    }
    changed = vpp.change(market_of(vpp).name, **numbers)
    model = build(changed)
    check_divisible([model], "a live element")
    market = market_of(changed)
    carbon = model.parts[market.name]
    excess = changed.step_hours * cp.sum(carbon.series["excess"])
    outputs = {"excess": excess, "carbon": carbon.cost["carbon"]}
    for name, part in model.parts.items():
        if "electricity" in part.inject:
            outputs[f"power of {name}"] = part.inject["electricity"]
    return Stated(
        Compiled(model.cost, model.constraints, vpp.name), outputs, {}, balances_of(model)
    )


def ladder(vpp: VPP) -> LiveProblem:
    """A VPP's day under its ladder as data for a page.

    Raises WrongInput for a VPP without a carbon price in steps.
    """
    return export(
        "the-ladder", knobs_of(vpp), lambda settings: stated(vpp, settings), products=[NAMES]
    )


def facts_of(vpp: VPP) -> dict[str, Any]:
    """What the drawing shows beside the solution: whose day it is, how many steps there are,
    and how long it lasts."""
    market = market_of(vpp)
    return {"vpp": vpp.name, "levels": int(market.levels), **horizon_of(vpp)}
