"""In a study a letter stands for one thing, and book/symbols/ says which.

A test reads formulas. It can tell that a symbol has no line, that a symbol has two lines, that lines
of one letter are of two kinds, and that a symbol comes to a page that its line does not name: then
somebody has to look whether it means the same there, and name the page. It cannot tell whether a
page uses a symbol for something else without a word about it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vppcore
from vppcore.errors import WrongInput
from vppcore.pages import tables
from vppcore.pages.letters import (
    GREEK,
    INDICES,
    Row,
    Symbol,
    formulas_in,
    letter_alone,
    lines_for,
    read_table,
    symbols_in,
    used_on,
)

BOOK = Path(__file__).parent.parent / "book"
TABLES = {study: read_table(BOOK / f"symbols/{study}.csv") for study in ("study-a", "study-b")}
CHAPTERS = {
    "study-a": ["vpp-model", "cooperation", "bargaining", "uncertainty"],
    "study-b": ["carbon-trading", "games"],
}
PAGES = [
    (study, page)
    for study, chapters in CHAPTERS.items()
    for chapter in chapters
    for page in (chapter, f"exercises/{chapter}")
]
ROOMS = ["components", "cooperation", "bargaining", "uncertainty"]
# what study B alone owns, and its letters
OF_STUDY_B = {"carbon_market", "controllable_load", "micro_turbine", "power_market"}
DOLLARS = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)


def text_of(page: str) -> str:
    return (BOOK / f"{page}.md").read_text(encoding="utf-8")


# --- the table and the formulas -------------------------------------------------------------------


def explained(study: str) -> set[Symbol]:
    return {symbol for row in TABLES[study] for symbol in row.symbols}


@pytest.mark.parametrize(("study", "page"), PAGES)
def test_every_symbol_of_a_page_has_a_line(study, page):
    lacking = used_on(text_of(page)) - explained(study)
    assert sorted(map(str, lacking)) == [], f"book/symbols/{study}.csv has no line for these"


@pytest.mark.parametrize("study", TABLES)
def test_no_symbol_has_two_lines(study):
    lines = defaultdict(list)
    for row in TABLES[study]:
        for symbol in row.symbols:
            lines[symbol].append(row.symbol)
    assert {str(symbol): rows for symbol, rows in lines.items() if len(rows) > 1} == {}


@pytest.mark.parametrize("study", TABLES)
def test_a_letter_is_of_one_kind(study):
    kinds = defaultdict(set)
    for row in TABLES[study]:
        for symbol in row.symbols:
            kinds[letter_alone(symbol)].add(row.kind)
    assert {letter: kind for letter, kind in kinds.items() if len(kind) > 1} == {}


@pytest.mark.parametrize(("study", "page"), PAGES)
def test_a_line_names_the_pages_that_use_it(study, page):
    """A symbol that comes to a page is looked at before the page is named."""
    used = {row.symbol for row in lines_for(text_of(page), TABLES[study])}
    named = {row.symbol for row in TABLES[study] if page in row.pages}
    assert used == named


@pytest.mark.parametrize("study", TABLES)
def test_no_line_is_idle(study):
    assert [row.symbol for row in TABLES[study] if not row.pages] == []
    known = {page for of, page in PAGES if of == study}
    assert {page for row in TABLES[study] for page in row.pages} <= known


@pytest.mark.parametrize("study", TABLES)
def test_every_line_says_what_its_symbol_means(study):
    assert [row.symbol for row in TABLES[study] if not (row.meaning and row.kind)] == []


# --- the code's own formulas ----------------------------------------------------------------------


def test_components_of_study_a_declare_the_symbols_of_the_table():
    declared = tables.symbols()
    lacking = {
        name: symbol
        for symbol, name in zip(declared["symbol"], declared["name in code"], strict=True)
        if name.split(".")[0] not in OF_STUDY_B | {"heat_vent", "grid", "battery"}
        for each in symbols_in(symbol.strip("$"))
        if each.letter not in INDICES and each not in explained("study-a")
    }
    assert lacking == {}


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_of_study_a_use_the_symbols_of_the_table(room):
    lacking = {}
    for file in (Path(vppcore.__file__).parent / room).glob("*.py"):
        if file.stem in OF_STUDY_B | {"vents", "markets"}:
            continue
        code = file.read_text(encoding="utf-8").partition('@kind("controllable_load")')[0]
        for docstring in re.findall(r'r?"""(.*?)"""', code, re.DOTALL):
            for display, inline in DOLLARS.findall(docstring):
                for symbol in symbols_in(display or inline):
                    if symbol not in explained("study-a") and symbol.letter not in INDICES:
                        lacking[f"{file.name}: {symbol}"] = (display or inline)[:60]
    assert lacking == {}


# --- the reader of formulas -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        (r"P^{P2G}_{max}", ["P[P2G][max]"]),
        (r"\bar L_{i,t-1}", [r"\bar L"]),
        (r"x_1\in X_1", ["X", "x"]),
        (r"C_i^0 - C_i^\ast", ["C", "C[0]"]),
        (r"\text{fee of VPP } i: \gamma", [r"\gamma", "i"]),
        (r"\mathbf A^\top \mu \le \mathbf c", [r"\mathbf A", r"\mathbf c", r"\mu"]),
        (r"g_i^{\,w_i}", ["g", "w"]),
        (r"\mathrm{e}^{-E^r_i/E^r_{max}}", ["E[max][r]", "E[r]"]),
        (r"d_A = 1 - 1/\mathrm e", ["d"]),
        (r"\max_{z\in\mathcal Z(\Gamma)} Q(0,z)", ["Q", r"\Gamma", r"\mathcal Z", "z"]),
    ],
)
def test_symbols_of_a_formula(formula, found):
    assert sorted(map(str, symbols_in(formula))) == sorted(found)


@given(
    st.sampled_from(["P", "L", "x", *(f"\\{name}" for name in sorted(GREEK))]),
    st.lists(st.sampled_from(["max", "min", "P2G", "cut"]), max_size=1),
    st.text("ijt", min_size=1, max_size=2),
)
def test_indices_change_no_symbol(letter, labels, indices):
    bare = letter + "".join(f"^{{{label}}}" for label in labels)
    assert (
        symbols_in(f"{bare}_{{{indices}}}") == symbols_in(bare) == {Symbol(letter, tuple(labels))}
    )


def test_code_is_no_formula():
    page = "`$a$` and $b$\n\n```python\nx = '$c$'\n```\n\n```{math}\n:label: eq-d\nd\n```\n"
    assert [formula.strip() for formula in formulas_in(page)] == ["b", "d"]


def test_a_table_without_its_columns_is_refused(tmp_path):
    file = tmp_path / "study.csv"
    file.write_text("symbol,meaning\nx,y\n", encoding="utf-8")
    with pytest.raises(WrongInput, match="study.csv: found the columns"):
        read_table(file)


def test_a_page_gets_the_lines_of_its_own_symbols():
    rows = [Row("P_t", "power", "", "", "", ()), Row("q", "trade", "", "", "", ())]
    assert lines_for("no $q$-letter but $P_{t-1}$", rows) == rows
    assert lines_for("only $P_{t-1}$", rows) == rows[:1]
