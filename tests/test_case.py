"""The case loader: what it makes of sound files, and its sentence for every fault of a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vppcore import VPP, Case, WrongInput, dispatch, load_case, pool
from vppcore.components import ElectricLoad, Grid
from vppcore.reading import DATA

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
A,renewable.pv,rating,50,kW,made up,assumed
A,renewable.pv,carbon_quota,0.4,kg/kWh,made up,assumed
all,electric_load,rating,60,kW,made up,assumed
all,electric_load,curtail_share,0.1,-,made up,assumed
all,electric_load,curtail_cost,0.3,yuan/kWh,made up,assumed
A,battery,energy_min,0,kWh,made up,assumed
A,battery,energy_max,20,kWh,made up,assumed
A,battery,energy_start,5,kWh,made up,assumed
A,battery,charge_max,10,kW,made up,assumed
A,battery,discharge_max,10,kW,made up,assumed
A,battery,charge_efficiency,0.95,-,made up,assumed
B,heat_load,curtail_share,0.2,-,made up,assumed
B,boiler,heat_max,40,kW,made up,assumed
B,boiler,efficiency,0.9,-,made up,assumed
B,boiler,emission,0.65,kg/kWh,made up,assumed
B,gas_turbine,power_max,30,kW,made up,assumed
B,gas_turbine,ramp_max,20,kW/h,made up,assumed
B,gas_turbine,electric_efficiency,0.4,-,made up,assumed
B,gas_turbine,cost_linear,0.01,yuan/kWh,made up,assumed
B,gas_supply,price,3.5,yuan/m3,made up,assumed
B,gas_supply,calorific_value,9.7,kWh/m3,made up,assumed
all,carbon_market,price,0.1,yuan/kg,made up,assumed
all,grid,sell_max,100,kW,made up,assumed
all,tie,limit,25,kW,made up,assumed
all,tie,crossing_fee,0.01,yuan/kWh,made up,assumed
"""
SERIES = """\
hour,a_load_kw,a_pv_kw,b_load_kw,b_heat_kw,grid_buy_yuan_per_kwh,grid_sell_yuan_per_kwh
1,20,0,30,20,0.4,0.2
2,25,45,35,30,1.2,0.2
3,15,30,50,25,0.8,0.2
"""
SOUND = {"case.yaml": DESCRIPTION, "units.csv": UNITS, "series.csv": SERIES}
STAMPS = ("2016-04-04T00:00Z", "2016-04-04T01:00Z", "2016-04-04T02:00Z")


def write_case(folder: Path, *changes: tuple[str, str, str], **files: str | bytes) -> Path:
    """The sound case with texts replaced, each as (file, found exactly once, put in its place)."""
    texts = dict(SOUND)
    for file, old, new in changes:
        assert texts[file].count(old) == 1, (
            f"{old!r} stands {texts[file].count(old)} times in {file}"
        )
        texts[file] = texts[file].replace(old, new)
    folder.mkdir(exist_ok=True)
    for name, text in (
        texts | {name.replace("_", "."): text for name, text in files.items()}
    ).items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return folder


def with_stamps(*stamps: str) -> str:
    """series.csv with a time_utc column in place of the hours."""
    head, *rows = SERIES.splitlines()
    rows = [",".join([stamp, *row.split(",")[1:]]) for stamp, row in zip(stamps, rows, strict=True)]
    return "\n".join([head.replace("hour", "time_utc"), *rows]) + "\n"


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(WrongInput) as refused:
        load_case(folder)
    return refused.value.faults


def series_of(case: Case) -> dict[str, np.ndarray]:
    return {
        f"{v.name} {c.name} {k}": x
        for v in case.vpps
        for c in v.components
        for k, x in vars(c).items()
        if isinstance(x, np.ndarray)
    }


def numbers_of(case: Case) -> dict[str, float]:
    parts = {f"{v.name} {c.name}": c for v in case.vpps for c in v.components} | {"tie": case.tie}
    return {
        f"{name} {k}": x
        for name, c in parts.items()
        for k, x in vars(c).items()
        if isinstance(x, float)
    }


