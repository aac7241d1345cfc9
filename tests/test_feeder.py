"""A feeder's folder: every fault of its files in one go, lines of 0 ohm, and what the library's errors become."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput
from vppcore.grid.feeder import Feeder, load_feeder
from vppcore.grid.placement import Placement
from vppcore.grid.power_flow import power_flow, solve_flow
from vppcore.places import DATA

ABOUT = "title: four buses\nbase_kv: 0.4\nsource_bus: 1\nsource_voltage: 1.0\n"
LINES = "from_bus,to_bus,r_ohm,x_ohm\n1,2,0.1,0.01\n2,3,0.2,0.02\n2,4,0.3,0.03\n"
BUSES = "bus,p_kw,q_kvar,vpp\n1,0,0,\n2,1,0.5,A\n3,2,1,A\n4,3,1.5,B\n"
ONE_WAY = "allowed: a radial feeder: one way from the source to each bus"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A sound feeder of four buses."""
    path = tmp_path / "four"
    path.mkdir()
    (path / "feeder.yaml").write_text(ABOUT)
    (path / "lines.csv").write_text(LINES)
    (path / "buses.csv").write_text(BUSES)
    return path


def with_text(folder: Path, name: str, old: str, new: str) -> Path:
    text = (folder / name).read_text()
    assert text.count(old) >= 1
    (folder / name).write_text(text.replace(old, new, 1))
    return folder


def refused(folder: Path) -> list[str]:
    with pytest.raises(WrongInput) as error:
        load_feeder(folder)
    return error.value.faults


def test_a_sound_feeder_is_read(folder):
    feeder = load_feeder(folder)
    assert (feeder.name, feeder.base_kv, feeder.source, feeder.source_voltage) == (
        "four",
        0.4,
        1,
        1,
    )
    assert feeder.buses == [2, 3, 4] and feeder.loads["p_kw"].to_list() == [0, 1, 2, 3]
    assert feeder.lines["r_ohm"].to_list() == [0.1, 0.2, 0.3]
    assert feeder.loads["vpp"].to_list() == ["", "A", "A", "B"]


def test_a_spreadsheet_of_another_country_is_read_as_the_same_feeder(folder):
    for name in ("lines.csv", "buses.csv"):
        text = (folder / name).read_text().replace(",", ";").replace(".", ",")
        (folder / name).write_text(text, encoding="utf-8-sig")
    feeder = load_feeder(folder)
    assert feeder.lines["x_ohm"].to_list() == [0.01, 0.02, 0.03]
    assert feeder.loads["q_kvar"].to_list() == [0, 0.5, 1, 1.5]


