"""Cooperation of a case's VPPs: the joint optimum, and the same optimum negotiated by ADMM (paper A's problem P1).

kW, yuan, yuan/kWh; a trade p_ij is positive when i receives from j; arrays are (steps,) or (steps, partners).
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NamedTuple

import cvxpy as cp
import numpy as np
import osqp
import pandas as pd
from scipy import sparse

from vppcore.case import Case
from vppcore.components import ElectricLoad, Grid
from vppcore.dispatch import (
    VPP,
    DispatchResult,
    Model,
    build,
    explain_infeasible,
    read,
    solve_exactly,
)
from vppcore.errors import NotSolved, WrongInput, check_fields, is_number
from vppcore.network import (
    OPERATOR,
    Operator,
    Placement,
    PowerFlow,
    power_flow,
    withdrawal,
    withdrawals,
)
from vppcore.solvers import check_solver_name, solve

ORDERS = ("sequential", "parallel")
BALANCE_UNTIL = 200  # iterations; the convergence of residual balancing rests on a penalty that is fixed in the end


@dataclass(frozen=True)
class Certificate:
    """What a negotiated schedule is worth, proven without anybody's data but two totals per VPP.

    upper: true cost with the agreed trades carried out, yuan. lower: no schedule of the cluster can cost less
    (Lagrangian bound at the agreed multipliers), yuan. primal: largest disagreement on a trade, kW.
    dual: norm of the last change of expectations times the penalty, yuan/kWh.
    """

    upper: float
    lower: float
    primal: float
    dual: float

    @property
    def gap(self) -> float:
        """(upper - lower) / |upper|: how far from the optimum the agreed schedule can be at most."""
        return (self.upper - self.lower) / abs(self.upper)


class Message(NamedTuple):
    """One thing that left an agent: who told whom what in which iteration."""

    iteration: int
    sender: str
    receiver: str
    kind: str  # "expected trade" (kW) or "multiplier" (yuan/kWh)
    content: np.ndarray


@dataclass(frozen=True, eq=False)
class CoalitionResult:
    """What cooperation costs before money changes hands; numbers only.

    cost: yuan of the cluster. dispatches: VPP -> its schedule with the agreed trades. trades: kW, a column (i, j) for
    each ordered pair, positive where i receives from j. multipliers: yuan/kWh, a column (i, j) for each pair, the value
    of one more kWh to both. certificate, history (a row per iteration), messages: of the negotiation; the joint optimum
    has none. seconds: by stage. network_prices: yuan/kWh that a VPP's net withdrawal costs the feeder, a column per VPP;
    only where its operator took part.
    """

    method: str
    cost: float
    dispatches: dict[str, DispatchResult]
    trades: pd.DataFrame
    multipliers: pd.DataFrame
    certificate: Certificate | None
    history: pd.DataFrame
    messages: list[Message]
    seconds: dict[str, float]
    network_prices: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def costs(self) -> pd.Series:
        """Each VPP's own cost, payments between VPPs left out; yuan."""
        return pd.Series(
            {name: result.cost for name, result in self.dispatches.items()}, name="yuan"
        )

    @property
    def iterations(self) -> int:
        """Iterations of the negotiation; 0 for the joint optimum."""
        return len(self.history)


FLATNESS = 1e-7  # yuan/kWh per kW: small enough to leave the optimum where it is (checked), large enough to be seen


def joint_model(
    case: Case, placement: Placement | None = None, members: tuple[str, ...] | None = None
) -> tuple[dict[str, Model], dict[tuple[str, str], cp.Constraint], list]:
    """The VPPs' models with all that ties them together: models, the agreement of each pair on its trade, all rows.

    placement, members: as in `pool`. Raises WrongInput for a placement that names a VPP that the case lacks.
    """
    check_placement(case, placement)
    models = {vpp.name: build(vpp) for vpp in case.connected(members)}
    flows = {name: model.trades() for name, model in models.items()}
    agreed = {
        (i, j): flows[i][j] + flows[j][i] == 0
        for i, j in combinations(case.names, 2)
        if j in flows[i]
    }  # A (44)
    rows = [*(row for model in models.values() for row in model.constraints), *agreed.values()]
    if placement is not None:
        rows += placement.limits(
            {n: withdrawal(models[n]) for n in placement.buses}, case.vpps[0].steps
        )
    return models, agreed, rows


