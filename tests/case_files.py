"""A small sound case as texts, to be spoilt by tests of the loader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from vppcore import Case, WrongInput, load_case

DESCRIPTION = """\
title: Two small VPPs
source: made up for the tests
licence: MIT
currency: yuan
steps: 3
step_hours: 1
series_source: made up
series_status: assumed
"""
UNITS = """\
vpp,component,parameter,value,unit,source,status
Home,electric_load,rating,60,kW,made up,assumed
Home,electric_load,shift_share,0.1,-,made up,assumed
Home,renewable.pv,rating,50,kW,made up,assumed
Home,battery,energy_min,0,kWh,made up,assumed
Home,battery,energy_max,20,kWh,made up,assumed
Home,battery,energy_start,5,kWh,made up,assumed
Home,battery,charge_max,10,kW,made up,assumed
Home,battery,discharge_max,10,kW,made up,assumed
Shop,electric_load,rating,60,kW,made up,assumed
all,grid,sell_max,100,kW,made up,assumed
all,tie,limit,25,kW,made up,assumed
"""
SERIES = """\
hour,home_load_kw,home_pv_kw,shop_load_kw,grid_buy_yuan_per_kwh,grid_sell_yuan_per_kwh
1,20,0,30,0.4,0.2
2,25,45,35,1.2,0.2
3,15,30.5,50,0.8,0.2
"""
SOUND = {"case.yaml": DESCRIPTION, "units.csv": UNITS, "series.csv": SERIES}


def write(folder: Path, files: Mapping[str, str | bytes] | None = None) -> Path:
    """The sound case in a folder, some of its files replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (SOUND | dict(files or {})).items():
        content = text if isinstance(text, bytes) else text.encode("utf-8")
        (folder / name).write_bytes(content)
    return folder


def with_rows(*rows: str, units: str = UNITS) -> str:
    """units.csv with more rows, each without source and status."""
    return units + "".join(f"{row},made up,assumed\n" for row in rows)


def with_column(name: str, *cells: object, series: str = SERIES) -> str:
    """series.csv with one more column."""
    head, *rows = series.splitlines()
    lines = [f"{head},{name}"]
    for row, cell in zip(rows, cells, strict=True):
        lines.append(f"{row},{cell}")
    return "\n".join(lines) + "\n"


def faults_of(folder: Path | str) -> list[str]:
    """The sentences with which a folder is refused."""
    with pytest.raises(WrongInput) as refused:
        load_case(folder)
    return refused.value.faults


def numbers_of(case: Case) -> dict[str, np.ndarray]:
    """Every number and series of all components, by name."""
    found = {}
    for vpp in case.vpps:
        for component in vpp.components:
            for name, value in vars(component).items():
                if isinstance(value, float | np.ndarray):
                    found[f"{vpp.name} {component.name} {name}"] = np.asarray(value, float)
    if case.tie is not None:
        found["tie limit"] = np.asarray(case.tie.limit, float)
    return found


def same_numbers(one: Case, other: Case) -> bool:
    """True if two cases have the same numbers to the last digits."""
    ours = numbers_of(one)
    theirs = numbers_of(other)
    if ours.keys() != theirs.keys():
        return False
    return all(np.allclose(ours[name], theirs[name], rtol=1e-12, atol=0) for name in ours)
