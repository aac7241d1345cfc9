"""What VPPs do once they know the day: the recourse, as matrices.

Stated once, asked for many days z and many promised trades q, which change nothing but the right
side. kW, yuan; a vector z holds a number for each (VPP, series) and time step, one series after the
other; a vector q a number for each partner and time step, one partner after the other.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import cvxpy as cp
import numpy as np
from scipy import sparse

from vppcore.compiled import Compiled
from vppcore.errors import NotSolved
from vppcore.uncertainty.series import hit, series_name, series_of, uncertain_series
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP, Model, build, total
from vppcore.warm import Point, Program, WarmLinear

__all__ = ["Recourse", "hit", "series_name", "series_of", "uncertain_series"]

Key = tuple[str, str]  # (VPP, series)


class Recourse:
    """The cheapest reaction of VPPs to a day z and to trades q.

    It is the linear problem min cost.x + constant with matrix x (= or <=) right - by_day z -
    by_trade q and low <= x <= high. One VPP reacts to given trades; several react together and
    trade freely, so that q is empty. Exclusive flows may overlap here.

    name: of the VPPs, for sentences. steps: of the horizon.
    keys: the (VPP, series) that z runs through, each for all steps.
    budgets: how many steps of each key may be hit.
    matrix: `(rows, columns)`, sparse; the first `equalities` rows are equations.
    by_day: `(rows, keys x steps)`. by_trade: `(rows, partners x steps)`.
    Raises WrongInput for a budget that is not a whole number of steps, NotSolved for a model that
    is not linear.
    """

    def __init__(self, vpps: VPP | tuple[VPP, ...], uncertainty: Uncertainty):
        self.vpps = vpps if isinstance(vpps, tuple) else (vpps,)
        self.uncertainty = uncertainty
        self.name = " and ".join(vpp.name for vpp in self.vpps)
        self.steps = self.vpps[0].steps
        self.step_hours = self.vpps[0].step_hours
        self.keys = keys_of(self.vpps, uncertainty)
        self.budgets = {key: uncertainty.steps_of(key[1], self.step_hours) for key in self.keys}
        self._state()
        self._solver = WarmLinear(f"{self.name}'s reaction to a day")

    def _state(self) -> None:
        """States the problem with the day as a variable and takes its matrices."""
        for vpp in self.vpps:
            refuse_quadratic(vpp)
        days = {key: cp.Variable(self.steps) for key in self.keys}
        models = [self._model(vpp, days) for vpp in self.vpps]
        rows = [row for model in models for row in model.constraints]
        trades = []
        if len(models) > 1:
            rows += mutual_trades(models)
        else:
            trades = [part.trade for part in models[0].parts.values() if part.trade is not None]
        cost = total(model.cost for model in models)
        split = Compiled(cost, rows, self.name).split([*days.values(), *trades])
        self._take(split.program)
        moved = [sparse.csc_matrix(matrix) for matrix in split.moved]
        nothing = sparse.csc_matrix((len(self.right), 0))
        self.by_day = sparse.hstack([nothing, *moved[: len(days)]], format="csc")
        self.by_trade = sparse.hstack([nothing, *moved[len(days) :]], format="csc")
        self.no_trade = np.zeros(self.by_trade.shape[1])
        self.forecast_day = np.zeros(self.by_day.shape[1])

    def _model(self, vpp: VPP, days: dict[Key, cp.Variable]) -> Model:
        own = {series: z for (name, series), z in days.items() if name == vpp.name}
        return build(hit(vpp, self.uncertainty, own))

    def _take(self, program: Program) -> None:
        """Keeps the numbers of a program under the names of the class."""
        self.program = program
        self.cost = program.linear
        self.constant = program.constant
        self.matrix = program.matrix
        self.right = program.row_high
        self.equalities = int((program.row_low == program.row_high).sum())
        self.low = program.column_low
        self.high = program.column_high

    def flat(self, trades: np.ndarray | None) -> np.ndarray:
        """Trades `(steps, partners)` as the vector q; None is no trade."""
        return self.no_trade if trades is None else np.asarray(trades, float).T.ravel()

    def unflatten(self, z: np.ndarray) -> dict[Key, np.ndarray]:
        """The vector z by (VPP, series), each `(steps,)`."""
        pieces = np.split(z, len(self.keys)) if self.keys else []
        return dict(zip(self.keys, pieces, strict=True))

    def right_side(self, z: np.ndarray, q: np.ndarray) -> np.ndarray:
        """right - by_day z - by_trade q."""
        return self.right - self.by_day @ z - self.by_trade @ q

    def react(self, z: np.ndarray, q: np.ndarray | None = None) -> Point:
        """The cheapest schedule on day z with trades q; the solver stays warm between calls.

        Raises NotSolved with its status if there is none.
        """
        right = self.right_side(z, self.no_trade if q is None else q)
        equation = np.arange(len(right)) < self.equalities
        row_low = np.where(equation, right, -np.inf)
        return self._solver.solve(replace(self.program, row_low=row_low, row_high=right))

    def value(self, z: np.ndarray, q: np.ndarray | None = None) -> float:
        """Cost in yuan of the cheapest schedule on day z with trades q."""
        return self.react(z, q).value


def keys_of(vpps: tuple[VPP, ...], uncertainty: Uncertainty) -> list[Key]:
    """The (VPP, series) that are uncertain."""
    keys = []
    for vpp in vpps:
        keys += [(vpp.name, series) for series in uncertain_series(vpp, uncertainty)]
    return keys


def mutual_trades(models: list[Model]) -> list[cp.Constraint]:
    """What one VPP receives the other delivers, a row for each pair."""
    flows = {model.vpp.name: model.trades() for model in models}
    return [flows[i][j] + flows[j][i] == 0 for i, j in combinations(flows, 2)]  # A (44)


def refuse_quadratic(vpp: VPP) -> None:
    """Raises NotSolved, naming component and number, for a cost that is not linear."""
    for component in vpp.components:
        for name, value in vars(component).items():
            if name.endswith("quadratic") and value:
                raise NotSolved(
                    f"{vpp.name}: the worst case needs a linear model; a quadratic operation cost "
                    f"is not (found {component.name}, {name} = {value:g}; allowed: 0)",
                    "unsuitable",
                )
