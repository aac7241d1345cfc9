"""Figures in the page: their words are those of the run, their colours those of the page."""

from __future__ import annotations

import doctest
import importlib.util
import itertools
import sys
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from vppcore.pages import colours, figures, pictures

ROOT = Path(__file__).resolve().parent.parent
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def extension():
    """The Sphinx extension that puts pictures into pages."""
    place = ROOT / "book/_ext/inline_pictures.py"
    spec = importlib.util.spec_from_file_location("inline_pictures", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # doctest asks for the module by its name, which a page of a run may have imported before
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)
        yield module


pytestmark = pytest.mark.usefixtures("fresh_style")


@pytest.fixture
def drawn():
    """A figure of two lines."""
    table = pd.DataFrame({"A": [1.0, 4.0], "B": [2.0, 0.5]}, index=[1, 2])
    return figures.lines(table, "power (kW)", title="two lines").figure


# --- words ----------------------------------------------------------------------------------------
def test_a_figure_says_what_was_drawn(drawn):
    assert pictures.description(drawn) == (
        "two lines. power (kW): A from 1 (at 1) to 4 (at 2); B from 0.5 (at 2) to 2 (at 1)."
    )


def test_other_numbers_are_told_in_other_words(drawn):
    table = pd.DataFrame({"A": [1.0, 5.0], "B": [2.0, 0.5]}, index=[1, 2])
    other = figures.lines(table, "power (kW)", title="two lines").figure
    assert pictures.description(other) != pictures.description(drawn)


def test_panels_are_told_one_after_the_other():
    figure, (upper, lower) = figures.panels(2, 1)
    for axes, title in ((upper, "above"), (lower, "below")):
        figures.lines(pd.DataFrame({"A": [1.0, 2.0]}), "kW", axes, title=title)
    told = pictures.description(figure)
    assert told.index("above") < told.index("below")


def test_a_figure_without_numbers_says_so():
    table = pd.DataFrame({"A": [float("nan")] * 2})
    assert pictures.table_in_words(table, "kW") == "kW: nothing."
    assert pictures.table_in_words(pd.DataFrame(), "kW") == "kW: nothing."


def test_a_black_mark_is_light_on_a_dark_page(extension):
    """Nobody writes that a mark is black, since marks are black if nothing is said."""
    axes = figures.new_axes()
    axes.plot([1.0], [1.0], "s", color="black")
    element = ElementTree.fromstring(extension.inlined(pictures.as_svg(axes.figure), "a mark"))
    marks = [each for each in element.iter(f"{SVG}use") if "fill" in each.get("style", "")]
    assert len(marks) == len(list(element.iter(f"{SVG}use")))
    assert "var(--picture-000000" in marks[-1].get("style").partition("fill:")[2]


def test_many_columns_are_not_told_one_by_one():
    table = pd.DataFrame({f"column {k}": [0.0, k] for k in range(20)})
    told = pictures.table_in_words(table)
    assert "12 more" in told and "column 8" not in told


@given(st.floats(min_value=-1e12, max_value=1e12).filter(lambda x: abs(x) > 1e-9))
def test_rounding_keeps_three_digits(number):
    read = float(pictures.rounded(number).replace(",", "").replace("−", "-"))
    assert read == pytest.approx(number, rel=5.1e-3)


# --- SVG ------------------------------------------------------------------------------------------
def test_a_figure_is_an_element_with_its_words_and_texts(drawn):
    root = ElementTree.fromstring(pictures.as_svg(drawn))
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}desc").text == pictures.description(drawn)
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {"A", "B", "power (kW)", "two lines"} <= texts


def test_the_same_figure_gives_the_same_text():
    table = pd.DataFrame({"A": [1.0, 4.0]}, index=[1, 2])
    one, other = (figures.lines(table, "power (kW)").figure for _ in range(2))
    assert pictures.as_svg(one) == pictures.as_svg(other)


def test_nothing_is_sent_to_a_notebook_that_is_not_there():
    assert pictures.running_shell() is None
    pictures.show_as_svg()


# --- in the page ----------------------------------------------------------------------------------
def test_examples_of_the_extension(extension):
    failed, tried = doctest.testmod(extension)
    assert tried and not failed


def test_all_colours_of_a_figure_are_variables(extension, drawn):
    text = extension.inlined(pictures.as_svg(drawn), "Two lines.")
    assert 'aria-label="Two lines. two lines. power (kW): A from 1' in text
    assert "<style" not in text and "<metadata" not in text and "DejaVu" not in text
    bare = extension.COLOUR.sub("", text.replace("var(--picture-", "")).count("fill: white")
    assert bare == 0
    for found in extension.COLOUR.finditer(text):
        before = text[: found.start()]
        assert before.endswith((", ", '"#')) or "var(--picture-" in before[-24:]


