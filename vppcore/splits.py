"""Four rules to split a coalition's saving, side by side.

yuan; a row per VPP.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from vppcore.bargaining.settings import refuse_weights
from vppcore.bargaining.split import bargain
from vppcore.case import Case
from vppcore.cooperation.joint import pool
from vppcore.errors import NotSolved
from vppcore.fairness import Values, coalition_values, nucleolus, shapley
from vppcore.grid.placement import Placement

ACCURACY = 1e-3  # of the saving: what the rules' totals may differ by


class Splits(NamedTuple):
    """What all coalitions save, and who gets how much of the saving of all.

    values: coalition -> what it saves, yuan.
    gains: a row per VPP, a column per rule, yuan.
    """

    values: Values
    gains: pd.DataFrame


def splits_of(
    case: Case,
    placement: Placement | None = None,
    weights: str = "contribution",
    solver: str = "auto",
    progress: bool = False,
) -> Splits:
    """Nash bargaining, equal shares, Shapley value and nucleolus of a case.

    placement: on a feeder whose limits all VPPs share, whether they trade or not.
    weights: rule for the bargaining power, or numbers, as for `bargaining_weights`.
    Raises WrongInput for weights that do not fit the case, NotSolved if the rules do not split the
    same saving.
    """
    refuse_weights(weights, case.names)
    apart = pool(case, solver, placement=placement, members=())
    together = pool(case, solver, flattest=True, placement=placement)
    values = coalition_values(case, placement, solver, progress)
    nash = bargain(case, apart.dispatches, together, weights=weights).gains
    columns = {
        "Nash bargaining": nash,
        "equal": nash.sum() / len(nash),
        "Shapley value": shapley(values),
        "nucleolus": nucleolus(values),
    }
    gains = pd.DataFrame(columns)
    saving = values[tuple(case.names)]
    missed = float((gains.sum() - saving).abs().max())
    if missed > ACCURACY * max(abs(saving), float(gains.abs().sum().max())):
        raise NotSolved(f"case {case.name}: the rules' totals differ by {missed:,.3g} yuan")
    return Splits(values, gains)
