"""The tables and figures that the two articles print, and where our number for each stands.

This book was written from the articles' texts, without their tables and figures. Both articles are
open access. Who has one at hand enters its numbers in `data/published/tables/`, a file for each
table or figure; `entered.py` reads them and judges each beside ours. Nothing is entered beforehand.

A file has a row for each number, with the columns of `COLUMNS`; `value` is empty until it is
entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

from vppcore.reading import load_case

COLUMNS = ("row", "quantity", "value", "unit")
SAVINGS = ("A01", "A02", "A03", "A04")  # the claims that the fit of `paper-a` aims at
HOURS = tuple(str(hour) for hour in range(1, 25))
THREE = ("VPP1", "VPP2", "VPP3")
FIVE = (*THREE, "VPP4", "VPP5")


@dataclass(frozen=True)
class Ours:
    """Where our number stands.

    notebook, table: of results/<notebook>/<table>.csv.
    rows: names of its rows, whose numbers are added; `index` says in which columns they stand.
    column: the column of the number.
    index: columns whose cells, joined by a blank, are a row's name; empty for the first column.
    """

    notebook: str
    table: str
    rows: tuple[str, ...]
    column: str
    index: tuple[str, ...] = ()


@dataclass(frozen=True)
class Number:
    """One number of a printed table or figure.

    row, quantity: what it is, as the file says it.
    unit: of ours, and of the printed one unless its row says otherwise.
    ours: where our number stands.
    aims: claims to whose numbers a case is fitted and on which this number rests; if the case of
        our run is, ours is no test.
    """

    row: str
    quantity: str
    unit: str
    ours: Ours
    aims: tuple[str, ...] = ()


@dataclass(frozen=True)
class PrintedTable:
    """A table or figure of an article.

    name: of its file. paper: A or B. place: where it stands. title: as the article has it.
    numbers: what may be entered. note: signs and directions of ours, empty where they are plain.
    """

    name: str
    paper: str
    place: str
    title: str
    numbers: tuple[Number, ...]
    note: str = ""

    @property
    def is_figure(self) -> bool:
        """True for a figure, from which numbers are read off."""
        return self.place.startswith("Fig")


def grid_of(
    notebook: str,
    table: str,
    rows: Mapping[str, str] | Iterable[str],
    columns: Mapping[str, str] | Iterable[str],
    unit: str,
    quantity: str = "{}",
) -> tuple[Number, ...]:
    """A number for each row and column of one of our tables.

    rows, columns: printed name -> ours, or names that are the same. quantity: with {} for a column.
    """
    named = rows if isinstance(rows, Mapping) else {row: row for row in rows}
    headed = columns if isinstance(columns, Mapping) else {column: column for column in columns}
    return tuple(
        Number(row, quantity.format(column), unit, Ours(notebook, table, (named[row],), ours))
        for row, (column, ours) in product(named, headed.items())
    )


def table_1_of_a() -> PrintedTable:
    """Costs and savings of study A's VPPs. VPP1's and VPP3's costs alone rest on no fit."""
    columns = {
        "cost before": ("alone", "yuan"),
        "cost after": ("after", "yuan"),
        "saving": ("gain", "yuan"),
        "saving share": ("gain (%)", "%"),
    }
    numbers = []
    for row, (quantity, (column, unit)) in product((*THREE, "cluster"), columns.items()):
        is_free = quantity == "cost before" and row in ("VPP1", "VPP3")
        ours = Ours("bargaining", "table_1", (row,), column)
        numbers.append(Number(row, quantity, unit, ours, () if is_free else SAVINGS))
    title = "Cost analysis before and after cooperation"
    return PrintedTable("a_table_1", "A", "Table 1", title, tuple(numbers))


def table_a1_of_a() -> PrintedTable:
    """Every parameter of `paper-a-parent` that is not assumed."""
    numbers = []
    rows = load_case("paper-a-parent").units
    for part in rows[rows["status"] != "assumed"].itertuples():
        quantity = f"{part.component} {part.parameter}"
        index = ("vpp", "component", "parameter")
        ours = Ours("data", "table_a1", (f"{part.vpp} {quantity}",), "value", index)
        numbers.append(Number(part.vpp, quantity, part.unit, ours))
    note = "`all` stands for every VPP. The gas price of Table A2 has its row here"
    return PrintedTable(
        "a_table_a1", "A", "Table A1", "VPP system parameters", tuple(numbers), note
    )


