"""The rule for each parameter of a notebook, gathered from where its number is declared.

A name that no rule is declared for is checked by its annotation, so that a new parameter needs
nothing but its line in the notebook's parameters cell. Nothing here loads a solver, except where a
number of a component is changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from numbers import Integral
from typing import Any

from vppcore.bargaining.settings import Settings as BargainingSettings
from vppcore.changes import CHANGES, Change
from vppcore.choices import SOLVER_CHOICES, STORAGE_MODES
from vppcore.cooperation.settings import Settings as CooperationSettings
from vppcore.errors import WrongInput
from vppcore.game.rules import Rules
from vppcore.pages.parameters_cell import Declared
from vppcore.parameters import RULE, Rule, choice, parameter, rules_of, text
from vppcore.rolling.settings import FORECASTS, Rolling
from vppcore.uncertainty.calls import ReserveTerms
from vppcore.uncertainty.settings import LEVEL, READINGS, Uncertainty

# what None stands for where a run turns an hour of two sellers
OF_ITS_OWN = "the hour's own"


def levels_in(words: Any) -> tuple[int, ...]:
    """Rising levels from text such as "0 2 4"; empty if it is not one.

    >>> levels_in("0 2 4"), levels_in("4 2")
    ((0, 2, 4), ())
    """
    pieces = words.split() if isinstance(words, str) else []
    if not all(piece.isdecimal() and piece.isascii() for piece in pieces):
        return ()
    levels = tuple(int(piece) for piece in pieces)
    rising = all(first < second for first, second in pairwise(levels))
    return levels if rising else ()


def hits_in(words: Any) -> dict[str, tuple[int, ...]]:
    """Steps that are hit by series, from text such as "load 12 13 wind 4"; empty if it is not one.

    >>> hits_in("load 12 13 wind 4")
    {'load': (12, 13), 'wind': (4,)}
    >>> hits_in("12 13"), hits_in("load"), hits_in("load 3 3")
    ({}, {}, {})
    """
    hits: dict[str, tuple[int, ...]] = {}
    series = ""
    for piece in words.split() if isinstance(words, str) else []:
        if not (piece.isdecimal() and piece.isascii()):
            series = piece
            hits[series] = hits.get(series, ())
        elif series:
            hits[series] += (int(piece),)
        else:
            return {}
    named = all(steps and min(steps) > 0 for steps in hits.values())
    once = all(len(set(steps)) == len(steps) for steps in hits.values())
    return hits if named and once else {}


def shares_in(words: Any) -> tuple[float, ...]:
    """Rising shares from 0 to 1 from text such as "0 0.5 1"; empty if it is not one.

    >>> shares_in("0 0.5 1"), shares_in("0.5 0.2"), shares_in("2")
    ((0.0, 0.5, 1.0), (), ())
    """
    try:
        shares = tuple(float(piece) for piece in str(words).split())
    except ValueError:
        return ()
    rising = all(first < second for first, second in pairwise(shares))
    return shares if rising and all(0 <= share <= 1 for share in shares) else ()


class SharesRule(Rule):
    """The rule for a text of rising shares from 0 to 1."""

    def admits(self, value: Any) -> bool:
        """True for a text such as "0 0.5 1"."""
        return bool(shares_in(value))


class HitsRule(Rule):
    """The rule for a text of series and their steps that are hit."""

    def admits(self, value: Any) -> bool:
        """True for a text such as "load 12 13 wind 4"."""
        return bool(hits_in(value))


class LevelsRule(Rule):
    """The rule for a text of rising levels."""

    def admits(self, value: Any) -> bool:
        """True for a text such as "0 2 4"."""
        return bool(levels_in(value))


@dataclass(kw_only=True)
class NotebookParameters:
    """What notebooks ask for beside the settings of the models."""

    case: str = text("the name or folder of a case")
    cases: str = text("names of cases with spaces between")
    study_a: str = text("the name or folder of a case with a carbon market")
    vpp: str | None = text("the name of a VPP of the case", none="the second")
    solver: str = choice("solver of every problem", SOLVER_CHOICES)
    storage: str = choice("are exclusive flows relaxed or exact?", STORAGE_MODES)
    levels: str = field(
        metadata={
            RULE: LevelsRule(
                "text", text="rising whole numbers of 0 or more with spaces between: '0 2 4'"
            )
        }
    )
    level: int = field(metadata={RULE: LEVEL})
    pv_share: float = parameter("-", "budget of photovoltaics, share of the level", high=1)
    reading: str = choice("who knows what when trades are agreed", READINGS)
    series: str | None = text(
        "names of series with spaces between, as in 'load wind pv'", none="load and all plants"
    )
    own_day: str | None = field(
        metadata={
            RULE: HitsRule(
                "text",
                text="series, each with its steps that are hit, once each: 'load 12 13 wind 4'",
                none="no day of one's own",
            )
        }
    )
    samples: int = parameter("-", "days to draw", low=1, whole=True)
    scenarios: int = parameter("-", "drawn days that promises are made for", low=1, whole=True)
    confidence: float = parameter(
        "-", "CVaR is the mean of the costliest 1 - confidence", high=1, below=True
    )
    risk_weights: str = field(
        metadata={
            RULE: SharesRule(
                "text", text="rising shares from 0 to 1 with spaces between: '0 0.5 1'"
            )
        }
    )
    risk_weight: float = parameter("-", "weight of CVaR beside the mean", high=1)
    seed: int = parameter("-", "of the random days", whole=True)
    n: int = parameter("-", "VPPs of a fleet", low=1, high=1e5, whole=True)
    sizes: str = field(
        metadata={
            RULE: LevelsRule("text", text="rising whole numbers with spaces between: '3 10 30'")
        }
    )
    persistence: float = parameter(
        "-", "correlation of a deviation with the next", high=1, below=True
    )
    hour: int = parameter("-", "step that is shown", low=1, whole=True)
    convergence_hour: int = parameter("-", "step whose convergence is shown", low=1, whole=True)
    flat_price: float = parameter("yuan/t", "the dearer flat carbon price", above=True)
    called_credit: float | None = parameter(
        "kg/kWh",
        "carbon quota given to customers for each kWh called",
        none="what a purchased kWh emits",
    )
    free_quota: float = parameter("kg/kWh", "carbon quota that wind and sun earn")
    reward_growth: float = parameter("-", "growth of the price for quota sold, from step to step")
    starts: int = parameter("-", "random beginnings of each hour", low=1, whole=True)
    surplus_a: float | None = parameter(
        "kW", "surplus of the first of two sellers", infinite=False, none=OF_ITS_OWN
    )
    surplus_b: float | None = parameter(
        "kW", "surplus of the second of two sellers", infinite=False, none=OF_ITS_OWN
    )
    need: float | None = parameter(
        "kW", "need of all buyers", above=True, infinite=False, none=OF_ITS_OWN
    )
    reservation_a: float | None = parameter(
        "yuan/kWh", "reservation price of the first of two sellers", none=OF_ITS_OWN
    )
    reservation_b: float | None = parameter(
        "yuan/kWh", "reservation price of the second of two sellers", none=OF_ITS_OWN
    )
    tariff: float | None = parameter(
        "yuan/kWh", "what buyers pay the grid", above=True, none=OF_ITS_OWN
    )
    satisfaction_coefficient: float | None = parameter(
        "-", "what the first kWh is worth, in tariffs", low=1.0, above=True, none=OF_ITS_OWN
    )
    feeder: str = text("a feeder's folder below data/")
    placement: str | None = text(
        "buses with spaces between, as in '18 25 33'", none="buses that suit the case"
    )
    background: float = parameter("-", "the feeder's own loads, share of their peak")
    low: float = parameter("-", "lowest voltage, per unit", low=0.5, high=1, above=True, below=True)
    high: float = parameter(
        "-", "highest voltage, per unit", low=1, high=1.5, above=True, below=True
    )
    margin: float = parameter("-", "kept free of both limits, per unit", high=0.25, below=True)
    line_impedance: float = parameter(
        "-", "resistance and reactance of all lines, as a multiple of the feeder's", above=True
    )
    peak_price: float | None = parameter(
        "yuan/kW", "price of each member's largest purchase, each period", none="the case's"
    )
    dynamic: float = parameter(
        "-", "share of a tariff's distance from its mean that is kept", high=1
    )
    first_step: int = parameter("-", "first step of the part that is studied", low=1, whole=True)
    steps: int = parameter("-", "number of steps that are studied", low=1, whole=True)
    members: int | None = parameter(
        "-", "how many VPPs of the case take part, from its first on", low=1, whole=True, none="all"
    )
    first_day: int = parameter("-", "first day of the case that is read", low=1, whole=True)
    days: int | None = parameter(
        "-", "days of the case that are read", low=1, whole=True, none="all from the first on"
    )
    forecasts: str | None = choice(
        "what is expected of loads and plants",
        FORECASTS,
        none="persistence where there is a day to look back at",
    )
    battery_size: float | None = parameter(
        "-", "all sizes of the batteries, as a multiple of the case's", none="the case's"
    )
    wind: float | None = parameter("-", "wind, as a multiple of the case's", none="the case's")
    sun: float | None = parameter(
        "-", "photovoltaics, as a multiple of the case's", none="the case's"
    )
    slope_1: float | None = parameter(
        "yuan/kWh per MW", "by how much less a kWh is worth to the first", none="suits the line"
    )
    slope_2: float | None = parameter(
        "yuan/kWh per MW", "the same of the second", none="suits the line"
    )
    trades: str = text("negotiated, flattest, or a VPP's end as 'VPP1 least'")
    liar: str | None = text("the name of a VPP of the case", none="each in turn")
    understated: float | None = parameter(
        "yuan", "a cost alone told too low", low=-math.inf, none="a tenth of the saving"
    )
    notebooks: str | None = text("names of notebooks, with spaces between", none="all that judge")


# parameter -> its name in the settings of the bargaining, where another room has a setting of that
# name
OF_BARGAINING = {"price_penalty": "penalty", "price_tolerance": "tolerance"}
# the same in the rules of the game
OF_GAME = {"game_order": "order", "satisfaction_form": "satisfaction"}
BY_ANNOTATION = {
    "str": Rule("text", text="a text"),
    "float": Rule("number"),
    "int": Rule("number", whole=True),
    "bool": Rule("flag", choices=(True, False)),
}


def declared_rules() -> dict[str, Rule]:
    """Parameter -> rule, for all names that are declared by settings or by NotebookParameters."""
    bargaining = rules_of(BargainingSettings)
    gathered = dict(bargaining)
    declared = (Rules, Uncertainty, ReserveTerms, CooperationSettings, Rolling, NotebookParameters)
    for settings in declared:
        gathered |= rules_of(settings)
    for name, field_name in OF_BARGAINING.items():
        gathered[name] = bargaining[field_name]
    of_the_game = rules_of(Rules)
    for name, field_name in OF_GAME.items():
        gathered[name] = of_the_game[field_name]
    return gathered


DECLARED = declared_rules()


def component_rule(change: Change) -> Rule:
    """The rule of a component's number, in the unit of the notebook."""
    from vppcore.components import COMPONENTS  # loads cvxpy, so only where a run changes a number

    rule = rules_of(COMPONENTS[change.component])[change.field]
    return replace(rule, low=rule.low / change.factor, high=rule.high / change.factor)


