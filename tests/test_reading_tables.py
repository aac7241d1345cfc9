"""Tables from spreadsheets of any country: the same numbers, or the cause named once."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from case_files import DESCRIPTION, SERIES, UNITS, faults_of, same_numbers, with_rows, write
from hypothesis import given
from hypothesis import strategies as st

from vppcore import WrongInput, alone, load_case
from vppcore.faults import Faults, Place
from vppcore.places import DATA
from vppcore.reading.numerals import NotANumber, Numerals, numerals_of, numerals_of_columns
from vppcore.reading.separated import table_of

NARROW = "\u202f"
NO_BREAK = "\u00a0"


def cells_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def written(rows: list[list[str]], separator: str = ",", end: str = "\n", **more) -> str:
    """Rows as a program would write them: in quotation marks where it must."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=end, **more).writerows(rows)
    return text.getvalue()


def with_decimal_commas(rows: list[list[str]], columns: slice | int) -> list[list[str]]:
    """Rows whose numbers have decimal commas."""
    changed = [list(row) for row in rows]
    for row in changed[1:]:
        if isinstance(columns, int):
            row[columns] = row[columns].replace(".", ",")
        else:
            row[columns] = [cell.replace(".", ",") for cell in row[columns]]
    return changed


GERMAN_SERIES = with_decimal_commas(cells_of(SERIES), slice(1, None))
GERMAN_UNITS = with_decimal_commas(cells_of(UNITS), 3)
PLAIN_SERIES = cells_of(SERIES)
HEAD, FIRST, SECOND, THIRD = SERIES.splitlines()

READ = {
    "semicolons and decimal commas": {"series.csv": written(GERMAN_SERIES, ";"), "units.csv": written(GERMAN_UNITS, ";")},
    "semicolons and decimal points": {"series.csv": written(PLAIN_SERIES, ";")},
    "tabs": {"series.csv": written(PLAIN_SERIES, "\t"), "units.csv": written(cells_of(UNITS), "\t")},
    "tabs and decimal commas": {"series.csv": written(GERMAN_SERIES, "\t")},
    "upright bars": {"series.csv": written(PLAIN_SERIES, "|")},
    "Excel's sep=;": {"series.csv": "sep=;\r\n" + written(GERMAN_SERIES, ";", "\r\n")},
    "Excel's sep=, in quotation marks": {"series.csv": '"sep=,"\n' + SERIES},
    "Excel's sep=tab": {"series.csv": "sep=\t\n" + written(PLAIN_SERIES, "\t")},
    "decimal commas in quotation marks": {"series.csv": written(GERMAN_SERIES)},
    "all in quotation marks": {"series.csv": written(PLAIN_SERIES, quoting=csv.QUOTE_ALL)},
    "UTF-8 with a mark": {"series.csv": SERIES.encode("utf-8-sig"), "units.csv": UNITS.encode("utf-8-sig"),
                          "case.yaml": DESCRIPTION.encode("utf-8-sig")},
    "UTF-16 with tabs, as Unicode text": {"series.csv": written(GERMAN_SERIES, "\t", "\r\n").encode("utf-16")},
    "UTF-16 big-endian": {"units.csv": b"\xfe\xff" + UNITS.encode("utf-16-be")},
    "UTF-32": {"series.csv": SERIES.encode("utf-32")},
    "lines of Windows": {name: text.replace("\n", "\r\n") for name, text in
                         {"series.csv": SERIES, "units.csv": UNITS, "case.yaml": DESCRIPTION}.items()},
    "lines of an old Mac": {"series.csv": SERIES.replace("\n", "\r")},
    "no line end at the end": {"series.csv": SERIES.rstrip("\n")},
    "empty columns at the end": {"series.csv": SERIES.replace("\n", ",,\n"), "units.csv": UNITS.replace("\n", ",,,\n")},
    "empty rows": {"series.csv": SERIES.replace("\n3,", "\n,,,,,\n\n3,") + ",,,,,\n" * 3},
    "empty rows before the names": {"series.csv": "\n,,,,,\n" + SERIES},
    "an empty column in the middle": {"series.csv": "\n".join(line.replace(",", ",,", 1) for line in SERIES.splitlines())},
    "comments": {"series.csv": "# mine\n" + SERIES.replace("\n2,", "\n  # night\n2,"), "units.csv": UNITS + "# end, at last\n"},
    "comments in quotation marks": {"series.csv": '"# mine, all mine"\n' + SERIES},
    "a comment behind the last column": {"series.csv": SERIES.replace("0.4,0.2\n", "0.4,0.2 # night, cheap\n")},
    "blanks around cells": {"series.csv": SERIES.replace(",", " , "), "units.csv": UNITS.replace(",", ",  ")},
    "no-break blanks around cells": {"series.csv": SERIES.replace(",", f"{NO_BREAK},{NO_BREAK}")},
    "capitals in column names": {"series.csv": SERIES.replace("home_load_kw", "Home_Load_kW").replace("hour", "Hour")},
    "numbers in full": {"series.csv": SERIES.replace("2,25,45", "2.0,+25.00,4.5E1")},
    "hours with decimals": {"series.csv": written([["hour", *PLAIN_SERIES[0][1:]], *([f"{k},00", *row[1:]] for k, row in enumerate(GERMAN_SERIES[1:], 1))], ";")},
    "no-break blanks in a source": {"units.csv": UNITS.replace("made up", f"made{NO_BREAK}up")},
    "a source of two lines": {"units.csv": UNITS.replace("made up", '"made\nup"')},
    "a tabulator in a source": {"units.csv": UNITS.replace("made up", "made\tup")},
    "a step for the hour": {"series.csv": SERIES.replace("hour", "step")},
    "columns of units.csv in another order": {"units.csv": written([row[::-1] for row in cells_of(UNITS)])},
    "a comma in a source, in quotation marks": {"units.csv": UNITS.replace("Home,electric_load,rating,60,kW,made up", 'Home,electric_load,rating,60,kW,"fuse, 60 kW"')},
    "a number sign in a source": {"units.csv": UNITS.replace("Home,electric_load,rating,60,kW,made up", "Home,electric_load,rating,60,kW,roof #2")},
    "a quotation mark in a comment": {"units.csv": UNITS + '# "\n'},
    "per cent signs": {"units.csv": UNITS.replace("shift_share,0.1,-", "shift_share,10 %,%")},
    "per cent signs without a unit": {"units.csv": UNITS.replace("shift_share,0.1,-", "shift_share,10%,-")},
}  # fmt: skip


