"""Open pages in a browser and say what is wrong with them: page, view, rule, element."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote, urlsplit

from browser import Tab

HERE = Path(__file__).parent
SITE = HERE.parent.parent / "build/site/_build/html"
AXE = HERE / "axe/axe.min.js"
PROBE = HERE / "probe.js"

SCHEMES = ("light", "dark")
WIDTHS = (1280, 390)
# a page is looked at in each colour and at each width; the frame, which all pages of a folder have
# alike, in every combination
VIEWS = (("light", 1280), ("dark", 390))
ALL_VIEWS = (*VIEWS, ("dark", 1280), ("light", 390))
# pages that a program writes by one pattern, and by far the longest: names and what they say
LISTINGS = ("book/api/*", "genindex.html", "py-modindex.html", "prf-prf.html")
LEADS_ON = 'http-equiv="refresh"'
# levels A and AA of WCAG 2.0 and 2.1
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
# a page from a folder has no films
RULES = {
    "resultTypes": ["violations"],
    "preload": False,
    "runOnly": {"type": "tag", "values": WCAG},
}
# colours that fade would be measured halfway
NO_FADING = "*, *::before, *::after { transition: none !important; animation: none !important; }"
PREPARE = f"""{{
    const style = document.createElement("style");
    style.textContent = {json.dumps(NO_FADING)};
    document.head.append(style);
}}"""
# elements that solve start when they come into view; what stands above may push them away again
WAKE = """(async () => {
    const elements = [...document.querySelectorAll("[data-live]")];
    const pause = (ms) => new Promise(done => setTimeout(done, ms));
    for (const element of elements) {
        for (let k = 0; k < 600 && !element.dataset.status; k += 1) {
            element.scrollIntoView();
            await pause(50);
        }
        element.querySelectorAll("details").forEach((fold) => { fold.open = true; });
    }
    if (elements.length) await pause(1000); // curves are drawn when the knobs are at rest
    scrollTo(0, 0);
    return elements.map(({ dataset }) => [dataset.live, dataset.status ?? "asleep"]);
})()"""
TWO_FRAMES = """new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a page.

    Attributes:
        page: its path below the book's folder.
        view: colours and width, like `dark 390 px`; `any` if they do not matter.
        rule: the name of axe's rule, or `cut`, `equation`, `complaint`, `link`.
        element: a path that finds the element.
        said: what is wrong with it.
    """

    page: str
    view: str
    rule: str
    element: str
    said: str

    def __str__(self) -> str:
        return f"{self.page} ({self.view}): {self.rule}: {self.element}: {self.said}"


@dataclass
class Seen:
    """What was seen of a page: its faults, links, anchors to link to, how many equations it draws."""

    path: Path
    faults: list[Fault] = field(default_factory=list)
    links: list[dict[str, str]] = field(default_factory=list)
    targets: set[str] = field(default_factory=set)
    equations: int = 0


def book_pages(site: Path = SITE) -> list[Path]:
    """The pages of the built book; not templates, nor the page that only leads to the first."""
    pages = sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
    return [page for page in pages if LEADS_ON not in page.read_text(encoding="utf-8").lower()]


def look_at(
    tab: Tab,
    page: Path,
    site: Path = SITE,
    views: Sequence[tuple[str, int]] = VIEWS,
) -> Seen:
    """Opens a page once, wakes what it solves, and looks at it in both colours and at both widths.

    views: colours and width of each look.
    """
    seen = Seen(page)
    name = str(page.relative_to(site))
    open_with_probes(tab, page)
    for element, status in tab.evaluate(WAKE):
        if status != "optimal":
            seen.faults.append(Fault(name, "any", "complaint", element, f"ends {status}"))
    for scheme, width in views:
        tab.resize(width)
        tab.prefer(scheme)
        tab.evaluate(TWO_FRAMES)
        for found in tab.evaluate("probe()"):
            seen.faults.append(Fault(name, f"{width} px", **found))
        for found in tab.evaluate(f"probeAxe({json.dumps(RULES)})"):
            seen.faults.append(Fault(name, f"{scheme} {width} px", **found))
    seen.faults += [Fault(name, "any", "complaint", "page", said) for said in tab.complaints]
    found = tab.evaluate("linksAndTargets()")
    seen.links = found["links"]
    seen.targets = set(found["targets"])
    seen.equations = found["equations"]
    return seen


def open_with_probes(tab: Tab, page: Path) -> None:
    """Opens a page in light colours and loads axe and the probe into it."""
    tab.resize(WIDTHS[0])
    tab.prefer(SCHEMES[0])
    tab.open(page)
    tab.evaluate(PREPARE)
    for script in (AXE, PROBE):
        tab.evaluate(script.read_text(encoding="utf-8") + ";0")


def views_of(page: Path, pages: Sequence[Path], site: Path = SITE) -> Sequence[tuple[str, int]]:
    """All views for the shortest page of a folder, two for the others, one for other listings."""
    in_folder = [other for other in pages if other.parent == page.parent]
    shortest = min(in_folder, key=lambda other: other.stat().st_size)
    if page == shortest:
        return ALL_VIEWS
    name = str(page.relative_to(site))
    return VIEWS[1:] if any(fnmatch(name, pattern) for pattern in LISTINGS) else VIEWS


def lost_links(pages: Sequence[Seen], site: Path = SITE) -> list[Fault]:
    """Links to a file of the book that is not there, or to an anchor that a page lacks."""
    known = {seen.path.resolve(): seen.targets for seen in pages}
    lost = []
    for seen in pages:
        for link in seen.links:
            parts = urlsplit(link["address"])
            if parts.scheme != "file":
                continue
            target = Path(unquote(parts.path)).resolve()
            anchor = unquote(parts.fragment)
            if not target.is_file():
                said = f"leads to {target.name}, which is not there"
            elif anchor and target in known and anchor not in known[target]:
                said = f"leads to {target.name}#{anchor}, and no element has that name"
            else:
                continue
            name = str(seen.path.relative_to(site))
            lost.append(Fault(name, "any", "link", link["element"], f"{said}: {link['said']}"))
    return lost
