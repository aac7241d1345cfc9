"""What pages solve several times to compare: a negotiation under many settings, random days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from vppcore.bargaining.band import price_band
from vppcore.bargaining.lies import bargain_with_lie
from vppcore.bargaining.settings import refuse_weights
from vppcore.bargaining.split import BargainResult, bargain
from vppcore.bargaining.weights import bargaining_weights
from vppcore.case import Case
from vppcore.cooperation.ends import choices_of, optimal_trades
from vppcore.cooperation.joint import pool
from vppcore.cooperation.listening import rebuilt
from vppcore.cooperation.negotiation import cooperate, natural_penalty
from vppcore.cooperation.result import CoalitionResult
from vppcore.cooperation.savings import Ends, saving_by_item, saving_range
from vppcore.errors import NotSolved, WrongInput
from vppcore.pages.tables import forecast_and_worst
from vppcore.schedule import DispatchResult, dispatch
from vppcore.standalone import alone
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.robust import RobustResult
from vppcore.uncertainty.series import hit
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worst_day import WorstCase, worst_case
from vppcore.vpp import VPP

PATIENCE = 2000  # iterations, where settings are tried that need more than the usual ones
EARLY = 10  # the round in which talks under several penalties are compared
NEGOTIATED = "negotiated"  # the trades that VPPs agree on by ADMM
LIE = 0.1  # of the saving, where a page asks what a lie would change
FEW_STEPS = 30  # up to so many steps two of them can be chosen in all ways
NOTHING_TO_SHARE = 1e-4  # of the cost alone: the accuracy of a robust coalition


class Agreement(NamedTuple):
    """What a case costs alone, in the coalition, and how the saving is split."""

    alone: dict[str, DispatchResult]
    together: CoalitionResult
    split: BargainResult


class Saving(NamedTuple):
    """The saving of a case by cost item, and the schedules that it is the difference of.

    items: as `saving_by_item` makes it, of the flattest schedules.
    ends: between what the items lie over all cheapest schedules; None where costs are not linear.
    """

    items: pd.DataFrame
    ends: Ends | None
    alone: dict[str, DispatchResult]
    together: CoalitionResult


def split_saving(case: Case, solver: str = "auto") -> Saving:
    """Where the saving of a case comes from, item by item. solver: as for `pool`."""
    apart = alone(case, solver, flattest=True)
    together = pool(case, solver, flattest=True)
    try:
        ends = saving_range(case)
    except WrongInput:  # a range over optima is found for linear costs only
        ends = None
    return Saving(saving_by_item(apart, together.dispatches), ends, apart, together)


def refuse_trades(trades: str, names: list[str]) -> None:
    """Raises WrongInput for a text that is neither "negotiated" nor of `choices_of`."""
    allowed = [NEGOTIATED, *choices_of(names)]
    if trades not in allowed:
        raise WrongInput(f"trades: found {trades!r}; allowed: {', '.join(allowed)}")


def agree(
    case: Case, weights: str, solver: str = "auto", trades: str = NEGOTIATED, **negotiation: Any
) -> Agreement:
    """Each VPP alone, the coalition and the split of its saving.

    weights: as for `bargain`. trades: "negotiated", or as for `optimal_trades`.
    negotiation: as for `cooperate`.
    Raises WrongInput for other weights or trades, before anything is solved.
    """
    refuse_weights(weights, case.names)
    refuse_trades(trades, case.names)
    schedules = alone(case, solver)
    if trades == NEGOTIATED:
        usual: dict[str, Any] = {"balancing": False, "max_iterations": PATIENCE}
        together = cooperate(case, **usual | negotiation, solver=solver)
    else:
        together = optimal_trades(case, trades, solver)
    return Agreement(schedules, together, bargain(case, schedules, together, weights=weights))


def optimal_splits(
    case: Case, weights: str, agreement: Agreement, solver: str = "auto", **negotiation: Any
) -> pd.DataFrame:
    """The saving of a case split by the weights of several sets of trades that all are optimal, to
    the tolerance of the talks: a row each, yuan by VPP.

    weights: the rule, as for `bargain`. agreement: of the case. negotiation: as for `cooperate`;
    one row has a penalty that is three times as large.
    """
    patient: dict[str, Any] = {"max_iterations": PATIENCE} | negotiation
    patient["penalty"] = 3 * (negotiation.get("penalty") or natural_penalty(case))
    own = NEGOTIATED if agreement.together.iterations else "optimal"
    sources = {
        f"{own} (this page)": agreement.together,
        "negotiated, penalty 3 times": cooperate(case, **patient, solver=solver),
        "joint optimum": pool(case, solver=solver),
        "joint optimum, flattest trades": pool(case, solver=solver, flattest=True),
    }
    saving = float(agreement.split.gains.sum())
    step_hours = case.vpps[0].step_hours
    return pd.DataFrame(
        {
            name: saving * bargaining_weights(coalition.trades[case.names], weights, step_hours)
            for name, coalition in sources.items()
        }
    ).T


def splits_at_ends(
    case: Case, weights: str, agreement: Agreement, solver: str = "auto"
) -> pd.DataFrame:
    """The saving of a case split by the weights of optimal trades that lie far apart: a row each,
    named as `choices_of` has it, yuan by VPP.

    weights, agreement: as for `optimal_splits`.
    All rows are joint optima. A mixture of cheapest schedules is a cheapest schedule, and weights
    follow the trades without a jump, so any number between two rows is that of some optimum too.
    """
    saving = float(agreement.split.gains.sum())
    step_hours = case.vpps[0].step_hours
    rows = {}
    for choice in choices_of(case.names):
        trades = optimal_trades(case, choice, solver).trades[case.names]
        rows[choice] = saving * bargaining_weights(trades, weights, step_hours)
    return pd.DataFrame(rows).T


def lies(
    case: Case,
    weights: str,
    agreement: Agreement,
    liar: str | None = None,
    understated: float | None = None,
) -> pd.DataFrame:
    """What every VPP truly gains if one of them tells a lower cost alone than its own, yuan.

    A row for each liar: whose lie, by how much, what is left to share by what is told, then the
    true gain of each VPP, empty where no split is found by what is told.
    weights: as for `bargain`. agreement: of the case. liar: whose lie; None takes each in turn.
    understated: yuan, negative for a cost that is told too high; None takes a share of the saving.
    """
    told = LIE * float(agreement.split.gains.sum()) if understated is None else understated
    rows = {}
    for name in case.names if liar is None else [liar]:
        rows[name] = {"told too low": told, "saving by what is told": np.nan}
        rows[name] |= dict.fromkeys(case.names, np.nan)
        try:
            found = bargain_with_lie(case, agreement.alone, agreement.together, name, told, weights)
        except NotSolved:
            continue
        rows[name]["saving by what is told"] = float(found.told.gains.sum())
        rows[name] |= found.gains.to_dict()
    return pd.DataFrame(rows).T.rename_axis("liar")


def split_elsewhere(
    case: Case,
    weights: str,
    solver: str,
    talks: Mapping[str, Any],
    trades: str = NEGOTIATED,
    **negotiation: Any,
) -> dict[str, Any]:
    """What the claims on the split ask for, of another case: split, band, ends and talked.

    talks: penalty and tolerance of the talks on prices. The rest: as for `agree`.
    """
    made = agree(case, weights, solver, trades, **negotiation)
    talked = bargain(case, made.alone, made.together, weights=weights, method="admm", **talks)
    ends = splits_at_ends(case, weights, made, solver)
    return {"split": made.split, "band": price_band(case), "ends": ends, "talked": talked}


def load_profile(vpp: VPP, doubt: Uncertainty, hits: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a claim on the worst load asks for, of a VPP whose load is uncertain: load_profile."""
    profiles = forecast_and_worst(vpp, doubt, hits)
    return {"load_profile": profiles["load"]} if "load" in profiles else {}


