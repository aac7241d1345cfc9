"""Pictures of the bargaining chapter: who gains what, who pays whom, at which prices. No solving.

Each function draws on the Axes that it makes and returns one of them. Yuan, yuan/kWh; a payment of
the pair (i, j) is positive where i pays; theta is a pair's position in the price band.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.spatial import ConvexHull

from vppcore.bargaining.deal import Deal, VppPair
from vppcore.bargaining.split import BargainResult
from vppcore.pages.colours import SERIES_COLOURS, pair_colours, vpp_colours
from vppcore.pages.figures import hour_axis, legend_above, new_axes, panels
from vppcore.pages.pictures import rounded, table_in_words, tell

SHADE = "0.90"  # of what is possible
GREY = "0.45"
EQUAL, WEIGHTED = SERIES_COLOURS[0], SERIES_COLOURS[2]  # the two rules
POINTS = 200  # of a curve


# --- the set of two -------------------------------------------------------------------------------
def bargaining_set(deal: Deal) -> Axes:
    """What two VPPs may gain over their costs alone, and which point two rules choose: Nash's, with
    equal weights, and the weights of the deal. Each curve is where the rule's product of gains is
    as large as at its point; it touches the line on which the whole saving is shared.

    Source: Nash (1950), Fig. 1.
    """
    _, (axes,) = panels(height=4.4)
    first, second = deal.names
    saving = deal.saving
    axes.fill([0, saving, 0], [0, 0, saving], facecolor=SHADE, label="better for both")
    axes.plot([0, saving], [saving, 0], color="black", label="whole saving shared")
    axes.plot(0, 0, "s", color="black", clip_on=False, label="disagreement point")
    own = deal.weights.to_numpy(float)
    for weights, name, colour, dash, mark in (
        (np.array([0.5, 0.5]), "equal weights", EQUAL, "--", "o"),
        (own, "weights by contribution", WEIGHTED, "-.", "D"),
    ):
        x, y = same_product(weights, saving)
        axes.plot(x, y, color=colour, linestyle=dash)
        gains = weights * saving
        axes.plot(*gains, mark, color=colour, markersize=8, label=name)
        tell(axes, f"{name}: {first} gains {rounded(gains[0])}, {second} {rounded(gains[1])} yuan.")
    axes.set_xlim(0, 1.05 * saving)
    axes.set_ylim(0, 1.05 * saving)
    axes.set_xlabel(f"gain of {first} (yuan)")
    axes.set_ylabel(f"gain of {second} (yuan)")
    axes.set_aspect("equal")
    legend_above(axes)
    return axes


def same_product(weights: np.ndarray, saving: float) -> tuple[np.ndarray, np.ndarray]:
    """Gains with the weighted product of those at weights * saving, as the two coordinates."""
    x = np.geomspace(saving / POINTS, 2 * saving, POINTS)
    product_there = np.prod((weights * saving) ** weights)
    return x, (product_there / x ** weights[0]) ** (1 / weights[1])


# --- payments -------------------------------------------------------------------------------------
def payments_of(deal: Deal, split: BargainResult) -> pd.Series:
    """What the first of each pair pays to the second over the horizon, yuan."""
    paid = {}
    for pair, trade in deal.trade.items():
        price = split.prices[pair].fillna(0.0).to_numpy()
        paid[pair] = float(deal.step_hours * trade @ price)
    return pd.Series(paid)


def corners(count: int) -> np.ndarray:
    """Places of VPPs on a circle, the first at its top `(count, 2)`."""
    angle = np.pi / 2 - 2 * np.pi * np.arange(count) / count
    return np.column_stack([1.3 * np.cos(angle), np.sin(angle)])


def payments(deal: Deal, split: BargainResult) -> Axes:
    """Who pays whom: an arrow for each pair that trades, as wide as the payment is large. Below
    each VPP what it saves before payments, and what it gains in the end.
    """
    axes = new_axes()
    places = dict(zip(deal.names, corners(len(deal.names)), strict=True))
    paid = payments_of(deal, split)
    largest = max(float(paid.abs().max()), 1e-9)
    for (i, j), amount in paid.items():
        if amount:
            payer, paid_to = (i, j) if amount > 0 else (j, i)
            draw_payment(axes, places[payer], places[paid_to], abs(amount), largest)
            tell(axes, f"{payer} pays {rounded(abs(amount))} yuan to {paid_to}.")
    before = split.table["alone"] - split.table["with trades"]
    for name, colour in vpp_colours(deal.names).items():
        draw_vpp(axes, places[name], name, colour, before[name], split.gains[name])
    axes.set_axis_off()
    axes.set_xlim(-2.1, 2.1)
    axes.set_ylim(-1.0, 1.45)
    return axes


def draw_payment(
    axes: Axes, start: np.ndarray, end: np.ndarray, amount: float, largest: float
) -> None:
    """One arrow of `payments`, with the amount on it."""
    way = end - start
    axes.annotate(
        "",
        xy=start + 0.78 * way,
        xytext=start + 0.22 * way,
        arrowprops={
            "arrowstyle": "-|>,head_length=0.7,head_width=0.4",
            "linewidth": 1.0 + 6.0 * amount / largest,
            "color": GREY,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
    x, y = start + 0.5 * way
    axes.text(
        x,
        y,
        f"{amount:,.0f} yuan",
        ha="center",
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )


def draw_vpp(
    axes: Axes, place: np.ndarray, name: str, colour: str, before: float, gain: float
) -> None:
    """One VPP of `payments`: its name on a disc, its money below."""
    x, y = place
    axes.plot(x, y, "o", color=colour, markersize=15)
    axes.text(x, y + 0.2, name, ha="center", va="bottom", weight="bold", color=colour)
    words = f"saves {before:,.0f}\ngains {gain:,.0f}".replace("-", "−")
    left = x < -1e-9
    axes.text(
        x - 0.22 if left else x + 0.22,
        y,
        words,
        ha="right" if left else "left",
        va="center",
        fontsize=9,
    )
    tell(axes, f"{name} saves {rounded(before)} yuan before payments and gains {rounded(gain)}.")


# --- weights --------------------------------------------------------------------------------------
def weight_curves(energy: pd.DataFrame) -> Axes:
    """How much bargaining power energy brings: one curve for what is supplied, one for what is
    received, each over its share in the largest; marks: the VPPs on both. Their sum is d.

    energy: kWh, a row per VPP, columns supplied and received, as `supplied_and_received` makes it.
    """
    axes = new_axes()
    share = np.linspace(0, 1, POINTS)
    curves = {
        "supplied": (lambda x: np.exp(x) - 1, "-", "o"),
        "received": (lambda x: 1 - np.exp(-x), "--", "s"),
    }
    for column, (curve, dash, _) in curves.items():
        label = f"{column} ({'round' if column == 'supplied' else 'square'} marks)"
        axes.plot(share, curve(share), color="black", linestyle=dash, label=label)
    relative = energy / energy.max()
    for name, colour in vpp_colours(list(energy.index)).items():
        for column, (curve, _, mark) in curves.items():
            there = relative.loc[name, column]
            label = name if column == "supplied" else "_"  # one entry in the legend
            axes.plot(there, curve(there), mark, color=colour, markersize=8, label=label)
        power = np.exp(relative.loc[name, "supplied"]) - np.exp(-relative.loc[name, "received"])
        tell(axes, f"d of {name}: {rounded(power)}.")
    axes.set_xlabel("energy, as a share of the largest")
    axes.set_ylabel("part of d")
    legend_above(axes)
    return axes


# --- prices in the band ---------------------------------------------------------------------------
def theta_handle(deal: Deal, split: BargainResult) -> Axes:
    """The prices of the pair that moves most energy in the grid's band (above), and where in the
    band each pair stands (below): one number, from one edge to the other.
    """
    _, (above, below) = panels(2, 1, height=2.35, height_ratios=[2.2, 1])
    pair = deal.pairs[int(np.argmax(deal.room))]
    theta = float(split.position[pair])
    draw_band(above, deal, pair, theta)
    draw_handle(below, split.position.dropna())
    return above


def draw_band(axes: Axes, deal: Deal, pair: VppPair, theta: float) -> None:
    """The band, its middle, the two lines at theta on either side, and the prices."""
    band, trade = deal.band_of(pair), deal.trade[pair]
    edges = np.arange(len(band) + 1) + 0.5
    axes.stairs(band["high"], edges, baseline=band["low"], fill=True, color=SHADE, label="band")
    axes.stairs(band["mid"], edges, baseline=None, color=GREY, linestyle=":", label="middle")
    price = band["mid"] + theta * np.sign(trade) * band["half"]
    for receives, mark in ((True, "^"), (False, "v")):
        hours = (trade > 0) if receives else (trade < 0)
        word = "receives" if receives else "delivers"
        axes.plot(
            band.index[hours],
            price[hours],
            mark,
            color=pair_colours(deal.pairs)[pair],
            markersize=6,
            label=f"{pair[0]} {word}",
        )
    axes.set_title(" – ".join(pair))
    axes.set_ylabel("price (yuan/kWh)")
    axes.set_ylim(min(0.0, 1.07 * band["low"].min()), 1.07 * max(0.0, band["high"].max()))
    hour_axis(axes, len(band))
    legend_above(axes)
    tell(axes, table_in_words(price[trade != 0].to_frame("price"), "Price (yuan/kWh)"))


def draw_handle(axes: Axes, position: pd.Series) -> None:
    """A line from one edge of the band to the other, with a mark for each pair."""
    colours = pair_colours(list(position.index))
    for row, ((first, second), theta) in enumerate(position.items()):
        axes.plot([-1, 1], [row, row], color="0.7", linewidth=3, solid_capstyle="round")
        axes.plot(theta, row, "o", color=colours[first, second], markersize=11)
        axes.text(-1.05, row, f"{first} ", ha="right", va="center", fontsize=9)
        axes.text(1.05, row, f" {second}", ha="left", va="center", fontsize=9)
        tell(axes, f"theta of {first} and {second}: {theta:.2f}.".replace("-", "−"))
    axes.set_xlim(-1.5, 1.5)
    axes.set_ylim(len(position) - 0.5, -0.6)
    axes.set_xticks([-1, 0, 1], ["−1", "0", "1"])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("theta: whom the prices favour")


def reachable(deal: Deal, split: BargainResult) -> Axes:
    """Which gains of three VPPs prices in the band can make (shaded), among those that leave
    everybody better off than alone (outlined): gains of the first two, the third has the rest.
    """
    axes = new_axes()
    first, second = deal.names[:2]
    saving = deal.saving / 1000
    ring = hexagon(deal) / 1000
    axes.fill(*ring.T, facecolor=SHADE, edgecolor=GREY, linewidth=1, label="prices in the band")
    triangle = np.array([[0, 0], [saving, 0], [0, saving], [0, 0]])
    axes.plot(*triangle.T, color="black", label="nobody loses")
    for gains, mark, colour, name in (
        (deal.gains_at_mid, "s", GREY, "mid-market"),
        (deal.shares, "D", WEIGHTED, "by the weights"),
        (split.gains.to_numpy(float), "o", "black", "agreed"),
    ):
        filled = "none" if name == "agreed" else colour
        axes.plot(
            *gains[:2] / 1000,
            mark,
            color=colour,
            markerfacecolor=filled,
            markersize=13 if name == "agreed" else 7,
            label=name,
        )
        said = ", ".join(
            f"{who} {rounded(gain)}" for who, gain in zip(deal.names, gains, strict=True)
        )
        tell(axes, f"Gains, {name} (yuan): {said}.")
    axes.set_xlabel(f"gain of {first} (1000 yuan)")
    axes.set_ylabel(f"gain of {second} (1000 yuan)")
    legend_above(axes)
    return axes


def hexagon(deal: Deal) -> np.ndarray:
    """The corners of the gains of the first two VPPs that prices in the band can make, yuan."""
    ends = product((-1.0, 1.0), repeat=len(deal.pairs))
    gains = np.array([deal.gains(np.array(theta))[:2] for theta in ends])
    if np.linalg.matrix_rank(gains - gains.mean(axis=0)) < 2:
        return gains  # one pair alone moves money: a line
    return gains[ConvexHull(gains).vertices]


def bare_name(name: str) -> str:
    """The name of a set of trades without a remark in brackets.

    >>> bare_name("negotiated (this page)")
    'negotiated'
    """
    return name.partition(" (")[0]


def firmness(gains: pd.DataFrame) -> Axes:
    """The same saving split by the weights of several optimal sets of trades: a group of bars for
    each set, a bar for each VPP, 1000 yuan.

    gains: yuan, a row per set, a column per VPP.
    """
    axes = new_axes()
    place = np.arange(len(gains))
    width = 0.8 / len(gains.columns)
    for k, (name, colour) in enumerate(vpp_colours(list(gains)).items()):
        shift = (k - (len(gains.columns) - 1) / 2) * width
        axes.barh(place + shift, gains[name] / 1000, 0.92 * width, color=colour, label=name)
    axes.set_yticks(place, [str(name).replace(", ", ",\n") for name in gains.index])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.set_xlabel("gain (1000 yuan)")
    tell(axes, table_in_words(gains, "Gains (yuan)"))
    legend_above(axes)
    return axes
