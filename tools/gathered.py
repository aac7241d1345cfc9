"""The pages of the built book, one by one, in a form for paper and e-books.

A browser opens each page, draws its equations, and hands back what the page says: the numbers of
chapters, figures, equations and theorems are those of the pages, since it is their text. Code
cells of the studies stay out, folds are open, and solutions are handed over by themselves.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from browser import Tab, installed_browser
from dependencies import ROOT
from saying import Refused

HTML = Path("build/site/_build/html")
GATHER = Path(__file__).with_name("gather.js")
# the reference of all functions is for the screen: as long as the book itself, and searched
NOT_ON_PAPER = "book/api/"
WHAT_IS_LEFT_OUT = (
    "This edition has the same numbers of chapters, figures, tables, equations and theorems as the"
    " pages on the screen. Two things are left out: the code of the study pages, which the"
    " notebooks have, and the reference of all functions of vppcore, which is searched rather"
    " than read. Solutions of exercises stand at the end. Words that lead to a file beside the"
    " pages, such as the numbers of a figure, are no links here."
)
NEEDS_A_BROWSER = (
    "A chromium or chrome is needed, which draws the pages, and none was found;"
    " on Debian: apt install chromium."
)
# the page that names the files, and how it names them
NAMING_PAGE = HTML / "book/how-to-read.html"
NAMED = '<code class="docutils literal notranslate"><span class="pre">build/book/{}</span></code>'
LINK = re.compile(r'(<a\b[^>]*?\bhref=")#([^"]*)(")')
NAME = re.compile(r'\bid="([^"]+)"')


@dataclass(frozen=True)
class Place:
    """Where a page stands in the book.

    Attributes:
        path: below the folder of the pages, as `book/cooperation.html`.
        part: the caption of its part of the contents; empty if it has none.
        depth: 0 for a chapter, 1 for a page below it.
    """

    path: str
    part: str
    depth: int

    @property
    def name(self) -> str:
        """Names the page inside a longer text, as `book-cooperation`."""
        return self.path.removesuffix(".html").replace("/", "-")


@dataclass(frozen=True)
class Gathered:
    """What a page says.

    Attributes:
        place: where it stands.
        title: with its number.
        text: all of it but the solutions, as XHTML; every `id` begins with the page's name.
        solutions: the solutions of its exercises, as XHTML; empty if it has none.
        styles: the styles that its tables bring along, if they were asked for by themselves.
    """

    place: Place
    title: str
    text: str
    solutions: str
    styles: str


def places(contents: dict[str, Any]) -> list[Place]:
    """The pages in the order of `_toc.yml`.

    >>> toc = {"root": "intro", "parts": [{"caption": "A", "chapters": [{"file": "one"}]}]}
    >>> [(place.path, place.part) for place in places(toc)]
    [('intro.html', ''), ('one.html', 'A')]
    """
    found = [Place(f"{contents['root']}.html", "", 0)]
    for part in contents.get("parts", [contents]):
        found += below(part, part.get("caption", ""), 0)
    return found


def places_on_paper(root: Path = ROOT) -> list[Place]:
    """The pages that are printed, in the order of the book."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [place for place in places(contents) if not place.path.startswith(NOT_ON_PAPER)]


def below(entry: dict[str, Any], part: str, depth: int) -> Iterator[Place]:
    """The pages below an entry of the contents."""
    for chapter in [*entry.get("chapters", []), *entry.get("sections", [])]:
        path = str(chapter["file"]).removesuffix(".ipynb").removesuffix(".md")
        yield Place(f"{path}.html", part, depth)
        yield from below(chapter, part, depth + 1)


def book_title(root: Path = ROOT) -> tuple[str, str]:
    """Title and author of the book, as `_config.yml` has them."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return str(config["title"]), str(config.get("author", ""))


def what_is_missing(root: Path = ROOT) -> str:
    """Why the book cannot be printed, in a sentence; nothing if it can."""
    if not installed_browser():
        return NEEDS_A_BROWSER
    if not (root / HTML).is_dir():
        return "There is no built book; make book makes it."
    return ""


def gather(
    tab: Tab, mathematics: str, deeper: Callable[[Place], int], root: Path = ROOT
) -> list[Gathered]:
    """All pages of the book but the reference of the functions.

    tab: of a browser.
    mathematics: `drawings` or `MathML`.
    deeper: by how much a page's headings go down a level.
    Raises Refused if a page is missing or complains.
    """
    book = places_on_paper(root)
    script = GATHER.read_text(encoding="utf-8")
    tab.prefer("light")
    gathered = []
    for place in book:
        page = root / HTML / place.path
        if not page.is_file():
            raise Refused(f"The built book lacks {place.path}; make book makes it.")
        tab.open(page)
        if tab.complaints:
            raise Refused(f"{place.path}: {tab.complaints[0]}")
        wanted = {
            "page": place.path,
            "pages": [other.path for other in book],
            "mathematics": mathematics,
            "deeper": deeper(place),
        }
        said = tab.evaluate(f"({script.strip()})({json.dumps(wanted)})")
        gathered.append(Gathered(place=place, **said))
    return with_links_that_arrive(gathered)


def with_links_that_arrive(pages: list[Gathered]) -> list[Gathered]:
    """A link to something that was left out leads to the page where it stood."""
    known = {name for page in pages for name in NAME.findall(page.text + page.solutions)}

    def arriving(link: re.Match[str]) -> str:
        before, target, after = link.groups()
        return f"{before}#{target if target in known else target.partition('--')[0]}{after}"

    return [
        replace(
            page,
            text=LINK.sub(arriving, page.text),
            solutions=LINK.sub(arriving, page.solutions),
        )
        for page in pages
    ]


def link_in_book(file: str, root: Path = ROOT) -> None:
    """The book's own page that names the file links it, now that it is there."""
    page = root / NAMING_PAGE
    if not page.is_file():
        return
    name = NAMED.format(file)
    linked = f'<a class="reference download" href="../{file}">{name}</a>'
    text = page.read_text(encoding="utf-8").replace(linked, name).replace(name, linked)
    page.write_text(text, encoding="utf-8")
