"""Two more roads to the prices of a deal: the paper's problem as it stands, and ADMM on prices.

yuan, yuan/kWh, kW. A deal here is one group of VPPs that trade and save something.
Both check the closed form by other means; a road that gives no answer says so (NotSolved).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.bargaining.deal import Deal, VppPair
from vppcore.bargaining.parties import (
    NAME_PRICES,
    gates_of,
    own_pairs,
    parties_at,
    penalty_by_hour,
    tell_deal,
)
from vppcore.bargaining.settings import Settings
from vppcore.cooperation.admm import balanced, stalled
from vppcore.cooperation.boundary import Gate
from vppcore.errors import NotSolved
from vppcore.solvers import solve, value_of

Prices = dict[VppPair, np.ndarray]
BALANCE_UNTIL = 400  # iterations; talks converge with a penalty that is fixed in the end


def conic_prices(deal: Deal) -> Prices:
    """max sum_i w_i log(gain_i) with one price for each pair and hour, by an interior-point method.

    Prices are variables from -1 to 1 in the band, gains are in units of the saving, and only hours
    with a trade have a price: what a solver of cones needs to be accurate.
    Raises NotSolved with the solver's status.
    """
    half_of = deal.by_pair("half")
    mid = deal.by_pair("mid")
    gains = cp.Constant(deal.gains_at_mid / deal.saving)
    places = {}
    for column, (pair, trade) in enumerate(deal.trade.items()):
        half = half_of[pair]
        steps = np.flatnonzero(trade * half)
        if steps.size:
            place = cp.Variable(steps.size, bounds=[-1, 1])
            moved = deal.step_hours * (trade * half)[steps] @ place / deal.saving
            gains = gains - deal.incidence[:, column] * moved
            places[pair] = (steps, place)
    objective = cp.Maximize(deal.weights.to_numpy(float) @ cp.log(gains))
    solve(cp.Problem(objective), "clarabel", "P2, conic")
    prices = {pair: mid[pair].copy() for pair in deal.pairs}
    for pair, (steps, place) in places.items():
        prices[pair][steps] += half_of[pair][steps] * np.clip(value_of(place), -1, 1)
    return prices


# --- ADMM on prices -------------------------------------------------------------------------------
def natural_price_penalty(deal: Deal) -> float:
    """What prices in the bands can move over the bands' squared width, yuan per (yuan/kWh)^2.

    Widths are added up over the pairs and hours in which something is traded. It is the mean, by
    squared width, of the natural penalties of single hours (`penalty_by_hour`).
    """
    half = deal.by_pair("half")
    squares = [half[pair][kw != 0] @ half[pair][kw != 0] for pair, kw in deal.trade.items()]
    width = float(sum(squares))
    return float(deal.room.sum()) / width if width > 0 else 1.0


@dataclass
class PriceTalks:
    """State of the ADMM on prices: what has been named and agreed so far, yuan/kWh `(steps,)`.

    penalty: how many times the natural penalty of each pair and hour (`penalty_by_hour`).
    gates: of the VPPs.
    expected: (pair, VPP) -> the prices this side expects.
    mean: pair -> the mean of both sides' expectations.
    natural: pair -> its natural penalty, yuan per (yuan/kWh)^2.
    multiplier: (pair, VPP) -> multiplier of this side's distance from the mean, yuan per yuan/kWh.
    history: a row per iteration. balancing: True once the talks have stalled.
    """

    deal: Deal
    penalty: float
    gates: Mapping[str, Gate]
    expected: dict[tuple[VppPair, str], np.ndarray] = field(default_factory=dict)
    mean: Prices = field(init=False)
    natural: Prices = field(init=False)
    multiplier: dict[tuple[VppPair, str], np.ndarray] = field(init=False)
    history: list[dict[str, float]] = field(default_factory=list)
    balancing: bool = False

    def __post_init__(self):
        self.mean = {pair: mid.copy() for pair, mid in self.deal.by_pair("mid").items()}
        half = self.deal.by_pair("half")
        self.natural = {
            pair: penalty_by_hour(self.deal.step_hours * kw, half[pair])
            for pair, kw in self.deal.trade.items()
        }
        self.multiplier = {
            (pair, side): np.zeros(len(mid)) for pair, mid in self.mean.items() for side in pair
        }

    def hear(self) -> None:
        """Each VPP names the prices it expects for all its pairs."""
        for name in self.deal.names:
            pairs = own_pairs(self.deal.pairs, name)
            wishes = [
                self.mean[pair] - self.multiplier[pair, name] / (self.penalty * self.natural[pair])
                for pair in pairs
            ]
            told = {"wished prices": np.array(wishes), "penalty": self.penalty}
            answers = self.gates[name].ask(NAME_PRICES, told)["expected prices"]
            for pair, answer in zip(pairs, answers, strict=True):
                self.expected[pair, name] = answer

    def agree(self) -> None:
        """The means of what both sides expect, then the multipliers of their distance from it."""
        for pair in self.deal.pairs:
            self.mean[pair] = (self.expected[pair, pair[0]] + self.expected[pair, pair[1]]) / 2
            for side in pair:
                distance = self.expected[pair, side] - self.mean[pair]
                moved = self.penalty * self.natural[pair] * distance
                self.multiplier[pair, side] = self.multiplier[pair, side] + moved

    def balance_if_stalled(self) -> None:
        """Lets the penalty follow the residuals, once one has long been nothing to the other."""
        primal = [row["largest disagreement (yuan/kWh)"] for row in self.history]
        dual = [row["dual residual (yuan/kWh)"] for row in self.history]
        self.balancing = self.balancing or stalled(primal, dual)
        if self.balancing and len(self.history) < BALANCE_UNTIL:
            self.penalty = balanced(self.penalty, primal[-1], dual[-1])

    def disagreement(self) -> float:
        """The largest difference between two sides' expectations of a price, yuan/kWh."""
        gaps = []
        for pair in self.deal.pairs:
            gaps.append(self.expected[pair, pair[0]] - self.expected[pair, pair[1]])
        return largest(gaps)


