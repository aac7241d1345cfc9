"""What the pages for a reader's own case print is what the tools and the package say today.

The pages are the source: a test takes a block of text from the page, makes the case that the page describes in a
temporary folder, and compares.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vppcore import WrongInput, bargain, cooperate, dispatch, load_case, pool
from vppcore.reading import DATA

BOOK = DATA.parent / "book"
TEMPLATE = DATA / "template"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBERED = re.compile(r"^ ?(\d+) (?=\S)", re.MULTILINE)
MONEY = re.compile(r"\d+\.\d\d")


# --- the pages ------------------------------------------------------------------------------------
def page(name: str) -> str:
    return (BOOK / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language, in order."""
    return [text for kind, text in FENCE.findall(page(name)) if kind == language]


def block_with(name: str, language: str, words: str) -> str:
    """The one block of a page that has these words."""
    matching = [text for text in blocks(name, language) if words in text]
    assert len(matching) == 1, f"{name}: {len(matching)} blocks have {words!r}"
    return matching[0]


def one_line(text: str) -> str:
    return " ".join(text.split())


def same_lines(text: str) -> list[str]:
    """Lines without the blanks at their ends and without empty lines."""
    stripped = [line.rstrip() for line in text.splitlines()]
    return [line for line in stripped if line]


def matches(printed: str, said: str) -> bool:
    """Whether a sentence is what the page prints; the page may cut it with dots."""
    pieces = [re.escape(one_line(piece)) for piece in printed.split("...")]
    return re.fullmatch(r".*".join(pieces), one_line(said)) is not None


def compare(printed: str, said: list[str]) -> None:
    assert any(matches(printed, sentence) for sentence in said), (
        f"the page prints\n  {one_line(printed)}\nand the program says\n  " + "\n  ".join(said)
    )


