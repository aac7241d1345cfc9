"""Results -> pictures. No solving, no reading; each function draws on the Axes it is given and
returns it.

Without Axes a function makes a figure of the page's width. Colours are those of colours.py. What is
drawn is also told in words, for those who cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator
from scipy.spatial import ConvexHull

from vppcore.bargaining.split import BargainResult
from vppcore.cooperation.result import CoalitionResult
from vppcore.game.hour import HourResult
from vppcore.pages import scales
from vppcore.pages.colours import (
    COLOURS,
    DASHES,
    MARKS,
    NAMES,
    SERIES_COLOURS,
    STATE_COLOURS,
    colour_of,
    component_colours,
    component_names,
    item_colour,
    pair_colours,
    plant_colour,
    series_colours,
    vpp_colours,
)
from vppcore.pages.pictures import (
    AS_DRAWN,
    keep_colours,
    rounded,
    show_as_svg,
    table_in_words,
    tell,
)
from vppcore.pages.tables_b import ladder_map
from vppcore.pages.words import amount, counts_hours_of_day, places_for
from vppcore.schedule import DispatchResult

__all__ = ["colour_of", "plant_colour", "vpp_colours"]  # notebooks draw with them too

STYLE = Path(__file__).with_name("style.mplstyle")
BESIDE = 0.15  # hours: how far markers of two VPPs stand apart
LETTER = 0.58  # of the size of a font: how wide a letter is on average
INVISIBLE = 1e-9  # of the largest bar: less is not drawn
UNITS = {
    "electricity": "power (kW)",
    "heat": "heat (kW)",
    "gas": "gas (kW)",
    "carbon": "CO2 (kg/h)",
}


def use_style() -> None:
    """Switches the book's style on for all figures that follow."""
    sns.set_theme(context="notebook")
    plt.rcdefaults()
    plt.style.use(STYLE)
    show_as_svg()


def panels(
    rows: int = 1, columns: int = 1, height: float = 3.4, **options
) -> tuple[Figure, np.ndarray]:
    """A figure of the page's width with a grid of Axes, as a flat array."""
    width = plt.rcParams["figure.figsize"][0]
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, height * rows), squeeze=False, **options
    )
    return figure, axes.ravel()


def new_axes() -> Axes:
    """The Axes of a new figure of the page's width."""
    return panels()[1][0]


def hour_axis(axes: Axes, steps: int) -> None:
    """Names the x axis; ticks at every third hour of a day."""
    is_day = steps == 24 and counts_hours_of_day()
    axes.set_xlabel("hour of the day" if is_day else "step")
    axes.set_xlim(0.3, steps + 0.7)
    if is_day:
        axes.set_xticks(range(1, 25, 3))


def stacked(
    axes: Axes, table: pd.DataFrame, colours: dict[str, str], names: dict[str, str]
) -> None:
    """Bars stacked upwards for positive and downwards for negative values.

    table: a column per thing that is stacked.
    colours: by column.
    names: of columns in the legend; a column without one keeps its own.
    """
    visible = INVISIBLE * table.abs().to_numpy().max(initial=0.0)
    top = np.zeros(len(table))
    bottom = np.zeros(len(table))
    for name in table:
        label = names.get(name, name)
        values = table[name].to_numpy()
        for part, base in ((values.clip(min=0), top), (values.clip(max=0), bottom)):
            if np.abs(part).max(initial=0.0) <= visible:
                continue
            axes.bar(
                table.index,
                part,
                bottom=base,
                label=label,
                color=colours[name],
                edgecolor="0.35",
                linewidth=0.3,
                width=0.85,
            )
            label = None  # one entry in the legend, also where bars stand above and below zero
            base += part
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.use_sticky_edges = False
    axes.margins(y=0.07)
    drawn = table.loc[:, (table.abs() > visible).any()]
    tell(axes, table_in_words(drawn.rename(columns=names), "Stacked bars"))


