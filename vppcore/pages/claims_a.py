"""What paper A claims, one function for each claim: results in, judgement out.

The sentences of the ledger are made here. A function speaks of one case: `Study.judge` asks it for
the case with nothing fitted, whose number gets the verdict, and again for the fitted case, whose
number stands beside it. A statement on hours of the clock, such as 11:00 to 18:00, is checked step
by step: these are the steps 12 to 18.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from vppcore.bargaining.split import BargainResult
from vppcore.case import Case
from vppcore.cooperation.result import CoalitionResult
from vppcore.pages.checks import never_falling
from vppcore.pages.published import (
    IMPLIED_BY,
    NUMBER_TOLERANCE,
    ON_ALL,
    SOMEWHERE,
    VERDICTS,
    Judgement,
    claim,
    judge_contradiction,
    judge_hours,
    judge_number,
    judge_relation,
    judge_setting,
    judge_theorem,
    published_value,
)
from vppcore.pages.tables import implied_costs_alone
from vppcore.schedule import DispatchResult
from vppcore.uncertainty.result import PROVEN
from vppcore.uncertainty.settings import Uncertainty

OWN_TIE = "trade_limit crossing_fee"  # claims on money speak of the case's own tie
OWN_BUDGET = "vpp level pv_share deviation series"
OWN_SWEEP = f"reading deviation pv_share {OWN_TIE}"
NO_FLOW = 1e-4  # of the largest flow of a VPP: less counts as none
ABOUT_EQUAL = 0.02  # "about equal"
NOTHING_FITTED_FIRST = ("nothing fitted", "fitted")  # the columns of the two cases
# at which of the cheapest trades a number holds; beside SOMEWHERE
EVERYWHERE = "at all of the cheapest schedules that were looked at"
NOWHERE = "at none of the cheapest schedules that were looked at"
# a schedule that costs so little more, as a share of the least cost, counts as good as an optimum:
# the usual residual at which talks stop
NEAR = 1e-3
SHAPE, NOT_REPRODUCED = VERDICTS[1], VERDICTS[-1]
NO_PROPERTY = "a time is no property of the method"


def hours(*spans: tuple[int, int]) -> list[int]:
    """The steps of spans given in hours of the clock.

    >>> hours((6, 8), (14, 16))
    [7, 8, 15, 16]
    """
    return [step for first, last in spans for step in range(first + 1, last + 1)]


# the hours in which VPP2's worst-case load lies above its forecast, as A17 has them
WORST_HOURS = hours((6, 8), (14, 19))


def named_hours(case: Case, vpp: str) -> dict[str, list[int]]:
    """Series -> hours in which the paper says that a VPP's worst case is not its forecast."""
    return {"load": WORST_HOURS} if case.is_paper("A") and vpp == "VPP2" else {}


def other_case(case: Case) -> str:
    """The other one of the two cases of study A: without fitted numbers for a case that has some,
    and with them for one that has none.
    """
    return "paper-a-parent" if case.fitted_claims else "paper-a"


def fitted_or_not(case: Case) -> str:
    """How tables head the column of one of the two cases of study A."""
    return NOTHING_FITTED_FIRST[bool(case.fitted_claims)]


# --- the data -------------------------------------------------------------------------------------
@claim("A23")
def the_same_plants(case: Case) -> Judgement:
    """VPP1 has wind, VPP2 and VPP3 photovoltaics; VPP2 alone has CHP with capture and P2G."""
    names = {vpp.name: {component.name for component in vpp.components} for vpp in case.vpps}
    with_capture = [name for name, plants in names.items() if "chp_p2g_ccs" in plants]
    renewables = "wind" in names["VPP1"] and "pv" in names["VPP2"] and "pv" in names["VPP3"]
    if renewables and with_capture == ["VPP2"]:
        reason = "the case is built this way; checked in its data"
        return judge_setting("A23", "the same plants", reason)
    return judge_setting("A23", "other plants", "the case's data have been changed", holds=False)


