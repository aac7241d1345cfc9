"""How the saving is split: the choices a reader has."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from vppcore.errors import WrongInput
from vppcore.parameters import RULE, Rule, check, choice, parameter

WEIGHT_RULES = ("contribution", "equal", "energy")
METHODS = ("closed form", "conic", "admm")


def powers_in(words: Any) -> tuple[float, ...]:
    """Numbers above zero from a text such as "0.5 0.3 0.2"; empty if it is not one.

    >>> powers_in("2 1 1"), powers_in("2 -1"), powers_in("equal")
    ((2.0, 1.0, 1.0), (), ())
    """
    try:
        powers = tuple(float(piece) for piece in words.split())
    except (AttributeError, ValueError):
        return ()
    return powers if all(0 < power < math.inf for power in powers) else ()


class WeightsRule(Rule):
    """The rule for bargaining power: a word, or a text with a number for each VPP."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        return f"{super().allowed}, or a number above 0 for each VPP, as in '0.5 0.3 0.2'"

    def admits(self, value: Any) -> bool:
        """True for a rule's name and for numbers above zero."""
        return super().admits(value) or bool(powers_in(value))


WEIGHTS = WeightsRule("choice", text="rule for the bargaining power", choices=WEIGHT_RULES)


def refuse_weights(weights: Any, names: list[str]) -> None:
    """Raises WrongInput for weights that are no rule and not a number above 0 for each VPP."""
    if not WEIGHTS.admits(weights):
        raise WrongInput(WEIGHTS.fault("weights", weights))
    powers = powers_in(weights)
    if powers and len(powers) != len(names):
        raise WrongInput(
            f"weights: found {len(powers)} numbers; allowed: {len(names)}, one for each of "
            f"{', '.join(names)}"
        )


@dataclass(frozen=True)
class Settings:
    """How the saving is split and how prices are found (paper A, problem P2)."""

    weights: str = field(
        default="contribution",
        metadata={RULE: WEIGHTS, "unit": WEIGHTS.unit, "text": WEIGHTS.text},
    )
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
