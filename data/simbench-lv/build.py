"""Makes the case simbench-lv from the package simbench: seven connections of a low-voltage grid, a week in hours.

From the project's root, in an environment of its own (never the book's):

    python3 -m venv build/simbench && build/simbench/bin/pip install -r data/simbench-semiurb/requirements.txt
    build/simbench/bin/python data/simbench-lv/build.py

Writes case.yaml, units.csv and series.csv, and the tables of grid/. kW, kWh and ohm.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import simbench

HERE = Path(__file__).resolve().parent
GRID = HERE / "grid"
CODE, MARKET = (
    "1-LV-rural1--2-sw",
    "1-MV-semiurb--0-sw",
)  # the street; whose residual load shapes the prices
ZONE = "Europe/Berlin"
START, DAYS = pd.Timestamp("2016-03-01", tz=ZONE), 7  # local midnight, a Tuesday
QUARTER = pd.Timedelta(minutes=15)
SET = f"SimBench {CODE}"
STREET = (
    2,
    3,
    8,
    9,
    10,
    11,
    13,
)  # buses of the members: two of the four cables that leave the transformer

# --- our assumptions ----------------------------------------------------------------------------------------------
FLOW, SOURCES = (
    45.0,
    {"Air": (0.40, 5.0), "Soil": (0.55, 0.0)},
)  # degC; share of Carnot (VDE ETG 2015), degC
TANK_HOURS, TANK_LOSS = 2.0, 0.01  # energy per rated heat of the pump; lost per hour
CAR_ENERGY, CAR_EFFICIENCY = 50.0, 0.9  # kWh; charging
LEAVES = 7  # the hour at which a car leaves on the day of its next plugging in
AWAY = 2  # hours that it is away at least
SAME_VISIT = pd.Timedelta(hours=4)  # pauses shorter than this do not part two charges
ROUND_TRIP = "efficiency_percent of the set, taken as that of a round trip, half of it each way"
LEAST, START_ENERGY = 0.0, 0.5  # share of the battery's energy
WEAR = 0.01  # EUR/kWh charged and discharged
SPOT_MEAN, SPOT_SPREAD = 0.08, 0.04  # EUR/kWh: mean and standard deviation
ON_TOP = 0.20  # EUR/kWh: network fee 0.09, levies and taxes 0.09, margin 0.02
FEED_IN = 0.07  # EUR/kWh
FLAT = ("House13",)  # pays the mean of the dynamic price at all times
PEAK = 5.0  # EUR/kW a month
TRADE_LIMIT, CROSSING = 40.0, 0.02  # kW; EUR/kWh, each side

PUMPS, CARS = ("Air", "Soil"), ("HLS",)


@dataclass(frozen=True)
class Visit:
    """A car that is plugged in: from when on, and what the set charges, kWh."""

    first: pd.Timestamp
    last: pd.Timestamp
    energy: float


def kind_of(profile: str) -> str:
    """What a load of the set is: pump, car or load."""
    source = profile.split("_")[0]
    return "pump" if source in PUMPS else "car" if source in CARS else "load"


def clocked(net, *tables: str) -> pd.DataFrame:
    """Profiles of a set, share of the rating; index UTC. Its naive local stamps are rebuilt from the first."""
    found = pd.concat([net.profiles[name].drop(columns="time") for name in tables], axis=1)
    found.index = pd.date_range("2015-12-31 23:00", periods=len(found), freq=QUARTER, tz="UTC")
    naive = pd.to_datetime(net.profiles["load"]["time"], format="%d.%m.%Y %H:%M")
    assert (naive.to_numpy() == found.index.tz_convert(ZONE).tz_localize(None)).all()
    return found


def the_week(table: pd.DataFrame) -> pd.DataFrame:
    """The quarters of an hour of the week."""
    first = START.tz_convert("UTC")
    return table.loc[first : first + pd.Timedelta(days=DAYS) - QUARTER]


def hourly(table):
    """Means of four quarters."""
    return table.resample("h").mean()


def members(net) -> dict[int, str]:
    """Bus of STREET -> name of the member: a house where the set has a household, else a farm."""
    base = net.load[net.load["profile"].map(kind_of) == "load"].sort_values("bus")
    assert base["bus"].is_unique and len(base) == len(net.line)
    is_house = base["profile"].str.startswith("H0")
    return {
        bus: f"{'House' if house else 'Farm'}{bus}"
        for bus, house in zip(base["bus"], is_house, strict=True)
        if bus in STREET
    }


def roofs(net) -> pd.DataFrame:
    """All PV: bus, p_kw, profile.

    A store of the set, Storage_PV8_L1-A say, is a roof PV8 of its power with a battery. A member's is taken apart; of
    others the set's profile has both.
    """
    plants = pd.DataFrame(
        {"bus": net.sgen["bus"], "p_kw": 1e3 * net.sgen["p_mw"], "profile": net.sgen["profile"]}
    )
    stores = pd.DataFrame(
        {
            "bus": net.storage["bus"],
            "p_kw": -1e3 * net.storage["p_mw"],
            "profile": [
                name.split("_")[1] if bus in STREET else name
                for bus, name in zip(net.storage["bus"], net.storage["profile"], strict=True)
            ],
        }
    )
    found = pd.concat([plants, stores], ignore_index=True).sort_values("bus")
    assert found["bus"].is_unique
    return found


# --- cars -----------------------------------------------------------------------------------------------------------
def visits(power: pd.Series) -> list[Visit]:
    """When a car is plugged in, from its charging profile: kW by quarter of an hour, local time."""
    charging = power[power > 0]
    parts = (charging.index.to_series().diff() > SAME_VISIT).cumsum()
    return [
        Visit(part.index[0], part.index[-1] + QUARTER, float(part.sum() / 4))
        for _, part in charging.groupby(parts)
    ]


def leaving(visit: Visit, before: Visit | None) -> pd.Timestamp:
    """When a car left that is plugged in again: at LEAVES of that day, or AWAY hours before where that is too late."""
    morning = visit.first.normalize() + pd.Timedelta(hours=LEAVES)
    late = visit.first.floor("h") - pd.Timedelta(hours=AWAY)
    came_back = before is not None and before.last > morning
    return late if came_back or morning > late else morning


def car_series(power: pd.Series) -> pd.DataFrame:
    """there: share of each hour in which the car is plugged in; energy: kWh of the trip that begins. Index UTC."""
    quarters = pd.Series(1.0, power.index)
    hours = hourly(quarters)
    energy, before = 0.0 * hours, None
    for visit in visits(power):
        left = leaving(visit, before)
        assert before is None or before.last <= left
        quarters[(quarters.index >= left) & (quarters.index < visit.first)] = 0.0
        energy[left] += CAR_EFFICIENCY * visit.energy
        before = visit
    made = pd.DataFrame({"there": hourly(quarters), "energy": energy.round(3)})
    return made.tz_convert("UTC")


# --- tariff -----------------------------------------------------------------------------------------------------------
def spot() -> pd.Series:
    """A price by hour, EUR/kWh, that rises in proportion to the residual load of MARKET in the week."""
    net = simbench.get_simbench_net(MARKET)
    shares = the_week(clocked(net, "load", "renewables"))
    load = sum(each.p_mw * shares[f"{each.profile}_pload"] for each in net.load.itertuples())
    given = sum(each.p_mw * shares[each.profile] for each in net.sgen.itertuples())
    residual = hourly(load - given)
    return SPOT_MEAN + SPOT_SPREAD * (residual - residual.mean()) / residual.std(ddof=0)


# --- the case -----------------------------------------------------------------------------------------------------------
def performance(profile: str) -> float:
    """COP of a heat pump by its source: a share of what Carnot allows."""
    share, source = SOURCES[profile.split("_")[0]]
    return round(share * (FLOW + 273.15) / (FLOW - source), 2)


def rows_and_series(net, shares: pd.DataFrame) -> tuple[list[list], dict[str, pd.Series]]:
    """units.csv and the columns of series.csv, member by member."""
    names, rows, series, cars = members(net), [], {}, {}

    def add(owner, component, numbers: dict[str, tuple], source, status="open data"):
        for parameter, (value, unit) in numbers.items():
            said = f"{value:g}" if isinstance(value, float) else value
            rows.append([owner, component, parameter, said, unit, source, status])

    street = net.load[net.load["bus"].isin(names)]
    for load in street.sort_values(["bus", "name"]).itertuples():
        name, rated = names[load.bus], 1e3 * load.p_mw
        low = name.lower()
        power = rated * shares[f"{load.profile}_pload"]
        kind = kind_of(load.profile)
        if kind == "load":
            add(name, "electric_load", {"rating": (rated, "kW")}, f"{SET}, {load.name}, profile {load.profile} (a check only)")  # fmt: skip
            series[f"{low}_load_kw"] = hourly(power).round(3)
        elif kind == "pump":
            cop = performance(load.profile)
            heat = float(np.ceil(10 * cop * rated) / 10)
            series[f"{low}_heat_kw"] = (cop * hourly(power)).round(3)
            add(
                name,
                "heat_load",
                {"rating": (heat, "kW")},
                "the heat pump's (a check only)",
                "assumed",
            )
            add(name, "heat_pump", {"heat_max": (heat, "kW")}, f"{SET}, {load.name}, profile {load.profile}: rated power times COP, rounded up")  # fmt: skip
            share, warmth = SOURCES[load.profile.split("_")[0]]
            add(name, "heat_pump", {"performance": (cop, "-")}, f"{share:g} of Carnot (VDE ETG 2015) from {warmth:g} to {FLOW:g} degC", "assumed")  # fmt: skip
            energy = round(TANK_HOURS * heat, 1)
            tank = {
                "energy_min": (0, "kWh"),
                "energy_max": (energy, "kWh"),
                "energy_start": (energy / 2, "kWh"),
                "charge_max": (heat, "kW"),
                "discharge_max": (heat, "kW"),
                "self_discharge": (TANK_LOSS, "-"),
            }
            add(name, "heat_store", tank, f"our choice: a tank for {TANK_HOURS:g} hours of the heat pump", "assumed")  # fmt: skip
        else:
            cars[name] = cars.get(name, 0) + 1
            label = f"car{cars[name]}"
            car = car_series(power.tz_convert(ZONE))
            series[f"{low}_{label}_availability_share"] = car["there"]
            series[f"{low}_{label}_energy_needed_kwh"] = car["energy"]
            component = f"electric_vehicle.{label}"
            add(name, component, {"charge_max": (rated, "kW")}, f"{SET}, {load.name}, profile {load.profile}")  # fmt: skip
            add(name, component, {"energy_max": (CAR_ENERGY, "kWh"), "charge_efficiency": (CAR_EFFICIENCY, "-")}, "our choice", "assumed")  # fmt: skip
    for roof in roofs(net).query("bus in @names").itertuples():
        name = names[roof.bus]
        add(name, "renewable.pv", {"rating": (round(roof.p_kw, 1), "kW")}, f"{SET}, profile {roof.profile} (a check only)")  # fmt: skip
        series[f"{name.lower()}_pv_kw"] = hourly(roof.p_kw * shares[roof.profile]).round(2)
    stores = net.storage.rename(columns={"self-discharge_percent_per_day": "lost_percent_per_day"})
    for store in stores.query("bus in @names").sort_values("bus").itertuples():
        add_battery(add, names[store.bus], store)
    for name in FLAT:
        assert name in names.values()
    tariff_rows(add)
    return sorted_rows(rows, names), series


def add_battery(add, name: str, store) -> None:
    """The rows of a battery of the set's table of storage."""
    power, energy = -1e3 * store.p_mw, 1e3 * store.max_e_mwh
    each_way = round(float(np.sqrt(store.efficiency_percent)), 4)
    lost = store.lost_percent_per_day / 100 / 24
    sizes = {
        "energy_max": (energy, "kWh"),
        "charge_max": (power, "kW"),
        "discharge_max": (power, "kW"),
    }
    sizes["self_discharge"] = (lost, "-")
    add(name, "battery", sizes, f"{SET}, {store.name}")
    efficiency = {"charge_efficiency": (each_way, "-"), "discharge_efficiency": (each_way, "-")}
    add(name, "battery", efficiency, f"{SET}, {store.name}: {ROUND_TRIP}")
    assumed = {
        "energy_min": (LEAST * energy, "kWh"),
        "energy_start": (START_ENERGY * energy, "kWh"),
        "wear_cost": (WEAR, "EUR/kWh"),
    }
    add(name, "battery", assumed, "our choice", "assumed")


