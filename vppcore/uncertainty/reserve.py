"""Trades and reserve that are promised the day before, with the risk of the days in the decision.

A two-stage stochastic program beside that of `risk`: the day before, the coalition fixes its
trades, the schedule of its exchange with the grid and how much power it keeps ready in each hour.
Then a day of a set of scenarios comes, with its calls, and every VPP reacts. What passes the grid
beside schedule and call is settled at a price of imbalance. kW, yuan; arrays by hour are
`(steps,)`, calls `(days, steps)` in [-1, 1].
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from vppcore.case import Case
from vppcore.cooperation.result import both_ways
from vppcore.errors import NotSolved, WrongInput
from vppcore.uncertainty.calls import ReserveTerms
from vppcore.uncertainty.reserve_days import CoalitionDay, DaysMet, Promise
from vppcore.uncertainty.result import relative
from vppcore.uncertainty.risk import RISK_WEIGHT, RiskProgram, cvar, weighed
from vppcore.uncertainty.series import check_series
from vppcore.uncertainty.settings import Uncertainty
from vppcore.warm import Point, Program, WarmLinear, by_columns


@dataclass(frozen=True, eq=False)
class ReserveResult:
    """Trades, a schedule and reserve promised with a weight on CVaR, and what they cost.

    weight: of CVaR, 0 to 1. confidence: CVaR is the mean of the costliest 1 - confidence.
    promise: what is fixed the day before.
    met: what the scenarios make of it.
    held: kW, whose reserve it is: a row per hour, columns (direction, VPP); see `held_by`.
    revenue: yuan for the power kept ready, by VPP, each for what it holds; the sum is all of it.
    upper: yuan; (1 - weight) mean + weight CVaR of the costs met: this promise reaches it.
    lower: yuan; no promise reaches less in these scenarios: the optimum of the linear program, in
        which exclusive flows may overlap.
    turnover: yuan, all money that changes hands on the forecast day. seconds: in the solver.
    """

    weight: float
    confidence: float
    promise: Promise
    met: DaysMet
    held: pd.DataFrame
    revenue: pd.Series
    upper: float
    lower: float
    turnover: float
    seconds: float

    @property
    def mean(self) -> float:
        """Mean cost of the coalition in the scenarios, yuan."""
        return float(self.met.total.mean())

    @property
    def tail(self) -> float:
        """CVaR of the coalition's cost in the scenarios, yuan."""
        return cvar(self.met.total, self.confidence)

    @property
    def gap(self) -> float:
        """How much better another promise could be at most, as a share of the money at stake."""
        return relative(self.upper - self.lower, self.upper, self.turnover)


