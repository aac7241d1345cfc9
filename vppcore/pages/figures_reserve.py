"""Pictures of reserve: who keeps how much ready in each hour, and what it does to mean and tail.

kW, yuan.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vppcore.pages.colours import MARKS, SERIES_COLOURS, vpp_colours
from vppcore.pages.figures import legend_above, new_axes
from vppcore.pages.pictures import table_in_words, tell

HOURS_OF_A_DAY = 24


def reserve_by_hour(held: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Bars of each hour, a colour per VPP: reserve upwards above the line, downwards below it.

    held: kW, as `ReserveResult.held`.
    """
    axes = axes or new_axes()
    names = list(held["up"])
    colours = vpp_colours(names)
    for direction, sign in (("up", 1.0), ("down", -1.0)):
        part = held[direction]
        said = f"Reserve {direction} (kW)"
        tell(axes, table_in_words(part, said))
        bottom = np.zeros(len(part))
        for name in names:
            bars = sign * part[name].to_numpy()
            label = name if direction == "up" else None
            axes.bar(part.index, bars, bottom=bottom, color=colours[name], label=label)
            bottom = bottom + bars
    axes.axhline(0, color="black", linewidth=0.8)
    axes.use_sticky_edges = False  # else the longest bar ends at the frame
    axes.autoscale_view()
    axes.set_xlabel("hour of the day" if len(held) == HOURS_OF_A_DAY else "step")
    axes.set_ylabel("reserve, down below zero (kW)")
    legend_above(axes)
    return axes


def mean_and_tail(measures: pd.DataFrame, lined: list[str], axes: Axes | None = None) -> Axes:
    """Mean cost against CVaR in yuan: a line through some promises, a mark for each other one.

    measures: as `with_intervals`, a row per promise. lined: the rows of the line, in its order.
    """
    axes = axes or new_axes()
    tell(axes, table_in_words(measures[["mean", "CVaR"]], "Mean and CVaR (yuan)"))
    line = measures.loc[lined]
    axes.plot(line["mean"], line["CVaR"], "-o", color=SERIES_COLOURS[0])
    for name, row in line.iterrows():
        place = (row["mean"], row["CVaR"])
        axes.annotate(str(name), place, xytext=(6, 6), textcoords="offset points")
    others = measures.drop(index=lined)
    colours = SERIES_COLOURS[1:] * max(1, len(others))
    marks = MARKS[1:] * max(1, len(others))
    for (name, row), colour, mark in zip(others.iterrows(), colours, marks, strict=False):
        axes.plot(row["mean"], row["CVaR"], mark, color=colour, markersize=8, label=name)
    axes.margins(0.15)
    axes.set_xlabel("mean cost of the coalition (yuan a day)")
    axes.set_ylabel("CVaR (yuan a day)")
    if len(others):
        legend_above(axes)
    return axes
