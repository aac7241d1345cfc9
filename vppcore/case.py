"""VPPs that may cooperate, the tie that would join them, and where every number comes from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from vppcore.components import Tie
from vppcore.currency import ALLOWED, PLAIN, word_for
from vppcore.errors import WrongInput
from vppcore.names import in_one_form
from vppcore.vpp import VPP

Status = Literal["printed", "parent study", "digitised", "open data", "assumed", "calibrated"]
STATUSES = get_args(Status)
ALL = "all"  # in the vpp column: every VPP; a VPP's own row wins over it

# two years of minutes
MOST_STEPS = 1_100_000
# steps of a second to a day
SHORTEST_STEP = 1 / 3600
LONGEST_STEP = 24.0
WHOLE = re.compile(r"\d{1,9}", re.ASCII)
DECIMAL = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)


# --- what a text of case.yaml must be -------------------------------------------------------------
def line_of_text(value: Any) -> str:
    """One line of printable text in one Unicode form (NFC), without blanks around it.

    >>> line_of_text(" Two VPPs ")
    'Two VPPs'
    """
    text = some_text(value)
    if not text or not text.isprintable():
        raise ValueError("one line of printable text")
    return text


def some_text(value: Any) -> str:
    """Printable text of one line or more; it may be empty."""
    if not isinstance(value, str):
        raise ValueError("text")
    text = in_one_form(value).strip()
    if not all(line.isprintable() for line in text.split("\n")):
        raise ValueError("printable text")
    return text


def whole_number(value: Any) -> Any:
    """A text of digits as a whole number; anything else as it is, unless it is another text."""
    if not isinstance(value, str):
        return value
    if not WHOLE.fullmatch(value.strip()):
        raise ValueError("a whole number")
    return int(value)


def decimal_number(value: Any) -> Any:
    """A text such as 0.25 as a number; anything else as it is, unless it is another text."""
    if not isinstance(value, str):
        return value
    if not DECIMAL.fullmatch(value.strip()):
        raise ValueError("a number with a decimal point")
    return float(value)


def zone_name(value: Any) -> str:
    """The name of a time zone that exists."""
    try:
        return ZoneInfo(line_of_text(value)).key
    except (KeyError, OSError) as error:  # none of that name, or a part of a name
        raise ValueError("a time zone") from error


def moment(value: Any) -> datetime | time:
    """A day, a day with a time, or a time alone, written as in ISO 8601.

    >>> moment("2016-04-04"), moment("06:30")
    (datetime.datetime(2016, 4, 4, 0, 0), datetime.time(6, 30))
    """
    if isinstance(value, datetime | time):
        return value
    text = line_of_text(value)
    if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text, re.ASCII):
        return time.fromisoformat(text)
    return datetime.fromisoformat(text)


def currency_word(value: Any) -> str:
    """The word for the currency of a case, from its code."""
    return word_for(line_of_text(value))


# --- case.yaml ------------------------------------------------------------------------------------
LineOfText = Annotated[str, BeforeValidator(line_of_text)]
CLAIM = "ids of claims in data/published/claims.csv, as [A01, A02]"


class Study(BaseModel):
    """What a case says of the paper whose study it rebuilds; a case of one's own says nothing.

    paper: whose claims are held against the case's results.
    vpps: the VPPs that these claims speak of, all that the case has.
    fitted: ids of the claims that numbers or series of this case were fitted to.
    """

    model_config = ConfigDict(extra="forbid")
    paper: Literal["A", "B"]
    vpps: Annotated[tuple[LineOfText, ...], Field(min_length=1)]
    fitted: tuple[Annotated[str, Field(pattern=r"^[AB]\d\d$")], ...] = ()


def described(allowed: str, **limits: Any) -> Any:
    """A field of case.yaml; `allowed` is said where something else is found."""
    return Field(description=allowed, **limits)


class Description(BaseModel):
    """case.yaml, checked.

    title, source, licence: of the case as a whole, a line of text each.
    currency: the word for money, "yuan" or a code such as EUR; a label, nothing is converted.
    steps: number of time steps. step_hours: length of each, h.
    series_source, series_status: where the series come from, and what they are (STATUSES).
    note: more text, or none.
    start: when the first step begins; a day, a day and a time, or a time alone. timezone: where.
    study: of which paper the case is, if it is one.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    title: LineOfText = described("one line of text")
    source: LineOfText = described("one line of text: where the numbers come from")
    licence: LineOfText = described("one line of text: under which others may use the numbers")
    currency: Annotated[str, BeforeValidator(currency_word)] = Field(PLAIN, description=ALLOWED)
    steps: Annotated[int, BeforeValidator(whole_number)] = described(
        f"a whole number from 1 to {MOST_STEPS:,}, the rows of series.csv", ge=1, le=MOST_STEPS
    )
    step_hours: Annotated[float, BeforeValidator(decimal_number)] = described(
        "a number of hours from 1/3600 (a second) to 24, with a decimal point",
        ge=SHORTEST_STEP,
        le=LONGEST_STEP,
    )
    series_source: LineOfText = described("one line of text: where the series come from")
    series_status: Status = described(", ".join(STATUSES))
    note: Annotated[str, BeforeValidator(some_text)] = Field("", description="printable text")
    start: Annotated[datetime | time | None, BeforeValidator(moment)] = Field(
        None, description="a day (2016-04-04), a day and a time (2016-04-04T06:00), or a time"
    )
    timezone: Annotated[str, BeforeValidator(zone_name)] = Field(
        "UTC", description="a time zone such as Europe/Berlin, or none for UTC"
    )
    study: Study | None = Field(
        None, description=f"paper (A or B), vpps (their names) and fitted ({CLAIM})"
    )


