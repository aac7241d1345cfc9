"""Vector graphics become part of the page: in its colours, light or dark, with their words.

An image file cannot know whether the page around it is dark. Inside the page its colours are CSS
variables: each has the picture's own colour for light pages and print, and another one in the dark
(`vppcore.pages.colours.in_the_dark`). What a figure was told of its run (its `desc`) is added to
the alternative text that the page gives it. Groups whose name begins with "as-drawn" keep their
colours: there a colour is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from vppcore.pages.colours import in_the_dark
from vppcore.pages.pictures import AS_DRAWN

SVG = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
NAMES = {"white": "#ffffff", "black": "#000000"}
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b")
VARIABLE = re.compile(r"var\(--picture-([0-9a-f]{6}),")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
RULED = "ruled"  # an attribute while rules are being spread
REFERENCE = re.compile(r"url\(#([^)]+)\)")
PAINTS = ("fill", "stroke", "stop-color", "color")
BLACK_UNSAID = {f"{{{SVG}}}text", f"{{{SVG}}}use"}  # texts and marks are black if nothing is said
ROOT_STYLE = "stroke-linejoin: round; stroke-linecap: butt"
STYLE_SHEET = "pictures.css"
LIGHT_ONLY = {"epub"}  # their readers know no dark page

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


# --- one picture ----------------------------------------------------------------------------------
def variable(colour: str) -> str:
    """A colour that the page may change.

    >>> variable("#FFF")
    'var(--picture-ffffff, #ffffff)'
    """
    full = colour.lower()
    if len(full) == 4:
        full = "#" + "".join(2 * digit for digit in full[1:])
    return f"var(--picture-{full[1:]}, {full})"


def with_variables(style: str) -> str:
    """A style with its colours as variables, those by name included.

    >>> with_variables("fill: white; stroke: #000000")
    'fill: var(--picture-ffffff, #ffffff); stroke: var(--picture-000000, #000000)'
    """
    for name, colour in NAMES.items():
        style = re.sub(rf"(?<=[:\s]){name}\b", colour, style)
    return COLOUR.sub(lambda found: variable(found[0]), style)


def paint(element: ElementTree.Element) -> None:
    """Colours below an element become variables, wherever they stand; data keep theirs."""
    if (element.get("id") or "").startswith(AS_DRAWN):
        return
    painted = [f"{name}: {element.attrib.pop(name)}" for name in PAINTS if name in element.attrib]
    style = "; ".join([*painted, *filter(None, [element.get("style")])])
    if element.tag in BLACK_UNSAID and "fill" not in style:
        style = "; ".join(filter(None, [style, "fill: black"]))
    if style:
        element.set("style", with_variables(style))
    for child in element:
        paint(child)


def rename(root: ElementTree.Element, prefix: str) -> None:
    """Names within the picture get a prefix: a page has many pictures, and each name once."""
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set(name, prefix + value)
            elif name in ("href", LINK) and value.startswith("#"):
                element.set(name, f"#{prefix}{value[1:]}")
            elif "url(#" in value:
                element.set(name, REFERENCE.sub(rf"url(#{prefix}\1)", value))


def spread_rules(root: ElementTree.Element) -> None:
    """Writes style rules into the elements that they are for: within a page they would act on all
    of it. A rule is for a tag, a class or a tag with a class.
    """
    sheets = "\n".join(sheet.text or "" for sheet in root.iter(f"{{{SVG}}}style"))
    for selectors, declarations in RULE.findall(COMMENT.sub("", sheets)):
        for selector in selectors.split(","):
            tag, _, kind = selector.strip().partition(".")
            for element in root.iter():
                fits = tag in ("", "*", element.tag.removeprefix(f"{{{SVG}}}"))
                if fits and (not kind or kind in element.get("class", "").split()):
                    ruled = [*filter(None, [element.get(RULED)]), declarations.strip().rstrip(";")]
                    element.set(RULED, "; ".join(ruled))
    for element in root.iter():
        ruled = element.attrib.pop(RULED, None)
        if ruled:
            style = "; ".join(filter(None, [ruled, element.get("style")]))
            element.set("style", " ".join(style.split()))
        element.attrib.pop("class", None)


def strip(root: ElementTree.Element) -> None:
    """Takes out what is not shown: style rules that are spread, records, long lists of fonts."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}style", f"{{{SVG}}}metadata", f"{{{SVG}}}desc"):
                parent.remove(child)
    for text in root.iter(f"{{{SVG}}}text"):
        style = text.get("style", "")
        text.set("style", style.replace(fonts_in(style), "").strip("; "))


