"""Each study on one page: its numbers with what proves them, and the claims that hold.

Reads results that pages have left, solves nothing. Costs in yuan a day, shares in percent.
"""

from __future__ import annotations

import pandas as pd

from vppcore.pages.findings import Findings, read_findings, read_result, saved
from vppcore.pages.words import listed
from vppcore.pages.words_ledger import freedom, what_came_out

# cost items of the saving -> how a sentence names their source
SOURCES = {
    "gas": ("gas",),
    "carbon": ("carbon",),
    "the grid": ("electricity purchase", "electricity sale", "capacity charge"),
}
# verdict -> what follows its count
VERDICTS = {
    "reproduced": "reproduced within one percent",
    "reproduced in shape": "reproduced in shape",
    "met by fitting": "met by fitting (no evidence)",
    "setting": "settings taken over",
    "theorem": "theorems (true for any data)",
    "contradicted by the paper itself": "contradicted by the paper itself",
    "not reproduced": "not reproduced",
}
NOTHING = 1e-6  # of a cost or a utility: what a solver leaves


def rows_as_table(rows: list[tuple[str, str, str]]) -> str:
    """Rows of quantity, value and certificate as a table of the pages' markup.

    >>> print(rows_as_table([("cost", "7 yuan", "a bound")]))
    | | value | what proves it |
    |---|---|---|
    | cost | 7 yuan | a bound |
    """
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(["| | value | what proves it |", "|---|---|---|", *lines])


def by_vpp(values: pd.Series) -> str:
    """Yuan of each VPP in words.

    >>> by_vpp(pd.Series({"VPP1": 1234.5, "VPP2": 99.6}))
    'VPP1 1,234 and VPP2 100'
    """
    return listed([f"{name} {value:,.0f}" for name, value in values.items()])


def sources_of(items: pd.Series) -> str:
    """From where a saving comes, the largest source first. items: yuan saved by cost item.

    >>> sources_of(pd.Series({"gas": 5.0, "carbon": 9.0, "electricity purchase": -1.0}))
    'carbon 9, gas 5 and the grid −1'
    """
    amounts = {
        name: sum(float(items.get(item, 0.0)) for item in parts) for name, parts in SOURCES.items()
    }
    ordered = sorted(amounts.items(), key=lambda pair: -pair[1])
    return listed([f"{name} {yuan:,.0f}".replace("-", "−") for name, yuan in ordered])


