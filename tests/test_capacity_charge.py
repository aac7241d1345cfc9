"""A price on the largest purchase: by hand, by an independent program, and on every road."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from builders import battery, case, grid, load, pv, vpp
from case_files import faults_of, with_rows, write
from hypothesis import given, settings
from hypothesis import strategies as st
from independent_cluster import cheapest
from test_tariffs import template

from vppcore import (
    Uncertainty,
    WrongInput,
    alone,
    bargain,
    cooperate,
    dispatch,
    load_case,
    pool,
    robust_coalition,
    trade_by_game,
    worst_case,
)
from vppcore.components import PowerMarket
from vppcore.components.clock import Clock
from vppcore.components.periods import periods_of
from vppcore.fairness import coalition_values
from vppcore.fleet import pool_by_exchange, price_newton
from vppcore.proofs.studies import tasks
from vppcore.reading import DATA


def charged(price: float = 5.0, **more):
    """The template with a price on the Shop's peak, as a case and for scipy."""
    usual, members, heating = template()
    members["Shop"] = members["Shop"] | dict(peak=(price, more.pop("interval", 1)))
    return usual.change("Shop", "grid", peak_price=price, **more), members, heating


# --- by hand --------------------------------------------------------------------------------------
def test_a_fixed_load_pays_for_its_peak():
    plain = vpp(load(3, 8, 5), grid([1, 1, 1], [0, 0, 0], peak_price=2.0))
    costs = dispatch(plain).costs
    assert costs["electricity purchase"] == pytest.approx(16)
    assert costs["capacity charge"] == pytest.approx(2.0 * 8)


def test_a_store_shaves_the_peak_until_its_losses_cost_more():
    """8 kWh at most are held back from the second hour; without the charge nothing pays."""
    plain = vpp(load(0, 10, 0), battery(energy_start=0.0), grid([1, 1, 1], [0, 0, 0]))
    assert dispatch(plain).cost == pytest.approx(10)
    shaved = dispatch(plain.change("grid", peak_price=4.0))
    # x kW bought first give 0.72 x later: the peak is where x = 10 - 0.72 x
    peak = 10 / 1.72
    assert shaved.costs["capacity charge"] == pytest.approx(4 * peak, rel=1e-6)
    assert shaved.cost == pytest.approx(4 * peak + 2 * peak, rel=1e-6)


QUARTERS = (0, 8, 2, 2, 4, 4, 4, 4)
INTERVALS = {"quarters": (None, 8.0), "half hours": (0.5, 4.0), "hours": (1.0, 4.0)}


@pytest.mark.parametrize(("metering", "peak"), INTERVALS.values(), ids=INTERVALS.keys())
def test_the_meter_sees_means_of_its_intervals(metering, peak):
    prices = grid([0] * 8, [0] * 8, peak_price=3.0, metering_hours=metering)
    plain = vpp(load(*QUARTERS), prices, step_hours=0.25)
    assert dispatch(plain).cost == pytest.approx(3.0 * peak)


def test_an_interval_that_the_horizon_cuts_short_counts_by_its_own_mean():
    prices = grid([0] * 5, [0] * 5, peak_price=3.0, metering_hours=1.0)
    plain = vpp(load(0, 4, 2, 2, 7), prices, step_hours=0.25)
    assert dispatch(plain).cost == pytest.approx(3.0 * 7)


def test_a_meter_that_is_finer_than_a_step_sees_the_step():
    prices = grid([0, 0], [0, 0], peak_price=3.0, metering_hours=0.25)
    assert dispatch(vpp(load(2, 7), prices)).cost == pytest.approx(21)


def test_an_interval_that_ends_within_a_step_is_refused():
    prices = grid([0, 0], [0, 0], peak_price=3.0, metering_hours=1.0)
    with pytest.raises(WrongInput, match=r"metering_hours = 1 ends within a step of 0\.4 h"):
        vpp(load(2, 7), prices, step_hours=0.4)


@pytest.mark.parametrize(
    ("period", "charge"),
    [("horizon", 9.0), ("day", 9.0 + 4.0 + 0.5 * 6.0), ("month", 60 / 730 * 9.0)],
)
def test_each_period_has_its_peak_and_the_last_its_share(period, charge):
    """Two days and a half, with peaks of 9, 4 and 6 kW."""
    demand = np.ones(60)
    demand[[10, 30, 50]] = 9.0, 4.0, 6.0
    prices = grid(np.zeros(60), np.zeros(60), peak_price=2.0, peak_period=period)
    assert dispatch(vpp(load(*demand), prices)).cost == pytest.approx(2.0 * charge)


