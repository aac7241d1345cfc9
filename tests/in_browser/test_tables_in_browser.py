"""What the book's script makes of tables: one row of heads, room for sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "book/_static/book.js"
SENTENCE = "a claim of the paper, in so many words that a phone would cut it up"
PAGE = """<!doctype html><title>t</title><article class="bd-article"><div class="cell_output">
<table><thead>{head}</thead><tbody>
<tr><th>A1</th><td style="text-align: left">{sentence}</td><td style="text-align: right">1</td></tr>
<tr><th>A2</th><td style="text-align: left">short</td><td style="text-align: right">2</td></tr>
</tbody></table></div></article><script defer src="{script}"></script>"""
NAMED_ROWS = (
    "<tr><th>&nbsp;</th><th>claim</th><th>ours</th></tr><tr><th>id</th><th></th><th></th></tr>"
)
TWO_LEVELS = "<tr><th></th><th colspan=2>day</th></tr><tr><th></th><th>claim</th><th>ours</th></tr>"


@pytest.fixture
def table(tab, tmp_path):
    """Opens a page with a table of this head; returns what a question to the page answers."""

    def opened(head: str):
        page = tmp_path / "page.html"
        page.write_text(PAGE.format(head=head, sentence=SENTENCE, script=SCRIPT.as_uri()))
        tab.open(page)
        return lambda question: tab.call(
            "Runtime.evaluate", expression=question, returnByValue=True
        )["result"]["value"]

    return opened


def test_the_name_of_the_rows_stands_in_the_corner(table):
    ask = table(NAMED_ROWS)
    heads = (
        "[...document.querySelectorAll('thead tr')].map(r => [...r.cells].map(c => c.innerText))"
    )
    assert ask(heads) == [["id", "claim", "ours"]]


def test_a_head_of_two_levels_stays(table):
    assert table(TWO_LEVELS)("document.querySelectorAll('thead tr').length") == 2


def test_a_column_with_a_sentence_is_marked_whole(table):
    ask = table(NAMED_ROWS)
    marked = "[...document.querySelectorAll('td')].map(c => c.classList.contains('is-sentence'))"
    assert ask(marked) == [True, False, True, False]


def test_the_head_over_words_is_marked(table):
    ask = table(NAMED_ROWS)
    marked = "[...document.querySelectorAll('th.is-over-words')].map(c => c.innerText)"
    assert "claim" in ask(marked) and "ours" not in ask(marked)