def pool(
    case: Case,
    solver: str = "auto",
    flattest: bool = False,
    placement: Placement | None = None,
    members: tuple[str, ...] | None = None,
) -> CoalitionResult:
    """The joint optimum of all VPPs of a case, as one who knew all their data would find it (paper A, P1).

    placement: keeps the voltages of its feeder within limits (linear model). members: only these trade among themselves;
    none of them, `()`, is the best that VPPs can do without trade, of interest where they share a feeder.
    The optimal cost is unique, the trades that reach it are not. `flattest=True` takes, of all optimal trades, those
    with the least sum of squares, so that they do not depend on the solver: a small enough quadratic term leaves the
    optimum of a linear problem where it is (Mangasarian and Meyer 1979), and the cost is compared with it.
    Storage is relaxed here: where a battery charges and discharges at once (see each dispatch's note) the cost is a
    lower bound. Raises WrongInput without a tie or for an unknown solver, NotSolved if there is no optimum or it moved.
    """
    started, name = time.perf_counter(), f"joint optimum of {case.name}"
    models, agreed, rows = joint_model(case, placement, members)
    flows, pairs = {name: model.trades() for name, model in models.items()}, list(agreed)
    total = sum(model.cost for model in models.values())
    try:
        solved = solve(cp.Problem(cp.Minimize(total), rows), solver, name)
    except NotSolved as refused:
        if placement is not None and "infeasible" in str(refused):
            pool(case, solver, members=members)  # says what is wrong if the feeder is not to blame
            raise NotSolved(
                f"{name}: no schedule keeps all voltages of {placement.feeder.name} within "
                f"{placement.low:g} and {placement.high:g}"
            ) from refused
        raise with_reason(case, refused, members) from refused
    if flattest and pairs:
        squares = sum(cp.sum_squares(flows[i][j]) for i, j in pairs)
        optimum, solved = (
            solved.value,
            solve(cp.Problem(cp.Minimize(total + FLATNESS / 2 * squares), rows), "auto", name),
        )
        if total.value - optimum > 1e-6 * max(1.0, abs(optimum)):
            raise NotSolved(
                f"{name}: the flattest trades cost {total.value - optimum:.3g} yuan more than the optimum"
            )
    step = case.vpps[0].step_hours
    multipliers = {
        pair: row.dual_value / step for pair, row in agreed.items() if row.dual_value is not None
    }
    trades = {(i, j): (flows[i][j].value - flows[j][i].value) / 2 for i, j in pairs}
    return CoalitionResult(
        "joint optimum",
        float(total.value),
        {name: read(model, solved) for name, model in models.items()},
        both_ways(trades, case),
        pair_frame(multipliers, case),
        None,
        pd.DataFrame(),
        [],
        {"build and solve": time.perf_counter() - started},
    )


def check_placement(case: Case, placement: Placement | None) -> None:
    """Raises WrongInput if a placement names a VPP that the case lacks."""
    if OPERATOR in case.names:
        raise WrongInput(f"case {case.name}: found a VPP named {OPERATOR}; allowed: any other name")
    unknown = [name for name in (placement.buses if placement else ()) if name not in case.names]
    if unknown:
        raise WrongInput(f"placement: found {', '.join(unknown)}; allowed: {', '.join(case.names)}")


def pool_verified(
    case: Case,
    placement: Placement,
    members: tuple[str, ...] | None = None,
    solver: str = "auto",
    tolerance: float = 1e-4,
) -> tuple[CoalitionResult, Placement, PowerFlow]:
    """The joint optimum whose voltages hold in the AC power flow too: result, placement with its margin, power flow.

    The linear limits leave out losses; the margin grows by the violation that the power flow finds until there is none
    above `tolerance` (per unit). Raises NotSolved if five rounds do not do it.
    """
    for _ in range(5):
        result = pool(case, solver, flattest=True, placement=placement, members=members)
        exact = power_flow(placement, withdrawals(case, result.dispatches))
        reached = exact.voltages[placement.feeder.buses]
        violation = max(placement.low - reached.min().min(), reached.max().max() - placement.high)
        if violation <= tolerance:
            return result, placement, exact
        placement = replace(placement, margin=placement.margin + float(violation))
    raise NotSolved(
        f"{placement.feeder.name}: voltages still miss the limits by {violation:.4f} per unit after five margins"
    )


