"""How the saving is split: the choices a reader has."""

from __future__ import annotations

from dataclasses import dataclass

from vppcore.parameters import check, choice, parameter

WEIGHT_RULES = ("contribution", "equal", "energy")
METHODS = ("closed form", "conic", "admm")


@dataclass(frozen=True)
class Settings:
    """How the saving is split and how prices are found (paper A, problem P2)."""

    weights: str = choice("rule for the bargaining power", WEIGHT_RULES, "contribution")
    method: str = choice("road to the prices", METHODS, "closed form")
    penalty: float | None = parameter(
        "yuan per (yuan/kWh)2",
        "penalty of the ADMM on prices",
        None,
        above=True,
        none="the band's width chooses",
    )
    tolerance: float = parameter(
        "yuan/kWh", "largest disagreement on a price", 1e-4, high=1, above=True, below=True
    )
    max_iterations: int = parameter("-", "give up after so many iterations", 500, low=1, whole=True)

    def __post_init__(self):
        check(self)
