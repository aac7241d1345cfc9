"""Results of study B's data, carbon models and schedules -> sentences; see words.py.

No solving, no reading. yuan, yuan/kWh, MW, MWh; carbon in t unless a name says kg.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log10

import pandas as pd

from vppcore.case import Case
from vppcore.choices import HORIZON
from vppcore.components import CarbonMarket
from vppcore.pages.words import hour_or_step, hours_said, listed, signed

FEW = 4  # prices of a tariff that a sentence names one by one
SEEN = 1e-6  # of the number beside it: a difference below it is none


def in_digits(number: float, digits: int = 3) -> str:
    """A number with so many digits, and more where they stand before the point.

    >>> in_digits(61993.6), in_digits(-8.163), in_digits(0.02), in_digits(0.0)
    ('61,994', '−8.16', '0.0200', '0')
    """
    if not number:
        return "0"
    return signed(number, max(0, digits - 1 - floor(log10(abs(number)))))


def more_or_less(difference: float, size: float, unit: str = "yuan") -> str:
    """A difference as "181 yuan more", "3.00 yuan less" or "as much".

    size: of the numbers that differ; a difference that is nothing beside it is none.

    >>> more_or_less(181.2, 6e4), more_or_less(-3, 10, "t"), more_or_less(1e-9, 10)
    ('181 yuan more', '3.00 t less', 'as much')
    """
    if abs(difference) <= SEEN * abs(size):
        return "as much"
    word = "more" if difference > 0 else "less"
    return f"{in_digits(abs(difference))} {unit} {word}"


def compared(difference: float, size: float, other: str, unit: str = "yuan") -> str:
    """A difference to something else, as `more_or_less`.

    >>> compared(181.2, 6e4, "Model 1"), compared(0.0, 6e4, "Model 1")
    ('181 yuan more than Model 1', 'as much as Model 1')
    """
    said = more_or_less(difference, size, unit)
    return f"{said} {'as' if said == 'as much' else 'than'} {other}"


def bill_said(item: str, saved: float) -> str:
    """What happens to one cost item, yuan; a sale is an income.

    >>> bill_said("gas", 120.0), bill_said("electricity sale", 120.0)
    ('gas falls by 120', 'income from sales to the grid grows by 120')
    """
    word = "falls" if saved > 0 else "grows"
    if item == "electricity sale":
        item, word = "income from sales to the grid", "grows" if saved > 0 else "falls"
    return f"{item} {word} by {in_digits(abs(saved))}"


def share_said(part: float, whole: float) -> str:
    """A part in percent of the size of the whole; an en dash where there is no whole.

    >>> share_said(181, 61784), share_said(-1, 8), share_said(1, 0)
    ('0.29 %', '−12 %', '–')
    """
    return f"{in_digits(100 * part / abs(whole), 2)} %" if whole else "–"


def counted(number: int, thing: str) -> str:
    """A number of things.

    >>> counted(1, "VPP"), counted(5, "VPP")
    ('1 VPP', '5 VPPs')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def in_hours(steps: list[int], of: int) -> str:
    """In which hours, with words for none and all of them.

    >>> in_hours([3, 4, 9], of=24), in_hours([], of=24), in_hours([1, 2], of=2)
    ('in hours 3 to 4 and 9', 'in no hour', 'in every hour')
    """
    if not steps:
        return f"in no {hour_or_step()}"
    return f"in every {hour_or_step()}" if len(steps) == of else f"in {hours_said(steps)}"


# --- the data -------------------------------------------------------------------------------------
def needed_and_offered(load: pd.DataFrame, renewable: pd.DataFrame, step_hours: float) -> str:
    """What all VPPs need and what their wind and sun offer.

    load, renewable: MW, a column per VPP.
    """
    needed = step_hours * float(load.to_numpy().sum())
    offered = step_hours * renewable.sum()
    most = offered.idxmax()
    need = "needs" if len(load.columns) == 1 else "need"
    return (
        f"The {counted(len(load.columns), 'VPP')} {need} {in_digits(needed)} MWh of electricity in "
        f"{counted(len(load), 'step')}, and wind and sun offer {in_digits(offered.sum())} MWh "
        f"({share_said(offered.sum(), needed)} of it), most at {most} "
        f"({in_digits(offered[most])} MWh)."
    )


def known_numbers(statuses: pd.Series) -> str:
    """How many numbers of a case have which status. statuses: as `tables.statuses`."""
    said = [
        f"{number} {'is' if number == 1 else 'are'} {kind}" for kind, number in statuses.items()
    ]
    return f"Of the case's {counted(int(statuses.sum()), 'number')} {listed(said)}."


def own_power(load: pd.DataFrame, renewable: pd.DataFrame) -> str:
    """When each VPP's wind and sun peak and in which hours they exceed its own load, MW."""
    peaks = [
        f"{name} in hour {renewable[name].idxmax()} ({in_digits(renewable[name].max())} MW)"
        for name in renewable
        if renewable[name].max() > 0
    ]
    over = [
        f"{in_hours(list(load.index[renewable[name] > load[name]]), len(load))} at {name}"
        for name in load
    ]
    return (
        f"Wind and sun are strongest at {listed(peaks)}. They offer more than the VPP's own load "
        f"{listed(over)}."
    )