class ReserveProgram:
    r"""The problem of trades and reserve under risk, stated once.

    $$\min\ (1-\varrho)\,\text{mean of}\ C^z + \varrho\,\text{CVaR of}\ C^z$$
    over trades, the schedule $P^{plan}_t$ and reserve $P^{\uparrow}_t,P^{\downarrow}_t\ge0$, where
    the cost of a scenario is that of the VPPs' schedules, less what reserve earns by capacity and
    calls, plus what deviations $P^{more}_t,P^{less}_t\ge0$ cost, and the members take from the grid
    $$\sum_i P^{net}_{it} = P^{plan}_t - \iota^{\uparrow}_tP^{\uparrow}_t
      + \iota^{\downarrow}_tP^{\downarrow}_t + P^{more}_t - P^{less}_t .$$
    So deviations make every day possible, at a price. CVaR is that of Rockafellar and Uryasev
    (2000).

    days: scenarios z `(scenarios, VPPs x series x steps)`, as `sample_days` draws them.
    calls: `(scenarios, steps)`, as `sample_calls` draws them.
    Raises WrongInput, before anything is solved, for a coalition without a grid, for a VPP that is
    not linear, for calls that do not fit and for terms under which nobody would deliver.
    """

    def __init__(
        self,
        case: Case,
        uncertainty: Uncertainty,
        days: np.ndarray,
        calls: np.ndarray,
        terms: ReserveTerms | None = None,
        confidence: float = 0.9,
    ):
        self.terms = terms or ReserveTerms()
        refuse_without_grid(case)
        refuse_misfits(days, calls, case.vpps[0].steps)
        self.terms.refuse_idle(calls)
        self.case = case
        self.calls = calls
        self.risk = RiskProgram(case, uncertainty, days, confidence)
        self.day = CoalitionDay(case, self.risk.recourses, self.terms)
        self.steps = case.vpps[0].steps
        self._solver = WarmLinear("trades and reserve under risk", solver="ipm")
        self._state()

    def _state(self) -> None:
        """Columns: those of `RiskProgram`, the schedule, reserve up and down, then d+ and d-
        scenario by scenario. Rows: those of `RiskProgram`, then the exchange of each scenario."""
        base = self.risk.program(0.0)
        count, steps = self.calls.shape
        up = np.maximum(self.calls, 0)
        down = np.maximum(-self.calls, 0)
        self._by_scenario = self._costs_by_scenario(up, down)
        above = sparse.csr_matrix((base.matrix.shape[0] - count, self._by_scenario.shape[1]))
        exchange = sparse.kron(sparse.identity(count), self.day.exchange)
        before = sparse.csr_matrix((count * steps, self.risk.traded + 1))
        after = sparse.csr_matrix((count * steps, count))
        hours = sparse.identity(steps)
        every = sparse.identity(count * steps)
        promised = sparse.hstack(
            [
                sparse.vstack([-hours] * count),
                sparse.vstack([sparse.diags(each) for each in up]),
                sparse.vstack([-sparse.diags(each) for each in down]),
            ]
        )
        self._matrix = by_columns(
            sparse.bmat(
                [
                    [base.matrix, sparse.vstack([above, self._by_scenario])],
                    [
                        sparse.hstack([before, exchange, after]),
                        sparse.hstack([promised, -every, every]),
                    ],
                ]
            )
        )

    def _costs_by_scenario(self, up: np.ndarray, down: np.ndarray) -> sparse.csr_matrix:
        """What the columns beside those of `RiskProgram` cost in each scenario, yuan per kW:
        `(scenarios, columns)`."""
        count, steps = self.calls.shape
        hourly = self.day.price * self.day.step_hours
        ready = self.terms.capacity_share
        called = self.terms.energy_share
        short, surplus = self.day.deviation_costs(self.calls)
        return sparse.csr_matrix(
            sparse.hstack(
                [
                    sparse.csr_matrix((count, steps)),
                    -(ready + called * up) * hourly,
                    -(ready + called * down) * hourly,
                    sparse.block_diag([each[None, :] for each in short]),
                    sparse.block_diag([each[None, :] for each in surplus]),
                ]
            )
        )

    def program(
        self, weight: float, trades: pd.DataFrame | None = None, reserve: bool = True
    ) -> Program:
        """The linear program for a weight of CVaR. trades, reserve: as in `solve`."""
        base = self.risk.program(weight)
        count, steps = self.calls.shape
        columns = self._matrix.shape[1]
        ones = np.full(count, (1 - weight) / count)
        low, high = base.column_low.copy(), base.column_high.copy()
        if trades is not None:
            low[: self.risk.traded] = flows_of(trades, self.risk.pairs)
            high[: self.risk.traded] = low[: self.risk.traded]
        most = self.terms.reserve_max if reserve else 0.0
        endless = np.full(steps, np.inf)
        linked = np.zeros(count * steps)
        return Program(
            quadratic=sparse.csc_matrix((columns, columns)),
            linear=np.concatenate([base.linear, self._by_scenario.T @ ones]),
            constant=base.constant,
            matrix=self._matrix,
            row_low=np.concatenate([base.row_low, linked]),
            row_high=np.concatenate([base.row_high, linked]),
            column_low=np.concatenate([low, -endless, np.zeros(2 * steps * (1 + count))]),
            column_high=np.concatenate(
                [high, endless, np.full(2 * steps, most), np.full(2 * count * steps, np.inf)]
            ),
            whole=np.zeros(columns, bool),
        )

    def solve(
        self, weight: float, trades: pd.DataFrame | None = None, reserve: bool = True
    ) -> ReserveResult:
        """The best promise for a weight of CVaR.

        trades: agreed already, kW, as in CoalitionResult; None looks for the best ones. Schedule
            and reserve are found in either case.
        reserve: False promises none, so that only trades and schedule are found.
        Raises WrongInput for a weight out of range.
        """
        if not RISK_WEIGHT.admits(weight):
            raise WrongInput(RISK_WEIGHT.fault("weight", weight))
        started = time.perf_counter()
        point = self._solver.solve(self.program(weight, trades, reserve))
        seconds = time.perf_counter() - started
        promise = self._promise(point)
        met = self.day.meet(promise, self.risk.days, self.calls)
        held = held_by(self._exchanges(point), self.calls, promise, self.case.names)
        total = met.total
        return ReserveResult(
            weight=weight,
            confidence=self.risk.confidence,
            promise=promise,
            met=met,
            held=held,
            revenue=self.day.revenue(held),
            upper=weighed(total, weight, self.risk.confidence),
            lower=point.value,
            turnover=sum(each.turnover for each in self.risk.recourses),
            seconds=seconds,
        )

    def _promise(self, point: Point) -> Promise:
        """What a solution fixes the day before."""
        flows = np.split(point.x[: self.risk.traded], len(self.risk.pairs))
        trades = both_ways(dict(zip(self.risk.pairs, flows, strict=True)), self.case)
        first = self.risk._matrix.shape[1]
        schedule, up, down = np.split(point.x[first : first + 3 * self.steps], 3)
        return Promise(trades, schedule, np.maximum(up, 0), np.maximum(down, 0))

    def _exchanges(self, point: Point) -> np.ndarray:
        """Each member's exchange with the grid in a solution, kW `(scenarios, steps, members)`."""
        first = self.risk.traded + 1
        count = len(self.calls)
        schedules = point.x[first : first + count * self.day.columns].reshape(count, -1)
        return np.array([self.day.exchanges(x) for x in schedules])


