"""`make epub`: the whole book for e-readers, build/book/book.epub (EPUB 3).

Each page of the built book becomes a page of the e-book. Equations are written as MathML, which
readers draw themselves; figures come along as they are.
"""

import hashlib
import mimetypes
import re
import sys
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from browser import BrowserFailed, browser_tab, installed_browser
from build_lock import BuildLock
from dependencies import ROOT
from gathered import (
    HTML,
    LINK,
    NAME,
    NEEDS_A_BROWSER,
    WHAT_IS_LEFT_OUT,
    Gathered,
    book_title,
    gather,
    link_in_book,
    what_is_missing,
)
from make_book import make_book
from saying import Refused

EPUB = HTML / "book.epub"
STYLE = Path("book/_static/epub.css")
PATIENCE_SECONDS = 600
IMAGE = re.compile(r'(<img\b[^>]*?\bsrc=")(file:[^"]+)(")')
DOCTYPE = re.compile(rb"<!DOCTYPE[^>\[]*>\s*")
# a mimetype must come first and as it is, so that the first bytes of the file tell what it is
MIMETYPE = "application/epub+zip"
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""


@dataclass(frozen=True)
class Leaf:
    """One page of the e-book.

    Attributes:
        name: of its file, without `.xhtml`.
        title: as the contents show it.
        part: the caption of its part of the contents; empty if it has none.
        depth: 0 for a chapter, 1 for a page below it.
        text: its body, as XHTML.
        styles: styles that its tables bring along.
    """

    name: str
    title: str
    part: str
    depth: int
    text: str
    styles: str = ""

    @property
    def properties(self) -> str:
        """What a reader's program must be able to draw."""
        drawn = {"mathml": "<math", "svg": "<svg"}
        return " ".join(name for name, tag in drawn.items() if tag in self.text)


def leaves(pages: list[Gathered], title: str, author: str) -> list[Leaf]:
    """The title page, the pages of the book, and the solutions at the end."""
    first = f"<h1>{escape(title)}</h1><p>{escape(author)}</p><p>{escape(WHAT_IS_LEFT_OUT)}</p>"
    found = [Leaf("title", "Title page", "", 0, first)]
    solutions = []
    for page in pages:
        place = page.place
        text = f'<div id="{place.name}">{page.text}</div>'
        found.append(Leaf(place.name, page.title, place.part, place.depth, text, page.styles))
        if page.solutions:
            solutions.append(f"<h2>{escape(page.title)}</h2>{page.solutions}")
    if solutions:
        found.append(
            Leaf("solutions", "Solutions", "", 0, "<h1>Solutions</h1>" + "".join(solutions))
        )
    return found


def with_links_between_files(pages: list[Leaf]) -> list[str]:
    """The bodies of all pages; a link names the file in which its place is."""
    home = {name: page.name for page in pages for name in NAME.findall(page.text)}

    def across(link: re.Match[str]) -> str:
        before, target, after = link.groups()
        return f"{before}{home[target]}.xhtml#{target}{after}"

    return [LINK.sub(across, page.text) for page in pages]


class Pictures:
    """The figures of the book: each gets one name in the e-book, however often it is shown."""

    def __init__(self) -> None:
        self.names: dict[Path, str] = {}

    def inside(self, text: str) -> str:
        """The text, which shows the e-book's own pictures."""

        def own(image: re.Match[str]) -> str:
            before, address, after = image.groups()
            file = Path(unquote(urlsplit(address).path))
            known = self.names.setdefault(file, f"{len(self.names):03d}-{file.name}")
            return f"{before}images/{known}{after}"

        return IMAGE.sub(own, text)


def xhtml(title: str, body: str, styles: str = "") -> str:
    """A page of the e-book."""
    more = f"<style>{escape(styles, quote=False)}</style>\n" if styles else ""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
 lang="en" xml:lang="en">
