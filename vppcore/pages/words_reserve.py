"""Results on promises of reserve -> sentences; see words.py.

No solving, no reading. yuan, kW; tables are those of `vppcore.uncertainty.reserve` and `risk`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vppcore.pages.words import in_digits, listed, share
from vppcore.pages.words_risk import difference_said
from vppcore.pages.words_uncertainty import more_or_less
from vppcore.uncertainty.reserve import ReserveResult


def worth_said(differences: pd.DataFrame, chosen: str, plain: str) -> str:
    """What reserve is worth on days held out, in the mean and in the tail.

    differences: as `risk.beside`, of the chosen promise beside the others.
    """
    row = differences.loc[plain]
    return (
        f"On days that the promises were not made for, {chosen} costs "
        f"{difference_said(row, 'mean')} on average than {plain}, and in the tail "
        f"{difference_said(row, 'CVaR')}."
    )


def lesson_said(differences: pd.DataFrame, chosen: str, plain: str) -> str:
    """Whether reserve pays on average and what it does to the tail, if these days can tell."""
    row = differences.loc[plain]
    cheaper = row["mean to"] < 0
    if cheaper and row["CVaR from"] > 0:
        return (
            "Reserve pays on average and makes the costliest days costlier: the promise fits the "
            "calls of its scenarios, and others come."
        )
    if cheaper and row["CVaR to"] < 0:
        return "Reserve pays on average and in the tail."
    if cheaper:
        return "Reserve pays on average; what it does to the tail these days cannot tell."
    return "That reserve pays on average these days do not show."


def kept_said(delivery: pd.Series, name: str) -> str:
    """How often what was called was there. delivery: as `DaysMet.delivery`."""
    if not delivery["calls"]:
        return f"With {name} nothing was called."
    said = (
        f"With {name} {share(delivery['kept'], 1.0)} of all calls are kept in full, and "
        f"{share(delivery['energy'], 1.0)} of the energy called is delivered"
    )
    if delivery["shortfall"] <= 0:
        return f"{said}."
    missing = in_digits(delivery["shortfall"])
    return f"{said}; of one call {missing} kW are missing, the most of all."


def promised_and_met(found: Mapping[str, ReserveResult], measures: pd.DataFrame) -> str:
    """How CVaR in the scenarios compares with that on other days."""
    said = [
        f"{more_or_less(measures.loc[name, 'CVaR'] - each.tail)} with {name}"
        for name, each in found.items()
    ]
    return f"On the days held out CVaR is, compared with the scenarios, {listed(said)}."


def trades_matter(differences: pd.DataFrame, chosen: str, robust: str) -> str:
    """How much is lost with robust trades and the schedule and reserve that are best for them."""
    return (
        f"Beside {robust}, the same with robust trades, {chosen} costs "
        f"{difference_said(differences.loc[robust], 'mean')} on average, and in the tail "
        f"{difference_said(differences.loc[robust], 'CVaR')}."
    )


def halved_said(measures: pd.DataFrame, chosen: str, half: str) -> str:
    """What promising half of the reserve does."""
    change = measures.loc[half] - measures.loc[chosen]
    return (
        f"Who promises half of it pays {more_or_less(change['mean'])} on average and "
        f"{more_or_less(change['CVaR'])} in the tail."
    )


def earned_said(revenue: pd.Series) -> str:
    """Who earns what for the power kept ready, yuan by VPP."""
    said = [f"{name} {in_digits(earned)}" for name, earned in revenue.items()]
    return (
        f"Of the {in_digits(revenue.sum())} yuan that the power kept ready earns, {listed(said)}."
    )


def by_price_said(by_price: pd.DataFrame) -> str:
    """What reserve is worth in the scenarios at the first and the last price of capacity.

    by_price: a row per price, column "worth".
    """
    first, last = by_price.index[[0, -1]]
    said = (
        f"In the scenarios reserve is worth {in_digits(by_price.loc[first, 'worth'])} yuan at a "
        f"capacity price of {first:g} of the hour's price"
    )
    if first == 0:
        said += ", from what calls earn and from deviations that they happen to cover"
    if first == last:
        return f"{said}."
    return f"{said}, and {in_digits(by_price.loc[last, 'worth'])} yuan at {last:g}."