# --- the trades -----------------------------------------------------------------------------------
@claim("A18", unchanged="stopping")
def iterations_of_the_trades(
    agreed: CoalitionResult, tolerance: float, hasty: CoalitionResult | None = None
) -> Judgement:
    """P1 converges in 32 iterations.

    hasty: the talks that end as soon as trades hardly change.
    """
    reason = (
        "the text has no stopping rule; ours is a relative residual of "
        f"{tolerance:g}, and the result is certified to {certified(agreed):.0e}"
    )
    if hasty is not None:
        left = 100 * hasty.history["relative primal"].iloc[-1]
        reason += (
            "; talks that end when the trades alone hardly change, as in a published program of "
            f"this family, take {hasty.iterations}, with {left:.1g} % of the trades in "
            f"disagreement, and are certified to {certified(hasty):.0e}"
        )
    return judge_number("A18", agreed.iterations, reason, testable=False)


def certified(result: CoalitionResult) -> float:
    """The gap of a result's certificate; not a number without one."""
    return result.certificate.gap if result.certificate else float("nan")


@claim("A19")
def seconds_of_the_trades(trade_seconds: float) -> Judgement:
    """P1 takes 275 s."""
    reason = f"another machine, and each VPP's problem is compiled once; {NO_PROPERTY}"
    return judge_number("A19", trade_seconds, reason, testable=False)


@claim("A22")
def penalty_of_the_trades(penalty: float) -> Judgement:
    """The penalty of P1 is 1e-4."""
    if penalty == published_value("A22"):
        return judge_setting("A22", f"{penalty:g}", "our default; kW and yuan as in the paper")
    return judge_setting("A22", f"{penalty:g}", "this run has a penalty of its own", holds=False)


@claim("A24")
def vpp2_exports_by_day(agreed: CoalitionResult, wanted: WantedCosts | None = None) -> Judgement:
    """VPP2 covers its demand from photovoltaics and exports from 11:00 to 18:00."""
    vpp2 = agreed.dispatches["VPP2"]
    none = no_flow(vpp2)
    covers = flow(vpp2, "renewable") >= -flow(vpp2, "load")
    holds = covers & (flow(vpp2, "trade", "grid") < -none)
    counted = "counted where VPP2's photovoltaics cover its load and it exports"
    return on_schedules(judge_hours("A24", holds.loc[hours((11, 18))], counted), wanted)


@claim("A25")
def vpp2_draws_from_others_first(
    agreed: CoalitionResult, wanted: WantedCosts | None = None
) -> Judgement:
    """From 0:00 to 10:00 and from 19:00 VPP2 draws from other VPPs first, then from the grid."""
    vpp2 = agreed.dispatches["VPP2"]
    none = no_flow(vpp2)
    holds = (flow(vpp2, "trade") > none) & ~(flow(vpp2, "grid") < -none)
    counted = "counted where VPP2 receives from other VPPs and sells nothing to the grid"
    named = hours((0, 10), (19, 24))
    return on_schedules(judge_hours("A25", holds.loc[named], counted), wanted)


@claim("A26")
def vpp1_supplies_by_night(agreed: CoalitionResult, wanted: WantedCosts | None = None) -> Judgement:
    """From 0:00 to 10:00 and from 16:00 to 24:00 VPP1 supplies VPP2 and VPP3."""
    received = agreed.trades["VPP1"].sum(axis=1)
    holds = received < -no_flow(agreed.dispatches["VPP1"])
    counted = "counted where VPP1 supplies the other two in sum"
    named = hours((0, 10), (16, 24))
    return on_schedules(judge_hours("A26", holds.loc[named], counted), wanted)


@claim("A27")
def vpp1_receives_by_day(agreed: CoalitionResult, wanted: WantedCosts | None = None) -> Judgement:
    """From 10:00 to 16:00 VPP2 and VPP3 deliver to VPP1."""
    none = no_flow(agreed.dispatches["VPP1"])
    holds = (agreed.trades["VPP1"] > none).all(axis=1)
    counted = "counted where VPP1 receives from both"
    return on_schedules(judge_hours("A27", holds.loc[hours((10, 16))], counted), wanted)


