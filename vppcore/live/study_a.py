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

from vppcore.bargaining.split import price_band
from vppcore.case import Case
from vppcore.components import Battery, CarbonMarket, Component, GasSupply, Grid, Renewable
from vppcore.cooperation.joint import JointProblem
from vppcore.errors import WrongInput
from vppcore.live.problem import Knob, LiveProblem, Price, Settings, Stated, export
from vppcore.live.sliders import above_zero, slider
from vppcore.vpp import Model, total

KG_PER_TONNE = 1000.0
MOST = 2.0  # how often its usual value a number may be turned up to
PLANTS = {"wind": "wind", "pv": "sun"}  # label of a plant -> its knob
SIZES = ("energy_min", "energy_max", "energy_start", "charge_max", "discharge_max")


def turned(case: Case, settings: Settings) -> Case:
    """The case at a setting of the knobs.

    settings: crossing_fee (yuan/kWh), trade_limit (kW), gas_price (yuan/m3), carbon_price (yuan/t),
    and battery_size, wind and sun as multiples of the case's own.
    """
    changed = case.change_tie(limit=settings["trade_limit"], crossing_fee=settings["crossing_fee"])
    parts = [(vpp.name, part) for vpp in case.vpps for part in vpp.components]
    for vpp, part in parts:
        new = new_numbers(part, settings)
        if new:
            changed = changed.change(vpp, part.name, **new)
    return changed


def new_numbers(part: Component, settings: Settings) -> dict[str, float]:
    """What a setting changes of a component."""
    if isinstance(part, GasSupply):
        return {"price": settings["gas_price"]}
    if isinstance(part, CarbonMarket):
        return {"price": settings["carbon_price"] / KG_PER_TONNE}
    if isinstance(part, Battery):
        return {size: getattr(part, size) * settings["battery_size"] for size in SIZES}
    if isinstance(part, Renewable) and part.name in PLANTS:
        return {"scale": part.scale * settings[PLANTS[part.name]], "rating": np.inf}
    return {}


def number_of(case: Case, kind: type[Component], field: str) -> float:
    """A number that the components of a kind share in all VPPs.

    Raises WrongInput if the case has none of the kind, or with different numbers.
    """
    found = {float(getattr(part, field)) for vpp in case.vpps for part in vpp.of(kind)}
    if len(found) != 1:
        raise WrongInput(
            f"case {case.name}: found {len(found)} different numbers for {field} of "
            f"{kind.__name__}; allowed: one that all VPPs share"
        )
    return found.pop()


def knobs_of(case: Case) -> list[Knob]:
    """The knobs of a case, from nothing to twice what it has; fees up to where trade ends."""
    gas = number_of(case, GasSupply, "price")
    carbon = number_of(case, CarbonMarket, "price") * KG_PER_TONNE
    if case.tie is None:
        raise WrongInput(f"case {case.name}: found no tie; allowed: a case whose VPPs may trade")
    dearest = max(float(np.max(grid.buy_price)) for vpp in case.vpps for grid in vpp.of(Grid))
    limit = case.tie.limit
    return [
        slider(
            "crossing_fee", "crossing fee, each side", "yuan/kWh", case.tie.crossing_fee, dearest
        ),
        above_zero(slider("trade_limit", "trade limit of a pair", "kW", limit, MOST * limit)),
        slider("gas_price", "gas price", "yuan/m³", gas, MOST * gas),
        slider("carbon_price", "carbon price", "yuan/t", carbon, MOST * carbon),
        slider("battery_size", "size of the batteries", "times", 1.0, MOST),
        slider("wind", "wind", "times", 1.0, MOST),
        slider("sun", "sun", "times", 1.0, MOST),
    ]


def stated(case: Case, settings: Settings) -> Stated:
    """The joint problem at a setting, with trades, cost items and prices of the VPPs' buses."""
    joint = JointProblem(turned(case, settings))
    outputs = {}
    prices = {}
    for name, model in joint.models.items():
        hours = model.vpp.step_hours
        prices[name] = Price(model.balances["electricity"], 1 / hours)
        for item, cost in costs_of(model).items():
            outputs[f"{name}: {item}"] = cost
    for i, j in joint.agreed:
        outputs[f"{j} to {i}"] = joint.models[i].trades()[j]
    return Stated(joint.cheapest, outputs, prices)


def costs_of(model: Model) -> dict[str, cp.Expression]:
    """The cost items of a VPP, yuan."""
    items: dict[str, list[cp.Expression]] = {}
    for part in model.parts.values():
        for label, cost in part.cost.items():
            items.setdefault(label, []).append(cost)
    return {label: total(costs) for label, costs in sorted(items.items())}


def who_sends_to_whom(case: Case) -> LiveProblem:
    """Study A's joint problem, or that of a case like it, as data for a page.

    Raises WrongInput for a case without a tie or whose VPPs pay different prices for gas or carbon.
    """
    return export("who-sends-to-whom", knobs_of(case), lambda settings: stated(case, settings))


def facts_of(case: Case, colours: Mapping[str, str]) -> dict[str, Any]:
    """What the drawing shows beside the solution: the VPPs' colours, and the grid's prices by hour,
    yuan/kWh.

    colours: VPP -> its colour in figures.
    """
    band = price_band(case)
    return {
        "vpps": dict(colours),
        "buy": band["high"].tolist(),
        "sell": band["low"].tolist(),
    }
