"""What a VPP gains by reporting what is not true, under each rule that splits the saving.

yuan, kW; a row per VPP, a column per rule.

All is planned and paid by what is told. A VPP that tells other data than its own gets trades that
suit these data; it carries them out with the plants that it has, and what that truly costs it is
found by its own model. A report that it then cannot carry out is no lie that pays. Its true gain
is

    true cost alone - (true cost with the trades + payment),

and the payment is what the rule makes it by the told numbers. Lies are sought on a grid: one number
or series of one VPP is told at a time, as a multiple of the true one (`FACTORS`), while all others
tell the truth. What is found is a lower bound on what lies can gain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from vppcore.bargaining.parties import Told
from vppcore.bargaining.split import bargain
from vppcore.case import Case
from vppcore.cooperation.certificate import schedule_with
from vppcore.cooperation.joint import pool
from vppcore.cooperation.result import CoalitionResult
from vppcore.errors import NotSolved, WrongInput
from vppcore.fairness import Values, coalition_values, nucleolus, shapley
from vppcore.schedule import dispatch

COST_ALONE, LOAD, SUN_AND_WIND, FUEL = "cost alone", "load", "sun and wind", "price of fuel"
KINDS = (COST_ALONE, LOAD, SUN_AND_WIND, FUEL)
FACTORS = (0.9, 0.95, 1.05, 1.1)
# which numbers of components of which role a lie changes
CHANGED = {
    LOAD: ("load", "forecast"),
    SUN_AND_WIND: ("renewable", "forecast"),
    FUEL: ("supply", "price"),
}
# more VPPs than this lie about their costs alone only: other lies need all their coalitions again
MOST_WITH_DATA = 5
# a share of the saving: gains below it are a solver's
SMALL = 1e-4


class Lie(NamedTuple):
    """A report that is not true. vpp: whose. kind: of KINDS. factor: what is told of the truth."""

    vpp: str
    kind: str
    factor: float

    def __str__(self) -> str:
        """As a table says it."""
        return f"{self.kind} {100 * (self.factor - 1):+.0f} %"


@dataclass(frozen=True, eq=False)
class Reported:
    """An agreement on what was told.

    case: with the told data. alone: VPP -> told cost alone, yuan.
    together: the flattest joint optimum of the told data.
    values: coalition -> what it saves by what is told, yuan.
    """

    case: Case
    alone: dict[str, float]
    together: CoalitionResult
    values: Values

    @property
    def saving(self) -> float:
        """Of all, by what is told, yuan."""
        return sum(self.alone.values()) - self.together.cost

    @property
    def costs(self) -> pd.Series:
        """Each VPP's cost with the trades and before payments, by what is told, yuan."""
        return self.together.costs[self.case.names]


def reported(case: Case, solver: str = "auto") -> Reported:
    """The agreement on the data of a case."""
    together = pool(case, solver, flattest=True)
    values = coalition_values(case, solver=solver)
    apart = {vpp.name: dispatch(vpp, solver).cost for vpp in case.vpps}
    return Reported(case, apart, together, values)


def told_alone(honest: Reported, lie: Lie) -> Reported:
    """The agreement if one VPP tells another cost alone; trades stay as they are.

    What a coalition of two or more with it saves is less by as much, but not less than nothing.
    """
    less = honest.alone[lie.vpp] * (1 - lie.factor)
    values = {
        members: max(0.0, worth - less) if lie.vpp in members and len(members) > 1 else worth
        for members, worth in honest.values.items()
    }
    apart = honest.alone | {lie.vpp: honest.alone[lie.vpp] - less}
    return replace(honest, alone=apart, values=values)


def with_data(case: Case, lie: Lie) -> Case | None:
    """The case as it is told; None if the VPP has nothing that this lie could change."""
    role, field = CHANGED[lie.kind]
    told = case
    found = False
    for component in case.vpp(lie.vpp).with_role(role):
        true = getattr(component, field, None)
        if true is not None and np.any(true):
            found = True
            told = told.change(lie.vpp, component.name, **{field: lie.factor * np.asarray(true)})
    return told if found else None


# --- the rules ------------------------------------------------------------------------------------
def by_weights(weights: str) -> Callable[[Reported], pd.Series]:
    """The rule that gives each VPP its weight's share, by prices in the band where they can."""

    def rule(made: Reported) -> pd.Series:
        apart = {name: Told(cost) for name, cost in made.alone.items()}
        return bargain(made.case, apart, made.together, weights=weights).gains

    return rule


def at_multipliers(made: Reported) -> pd.Series:
    """The rule that pays each trade its multiplier in the joint optimum."""
    gains = {}
    hours = made.case.vpps[0].step_hours
    multipliers = made.together.multipliers
    for name, cost in made.costs.items():
        paid = 0.0
        for pair in multipliers:
            if name in pair:
                partner = pair[1] if pair[0] == name else pair[0]
                trade = made.together.trades[name, partner].to_numpy()
                paid += hours * float(multipliers[pair].to_numpy() @ trade)
        gains[name] = made.alone[str(name)] - cost - paid
    return pd.Series(gains)


