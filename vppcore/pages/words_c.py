"""Results of the pages on mechanisms, a real week, feeders and fairness -> sentences; see words.py.

No solving, no reading. yuan, MWh, voltages per unit.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vppcore.bargaining.settings import WEIGHT_RULES
from vppcore.case import Case
from vppcore.cooperation.result import CoalitionResult
from vppcore.grid.power_flow import PowerFlow
from vppcore.misreports import Lies
from vppcore.pages.words import listed, signed
from vppcore.pages.words_b import (
    SEEN,
    bill_said,
    compared,
    counted,
    in_digits,
    more_or_less,
    share_said,
)
from vppcore.splits import Splits

NOTHING = 1e-6  # of the number beside it: a difference below it is none
SMALL = 5e-3  # of the sum: items below it are not named


def voltage(per_unit: float) -> str:
    """A voltage with three places.

    >>> voltage(0.9506)
    '0.951'
    """
    return signed(per_unit, 3)


def proven(coalition: CoalitionResult) -> str:
    """What a negotiation ends at and what is proven of it."""
    lower = coalition.certificate.lower if coalition.certificate else float("nan")
    return (
        f"The negotiation ends at {in_digits(coalition.cost)} yuan, and it is proven that no "
        f"schedule costs less than {in_digits(lower)}."
    )


# --- mechanisms -----------------------------------------------------------------------------------
def ways_compared(summary: pd.DataFrame, game: str) -> str:
    """What the game and a plan made together save. summary: as `tables_b.mechanisms`.

    game: the row of the game that the page names.
    """
    apart, together = summary.iloc[0], summary.iloc[-1]
    played = summary.loc[game]
    possible = together["saved (yuan)"]
    if possible <= NOTHING * abs(apart["cost (yuan)"]):
        return "Neither trade nor a common plan can save anything here."
    return (
        f"Alone the VPPs pay {in_digits(apart['cost (yuan)'])} yuan; the game saves "
        f"{in_digits(played['saved (yuan)'])} and a plan made together {in_digits(possible)}, so "
        f"that the game reaches {share_said(played['saved (yuan)'], possible)} of that. "
        f"CO₂ falls from {in_digits(apart['CO2 (t)'])} t to {in_digits(played['CO2 (t)'])} with "
        f"the game and to {in_digits(together['CO2 (t)'])} with the plan."
    )


def who_gains_more(gains: pd.DataFrame) -> str:
    """Who gains more by the game than by bargaining. gains: columns game and bargaining, yuan."""
    more = gains["bargaining"] - gains["game"]
    size = float(gains.abs().to_numpy().max(initial=0.0))
    better = [str(name) for name in gains.index[more < -NOTHING * size]]
    most, least = more.idxmax(), more.idxmin()
    said = (
        f"{listed(better)} would be better off with the game."
        if better
        else "Nobody is better off with the game than with bargaining."
    )
    return (
        f"{said} Beside the game, bargaining over the common plan gives {most} "
        f"{more_or_less(more[most], size)} and {least} {more_or_less(more[least], size)}."
    )


def planner_does_better(items: pd.DataFrame) -> str:
    """From which bills a planner saves what the game does not. items: columns game and planned
    together, yuan by item, with a row total.
    """
    saved = items["game"] - items["planned together"]
    total = float(saved["total"])
    parts = saved.drop("total")
    named = parts[parts.abs() > SMALL * parts.abs().sum()].sort_values(ascending=False)
    said = [bill_said(str(name), yuan) for name, yuan in named.items()]
    costs = compared(-total, float(items["game"].abs()["total"]), "the game")
    return f"The plan costs {costs}. In yuan, {listed(said)}."


def energy_moved(energy: pd.DataFrame) -> str:
    """How much energy passes between VPPs by either way. energy: two levels of columns."""
    received = energy.xs("received", axis=1, level=1).sum()
    said = [f"{in_digits(mwh)} MWh ({way})" for way, mwh in received.items()]
    return f"Between VPPs pass {listed(said)}."


def ladder_in_a(table: pd.DataFrame) -> str:
    """Whether a ladder makes cooperation worth more. table: rows flat and stepped."""
    saving, size = table["saving (yuan)"], float(table["alone (yuan)"].abs().max())
    dearer = (table.loc["stepped"] - table.loc["flat"])[["alone (yuan)", "together (yuan)"]]
    saves = compared(saving["stepped"] - saving["flat"], size, "with the flat price")
    return (
        f"With the ladder cooperation saves {in_digits(saving['stepped'])} yuan, {saves}: the "
        f"ladder costs the VPPs {in_digits(dearer['alone (yuan)'])} yuan if they are alone and "
        f"{in_digits(dearer['together (yuan)'])} if they cooperate."
    )


# --- a real week ----------------------------------------------------------------------------------
def described(case: Case) -> str:
    """What a case says of itself."""
    return f"{case.description.title}. Source: {case.description.source}."


def shown_vpp(name: str, apart: pd.DataFrame, together: pd.DataFrame) -> str:
    """What one VPP's bills are alone and in the joint optimum, before payments.

    apart, together: as `tables.cost_items`.
    """
    return f"In the joint optimum {own_schedule(name, apart, together)}"


def own_schedule(name: str, apart: pd.DataFrame, together: pd.DataFrame) -> str:
    """By how much one VPP's own schedule costs less or more together, and what changes this most.

    apart, together: as `tables.cost_items`.
    """
    # a coalition may have items that nobody has alone, as the crossing fee
    before, after = apart[name].align(together[name], fill_value=0.0)
    change = (after - before).drop("total")
    item = change.abs().idxmax()
    schedule = compared(after["total"] - before["total"], before["total"], "alone")
    return (
        f"{name}'s own schedule costs {schedule}, before any payment; most changes this: "
        f"{bill_said(str(item), -change[item])} yuan."
    )


def without_grid(case: Case) -> str:
    """That a case has no grid whose power flow could be looked at."""
    return f"{case.name} comes without a grid of its own: there is no power flow to show."


def without_quarters(case: Case) -> str:
    """That a case has no twin in quarters of an hour."""
    return f"There is no other case with the data of {case.name} in steps of 15 minutes."


def week_said(alone: float, best: CoalitionResult, agreed: CoalitionResult, steps: int) -> str:
    """What cooperation saves over a horizon, and what the negotiation proves."""
    saved = alone - best.cost
    return (
        f"Over {counted(steps, 'step')} the VPPs pay {in_digits(alone)} yuan alone and "
        f"{in_digits(best.cost)} together: cooperation saves {in_digits(saved)} yuan, "
        f"{100 * saved / abs(alone) if alone else 0:.1f} %. {proven(agreed)}"
    )


def gains_said(table: pd.DataFrame) -> str:
    """Who gains most and least, and who has an income. table: as `tables.before_and_after`."""
    by_vpp = table.drop(index="cluster")
    gain, alone = by_vpp["gain"], by_vpp["alone"]
    earns = [str(name) for name in alone.index[alone < 0]]
    has = "has" if len(earns) == 1 else "have"
    income = f" {listed(earns)} {has} a negative cost alone, which is income." if earns else ""
    return (
        f"{gain.idxmax()} gains most ({in_digits(gain.max())} yuan) and {gain.idxmin()} least "
        f"({in_digits(gain.min())}).{income}"
    )


def steps_compared(steps: pd.DataFrame) -> str:
    """What shorter steps change. steps: as `experiments_c.step_lengths`, the longer ones first."""
    long, short = steps.iloc[:, 0], steps.iloc[:, 1]
    peak, cost = "peak load (MW)", "alone (yuan)"
    said = [
        f"the peak of the load is {more_or_less(short[peak] - long[peak], long[peak], 'MW')}",
        f"the cost alone {more_or_less(short[cost] - long[cost], long[cost])}",
        f"and cooperation saves {short['saving (%)']:.2f} % in place of {long['saving (%)']:.2f} %",
    ]
    return f"In steps of {short['step (h)']:g} h, not {long['step (h)']:g}, {', '.join(said)}."


def grid_said(check: pd.DataFrame, low: float, high: float) -> str:
    """Whether a grid carries the schedules. check: as `tables_c.flow_summaries`."""
    lowest, highest = check["lowest voltage"].min(), check["highest voltage"].max()
    inside = low < lowest and highest < high
    stay = "All voltages stay" if inside else "Not all voltages stay"
    loading = ""
    if "highest line loading" in check:
        most = check["highest line loading"]
        loading = f" The fullest line carries {100 * most.max():.0f} % of what it may."
    return (
        f"{stay} within the limits of {low:g} to {high:g} per unit: they lie between "
        f"{voltage(lowest)} and {voltage(highest)}.{loading}"
    )


# --- the feeder -----------------------------------------------------------------------------------
def feeder_said(blind: pd.DataFrame, limited: pd.DataFrame, shown: str, unlimited: float) -> str:
    """What trade does to the feeder at one placement, and what its limits leave of the saving.

    blind: as the page's table, rows (placement, alone or together).
    limited: a column per placement.
    """
    alone, together = blind.loc[(shown, "alone")], blind.loc[(shown, "together")]
    voltages = (
        f'With nobody looking at the feeder the lowest voltage at the placement "{shown}" is '
        f"{voltage(alone['lowest voltage'])} alone and {voltage(together['lowest voltage'])} "
        f"together, and {int(alone['steps outside'])} and {int(together['steps outside'])} steps "
        "leave the limits"
    )
    if shown not in limited:
        return f"{voltages}; no schedule keeps them."
    left = limited.loc["saving (yuan)", shown]
    return (
        f"{voltages}. Within the limits cooperation saves {in_digits(left)} of "
        f"{in_digits(unlimited)} yuan, {share_said(left, unlimited)}."
    )


def placements_said(blind: pd.DataFrame) -> str:
    """What cooperation does to voltages, placement by placement. blind: as in `feeder_said`."""
    said = []
    for place in blind.index.unique(level=0):
        alone, together = blind.loc[(place, "alone")], blind.loc[(place, "together")]
        fall = together["lowest voltage"] - alone["lowest voltage"]
        moves = f"{'rises' if fall > 0 else 'falls'} by {voltage(abs(fall))}"
        moves = moves if float(voltage(abs(fall))) else "hardly moves"
        steps = int(together["steps outside"]) - int(alone["steps outside"])
        more = "as many" if not steps else f"{abs(steps)} {'more' if steps > 0 else 'fewer'}"
        said.append(f'at "{place}" the lowest voltage {moves} and {more} steps leave the limits')
    return f"Together instead of alone, {listed(said)}."


def range_said(ranges: pd.DataFrame) -> str:
    """How far the choice among cheapest schedules matters. ranges: columns worst and best."""
    wide = ranges["best"] - ranges["worst"]
    most, least = wide.idxmax(), wide.idxmin()
    return (
        f"Among schedules of the same least cost the lowest voltage differs by "
        f"{voltage(wide.max())} at most ({most[0]}, {most[1]}) and by {voltage(wide.min())} "
        f"at least ({least[0]}, {least[1]})."
    )


def limits_said(limited: pd.DataFrame) -> str:
    """What the limits leave of the saving, placement by placement."""
    said = [
        f'{share_said(column["saving (yuan)"], column["saving without limits"])} at "{place}"'
        for place, column in limited.items()
    ]
    return f"Of the saving without limits there is left {listed(said)}."


def nowhere_said(placements: list[str], low: float, high: float) -> str:
    """That no placement leaves a schedule within the limits, and what may help.

    >>> nowhere_said(["chosen"], 0.95, 1.05)[:63]
    'No schedule keeps all voltages within 0.95 and 1.05 at "chosen"'
    """
    where = " or ".join(f'"{name}"' for name in placements)
    return (
        f"No schedule keeps all voltages within {low:g} and {high:g} at {where}, so "
        "there is none to show. Wider limits (low, high), fewer customers beside the VPPs "
        "(background), thicker lines (line_impedance) or other buses (placement) may leave one."
    )


def nothing_to_grant_said(shown: str) -> str:
    """That the operator has nothing to grant where no schedule is within the limits."""
    return f'At "{shown}" no schedule is within the limits, so the operator could grant none.'


def operator_said(best: CoalitionResult, agreed: CoalitionResult, flow: PowerFlow) -> str:
    """What a negotiation with the operator ends at."""
    low, high = flow.voltages.min().min(), flow.voltages.max().max()
    return (
        f"The joint optimum within the limits costs {in_digits(best.cost)} yuan. {proven(agreed)} "
        f"By the AC power flow voltages lie between {voltage(low)} and {voltage(high)}."
    )


def network_prices_said(prices: pd.DataFrame) -> str:
    """In which share of hours a feeder has a price, and the largest."""
    size = float(prices.abs().to_numpy().max(initial=0.0))
    if not size:
        return "No limit binds, so the feeder has no price."
    at = prices.abs().max().idxmax()
    step = prices[at].abs().idxmax()
    return (
        f"The dearest use of the feeder is in step {step} at {at}: one more kWh withdrawn costs "
        f"{signed(prices.loc[step, at])} yuan there. A price below zero pays for withdrawing."
    )


# --- fairness -------------------------------------------------------------------------------------
NASH = "Nash bargaining"


def who_would_leave(judged: Mapping[str, pd.DataFrame]) -> str:
    """Whether the bargained split of each case is stable, and who would leave it.

    judged: case -> table as of `tables_c.stability_of`.
    """
    said = []
    for case, table in judged.items():
        row = table.loc[NASH]
        if row["in the core"]:
            said.append(f"in {case} nobody gains by leaving the bargained split")
        else:
            gain = in_digits(row["largest excess (yuan)"])
            said.append(f"in {case} {row['of']} would gain {gain} yuan by leaving it")
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def stable_rules(judged: Mapping[str, pd.DataFrame]) -> str:
    """Which rules give a stable split in every case, and which cases have one at all."""
    rules = list(next(iter(judged.values())).index)
    always = [
        rule for rule in rules if all(table.loc[rule, "in the core"] for table in judged.values())
    ]
    none = [case for case, table in judged.items() if not table["in the core"].any()]
    said = f"Stable in every case: {listed(always)}." if always else "No rule is always stable."
    return f"{said} In {listed(none)} none of the four rules is." if none else said


def why_it_fails(judged: Mapping[str, pd.DataFrame], weights: str) -> str:
    """Why bargaining is not stable somewhere; empty where it is everywhere."""
    if all(table.loc[NASH, "in the core"] for table in judged.values()):
        return ""
    if weights == "equal":
        return "Where bargaining fails, equal weights are the reason: they ask nothing of a member."
    if weights not in WEIGHT_RULES:
        return (
            "Where bargaining fails, its weights are the reason: they are given numbers, and not "
            "what a coalition would lose without a member."
        )
    return (
        "Where bargaining fails, its weights are the reason: they reward energy that is supplied "
        "and received, and not what a coalition would lose without a member."
    )


def feeder_takes(lost: float, least: float, stable: pd.DataFrame) -> str:
    """What a feeder's limits take from the saving, and whether the splits are stable there."""
    kept = [str(rule) for rule in stable.index[stable["in the core"].astype(bool)]]
    core = f"Stable there: {listed(kept)}." if kept else "None of the four rules is stable there."
    best = f"with the best split a coalition loses {in_digits(-least)} yuan at least by leaving"
    if least > 0:
        best = f"even the best split leaves a coalition {in_digits(least)} yuan to gain by leaving"
    taken = "nothing" if lost <= SEEN * abs(least) else f"{in_digits(lost)} yuan"
    return f"The feeder's limits take {taken} from the saving of all, and {best}. {core}"