def largest(arrays: list[np.ndarray]) -> float:
    """The largest absolute number in some arrays."""
    return max(float(np.abs(array).max(initial=0.0)) for array in arrays)


def admm_prices(
    deal: Deal, how: Settings, gates: Mapping[str, Gate] | None = None
) -> tuple[Prices, pd.DataFrame]:
    """Prices that the VPPs agree on by ADMM (paper A 3.2.2), and the residuals of each iteration.

    VPP i solves min -w_i S log(gain_i) + sum_jt [m x + penalty_jt/2 (x - z)^2] over its prices x in
    the band; z is the mean of both sides' expectations. Each pair and hour has the penalty that
    suits its trade and its band (`penalty_by_hour`), all of them times one number: with the same
    penalty for all, a pair that trades much hears nothing of its multipliers or one that trades
    little is frozen. Only expected prices and multipliers are exchanged. The talks end when the
    expectations agree to `how.tolerance` and the dual residual, the penalty times the move of z, is
    as small as such a move at the natural penalty. Without the second a large penalty would freeze
    any first prices.
    how.penalty: the mean of these penalties, see `natural_price_penalty`.
    gates: of the VPPs, which answer for themselves; None lets the deal's numbers answer.
    Raises NotSolved (limit) after `how.max_iterations`.
    """
    natural = natural_price_penalty(deal)
    gates = gates or gates_of(parties_at(deal))
    tell_deal(deal, gates)
    talks = PriceTalks(deal, (how.penalty or natural) / natural, gates)
    for iteration in range(1, int(how.max_iterations) + 1):
        before = talks.mean.copy()
        talks.hear()
        talks.agree()
        disagreement = talks.disagreement()
        move = largest([talks.mean[pair] - before[pair] for pair in deal.pairs])
        dual = move * talks.penalty
        talks.history.append(
            {
                "iteration": iteration,
                "largest disagreement (yuan/kWh)": disagreement,
                "largest move (yuan/kWh)": move,
                "dual residual (yuan/kWh)": dual,
            }
        )
        if max(disagreement, dual) <= how.tolerance:
            return talks.mean, pd.DataFrame(talks.history).set_index("iteration")
        talks.balance_if_stalled()
    raise NotSolved(
        f"P2: prices differ by {disagreement:.2g} yuan/kWh and move by {dual:.2g} yuan/kWh "
        f"(at the natural penalty) after {int(how.max_iterations)} iterations; "
        f"allowed: {how.tolerance:g} for both",
        "limit",
    )