def balance(
    result: DispatchResult,
    carrier: str = "electricity",
    axes: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Where a VPP's power comes from (up) and goes to (down), with the served load as a line.

    title: of the picture; None for the VPP's name and the carrier.
    Source: paper A Figs 3 and A5.
    """
    axes = axes or new_axes()
    table = result.balances[carrier]
    # called load is given up by customers: it counts as power that comes in, not as a load
    loads = [name for name in result.with_role("load") if name in table]
    called = [name for name in loads if (table[name] > 0).any()]
    loads = [name for name in loads if name not in called]
    rest = table.drop(columns=loads)
    stacked(
        axes,
        rest,
        component_colours(rest, result.kinds),
        component_names(rest, result.kinds),
    )
    if loads:
        served = -table[loads].sum(axis=1)
        label = "load" if called else "load served"
        axes.step(served.index, served, where="mid", color="black", label=label)
        tell(axes, table_in_words(served.to_frame(label), "Line"))
    axes.set_ylabel(UNITS[carrier])
    axes.set_title(title or f"{result.vpp}: {carrier}")
    hour_axis(axes, len(table))
    legend_above(axes)
    return axes


def balances(
    results: Iterable[DispatchResult], carriers: Iterable[str], height: float = 3.2
) -> None:
    """A balance below the other: of each schedule, those of these carriers of which something
    flows.
    """
    wanted = list(carriers)
    drawn = [
        (result, carrier)
        for result in results
        for carrier in wanted
        if carrier in result.balances and result.balances[carrier].to_numpy().any()
    ]
    if not drawn:
        return
    _, places = panels(len(drawn), 1, height=height)
    for (result, carrier), place in zip(drawn, places, strict=True):
        balance(result, carrier, place)


def legend_above(axes: Axes) -> None:
    """A legend over the plot in as many columns as fit, with the title above it: it covers nothing
    and leaves the width to the plot.
    """
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    size = FontProperties(size=plt.rcParams["legend.fontsize"]).get_size_in_points()
    longest = max(len(str(label)) for label in labels)
    room = 72 * plt.rcParams["figure.figsize"][0] - 5 * size
    columns = max(1, min(len(labels), int(room // (LETTER * size * longest + 3.5 * size))))
    rows = -(-len(labels) // columns)
    axes.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        columnspacing=1.2,
        handlelength=1.6,
    )
    title = axes.get_title(loc="left")
    if title:
        axes.set_title(title, pad=9 + rows * 1.55 * size)


def lines(
    table: pd.DataFrame,
    ylabel: str,
    axes: Axes | None = None,
    colours: dict[str, str] | None = None,
    title: str = "",
    steps: bool = False,
) -> Axes:
    """Hourly lines, one per column, told apart by colour and by dash; `steps` draws prices as they
    hold, hour by hour.
    """
    axes = axes or new_axes()
    colours = colours or series_colours(list(table))
    tell(axes, table_in_words(table, ylabel))
    for name, dash in zip(table, DASHES * 4, strict=False):
        axes.plot(
            table.index,
            table[name],
            color=colours.get(name, colour_of(name)),
            linestyle=dash,
            label=name,
            drawstyle="steps-mid" if steps else "default",
        )
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    hour_axis(axes, len(table))
    legend_above(axes)
    return axes


def pair_name(pair: tuple[str, str]) -> str:
    """How figures name a pair: positive values flow to the first."""
    return f"{pair[1]} → {pair[0]}"


def traded(coalition: CoalitionResult, axes: Axes | None = None) -> Axes:
    """Power traded within each pair; up: to the first VPP, down: the other way round (paper A Fig.
    4).
    """
    axes = axes or new_axes()
    pairs = list(coalition.multipliers.columns)
    table = coalition.trades[pairs].set_axis([f"{i} from {j}" for i, j in pairs], axis=1)
    stacked(axes, table, pair_colours(list(table)), {})
    axes.set_ylabel("traded power (kW)\nup: first receives")
    hour_axis(axes, len(table))
    legend_above(axes)
    return axes


def exchange(result: DispatchResult, axes: Axes | None = None) -> Axes:
    """A VPP's trade with each other VPP and with the grid; up: bought, down: sold
    (paper A Fig. 5).
    """
    axes = axes or new_axes()
    table = exchanged(result)
    grids = result.with_role("grid")
    partners = sorted({result.vpp, *table} - set(grids))
    colours = vpp_colours(partners) | {name: COLOURS["grid"] for name in grids}
    stacked(axes, table, colours, {})
    axes.set_ylabel("power (kW)\nup: bought, down: sold")
    axes.set_title(result.vpp)
    hour_axis(axes, len(table))
    legend_above(axes)
    return axes


def exchanged(result: DispatchResult) -> pd.DataFrame:
    """What passes a VPP's connection point, kW: a column per partner and per grid, positive:
    bought.
    """
    columns: dict[str, pd.Series] = {}
    for tie in result.with_role("trade"):
        columns |= dict(result.series[tie].items())
    for grid in result.with_role("grid"):
        columns[grid] = result.balances["electricity"][grid]
    return pd.DataFrame(columns, result.series.index)


def residuals(
    history: pd.DataFrame,
    columns: dict[str, str],
    tolerance: float | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Residuals of a negotiation over iterations, logarithmic; `columns` maps columns to legend
    entries.
    """
    axes = axes or new_axes()
    for (column, name), colour, dash in zip(
        columns.items(), SERIES_COLOURS, ("-", "--", "-."), strict=False
    ):
        axes.semilogy(history.index, history[column], color=colour, linestyle=dash, label=name)
    tell(axes, table_in_words(history[list(columns)].rename(columns=columns), "Residuals"))
    if tolerance is not None:
        axes.axhline(tolerance, color="0.4", linewidth=1, linestyle=":", label="tolerance")
    axes.set_xlabel("iteration")
    axes.set_ylabel("residual")
    axes.legend()
    return axes


def cost_paths(history: pd.DataFrame, names: list[str], axes: Axes | None = None) -> Axes:
    """Each VPP's own cost over the iterations (paper A Fig. A1)."""
    axes = axes or new_axes()
    costs = {name: history[f"cost {name} (yuan)"] for name in names}
    scale = scales.money(*costs.values())
    for name, colour in vpp_colours(names).items():
        own = costs[name]
        axes.plot(history.index, own / scale.size, color=colour, label=name)
        tell(axes, f"{name}'s cost ends at {rounded(own.iloc[-1])} yuan.")
    axes.set_xlabel("iteration")
    axes.set_ylabel(f"own cost ({scale.unit})")
    axes.legend()
    return axes


def prices(result: BargainResult, band: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Hourly prices of each pair inside the grid's band (paper A Fig. 6).

    band: of all pairs, or the widest where tariffs differ; that one has no middle for all.
    """
    axes = axes or new_axes()
    is_one = result.is_band_of_all(band)
    name = "grid's price band" if is_one else "from least feed-in to dearest purchase"
    axes.fill_between(band.index, band["low"], band["high"], step="mid", color="0.9", label=name)
    if is_one:
        axes.step(
            band.index,
            band["mid"],
            where="mid",
            color="0.6",
            linewidth=1,
            linestyle=":",
            label="mid-market",
        )
    names = {pair: " – ".join(pair) for pair in result.prices}
    colours = pair_colours(list(names))
    for (pair, series), mark in zip(result.prices.items(), MARKS, strict=False):
        colour, name = colours[pair], names[pair]
        axes.plot(series.index, series, mark, color=colour, markersize=5, label=name)
    priced = result.prices.set_axis(list(names.values()), axis=1)
    tell(axes, table_in_words(priced, "Prices (yuan/kWh)"))
    axes.set_ylabel("price (yuan/kWh)")
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]) if band["low"].min() < 0 else 0.0)
    hour_axis(axes, len(band))
    legend_above(axes)
    return axes


def before_and_after(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Each VPP's cost alone and after cooperation and payments, with its gain (paper A Table 1 as
    a picture).
    """
    axes = axes or new_axes()
    scale = scales.money(table[["alone", "after"]])
    places = max(0, places_for(table["gain"].abs().max()))
    place = np.arange(len(table))
    for shift, column, state, label in (
        (-0.2, "alone", "alone", "alone"),
        (0.2, "after", "together", "in the coalition"),
    ):
        colour = STATE_COLOURS[state]
        axes.bar(place + shift, table[column] / scale.size, 0.38, color=colour, label=label)
    for name, row in table.iterrows():
        costs = f"{rounded(row['alone'])} yuan alone, {rounded(row['after'])} in the coalition"
        tell(axes, f"{name}: {costs}.")
    for x, (after, gain) in enumerate(zip(table["after"], table["gain"], strict=True)):
        axes.annotate(
            amount(gain, places),
            (x + 0.2, max(after, 0) / scale.size),
            ha="center",
            va="bottom",
            fontsize=9,
        )
    axes.set_xticks(place, table.index)
    axes.set_ylabel(f"cost ({scale.unit})")
    legend_above(axes)
    return axes


def saving_by_item(items: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """What each cost item falls (up) or rises (down) by when VPPs cooperate; the sum as a mark.

    items: as `cooperation.savings.saving_by_item` makes it, a bar for each of its columns.
    """
    axes = axes or new_axes()
    scale = scales.money(items)
    table = items.drop(index="total").T / scale.size
    colours = {item: item_colour(item) for item in table}
    stacked(axes, table, colours, {})
    axes.plot(
        table.index, items.loc["total"] / scale.size, "D", color="black", label="saved in all"
    )
    total = items.loc["total"].to_frame("saved in all")
    tell(axes, table_in_words(total, "Marks (yuan)"))
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.set_ylabel(f"{scale.unit}\nup: saved, down: spent more")
    legend_above(axes)
    return axes


def region(vertices: pd.DataFrame, plain: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Supplied power against heat: the region with P2G and CCS around that of the plain CHP unit
    (paper A (14)).
    """
    axes = axes or new_axes()
    for points, colour, dash, name in (
        (vertices, COLOURS["chp_p2g_ccs"], "-", "with P2G and CCS"),
        (plain, SERIES_COLOURS[0], "--", "plain CHP"),
    ):
        corners = points[["heat", "supplied"]].to_numpy()
        tell(axes, table_in_words(points[["heat", "supplied"]], f"Corners, {name} (kW)"))
        ring = corners[ConvexHull(corners).vertices]
        axes.fill(
            ring[:, 0],
            ring[:, 1],
            facecolor=to_rgba(colour, 0.18),
            edgecolor=colour,
            linestyle=dash,
            linewidth=1.8,
            label=name,
        )
    axes.set_xlabel("heat (kW)")
    axes.set_ylabel("supplied power (kW)")
    axes.legend()
    return axes


def region_in_space(vertices: pd.DataFrame, axes) -> None:
    """The coupled region of supplied power, heat and net gas as a body; `axes` is
    three-dimensional.
    """
    corners = vertices[["heat", "supplied", "net gas"]].to_numpy()
    hull = ConvexHull(corners, qhull_options="QJ")
    axes.plot_trisurf(
        *corners.T,
        triangles=hull.simplices,
        color=COLOURS["chp_p2g_ccs"],
        alpha=0.35,
        edgecolor="0.3",
        linewidth=0.4,
    )
    axes.view_init(elev=18, azim=-60)
    for set_label, set_ticks, values, name in (
        (axes.set_xlabel, axes.set_xticks, corners[:, 0], "heat (MW)"),
        (axes.set_ylabel, axes.set_yticks, corners[:, 1], "supplied (MW)"),
        (axes.set_zlabel, axes.set_zticks, corners[:, 2], "net gas (MW)"),
    ):
        ticks = np.linspace(0, np.ceil(values.max() / 1000) * 1000, 4)
        set_ticks(ticks, [f"{tick / 1000:.1f}" for tick in ticks])
        set_label(name)
    axes.set_box_aspect(None, zoom=0.85)


def regions(vertices: pd.DataFrame, plain: pd.DataFrame) -> None:
    """The coupled region of a CHP unit twice: power against heat above, and with gas as a body."""
    width = plt.rcParams["figure.figsize"][0]
    figure = plt.figure(figsize=(width, 1.25 * width))
    region(vertices, plain, figure.add_subplot(2, 1, 1))
    region_in_space(vertices, figure.add_subplot(2, 1, 2, projection="3d"))


def worst_days(tables: dict[str, pd.DataFrame], named: dict[str, list[int]]) -> None:
    """Forecast and worst case of each series of a day, one below the other.

    tables: series -> columns "forecast" and "worst case", kW. named: series -> steps on grey
    ground.
    """
    if not tables:
        return
    _, places = panels(len(tables), 1, height=2.7)
    for (series, table), place in zip(tables.items(), places, strict=True):
        steps = named.get(series, [])
        label = f"{NAMES.get(series, series)} (kW)"
        worst_day(table["forecast"], table["worst case"], steps, label, place)


def worst_day(
    forecast: pd.Series, worst: pd.Series, named: list[int], ylabel: str, axes: Axes | None = None
) -> Axes:
    """A forecast and its worst case by step; bars mark the hits, grey ground the steps that the
    paper names (A Fig. 7).
    """
    axes = axes or new_axes()
    for k, step in enumerate(named):
        axes.axvspan(
            step - 0.5,
            step + 0.5,
            color="0.92",
            zorder=0,
            label=None if k else "named by the paper",
        )
    axes.bar(
        forecast.index,
        worst - forecast,
        bottom=forecast,
        width=0.85,
        color=STATE_COLOURS["worst case"],
        alpha=0.35,
        label="deviation",
    )
    for day, name, dash in ((forecast, "forecast", "-"), (worst, "worst case", "--")):
        colour = STATE_COLOURS[name]
        axes.step(day.index, day, where="mid", color=colour, linestyle=dash, label=name)
    drawn = pd.DataFrame({"forecast": forecast, "worst case": worst})
    hit = ", ".join(str(step) for step in forecast.index[(worst - forecast).abs() > 0])
    tell(axes, table_in_words(drawn, ylabel), f"Deviations at {hit}." if hit else "No deviation.")
    axes.set_ylabel(ylabel)
    axes.set_ylim(0, 1.07 * max(forecast.max(), worst.max()) or 1)
    hour_axis(axes, len(forecast))
    legend_above(axes)
    return axes


def levels(
    table: pd.DataFrame, published: pd.DataFrame | None = None, axes: Axes | None = None
) -> Axes:
    """Worst-case cost alone and together by uncertainty level; the paper's points as open markers
    (A Fig. 8).

    published: columns level, mode ("alone" or "together") and yuan.
    """
    axes = axes or new_axes()
    scale = scales.money(table[["alone", "together"]])
    for mode, colour, dash, mark in (
        ("alone", STATE_COLOURS["alone"], "-", "o"),
        ("together", STATE_COLOURS["together"], "--", "s"),
    ):
        cost = table[mode] / scale.size
        axes.plot(table.index, cost, color=colour, linestyle=dash, marker=mark, label=mode)
        tell(axes, table_in_words(table[[mode]], "Worst-case cost (yuan)"))
        if published is not None:
            points = published[published["mode"] == mode]
            axes.plot(
                points["level"],
                points["yuan"] / scale.size,
                mark,
                markersize=10,
                markerfacecolor="none",
                markeredgecolor=colour,
                markeredgewidth=1.8,
                label=f"paper, {mode}",
            )
    axes.set_xlabel("uncertainty level (steps of load and wind that may deviate)")
    axes.set_ylabel(f"worst-case cost ({scale.unit})")
    legend_above(axes)
    return axes


def savings(
    tables: dict[str, pd.DataFrame], first: Axes | None = None, second: Axes | None = None
) -> Axes:
    """What cooperation saves by uncertainty level, a line per case: in money on the first Axes,
    in percent of the cost alone on the second, which is returned."""
    if first is None or second is None:
        first, second = panels(2, 1, height=2.6)[1]
    scale = scales.money(*(table["saving"] for table in tables.values()))
    for (name, table), colour, dash, mark in zip(
        tables.items(), SERIES_COLOURS, ("-", "--", "-."), "os^", strict=False
    ):
        for axes, values in ((first, table["saving"] / scale.size), (second, table["saving (%)"])):
            axes.plot(table.index, values, color=colour, linestyle=dash, marker=mark, label=name)
            tell(axes, table_in_words(values.to_frame(values.name), name))
    labels = ((first, f"saving ({scale.unit})"), (second, "saving (% of the cost alone)"))
    for axes, label in labels:
        axes.set_xlabel("uncertainty level")
        axes.set_xticks(sorted({level for table in tables.values() for level in table.index}))
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0)
    second.legend(loc="lower right")
    return second


def bounds(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Lower and upper bound of column-and-constraint generation over iterations."""
    axes = axes or new_axes()
    scale = scales.money(table[["upper", "lower"]])
    for bound, mark, dash, label in (
        ("upper", "v", "-", "upper bound: guaranteed so far"),
        ("lower", "^", "--", "lower bound: days found so far"),
    ):
        values = table[bound] / scale.size
        axes.plot(table.index, values, "k", marker=mark, linestyle=dash, label=label)
    tell(axes, table_in_words(table[["upper", "lower"]], "Bounds (yuan)"))
    axes.set_xlabel("iteration")
    axes.set_xticks(table.index)
    axes.set_ylabel(f"cost ({scale.unit})")
    axes.legend()
    return axes


def distributions(costs: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Share of days that cost at most so much, a curve per schedule."""
    axes = axes or new_axes()
    scale = scales.money(costs)
    share = (np.arange(len(costs)) + 1) / len(costs)
    tell(axes, table_in_words(costs, "Cost (yuan), by day"))
    colours = series_colours(list(costs))
    for (name, colour), dash in zip(colours.items(), DASHES * 2, strict=False):
        axes.plot(
            np.sort(costs[name]) / scale.size, share, color=colour, linestyle=dash, label=name
        )
    axes.axhline(0.95, color="0.6", linewidth=1)
    axes.set_xlabel(f"cost of the cluster ({scale.unit})")
    axes.set_ylabel("share of days at most")
    legend_above(axes)
    return axes


def enlarge_tail(axes: Axes, costs: pd.DataFrame) -> None:
    """Only the costliest tenth of the days, or a little more. axes: as `distributions` draws."""
    size = scales.money(costs).size
    axes.set_xlim(costs.quantile(0.89).min() / size, costs.max().max() / size)


def game_prices(
    prices: pd.DataFrame,
    band: pd.DataFrame,
    axes: Axes | None = None,
    colours: dict[str, str] | None = None,
) -> Axes:
    """Price of each seller by step between the lowest price allowed and the grid's purchase price
    (paper B Fig. 7).

    band: columns low and high, yuan/kWh.
    colours: of the VPPs, each with its own mark; by their place in the table by default.
    """
    axes = axes or new_axes()
    tell(axes, table_in_words(prices, "Prices (yuan/kWh)"))
    colours = colours or vpp_colours(list(prices))
    marks = dict(zip(colours, MARKS * len(colours), strict=False))
    axes.fill_between(
        band.index, band["low"], band["high"], step="mid", color="0.9", label="allowed and accepted"
    )
    places = dict(zip(colours, BESIDE * np.arange(len(colours)), strict=True))
    middle = BESIDE * (len(colours) - 1) / 2
    for name in prices:
        hours = prices.index + places[name] - middle  # equal prices stand beside each other
        axes.plot(hours, prices[name], marks[name], color=colours[name], markersize=5, label=name)
    axes.set_ylabel("price (yuan/kWh)")
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]) if band["low"].min() < 0 else 0.0)
    hour_axis(axes, len(prices))
    legend_above(axes)
    return axes


def shares(
    parts: pd.DataFrame,
    ylabel: str,
    axes: Axes | None = None,
    colours: dict[str, str] | None = None,
) -> Axes:
    """Parts of a whole by step as stacked bars, one colour per VPP (paper B Fig. 8)."""
    axes = axes or new_axes()
    stacked(axes, parts.fillna(0.0), colours or vpp_colours(list(parts)), {})
    axes.set_ylabel(ylabel)
    axes.set_ylim(0, 1.05)
    hour_axis(axes, len(parts))
    legend_above(axes)
    return axes


def curves(
    table: pd.DataFrame,
    xlabel: str,
    ylabel: str,
    axes: Axes | None = None,
    title: str = "",
    colours: dict[str, str] | None = None,
) -> Axes:
    """Lines over the table's index, one per column, told apart by colour and by dash."""
    axes = axes or new_axes()
    tell(axes, table_in_words(table, f"{ylabel}, over {xlabel}"))
    colours = colours or series_colours(list(table))
    for name, dash in zip(table, DASHES * 4, strict=False):
        axes.plot(table.index, table[name], color=colours[name], linestyle=dash, label=name)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.legend()
    return axes


def surface(
    table: pd.DataFrame, label: str, axes: Axes | None = None, precision: str = ",.0f"
) -> Axes:
    """A table of numbers as a coloured map with the numbers written in; index and columns name the
    axes.
    """
    axes = axes or new_axes()
    shown = table.set_axis([f"{name:g}" for name in table.index]).set_axis(
        [f"{name:g}" for name in table], axis=1
    )
    sns.heatmap(
        shown,
        ax=axes,
        cmap="cividis",
        annot=True,
        fmt=precision,
        cbar_kws={"label": label},
        linewidths=0.5,
        annot_kws={"fontsize": 8},
    )
    axes.invert_yaxis()
    axes.tick_params(axis="both", length=0)
    mesh = axes.collections[0]
    keep_colours(mesh, *axes.texts)
    for bar in filter(None, [mesh.colorbar]):
        for colours in filter(None, [bar.solids]):
            colours.set_rasterized(True)  # a smooth run of colours is no line drawing
            colours.set_gid(AS_DRAWN)
    tell(axes, table_in_words(shown, f"Map of {label}"))
    return axes


def grouped_bars(table: pd.DataFrame, ylabel: str, axes: Axes | None = None) -> Axes:
    """A group of bars per row, a bar per column."""
    axes = axes or new_axes()
    place, width = np.arange(len(table)), 0.8 / len(table.columns)
    tell(axes, table_in_words(table, ylabel))
    for k, (name, colour) in enumerate(series_colours(list(table)).items()):
        axes.bar(
            place + (k - (len(table.columns) - 1) / 2) * width,
            table[name],
            0.92 * width,
            color=colour,
            label=name,
        )
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.set_xticks(place, table.index)
    axes.set_ylabel(ylabel)
    legend_above(axes)
    return axes


def gains(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """What each VPP gains, a group of bars for each, a bar per column. table: yuan."""
    scale = scales.money(table)
    return grouped_bars(table / scale.size, f"gain ({scale.unit})", axes)


def voltage_range(
    voltages: dict[str, pd.DataFrame], low: float, high: float, axes: Axes | None = None
) -> Axes:
    """Lowest and highest voltage of each bus over all steps, per unit: a band per entry, with the
    allowed limits.
    """
    axes = axes or new_axes()
    colours = series_colours(list(voltages))
    for (name, table), colour, hatch in zip(
        voltages.items(), colours.values(), ("", "//", "..", "xx"), strict=False
    ):
        lowest, highest = table.min(), table.max()
        tell(
            axes,
            f"{name}: lowest {lowest.min():.3f} at bus {lowest.idxmin()}, "
            f"highest {highest.max():.3f} at bus {highest.idxmax()}.",
        )
        place = np.arange(len(table.columns))
        axes.fill_between(
            place,
            lowest,
            highest,
            step="mid",
            facecolor=to_rgba(colour, 0.25),
            edgecolor=colour,
            hatch=hatch,
            label=name,
        )
    for limit in (low, high):
        axes.axhline(limit, color="0.3", linewidth=1, linestyle="--")
    axes.set_xticks(place[::4], [str(bus) for bus in table.columns[::4]])
    axes.set_xlabel("bus")
    axes.set_ylabel("voltage (per unit)")
    legend_above(axes)
    return axes


def plants(tables: dict[str, pd.DataFrame]) -> Figure:
    """Available power of each plant over the day, MW: a small panel for each VPP."""
    figure, places = panels(len(tables), 1, height=1.9)
    for (vpp, table), place in zip(tables.items(), places, strict=True):
        colours = {name: plant_colour(name) for name in table}
        lines(table, "MW", place, colours=colours, title=vpp)
    return figure


def balances_of(
    schedules: dict[str, DispatchResult], height: float, carrier: str = "electricity"
) -> None:
    """The balance of one carrier for each VPP, one panel below the other."""
    if not schedules:
        return
    _, places = panels(len(schedules), 1, height=height)
    for result, place in zip(schedules.values(), places, strict=True):
        balance(result, carrier, place)


def ladder_maps(swept: pd.DataFrame, price: float, interval: float) -> None:
    """Emission and total cost by growth of the ladder and its base price (above) or interval
    (below).

    swept: a row per ladder, prices in yuan/t, intervals in t.
    price, interval: what is held fixed in the lower and in the upper row.
    """
    _, places = panels(2, 2, height=3.0)
    rows = (
        ("price", "base price (yuan/t)", "interval", interval),
        ("interval", "interval (t)", "price", price),
    )
    scale = scales.money(swept["total"])
    columns = (
        ("emission", "emission (t)", scales.THOUSAND),
        ("total", f"total cost ({scale.unit})", scale.size),
    )
    place = iter(places)
    for row, label, fixed, at in rows:
        for column, text, size in columns:
            axes = next(place)
            surface(ladder_map(swept, column, row, fixed, at) / size, text, axes, ",.1f")
            axes.set(xlabel="growth", ylabel=label)


def convergence(shown: HourResult, names: list[str] | None = None, iterations: int = 40) -> None:
    """How an hour's game comes to rest: probabilities of the first round, prices round by round.

    names: of all VPPs of the case, which give the colours; the sellers alone by default.
    iterations: of the replicator that are shown.
    Source: paper B Fig. 9 shows the probabilities.
    """
    _, (left, right) = panels(2, 1, height=2.7)
    first = shown.evolution.head(iterations)
    colours = vpp_colours(names or list(shown.prices.index))
    title = "buyers, at the first prices"
    curves(first, "iteration of the replicator", "probability", left, title, colours)
    label = "round of the price loop"
    curves(shown.path, label, "price (yuan/kWh)", right, "sellers", colours)
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
