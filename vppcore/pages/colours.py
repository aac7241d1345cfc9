"""One colour, one meaning: which colour a component, a VPP, a pair, a state or a curve has in every
figure of the book.

VPPs have the colours of Okabe and Ito, components the muted ones and pairs the high-contrast ones
of Paul Tol: each set can be told apart by the colour-blind, and no colour is in two of them. What
has no colour of its own gets a spare one by its name.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from colorsys import hls_to_rgb, rgb_to_hls
from typing import TypeVar
from zlib import crc32

Pair = TypeVar("Pair", bound=Hashable)  # a name or the two names of a pair

# by kind of component, and by label for plants whose label says what they are
COLOURS = {
    "wind": "#88CCEE",
    "pv": "#DDCC77",
    "renewable": "#88CCEE",
    "gas_turbine": "#CC6677",
    "chp_p2g_ccs": "#CC6677",
    "micro_turbine": "#CC6677",
    "boiler": "#AA4499",
    "battery": "#117733",
    "grid": "#7F7F7F",
    "gas_supply": "#7F7F7F",
    "tie": "#332288",
    "electric_load": "#000000",
    "heat_load": "#000000",
    "controllable_load": "#999933",
    "power_market": "#332288",
    "carbon_market": "#882255",
    "carbon_account": "#882255",
    "heat_vent": "#44AA99",
    "heat_pump": "#8A6FB0",
    "heat_store": "#C98B4E",
    "electric_vehicle": "#4E9DA8",
    "deferrable_load": "#5D6B1F",
}
NAMES = {
    "wind": "wind",
    "pv": "photovoltaics",
    "gas_turbine": "gas turbine",
    "chp_p2g_ccs": "CHP (supplied)",
    "boiler": "boiler",
    "battery": "battery",
    "grid": "grid",
    "tie": "other VPPs",
    "gas_supply": "gas network",
    "micro_turbine": "micro-turbine",
    "controllable_load": "called load",
    "electric_load": "load",
    "heat_load": "heat load",
    "carbon_market": "carbon market",
    "carbon_account": "carbon account",
    "heat_vent": "heat let go",
    "heat_pump": "heat pump",
    "heat_store": "heat store",
    "electric_vehicle": "electric vehicle",
    "deferrable_load": "load that waits",
    "converter": "converter",
}
# by cost item; what is bought has the colour of the plant or the line that it is for
ITEM_COLOURS = {
    "gas": COLOURS["gas_turbine"],
    "carbon": COLOURS["carbon_market"],
    "electricity purchase": COLOURS["grid"],
    "electricity sale": "#C7C7C7",
    "capacity charge": "#4D4D4D",
    "crossing fee": COLOURS["tie"],
    "battery wear": COLOURS["battery"],
    "operation": COLOURS["boiler"],
    "demand response": COLOURS["controllable_load"],
}
VPP_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8C510A",
    "#5E3C99",
    "#F0E442",
)
PAIR_COLOURS = ("#004488", "#DDAA33", "#BB5566", "#225522", "#663333", "#225555")
# what is said of a whole: without and with trade, what was forecast and what may come
STATE_COLOURS = {
    "alone": "#555555",
    "together": "#EE3377",
    "forecast": "#000000",
    "worst case": "#CC3311",
}
# how a claim of a paper came out: green holds, yellow and grey say nothing, red does not hold
VERDICT_COLOURS = {
    "reproduced": "#1B7F5C",
    "reproduced in shape": "#6FBF9B",
    "met by fitting": "#C9A227",
    "setting": "#9AA5B1",
    "theorem": "#5B6C9E",
    "contradicted by the paper itself": "#A8326B",
    "not reproduced": "#C8553D",
}
# curves that are none of these: ways to pay, ways to split, cases, readings
SERIES_COLOURS = ("#440154", "#3E4989", "#26828E", "#35B779", "#8BBF20", "#B8860B")
SPARE = ("#B07AA1", "#76B7B2", "#9C755F", "#6B8E23")
READABLE_YELLOW = "#A68A00"  # a line in the sand of photovoltaics is hard to see on white
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
MARKS = "osD^vP*Xh"


def colour_of(name: str, kind: str = "") -> str:
    """The colour of a component.

    name: its name, which is its label where it has one.
    kind: its kind; a component alone of its kind with a label of the reader's keeps the kind's
    colour.

    >>> colour_of("pv") == COLOURS["pv"]
    True
    >>> colour_of("main", "grid") == COLOURS["grid"]
    True
    >>> colour_of("sauna") in SPARE
    True
    """
    if name in COLOURS:
        return COLOURS[name]
    return COLOURS.get(kind, spare_colour(name))


def spare_colour(name: str) -> str:
    """A colour for what has none of its own; the same name always has the same."""
    return SPARE[crc32(name.encode()) % len(SPARE)]


def component_colours(names: Iterable[str], kinds: dict[str, str]) -> dict[str, str]:
    """A colour for each component of a figure; two of one kind are told apart.

    >>> chosen = component_colours(["battery", "car"], {"battery": "battery", "car": "battery"})
    >>> chosen["battery"] == chosen["car"]
    False
    """
    chosen: dict[str, str] = {}
    for name in names:
        colour = colour_of(name, kinds.get(name, ""))
        taken = name not in COLOURS and colour in chosen.values()
        chosen[name] = spare_colour(name) if taken else colour
    return chosen


def component_names(names: Iterable[str], kinds: dict[str, str]) -> dict[str, str]:
    """How legends name each component: by its label, or by its kind in words.

    >>> component_names(["main", "pv"], {"main": "grid", "pv": "renewable"})
    {'main': 'main (grid)', 'pv': 'photovoltaics'}
    """
    words = {}
    for name in names:
        kind = kinds.get(name, "")
        if name in NAMES:
            words[name] = NAMES[name]
        else:
            words[name] = f"{name} ({NAMES[kind]})" if kind in NAMES else name
    return words


def item_colour(item: str) -> str:
    """The colour of a cost item; one that is new gets a spare colour by its name.

    >>> item_colour("crossing fee") == COLOURS["tie"]
    True
    """
    return ITEM_COLOURS.get(item, spare_colour(item))


def plant_colour(name: str) -> str:
    """The colour of a plant's line: photovoltaics in a yellow that can be read on white."""
    return READABLE_YELLOW if name == "pv" else colour_of(name)