# --- sound cases --------------------------------------------------------------------------------------------------
def test_a_sound_folder_becomes_the_case_it_describes(tmp_path):
    case = load_case(write_case(tmp_path / "mine"))
    assert (case.name, case.names, case.description.currency) == ("mine", ["A", "B"], "yuan")
    assert [c.name for c in case.vpp("A").components] == [
        "pv",
        "electric_load",
        "battery",
        "carbon_market",
        "grid",
    ]
    assert [c.name for c in case.vpp("B").components] == [
        "electric_load",
        "heat_load",
        "boiler",
        "gas_turbine",
        "gas_supply",
        "carbon_market",
        "grid",
    ]
    assert case.vpp("A").component("pv").forecast.tolist() == [0, 45, 30]
    assert case.vpp("B").component("heat_load").forecast.tolist() == [20, 30, 25]
    assert case.vpp("B").component("grid").buy_price.tolist() == [0.4, 1.2, 0.8]
    assert (case.tie.limit, case.tie.crossing_fee, case.tie.partners) == (25.0, 0.01, ())
    assert (case.vpp("A").steps, case.vpp("A").step_hours) == (3, 1.0)


def test_a_sound_case_can_be_solved_and_saves(tmp_path):
    case = load_case(write_case(tmp_path))
    assert pool(case).cost < sum(dispatch(vpp).cost for vpp in case.vpps) - 1


def test_a_vpp_s_own_row_wins_over_the_row_for_all(tmp_path):
    own = "A,electric_load,rating,55,kW,made up,assumed\nall,electric_load,rating"
    case = load_case(write_case(tmp_path, ("units.csv", "all,electric_load,rating", own)))
    assert case.vpp("A").component("electric_load").rating == 55
    assert case.vpp("B").component("electric_load").rating == 60
    below = write_case(tmp_path, units_csv=UNITS + "B,electric_load,rating,58,kW,made up,assumed\n")
    assert load_case(below).vpp("B").component("electric_load").rating == 58


def test_files_in_megawatts_and_tonnes_give_the_same_case(tmp_path):
    """Every kW row in MW, kWh in MWh, prices per MWh and t, shares in percent."""
    rows = [row.split(",") for row in UNITS.splitlines()]
    larger = {
        "kW": ("MW", 1e-3),
        "kWh": ("MWh", 1e-3),
        "kW/h": ("MW/h", 1e-3),
        "yuan/kWh": ("yuan/MWh", 1e3),
        "yuan/kg": ("yuan/t", 1e3),
        "kg/kWh": ("t/MWh", 1.0),
        "-": ("%", 100.0),
    }
    for row in rows[1:]:
        unit, factor = larger.get(row[4], (row[4], 1.0))
        row[3], row[4] = repr(float(row[3]) * factor), unit
    head, *lines = [line.split(",") for line in SERIES.splitlines()]
    factors = [
        1e-3 if name.endswith("_kw") else 1e3 if name.endswith("_kwh") else 1 for name in head
    ]
    head = [
        name.removesuffix("_kw") + "_mw" if name.endswith("_kw") else name.replace("_kwh", "_mwh")
        for name in head
    ]
    lines = [
        [repr(float(cell) * factor) for cell, factor in zip(line, factors, strict=True)]
        for line in lines
    ]
    other = load_case(
        write_case(
            tmp_path / "mega",
            units_csv="\n".join(map(",".join, rows)),
            series_csv="\n".join(map(",".join, [head, *lines])),
        )
    )
    usual = load_case(write_case(tmp_path / "kilo"))
    assert numbers_of(other) == pytest.approx(numbers_of(usual))
    for name, values in series_of(usual).items():
        assert series_of(other)[name] == pytest.approx(values), name
    assert pool(other).cost == pytest.approx(pool(usual).cost)


def test_every_unit_conversion_is_the_power_of_ten_it_should_be():
    from vppcore.reading.units_of_measure import UNITS, endings_for

    factors = {
        "MW": 1e3,
        "MWh": 1e3,
        "MW/h": 1e3,
        "yuan/MWh": 1e-3,
        "yuan/MW": 1e-3,
        "yuan/MW2h": 1e-6,
        "yuan/t": 1e-3,
        "%": 0.01,
        "t": 1e3,
    }
    for unit, (inside, factor) in UNITS.items():
        assert factor == factors.get(unit, 1.0)
        assert UNITS[inside] == (inside, 1.0)
    assert endings_for("kW") == {"_kw": 1.0, "_mw": 1e3}
    assert endings_for("yuan/kWh") == {"_yuan_per_kwh": 1.0, "_yuan_per_mwh": 1e-3}


