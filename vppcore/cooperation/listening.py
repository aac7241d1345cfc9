"""What the words of a negotiation give away of a VPP that said them.

kW, yuan/kWh; a trade p_ij is positive when i receives from j; arrays are (steps,).

VPP i answers the multipliers m_ij and its partners' last words with the trades that it likes best.
So in each round its answer p_ij tells what one more kWh is worth to it, with the penalty rho and
the fee gamma of the crossing::

    worth_i = m_ij + rho (p_ij + p_ji) + gamma sign(p_ij)

All of the right side is known to partner j, and at the table. Each round is a point of the VPP's
net trade as a function of the price at its bus. `heard_at_table` and `heard_by` collect these
points; `rebuilt` says how far a curve through them is from what the VPP's own model answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import Grid
from vppcore.cooperation.certificate import AtPrices
from vppcore.cooperation.common import Common
from vppcore.cooperation.guessing import Heard, first, from_falling_curves, missed
from vppcore.cooperation.result import CoalitionResult
from vppcore.cooperation.talks import Talks
from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.placement import OPERATOR
from vppcore.vpp import VPP

MARKET = "(market)"
# a share of a VPP's largest answer below which a trade is the solver's and tells no price
TELLS_NOTHING = 1e-3
# prices that are asked keep this share of their range from its ends, where a VPP is indifferent
INSIDE = 0.02

AT_THE_TABLE = "at the table"
A_NEIGHBOUR = "a neighbour"
TARIFFS_ALONE = "tariffs alone"
ANYWHERE = "at the table, any price"


# --- what is heard --------------------------------------------------------------------------------
def answers_of(
    case: Case, result: CoalitionResult, name: str, relaxation: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """What a VPP said, and what one more kWh is worth to it by each of its trades.

    result: of `cooperate`, without an operator. relaxation: that it was called with.
    Returns kW and yuan/kWh, `(rounds, steps, partners)` each; the worth is nan where the VPP
    trades nothing with the partner, so that it may lie anywhere within a fee.
    Raises WrongInput for a stranger or for a result without talks.
    """
    common = Common.of(case)
    refuse_silent(common, result, name)
    talks = Talks({each: common.partners(each) for each in common.names}, common.steps)
    order = result.method.removeprefix("ADMM, ")
    fee = np.broadcast_to(common.needed_tie.crossing_fee, common.steps)[:, np.newaxis]
    told, worth = [], []
    for iteration, messages in groupby(result.messages, lambda message: message.iteration):
        penalty = float(result.history.loc[iteration, "penalty"])
        pull = np.zeros(0)
        for message in messages:
            if message.kind == "multiplier":
                talks.multiplier[message.sender, message.receiver] = message.content
                continue
            if message.sender == name and not pull.size:
                pull = talks.pull(name, penalty, order)
            talks.expected[message.sender, message.receiver] = message.content
        answer = np.column_stack([talks.expected[name, other] for other in talks.partners[name]])
        said = np.abs(answer) > TELLS_NOTHING * np.abs(answer).max()
        price = pull + penalty * answer + fee * np.sign(answer)
        told.append(answer)
        worth.append(np.where(said, price, np.nan))
        for pair, middle in talks.middle().items():
            talks.target[pair] = relaxation * middle + (1 - relaxation) * talks.target[pair]
    return np.array(told), np.array(worth)


def refuse_silent(common: Common, result: CoalitionResult, name: str) -> None:
    """Raises WrongInput for a stranger, or a result without talks or with an operator."""
    if name not in common.names:
        raise WrongInput(f"name: found {name!r}; allowed: {', '.join(common.names)}")
    speakers = {message.sender for message in result.messages}
    if not speakers or OPERATOR in speakers:
        raise WrongInput(
            f"result: found talks among {', '.join(sorted(speakers)) or 'nobody'}; "
            f"allowed: among {', '.join(common.names)}"
        )


def heard_at_table(told: np.ndarray, worth: np.ndarray) -> Heard:
    """What the table hears: net trades, and the worth by all trades that tell one.

    told, worth: as `answers_of` has them.
    """
    return Heard(known_worth(worth), told.sum(axis=2))


def heard_by(told: np.ndarray, worth: np.ndarray, partner: int) -> Heard:
    """What one partner hears: its own trade, which it takes for the net trade, and the worth."""
    return Heard(known_worth(worth[:, :, [partner]]), told[:, :, partner])


def known_worth(worth: np.ndarray) -> np.ndarray:
    """The mean worth over partners, yuan/kWh `(rounds, steps)`.

    Where no trade tells it, it is that of the last round that did, or of the first that does;
    0 where none ever does.
    """
    known = np.isfinite(worth)
    counts = known.sum(axis=2)
    sums = np.where(known, worth, 0.0).sum(axis=2)
    mean = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return pd.DataFrame(mean).ffill().bfill().fillna(0.0).to_numpy()


# --- the truth ------------------------------------------------------------------------------------
def own_answer(case: Case, name: str) -> Callable[[np.ndarray], np.ndarray]:
    """What a VPP's own model answers to prices at its bus: its net trade, kW `(steps,)`.

    As much as all its ties together let through. Raises NotSolved if it could earn without end.
    """
    common = Common.of(case)
    others = len(common.partners(name))
    tie = common.needed_tie
    market = replace(tie, partners=(MARKET,), crossing_fee=0.0, limit=others * tie.limit)
    pair = (name, MARKET)
    at_prices = AtPrices(case.vpp(name).adding(market), [pair], "auto")

    def answer(prices: np.ndarray) -> np.ndarray:
        if not np.isfinite(at_prices.least_cost({pair: prices})):
            raise NotSolved(f"{name}: found prices at which it earns without end", "unbounded")
        return at_prices.traded()[pair]

    return answer


def answered(
    answer: Callable[[np.ndarray], np.ndarray], asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The prices that a model answers, and its answers, `(tests, steps)` each.

    At odd prices a solver of quadratic models may stop before its accuracy; such prices are left
    out. Raises NotSolved for any other reason, or if no answer is left.
    """
    found = []
    for prices in asked:
        try:
            found.append((prices, answer(prices)))
        except NotSolved as refused:
            last = refused
            if refused.status != "inaccurate":
                raise
    if not found:
        raise last
    return np.array([prices for prices, _ in found]), np.array([net for _, net in found])


