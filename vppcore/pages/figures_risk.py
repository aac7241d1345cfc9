"""Pictures of risk: what promises cost on average against what they cost in the tail.

yuan; costs are drawn in a unit that suits their size.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from vppcore.pages import scales
from vppcore.pages.colours import MARKS, SERIES_COLOURS
from vppcore.pages.figures import legend_above, new_axes
from vppcore.pages.pictures import table_in_words, tell


def frontier(measures: pd.DataFrame, weighted: list[str], axes: Axes | None = None) -> Axes:
    """Mean cost against CVaR: a line through the promises by weight, a mark for each other one.

    measures: as `with_intervals`, a row per set of promises. weighted: the rows of the line, in its
    order; "alone" is left out, as it is far from all others.
    """
    axes = axes or new_axes()
    drawn = measures.drop(index="alone", errors="ignore")
    tell(axes, table_in_words(drawn[["mean", "CVaR"]], "Mean and CVaR (yuan)"))
    scale = scales.money(drawn[["mean", "CVaR"]])
    line = drawn.loc[weighted] / scale.size
    axes.plot(line["mean"], line["CVaR"], "-o", color=SERIES_COLOURS[0], label="weight on CVaR")
    for name in weighted:
        place = (line.loc[name, "mean"], line.loc[name, "CVaR"])
        said = str(name).removeprefix("weight ")
        axes.annotate(said, place, xytext=(6, 6), textcoords="offset points")
    others = [name for name in drawn.index if name not in weighted]
    colours = SERIES_COLOURS[1:] * len(others)
    marks = MARKS[1:] * len(others)
    for name, colour, mark in zip(others, colours, marks, strict=False):
        point = drawn.loc[name] / scale.size
        axes.plot(point["mean"], point["CVaR"], mark, color=colour, markersize=8, label=name)
    axes.margins(0.1)
    axes.set_xlabel(f"mean cost of the cluster ({scale.unit})")
    axes.set_ylabel(f"CVaR ({scale.unit})")
    legend_above(axes)
    return axes
