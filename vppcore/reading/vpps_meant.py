"""Rows of units.csv whose VPP is mistyped: one slip is one sentence, not one for all that lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import pandas as pd

from vppcore.case import ALL
from vppcore.faults import Faults, Place, mistyped, shown
from vppcore.parameters import RULE, is_profile
from vppcore.reading.assembly import (
    ONLY_BESIDE_OTHERS,
    UNITS_FILE,
    Plan,
    grouped,
    names_of_vpps,
    plans_of,
)
from vppcore.reading.columns import TARIFF
from vppcore.reading.names import column_key, fault_of_name
from vppcore.reading.unit_rows import is_required

# a VPP that lacks something and has no column is taken for one that is as much like it
LIKENESS = 0.6


def with_vpps_meant(units: pd.DataFrame, columns: Sequence[str], faults: Faults) -> pd.DataFrame:
    """units.csv with the VPPs that are meant; a fault is entered for each name that is a slip.

    columns: names of those of series.csv. A name is a slip if no column begins with it, it lacks
    what its components need, and it is like a name that columns begin with, or like "all". Rows of
    what is no name at all, which has been said, are left out.
    """
    names = names_of_vpps(units, Faults())  # what is wrong with them is said later
    there = [name for name in names if has_columns(name, columns)]
    sheet = grouped(units)
    meant = {}
    for name in names:
        likely = None if name in there else mistyped(name, [*there, ALL], LIKENESS)
        if likely is not None and lacks_something(plans_of(name, sheet)):
            meant[name] = likely
    for line, name in units["vpp"].items():
        if name in meant:
            found = f"found VPP {shown(name)} ({meant[name]}?), and no column that begins with it"
            allowed = f"{', '.join(there)}, or columns such as {column_key(name)}_load_kw"
            faults.add(Place(UNITS_FILE, line), found, allowed)  # type: ignore[arg-type]
    refused = [name for name in names if name not in there and fault_of_name(name) is not None]
    left = units[~units["vpp"].isin(refused)] if there else units
    return left.assign(vpp=left["vpp"].replace(meant))


def has_columns(name: str, columns: Sequence[str]) -> bool:
    """True if columns begin with a VPP's name."""
    return any(column_key(column).startswith(f"{column_key(name)}_") for column in columns)


def lacks_something(plans: Sequence[Plan]) -> bool:
    """True for a VPP without columns that cannot be made, or that would do nothing."""
    idle = all(plan.cls.role in ONLY_BESIDE_OTHERS for plan in plans)
    return idle or any(lacks_a_number(plan) or lacks_a_column(plan) for plan in plans)


def lacks_a_number(plan: Plan) -> bool:
    """True for a component without a number that it needs."""
    needed = [f for f in fields(plan.cls) if is_required(f) and not is_profile(f)]
    return any(RULE in f.metadata and f.name not in plan.numbers for f in needed)


def lacks_a_column(plan: Plan) -> bool:
    """True for a component that needs a column which is no common tariff's."""
    needed = [f for f in fields(plan.cls) if is_required(f) and is_profile(f)]
    return any(not f.metadata["column"].startswith(TARIFF) for f in needed)
