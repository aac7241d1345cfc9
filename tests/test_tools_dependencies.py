"""What must run again runs again, and nothing else."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_book
from contents import Refused, book_notebooks
from dependencies import Project, collected_by
from imports import Modules, names_for_types_alone
from tiny_book import ROOT, TinyBook, write

import vppcore

NOTEBOOKS = book_notebooks(ROOT)


@pytest.fixture
def book(tmp_path):
    return TinyBook(tmp_path)


def listings(root: Path, notebooks: list[str]) -> dict[str, str]:
    project = Project(root)
    return {name: project.listing(name) for name in notebooks}


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def runs_again_after(book: TinyBook, name: str, old: str, new: str) -> list[str]:
    """The notebooks of the tiny book whose listings change."""
    notebooks = book_notebooks(book.folder)
    before = listings(book.folder, notebooks)
    change(book.folder / name, old, new)
    after = listings(book.folder, notebooks)
    return [name for name in notebooks if before[name] != after[name]]


# --- the tiny book: every kind of change ---
@pytest.mark.parametrize(
    ("name", "old", "new", "again"),
    [
        ("vppcore/model.py", "FACTOR = 2", "FACTOR = 3", ["first", "second"]),
        ("vppcore/model.py", "# a number", "# a factor", []),
        ("vppcore/model.py", "The sum of a case", "What a case sums up to", []),
        (
            "vppcore/errors.py",
            "class StudyError",
            "A = 1\n\n\nclass StudyError",
            ["first", "second"],
        ),
        ("vppcore/pages/study.py", "w", "w", []),
        ("vppcore/pages/study.py", '"kept"', '"done"', ["first", "second", "ledger"]),
        ("vppcore/pictures.py", "read_text()", "read_text().strip()", ["second"]),
        ("vppcore/look.mplstyle", "# the look", "# another look", []),
        ("vppcore/look.mplstyle", "# points", "# pt", []),
        ("vppcore/look.mplstyle", "10", "11", ["second"]),
        ("vppcore/__init__.py", '"draw", ', "", []),
        ("data/one/numbers.csv", "1,10", "1,11", ["first"]),
        ("data/two/numbers.csv", "1,20", "1,21", ["second"]),
        ("data/one/case.yaml", "# the first", "# number one", []),
        ("data/one/case.yaml", "steps: 1", "steps: 2", ["first"]),
        ("data/one/build.py", "makes", "made", []),
        ("notebooks/first.ipynb", "keep", "keep ", ["first"]),
        ("requirements.lock", "# nothing", "# nought", []),
        ("requirements.lock", "# nothing", "a==1", ["first", "second", "ledger"]),
        ("tools/run_notebook.py", "def run(", "def run_it(", ["first", "second", "ledger"]),
        ("tools/saying.py", "VPPCORE_SAYS", "VPPCORE_SAYS_IT", []),
        ("_config.yml", "Tiny", "Small", []),
        ("book/intro.md", "Tiny", "Small", []),
    ],
)
def test_a_change_reaches_the_notebooks_that_rest_on_it(book, name, old, new, again):
    assert runs_again_after(book, name, old, new) == again


def test_a_reader_s_own_case_changes_nothing(book):
    notebooks = book_notebooks(book.folder)
    before = listings(book.folder, notebooks)
    pages = Project(book.folder).pages_listing(notebooks)
    for folder in ("mine", "one more", "{x}", "$(touch x)"):
        write(book.folder / "data" / folder / "numbers.csv", "hour,kw\n1,5")
    assert listings(book.folder, notebooks) == before
    assert Project(book.folder).pages_listing(notebooks) == pages


@pytest.mark.parametrize(
    ("cell", "named"),
    [
        ('load("two")', True),
        ('load("data/two")', True),
        ('load("../data/two/")', True),
        ('for name in "one two".split():\n    load(name)', True),
        ('load(f"{case}two")', True),
        ('other = "two" if case == "one" else "one"', True),
        ('read("data/two/numbers.csv")', True),
        ('read("../data/two/numbers.csv")', True),
        ('print("two days, one night")', False),
        ('print(f"{x}{y}")', False),
    ],
)
def test_cases_that_a_cell_names(book, cell, named):
    write(book.folder / "notebooks/first.ipynb", tiny_book.notebook('case: str = "one"', cell))
    files = Project(book.folder).files_of("first")
    assert "data/one/numbers.csv" in files
    assert ("data/two/numbers.csv" in files) == named


@pytest.mark.parametrize(
    ("cell", "module"),
    [
        ("from vppcore import solve", "model"),
        ("from vppcore import draw", "pictures"),
        ("from vppcore import model", "model"),
        ("import vppcore.model", "model"),
        ("import vppcore.model as m", "model"),
        ("import vppcore\nvppcore.solve(1)", "model"),
        ("from vppcore import *", "model"),
        ("def f():\n    from vppcore.model import solve", "model"),
        ("%matplotlib inline\nfrom vppcore import solve", "model"),
        ("import importlib\nimportlib.import_module('vppcore.model')", "model"),
        ("import importlib\nimportlib.import_module(f'vppcore.{name}')", "model"),
        ("from vppcore import nobody_knows_where", "model"),
        ("from vppcore.relative import solve", "model"),
        ("from vppcore.rooms import solve", "model"),
    ],
)
def test_imports_of_every_kind_are_followed(book, cell, module):
    write(book.folder / "vppcore/relative.py", "from .model import solve")
    write(book.folder / "vppcore/rooms/__init__.py", "from ..relative import solve")
    write(book.folder / "notebooks/first.ipynb", tiny_book.notebook('x: str = "a"', cell))
    project = Project(book.folder)
    assert f"vppcore.{module}" in project.modules_of("first")
    assert ("vppcore.errors" in project.modules_of("first")) == (module == "model")


@pytest.mark.parametrize(
    "cell",
    [
        "import numpy",
        "from vppcore import draw",
        "import vppcore.pictures as pictures",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from vppcore import solve",
    ],
)
def test_what_is_not_imported_does_not_count(book, cell):
    write(book.folder / "notebooks/first.ipynb", tiny_book.notebook('x: str = "a"', cell))
    assert "vppcore.model" not in Project(book.folder).modules_of("first")


TYPED = """
from __future__ import annotations
from vppcore.model import solve


