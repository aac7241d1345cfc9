"""What a coalition that promised trades and reserve does on a day, and what it costs.

All members react together: trades and reserve stand, and what passes the grid beside schedule and
call is settled for the coalition as one. kW, yuan; arrays by hour are `(steps,)`, calls
`(days, steps)` in [-1, 1], positive upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from vppcore.case import Case
from vppcore.components import Grid
from vppcore.errors import NotSolved
from vppcore.exclusive import EXCLUSIVE_TOLERANCE
from vppcore.uncertainty.calls import ReserveTerms
from vppcore.uncertainty.modes import Modes
from vppcore.uncertainty.recourse import SAME_COST, Recourse, with_binaries
from vppcore.warm import Program, WarmLinear, by_columns

DELIVERED = 1e-6  # a call counts as kept if so small a share of the promised reserve is missing


@dataclass(frozen=True, eq=False)
class Promise:
    """What a coalition fixes the day before.

    trades: kW, as in CoalitionResult.
    schedule: purchase less sale of all members at the grid, kW `(steps,)`.
    up, down: reserve in each direction, kW `(steps,)`.
    """

    trades: pd.DataFrame
    schedule: np.ndarray
    up: np.ndarray
    down: np.ndarray

    def with_share(self, share: float) -> Promise:
        """The same trades and schedule with a share of the reserve."""
        return replace(self, up=share * self.up, down=share * self.down)

    def called(self, calls: np.ndarray) -> np.ndarray:
        """By how much less the coalition has to take from the grid, kW, positive upwards."""
        return np.maximum(calls, 0) * self.up - np.maximum(-calls, 0) * self.down


@dataclass(frozen=True, eq=False)
class DaysMet:
    """What some days make of a promise.

    costs: yuan, a row per day, a column per VPP; payments and all that the coalition settles left
        out.
    money: yuan, a row per day: capacity and energy earned, imbalance paid.
    called: kW `(days, steps)`, what was called, positive upwards.
    missing: kW `(days, steps)`, how much of that was not delivered.
    beside: kW `(days, steps)`, taken more (positive) or less than schedule and call say.
    emergency: kWh `(days,)`, energy that was shed or dumped.
    """

    costs: pd.DataFrame
    money: pd.DataFrame
    called: np.ndarray
    missing: np.ndarray
    beside: np.ndarray
    emergency: np.ndarray

    @property
    def total(self) -> pd.Series:
        """Cost of the coalition by day, yuan."""
        money = self.money
        return self.costs.sum(axis=1) + money["imbalance"] - money["capacity"] - money["energy"]

    @property
    def delivery(self) -> pd.Series:
        """How calls were kept.

        calls: number of hours of all days in which reserve was called. kept: share of them that
        were delivered in full. energy: share of the energy called that was delivered. worst: the
        largest share of a call that was missing. shortfall: kW, the most that was missing.
        Without a call all are kept.
        """
        size = np.abs(self.called)
        there = size > DELIVERED * size.max(initial=0.0)
        short = self.missing[there]
        asked = size[there]
        whole = float(asked.sum()) or 1.0
        kept = short <= DELIVERED * size.max(initial=0.0)
        return pd.Series(
            {
                "calls": float(there.sum()),
                "kept": float(kept.mean()) if len(short) else 1.0,
                "energy": 1 - float(short.sum()) / whole,
                "worst": float((short / asked).max(initial=0.0)),
                "shortfall": float(short.max(initial=0.0)),
            }
        )


@dataclass(frozen=True, eq=False)
class Asked:
    """What a day asks of a coalition that promised.

    days: the day z of each member. received: its trades as the vector q.
    agreed: exchange with the grid by schedule and call, kW `(steps,)`.
    deviations: what a kW more, then one less, costs in each hour, yuan `(2 x steps,)`.
    """

    days: Sequence[np.ndarray]
    received: Sequence[np.ndarray]
    agreed: np.ndarray
    deviations: np.ndarray


class CoalitionDay:
    """The cheapest reaction of all members together to a day, its calls and a promise.

    price: of each hour, yuan/kWh `(steps,)`: the highest purchase price of a member, by its size.
    exchange: `(steps, columns)`; times the members' schedules it is their exchange with the grid.
    """

    def __init__(self, case: Case, recourses: Sequence[Recourse], terms: ReserveTerms):
        self.case = case
        self.recourses = list(recourses)
        self.terms = terms
        self.steps = self.recourses[0].steps
        self.step_hours = self.recourses[0].step_hours
        self.price = price_of_hours(case)
        self.exchange = sparse.hstack([each.grid_exchange for each in self.recourses], "csr")
        self.columns = self.exchange.shape[1]
        self._ends = np.cumsum([len(each.cost) for each in self.recourses])[:-1]
        self._day_ends = np.cumsum([len(each.forecast_day) for each in self.recourses])[:-1]
        self._linear = WarmLinear("a coalition's reaction to a day")
        self._whole = WarmLinear("a coalition's reaction to a day, modes included")
        self._program = self._state([each.program for each in self.recourses])
        self._binary: Program | None = None

    def _state(self, programs: Sequence[Program]) -> Program:
        """The members' programs side by side, then d+ and d- of each hour and the exchange."""
        hours = sparse.identity(self.steps)
        wide = []
        for program, recourse in zip(programs, self.recourses, strict=True):
            added = program.matrix.shape[1] - recourse.grid_exchange.shape[1]
            nothing = sparse.csr_matrix((self.steps, added))
            wide.append(sparse.hstack([recourse.grid_exchange, nothing]))
        blocks = sparse.block_diag([program.matrix for program in programs])
        matrix = sparse.bmat([[blocks, None, None], [sparse.hstack(wide), -hours, hours]])
        columns = matrix.shape[1]
        deviations = np.zeros(2 * self.steps)
        low = np.concatenate([*[each.column_low for each in programs], deviations])
        high = np.concatenate([*[each.column_high for each in programs], deviations + np.inf])
        whole = np.concatenate([*[each.whole for each in programs], deviations > 0])
        return Program(
            quadratic=sparse.csc_matrix((columns, columns)),
            linear=np.concatenate([*[each.linear for each in programs], deviations]),
            constant=sum(each.constant for each in programs),
            matrix=by_columns(matrix),
            row_low=np.zeros(matrix.shape[0]),
            row_high=np.zeros(matrix.shape[0]),
            column_low=low,
            column_high=high,
            whole=whole,
        )

    # --- money ---
    def deviation_costs(self, calls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What a kW taken more, and one taken less, than schedule and call costs in an hour, yuan,
        in the shape of the calls."""
        hourly = self.price * self.step_hours
        usual, against = self.terms.imbalance_share, self.terms.penalty_share
        more = np.where(calls > 0, max(usual, against), usual) * hourly
        less = np.where(calls < 0, max(usual, against), usual) * hourly
        return more, less

    def revenue(self, held: pd.DataFrame) -> pd.Series:
        """What each VPP earns for the power that it keeps ready, yuan. held: as `held_by`."""
        hourly = self.terms.capacity_share * self.price * self.step_hours
        by_column = held.mul(hourly, axis=0).sum()
        return by_column.groupby("vpp", sort=False).sum().rename("yuan")

    # --- reactions ---
    def exchanges(self, x: np.ndarray) -> np.ndarray:
        """Each member's exchange with the grid, kW `(steps, members)`, from all their schedules."""
        own = np.split(x, self._ends)
        return np.column_stack(
            [each.grid_exchange @ part for each, part in zip(self.recourses, own, strict=True)]
        )

    def meet(self, promise: Promise, days: np.ndarray, calls: np.ndarray) -> DaysMet:
        """What the days make of a promise, no two exclusive flows at once.

        days: z, as `sample_days`. calls: `(days, steps)`.
        """
        index = pd.RangeIndex(1, len(days) + 1, name="day")
        received = [self._received(promise.trades, each) for each in self.recourses]
        found = [
            self.react(promise, received, day, call) for day, call in zip(days, calls, strict=True)
        ]
        members = [self._costs(x) for x in found]
        beside = np.array([self._beside(x) for x in found]).reshape(len(days), 2, self.steps)
        more, less = beside[:, 0], beside[:, 1]
        called = promise.called(calls)
        dearer, cheaper = self.deviation_costs(calls)
        hourly = self.price * self.step_hours
        earned = self.terms.capacity_share * float((promise.up + promise.down) @ hourly)
        against = np.where(called > 0, more, less)
        money = {
            "capacity": np.full(len(days), earned),
            "energy": self.terms.energy_share * (np.abs(called) @ hourly),
            "imbalance": (dearer * more + cheaper * less).sum(axis=1),
        }
        return DaysMet(
            costs=pd.DataFrame(np.array(members), index, list(self.case.names)),
            money=pd.DataFrame(money, index),
            called=called,
            missing=np.minimum(against, np.abs(called)),
            beside=more - less,
            emergency=np.array([self._emergency(x) for x in found]),
        )

    def react(
        self, promise: Promise, received: Sequence[np.ndarray], day: np.ndarray, call: np.ndarray
    ) -> np.ndarray:
        """The members' schedules, then d+ and d-, on a day; no two exclusive flows at once.

        received: what each member receives by the promise, as the vector q of its recourse.
        Flows that overlap at the optimum are kept apart as they lean, where that costs nothing,
        else by binaries.
        """
        asked = Asked(
            days=np.split(day, self._day_ends),
            received=received,
            agreed=promise.schedule - promise.called(call),
            deviations=np.concatenate(self.deviation_costs(call)),
        )
        least, x = self._solved(asked, [None] * len(self.recourses))
        pieces = list(zip(self.recourses, self._pieces(x), strict=True))
        if not any(each.overlaps(piece) for each, piece in pieces):
            return x
        stake = max(abs(least), sum(each.stake(0.0) for each in self.recourses))
        try:
            value, leant = self._solved(asked, [each.modes_of(piece) for each, piece in pieces])
        except NotSolved:  # these modes have no schedule; others may
            return self._by_binaries(asked)
        return leant if value - least <= SAME_COST * stake else self._by_binaries(asked)

    def _solved(self, asked: Asked, modes: Sequence[Modes | None]) -> tuple[float, np.ndarray]:
        """The least cost, yuan, and its schedule, in given modes; None lets flows overlap."""
        members = zip(self.recourses, asked.days, asked.received, modes, strict=True)
        rights = [each.right_side(z, q, mode) for each, z, q, mode in members]
        point = self._linear.solve(self._with(self._program, rights, asked))
        return point.value, point.x

    def _by_binaries(self, asked: Asked) -> np.ndarray:
        """The cheapest schedule without overlaps, by one mixed-integer program."""
        members = zip(self.recourses, asked.days, asked.received, strict=True)
        rights = [each.binary_right(z, q) for each, z, q in members]
        point = self._whole.solve(self._with(self._with_binaries(), rights, asked))
        return self._without_binaries(point.x)

    def _with(self, program: Program, rights: Sequence[np.ndarray], asked: Asked) -> Program:
        """A program with the right sides and the prices of deviations of a day."""
        low = []
        for recourse, right in zip(self.recourses, rights, strict=True):
            equation = np.arange(len(right)) < recourse.equalities
            low.append(np.where(equation, right, -np.inf))
        linear = program.linear.copy()
        linear[-2 * self.steps :] = asked.deviations
        return replace(
            program,
            linear=linear,
            row_low=np.concatenate([*low, asked.agreed]),
            row_high=np.concatenate([*rights, asked.agreed]),
        )

    def _with_binaries(self) -> Program:
        """The program with a binary for each pair of exclusive flows and step."""
        if self._binary is None:
            wider = [with_binaries(each.program, each.pairs) for each in self.recourses]
            self._binary = self._state(wider)
        return self._binary

    def _without_binaries(self, x: np.ndarray) -> np.ndarray:
        """The columns of the members' schedules and of the deviations alone."""
        pieces = []
        first = 0
        for recourse in self.recourses:
            own = len(recourse.cost)
            pieces.append(x[first : first + own])
            first += own + len(recourse.pairs) * self.steps
        return np.concatenate([*pieces, x[first:]])

    # --- what a reaction says ---
    def _pieces(self, x: np.ndarray) -> list[np.ndarray]:
        """The schedule of each member."""
        return np.split(x[: self.columns], self._ends)

    def _costs(self, x: np.ndarray) -> list[float]:
        """What each member pays, yuan."""
        return [
            float(each.cost @ piece) + each.constant
            for each, piece in zip(self.recourses, self._pieces(x), strict=True)
        ]

    def _beside(self, x: np.ndarray) -> np.ndarray:
        """What was taken more, and less, than schedule and call: the lesser of both taken off."""
        more, less = np.split(x[self.columns :], 2)
        return np.concatenate([np.maximum(more - less, 0), np.maximum(less - more, 0)])

    def _emergency(self, x: np.ndarray) -> float:
        """Energy that was shed or dumped, kWh."""
        flows = [
            piece[np.concatenate(list(each.emergency.values()))]
            for each, piece in zip(self.recourses, self._pieces(x), strict=True)
        ]
        power = np.concatenate(flows)
        noise = EXCLUSIVE_TOLERANCE * float(np.abs(x).max(initial=0.0))
        return self.step_hours * float(power[power > noise].sum())

    def _received(self, trades: pd.DataFrame, recourse: Recourse) -> np.ndarray:
        """What a member receives, as the vector q of its recourse."""
        partners = [name for name in self.case.names if name != recourse.name]
        return recourse.flat(trades[recourse.name][partners].to_numpy())


def price_of_hours(case: Case) -> np.ndarray:
    """The highest purchase price that a VPP of the case pays its grid in each hour, by its size,
    yuan/kWh `(steps,)`.

    >>> from vppcore import load_case
    >>> price_of_hours(load_case("template").window(1, 2)).tolist()
    [0.45, 0.45]
    """
    prices = [np.abs(grid.buy_price) for vpp in case.vpps for grid in vpp.of(Grid)]
    return np.max(prices, axis=0)
