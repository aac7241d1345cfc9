"""The joint optimum of a drawn fleet as one line of JSON: python -m vppcore.fleet 1000.

n: VPPs. seconds: from nothing to both bounds; cpu_seconds: of all processes. cost: of the
schedules, yuan; upper: the same as a bound. lower: nothing is cheaper.
gap: relative. parts, lost: with --cluster, of the fleet, and how many were built anew.
peak_mb: memory of the largest process. compiled: numba is used. both_ways: stores are relaxed, and
so many of them charge and discharge at once.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence

from vppcore.errors import NotSolved, WrongInput
from vppcore.fleet import kernel
from vppcore.fleet.batches import SIDE_BY_SIDE, batches_of_fleet
from vppcore.fleet.cluster import Machines
from vppcore.fleet.generator import Fleet, drawn
from vppcore.fleet.pooled import pooled
from vppcore.fleet.price_newton import Accuracy, FleetResult, price_newton
from vppcore.fleet.workers import Workers

# in place of an address
LOCAL = "local"
METHODS = ("price-newton", "pool")
KILOBYTES = 1024.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the line. Returns 0, or 1 after one sentence on what was refused."""
    asked = parser().parse_args(arguments)
    try:
        print(json.dumps(answer(asked)))
    except (WrongInput, NotSolved) as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """What may be asked."""
    asked = argparse.ArgumentParser(prog="python -m vppcore.fleet", description=__doc__)
    asked.add_argument("n", help="number of VPPs, 1 or more")
    asked.add_argument("--seed", default="0", help="seed of all that is drawn")
    asked.add_argument("--like", default="paper-a-parent", help="case whose VPPs are the types")
    asked.add_argument("--method", default=METHODS[0], help=f"one of {', '.join(METHODS)}")
    asked.add_argument("--workers", default="1", help="processes, for price-newton")
    asked.add_argument(
        "--cluster",
        default="",
        help="address of a Dask scheduler, or local: one on this machine with --workers processes",
    )
    asked.add_argument("--gap", default="1e-6", help="relative gap at which it ends")
    return asked


def answer(asked: argparse.Namespace) -> dict[str, object]:
    """What the line says. Raises WrongInput, NotSolved."""
    started = time.perf_counter()
    if asked.method not in METHODS:
        raise WrongInput(f"method: found {asked.method!r}; allowed: {', '.join(METHODS)}")
    gap = number("gap", asked.gap)
    workers = whole("workers", asked.workers)
    fleet = drawn(whole("n", asked.n), whole("seed", asked.seed), asked.like)
    if asked.method == "pool":
        found = by_pool(fleet)
    elif asked.cluster:
        found = by_cluster(fleet, asked.cluster, workers, gap)
    else:
        found = by_prices(fleet, workers, gap)
    return {
        "n": fleet.n,
        "seconds": round(time.perf_counter() - started, 3),
        **found,
        "peak_mb": round(most_memory(), 1),
        "cpu_seconds": round(cpu_seconds(), 3),
        "seed": fleet.seed,
        "like": fleet.like.name,
        "method": asked.method,
        "workers": workers,
        "compiled": kernel.is_there(),
    }


def by_prices(fleet: Fleet, workers: int, gap: float) -> dict[str, object]:
    """Both bounds by price-Newton."""
    accuracy = Accuracy(gap=gap)
    if workers == 1:
        return told(price_newton(batches_of_fleet(fleet), accuracy))
    with Workers(fleet, workers, SIDE_BY_SIDE) as group:
        return told(price_newton(group, accuracy))


def by_cluster(fleet: Fleet, cluster: str, workers: int, gap: float) -> dict[str, object]:
    """Both bounds by price-Newton on Dask's workers."""
    with Machines(None if cluster == LOCAL else cluster, workers) as machines:
        group = machines.keep(fleet)
        result = price_newton(group, Accuracy(gap=gap))
        return told(result) | {"parts": len(group.members), "lost": machines.traffic.lost}


def told(result: FleetResult) -> dict[str, object]:
    """What the line says of a result."""
    return {
        "cost": result.upper,
        "lower": result.lower,
        "upper": result.upper,
        "gap": result.gap,
        "rounds": result.rounds,
        "residual": result.residual,
        "both_ways": int(result.running_both_ways()["VPPs"].sum()),
    }


def by_pool(fleet: Fleet) -> dict[str, object]:
    """The optimum of all VPPs in one problem; both bounds are what its solver allows itself."""
    everybody = pooled(list(batches_of_fleet(fleet)))
    value = everybody.solve("pooled fleet").value
    return {"cost": value, "lower": value, "upper": value, "gap": 0.0}


def number(name: str, text: str) -> float:
    """A number from a text. Raises WrongInput."""
    try:
        return float(text)
    except ValueError as error:
        raise WrongInput(f"{name}: found {text!r}; allowed: a number") from error


def whole(name: str, text: str) -> int:
    """A whole number from a text. Raises WrongInput."""
    try:
        return int(text)
    except ValueError as error:
        raise WrongInput(f"{name}: found {text!r}; allowed: a whole number") from error


def most_memory() -> float:
    """Memory of the largest process at its peak, MB."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / KILOBYTES


def cpu_seconds() -> float:
    """CPU time of this process and of those that it has ended, s."""
    used = [resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.exit(main())