@pytest.mark.parametrize(("name", "old", "new", "sentence"), [
    ("feeder.yaml", "base_kv: 0.4", "base_kv: low", "feeder.yaml, line 2, base_kv: found 'low'; allowed: a number above 0"),
    ("feeder.yaml", "base_kv: 0.4\n", "", "feeder.yaml, base_kv: found nothing; allowed: a number above 0"),
    ("feeder.yaml", "base_kv: 0.4", "base_kv: [0.4]", "feeder.yaml, line 2, base_kv: found ['0.4']; allowed: a number above 0"),
    ("feeder.yaml", "source_bus: 1", "source_bus: 1.5", "feeder.yaml, line 3, source_bus: found '1.5'; allowed: a whole number of 0 or more"),
    ("feeder.yaml", "source_bus: 1", "source_bus: 9", "feeder.yaml: found the source bus 9; allowed: a bus of buses.csv"),
    ("feeder.yaml", "source_voltage: 1.0", "source_voltage: 0", "feeder.yaml, line 4, source_voltage: found '0'; allowed: a number above 0"),
    ("feeder.yaml", "source_voltage: 1.0", "source_voltage: nan", "feeder.yaml, line 4, source_voltage: found 'nan'; allowed: a number above 0"),
    ("lines.csv", "r_ohm", "ohm", "lines.csv: no column r_ohm; allowed: columns from_bus, to_bus, r_ohm, x_ohm"),
    ("buses.csv", "q_kvar", "kvar", "buses.csv: no column q_kvar; allowed: columns bus, p_kw, q_kvar"),
    ("lines.csv", "0.2,0.02", "-0.2,0.02", "lines.csv, line 3, column r_ohm: found -0.2; allowed: a number of 0 or more"),
    ("lines.csv", "0.2,0.02", "much,0.02", "lines.csv, line 3, column r_ohm: found 'much'; allowed: a number with a decimal point"),
    ("lines.csv", "0.2,0.02", ",0.02", "lines.csv, line 3, column r_ohm: found nothing; allowed: a number with a decimal point"),
    ("lines.csv", "0.2,0.02", "nan,0.02", "lines.csv, line 3, column r_ohm: found nan; allowed: a number of 0 or more"),
    ("lines.csv", "0.2,0.02", "0.2,inf", "lines.csv, line 3, column x_ohm: found inf; allowed: a number of 0 or more"),
    ("lines.csv", "0.2,0.02", '"0,2",0.02', "lines.csv, line 3, column r_ohm: found '0,2' (decimal comma?); allowed: a number with a decimal point"),
    ("lines.csv", "2,3,", "2,3.5,", "lines.csv, line 3, column to_bus: found 3.5; allowed: a whole number of 0 or more"),
    ("lines.csv", "2,3,", "2,Hut,", "lines.csv, line 3, column to_bus: found 'Hut'; allowed: a number with a decimal point"),
    ("lines.csv", "2,3,", "3,3,", "lines.csv, line 3: found a line from bus 3 to itself; allowed: two buses"),  # and 3 is cut off
    ("lines.csv", "2,4,0.3,0.03\n", "2,4,0.3,0.03\n4,2,1,1\n", "lines.csv, line 5: found a second line between buses 4 and 2; allowed: one"),
    ("lines.csv", "2,4,0.3,0.03\n", "2,4,0.3,0.03\n4,7,1,1\n", "lines.csv, line 5: found bus 7; allowed: a bus of buses.csv"),
    ("lines.csv", "2,4,0.3,0.03\n", "2,4,0.3,0.03\n3,4,1,1\n", f"lines.csv: found a ring of lines through buses 2, 3, 4; {ONE_WAY}"),
    ("lines.csv", "1,2,0.1,0.01\n", "", f"lines.csv: found no way from the source bus 1 to buses 2, 3, 4; {ONE_WAY}"),
    ("buses.csv", "4,3,1.5,B\n", "4,3,1.5,B\n5,1,1,B\n", f"lines.csv: found no way from the source bus 1 to bus 5; {ONE_WAY}"),
    ("buses.csv", "4,3,1.5,B\n", "4,3,1.5,B\n4,1,1,B\n", "buses.csv: found bus 4 twice; allowed: once"),
    ("buses.csv", "2,1,0.5,A", "2,none,0.5,A", "buses.csv, line 3, column p_kw: found 'none'; allowed: a number with a decimal point"),
    ("buses.csv", "2,1,0.5,A", "2,,0.5,A", "buses.csv, line 3, column p_kw: found nothing; allowed: a number with a decimal point"),
])  # fmt: skip
def test_a_fault_is_one_sentence_that_says_where(folder, name, old, new, sentence):
    faults = refused(with_text(folder, name, old, new))
    assert faults[0] == sentence and len(faults) == 1 + sentence.count("to itself")


def test_a_semicolon_more_is_named_once(folder):
    """Decimal commas beside comma separators: each row has too many cells, which is said once."""
    text = LINES.replace("0.1,0.01", "0,1,0,01").replace("0.2,0.02", "0,2,0,02")
    (folder / "lines.csv").write_text(text)
    faults = refused(folder)
    assert len(faults) == 1 and faults[0].startswith("lines.csv, line 2: found 6 cells below 4")


