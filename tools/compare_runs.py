"""Puts the kept runs of a notebook, and the book's, side by side (`make compare`).

A table on the screen and a page with a figure, build/runs/<notebook>/compare.html: by how much each
headline number lies above or below the book's.
"""

import os
import sys
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

from beside_book import Row, in_columns, rows_beside, shown
from contents import Refused
from run_notebook import find
from run_page import LOOK, as_table, pictures, style
from runs import RUNS, Run, book_run, kept_runs
from saying import give_up, say

PAGE = "compare.html"
PANEL_HEIGHT = 1.5  # inches


def compared(notebook: str, runs: Path = RUNS) -> list[Run]:
    """The book's run, if it has one, and the kept ones; the first is what others are held against.

    Raises Refused if no run is kept.
    """
    kept = kept_runs(notebook, runs)
    if not kept:
        raise Refused(f"No run of {notebook} is kept; first: make run NB={notebook}")
    book = book_run(notebook)
    return kept if book is None else [book, *kept]


def rows_of(found: list[Run]) -> dict[str, list[Any]]:
    """Headline -> its value in each run, that of the first included; None where a run lacks it."""
    first, *others = found
    columns = []
    for run in others or [first]:
        columns.append({row.name: row for row in rows_beside(first, run)})
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = {}
    for name in names:
        known = next(column[name] for column in columns if name in column)
        values = [column[name].run if name in column else None for column in columns]
        rows[name] = [known.book, *values] if others else [known.book]
    return rows


def table_of(found: list[Run]) -> list[tuple[str, ...]]:
    """The headlines as cells: a column for each run, by its number in the list of runs."""
    head = ("", *(str(number) for number in range(1, len(found) + 1)))
    body = [(name, *map(shown, values)) for name, values in rows_of(found).items()]
    return [head, *body]


def shares(found: list[Run]) -> dict[str, list[float]]:
    """Number -> by how many percent it differs from the first run, for each other run; only those
    that differ somewhere.
    """
    made = {}
    for name, (first, *others) in rows_of(found).items():
        rows = [Row(name, first, value) for value in others]
        if first and all(row.is_number for row in rows) and not all(row.is_same for row in rows):
            made[name] = [100 * (row.run - first) / abs(first) for row in rows]
    return made


def figure_of(found: list[Run]) -> str:
    """These shares as SVG in the look of the book, a panel for each number; empty if none differs.

    A run is a place on the axis below and no colour, so that twenty can be told apart.
    """
    numbers = shares(found)
    if not numbers:
        return ""
    import matplotlib

    matplotlib.use("Agg")
    from vppcore.pages import colours, figures

    figures.use_style()
    runs = range(2, len(found) + 1)
    figure, panels = figures.panels(len(numbers), height=PANEL_HEIGHT, sharex=True)
    for axes, (name, values) in zip(panels, numbers.items(), strict=True):
        axes.bar(runs, values, width=0.6, color=colours.SERIES_COLOURS[1])
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_title(name, wrap=True)
        axes.set_ylabel("%")
        axes.margins(y=0.15)
    panels[-1].set_xlabel(f"run; percent above or below {found[0].name}")
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    text = StringIO()
    figure.savefig(text, format="svg", transparent=True)
    figures.plt.close(figure)
    return text.getvalue()


def write_page(notebook: str, found: list[Run], page: Path) -> None:
    """Writes the page, whole or not at all."""
    drawing, picture, dark = figure_of(found), "", ""
    if drawing:
        alt = f"Bars: each headline number of each run in percent of {found[0].name}; table below."
        picture = f"<figure>{pictures().inlined(drawing, alt)}</figure>"
        dark = pictures().style_sheet(set(pictures().VARIABLE.findall(picture)))
    links = "".join(f"<li>{link_to(run, page)}</li>" for run in found)
    script = (LOOK / "run.js").read_text(encoding="utf-8")
    title = f"Runs of {notebook} side by side"
    text = (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style()}{dark}</style>"
        f"<script>{script}</script></head><body><main><h1>{escape(title)}</h1>"
        f"<ol>{links}</ol>{picture}{as_table(table_of(found))}</main></body></html>\n"
    )
    half = page.with_suffix(".half")
    half.write_text(text, encoding="utf-8")
    half.replace(page)


def link_to(run: Run, page: Path) -> str:
    """The name of a run, with a link to its page where it has one."""
    target = run.results.parent / "run.html"
    if not target.is_file():
        return escape(run.name)
    address = escape(os.path.relpath(target, page.parent))
    return f'<a href="{address}">{escape(run.name)}</a>'


def compare(notebook: str, runs: Path = RUNS) -> str:
    """Writes the page of a notebook; returns the table for the screen. Raises Refused."""
    found = compared(notebook, runs)
    page = runs / notebook / PAGE
    write_page(notebook, found, page)
    listed = [f"{number:>3}  {run.name}" for number, run in enumerate(found, start=1)]
    return "\n".join([f"{notebook}:", *listed, "", *in_columns(table_of(found)), f"page: {page}"])


def main() -> None:
    """Compares the runs of one notebook, or of all that have kept runs."""
    try:
        asked = sys.argv[1] if len(sys.argv) > 1 else ""
        names = [find(asked).stem] if asked else []
        if not asked:
            names = sorted(folder.name for folder in RUNS.glob("*") if kept_runs(folder.name))
        if not names:
            raise Refused("No run is kept yet; first: make run NB=cooperation")
        for name in names:
            say(compare(name))
    except Refused as refused:
        give_up(str(refused))


if __name__ == "__main__":
    main()