def range_of_prices(vpp: VPP, heard: Heard) -> tuple[np.ndarray, np.ndarray]:
    """Between which prices a VPP is asked: its tariffs, without a grid the prices heard."""
    grids = vpp.of(Grid)
    if not grids:
        return heard.prices.min(axis=0), heard.prices.max(axis=0)
    buy = np.min([grid.buy_price for grid in grids], axis=0)
    sell = np.max([grid.sell_price for grid in grids], axis=0)
    return np.minimum(buy, sell), np.maximum(buy, sell)


def asked_prices(
    heard: Heard, ends: tuple[np.ndarray, np.ndarray], change: float, tests: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Prices near those of the last round, and prices anywhere in the range, `(tests, steps)`.

    change: standard deviation of the nearer ones, as a share of the range.
    """
    low, high = ends
    width = high - low
    chance = np.random.default_rng(seed)
    shape = (tests, len(low))
    last = np.divide(heard.prices[-1] - low, width, out=np.full(len(low), 0.5), where=width > 0)
    near = np.clip(last, 0, 1) + change * chance.standard_normal(shape)
    anywhere = chance.random(shape)
    inside = [np.clip(shares, INSIDE, 1 - INSIDE) for shares in (near, anywhere)]
    return low + width * inside[0], low + width * inside[1]


# --- how well it is rebuilt -----------------------------------------------------------------------
def rebuilt(
    case: Case,
    result: CoalitionResult,
    rounds: Sequence[int] = (1, 2, 5, 10, 20),
    change: float = 0.1,
    tests: int = 20,
    seed: int = 0,
    relaxation: float = 1.0,
) -> pd.DataFrame:
    """How far a listener's curve of a VPP's net trade by price is from the truth, by rounds heard.

    rounds: that were heard; all rounds of the talks are added, and more than there were left out.
    change: standard deviation of the asked prices about the last ones, as a share of the range from
    feed-in to purchase price. tests: so many price vectors, drawn with the seed.
    relaxation: that `cooperate` was called with.

    A row for each VPP and number of rounds. Columns, as shares of the true net trades: who hears
    all of its words at the table; the neighbour whose guess is best; who knows the tariffs alone,
    and within them can only guess that nothing is traded; and the table at any price in the range.
    Raises WrongInput as `answers_of`, NotSolved as `own_answer`.
    """
    rows = {}
    for name in case.names:
        told, worth = answers_of(case, result, name, relaxation)
        table = heard_at_table(told, worth)
        neighbours = [heard_by(told, worth, each) for each in range(told.shape[2])]
        ends = range_of_prices(case.vpp(name), table)
        near, anywhere = asked_prices(table, ends, change, tests, seed)
        answer = own_answer(case, name)
        near, liked = answered(answer, near)
        anywhere, liked_anywhere = answered(answer, anywhere)
        for count in sorted({*(each for each in rounds if each < len(told)), len(told)}):
            by_neighbour = [off(each, count, near, liked) for each in neighbours]
            rows[name, count] = {
                AT_THE_TABLE: off(table, count, near, liked),
                A_NEIGHBOUR: min(by_neighbour),
                TARIFFS_ALONE: missed(nothing_traded, table, near, liked),
                ANYWHERE: off(table, count, anywhere, liked_anywhere),
            }
    return table_of(rows)


def off(heard: Heard, rounds: int, asked: np.ndarray, liked: np.ndarray) -> float:
    """The relative error of falling curves through the points of the first rounds."""
    return missed(from_falling_curves, first(heard, rounds), asked, liked)


def nothing_traded(heard: Heard, asked: np.ndarray) -> np.ndarray:
    """The guess of who knows the tariffs alone, for prices between them."""
    return np.zeros(len(asked))


def table_of(rows: Mapping[tuple[str, int], dict[str, float]]) -> pd.DataFrame:
    """The rows with an index of VPP and rounds heard."""
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["VPP", "rounds heard"])
    return table
