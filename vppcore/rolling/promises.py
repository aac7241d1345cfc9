"""Trades of one's own in days in a row: promised by any rule that reads a plan.

kW, yuan/kWh; arrays are (steps,). A rule is a function that is given the case of a plan, with what
is expected, and returns trades; `pool` and `cooperate` are two of them, robust trades another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import ClassVar

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import Part, Tie
from vppcore.components.base import Component
from vppcore.cooperation.result import CoalitionResult
from vppcore.errors import WrongInput
from vppcore.schedule import DispatchResult, dispatch
from vppcore.vpp import VPP

# the case of a plan -> kW, a column (i, j) for each ordered pair, positive where i receives from j
Promises = Callable[[Case], pd.DataFrame]
# of the largest trade: what two sides of a pair may be apart by
SAME = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class AgreedTrade(Component):
    """What a member receives by trades that were agreed on, whatever comes.

    received: of all partners together, kW `(steps,)`. fee: for it, yuan over the horizon.
    """

    role: ClassVar[str] = "trade"

    received: np.ndarray
    fee: float = 0.0

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        return Part(
            inject={"electricity": cp.Constant(self.received)},
            cost={"crossing fee": cp.Constant(self.fee)},
            series={"received": cp.Constant(self.received)},
        )


def with_agreed(vpp: VPP, received: pd.DataFrame | None, tie: Tie | None) -> VPP:
    """A VPP with what it agreed on for its steps: kW, a column for each partner; None for none."""
    if received is None or tie is None:
        return vpp
    trades = received.to_numpy()[: vpp.steps]
    fee = vpp.step_hours * tie.crossing_fee * float(np.abs(trades).sum())
    return vpp.adding(AgreedTrade(received=trades.sum(axis=1), fee=fee))


@dataclass(frozen=True, eq=False)
class Agreed:
    """What members agreed on for a plan.

    dispatches: member -> its schedule with the trades. trades: kW, columns (i, j).
    multipliers: yuan/kWh, a column (i, j) for each pair: what a traded kWh is paid with.
    """

    dispatches: dict[str, DispatchResult]
    trades: pd.DataFrame
    multipliers: pd.DataFrame


def agreed_by(coalition: CoalitionResult) -> Agreed:
    """What a coalition agreed on, each kWh paid with its value to both sides."""
    return Agreed(coalition.dispatches, coalition.trades, coalition.multipliers)


def promised(case: Case, promises: Promises, solver: str) -> Agreed:
    """What members promise by a rule of their own, and what each plans with that.

    Where no rule makes a kWh worth the same to both sides, it is paid with the mean of the two.
    Raises WrongInput for what are no trades of the case.
    """
    trades = checked(promises(case), case)
    dispatches = {
        vpp.name: dispatch(with_agreed(vpp, trades[vpp.name], case.tie), solver)
        for vpp in case.vpps
    }
    values = {name: each.prices["electricity"].to_numpy() for name, each in dispatches.items()}
    paid = {(i, j): (values[i] + values[j]) / 2 for i, j in combinations(case.names, 2)}
    return Agreed(dispatches, trades, pd.DataFrame(paid, trades.index))


def checked(trades: pd.DataFrame, case: Case) -> pd.DataFrame:
    """The trades, with a column for each ordered pair. Raises WrongInput for what are none."""
    pairs = list(permutations(case.names, 2))
    steps = case.vpps[0].steps
    if not isinstance(trades, pd.DataFrame) or set(trades.columns) != set(pairs):
        raise WrongInput(
            f"trading: found {type(trades).__name__} without these columns; allowed: a table with "
            f"a column (i, j) for each of the {len(pairs)} ordered pairs of members"
        )
    if len(trades) != steps or not np.isfinite(trades.to_numpy(float)).all():
        raise WrongInput(
            f"trading: found {len(trades)} rows for a plan of {steps} steps, or no numbers; "
            "allowed: a number for each step"
        )
    limit = 0.0 if case.tie is None else np.max(case.tie.limit)
    size = float(trades.abs().to_numpy().max(initial=0.0))
    for i, j in combinations(case.names, 2):
        apart = float((trades[i, j] + trades[j, i]).abs().max())
        if apart > SAME * size:
            raise WrongInput(
                f"trading: found {apart:.6g} kW between what {i} gets from {j} and what {j} gives; "
                "allowed: the same"
            )
    if size > limit * (1 + SAME):
        raise WrongInput(f"trading: found {size:.6g} kW; allowed: up to the tie's {limit:.6g}")
    return trades[pairs]
