"""Loads with all their flexibility: what is served never falls below zero, and what is called follows the load."""

from __future__ import annotations

import numpy as np
import pytest
from builders import array, grid, load, vpp
from hypothesis import given
from hypothesis import strategies as st
from independent import cheapest_day

from vppcore import WrongInput, dispatch, load_case
from vppcore.components import ControllableLoad, Grid, HeatLoad
from vppcore.vpp import build

SUNNY = (0.45 + 0.35 * np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, 24))).round(3)


@pytest.fixture(scope="module")
def shop():
    return load_case("template").vpp("Shop")


def by_scipy(plant, called=(0.0, 0.0)) -> float:
    demand = plant.component("electric_load")
    market = plant.component("grid")
    return cheapest_day(
        demand.demand,
        market.buy_price,
        market.sell_price,
        sell_max=min(market.sell_max, 1e3),
        shift=(demand.shift_share, demand.shift_cost),
        curtail=(demand.curtail_share, demand.curtail_cost),
        called=called,
    )[0]


def served(result) -> np.ndarray:
    """What all electric loads take less what is called from them, kW."""
    flows = result.balances["electricity"]
    return (
        -flows[[name for name in result.with_role("load") if name in flows]].sum(axis=1).to_numpy()
    )


@pytest.mark.parametrize(("shift", "curtail"), [(0.6, 0.6), (1.0, 1.0), (0.3, 0.9), (0.5, 0.5)])
def test_a_shop_without_a_plant_never_sells(shop, shift, curtail):
    prices = {"buy_price": SUNNY + 0.07, "sell_price": SUNNY}
    plant = shop.change("grid", **prices).change(
        "electric_load", shift_share=shift, curtail_share=curtail, curtail_cost=0.3
    )
    result = dispatch(plant)
    assert result.cost == pytest.approx(by_scipy(plant), abs=1e-6)
    assert served(result).min() >= -1e-6
    assert result.series["grid", "sell"].abs().max() < 1e-6


def test_no_row_is_added_where_the_shares_leave_something(shop):
    """The book's cases keep their models as they are."""
    rows = {
        share: len(build(shop.change("electric_load", curtail_share=share)).constraints)
        for share in (0.0, 0.9, 0.91)
    }
    assert rows[0.0] == rows[0.9] == rows[0.91] - 1


# --- called load ---------------------------------------------------------------------------------------------------
CALLED = {"share": 0.8, "price_share": 0.1}


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_called_load_follows_the_scale_of_the_load(shop, scale):
    plant = shop.change("electric_load", scale=scale).adding(ControllableLoad(**CALLED))
    result = dispatch(plant)
    demand = plant.component("electric_load").demand
    assert result.cost == pytest.approx(by_scipy(plant, called=(0.8, 0.1)), abs=1e-6)
    assert (result.series["controllable_load", "called"] <= 0.8 * demand + 1e-6).all()
    assert served(result).min() >= -1e-6


def test_the_fault_of_the_scale_has_its_value(shop):
    plant = shop.change("electric_load", scale=0.5)
    forecast = plant.component("electric_load").forecast
    prices = plant.component("grid").buy_price
    for called in (
        ControllableLoad(**CALLED),
        ControllableLoad(forecast=forecast, buy_price=prices, **CALLED),
    ):
        assert dispatch(plant.adding(called)).cost == pytest.approx(13.35, abs=0.005)


def test_a_change_of_load_or_price_reaches_what_is_called(shop):
    plant = shop.adding(ControllableLoad(**CALLED))
    doubled = plant.change("electric_load", scale=2.0)
    assert dispatch(doubled).cost == pytest.approx(2 * dispatch(plant).cost, rel=1e-6)
    dear = plant.change("grid", buy_price=3 * plant.component("grid").buy_price)
    assert dispatch(dear).cost == pytest.approx(by_scipy(dear, called=(0.8, 0.1)), abs=1e-5)


def test_a_part_of_the_load_may_be_meant():
    """Of 10 kW only the 4 of the cold store can be called, all of it, for nothing."""
    part = ControllableLoad(forecast=[4.0, 4.0], share=1.0, price_share=0.0)
    result = dispatch(vpp(load(10, 10), part, grid([1, 2], [0, 0])))
    assert result.cost == pytest.approx(6 * 3)


def test_several_loads_add_up():
    """Of 20 and 1 kW, then 20 and 3, half may be called for a fifth of what it saves."""
    plant = vpp(
        load(10, 10, scale=2.0),
        load(1, 3, label="cold"),
        grid([1, 1], [0, 0]),
        ControllableLoad(share=0.5, price_share=0.2),
    )
    result = dispatch(plant)
    assert result.cost == pytest.approx(44 - 0.8 * 0.5 * 44)
    assert list(result.series["cold", "served"]) == pytest.approx([1, 3])


def test_nothing_can_be_called_where_there_is_no_load():
    with pytest.raises(WrongInput) as refused:
        vpp(ControllableLoad(share=0.5, forecast=[1.0]), grid([1], [0]))
    assert refused.value.faults == [
        "V, controllable_load: found no electric_load that could be called; allowed: beside one"
    ]


def test_nothing_can_be_paid_where_there_is_no_price():
    two = (grid([1], [0]), grid([2], [0], label="main"))
    with pytest.raises(WrongInput, match="buy_price: found none and 2 grids; allowed: a price, or"):
        vpp(load(5), ControllableLoad(share=0.5), *two)
    dispatch(vpp(load(5), ControllableLoad(share=0.5, buy_price=[1.0]), *two))


@given(
    shift=st.sampled_from([0.0, 0.4, 1.0]),
    curtail=st.sampled_from([0.0, 0.5, 1.0]),
    share=st.sampled_from([0.0, 0.5, 1.0]),
    forecast=st.lists(st.integers(0, 20), min_size=4, max_size=4),
    prices=st.lists(st.integers(1, 10), min_size=4, max_size=4),
)
def test_any_flexibility_serves_no_less_than_nothing(shift, curtail, share, forecast, prices):
    buy = np.array(prices, float)
    plant = vpp(
        load(*forecast, shift_share=shift, shift_cost=0.1, curtail_share=curtail, curtail_cost=2.0),
        ControllableLoad(share=share, price_share=0.3),
        Grid(buy_price=buy, sell_price=0.9 * buy),
    )
    result = dispatch(plant)
    assert served(result).min() >= -1e-6
    assert result.cost == pytest.approx(by_scipy(plant, called=(share, 0.3)), abs=1e-5)


def test_heat_loads_have_their_own_columns_in_results():
    home = load_case("template").vpp("Home")
    plant = vpp(
        load(1, 1),
        HeatLoad(forecast=array(2, 4)),
        HeatLoad(label="sauna", forecast=array(0, 5)),
        home.component("boiler"),
        home.component("gas_supply"),
        grid([1, 1], [0, 0]),
    )
    balance = dispatch(plant).balances["heat"]
    assert list(balance["sauna"]) == pytest.approx([0, -5])
    assert list(balance["heat_load"]) == pytest.approx([-2, -4])
