"""Groups in processes of their own on this machine: only prices and sums pass between them.

Each process draws its own share of a fleet's VPPs and keeps it.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from typing import Any

from vppcore.errors import NotSolved, WrongInput
from vppcore.fleet.batches import batches_of_fleet
from vppcore.fleet.generator import Fleet
from vppcore.fleet.price_newton import Together, groups_of

END = "end"


class Worker:
    """A process with a share of a fleet, asked through a pipe.

    fleet: of which it draws every `shares`-th batch, from `share` on.
    """

    def __init__(self, fleet: Fleet, share: int, shares: int, size: int):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        told = (other, fleet, share, shares, size)
        self._process = context.Process(target=serve, args=told, daemon=True)
        self._process.start()
        other.close()

    def received(self) -> Any:
        """What it answers. Raises what it raised."""
        answer = self.pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        """Lets the process end."""
        self.pipe.send((END, ()))
        self._process.join()


class Workers(Together):
    """A fleet in several processes that answer as one; to be used in a `with` statement.

    fleet: shared out. workers: processes. size: VPPs of a batch at most.
    Raises WrongInput for fewer than one worker.
    """

    def __init__(self, fleet: Fleet, workers: int, size: int):
        if workers < 1:
            raise WrongInput(f"workers: found {workers}; allowed: a whole number of 1 or more")
        kinds = [-(-len(fleet.members(kind)) // size) for kind in range(fleet.kinds)]
        useful = min(workers, sum(kinds))
        members = [Worker(fleet, share, useful, size) for share in range(useful)]
        super().__init__(members, ask_all)
        self._first = fleet.like.vpps[0]
        for member in members:
            member.received()  # it has drawn its VPPs

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.members:
            member.end()

    @property
    def steps(self) -> int:
        """Of the horizon."""
        return self._first.steps

    @property
    def step_hours(self) -> float:
        """Length of a step, h."""
        return self._first.step_hours


def ask_all(members: list[Worker], method: str, *arguments: Any) -> list:
    """What all workers answer; they work at the same time."""
    for member in members:
        member.pipe.send((method, arguments))
    return [member.received() for member in members]


def serve(pipe: Connection, fleet: Fleet, share: int, shares: int, size: int) -> None:
    """What a process does: draws its VPPs, and answers until it is told to end."""
    try:
        group = Together(groups_of(batches_of_fleet(fleet, size, share, shares)))
        pipe.send("ready")
    except (NotSolved, WrongInput) as refused:
        pipe.send(refused)
        return
    while True:
        method, arguments = pipe.recv()
        if method == END:
            return
        try:
            pipe.send(getattr(group, method)(*arguments))
        except (NotSolved, WrongInput) as refused:
            pipe.send(refused)
