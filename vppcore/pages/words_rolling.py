"""Results on days in a row -> sentences; see words.py.

No solving, no reading. yuan, kWh; tables are those of tables_rolling.py.
"""

from __future__ import annotations

import pandas as pd

from vppcore.pages.tables_rolling import ALL
from vppcore.pages.words import energy, in_digits, listed, share
from vppcore.pages.words_b import counted, more_or_less

NOTHING = 1e-3  # of the largest number beside it: less is none
EXPECTED = {
    "persistence": "each load and plant expected to do what it did the day before",
    "perfect": "all of it known in advance",
    "given": "each load and plant expected to do what the case says was expected of it",
}


def is_nothing(number: float, *beside: float) -> bool:
    """True for a number that is none beside others.

    >>> is_nothing(0.1, 5000.0, -3.0), is_nothing(20.0, 5000.0)
    (True, False)
    """
    return abs(number) <= NOTHING * max((abs(each) for each in beside), default=0.0)


# --- the answer -----------------------------------------------------------------------------------
def days_said(count: int, members: int, forecasts: str) -> str:
    """What was run."""
    return f"{counted(count, 'day')} of {counted(members, 'member')}, {EXPECTED[forecasts]}."


def worth_said(worth: pd.Series) -> str:
    """What trade was to save and what it saved. worth: as `RollingResult.worth`."""
    planned, came, foreseen = worth["planned"], worth["as it came"], worth["with foresight"]
    if is_nothing(planned - came, planned, came):
        return f"Trade saves {in_digits(came)} yuan, as planned; {with_foresight(came, foreseen)}."
    saved = f"saved {in_digits(came)}" if came >= 0 else f"cost {in_digits(-came)} more than none"
    return (
        f"By the plans trade was to save {in_digits(planned)} yuan; as the days came it {saved}, "
        f"and {with_foresight(came, foreseen)}."
    )


def with_foresight(came: float, foreseen: float) -> str:
    """What trade would have saved for those who know all days."""
    if is_nothing(foreseen - came, foreseen, came):
        return "who knew all days at the start would save as much by it"
    return f"who knew all days at the start would save {in_digits(foreseen)} by it"


def verdict_said(worth: pd.Series) -> str:
    """How much of what was planned came true."""
    planned, came = worth["planned"], worth["as it came"]
    if planned <= 0 or is_nothing(planned - came, planned, came):
        return ""
    if is_nothing(came, planned):
        return "Nothing of what was planned is left."
    if came < 0:
        return "The agreed trades cost more than they were worth: alone all would have paid less."
    return f"The agreed trades are worth {share(came, planned)} of what was planned."


def one_day_said(count: int, forecasts: str) -> str:
    """What is missing where there is a single day; empty where there are more."""
    if count > 1:
        return ""
    if forecasts == "perfect":
        return (
            "With a single day that is known in advance nothing deviates and nothing is carried "
            "on: the page shows a plan that is kept."
        )
    return "A single day is lived through: nothing is carried on to another."


# --- what was planned, and what came --------------------------------------------------------------
def worst_day_said(by_day: pd.DataFrame) -> str:
    """On how many days trade helped, and on which it did least. by_day: as `gains`."""
    days = by_day.drop(index=ALL)
    if len(days) < 2:
        return ""
    helped = int((days["as it came"] > 0).sum())
    worst = days["as it came"].idxmin()
    best = days["as it came"].idxmax()
    return (
        f"Trade helped on {helped} of {counted(len(days), 'day')}: it saved most on day {best} "
        f"({in_digits(days.loc[best, 'as it came'])} yuan) and least on day {worst} "
        f"({in_digits(days.loc[worst, 'as it came'])})."
    )


def members_said(by_member: pd.DataFrame) -> str:
    """Who gains and who loses by trade as the days came. by_member: as `gains_by_settlement`."""
    each = by_member.drop(index=ALL)
    size = each.abs().to_numpy().max()
    came = each["members settle"]
    losers = [str(name) for name in came.index[came < -NOTHING * size]]
    if not losers:
        return "As the days came, no member lost by trade."
    worst = came.idxmin()
    planned = each.loc[worst, "planned"]
    plan = "was to gain" if planned >= 0 else "was to lose"
    amounts = f"{in_digits(-came[worst])} yuan, and {plan} {in_digits(abs(planned))}"
    if losers == [worst]:
        return f"As the days came, {worst} lost by trade: {amounts}."
    return f"As the days came, {listed(losers)} lost by trade; {worst} most, {amounts}."