_vpps: list[str] = []  # of the case that a notebook shows


def remember_vpps(names: Sequence[str]) -> None:
    """From now on these VPPs have their colours by their place here, in every figure."""
    _vpps[:] = names


def vpp_colours(names: Sequence[str]) -> dict[str, str]:
    """One colour per VPP: by its place in the case that is shown, or among these names.

    >>> vpp_colours(["A", "B"])["B"] == VPP_COLOURS[1]
    True
    """
    known = _vpps if set(names) <= set(_vpps) else list(names)
    return {name: VPP_COLOURS[known.index(name) % len(VPP_COLOURS)] for name in names}


def pair_colours(pairs: Sequence[Pair]) -> dict[Pair, str]:
    """One colour per pair of VPPs, by place."""
    return {pair: PAIR_COLOURS[place % len(PAIR_COLOURS)] for place, pair in enumerate(pairs)}


def series_colours(names: Sequence[str]) -> dict[str, str]:
    """The colour of each column of a figure: of the VPP, the component or the state that it names,
    else one of those for curves.

    >>> series_colours(["alone", "Model 1"]) == {
    ...     "alone": STATE_COLOURS["alone"], "Model 1": SERIES_COLOURS[0]
    ... }
    True
    """
    if set(names) <= set(_vpps):
        return vpp_colours(names)
    meant = STATE_COLOURS | VERDICT_COLOURS | COLOURS | vpp_colours(_vpps)
    others = [name for name in names if name not in meant]
    spare = {name: SERIES_COLOURS[place % len(SERIES_COLOURS)] for place, name in enumerate(others)}
    return {name: meant.get(name, spare.get(name, "")) for name in names}


# --- the same on a dark page ----------------------------------------------------------------------
DARK_GROUND = "#121212"  # of the theme, as its ink
DARK_INK = "#ced6dd"
GREY = 0.08  # a colour whose parts differ by less is a grey
TINT = 0.8  # a colour that is lighter is a ground with words on it
SEEN = 3.5  # contrast to the dark ground that lines and areas have at least; WCAG asks for 3


def parts_of(colour: str) -> tuple[float, float, float]:
    """Red, green and blue of "#rrggbb", from 0 to 1."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def written(red: float, green: float, blue: float) -> str:
    """A colour as "#rrggbb".

    >>> written(1.0, 0.5, 0.0)
    '#ff8000'
    """
    return "#" + "".join(f"{round(255 * part):02x}" for part in (red, green, blue))


def luminance(colour: str) -> float:
    """Relative luminance, from 0 (black) to 1 (white), as WCAG 2.1 defines it."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts_of(colour)
    ]
    red, green, blue = linear
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, from 1 to 21, as WCAG 2.1 defines it.

    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def in_the_dark(colour: str) -> str:
    """The colour that stands for "#rrggbb" on a dark page.

    White becomes the ground and black the ink, greys lie between them the other way round. A tint
    becomes a dark one; any other colour keeps its hue and becomes lighter until it can be seen.

    >>> in_the_dark("#ffffff") == DARK_GROUND, in_the_dark("#000000") == DARK_INK
    (True, True)
    >>> in_the_dark("#e69f00")
    '#e69f00'
    """
    red, green, blue = parts_of(colour)
    if max(red, green, blue) - min(red, green, blue) < GREY:
        light = (red + green + blue) / 3
        ends = zip(parts_of(DARK_INK), parts_of(DARK_GROUND), strict=True)
        return written(*(ink + (ground - ink) * light for ink, ground in ends))
    hue, lightness, saturation = rgb_to_hls(red, green, blue)
    if lightness > TINT:
        return written(*hls_to_rgb(hue, 0.1 + (1 - lightness), saturation / 2))
    while contrast(written(*hls_to_rgb(hue, lightness, saturation)), DARK_GROUND) < SEEN:
        lightness += 0.01
    return written(*hls_to_rgb(hue, lightness, saturation))
