"""`make cluster-demo`: a fleet on two workers, one of them killed midway; then a sweep by jobs.

The same fleet is solved in one process first, and both results stand beside each other. The sweep's
points are jobs of a scheduler; the profile's stand-in runs them in the background of this machine.
"""

import os
import signal
import subprocess
import sys
from typing import Any

import numpy as np
from dependencies import ROOT
from tqdm import tqdm

from vppcore.fleet import (
    Accuracy,
    Answer,
    FleetResult,
    Together,
    Totals,
    drawn,
    price_newton,
)
from vppcore.fleet.cluster import Machines
from vppcore.fleet.parts import together
from vppcore.fleet.price_newton import relative_gap

VPPS = 240
SEED = 1
WORKERS = 2
KILLED_BEFORE = 8  # of the rounds
GAP = 1e-8
PROFILE = "profiles/cluster-generic"
SWEEP = {"CASES": "template", "LEVELS": "0 1", "DEVIATIONS": "0.1", "PROFILE": PROFILE}


class Watched:
    """Groups whose rounds move a bar of digits in which both bounds agree.

    kill: called before round KILLED_BEFORE.
    """

    def __init__(self, group: Together, bar: tqdm, kill: Any = None):
        self._group = group
        self._bar = bar
        self._kill = kill
        self._best = -np.inf
        self._rounds = 0
        self.members = group.members

    def __getattr__(self, name: str) -> Any:
        return getattr(self._group, name)

    def answer(self, prices: np.ndarray) -> Answer:
        """What the groups answer."""
        self._rounds += 1
        if self._kill and self._rounds == KILLED_BEFORE:
            self._kill()
        answer = self._group.answer(prices)
        self._best = max(self._best, answer.totals.lower)
        self._show(answer.totals, prices)
        return answer

    def _show(self, totals: Totals, prices: np.ndarray) -> None:
        owed = totals.missed + float(np.abs(prices) @ np.abs(totals.net))
        gap = relative_gap(totals.cost + owed, self._best, totals.money)
        digits = min(self._bar.total, max(0.0, -np.log10(max(gap, GAP))))
        self._bar.n = max(self._bar.n, round(digits, 1))
        self._bar.set_postfix_str(f"round {self._rounds}")


def solved(name: str, group: Together, kill: Any = None) -> FleetResult:
    """The joint optimum, with a bar while it is found."""
    layout = "{desc:22}|{bar:30}| {n:.1f} of {total:.0f} digits, {elapsed} {postfix}"
    with tqdm(total=-np.log10(GAP), desc=name, bar_format=layout) as bar:
        result = price_newton(Watched(group, bar, kill), Accuracy(gap=GAP))
        bar.n = bar.total
    return result


def row(name: str, result: FleetResult) -> str:
    """A line of the table."""
    bounds = f"{result.upper:20.8f} {result.lower:20.8f}"
    return f"{name:22}{bounds} {result.gap:9.1e} {result.rounds:7d} {result.seconds:8.1f}"


def show_fleet() -> None:
    """The fleet in one process, and on workers of which one is killed."""
    fleet = drawn(VPPS, seed=SEED)
    print(f"{VPPS} VPPs drawn with seed {SEED}, in {WORKERS} parts.", flush=True)
    alone = solved("one process", together(fleet, WORKERS))
    with Machines(workers=WORKERS) as machines:
        group = machines.keep(fleet)
        processes = machines.client.run(os.getpid)
        last = processes[group.members[-1].worker]

        def kill() -> None:
            tqdm.write(f"Round {KILLED_BEFORE}: worker {last} is killed (SIGKILL).")
            os.kill(last, signal.SIGKILL)

        apart = solved(f"{WORKERS} workers", group, kill)
        traffic = machines.traffic
    print(
        f"\n{'':22}{'upper bound, yuan':>20} {'lower bound, yuan':>20} {'gap':>9}  rounds  seconds"
    )
    print(row("one process", alone))
    print(row(f"{WORKERS} workers, 1 lost", apart))
    same = alone.upper == apart.upper and alone.lower == apart.lower
    print(f"The same to the last bit: {'yes' if same else 'no'}.")
    print(
        f"{traffic.lost} part built anew in {traffic.seconds:.1f} s. Asked {traffic.trips} times: "
        f"{traffic.asked / traffic.trips / WORKERS:.0f} bytes to a worker and "
        f"{traffic.answered / traffic.trips / WORKERS:.0f} back on average.\n",
        flush=True,
    )


def show_sweep() -> int:
    """A small sweep, each point a job of the scheduler that the profile names."""
    words = " ".join(f'{name}="{value}"' for name, value in SWEEP.items())
    print(f"make sweep {words}", flush=True)
    command = [sys.executable, "tools/make_book.py", "sweep"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | SWEEP, check=False).returncode


def main() -> int:
    show_fleet()
    return show_sweep()


if __name__ == "__main__":
    sys.exit(main())
