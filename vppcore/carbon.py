"""Four ways to charge a VPP for its carbon, what the steps of a stepped price change, who earns
quota and what credits given to customers are worth (paper B, sections 2.2, 2.3 and 5.2).

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

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.components import (
    Boiler,
    CarbonMarket,
    CHPWithCapture,
    Component,
    ControllableLoad,
    Grid,
    Renewable,
)
from vppcore.components.periods import periods_of
from vppcore.errors import NotSolved, WrongInput
from vppcore.exclusive import overlaps, solve_exclusively
from vppcore.schedule import DispatchResult, dispatch, read
from vppcore.solvers import value_of
from vppcore.vpp import VPP, build, total

QUOTA_SOURCES = ("purchase and turbine", "wind and sun too", "one coefficient")
BILLED_AFTER = "3: stepped, billed after"
MODELS = ("1: flat", "2: flat, other price", BILLED_AFTER, "4: stepped, planned for")


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
        self.model = build(vpp.change(self.name, reward_growth=0.0))
        self.slopes = cp.Parameter(int(levels), nonneg=True, name="slopes")  # yuan/kg
        self.offsets = cp.Parameter(int(levels), nonneg=True, name="offsets")  # yuan
        part = self.model.parts[self.name]
        excesses = market_of(vpp).excesses(part.series["excess"], vpp.clock)
        bills = [cp.max(self.slopes * excess - self.offsets) for excess in excesses]  # B (3)
        part.cost["carbon"] = total(bills)
        costs = [term for part in self.model.parts.values() for term in part.cost.values()]
        self.model.cost = total(costs)
        self.compiled = Compiled(self.model.cost, self.model.constraints, vpp.name)

    def dispatch(self, market: CarbonMarket, solver: str = "auto") -> DispatchResult:
        """The cheapest schedule with this market's numbers, as `schedule.dispatch` finds it.

        Raises WrongInput for numbers that the market does not allow, NotSolved if no schedule
        exists.
        """
        if market.period != market_of(self.vpp).period:
            return dispatch(replace_market(self.vpp, market), solver)  # other rows
        numbers = ("price", "interval", "growth", "levels", "rise", "reward_growth")
        changed = self.vpp.change(self.name, **{name: getattr(market, name) for name in numbers})
        if not market.is_convex:
            return dispatch(changed, solver)  # with binaries
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
    plan = LadderPlan(vpp, ladder.levels)
    rows = {}
    for name, planned in planned_for(ladder, flat_price).items():
        bill = ladder if name == BILLED_AFTER else planned
        rows[name] = billed(vpp, plan.dispatch(planned, solver), bill)
    return pd.DataFrame(rows).T.rename_axis("model")


def planned_for(ladder: CarbonMarket, flat_price: float = 0.32) -> dict[str, CarbonMarket]:
    """Model -> the carbon market that a schedule looks at, as `carbon_models`.

    The third looks at none; the ladder sends its bill afterwards.
    """
    flat = replace(ladder, levels=1.0)
    markets = (flat, replace(flat, price=flat_price), replace(flat, price=0.0), ladder)
    return dict(zip(MODELS, markets, strict=True))


def carbon_row(
    vpp: VPP, planned: CarbonMarket, billed_by: CarbonMarket, solver: str = "auto"
) -> dict[str, float]:
    """A VPP that plans with one carbon market and is billed by another: see `billed`."""
    return billed(vpp, LadderPlan(vpp, planned.levels).dispatch(planned, solver), billed_by)


def billed(vpp: VPP, schedule: DispatchResult, market: CarbonMarket) -> dict[str, float]:
    """What a schedule costs when this market sends the bill for its carbon.

    operation: all cost but carbon, yuan.
    carbon, total: yuan.
    excess: above the quota, kg, of all periods.
    emission: kg.
    spilled: renewable energy that was not used, kWh.
    """
    step_hours = vpp.step_hours
    settled = schedule.series[market.name, "excess"].to_numpy()
    excess = step_hours * float(settled.sum())
    operation = schedule.cost - schedule.costs["carbon"]
    bill = market.bill_over(settled, vpp.clock)
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


# --- who earns quota ------------------------------------------------------------------------------
def with_quota_of(case: Case, sources: str, quota: float | None = None) -> Case:
    """The case with other sources of free quota, paper B (1) and 2.2-1.

    sources: one of QUOTA_SOURCES. "purchase and turbine" leaves the case as it is: the text speaks
        of two sources. "wind and sun too" gives renewables a quota beside them, which the VPP "can
        allocate to MT or sell" (2.2-1); both happen in its one carbon account. "one coefficient"
        gives all that makes or buys electricity the same quota: the text of (1) names three unit
        outputs, the purchase and one coefficient.
    quota: of the sources that get a new one, kg/kWh; None takes that of each VPP's purchase.
    Raises WrongInput for other words, and for a VPP without a grid where `quota` is None.
    """
    if sources not in QUOTA_SOURCES:
        raise WrongInput(f"sources: found {sources!r}; allowed: {', '.join(QUOTA_SOURCES)}")
    if sources == "purchase and turbine":
        return case
    changed = []
    for vpp in case.vpps:
        own = quota_of_purchase(vpp) if quota is None else quota
        for component in vpp.components:
            if earns_anew(component, sources):
                vpp = vpp.change(component.name, carbon_quota=own)
        changed.append(vpp)
    return replace(case, vpps=tuple(changed))


def earns_anew(component: Component, sources: str) -> bool:
    """True for a component that gets the new quota of `with_quota_of`."""
    if sources == "wind and sun too":
        return isinstance(component, Renewable)
    return hasattr(component, "carbon_quota") and not isinstance(component, Boiler)


def quota_of_purchase(vpp: VPP) -> float:
    """The quota of a kWh purchased, kg/kWh. Raises WrongInput unless the VPP has one grid."""
    grids = vpp.of(Grid)
    if len(grids) != 1:
        raise WrongInput(
            f"{vpp.name}: found {len(grids)} grids; allowed: one, or a quota in kg/kWh"
        )
    return grids[0].carbon_quota


# --- credits given to customers -------------------------------------------------------------------
def credits_given(vpp: VPP, result: DispatchResult) -> dict[str, float]:
    """Quota that customers get for called load (paper B 2.2-2), and what it is worth.

    called: kWh. credits: kg. value: yuan at the marginal price of carbon, which is what the VPP
    would pay for one more kg.
    """
    called, given, value = 0.0, 0.0, 0.0
    for load in vpp.of(ControllableLoad):
        energy = vpp.step_hours * result.series[load.name, "called"]
        credit = load.carbon_credit * energy
        called += float(energy.sum())
        given += float(credit.sum())
        if load.carbon_credit:
            value += float((credit * permit_price(result)).sum())
    return {"called": called, "credits": given, "value": value}


def permit_price(result: DispatchResult) -> pd.Series:
    """What one more kg of quota would save, yuan/kg by step; the same in all steps of a period that
    the carbon market counts over.
    """
    return -result.prices["carbon"]


# --- a reward that rises --------------------------------------------------------------------------
def by_reward_steps(vpp: VPP, solver: str = "auto") -> pd.DataFrame:
    """The cheapest schedule for each step that the day's excess may end on: a row each.

    On each step the carbon cost is convex, so each row is an optimum of its own, found without the
    binaries of a rising reward; the least of them is the optimum. This is the second road to
    `dispatch`, and a proof that holds for quadratic costs too.

    low, high: of the excess on that step, kg. total: yuan, nan where no schedule ends there.
    excess: of that schedule, kg.
    Raises WrongInput for a VPP with no or several carbon markets, and for one whose excess is
    counted over several periods; NotSolved as `dispatch` does.
    """
    market = market_of(vpp)
    several = periods_of(market.period, vpp.clock)[1:]
    if several and not market.is_convex:
        raise WrongInput(
            f"{vpp.name}, {market.name}: found an excess counted over {1 + len(several)} periods; "
            "allowed where each step of the reward is tried: one"
        )
    length = market.interval
    last = int(market.levels) - 1
    rows: dict[str, dict[str, float]] = {}
    over = replace(market, reward_growth=0.0)
    rows["excess"] = on_one_step(vpp, over, (0.0, np.inf), solver)
    for step, price in enumerate(market.reward_prices()):
        low = -np.inf if step == last else -(step + 1) * length
        high = -step * length
        # the line through the end of the steps before, at this step's price
        flat = replace(market, price=price, levels=1.0, reward_growth=0.0)
        row = on_one_step(vpp, flat, (low, high), solver)
        rows[f"sold, step {step + 1}"] = row
        row["total"] += market.bill(high) - price * high
    return pd.DataFrame(rows).T.rename_axis("the excess ends on")


def on_one_step(
    vpp: VPP, market: CarbonMarket, limits: tuple[float, float], solver: str
) -> dict[str, float]:
    """The cheapest schedule with a convex carbon market whose excess keeps within limits, kg."""
    low, high = limits
    model = build(replace_market(vpp, market))
    excess = vpp.step_hours * cp.sum(model.parts[market.name].series["excess"])
    rows = [excess >= low] * bool(np.isfinite(low)) + [excess <= high] * bool(np.isfinite(high))
    row = {"low": low, "high": high, "total": np.nan, "excess": np.nan}
    try:
        solve_exclusively([model], model.cost, [*model.constraints, *rows], solver, name=vpp.name)
    except NotSolved as refused:
        if refused.status != "infeasible":
            raise
        return row
    return row | {"total": float(value_of(model.cost)), "excess": float(value_of(excess))}


def replace_market(vpp: VPP, market: CarbonMarket) -> VPP:
    """The VPP with this carbon market in place of the one of its name."""
    others = [market if part.name == market.name else part for part in vpp.components]
    return replace(vpp, components=tuple(others))