def tariff_rows(add) -> None:
    """What all members share."""
    add(
        "all",
        "grid",
        {"peak_price": (PEAK, "EUR/kW")},
        "our choice, see note in case.yaml",
        "assumed",
    )
    add("all", "grid", {"peak_period": ("month", "-")}, "our choice: a part of a month is charged its share", "assumed")  # fmt: skip
    add("all", "tie", {"limit": (TRADE_LIMIT, "kW"), "crossing_fee": (CROSSING, "EUR/kWh")}, "our choice", "assumed")  # fmt: skip


def sorted_rows(rows: list[list], names: dict[int, str]) -> list[list]:
    """Rows by member in the order of the buses; those of all last."""
    order = [*names.values(), "all"]
    return sorted(rows, key=lambda row: order.index(row[0]))


def prices() -> dict[str, pd.Series]:
    """The tariff's columns."""
    buy = (spot() + ON_TOP).round(4)
    flat = pd.Series(round(float(buy.mean()), 4), buy.index)
    own = {f"{name.lower()}_grid_buy_eur_per_kwh": flat for name in FLAT}
    feed_in = pd.Series(FEED_IN, buy.index)
    return own | {"grid_buy_eur_per_kwh": buy, "grid_sell_eur_per_kwh": feed_in}


def shares_of_months() -> str:
    """How many hours of each month lie in the week, and how many it has, in words."""
    hours = pd.date_range(START, periods=24 * DAYS, freq="h")
    parts = []
    for month in hours.month_name().unique():
        own = hours[hours.month_name() == month]
        begin = own[0].normalize().replace(day=1)
        length = (begin + pd.DateOffset(months=1) - begin) / pd.Timedelta(hours=1)
        parts.append(f"{len(own)} of {length:g} h in {month}")
    return " and ".join(parts)


