"""What readers bring, each as a folder of files, against a program that shares no line with vppcore.

Each situation is plain data of `independent_situations`. The page on one's own case shows them; its table is compared
with this list and with both roads.
"""

from __future__ import annotations

import re
from copy import deepcopy

import numpy as np
import pytest
from independent_situations import cheapest, written

from vppcore import (
    NotSolved,
    WrongInput,
    alone,
    bargain,
    cooperate,
    load_case,
    pool,
    robust_coalition,
    worst_case,
)
from vppcore.coalitions import CoalitionCosts
from vppcore.currency import said
from vppcore.places import PROJECT
from vppcore.rolling.run import roll
from vppcore.uncertainty.settings import Uncertainty

HOUR = np.arange(24)
BUY = np.where(HOUR < 7, 0.20, np.where(HOUR < 17, 0.35, 0.50))
SELL = np.full(24, 0.08)
LOAD = np.round(2 + np.cos((HOUR - 19) / 12 * np.pi), 2)
SUN = np.round(6 * np.maximum(0, np.sin((HOUR - 6) / 12 * np.pi)), 2)
COLD = np.round(3 + np.cos(HOUR / 12 * np.pi), 2)


def grid(buy=BUY, sell=SELL, **more) -> dict:
    return {"kind": "grid", "buy_price": buy, "sell_price": sell} | more


def load(kw=LOAD, **more) -> dict:
    return {"kind": "electric_load", "load": kw} | more


def sun(kw=SUN, **more) -> dict:
    return {"kind": "renewable", "label": "pv", "output": kw} | more


def battery(**more) -> dict:
    usual = {"energy_min": 1.0, "energy_max": 10.0, "energy_start": 3.0, "charge_max": 4.0}
    usual |= {"discharge_max": 4.0, "charge_efficiency": 0.95, "discharge_efficiency": 0.95}
    return {"kind": "battery"} | usual | more


def car(**more) -> dict:
    usual = {"energy_max": 40.0, "energy_needed": 8.0, "charge_max": 7.0, "charge_efficiency": 0.9}
    return {"kind": "electric_vehicle"} | usual | more


def heat(**more) -> dict:
    return {"kind": "heat_load", "heat": COLD} | more


def tank(**more) -> dict:
    usual = {"energy_min": 0.0, "energy_max": 8.0, "energy_start": 3.0, "charge_max": 4.0}
    return {"kind": "heat_store", "discharge_max": 4.0, "self_discharge": 0.02} | usual | more


def run(label: str, **more) -> dict:
    return {"kind": "deferrable_load", "label": label} | more


def boiler() -> list[dict]:
    gas = {"kind": "gas_supply", "price": 1.0, "calorific_value": 10.0}
    return [{"kind": "boiler", "heat_max": 9.0, "efficiency": 0.95, "emission": 0.2}, gas]


def quarters(by_hour: np.ndarray) -> np.ndarray:
    return np.repeat(by_hour, 4)


def of(limit=5.0, fee: float = 0.01, hours: float = 1.0, start: float = 0.0, **members) -> dict:
    """A situation; a tie only where there are several members."""
    tie = {"limit": limit, "crossing_fee": fee} if len(members) > 1 else None
    return {"hours": hours, "start": start, "members": members, "tie": tie}


def outage(first: int, last: int, kw: float = 20.0) -> np.ndarray:
    return np.where((HOUR >= first) & (HOUR < last), 0.0, kw)


SHOP = [load(1.5 * np.roll(LOAD, -7)), grid()]
HOME = [load(), sun(), battery(), grid()]
SUNNY = SELL + np.where(HOUR == 12, 0.6, 0.0)
BELOW = BUY - np.where((HOUR > 10) & (HOUR < 15), 0.5, 0.0)
ENGINE = {"kind": "gas_turbine", "power_max": 5.0, "power_min": 2.0, "electric_efficiency": 0.35}
ENGINE |= {"heat_recovery": 0.7, "cost_linear": 0.02, "may_stand": 1, "start_cost": 0.4}
ENGINE |= {"up_hours": 3.0, "down_hours": 2.0, "on_before": 1, "hours_before": 1.0}
PUMP = {
    "kind": "heat_pump",
    "heat_max": 9.0,
    "outdoor": np.round(30 - 14 * np.cos(HOUR / 12 * np.pi), 1),
}
PUMP |= {"flow_temperature": 40.0, "carnot_share": 0.4, "performance_max": 5.0}
SPLITTER = {
    "kind": "converter",
    "label": "electrolyser",
    "throughput_max": 4.0,
    "electricity_in": 1.0,
}
SPLITTER |= {"gas_out": 0.65, "heat_out": 0.2}
LADDER = {"kind": "carbon_market", "price": 0.1, "interval": 5.0, "growth": 0.5, "levels": 3}
TRIPS = quarters(np.where(((HOUR >= 8) & (HOUR < 12)) | ((HOUR >= 14) & (HOUR < 17)), 0.0, 1.0))
SHED = {"curtail_share": 1.0, "curtail_cost": 5.0}

