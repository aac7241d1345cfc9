"""Slides from the notebooks that have run: title, question, answer, figures, what to notice.

Which cells become slides is decided by rule, so that a notebook needs no marks:

- its title with the paragraph that begins with **Question.**;
- text that its run has made, and paragraphs that begin with **Answer**, *What to notice* or
  **Try it**;
- each figure that the page shows, with its caption.

Code, tables and all other text stay on the page. nbconvert turns the slides into a page of
reveal.js; template, style and scripts are the book's own, so that slides open from a folder without
a net.

Usage: slides.py writes build/slides/ from the last `make book`.
"""

import base64
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from posixpath import normpath
from typing import Any

import nbformat
from contents import Refused, book_notebooks
from nbconvert import SlidesExporter
from saying import give_up, say

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).parent / "templates"
RUN = Path("build/site/notebooks")
ALONE = Path("build/slides")
STATIC = ("reveal", "mathjax", "slides.css", "slides.js")

# tags of cells whose output the page does not show at once
HIDDEN = {"remove-cell", "remove-output", "hide-cell", "hide-output"}
# how a paragraph begins -> the heading of its slide
PARAGRAPHS = {
    r"(?:\*\*)?Answer\b[^*.:]*[.:]?(?:\*\*)?": "Answer",
    r"\*{1,2}What to notice[^*]*\*{1,2}": "What to notice",
    r"\*\*Try it[^*]*\*\*": "Try it",
}
QUESTION = re.compile(r"\*\*Question\.?\*\*\s*")
ROLE = re.compile(r"\{([\w:]+)\}`([^`]*)`")
LABELLED = re.compile(r"^\(([\w-]+)\)=\s*\n#+ (.+)$", re.MULTILINE)
WITH_TARGET = re.compile(r"(.+?)\s*<[^>]+>", re.DOTALL)
# what a reference without words of its own is called
CALLED = {"numref": "the figure", "eq": "the equation", "ref": "there", "prf:ref": "the theorem"}
SENTENCE = re.compile(r"(?<=[.!?])(?<!Fig\.)(?<!Figs\.)(?<!No\.)\s+(?=[A-Z*`$])")
DESCRIPTION = re.compile(r"<desc[^>]*>(.*?)</desc>", re.DOTALL)
SENTENCES_OF_A_SLIDE = 5
LETTERS_OF_A_SLIDE = 750


@dataclass
class Slide:
    """One slide.

    heading: its title
    text: markdown below the title
    level: 1 for the title of the deck, 2 for all others
    """

    heading: str
    text: list[str] = field(default_factory=list)
    level: int = 2

    def markdown(self) -> str:
        """The slide as the source of a markdown cell."""
        return "\n\n".join([f"{'#' * self.level} {self.heading}", *self.text])


# --- words ----------------------------------------------------------------------------------------
def plain(text: str, titles: dict[str, str] | None = None) -> str:
    """A text of the page without MyST's roles: of a link its words are left.

    titles: page or section -> its title, for links that have no words of their own; a page is
        named from the project's folder, as `book/cooperation`, a section by its label.

    >>> plain("see {doc}`the ledger <../notebooks/ledger>` and {eq}`eq-p1` {cite:p}`nash`.")
    'see the ledger and the equation.'
    """

    def words(found: re.Match[str]) -> str:
        role, inner = found.groups()
        with_target = WITH_TARGET.fullmatch(inner)
        if with_target:
            return with_target.group(1)
        if role == "doc":
            page = normpath(f"notebooks/{inner}")
            return f"*{(titles or {}).get(page, page)}*"
        if role == "ref" and inner in (titles or {}):
            return f"*{(titles or {})[inner]}*"
        return CALLED.get(role, "" if role.startswith("cite") else inner)

    return re.sub(r"\s+([.,;:])", r"\1", re.sub(r"[ \t]{2,}", " ", ROLE.sub(words, text)))