<head><meta charset="utf-8"/><title>{escape(title)}</title>
<link rel="stylesheet" type="text/css" href="epub.css"/>
{more}</head>
<body>
{body}
</body></html>
"""


def lines_of(pages: Iterable[Leaf]) -> deque[tuple[int, str]]:
    """The lines of the table of contents with their depths: a part, then what is in it."""
    lines: deque[tuple[int, str]] = deque()
    part = ""
    for page in pages:
        if page.part and page.part != part:
            lines.append((0, f"<span>{escape(page.part)}</span>"))
        part = page.part
        link = f'<a href="{page.name}.xhtml">{escape(page.title)}</a>'
        lines.append((page.depth + bool(part), link))
    return lines


def nested(lines: deque[tuple[int, str]], depth: int = 0) -> str:
    """Takes the lines that are at least so deep, as a list with lists inside.

    >>> nested(deque([(0, "part"), (1, "one"), (1, "two"), (0, "end")]))
    '<ol><li>part<ol><li>one</li><li>two</li></ol></li><li>end</li></ol>'
    """
    items = ""
    while lines and lines[0][0] >= depth:
        _, line = lines.popleft()
        items += f"<li>{line}{nested(lines, depth + 1)}</li>"
    return f"<ol>{items}</ol>" if items else ""


def package(title: str, author: str, pages: list[Leaf], pictures: Pictures, digest: str) -> str:
    """What the e-book is and what it holds, file by file, in reading order."""
    items = [
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    ]
    items.append('<item id="style" href="epub.css" media-type="text/css"/>')
    for page in pages:
        properties = f' properties="{page.properties}"' if page.properties else ""
        kind = f'media-type="application/xhtml+xml"{properties}'
        items.append(f'<item id="{page.name}" href="{page.name}.xhtml" {kind}/>')
    for number, name in enumerate(pictures.names.values()):
        kind = mimetypes.guess_type(name)[0]
        items.append(f'<item id="image-{number}" href="images/{name}" media-type="{kind}"/>')
    order = "\n".join(f'<itemref idref="{page.name}"/>' for page in pages)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = "\n".join(items)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="name" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="name">urn:uuid:{uuid5(NAMESPACE_URL, digest)}</dc:identifier>
<dc:title>{escape(title)}</dc:title>
<dc:creator>{escape(author)}</dc:creator>
<dc:language>en</dc:language>
<dc:rights>Texts, figures and data tables: CC-BY-4.0. Code: MIT.</dc:rights>
<meta property="dcterms:modified">{now}</meta>
</metadata>
<manifest>
{lines}
</manifest>
<spine>
{order}
</spine>
</package>
"""


def write_book(file: Path, gathered: list[Gathered], root: Path) -> None:
    """Packs the e-book."""
    title, author = book_title(root)
    pages = leaves(gathered, title, author)
    pictures = Pictures()
    bodies = [pictures.inside(body) for body in with_links_between_files(pages)]
    digest = hashlib.sha256("".join(bodies).encode()).hexdigest()
    contents = f'<nav epub:type="toc"><h1>Contents</h1>{nested(lines_of(pages))}</nav>'
    with ZipFile(file, "w", ZIP_DEFLATED) as book:
        book.writestr("mimetype", MIMETYPE, ZIP_STORED)
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr("book/package.opf", package(title, author, pages, pictures, digest))
        book.writestr("book/nav.xhtml", xhtml("Contents", contents))
        book.write(root / STYLE, "book/epub.css")
        for page, body in zip(pages, bodies, strict=True):
            book.writestr(f"book/{page.name}.xhtml", xhtml(page.title, body, page.styles))
        for picture, name in pictures.names.items():
            book.writestr(f"book/images/{name}", picture_of(picture))


def picture_of(file: Path) -> bytes:
    """The picture; a drawing without the line that refers to a definition on another host."""
    content = file.read_bytes()
    return DOCTYPE.sub(b"", content, count=1) if file.suffix == ".svg" else content


def make_epub(root: Path = ROOT) -> Path:
    """Makes the e-book; returns the file. Raises Refused with what is missing."""
    if missing := what_is_missing(root):
        raise Refused(missing)
    with browser_tab() as tab:
        tab.socket.settimeout(PATIENCE_SECONDS)
        gathered = gather(tab, "MathML", lambda place: 0, root)
    write_book(root / EPUB, gathered, root)
    link_in_book(EPUB.name, root)
    return root / EPUB


def main() -> None:
    if not installed_browser():
        sys.exit(f"The e-book cannot be made. {NEEDS_A_BROWSER}")
    make_book()
    lock = BuildLock(ROOT, "make epub")
    try:
        lock.take()
        epub = make_epub()
    except (Refused, BrowserFailed) as refused:
        sys.exit(f"The e-book was not made. {refused}")
    finally:
        lock.release()
    print(f"The book for e-readers: build/book/{epub.name}")


if __name__ == "__main__":
    main()
