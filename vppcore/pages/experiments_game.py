"""What study B's pages on trade try: other solvers, other bands, buyers and sellers who err."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.joint import pool
from vppcore.cooperation.result import CoalitionResult
from vppcore.game.buyers import evolve
from vppcore.game.day import GameResult, trade_by_game
from vppcore.game.hour import HourResult, play
from vppcore.game.rules import Rules
from vppcore.pages.experiments_carbon import OTHER_SOLVER
from vppcore.pages.tables_b import coalition_account, received_energy
from vppcore.schedule import DispatchResult
from vppcore.standalone import alone

QUADRATIC = {
    "micro_turbine": "cost_quadratic",
    "battery": "wear_cost_quadratic",
    "controllable_load": "cost_quadratic",
}
FEW_BEGINNINGS = 1  # random beginnings of a game whose certificate is not shown


def with_half_the_band(
    case: Case, schedules: dict[str, DispatchResult], rules: Rules, highest: float
) -> GameResult:
    """The game with half the highest price that is allowed and accepted, yuan/kWh."""
    narrower = case.change_all("power_market", price_max=0.5 * highest)
    return trade_by_game(narrower, schedules, rules, starts=FEW_BEGINNINGS)


def hour_to_show(game: GameResult, asked: int) -> HourResult | None:
    """The game of the hour asked for, or of the first one with a market; None if there is none."""
    first = next(iter(game.hours.values()), None)
    return game.hours.get(asked, first)


def warnings(shown: HourResult) -> pd.DataFrame:
    """An hour's equilibrium beside two games that leave something out: a row per seller.

    Without sharing a buyer's payoff does not depend on how many choose the same seller; with frozen
    buyers a seller raises its price in the belief that nobody leaves.
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
    return pd.DataFrame(columns)


def without_quadratic_costs(case: Case) -> Case:
    """The case with the quadratic terms of turbine, battery and called load at zero."""
    linear = case
    for component, number in QUADRATIC.items():
        everywhere = all(component in [c.name for c in vpp.components] for vpp in case.vpps)
        if everywhere:
            linear = linear.change_all(component, **{number: 0.0})
    return linear


def game_by_solver(case: Case, solvers: Iterable[str]) -> pd.DataFrame:
    """The game after schedules of several solvers, a column each."""
    shown = case.names[min(1, len(case.names) - 1)]
    columns = {}
    for solver in solvers:
        outcome = trade_by_game(case, alone(case, solver), starts=FEW_BEGINNINGS)
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


def other_optimum(case: Case, solver: str) -> CoalitionResult:
    """The joint optimum by another solver than the run's own."""
    return pool(case, OTHER_SOLVER.get(solver, "osqp"))
