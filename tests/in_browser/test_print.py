"""The book on paper and in an e-reader says what the pages say, with the same numbers.

A book of four pages is built and printed for these tests. The book itself is looked at by the same
tests if `make pdf` and `make epub` have printed it.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET
from zipfile import ZIP_STORED, ZipFile

import make_epub
import make_pdf
import pytest
from bs4 import BeautifulSoup
from gathered import HTML, NAMED, book_title, link_in_book, places_on_paper
from pypdf import PdfReader

ROOT = Path(__file__).parent.parent.parent
XHTML = "{http://www.w3.org/1999/xhtml}"
PACKAGE = "{http://www.idpf.org/2007/opf}"

CONTENTS = """
format: jb-book
root: book/intro
parts:
  - caption: First part
    numbered: true
    chapters:
      - file: book/theory
        sections:
          - file: notebooks/study
  - caption: Last part
    chapters:
      - file: book/how-to-read
"""
CONFIG = """
import sys
sys.path.insert(0, EXTENSIONS)
extensions = ["myst_nb", "sphinx_external_toc", "sphinx_proof", "sphinx_exercise", "live_pages"]
html_theme, nb_execution_mode, numfig = "sphinx_book_theme", "off", True
external_toc_path, html_static_path, mathjax_path = "_toc.yml", ["_static"], "mathjax/tex-svg.js"
html_context = {"default_mode": "auto"}
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
html_css_files = [["print.css", {"media": "print"}]]
exclude_patterns = ["build"]
"""
PAGES = {
    "book/intro.md": "# A tiny book\n\nSee {doc}`theory` and {eq}`eq-long`.\n",
    "book/theory.md": r"""
# The theory of things, which has a title so long that it does not fit into one line of a printed page

$$ a = b $$ (eq-short)

$$ S = x_1 + x_2 + x_3 + x_4 + x_5 + x_6 + x_7 + x_8 + x_9 + x_{10} + x_{11} + x_{12} + x_{13} + x_{14}
+ x_{15} + x_{16} + x_{17} + x_{18} + x_{19} + x_{20} + x_{21} + x_{22} + x_{23} + x_{24} + x_{25} $$ (eq-long)

```{prf:theorem} Of all things
:label: thm-all
By {eq}`eq-short`, $a-b=0$.
```

## Pictures

```{figure} ../picture.svg
:name: fig-tall
:alt: A tall grey column.
A column, see {download}`its numbers <../numbers.csv>`.
```

```{exercise} A hard one
:label: ex-hard
Solve it, by {prf:ref}`thm-all`.
```

```{solution} ex-hard
:label: sol-hard
:class: dropdown
Solved at the end, see {numref}`fig-tall`.
```
""",
    "book/how-to-read.md": """
# How to read

`build/book/book.pdf` and `build/book/book.epub`, of {doc}`../notebooks/study`

```{live} toy
:data: ../toy.json

The drawing that stands where no script runs.
```
""",
}
# an element that fails at once, aloud: not even that is printed
LIVE = {"view": "none", "notebook": "none", "facts": {}, "knobs": []}
PICTURE = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" width="900" height="2400" viewBox="0 0 900 2400">
<rect width="900" height="2400" fill="#777"/></svg>
"""


def cell(kind: str, source: str, tags: tuple[str, ...] = (), text: str = "") -> dict:
    """A cell of a notebook; its output is a table with a style of its own."""
    made = {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source, "id": source[:6]}
    if kind == "code":
        output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}}
        made |= {"execution_count": 1, "outputs": [output] if text else []}
    return made


