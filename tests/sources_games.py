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

from vppcore import alone, load_case
from vppcore.case import Case
from vppcore.game.day import GameResult, trade_by_game
from vppcore.game.hour import HourResult, play
from vppcore.game.rules import Rules
from vppcore.market import Hour, deliver, positions
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
def game_by_hand(anticipate: bool = True) -> GameResult:
    """The game of the day shaped by hand; with frozen buyers if nobody anticipates."""
    return trade_by_game(load_case(DAY), rules=Rules(anticipate=anticipate), starts=0)


def game_gain(vpp: str, anticipate: bool = True) -> float:
    """What a VPP gains by the game."""
    table = game_by_hand(anticipate).table
    return float(table.loc[vpp, "alone"] - table.loc[vpp, "after"])


def game_saving() -> float:
    table = game_by_hand().table
    return float(table["alone"].sum() - table["after"].sum())


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