def promises_with_reserve(
    case: Case,
    uncertainty: Uncertainty,
    days: np.ndarray,
    calls: np.ndarray,
    terms: ReserveTerms | None = None,
    weights: Sequence[float] = (0.0, 0.5, 1.0),
    confidence: float = 0.9,
) -> dict[float, ReserveResult]:
    """The best trades, schedule and reserve for each weight of CVaR, on the same scenarios.

    days, calls: scenarios, as `sample_days` and `sample_calls` draw them.
    Raises WrongInput as `ReserveProgram`.

    >>> from vppcore import load_case
    >>> from vppcore.uncertainty.calls import sample_calls
    >>> from vppcore.uncertainty.ordinary_days import every_hour, sample_days
    >>> from vppcore.uncertainty.settings import at_level
    >>> case = load_case("template").window(1, 4)
    >>> doubt = every_hour(case, at_level(1))
    >>> days, calls = sample_days(case, doubt, 6, seed=1), sample_calls(case, 0.4, 6, seed=1)
    >>> found = promises_with_reserve(case, doubt, days, calls, weights=[0.5])[0.5]
    >>> bool(abs(found.revenue.sum() - found.met.money["capacity"].iloc[0]) < 1e-6)
    True
    """
    check_series(case, uncertainty)
    program = ReserveProgram(case, uncertainty, days, calls, terms, confidence)
    return {weight: program.solve(weight) for weight in weights}