def f(x: solve) -> solve:
    {body}
"""


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (TYPED.format(body="return x"), False),
        (TYPED.format(body="return solve"), True),
        (TYPED.format(body="return x").replace("x: solve) -> solve", "x)"), True),
        (TYPED.format(body="return x").replace("from __future__ import annotations", ""), True),
        (TYPED.format(body="return x") + "\n\nclass A(BaseModel):\n    pass\n", True),
        (TYPED.format(body="return x") + "\n\nclass A:\n    b: solve\n", False),
        (TYPED.format(body="return x") + "\n\nclass A(solve):\n    pass\n", True),
    ],
)
def test_what_a_module_imports_for_its_annotations_alone_does_not_count(book, text, counts):
    write(book.folder / "vppcore/typed.py", text)
    cells = tiny_book.notebook('x: str = "a"', "from vppcore.typed import f")
    write(book.folder / "notebooks/first.ipynb", cells)
    assert ("vppcore.model" in Project(book.folder).modules_of("first")) == counts


@pytest.mark.parametrize(
    ("cell", "rests_on_two"),
    [
        ("from vppcore.cases import other\nother('one')", True),
        ("from vppcore import cases\ncases.other('one')", True),
        ("from vppcore.cases import both\nboth()", True),
        ("from vppcore.cases import label", False),
    ],
)
def test_a_case_that_a_function_names_counts_where_the_function_is_used(book, cell, rests_on_two):
    text = """
        def other(name):
            return "two" if name == "one" else "one"


        def label(table):
            return table.loc[0, "two"]


        def both():
            return inner()


        def inner():
            return "one two"
        """
    if not rests_on_two:
        text = text.replace("return inner()", "return None")
    write(book.folder / "vppcore/cases.py", text)
    write(book.folder / "notebooks/first.ipynb", tiny_book.notebook('x: str = "one"', cell))
    assert ("data/two/numbers.csv" in Project(book.folder).files_of("first")) == rests_on_two


def test_a_case_that_a_module_names_always_counts(book):
    write(book.folder / "vppcore/cases.py", "CASES = ['two']\n")
    cells = tiny_book.notebook('x: str = "one"', "from vppcore.cases import CASES")
    write(book.folder / "notebooks/first.ipynb", cells)
    assert "data/two/numbers.csv" in Project(book.folder).files_of("first")


def test_a_name_that_a_module_hands_on_is_followed_to_its_home(book):
    handed_on = TYPED.replace("def f(x: solve) -> solve", "def f(x: solve)")
    write(book.folder / "vppcore/typed.py", handed_on.format(body="return x"))
    cells = tiny_book.notebook('x: str = "a"', "from vppcore.typed import solve")
    write(book.folder / "notebooks/first.ipynb", cells)
    assert "vppcore.model" in Project(book.folder).modules_of("first")


def test_a_package_that_does_more_than_hand_out_names_counts(book):
    change(book.folder / "vppcore/__init__.py", "__all__ =", "print('hello')\n__all__ =")
    assert "vppcore/__init__.py" in Project(book.folder).files_of("first")


def test_docstrings_count_for_a_notebook_that_shows_them(book):
    cell = "from vppcore import solve\nprint(solve.__doc__)"
    write(book.folder / "notebooks/first.ipynb", tiny_book.notebook('case: str = "one"', cell))
    assert runs_again_after(book, "vppcore/model.py", "The sum of a case", "All of it") == ["first"]


def test_a_module_beside_the_notebooks_counts(book):
    write(book.folder / "notebooks/helper.py", "x = 1")
    cells = tiny_book.notebook('case: str = "one"', "from helper import x")
    write(book.folder / "notebooks/first.ipynb", cells)
    assert runs_again_after(book, "notebooks/helper.py", "1", "2") == ["first"]


def test_a_folder_in_a_data_folder_counts_where_it_is_named_itself(book):
    write(book.folder / "data/one/more/numbers.csv", "1,2")
    assert "data/one/more/numbers.csv" not in Project(book.folder).files_of("first")
    named = tiny_book.notebook('x: str = "one"', "from vppcore.model import f\nf('one/more')")
    write(book.folder / "notebooks/first.ipynb", named)
    files = Project(book.folder).files_of("first")
    assert {"data/one/more/numbers.csv", "data/one/numbers.csv"} <= set(files)


def test_the_pages_rest_on_texts_code_and_the_book_s_data(book):
    notebooks = book_notebooks(book.folder)
    files = Project(book.folder).staged(notebooks)
    assert {"book/intro.md", "data/one/numbers.csv", "vppcore/model.py"} <= set(files)
    before = Project(book.folder).pages_listing(notebooks)
    change(book.folder / "vppcore/model.py", "# a number", "# shown on a page")
    assert Project(book.folder).pages_listing(notebooks) != before


def test_a_data_folder_that_a_page_links_belongs_to_the_book(book):
    write(book.folder / "data/linked/licence.md", "free")
    write(book.folder / "book/intro.md", "{download}`it <../data/linked/licence.md>`")
    project = Project(book.folder)
    assert "data/linked/licence.md" in project.staged(book_notebooks(book.folder))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("_toc.yml", "a: [", "_toc.yml cannot be read"),
        ("_toc.yml", "chapters: [{file: notebooks/gone}]", "there is no such notebook"),
        ("_toc.yml", "chapters: [{file: 'notebooks/$(x)'}]", "allowed are letters"),
    ],
)
def test_a_table_of_contents_that_cannot_be_followed_is_refused(book, name, text, sentence):
    write(book.folder / name, text)
    with pytest.raises(Refused, match=sentence):
        book_notebooks(book.folder)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("notebooks/first.ipynb", "{", "first.ipynb is no notebook"),
        ("notebooks/first.ipynb", tiny_book.notebook("x = 1", "x ="), "cell 3: invalid syntax"),
        ("vppcore/model.py", "def f(:", "model.py, line 1"),
    ],
)
def test_code_that_cannot_be_read_is_refused_with_its_place(book, name, text, sentence):
    write(book.folder / name, text)
    with pytest.raises(Refused, match=sentence):
        Project(book.folder).listing("first")


# --- this book ---
@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """This project's own files, to be changed."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("vppcore", "notebooks", "data", "tools", "book"):
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("_toc.yml", "_config.yml", "requirements.lock"):
        shutil.copyfile(ROOT / name, folder / name)
    return folder


