"""Results on worst days and robust coalitions -> sentences; see words.py.

No solving, no reading. yuan, yuan/kWh, kW.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vppcore.bargaining.split import BargainResult
from vppcore.pages.checks import ROBUST_ACCURACY
from vppcore.pages.colours import NAMES
from vppcore.pages.words import (
    amount,
    hours_said,
    in_digits,
    listed,
    places_for,
    share,
    signed,
    span,
)
from vppcore.uncertainty.recourse import Reaction
from vppcore.uncertainty.result import PROVEN, RobustResult
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worst_day import WorstCase

NO_GAP = 1e-9  # of the upper bound: bounds that are no further apart meet
ALIKE = 1e-3  # of the saving: splits that are no further apart count as one


def worst_said(days: Mapping[str, WorstCase], vpp: str) -> str:
    """What the worst day costs a VPP, and who has most to lose."""
    day = days[vpp]
    more = {name: each.cost - each.nominal for name, each in days.items()}
    most = max(more, key=lambda name: more[name])
    sentence = (
        f"On its worst day {vpp} pays {in_digits(day.cost, 5)} yuan, {in_digits(more[vpp])} more "
        f"than on the day of the forecast ({share(more[vpp], day.nominal)})."
    )
    if most == vpp:
        return f"{sentence} No VPP loses more."
    lost = f"{in_digits(more[most])} yuan ({share(more[most], days[most].nominal)})"
    return f"{sentence} Most is lost by {most}: {lost}."


def hits_said(hits: pd.DataFrame, vpp: str) -> str:
    """Which hours the adversary hits. hits: 0 and 1, a column per series."""
    said = [
        f"{NAMES.get(series, series)} in {hours_said(hits.index[hits[series] == 1])}"
        for series in hits
        if (hits[series] == 1).any()
    ]
    if not said:
        return f"Nothing is hit at {vpp}."
    return f"The adversary hits {vpp}'s {' and its '.join(said)}."


def own_day_said(own: Reaction, worst: WorstCase) -> str:
    """What a day of the reader's own costs, beside the worst day of the same budget."""
    short = worst.cost - own.cost
    beside = (
        "as much as the worst day of the budget"
        if short <= PROVEN * worst.stake
        else f"{short:,.2f} less than the worst day of the budget"
    )
    sentence = f"On this day {worst.vpp} pays {own.cost:,.2f} yuan, {beside}."
    if own.cost - own.relaxed <= PROVEN * worst.stake:
        return sentence
    return f"{sentence} If flows might overlap it would pay {own.relaxed:,.2f}."


def why_these_hours(prices: pd.DataFrame, hits: pd.DataFrame) -> str:
    """What one more kWh costs in the hours in which each series is hit, and in the others.

    prices: column "worst day", yuan/kWh.
    """
    price, said = prices["worst day"], []
    for series in hits:
        hit = hits[series] == 1
        if hit.any() and not hit.all():
            there, elsewhere = price[hit], price[~hit]
            said.append(
                f"{span(there.min(), there.max())} where the hit is on "
                f"{NAMES.get(series, series)} and "
                f"{span(elsewhere.min(), elsewhere.max())} elsewhere"
            )
    if not said:
        return ""
    return f"On that day one more kWh costs, in yuan: {'; '.join(said)}."


def proven(days: Mapping[str, WorstCase]) -> str:
    """Whether a worse day is excluded, and what overlapping flows would have hidden."""
    by_note: dict[str, list[str]] = {}
    for name, day in days.items():
        for note in day.note().split(": ", 1)[1].split("; "):
            by_note[note] = [*by_note.get(note, []), name]
    said = [f"{listed(names)}: {note}" for note, names in by_note.items()]
    return f"{'. '.join(said)}."


def tried_days(
    tried: list[float], worst: float, exact: float, searched: float, small: Uncertainty
) -> str:
    """What days drawn at random and all days of a small budget cost beside those searched.

    small: the budget of one step each, whose days were all tried.
    """
    hours = set(small.budgets.values())
    hit = "one hour" if hours == {1} else "one step"
    series = ("no series", "one series", "each of two series")[len(small.budgets)]
    less = in_digits(worst - max(tried))
    return (
        f"The costliest of {len(tried)} random days costs {less} yuan less than the worst day. "
        f"With a budget of {hit} for {series}, trying all days gives "
        f"{exact:,.2f} yuan and the search {searched:,.2f}."
    )


def costs_rise(sweep: pd.DataFrame) -> str:
    """How the guaranteed cost grows with the level, alone and together."""
    first, last = sweep.index[0], sweep.index[-1]
    alone, together = sweep["alone"], sweep["together"]
    if first == last:
        return (
            f"At level {first} {in_digits(alone[first], 5)} yuan can be guaranteed alone and "
            f"{in_digits(together[first], 5)} together."
        )
    return (
        f"From level {first} to {last} the cost that can be guaranteed grows from "
        f"{in_digits(alone[first], 5)} to {in_digits(alone[last], 5)} yuan alone and from "
        f"{in_digits(together[first], 5)} to {in_digits(together[last], 5)} together."
    )