# --- study A --------------------------------------------------------------------------------------
def numbers_of_a(findings: Findings) -> list[tuple[str, str, str]]:
    """Rows of study A: costs, saving, its split, and the guarantee on bad days."""
    alone, together = findings.cooperation
    items = read_result("cooperation", "saving_by_item")["cluster"]
    split = read_result("bargaining", "table_1").drop(index="cluster")
    levels = read_result("uncertainty", "figure_8")
    level = int(levels.index[len(levels) // 2])
    worst = levels.loc[level]
    return [
        (
            "three VPPs alone",
            f"{alone:,.0f} yuan a day: {by_vpp(split['alone'])}",
            "balances close and cost items add up, for each VPP",
        ),
        (
            "together",
            f"{together:,.0f} yuan, {saved(findings.cooperation)['together']:.1f} % less",
            f"no trades whatever save {findings.gap:,.2f} yuan more: a lower bound from the "
            "multipliers",
        ),
        (
            "where it comes from",
            f"{sources_of(items)} yuan, less what the fees take",
            "the items add up to the saving",
        ),
        (
            "who gets it",
            f"{by_vpp(split['gain'])} yuan",
            "payments add up to zero; closed form, conic solver and negotiation agree",
        ),
        (
            f"on the worst day of level {level}",
            f"{worst['alone']:,.0f} yuan alone, {worst['together']:,.0f} with promised trades",
            bounds_meet(float(worst["gap"])),
        ),
    ]


def bounds_meet(gap: float) -> str:
    """How far two bounds lie apart, as a share of the cost.

    >>> bounds_meet(-1e-9), bounds_meet(8.6e-5)
    ('upper and lower bound are equal', 'upper and lower bound meet to 9e-05 of the cost')
    """
    if abs(gap) < NOTHING:
        return "upper and lower bound are equal"
    return f"upper and lower bound meet to {abs(gap):.0e} of the cost"


# --- study B --------------------------------------------------------------------------------------
def numbers_of_b(findings: Findings) -> list[tuple[str, str, str]]:
    """Rows of study B: carbon models, costs by way of trading, and what the game's prices prove."""
    costs = findings.mechanisms
    less = saved(costs)
    models = read_result("carbon_models", "table_2")["total"]
    proofs = read_result("multiple_game", "proofs")
    gains = read_result("multiple_game", "by_vpp")["gain"].drop(index="all", errors="ignore")
    return [
        (
            "five VPPs without trade",
            f"{costs['alone']:,.0f} yuan a day",
            "each schedule is the only one of its cost",
        ),
        (
            "the multiple game",
            f"{costs['game']:,.0f} yuan, {less['game']:.1f} % less",
            tempted(proofs["gain"]),
        ),
        (
            "a fixed mid-market price",
            f"{costs['mid-market']:,.0f} yuan, {less['mid-market']:.1f} % less",
            "the same left-overs, shared out pro rata",
        ),
        (
            "planned together",
            f"{costs['planned together (paper A)']:,.0f} yuan, "
            f"{less['planned together (paper A)']:.1f} % less",
            "the joint optimum: no way to trade costs less",
        ),
        (
            "least gain by the game",
            f"{gains.min():,.0f} yuan ({gains.idxmin()})",
            "a theorem: nobody loses",
        ),
        (
            "four ways to pay for carbon",
            f"{by_model(models)} yuan, of the VPP that its page shows",
            "orders that hold on every day are theorems",
        ),
    ]


def tempted(gains: pd.Series) -> str:
    """In how many hours a seller could gain by another price. gains: shares, by hour.

    >>> tempted(pd.Series([0.0, 1e-9])), tempted(pd.Series([0.0, 0.1]))
    ('in none of 2 hours does a seller gain by another price', \
'in 1 of 2 hours a seller gains by another price')
    """
    hours = int((gains > NOTHING).sum())
    if not hours:
        return f"in none of {len(gains)} hours does a seller gain by another price"
    return f"in {hours} of {len(gains)} hours a seller gains by another price"


def by_model(totals: pd.Series) -> str:
    """Total costs of the four carbon models.

    >>> by_model(pd.Series({"1: flat": 10.0, "2: flat, dearer": 12.0}))
    'Model 1 10 and Model 2 12'
    """
    return listed([f"Model {str(name)[0]} {total:,.0f}" for name, total in totals.items()])


# --- claims ---------------------------------------------------------------------------------------
def claims_of(ledger: pd.DataFrame, paper: str) -> str:
    """How many claims of a paper were free to fail and held, how many have each verdict, and those
    that held.
    """
    own = ledger[ledger["paper"] == paper]
    counts = own["verdict"].value_counts()
    said = [
        f"{counts[verdict]} {words}" for verdict, words in VERDICTS.items() if verdict in counts
    ]
    every, free, held = freedom(own)
    lines = [
        f"Of the paper's {every} claims {free} were free to fail, and {held} of these held. "
        f"By verdict: {listed(said)}."
    ]
    holding = what_came_out(own)
    if len(holding):
        lines += ["", "**What was free to fail and held**", ""]
        lines += [f"- {text} ({claim})" for claim, text in holding["the paper says"].items()]
    return "\n".join(lines)


def summary(paper: str) -> str:
    """What a run says of a study: its numbers and its claims. paper: "A" or "B".

    Raises WrongInput if a page that it reads has not been run.
    """
    findings = read_findings()
    rows = numbers_of_a(findings) if paper == "A" else numbers_of_b(findings)
    return f"{rows_as_table(rows)}\n\n{claims_of(read_result('ledger', 'ledger'), paper)}\n"
