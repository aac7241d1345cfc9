"""A workbook of three sheets becomes a case: what is read, and the sentence for what is not."""

from __future__ import annotations

import csv
import sys
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import case
import case_from_workbook
import pandas as pd
import pytest
import workbook
import yaml
from hypothesis import given
from hypothesis import strategies as st
from saying import Refused
from tiny_book import ROOT, TinyBook, write
from workbook import letters_of, plainly, sheets_of

from vppcore import load_case

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TEMPLATES = ("template", "templates/homes", "templates/industry", "templates/feeder")
# styles of the workbooks below: a plain number, a day and time, a time of the day, a share
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts><cellXfs count="4">'
    '<xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="20"/><xf numFmtId="10"/></cellXfs>'
    "</styleSheet>"
)
PLAIN, DAY, TIME, SHARE = range(4)


# --- workbooks by hand ----------------------------------------------------------------------------
class Raw(str):
    """A cell as XML, with {place} for where it stands."""


def cell_of(value: object, place: str, strings: list[str] | None) -> str:
    if isinstance(value, Raw):
        return value.replace("{place}", place)
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = escape(str(value))
    if strings is None:
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    strings.append(text)
    return f'<c r="{place}" t="s"><v>{len(strings) - 1}</v></c>'


def sheet_of(rows: list[list[object]], strings: list[str] | None, more: str = "") -> str:
    written = []
    for number, row in enumerate(rows, 1):
        cells = [
            cell_of(value, f"{letters_of(column)}{number}", strings)
            for column, value in enumerate(row, 1)
            if value != ""
        ]
        written.append(f'<row r="{number}">{"".join(cells)}</row>')
    data = f"<sheetData>{''.join(written)}</sheetData>"
    return f'<?xml version="1.0"?><worksheet xmlns="{MAIN}">{data}{more}</worksheet>'