def with_reason(
    case: Case, refused: NotSolved, members: tuple[str, ...] | None = None
) -> NotSolved:
    """The same refusal, or a better one: which VPP has no schedule even with its ties, what it lacks and when."""
    for vpp in case.connected(members):
        model = build(vpp)
        try:
            solve(cp.Problem(cp.Minimize(model.cost), model.constraints), "auto", vpp.name)
        except NotSolved as reason:
            return NotSolved(explain_infeasible(vpp)) if "infeasible" in str(reason) else reason
    return refused


def pair_frame(values: dict[tuple[str, str], np.ndarray], case: Case) -> pd.DataFrame:
    """Hourly values per pair as a table, index 1..steps."""
    frame = pd.DataFrame(values, pd.RangeIndex(1, case.vpps[0].steps + 1, name="step"))
    names = ["vpp", "partner"]
    pairs = list(zip(*values, strict=True)) or [[], []]
    frame.columns = pd.MultiIndex.from_arrays([list(side) for side in pairs], names=names)
    return frame


def both_ways(trades: dict[tuple[str, str], np.ndarray], case: Case) -> pd.DataFrame:
    """Trades of pairs (i, j) completed by (j, i) = -(i, j)."""
    return pair_frame(
        trades | {(j, i): -trade for (i, j), trade in trades.items()}, case
    ).sort_index(axis=1)


def for_osqp(matrix) -> sparse.csc_matrix:
    """A sparse matrix in the layout OSQP takes without converting: compressed columns, sorted, 32-bit indices."""
    columns = sparse.csc_matrix(matrix)
    columns.sort_indices()
    columns.indices, columns.indptr = (
        columns.indices.astype(np.int32),
        columns.indptr.astype(np.int32),
    )
    return columns


# --- P1 by ADMM ---------------------------------------------------------------------------------------------------
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
        model = build(
            vpp.batteries(lambda battery: replace(battery, exclusive=0.0))
        )  # modes are settled afterwards
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


def natural_penalty(case: Case) -> float:
    """A penalty that suits the size of a case, yuan/kWh per kW: mean purchase price over mean peak load, to the nearest
    power of ten. For study A this is the paper's 1e-4; a household needs one that is a thousand times larger."""
    peaks = [
        max(
            (float(c.demand.max()) for c in vpp.components if isinstance(c, ElectricLoad)),
            default=0.0,
        )
        for vpp in case.vpps
    ]
    prices = [
        float(np.abs(c.buy_price).mean())
        for vpp in case.vpps
        for c in vpp.components
        if isinstance(c, Grid)
    ]
    ratio = (np.mean(prices) if prices else 1.0) / max(float(np.mean(peaks)), 1e-6)
    return float(10.0 ** np.round(np.log10(max(ratio, 1e-9))))


@dataclass
class Settings:
    """How the VPPs negotiate. penalty: yuan/kWh per kW, the paper's is 1e-4. order: one after the other with the newest
    answers (the paper's) or all at once. tolerance: residuals relative to trades and multipliers. relaxation: 1 is
    plain ADMM; above 1 the multipliers (sequential) or the expectations (parallel) overshoot. balancing: lets the
    penalty follow the ratio of the residuals (He, Yang and Wang 2000)."""

    penalty: float = 1e-4
    order: str = "sequential"
    tolerance: float = 1e-3
    relaxation: float = 1.0
    balancing: bool = False
    max_iterations: int = 500

    def __post_init__(self):
        check_fields(
            self,
            {
                "penalty": (is_number(self.penalty, 0), "a number above 0"),
                "order": (self.order in ORDERS, ", ".join(ORDERS)),
                "tolerance": (is_number(self.tolerance, 0, 1), "a number between 0 and 1"),
                "relaxation": (is_number(self.relaxation, 0, 2), "a number between 0 and 2"),
                "balancing": (isinstance(self.balancing, bool), "True, False"),
                "max_iterations": (
                    is_number(self.max_iterations, 0, whole=True),
                    "a whole number of 1 or more",
                ),
            },
        )


