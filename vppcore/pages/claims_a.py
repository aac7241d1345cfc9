"""What paper A claims, one function for each claim: results in, judgement out.

The sentences of the ledger are made here. A statement on hours of the clock, such as 11:00 to
18:00, is checked step by step: these are the steps 12 to 18.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pandas as pd

from vppcore.bargaining.split import BargainResult
from vppcore.case import Case
from vppcore.cooperation.result import CoalitionResult
from vppcore.pages.checks import never_falling
from vppcore.pages.published import (
    Judgement,
    claim,
    judge_contradiction,
    judge_hours,
    judge_number,
    judge_relation,
    judge_setting,
    published_value,
)
from vppcore.schedule import DispatchResult
from vppcore.uncertainty.settings import Uncertainty

OWN_TIE = "trade_limit crossing_fee"  # claims on money speak of the case's own tie
OWN_BUDGET = "vpp level pv_share deviation series"
OWN_SWEEP = f"reading deviation pv_share {OWN_TIE}"
NO_FLOW = 1e-4  # of the largest flow of a VPP: less counts as none
ABOUT_EQUAL = 0.02  # "about equal"
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
    """The other one of the two cases of study A, for comparison."""
    return "paper-a-parent" if case.name == "paper-a" else "paper-a"


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
    return judge_relation("A23", False, "other plants", "the case's data have been changed")


# --- the trades -----------------------------------------------------------------------------------
@claim("A18")
def iterations_of_the_trades(agreed: CoalitionResult, tolerance: float) -> Judgement:
    """P1 converges in 32 iterations."""
    gap = agreed.certificate.gap if agreed.certificate else float("nan")
    reason = (
        "the text has no stopping rule; ours is a relative residual of "
        f"{tolerance:g}, and the result is certified to {gap:.0e}"
    )
    return judge_number("A18", agreed.iterations, reason)


@claim("A19")
def seconds_of_the_trades(trade_seconds: float) -> Judgement:
    """P1 takes 275 s."""
    reason = f"another machine, and each VPP's problem is compiled once; {NO_PROPERTY}"
    return judge_number("A19", trade_seconds, reason)


@claim("A22")
def penalty_of_the_trades(penalty: float) -> Judgement:
    """The penalty of P1 is 1e-4."""
    if penalty == published_value("A22"):
        return judge_setting("A22", f"{penalty:g}", "our default; kW and yuan as in the paper")
    return judge_relation("A22", False, f"{penalty:g}", "this run has a penalty of its own")


@claim("A24")
def vpp2_exports_by_day(agreed: CoalitionResult, unfitted: CoalitionResult) -> Judgement:
    """VPP2 covers its demand from photovoltaics and exports from 11:00 to 18:00."""

    def holds(coalition: CoalitionResult) -> pd.Series:
        vpp2 = coalition.dispatches["VPP2"]
        none = no_flow(vpp2)
        covers = flow(vpp2, "renewable") >= -flow(vpp2, "load")
        return covers & (flow(vpp2, "trade", "grid") < -none)

    counted = "counted where VPP2's photovoltaics cover its load and it exports"
    return by_hours("A24", holds, hours((11, 18)), counted, agreed, unfitted)


@claim("A25")
def vpp2_draws_from_others_first(agreed: CoalitionResult, unfitted: CoalitionResult) -> Judgement:
    """From 0:00 to 10:00 and from 19:00 VPP2 draws from other VPPs first, then from the grid."""

    def holds(coalition: CoalitionResult) -> pd.Series:
        vpp2 = coalition.dispatches["VPP2"]
        none = no_flow(vpp2)
        return (flow(vpp2, "trade") > none) & ~(flow(vpp2, "grid") < -none)

    counted = "counted where VPP2 receives from other VPPs and sells nothing to the grid"
    return by_hours("A25", holds, hours((0, 10), (19, 24)), counted, agreed, unfitted)


@claim("A26")
def vpp1_supplies_by_night(agreed: CoalitionResult, unfitted: CoalitionResult) -> Judgement:
    """From 0:00 to 10:00 and from 16:00 to 24:00 VPP1 supplies VPP2 and VPP3."""

    def holds(coalition: CoalitionResult) -> pd.Series:
        received = coalition.trades["VPP1"].sum(axis=1)
        return received < -no_flow(coalition.dispatches["VPP1"])

    counted = "counted where VPP1 supplies the other two in sum"
    return by_hours("A26", holds, hours((0, 10), (16, 24)), counted, agreed, unfitted)


@claim("A27")
def vpp1_receives_by_day(agreed: CoalitionResult, unfitted: CoalitionResult) -> Judgement:
    """From 10:00 to 16:00 VPP2 and VPP3 deliver to VPP1."""

    def holds(coalition: CoalitionResult) -> pd.Series:
        none = no_flow(coalition.dispatches["VPP1"])
        return (coalition.trades["VPP1"] > none).all(axis=1)

    counted = "counted where VPP1 receives from both"
    return by_hours("A27", holds, hours((10, 16)), counted, agreed, unfitted)


@claim("A28")
def vpp2_uses_the_grid_for_the_rest(
    agreed: CoalitionResult, unfitted: CoalitionResult
) -> Judgement:
    """VPP2 trades inside the cluster first and uses the grid for the remainder only."""

    def holds(coalition: CoalitionResult) -> pd.Series:
        buys, sells = {}, {}
        for name, result in coalition.dispatches.items():
            buys[name] = flow(result, "grid") > no_flow(result)
            sells[name] = flow(result, "grid") < -no_flow(result)
        others_buy = pd.DataFrame(buys).drop(columns="VPP2").any(axis=1)
        others_sell = pd.DataFrame(sells).drop(columns="VPP2").any(axis=1)
        return ~(buys["VPP2"] & others_sell | sells["VPP2"] & others_buy)

    counted = "counted where VPP2's exchange with the grid runs against no other VPP's"
    return by_hours("A28", holds, hours((0, 24)), counted, agreed, unfitted)


# statements on hours, which speak of one of many optimal schedules
ON_HOURS: tuple[Callable[[CoalitionResult, CoalitionResult], Judgement], ...] = (
    vpp2_exports_by_day,
    vpp2_draws_from_others_first,
    vpp1_supplies_by_night,
    vpp1_receives_by_day,
    vpp2_uses_the_grid_for_the_rest,
)


def hours_by_optimum(case: Case, optima: Mapping[str, CoalitionResult]) -> pd.DataFrame:
    """In how many hours each statement on hours holds, in several schedules of the same cost.

    optima: name -> coalition. A row per claim, a column per name, and last whether the verdict is
    the same in all; empty for a case that is not paper A's.
    """
    if not case.is_paper("A"):
        return pd.DataFrame()
    rows = {}
    for judge in ON_HOURS:
        found = {name: judge(coalition, coalition) for name, coalition in optima.items()}
        verdicts = {judgement.verdict for judgement in found.values()}
        claimed = next(iter(found.values())).claim
        rows[claimed] = {name: judgement.ours for name, judgement in found.items()}
        rows[claimed]["same verdict"] = "yes" if len(verdicts) == 1 else "no"
    return pd.DataFrame(rows).T.rename_axis("claim")


def flow(result: DispatchResult, *roles: str) -> pd.Series:
    """What a VPP's components of these roles bring to its electricity bus, kW."""
    return result.balances["electricity"].filter(items=result.with_role(*roles)).sum(axis=1)


