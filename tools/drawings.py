"""Draw what no run computes: structures and flowcharts, and the logo.

Usage: drawings.py [folder], by default book/_static; writes one SVG for each drawing.

A drawing is 560 wide: a page shows it at about that many pixels, a phone at two thirds. So no text
is smaller than 13, and what does not fit beside each other stands below. Colours are those of
colours.py: of VPPs, of components and of what a component is for; everything else is ink or grey.
"""

import argparse
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

from vppcore.pages.colours import COLOURS, VPP_COLOURS, parts_of, written

STATIC = Path(__file__).resolve().parent.parent / "book/_static"
WIDTH = 560
SMALL, MIDDLE, LARGE = 13, 14, 16  # sizes of text
LINE = 18  # from one line of text to the next
INK, GREY, PALE, WHITE = "#1a1a1a", "#666666", "#ededed", "#ffffff"
FONT = '"DejaVu Sans", Verdana, "Lucida Grande", sans-serif'

# what flows: colour, width and dashes of its line
FLOWS = {
    "electricity": (INK, 2.2, ""),
    "tie": (COLOURS["tie"], 4.0, ""),
    "heat": (COLOURS["boiler"], 2.2, ""),
    "gas": (COLOURS["gas_turbine"], 2.2, "9 4"),
    "carbon": (COLOURS["carbon_market"], 2.2, "2.4 3.6"),
    "money": (GREY, 2.2, "10 3 2 3"),
    "message": (GREY, 2.2, "5 3"),
    "step": (INK, 2.0, ""),
}
Point = tuple[float, float]


def tint(colour: str) -> str:
    """A ground in a colour, pale enough for words on it.

    >>> tint("#000000")
    '#e6e6e6'
    """
    red, green, blue = (0.9 + 0.1 * part for part in parts_of(colour))
    return written(red, green, blue)


