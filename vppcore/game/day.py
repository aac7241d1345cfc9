"""The multiple game of paper B over a day: every hour played on its own, delivered and settled.

kW, yuan, yuan/kWh; tables have a row per step. The hours' markets are in market.py, the game of one
hour in hour.py: sellers set prices (sellers.py), buyers choose sellers (buyers.py), both until
nobody wants to move.

A buyer who chooses seller j gets a part of j's surplus S_j, which all who chose j share: payoff
F_ij = v_ij S_j / N_j with v_ij what the purchase is worth to it and N_j the deficits of those who
chose j. With fixed demand v_ij = g - p_j, the distance to the grid's price. At rest the payoffs of
all chosen sellers are equal, so with buyers who are alike N_j is proportional to a_j = v_j S_j.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pandas as pd

from vppcore.case import Case
from vppcore.errors import WrongInput
from vppcore.game.account import account_of, by_seller
from vppcore.game.certificate import certify
from vppcore.game.hour import HourResult, play
from vppcore.game.rules import Rules
from vppcore.market import Hour, hours, positions
from vppcore.parameters import Rule
from vppcore.schedule import DispatchResult
from vppcore.standalone import alone as schedules_alone

# random beginnings that an hour's certificate tries
STARTS = Rule("number", low=0, whole=True)


@dataclass(frozen=True, eq=False)
class GameResult:
    """Trade by the multiple game after every VPP has its own schedule; numbers only.

    positions: VPP -> its net position, see `market.positions`.
    prices: yuan/kWh, a row per step, a column per VPP; nan where it does not sell.
    parts: probability of being chosen, that is the part of all demand that falls to a VPP; as
        `prices`.
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
    rules: how the game is played; the usual ones by default, `Rules.of_the_text()` as the paper
        has it.
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

    markets = hours(case.vpps, tables, case.tie)
    games = {hour.step: play(hour, rules) for hour in markets if hour.open}
    proofs = {step: certify(game, starts, rules) for step, game in games.items()}
    prices = by_seller(case, {step: game.prices for step, game in games.items()})
    parts = by_seller(case, {step: game.part for step, game in games.items()})
    finished = time.perf_counter()

    account = account_of(case, alone, {step: game.sent for step, game in games.items()}, prices)
    return GameResult(
        positions=tables,
        prices=prices,
        parts=parts,
        trades=account.trades,
        table=account.table,
        costs=account.costs,
        proofs=pd.DataFrame(proofs).T.rename_axis("step"),
        hours=games,
        seconds={"schedules": scheduled - began, "games": finished - scheduled},
        closed=closed_hours(markets),
        least_gains=account.least_gains,
    )


def closed_hours(markets: list[Hour]) -> dict[int, str]:
    """Step -> why it has no market, in words, for those that have none."""
    return {hour.step: hour.why_closed for hour in markets if not hour.open}
