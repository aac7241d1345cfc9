"""Pictures of the cooperation chapter: prices, talks, bounds, optima. Nothing is solved here.

Each function draws on the Axes that it makes and returns one of them; `Study.keep_picture` keeps
its figure for the chapter. kW, kWh, yuan; a trade is positive where the first of a pair receives.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from vppcore.cooperation.listening import A_NEIGHBOUR, AT_THE_TABLE, TARIFFS_ALONE
from vppcore.cooperation.result import CoalitionResult
from vppcore.pages import figures
from vppcore.pages.colours import vpp_colours
from vppcore.pages.figures import hour_axis, legend_above, panels
from vppcore.pages.pictures import rounded, table_in_words, tell
from vppcore.schedule import DispatchResult

SHADE = "0.88"  # of a spread or of what lies between two bounds
DASHES = ("-", "--", "-.", ":")
THOUSAND = 1000


def edges_of(steps: int) -> np.ndarray:
    """Where each step begins and the last one ends, so that step t is drawn around t."""
    return np.arange(steps + 1) + 0.5


# --- cooperation ----------------------------------------------------------------------------------
def bus_prices(schedules: Mapping[str, DispatchResult]) -> pd.DataFrame:
    """What one more kWh is worth at each VPP's electricity bus, yuan/kWh: a column per VPP."""
    return pd.DataFrame({name: one.prices["electricity"] for name, one in schedules.items()})


def spread(alone: pd.DataFrame, together: pd.DataFrame) -> Axes:
    """The VPPs' bus prices alone (above) and with trade (below); shaded: from the lowest to the
    highest of them, which is what trade lives on.

    alone, together: yuan/kWh, a row per step, a column per VPP, as `bus_prices` makes them.
    """
    _, places = panels(2, 1, height=2.5, sharex=True, sharey=True)
    for place, prices, title in zip(
        places, (alone, together), ("alone", "with trade"), strict=True
    ):
        draw_spread(prices, place)
        place.set_title(title)
    legend_above(places[0])
    places[0].set_xlabel("")
    return places[0]


def draw_spread(prices: pd.DataFrame, axes: Axes) -> None:
    """One panel of `spread`."""
    edges = edges_of(len(prices))
    low, high = prices.min(axis=1), prices.max(axis=1)
    axes.stairs(high, edges, baseline=low, fill=True, color=SHADE, label="spread")
    for (name, colour), dash in zip(vpp_colours(list(prices)).items(), DASHES * 4, strict=False):
        axes.stairs(
            prices[name],
            edges,
            baseline=None,
            color=colour,
            linestyle=dash,
            linewidth=1.8,
            label=name,
        )
    mean = (high - low).mean()
    tell(axes, table_in_words(prices, "Prices (yuan/kWh)"), f"Mean spread {rounded(mean)}.")
    axes.use_sticky_edges = False
    axes.margins(y=0.07)
    axes.set_ylabel("price (yuan/kWh)")
    hour_axis(axes, len(prices))


def wishes(agreed: CoalitionResult) -> Axes:
    """What the two VPPs of the largest trade say, round by round: the trade that each expects
    (above) and their multiplier (below), in the hour of that trade.
    """
    pair, step = largest_trade(agreed)
    said = said_in(agreed, pair, step)
    _, (above, below) = panels(2, 1, height=2.4, sharex=True)
    colours = vpp_colours(pair)
    for name, dash, mark in zip(pair, ("-", "--"), "os", strict=True):
        above.plot(
            said.index, said[name], dash, marker=mark, markersize=4, color=colours[name], label=name
        )
    above.set_ylabel("expected trade (kW)")
    above.set_title(f"{pair[1]} → {pair[0]}, hour {step}")
    legend_above(above)
    below.plot(said.index, said["multiplier"], "k.-")
    below.set_ylabel("multiplier\n(yuan/kWh)")
    below.set_xlabel("round")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    tell(above, table_in_words(said[list(pair)], "Expected trade (kW), by round"))
    tell(below, table_in_words(said[["multiplier"]], "By round"))
    return above