def parts_of(
    sheets: dict[str, list[list[object]]], shared: bool = True, more: dict[str, str] | None = None
) -> dict[str, str]:
    """The parts of a workbook. more: XML after the rows, by sheet."""
    strings: list[str] | None = [] if shared else None
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
    }
    listed, related = [], []
    for number, (name, rows) in enumerate(sheets.items(), 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = sheet_of(
            rows, strings, (more or {}).get(name, "")
        )
        listed.append(f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"/>')
        target = (
            f"worksheets/sheet{number}.xml" if number % 2 else f"/xl/worksheets/sheet{number}.xml"
        )
        related.append(
            f'<Relationship Id="r{number}" Type="{RELATIONS}/worksheet" Target="{target}"/>'
        )
    for kind in ("styles", "sharedStrings"):
        related.append(f'<Relationship Id="{kind}" Type="{RELATIONS}/{kind}" Target="{kind}.xml"/>')
    texts = "".join(f"<si><t>{text}</t></si>" for text in strings or [])
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{texts}</sst>'
    parts["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{PACKAGE}">{"".join(related)}</Relationships>'
    )
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{"".join(listed)}</sheets></workbook>'
    )
    return parts


def packed(file: Path, parts: dict[str, str]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file


def typed(text: str) -> object:
    """A text of a file as a spreadsheet holds it: a number as a number."""
    try:
        return float(text)
    except ValueError:
        return text


def rows_of(file: Path) -> list[list[object]]:
    rows: list[list[object]] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        cells = [line] if line.startswith("#") else next(csv.reader([line]))
        rows.append([typed(cell) for cell in cells])
    return rows


def sheets_from(folder: Path) -> dict[str, list[list[object]]]:
    """The three sheets of a case's folder."""
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    described = yaml.load(text, Loader=yaml.BaseLoader)
    pairs: list[list[object]] = [[key, typed(value)] for key, value in described.items()]
    return {
        "case": [["key", "value"], *pairs],
        "units": rows_of(folder / "units.csv"),
        "series": rows_of(folder / "series.csv"),
    }


def street() -> dict[str, list[list[object]]]:
    return sheets_from(ROOT / "data/template")


# --- what is read ---------------------------------------------------------------------------------
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_as_a_workbook_gives_the_same_case(project, name, shared):
    folder = ROOT / "data" / name
    packed(project / "my case.xlsx", parts_of(sheets_from(folder), shared))
    case.new_from("mine", "my case.xlsx")
    made, given_ = load_case(project / "data/mine"), load_case(folder)
    assert made.description == given_.description and made.names == given_.names
    pd.testing.assert_frame_equal(made.series, given_.series)
    columns = ["vpp", "component", "parameter", "unit", "source", "status", "number"]
    pd.testing.assert_frame_equal(made.units[columns], given_.units[columns])


def test_the_command_makes_the_case_and_says_what_to_do_next(project, monkeypatch, capsys):
    packed(project / "it's $HOME.xlsx", parts_of(street()))
    monkeypatch.setattr(sys, "argv", ["case.py", "new", "--from=it's $HOME.xlsx", "--", "mine"])
    case.main()
    assert capsys.readouterr().out.splitlines() == [
        "data/mine holds case.yaml, units.csv and series.csv with what it's $HOME.xlsx says.",
        "Then: make check CASE=data/mine",
    ]
    assert case.check("data/mine").names == ["Home", "Shop"]


@pytest.mark.parametrize("value", ["$(touch hurt)", "$(shell touch hurt)", "'; touch hurt; '"])
def test_the_name_of_a_workbook_is_never_run(tmp_path, value):
    """It arrives word for word, given to make or in the environment."""
    book = TinyBook(tmp_path / "book")
    write(book.folder / "show.mk", 'include Makefile\nshow:\n\t@printf "%s" "$$FROM"')
    assert book.make("-f", "show.mk", "show", f"FROM={value}").stdout == value
    assert book.make("-f", "show.mk", "show", FROM=value).stdout == value
    assert not list(tmp_path.rglob("hurt"))


def test_comments_stay_where_they_are_and_may_be_merged(project):
    more = {"units": '<mergeCells><mergeCell ref="A1:G1"/></mergeCells>'}
    file = packed(project / "a.xlsx", parts_of(street(), more=more))
    texts = case_from_workbook.files_from(file)
    before = (ROOT / "data/template/units.csv").read_text(encoding="utf-8").splitlines()
    after = texts["units.csv"].splitlines()
    places = [number for number, line in enumerate(before) if line.startswith("#")]
    assert places == [number for number, line in enumerate(after) if line.startswith("#")]


def read_back(tmp_path: Path, cell: object, **more: object) -> str:
    """The text of one cell below a heading."""
    parts = parts_of({"case": [["x"], [cell]]})
    parts |= more
    return sheets_of(packed(tmp_path / "a.xlsx", parts), ("case",))["case"].rows.get(2, [""])[0]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (True, "yes"),
        (False, "no"),
        (24, "24"),
        (0.30000000000000004, "0.30000000000000004"),
        (1e-7, "0.0000001"),
        ("a & <b>", "a & <b>"),
        (Raw(f'<c r="{{place}}" s="{DAY}"><v>46082.25</v></c>'), "2026-03-01T06:00"),
        (Raw(f'<c r="{{place}}" s="{DAY}"><v>46082</v></c>'), "2026-03-01T00:00"),
        (Raw(f'<c r="{{place}}" s="{DAY}"><v>46082.041666666664</v></c>'), "2026-03-01T01:00"),
        (Raw(f'<c r="{{place}}" s="{TIME}"><v>0.7708333333333334</v></c>'), "18:30"),
        (Raw(f'<c r="{{place}}" s="{SHARE}"><v>0.07</v></c>'), "7%"),
        (Raw('<c r="{place}" t="d"><v>2026-03-01T06:00</v></c>'), "2026-03-01T06:00"),
        (Raw('<c r="{place}"><f>1+1</f><v>2</v></c>'), "2"),
        (Raw('<c r="{place}" t="str"><f>"a"</f><v>a</v></c>'), "a"),
        (Raw('<c r="{place}" t="str"><f>""</f><v></v></c>'), ""),
        (Raw('<c r="{place}" t="inlineStr"><is><r><t>a</t></r><r><t> b</t></r></is></c>'), "a b"),
        (Raw('<c r="{place}" t="inlineStr"><is><t>a_x000D_b_xD83D_</t></is></c>'), "a b_xD83D_"),
        (Raw('<c r="{place}" s="1"/>'), ""),
        (Raw('<c t="inlineStr"><is><t>no place</t></is></c>'), "no place"),
    ],
)
def test_a_cell_is_read_as_it_is_shown(tmp_path, cell, text):
    assert read_back(tmp_path, cell) == text


