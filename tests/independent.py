"""A household's cheapest day by scipy alone: a second road to costs, which shares no line with vppcore.

kW, kWh, yuan; a step is an hour; arrays are (steps,).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


class Day:
    """A linear problem with columns by name, one for each step; rows are added one by one."""

    def __init__(self, steps: int):
        self.steps = steps
        self.first: dict[str, int] = {}
        self.low: list[float] = []
        self.high: list[float] = []
        self.cost: list[float] = []
        self.whole: list[int] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []

    def add(self, name: str, high=np.inf, cost=0.0, low=0.0, whole: bool = False) -> None:
        """A variable for each step."""
        self.first[name] = len(self.low)
        for ends, numbers in ((self.low, low), (self.high, high), (self.cost, cost)):
            ends.extend(np.broadcast_to(np.asarray(numbers, float), self.steps).tolist())
        self.whole.extend([int(whole)] * self.steps)

    def at(self, name: str, step: int) -> int:
        return self.first[name] + step

    def row(self, terms: dict[tuple[str, int], float], low: float, high: float) -> None:
        """low <= sum of factor times (name, step) <= high."""
        self.rows.append(({self.at(*place): factor for place, factor in terms.items()}, low, high))

    def solve(self) -> tuple[float, dict[str, np.ndarray]]:
        matrix = np.zeros((len(self.rows), len(self.low)))
        for number, (terms, _, _) in enumerate(self.rows):
            for column, factor in terms.items():
                matrix[number, column] = factor
        limits = [(low, high) for _, low, high in self.rows]
        answer = milp(
            self.cost,
            integrality=self.whole,
            bounds=Bounds(self.low, self.high),
            constraints=LinearConstraint(matrix, *np.array(limits).T),
            options={"mip_rel_gap": 1e-9},
        )
        assert answer.success, answer.message
        series = {name: answer.x[first : first + self.steps] for name, first in self.first.items()}
        return float(answer.fun), series


def cheapest_day(
    load,
    buy,
    sell,
    *,
    pv=None,
    buy_max: float = 1e3,
    sell_max: float = 1e3,
    shift=(0.0, 0.0),
    curtail=(0.0, 0.0),
    called=(0.0, 0.0),
    store: dict | None = None,
    turbine: dict | None = None,
) -> tuple[float, dict[str, np.ndarray]]:
    """Cost and series of the cheapest day, with binaries for the grid and the store.

    shift, curtail: share and cost. called: share and the part of the purchase price that is paid.
    store: most (energy), least, start, power, efficiency. turbine: most (power) and cost a kWh.
    """
    steps = len(load)
    load = np.asarray(load, float)
    day = Day(steps)
    day.add("buy", buy_max, buy)
    day.add("sell", sell_max, -np.asarray(sell, float))
    day.add("buying", 1, whole=True)
    day.add("pv", np.zeros(steps) if pv is None else pv)
    day.add("later", shift[0] * load, shift[1])
    day.add("sooner", shift[0] * load, shift[1])
    day.add("cut", curtail[0] * load, curtail[1])
    day.add("called", called[0] * load, called[1] * np.asarray(buy, float))
    day.add("turbine", *((turbine["most"], turbine["cost"]) if turbine else (0.0, 0.0)))
    power = store["power"] if store else 0.0
    day.add("charge", power)
    day.add("discharge", power)
    day.add("charging", 1, whole=True)
    day.add("energy", *((store["most"], 0.0, store["least"]) if store else (0.0, 0.0, 0.0)))
    for t in range(steps):
        given = {"buy": 1, "sell": -1, "pv": 1, "turbine": 1, "discharge": 1, "charge": -1}
        served = {"later": -1, "sooner": 1, "cut": -1}
        balance = {(name, t): float(factor) for name, factor in given.items()}
        balance |= {(name, t): -float(factor) for name, factor in served.items()}
        balance["called", t] = 1.0
        day.row(balance, load[t], load[t])
        day.row(
            {(name, t): float(factor) for name, factor in (served | {"called": -1}).items()},
            -load[t],
            np.inf,
        )  # what is served never gives power
        day.row({("buy", t): 1, ("buying", t): -buy_max}, -np.inf, 0)
        day.row({("sell", t): 1, ("buying", t): sell_max}, -np.inf, sell_max)
        day.row({("charge", t): 1, ("charging", t): -power}, -np.inf, 0)
        day.row({("discharge", t): 1, ("charging", t): power}, -np.inf, power)
        if store:
            stored = {("energy", t): 1.0, ("charge", t): -store["efficiency"]}
            stored["discharge", t] = 1 / store["efficiency"]
            if t:
                stored["energy", t - 1] = -1.0
            before = 0.0 if t else store["start"]
            day.row(stored, before, before)
    day.row(
        {(name, t): sign for t in range(steps) for name, sign in (("later", -1), ("sooner", 1))},
        0,
        0,
    )
    if store:
        day.row({("energy", steps - 1): 1.0}, store["start"], store["start"])
    return day.solve()