def tariff_said(tariff: pd.DataFrame) -> str:
    """What the grid charges and pays, yuan/kWh. tariff: as `tables.tariff`."""
    if list(tariff.columns) != ["purchase", "feed-in"]:
        low, high = float(tariff.min(axis=None)), float(tariff.max(axis=None))
        return f"The VPPs have tariffs of their own, from {signed(low)} to {signed(high)} yuan/kWh."
    return (
        f"The grid charges {prices_said(tariff['purchase'])}. "
        f"It pays {prices_said(tariff['feed-in'])}."
    )


def prices_said(price: pd.Series) -> str:
    """A few prices with their hours, many as a range, yuan/kWh.

    >>> prices_said(pd.Series([0.4, 0.4, 1.2], index=[1, 2, 3]))
    '0.40 yuan/kWh in hours 1 to 2 and 1.20 in hour 3'
    """
    values = sorted(price.unique())
    if len(values) > FEW:
        return f"between {signed(values[0])} and {signed(values[-1])} yuan/kWh"
    said: list[str] = []
    for value in values:
        unit = "" if said else " yuan/kWh"
        steps = list(price.index[price == value])
        said.append(f"{signed(value)}{unit} {in_hours(steps, len(price))}")
    return listed(said)


def shaped_for(case: Case) -> str:
    """To which claims a case was fitted or shaped, and what it says of itself."""
    if not case.fitted_claims:
        return f"Nothing of {case.name} was fitted or shaped to a claim of a paper."
    claims = listed(sorted(case.fitted_claims))
    return (
        f"{case.name} was fitted or shaped to {counted(len(case.fitted_claims), 'claim')} of the "
        f"paper ({claims}); agreement with these is no evidence. {case.description.note or ''}"
    ).strip()


# --- four carbon models ---------------------------------------------------------------------------
def models_said(models: pd.DataFrame, name: str, flat_price: float) -> str:
    """What the four models cost one VPP. models: as `carbon_models`. flat_price: yuan/t."""
    flat, other, after, planned = (models.iloc[row] for row in range(4))
    size = flat["total"]
    dearer = [more_or_less(row["total"] - flat["total"], size) for row in (other, after, planned)]
    worth = after["total"] - planned["total"]
    spared = (after["emission"] - planned["emission"]) / 1000
    emits = more_or_less(-spared, planned["emission"] / 1000, "t of CO₂")
    return (
        f"At the flat price {name} pays {in_digits(flat['total'])} yuan a day; it pays {dearer[0]} "
        f"at {flat_price:g} yuan/t, {dearer[1]} if a ladder's bill comes afterwards, and "
        f"{dearer[2]} if it plans for the ladder. To know the ladder beforehand is worth "
        f"{in_digits(worth) if worth > SEEN * abs(size) else 'no'} yuan, and the VPP that does "
        f"emits {emits}."
    )