class Drawing:
    """An SVG of `WIDTH` by `height` that grows element by element.

    title: what it shows, in a few words.
    ground: of the whole drawing; None leaves what is behind it.
    """

    def __init__(self, title: str, height: float, width: float = WIDTH, ground: str | None = WHITE):
        self.title, self.height, self.width, self.ground = title, height, width, ground
        self.elements: list[str] = []
        self.used: list[str] = []  # flows with an arrow head

    def add(self, tag: str, words: str | None = None, **attributes: object) -> None:
        """One element; `stroke_width` stands for the attribute stroke-width."""
        named = [f'{name.replace("_", "-")}="{value}"' for name, value in attributes.items()]
        start = " ".join([tag, *named])
        end = "/>" if words is None else f">{escape(words, quote=False)}</{tag}>"
        self.elements.append(f"<{start}{end}")

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int = SMALL,
        bold: bool = False,
        anchor: str = "middle",
    ) -> None:
        """A line of text on the base line y."""
        weight = {"font_weight": 700} if bold else {}
        options = dict(font_size=size, text_anchor=anchor, fill=INK, **weight)
        self.add("text", words, x=x, y=y, **options)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        ground: str = WHITE,
        border: str = INK,
        dashes: str = "",
    ) -> None:
        """A frame with round corners."""
        dashed = {"stroke_dasharray": dashes} if dashes else {}
        options = dict(rx=6, fill=ground, stroke=border, stroke_width=1.4, **dashed)
        self.add("rect", x=x, y=y, width=width, height=height, **options)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        title: str,
        *lines: str,
        ground: str = WHITE,
        border: str = INK,
    ) -> None:
        """A frame with a title and lines below it, in its middle."""
        self.rectangle(x, y, width, height, ground, border)
        first = y + height / 2 + 5 - LINE * len(lines) / 2
        self.text(x + width / 2, first, title, MIDDLE, bold=True)
        for number, line in enumerate(lines, 1):
            self.text(x + width / 2, first + number * LINE, line)

    def plant(self, x: float, y: float, width: float, name: str, colour: str) -> None:
        """A component: a frame of 34 height with its colour at the left."""
        self.rectangle(x, y, width, 34)
        self.add("rect", x=x, y=y, width=9, height=34, fill=colour, stroke=INK)
        self.text(x + 5 + width / 2, y + 22, name, bold=True)

    def line(self, flow: str, *points: Point, width: float | None = None) -> None:
        """A line without heads through these points."""
        colour, usual, dashes = FLOWS[flow]
        self.path(points, colour, width or usual, dashes)

    def arrow(self, flow: str, *points: Point, both: bool = False) -> None:
        """An arrow through these points, with a head at its end or at both ends."""
        colour, width, dashes = FLOWS[flow]
        if flow not in self.used:
            self.used.append(flow)
        heads = {"marker_end": f"url(#{flow})"}
        if both:
            heads["marker_start"] = f"url(#{flow})"
        self.path(points, colour, width, dashes, **heads)

    def path(
        self, points: Iterable[Point], colour: str, width: float, dashes: str, **heads: str
    ) -> None:
        """A line through these points."""
        steps = "L".join(f"{x:g} {y:g}" for x, y in points)
        dashed = {"stroke_dasharray": dashes} if dashes else {}
        options = dict(fill="none", stroke=colour, stroke_width=width, stroke_linejoin="round")
        self.add("path", d=f"M{steps}", **options, **dashed, **heads)

    def bus(self, flow: str, *points: Point) -> None:
        """A thick line at which flows meet."""
        colour, _, _ = FLOWS[flow]
        self.path(points, colour, 6, "")

    def gap(self, *points: Point, ground: str = WHITE) -> None:
        """An interruption of lines below, where another one crosses them."""
        self.path(points, ground, 9, "")

    def diamond(self, x: float, y: float, words: str, half: float = 105) -> None:
        """A decision around (x, y)."""
        corners = f"M{x} {y - 27}L{x + half} {y}L{x} {y + 27}L{x - half} {y}Z"
        self.add("path", d=corners, fill=PALE, stroke=INK, stroke_width=1.4)
        self.text(x, y + 5, words)

    def legend(self, y: float, *entries: tuple[float, str, str]) -> None:
        """Lines with what they mean: (x, flow, words)."""
        for x, flow, words in entries:
            self.arrow(flow, (x, y), (x + 36, y))
            self.text(x + 44, y + 5, words, anchor="start")

    def svg(self) -> str:
        """The drawing as the text of an SVG file."""
        heads = "\n".join(f"  {self.head(flow)}" for flow in self.used)
        definitions = [f" <defs>\n{heads}\n </defs>"] if heads else []
        size = f'width="{self.width}" height="{self.height}"'
        ground = f'<rect {size} fill="{self.ground}"/>' if self.ground else ""
        start = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" role="img" '
            f"font-family='{FONT}'>"
        )
        drawn = [f" {each}" for each in (ground, *self.elements) if each]
        named = f" <title>{escape(self.title)}</title>"
        return "\n".join([start, named, *definitions, *drawn, "</svg>\n"])

    def head(self, flow: str) -> str:
        """The arrow head of a flow."""
        colour, _, _ = FLOWS[flow]
        where = 'viewBox="0 0 10 10" refX="8.6" refY="5" orient="auto-start-reverse"'
        size = 'markerUnits="userSpaceOnUse" markerWidth="11" markerHeight="11"'
        shape = f'<path d="M0.5 1L9 5L0.5 9Z" fill="{colour}"/>'
        return f'<marker id="{flow}" {where} {size}>{shape}</marker>'


# --- study A --------------------------------------------------------------------------------------
def cluster() -> Drawing:
    """Three VPPs between the upper grid, the gas network and the carbon market."""
    drawing = Drawing("Structure of the cluster of three VPPs", 828)
    drawing.box(10, 10, 540, 36, "Upper grid: buys and sells at hourly prices", ground=PALE)
    tops = (64, 266, 468)
    renewables = (("Wind turbine", "wind"), ("Photovoltaics", "pv"), ("Photovoltaics", "pv"))
    units = (
        ("Gas turbine", "gas_turbine"),
        ("CHP, P2G, CCS", "chp_p2g_ccs"),
        ("Gas turbine", "gas_turbine"),
    )
    for number, top in enumerate(tops):
        member(drawing, number, top, renewables[number], units[number])
    buses = [top + 90 for top in tops]
    drawing.arrow("electricity", (40, buses[2] - 9), (40, 47))
    drawing.line("tie", (20, buses[0] + 9), (20, buses[2] + 9))
    for bus in buses:
        drawing.arrow("electricity", (40, bus - 9), (65, bus - 9))
        drawing.gap((34, bus + 9), (46, bus + 9))
        drawing.line("tie", (18, bus + 9), (68, bus + 9))
    drawing.box(56, 678, 474, 34, "Gas network", border=FLOWS["gas"][0])
    drawing.line("gas", (520, 678), (520, tops[0] + 106))
    drawing.box(10, 724, 540, 34, "Carbon market: emission less free quota", ground=PALE)
    drawing.line("carbon", (540, tops[0] + 140), (540, 712))
    drawing.arrow("carbon", (540, 706), (540, 723))
    drawing.legend(782, (10, "electricity", "electricity"), (156, "heat", "heat"))
    drawing.legend(782, (254, "gas", "gas"), (346, "carbon", "CO₂, and its account"))
    drawing.line("tie", (10, 808), (46, 808))
    drawing.text(54, 813, "ties: each VPP may trade with each other one", anchor="start")
    return drawing


