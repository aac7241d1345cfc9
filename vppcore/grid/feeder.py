"""A radial distribution feeder: its lines, its own customers and its linear model.

kW, kvar, ohm, kV; voltages per unit of the nominal one; arrays are (steps,) or (steps, buses). Only
what passes a VPP's connection point loads the feeder: its net withdrawal, purchase less sale plus
received trades.

The linear model (LinDistFlow without losses, Baran and Wu 1989) has the squared voltage of bus b

    v_b = v_0 - 2 sum_k (R_bk p_k + X_bk q_k) / V^2,

with R_bk the resistance of the lines on the way to both b and k, and X_bk their reactance; it is
linear in the withdrawals p, q. Losses are left out, so true voltages lie somewhat below;
`power_flow` has them exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from vppcore.errors import WrongInput
from vppcore.faults import Faults, Place, shown
from vppcore.grid.columns import read_columns
from vppcore.parameters import Rule
from vppcore.places import DATA
from vppcore.reading.description import Refused, values_of
from vppcore.reading.files import LARGEST_DESCRIPTION, text_of
from vppcore.reading.numerals import NotANumber, Numerals

FILES = ("feeder.yaml", "lines.csv", "buses.csv")
BUS = Rule("number", text="number of a bus", low=0, whole=True)
ABOVE_ZERO = Rule("number", low=0, above=True)
ABOUT = {"base_kv": ABOVE_ZERO, "source_bus": BUS, "source_voltage": ABOVE_ZERO}
END_COLUMNS = {"from_bus": BUS, "to_bus": BUS}
LINE_COLUMNS = {"r_ohm": Rule("number", "ohm", low=0), "x_ohm": Rule("number", "ohm", low=0)}
CABLE_COLUMNS = {
    "c_nf": Rule("number", "nF", low=0, none="no capacitance"),
    "max_i_ka": Rule("number", "kA", low=0, above=True, none="no limit"),
}
BUS_COLUMNS = {"p_kw": Rule("number", "kW"), "q_kvar": Rule("number", "kvar")}
RADIAL = "a radial feeder: one way from the source to each bus"


@dataclass(frozen=True, eq=False)
class Feeder:
    """A radial feeder.

    name: how it is called in messages.
    lines: a row per line: from_bus, to_bus, r_ohm, x_ohm; where known c_nf (capacitance, nF) and
        max_i_ka (largest current, kA). A line of 0 ohm makes its two buses one.
    loads: a row per bus, its number in the index: p_kw, q_kvar of the feeder's own customers at
        their peak; where known vpp, whose bus it is.
    base_kv: nominal voltage, kV, above 0.
    source: the bus of the substation.
    source_voltage: at which the substation holds it, per unit, above 0.
    Raises WrongInput for numbers out of range and for lines that are no tree.

    >>> lines = pd.DataFrame({"from_bus": [1], "to_bus": [2], "r_ohm": [0.1], "x_ohm": [0.2]})
    >>> loads = pd.DataFrame({"p_kw": [0.0, 9.0], "q_kvar": [0.0, 3.0]}, [1, 2])
    >>> Feeder("two buses", lines, loads, base_kv=0.4, source=1).buses
    [2]
    """

    name: str
    lines: pd.DataFrame
    loads: pd.DataFrame
    base_kv: float
    source: int
    source_voltage: float = 1.0

    def __post_init__(self):
        faults = Faults()
        self._enter_faults_of_numbers(faults)
        place = Place(f"feeder {self.name}")
        enter_faults_of_feeder(self.lines, self.loads, self.source, faults, lambda *_: place)
        faults.refuse_if_any()

    def _enter_faults_of_numbers(self, faults: Faults) -> None:
        """The first number out of range in each column, and of the feeder's own two."""
        wrong = []
        for name in ("base_kv", "source_voltage"):
            if not ABOVE_ZERO.admits(getattr(self, name)):
                wrong.append(ABOVE_ZERO.fault(name, getattr(self, name)))
        for table, rules in ((self.lines, LINE_COLUMNS), (self.loads, BUS_COLUMNS)):
            for name, rule in rules.items():
                refused = [number for number in table[name] if not rule.admits(number)]
                wrong += [rule.fault(name, number) for number in refused[:1]]
        for sentence in wrong:
            faults.say(f"feeder {self.name}: {sentence}")

    @property
    def buses(self) -> list[int]:
        """All buses but the source, in the order of `loads`."""
        return [bus for bus in self.loads.index if bus != self.source]

    @property
    def has_no_impedance(self) -> np.ndarray:
        """True for lines of 0 ohm, `(lines,)`."""
        return ((self.lines["r_ohm"] == 0) & (self.lines["x_ohm"] == 0)).to_numpy()

    @property
    def capacitance(self) -> np.ndarray:
        """Of each line, nF `(lines,)`; 0 where none is known."""
        return self._known("c_nf", 0.0)

    @property
    def current_limit(self) -> np.ndarray:
        """Largest current of each line, kA `(lines,)`; infinite where none is known."""
        return self._known("max_i_ka", np.inf)

    def _known(self, column: str, otherwise: float) -> np.ndarray:
        if column not in self.lines:
            return np.full(len(self.lines), otherwise)
        return self.lines[column].astype(float).fillna(otherwise).to_numpy()

    def outwards(self) -> list[tuple[Any, Any, int]]:
        """The lines from the source to the ends: (bus nearer to the source, bus beyond, row)."""
        row_of = {}
        ends = zip(self.lines["from_bus"], self.lines["to_bus"], strict=True)
        for row, pair in enumerate(ends):
            row_of[frozenset(pair)] = row
        tree = nx.Graph([tuple(pair) for pair in row_of])
        steps = nx.bfs_edges(tree, self.source)
        return [(near, far, row_of[frozenset((near, far))]) for near, far in steps]

    def sensitivity(self) -> tuple[np.ndarray, np.ndarray]:
        """R and X of the linear model, ohm, each `(buses, buses)`."""
        on_the_way = self.ways()
        resistance = on_the_way @ np.diag(self.lines["r_ohm"]) @ on_the_way.T
        reactance = on_the_way @ np.diag(self.lines["x_ohm"]) @ on_the_way.T
        return resistance, reactance

    def falls(self) -> tuple[np.ndarray, np.ndarray]:
        """By how much squared voltages fall in the linear model, per unit.

        The first, `(buses, buses)`, for one kW withdrawn at a bus; the second, `(buses,)`, for the
        feeder's own customers at their peak.
        """
        resistance, reactance = (
            2 * matrix / 1000 / self.base_kv**2 for matrix in self.sensitivity()
        )
        customers = self.loads.loc[self.buses]
        active = resistance @ customers["p_kw"].to_numpy()
        reactive = reactance @ customers["q_kvar"].to_numpy()
        return resistance, active + reactive

    def with_impedance(self, factor: float) -> Feeder:
        """The same feeder whose lines have so many times their resistance and reactance.

        factor: above 0; a half stands for a second line beside each.
        """
        scaled = self.lines.copy()
        scaled[["r_ohm", "x_ohm"]] *= factor
        return replace(self, lines=scaled)

    def ways(self) -> np.ndarray:
        """1 where a line lies on the way from the source to a bus, `(buses, lines)`."""
        way_to = {self.source: np.zeros(len(self.lines))}
        for near, far, row in self.outwards():
            way_to[far] = way_to[near].copy()
            way_to[far][row] = 1
        return np.array([way_to[bus] for bus in self.buses])