def description() -> str:
    """case.yaml."""
    air, soil = performance("Air_"), performance("Soil_")
    return f"""\
title: Seven farms and houses on a low-voltage grid, with cars and heat pumps, a week in 2016 in steps of 1 h
source: SimBench {CODE} (Meinecke et al. 2020); tanks, COP, trips and the tariff are our assumptions
licence: >-
  an extract of the SimBench database, Open Database License (ODbL) 1.0, its contents Database Contents License
  (DbCL) 1.0; see LICENSE.md
currency: EUR
steps: {24 * DAYS}
step_hours: 1
series_source: "{SET}: load, sun, heat (from the electricity of heat pumps), cars; tariff by build.py"
series_status: open data
timezone: {ZONE}
note: >-
  The set's scenario of the future for a rural low-voltage grid. Thirteen buses have a load; the members are the seven
  on two of the four cables that leave the transformer, House8, House11 and House13 with a household's profile, the four
  farms with those of agriculture. The number is the bus. The week runs from Tuesday 1 March 2016, 0:00 local time,
  to Monday 7 March; hourly values are means of four quarter hours. Electric load and sun are the set's rated powers
  times its profiles. Each member has a roof, two have a battery beside it: there the set's table of storage gives power
  and energy, and the roof has the power and the profile in the storage's name. Its efficiency is taken as that of a
  round trip.
  Heat pumps (five): the set has their electric power. Heat is that power times a COP of {air:g} for air and {soil:g} for
  ground, assumed: shares of Carnot after VDE ETG 2015 at {SOURCES["Air"][1]:g} degC and {SOURCES["Soil"][1]:g} degC for heat of
  {FLOW:g} degC. What a second heater gives in the cold is not in the case. A tank holds {TANK_HOURS:g} hours of the pump's heat
  and loses {100 * TANK_LOSS:g} % an hour, assumed.
  Cars (five, on four profiles of the set, so that two are alike): the set has their charging power. A pause of fewer
  than {SAME_VISIT / pd.Timedelta(hours=1):g} hours does not part two charges. Energy and the time of plugging in are the
  set's. Assumed: a car leaves at {LEAVES}:00 on the day on which it is plugged in again, or {AWAY} hours before where
  it has come back since or is plugged in too early for that; {CAR_ENERGY:g} kWh of battery, {CAR_EFFICIENCY:g} efficiency
  of charging, nothing fed back. Each trip uses what is charged when the car comes back.
  Tariff, all of it assumed: no package that we know ships prices under a licence that fits. A kWh costs {ON_TOP:g} EUR
  for network, levies, taxes and margin and a part by hour with mean {SPOT_MEAN:g} and standard deviation {SPOT_SPREAD:g},
  in proportion to the residual load (load less renewables) of SimBench's grid {MARKET} in the same week. Feed-in gets
  {FEED_IN:g}. {", ".join(FLAT)} pays the mean at all times. The largest hourly purchase of a month costs {PEAK:g}
  EUR/kW; a part of a month is charged its share, here {shares_of_months()}. Trade pays {CROSSING:g} EUR/kWh on each side, up to
  {TRADE_LIMIT:g} kW between two members. Wear of batteries, {WEAR:g} EUR per kWh charged and per kWh discharged, is
  assumed. Feed-in has no limit: the transformer has one, see grid/README.md.
"""