def member(
    drawing: Drawing, number: int, top: float, renewable: tuple[str, str], unit: tuple[str, str]
) -> None:
    """One VPP of the cluster: what feeds and loads its electricity bus and its heat bus."""
    colour = VPP_COLOURS[number]
    drawing.rectangle(56, top, 448, 192, tint(colour), colour)
    drawing.text(68, top + 20, f"VPP{number + 1}", LARGE, bold=True, anchor="start")
    upper, bus, lower, heat = top + 32, top + 90, top + 122, top + 180
    columns = (72, 215, 358)
    drawing.bus("electricity", (68, bus - 14), (68, bus + 14))
    drawing.bus("electricity", (68, bus), (492, bus))
    names = (*renewable, "Battery", "battery", "Electric load", "electric_load")
    for x, name, kind in zip(columns, names[::2], names[1::2], strict=True):
        drawing.plant(x, upper, 132, name, COLOURS[kind])
    drawing.arrow("electricity", (138, upper + 34), (138, bus - 3))
    drawing.arrow("electricity", (281, upper + 35), (281, bus - 3), both=True)
    drawing.arrow("electricity", (424, bus), (424, upper + 35))
    drawing.line("gas", (520, top + 106), (180, top + 106))
    drawing.arrow("gas", (180, top + 106), (180, lower - 1))
    drawing.arrow("gas", (281, top + 106), (281, lower - 1))
    drawing.arrow("electricity", (110, lower), (110, bus + 3))
    below = (*unit, "Gas boiler", "boiler", "Heat load", "heat_load")
    for x, name, kind in zip(columns, below[::2], below[1::2], strict=True):
        drawing.plant(x, lower, 132, name, COLOURS[kind])
    drawing.bus("heat", (72, heat), (492, heat))
    drawing.arrow("heat", (138, lower + 34), (138, heat - 3))
    drawing.arrow("heat", (281, lower + 34), (281, heat - 3))
    drawing.arrow("heat", (424, heat), (424, lower + 35))
    drawing.line("carbon", (504, top + 140), (540, top + 140))


def coupled_unit() -> Drawing:
    """CHP, power-to-gas and carbon capture behind one another."""
    drawing = Drawing("The coupled unit of VPP2: CHP, power-to-gas and carbon capture", 372)
    drawing.text(20, 24, "electricity bus", bold=True, anchor="start")
    drawing.bus("electricity", (20, 36), (540, 36))
    drawing.arrow("electricity", (470, 126), (470, 40))
    drawing.text(462, 66, "supplied", anchor="end")
    drawing.line("electricity", (470, 86), (90, 86))
    drawing.arrow("electricity", (90, 86), (90, 125))
    drawing.arrow("electricity", (280, 86), (280, 125))
    drawing.text(98, 110, "power", anchor="start")
    drawing.text(288, 110, "power", anchor="start")
    purple = COLOURS["carbon_market"]
    drawing.box(20, 126, 140, 58, "P2G", "makes gas", border=FLOWS["gas"][0])
    drawing.box(210, 126, 140, 58, "CCS", "captures CO₂", border=purple)
    drawing.box(400, 126, 140, 58, "CHP", "heat and power", border=COLOURS["chp_p2g_ccs"])
    drawing.arrow("carbon", (400, 155), (351, 155))
    drawing.arrow("carbon", (210, 155), (161, 155))
    drawing.text(375, 144, "CO₂")
    drawing.text(185, 144, "CO₂")
    drawing.bus("gas", (20, 276), (450, 276))
    drawing.text(20, 298, "gas bus", bold=True, anchor="start")
    drawing.bus("heat", (480, 276), (540, 276))
    drawing.text(540, 298, "heat bus", bold=True, anchor="end")
    drawing.arrow("gas", (90, 184), (90, 272))
    drawing.text(98, 232, "gas made", anchor="start")
    drawing.arrow("gas", (425, 276), (425, 185))
    drawing.text(417, 232, "gas", anchor="end")
    drawing.arrow("heat", (510, 184), (510, 272))
    drawing.text(502, 232, "heat", anchor="end")
    drawing.gap((280, 268), (280, 284))
    drawing.arrow("carbon", (280, 184), (280, 315))
    drawing.text(288, 232, "not captured", anchor="start")
    drawing.box(170, 316, 220, 44, "Carbon account", ground=PALE)
    return drawing


