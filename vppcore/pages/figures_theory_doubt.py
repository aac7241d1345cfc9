"""Pictures of the uncertainty chapter: hits, duals, envelopes and readings. Nothing is solved here.

Each function draws on the Axes that it makes and returns one of them. kW, kWh, yuan; z is 1 where
an hour is hit, and the worth of a hit is what it adds to the cost, yuan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vppcore.pages.colours import SERIES_COLOURS, STATE_COLOURS
from vppcore.pages.figures import legend_above, new_axes, panels
from vppcore.pages.pictures import rounded, tell

SHADE = "0.90"
PLAIN = "0.70"  # of a cost without any hit
HIT = STATE_COLOURS["worst case"]
POINTS = 200


# --- hits -----------------------------------------------------------------------------------------
def hits(costs: Mapping[str, pd.Series]) -> Axes:
    """What each combination of hits costs, a panel for each VPP: the day without a hit, the hits as
    each is priced alone, and what they cost beyond that because they come together.

    costs: title -> yuan, as `toys.costs_of_hits` makes it.
    """
    _, places = panels(len(costs), 1, height=2.35, sharex=True, sharey=True)
    for (title, own), place in zip(costs.items(), places, strict=True):
        draw_hits(own, place)
        place.set_title(title)
    places[0].set_ylim(0, 1.15 * max(own.max() for own in costs.values()))
    legend_above(places[0])
    return places[0]


def parts_of_cost(costs: pd.Series) -> pd.DataFrame:
    """The cost of each combination of hits in three parts, yuan: columns no hit, priced alone and
    beyond.
    """
    plain = costs[()]
    rows = []
    for chosen, cost in costs.items():
        alone = sum(costs[(hour,)] - plain for hour in chosen)
        rows.append({"no hit": plain, "priced alone": alone, "beyond": cost - plain - alone})
    return pd.DataFrame(rows, costs.index)


def draw_hits(costs: pd.Series, axes: Axes) -> None:
    """One panel of `hits`."""
    parts = parts_of_cost(costs)
    place = np.arange(len(parts))
    base = np.zeros(len(parts))
    looks: dict[str, dict[str, Any]] = {
        "no hit": {"color": PLAIN, "label": "without a hit"},
        "priced alone": {"color": HIT, "alpha": 0.35, "label": "hits, each priced alone"},
        "beyond": {"color": HIT, "label": "beyond: together they cost more"},
    }
    for column, look in looks.items():
        axes.bar(place, parts[column], 0.7, bottom=base, **look)
        base += parts[column].to_numpy()
    for x, cost in zip(place, costs, strict=True):
        axes.annotate(f"{cost:.0f}", (x, cost), ha="center", va="bottom")
    names = ["no hit", *(hours_in_words(chosen) for chosen in costs.index[1:])]
    axes.set_xticks(place, names)
    axes.set_ylabel("cost (yuan)")
    said = zip(names, costs, strict=True)
    tell(axes, "; ".join(f"{name}: {rounded(cost)} yuan" for name, cost in said) + ".")


def hours_in_words(hours: Sequence[int]) -> str:
    """The hours that are hit.

    >>> hours_in_words((2,)), hours_in_words((2, 3))
    ('hour 2', 'hours 2 and 3')
    """
    words = " and ".join(str(hour) for hour in hours)
    return f"hour {words}" if len(hours) == 1 else f"hours {words}"


# --- duality --------------------------------------------------------------------------------------
def supporting_lines(table: pd.DataFrame, marked: Mapping[str, float]) -> Axes:
    """The least cost of an hour by its demand, and the lines that its multipliers make: each lies
    below the cost everywhere and touches it where it was found. The cost is their largest.

    table: index demand (kW), columns cost (yuan) and price (yuan/kWh).
    marked: name -> demand of the table that gets a mark.
    """
    axes = new_axes()
    demand = table.index.to_numpy(float)
    axes.plot(demand, table["cost"], color="black", linewidth=3, label="least cost")
    for colour, dash, (price, offset) in zip(
        SERIES_COLOURS[::2], ("--", "-."), lines_of(table), strict=False
    ):
        sign = "−" if offset < 0 else "+"
        rest = f" {sign} {abs(offset):.0f}" if abs(offset) > 1e-6 else ""
        label = f"{price:.2f} × demand{rest}"
        axes.plot(demand, price * demand + offset, color=colour, linestyle=dash, label=label)
        tell(axes, f"A line with the price {rounded(price)} and the offset {rounded(offset)} yuan.")
    for (name, place), mark in zip(marked.items(), "oD", strict=False):
        cost = float(table.loc[place, "cost"])
        axes.plot(place, cost, mark, color=HIT, markersize=8)
        axes.annotate(
            f"{name}: {cost:.0f} yuan",
            (place, cost),
            xytext=(-9, 3),
            textcoords="offset points",
            ha="right",
        )
        tell(axes, f"{name}: {rounded(cost)} yuan at {rounded(place)} kW.")
    axes.set_xlabel("demand (kW)")
    axes.set_ylabel("cost (yuan)")
    legend_above(axes)
    return axes


def lines_of(table: pd.DataFrame) -> list[tuple[float, float]]:
    """Price and offset of each line that the multipliers of a cost make, in order of their prices.

    A demand at which the price jumps has several multipliers, and the same line may be found often.
    """
    prices = table["price"].round(6)
    offsets = (table["cost"] - table["price"] * table.index).round(6)
    return sorted(set(zip(prices, offsets, strict=True)))


# --- envelopes ------------------------------------------------------------------------------------
def envelopes(worth: float, proven: float, too_small: float, too_large: float) -> Axes:
    """How the product of a hit z and its worth w is written linearly. Above: two envelopes for a
    worth below its bound. Below: one that the largest worth needs, for three bounds.

    worth, proven, too_small, too_large: yuan: a worth, the proven bound on all worths, two others.
    """
    _, (above, below) = panels(2, 1, height=2.6, sharex=True)
    z = np.linspace(0, 1, POINTS)
    draw_envelopes(above, z, worth, proven)
    for bound, name, colour, dash in (
        (too_small, "too small", SERIES_COLOURS[0], "--"),
        (proven, "proven", "black", "-"),
        (too_large, "too large", SERIES_COLOURS[2], "-."),
    ):
        allowed = np.minimum(bound * z, proven)
        label = f"bound {bound:.0f}, {name}"
        below.plot(z, allowed, color=colour, linestyle=dash, label=label)
        tell(below, f"With the bound {rounded(bound)} a hit counts {rounded(allowed[-1])} yuan.")
    below.set_title(f"worth {proven:.0f} yuan, one envelope")
    below.set_xlabel("z: 0 is no hit, 1 is a hit")
    below.set_ylabel("χ at most (yuan)")
    legend_above(below)
    return above


def draw_envelopes(axes: Axes, z: np.ndarray, worth: float, proven: float) -> None:
    """The upper panel of `envelopes`: what both allow for χ, and the product at both ends."""
    first, second = proven * z, np.full_like(z, worth)
    axes.fill_between(z, 0, np.minimum(first, second), color=SHADE, label="allowed")
    axes.plot(z, first, color="black", label="bound × z")
    axes.plot(z, second, color="black", linestyle="--", label="worth")
    axes.plot([0, 1], [0, worth], "o", color=HIT, markersize=8, label="z × worth")
    axes.set_title(f"worth {worth:.0f} yuan, bound {proven:.0f}")
    axes.set_ylabel("χ (yuan)")
    legend_above(axes)
    tell(axes, f"Both meet the product: 0 at z = 0 and {rounded(worth)} yuan at z = 1.")


# --- readings -------------------------------------------------------------------------------------
def readings(costs: pd.Series) -> Axes:
    """The cost of the cluster's worst day by who knows what and when, from least to most, 1000
    yuan.

    costs: yuan by reading, in the order of the chapter's proposition.
    """
    axes = new_axes()
    place = np.arange(len(costs))
    thousands = costs / 1000
    left = thousands.min() - 0.08 * (thousands.max() - thousands.min())
    axes.hlines(place, left, thousands, color=PLAIN, linewidth=3)
    for row, (name, cost) in enumerate(thousands.items()):
        state = "alone" if name == "alone" else "together"
        axes.plot(cost, row, "o", color=STATE_COLOURS[state], markersize=10)
        above: dict[str, Any] = {"xytext": (0, 8), "textcoords": "offset points", "ha": "center"}
        axes.annotate(f"{costs[name]:,.0f}", (cost, row), **above)
        tell(axes, f"{name}: {rounded(costs[name])} yuan.")
    axes.set_yticks(place, [str(name).replace(" ", "\n", 1) for name in costs.index])
    axes.set_ylim(len(costs) - 0.5, -0.7)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.set_xlabel("cost of the worst day (1000 yuan)")
    return axes
