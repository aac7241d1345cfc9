"""Pictures of the multiple game; see figures.py for the rules."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vppcore.game.day import GameResult
from vppcore.game.money import MoneyResult
from vppcore.pages.colours import vpp_colours
from vppcore.pages.figures import game_prices, legend_above, new_axes, panels
from vppcore.pages.pictures import table_in_words, tell

RARE = 0.01  # a price that is drawn less often than this is not shown


def prices_by_reading(
    games: Mapping[str, GameResult], band: pd.DataFrame, names: list[str]
) -> None:
    """Prices of each seller by hour, a panel for each reading of the game.

    band: columns low and high, yuan/kWh.
    names: of all VPPs of the case, which give the colours.
    """
    if not games:
        return
    columns = min(2, len(games))
    rows = -(-len(games) // columns)
    figure, places = panels(rows, columns, height=2.9, sharex=True, sharey=True)
    for place in places[len(games) :]:
        place.set_visible(False)
    for (name, game), place in zip(games.items(), places, strict=False):
        game_prices(game.prices.reindex(columns=names), band, place, vpp_colours(names))
        place.get_legend().remove()
        place.set_title(name)
        place.label_outer()
    entries = places[0].get_legend_handles_labels()
    figure.legend(*entries, loc="outside lower center", ncols=-(-(len(names) + 1) // 2))


def lotteries(result: MoneyResult, names: list[str], axes: Axes | None = None) -> Axes:
    """With which probability each seller of an hour asks each price, in delivered money.

    Prices that nobody asks with more than RARE are left out.
    names: of all VPPs of the case, which give the colours.
    """
    axes = axes or new_axes()
    colours = vpp_colours(names)
    drawn = result.lotteries[(result.lotteries > RARE).any(axis=1)]
    place = np.arange(len(drawn))
    width = 0.8 / len(drawn.columns)
    tell(axes, table_in_words(drawn, "Probability of each price"))
    for k, seller in enumerate(drawn):
        axes.bar(
            place + (k - (len(drawn.columns) - 1) / 2) * width,
            drawn[seller],
            0.92 * width,
            color=colours[seller],
            edgecolor="0.35",
            linewidth=0.3,
            label=f"{seller}, mean {result.prices[seller]:.3f}",
        )
    axes.set_xticks(place, [f"{price:.3f}" for price in drawn.index])
    axes.set_xlabel("price (yuan/kWh)")
    axes.set_ylabel("probability")
    axes.set_ylim(0, 1.02)
    legend_above(axes)
    return axes