def trading() -> Drawing:
    """How three VPPs trade, what they tell each other, and the four steps of study A."""
    drawing = Drawing("How three VPPs trade, and the four steps of the study", 836)
    price_band(drawing)
    drawing.arrow("electricity", (40, 122), (40, 148), both=True)
    drawing.text(52, 140, "purchase and sale", anchor="start")
    lines = ("carries the trades, takes a fee from both sides",)
    drawing.box(10, 150, 540, 54, "Distribution network operator", *lines, ground=PALE)
    for number, x in enumerate((10, 195, 380)):
        colour = VPP_COLOURS[number]
        drawing.arrow("electricity", (x + 30, 206), (x + 30, 248), both=True)
        drawing.text(x + 38, 232, "power", anchor="start")
        drawing.arrow("money", (x + 122, 249), (x + 122, 206))
        drawing.text(x + 131, 232, "fee", anchor="start")
        drawing.rectangle(x, 250, 170, 106, tint(colour), colour)
        drawing.text(x + 85, 272, f"VPP{number + 1}", LARGE, bold=True)
        drawing.text(x + 85, 292, "plans its own day,")
        drawing.text(x + 85, 310, "keeps its data")
        drawing.rectangle(x + 14, 320, 142, 28)
        drawing.text(x + 85, 339, "trading agent", bold=True)
        drawing.arrow("message", (x + 85, 349), (x + 85, 393), both=True)
    drawing.rectangle(10, 395, 540, 82, PALE)
    drawing.text(280, 417, "Messages between agents, pair by pair", MIDDLE, bold=True)
    drawing.text(280, 440, "to make the gain (P1): expected trade, multiplier")
    drawing.text(280, 462, "to split it (P2): expected price")
    steps = (
        ("Alone", "no VPP will agree to pay more than this"),
        ("P1: make the gain", "least cost of all; payments drop out"),
        ("P2: split the gain", "Nash bargaining; prices within the band"),
        ("Certificate", "bounds of the optimum, gains, residuals"),
    )
    for number, (title, line) in enumerate(steps):
        y = 500 + 74 * number
        drawing.box(90, y, 380, 54, f"{number + 1}  {title}", line)
        if number:
            drawing.arrow("step", (280, y - 20), (280, y - 1))
    drawing.legend(816, (10, "electricity", "electricity"), (170, "money", "money"))
    drawing.legend(816, (290, "message", "message"), (420, "step", "next step"))
    return drawing


def price_band(drawing: Drawing) -> None:
    """The upper grid, and the band between its two prices."""
    drawing.rectangle(10, 10, 540, 112, PALE)
    drawing.text(280, 30, "Upper grid", MIDDLE, bold=True)
    drawing.arrow("step", (40, 80), (520, 80))
    drawing.rectangle(130, 68, 300, 24, WHITE)
    for x, words in ((130, "feed-in price"), (280, "mid-market"), (430, "purchase price")):
        drawing.line("step", (x, 62), (x, 98))
        drawing.text(x, 56, words)
    drawing.text(280, 114, "prices of trades stay in this band")


