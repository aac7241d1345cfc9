"""What study B's pages on trade try: other solvers, other bands, buyers and sellers who err."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from vppcore.case import Case
from vppcore.components import PowerMarket
from vppcore.cooperation.joint import pool
from vppcore.cooperation.result import CoalitionResult
from vppcore.errors import NotSolved, WrongInput
from vppcore.game.buyers import chosen_power, evolve
from vppcore.game.certificate import certify
from vppcore.game.conventional import WAYS, ConventionalResult, trade_conventionally
from vppcore.game.day import GameResult, trade_by_game
from vppcore.game.demand import demand_of
from vppcore.game.distributed import DistributedDay, talk_through_day
from vppcore.game.hour import HourResult, play
from vppcore.game.money import MoneyResult, play_in_money
from vppcore.game.rules import Rules
from vppcore.live.game import turned
from vppcore.market import Hour
from vppcore.pages.experiments_carbon import OTHER_SOLVER
from vppcore.pages.tables_b import coalition_account, received_energy
from vppcore.pages.tables_game import (
    satisfaction_coefficients,
    two_sellers_table,
    without_satisfaction,
)
from vppcore.schedule import DispatchResult
from vppcore.standalone import alone

QUADRATIC = {
    "micro_turbine": "cost_quadratic",
    "battery": "wear_cost_quadratic",
    "controllable_load": "cost_quadratic",
}
FEW_BEGINNINGS = 1  # random beginnings of a game whose certificate is not shown
SEVERAL = 2  # processes in which hours are played side by side
DISTURBANCE = 0.2  # of a share: by how much two buyers are moved apart


# --- which game -----------------------------------------------------------------------------------
def rules_for(
    case: Case,
    demand: str | None = None,
    game_order: str | None = None,
    satisfaction_form: str = "quadratic",
    **others,
) -> Rules:
    """The rules of a run: what a reader asks for, else the text's game as far as the case can.

    demand: None takes elastic demand where every VPP has a satisfaction coefficient, else fixed.
    game_order: None takes the text's order with elastic demand, anticipating sellers with fixed.
    others: further fields of `Rules`.
    Raises WrongInput for elastic demand of VPPs without a coefficient.
    """
    missing = without_satisfaction(case)
    demand = demand or ("fixed" if missing else "elastic")
    if demand == "elastic" and missing:
        raise WrongInput(
            f"demand: found elastic, but {', '.join(missing)} of {case.name} without a "
            "satisfaction coefficient; allowed: fixed, or power_market, satisfaction, a number "
            "above 1 for each VPP"
        )
    order = game_order or ("text" if demand == "elastic" else "anticipating")
    return Rules(demand=demand, order=order, satisfaction=satisfaction_form, **others)


def readings(case: Case, rules: Rules) -> dict[str, Rules]:
    """Both demands in both orders, as far as the case can play them: name -> rules.

    Sellers who anticipate elastic buyers who differ are left out unless the run asks for them:
    every price that such a seller tries needs the buyers' rest anew, which takes minutes.
    """
    demands = ("fixed",) if without_satisfaction(case) else ("elastic", "fixed")
    found = {}
    for demand in demands:
        for order in ("text", "anticipating"):
            found[f"{demand}, {order}"] = replace(rules, demand=demand, order=order)
    slow = "elastic, anticipating"
    if satisfaction_coefficients(case) > 1 and found.get(slow, rules) != rules:
        del found[slow]
        print(
            f"{slow}: left out, since it takes minutes where coefficients differ; "
            "game_order=anticipating plays it"
        )
    return found


def games_of(
    case: Case,
    schedules: dict[str, DispatchResult],
    chosen: Mapping[str, Rules],
    progress: bool = False,
    known: tuple[Rules, GameResult] | None = None,
) -> dict[str, GameResult]:
    """The day by each reading; a sentence is printed where one has no rest.

    chosen: name -> rules, see `readings`. progress: shows a bar.
    known: rules of a game that has been played, and that game.
    """
    games = {}
    for name, rules in tqdm(chosen.items(), desc="readings", disable=not progress):
        if known is not None and rules == known[0]:
            games[name] = known[1]
            continue
        try:
            games[name] = trade_by_game(case, schedules, rules, starts=FEW_BEGINNINGS)
        except NotSolved as unrest:
            print(f"{name}: {unrest}")
    return games


def hour_by_reading(
    shown: HourResult, chosen: Mapping[str, Rules]
) -> dict[str, tuple[HourResult, dict[str, float]]]:
    """One hour by each reading, and by its variants where demand is elastic: name -> game, proofs.

    The variants: a satisfaction of the other form, and a worth that counts from the grid. A
    sentence is printed where one has no rest or cannot be played.
    """
    several = dict(chosen)
    for name, rules in chosen.items():
        if rules.demand == "elastic":
            other = "log" if rules.satisfaction == "quadratic" else "quadratic"
            several[f"{name}; {other}"] = replace(rules, satisfaction=other)
            several[f"{name}; counted from the grid"] = replace(rules, counted_from="grid")
    found = {}
    for name, rules in several.items():
        try:
            played = play(shown.hour, rules)
            found[name] = (played, certify(played, 0, rules))
        except (NotSolved, WrongInput) as refused:
            print(f"{name}: {refused}")
    return found


def two_sellers_turned(
    hour: Hour | None,
    demand: str | None,
    game_order: str | None,
    changes: Mapping[str, float | None],
) -> pd.DataFrame | None:
    """An hour of two sellers with other numbers, a row per seller, see `two_sellers_table`.

    None, with a sentence, for an hour that is not of this kind and for numbers without a market.
    demand, game_order: None takes that of `Rules`.
    changes: of the hour's numbers, see `game.usual_setting`; None stands for the hour's own.
    """
    usual = Rules()
    rules = Rules(demand=demand or usual.demand, order=game_order or usual.order)
    try:
        played = turned(hour, rules, changes)
    except (NotSolved, WrongInput) as refused:
        print(f"two sellers: {refused}")
        return None
    return two_sellers_table(played, rules)


# --- money that is paid ---------------------------------------------------------------------------
def day_in_money(game: GameResult, rules: Rules, progress: bool = False) -> dict[int, MoneyResult]:
    """The game in delivered money of every hour that has a market. progress: shows a bar.

    A sentence is printed for an hour in which buyers do not come to rest at some price.
    """
    paid = {}
    for step, played in tqdm(game.hours.items(), desc="hours in money", disable=not progress):
        try:
            paid[step] = play_in_money(played.hour, rules)
        except NotSolved as unrest:
            print(f"in money: {unrest}")
    return paid


def lotteries_to_show(paid: Mapping[int, MoneyResult], asked: int) -> int | None:
    """The hour asked for if it has lotteries, or the first that has; None if there is none."""
    drawn = [step for step, result in paid.items() if not result.pure]
    if asked in drawn:
        return asked
    return next(iter(drawn), None)


# --- other ways to the same -----------------------------------------------------------------------
def conventional_ways(
    case: Case, schedules: dict[str, DispatchResult]
) -> dict[str, ConventionalResult]:
    """The day by each conventional way to trade the same left-overs."""
    return {way: trade_conventionally(case, schedules, way) for way in WAYS}


@dataclass(frozen=True, eq=False)
class Talked:
    """The game of a day as talks between agents, and how long it took.

    day: the talks; None where they cannot be held.
    seconds: of this run on this machine: one loop, talks one after the other, in two processes.
    why: why there are none, in words.
    """

    day: DistributedDay | None
    seconds: dict[str, float]
    why: str = ""


def talk_and_time(game: GameResult, rules: Rules) -> Talked:
    """Plays the hours of a day in one loop, as talks, and as talks in two processes."""
    hours = [played.hour for played in game.hours.values()]
    if not hours:
        return Talked(None, {}, "no hour has a market")
    try:
        day = talk_through_day(hours, rules)
    except (WrongInput, NotSolved) as refused:
        return Talked(None, {}, str(refused))
    began = time.perf_counter()
    for hour in hours:
        play(hour, rules)
    in_one_loop = time.perf_counter() - began
    beside = talk_through_day(hours, rules, workers=SEVERAL)
    seconds = {
        "one loop": round(in_one_loop, 4),
        "talks": round(day.seconds, 4),
        f"talks in {SEVERAL} processes": round(beside.seconds, 4),
    }
    return Talked(day, seconds)


# --- buyers who are disturbed, buyers and sellers who err -----------------------------------------


def moved_apart(shown: HourResult, rules: Rules) -> pd.DataFrame | None:
    """What is left of two disturbances of an hour at rest once buyers have settled again.

    One moves all buyers towards the first seller; the other moves the first buyer towards it and
    the second away from it, so that what is chosen of each seller stays. Rows: the disturbances;
    columns: how far shares and the power chosen are from rest, as a share, before and after.
    None where there are fewer than two buyers or sellers, or where buyers differ.
    """
    hour = shown.hour
    alike = demand_of(hour, rules).alike
    if len(hour.buyers) < 2 or len(hour.sellers) < 2 or not alike or rules.payoff != "shared":
        return None
    shares = shown.shares.to_numpy()
    width = DISTURBANCE * shares[:, :2].min()
    together = np.zeros_like(shares)
    together[:, 0], together[:, 1] = width, -width
    apart = np.zeros_like(shares)
    weight = hour.deficit[:2].min() / hour.deficit
    apart[0, :2] = width * weight[0], -width * weight[0]
    apart[1, :2] = -width * weight[1], width * weight[1]
    rows = {}
    for name, moved in {"all buyers alike": together, "two buyers apart": apart}.items():
        rest, _ = evolve(hour, shown.prices.to_numpy(), shares + moved, rules)
        of_power = chosen_power(hour, rest) - chosen_power(hour, shares)
        rows[name] = {
            "shares moved by": np.abs(moved).max(),
            "shares still off by": np.abs(rest - shares).max(),
            "power chosen off by": np.abs(of_power).max() / hour.deficit.sum(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def with_half_the_band(
    case: Case, schedules: dict[str, DispatchResult], rules: Rules, highest: float
) -> GameResult:
    """The game with half the highest price that is allowed and accepted, yuan/kWh; with the lowest
    price allowed where that is higher than half.
    """
    lowest = max(part.price_min for vpp in case.vpps for part in vpp.of(PowerMarket))
    narrower = case.change_all("power_market", price_max=max(0.5 * highest, lowest))
    return trade_by_game(narrower, schedules, rules, starts=FEW_BEGINNINGS)


def hour_to_show(game: GameResult, asked: int) -> HourResult | None:
    """The game of the hour asked for, or of the first one with a market; None if there is none."""
    first = next(iter(game.hours.values()), None)
    return game.hours.get(asked, first)


def warnings(shown: HourResult) -> pd.DataFrame:
    """An hour's equilibrium beside two games that leave something out: a row per seller.

    All of it with fixed demand. Without sharing a buyer's payoff does not depend on how many choose
    the same seller; with frozen buyers a seller raises its price in the belief that nobody leaves.
    Where buyers have satisfaction coefficients a last column shows the prices of frozen buyers
    with elastic demand, who ask for less.
    """
    rules = Rules()
    usual = play(shown.hour, rules)
    buyers, sellers = len(shown.hour.buyers), len(shown.hour.sellers)
    even = np.full((buyers, sellers), 1 / sellers)
    unshared, _ = evolve(shown.hour, usual.prices.to_numpy(), even, Rules(payoff="unshared"))
    frozen = play(shown.hour, Rules(order="text"))
    columns = {
        "price": usual.prices,
        "chosen": usual.part,
        "chosen, without sharing": pd.Series(unshared[0], usual.part.index),
        "price, frozen buyers": frozen.prices,
    }
    coefficients = shown.hour.satisfaction
    if coefficients is not None and not np.isnan(coefficients).any():
        elastic = play(shown.hour, Rules.of_the_text())
        columns["price, frozen buyers, elastic demand"] = elastic.prices
    return pd.DataFrame(columns)


def without_quadratic_costs(case: Case) -> Case:
    """The case with the quadratic terms of turbine, battery and called load at zero."""
    linear = case
    for component, number in QUADRATIC.items():
        everywhere = all(component in [c.name for c in vpp.components] for vpp in case.vpps)
        if everywhere:
            linear = linear.change_all(component, **{number: 0.0})
    return linear


def game_by_solver(case: Case, solvers: Iterable[str], rules: Rules | None = None) -> pd.DataFrame:
    """The game after schedules of several solvers, a column each."""
    shown = case.names[min(1, len(case.names) - 1)]
    columns = {}
    for solver in solvers:
        outcome = trade_by_game(case, alone(case, solver), rules, starts=FEW_BEGINNINGS)
        columns[solver] = {
            "cost alone": outcome.table["alone"].sum(),
            "traded (MWh)": received_energy(outcome.trades, case.vpps[0].step_hours),
            "saved by the game": outcome.table["gain"].sum(),
            f"gain of {shown}": outcome.table.loc[shown, "gain"],
        }
    return pd.DataFrame(columns)


def account_of(case: Case, solver: str) -> tuple[dict[str, DispatchResult], dict[str, float]]:
    """Schedules alone, and what the case costs alone and together (`coalition_account`)."""
    schedules = alone(case, solver)
    return schedules, coalition_account(case, schedules, pool(case, solver))


def other_optimum(case: Case, solver: str) -> CoalitionResult | None:
    """The joint optimum by another solver than the run's own.

    Where that one gives no answer, which says nothing against the run's own, the page says so and
    nothing is returned.
    """
    try:
        return pool(case, OTHER_SOLVER.get(solver, "osqp"))
    except NotSolved as error:
        print(f"no second road to the joint optimum: {error}")
        return None
