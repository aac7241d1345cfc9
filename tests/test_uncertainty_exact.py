"""Exclusive flows on the worst day: exact costs, bounds that meet, modes of any component."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from builders import battery, case, grid, load, pv, small_vpps, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import VPP, dispatch, load_case, pool
from vppcore.components import Battery
from vppcore.uncertainty import adversary
from vppcore.uncertainty.leaks import Leaks
from vppcore.uncertainty.modes import Modes
from vppcore.uncertainty.modes_first import worst_case_storage_first
from vppcore.uncertainty.ordinary_days import out_of_sample, sample_days
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.robust import robust_coalition, sweep
from vppcore.uncertainty.series import hit
from vppcore.uncertainty.settings import Uncertainty, at_level
from vppcore.uncertainty.worst_day import Adversary, days_of_budget, enumerate_days, worst_case

SAME = 1e-6
DOUBT = Uncertainty({"load": 1, "pv": 1})


def surplus(sell_price=(0.05, -0.4, -0.3, 0.1)) -> VPP:
    """Whoever takes power at noon is paid: burning it in the battery pays."""
    return vpp(
        load(2, 3, 3, 6),
        pv(0, 14, 12, 1),
        battery(energy_max=8.0, energy_start=2.0, charge_max=5.0, discharge_max=5.0),
        grid([0.6, -0.2, -0.1, 0.9], sell_price, buy_max=20.0, sell_max=20.0),
        name="sunny",
    )


def on_day(plant: VPP, doubt: Uncertainty, recourse: Recourse, z: np.ndarray) -> VPP:
    """The VPP on a day, without an emergency: these days can be served."""
    day = {series: values for (_, series), values in recourse.unflatten(z).items()}
    there = hit(plant, doubt, day)
    return replace(there, components=tuple(c for c in there.components if c.name != "emergency"))


def by_enumeration(plant: VPP, doubt: Uncertainty) -> float:
    """The worst of all days, each by `dispatch` with binaries: shares no matrix with the search."""
    recourse = Recourse(plant, doubt)
    costs = []
    for z in days_of_budget(recourse):
        costs.append(dispatch(on_day(plant, doubt, recourse, z), storage="binary").cost)
    return max(costs)


@st.composite
def burning_vpps(draw) -> VPP:
    """Small VPPs whose plant must not be curtailed for nothing: a paid load or negative prices."""
    plant = draw(small_vpps(3))
    prices = st.lists(st.sampled_from([-0.6, -0.2, 0.1, 0.5]), min_size=3, max_size=3)
    buy = np.array(draw(prices))
    sell = buy - draw(st.sampled_from([0.05, 0.3]))
    return plant.change("grid", buy_price=buy, sell_price=sell)


# --- two roads ------------------------------------------------------------------------------------
@settings(max_examples=15)
@given(plant=burning_vpps(), limits=st.sampled_from(["forecast", "actual"]))
def test_the_worst_day_without_overlaps_is_the_worst_of_all_days(plant, limits):
    doubt = Uncertainty({"load": 1, "pv": 1}, limits=limits)
    found = worst_case(plant, doubt)
    expected = by_enumeration(plant, doubt)
    assert found.cost == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert found.bound >= expected - 1e-5 * max(1.0, abs(expected))
    assert found.proven
    assert found.nominal == pytest.approx(dispatch(plant).cost, rel=1e-6, abs=1e-6)


@settings(max_examples=15)
@given(plant=burning_vpps(), seed=st.integers(0, 5))
def test_a_reaction_is_the_schedule_that_dispatch_finds(plant, seed):
    recourse = Recourse(plant, DOUBT)
    z = np.random.default_rng(seed).uniform(-1, 1, len(recourse.forecast_day))
    reaction = recourse.exact(z)
    there = on_day(plant, DOUBT, recourse, z)
    assert reaction.cost == pytest.approx(dispatch(there).cost, rel=1e-6, abs=1e-6)
    assert reaction.relaxed == pytest.approx(
        dispatch(there, storage="relaxed").cost, rel=1e-6, abs=1e-6
    )
    assert not recourse.overlaps(reaction.x)


@pytest.mark.parametrize("exclusive", [0.0, 1.0])
def test_exclusive_by_the_reader_s_wish_changes_no_cost(parent, exclusive):
    """VPP1 with a small connection: 22,796.31 with overlaps, 22,813.48 without (by dispatch)."""
    plant = parent.vpp("VPP1").change("grid", sell_max=500.0)
    plant = plant.change("battery", exclusive=exclusive)
    found = worst_case(plant, at_level(0))
    assert found.cost == pytest.approx(22_813.48, abs=0.01)
    assert found.relaxed == pytest.approx(22_796.31, abs=0.01)
    assert found.cost == pytest.approx(dispatch(plant).cost, rel=SAME)


@pytest.mark.parametrize(("level", "hidden"), [(0, 26.39), (2, 26.39), (6, 13.55)])
def test_what_overlaps_hid_on_the_calibrated_case(calibrated, level, hidden):
    found = worst_case(calibrated.vpp("VPP2"), at_level(level))
    assert found.cost - found.relaxed == pytest.approx(hidden, abs=0.01)
    assert found.proven
    if level == 0:
        assert found.cost == pytest.approx(dispatch(calibrated.vpp("VPP2")).cost, rel=SAME)
    assert f"overlapping flows would have hidden {hidden} yuan" in found.note()


def test_an_hour_in_which_power_is_sold_dearer_than_bought():
    """Purchase and sale exclude each other; without limits the relaxed problem would be unbounded."""
    plant = vpp(
        load(3, 4, 5), pv(1, 2, 9), grid([0.3, 0.1, 0.5], [0.1, 0.4, 0.2]), battery(), name="odd"
    )
    found = worst_case(plant, DOUBT)
    assert found.nominal == pytest.approx(dispatch(plant).cost, rel=SAME)
    assert found.cost == pytest.approx(enumerate_days(plant, DOUBT), rel=SAME)
    assert found.cost == pytest.approx(by_enumeration(plant, DOUBT), rel=SAME)
    assert found.proven


def test_two_stores_side_by_side():
    second = battery(label="second", energy_max=6.0, energy_start=1.0, charge_max=3.0)
    plant = surplus().adding(second)
    found = worst_case(plant, DOUBT)
    assert found.cost > found.relaxed + 0.01
    assert found.cost == pytest.approx(by_enumeration(plant, DOUBT), rel=SAME)


def test_the_case_of_negative_prices():
    """The forecast day, with what the book's template costs when prices fall below zero."""
    made = load_case("template")
    home = made.vpp("Home")
    tariff = home.component("grid")
    noon = np.isin(np.arange(24), [11, 12, 13])
    negative = home.change(
        "grid",
        buy_price=np.where(noon, -0.05, tariff.buy_price),
        sell_price=np.where(noon, -0.3, tariff.sell_price),
    )
    found = worst_case(negative, at_level(1))
    assert found.nominal == pytest.approx(dispatch(negative).cost, rel=SAME)
    assert found.cost >= found.nominal - 1e-9
    assert found.proven