# what it is: (what one writes, the situation)
SITUATIONS = {
    "a tariff each": (
        "a column `shop_grid_buy_...`",
        of(Home=HOME, Shop=[load(1.5 * LOAD), grid(np.full(24, 0.28), np.full(24, 0.1))]),
    ),
    "a price on the peak, metered by the hour, steps of a quarter": (
        "`peak_price`, `metering_hours`",
        of(
            hours=0.25,
            Home=[
                load(quarters(LOAD) + np.tile([0.0, 1.0, 0.0, 2.0], 24)),
                battery(),
                grid(quarters(BUY), quarters(SELL), peak_price=0.5, metering_hours=1.0),
            ],
        ),
    ),
    "two members with a price on the peak": (
        "`peak_price` for each",
        of(Home=[load(), sun(), battery(), grid(peak_price=1.0)], Shop=[SHOP[0], grid(peak_price=2.0, peak_period="day")]),
    ),
    "feed-in above purchase in one hour": ("the two columns as they are", of(Home=[*HOME[:3], grid(sell=SUNNY)], Shop=SHOP)),
    "feed-in above purchase in all hours": ("the same, with `sell_max`", of(Home=[*HOME[:3], grid(sell=BUY + 0.1, sell_max=6.0)], Shop=SHOP)),
    "prices below zero": ("negative numbers", of(Home=[*HOME[:3], grid(BELOW, np.minimum(SELL, BELOW - 0.02))], Shop=[SHOP[0], grid(BELOW, BELOW - 0.02)])),
    "an outage of the grid for one": ("a column `home_grid_buy_max_kw` with zeros", of(Home=[*HOME[:3], grid(buy_max=outage(19, 21))], Shop=SHOP)),
    "an outage for all, load shed at a price": (
        "the same for all, `curtail_share`, `curtail_cost`",
        of(
            Home=[load(**SHED), *HOME[1:3], grid(buy_max=outage(18, 21), sell_max=outage(18, 21))],
            Shop=[load(np.roll(LOAD, -7), **SHED), grid(buy_max=outage(18, 21), sell_max=outage(18, 21))],
        ),
    ),
    "a tie that is closed at night": ("a column `tie_limit_kw`", of(limit=outage(0, 10, 3.0), Home=HOME, Shop=SHOP)),
    "one meter for load and roof": ("`net_metered`", of(Home=[load(np.round(LOAD - SUN, 2), net_metered="yes", shift_share=0.2, shift_cost=0.01), grid()])),
    "a heat pump on mild days, a tank": ("`outdoor` by hour, `performance_max`", of(Home=[load(), heat(), PUMP, tank(), grid()])),
    "an engine whose heat is used, and may stand": ("`may_stand`, `start_cost`, a `heat_vent`", of(Home=[load(), heat(), ENGINE, *boiler(), {"kind": "heat_vent", "vent_cost": 0.01}, grid(BUY + 0.1)])),
    "a car over midnight that feeds back": ("`arrival`, `departure`, `discharge_max`", of(start=12.0, Home=[load(), car(arrival=17.5, departure=7.25, discharge_max=6.0, discharge_efficiency=0.9, wear_cost=0.01), grid()])),
    "a car with two trips a day, by quarters": ("a column of `availability`", of(hours=0.25, Home=[load(quarters(LOAD)), car(availability=TRIPS, energy_needed=5.0), grid(quarters(BUY), quarters(SELL))])),
    "two runs that may wait, one over midnight": ("`deferrable_load.dishes`, `.laundry`", of(Home=[load(), sun(), grid(), run("dishes", power=1.5, duration=2.0, earliest=20.0, latest=6.0), run("laundry", power=2.0, duration=1.5, earliest=9.0, latest=15.0)])),
    "a battery that may end as it likes": ("`end`, `end_value`", of(Home=[load(), battery(end="free", end_value=0.3), grid()])),
    "an electrolyser that feeds a boiler": ("`converter` with two outputs", of(Home=[load(), heat(), SPLITTER, *boiler(), grid(BELOW, BELOW - 0.02)])),
    "carbon at prices that rise": ("`carbon_market`, `emission`", of(Home=[load(), heat(), *boiler(), {"kind": "heat_pump", "heat_max": 3.0, "performance": 2.5}, LADDER, grid(emission=0.5, carbon_quota=0.1)])),
    "an island beside a member with a grid": ("no rows for a `grid`, an outage cost", of(Hut=[load(**SHED), sun(0.5 * SUN)], Shop=SHOP)),
    "a sun park, a battery and a car without a load": ("no `electric_load`", of(Park=[sun(), grid()], Cellar=[battery(), grid()], Car=[car(arrival=9.0, departure=15.0), grid()], Shop=SHOP)),
    "three members alike": ("the same rows", of(A=HOME, B=HOME, C=HOME)),
    "power that costs nothing": ("prices of zero", of(Home=[*HOME[:3], grid(0 * BUY, 0 * SELL)], Shop=[SHOP[0], grid(0 * BUY, 0 * SELL)])),
}  # fmt: skip
IDS = [name.replace(" ", "-") for name in SITUATIONS]
PAGE = PROJECT / "book" / "own-case.md"


