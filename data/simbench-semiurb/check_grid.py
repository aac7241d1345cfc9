"""Compares the tables of grid/ with the grid they were taken from.

Runs a power flow of every third hour of the week and of the rated state twice: with pandapower on SimBench's own grid and
with power-grid-model on nothing but the tables. In the environment of build.py:

    build/simbench/bin/python data/simbench-semiurb/check_grid.py
"""

from __future__ import annotations

import numpy as np
import pandapower
import pandas as pd
import yaml
from power_grid_model import BranchSide, LoadGenType, PowerGridModel, WindingType, initialize_array
from simbench import get_simbench_net

# isort: split
from build import CODE, GRID, HERE, profiles

EVERY = 12  # quarter hours


def table(name: str) -> pd.DataFrame:
    """A table of grid/."""
    return pd.read_csv(GRID / f"{name}.csv", keep_default_na=False)


def array(kind: str, length: int, first: int, **columns) -> np.ndarray:
    """An input array of power-grid-model with ids from `first`."""
    made = initialize_array("input", kind, length)
    for name, values in {"id": first + np.arange(length), **columns}.items():
        made[name] = values
    return made


def network(about: dict) -> dict[str, np.ndarray]:
    """The grid as operated, loads and plants at zero; node ids are the numbers of the buses."""
    buses, trafos, loads, plants = (
        table(n) for n in ("buses", "transformers", "loads", "generators")
    )
    lines = pd.concat(
        [table("lines"), table("open_lines")]
    )  # an open line is still charged from its closed end
    node = initialize_array("input", "node", len(buses) + 1)
    node["id"] = [about["external_bus"], *buses["bus"]]
    node["u_rated"] = 1e3 * np.array([about["external_kv"], *[about["base_kv"]] * len(buses)])
    volts = 1e3 * trafos["vn_hv_kv"]
    return {
        "node": node,
        "line": array(
            "line", len(lines), 1000, from_node=lines["from_bus"], to_node=lines["to_bus"],
            from_status=lines["open_at"] != lines["from_bus"], to_status=lines["open_at"] != lines["to_bus"],
            r1=lines["r_ohm"], x1=lines["x_ohm"], c1=1e-9 * lines["c_nf"], tan1=0.0, i_n=1e3 * lines["max_i_ka"]),
        "transformer": array(
            "transformer", len(trafos), 2000, from_node=trafos["hv_bus"], to_node=trafos["lv_bus"], from_status=1, to_status=1,
            u1=volts, u2=1e3 * trafos["vn_lv_kv"], sn=1e6 * trafos["sn_mva"], uk=trafos["vk_percent"] / 100,
            pk=1e6 * trafos["sn_mva"] * trafos["vkr_percent"] / 100, i0=trafos["i0_percent"] / 100, p0=1e3 * trafos["pfe_kw"],
            winding_from=WindingType.wye, winding_to=WindingType.delta, clock=trafos["shift_degree"] / 30,
            tap_side=BranchSide.from_side, tap_pos=trafos["tap_pos"], tap_nom=trafos["tap_neutral"], tap_min=trafos["tap_min"],
            tap_max=trafos["tap_max"], tap_size=volts * trafos["tap_step_percent"] / 100),
        "sym_load": array("sym_load", len(loads), 3000, node=loads["bus"], status=1, type=LoadGenType.const_power,
                          p_specified=0.0, q_specified=0.0),
        "sym_gen": array("sym_gen", len(plants), 4000, node=plants["bus"], status=1, type=LoadGenType.const_power,
                         p_specified=0.0, q_specified=0.0),
        "source": array("source", 1, 5000, node=about["external_bus"], status=1, u_ref=about["external_voltage"], sk=1e15),
    }  # fmt: skip


