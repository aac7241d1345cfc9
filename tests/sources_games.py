"""Where the numbers of the chapters on the game and on carbon come from: the toy of the text, and the
day shaped by hand. kW, yuan.
"""

from __future__ import annotations

import runpy
import sys
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from vppcore import alone, dispatch, load_case
from vppcore.case import Case
from vppcore.game.conventional import WAYS, trade_conventionally
from vppcore.game.day import GameResult, trade_by_game
from vppcore.game.hour import HourResult, play
from vppcore.game.money import MoneyResult, money_earned, money_temptations, play_in_money
from vppcore.game.rules import Rules
from vppcore.game.satisfaction import called_load_coefficient
from vppcore.game.sellers import equilibrium
from vppcore.market import Hour, deliver, hours, positions
from vppcore.reading import DATA

DAY = "paper-b-handmade"


# --- the toy: A and B sell, C and D buy -----------------------------------------------------------
def toy(surplus_of_a: float = 6.0) -> Hour:
    """The chapter's market of one hour, in MW."""
    return Hour(
        step=1,
        sellers=("A", "B"),
        buyers=("C", "D"),
        surplus=np.array([surplus_of_a, 8.0]),
        deficit=np.array([3.0, 4.0]),
        reservation=np.array([0.30, 0.38]),
        grid_price=0.75,
        price_min=0.3,
        price_max=1.2,
    )


@cache
def toy_at_rest(surplus_of_a: float = 6.0, price_step: float = 0.6) -> HourResult:
    return play(toy(surplus_of_a), Rules(price_step=price_step))


def toy_price(seller: str) -> float:
    return float(toy_at_rest().prices[seller])


def toy_part(seller: str) -> float:
    """The part of all demand that chooses a seller."""
    return float(toy_at_rest().part[seller])


def first_surplus(more: str) -> float:
    """The least surplus of A, in tenths of a MW, at which it is "chosen" more than B or "dearer"."""
    for tenths in range(60, 161):
        prices, part = equilibrium(toy(tenths / 10))
        numbers = {"chosen": part, "dearer": prices}[more]
        if numbers[0] > numbers[1]:
            return tenths / 10
    raise AssertionError(f"A is never {more}")


def toy_demand(seller: str) -> float:
    """MW that are asked of a seller."""
    return toy_part(seller) * float(toy().deficit.sum())


def toy_utility(seller: str) -> float:
    """What a seller gains above its reservation price, yuan per hour."""
    reservation = dict(zip(toy().sellers, toy().reservation, strict=True))[seller]
    return 1000 * toy_demand(seller) * (toy_price(seller) - reservation)


def toy_rounds(price_step: float) -> int:
    return toy_at_rest(price_step=price_step).rounds


def short_asked() -> float:
    """MW that are asked of A if it has only 2."""
    return float(toy_at_rest(2.0).part["A"]) * float(toy().deficit.sum())


def short_sent(seller: str, buyer: str) -> float:
    """MW that a seller sends a buyer if A has only 2."""
    short = toy(2.0)
    sent = deliver(short, toy_at_rest(2.0).shares.loc[list(short.buyers)].to_numpy())
    return float(sent[short.buyers.index(buyer), short.sellers.index(seller)])


# --- the day shaped by hand -----------------------------------------------------------------------
@cache
def game_by_hand(order: str = "anticipating") -> GameResult:
    """The game of fixed demand on the day shaped by hand."""
    return trade_by_game(load_case(DAY), rules=Rules(order=order), starts=0)


def game_gain(vpp: str, order: str = "anticipating") -> float:
    """What a VPP gains by the game."""
    table = game_by_hand(order).table
    return float(table.loc[vpp, "alone"] - table.loc[vpp, "after"])


def game_saving() -> float:
    table = game_by_hand().table
    return float(table["alone"].sum() - table["after"].sum())


# --- elastic demand and money ---------------------------------------------------------------------
@cache
def day_of_the_text(demand: str = "elastic", order: str = "text") -> GameResult:
    """The game on the book's day."""
    return trade_by_game(load_case("paper-b"), rules=Rules(demand=demand, order=order), starts=0)


def lone_price(step: int, seller: str) -> float:
    """What a seller asks in an hour in which it is alone."""
    prices = day_of_the_text().prices.loc[step].dropna()
    assert list(prices.index) == [seller]
    return float(prices[seller])


