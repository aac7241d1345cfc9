"""Study A's joint problem on a feeder with knobs: can it be delivered?

The problem is `pool`'s with a placement, stores relaxed. Its voltages are variables of their own,
so that where a VPP stands changes one number a bus: by how much a kW of that VPP lowers the squared
voltage there. A reader turns buses and limits; what the problem is given follows from these
(`numbers_at`). Voltages per unit, power in kW, costs in yuan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.compiled import Compiled, Values
from vppcore.cooperation.joint import joint_model
from vppcore.errors import WrongInput
from vppcore.exclusive import pairs_of
from vppcore.grid.feeder import Feeder
from vppcore.grid.placement import Placement
from vppcore.live.problem import (
    Balance,
    Knob,
    LiveProblem,
    Price,
    Settings,
    Stated,
    export,
    horizon_of,
)
from vppcore.vpp import check_divisible, total, withdrawal

LOWEST = 0.9  # of what a slider offers, unless the run itself is outside
HIGHEST = 1.1
NEAR = 0.02  # how near to the nominal voltage a limit may be set
MARGIN = 0.01
FULLEST = 1.0  # the customers at their peak
WEAKEST = 1.5  # times the impedance of the feeder's own lines
NO_LIMIT = (0.0, 2.0)  # per unit: voltages that no limit is needed for
FARTHEST = 10.0  # times the largest wish: an answer beyond is none
MOST_NUMBERS = 4000  # buses times steps: more would be a heavy page


# --- what a reader turns --------------------------------------------------------------------------
def knobs_of(case: Case, placement: Placement, line_impedance: float = 1.0) -> list[Knob]:
    """Limits, margin, customers, lines and the bus of each VPP.

    placement: as the run has it, on the feeder with the lines that it has.
    """
    background = float(placement.background)
    low, high = placement.low, placement.high
    return [
        Knob(
            "low", "lowest voltage", "per unit",
            min(LOWEST, low), max(1 - NEAR, low), 0.005, low,
        ),
        Knob(
            "high", "highest voltage", "per unit",
            min(1 + NEAR, high), max(HIGHEST, high), 0.005, high,
        ),
        Knob(
            "margin", "kept free at both ends", "per unit", 0.0,
            max(MARGIN, placement.margin), 0.0001, placement.margin,
        ),
        Knob(
            "background", "the feeder's customers", "of their peak",
            min(0.0, background), max(FULLEST, background), 0.05, background,
        ),
        Knob(
            "line_impedance", "impedance of the lines", "times",
            0.0, max(WEAKEST, line_impedance), 0.05, line_impedance, first=0.05,
        ),
        *bus_knobs(case, placement),
    ]  # fmt: skip


def bus_knobs(case: Case, placement: Placement) -> list[Knob]:
    """The bus of each VPP, as `bus_1`, `bus_2`, ... in the order of the case.

    Values count buses in the order of the feeder, from the number of the first one on.
    """
    buses = placement.feeder.buses
    words = tuple(f"bus {bus}" for bus in buses)
    first = float(buses[0])
    last = first + len(buses) - 1
    knobs = []
    for place, name in enumerate(case.names, start=1):
        usual = first + buses.index(placement.buses[name])
        knobs.append(Knob(f"bus_{place}", f"{name} at", "", first, last, 1.0, usual, words=words))
    return knobs


def placement_at(case: Case, feeder: Feeder, setting: Settings) -> Placement:
    """The placement that a setting of a reader's knobs stands for.

    feeder: with the impedance of its own lines.
    """
    buses = {}
    for place, name in enumerate(case.names, start=1):
        position = round(setting[f"bus_{place}"] - feeder.buses[0])
        buses[name] = feeder.buses[position]
    return Placement(
        feeder.with_impedance(setting["line_impedance"]),
        buses,
        background=setting["background"],
        low=setting["low"],
        high=setting["high"],
        margin=setting["margin"],
    )


# --- what the problem is given --------------------------------------------------------------------
def numbers_at(case: Case, feeder: Feeder, setting: Settings) -> dict[str, float]:
    """The knobs of the problem at a setting of a reader's knobs; the page does the same.

    feeder: with the impedance of its own lines.
    """
    placement = placement_at(case, feeder, setting)
    per_kw, _ = placement.feeder.falls()
    low, high = placement.squared_limits()
    numbers = {
        "trade": 1.0,
        "low_squared": float(low),
        "high_squared": float(high),
        "customers": setting["background"] * setting["line_impedance"],
    }
    for place, name in enumerate(case.names, start=1):
        row = per_kw[feeder.buses.index(placement.buses[name])]
        for bus, fall in zip(feeder.buses, row, strict=True):
            numbers[fall_name(place, bus)] = float(fall)
    return numbers


def fall_name(place: int, bus: int) -> str:
    """The knob of what a kW of the VPP at this place in the case takes off a bus's voltage."""
    return f"fall_{place}_{bus}"


