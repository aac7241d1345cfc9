"""Where the chapters' numbers on the feeder and on real profiles come from.

The chapter on delivery has `paper-a-parent` on the IEEE 33-bus feeder, its VPPs at the ends of the
laterals, half of the feeder's own loads, and a margin of 0.005 per unit.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pandas as pd

from vppcore import alone, cooperate, load_case, pool
from vppcore.case import Case
from vppcore.cooperation.ranges import OptimalSchedules
from vppcore.grid.feeder import Feeder, load_feeder
from vppcore.grid.placement import OPERATOR, Placement, placement_of, withdrawals
from vppcore.grid.power_flow import power_flow
from vppcore.splits import Splits, splits_of

PLACES = {"ends": "18 25 33", "middle": "6 12 28"}
MARGIN = 0.005


@cache
def the_case() -> Case:
    return load_case("paper-a-parent")


@cache
def feeder() -> Feeder:
    return load_feeder("ieee33")


@cache
def placed() -> Placement:
    """The chapter's placement, with its margin."""
    return placement_of(the_case(), feeder(), PLACES["ends"], background=0.5, margin=MARGIN)


# --- the feeder and its linear model --------------------------------------------------------------
def customers(share: float = 1.0) -> float:
    """The feeder's own loads at this share of their peak, kW."""
    return share * float(feeder().loads["p_kw"].sum())


def shared_ohm(bus: int, other: int) -> float:
    """Resistance of the lines on the way to both buses."""
    resistance, _ = feeder().sensitivity()
    return float(resistance[feeder().buses.index(bus), feeder().buses.index(other)])


def drop_of_a_megawatt(bus: int) -> float:
    """By how much the squared voltage of a bus falls if one MW more is withdrawn there."""
    return 2 * shared_ohm(bus, bus) / feeder().base_kv ** 2


def voltage_without_vpps(bus: int) -> float:
    """By the linear model, per unit."""
    nothing = pd.DataFrame({name: [0.0] for name in the_case().names})
    return float(placed().linear_voltages(nothing)[bus].iloc[0])


# --- schedules that ignore the feeder, and such that keep its limits -------------------------------
@cache
def schedules(which: str) -> Any:
    """VPP -> schedule: "alone", "together", each also "within limits", and "agreed" with the operator.

    All but the last are the flattest.
    """
    if which == "alone":
        return alone(the_case(), flattest=True)
    if which == "agreed":
        return agreed().dispatches
    return pooled(which).dispatches


@cache
def pooled(which: str) -> Any:
    """The joint optimum without limits or within them; "alone within limits" is without trade."""
    placement = placed() if "within limits" in which else None
    members = () if which.startswith("alone") else None
    return pool(the_case(), placement=placement, members=members, flattest=True)


@cache
def agreed() -> Any:
    """What the VPPs and the operator agree on."""
    return cooperate(the_case(), placement=placed())


@cache
def flow(which: str, where: str = "ends") -> Any:
    """The AC power flow of schedules."""
    elsewhere = placement_of(the_case(), feeder(), PLACES[where], background=0.5)
    return power_flow(elsewhere, withdrawals(the_case(), schedules(which)))


def cost_of(which: str) -> float:
    """Of all VPPs, yuan."""
    return sum(schedule.cost for schedule in schedules(which).values())


def saving_within_limits() -> float:
    return cost_of("alone within limits") - cost_of("together within limits")


def old_point_saving() -> float:
    """The saving against what the VPPs would pay alone without limits."""
    return cost_of("alone") - cost_of("together within limits")


def limits_cost(vpp: str) -> float:
    """What the limits cost a VPP before anybody trades."""
    return schedules("alone within limits")[vpp].cost - schedules("alone")[vpp].cost


def traded_mwh(which: str) -> float:
    return float(pooled(which).trades.clip(lower=0).sum().sum()) / 1000


def ac_voltage(which: str, side: str, where: str = "ends") -> float:
    """The lowest ("min") or highest ("max") AC voltage of the day."""
    voltages = flow(which, where).voltages.to_numpy()
    return float(voltages.min() if side == "min" else voltages.max())


def losses(which: str) -> float:
    """Of the feeder, kWh a day."""
    return float(flow(which).losses.sum())


def hours_outside(which: str, where: str = "ends") -> int:
    """Hours in which a voltage leaves the limits, without the margin."""
    voltages = flow(which, where).voltages
    outside = (voltages < placed().low) | (voltages > placed().high)
    return int(outside.any(axis=1).sum())


def linear_error(*those: str) -> float:
    """The most by which linear voltages of these schedules are above the AC ones."""
    errors = []
    for which in those:
        linear = placed().linear_voltages(withdrawals(the_case(), schedules(which)))
        errors.append(float((linear - flow(which).voltages[linear.columns]).max().max()))
    return max(errors)


def most_drawn(*vpps: str) -> float:
    """The most that these VPPs alone draw together in an hour, kW; all if none is named."""
    drawn = withdrawals(the_case(), schedules("alone"))
    return float(drawn[list(vpps) or list(drawn)].sum(axis=1).max())


# --- over all cheapest schedules ------------------------------------------------------------------
@cache
def all_cheapest(which: str) -> OptimalSchedules:
    """All cheapest schedules that ignore the feeder."""
    return OptimalSchedules(the_case(), () if which == "alone" else None)


@cache
def range_of_exchange(which: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return all_cheapest(which).exchange()


def most_drawn_by_any(vpp: str) -> float:
    """The most that a VPP alone draws in any of its cheapest schedules, kW."""
    return float(range_of_exchange("alone")[1][vpp].max())


def lowest_of_all(which: str, end: str) -> float:
    """The lowest AC voltage of the "worst" or "best" of all cheapest schedules."""
    found = all_cheapest(which).lowest_voltage(placed(), range_of_exchange(which))
    withdrawn = found.worst if end == "worst" else found.best
    return float(power_flow(placed(), withdrawn).voltages.min().min())


# --- the operator ---------------------------------------------------------------------------------
def lower_bound() -> int:
    """What no lawful day of the linear model costs less than, rounded down as a bound must be."""
    return math.floor(agreed().certificate.lower)


def network_price(hour: int, vpp: str) -> float:
    """What withdrawing a kWh costs, yuan."""
    return float(agreed().network_prices.loc[hour, vpp])


def operator_share() -> float:
    """The share of messages that go to the operator or come from it."""
    messages = agreed().messages
    with_it = [one for one in messages if OPERATOR in (one.sender, one.receiver)]
    return len(with_it) / len(messages)


# --- coalitions on the feeder ---------------------------------------------------------------------
@cache
def feeder_splits() -> Splits:
    return splits_of(the_case(), placed())


def saving_on_feeder(*members: str) -> float:
    """What trade among these saves all VPPs, within the limits."""
    return feeder_splits().values[members]


def gain_by_leaving(rule: str, *members: str) -> float:
    """What these would gain by leaving if the saving is split by a rule."""
    given = feeder_splits().gains.loc[list(members), rule].sum()
    return saving_on_feeder(*members) - float(given)


def part_on_feeder(vpp: str, rule: str) -> float:
    return float(feeder_splits().gains.loc[vpp, rule])


# --- a real week ----------------------------------------------------------------------------------
@cache
def day_by_day() -> tuple[float, float]:
    """The nine feeders' week planned in seven days, one by one: yuan alone and together."""
    week = load_case("simbench-semiurb")
    days = [week.window(24 * number + 1, 24) for number in range(7)]
    apart = sum(schedule.cost for day in days for schedule in alone(day).values())
    together = sum(pool(day).cost for day in days)
    return apart, together