# --- study B --------------------------------------------------------------------------------------
def half_on() -> Drawing:
    """What a turbine that may stand can do, and what the relaxed problem allows it."""
    drawing = Drawing("On and off, and half on", 330)
    left, right, floor = 120.0, 400.0, 270.0
    high, low = floor - 200.0, floor - 90.0
    colour = COLOURS["micro_turbine"]
    corners = f"M{left} {floor}L{right} {high}L{right} {low}Z"
    drawing.add("path", d=corners, fill=PALE, stroke=GREY, stroke_width=1.4)
    drawing.arrow("step", (left, floor), (left, 40))
    drawing.arrow("step", (left, floor), (right + 110, floor))
    drawing.path([(right, high), (right, low)], colour, 6, "")
    drawing.add("circle", cx=left, cy=floor, r=7, fill=colour)
    middle = (left + right) / 2
    drawing.add("circle", cx=middle, cy=floor - 60, r=5, fill=GREY)
    drawing.text(middle + 10, floor - 18, "half on", anchor="start")
    drawing.text(left, 28, "power")
    drawing.text(right + 106, floor + 22, "on", anchor="end")
    drawing.text(left, floor + 24, "0: off", bold=True)
    drawing.text(right, floor + 24, "1: on", bold=True)
    drawing.text(right + 12, high + 5, "largest power", anchor="start")
    drawing.text(right + 12, low + 5, "smallest power", anchor="start")
    drawing.text(left + 14, 84, "between: only in the relaxed problem", anchor="start")
    return drawing


def windows() -> Drawing:
    """A daily window from 20 to 6 o'clock in horizons that begin at different hours."""
    drawing = Drawing("Which hours are one window", 330)
    left, hour = 30.0, 500.0 / 24
    rows = [
        ("Horizon from 0 to 24 o'clock: two pieces, one window", 0, [(0, 6), (20, 24)]),
        ("Horizon from 12 to 12 o'clock: one piece", 12, [(8, 18)]),
        ("Horizon from 0 to 12 o'clock: one piece that is cut off, alone", 0, [(0, 6)]),
    ]
    for number, (words, begin, pieces) in enumerate(rows):
        top = 20.0 + 104 * number
        length = 12 if number == 2 else 24
        drawing.text(left, top + 8, words, anchor="start", bold=True)
        drawing.rectangle(left, top + 22, hour * length, 30, WHITE)
        for first, last in pieces:
            width = hour * (last - first)
            place = dict(x=round(left + hour * first, 1), y=top + 22)
            size = dict(width=round(width, 1), height=30)
            drawing.add("rect", **place, **size, fill=COLOURS["controllable_load"], stroke=INK)
        for passed in range(0, length + 1, 6):
            clock = (begin + passed) % 24
            shown = 24 if clock == 0 and passed else clock
            drawing.text(round(left + hour * passed, 1), top + 72, str(shown))
    return drawing


def one_vpp() -> Drawing:
    """The units of one VPP of study B, its control centre and its carbon account."""
    drawing = Drawing("Structure of a typical VPP of study B", 530)
    drawing.box(10, 10, 540, 36, "Upper grid: sells dear, buys cheap", ground=PALE)
    drawing.rectangle(10, 90, 540, 312, WHITE, GREY)
    drawing.rectangle(58, 124, 448, 170, WHITE, GREY, dashes="5 3")
    drawing.text(70, 114, "One VPP", LARGE, bold=True, anchor="start")
    drawing.bus("electricity", (26, 208), (494, 208))
    drawing.arrow("electricity", (44, 48), (44, 204), both=True)
    drawing.text(54, 72, "purchase and sale", anchor="start")
    upper = (("Wind turbines", "wind"), ("Photovoltaics", "pv"), ("Storage", "battery"))
    lower = (
        ("Load", "electric_load"),
        ("Called load", "controllable_load"),
        ("Micro-turbine", "micro_turbine"),
    )
    for x, (name, kind) in zip((70, 216, 362), upper, strict=True):
        drawing.plant(x, 138, 132, name, COLOURS[kind])
    for x, (name, kind) in zip((70, 216, 362), lower, strict=True):
        drawing.plant(x, 244, 132, name, COLOURS[kind])
    drawing.arrow("electricity", (136, 172), (136, 205))
    drawing.arrow("electricity", (282, 172), (282, 205))
    drawing.arrow("electricity", (428, 173), (428, 204), both=True)
    drawing.arrow("electricity", (136, 208), (136, 243))
    drawing.arrow("electricity", (282, 244), (282, 212))
    drawing.arrow("electricity", (400, 244), (400, 212))
    drawing.arrow("message", (190, 295), (190, 333), both=True)
    drawing.text(200, 318, "data, set-points", anchor="start")
    drawing.box(58, 334, 270, 56, "Control centre", "least cost within all limits")
    purple = COLOURS["carbon_market"]
    drawing.arrow("carbon", (460, 278), (460, 333))
    drawing.arrow("carbon", (528, 46), (528, 333))
    drawing.text(518, 72, "CO₂ of purchases", anchor="end")
    drawing.box(380, 334, 160, 56, "Carbon account", "emission − quota", border=purple)
    drawing.line("tie", (26, 208), (26, 420))
    drawing.arrow("tie", (26, 412), (26, 439))
    drawing.arrow("carbon", (460, 391), (460, 439), both=True)
    drawing.box(10, 440, 262, 54, "Other VPPs", "hourly trade, prices by a game", ground=PALE)
    drawing.box(288, 440, 262, 54, "Carbon market", "stepped price for the day", ground=PALE)
    drawing.legend(514, (10, "electricity", "electricity"), (160, "tie", "trade"))
    drawing.legend(514, (266, "carbon", "CO₂"), (358, "message", "data"))
    return drawing


