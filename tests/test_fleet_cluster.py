"""A fleet whose parts workers keep: the numbers of one process, little that travels, a lost worker."""

from __future__ import annotations

import json
import os
import pickle
import signal
import time
from functools import lru_cache

import numpy as np
import psutil
import pytest
from distributed.comm import tcp

from vppcore import NotSolved, WrongInput, load_case
from vppcore.fleet import Answer, FleetResult, Together, cluster, drawn, price_newton
from vppcore.fleet.__main__ import main
from vppcore.fleet.cluster import PARTS, Machines, price_newton_on
from vppcore.fleet.parts import Part, Question, cut, together

LIKE = "template"


@pytest.fixture(scope="module")
def machines():
    """Two workers on this machine; none of their processes is left at the end."""
    # a browser that other tests have opened, and Python's own tracker of shared resources, live on
    others = set(descendants())
    with Machines(workers=2) as here:
        assert set(worker_processes(here).values()) <= {one.pid for one in descendants()}
        yield here
        own = [one for one in descendants() if one not in others and not is_tracker(one)]
    _, left = psutil.wait_procs(own, timeout=60)
    assert not [one for one in left if one.status() != psutil.STATUS_ZOMBIE]


def descendants() -> list[psutil.Process]:
    """All processes that these tests have started, and those that they have started."""
    return psutil.Process().children(recursive=True)


def is_tracker(process: psutil.Process) -> bool:
    """Whether it is Python's tracker of shared resources; a process that has ended is none."""
    try:
        return "resource_tracker" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def worker_processes(machines: Machines) -> dict[str, int]:
    return machines.client.run(os.getpid)


def assert_same_bits(one: FleetResult, other: FleetResult) -> None:
    assert one.upper == other.upper and one.lower == other.lower
    assert np.array_equal(one.prices, other.prices)
    assert one.history["cost"].tolist() == other.history["cost"].tolist()


@lru_cache
def undisturbed(n: int, parts: int) -> FleetResult:
    """What one process finds for a fleet in so many parts."""
    return price_newton(together(drawn(n, seed=1, like=LIKE), parts))


def test_workers_keep_the_memory_that_the_next_question_needs(machines):
    for kept, least in cluster.KEPT.items():
        told = machines.client.run(os.environ.get, kept)
        assert [int(value) for value in told.values()] == [least] * len(told)


# --- the same numbers -----------------------------------------------------------------------------
@pytest.mark.parametrize("parts", [2, 3])
def test_workers_find_what_one_process_finds(machines, parts):
    fleet = drawn(12, seed=1, like=LIKE)
    elsewhere = price_newton(machines.keep(fleet, parts))
    assert_same_bits(elsewhere, undisturbed(12, parts))
    alone = price_newton(fleet.case)
    size = abs(alone.upper)
    assert elsewhere.vpps == 12
    assert elsewhere.lower <= alone.upper + 1e-9 * size
    assert alone.lower <= elsewhere.upper + 1e-9 * size
    assert elsewhere.gap <= 1e-8


def test_workers_are_given_their_share_of_a_case(machines):
    case = drawn(7, seed=3, like=LIKE).case
    elsewhere = price_newton(machines.keep(case))
    alone = price_newton(case)
    assert elsewhere.vpps == 7
    assert elsewhere.upper == pytest.approx(alone.upper, rel=1e-7)
    assert_same_bits(elsewhere, price_newton(together(case, 2)))


def test_parts_hold_each_vpp_once():
    fleet = drawn(11, seed=2, like=LIKE)
    for whole in (fleet, fleet.case):
        for parts in (1, 2, 3, 50):
            groups = [group for part in together(whole, parts).members for group in part.members]
            names = [name for group in groups for name in group.names]
            assert sorted(names) == sorted(fleet.case.names)
            assert all(part.members for part in together(whole, parts).members)


# --- what travels ---------------------------------------------------------------------------------
def arrays_in(told: object) -> list[np.ndarray]:
    """All arrays in something that was told; anything but arrays and numbers is refused."""
    if isinstance(told, np.ndarray):
        return [told]
    if isinstance(told, dict):
        return [array for value in told.values() for array in arrays_in(value)]
    if isinstance(told, (list, tuple)):
        return [array for value in told for array in arrays_in(value)]
    assert told is None or isinstance(told, (str, int, float, np.floating, np.integer)), told
    return []


