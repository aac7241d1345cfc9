"""Split the cake: bargaining weights as a point in a triangle, optimal trades, a lie.

The page divides by the closed forms of `vppcore.bargaining` what was solved when the book was made:
costs alone, the optimal trades at several ends of their range, savings of all coalitions, and a
bound on the joint cost. `deal_at` makes the same deal of these numbers in Python.

yuan, yuan/kWh, kW; arrays by pair are in the order of `combinations(names, 2)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vppcore.bargaining.band import price_band
from vppcore.bargaining.deal import Deal, make_deal
from vppcore.bargaining.weights import bargaining_weights
from vppcore.case import Case
from vppcore.cooperation.ends import FLATTEST, choices_of, optimal_trades
from vppcore.errors import WrongInput
from vppcore.fairness import Values, coalition_values, shapley
from vppcore.live.problem import Knob, Settings
from vppcore.live.sliders import round_step
from vppcore.schedule import DispatchResult
from vppcore.standalone import alone

VPPS = 3  # a triangle has three corners
LEAST_WEIGHT = 0.01  # a VPP without any weight would not bargain
WEIGHT_STEP = 0.005
# a VPP's own bill differs between two optima by more than this share of the saving, or not at all
SAME_BILL = 1e-6
LIE = 0.5  # of the saving that is left to share, the largest lie that a slider offers
LIE_STEPS = 50
SAME_WEIGHT = 1e-9
MARKED = ("contribution", "equal", "energy")


class Cake(NamedTuple):
    """What a case has to divide, and how.

    alone: VPP -> its schedule without trade.
    deals: name of the optimal trades -> the bargaining problem with them, weights by contribution.
    lower: no schedule of the VPPs costs less, yuan.
    values: coalition -> what it saves, yuan.
    """

    alone: dict[str, DispatchResult]
    deals: dict[str, Deal]
    lower: float
    values: Values


# --- what is solved when the book is made ---------------------------------------------------------
def cake_of(case: Case, solver: str = "auto") -> Cake:
    """What there is to divide in a case of three VPPs.

    Raises WrongInput for another number of VPPs, a case without a tie, or trades that leave a VPP
    out; NotSolved if there is no optimum.
    """
    if len(case.names) != VPPS:
        raise WrongInput(
            f"case {case.name}: found {len(case.names)} VPPs; allowed: {VPPS}, the corners of a "
            "triangle of weights"
        )
    if case.tie is None:
        raise WrongInput(f"case {case.name}: found no tie; allowed: a case whose VPPs may trade")
    price_band(case)  # refuses tariffs that differ: the page draws one band
    schedules = alone(case, solver)
    deals: dict[str, Deal] = {}
    bounds = []
    for choice in choices_of(case.names):
        found = optimal_trades(case, choice, solver)
        deal = make_deal(case, schedules, found, "contribution")
        refuse_apart(case, deal)
        if choice == FLATTEST or is_another(deal, deals[FLATTEST], choice):
            deals[choice] = deal
        if found.certificate is not None:
            bounds.append(found.certificate.lower)
    return Cake(schedules, deals, max(bounds), coalition_values(case, solver=solver))


def refuse_apart(case: Case, deal: Deal) -> None:
    """Raises WrongInput unless trades join all VPPs and save something for them to share."""
    groups = deal.groups()
    if len(groups) != 1 or len(groups[0].names) < len(case.names) or deal.saving <= 0:
        raise WrongInput(
            f"case {case.name}: found optimal trades that leave a VPP out or save nothing; "
            "allowed: trades by which all VPPs share one saving"
        )


def is_another(deal: Deal, flattest: Deal, choice: str) -> bool:
    """True if the bill of the VPP whose end this is differs from the flattest optimum's."""
    name = choice.rpartition(" ")[0]
    apart = abs(deal.with_trades[name] - flattest.with_trades[name])
    return bool(apart > SAME_BILL * flattest.saving)


# --- knobs and facts ------------------------------------------------------------------------------
def knobs_of(cake: Cake) -> list[Knob]:
    """Which optimal trades, the point of weights, who lies and by how much."""
    deal = cake.deals[FLATTEST]
    first, second, _ = deal.names
    weights = deal.weights.to_numpy(float)
    most = largest_lie(cake)
    step = round_step(2 * most / LIE_STEPS)
    most = step * math.floor(most / step)
    named = tuple(words_for(choice) for choice in cake.deals)
    ends = (LEAST_WEIGHT, 1 - 2 * LEAST_WEIGHT)
    share = weights[1] / (weights[1] + weights[2])
    knobs = []
    if len(named) > 1:
        last = len(named) - 1.0
        knobs.append(Knob("trades", "which optimal trades", "", 0, last, 1, 0, words=named))
    knobs += [
        Knob("first_weight", f"weight of {first}", "", *ends, WEIGHT_STEP, weights[0]),
        Knob("second_share", f"of the rest to {second}", "", *ends, WEIGHT_STEP, share),
        Knob("liar", "who lies", "", 0, 2, 1, 0, words=tuple(deal.names)),
        Knob("understated", "its cost alone, told too low by", "yuan", -most, most, step, 0.0),
    ]
    return knobs


