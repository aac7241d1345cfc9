"""The component that CONTRIBUTING adds step by step: its text is run as it stands."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from vppcore import components, dispatch, load_case
from vppcore.components import COMPONENTS
from vppcore.components.base import KIND_OF, Component
from vppcore.places import DATA

TEXT = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("## Add a component")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
CODE = [code for language, code in BLOCKS if language == "python"]
ROWS = [code for language, code in BLOCKS if not language]


def module_of(name: str, code: str) -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(code, name, "exec"), module.__dict__)
    return module


@pytest.fixture
def newcomer(monkeypatch) -> Iterator[tuple[str, type[Component]]]:
    """The kind and the class of the text, entered as the text says."""
    known = dict(KIND_OF)
    module = module_of("walkthrough_component", CODE[0])
    (made,) = [cls for cls in KIND_OF if cls not in known]
    monkeypatch.setattr(components, made.__name__, made, raising=False)
    monkeypatch.setitem(COMPONENTS, KIND_OF[made], made)
    yield KIND_OF[made], made
    KIND_OF.pop(made)
    sys.modules.pop(module.__name__)


def test_the_text_adds_what_there_is_not_yet():
    kind = re.search(r'@kind\("(\w+)"\)', CODE[0])
    assert kind and kind[1] not in COMPONENTS


def test_the_tests_of_the_text_pass(newcomer):
    tests = module_of("walkthrough_tests", CODE[1])
    found = [function for name, function in vars(tests).items() if name.startswith("test_")]
    for function in found:
        function()
    assert len(found) == 2
    sys.modules.pop(tests.__name__)


def test_a_case_gets_one_by_the_rows_of_the_text(newcomer, tmp_path):
    kind, made = newcomer
    for name in ("case.yaml", "units.csv", "series.csv"):
        text = (DATA / "paper-a" / name).read_text(encoding="utf-8")
        more = ROWS[-1] if name == "units.csv" else ""
        (tmp_path / name).write_text(text.rstrip("\n") + "\n" + more, encoding="utf-8")
    vpp = load_case(tmp_path).vpp("VPP2")
    assert isinstance(vpp.component(kind), made)
    assert dispatch(vpp).cost < dispatch(load_case("paper-a").vpp("VPP2")).cost


def test_what_the_text_names_is_there():
    for name in re.findall(r"`([A-Z]\w+)`", SECTION):
        assert name in CODE[0] or any(
            hasattr(module, name)
            for module in (components, components.base, components.stores, components.commitment)
        ) or name == "ROLES", name  # fmt: skip


# --- what the chapters show of the code ---------------------------------------------------------------------------
BOOK = Path(__file__).parent.parent / "book"
SHOWN = [
    (page, file, name)
    for page in sorted(BOOK.rglob("*.md"))
    for file, name in re.findall(
        r"\{literalinclude\} (\S+)\n:pyobject: (\S+)", page.read_text(encoding="utf-8")
    )
]


@pytest.mark.parametrize(("page", "file", "name"), SHOWN, ids=[name for _, _, name in SHOWN])
def test_code_that_a_chapter_shows_is_there(page, file, name):
    """A method that moved to another class would leave a hole in the page."""
    node: ast.AST = ast.parse((page.parent / file).read_text(encoding="utf-8"))
    for part in name.split("."):
        inside = {getattr(each, "name", ""): each for each in getattr(node, "body", [])}
        assert part in inside, f"{page.name} shows {name} of {file}"
        node = inside[part]
