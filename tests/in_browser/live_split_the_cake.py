"""Split the cake in Python: the same recorded numbers, divided by vppcore's bargaining."""

from __future__ import annotations

from typing import Any

import numpy as np

from vppcore.bargaining.prices import best_position
from vppcore.live import split


def divided(given: dict[str, Any], setting: dict[str, float]) -> dict[str, np.ndarray]:
    """What the VPPs truly gain and pay, and what the first of each pair pays the second, yuan."""
    facts = given["facts"]
    honest = split.deal_at(facts, setting)
    liar = honest.names[int(setting["liar"])]
    told = split.told(honest, liar, setting["understated"])
    position = best_position(told)
    amounts = told.at_mid + told.room * position
    return {
        "gains": honest.gains(position),
        "payments": told.incidence @ amounts,
        "amounts": amounts,
        "after": honest.with_trades.to_numpy() + told.incidence @ amounts,
    }


def cost(given: dict[str, Any], setting: dict[str, float]) -> float:
    """What all pay in the end, yuan."""
    return float(divided(given, setting)["after"].sum())
