"""Which columns of series.csv the components of a case ask for, and which column is whose.

A column is the VPP's name in lower case, then what it is, then its unit: home_load_kw. What it is a
component declares with `profile`; a label takes its place (electric_load.cold asks for
shop_cold_kw) or stands before it (grid.main asks for grid_main_buy_yuan_per_kwh). The columns that
begin with grid_ are a tariff, common to all VPPs; shop_grid_buy_yuan_per_kwh is the Shop's own and
wins over it. A number that is declared as shared, such as the temperature outdoors, has a column of
its component, else of the VPP (shop_outdoor_degc), else of all (outdoor_degc). Any other column
belongs to one component alone, and no column belongs to none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from vppcore.faults import MOST_SENTENCES, Faults, Place, nearest
from vppcore.parameters import Rule
from vppcore.reading.names import column_key
from vppcore.reading.units_of_measure import DIMENSIONLESS, UNITS, ending_of, endings_for

FILE = "series.csv"
TARIFF = "grid_"
NO_GRID = ", no VPP has a grid in units.csv"
EACH_ITS_OWN = ", every grid has a column of its own"
OVERRULED = ", every VPP has a row or a column of its own for it"
NOBODY_LEFT = ", each that could has its own, or what stands for it"
# every ending that states a unit
UNIT_ENDINGS = {*(ending_of(unit) for unit in UNITS), *DIMENSIONLESS} - {""}


@dataclass(frozen=True)
class Wanted:
    """A series that a component asks for.

    vpp, component, name: whose it is, as "Home", "renewable.pv", "forecast".
    rule: what is declared of it.
    own: names, without the unit, of a column that is this component's alone; the first is said.
    common: name, without the unit, of a column of the tariff; empty for none.
    required: False for a limit that may be given by step in place of a row of units.csv.
    shared: names, without the unit, of columns that others may have too: of the VPP, then of all.
    unless: another number of the component; with a column of its own for that, it shares none.
    overruled: name, without the unit, of a column of the tariff that its own row wins over.
    """

    vpp: str
    component: str
    name: str
    rule: Rule
    own: tuple[str, ...]
    common: str = ""
    required: bool = True
    shared: tuple[tuple[str, ...], ...] = ()
    unless: str = ""
    overruled: str = ""

    @property
    def kind(self) -> str:
        """The kind of component that asks for it."""
        return self.component.partition(".")[0]

    @property
    def owner(self) -> str:
        """Whose it is, in words."""
        return f"{self.vpp} {self.component}"

    @property
    def bases(self) -> tuple[str, ...]:
        """All names without the unit."""
        common = (self.common,) if self.common else ()
        return (*self.own, *common, *chain(*self.shared))

    def shares(self, column: str) -> bool:
        """True for a column that others may have too, besides the tariff."""
        return column_key(column) in self.columns(*chain(*self.shared))

    def is_for_all(self, column: str) -> bool:
        """True for a column of all VPPs."""
        of_all = self.shared[-1] if self.shared else ()
        return is_common(column) or column_key(column) in self.columns(*of_all)

    def columns(self, *bases: str) -> list[str]:
        """Names with each unit that suits."""
        names = [base + ending for base in bases for ending in endings_for(self.rule.unit)]
        return list(dict.fromkeys(names))

    @property
    def allowed(self) -> str:
        """The names that a column of it may have, in words: the plainest ones."""
        return ", ".join(self.columns(self.common or self.own[0]))


Assignment = dict[Wanted, str]  # a series -> the column that it has


# --- names ----------------------------------------------------------------------------------------
def names_of_series(
    vpp: str, kind: str, label: str, middle: str, is_only_one: bool
) -> tuple[tuple[str, ...], str]:
    """(names of an own column, name of a common column) of a series, without the unit.

    vpp: the VPP's name. kind, label: of the component. middle: what the series is.
    is_only_one: True if the component has no other series; then its label is name enough.

    >>> names_of_series("Shop", "electric_load", "", "load", True)
    (('shop_load',), '')
    >>> names_of_series("Shop", "electric_load", "cold", "load", True)
    (('shop_cold', 'shop_cold_load'), '')
    >>> names_of_series("Shop", "renewable", "pv", "{label}", True)
    (('shop_pv',), '')
    >>> names_of_series("Shop", "grid", "", "grid_buy", False)
    (('shop_grid_buy',), 'grid_buy')
    >>> names_of_series("Shop", "grid", "main", "grid_buy", False)
    (('shop_grid_main_buy', 'grid_main_buy'), 'grid_buy')
    """
    label = column_key(label)
    before = column_key(vpp) + "_"
    if middle.startswith(TARIFF):
        of_label = TARIFF + label + "_" + middle.removeprefix(TARIFF)
        return ((before + of_label, of_label) if label else (before + middle,)), middle
    if "{label}" in middle:
        return (before + middle.format(label=label or kind),), ""
    if not label:
        return (before + middle,), ""
    with_label = before + label + "_" + middle
    return ((before + label, with_label) if is_only_one else (with_label,)), ""


def names_of_limit(vpp: str, kind: str, label: str, name: str) -> tuple[tuple[str, ...], str]:
    """(names of an own column, name of a common column) of a limit by step, without the unit.

    vpp: the VPP's name, empty for the tie. kind, label: of the component. name: of the limit.

    >>> names_of_limit("Home", "battery", "", "charge_max")
    (('home_battery_charge_max',), '')
    >>> names_of_limit("Home", "grid", "", "buy_max")
    (('home_grid_buy_max',), 'grid_buy_max')
    >>> names_of_limit("", "tie", "", "limit")
    (('tie_limit',), '')
    """
    label = column_key(label)
    before = column_key(vpp) + "_" if vpp else ""
    own: tuple[str, ...] = (before + (label or kind) + "_" + name,)
    if kind + "_" != TARIFF:
        return own, ""
    if label:
        with_label = TARIFF + label + "_" + name
        own = (*own, before + with_label, with_label)
    return own, TARIFF + name


def names_of_shared(vpp: str, kind: str, name: str, word: str) -> tuple[tuple[str, ...], ...]:
    """Names of columns that a VPP's components share, then of those that all share, without unit.

    word: that was declared as shared. kind, name: of the component and of its number.

    >>> names_of_shared("Home", "heat_pump", "outdoor", "outdoor")
    (('home_outdoor',), ('outdoor', 'heat_pump_outdoor'))
    >>> names_of_shared("Home", "heat_pump", "performance", "heat_pump_performance")
    ((), ('heat_pump_performance',))
    """
    with_kind = f"{kind}_{name}"  # with the VPP's name it is the own column of one without a label
    if word == with_kind:
        return (), (word,)
    return (f"{column_key(vpp)}_{word}",), (word, with_kind)


# --- whose is which -------------------------------------------------------------------------------
def assign(names: Sequence[str], wanted: Sequence[Wanted], faults: Faults) -> Assignment:
    """Finds the column of each wanted series.

    names: of the columns, without the time column.
    Enters a fault for a series without a column, for one with two, for a column that two
    components ask for, and for one that nobody asks for.
    """
    by_key: dict[str, list[str]] = {}
    for name in names:
        by_key.setdefault(column_key(name), []).append(name)
    assignment: Assignment = {}
    missing = []
    used = set()
    asked = {(series.vpp, series.component, series.name): series for series in wanted}
    for series in wanted:
        stands_for_it = asked.get((series.vpp, series.component, series.unless))
        if stands_for_it is not None and own_columns(stands_for_it, by_key):
            series = replace(series, shared=())
        columns = columns_of(series, by_key)
        used |= set(columns)
        if columns:
            assignment[series] = columns[0]
        elif series.required:
            missing.append(series)
        for other in columns[1:]:
            found = f"holds the same series as column {columns[0]}"
            faults.add(Place(FILE, column=other), found, "one of them")
    check_owners(assignment, faults)
    check_left_over([name for name in names if name not in used], missing, wanted, faults)
    return assignment


def columns_of(series: Wanted, by_key: dict[str, list[str]]) -> list[str]:
    """The columns of a series, one if all is well.

    Its own if there is any, else one that its label shares, else the common one, else one that its
    VPP or all share.
    """
    alone = tuple(base for base in series.own if not is_common(base))
    shared = tuple(base for base in series.own if is_common(base))
    common = (series.common,) if series.common else ()
    for bases in (alone, shared, common, *series.shared):
        there = columns_called(bases, series, by_key)
        if there:
            return there
    return []


def own_columns(series: Wanted, by_key: dict[str, list[str]]) -> list[str]:
    """The columns that are this component's alone."""
    return columns_called(series.own, series, by_key)