@claim("A28")
def vpp2_uses_the_grid_for_the_rest(agreed: CoalitionResult) -> Judgement:
    """VPP2 trades inside the cluster first and uses the grid for the remainder only."""
    buys, sells = {}, {}
    for name, result in agreed.dispatches.items():
        buys[name] = flow(result, "grid") > no_flow(result)
        sells[name] = flow(result, "grid") < -no_flow(result)
    others_buy = pd.DataFrame(buys).drop(columns="VPP2").any(axis=1)
    others_sell = pd.DataFrame(sells).drop(columns="VPP2").any(axis=1)
    holds = ~(buys["VPP2"] & others_sell | sells["VPP2"] & others_buy)
    counted = (
        "while the line is not full: power that one buys dear while another sells it cheap can be "
        "passed on, and both gain; counted where VPP2's exchange with the grid runs against no "
        "other VPP's"
    )
    bought = int(buys["VPP2"].sum())
    if not bought:
        counted += "; it buys from the grid in no hour, so that little is tested"
    said = judge_hours("A28", holds.loc[hours((0, 24))], counted)
    return judge_theorem("A28", said.verdict == "reproduced in shape", said.ours, said.reason)


@claim("A34")
def less_is_bought_from_the_grid(
    separate: Mapping[str, DispatchResult], agreed: CoalitionResult
) -> Judgement:
    """Cooperation minimises the reliance on power from the grid.

    separate: VPP -> its schedule without trade.
    """
    before, after = bought(separate), bought(agreed.dispatches)
    ours = f"{before:,.0f} kWh bought without trade, {after:,.0f} with"
    reason = "read as less energy bought from the grid over the day, the negotiated schedule"
    return judge_relation("A34", after < before - NO_FLOW * before, ours, reason)


@claim("A35")
def the_cluster_s_exchange_is_calmer(
    separate: Mapping[str, DispatchResult], agreed: CoalitionResult
) -> Judgement:
    """Power sharing mitigates the fluctuation of the power that the cluster exchanges."""
    before, after = exchanged(separate), exchanged(agreed.dispatches)
    ours = f"standard deviation {before.std():,.0f} kW without trade, {after.std():,.0f} with"
    jumps = [flows.diff().abs().mean() for flows in (before, after)]
    reason = (
        "read as a smaller standard deviation of what all VPPs exchange with the grid; the "
        f"mean change from step to step: {jumps[0]:,.0f} and {jumps[1]:,.0f} kW"
    )
    return judge_relation("A35", bool(after.std() < before.std()), ours, reason)


@claim("A36")
def messages_are_trades_and_prices(agreed: CoalitionResult) -> Judgement:
    """The negotiation exchanges traded electricity and prices, and nothing else."""
    kinds = sorted({message.kind for message in agreed.messages})
    reason = (
        "the talks are built this way; beside the messages a VPP tells its peak load and mean "
        "tariff, two totals of its cost, and for the split its cost alone and its tariff"
    )
    few = set(kinds) <= {"expected trade", "multiplier"}
    return judge_setting("A36", f"messages: {', '.join(kinds)}", reason, holds=few)


def exchanged(schedules: Mapping[str, DispatchResult]) -> pd.Series:
    """What all VPPs together take from the grid in each step, kW, negative where they sell."""
    flows = {name: flow(result, "grid") for name, result in schedules.items()}
    return pd.DataFrame(flows).sum(axis=1)


def bought(schedules: Mapping[str, DispatchResult]) -> float:
    """What the VPPs buy from the grid over a day of hours, each for itself, kWh."""
    return float(sum(flow(result, "grid").clip(lower=0).sum() for result in schedules.values()))


