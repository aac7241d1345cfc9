"""AC power flow of a feeder, before and after cooperation.

kW, kvar; voltages per unit; tables have a row per step.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import ElectricLoad, Renewable
from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.feeder import Feeder
from vppcore.grid.placement import (
    Placement,
    withdrawals,
)
from vppcore.places import DATA
from vppcore.schedule import DispatchResult


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
