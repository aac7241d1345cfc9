"""The API pages show every module of vppcore, and Sphinx reads the house's docstrings."""

from __future__ import annotations

import doctest
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "book" / "api").glob("*.md"))


def load(path: str):
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def api_pages():
    return load("tools/api_pages.py")


def test_every_room_stands_on_one_page(api_pages):
    rooms = api_pages.modules_by_room()
    named = []
    for page in PAGES:
        named += api_pages.expand(page.read_text(encoding="utf-8"), rooms)[1]
    assert sorted(named) == sorted(rooms)


def test_every_page_of_the_api_is_in_the_table_of_contents():
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert PAGES
    for page in PAGES:
        assert f"file: book/api/{page.stem}" in toc


def test_a_line_of_rooms_becomes_a_section_for_each_module(api_pages):
    text, named = api_pages.expand(
        "# T\n<!-- rooms: a -->\n", {"a": ["vppcore.a.x", "vppcore.a.y"]}
    )
    assert named == ["a"]
    assert text.count("automodule") == 2
    assert "## `vppcore.a.y`" in text


def test_a_room_without_a_page_stops_the_build(api_pages, tmp_path, monkeypatch):
    (tmp_path / "one.md").write_text("# One\n<!-- rooms: case -->\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["api_pages.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="no page names the room .*cooperation"):
        api_pages.main()


def test_the_house_s_docstrings_become_lists_of_fields():
    failed, tried = doctest.testmod(load("book/_ext/house_docstrings.py"))
    assert tried and not failed


def test_roles_and_names_for_screen_readers_are_mended():
    extension = load("book/_ext/named_roles.py")
    failed, tried = doctest.testmod(extension)
    assert tried and not failed
    assert extension.mended('<summary aria-label="Toggle hidden content">\n') == "<summary>\n"
    assert extension.mended("<p>no role</p>") == "<p>no role</p>"
