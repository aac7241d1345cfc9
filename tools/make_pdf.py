"""`make pdf`: the whole book on paper, build/book/book.pdf.

The pages of the built book become one long text, which the browser prints with the style sheet
book/_static/print.css. It is printed twice: the first time tells on which sheet a page begins.
"""

import base64
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from browser import BrowserFailed, Tab, browser_tab, installed_browser
from build_lock import BuildLock
from dependencies import ROOT
from gathered import (
    HTML,
    NEEDS_A_BROWSER,
    WHAT_IS_LEFT_OUT,
    Gathered,
    Place,
    book_title,
    gather,
    link_in_book,
    places_on_paper,
    what_is_missing,
)
from make_book import make_book
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject
from saying import Refused

FIT = Path(__file__).with_name("fit.js")
LONG = Path("build/print/book.xhtml")
PDF = HTML / "book.pdf"
# paper and margins as print.css has them, in millimetres
PAPER = (210, 297)
MARGINS = (20, 22)  # left and right, top and bottom
CSS_PIXELS_PER_MM = 96 / 25.4
PATIENCE_SECONDS = 600
STYLE_SHEET = re.compile(r'<link\b[^>]*\bhref="([^"]+\.css)[^"]*"')
HEADING = re.compile(r"<h[1-6]\b[^>]*>(.*?)</h[1-6]>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents: where it leads, what it says, how deep it stands."""

    target: str
    words: str
    depth: int


def depth_of(place: Place) -> int:
    """Parts have headings of the first level, chapters of the second, pages below of the third."""
    return 1 + place.depth if place.part else 1


def with_parts(pages: Iterable[Gathered]) -> tuple[list[Entry], str]:
    """The table of contents, and the text of all pages with a heading where a part begins."""
    entries, text, part, solutions = [], [], "", []
    for page in pages:
        name = page.place.name
        begins = ""
        if page.place.part != part:
            part = page.place.part
            target = f"part-{len(entries)}"
            entries.append(Entry(target, part, 0))
            begins = f'<h1 class="part" id="{target}">{escape(part)}</h1>'
        entries.append(Entry(name, page.title, depth_of(page.place)))
        text.append(f'<section class="page">{begins}<div id="{name}">{page.text}</div></section>')
        if page.solutions:
            heading = f'<h2 id="solutions-{name}">{escape(page.title)}</h2>'
            solutions.append(heading + page.solutions)
    if solutions:
        entries.append(Entry("solutions", "Solutions", 0))
        heading = '<h1 class="part" id="solutions">Solutions</h1>'
        text.append(f'<section class="page solutions">{heading}{"".join(solutions)}</section>')
    return entries, "\n".join(text)


def style_sheets(root: Path) -> list[str]:
    """The style sheets of the book's pages, in their order."""
    first = root / HTML / places_on_paper(root)[0].path
    found = STYLE_SHEET.findall(first.read_text(encoding="utf-8"))
    return [(first.parent / urlsplit(sheet).path).resolve().as_uri() for sheet in found]


def long_text(
    root: Path, entries: list[Entry], text: str, sheet_numbers: dict[str, int] | None = None
) -> str:
    """The document to be printed. Without numbers of sheets the contents keep room for them."""
    title, author = (escape(words) for words in book_title(root))
    sheets = "\n".join(f'<link rel="stylesheet" href="{uri}"/>' for uri in style_sheets(root))
    numbers = sheet_numbers or {}
    lines = "\n".join(
        f'<li class="depth-{entry.depth}"><a href="#{entry.target}">'
        f"<span>{escape(entry.words)}</span><span>{numbers.get(entry.target, 0)}</span></a></li>"
        for entry in entries
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en" data-theme="light" data-mode="light">
<head><meta charset="utf-8"/><title>{title}</title>
{sheets}
</head>
<body><main class="whole-book bd-content"><article class="bd-article">
<section class="title-page"><p class="title">{title}</p><p class="author">{author}</p>
<p>{escape(WHAT_IS_LEFT_OUT)}</p></section>
<nav class="contents"><p class="heading">Contents</p><ol>
{lines}
</ol></nav>
{text}
</article></main></body></html>
"""


def printed(tab: Tab, page: Path) -> bytes:
    """The page as a PDF with bookmarks, made so that nothing is cut."""
    width = (PAPER[0] - 2 * MARGINS[0]) * CSS_PIXELS_PER_MM
    height = (PAPER[1] - 2 * MARGINS[1]) * CSS_PIXELS_PER_MM
    tab.call("Emulation.setEmulatedMedia", media="print")
    tab.resize(int(width), int(height))
    tab.open(page)
    if tab.complaints:
        raise Refused(f"The long text: {tab.complaints[0]}")
    tab.evaluate(f"({FIT.read_text(encoding='utf-8').strip()})({height})")
    done = tab.call(
        "Page.printToPDF",
        printBackground=True,
        preferCSSPageSize=True,
        generateTaggedPDF=True,
        generateDocumentOutline=True,
    )
    return base64.b64decode(done["data"])


def sheets_of(pdf: Path, entries: list[Entry]) -> dict[str, int]:
    """On which sheet each line of the contents leads: places that links lead to have names."""
    reader = PdfReader(pdf)
    places = reader.named_destinations
    found = {}
    for entry in entries:
        place = places.get(f"/{entry.target}")
        if place is None:
            raise Refused(f"The printed book lacks the place {entry.target!r}.")
        found[entry.target] = 1 + reader.get_destination_page_number(place)
    return found


def mend_bookmarks(pdf: Path, text: str) -> None:
    """The browser drops the space where a heading goes on in a second line; here it comes back."""
    headings = {
        "".join(words.split()): " ".join(words.split())
        for words in (unescape(TAG.sub("", found)) for found in HEADING.findall(text))
    }
    # the browser counts its objects too low by some, which pypdf mends and mentions
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    writer = PdfWriter(clone_from=pdf)
    for bookmark in bookmarks(writer.root_object["/Outlines"]):
        words = "".join(bookmark["/Title"].split())
        bookmark[NameObject("/Title")] = TextStringObject(headings.get(words, bookmark["/Title"]))
    writer.page_mode = "/UseOutlines"
    writer.write(pdf)


def bookmarks(above: Any) -> Iterator[Any]:
    """All bookmarks below one, in the PDF's own form."""
    entry = above.get("/First")
    while entry is not None:
        yield entry.get_object()
        yield from bookmarks(entry.get_object())
        entry = entry.get_object().get("/Next")


def make_pdf(root: Path = ROOT) -> Path:
    """Prints the book; returns the file. Raises Refused with what is missing."""
    if missing := what_is_missing(root):
        raise Refused(missing)
    long, pdf = root / LONG, root / PDF
    long.parent.mkdir(parents=True, exist_ok=True)
    with browser_tab() as tab:
        tab.socket.settimeout(PATIENCE_SECONDS)
        entries, text = with_parts(gather(tab, "drawings", depth_of, root))
        numbers: dict[str, int] | None = None
        for _ in ("to learn the numbers of sheets", "to print them"):
            long.write_text(long_text(root, entries, text, numbers), encoding="utf-8")
            pdf.write_bytes(printed(tab, long))
            numbers = sheets_of(pdf, entries)
    mend_bookmarks(pdf, text)
    link_in_book(pdf.name, root)
    return pdf


def main() -> None:
    if not installed_browser():
        sys.exit(f"The book cannot be printed. {NEEDS_A_BROWSER}")
    make_book()
    lock = BuildLock(ROOT, "make pdf")
    try:
        lock.take()
        pdf = make_pdf()
    except (Refused, BrowserFailed) as refused:
        sys.exit(f"The book was not printed. {refused}")
    finally:
        lock.release()
    print(f"The book on paper: build/book/{pdf.name}, {len(PdfReader(pdf).pages)} pages")


if __name__ == "__main__":
    main()
