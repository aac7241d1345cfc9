"""Four ways to charge a VPP for its carbon, and what the steps of a stepped price change (paper B,
sections 2.3 and 5.2).

yuan, kg; energies in kWh over the horizon.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import cvxpy as cp
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from vppcore.compiled import Compiled
from vppcore.components import Boiler, CarbonMarket, CHPWithCapture, Renewable
from vppcore.errors import NotSolved, WrongInput
from vppcore.exclusive import overlaps
from vppcore.schedule import DispatchResult, dispatch, read
from vppcore.vpp import VPP, build, total

MODELS = ("1: flat", "2: flat, dearer", "3: stepped, billed after", "4: stepped, planned for")


def market_of(vpp: VPP) -> CarbonMarket:
    """The carbon market of a VPP. Raises WrongInput if it has none or several."""
    found = [component for component in vpp.components if isinstance(component, CarbonMarket)]
    if len(found) != 1:
        raise WrongInput(f"{vpp.name}: found {len(found)} carbon_market; allowed: one")
    return found[0]


class LadderPlan:
    """The schedule of a VPP that plans for one carbon market after another: stated once, the lines
    are parameters.

    vpp: with one carbon market, whose numbers are replaced.
    levels: most rungs of any ladder to come.
    Raises WrongInput for a VPP with no or several carbon markets.
    """

    def __init__(self, vpp: VPP, levels: float):
        self.vpp = vpp
        self.name = market_of(vpp).name
        self.model = build(vpp)
        self.slopes = cp.Parameter(int(levels), nonneg=True, name="slopes")  # yuan/kg
        self.offsets = cp.Parameter(int(levels), nonneg=True, name="offsets")  # yuan
        part = self.model.parts[self.name]
        excess = vpp.step_hours * cp.sum(part.series["excess"])
        part.cost["carbon"] = cp.max(self.slopes * excess - self.offsets)  # B (3)
        costs = [term for part in self.model.parts.values() for term in part.cost.values()]
        self.model.cost = total(costs)
        self.compiled = Compiled(self.model.cost, self.model.constraints, vpp.name)

    def dispatch(self, market: CarbonMarket, solver: str = "auto") -> DispatchResult:
        """The cheapest schedule with this market's numbers, as `schedule.dispatch` finds it.

        Raises WrongInput for numbers that the market does not allow, NotSolved if no schedule
        exists.
        """
        numbers = ("price", "interval", "growth", "levels")
        changed = self.vpp.change(self.name, **{name: getattr(market, name) for name in numbers})
        self.slopes.value, self.offsets.value = self._lines(market)
        pairs = self.model.pairs()
        if any(pair.limits.required for pair in pairs):
            return dispatch(changed, solver)  # with binaries
        try:
            answer = self.compiled.solve(solver)
        except NotSolved:
            return dispatch(changed, solver)  # says what is missing
        answer.fill()
        return dispatch(changed, solver) if overlaps(pairs) else read(self.model, answer.solved)

    def _lines(self, market: CarbonMarket) -> np.ndarray:
        """Slopes and offsets of the market's lines, the last line repeated, `(2, levels)`."""
        lines = np.array(market.pieces())
        missing = self.slopes.size - lines.shape[1]
        return np.pad(lines, ((0, 0), (0, missing)), mode="edge")


def carbon_models(vpp: VPP, flat_price: float = 0.32, solver: str = "auto") -> pd.DataFrame:
    """Paper B's four carbon models for one VPP (Table 2): a row each, with the columns of `billed`.

    1: a flat price, that of the ladder's first rung; 2: another flat price (`flat_price`, yuan/kg);
    3: the ladder, sent as a bill after a schedule that did not look at it; 4: the ladder in the
    objective.
    """
    ladder = market_of(vpp)
    flat = replace(ladder, levels=1.0)
    dearer = replace(flat, price=flat_price)
    free = replace(flat, price=0.0)
    planned_and_billed = ((flat, flat), (dearer, dearer), (free, ladder), (ladder, ladder))
    plan = LadderPlan(vpp, ladder.levels)
    rows = {}
    for name, (planned, bill) in zip(MODELS, planned_and_billed, strict=True):
        rows[name] = billed(vpp, plan.dispatch(planned, solver), bill)
    return pd.DataFrame(rows).T.rename_axis("model")


def carbon_row(
    vpp: VPP, planned: CarbonMarket, billed_by: CarbonMarket, solver: str = "auto"
) -> dict[str, float]:
    """A VPP that plans with one carbon market and is billed by another: see `billed`."""
    return billed(vpp, LadderPlan(vpp, planned.levels).dispatch(planned, solver), billed_by)


def billed(vpp: VPP, schedule: DispatchResult, market: CarbonMarket) -> dict[str, float]:
    """What a schedule costs when this market sends the bill for its carbon.

    operation: all cost but carbon, yuan.
    carbon, total: yuan.
    excess: above the quota, kg.
    emission: kg.
    spilled: renewable energy that was not used, kWh.
    """
    step_hours = vpp.step_hours
    excess = step_hours * float(schedule.series[market.name, "excess"].sum())
    operation = schedule.cost - schedule.costs["carbon"]
    bill = market.bill(excess)
    curtailed = [schedule.series[plant.name, "curtailed"].sum() for plant in vpp.of(Renewable)]
    return {
        "operation": operation,
        "carbon": bill,
        "total": operation + bill,
        "excess": excess,
        "emission": emission(vpp, schedule),
        "spilled": step_hours * float(sum(curtailed)),
    }


def emission(vpp: VPP, result: DispatchResult) -> float:
    """CO2 in kg over the horizon before the quota is taken off, paper B (2): what purchase, turbine
    and boiler emit per kWh.

    Raises WrongInput for a VPP with carbon capture, whose emission is not proportional to one
    output.
    """
    if any(isinstance(c, CHPWithCapture) for c in vpp.components):
        raise WrongInput(
            f"{vpp.name}: emission of a CHP unit with capture; "
            "allowed here: purchase, turbines and boilers"
        )
    emitted = 0.0
    for component in vpp.components:
        rate = getattr(component, "emission", 0.0)  # kg/kWh of its output
        if rate:
            carrier = "heat" if isinstance(component, Boiler) else "electricity"
            output = result.balances[carrier][component.name].clip(lower=0)
            emitted += rate * vpp.step_hours * float(output.sum())
    return emitted


def ladder_sweep(
    vpp: VPP,
    prices: Iterable[float],
    intervals: Iterable[float],
    growths: Iterable[float],
    solver: str = "auto",
    progress: bool = False,
) -> pd.DataFrame:
    """Cost and emission over base price (yuan/kg), interval (kg) and growth of the ladder: a row
    per combination.

    step: on which step of the ladder the day's excess ends, 0 for the first.
    """
    ladder = market_of(vpp)
    grid = list(product(prices, intervals, growths))
    plan = LadderPlan(vpp, ladder.levels)
    rows = []
    for price, interval, growth in tqdm(grid, desc="ladders", disable=not progress):
        market = replace(ladder, price=price, interval=interval, growth=growth)
        row = billed(vpp, plan.dispatch(market, solver), market)
        rung = min(max(int(row["excess"] // interval), 0), int(market.levels) - 1)
        numbers = {"price": price, "interval": interval, "growth": growth}
        rows.append(numbers | row | {"step": rung})
    return pd.DataFrame(rows)