def test_all_faults_of_all_files_are_listed_in_one_go(folder):
    (folder / "feeder.yaml").write_text("base_kv: -1\nsource_bus: 1\nsource_voltage: high\n")
    (folder / "lines.csv").write_text(LINES.replace("0.1,", "x,") + "3,4,1,1\n2,2,-1,1\n2,8,1,1\n")
    (folder / "buses.csv").write_text(BUSES + "4,1,,B\n5,1,1,B\n")
    places = [fault.partition("; ")[0] for fault in refused(folder)]
    assert places == [
        "feeder.yaml, line 1, base_kv: found '-1'",
        "feeder.yaml, line 3, source_voltage: found 'high'",
        "lines.csv, line 2, column r_ohm: found 'x'",
        "lines.csv, line 6, column r_ohm: found -1",
        "buses.csv, line 6, column q_kvar: found nothing",
        "lines.csv, line 6: found a line from bus 2 to itself",
        "lines.csv, line 7: found bus 8",
        "buses.csv: found bus 4 twice",
        "lines.csv: found a ring of lines through buses 2, 3, 4",
        "lines.csv: found no way from the source bus 1 to bus 5",
    ]


def test_missing_files_are_named_and_what_is_no_table_too(folder):
    (folder / "buses.csv").unlink()
    assert refused(folder) == [f"feeder {folder}: file buses.csv is missing"]
    (folder / "buses.csv").write_text("")
    (folder / "feeder.yaml").write_text("- a list\n")
    assert refused(folder) == [
        "feeder.yaml, line 1: found no 'name: value' lines; allowed: lines 'name: value' with base_kv, source_bus, source_voltage",
        "buses.csv: found nothing; allowed: a line of column names and rows below it",
    ]


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"base_kv": 0.0}, "feeder tiny: base_kv: found 0.0; allowed: a number above 0"),
    ({"source": 9}, "feeder tiny: found the source bus 9; allowed: a bus of buses.csv"),
    ({"source_voltage": float("nan")}, "feeder tiny: source_voltage: found nan; allowed: a number above 0"),
])  # fmt: skip
def test_a_feeder_made_in_python_is_checked_too(changes, sentence):
    with pytest.raises(WrongInput) as error:
        replace(tiny(), **changes)
    assert error.value.faults == [sentence]


@pytest.mark.parametrize(("column", "number", "sentence"), [
    ("r_ohm", -0.1, "feeder tiny: r_ohm: found -0.1; allowed: a number of 0 or more"),
    ("x_ohm", np.nan, "feeder tiny: x_ohm: found nan; allowed: a number of 0 or more"),
    ("to_bus", 2, "feeder tiny: found a line from bus 2 to itself; allowed: two buses"),
])  # fmt: skip
def test_lines_made_in_python_are_checked_too(column, number, sentence):
    lines = tiny().lines.copy()
    lines.loc[1, column] = number
    with pytest.raises(WrongInput) as error:
        replace(tiny(), lines=lines)
    assert sentence in error.value.faults


# --- power flow ---------------------------------------------------------------------------------------------------
def tiny(r=(0.1, 0.2, 0.3), x=(0.01, 0.02, 0.03), **columns) -> Feeder:
    """A line from 1 to 2, and two lines from there to 3 and 4; 0.4 kV, no customers."""
    lines = pd.DataFrame({"from_bus": [1, 2, 2], "to_bus": [2, 3, 4], "r_ohm": r, "x_ohm": x})
    loads = pd.DataFrame({"p_kw": [0.0] * 4, "q_kvar": [0.0] * 4}, [1, 2, 3, 4])
    return Feeder("tiny", lines.assign(**columns), loads, base_kv=0.4, source=1)


def powers(*rows) -> pd.DataFrame:
    """kW at buses 1 to 4, a row per step."""
    return pd.DataFrame(rows, range(1, len(rows) + 1), [1, 2, 3, 4], dtype=float)


NOTHING = powers([0, 0, 0, 0])


