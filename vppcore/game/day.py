"""The multiple game of paper B over a day: every hour played on its own, delivered and settled.

kW, yuan, yuan/kWh; tables have a row per step. The hours' markets are in market.py, the game of one
hour in hour.py: sellers set prices (sellers.py), buyers choose sellers (buyers.py), both until
nobody wants to move.

A buyer who chooses seller j gets a part of j's surplus S_j, which all who chose j share, in place
of grid power at price g: payoff F_j = (g - p_j) S_j / N_j with N_j the power asked of j. At rest
the payoffs of all chosen sellers are equal, so N_j is proportional to a_j = (g - p_j) S_j.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import combinations, permutations

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.result import both_ways
from vppcore.errors import WrongInput
from vppcore.game.certificate import certify
from vppcore.game.hour import HourResult, play
from vppcore.game.rules import Rules
from vppcore.game.settlement import CARBON, costs_with_trades, least_gain
from vppcore.market import Hour, deliver, hours, positions
from vppcore.parameters import Rule
from vppcore.schedule import DispatchResult, steps_of
from vppcore.standalone import alone as schedules_alone

# random beginnings that an hour's certificate tries
STARTS = Rule("number", low=0, whole=True)


@dataclass(frozen=True, eq=False)
class GameResult:
    """Trade by the multiple game after every VPP has its own schedule; numbers only.

    positions: VPP -> its net position, see `market.positions`.
    prices: yuan/kWh, a row per step, a column per VPP; nan where it does not sell.
    parts: probability of being chosen, that is the part of all demand asked of a VPP; as `prices`.
    trades: kW, columns (i, j) as in CoalitionResult, positive where i receives from j.
    table: a row per VPP: cost alone, with trades, payment (positive: pays), after, gain (yuan),
        carbon cost alone and after (yuan), excess after (kg).
    costs: yuan by cost item (row) and VPP (column), with trades, payments left out.
    proofs: a row per step with a market, see `certificate.certify`.
    hours: step -> HourResult, for steps with a market.
    seconds: by stage.
    closed: step -> why it has no market, in words.
    least_gains: yuan that a VPP gains in a step at least, in money that is paid; a row per step, a
        column per VPP, see `settlement.least_gain`.
    """

    positions: dict[str, pd.DataFrame]
    prices: pd.DataFrame
    parts: pd.DataFrame
    trades: pd.DataFrame
    table: pd.DataFrame
    costs: pd.DataFrame
    proofs: pd.DataFrame
    hours: dict[int, HourResult]
    seconds: dict[str, float]
    closed: dict[int, str] = field(default_factory=dict)
    least_gains: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def cost(self) -> float:
        """Cost of all VPPs together, yuan; payments cancel."""
        return float(self.table["after"].sum())


def trade_by_game(
    case: Case,
    alone: dict[str, DispatchResult] | None = None,
    rules: Rules | None = None,
    starts: int = 10,
    solver: str = "auto",
) -> GameResult:
    """Lets the VPPs of a case trade their surplus by the multiple game, paper B section 4.

    alone: VPP -> its schedule without trade; found here if not given.
    rules: how the game is played.
    starts: random beginnings for each hour's certificate, a whole number of 0 or more.
    solver: of the schedules, if they are found here.
    Raises WrongInput for a VPP without a power_market or a wrong number of starts, NotSolved if an
    hour does not come to rest.
    """
    if not STARTS.admits(starts):
        raise WrongInput(STARTS.fault("starts", starts))
    began = time.perf_counter()
    rules = rules or Rules()
    alone = alone or schedules_alone(case, solver)
    tables = {vpp.name: positions(vpp, alone[vpp.name]) for vpp in case.vpps}
    scheduled = time.perf_counter()

    markets = hours(case.vpps, tables)
    games = {hour.step: play(hour, rules) for hour in markets if hour.open}
    proofs = {step: certify(game, starts, rules) for step, game in games.items()}
    prices = by_seller(case, {step: game.prices for step, game in games.items()})
    parts = by_seller(case, {step: game.part for step, game in games.items()})
    delivered = delivered_power(case, games)
    paid = payments(case, delivered, prices)
    finished = time.perf_counter()

    settled = settled_costs(case, alone, delivered)
    costs = settled.drop(index=CARBON).fillna(0.0)
    return GameResult(
        positions=tables,
        prices=prices,
        parts=parts,
        trades=net_trades(case, delivered),
        table=summary(alone, costs, settled.loc[CARBON], paid.sum()),
        costs=costs,
        proofs=pd.DataFrame(proofs).T.rename_axis("step"),
        hours=games,
        seconds={"schedules": scheduled - began, "games": finished - scheduled},
        closed=closed_hours(markets),
        least_gains=gains_by_step(case, alone, delivered, paid),
    )


def closed_hours(markets: list[Hour]) -> dict[int, str]:
    """Step -> why it has no market, in words, for those that have none."""
    return {hour.step: hour.why_closed for hour in markets if not hour.open}


def by_seller(case: Case, numbers: dict[int, pd.Series]) -> pd.DataFrame:
    """Numbers of sellers by step as a table, a column per VPP; nan where it does not sell."""
    table = pd.DataFrame(np.nan, steps_of(case.vpps[0]), case.names)
    for step, number in numbers.items():
        table.loc[step, number.index] = number
    return table


def delivered_power(case: Case, games: dict[int, HourResult]) -> pd.DataFrame:
    """What each VPP receives from each other, kW: a row per step, columns (buyer, seller)."""
    pairs = list(permutations(case.names, 2))
    flows = {pair: np.zeros(case.vpps[0].steps) for pair in pairs}
    for step, game in games.items():
        sent = deliver(game.hour, game.shares.to_numpy())
        for row, buyer in enumerate(game.hour.buyers):
            for column, seller in enumerate(game.hour.sellers):
                flows[buyer, seller][step - 1] = sent[row, column]
    buyers = [buyer for buyer, _ in pairs]
    sellers = [seller for _, seller in pairs]
    columns = pd.MultiIndex.from_arrays([buyers, sellers], names=["buyer", "seller"])
    delivered = pd.DataFrame(0.0, steps_of(case.vpps[0]), columns)
    for pair, flow in flows.items():
        delivered[pair] = flow
    return delivered


def received_by(delivered: pd.DataFrame, name: str) -> np.ndarray:
    """What a VPP receives from all others, kW `(steps,)`."""
    mine = delivered.columns.get_level_values("buyer") == name
    return delivered.loc[:, mine].sum(axis=1).to_numpy()


def sent_by(delivered: pd.DataFrame, name: str) -> np.ndarray:
    """What a VPP sends to all others, kW `(steps,)`."""
    mine = delivered.columns.get_level_values("seller") == name
    return delivered.loc[:, mine].sum(axis=1).to_numpy()


def net_trades(case: Case, delivered: pd.DataFrame) -> pd.DataFrame:
    """Trades as in CoalitionResult, kW: columns (i, j), positive where i receives from j."""
    net = {}
    for i, j in combinations(case.names, 2):
        net[i, j] = (delivered[i, j] - delivered[j, i]).to_numpy()
    return both_ways(net, case)


def payments(case: Case, delivered: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """What each VPP pays to others, yuan: a row per step, a column per VPP, negative for income.

    Each kWh is paid at the price of the seller that sent it; a row adds up to zero.
    """
    paid = pd.DataFrame(0.0, prices.index, case.names)
    hours_of_a_step = case.vpps[0].step_hours
    for buyer, seller in delivered:
        money = hours_of_a_step * delivered[buyer, seller] * prices[seller].fillna(0.0)
        paid[buyer] += money
        paid[seller] -= money
    return paid


def settled_costs(
    case: Case, alone: dict[str, DispatchResult], delivered: pd.DataFrame
) -> pd.DataFrame:
    """Cost items with trades (yuan) and carbon excess (kg), rows, of each VPP, columns."""
    columns = {}
    for vpp in case.vpps:
        received = received_by(delivered, vpp.name)
        sent = sent_by(delivered, vpp.name)
        columns[vpp.name] = costs_with_trades(vpp, alone[vpp.name], received, sent)
    return pd.DataFrame(columns)


def gains_by_step(
    case: Case,
    alone: dict[str, DispatchResult],
    delivered: pd.DataFrame,
    paid: pd.DataFrame,
) -> pd.DataFrame:
    """What each VPP gains at least, yuan: a row per step, a column per VPP."""
    columns = {}
    for vpp in case.vpps:
        received = received_by(delivered, vpp.name)
        sent = sent_by(delivered, vpp.name)
        money = paid[vpp.name].to_numpy()
        columns[vpp.name] = least_gain(vpp, alone[vpp.name], received, sent, money)
    return pd.DataFrame(columns)


def summary(
    alone: dict[str, DispatchResult], costs: pd.DataFrame, excess: pd.Series, paid: pd.Series
) -> pd.DataFrame:
    """A row per VPP: cost alone, with trades, payment, after, gain; carbon before and after.

    alone: VPP -> its schedule without trade.
    costs: yuan by cost item (row) and VPP (column), with trades.
    excess: kg of carbon above the quota, with trades, by VPP.
    paid: yuan to other VPPs over the horizon, by VPP.
    """
    before = pd.Series({name: result.cost for name, result in alone.items()})
    carbon_before = {name: result.costs.get("carbon", 0.0) for name, result in alone.items()}
    with_trades = costs.sum()
    columns = {
        "alone": before,
        "with trades": with_trades,
        "payment": paid,
        "after": with_trades + paid,
        "gain": before - with_trades - paid,
        "carbon alone": pd.Series(carbon_before),
        "carbon after": costs.loc["carbon"] if "carbon" in costs.index else 0.0 * before,
        "excess after (kg)": excess,
    }
    return pd.DataFrame(columns).loc[list(alone)]