def tables_of_a() -> list[PrintedTable]:
    """The tables and figures of paper A."""
    prices = {"purchase price": "purchase", "feed-in price": "feed-in"}
    pairs = {"VPP1 from VPP2": "VPP1 VPP2", "VPP1 from VPP3": "VPP1 VPP3"}
    pairs |= {"VPP2 from VPP3": "VPP2 VPP3"}
    balance = {"photovoltaics": "pv", "CHP unit": "chp_p2g_ccs", "battery": "battery"}
    balance |= {"load": "electric_load", "grid": "grid", "other VPPs": "tie"}
    exchange = {"from VPP1": "VPP1", "from VPP3": "VPP3", "from grid": "buy", "to grid": "sell"}
    levels = tuple(str(level) for level in range(0, 13, 2))
    into = "positive into VPP2, negative out of it"
    electric = grid_of("data", "figure_a3_electric", HOURS, THREE, "kW", "electric load {}")
    heat = grid_of("data", "figure_a3_heat", HOURS, THREE, "kW", "heat load {}")
    return [
        table_1_of_a(),
        table_a1_of_a(),
        PrintedTable(
            "a_table_a2",
            "A",
            "Table A2",
            "Electricity prices of the grid",
            grid_of("data", "table_a2_grid", HOURS, prices, "yuan/kWh"),
        ),
        PrintedTable(
            "a_figure_3",
            "A",
            "Fig. 3",
            "VPP2 electric power balance",
            grid_of("cooperation", "figure_3", HOURS, balance, "kW"),
            into,
        ),
        PrintedTable(
            "a_figure_4",
            "A",
            "Fig. 4",
            "VPP cluster power trading",
            grid_of("cooperation", "figure_4", HOURS, pairs, "kW"),
            "positive where the VPP named first receives",
        ),
        PrintedTable(
            "a_figure_5",
            "A",
            "Fig. 5",
            "VPP2 purchase and sale of power",
            grid_of("cooperation", "figure_5", HOURS, exchange, "kW"),
            "from a VPP: positive where VPP2 receives",
        ),
        PrintedTable(
            "a_figure_6",
            "A",
            "Fig. 6",
            "Trading price results of the VPP cluster",
            grid_of("bargaining", "figure_6", HOURS, pairs.values(), "yuan/kWh"),
        ),
        PrintedTable(
            "a_figure_7",
            "A",
            "Fig. 7",
            "Power load of VPP2 under uncertainty",
            grid_of("worst_day", "figure_7_load", HOURS, ("forecast", "worst case"), "kW"),
        ),
        PrintedTable(
            "a_figure_8",
            "A",
            "Fig. 8",
            "Operation cost of the MVPP with different uncertainties",
            grid_of("uncertainty", "figure_8", levels, ("alone", "together"), "yuan", "cost {}"),
            "a row for each uncertainty level",
        ),
        PrintedTable(
            "a_figure_a3", "A", "Fig. A3", "Electrical load and heat load", electric + heat
        ),
        PrintedTable(
            "a_figure_a4",
            "A",
            "Fig. A4",
            "Distributed energy output forecast",
            grid_of("data", "figure_a4", HOURS, THREE, "kW", "output {}"),
        ),
    ]


def table_2_of_b() -> PrintedTable:
    """VPP1 under the four carbon models."""
    models = {
        "Model 1": "1: flat",
        "Model 2": "2: flat, other price",
        "Model 3": "3: stepped, billed after",
        "Model 4": "4: stepped, planned for",
    }
    costs = {"operation cost": "operation", "carbon cost": "carbon", "total cost": "total"}
    numbers = grid_of("carbon_models", "table_2", models, costs, "yuan")
    emitted = grid_of("carbon_models", "table_2", models, {"emission": "emission"}, "kg")
    title = "Operation results of these four scenarios of VPP1"
    return PrintedTable("b_table_2", "B", "Table 2", title, numbers + emitted)


def table_3_of_b() -> PrintedTable:
    """What each VPP's devices do at t=10; our table has devices as rows."""
    devices = {
        "wind and photovoltaics": ("wind", "pv", "renewable"),
        "micro-turbine": ("micro_turbine",),
        "storage": ("battery",),
        "called load": ("controllable_load",),
        "load": ("electric_load",),
        "grid": ("grid",),
    }
    numbers = tuple(
        Number(vpp, quantity, "MW", Ours("multiple_game", "table_3", rows, vpp))
        for vpp, (quantity, rows) in product(FIVE, devices.items())
    )
    title = "Resource allocation of each VPP in t = 10 period"
    note = "positive into the VPP: storage that discharges, power from the grid; a load is negative"
    return PrintedTable("b_table_3", "B", "Table 3", title, numbers, note)