def test_the_loading_of_a_line_is_its_current_over_the_largest_one_by_hand():
    """9 kW at bus 3 of a line without other load: I = P / (sqrt(3) U), at the voltage that the flow finds."""
    feeder = tiny(max_i_ka=[0.02, 0.05, 0.05])
    flow = solve_flow(feeder, powers([0, 0, 9, 0]), NOTHING)
    kilovolts = 0.4 * flow.voltages.loc[1, 3]
    current = 9 / (np.sqrt(3) * kilovolts) / 1000  # kA
    assert flow.loading.loc[1].to_list() == pytest.approx([current / 0.02, current / 0.05, 0.0])
    assert flow.summary()["highest line loading"] == pytest.approx(current / 0.02)
    without = solve_flow(tiny(), powers([0, 0, 9, 0]), NOTHING)
    assert (without.loading == 0).all(axis=None) and "highest line loading" not in without.summary()
    some = solve_flow(tiny(max_i_ka=[np.nan, 0.05, np.nan]), powers([0, 0, 9, 0]), NOTHING)
    assert some.loading.loc[1].to_list() == pytest.approx([0.0, current / 0.05, 0.0])


def test_the_charging_of_a_cable_lifts_the_voltage_at_its_open_end():
    """A pi section without load: U_2 = U_1 / |1 + Z j omega C / 2|, and the head pays its losses."""
    feeder = tiny(c_nf=[3e5, 0.0, 0.0], x=(5.0, 0.02, 0.03))
    flow = solve_flow(feeder, NOTHING, NOTHING)
    shunt = 1j * 2 * np.pi * 50 * 3e5 * 1e-9
    open_end = 1 / abs(1 + (0.1 + 5.0j) * shunt / 2)
    assert flow.voltages.loc[1, 2] == pytest.approx(open_end, rel=1e-9) and open_end > 1.2
    volts = 400 / np.sqrt(3) * open_end
    losses = 3 * 0.1 * (volts * abs(shunt) / 2) ** 2 / 1000
    assert flow.losses[1] == pytest.approx(losses, rel=1e-6) == pytest.approx(flow.head[1])
    assert solve_flow(tiny(), NOTHING, NOTHING).voltages.to_numpy() == pytest.approx(1.0)


TWO = {
    "feeder.yaml": "base_kv: 20\nsource_bus: 1\nsource_voltage: 1.0\n",
    "lines.csv": "from_bus,to_bus,r_ohm,x_ohm,c_nf,max_i_ka\n1,2,2.0,4.0,30000,0.12\n",
    "buses.csv": "bus,p_kw,q_kvar\n1,0,0\n2,0,0\n",
}


def two_bus_feeder(folder: Path, **cells: str) -> Feeder:
    """A cable from a substation to one bus, read from files; `cells` replace numbers of its line."""
    for name, text in TWO.items():
        (folder / name).write_text(text)
    line = dict(zip(["c_nf", "max_i_ka"], ["30000", "0.12"], strict=True)) | cells
    (folder / "lines.csv").write_text(
        f"from_bus,to_bus,r_ohm,x_ohm,{','.join(line)}\n1,2,2.0,4.0,{','.join(line.values())}\n"
    )
    return load_feeder(folder)


def by_hand(kilowatts: float, nanofarads: float) -> tuple[float, float]:
    """Voltage at the far bus (per unit) and the larger current of the cable (kA), phase by phase.

    A pi section: half of the capacitance at each end. The far voltage is found by repeating
    U2 = U1 - Z (I2 + Y/2 U2) with I2 = (S/3 / U2)* until it stands still.
    """
    source = 20_000 / np.sqrt(3)
    impedance, shunt = 2.0 + 4.0j, 1j * 2 * np.pi * 50 * nanofarads * 1e-9 / 2
    far = source + 0j
    for _ in range(200):
        taken = np.conj(1000 * kilowatts / 3 / far)
        far = source - impedance * (taken + shunt * far)
    through = (source - far) / impedance
    ends = abs(through + shunt * source), abs(through - shunt * far)
    return abs(far) / source, max(ends) / 1000