def caption_of(text: str) -> str:
    """A caption without the sentence that links the numbers.

    >>> caption_of("Trades of a day (paper: Fig. 4). Numbers: {download}`CSV <figure_4.csv>`.")
    'Trades of a day (paper: Fig. 4).'
    """
    kept = [part for part in SENTENCE.split(text) if "{download}" not in part]
    return plain(" ".join(kept))


def in_portions(text: str) -> Iterator[list[str]]:
    """The sentences of a text in portions for a slide; one that announces a list is left out."""
    portion: list[str] = []
    sentences = SENTENCE.split(" ".join(text.split()))
    for sentence in sentences[:-1] if sentences[-1].endswith(":") else sentences:
        letters = sum(map(len, portion)) + len(sentence)
        if portion and (len(portion) == SENTENCES_OF_A_SLIDE or letters > LETTERS_OF_A_SLIDE):
            yield portion
            portion = []
        portion.append(sentence)
    if portion:
        yield portion


# --- from a notebook to slides --------------------------------------------------------------------
def slides_of(notebook: Any, titles: dict[str, str] | None = None) -> list[Slide]:
    """The slides of a notebook that has run, in its order."""
    slides: list[Slide] = []
    heading = ""
    for cell in notebook.cells:
        for kind, content in pieces_of(cell):
            if kind == "title":
                heading = plain(content, titles)
                slides.append(Slide(heading, level=1))
            elif kind == "heading":
                heading = plain(content, titles)
            elif kind == "question" and slides:
                slides[0].text.append(f'<p class="lead">{plain(content, titles)}</p>')
            elif kind == "figure":
                slides.append(Slide(heading, [content]))
            elif kind == "text":
                slides += text_slides(plain(content, titles), heading)
    return slides


def text_slides(text: str, heading: str) -> Iterator[Slide]:
    """A text as slides: a sentence is a line; what it begins with may be the heading."""
    for beginning, own in PARAGRAPHS.items():
        found = re.match(beginning + r"[.:]?\s*", text)
        if found:
            heading, text = own, text[found.end() :]
    for portion in in_portions(text):
        yield Slide(heading, ["\n".join(f"- {sentence}" for sentence in portion)])


def pieces_of(cell: Any) -> Iterator[tuple[str, str]]:
    """(kind, content) of what a cell brings: title, heading, question, text or figure."""
    if cell.cell_type == "markdown":
        yield from pieces_of_text(cell.source)
    elif cell.cell_type == "code" and not HIDDEN & set(cell.metadata.get("tags", [])):
        for output in cell.outputs:
            data = output.get("data", {})
            if "text/markdown" in data:
                yield "text", data["text/markdown"]
            elif "image/svg+xml" in data or "image/png" in data:
                yield "figure", picture(data, cell.metadata.get("mystnb", {}))


def pieces_of_text(source: str) -> Iterator[tuple[str, str]]:
    """Title, headings, question and the paragraphs for slides; the rest stays on the page."""
    for paragraph in re.split(r"\n\s*\n", source.strip()):
        question = QUESTION.match(paragraph)
        if paragraph.startswith("# "):
            yield "title", paragraph[2:]
        elif paragraph.startswith("#"):
            yield "heading", paragraph.lstrip("# ")
        elif question:
            yield "question", " ".join(paragraph[question.end() :].split())
        elif any(re.match(beginning, paragraph) for beginning in PARAGRAPHS):
            yield "text", paragraph


def picture(data: dict[str, str], mystnb: dict[str, Any]) -> str:
    """A figure with its caption and its alternative text as HTML."""
    vector = data.get("image/svg+xml")
    described = mystnb.get("image", {}).get("alt", "")
    if vector:
        kind, content = "svg+xml", base64.b64encode(vector.encode("utf-8")).decode("ascii")
        described = " ".join([described, *DESCRIPTION.findall(vector)]).strip()
    else:
        kind, content = "png", "".join(data["image/png"].split())
    caption = caption_of(mystnb.get("figure", {}).get("caption", ""))
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    image = f'<img src="data:image/{kind};base64,{content}" alt="{escape(described)}">'
    return f"<figure>{image}{below}</figure>"