def carbon_flow() -> Drawing:
    """From what is burnt to what is paid, and what a trade changes."""
    drawing = Drawing("Carbon and electricity trading of a VPP", 640)
    turbine, purple = COLOURS["micro_turbine"], COLOURS["carbon_market"]
    drawing.box(10, 10, 170, 54, "Micro-turbine", "emits, earns quota", border=turbine)
    drawing.box(195, 10, 170, 54, "Purchase", "emits, earns quota", border=COLOURS["grid"])
    drawing.box(380, 10, 170, 54, "Wind and sun", "neither", border=COLOURS["wind"])
    drawing.box(10, 122, 260, 54, "Actual emission", "a factor for each kWh", ground=PALE)
    drawing.box(290, 122, 260, 54, "Free quota", "a smaller factor for each kWh", ground=PALE)
    drawing.arrow("carbon", (80, 64), (80, 121))
    drawing.arrow("carbon", (130, 64), (350, 121))
    drawing.arrow("carbon", (250, 64), (190, 121))
    drawing.arrow("carbon", (310, 64), (450, 121))
    lines = ("one number for each VPP and day",)
    drawing.box(110, 232, 340, 54, "Excess = emission − quota", *lines, border=purple)
    drawing.arrow("carbon", (180, 176), (230, 231))
    drawing.arrow("carbon", (380, 176), (330, 231))
    drawing.box(10, 342, 262, 54, "Above zero: it pays", "a price that rises in steps")
    drawing.box(288, 342, 262, 54, "Below zero: it is paid", "the price of the first step")
    drawing.arrow("carbon", (200, 286), (150, 341))
    drawing.arrow("carbon", (360, 286), (410, 341))
    drawing.box(10, 446, 540, 36, "Carbon market", ground=PALE)
    drawing.arrow("money", (141, 396), (141, 445))
    drawing.arrow("money", (419, 446), (419, 397))
    drawing.rectangle(10, 502, 540, 96, WHITE, GREY, dashes="5 3")
    drawing.text(280, 522, "Trade between two VPPs", MIDDLE, bold=True)
    drawing.box(26, 534, 170, 54, "Seller", "gives up a sale")
    drawing.box(364, 534, 170, 54, "Buyer", "its excess falls")
    drawing.arrow("tie", (196, 548), (363, 548))
    drawing.arrow("money", (364, 576), (197, 576))
    drawing.text(280, 566, "power, and a price")
    drawing.legend(622, (10, "carbon", "CO₂ and quota"), (190, "money", "money"))
    drawing.legend(622, (310, "tie", "electricity"))
    return drawing


def three_games() -> Drawing:
    """Sellers, buyers and the grid, and the game that each pair of them plays."""
    drawing = Drawing("Structure of the multiple game", 520)
    players(drawing, 10, "Sellers lead", "non-cooperative game: each for itself", "seller", "price")
    drawing.arrow("message", (90, 153), (90, 245))
    drawing.text(102, 178, "prices,", anchor="start")
    drawing.text(102, 196, "surplus", anchor="start")
    drawing.arrow("message", (440, 246), (440, 154))
    drawing.text(430, 178, "demand", anchor="end")
    drawing.text(275, 210, "leader–follower game:", MIDDLE, bold=True)
    drawing.text(275, 230, "repeat until nobody moves")
    words = "evolutionary game: imitate what does better"
    players(drawing, 248, "Buyers follow", words, "buyer", "shares")
    drawing.box(10, 440, 540, 36, "Upper grid: the alternative of both sides", ground=PALE)
    drawing.arrow("electricity", (120, 440), (120, 391))
    drawing.text(132, 420, "what is lacking", anchor="start")
    drawing.arrow("electricity", (520, 82), (536, 82), (536, 439))
    drawing.text(526, 420, "unsold power", anchor="end")
    drawing.legend(500, (10, "message", "what they see of each other"))
    drawing.legend(500, (300, "electricity", "electricity"))
    return drawing


