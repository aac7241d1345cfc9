"""One VPP at the negotiating table: its problem compiled once, asked often.

kW, yuan, yuan/kWh; arrays are (steps, partners).
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import osqp
from scipy import sparse

from vppcore.errors import NotSolved
from vppcore.grid.placement import withdrawal
from vppcore.vpp import VPP, build


def for_osqp(matrix) -> sparse.csc_matrix:
    """A sparse matrix in the layout OSQP takes without converting: compressed columns, sorted, 32-bit indices."""
    columns = sparse.csc_matrix(matrix)
    columns.sort_indices()
    columns.indices, columns.indptr = (
        columns.indices.astype(np.int32),
        columns.indptr.astype(np.int32),
    )
    return columns


def two_sided(
    matrix, lower: np.ndarray, upper: np.ndarray
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """The same rows lower <= A x <= upper with all limits on one single variable merged into one row (OSQP runs on
    rows, and a modelling layer states x >= 0 and x <= 5 as two)."""
    rows = sparse.csr_matrix(matrix)
    single = np.diff(rows.indptr) == 1
    column, factor = rows[single].indices, rows[single].data
    ends = np.sort(np.column_stack([lower[single], upper[single]]) / factor[:, None], axis=1)
    low, high = np.full(rows.shape[1], -np.inf), np.full(rows.shape[1], np.inf)
    np.maximum.at(low, column, ends[:, 0])
    np.minimum.at(high, column, ends[:, 1])
    keep = np.unique(column)
    limits = sparse.eye(rows.shape[1], format="csr")[keep]
    return (
        sparse.vstack([rows[~single], limits]),
        np.concatenate([lower[~single], low[keep]]),
        np.concatenate([upper[~single], high[keep]]),
    )


class Agent:
    """One VPP at the negotiating table. Its data stay here; only `expect` is asked of it.

    `watched` adds its net withdrawal to what it expects, as the last column, for the operator of the feeder.
    Its problem, min C(x, q) + pull.q + penalty/2 |q|^2, is compiled once; each answer changes a linear term only.
    A step is stopped after a few dozen of OSQP's iterations and continued from there by the next one: what proves the
    result is the certificate, not the exactness of a step.
    """

    def __init__(self, vpp: VPP, accuracy: float, watched: bool = False):
        model = build(vpp)  # relaxed: modes are settled afterwards
        trade = next(part.trade for part in model.parts.values() if part.trade is not None)
        if watched:  # the operator is told the net withdrawal, in one column more
            told = cp.Variable((trade.shape[0], trade.shape[1] + 1))
            model.constraints += [told[:, :-1] == trade, told[:, -1] == withdrawal(model)]
            trade = told
        self.shape = trade.shape
        self.pull = cp.Parameter(self.shape, value=np.zeros(self.shape))
        self.problem = cp.Problem(
            cp.Minimize(
                model.cost + cp.sum(cp.multiply(self.pull, trade)) + 0.5 * cp.sum_squares(trade)
            ),
            model.constraints,
        )
        data = self.problem.get_problem_data(cp.OSQP)[0]
        first = data[cp.settings.PARAM_PROB].var_id_to_col[trade.id]
        self.columns = np.arange(
            first, first + trade.size
        )  # column by column: partner after partner
        self.linear, quadratic = data["q"].copy(), for_osqp(sparse.triu(data["P"]))
        self.entries = (
            quadratic.indptr[self.columns + 1] - 1
        )  # where the penalty stands: last in its column
        self.penalty = 1.0
        self.constant = float(data[cp.settings.PARAM_PROB].apply_parameters(quad_obj=True)[2])
        own = np.ones(len(self.linear))
        own[self.columns] = 0  # the trade's square is the penalty's, not a cost of the VPP
        self.own_quadratic = sparse.diags(own) @ data["P"]
        rows, lower, upper = two_sided(
            sparse.vstack([data["A"], data["F"]]),
            np.concatenate([data["b"], np.full(len(data["G"]), -np.inf)]),
            np.concatenate([data["b"], data["G"]]),
        )
        self.solver = osqp.OSQP()
        self.solver.setup(
            quadratic,
            self.linear,
            for_osqp(rows),
            lower,
            upper,
            verbose=False,
            eps_abs=accuracy,
            eps_rel=accuracy,
            scaling=0,
            adaptive_rho_interval=20,
            check_termination=10,
            max_iter=50,
            warm_starting=True,
        )
        self.own_costs: list[float] = []

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        """The trades `(steps, partners)` in kW this VPP expects at the linear term `pull` (yuan/kWh) and penalty."""
        linear = self.linear.copy()
        linear[self.columns] += pull.T.ravel()
        self.solver.update(q=linear)
        if penalty != self.penalty:
            self.penalty = penalty
            self.solver.update(Px=np.full(len(self.entries), penalty), Px_idx=self.entries)
        answer = self.solver.solve(raise_error=False)
        if not np.isfinite(answer.x).all():  # OSQP's answer to a problem without a solution
            raise NotSolved(f"ADMM step: osqp says {answer.info.status}")
        own = (
            self.constant
            + self.linear @ answer.x
            + 0.5 * answer.x @ (self.own_quadratic @ answer.x)
        )
        self.own_costs.append(float(own))  # stays here, for its owner's curve
        return answer.x[self.columns].reshape(self.shape[::-1]).T