def test_infinity_is_an_allowed_limit(tmp_path):
    case = load_case(write_case(tmp_path, ("units.csv", "sell_max,100", "sell_max,inf")))
    assert case.vpp("A").component("grid").sell_max == np.inf
    assert np.isfinite(pool(case).cost)


def test_time_stamps_in_utc_and_with_another_zone_are_the_same_day(tmp_path):
    usual = load_case(write_case(tmp_path / "hours"))
    for k, stamps in enumerate(
        [STAMPS, ("2016-04-04T02:00+02:00", "2016-04-04T03:00+02:00", "2016-04-04T04:00+02:00")]
    ):
        stamped = load_case(write_case(tmp_path / f"stamps {k}", series_csv=with_stamps(*stamps)))
        assert all(
            (series_of(stamped)[name] == values).all() for name, values in series_of(usual).items()
        )


def test_quarter_hours_are_taken_from_the_description(tmp_path):
    quarters = with_stamps("2016-04-04T00:00Z", "2016-04-04T00:15Z", "2016-04-04T00:30Z")
    case = load_case(
        write_case(
            tmp_path, ("case.yaml", "step_hours: 1", "step_hours: 0.25"), series_csv=quarters
        )
    )
    assert case.vpp("B").step_hours == 0.25


def test_a_case_without_a_tie_can_only_be_solved_alone(tmp_path):
    units = "".join(row for row in UNITS.splitlines(keepends=True) if ",tie," not in row)
    case = load_case(write_case(tmp_path, units_csv=units))
    assert case.tie is None
    assert dispatch(case.vpp("A")).cost < dispatch(case.vpp("B")).cost
    for refused in (case.connected, lambda: case.change_tie(limit=5.0)):
        with pytest.raises(WrongInput, match="tie"):
            refused()


@pytest.mark.parametrize("name", ["paper-a", "paper-a-parent"])
def test_the_book_s_cases_are_known_by_name(name):
    case = load_case(name)
    assert (case.name, case.names, case.vpps[0].steps) == (name, ["VPP1", "VPP2", "VPP3"], 24)
    assert load_case(DATA / name).names == case.names


def test_changing_a_case_leaves_the_old_one_as_it_was(tmp_path):
    case = load_case(write_case(tmp_path))
    changed = case.change("A", "battery", energy_max=30.0).change_tie(limit=5.0)
    assert (case.vpp("A").component("battery").energy_max, case.tie.limit) == (20.0, 25.0)
    assert (changed.vpp("A").component("battery").energy_max, changed.tie.limit) == (30.0, 5.0)
    with pytest.raises(WrongInput, match="vpp: found 'C'; allowed: A, B"):
        case.change("C", "battery", energy_max=30.0)


