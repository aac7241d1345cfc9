"""What VPPs do once they know the day: the recourse, as matrices.

Stated once, asked for many days z and many promised trades q, which change nothing but the right
side. kW, yuan; a vector z holds a number for each (VPP, series) and time step, one series after the
other; a vector q a number for each partner and time step, one partner after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import cvxpy as cp
import numpy as np
import pandas as pd
from scipy import sparse

from vppcore.compiled import Compiled, Split
from vppcore.components.periods import periods_of
from vppcore.errors import NotSolved
from vppcore.exclusive import EXCLUSIVE_TOLERANCE, with_finite_limits
from vppcore.infeasible import explain_infeasible, explain_unbounded
from vppcore.mixed import solve_mixed_quadratic
from vppcore.uncertainty.branching import ModeSearch, RightSides
from vppcore.uncertainty.chords import with_chords
from vppcore.uncertainty.emergency import NAME as EMERGENCY
from vppcore.uncertainty.emergency import declared_power
from vppcore.uncertainty.modes import Modes, PairRows, mode_columns
from vppcore.uncertainty.series import hit, series_name, series_of, uncertain_series
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP, Model, build, check_convex, total
from vppcore.warm import Point, Program, WarmLinear, by_columns, solve_quadratic

__all__ = ["Reaction", "Recourse", "hit", "series_name", "series_of", "uncertain_series"]

Key = tuple[str, str]  # (VPP, series) or (VPP, carrier)

# Two costs count as equal if they differ by less than this share of the money at stake.
SAME_COST = 1e-7
# Prices of an emergency that follow the VPP are raised so many times by this factor, if need be.
RAISE = 10.0
RAISE_ABOVE = 1e-6  # where more was paid for it than necessary, as a share of the money at stake
MOST_RAISES = 6
# The money at stake is the cost, but at least this share of all money that changes hands.
SMALLEST_SHARE = 1e-3


@dataclass(frozen=True, eq=False)
class Reaction:
    """What VPPs do on a day, and what it costs.

    cost: yuan; of the schedule x, in which no two exclusive flows run at once.
    relaxed: yuan; of the cheapest schedule if they might: no schedule of this day costs less.
    modes: which of two exclusive flows may run.
    x: the schedule, all columns of the recourse.
    """

    cost: float
    relaxed: float
    modes: Modes
    x: np.ndarray


class Recourse:
    """The cheapest reaction of VPPs to a day z and to trades q.

    It is the linear problem min cost.x + constant with matrix x (= or <=) right - by_day z -
    by_trade q and low <= x <= high. One VPP reacts to given trades; several react together and
    trade freely, so that q is empty. Of the rows, those of `pairs` say that exclusive flows do not
    overlap; `react` and `value` leave them out unless modes are given, `exact` obeys them.

    A quadratic cost is replaced by chords, which lie above it by at most `chord_error` yuan in all.

    name: of the VPPs, for sentences. steps: of the horizon.
    keys: the (VPP, series) that z runs through, each for all steps.
    budgets: how many steps of each key may be hit in one period.
    groups: for each key and period the places in z of its steps, and how many of them may be hit.
    matrix: `(rows, columns)`, sparse; the first `equalities` rows are equations.
    by_day: `(rows, keys x steps)`. by_trade: `(rows, partners x steps)`.
    grid_exchange: `(steps, columns)`; times a schedule x it is what the VPPs buy from the grid less
        what they sell to it, kW.
    Raises WrongInput for a budget that is not a whole number of steps, for a quadratic cost of
    something without limits and for a cost that is not convex (a carbon reward that rises).
    """

    def __init__(self, vpps: VPP | tuple[VPP, ...], uncertainty: Uncertainty):
        self.vpps = vpps if isinstance(vpps, tuple) else (vpps,)
        for vpp in self.vpps:
            check_convex(vpp, "a worst day")
        self.uncertainty = uncertainty
        self.name = " and ".join(vpp.name for vpp in self.vpps)
        self.steps = self.vpps[0].steps
        self.step_hours = self.vpps[0].step_hours
        self.keys = keys_of(self.vpps, uncertainty)
        self.budgets = {key: uncertainty.steps_of(key[1], self.step_hours) for key in self.keys}
        self.groups = self._groups()
        self._linear = WarmLinear(f"{self.name}'s reaction to a day")
        self._whole = WarmLinear(f"{self.name}'s reaction to a day, modes included")
        self._state()
        self._check_emergency()

    def _groups(self) -> list[tuple[np.ndarray, int]]:
        """The places in z of each key and period, and how many of them may be hit."""
        periods = periods_of(self.uncertainty.period, self.vpps[0].clock)
        groups = []
        for number, key in enumerate(self.keys):
            begin = number * self.steps
            for one in periods:
                groups.append((np.arange(begin + one.first, begin + one.last), self.budgets[key]))
        return groups

    # --- from the VPPs to matrices ---
    def _state(self) -> None:
        """States the problem with the day as a variable and takes its matrices."""
        days = {key: cp.Variable(self.steps) for key in self.keys}
        models = [self._model(vpp, days) for vpp in self.vpps]
        rows = [row for model in models for row in model.constraints]
        trades = []
        if len(models) > 1:
            rows += mutual_trades(models)
        else:
            trades = [part.trade for part in models[0].parts.values() if part.trade is not None]
        pairs = [pair for model in models for pair in model.pairs()]
        firsts = [pair.one <= 0 for pair in pairs]
        others = [pair.other <= 0 for pair in pairs]
        cost = total(model.cost for model in models)
        compiled = Compiled(cost, [*rows, *firsts, *others], self.name)
        split = compiled.split([*days.values(), *trades])
        limited = with_finite_limits(
            pairs, [*rows, *usual_days(self.vpps, days, models)], self.name
        )
        self.pairs = []
        for pair, finite, first, other in zip(pairs, limited, firsts, others, strict=True):
            places = (compiled.rows(first), compiled.rows(other))
            self.pairs.append(PairRows.of(pair, finite, places, split.program.row_high))
        self._take(split, len(days))
        self.emergency = emergency_columns(models, compiled, split)
        self.grid_exchange = grid_exchange(models, compiled, split, len(self.cost))

    def _model(self, vpp: VPP, days: dict[Key, cp.Variable]) -> Model:
        own = {series: z for (name, series), z in days.items() if name == vpp.name}
        return build(hit(vpp, self.uncertainty, own))

    def _take(self, split: Split, days: int) -> None:
        """Keeps the numbers of the program under the names of the class."""
        stated = split.program
        self._squares = stated
        free = stated.row_high.copy()
        for pair in self.pairs:
            free[pair.first_rows] = np.inf
            free[pair.other_rows] = np.inf
        chords, self.chord_error = with_chords(replace(stated, row_high=free), self.name)
        added = chords.row_high[len(free) :]
        self.right = np.concatenate([stated.row_high, added])
        self.program = chords
        self.cost = chords.linear
        self.constant = chords.constant
        self.matrix = chords.matrix
        self.equalities = int((stated.row_low == stated.row_high).sum())
        self.low = chords.column_low
        self.high = chords.column_high
        moved = [
            sparse.vstack([matrix, sparse.csc_matrix((len(added), matrix.shape[1]))])
            for matrix in split.moved
        ]
        nothing = sparse.csc_matrix((len(self.right), 0))
        self.by_day = sparse.hstack([nothing, *moved[:days]], format="csc")
        self.by_trade = sparse.hstack([nothing, *moved[days:]], format="csc")
        self.no_trade = np.zeros(self.by_trade.shape[1])
        self.forecast_day = np.zeros(self.by_day.shape[1])

    def _check_emergency(self) -> None:
        """Sees to it that an emergency is used only where it must be.

        Where its prices follow the VPP they are raised tenfold until no more is shed and dumped
        than necessary, on the forecast day and on the day on which everything is hit.
        Raises NotSolved, saying why, if there is no schedule in spite of an emergency
        (infeasible), or one that earns without end (unbounded).
        """
        columns = np.concatenate(list(self.emergency.values()))
        prices = np.zeros(len(self.cost))
        prices[columns] = self.cost[columns]
        follows = self.uncertainty.shed_price is None and self.uncertainty.dump_price is None
        try:
            for z in (self.forecast_day, np.ones_like(self.forecast_day)):
                needed = self._least(prices, z)
                for _ in range(MOST_RAISES if follows else 1):
                    paid = float(prices @ self.react(z).x)
                    if not follows or paid - needed <= RAISE_ABOVE * self.stake(needed):
                        break
                    self._raise_prices(columns)
        except NotSolved as refused:
            hit_vpps = [hit(vpp, self.uncertainty, {}) for vpp in self.vpps]
            raise with_reason(hit_vpps, refused) from refused

    def _raise_prices(self, columns: np.ndarray) -> None:
        """Makes shedding and dumping dearer."""
        dearer = self.cost.copy()
        dearer[columns] *= RAISE
        self.cost = dearer
        self.program = replace(self.program, linear=dearer)
        self._squares = replace(self._squares, linear=dearer[: len(self._squares.linear)])

    def _least(self, cost: np.ndarray, z: np.ndarray) -> float:
        """The least of another cost on day z."""
        other = replace(self.program, linear=cost, constant=0.0)
        return WarmLinear(self.name).value(self._with(other, self.right_side(z)))

    # --- vectors ---
    def flat(self, trades: np.ndarray | None) -> np.ndarray:
        """Trades `(steps, partners)` as the vector q; None is no trade."""
        return self.no_trade if trades is None else np.asarray(trades, float).T.ravel()

    def unflatten(self, z: np.ndarray) -> dict[Key, np.ndarray]:
        """The vector z by (VPP, series), each `(steps,)`."""
        pieces = np.split(z, len(self.keys)) if self.keys else []
        return dict(zip(self.keys, pieces, strict=True))

    def right_side(
        self, z: np.ndarray, q: np.ndarray | None = None, modes: Modes | None = None
    ) -> np.ndarray:
        """right - by_day z - by_trade q; without modes exclusive flows may overlap."""
        trades = self.no_trade if q is None else q
        return self.right - self.by_day @ z - self.by_trade @ trades + self.limits(modes)

    def limits(self, modes: Modes | None = None) -> np.ndarray:
        """What modes add to the right side: the limit of each exclusive flow.

        Without modes the flows may overlap, most of them without a limit but their own.
        """
        added = np.zeros(len(self.right))
        for number, pair in enumerate(self.pairs):
            if modes is None:
                added[pair.first_rows] = pair.first_free
                added[pair.other_rows] = pair.other_free
            else:
                mode = (modes.first[number], modes.fixed[number])
                added[pair.first_rows] = pair.first_limit(*mode)
                added[pair.other_rows] = pair.other_limit(*mode)
        return added

    @cached_property
    def by_rows(self) -> sparse.csr_matrix:
        """The matrix, sparse by rows."""
        return sparse.csr_matrix(self.matrix)

    def stake(self, cost: float) -> float:
        """The money that a tolerance refers to, yuan: the size of a cost, but at least
        SMALLEST_SHARE of all money that changes hands on the forecast day."""
        return max(abs(cost), SMALLEST_SHARE * self.turnover)

    @cached_property
    def turnover(self) -> float:
        """All money that changes hands on the forecast day, yuan: costs and incomes added up."""
        point = self.react(self.forecast_day)
        return float(np.abs(self.cost * point.x).sum() + abs(self.constant))

    # --- reactions ---
    def react(
        self, z: np.ndarray, q: np.ndarray | None = None, modes: Modes | None = None
    ) -> Point:
        """The cheapest schedule on day z with trades q; the solver stays warm between calls.

        modes: which exclusive flow may run; None lets them overlap.
        Raises NotSolved with its status if there is none.
        """
        return self._linear.solve(self._with(self.program, self.right_side(z, q, modes)))

    def value(self, z: np.ndarray, q: np.ndarray | None = None) -> float:
        """Cost in yuan of the cheapest schedule on day z with trades q, overlaps allowed."""
        return self._linear.value(self._with(self.program, self.right_side(z, q)))

    def exact(
        self,
        z: np.ndarray,
        q: np.ndarray | None = None,
        squares: bool = True,
        modes: Modes | None = None,
    ) -> Reaction:
        """The cheapest schedule on day z with trades q in which no exclusive flows overlap.

        squares: a quadratic cost counts as it is; False: by its chords, which are quicker.
        modes: must be kept, if given.
        Raises NotSolved with its status if there is no schedule.
        """
        relaxed = self.react(z, q, modes)
        point = relaxed
        chosen = modes
        if chosen is None:
            chosen = self.modes_of(relaxed.x)
            if self.overlaps(relaxed.x):
                chosen = self.best_modes(z, q, chosen, relaxed.value)
                point = self.react(z, q, chosen)
        if self.chord_error > 0 and squares:
            return self._exact_with_squares(z, q, modes)
        return Reaction(point.value, relaxed.value, chosen, point.x)

    def _exact_with_squares(
        self, z: np.ndarray, q: np.ndarray | None, modes: Modes | None
    ) -> Reaction:
        """As `exact`, with the quadratic costs as they are."""
        name = f"{self.name}'s reaction to a day"
        right = self.right_side(z, q, modes)[: len(self._squares.row_high)]
        free = solve_quadratic(self._with(self._squares, right), name)
        if modes is not None or not self.overlaps(self._padded(free.x)):
            x = self._padded(free.x)
            return Reaction(free.value, free.value, modes or self.modes_of(x), x)
        right = self.binary_right(z, q)[: len(right)]
        whole = solve_mixed_quadratic(
            self._with(with_binaries(self._squares, self.pairs), right), name
        )
        x = self._padded(whole.x[: len(free.x)])
        return Reaction(whole.value, free.value, self.modes_of(x), x)

    def _padded(self, x: np.ndarray) -> np.ndarray:
        """A schedule without the columns of the chords, with zeros in their place."""
        return np.concatenate([x, np.zeros(len(self.cost) - len(x))])

    def modes_of(self, x: np.ndarray) -> Modes:
        """For each pair and step of a schedule whether the first flow is the larger one."""
        activity = self.matrix @ x
        first = [pair.first_is_larger(activity) for pair in self.pairs]
        return self._everywhere(first)

    def _everywhere(self, first: list[np.ndarray] | np.ndarray) -> Modes:
        """Modes that all pairs obey."""
        return Modes.everywhere(np.array(first, bool).reshape(len(self.pairs), self.steps))

    def overlaps(self, x: np.ndarray) -> bool:
        """True if exclusive flows of a schedule run at once."""
        activity = self.matrix @ x
        return any(pair.overlaps(activity) for pair in self.pairs)

    def best_modes(self, z: np.ndarray, q: np.ndarray | None, guess: Modes, least: float) -> Modes:
        """The modes of the cheapest schedule without overlaps.

        guess: modes to try first; they are best if they cost no more than `least`, yuan, which no
            schedule undercuts.
        """
        try:
            guessed = self.react(z, q, guess).value
        except NotSolved:  # these modes have no schedule; others may
            guessed = np.inf
        allowed = SAME_COST * self.stake(least)
        if guessed - least <= allowed:
            return guess
        found = self._search.best(self._right_sides(z, q), guess.first, guessed, allowed)
        return self.modes_by_milp(z, q) if found is None else self._everywhere(found)

    @cached_property
    def _search(self) -> ModeSearch:
        """The search for modes, which stays warm between calls."""
        name = f"{self.name}'s reaction to a day, modes included"
        changing = sparse.hstack([self.by_day, self.by_trade], format="csr")
        steady = np.diff(changing.indptr) == 0
        return ModeSearch(self.program, self.pairs, steady, name)

    def _right_sides(self, z: np.ndarray, q: np.ndarray | None) -> RightSides:
        """What the search for modes puts together."""
        every = np.ones((len(self.pairs), self.steps), bool)
        return RightSides(
            free=self.right_side(z, q),
            first=self.right_side(z, q, Modes.everywhere(every)),
            other=self.right_side(z, q, Modes.everywhere(~every)),
        )

    def modes_by_milp(self, z: np.ndarray, q: np.ndarray | None) -> Modes:
        """The modes of the cheapest schedule, by one mixed-integer linear problem."""
        point = self._whole.solve(self._with(self.binary, self.binary_right(z, q)))
        return self._everywhere(point.x[len(self.cost) :] > 0.5)

    @cached_property
    def binary(self) -> Program:
        """The program with a binary for each pair and step."""
        return with_binaries(self.program, self.pairs)

    def binary_right(self, z: np.ndarray, q: np.ndarray | None) -> np.ndarray:
        """The right side where the binaries decide on the modes: as if the second flow may run."""
        second = np.zeros(len(self.pairs) * self.steps)
        return self.right_side(z, q, self._everywhere(second))

    def _with(self, program: Program, right: np.ndarray) -> Program:
        """A program with another right side."""
        equation = np.arange(len(right)) < self.equalities
        row_low = np.where(equation, right, -np.inf)
        return replace(program, row_low=row_low, row_high=right)

    # --- what a schedule does ---
    def emergency_energy(self, x: np.ndarray, word: str) -> pd.Series:
        """Energy that a schedule sheds ("shed") or dumps ("dumped"), kWh by (VPP, carrier)."""
        energy = {}
        for (vpp, series), columns in self.emergency.items():
            kind, _, carrier = series.partition(" ")
            if kind == word:
                amount = self.step_hours * float(x[columns].sum())
                energy[vpp, carrier] = amount if amount > self._noise(x) else 0.0
        index = pd.MultiIndex.from_tuples(list(energy), names=["vpp", "carrier"])
        return pd.Series(list(energy.values()), index, float, name=f"{word} (kWh)")

    def _noise(self, x: np.ndarray) -> float:
        """Energy that a solver's tolerance may leave in a column, kWh."""
        return self.step_hours * EXCLUSIVE_TOLERANCE * float(np.abs(x).max(initial=0.0))


