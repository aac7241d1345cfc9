"""A case's folder as a Case: every fault of its files is found in one go."""

from __future__ import annotations

from pathlib import Path

from vppcore.case import Case, Description
from vppcore.currency import PLAIN, reading_in
from vppcore.faults import Faults, shown
from vppcore.reading.assembly import (
    Horizon,
    Plan,
    grouped,
    make_tie,
    make_vpp,
    names_of_vpps,
    plan_of_tie,
    plans_of,
    wanted_by,
)
from vppcore.reading.clock import Start, check_start, check_time, start_of, without_surplus
from vppcore.reading.columns import Wanted
from vppcore.reading.description import read_description
from vppcore.reading.files import case_folder, check_files
from vppcore.reading.layout import laid_out
from vppcore.reading.separated import Table, read_table
from vppcore.reading.series import check_cells, read_series
from vppcore.reading.unit_rows import read_units
from vppcore.reading.vpps_meant import with_vpps_meant


def load_case(folder: str | Path) -> Case:
    """Reads and checks a case.

    folder: of the case's files, as a path or as a name below the project's `data/`.
    Raises WrongInput with a sentence for each fault, all faults of the folder at once.

    >>> load_case("template").names
    ['Home', 'Shop']
    """
    path = case_folder(folder)
    check_files(path)
    faults = Faults()
    if not path.name.isprintable():
        faults.say(f"case: the folder is called {shown(path.name)}; allowed: printable characters")
    description = read_description(path / "case.yaml", faults)
    word = PLAIN if description is None else description.currency
    with reading_in(word):
        return case_of(path, description, faults)


def case_of(path: Path, description: Description | None, faults: Faults) -> Case:
    """The case of a folder whose case.yaml is read. Raises WrongInput with all faults there are."""
    units = read_units(path / "units.csv", faults)
    table = read_table(path / "series.csv", faults)
    if table is not None:
        table = laid_out(table, faults)
    if table is not None:
        table = without_surplus(table, description, faults)
    horizon = None if table is None else horizon_of(table, description, faults)
    if table is not None and units is None:
        check_cells(table, faults)
    if units is None or table is None or horizon is None:
        raise faults.refusal()
    units = with_vpps_meant(units, table.names, faults)
    sheet = grouped(units)
    plans = {vpp: plans_of(vpp, sheet) for vpp in names_of_vpps(units, faults)}
    tie_plan = plan_of_tie(sheet)
    series, displayed = read_series(table, wanted_of(plans, tie_plan), faults)
    has_tie = tie_plan is not None and len(plans) > 1
    vpps = [make_vpp(vpp, plans[vpp], series, horizon, has_tie, faults) for vpp in plans]
    tie = None if tie_plan is None else make_tie(tie_plan, series, faults)
    if description is None or len(faults):
        raise faults.refusal()
    whole = tuple(vpp for vpp in vpps if vpp is not None)
    return Case(path.name, description, whole, tie, units, displayed)


def horizon_of(table: Table, description: Description | None, faults: Faults) -> Horizon:
    """The steps of a case: as many as series.csv has rows, from the time that the files say."""
    stamp = check_time(table, description, faults)
    if description is None:
        return Horizon(len(table.lines), 1.0, Start())
    check_start(description, stamp, faults)
    return Horizon(len(table.lines), description.step_hours, start_of(description, stamp))


def wanted_of(plans: dict[str, list[Plan]], tie_plan: Plan | None) -> list[Wanted]:
    """The series that all components of a case ask for."""
    wanted = []
    for of_vpp in plans.values():
        for plan in of_vpp:
            wanted += wanted_by(plan)
    if tie_plan is not None:
        wanted += wanted_by(tie_plan)
    return wanted