def both(situation: dict, folder) -> tuple[list[float], float, list[float], float]:
    """Costs alone and together, by the independent program and by vppcore."""
    names = list(situation["members"])
    case = load_case(written(situation, folder))
    apart = [cheapest(situation, [name]) for name in names]
    found = [schedule.cost for schedule in alone(case).values()]
    if len(names) == 1:
        return apart, apart[0], found, found[0]
    return apart, cheapest(situation), found, pool(case).cost


@pytest.mark.parametrize("name", SITUATIONS, ids=IDS)
def test_a_situation_costs_what_the_independent_program_says(name, tmp_path):
    apart, together, found, joint = both(SITUATIONS[name][1], tmp_path)
    size = max(map(abs, [*apart, 1e-3]))
    assert found == pytest.approx(apart, abs=2e-6 * size)
    assert joint == pytest.approx(together, abs=2e-6 * size)
    row = next(row for row in rows_of_the_page() if row[0] == name)
    assert row[1] == SITUATIONS[name][0]
    assert row[2] == " + ".join(f"{cost:.2f}".replace("-0.00", "0.00") for cost in apart)
    assert row[3] == (f"{together:.2f}".replace("-0.00", "0.00") if len(apart) > 1 else "")


def rows_of_the_page() -> list[list[str]]:
    """The rows of the page's table of situations."""
    section = (
        PAGE.read_text("utf-8")
        .partition("(situations)=")[2]
        .partition("\n## ")[2]
        .partition("\n## ")[0]
    )
    lines = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def test_the_page_has_these_situations_and_no_others():
    assert [row[0] for row in rows_of_the_page()[1:]] == list(SITUATIONS)


TALKED = ["a tariff each", "feed-in above purchase in one hour", "a tie that is closed at night", "a sun park, a battery and a car without a load"]  # fmt: skip


@pytest.mark.parametrize("name", TALKED)
def test_talks_keep_their_bounds_and_nobody_loses(name, tmp_path):
    situation = SITUATIONS[name][1]
    case = load_case(written(situation, tmp_path))
    together = cheapest(situation)
    made = cooperate(case)
    size = sum(abs(result.cost) for result in made.dispatches.values())
    assert made.certificate.lower <= together + 1e-5 * size
    assert together <= made.cost + 1e-5 * size
    split = bargain(case, alone(case), made)
    apart = {member: cheapest(situation, [member]) for member in case.names}
    after = split.table["after"]
    assert all(after[member] <= cost + 1e-4 * size for member, cost in apart.items())


HIT = [
    "two members with a price on the peak",
    "prices below zero",
    "two runs that may wait, one over midnight",
    "an engine whose heat is used, and may stand",
]