def with_reason(vpps: list[VPP], refused: NotSolved) -> NotSolved:
    """The same refusal, saying what lacks a schedule or earns without end where that is known."""
    if refused.status == "infeasible":
        return NotSolved("; ".join(explain_infeasible(vpp) for vpp in vpps), "infeasible")
    if refused.status == "unbounded":
        return NotSolved("; ".join(explain_unbounded(vpp) for vpp in vpps), "unbounded")
    return refused


def with_binaries(program: Program, pairs: list[PairRows]) -> Program:
    """The program with a binary for each pair and step that says which flow may run."""
    binaries = mode_columns(pairs, len(program.row_high))
    count = binaries.shape[1]
    return replace(
        program,
        quadratic=sparse.block_diag([program.quadratic, sparse.csc_matrix((count, count))], "csc"),
        linear=np.concatenate([program.linear, np.zeros(count)]),
        matrix=by_columns(sparse.hstack([program.matrix, binaries])),
        column_low=np.concatenate([program.column_low, np.zeros(count)]),
        column_high=np.concatenate([program.column_high, np.ones(count)]),
        whole=np.concatenate([program.whole, np.ones(count, bool)]),
    )


def usual_days(
    vpps: tuple[VPP, ...], days: dict[Key, cp.Variable], models: list[Model]
) -> list[cp.Constraint]:
    """Rows that keep each z between 0 and 1 and the emergency below all power of a VPP together.

    Whoever sheds in order to sell, or buys in order to dump, pays twice; so no flow needs to be
    larger than these rows allow.
    """
    rows = [z >= 0 for z in days.values()] + [z <= 1 for z in days.values()]
    for vpp, model in zip(vpps, models, strict=True):
        largest = declared_power(vpp)
        rows += [flow <= largest for flow in model.parts[EMERGENCY].series.values()]
    return rows


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


def emergency_columns(
    models: list[Model], compiled: Compiled, split: Split
) -> dict[tuple[str, str], np.ndarray]:
    """(VPP, "shed heat" and the like) -> the columns of its flow, `(steps,)`."""
    columns = {}
    for model in models:
        for series, flow in model.parts[EMERGENCY].series.items():
            stated = compiled.columns(flow)
            columns[model.vpp.name, series] = np.searchsorted(split.kept, stated)
    return columns


def grid_exchange(
    models: list[Model], compiled: Compiled, split: Split, columns: int
) -> sparse.csr_matrix:
    """What takes a schedule of so many columns to purchase less sale at all grids, kW."""
    steps = models[0].vpp.steps
    exchange = sparse.csr_matrix((steps, columns))
    for model in models:
        for component in model.vpp.with_role("grid"):
            for flow, sign in (("buy", 1.0), ("sell", -1.0)):
                stated = compiled.columns(model.parts[component.name].series[flow])
                places = np.searchsorted(split.kept, stated)
                signs = np.full(steps, sign)
                flows = (signs, (np.arange(steps), places))
                exchange = exchange + sparse.csr_matrix(flows, shape=(steps, columns))
    return exchange
