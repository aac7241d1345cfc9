"""What the nearest schedules cost in which paper A's statements on hours are true.

`claims_a.py` judges; this solves. yuan, kW.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vppcore.case import Case
from vppcore.cooperation.negotiation import cooperate
from vppcore.cooperation.result import CoalitionResult
from vppcore.cooperation.wanted import WantedSchedules
from vppcore.pages.claims_a import WantedCosts, hours, no_flow
from vppcore.standalone import alone

CLEAR = 2.0  # a flow is asked to be so many times what counts as none
Small = Mapping[str, float]  # VPP -> the least flow that is asked, kW
Rows = Callable[[WantedSchedules, Small], list]  # of rows that make a statement true


def vpp2_exports(asked: WantedSchedules, small: Small) -> list:
    """A24: from 11:00 to 18:00 VPP2's photovoltaics cover its load, and it exports."""
    places = places_of((11, 18))
    left = asked.through("VPP2", "renewable", "load")[places]
    sent = asked.through("VPP2", "trade", "grid")[places]
    return [left >= 0, sent <= -small["VPP2"]]


def vpp2_draws(asked: WantedSchedules, small: Small) -> list:
    """A25: from 0:00 to 10:00 and from 19:00 VPP2 receives and sells nothing to the grid."""
    places = places_of((0, 10), (19, 24))
    received = asked.through("VPP2", "trade")[places]
    return [received >= small["VPP2"], asked.through("VPP2", "grid")[places] >= 0]


def vpp1_supplies(asked: WantedSchedules, small: Small) -> list:
    """A26: from 0:00 to 10:00 and from 16:00 VPP1 supplies the others in sum."""
    places = places_of((0, 10), (16, 24))
    return [asked.through("VPP1", "trade")[places] <= -small["VPP1"]]


def vpp1_receives(asked: WantedSchedules, small: Small) -> list:
    """A27: from 10:00 to 16:00 VPP1 receives from both others."""
    places = places_of((10, 16))
    return [asked.received("VPP1", other)[places] >= small["VPP1"] for other in ("VPP2", "VPP3")]


ON_SCHEDULES: dict[str, Rows] = {
    "A24": vpp2_exports,
    "A25": vpp2_draws,
    "A26": vpp1_supplies,
    "A27": vpp1_receives,
}


def places_of(*spans: tuple[int, int]) -> np.ndarray:
    """Places, from 0, of the steps of spans given in hours of the clock.

    >>> places_of((6, 8)).tolist()
    [6, 7]
    """
    return np.array(hours(*spans)) - 1


def wanted_costs(case: Case, agreed: CoalitionResult, solver: str = "auto") -> WantedCosts:
    """By how much the cheapest schedules in which paper A's statements on hours are true are dearer
    than the optimum.

    agreed: the case's negotiated schedule, whose flows say what counts as none.
    """
    asked = WantedSchedules(case, solver)
    small = {name: CLEAR * no_flow(result) for name, result in agreed.dispatches.items()}
    extra = {claim: asked.extra(rows(asked, small)) for claim, rows in ON_SCHEDULES.items()}
    return WantedCosts(asked.optimum, extra)


def agreed_and_wanted(case: Case, solver: str = "auto", **negotiation: Any) -> dict[str, Any]:
    """What claims on talks and schedules ask for, of another case: agreed, hasty, separate, wanted.

    negotiation: as for `cooperate`.
    """
    agreed = cooperate(case, **negotiation, solver=solver)
    return {
        "agreed": agreed,
        "hasty": cooperate(case, **negotiation | {"stopping": "change"}, solver=solver),
        "separate": alone(case, solver, flattest=True),
        "wanted": wanted_costs(case, agreed, solver),
    }