class WantedCosts(NamedTuple):
    """What the nearest schedules cost in which statements on hours are true.

    optimum: the least cost, yuan.
    extra: claim -> by how much the cheapest schedule in which it is true in every hour is dearer,
        yuan; zero if it is an optimum, infinite if there is none.
    """

    optimum: float
    extra: Mapping[str, float]


def on_schedules(counted: Judgement, wanted: WantedCosts | None) -> Judgement:
    """The verdict on a statement on hours by all schedules, not by the one that a run has found.

    counted: by the hours of the run's own schedule, which is said; it stands without `wanted`.
    """
    if wanted is None:
        return counted
    extra = wanted.extra[counted.claim]
    share = extra / abs(wanted.optimum)
    held = share <= NEAR
    if extra == 0:
        ours = "holds at an optimum"
    elif np.isfinite(extra):
        ours = f"holds {'within' if held else 'at the price of'} {extra:,.1f} yuan"
    else:
        ours = "holds in no schedule"
    reason = f"{ON_ALL}; the negotiated one {counted.ours}; {counted.reason}"
    if 0 < extra < np.inf:
        reason += f"; the nearest in which it holds in every hour costs {100 * share:.2g} % more"
    verdict = SHAPE if held else NOT_REPRODUCED
    return replace(counted, ours=ours, verdict=verdict, reason=reason)


# statements on hours, which speak of one of many optimal schedules
ON_HOURS: tuple[Callable[[CoalitionResult], Judgement], ...] = (
    vpp2_exports_by_day,
    vpp2_draws_from_others_first,
    vpp1_supplies_by_night,
    vpp1_receives_by_day,
    vpp2_uses_the_grid_for_the_rest,
)


def hours_by_optimum(case: Case, optima: Mapping[str, CoalitionResult]) -> pd.DataFrame:
    """In how many hours each statement on hours holds, in several schedules of the same cost.

    optima: name -> coalition. A row per claim, a column per name, and last whether it holds in nine
    of ten hours in all or in none; empty for a case that is not paper A's.
    """
    if not case.is_paper("A"):
        return pd.DataFrame()
    rows = {}
    for judge in ON_HOURS:
        found = {name: judge(coalition) for name, coalition in optima.items()}
        verdicts = {judgement.verdict for judgement in found.values()}
        claimed = next(iter(found.values())).claim
        rows[claimed] = {name: judgement.ours for name, judgement in found.items()}
        rows[claimed]["nine of ten alike"] = "yes" if len(verdicts) == 1 else "no"
    return pd.DataFrame(rows).T.rename_axis("claim")


def flow(result: DispatchResult, *roles: str) -> pd.Series:
    """What a VPP's components of these roles bring to its electricity bus, kW."""
    return result.balances["electricity"].filter(items=result.with_role(*roles)).sum(axis=1)


def no_flow(result: DispatchResult) -> float:
    """Less than this counts as no flow in a VPP, kW."""
    return NO_FLOW * float(result.balances["electricity"].abs().max().max())


# --- the split ------------------------------------------------------------------------------------
@claim("A01", unchanged=OWN_TIE)
def saving_of_the_cluster(split: BargainResult) -> Judgement:
    """Cooperation lowers the cluster's cost by 10,780 yuan."""
    return judge_number("A01", float(split.gains.sum()), "the sum of what the three save")


@claim("A02", unchanged=OWN_TIE)
def saving_of_vpp1(split: BargainResult, ends: pd.DataFrame | None = None) -> Judgement:
    """Cooperation lowers VPP1's cost by 5,481 yuan."""
    return saving_judged("A02", float(split.gains["VPP1"]), split, ends, "VPP1")


@claim("A03", unchanged=OWN_TIE)
def saving_of_vpp2(split: BargainResult, ends: pd.DataFrame | None = None) -> Judgement:
    """Cooperation lowers VPP2's cost by 3,400 yuan."""
    return saving_judged("A03", float(split.gains["VPP2"]), split, ends, "VPP2")


