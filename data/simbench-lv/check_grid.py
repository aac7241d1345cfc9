"""Compares the tables of grid/ with the grid they were taken from.

Runs a power flow of every third hour of the week and of the rated state twice: with pandapower on SimBench's own grid and
with power-grid-model on nothing but the tables. Both have what the tables hold: of members load and sun, of all others
everything. In the environment of build.py:

    build/simbench/bin/python data/simbench-lv/check_grid.py
"""

from __future__ import annotations

import numpy as np
import pandapower
import pandas as pd
import yaml
from power_grid_model import LoadGenType, PowerGridModel, initialize_array
from simbench import get_simbench_net

# isort: split
from build import CODE, GRID, HERE, clocked, kind_of, members, roofs

EVERY = 12  # quarter hours
MOST = 1e-3  # per unit: the tables leave out what the transformer takes without load


def table(name: str) -> pd.DataFrame:
    """A table of grid/."""
    return pd.read_csv(GRID / f"{name}.csv", keep_default_na=False)


def array(kind: str, length: int, first: int, **columns) -> np.ndarray:
    """An input array of power-grid-model with ids from `first`."""
    made = initialize_array("input", kind, length)
    for name, values in {"id": first + np.arange(length), **columns}.items():
        made[name] = values
    return made


def network() -> dict[str, np.ndarray]:
    """The grid of the tables, loads and plants at zero; node ids are the numbers of the buses."""
    about = yaml.safe_load((GRID / "feeder.yaml").read_text(encoding="utf-8"))
    buses, lines, loads, plants = (table(n) for n in ("buses", "lines", "loads", "generators"))
    power = {"status": 1, "type": LoadGenType.const_power, "p_specified": 0.0, "q_specified": 0.0}
    node = initialize_array("input", "node", len(buses))
    node["id"], node["u_rated"] = buses["bus"], 1e3 * about["base_kv"]
    return {
        "node": node,
        "line": array(
            "line", len(lines), 1000, from_node=lines["from_bus"], to_node=lines["to_bus"], from_status=1, to_status=1,
            r1=lines["r_ohm"], x1=lines["x_ohm"], c1=1e-9 * lines["c_nf"], tan1=0.0, i_n=1e3 * lines["max_i_ka"]),
        "sym_load": array("sym_load", len(loads), 3000, node=loads["bus"], **power),
        "sym_gen": array("sym_gen", len(plants), 4000, node=plants["bus"], **power),
        "source": array("source", 1, 5000, node=about["source_bus"], status=1, u_ref=about["source_voltage"], sk=1e15),
    }  # fmt: skip


def from_tables(shares: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Voltages (states, buses) per unit and loading of the transformer (states), by power-grid-model."""
    loads, plants, inputs = table("loads"), table("generators"), network()
    change = {}
    for kind, units, ending in (("sym_load", loads, "_pload"), ("sym_gen", plants, "_gen")):
        change[kind] = initialize_array("update", kind, (len(shares), len(units)))
        change[kind]["id"] = inputs[kind]["id"]
        now = shares[units["profile"] + ending].to_numpy()
        change[kind]["p_specified"] = 1e3 * units["p_kw"].to_numpy() * now
        change[kind]["q_specified"] = 0.0
    reactive = loads["q_kvar"].to_numpy() * shares[loads["profile"] + "_qload"].to_numpy()
    change["sym_load"]["q_specified"] = 1e3 * reactive
    found = PowerGridModel(inputs).calculate_power_flow(update_data=change, error_tolerance=1e-10)
    return found["node"]["u_pu"], found["line"]["loading"][:, 0]


def from_simbench(net, now: pd.Series) -> tuple[np.ndarray, float]:
    """The same of one state on SimBench's own grid, by pandapower."""
    is_there = (net.load["profile"].map(kind_of) == "load") | ~net.load["bus"].isin(members(net))
    for column, ending in (("p_mw", "_pload"), ("q_mvar", "_qload")):
        shares = (net.load["profile"] + ending).map(now)
        net.load[column] = (net.load["rated", column] * shares).where(is_there, 0.0)
    net.storage["in_service"] = False
    net.sgen["p_mw"] = net.sgen["rated"] * net.sgen["profile"].map(now)
    pandapower.runpp(net, numba=False, tolerance_mva=1e-9)
    return net.res_bus["vm_pu"].to_numpy(), float(net.res_trafo["loading_percent"].iloc[0]) / 100


def main() -> None:
    net = get_simbench_net(CODE)
    # the set has the tap at +1; without a type, which it does not give, pandapower leaves taps out
    net.trafo["tap_changer_type"] = "Ratio"
    stored = table("profiles").set_index("time_utc")
    series = pd.read_csv(HERE / "series.csv").set_index("time_utc")
    loads = table("loads")
    for bus, name in members(net).items():
        own = loads[loads["bus"] == bus]
        power = stored[own["profile"] + "_pload"].to_numpy() @ own["p_kw"].to_numpy()
        off = np.abs(power.reshape(-1, 4).mean(axis=1) - series[f"{name.lower()}_load_kw"]).max()
        assert off < 0.01, (name, off)  # both are rounded
    chosen = stored.iloc[::EVERY]
    states = pd.concat([chosen, pd.DataFrame(1.0, ["rated"], stored.columns)])
    voltages, loading = from_tables(states)
    exact = clocked(net, "load", "renewables", "storage")
    for column in ("p_mw", "q_mvar"):
        net.load["rated", column] = net.load[column]
    extra = roofs(net)[["bus", "p_kw", "profile"]]
    net.sgen = net.sgen.iloc[:0]
    for roof in extra.itertuples():
        pandapower.create_sgen(net, roof.bus, roof.p_kw / 1e3, profile=roof.profile)
    net.sgen["profile"], net.sgen["rated"] = extra["profile"].to_numpy(), net.sgen["p_mw"]
    theirs = []
    for state in states.index:
        now = exact.loc[pd.Timestamp(state)] if state != "rated" else pd.Series(1.0, exact.columns)
        theirs.append(from_simbench(net, now))
    low = (net.bus["vn_kv"] < 1).to_numpy()
    found = np.array([voltage for voltage, _ in theirs])[:, low]
    heaviest = np.array([load for _, load in theirs])
    print(f"{len(states) - 1} states of the week and the rated one, {low.sum()} buses")
    print(
        f"pandapower: voltages {found[:-1].min():.4f} to {found[:-1].max():.4f} p.u. in the week, "
        f"{found[-1].min():.4f} to {found[-1].max():.4f} in the rated state; transformer up to "
        f"{heaviest[:-1].max():.2f} of its rating in the week, {heaviest[-1]:.2f} in the rated state"
    )
    off = np.abs(voltages[:, low] - found)
    print(
        f"largest difference: voltage {off[:-1].max():.1e} p.u. in the week, {off[-1].max():.1e} in the rated state; "
        f"loading {np.abs(loading - heaviest)[:-1].max():.1e} and {abs(loading[-1] - heaviest[-1]):.1e}"
    )
    assert off.max() < MOST


if __name__ == "__main__":
    main()