def day_saved(demand: str, order: str) -> float:
    """What a game saves on the book's day, yuan."""
    return float(day_of_the_text(demand, order).table["gain"].sum())


def kept_by_receivers(demand: str, order: str) -> float:
    """The share of the saving that stays with those who receive money over the day."""
    table = day_of_the_text(demand, order).table
    return float(table["gain"][table["payment"] < 0].sum() / table["gain"].sum())


def text_price(seller: str) -> float:
    """Of the toy, in the order of the text, with a coefficient of 4/3."""
    hour = replace(toy(), satisfaction=np.full(2, 4 / 3))
    return float(play(hour, Rules.of_the_text()).prices[seller])


def text_part(seller: str) -> float:
    hour = replace(toy(), satisfaction=np.full(2, 4 / 3))
    return float(play(hour, Rules.of_the_text()).part[seller])


def step_limit(larger: float) -> float:
    """Of the price step, for two sellers of equal wishes whose surpluses are `larger` to 1."""
    surplus = np.array([larger, 1.0])
    hour = replace(toy(), surplus=surplus, reservation=np.full(2, 0.3))
    part = equilibrium(hour)[1]
    return 2 / (1 + float((part / (2 - part)).sum()))


def parted_price(seller: int, first: tuple[float, ...]) -> float:
    """Of the example in which sellers part the market, from a beginning."""
    hour = Hour(
        step=1,
        sellers=("S0", "S1", "S2"),
        buyers=("B0", "B1", "B2"),
        surplus=np.array([6.0, 8.0, 5.0]),
        deficit=np.array([3.0, 4.0, 2.0]),
        reservation=np.array([0.30, 0.38, 0.30]),
        grid_price=0.75,
        price_min=0.3,
        price_max=1.2,
        satisfaction=np.array([1.1, 1.5, 3.0]),
    )
    start = (np.array(first), np.full((3, 3), 1 / 3))
    return float(play(hour, Rules.of_the_text(), start).prices.iloc[seller])


def short_hour() -> Hour:
    """The toy with 2 and 3 MW to sell."""
    return replace(toy(), surplus=np.array([2.0, 3.0]))


def short_price(seller: str) -> float:
    return float(play(short_hour()).prices[seller])


def short_gain(seller: str) -> float:
    """By how much a seller could earn more in money, as a percentage."""
    prices = play(short_hour()).prices.to_numpy()
    gains = money_temptations(short_hour(), prices)
    return 100 * float(gains[short_hour().sellers.index(seller)])


@cache
def study_b_hours() -> dict[int, Hour]:
    """Step -> the market of `paper-b`."""
    case = load_case("paper-b")
    schedules = alone(case)
    tables = {vpp.name: positions(vpp, schedules[vpp.name]) for vpp in case.vpps}
    return {hour.step: hour for hour in hours(case.vpps, tables, case.tie)}


@cache
def at_ten(demand: str, order: str) -> HourResult:
    return play(study_b_hours()[10], Rules(demand=demand, order=order))


def ten(demand: str, order: str, what: str, vpp: str) -> float:
    """A price or a part at t=10 of `paper-b`."""
    return float(getattr(at_ten(demand, order), what)[vpp])


def ten_in_money(demand: str, order: str, vpp: str) -> float:
    """What a seller could earn more in money at t=10, as a percentage."""
    played = at_ten(demand, order)
    gains = money_temptations(
        played.hour, played.prices.to_numpy(), Rules(demand=demand, order=order)
    )
    return 100 * float(gains[played.hour.sellers.index(vpp)])


@cache
def ten_by_called_load() -> HourResult:
    """The text's game at t=10 of `paper-b` with the coefficients of called load."""
    hour = study_b_hours()[10]
    coefficients = [coefficient_at_ten(name) for name in hour.buyers]
    return play(replace(hour, satisfaction=np.array(coefficients)), Rules.of_the_text())


def coefficient_at_ten(vpp: str) -> float:
    """What a VPP's called load says at t=10 of `paper-b`."""
    plant = load_case("paper-b").vpp(vpp)
    return float(called_load_coefficient(plant, dispatch(plant))[9])


