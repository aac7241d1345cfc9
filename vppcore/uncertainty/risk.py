"""Trades that are promised the day before with the risk of the days in the decision itself.

A two-stage stochastic program: the trades are fixed first, then a day of a set of scenarios comes
and every VPP reacts to it as in `recourse`. What is minimised weighs the mean of the coalition's
costs against their conditional value at risk (CVaR), by the linear form of Rockafellar and Uryasev
(2000). kW, yuan; a day z holds a number for each (VPP, series) and step, as in `sample_days`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse

from vppcore.case import Case
from vppcore.cooperation.result import both_ways
from vppcore.errors import WrongInput
from vppcore.parameters import Rule
from vppcore.uncertainty.emergency import knowing_prices
from vppcore.uncertainty.ordinary_days import costs_of_days, every_hour, tasks_of
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.result import relative
from vppcore.uncertainty.series import check_series
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import build, check_divisible
from vppcore.warm import Program, WarmLinear, by_columns

CONFIDENCE = Rule("number", "-", "share of days outside the tail", low=0, high=1, below=True)
RISK_WEIGHT = Rule("number", "-", "weight of CVaR beside the mean", low=0, high=1)

BOOTSTRAPS = 1000  # times that days are drawn again for an interval
COVERED = 0.95  # an interval is made to contain the true value with this probability


@dataclass(frozen=True, eq=False)
class RiskResult:
    """Trades promised with a weight on CVaR, and what they cost in the scenarios.

    weight: of CVaR, 0 to 1. confidence: CVaR is the mean of the costliest 1 - confidence.
    trades: kW, as in CoalitionResult.
    costs: yuan, a row per scenario, a column per VPP; payments left out, no two exclusive flows at
        once.
    upper: yuan; (1 - weight) mean + weight CVaR of these costs: these trades reach it.
    lower: yuan; no trades reach less in these scenarios: the optimum of the linear program, in
        which exclusive flows may overlap.
    turnover: yuan, all money that changes hands on the forecast day. seconds: in the solver.
    """

    weight: float
    confidence: float
    trades: pd.DataFrame
    costs: pd.DataFrame
    upper: float
    lower: float
    turnover: float
    seconds: float

    @property
    def tail(self) -> float:
        """CVaR of the coalition's cost in the scenarios, yuan."""
        return cvar(self.costs.sum(axis=1), self.confidence)

    @property
    def gap(self) -> float:
        """How much better other trades could be at most, as a share of the money at stake."""
        return relative(self.upper - self.lower, self.upper, self.turnover)