# --- the case -------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Case:
    """VPPs that may cooperate, the tie that would join any two of them, and what is known of them.

    name: the folder's name.
    description: case.yaml.
    vpps: each alone, without a tie, all with the same steps.
    tie: limit (kW) and crossing fee (yuan/kWh), without partners; None if trade is impossible.
    units: units.csv as read, with a column `number` in internal units; for display.
    series: series.csv in internal units, a row per step, columns without their unit; for display.
    Raises WrongInput for VPPs that cannot be told apart or do not have the same steps.
    """

    name: str
    description: Description
    vpps: tuple[VPP, ...]
    tie: Tie | None
    units: pd.DataFrame
    series: pd.DataFrame

    def __post_init__(self) -> None:
        faults = [*self._faults_of_names(), *self._faults_of_steps()]
        if faults:
            raise WrongInput(*(f"case {self.name}: {fault}" for fault in faults))

    def _faults_of_names(self) -> list[str]:
        if not self.vpps:
            return ["found no VPP; allowed: one or more"]
        same = Counter(name.casefold() for name in self.names)
        return [
            f"found VPPs of one name, {name!r}; allowed: names that differ in more than capitals"
            for name in self.names
            if same[name.casefold()] > 1
        ]

    def _faults_of_steps(self) -> list[str]:
        horizons = {(vpp.steps, vpp.step_hours): vpp.name for vpp in self.vpps}
        if len(horizons) < 2:
            return []
        each = [f"{name}: {steps} of {hours:g} h" for (steps, hours), name in horizons.items()]
        return [f"found steps that differ ({'; '.join(each)}); allowed: the same for all VPPs"]

    @property
    def names(self) -> list[str]:
        """The VPPs' names in the order of the case."""
        return [vpp.name for vpp in self.vpps]

    def vpp(self, name: str) -> VPP:
        """One VPP by name. Raises WrongInput if there is none of that name."""
        for vpp in self.vpps:
            if vpp.name == name:
                return vpp
        raise WrongInput(f"vpp: found {name!r}; allowed: {', '.join(self.names)}")

    def is_paper(self, paper: str) -> bool:
        """True if the case says that it rebuilds paper "A" or "B", and has the VPPs it names.

        It says so under `study` in case.yaml. A copy with other VPPs is a case of its own: the
        paper's claims are not held against it.
        """
        study = self.description.study
        if study is None or study.paper != paper:
            return False
        return sorted(study.vpps) == sorted(self.names)

    @property
    def paper(self) -> str | None:
        """The paper that the case rebuilds, "A" or "B"; None for a case of its own."""
        study = self.description.study
        return study.paper if study is not None and self.is_paper(study.paper) else None

    @property
    def fitted_claims(self) -> set[str]:
        """Ids of the claims that this case was fitted to, as its case.yaml says: {"B16"}."""
        study = self.description.study
        return set() if study is None else set(study.fitted)

    def connected(self, members: Sequence[str] | None = None) -> tuple[VPP, ...]:
        """The VPPs, each with a tie to every other, or only `members` with ties among themselves.

        Raises WrongInput if the case has no tie or no VPP of a name.
        """
        joined = self.names
        if members is not None:
            joined = [self.vpp(name).name for name in members]
        if self.tie is None or (members is None and len(joined) < 2):
            raise WrongInput(
                f"case {self.name}: cooperation needs two VPPs or more "
                "and a 'tie' component in units.csv"
            )
        return tuple(self._joined(vpp, joined) for vpp in self.vpps)

    def _joined(self, vpp: VPP, names: list[str]) -> VPP:
        """A VPP with a tie to all others of these names; as it is if it is none of them."""
        partners = tuple(name for name in names if name != vpp.name)
        if self.tie is None or vpp.name not in names or not partners:
            return vpp
        return vpp.adding(replace(self.tie, partners=partners))

    def change(self, vpp: str, component: str, **changes: Any) -> Case:
        """The same case with some numbers of one component of one VPP replaced."""
        chosen = self.vpp(vpp)

        def changed(other: VPP) -> VPP:
            return other.change(component, **changes) if other is chosen else other

        return self._with_each(changed)

    def change_all(self, component: str, **changes: Any) -> Case:
        """The same case with some numbers of one component replaced in every VPP that has it.

        Raises WrongInput if none has it.
        """

        def has_it(vpp: VPP) -> bool:
            return component in [other.name for other in vpp.components]

        def changed(vpp: VPP) -> VPP:
            return vpp.change(component, **changes) if has_it(vpp) else vpp

        if not any(has_it(vpp) for vpp in self.vpps):
            raise WrongInput(f"case {self.name}: no VPP has a component {component!r} to change")
        return self._with_each(changed)

    def _with_each(self, changed: Callable[[VPP], VPP]) -> Case:
        """The same case with every VPP replaced by what becomes of it."""
        return replace(self, vpps=tuple(changed(vpp) for vpp in self.vpps))

    def change_tie(self, **changes: Any) -> Case:
        """The same case with another trade limit (kW) or crossing fee (yuan/kWh)."""
        if self.tie is None:
            raise WrongInput(f"case {self.name}: there is no 'tie' component to change")
        return replace(self, tie=replace(self.tie, **changes))

    def first_steps(self, first: int, steps: int) -> Case:
        """The case cut to `steps` steps from step `first` on if it is longer; else the whole of it.

        Raises WrongInput if these steps are not all there.
        """
        return self.window(first, steps) if self.vpps[0].steps > steps else self

    def window(self, first: int, steps: int) -> Case:
        """The case from step `first` (1 is the first) for `steps` steps.

        Stores still end as full as they began; the clock of the VPPs goes on, so that hours of
        the day and weekdays are those of the steps that are left. What is left of a paper's day is
        no longer the paper's. Raises WrongInput if these steps are not all there.
        """
        last = first - 1 + steps
        total = self.vpps[0].steps
        if not 1 <= first <= last <= total:
            raise WrongInput(
                f"case {self.name}: found steps {first} to {last}; allowed: within 1 to {total}"
            )
        tie: Any = None if self.tie is None else self.tie.window(first, steps)
        shorter = {"steps": steps, "study": None, "start": None}
        return replace(
            self,
            vpps=tuple(vpp.window(first, steps) for vpp in self.vpps),
            tie=tie,
            series=self.series.iloc[first - 1 : last],
            description=self.description.model_copy(update=shorter),
        )
