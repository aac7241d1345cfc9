"""One colour, one meaning: which colour a component, a VPP or a curve has in every figure of the
book.

Okabe and Ito's palette, which the colour-blind can read; what has no colour of its own gets a spare
one by its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

# by kind of component, and by label for plants whose label says what they are
COLOURS = {
    "wind": "#56B4E9",
    "pv": "#F0E442",
    "renewable": "#56B4E9",
    "gas_turbine": "#D55E00",
    "chp_p2g_ccs": "#D55E00",
    "micro_turbine": "#D55E00",
    "boiler": "#CC79A7",
    "battery": "#009E73",
    "grid": "#7F7F7F",
    "gas_supply": "#7F7F7F",
    "tie": "#0072B2",
    "electric_load": "#000000",
    "heat_load": "#000000",
    "controllable_load": "#CC79A7",
    "power_market": "#0072B2",
    "carbon_market": "#7F7F7F",
    "carbon_account": "#7F7F7F",
    "heat_vent": "#E69F00",
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
}
# by cost item; what is bought has the colour of the plant or the line that it is for
ITEM_COLOURS = {
    "gas": COLOURS["gas_turbine"],
    "carbon": "#882255",
    "electricity purchase": COLOURS["grid"],
    "electricity sale": "#C7C7C7",
    "crossing fee": COLOURS["tie"],
    "battery wear": COLOURS["battery"],
    "operation": COLOURS["boiler"],
    "demand response": "#E69F00",
}
VPP_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#7F7F7F",
    "#F0E442",
)
SPARE = ("#E69F00", "#999933", "#882255", "#44AA99")
READABLE_YELLOW = "#B8860B"  # a line in the yellow of photovoltaics cannot be seen on white
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


def vpp_colours(names: list[str]) -> dict[str, str]:
    """One colour per VPP, by position."""
    return {name: VPP_COLOURS[place % len(VPP_COLOURS)] for place, name in enumerate(names)}