def falls_in(settings: Settings, feeder: Feeder, count: int) -> np.ndarray:
    """What a kW of each VPP takes off the squared voltage of each bus `(VPPs, buses)`."""
    rows = []
    for place in range(1, count + 1):
        rows.append([settings[fall_name(place, bus)] for bus in feeder.buses])
    return np.array(rows)


def problem_knobs(case: Case, feeder: Feeder, knobs: Sequence[Knob]) -> list[Knob]:
    """The knobs of the problem: wide enough for every setting of a reader's knobs.

    Their usual values are those without a feeder: no limits, no customers, nothing falls.

    trade: share of the trade limit, 0 is without trade.
    low_squared, high_squared: limits of the squared voltages, per unit.
    customers: the feeder's own, share of their peak times the impedance of the lines.
    fall_...: what one kW of a VPP takes off the squared voltage of a bus, per unit.
    """
    ends = {knob.name: (knob.low, knob.high) for knob in knobs}
    weakest = ends["line_impedance"][1]
    emptiest, fullest = (weakest * share for share in ends["background"])
    least, most = (float(end**2) for end in NO_LIMIT)
    low = (ends["low"][1] + ends["margin"][1]) ** 2
    high = (ends["high"][0] - ends["margin"][1]) ** 2
    found = [
        Knob("trade", "trade", "", 0.0, 1.0, 1.0, 1.0, by="view"),
        Knob("low_squared", "lowest", "", least, low, 0.01, least, by="view"),
        Knob("high_squared", "highest", "", high, most, 0.01, most, by="view"),
        Knob("customers", "customers", "", min(0.0, emptiest), fullest, 0.01, 0.0, by="view"),
    ]
    per_kw, _ = feeder.falls()
    farthest = weakest * per_kw.max()
    for place in range(1, len(case.names) + 1):
        for bus in feeder.buses:
            name = fall_name(place, bus)
            found.append(Knob(name, name, "", 0.0, farthest, farthest / 100, 0.0, by="view"))
    return found


class OnFeeder:
    """The joint problem of a case on a feeder, stated once for each share of the trade limit.

    feeder: with the impedance of its own lines.
    outputs: squared voltages, step after step; withdrawals; flows that should not run at once, in
        twos. prices: what one more kWh withdrawn by a VPP costs all others, yuan/kWh.
    """

    def __init__(self, case: Case, feeder: Feeder):
        self.case = case
        self.feeder = feeder
        self._parts: dict[float, Stated] = {}
        steps, buses = case.vpps[0].steps, len(feeder.buses)
        self._low = cp.Parameter((steps, buses), name="low")
        self._high = cp.Parameter((steps, buses), name="high")
        self._customers = cp.Parameter(name="customers")
        self._falls = cp.Parameter((len(case.names), buses), name="falls")

    def at(self, settings: Settings) -> Stated:
        """The problem at a setting of its knobs. Raises WrongInput for a case without a tie."""
        share = settings["trade"]
        if share not in self._parts:
            self._parts[share] = self._stated(share)
        shape = self._low.shape
        values: dict[cp.Parameter, Values] = {
            self._low: np.full(shape, settings["low_squared"]),
            self._high: np.full(shape, settings["high_squared"]),
            self._customers: settings["customers"],
            self._falls: falls_in(settings, self.feeder, len(self.case.names)),
        }
        return self._parts[share]._replace(values=values)

    def _stated(self, share: float) -> Stated:
        """Stated with a share of the trade limit."""
        tie = self.case.tie
        if tie is None:
            raise WrongInput(
                f"case {self.case.name}: found no tie; allowed: a case whose VPPs may trade"
            )
        models, _, rows = joint_model(self.case.change_tie(limit=share * tie.limit))
        check_divisible(models.values(), "a live element")
        steps = self.case.vpps[0].steps
        withdrawn = cp.Variable((steps, len(models)), name="withdrawn")
        squared = cp.Variable(self._low.shape, bounds=[self._low, self._high], name="squared")
        _, of_customers = self.feeder.falls()
        source = self.feeder.source_voltage**2
        without_vpps = source - self._customers * np.tile(of_customers, (steps, 1))
        rows = [*rows, squared + withdrawn @ self._falls == without_vpps]
        outputs: dict[str, cp.Expression] = {"squared": cp.vec(squared, order="C")}
        prices = {}
        balances = {}
        hours = self.case.vpps[0].step_hours
        for column, (name, model) in enumerate(models.items()):
            passes = withdrawn[:, column] - withdrawal(model) == 0
            rows.append(passes)
            outputs[f"withdrawn by {name}"] = withdrawn[:, column]
            prices[name] = Price(passes, 1 / hours)
            balances[f"the feeder at {name}"] = Balance(passes, "kW")
        for number, pair in enumerate(pairs_of(models.values())):
            outputs[f"first flow {number}"] = pair.one
            outputs[f"second flow {number}"] = pair.other
        cost = total(model.cost for model in models.values())
        name = f"{self.case.name} on {self.feeder.name}"
        stated = Stated(Compiled(cost, rows, name), outputs, prices, balances)
        return stated._replace(read=dict(stated.readouts()))


