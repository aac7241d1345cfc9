"""Models and algorithms of a study book on cooperating virtual power plants.

case = load_case("paper-a")
schedules = alone(case)
together = cooperate(case)
split = bargain(case, schedules, together)

Each name is imported from its room when it is first asked for, so that refusing a wrong parameter
loads no solver.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vppcore.bargaining.split import BargainResult, bargain
    from vppcore.bargaining.weights import bargaining_weights
    from vppcore.carbon import carbon_models
    from vppcore.case import Case
    from vppcore.cooperation.joint import pool
    from vppcore.cooperation.negotiation import cooperate
    from vppcore.cooperation.result import CoalitionResult
    from vppcore.errors import NotSolved, WrongInput
    from vppcore.game.day import GameResult, trade_by_game
    from vppcore.reading import load_case
    from vppcore.schedule import DispatchResult, dispatch
    from vppcore.standalone import alone
    from vppcore.uncertainty.robust import RobustResult, robust_coalition
    from vppcore.uncertainty.settings import Uncertainty
    from vppcore.uncertainty.worst_day import WorstCase, worst_case
    from vppcore.vpp import VPP

HOMES = {
    "VPP": "vpp",
    "BargainResult": "bargaining.split",
    "Case": "case",
    "CoalitionResult": "cooperation.result",
    "DispatchResult": "schedule",
    "GameResult": "game.day",
    "NotSolved": "errors",
    "RobustResult": "uncertainty.robust",
    "Uncertainty": "uncertainty.settings",
    "WorstCase": "uncertainty.worst_day",
    "WrongInput": "errors",
    "alone": "standalone",
    "bargain": "bargaining.split",
    "bargaining_weights": "bargaining.weights",
    "carbon_models": "carbon",
    "cooperate": "cooperation.negotiation",
    "dispatch": "schedule",
    "load_case": "reading",
    "pool": "cooperation.joint",
    "robust_coalition": "uncertainty.robust",
    "trade_by_game": "game.day",
    "worst_case": "uncertainty.worst_day",
}

__all__ = [
    "VPP",
    "BargainResult",
    "Case",
    "CoalitionResult",
    "DispatchResult",
    "GameResult",
    "NotSolved",
    "RobustResult",
    "Uncertainty",
    "WorstCase",
    "WrongInput",
    "alone",
    "bargain",
    "bargaining_weights",
    "carbon_models",
    "cooperate",
    "dispatch",
    "load_case",
    "pool",
    "robust_coalition",
    "trade_by_game",
    "worst_case",
]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'vppcore' has no attribute {name!r}")
    return getattr(import_module(f"vppcore.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *globals()])
