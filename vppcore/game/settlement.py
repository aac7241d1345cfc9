"""What the trades of a day change in a VPP's own costs, and whether it gains by them.

kW, yuan, kg; tables have a row per step; received and sent power are `(steps,)`. Payments between
VPPs stand apart from costs: they cancel.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vppcore.components import Renewable
from vppcore.market import carbon_price_range, spilled_power, terms_of
from vppcore.schedule import DispatchResult
from vppcore.vpp import VPP

CARBON = "carbon excess (kg)"


def cost_changes(
    vpp: VPP, result: DispatchResult, received: np.ndarray, sent: np.ndarray, fee: float = 0.0
) -> pd.DataFrame:
    """What trades add to each cost item of a VPP (yuan) and to its carbon excess (kg), by step.

    Received power replaces purchases and their carbon. Sent power is first what would have been
    spilled, cheapest plant first, then what would have been sold to the grid.
    received, sent: kW, 0 or more, at most what the VPP bought, or sold and spilled.
    fee: of a traded kWh to the network, yuan/kWh, the direct trading cost of paper B (5).
    """
    terms = terms_of(vpp)
    hours = vpp.step_hours
    carbon_per_kwh = terms.grid.emission - terms.grid.carbon_quota
    purchase = -hours * terms.grid.buy_price * received
    excess = -hours * carbon_per_kwh * received
    operation = np.zeros(vpp.steps)
    still_to_send = np.array(sent, float)
    for name, spilled in spilled_power(vpp, result).items():
        plant = next(plant for plant in vpp.of(Renewable) if plant.name == name)
        saved = np.minimum(still_to_send, spilled.to_numpy())
        still_to_send = still_to_send - saved
        operation = operation + hours * plant.operation_cost * saved
        excess = excess - hours * plant.carbon_quota * saved
    sale = hours * terms.grid.sell_price * still_to_send
    changes = {
        "electricity purchase": purchase,
        "operation": operation,
        "electricity sale": sale,
        "crossing fee": hours * fee * (np.asarray(received) + np.asarray(sent)),
        CARBON: excess,
    }
    return pd.DataFrame(changes, index=result.series.index)


def carbon_excess(vpp: VPP, result: DispatchResult) -> float:
    """Emission above quota of a VPP's schedule, kg; 0 where no carbon is counted."""
    by_step = [result.series[name] for name in result.series if name[1] == "excess"]
    return vpp.step_hours * float(sum(series.sum() for series in by_step))


def costs_with_trades(
    vpp: VPP, result: DispatchResult, received: np.ndarray, sent: np.ndarray, fee: float = 0.0
) -> pd.Series:
    """Cost items of a VPP with its trades (yuan), and its carbon excess (kg) on the last row.

    Payments between VPPs are not in it. The carbon bill is made anew for each period over which the
    market counts, since its steps count there.
    fee: as in `cost_changes`.
    """
    market = terms_of(vpp).carbon
    by_step = cost_changes(vpp, result, received, sent, fee)
    added = by_step.sum()
    excess = carbon_excess(vpp, result) + added[CARBON]
    costs = result.costs.copy()
    for label, yuan in added.drop(CARBON).items():
        if label in costs.index or yuan != 0:
            costs[label] = costs.get(label, 0.0) + yuan
    if market is not None:
        settled = result.series[market.name, "excess"].to_numpy()
        traded = settled + by_step[CARBON].to_numpy() / vpp.step_hours
        after, before = (market.bill_over(kg, vpp.clock) for kg in (traded, settled))
        costs["carbon"] += after - before
    return pd.concat([costs, pd.Series({CARBON: excess})])


def least_gain(
    vpp: VPP,
    result: DispatchResult,
    received: np.ndarray,
    sent: np.ndarray,
    paid: np.ndarray,
    fee: float = 0.0,
) -> pd.Series:
    """What a VPP gains in each step by its trades at least, in money that is paid, yuan by step.

    Its costs without the trades, less those with them, less what it pays. The carbon bill belongs
    to a whole period and is counted for a step as low as it can be: carbon saved at the lowest
    price, carbon added at the highest. So the steps add up to the VPP's gain over the horizon, or
    to less.
    paid: yuan to other VPPs, negative where it is paid, `(steps,)`.
    fee: as in `cost_changes`.
    """
    changes = cost_changes(vpp, result, received, sent, fee)
    lowest, highest = carbon_price_range(terms_of(vpp))
    saved = (-changes[CARBON]).clip(lower=0)
    added = changes[CARBON].clip(lower=0)
    dearer = changes.drop(columns=CARBON).sum(axis=1)
    return lowest * saved - highest * added - dearer - paid