class RiskProgram:
    r"""The trades' problem under risk, stated once and solved for several weights.

    min (1 - w) mean + w (v + sum_s u_s / ((1 - a) S)) over trades q, a schedule for each VPP and
    scenario, v free and u_s >= 0 with u_s >= cost_s - v: Rockafellar and Uryasev (2000), whose v is
    at the optimum the quantile of the costs. All S scenarios are equally likely; w is the weight
    and a the confidence.

    days: scenarios z `(scenarios, VPPs x series x steps)`.
    Raises WrongInput for a VPP that is not linear and for a confidence out of range.
    """

    def __init__(self, case: Case, uncertainty: Uncertainty, days: np.ndarray, confidence: float):
        if not CONFIDENCE.admits(confidence):
            raise WrongInput(CONFIDENCE.fault("confidence", confidence))
        self.case = case
        self.uncertainty = every_hour(case, uncertainty)
        self.days = days
        self.confidence = confidence
        members = knowing_prices(case.connected())
        check_divisible([build(vpp) for vpp in members], "promises under risk")
        self.recourses = [Recourse(vpp, self.uncertainty) for vpp in members]
        refuse_squares(self.recourses)
        self.pairs = list(combinations(case.names, 2))
        self.traded = len(self.pairs) * case.vpps[0].steps
        self._solver = WarmLinear("promises under risk", solver="ipm")
        self._state()

    def _state(self) -> None:
        """Columns: trades, v, the schedules scenario by scenario, u. Rows: those of the schedules,
        then one of each scenario that holds u_s above cost_s - v."""
        count = len(self.days)
        schedules = sparse.block_diag([each.matrix for each in self.recourses])
        shared = sparse.vstack(
            [each.by_trade @ self.received(each.name) for each in self.recourses]
        )
        self._cost = np.concatenate([each.cost for each in self.recourses])
        self._constant = sum(each.constant for each in self.recourses)
        every = sparse.block_diag([schedules] * count)
        paid = sparse.block_diag([sparse.csr_matrix(self._cost)] * count)
        self._matrix = by_columns(
            sparse.bmat(
                [
                    [sparse.vstack([shared] * count), None, every, None],
                    [None, -np.ones((count, 1)), paid, -sparse.identity(count)],
                ]
            )
        )
        self._limits()

    def _limits(self) -> None:
        """The limits of the rows and columns that `_state` lists."""
        count = len(self.days)
        low, high = [], []
        for day in self.days:
            for recourse, own in zip(self.recourses, self.of_each(day), strict=True):
                right = recourse.right_side(own)
                equation = np.arange(len(right)) < recourse.equalities
                low.append(np.where(equation, right, -np.inf))
                high.append(right)
        endless = np.full(self.traded + 1, np.inf)
        scheduled_low = [each.low for each in self.recourses] * count
        scheduled_high = [each.high for each in self.recourses] * count
        self._rows = (
            np.concatenate([*low, np.full(count, -np.inf)]),
            np.concatenate([*high, np.full(count, -self._constant)]),
        )
        self._columns = (
            np.concatenate([-endless, *scheduled_low, np.zeros(count)]),
            np.concatenate([endless, *scheduled_high, np.full(count, np.inf)]),
        )

    def received(self, name: str) -> sparse.csr_matrix:
        """What one VPP receives, as the vector q of its recourse, from the trades of all pairs:
        `(partners x steps, pairs x steps)`."""
        steps = self.case.vpps[0].steps
        own = [pair for pair in self.pairs if name in pair]
        signs = sparse.lil_matrix((len(own), len(self.pairs)))
        for place, pair in enumerate(own):
            signs[place, self.pairs.index(pair)] = 1.0 if pair[0] == name else -1.0
        return sparse.kron(signs, sparse.identity(steps), format="csr")

    def of_each(self, day: np.ndarray) -> list[np.ndarray]:
        """A day z of the cluster, cut into those of the VPPs."""
        ends = np.cumsum([len(each.forecast_day) for each in self.recourses])[:-1]
        return np.split(day, ends)

    def program(self, weight: float) -> Program:
        """The linear program for a weight of CVaR."""
        count = len(self.days)
        paid = np.tile((1 - weight) / count * self._cost, count)
        above = np.full(count, weight / count / (1 - self.confidence))
        columns = self._matrix.shape[1]
        return Program(
            quadratic=sparse.csc_matrix((columns, columns)),
            linear=np.concatenate([np.zeros(self.traded), [weight], paid, above]),
            constant=(1 - weight) * self._constant,
            matrix=self._matrix,
            row_low=self._rows[0],
            row_high=self._rows[1],
            column_low=self._columns[0],
            column_high=self._columns[1],
            whole=np.zeros(columns, bool),
        )

    def solve(self, weight: float) -> RiskResult:
        """The best trades for a weight of CVaR. Raises WrongInput for a weight out of range."""
        if not RISK_WEIGHT.admits(weight):
            raise WrongInput(RISK_WEIGHT.fault("weight", weight))
        started = time.perf_counter()
        point = self._solver.solve(self.program(weight))
        seconds = time.perf_counter() - started
        flows = np.split(point.x[: self.traded], len(self.pairs))
        trades = both_ways(dict(zip(self.pairs, flows, strict=True)), self.case)
        costs = costs_by_vpp(self.case, self.uncertainty, trades, self.days)
        return RiskResult(
            weight=weight,
            confidence=self.confidence,
            trades=trades,
            costs=costs,
            upper=weighed(costs.sum(axis=1), weight, self.confidence),
            lower=point.value,
            turnover=sum(each.turnover for each in self.recourses),
            seconds=seconds,
        )


def promises_under_risk(
    case: Case,
    uncertainty: Uncertainty,
    days: np.ndarray,
    weights: Sequence[float] = (0.0, 0.5, 1.0),
    confidence: float = 0.9,
) -> dict[float, RiskResult]:
    """The best trades for each weight of CVaR beside the mean, on the same scenarios.

    days: scenarios, as `sample_days` draws them.
    confidence: CVaR is the mean of the costliest 1 - confidence of the days.
    Raises WrongInput for numbers out of range, for a series that the case lacks and for a VPP that
    is not linear (a quadratic cost, a plant that may stand).

    >>> from vppcore import load_case
    >>> from vppcore.uncertainty.ordinary_days import every_hour, sample_days
    >>> from vppcore.uncertainty.settings import at_level
    >>> case = load_case("template").window(1, 4)
    >>> doubt = every_hour(case, at_level(1))
    >>> found = promises_under_risk(case, doubt, sample_days(case, doubt, 5, seed=1), (0, 1))
    >>> [bool(abs(each.gap) < 1e-6) for each in found.values()]
    [True, True]
    """
    check_series(case, uncertainty)
    program = RiskProgram(case, uncertainty, days, confidence)
    return {weight: program.solve(weight) for weight in weights}


def refuse_squares(recourses: Sequence[Recourse]) -> None:
    """Raises WrongInput for quadratic costs, a sentence for each VPP."""
    faults = [
        f"{each.name}: found a quadratic cost; promises under risk allow linear VPPs"
        for each in recourses
        if each.chord_error > 0
    ]
    if faults:
        raise WrongInput(*faults)


