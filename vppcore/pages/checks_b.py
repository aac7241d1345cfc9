"""What must be true of study B's results before a page shows them; see checks.py for the form."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vppcore.components import CarbonMarket, Clock
from vppcore.cooperation.result import CoalitionResult
from vppcore.game.day import GameResult
from vppcore.game.distributed import DistributedDay
from vppcore.game.hour import HourResult
from vppcore.game.money import MoneyResult
from vppcore.pages.tables_game import IN_MONEY, tie_binds
from vppcore.schedule import DispatchResult

SOLVER_ACCURACY = 1e-6  # of a cost: what two solvers agree on
FREE = 1e-9  # of a price, of a deficit: nearer than this to the grid's offer is the grid's offer
EQUILIBRIUM = 1e-6  # shares, and of prices: how far from rest an equilibrium may be

Check = tuple[bool, str]


def models_in_order(
    models: dict[str, pd.DataFrame], ladder: CarbonMarket, flat_price: float
) -> Check:
    """Three theorems on the four carbon models hold for every VPP. flat_price: yuan/t.

    That Model 4 is not below Model 1 needs a ladder that is nowhere below its first price: a reward
    that rises is.
    """
    wrong = []
    for name, table in models.items():
        flat, dear, blind, aware = (table.iloc[row] for row in range(4))
        slack = SOLVER_ACCURACY * abs(flat["total"])
        above_flat = flat["total"] <= aware["total"] + slack or not ladder.is_convex
        if not above_flat or aware["total"] > blind["total"] + slack:
            wrong.append(f"{name}: Model 4 is not between Models 1 and 3")
        if blind["operation"] > table["operation"].min() + slack:
            wrong.append(f"{name}: Model 3 does not operate cheapest")
        dearer = flat_price / 1000 - ladder.price
        bounds = sorted([dearer * dear["excess"], dearer * flat["excess"]])
        if not bounds[0] - slack <= dear["total"] - flat["total"] <= bounds[1] + slack:
            wrong.append(f"{name}: Model 2 is not dearer by the price of its excess")
    return not wrong, "; ".join(wrong)


def solvers_agree(one: DispatchResult, other: DispatchResult) -> Check:
    """Two solvers find the same cost."""
    limit = SOLVER_ACCURACY * abs(one.cost)
    sentence = f"{one.vpp}: two solvers found {one.cost:,.4f} and {other.cost:,.4f} yuan"
    return abs(one.cost - other.cost) <= limit, sentence


def bill_is_the_objective(result: DispatchResult, ladder: CarbonMarket, clock: Clock) -> Check:
    """The carbon cost in the objective is what the ladder bills for the excess of each period."""
    excess = result.series[ladder.name, "excess"].to_numpy()
    billed, counted = ladder.bill_over(excess, clock), float(result.costs["carbon"])
    limit = SOLVER_ACCURACY * float(result.costs.abs().sum())
    sentence = f"{result.vpp}: billed {billed:,.4f} yuan for carbon, counted {counted:,.4f}"
    return abs(billed - counted) <= limit, sentence


def reward_is_proven(result: float, steps: pd.DataFrame) -> Check:
    """The optimum by binaries is the best of one convex problem for each step.

    result: yuan by binaries. steps: as of `by_reward_steps`.
    """
    best = float(steps["total"].min())
    limit = SOLVER_ACCURACY * max(abs(best), abs(result))
    sentence = f"a rising reward: {result:,.4f} yuan by binaries, {best:,.4f} step by step"
    return abs(best - result) <= limit, sentence


def is_equilibrium(game: GameResult, payoff: str) -> Check:
    """No seller gains by another price, no buyer by another seller, and all roads meet.

    Where the offer of every seller is worth nothing to buyers any shares are at rest, and roads
    need not meet; where buyers differ there may be several equilibria, and other beginnings may
    lead to another one. Such hours count with their gains only.
    payoff: with "unshared" the game is a warning example and has no such equilibrium.
    """
    if payoff != "shared" or game.proofs.empty:
        return True, ""
    proofs = game.proofs.copy()
    free = [step for step, played in game.hours.items() if buyers_gain_nothing(played)]
    proofs.loc[free, ["closed form", "starts"]] = 0.0
    proofs.loc[proofs["closed form"].isna(), "starts"] = 0.0  # buyers who differ
    columns = ["gain", "payoff spread", "closed form", "starts", "loss"]
    worst = proofs[columns].max()
    stable = bool((proofs["eigenvalue"].dropna() < 0).all())
    holds = bool((worst.dropna() <= EQUILIBRIUM).all()) and stable
    found = ", ".join(f"{name} {number:.1e}" for name, number in worst.items())
    return holds, f"not at rest: {found}, eigenvalue {proofs['eigenvalue'].max():.2g}"


def nobody_gains_alone(table: pd.DataFrame) -> Check:
    """No seller of an hour earns more by another price of its own, see `two_sellers_table`."""
    earns, most = table["earns (yuan an hour)"], table["at most, moving alone"]
    more = (most - earns) / earns.abs()
    wrong = [
        f"{name} could earn {gain:.2g} of it more"
        for name, gain in more.items()
        if gain > EQUILIBRIUM
    ]
    return not wrong, "; ".join(wrong)


def buyers_gain_nothing(played: HourResult) -> bool:
    """True if every seller asks what a buyer pays otherwise, and buyers want no more than that."""
    hour = played.hour
    at_the_grid = hour.grid_price - played.prices.to_numpy()
    at_deficit = np.abs(played.wished.to_numpy() - 1)
    return bool((at_the_grid <= FREE * hour.price_size).all() and (at_deficit <= FREE).all())


def nobody_loses_in_an_hour(game: GameResult) -> Check:
    """No VPP loses by the trades of any hour, in money that is paid."""
    if game.least_gains.empty:
        return True, ""
    least = game.least_gains.min()
    name = least.idxmin()
    limit = -SOLVER_ACCURACY * float(game.table["alone"].abs().max())
    step = game.least_gains[name].idxmin()
    return bool(least[name] >= limit), f"{name} loses {-least[name]:,.2f} yuan in hour {step}"


def talks_meet_the_loop(day: DistributedDay | None, game: GameResult) -> Check:
    """Agents that talk end where one loop ends. day: None where there are no talks."""
    if day is None:
        return True, ""
    distances = {step: talks.distance(game.hours[step]) for step, talks in day.hours.items()}
    step = max(distances, key=lambda hour: distances[hour])
    return distances[step] <= EQUILIBRIUM, f"hour {step}: talks end {distances[step]:.1e} away"


def money_rests(paid: Mapping[int, MoneyResult]) -> Check:
    """In money that is paid nobody gains a thousandth at its prices or lotteries."""
    gains = {step: result.gain for step, result in paid.items()}
    if not gains:
        return True, ""
    step = max(gains, key=lambda hour: gains[hour])
    return gains[step] <= IN_MONEY, f"hour {step}: a seller gains {gains[step]:.1e} of its income"


def payments_cancel(table: pd.DataFrame) -> Check:
    """What one VPP pays another receives. table: columns payment and alone."""
    total = float(table["payment"].sum())
    limit = SOLVER_ACCURACY * float(table["alone"].abs().sum())
    return abs(total) <= limit, f"payments add up to {total:,.4f} yuan"


def same_energy_other_money(game: GameResult, capped: GameResult) -> Check:
    """Another price band moves money: the same energy is delivered.

    Only hours that have a market with both bands are compared, since a narrow band may leave a
    seller nothing to ask. Not asked where the limit of a tie binds: then it matters who asks whom.
    What the energy costs may differ by who delivers it.
    """
    if tie_binds(game) or tie_binds(capped):
        return True, ""
    steps = sorted(set(game.hours) & set(capped.hours))
    energy = game.trades.loc[steps].clip(lower=0).sum().sum()
    capped_energy = capped.trades.loc[steps].clip(lower=0).sum().sum()
    same = abs(energy - capped_energy) <= SOLVER_ACCURACY * max(energy, capped_energy)
    sentence = f"with another band {capped_energy:,.1f} instead of {energy:,.1f} kW are delivered"
    return bool(same), sentence


def no_mechanism_beats_the_planner(table: pd.DataFrame) -> Check:
    """Alone costs most, the joint optimum least, all else is between.

    table: column "cost (yuan)"; alone is the first row and the joint optimum the last.
    """
    cost = table["cost (yuan)"]
    slack = SOLVER_ACCURACY * float(cost.abs().max())
    shown = ", ".join(f"{name} {value:,.1f}" for name, value in cost.items())
    between = (cost <= cost.iloc[0] + slack) & (cost >= cost.iloc[-1] - slack)
    return bool(between.all()), f"costs out of order, yuan: {shown}"


def same_optimum(one: CoalitionResult, other: CoalitionResult | None) -> Check:
    """Two solvers find the same joint optimum, to a hundred thousandth.

    other: None if the second one gave no answer; then there is nothing to compare.
    """
    if other is None:
        return True, ""
    limit = 10 * SOLVER_ACCURACY * abs(one.cost)
    sentence = f"two solvers found {one.cost:,.4f} and {other.cost:,.4f} yuan"
    return abs(one.cost - other.cost) <= limit, sentence


def ladder_costs_more(table: pd.DataFrame) -> Check:
    """A ladder lies above its first rung. table: rows flat and stepped."""
    flat, stepped = table.loc["flat", "alone (yuan)"], table.loc["stepped", "alone (yuan)"]
    limit = flat - SOLVER_ACCURACY * abs(flat)
    return bool(stepped >= limit), f"alone {stepped:,.2f} yuan by the ladder, {flat:,.2f} without"