@pytest.mark.parametrize("nanofarads", ["30000", "3000", "0"])
@pytest.mark.parametrize("kilowatts", [0.0, 2500.0, -2500.0])
def test_capacitance_and_rating_are_read_and_count_as_by_hand(tmp_path, kilowatts, nanofarads):
    """From the file to the loading: capacitance in nF of the whole line, rating in kA."""
    feeder = two_bus_feeder(tmp_path, c_nf=nanofarads, max_i_ka="0.12")
    active = pd.DataFrame([[0.0, kilowatts]], [1], [1, 2])
    flow = solve_flow(feeder, active, 0 * active)
    voltage, current = by_hand(kilowatts, float(nanofarads))
    assert flow.voltages.loc[1, 2] == pytest.approx(voltage, abs=1e-7)
    assert flow.loading.loc[1, 0] == pytest.approx(current / 0.12, abs=1e-7)


def test_another_rating_or_capacitance_in_the_file_is_another_number(tmp_path):
    active = pd.DataFrame([[0.0, 2500.0]], [1], [1, 2])

    def flow(**cells):
        return solve_flow(two_bus_feeder(tmp_path, **cells), active, 0 * active)

    usual, wider, charged = flow(), flow(max_i_ka="0.24"), flow(c_nf="60000")
    assert wider.loading.loc[1, 0] == pytest.approx(usual.loading.loc[1, 0] / 2, rel=1e-12)
    assert charged.voltages.loc[1, 2] > usual.voltages.loc[1, 2] + 1e-3
    unknown = flow(c_nf="", max_i_ka="")
    assert unknown.loading.loc[1, 0] == 0.0
    assert unknown.voltages.loc[1, 2] == pytest.approx(by_hand(2500.0, 0.0)[0], abs=1e-7)


# ohm, ohm and nF per km, and kA, as pandapower's library of standard types has them
TYPES = {
    "NA2XS2Y 1x70 RM/25 12/20 kV": (0.443, 0.132, 190.0, 0.220),
    "NA2XS2Y 1x95 RM/25 12/20 kV": (0.313, 0.132, 216.0, 0.252),
    "NA2XS2Y 1x120 RM/25 12/20 kV": (0.253, 0.119, 230.0, 0.283),
    "48-AL1/8-ST1A 20.0": (0.5939, 0.372, 9.5, 0.210),
}


def test_every_line_of_the_real_grid_is_of_a_known_type():
    """A rating or capacitance of one line that is not its type's would be a slip in the data."""
    lines = load_feeder("simbench-semiurb/grid").lines
    table = pd.read_csv(DATA / "simbench-semiurb" / "grid" / "lines.csv")
    for column in ("c_nf", "max_i_ka"):
        assert lines[column].to_list() == table[column].to_list()
    per_km = table[["r_ohm", "x_ohm", "c_nf"]].div(table["length_km"], axis=0)
    found = per_km.assign(max_i_ka=table["max_i_ka"])
    for _, line in found.iterrows():
        close = [
            name
            for name, numbers in TYPES.items()
            if line.to_list() == pytest.approx(numbers, rel=1e-3)
        ]
        assert len(close) == 1, f"no such line: {line.to_list()}"


def test_power_at_the_head_is_what_is_taken_and_lost():
    flow = solve_flow(
        tiny(), powers([1, 2, 3, 4], [0, -2, 0, 0]), powers([0, 1, 0, 0], [0, 0, 0, 0])
    )
    assert flow.head.to_list() == pytest.approx([10 + flow.losses[1], -2 + flow.losses[2]])
    assert (flow.losses > 0).all()


