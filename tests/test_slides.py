"""Slides show title, question, answer, figures and what to notice; code and tables stay on the page."""

from __future__ import annotations

import doctest
import re

import nbformat
import pytest
import slides
from bs4 import BeautifulSoup

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><desc>Three bars.</desc><rect width="9" height="9"/></svg>'
CAPTION = (
    "Cost of a day (paper: Fig. 4). Alone and together. Numbers: {download}`CSV <../cost.csv>`."
)


def markdown(source: str):
    return nbformat.v4.new_markdown_cell(source)


def code(source: str, *outputs: dict, **metadata):
    shown = [nbformat.v4.new_output("display_data", data=data) for data in outputs]
    return nbformat.v4.new_code_cell(source, outputs=shown, metadata=metadata)


def a_run():
    """A notebook that has run, with all that a page may have."""
    figure = {"mystnb": {"figure": {"caption": CAPTION}, "image": {"alt": 'Cost "alone".'}}}
    cells = [
        markdown(
            "# The cost\n\n**Question.** What does a day cost? See {doc}`../book/theory`.\n\nMore."
        ),
        code("secret = 1", tags=["parameters", "hide-input"]),
        code("answer", {"text/markdown": "Answer. It costs 7 yuan. That is little."}),
        markdown("## By hour\n\nA long explanation that stays on the page."),
        code("draw()", {"image/svg+xml": SVG, "text/plain": "Figure"}, **figure),
        code("table", {"text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "1"}),
        code(
            "told", {"text/markdown": "*What to notice.* Hour 3 is dear (Fig. 2). Hour 4 is not."}
        ),
        code("hidden", {"text/markdown": "Not shown."}, tags=["hide-output"]),
        markdown("**Try it.** `make run NB=cost`. Also with:\n\n- more\n- less"),
    ]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture(scope="module")
def made() -> list[slides.Slide]:
    return slides.slides_of(a_run(), {"book/theory": "Theory of cost"})


def test_a_slide_for_title_answer_figure_notice_and_trial(made):
    assert [slide.heading for slide in made] == [
        "The cost",
        "Answer",
        "By hour",
        "What to notice",
        "Try it",
    ]


def test_the_question_stands_below_the_title_with_links_in_words(made):
    assert made[0].text == ['<p class="lead">What does a day cost? See *Theory of cost*.</p>']


def test_a_sentence_is_a_line(made):
    assert made[1].text == ["- It costs 7 yuan.\n- That is little."]
    assert made[3].text == ["- Hour 3 is dear (Fig. 2).\n- Hour 4 is not."]


def test_a_sentence_that_announces_a_list_is_left_out(made):
    assert made[4].text == ["- `make run NB=cost`."]


def test_a_figure_has_its_caption_and_what_it_was_told(made):
    figure = BeautifulSoup(made[2].text[0], "html.parser")
    assert figure.img["alt"] == 'Cost "alone". Three bars.'
    assert figure.img["src"].startswith("data:image/svg+xml;base64,")
    assert figure.figcaption.text == "Cost of a day (paper: Fig. 4). Alone and together."


def test_code_tables_and_hidden_outputs_are_not_shown(made):
    shown = "\n".join(slide.markdown() for slide in made)
    for left_out in ("secret", "draw()", "<table", "Not shown", "stays on the page", "CSV"):
        assert left_out not in shown


def test_many_sentences_take_several_slides():
    run = nbformat.v4.new_notebook(
        cells=[
            markdown("# Much"),
            code("x", {"text/markdown": " ".join(f"Sentence {n} is short." for n in range(12))}),
        ]
    )
    lines = [slide.text[0].count("\n") + 1 for slide in slides.slides_of(run)[1:]]
    assert sum(lines) == 12 and max(lines) <= slides.SENTENCES_OF_A_SLIDE


def test_a_deck_opens_from_a_folder(tmp_path):
    """Nothing is fetched from another host; scripts and styles are those of the book."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "book").mkdir()
    nbformat.write(a_run(), tmp_path / "notebooks/cost.ipynb")
    (tmp_path / "_toc.yml").write_text("root: book/intro\nchapters:\n- file: notebooks/cost\n")
    slides.write_decks(tmp_path / "notebooks", tmp_path / "out/slides", root=tmp_path)
    page = BeautifulSoup((tmp_path / "out/slides/cost.html").read_text(), "html.parser")
    assert len(page.select(".slides > section > section")) == 5
    fetched = [tag.get("src") or tag.get("href") for tag in page.select("script[src], link[href]")]
    assert fetched and all(address.startswith("../_static/") for address in fetched)
    files = [slides.ROOT / "book" / address.removeprefix("../") for address in fetched]
    assert all(file.is_file() for file in files)
    assert page.select_one("a[href='../notebooks/cost.html']")
    assert not re.search(r"(src|href)=.https?:", str(page))


def test_notebooks_of_the_book_have_slides():
    """From the stored notebooks, whose pictures are left out: each has a title at least."""
    for name in slides.book_notebooks(slides.ROOT):
        file = slides.ROOT / "notebooks" / f"{name}.ipynb"
        first = slides.slides_of(nbformat.read(file, as_version=4))[0]
        assert first.level == 1 and first.heading, name


def test_examples_of_the_docstrings():
    assert doctest.testmod(slides).failed == 0