def test_the_year_1904_and_the_other_namespace(tmp_path):
    parts = parts_of({"Case ": [["x"], [Raw(f'<c r="A2" s="{DAY}"><v>44620.25</v></c>')]]})
    book = parts["xl/workbook.xml"].replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    parts["xl/workbook.xml"] = book
    parts = {name: text.replace(MAIN, STRICT) for name, text in parts.items()}
    sheet = sheets_of(packed(tmp_path / "a.xlsx", parts), ("case",))["case"]
    assert sheet.rows == {1: ["x"], 2: ["2026-03-01T06:00"]}


def test_times_below_time_utc_are_in_utc(project):
    sheets = street()
    head = next(row for row in sheets["series"] if row[0] == "hour")
    head[0] = "time_utc"
    body = [row for row in sheets["series"] if isinstance(row[0], float)]
    for hour, row in enumerate(body):
        row[0] = Raw(f'<c r="{{place}}" s="{DAY}"><v>{46082 + hour / 24!r}</v></c>')
    packed(project / "a.xlsx", parts_of(sheets))
    case.new_from("mine", "a.xlsx")
    vpp = load_case(project / "data/mine").vpps[0]
    assert (vpp.start_hour, vpp.weekday) == (0.0, 6), "a Sunday"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_loses_a_digit(number):
    assert float(plainly(number)) == number and "e" not in plainly(number)


@given(st.integers(1, 16_384))
def test_names_of_columns_go_both_ways(column):
    assert workbook.column_in(f"{letters_of(column)}7") == column


TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=4))
def test_any_text_comes_back_word_for_word(tmp_path_factory, rows):
    escaped_already = any(workbook.ESCAPED.search(text) for row in rows for text in row)
    file = packed(tmp_path_factory.mktemp("x") / "a.xlsx", parts_of({"case": [*rows]}))
    read = list(sheets_of(file, ("case",))["case"].rows.values())
    assert escaped_already or read == rows


@given(st.dictionaries(TEXTS.filter(lambda key: key[0] != "#"), TEXTS, min_size=1, max_size=4))
def test_what_a_reader_of_yaml_gets_is_what_the_sheet_has(described):
    sheet = workbook.Sheet("case", {1: ["key", "value"]})
    sheet.rows |= {number: [*pair] for number, pair in enumerate(described.items(), 2)}
    text = case_from_workbook.description_of(sheet, "a.xlsx")
    assert yaml.load(text, Loader=yaml.BaseLoader) == described


# --- what is refused ------------------------------------------------------------------------------
def refused(project: Path, parts: dict[str, str] | bytes) -> str:
    """The one sentence about a workbook; nothing is written."""
    file = project / "a.xlsx"
    file.write_bytes(parts) if isinstance(parts, bytes) else packed(file, parts)
    with pytest.raises(SystemExit) as left:
        case.new_from("mine", "a.xlsx")
    assert [path.name for path in (project / "data").iterdir()] == ["template"]
    sentence = str(left.value.code)
    assert sentence.endswith("; nothing was written") and "\n" not in sentence
    return sentence.removesuffix("; nothing was written")


@pytest.mark.parametrize(
    "content",
    [b"", b"hour,load\n1,2\n", b"PK\x03\x04 half of an archive", b"\xd0\xcf\x11\xe0" + bytes(600)],
)
def test_what_is_no_workbook_is_refused(project, content):
    assert refused(project, content) == (
        "a.xlsx is not a workbook that can be read (it is damaged, locked by a password, "
        "or of another kind); allowed: .xlsx"
    )