@settings(max_examples=50)
@given(st.sampled_from(["day", "month"]), st.integers(1, 2000), st.sampled_from([0.25, 0.5, 1.0]))
def test_the_shares_of_all_periods_are_the_horizon_in_periods(period, steps, hours):
    periods = periods_of(period, Clock(steps, hours))
    length = {"day": 24.0, "month": 730.0}[period]
    assert sum(one.share for one in periods) == pytest.approx(steps * hours / length)
    assert periods[0].first == 0 and periods[-1].last == steps
    assert all(one.last == after.first for one, after in pairwise(periods))


def test_a_window_of_two_days_is_charged_for_each_of_them():
    demand = np.concatenate([np.full(24, 3.0), np.full(24, 5.0), np.full(24, 7.0)])
    prices = grid(np.zeros(72), np.zeros(72), peak_price=1.0, peak_period="day")
    plain = vpp(load(*demand), prices)
    assert dispatch(plain).cost == pytest.approx(15)
    assert dispatch(plain.window(25, 48)).cost == pytest.approx(12)


# --- files ----------------------------------------------------------------------------------------
def test_a_row_of_units_csv_sets_it(tmp_path):
    rows = ("Shop,grid,peak_price,5000,yuan/MW", "Shop,grid,peak_period,day,-")
    found = load_case(write(tmp_path, {"units.csv": with_rows(*rows)})).vpp("Shop")
    assert found.component("grid").peak_price == 5.0
    assert found.component("grid").peak_period == "day"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Shop,grid,peak_price,5,yuan/kWh", "found unit 'yuan/kWh'; allowed: yuan/kW, yuan/MW"),
        ("Shop,grid,peak_price,-5,yuan/kW", "found -5 yuan/kW; allowed: 0 or more"),
        ("Shop,grid,peak_period,year,-", "found 'year'; allowed: horizon, day, week, month"),
        ("Shop,grid,peak_period,week,-", "on which weekday the horizon begins is not known"),
        ("Shop,grid,metering_hours,0,h", "found 0 h; allowed: above 0"),
    ],
)
def test_wrong_rows_are_refused_in_a_sentence(tmp_path, row, words):
    (sentence,) = faults_of(write(tmp_path, {"units.csv": with_rows(row)}))
    assert words in sentence


# --- by an independent program --------------------------------------------------------------------
def test_the_shop_at_five_per_kw_pays_141_66():
    changed, members, _ = charged()
    cost = dispatch(changed.vpp("Shop")).cost
    assert cost == pytest.approx(cheapest({"Shop": members["Shop"]})[0], rel=1e-6)
    assert round(cost, 2) == 141.66


@pytest.mark.parametrize("price", [0.5, 5.0, 50.0])
@pytest.mark.parametrize("interval", [1, 4])
def test_the_joint_optimum_is_that_of_an_independent_program(price, interval):
    changed, members, heating = charged(price, interval=interval, metering_hours=float(interval))
    together, _ = cheapest(members, limit=10.0, fee=0.01)
    assert pool(changed).cost - heating == pytest.approx(together, rel=1e-6)


def test_a_price_of_nothing_changes_nothing():
    usual, _, _ = template()
    assert dispatch(charged(0.0)[0].vpp("Shop")).costs.equals(dispatch(usual.vpp("Shop")).costs)


# --- all roads ------------------------------------------------------------------------------------
def test_the_negotiation_keeps_its_bounds():
    changed, members, heating = charged()
    together = cheapest(members, limit=10.0, fee=0.01)[0] + heating
    made = cooperate(changed)
    assert made.certificate.lower * (1 - 1e-6) <= together <= made.cost * (1 + 1e-6)
    assert made.certificate.gap < 1e-3


def test_the_fleet_s_roads_find_the_same_cost():
    changed, members, heating = charged()
    together = cheapest(members, limit=10.0, fee=0.01)[0] + heating
    assert pool_by_exchange(changed).cost == pytest.approx(together, rel=1e-6)
    found = price_newton(changed)
    assert found.lower * (1 - 1e-6) <= together <= found.upper * (1 + 1e-6)
    assert found.upper == pytest.approx(together, rel=1e-6)


