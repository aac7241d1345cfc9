"""Study A under source-load uncertainty: the worst day of a budget, and a coalition that is ready for it.

Load above and renewables below their forecast in a limited number of steps (paper A section 2.3):
demand_t (1 + deviation z_t), output_t (1 - deviation z_t), z binary, sum_t z_t <= budget of the series.
kW, yuan; arrays are (steps,). The recourse, what a VPP does once it knows the day, is the linear problem of dispatch.py
with shedding and dumping at a high price added, so that it always has a solution and an impossible day shows as cost.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import combinations

import cvxpy as cp
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from vppcore.case import Case
from vppcore.cooperation.joint import pool
from vppcore.cooperation.result import both_ways
from vppcore.errors import NotSolved, WrongInput
from vppcore.solvers import solve
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.series import check_series, hit
from vppcore.uncertainty.settings import READINGS, Uncertainty, at_level
from vppcore.uncertainty.worst_day import (
    Adversary,
    WorstCase,
    worst_case,
)


@dataclass(frozen=True, eq=False)
class RobustResult:
    """A coalition ready for the worst. cost: yuan guaranteed whatever day of the budget comes. costs: by VPP, payments left out.
    trades: as in CoalitionResult. worst: VPP -> its worst day at these trades. bounds: lower and upper bound by
    iteration. seconds: of the whole search. It can be given to `bargain` in place of a CoalitionResult."""

    reading: str
    cost: float
    costs: pd.Series
    trades: pd.DataFrame
    worst: dict[str, WorstCase]
    bounds: pd.DataFrame
    seconds: float

    @property
    def gap(self) -> float:
        """(upper - lower) / |upper| at the end."""
        last = self.bounds.iloc[-1]
        return float((last["upper"] - last["lower"]) / abs(last["upper"]))


def robust_coalition(
    case: Case,
    uncertainty: Uncertainty,
    tolerance: float = 1e-4,
    max_iterations: int = 40,
    reading: str = "trades first",
    solver: str = "auto",
    progress: bool = False,
) -> RobustResult:
    """Cooperation that is ready for the worst day of every VPP.

    "trades first": trades are promises made the day before, by column-and-constraint generation (Zeng and Zhao 2013);
    "own worst case first": each VPP fixes its own worst day, then all cooperate on it (what many papers do);
    "joint worst case": the worst day of the cluster when all react and trade knowing it (a large search: small cases).
    Raises WrongInput for an unknown reading, NotSolved if the bounds do not meet.
    """
    if reading not in READINGS:
        raise WrongInput(f"reading: found {reading!r}; allowed: {', '.join(READINGS)}")
    check_series(case, uncertainty)
    started = time.perf_counter()
    if reading == "own worst case first":
        return own_worst_case_first(case, uncertainty, solver, started)
    if reading == "joint worst case":
        return joint_worst_case(case, uncertainty, solver, started)
    vpps = {vpp.name: vpp for vpp in case.connected()}
    partners = {name: [n for n in case.names if n != name] for name in vpps}
    recourses = {name: Recourse(vpp, uncertainty) for name, vpp in vpps.items()}
    adversaries = {name: Adversary(recourse) for name, recourse in recourses.items()}
    master = Master(case, recourses)
    upper, best, rows = np.inf, None, []
    with tqdm(total=max_iterations, desc="bounds", disable=not progress) as bar:
        for iteration in range(1, max_iterations + 1):
            lower, trades = master.solve()
            both = both_ways(trades, case)
            worst = {
                name: adversary.answer(both[name][partners[name]].to_numpy(), solver)
                for name, adversary in adversaries.items()
            }
            total = sum(day.cost for day in worst.values())
            if total < upper:
                upper, best = total, (both, worst)
            rows.append({"iteration": iteration, "lower": lower, "upper": upper})
            bar.update()
            bar.set_postfix(gap=f"{(upper - lower) / abs(upper):.1e}")
            if upper - lower <= tolerance * abs(upper):
                break
            for name, day in worst.items():
                master.add(name, day.hits.to_numpy(float).T.ravel())
        else:
            raise NotSolved(
                f"robust coalition: bounds {lower:,.0f} and {upper:,.0f} yuan after {max_iterations} "
                f"iterations (allowed gap {tolerance:g})"
            )
    costs = pd.Series({name: day.cost for name, day in best[1].items()}, name="yuan")
    return RobustResult(
        reading,
        upper,
        costs,
        best[0],
        best[1],
        pd.DataFrame(rows).set_index("iteration"),
        time.perf_counter() - started,
    )


class Master:
    """The trades' problem: min sum_i theta_i, theta_i >= VPP i's cost on every day that has been found so far."""

    def __init__(self, case: Case, recourses: dict[str, Recourse]):
        self.recourses = recourses
        self.trades = {
            pair: cp.Variable(case.vpps[0].steps) for pair in combinations(case.names, 2)
        }
        self.theta = {name: cp.Variable() for name in case.names}
        self.rows: list = []
        self.known: set[tuple] = set()
        for name, recourse in recourses.items():
            self.add(name, np.zeros(recourse.by_day.shape[1]))

    def promised(self, name: str) -> cp.Expression:
        """One VPP's trades as the vector q of its recourse: partner after partner."""
        own = [
            self.trades[pair] if pair[0] == name else -self.trades[pair]
            for pair in self.trades
            if name in pair
        ]
        return cp.hstack(own)

    def add(self, name: str, z: np.ndarray) -> None:
        """Adds a copy of one VPP's schedule for the day z, unless that day is there already."""
        if (name, *z) in self.known:
            return
        self.known.add((name, *z))
        r = self.recourses[name]
        x, k = cp.Variable(len(r.cost), bounds=[r.low, r.high]), r.equalities
        used, right = r.matrix @ x + r.by_trade @ self.promised(name), r.right - r.by_day @ z
        self.rows += [
            used[:k] == right[:k],
            used[k:] <= right[k:],
            self.theta[name] >= r.cost @ x + r.constant,
        ]

    def solve(self) -> tuple[float, dict[tuple[str, str], np.ndarray]]:
        """Lower bound in yuan and the trades that reach it."""
        problem = cp.Problem(cp.Minimize(sum(self.theta.values())), self.rows)
        solved = solve(problem, "highs", "robust coalition's trades")
        return solved.value, {pair: trade.value for pair, trade in self.trades.items()}


