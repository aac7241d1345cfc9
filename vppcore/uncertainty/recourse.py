"""What VPPs do once they know the day, as matrices.

kW, yuan; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import cvxpy as cp
import highspy
import numpy as np

from vppcore.case import Case
from vppcore.components import (
    CarbonMarket,
    Component,
    ElectricLoad,
    Grid,
    HeatLoad,
    Part,
    Renewable,
)
from vppcore.errors import NotSolved
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP, build


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
        grids = [c for c in vpp.components if isinstance(c, Grid) and np.isinf(c.buy_max).all()]
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
