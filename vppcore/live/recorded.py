"""Talks of a case that were held, kept so that a page can step through them.

kW, yuan, yuan/kWh. Every number is of a negotiation that took place; the bounds are what its
certificate would prove, had it ended after that round.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.case import Case
from vppcore.compiled import Compiled
from vppcore.cooperation.certificate import carry_out, lagrangian_of
from vppcore.cooperation.result import CoalitionResult
from vppcore.cooperation.talks import ByPair
from vppcore.errors import NotSolved, WrongInput
from vppcore.exclusive import overlaps
from vppcore.vpp import build

EVERY = 12  # rounds from the first on that are kept
GROWTH = 1.12  # from then on, from one kept round to the next
DIGITS = 4  # of the largest wish and the largest price: more cannot be drawn
MONEY_DIGITS = 7  # of the cost: what a gap needs

# how a solver may end without having shown that nothing is wrong with the model
WITHOUT_BOUND = ("inaccurate", "limit")

Said = dict[int, ByPair]  # by round


def kept_rounds(last: int) -> list[int]:
    """The rounds that are kept of so many: the first ones, then fewer and fewer, and the last.

    >>> kept_rounds(20)
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20]
    """
    rounds = list(range(1, min(EVERY, last) + 1))
    while rounds and rounds[-1] < last:
        rounds.append(min(last, math.ceil(GROWTH * rounds[-1])))
    return rounds


def fine_unit(largest: float, digits: int) -> float:
    """The power of ten of which a number of this size has so many digits.

    >>> fine_unit(1983.0, 4), fine_unit(0.0, 4)
    (1.0, 1.0)
    """
    if largest == 0:
        return 1.0
    return float(10.0 ** (math.floor(math.log10(largest)) + 1 - digits))


def whole(numbers: np.ndarray, unit: float) -> list[int]:
    """Numbers as multiples of a unit."""
    return np.rint(numbers / unit).astype(int).tolist()


def said_by_round(result: CoalitionResult) -> tuple[Said, Said]:
    """What was said in each round: the trades that were expected, by ordered pair, kW; and the
    multipliers, by pair, yuan/kWh.
    """
    expected: Said = {}
    multipliers: Said = {}
    for message in result.messages:
        kept = expected if message.kind == "expected trade" else multipliers
        by_pair = kept.setdefault(message.iteration, {})
        by_pair[message.sender, message.receiver] = message.content
    return expected, multipliers


class Bounds:
    """Upper and lower bound on what a case costs, for trades and multipliers of any round."""

    def __init__(self, case: Case, solver: str = "auto"):
        self._case = case
        self._solver = solver
        self._pairs = list(combinations(case.names, 2))
        self._lagrangian = lagrangian_of(case, self._pairs, solver)
        self._models = [build(vpp) for vpp in case.connected()]
        self._trades = {}
        self._carried = []
        for model in self._models:
            rows = list(model.constraints)
            for partner, flow in model.trades().items():
                given = cp.Parameter(model.vpp.steps)
                self._trades[model.vpp.name, partner] = given
                rows.append(flow == given)
            name = f"{model.vpp.name} with the trades of a round"
            self._carried.append(Compiled(model.cost, rows, name))

    def lower(self, multipliers: ByPair) -> float | None:
        """No schedule costs less, yuan; None where the solver does not reach its accuracy."""
        try:
            return self._lagrangian.at(multipliers).value
        except NotSolved as refused:
            if refused.status not in WITHOUT_BOUND:
                raise
            return None

    def upper(self, trades: ByPair) -> float | None:
        """What it costs to carry the trades of all pairs out, yuan.

        None if somebody cannot, or where the solver does not reach its accuracy: no bound then.
        """
        for (i, j), trade in trades.items():
            self._trades[i, j].value = trade
            self._trades[j, i].value = -trade
        try:
            relaxed = self._relaxed()
            return self._exactly(trades) if relaxed is None else relaxed
        except NotSolved as refused:
            if refused.status not in ("infeasible", *WITHOUT_BOUND):
                raise
            return None

    def _relaxed(self) -> float | None:
        """The same with stores relaxed; None if flows run at once, or would earn without end."""
        cost = 0.0
        for model, compiled in zip(self._models, self._carried, strict=True):
            try:
                answer = compiled.solve(self._solver)
            except NotSolved as refused:
                if refused.status == "unbounded" and model.pairs():
                    return None
                raise
            answer.fill()
            cost += answer.value
            if overlaps(model.pairs()):
                return None
        return cost

    def _exactly(self, trades: ByPair) -> float:
        """The same where a relaxed store would burn energy: all stores exact."""
        schedules = carry_out(self._case, trades, self._solver)
        return sum(schedule.cost for schedule in schedules.values())


def recorded(case: Case, talks: Mapping[float, CoalitionResult], solver: str = "auto") -> list:
    """The talks of a case as data, an entry for each penalty.

    talks: penalty at the beginning, yuan/kWh per kW -> what `cooperate` made of it.
    solver: of the linear problems of the bounds.
    Raises WrongInput for a case whose VPPs cannot trade.
    """
    if case.tie is None or len(case.names) < 2:
        raise WrongInput(f"case {case.name}: found no tie; allowed: a case whose VPPs may trade")
    bounds = Bounds(case, solver)
    return [one_talk(case, bounds, penalty, result) for penalty, result in talks.items()]


def one_talk(case: Case, bounds: Bounds, penalty: float, result: CoalitionResult) -> dict[str, Any]:
    """One negotiation as data: by kept round, by pair and by step what was said, and the bounds.

    The last bounds are those of the result's certificate.
    """
    expected, multipliers = said_by_round(result)
    rounds = kept_rounds(result.iterations)
    pairs = list(combinations(case.names, 2))
    proof = result.certificate
    upper: list[float | None] = []
    lower: list[float | None] = []
    for number in rounds[:-1]:
        upper.append(bounds.upper(middle(case, expected[number], pairs)))
        lower.append(bounds.lower(multipliers[number]))
    upper.append(None if proof is None else proof.upper)
    lower.append(None if proof is None else proof.lower)
    wishes = [expected[number] for number in rounds]
    prices = [multipliers[number] for number in rounds]
    kw = fine_unit(largest_of(wishes), DIGITS)
    yuan = fine_unit(largest_of(prices), DIGITS)
    held = result.history.index[result.history["penalty"] != penalty]
    return {
        "penalty": penalty,
        "rounds": rounds,
        "agreed": bool(result.agreed),
        "letGo": int(held[0]) if len(held) else None,
        "upper": [to_the_cent(number, result.cost) for number in upper],
        "lower": [to_the_cent(number, result.cost) for number in lower],
        "kw": kw,
        "yuan": yuan,
        "pairs": [
            {
                "first": [whole(said[i, j], kw) for said in wishes],
                "second": [whole(-said[j, i], kw) for said in wishes],
                "multiplier": [whole(said[i, j], yuan) for said in prices],
            }
            for i, j in pairs
        ],
    }


def middle(case: Case, expected: ByPair, pairs: list[tuple[str, str]]) -> ByPair:
    """The mean of what both of each pair expect, cut to what the line takes, kW."""
    limit = np.inf if case.tie is None else case.tie.limit
    trades = {}
    for i, j in pairs:
        trades[i, j] = np.clip((expected[i, j] - expected[j, i]) / 2, -limit, limit)
    return trades


def largest_of(rounds: list[ByPair]) -> float:
    """The largest number that was said in some rounds."""
    return max(float(np.abs(array).max()) for said in rounds for array in said.values())


def to_the_cent(number: float | None, cost: float) -> float | None:
    """A bound with as many digits as a gap needs; None where there is none."""
    if number is None or not math.isfinite(number):
        return None
    unit = fine_unit(abs(cost), MONEY_DIGITS)
    return round(number / unit) * unit if unit >= 1 else round(number, round(-math.log10(unit)))