# --- what is refused ------------------------------------------------------------------------------
def refuse_without_grid(case: Case) -> None:
    """Raises WrongInput if no VPP of the case has a grid: nobody is there to sell reserve to."""
    if not any(vpp.with_role("grid") for vpp in case.vpps):
        raise WrongInput(
            f"case {case.name}: found no VPP with a grid; "
            "allowed in promises of reserve: one with a grid or more"
        )


def refuse_misfits(days: np.ndarray, calls: np.ndarray, steps: int) -> None:
    """Raises WrongInput for calls of another number of days or steps, or beyond a full call."""
    if calls.shape != (len(days), steps):
        raise WrongInput(
            f"calls: found an array {calls.shape}; allowed: {(len(days), steps)}, days by steps"
        )
    if not (np.abs(calls) <= 1).all():
        raise WrongInput(f"calls: found {np.abs(calls).max():g}; allowed: from -1 to 1")


def flows_of(trades: pd.DataFrame, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """The trades of all pairs one after the other, kW `(pairs x steps,)`."""
    return np.concatenate([trades[one][other].to_numpy(float) for one, other in pairs])


# --- whose reserve it is --------------------------------------------------------------------------
def held_by(
    exchanges: np.ndarray, calls: np.ndarray, promise: Promise, names: Sequence[str]
) -> pd.DataFrame:
    """Whose reserve it is, kW: a row per hour, columns (direction, VPP).

    The coalition promises as one, so the program does not say who holds what. It is read off the
    scenarios: of all shares of the promise, none negative, those with which each member's exchange
    with the grid lies nearest to a plan of its own that moves with the call (least absolute
    deviations, a linear program for each hour). In each hour the shares add up to the promise.

    exchanges: kW `(scenarios, steps, members)` in the scenarios. calls: `(scenarios, steps)`.
    """
    rows = [
        held_in_hour(exchanges[:, hour], calls[:, hour], promise.up[hour], promise.down[hour])
        for hour in range(calls.shape[1])
    ]
    columns = pd.MultiIndex.from_product([["up", "down"], names], names=["reserve", "vpp"])
    index = pd.RangeIndex(1, calls.shape[1] + 1, name="step")
    return pd.DataFrame(np.array(rows), index, columns)


def held_in_hour(exchange: np.ndarray, call: np.ndarray, up: float, down: float) -> np.ndarray:
    """The shares of one hour as `(up of each member, down of each member)`, kW.

    exchange: kW `(scenarios, members)`. call: `(scenarios,)`. up, down: promised, kW.
    """
    count, members = exchange.shape
    size = max(float(np.abs(exchange).max(initial=0.0)), up, down)
    if max(up, down) <= 0 or size == 0:
        return np.zeros(2 * members)
    own = sparse.identity(members)
    moved = sparse.hstack(
        [
            sparse.kron(np.ones((count, 1)), own),
            -sparse.kron(np.maximum(call, 0)[:, None], own),
            sparse.kron(np.maximum(-call, 0)[:, None], own),
        ]
    )
    apart = sparse.identity(count * members)
    shared = sparse.hstack(
        [
            sparse.csr_matrix((2, members)),
            sparse.kron(sparse.identity(2), np.ones((1, members))),
            sparse.csr_matrix((2, 2 * count * members)),
        ]
    )
    answer = linprog(
        np.concatenate([np.zeros(3 * members), np.ones(2 * count * members)]),
        A_eq=sparse.vstack([sparse.hstack([moved, apart, -apart]), shared], format="csc"),
        b_eq=np.concatenate([exchange.ravel(), [up, down]]) / size,
        bounds=[(None, None)] * members + [(0, None)] * (2 * members + 2 * count * members),
        method="highs",
    )
    if answer.x is None:
        raise NotSolved(f"whose reserve it is: {answer.message}", "failed")
    return size * np.clip(answer.x[members : 3 * members], 0, None)