@pytest.mark.parametrize("files", READ.values(), ids=READ.keys())
def test_a_file_from_any_spreadsheet_gives_the_same_numbers(tmp_path, files):
    usual = load_case(write(tmp_path / "usual"))
    assert same_numbers(load_case(write(tmp_path / "other", files)), usual)


def test_the_faults_folders_semicolons_give_the_book_s_costs(tmp_path):
    """The template's series from a German spreadsheet: 26.06 and 100.50 as before."""
    rows = [
        line.split(",") for line in (DATA / "template" / "series.csv").read_text().splitlines()[2:]
    ]
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("case.yaml", "units.csv"):
        (folder / name).write_bytes((DATA / "template" / name).read_bytes())
    german = "\r\n".join(";".join(row).replace(".", ",") for row in rows)
    (folder / "series.csv").write_text(german, encoding="utf-8")
    costs = {name: round(schedule.cost, 2) for name, schedule in alone(load_case(folder)).items()}
    assert costs == {"Home": 26.06, "Shop": 100.5}


LARGE = SERIES.replace("50,0.8", "{},0.8").replace("3,15,30.5", "3,15,{}")
LARGE_UNITS = UNITS.replace("Shop,electric_load,rating,60", "Shop,electric_load,rating,20000")
THOUSANDS = {
    "blanks": (",", "1 234.5", "30.5"),
    "no-break blanks": (";", f"1{NO_BREAK}234,5", "30,5"),
    "narrow blanks": (";", f"1{NARROW}234,5", "30,5"),
    "apostrophes": (",", "1'234.5", "30.5"),
    "points": (";", "1.234,5", "30,5"),
    "quoted commas": (",", '"1,234.5"', "30.5"),
}


@pytest.mark.parametrize(("separator", "large", "small"), THOUSANDS.values(), ids=THOUSANDS.keys())
def test_thousands_may_be_marked(tmp_path, separator, large, small):
    series = LARGE if separator == "," else LARGE.replace(",", ";").replace(".", ",")
    series = series.format(small, large)
    folder = write(tmp_path, {"series.csv": series, "units.csv": LARGE_UNITS})
    assert load_case(folder).vpp("Shop").component("electric_load").forecast[2] == 1234.5


