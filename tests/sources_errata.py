"""Where the numbers of the page on contradictions come from: what the papers print, set beside
itself, and what the book's cases give for the same statements. yuan; shares in percent.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from vppcore import cooperate, load_case, worst_case
from vppcore.pages import wanted
from vppcore.pages.claims_a import WORST_HOURS
from vppcore.places import DATA
from vppcore.uncertainty.settings import at_level

PRINTED = pd.read_csv(DATA / "published" / "claims.csv", index_col="id")["value"]
SAVINGS, SHARES = ("A02", "A03", "A04"), ("A05", "A06", "A07")
HALF_A_DIGIT = 0.005  # of a percentage with two places


def printed_savings() -> np.ndarray:
    """What paper A says that each VPP saves."""
    return PRINTED[list(SAVINGS)].to_numpy(float)


def printed_before() -> np.ndarray:
    """What each VPP paid before, which follows from its saving in yuan and in percent."""
    return 100 * printed_savings() / PRINTED[list(SHARES)].to_numpy(float)


def paid_before(vpp: int) -> float:
    """What VPP 1, 2 or 3 paid before; 0 for the three together."""
    before = printed_before()
    return float(before.sum() if vpp == 0 else before[vpp - 1])


def paid_after(vpp: int) -> float:
    """What VPP 1, 2 or 3 pays after the split; 0 for the three together."""
    after = printed_before() - printed_savings()
    return float(after.sum() if vpp == 0 else after[vpp - 1])


def share_of_the_cluster(side: int = 0) -> float:
    """The cluster's saving in percent of its cost before.

    side: 0 by the shares as printed; -1 the least, 1 the most of all shares that round to them.
    """
    shares = PRINTED[list(SHARES)].to_numpy(float)
    saving = PRINTED["A01"]
    moved = (side,) if side == 0 else (-1, 1)
    found = []
    for signs in product(moved, repeat=3):
        before = 100 * printed_savings() / (shares + HALF_A_DIGIT * np.array(signs))
        found.append(100 * saving / before.sum())
    return float(min(found) if side < 0 else max(found))


def mean_share() -> float:
    """The mean of the three shares."""
    return float(PRINTED[list(SHARES)].mean())


def part_of_the_saving(vpp: int) -> float:
    """What part of the saving VPP 1, 2 or 3 gains by the text, percent."""
    return float(100 * printed_savings()[vpp - 1] / PRINTED["A01"])


def printed_spread(costs: str) -> float:
    """Standard deviation of the printed costs "before" or "after", percent of their mean."""
    values = printed_before() - (printed_savings() if costs == "after" else 0)
    return float(100 * values.std() / values.mean())


def grown_without(first: int, last: int) -> float:
    """By how much the printed cost without cooperation grows between two of the levels 0, 2, 4."""
    levels = {0: paid_before(0), 2: PRINTED["A09"], 4: PRINTED["A12"]}
    return float(levels[last] - levels[first])


def grown_with(first: int, last: int) -> float:
    """The same with cooperation, between two of the levels 0, 2, 8."""
    levels = {0: paid_after(0), 2: PRINTED["A10"], 8: PRINTED["A13"]}
    return float(levels[last] - levels[first])


def hours_that_are_named() -> int:
    """How many hours paper A names in which VPP2's worst load lies above its forecast."""
    return len(WORST_HOURS)


def named_hours_of_the_worst_day() -> int:
    """In how many of the hours that paper A names VPP2's load is hit on the worst day."""
    worst = worst_case(load_case("paper-a-parent").vpp("VPP2"), at_level(12), canonical=True)
    return int(worst.hits.loc[WORST_HOURS, "load"].sum())


@cache
def wanted_in(case: str) -> wanted.WantedCosts:
    """What the nearest schedules cost in which statements on hours are true."""
    there = load_case(case)
    return wanted.wanted_costs(there, cooperate(there))


def dearer_if_true(case: str, claim: str) -> float:
    """By how much the cheapest schedule in which a statement on hours is true exceeds the least."""
    return float(wanted_in(case).extra[claim])
