"""What all who negotiate know of the case, and nothing else of it.

kW, yuan/kWh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from vppcore.case import Case, Description
from vppcore.components import Tie
from vppcore.cooperation.talks import Pair
from vppcore.errors import WrongInput
from vppcore.grid.placement import OPERATOR
from vppcore.vpp import VPP


@dataclass(frozen=True, eq=False)
class Common:
    """What all who negotiate know; there is nothing of a VPP in it but its name.

    case: name of the case. description: its title and where it comes from.
    names: of the VPPs, in the order in which they speak.
    steps, step_hours: of the horizon.
    tie: what a trade of any two costs, and its limit; None where trade is impossible.
    """

    case: str
    description: Description
    names: tuple[str, ...]
    steps: int
    step_hours: float
    tie: Tie | None

    @classmethod
    def of(cls, case: Case) -> Common:
        """What all know of a case."""
        first = case.vpps[0]
        return cls(
            case.name, case.description, tuple(case.names), first.steps, first.step_hours, case.tie
        )

    @property
    def hours(self) -> float:
        """Of the horizon, h."""
        return self.steps * self.step_hours

    @property
    def needed_tie(self) -> Tie:
        """The tie. Raises WrongInput where there is none or nobody to trade with."""
        if self.tie is None or len(self.names) < 2:
            raise WrongInput(
                f"case {self.case}: cooperation needs two VPPs or more "
                "and a 'tie' component in units.csv"
            )
        return self.tie

    @property
    def pairs(self) -> list[Pair]:
        """The pairs of VPPs, in the order of the case."""
        return list(combinations(self.names, 2))

    def partners(self, name: str, watched: bool = False) -> tuple[str, ...]:
        """With whom a VPP deals: all others, and the operator of the feeder if it is watched."""
        others = tuple(other for other in self.names if other != name)
        return (*others, OPERATOR) if watched else others

    def case_of(self, vpps: Mapping[str, VPP]) -> Case:
        """A case of VPPs that were handed over, without what a case keeps for display."""
        nothing = pd.DataFrame()
        chosen = tuple(vpps[name] for name in self.names)
        return Case(self.case, self.description, chosen, self.tie, nothing, nothing)