def players(drawing: Drawing, top: float, title: str, game: str, name: str, choice: str) -> None:
    """One side of the market: three players and the game among them."""
    drawing.rectangle(10, top, 510, 142, PALE)
    drawing.text(265, top + 22, title, LARGE, bold=True)
    drawing.text(265, top + 44, game)
    for number, x in enumerate((24, 196, 368)):
        drawing.box(x, top + 60, 138, 66, f"{name} {number + 1}", f"its {choice}")
        if number:
            drawing.arrow("message", (x - 33, top + 93), (x - 1, top + 93), both=True)


def flowchart() -> Drawing:
    """The four steps in which the game is solved, and what comes before and after them."""
    drawing = Drawing("How the multiple game is solved", 892)
    drawing.box(80, 10, 340, 54, "Each VPP plans its day alone", "with its own carbon bill")
    drawing.arrow("step", (250, 64), (250, 83))
    lines = ("above 1 sells, below 1 buys",)
    drawing.box(80, 84, 340, 54, "Each hour: supply / demand", *lines)
    drawing.arrow("step", (250, 138), (250, 157))
    drawing.diamond(250, 185, "sellers and buyers?")
    drawing.arrow("step", (355, 185), (431, 185))
    drawing.text(388, 178, "no", bold=True)
    drawing.box(432, 158, 118, 54, "No market", "only the grid")
    drawing.arrow("step", (250, 212), (250, 243))
    drawing.text(262, 234, "yes", bold=True, anchor="start")
    lines = ("start in the middle of the band",)
    drawing.box(80, 244, 340, 54, "Step 1: sellers tell prices", *lines, ground=PALE)
    evolution(drawing)
    price_game(drawing)
    drawing.arrow("step", (250, 686), (250, 723))
    drawing.diamond(250, 751, "Step 4: prices at rest?", 125)
    drawing.arrow("step", (125, 751), (24, 751), (24, 366), (99, 366))
    drawing.text(112, 742, "no", bold=True, anchor="end")
    drawing.arrow("step", (250, 778), (250, 815))
    drawing.text(262, 802, "yes", bold=True, anchor="start")
    lines = ("no seller gains by another price",)
    drawing.box(80, 816, 340, 62, "Deliver, pay, bill carbon anew", *lines, ground=PALE)
    return drawing


def evolution(drawing: Drawing) -> None:
    """Step 2 of the flowchart: a loop of the buyers."""
    drawing.rectangle(50, 316, 440, 214, WHITE, GREY, dashes="5 3")
    drawing.arrow("step", (250, 298), (250, 349))
    drawing.text(62, 338, "Step 2: buyers", MIDDLE, bold=True, anchor="start")
    drawing.rectangle(100, 350, 300, 32)
    drawing.text(250, 371, "payoff of each choice")
    drawing.arrow("step", (250, 382), (250, 403))
    drawing.rectangle(100, 404, 300, 32)
    drawing.text(250, 425, "shares take a step of the replicator")
    drawing.arrow("step", (250, 436), (250, 457))
    drawing.diamond(250, 485, "shares at rest?")
    drawing.arrow("step", (355, 485), (460, 485), (460, 366), (401, 366))
    drawing.text(380, 478, "no", bold=True)
    drawing.arrow("step", (250, 512), (250, 585))
    drawing.text(262, 550, "yes", bold=True, anchor="start")


def price_game(drawing: Drawing) -> None:
    """Step 3 of the flowchart: the sellers move; dashed, the loop of the text's order."""
    drawing.rectangle(50, 556, 440, 146, WHITE, GREY, dashes="5 3")
    drawing.arrow("step", (250, 512), (250, 597))
    drawing.text(62, 578, "Step 3: sellers", MIDDLE, bold=True, anchor="start")
    drawing.rectangle(100, 598, 300, 32)
    drawing.text(250, 619, "demand and utility of each seller")
    drawing.arrow("step", (250, 630), (250, 653))
    drawing.rectangle(100, 654, 300, 32)
    drawing.text(250, 675, "each price one step up its utility")
    drawing.arrow("message", (400, 670), (440, 670), (440, 614), (401, 614))


