"""The cheapest day of members with all the devices of today, by scipy alone: a second road to costs.

No line is shared with vppcore. kW, kWh, degC, yuan; arrays are (steps,); an injection is positive.
A situation is plain data: `hours` (of a step), `start` (hour of the day), `members` (name -> list of
parts, each a dict with `kind`, perhaps `label`, and the numbers and series by the names of
units.csv) and perhaps `tie`. `written` makes a case folder of it, `cheapest` its least cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

ANY = np.inf
LARGE = 1e4


# --- a program with rows by and by ----------------------------------------------------------------
class Program:
    """Columns with limits, costs and integrality; rows as (column, factor) pairs."""

    def __init__(self) -> None:
        self.low, self.high, self.cost, self.whole = [], [], [], []
        self.cells: list[tuple[int, int, float]] = []
        self.limits: list[tuple[float, float]] = []

    def add(self, count: int, high=ANY, cost=0.0, low=0.0, whole: bool = False) -> np.ndarray:
        """`count` columns; their places."""
        first = len(self.low)
        for ends, numbers in ((self.low, low), (self.high, high), (self.cost, cost)):
            ends.extend(np.broadcast_to(np.asarray(numbers, float), count).tolist())
        self.whole.extend([int(whole)] * count)
        return np.arange(first, first + count)

    def row(self, terms: Iterable[tuple[int, float]], low: float = -ANY, high: float = 0.0) -> None:
        """low <= sum of factor times column <= high."""
        number = len(self.limits)
        self.cells += [(number, column, factor) for column, factor in terms]
        self.limits.append((low, high))

    def least(self) -> float:
        """The least cost; raises ValueError with what the solver says where there is none."""
        rows, columns, factors = zip(*self.cells, strict=True)
        shape = (len(self.limits), len(self.low))
        answer = milp(
            self.cost,
            integrality=self.whole,
            bounds=Bounds(self.low, self.high),
            constraints=LinearConstraint(
                csr_matrix((factors, (rows, columns)), shape), *np.array(self.limits).T
            ),
            options={"mip_rel_gap": 1e-9, "time_limit": 60},
        )
        if not answer.success:
            raise ValueError(answer.message)
        self.found = answer.x
        return float(answer.fun)


class Bus:
    """What flows into a member's balances, and what no column decides."""

    def __init__(self, steps: int):
        self.steps = steps
        self.flows: dict[str, list[list[tuple[int, float]]]] = {}
        self.fixed: dict[str, np.ndarray] = {}

    def put(self, carrier: str, columns: np.ndarray, factor=1.0) -> None:
        """factor times a column into each step of a carrier."""
        cells = self.flows.setdefault(carrier, [[] for _ in range(self.steps)])
        for t, each in enumerate(np.broadcast_to(np.asarray(factor, float), self.steps)):
            cells[t].append((int(columns[t]), float(each)))

    def give(self, carrier: str, amounts: np.ndarray) -> None:
        """A fixed injection."""
        self.flows.setdefault(carrier, [[] for _ in range(self.steps)])
        self.fixed[carrier] = self.fixed.get(carrier, 0.0) + np.asarray(amounts, float)


