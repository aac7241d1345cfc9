"""Careless and hostile folders: each is refused in a sentence, quickly, or read as it is meant."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from case_files import DESCRIPTION, SERIES, UNITS, faults_of, with_rows, write

from vppcore import WrongInput, load_case
from vppcore.places import DATA
from vppcore.reading.description import DEEPEST, values_of
from vppcore.reading.files import LARGEST_DESCRIPTION, LARGEST_TABLE


def sentences(folder: Path, **files: str | bytes) -> list[str]:
    return faults_of(write(folder, {name.replace("_", "."): text for name, text in files.items()}))


# --- case.yaml ------------------------------------------------------------------------------------
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{name}: &{name} [{','.join(9 * [f'*{before}'])}]"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
YAML = {
    "nested anchors": (DESCRIPTION + LAUGHS, "case.yaml, line 9: found an anchor or an alias"),
    "one anchor": (DESCRIPTION.replace("licence: MIT", "licence: &l MIT"), "line 3: found an anchor"),
    "an alias": (DESCRIPTION.replace("licence: MIT", "licence: *l"), "line 3: found an anchor"),
    "a merge": (DESCRIPTION + "<<: {note: x}\n", "line 9, <<: unknown name"),
    "deep brackets": (DESCRIPTION + "note: " + "[" * 40_000, f"line 9: found more than {DEEPEST} levels"),
    "deep braces": (DESCRIPTION + "note: " + "{a: " * 10_000, f"line 9: found more than {DEEPEST} levels"),
    "deep lines": (DESCRIPTION + "".join(f"{' ' * n}a:\n" for n in range(200)), f"found more than {DEEPEST} levels"),
    "a huge text": (DESCRIPTION + "note: " + "x" * LARGEST_DESCRIPTION, "case.yaml: found 0.1 million bytes; allowed: up to 0.1 million bytes"),
    "a name twice": (DESCRIPTION + "steps: 4\n", "case.yaml, line 9: 'steps' stands twice; allowed: each name once"),
    "a name twice below another": (DESCRIPTION + "study: {paper: A, paper: B, vpps: [x]}\n", "line 9: 'paper' stands twice"),
    "a tag of Python": (DESCRIPTION.replace("MIT", "!!python/object/apply:os.system ['true']"), "line 3, licence: found ['true']; allowed: one line of text"),
    "two documents": (DESCRIPTION + "---\n" + DESCRIPTION, "not readable as YAML"),
    "a tabulator": (DESCRIPTION + "note:\n\t- x\n", "line 10: not readable as YAML"),
    "a colon in a text": (DESCRIPTION.replace("MIT", "MIT: mostly"), "line 3: not readable as YAML"),
    "a list as a name": (DESCRIPTION + "? [a, b]\n: c\n", "line 9: found a list as a name"),
    "an empty file": ("", "case.yaml, line 1: found no 'name: value' lines; allowed: title, source"),
    "a list": ("- title\n", "found no 'name: value' lines"),
    "only a text": ("hello\n", "found no 'name: value' lines"),
    "a number as a name": (DESCRIPTION + "7: seven\n", "line 9, 7: unknown name"),
    "an octal number of steps": (DESCRIPTION.replace("steps: 3", "steps: 0o3"), "line 5, steps: found '0o3'; allowed: a whole number from 1 to"),
    "sexagesimal steps": (DESCRIPTION.replace("steps: 3", "steps: 0:03"), "steps: found '0:03'"),
    "steps with an underscore": (DESCRIPTION.replace("steps: 3", "steps: 0_3"), "steps: found '0_3'"),
    "hexadecimal steps": (DESCRIPTION.replace("steps: 3", "steps: 0x3"), "steps: found '0x3'"),
    "steps with a decimal": (DESCRIPTION.replace("steps: 3", "steps: 3.0"), "steps: found '3.0'"),
    "no steps": (DESCRIPTION.replace("steps: 3", "steps: 0"), "steps: found 0; allowed"),
    "steps without end": (DESCRIPTION.replace("steps: 3", "steps: 999999999"), "steps: found 999999999; allowed"),
    "steps beyond all numbers": (DESCRIPTION.replace("steps: 3", "steps: " + "9" * 99), "steps: found '9999"),
    "a step of nothing": (DESCRIPTION.replace("step_hours: 1", "step_hours: 1e-300"), "line 6, step_hours: found '1e-300'; allowed: a number of hours"),
    "a tiny step": (DESCRIPTION.replace("step_hours: 1", "step_hours: 0.0000001"), "step_hours: found 1e-07; allowed"),
    "a step of a month": (DESCRIPTION.replace("step_hours: 1", "step_hours: 720"), "step_hours: found 720.0; allowed"),
    "an infinite step": (DESCRIPTION.replace("step_hours: 1", "step_hours: .inf"), "step_hours: found '.inf'"),
    "no step": (DESCRIPTION.replace("step_hours: 1", "step_hours: nan"), "step_hours: found 'nan'"),
    "a step with a comma": (DESCRIPTION.replace("step_hours: 1", "step_hours: 0,25"), "step_hours: found '0,25' (decimal comma?); allowed"),
    "a title of two lines": (DESCRIPTION.replace("title: Two small VPPs", "title: |-\n  Two\n  VPPs"), "title: found 'Two\\nVPPs'; allowed: one line of text"),
    "a title with a control character": (DESCRIPTION.replace("Two small", '"Two\\u0007small" #'), "title: found 'Two\\x07small'"),
    "a title with a direction mark": (DESCRIPTION.replace("Two small", '"\\u202eowT" #'), "title: found"),
    "an empty title": (DESCRIPTION.replace("Two small VPPs", "~"), "case.yaml, line 1, title: found nothing"),
    "a list as title": (DESCRIPTION.replace("Two small VPPs", "[a, b]"), "title: found ['a', 'b']"),
    "an unknown zone": (DESCRIPTION + "timezone: Europe/Atlantis\n", "line 9, timezone: found 'Europe/Atlantis'; allowed: a time zone"),
    "a path for a zone": (DESCRIPTION + "timezone: ../../etc/passwd\n", "timezone: found"),
    "a folder of zones": (DESCRIPTION + "timezone: Europe\n", "timezone: found 'Europe'"),
    "no start": (DESCRIPTION + "start: soon\n", "line 9, start: found 'soon'; allowed: a day"),
    "a start by number": (DESCRIPTION + "start: 5\n", "start: found '5'"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), YAML.values(), ids=YAML.keys())
def test_a_case_yaml_that_is_not_taken(tmp_path, text, words):
    started = time.perf_counter()
    found = sentences(tmp_path, case_yaml=text)
    assert any(words in sentence for sentence in found), found
    assert all(sentence.startswith("case.yaml") and len(sentence) < 400 for sentence in found)
    assert time.perf_counter() - started < 10


def test_values_stay_texts():
    """What yes, 010 or 1.0 mean is for our own rules to say."""
    found, lines = values_of("a: yes\nb: 010\nc: [1.0, null]\nd:\ne: '~'\n")
    assert found == {"a": "yes", "b": "010", "c": ["1.0", ""], "d": "", "e": "~"}
    assert lines == {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}


def test_a_title_may_be_a_number_or_no(tmp_path):
    for title in ("2026", "No", "on", "~x", "'~'"):
        case = load_case(
            write(tmp_path, {"case.yaml": DESCRIPTION.replace("Two small VPPs", title)})
        )
        assert case.description.title == title.strip("'")


# --- names ----------------------------------------------------------------------------------------
WORDS = "allowed: letters, digits, blanks, '_', '-' and '.', a letter or digit first"
BAD_NAMES = {
    "empty": ("", WORDS),
    "a way up": ("../x", WORDS),
    "a path": ("a/b", WORDS),
    "a path of Windows": ("a\\b", WORDS),
    "hidden": (".x", WORDS),
    "an option": ("-x", WORDS),
    "a formula": ("=1+1", WORDS),
    "another formula": ("@SUM(A1)", WORDS),
    "a third formula": ("+1", WORDS),
    "HTML": ("<b>x</b>", WORDS),
    "a script": ("x<script>alert(1)</script>", WORDS),
    "mathematics": ("$x$", WORDS),
    "a shell": ("x;ls", WORDS),
    "a command": ("$(ls)", WORDS),
    "braces": ("{x}", WORDS),
    "a bell": ("x\u0007y", WORDS),
    "an invisible sign": ("x\u200by", WORDS),
    "a direction mark": ("x\u202ey", WORDS),
    "a private sign": ("x\ue000", WORDS),
    "half a pair": ("x\u2028y", WORDS),
    "long": ("x" * 41, "allowed: up to 40 characters"),
    "cluster": ("cluster", "which is what tables call all VPPs together; allowed: any other name"),
    "grid": ("Grid", "which begins the names of the columns of the common tariff"),
    "ALL": ("ALL", "which stands for every VPP"),
    "All": ("All", "which stands for every VPP"),
    "the tariff's": ("Grid North", "which like 'grid' begins the names of the columns"),
    "tie": ("tie", "which is what joins the VPPs"),
    "total": ("Total", "which is what tables call a sum"),
}


@pytest.mark.parametrize(("name", "words"), BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_a_name_that_would_be_trouble_is_refused_once(tmp_path, name, words):
    units = UNITS.replace("Shop,", f'"{name}",')
    found = sentences(
        tmp_path, units_csv=units, series_csv=SERIES.replace("shop_", f"{name.lower()}_")
    )
    about = [sentence for sentence in found if "found vpp" in sentence]
    assert len(about) == 1 and words in about[0]
    assert all(sentence.isprintable() for sentence in found)


@pytest.mark.parametrize("name", ["two\nlines", "two\r\nlines"])
def test_a_line_break_in_a_name_is_refused(tmp_path, name):
    found = sentences(tmp_path, units_csv=UNITS.replace("Shop,", f'"{name}",', 1))
    assert any("found vpp 'two\\nlines'" in sentence and WORDS in sentence for sentence in found)


@pytest.mark.parametrize(
    "name",
    [
        "M\u00fchle",
        "\u6d4b\u8bd5",
        "\u0414\u043e\u043c 2",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "No. 7",
        "a-b_c",
        "7",
    ],
)
def test_names_of_all_scripts_are_taken(tmp_path, name):
    units = UNITS.replace("Shop,", f"{name},")
    folder = write(
        tmp_path, {"units.csv": units, "series.csv": SERIES.replace("shop_", f"{name}_")}
    )
    assert load_case(folder).names == ["Home", name]


def test_two_unicode_forms_of_a_name_are_one(tmp_path):
    """Caf\u00e9 with one sign in units.csv and with two in series.csv, and in every second row."""
    composed = "Caf\u00e9"
    apart = "Cafe\u0301"
    units = UNITS.replace("Shop,", f"{apart},") + f"{composed},electric_load,scale,1,-,x,assumed\n"
    case = load_case(
        write(
            tmp_path,
            {"units.csv": units, "series.csv": SERIES.replace("shop_", f"{apart.lower()}_")},
        )
    )
    assert case.names == ["Home", composed]


def test_blanks_around_a_name_are_no_part_of_it(tmp_path):
    units = UNITS.replace("Shop,", '" Shop ",', 1)
    assert load_case(write(tmp_path, {"units.csv": units})).names == ["Home", "Shop"]


BAD_LABELS = {
    "tie": "Home,renewable.tie,rating,5,kW",
    "grid": "Home,renewable.grid,rating,5,kW",
    "battery": "Home,electric_load.Battery,rating,5,kW",
    "empty": "Home,renewable.,rating,5,kW",
    "HTML": "Home,renewable.<b>,rating,5,kW",
    "a way up": "Home,renewable.../x,rating,5,kW",
    "a formula": "Home,renewable.=1,rating,5,kW",
}


@pytest.mark.parametrize("row", BAD_LABELS.values(), ids=BAD_LABELS.keys())
def test_a_label_that_would_be_trouble_is_refused(tmp_path, row):
    found = sentences(tmp_path, units_csv=with_rows(row))
    assert any("line 13" in sentence and "found label" in sentence for sentence in found), found


def test_a_tie_is_for_all_and_has_no_label(tmp_path):
    for row in ("Home,tie,limit,5,kW", "all,tie.north,limit,5,kW"):
        found = sentences(tmp_path, units_csv=with_rows(row))
        assert any("line 13" in sentence and "tie" in sentence for sentence in found)


# --- numbers --------------------------------------------------------------------------------------
NUMBERS = {
    "a price beyond all prices": (SERIES.replace("1.2,0.2", "1e308,0.2"), UNITS, "line 3, column grid_buy_yuan_per_kwh: found 1e+308 yuan/kWh; allowed: below 1e+15"),
    "a load beyond all loads": (SERIES.replace("2,25,", "2,1e99,"), UNITS, "column home_load_kw: found 1e+99 kW"),
    "more than any number": (SERIES.replace("2,25,", "2,1e999,"), UNITS, "column home_load_kw: found inf kW; allowed: a finite number"),
    "a limit beyond all limits": (SERIES, UNITS.replace("energy_max,20", "energy_max,1e300"), "energy_max: found 1e+300 kWh; allowed: below 1e+15"),
    "minus infinity": (SERIES, UNITS.replace("sell_max,100", "sell_max,-inf"), "all grid sell_max: found -inf kW"),
    "self-discharge of all": (SERIES, with_rows("Home,battery,self_discharge,1,-").replace("charge_max,10,", "charge_max,1,", 1),
                              "units.csv, Home, battery: self_discharge = 1 loses more than charge_max"),
    "a battery that loses more than it takes": (SERIES, with_rows("Home,battery,self_discharge,0.9,-").replace("charge_max,10,", "charge_max,1,", 1),
                                                "units.csv, Home, battery: self_discharge = 0.9 loses more than charge_max"),
    "a battery smaller than its content": (SERIES, UNITS.replace("energy_start,5", "energy_start,25"), "energy_start = 25 is above energy_max = 20"),
}  # fmt: skip


@pytest.mark.parametrize(("series", "units", "words"), NUMBERS.values(), ids=NUMBERS.keys())
def test_a_number_that_cannot_be_meant_is_refused(tmp_path, series, units, words):
    found = sentences(tmp_path, units_csv=units, series_csv=series)
    assert any(words in sentence for sentence in found), found


# --- files and folders ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["case.yaml", "units.csv", "series.csv"])
def test_a_folder_or_a_link_in_place_of_a_file(tmp_path, name):
    for case, make in {
        "folder": lambda path: path.mkdir(),
        "loop": lambda path: path.symlink_to(path),
        "nowhere": lambda path: path.symlink_to(tmp_path / "nowhere"),
        "pipe": os.mkfifo,
        "device": lambda path: path.symlink_to("/dev/zero"),
    }.items():
        folder = write(tmp_path / case)
        (folder / name).unlink()
        make(folder / name)
        (sentence,) = faults_of(folder)
        assert sentence.startswith(f"{case}: ") and name in sentence


def test_a_link_to_a_file_is_a_file(tmp_path):
    folder = write(tmp_path / "a")
    (folder / "series.csv").rename(tmp_path / "shared.csv")
    (folder / "series.csv").symlink_to(tmp_path / "shared.csv")
    assert load_case(folder).names == ["Home", "Shop"]


@pytest.mark.parametrize("name", ["Units.csv", "UNITS.CSV", "units.csv.txt"])
def test_a_file_with_nearly_the_right_name_is_named(tmp_path, name):
    folder = write(tmp_path / "mine")
    (folder / "units.csv").rename(folder / name)
    assert faults_of(folder) == [
        f"mine: file units.csv is missing; there is {name!r}, allowed: units.csv"
    ]


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    folder = write(tmp_path)
    with (folder / "series.csv").open("r+b") as file:
        file.truncate(LARGEST_TABLE + 1)  # a hole, no bytes on the disk
    (sentence,) = faults_of(folder)
    assert sentence == "series.csv: found 200.0 million bytes; allowed: up to 200 million bytes"


PATHS = {
    "with a slash at its end": lambda folder: f"{folder}/",
    "with a dot at its end": lambda folder: f"{folder}/.",
    "up and down": lambda folder: f"{folder}/../{folder.name}",
    "as a path": lambda folder: folder,
    "with two slashes": lambda folder: f"{folder.parent}//{folder.name}",
}


@pytest.mark.parametrize("way", PATHS.values(), ids=PATHS.keys())
def test_a_folder_may_be_given_in_many_ways(tmp_path, way):
    folder = write(tmp_path / "mine")
    assert load_case(way(folder)).name == "mine"


def test_the_folder_one_stands_in_and_the_home_folder(tmp_path, monkeypatch):
    folder = write(tmp_path / "mine")
    monkeypatch.chdir(folder)
    assert load_case(".").name == "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_case("~/mine").name == "mine"
    assert load_case("paper-a/").name == "paper-a"


@pytest.mark.parametrize(
    "folder",
    ["", " ", "~nobody-of-that-name/x", "x\0y", "x" * 5000, "/dev/null", "nowhere", None, 5],
)
def test_what_is_no_folder_is_refused_with_the_cases_there_are(folder):
    (sentence,) = faults_of(folder)
    assert (
        sentence.startswith("case: no folder ") and "paper-a" in sentence and sentence.isprintable()
    )


def test_a_folder_whose_name_cannot_be_shown(tmp_path):
    folder = write(tmp_path / "two\nlines")
    assert any("printable characters" in sentence for sentence in faults_of(folder))


def test_no_sentence_shows_a_whole_file(tmp_path):
    """A page of text in a cell is cut."""
    units = UNITS.replace("assumed", "x" * 5000, 1)
    (sentence,) = sentences(tmp_path, units_csv=units)
    assert len(sentence) < 300


@pytest.mark.parametrize("name", sorted(file.parent.name for file in DATA.glob("*/case.yaml")))
def test_every_case_of_the_book_is_read(name):
    try:
        case = load_case(name)
    except WrongInput as refused:
        pytest.fail(str(refused))
    assert case.vpps