class Overheard:
    """Every byte of this process's sockets, and every message between coordinator and workers."""

    def __init__(self, machines: Machines, patch: pytest.MonkeyPatch):
        self.bytes = 0
        self.messages: list[object] = []
        stream = tcp.IOStream
        write = stream.write
        read = stream.read_from_fd

        def counted_write(this, data):
            self.bytes += memoryview(data).nbytes
            return write(this, data)

        def counted_read(this, buffer):
            found = read(this, buffer)
            self.bytes += found or 0
            return found

        patch.setattr(stream, "write", counted_write)
        patch.setattr(stream, "read_from_fd", counted_read)
        run = machines.client.run

        def heard(function, name, *arguments, **options):
            replies = run(function, name, *arguments, **options)
            assert function is cluster.ask
            texts = [text for text in (*arguments, *replies.values()) if isinstance(text, bytes)]
            self.messages += [pickle.loads(text) for text in texts]
            return replies

        patch.setattr(machines.client, "run", heard)


def overheard(machines: Machines, n: int) -> tuple[Overheard, int]:
    """What is heard in a run of price-Newton of so many VPPs, and its trips."""
    kept = machines.keep(drawn(n, seed=1, like=LIKE))
    with pytest.MonkeyPatch.context() as patch:
        heard = Overheard(machines, patch)
        before = machines.traffic.trips
        price_newton(kept)
        return heard, machines.traffic.trips - before


def test_nothing_travels_that_grows_with_the_fleet(machines):
    steps = load_case(LIKE).vpps[0].steps
    bytes_per_trip = {}
    most = {}
    for n in (8, 160):
        heard, trips = overheard(machines, n)
        assert len(heard.messages) == 3 * trips  # a question, and what two workers answer
        arrays = [arrays_in(message) for message in heard.messages]
        shapes = {array.shape for found in arrays for array in found}
        assert shapes == {(steps,), (steps, steps), (4,)}
        most[n] = max(sum(array.size for array in found) for found in arrays)
        bytes_per_trip[n] = heard.bytes / trips
    # a slope, a right side and the sum of net trades, however many VPPs there are
    assert most[8] == most[160] == steps * steps + 2 * steps
    # Dask's own heartbeats come with time; two numbers for each VPP would be another 2,560 bytes
    assert bytes_per_trip[160] < 1.25 * bytes_per_trip[8] + 1000


# --- a worker is lost -----------------------------------------------------------------------------
class Killer:
    """A fleet whose worker of part 1 is killed before the round `at`."""

    def __init__(self, machines: Machines, kept: Together, at: int):
        self._machines = machines
        self._kept = kept
        self._at = at
        self.rounds = 0
        self.members = kept.members
        self.victim = kept.members[1].worker

    def __getattr__(self, name: str):
        return getattr(self._kept, name)

    def answer(self, prices: np.ndarray) -> Answer:
        self.rounds += 1
        if self.rounds == self._at:
            os.kill(worker_processes(self._machines)[self.victim], signal.SIGKILL)
        return self._kept.answer(prices)


def wait_for_both(machines: Machines) -> None:
    """Until a worker that an earlier test has killed is replaced."""
    while len(machines.alive()) < 2:
        time.sleep(0.1)


@pytest.mark.parametrize("replaced", [True, False])
def test_a_killed_worker_costs_no_round(machines, replaced, monkeypatch):
    fleet = drawn(12, seed=1, like=LIKE)
    monkeypatch.setattr(machines, "patience", 600.0 if replaced else 0.0)
    wait_for_both(machines)
    before = machines.traffic.lost
    kept = machines.keep(fleet)
    survivor = kept.members[0].worker
    killer = Killer(machines, kept, at=5)
    found = price_newton(killer)
    assert killer.rounds > 5
    assert machines.traffic.lost == before + 1
    new = kept.members[1].worker
    assert new != killer.victim
    assert (new != survivor) == replaced
    assert_same_bits(found, undisturbed(12, 2))


