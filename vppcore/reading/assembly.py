"""Components and VPPs from the numbers of units.csv and the series of series.csv."""

from __future__ import annotations

from dataclasses import Field, dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from vppcore.carriers import counterpart_faults
from vppcore.case import ALL
from vppcore.components import COMPONENTS, Component, Tie
from vppcore.errors import WrongInput
from vppcore.faults import Faults, Place
from vppcore.parameters import RULE, is_profile
from vppcore.reading.clock import Start
from vppcore.reading.columns import (
    Wanted,
    names_of_limit,
    names_of_series,
    names_of_shared,
)
from vppcore.reading.names import column_key
from vppcore.reading.series import Series
from vppcore.reading.unit_rows import TIE, is_required, kind_and_label
from vppcore.vpp import VPP

UNITS_FILE = "units.csv"
SERIES_FILE = "series.csv"
# a peak below this share of the rating is a unit mistaken
LEAST_SHARE_OF_RATING = 0.005
# roles of components with which alone a VPP does nothing: mostly a name mistyped
ONLY_BESIDE_OTHERS = ("grid", "supply", "vent", "carbon market", "terms")


@dataclass(frozen=True)
class Sheet:
    """The numbers of units.csv, ordered.

    numbers: (VPP, component) -> parameter -> number in internal units, or word.
    components: VPP -> component -> the first row that speaks of it.
    """

    numbers: dict[tuple[str, str], dict[str, float | str]]
    components: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Horizon:
    """The steps of a case and when they begin. steps: number. step_hours: length of each, h."""

    steps: int
    step_hours: float
    start: Start


@dataclass(frozen=True)
class Plan:
    """A component before it is made.

    vpp: its VPP's name; empty for the tie. name: its kind and label, as "renewable.pv".
    kind, label: the same in two. cls: its class.
    numbers: parameter -> number in internal units, or word; nan for one with a fault.
    own: the parameters that the VPP has a row of its own for.
    """

    vpp: str
    name: str
    kind: str
    label: str
    cls: type[Component]
    numbers: dict[str, float | str]
    own: frozenset[str]

    @property
    def owner(self) -> str:
        """Whose and what, in words."""
        return f"{self.vpp or ALL} {self.name}"


# --- what there is --------------------------------------------------------------------------------
def names_of_vpps(units: pd.DataFrame, faults: Faults) -> list[str]:
    """The VPPs of units.csv, in the order in which they come.

    Names that differ only in capitals, or in a blank and "_", are a fault.
    """
    names = [str(name) for name in dict.fromkeys(units["vpp"]) if name != ALL]
    first_of: dict[str, str] = {}
    for name in names:
        first = first_of.setdefault(column_key(name).casefold(), name)
        if first != name:
            found = f"found VPPs {first!r} and {name!r}"
            faults.add(Place(UNITS_FILE), found, "names that differ in more than capitals")
    if not names:
        faults.add(Place(UNITS_FILE), "found no VPP", f"names of VPPs besides {ALL!r}")
    return names


def grouped(units: pd.DataFrame) -> Sheet:
    """The numbers of units.csv by VPP and component."""
    numbers: dict[tuple[str, str], dict[str, float | str]] = {}
    components: dict[str, dict[str, int]] = {}
    cells = zip(units["vpp"], units["component"], units["parameter"], units["number"], strict=True)
    for row, (vpp, component, parameter, number) in enumerate(cells):
        numbers.setdefault((vpp, component), {})[parameter] = number
        components.setdefault(vpp, {}).setdefault(component, row)
    return Sheet(numbers, components)


def plans_of(vpp: str, sheet: Sheet) -> list[Plan]:
    """The components of a VPP, those of all VPPs and its own, in the order of units.csv."""
    of_all = sheet.components.get(ALL, {})
    own = sheet.components[vpp]
    first_rows = own | of_all
    for name in own.keys() & of_all.keys():
        first_rows[name] = min(own[name], of_all[name])
    plans = []
    for name in sorted(first_rows, key=first_rows.__getitem__):
        kind, _ = kind_and_label(name)
        if kind in COMPONENTS and kind != TIE:
            plans.append(plan_of(vpp, name, sheet))
    return plans


def plan_of(vpp: str, name: str, sheet: Sheet) -> Plan:
    """A component from its numbers: those for all VPPs, then its VPP's own, which win."""
    kind, label = kind_and_label(name)
    of_all = sheet.numbers.get((ALL, name), {})
    own = sheet.numbers.get((vpp, name), {})
    return Plan(vpp, name, kind, label, COMPONENTS[kind], of_all | own, frozenset(own))


def plan_of_tie(sheet: Sheet) -> Plan | None:
    """The tie; None if there are no rows for one."""
    return plan_of("", TIE, sheet) if (ALL, TIE) in sheet.numbers else None


# --- what series they ask for ---------------------------------------------------------------------
def wanted_by(plan: Plan) -> list[Wanted]:
    """The series that a component asks for: its profiles, and limits that may be given by step."""
    declared = [field for field in fields(plan.cls) if RULE in field.metadata]
    profiles = [field for field in declared if is_profile(field)]
    wanted = []
    for field in declared:
        if is_profile(field):
            wanted += wanted_profile(plan, field, len(profiles) == 1)
        elif field.metadata[RULE].by_step:
            own, common = names_of_limit(plan.vpp, plan.kind, plan.label, field.name)
            asked = wanted_series(plan, field, own, common, required=False)
            if plan.vpp and field.name in plan.own:
                asked = replace(asked, common="", overruled=common)
            wanted.append(replace(asked, shared=shared_by(plan, field)))
    return wanted


