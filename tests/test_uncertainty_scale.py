"""Nothing depends on the unit of money or power, nor on how a number is found."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from builders import battery, case, grid, load, pv, seller_and_buyer, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import Case, NotSolved, load_case
from vppcore.uncertainty import promises, search
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.ordinary_days import out_of_sample
from vppcore.uncertainty.promises import PromiseSearch
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.robust import robust_coalition, sweep
from vppcore.uncertainty.search import Clock
from vppcore.uncertainty.settings import LIMITS, READINGS, Uncertainty, at_level
from vppcore.uncertainty.worst_day import enumerate_days, worst_case

DOUBT = Uncertainty({"load": 1, "pv": 1})


def pair(money: float = 1.0, power: float = 1.0) -> Case:
    """A town and a farm whose prices and powers are so many times as large."""

    def tariff():
        buy = money * np.array([0.3, 1.0, 0.6])
        return grid(buy, 0.3 * buy - 0.25 * money, buy_max=60.0 * power)

    flexible = {"shift_share": 0.1, "shift_cost": 0.01 * money, "curtail_share": 0.05}
    store = battery(
        energy_max=20.0 * power,
        energy_start=5.0 * power,
        charge_max=10.0 * power,
        discharge_max=10.0 * power,
        wear_cost=0.001 * money,
    )
    town = load(*(power * np.array([30, 40, 20])), curtail_cost=0.2 * money, **flexible)
    sun = pv(*(power * np.array([5, 50, 60])))
    few = load(*(power * np.array([5, 9, 4])))
    return case(
        vpp(town, tariff(), name="town"),
        vpp(few, sun, store, tariff(), name="farm"),
        limit=9.0 * power,
        crossing_fee=0.01 * money,
    )


@lru_cache
def plain():
    """Worst cases, coalition and shed energy of the case as it is."""
    made = pair()
    worst = {plant.name: worst_case(plant, DOUBT, canonical=True) for plant in made.vpps}
    return worst, robust_coalition(made, DOUBT, tolerance=1e-6)


factors = st.sampled_from([1e-2, 1.0, 30.0, 1e3, 1e4])


@settings(max_examples=8)
@given(money=factors, power=factors)
def test_costs_scale_with_money_and_power(money, power):
    made = pair(money, power)
    worst, coalition = plain()
    size = money * power
    for plant in made.vpps:
        found = worst_case(plant, DOUBT, canonical=True)
        expected = worst[plant.name]
        assert found.cost == pytest.approx(size * expected.cost, rel=1e-5)
        assert found.bound == pytest.approx(size * expected.bound, rel=1e-5)
        assert found.proven
        pd.testing.assert_frame_equal(found.hits, expected.hits)
        assert found.shed.to_numpy() == pytest.approx(
            power * expected.shed.to_numpy(), rel=1e-5, abs=1e-6 * power
        )
    scaled = robust_coalition(made, DOUBT, tolerance=1e-6)
    assert scaled.cost == pytest.approx(size * coalition.cost, rel=1e-5)
    assert scaled.gap <= 1e-5


def test_shed_energy_is_compared_with_zero_in_units_of_the_case():
    worst, _ = plain()
    assert worst["town"].shed.sum() == 0
    assert worst["farm"].shed.sum() == 0


# --- column-and-constraint generation -------------------------------------------------------------
def test_the_upper_bound_is_the_least_so_far(monkeypatch):
    """Planted: the last instead of the least. Worse trades after better ones raise no bound."""
    made = pair()
    search_ = PromiseSearch(made, DOUBT, "auto", Clock(None))
    search_.iterate()
    first = search_.upper
    trades = search_.trades

    def worse(master):
        """Trades at their limit in all steps: nobody would promise them."""
        _, found = original(master)
        return 0.0, {key: np.full_like(trade, 9.0) for key, trade in found.items()}

    original = promises.Master.cheapest
    monkeypatch.setattr(promises.Master, "cheapest", worse)
    search_.iterate()
    last = sum(day.guarantee for day in search_.worst_days(worse_trades(made), True).values())
    assert last > first * (1 + 1e-4)
    assert search_.upper == first
    pd.testing.assert_frame_equal(search_.trades, trades)
    assert list(search_._bounds()["upper"]) == [first, first]


def worse_trades(made: Case) -> pd.DataFrame:
    """As in the test above."""
    i, j = made.names
    steps = pd.RangeIndex(1, made.vpps[0].steps + 1, name="step")
    return pd.DataFrame({(i, j): 9.0, (j, i): -9.0}, steps)


def test_bounds_by_iteration_only_close():
    made = load_case("paper-a-parent").window(7, 5)
    bounds = robust_coalition(made, at_level(2), tolerance=1e-6).bounds
    assert len(bounds) > 2
    assert (np.diff(bounds["upper"]) <= 1e-6).all()
    assert (np.diff(bounds["lower"]) >= -1e-6).all()


def test_the_trades_that_are_returned_give_the_guarantee_that_is_returned():
    made = pair()
    result = robust_coalition(made, DOUBT)
    for plant in made.connected():
        partner = next(name for name in made.names if name != plant.name)
        again = Adversary(Recourse(plant, DOUBT)).answer(
            result.trades[plant.name][[partner]].to_numpy()
        )
        assert again.cost == pytest.approx(result.costs[plant.name], rel=1e-6)


# --- searches that are stopped --------------------------------------------------------------------
@pytest.mark.parametrize("solver", ["highs", "auto"])
def test_a_search_that_is_stopped_gives_the_best_day_and_a_bound(monkeypatch, solver):
    """No time at all: a day that is reached, and a bound that holds."""
    monkeypatch.setattr(search, "LEAST_SECONDS", 1e-9)
    made = load_case("paper-a-parent").window(5, 14)
    for plant in made.vpps:
        exact = worst_case(plant, at_level(4), solver="highs", time_limit=None)
        stopped = worst_case(plant, at_level(4), solver=solver, time_limit=0.0)
        assert stopped.cost <= exact.cost * (1 + 1e-6)
        assert stopped.bound >= exact.cost * (1 - 1e-6)
        assert stopped.cost > exact.nominal  # not an empty-handed answer
        if not stopped.proven:
            assert "the search was stopped" in stopped.note()
            assert stopped.guarantee == stopped.bound
        day = stopped.hits.to_numpy(float).T.ravel()
        assert Recourse(plant, at_level(4)).exact(day).cost == pytest.approx(stopped.cost)


@pytest.mark.parametrize("reading", READINGS)
def test_a_coalition_that_is_stopped_says_how_far_it_came(monkeypatch, reading):
    monkeypatch.setattr(search, "LEAST_SECONDS", 1e-9)
    made = pair()
    stopped = robust_coalition(made, DOUBT, tolerance=1e-9, reading=reading, time_limit=0.0)
    exact = robust_coalition(made, DOUBT, tolerance=1e-6, reading=reading)
    if reading != "own worst case first":  # which promises nothing
        assert stopped.cost >= exact.cost - 1e-5 * abs(exact.cost)
    assert stopped.bounds["lower"].iloc[-1] <= exact.cost + 1e-5 * abs(exact.cost)
    assert stopped.gap >= -1e-9


def test_climbing_never_ends_on_a_better_day():
    made = load_case("paper-a-parent").window(5, 14)
    for plant in made.vpps:
        recourse = Recourse(plant, at_level(4))
        adversary = Adversary(recourse)
        hunt = adversary.hunt_for(None, "highs", None)
        climbed = hunt.climb(recourse.forecast_day)
        assert recourse.value(climbed) > recourse.value(recourse.forecast_day)
        exact = worst_case(plant, at_level(4)).cost
        assert recourse.value(climbed) <= exact * (1 + 1e-6)
        assert hunt.crude_bound() >= exact * (1 - 1e-6)


# --- words ----------------------------------------------------------------------------------------
def test_progress_is_shown_where_asked(capfd):
    made = seller_and_buyer()
    robust_coalition(made, at_level(1), progress=True)
    assert "bounds" in capfd.readouterr().err
    sweep(made, (0, 1), progress=True)
    shown = capfd.readouterr().err
    assert "uncertainty levels" in shown and "bounds" in shown
    out_of_sample(made, at_level(1), {"alone": None}, samples=2, progress=True)
    assert "days" in capfd.readouterr().err
    robust_coalition(made, at_level(1))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("limits", LIMITS)
def test_the_necessary_check_is_not_sufficient(monkeypatch, limits):
    """A bound that is too small for some hits passes the check of the day that is found: only the
    proof of `value_bounds` says that no other day is worse."""
    from vppcore.uncertainty import adversary as room

    plant = vpp(load(10, 10, 10, 10), grid([1.0, 0.5, 0.4, 0.3], [0.1] * 4))
    doubt = Uncertainty({"load": 1}, limits=limits)
    assert worst_case(plant, doubt).cost == pytest.approx(enumerate_days(plant, doubt))
    proven = room.value_bounds

    def blind_in_the_first_step(recourse, exclusive):
        low, high = proven(recourse, exclusive)
        return low, np.where(np.arange(len(high)) == 0, 0.1 * high, high)

    monkeypatch.setattr(room, "value_bounds", blind_in_the_first_step)
    missed = worst_case(plant, doubt)
    assert missed.cost < enumerate_days(plant, doubt) - 0.5  # and no error was raised


def test_iterations_that_do_not_suffice_are_a_limit():
    made = load_case("paper-a-parent").window(7, 5)
    with pytest.raises(NotSolved, match="after 1 iterations") as refused:
        robust_coalition(made, at_level(2), max_iterations=1)
    assert refused.value.status == "limit"


def test_sampled_days_react_without_stating_a_problem_again(monkeypatch):
    """One statement for each VPP and schedule, not for each day."""
    from vppcore.uncertainty import recourse as room

    stated = []
    original = room.Compiled

    def counted(*what, **how):
        stated.append(1)
        return original(*what, **how)

    monkeypatch.setattr(room, "Compiled", counted)
    made = replace(seller_and_buyer())
    out_of_sample(made, at_level(1), {"alone": None}, samples=50)
    assert len(stated) == len(made.vpps)
