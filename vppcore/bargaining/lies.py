"""What a VPP gains by telling a cost alone that is not its own, and what the others lose.

yuan. The disagreement point is what each VPP says of itself: who claims to be cheap alone must be
offered more. Trades and weights follow the schedules, which the lie leaves as they are; payments
are made by what is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from vppcore.bargaining.deal import Agreed, Costed
from vppcore.bargaining.parties import Told
from vppcore.bargaining.split import BargainResult, bargain
from vppcore.case import Case
from vppcore.errors import WrongInput


class Lied(NamedTuple):
    """A split that one VPP has talked its way to.

    told: the split of what is left to share by what is told.
    gains: VPP -> what it truly gains, yuan.
    """

    told: BargainResult
    gains: pd.Series


def refuse_liar(liar: str | None, names: list[str]) -> None:
    """Raises WrongInput for a liar who is not at the table; None is nobody."""
    if liar is not None and liar not in names:
        raise WrongInput(f"liar: found {liar!r}; allowed: {', '.join(names)}")


def bargain_with_lie(
    case: Case,
    alone: Mapping[str, Costed],
    coalition: Agreed,
    liar: str,
    understated: float,
    weights: str = "contribution",
) -> Lied:
    """The split if one VPP tells a cost alone that is lower than true, and who truly gains what.

    case, alone, coalition, weights: as for `bargain`.
    understated: by how much its told cost alone is lower, yuan; negative for a higher one.
    Raises WrongInput for a liar who is not of the case, NotSolved as `bargain` does: by what is
    told there may be nothing left to share.

    Where the band does not bind the lie is worth (1 - w) of itself, w the liar's weight:

    >>> from vppcore import alone, bargain, load_case, pool
    >>> case = load_case("template")
    >>> apart, together = alone(case), pool(case)
    >>> honest = bargain(case, apart, together, weights="equal")
    >>> lied = bargain_with_lie(case, apart, together, "Shop", 2.0, weights="equal")
    >>> (lied.gains - honest.gains).round(6).to_dict()
    {'Home': -1.0, 'Shop': 1.0}
    """
    refuse_liar(liar, case.names)
    true = alone[liar]
    said = Told(true.cost - understated, getattr(true, "exact", True))
    split = bargain(case, dict(alone) | {liar: said}, coalition, weights=weights)
    gains = split.gains.copy()
    gains[liar] += understated
    return Lied(split, gains)