# --- bounds ---------------------------------------------------------------------------------------
@settings(max_examples=10)
@given(plant=burning_vpps(), data=st.data())
def test_whoever_keeps_modes_pays_no_less(plant, data):
    """Fixed modes bound the worst case from above, so does charging overlaps; both are used."""
    recourse = Recourse(plant, DOUBT)
    if not recourse.pairs:
        return
    shape = (len(recourse.pairs), recourse.steps)
    first = np.array(data.draw(st.lists(st.booleans(), min_size=shape[1], max_size=shape[1])))
    modes = Modes.everywhere(np.broadcast_to(first, shape).copy())
    kept = Adversary(recourse).answer_in(modes).cost
    exact = worst_case(plant, DOUBT).cost
    assert kept >= exact - SAME * max(1.0, abs(exact))


@settings(max_examples=10)
@given(plant=burning_vpps(), seed=st.integers(0, 9))
def test_an_overlap_shows_in_the_multipliers_and_costs_no_more_than_charged(plant, seed):
    """The two facts on which the search rests: see `leaks`."""
    recourse = Recourse(plant, DOUBT)
    leaks = Leaks(recourse)
    z = np.random.default_rng(seed).integers(0, 2, len(recourse.forecast_day)).astype(float)
    point = recourse.react(z)
    activity = recourse.matrix @ point.x
    charged = 0.0
    for leak in leaks.known:
        first, other = recourse.pairs[leak.pair].flows(activity)
        if min(first[leak.step], other[leak.step]) > 1e-6:
            need = leak.own_cost + leak.effect @ point.multipliers
            assert need <= 1e-6
            charged += leak.cost
        assert leak.own_cost + leak.effect @ point.multipliers <= leak.largest_need + 1e-6
    assert not leaks.unbounded.any()
    assert recourse.exact(z).cost <= point.value + charged + 1e-6