TABLE = (
    '<style type="text/css">#T_x_row0 {color: #222}</style>'
    '<table border="1" id="T_x"><tr><td id="T_x_row0" halign="left">forty-two</td></tr></table>'
)
KERNEL = {"name": "python3", "display_name": "Python 3"}
STUDY = {
    "cells": [
        cell("markdown", "# The study\n\n**Question.** Why?"),
        cell("code", "unprinted = 1"),
        cell("code", "hidden = 2", ("hide-input",), TABLE),
        cell("code", "folded = 3", ("hide-output",), "<p>unfolded</p>"),
    ],
    "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@dataclass
class Printed:
    """A built book with what was made of it."""

    root: Path

    @property
    def html(self) -> Path:
        return self.root / HTML

    @property
    def paths(self) -> list[str]:
        """The pages on paper, in their order."""
        return [place.path for place in places_on_paper(self.root)]

    @cached_property
    def articles(self) -> list[tuple[str, BeautifulSoup]]:
        """Name and text of each page, as it was built."""
        found = []
        for path in self.paths:
            soup = BeautifulSoup((self.html / path).read_text(encoding="utf-8"), "html.parser")
            article = soup.find("article")
            for link in article.find_all(class_="headerlink"):
                link.decompose()
            found.append((path.removesuffix(".html").replace("/", "-"), article))
        return found


def build_tiny(root: Path) -> Printed:
    """Builds the pages of a tiny book and prints them."""
    for name, text in PAGES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "notebooks").mkdir()
    (root / "notebooks/study.ipynb").write_text(json.dumps(STUDY), encoding="utf-8")
    (root / "picture.svg").write_text(PICTURE, encoding="utf-8")
    (root / "numbers.csv").write_text("1\n", encoding="utf-8")
    (root / "toy.json").write_text(json.dumps(LIVE), encoding="utf-8")
    (root / "conf.py").write_text(
        f"EXTENSIONS = {str(ROOT / 'book/_ext')!r}\n{CONFIG}", encoding="utf-8"
    )
    (root / "_toc.yml").write_text(CONTENTS, encoding="utf-8")
    (root / "_config.yml").write_text("title: Tiny & small\nauthor: We\n", encoding="utf-8")
    shutil.copytree(ROOT / "book/_static/mathjax", root / "_static/mathjax")
    shutil.copy(ROOT / "book/_static/print.css", root / "_static")
    (root / "book/_static").mkdir()
    shutil.copy(ROOT / "book/_static/epub.css", root / "book/_static")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(root), str(root / HTML)]
    subprocess.run(command, check=True, capture_output=True)
    make_pdf.make_pdf(root)
    make_epub.make_epub(root)
    return Printed(root)


BOOKS = ["a tiny book"]
if all((ROOT / HTML / f"book.{kind}").is_file() for kind in ("pdf", "epub")):
    BOOKS.append("the book")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Printed:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module", params=BOOKS)
def book(request) -> Printed:
    """What is looked at."""
    return Printed(ROOT) if request.param == "the book" else request.getfixturevalue("tiny")


@pytest.fixture(scope="module")
def pdf(book) -> PdfReader:
    return PdfReader(book.html / "book.pdf")


@pytest.fixture(scope="module")
def sheets(pdf) -> list[str]:
    """The words of each sheet, with single spaces and letters that stand by themselves."""
    return [" ".join(normalize("NFKC", sheet.extract_text()).split()) for sheet in pdf.pages]


@pytest.fixture(scope="module")
def epub(book) -> Iterator[ZipFile]:
    with ZipFile(book.html / "book.epub") as file:
        yield file


def bookmarks(pdf: PdfReader) -> list[tuple[str, int]]:
    """Words and sheet of each bookmark, in order."""
    flat, waiting = [], list(pdf.outline)
    while waiting:
        entry = waiting.pop(0)
        if isinstance(entry, list):
            waiting = entry + waiting
        else:
            flat.append((entry.title, pdf.get_destination_page_number(entry)))
    return flat


def words_of(tag) -> str:
    """Its words with single spaces."""
    return " ".join(tag.get_text().split())


def told_of_pictures(page: BeautifulSoup) -> list[str]:
    """The words for each picture of a page, be it a file or drawn within the page."""
    pictures = page.select("img[alt], svg.picture")
    told = [picture.get("alt") or picture.get("aria-label") for picture in pictures]
    return [" ".join(words.split()) for words in told]


# --- the PDF --------------------------------------------------------------------------------------


def test_every_heading_has_a_bookmark_in_the_order_of_the_book(book, pdf):
    """Words are compared without spaces, which a line's end may swallow in one of the two."""
    marked = ["".join(words.split()) for words, _ in bookmarks(pdf)]
    headings = [
        "".join(words_of(heading).split())
        for _, article in book.articles
        for heading in article.find_all(["h1", "h2"])
        if not heading.find_parent(class_="solution")
    ]
    places_of = iter(marked)
    assert [heading for heading in headings if heading not in places_of] == []


def test_bookmarks_keep_the_spaces_of_long_titles(book, pdf):
    marked = {words for words, _ in bookmarks(pdf)}
    titles = {words_of(article.h1) for _, article in book.articles}
    assert titles - marked == set()


def test_contents_name_the_sheets_on_which_pages_begin(book, pdf, sheets):
    sheet_of = {}
    for words, sheet in bookmarks(pdf):
        sheet_of.setdefault(words, sheet)
    contents = " ".join(sheets[1:4])
    for _, article in book.articles:
        title = words_of(article.h1)
        assert f"{title} {sheet_of[title] + 1}" in contents


def test_numbers_are_those_of_the_pages(book, sheets):
    """Of equations, figures, tables, theorems and exercises."""
    printed = "".join("".join(sheets).split())
    for path, article in book.articles:
        numbers = [words_of(tag) for tag in article.select(".eqno, .caption-number")]
        numbers += [words_of(tag) for tag in article.select(".proof > .admonition-title")]
        numbers += [words_of(tag) for tag in article.select(".exercise > .admonition-title")]
        for number in numbers:
            if "\\(" not in number:  # mathematics in a title is drawn
                assert "".join(number.split()) in printed, (path, number)


