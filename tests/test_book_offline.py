"""The built book needs no net and lacks no file: it may be read from a memory stick."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).parent.parent / "build/site/_build/html"
PAGES = sorted(
    path for path in SITE.rglob("*.html") if "_static" not in path.parts
)  # there stand templates

# Attributes that make a browser fetch something. A link <a> is fetched only when a reader follows it:
# it may lead to another host, but a file of the book must be there.
FETCHED = {
    "audio": ["src"], "embed": ["src"], "iframe": ["src"], "image": ["href", "xlink:href"],
    "img": ["src", "srcset"], "input": ["src"], "link": ["href"], "object": ["data"],
    "script": ["src"], "source": ["src", "srcset"], "track": ["src"],
    "use": ["href", "xlink:href"], "video": ["src", "poster"],
}  # fmt: skip
IN_STYLE = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
IN_SCRIPT = re.compile(
    r"""(?:\bimport|importScripts|fetch|\.src\s*=|\.href\s*=)\s*\(?\s*["'`]((?:https?:)?//[^"'`]+)"""
)
# Commands for which MathJax would load a second file; with autoload switched off they show in red.
NOT_IN_MATHJAX = re.compile(
    r"\\(toggle|mathtip|texttip|bbox|boldsymbol|bra|ket|braket|Bra|Ket|Braket|cancel|bcancel|xcancel|cancelto"
    r"|color|definecolor|textcolor|colorbox|fcolorbox|enclose|xmapsto|xlongequal|href|cssId|ce|pu|unicode|verb|require"
    r"|begin\{(?:CD|prooftree)\})(?![A-Za-z])"
)


@pytest.fixture(autouse=True, scope="module")
def built():
    """There is nothing to read without a built book, and a test that is left out shows nothing."""
    if not PAGES:
        pytest.fail("there is no built book; `make book` makes it")


class Page(HTMLParser):
    """What a page fetches, links to, and writes as mathematics."""

    def __init__(self, path: Path):
        super().__init__()
        self.fetched, self.linked, self.ids, self.mathematics = [], [], set(), []
        self._inside, self._math = "", 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = {name: value or "" for name, value in attributes}
        self.ids.add(values.get("id"))
        self._inside = tag
        if self._math or "math" in values.get("class", "").split():
            self._math += tag in ("div", "span")
        for name in FETCHED.get(tag, []):
            for part in values.get(name, "").split(",") if name == "srcset" else [values.get(name)]:
                self.fetched += part.split()[:1] if part and not part.startswith("data:") else []
        self.fetched += addresses(values.get("style", ""))
        if tag == "a" and "href" in values:
            self.linked.append(values["href"])
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.linked.append(values["content"].partition("url=")[2])

    def handle_endtag(self, tag):
        self._inside = ""
        self._math -= bool(self._math) and tag in ("div", "span")

    def handle_data(self, data):
        if self._inside == "style":
            self.fetched += addresses(data)
        elif self._inside == "script":
            self.fetched += IN_SCRIPT.findall(data)
        elif self._math:
            self.mathematics.append(data)


def addresses(style: str) -> list[str]:
    found = ((a or b).strip() for a, b in IN_STYLE.findall(style))
    return [address for address in found if not address.startswith(("data:", "#"))]


def is_external(address: str) -> bool:
    return bool(urlsplit(address).scheme or urlsplit(address).netloc)


def is_missing(address: str, page: Path) -> bool:
    path = unquote(urlsplit(address).path)
    return bool(path) and not (page.parent / path).is_file()


@pytest.fixture(scope="module")
def pages():
    return {path: Page(path) for path in PAGES}


def test_pages_fetch_nothing_from_another_host(pages):
    assert [
        (str(p.relative_to(SITE)), a)
        for p, page in pages.items()
        for a in page.fetched
        if is_external(a)
    ] == []


def test_stylesheets_and_scripts_fetch_nothing_from_another_host():
    found = [
        (path.name, a)
        for path in SITE.rglob("*.css")
        for a in addresses(path.read_text(encoding="utf-8"))
    ]
    found += [
        (path.name, a)
        for path in SITE.rglob("*.js")
        for a in IN_SCRIPT.findall(path.read_text(encoding="utf-8"))
    ]
    assert [(name, address) for name, address in found if is_external(address)] == []


def test_no_file_is_missing(pages):
    wanted = [
        (p, a)
        for p, page in pages.items()
        for a in page.fetched + page.linked
        if not is_external(a)
    ]
    wanted += [
        (path, a)
        for path in SITE.rglob("*.css")
        for a in addresses(path.read_text(encoding="utf-8"))
    ]
    assert [(str(p.relative_to(SITE)), a) for p, a in wanted if is_missing(a, p)] == []


def test_links_within_the_book_arrive(pages):
    lost = []
    for path, page in pages.items():
        for address in page.linked:
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            known = {p.resolve(): other.ids for p, other in pages.items()} if parts.fragment else {}
            if (
                not is_external(address)
                and target in known
                and unquote(parts.fragment) not in known[target]
            ):
                lost.append((str(path.relative_to(SITE)), address))
    assert lost == []


def test_mathematics_needs_only_the_vendored_file(pages):
    # code cells quote no TeX as mathematics, so every hit is a formula that readers would see in red
    found = [
        (str(p.relative_to(SITE)), match.group()) for p, page in pages.items()
        for text in page.mathematics for match in NOT_IN_MATHJAX.finditer(text)
    ]  # fmt: skip
    assert found == []
    assert (SITE / "_static/mathjax/tex-svg.js").is_file()
