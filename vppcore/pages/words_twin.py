"""The page *The same day in linopy*: results -> sentences; see words.py. No solving.

yuan, kWh.
"""

from __future__ import annotations

import pandas as pd

from vppcore.pages.twin import SAME, are_same
from vppcore.pages.words import amount, in_digits, listed, signed


def same_costs(costs: pd.DataFrame) -> list[str]:
    """Two sentences on whether both models find the same costs. costs: of `twin.costs_beside`."""
    number = len(costs) - 1
    alone = costs["linopy"].drop("together").sum()
    together = costs.loc["together", "linopy"]
    said = "Yes: no cost differs" if are_same(costs) else "No: a cost differs"
    return [
        f"{said} by more than a millionth.",
        f"In linopy the {number} VPPs cost {amount(alone, 2)} yuan alone and "
        f"{amount(together, 2)} together, so that trading saves {amount(alone - together, 2)}.",
    ]


def which_are_unique(totals: pd.DataFrame) -> str:
    """Which totals every cheapest schedule shares. totals: of `twin.totals_beside`."""
    shared = list(totals.index[totals["unique"]])
    free = list(totals.index[~totals["unique"]])
    sentences = []
    if shared:
        sentences.append(f"The same in every cheapest schedule: {listed(shared)}.")
    if free:
        sentences.append(f"Not the same: {listed(free)}.")
    return " ".join(sentences)


def why_not_unique(totals: pd.DataFrame, moving: pd.Series, sending: pd.Series) -> str:
    """Why what loads move and what VPPs send is not unique, where the one replaces the other.

    totals: of `twin.totals_beside`.
    moving: yuan for each kWh that a load takes out of an hour or into one, by VPP.
    sending: the crossing fee at each end of a trade, yuan/kWh, by VPP.
    """
    unique = totals["unique"]
    exchanged = unique["moved or sent"] and not (unique["moved"] or unique["sent"])
    prices = {*moving, *sending}
    if not exchanged or len(prices) > 1:
        return ""
    span = totals.loc["moved", "most"] - totals.loc["moved", "least"]
    return (
        "Why: a kWh that a load moves to another hour is paid twice, "
        f"{signed(prices.pop(), 3)} yuan each time, and so is one that crosses to another VPP. Up "
        f"to {in_digits(span)} kWh may do the one or the other at the same cost; only their sum is "
        "fixed."
    )


def prices_differ(prices: pd.DataFrame) -> str:
    """Whether both models' bus prices have the same range. prices: of `twin.prices_beside`."""
    theirs = prices.filter(like="linopy").to_numpy()
    ours = prices.filter(like="vppcore").to_numpy()
    if abs(theirs - ours).max() <= SAME * abs(prices.to_numpy()).max():
        return "Both have the same least and the same largest price in each VPP."
    return (
        "Where the two differ, both are right: at a corner of the cost, one kWh more is worth less "
        "than one kWh less costs, and every price between the two is a multiplier of the balance."
    )