def costs_by_vpp(
    case: Case, uncertainty: Uncertainty, trades: pd.DataFrame | None, days: np.ndarray
) -> pd.DataFrame:
    """What each VPP pays on each day, yuan, a row per day and a column per VPP; payments left out.

    trades: promised the day before, kW; None is no cooperation. days: as `sample_days`.
    """
    anything = every_hour(case, uncertainty)
    index = pd.RangeIndex(1, len(days) + 1, name="day")
    costs = pd.DataFrame(0.0, index, list(case.names))
    for task in tasks_of(case, anything, "", trades, days):
        costs.iloc[task.rows, costs.columns.get_loc(task.vpp.name)] = costs_of_days(task)
    return costs


def cvar(costs: Sequence[float] | pd.Series | np.ndarray, confidence: float) -> float:
    """The mean of the costliest 1 - confidence of equally likely costs, yuan.

    The costs are sorted and counted from the dearest down, the last of them in part where the tail
    holds no whole number of days; confidence 0 is the mean of all.

    >>> cvar([1.0, 2.0, 3.0, 4.0], 0.5), cvar([1.0, 2.0, 3.0, 4.0], 0.625)
    (3.5, 3.6666666666666665)
    """
    dearest_first = np.sort(np.asarray(costs, float))[::-1]
    tail = (1 - confidence) * len(dearest_first)
    counted = np.clip(tail - np.arange(len(dearest_first)), 0, 1)
    return float(counted @ dearest_first / tail)


def weighed(costs: pd.Series, weight: float, confidence: float) -> float:
    """(1 - weight) mean + weight CVaR of the costs of days, yuan."""
    return (1 - weight) * float(costs.mean()) + weight * cvar(costs, confidence)


def redrawn(costs: pd.DataFrame, confidence: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and CVaR of each schedule, yuan, on days that are drawn again with replacement.

    This is Efron's bootstrap: BOOTSTRAPS times, the same days for each schedule. Two arrays
    `(BOOTSTRAPS, schedules)`.
    """
    chance = np.random.default_rng(seed)
    means, tails = [], []
    for days in chance.integers(len(costs), size=(BOOTSTRAPS, len(costs))):
        again = costs.to_numpy()[days]
        means.append(again.mean(axis=0))
        tails.append([cvar(column, confidence) for column in again.T])
    return np.array(means), np.array(tails)


def with_intervals(costs: pd.DataFrame, confidence: float, seed: int = 1) -> pd.DataFrame:
    """Mean and CVaR of each schedule in yuan, with intervals that hold the true value in 95 %.

    An interval leaves out the same share of the values of `redrawn` at both ends. It is about how
    many days were looked at, not about whether their model is right.

    costs: yuan, a row per day, a column per schedule. Columns: mean, mean from, mean to, CVaR,
    CVaR from, CVaR to.

    >>> with_intervals(pd.DataFrame({"flat": [7.0, 7.0]}), 0.9).loc["flat"].unique().tolist()
    [7.0]
    """
    means, tails = redrawn(costs, confidence, seed)
    found = np.array([cvar(costs[name], confidence) for name in costs])
    return measured(list(costs), costs.mean().to_numpy(), means, found, tails)


def beside(costs: pd.DataFrame, chosen: str, confidence: float, seed: int = 1) -> pd.DataFrame:
    """By how much a chosen schedule costs more than each other one, yuan, with intervals.

    All schedules meet the same days, so a difference is known better than the costs themselves.
    Rows: the other schedules. Columns: as `with_intervals`, each a difference.

    >>> dearer = pd.DataFrame({"a": [1.0, 5.0], "b": [3.0, 7.0]})
    >>> beside(dearer, "b", 0.5).loc["a"].unique().tolist()
    [2.0]
    """
    place = costs.columns.get_loc(chosen)
    means, tails = redrawn(costs, confidence, seed)
    mean = costs.mean().to_numpy()
    found = np.array([cvar(costs[name], confidence) for name in costs])
    table = measured(
        list(costs),
        mean[place] - mean,
        means[:, [place]] - means,
        found[place] - found,
        tails[:, [place]] - tails,
    )
    return table.drop(index=chosen)


def measured(
    names: list[str], mean: np.ndarray, means: np.ndarray, tail: np.ndarray, tails: np.ndarray
) -> pd.DataFrame:
    """Two measures and the ends of their redrawn values as a table, a row per name."""
    ends = [(1 - COVERED) / 2, (1 + COVERED) / 2]
    mean_from, mean_to = np.quantile(means, ends, axis=0)
    tail_from, tail_to = np.quantile(tails, ends, axis=0)
    return pd.DataFrame(
        {
            "mean": mean,
            "mean from": mean_from,
            "mean to": mean_to,
            "CVaR": tail,
            "CVaR from": tail_from,
            "CVaR to": tail_to,
        },
        index=pd.Index(names, name="trades"),
    )
