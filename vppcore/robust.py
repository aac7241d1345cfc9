"""Study A under source-load uncertainty: the worst day of a budget, and a coalition that is ready for it.

Load above and renewables below their forecast in a limited number of steps (paper A section 2.3):
demand_t (1 + deviation z_t), output_t (1 - deviation z_t), z binary, sum_t z_t <= budget of the series.
kW, yuan; arrays are (steps,). The recourse, what a VPP does once it knows the day, is the linear problem of dispatch.py
with shedding and dumping at a high price added, so that it always has a solution and an impossible day shows as cost.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations, product
from multiprocessing import get_context

import cvxpy as cp
import highspy
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import norm
from tqdm.auto import tqdm

from vppcore.case import Case
from vppcore.coalition import both_ways, pool
from vppcore.components import (
    Battery,
    CarbonMarket,
    Component,
    ElectricLoad,
    Grid,
    HeatLoad,
    Part,
    Renewable,
)
from vppcore.dispatch import VPP, build, in_modes
from vppcore.errors import NotSolved, WrongInput
from vppcore.solvers import solve

LIMITS = ("forecast", "actual")
READINGS = ("trades first", "own worst case first", "joint worst case")
CHUNK = 200  # sampled days that a process takes at a time


@dataclass(frozen=True)
class Uncertainty:
    """What may go wrong. budgets: series ("load", "heat", or a plant's name such as "wind") -> number of steps.

    deviation: share of the forecast. limits: demand response follows the "forecast" or the "actual" load.
    shed_price, dump_price: yuan/kWh of power or heat that is missing or too much.
    Raises WrongInput for numbers that make no sense.
    """

    budgets: dict[str, int]
    deviation: float = 0.2
    limits: str = "forecast"
    shed_price: float = 10.0
    dump_price: float = 1.0

    def __post_init__(self):
        faults = [
            f"budget of {name}: found {budget!r}; allowed: 0, 1, 2, ..."
            for name, budget in self.budgets.items()
            if isinstance(budget, bool) or budget != int(budget) or budget < 0
        ]
        if not 0 <= self.deviation < 1:
            faults.append(f"deviation: found {self.deviation!r}; allowed: 0 to below 1")
        if self.limits not in LIMITS:
            faults.append(f"limits: found {self.limits!r}; allowed: {', '.join(LIMITS)}")
        if not (self.shed_price > 0 and self.dump_price >= 0):
            faults.append(
                f"shed_price, dump_price: found {self.shed_price!r}, {self.dump_price!r}; allowed: above 0, 0 or more"
            )
        if faults:
            raise WrongInput(*faults)


def at_level(
    level: int,
    deviation: float = 0.2,
    series: tuple[str, ...] = ("load", "wind", "pv"),
    pv_share: float = 0.5,
    limits: str = "forecast",
    **prices: float,
) -> Uncertainty:
    """The budgets of an uncertainty level: `level` steps for each series, `pv_share` of it (rounded down) for
    photovoltaics; level 12 gives the paper's 12, 12 and 6."""
    if isinstance(level, bool) or level != int(level) or level < 0:
        raise WrongInput(f"level: found {level!r}; allowed: 0, 1, 2, ...")
    budgets = {name: int(level * pv_share) if name == "pv" else int(level) for name in series}
    return Uncertainty(budgets, deviation, limits, **prices)


@dataclass(frozen=True, eq=False, kw_only=True)
class Emergency(Component):
    """Power and heat that appear (shed load) or vanish (dumped) at a price; its use is reported, never hidden."""

    label: str = "emergency"
    shed_price: float
    dump_price: float
    carriers: tuple[str, ...]

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        shed = {c: cp.Variable(steps, nonneg=True) for c in self.carriers}
        dump = {c: cp.Variable(steps, nonneg=True) for c in self.carriers}
        paid = sum(
            self.shed_price * cp.sum(shed[c]) + self.dump_price * cp.sum(dump[c])
            for c in self.carriers
        )
        return Part(
            inject={c: shed[c] - dump[c] for c in self.carriers},
            cost={"emergency": step_hours * paid},
            series={
                f"{word} {c}": flow[c]
                for c in self.carriers
                for word, flow in (("shed", shed), ("dumped", dump))
            },
        )


def series_name(component: Component) -> str:
    """The uncertain series that a component follows; empty if none."""
    if isinstance(component, ElectricLoad | HeatLoad):
        return "load" if isinstance(component, ElectricLoad) else "heat"
    return component.name if isinstance(component, Renewable) else ""


def series_of(case: Case) -> list[str]:
    """The series of a case that may be uncertain, in the order of its VPPs: load, heat and the plants' names."""
    return list(
        dict.fromkeys(filter(None, (series_name(c) for vpp in case.vpps for c in vpp.components)))
    )


def hit(vpp: VPP, uncertainty: Uncertainty, days: dict[str, object]) -> VPP:
    """The VPP on a day: `days` gives for each series z_t `(steps,)`, numbers or a cvxpy expression."""
    changed = []
    for component in vpp.components:
        z = days.get(series_name(component))
        if z is None:
            changed.append(component)
        elif isinstance(component, Renewable):
            weaker = 1 - uncertainty.deviation * z
            changed.append(
                replace(
                    component,
                    forecast=cp.multiply(component.forecast, weaker)
                    if isinstance(z, cp.Expression)
                    else component.forecast * weaker,
                )
            )
        else:
            more = uncertainty.deviation * component.demand
            more = cp.multiply(more, z) if isinstance(z, cp.Expression) else more * z
            if uncertainty.limits == "actual":
                changed.append(
                    replace(component, forecast=component.forecast + more / component.scale)
                )
            else:
                changed.append(replace(component, surprise=more))
    carriers = tuple(c for c in ("electricity", "heat") if c in build(vpp).balances)
    emergency = Emergency(
        shed_price=uncertainty.shed_price, dump_price=uncertainty.dump_price, carriers=carriers
    )
    return replace(vpp, components=(*changed, emergency))


def uncertain_series(vpp: VPP, uncertainty: Uncertainty) -> list[str]:
    """The series of this VPP with a budget above zero, in the order of its components."""
    names = [series_name(component) for component in vpp.components]
    return [name for name in dict.fromkeys(names) if uncertainty.budgets.get(name, 0) > 0]


# --- the recourse as matrices -------------------------------------------------------------------------------------
class Recourse:
    """min c.x + constant subject to A x (= or <=) b - Z z - Q q and bounds on x: how VPPs react to a day z and to
    trades q, both flattened. One VPP reacts to given trades; several react together and trade freely. Built once, asked
    often. `keys` lists the (VPP, series) that z runs through, each for all steps."""

    def __init__(self, vpps: VPP | tuple[VPP, ...], uncertainty: Uncertainty):
        self.vpps = vpps if isinstance(vpps, tuple) else (vpps,)
        self.name, self.steps, self.uncertainty = (
            " and ".join(v.name for v in self.vpps),
            self.vpps[0].steps,
            uncertainty,
        )
        self.keys = [
            (vpp.name, series) for vpp in self.vpps for series in uncertain_series(vpp, uncertainty)
        ]
        days = {key: cp.Variable(self.steps) for key in self.keys}
        models = {
            vpp.name: build(
                hit(vpp, uncertainty, {s: z for (name, s), z in days.items() if name == vpp.name})
            )
            for vpp in self.vpps
        }
        rows = [row for model in models.values() for row in model.constraints]
        trade = None
        if len(self.vpps) > 1:
            flows = {name: model.trades() for name, model in models.items()}
            rows += [flows[i][j] + flows[j][i] == 0 for i, j in combinations(models, 2)]
        else:
            trade = next(
                (
                    part.trade
                    for part in models[self.vpps[0].name].parts.values()
                    if part.trade is not None
                ),
                None,
            )
        problem = cp.Problem(cp.Minimize(sum(model.cost for model in models.values())), rows)
        if not problem.is_lp():
            raise NotSolved(
                f"{self.name}: the worst case needs a linear model; a quadratic operation cost is not"
            )
        data = problem.get_problem_data(cp.HIGHS)[0]
        where, matrix = data[cp.settings.PARAM_PROB].var_id_to_col, data["A"].tocsc()
        place = {
            variable.id: np.arange(where[variable.id], where[variable.id] + variable.size)
            for variable in (*days.values(), trade)
            if variable is not None
        }
        own = np.setdiff1d(
            np.arange(matrix.shape[1]), np.concatenate([*place.values(), []])
        ).astype(int)
        self.cost, self.constant = (
            data["c"][own],
            float(data[cp.settings.PARAM_PROB].apply_parameters()[1]),
        )
        self.matrix, self.right = matrix[:, own], data["b"]
        self.equalities = data["dims"].zero
        low, high = (
            np.full(matrix.shape[1], end) if data[key] is None else data[key]
            for key, end in (("lower_bounds", -np.inf), ("upper_bounds", np.inf))
        )
        self.low, self.high = low[own], high[own]
        self.by_day = (
            matrix[:, np.concatenate([place[v.id] for v in days.values()]).astype(int)]
            if days
            else matrix[:, :0]
        )
        self.by_trade = matrix[:, place[trade.id]] if trade is not None else matrix[:, :0]
        self.no_trade = np.zeros(self.by_trade.shape[1])
        self._solver = None

    def flat(self, trades: np.ndarray | None) -> np.ndarray:
        """Trades `(steps, partners)` as the vector q."""
        return self.no_trade if trades is None else np.asarray(trades, float).T.ravel()

    def right_side(self, z: np.ndarray, q: np.ndarray) -> np.ndarray:
        """b - Z z - Q q."""
        return self.right - self.by_day @ z - self.by_trade @ q

    def value(self, z: np.ndarray, q: np.ndarray | None = None) -> float:
        """Cost in yuan of the best reaction to day z with trades q, by a solver that stays warm between calls."""
        right = self.right_side(z, self.no_trade if q is None else q)
        rows = np.arange(len(right), dtype=np.int32)
        lower = np.where(rows < self.equalities, right, -highspy.kHighsInf)
        if self._solver is None:
            self._solver = highspy.Highs()
            self._solver.setOptionValue("output_flag", False)
            lp, columns = highspy.HighsLp(), self.matrix.tocsc()
            lp.num_col_, lp.num_row_ = columns.shape[1], columns.shape[0]
            lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.cost, self.low, self.high
            lp.row_lower_, lp.row_upper_ = lower, right
            lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = (
                columns.indptr,
                columns.indices,
                columns.data,
            )
            self._solver.passModel(lp)
        else:
            self._solver.changeRowsBounds(len(rows), rows, lower, right)
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise NotSolved(
                f"{self.name}: the reaction to a day has no optimum "
                f"({self._solver.modelStatusToString(self._solver.getModelStatus())})"
            )
        return self._solver.getInfo().objective_function_value + self.constant

    def unflatten(self, z: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
        """z by (VPP, series)."""
        return dict(zip(self.keys, np.split(z, len(self.keys)), strict=True)) if self.keys else {}


def value_bounds(recourse: Recourse) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest worth in yuan of hitting one (series, step), proven for some optimal multipliers of every day.

    The price of electricity inside a VPP lies between -dump_price and the purchase price (unlimited purchase; else
    shed_price), because the emergency component and the grid cap it; heat between -dump_price and shed_price. A plant's
    multiplier is then max(0, price + quota income - operation cost). With limits on the actual load the hit also widens
    what may be moved and curtailed; the worth of that is bounded by the same prices.
    """
    doubt, low, high = recourse.uncertainty, [], []
    for vpp in recourse.vpps:
        grids = [c for c in vpp.components if isinstance(c, Grid) and np.isinf(c.buy_max)]
        carbon = max(
            (c.pieces()[0].max() for c in vpp.components if isinstance(c, CarbonMarket)),
            default=0.0,
        )
        dearest = (
            grids[0].buy_price + carbon * max(0.0, grids[0].emission - grids[0].carbon_quota)
            if grids
            else np.inf
        )
        top = np.minimum(dearest, np.full(vpp.steps, doubt.shed_price))
        for name in (series for owner, series in recourse.keys if owner == vpp.name):
            bottom_sum, top_sum = np.zeros(vpp.steps), np.zeros(vpp.steps)
            for component in (c for c in vpp.components if series_name(c) == name):
                if isinstance(component, Renewable):
                    lost = doubt.deviation * vpp.step_hours * component.available
                    top_sum += lost * np.maximum(
                        0, top + carbon * component.carbon_quota - component.operation_cost
                    )
                    continue
                more = doubt.deviation * vpp.step_hours * component.demand
                most = top if name == "load" else np.full(vpp.steps, doubt.shed_price)
                top_sum += more * most
                bottom_sum -= more * doubt.dump_price
                if doubt.limits == "actual":
                    width = (
                        most.max() + doubt.dump_price + 2 * getattr(component, "shift_cost", 0.0)
                    )
                    share = 2 * getattr(component, "shift_share", 0.0) + component.curtail_share
                    bottom_sum -= more * share * width
            low.append(bottom_sum)
            high.append(top_sum)
    return np.concatenate([*low, []]), np.concatenate([*high, []])


# --- the worst day ------------------------------------------------------------------------------------------------
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
                cp.sum(self.hits[k * steps : (k + 1) * steps]) <= r.uncertainty.budgets[series]
                for k, (_, series) in enumerate(r.keys)
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
    for _, name in recourse.keys:
        steps, budget = range(vpp.steps), min(uncertainty.budgets[name], vpp.steps)
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


# --- the coalition ------------------------------------------------------------------------------------------------
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


# --- storage mode decided the day before --------------------------------------------------------------------------
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
        fixed = vpp.batteries(lambda b, now=charging: in_modes(b, now[b.name], vpp.step_hours))
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


# --- what the schedules cost on days that were not planned for -----------------------------------------------------
def sample_days(
    case: Case, uncertainty: Uncertainty, samples: int, seed: int, persistence: float = 0.8
) -> np.ndarray:
    """Random days: z `(samples, VPPs x series x steps)` in the order of `uncertain_series`, uniform in [-1, 1].

    Uniform in each step (the forecast is right on average and wrong by at most the deviation) and correlated from step
    to step by `persistence`, by a Gaussian autoregression mapped to uniform values. The same seed gives the same days.
    """
    if samples < 1 or not 0 <= persistence < 1:
        raise WrongInput(
            f"samples, persistence: found {samples!r}, {persistence!r}; allowed: 1 or more, 0 to below 1"
        )
    steps = case.vpps[0].steps
    count = sum(len(uncertain_series(vpp, uncertainty)) for vpp in case.vpps)
    noise = np.random.default_rng(seed).standard_normal((samples, count, steps))
    for step in range(1, steps):
        noise[:, :, step] = (
            persistence * noise[:, :, step - 1] + np.sqrt(1 - persistence**2) * noise[:, :, step]
        )
    return (2 * norm.cdf(noise) - 1).reshape(samples, count * steps)


def out_of_sample(
    case: Case,
    uncertainty: Uncertainty,
    schedules: dict[str, pd.DataFrame | None],
    samples: int = 2000,
    seed: int = 1,
    persistence: float = 0.8,
    workers: int = 1,
    progress: bool = False,
) -> pd.DataFrame:
    """Cost of the cluster in yuan on sampled days, a column per schedule; each VPP reacts in the best way to each day.

    schedules: name -> trades promised the day before (as in CoalitionResult.trades); None is no cooperation.
    workers: processes; the result does not depend on it. They are started anew, so a plain script that asks for more
    than one needs `if __name__ == "__main__":` around its work; a notebook does not.
    """
    everything = replace(uncertainty, budgets={name: 1 for name in uncertainty.budgets})
    days = sample_days(case, everything, samples, seed, persistence)
    tasks = []
    for label, trades in schedules.items():
        first = 0
        for vpp in case.vpps if trades is None else case.connected():
            last = first + len(uncertain_series(vpp, everything)) * vpp.steps
            promised = (
                None
                if trades is None
                else trades[vpp.name][[n for n in case.names if n != vpp.name]].to_numpy()
            )
            tasks += [
                (
                    label,
                    vpp,
                    everything,
                    slice(start, start + CHUNK),
                    days[start : start + CHUNK, first:last],
                    promised,
                )
                for start in range(0, samples, CHUNK)
            ]
            first = last
    costs = pd.DataFrame(0.0, pd.RangeIndex(1, samples + 1, name="day"), list(schedules))
    asked = len(schedules) * len(case.vpps) * samples
    with (
        tqdm(total=asked, desc="days", disable=not progress) as bar,
        contextlib.ExitStack() as stack,
    ):
        run = map
        if workers > 1:
            # started anew, not forked: a fork would share the solvers' licences and threads
            run = stack.enter_context(
                ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
            ).map
        for (label, _, _, rows, drawn, _), outcome in zip(
            tasks, run(costs_of_days, tasks), strict=True
        ):
            costs.iloc[rows, costs.columns.get_loc(label)] += outcome
            bar.update(len(drawn))
    return costs


def costs_of_days(task: tuple) -> np.ndarray:
    """Cost in yuan of one VPP on each of many days; `task` is (label, VPP, uncertainty, rows, days, promised trades)."""
    _, vpp, uncertainty, _, days, promised = task
    recourse = Recourse(vpp, uncertainty)
    q = recourse.flat(promised)
    return np.array([recourse.value(day, q) for day in days])


def risk_table(costs: pd.DataFrame) -> pd.DataFrame:
    """Mean, 95 % quantile, mean of the worst 5 % and worst cost of each schedule, yuan."""
    tail = costs.apply(lambda column: column[column >= column.quantile(0.95)].mean())
    return pd.DataFrame(
        {
            "mean": costs.mean(),
            "95 % quantile": costs.quantile(0.95),
            "mean of worst 5 %": tail,
            "worst": costs.max(),
        }
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
