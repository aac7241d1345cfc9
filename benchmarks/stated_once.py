"""What is gained by stating a problem once: `python benchmarks/stated_once.py`.

Each row solves the same problems in two ways within one run: stated anew for each, and stated once
with parameters (compiled.py), which includes the time of stating and compiling. Processor time, so
that other work on the machine matters little; compare the ratios, not the times. No test asserts
any of these numbers.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import cvxpy as cp
import numpy as np
import pandas as pd

from vppcore import dispatch, load_case, pool
from vppcore.carbon import ladder_sweep, market_of
from vppcore.cooperation.joint import JointProblem
from vppcore.fairness import coalition_values, coalitions
from vppcore.grid.feeder import load_feeder
from vppcore.grid.placement import Placement
from vppcore.pages.study import Study
from vppcore.solvers import solve
from vppcore.uncertainty.recourse import Recourse, hit
from vppcore.uncertainty.settings import at_level
from vppcore.vpp import build

PRICES = (0.14, 0.28, 0.42, 0.56)  # yuan/kg
INTERVALS = (500.0, 1000.0, 2000.0, 4000.0)  # kg
GROWTHS = (0.0, 0.25, 0.5, 1.0)
MARGINS = (0.0, 0.001, 0.002, 0.003, 0.004)  # per unit
DAYS = 2000
EXACT_DAYS = 400  # days on which a store must not charge and discharge at once


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def row(what: str, many: int, once: float, stated: int, anew: float) -> dict[str, object]:
    """A row: `many` problems took `once` seconds when stated once, `stated` of them
    `anew` seconds when stated anew.
    """
    each_once = 1000 * once / many
    each_anew = 1000 * anew / stated
    return {
        "what": what,
        "problems": many,
        "stated anew (ms each)": each_anew,
        "stated once (ms each)": each_once,
        "ratio": each_anew / each_once,
    }


def ladders() -> dict[str, object]:
    """A sweep over the carbon ladder (a quadratic problem)."""
    plant = load_case("paper-b").vpp("VPP1")
    grid = list(product(PRICES, INTERVALS, GROWTHS))
    name = market_of(plant).name
    once = processor_seconds(lambda: ladder_sweep(plant, PRICES, INTERVALS, GROWTHS))

    def anew() -> None:
        for price, interval, growth in grid:
            dispatch(plant.change(name, price=price, interval=interval, growth=growth))

    return row("carbon ladders", len(grid), once, len(grid), processor_seconds(anew))


def all_coalitions() -> dict[str, object]:
    """All coalitions of nine VPPs; every twentieth of them stated anew."""
    case = load_case("simbench-semiurb").window(1, 24)
    everybody = coalitions(case.names)
    some = everybody[::20]
    once = processor_seconds(lambda: coalition_values(case))
    anew = processor_seconds(lambda: [pool(case, members=members) for members in some])
    return row("coalitions of nine VPPs", len(everybody), once, len(some), anew)


def few_coalitions() -> dict[str, object]:
    """All 31 coalitions of five VPPs with quadratic costs; every fourth of them stated anew."""
    case = load_case("paper-b")
    everybody = coalitions(case.names)
    some = [members for members in everybody if len(members) > 1][::4]
    once = processor_seconds(lambda: coalition_values(case))
    anew = processor_seconds(lambda: [pool(case, members=members) for members in some])
    return row("coalitions of five VPPs", len(everybody), once, len(some), anew)


def margins() -> dict[str, object]:
    """The joint optimum on a feeder with growing margins: a linear and a quadratic problem each."""
    case = load_case("paper-a-parent")
    buses = dict(zip(case.names, (18, 25, 33), strict=True))
    placement = Placement(load_feeder("ieee33"), buses)
    placements = [replace(placement, margin=margin) for margin in MARGINS]

    def once() -> None:
        joint = JointProblem(case, placement)
        for narrowed in placements:
            joint.optimum(flattest=True, placement=narrowed)

    def anew() -> None:
        for narrowed in placements:
            pool(case, flattest=True, placement=narrowed)

    count = len(placements)
    return row(
        "margins of a feeder", count, processor_seconds(once), count, processor_seconds(anew)
    )


def days() -> dict[str, object]:
    """How a VPP reacts to sampled days; every fiftieth of them stated anew."""
    vpp = load_case("paper-a").vpp("VPP2")
    uncertainty = at_level(4)
    chance = np.random.default_rng(1)
    recourse = Recourse(vpp, uncertainty)
    size = recourse.by_day.shape[1]
    sampled = chance.uniform(-1, 1, (DAYS, size))

    def once() -> None:
        reaction = Recourse(vpp, uncertainty)
        for day in sampled:
            reaction.value(day)

    def anew() -> None:
        for day in sampled[::50]:
            by_series = {series: z for (_, series), z in recourse.unflatten(day).items()}
            model = build(hit(vpp, uncertainty, by_series))
            solve(cp.Problem(cp.Minimize(model.cost), model.constraints))

    some = len(sampled[::50])
    return row("days of a VPP", DAYS, processor_seconds(once), some, processor_seconds(anew))


def exact_days() -> dict[str, object]:
    """Sampled days on which overlapping flows would save something: by branching on linear problems
    that stay warm, and every tenth of them by one problem with binaries for all steps.
    """
    vpp = load_case("paper-a").vpp("VPP2")
    uncertainty = at_level(4)
    recourse = Recourse(vpp, uncertainty)
    chance = np.random.default_rng(1)
    sampled = chance.uniform(-1, 1, (EXACT_DAYS, recourse.by_day.shape[1]))

    def once() -> None:
        reaction = Recourse(vpp, uncertainty)
        for day in sampled:
            reaction.exact(day, squares=False)

    def anew() -> None:
        for day in sampled[::10]:
            recourse.react(day, modes=recourse.modes_by_milp(day, None))

    some = len(sampled[::10])
    return row(
        "days without overlaps (anew: with binaries)",
        EXACT_DAYS,
        processor_seconds(once),
        some,
        processor_seconds(anew),
    )


def main() -> None:
    study = Study("stated_once", {})
    table = pd.DataFrame(
        [ladders(), all_coalitions(), few_coalitions(), margins(), days(), exact_days()]
    )
    study.keep(stated_once=table)
    print(table.to_string(index=False, float_format=lambda number: f"{number:.3g}"))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    print(study.finish(machine=machine))


if __name__ == "__main__":
    main()