@claim("A04", unchanged=OWN_TIE)
def saving_of_vpp3(split: BargainResult, ends: pd.DataFrame | None = None) -> Judgement:
    """Cooperation lowers VPP3's cost by 1,900 yuan."""
    return saving_judged("A04", float(split.gains["VPP3"]), split, ends, "VPP3")


@claim("A05", unchanged=OWN_TIE)
def share_of_vpp1(split: BargainResult, ends: pd.DataFrame | None = None) -> Judgement:
    """VPP1 saves 25.19 % of its cost alone."""
    return share_saved("A05", split, ends, "VPP1")


@claim("A06", unchanged=OWN_TIE)
def share_of_vpp2(split: BargainResult, ends: pd.DataFrame | None = None) -> Judgement:
    """VPP2 saves 7.88 % of its cost alone."""
    return share_saved("A06", split, ends, "VPP2")


@claim("A07", unchanged=OWN_TIE)
def share_of_vpp3(split: BargainResult, ends: pd.DataFrame | None = None) -> Judgement:
    """VPP3 saves 8.30 % of its cost alone."""
    return share_saved("A07", split, ends, "VPP3")


@claim("A08", unchanged=OWN_TIE)
def share_of_the_cluster(split: BargainResult) -> Judgement:
    """The cluster saves 13.38 %, which A01 to A07 exclude."""
    implied = 100 * published_value("A01") / implied_costs_alone().sum()
    percent = 100 * split.gains.sum() / split.table["alone"].sum()
    return judge_contradiction("A08", f"{percent:.2f}", f"claims A01 to A07 imply {implied:.2f} %")


@claim("A20", unchanged=OWN_TIE)
def iterations_of_the_prices(talked: BargainResult, price_tolerance: float) -> Judgement:
    """P2 converges in 24 iterations."""
    reason = f"the text has no stopping rule; ours is {price_tolerance:g} yuan/kWh"
    return judge_number("A20", len(talked.history), reason, testable=False)


@claim("A21", unchanged=OWN_TIE)
def seconds_of_the_prices(price_seconds: float) -> Judgement:
    """P2 takes 138 s."""
    reason = f"another machine, and each VPP's step has one unknown; {NO_PROPERTY}"
    return judge_number("A21", price_seconds, reason, testable=False)


@claim("A29", unchanged=OWN_TIE)
def prices_inside_the_band(split: BargainResult, band: pd.DataFrame) -> Judgement:
    """In every period the trading price lies between the grid's feed-in and purchase price."""
    priced = split.prices[split.prices.notna().any(axis=1)]
    band = band.loc[priced.index]
    slack = 1e-9 * float(band.abs().max().max())
    above = priced.ge(band["low"] - slack, axis=0)
    below = priced.le(band["high"] + slack, axis=0)
    inside = (above & below) | priced.isna()
    reason = "nothing forces the closed form into the band; it lies inside"
    if split.bound:
        reason = "forced: the band binds"
    return judge_hours("A29", inside.all(axis=1), reason)


def share_saved(
    number: str, split: BargainResult, ends: pd.DataFrame | None, vpp: str
) -> Judgement:
    """The verdict on a saving as a share of the VPP's cost alone, in percent."""
    alone = float(split.table.loc[vpp, "alone"])
    percent = None if ends is None else 100 * ends / alone
    return saving_judged(number, 100 * split.gains[vpp] / alone, split, percent, vpp)


def saving_judged(
    number: str, ours: float, split: BargainResult, ends: pd.DataFrame | None, vpp: str
) -> Judgement:
    """The verdict on what a VPP gains, judged on the set of all cheapest trades.

    ours: what this run's trades give, which is said.
    ends: as `experiments.splits_at_ends` makes it, in the unit of the claim; None judges ours
        alone.
    """
    if ends is None:
        return judge_number(number, ours, split.note)
    printed = published_value(number)
    room = NUMBER_TOLERANCE * abs(printed)
    least, most = float(ends[vpp].min()), float(ends[vpp].max())
    at_an_optimum = least <= printed + room and most >= printed - room
    at_both_ends = least >= printed - room and most <= printed + room
    where = NOWHERE
    if at_an_optimum:
        where = EVERYWHERE if at_both_ends else SOMEWHERE
    said = (
        f"{split.note}; within one percent {where}: {least:,.4g} to {most:,.4g} between the ends "
        "of these"
    )
    verdict = "reproduced" if at_an_optimum else "not reproduced"
    return replace(judge_number(number, ours, said), verdict=verdict)


