"""A day of the reader's own: which steps go against a VPP, beside the worst day of the budget.

The page solves the recourse of `uncertainty/`, with the hits as knobs and stores relaxed; the worst
days are searched when the book is built. Costs in yuan, power in kW, budgets in steps. A hit is
turned by its size, as a share of the forecast: so much more load, or less of a plant's output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.choices import HORIZON
from vppcore.compiled import Compiled
from vppcore.components import ElectricLoad
from vppcore.components.periods import periods_of
from vppcore.errors import WrongInput
from vppcore.live.problem import Knob, LiveProblem, Price, Settings, Stated, export
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.emergency import NAME as EMERGENCY
from vppcore.uncertainty.emergency import declared_power
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.result import WorstCase
from vppcore.uncertainty.series import hit, uncertain_series
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.vpp import VPP, Model, build, check_divisible, total
from vppcore.warm import WarmLinear

DEVIATIONS = (0.5, 1.0, 1.5)  # that can be chosen, as multiples of the book's
FIRST_LEVEL = 2  # at which a reader begins
MOST_STEPS = 48  # that a board of buttons shows
SEARCH_SECONDS = 20.0  # of one search; one that is stopped leaves its two bounds
SAME_COST = 1e-6  # of the money at stake: page and search agree on a day


def hit_name(series: str, step: int) -> str:
    """How the knob of a hit is called; steps count from 1.

    >>> hit_name("load", 12)
    'load_12'
    """
    return f"{series}_{step}"


def deviations_of(deviation: float) -> list[float]:
    """The sizes of a hit that can be chosen, as shares of the forecast.

    >>> deviations_of(0.2), deviations_of(0.8)
    ([0.1, 0.2, 0.3], [0.4, 0.8])
    """
    sizes = [round(multiple * deviation, 12) for multiple in DEVIATIONS]
    return [size for size in sizes if size < 1]


def check_shown(vpp: VPP, level: int, doubt: Mapping[str, Any]) -> None:
    """Raises WrongInput for a VPP, a level or a deviation of which a page can show nothing."""
    if level < 1 or not uncertain_series(vpp, at_level(level, **doubt)):
        raise WrongInput(
            f"{vpp.name}: found no series that may be hit at level {level}; allowed: a level of 1 "
            "or more and a VPP with load or plants that are uncertain"
        )
    net_metered = [load.name for load in vpp.of(ElectricLoad) if load.net_metered == "yes"]
    if net_metered:
        raise WrongInput(
            f"{vpp.name}, {net_metered[0]}: net_metered: found yes; allowed on a page: no, since "
            "it draws what is taken and what is made apart"
        )
    period = doubt.get("period", HORIZON)
    if len(periods_of(period, vpp.clock)) > 1:
        raise WrongInput(
            f"period: found {period}, of which the horizon of {vpp.name} has several; allowed on a "
            "page: one, since it counts all that the reader hits together"
        )
    if doubt["deviation"] <= 0:
        raise WrongInput(
            f"deviation: found {doubt['deviation']:g}; allowed: above 0, or no hit costs anything"
        )
    if vpp.steps > MOST_STEPS:
        raise WrongInput(
            f"{vpp.name}: found {vpp.steps} steps; allowed: up to {MOST_STEPS}, a button for each"
        )


# --- the day as a problem with knobs --------------------------------------------------------------
def hit_knobs(vpp: VPP, series: Sequence[str], most: float) -> list[Knob]:
    """A knob for each series and step: the size of its hit, up to `most` of the forecast."""
    return [
        Knob(hit_name(name, step), f"{name} in step {step}", "-", 0.0, most, most, 0.0, by="view")
        for name in series
        for step in range(1, vpp.steps + 1)
    ]


def a_day(vpp: VPP, doubt: Uncertainty) -> LiveProblem:
    """A VPP's cheapest reaction to a day, stores relaxed, with a knob for each hit.

    doubt: with one deviation for all series, which is the largest size of a hit.
    Raises WrongInput for a VPP whose costs are not linear.
    """
    series = uncertain_series(vpp, doubt)
    most = doubt.deviation_of(series[0])
    days = {name: cp.Parameter(vpp.steps, value=np.zeros(vpp.steps)) for name in series}
    model = build(hit(vpp, doubt, days))
    check_divisible([model], "a live element")
    # no cheapest schedule sheds or dumps more than all power of a VPP together
    largest = declared_power(vpp)
    held = [flow <= largest for flow in model.parts[EMERGENCY].series.values()]
    compiled = Compiled(model.cost, [*model.constraints, *held], vpp.name)
    if not compiled.program().is_linear:
        raise WrongInput(f"{vpp.name}: found a quadratic cost; allowed: linear costs")
    prices = {"kWh": Price(model.balances["electricity"], 1 / vpp.step_hours)}
    stated = Stated(compiled, outputs_of(model), prices)

    def state(settings: Settings) -> Stated:
        for name, day in days.items():
            sizes = [settings[hit_name(name, step)] for step in range(1, vpp.steps + 1)]
            day.value = np.array(sizes) / most
        return stated

    return export("adversary", hit_knobs(vpp, series, most), state)


def outputs_of(model: Model) -> dict[str, cp.Expression]:
    """What the drawing shows: power from the grid and from stores by step, kW, and what is missing
    in all, kWh.
    """
    from_grid = [part.inject for part in parts_with_role(model, "grid")]
    from_stores = [part.inject for part in parts_with_role(model, "store")]
    emergency = model.parts[EMERGENCY].series
    shed = [flow for name, flow in emergency.items() if name.startswith("shed")]
    nothing = cp.Constant(np.zeros(model.vpp.steps))
    return {
        "from the grid": nothing + total(electricity_in(from_grid)),
        "from stores": nothing + total(electricity_in(from_stores)),
        "missing": model.vpp.step_hours * total(cp.sum(flow) for flow in shed),
    }


def parts_with_role(model: Model, role: str) -> list[Any]:
    """The parts of a model whose components have a role."""
    return [model.parts[component.name] for component in model.vpp.with_role(role)]


def electricity_in(injections: Sequence[Mapping[str, cp.Expression]]) -> list[cp.Expression]:
    """The electricity of each of these injections that has any."""
    return [inject["electricity"] for inject in injections if "electricity" in inject]


# --- the worst days -------------------------------------------------------------------------------
def worst_day(vpp: VPP, doubt: Uncertainty, solver: str = "auto") -> WorstCase:
    """A costliest day of a budget for the problem that the page solves: stores relaxed."""
    adversary = Adversary(Recourse(vpp, doubt))
    return adversary.answer(None, solver, relaxed=True, time_limit=SEARCH_SECONDS)


def worst_days(
    vpp: VPP, level: int, doubt: Mapping[str, Any], solver: str = "auto"
) -> list[dict[str, Any]]:
    """The worst day of every level up to `level` and every deviation that can be chosen.

    doubt: the other arguments of `at_level`.
    Each has its level, its deviation, what it costs and what no day exceeds (yuan), the budgets of
    the series and their steps that are hit (from 1).
    """
    found = []
    for deviation in deviations_of(doubt["deviation"]):
        for hours in range(1, level + 1):
            budget = at_level(hours, **{**doubt, "deviation": deviation})
            day = worst_day(vpp, budget, solver)
            series = uncertain_series(vpp, budget)
            found.append(
                {
                    "level": hours,
                    "deviation": deviation,
                    "cost": day.cost,
                    "bound": day.bound,
                    "budgets": {name: budget.steps_of(name, vpp.step_hours) for name in series},
                    "hits": {name: day.hits.index[day.hits[name] == 1].tolist() for name in series},
                }
            )
    return found


def check_agreed(live: LiveProblem, days: Sequence[Mapping[str, Any]]) -> None:
    """Raises WrongInput if the page's problem and the search differ on what a worst day costs, as
    they do where an emergency had to be made dearer.
    """
    page = WarmLinear(live.name)
    for day in days:
        cost = page.value(live.program(sizes_of(day)))
        if abs(cost - day["cost"]) > SAME_COST * max(abs(cost), abs(day["cost"])):
            raise WrongInput(
                f"{live.name}: a worst day costs {cost:,.2f} yuan by the page's problem and "
                f"{day['cost']:,.2f} by the search; allowed: a VPP for which both are the same"
            )


def sizes_of(day: Mapping[str, Any]) -> dict[str, float]:
    """One of the `worst_days` as settings of the page's problem."""
    return {
        hit_name(series, step): day["deviation"]
        for series, steps in day["hits"].items()
        for step in steps
    }