def columns_called(bases: Sequence[str], series: Wanted, by_key: dict[str, list[str]]) -> list[str]:
    """The columns with one of these names and a unit that suits a series."""
    return [name for key in series.columns(*bases) for name in by_key.get(key, ())]


def check_owners(assignment: Assignment, faults: Faults) -> None:
    """Enters a fault for a column that two components ask for, unless it is one that they share."""
    owners: dict[str, list[Wanted]] = {}
    for series, column in assignment.items():
        if series.shares(column):
            continue
        owners.setdefault(column, []).append(series)
    for column, several in owners.items():
        clash = clashing(column, several)
        if clash is not None:
            one, other = clash
            faults.add(
                Place(FILE, column=column),
                f"{one.owner} and {other.owner} both ask for it",
                f"a column of its own for each, {how_to_get_one(other)}",
            )


def clashing(column: str, owners: Sequence[Wanted]) -> tuple[Wanted, Wanted] | None:
    """Two owners of a column that may not share it; None if there are none.

    The tariff may be shared, but not by two grids of one VPP.
    """
    first_of: dict[tuple[str, str], Wanted] = {}
    for series in owners:
        whose = (series.vpp, series.kind) if is_common(column) else ("", "")
        first = first_of.setdefault(whose, series)
        if first is not series:
            return first, series
    return None