def forecasts_said(worth: pd.DataFrame) -> str:
    """What better forecasts would have been worth to those who trade. worth: a row per forecast."""
    if len(worth) < 2:
        return "All is known here; a run with other forecasts shows what that is worth."
    other = "the given forecasts" if worth.index[0] == "given" else worth.index[0]
    perfect = worth.iloc[-1]
    came = worth.iloc[0]["as it came"]
    more = perfect["as it came"] - came
    size = worth.abs().to_numpy().max()
    return (
        f"With perfect forecasts trade on the same days saves {more_or_less(more, size)} than with "
        f"{other}: {in_digits(perfect['as it came'])} in place of {in_digits(came)}."
    )


# --- deviations -----------------------------------------------------------------------------------
def deviations_said(paid: pd.DataFrame) -> str:
    """How much deviates, and how much of it members take. paid: as `deviations_paid`."""
    total = paid.loc[ALL]
    both = total["draws more (kWh)"] + total["draws less (kWh)"]
    if not both:
        return "Nothing deviates from the plans."
    return (
        f"The members draw {energy(total['draws more (kWh)'])} more from their grids than planned "
        f"in some steps and {energy(total['draws less (kWh)'])} less in others. "
        f"{energy(total['from members (kWh)'])} of this pass between members, "
        f"{share(2 * total['from members (kWh)'], both)} of all."
    )


def payers_said(paid: pd.DataFrame) -> str:
    """What deviations cost all, who bears most, and what settling among members spares."""
    total = paid.loc[ALL]
    columns = ["alone (yuan)", "grids settle (yuan)", "members settle (yuan)"]
    size = paid[columns].abs().to_numpy().max()
    alone, grids, members = (total[column] for column in columns)
    moved = total["draws more (kWh)"] + total["draws less (kWh)"]
    if not moved or (is_nothing(members, alone, grids) and is_nothing(alone, grids)):
        return ""
    each = paid["members settle (yuan)"].drop(index=ALL)
    most = each.idxmax()
    said = (
        f"Compared with their plans all pay {more_or_less(alone, size)} alone, "
        f"{more_or_less(grids, size)} with trades where the grids settle, and "
        f"{more_or_less(members, size)} where the members do."
    )
    if each[most] > NOTHING * size:
        said += f" {most} pays most beyond its plan, {in_digits(each[most])} yuan."
    return said


def spared_said(by_member: pd.DataFrame) -> str:
    """Whom it helps that members settle. by_member: as `gains_by_settlement`."""
    more = (by_member["members settle"] - by_member["grids settle"]).drop(index=ALL)
    size = by_member.abs().to_numpy().max()
    if (more.abs() <= NOTHING * size).all():
        return "Who settles makes no difference on these days."
    helped = [str(name) for name in more.index[more > NOTHING * size]]
    hurt = [str(name) for name in more.index[more < -NOTHING * size]]
    said = f"Settling among members is worth {in_digits(more.sum())} yuan"
    said += f" and helps {listed(helped)}" if helped else ""
    return said + (f"; {listed(hurt)} would fare better with the grids." if hurt else ".")


# --- what is carried on ---------------------------------------------------------------------------
def stored_said(ends: pd.DataFrame, starts: pd.Series) -> str:
    """How full stores are when days end. ends: kWh, a row per day, a column per member with a
    store; starts: kWh at the start, which they have at the end of every plan."""
    if ends.empty or not len(ends.columns):
        return "No member has a store, so no energy is carried on."
    if len(ends) < 2:
        return "With a single day every store ends as its plan says."
    nights = ends.iloc[:-1]
    size = max(float(ends.abs().to_numpy().max()), float(starts.max()))
    moved = (nights - starts).abs() > NOTHING * size
    if not moved.any().any():
        return "At every midnight stores are as full as they began: nothing more is carried on."
    together = nights.sum(axis=1)
    day = together.idxmax()
    return (
        f"When days end, the stores hold between {energy(together.min())} and "
        f"{energy(together.max())} (most after day {day}), where they began with "
        f"{energy(starts.sum())}: a plan that ended at midnight would have to return to that "
        "every night."
    )
