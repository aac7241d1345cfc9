"""Makes the cases simbench-semiurb (steps of 1 h) and simbench-semiurb-15min from the package simbench.

From the project's root, in an environment of its own (never the book's):

    python3 -m venv build/simbench && build/simbench/bin/pip install -r data/simbench-semiurb/requirements.txt
    build/simbench/bin/python data/simbench-semiurb/build.py

Writes case.yaml, units.csv and series.csv of both folders and the tables of grid/. kW, kWh and ohm.
"""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pandapower.topology
import pandas as pd
import simbench
from demandlib.bdew import HeatBuilding

HERE = Path(__file__).resolve().parent
FOLDERS = {1.0: HERE, 0.25: HERE.with_name("simbench-semiurb-15min")}
GRID = HERE / "grid"
CODE = "1-MV-semiurb--0-sw"
START, STEPS = (
    pd.Timestamp("2016-04-04", tz="Europe/Berlin"),
    7 * 96,
)  # the week in quarter hours, from local midnight

# --- our assumptions ----------------------------------------------------------------------------------------------
HEAT_SHARE = 0.5  # heat of the week per electric energy of the feeder's load
TURBINE, BATTERY, BATTERY_HOURS = (
    0.15,
    0.1,
    3.0,
)  # power per highest load of the year; hours of storage
LEAST, START_ENERGY = 0.25, 0.5  # share of the battery's energy
WARMTH = 9.0  # outdoor degrees Celsius, daily mean (all that the heat profiles ask for)
RIGID = [
    ("electric_load", "curtail_share"),
    ("electric_load", "shift_share"),
    ("heat_load", "curtail_share"),
]  # shares of 0
HOUSES = {
    "lv_rural": ("EFH", 5),
    "lv_semiurb": ("MFH", 5),
    "lv_urban": ("MFH", 5),
}  # profile -> standard heat profile, class
TRADE = ("GHD", 0)  # all other loads: trade, commerce, services

KINDS = {
    "lv_RES": "pv",
    "PV_MV": "pv",
    "Wind_MV": "wind",
    "Hydro_MV": "hydro",
    "Biomass_MV": "biomass",
}
SET = f"SimBench {CODE}"
SIZED = "sized by build.py from the feeder's load, see note in case.yaml"


def feeders(net) -> pd.Series:
    """VPP of each bus by its index, empty for buses of the substation: what hangs together when the busbar is away."""
    graph = pandapower.topology.create_nxgraph(net, respect_switches=True)
    graph.remove_nodes_from(net.trafo["lv_bus"])
    parts = [part for part in nx.connected_components(graph) if not part & {*net.trafo["hv_bus"]}]
    vpp = pd.Series("", net.bus.index)
    for number, part in enumerate(sorted(parts, key=min), 1):
        vpp[list(part)] = f"VPP{number}"
        named = net.bus["subnet"][list(part)].str.extract(r"_Feeder(\d)")[0]
        assert (named == str(number)).all()  # the set's own names agree
    return vpp


def profiles(net) -> pd.DataFrame:
    """All profiles of the set in the week, share of the rating; index UTC. Load profiles end in _pload and _qload.

    The set's stamps are local time without a zone (an hour is missing in March, one is double in October). The rows
    themselves are evenly spaced, so the clock is rebuilt from the first one.
    """
    found = pd.concat(
        [net.profiles[name].drop(columns="time") for name in ("load", "renewables")], axis=1
    )
    found.index = pd.date_range("2015-12-31 23:00", periods=len(found), freq="15min", tz="UTC")
    naive = pd.to_datetime(net.profiles["load"]["time"], format="%d.%m.%Y %H:%M")
    assert (naive.to_numpy() == found.index.tz_convert("Europe/Berlin").tz_localize(None)).all()
    return found


