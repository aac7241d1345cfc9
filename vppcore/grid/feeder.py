"""A radial distribution feeder: can the traded power be delivered?

kW, kvar, ohm, kV; voltages per unit of the nominal one; arrays are (steps,) or (steps, buses). Only what passes a VPP's
connection point loads the feeder: its net withdrawal, purchase less sale plus received trades.

The linear model (LinDistFlow without losses, Baran and Wu 1989) has the squared voltage of bus b

    v_b = v_0 - 2 sum_k (R_bk p_k + X_bk q_k) / V^2,   R_bk = resistance of the lines on the way to both b and k,

linear in the withdrawals p, q. Losses are left out, so true voltages lie somewhat below; `power_flow` has them exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import yaml

from vppcore.errors import WrongInput
from vppcore.parameters import Rule
from vppcore.places import DATA


@dataclass(frozen=True, eq=False)
class Feeder:
    """A radial feeder. lines: from_bus, to_bus, r_ohm, x_ohm, a row per line; loads: p_kw, q_kvar by bus (its own
    customers, at their peak); source: the bus of the substation, held at source_voltage."""

    name: str
    lines: pd.DataFrame
    loads: pd.DataFrame
    base_kv: float
    source: int
    source_voltage: float = 1.0

    @property
    def buses(self) -> list[int]:
        """All buses but the source, in the order of `loads`."""
        return [bus for bus in self.loads.index if bus != self.source]

    def sensitivity(self) -> tuple[np.ndarray, np.ndarray]:
        """R and X of the linear model, ohm, `(buses, buses)`."""
        tree = nx.Graph()
        for line in self.lines.itertuples():
            tree.add_edge(line.from_bus, line.to_bus, line=line.Index)
        way = np.zeros((len(self.buses), len(self.lines)))
        for row, bus in enumerate(self.buses):
            path = nx.shortest_path(tree, self.source, bus)
            for one, other in zip(path, path[1:], strict=False):
                way[row, self.lines.index.get_loc(tree[one][other]["line"])] = 1
        return tuple(way @ np.diag(self.lines[column]) @ way.T for column in ("r_ohm", "x_ohm"))


def load_feeder(folder: str | Path) -> Feeder:
    """Reads a feeder: feeder.yaml (title, source, base_kv, source_bus, source_voltage), lines.csv and buses.csv.

    Raises WrongInput for a missing file or column, a number out of range, or lines that are not one tree.
    """
    path = Path(folder) if Path(folder).is_dir() else DATA / folder
    missing = [
        name for name in ("feeder.yaml", "lines.csv", "buses.csv") if not (path / name).is_file()
    ]
    if missing:
        raise WrongInput(*(f"feeder {folder}: file {name} is missing" for name in missing))
    try:
        about = yaml.safe_load((path / "feeder.yaml").read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise WrongInput(
            f"{path.name}/feeder.yaml: not readable as YAML ({str(error).splitlines()[0]})"
        ) from error
    about = about if isinstance(about, dict) else {}
    lines, buses = (
        pd.read_csv(path / "lines.csv", comment="#"),
        pd.read_csv(path / "buses.csv", comment="#"),
    )
    faults = [
        f"{path.name}/{name}: no column {column}"
        for name, table, columns in (
            ("lines.csv", lines, ("from_bus", "to_bus", "r_ohm", "x_ohm")),
            ("buses.csv", buses, ("bus", "p_kw", "q_kvar")),
        )
        for column in columns
        if column not in table
    ]
    faults += [
        f"{path.name}/feeder.yaml, {name}: found {about.get(name)!r}; allowed: a number above 0"
        for name in ("base_kv", "source_voltage")
        if not Rule("number", low=0, above=True).admits(about.get(name))
    ]
    if faults:
        raise WrongInput(*faults)
    for name, table, column, low in (
        ("lines.csv", lines, "r_ohm", 0),
        ("lines.csv", lines, "x_ohm", 0),
        ("buses.csv", buses, "p_kw", -np.inf),
        ("buses.csv", buses, "q_kvar", -np.inf),
    ):
        numbers = pd.to_numeric(table[column], errors="coerce")
        faults += [
            f"{path.name}/{name}, row {row + 1}, {column}: found {table[column].iloc[row]}; allowed: a number"
            + (" of 0 or more" if low == 0 else "")
            for row in np.flatnonzero(~(numbers >= low) | ~np.isfinite(numbers))
        ]
        table[column] = numbers
    faults += [
        f"{path.name}/buses.csv: bus {bus} stands twice; allowed: once"
        for bus in buses["bus"][buses["bus"].duplicated()]
    ]
    ends = [frozenset(pair) for pair in zip(lines["from_bus"], lines["to_bus"], strict=True)]
    faults += [
        f"{path.name}/lines.csv: two lines between {' and '.join(map(str, sorted(pair)))}; allowed: one"
        for pair in dict.fromkeys(ends)
        if ends.count(pair) > 1
    ]
    if faults:
        raise WrongInput(*faults)
    tree = nx.Graph(list(zip(lines["from_bus"], lines["to_bus"], strict=True)))
    if (
        not nx.is_tree(tree)
        or set(tree) != set(buses["bus"])
        or about.get("source_bus") not in tree
    ):
        raise WrongInput(
            f"{path.name}: the lines do not join all buses and the source {about.get('source_bus')} as one tree; "
            "allowed: a radial feeder"
        )
    return Feeder(
        path.name,
        lines,
        buses.set_index("bus"),
        float(about["base_kv"]),
        about["source_bus"],
        float(about["source_voltage"]),
    )
