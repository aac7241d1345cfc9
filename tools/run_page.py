"""The page of a reader's run: the executed notebook in the look of the book, as one HTML file.

Pictures are part of the page, in its colours, light or dark. Code is folded where the book folds
it. MathJax stands beside the runs, in build/runs/_static, so that pages open without a net.
"""

import os
import shutil
import sys
from html import escape
from pathlib import Path
from typing import Any

from beside_book import (
    differing,
    other_currency,
    rows_beside,
    table_of_rows,
    table_of_run,
    verdict_lines,
)
from contents import book_notebooks
from run_texts import caption_of_case, of_this_case, said_of_case, without_targets
from runs import Run

from vppcore.currency import PLAIN, speak

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).parent / "templates"
LOOK = TEMPLATES / "vppcore_run"
MATHJAX = ROOT / "book" / "_static" / "mathjax" / "tex-svg.js"
SVG = "image/svg+xml"


def write_page(
    notebook: Path, page: Path, title: str, beside: str, static: Path, record: dict[str, Any]
) -> None:
    """Writes the page of an executed notebook.

    title: of the page. beside: HTML on top of the page. static: folder for what all pages share.
    record: of the run. Its currency (the notebook's own texts and captions are written for the
    book's yuan) and the paper that its case rebuilds, if any: what only a paper's own case has on
    its page is left out of others.
    """
    speak(record.get("currency", PLAIN))
    import nbformat
    from nbconvert import HTMLExporter
    from slides import plain, titles_of_pages

    titles = titles_of_pages(ROOT, book_notebooks(ROOT))
    content = nbformat.read(notebook, as_version=4)
    content.cells = of_this_case(content.cells, record.get("paper"))
    for cell in content.cells:
        if cell.cell_type == "markdown":
            cell.source = said_of_case(plain(without_targets(cell.source), titles))
        elif "parameters" in cell.metadata.get("tags", []):
            cell.source = said_of_case(cell.source)  # units in its comments
        for output in cell.get("outputs", []):
            show_as_page(output, cell.metadata.get("mystnb", {}), titles, record.get("paper"))
    exporter = HTMLExporter(template_name="vppcore_run", extra_template_basedirs=[str(TEMPLATES)])
    told = {
        "title": title,
        "style": style() + dark_pictures(content),
        "script": (LOOK / "run.js").read_text(encoding="utf-8"),
        "beside": beside,
    }
    text, _ = exporter.from_notebook_node(content, resources={"run": told})
    page.write_text(text, encoding="utf-8")
    share_mathjax(static)


def show_as_page(
    output: Any, mystnb: dict[str, Any], titles: dict[str, str], paper: str | None
) -> None:
    """Makes a picture part of the page, with its caption, and links of the book words.

    titles: page -> its title. paper: that the run's case rebuilds, if any.
    """
    from slides import caption_of, plain

    data = output.get("data", {})
    if "text/markdown" in data:
        data["text/markdown"] = plain(data["text/markdown"], titles)
    if SVG in data:
        alt = said_of_case(mystnb.get("image", {}).get("alt", ""))
        drawn = pictures().inlined(data.pop(SVG), alt)
        caption = caption_of_case(caption_of(mystnb.get("figure", {}).get("caption", "")), paper)
        below = f"<figcaption>{caption}</figcaption>" if caption else ""
        data["text/html"] = f"<figure>{drawn}{below}</figure>"


def pictures() -> Any:
    """The book's extension that makes pictures part of a page."""
    folder = str(ROOT / "book" / "_ext")
    if folder not in sys.path:
        sys.path.append(folder)
    import inline_pictures

    return inline_pictures


def style() -> str:
    """The look of the page and of its code, light and dark."""
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="a11y-high-contrast-light", cssclass="highlight")
    dark = HtmlFormatter(style="a11y-high-contrast-dark", cssclass="highlight")
    sheets = [
        light.get_style_defs(".highlight"),
        dark.get_style_defs('html[data-theme="dark"] .highlight'),
        ".highlight, .highlight pre { background: var(--surface) !important; }",
        (LOOK / "run.css").read_text(encoding="utf-8"),
    ]
    return "\n".join(sheets)


def dark_pictures(content: Any) -> str:
    """What the colours of all pictures become on a dark page; nothing for a page without any."""
    drawn = []
    for cell in content.cells:
        for output in cell.get("outputs", []):
            drawn.append(output.get("data", {}).get("text/html", ""))
    text = "\n".join(drawn)
    if 'class="picture"' not in text:
        return ""
    return str(pictures().style_sheet(set(pictures().VARIABLE.findall(text))))


def share_mathjax(static: Path) -> None:
    """Puts MathJax beside the pages, once; runs that are written at a time do not meet."""
    target = static / MATHJAX.name
    if target.is_file() or not MATHJAX.is_file():
        return
    static.mkdir(parents=True, exist_ok=True)
    half = static / f".{os.getpid()}-{MATHJAX.name}"
    shutil.copyfile(MATHJAX, half)
    half.replace(target)


# --- what stands on top ---------------------------------------------------------------------------
def beside_as_page(notebook: str, values: dict[str, Any], book: Run | None, run: Run) -> str:
    """What the run is and what it found beside the book, as HTML."""
    given = " ".join(f"{name}={value!r}" for name, value in values.items())
    what = f"with {given}" if given else "with the book's parameters"
    parts = [f"<h1>A reader's run of {escape(notebook)} {escape(what)}</h1>"]
    if book is None:
        parts.append("<p>The book has no results of this notebook to stand beside.</p>")
    elif other_currency(book, run):
        parts += [as_table(table_of_run(run)), f"<p>{other_currency(book, run)}</p>"]
    else:
        rows = rows_beside(book, run)
        parts += [as_table(table_of_rows(rows))] if rows else []
        differ, both = differing(book, run)
        if both:
            counted = f"{differ:,} of {both:,} numbers in tables differ from the book's."
            parts.append(f"<p>{counted}</p>")
        lines = verdict_lines(book, run)
        parts += [f"<pre>{escape(chr(10).join(lines))}</pre>"] if lines else []
    return f'<aside class="run">{"".join(parts)}</aside>'


def as_table(lines: list[tuple[str, ...]]) -> str:
    """Lines of cells, the first of which are heads, as an HTML table."""
    head, *body = lines
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    rows = []
    for name, *cells in body:
        inner = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{inner}</tr>')
    return (
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