def changed_notebooks(copy: Path, before: dict[str, str]) -> set[str]:
    after = listings(copy, NOTEBOOKS)
    return {name for name in NOTEBOOKS if before[name] != after[name]}


def resting_on(name: str, copy: Path) -> set[str]:
    """The notebooks that rest on a file."""
    project = Project(copy)
    return {notebook for notebook in NOTEBOOKS if name in project.files_of(notebook)}


def test_five_kinds_of_change_to_this_book(copy):
    before = listings(copy, NOTEBOOKS)
    style = next(copy.glob("vppcore/**/style.mplstyle"))
    style.write_text("# another comment\n" + style.read_text())
    script = copy / "data/paper-b/build.py"
    script.write_text(script.read_text() + "\nprint('a line more')\n")
    shutil.copytree(copy / "data/template", copy / "data/mine")
    assert changed_notebooks(copy, before) == set()

    units = copy / "data/paper-b/units.csv"
    units.write_text(units.read_text().replace("VPP1", "VPP1", 1) + "# one row more\n")
    assert not resting_on("data/paper-a/units.csv", copy) & {"data_b", "dispatch_b"}
    on_b = {"data_b", "carbon_models", "dispatch_b", "multiple_game", "mechanisms"}
    again = changed_notebooks(copy, before)
    assert on_b <= again
    assert not again & {"cooperation", "bargaining", "worst_day", "uncertainty", "real_week"}

    before = listings(copy, NOTEBOOKS)
    game = copy / "vppcore/game/day.py"
    game.write_text(game.read_text() + "\nA_NUMBER = 1\n")
    assert changed_notebooks(copy, before) == {"multiple_game", "mechanisms"}


