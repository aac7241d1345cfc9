"""Pictures of days in a row: what deviates from the plan, what is stored when a day ends.

kW and kWh; a row per step of the case.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vppcore.pages.colours import vpp_colours
from vppcore.pages.figures import curves, legend_above, panels, stacked
from vppcore.pages.pictures import table_in_words, tell


def mark_days(axes: Axes, steps: pd.Index, day: int) -> None:
    """A dotted line where a kept day ends. day: steps of a kept day."""
    for end in steps[day - 1 : -1 : day]:
        axes.axvline(end + 0.5, color="0.6", linewidth=0.8, linestyle=":")


def deviations(table: pd.DataFrame, left: pd.Series, day: int) -> Axes | None:
    """What members draw from their grids otherwise than planned, stacked, and what is left of it;
    None where nothing deviates.

    table: kW, a column per member. left: kW of all together, once they have settled what they can
    among each other. day: steps of a kept day.
    """
    if not table.to_numpy().any():
        return None
    axes = panels(1, 1, height=4.2)[1][0]
    stacked(axes, table, vpp_colours(list(table)), {})
    name = "all together"
    axes.step(left.index, left, where="mid", color="black", linewidth=1.2, label=name)
    tell(axes, table_in_words(left.to_frame(name), "Line"))
    mark_days(axes, table.index, day)
    axes.set_xlabel("step")
    axes.set_xlim(table.index[0] - 0.7, table.index[-1] + 0.7)
    axes.set_ylabel("deviation (kW)\nup: draws more than planned")
    legend_above(axes)
    return axes


def stored(came: pd.DataFrame, day: int) -> Axes | None:
    """Energy in the stores of each member, kWh; None where nobody has a store.

    came: with the agreed trades, a column per member.
    day: steps of a kept day, whose ends are marked.
    """
    if came.empty or not len(came.columns):
        return None
    axes = curves(came, "step", "stored energy (kWh)", colours=vpp_colours(list(came)))
    mark_days(axes, came.index, day)
    ends = came.iloc[np.arange(day, len(came) + 1, day) - 1]
    for name, colour in vpp_colours(list(came)).items():
        axes.plot(ends.index, ends[name], "o", color=colour, markersize=4)
    axes.set_ylim(bottom=0)
    legend_above(axes)
    return axes
