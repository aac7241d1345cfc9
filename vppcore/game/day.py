"""The multiple game of paper B, hour by hour: sellers set prices, buyers choose sellers, both until nobody wants to move.

kW, yuan/kWh; prices are (sellers,), shares are (buyers, sellers) with rows that add up to one. `Hour` is in market.py.

A buyer who chooses seller j gets a part of j's surplus S_j, which all who chose j share, in place of grid power at price
g: payoff F_j = (g - p_j) S_j / N_j with N_j the power asked of j. At rest the payoffs of all chosen sellers are equal, so
N_j is proportional to a_j = (g - p_j) S_j. A seller earns U_j = (p_j - c_j) N_j and knows how buyers will react, so that

    dU_j/dp_j = N_j (1 - (p_j - c_j)(1 - Y_j)/(g - p_j)),   Y_j = a_j / sum_k a_k,

which is zero at p_j = (g + c_j (1 - Y_j)) / (2 - Y_j). U_j rises up to there and falls beyond, so a price that no small
change improves is a best response, also where it lies on the edge of the band.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.result import both_ways
from vppcore.errors import WrongInput
from vppcore.game.hour import HourResult, certify, play
from vppcore.game.rules import Rules
from vppcore.market import deliver, hours, positions, settle
from vppcore.parameters import Rule
from vppcore.schedule import DispatchResult, dispatch

# random beginnings that an hour's certificate tries
STARTS = Rule("number", low=0, whole=True)


@dataclass(frozen=True, eq=False)
class GameResult:
    """Trade by the multiple game after every VPP has its own schedule; numbers only.

    positions: VPP -> table of market.positions. prices, parts: yuan/kWh and the probability of being chosen, a row per
    step and a column per VPP, nan where it does not sell. trades: kW, as in CoalitionResult (positive: received).
    table: a row per VPP: cost alone, with trades, payment (positive: pays), after, gain (yuan), carbon cost alone and
    after (yuan), excess after (kg). proofs: a row per step with a market. hours: step -> HourResult.
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
    """Lets the VPPs of a case trade their surplus by the multiple game, each hour on its own (paper B, section 4).

    alone: schedules without trade; found here if not given. starts: random beginnings for the certificate.
    Raises WrongInput for a VPP without a power_market or unknown rules, NotSolved if an hour does not come to rest.
    """
    if not STARTS.admits(starts):
        raise WrongInput(STARTS.fault("starts", starts))
    began, rules = time.perf_counter(), rules or Rules()
    alone = alone or {vpp.name: dispatch(vpp, solver) for vpp in case.vpps}
    tables = {vpp.name: positions(vpp, alone[vpp.name]) for vpp in case.vpps}
    ready = time.perf_counter()
    steps, names = case.vpps[0].steps, case.names
    index = pd.RangeIndex(1, steps + 1, name="step")
    prices, parts = (pd.DataFrame(np.nan, index, names) for _ in range(2))
    flow = {(i, j): np.zeros(steps) for i in names for j in names if i != j}
    paid, played, proofs = pd.Series(0.0, names), {}, {}
    for hour in (hour for hour in hours(case.vpps, tables) if hour.open):
        result = play(hour, rules)
        played[hour.step], proofs[hour.step] = result, certify(result, starts, rules)
        prices.loc[hour.step, list(hour.sellers)] = result.prices
        parts.loc[hour.step, list(hour.sellers)] = result.part
        sent = deliver(hour, result.shares.to_numpy())
        for (b, buyer), (s, seller) in (
            (b, s) for b in enumerate(hour.buyers) for s in enumerate(hour.sellers)
        ):
            flow[buyer, seller][hour.step - 1] = sent[b, s]
            money = case.vpps[0].step_hours * sent[b, s] * result.prices[seller]
            paid[buyer] += money
            paid[seller] -= money
    done, nothing = time.perf_counter(), np.zeros(steps)
    settled = pd.DataFrame(
        {
            vpp.name: settle(
                vpp,
                alone[vpp.name],
                sum((flow[vpp.name, other] for other in names if other != vpp.name), nothing),
                sum((flow[other, vpp.name] for other in names if other != vpp.name), nothing),
            )
            for vpp in case.vpps
        }
    )
    costs = settled.drop(index="carbon excess (kg)").fillna(0.0)
    net = {(i, j): flow[i, j] - flow[j, i] for i, j in combinations(names, 2)}
    return GameResult(
        tables,
        prices,
        parts,
        both_ways(net, case),
        summary(alone, costs, settled.loc["carbon excess (kg)"], paid),
        costs,
        pd.DataFrame(proofs).T.rename_axis("step"),
        played,
        {"schedules": ready - began, "games": done - ready},
    )


def summary(
    alone: dict[str, DispatchResult], costs: pd.DataFrame, excess: pd.Series, paid: pd.Series
) -> pd.DataFrame:
    """A row per VPP: cost alone, with trades, payment, after, gain and carbon before and after."""
    before = pd.Series({name: result.cost for name, result in alone.items()})
    rows = {
        "alone": before,
        "with trades": costs.sum(),
        "payment": paid,
        "after": costs.sum() + paid,
        "gain": before - costs.sum() - paid,
        "carbon alone": pd.Series(
            {name: result.costs.get("carbon", 0.0) for name, result in alone.items()}
        ),
        "carbon after": costs.loc["carbon"] if "carbon" in costs.index else 0.0 * before,
        "excess after (kg)": excess,
    }
    return pd.DataFrame(rows).loc[list(alone)]
