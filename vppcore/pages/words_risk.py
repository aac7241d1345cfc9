"""Results on promises under risk -> sentences; see words.py.

No solving, no reading. yuan; tables are those of `vppcore.uncertainty.risk`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vppcore.pages.words import in_digits, listed, share
from vppcore.pages.words_uncertainty import more_or_less
from vppcore.uncertainty.risk import RiskResult


def costs_said(measures: pd.DataFrame, chosen: str) -> str:
    """What a chosen set of promises costs on average and in the tail on days it was not made for.

    measures: as `with_intervals`.
    """
    row = measures.loc[chosen]
    return (
        f"On days that they were not made for, the promises of {chosen} cost "
        f"{in_digits(row['mean'], 5)} yuan on average and {in_digits(row['CVaR'], 5)} in the tail."
    )


def difference_said(row: pd.Series, measure: str) -> str:
    """A difference with its interval, and whether these days can tell it from nothing.

    >>> row = pd.Series({"mean": -439.0, "mean from": -500.0, "mean to": -380.0})
    >>> difference_said(row, "mean")
    '439 yuan less (between 500 less and 380 less)'
    """
    low, high = row[f"{measure} from"], row[f"{measure} to"]
    ends = [more_or_less(end).replace(" yuan", "") for end in (low, high)]
    said = f"{more_or_less(row[measure])} (between {ends[0]} and {ends[1]}"
    if low <= 0 <= high:
        said += ", so these days cannot tell it from nothing"
    return f"{said})"


def beside_others(differences: pd.DataFrame, chosen: str, others: list[str]) -> str:
    """What a chosen set of promises costs beside some others. differences: as `risk.beside`."""
    return " ".join(
        f"Beside {name}, {chosen} costs {difference_said(differences.loc[name], 'mean')} on "
        f"average, and in the tail {difference_said(differences.loc[name], 'CVaR')}."
        for name in others
    )


def lesson_said(differences: pd.DataFrame, chosen: str, robust: list[str]) -> str:
    """Which robust promises the chosen ones beat on average and in the tail, as far as these days
    can tell. differences: as `risk.beside`."""
    ends = differences.loc[robust, ["mean to", "CVaR to"]]
    beaten = [name for name in robust if (ends.loc[name] < 0).all()]
    if not beaten:
        return f"None of the robust promises is dearer than {chosen} beyond doubt in both."
    return (
        f"{chosen.capitalize()} is cheaper than {listed(beaten)} both on average and in the tail, "
        "beyond what these days leave in doubt. No wonder: it was told how days are drawn, and the "
        "robust promises know nothing but how far a series may deviate, and in how many hours."
    )


def who_pays(means: pd.DataFrame, chosen: str, reference: str) -> str:
    """By how much each VPP's mean cost, payments left out, differs between two sets of promises.

    means: yuan, a row per set of promises, a column per VPP.
    """
    more = means.loc[chosen] - means.loc[reference]
    said = [f"{name} pays {more_or_less(yuan)}" for name, yuan in more.items()]
    return (
        f"Before payments between VPPs, with {chosen} in place of {reference} {listed(said)} on "
        "average. What is fair is for the payments to settle."
    )


def promised_and_met(found: Mapping[str, RiskResult], measures: pd.DataFrame) -> str:
    """How CVaR in the scenarios compares with that on other days, weight by weight."""
    said = [
        f"{more_or_less(measures.loc[name, 'CVaR'] - each.tail)} with {name}"
        for name, each in found.items()
    ]
    return f"On the days held out CVaR is, compared with the scenarios, {listed(said)}."


def proven_said(found: Mapping[str, RiskResult]) -> str:
    """How far the promises may be from the best ones for their scenarios."""
    worst = max(found.values(), key=lambda each: each.gap)
    if worst.gap <= 1e-6:
        return "For their scenarios no other trades are better: both bounds meet at every weight."
    return (
        f"For their scenarios other trades could be better by {share(worst.gap, 1.0)} of the cost "
        "at most, at every weight."
    )


def guarantees_said(guaranteed: pd.Series, chosen: str, robust: str, level: int) -> str:
    """What two sets of promises guarantee on the worst day of a level, yuan by promises."""
    more = guaranteed[chosen] - guaranteed[robust]
    return (
        f"Whatever day of level {level} comes, {robust} costs at most "
        f"{in_digits(guaranteed[robust], 5)} yuan; {chosen} may cost {more_or_less(more)}."
    )