def rules_apart(found: Mapping[str, Splits]) -> str:
    """By how much the rules differ for one VPP, case by case. found: case -> splits."""
    said = []
    for case, splits in found.items():
        spread = splits.gains.max(axis=1) - splits.gains.min(axis=1)
        name = spread.idxmax()
        row = splits.gains.loc[name]
        said.append(
            f"in {case} they differ most for {name}, from {in_digits(row.min())} yuan "
            f"({row.idxmin()}) to {in_digits(row.max())} ({row.idxmax()})"
        )
    return f"The rules split the same saving: {'; '.join(said)}."


def what_lies_gain(found: Lies) -> str:
    """How much the best lie gains under the rules, and under which least.

    found: as `misreports.best_lies` has it.
    """
    largest = found.best.max()
    worst, least = str(largest.idxmax()), str(largest.idxmin())
    tried = len(found.tried.drop_duplicates(["VPP", "lie"]))
    if not largest.max():
        return f"None of the {tried} lies that were tried gains anything under any rule."
    said = [
        f"Of the {tried} lies that were tried, the best gains {found.best[worst].idxmax()} "
        f"{in_digits(largest[worst])} yuan under the rule {worst} "
        f"({found.lies.loc[found.best[worst].idxmax(), worst]})."
    ]
    if largest[least]:
        liar = found.best[least].idxmax()
        said.append(
            f"Least is to be had under the rule {least}: {in_digits(largest[least])} yuan, by "
            f"{liar} ({found.lies.loc[liar, least]})."
        )
    else:
        said.append(f"Under the rule {least} none of them gains anything.")
    proof = [str(rule) for rule in found.best if not found.best[rule].any()]
    if not proof:
        said.append("No rule is proof against all of them.")
    return " ".join(said)
