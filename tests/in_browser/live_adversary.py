"""The cost of the day that the element "adversary" shows, by another road: HiGHS for Python."""

from __future__ import annotations

from vppcore.live.adversary import hit_name
from vppcore.live.problem import from_data
from vppcore.warm import WarmLinear


def cost_of_day(given: dict, hits: dict[str, list[int]], deviation: float) -> float:
    """hits: series -> steps that are hit, from 1. yuan."""
    live = from_data(given["problem"])
    sizes = {hit_name(series, step): deviation for series, steps in hits.items() for step in steps}
    return WarmLinear(live.name).value(live.program(sizes))


def cost(given: dict, setting: dict[str, float]) -> float:
    """At a setting of the sliders nothing is hit."""
    return cost_of_day(given, {}, setting["deviation"])