def test_an_archive_of_something_else_is_refused(project):
    assert "(it has no workbook.xml)" in refused(project, {"content.xml": "<x/>"})
    parts = parts_of(street()) | {"xl/worksheets/sheet1.xml": "<worksheet><sheetData>"}
    assert "(its XML is damaged)" in refused(project, parts)
    parts = parts_of(street()) | {"xl/sharedStrings.xml": "<sst/>"}
    assert "(a cell refers to a text that is not there)" in refused(project, parts)


def test_a_damaged_part_is_refused(project):
    content = packed(project / "b.xlsx", parts_of(street())).read_bytes()
    assert "not a workbook that can be read" in refused(project, content[: len(content) // 2])
    with zipfile.ZipFile(project / "b.xlsx") as archive:
        place = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 80
    broken = content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]
    assert "not a workbook that can be read" in refused(project, broken)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "name", ["xl/workbook.xml", "xl/worksheets/sheet2.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
def test_a_document_type_is_refused_before_anything_is_expanded(project, name, encoding):
    parts = parts_of(street())
    entities = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    text = parts[name].removeprefix('<?xml version="1.0"?>')
    text = f'<?xml version="1.0" encoding="{encoding}"?>{entities}{text}'
    parts[name] = text.encode(encoding)  # type: ignore[assignment]
    assert "(its XML declares a document type)" in refused(project, parts)


def test_what_unpacks_to_too_much_is_refused(project, monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST_PARTS", 1_000_000)
    parts = parts_of(street())
    parts["xl/worksheets/sheet3.xml"] += " " * 2_000_000
    assert refused(project, parts) == (
        "a.xlsx is too large; allowed: up to 1 million bytes when it is unpacked"
    )


def test_a_large_file_is_refused(project, monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST_FILE", 1_000)
    assert "a.xlsx is too large; allowed: up to" in refused(project, parts_of(street()))


@pytest.mark.parametrize("place", ["XFD2", "DDD2"])
def test_a_sheet_that_is_too_wide_is_refused(project, place):
    sheets = street()
    sheets["series"][1] = [Raw(f'<c r="{place}"><v>1</v></c>')]
    assert "a.xlsx, sheet series is too large; allowed: up to 2,000 columns" in refused(
        project, parts_of(sheets)
    )


def test_a_sheet_of_too_many_cells_is_refused(project, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_CELLS", 100)
    assert "a.xlsx, sheet units is too large" in refused(project, parts_of(street()))


def test_many_cells_that_share_a_long_text_are_refused(project, monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST_SHEET", 100_000)
    parts = parts_of(street() | {"units": [["x"], *[["y" * 1000]] * 200]}, shared=False)
    assert refused(project, parts) == (
        "a.xlsx, sheet units is too large; allowed: up to 0.1 million characters"
    )


def test_a_part_of_too_many_tags_is_refused(project, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_TAGS", 100)
    assert "a.xlsx is too large; allowed: up to" in refused(project, parts_of(street()))


def test_a_missing_sheet_is_named_with_those_there_are(project):
    sheets = street()
    sheets["Tabelle1"] = sheets.pop("units")
    assert refused(project, parts_of(sheets)) == (
        "a.xlsx has no sheet 'units'; found: 'case', 'series', 'Tabelle1'; "
        "allowed: case, units, series"
    )


def test_two_sheets_of_one_name_are_refused(project):
    sheets = street() | {"SERIES ": [["hour"], [1.0]]}
    assert refused(project, parts_of(sheets)) == (
        "a.xlsx: found sheets 'series' and 'SERIES '; allowed: one called series"
    )


@pytest.mark.parametrize(
    "cell", ['<c r="{place}"><f>A1*2</f></c>', '<c r="{place}"><f>A1</f><v/></c>']
)
def test_a_formula_without_its_value_is_refused(project, cell):
    sheets = street()
    sheets["series"][5][2] = Raw(cell)
    assert "a.xlsx, sheet series, cell C6: found a formula without its value; allowed: " in refused(
        project, parts_of(sheets)
    )


def test_an_error_is_refused(project):
    sheets = street()
    sheets["units"][10][3] = Raw('<c r="{place}" t="e"><f>1/0</f><v>#DIV/0!</v></c>')
    sentence = refused(project, parts_of(sheets))
    assert sentence == "a.xlsx, sheet units, cell D11: found the error #DIV/0!; allowed: a value"


def head_of(rows: list[list[object]]) -> int:
    """The number of the row of headings."""
    return next(n for n, row in enumerate(rows, 1) if not str(row[0]).startswith("#"))


def test_merged_headings_and_values_are_refused(project):
    sheets = street()
    row = head_of(sheets["units"])
    for first, last in ((row, row), (row + 2, row + 4)):
        more = {"units": f'<mergeCells><mergeCell ref="B{first}:C{last}"/></mergeCells>'}
        sentence = refused(project, parts_of(sheets, more=more))
        assert f"a.xlsx, sheet units: cells B{first}:C{last} are merged; allowed: " in sentence


@pytest.mark.parametrize("column", [0, 2, 6])
def test_a_column_without_a_heading_is_refused(project, column):
    sheets = street()
    row = head_of(sheets["units"])
    sheets["units"][row - 1][column] = ""
    place = f"{letters_of(column + 1)}{row}"
    assert f"sheet units, cell {place}: found no heading; allowed: one for each" in refused(
        project, parts_of(sheets)
    )


def test_an_empty_sheet_and_other_headings_of_case_are_refused(project):
    assert "sheet series: found nothing" in refused(project, parts_of(street() | {"series": []}))
    sheets = street() | {"case": [["name", "value"], ["title", "x"]]}
    assert "sheet case: found the headings name, value; allowed: key, value" in refused(
        project, parts_of(sheets)
    )


def test_a_key_that_stands_twice_or_not_at_all_is_refused(project):
    sheets = street()
    sheets["case"].append(["title", "another"])
    row = len(sheets["case"])
    assert f"sheet case, row {row}: 'title' stands twice" in refused(project, parts_of(sheets))
    sheets["case"][-1] = ["", "another"]
    assert f"sheet case, row {row}: found a value without its key" in refused(
        project, parts_of(sheets)
    )


def test_a_file_that_is_not_there_and_a_folder_are_refused(project):
    for name in ("b.xlsx", "data"):
        with pytest.raises(SystemExit, match=f"FROM: there is no file '{name}'; allowed: "):
            case.new_from("mine", name)


@pytest.mark.parametrize("name", ["~nobody-of-this-name/a.xlsx", 300 * "a" + ".xlsx"])
def test_a_path_that_the_system_cannot_take_is_refused(project, name):
    with pytest.raises(SystemExit, match="FROM: there is no file '.*'; allowed: ") as left:
        case.new_from("mine", name)
    assert len(str(left.value.code)) < 200


def test_a_case_that_is_there_stays_as_it_is(project):
    packed(project / "a.xlsx", parts_of(street()))
    (project / "data/mine").mkdir()
    with pytest.raises(SystemExit, match="data/mine is there already; nothing was written"):
        case.new_from("mine", "a.xlsx")
    assert list((project / "data/mine").iterdir()) == []
    with pytest.raises(SystemExit, match="allowed are letters"):
        case.new_from("../mine", "a.xlsx")


def test_a_disk_that_is_full_leaves_nothing(project, monkeypatch):
    packed(project / "a.xlsx", parts_of(street()))

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError):
        case.new_from("mine", "a.xlsx")
    assert [path.name for path in (project / "data").iterdir()] == ["template"]


def test_a_template_and_a_workbook_exclude_each_other(project, monkeypatch):
    words = ["case.py", "new", "--kind=homes", "--from=a.xlsx", "--", "mine"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit, match="KIND and FROM: found both; allowed: "):
        case.main()


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_a_sentence(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("x") / "a.xlsx"
    file.write_bytes(content)
    with pytest.raises(Refused, match="allowed: "):
        sheets_of(file, ("case",))
