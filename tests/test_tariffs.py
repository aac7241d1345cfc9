"""A tariff for each member: columns, costs by an independent program, and the price band of a pair."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import array, case, grid, load, pv, vpp
from case_files import SERIES, UNITS, faults_of, with_column, with_rows, write
from hypothesis import given, settings
from hypothesis import strategies as st
from independent_cluster import cheapest

from vppcore import WrongInput, alone, bargain, cooperate, dispatch, load_case, pool
from vppcore.bargaining.band import bands_of, out_of_reach, price_band, widest_band
from vppcore.bargaining.deal import make_deal
from vppcore.pages import checks, figures, tables
from vppcore.pages.words_vpp import where_feeding_in_pays
from vppcore.reading import DATA

SHOP_BUY = "shop_grid_buy_yuan_per_kwh"
SHOP_SELL = "shop_grid_sell_yuan_per_kwh"
# what the template is besides its series
HOME = dict(
    shift=(0.2, 0.02),
    store=dict(most=10.0, least=1.0, start=3.0, power=5.0, efficiency=0.95),
    sell_max=20.0,
)
SHOP = dict(shift=(0.1, 0.02), sell_max=20.0)


def template(**columns):
    """The template with other series of Home's or the Shop's grid, as a case and for scipy."""
    own = load_case("template")
    home, shop = (own.vpp(name).component("grid") for name in ("Home", "Shop"))
    shop_tariff = dict(buy_price=shop.buy_price, sell_price=shop.sell_price) | columns
    changed = own.change("Shop", "grid", **shop_tariff)
    members = {
        "Home": HOME
        | dict(
            load=own.vpp("Home").component("electric_load").forecast,
            pv=own.vpp("Home").component("pv").forecast,
            buy=home.buy_price,
            sell=home.sell_price,
        ),
        "Shop": SHOP
        | dict(
            load=own.vpp("Shop").component("electric_load").forecast,
            buy=shop_tariff["buy_price"],
            sell=shop_tariff["sell_price"],
        ),
    }
    heat = own.vpp("Home").component("heat_load").forecast
    return changed, members, heat.sum() / 0.95 / 10 * 3.5


def shop_tariff(factor: float, feed_in: float) -> dict:
    usual = load_case("template").vpp("Shop").component("grid")
    return dict(
        buy_price=factor * usual.buy_price, sell_price=np.full_like(usual.sell_price, feed_in)
    )


# --- columns --------------------------------------------------------------------------------------
def two_tariffs(folder):
    series = with_column(SHOP_BUY, 0.3, 0.9, 0.6)
    series = with_column(SHOP_SELL, 0.05, 0.05, 0.1, series=series)
    return load_case(write(folder, {"series.csv": series}))


def test_a_vpp_s_own_tariff_wins_over_the_common_one(tmp_path):
    found = two_tariffs(tmp_path)
    assert found.vpp("Shop").component("grid").buy_price.tolist() == [0.3, 0.9, 0.6]
    assert found.vpp("Shop").component("grid").sell_price.tolist() == [0.05, 0.05, 0.1]
    assert found.vpp("Home").component("grid").buy_price.tolist() == [0.4, 1.2, 0.8]


def test_one_of_two_prices_may_be_a_vpp_s_own(tmp_path):
    series = with_column(SHOP_SELL, 0.05, 0.05, 0.1)
    shop = load_case(write(tmp_path, {"series.csv": series})).vpp("Shop").component("grid")
    assert shop.sell_price.tolist() == [0.05, 0.05, 0.1]
    assert shop.buy_price.tolist() == [0.4, 1.2, 0.8]


def test_a_labelled_grid_may_have_a_tariff_of_its_vpp_s_own(tmp_path):
    series = SERIES.replace("grid_", "grid_main_")
    series = with_column("shop_grid_main_buy_yuan_per_kwh", 0.3, 0.9, 0.6, series=series)
    units = UNITS.replace("all,grid,", "all,grid.main,")
    found = load_case(write(tmp_path, {"units.csv": units, "series.csv": series}))
    assert found.vpp("Shop").component("main").buy_price.tolist() == [0.3, 0.9, 0.6]
    assert found.vpp("Home").component("main").buy_price.tolist() == [0.4, 1.2, 0.8]


def test_a_common_column_that_no_grid_needs_is_refused(tmp_path):
    series = with_column(SHOP_BUY, 0.3, 0.9, 0.6)
    series = with_column("home_grid_buy_yuan_per_kwh", 1, 1, 1, series=series)
    (sentence,) = faults_of(write(tmp_path, {"series.csv": series}))
    assert "column grid_buy_yuan_per_kwh" in sentence
    assert "every grid has a column of its own" in sentence


def test_a_tariff_of_a_vpp_without_a_grid_is_refused(tmp_path):
    units = UNITS.replace("all,grid,", "Home,grid,")
    series = with_column(SHOP_BUY, 0.3, 0.9, 0.6)
    (sentence,) = faults_of(write(tmp_path, {"units.csv": units, "series.csv": series}))
    assert f"column {SHOP_BUY}: nobody asks for it, Shop has no grid in units.csv" in sentence


def test_make_check_shows_each_tariff_once(tmp_path):
    assert list(tables.price_range(two_tariffs(tmp_path)).index) == [
        "grid_buy",
        "grid_sell",
        "Shop grid_buy",
        "Shop grid_sell",
    ]
    assert list(tables.price_range(load_case("template")).index) == ["grid_buy", "grid_sell"]


def test_make_check_says_where_feeding_in_pays_more_than_buying_costs():
    assert where_feeding_in_pays(unequal()) == []
    one = vpp(load(1, 1, 1), grid([0.9, 0.9, 0.9], [0.1, 0.95, 0.6]), name="A")
    other = vpp(load(1, 1, 1), grid([0.5] * 3, [0.3] * 3), name="B")
    own, others = where_feeding_in_pays(case(one, other))
    assert own.startswith(
        "A is paid more for feeding in than it pays in 1 step(s), first in step 2"
    )
    assert others.startswith("A is paid more for feeding in than B pays in 2 step(s), first in s")
    assert tables.price_range(case(vpp(load(1, 1), pv(1, 1)))).empty


def test_a_load_that_is_called_follows_its_own_vpp_s_tariff(tmp_path):
    units = with_rows("Shop,controllable_load,share,80,%")
    series = with_column(SHOP_BUY, 0.3, 0.9, 0.6)
    shop = load_case(write(tmp_path, {"units.csv": units, "series.csv": series})).vpp("Shop")
    called = shop.component("controllable_load").beside(shop.components)
    assert called.buy_price.tolist() == [0.3, 0.9, 0.6]


# --- costs, by an independent program -------------------------------------------------------------
TARIFFS = {
    "the same": (1.0, 0.3),
    "cheaper by contract": (0.6, 0.05),
    "dearer": (1.4, 0.1),
    "feed-in above the other's purchase": (1.0, 0.5),
    "below zero": (-0.2, -0.4),
}


@pytest.mark.parametrize(("factor", "feed_in"), TARIFFS.values(), ids=TARIFFS.keys())
def test_costs_alone_and_together_are_those_of_an_independent_program(factor, feed_in):
    changed, members, heating = template(**shop_tariff(factor, feed_in))
    for name, member in members.items():
        cost = dispatch(changed.vpp(name)).cost - (heating if name == "Home" else 0)
        assert cost == pytest.approx(cheapest({name: member})[0], rel=1e-6, abs=1e-6)
    together, _ = cheapest(members, limit=10.0, fee=0.01)
    assert pool(changed).cost - heating == pytest.approx(together, rel=1e-6)


def test_the_negotiation_ends_at_the_same_cost():
    changed, members, heating = template(**shop_tariff(0.6, 0.05))
    together, _ = cheapest(members, limit=10.0, fee=0.01)
    made = cooperate(changed)
    assert made.certificate.lower - 1e-6 <= together + heating <= made.cost + 1e-6
    assert made.cost - heating == pytest.approx(together, rel=1e-3)


# --- the band of a pair ---------------------------------------------------------------------------
def unequal():
    """A sells at 0.1 and buys at 0.9, B sells at 0.3 and buys at 0.5."""
    one = vpp(load(1, 1, 1), grid([0.9] * 3, [0.1] * 3), name="A")
    other = vpp(load(1, 1, 1), grid([0.5] * 3, [0.3] * 3), name="B")
    return case(one, other)


def test_the_band_runs_from_the_seller_s_feed_in_to_the_buyer_s_purchase_price():
    bands = bands_of(unequal(), {("A", "B"): array(2, -2, 0)})
    band = bands["A", "B"]
    assert band.loc[1, ["low", "high"]].tolist() == [0.3, 0.9]  # A buys
    assert band.loc[2, ["low", "high"]].tolist() == [0.1, 0.5]  # A sells
    assert band["mid"].tolist() == pytest.approx([0.6, 0.3, 0.6])
    assert not out_of_reach(unequal(), {("A", "B"): array(2, -2, 0)})


def test_one_tariff_is_one_band_for_all():
    own = load_case("template")
    trade = {("Home", "Shop"): np.ones(24)}
    assert bands_of(own, trade).equals(price_band(own))
    assert widest_band(own).equals(price_band(own))
    widest = widest_band(unequal())
    assert widest["low"].tolist() == [0.1] * 3 and widest["high"].tolist() == [0.9] * 3
    with pytest.raises(WrongInput, match="different grid prices in A and B"):
        price_band(unequal())


def test_where_no_price_suits_both_it_is_said():
    seller = vpp(load(0, 0), pv(9, 9), grid([0.9, 0.9], [0.3, 0.6], sell_max=1.0), name="A")
    buyer = vpp(load(5, 5), grid([0.5, 0.5], [0.1, 0.1], sell_max=0.0), name="B")
    trade = {("A", "B"): array(-5, -5)}
    (sentence,) = out_of_reach(case(seller, buyer), trade)
    assert "no price suits A and B in 1 step(s), first in step 2" in sentence
    assert "A could sell for 0.6 yuan/kWh and B buy for 0.5" in sentence
    together = case(seller, buyer)
    split = bargain(together, alone(together), pool(together))
    assert sentence in split.note
    price = split.prices["A", "B"]
    assert 0.3 <= price.loc[1] <= 0.5 and 0.5 <= price.loc[2] <= 0.6


@pytest.mark.parametrize("method", ["closed form", "conic", "admm"])
@pytest.mark.parametrize(("factor", "feed_in"), [(0.6, 0.05), (1.4, 0.1), (0.8, 0.25)])
def test_all_roads_keep_each_pair_s_band_and_agree(method, factor, feed_in):
    changed, _, _ = template(**shop_tariff(factor, feed_in))
    apart, together = alone(changed), pool(changed)
    split = bargain(changed, apart, together, method=method)
    saving = sum(plan.cost for plan in apart.values()) - together.cost
    assert split.method == method and not split.is_band_of_all(widest_band(changed))
    assert split.gains.sum() == pytest.approx(saving, rel=1e-6)
    assert checks.inside_band(split, widest_band(changed))[0]
    closed = bargain(changed, apart, together)
    assert np.abs(split.gains - closed.gains).max() <= 1e-3 * saving
    prices = split.prices["Home", "Shop"].dropna()
    trade = together.trades["Home", "Shop"][prices.index]
    home, shop = (changed.vpp(name).component("grid") for name in ("Home", "Shop"))
    for step, price in prices.items():
        buyer, seller = (home, shop) if trade[step] > 0 else (shop, home)
        assert price <= buyer.buy_price[step - 1] + 1e-6
        assert price >= seller.sell_price[step - 1] - 1e-6


def test_a_figure_of_prices_below_zero_shows_them():
    changed, _, _ = template(**shop_tariff(-0.2, -0.4))
    split = bargain(changed, alone(changed), pool(changed))
    band = widest_band(changed)
    assert band["low"].min() < 0
    axes = figures.prices(split, band)
    assert axes.get_ylim()[0] <= band["low"].min()


def test_a_price_outside_a_pair_s_own_band_fails_the_check():
    changed, _, _ = template(**shop_tariff(0.6, 0.05))
    split = bargain(changed, alone(changed), pool(changed))
    assert checks.inside_band(split, widest_band(changed))[0]
    split.prices.loc[:, ("Home", "Shop")] = 1.05 * split.bands["Home", "Shop"]["high"]
    assert split.prices.max(axis=None) < 1.1 * widest_band(changed)["high"].max()
    assert not checks.inside_band(split, widest_band(changed))[0]


@settings(max_examples=30)
@given(
    st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8),
    st.lists(st.floats(-5, 5).filter(lambda kw: abs(kw) > 0.1), min_size=2, max_size=2),
)
def test_payments_at_the_ends_are_those_of_the_band_s_ends(prices, kw):
    """theta -1 and 1: the buyer pays the band's lower and upper ends, in either direction."""
    buy_a, sell_a, buy_b, sell_b = np.array(prices).reshape(4, 2)
    both = case(
        vpp(load(1, 1), grid(buy_a, sell_a), name="A"),
        vpp(load(1, 1), grid(buy_b, sell_b), name="B"),
    )
    trade = np.array(kw)
    table = pd.DataFrame({("A", "B"): trade, ("B", "A"): -trade})
    costs = pd.Series({"A": 5.0, "B": 5.0})
    apart = {name: SimpleNamespace(cost=10.0) for name in "AB"}
    deal = make_deal(both, apart, SimpleNamespace(trades=table, costs=costs), "equal")
    low, high = np.where(trade > 0, sell_b, sell_a), np.where(trade > 0, buy_a, buy_b)
    least, most = np.minimum(low, high), np.maximum(low, high)
    dearest = np.where(trade > 0, most, least)
    assert deal.gains(np.array([1.0]))[0] == pytest.approx(5.0 - trade @ dearest)
    cheapest_price = np.where(trade > 0, least, most)
    assert deal.gains(np.array([-1.0]))[0] == pytest.approx(5.0 - trade @ cheapest_price)


# --- the page -------------------------------------------------------------------------------------
def test_the_page_s_numbers_are_those_of_today():
    changed, _, _ = template(**shop_tariff(0.6, 0.05))
    words = " ".join((DATA.parent / "book" / "own-case.md").read_text(encoding="utf-8").split())
    apart, together = dispatch(changed.vpp("Shop")).cost, pool(changed).cost
    assert f"pays {apart:.2f} yuan alone, and both together {together:.2f}" in words
