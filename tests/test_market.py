"""Who sells and who buys, what is delivered, and what a trade changes: each recomputed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import Drain, array, battery, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import VPP, WrongInput, dispatch
from vppcore.components import CarbonMarket, MicroTurbine, PowerMarket, Renewable
from vppcore.game.settlement import costs_with_trades
from vppcore.market import Hour, deliver, hours, positions, terms_of

TERMS = PowerMarket(reservation_price=0.38, price_min=0.3, price_max=1.2)
LADDER = CarbonMarket(price=0.28, interval=4.0, growth=0.25, levels=5.0)
NAMES = ("VPP1", "VPP2", "VPP3", "VPP4", "VPP5")


def bill(excess: float) -> float:
    """LADDER piece by piece: 4 kg at each of 0.28, 0.35, 0.42, 0.49 yuan/kg, then 0.56; surplus at 0.28."""
    steps = [
        min(max(excess - 4 * k, 0), 4 if k < 4 else np.inf) * 0.28 * (1 + 0.25 * k)
        for k in range(5)
    ]
    return 0.28 * min(excess, 0) + sum(steps)


def made_hour(surplus, deficit) -> Hour:
    sellers, buyers = (
        tuple(f"{word}{k}" for k in range(len(power)))
        for word, power in (("S", surplus), ("B", deficit))
    )
    return Hour(
        1,
        sellers,
        buyers,
        array(*surplus),
        array(*deficit),
        np.full(len(surplus), 0.3),
        1.0,
        0.3,
        1.2,
    )


# --- positions ----------------------------------------------------------------------------------------------------
def test_positions_by_hand():
    """5 kW short, 10 kW over of which 6 can be sold, even."""
    plant = vpp(load(10, 10, 10), pv(5, 20, 10), grid([1] * 3, [0.3] * 3, sell_max=6.0), TERMS)
    table = positions(plant, dispatch(plant))
    assert table["supply"].to_numpy() == pytest.approx([5, 20, 10])
    assert table["demand"].to_numpy() == pytest.approx([10, 10, 10])
    assert table["ratio"].to_numpy() == pytest.approx([0.5, 2.0, 1])
    assert table["surplus"].to_numpy() == pytest.approx([0, 10, 0])
    assert table["deficit"].to_numpy() == pytest.approx([5, 0, 0])
    assert list(table["role"]) == ["buyer", "seller", "out"]
    assert list(table.index) == [1, 2, 3]


@pytest.mark.parametrize("name", NAMES)
def test_positions_recomputed_from_a_schedule(handmade, five, name):
    """Paper B (14)-(15) from the series of each device; power that is spilled could be supplied."""
    result, table = five[name], positions(handmade.vpp(name), five[name])
    s = {
        f"{part} {key}": result.series[part, key].to_numpy() for part, key in result.series.columns
    }
    supply = (
        s["renewable power"]
        + s["renewable curtailed"]
        + s["micro_turbine power"]
        + s["battery discharge"]
    )
    demand = s["electric_load served"] - s["controllable_load called"] + s["battery charge"]
    assert table["supply"].to_numpy() == pytest.approx(supply, abs=0.01)
    assert table["demand"].to_numpy() == pytest.approx(demand, abs=0.01)
    assert table["ratio"].to_numpy() == pytest.approx(supply / demand, abs=1e-5)
    assert table["surplus"].to_numpy() == pytest.approx(
        s["grid sell"] + s["renewable curtailed"], abs=0.01
    )
    assert table["deficit"].to_numpy() == pytest.approx(s["grid buy"], abs=0.01)
    band = 50  # kW
    assert ((table["role"] == "seller") == (supply - demand > band)).all()
    assert ((table["role"] == "buyer") == (demand - supply > band)).all()
    assert (table["surplus"][table["role"] == "seller"] >= band).all() and (
        table["deficit"][table["role"] == "buyer"] >= band
    ).all()


@pytest.mark.parametrize(
    ("dead_band", "roles"),
    [
        (0.0, ["buyer", "seller", "out"]),
        (4.9, ["buyer", "seller", "out"]),
        (5.1, ["out", "seller", "out"]),
        (10.1, ["out"] * 3),
    ],
)
def test_small_differences_stay_out(dead_band, roles):
    plant = vpp(
        load(10, 10, 10),
        pv(5, 20, 10),
        grid([1] * 3, [0.3] * 3),
        replace(TERMS, dead_band=dead_band),
    )
    assert list(positions(plant, dispatch(plant))["role"]) == roles


def test_a_battery_and_a_turbine_are_supply_or_demand_by_their_flow():
    """The turbine runs flat out in both hours; the battery moves 10 kW out of the first."""
    unit = MicroTurbine(power_min=20.0, power_max=20.0, cost_linear=0.1)
    store = battery(energy_start=0.0, charge_efficiency=1.0, discharge_efficiency=1.0)
    plant = vpp(load(15, 15), unit, store, grid([0.5, 2.0], [0.2, 0.6]), TERMS)
    table = positions(plant, dispatch(plant))
    assert table["supply"].to_numpy() == pytest.approx([20, 30]) and table[
        "demand"
    ].to_numpy() == pytest.approx([25, 15])
    assert list(table["role"]) == ["buyer", "seller"]


@pytest.mark.parametrize(
    "limits", [{"sell_max": 0.0}, {}], ids=["no sale allowed", "sale does not pay"]
)
def test_who_spills_has_something_to_sell(limits):
    sun = pv(100, operation_cost=0.35)
    plant = vpp(load(10), sun, grid([1], [0.3], **limits), TERMS)
    table = positions(plant, dispatch(plant))
    assert table["surplus"][1] == pytest.approx(90)  # so far right
    assert table["role"][1] == "seller"


def test_power_that_runs_in_a_circle_is_neither_surplus_nor_deficit():
    prices = grid([1, 1, 1], [1, 1, 1], buy_max=100.0, sell_max=100.0)
    plant = vpp(load(10, 10, 10), pv(5, 20, 5), battery(wear_cost_quadratic=1e-3), prices, TERMS)
    table = positions(plant, dispatch(plant))
    assert table["deficit"].to_numpy() == pytest.approx([5, 0, 5], abs=0.1)
    assert table["surplus"].to_numpy() == pytest.approx([0, 10, 0], abs=0.1)


# --- hours --------------------------------------------------------------------------------------------------------
def three(**terms) -> tuple[VPP, ...]:
    """A seller, a buyer and one that is even, for two hours at 0.4 and 1.0 yuan/kWh."""
    prices, market = grid([0.4, 1.0], [0.2, 0.2]), replace(TERMS, **terms)
    return (
        vpp(load(10, 10), pv(30, 40), prices, market, name="A"),
        vpp(load(10, 20), prices, market, name="B"),
        vpp(load(10, 10), pv(10, 10), prices, market, name="C"),
    )


def opened(vpps: tuple[VPP, ...]) -> list[Hour]:
    return hours(vpps, {plant.name: positions(plant, dispatch(plant)) for plant in vpps})


def test_hours_by_hand():
    first, second = opened(three(margin=0.05))
    assert (first.step, first.sellers, first.buyers, first.open) == (1, ("A",), ("B",), True)
    assert (first.surplus[0], first.deficit[0], first.grid_price) == pytest.approx((20, 10, 0.4))
    assert first.reservation == pytest.approx([0.35])  # 0.38, but 0.05 below the grid's price
    assert second.reservation == pytest.approx([0.38])
    assert (second.surplus[0], second.deficit[0]) == pytest.approx((30, 20))
    assert (first.price_min, first.price_max, first.top, second.top) == (0.3, 1.2, 0.4, 1.0)


def test_an_hour_without_sellers_or_buyers_is_closed():
    a, b, c = three()
    assert not any(hour.open for pair in ((a, c), (b, c)) for hour in opened(pair))


def test_hours_of_study_b(handmade, markets):
    prices = handmade.vpp("VPP1").component("grid").buy_price
    wish = {"VPP1": 0.30, "VPP2": 0.38, "VPP3": 0.38, "VPP4": 0.38, "VPP5": 0.30}
    assert list(markets) == list(range(1, 25))
    for hour in markets.values():
        g = prices[hour.step - 1]
        assert hour.grid_price == g and (hour.price_min, hour.price_max) == pytest.approx(
            (0.3, 1.2)
        )
        assert hour.reservation == pytest.approx(
            [min(wish[name], g - 0.02) for name in hour.sellers]
        )
        assert not set(hour.sellers) & set(hour.buyers) and len(hour.surplus) == len(hour.sellers)


def test_different_markets_are_refused():
    a, b, c = three()
    for other in (
        b.change("grid", buy_price=array(0.4, 0.9)),
        b.change("power_market", price_max=1.1),
        b.change("power_market", price_min=0.31),
    ):
        with pytest.raises(
            WrongInput,
            match=r"^power_market: the VPPs have different grid prices or price bands; allowed: one market for all$",
        ):
            opened((a, other, c))


@pytest.mark.parametrize(("price_min", "open_steps"), [(0.3, [1, 2]), (0.4, [2]), (1.0, [])])
def test_a_step_whose_tariff_is_not_above_the_band_has_no_market_and_says_why(
    price_min, open_steps
):
    """Tariffs of 0.4 and 1.0: an hour below the band is a case, and the other hours are played."""
    markets = opened(three(price_min=price_min))
    assert [hour.step for hour in markets if hour.open] == open_steps
    for hour in markets:
        if not hour.open:
            tariff = (0.4, 1.0)[hour.step - 1]
            assert hour.why_closed == (
                f"the lowest price allowed, {price_min:g} yuan/kWh, is not below the {tariff:g} "
                "that a buyer pays otherwise"
            )


@pytest.mark.parametrize(
    ("parts", "counts"),
    [
        ((grid([1], [0]),), (1, 0, 0)),
        ((TERMS,), (0, 1, 0)),
        ((grid([1], [0]), TERMS, LADDER, replace(LADDER, label="2")), (1, 1, 2)),
        ((grid([1], [0]), grid([1], [0], label="2"), TERMS), (2, 1, 0)),
        ((grid([1], [0]), TERMS, replace(TERMS, label="2")), (1, 2, 0)),
    ],
    ids=["no terms", "no grid", "two carbon markets", "two grids", "two terms"],
)
def test_incomplete_terms_are_refused(parts, counts):
    sentence = "V: found {} grid, {} power_market and {} carbon_market; allowed for a game: one grid, one power_market, at most one carbon_market"
    with pytest.raises(WrongInput) as refused:
        terms_of(vpp(load(10), *parts))
    assert str(refused.value) == sentence.format(*counts)


def test_a_band_the_wrong_way_round_is_refused():
    with pytest.raises(WrongInput, match="price_min = 1.3 is above price_max = 1.2"):
        three(price_min=1.3)


# --- delivery -----------------------------------------------------------------------------------------------------
powers = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=5)


@st.composite
def choices(draw) -> tuple[Hour, np.ndarray]:
    hour = made_hour(draw(powers), draw(powers))
    size = len(hour.deficit) * len(hour.surplus)
    weights = np.array(draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))) + 1e-6
    shares = weights.reshape(len(hour.deficit), len(hour.surplus))
    return hour, shares / shares.sum(axis=1, keepdims=True)


@settings(max_examples=200)
@given(choices())
def test_delivery_uses_up_one_side_and_overdraws_none(choice):
    hour, shares = choice
    sent, small = deliver(hour, shares), 1e-9 * (1 + hour.surplus.sum() + hour.deficit.sum())
    assert sent.min() >= -small
    received, given_up = sent.sum(axis=1), sent.sum(axis=0)
    assert (received <= hour.deficit + small).all() and (given_up <= hour.surplus + small).all()
    assert sent.sum() == pytest.approx(min(hour.surplus.sum(), hour.deficit.sum()), abs=10 * small)
    # whom all can satisfy gets what was asked, and a first pass is never taken back
    asked = shares * hour.deficit[:, None]
    first = asked * np.minimum(1, hour.surplus / np.maximum(asked.sum(axis=0), 1e-12))
    assert (sent >= first - small).all()
    if (asked.sum(axis=0) <= hour.surplus).all():
        assert sent == pytest.approx(asked, abs=small)


def test_delivery_by_hand():
    """The first seller is asked for 8 + 2 kW and has 5, the second for 2 + 6 and has 10: 5 kW are lacking, 2 are left."""
    hour = made_hour([5, 10], [10, 8])
    sent = deliver(hour, np.array([[0.8, 0.2], [0.25, 0.75]]))
    first = np.array([[4, 2], [1, 6]])
    second = np.array([[0, 4 * 2 / 5], [0, 1 * 2 / 5]])
    assert sent == pytest.approx(first + second)


def test_when_power_is_short_buyers_get_alike_whatever_the_prices():
    """Buyers who choose alike get parts in proportion to their deficits, and every seller sends all."""
    hour = made_hour([5, 9, 1], [10, 20, 30])
    for y in ([0.5, 0.4, 0.1], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]):
        sent = deliver(hour, np.tile(y, (3, 1)))
        assert sent.sum(axis=0) == pytest.approx([5, 9, 1]) and sent.sum(axis=1) == pytest.approx(
            [2.5, 5, 7.5]
        )


# --- settlement ---------------------------------------------------------------------------------------------------
def windy(step_hours: float = 1.0) -> VPP:
    """Four hours; two plants of different cost that spill, a grid that emits, a ladder."""
    wind = Renewable(
        label="wind", forecast=array(0, 30, 50, 20), operation_cost=0.02, carbon_quota=0.1
    )
    sun = pv(0, 30, 10, 0, operation_cost=0.01, carbon_quota=0.05)
    return vpp(
        load(40, 10, 10, 30),
        wind,
        sun,
        grid(
            [0.4, 0.9, 1.2, 0.7],
            [0.1, 0.2, 0.3, 0.15],
            sell_max=15.0,
            emission=0.9,
            carbon_quota=0.8,
        ),
        LADDER,
        TERMS,
        step_hours=step_hours,
    )


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=8, max_size=8), st.sampled_from([0.25, 1.0]))
def test_settlement_hour_by_hour(parts, step_hours):
    """Any trades up to what was bought and left over: purchase, spill of the cheaper plant, spill of the other, then sale."""
    plant = windy(step_hours)
    result = dispatch(plant)
    table = positions(plant, result)
    received, sent = (
        array(*parts[:4]) * table["deficit"].to_numpy(),
        array(*parts[4:]) * table["surplus"].to_numpy(),
    )
    found = costs_with_trades(plant, result, received, sent)
    costs, excess = (
        result.costs.to_dict(),
        step_hours * float(result.series["carbon_market", "excess"].sum()),
    )
    before = excess
    for k in range(4):
        costs["electricity purchase"] -= step_hours * [0.4, 0.9, 1.2, 0.7][k] * received[k]
        excess -= step_hours * 0.1 * received[k]
        left = sent[k]
        for name, cost, quota in (("pv", 0.01, 0.05), ("wind", 0.02, 0.1)):
            used = min(left, max(0.0, result.series[name, "curtailed"].iloc[k]))
            costs["operation"] += step_hours * cost * used
            excess -= step_hours * quota * used
            left -= used
        costs["electricity sale"] += step_hours * [0.1, 0.2, 0.3, 0.15][k] * left
    costs["carbon"] += bill(excess) - bill(before)
    assert found["carbon excess (kg)"] == pytest.approx(excess, abs=1e-6)
    assert found.drop("carbon excess (kg)").to_dict() == pytest.approx(costs, abs=1e-6)


def test_both_plants_spill_in_the_settled_day():
    """The lines above would say little otherwise."""
    plant = windy()
    spilled = dispatch(plant).series.xs("curtailed", axis=1, level=1)
    assert spilled["wind"].max() > 1 and positions(plant, dispatch(plant))["surplus"].max() > 30


def test_settlement_without_trade_changes_nothing(handmade, five):
    for name, result in five.items():
        found = costs_with_trades(handmade.vpp(name), result, np.zeros(24), np.zeros(24))
        excess = found.pop("carbon excess (kg)")
        assert found.to_numpy() == pytest.approx(result.costs.to_numpy(), abs=1e-9)
        assert excess == pytest.approx(float(result.series["carbon_market", "excess"].sum()))


def test_settlement_without_a_carbon_market():
    plant = vpp(load(10, 10), pv(0, 30), grid([1.0, 1.0], [0.3, 0.3], emission=0.0), TERMS)
    found = costs_with_trades(plant, dispatch(plant), array(4, 0), array(0, 5))
    assert "carbon" not in found.index and found["carbon excess (kg)"] == 0
    assert found.sum() == pytest.approx(6 * 1.0 - 15 * 0.3)


def test_carbon_is_counted_where_nobody_charges_it():
    """10 kW bought at 0.9 kg per kWh less a quota of 0.8, of which 4 are received instead; half hours."""
    prices = grid([1.0], [0.3], emission=0.9, carbon_quota=0.8)
    plant = vpp(load(10), prices, TERMS, step_hours=0.5)
    found = costs_with_trades(plant, dispatch(plant), array(4), array(0))
    assert found["carbon excess (kg)"] == pytest.approx(0.5 * 0.1 * 6)
    assert "carbon" not in found.index and found["electricity purchase"] == pytest.approx(3.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_settled_day_can_be_run_so_the_best_day_with_the_same_trades_costs_no_more(
    handmade, five, game, name
):
    """An order that must hold: the schedule that stands plus its trades is one of the days among which dispatch chooses."""
    plant = handmade.vpp(name)
    net = -sum(game.trades[name, other] for other in NAMES if other != name).to_numpy()
    best = dispatch(plant.adding(Drain(carrier="electricity", amount=net))).cost
    assert best <= float(game.costs[name].sum()) + 0.05
    assert isinstance(game.costs[name], pd.Series)
