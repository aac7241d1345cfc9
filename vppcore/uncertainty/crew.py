"""The adversaries of all VPPs: in this process, or shared out among several.

kW, yuan. A VPP's adversary stays in one process for a whole search, since it remembers what it has
found; so several processes give what one gives, as long as no search is stopped by its time limit.
What travels: the VPPs and the uncertainty once, then promised trades there and worst days back.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from vppcore.errors import WrongInput
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.result import WorstCase
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP

# in a worker process: the adversaries that it keeps, by VPP
kept: dict[str, Adversary] = {}


def check_workers(workers: int) -> None:
    """Raises WrongInput unless it is a whole number from 1 on."""
    if isinstance(workers, bool) or workers != int(workers) or workers < 1:
        raise WrongInput(f"workers: found {workers!r}; allowed: whole numbers from 1 on")


class Crew:
    """The adversaries of some VPPs, asked all at once.

    recourses: VPP -> its recourse. uncertainty: the budget of all.
    workers: processes among which they are shared out; 1 is this one. A script that asks for more
        must be importable: `if __name__ == "__main__":` around what it does.
    """

    def __init__(self, recourses: Mapping[str, Recourse], uncertainty: Uncertainty, workers: int):
        self.names = list(recourses)
        self._own: dict[str, Adversary] = {}
        self._pools: list[ProcessPoolExecutor] = []
        count = min(workers, len(self.names))
        if count == 1:
            self._own = {name: Adversary(recourse) for name, recourse in recourses.items()}
            return
        for place in range(count):
            vpps = [recourses[name].vpps[0] for name in self.names[place::count]]
            pool = ProcessPoolExecutor(1, get_context("spawn"), keep, (vpps, uncertainty))
            self._pools.append(pool)

    def answers(
        self,
        trades: Mapping[str, np.ndarray],
        solver: str,
        relaxed: bool,
        time_limit: float | None,
    ) -> dict[str, WorstCase]:
        """Each VPP's worst day with its promised trades `(steps, partners)`, as `Adversary.answer`.

        Raises NotSolved as that does.
        """
        if not self._pools:
            return {
                name: adversary.answer(trades[name], solver, False, relaxed, time_limit)
                for name, adversary in self._own.items()
            }
        asked: dict[str, Future[WorstCase]] = {}
        for place, name in enumerate(self.names):
            pool = self._pools[place % len(self._pools)]
            asked[name] = pool.submit(ask, name, trades[name], solver, relaxed, time_limit)
        return {name: answer.result() for name, answer in asked.items()}

    def close(self) -> None:
        """Ends the processes, if there are any."""
        for pool in self._pools:
            pool.shutdown(wait=True, cancel_futures=True)


def keep(vpps: list[VPP], uncertainty: Uncertainty) -> None:
    """Makes the adversaries that a worker process keeps."""
    for vpp in vpps:
        kept[vpp.name] = Adversary(Recourse(vpp, uncertainty))


def ask(
    name: str, trades: np.ndarray, solver: str, relaxed: bool, time_limit: float | None
) -> WorstCase:
    """The answer of an adversary that this worker process keeps."""
    return kept[name].answer(trades, solver, False, relaxed, time_limit)
