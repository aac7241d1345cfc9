"""The page on two VPPs that negotiate: what it computes, draws and says.

kW, yuan, yuan/kWh; a trade is what the first receives. The model is `vppcore.live.toy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from vppcore.cooperation.negotiation import cooperate
from vppcore.cooperation.result import CoalitionResult
from vppcore.cooperation.settings import ORDERS
from vppcore.live.negotiation import NAMES, PATIENCE, enough_for, toy_at
from vppcore.live.problem import Settings
from vppcore.live.toy import Optimum, Toy, case_of
from vppcore.pages.checks import SOLVER_ACCURACY, Check, at_most
from vppcore.pages.colours import PAIR_COLOURS, vpp_colours
from vppcore.pages.figures import legend_above, panels
from vppcore.pages.pictures import table_in_words, tell
from vppcore.pages.words import in_digits

ACCURATE = 1e-6  # tolerance of the talks beside the closed forms


class Talked(NamedTuple):
    """The talks of two VPPs, by three roads.

    toy: the two. said: round by round, as `Toy.talks`. best: in closed form.
    agreed: what `cooperate` makes of the same two, solver by solver step.
    enough: yuan, how near the bounds had to be.
    """

    toy: Toy
    said: pd.DataFrame
    best: Optimum
    agreed: CoalitionResult
    enough: float


def talk_of_two(usual: Settings, penalty: float, order: str, solver: str = "auto") -> Talked:
    """The talks of two VPPs with these numbers, see `toy_of`. penalty: yuan/kWh per kW."""
    toy, enough = toy_at(usual), enough_for(usual)
    agreed = cooperate(
        case_of(toy, NAMES), penalty, order, ACCURATE, max_iterations=PATIENCE, solver=solver
    )
    return Talked(toy, toy.talks(penalty, order, enough, PATIENCE), toy.optimum(), agreed, enough)


def three_roads_meet(talked: Talked) -> list[Check]:
    """The closed form lies between the last bounds, and `cooperate` comes to the same cost."""
    last, best = talked.said.iloc[-1], talked.best
    accuracy = talked.enough + SOLVER_ACCURACY * abs(best.cost)
    below = at_most(last["lower"], best.cost + accuracy, "yuan of the lower bound")
    above = at_most(best.cost, last["upper"] + accuracy, "yuan of the closed form")
    money = max(abs(best.cost), abs(talked.toy.prices[0]) * talked.toy.limit)
    apart = abs(talked.agreed.cost - best.cost)
    met = at_most(apart, SOLVER_ACCURACY * money, "yuan between cooperate and the closed form")
    return [below, above, met]


def rounds_by_penalty(talked: Talked, penalties: Sequence[float]) -> pd.DataFrame:
    """Rounds until the bounds meet, a row for each penalty, a column for each order."""
    table = {}
    for order in ORDERS:
        talks = [talked.toy.talks(each, order, talked.enough, PATIENCE) for each in penalties]
        table[order] = [len(said) for said in talks]
    return pd.DataFrame(table, index=pd.Index(penalties, name="penalty (yuan/kWh per kW)"))


# --- drawn ----------------------------------------------------------------------------------------
def rounds_of(talked: Talked) -> Axes:
    """Round by round: the trade as each expects it, the multiplier, the distance of the bounds."""
    said = talked.said
    _, (above, middle, below) = panels(3, 1, height=2.2, sharex=True)
    ways = zip(NAMES, ("first", "second"), ("receives", "sends"), ("-", "--"), strict=True)
    for name, column, does, dash in ways:
        colour = vpp_colours(NAMES)[name]
        above.plot(said.index, said[column], dash, color=colour, label=f"{name} {does}")
    above.set_ylabel("expected trade\n(kW)")
    legend_above(above)
    middle.plot(said.index, said["multiplier"], "k-")
    middle.set_ylabel("multiplier\n(yuan/kWh)")
    gap = said["upper"] - said["lower"]
    below.semilogy(gap.index, gap.clip(lower=talked.enough / 10), "k-")
    below.set_ylabel("distance of the\nbounds (yuan)")
    below.set_xlabel("round")
    first_rounds = said.head(8)
    tell(above, table_in_words(first_rounds[["first", "second"]], "Expected trade (kW), by round"))
    tell(middle, table_in_words(first_rounds[["multiplier"]], "By round"))
    tell(below, f"From {in_digits(gap.iloc[0])} yuan to none that can be seen.")
    return above


def over_penalties(table: pd.DataFrame) -> Axes:
    """Rounds over the penalty, both logarithmic. table: as `rounds_by_penalty`."""
    axes = panels()[1][0]
    for (order, rounds), colour, dash in zip(
        table.items(), PAIR_COLOURS, ("o-", "s--"), strict=False
    ):
        axes.loglog(table.index, rounds, dash, color=colour, markersize=4, label=order)
    axes.set_xlabel(table.index.name)
    axes.set_ylabel("rounds until the bounds meet")
    legend_above(axes)
    tell(axes, table_in_words(table, "Rounds, over the penalty"))
    return axes


# --- said -----------------------------------------------------------------------------------------
def outcome(talked: Talked) -> str:
    """What the two agree on, and by how many roads that is known."""
    best, rounds = talked.best, len(talked.said)
    first, second = NAMES if best.trade >= 0 else reversed(NAMES)
    if best.trade == 0:
        return (
            f"They agree to trade nothing, after {rounds:,} rounds: what a kWh is worth to the two "
            "differs by no more than both fees."
        )
    price = in_digits(best.low)
    if best.high - best.low > SOLVER_ACCURACY * abs(best.high):
        price = f"{in_digits(best.low)} to {in_digits(best.high)}"
    return (
        f"After {rounds:,} rounds their bounds have met: {second} sends "
        f"{in_digits(abs(best.trade))} kW to {first} at a multiplier of {price} yuan/kWh, and both "
        f"together pay {in_digits(-best.cost)} yuan less than alone. The closed form says the same "
        "without any talks, and so does `cooperate`, whose steps are solved by a solver."
    )


def fewest_rounds(table: pd.DataFrame) -> str:
    """Where the talks are shortest, and how long they are at the ends."""
    said = []
    for order, rounds in table.items():
        least = rounds[rounds == rounds.min()].index
        where = f"{least[0]:.3g}" if len(least) == 1 else f"{least[0]:.3g} to {least[-1]:.3g}"
        said.append(
            f"In {order} order the talks are shortest at a penalty of {where} ({rounds.min():,} "
            f"rounds); they take {rounds.iloc[0]:,} at the smallest and {rounds.iloc[-1]:,} at the "
            "largest one shown."
        )
    return " ".join(said)
