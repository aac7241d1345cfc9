"""What a day's trades cost and pay: from what is sent in each hour to a table of VPPs.

kW, yuan; tables have a row per step. It does not matter how the trades came about, by a game or by
a conventional rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations, product

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.result import both_ways
from vppcore.game.settlement import CARBON, costs_with_trades, least_gain
from vppcore.schedule import DispatchResult, steps_of


@dataclass(frozen=True, eq=False)
class Account:
    """A day of trade in money.

    trades: kW, columns (i, j) as in CoalitionResult, positive where i receives from j.
    table: a row per VPP: cost alone, with trades, payment (positive: pays), after, gain (yuan),
        carbon cost alone and after (yuan), excess after (kg).
    costs: yuan by cost item (row) and VPP (column), with trades, payments left out.
    least_gains: yuan that a VPP gains in a step at least, in money that is paid; a row per step, a
        column per VPP, see `settlement.least_gain`.
    """

    trades: pd.DataFrame
    table: pd.DataFrame
    costs: pd.DataFrame
    least_gains: pd.DataFrame

    @property
    def cost(self) -> float:
        """Cost of all VPPs together, yuan; payments cancel."""
        return float(self.table["after"].sum())


def account_of(
    case: Case,
    alone: dict[str, DispatchResult],
    sent_in: dict[int, pd.DataFrame],
    prices: pd.DataFrame,
) -> Account:
    """Settles a day of trade.

    alone: VPP -> its schedule without trade.
    sent_in: step -> what each seller (column) sends to each buyer (row), kW.
    prices: yuan/kWh, a row per step, a column per VPP; nan where it does not sell.
    """
    delivered = delivered_power(case, sent_in)
    paid = payments(case, delivered, prices)
    settled = settled_costs(case, alone, delivered)
    costs = settled.drop(index=CARBON).fillna(0.0)
    return Account(
        trades=net_trades(case, delivered),
        table=summary(alone, costs, settled.loc[CARBON], paid.sum()),
        costs=costs,
        least_gains=gains_by_step(case, alone, delivered, paid),
    )


def by_seller(case: Case, numbers: dict[int, pd.Series]) -> pd.DataFrame:
    """Numbers of sellers by step as a table, a column per VPP; nan where it does not sell."""
    table = pd.DataFrame(np.nan, steps_of(case.vpps[0]), case.names)
    for step, number in numbers.items():
        table.loc[step, number.index] = number
    return table


def delivered_power(case: Case, sent_in: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """What each VPP receives from each other, kW: a row per step, columns (buyer, seller).

    sent_in: step -> what each seller (column) sends to each buyer (row), for steps with a market.
    """
    pairs = list(permutations(case.names, 2))
    flows = {pair: np.zeros(case.vpps[0].steps) for pair in pairs}
    for step, sent in sent_in.items():
        for buyer, seller in product(sent.index, sent.columns):
            flows[buyer, seller][step - 1] = sent.loc[buyer, seller]
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


def fee_of(case: Case) -> float:
    """What a traded kWh costs each side, yuan/kWh."""
    return 0.0 if case.tie is None else case.tie.crossing_fee


def settled_costs(
    case: Case, alone: dict[str, DispatchResult], delivered: pd.DataFrame
) -> pd.DataFrame:
    """Cost items with trades (yuan) and carbon excess (kg), rows, of each VPP, columns."""
    columns = {}
    for vpp in case.vpps:
        received = received_by(delivered, vpp.name)
        sent = sent_by(delivered, vpp.name)
        columns[vpp.name] = costs_with_trades(vpp, alone[vpp.name], received, sent, fee_of(case))
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
        columns[vpp.name] = least_gain(vpp, alone[vpp.name], received, sent, money, fee_of(case))
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