# --- for the page ---------------------------------------------------------------------------------
def knobs_of(vpp: VPP, series: Sequence[str], level: int, deviation: float) -> list[Knob]:
    """What a reader turns: level, deviation, and for each hit 0 or 1.

    level: the largest that can be chosen. deviation: the book's.
    """
    sizes = deviations_of(deviation)
    start = float(min(FIRST_LEVEL, level))
    step = sizes[1] - sizes[0]
    hits = [
        Knob(knob.name, knob.label, "", 0.0, 1.0, 1.0, 0.0, by="view")
        for knob in hit_knobs(vpp, series, deviation)
    ]
    return [
        Knob("level", "uncertainty level", "h", 0.0, float(level), 1.0, start, 1.0),
        Knob(
            "deviation", "deviation", "of the forecast",
            sizes[0], sizes[-1], step, deviation,
        ),
        *hits,
    ]  # fmt: skip


def be_the_adversary(
    vpp: VPP, level: int, doubt: Mapping[str, Any], solver: str = "auto"
) -> tuple[LiveProblem, list[Knob], list[dict[str, Any]]]:
    """The page's problem, what a reader turns, and the worst days.

    level: the largest that can be chosen. doubt: the other arguments of `at_level`, the deviation
    among them.
    Raises WrongInput for what a page cannot show.
    """
    check_shown(vpp, level, doubt)
    deviation = doubt["deviation"]
    largest = at_level(level, **{**doubt, "deviation": deviations_of(deviation)[-1]})
    live = a_day(vpp, largest)
    days = worst_days(vpp, level, doubt, solver)
    check_agreed(live, days)
    series = uncertain_series(vpp, largest)
    return live, knobs_of(vpp, series, level, deviation), days


def facts_of(
    vpp: VPP,
    days: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    colours: Mapping[str, str],
) -> dict[str, Any]:
    """What the drawing shows beside the solution.

    days: the worst ones. names: series -> its name in words. colours: of "grid" and "store".
    """
    series = days[-1]["budgets"]
    return {
        "vpp": vpp.name,
        "steps": vpp.steps,
        "step_hours": vpp.step_hours,
        "series": [
            {
                "name": name,
                "label": names.get(name, name),
                "rises": name in rising(vpp),
                "forecast": forecast_of(vpp, name).round(6).tolist(),
            }
            for name in series
        ],
        "worst": list(days),
        **colours,
    }


def rising(vpp: VPP) -> set[str]:
    """The series that a hit raises: the loads."""
    return {load.uncertain_series for load in vpp.with_role("load")}


def forecast_of(vpp: VPP, series: str) -> np.ndarray:
    """Forecast of a series, kW, all its components added `(steps,)`."""
    followed: list[Any] = [part for part in vpp.components if part.uncertain_series == series]
    return np.sum([part.demand if part.role == "load" else part.available for part in followed], 0)