def is_common(column: str) -> bool:
    """True for a column of the tariff, which VPPs share; no VPP may be called grid."""
    return column_key(column).startswith(TARIFF)


def how_to_get_one(series: Wanted) -> str:
    """A column of its own that a series could have."""
    return f"as {series.columns(series.own[-1])[0]}"


# --- columns that are left, series that have none -------------------------------------------------
def check_left_over(
    left: Sequence[str], missing: Sequence[Wanted], wanted: Sequence[Wanted], faults: Faults
) -> None:
    """Enters a fault for each column that nobody has and each series that has none.

    A column and a series that seem to mean each other are one fault.
    """
    left = left[:MOST_SENTENCES]
    unexplained = list(left)
    without = list(missing)
    for name in left:
        meant = series_meant(name, without) or series_meant(name, wanted)
        if meant is not None and column_key(name) not in meant.columns(*meant.bases):
            faults.add(Place(FILE, column=name), wrong_unit(name, meant), meant.allowed)
            unexplained.remove(name)
            without = [series for series in without if not set(series.bases) & set(meant.bases)]
    lacking: dict[str, list[Wanted]] = {}
    for series in without[:MOST_SENTENCES]:
        lacking.setdefault(series.allowed, []).append(series)
    for allowed_names, several in lacking.items():
        name = allowed_names.partition(",")[0]
        near = nearest(name, unexplained)
        hint = ""
        if near:
            unexplained.remove(near[0])
            hint = f", but {near[0]}"
        found = f"no column {name} for {owners_of(several)} ({several[0].rule.text}){hint}"
        faults.add(Place(FILE), found, allowed_names)
    for name in unexplained:
        reason = why(name, wanted)
        allowed = ", ".join(suggestions(name, wanted)) if reason != OVERRULED else "no such column"
        cause = (FILE, NO_GRID) if reason == NO_GRID else None
        faults.add(Place(FILE, column=name), f"nobody asks for it{reason}", allowed, cause)


def owners_of(several: Sequence[Wanted]) -> str:
    """Whose the series are that lack one column, in words: the first two, and how many more."""
    first = " and ".join(series.owner for series in several[:2])
    more = len(several) - 2
    return first if more <= 0 else f"{first} and {more} more"


def series_meant(name: str, wanted: Iterable[Wanted]) -> Wanted | None:
    """The series whose name a column has, with a unit that does not suit or with none."""
    key = column_key(name)
    longest = -1
    meant = None
    for series in wanted:
        for base in series.bases:
            rest = key.removeprefix(base)
            is_unit = rest in UNIT_ENDINGS or not rest or (rest[0] == "_" and "_per_" in rest)
            if series.rule.unit == "-":  # what stands for no unit is a word
                is_unit = is_unit or re.fullmatch(r"_[a-z]+", rest) is not None
            if key.startswith(base) and is_unit and len(base) > longest:
                longest = len(base)
                meant = series
    return meant


def wrong_unit(name: str, series: Wanted) -> str:
    """Words about the unit at the end of a column's name."""
    what = f"{series.owner}, {series.rule.text}"
    if series.rule.unit == "-":
        return f"its name does not end in a unit for {what}, a number without unit"
    what = f"{what} in {series.rule.unit}"
    if column_key(name) in series.bases:
        return f"no unit in its name, for {what}"
    return f"its name does not end in a unit for {what}"


def why(name: str, wanted: Iterable[Wanted]) -> str:
    """A reason why nobody asks for a column, where there is one."""
    wanted = list(wanted)
    key = column_key(name)
    if any(series.overruled and key in series.columns(series.overruled) for series in wanted):
        return OVERRULED
    if key.startswith(TARIFF):
        has_grid = any(series.common for series in wanted)
        is_read = any(key in series.columns(*series.bases) for series in wanted)
        return (EACH_ITS_OWN if is_read else "") if has_grid else NO_GRID
    if any(key in series.columns(*chain(*series.shared)) for series in wanted):
        return NOBODY_LEFT
    owners = {column_key(series.vpp): series.vpp for series in wanted}
    if not key.startswith(tuple(f"{owner}_" for owner in owners)):
        return ", no VPP of units.csv is called so"
    with_grid = {series.vpp for series in wanted if series.kind == "grid"}
    for owner, vpp in owners.items():
        if key.startswith(f"{owner}_{TARIFF}") and vpp not in with_grid:
            return f", {vpp} has no grid in units.csv"
    return ""


def suggestions(name: str, wanted: Iterable[Wanted]) -> list[str]:
    """The allowed names that are nearest to one that nobody asks for."""
    allowed = [column for series in wanted for column in series.columns(*series.bases)]
    return nearest(name, dict.fromkeys(allowed)) or ["series of components in units.csv"]
