"""Results -> pictures. No solving, no reading; each function draws on the Axes it is given and returns it.

A component has one colour in every figure of the book (Okabe and Ito's palette, readable for the colour-blind).
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from scipy.spatial import ConvexHull

from vppcore.bargaining.split import BargainResult
from vppcore.cooperation.result import CoalitionResult
from vppcore.schedule import DispatchResult

STYLE = Path(__file__).with_name("style.mplstyle")
COLOURS = {
    "wind": "#56B4E9",
    "pv": "#F0E442",
    "gas_turbine": "#D55E00",
    "chp_p2g_ccs": "#D55E00",
    "boiler": "#CC79A7",
    "battery": "#009E73",
    "grid": "#7F7F7F",
    "gas_supply": "#7F7F7F",
    "tie": "#0072B2",
    "electric_load": "#000000",
    "heat_load": "#000000",
    "renewable": "#56B4E9",
    "micro_turbine": "#D55E00",
    "controllable_load": "#CC79A7",
    "power_market": "#0072B2",
    "carbon_market": "#7F7F7F",
}
VPP_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#7F7F7F",
    "#F0E442",
)
NAMES = {
    "wind": "wind",
    "pv": "photovoltaics",
    "gas_turbine": "gas turbine",
    "chp_p2g_ccs": "CHP (supplied)",
    "boiler": "boiler",
    "battery": "battery",
    "grid": "grid",
    "tie": "other VPPs",
    "gas_supply": "gas network",
    "micro_turbine": "micro-turbine",
    "controllable_load": "called load",
    "electric_load": "load",
    "heat_load": "heat load",
    "carbon_market": "carbon market",
}
UNITS = {
    "electricity": "power (kW)",
    "heat": "heat (kW)",
    "gas": "gas (kW)",
    "carbon": "CO2 (kg/h)",
}
SPARE = ("#E69F00", "#999933", "#882255", "#44AA99")
_FILL = "#BBBBBB"


def use_style() -> None:
    """Switches the book's style on for all figures that follow."""
    sns.set_theme(context="notebook")
    plt.rcdefaults()
    plt.style.use(STYLE)


def panels(
    rows: int = 1, columns: int = 1, height: float = 3.4, **options
) -> tuple[Figure, np.ndarray]:
    """A figure of the page's width with a grid of Axes, as a flat array."""
    width = plt.rcParams["figure.figsize"][0] * (1.0 if columns < 3 else 1.35)
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, height * rows), squeeze=False, **options
    )
    return figure, axes.ravel()


def colour_of(name: str) -> str:
    """The colour of a component (or of one labelled by the reader)."""
    return COLOURS.get(name, SPARE[sum(map(ord, name)) % len(SPARE)])


def plant_colour(name: str) -> str:
    """The colour of a plant's line: photovoltaics in a yellow that can be read on white."""
    return "#B8860B" if name == "pv" else colour_of(name)


def vpp_colours(names: list[str]) -> dict[str, str]:
    """One colour per VPP, by position."""
    return {name: VPP_COLOURS[k % len(VPP_COLOURS)] for k, name in enumerate(names)}


def hour_axis(axes: Axes, steps: int) -> None:
    """Names the x axis; ticks at every third hour of a day."""
    axes.set_xlabel("hour of the day" if steps == 24 else "step")
    axes.set_xlim(0.3, steps + 0.7)
    if steps == 24:
        axes.set_xticks(range(1, 25, 3))


def stacked(
    axes: Axes, table: pd.DataFrame, colours: dict[str, str], names: dict[str, str]
) -> None:
    """Bars stacked upwards for positive and downwards for negative values, one colour per column."""
    top, bottom = np.zeros(len(table)), np.zeros(len(table))
    for name in table:
        values, shown = table[name].to_numpy(), False
        for part, base in ((values.clip(min=0), top), (values.clip(max=0), bottom)):
            if np.abs(part).max() > 1e-6:
                axes.bar(
                    table.index,
                    part,
                    bottom=base,
                    color=colours[name],
                    width=0.85,
                    edgecolor="0.35",
                    linewidth=0.3,
                    label=None if shown else names.get(name, name),
                )
                shown = True
                base += part
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.use_sticky_edges = False
    axes.margins(y=0.07)


