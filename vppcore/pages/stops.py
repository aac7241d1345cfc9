"""What a rule for the end of the talks gives: how many rounds, what is left open, what is proven.

yuan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.joint import pool
from vppcore.cooperation.negotiation import cooperate, natural_penalty, table_of, talk
from vppcore.cooperation.settings import STOPPING, Settings
from vppcore.cooperation.size import size_of
from vppcore.errors import NotSolved

# how tables name what must be small when the talks end
RULES = dict(zip(STOPPING, ("both residuals", "change of trades"), strict=True))
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4)


def ends_of_talks(
    cases: Mapping[str, Case], solver: str = "auto", **negotiation: Any
) -> pd.DataFrame:
    """The same talks ended by either rule: a row for each case and rule.

    cases: how tables name them -> case. negotiation: as for `cooperate`; its `stopping` is not
    used.
    Columns: case, ends with, rounds, trades disagree (% of their size), dearer than the best (yuan,
    what is carried out against the joint optimum), open (yuan, what the certificate leaves) and
    certified gap.
    """
    rows = []
    for name, case in cases.items():
        best = pool(case, solver).cost
        for rule, said in RULES.items():
            ended = cooperate(case, **negotiation | {"stopping": rule}, solver=solver)
            proof = ended.certificate
            if proof is None:
                raise NotSolved(f"{case.name}: the talks have no certificate")
            rows.append(
                {
                    "case": name,
                    "ends with": said,
                    "rounds": ended.iterations,
                    "trades disagree (%)": 100 * ended.history["relative primal"].iloc[-1],
                    "dearer than the best (yuan)": proof.upper - best,
                    "open (yuan)": proof.upper - proof.lower,
                    "certified gap": proof.gap,
                }
            )
    return pd.DataFrame(rows)


def rounds_by_tolerance(
    cases: Mapping[str, Case], tolerances: Sequence[float] = TOLERANCES, **negotiation: Any
) -> pd.DataFrame:
    """How many rounds talks take until a rule ends them: a row for each tolerance, a column for
    each case and rule.

    cases: how tables name them -> case. negotiation: settings of `Settings`; its `stopping` and its
    tolerance are not used. Talks that no rule ends are not a number.
    """
    counts: dict[str, list[float]] = {}
    for name, case in cases.items():
        size = size_of(case)
        usual = dict(negotiation) | {"penalty": negotiation.get("penalty") or natural_penalty(case)}
        for rule, said in RULES.items():
            column = counts.setdefault(f"{name}, {said}", [])
            for tolerance in tolerances:
                how = Settings(**usual | {"stopping": rule, "tolerance": tolerance})
                rounds = len(talk(table_of(case, how, size)).history)
                column.append(rounds if rounds < how.max_iterations else np.nan)
    index = pd.Index([f"{tolerance:g}" for tolerance in tolerances], name="tolerance")
    return pd.DataFrame(counts, index)
