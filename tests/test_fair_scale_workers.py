"""The robust coalition with its adversaries in several processes is that of one process."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from vppcore import NotSolved, WrongInput, load_case, robust_coalition
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.crew import Crew, ask, keep, kept
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.settings import at_level

LEVEL = at_level(1)


@pytest.fixture(scope="module")
def hours():
    """Three hours of the parent case."""
    return load_case("paper-a-parent").window(8, 3)


def test_two_processes_find_what_one_does(hours):
    one = robust_coalition(hours, LEVEL)
    two = robust_coalition(hours, LEVEL, workers=2)
    assert two.cost == one.cost
    assert (two.trades == one.trades).all(axis=None)
    assert (two.bounds == one.bounds).all(axis=None)
    assert {name: day.hits.to_numpy().tolist() for name, day in two.worst.items()} == {
        name: day.hits.to_numpy().tolist() for name, day in one.worst.items()
    }


def test_what_a_worker_keeps_answers_as_its_adversary(hours):
    plant = hours.connected()[0]
    trades = np.zeros((plant.steps, 2))
    keep([plant], LEVEL)
    try:
        found = ask(plant.name, trades, "auto", False, None)
    finally:
        kept.clear()
    assert found.cost == Adversary(Recourse(plant, LEVEL)).answer(trades).cost


def test_a_refusal_comes_back_from_a_worker_as_it_is():
    """The sentence and its status survive the way between processes."""
    there = pickle.loads(pickle.dumps(NotSolved("V1: no schedule exists", "infeasible")))
    assert (str(there), there.status) == ("V1: no schedule exists", "infeasible")


def test_more_workers_than_vpps_are_as_many_as_vpps(hours):
    recourses = {vpp.name: Recourse(vpp, LEVEL) for vpp in hours.connected()}
    crew = Crew(recourses, LEVEL, 9)
    try:
        assert len(crew._pools) == len(recourses)
    finally:
        crew.close()


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_a_wrong_number_of_workers_is_refused(hours, workers):
    with pytest.raises(WrongInput, match="whole numbers from 1 on"):
        robust_coalition(hours, LEVEL, workers=workers)