RULES: dict[str, Callable[[Reported], pd.Series]] = {
    "contribution weights": by_weights("contribution"),
    "equal parts": by_weights("equal"),
    "energy weights": by_weights("energy"),
    "Shapley value": lambda made: shapley(made.values),
    "nucleolus": lambda made: nucleolus(made.values),
    "multipliers": at_multipliers,
}


def gains_by_rule(made: Reported) -> pd.DataFrame:
    """What each VPP gains by what is told, yuan; nan where a rule finds no agreement."""
    columns = {}
    for name, rule in RULES.items():
        try:
            columns[name] = rule(made)[made.case.names]
        except NotSolved:
            columns[name] = pd.Series(np.nan, made.case.names)
    return pd.DataFrame(columns)


# --- the search -----------------------------------------------------------------------------------
class Lies(NamedTuple):
    """What lies gain.

    honest: what each VPP gains by the truth, yuan.
    best: what its best lie gains it on top, by rule, yuan; zero where none on the grid pays.
    lies: which lie that is, as a text; empty where none pays.
    tried: a row for each lie and rule: VPP, lie, rule, gain on top (nan: no agreement, or it
    cannot carry out what it agreed to).
    """

    honest: pd.DataFrame
    best: pd.DataFrame
    lies: pd.DataFrame
    tried: pd.DataFrame


def true_gain_of(case: Case, made: Reported, vpp: str, gains: pd.Series, honest: float) -> float:
    """What one VPP truly gains if it carries out what was agreed, yuan; nan if it cannot.

    case: the true one. made, gains: the agreement by what is told, and the rule's gains.
    honest: its true cost alone, yuan.
    """
    tied = next(each for each in case.connected() if each.name == vpp)
    partners = [other for other in case.names if other != vpp]
    trades = {other: made.together.trades[vpp, other].to_numpy() for other in partners}
    try:
        true = schedule_with(tied, trades, "auto").cost
    except NotSolved:
        return np.nan
    payment = made.alone[vpp] - float(made.costs[vpp]) - gains
    return honest - true - payment


def agreed_on(case: Case, honest: Reported, lie: Lie, solver: str) -> Reported | None:
    """The agreement with a lie; None if there is none, or nothing to lie about."""
    if lie.kind == COST_ALONE:
        made = told_alone(honest, lie)
    else:
        told = with_data(case, lie)
        if told is None:
            return None
        try:
            made = reported(told, solver)
        except (NotSolved, WrongInput):  # what is told has no schedule
            return None
    return made if made.saving > 0 else None


def best_lies(
    case: Case,
    factors: Sequence[float] = FACTORS,
    kinds: Sequence[str] | None = None,
    solver: str = "auto",
    progress: bool = False,
) -> Lies:
    """The lie of each VPP that gains it most under each rule, of all on the grid.

    factors: what is told, as multiples of the truth.
    kinds: of KINDS; None takes all, or of more than MOST_WITH_DATA VPPs the cost alone.
    progress: shows a bar.
    Raises WrongInput for an unknown kind, NotSolved if the case has no joint optimum.
    """
    if kinds is None:
        kinds = KINDS if len(case.names) <= MOST_WITH_DATA else (COST_ALONE,)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise WrongInput(f"kinds: found {unknown[0]!r}; allowed: {', '.join(KINDS)}")
    honest = reported(case, solver)
    gains = gains_by_rule(honest)
    lies = [Lie(name, kind, factor) for name in case.names for kind in kinds for factor in factors]
    rows = []
    for lie in tqdm(lies, desc="lies", disable=not progress):
        made = agreed_on(case, honest, lie, solver)
        if made is None:
            continue
        told = gains_by_rule(made)
        true = true_gain_of(case, made, lie.vpp, 0.0, honest.alone[lie.vpp])
        for rule in told:
            more = true + told.loc[lie.vpp, rule] - gains.loc[lie.vpp, rule]
            rows.append({"VPP": lie.vpp, "lie": str(lie), "rule": rule, "more (yuan)": more})
    tried = pd.DataFrame(rows, columns=["VPP", "lie", "rule", "more (yuan)"])
    return chosen(gains, tried, SMALL * honest.saving)


def chosen(honest: pd.DataFrame, tried: pd.DataFrame, small: float) -> Lies:
    """The best of the lies that were tried. small: yuan, less is nothing."""
    best = pd.DataFrame(0.0, honest.index, honest.columns)
    lies = pd.DataFrame("", honest.index, honest.columns)
    known = tried.dropna(subset=["more (yuan)"])
    for (name, rule), some in known.groupby(["VPP", "rule"]):
        row = some.loc[some["more (yuan)"].idxmax()]
        if row["more (yuan)"] > small:
            best.loc[name, rule] = row["more (yuan)"]
            lies.loc[name, rule] = row["lie"]
    return Lies(honest, best, lies, tried)
