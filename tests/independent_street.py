"""The week of the street by scipy alone, read from its files: a second road that shares no line with vppcore.

kW, kWh, EUR; steps of an hour; arrays are (steps,).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

ZONE = "Europe/Berlin"


def months(utc: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Which local month each hour lies in, `(hours, months)` of 0 and 1, and what share of it the hours are."""
    local = pd.to_datetime(utc, utc=True).dt.tz_convert(ZONE)
    names = local.dt.strftime("%Y-%m")
    inside = np.array([names == name for name in names.unique()], float).T
    lengths = []
    for name in names.unique():
        first, after = (pd.Period(name, "M") + k for k in (0, 1))
        begin, end = (month.start_time.tz_localize(ZONE) for month in (first, after))
        lengths.append((end - begin) / pd.Timedelta(hours=1))  # 743 h in a March in Berlin
    return inside, inside.sum(axis=0) / lengths


class Program:
    """A linear program with blocks of columns; rows are added a block of steps at a time."""

    def __init__(self, steps: int):
        self.steps = steps
        self.cost: list[np.ndarray] = []
        self.bounds: list[np.ndarray] = []
        self.count = 0
        self.rows = {"equal": [], "most": []}

    def add(self, cost=0.0, low=0.0, high=np.inf, length: int | None = None) -> slice:
        """A column for each step (or `length` columns); where they are."""
        length = self.steps if length is None else length
        self.cost.append(np.broadcast_to(np.asarray(cost, float), (length,)))
        ends = [np.broadcast_to(np.asarray(end, float), (length,)) for end in (low, high)]
        self.bounds.append(np.column_stack(ends))
        self.count += length
        return slice(self.count - length, self.count)

    def rows_of(self, kind: str, terms: list[tuple[slice, object]], right) -> None:
        """sum of matrix times columns, = or <= right. A number stands for itself times identity."""
        self.rows[kind].append((terms, np.broadcast_to(np.asarray(right, float), (self.steps,))))

    def matrix(self, kind: str) -> tuple[sparse.csr_matrix, np.ndarray]:
        blocks, right = [], []
        for terms, limit in self.rows[kind]:
            block = sparse.lil_matrix((self.steps, self.count))
            for where, factor in terms:
                made = factor * sparse.identity(self.steps) if np.isscalar(factor) else factor
                block[:, where] = block[:, where] + sparse.csr_matrix(made)
            blocks.append(block.tocsr())
            right.append(limit)
        return sparse.vstack(blocks).tocsr(), np.concatenate(right)

    def solve(self) -> float:
        equal, is_equal = self.matrix("equal")
        most, at_most = self.matrix("most")
        found = linprog(
            np.concatenate(self.cost),
            A_ub=most,
            b_ub=at_most,
            A_eq=equal,
            b_eq=is_equal,
            bounds=np.vstack(self.bounds),
            method="highs",
        )
        assert found.status == 0, found.message
        return float(found.fun)


class Street:
    """The files of a folder, as they stand."""

    def __init__(self, folder: Path):
        self.series = pd.read_csv(folder / "series.csv")
        self.units = pd.read_csv(folder / "units.csv").set_index(["vpp", "component", "parameter"])
        self.steps = len(self.series)
        owners = self.units.index.get_level_values(0)
        self.names = [name for name in owners.unique() if name != "all"]

    def number(self, owner: str, component: str, parameter: str, otherwise: float = 0.0) -> float:
        key = (owner, component, parameter)
        return float(self.units.loc[key, "value"]) if key in self.units.index else otherwise

    def column(self, name: str) -> np.ndarray:
        return self.series[name].to_numpy() if name in self.series else np.zeros(self.steps)

    def components(self, owner: str) -> list[str]:
        return list(self.units.loc[owner].index.get_level_values(0).unique())

    def cost(self, names: list[str], trading: bool) -> float:
        """The least cost of members, with trade between them or without."""
        program = Program(self.steps)
        given = {name: self.member(program, name) for name in names}
        if trading:
            limit, fee = (self.number("all", "tie", name) for name in ("limit", "crossing_fee"))
            for sender in names:
                for receiver in names:
                    if sender != receiver:
                        sent = program.add(2 * fee, 0, limit)
                        given[sender].append((sent, -1.0))
                        given[receiver].append((sent, 1.0))
        for name in names:
            program.rows_of("equal", given[name], self.column(f"{name.lower()}_load_kw"))
        return program.solve()

    def member(self, program: Program, name: str) -> list[tuple[slice, object]]:
        """A member's columns and rows; the terms of its electric balance."""
        low = name.lower()
        own = self.column(f"{low}_grid_buy_eur_per_kwh")
        price = own if own.any() else self.column("grid_buy_eur_per_kwh")
        buy = program.add(price)
        sell = program.add(-self.column("grid_sell_eur_per_kwh"))
        sun = program.add(0.0, 0.0, self.column(f"{low}_pv_kw"))
        inside, shares = months(self.series["time_utc"])
        price_of_peak = shares * self.number("all", "grid", "peak_price")
        peak = program.add(price_of_peak, length=len(shares))
        program.rows_of("most", [(buy, 1.0), (peak, -inside)], 0.0)
        balance: list[tuple[slice, object]] = [(buy, 1.0), (sell, -1.0), (sun, 1.0)]
        heat: list[tuple[slice, object]] = []
        for component in self.components(name):
            kind, _, label = component.partition(".")
            if kind in ("battery", "heat_store", "electric_vehicle"):
                prefix = f"{low}_{label}"
                net = self.store(program, name, component, prefix)
                (heat if kind == "heat_store" else balance).extend(net)
            if kind == "heat_pump":
                made = program.add(0.0, 0.0, self.number(name, kind, "heat_max"))
                heat.append((made, 1.0))
                balance.append((made, -1.0 / self.number(name, kind, "performance")))
        if heat:
            program.rows_of("equal", heat, self.column(f"{low}_heat_kw"))
        return balance

    def store(
        self, program: Program, name: str, component: str, prefix: str
    ) -> list[tuple[slice, object]]:
        """Charge and discharge of a store, and what is stored at the beginning of each step."""

        def number(parameter: str, otherwise: float = 0.0) -> float:
            return self.number(name, component, parameter, otherwise)

        is_car = component.startswith("electric_vehicle")
        there = self.column(f"{prefix}_availability_share") if is_car else 1.0
        drawn = self.column(f"{prefix}_energy_needed_kwh") if is_car else 0.0
        wear = number("wear_cost")
        charge = program.add(wear, 0.0, number("charge_max") * there)
        discharge = program.add(wear, 0.0, number("discharge_max") * there)
        low, high = (np.full(self.steps, number(f"energy_{end}")) for end in ("min", "max"))
        if not is_car:
            low[0] = high[0] = number("energy_start")
        energy = program.add(0.0, low, high)
        after = sparse.csr_matrix(
            np.roll(np.identity(self.steps), 1, axis=1)
        )  # the end is the start
        kept = 1 - number("self_discharge")
        rows = [(energy, after - kept * sparse.identity(self.steps))]
        rows.append((charge, -number("charge_efficiency", 1.0)))
        rows.append((discharge, 1 / number("discharge_efficiency", 1.0)))
        program.rows_of("equal", rows, -drawn)
        return [(discharge, 1.0), (charge, -1.0)]