def own_worst_case_first(
    case: Case, uncertainty: Uncertainty, solver: str, started: float
) -> RobustResult:
    """Each VPP's worst day alone is taken as given, then the VPPs cooperate on these days."""
    # of several worst days always the same one: what cooperation costs then depends on which
    worst = {vpp.name: worst_case(vpp, uncertainty, solver, canonical=True) for vpp in case.vpps}
    vpps = tuple(
        hit(
            vpp,
            uncertainty,
            {s: worst[vpp.name].hits[s].to_numpy(float) for s in worst[vpp.name].hits},
        )
        for vpp in case.vpps
    )
    together = pool(replace(case, vpps=vpps), solver)
    bounds = pd.DataFrame(
        {"lower": [together.cost], "upper": [together.cost]}, pd.RangeIndex(1, 2, name="iteration")
    )
    return RobustResult(
        "own worst case first",
        together.cost,
        together.costs,
        together.trades,
        worst,
        bounds,
        time.perf_counter() - started,
    )


def joint_worst_case(
    case: Case, uncertainty: Uncertainty, solver: str, started: float
) -> RobustResult:
    """The worst day of the whole cluster, to which all VPPs react together."""
    found = Adversary(Recourse(case.connected(), uncertainty)).answer(solver=solver)
    days = {name: {} for name in case.names}
    for column in found.hits:
        name, _, series = column.partition(" ")
        days[name][series] = found.hits[column].to_numpy(float)
    together = pool(
        replace(case, vpps=tuple(hit(vpp, uncertainty, days[vpp.name]) for vpp in case.vpps))
    )
    bounds = pd.DataFrame(
        {"lower": [together.cost], "upper": [found.cost]}, pd.RangeIndex(1, 2, name="iteration")
    )
    return RobustResult(
        "joint worst case",
        found.cost,
        together.costs,
        together.trades,
        {"cluster": found},
        bounds,
        time.perf_counter() - started,
    )


def sweep(
    case: Case,
    levels: tuple[int, ...],
    solver: str = "auto",
    reading: str = "trades first",
    progress: bool = False,
    **doubt,
) -> tuple[pd.DataFrame, dict[int, tuple[dict[str, WorstCase], RobustResult]]]:
    """Worst-case cost alone and together for uncertainty levels (paper A Fig. 8): a row per level, and for each level
    the worst days alone and the coalition.

    `doubt` goes to `at_level`. Columns: alone, together, saving (yuan), saving (%), iterations, gap, seconds for the
    worst days alone and for the coalition.
    """
    rows, found = [], {}
    for level in tqdm(levels, desc="uncertainty levels", disable=not progress):
        uncertainty = at_level(level, **doubt)
        alone = {vpp.name: worst_case(vpp, uncertainty, solver) for vpp in case.vpps}
        coalition = robust_coalition(case, uncertainty, reading=reading, solver=solver)
        apart = sum(day.cost for day in alone.values())
        found[level] = (alone, coalition)
        rows.append(
            {
                "level": level,
                "alone": apart,
                "together": coalition.cost,
                "saving": apart - coalition.cost,
                "saving (%)": 100 * (1 - coalition.cost / apart),
                "iterations": len(coalition.bounds),
                "gap": coalition.gap,
                "seconds alone": sum(day.seconds for day in alone.values()),
                "seconds together": coalition.seconds,
            }
        )
    return pd.DataFrame(rows).set_index("level"), found
