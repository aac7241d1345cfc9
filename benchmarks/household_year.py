"""A year of one household in quarter hours, without and with loads that run in one piece: `python
benchmarks/household_year.py`.

Prints seconds, memory and how far from the optimum the schedule may be. The household has PV, a
car, a heat pump with a tank, and dynamic prices, all drawn from a seed; the last household also a
dishwasher and a washing machine, whose 730 runs are to be placed. Nothing fails on these numbers.

Two cores with much other work beside it: 250 s and 1.15 GB without runs to place; 1,107 s, 4.4
times as long, and 2.48 GB with 365 runs, proved to be within 1e-7 of the optimum.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from vppcore.components import (
    DeferrableLoad,
    ElectricLoad,
    ElectricVehicle,
    Grid,
    HeatLoad,
    HeatPump,
    HeatStore,
    Renewable,
)
from vppcore.schedule import dispatch
from vppcore.vpp import VPP

DAYS = 365
STEPS_OF_A_DAY = 96
MACHINES = (
    DeferrableLoad(label="dishwasher", power=1.0, duration=1.5, earliest=20.0, latest=6.0),
    DeferrableLoad(label="washer", power=2.0, duration=1.0, earliest=8.0, latest=18.0),
)


def household(days: int, machines: int, seed: int = 1) -> VPP:
    """A household over so many days, with so many of MACHINES."""
    chance = np.random.default_rng(seed)
    steps = days * STEPS_OF_A_DAY
    hour = np.arange(steps) / 4 % 24
    winter = np.cos(2 * np.pi * np.arange(steps) / STEPS_OF_A_DAY / DAYS)  # 1 in January
    clouds = np.repeat(chance.uniform(0.2, 1.0, days), STEPS_OF_A_DAY)
    height = np.maximum(np.sin(np.pi * (hour - 6) / 12), 0.0)
    price = 0.3 + 0.08 * np.sin(2 * np.pi * (hour - 13) / 24) + chance.normal(0, 0.02, steps)
    components = (
        ElectricLoad(forecast=chance.uniform(0.2, 0.8, steps)),
        HeatLoad(forecast=np.maximum(2.5 + 2.5 * winter, 0.5)),
        Renewable(label="pv", forecast=8 * (0.6 - 0.35 * winter) * height * clouds),
        ElectricVehicle(
            energy_max=50.0,
            energy_needed=8.0,
            charge_max=11.0,
            charge_efficiency=0.9,
            arrival=18.0,
            departure=7.5,
        ),
        HeatPump(heat_max=8.0, performance=3.2),
        HeatStore(
            energy_min=0.0,
            energy_max=12.0,
            energy_start=6.0,
            charge_max=6.0,
            discharge_max=6.0,
            self_discharge=0.01,
        ),
        Grid(buy_price=np.maximum(price, 0.05), sell_price=np.full(steps, 0.07)),
        *MACHINES[:machines],
    )
    return VPP("Home", components, steps=steps, step_hours=0.25)


def main() -> None:
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    counts = [int(word) for word in sys.argv[2:]] or range(len(MACHINES) + 1)
    for machines in counts:
        vpp = household(days, machines)
        started = time.perf_counter()
        result = dispatch(vpp)
        seconds = time.perf_counter() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # GB, the largest so far
        print(
            f"{days} days, {machines * days} runs to place: {seconds:.0f} s, {memory:.2f} GB, "
            f"{result.solved.kind}, {result.solved.variables} variables, cost {result.cost:.4f}, "
            f"off the optimum by {result.solved.gap:.0e} of it at most, exact: {result.exact}",
            flush=True,
        )


if __name__ == "__main__":
    main()