ONE_SENTENCE = {
    "commas in two sources": ({"units.csv": UNITS.replace(",made up,", ",fuse, 60 kW,")}, ["units.csv, line 2", "8 cells", "quotation marks", "10 more lines"]),
    "decimal commas between commas": ({"series.csv": "\n".join([HEAD, *(row.replace(".", ",") for row in (FIRST, SECOND, THIRD))])},
                                      ["series.csv, line 2", "decimal commas?", "2 more lines"]),
    "semicolons above commas": ({"series.csv": SERIES.replace(",", ";", 5)}, ["series.csv, line 2", "semicolons"]),
    "an open quotation mark": ({"units.csv": UNITS.replace("60,kW,made up", '60,kW,"made up', 1)}, ["units.csv, line 2", "quotation mark"]),
    "text behind a quotation mark": ({"units.csv": UNITS.replace("60,kW,made up", '60,kW,"made" up', 1)}, ["units.csv, line 2", "quotation mark"]),
    "Latin-1": ({"units.csv": UNITS.replace("made up", "erf\u00fcnden").encode("latin-1")}, ["units.csv, line 2", "not UTF-8", "CSV UTF-8"]),
    "Windows-1252 in case.yaml": ({"case.yaml": DESCRIPTION.replace("Two", "\u201eZw\u00f6lf\u201c").encode("cp1252")}, ["case.yaml, line 1", "not UTF-8"]),
    "GBK": ({"units.csv": UNITS.replace("made up", "\u5047\u8bbe").encode("gbk")}, ["units.csv, line 2", "not UTF-8"]),
    "UTF-16 without a mark": ({"series.csv": SERIES.encode("utf-16-le")}, ["series.csv", "no text"]),
    "a picture": ({"series.csv": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"}, ["series.csv", "UTF-8"]),
    "a spreadsheet file": ({"units.csv": b"PK\x03\x04\x14\x00\x00\x00\x08\x00"}, ["units.csv", "no text"]),
    "thousands or decimals": ({"series.csv": SERIES.replace(",", ";").replace("0.4;0.2", "1.400;0").replace("1.2;0.2", "1.200;0")
                               .replace("0.8;0.2", "1.800;0").replace("30.5", "30")}, ["column grid_buy_yuan_per_kwh", "'1.400'", "2 more lines", "decimals"]),
    "a column of text": ({"series.csv": SERIES.replace(",20,", ",a,").replace(",25,", ",b,").replace(",15,", ",c,")}, ["line 2, column home_load_kw", "found 'a'", "2 more lines"]),
    "a column without a name": ({"series.csv": "\n".join([HEAD + ",", FIRST + ",7", SECOND + ",8", THIRD + ",9"])}, ["series.csv, line 2", "column 7", "no name", "2 more lines"]),
    "a name twice": ({"series.csv": "\n".join([HEAD + ",home_pv_kw", FIRST + ",7", SECOND + ",8", THIRD + ",9"])}, ["line 1, column home_pv_kw", "stands twice"]),
    "per cent of a power": ({"series.csv": SERIES.replace("45", "45%")}, ["line 3, column home_pv_kw", "'45%'"]),
    "one status that nobody knows": ({"units.csv": UNITS.replace("assumed", "guessed")}, ["units.csv, line 2", "'guessed'", "10 more lines"]),
    "no source at all": ({"units.csv": UNITS.replace("made up", "")}, ["units.csv, line 2", "no source", "10 more lines"]),
    "whole rows in quotation marks": ({"series.csv": "\n".join(f'"{line}"' for line in SERIES.splitlines())}, ["series.csv, line 1", "whole row in quotation marks"]),
    "nothing": ({"series.csv": ""}, ["series.csv", "nothing"]),
    "only comments": ({"units.csv": "# later\n"}, ["units.csv", "nothing"]),
    "no rows": ({"units.csv": UNITS.splitlines()[0]}, ["units.csv", "no rows"]),
    "one long cell": ({"units.csv": UNITS.replace("made up", "x" * 200_000, 1)}, ["units.csv, line 2", "100,000 characters"]),
    "a column too many in units.csv": ({"units.csv": UNITS.replace("\n", ",note\n")}, ["units.csv: found columns", "note"]),
}  # fmt: skip


@pytest.mark.parametrize(("files", "words"), ONE_SENTENCE.values(), ids=ONE_SENTENCE.keys())
def test_one_cause_is_one_sentence(tmp_path, files, words):
    (sentence,) = faults_of(write(tmp_path, files))
    for word in words:
        assert word in sentence


def test_a_decimal_comma_among_points_is_said_cell_by_column(tmp_path):
    (sentence,) = faults_of(write(tmp_path, {"series.csv": SERIES.replace("2,25,", '2,"25,5",')}))
    assert "line 3, column home_load_kw: found '25,5' (decimal comma?)" in sentence


@pytest.mark.parametrize(
    "cell",
    [
        "1_0",
        "0x10",
        "ten",
        "\u0663",
        "1e",
        "--1",
        "1.2.3",
        "1,2,3",
        "",
        "1 2",
        "TRUE",
        "nan",
        "#N/A",
        "1/2",
    ],
)
def test_what_is_no_number_is_refused(tmp_path, cell):
    units = UNITS.replace("charge_max,10,", f'charge_max,"{cell}",', 1)
    assert any(
        "Home battery charge_max" in fault
        for fault in faults_of(write(tmp_path, {"units.csv": units}))
    )


def test_a_million_faults_are_a_hundred_sentences():
    faults = Faults()
    for line in range(10_000):
        faults.add(Place("units.csv", line, of=f"row {line}"), f"found {line}", "nothing")
    assert len(faults.sentences) == 101
    assert faults.sentences[-1] == "... and 9900 more faults"


# --- any dialect gives the same numbers -----------------------------------------------------------
numbers = st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
GROUPS = {".": ["", ",", " ", NARROW, "'"], ",": ["", ".", " ", NARROW, "'"]}


def as_written(number: float, decimal: str, group: str) -> str:
    """A number with two or three decimals, thousands marked."""
    whole, _, fraction = f"{abs(number):,.3f}".partition(".")
    sign = "-" if number < 0 else ""
    return sign + whole.replace(",", group) + decimal + fraction


@given(
    data=st.data(),
    table=st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=5),
)
def test_random_dialects_give_the_same_numbers(data, table):
    decimal = data.draw(st.sampled_from([".", ","]))
    group = data.draw(st.sampled_from(GROUPS[decimal]))
    separator = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    # 0.5 in the file's own writing proves which mark is which; without it a file may be ambiguous
    rows = [
        ["a", "b"],
        *([as_written(x, decimal, group) for x in row] for row in table),
        [f"0{decimal}5", "0"],
    ]
    if group:
        rows.append([as_written(1234.5, decimal, group), "0"])
    text = written(rows, separator, end, quoting=quoting).replace("\r\n", "\n")
    faults = Faults()
    read = table_of(text, "t.csv", faults)
    assert read is not None and not faults.sentences
    numerals = numerals_of_columns(read, read.names)
    rows_read = list(read.rows("a", "b"))[: len(table)]
    found = np.array([[numerals.number(cell) for cell in row] for row in rows_read])
    assert found == pytest.approx(np.array(table), rel=1e-12)


@given(number=numbers, separator=st.sampled_from([",", ";"]))
def test_a_lone_number_is_read_right_or_refused(number, separator):
    """With nothing beside it that shows which mark is which, it is never wrong a thousandfold."""
    for decimal in ".,":
        for group in GROUPS[decimal]:
            cell = as_written(number, decimal, group)
            try:
                found = numerals_of([cell], separator).number(cell)
            except NotANumber:
                continue
            is_native = decimal == "." or separator != "," or "." not in cell
            assert found == pytest.approx(number) or not is_native


@given(text=st.text(max_size=30))
def test_any_text_is_a_number_or_none(text):
    for numerals in (Numerals(), Numerals(","), Numerals(",", "."), Numerals(sure=False)):
        try:
            numerals.number(text)
        except NotANumber as refused:
            assert refused.allowed


@given(
    text=st.text(
        alphabet=st.sampled_from(',;\t|"#= \n0123456789.abhour_kw\u00a0\ufeff'), max_size=200
    )
)
def test_any_text_is_a_table_or_refused(text):
    faults = Faults()
    table = table_of(text, "t.csv", faults)
    if table is None:
        assert faults.sentences
    else:
        assert all(len(cells) == len(table.lines) for cells in table.columns.values())


@given(
    content=st.binary(max_size=300), name=st.sampled_from(["units.csv", "series.csv", "case.yaml"])
)
def test_any_bytes_are_refused_in_sentences(tmp_path_factory, content, name):
    folder = write(Path(tmp_path_factory.getbasetemp(), "bytes"), {name: content})
    sentences = faults_of(folder)
    assert any(name in sentence for sentence in sentences)
    assert all(sentence.isprintable() for sentence in sentences)


@given(
    name=st.sampled_from(["units.csv", "series.csv", "case.yaml"]),
    cut=st.tuples(st.integers(0, 400), st.integers(0, 400)),
    put=st.text(max_size=8),
)
def test_a_torn_file_loads_or_is_refused(tmp_path_factory, name, cut, put):
    """A piece of a sound file replaced by any text: a case, or sentences."""
    sound = {"units.csv": UNITS, "series.csv": SERIES, "case.yaml": DESCRIPTION}[name]
    first, last = sorted(cut)
    torn = sound[:first] + put + sound[last:]
    folder = write(
        Path(tmp_path_factory.getbasetemp(), "torn"), {name: torn.encode("utf-8", "surrogatepass")}
    )
    try:
        load_case(folder)
    except WrongInput as refused:
        assert refused.faults


def test_a_number_in_a_file_of_two_dialects(tmp_path):
    """units.csv in one dialect, series.csv in another."""
    files = {"units.csv": written(GERMAN_UNITS, ";")}
    usual = load_case(write(tmp_path / "usual"))
    assert same_numbers(load_case(write(tmp_path / "other", files)), usual)
    rows = with_rows("Home,electric_load,curtail_share,5,%")
    assert (
        load_case(write(tmp_path / "more", {"units.csv": rows}))
        .vpp("Home")
        .component("electric_load")
        .curtail_share
        == 0.05
    )
