"""AC power flow of a feeder: true voltages, losses and line loading of every step.

kW, kvar, positive where power is taken from the grid; voltages per unit of the nominal one; tables
have a row per step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd

from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.feeder import Feeder
from vppcore.grid.placement import Placement

if TYPE_CHECKING:
    from power_grid_model import PowerGridModel

MOST_ITERATIONS = 50
# short-circuit power of the substation, VA: so stiff that its bus keeps source_voltage
STIFF = 1e15
# The library numbers all objects of a grid together; each kind gets a range of its own.
FIRST_LINE = 1_000_000
FIRST_LOAD = 2_000_000
SOURCE = 3_000_000


@dataclass(frozen=True, eq=False)
class PowerFlow:
    """AC power flow by step.

    voltages: per unit, a column per bus.
    losses: kW in all lines.
    head: kW taken from the substation.
    loading: current as a share of the largest one allowed, a column per line; 0 for lines without
        such a limit (`max_i_ka`).
    """

    voltages: pd.DataFrame
    losses: pd.Series
    head: pd.Series
    loading: pd.DataFrame

    def summary(self, step_hours: float = 1.0) -> pd.Series:
        """Lowest and highest voltage (per unit), losses (kWh) and, where known, line loading.

        step_hours: length of a step, h.
        """
        numbers = {
            "lowest voltage": self.voltages.min().min(),
            "highest voltage": self.voltages.max().max(),
            "losses (kWh)": step_hours * self.losses.sum(),
        }
        highest_loading = self.loading.to_numpy().max(initial=0.0)
        if highest_loading > 0:
            numbers["highest line loading"] = highest_loading
        return pd.Series(numbers)


def power_flow(placement: Placement, withdrawn: pd.DataFrame) -> PowerFlow:
    """AC power flow of every step with the VPPs' net withdrawals beside the feeder's own loads.

    VPPs exchange active power only (power factor one).
    withdrawn: kW, a row per step, a column for each VPP that is placed; others stand elsewhere.
    Raises WrongInput for a VPP without withdrawals or a number that is none, NotSolved if no
    voltages carry the power of some step.
    """
    missing = [name for name in placement.buses if name not in withdrawn]
    if missing:
        there = ", ".join(str(name) for name in withdrawn)
        raise WrongInput(
            f"withdrawals: found {there or 'none'}; allowed: a column for each VPP on the feeder, "
            f"also for {', '.join(missing)}"
        )
    customers = placement.feeder.loads
    factor = np.broadcast_to(placement.background, (len(withdrawn),))
    index = withdrawn.index
    active = pd.DataFrame(np.outer(factor, customers["p_kw"]), index, customers.index)
    reactive = pd.DataFrame(np.outer(factor, customers["q_kvar"]), index, customers.index)
    for name, bus in placement.buses.items():
        active[bus] += withdrawn[name]
    return solve_flow(placement.feeder, active, reactive)


def solve_flow(feeder: Feeder, active: pd.DataFrame, reactive: pd.DataFrame) -> PowerFlow:
    """AC power flow of every row, by power-grid-model (Newton-Raphson).

    Cables are charged at 50 Hz where lines have a capacitance `c_nf`. Lines of 0 ohm are exact: the
    buses at their ends are one.
    active, reactive: kW and kvar, a row per step, a column per bus.
    Raises WrongInput for a missing bus or a number that is none, NotSolved if no voltages carry the
    power of some step.
    """
    check_powers(feeder, active, reactive)
    node_of = nodes_of(feeder)
    solved = calculated(feeder, node_of, active, reactive)
    index = active.index
    columns = [node_of[bus] for bus in feeder.loads.index]
    voltages = pd.DataFrame(solved["node"]["u_pu"][:, columns], index, feeder.loads.index)
    line_losses = solved["line"]["p_from"] + solved["line"]["p_to"]
    return PowerFlow(
        voltages=voltages,
        losses=pd.Series(line_losses.sum(axis=1) / 1000, index),
        head=pd.Series(solved["source"]["p"][:, 0] / 1000, index),
        loading=line_loading(feeder, solved, active, reactive, voltages),
    )


def check_powers(feeder: Feeder, active: pd.DataFrame, reactive: pd.DataFrame) -> None:
    """Raises WrongInput if a bus has no column, or a cell no finite number.

    The library would take what is missing for zero.
    """
    faults = []
    for name, unit, table in (("active", "kW", active), ("reactive", "kvar", reactive)):
        missing = [str(bus) for bus in feeder.loads.index if bus not in table]
        if missing:
            faults.append(
                f"{name} power: found no column for bus {', '.join(missing)}; "
                f"allowed: a column for each bus of {feeder.name}"
            )
        wrong = ~np.isfinite(table.to_numpy(float))
        for row, column in np.argwhere(wrong)[:3]:
            faults.append(
                f"{name} power, step {table.index[row]}, bus {table.columns[column]}: "
                f"found {table.iat[row, column]}; allowed: a finite number of {unit}"
            )
    if faults:
        raise WrongInput(*faults)


# --- the grid as the library sees it ------------------------------------------------------------
def nodes_of(feeder: Feeder) -> dict[Any, int]:
    """Bus -> number of its electrical node: buses that a line of 0 ohm joins are one."""
    joined: nx.Graph = nx.Graph()
    joined.add_nodes_from(feeder.loads.index)
    short = feeder.lines[feeder.has_no_impedance]
    joined.add_edges_from(zip(short["from_bus"], short["to_bus"], strict=True))
    node_of: dict[Any, int] = {}
    for bus in feeder.loads.index:
        if bus not in node_of:
            number = len(set(node_of.values()))
            node_of |= dict.fromkeys(nx.node_connected_component(joined, bus), number)
    return node_of


def calculated(
    feeder: Feeder, node_of: dict[Any, int], active: pd.DataFrame, reactive: pd.DataFrame
) -> dict[str, np.ndarray]:
    """What the library finds for every step, by kind of object: arrays (steps, objects), W and var.

    Raises NotSolved if no voltages are found that carry the power of some step.
    """
    # here, not at the top: loading the library takes time, and few runs need it
    from power_grid_model import ComponentType, PowerGridModel, initialize_array
    from power_grid_model.errors import PowerGridError

    nodes = np.array([node_of[bus] for bus in feeder.loads.index])
    count = nodes.max() + 1
    change = initialize_array("update", "sym_load", (len(active), count))
    change["id"] = FIRST_LOAD + np.arange(count)
    change["p_specified"] = 1000 * summed_by_node(active[feeder.loads.index], nodes)
    change["q_specified"] = 1000 * summed_by_node(reactive[feeder.loads.index], nodes)
    try:
        model = PowerGridModel(objects_of(feeder, node_of, count))
        found = model.calculate_power_flow(
            update_data={ComponentType.sym_load: change},
            max_iterations=MOST_ITERATIONS,
            continue_on_batch_error=True,
        )
    except PowerGridError as error:
        raise NotSolved(
            f"power flow on {feeder.name}: the lines and powers make no grid that can be calculated"
        ) from error
    refuse_unsolved(feeder, model, active)
    solved = {kind.value: table for kind, table in found.items()}
    if "line" not in solved:  # all lines have 0 ohm
        solved["line"] = initialize_array("sym_output", "line", (len(active), 0))
    return solved


def summed_by_node(powers: pd.DataFrame, nodes: np.ndarray) -> np.ndarray:
    """Powers by step and bus summed by electrical node, `(steps, nodes)`."""
    totals = np.zeros((len(powers), nodes.max() + 1))
    for column, node in enumerate(nodes):
        totals[:, node] += powers.iloc[:, column].to_numpy(float)
    return totals


def objects_of(feeder: Feeder, node_of: dict[Any, int], count: int) -> dict[str, np.ndarray]:
    """The grid in the library's own tables: nodes, lines, a load at each node and the source.

    Lines of 0 ohm are left out; count: number of nodes.
    """
    from power_grid_model import LoadGenType, initialize_array

    node = initialize_array("input", "node", count)
    node["id"] = np.arange(count)
    node["u_rated"] = 1000 * feeder.base_kv

    lines = feeder.lines[~feeder.has_no_impedance]
    line = initialize_array("input", "line", len(lines))
    line["id"] = FIRST_LINE + np.arange(len(lines))
    line["from_node"] = lines["from_bus"].map(node_of)
    line["to_node"] = lines["to_bus"].map(node_of)
    line["from_status"] = 1
    line["to_status"] = 1
    line["r1"] = lines["r_ohm"]
    line["x1"] = lines["x_ohm"]
    line["c1"] = 1e-9 * feeder.capacitance[~feeder.has_no_impedance]  # nF -> F
    line["tan1"] = 0.0
    line["i_n"] = 1000 * feeder.current_limit[~feeder.has_no_impedance]  # kA -> A

    load = initialize_array("input", "sym_load", count)
    load["id"] = FIRST_LOAD + np.arange(count)
    load["node"] = np.arange(count)
    load["status"] = 1
    load["type"] = LoadGenType.const_power
    load["p_specified"] = 0.0
    load["q_specified"] = 0.0

    source = initialize_array("input", "source", 1)
    source["id"] = SOURCE
    source["node"] = node_of[feeder.source]
    source["status"] = 1
    source["u_ref"] = feeder.source_voltage
    source["sk"] = STIFF
    return {"node": node, "line": line, "sym_load": load, "source": source}


def refuse_unsolved(feeder: Feeder, model: PowerGridModel, active: pd.DataFrame) -> None:
    """Raises NotSolved, naming step and largest power, if the library gave some steps up."""
    if model.batch_error is None:
        return
    failed = model.batch_error.failed_scenarios
    power = active.iloc[int(failed[0])]
    largest = power.abs().idxmax()
    what = "takes" if power[largest] >= 0 else "feeds in"
    others = f" (and of {len(failed) - 1} more)" if len(failed) > 1 else ""
    raise NotSolved(
        f"power flow on {feeder.name}: found no voltages that carry the power of step "
        f"{power.name}{others}, {power.sum():,.0f} kW in all, "
        f"of which bus {largest} {what} {abs(power[largest]):,.0f}; "
        "allowed: less power far from the substation, or lines of less resistance",
        status="limit",
    )


# --- loading ------------------------------------------------------------------------------------
def line_loading(
    feeder: Feeder,
    solved: dict[str, np.ndarray],
    active: pd.DataFrame,
    reactive: pd.DataFrame,
    voltages: pd.DataFrame,
) -> pd.DataFrame:
    """Current of each line as a share of the largest one allowed, a row per step."""
    loading = pd.DataFrame(0.0, active.index, range(len(feeder.lines)))
    loading.loc[:, ~feeder.has_no_impedance] = solved["line"]["loading"]
    if not np.isfinite(feeder.current_limit[feeder.has_no_impedance]).any():
        return loading
    power = power_through_lines(feeder, solved, active, reactive)
    for row in np.flatnonzero(feeder.has_no_impedance).tolist():
        kilovolts = feeder.base_kv * voltages[feeder.lines["to_bus"].iat[row]]
        kiloamperes = np.abs(power[row]) / 1000 / (np.sqrt(3) * kilovolts)
        loading[row] = kiloamperes / feeder.current_limit[row]
    return loading


def power_through_lines(
    feeder: Feeder, solved: dict[str, np.ndarray], active: pd.DataFrame, reactive: pd.DataFrame
) -> dict[int, np.ndarray]:
    """What each line takes at its end towards the source, kW + j kvar `(steps,)`, by its row.

    Through a line of 0 ohm flows what its far bus takes and what the lines behind it take.
    """
    calculated_rows = np.flatnonzero(~feeder.has_no_impedance)
    power: dict[int, np.ndarray] = {}
    into = {bus: active[bus].to_numpy() + 1j * reactive[bus].to_numpy() for bus in active}
    for parent, child, row in reversed(feeder.outwards()):
        if feeder.has_no_impedance[row]:
            power[row] = into[child]
        else:
            end = "from" if feeder.lines["from_bus"].iat[row] == parent else "to"
            place = int(np.searchsorted(calculated_rows, row))
            watts = solved["line"][f"p_{end}"][:, place]
            vars_ = solved["line"][f"q_{end}"][:, place]
            power[row] = (watts + 1j * vars_) / 1000
        into[parent] = into[parent] + power[row]
    return power
