"""Price-Newton on several machines: workers keep parts of a fleet, prices and sums travel.

    price_newton_on(drawn(1000, seed=1))                                two workers on this machine
    price_newton_on(drawn(1000, seed=1), cluster="tcp://host:8786")     those of a Dask scheduler

Workers are Dask's (https://distributed.dask.org). They are asked by its direct calls and not by
tasks: a call takes a few milliseconds, and says at once that a worker is gone. A task would be run
again on another worker, which lacks the part that it belongs to.

What is asked is noted. A worker that is lost is waited for, as Dask's nanny starts another one in
its place; this one, or one that is left if none comes, builds the lost part anew (`parts.py`) and
goes on from its last round. No round is lost: the numbers are those of a run without a loss, to the
last bit on machines of one kind.

Sums are taken over parts in their order, so results depend on how many parts there are, in their
last digits, and not on how many workers: `together(fleet, parts)` gives the same in one process.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import shutil
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vppcore.case import Case
from vppcore.errors import NotSolved, WrongInput
from vppcore.fleet.generator import Fleet
from vppcore.fleet.parts import Given, Part, Question, cut
from vppcore.fleet.price_newton import Accuracy, FleetResult, Together, price_newton
from vppcore.parameters import check, parameter

# questions without an answer: they travel with the next one
SILENT = ("move", "go_back")
# how often a part is built anew for one question before the run gives up
TRIES = 3
CONNECT_SECONDS = 10
# Dask has its workers give every freed array back to the system at once, and a round frees hundreds
# that the next needs again: it took five times the time. Workers started here keep them (bytes).
MEMORY = "distributed.nanny.pre-spawn-environ"
KEPT = {"MALLOC_TRIM_THRESHOLD_": 2**30, "MALLOC_MMAP_THRESHOLD_": 2**25}
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Workers:
    """How many workers are started on this machine, and how long a lost one is waited for.

    workers: processes. patience: s, then workers that are left take the parts of a lost one.
    parts: that a fleet is cut into.
    Raises WrongInput for a value that is not allowed.
    """

    workers: int = parameter("-", "workers on this machine", 2, low=1, high=1024, whole=True)
    patience: float = parameter("s", "wait for a lost worker", 20.0, infinite=False)
    parts: int = parameter("-", "parts of a fleet", 2, low=1, high=1024, whole=True)

    def __post_init__(self):
        check(self)


def price_newton_on(
    fleet: Fleet | Case,
    cluster: str | None = None,
    workers: int = 2,
    parts: int | None = None,
    accuracy: Accuracy | None = None,
) -> FleetResult:
    """The joint optimum of a fleet that workers keep; see `price_newton`.

    fleet: drawn, each worker builds its own VPPs from the seed; or a case, it is given its share.
    cluster: address of a Dask scheduler; None starts `workers` processes on this machine.
    parts: of the fleet; None is one for each worker.
    Raises WrongInput for a cluster that does not answer, NotSolved as `price_newton`.
    A script that calls this without an address needs `if __name__ == "__main__":`.
    """
    with Machines(cluster, workers) as machines:
        return price_newton(machines.keep(fleet, parts), accuracy)


# --- what runs in a worker ------------------------------------------------------------------------
# (run, share) -> the parts that this process keeps
PARTS: dict[tuple[str, int], Part] = {}


def folder_of(worker: Any, run: str) -> Path:
    """Where points of a run are saved on a worker's machine: beside the worker's own folder."""
    return Path(worker.local_directory).parent / f"vppcore-{run}"


async def build(run: str, share: int, message: bytes, dask_worker: Any = None) -> bytes:
    """Builds a part from what it is given, and asks it all questions so far."""
    given, questions = pickle.loads(message)
    file = folder_of(dask_worker, run) / f"part{share}.npz"

    def work() -> bytes:
        part = Part(given, file)
        answer = part.catch_up(questions) if questions else None
        PARTS[run, share] = part
        return pickle.dumps(answer)

    return await asyncio.to_thread(work)  # the worker stays in touch with its scheduler meanwhile


async def ask(run: str, message: bytes) -> bytes:
    """Asks all parts of a run that this worker keeps; those out of step are forgotten."""
    first, questions = pickle.loads(message)

    def work() -> bytes:
        answers = {}
        for key in sorted(key for key in PARTS if key[0] == run):
            if PARTS[key].asked == first:
                answers[key[1]] = PARTS[key].ask(questions)
            else:
                del PARTS[key]
        return pickle.dumps(answers)

    return await asyncio.to_thread(work)


def forget(run: str, dask_worker: Any = None) -> None:
    """Forgets a run, and removes its saved points."""
    for key in [key for key in PARTS if key[0] == run]:
        del PARTS[key]
    shutil.rmtree(folder_of(dask_worker, run), ignore_errors=True)


# --- what runs beside the coordinator -------------------------------------------------------------
@dataclass
class Traffic:
    """What has travelled: questions and answers, bytes without Dask's own.

    trips: how often workers were asked. asked, answered: bytes. given: bytes, to build parts.
    lost: how often a part was built anew. seconds: that this took, waiting included.
    """

    trips: int = 0
    asked: int = 0
    answered: int = 0
    given: int = 0
    lost: int = 0
    seconds: float = 0.0


@dataclass(eq=False)
class Away:
    """A part that a worker keeps.

    share: which. given: what it is built from. worker: its address, "" before it has one.
    """

    share: int
    given: Given
    worker: str = ""

    @property
    def steps(self) -> int:
        """Of the horizon."""
        return self.given.steps

    @property
    def step_hours(self) -> float:
        """Length of a step, h."""
        return self.given.step_hours


@dataclass(eq=False)
class Machines:
    """Workers that keep parts of fleets: some on this machine, or those of a Dask scheduler.

    address: of a scheduler, as "tcp://192.0.2.1:8786"; None starts `workers` processes here.
    patience: s, how long a lost worker is waited for before others take its parts.
    Raises WrongInput for an address where no scheduler answers, or one without workers.
    """

    address: str | None = None
    workers: int = 2
    patience: float = 20.0
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        Workers(workers=self.workers, patience=self.patience)
        self._runs: list[str] = []
        self._local = None
        self.client = self._started() if self.address is None else self._joined(self.address)

    def _started(self) -> Any:
        """A client of workers that are started on this machine; only localhost is used."""
        import dask

        distributed = with_dask()
        with dask.config.set({MEMORY: dask.config.get(MEMORY) | KEPT}):
            self._local = distributed.LocalCluster(
                n_workers=self.workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,
            )
        return distributed.Client(self._local)

    def _joined(self, address: str) -> Any:
        """A client of somebody's scheduler."""
        distributed = with_dask()
        try:
            client = distributed.Client(address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise WrongInput(
                f"cluster: found {address!r}, where no Dask scheduler answers; allowed: the "
                "address of one, as tcp://192.0.2.1:8786, or none for workers on this machine"
            ) from error
        if not client.ncores():
            client.close()
            raise WrongInput(
                f"cluster: found a Dask scheduler at {address!r} without workers; allowed: one or "
                "more, as `dask worker` starts them"
            )
        return client

    def __enter__(self) -> Machines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers that were started here; others forget what they kept."""
        for run in self._runs:
            self.client.run(forget, run, on_error="ignore")
        self.client.close()
        if self._local is not None:
            self._local.close()

    def alive(self) -> list[str]:
        """The addresses of the workers that are there now."""
        return sorted(self.client.ncores())

    def keep(self, fleet: Fleet | Case, parts: int | None = None) -> Together:
        """A fleet in parts that the workers build and keep, answering as one."""
        alive = self.alive()
        shares = cut(fleet, Workers(parts=len(alive) if parts is None else parts).parts)
        members = [
            Away(share, given, alive[share % len(alive)]) for share, given in enumerate(shares)
        ]
        run = uuid.uuid4().hex
        self._runs.append(run)
        asking = Asking(self, run)
        asking.build_all(members)
        return Together(members, asking)


def with_dask() -> Any:
    """The package `distributed`. Raises WrongInput where it is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise WrongInput(
            "cluster: found no package distributed; allowed: with it, as `pip install "
            "'vppcore[cluster]'` installs it"
        ) from error
    return distributed


class Asking:
    """Asks all parts of a run at once, and has lost ones built anew: the `ask` of `Together`.

    machines: where the parts are. run: its name, by which workers know their parts.
    """

    def __init__(self, machines: Machines, run: str):
        self._machines = machines
        self._run = run
        self._log: list[Question] = []
        self._told = 0

    def __call__(self, members: Sequence[Away], method: str, *arguments: Any) -> list:
        """What each part answers, in their order."""
        self._log.append(Question(method, arguments))
        if method in SILENT:
            return [None] * len(members)
        answers = self._asked(members)
        self._told = len(self._log)
        lost = [member for member in members if member.share not in answers]
        if lost:
            answers |= self._rebuilt(lost, members)
        return [answers[member.share] for member in members]

    def build_all(self, members: Sequence[Away]) -> None:
        """Has all parts built, each by its worker, at the same time."""
        failed = [share for share, answer in self._built(members).items() if answer is LOST]
        lost = [member for member in members if member.share in failed]
        if lost:
            self._rebuilt(lost, members)

    def _asked(self, members: Sequence[Away]) -> dict[int, Any]:
        """Share -> answer of the parts whose workers are there and in step."""
        message = pickle.dumps((self._told, self._log[self._told :]))
        alive = self._machines.alive()
        asked = sorted({member.worker for member in members} & set(alive))
        replies = self._machines.client.run(
            ask, self._run, message, workers=asked, on_error="return"
        )
        traffic = self._machines.traffic
        traffic.trips += 1
        traffic.asked += len(message) * len(asked)
        answers: dict[int, Any] = {}
        for worker, reply in replies.items():
            if is_lost(reply):
                continue
            traffic.answered += len(reply)
            own = {member.share for member in members if member.worker == worker}
            found = pickle.loads(reply)
            answers |= {share: answer for share, answer in found.items() if share in own}
        return answers

    def _rebuilt(self, lost: Sequence[Away], members: Sequence[Away]) -> dict[int, Any]:
        """Share -> answer of lost parts, which other workers build and bring up to date."""
        started = time.perf_counter()
        answers: dict[int, Any] = {}
        for _ in range(TRIES):
            still = [member for member in lost if member.share not in answers]
            if not still:
                break
            self._place(still, members)
            built = self._built(still)
            answers |= {share: answer for share, answer in built.items() if answer is not LOST}
        if len(answers) < len(lost):
            raise NotSolved(
                f"cluster: {len(lost) - len(answers)} parts of the fleet were lost {TRIES} times "
                "with the workers that built them, most likely for want of memory"
            )
        self._machines.traffic.lost += len(lost)
        self._machines.traffic.seconds += time.perf_counter() - started
        return answers

    def _place(self, lost: Sequence[Away], members: Sequence[Away]) -> None:
        """Gives lost parts to workers that came in their place, else to those with fewest parts.

        A scheduler may still list a worker that is gone: it is asked again only if no other comes.
        """
        wanted = {member.worker for member in lost}
        keeping = [member for member in members if member not in lost]
        others = {member.worker for member in keeping}
        until = time.perf_counter() + self._machines.patience
        while True:
            listed = self._machines.alive()
            alive = [worker for worker in listed if worker not in wanted]
            new = [worker for worker in alive if worker not in others]
            if alive and (len(new) >= len(wanted) or time.perf_counter() > until):
                break
            if time.perf_counter() > 2 * self._machines.patience + until:
                if not listed:
                    raise NotSolved("cluster: all workers are gone, and none came in their place")
                alive = listed
                break
            time.sleep(LOOK_SECONDS)
        load = {worker: 0 for worker in alive}
        for member in keeping:
            load[member.worker] = load.get(member.worker, 0) + 1
        for member in lost:
            member.worker = min(alive, key=lambda worker: (load[worker], worker))
            load[member.worker] += 1

    def _built(self, members: Sequence[Away]) -> dict[int, Any]:
        """Share -> the answer of a part that was built, LOST where its worker was lost."""
        with ThreadPoolExecutor(max_workers=len(members)) as pool:
            found = list(pool.map(self._build, members))
        return {member.share: answer for member, answer in zip(members, found, strict=True)}

    def _build(self, member: Away) -> Any:
        message = pickle.dumps((member.given, self._log))
        self._machines.traffic.given += len(message)
        replies = self._machines.client.run(
            build, self._run, member.share, message, workers=[member.worker], on_error="return"
        )
        reply = replies.get(member.worker)
        return LOST if reply is None or is_lost(reply) else pickle.loads(reply)


# in place of an answer
LOST = object()


def is_lost(reply: Any) -> bool:
    """True where a worker did not answer; what it raised itself is raised here."""
    if isinstance(reply, OSError):
        return True
    if isinstance(reply, Exception):
        raise reply
    return False
