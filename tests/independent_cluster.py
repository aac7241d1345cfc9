"""The cheapest day of several VPPs that may trade, by scipy alone; no line is shared with vppcore.

kW, kWh, yuan; a step is an hour; arrays are (steps,).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from independent import Day

LARGE = 1e3


def add_member(day: Day, name: str, member: dict) -> None:
    """A VPP's columns and its rows but for the balance.

    member: load, buy, sell (prices); and, where there are any, pv, buy_max, sell_max, shift and cut
    (share and cost), store (most, least, start, power, efficiency), turbine (most and cost a kWh),
    peak (price of a kW and the steps of each interval that is metered).
    """
    steps = day.steps
    load = np.asarray(member["load"], float)
    positive = np.maximum(load, 0)
    buy_max, sell_max = member.get("buy_max", LARGE), member.get("sell_max", LARGE)
    has_grid = "buy" in member
    day.add(f"{name} buy", buy_max if has_grid else 0.0, member.get("buy", 0.0))
    day.add(f"{name} sell", sell_max if has_grid else 0.0, -np.asarray(member.get("sell", 0.0)))
    day.add(f"{name} buying", 1, whole=True)
    day.add(f"{name} pv", member.get("pv", np.zeros(steps)))
    share, cost = member.get("shift", (0.0, 0.0))
    day.add(f"{name} later", share * positive, cost)
    day.add(f"{name} sooner", share * positive, cost)
    share, cost = member.get("cut", (0.0, 0.0))
    day.add(f"{name} cut", share * positive, cost)
    most, cost = member.get("turbine", (0.0, 0.0))
    day.add(f"{name} turbine", most, cost)
    moved = {(f"{name} {way}", t): sign for t in range(steps) for way, sign in SHIFTS}
    day.row(moved, 0, 0)
    for t in range(steps):
        most = np.broadcast_to(buy_max, steps)[t]
        day.row({(f"{name} buy", t): 1, (f"{name} buying", t): -most}, -np.inf, 0)
        most = np.broadcast_to(sell_max, steps)[t]
        day.row({(f"{name} sell", t): 1, (f"{name} buying", t): most}, -np.inf, most)
    add_store(day, name, member.get("store"))
    add_peak(day, name, member.get("peak"))


SHIFTS = (("later", -1), ("sooner", 1))


def add_store(day: Day, name: str, store: dict | None) -> None:
    """A store that ends as full as it began, with a binary for each step."""
    power = store["power"] if store else 0.0
    day.add(f"{name} charge", power)
    day.add(f"{name} discharge", power)
    day.add(f"{name} charging", 1, whole=True)
    day.add(f"{name} energy", *((store["most"], 0.0, store["least"]) if store else (0.0, 0.0, 0.0)))
    for t in range(day.steps):
        day.row({(f"{name} charge", t): 1, (f"{name} charging", t): -power}, -np.inf, 0)
        day.row({(f"{name} discharge", t): 1, (f"{name} charging", t): power}, -np.inf, power)
        if store:
            stored = {(f"{name} energy", t): 1.0, (f"{name} charge", t): -store["efficiency"]}
            stored[f"{name} discharge", t] = 1 / store["efficiency"]
            if t:
                stored[f"{name} energy", t - 1] = -1.0
            before = 0.0 if t else store["start"]
            day.row(stored, before, before)
    if store:
        day.row({(f"{name} energy", day.steps - 1): 1.0}, store["start"], store["start"])


def add_peak(day: Day, name: str, peak: tuple[float, int] | None) -> None:
    """The largest mean purchase of an interval, paid once."""
    if not peak:
        return
    price, length = peak
    day.add(f"{name} peak", cost=np.concatenate([[price], np.zeros(day.steps - 1)]))
    for start in range(0, day.steps, length):
        interval = range(start, min(start + length, day.steps))
        mean = {(f"{name} buy", t): 1 / len(interval) for t in interval}
        day.row(mean | {(f"{name} peak", 0): -1.0}, -np.inf, 0)


def cheapest(
    members: dict[str, dict], limit=0.0, fee: float = 0.0
) -> tuple[float, dict[str, np.ndarray]]:
    """Cost and series of the members' cheapest day; limit (kW) and fee (yuan/kWh) of the tie."""
    steps = len(next(iter(members.values()))["load"])
    day = Day(steps)
    for name, member in members.items():
        add_member(day, name, member)
    for one, other in combinations(members, 2):
        day.add(f"{one} to {other}", limit, 2 * fee)
        day.add(f"{other} to {one}", limit, 2 * fee)
    for name, member in members.items():
        for t in range(steps):
            balance = {(f"{name} {flow}", t): sign for flow, sign in FLOWS}
            for other in members:
                if other != name:
                    balance[f"{other} to {name}", t] = 1.0
                    balance[f"{name} to {other}", t] = -1.0
            day.row(balance, member["load"][t], member["load"][t])
    return day.solve()


FLOWS = (
    ("buy", 1.0),
    ("sell", -1.0),
    ("pv", 1.0),
    ("turbine", 1.0),
    ("discharge", 1.0),
    ("charge", -1.0),
    ("later", -1.0),
    ("sooner", 1.0),
    ("cut", 1.0),
)