def from_tables(shares: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voltages (states, 20 kV buses), line losses and power from the external grid (states), kW, by power-grid-model."""
    about = yaml.safe_load((GRID / "feeder.yaml").read_text(encoding="utf-8"))
    loads, plants, inputs = table("loads"), table("generators"), network(about)
    change = {}
    for kind, units, (p, q) in (
        ("sym_load", loads, ("_pload", "_qload")),
        ("sym_gen", plants, ("_gen", "_gen")),
    ):
        change[kind] = initialize_array("update", kind, (len(shares), len(units)))
        change[kind]["id"] = inputs[kind]["id"]
        change[kind]["p_specified"] = (
            1e3 * units["p_kw"].to_numpy() * shares[units["profile"] + p].to_numpy()
        )
        change[kind]["q_specified"] = (
            1e3 * units["q_kvar"].to_numpy() * shares[units["profile"] + q].to_numpy()
        )
    found = PowerGridModel(inputs).calculate_power_flow(update_data=change, error_tolerance=1e-10)
    losses = (found["line"]["p_from"] + found["line"]["p_to"]).sum(axis=1) / 1e3
    return found["node"]["u_pu"][:, 1:], losses, found["source"]["p"][:, 0] / 1e3


def from_simbench(
    net, loads: pd.DataFrame, plants: pd.DataFrame, buses: pd.Series
) -> tuple[np.ndarray, float, float]:
    """The same of one state on SimBench's own grid, by pandapower."""
    net.load[["p_mw", "q_mvar"]], net.sgen["p_mw"] = loads, plants
    pandapower.runpp(net, numba=False, tolerance_mva=1e-8)
    return (
        net.res_bus["vm_pu"][buses].to_numpy(),
        1e3 * net.res_line["pl_mw"].sum(),
        1e3 * net.res_ext_grid["p_mw"].sum(),
    )


def main() -> None:
    net = get_simbench_net(CODE)
    stored = table("profiles").set_index("time_utc")
    series = pd.read_csv(HERE.with_name("simbench-semiurb-15min") / "series.csv")
    loads = table("loads")
    for name, own in loads[loads["vpp"] != ""].groupby("vpp"):
        sum_of_buses = stored[own["profile"] + "_pload"].to_numpy() @ own["p_kw"].to_numpy()
        off = np.abs(sum_of_buses - series[f"{name.lower()}_load_kw"]).max()
        assert off < 0.4, (name, off)  # both are rounded
    chosen = stored.iloc[::EVERY]
    states = pd.concat([chosen, pd.DataFrame(1.0, ["rated"], stored.columns)])
    ours = from_tables(states)
    exact, load, plant = profiles(net), net.load.copy(), net.sgen.copy()
    theirs = []
    for state in states.index:
        now = exact.loc[pd.Timestamp(state)] if state != "rated" else pd.Series(1.0, exact.columns)
        shares = pd.DataFrame(
            {
                "p_mw": load["p_mw"] * now[load["profile"] + "_pload"].to_numpy(),
                "q_mvar": load["q_mvar"] * now[load["profile"] + "_qload"].to_numpy(),
            }
        )
        theirs.append(
            from_simbench(
                net, shares, plant["p_mw"] * plant["profile"].map(now), table("buses")["bus"]
            )
        )
    voltages, losses, head = (np.array(column) for column in zip(*theirs, strict=True))
    print(f"{len(states) - 1} states of the week and the rated one, {voltages.shape[1]} buses")
    print(
        f"pandapower: voltages {voltages[:-1].min():.4f} to {voltages[:-1].max():.4f} p.u. in the week, "
        f"{voltages[-1].min():.4f} to {voltages[-1].max():.4f} in the rated state"
    )
    print(
        f"largest difference: voltage {np.abs(ours[0] - voltages).max():.1e} p.u., line losses "
        f"{np.abs(ours[1] - losses).max():.2g} kW, power from the external grid {np.abs(ours[2] - head).max():.2g} kW"
    )
    assert np.abs(ours[0] - voltages).max() < 1e-5


if __name__ == "__main__":
    main()
