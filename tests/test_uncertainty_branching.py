"""The quick road to a day's reaction without overlaps: against one problem with all binaries."""

from __future__ import annotations

import numpy as np
import pytest
from builders import battery, grid, load, pv, small_vpps, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import VPP, dispatch, load_case
from vppcore.errors import NotSolved
from vppcore.uncertainty import branching
from vppcore.uncertainty.branching import ModeSearch
from vppcore.uncertainty.recourse import SAME_COST, Recourse
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.sharper import sharper_rows

DOUBT = Uncertainty({"load": 1, "pv": 1})


def by_milp(recourse: Recourse, z: np.ndarray) -> float:
    """What a day costs by one mixed-integer problem, yuan: the second road."""
    modes = recourse.modes_by_milp(z, None)
    return recourse.react(z, modes=modes).value


def agree(recourse: Recourse, z: np.ndarray) -> float:
    """Compares both roads on a day; by how much the day costs more than with overlaps, yuan."""
    reaction = recourse.exact(z, squares=False)
    allowed = 3 * SAME_COST * recourse.stake(reaction.cost)
    assert reaction.cost == pytest.approx(by_milp(recourse, z), rel=0, abs=allowed)
    assert reaction.cost >= reaction.relaxed - allowed
    assert not recourse.overlaps(reaction.x)
    return reaction.cost - reaction.relaxed


@st.composite
def burning_vpps(draw, steps: int = 5) -> VPP:
    """VPPs that may be paid to take power, or may sell little of it and must not throw it away."""
    plant = draw(small_vpps(steps))
    prices = st.lists(st.sampled_from([-0.6, -0.2, 0.1, 0.5]), min_size=steps, max_size=steps)
    buy = np.array(draw(prices))
    sell = buy - draw(st.sampled_from([0.05, 0.3]))
    limit = draw(st.sampled_from([5.0, 30.0, 200.0]))
    lossy = draw(st.sampled_from([0.0, 0.05]))
    plant = plant.change("grid", buy_price=buy, sell_price=sell, buy_max=limit, sell_max=limit)
    return plant.change("battery", self_discharge=lossy, charge_max=10.0, discharge_max=15.0)


def days(recourse: Recourse, count: int, seed: int = 1) -> np.ndarray:
    """Random days `(count, keys x steps)`."""
    return np.random.default_rng(seed).uniform(-1, 1, (count, len(recourse.forecast_day)))


# --- two roads ------------------------------------------------------------------------------------
@settings(max_examples=25)
@given(plant=burning_vpps(), seed=st.integers(0, 9))
def test_a_day_costs_the_same_by_branching_and_by_binaries(plant, seed):
    recourse = Recourse(plant, DOUBT)
    for z in days(recourse, 3, seed):
        agree(recourse, z)


@settings(max_examples=10)
@given(plant=burning_vpps(4), seed=st.integers(0, 9))
def test_two_stores_are_told_apart_too(plant, seed):
    second = battery(label="second", energy_max=6.0, energy_start=1.0, charge_max=3.0)
    recourse = Recourse(plant.adding(second), DOUBT)
    for z in days(recourse, 2, seed):
        agree(recourse, z)


def test_days_with_a_sale_limit_at_noon(calibrated):
    """VPP2 of the calibrated case: overlaps would save something on nearly every day."""
    recourse = Recourse(calibrated.vpp("VPP2"), at_level(4))
    hidden = [agree(recourse, z) for z in days(recourse, 12)]
    assert np.mean(np.array(hidden) > 1.0) > 0.9


def test_days_with_negative_prices_at_noon():
    home = load_case("template").vpp("Home")
    noon = np.isin(np.arange(24), [11, 12, 13, 14])
    tariff = home.component("grid")
    plant = home.change(
        "grid",
        buy_price=np.where(noon, -0.4, tariff.buy_price),
        sell_price=np.where(noon, -0.6, tariff.sell_price),
    )
    recourse = Recourse(plant, at_level(2))
    hidden = [agree(recourse, z) for z in days(recourse, 6)]
    assert max(hidden) > 0.01 * recourse.stake(0.0)


def test_purchase_and_sale_that_exclude_each_other():
    """A pair of flows that fills no store, with limits that had to be found."""
    plant = vpp(
        load(3, 4, 5, 2),
        pv(1, 2, 9, 3),
        grid([0.3, 0.1, 0.5, 0.2], [0.1, 0.4, 0.2, 0.3]),
        battery(),
    )
    recourse = Recourse(plant, DOUBT)
    assert len(recourse.pairs) == 2
    for z in days(recourse, 5):
        agree(recourse, z)
    assert recourse.exact(recourse.forecast_day).cost == pytest.approx(dispatch(plant).cost)