def costliest_among(
    vpp: VPP, doubt: Uncertainty, hours: Sequence[int], solver: str = "auto"
) -> pd.Series:
    """What the costliest of several sets of days costs a VPP, yuan.

    hours: steps in which the load rises, from 1.
    Rows: forecast (the day without hits), all days (of the budget), all these hours (days on which
    the load rises in all of them), no other hours (in them and in no others).
    """
    named = {"load": list(hours)}
    hours_each = vpp.step_hours * len(named["load"])  # where a period has them all
    just = replace(doubt, budgets={**doubt.budgets, "load": hours_each})
    worst = worst_case(vpp, doubt, solver=solver)
    costs = {
        "forecast": worst.nominal,
        "all days": worst.cost,
        "all these hours": worst_case(vpp, doubt, solver=solver, must=named).cost,
        "no other hours": worst_case(vpp, just, solver=solver, must=named).cost,
    }
    return pd.Series(costs, name="yuan")


def hits_elsewhere(
    vpp: VPP, doubt: Uncertainty, hours: Sequence[int], solver: str
) -> dict[str, pd.DataFrame | pd.Series]:
    """What the claims on the worst day ask for, of a VPP of another case: hits, among and
    load_profile. hours: as for `costliest_among`.
    """
    hits = worst_case(vpp, doubt, solver=solver, canonical=True).hits
    among = costliest_among(vpp, doubt, hours, solver)
    return {"hits": hits, "among": among, **load_profile(vpp, doubt, hits)}


