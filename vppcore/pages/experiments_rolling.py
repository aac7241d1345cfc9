"""What the page on days in a row solves: the same days, expected as a run says, and known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vppcore.case import Case
from vppcore.errors import WrongInput
from vppcore.rolling.forecasts import Forecasts
from vppcore.rolling.run import RollingResult, roll
from vppcore.rolling.settings import FORECASTS, Rolling, stretches
from vppcore.rolling.state import check_carried

PERFECT, PERSISTENCE, _ = FORECASTS
SETTINGS = ("plan_hours", "keep_hours", "trading", "settlement", "price_share")


@dataclass(frozen=True, eq=False)
class ChosenDays:
    """The members and days of a case that a page follows.

    case: these members and steps alone; with persistence the first day is only looked back at.
    forecasts: one of `FORECASTS`. settings: how the run goes.
    """

    case: Case
    forecasts: str
    settings: Rolling

    @property
    def first(self) -> int:
        """The first step that is lived through, from 1."""
        return Forecasts(self.case, self.forecasts).first

    @property
    def steps_of_a_day(self) -> int:
        """Steps of a day that is kept."""
        return next(stretches(self.case, self.settings, self.first)).keep

    @property
    def lived(self) -> Case:
        """The steps that are lived through, without the day that is only looked back at."""
        return self.case.window(self.first, self.case.vpps[0].steps - self.first + 1)

    @property
    def count(self) -> int:
        """How many days are lived through."""
        return len(list(stretches(self.case, self.settings, self.first)))


def chosen_days(case: Case, parameters: Mapping[str, Any]) -> ChosenDays:
    """The members and days that a run's parameters ask for; all of it is checked, nothing solved.

    parameters: members, first_day, days, forecasts and those of `Rolling`; where one is missing or
    None, the case decides.
    Raises WrongInput in a sentence for what the case does not have or no day can be cut for.
    """
    settings = Rolling(**{name: parameters[name] for name in SETTINGS if name in parameters})
    whole = days_of(case, parameters)
    members = whole.vpps[: parameters.get("members") or len(whole.vpps)]
    if case.tie is None or len(members) < 2:
        found = "no tie" if case.tie is None else f"{len(members)} member"
        raise WrongInput(
            f"case {case.name}: found {found}; allowed: two members or more with a tie, since the "
            "page asks what their trades are worth"
        )
    return checked(replace(whole, vpps=members), parameters.get("forecasts"), settings)


def days_of(case: Case, parameters: Mapping[str, Any]) -> Case:
    """The days of a case that a run asks for. Raises WrongInput for days that it does not have."""
    day = Forecasts(case).day
    steps = case.vpps[0].steps
    there = max(1, -(-steps // day))
    first = parameters.get("first_day") or 1
    if first > there:
        raise WrongInput(f"first_day: found {first}; allowed in {case.name}: 1 to {there}")
    days = parameters.get("days") or there + 1 - first
    if days > there + 1 - first:
        raise WrongInput(
            f"days: found {days}; allowed in {case.name} from day {first} on: "
            f"1 to {there + 1 - first}"
        )
    begin = (first - 1) * day
    return case.window(begin + 1, min(days * day, steps - begin))


def checked(case: Case, forecasts: str | None, settings: Rolling) -> ChosenDays:
    """The days with the forecasts that suit them, looked at before anything is solved."""
    if forecasts is None:
        several = case.vpps[0].steps > Forecasts(case).day
        forecasts = PERSISTENCE if several else PERFECT
    expected = Forecasts(case, forecasts)
    check_carried(case, stretches(case, settings, expected.first))
    return ChosenDays(case, forecasts, settings)


def runs_of(chosen: ChosenDays, solver: str) -> dict[str, RollingResult]:
    """The same days with the chosen forecasts and with perfect ones: forecasts -> result.

    Members settle what deviates; what grids would take in their place follows from that
    (`RollingResult.settled_by_the_grids`).
    """
    terms = {name: getattr(chosen.settings, name) for name in SETTINGS}
    terms["settlement"] = "members"
    found = {
        chosen.forecasts: roll(chosen.case, forecasts=chosen.forecasts, solver=solver, **terms)
    }
    if PERFECT not in found:
        found[PERFECT] = roll(chosen.lived, solver=solver, **terms)
    return found