def growth_shared(sweep: pd.DataFrame) -> str:
    """How fast the cost grows with the level together, beside alone."""
    if len(sweep) < 2:
        return ""
    steps = sweep[["alone", "together"]].diff().dropna()
    grown = steps.sum()
    slower = steps["together"] < steps["alone"]
    said = [
        f"{word} on the way to level {listed([str(level) for level in steps.index[where]])}"
        for word, where in (("more slowly than alone", slower), ("no more slowly", ~slower))
        if where.any()
    ]
    return (
        f"Over all levels the cost grows by {in_digits(grown['alone'])} yuan alone and by "
        f"{in_digits(grown['together'])} together. Step by step it grows together {listed(said)}."
    )


def saved_by_level(sweep: pd.DataFrame) -> str:
    """What cooperation saves of the guaranteed cost by level."""
    saved = sweep["saving (%)"]
    if len(saved) == 1:
        return f"Cooperation saves {saved.iloc[0]:.1f} % of it."
    return f"Cooperation saves {ends_and_most(saved)}."


def ends_and_most(saved: pd.Series) -> str:
    """The first, the largest and the last of percentages by level, each once.

    >>> ends_and_most(pd.Series([12.34, 17.0, 15.6], index=[0, 8, 12]))
    '12.3 % at level 0, 17.0 % at level 8, where it is most, and 15.6 % at level 12'
    >>> ends_and_most(pd.Series([20.1, 17.1], index=[0, 4]))
    '20.1 % at level 0, where it is most, and 17.1 % at level 4'
    """
    first, most, last = saved.index[0], saved.idxmax(), saved.index[-1]
    said = []
    for level in dict.fromkeys((first, most, last)):
        where = ", where it is most" if level == most else ""
        said.append(f"{saved[level]:.1f} % at level {level}{where}")
    before_end = "," if len(said) > 2 or most == first else ""
    return f"{', '.join(said[:-1])}{before_end} and {said[-1]}"


def gaps(sweep: pd.DataFrame) -> str:
    """How far the bounds of each level are apart."""
    widest = sweep["gap"].abs()
    if widest.max() <= ROBUST_ACCURACY:
        return "At every level the two bounds meet within one part in ten thousand."
    level = widest.idxmax()
    apart = f"{100 * widest[level]:.2g} % apart"
    return f"At level {level} the search was stopped with its bounds {apart}."


def bounds_meet(bounds: pd.DataFrame, level: int) -> str:
    """How many rounds the two bounds took to meet. bounds: columns lower and upper, yuan."""

    def apart(row: pd.Series) -> float:
        return max(0.0, float(row["upper"] - row["lower"]))

    first, last = bounds.iloc[0], bounds.iloc[-1]
    begin = f"At level {level} the bounds begin {in_digits(apart(first))} yuan apart and"
    if apart(last) <= NO_GAP * abs(float(last["upper"])):
        return f"{begin} meet after {len(bounds)} rounds."
    return f"{begin} end, after {len(bounds)} rounds, {in_digits(apart(last))} yuan apart."


def who_gains_by_level(gains: pd.DataFrame, names: list[str]) -> str:
    """Who gains most at each level, and where the price band binds. gains: as
    `tables.gains_by_level`.
    """
    if gains.empty:
        return "At no level is there a saving to share."
    table = gains[names].astype(float)
    most = table.idxmax(axis=1)
    said = []
    for name in dict.fromkeys(most):
        levels = [str(level) for level in most.index[most == name]]
        every = "every level" if len(levels) == len(most) else f"level {listed(levels)}"
        said.append(f"{name} gains most at {every}")
    bound = [str(level) for level in gains.index[gains["prices bound"].astype(bool)]]
    band = (
        f"The price band binds at level {listed(bound)}."
        if bound
        else "The price band never binds."
    )
    return f"{listed(said)}. {band}"


def at_level_0(split: BargainResult, negotiated: BargainResult) -> str:
    """How the split of level 0 differs from the one that the negotiated trades give."""
    saving = float(split.gains.sum())
    places = max(0, places_for(saving))
    here, there = [
        listed([f"{name} {amount(gain, places)}" for name, gain in each.gains.items()])
        for each in (split, negotiated)
    ]
    if float((split.gains - negotiated.gains).abs().max()) <= ALIKE * saving:
        return (
            "Level 0 is the day of the forecast, and its row is the split of the negotiated trades."
        )
    sums = [amount(float(each.gains.sum()), places) for each in (split, negotiated)]
    return (
        "Level 0 is the day of the forecast, and yet its row differs from the split of the "
        f"negotiated trades: {here} here, {there} yuan there. Both sets of trades are optimal up "
        f"to their tolerance (they save {sums[0]} and {sums[1]}), but they are other trades, and "
        "the weights follow the trades."
    )


