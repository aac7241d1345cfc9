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

import cvxpy as cp
import networkx as nx
import numpy as np
import pandas as pd
import yaml

from vppcore.case import DATA, Case
from vppcore.components import ElectricLoad, Grid, Renewable, Tie
from vppcore.dispatch import DispatchResult, Model
from vppcore.errors import NotSolved, WrongInput, is_number
from vppcore.solvers import solve


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
        if not is_number(about.get(name), 0)
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


@dataclass(frozen=True, eq=False)
class Placement:
    """VPPs on a feeder. buses: VPP -> bus. background: factor on the feeder's own loads, one number or `(steps,)`.
    low, high: allowed voltage, per unit; margin: kept free on both sides, since the linear model leaves out losses."""

    feeder: Feeder
    buses: dict[str, int]
    background: float | np.ndarray = 0.5
    low: float = 0.95
    high: float = 1.05
    margin: float = 0.0

    def __post_init__(self):
        faults = [
            f"placement of {name}: found bus {bus!r}; allowed: {', '.join(map(str, self.feeder.buses))}"
            for name, bus in self.buses.items()
            if bus not in self.feeder.buses
        ]
        if not 0 < self.low + self.margin < self.high - self.margin:
            faults.append(
                f"low, high, margin: found {self.low:g}, {self.high:g}, {self.margin:g}; allowed: low + margin below "
                "high - margin"
            )
        if faults:
            raise WrongInput(*faults)

    def squared_voltage(self, withdrawn: dict[str, np.ndarray | cp.Expression], steps: int):
        """v_b of the linear model `(steps, buses)`, per unit squared, for net withdrawals in kW."""
        resistance, reactance = (
            matrix / 1000 / self.feeder.base_kv**2 for matrix in self.feeder.sensitivity()
        )
        own = self.feeder.loads.loc[self.feeder.buses]
        drop = resistance @ own["p_kw"].to_numpy() + reactance @ own["q_kvar"].to_numpy()
        level = self.feeder.source_voltage**2 - 2 * np.outer(
            np.broadcast_to(self.background, (steps,)), drop
        )
        columns = [self.feeder.buses.index(self.buses[name]) for name in withdrawn]
        if all(isinstance(flow, np.ndarray) for flow in withdrawn.values()):
            return level - 2 * np.column_stack(list(withdrawn.values())) @ resistance[columns]
        return level - 2 * cp.vstack(list(withdrawn.values())).T @ resistance[columns]

    def limits(self, withdrawn: dict[str, cp.Expression], steps: int) -> list:
        """Voltage limits at every bus and step as linear constraints on the VPPs' net withdrawals."""
        squared = self.squared_voltage(withdrawn, steps)
        return [squared >= (self.low + self.margin) ** 2, squared <= (self.high - self.margin) ** 2]

    def linear_voltages(self, withdrawn: pd.DataFrame) -> pd.DataFrame:
        """Voltages of the linear model, per unit, a column per bus; withdrawn: kW by step and VPP."""
        flows = {name: withdrawn[name].to_numpy(float) for name in withdrawn}
        squared = self.squared_voltage(flows, len(withdrawn))
        return pd.DataFrame(np.sqrt(np.maximum(squared, 0)), withdrawn.index, self.feeder.buses)


def placement_of(case: Case, feeder: Feeder, buses: str, **terms) -> Placement:
    """A placement from text such as "18 25 33": the bus of each VPP in the order of the case; `terms` as in Placement.

    Raises WrongInput unless there is one number for each VPP.
    """
    words = buses.split()
    if len(words) != len(case.names) or not all(word.isdecimal() for word in words):
        raise WrongInput(f"placement: found {buses!r}; allowed: {len(case.names)} numbers of buses")
    return Placement(feeder, dict(zip(case.names, map(int, words), strict=True)), **terms)


def withdrawal(model: Model) -> cp.Expression:
    """What passes a VPP's connection point, kW `(steps,)`: purchase less sale plus received trades."""
    through = [
        part.inject["electricity"]
        for component, part in zip(model.vpp.components, model.parts.values(), strict=True)
        if isinstance(component, Grid | Tie)
    ]
    return sum(through, cp.Constant(np.zeros(model.vpp.steps)))