@dataclass
class Talks:
    """State of a negotiation: expected trades by ordered pair, multipliers by pair, everything said."""

    partners: dict[str, tuple[str, ...]]
    steps: int

    def __post_init__(self):
        zero = np.zeros(self.steps)
        self.pairs = [(i, j) for i, j in combinations(self.partners, 2) if j in self.partners[i]]
        self.expected = {(i, j): zero for i in self.partners for j in self.partners[i]}
        self.multiplier = {pair: zero for pair in self.pairs}
        self.target = {
            pair: zero for pair in self.pairs
        }  # the mean of both expectations, for the parallel order
        self.messages: list[Message] = []
        self.history: list[dict[str, float]] = []

    def tell_trade(self, iteration: int, sender: str, trades: np.ndarray) -> None:
        """An agent's expected trades go to its partners."""
        for column, partner in enumerate(self.partners[sender]):
            self.expected[sender, partner] = trades[:, column]
            self.messages.append(
                Message(iteration, sender, partner, "expected trade", trades[:, column])
            )

    def tell_multipliers(self, iteration: int, change: dict[tuple[str, str], np.ndarray]) -> None:
        """The first of each pair tells the second their new multiplier."""
        for (i, j), by in change.items():
            self.multiplier[i, j] = self.multiplier[i, j] + by
            self.messages.append(Message(iteration, i, j, "multiplier", self.multiplier[i, j]))

    def pull(self, agent: str, penalty: float, order: str) -> np.ndarray:
        """What an agent's next problem needs: multiplier less penalty times the trade its partner stands for."""
        columns = []
        for partner in self.partners[agent]:
            pair, sign = (
                ((agent, partner), 1)
                if (agent, partner) in self.multiplier
                else ((partner, agent), -1)
            )
            stands_for = (
                -self.expected[partner, agent]
                if order == "sequential"
                else sign * self.target[pair]
            )
            columns.append(self.multiplier[pair] - penalty * stands_for)
        return np.column_stack(columns)


def negotiate(
    agents: dict[str, Agent], partners: dict[str, tuple[str, ...]], steps: int, how: Settings
) -> Talks:
    """ADMM on the expected trades, paper A (48)-(52).

    Sequential: each agent in turn solves min C_i + sum_j [m_ij p_ij + penalty/2 |p_ij + p_ji|^2] with the newest p_ji,
    then m_ij += relaxation * penalty * (p_ij + p_ji). Parallel: all answer at once to z_ij, the mean of p_ij and -p_ji.
    An agent needs one method, `expect(pull, penalty)`; nothing else is asked of it.
    Raises NotSolved if the residuals are not small after `max_iterations`.
    """
    talks, penalty = Talks(partners, steps), how.penalty
    for iteration in range(1, int(how.max_iterations) + 1):
        before, target = dict(talks.expected), dict(talks.target)
        answers = {}
        for name, agent in agents.items():
            answers[name] = agent.expect(talks.pull(name, penalty, how.order), penalty)
            if how.order == "sequential":
                talks.tell_trade(iteration, name, answers[name])
        if how.order == "parallel":
            for name, trades in answers.items():
                talks.tell_trade(iteration, name, trades)
        told = talks.expected
        disagreement = {(i, j): told[i, j] + told[j, i] for i, j in talks.pairs}
        if how.order == "sequential":
            changes = {(i, j): told[j, i] - before[j, i] for i, j in talks.pairs}
            step = {pair: how.relaxation * penalty * gap for pair, gap in disagreement.items()}
        else:
            weight = how.relaxation
            for i, j in talks.pairs:  # the mean of the relaxed expectations
                talks.target[i, j] = (
                    weight * (told[i, j] - told[j, i]) / 2 + (1 - weight) * target[i, j]
                )
            changes = {pair: talks.target[pair] - target[pair] for pair in talks.pairs}
            step = {pair: weight * penalty * gap / 2 for pair, gap in disagreement.items()}
        talks.tell_multipliers(iteration, step)
        primal, dual = _norm(disagreement), penalty * _norm(changes)
        size = max(
            _norm(told) / np.sqrt(2), np.sqrt(len(talks.pairs) * steps)
        )  # never below 1 kW a trade
        price = max(_norm(talks.multiplier), 1e-3 * np.sqrt(len(talks.pairs) * steps))
        talks.history.append(
            {
                "iteration": iteration,
                "primal residual (kW)": primal,
                "dual residual (yuan/kWh)": dual,
                "relative primal": primal / size,
                "relative dual": dual / price,
                "penalty": penalty,
                "largest disagreement (kW)": max(
                    np.abs(gap).max() for gap in disagreement.values()
                ),
            }
        )
        if primal <= how.tolerance * size and dual <= how.tolerance * price:
            return talks
        if how.balancing and iteration <= BALANCE_UNTIL:
            penalty = balanced(penalty, primal / size, dual / price)
    last = talks.history[-1]
    raise NotSolved(
        f"P1: no agreement after {how.max_iterations} iterations (relative residuals {last['relative primal']:.2g} and "
        f"{last['relative dual']:.2g}, tolerance {how.tolerance:g}); allow more iterations or switch balancing on"
    )


