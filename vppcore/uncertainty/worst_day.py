"""The worst day of a budget for one VPP.

kW, yuan.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import combinations, product

import cvxpy as cp
import numpy as np
import pandas as pd
from scipy import sparse

from vppcore.components import (
    Battery,
)
from vppcore.errors import NotSolved, WrongInput
from vppcore.solvers import solve
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.series import hit
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worth import value_bounds
from vppcore.vpp import VPP, build


@dataclass(frozen=True, eq=False)
class WorstCase:
    """The costliest day of a budget for one VPP. hits: 0/1, a column per series. cost: yuan, by solving that day's linear
    problem again. checked: what the search said that it costs (equal to `cost`, or an error was raised). nominal: yuan
    on the forecast day. seconds, solver: of the search.

    That both agree proves that this day costs so much, not that no other day costs more: see `Adversary`."""

    vpp: str
    cost: float
    nominal: float
    hits: pd.DataFrame
    checked: float
    solver: str
    seconds: float


class Adversary:
    """Finds the worst day of one VPP exactly: the dual of its recourse, with the products of binaries and multipliers
    replaced by two upper envelopes each (enough in a maximisation). Stated once, asked for many trades.

    That no day costs more rests on the search being solved to its optimum and on the proven bounds of `value_bounds`.
    The check that the day is solved again only shows that the value is reached: bounds that are too small can pass it.
    `big` multiplies the proven bounds; the answer must not depend on it.
    """

    def __init__(self, recourse: Recourse, big: float = 1.0):
        self.recourse, r = recourse, recourse
        low, high = (big * bound for bound in value_bounds(r))
        finite_low, finite_high = np.isfinite(r.low), np.isfinite(r.high)
        dual = cp.Variable(len(r.right))
        at_low, at_high = (
            cp.Variable(int(finite_low.sum()), nonneg=True),
            cp.Variable(int(finite_high.sum()), nonneg=True),
        )
        self.right = cp.Parameter(len(r.right))
        identity = sparse.identity(len(r.low), format="csc")
        rows = [
            r.cost + r.matrix.T @ dual
            == identity[:, finite_low] @ at_low - identity[:, finite_high] @ at_high,
            dual[r.equalities :] >= 0,
        ]
        goal = -self.right @ dual + r.low[finite_low] @ at_low - r.high[finite_high] @ at_high
        self.hits = None
        if r.keys:
            steps = r.steps
            self.hits, gained = cp.Variable(len(low), boolean=True), cp.Variable(len(low))
            worth = r.by_day.T @ dual
            rows += [
                gained <= cp.multiply(high, self.hits),
                gained <= worth - cp.multiply(low, 1 - self.hits),
            ]
            rows += [
                cp.sum(self.hits[k * steps : (k + 1) * steps]) <= r.budgets[key]
                for k, key in enumerate(r.keys)
            ]
            # a step where a hit cannot cost anything is never hit
            rows += [self.hits[np.flatnonzero(high <= 0)] == 0] if (high <= 0).any() else []
            goal = goal + cp.sum(gained)
        self.goal, self.rows = goal, rows
        self.problem = cp.Problem(cp.Maximize(goal), rows)

    def answer(
        self, trades: np.ndarray | None = None, solver: str = "auto", canonical: bool = False
    ) -> WorstCase:
        """The worst day with the trades `(steps, partners)` fixed.

        Of several worst days `canonical` takes the one with the fewest hits, and of those the earliest.
        Raises NotSolved if the linear problem at that day does not cost what the search says: a necessary check, not a
        sufficient one (see the class).
        """
        r, started = self.recourse, time.perf_counter()
        q, steps = r.flat(trades), pd.RangeIndex(1, r.steps + 1, name="step")
        nominal = r.value(np.zeros(r.by_day.shape[1]), q)
        if self.hits is None:
            return WorstCase(
                r.name,
                nominal,
                nominal,
                pd.DataFrame(index=steps),
                nominal,
                "highs",
                time.perf_counter() - started,
            )
        self.right.value = r.right - r.by_trade @ q
        solved = solve(self.problem, solver, f"{r.name}'s worst day")
        found, z = solved.value + r.constant, np.round(self.hits.value)
        if canonical:
            z = self.earliest(solved.value, solver)
        cost = r.value(z, q)
        if abs(cost - found) > 1e-5 * max(1.0, abs(found)) + (
            1e-5 * abs(found) if canonical else 0
        ):
            raise NotSolved(
                f"{r.name}: the worst day was said to cost {found:,.2f} yuan and costs {cost:,.2f}: "
                "a bound on the multipliers is wrong"
            )
        by_key = {
            (series if len(r.vpps) == 1 else f"{name} {series}"): hits
            for (name, series), hits in r.unflatten(z).items()
        }
        hits = pd.DataFrame(by_key, steps).astype(int)
        return WorstCase(
            r.name, cost, nominal, hits, found, solved.solver, time.perf_counter() - started
        )

    def earliest(self, best: float, solver: str) -> np.ndarray:
        """Among days that cost the same (to one in a million) the one with the fewest hits, and the earliest of those."""
        steps = self.recourse.steps
        order = np.tile(1 + np.arange(steps) / (10.0 * steps * steps), len(self.recourse.keys))
        near = self.goal >= best - 1e-6 * abs(best)
        solve(
            cp.Problem(cp.Minimize(order @ self.hits), [*self.rows, near]),
            solver,
            "the earliest of the worst days",
        )
        return np.round(self.hits.value)


def worst_case(
    vpp: VPP,
    uncertainty: Uncertainty,
    solver: str = "auto",
    canonical: bool = False,
    big: float = 1.0,
) -> WorstCase:
    """The costliest day that an uncertainty allows for a VPP on its own (max over days of min over schedules).

    Raises NotSolved if it cannot be found or its check fails.
    """
    return Adversary(Recourse(vpp, uncertainty), big).answer(solver=solver, canonical=canonical)


def enumerate_days(vpp: VPP, uncertainty: Uncertainty) -> float:
    """The same by trying every day; for small budgets only (the second road to `worst_case`), yuan."""
    recourse = Recourse(vpp, uncertainty)
    choices = []
    for key in recourse.keys:
        steps, budget = range(vpp.steps), min(recourse.budgets[key], vpp.steps)
        choices.append(
            [
                np.isin(np.arange(vpp.steps), hours).astype(float)
                for size in range(budget + 1)
                for hours in combinations(steps, size)
            ]
        )
    count = int(np.prod([len(choice) for choice in choices]))
    if count > 200_000:
        raise WrongInput(f"budgets: found {count:,} days to try; allowed: up to 200,000")
    return max(recourse.value(np.concatenate([*day, []])) for day in product(*choices))


def worst_case_storage_first(
    vpp: VPP,
    uncertainty: Uncertainty,
    tolerance: float = 1e-5,
    max_iterations: int = 40,
    solver: str = "auto",
) -> tuple[WorstCase, pd.DataFrame]:
    """The worst day of a VPP that decides the day before in which steps each battery charges and in which it discharges.

    Column-and-constraint generation with binaries in the first stage; also returns both bounds by iteration.
    Raises WrongInput without a battery, NotSolved if the bounds do not meet.
    """
    names = [c.name for c in vpp.components if isinstance(c, Battery)]
    if not names:
        raise WrongInput(f"{vpp.name}: no battery, so there is no storage mode to decide")
    mode = {name: cp.Variable(vpp.steps, boolean=True) for name in names}
    theta, rows, upper, best, bounds = cp.Variable(), [], np.inf, None, []

    def add(day: dict[str, np.ndarray]) -> None:
        model = build(hit(vpp, uncertainty, day))
        rows.extend([*model.constraints, theta >= model.cost])
        for name in names:
            flows, most = model.parts[name].series, vpp.component(name).power_limits(vpp.step_hours)
            rows.extend(
                [
                    flows["charge"] <= most[0] * mode[name],
                    flows["discharge"] <= most[1] * (1 - mode[name]),
                ]
            )

    add({})
    for iteration in range(1, max_iterations + 1):
        lower = solve(
            cp.Problem(cp.Minimize(theta), rows), solver, f"{vpp.name}'s storage mode"
        ).value
        charging = {name: choice.value > 0.5 for name, choice in mode.items()}
        fixed = in_modes(vpp, charging)
        found = worst_case(fixed, uncertainty, solver)
        if found.cost < upper:
            upper, best = found.cost, found
        bounds.append({"iteration": iteration, "lower": lower, "upper": upper})
        if upper - lower <= tolerance * abs(upper):
            return best, pd.DataFrame(bounds).set_index("iteration")
        add({series: found.hits[series].to_numpy(float) for series in found.hits})
    raise NotSolved(
        f"{vpp.name}: bounds {lower:,.0f} and {upper:,.0f} yuan after {max_iterations} iterations"
    )


def in_modes(vpp: VPP, charging: dict[str, np.ndarray]) -> VPP:
    """The VPP whose batteries may charge where `charging` (battery -> (steps,)) is true, and discharge elsewhere."""
    components = []
    for component in vpp.components:
        if component.name in charging:
            charge_most, discharge_most = component.power_limits(vpp.step_hours)
            may_charge = charging[component.name]
            component = replace(
                component,
                charge_max=charge_most * may_charge,
                discharge_max=discharge_most * ~may_charge,
            )
        components.append(component)
    return replace(vpp, components=tuple(components))
