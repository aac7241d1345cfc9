"""Study A's joint problem with knobs: who sends to whom, and why.

The problem is `pool`'s, stores relaxed. With a trade limit of zero it is that of the VPPs alone.
Costs in yuan, power in kW, prices in yuan/kWh; gas is priced by the cubic metre, carbon by the
tonne.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.bargaining.band import price_band
from vppcore.case import Case
from vppcore.changes import CHANGES, MULTIPLES, Change, changed, has
from vppcore.components import Grid
from vppcore.cooperation.joint import JointProblem
from vppcore.errors import WrongInput
from vppcore.live.problem import (
    Balance,
    Knob,
    LiveProblem,
    Price,
    Settings,
    Stated,
    balances_of,
    export,
    horizon_of,
)
from vppcore.live.sliders import above_zero, slider
from vppcore.vpp import Model, check_divisible, total

MOST = 2.0  # how often its usual value a number may be turned up to
# knobs of numbers that all VPPs share: label and unit, in the unit of CHANGES
SHARED = {
    "gas_price": ("gas price", "yuan/m³"),
    "carbon_price": ("carbon price", "yuan/t"),
}
# knobs of multiples: label
SIZES = {"battery_size": "size of the batteries", "wind": "wind", "sun": "sun"}


def number_of(case: Case, change: Change) -> float:
    """The number that a change would replace, in the unit of the change.

    Raises WrongInput if the VPPs that have it have different numbers.
    """
    parts = [part for vpp in case.vpps for part in vpp.components if part.name == change.component]
    found = {float(getattr(part, change.field)) / change.factor for part in parts}
    if len(found) != 1:
        raise WrongInput(
            f"case {case.name}: found {len(found)} different numbers for {change.field} of "
            f"{change.component}; allowed: one that all VPPs share"
        )
    return found.pop()


def knobs_of(case: Case) -> list[Knob]:
    """The knobs of what a case has, from nothing to twice of it; the fee up to where trade ends.

    Raises WrongInput for a case without a tie of one limit or without a grid that costs something,
    or whose VPPs pay different prices for gas or carbon.
    """
    if case.tie is None:
        raise WrongInput(f"case {case.name}: found no tie; allowed: a case whose VPPs may trade")
    if np.ndim(case.tie.limit) or not case.tie.limit > 0:
        raise WrongInput(
            f"case {case.name}: found no trade limit above zero that holds in every step; "
            "allowed: one number"
        )
    fee, limit = case.tie.crossing_fee, case.tie.limit
    dearest = max(fee, dearest_purchase(case))
    knobs = [
        slider("crossing_fee", "crossing fee, each side", "yuan/kWh", fee, dearest),
        above_zero(slider("trade_limit", "trade limit of a pair", "kW", limit, MOST * limit)),
    ]
    for name, (label, unit) in SHARED.items():
        usual = number_of(case, CHANGES[name]) if has(case, CHANGES[name].component) else 0.0
        if usual > 0:
            knobs.append(slider(name, label, unit, usual, MOST * usual))
    for name, label in SIZES.items():
        if has(case, MULTIPLES[name].component):
            knobs.append(slider(name, label, "times", 1.0, MOST))
    return knobs


def dearest_purchase(case: Case) -> float:
    """The highest price at which a VPP buys from the grid, yuan/kWh.

    Raises WrongInput if the grid gives all for nothing, or is not there.
    """
    prices = [float(np.max(grid.buy_price)) for vpp in case.vpps for grid in vpp.of(Grid)]
    dearest = max(prices, default=0.0)
    if dearest <= 0:
        raise WrongInput(
            f"case {case.name}: found no price above zero at which a VPP buys from the grid; "
            "allowed: a case with one"
        )
    return dearest


def stated(case: Case, settings: Settings) -> Stated:
    """The joint problem at a setting, with trades, cost items and prices of the VPPs' buses."""
    joint = JointProblem(changed(case, settings))
    check_divisible(joint.models.values(), "a live element")
    outputs = {}
    prices = {}
    balances: dict[str, Balance] = {}
    for name, model in joint.models.items():
        hours = model.vpp.step_hours
        prices[name] = Price(model.balances["electricity"], 1 / hours)
        balances |= balances_of(model)
        for item, cost in costs_of(model).items():
            outputs[f"{name}: {item}"] = cost
    for i, j in joint.agreed:
        outputs[f"{j} to {i}"] = joint.models[i].trades()[j]
    return Stated(joint.cheapest, outputs, prices, balances)


def costs_of(model: Model) -> dict[str, cp.Expression]:
    """The cost items of a VPP, yuan."""
    items: dict[str, list[cp.Expression]] = {}
    for part in model.parts.values():
        for label, cost in part.cost.items():
            items.setdefault(label, []).append(cost)
    return {label: total(costs) for label, costs in sorted(items.items())}


def who_sends_to_whom(case: Case) -> LiveProblem:
    """Study A's joint problem, or that of a case like it, as data for a page.

    Raises WrongInput for a case that it cannot show, see `knobs_of`.
    """
    return export("who-sends-to-whom", knobs_of(case), lambda settings: stated(case, settings))


def facts_of(case: Case, colours: Mapping[str, str]) -> dict[str, Any]:
    """What the drawing shows beside the solution: the VPPs' colours, and the grid's prices by step,
    yuan/kWh.

    colours: VPP -> its colour in figures.
    Raises WrongInput if the VPPs have different prices of the grid, or none.
    """
    band = price_band(case)
    return {
        "vpps": dict(colours),
        "buy": band["high"].tolist(),
        "sell": band["low"].tolist(),
        **horizon_of(case.vpps[0]),
    }