def test_what_is_saved_on_peaks_is_shared():
    changed, _, _ = charged()
    apart, together = alone(changed), pool(changed)
    split = bargain(changed, apart, together)
    assert split.gains.sum() == pytest.approx(sum(d.cost for d in apart.values()) - together.cost)
    assert split.gains.min() > 0
    values = coalition_values(changed)
    assert max(values.values()) == pytest.approx(split.gains.sum(), rel=1e-6)


def test_who_buys_for_another_s_peak_is_paid_for_it():
    """B's whole load comes through A, whose meter is free: 160 yuan of peak less a fee for 16 kWh."""
    one = vpp(load(0, 0, 0), grid([1] * 3, [0.1] * 3), name="A")
    other = vpp(load(3, 8, 5), grid([1] * 3, [0.1] * 3, peak_price=20.0), name="B")
    both = case(one, other, limit=10.0, crossing_fee=0.01)
    split = bargain(both, alone(both), pool(both), weights="equal")
    assert split.gains.tolist() == pytest.approx([79.84, 79.84])
    assert "B pays for its peak" in split.note and "up to 21 yuan/kWh" in split.note
    band = split.bands["A", "B"]
    assert band["high"].tolist() == pytest.approx([1, 21, 1])
    assert band["low"].tolist() == pytest.approx([0.1] * 3)


def test_the_exact_proofs_have_its_rows():
    changed, members, _ = charged()
    (proof,) = [task.make() for task in tasks(changed) if task.name.endswith("alone-Shop")]
    assert float(proof.value) == pytest.approx(cheapest({"Shop": members["Shop"]})[0], rel=1e-6)
    assert any("grid, peak" in name for name in proof.column_names)


def test_the_worst_day_raises_the_peak():
    """One hour of three is a fifth above its forecast: that of the peak hurts most."""
    plain = vpp(load(3, 8, 5), grid([1, 1, 1], [0, 0, 0], peak_price=2.0))
    expected = Uncertainty({"load": 0})
    assert worst_case(plain, expected).guarantee == pytest.approx(dispatch(plain).cost)
    worst = worst_case(plain, Uncertainty({"load": 1}, deviation=0.2))
    assert worst.guarantee == pytest.approx(32 + 1.6 + 2 * 1.6, rel=1e-6)
    assert worst.hits["load"].to_numpy().ravel() == pytest.approx([0, 1, 0])
    assert worst.shed.to_numpy().sum() == pytest.approx(0, abs=1e-9)


def test_a_robust_coalition_at_level_zero_pays_what_the_pool_does():
    seller = vpp(load(1, 1, 1), pv(2, 4, 2), grid([1] * 3, [0.1] * 3), name="A")
    buyer = vpp(load(3, 8, 5), grid([1] * 3, [0.1] * 3, peak_price=2.0), name="B")
    both = case(seller, buyer, limit=10.0)
    ready = robust_coalition(both, Uncertainty({"load": 0}))
    assert ready.cost == pytest.approx(pool(both).cost, rel=1e-4)
    worse = robust_coalition(both, Uncertainty({"load": 1}, deviation=0.2))
    assert worse.cost > ready.cost


def test_a_game_refuses_it_in_a_sentence():
    terms = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.0)
    one = vpp(load(1, 1), pv(5, 5), grid([1, 1], [0, 0], peak_price=2.0), terms, name="A")
    other = vpp(load(3, 3), grid([1, 1], [0, 0]), terms, name="B")
    with pytest.raises(WrongInput, match=r"A, grid: peak_price: found 2 yuan/kW; allowed"):
        trade_by_game(case(one, other))


def test_a_feed_in_price_above_the_purchase_price_makes_no_money_beside_a_peak():
    dearer = vpp(load(1, 1), grid([0.1, 0.1], [0.5, 0.5], peak_price=0.001))
    assert dispatch(dearer).cost == pytest.approx(0.2 + 0.001)


# --- the page -------------------------------------------------------------------------------------
def test_the_page_s_numbers_are_those_of_today():
    changed, _, _ = charged()
    words = " ".join((DATA.parent / "book" / "own-case.md").read_text(encoding="utf-8").split())
    shop = dispatch(changed.vpp("Shop"))
    peak, charge = shop.costs["capacity charge"] / 5, shop.costs["capacity charge"]
    assert f"{shop.cost:.2f} yuan, of which {charge:.1f} for a peak of {peak:.1f} kW" in words
    assert f"together {pool(changed).cost:.2f}" in words