def wanted_profile(plan: Plan, field: Field, is_only_one: bool) -> list[Wanted]:
    """The series that a component asks for, for one of its profiles; mostly one, required.

    One that follows from other components of the VPP has no column, unless a label names its own.
    """
    middle = field.metadata["column"]
    own, common = names_of_series(plan.vpp, plan.kind, plan.label, middle, is_only_one)
    if not field.metadata[RULE].of:
        return [wanted_series(plan, field, own, common, required=is_required(field))]
    if not plan.label:
        return []
    return [wanted_series(plan, field, own, "", required=False)]


def shared_by(plan: Plan, field: Field) -> tuple[tuple[str, ...], ...]:
    """Names of the columns that a component shares with others for one of its numbers.

    Where its VPP has a row for it, or a row says what stands for it, it asks for none.
    """
    rule = field.metadata[RULE]
    if not rule.shared or field.name in plan.own or rule.unless in plan.numbers:
        return ()
    return names_of_shared(plan.vpp, plan.kind, field.name, rule.shared)


def wanted_series(
    plan: Plan, field: Field, own: tuple[str, ...], common: str, required: bool
) -> Wanted:
    """What a component asks for, for one of its fields."""
    vpp = plan.vpp or ALL
    rule = field.metadata[RULE]
    rule = rule.given(plan.numbers.get(rule.signed_if))
    return Wanted(vpp, plan.name, field.name, rule, own, common, required, unless=rule.unless)


# --- components -----------------------------------------------------------------------------------
def make_components(plans: list[Plan], series: Series, faults: Faults) -> list[Component] | None:
    """The components of a VPP; None, with the faults entered, if one of them cannot be made."""
    made = [make_component(plan, series, faults) for plan in plans]
    whole = [component for component in made if component is not None]
    return whole if len(whole) == len(made) else None


def make_component(plan: Plan, series: Series, faults: Faults) -> Component | None:
    """A component from its numbers and its series; None if it cannot be made.

    What is missing is entered as a fault; what has a fault of its own is not said again.
    """
    values = values_of(plan, series, faults)
    complete = True
    for field in fields(plan.cls):
        if RULE not in field.metadata:
            continue
        is_missing = field.name not in values and is_required(field)
        if is_missing and not is_profile(field):
            what = f"{field.metadata['text']}, {field.metadata['unit']}"
            faults.add(Place(UNITS_FILE), f"{plan.owner} lacks {field.name} ({what})")
        is_wrong = isinstance(values.get(field.name), float) and np.isnan(values[field.name])
        complete = complete and not is_missing and not is_wrong
    if not complete:
        return None
    component = plan.cls(label=plan.label, **values)
    check_peak(plan, component, faults)
    return component


def values_of(plan: Plan, series: Series, faults: Faults) -> dict[str, Any]:
    """Field -> number or series `(steps,)` of a component, as far as the files have them.

    What is said of the VPP wins over what is said of all VPPs; a row and a column that say
    something of the same are a fault.
    """
    values: dict[str, Any] = {}
    for field in fields(plan.cls):
        given = series.get((plan.vpp or ALL, plan.name, field.name))
        has_row = field.name in plan.numbers and not is_profile(field)
        row_for_all = field.name not in plan.own
        if given is not None and has_row and given.for_all == row_for_all:
            found = f"holds {field.name} of {plan.owner}, and so does a row of {UNITS_FILE}"
            faults.add(Place(SERIES_FILE, column=given.column), found, "one of them")
        if given is not None and not (has_row and given.for_all):
            values[field.name] = given.numbers
        elif has_row:
            values[field.name] = plan.numbers[field.name]
    return values


def check_peak(plan: Plan, component: Component, faults: Faults) -> None:
    """Enters a fault for a peak far from the rating, which means a unit mistaken."""
    rating = getattr(component, "rating", np.inf)
    series = getattr(component, "demand", getattr(component, "available", None))
    if series is None or not np.isfinite(rating):
        return
    peak = float(np.max(np.abs(series)))  # one that is net-metered may feed in more than it takes
    least = LEAST_SHARE_OF_RATING * rating
    if 0 < peak < least or peak > rating:
        hint = "are these MW?" if peak < rating else "are these W?"
        found = f"peak {peak:g} kW against a rating of {rating:g} kW ({hint})"
        faults.add(Place(SERIES_FILE, of=plan.owner), found, f"{least:g} to {rating:g} kW")


# --- VPPs -----------------------------------------------------------------------------------------
def make_vpp(
    name: str, plans: list[Plan], series: Series, horizon: Horizon, has_tie: bool, faults: Faults
) -> VPP | None:
    """A VPP from its components; None, with the faults entered, if it cannot be made.

    has_tie: True if other VPPs may supply it with electricity.
    """
    if all(plan.cls.role in ONLY_BESIDE_OTHERS for plan in plans):
        there = " and ".join(plan.name for plan in plans) or "no component"
        found = f"{name} has {there} and nothing besides"
        faults.add(Place(UNITS_FILE), found, "a VPP with a load, a plant or a store")
    components = make_components(plans, series, faults)
    if components is None:
        return None
    start = horizon.start
    try:
        vpp = VPP(
            name,
            tuple(components),
            horizon.steps,
            horizon.step_hours,
            start.hour,
            start.weekday,
            start.moment,
        )
    except WrongInput as refused:
        for fault in refused.faults:
            faults.say(f"{UNITS_FILE}, {fault}")
        return None
    if not has_tie:
        for fault in counterpart_faults(vpp.components, vpp.clock, ("electricity",)):
            faults.say(f"{UNITS_FILE}, {name}: {fault}")
    return vpp


def make_tie(plan: Plan, series: Series, faults: Faults) -> Tie | None:
    """The tie; None, with the faults entered, if it cannot be made."""
    made = make_component(plan, series, faults)
    return replace(made) if isinstance(made, Tie) else None