def table_4_of_b() -> PrintedTable:
    """Prices of the sellers at t=10 and the buyers' probabilities, to which cases are fitted."""
    sellers, buyers = ("VPP1", "VPP4"), ("VPP2", "VPP3", "VPP5")
    price = {"price": "price (yuan/kWh)"}
    prices = grid_of("multiple_game", "offers", sellers, price, "yuan/kWh")
    chosen = tuple(
        Number(
            buyer,
            f"probability of {seller}",
            "-",
            Ours("multiple_game", "table_4", (buyer,), seller),
            ("B16", "B17"),
        )
        for buyer, seller in product(buyers, sellers)
    )
    title = "Selection strategy of power-purchase VPP in t = 10 period"
    note = "a price for each seller, two probabilities for each buyer"
    return PrintedTable("b_table_4", "B", "Table 4", title, prices + chosen, note)


def figure_8_of_b() -> PrintedTable:
    """Probabilities of every hour; those of t=10 are fitted."""
    numbers = tuple(
        Number(
            hour,
            f"probability of {seller}",
            "-",
            Ours("multiple_game", "figure_8", (hour,), seller),
            ("B16", "B17") if hour == "10" else (),
        )
        for hour, seller in product(HOURS, FIVE)
    )
    title = "Probability of power-sale VPPs to be chosen to purchase electricity in t period"
    return PrintedTable("b_figure_8", "B", "Fig. 8", title, numbers)


def tables_of_b() -> list[PrintedTable]:
    """The tables and figures of paper B."""
    prices = {"purchase price": "purchase", "sale price": "feed-in"}
    scenarios = {"scenario 1": "1: alone", "scenario 2": "2: multiple game"}
    costs = {"carbon cost": "carbon", "total cost": "total"}
    money = tuple(
        Number(scenario, quantity, "yuan", Ours("multiple_game", "table_5", (row,), column))
        for (scenario, column), (quantity, row) in product(scenarios.items(), costs.items())
    )
    available = grid_of("data_b", "figure_5_renewable", HOURS, FIVE, "MW", "wind and sun {}")
    load = grid_of("data_b", "figure_5_load", HOURS, FIVE, "MW", "load {}")
    return [
        PrintedTable(
            "b_table_1",
            "B",
            "Table 1",
            "Electricity purchase and sale price from VPP to main network",
            grid_of("data_b", "table_1", HOURS, prices, "yuan/kWh"),
        ),
        table_2_of_b(),
        table_3_of_b(),
        table_4_of_b(),
        PrintedTable(
            "b_table_5", "B", "Table 5", "VPP scheduling cost in different scenarios", money
        ),
        PrintedTable(
            "b_figure_5",
            "B",
            "Fig. 5",
            "Forecasting curves of renewable energy output and load demand",
            available + load,
        ),
        PrintedTable(
            "b_figure_7",
            "B",
            "Fig. 7",
            "Electricity sale price of power-sale VPPs in t period",
            grid_of("multiple_game", "figure_7", HOURS, FIVE, "yuan/kWh", "price of {}"),
        ),
        figure_8_of_b(),
    ]


@cache
def printed_tables() -> dict[str, PrintedTable]:
    """Every table and figure that may be entered, by the name of its file."""
    return {table.name: table for table in (*tables_of_a(), *tables_of_b())}


def template(table: PrintedTable) -> str:
    """The file of a table with nothing entered.

    >>> print(template(printed_tables()["b_table_5"]))
    # Paper B, Table 5: VPP scheduling cost in different scenarios.
    # Enter what the article prints below `value`; leave empty what it does not have.
    row,quantity,value,unit
    scenario 1,carbon cost,,yuan
    scenario 1,total cost,,yuan
    scenario 2,carbon cost,,yuan
    scenario 2,total cost,,yuan
    <BLANKLINE>
    """
    lines = [f"# Paper {table.paper}, {table.place}: {table.title}."]
    if table.note:
        lines.append(f"# {table.note[0].upper()}{table.note[1:]}.")
    lines.append(
        "# Enter what the article prints below `value`; leave empty what it does not have."
    )
    lines.append(",".join(COLUMNS))
    lines += [f"{number.row},{number.quantity},,{number.unit}" for number in table.numbers]
    return "\n".join(lines) + "\n"