def test_every_public_name_is_found_where_it_lives():
    modules = Project(ROOT).modules
    for name in vppcore.__all__:
        needed = modules.needed_by(ast.parse(f"from vppcore import {name}"))
        assert getattr(vppcore, name).__module__ in needed, name


def test_what_is_listed_is_what_python_loads():
    """The other road: import a module in a fresh Python and see which of the package it has loaded.

    What is loaded for annotations alone may be missing from the list, so those that it lacks must
    be named nowhere but in annotations; what an import inside a function would load may be listed
    too.
    """
    modules = Project(ROOT).modules
    for name in ("vppcore.game.day", "vppcore.uncertainty.robust"):
        code = f"import {name}, sys; print(*[m for m in sys.modules if m.startswith('vppcore')])"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        needed = modules.needed_by(ast.parse(f"from {name} import *"))
        for missing in set(done.stdout.split()) - needed:
            for importer in needed - modules.only_hand_out:
                types = types_of(modules, importer)
                assert names_from(modules, importer, missing) <= types, (importer, missing)


def names_from(modules: Modules, module: str, origin: str) -> set[str]:
    """What a module imports from another."""
    names = set()
    for node in ast.walk(modules.tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module == origin:
            names.update(alias.name for alias in node.names)
    return names


def types_of(modules: Modules, module: str) -> set[str]:
    """What a module needs for annotations alone."""
    return names_for_types_alone(modules.tree(module))


def test_every_notebook_of_this_book_rests_on_a_case_or_collects_verdicts():
    project = Project(ROOT)
    for name in NOTEBOOKS:
        cases = [file for file in project.files_of(name) if file.endswith("units.csv")]
        assert cases or collected_by(project, name, NOTEBOOKS), name
        assert not [file for file in cases if "/template/" in file], name