def withdrawals(case: Case, dispatches: dict[str, DispatchResult]) -> pd.DataFrame:
    """Net withdrawal of each VPP, kW: a row per step, a column per VPP."""
    through = {
        vpp.name: [c.name for c in vpp.components if isinstance(c, Grid)] + ["tie"]
        for vpp in case.vpps
    }
    return pd.DataFrame(
        {
            name: result.balances["electricity"].filter(items=through[name]).sum(axis=1)
            for name, result in dispatches.items()
        }
    )


# --- the exact check ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class PowerFlow:
    """AC power flow by step. voltages: per unit, a column per bus; losses: kW; head: kW taken from the substation;
    loading: share of its largest current, a column per line (0 where lines have no max_i_ka)."""

    voltages: pd.DataFrame
    losses: pd.Series
    head: pd.Series
    loading: pd.DataFrame

    def summary(self, step_hours: float = 1.0) -> pd.Series:
        """Lowest and highest voltage (per unit) and losses over the horizon (kWh)."""
        found = {
            "lowest voltage": self.voltages.min().min(),
            "highest voltage": self.voltages.max().max(),
            "losses (kWh)": step_hours * self.losses.sum(),
        }
        if self.loading.to_numpy().max() > 0:
            found["highest line loading"] = self.loading.to_numpy().max()
        return pd.Series(found)


def power_flow(placement: Placement, withdrawn: pd.DataFrame) -> PowerFlow:
    """AC power flow of every step with the VPPs' net withdrawals in kW, a column per VPP, beside the feeder's own loads.

    VPPs exchange active power only (power factor one). Raises NotSolved if it does not converge in some step.
    """
    own, scale = placement.feeder.loads, np.broadcast_to(placement.background, (len(withdrawn),))
    active = pd.DataFrame(np.outer(scale, own["p_kw"]), withdrawn.index, own.index)
    for name, bus in placement.buses.items():
        active[bus] += withdrawn[name]
    return solve_flow(
        placement.feeder,
        active,
        pd.DataFrame(np.outer(scale, own["q_kvar"]), withdrawn.index, own.index),
    )


def solve_flow(feeder: Feeder, active: pd.DataFrame, reactive: pd.DataFrame) -> PowerFlow:
    """AC power flow of every row (power-grid-model, Newton-Raphson); active kW, reactive kvar, a column per bus.

    Raises NotSolved if it does not converge in some step.
    """
    from power_grid_model import (
        LoadGenType,
        PowerGridModel,
        initialize_array,
    )  # here: few runs need it

    buses, steps = list(feeder.loads.index), len(active)
    numbers = {bus: k for k, bus in enumerate(buses)}
    node = initialize_array("input", "node", len(buses))
    node["id"], node["u_rated"] = list(numbers.values()), 1000 * feeder.base_kv
    line = initialize_array("input", "line", len(feeder.lines))
    line["id"] = 1000 + np.arange(len(line))
    line["from_node"], line["to_node"] = (
        feeder.lines["from_bus"].map(numbers),
        feeder.lines["to_bus"].map(numbers),
    )
    line["from_status"] = line["to_status"] = 1
    line["r1"], line["x1"], line["tan1"] = feeder.lines["r_ohm"], feeder.lines["x_ohm"], 0.0
    line["c1"] = 1e-9 * feeder.lines["c_nf"] if "c_nf" in feeder.lines else 0.0
    line["i_n"] = 1000 * feeder.lines["max_i_ka"] if "max_i_ka" in feeder.lines else np.inf
    load = initialize_array("input", "sym_load", len(buses))
    load["id"], load["node"] = 10_000 + np.arange(len(buses)), list(numbers.values())
    load["status"], load["type"], load["p_specified"], load["q_specified"] = (
        1,
        LoadGenType.const_power,
        0.0,
        0.0,
    )
    source = initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"], source["u_ref"] = (
        100_000,
        numbers[feeder.source],
        1,
        feeder.source_voltage,
    )
    source["sk"] = 1e15  # a stiff substation: its bus keeps source_voltage
    change = initialize_array("update", "sym_load", (steps, len(buses)))
    change["id"] = load["id"]
    change["p_specified"], change["q_specified"] = (
        1000 * active[buses].to_numpy(),
        1000 * reactive[buses].to_numpy(),
    )
    try:
        model = PowerGridModel({"node": node, "line": line, "sym_load": load, "source": source})
        found = model.calculate_power_flow(update_data={"sym_load": change}, max_iterations=50)
    except Exception as error:  # the library has a class for each cause
        raise NotSolved(f"power flow on {feeder.name}: {str(error).splitlines()[0]}") from error
    index = active.index
    return PowerFlow(
        pd.DataFrame(found["node"]["u_pu"], index, buses),
        pd.Series((found["line"]["p_from"] + found["line"]["p_to"]).sum(axis=1) / 1000, index),
        pd.Series(found["source"]["p"][:, 0] / 1000, index),
        pd.DataFrame(found["line"]["loading"], index),
    )


