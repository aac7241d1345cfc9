"""Each kind of fault, planted in a small page, is found and named; a page without faults has none."""

from __future__ import annotations

import pytest
from looking import ALL_VIEWS, VIEWS, look_at, lost_links, views_of

GOOD = "<h1>Good</h1><p>Words, and <a href='#here'>a link</a> to <b id='here'>here</b>.</p>"
LONG = "x" * 200
# name of the rule -> what is planted, and the element that the fault names
PLANTED = {
    "image-alt": ("<img id='bad' src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' width=9>", "bad"),
    "color-contrast": ("<p id='bad' style='color: #bbb; background: #fff'>pale</p>", "bad"),
    "cut": (f"<div style='overflow: hidden; width: 99px'><p id='bad'>{LONG}</p></div>", "bad"),
    "equation": (r"<p id='bad'>The sum \(a_1 + a_2\) was not drawn.</p>", "bad"),
    "complaint": ("<script>console.error('bad luck')</script>", "page"),
}


@pytest.fixture
def look(tab, tmp_path):
    """A function that writes a page with something planted in it and looks at it."""

    def write_and_look(planted: str, views=VIEWS):
        page = tmp_path / "page.html"
        page.write_text(
            "<!doctype html><html lang=en><head><meta charset=utf-8><title>Page</title></head>"
            f"<body><main><article>{GOOD}{planted}</article></main></body></html>",
            encoding="utf-8",
        )
        return look_at(tab, page, tmp_path, views)

    return write_and_look


def test_a_page_without_faults_has_none(look, tmp_path):
    seen = look("")
    assert seen.faults == []
    assert lost_links([seen], tmp_path) == []


@pytest.mark.parametrize("rule", PLANTED)
def test_a_fault_is_found(look, rule):
    planted, element = PLANTED[rule]
    faults = look(planted).faults
    assert {fault.rule for fault in faults} == {rule}
    assert all(element in fault.element for fault in faults)
    assert str(faults[0]).startswith("page.html (")


def test_dark_colours_are_looked_at(look):
    style = "@media (prefers-color-scheme: dark) { #bad { color: #222; background: #111 } }"
    faults = look(f"<style>{style}</style><p id='bad'>dim</p>").faults
    assert {fault.view for fault in faults} == {"dark 390 px"}


@pytest.mark.parametrize(("scheme", "width"), ALL_VIEWS)
def test_the_frame_is_looked_at_in_each_colour_at_each_width(look, scheme, width):
    wide = "(min-width: 800px)" if width > 800 else "(max-width: 800px)"
    style = f"@media (prefers-color-scheme: {scheme}) and {wide} {{ #bad {{ color: #ccc; background: #bbb }} }}"
    faults = look(f"<style>{style}</style><p id='bad'>pale</p>", ALL_VIEWS).faults
    assert {fault.view for fault in faults} == {f"{scheme} {width} px"}


def test_one_page_of_each_folder_is_looked_at_in_all_views(tmp_path):
    names = ("book/long.html", "book/short.html", "book/api/long.html", "book/api/short.html")
    pages = [tmp_path / name for name in names]
    for page in pages:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("words " * (9 if page.stem == "long" else 1))
    views = [views_of(page, pages, tmp_path) for page in pages]
    assert views == [VIEWS, ALL_VIEWS, VIEWS[1:], ALL_VIEWS]


def test_a_phone_is_looked_at(look):
    faults = look(f"<p id='wide' style='min-width: 700px'>{'word ' * 60}</p>").faults
    assert {(fault.view, fault.rule) for fault in faults} == {("390 px", "cut")}
    assert "#wide" in {fault.element for fault in faults}


def test_what_scrolls_is_not_cut_but_the_keyboard_must_reach_it(look):
    wide = f"<p>{LONG}</p>"
    faults = look(f"<div id='bad' style='overflow: auto; width: 99px'>{wide}</div>").faults
    assert {fault.rule for fault in faults} == {"scrollable-region-focusable"}
    box = f"<div tabindex=0 style='overflow: auto; width: 99px'>{wide}</div>"
    assert look(box).faults == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x.js", "missing.js"])
def test_a_request_in_vain_is_found(look, address):
    complaints = [fault.said for fault in look(f"<script src='{address}'></script>").faults]
    assert any(address in said for said in complaints)


def test_a_script_that_fails_is_found(look):
    (fault,) = look("<script>nobody.home()</script>").faults
    assert "nobody is not defined" in fault.said


@pytest.mark.parametrize("address", ["gone.html", "#gone", "page.html#gone"])
def test_a_lost_link_is_found(look, tmp_path, address):
    (fault,) = lost_links([look(f"<p><a id='bad' href='{address}'>to</a></p>")], tmp_path)
    assert fault.rule == "link" and fault.element == "#bad" and "gone" in fault.said