def test_without_charges_for_overlaps_the_upper_bound_would_be_too_low(monkeypatch):
    """The test of a fault: if overlaps were free, the search would call too low a cost proven."""
    plant = surplus()
    right = worst_case(plant, DOUBT)
    assert right.cost > right.relaxed + 0.01

    def free(leaks, fixed):
        return [replace(leak, cost=0.0) for leak in leaks.known if not fixed[leak.pair, leak.step]]

    monkeypatch.setattr(Leaks, "outside", free)
    wrong = Adversary(Recourse(plant, DOUBT))
    hunt = adversary.Hunt(wrong, wrong.recourse.no_trade, "auto", adversary.Clock(None))
    hunt.begin()
    hunt.let_overlap(wrong._overlapping)
    hunt.close_gap()
    assert hunt.upper < right.cost - 0.01


def test_storage_modes_of_every_pair_are_decided_the_day_before():
    """Two batteries: against trying all modes of both."""
    second = battery(label="second", energy_max=6.0, energy_start=1.0, charge_max=3.0)
    plant = vpp(
        load(4, 9, 3),
        pv(9, 2, 4),
        battery(charge_max=6.0, discharge_max=6.0),
        second,
        grid([0.3, 1.0, 0.6], [0.1, 0.2, 0.1]),
    )
    found, _ = worst_case_storage_first(plant, Uncertainty({"load": 1}))
    every = []
    for modes in product((False, True), repeat=6):
        fixed = plant
        for store, mode in zip(plant.of(Battery), (modes[:3], modes[3:]), strict=True):
            may_charge = np.array(mode)
            limits = {
                "charge_max": store.charge_max * may_charge,
                "discharge_max": store.discharge_max * ~may_charge,
            }
            fixed = fixed.change(store.name, **limits)
        every.append(enumerate_days(fixed, Uncertainty({"load": 1})))
    assert np.ptp(every) > 0.1
    assert found.cost == pytest.approx(min(every), rel=2e-5)


# --- coalitions and sampled days ------------------------------------------------------------------
def pair_with_surplus():
    town = vpp(load(2, 3, 4, 5), grid([0.6, -0.2, -0.1, 0.9], [0.05, -0.4, -0.3, 0.1]), name="town")
    return case(surplus(), town, limit=1.5, crossing_fee=0.01)


def test_a_coalition_s_guarantee_holds_without_overlaps():
    made = pair_with_surplus()
    result = robust_coalition(made, DOUBT, tolerance=1e-6)
    assert result.gap <= 1e-5
    for plant in made.connected():
        partner = next(name for name in made.names if name != plant.name)
        recourse = Recourse(plant, DOUBT)
        q = recourse.flat(result.trades[plant.name][[partner]].to_numpy())
        worst = max(recourse.exact(z, q).cost for z in days_of_budget(recourse))
        assert worst == pytest.approx(result.costs[plant.name], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("reading", ["trades first", "own worst case first", "joint worst case"])
def test_level_0_of_any_reading_is_the_exact_joint_optimum(reading):
    made = pair_with_surplus()
    exact = pool(made)
    result = robust_coalition(made, at_level(0), tolerance=1e-7, reading=reading)
    assert result.cost == pytest.approx(exact.cost, rel=1e-5)
    alone = sum(dispatch(plant).cost for plant in made.vpps)
    table, _ = sweep(made, (0,), reading=reading)
    assert table.loc[0, "alone"] == pytest.approx(alone, rel=SAME)


def test_sampled_days_are_exact_too():
    made = pair_with_surplus()
    days = sample_days(made, DOUBT, 6, 3)
    costs = out_of_sample(made, DOUBT, {"alone": None}, samples=6, seed=3)["alone"].to_numpy()
    expected = np.zeros(6)
    first = 0
    for plant in made.vpps:
        recourse = Recourse(plant, DOUBT)
        last = first + len(recourse.forecast_day)
        for number, z in enumerate(days[:, first:last]):
            expected[number] += dispatch(on_day(plant, DOUBT, recourse, z)).cost
        first = last
    assert costs == pytest.approx(expected, rel=SAME)
    assert dispatch(surplus()).cost > dispatch(surplus(), storage="relaxed").cost + 0.01