def named_hours_said(among: pd.DataFrame) -> str:
    """How near the days with the paper's hours come to the worst day, a sentence for each case.

    among: a column for each case, as `experiments.costliest_among`.
    """
    said = []
    for name, costs in among.items():
        less = costs["all days"] - costs["all these hours"]
        said.append(
            f"{str(name)[:1].upper()}{str(name)[1:]}: the worst day costs "
            f"{in_digits(costs['all days'])} yuan, the costliest with all the paper's hours "
            f"{in_digits(less)} less ({share(less, costs['all days'])})."
        )
    return " ".join(said)


def shares_by_level(sweeps: Mapping[str, pd.DataFrame]) -> str:
    """How the saving in percent goes with the level, a sentence for each case."""
    return " ".join(
        f"In {name} the saving is {ends_and_most(sweep['saving (%)'])}."
        for name, sweep in sweeps.items()
    )


def worth_of_cooperation(risk: pd.DataFrame) -> str:
    """By how much the trades for the forecast are better than none. risk: as `risk_table`."""
    less = (risk.loc["alone"] - risk.loc["nominal"])[["mean", "95 % quantile", "mean of worst 5 %"]]
    said = [f"{in_digits(yuan)} yuan off the {measure}" for measure, yuan in less.items()]
    return f"To trade at all, as suits the forecast, takes {listed(said)}."


def choice_of_promises(risk: pd.DataFrame) -> str:
    """How much the choice of promises matters, as a share of what trading saves; `risk_table`."""
    mean = risk["mean"]
    trading, chosen = mean["alone"] - mean["nominal"], mean.drop("alone")
    apart = chosen.max() - chosen.min()
    said = f"The cheapest and the dearest promises are {in_digits(apart)} yuan apart on average"
    return f"{said}, {share(apart, trading)} of what trading saves." if trading > 0 else f"{said}."


def larger_budgets(price: pd.DataFrame) -> str:
    """How the cost on average goes with the budget. price: as `price_of_robustness`, rising."""
    mean = price["mean"]
    if len(mean) < 2:
        return ""
    if mean.is_monotonic_increasing:
        return "The larger the budget, the dearer the promises are on average."
    return (
        "A larger budget is not always dearer on average here: of all trades that reach the "
        "guarantee the search takes some, without a thought of ordinary days."
    )


def worth_of_robustness(price: pd.DataFrame, nominal: pd.Series) -> str:
    """What robust promises cost on average, schedule by schedule.

    price: as `tables.price_of_robustness`, a row per robust schedule. nominal: of the trades that
    are best for the forecast, the same measures, yuan.
    """
    said = [
        f"{more_or_less(yuan)} with {name} ({share(yuan, nominal['mean'])})"
        for name, yuan in price["mean"].items()
    ]
    return f"Beside the trades for the forecast, robust promises cost on average {listed(said)}."


def more_or_less(yuan: float) -> str:
    """A difference in words.

    >>> more_or_less(543.2), more_or_less(-1015.0)
    ('543 yuan more', '1,015 yuan less')
    """
    return f"{in_digits(abs(yuan))} yuan {'more' if yuan >= 0 else 'less'}"


def lesson_of_robustness(price: pd.DataFrame) -> str:
    """What the promises do in the costliest 5 % of the days, and the one lesson of the run."""
    tail = price["mean of worst 5 %"]
    said = [f"{more_or_less(yuan)} with {name}" for name, yuan in tail.items()]
    best, spoilt = tail.idxmin(), [str(name) for name in tail.index if tail[name] >= 0]
    if len(spoilt) == len(tail):
        lesson = "the tail gains nothing by them"
    elif spoilt:
        lesson = f"most is spared by {best}, and by {listed(spoilt)} the tail gains nothing"
    else:
        lesson = f"most is spared by {best}"
    return f"In the costliest 5 % of the days they cost {listed(said)}: {lesson}."


def guarantees(coalitions: Mapping[str, RobustResult], risk: pd.DataFrame) -> str:
    """How sampled days compare with what a budget guarantees."""
    places = max([0, *(places_for(coalition.cost) for coalition in coalitions.values())])
    above = [
        f"{name} ({signed(coalition.cost, places)} yuan guaranteed, "
        f"{signed(float(risk.loc[name, 'worst']), places)} on the worst day drawn)"
        for name, coalition in coalitions.items()
        if risk.loc[name, "worst"] > coalition.cost
    ]
    if not above:
        return "No sampled day costs more than its schedule guarantees."
    return (
        f"Sampled days cost more than is guaranteed by {listed(above)}. This is no contradiction: "
        "a guarantee covers days with a limited number of full deviations, and sampled days err "
        "in every hour, in both directions."
    )
