"""The page of a case that has no fault: its loads, plants and prices drawn, its components listed.

In the look of the pages of runs (`make compare`): the book's colours, light, dark and on paper.
"""

import os
import warnings
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pandas as pd
from run_page import LOOK, as_table, pictures, style

from vppcore import Case
from vppcore.currency import said, speak
from vppcore.pages import tables, words_vpp

MOST_POINTS = 1_000  # of a line; a longer one is drawn by its means
LINES_OF_A_PANEL = 8
MOST_LINES = 24  # of a figure
PANEL_HEIGHT = 2.9  # inches


def write_page(case: Case, page: Path) -> None:
    """Writes the page of a case, whole or not at all."""
    text = page_of(case)
    page.parent.mkdir(parents=True, exist_ok=True)
    half = page.with_name(f".{os.getpid()}-{page.name}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(page)
    finally:
        half.unlink(missing_ok=True)


def page_of(case: Case) -> str:
    """The page of a case as HTML."""
    speak(case.description.currency)
    figures = "".join(drawn(case))
    dark = pictures().style_sheet(set(pictures().VARIABLE.findall(figures)))
    script = (LOOK / "run.js").read_text(encoding="utf-8")
    title = escape(case.description.title)
    return (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style()}{dark}</style><script>{script}</script></head>"
        f"<body><main><h1>{title}</h1><p>{escape(horizon(case))}</p>{figures}"
        f"<h2>Energy and peaks</h2>{as_table(with_names(tables.energy(case), 1))}"
        f"<h2>Prices of the grid</h2>{as_table(with_names(prices(case), 3))}"
        f"{counted(case)}"
        f"<h2>Who has which component</h2>{as_table(with_names(tables.devices(case)))}"
        f"<h2>Every number of the components</h2>"
        f'<div class="words">{as_table(numbers(case))}</div></main></body></html>\n'
    )


def counted(case: Case) -> str:
    """What is counted over which period, as a list; nothing where nothing is."""
    sentences = words_vpp.counted_over(case)
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h2>What is counted over which period</h2><ul>{items}</ul>" if items else ""


def horizon(case: Case) -> str:
    """How many steps a case has, how long they are, and where its numbers come from."""
    vpp = case.vpps[0]
    return f"{vpp.steps:,} steps of {vpp.step_hours:g} h. Source: {case.description.source}"


# --- figures --------------------------------------------------------------------------------------
def drawn(case: Case) -> Iterator[str]:
    """A figure for each kind of series that the case has, with a heading, as HTML."""
    kinds = (
        ("Loads", "electric load (kW)", tables.demand(case, "load"), False),
        ("Heat", "heat load (kW)", tables.demand(case, "heat"), False),
        ("Plants", "forecast output (kW)", tables.available(case), False),
        ("Prices", "price (yuan/kWh)", tables.tariff(case), True),
    )
    for heading, label, table, as_steps in kinds:
        if table.columns.empty:
            yield f"<h2>{heading}</h2><p>The case has none.</p>"
            continue
        alt = f"Lines by step, {label}."
        picture = pictures().inlined(figure_of(case, table, label, as_steps), said(alt))
        caption = f"<figcaption>{escape(said(caption_of(table, label)))}</figcaption>"
        yield f"<h2>{heading}</h2><figure>{picture}{caption}</figure>"


def caption_of(table: pd.DataFrame, label: str) -> str:
    """What a figure shows, and what of the table it leaves out."""
    parts = [f"The case's {label}, step by step."]
    together = points_together(len(table))
    if together > 1:
        parts.append(f"Each point is the mean of {together} steps.")
    if len(table.columns) > MOST_LINES:
        parts.append(f"The first {MOST_LINES} of {len(table.columns):,} are drawn.")
    return " ".join(parts)


def points_together(steps: int) -> int:
    """How many steps are drawn as one point.

    >>> points_together(24), points_together(1000), points_together(35_040)
    (1, 1, 36)
    """
    return -(-steps // MOST_POINTS)


def figure_of(case: Case, table: pd.DataFrame, label: str, as_steps: bool) -> str:
    """The columns of a table over the steps, as the text of an SVG file in the look of the book.

    Panels below each other where there are more lines than can be told apart in one.
    """
    import matplotlib

    matplotlib.use("Agg")
    from vppcore.pages import colours, figures
    from vppcore.pages.pictures import as_svg

    figures.use_style()
    shown = thinned(table.iloc[:, :MOST_LINES])
    parts = range(0, len(shown.columns), LINES_OF_A_PANEL)
    figure, panels = figures.panels(len(parts), height=PANEL_HEIGHT)
    for axes, first in zip(panels, parts, strict=True):
        part = shown.iloc[:, first : first + LINES_OF_A_PANEL]
        of_vpps = colours.vpp_colours(case.names) if set(part) <= set(case.names) else None
        figures.lines(part, label, axes, of_vpps, steps=as_steps)
        if not counts_hours(case):
            axes.set_xlabel("step")
        if len(shown) < len(table):
            axes.set_xlim(0.3, len(table) + 0.7)
    with warnings.catch_warnings():
        # a sign that the measuring font lacks is still in the reader's own
        warnings.filterwarnings("ignore", message="Glyph")
        text = as_svg(figure)
    figures.plt.close(figure)
    return text


def thinned(table: pd.DataFrame) -> pd.DataFrame:
    """A table of no more rows than can be drawn: means of steps in a row, at the first of them."""
    together = points_together(len(table))
    if together == 1:
        return table
    block = (pd.RangeIndex(len(table)) // together) * together + 1
    return table.groupby(block).mean()


def counts_hours(case: Case) -> bool:
    """True if step 1 is the first hour of a day, so that steps are hours of it."""
    vpp = case.vpps[0]
    return vpp.steps == 24 and vpp.step_hours == 1 and vpp.start_hour == 0


# --- tables ---------------------------------------------------------------------------------------
def with_names(table: pd.DataFrame, places: int = 0) -> list[tuple[str, ...]]:
    """A table as cells: the names of its columns, then its rows, each with its name."""
    columns = []
    for _, column in table.items():
        is_whole = pd.api.types.is_integer_dtype(column)
        columns.append([tables.as_said(cell, 0 if is_whole else places) for cell in column])
    head = ("", *(said(str(name)) for name in table.columns))
    return [head, *zip(map(str, table.index), *columns, strict=True)]


def prices(case: Case) -> pd.DataFrame:
    """The lowest, mean and highest price of the grid, with its unit."""
    return tables.price_range(case).add_suffix(" (yuan/kWh)")


def numbers(case: Case) -> list[tuple[str, ...]]:
    """Every number of a case as cells: whose it is first, where it comes from last."""
    table = tables.parameters(case)
    columns = ["vpp", "component", "parameter", "value", "unit", "status", "source"]
    rows = [tuple(map(str, row)) for row in table[columns].itertuples(index=False, name=None)]
    return [tuple(columns), *rows]