@claim("A31", unchanged=OWN_TIE)
def cost_of_vpp1_alone(split: BargainResult) -> Judgement:
    """VPP1 costs 21,759 yuan alone, as its saving in yuan and in percent implies."""
    return implied_cost("A31", split, "VPP1")


@claim("A32", unchanged=OWN_TIE)
def cost_of_vpp2_alone(split: BargainResult) -> Judgement:
    """VPP2 costs 43,146 yuan alone, as its saving in yuan and in percent implies."""
    return implied_cost("A32", split, "VPP2")


@claim("A33", unchanged=OWN_TIE)
def cost_of_vpp3_alone(split: BargainResult) -> Judgement:
    """VPP3 costs 22,886 yuan alone, as its saving in yuan and in percent implies."""
    return implied_cost("A33", split, "VPP3")


@claim("A39", unchanged=OWN_TIE)
def costs_are_more_equitable(split: BargainResult) -> Judgement:
    """Cooperation achieves a more equitable distribution of costs."""
    before, after = (relative_spread(split.table[column]) for column in ("alone", "after"))
    apart = implied_costs_alone()
    saved = pd.Series([published_value(f"A0{k}") for k in (2, 3, 4)], apart.index)
    printed = relative_spread(apart), relative_spread(apart - saved)
    ours = f"spread of the costs {100 * before:.1f} % alone, {100 * after:.1f} % after the split"
    reason = (
        "the text has no measure; read as a smaller standard deviation of the three costs as a "
        "share of their mean, which by the text's own numbers is "
        f"{100 * printed[0]:.1f} % alone and {100 * printed[1]:.1f} % after"
    )
    return judge_relation("A39", after < before, ours, reason)


def relative_spread(costs: pd.Series) -> float:
    """The standard deviation of some costs as a share of their mean.

    >>> relative_spread(pd.Series([1.0, 3.0]))
    0.5
    """
    return float(costs.std(ddof=0) / abs(costs.mean()))


def implied_cost(number: str, split: BargainResult, vpp: str) -> Judgement:
    """The verdict on a VPP's cost alone, which the text implies and does not print."""
    saved, share = IMPLIED_BY[number]
    reason = f"{saved} over {share}; the least cost alone is the same for all cheapest schedules"
    return judge_number(number, float(split.table.loc[vpp, "alone"]), reason)


# --- the worst day --------------------------------------------------------------------------------
@claim("A16", unchanged=OWN_BUDGET)
def budgets_of_the_worst_day(doubt: Uncertainty) -> Judgement:
    """Budgets of Fig. 7: load 12, wind 12, photovoltaics 6; deviation 20 %."""
    budgets = ", ".join(str(doubt.budgets[name]) for name in ("load", "wind", "pv"))
    ours = f"{budgets}; {100 * doubt.deviation_of('load'):.0f} %"
    return judge_setting("A16", ours, "the defaults of this page")


@claim("A17", unchanged=OWN_BUDGET)
def hours_of_the_worst_day(hits: pd.DataFrame, among: pd.Series | None = None) -> Judgement:
    """VPP2's worst-case load lies above its forecast from 6:00 to 8:00 and from 14:00 to 19:00.

    hits: VPP2's worst day, a column `load` of 0 and 1.
    among: what the costliest of several sets of days costs, as `experiments.costliest_among`.
    """
    is_hit = hits["load"] == 1
    outside = [str(step) for step in hits.index[is_hit] if step not in WORST_HOURS]
    reason = f"also hit, in hours the paper does not name: {', '.join(outside) or 'none'}"
    return on_days(judge_hours("A17", is_hit.loc[WORST_HOURS], reason), among)


