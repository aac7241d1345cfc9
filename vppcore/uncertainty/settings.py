"""What may go wrong: budgets of uncertain load, wind and sun (paper A section 2.3)."""

from __future__ import annotations

from dataclasses import dataclass

from vppcore.errors import WrongInput
from vppcore.parameters import Rule, choice, faults_of, parameter

LIMITS = ("forecast", "actual")


READINGS = ("trades first", "own worst case first", "joint worst case")
BUDGET = Rule("number", low=0, whole=True)


@dataclass(frozen=True)
class Uncertainty:
    """What may go wrong.

    budgets: series ("load", "heat", or a plant's name such as "wind") -> number of steps that may be hit.
    limits: demand response follows the "forecast" or the "actual" load.
    shed_price, dump_price: of power or heat that is missing or too much.
    Raises WrongInput for numbers that make no sense.
    """

    budgets: dict[str, int]
    deviation: float = parameter(
        "-", "size of a deviation, share of the forecast", 0.2, high=1, below=True
    )
    limits: str = choice(
        "demand response follows the forecast or the actual load", LIMITS, "forecast"
    )
    shed_price: float = parameter("yuan/kWh", "price of what is missing", 10.0, above=True)
    dump_price: float = parameter("yuan/kWh", "price of what is too much", 1.0)

    def __post_init__(self):
        faults = []
        for name, budget in self.budgets.items():
            if not BUDGET.admits(budget):
                faults.append(BUDGET.fault(f"budget of {name}", budget))
        faults += faults_of(self)
        if faults:
            raise WrongInput(*faults)


def at_level(
    level: int,
    deviation: float = 0.2,
    series: tuple[str, ...] = ("load", "wind", "pv"),
    pv_share: float = 0.5,
    limits: str = "forecast",
    **prices: float,
) -> Uncertainty:
    """The budgets of an uncertainty level: `level` steps for each series, `pv_share` of it (rounded down) for
    photovoltaics; level 12 gives the paper's 12, 12 and 6."""
    if not BUDGET.admits(level):
        raise WrongInput(BUDGET.fault("level", level))
    budgets = {name: int(level * pv_share) if name == "pv" else int(level) for name in series}
    return Uncertainty(budgets, deviation, limits, **prices)
