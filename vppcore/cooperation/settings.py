"""How VPPs negotiate: the numbers that a reader may choose."""

from __future__ import annotations

from dataclasses import dataclass

from vppcore.parameters import check, choice, flag, parameter

ORDERS = ("sequential", "parallel")
STOPPING = ("residuals", "change")


@dataclass(frozen=True)
class Settings:
    """How the VPPs negotiate by ADMM (paper A (48)-(52)).

    penalty: of a disagreement, yuan/kWh per kW.
    order: "sequential" (the paper's) or "parallel".
    tolerance: of both residuals, relative to the size of trades and multipliers.
    relaxation: 1 is plain ADMM; above 1 the multipliers (sequential) or the expectations (parallel)
    overshoot.
    balancing: True lets the penalty follow the ratio of the residuals (He, Yang and Wang 2000) from
    the first iteration on, False only once the talks stall.
    max_iterations: the talks end there, agreed or not.
    stopping: what must be small when the talks end: both "residuals", or, from one iteration to the
    next, the "change" of the trades alone, as in published programs of the paper's family. With
    "change" the tolerance is that of every VPP's change, relative to the size of its own trades.
    Raises WrongInput for a value that is not allowed.

    >>> Settings(penalty=-1.0)
    Traceback (most recent call last):
    vppcore.errors.WrongInput: penalty: found -1.0; allowed: a number above 0
    """

    penalty: float = parameter(
        "yuan/kWh per kW", "penalty of the ADMM; the paper's is 1e-4", 1e-4, above=True
    )
    order: str = choice(
        "one VPP after the other (the paper's) or all at once", ORDERS, "sequential"
    )
    tolerance: float = parameter(
        "-", "residuals relative to trades and multipliers", 1e-3, high=1, above=True, below=True
    )
    relaxation: float = parameter("-", "over-relaxation", 1.0, high=2, above=True, below=True)
    balancing: bool = flag("the penalty follows the residuals from the start", False)
    max_iterations: int = parameter("-", "give up after so many iterations", 500, low=1, whole=True)
    stopping: str = choice(
        "what must be small when the talks end: residuals, or the change of trades alone",
        STOPPING,
        "residuals",
    )

    def __post_init__(self):
        check(self)
