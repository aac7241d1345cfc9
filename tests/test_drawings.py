"""Drawings are what the script makes, can be read on a phone, and have the book's colours."""

import re
from itertools import combinations
from xml.etree import ElementTree

import drawings
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from vppcore.grid.feeder import load_feeder
from vppcore.pages.colours import COLOURS, VPP_COLOURS
from vppcore.pages.experiments_c import STANDARD

SVG = "{http://www.w3.org/2000/svg}"
PHONE = 360  # pixels for a picture
SMALLEST = 8  # pixels of a text there
NEUTRAL = {drawings.INK, drawings.GREY, drawings.PALE, drawings.WHITE}
NAMES = sorted(drawings.DRAWINGS)


@pytest.fixture(params=NAMES)
def drawn(request):
    """The root element of one drawing."""
    return ElementTree.fromstring(drawings.DRAWINGS[request.param]().svg())


def extents(root):
    """(left, top, right, bottom) of each text, measured with the font that pages ask for first."""
    found = []
    for text in root.iter(f"{SVG}text"):
        size, weight = float(text.get("font-size")), text.get("font-weight", "normal")
        font = FontProperties(family="DejaVu Sans", weight="bold" if weight == "700" else "normal")
        box = TextPath((0, 0), text.text, size=size, prop=font).get_extents()
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor")]
        left = float(text.get("x")) - share * box.width
        base = float(text.get("y"))
        found.append((left, base - box.y1, left + box.width, base - box.y0, text.text))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_files_are_what_the_script_makes(name):
    stored = (drawings.STATIC / name).read_text(encoding="utf-8")
    assert stored == drawings.DRAWINGS[name]().svg()


def test_no_other_drawing_is_made_by_hand():
    assert sorted(path.name for path in drawings.STATIC.glob("*.svg")) == NAMES


def test_texts_can_be_read_on_a_phone(drawn):
    shrunk = PHONE / float(drawn.get("width"))
    sizes = [float(text.get("font-size")) for text in drawn.iter(f"{SVG}text")]
    assert all(size * shrunk >= SMALLEST for size in sizes)


def test_texts_stay_in_the_drawing(drawn):
    for left, top, right, bottom, words in extents(drawn):
        assert left >= 0 and right <= float(drawn.get("width")), words
        assert top >= 0 and bottom <= float(drawn.get("height")), words


def test_no_text_covers_another(drawn):
    for one, other in combinations(extents(drawn), 2):
        beside = one[2] < other[0] or other[2] < one[0]
        above = one[3] < other[1] or other[3] < one[1]
        assert beside or above, (one[4], other[4])


def test_texts_in_frames_do_not_reach_their_edges(drawn):
    frames = [
        tuple(float(frame.get(name)) for name in ("x", "y", "width", "height"))
        for frame in drawn.iter(f"{SVG}rect")
        if frame.get("rx") == "6"
    ]
    for left, top, right, bottom, words in extents(drawn):
        middle, height = (left + right) / 2, (top + bottom) / 2
        for x, y, wide, high in frames:
            if x < middle < x + wide and y < height < y + high:
                assert x + 2 < left and right < x + wide - 2, words
                assert y < top and bottom < y + high, words


def test_colours_are_the_books(drawn):
    text = ElementTree.tostring(drawn, encoding="unicode")
    tints = {drawings.tint(colour) for colour in VPP_COLOURS}
    known = {colour.lower() for colour in {*COLOURS.values(), *VPP_COLOURS, *tints, *NEUTRAL}}
    assert {found.lower() for found in re.findall(r"#[0-9a-fA-F]{6}\b", text)} <= known


def test_the_feeder_is_the_one_of_the_data():
    lines = load_feeder("ieee33").lines
    after = {bus: bus - 1 for bus in range(2, 34)} | drawings.LATERALS
    pairs = zip(lines["from_bus"], lines["to_bus"], strict=True)
    assert {(int(one), int(other)) for one, other in pairs} == {(a, b) for b, a in after.items()}


def test_vpps_sit_where_the_notebook_puts_them():
    places = [" ".join(str(bus) for bus in three) for three in drawings.PLACES.values()]
    assert places == list(STANDARD.values())