def measured_power(
    folder: str | Path, steps: int, step_hours: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Active (kW) and reactive (kvar) power of every bus from loads.csv, generators.csv and profiles.csv of a feeder's
    folder, a row per step; profiles are quarters of an hour, averaged over a step. Raises WrongInput if they do not reach."""
    path = Path(folder) if Path(folder).is_dir() else DATA / folder
    loads, plants = (pd.read_csv(path / f"{name}.csv") for name in ("loads", "generators"))
    shares = pd.read_csv(path / "profiles.csv").drop(columns="time_utc")
    quarters = round(4 * step_hours)
    if quarters * steps > len(shares):
        raise WrongInput(
            f"{path.name}/profiles.csv: found {len(shares)} quarters; allowed: {quarters * steps} or more"
        )
    shares = shares.iloc[: quarters * steps].groupby(np.arange(quarters * steps) // quarters).mean()
    index, buses = pd.RangeIndex(1, steps + 1, name="step"), pd.read_csv(path / "buses.csv")["bus"]
    active, reactive = (pd.DataFrame(0.0, index, buses) for _ in range(2))
    for row in loads.itertuples():
        active[row.bus] += row.p_kw * shares[f"{row.profile}_pload"].to_numpy()
        reactive[row.bus] += row.q_kvar * shares[f"{row.profile}_qload"].to_numpy()
    for row in plants.itertuples():
        active[row.bus] -= row.p_kw * shares[f"{row.profile}_gen"].to_numpy()
    return active, reactive


def spread(case: Case, dispatches: dict[str, DispatchResult], feeder: Feeder) -> pd.DataFrame:
    """What schedules change at every bus, kW: each VPP's net withdrawal less its load and plus its available renewables,
    over its buses (column `vpp` of buses.csv) in proportion to their rated load."""
    owner = feeder.loads["vpp"]
    changed = pd.DataFrame(
        0.0, pd.RangeIndex(1, case.vpps[0].steps + 1, name="step"), feeder.loads.index
    )
    for name, total in withdrawals(case, dispatches).items():
        vpp = case.vpp(name)
        own = sum(c.demand for c in vpp.components if isinstance(c, ElectricLoad))
        own = own - sum(c.available for c in vpp.components if isinstance(c, Renewable))
        part = feeder.loads["p_kw"].where(owner == name, 0.0)
        changed += np.outer(total.to_numpy() - own, part / part.sum())
    return changed


# --- the operator at the negotiating table ------------------------------------------------------------------------
OPERATOR = "(operator)"  # in brackets: no VPP is called so


class Operator:
    """The distribution operator as an agent of the negotiation: it hears the net withdrawals that VPPs expect and answers
    with the nearest ones that keep all voltages within limits. It knows the feeder and nothing about the VPPs.

    Its answers are the negative of withdrawals, so that agreement reads like that of a trade: x_i + y_i = 0.
    """

    def __init__(self, placement: Placement, names: list[str], steps: int):
        self.placement, self.names, self.steps = placement, names, steps
        self.wish = cp.Parameter((steps, len(names)))
        self.allowed = cp.Variable((steps, len(names)))
        rows = placement.limits({name: self.allowed[:, k] for k, name in enumerate(names)}, steps)
        self.problem = cp.Problem(cp.Minimize(cp.sum_squares(self.allowed - self.wish) / 2), rows)

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        """The withdrawals nearest to pull/penalty within limits, negative, `(steps, VPPs)`."""
        self.wish.value = pull / penalty
        solve(self.problem, "clarabel", "the operator's answer")
        return -self.allowed.value

    def bound(self, multipliers: dict[tuple[str, str], np.ndarray]) -> float:
        """Its part of the Lagrangian bound: the least of sum_i m_i y_i within limits, yuan."""
        prices = np.column_stack([multipliers[name, OPERATOR] for name in self.names])
        problem = cp.Problem(
            cp.Minimize(-cp.sum(cp.multiply(prices, self.allowed))), self.problem.constraints
        )
        return solve(problem, "highs", "the operator's bound").value