def negotiate_each(
    case: Case,
    runs: Sequence[Mapping[str, Any]],
    solver: str = "auto",
    progress: bool = False,
    **usual: Any,
) -> pd.DataFrame:
    """The same negotiation under several settings: a row each.

    runs: settings that differ from `usual`, as for `cooperate`. progress: shows a bar.
    Columns: order, starting penalty, balancing, iterations, certified gap.
    """
    rows = []
    for changed in tqdm(runs, desc="negotiations", disable=not progress):
        settings = {"order": "sequential", "balancing": False} | usual | dict(changed)
        patient: dict[str, Any] = {"max_iterations": PATIENCE} | settings
        outcome = cooperate(case, **patient, solver=solver)
        proof = outcome.certificate
        rows.append(
            {
                "order": settings["order"],
                "starting penalty": settings["penalty"],
                "balancing": settings["balancing"],
                "iterations": outcome.iterations,
                "certified gap": float("nan") if proof is None else proof.gap,
            }
        )
    return pd.DataFrame(rows)


class Held(NamedTuple):
    """The same talks under penalties that are held, from small to large.

    early: a round that all of them reach.
    table: a row for each: penalty (yuan/kWh per kW), how far the partners disagree and how far
        their expectations still move in the early round (percent of their size), rounds in all,
        what the certificate leaves open in the end (gap, yuan), and the round in which the penalty
        was let go because the talks stalled (not a number if it never was).
    disagreement, movement: the two relative residuals by round, a column for each penalty, as long
        as it is held.
    talks: penalty -> how these talks went.
    """

    early: int
    table: pd.DataFrame
    disagreement: pd.DataFrame
    movement: pd.DataFrame
    talks: dict[float, CoalitionResult]


