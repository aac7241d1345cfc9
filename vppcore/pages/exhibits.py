"""Every figure and table of the two papers: where the book has it, and how it stands.

What there is stands in data/published/exhibits.csv, a row for each; how it stands follows from the
verdicts on the claims that name it. No solving.
"""

from __future__ import annotations

import re
from functools import cache

import pandas as pd

from vppcore.pages.published import VERDICTS, claims
from vppcore.pages.words import listed
from vppcore.places import DATA

EXHIBITS = DATA / "published" / "exhibits.csv"
# how an exhibit that is no result stands
DRAWING = "drawn from the text"
NO_DATA = "cannot be compared, data missing"
UNSAID = "cannot be compared, the text says nothing of it"
STANDS = {"drawing": DRAWING, "data": NO_DATA, "unsaid": UNSAID}
NAMED = re.compile(r"(Figs?\.?|Tables?) (A?)(\d+)(?:(?:-|, | and )A?(\d+))?")


@cache
def exhibits() -> pd.DataFrame:
    """A row for each figure and table, in the papers' order: paper, exhibit, shows, kind (drawing,
    result, data, or unsaid where the text says nothing of it), page, figure (its label in the
    book), numbers (a file of results), note. What is not there is empty.
    """
    return pd.read_csv(EXHIBITS, dtype=str, keep_default_na=False)


def named_in(where: str) -> list[str]:
    """The figures and tables that a text names.

    >>> named_in("4.2.3 and Table 1"), named_in("3.2.3 and Fig. A1"), named_in("Figs 7-8")
    (['Table 1'], ['Fig. A1'], ['Fig. 7', 'Fig. 8'])
    """
    found = []
    for kind, appendix, first, last in NAMED.findall(where):
        word = "Fig." if kind.startswith("Fig") else "Table"
        for number in range(int(first), int(last or first) + 1):
            found.append(f"{word} {appendix}{number}")
    return found


def claims_on(paper: str, exhibit: str) -> list[str]:
    """The claims of a paper that name a figure or table as their place."""
    own = claims()[claims()["paper"] == paper]
    return [number for number, where in own["where"].items() if exhibit in named_in(where)]


def how_it_stands(row: pd.Series, verdicts: pd.DataFrame) -> str:
    """How an exhibit stands, in words: by the verdicts on its claims where it is a result.

    row: of `exhibits`. verdicts: a ledger, indexed by claim.
    """
    if row["kind"] != "result":
        return STANDS[row["kind"]]
    own = verdicts.reindex(claims_on(row["paper"], row["exhibit"]))["verdict"].dropna()
    said = []
    for verdict in VERDICTS:
        numbers = list(own.index[own == verdict])
        if numbers:
            said.append(f"{verdict}: {listed(numbers)}")
    return "; ".join(said) or "its claims have no verdict yet"


def matrix(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Every exhibit with how it stands: columns paper, exhibit, shows, page, stands, note."""
    stands = [how_it_stands(row, verdicts) for _, row in exhibits().iterrows()]
    return exhibits()[["paper", "exhibit", "shows", "page", "note"]].assign(stands=stands)


def counted(verdicts: pd.DataFrame) -> str:
    """How many exhibits there are, and of which kind."""
    kinds = exhibits()["kind"].value_counts()
    papers = exhibits()["paper"].value_counts()
    results = int(kinds["result"])
    held = sum("reproduced" in found for found in parts_that_hold(verdicts))
    return (
        f"The papers have {papers['A']} and {papers['B']} figures and tables. {kinds['drawing']} "
        f"are drawings, {kinds['data']} are data that we did not have, and of {kinds['unsaid']} "
        f"the text says nothing. Of the {results} that are results, {held} have a statement that "
        "came out as printed with nothing fitted."
    )


def parts_that_hold(verdicts: pd.DataFrame) -> list[str]:
    """For each exhibit that is a result, what of it came out with nothing fitted; empty if none."""
    found = []
    for _, row in exhibits().query("kind == 'result'").iterrows():
        said = how_it_stands(row, verdicts).split("; ")
        found.append("; ".join(part for part in said if part.startswith("reproduced")))
    return found


def as_markdown(verdicts: pd.DataFrame) -> str:
    """The matrix as a page takes it in: a sentence, and a table for each paper."""
    pieces = [counted(verdicts)]
    for paper, rows in exhibits().groupby("paper", sort=False):
        lines = [f"## Paper {paper}", ""]
        lines += ["| printed as | it shows | in the book | how it stands |", "|---|---|---|---|"]
        for _, row in rows.iterrows():
            stands = how_it_stands(row, verdicts)
            note = f". Note: {row['note']}" if row["note"] else ""
            cells = (row["exhibit"], row["shows"], in_the_book(row), f"{stands}{note}")
            lines.append(f"| {' | '.join(cells)} |")
        pieces.append("\n".join(lines))
    return "\n\n".join(pieces) + "\n"


def in_the_book(row: pd.Series) -> str:
    """Where the book has an exhibit, as links of a page in book/: figure, page, numbers."""
    page = row["page"].removeprefix("book/")
    target = f"../{page}" if page.startswith("notebooks/") else page
    links = [f"{{doc}}`{target}`"]
    if row["figure"]:
        links.insert(0, f"{{numref}}`{row['figure']}`")
    if row["numbers"]:
        links.append(f"{{download}}`CSV <../results/{row['numbers']}>`")
    return ", ".join(links)
