"""What a reader's run says of its own case, and what it leaves to the paper's."""

import nbformat
import pytest
import run_texts
from tiny_book import ROOT

from vppcore.currency import speak

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture
def euros():
    speak("EUR")
    yield
    speak()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yuan a day, rounded to ten.", "EUR a day, rounded to ten."),
        ("Costs in yuan (paper: Fig. 4).", "Costs in EUR (paper: Fig. 4)."),
        ("The paper's cost grows by 7,970 yuan.", "The paper's cost grows by 7,970 yuan."),
        ("In study A's data, 0.75 yuan/kg.", "In study A's data, 0.75 yuan/kg."),
        (
            "At 3 yuan/kWh.\n\n**Try it.** Expect 3 yuan.",
            "At 3 EUR/kWh.\n\n**Try it.** Expect 3 yuan.",
        ),
    ],
)
def test_money_of_a_paper_keeps_its_currency(euros, text, expected):
    assert run_texts.said_of_case(text) == expected


@pytest.mark.parametrize(("paper", "kept"), [("A", True), (None, False)])
def test_a_caption_speaks_of_the_paper_s_hours_only_for_its_own_case(paper, kept):
    caption = "Forecast (paper: Fig. 7). Grey ground: the hours in which the paper says so."
    told = run_texts.caption_of_case(caption, paper)
    assert told.startswith("Forecast (paper: Fig. 7).") and ("Grey ground" in told) == kept


def cell(*tags: str):
    return nbformat.v4.new_markdown_cell("text", metadata={"tags": list(tags)})


@pytest.mark.parametrize(("paper", "kept"), [("A", 2), ("B", 1), (None, 1)])
def test_what_is_of_one_paper_stands_on_pages_of_its_cases_only(paper, kept):
    cells = [cell("hide-input", "paper-a"), cell("hide-input")]
    assert len(run_texts.of_this_case(cells, paper)) == kept


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda file: file.stem)
def test_no_page_of_another_case_has_a_section_on_the_paper(notebook):
    """A section on a paper may stand only where every case that it is run for is the paper's."""
    content = nbformat.read(notebook, as_version=4)
    for each in run_texts.of_this_case(content.cells, None):
        if each.cell_type == "markdown":
            assert "The paper beside ours" not in each.source
            assert "The fitted case beside it" not in each.source
            assert "the parent study's" not in each.source