def test_no_reference_is_unknown(book, sheets):
    assert [sheet for sheet in sheets if "??" in sheet] == []
    assert "Equation None" not in " ".join(sheets)


def test_every_figure_is_printed_with_its_words(book, pdf):
    """A tagged PDF holds the words for those who do not see the figure."""
    told = {"".join(str(entry.get("/Alt", "")).split()) for entry in all_objects(pdf)}
    wanted = {
        "".join(words.split())
        for _, article in book.articles
        for words in told_of_pictures(article)
    }
    assert wanted - told == set()


def all_objects(pdf: PdfReader) -> Iterator:
    """Every dictionary of the file."""
    for number in range(1, len(pdf.xref[0]) + len(pdf.xref_objStm) + 1):
        found = pdf.get_object(number)
        if isinstance(found, dict):
            yield found


def test_links_arrive(pdf):
    known = set(pdf.named_destinations)
    links = [
        note.get_object()["/Dest"]
        for sheet in pdf.pages
        for note in sheet.get("/Annots", [])
        if "/Dest" in note.get_object()
    ]
    assert links
    assert [link for link in links if link not in known] == []


def test_there_are_about_as_many_sheets_as_there_is_to_say(book, sheets):
    assert len(book.paths) + 2 <= len(sheets) <= 60 * len(book.paths)


def test_no_sheet_is_empty(pdf, sheets):
    empty = [
        number
        for number, words in enumerate(sheets, 1)
        if len(words) < 10
        and not pdf.pages[number - 1].images
        and "BDC" not in content(pdf, number)
    ]
    assert empty == []


def content(pdf: PdfReader, number: int) -> str:
    """What draws a sheet."""
    return pdf.pages[number - 1].get_contents().get_data().decode("latin-1")


def test_nothing_is_wider_than_the_column(book, tab):
    """Nor taller than a sheet, if it is a picture."""
    width = (make_pdf.PAPER[0] - 2 * make_pdf.MARGINS[0]) * make_pdf.CSS_PIXELS_PER_MM
    height = (make_pdf.PAPER[1] - 2 * make_pdf.MARGINS[1]) * make_pdf.CSS_PIXELS_PER_MM
    tab.call("Emulation.setEmulatedMedia", media="print")
    tab.resize(int(width), int(height))
    tab.open(book.root / make_pdf.LONG)
    tab.evaluate(f"({make_pdf.FIT.read_text(encoding='utf-8').strip()})({height})")
    found = tab.evaluate(TOO_LARGE.replace("HEIGHT", str(height)))
    tab.call("Emulation.setEmulatedMedia", media="")
    assert found == []


TOO_LARGE = """[...document.querySelectorAll("mjx-container > svg, table, img, pre, figure")]
    .filter(part => part.getBoundingClientRect().right > innerWidth + 2
        || (part.matches("img, svg") && part.getBoundingClientRect().height > HEIGHT))
    .map(part => part.closest("[id]").id)"""


# --- the e-book -----------------------------------------------------------------------------------


def trees(epub: ZipFile) -> dict[str, ET.Element]:
    """The pages of the e-book; whatever is no XML fails here."""
    return {
        name: ET.fromstring(epub.read(name)) for name in epub.namelist() if name.endswith(".xhtml")
    }


def test_first_bytes_tell_what_the_file_is(epub):
    first = epub.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", ZIP_STORED)
    assert epub.read(first) == b"application/epub+zip"
    assert epub.testzip() is None


def test_package_lists_every_file_and_reads_in_the_order_of_the_book(book, epub):
    package = ET.fromstring(epub.read("book/package.opf"))
    items = {item.get("id"): item for item in package.iter(f"{PACKAGE}item")}
    listed = {f"book/{item.get('href')}" for item in items.values()}
    own = {"mimetype", "META-INF/container.xml", "book/package.opf"}
    assert listed == set(epub.namelist()) - own
    order = [items[step.get("idref")].get("href") for step in package.iter(f"{PACKAGE}itemref")]
    pages = [f"{path.removesuffix('.html').replace('/', '-')}.xhtml" for path in book.paths]
    assert order[: 1 + len(pages)] == ["title.xhtml", *pages]
    for item in items.values():
        name = f"book/{item.get('href')}"
        text = epub.read(name).decode("utf-8") if name.endswith("xhtml") else ""
        assert ("mathml" in item.get("properties", "")) == ("<math" in text), name
        assert ("svg" in item.get("properties", "").split()) == ("<svg" in text), name