# --- what keeps lines and buses from being a radial feeder --------------------------------------
# (file, label of the row or None for the whole) -> where a fault is said to be
PlaceOf = Callable[[str, Any], Place]


def enter_faults_of_feeder(
    lines: pd.DataFrame, loads: pd.DataFrame, source: Any, faults: Faults, place_of: PlaceOf
) -> None:
    """Enters everything that keeps lines from being one tree from the source to all buses.

    lines: from_bus, to_bus, r_ohm, x_ohm, c_nf where known. loads: the buses in its index.
    source: bus of the substation; None if it is not known, and then no way from it is looked for.
    place_of: where a fault in a row of a file is said to be.
    """
    enter_faults_of_lines(lines, loads, faults, place_of)
    for row in loads.index[loads.index.duplicated()].unique():
        enter(faults, place_of("buses.csv", None), f"found bus {row} twice", "once")
    for ring in nx.cycle_basis(graph_of(lines)):
        found = f"found a ring of lines through {in_words(ring)}"
        enter(faults, place_of("lines.csv", None), found, RADIAL)
    if source is None:
        return
    if source not in loads.index:
        found = f"found the source bus {source!r}"
        enter(faults, place_of("feeder.yaml", None), found, "a bus of buses.csv")
    else:
        enter_fault_of_ways(lines, loads, source, faults, place_of)


def enter(faults: Faults, place: Place, found: str, allowed: str) -> None:
    """Enters a fault, once for each place and each thing that was found there."""
    faults.add(place, found, allowed, cause=(place, found))


def enter_faults_of_lines(
    lines: pd.DataFrame, loads: pd.DataFrame, faults: Faults, place_of: PlaceOf
) -> None:
    """Enters lines from a bus to itself, to buses that are not there, or beside another one."""
    first_between: dict[frozenset, Any] = {}
    for line in lines.itertuples():
        place = place_of("lines.csv", line.Index)
        for bus in (line.from_bus, line.to_bus):
            if bus not in loads.index:
                enter(faults, place, f"found bus {bus}", "a bus of buses.csv")
        pair = frozenset((line.from_bus, line.to_bus))
        if len(pair) == 1:
            enter(faults, place, f"found a line from bus {line.from_bus} to itself", "two buses")
        elif first_between.setdefault(pair, line.Index) != line.Index:
            found = f"found a second line between buses {line.from_bus} and {line.to_bus}"
            enter(faults, place, found, "one")
        is_short = line.r_ohm == 0 and line.x_ohm == 0
        if is_short and getattr(line, "c_nf", 0.0) > 0:
            found = f"found a line of 0 ohm with a capacitance of {line.c_nf:g} nF"
            allowed = "a resistance or a reactance above 0, or no capacitance"
            enter(faults, place, found, allowed)