def rule_for(declared: Declared) -> Rule | None:
    """The rule of a parameter by its name, else by its annotation; None where neither says
    anything.
    """
    known = DECLARED.get(declared.name)
    if known is None and declared.name in CHANGES:
        known = component_rule(CHANGES[declared.name])
    if known is None:
        kinds = declared.kinds & set(BY_ANNOTATION)
        known = BY_ANNOTATION[kinds.pop()] if len(kinds) == 1 else None
    if known is None:
        return None
    return replace(known, none=declared.none, whole=known.whole or declared.is_whole)


def fault_of(declared: Declared, value: Any) -> str:
    """The sentence about a value that is not allowed: what was found, what is allowed. Empty for
    one that is.

    >>> fault_of(Declared("level", "int", 12), -1)
    'level: found -1; allowed: a whole number of 0 or more'
    >>> fault_of(Declared("shown_day", "int", 1), 1.5)
    'shown_day: found 1.5; allowed: a whole number'
    """
    if value is None and declared.may_be_none:
        return ""
    rule = rule_for(declared)
    if rule is None:
        return ""
    admitted = rule.admits(value)
    if declared.is_whole:
        admitted = admitted and isinstance(value, Integral)
    return "" if admitted else rule.fault(declared.name, value)


def check_values(declared: Mapping[str, Declared], values: Mapping[str, Any]) -> None:
    """Raises WrongInput with a sentence for each value that is not allowed, for all of them at
    once.

    declared: the parameters of the notebook. values: those of a run; a parameter may be missing.
    """
    faults = []
    for name, value in values.items():
        if name in declared:
            fault = fault_of(declared[name], value)
        else:
            allowed = ", ".join(declared) or "none"
            fault = f"{name}: no such parameter; allowed: {allowed}"
        if fault:
            faults.append(fault)
    if faults:
        raise WrongInput(*faults)
