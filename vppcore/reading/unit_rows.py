"""units.csv: one number per row, with its unit, its source and its status."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, dataclass, fields, replace
from pathlib import Path

import pandas as pd

from vppcore.case import ALL, STATUSES
from vppcore.components import COMPONENTS
from vppcore.faults import Faults, Place, mistyped, shown
from vppcore.parameters import RULE, Rule, is_profile, measured_faults
from vppcore.reading.names import fault_of_name
from vppcore.reading.numerals import NotANumber, Numerals, numerals_of_columns
from vppcore.reading.separated import Table, read_table
from vppcore.reading.units_of_measure import unit_factor, units_for

COLUMNS = ("vpp", "component", "parameter", "value", "unit", "source", "status")
TIE = "tie"


@dataclass(frozen=True)
class UnitRow:
    """A row of units.csv.

    line: of the file. vpp: a name, or "all". component: a kind with a label, as "renewable.wind".
    parameter, value, unit, source, status: the cells.
    """

    line: int
    vpp: str
    component: str
    parameter: str
    value: str
    unit: str
    source: str
    status: str

    @property
    def kind(self) -> str:
        """The kind of component, without the label."""
        return kind_and_label(self.component)[0]

    @property
    def label(self) -> str:
        """The label of the component; empty without one."""
        return kind_and_label(self.component)[1]

    @property
    def key(self) -> tuple[str, str, str]:
        """What the number is of."""
        return self.vpp, self.component, self.parameter

    def place(self, file: str) -> Place:
        """Where the row stands and what it speaks of."""
        return Place(file, self.line, of=" ".join(self.key))


def kind_and_label(component: str) -> tuple[str, str]:
    """The kind and the label of a component; one without a label has an empty one.

    >>> kind_and_label("renewable.wind"), kind_and_label("battery")
    (('renewable', 'wind'), ('battery', ''))
    """
    kind, _, label = component.partition(".")
    return kind, label


def read_units(file: Path, faults: Faults) -> pd.DataFrame | None:
    """units.csv as a table with a column `number` in internal units, its index the lines.

    Where a parameter is a choice of words the word stands there. What could not be read is nan.
    A component or a parameter that is mistyped is entered as a fault and read as what it is a slip
    of, so that one slip is one sentence. None, with the faults entered, if it is no such table.
    """
    table = read_table(file, faults)
    if table is None:
        return None
    if sorted(table.names) != sorted(COLUMNS):
        found = f"found columns {', '.join(table.names)}"
        faults.add(Place(file.name), found, ", ".join(COLUMNS))
        return None
    rows = list(rows_of(table))
    numerals = numerals_of_columns(table, ["value"])
    numbers = []
    for row in rows:
        check_texts(row, file.name, faults)
        numbers.append(number_of(row, numerals, file.name, faults))
    check_doubles(rows, file.name, faults)
    meant = [as_meant(row) for row in rows]
    cells = [[getattr(row, name) for name in COLUMNS] for row in meant]
    lines = pd.Index([row.line for row in rows], name="line")
    return pd.DataFrame(cells, lines, list(COLUMNS)).assign(number=numbers)


def rows_of(table: Table) -> Iterator[UnitRow]:
    """The rows of units.csv, whatever the order of its columns."""
    for line, cells in zip(table.lines, table.rows(*COLUMNS), strict=True):
        row = UnitRow(line, *cells)
        yield replace(row, source=" ".join(row.source.split()))


def check_doubles(rows: list[UnitRow], file: str, faults: Faults) -> None:
    """Enters a fault for each number that stands twice."""
    first_lines: dict[tuple[str, str, str], int] = {}
    for row in rows:
        first = first_lines.setdefault(row.key, row.line)
        if first != row.line:
            found = f"stands twice, in line {first} too"
            faults.add(row.place(file), found, "once", cause=(file, row.line, "twice"))


def check_texts(row: UnitRow, file: str, faults: Faults) -> None:
    """Enters a fault for a source that is missing, and for a status or a name that is none."""
    place = row.place(file)
    if row.status not in STATUSES:
        faults.add(place, f"found status {shown(row.status)}", ", ".join(STATUSES))
    if not row.source:
        faults.add(place, "found no source", "where the number comes from")
    elif not row.source.isprintable():
        faults.add(place, f"found source {shown(row.source)}", "one line of printable text")
    if row.vpp != ALL:
        say_fault_of_name("vpp", row.vpp, place, faults)
    if row.label or "." in row.component:
        say_fault_of_name("label", row.label, place, faults)
    if row.label.lower() in {*COMPONENTS, TIE}:
        found = f"found label {shown(row.label)}, which is a kind of component"
        faults.add(place, found, "another word")
    if row.kind == TIE and row.label:
        faults.add(place, "found a tie with a label", "tie, one for all pairs")
    if row.kind == TIE and row.vpp != ALL:
        faults.add(place, f"found a tie of {row.vpp}", f"rows for {ALL}: one tie for all pairs")


def say_fault_of_name(what: str, name: str, place: Place, faults: Faults) -> None:
    """Enters a fault if a name of a VPP or a label is none; once for each name."""
    fault = fault_of_name(name)
    if fault is not None:
        why, allowed = fault
        faults.add(place, f"found {what} {shown(name)}{why}", allowed, (place.file, what, name))


def number_of(row: UnitRow, numerals: Numerals, file: str, faults: Faults) -> float | str:
    """The number of a row in the unit of its parameter, or its word; nan with faults entered."""
    place = row.place(file)
    rule = rule_of(row, place, faults)
    if rule is not None and rule.kind == "choice":
        return word_of(row, rule, place, faults)
    if rule is not None and is_swapped(row, rule, numerals):
        found = f"found the value {shown(row.value)} and the unit {shown(row.unit)} (swapped?)"
        faults.add(place, found, f"a number, and one of {', '.join(units_for(rule.unit))}")
        return math.nan
    number = value_of(row, numerals, place, faults)
    if rule is None:
        return math.nan
    factor = unit_factor(row.unit, rule.unit)
    if factor is None:
        faults.add(place, f"found unit {shown(row.unit)}", ", ".join(units_for(rule.unit)))
        return math.nan
    if math.isnan(number):
        return math.nan
    wrong = measured_faults("", factor * number, rule)
    for fault in wrong:
        faults.say(f"{place}{fault}")
    return math.nan if wrong else factor * number


def is_swapped(row: UnitRow, rule: Rule, numerals: Numerals) -> bool:
    """True if a row has a unit that suits for its value, and a number for its unit."""
    try:
        numerals.number(row.unit)
    except NotANumber:
        return False
    return unit_factor(row.value, rule.unit) is not None


def word_of(row: UnitRow, rule: Rule, place: Place, faults: Faults) -> float | str:
    """The word of a row, one of a few; nan with the faults entered."""
    if row.unit != rule.unit:
        faults.add(place, f"found unit {shown(row.unit)}", rule.unit)
        return math.nan
    if not rule.admits(row.value):
        faults.add(place, f"found {shown(row.value)}", rule.allowed)
        return math.nan
    return row.value


def value_of(row: UnitRow, numerals: Numerals, place: Place, faults: Faults) -> float:
    """The value of a row, in the unit of the file; nan with the fault entered."""
    try:
        number = numerals.number(row.value)
    except NotANumber as refused:
        hint = f" ({refused.hint})" if refused.hint else ""
        faults.add(place, f"found {shown(row.value)}{hint}", refused.allowed)
        return math.nan
    if math.isnan(number):
        faults.add(place, f"found {row.value}", "a number")
    if row.value.endswith("%") and row.unit == "%":
        return 100 * number
    if row.value.endswith("%") and row.unit != "-":
        faults.add(place, f"found {shown(row.value)} in {row.unit or 'no unit'}", "the unit %")
        return math.nan
    return number


def rule_of(row: UnitRow, place: Place, faults: Faults) -> Rule | None:
    """What is declared of a row's parameter; None with the fault entered if it is unknown."""
    if row.kind not in COMPONENTS:
        known = ", ".join(sorted(COMPONENTS))
        found = f"unknown component {shown(row.kind)}{guess(row.kind, COMPONENTS)}"
        faults.add(place, found, known, (place.file, row.kind))
        return None
    allowed = parameters_of(row.kind)
    if row.parameter not in allowed:
        found = f"unknown parameter {shown(row.parameter)}{guess(row.parameter, allowed)}"
        faults.add(place, found, ", ".join(allowed))
        return None
    return allowed[row.parameter].metadata[RULE]