def questions_of(fleet, rounds: int) -> list[Question]:
    """What one part of a fleet is asked in its first rounds, the last answer still to come."""
    asked: list[Question] = []

    def note(members, method, *arguments):
        asked.append(Question(method, arguments))
        return [getattr(member, method)(*arguments) for member in members]

    price_newton(Together([together(fleet, 1)], note))
    starts = [place for place, question in enumerate(asked) if question.method == "answer"]
    return asked[: starts[rounds] + 1]


def test_a_part_goes_on_from_its_saved_point_or_from_the_questions(tmp_path):
    fleet = drawn(6, seed=4, like=LIKE)
    (given,) = cut(fleet, 1)
    questions = questions_of(fleet, rounds=3)
    file = tmp_path / "part.npz"
    first = Part(given, file)
    answer = first.ask(questions)
    assert file.is_file()

    asked_again = []
    for where in (file, tmp_path / "elsewhere.npz", None):
        part = Part(given, where)
        ask = part._together.answer
        part._together.answer = lambda prices, ask=ask: asked_again.append(prices) or ask(prices)
        again = part.catch_up(questions)
        assert part.asked == first.asked == len(questions)
        assert np.array_equal(again.slope, answer.slope)
        assert np.array_equal(again.right, answer.right)
        assert again.totals.cost == answer.totals.cost and again.totals.lower == answer.totals.lower
    assert len(asked_again) == 1 + 4 + 4  # of the saved point the last round alone


def test_a_point_that_is_later_than_the_questions_is_not_taken(tmp_path):
    fleet = drawn(4, seed=4, like=LIKE)
    (given,) = cut(fleet, 1)
    file = tmp_path / "part.npz"
    Part(given, file).ask(questions_of(fleet, rounds=3))
    early = questions_of(fleet, rounds=1)
    part = Part(given, file)
    answer = part.catch_up(early)
    assert part.asked == len(early)
    assert np.array_equal(answer.slope, Part(given).ask(early).slope)


# --- somebody's cluster ---------------------------------------------------------------------------
def kept_runs() -> set[str]:
    return {run for run, _ in PARTS}


def test_an_address_joins_a_cluster_and_leaves_nothing_there(machines):
    wait_for_both(machines)
    address = machines.client.scheduler.address
    before = machines.client.run(kept_runs)
    found = price_newton_on(drawn(12, seed=1, like=LIKE), cluster=address)
    assert machines.client.run(kept_runs) == before
    assert_same_bits(found, undisturbed(12, 2))
    assert len(machines.alive()) == 2


def test_the_command_takes_an_address(machines, capsys):
    wait_for_both(machines)
    address = machines.client.scheduler.address
    told = ["12", "--seed", "1", "--like", LIKE, "--cluster", address, "--gap", "1e-8"]
    assert main(told) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["upper"] == undisturbed(12, 2).upper and line["lower"] == undisturbed(12, 2).lower
    assert (line["parts"], line["lost"]) == (2, 0)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"cluster": "tcp://127.0.0.1:9"}, "where no Dask scheduler answers; allowed: the address"),
        ({"cluster": "nonsense://x"}, "where no Dask scheduler answers; allowed: the address"),
        ({"workers": 0}, "workers: found 0; allowed: a whole number from 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(given, sentence, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(WrongInput, match=sentence):
        price_newton_on(drawn(4, like=LIKE), **given)


def test_parts_that_make_no_sense_are_refused_before_any_is_built(machines):
    before = machines.traffic.given
    with pytest.raises(WrongInput, match="parts: found 0; allowed: a whole number from 1"):
        machines.keep(drawn(4, like=LIKE), parts=0)
    assert machines.traffic.given == before


def test_what_a_worker_refuses_is_raised_and_no_loss():
    assert cluster.is_lost(ConnectionResetError("gone"))
    assert not cluster.is_lost(b"an answer")
    with pytest.raises(NotSolved, match="V1: infeasible"):
        cluster.is_lost(NotSolved("V1: infeasible", "infeasible"))