def enter_fault_of_ways(
    lines: pd.DataFrame, loads: pd.DataFrame, source: Any, faults: Faults, place_of: PlaceOf
) -> None:
    """Enters the buses that no line connects with the source."""
    graph = graph_of(lines)
    graph.add_node(source)
    cut_off = set(loads.index) - nx.node_connected_component(graph, source)
    if cut_off:
        found = f"found no way from the source bus {source} to {in_words(cut_off)}"
        enter(faults, place_of("lines.csv", None), found, RADIAL)


def graph_of(lines: pd.DataFrame) -> nx.Graph:
    """The buses and lines as a graph."""
    graph: nx.Graph = nx.Graph()
    for one, other in zip(lines["from_bus"], lines["to_bus"], strict=True):
        if one != other:
            graph.add_edge(one, other)
    return graph


def in_words(buses: Iterable[Any], most: int = 10) -> str:
    """Buses in a sentence, in order, those beyond the first few counted.

    >>> in_words([3, 1, 2]), in_words([7])
    ('buses 1, 2, 3', 'bus 7')
    """
    known = sorted(set(buses), key=lambda bus: (str(type(bus)), bus))
    names = ", ".join(str(bus) for bus in known[:most])
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return f"{'bus' if len(known) == 1 else 'buses'} {names}{more}"


# --- files --------------------------------------------------------------------------------------
def load_feeder(folder: str | Path) -> Feeder:
    """Reads and checks a feeder.

    folder: with feeder.yaml (base_kv, source_bus, source_voltage, and what else is worth saying),
        lines.csv and buses.csv, as a path or as a name below the project's `data/`.
    Raises WrongInput with a sentence for each fault, all faults of the folder at once.

    >>> len(load_feeder("ieee33").buses)
    32
    """
    path = feeder_folder(folder, FILES)
    faults = Faults()
    about = read_about(path / "feeder.yaml", faults)
    lines = read_columns(path / "lines.csv", END_COLUMNS | LINE_COLUMNS, faults, CABLE_COLUMNS)
    optional = {"vpp": Rule("text", none="nobody's")}
    buses = read_columns(path / "buses.csv", {"bus": BUS} | BUS_COLUMNS, faults, optional)
    if lines is None or buses is None:
        raise faults.refusal()
    enter_faults_of_folder(lines, buses, about, faults)
    faults.refuse_if_any()
    lines = lines.astype({"from_bus": int, "to_bus": int}).reset_index(drop=True)
    loads = buses.astype({"bus": int}).set_index("bus")
    return Feeder(
        name=path.name,
        lines=lines,
        loads=loads,
        base_kv=about["base_kv"],
        source=int(about["source_bus"]),
        source_voltage=about["source_voltage"],
    )


def feeder_folder(folder: str | Path, files: Iterable[str]) -> Path:
    """The folder of a feeder, given as a path or as a name below `data/`.

    Raises WrongInput for each of these files that is missing there.
    """
    path = Path(folder)
    if not path.is_dir():
        path = DATA / folder
    missing = [name for name in files if not (path / name).is_file()]
    if missing:
        raise WrongInput(*(f"feeder {folder}: file {name} is missing" for name in missing))
    return path


def read_about(file: Path, faults: Faults) -> dict[str, float]:
    """The numbers of feeder.yaml, as far as they have no fault; faults are entered."""
    text = text_of(file, LARGEST_DESCRIPTION, faults)
    if text is None:
        return {}
    try:
        values, lines = values_of(text)
    except Refused as refused:
        allowed = f"lines 'name: value' with {', '.join(ABOUT)}"
        faults.add(Place(file.name, refused.line), refused.found, allowed)
        return {}
    numbers = {}
    for name, rule in ABOUT.items():
        given = values.get(name, "")
        try:
            number = Numerals().number(given)
        except (NotANumber, AttributeError):  # a text, a list or a mapping
            number = np.nan
        if rule.admits(number):
            numbers[name] = number
        else:
            place = Place(file.name, lines.get(name), of=name)
            faults.add(place, f"found {shown(given)}", rule.allowed)
    return numbers


def enter_faults_of_folder(
    lines: pd.DataFrame, buses: pd.DataFrame, about: dict[str, float], faults: Faults
) -> None:
    """Enters what keeps a folder's lines and buses from being a radial feeder.

    Where the number of a bus cannot be read, that alone is the fault.
    """
    ends = lines[["from_bus", "to_bus"]]
    if ends.isna().any(axis=None) or buses["bus"].isna().any():
        return
    whole = lines.astype({"from_bus": int, "to_bus": int})
    loads = buses.astype({"bus": int}).set_index("bus")
    source = int(about["source_bus"]) if "source_bus" in about else None
    enter_faults_of_feeder(whole, loads, source, faults, Place)
