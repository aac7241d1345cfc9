"""Figures -> SVG with words: how a page shows a figure, and what it tells those who cannot see it.

A figure is vector graphics with its texts as texts. Its description is made from the numbers that
are drawn, so that it is true for the run; the extension `inline_pictures` of the book puts both
into the page, in the colours of the page.
"""

from __future__ import annotations

from collections.abc import Hashable
from html import escape
from io import StringIO
from math import floor, isfinite, log10
from typing import Any
from weakref import WeakKeyDictionary

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vppcore.currency import said

AS_DRAWN = "as-drawn"  # the group of an artist whose colours are data, the same in the dark
DIGITS = 3  # of the numbers in a description
NOISE = 1e-12  # of the largest number that is drawn: less is what a solver leaves of nothing
SERIES = 8  # a description names no more of them one by one

_told: WeakKeyDictionary[Axes, list[str]] = WeakKeyDictionary()


# --- words ----------------------------------------------------------------------------------------
def rounded(number: float) -> str:
    """A number to three digits, with separators of thousands.

    >>> rounded(12345.6), rounded(0.012345), rounded(-3.0), rounded(0.0)
    ('12,300', '0.0123', '−3', '0')
    """
    if not number:
        return "0"
    if not isfinite(number):
        return f"{number:g}"
    places = DIGITS - 1 - floor(log10(abs(number)))
    text = f"{round(number, places):,.{max(0, places)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def extent(name: Hashable, values: pd.Series) -> str:
    """From where to where one series goes, and at which step it is there.

    >>> extent("wind", pd.Series([0.0, 40.0, 10.0], index=[1, 2, 3]))
    'wind from 0 (at 1) to 40 (at 2)'
    >>> extent("grid", pd.Series([5.0, 5.0], index=[1, 2]))
    'grid 5 throughout'
    """
    known = values.dropna()
    if known.empty:
        return f"{name} nowhere"
    low, high = rounded(float(known.min())), rounded(float(known.max()))
    if low == high:
        return f"{name} {low} throughout"
    return f"{name} from {low} (at {known.idxmin()}) to {high} (at {known.idxmax()})"


def table_in_words(table: pd.DataFrame, label: str = "") -> str:
    """What a figure of a table shows: the extent of each column.

    label: what is measured, with its unit.

    >>> table_in_words(pd.DataFrame({"a": [1.0, 2.0]}, index=[1, 2]), "power (kW)")
    'power (kW): a from 1 (at 1) to 2 (at 2).'
    >>> table_in_words(pd.DataFrame({"a": [-1e-15, 2.0]}, index=[1, 2]))
    'a from 0 (at 1) to 2 (at 2).'
    """
    size = float(table.abs().max().max()) if table.size else 0.0
    table = table.mask(table.abs() <= NOISE * size, 0.0)
    drawn = [name for name in table if table[name].notna().any()]
    said = [extent(name, table[name]) for name in drawn[:SERIES]]
    if len(drawn) > SERIES:
        said.append(f"{len(drawn) - SERIES} more")
    start = f"{label}: " if label else ""
    return f"{start}{'; '.join(said) or 'nothing'}.".replace("\n", ", ")


def tell(axes: Axes, *sentences: str) -> None:
    """Adds sentences to what is said of a figure to those who cannot see it."""
    _told.setdefault(axes, []).extend(sentence for sentence in sentences if sentence)


def description(figure: Figure) -> str:
    """All that was told of a figure, panel by panel."""
    said = []
    for axes in figure.axes:
        title = next((axes.get_title(loc=side) for side in ("left", "center")), "")
        sentences = " ".join(_told.get(axes, []))
        if sentences:
            said.append(f"{title}. {sentences}" if title else sentences)
    return " ".join(said)


def keep_colours(*artists: Artist) -> None:
    """Marks artists whose colours are data: they stay as they are on a dark page."""
    for number, artist in enumerate(artists):
        artist.set_gid(f"{AS_DRAWN}-{number}")


# --- pictures -------------------------------------------------------------------------------------
def as_svg(figure: Figure) -> str:
    """The figure as the text of an SVG element, with its description.

    It starts with the element itself, so that it may stand in a file or within a page. The same
    figure gives the same text.
    """
    written = StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = said(written.getvalue())
    element, rest = text[text.index("<svg") :].split(">", 1)
    words = escape(said(description(figure)), quote=False)
    described = f"\n <desc>{words}</desc>" if words else ""
    return f"{element}>{described}{rest}"


def show_as_svg() -> None:
    """In a notebook, figures are shown by `as_svg` from now on; elsewhere nothing happens.

    Their text is a constant: what is drawn differs in size between versions of libraries.
    """
    shell = running_shell()
    if shell is None:
        return
    plt.switch_backend(plt.get_backend())  # the backend sets its own way first
    formatters = shell.display_formatter.formatters
    formatters["image/png"].pop(Figure, None)
    formatters["image/svg+xml"].for_type(Figure, as_svg)
    formatters["text/plain"].for_type(Figure, write_figure)


def show_in_currency() -> None:
    """In a notebook, tables are shown in the currency of the case from now on."""
    from pandas.io.formats.style import Styler

    shell = running_shell()
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    for kind in (Styler, pd.DataFrame):
        formatters["text/html"].for_type(kind, html_in_currency)
    for plain in (pd.DataFrame, pd.Series):
        formatters["text/plain"].for_type(plain, write_in_currency)


def html_in_currency(table: Any) -> str:
    """A table as HTML."""
    return said(table._repr_html_() or "")


def write_in_currency(table: Any, printer: Any, cycle: bool) -> None:
    """A table as text, in the form that IPython asks for."""
    printer.text(said(repr(table)))


def running_shell() -> Any:
    """The shell of the notebook in which this runs; None elsewhere."""
    try:
        from IPython import get_ipython
    except ImportError:  # the models need no notebook
        return None
    return get_ipython()


def write_figure(figure: Figure, printer: Any, cycle: bool) -> None:
    """How a figure is written where it cannot be shown, in the form that IPython asks for."""
    printer.text("<figure>")
