"""A week in quarter hours with movable load, by simplex and by an interior point: `python
benchmarks/quarter_hours.py`.

Prints seconds and their ratio within one run, for a week in hours and in quarters; `solvers.py`
takes its limit between simplex and interior point from here. Nothing fails on these numbers.
"""

from __future__ import annotations

import time

from vppcore.case import Case
from vppcore.cooperation.joint import pool
from vppcore.reading import load_case

CASES = ("simbench-semiurb", "simbench-semiurb-15min")
SHIFT_SHARE = 0.1  # of the electric load may be moved
SHIFT_COST = 0.1  # of the mean purchase price, per kWh moved
SOLVERS = ("highs", "clarabel")


def with_movable_load(case: Case) -> Case:
    """The case in which a share of every electric load may be moved within its day."""
    for vpp in case.vpps:
        price = float(vpp.component("grid").buy_price.mean())
        case = case.change(
            vpp.name, "electric_load", shift_share=SHIFT_SHARE, shift_cost=SHIFT_COST * price
        )
    return case


def seconds_of(case: Case, solver: str) -> tuple[float, float]:
    """Seconds of the joint optimum with a solver, and its cost."""
    started = time.perf_counter()
    cost = pool(case, solver).cost
    return time.perf_counter() - started, cost


def main() -> None:
    for name in CASES:
        case = load_case(name)
        for variant, changed in (("fixed", case), ("movable", with_movable_load(case))):
            found = {solver: seconds_of(changed, solver) for solver in SOLVERS}
            simplex, interior = found["highs"], found["clarabel"]
            print(
                f"{name}, {variant} load: HiGHS {simplex[0]:.1f} s, Clarabel {interior[0]:.1f} s,"
                f" {simplex[0] / interior[0]:.1f} times; costs agree to"
                f" {abs(simplex[1] / interior[1] - 1):.0e}"
            )


if __name__ == "__main__":
    main()