def guess(word: str, allowed: Iterable[str]) -> str:
    """What a word that is not allowed is a slip of, in brackets; empty if it seems to be none."""
    meant = mistyped(word, allowed)
    return "" if meant is None else f" ({meant}?)"


def as_meant(row: UnitRow) -> UnitRow:
    """A row whose component and parameter are what they are slips of, and whose tie is for all; any
    other row as it is."""
    if row.kind == TIE:
        row = replace(row, vpp=ALL, component=TIE)
    kind = row.kind
    if kind not in COMPONENTS:
        kind = mistyped(kind, COMPONENTS) or kind
    if kind not in COMPONENTS:
        return row
    parameter = row.parameter
    if parameter not in parameters_of(kind):
        parameter = mistyped(parameter, parameters_of(kind)) or parameter
    component = f"{kind}.{row.label}" if row.label else kind
    return replace(row, component=component, parameter=parameter)


def parameters_of(kind: str) -> dict[str, Field]:
    """Name -> field of the numbers that a kind of component may have; its series are left out."""
    found = {}
    for declared in fields(COMPONENTS[kind]):
        is_number = RULE in declared.metadata and not is_profile(declared)
        if is_number:
            found[declared.name] = declared
    return found


def is_required(declared: Field) -> bool:
    """True for a number or a series that has no default."""
    return declared.default is MISSING and declared.default_factory is MISSING