# --- cases made from the template -----------------------------------------------------------------
@pytest.fixture(scope="module")
def tool():
    """tools/case.py as a module."""
    spec = importlib.util.spec_from_file_location(
        "printed_case_tool", DATA.parent / "tools/case.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Change = Callable[[Path], None]


def replaced(file: str, old: str, new: str) -> Change:
    """A change of one file: the first `old` becomes `new`."""

    def change(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def column(name: str, cell: Callable[[str, int], str], heading: str | None = None) -> Change:
    """A change of every cell of a column of series.csv, given the cell and its row, 0 first."""

    def change(folder: Path) -> None:
        lines = (folder / "series.csv").read_text(encoding="utf-8").splitlines()
        comments = [line for line in lines if line.startswith("#")]
        head, *rows = [line.split(",") for line in lines if not line.startswith("#")]
        at = head.index(name)
        head[at] = heading or name
        for number, row in enumerate(rows):
            row[at] = cell(row[at], number)
        table = [",".join(row) for row in [head, *rows]]
        (folder / "series.csv").write_text("\n".join([*comments, *table, ""]), encoding="utf-8")

    return change


def in_watts(cell: str, _: int) -> str:
    return f"{1000 * float(cell):g}"


def without_zone(_: str, number: int) -> str:
    return f"2026-10-25 {number:02d}:00"


def autumn(_: str, number: int) -> str:
    """Hours of a clock that is put back at 3 o'clock, each written as if it were UTC."""
    return f"2026-10-25T{number if number < 3 else number - 1:02d}:00Z"


CONNECTION = "all,grid,sell_max,20,kW,connection,assumed\n"
CHARGE = "Home,battery,charge_max,5,kW,data sheet,assumed\n"
SMALL = replaced(
    "units.csv", CONNECTION, CONNECTION + "Shop,grid,buy_max,6,kW,connection,assumed\n"
)
LOADLESS = [
    replaced("units.csv", "Shop,electric_load,rating,15,kW,main fuse (a check only),assumed\n", ""),
    replaced("units.csv", "Shop,electric_load,shift_share,10,%,", "Shop,grid,buy_max,20,kW,"),
    replaced("units.csv", "all,electric_load,shift_cost", "Home,electric_load,shift_cost"),
]
FIFTEEN: dict[int, Change] = {
    1: replaced("series.csv", "8,1.30,", '8,"1,30",'),
    2: column("home_load_kw", in_watts),
    3: replaced("series.csv", "shop_load_kw", "shop_load_mw"),
    4: column("hour", without_zone, "time_utc"),
    5: column("hour", autumn, "time_utc"),
    6: replaced("series.csv", "24,0.43,3.35,0.00,2.20,0.45,0.30\n", ""),
    7: replaced("series.csv", "16,0.43", "16,-0.4"),
    8: replaced("units.csv", "Home,boiler,heat_max", "Home,windmill,heat_max"),
    9: replaced("units.csv", "Home,battery,charge_max", "Home,battery,charge_power"),
    10: replaced("units.csv", "Home,battery,energy_max,10,kWh,data sheet,assumed\n", ""),
    11: replaced("units.csv", CHARGE, 2 * CHARGE),
    12: replaced("units.csv", "kW,roof,assumed", "kW,roof,guess"),
    13: replaced("units.csv", "energy_min,1,", "energy_min,12,"),
    14: replaced("series.csv", "grid_buy_yuan_per_kwh", "grid_buy_kw"),
    15: replaced("units.csv", "boiler,heat_max,12", "boiler,heat_max,4"),
}


@pytest.fixture
def make(tmp_path):
    """Makes the template with changes, in a folder `mine` of its own."""

    def made(*changes: Change) -> Path:
        folder = tmp_path / "mine"
        shutil.copytree(TEMPLATE, folder)
        for change in changes:
            change(folder)
        return folder

    return made


def check(tool, folder: Path) -> tuple[str, list[str]]:
    """What `make check` prints, and the sentences with which it refuses (none if it does not)."""
    printed = io.StringIO()
    sentences: list[str] = []
    with contextlib.redirect_stdout(printed):
        try:
            tool.check(str(folder))
        except SystemExit as left:
            sentences = [line.strip() for line in str(left.code).splitlines()]
    return printed.getvalue(), sentences


def numbered(name: str) -> dict[int, str]:
    """Number -> the sentence of the page's numbered faults."""
    sentences: dict[int, str] = {}
    for text in blocks(name, "text"):
        pieces = NUMBERED.split(text)
        if pieces[0].strip() == "" and len(pieces) > 1:
            numbers = [int(number) for number in pieces[1::2]]
            sentences.update(zip(numbers, pieces[2::2], strict=True))
    return sentences


# --- own-case.md ----------------------------------------------------------------------------------
def test_make_case_prints_what_the_page_prints(tool, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    tool.new("mine")
    printed = block_with("own-case.md", "text", "data/mine holds")
    assert one_line(capsys.readouterr().out) == one_line(printed)


def test_make_check_prints_what_the_page_prints(tool, make):
    folder = make()
    said, refused = check(tool, folder)
    assert refused == []
    printed = block_with("own-case.md", "text", "Home alone:")
    assert same_lines(said.replace(str(folder), "data/mine")) == same_lines(printed)


def test_the_page_has_a_sentence_for_each_of_the_fifteen_faults():
    assert sorted(numbered("own-case.md")) == sorted(FIFTEEN)


@pytest.mark.parametrize("number", FIFTEEN)
def test_a_fault_is_told_as_the_page_prints_it(tool, make, number):
    _, said = check(tool, make(FIFTEEN[number]))
    compare(numbered("own-case.md")[number], said)


def test_a_battery_of_one_all_row_is_told_as_printed(tool, make):
    row = "Home,battery,charge_efficiency"
    _, said = check(tool, make(replaced("units.csv", row, "all,battery,charge_efficiency")))
    lines = block_with("own-case.md", "text", "units.csv: Shop battery lacks").splitlines()
    for line in lines:
        compare(line, said)
    assert len(said) == 1 + len(lines)


def test_a_vpp_with_nothing_but_a_grid_is_told_as_printed(tool, make):
    _, said = check(tool, make(*LOADLESS))
    (sentence,) = re.findall(r"`(Shop has grid and\s[^`]*)`", page("own-case.md"))
    assert any(one_line(sentence) in line for line in said), said


def test_the_small_connection_is_told_as_printed(tool, make):
    _, said = check(tool, make(SMALL))
    printed = block_with("own-case.md", "text", "No schedule exists for:")
    head, cut = same_lines(printed)
    assert said[0] == head
    compare(cut, said[1:])
    (reason,) = re.findall(r"The dots stand for `([^`]*)`", page("own-case.md"))
    assert said[1:] == [cut.replace("...", one_line(reason)).strip()]


def assert_printed(name: str, sentence: str) -> None:
    """The page has the sentence, wherever its lines break."""
    assert sentence in one_line(page(name)), f"{name}: now it should say: {sentence}"


def test_the_costs_of_the_template(make):
    case = load_case(make())
    alone = {vpp.name: dispatch(vpp) for vpp in case.vpps}
    together = cooperate(case)
    split = bargain(case, alone, together).table
    equal = bargain(case, alone, together, weights="equal").table
    apart = sum(result.cost for result in alone.values())
    after = split["after"]
    home = alone["Home"].cost
    shop = alone["Shop"].cost
    assert_printed(
        "own-case.md",
        f"pay {apart:.2f} yuan apart and {together.cost:.2f} together."
        f" With the paper's weights Home pays {after['Home']:.2f} instead of {home:.2f} yuan,"
        f" the Shop {after['Shop']:.2f} instead of {shop:.2f}.",
    )
    assert_printed(
        "own-case.md",
        f"Home gains {split['gain']['Home']:.2f} yuan and the Shop {split['gain']['Shop']:.2f},",
    )
    assert equal["gain"]["Home"] == pytest.approx(equal["gain"]["Shop"], abs=0.01)
    assert_printed("own-case.md", f"With `weights=equal` each gains {equal['gain']['Home']:.2f}.")


def test_the_cost_of_a_battery_given_to_all(make):
    changes = [replaced("units.csv", "Home,battery", "all,battery")] * 7
    shop = dispatch(load_case(make(*changes)).vpp("Shop")).cost
    alone = dispatch(load_case("template").vpp("Shop")).cost
    assert_printed("own-case.md", f"pays {shop:.2f} instead of {alone:.2f} yuan.")


def test_the_cost_together_with_the_small_connection(make):
    cost = pool(load_case(make(SMALL))).cost
    assert_printed("own-case.md", f"together the two would pay {cost:.2f} yuan.")


def test_a_feed_in_above_the_tariff_is_solved(tool, make):
    dear = replaced(
        "series.csv", "12,0.40,3.02,6.15,8.95,1.10,0.30", "12,0.40,3.02,6.15,8.95,1.10,1.50"
    )
    folder = make(dear)
    _, refused = check(tool, folder)
    assert refused == []
    home = dispatch(load_case(folder).vpp("Home"))
    grid = home.series["grid"]
    assert not ((grid["buy"] > 1e-6) & (grid["sell"] > 1e-6)).any()
    assert_printed(
        "own-case.md", f"With 1.50 instead of 0.30 in step 12 Home pays {home.cost:.2f} yuan"
    )


def with_semicolons(folder: Path) -> None:
    """The series as a spreadsheet with decimal commas writes it."""
    lines = (folder / "series.csv").read_text(encoding="utf-8").splitlines()
    table = [line.replace(",", ";").replace(".", ",") for line in lines if line[0] != "#"]
    (folder / "series.csv").write_text("\n".join([*table, ""]), encoding="utf-8")


def test_a_spreadsheet_with_semicolons_is_read_as_the_template_is(tool, make):
    said, refused = check(tool, make(with_semicolons))
    assert refused == []
    costs = [line for line in said.splitlines() if " alone: " in line]
    assert costs == [
        line
        for line in same_lines(block_with("own-case.md", "text", "Home alone:"))
        if " alone: " in line
    ]
    assert_printed("own-case.md", "semicolons and decimal commas throughout is read as it is")


# --- how-to-read.md -------------------------------------------------------------------------------
VILLAGES = {
    "case.yaml": ("yaml", "title: Two villages"),
    "units.csv": ("text", "North,renewable.wind,rating"),
    "series.csv": ("text", "hour,north_load_kw"),
}


@pytest.fixture
def villages(tmp_path) -> Path:
    """The two villages of the page, from its own blocks."""
    folder = tmp_path / "two-villages"
    folder.mkdir()
    for file, (language, words) in VILLAGES.items():
        (folder / file).write_text(block_with("how-to-read.md", language, words), encoding="utf-8")
    return folder


def test_the_python_of_the_page_prints_what_stands_below_it(villages, monkeypatch, capsys):
    monkeypatch.chdir(villages.parent)
    for code in blocks("how-to-read.md", "python"):
        exec(compile(code, "how-to-read.md", "exec"), {})
    printed = block_with("how-to-read.md", "text", "no schedule can cost less")
    assert same_lines(capsys.readouterr().out) == same_lines(printed)


def test_the_days_in_a_row_print_what_stands_below_them(capsys):
    names: dict = {}
    for code, number in (("run = roll(", "9359.0"), ("careful = roll(", "7900.0")):
        block = block_with("real-week.md", "python", code)
        exec(compile(block, "real-week.md", "exec"), names)
        printed = block_with("real-week.md", "text", number)
        assert same_lines(capsys.readouterr().out) == same_lines(printed)


def test_the_four_mistakes_are_told_as_the_page_prints_them(tool, villages):
    changes = [
        replaced("units.csv", "North,battery,charge_max,100,kW", "North,battery,charge_max,100,W"),
        replaced(
            "units.csv",
            "pv,rating,500,kW,invented for the book,assumed",
            "pv,rating,500,kW,invented for the book,guessed",
        ),
        replaced("series.csv", "south_pv_kw", "south_pv"),
        replaced("series.csv", "3,210,", '3,"210,5",'),
    ]
    for change in changes:
        change(villages)
    _, said = check(tool, villages)
    printed = block_with("how-to-read.md", "text", "units.csv, line 7, North")
    sentences = re.split(r"\n(?! )", printed.strip())
    assert len(sentences) == len(said) - 1
    for sentence in sentences:
        compare(sentence, said)


def test_faults_of_an_entered_table_are_told_as_the_page_prints_them(tmp_path):
    from vppcore.pages import entered
    from vppcore.pages.printed import printed_tables, template

    text = template(printed_tables()["b_table_5"])
    text = text.replace("scenario 1,total cost,,", "scenario 1,total cost,much,")
    text = text.replace("scenario 2,carbon cost,,yuan", "scenario 2,carbon cost,1,kW")
    (tmp_path / "b_table_5.csv").write_text(text, encoding="utf-8")
    with pytest.raises(WrongInput) as refused:
        entered.entered(tmp_path)
    printed = block_with("how-to-read.md", "text", "b_table_5.csv, line 5")
    sentences = re.split(r"\n(?! )", printed.strip())
    assert len(sentences) == len(refused.value.faults)
    for sentence in sentences:
        compare(sentence, refused.value.faults)


def refusal(parameters: str) -> str:
    """What `make run NB=cooperation P=parameters` says before a kernel starts."""
    import run_notebook
    from contents import Refused

    with pytest.raises(Refused) as refused:
        run_notebook.values_for(run_notebook.find("cooperation"), parameters)
    return str(refused.value)


@pytest.mark.parametrize("parameters", ["penalty=-1 order=random", "penalti=3e-4"])
def test_refused_parameters_are_told_as_printed(parameters):
    printed = block_with("how-to-read.md", "text", f'P="{parameters}"')
    command, _, said = printed.partition("\n")
    assert command == f'$ make run NB=cooperation P="{parameters}"'
    compare(said, [refusal(parameters)])


def test_the_table_of_parameters_has_every_parameter_of_every_notebook():
    from vppcore.pages.parameters_cell import read_parameters_cell

    notebooks = sorted((DATA.parent / "notebooks").glob("*.ipynb"))
    declared = {name for notebook in notebooks for name in read_parameters_cell(notebook)}
    table = page("how-to-read.md").split("## All parameters")[1].split("\n## ")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    told = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert told | {"notebooks"} == declared