@pytest.mark.parametrize("name", HIT)
def test_a_worst_day_is_the_worst_of_all_days(name, tmp_path):
    """One hour of more load: each of them is tried."""
    situation = SITUATIONS[name][1]
    member = next(iter(situation["members"]))
    days = []
    for hour in range(24):
        day = deepcopy(situation)
        parts = [part for part in day["members"][member] if part["kind"] == "electric_load"]
        parts[0]["load"] = np.where(hour == HOUR, 1.2, 1.0) * parts[0]["load"]
        days.append(cheapest(day, [member]))
    case = load_case(written(situation, tmp_path))
    worst = worst_case(case.vpp(member), Uncertainty({"load": 1}, deviation=0.2))
    assert worst.cost == pytest.approx(max(days), rel=1e-6)


@pytest.mark.parametrize("name", ["prices below zero", "an outage for all, load shed at a price"])
def test_a_day_as_forecast_costs_the_same_on_every_road(name, tmp_path):
    situation = SITUATIONS[name][1]
    case = load_case(written(situation, tmp_path))
    together = pytest.approx(cheapest(situation), rel=1e-6)
    assert float(robust_coalition(case, Uncertainty({"load": 0})).costs.sum()) == together
    assert roll(case).cost == together
    assert CoalitionCosts(case).cost(tuple(case.names)) == together


def scaled(situation: dict, power: float, money: float) -> dict:
    """The situation with all powers and energies, and all prices, times a factor."""
    larger = deepcopy(situation)
    of_power = {"load", "heat", "output", "limit", "power"}
    of_power |= {f"energy_{what}" for what in ("min", "max", "start", "needed")}
    for parts in [*larger["members"].values(), [larger["tie"]] if larger["tie"] else []]:
        for part in parts:
            for key, value in part.items():
                ends = ("_max", "_min")
                if key in of_power or (key.endswith(ends) and not key.startswith("performance")):
                    part[key] = value * power
                elif key.endswith(("_price", "_cost", "_fee", "_value")):
                    part[key] = value * money
    return larger


@pytest.mark.parametrize(("power", "money"), [(1e-3, 1.0), (1e4, 1.0), (1.0, 1e-3), (1.0, 1e4)])
@pytest.mark.parametrize(
    "name", ["feed-in above purchase in one hour", "a car over midnight that feeds back"]
)
def test_all_costs_grow_with_powers_and_prices(name, power, money, tmp_path):
    usual, larger = SITUATIONS[name][1], scaled(SITUATIONS[name][1], power, money)
    apart, together, _, _ = both(usual, tmp_path / "usual")
    case = load_case(written(larger, tmp_path / "larger"))
    factor = power * money
    found = [schedule.cost / factor for schedule in alone(case).values()]
    assert found == pytest.approx(apart, rel=1e-6)
    if len(apart) > 1:
        assert pool(case).cost / factor == pytest.approx(together, rel=1e-5)


IMPOSSIBLE = {
    "a car that needs more than the night holds": (
        of(Home=[load(), car(arrival=23.0, departure=1.0, energy_needed=30.0), grid()]),
        "energy_needed: found 30 kWh a trip",
    ),
    "a run that does not fit its window": (
        of(Home=[load(), run("oven", power=1.0, duration=4.0, earliest=9.0, latest=12.0), grid()]),
        "duration: found 4 h, longer than the 3 h",
    ),
    "an island whose night has no power": (of(Hut=[load(), sun(), battery()]), "electricity lacks"),
    "a tank alone before a heat load": (of(Home=[load(), heat(), tank(), grid()]), "heat_load takes heat and nothing supplies it"),
    "a boiler without gas": (of(Home=[load(), heat(), boiler()[0], grid()]), "boiler takes gas and nothing supplies it"),
    "a name mistyped": (of(Home=HOME, Hom=[grid()]), "Hom has grid and nothing besides"),
}  # fmt: skip


@pytest.mark.parametrize(("situation", "words"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_is_said_in_a_sentence(situation, words, tmp_path):
    with pytest.raises((WrongInput, NotSolved), match=re.escape(words)) as refused:
        alone(load_case(written(situation, tmp_path)))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "BHD", "XAF"])
def test_the_money_of_a_case_reaches_what_is_said(currency, tmp_path):
    situation = SITUATIONS["an island beside a member with a grid"][1]
    case = load_case(written(situation, tmp_path, currency))
    split = bargain(case, alone(case), pool(case))
    note = said(split.note)
    assert "yuan" not in note and f"5 {currency}/kWh" in note
    assert [schedule.cost for schedule in alone(case).values()] == pytest.approx(
        [cheapest(situation, [n]) for n in case.names]
    )