def no_flow(result: DispatchResult) -> float:
    """Less than this counts as no flow in a VPP, kW."""
    return NO_FLOW * float(result.balances["electricity"].abs().max().max())


def by_hours(
    number: str,
    holds: Callable[[CoalitionResult], pd.Series],
    steps: list[int],
    counted: str,
    agreed: CoalitionResult,
    unfitted: CoalitionResult,
) -> Judgement:
    """The verdict on a statement on hours; the reason counts the case with nothing fitted too."""
    unfitted_holds = holds(unfitted).loc[steps]
    reason = f"{counted}; with nothing fitted {int(unfitted_holds.sum())} of {len(steps)}"
    return judge_hours(number, holds(agreed).loc[steps], reason)


# --- the split ------------------------------------------------------------------------------------
@claim("A01", unchanged=OWN_TIE)
def saving_of_the_cluster(beside: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """Cooperation lowers the cluster's cost by 10,780 yuan."""
    return fitted_saving("A01", beside, "cluster saving", fitted)


@claim("A02", unchanged=OWN_TIE)
def saving_of_vpp1(beside: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """Cooperation lowers VPP1's cost by 5,481 yuan."""
    return fitted_saving("A02", beside, "VPP1 saving", fitted)


@claim("A03", unchanged=OWN_TIE)
def saving_of_vpp2(beside: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """Cooperation lowers VPP2's cost by 3,400 yuan."""
    return fitted_saving("A03", beside, "VPP2 saving", fitted)


@claim("A04", unchanged=OWN_TIE)
def saving_of_vpp3(beside: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """Cooperation lowers VPP3's cost by 1,900 yuan."""
    return fitted_saving("A04", beside, "VPP3 saving", fitted)


@claim("A05", unchanged=OWN_TIE)
def share_of_vpp1(beside: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """VPP1 saves 25.19 % of its cost alone."""
    return share_of_a_fitted_saving("A05", beside, "VPP1 saving (%)", fitted)


@claim("A06", unchanged=OWN_TIE)
def share_of_vpp2(beside: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """VPP2 saves 7.88 % of its cost alone."""
    return share_of_a_fitted_saving("A06", beside, "VPP2 saving (%)", fitted)


@claim("A07", unchanged=OWN_TIE)
def share_of_vpp3(beside: pd.DataFrame, fitted: Collection[str]) -> Judgement:
    """VPP3 saves 8.30 % of its cost alone."""
    return share_of_a_fitted_saving("A07", beside, "VPP3 saving (%)", fitted)


@claim("A08", unchanged=OWN_TIE)
def share_of_the_cluster(beside: pd.DataFrame) -> Judgement:
    """The cluster saves 13.38 %, which A01 to A07 exclude."""
    paper = beside["paper"]
    implied = 100 * paper["cluster saving"] / paper["cluster alone"]
    ours = f"{beside.loc['cluster saving (%)', 'paper-a']:.2f}"
    return judge_contradiction("A08", ours, f"claims A01 to A07 imply {implied:.2f} %")


@claim("A20", unchanged=OWN_TIE)
def iterations_of_the_prices(talked: BargainResult, price_tolerance: float) -> Judgement:
    """P2 converges in 24 iterations."""
    reason = f"the text has no stopping rule; ours is {price_tolerance:g} yuan/kWh"
    return judge_number("A20", len(talked.history), reason)


@claim("A21", unchanged=OWN_TIE)
def seconds_of_the_prices(price_seconds: float) -> Judgement:
    """P2 takes 138 s."""
    reason = f"another machine, and each VPP's step has one unknown; {NO_PROPERTY}"
    return judge_number("A21", price_seconds, reason)


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


def fitted_saving(
    number: str, beside: pd.DataFrame, row: str, fitted: Collection[str]
) -> Judgement:
    """The verdict on a saving that the calibration of `paper-a` aimed at."""
    unfitted = beside.loc[row, "paper-a-parent"]
    reason = f"a target of the calibration; {unfitted:,.6g} with nothing fitted"
    return judge_number(number, beside.loc[row, "paper-a"], reason, number in fitted)


def share_of_a_fitted_saving(
    number: str, beside: pd.DataFrame, row: str, fitted: Collection[str]
) -> Judgement:
    """The verdict on a saving in percent, which follows from one that was aimed at."""
    unfitted = beside.loc[row, "paper-a-parent"]
    reason = f"rests on a fitted saving; {unfitted:.4g} with nothing fitted"
    return judge_number(number, beside.loc[row, "paper-a"], reason, number in fitted)


# --- the worst day --------------------------------------------------------------------------------
@claim("A16", unchanged=OWN_BUDGET)
def budgets_of_the_worst_day(doubt: Uncertainty) -> Judgement:
    """Budgets of Fig. 7: load 12, wind 12, photovoltaics 6; deviation 20 %."""
    budgets = ", ".join(str(doubt.budgets[name]) for name in ("load", "wind", "pv"))
    ours = f"{budgets}; {100 * doubt.deviation_of('load'):.0f} %"
    return judge_setting("A16", ours, "the defaults of this page")


@claim("A17", unchanged=OWN_BUDGET)
def hours_of_the_worst_day(
    hits: pd.DataFrame, other_hits: pd.DataFrame, other_name: str
) -> Judgement:
    """VPP2's worst-case load lies above its forecast from 6:00 to 8:00 and from 14:00 to 19:00.

    hits, other_hits: VPP2's worst day here and in the other case, a column `load` of 0 and 1.
    """
    is_hit = hits["load"] == 1
    outside = [str(step) for step in hits.index[is_hit] if step not in WORST_HOURS]
    other_holds = int((other_hits.loc[WORST_HOURS, "load"] == 1).sum())
    reason = (
        f"also hit, in hours the paper does not name: {', '.join(outside) or 'none'}; "
        f"in {other_name} it holds in {other_holds}"
    )
    return judge_hours("A17", is_hit.loc[WORST_HOURS], reason)


# --- cost by uncertainty level --------------------------------------------------------------------
@claim("A09", unchanged=OWN_SWEEP)
def cost_alone_at_level_2(
    costs: pd.DataFrame, other_costs: pd.DataFrame, other_name: str
) -> Judgement | None:
    """At uncertainty 2 the cost without cooperation is 95,760 yuan."""
    return cost_alone("A09", 2, costs, other_costs, other_name)


@claim("A10", unchanged=OWN_SWEEP)
def cost_together_at_level_2(
    costs: pd.DataFrame, other_costs: pd.DataFrame, other_name: str
) -> Judgement | None:
    """At uncertainty 2 the cost with cooperation is 84,689 yuan."""
    if not reaches(costs, 2):
        return None
    reason = f"{saves_more(costs)}; {in_other_case(other_costs, 2, 'together', other_name)}"
    return judge_number("A10", costs.loc[2, "together"], reason)


@claim("A11", unchanged=OWN_SWEEP)
def saving_at_level_2(
    costs: pd.DataFrame, other_costs: pd.DataFrame, other_name: str
) -> Judgement | None:
    """At uncertainty 2 cooperation saves 11.56 %."""
    if not reaches(costs, 2):
        return None
    reason = f"{other_costs.loc[2, 'saving (%)']:.2f} in {other_name}"
    return judge_number("A11", costs.loc[2, "saving (%)"], reason)


@claim("A12", unchanged=OWN_SWEEP)
def cost_alone_at_level_4(
    costs: pd.DataFrame, other_costs: pd.DataFrame, other_name: str
) -> Judgement | None:
    """At uncertainty 4 the cost without cooperation is 99,886 yuan."""
    return cost_alone("A12", 4, costs, other_costs, other_name)


@claim("A13", unchanged=OWN_SWEEP)
def cost_together_at_level_8(
    costs: pd.DataFrame, other_costs: pd.DataFrame, other_name: str
) -> Judgement | None:
    """At uncertainty 8 the cost with cooperation is 98,960 yuan."""
    if not reaches(costs, 2, 8):
        return None
    reason = f"{saves_more(costs)}; {in_other_case(other_costs, 8, 'together', other_name)}"
    return judge_number("A13", round(costs.loc[8, "together"], -1), reason)


@claim("A14", unchanged=OWN_SWEEP)
def cost_rises_with_the_level(costs: pd.DataFrame) -> Judgement | None:
    """Cost rises with the uncertainty level in both modes."""
    if len(costs) < 2:
        return None
    holds = never_falling(costs["alone"]) and never_falling(costs["together"])
    reason = "a theorem: a larger budget contains the smaller one"
    return judge_relation("A14", holds, f"{len(costs)} levels", reason)


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
    reason = "no trade is a possible promise, so together never costs more"
    return judge_relation("A30", bool(cheaper.all()), ours, reason)


def cost_alone(
    number: str, level: int, costs: pd.DataFrame, other_costs: pd.DataFrame, other_name: str
) -> Judgement | None:
    """The verdict on a cost without cooperation, with the growth that the paper's numbers show."""
    if not reaches(costs, 0, 2, 4):
        return None
    paper, ours = published_growth(), growth(costs["alone"])
    reason = (
        f"the paper's cost alone grows by {paper:.2f} of its first step in the second, ours by "
        f"{ours:.2f}; {in_other_case(other_costs, level, 'alone', other_name)}"
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
    savings = [published_value(number) for number in ("A02", "A03", "A04")]
    percents = [published_value(number) for number in ("A05", "A06", "A07")]
    implied = [100 * saving / share for saving, share in zip(savings, percents, strict=True)]
    levels = {0: sum(implied), 2: published_value("A09"), 4: published_value("A12")}
    return growth(pd.Series(levels))


def saves_more(costs: pd.DataFrame) -> str:
    """What cooperation saves with us at level 2, beside the paper's A11."""
    percent = costs.loc[2, "saving (%)"]
    compared = "more" if percent > published_value("A11") else "less"
    return f"with us cooperation saves {compared}: {percent:.1f} % at level 2"


def in_other_case(costs: pd.DataFrame, level: int, mode: str, name: str) -> str:
    """The same cost in the other case."""
    return f"{costs.loc[level, mode]:,.0f} in {name}"