# --- the search itself ----------------------------------------------------------------------------
def test_a_search_that_gives_up_leaves_the_day_to_the_other_road(calibrated, monkeypatch):
    recourse = Recourse(calibrated.vpp("VPP2"), at_level(4))
    z = days(recourse, 1)[0]
    quick = recourse.exact(z, squares=False).cost
    asked: list[bool] = []
    monkeypatch.setattr(branching, "MOST_PROBLEMS", 1)
    monkeypatch.setattr(Recourse, "modes_by_milp", noted(asked, Recourse.modes_by_milp))
    slow = Recourse(calibrated.vpp("VPP2"), at_level(4)).exact(z, squares=False).cost
    assert len(asked) == 1
    assert slow == pytest.approx(quick, rel=2 * SAME_COST)


def noted(asked: list[bool], method):
    """The same method, which also notes that it was called."""

    def noting(*given):
        asked.append(True)
        return method(*given)

    return noting


def test_without_a_search_the_first_guess_would_be_too_dear(calibrated, monkeypatch):
    """The test of a fault: a search that believes its guess is noticed."""
    monkeypatch.setattr(ModeSearch, "best", lambda search, right, guess, cost, allowed: guess)
    recourse = Recourse(calibrated.vpp("VPP2"), at_level(4))
    excess = []
    for z in days(recourse, 6):
        wrong = recourse.exact(z, squares=False).cost
        excess.append(wrong - by_milp(recourse, z))
    assert max(excess) > 10 * SAME_COST * recourse.turnover


@settings(max_examples=15)
@given(plant=burning_vpps(), seed=st.integers(0, 9))
def test_rows_that_sharpen_bounds_hold_in_every_schedule_without_overlaps(plant, seed):
    recourse = Recourse(plant, DOUBT)
    matrix, right = sharper_rows(recourse.program, steady_rows(recourse), recourse._search.places)
    chance = np.random.default_rng(seed)
    for z in days(recourse, 2, seed):
        first = chance.random((len(recourse.pairs), recourse.steps)) < 0.5
        x = schedule_in(recourse, z, first)
        size = 1.0 + abs(matrix) @ np.abs(x)
        assert (matrix @ x <= right + 1e-6 * size).all()


def schedule_in(recourse: Recourse, z: np.ndarray, first: np.ndarray) -> np.ndarray:
    """A schedule in these modes, or the cheapest one where they have none (a full store loses)."""
    try:
        return recourse.react(z, modes=recourse._everywhere(first)).x
    except NotSolved:
        return recourse.exact(z, squares=False).x


def steady_rows(recourse: Recourse) -> np.ndarray:
    """Rows whose right side is the same on all days and with all trades."""
    rows = np.ones(len(recourse.right), bool)
    rows[recourse.by_day.tocoo().row] = False
    rows[recourse.by_trade.tocoo().row] = False
    return rows


def test_the_rows_of_a_store_by_hand():
    """after = before + 0.9 charge - discharge / 0.8 between 0 and 20 kWh: before + 0.9 charge is 20
    at most, before - discharge / 0.8 is 0 at least; and shares of 10 kW add up to one at most."""
    plant = vpp(load(3, 4), battery(), grid([1, 1], [0.5, 0.5]))
    recourse = Recourse(plant, Uncertainty({"load": 1}))
    matrix, right = sharper_rows(recourse.program, steady_rows(recourse), recourse._search.places)
    rows = sorted(
        (sorted(row.data.round(6).tolist()), limit)
        for row, limit in zip(map(matrix.getrow, range(matrix.shape[0])), right, strict=True)
    )
    assert rows == [
        ([-1.0, 1.25], 0.0),
        ([-1.0, 1.25], 0.0),
        ([0.1, 0.1], 1.0),
        ([0.1, 0.1], 1.0),
        ([0.9, 1.0], 20.0),
        ([0.9, 1.0], 20.0),
    ]


def test_the_rows_cut_off_overlaps(calibrated):
    """With them a linear problem comes nearer to what a day costs."""
    recourse = Recourse(calibrated.vpp("VPP2"), at_level(4))
    for z in days(recourse, 3):
        reaction = recourse.exact(z, squares=False)
        search = recourse._search
        nothing = branching.Choice(np.zeros(len(search.places), np.int8), -np.inf)
        sharper = search._solve(recourse._right_sides(z, None), nothing).value
        assert reaction.relaxed + 1.0 < sharper <= reaction.cost * (1 + SAME_COST)
