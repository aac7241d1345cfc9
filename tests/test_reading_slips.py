"""One slip in a file is one sentence, which names what is meant; nothing is said of what follows."""

from __future__ import annotations

import pytest
from case_files import DESCRIPTION, SERIES, UNITS, faults_of, write

from vppcore import load_case

U, S, Y = "units.csv", "series.csv", "case.yaml"
TEXTS = {U: UNITS, S: SERIES, Y: DESCRIPTION}
BATTERY = "Home,battery,energy_max"


def spoilt(folder, name: str, old: str, new: str):
    """The sound case with one text in one file replaced."""
    text = TEXTS[name].replace(old, new, 1)
    assert text != TEXTS[name]
    return write(folder, {name: text})


# what it is: (file, what stands there, the slip, the beginning of the one sentence)
SLIPS = {
    "a letter left out of a component": (U, BATTERY, "Home,batery,energy_max", "units.csv, line 6, Home batery energy_max: unknown component 'batery' (battery?); allowed: battery"),
    "two letters of a parameter turned": (U, BATTERY, "Home,battery,enegry_max", "units.csv, line 6, Home battery enegry_max: unknown parameter 'enegry_max' (energy_max?); allowed: energy_min"),
    "value and unit swapped": (U, "energy_max,20,kWh", "energy_max,kWh,20", "units.csv, line 6, Home battery energy_max: found the value 'kWh' and the unit '20' (swapped?); allowed: a number, and one of kWh, MWh"),
    "a share and its unit swapped": (U, "shift_share,0.1,-", "shift_share,-,0.1", "units.csv, line 3, Home electric_load shift_share: found the value '-' and the unit '0.1' (swapped?)"),
    "a capital": (U, BATTERY, "Home,Battery,energy_max", "units.csv, line 6, Home Battery energy_max: unknown component 'Battery' (battery?)"),
    "a component with a label": (U, "renewable.pv", "renewabel.pv", "units.csv, line 4, Home renewabel.pv rating: unknown component 'renewabel' (renewable?)"),
    "a load": (U, "Shop,electric_load", "Shop,elctric_load", "units.csv, line 10, Shop elctric_load rating: unknown component 'elctric_load' (electric_load?)"),
    "a VPP in one row": (U, BATTERY, "Hmoe,battery,energy_max", "units.csv, line 6: found VPP 'Hmoe' (Home?), and no column that begins with it; allowed: Home, Shop, or columns such as hmoe_load_kw"),
    "a VPP in a row of the grid": (U, "Shop,electric_load,rating,60,kW", "Shop,electric_load,rating,60,kW,made up,assumed\nShp,grid,buy_max,9,kW", "units.csv, line 11: found VPP 'Shp' (Shop?), and no column"),
    "all": (U, "all,grid", "al,grid", "units.csv, line 11: found VPP 'al' (all?), and no column"),
    "all of the tie": (U, "all,tie", "al,tie", "units.csv, line 12, al tie limit: found a tie of al; allowed: rows for all"),
    "a price of all": (S, "grid_buy_yuan", "grid_byu_yuan", "series.csv: no column grid_buy_yuan_per_kwh for Home grid and Shop grid (purchase price), but grid_byu_yuan_per_kwh; allowed: grid_buy_yuan_per_kwh"),
    "a name in case.yaml": (Y, "steps: 3", "stepps: 3", "case.yaml, line 5, stepps: unknown name (steps?); allowed: title, source"),
    "a sum below the steps": (S, "3,15,30.5,50,0.8,0.2\n", "3,15,30.5,50,0.8,0.2\nSum,60,75.5,115,2.4,0.6\n", "series.csv: found 4 rows, in line 5 one more with 'Sum'; allowed: 3 (steps in case.yaml)"),
    "a title above the names": (S, "hour,home", "My street in 2026\n\nhour,home", "series.csv, line 1: found a title above the column names; allowed: the column names first, a title behind #"),
    "a row of units": (S, "\n1,20,0", "\n-,kW,kW,kW,yuan,yuan\n1,20,0", "series.csv, line 2: found '-' and no number (a row of units?); allowed: numbers"),
    "minutes for hours": (Y, "step_hours: 1", "step_hours: 15", "case.yaml, line 6, step_hours: found 15 h (minutes?); allowed: up to 1 h"),
    "a step too many": (S, "3,15,30.5,50,0.8,0.2\n", "3,15,30.5,50,0.8,0.2\n1,60,75.5,115,2.4,0.6\n", "series.csv: found 4 rows, in line 5 one more with '1'; allowed: 3"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_one_sentence(tmp_path, name, old, new, said):
    (fault,) = faults_of(spoilt(tmp_path, name, old, new))
    assert fault.startswith(said)


def test_steps_side_by_side_are_one_sentence(tmp_path):
    rows = [line.split(",") for line in SERIES.splitlines()]
    turned = "\n".join(",".join(cells) for cells in zip(*rows, strict=True)) + "\n"
    (fault,) = faults_of(write(tmp_path, {S: turned}))
    assert fault == (
        "series.csv: found the column names hour, 1, 2, ..., steps side by side; "
        "allowed: a row for each step, a column for each series"
    )


@pytest.mark.parametrize("hours", ["0.25", "0.7", "1.5", "2", "24"])
def test_steps_of_some_hours_divide_a_day(tmp_path, hours):
    load_case(write(tmp_path, {Y: DESCRIPTION.replace("step_hours: 1", f"step_hours: {hours}")}))


def test_a_word_mistyped_in_all_rows_is_one_sentence_that_counts_them(tmp_path):
    (fault,) = faults_of(write(tmp_path, {U: UNITS.replace("battery", "batery")}))
    assert "unknown component 'batery' (battery?) (and in 4 more lines)" in fault


def test_what_is_like_no_other_word_is_no_slip(tmp_path):
    """A storage of a kind that there is not: what the battery lacks then is said, too."""
    faults = faults_of(spoilt(tmp_path, U, BATTERY, "Home,accumulator,capacity"))
    assert len(faults) == 2
    assert "unknown component 'accumulator'; allowed" in faults[0]
    assert "Home battery lacks energy_max" in faults[1]


def test_vpps_with_names_alike_are_no_slips(tmp_path):
    """Shops with columns of their own, and one that needs none."""
    more = "Shop 2,electric_load,rating,60,kW,made up,assumed\n"
    more += "".join(
        f"Shop 3,battery,{name},{value},{unit},made up,assumed\n"
        for name, value, unit in (
            ("energy_min", 0, "kWh"),
            ("energy_max", 5, "kWh"),
            ("energy_start", 1, "kWh"),
            ("charge_max", 2, "kW"),
            ("discharge_max", 2, "kW"),
        )
    )
    head, *rows = SERIES.splitlines()
    series = "\n".join([f"{head},shop_2_load_kw", *(f"{row},9" for row in rows)]) + "\n"
    case = load_case(write(tmp_path, {U: UNITS + more, S: series}))
    assert case.names == ["Home", "Shop", "Shop 2", "Shop 3"]


def test_without_a_time_column_no_series_is_taken_for_it(tmp_path):
    series = "\n".join(line.partition(",")[2] for line in SERIES.splitlines()) + "\n"
    (fault,) = faults_of(write(tmp_path, {S: series}))
    assert fault.startswith("series.csv: no time column; allowed: 'hour' or 'step'")


@pytest.mark.parametrize("error", ["#N/A", "#NV", "#REF!", "#BEZUG!", "#DIV/0!", "#WERT!"])
def test_a_formula_without_a_result_is_no_comment(tmp_path, error):
    """It stands first in its line, which would else be left out."""
    units = UNITS + f"{error},battery,self_discharge,0.1,-,made up,assumed\n"
    (fault,) = faults_of(write(tmp_path / "units", {U: units}))
    assert f"found vpp '{error}'; allowed: letters, digits" in fault
    (fault,) = faults_of(spoilt(tmp_path / "series", S, "\n2,25", f"\n{error},25"))
    assert fault.startswith(f"series.csv, line 3, column hour: found '{error}'; allowed: a number")


def test_a_time_that_clocks_leave_out_is_no_start(tmp_path):
    """On 29 March 2026 clocks go from 2 to 3 o'clock in Berlin."""
    about = DESCRIPTION + "timezone: Europe/Berlin\nstart: 2026-03-29T0{}:30\n"
    (fault,) = faults_of(write(tmp_path / "left out", {Y: about.format(2)}))
    assert fault == (
        "case.yaml, start: found 2026-03-29T02:30:00, which clocks leave out on that day; "
        "allowed: a time that there is in Europe/Berlin"
    )
    load_case(write(tmp_path / "there", {Y: about.format(3)}))
