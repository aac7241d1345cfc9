"""The ledger -> sentences and small tables; see words.py. No solving.

yuan; levels of uncertainty are whole numbers of hours.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from vppcore.errors import WrongInput
from vppcore.pages.published import ON_ALL, SOMEWHERE, VERDICTS, claims, published_value
from vppcore.pages.words import listed
from vppcore.pages.words_b import counted, in_digits

CAME_OUT = VERDICTS[:2]  # verdicts of claims that came out with nothing fitted
NUMBERS, SHAPES, FITTED, SETTING, THEOREM, EXCLUDED, FAILED = VERDICTS
IN_PART = "in part a theorem"  # how a reason says that a theorem decides some of a statement


def count_by_paper(verdicts: pd.DataFrame) -> pd.DataFrame:
    """How many claims of each paper have which verdict, with their sums."""
    count = pd.crosstab(verdicts["verdict"], verdicts["paper"]).reindex(VERDICTS, fill_value=0)
    count["both"] = count.sum(axis=1)
    count.loc["together"] = count.sum()
    return count.rename_axis(index=None, columns=None)


class Freedom(NamedTuple):
    """How much of a ledger is evidence, in statements.

    every: all that have a verdict.
    free: those that could have failed: see `Judgement.free`.
    held: those of the free ones that hold.
    """

    every: int
    free: int
    held: int


def freedom(verdicts: pd.DataFrame) -> Freedom:
    """How many statements were free to fail, and how many of them held.

    verdicts: a ledger with the columns verdict and free.
    """
    free = verdicts[verdicts["free"].astype(bool)]
    return Freedom(len(verdicts), len(free), int(free["verdict"].isin(CAME_OUT).sum()))


def came_out(verdicts: pd.DataFrame) -> str:
    """How many statements were free to fail, how many of them held, and what the others are."""
    every, free, held = freedom(verdicts)
    count = verdicts["verdict"].value_counts().reindex(VERDICTS, fill_value=0)
    return (
        f"Of {counted(every, 'statement')} of the two papers {free} were free to fail, and {held} "
        f"of these held: {numbers_said(int(count[NUMBERS]))} within one percent and "
        f"{counted(int(count[SHAPES]), 'statement')} without a number. {free - held} did not. "
        f"{at_some(verdicts)}{not_free(verdicts)}"
    )


def at_some(verdicts: pd.DataFrame) -> str:
    """How many of the statements that held are sure of some of the cheapest schedules only."""
    reasons = verdicts.loc[verdicts["verdict"].isin(CAME_OUT), "reason"].fillna("")
    hanging = int(reasons.str.contains(f"{SOMEWHERE}|{ON_ALL}").sum())
    if not hanging:
        return ""
    return (
        f"Of those that held, {hanging} do so at some of the cheapest schedules or within a "
        "thousandth of their cost, and need not at all of them. "
    )


def not_free(verdicts: pd.DataFrame) -> str:
    """What the statements are that could not fail or that no run of ours can test."""
    bound = verdicts[~verdicts["free"].astype(bool)]
    if bound.empty:
        return ""
    count = bound["verdict"].value_counts()
    words = {
        FITTED: "met by fitting",
        SETTING: "settings that we took over",
        THEOREM: "theorems, true for any data",
        EXCLUDED: "excluded by others of the same paper",
        FAILED: "aimed at and missed or beyond any test",
    }
    said = [f"{count[verdict]} {what}" for verdict, what in words.items() if verdict in count]
    return f"The other {len(bound)} say nothing of the papers' results: {listed(said)}."


def theorems(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Statements that hold on any day, wholly or in part, and why: a row each."""
    whole = verdicts["verdict"] == THEOREM
    part = verdicts["reason"].fillna("").str.contains(IN_PART)
    shown = verdicts.loc[whole | part, ["statement", "reason"]]
    return shown.rename(columns={"statement": "the paper says", "reason": "why"})


def numbers_said(count: int) -> str:
    """So many numbers in words.

    >>> numbers_said(0), numbers_said(2)
    ('no number', '2 numbers')
    """
    return counted(count, "number") if count else "no number"