def as_notebook(slides: list[Slide], source: str = "") -> Any:
    """A notebook for nbconvert: a markdown cell for each slide, with the usual metadata.

    source: address of the page that has more, or nothing.
    """
    made = nbformat.v4.new_notebook()
    for number, slide in enumerate(slides):
        text = slide.markdown()
        if number == 0 and source:
            text += f'\n\n<p class="source"><a href="{source}">This page in the book</a></p>'
        metadata = {"slideshow": {"slide_type": "slide"}}
        made.cells.append(nbformat.v4.new_markdown_cell(text, metadata=metadata))
    return made


# --- decks ----------------------------------------------------------------------------------------
def titles_of_pages(root: Path, notebooks: list[str]) -> dict[str, str]:
    """Page -> its title, for chapters and notebooks, and label of a section -> its heading."""
    titles = {}
    for page in sorted((root / "book").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        titles |= headings_of_labels(text)
        found = re.search(r"^# (.+)$", text, flags=re.MULTILINE)
        if found:
            name = page.relative_to(root).with_suffix("").as_posix()
            titles[name] = found.group(1)
    for name in notebooks:
        cells = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4).cells
        titles[f"notebooks/{name}"] = re.sub(r"^# ", "", cells[0].source.partition("\n")[0])
        for cell in cells:
            if cell.cell_type == "markdown":
                titles |= headings_of_labels(cell.source)
    return titles


def headings_of_labels(text: str) -> dict[str, str]:
    """Label -> the heading below it.

    >>> headings_of_labels("Text.\\n\\n(who-gains)=\\n## Who gains\\n")
    {'who-gains': 'Who gains'}
    """
    return dict(LABELLED.findall(text))


def write_decks(run: Path, into: Path, root: Path = ROOT, in_book: bool = True) -> list[str]:
    """Writes the deck of each notebook of the book that has run; returns their names.

    run: folder of the notebooks with their outputs.
    into: folder of the decks; scripts and styles stand in `../_static`.
    in_book: the pages of the book stand beside this folder, and decks link theirs.
    """
    notebooks = book_notebooks(root)
    titles = titles_of_pages(root, notebooks)
    exporter = SlidesExporter(
        template_name="vppcore_slides",
        extra_template_basedirs=[str(TEMPLATES)],
        reveal_url_prefix="../_static",
    )
    into.mkdir(parents=True, exist_ok=True)
    for name in notebooks:
        slides = slides_of(nbformat.read(run / f"{name}.ipynb", as_version=4), titles)
        deck = as_notebook(slides, f"../notebooks/{name}.html" if in_book else "")
        resources = {"metadata": {"name": titles[f"notebooks/{name}"]}}
        page, _ = exporter.from_notebook_node(deck, resources=resources)
        (into / f"{name}.html").write_text(page, encoding="utf-8")
    return notebooks


def main() -> None:
    """Writes the decks of the last book into a folder that can be carried away."""
    try:
        if not all((ROOT / RUN / f"{name}.ipynb").is_file() for name in book_notebooks(ROOT)):
            raise Refused(f"slides stopped: {RUN} lacks a notebook that has run; make book first")
    except Refused as refused:
        give_up(str(refused))
    shutil.rmtree(ROOT / ALONE, ignore_errors=True)
    names = write_decks(ROOT / RUN, ROOT / ALONE / "slides", in_book=False)
    for name in STATIC:
        source, target = ROOT / "book/_static" / name, ROOT / ALONE / "_static" / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    say(f"{len(names)} decks in {ALONE}/slides: open one in a browser, the arrow keys go on")


if __name__ == "__main__":
    main()