# --- beyond the papers ----------------------------------------------------------------------------
PLACES = {  # of VPP1, VPP2 and VPP3
    "E": (18, 25, 33),
    "M": (6, 12, 28),
    "H": (2, 19, 3),
}


LATERALS = {19: 2, 23: 3, 26: 6}  # first bus of each lateral, and the bus that it leaves


def bus_at(bus: int) -> Point:
    """Where a bus of the 33-bus feeder is drawn."""
    if bus <= 18:
        return 24 + 30 * (bus - 1), 110
    if bus <= 22:
        return 24 + 30 * (bus - 17), 46
    if bus <= 25:
        return 84, 138 + 42 * (bus - 22)
    return 24 + 30 * (bus - 20), 192


def feeder() -> Drawing:
    """The 33-bus feeder with three placements of three VPPs."""
    drawing = Drawing("The 33-bus feeder with three placements of three VPPs", 352)
    for bus in range(2, 34):
        x, y = bus_at(bus)
        start_x, start_y = bus_at(LATERALS.get(bus, bus - 1))
        drawing.path([(start_x, start_y), (start_x, y), (x, y)], GREY, 2.6, "")
    drawing.add("rect", x=17, y=86, width=14, height=48, rx=3, fill=PALE, stroke=INK)
    drawing.text(3, 154, "substation", anchor="start")
    tags = {bus: (place, n) for place, three in PLACES.items() for n, bus in enumerate(three)}
    for bus in range(1, 34):
        x, y = bus_at(bus)
        if bus in tags:
            place, number = tags[bus]
            colour = VPP_COLOURS[number]
            options = dict(fill=tint(colour), stroke=colour, stroke_width=3)
            drawing.add("circle", cx=x, cy=y, r=13, **options)
            drawing.text(x, y + 4.5, f"{place}{number + 1}", bold=True)
        elif bus > 1:
            drawing.add("circle", cx=x, cy=y, r=5.5, fill=WHITE, stroke=INK)
        label(drawing, bus, x, y, bus in tags)
    rows = ("E: at the ends of the lines", "M: in the middle", "H: near the head")
    for number, words in enumerate(rows):
        drawing.text(250, 262 + 22 * number, words, anchor="start")
    for number in range(3):
        drawing.add("circle", cx=30 + 150 * number, cy=336, r=8, fill=VPP_COLOURS[number])
        drawing.text(46 + 150 * number, 341, f"VPP{number + 1}", anchor="start")
    return drawing


def label(drawing: Drawing, bus: int, x: float, y: float, tagged: bool) -> None:
    """The number of a bus, above it or, where lines go up and down, beside it."""
    away = 19 if tagged else 11
    if 23 <= bus <= 25:
        drawing.text(x - away, y + 5, str(bus), anchor="end")
    elif bus == 2:
        drawing.text(x, y + 28, str(bus))
    else:
        drawing.text(x, y - away, str(bus))


def logo() -> Drawing:
    """Three VPPs that are joined to each other; it stands on light and on dark ground."""
    drawing = Drawing("Cooperating virtual power plants", 160, 160, ground=None)
    corners = ((80, 44), (122, 116), (38, 116))
    drawing.path([*corners, corners[0], corners[1]], COLOURS["grid"], 9, "")
    for (x, y), colour in zip(corners, VPP_COLOURS, strict=False):
        drawing.add("circle", cx=x, cy=y, r=24, fill=colour)
    return drawing


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    "fig1-structure.svg": cluster,
    "fig1-coupled-unit.svg": coupled_unit,
    "fig2-trading.svg": trading,
    "fig-b1-structure.svg": one_vpp,
    "fig-b2-carbon.svg": carbon_flow,
    "fig-b3-game.svg": three_games,
    "fig-b4-flowchart.svg": flowchart,
    "fig-c-feeder.svg": feeder,
    "fig-half-on.svg": half_on,
    "fig-windows.svg": windows,
    "logo.svg": logo,
}


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("folder", type=Path, nargs="?", default=STATIC)
    folder = cli.parse_args().folder
    for name, draw in DRAWINGS.items():
        (folder / name).write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