def words_for(choice: str) -> str:
    """What the optimal trades of a name are called on a slider.

    >>> words_for("VPP1 most"), words_for("flattest")
    ('largest bill of VPP1', 'the flattest')
    """
    if choice == FLATTEST:
        return "the flattest"
    name, _, end = choice.rpartition(" ")
    return f"{'least' if end == 'least' else 'largest'} bill of {name}"


def largest_lie(cake: Cake) -> float:
    """A lie, yuan, that leaves something to agree on whoever tells it, with any of the trades.

    By what is told the saving is smaller by the lie, and so is what the liar gains at the best
    prices of the band for it; of both something must be left.
    """
    deals = cake.deals.values()
    reached = [deal.gains_at_mid + np.abs(deal.incidence) @ deal.room for deal in deals]
    best = min(float(gains.min()) for gains in reached)
    return LIE * min(best, *(deal.saving for deal in deals))


def told(deal: Deal, liar: str, understated: float) -> Deal:
    """The deal as it looks by what is told: the liar's cost alone is lower than true by so much."""
    costs = deal.alone.copy()
    costs[liar] -= understated
    return replace(deal, alone=costs)


def marks_of(cake: Cake, deal: Deal) -> dict[str, list[float]]:
    """The weights that rules choose, for the trades of a deal."""
    marks = {}
    for rule in MARKED:
        weights = bargaining_weights(both_ways(deal), rule, deal.step_hours)
        marks[rule] = weights[deal.names].tolist()
    parts = shapley(cake.values)[deal.names]
    marks["Shapley"] = (parts / parts.sum()).tolist()
    return marks


def both_ways(deal: Deal) -> pd.DataFrame:
    """The trades of a deal with a column for each ordered pair, kW."""
    back = {(j, i): -kw for (i, j), kw in deal.trade.items()}
    return pd.DataFrame(deal.trade | back)[deal.names]


def facts_of(
    cake: Cake, colours: Mapping[str, str], pairs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """What the page divides and draws.

    colours: VPP -> its colour in figures.
    pairs: of each pair its colour on a light and on a dark page.
    """
    usual = cake.deals[FLATTEST]
    return {
        "vpps": dict(colours),
        "pairs": [list(both) for both in pairs],
        "hours": usual.step_hours,
        "low": usual.band_of_all["low"].tolist(),
        "high": usual.band_of_all["high"].tolist(),
        "alone": usual.alone[usual.names].tolist(),
        "deals": [
            {
                "name": choice,
                "with_trades": deal.with_trades[deal.names].tolist(),
                "trades": [kw.tolist() for kw in deal.trade.values()],
                "marks": marks_of(cake, deal),
            }
            for choice, deal in cake.deals.items()
        ],
        "lower": cake.lower,
        "values": [cake.values[pair] for pair in combinations(usual.names, 2)],
    }


# --- the same in Python ---------------------------------------------------------------------------
def weights_at(setting: Settings) -> np.ndarray:
    """The point of weights of a setting, `(3,)`."""
    first, share = setting["first_weight"], setting["second_share"]
    return np.array([first, (1 - first) * share, (1 - first) * (1 - share)])


def deal_at(facts: Mapping[str, Any], setting: Settings) -> Deal:
    """The deal that a page's numbers are at a setting, honestly told; see `told`."""
    names = list(facts["vpps"])
    chosen = facts["deals"][int(setting.get("trades", 0))]
    band = pd.DataFrame({"low": facts["low"], "high": facts["high"]})
    band["mid"] = (band["low"] + band["high"]) / 2
    band["half"] = (band["high"] - band["low"]) / 2
    rows = zip(combinations(names, 2), chosen["trades"], strict=True)
    return Deal(
        names=names,
        alone=pd.Series(facts["alone"], names),
        with_trades=pd.Series(chosen["with_trades"], names),
        weights=pd.Series(weights_at(setting), names),
        trade={pair: np.array(kw) for pair, kw in rows},
        band=band,
        step_hours=facts["hours"],
    )


def command_values(facts: Mapping[str, Any], setting: Settings) -> Iterator[tuple[str, str]]:
    """The notebook's parameters of a setting, as the page writes them: name and text."""
    chosen = facts["deals"][int(setting.get("trades", 0))]
    yield "trades", chosen["name"]
    weights = weights_at(setting)
    same = [rule for rule in MARKED if np.abs(weights - chosen["marks"][rule]).max() < SAME_WEIGHT]
    numbers = " ".join(f"{weight:.6f}".rstrip("0") for weight in weights)
    yield "weights", same[0] if same else numbers
    if setting["understated"]:
        yield "liar", list(facts["vpps"])[int(setting["liar"])]
        yield "understated", f"{setting['understated']:g}"
