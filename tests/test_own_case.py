"""A reader's own case: what `make case` writes and `make check` says, fault by fault, and what an impossible case lacks."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vppcore import NotSolved, dispatch, load_case, pool
from vppcore.reading import DATA

TOOL = DATA.parent / "tools" / "case.py"
U, S, Y = "units.csv", "series.csv", "case.yaml"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """The tool, with a project of its own that has a template and nothing else."""
    spec = importlib.util.spec_from_file_location("own_case_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copytree(DATA / "template", tmp_path / "project" / "data" / "template")
    monkeypatch.setattr(module, "ROOT", tmp_path / "project")
    monkeypatch.setattr(module, "TEMPLATE", tmp_path / "project" / "data" / "template")
    return module


def mine(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """The template with texts replaced, each as (file, found once or more, put in place of the first)."""
    shutil.copytree(DATA / "template", folder)
    for file, old, new in changes:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def refused(tool, folder: Path | str) -> list[str]:
    """The lines with which `check` leaves; a text as exit code is printed and makes the exit non-zero."""
    with pytest.raises(SystemExit) as left:
        tool.check(str(folder))
    assert isinstance(left.value.code, str)
    return left.value.code.splitlines()


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


# --- make case ----------------------------------------------------------------------------------------------------
def test_new_copies_the_template_whole(tool, capsys):
    tool.new("mine")
    assert files_of(tool.ROOT / "data" / "mine") == files_of(DATA / "template")
    assert sorted(path.name for path in (tool.ROOT / "data").iterdir()) == ["mine", "template"]
    said = capsys.readouterr().out
    assert (
        "data/mine holds case.yaml, units.csv and series.csv" in said
        and "make check CASE=data/mine" in said
    )
    assert load_case(tool.ROOT / "data" / "mine").names == ["Home", "Shop"]


@pytest.mark.parametrize("name", ["a", "My-case_2.b", "2026"])
def test_usual_names_are_taken(tool, name):
    tool.new(name)
    assert (tool.ROOT / "data" / name / "case.yaml").is_file()


@pytest.mark.parametrize(
    "name",
    [
        " ",
        "../mine",
        "a/b",
        ".hidden",
        "-p",
        "_x",
        "my case",
        "mine\n",
        "mine;ls",
        "größe",
        "~",
        "*",
        "/tmp/mine",
        "$HOME",
        "..",
        ".",
    ],
)
def test_odd_names_are_refused_and_nothing_is_written(tool, name):
    before = files_of(tool.ROOT.parent)
    with pytest.raises(SystemExit) as left:
        tool.new(name)
    assert "allowed are letters, digits" in str(
        left.value.code
    ) or "is there already; nothing was written" in str(left.value.code)
    assert files_of(tool.ROOT.parent) == before
    assert [path.name for path in (tool.ROOT / "data").iterdir()] == ["template"]


@pytest.mark.parametrize("name", ["template", "mine"])
def test_a_name_that_is_there_is_refused_and_left_as_it_is(tool, name):
    (tool.ROOT / "data" / "mine").mkdir()
    (tool.ROOT / "data" / "mine" / "units.csv").write_text("my work")
    before = files_of(tool.ROOT)
    with pytest.raises(SystemExit) as left:
        tool.new(name)
    assert left.value.code == f"data/{name} is there already; nothing was written"
    assert files_of(tool.ROOT) == before


def test_a_copy_that_fails_leaves_nothing(tool, monkeypatch):
    """A disk that is full in the middle of the copy."""

    def half(source, made):
        made.mkdir()
        (made / "case.yaml").write_text("half")
        raise OSError("no space left on device")

    monkeypatch.setattr(tool.shutil, "copytree", half)
    with pytest.raises(OSError):
        tool.new("mine")
    assert [path.name for path in (tool.ROOT / "data").iterdir()] == ["template"]


@pytest.mark.parametrize(
    "words", [(), ("new",), ("new", ""), ("check", ""), ("show", "mine"), ("new", "a", "b")]
)
def test_other_words_get_the_usage(tool, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["case.py", *words])
    with pytest.raises(SystemExit) as left:
        tool.main()
    said = f"{left.value.code} {capsys.readouterr().err}"
    assert "say what to do: make case NAME=mine, or make check CASE=data/mine" in said or (
        left.value.code == 2 and "usage: " in said
    )


# --- make check, a sound case -------------------------------------------------------------------------------------
def test_check_says_what_was_understood(tool, tmp_path, capsys):
    folder = mine(tmp_path / "mine")
    tool.check(str(folder))
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[:2] == ["A household and a shop on one street", "24 steps of 1 h"]
    case = load_case(folder)
    for words in (
        "Home electric_load",
        "Home heat_load",
        "Home pv",
        "Shop electric_load",
        "battery",
        "boiler",
        "gas_supply",
        "grid_buy",
    ):
        assert words in said
    (row,) = [line.split() for line in lines if line.startswith("Home pv")]
    pv = case.vpp("Home").component("pv").forecast
    assert [float(cell) for cell in row[2:]] == pytest.approx(
        [pv.sum(), pv.max(), pv.argmax() + 1], abs=0.06
    )
    (row,) = [line.split() for line in lines if line.startswith("grid_buy")]
    assert [float(cell) for cell in row[1:]] == pytest.approx(
        [0.45, case.series["grid_buy"].mean(), 1.10], abs=6e-4
    )
    for vpp in case.vpps:
        assert f"{vpp.name} alone: {dispatch(vpp).cost:,.2f} yuan" in lines
    assert lines[-1] == f'Now: make run NB=bargaining P="case={folder}"'


def test_check_says_when_the_steps_are(tool, tmp_path, capsys):
    tool.check("simbench-semiurb")
    assert capsys.readouterr().out.splitlines()[1:3] == [
        "168 steps of 1 h",
        "from Monday, 0:00 (Europe/Berlin)",
    ]
    tool.check(str(mine(tmp_path / "mine", (Y, "steps: 24", "start: 18:30\nsteps: 24"))))
    assert capsys.readouterr().out.splitlines()[2] == "from 18:30 (UTC)"


@pytest.mark.parametrize(
    "name",
    ["template", "paper-a", "paper-a-parent", "paper-b", "paper-b-handmade", "simbench-lv"],
)
def test_every_case_of_the_book_passes_the_check(tool, name, capsys):
    tool.check(name)
    assert capsys.readouterr().out.count(" alone: ") == len(load_case(name).names)


def test_the_energy_of_quarter_hours_is_a_quarter(tool, tmp_path, capsys):
    tool.check(str(mine(tmp_path / "mine", (Y, "step_hours: 1", "step_hours: 0.25"))))
    said = capsys.readouterr().out
    assert "24 steps of 0.25 h" in said
    pv = load_case("template").vpp("Home").component("pv").forecast
    (row,) = [line.split() for line in said.splitlines() if line.startswith("Home pv")]
    assert float(row[2]) == pytest.approx(pv.sum() / 4, abs=0.06)


def test_the_template_explains_every_component():
    """Its comment lists the kinds of components and statuses; a case that uses them must load."""
    text = (DATA / "template" / U).read_text(encoding="utf-8")
    for word in (
        "renewable",
        "battery",
        "electric_load",
        "heat_load",
        "boiler",
        "gas_turbine",
        "micro_turbine",
        "chp_p2g_ccs",
        "controllable_load",
        "grid",
        "gas_supply",
        "carbon_market",
        "tie",
        "open data",
        "calibrated",
    ):
        assert word in text.split("vpp,component")[0]
    case = load_case("template")
    assert pool(case).cost < sum(dispatch(vpp).cost for vpp in case.vpps) - 1


# --- make check, a case with faults -------------------------------------------------------------------------------
STAMP = "2026-03-{:02d}T{:02d}:00Z"


def stamped(*stamps: str) -> list[tuple[str, str, str]]:
    """The hours of the template replaced by time stamps, one by one: the line break tells 1 from 10."""
    return [
        (S, "hour,home", "time_utc,home"),
        *((S, f"\n{hour},", f"\n{stamp},") for hour, stamp in enumerate(stamps, 1)),
    ]


HOURS = [STAMP.format(1, hour) for hour in range(24)]
LOAD = "Home,electric_load,rating,6,kW,main fuse (a check only),assumed\n"
SHOP = "Shop,electric_load,rating,15,kW,main fuse (a check only),assumed\n"
FAULTS = {
    "decimal comma": ([(S, "13,0.40,3.00,6.15", '13,0.40,3.00,"6,15"')],
                      ["series.csv, line 16, column home_pv_kw: found '6,15' (decimal comma?); allowed: a number with a decimal point"]),
    "decimal commas without quotes": ([(S, "13,0.40,3.00,6.15", "13,0,40,3,00,6,15")], ["series.csv, line 16: found 10 cells below 7 column names (decimal commas?); allowed: as many"]),
    "wrong unit": ([(U, "energy_max,10,kWh", "energy_max,10,kW")],
                   ["units.csv, line 13, Home battery energy_max: found unit 'kW'; allowed: kWh, MWh"]),
    "unknown component": ([(U, "Home,boiler,heat_max", "Home,windmill,heat_max")],
                          ["units.csv, line 17, Home windmill heat_max: unknown component 'windmill'; allowed: battery, boiler, carbon_market"]),
    "unknown parameter": ([(U, "Home,boiler,efficiency", "Home,boiler,losses")], ["Home boiler losses: unknown parameter 'losses'; allowed: heat_max, efficiency",
                                                                                "units.csv: Home boiler lacks efficiency (heat per gas energy, -)"]),
    "missing parameter": ([(U, "Home,battery,energy_start,3,kWh,state in the evening,assumed\n", "")],
                          ["units.csv: Home battery lacks energy_start (stored energy at the start, kWh)"]),
    "minimum above maximum": ([(U, "energy_min,1,", "energy_min,12,")], ["units.csv, Home, battery: energy_min = 12 is above energy_max = 10", "above energy_start = 3"]),
    "share in per cent without the sign": ([(U, "shift_share,20,%", "shift_share,20,-")], ["Home electric_load shift_share: found 20 -; allowed: 0 to 1"]),
    "no time zone": (stamped(*HOURS[:23], "2026-03-01T23:00"),
                     ["series.csv, line 27, column time_utc: found '2026-03-01T23:00', without a zone; allowed: like 2016-04-04T00:00Z"]),
    "doubled stamp": (stamped(*HOURS[:5], *HOURS[4:23]),
                      ["series.csv, line 9, column time_utc: found '2026-03-01T04:00Z' twice (daylight saving?); allowed: steps of 1 h"]),
    "gap": (stamped(*HOURS[:10], *HOURS[11:], STAMP.format(2, 0)),
            ["series.csv, line 14, column time_utc: found '2026-03-01T11:00Z' after a step of 2 h; allowed: steps of 1 h"]),
    "an hour left out": ([(S, "7,0.85,5.82,0.81,2.48,0.75,0.30\n", "")],
                         ["series.csv: found 23 rows; allowed: 24 (steps in case.yaml)", "series.csv, line 10, column hour: found 8; allowed: 7"]),
    "wrong count": ([(Y, "steps: 24", "steps: 96")], ["series.csv: found 24 rows; allowed: 96 (steps in case.yaml)"]),
    "negative power": ([(S, "9,0.85,4.71,3.77,6.62", "9,0.85,4.71,-3.77,6.62")], ["series.csv, line 12, column home_pv_kw: found -3.77 kW; allowed: 0 or more"]),
    "peak above rating": ([(S, "13,0.40,3.00,6.15", "13,0.40,3.00,6150")],
                          ["series.csv, Home renewable.pv: peak 6150 kW against a rating of 8 kW (are these W?); allowed: 0.04 to 8 kW"]),
    "megawatts": ([(S, "shop_load_kw", "shop_load_mw")], ["Shop electric_load: peak 8950 kW against a rating of 15 kW (are these W?)"]),
    "doubled row": ([(U, LOAD, 2 * LOAD)], ["units.csv, line 9, Home electric_load rating: stands twice, in line 8 too; allowed: once"]),
    "unknown status": ([(U, "roof,assumed", "roof,measured")], ["Home renewable.pv rating: found status 'measured'; allowed: printed, parent study"]),
    "no status": ([(U, "roof,assumed", "roof,")], ["found status nothing; allowed: printed"]),
    "VPP with nothing": ([(U, "all,electric_load,shift_cost", "Home,electric_load,shift_cost"), (U, SHOP, ""),
                           (U, "Shop,electric_load,shift_share,10,%,the cold store can be cooled earlier,assumed\n", "Shop,grid,buy_max,20,kW,connection,assumed\n")],
                         ["units.csv: Shop has grid and nothing besides; allowed: a VPP with a load, a plant or a store"]),
    "tie row of one VPP": ([(U, "all,tie,crossing_fee", "Home,tie,crossing_fee")],
                           ["Home tie crossing_fee: found a tie of Home; allowed: rows for all: one tie for all pairs"]),
    "tie without a limit": ([(U, "all,tie,limit,10,kW,cable between the two,assumed\n", "")], ["units.csv: all tie lacks limit (largest trade with one partner, kW)"]),
    "column of nobody": ([(S, "shop_load_kw", "office_load_kw")],
                         ["series.csv, column office_load_kw: nobody asks for it, no VPP of units.csv is called so", "no column shop_load_kw for Shop electric_load"]),
    "column without a unit": ([(S, "home_heat_kw", "home_heat")], ["series.csv, column home_heat: no unit in its name, for Home heat_load, forecast demand in kW; allowed: home_heat_kw, home_heat_mw"]),
    "price in the wrong unit's name": ([(S, "grid_buy_yuan_per_kwh", "grid_buy_euro_per_kwh")], ["column grid_buy_euro_per_kwh: its name does not end in a unit for Home grid, purchase price in yuan/kWh; allowed: grid_buy_yuan_per_kwh"]),
    "semicolons": ([(U, "vpp,component,parameter,value,unit,source,status", "vpp;component;parameter;value;unit;source;status")],
                   ["units.csv, line 8: found no semicolons, which separate the column names in line 6; allowed: the same separator in all lines"]),
    "another currency": ([(Y, "currency: yuan", "currency: euro")], ["case.yaml, line 5, currency: found 'euro'; allowed: a code of ISO 4217, three capital letters as EUR or USD"]),
    "no grid": ([(U, "all,grid,sell_max,20,kW,connection,assumed\n", "")],
                ["series.csv, column grid_buy_yuan_per_kwh: nobody asks for it, no VPP has a grid in units.csv"]),
    "neither grid nor tie": ([(U, "all,grid,sell_max,20,kW,connection,assumed\n", "Home,grid,sell_max,20,kW,connection,assumed\n"),
                              (U, "all,tie,limit,10,kW,cable between the two,assumed\n", ""),
                              (U, "all,tie,crossing_fee,0.01,yuan/kWh,network fee for each side,assumed\n", "")],
                             ["units.csv, Shop: electric_load takes electricity and nothing supplies it; allowed: beside a grid"]),
    "no gas": ([(U, "Home,gas_supply,price,3.5,yuan/m3,gas bill,assumed\n", ""),
                (U, "Home,gas_supply,calorific_value,10,kWh/m3,gas bill,assumed\n", "")],
               ["units.csv, Home: boiler takes gas and nothing supplies it; allowed: beside a gas_supply"]),
    "no licence": ([(Y, "licence: CC-BY-4.0", "licence:")], ["case.yaml, line 4, licence: found nothing; allowed: one line of text"]),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "sentences"), FAULTS.values(), ids=FAULTS.keys())
def test_check_refuses_a_fault_in_a_sentence(tool, tmp_path, capsys, changes, sentences):
    folder = mine(tmp_path / "mine", *changes)
    head, *faults = refused(tool, folder)
    assert head == f"{folder} cannot be used yet:" and all(
        fault.startswith("  ") for fault in faults
    )
    for sentence in sentences:
        assert any(sentence in fault for fault in faults), faults
    assert len(faults) == len(set(faults)) and capsys.readouterr().out == ""


def without_line(sentence: str) -> str:
    """Line numbers move when rows are added."""
    return re.sub(r"line \d+", "line", sentence)


def test_check_lists_all_faults_of_a_folder_at_once(tool, tmp_path):
    """Fourteen sentences about one folder in one run."""
    names = (
        "decimal comma",
        "wrong unit",
        "negative power",
        "megawatts",
        "tie row of one VPP",
    )
    changes = [change for name in names for change in FAULTS[name][0]]
    changes += [
        (U, "Home,boiler,heat_max", "Home,windmill,heat_max"),
        (U, "discharge_max,5,kW", "discharge_max,5,W"),
        (U, "roof,assumed", "roof,measured"),
        (U, "Home,gas_supply,price,3.5", 'Home,gas_supply,price,"3,5"'),
        (U, "Home,gas_supply,calorific_value", "Home,gas_supply,calorific"),
        (S, "24,0.43", "23,0.43"),
        (
            U,
            "all,grid,sell_max,20,kW,connection,assumed\n",
            2 * "all,grid,sell_max,20,kW,connection,assumed\n",
        ),
    ]
    faults = [without_line(fault) for fault in refused(tool, mine(tmp_path / "mine", *changes))[1:]]
    expected = [sentence for name in names for sentence in FAULTS[name][1]]
    expected += [
        "unknown component 'windmill'",
        "Home battery discharge_max: found unit 'W'; allowed: kW, MW",
        "found status 'measured'",
        "Home gas_supply price: found '3,5' (decimal comma?)",
        "Home gas_supply calorific: unknown parameter 'calorific'",
        "Home gas_supply lacks calorific_value",
        "Home boiler lacks heat_max",
        "column hour: found 23; allowed: 24",
        "all grid sell_max: stands twice",
    ]
    for sentence in expected:
        assert any(without_line(sentence) in fault for fault in faults), (sentence, faults)
    assert len(expected) == 14 <= len(faults)


@pytest.mark.parametrize("name", [U, S, Y])
def test_check_names_a_missing_file(tool, tmp_path, name):
    (mine(tmp_path / "mine") / name).unlink()
    assert refused(tool, tmp_path / "mine")[1:] == [f"  mine: file {name} is missing"]


def test_check_of_a_folder_that_is_not_there_lists_the_known_cases(tool, tmp_path):
    (fault,) = refused(tool, tmp_path / "nowhere")[1:]
    assert "no folder" in fault and "paper-a" in fault and "template" in fault


def test_the_command_leaves_with_an_error_and_without_a_traceback(tmp_path):
    folder = mine(
        tmp_path / "mine",
        (U, "energy_max,10,kWh", "energy_max,10,kW"),
        (Y, "steps: 24", "steps: 25"),
    )
    run = subprocess.run(
        [sys.executable, TOOL, "check", folder], capture_output=True, text=True, cwd=DATA.parent
    )
    assert run.returncode != 0 and run.stdout == "" and "Traceback" not in run.stderr
    assert (
        "found unit 'kW'; allowed: kWh, MWh" in run.stderr
        and "found 24 rows; allowed: 25" in run.stderr
    )


# --- sound files, impossible case ---------------------------------------------------------------------------------
LIMIT = (
    "all,grid,sell_max,20,kW,connection,assumed\n",
    "all,grid,buy_max,{},kW,connection,assumed\n",
)
IMPOSSIBLE = {
    "too small a connection": ([(U, LIMIT[0], LIMIT[1].format(5))], "Shop", "electricity", "lacks"),
    "turbine that cannot stop": ([(U, "# --- for both\n", "Shop,gas_turbine,power_min,50,kW,x,assumed\nShop,gas_turbine,power_max,60,kW,x,assumed\n"
                                   "Shop,gas_turbine,electric_efficiency,0.4,-,x,assumed\nShop,gas_supply,price,3.5,yuan/m3,x,assumed\n"
                                   "Shop,gas_supply,calorific_value,10,kWh/m3,x,assumed\n")], "Shop", "electricity", "has too much by"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "name", "carrier", "word"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys()
)
def test_an_impossible_case_says_who_lacks_what_and_when(
    tool, tmp_path, capsys, changes, name, carrier, word
):
    folder = mine(tmp_path / "mine", *changes)
    head, *faults = refused(tool, folder)
    assert head == "No schedule exists for:"
    assert any(
        fault.startswith(f"  {name}: infeasible; ")
        and f"{carrier} {word} " in fault
        and " in step " in fault
        for fault in faults
    ), faults
    said = capsys.readouterr().out  # the tables are there all the same, and what the others cost
    assert "24 steps of 1 h" in said
    for vpp in load_case(folder).vpps:
        assert (f"{vpp.name} alone:" in said) != any(f"  {vpp.name}: " in fault for fault in faults)


def test_the_amount_that_lacks_by_hand(tool, tmp_path):
    """A connection of 5 kW and a load whose peak of 100 kW cannot wait."""
    folder = mine(
        tmp_path / "mine",
        (U, LIMIT[0], LIMIT[1].format(5)),
        (U, "Shop,electric_load,rating,15", "Shop,electric_load,rating,150"),
        (U, "Shop,electric_load,shift_share,10", "Shop,electric_load,shift_share,0"),
        (S, "12,0.40,3.02,6.15,8.95", "12,0.40,3.02,6.15,100"),
    )
    (fault,) = refused(tool, folder)[1:]
    over = sum(
        load > 5 for load in load_case(folder).vpp("Shop").component("electric_load").forecast
    )
    assert (
        fault
        == f"  Shop: infeasible; electricity lacks 95.0 kW in step 12 ({over} step(s) in all): "
        "electric_load needs at least 100.0 kW, and grid can give at most 5.0 kW"
    )


def test_an_impossible_case_is_refused_by_the_models_with_the_same_words(tmp_path):
    case = load_case(mine(tmp_path / "mine", (U, LIMIT[0], LIMIT[1].format(5))))
    with pytest.raises(NotSolved, match="Shop: infeasible; electricity lacks"):
        dispatch(case.vpp("Shop"))


def test_a_feed_in_price_above_the_purchase_price_is_a_case(tmp_path):
    made = load_case(mine(tmp_path / "mine", (S, "2.20,0.45,0.30", "2.20,0.45,0.50")))
    assert dispatch(made.vpp("Shop")).exact


# --- traps for a careful reader -----------------------------------------------------------------------------------
def test_a_name_in_other_capitals_is_no_new_vpp(tool, tmp_path):
    """Two sound rows for `home`: a third VPP appears, with Home's load counted once more."""
    rows = "home,gas_supply,price,3,yuan/m3,x,assumed\nhome,gas_supply,calorific_value,10,kWh/m3,x,assumed\n"
    refused(tool, mine(tmp_path / "mine", (U, "# --- for both\n", rows)))


def test_a_series_that_nobody_uses_is_refused(tool, tmp_path):
    """A reader adds the shop's roof to series.csv and no row to units.csv: the roof makes nothing, without a word."""
    folder = mine(tmp_path / "mine")
    lines = [
        line
        if line.startswith("#")
        else line + ("," + ("shop_pv_kw" if line.startswith("hour") else "3"))
        for line in (folder / S).read_text().splitlines()
    ]
    (folder / S).write_text("\n".join(lines) + "\n")
    refused(tool, folder)
