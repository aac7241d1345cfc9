"""Bargaining in exchange form: against bargaining in pairs, against a convex solver, and at thousands."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from builders import case as case_of
from builders import grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from vppcore import NotSolved, WrongInput, alone, bargain, load_case, pool
from vppcore.bargaining.band import price_band, terms_of_all
from vppcore.bargaining.exchange import (
    bands_of_members,
    bargain_exchange,
    in_the_box,
    market_settlement,
)
from vppcore.solvers import solve, value_of


def band_of(low, high) -> pd.DataFrame:
    band = pd.DataFrame({"low": low, "high": high}, pd.RangeIndex(1, len(low) + 1, name="step"))
    band["mid"] = (band["low"] + band["high"]) / 2
    band["half"] = (band["high"] - band["low"]) / 2
    return band


def made(count: int, steps: int, seed: int):
    """Net trades, costs alone and with trades of VPPs that all gain at some prices in the band."""
    chance = np.random.default_rng(seed)
    band = band_of(chance.uniform(0, 0.3, steps), chance.uniform(0.5, 1.2, steps))
    names = [f"V{k}" for k in range(count)]
    trades = chance.normal(size=(steps, count)) * chance.uniform(1, 100, count)
    trades -= trades.mean(axis=1, keepdims=True)
    net = pd.DataFrame(trades, band.index, names)
    price = chance.uniform(band["low"], band["high"])
    gain = chance.uniform(0.1, 1.0, count) * np.abs(trades).sum(axis=0) * 0.1
    apart = pd.Series(chance.uniform(100, 200, count), names)
    return net, apart, apart - gain - price @ trades, band


@pytest.mark.parametrize("name", ["template", "paper-a-parent", "paper-a"])
@pytest.mark.parametrize("weights", ["contribution", "equal"])
def test_it_is_bargaining_in_pairs_seen_from_each_vpp(name, weights):
    case = load_case(name)
    apart, together = alone(case), pool(case, flattest=True)
    pairs = bargain(case, apart, together, weights)
    net = pd.DataFrame({vpp: together.trades[vpp].sum(axis=1) for vpp in case.names})
    costs = pd.Series({vpp: apart[vpp].cost for vpp in case.names})
    power = pairs.table["weight"]  # those of pairs count what is passed on, too
    split = bargain_exchange(net, costs, together.costs, price_band(case), power)
    assert not pairs.bound and not split.bound
    tolerance = 1e-6 * together.cost
    assert split.gains.to_numpy() == pytest.approx(pairs.gains.to_numpy(), abs=tolerance)
    assert split.payments.to_numpy() == pytest.approx(
        pairs.table["payment"].to_numpy(), abs=tolerance
    )
    # a price per VPP and step pays what pairs pay
    paid = (split.prices().fillna(0.0) * net.to_numpy()).sum()
    assert paid.to_numpy() == pytest.approx(split.payments.to_numpy(), abs=tolerance)


@pytest.mark.parametrize("cheap", [0.95, 0.5, 0.36])
@pytest.mark.parametrize("weights", ["contribution", "equal"])
def test_where_tariffs_differ_each_vpp_s_own_band_is_that_of_its_pairs(weights, cheap):
    """One sells to two who pay the grid 1.0 and less: at 0.36 the second can hardly gain."""
    seller = vpp(pv(20, 20), load(0, 0), grid([1.0, 1.0], [0.2, 0.2]), name="seller")
    dear = vpp(load(8, 4), grid([1.0, 1.0], [0.2, 0.2]), name="dear")
    less = vpp(load(6, 9), grid([cheap, cheap], [0.1, 0.1]), name="less")
    made = case_of(seller, dear, less, limit=50.0, crossing_fee=0.01)
    apart, together = alone(made), pool(made, flattest=True)
    pairs = bargain(made, apart, together, weights)
    net = pd.DataFrame({name: together.trades[name].sum(axis=1) for name in made.names})
    costs = pd.Series({name: apart[name].cost for name in made.names})
    bands = bands_of_members(terms_of_all(made), net)
    power = pairs.table["weight"]
    split = bargain_exchange(net, costs, together.costs, bands, power)
    assert split.gains.to_numpy() == pytest.approx(pairs.gains.to_numpy(), abs=1e-5)
    assert split.bound == pairs.bound == (cheap < 0.5 or (cheap == 0.5 and weights == "equal"))
    prices = split.prices()
    for name in made.names:
        inside = prices[name].dropna()
        assert (inside >= bands[name]["low"] - 1e-9).all()
        assert (inside <= bands[name]["high"] + 1e-9).all()
    paid = (prices.fillna(0.0) * net.to_numpy()).sum()
    assert paid.to_numpy() == pytest.approx(split.payments.to_numpy(), abs=1e-5)
    with pytest.raises(WrongInput, match="band: found none of less"):
        bargain_exchange(net, costs, together.costs, {"seller": 1, "dear": 1}, power)


@settings(max_examples=25)
@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 10_000))
def test_the_gains_are_those_of_the_sum_of_logarithms(count, steps, seed):
    net, apart, together, band = made(count, steps, seed)
    split = bargain_exchange(net, apart, together, band)
    table = split.table
    saving = float((apart - together).sum())
    assert table["gain"].sum() == pytest.approx(saving)
    assert table["payment"].sum() == pytest.approx(0, abs=1e-9 * apart.sum())
    place = cp.Variable(count, bounds=[-1, 1])
    at_mid = net.to_numpy().T @ band["mid"].to_numpy()
    room = np.abs(net.to_numpy().T) @ band["half"].to_numpy()
    payment = at_mid + cp.multiply(room, place)
    gains = ((apart - together).to_numpy() - payment) / saving
    goal = cp.Maximize(table["weight"].to_numpy() @ cp.log(gains))
    solve(cp.Problem(goal, [cp.sum(payment) == 0]), "clarabel")
    assert split.gains.to_numpy() / saving == pytest.approx(value_of(gains), abs=1e-4)
    assert (split.position.abs() <= 1 + 1e-9).all()
    far = np.abs(split.gains - table["weight"] * saving).max() > 1e-4 * saving
    assert split.bound == far


@settings(max_examples=25)
@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 10_000))
def test_side_payments_leave_the_weights_their_shares(count, steps, seed):
    net, apart, together, band = made(count, steps, seed)
    split = bargain_exchange(net, apart, together, band, "equal", side_payments=True)
    saving = float((apart - together).sum())
    assert split.gains.to_numpy() == pytest.approx(np.full(count, saving / count))
    assert not split.bound
    settled = market_settlement(net, split.payments, band)
    by_hand = net.to_numpy().T @ settled.price.to_numpy() + settled.side_payment
    assert by_hand.to_numpy() == pytest.approx(split.payments.to_numpy())
    assert settled.side_payment.sum() == pytest.approx(0, abs=1e-8 * apart.sum())
    inside = (settled.price >= band["low"] - 1e-12) & (settled.price <= band["high"] + 1e-12)
    assert inside.all()
    # no prices in the band leave less: slopes of the sum of squares point outwards at limits
    slope = -2 * net.to_numpy() @ settled.side_payment.to_numpy()
    small = 1e-6 * np.abs(net.to_numpy()).sum() * max(1.0, split.payments.abs().max())
    down = settled.price > band["low"] + 1e-7
    up = settled.price < band["high"] - 1e-7
    assert (slope[down.to_numpy()] <= small).all() and (slope[up.to_numpy()] >= -small).all()


@settings(max_examples=30)
@given(st.integers(2, 6), st.integers(1, 8), st.integers(0, 10_000))
def test_one_price_for_all_carries_the_split_exactly_where_a_linear_problem_says_so(
    count, steps, seed
):
    net, apart, together, band = made(count, steps, seed)
    split = bargain_exchange(net, apart, together, band, "equal", side_payments=True)
    limits = list(zip(band["low"], band["high"], strict=True))
    carried = linprog(np.zeros(steps), A_eq=net.to_numpy().T, b_eq=split.payments, bounds=limits)
    least = market_settlement(net, split.payments, band).side_payment.abs().max()
    if carried.status == 0:
        assert least <= 1e-4 * split.payments.abs().max()
    else:
        assert least > 1e-9 * split.payments.abs().max()


def test_two_vpps_always_find_one_price_and_more_vpps_than_steps_mostly_do_not():
    net, apart, together, band = made(2, 4, 0)
    split = bargain_exchange(net, apart, together, band)
    two = market_settlement(net, split.payments, band).side_payment
    assert two.abs().max() < 1e-6 * split.payments.abs().max()
    net, apart, together, band = made(30, 4, 0)
    split = bargain_exchange(net, apart, together, band, side_payments=True)
    thirty = market_settlement(net, split.payments, band).side_payment
    assert thirty.abs().max() > 0.01 * split.payments.abs().max()


def test_prices_that_are_given_are_taken_as_they_are():
    net, apart, together, band = made(5, 3, 1)
    split = bargain_exchange(net, apart, together, band, side_payments=True)
    given_prices = np.array([0.1, 0.2, 0.3])
    settled = market_settlement(net, split.payments, band, 0.5, given_prices)
    assert settled.price.tolist() == [0.1, 0.2, 0.3]
    paid = 0.5 * net.to_numpy().T @ given_prices + settled.side_payment
    assert paid.to_numpy() == pytest.approx(split.payments.to_numpy())
    with pytest.raises(WrongInput, match="one for each step"):
        market_settlement(net, split.payments, band, 1.0, np.zeros(2))


def test_thousands_of_vpps_share_what_they_save():
    net, apart, together, band = made(10_000, 24, 3)
    split = bargain_exchange(net, apart, together, band, "equal", side_payments=True)
    saving = float((apart - together).sum())
    assert split.gains.to_numpy() == pytest.approx(np.full(10_000, saving / 10_000))
    assert split.payments.sum() == pytest.approx(0, abs=1e-9 * saving)


def test_who_does_not_trade_keeps_its_cost():
    net, apart, together, band = made(3, 4, 2)
    net["idle"] = 0.0
    apart["idle"] = together["idle"] = 50.0
    split = bargain_exchange(net, apart, together, band)
    assert split.gains["idle"] == 0 and split.payments["idle"] == 0
    assert split.table.loc["idle", "weight"] == 0
    assert split.prices()["idle"].isna().all() and np.isnan(split.position["idle"])


def test_the_water_filling_meets_the_saving_at_limits_below_and_above():
    weights = np.array([0.6, 0.2, 0.2])
    found = in_the_box(weights, np.array([-5.0, 2.0, 0.0]), np.array([3.0, 4.0, 9.0]), 8.0)
    assert found == pytest.approx([3.0, 2.5, 2.5])
    found = in_the_box(weights, np.array([-5.0, 2.0, 0.0]), np.array([3.0, 4.0, 9.0]), 4.0)
    assert found == pytest.approx([1.5, 2.0, 0.5])


# --- refusals ---------------------------------------------------------------------------------------------------
def test_refusals():
    net, apart, together, band = made(3, 4, 2)
    with pytest.raises(WrongInput, match="allowed: what some receive others deliver"):
        bargain_exchange(net + 1.0, apart, together, band)
    with pytest.raises(WrongInput, match="found 3 steps; allowed: 4"):
        bargain_exchange(net.iloc[:3], apart, together, band)
    with pytest.raises(WrongInput, match="no cost of V2"):
        bargain_exchange(net, apart[["V0", "V1"]], together, band)
    with pytest.raises(WrongInput, match="not a number"):
        bargain_exchange(net, apart * np.nan, together, band)
    with pytest.raises(WrongInput, match="not a number"):
        bargain_exchange(net * np.inf, apart, together, band)
    with pytest.raises(WrongInput, match="below zero"):
        bargain_exchange(net, apart, together, band, pd.Series({"V0": -1.0, "V1": 1, "V2": 1}))
    with pytest.raises(WrongInput, match="found none of V2"):
        bargain_exchange(net, apart, together, band, pd.Series({"V0": 1.0, "V1": 1}))
    with pytest.raises(WrongInput, match="found 'luck'"):
        bargain_exchange(net, apart, together, band, "luck")
    with pytest.raises(NotSolved, match="nothing to share"):
        bargain_exchange(net, together, apart, band)
    with pytest.raises(NotSolved, match="nothing to share"):
        bargain_exchange(0 * net, apart, together, band)


def test_a_band_in_which_somebody_loses_is_refused():
    net = pd.DataFrame({"A": [10.0], "B": [-10.0]}, [1])
    band = band_of([0.2], [0.6])
    apart = pd.Series({"A": 20.0, "B": 0.0})
    together = pd.Series({"A": 1.0, "B": 7.0})  # B needs more than 6 yuan for its 10 kWh
    with pytest.raises(NotSolved, match="leave every VPP better off") as refused:
        bargain_exchange(net, apart, together, band)
    assert refused.value.status == "infeasible"
    split = bargain_exchange(net, apart, together, band, side_payments=True)
    assert split.position["B"] < -1 and split.gains.gt(0).all()