def what_came_out(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The claims that were free to fail and held: the statement in words and ours."""
    rows = verdicts[verdicts["verdict"].isin(CAME_OUT) & verdicts["free"].astype(bool)]
    shown = rows[["statement", "ours", "verdict"]]
    return shown.rename(columns={"statement": "the paper says"})


def fitted_numbers(folder: Path | None) -> str:
    """Which numbers of study A's fitted case were fitted, and how many; empty if not known.

    folder: of the results of the notebook on the data.
    """
    file = None if folder is None else folder / "fitted.csv"
    if file is None or not file.is_file():
        return ""
    rows = pd.read_csv(file).to_dict("records")
    said = []
    for row in rows:
        unit = "" if row["unit"] == "-" else f" {row['unit']}"
        whose = "" if row["VPP"] == "all" else f" of {row['VPP']}"
        before, after = in_digits(row["unfitted"]), in_digits(row["fitted"])
        name = row["parameter"].replace("_", " ")
        said.append(f"{name}{whose} ({before} to {after}{unit})")
    return (
        "Where a claim has two numbers of ours, nothing is fitted in the first, and in the second "
        f"{counted(len(rows), 'number')}: {listed(said)}. A claim that the fit aimed at is marked."
    )


def by_paper(count: pd.DataFrame) -> str:
    """How much of each paper came out. count: of `count_by_paper`."""
    said = [
        f"{int(count.loc[list(CAME_OUT), paper].sum())} of {int(count.loc['together', paper])} "
        f"claims of paper {paper}"
        for paper in count.columns.drop("both")
    ]
    return f"Free to fail and held: {listed(said)}."


def waiting_claims(verdicts: pd.DataFrame) -> str:
    """Whether every claim has a verdict."""
    missing = [claim for claim in claims().index if claim not in verdicts.index]
    waits = f"{listed(missing)} wait for their notebooks" if missing else "none is waiting"
    return f"{len(verdicts)} of {len(claims())} claims have a verdict; {waits}."


# --- the printed costs by level -------------------------------------------------------------------
def printed_costs() -> pd.DataFrame:
    """The costs by level that paper A's text prints or implies, yuan: columns alone, together.

    At level 0 they follow from the savings in yuan and in percent (A02 to A07).
    """
    savings = [published_value(f"A0{k}") for k in (2, 3, 4)]
    shares = [published_value(f"A0{k}") for k in (5, 6, 7)]
    alone = sum(100 * yuan / share for yuan, share in zip(savings, shares, strict=True))
    rows = {
        0: (alone, alone - sum(savings)),
        2: (published_value("A09"), published_value("A10")),
        4: (published_value("A12"), float("nan")),
        8: (float("nan"), published_value("A13")),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["alone", "together"])


def costs_beside(sweep: pd.DataFrame) -> pd.DataFrame:
    """Printed costs by level beside ours, yuan. sweep: alone and together by level."""
    printed = printed_costs()
    ours = sweep[["alone", "together"]].reindex(printed.index)
    both = {"printed": printed, "ours": ours}
    return pd.concat(both, axis=1).rename_axis("level")


def growth_said(sweep: pd.DataFrame) -> str:
    """Whether the growth of the printed costs goes with ours, and what it says of cooperation."""
    printed = printed_costs()
    first, second = printed["alone"].diff().loc[[2, 4]]
    taken = first - (printed["together"][2] - printed["together"][0])
    said = (
        f"Alone the printed cost grows by {in_digits(first)} yuan from level 0 to 2 and by "
        f"{in_digits(second)} from 2 to 4, {second / first:.2f} of that"
    )
    if {0, 2, 4} <= set(sweep.index):
        ours = sweep["alone"].loc[[0, 2, 4]].diff().dropna()
        said += (
            f"; ours by {in_digits(ours.iloc[0])} and {in_digits(ours.iloc[1])}, "
            f"{ours.iloc[1] / ours.iloc[0]:.2f} of that"
        )
    return (
        f"{said}. Of the first growth cooperation takes back {in_digits(taken)} yuan by the "
        "printed numbers, although the paper concludes that it significantly reduces the effect of "
        "uncertainty."
    )


def limits_of_the_saving() -> str:
    """What the printed costs imply for the saving at level 8, if curves rise, and if they bend."""
    printed = printed_costs()
    alone, together = printed["alone"], printed["together"]
    step = (alone[4] - alone[2]) / 2
    most = alone[4] + 4 * step
    return (
        f"If costs only rise, the cost alone at level 8 is at least {in_digits(alone[4])} yuan and "
        f"the saving there at least {in_digits(alone[4] - together[8])}; no more follows. If they "
        f"also rise ever more slowly, which is not certain, the cost alone is at most "
        f"{in_digits(most)} and the saving at most {in_digits(most - together[8])}, "
        f"{100 * (most - together[8]) / most:.1f} %."
    )


def read_sweep(folder: Path | None) -> pd.DataFrame:
    """The sweep over levels that the notebook on uncertainty has left.

    folder: of its results. Raises WrongInput without them.
    """
    file = None if folder is None else folder / "figure_8.csv"
    if file is None or not file.is_file():
        raise WrongInput("ledger: no costs by level; allowed: after uncertainty has run")
    return pd.read_csv(file, index_col=0)
