"""Pictures of scale: bounds over rounds, time over the number of VPPs, how VPPs answer prices.

Each function draws on Axes that it makes and returns one of them. yuan, kW, yuan/kWh.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from vppcore.pages.colours import MARKS, series_colours
from vppcore.pages.experiments_scale import PAIRS, Plant, exponents, made_at, solved
from vppcore.pages.figures import legend_above, new_axes, panels
from vppcore.pages.pictures import rounded, table_in_words, tell

QUIET = "0.45"
THOUSAND = 1000
POINTS = 121
TALL = 5.6  # inches: a figure with a long legend


def bounds_over_rounds(history: pd.DataFrame) -> Axes:
    """Both bounds over the rounds of price-Newton, in 1000 yuan (above), and their gap (below).

    history: of `FleetResult`.
    """
    _, (above, below) = panels(2, 1, height=2.5, sharex=True)
    for name, mark, dash, label in (
        ("cost", "v", "-", "cost of the point"),
        ("lower", "^", "--", "lower bound"),
    ):
        values = history[name] / THOUSAND
        above.plot(history.index, values, "k", marker=mark, linestyle=dash, label=label)
    above.set_ylabel("1000 yuan")
    legend_above(above)
    tell(above, table_in_words(history[["cost", "lower"]], "yuan"))
    gap = history["gap"].clip(lower=np.finfo(float).eps)
    below.semilogy(history.index, gap, "k", marker="o", markersize=4)
    below.set_ylabel("gap, share of the cost")
    below.set_xlabel("round")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    tell(below, f"The gap falls from {rounded(gap.iloc[0])} to {rounded(gap.iloc[-1])}.")
    return above


def time_over_size(table: pd.DataFrame, published: pd.DataFrame) -> Axes:
    """Processor seconds over the number of VPPs, both logarithmic, a line per method; the fitted
    exponent in the legend. Marks at the foot: how many participants other works had.
    """
    axes = panels(height=TALL)[1][0]
    seconds = solved(table)
    powers = exponents(table)
    colours = series_colours([name for name in seconds if name != PAIRS]) | {PAIRS: QUIET}
    for (method, values), mark in zip(seconds.items(), cycled(len(seconds.columns)), strict=True):
        known = values.dropna()
        power = f", power {powers[method]:.2f}" if method in powers else ""
        axes.loglog(
            known.index,
            known,
            color=colours[method],
            marker=mark,
            markersize=4.5,
            label=f"{method}{power}",
        )
        tell(axes, table_in_words(known.to_frame(method), f"seconds{power}"))
    foot = 0.5 * float(np.nanmin(seconds.to_numpy()))
    for row in published.itertuples():
        face = "none" if row.one_period else QUIET
        axes.plot(row.participants, foot, "D", color=QUIET, markerfacecolor=face)
        tell(axes, f"{row.source}: {row.participants:,} {row.what}.")
    axes.plot([], [], "D", color=QUIET, markerfacecolor="none", label="published, one period")
    axes.plot([], [], "D", color=QUIET, label="published, several periods")
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlabel("VPPs")
    axes.set_ylabel("processor time (s)")
    legend_above(axes)
    return axes


def cycled(count: int) -> list[str]:
    """So many marks, from the beginning again where there are not enough."""
    return [MARKS[k % len(MARKS)] for k in range(count)]


def answers_to_prices(plants: Sequence[Plant], load: float, centres: Sequence[float]) -> Axes:
    """What all plants make together over the price, for each centre; dashed: what they must make.

    Where a curve crosses the load is the price of that centre.
    """
    axes = new_axes()
    dearest = max(plant.cost for plant in plants)
    prices = np.linspace(0.0, 1.5 * dearest, POINTS)
    colours = series_colours([str(centre) for centre in centres])
    for centre, dash in zip(centres, ("-", "--", "-.", ":"), strict=False):
        made = [sum(made_at(plant, price, centre) for plant in plants) for price in prices]
        label = f"centre {centre:g} yuan"
        axes.plot(prices, made, dash, color=colours[str(centre)], label=label)
        tell(axes, table_in_words(pd.DataFrame({label: made}, prices.round(3)), "kW"))
    axes.axhline(load, color=QUIET, linewidth=1, linestyle="--")
    tell(axes, f"Dashed: the load, {rounded(load)} kW.")
    axes.set_xlabel("price (yuan/kWh)")
    axes.set_ylabel("made by both (kW)")
    legend_above(axes)
    return axes
