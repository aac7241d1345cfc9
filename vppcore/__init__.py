"""Models and algorithms of a study book on cooperating virtual power plants.

case = load_case("paper-a")
alone = {vpp.name: dispatch(vpp) for vpp in case.vpps}
together = cooperate(case)
split = bargain(case, alone, together)
"""

from vppcore.bargaining import BargainResult, bargain, bargaining_weights
from vppcore.carbon import carbon_models
from vppcore.case import Case, load_case
from vppcore.coalition import CoalitionResult, cooperate, pool
from vppcore.dispatch import VPP, DispatchResult, dispatch
from vppcore.errors import NotSolved, WrongInput
from vppcore.game import GameResult, trade_by_game
from vppcore.robust import RobustResult, Uncertainty, WorstCase, robust_coalition, worst_case

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