def fonts_in(style: str) -> str:
    """The part of a style that lists fonts, if it is a list.

    >>> fonts_in("font-size: 10px; font-family: 'DejaVu Sans', sans-serif; text-anchor: middle")
    "font-family: 'DejaVu Sans', sans-serif"
    """
    found = re.search(r"font-family:[^;]*,[^;]*", style)
    return found[0] if found else ""


def words_of(text: str) -> str:
    """What a picture says of itself."""
    found = ElementTree.fromstring(text).find(f"{{{SVG}}}desc")
    return (found.text or "").strip() if found is not None else ""


def inlined(text: str, alt: str, width: str = "") -> str:
    """The element to put into a page.

    text: of the SVG file.
    alt: its alternative text; what the picture says of itself is added.
    width: as the page asks for it, as in "60%".
    """
    root = ElementTree.fromstring(text)
    words = " ".join(filter(None, [alt.strip(), words_of(text)]))
    spread_rules(root)
    strip(root)
    paint(root)
    rename(root, f"p{sha256(text.encode()).hexdigest()[:8]}-")
    root.set("class", "picture")
    root.set("role", "img")
    root.set("aria-label", words)
    own = root.get("style")
    sized = f"width: {width}" if width else ""
    root.set("style", "; ".join(filter(None, [ROOT_STYLE, sized, own])))
    for replaced in ("width", "height", "aria-labelledby"):
        root.attrib.pop(replaced, None)
    return ElementTree.tostring(root, encoding="unicode")


# --- Sphinx ---------------------------------------------------------------------------------------
class InlinePictures(SphinxPostTransform):
    """Puts each SVG image into its page."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        if self.app.builder.name in LIGHT_ONLY:
            return
        for image in list(self.document.findall(nodes.image)):
            file = Path(self.app.srcdir) / image["uri"]
            if file.suffix == ".svg" and file.is_file():
                image.replace_self(self.picture(image, file))

    def picture(self, image: nodes.image, file: Path) -> nodes.raw:
        """The node that takes an image's place."""
        text = file.read_text(encoding="utf-8")
        drawn = inlined(text, image.get("alt", ""), image.get("width", ""))
        return nodes.raw("", f'<div class="picture-frame">{drawn}</div>', format="html")


def style_sheet(colours: set[str]) -> str:
    """What each colour ("rrggbb") is on a dark page; on paper all stay as they are drawn."""
    lines = [f"    --picture-{each}: {in_the_dark('#' + each)};" for each in sorted(colours)]
    rules = "\n".join(lines)
    return f'@media screen {{\n  html[data-theme="dark"] {{\n{rules}\n  }}\n}}\n'


def pages_in(folder: Path) -> Iterator[str]:
    """The text of every page."""
    for page in folder.rglob("*.html"):
        yield page.read_text(encoding="utf-8")


def write_style_sheet(app: Any, error: Exception | None) -> None:
    """Writes the dark colours of all pictures of the book, whatever process wrote its pages."""
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    colours = {found for text in pages_in(folder) for found in VARIABLE.findall(text)}
    (folder / "_static" / STYLE_SHEET).write_text(style_sheet(colours), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension."""
    app.add_post_transform(InlinePictures)
    app.add_css_file(STYLE_SHEET)
    app.connect("build-finished", write_style_sheet)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