def balanced(penalty: float, primal: float, dual: float) -> float:
    """Residual balancing: the penalty moves towards the larger of the two relative residuals (He, Yang, Wang 2000)."""
    ratio = primal / max(dual, 1e-12)
    return penalty * float(np.clip(np.sqrt(ratio), 0.2, 5)) if ratio > 5 or ratio < 0.2 else penalty


def _norm(arrays: dict) -> float:
    return float(np.sqrt(sum(array @ array for array in arrays.values())))


def cooperate(
    case: Case,
    penalty: float | None = None,
    order: str = "sequential",
    tolerance: float = 1e-3,
    relaxation: float = 1.0,
    balancing: bool = False,
    max_iterations: int = 500,
    solver: str = "auto",
    placement: Placement | None = None,
) -> CoalitionResult:
    """Cooperation negotiated by ADMM and certified: paper A, problem P1 (see `Settings` for the arguments).

    penalty: None takes `natural_penalty`, which for study A is the paper's.
    placement: the operator of its feeder sits at the table as one more agent. It hears net withdrawals, answers with the
    nearest ones that keep all voltages within limits, and its multipliers become `network_prices`.
    `solver` is for the certificate's linear problems; the ADMM steps always use OSQP, compiled once per VPP.
    Raises WrongInput for a wrong argument, NotSolved if the VPPs do not agree.
    """
    check_solver_name(solver)
    how = Settings(
        natural_penalty(case) if penalty is None else penalty,
        order,
        tolerance,
        relaxation,
        balancing,
        max_iterations,
    )
    how.penalty *= case.vpps[
        0
    ].step_hours  # the talks are in kW and yuan: a step's trade is a power, its cost an energy's
    vpps, marks = case.connected(), [time.perf_counter()]
    check_placement(case, placement)
    steps, placed = (
        case.vpps[0].steps,
        [] if placement is None else [n for n in case.names if n in placement.buses],
    )
    agents: dict = {vpp.name: Agent(vpp, tolerance / 10, vpp.name in placed) for vpp in vpps}
    marks.append(time.perf_counter())
    partners = {
        name: tuple(n for n in case.names if n != name) + (OPERATOR,) * (name in placed)
        for name in case.names
    }
    if placed:
        agents[OPERATOR], partners[OPERATOR] = Operator(placement, placed, steps), tuple(placed)
    try:
        talks = negotiate(agents, partners, steps, how)
    except NotSolved as refused:
        raise with_reason(case, refused) from refused
    marks.append(time.perf_counter())
    history = pd.DataFrame(talks.history).set_index("iteration")
    history["dual residual (yuan/kWh)"] /= vpps[0].step_hours  # the talks are in kW and yuan
    for name in case.names:
        history[f"cost {name} (yuan)"] = agents[name].own_costs
    limit, told = case.tie.limit, talks.expected
    middle = {(i, j): (told[i, j] - told[j, i]) / 2 for i, j in talks.pairs}
    trades = {
        pair: np.clip(trade, -limit, limit)
        for pair, trade in middle.items()
        if OPERATOR not in pair
    }
    last = talks.history[-1]
    granted = {
        name: -told[OPERATOR, name] for name in placed
    }  # the operator's own answer is within its limits
    result = carry_out(case, trades, solver, granted, last["largest disagreement (kW)"])
    lower = lower_bound(case, talks.multiplier, solver)
    if placed:
        lower += agents[OPERATOR].bound(talks.multiplier)
    # expectations are in kW and costs in yuan over steps: a multiplier per kWh divides by the step
    per_kwh = {pair: value / vpps[0].step_hours for pair, value in talks.multiplier.items()}
    certificate = Certificate(
        sum(r.cost for r in result.values()),
        lower,
        last["largest disagreement (kW)"],
        float(history["dual residual (yuan/kWh)"].iloc[-1]),
    )
    marks.append(time.perf_counter())
    seconds = dict(zip(("compile", "negotiate", "certify"), np.diff(marks), strict=True))
    return CoalitionResult(
        f"ADMM, {order}",
        certificate.upper,
        result,
        both_ways(trades, case),
        pair_frame({pair: value for pair, value in per_kwh.items() if OPERATOR not in pair}, case),
        certificate,
        history,
        talks.messages,
        seconds,
        pd.DataFrame(
            {name: per_kwh[name, OPERATOR] for name in placed},
            pd.RangeIndex(1, steps + 1, name="step"),
        ),
    )


