"""An hour of two sellers and buyers who are alike, with knobs: the multiple game of study B.

There is no problem here that a solver is asked: prices, choices and their proof are closed forms
and searches along one line. The page has them as a small script of its own; what it finds is
compared with `vppcore.game`, which is asked here. Power in kW, prices in yuan/kWh, money in yuan
per hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from vppcore.errors import WrongInput
from vppcore.game.demand import demand_of
from vppcore.game.hour import HourResult, play
from vppcore.game.rules import DEMANDS, ORDERS, Rules
from vppcore.game.sellers import earned, earned_with_shares_held
from vppcore.live.problem import Knob, Settings
from vppcore.live.sliders import above_zero, slider
from vppcore.market import ROUNDING, Hour

PLACES = ("a", "b")  # the two sellers in the names of knobs
DIGITS = 3  # of a number that a slider begins at
MOST = 2.0  # how often its usual value a number may be turned up to
MOST_SATISFACTION = 3.0
COEFFICIENT_STEP = 0.01
TRIED = 400  # prices over the whole band that each seller tries


# --- which hours can be turned --------------------------------------------------------------------
def check_two_sellers(hour: Hour | None) -> Hour:
    """The hour, if a page can play it.

    Raises WrongInput unless it has a market, two sellers, buyers who are alike, no limit on what a
    pair may trade, and no price below zero.
    """
    if hour is None:
        raise WrongInput("found no hour with a market; allowed: one of two sellers")
    head = f"step {hour.step}"
    if not hour.open or len(hour.sellers) != len(PLACES):
        count = len(hour.sellers) if hour.open else "no"
        raise WrongInput(f"{head}: found {count} sellers in a market; allowed: two")
    if np.isfinite(hour.pair_limit):
        raise WrongInput(
            f"{head}: found a limit of {hour.pair_limit:g} kW between two VPPs; allowed: none"
        )
    if min(hour.price_min, hour.reservation.min()) < 0:
        raise WrongInput(f"{head}: found a price below zero; allowed: prices of 0 or more")
    if has_satisfaction(hour) and not demand_of(hour, Rules(demand="elastic")).alike:
        raise WrongInput(
            f"{head}: found buyers who differ in their satisfaction coefficient; allowed: buyers "
            "who are alike, as others have no closed form"
        )
    return hour


def has_satisfaction(hour: Hour) -> bool:
    """True if every buyer has a satisfaction coefficient, so that demand may be elastic."""
    return hour.satisfaction is not None and bool(np.isfinite(hour.satisfaction).all())


# --- knobs ----------------------------------------------------------------------------------------
def usual_setting(hour: Hour) -> dict[str, float]:
    """The knobs' values that are the hour's own, power and prices to three digits.

    surplus_a, surplus_b, need: kW. reservation_a, reservation_b, tariff, price_min, price_max:
    yuan/kWh. satisfaction_coefficient: as a multiple of the tariff, left out where buyers have
    none.
    """
    numbers = {f"surplus_{place}": hour.surplus[k] for k, place in enumerate(PLACES)}
    numbers["need"] = hour.deficit.sum()
    numbers |= {f"reservation_{place}": hour.reservation[k] for k, place in enumerate(PLACES)}
    numbers["tariff"] = hour.grid_price
    numbers["price_min"] = hour.price_min
    numbers["price_max"] = hour.price_max
    setting = {name: float(f"{number:.{DIGITS}g}") for name, number in numbers.items()}
    if hour.satisfaction is not None and has_satisfaction(hour):
        setting["satisfaction_coefficient"] = float(hour.satisfaction[0])
    return setting


def knobs_of(hour: Hour) -> list[Knob]:
    """What a reader turns of an hour of two sellers.

    Raises WrongInput for an hour that a page cannot play, see `check_two_sellers`.
    """
    usual = usual_setting(check_two_sellers(hour))
    most_power = MOST * max(usual["surplus_a"], usual["surplus_b"])
    most_need = MOST * max(usual["surplus_a"] + usual["surplus_b"], usual["need"])
    most_price = max(MOST * usual["tariff"], usual["price_max"])
    knobs = []
    for name, place in zip(hour.sellers, PLACES, strict=True):
        own = f"surplus_{place}"
        knobs.append(slider(own, f"surplus of {name}", "kW", usual[own], most_power))
    need = slider("need", "need of all buyers", "kW", usual["need"], most_need)
    knobs.append(above_zero(need))
    for name, place in zip(hour.sellers, PLACES, strict=True):
        own = f"reservation_{place}"
        label = f"reservation price of {name}"
        most = max(usual["tariff"], usual[own])
        knobs.append(slider(own, label, "yuan/kWh", usual[own], most))
    label = "tariff of the grid, less the fee" if hour.fee else "tariff of the grid"
    tariff = slider("tariff", label, "yuan/kWh", usual["tariff"], most_price)
    knobs.append(above_zero(tariff))
    lowest = max(usual["tariff"], usual["price_min"])
    knobs.append(
        slider("price_min", "lowest price allowed", "yuan/kWh", usual["price_min"], lowest)
    )
    highest = slider(
        "price_max", "highest price allowed", "yuan/kWh", usual["price_max"], most_price
    )
    knobs.append(above_zero(highest))
    return [*knobs, *knobs_of_rules(usual), *knobs_of_imitation(hour.sellers[0])]


def knobs_of_rules(usual: Mapping[str, float]) -> list[Knob]:
    """How much buyers want and what sellers take for given; usually as `Rules` has it."""
    rules = Rules()
    orders = Knob(
        "game_order",
        "sellers",
        "",
        0.0,
        len(ORDERS) - 1.0,
        1.0,
        float(ORDERS.index(rules.order)),
        words=("foresee the buyers' choice", "take it for given"),
    )
    if "satisfaction_coefficient" not in usual:
        return [orders]
    demands = Knob(
        "demand",
        "demand",
        "",
        0.0,
        len(DEMANDS) - 1.0,
        1.0,
        float(DEMANDS.index(rules.demand)),
        words=DEMANDS,
    )
    coefficient = usual["satisfaction_coefficient"]
    satisfaction = Knob(
        "satisfaction_coefficient",
        "satisfaction, if elastic",
        "× tariff",
        1.0,
        max(MOST_SATISFACTION, MOST * coefficient),
        COEFFICIENT_STEP,
        coefficient,
        first=1.0 + COEFFICIENT_STEP,
    )
    return [orders, demands, satisfaction]


def knobs_of_imitation(first: str) -> list[Knob]:
    """Where the buyers' imitation starts and how long its steps are; no price depends on them.

    first: the seller whose part is shown.
    """
    start = Knob(
        "first_share",
        f"probability of {first} at the start",
        "",
        0.0,
        1.0,
        0.01,
        0.1,
        first=0.01,
        by="view",
    )
    step = Knob(
        "evolution_step",
        "step of the imitation",
        "",
        0.0,
        2.5,
        0.1,
        Rules().evolution_step,
        first=0.1,
        by="view",
    )
    return [start, step]


# --- an hour at a setting -------------------------------------------------------------------------
def market_at(hour: Hour, setting: Settings) -> Hour:
    """The hour at a setting of the knobs, by the rules of `market.hour_of`.

    A seller without surplus is none, and one whose power is worth to it what a buyer pays at most
    keeps it. The need is shared by the buyers as it was.
    Raises WrongInput for a lowest price above the highest.
    """
    top = min(setting["price_max"], setting["tariff"])
    room = ROUNDING * max(setting["tariff"], setting["price_min"])
    offering = [k for k, place in enumerate(PLACES) if setting[f"surplus_{place}"] > 0]
    reservation = np.array([setting[f"reservation_{place}"] for place in PLACES])
    surplus = np.array([setting[f"surplus_{place}"] for place in PLACES])
    selling = [k for k in offering if top - reservation[k] > room]
    needs = setting["need"] > 0
    buyers = hour.buyers if needs else ()
    satisfaction = None
    if "satisfaction_coefficient" in setting:
        satisfaction = np.full(len(buyers), setting["satisfaction_coefficient"])
    parts = hour.deficit / hour.deficit.sum()
    return replace(
        hour,
        sellers=tuple(hour.sellers[k] for k in selling),
        buyers=buyers,
        surplus=surplus[selling],
        deficit=setting["need"] * parts if needs else np.array([]),
        reservation=reservation[selling],
        grid_price=setting["tariff"],
        price_min=setting["price_min"],
        price_max=setting["price_max"],
        alternative=reservation[selling],
        withheld=tuple(hour.sellers[k] for k in offering if k not in selling),
        satisfaction=satisfaction,
    )


def rules_at(setting: Settings) -> Rules:
    """The rules at a setting of the knobs; all others are the usual ones."""
    demand = DEMANDS[round(setting.get("demand", 0.0))]
    order = ORDERS[round(setting["game_order"])]
    return Rules(demand=demand, order=order)


def turned(hour: Hour | None, rules: Rules, changes: Mapping[str, float | None]) -> HourResult:
    """The game of an hour of two sellers with other numbers, as a page has it.

    changes: of `usual_setting`; None stands for the hour's own number.
    Raises WrongInput for an hour that a page cannot play and for a setting without a market,
    NotSolved if the game does not come to rest.
    """
    hour = check_two_sellers(hour)
    setting = usual_setting(hour)
    setting |= {name: value for name, value in changes.items() if value is not None}
    return play(market_at(hour, setting), rules)


# --- the proof ------------------------------------------------------------------------------------
def earnings(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, rules: Rules
) -> tuple[np.ndarray, np.ndarray]:
    """What each seller earns, and what it could earn at most by another price of its own, yuan per
    hour `(sellers,)`.

    Counted is the utility of the game, B (22), in power wished, with what the order of the game
    takes for given. Tried are prices over the whole band, and the price itself.
    prices: yuan/kWh `(sellers,)`. shares: of the buyers at rest, `(buyers, sellers)`.
    """
    need = hour.deficit.sum()
    band = np.linspace(hour.price_min, hour.top, TRIED)
    now = []
    most = []
    for seller in range(len(hour.sellers)):
        tried = np.append(band, prices[seller])
        if rules.order == "text":
            found = earned_with_shares_held(hour, shares, seller, tried, rules)
        else:
            found = earned(hour, prices, seller, tried, rules)
        now.append(need * found[-1])
        most.append(need * found.max())
    return np.array(now), np.array(most)


# --- what the drawing shows -----------------------------------------------------------------------
def facts_of(hour: Hour, colours: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The sellers with their colours on light and dark pages, and what knobs stand for.

    colours: seller -> its colour on a light page and on a dark one.
    """
    return {
        "sellers": [
            {"name": name, "light": colours[name][0], "dark": colours[name][1]}
            for name in hour.sellers
        ],
        "demands": list(DEMANDS) if has_satisfaction(hour) else ["fixed"],
        "orders": list(ORDERS),
    }
