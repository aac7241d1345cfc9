"""The element's upper bound by Python: the game played by its loop, prices tried over the band."""

from __future__ import annotations

from typing import Any

import numpy as np

from vppcore.errors import WrongInput
from vppcore.game.hour import play
from vppcore.live.game import PLACES, earnings, market_at, rules_at
from vppcore.market import Hour


def hour_of(given: dict[str, Any]) -> Hour:
    """The hour of an element's sellers; its numbers are those of a setting."""
    usual = {knob["name"]: knob["usual"] for knob in given["knobs"]}
    return Hour(
        1,
        sellers=tuple(seller["name"] for seller in given["facts"]["sellers"]),
        buyers=("C", "D", "E"),  # alike: how the need is shared changes nothing
        surplus=np.array([usual[f"surplus_{place}"] for place in PLACES]),
        deficit=usual["need"] * np.array([0.5, 0.3, 0.2]),
        reservation=np.array([usual[f"reservation_{place}"] for place in PLACES]),
        grid_price=usual["tariff"],
        price_min=usual["price_min"],
        price_max=usual["price_max"],
    )


def cost(given: dict[str, Any], setting: dict[str, float]) -> float:
    """What all sellers could earn at most by moving alone, yuan per hour; 0 without a market."""
    try:
        hour = market_at(hour_of(given), setting)
    except WrongInput:  # the lowest price allowed is above the highest
        return 0.0
    if not hour.open:
        return 0.0
    rules = rules_at(setting)
    played = play(hour, rules)
    _, most = earnings(hour, played.prices.to_numpy(), played.shares.to_numpy(), rules)
    return float(most.sum())