@settings(max_examples=30)
@given(
    st.sampled_from([(0,), (1,), (0, 1), (1, 2), (0, 1, 2)]),
    st.lists(st.floats(-5, 5), min_size=8, max_size=8),
)
def test_a_line_of_0_ohm_is_the_limit_of_a_very_short_one(short, kw):
    """Voltages, losses, head and loading; at 1e-6 ohm the voltages differ by less than 1e-6."""
    active, reactive = powers(kw[:4]), powers(kw[4:])

    def flow_with(ohm: float):
        r, x = np.array([0.1, 0.2, 0.3]), np.array([0.01, 0.02, 0.03])
        r[list(short)], x[list(short)] = ohm, ohm
        return solve_flow(tiny(r, x, max_i_ka=[0.02, 0.05, 0.1]), active, reactive)

    exact, near = flow_with(0.0), flow_with(1e-6)
    assert exact.voltages.to_numpy() == pytest.approx(near.voltages.to_numpy(), abs=1e-6)
    assert exact.losses.to_numpy() == pytest.approx(near.losses.to_numpy(), abs=1e-4)
    assert exact.head.to_numpy() == pytest.approx(near.head.to_numpy(), abs=1e-4)
    assert exact.loading.to_numpy() == pytest.approx(near.loading.to_numpy(), abs=1e-3)


def test_buses_at_the_ends_of_a_line_of_0_ohm_have_one_voltage():
    flow = solve_flow(tiny(r=(0.1, 0.0, 0.3), x=(0.01, 0.0, 0.03)), powers([0, 1, 8, 0]), NOTHING)
    assert flow.voltages.loc[1, 2] == flow.voltages.loc[1, 3] < 1
    one = solve_flow(tiny(), powers([0, 9, 0, 0]), NOTHING)
    assert flow.voltages.loc[1, 2] == pytest.approx(one.voltages.loc[1, 2], rel=1e-12)


def test_a_line_of_0_ohm_with_a_capacitance_is_refused():
    with pytest.raises(WrongInput, match="found a line of 0 ohm with a capacitance of 5 nF"):
        tiny(r=(0.1, 0.0, 0.3), x=(0.01, 0.0, 0.03), c_nf=[0.0, 5.0, 0.0])


def test_a_feeder_with_lines_of_0_ohm_keeps_its_linear_model():
    resistance, _ = tiny(r=(0.1, 0.0, 0.3), x=(0.01, 0.0, 0.03)).sensitivity()
    assert resistance == pytest.approx(
        np.array([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [0.1, 0.1, 0.4]])
    )


# --- what cannot be solved ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("at_3", "at_4", "total", "what"),
    [(900, 1, 901, "takes 900"), (-300, 250, -50, "feeds in 300")],
)
def test_power_that_no_voltage_carries_is_named_by_step_and_bus(at_3, at_4, total, what):
    """0.4 ohm at 0.4 kV carry 100 kW at most, U^2 / (4 R), and 0.3 ohm 133."""
    active = powers([0, 0, 9, 0], [0, 0, at_3, at_4], [0, 0, 9, 0], [0, 0, 0, 300])
    with pytest.raises(NotSolved) as refused:
        solve_flow(tiny(), active, 0 * active)
    assert str(refused.value) == (
        "power flow on tiny: found no voltages that carry the power of step 2 (and of 1 more), "
        f"{total} kW in all, of which bus 3 {what}; "
        "allowed: less power far from the substation, or lines of less resistance"
    )
    assert refused.value.status == "limit"


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_power_that_is_no_number_is_refused_and_not_taken_for_zero(wrong):
    with pytest.raises(
        WrongInput,
        match="^active power, step 2, bus 3: found (nan|inf); allowed: a finite number of kW",
    ):
        solve_flow(tiny(), powers([0, 0, 9, 0], [0, 0, wrong, 0]), powers([0] * 4, [0] * 4))
    with pytest.raises(WrongInput, match="^reactive power, step 1, bus 4"):
        solve_flow(tiny(), powers([0, 0, 9, 0]), powers([0, 0, 0, wrong]))


def test_a_bus_without_a_column_is_refused():
    with pytest.raises(
        WrongInput, match="active power: found no column for bus 3; allowed: a column for each bus"
    ):
        solve_flow(tiny(), NOTHING.drop(columns=3), NOTHING)


def test_a_placed_vpp_without_withdrawals_is_refused():
    placement = Placement(tiny(), {"A": 3, "B": 4}, 0.0, 0.5, 1.5)
    with pytest.raises(WrongInput, match="^withdrawals: found A; allowed: .*, also for B$"):
        power_flow(placement, pd.DataFrame({"A": [1.0]}))
