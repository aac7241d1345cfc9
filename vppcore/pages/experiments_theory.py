"""What the pictures of study A's theory need solved: bounds by round, readings, bus prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from vppcore.bargaining.deal import Deal, make_deal
from vppcore.case import Case
from vppcore.cooperation.joint import pool
from vppcore.cooperation.negotiation import cooperate
from vppcore.schedule import dispatch
from vppcore.standalone import alone
from vppcore.uncertainty.robust import robust_coalition
from vppcore.uncertainty.settings import at_level
from vppcore.uncertainty.worst_day import worst_case
from vppcore.vpp import VPP


def deal_of(case: Case, solver: str = "auto", weights: str = "contribution") -> Deal:
    """The bargaining problem of a case, of each VPP alone and the joint optimum, before prices."""
    return make_deal(case, alone(case, solver), pool(case, solver), weights)


def doubled(last: int) -> list[int]:
    """1, 2, 4, ... and the last.

    >>> doubled(11)
    [1, 2, 4, 8, 11]
    """
    rounds = [2**power for power in range(last.bit_length()) if 2**power < last]
    return [*rounds, last] if last > 0 else []


def bounds_by_round(case: Case, rounds: Sequence[int], **negotiation: Any) -> pd.DataFrame:
    """What the certificate proves if the talks end after so many rounds.

    negotiation: as for `cooperate`, but for `max_iterations`.
    Returns a row per entry of `rounds`, columns upper and lower, yuan.
    """
    rows = {}
    for ended in rounds:
        proof = cooperate(case, **negotiation | {"max_iterations": ended}).certificate
        if proof is not None:
            rows[ended] = {"upper": proof.upper, "lower": proof.lower}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("round")


def by_reading(case: Case, level: int, solver: str = "auto", **doubt: Any) -> pd.Series:
    """What the worst day of a level costs by who knows what and when, and alone, yuan.

    doubt: goes to `at_level`. The joint worst case is a large search: for short horizons.
    """
    uncertainty = at_level(level, **doubt)
    costs = {
        reading: robust_coalition(case, uncertainty, reading=reading, solver=solver).cost
        for reading in ("own worst case first", "joint worst case", "trades first")
    }
    days = [worst_case(vpp, uncertainty, solver) for vpp in case.vpps]
    return pd.Series(costs | {"alone": sum(day.cost for day in days)}, name="yuan")


def bus_prices_relaxed(vpps: Mapping[str, VPP], solver: str = "auto") -> pd.DataFrame:
    """Electricity prices of the linear model, without binaries, yuan/kWh: a column for each VPP."""
    found = {name: dispatch(vpp, solver, "relaxed") for name, vpp in vpps.items()}
    return pd.DataFrame({name: one.prices["electricity"] for name, one in found.items()})
