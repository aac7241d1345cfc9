"""Columns that components share: the temperature outdoors of all, of a VPP, and a common COP."""

from __future__ import annotations

import pytest
from case_files import SERIES, faults_of, with_column, with_rows, write

from vppcore import load_case

OUTDOORS = (-5.0, 0.0, 10.0)
COLDER = (-8.0, -2.0, 7.0)


def pump(vpp: str, label: str = "", cop: bool = False) -> tuple[str, ...]:
    """The rows of a heat pump whose COP follows from the weather, or is 3."""
    name = f"{vpp},heat_pump{label and '.' + label}"
    if cop:
        return f"{name},heat_max,30,kW", f"{name},performance,3,-"
    rows = (("heat_max", "30,kW"), ("flow_temperature", "45,degC"), ("carnot_share", "0.4,-"))
    return tuple(f"{name},{number},{value}" for number, value in rows)


def columns(**given: tuple[float, ...]) -> str:
    """series.csv with heat for both VPPs and more columns."""
    series = with_column("shop_heat_kw", 5, 5, 5, series=with_column("home_heat_kw", 5, 5, 5))
    for name, cells in given.items():
        series = with_column(name, *cells, series=series)
    return series


def written(folder, rows, **given):
    """The folder of a case with these heat pumps and columns."""
    files = {"units.csv": with_rows(*rows), "series.csv": columns(**given)}
    rows_of_heat = ("Home,heat_load,rating,20,kW", "Shop,heat_load,rating,20,kW")
    files["units.csv"] = with_rows(*rows_of_heat, *rows)
    return write(folder, files)


def outdoors(folder, vpp: str, label: str = "heat_pump") -> list[float]:
    return load_case(folder).vpp(vpp).component(label).outdoor.tolist()


BOTH = (*pump("Home"), *pump("Shop"))


@pytest.mark.parametrize("name", ["outdoor_degc", "heat_pump_outdoor_degc", "Outdoor_degC"])
def test_one_column_is_the_weather_of_all(tmp_path, name):
    folder = written(tmp_path, BOTH, **{name: OUTDOORS})
    assert outdoors(folder, "Home") == outdoors(folder, "Shop") == list(OUTDOORS)


@pytest.mark.parametrize("name", ["shop_outdoor_degc", "shop_heat_pump_outdoor_degc"])
def test_a_vpp_s_own_column_wins_over_that_of_all(tmp_path, name):
    folder = written(tmp_path, BOTH, outdoor_degc=OUTDOORS, **{name: COLDER})
    assert outdoors(folder, "Home") == list(OUTDOORS)
    assert outdoors(folder, "Shop") == list(COLDER)


def test_two_pumps_of_a_vpp_share_its_weather_and_a_label_has_its_own(tmp_path):
    rows = (*pump("Home", "cellar"), *pump("Home", "attic"), *pump("Shop", cop=True))
    folder = written(tmp_path / "a", rows, home_outdoor_degc=OUTDOORS)
    assert outdoors(folder, "Home", "cellar") == outdoors(folder, "Home", "attic") == [*OUTDOORS]
    folder = written(tmp_path / "b", rows, outdoor_degc=OUTDOORS, home_cellar_outdoor_degc=COLDER)
    assert outdoors(folder, "Home", "cellar") == list(COLDER)
    assert outdoors(folder, "Home", "attic") == list(OUTDOORS)


def test_a_row_of_one_vpp_wins_and_a_pump_whose_cop_is_given_asks_for_no_weather(tmp_path):
    rows = (*BOTH, "Shop,heat_pump,outdoor,4,degC")
    read = load_case(written(tmp_path / "a", rows, outdoor_degc=OUTDOORS))
    assert read.vpp("Shop").component("heat_pump").outdoor == 4
    assert read.vpp("Home").component("heat_pump").outdoor.tolist() == list(OUTDOORS)
    rows = (*pump("Home"), *pump("Shop", cop=True))
    read = load_case(written(tmp_path / "b", rows, outdoor_degc=OUTDOORS))
    assert read.vpp("Shop").component("heat_pump").outdoor is None
    by_column = {"shop_heat_pump_performance_cop": (3, 3, 2.5)}
    rows = (*pump("Home"), "Shop,heat_pump,heat_max,30,kW")
    read = load_case(written(tmp_path / "c", rows, outdoor_degc=OUTDOORS, **by_column))
    assert read.vpp("Shop").component("heat_pump").performance.tolist() == [3, 3, 2.5]


def test_a_cop_may_be_shared_too(tmp_path):
    rows = ("Home,heat_pump,heat_max,30,kW", "Shop,heat_pump,heat_max,30,kW")
    read = load_case(written(tmp_path, rows, heat_pump_performance_cop=(3, 3, 2.5)))
    for vpp in read.vpps:
        assert vpp.component("heat_pump").performance.tolist() == [3, 3, 2.5]


WRONG = {
    "a row of all": (
        (*BOTH, "all,heat_pump,outdoor,4,degC"),
        {"outdoor_degc": OUTDOORS},
        "column outdoor_degc: holds outdoor of Home heat_pump, and so does a row of units.csv",
    ),
    "two of all": (
        BOTH,
        {"outdoor_degc": OUTDOORS, "heat_pump_outdoor_degc": COLDER},
        "column heat_pump_outdoor_degc: holds the same series as column outdoor_degc",
    ),
    "each has its own": (
        BOTH,
        {
            "outdoor_degc": OUTDOORS,
            "home_outdoor_degc": OUTDOORS,
            "shop_heat_pump_outdoor_degc": COLDER,
        },
        "column outdoor_degc: nobody asks for it",
    ),
    "each has its COP": (
        (*pump("Home", cop=True), *pump("Shop", cop=True)),
        {"outdoor_degc": OUTDOORS},
        "column outdoor_degc: nobody asks for it",
    ),
    "nobody has a pump": (
        (),
        {"outdoor_degc": OUTDOORS},
        "column outdoor_degc: nobody asks for it",
    ),
    "no unit": (
        BOTH,
        {"outdoor": OUTDOORS},
        "column outdoor: no unit in its name, for Home heat_pump, temperature outdoors",
    ),
    "another's": (
        pump("Home"),
        {"outdoor_degc": OUTDOORS, "shop_outdoor_degc": COLDER},
        "column shop_outdoor_degc: nobody asks for it",
    ),
    "too hot": (
        BOTH,
        {"outdoor_degc": (-5, 0, 99)},
        "line 4, column outdoor_degc: found 99 degC; allowed: -60 to 60",
    ),
}


@pytest.mark.parametrize(("rows", "given", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_nobody_or_somebody_twice_asks_for_is_said(tmp_path, rows, given, words):
    sentences = faults_of(written(tmp_path, rows, **given))
    assert words in sentences[0]


def test_the_sound_case_has_no_weather():
    assert "outdoor" not in SERIES