def hold_penalties(
    case: Case,
    penalties: Sequence[float],
    tolerance: float,
    solver: str = "auto",
    progress: bool = False,
    **negotiation: Any,
) -> Held:
    """What a penalty does: the same talks, with each of these penalties held.

    tolerance and the rest: as for `cooperate`. progress: shows a bar.
    """
    settings: dict[str, Any] = {"max_iterations": PATIENCE} | negotiation | {"balancing": False}
    rows, apart, moves, talks = [], {}, {}, {}
    for penalty in tqdm(penalties, desc="penalties", disable=not progress):
        made = cooperate(case, **settings, penalty=penalty, tolerance=tolerance, solver=solver)
        name, proof = f"{penalty:.0e}", made.certificate
        talks[penalty] = made
        kept = made.history[made.history["penalty"] == penalty]
        apart[name], moves[name] = [kept[f"relative {of}"] for of in ("primal", "dual")]
        other = made.history.index[made.history["penalty"] != penalty]
        rows.append(
            {
                "penalty": penalty,
                "rounds": made.iterations,
                "gap (yuan)": float("nan") if proof is None else proof.upper - proof.lower,
                "let go in round": other[0] if len(other) else float("nan"),
            }
        )
    table = pd.DataFrame(rows)
    early = min(EARLY, *[len(residual) for residual in apart.values()])
    for at, (what, residuals) in enumerate((("disagree", apart), ("move", moves)), 1):
        table.insert(at, f"{what} early (%)", [100 * each[early] for each in residuals.values()])
    return Held(early, table, pd.DataFrame(apart), pd.DataFrame(moves), talks)


def given_away(
    cases: Sequence[Case], first: CoalitionResult, solver: str = "auto", **negotiation: Any
) -> dict[str, pd.DataFrame]:
    """What the words of talks give away of each VPP, case by case; see `listening.rebuilt`.

    cases: the first is the one of the run, and `first` its talks; the others are negotiated here.
    negotiation: as for `cooperate`.
    """
    found = {}
    for case in cases:
        talks = first if case is cases[0] else cooperate(case, **negotiation, solver=solver)
        relaxation = negotiation.get("relaxation", 1.0)
        found[case.name] = rebuilt(case, talks, relaxation=relaxation)
    return found


def few_days(vpp: VPP, doubt: Uncertainty, series: Sequence[str]) -> Uncertainty:
    """A budget of so few days that all can be tried: one step for each of the first two series, or
    for the first alone where steps are many.
    """
    tried = series[: 2 if vpp.steps <= FEW_STEPS else 1]
    return Uncertainty(dict.fromkeys(tried, vpp.step_hours), doubt.deviation, doubt.limits)


def random_days(vpp: VPP, doubt: Uncertainty, count: int, seed: int = 1) -> list[float]:
    """What days cost that are drawn at random within the budget, yuan; each uses all of it."""
    recourse = Recourse(vpp, doubt)
    chance = np.random.default_rng(seed)
    costs = []
    for _ in range(count):
        day = np.zeros(len(recourse.keys) * recourse.steps)
        for own, most in recourse.groups:
            day[chance.choice(own, min(most, len(own)), replace=False)] = 1
        costs.append(recourse.value(day))
    return costs


def prices_of_days(
    vpp: VPP, doubt: Uncertainty, hits: pd.DataFrame, solver: str = "auto"
) -> pd.DataFrame:
    """What one more kWh costs a VPP on the day of the forecast and on a day that is hit, yuan/kWh.

    hits: 0 and 1, a column per series. Columns "forecast day" and "worst day"; of the relaxation.
    """
    struck = hit(vpp, doubt, {series: hits[series].to_numpy(float) for series in hits})
    plants = {"forecast day": vpp, "worst day": struck}
    made = {name: dispatch(plant, solver, "relaxed") for name, plant in plants.items()}
    return pd.DataFrame({name: each.prices["electricity"] for name, each in made.items()})


def gains_by_level(
    case: Case, found: Mapping[int, tuple[dict[str, WorstCase], RobustResult]]
) -> dict[int, BargainResult]:
    """The split of the saving at each level of a sweep that has one.

    found: level -> worst days alone and robust coalition, as `sweep` returns them.
    """
    splits = {}
    for level, (days, coalition) in found.items():
        apart = sum(day.cost for day in days.values())
        if apart - coalition.cost > NOTHING_TO_SHARE * abs(apart):
            splits[level] = bargain(case, days, coalition)
    return splits