def test_all_references_of_the_e_book_resolve(epub):
    files, pages = set(epub.namelist()), trees(epub)
    names = {name: {tag.get("id") for tag in tree.iter()} for name, tree in pages.items()}
    lost = []
    for name, tree in pages.items():
        for tag in tree.iter():
            address = tag.get("href") or tag.get("src") or ""
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "mailto") or not address:
                continue
            path = unquote(parts.path)
            target = posixpath.normpath(posixpath.join("book", path)) if path else name
            known = names.get(target, {""})
            if target not in files or (parts.fragment and unquote(parts.fragment) not in known):
                lost.append((name, address))
    assert lost == []


def test_names_are_unique_and_no_script_is_left(epub):
    for name, tree in trees(epub).items():
        names = [tag.get("id") for tag in tree.iter() if tag.get("id")]
        assert len(names) == len(set(names)), name
        assert not list(tree.iter(f"{XHTML}script")), name
        assert not list(tree.iter(f"{XHTML}details")), name


def test_equations_of_the_e_book_are_mathml(book, epub):
    pages = trees(epub)
    total = 0
    for name, article in book.articles:
        formulas = [
            tag for tag in article.select(".math") if not tag.find_parent(class_="solution")
        ]
        tree = pages[f"book/{name}.xhtml"]
        drawn = list(tree.iter("{http://www.w3.org/1998/Math/MathML}math"))
        assert len(drawn) >= len(formulas) - in_code_cells(article), name
        assert not list(tree.iter("{http://www.w3.org/1998/Math/MathML}merror")), name
        total += len(drawn)
    assert total > 0


def in_code_cells(article: BeautifulSoup) -> int:
    """Formulas within code, which the e-book leaves out."""
    return len(article.select(".cell_input .math"))


def test_numbers_of_the_e_book_are_those_of_the_pages(book, epub):
    pages = trees(epub)
    for name, article in book.articles:
        tree = pages[f"book/{name}.xhtml"]
        for kind in ("eqno", "caption-number", "section-number"):
            wanted = [words_of(tag) for tag in article.select(f".{kind}")]
            found = [
                " ".join("".join(tag.itertext()).split())
                for tag in tree.iter()
                if kind in (tag.get("class") or "").split()
            ]
            assert found == wanted, (name, kind)


def test_every_figure_is_in_the_e_book(book, epub):
    for name, article in book.articles:
        page = BeautifulSoup(epub.read(f"book/{name}.xhtml"), "html.parser")
        assert told_of_pictures(page) == told_of_pictures(article), name


# --- what is left out, what moves -----------------------------------------------------------------


def test_code_stays_out_solutions_move_to_the_end_and_folds_are_open(tiny):
    sheets = [sheet.extract_text() for sheet in PdfReader(tiny.html / "book.pdf").pages]
    with ZipFile(tiny.html / "book.epub") as epub:
        e_pages = {name: "".join(tree.itertext()) for name, tree in trees(epub).items()}
    study, solutions = e_pages["book/notebooks-study.xhtml"], e_pages["book/solutions.xhtml"]
    for text in (study, " ".join(sheets)):
        assert "forty-two" in text and "unfolded" in text
        assert not re.search("unprinted|hidden = 2|folded = 3|Show code|Hide code", text)
    assert "Solved at the end" in solutions and "Solved at the end" in sheets[-1]
    assert "Solved at the end" not in e_pages["book/book-theory.xhtml"]


def test_of_a_live_element_only_its_twin_is_printed(tiny):
    pdf = " ".join(sheet.extract_text() for sheet in PdfReader(tiny.html / "book.pdf").pages)
    with ZipFile(tiny.html / "book.epub") as epub:
        e_book = "".join("".join(tree.itertext()) for tree in trees(epub).values())
    for text in (pdf, e_book):
        assert "The drawing that stands where no script runs" in " ".join(text.split())
        assert "could not start" not in text and "as in the book" not in text


def test_drawings_refer_to_no_other_host(epub):
    for name in epub.namelist():
        if name.endswith(".svg"):
            assert b"<!DOCTYPE" not in epub.read(name)


def test_the_page_that_names_the_files_links_them_once(book):
    page = book.html / "book/how-to-read.html"
    link_in_book("book.pdf", book.root)
    text = page.read_text(encoding="utf-8")
    for file in ("book.pdf", "book.epub"):
        assert text.count(f'href="../{file}">{NAMED.format(file)}</a>') == 1


def test_the_title_is_the_books(book, pdf, epub):
    title, author = book_title(book.root)
    assert pdf.metadata.title == title
    package = ET.fromstring(epub.read("book/package.opf"))
    assert [tag.text for tag in package.iter("{http://purl.org/dc/elements/1.1/}title")] == [title]
    assert [tag.text for tag in package.iter("{http://purl.org/dc/elements/1.1/}creator")] == [
        author
    ]