def called_in_money(vpp: str) -> float:
    """What a seller could earn more in money in that game, as a percentage."""
    played = ten_by_called_load()
    gains = money_temptations(played.hour, played.prices.to_numpy(), Rules.of_the_text())
    return 100 * float(gains[played.hour.sellers.index(vpp)])


@cache
def money_hour(step: int) -> MoneyResult:
    return play_in_money(study_b_hours()[step])


def rivalling_hours() -> list[Hour]:
    """Hours of `paper-b` with a market and more than one seller."""
    return [hour for hour in study_b_hours().values() if hour.open and len(hour.sellers) > 1]


def hours_of_kind(kind: str) -> int:
    """How many of these clear at the cap, keep the game's prices, or have no prices to rest at."""
    counts = {"cap": 0, "kept": 0, "none": 0}
    for hour in rivalling_hours():
        result = money_hour(hour.step)
        if not result.pure:
            counts["none"] += 1
        elif result.prices.to_numpy() == pytest.approx(hour.top, rel=1e-9):
            counts["cap"] += 1
        elif result.prices.to_numpy() == pytest.approx(equilibrium(hour)[0], rel=1e-5):
            counts["kept"] += 1
    return counts[kind]


def lottery_mean(vpp: str) -> float:
    return float(money_hour(10).prices[vpp])


def lottery_earning(vpp: str) -> float:
    return float(money_hour(10).earnings[vpp])


def earned_at_ten(vpp: str) -> float:
    """What the game of fixed demand pays a seller at t=10 above its reservation price."""
    played = at_ten("fixed", "anticipating")
    money = money_earned(played.hour, played.prices.to_numpy(), Rules())
    return float(money[played.hour.sellers.index(vpp)])


@cache
def cost_of_trade(way: str) -> float:
    """What the five VPPs of `paper-b` pay: "no trade", "text", "fixed" or a conventional way."""
    case = load_case("paper-b")
    schedules = alone(case)
    if way == "no trade":
        return sum(result.cost for result in schedules.values())
    if way in WAYS:
        return trade_conventionally(case, schedules, way).account.cost
    rules = Rules.of_the_text() if way == "text" else Rules()
    return trade_by_game(case, schedules, rules, starts=0).cost


# --- what a solver chooses where the optimum is not unique ----------------------------------------
def linear(case: Case) -> Case:
    """The case with all its quadratic terms set to zero."""
    vpps = []
    for vpp in case.vpps:
        components = []
        for component in vpp.components:
            squares = [one.name for one in fields(component) if "quadratic" in one.name]
            components.append(replace(component, **dict.fromkeys(squares, 0.0)))
        vpps.append(replace(vpp, components=tuple(components)))
    return replace(case, vpps=tuple(vpps))


@cache
def linear_day(solver: str) -> tuple[Case, Any]:
    """The case without quadratic terms, and VPP -> its schedule alone by a solver."""
    case = linear(load_case(DAY))
    return case, alone(case, solver)


def linear_cost(solver: str) -> float:
    """Of the five VPPs alone."""
    _, schedules = linear_day(solver)
    return sum(schedule.cost for schedule in schedules.values())


def linear_surplus(solver: str, vpp: str, hour: int) -> float:
    """What a VPP has to sell in an hour, MW."""
    case, schedules = linear_day(solver)
    return float(positions(case.vpp(vpp), schedules[vpp]).loc[hour, "surplus"]) / 1000


@cache
def linear_saving(solver: str) -> float:
    """What the game saves on these schedules."""
    case, schedules = linear_day(solver)
    table = trade_by_game(case, schedules, starts=0).table
    return float(table["alone"].sum() - table["after"].sum())


# --- the synthetic day before its numbers are fitted ----------------------------------------------
@cache
def misses_without_a_fit() -> dict[str, float]:
    """By how many per cent the script that builds paper-b misses its targets before any fit."""
    folder = str(DATA / "paper-b")
    sys.path.insert(0, folder)
    try:
        build = runpy.run_path(f"{folder}/build.py")
    finally:
        sys.path.remove(folder)
    with TemporaryDirectory() as made:
        found = build["outcome"](build["write"](build["FIRST"], Path(made)))[0]
    return {text: abs(100 * (found[text] / aim - 1)) for text, aim in build["TARGETS"].items()}


def missed(text: str) -> float:
    return misses_without_a_fit()[text]