def balance(result: DispatchResult, carrier: str = "electricity", axes: Axes | None = None) -> Axes:
    """Where a VPP's power comes from (up) and goes to (down), with the served load as a line (paper A Figs 3, A5)."""
    axes = axes or panels()[1][0]
    table = result.balances[carrier]
    load = [name for name in table if name.endswith("_load") and name != "controllable_load"]
    rest = table.drop(columns=load)
    stacked(axes, rest, {name: colour_of(name) for name in rest}, NAMES)
    if load:
        served = -table[load].sum(axis=1)
        axes.step(
            served.index,
            served,
            where="mid",
            color="black",
            label="load" if "controllable_load" in table else "load served",
        )
    axes.set_ylabel(UNITS[carrier])
    axes.set_title(f"{result.vpp}: {carrier}")
    hour_axis(axes, len(table))
    legend_beside(axes)
    return axes


def legend_beside(axes: Axes) -> None:
    """A legend to the right of the plot, where it covers nothing."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def lines(
    table: pd.DataFrame,
    ylabel: str,
    axes: Axes | None = None,
    colours: dict[str, str] | None = None,
    title: str = "",
    steps: bool = False,
) -> Axes:
    """Hourly lines, one per column, told apart by colour and by dash; `steps` draws prices as they hold, hour by hour."""
    axes = axes or panels()[1][0]
    colours = colours or vpp_colours(list(table))
    for name, dash in zip(table, ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))) * 4, strict=False):
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
    legend_beside(axes)
    return axes


def pair_name(pair: tuple[str, str]) -> str:
    """How figures name a pair: positive values flow to the first."""
    return f"{pair[1]} → {pair[0]}"


def traded(coalition: CoalitionResult, axes: Axes | None = None) -> Axes:
    """Power traded within each pair; up: to the first VPP, down: the other way round (paper A Fig. 4)."""
    axes = axes or panels()[1][0]
    pairs = list(coalition.multipliers.columns)
    table = coalition.trades[pairs].set_axis([f"{i} from {j}" for i, j in pairs], axis=1)
    stacked(axes, table, vpp_colours(list(table)), {})
    axes.set_ylabel("traded power (kW)\nup: first receives")
    hour_axis(axes, len(table))
    legend_beside(axes)
    return axes


def exchange(result: DispatchResult, axes: Axes | None = None) -> Axes:
    """A VPP's trade with each other VPP and with the grid; up: bought, down: sold (paper A Fig. 5)."""
    axes = axes or panels()[1][0]
    table = (
        result.series["tie"].copy()
        if "tie" in result.series.columns.get_level_values(0)
        else pd.DataFrame()
    )
    colours = {name: colour for name, colour in zip(table, VPP_COLOURS, strict=False)}
    table["grid"] = result.balances["electricity"]["grid"]
    stacked(axes, table, colours | {"grid": COLOURS["grid"]}, {})
    axes.set_ylabel("power (kW)\nup: bought, down: sold")
    axes.set_title(result.vpp)
    hour_axis(axes, len(table))
    legend_beside(axes)
    return axes