def place_on_ladder(models: pd.DataFrame, ladder: CarbonMarket, name: str) -> str:
    """On which step the planned day of one VPP ends and what that costs."""
    excess, carbon = models.iloc[3][["excess", "carbon"]]
    if ladder.period != HORIZON:
        return (
            f"{name}'s plan has an excess of {in_digits(excess / 1000)} t in all, which costs "
            f"{in_digits(carbon)} yuan: the ladder counts each {ladder.period} anew."
        )
    if excess <= 0:
        return (
            f"{name} keeps within its quota: {in_digits(-excess / 1000)} t are left, which earn "
            f"{in_digits(-carbon)} yuan."
        )
    reached = int(min(excess // ladder.interval, ladder.levels - 1)) + 1
    of = f"on step {reached} of {ladder.levels:g}" if ladder.levels > 1 else "at a single price"
    return (
        f"{name}'s planned day has an excess of {in_digits(excess / 1000)} t and ends {of}: the "
        f"next tonne costs {in_digits(1000 * ladder.marginal_price(excess))} yuan, and those so "
        f"far cost {in_digits(1000 * carbon / excess)} yuan each on average."
    )


def orders_said(models: Mapping[str, pd.DataFrame]) -> str:
    """By how much planning for the ladder and its late bill are dearer, over all VPPs."""
    total = pd.DataFrame({name: table["total"].to_numpy() for name, table in models.items()})
    over_flat = total.iloc[3] - total.iloc[0]
    late = total.iloc[2] - total.iloc[3]
    who = "the VPP" if len(models) == 1 else f"all {len(models)} VPPs"
    if over_flat.max() <= SEEN * total.to_numpy().max():
        ladder = "To plan for the ladder costs as much as the flat price"
    else:
        ladder = f"To plan for the ladder costs {between(over_flat)} yuan more than the flat price"
    return (
        f"The three orders hold for {who}. {ladder}, and to be billed afterwards "
        f"{between(late)} yuan more than that."
    )


def between(numbers: pd.Series) -> str:
    """The least and the largest of some numbers, or the only one.

    >>> between(pd.Series([208.1, 96.0])), between(pd.Series([5.0]))
    ('between 96.0 and 208', '5.00')
    """
    low, high = in_digits(numbers.min()), in_digits(numbers.max())
    return low if low == high else f"between {low} and {high}"


def bites_said(steps: pd.DataFrame) -> str:
    """On which step the day ends, by interval. steps: counted from 1; intervals in t as rows."""
    said = []
    for interval, row in steps.iterrows():
        low, high = int(row.min()), int(row.max())
        reached = f"step {low}" if low == high else f"steps {low} to {high}"
        said.append(f"on {reached} with an interval of {interval:g} t")
    return f"The day ends {listed(said)}. Growth 0 is the flat price, whatever the interval."


def rises_said(rises: pd.DataFrame) -> str:
    """What an exponential rise changes of the planned day. rises: as `both_rises`."""
    linear, other = rises.loc["linear"], rises.loc["exponential"]
    dearer = other["total"] - linear["total"]
    if abs(dearer) <= SEEN * abs(linear["total"]):
        return "It makes no difference to this day, which ends on one of the first two steps."
    emits = more_or_less(other["emission"] - linear["emission"], linear["emission"], "kg")
    costs = compared(dearer, linear["total"], "with a linear one")
    return f"With an exponential rise the day costs {costs} and emits {emits}."


def readings_said(readings: pd.DataFrame) -> str:
    """Which reading of the text changes the planned day most, and where carbon is an income.

    readings: as of `variants`, the case's own first.
    """
    more = (readings["total"] - readings["total"].iloc[0]).iloc[1:]
    most, least = more.abs().idxmax(), more.abs().idxmin()
    own = readings["total"].iloc[0]
    earns = [f'"{name}"' for name in readings.index[readings["carbon"] < 0]]
    end = f" Carbon is an income with {listed(earns)}." if earns else " Carbon is always a cost."
    return (
        f'Most matters "{most}": the day costs {compared(more[most], own, "in the case")}. '
        f'Least matters "{least}": {more_or_less(more[least], own)}.{end}'
    )


def best_step(steps: pd.DataFrame) -> str:
    """Which step the cheapest day ends on, and how much dearer the next best is.

    steps: as of `by_reward_steps`.
    """
    reached = steps["total"].dropna().sort_values()
    sentence = f'The cheapest day ends on the step "{reached.index[0]}"'
    if len(reached) > 1:
        dearer = reached.iloc[1] - reached.iloc[0]
        sentence += f'; the next best, "{reached.index[1]}", is {in_digits(dearer)} yuan dearer'
    empty = [f'"{step}"' for step in steps.index[steps["total"].isna()]]
    out_of_reach = f" No day of this VPP ends on {listed(empty)}." if empty else ""
    return f"{sentence}.{out_of_reach}"


def dearer_by(models: pd.DataFrame) -> str:
    """What Models 2 and 4 add to the total of Model 1, in yuan and percent."""
    total = models["total"]
    more = total - total.iloc[0]
    flat = total.iloc[0]
    second, fourth = (
        f"{compared(more.iloc[row], flat, 'Model 1')} ({share_said(more.iloc[row], flat)})"
        for row in (1, 3)
    )
    return (
        f"Here Model 2 costs {second} and Model 4 {fourth}, at an excess of "
        f"{in_digits(models['excess'].iloc[0] / 1000)} t in Model 1."
    )


# --- schedules and positions ----------------------------------------------------------------------
def costs_alone(items: pd.DataFrame) -> str:
    """What all VPPs pay alone, who least and most, and the largest item.

    items: as `tables.cost_items`.
    """
    total = items.loc["total"].drop("cluster")
    by_item = items.drop(index="total")["cluster"]
    largest = by_item.abs().idxmax()
    income = "an income" if by_item[largest] < 0 else "a cost"
    spread = ""
    if len(total) > 1:
        spread = (
            f", from {in_digits(total.min())} ({total.idxmin()}) to {in_digits(total.max())} "
            f"({total.idxmax()})"
        )
    paid = in_digits(items.loc["total", "cluster"])
    return (
        f"Alone the {counted(len(total), 'VPP')} pay {paid} yuan a day{spread}; the largest "
        f"item is {largest}, {income} of {in_digits(abs(by_item[largest]))} yuan."
    )


def sellers_said(roles: pd.DataFrame) -> str:
    """In which hours each VPP has power to sell. roles: seller, buyer or out, a column per VPP."""
    sells = roles == "seller"
    said = [f"{name} {in_hours(list(roles.index[sells[name]]), len(roles))}" for name in roles]
    nobody = list(roles.index[~sells.any(axis=1)])
    end = f" Nobody can sell {in_hours(nobody, len(roles))}." if nobody else ""
    return f"There is power to sell at {listed(said)}.{end}"


def never_both(roles: pd.DataFrame) -> str:
    """In how many hours some VPPs have too much while others have too little."""
    both = (roles == "seller").any(axis=1) & (roles == "buyer").any(axis=1)
    return (
        f"In {both.sum()} of {len(roles)} {hour_or_step(len(roles))} one VPP has too much while "
        "another "
        f"has too little: these are the {hour_or_step(0)} in which trade can help."
    )
