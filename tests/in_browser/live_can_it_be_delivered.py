"""What the element `can-it-be-delivered` computes, by the models themselves."""

from __future__ import annotations

from vppcore import NotSolved, load_case, pool
from vppcore.grid.feeder import load_feeder
from vppcore.live.delivery import placement_at


def cost(given: dict, setting: dict[str, float]) -> float | None:
    """The joint optimum within the limits, yuan; None if no schedule keeps them.

    given: the element's data, of which only the names of the case and the feeder are used.
    """
    case = load_case(given["facts"]["case"])
    feeder = load_feeder(given["facts"]["feeder"])
    placement = placement_at(case, feeder, setting)
    try:
        return pool(case, placement=placement, storage="relaxed").cost
    except NotSolved as refused:
        if refused.status != "infeasible":
            raise
        return None