def electric(net, shares: pd.DataFrame, vpp: pd.Series) -> pd.DataFrame:
    """Load of each VPP, kW."""
    each = {k: 1e3 * load.p_mw * shares[f"{load.profile}_pload"] for k, load in net.load.iterrows()}
    return pd.DataFrame(each).T.groupby(net.load["bus"].map(vpp)).sum().T.drop(columns="")


def renewable(net, shares: pd.DataFrame, vpp: pd.Series) -> pd.DataFrame:
    """Renewable power of each VPP and kind, kW."""
    each = {k: 1e3 * plant.p_mw * shares[plant.profile] for k, plant in net.sgen.iterrows()}
    owner = [net.sgen["bus"].map(vpp), net.sgen["type"].map(KINDS)]
    return pd.DataFrame(each).T.groupby(owner).sum().T.drop(columns="", level=0)


def heat(net, shares: pd.DataFrame, vpp: pd.Series, load: pd.DataFrame) -> pd.DataFrame:
    """Heat load of each VPP, kW: standard profiles by kind of load, HEAT_SHARE of its electric energy; steps of an hour."""
    local = pd.date_range(START.tz_localize(None), periods=len(load) // 4, freq="h")
    warmth = pd.Series(WARMTH, local)
    shape = {}
    for kind, number in {*HOUSES.values(), TRADE}:
        profile = HeatBuilding(
            local,
            temperature=warmth,
            shlp_type=kind,
            building_class=number,
            wind_class=0,
            annual_heat_demand=1.0,
            name=kind,
        ).get_bdew_profile()
        shape[kind] = np.repeat(np.asarray(profile) / profile.sum(), 4)
    made = pd.DataFrame(0.0, load.index, load.columns)
    for _, row in net.load[net.load["bus"].map(vpp) != ""].iterrows():
        kind = next(
            (kind for start, (kind, _) in HOUSES.items() if row.profile.startswith(start)), TRADE[0]
        )
        energy = (
            HEAT_SHARE * 1e3 * row.p_mw * shares[f"{row.profile}_pload"].sum()
        )  # in kW quarter hours
        made[vpp[row.bus]] += energy / 4 * shape[kind]
    return made


def tariff(index: pd.DatetimeIndex) -> pd.DataFrame:
    """Study A's prices by hour of the local day."""
    day = pd.read_csv(HERE.with_name("paper-a") / "series.csv").set_index("hour")
    now = index.tz_convert("Europe/Berlin").hour + 1
    columns = ["grid_buy_yuan_per_kwh", "grid_sell_yuan_per_kwh"]
    return pd.DataFrame(day.loc[now, columns].to_numpy(), index, columns)


def study_a() -> pd.DataFrame:
    """Study A's parameters, a row each: those of all its VPPs, and of VPP1's turbine and wind plant."""
    rows = pd.read_csv(HERE.with_name("paper-a") / "units.csv").query("vpp in ['all', 'VPP1']")
    return rows[~rows["parameter"].isin(["scale", "rating"])].set_index(["component", "parameter"])


def units(net, vpp: pd.Series, top: pd.Series, warm: pd.DataFrame) -> pd.DataFrame:
    """units.csv of both cases. top: highest load of the year by VPP, kW."""
    theirs, rows = study_a(), []

    def add(owner, component, parameter, value, unit, source, status="assumed"):
        rows.append(
            [
                owner,
                component,
                parameter,
                f"{value:g}" if isinstance(value, float) else value,
                unit,
                source,
                status,
            ]
        )

    def as_in_a(component, parameter, owner="all", alias=None):
        row = theirs.loc[component, parameter]
        known = row.status != "calibrated" and alias is None
        add(
            owner,
            alias or component,
            parameter,
            row.value,
            row.unit,
            "as in data/paper-a" + (" for wind" if alias else ""),
            row.status if known else "assumed",
        )

    plants = net.sgen.groupby([net.sgen["bus"].map(vpp), net.sgen["type"].map(KINDS)])["p_mw"].sum()
    loads = net.load.groupby(net.load["bus"].map(vpp))["p_mw"].sum()
    for name in top.index:
        turbine, power = (
            np.ceil(TURBINE * top[name] / 10) * 10,
            np.ceil(BATTERY * top[name] / 10) * 10,
        )
        boiler = np.ceil(warm[name].max() / 10) * 10
        add(
            name,
            "electric_load",
            "rating",
            1e3 * loads[name],
            "kW",
            f"{SET}, rated power of the loads (a check only)",
            "open data",
        )
        add(name, "heat_load", "rating", boiler, "kW", "the boiler's power (a check only)")
        for kind, installed in plants[name].items():
            add(
                name,
                f"renewable.{kind}",
                "rating",
                1e3 * installed,
                "kW",
                f"{SET}, installed power (a check only)",
                "open data",
            )
            as_in_a("renewable.wind", "operation_cost", name, f"renewable.{kind}")
            add(
                name,
                f"renewable.{kind}",
                "carbon_quota",
                0,
                "kg/kWh",
                "unlike data/paper-a, see note in case.yaml",
            )
        add(name, "gas_turbine", "power_max", turbine, "kW", SIZED)
        add(name, "boiler", "heat_max", boiler, "kW", SIZED)
        add(name, "battery", "charge_max", power, "kW", SIZED)
        add(name, "battery", "discharge_max", power, "kW", SIZED)
        add(name, "battery", "energy_max", BATTERY_HOURS * power, "kWh", SIZED)
        add(name, "battery", "energy_min", LEAST * BATTERY_HOURS * power, "kWh", SIZED)
        add(name, "battery", "energy_start", START_ENERGY * BATTERY_HOURS * power, "kWh", SIZED)
    for component, parameter in RIGID:
        add("all", component, parameter, 0, "-", "unlike data/paper-a, see note in case.yaml")
    given = {(component, parameter) for _, component, parameter, *_ in rows}
    for component, parameter in theirs.index:
        if (component, parameter) not in given and not component.startswith("renewable"):
            as_in_a(component, parameter)
    return pd.DataFrame(
        rows, columns=["vpp", "component", "parameter", "value", "unit", "source", "status"]
    )


def description(step: float, steps: int) -> str:
    """case.yaml."""
    words, other = (
        ("1 h", "simbench-semiurb-15min") if step == 1 else ("15 min", "simbench-semiurb")
    )
    return f"""\
title: Nine feeders of a German medium-voltage grid, a week in April 2016 in steps of {words}
source: SimBench {CODE} (Meinecke et al. 2020); devices, heat and tariff are our assumptions
licence: >-
  an extract of the SimBench database, Open Database License (ODbL) 1.0, its contents Database Contents License
  (DbCL) 1.0; see LICENSE.md
currency: yuan
steps: {steps}
step_hours: {step:g}
series_source: "{SET}: load and renewables; heat by demandlib; tariff of study A by hour of the local day"
series_status: open data
timezone: Europe/Berlin
note: >-
  VPP1 to VPP9 are the nine feeders of the grid, each all buses behind one outgoing line of the substation's 20 kV
  busbar with the ring switches open as in the set. The busbar's own load (0.34 MW) and wind plant (1.5 MW) belong to no
  feeder and are left out. The week runs from Monday 4 April 2016, 0:00 local time (3 April, 22:00 UTC) to Sunday
  10 April. Load, sun, wind, hydro and biomass are the set's rated powers times its profiles; small plants in low voltage
  count as PV. {"Hourly values are means of four quarter hours." if step == 1 else "Heat is constant within an hour."}
  Case {other} has the same week in the other resolution.
  Assumed by us: heat has the shape of the German standard profiles at {WARMTH:g} C outdoors and is {100 * HEAT_SHARE:g} %
  of the feeder's electric energy; each feeder has a gas turbine of {100 * TURBINE:g} % and a battery of
  {100 * BATTERY:g} % of its highest load of the year, the battery for {BATTERY_HOURS:g} hours, and a boiler that can
  cover the heat peak alone (each rounded up to 10 kW). The
  tariff, the prices of gas and carbon, costs and efficiencies, the trade limit and fee and the limit of sales are those
  of data/paper-a: German profiles meet Chinese prices, so that results compare with study A. They say nothing about costs
  in Germany. Two things differ from study A. Renewables get no carbon quota: at its carbon price the quota is worth 0.32
  yuan/kWh, more than the feed-in price, and would cancel nearly the whole bill, so that a saving in per cent has no
  meaning. And loads are neither shed nor moved (shares 0; the payments of study A stand ready): shed load is so cheap
  there that 15 % would be cut in every hour, and load would move across the week, not only within a day. Biomass counts
  as a renewable that may be curtailed; its fuel is not counted.
"""


def write(table: pd.DataFrame, file: Path, **how) -> None:
    """A CSV file."""
    file.write_text(table.to_csv(lineterminator="\n", **how), encoding="utf-8")


def write_grid(net, vpp: pd.Series, week: pd.DataFrame) -> None:
    """The tables of grid/: what a power flow of the week needs. Buses joined by closed switches become one."""
    GRID.mkdir(exist_ok=True)
    busbar, high = net.trafo["lv_bus"].min(), net.trafo["hv_bus"].min()
    same = dict.fromkeys(net.trafo["lv_bus"], busbar) | dict.fromkeys(net.trafo["hv_bus"], high)
    joined = net.switch.query("et == 'b'")
    assert joined["closed"].all() and {*joined["bus"], *joined["element"]} == {*same}
    owner = vpp.drop([bus for bus in same if bus != busbar]).rename_axis("bus")

    lines = net.line[["from_bus", "to_bus", "length_km", "max_i_ka"]].replace(
        {"from_bus": same, "to_bus": same}
    )
    for column in ("r_ohm", "x_ohm", "c_nf"):
        lines[column] = (net.line[f"{column}_per_km"] * net.line["length_km"]).round(5)
    lines["max_i_ka"] *= net.line["df"]
    assert (
        (net.line["parallel"] == 1).all()
        and net.line["in_service"].all()
        and (net.line["g_us_per_km"] == 0).all()
    )
    away = (
        net.switch.query("et == 'l' and not closed").set_index("element")["bus"].replace(same)
    )  # one end is open
    assert away.index.is_unique
    lines["vpp"] = lines["to_bus"].map(vpp)
    columns = ["from_bus", "to_bus", "r_ohm", "x_ohm", "c_nf", "length_km", "max_i_ka", "vpp"]
    write(lines.drop(away.index)[columns], GRID / "lines.csv", index=False)
    write(
        lines.loc[away.index, columns[:-1]].assign(open_at=away),
        GRID / "open_lines.csv",
        index=False,
    )

    loads = pd.DataFrame(
        {
            "bus": net.load["bus"].replace(same),
            "vpp": net.load["bus"].map(vpp),
            "p_kw": 1e3 * net.load["p_mw"],
            "q_kvar": 1e3 * net.load["q_mvar"],
            "profile": net.load["profile"],
        }
    ).round(3)
    plants = pd.DataFrame(
        {
            "bus": net.sgen["bus"].replace(same),
            "vpp": net.sgen["bus"].map(vpp),
            "kind": net.sgen["type"].map(KINDS),
            "p_kw": 1e3 * net.sgen["p_mw"],
            "q_kvar": 1e3 * net.sgen["q_mvar"],
            "profile": net.sgen["profile"],
        }
    ).round(3)
    write(loads, GRID / "loads.csv", index=False)
    write(plants, GRID / "generators.csv", index=False)

    buses = pd.DataFrame({"vpp": owner}).join(loads.groupby("bus")[["p_kw", "q_kvar"]].sum())
    installed = plants.pivot_table(index="bus", columns="kind", values="p_kw", aggfunc="sum")
    place = net.bus["geo"].map(lambda text: json.loads(text)["coordinates"])
    buses = buses.join(installed[["pv", "wind", "hydro", "biomass"]].add_suffix("_kw"))
    buses = buses.fillna(0.0).assign(longitude=place.str[0], latitude=place.str[1])
    write(buses.round(4), GRID / "buses.csv")

    columns = [
        "sn_mva",
        "vn_hv_kv",
        "vn_lv_kv",
        "vk_percent",
        "vkr_percent",
        "pfe_kw",
        "i0_percent",
        "shift_degree",
        "tap_side",
        "tap_pos",
        "tap_neutral",
        "tap_min",
        "tap_max",
        "tap_step_percent",
    ]
    write(
        net.trafo[columns].assign(hv_bus=high, lv_bus=busbar),
        GRID / "transformers.csv",
        index=False,
    )
    levels = net.bus.loc[owner.index]
    assert (
        net.trafo["autoTapSetp"].nunique()
        == net.ext_grid["bus"].size
        == levels["vn_kv"].nunique()
        == 1
    )
    outer = net.ext_grid.iloc[0]
    (GRID / "feeder.yaml").write_text(
        f"""\
title: SimBench grid {CODE}, 20 kV, with open ring switches
source: SimBench (Meinecke et al. 2020), see LICENSE.md in the folder above
base_kv: {levels["vn_kv"].iloc[0]:g}
source_bus: {busbar}
source_voltage: {net.trafo["autoTapSetp"].iloc[0]:g}  # set point of the transformers' tap changer, per unit
voltage_low: {levels["min_vm_pu"].max():g}  # limits of the set for all its 20 kV buses, per unit
voltage_high: {levels["max_vm_pu"].min():g}
external_bus: {same.get(outer["bus"], outer["bus"])}  # beyond the transformers of transformers.csv
external_kv: {net.bus.at[outer["bus"], "vn_kv"]:g}
external_voltage: {outer["vm_pu"]:g}  # per unit
""",
        encoding="utf-8",
    )

    needed = [f"{name}_{kind}load" for name in net.load["profile"].unique() for kind in "pq"]
    shares = week[sorted(needed) + sorted(net.sgen["profile"].unique())]
    # a name stands for low-voltage loads and for the small plants behind them
    shares.columns = [
        *shares.columns[: len(needed)],
        *(f"{name}_gen" for name in shares.columns[len(needed) :]),
    ]
    shares = shares.round(4).set_axis(shares.index.strftime("%Y-%m-%dT%H:%MZ").rename("time_utc"))
    write(shares, GRID / "profiles.csv")


def main() -> None:
    net = simbench.get_simbench_net(CODE)
    vpp, year = feeders(net), profiles(net)
    quarter = pd.date_range(START.tz_convert("UTC"), periods=STEPS, freq="15min")
    week = year.loc[quarter]
    load = electric(net, week, vpp)
    green, warm = renewable(net, week, vpp), heat(net, week, vpp, load)
    write_grid(net, vpp, week)
    table = pd.concat(
        {
            (n, k): t
            for n in load
            for k, t in [("load", load[n]), ("heat", warm[n]), *green[n].items()]
        },
        axis=1,
    )
    table.columns = [f"{n.lower()}_{kind}_kw" for n, kind in table.columns]
    numbers = units(net, vpp, electric(net, year, vpp).max(), warm)
    for step, folder in FOLDERS.items():
        series = table.resample(pd.Timedelta(hours=step)).mean().round(1)
        series = series.join(tariff(series.index).map("{:.2f}".format))
        series.index = series.index.strftime("%Y-%m-%dT%H:%MZ").rename("time_utc")
        folder.mkdir(exist_ok=True)
        write(series, folder / "series.csv")
        write(numbers, folder / "units.csv", index=False)
        (folder / "case.yaml").write_text(description(step, len(series)), encoding="utf-8")


if __name__ == "__main__":
    main()
