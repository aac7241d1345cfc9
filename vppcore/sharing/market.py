"""The savings of VPPs that trade with a market of all members of a coalition (exchange form).

kW, yuan, yuan/kWh; a net trade is positive when received; a coalition is a vector of truth values.

Stores are relaxed, so that costs are convex and prices prove what they should. `exact` says whether
the relaxation changed anything for each VPP alone and for all together. Where it did not, a split
that no coalition of this game wants to leave is left by none with exact stores either: together all
save the same, and a part of them no more than here.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from scipy import sparse

from vppcore.case import Case
from vppcore.coalitions import Block, side_by_side, starts_of
from vppcore.errors import WrongInput
from vppcore.fleet.batches import EVERYBODY, exchange_tie
from vppcore.sharing.game import Worth
from vppcore.vpp import check_convex
from vppcore.warm import Point, Program, WarmLinear, solve_quadratic


class MarketGame:
    """What any coalition of a case saves when its members trade on a market of their own.

    A member's net trade is limited by its ties to all others together. v(S) is what the members pay
    alone less what they pay together.

    case: at least two VPPs and a tie.
    names: of the VPPs.
    Raises WrongInput without a tie, for one VPP, or where a cost is not convex or needs binaries.

    >>> from vppcore import load_case
    >>> game = MarketGame(load_case("template"))
    >>> saved = game.worth(np.array([True, True]))
    >>> round(saved.value, 2), round(float(saved.bound.sum()), 2)
    (25.44, 25.44)
    """

    def __init__(self, case: Case):
        tie = exchange_tie(case.tie, len(case.vpps))
        if tie is None:
            raise WrongInput(
                f"case {case.name}: a market needs two VPPs or more and a 'tie' component in "
                "units.csv"
            )
        self.names = case.names
        self.hours = case.vpps[0].step_hours
        self._blocks = []
        for vpp in case.vpps:
            check_convex(vpp, "a market of a coalition")
            block = Block.of(vpp.adding(replace(tie, partners=(EVERYBODY,))))
            if block.needs_binaries:
                raise WrongInput(
                    f"{vpp.name}: found flows that only binaries keep apart; allowed in a market "
                    "of a coalition: costs that are convex without them"
                )
            self._blocks.append(block)
        self._steps = case.vpps[0].steps
        self._programs = [block.program for block in self._blocks]
        self._starts = starts_of(self._programs)
        self._trade = [block.trade.ravel() for block in self._blocks]
        self._is_linear = all(program.is_linear for program in self._programs)
        self._own_solvers = [WarmLinear(name) for name in self.names]

    # --- values ---
    def value(self, inside: np.ndarray) -> float:
        """v(S), yuan. Raises NotSolved if the members have no schedule."""
        if inside.sum() < 2:
            return 0.0
        return self._saving(inside, self._together(inside))

    def worth(self, inside: np.ndarray) -> Worth:
        """v(S), and what each VPP would gain at the prices of S: an additive bound."""
        point = self._together(inside)
        return Worth(self._saving(inside, point), self.gains_at(self._prices(point)))

    def prices(self, inside: np.ndarray) -> np.ndarray:
        """The prices at which the market of a coalition clears, yuan/kWh `(steps,)`."""
        return self._prices(self._together(inside))

    def gains_at(self, prices: np.ndarray) -> np.ndarray:
        """What each VPP gains if it trades at given prices as it likes, yuan `(VPPs,)`.

        prices: yuan/kWh `(steps,)`. What the members of any coalition gain in sum is no less than
        what the coalition saves, whatever the prices.
        """
        gains = np.zeros(len(self.names))
        for k, program in enumerate(self._programs):
            linear = program.linear.copy()
            linear[self._trade[k]] += self.hours * prices
            priced = replace(program, linear=linear)
            gains[k] = self.apart[k] - self._own(k, priced).value
        return gains

    @cached_property
    def apart(self) -> np.ndarray:
        """What each VPP pays alone, yuan `(VPPs,)`."""
        return np.array([self._alone(k).value for k in range(len(self.names))])

    @cached_property
    def exact(self) -> bool:
        """True if no flows overlap that must not, neither alone nor when all trade."""
        point = self._together(np.ones(len(self.names), bool))
        pieces = np.split(point.x, self._starts[1:-1])
        return not any(
            block.overlaps_at(piece) or block.overlaps_at(self._alone(k).x)
            for k, (block, piece) in enumerate(zip(self._blocks, pieces, strict=True))
        )

    # --- problems ---
    def _own(self, k: int, program: Program) -> Point:
        """The optimum of one VPP's problem."""
        if self._is_linear:
            return self._own_solvers[k].solve(program)
        return solve_quadratic(program, self.names[k])

    def _alone(self, k: int) -> Point:
        """The optimum of a VPP that does not trade."""
        return self._own(k, closed(self._programs[k], self._trade[k]))

    def _together(self, inside: np.ndarray) -> Point:
        """The optimum of all VPPs when the members trade and the others do not."""
        name = f"coalition of {int(inside.sum())} VPPs"
        places = [self._starts[k] + self._trade[k] for k in np.flatnonzero(~inside)]
        shut = np.concatenate([*places, np.zeros(0, int)])
        program = closed(self._market, shut)
        if self._is_linear:
            return self._solver.solve(program, name)
        return solve_quadratic(program, name)

    @cached_property
    def _market(self) -> Program:
        """All VPPs side by side, and a row per step: net trades add up to zero."""
        columns = [start + trade for start, trade in zip(self._starts, self._trade, strict=False)]
        every = np.concatenate(columns)
        steps = np.tile(np.arange(self._steps), len(columns))
        shape = (self._steps, int(self._starts[-1]))
        balance = sparse.csc_matrix((np.ones(len(every)), (steps, every)), shape)
        return side_by_side(self._programs, balance)

    @cached_property
    def _solver(self) -> WarmLinear:
        return WarmLinear("market of a coalition")

    def _saving(self, inside: np.ndarray, point: Point) -> float:
        """v(S) of a solved market: what all pay less than alone, since others pay the same."""
        return float(self.apart.sum()) - point.value

    def _prices(self, point: Point) -> np.ndarray:
        if point.multipliers is None:  # never: no VPP of a market needs whole numbers
            raise WrongInput("a market has no prices where numbers must be whole")
        return point.multipliers[-self._steps :] / self.hours


def closed(program: Program, columns: np.ndarray) -> Program:
    """The same program with some columns held at zero."""
    low = program.column_low.copy()
    high = program.column_high.copy()
    low[columns] = 0.0
    high[columns] = 0.0
    return replace(program, column_low=low, column_high=high)
