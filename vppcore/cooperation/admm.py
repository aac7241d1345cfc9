"""The negotiation itself: ADMM on the expected trades (paper A (48)-(52)).

kW, yuan/kWh; a trade p_ij is positive when i receives from j; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from vppcore.cooperation.settings import Settings
from vppcore.cooperation.size import Size
from vppcore.cooperation.talks import ByPair, Talks

# residual balancing: relative residuals within this factor of each other are balanced
BALANCED = 5.0
# iterations of it; its convergence rests on a penalty that is fixed in the end
BALANCE_FOR = 200
# the talks stall if for so many iterations one relative residual is so many times the other
STALL_AFTER = 100
STALL_RATIO = 100.0


class Negotiator(Protocol):
    """All that is asked of an agent."""

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        """The trades it expects, kW `(steps, partners)`; see `Agent.expect`."""


def negotiate(
    agents: Mapping[str, Negotiator],
    partners: Mapping[str, tuple[str, ...]],
    steps: int,
    how: Settings,
    size: Size | None = None,
    talks: Talks | None = None,
) -> Talks:
    """Lets agents negotiate on their trades by ADMM; returns the talks, agreed or not.

    agents: name -> agent, in the order in which they speak. partners: name -> with whom it deals.
    steps: of the horizon. how: penalty, order, tolerance and so on.
    size: of the case; what trades and multipliers near zero are measured against. None for nothing.
    talks: earlier talks to go on with, up to `how.max_iterations` in all; None begins new ones.

    The VPPs have agreed when the primal residual is below `how.tolerance` times the size of the
    trades and the dual residual below `how.tolerance` times the size of the multipliers. The talks
    end then, or with `how.stopping` "change" when the trades of every agent change by no more than
    `how.tolerance` times their own size, whether the agents have agreed or not.

    One who wants to receive 4 kW and one who wants to give 2, with costs (p - wish)^2 / 2:

    >>> class Toy:
    ...     def __init__(self, wish):
    ...         self.wish = wish
    ...
    ...     def expect(self, pull, penalty):
    ...         return (self.wish - pull) / (1 + penalty)
    >>> agents, partners = {"A": Toy(4.0), "B": Toy(-2.0)}, {"A": ("B",), "B": ("A",)}
    >>> talks = negotiate(agents, partners, 1, Settings(penalty=1.0))
    >>> talks.agreed, talks.expected["A", "B"].round(2), talks.multiplier["A", "B"].round(2)
    (True, array([3.]), array([1.]))
    """
    if talks is None:
        talks = Talks(partners, steps)
    talks.agreed = False
    iterate = {"sequential": one_after_the_other, "parallel": all_at_once}[how.order]
    penalty = talks.history[-1]["penalty"] if talks.history else how.penalty
    for iteration in range(len(talks.history) + 1, int(how.max_iterations) + 1):
        before = dict(talks.expected)
        moved = iterate(talks, agents, iteration, penalty, how.relaxation)
        row = residuals(talks, moved, iteration, penalty, size)
        row["relative change"] = own_change(talks, before, iteration, size)
        talks.history.append(row)
        talks.agreed = small(row, how.tolerance)
        if has_ended(row, how):
            break
        penalty = next_penalty(talks, how, penalty)
    return talks


def one_after_the_other(
    talks: Talks,
    agents: Mapping[str, Negotiator],
    iteration: int,
    penalty: float,
    relaxation: float,
) -> ByPair:
    """One iteration in the paper's order; returns by how much the later answers moved, kW.

    Each agent in turn solves min C_i + sum_j [m_ij p_ij + penalty/2 |p_ij + p_ji|^2] with the
    newest p_ji; then the multipliers move by the disagreement.
    """
    before = dict(talks.expected)
    for name, agent in agents.items():
        answer = agent.expect(talks.pull(name, penalty, "sequential"), penalty)
        talks.tell_trade(iteration, name, answer)
    changes = {}
    for pair, disagreement in talks.disagreement().items():
        changes[pair] = relaxation * penalty * disagreement  # A (52)
    talks.move_multipliers(iteration, changes)
    return {(i, j): talks.expected[j, i] - before[j, i] for i, j in talks.pairs}


def all_at_once(
    talks: Talks,
    agents: Mapping[str, Negotiator],
    iteration: int,
    penalty: float,
    relaxation: float,
) -> ByPair:
    """One iteration in the parallel order; returns by how much the targets moved, kW.

    All answer to z_ij, the mean of p_ij and -p_ji of the iteration before; relaxation takes the new
    mean with this weight beside the old one (Boyd et al. 2011).
    """
    answers = {}
    for name, agent in agents.items():
        answers[name] = agent.expect(talks.pull(name, penalty, "parallel"), penalty)
    for name, answer in answers.items():
        talks.tell_trade(iteration, name, answer)
    moved = {}
    for pair, middle in talks.middle().items():
        target = relaxation * middle + (1 - relaxation) * talks.target[pair]
        moved[pair] = target - talks.target[pair]
        talks.target[pair] = target
    changes = {}
    for pair, disagreement in talks.disagreement().items():
        changes[pair] = relaxation * penalty * disagreement / 2
    talks.move_multipliers(iteration, changes)
    return moved


def residuals(
    talks: Talks, moved: ByPair, iteration: int, penalty: float, size: Size | None
) -> dict[str, float]:
    """A row of the history: both residuals, absolute and relative, and the penalty.

    The primal residual is measured against the trades, the dual one against the multipliers, or
    where there are hardly any against what is small in a case of this size.
    """
    entries = np.sqrt(len(talks.pairs) * talks.steps)
    disagreement = talks.disagreement()
    primal = norm(disagreement)
    dual = penalty * norm(moved)
    trades = norm(talks.expected) / np.sqrt(2)
    prices = norm(talks.multiplier)
    if size is not None:
        trades = max(trades, entries * size.least_trade)
        prices = max(prices, entries * size.least_price)
    return {
        "iteration": iteration,
        "primal residual (kW)": primal,
        "dual residual (yuan/kWh)": dual,
        "relative primal": share(primal, trades),
        "relative dual": share(dual, prices),
        "penalty": penalty,
        "largest disagreement (kW)": largest(disagreement),
    }


def share(part: float, whole: float) -> float:
    """A part as a share of a whole; of nothing it is nothing or without end."""
    if whole > 0:
        return part / whole
    return 0.0 if part == 0 else np.inf


def own_change(talks: Talks, before: ByPair, iteration: int, size: Size | None) -> float:
    """By how much an agent's trades have changed since the iteration before, as a share of them.

    before: ordered pair -> what was expected then, kW. Of all agents the largest share. Each knows
    its own, and that it is small is all that it need tell. Not a number in the first iteration.
    """
    if iteration == 1:
        return np.nan
    shares = []
    for name, others in talks.partners.items():
        now = {(name, other): talks.expected[name, other] for other in others}
        trades = norm(now)
        if size is not None:
            trades = max(trades, np.sqrt(len(others) * talks.steps) * size.least_trade)
        change = norm({pair: kw - before[pair] for pair, kw in now.items()})
        shares.append(share(change, trades))
    return max(shares, default=0.0)


def has_ended(row: dict[str, float], how: Settings) -> bool:
    """True if the rule of the talks ends them with this iteration."""
    if how.stopping == "change":
        return bool(row["relative change"] <= how.tolerance)
    return small(row, how.tolerance)


def small(row: dict[str, float], tolerance: float) -> bool:
    """True if both relative residuals of an iteration are within the tolerance."""
    return bool(max(row["relative primal"], row["relative dual"]) <= tolerance)


def next_penalty(talks: Talks, how: Settings, penalty: float) -> float:
    """The penalty of the next iteration: as it is, or balanced from the start or since a stall."""
    recent = talks.history[-STALL_AFTER:]
    primal = [row["relative primal"] for row in recent]
    dual = [row["relative dual"] for row in recent]
    if talks.balanced_from is None and (how.balancing or stalled(primal, dual)):
        talks.balanced_from = len(talks.history)
    since = talks.balanced_from
    if since is None or len(talks.history) - since >= BALANCE_FOR:
        return penalty
    return balanced(penalty, primal[-1], dual[-1])


def stalled(primal: list[float], dual: list[float]) -> bool:
    """True if one relative residual has long been next to nothing beside the other.

    primal, dual: of the last iterations, in order.
    That is what a penalty of the wrong size does: multipliers creep (too small) or answers are
    frozen (too large), and the other residual has long been small.
    """
    first = np.array(primal[-STALL_AFTER:])
    second = np.array(dual[-STALL_AFTER:])
    if len(first) < STALL_AFTER:
        return False
    return bool((first > STALL_RATIO * second).all() or (second > STALL_RATIO * first).all())


def balanced(penalty: float, primal: float, dual: float) -> float:
    """Residual balancing: the penalty follows the larger relative residual (He, Yang, Wang 2000).

    >>> balanced(1.0, primal=2.0, dual=1.0), balanced(1.0, primal=9.0, dual=1.0)
    (1.0, 3.0)
    """
    if primal <= BALANCED * dual and dual <= BALANCED * primal:
        return penalty
    ratio = primal / dual if dual > 0 else np.inf
    return penalty * float(np.clip(np.sqrt(ratio), 1 / BALANCED, BALANCED))


def norm(arrays: ByPair) -> float:
    """The Euclidean norm of all numbers in some arrays."""
    return float(np.sqrt(sum(array @ array for array in arrays.values())))


def largest(arrays: ByPair) -> float:
    """The largest absolute number in some arrays, 0 for none."""
    return max((float(np.abs(array).max()) for array in arrays.values()), default=0.0)