def on_days(counted: Judgement, among: pd.Series | None) -> Judgement:
    """The verdict on the hours of a worst day by all days that have them, not by the one that was
    found.

    counted: by the hours of the day that was found, which is said; it stands without `among`.
    """
    if among is None:
        return counted
    worst = among["all days"]
    less = worst - among["all these hours"]
    held = less <= NEAR * abs(worst)
    if less <= PROVEN * abs(worst):
        ours = "holds on a worst day"
    else:
        ours = f"holds on a day {less:,.0f} yuan short of the worst"
    added = worst - among["forecast"]
    alone = worst - among["no other hours"]
    reason = (
        f"judged on all days of the budget; the worst one {counted.ours}; {counted.reason}; the "
        f"costliest with all the named hours costs {100 * less / abs(worst):.2g} % less, "
        f"{100 * less / added:.2g} % of what the worst adds to the forecast day, and the costliest "
        f"on which the load rises in no other hours {100 * alone / added:.2g} % of that"
    )
    return replace(counted, ours=ours, reason=reason, verdict=SHAPE if held else NOT_REPRODUCED)


@claim("A37", unchanged=OWN_BUDGET)
def the_worst_load_varies_more(load_profile: pd.DataFrame) -> Judgement:
    """The worst case gives VPP2's load a higher peak-to-valley difference and more volatility.

    load_profile: columns "forecast" and "worst case", kW.
    """
    spans = load_profile.max() - load_profile.min()
    deviations = load_profile.std()
    ours = (
        f"peak less valley {spans['forecast']:,.0f} to {spans['worst case']:,.0f} kW, standard "
        f"deviation {deviations['forecast']:,.0f} to {deviations['worst case']:,.0f} kW"
    )
    holds = spans["worst case"] > spans["forecast"]
    holds &= deviations["worst case"] > deviations["forecast"]
    reason = "volatility is read as the standard deviation; of the forecast and of the worst case"
    return judge_relation("A37", bool(holds), ours, reason)


# --- cost by uncertainty level --------------------------------------------------------------------
@claim("A09", unchanged=OWN_SWEEP)
def cost_alone_at_level_2(costs: pd.DataFrame) -> Judgement | None:
    """At uncertainty 2 the cost without cooperation is 95,760 yuan."""
    return cost_alone("A09", 2, costs)


@claim("A10", unchanged=OWN_SWEEP)
def cost_together_at_level_2(costs: pd.DataFrame) -> Judgement | None:
    """At uncertainty 2 the cost with cooperation is 84,689 yuan."""
    if not reaches(costs, 2):
        return None
    return judge_number("A10", costs.loc[2, "together"], saves_more(costs))


@claim("A11", unchanged=OWN_SWEEP)
def saving_at_level_2(costs: pd.DataFrame) -> Judgement | None:
    """At uncertainty 2 cooperation saves 11.56 %."""
    if not reaches(costs, 2):
        return None
    reason = "of the cost alone at that level"
    return judge_number("A11", costs.loc[2, "saving (%)"], reason)


@claim("A12", unchanged=OWN_SWEEP)
def cost_alone_at_level_4(costs: pd.DataFrame) -> Judgement | None:
    """At uncertainty 4 the cost without cooperation is 99,886 yuan."""
    return cost_alone("A12", 4, costs)


@claim("A13", unchanged=OWN_SWEEP)
def cost_together_at_level_8(costs: pd.DataFrame) -> Judgement | None:
    """At uncertainty 8 the cost with cooperation is 98,960 yuan."""
    if not reaches(costs, 2, 8):
        return None
    return judge_number("A13", round(costs.loc[8, "together"], -1), saves_more(costs))