# --- faults -------------------------------------------------------------------------------------------------------
S, U, Y = "series.csv", "units.csv", "case.yaml"
HOUR = "series.csv, line 3, column hour: "
FAULTS = {
    # series.csv: time
    "no time column": (S, "hour,", "day,", "series.csv: no time column; allowed: 'hour' or 'step' (1, 2, 3, ...), or 'time_utc'"),
    "hour is text": (S, "2,25,", "two,25,", HOUR + "found 'two'; allowed: a number"),
    "hour twice": (S, "2,25,", "1,25,", HOUR + "found 1; allowed: 2 (1, 2, 3, ... in order, one for each step)"),
    "hour missing": (S, "2,25,", "4,25,", HOUR + "found 4; allowed: 2"),
    "too few rows": (S, "3,15,30,50,25,0.8,0.2\n", "", "series.csv: found 2 rows; allowed: 3 (steps in case.yaml)"),
    "too many rows": (S, "3,15,30,50,25,0.8,0.2\n", "3,15,30,50,25,0.8,0.2\n4,15,30,50,25,0.8,0.2\n",
                      "series.csv: found 4 rows, in line 5 one more with '4'; allowed: 3"),
    # series.csv: numbers
    "text": (S, "2,25,45", "2,much,45", "series.csv, line 3, column a_load_kw: found 'much'; allowed: a number with a decimal point"),
    "empty": (S, "2,25,45", "2,,45", "series.csv, line 3, column a_load_kw: found nothing; allowed: a number"),
    "decimal comma": (S, "2,25,45", '2,"25,5",45', "line 3, column a_load_kw: found '25,5' (decimal comma?); allowed: a number with"),
    "decimal comma unquoted": (S, "2,25,45", "2,25,5,45", "series.csv, line 3: found 8 cells below 7 column names (decimal commas?); allowed: as many"),
    "not a number": (S, "2,25,45", "2,nan,45", "series.csv, line 3, column a_load_kw: found nan; allowed: a finite number"),
    "infinite": (S, "2,25,45", "2,inf,45", "series.csv, line 3, column a_load_kw: found inf kW; allowed: a finite number"),
    "too large to be finite": (S, "2,25,45", "2,1e999,45", "line 3, column a_load_kw: found inf kW; allowed: a finite number"),
    "negative": (S, "2,25,45", "2,-25,45", "series.csv, line 3, column a_load_kw: found -25 kW; allowed: 0 or more, or any where net_metered is yes"),
    "short row": (S, "2,25,45,35,30,1.2,0.2", "2,25,45,35,30,1.2", "line 3, column grid_sell_yuan_per_kwh: found nothing"),
    # series.csv: columns
    "no unit": (S, "a_load_kw", "a_load", "series.csv, column a_load: no unit in its name, for A electric_load, forecast demand in kW; allowed: a_load_kw, a_load_mw"),
    "energy for power": (S, "a_load_kw", "a_load_kwh", "series.csv, column a_load_kwh: its name does not end in a unit for A electric_load, forecast demand in kW; allowed: a_load_kw"),
    "column missing": (S, "a_load_kw", "a_lod_kw", "series.csv: no column a_load_kw for A electric_load (forecast demand), but a_lod_kw; allowed: a_load_kw"),
    "column of an unknown VPP": (S, "a_pv_kw", "office_heat_kw", "series.csv, column office_heat_kw: nobody asks for it, no VPP of units.csv is called so; allowed: "),
    # units.csv: columns
    "other columns": (U, "parameter,value", "parameter,number", "units.csv: found columns vpp, component, parameter, number, unit"),
    "semicolons": (U, "vpp,component,parameter,value,unit,source,status", "vpp;component;parameter;value;unit;source;status",
                   "units.csv, line 2: found no semicolons, which separate the column names in line 1; allowed: the same separator in all lines"),
    "comma in a value": (U, "pv,carbon_quota,0.4", "pv,carbon_quota,0,4", "units.csv, line 3: found 8 cells below 7 column names; allowed: as many; a cell with a comma in it"),
    # units.csv: cells
    "value is text": (U, "A,battery,charge_max,10", "A,battery,charge_max,ten",
                      "units.csv, line 10, A battery charge_max: found 'ten'; allowed: a number with a decimal point"),
    "value has a decimal comma": (U, "pv,carbon_quota,0.4", 'pv,carbon_quota,"0,4"', "line 3, A renewable.pv carbon_quota: found '0,4' (decimal comma?)"),
    "value is nan": (U, "pv,carbon_quota,0.4", "pv,carbon_quota,nan", "line 3, A renewable.pv carbon_quota: found nan; allowed: a number"),
    "word that is none of a few": (U, "all,grid,sell_max", "all,carbon_market,rise,cubic,-,made up,assumed\nall,grid,sell_max",
                                   "all carbon_market rise: found 'cubic'; allowed: linear, exponential"),
    "word with a unit": (U, "all,grid,sell_max", "all,carbon_market,rise,linear,kg,made up,assumed\nall,grid,sell_max",
                         "all carbon_market rise: found unit 'kg'; allowed: -"),
    "price infinite": (U, "gas_supply,price,3.5", "gas_supply,price,inf", "gas_supply price: found inf"),
    "emission infinite": (U, "boiler,emission,0.65", "boiler,emission,inf", "boiler emission: found inf"),
    "no unit in a row": (U, "charge_max,10,kW,made up,assumed\nA,battery,discharge", "charge_max,10,,made up,assumed\nA,battery,discharge",
                         "units.csv, line 10, A battery charge_max: found unit nothing; allowed: kW, MW"),
    "wrong unit in a row": (U, "energy_max,20,kWh", "energy_max,20,kW", "line 8, A battery energy_max: found unit 'kW'; allowed: kWh, MWh"),
    "unknown unit": (U, "gas_supply,price,3.5,yuan/m3", "gas_supply,price,3.5,euro/m3", "found unit 'euro/m3'; allowed: yuan/m3"),
    "unknown component": (U, "B,boiler,heat_max", "B,furnace,heat_max", "units.csv, line 14, B furnace heat_max: unknown component 'furnace'; allowed: battery, boiler"),
    "unknown parameter": (U, "boiler,emission", "boiler,smoke", "line 16, B boiler smoke: unknown parameter 'smoke'; allowed: heat_max, efficiency"),
    "series as parameter": (U, "boiler,emission,0.65", "electric_load,forecast,0.65", "B electric_load forecast: unknown parameter 'forecast'"),
    "missing parameter": (U, "A,battery,discharge_max,10,kW,made up,assumed\n", "", "units.csv: A battery lacks discharge_max (largest discharging power, kW)"),
    "no source": (U, "battery,charge_max,10,kW,made up", "battery,charge_max,10,kW,", "line 10, A battery charge_max: found no source; allowed: where"),
    "unknown status": (U, "battery,charge_max,10,kW,made up,assumed", "battery,charge_max,10,kW,made up,guessed",
                       "found status 'guessed'; allowed: printed, parent study, digitised, open data, assumed, calibrated"),
    "row twice": (U, "B,boiler,heat_max,40,kW,made up,assumed\n", 2 * "B,boiler,heat_max,40,kW,made up,assumed\n",
                  "units.csv, line 15, B boiler heat_max: stands twice, in line 14 too; allowed: once"),
    "negative limit": (U, "battery,charge_max,10", "battery,charge_max,-10", "A battery charge_max: found -10 kW; allowed: 0 or more"),
    "share above one": (U, "curtail_share,0.1", "curtail_share,1.1", "units.csv, line 5, all electric_load curtail_share: found 1.1 -; allowed: 0 to 1"),
    "smallest above largest": (U, "energy_min,0", "energy_min,6", "units.csv, A, battery: energy_min = 6 is above energy_start = 5"),
    "VPP without series": (U, "B,boiler,emission,0.65,kg/kWh", "C,boiler,emission,0.65,kg/kWh", "no column c_load_kw for C electric_load"),
    # case.yaml
    "no title": (Y, "title: Two small VPPs\n", "", "case.yaml, title: found nothing; allowed: one line of text"),
    "empty source": (Y, "source: made up for the tests", "source: ''", "case.yaml, line 2, source: found nothing; allowed: one line of text"),
    "steps are text": (Y, "steps: 3", "steps: three", "case.yaml, line 5, steps: found 'three'; allowed: a whole number from 1 to "),
    "no steps": (Y, "steps: 3", "steps: 0", "case.yaml, line 5, steps: found 0; allowed: a whole number from 1 to "),
    "no time between steps": (Y, "step_hours: 1", "step_hours: 0", "case.yaml, line 6, step_hours: found 0.0; allowed: a number of hours from "),
    "unknown field": (Y, "currency: yuan", "currency: yuan\ncolour: red", "case.yaml, line 5, colour: unknown name; allowed: title, source, "),
    "status unknown": (Y, "series_status: assumed", "series_status: guessed", "case.yaml, line 8, series_status: found 'guessed'; allowed: printed, parent study"),
    "not YAML": (Y, "title: Two", "title: [Two", "case.yaml, line 2: not readable as YAML"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "sentence"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_refused_with_place_finding_and_what_is_allowed(
    tmp_path, file, old, new, sentence
):
    faults = faults_of(write_case(tmp_path, (file, old, new)))
    assert any(sentence in fault for fault in faults), faults


TIMES = {
    "not a time": (("2016-04-04T00:00Z", "soon", STAMPS[2]), "line 3, column time_utc: found 'soon', not a time; allowed: like 2016"),
    "empty": (("2016-04-04T00:00Z", "", STAMPS[2]), "line 3, column time_utc: found nothing, not a time"),
    "without a zone": (("2016-04-04T00:00", "2016-04-04T01:00", "2016-04-04T02:00"), "line 2, column time_utc: found '2016-04-04T00:00', without a zone"),
    "twice": ((STAMPS[0], STAMPS[1], STAMPS[1]), "line 4, column time_utc: found '2016-04-04T01:00Z' twice (daylight saving?); allowed: steps of 1 h"),
    "unsorted": ((STAMPS[0], STAMPS[2], STAMPS[1]), "line 3, column time_utc: found '2016-04-04T02:00Z' after a step of 2 h"),
    "backwards": ((STAMPS[1], STAMPS[0], STAMPS[2]), "line 3, column time_utc: found '2016-04-04T00:00Z' out of order; allowed: steps of 1 h"),
    "gap": ((STAMPS[0], STAMPS[1], "2016-04-04T03:00Z"), "line 4, column time_utc: found '2016-04-04T03:00Z' after a step of 2 h; allowed: steps of 1 h"),
    "other step": (("2016-04-04T00:00Z", "2016-04-04T00:15Z", "2016-04-04T00:30Z"), "line 3, column time_utc: found '2016-04-04T00:15Z' after a step of 0.25 h"),
}  # fmt: skip


@pytest.mark.parametrize(("stamps", "sentence"), TIMES.values(), ids=TIMES.keys())
def test_a_wrong_time_column_is_refused(tmp_path, stamps, sentence):
    faults = faults_of(write_case(tmp_path, series_csv=with_stamps(*stamps)))
    assert any("series.csv, " + sentence in fault for fault in faults), faults


def test_a_clock_set_forward_is_no_gap_in_utc(tmp_path):
    """Local stamps across the change to summer time: one hour apart, though their clock shows two."""
    stamps = ("2016-03-27T00:00+01:00", "2016-03-27T01:00+01:00", "2016-03-27T03:00+02:00")
    assert load_case(write_case(tmp_path, series_csv=with_stamps(*stamps))).names == ["A", "B"]


@pytest.mark.parametrize(
    ("peak", "hint"),
    [("0.24", "are these MW?"), ("50.5", "are these W?"), ("45000", "are these W?")],
)
def test_a_peak_far_from_the_rating_is_asked_about(tmp_path, peak, hint):
    """PV is rated 50 kW: 0.5 % of it is 0.25 kW."""
    series = SERIES.replace("25,45,", f"25,{peak},").replace("15,30,", "15,0,")
    (fault,) = faults_of(write_case(tmp_path, series_csv=series))
    assert (
        f"peak {float(peak):g} kW against a rating of 50 kW ({hint}); allowed: 0.25 to 50 kW"
        in fault
    )
    assert "A renewable.pv" in fault


@pytest.mark.parametrize("peak", ["0.25", "50", "0"])
def test_a_peak_at_the_edge_of_the_plausible_is_taken(tmp_path, peak):
    series = SERIES.replace("25,45,", f"25,{peak},").replace("15,30,", "15,0,")
    assert load_case(write_case(tmp_path, series_csv=series)).vpp("A").component(
        "pv"
    ).forecast.max() == float(peak)


def test_megawatts_in_a_kilowatt_column_are_noticed_in_every_series(tmp_path):
    table = [line.split(",") for line in SERIES.splitlines()]
    for line in table[1:]:
        line[1:4] = [str(float(cell) / 1000) for cell in line[1:4]]
    faults = faults_of(write_case(tmp_path, series_csv="\n".join(map(",".join, table))))
    assert len([fault for fault in faults if "are these MW?" in fault]) == 3


def test_a_vpp_with_nothing_but_a_grid_is_refused(tmp_path):
    units = UNITS.replace("all,electric_load", "A,electric_load")
    units += "Hom,grid,buy_max,20,kW,mistyped,assumed\n"
    faults = faults_of(write_case(tmp_path, units_csv=units))
    assert any(fault.startswith("units.csv: Hom has ") for fault in faults), faults


def test_two_components_of_one_name_are_refused(tmp_path):
    units = UNITS.replace("A,battery,", "A,battery.pv,")
    faults = faults_of(write_case(tmp_path, units_csv=units))
    assert "units.csv, A: two components named pv; allowed: different labels" in faults


# Faults that a spreadsheet makes and that would change numbers silently.
def test_one_series_in_two_columns_is_refused(tmp_path):
    """a_load_kw and a_load_mw both mean A's load; neither may win silently."""
    lines = [
        f"{line},{cell}"
        for line, cell in zip(
            SERIES.splitlines(), ["a_load_mw", "0.02", "0.03", "0.01"], strict=True
        )
    ]
    assert any(
        "a_load" in fault for fault in faults_of(write_case(tmp_path, series_csv="\n".join(lines)))
    )


@pytest.mark.parametrize(
    "row", ["A,tie,limit,5,kW,made up,assumed", "all,tie.north,limit,5,kW,made up,assumed"]
)
def test_a_row_that_would_not_be_used_is_refused(tmp_path, row):
    """There is one tie for all VPPs: a limit for one of them or a second tie would be read and forgotten."""
    assert any(
        "tie" in fault for fault in faults_of(write_case(tmp_path, units_csv=UNITS + row + "\n"))
    )


@pytest.mark.parametrize("inserted", ["\n", "# measured in 2016\n"], ids=["blank line", "comment"])
def test_line_numbers_are_those_of_the_file(tmp_path, inserted):
    """A comment or an empty line above moves what the reader's editor shows as line 4."""
    series = SERIES.replace("2,25,45", f"{inserted}2,much,45")
    assert any(
        "series.csv, line 4, column a_load_kw" in fault
        for fault in faults_of(write_case(tmp_path, series_csv=series))
    )


def test_all_faults_of_a_folder_are_shown_at_once(tmp_path):
    faults = faults_of(
        write_case(
            tmp_path,
            (S, "2,25,45", "2,much,45"),
            (S, "15,30,50", "15,-30,50"),
            (S, "b_heat_kw", "b_heat"),
            (U, "gas_supply,price,3.5,yuan/m3", "gas_supply,price,3.5,yuan/kWh"),
            (U, "charge_efficiency,0.95", "charge_efficiency,1.95"),
        )
    )
    for sentence in (
        "series.csv, line 3, column a_load_kw: found 'much'",
        "series.csv, line 4, column a_pv_kw: found -30",
        "series.csv, column b_heat: no unit",
        "found unit 'yuan/kWh'; allowed: yuan/m3",
        "A battery charge_efficiency: found 1.95 -; allowed: 0.01 to 1",
    ):
        assert any(sentence in fault for fault in faults), sentence
    assert len(faults) == len(set(faults))


def test_faults_of_all_three_files_are_shown_at_once(tmp_path):
    faults = faults_of(
        write_case(
            tmp_path,
            (Y, "steps: 3", "steps: three"),
            (S, "2,25,45", "2,much,45"),
            (U, "heat_max,40,kW", "heat_max,40,m"),
        )
    )
    assert {fault.split(",")[0].split(":")[0] for fault in faults} >= {
        "case.yaml",
        "series.csv",
        "units.csv",
    }


def test_the_error_reads_as_its_sentences_one_per_line(tmp_path):
    folder = write_case(tmp_path, (S, "2,25,45", "2,much,45"), (S, "15,30,50", "15,-30,50"))
    with pytest.raises(WrongInput) as refused:
        load_case(folder)
    assert str(refused.value).splitlines() == refused.value.faults
    assert refused.value._render_traceback_() == [
        f"WrongInput: {refused.value}"
    ]  # what a notebook shows


# --- files and folders --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["case.yaml", "units.csv", "series.csv"])
def test_a_missing_file_is_named(tmp_path, name):
    folder = write_case(tmp_path / "mine")
    (folder / name).unlink()
    assert faults_of(folder) == [f"mine: file {name} is missing"]


def test_all_missing_files_are_named(tmp_path):
    assert len(faults_of(tmp_path)) == 3


def test_an_unknown_case_lists_the_known_ones():
    (fault,) = faults_of(Path("paper-z"))
    assert "no folder 'paper-z'" in fault and "paper-a" in fault and "paper-a-parent" in fault


def test_a_file_is_no_case_folder(tmp_path):
    write_case(tmp_path)
    assert "no folder" in faults_of(tmp_path / "units.csv")[0]


ODD_FILES = {
    "empty units": {"units_csv": ""}, "empty series": {"series_csv": ""}, "empty description": {"case_yaml": ""},
    "units without rows": {"units_csv": UNITS.splitlines()[0] + "\n"},
    "series without rows": {"series_csv": SERIES.splitlines()[0] + "\n"},
    "description is a list": {"case_yaml": "- title\n- steps\n"},
    "description has a number as name": {"case_yaml": DESCRIPTION + "7: seven\n"},
    "description in Latin-1": {"case_yaml": DESCRIPTION.replace("Two", "Zw\u00f6lf").encode("latin-1")},
    "units in Latin-1": {"units_csv": UNITS.replace("made up", "erf\u00fcnden").encode("latin-1")},
    "series in UTF-16 without a mark": {"series_csv": SERIES.encode("utf-16-le")},
    "units are binary": {"units_csv": bytes(range(256))}, "series is binary": {"series_csv": bytes(range(256))},
    "description is binary": {"case_yaml": bytes(range(256))},
}  # fmt: skip


@pytest.mark.parametrize("files", ODD_FILES.values(), ids=ODD_FILES.keys())
def test_an_odd_file_is_refused_in_words_and_by_name(tmp_path, files):
    name = next(iter(files)).replace("_", ".")
    assert any(name in fault for fault in faults_of(write_case(tmp_path, **files)))


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    """Spreadsheet programs put one in front of a UTF-8 file."""
    marked = {
        name.replace(".", "_"): b"\xef\xbb\xbf" + text.encode() for name, text in SOUND.items()
    }
    assert load_case(write_case(tmp_path, **marked)).names == ["A", "B"]


# --- anything may stand in a cell ---------------------------------------------------------------------------------
NASTY = st.sampled_from(["", " ", "inf", "-inf", "nan", "1e999", "-1", "0,5", "#", '"', "None", "True", "1_0", "all", "A",
                         "\u0663", "2016-13-01T00:00Z", "now", "%", "{label}", "renewable.", ".pv", "tie", "\x00", "\r"])  # fmt: skip
TABLES = {"units.csv": UNITS, "series.csv": SERIES, "stamped series.csv": with_stamps(*STAMPS)}


@settings(max_examples=50)
@given(
    name=st.sampled_from(sorted(TABLES)),
    where=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    text=NASTY | st.text(),
    quoted=st.booleans(),
)
@example(name="series.csv", where=(1, 1), text="\ud7ff", quoted=True)
def test_whatever_stands_in_a_cell_the_case_loads_or_is_refused(
    tmp_path_factory, name, where, text, quoted
):
    rows = [line.split(",") for line in TABLES[name].splitlines()]
    row = rows[where[0] % len(rows)]
    row[where[1] % len(row)] = text
    if quoted:
        written = io.StringIO()
        csv.writer(written).writerows(rows)
        corrupted = written.getvalue()
    else:
        corrupted = "\n".join(map(",".join, rows))
    folder = write_case(
        tmp_path_factory.getbasetemp() / "corrupted",
        **{name.split()[-1].replace(".", "_"): corrupted},
    )
    try:
        case = load_case(folder)
    except WrongInput as refused:
        assert refused.faults and all(fault.strip() for fault in refused.faults)
    else:
        assert case.names == ["A", "B"]
        assert all(
            np.isfinite(values).all() and len(values) == 3 for values in series_of(case).values()
        )


# --- a case made in Python ----------------------------------------------------------------------------------------
def home(name: str, steps: int = 3, step_hours: float = 1.0) -> VPP:
    prices = Grid(buy_price=np.ones(steps), sell_price=np.zeros(steps))
    return VPP(name, (ElectricLoad(forecast=np.ones(steps)), prices), steps, step_hours)


@pytest.mark.parametrize(
    ("vpps", "words"),
    [
        ((), "found no VPP"),
        ((home("Home"), home("home")), "found VPPs of one name, 'Home'"),
        ((home("Home"), home("Home")), "found VPPs of one name, 'Home'"),
        ((home("A"), home("B", 4)), "steps that differ"),
        ((home("A"), home("B", 3, 0.5)), "B: 3 of 0.5 h"),
    ],
)
def test_a_case_made_in_python_is_checked_like_one_from_files(tmp_path, vpps, words):
    read = load_case(write_case(tmp_path))
    with pytest.raises(WrongInput, match=words):
        Case("mine", read.description, vpps, read.tie, read.units, read.series)