def residuals(
    history: pd.DataFrame,
    columns: dict[str, str],
    tolerance: float | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Residuals of a negotiation over iterations, logarithmic; `columns` maps columns to legend entries."""
    axes = axes or panels()[1][0]
    for (column, name), colour, dash in zip(
        columns.items(), VPP_COLOURS, ("-", "--", "-."), strict=False
    ):
        axes.semilogy(history.index, history[column], color=colour, linestyle=dash, label=name)
    if tolerance is not None:
        axes.axhline(tolerance, color="0.4", linewidth=1, linestyle=":", label="tolerance")
    axes.set_xlabel("iteration")
    axes.set_ylabel("residual")
    axes.legend()
    return axes


def cost_paths(history: pd.DataFrame, names: list[str], axes: Axes | None = None) -> Axes:
    """Each VPP's own cost over the iterations (paper A Fig. A1)."""
    axes = axes or panels()[1][0]
    for name, colour in vpp_colours(names).items():
        axes.plot(history.index, history[f"cost {name} (yuan)"] / 1000, color=colour, label=name)
    axes.set_xlabel("iteration")
    axes.set_ylabel("own cost (1000 yuan)")
    axes.legend()
    return axes


def prices(result: BargainResult, band: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Hourly prices of each pair inside the grid's band (paper A Fig. 6)."""
    axes = axes or panels()[1][0]
    axes.fill_between(
        band.index, band["low"], band["high"], step="mid", color="0.9", label="grid's price band"
    )
    axes.step(
        band.index,
        band["mid"],
        where="mid",
        color="0.6",
        linewidth=1,
        linestyle=":",
        label="mid-market",
    )
    for (pair, series), colour, mark in zip(
        result.prices.items(), VPP_COLOURS, "osD^vP*Xh", strict=False
    ):
        axes.plot(series.index, series, mark, color=colour, markersize=5, label=" – ".join(pair))
    axes.set_ylabel("price (yuan/kWh)")
    axes.set_ylim(bottom=0)
    hour_axis(axes, len(band))
    legend_beside(axes)
    return axes


def before_and_after(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Each VPP's cost alone and after cooperation and payments, in 1000 yuan (paper A Table 1 as a picture)."""
    axes = axes or panels()[1][0]
    place = np.arange(len(table))
    axes.bar(place - 0.2, table["alone"] / 1000, 0.38, color="#7F7F7F", label="alone")
    axes.bar(place + 0.2, table["after"] / 1000, 0.38, color="#0072B2", label="in the coalition")
    for x, (after, gain) in enumerate(zip(table["after"], table["gain"], strict=True)):
        axes.annotate(
            f"−{gain:,.0f}", (x + 0.2, after / 1000), ha="center", va="bottom", fontsize=9
        )
    axes.set_xticks(place, table.index)
    axes.set_ylabel("cost (1000 yuan a day)")
    legend_beside(axes)
    return axes


def region(vertices: pd.DataFrame, plain: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Supplied power against heat: the region with P2G and CCS around that of the plain CHP unit (paper A (14))."""
    axes = axes or panels()[1][0]
    for points, colour, dash, name in (
        (vertices, "#D55E00", "-", "with P2G and CCS"),
        (plain, "#0072B2", "--", "plain CHP"),
    ):
        corners = points[["heat", "supplied"]].to_numpy()
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
    """The coupled region of supplied power, heat and net gas as a body; `axes` is three-dimensional."""
    corners = vertices[["heat", "supplied", "net gas"]].to_numpy()
    hull = ConvexHull(corners, qhull_options="QJ")
    axes.plot_trisurf(
        *corners.T,
        triangles=hull.simplices,
        color="#D55E00",
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


def worst_day(
    forecast: pd.Series, worst: pd.Series, named: list[int], ylabel: str, axes: Axes | None = None
) -> Axes:
    """A forecast and its worst case by step; bars mark the hits, grey ground the steps that the paper names (A Fig. 7)."""
    axes = axes or panels()[1][0]
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
        color="#D55E00",
        alpha=0.35,
        label="deviation",
    )
    axes.step(forecast.index, forecast, where="mid", color="black", label="forecast")
    axes.step(worst.index, worst, where="mid", color="#D55E00", linestyle="--", label="worst case")
    axes.set_ylabel(ylabel)
    axes.set_ylim(0, 1.07 * max(forecast.max(), worst.max()) or 1)
    hour_axis(axes, len(forecast))
    legend_beside(axes)
    return axes


def levels(
    table: pd.DataFrame, published: pd.DataFrame | None = None, axes: Axes | None = None
) -> Axes:
    """Worst-case cost alone and together by uncertainty level, in 1000 yuan; the paper's points as open markers (A Fig. 8).

    published: columns level, mode ("alone" or "together") and yuan.
    """
    axes = axes or panels()[1][0]
    for mode, colour, dash, mark in (
        ("alone", "#7F7F7F", "-", "o"),
        ("together", "#0072B2", "--", "s"),
    ):
        axes.plot(
            table.index, table[mode] / 1000, color=colour, linestyle=dash, marker=mark, label=mode
        )
        if published is not None:
            points = published[published["mode"] == mode]
            axes.plot(
                points["level"],
                points["yuan"] / 1000,
                mark,
                markersize=10,
                markerfacecolor="none",
                markeredgecolor=colour,
                markeredgewidth=1.8,
                label=f"paper, {mode}",
            )
    axes.set_xlabel("uncertainty level (steps of load and wind that may deviate)")
    axes.set_ylabel("worst-case cost (1000 yuan)")
    legend_beside(axes)
    return axes


def savings(
    tables: dict[str, pd.DataFrame], first: Axes | None = None, second: Axes | None = None
) -> Axes:
    """What cooperation saves by uncertainty level, a line per case: in 1000 yuan on the first Axes, in percent of the cost
    alone on the second, which is returned."""
    if first is None or second is None:
        first, second = panels(1, 2)[1]
    for (name, table), colour, dash, mark in zip(
        tables.items(), VPP_COLOURS, ("-", "--", "-."), "os^", strict=False
    ):
        for axes, values in ((first, table["saving"] / 1000), (second, table["saving (%)"])):
            axes.plot(table.index, values, color=colour, linestyle=dash, marker=mark, label=name)
    for axes, label in ((first, "saving (1000 yuan)"), (second, "saving (% of the cost alone)")):
        axes.set_xlabel("uncertainty level")
        axes.set_xticks(sorted({level for table in tables.values() for level in table.index}))
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0)
    second.legend(loc="lower right")
    return second


def bounds(table: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Lower and upper bound of column-and-constraint generation over iterations, in 1000 yuan."""
    axes = axes or panels()[1][0]
    axes.plot(
        table.index,
        table["upper"] / 1000,
        color="#D55E00",
        marker="v",
        label="upper bound: guaranteed so far",
    )
    axes.plot(
        table.index,
        table["lower"] / 1000,
        color="#0072B2",
        marker="^",
        linestyle="--",
        label="lower bound: days found so far",
    )
    axes.set_xlabel("iteration")
    axes.set_xticks(table.index)
    axes.set_ylabel("cost (1000 yuan)")
    axes.legend()
    return axes


def distributions(costs: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Share of days that cost at most so much, a curve per schedule, in 1000 yuan."""
    axes = axes or panels()[1][0]
    share = (np.arange(len(costs)) + 1) / len(costs)
    for name, colour, dash in zip(
        costs, VPP_COLOURS, ("-", "--", "-.", ":", (0, (5, 1, 1, 1))) * 2, strict=False
    ):
        axes.plot(np.sort(costs[name]) / 1000, share, color=colour, linestyle=dash, label=name)
    axes.axhline(0.95, color="0.6", linewidth=1)
    axes.set_xlabel("cost of the cluster (1000 yuan a day)")
    axes.set_ylabel("share of days at most")
    legend_beside(axes)
    return axes


def game_prices(prices: pd.DataFrame, band: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Price of each seller by step between the lowest price allowed and the grid's purchase price (paper B Fig. 7).

    band: columns low and high, yuan/kWh.
    """
    axes = axes or panels()[1][0]
    axes.fill_between(
        band.index, band["low"], band["high"], step="mid", color="0.9", label="allowed and accepted"
    )
    for (name, colour), mark in zip(
        vpp_colours(list(prices)).items(), "osD^vP*Xh" * 3, strict=False
    ):
        axes.plot(prices.index, prices[name], mark, color=colour, markersize=6, label=name)
    axes.set_ylabel("price (yuan/kWh)")
    axes.set_ylim(bottom=0)
    hour_axis(axes, len(prices))
    legend_beside(axes)
    return axes


def shares(parts: pd.DataFrame, ylabel: str, axes: Axes | None = None) -> Axes:
    """Parts of a whole by step as stacked bars, one colour per VPP (paper B Fig. 8)."""
    axes = axes or panels()[1][0]
    stacked(axes, parts.fillna(0.0), vpp_colours(list(parts)), {})
    axes.set_ylabel(ylabel)
    axes.set_ylim(0, 1.05)
    hour_axis(axes, len(parts))
    legend_beside(axes)
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
    axes = axes or panels()[1][0]
    colours = colours or vpp_colours(list(table))
    for name, dash in zip(table, ("-", "--", "-.", ":", (0, (5, 1, 1, 1))) * 4, strict=False):
        axes.plot(table.index, table[name], color=colours[name], linestyle=dash, label=name)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.legend()
    return axes


def surface(
    table: pd.DataFrame, label: str, axes: Axes | None = None, precision: str = ",.0f"
) -> Axes:
    """A table of numbers as a coloured map with the numbers written in; index and columns name the axes."""
    axes = axes or panels()[1][0]
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
    return axes


def grouped_bars(table: pd.DataFrame, ylabel: str, axes: Axes | None = None) -> Axes:
    """A group of bars per row, a bar per column."""
    axes = axes or panels()[1][0]
    place, width = np.arange(len(table)), 0.8 / len(table.columns)
    for k, (name, colour) in enumerate(vpp_colours(list(table)).items()):
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
    legend_beside(axes)
    return axes


def voltage_range(
    voltages: dict[str, pd.DataFrame], low: float, high: float, axes: Axes | None = None
) -> Axes:
    """Lowest and highest voltage of each bus over all steps, per unit: a band per entry, with the allowed limits."""
    axes = axes or panels()[1][0]
    for (name, table), colour, hatch in zip(
        voltages.items(), VPP_COLOURS, ("", "//", "..", "xx"), strict=False
    ):
        place = np.arange(len(table.columns))
        axes.fill_between(
            place,
            table.min(),
            table.max(),
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
    legend_beside(axes)
    return axes