# --- hours of the day -----------------------------------------------------------------------------
class Hours:
    """When the steps are: h each, from `start` o'clock on."""

    def __init__(self, steps: int, hours: float, start: float):
        self.steps, self.h, self.start = steps, hours, start

    def stretches(self, first: float, last: float) -> list[tuple[float, float]]:
        """(begin, end) of a daily stretch, in hours from the first step on, also cut-off ones."""
        length = (last - first) % 24 or 24.0
        total = self.steps * self.h
        begins = [first - self.start + 24 * day for day in range(-3, int(total // 24) + 4)]
        return [(b, b + length) for b in begins if b + length > 1e-9 and b < total - 1e-9]

    def share(self, first: float, last: float) -> np.ndarray:
        """Which part of each step lies in a daily stretch."""
        shares = np.zeros(self.steps)
        for begin, end in self.stretches(first, last):
            for t in range(self.steps):
                low, high = max(begin, t * self.h), min(end, (t + 1) * self.h)
                shares[t] += max(0.0, high - low) / self.h
        return shares


# --- parts ----------------------------------------------------------------------------------------
def either(program: Program, one, one_max, other, other_max) -> None:
    """Two flows of which one rests in each step."""
    steps = len(one)
    mode = program.add(steps, 1, whole=True)
    one_max = np.minimum(np.broadcast_to(one_max, steps), LARGE)
    other_max = np.minimum(np.broadcast_to(other_max, steps), LARGE)
    for t in range(steps):
        program.row([(one[t], 1), (mode[t], -one_max[t])])
        program.row([(other[t], 1), (mode[t], other_max[t])], high=other_max[t])


def add_grid(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    """Purchase and sale, never at once; perhaps a price on the peak of metered means."""
    h, steps = when.h, when.steps
    buy = program.add(steps, p.get("buy_max", ANY), h * np.asarray(p["buy_price"]))
    sell = program.add(steps, p.get("sell_max", ANY), -h * np.asarray(p["sell_price"]))
    bus.put("electricity", buy)
    bus.put("electricity", sell, -1.0)
    counted = p.get("emission", 0.0) - p.get("carbon_quota", 0.0)
    if counted:
        bus.put("carbon", buy, counted)
    either(program, buy, p.get("buy_max", ANY), sell, p.get("sell_max", ANY))
    if not p.get("peak_price"):
        return
    period = {"horizon": steps, "day": round(24 / h), "month": round(730 / h)}
    length = period[p.get("peak_period", "horizon")]
    metered = max(1, round(p.get("metering_hours", h) / h))
    for first in range(0, steps, length):
        last = min(first + length, steps)
        peak = program.add(1, cost=p["peak_price"] * (last - first) / length)[0]
        for begin in range(first, last, metered):
            end = min(begin + metered, last)
            program.row([(buy[t], 1 / (end - begin)) for t in range(begin, end)] + [(peak, -1)])


def add_electric_load(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    """A load, part of which may be moved within a period or curtailed; never below zero for it."""
    h, steps = when.h, when.steps
    demand = p.get("scale", 1.0) * np.asarray(p["load"], float)
    drawn = np.maximum(demand, 0)
    share, cost = p.get("shift_share", 0.0), h * p.get("shift_cost", 0.0)
    later = program.add(steps, share * drawn, cost)
    sooner = program.add(steps, share * drawn, cost)
    most = p.get("curtail_share", 0.0) * drawn
    cut = program.add(steps, most, h * p.get("curtail_cost", 0.0))
    bus.give("electricity", -demand)
    for columns, sign in ((later, 1.0), (sooner, -1.0), (cut, 1.0)):
        bus.put("electricity", columns, sign)
    length = round(min(p.get("shift_hours", 24.0), steps * h) / h)
    for first in range(0, steps, length):
        inside = range(first, min(first + length, steps))
        program.row([(later[t], 1) for t in inside] + [(sooner[t], -1) for t in inside], low=0.0)
    for t in range(steps):
        program.row([(later[t], 1), (sooner[t], -1), (cut[t], 1)], high=drawn[t])


def add_heat_load(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    demand = p.get("scale", 1.0) * np.asarray(p["heat"], float)
    most = p.get("curtail_share", 0.0) * demand
    bus.give("heat", -demand)
    bus.put("heat", program.add(when.steps, most, when.h * p.get("curtail_cost", 0.0)))


def add_renewable(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    most = p.get("scale", 1.0) * np.asarray(p["output"], float)
    power = program.add(when.steps, most, when.h * p.get("operation_cost", 0.0))
    bus.put("electricity", power)
    if p.get("carbon_quota"):
        bus.put("carbon", power, -p["carbon_quota"])


def add_store(
    program: Program, bus: Bus, p: dict, when: Hours, carrier="electricity", there=1.0, drawn=None
) -> None:
    """Energy goes on from step to step; charge and discharge exclude each other."""
    h, steps = when.h, when.steps
    there = np.broadcast_to(p.get("availability", 1.0), steps) * there
    charge_most = np.asarray(p["charge_max"]) * there
    discharge_most = np.asarray(p.get("discharge_max", 0.0)) * there
    wear = h * p.get("wear_cost", 0.0)
    charge = program.add(steps, charge_most, wear)
    discharge = program.add(steps, discharge_most, wear)
    low, high = p.get("energy_min", 0.0), p["energy_max"]
    energy = program.add(steps + 1, high, low=low)
    worth = p.get("end_value", 0.0)
    program.cost[energy[-1]] -= worth
    program.cost[energy[0]] += worth
    kept = (1 - p.get("self_discharge", 0.0)) ** h
    into, out = p.get("charge_efficiency", 1.0), p.get("discharge_efficiency", 1.0)
    drawn = np.zeros(steps) if drawn is None else drawn
    for t in range(steps):
        terms = [(energy[t + 1], 1), (energy[t], -kept), (charge[t], -h * into)]
        program.row([*terms, (discharge[t], h / out)], -drawn[t], -drawn[t])
    start = p.get("energy_start")
    if start is not None:
        program.row([(energy[0], 1)], start, start)
    ends = {"same": (0.0, 0.0), "at_least": (0.0, ANY), "free": (-ANY, ANY)}
    low, high = ends[p.get("end", "same")]
    if p.get("energy_end") is not None:
        target = p["energy_end"]
        program.row([(energy[-1], 1)], low + target, high + target)
    else:
        program.row([(energy[-1], 1), (energy[0], -1)], low, high)
    bus.put(carrier, charge, -1.0)
    bus.put(carrier, discharge)
    either(program, charge, charge_most, discharge, discharge_most)


def add_heat_store(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    add_store(program, bus, p, when, "heat")


def add_car(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    """A battery that is away from `departure` to `arrival`; a trip's energy goes as it leaves."""
    drawn = np.zeros(when.steps)
    if "arrival" in p:
        there = when.share(p["arrival"], p["departure"])
        for begin, _ in when.stretches(p["departure"], p["arrival"]):
            if begin > -1e-9:
                drawn[int(begin / when.h + 1e-9)] += p["energy_needed"]
    else:
        there = 1.0
        column = np.broadcast_to(p["availability"], when.steps)
        for t in range(when.steps):
            if column[t] == 0 and column[t - 1] > 0:
                drawn[t] += p["energy_needed"]
    add_store(program, bus, p, when, there=there, drawn=drawn)


def add_heat_pump(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    cop = p.get("performance")
    if cop is None:
        kelvin = p["flow_temperature"] + 273.15
        lifts = p["flow_temperature"] - np.broadcast_to(p["outdoor"], when.steps).astype(float)
        best = p.get("performance_max", ANY)
        cop = np.array([p["carnot_share"] * kelvin / x if x > 0 else ANY for x in lifts])
        cop = np.minimum(cop, best)
    heat = program.add(when.steps, p["heat_max"], when.h * p.get("operation_cost", 0.0))
    bus.put("heat", heat)
    bus.put("electricity", heat, -1.0 / np.asarray(cop, float))


def add_boiler(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    heat = program.add(when.steps, p["heat_max"], when.h * p.get("operation_cost", 0.0))
    bus.put("heat", heat)
    bus.put("gas", heat, -1 / p["efficiency"])
    carbon = p.get("emission", 0.0) - p.get("carbon_quota", 0.0)
    if carbon:
        bus.put("carbon", heat, carbon)


def add_gas_supply(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    bus.put("gas", program.add(when.steps, cost=when.h * p["price"] / p["calorific_value"]))


def add_heat_vent(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    cost = when.h * p.get("vent_cost", 0.0)
    bus.put("heat", program.add(when.steps, p.get("vent_max", ANY), cost), -1.0)


def add_converter(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    through = program.add(when.steps, p["throughput_max"], when.h * p.get("operation_cost", 0.0))
    for carrier in ("electricity", "heat", "gas"):
        factor = p.get(f"{carrier}_out", 0.0) - p.get(f"{carrier}_in", 0.0)
        if factor:
            bus.put(carrier, through, factor)
    carbon = p.get("emission", 0.0) - p.get("carbon_quota", 0.0)
    if carbon:
        bus.put("carbon", through, carbon)


def add_turbine(program: Program, bus: Bus, p: dict, when: Hours) -> np.ndarray:
    """Power within limits and ramps; one that may stand is told apart by what it did before."""
    h, steps = when.h, when.steps
    least, most = p.get("power_min", 0.0), p["power_max"]
    stands = p.get("may_stand", 0) == 1
    linear = h * p.get("cost_linear", 0.0)
    power = program.add(steps, most, linear, 0.0 if stands else least)
    bus.put("electricity", power)
    carbon = p.get("emission", 0.0) - p.get("carbon_quota", 0.0)
    if carbon:
        bus.put("carbon", power, carbon)
    ramp = p.get("ramp_max", ANY) * h
    before = p.get("power_before")
    if not stands:
        fixed = program.add(1, 1.0, h * steps * p.get("cost_fixed", 0.0), 1.0)[0]
        program.row([(fixed, 1)], 1.0, 1.0)
        for t in range(steps):
            if t and np.isfinite(ramp):
                program.row([(power[t], 1), (power[t - 1], -1)], -ramp, ramp)
        if before is not None and np.isfinite(ramp):
            program.row([(power[0], 1)], before - ramp, before + ramp)
        return power
    on = program.add(steps, 1, h * p.get("cost_fixed", 0.0), whole=True)
    start = program.add(steps, 1, p.get("start_cost", 0.0), whole=True)
    stop = program.add(steps, 1, whole=True)
    was = p.get("on_before")
    jump = max(least, ramp)
    for t in range(steps):
        program.row([(power[t], 1), (on[t], -most)])
        program.row([(power[t], -1), (on[t], least)])
        if t:
            change = [(on[t], 1), (on[t - 1], -1), (start[t], -1), (stop[t], 1)]
            program.row(change, 0.0, 0.0)
        elif was is None:
            program.row([(start[0], 1), (stop[0], 1)], 0.0, 0.0)
        else:
            program.row([(on[0], 1), (start[0], -1), (stop[0], 1)], was, was)
        program.row([(start[t], 1), (stop[t], 1)], high=1.0)
    for hours, change, sign in (("up_hours", start, 1), ("down_hours", stop, -1)):
        length = int(np.ceil(p.get(hours, 0.0) / h - 1e-9))
        for t in range(steps):  # who starts at t is on in t, t + 1, ...
            for later in range(t, min(t + length, steps)):
                program.row([(change[t], 1), (on[later], -sign)], high=0.0 if sign > 0 else 1.0)
        is_so = was is not None and was == (1 if sign > 0 else 0)
        left = p.get(hours, 0.0) - p.get("hours_before", ANY)
        if is_so and left > 0:
            for t in range(min(int(np.ceil(left / h - 1e-9)), steps)):
                program.row([(on[t], 1)], float(was), float(was))
    if np.isfinite(ramp):
        for t in range(1, steps):
            rise = [(power[t], 1), (power[t - 1], -1)]
            program.row([*rise, (on[t - 1], -ramp), (start[t], -jump)])
            fall = [(power[t], -1), (power[t - 1], 1)]
            program.row([*fall, (on[t], -ramp), (stop[t], -jump)])
        if was == 0:
            program.row([(power[0], 1)], high=jump)
        if was == 1 and before is not None:
            program.row([(power[0], 1)], high=before + ramp)
            program.row([(power[0], -1), (on[0], -ramp), (stop[0], -jump)], high=-before)
    return power


def add_gas_turbine(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    power = add_turbine(program, bus, p, when)
    efficiency = p["electric_efficiency"]
    bus.put("gas", power, -1 / efficiency)
    if p.get("heat_recovery"):
        bus.put("heat", power, (1 - efficiency) / efficiency * p["heat_recovery"])


def add_deferrable(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    """A run in one piece in each window of a day; what is cut off at both ends is one window."""
    h, steps = when.h, when.steps
    length = int(np.ceil(p["duration"] / h - 1e-9))
    whole, ends = [], []
    for begin, end in when.stretches(p.get("earliest", 0.0), p.get("latest", 24.0)):
        inside = [t for t in range(steps) if t * h >= begin - 1e-9 and (t + 1) * h <= end + 1e-9]
        starts = [t for t in inside if all(t + k in inside for k in range(length))]
        is_cut = begin < -1e-9 or end > steps * h + 1e-9
        (ends if is_cut else whole).append(starts)
    if len(ends) == 2:
        whole.append(ends[0] + ends[1])
    elif not whole:
        whole += [starts for starts in ends if starts]
    for starts in whole:
        begun = program.add(len(starts), 1, whole=True)
        program.row([(column, 1) for column in begun], 1.0, 1.0)
        for column, first in zip(begun, starts, strict=True):
            for t in range(first, first + length):
                bus.flows.setdefault("electricity", [[] for _ in range(steps)])
                bus.flows["electricity"][t].append((int(column), -p["power"]))


def add_carbon_market(program: Program, bus: Bus, p: dict, when: Hours) -> None:
    """Excess over the horizon at prices that rise in steps; what is left over at the first."""
    settled = program.add(when.steps, low=-ANY)
    bus.put("carbon", settled, -1.0)
    levels, length = int(p.get("levels", 1)), p.get("interval", 1.0)
    prices = [p["price"] * (1 + k * p.get("growth", 0.0)) for k in range(levels)]
    steps = [program.add(1, length if k < levels - 1 else ANY, prices[k])[0] for k in range(levels)]
    sold = program.add(1, cost=-p["price"])[0]
    terms = [(column, when.h) for column in settled] + [(column, -1.0) for column in steps]
    program.row([*terms, (sold, 1.0)], 0.0, 0.0)


PARTS = {
    "grid": add_grid,
    "electric_load": add_electric_load,
    "heat_load": add_heat_load,
    "renewable": add_renewable,
    "battery": add_store,
    "heat_store": add_heat_store,
    "electric_vehicle": add_car,
    "heat_pump": add_heat_pump,
    "boiler": add_boiler,
    "gas_supply": add_gas_supply,
    "heat_vent": add_heat_vent,
    "converter": add_converter,
    "gas_turbine": add_gas_turbine,
    "micro_turbine": add_turbine,
    "deferrable_load": add_deferrable,
    "carbon_market": add_carbon_market,
}


def cheapest(situation: dict, names: list[str] | None = None) -> float:
    """The least cost of these members together, or of all; one name: alone."""
    names = list(situation["members"]) if names is None else names
    when = Hours(steps_of(situation), situation.get("hours", 1.0), situation.get("start", 0.0))
    program = Program()
    buses = {}
    for name in names:
        buses[name] = Bus(when.steps)
        for part in situation["members"][name]:
            PARTS[part["kind"]](program, buses[name], part, when)
    tie = situation.get("tie")
    if tie and len(names) > 1:
        for one, other in combinations(names, 2):
            for giver, taker in ((one, other), (other, one)):
                fee = 2 * when.h * tie.get("crossing_fee", 0.0)
                flow = program.add(when.steps, tie["limit"], fee)
                buses[giver].put("electricity", flow, -1.0)
                buses[taker].put("electricity", flow)
    for name, bus in buses.items():
        for carrier in sorted(bus.flows):
            if not is_settled(carrier, situation["members"][name]):
                continue
            fixed = np.broadcast_to(bus.fixed.get(carrier, 0.0), when.steps)
            for t in range(when.steps):
                program.row(bus.flows[carrier][t], -fixed[t], -fixed[t])
    return program.least()


def is_settled(carrier: str, parts: list[dict]) -> bool:
    """Carbon without a market and heat that nobody takes go where they like."""
    kinds = {part["kind"] for part in parts}
    if carrier == "carbon":
        return "carbon_market" in kinds
    return carrier != "heat" or "heat_load" in kinds or any("heat_in" in p for p in parts)


def steps_of(situation: dict) -> int:
    """Its number of steps: that of its longest series."""
    lengths = [
        len(value)
        for parts in situation["members"].values()
        for part in parts
        for value in part.values()
        if isinstance(value, list | np.ndarray)
    ]
    return max(lengths)


# --- as a folder ----------------------------------------------------------------------------------
UNITS = {
    "peak_price": "{}/kW", "start_cost": "{}", "price gas_supply": "{}/m3", "performance": "-",
    "calorific_value": "kWh/m3", "price carbon_market": "{}/kg", "interval": "kg",
    "emission": "kg/kWh", "carbon_quota": "kg/kWh", "performance_max": "-", "ramp_max": "kW/h",
    "cost_fixed": "{}/h", "carnot_share": "-", "end_value": "{}/kWh", "energy_max": "kWh",
    "energy_start": "kWh", "energy_end": "kWh", "energy_min": "kWh", "energy_needed": "kWh",
    "arrival": "h", "departure": "h", "duration": "h", "earliest": "h", "latest": "h",
    "up_hours": "h", "down_hours": "h", "hours_before": "h", "shift_hours": "h",
    "metering_hours": "h", "outdoor": "degC", "flow_temperature": "degC", "power": "kW",
    "power_min": "kW", "power_before": "kW", "limit": "kW",
}  # fmt: skip
SERIES = {
    "load": "load", "heat": "heat", "output": "{label}", "buy_price": "grid_buy",
    "sell_price": "grid_sell",
}  # fmt: skip
ENDINGS = {"kW": "kw", "{}/kWh": "{}_per_kwh", "-": "factor", "degC": "degc"}


def unit_of(kind: str, name: str) -> str:
    """The unit of a parameter, {} for the currency."""
    if f"{name} {kind}" in UNITS:
        return UNITS[f"{name} {kind}"]
    if name in UNITS:
        return UNITS[name]
    if name.endswith("_max"):
        return "kW"
    if name.endswith(("_cost", "_price", "cost_linear", "crossing_fee")):
        return "{}/kWh"
    if kind in SERIES.values() or name in ("load", "heat", "output"):
        return "kW"
    return "-"


def column_of(member: str, kind: str, label: str, name: str, currency: str) -> str:
    """The name of a part's column in series.csv."""
    ending = ENDINGS[unit_of(kind, name)].format(currency.lower())
    if name == "availability":
        ending = "share"
    before = member.lower().replace(" ", "_")
    if name in ("buy_price", "sell_price"):
        middle = SERIES[name] if not label else f"grid_{label}_{name.split('_')[0]}"
    elif name in SERIES:
        middle = label or (kind if name == "output" else SERIES[name])
    else:
        middle = f"{label or kind}_{name}"
    return f"{before}_{middle}_{ending}"


def written(situation: dict, folder: Path, currency: str = "yuan") -> Path:
    """The situation as case.yaml, units.csv and series.csv in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = steps_of(situation)
    rows = ["vpp,component,parameter,value,unit,source,status"]
    columns: dict[str, list] = {"step": list(range(1, steps + 1))}
    for member, parts in situation["members"].items():
        for part in parts:
            kind, label = part["kind"], part.get("label", "")
            name = f"{kind}.{label}" if label else kind
            told = 0
            for key, value in part.items():
                if key in ("kind", "label") or value is None:
                    continue
                if isinstance(value, list | np.ndarray):
                    columns[column_of(member, kind, label, key, currency)] = list(value)
                    continue
                unit = unit_of(kind, key).format(currency)
                rows.append(f"{member},{name},{key},{value},{unit},made up,assumed")
                told += 1
            if not told:  # a part needs a row
                filler = "emission,0,kg/kWh" if kind == "grid" else "scale,1,-"
                filler = "vent_cost,0," + currency + "/kWh" if kind == "heat_vent" else filler
                rows.append(f"{member},{name},{filler},made up,assumed")
    for key, value in (situation.get("tie") or {}).items():
        if isinstance(value, list | np.ndarray):
            columns[f"tie_{key}_kw"] = list(value)
        else:
            unit = "kW" if key == "limit" else f"{currency}/kWh"
            rows.append(f"all,tie,{key},{value},{unit},made up,assumed")
    hour = situation.get("start", 0.0)
    begins = f"{int(hour):02d}:{round(60 * (hour % 1)):02d}"
    about = f"""title: a situation
source: made up
licence: CC-BY-4.0
currency: {currency}
steps: {steps}
step_hours: {situation.get("hours", 1.0)}
series_source: made up
series_status: assumed
start: "{begins}"
"""
    cells = [",".join(columns)]
    cells += [",".join(str(column[t]) for column in columns.values()) for t in range(steps)]
    for file, text in (
        ("case.yaml", about), ("units.csv", "\n".join(rows) + "\n"),
        ("series.csv", "\n".join(cells) + "\n"),
    ):  # fmt: skip
        (folder / file).write_text(text)
    return folder