# --- the grid -----------------------------------------------------------------------------------------------------------
def write(table: pd.DataFrame, file: Path, **how) -> None:
    """A CSV file."""
    file.write_text(table.to_csv(lineterminator="\n", **how), encoding="utf-8")


def transformer_as_line(net) -> pd.DataFrame:
    """The transformer as a line on the 0.4 kV side: the same short-circuit impedance, without no-load losses."""
    trafo = net.trafo.iloc[0]
    base = trafo.vn_lv_kv**2 / trafo.sn_mva  # ohm
    r = trafo.vkr_percent / 100 * base
    x = np.sqrt(trafo.vk_percent**2 - trafo.vkr_percent**2) / 100 * base
    most = trafo.sn_mva / (np.sqrt(3) * trafo.vn_lv_kv)
    row = [trafo.hv_bus, trafo.lv_bus, round(r, 6), round(x, 6), 0.0, 0.0, round(most, 5)]
    columns = ["from_bus", "to_bus", "r_ohm", "x_ohm", "c_nf", "length_km", "max_i_ka"]
    return pd.DataFrame([row], columns=columns)


def write_grid(net, shares: pd.DataFrame) -> None:
    """The tables of grid/: of members load and sun alone, of all others everything that the set has."""
    GRID.mkdir(exist_ok=True)
    names, trafo = members(net), net.trafo.iloc[0]
    assert net.switch["closed"].all() and net.line["in_service"].all() and len(net.trafo) == 1
    lines = net.line[["from_bus", "to_bus", "length_km", "max_i_ka"]].copy()
    for column in ("r_ohm", "x_ohm", "c_nf"):
        lines[column] = (net.line[f"{column}_per_km"] * net.line["length_km"]).round(6)
    lines["length_km"] = lines["length_km"].round(6)
    first = transformer_as_line(net)
    write(pd.concat([first, lines[first.columns]]), GRID / "lines.csv", index=False)

    is_base = net.load["profile"].map(kind_of) == "load"
    base = net.load[is_base | ~net.load["bus"].isin(names)].sort_values(["bus", "name"])
    loads = pd.DataFrame(
        {
            "bus": base["bus"],
            "p_kw": 1e3 * base["p_mw"],
            "q_kvar": 1e3 * base["q_mvar"],
            "profile": base["profile"],
        }
    ).round(3)
    plants = roofs(net).round(2)
    write(loads, GRID / "loads.csv", index=False)
    write(plants, GRID / "generators.csv", index=False)
    buses = loads.groupby("bus")[["p_kw", "q_kvar"]].sum().reindex(net.bus.index, fill_value=0.0)
    buses.insert(0, "vpp", [names.get(bus, "") for bus in buses.index])
    write(buses.rename_axis("bus"), GRID / "buses.csv")

    used = [f"{name}_{kind}load" for name in sorted(base["profile"].unique()) for kind in "pq"]
    roofs_used = sorted(plants["profile"].unique())
    table = shares[used + roofs_used]
    table.columns = used + [f"{name}_gen" for name in roofs_used]
    table = table.round(4).set_axis(table.index.strftime("%Y-%m-%dT%H:%MZ").rename("time_utc"))
    write(table, GRID / "profiles.csv")
    low_side = net.bus[net.bus["vn_kv"] < 1]
    tap = 1 + trafo.tap_step_percent / 100 * (trafo.tap_pos - trafo.tap_neutral)
    assert trafo.tap_side == "hv" and net.ext_grid["bus"].tolist() == [trafo.hv_bus]
    (GRID / "feeder.yaml").write_text(
        f"""\
title: SimBench grid {CODE}, 0.4 kV, its transformer as the first line
source: SimBench (Meinecke et al. 2020), see LICENSE.md in the folder above
base_kv: {trafo.vn_lv_kv:g}
source_bus: {trafo.hv_bus}
source_voltage: {round(net.ext_grid["vm_pu"].iloc[0] / tap, 6):g}  # 20 kV side, less what the transformer's tap takes off, per unit
voltage_low: {low_side["min_vm_pu"].max():g}  # limits of the set for its 0.4 kV buses, per unit
voltage_high: {low_side["max_vm_pu"].min():g}
""",
        encoding="utf-8",
    )


def main() -> None:
    net = simbench.get_simbench_net(CODE)
    shares = the_week(clocked(net, "load", "renewables", "storage"))
    rows, series = rows_and_series(net, shares)
    table = pd.DataFrame(series | prices())
    assert len(table) == 24 * DAYS and not table.isna().any().any()
    table.index = table.index.strftime("%Y-%m-%dT%H:%MZ").rename("time_utc")
    write(table, HERE / "series.csv")
    columns = ["vpp", "component", "parameter", "value", "unit", "source", "status"]
    write(pd.DataFrame(rows, columns=columns), HERE / "units.csv", index=False)
    (HERE / "case.yaml").write_text(description(), encoding="utf-8")
    write_grid(net, shares)


if __name__ == "__main__":
    main()