@claim("A14", unchanged=OWN_SWEEP)
def cost_rises_with_the_level(costs: pd.DataFrame) -> Judgement | None:
    """Cost rises with the uncertainty level in both modes."""
    if len(costs) < 2:
        return None
    holds = never_falling(costs["alone"]) and never_falling(costs["together"])
    reason = (
        "a larger budget contains the days of the smaller one, so its worst day costs no less; "
        "alone and together alike"
    )
    return judge_theorem("A14", holds, f"{len(costs)} levels", reason)


@claim("A15", unchanged=OWN_SWEEP)
def cooperation_at_8_is_alone_at_4(costs: pd.DataFrame) -> Judgement | None:
    """With cooperation uncertainty 8 costs about what 4 costs without."""
    if not reaches(costs, 4, 8):
        return None
    together, alone = costs.loc[8, "together"], costs.loc[4, "alone"]
    holds = bool(abs(together / alone - 1) < ABOUT_EQUAL)
    ours = f"{round(together, -1):,.0f} against {alone:,.0f} yuan"
    return judge_relation("A15", holds, ours, "counted as about equal within two percent")


@claim("A30", unchanged=OWN_SWEEP)
def cooperation_always_pays(costs: pd.DataFrame) -> Judgement:
    """At every uncertainty level cooperation costs less."""
    cheaper = costs["together"] < costs["alone"]
    ours = f"{int(cheaper.sum())} of {len(costs)} levels"
    reason = (
        "no trade at all is a possible promise, so together never costs more, whatever the days; "
        "that it costs less asks for one trade that pays"
    )
    return judge_theorem("A30", bool(cheaper.all()), ours, reason)


@claim("A38", unchanged=OWN_SWEEP)
def cooperation_dampens_uncertainty(costs: pd.DataFrame) -> Judgement | None:
    """Cooperation reduces the effect of uncertainty on the operating cost."""
    if not reaches(costs, 0, 8):
        return None
    alone, together = (costs.loc[8, mode] - costs.loc[0, mode] for mode in ("alone", "together"))
    ours = f"{together:,.0f} yuan more at level 8 than at 0 with trade, {alone:,.0f} without"
    reason = (
        f"{100 * (1 - together / alone):.0f} % less; the text says 'significantly' and gives no "
        "measure; from level 0 to 2 its own costs grow "
        f"{100 * printed_dampening():.1f} % less with trade"
    )
    return judge_relation("A38", bool(together < alone), ours, reason)


def printed_dampening() -> float:
    """By what share the paper's costs grow less with trade than without, from level 0 to 2."""
    apart = implied_costs_alone().sum()
    alone = published_value("A09") - apart
    together = published_value("A10") - (apart - published_value("A01"))
    return float(1 - together / alone)


def cost_alone(number: str, level: int, costs: pd.DataFrame) -> Judgement | None:
    """The verdict on a cost without cooperation, with the growth that the paper's numbers show."""
    if not reaches(costs, 0, 2, 4):
        return None
    paper, ours = published_growth(), growth(costs["alone"])
    reason = (
        f"the paper's cost alone grows by {paper:.2f} of its first step in the second, ours by "
        f"{ours:.2f}"
    )
    return judge_number(number, costs.loc[level, "alone"], reason)


def reaches(costs: pd.DataFrame, *levels: int) -> bool:
    """True if a sweep has all these levels."""
    return set(levels) <= set(costs.index)


def growth(alone: pd.Series) -> float:
    """How much the cost grows from level 2 to 4, as a share of its growth from 0 to 2."""
    return float((alone[4] - alone[2]) / (alone[2] - alone[0]))


def published_growth() -> float:
    """The same by the paper's numbers; level 0 is what its Table 1 implies."""
    levels = {0: implied_costs_alone().sum(), 2: published_value("A09"), 4: published_value("A12")}
    return growth(pd.Series(levels))


def saves_more(costs: pd.DataFrame) -> str:
    """What cooperation saves with us at level 2, beside the paper's A11."""
    percent = costs.loc[2, "saving (%)"]
    compared = "more" if percent > published_value("A11") else "less"
    return f"with us cooperation saves {compared}: {percent:.1f} % at level 2"