def test_names_stand_once_in_a_page_with_many_pictures(extension, drawn):
    other = figures.lines(pd.DataFrame({"A": [1.0, 2.0]}), "kW").figure
    names = []
    for figure in (drawn, other):
        root = ElementTree.fromstring(extension.inlined(pictures.as_svg(figure), ""))
        own = [element.get("id") for element in root.iter() if element.get("id")]
        assert len(own) == len(set(own))
        for element in root.iter():
            for value in element.attrib.values():
                for name in extension.REFERENCE.findall(value):
                    assert name in own
        names.append(set(own))
    assert not names[0] & names[1]


def test_colours_that_are_data_stay(extension):
    table = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], index=[0, 1], columns=[0, 1])
    figure = figures.surface(table, "cost").figure
    root = ElementTree.fromstring(extension.inlined(pictures.as_svg(figure), ""))
    kept = [e for e in root.iter() if extension.AS_DRAWN in (e.get("id") or "")]
    below = [e.get("style", "") for group in kept for e in group.iter()]
    assert any("#" in style for style in below)
    assert not any("var(" in style for style in below)


def test_rules_of_a_drawing_are_for_the_drawing_alone(extension):
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><style>'
        "/* words */ text { fill: #1a1a1a; } .el, .gas { stroke: #0072B2; }"
        '</style><text>a</text><path class="gas" fill="none"/><path class="other"/></svg>'
    )
    root = ElementTree.fromstring(extension.inlined(text, "words"))
    styles = [element.get("style", "") for element in root.iter() if element is not root]
    assert styles == [
        "fill: var(--picture-1a1a1a, #1a1a1a)",
        "fill: none; stroke: var(--picture-0072b2, #0072b2)",
        "",
    ]


def test_drawings_of_the_book_can_be_put_into_a_page(extension):
    for file in sorted((ROOT / "book/_static").glob("*.svg")):
        root = ElementTree.fromstring(extension.inlined(file.read_text(), "words", "60%"))
        assert root.get("viewBox") and "width: 60%" in root.get("style")


def test_the_style_sheet_is_for_dark_screens_alone(extension):
    sheet = extension.style_sheet({"ffffff", "0072b2"})
    assert sheet.startswith("@media screen") and 'data-theme="dark"' in sheet
    assert f"--picture-ffffff: {colours.DARK_GROUND};" in sheet


# --- colours --------------------------------------------------------------------------------------
def meanings() -> dict[str, set[str]]:
    """The colours of each kind of thing, greys and black aside."""
    groups = {
        "VPPs": colours.VPP_COLOURS,
        "components": colours.COLOURS.values(),
        "pairs": colours.PAIR_COLOURS,
        "states": colours.STATE_COLOURS.values(),
        "verdicts": colours.VERDICT_COLOURS.values(),
        "series": colours.SERIES_COLOURS,
    }
    return {
        name: {each.lower() for each in group if len(set(to_rgb(each))) > 1}
        for name, group in groups.items()
    }


def test_one_colour_has_one_meaning():
    for (one, first), (other, second) in itertools.combinations(meanings().items(), 2):
        assert not first & second, f"{one} and {other} share {first & second}"


def test_every_colour_can_be_seen_on_a_light_page_and_in_the_dark():
    for group in meanings().values():
        for each in group:
            dark = colours.in_the_dark(each)
            assert colours.contrast(dark, colours.DARK_GROUND) >= 3


@given(st.integers(min_value=0, max_value=0xFFFFFF))
def test_a_dark_page_has_a_colour_for_every_colour(number):
    colour = f"#{number:06x}"
    dark = colours.in_the_dark(colour)
    assert len(dark) == 7 and colours.contrast(dark, colours.DARK_GROUND) >= 1


@given(st.integers(min_value=0, max_value=255), st.integers(min_value=0, max_value=255))
def test_greys_keep_their_order_the_other_way_round(one, other):
    first, second = (
        colours.luminance(colours.in_the_dark(f"#{3 * f'{g:02x}'}")) for g in (one, other)
    )
    if one < other:
        assert first >= second


def test_vpps_keep_their_colours_wherever_they_are_drawn():
    colours.remember_vpps(["A", "B", "C"])
    assert colours.vpp_colours(["C"])["C"] == colours.VPP_COLOURS[2]
    mixed = colours.series_colours(["B", "together", "something"])
    assert mixed["B"] == colours.VPP_COLOURS[1]
    assert mixed["together"] == colours.STATE_COLOURS["together"]
    assert mixed["something"] == colours.SERIES_COLOURS[0]
