"""The matrix of the papers' figures and tables: a row for each, links that exist, verdicts that are the ledger's."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from vppcore.pages import exhibits
from vppcore.pages.exhibits import as_markdown, claims_on, how_it_stands, in_the_book, named_in
from vppcore.pages.printed import printed_tables
from vppcore.pages.published import VERDICTS, claims
from vppcore.places import DATA, RESULTS

ROOT = DATA.parent
TABLE = exhibits.exhibits()
THERE = set(zip(TABLE["paper"], TABLE["exhibit"], strict=True))
# what the two texts name, in a sentence or as a caption; read off them by hand, as they are not here
MENTIONED = {
    "A": [*(f"Fig. {n}" for n in range(1, 9)), *(f"Fig. A{n}" for n in range(1, 6))]
    + ["Table 1", "Table A1", "Table A2"],
    "B": [*(f"Fig. {n}" for n in range(1, 10)), *(f"Table {n}" for n in range(1, 6))],
}
PAGES = {name: (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8") for name in ("errata",)}
PAGES["exhibits"] = "\n".join(f"{in_the_book(row)} {row['note']}" for _, row in TABLE.iterrows())
PAGES["figures-and-tables"] = (ROOT / "book/figures-and-tables.md").read_text(encoding="utf-8")


def labels() -> set[str]:
    """What {numref}, {ref} and {prf:ref} may name: labels of the book's pages and of its notebooks' figures."""
    found: set[str] = set()
    for page in (ROOT / "book").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        found.update(re.findall(r"^\(([\w-]+)\)=$", text, re.M))
        found.update(re.findall(r"^:(?:name|label): ([\w-]+)$", text, re.M))
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            found.update(re.findall(r"^\(([\w-]+)\)=$", "".join(cell["source"]), re.M))
            figure = cell["metadata"].get("mystnb", {}).get("figure")
            if figure:
                found.add(figure["name"])
    return found


def test_every_figure_and_table_that_the_texts_mention_has_one_row():
    assert len(THERE) == len(TABLE)
    assert {(paper, name) for paper, names in MENTIONED.items() for name in names} == THERE


def test_what_claims_and_templates_name_has_a_row():
    named = {
        (row["paper"], name) for _, row in claims().iterrows() for name in named_in(row["where"])
    }
    entered = {(table.paper, table.place) for table in printed_tables().values()}
    assert len(named) >= 15 and named <= THERE
    assert entered <= THERE


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_somewhere(page):
    text = PAGES[page]
    known = labels()
    named = re.findall(r"\{(?:numref|ref|prf:ref)\}`(?:[^`<]*<)?([\w-]+)>?`", text)
    missing = [name for name in named if name not in known]
    targets = re.findall(r"\{doc\}`(?:[^`<]*<)?([\w./-]+)>?`", text)
    missing += [
        target
        for target in targets
        if not any(
            (ROOT / "book" / f"{target}{end}").resolve().is_file() for end in (".md", ".ipynb")
        )
    ]
    assert named or targets
    assert not missing, f"book/{page}: no target for {', '.join(missing)}"


def test_numbers_behind_a_row_are_what_the_book_s_run_wrote():
    if not RESULTS.is_dir():
        pytest.skip("no results yet; `make book` writes them")
    missing = [name for name in TABLE["numbers"] if name and not (RESULTS / name).is_file()]
    assert not missing


def test_a_row_is_a_drawing_data_a_result_or_what_the_text_says_nothing_of():
    assert set(TABLE["kind"]) == {"drawing", "data", "result", "unsaid"}
    for _, row in TABLE.iterrows():
        judged = claims_on(row["paper"], row["exhibit"])
        assert bool(judged) == (row["kind"] == "result"), (
            f"{row['exhibit']} of paper {row['paper']}"
        )
        assert row["page"] and bool(row["numbers"]) == (row["kind"] != "drawing")
        assert row["figure"] or row["kind"] in {"data", "result"}
    assert TABLE.query("kind in ('data', 'unsaid')")["note"].all()


def verdicts(**by_claim: str) -> pd.DataFrame:
    return pd.DataFrame({"verdict": by_claim}).rename_axis("claim")


def row(paper: str, exhibit: str) -> pd.Series:
    return TABLE[(TABLE["paper"] == paper) & (TABLE["exhibit"] == exhibit)].iloc[0]


def test_how_a_result_stands_follows_from_the_verdicts_on_its_claims():
    assert claims_on("A", "Fig. 3") == ["A24", "A25", "A34"]
    found = verdicts(A24="not reproduced", A25="reproduced in shape", A34="reproduced in shape")
    said = how_it_stands(row("A", "Fig. 3"), found)
    assert said == "reproduced in shape: A25 and A34; not reproduced: A24"
    assert how_it_stands(row("A", "Fig. 3"), verdicts(A01="reproduced")).startswith(
        "its claims have no"
    )
    assert how_it_stands(row("B", "Fig. 5"), found) == exhibits.NO_DATA
    assert how_it_stands(row("B", "Fig. 1"), found) == exhibits.DRAWING
    assert how_it_stands(row("A", "Fig. A5"), found) == exhibits.UNSAID


def test_the_page_has_all_rows_and_counts_what_holds():
    every = {number: VERDICTS[-1] for number in claims().index}
    page = as_markdown(verdicts(**every))
    assert page.count("\n| Fig. ") + page.count("\n| Table ") == len(TABLE) == 30
    assert "Of the 17 that are results, 0 have" in page
    assert "Of the 17 that are results, 2 have" in as_markdown(
        verdicts(**every | {"A35": VERDICTS[1]})
    )


def test_a_place_may_name_several():
    assert named_in("4.2.1 and Figs 4-5") == ["Fig. 4", "Fig. 5"]
    assert named_in("5.2 and Tables 3-4") == ["Table 3", "Table 4"]
    assert named_in("4.2.3, Table 1 and conclusion 2") == ["Table 1"]
    assert named_in("5.2") == []
