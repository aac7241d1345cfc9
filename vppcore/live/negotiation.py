"""The negotiation, step by step: what a reader turns, and what the drawings show.

Two VPPs negotiate in the page (`toy.py`), with numbers of the size of a case's; the talks of the
case itself were held before (`recorded.py`). Power in kW, prices in yuan/kWh; slopes are told per
MW, so that their numbers can be read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from vppcore.bargaining.band import price_band
from vppcore.case import Case
from vppcore.cooperation.negotiation import natural_penalty
from vppcore.cooperation.result import CoalitionResult
from vppcore.cooperation.settings import ORDERS
from vppcore.errors import WrongInput
from vppcore.live.problem import Knob, Settings
from vppcore.live.recorded import recorded
from vppcore.live.sliders import above_zero, round_step, slider
from vppcore.live.toy import Toy

NAMES = ("A", "B")
KW_PER_MW = 1000.0
ORDER_WORDS = ("one after the other", "both at once")
DECADES = 2  # of penalties on each side of the slope's size
STEEP = 2.0  # of the first slope: how often it would close the spread on a full line
MOST = 3.0  # how often its usual value a slope may be turned up to
DEARER = 1.5  # the same of the dearest price
FEES = 0.6  # of the spread: the highest fee; at a half nobody trades
ENOUGH = 1e-11  # of the most that can change hands: the bounds have met
PATIENCE = 20_000  # iterations
SAME = 1e-9  # two penalties are one
DIGITS = 3  # of a penalty in words


# --- the toy --------------------------------------------------------------------------------------
def toy_of(case: Case, **given: float | None) -> dict[str, float]:
    """The numbers of the toy in a case: its dearest and cheapest price at the grid, its line.

    given: price_1, price_2 (yuan/kWh), slope_1, slope_2 (yuan/kWh per MW) where they are set.
    Returns these four, trade_limit (kW) and crossing_fee (yuan/kWh).
    Raises WrongInput for a case without a tie, without a limit, or with one price only.
    """
    if case.tie is None:
        raise WrongInput(f"case {case.name}: found no tie; allowed: a case whose VPPs may trade")
    limit = float(np.max(case.tie.limit))
    if not 0 < limit < math.inf:
        raise WrongInput(
            f"case {case.name}: found a trade limit of {limit:g} kW; allowed: a number"
        )
    band = price_band(case)
    dear, cheap = float(band["high"].max()), max(0.0, float(band["low"].min()))
    if not dear > cheap:
        raise WrongInput(
            f"case {case.name}: found one price, {dear:g} yuan/kWh; allowed: a purchase price "
            "above the feed-in price"
        )
    slope = round_step(STEEP * (dear - cheap) / limit * KW_PER_MW)
    usual = {"price_1": dear, "price_2": cheap, "slope_1": slope, "slope_2": slope / 2}
    usual |= {name: float(value) for name, value in given.items() if value is not None}
    if not max(usual["price_1"], usual["price_2"]) > 0:
        raise WrongInput(
            f"two VPPs: found prices {usual['price_1']:g} and {usual['price_2']:g}; allowed: one "
            "above 0 at least"
        )
    return usual | {"trade_limit": limit, "crossing_fee": float(np.max(case.tie.crossing_fee))}


def penalties_for(slopes: Sequence[float], natural: float) -> tuple[list[float], int]:
    """Penalties around the size of the slopes, yuan/kWh per kW, and the place of the natural one.

    slopes: yuan/kWh per MW. natural: the penalty that suits the case.

    >>> penalties, usual = penalties_for([1.0, 0.5], natural=1e-4)
    >>> penalties[0], penalties[usual], penalties[-1], len(penalties)
    (1e-05, 0.0001, 0.1, 13)
    """
    mean = float(np.mean(slopes)) / KW_PER_MW or natural
    middle = round(math.log10(mean))
    decades = range(middle - DECADES, middle + DECADES)
    penalties = [float(f"{digit}e{decade}") for decade in decades for digit in (1, 2, 5)]
    penalties.append(float(f"1e{middle + DECADES}"))
    if not np.isclose(penalties, natural, rtol=SAME, atol=0.0).any():
        penalties = sorted([*penalties, natural])
    return penalties, nearest(penalties, natural)


def nearest(penalties: Sequence[float], wanted: float) -> int:
    """The place of the penalty whose ratio to the one that is wanted is nearest to one."""
    return int(np.argmin(np.abs(np.log(np.divide(penalties, wanted)))))


def penalty_words(penalties: Sequence[float]) -> tuple[str, ...]:
    """Penalties as a slider says them.

    >>> penalty_words([1e-4])
    ('0.0001 yuan/kWh per kW',)
    """
    shown = [np.format_float_positional(each, DIGITS, False, False, trim="-") for each in penalties]
    return tuple(f"{number} yuan/kWh per kW" for number in shown)


def toy_knobs(usual: Settings, penalties: Sequence[float], place: int, order: str) -> list[Knob]:
    """What is turned of the toy. usual: as `toy_of`; place: of the usual penalty."""
    dear = max(usual["price_1"], usual["price_2"])
    spread = abs(usual["price_1"] - usual["price_2"]) or dear
    flat = spread / usual["trade_limit"] * KW_PER_MW  # of slopes that could close the spread
    steep = max(usual["slope_1"], usual["slope_2"]) or flat
    limit, fee = usual["trade_limit"], usual["crossing_fee"]
    last = len(penalties) - 1
    knobs = [
        Knob("penalty", "penalty", "", 0, last, 1, place, words=penalty_words(penalties)),
        Knob("order", "order", "", 0, 1, 1, ORDERS.index(order), words=ORDER_WORDS),
    ]
    for number, name in enumerate(NAMES, 1):
        label, price = f"{name}: worth of a kWh without trade", usual[f"price_{number}"]
        knobs.append(slider(f"price_{number}", label, "yuan/kWh", price, DEARER * dear))
    for number, name in enumerate(NAMES, 1):
        label, slope = f"{name}: slope of that worth", usual[f"slope_{number}"]
        knobs.append(slider(f"slope_{number}", label, "yuan/kWh per MW", slope, MOST * steep))
    knobs.append(above_zero(slider("trade_limit", "trade limit", "kW", limit, limit)))
    knobs.append(slider("crossing_fee", "crossing fee, each side", "yuan/kWh", fee, FEES * spread))
    return knobs


def toy_at(settings: Settings) -> Toy:
    """The toy at a setting of its knobs."""
    return Toy(
        prices=(settings["price_1"], settings["price_2"]),
        slopes=(settings["slope_1"] / KW_PER_MW, settings["slope_2"] / KW_PER_MW),
        limit=settings["trade_limit"],
        fee=settings["crossing_fee"],
    )


def enough_for(usual: Settings) -> float:
    """How near bounds have to be to have met, yuan: next to nothing of what can change hands."""
    dearest = DEARER * max(usual["price_1"], usual["price_2"])
    return ENOUGH * dearest * usual["trade_limit"]


def toy_facts(
    usual: Settings, penalties: Sequence[float], colours: Mapping[str, str]
) -> dict[str, Any]:
    """What the page needs beside the knobs. colours: of A and B."""
    return {
        "vpps": dict(colours),
        "penalties": list(penalties),
        "orders": list(ORDERS),
        "enough": enough_for(usual),
        "patience": PATIENCE,
    }


# --- the talks of the case ------------------------------------------------------------------------
def recorded_knobs(case: Case, talks: Mapping[float, CoalitionResult]) -> list[Knob]:
    """Which talks, which pair and which step are shown; usually those of the largest trade.

    talks: penalty -> what `cooperate` made of it.
    Raises WrongInput for talks with one penalty only.
    """
    if len(talks) < 2:
        raise WrongInput(f"recorded talks: found {len(talks)}; allowed: two penalties or more")
    penalties = list(talks)
    place = nearest(penalties, natural_penalty(case))
    pairs = list(combinations(case.names, 2))
    trades = np.abs(np.array([talks[penalties[place]].trades[pair] for pair in pairs]))
    pair, step = np.unravel_index(int(trades.argmax()), trades.shape)
    steps = case.vpps[0].steps
    called = "hour" if case.vpps[0].step_hours == 1 else "step"
    words = penalty_words(penalties)
    knobs = [Knob("penalty", "penalty", "", 0, len(penalties) - 1, 1, place, words=words)]
    if len(pairs) > 1:
        named = tuple(f"{i} and {j}" for i, j in pairs)
        knobs.append(Knob("pair", "pair", "", 0, len(pairs) - 1, 1, int(pair), words=named))
    if steps > 1:
        knobs.append(Knob("hour", called, "", 1, steps, 1, int(step) + 1))
    return knobs


def recorded_facts(
    case: Case,
    talks: Mapping[float, CoalitionResult],
    colours: Mapping[str, str],
    solver: str = "auto",
) -> dict[str, Any]:
    """What was said in these talks, and what their certificates prove. colours: of the VPPs."""
    return {
        "vpps": dict(colours),
        "pairs": [list(pair) for pair in combinations(case.names, 2)],
        "steps": case.vpps[0].steps,
        "step_hours": case.vpps[0].step_hours,
        "talks": recorded(case, talks, solver),
    }