def can_it_be_delivered(case: Case, feeder: Feeder, knobs: Sequence[Knob]) -> LiveProblem:
    """The joint problem of a case on a feeder as data for a page.

    feeder: with the impedance of its own lines. knobs: what a reader turns, `knobs_of`.
    Raises WrongInput for a case without a tie, and for more voltages than a page should solve for.
    """
    voltages = len(feeder.buses) * case.vpps[0].steps
    if voltages > MOST_NUMBERS:
        raise WrongInput(
            f"case {case.name} on {feeder.name}: found {voltages:,} voltages (buses times steps); "
            f"allowed: at most {MOST_NUMBERS:,} in a page"
        )
    problem = OnFeeder(case, feeder)
    return export("can-it-be-delivered", problem_knobs(case, feeder, knobs), problem.at)


# --- the operator's answer ------------------------------------------------------------------------
def grant_knobs(problem: LiveProblem, most: float, names: Sequence[str]) -> list[Knob]:
    """The knobs of the operator's answer in one step: those of the problem but trade, and wishes.

    most: largest withdrawal that may be wished for, kW either way.
    """
    wishes = [
        Knob(f"wish_{place}", "wish", "", -most, most, most / 100, 0.0, by="view")
        for place in range(1, len(names) + 1)
    ]
    return [knob for knob in problem.knobs if knob.name != "trade"] + wishes


def grant(problem: LiveProblem, feeder: Feeder, most: float, names: Sequence[str]) -> LiveProblem:
    """The withdrawals of one step nearest to those wished for that keep the voltages within limits.

    problem: whose limits and places it has. most: as in `grant_knobs`, above 0.
    Its cost is half the sum of squares of what is moved, kW squared.
    """
    wish = cp.Parameter(len(names), name="wish")
    limits = cp.Parameter(2, name="limits")
    customers = cp.Parameter(name="customers")
    falls = cp.Parameter((len(names), len(feeder.buses)), name="falls")
    room = FARTHEST * most
    granted = cp.Variable(len(names), bounds=[-room, room], name="granted")
    moved = cp.Variable(len(names), name="moved")
    _, of_customers = feeder.falls()
    squared = feeder.source_voltage**2 - customers * of_customers - granted @ falls
    rows = [granted - moved == wish, squared >= limits[0], squared <= limits[1]]
    compiled = Compiled(cp.sum_squares(moved) / 2, rows, f"the operator of {feeder.name}")
    stated = Stated(compiled, {"granted": granted}, {})
    read = dict(stated.readouts())

    def state(settings: Settings) -> Stated:
        values: dict[cp.Parameter, Values] = {
            wish: np.array([settings[f"wish_{k}"] for k in range(1, len(names) + 1)]),
            limits: np.array([settings["low_squared"], settings["high_squared"]]),
            customers: settings["customers"],
            falls: falls_in(settings, feeder, len(names)),
        }
        return stated._replace(values=values, read=read)

    return export("the operator's answer", grant_knobs(problem, most, names), state)


# --- what the drawing shows beside the solution ---------------------------------------------------
def facts_of(
    case: Case,
    feeder: Feeder,
    free: pd.DataFrame,
    colours: Mapping[str, str],
) -> dict[str, Any]:
    """The feeder, the VPPs, and what they would withdraw if nobody looked at the feeder.

    feeder: with the impedance of its own lines.
    free: their net withdrawals together, kW, a row per step, a column per VPP.
    colours: VPP -> its colour in figures.
    """
    per_kw, of_customers = feeder.falls()
    position = {bus: place for place, bus in enumerate(feeder.buses)}
    parents = {far: position.get(near, -1) for near, far, _ in feeder.outwards()}
    return {
        "case": case.name,
        "feeder": feeder.name,
        "vpps": dict(colours),
        "source": str(feeder.source),
        "source_squared": feeder.source_voltage**2,
        "parents": [parents[bus] for bus in feeder.buses],
        "buses": [int(bus) for bus in feeder.buses],
        "falls": per_kw.tolist(),
        "customers": of_customers.tolist(),
        "free": {name: free[name].round(6).tolist() for name in case.names},
        **horizon_of(case.vpps[0]),
        "no_limit": [float(end**2) for end in NO_LIMIT],
    }