def fixed_terms(
    model: Model, values: dict[tuple[str, str], np.ndarray]
) -> list[tuple[cp.Expression, np.ndarray]]:
    """What a VPP says to each partner (its trade; to the operator its net withdrawal) beside the value that a table of
    pairs has for the two."""
    own, flows = model.vpp.name, model.trades()
    if (own, OPERATOR) in values:
        flows = flows | {OPERATOR: withdrawal(model)}
    return [
        (flow, values[own, j] if (own, j) in values else values[j, own])
        for j, flow in flows.items()
    ]


def carry_out(
    case: Case,
    trades: dict[tuple[str, str], np.ndarray],
    solver: str,
    granted: dict[str, np.ndarray] | None = None,
    disagreement: float = 0.0,
) -> dict[str, DispatchResult]:
    """Each VPP's best schedule when the agreed trades (kW, by pair) are carried out exactly: one problem each.

    granted: VPP -> net withdrawal that the operator has granted, kW, which is kept too: exactly where a schedule can, else
    up to the `disagreement` (kW) that the talks left, or a few times that.
    """
    both = trades | {(j, i): -trade for (i, j), trade in trades.items()}

    def schedule(vpp: VPP, slack: float) -> DispatchResult:
        def agreed(model: Model) -> list:
            rows = [flow == trade for flow, trade in fixed_terms(model, both)]
            if granted and vpp.name in granted:
                rows.append(cp.abs(withdrawal(model) - granted[vpp.name]) <= slack)
            return rows

        return solve_exactly(vpp, agreed, solver, "auto", f"{vpp.name} with the agreed trades")

    def nearest(vpp: VPP) -> DispatchResult:
        for slack in (1e-6, disagreement, 4 * disagreement):
            with contextlib.suppress(NotSolved):
                return schedule(vpp, slack)
        return schedule(vpp, 16 * disagreement)

    return {
        vpp.name: nearest(vpp) if granted and vpp.name in granted else schedule(vpp, 0.0)
        for vpp in case.connected()
    }


def lower_bound(case: Case, multipliers: dict[tuple[str, str], np.ndarray], solver: str) -> float:
    """What the cluster costs at least, yuan: each VPP's minimum of C_i + sum_j m_ij p_ij, added up (weak duality)."""
    total = 0.0
    for vpp in case.connected():
        model = build(vpp)
        lagrangian = model.cost + sum(m @ flow for flow, m in fixed_terms(model, multipliers))
        total += solve(
            cp.Problem(cp.Minimize(lagrangian), model.constraints), solver, f"{vpp.name}'s bound"
        ).value
    return total