def largest_trade(agreed: CoalitionResult) -> tuple[tuple[str, str], int]:
    """The pair and the step of the largest agreed trade; the pair's first VPP receives."""
    largest = agreed.trades.to_numpy().argmax()
    row, column = np.unravel_index(largest, agreed.trades.shape)
    first, second = agreed.trades.columns[column]
    return (str(first), str(second)), int(agreed.trades.index[row])


def said_in(agreed: CoalitionResult, pair: tuple[str, str], step: int) -> pd.DataFrame:
    """What a pair has said of one step: a row per round.

    Columns: each VPP's expected trade in kW, positive where the pair's first receives, and
    multiplier in yuan/kWh.
    """
    rows: dict[int, dict[str, float]] = {}
    for message in agreed.messages:
        if {message.sender, message.receiver} != set(pair):
            continue
        value = float(message.content[step - 1])
        row = rows.setdefault(message.iteration, {})
        if message.kind == "multiplier":
            row["multiplier"] = value
        else:
            row[message.sender] = value if message.sender == pair[0] else -value
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()[[*pair, "multiplier"]]


def closing(bounds: pd.DataFrame) -> Axes:
    """Upper and lower bound on the cluster's least cost if the talks end after so many rounds
    (above), and how far apart they are (below, logarithmic).

    bounds: a row per number of rounds, columns upper and lower, yuan.
    """
    _, (above, below) = panels(2, 1, height=2.4, sharex=True)
    thousands = bounds / THOUSAND
    above.fill_between(bounds.index, thousands["lower"], thousands["upper"], color=SHADE)
    for bound, mark, dash, label in (
        ("upper", "v", "-", "upper bound: the agreed trades, carried out"),
        ("lower", "^", "--", "lower bound: at the multipliers"),
    ):
        above.plot(bounds.index, thousands[bound], "k", marker=mark, linestyle=dash, label=label)
    above.set_ylabel("cost (1000 yuan)")
    legend_above(above)
    gap = bounds["upper"] - bounds["lower"]
    below.semilogy(gap.index, gap, "ko-", markersize=4)
    below.set_ylabel("gap (yuan)")
    below.set_xlabel("rounds after which the talks end")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    tell(above, table_in_words(bounds, "Bounds (yuan), by rounds"))
    tell(below, table_in_words(gap.to_frame("gap (yuan)")))
    return above


def given_away(found: Mapping[str, pd.DataFrame]) -> Axes:
    """How far a listener is from each VPP's net trades by price, over the rounds heard; a panel for
    each case. Full lines hear all at the table, dashed ones are the neighbour who guesses best; the
    dotted line knows the tariffs alone.

    found: case -> as `listening.rebuilt` has it.
    """
    _, places = panels(len(found), 1, height=2.4, sharey=True)
    places = np.atleast_1d(places)
    for (case, table), place in zip(found.items(), places, strict=True):
        names = list(dict.fromkeys(table.index.get_level_values("VPP")))
        for name, colour in vpp_colours(names).items():
            off = 100 * table.xs(name, level="VPP")
            place.plot(off.index, off[AT_THE_TABLE], color=colour, marker=".", label=name)
            place.plot(off.index, off[A_NEIGHBOUR], color=colour, linestyle="--")
        place.plot(off.index, off[TARIFFS_ALONE], "k:", label=TARIFFS_ALONE)
        place.set_xscale("log")
        place.set_xticks(list(off.index), [str(count) for count in off.index])
        place.minorticks_off()
        place.set_ylabel("net trades missed (%)")
        place.set_title(case)
        shown = (100 * table[AT_THE_TABLE]).round().unstack("VPP")
        tell(place, table_in_words(shown, "Error at the table (%), by rounds heard"))
    places[0].set_ylim(bottom=0)
    places[-1].set_xlabel("rounds heard")
    legend_above(places[0])
    return places[0]


def two_optima(first: CoalitionResult, second: CoalitionResult, names: tuple[str, str]) -> Axes:
    """The trades of two schedules of the same least cost, one below the other.

    names: what each of them is, for its title.
    """
    _, places = panels(2, 1, height=2.9, sharey=True)
    for coalition, name, place in zip((first, second), names, places, strict=True):
        figures.traded(coalition, place)
        place.set_title(f"{name}: {coalition.cost:,.0f} yuan")
    legend_above(places[0])
    places[1].get_legend().remove()
    places[0].set_xlabel("")
    return places[0]
