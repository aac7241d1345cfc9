"""Nobody loses by taking part: sellers against feed-in and spill, buyers against the grid, hour by hour and over the day.

And hours that are no market (tariff below the band, feed-in at or above the tariff, nothing to sell) are cases, not errors.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import Drain, array, battery, case, grid, load, pv, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import VPP, Case, WrongInput, dispatch, trade_by_game
from vppcore.components import CarbonMarket, Component, MicroTurbine, PowerMarket, Renewable
from vppcore.game.certificate import certify
from vppcore.game.day import GameResult
from vppcore.game.hour import play
from vppcore.market import Hour, asking_price, hours, positions, terms_of
from vppcore.parameters import rules_of

TERMS = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.2)


def two_sellers(feed_in: float = 0.8, tariff: float = 1.0, **terms) -> Case:
    """A and B have 10 kW over, C lacks 5; one hour."""
    market = replace(TERMS, **terms)
    prices = grid([tariff], [feed_in])
    return case(
        vpp(load(1), pv(11), prices, market, name="A"),
        vpp(load(1), pv(11), prices, market, name="B"),
        vpp(load(5), prices, market, name="C"),
    )


# --- sellers and their alternatives -------------------------------------------------------------------------------
def test_nobody_sells_below_the_feed_in_price():
    """Feed-in 0.8: each seller asks at least that, and two equal sellers meet at (1 + 0.8 / 2) / 1.5."""
    result = trade_by_game(two_sellers())
    assert result.prices.loc[1, ["A", "B"]].to_list() == pytest.approx([1.4 / 1.5] * 2)
    gain = 2.5 * (1.4 / 1.5 - 0.8)
    assert result.table["gain"].to_list() == pytest.approx(
        [gain, gain, 5 * (1 - 1.4 / 1.5)], abs=1e-6
    )
    assert result.least_gains.loc[1].to_list() == pytest.approx(result.table["gain"].to_list())
    assert result.proofs["loss"].max() == 0


def test_the_certificate_shows_a_price_below_the_feed_in():
    """The hour as it was played before: a reservation price of 0.3, where the surplus is worth 0.8."""
    blind = Hour(
        1, ("A", "B"), ("C",), array(10, 10), array(5), array(0.3, 0.3), 1.0, 0.3, 1.2,
        alternative=array(0.8, 0.8),
    )  # fmt: skip
    assert certify(play(blind), starts=1)["loss"] == pytest.approx(0.8 - 1.15 / 1.5)
    known = replace(blind, reservation=array(0.8, 0.8))
    assert certify(play(known), starts=1)["loss"] == 0


def test_the_certificate_shows_a_price_above_the_grid_s():
    hour = Hour(1, ("A",), ("C",), array(10), array(5), array(0.3), 1.0, 0.3, 1.2)
    result = play(hour)
    assert certify(result, starts=1)["loss"] == 0
    dear = replace(result, prices=result.prices + 0.1)
    assert certify(dear, starts=1)["loss"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("sell_max", "operation_cost", "quota", "worth"),
    [
        (np.inf, 0.01, 0.0, 0.5),  # all sold to the grid
        (0.0, 0.35, 0.0, 0.35),  # all spilled: sending it costs the plant's operation
        (0.0, 0.35, 0.5, 0.35 - 0.5 * 0.28),  # less the quota that it earns
        (4.0, 0.01, 0.0, 0.5),  # some sold, some spilled: the dearer of both
        (4.0, 0.49, 0.0, 0.5),
        (np.inf, 0.6, 0.0, 0.6),  # sale does not pay, so it is spilled
    ],
)
def test_what_a_surplus_is_worth_otherwise(sell_max, operation_cost, quota, worth):
    sun = pv(20, operation_cost=operation_cost, carbon_quota=quota)
    ladder = CarbonMarket(price=0.28, interval=4.0, growth=0.25, levels=5.0)
    plant = vpp(load(5), sun, grid([1.0], [0.5], sell_max=sell_max), ladder, TERMS)
    table = positions(plant, dispatch(plant))
    assert table["surplus"].to_list() == pytest.approx([15])
    assert table["alternative"].to_list() == pytest.approx([worth])


def test_a_step_without_surplus_has_no_alternative():
    plant = vpp(load(5, 5), pv(0, 9), grid([1.0, 1.0], [0.5, 0.5]), TERMS)
    assert np.isnan(positions(plant, dispatch(plant))["alternative"].iloc[0])


def test_a_buyer_that_would_lose_carbon_quota_pays_less():
    """Each kWh bought brings a quota of 0.1 kg above its emission, worth 0.2 yuan/kg: a received one saves 0.98."""
    prices = grid([1.0], [0.2], emission=0.5, carbon_quota=0.6)
    carbon = CarbonMarket(price=0.2)
    seller = vpp(load(0), pv(10), prices, carbon, TERMS, name="S")
    buyer = vpp(load(4), prices, carbon, TERMS, name="B")
    result = trade_by_game(case(seller, buyer))
    assert result.prices.loc[1, "S"] == pytest.approx(0.98)
    assert result.table.loc["B", "gain"] == pytest.approx(0, abs=1e-9)


# --- hours without a market are cases -----------------------------------------------------------------------------
def played(feed_in, tariff, **terms) -> GameResult:
    """Three hours; the second has these prices, the others 0.2 and 1.0."""
    market = replace(TERMS, **terms)
    prices = grid([1.0, tariff, 1.0], [0.2, feed_in, 0.2])
    return trade_by_game(
        case(
            vpp(load(1, 1, 1), pv(9, 9, 9), prices, market, name="S"),
            vpp(load(5, 5, 5), prices, market, name="B"),
        ),
        starts=1,
    )


@pytest.mark.parametrize(
    ("feed_in", "tariff", "why"),
    [
        (0.1, 0.3, "the lowest price allowed, 0.3 yuan/kWh, is not below the 0.3 that a buyer"),
        (0.1, 0.2, "the lowest price allowed, 0.3 yuan/kWh, is not below the 0.2 that a buyer"),
        (0.0, 0.0, "the lowest price allowed, 0.3 yuan/kWh, is not below the 0 that a buyer"),
        (-0.3, -0.1, "the lowest price allowed, 0.3 yuan/kWh, is not below the -0.1 that a buyer"),
        (0.9, 0.9, "what S could sell is worth as much elsewhere as the 0.9 yuan/kWh"),
        (1.3, 1.4, "what S could sell is worth as much elsewhere as the 1.2 yuan/kWh"),
    ],
)
def test_one_hour_without_an_acceptable_price_leaves_the_others_as_they_are(feed_in, tariff, why):
    result = played(feed_in, tariff)
    assert set(result.hours) == set(result.proofs.index) == {1, 3}
    assert list(result.closed) == [2] and result.closed[2].startswith(why)
    assert result.prices.loc[[1, 3], "S"].to_list() == pytest.approx([1.0, 1.0])
    assert result.prices.loc[2].isna().all() and (result.trades.loc[2] == 0).all()
    assert (result.least_gains.loc[2] == 0).all()
    assert result.table["gain"].to_list() == pytest.approx([2 * 5 * 0.8, 0], abs=1e-6)


def test_an_hour_with_a_feed_in_above_the_tariff_is_a_case():
    """What every sunny Sunday brings: the seller sells to the grid, and nobody trades."""
    result = played(feed_in=1.1, tariff=0.8)
    assert set(result.hours) == {1, 3}
    assert result.closed[2].startswith("what S could sell is worth as much elsewhere as the 0.8")
    assert result.table["gain"].to_list() == pytest.approx([2 * 5 * 0.8, 0], abs=1e-6)


def test_power_that_must_flow_is_traded_below_zero():
    """A turbine that cannot stop pays the grid 0.3 for each kWh; a buyer is paid 0.1 by the grid, and 0.2 is between.

    One seller and a band below zero: it asks what the grid would, -0.1, and saves 0.2 a kWh.
    """
    market = replace(TERMS, reservation_price=-1.0, price_min=-0.5, price_max=1.0)
    prices = grid([-0.1], [-0.3])
    turbine = MicroTurbine(power_min=8.0, power_max=8.0, cost_linear=0.0)
    seller = vpp(load(0), turbine, prices, market, name="S")
    buyer = vpp(load(5), prices, market, name="B")
    result = trade_by_game(case(seller, buyer))
    assert result.prices.loc[1, "S"] == pytest.approx(-0.1)
    assert result.table["gain"].to_list() == pytest.approx([5 * 0.2, 0], abs=1e-6)
    assert result.proofs.loc[1, ["gain", "closed form", "starts", "loss"]].max() < 1e-9


def test_without_a_margin_of_its_own_a_seller_stays_a_hundredth_below_the_grid():
    """In any currency: a reservation price above the tariff is kept at 99 % of it."""
    for money in (1e-4, 1.0, 1e4):
        terms = PowerMarket(reservation_price=5.0 * money, price_min=0.0, price_max=9.0 * money)
        assert asking_price(terms, money, alternative=0.0) == pytest.approx(0.99 * money)
        with_margin = replace(terms, margin=0.3 * money)
        assert asking_price(with_margin, money, alternative=0.0) == pytest.approx(0.7 * money)


def test_an_hour_with_a_fixed_price_is_a_market():
    """Lowest and highest price are one: all sellers ask it."""
    result = trade_by_game(two_sellers(feed_in=0.1, price_min=0.5, price_max=0.5))
    assert result.prices.loc[1, ["A", "B"]].to_list() == pytest.approx([0.5, 0.5])
    assert result.parts.loc[1, ["A", "B"]].to_list() == pytest.approx([0.5, 0.5])
    assert result.table["gain"].to_list() == pytest.approx(
        [2.5 * 0.4, 2.5 * 0.4, 5 * 0.5], abs=1e-6
    )
    assert result.proofs.loc[1, ["gain", "closed form", "starts", "loss"]].max() < 1e-9


def test_who_would_lose_stays_out_and_the_others_trade():
    """A is paid 0.95 by the grid, B 0.2, a buyer pays 0.9 at most."""
    a, b, c = two_sellers(feed_in=0.2, price_max=0.9).vpps
    result = trade_by_game(case(a.change("grid", sell_price=array(0.95)), b, c))
    assert result.hours[1].hour.withheld == ("A",) and result.hours[1].hour.sellers == ("B",)
    assert result.table["gain"].to_list() == pytest.approx([0, 5 * 0.7, 5 * 0.1], abs=1e-6)


def test_nothing_to_sell_and_nobody_who_needs_power():
    prices = grid([1.0, 1.0], [0.2, 0.2])
    even = vpp(load(5, 5), pv(5, 9), prices, TERMS, name="even")
    other = vpp(load(5, 5), pv(5, 5), prices, TERMS, name="other")
    result = trade_by_game(case(even, other))
    assert result.closed == {1: "nobody has power to sell", 2: "nobody needs power"}
    assert result.proofs.empty and result.table["gain"].abs().max() < 1e-9


def test_an_hour_without_a_market_is_not_played():
    hour = Hour(7, ("A",), ("C",), array(10), array(5), array(0.1), 0.25, 0.3, 1.2)
    assert not hour.open
    with pytest.raises(
        WrongInput, match=r"^step 7: the lowest price allowed, 0.3 yuan/kWh, is not below the 0.25"
    ):
        play(hour)


@pytest.mark.parametrize(
    ("prices", "sentence"),
    [
        ((1.0, 0.5, 0.4), "step 1: found price_min 0.5 above price_max 0.4; allowed: at most"),
        ((np.nan, 0.3, 1.2), "step 1: found prices [nan, 0.3, 1.2]; allowed: numbers"),
        ((1.0, 0.3, np.inf), "step 1: found prices [1.0, 0.3, inf]; allowed: numbers"),
    ],
)
def test_prices_that_make_no_band_are_refused(prices, sentence):
    with pytest.raises(WrongInput) as refused:
        Hour(1, ("A",), ("C",), array(10), array(5), array(0.1), *prices)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_noise_of_a_solver_is_no_surplus(size):
    """A ten-millionth of the load is no offer, a thousandth is: as a share, whatever the size."""
    sun = pv(1000.0001 * size, 1001 * size, 0)
    plant = vpp(load(*[1000 * size] * 3), sun, grid([1] * 3, [0.2] * 3), TERMS)
    result = dispatch(plant)
    assert list(positions(plant, result)["role"]) == ["out", "seller", "buyer"]


def test_what_an_hour_gains_at_least_counts_carbon_as_low_as_it_can_be():
    """10 kW bought at 0.5 kg above quota are 5 kg; 4 received make it 3. A ladder of 0.28, 0.56, 0.84 ... for each kg:
    the day saves 1.12 + 1.4 yuan, the hour at least 2 kg at 0.28. The monopolist asks the grid's price."""
    ladder = CarbonMarket(price=0.28, interval=1.0, growth=1.0, levels=6.0)
    prices = grid([1.0], [0.2], emission=1.0, carbon_quota=0.5)
    seller = vpp(load(0), pv(4), prices, TERMS, name="S")
    buyer = vpp(load(10), prices, ladder, TERMS, name="B")
    result = trade_by_game(case(seller, buyer))
    assert result.table["gain"].to_list() == pytest.approx([4 * 0.8, 1.12 + 1.40], abs=1e-6)
    assert result.least_gains.loc[1].to_list() == pytest.approx([4 * 0.8, 2 * 0.28], abs=1e-6)


# --- any day ------------------------------------------------------------------------------------------------------
@st.composite
def market_days(draw) -> Case:
    """2 to 4 VPPs with wind and PV, feed-in below and above the tariff, tariffs around the band and below zero, a carbon ladder."""
    steps = draw(st.integers(1, 3))
    names = "ABCD"[: draw(st.integers(2, 4))]

    def series(low: float, high: float) -> np.ndarray:
        return np.array(draw(st.lists(st.floats(low, high), min_size=steps, max_size=steps)))

    tariff = series(-0.2, 1.5).round(3)
    price_min = draw(st.sampled_from([-0.3, 0.0, 0.3, 0.5]))
    price_max = price_min + draw(st.sampled_from([0.0, 0.2, 1.0]))
    emission = draw(st.sampled_from([0.3, 0.5, 0.7]))
    carbon = CarbonMarket(price=0.28, interval=3.0, growth=0.25, levels=draw(st.integers(1, 5)))
    power = st.sampled_from([0.0, 5.0, 12.0, 30.0])
    vpps = []
    for name in names:
        charged = draw(st.booleans())  # carbon is
        wind = Renewable(
            label="wind",
            forecast=np.array([draw(power) for _ in range(steps)]),
            operation_cost=draw(st.sampled_from([0.0, 0.05, 0.4])),
            carbon_quota=draw(st.sampled_from([0.0, 0.2])),
        )
        sun = pv(*(draw(power) for _ in range(steps)), operation_cost=0.01)
        prices = grid(
            tariff,
            tariff - draw(st.sampled_from([-0.2, 0.0, 0.01, 0.2, 0.5])),
            buy_max=1000.0,
            sell_max=draw(st.sampled_from([0.0, 4.0, 1000.0])),
            emission=emission,
            carbon_quota=0.5,
        )
        terms = PowerMarket(
            reservation_price=draw(st.sampled_from([0.0, 0.3, 0.9])),
            price_min=price_min,
            price_max=price_max,
        )
        parts = (load(*(draw(power) for _ in range(steps))), wind, sun, prices, terms)
        vpps.append(vpp(*parts, *([carbon] if charged else []), name=name))
    return case(*vpps)


@settings(max_examples=60)
@given(market_days())
def test_nobody_is_worse_off_than_alone_in_any_hour_of_any_day(day):
    result = trade_by_game(day, starts=1)
    small = 1e-5  # yuan: what solvers of some 100 yuan a day agree to
    assert result.least_gains.min().min() >= -small
    assert result.table["gain"].min() >= -small
    assert (result.table["gain"] >= result.least_gains.sum() - small).all()
    assert (result.proofs["loss"] <= 1e-9).all() if len(result.proofs) else result.closed
    assert set(result.closed) | set(result.hours) == set(range(1, day.vpps[0].steps + 1))
    tariff = day.vpps[0].component("grid").buy_price
    for step, game in result.hours.items():
        assert game.prices.max() <= tariff[step - 1] + 1e-12
        assert game.prices.min() >= game.hour.price_min - 1e-12


@settings(max_examples=40)
@given(market_days())
def test_no_vpp_would_rather_give_its_trades_back(day):
    """By a road of its own: each VPP's day planned anew with its net trades fixed costs no more than the settled day."""
    result = trade_by_game(day, starts=0)
    for plant in day.vpps:
        others = [name for name in day.names if name != plant.name]
        received = np.zeros(plant.steps)
        for other in others:
            received = received + result.trades[plant.name, other].to_numpy()
        best = dispatch(plant.adding(Drain(carrier="electricity", amount=-received))).cost
        settled = float(result.costs[plant.name].sum())
        assert best <= settled + 1e-4
        assert (
            best + result.table.loc[plant.name, "payment"]
            <= result.table.loc[plant.name, "alone"] + 1e-4
        )


# --- other sizes --------------------------------------------------------------------------------------------------
# unit of a number -> how often it counts power, and how often money
POWERS_OF_UNITS = {
    "kW": (1, 0),
    "kWh": (1, 0),
    "kW/h": (1, 0),
    "kg": (1, 0),
    "yuan": (1, 1),
    "yuan/kW": (0, 1),
    "yuan/kWh": (0, 1),
    "yuan/kg": (0, 1),
    "yuan/kW2h": (-1, 1),
    "kg/kWh": (0, 0),
    "-": (0, 0),
    "h": (0, 0),
}


def in_other_units(made: Case, power: float, money: float) -> Case:
    """The same VPPs with every power and energy times `power`, every price times `money`."""
    vpps = tuple(vpp_in_other_units(plant, power, money) for plant in made.vpps)
    return replace(made, vpps=vpps, tie=part_in_other_units(made.tie, power, money))


def vpp_in_other_units(plant: VPP, power: float, money: float) -> VPP:
    """One VPP in other units: each number by the unit that it declares."""
    parts = tuple(part_in_other_units(part, power, money) for part in plant.components)
    return replace(plant, components=parts)


def part_in_other_units(part: Component, power: float, money: float) -> Component:
    """One component, or the tie, in other units."""
    scaled = {}
    for name, rule in rules_of(part).items():
        of_power, of_money = POWERS_OF_UNITS[rule.unit]
        value = getattr(part, name)
        if isinstance(value, (int, float, np.ndarray)):  # a word has no unit
            scaled[name] = value * power**of_power * money**of_money
    return replace(part, **scaled)


@settings(max_examples=30)
@given(market_days(), st.sampled_from([1e-3, 1e-2, 1e3]), st.sampled_from([0.03, 30.0, 1e3]))
def test_a_day_in_other_units_of_power_and_money_is_the_same_day(day, power, money):
    """Same roles, same parts; prices in the other currency; money times both."""
    one = trade_by_game(day, starts=0)
    other = trade_by_game(in_other_units(day, power, money), starts=0)
    assert set(one.hours) == set(other.hours) and set(one.closed) == set(other.closed)
    close = dict(rel=1e-4, abs=1e-4, nan_ok=True)
    assert other.parts.to_numpy() == pytest.approx(one.parts.to_numpy(), **close)
    assert other.prices.to_numpy() / money == pytest.approx(one.prices.to_numpy(), **close)
    assert other.table["gain"].to_numpy() / (power * money) == pytest.approx(
        one.table["gain"].to_numpy(), abs=1e-3
    )


@pytest.mark.parametrize(("power", "money"), [(1e-3, 1.0), (1.0, 30.0), (1e-3, 1e-3)])
def test_a_day_of_study_b_in_megawatt_and_in_yen_is_the_same_day(handmade, game, power, money):
    """All devices: batteries, turbines, called load and the ladder. The same hours, sellers and parts."""
    other = trade_by_game(in_other_units(handmade, power, money), starts=1)
    assert set(other.hours) == set(game.hours) and set(other.closed) == set(game.closed)
    for step, hour in other.hours.items():
        assert hour.hour.sellers == game.hours[step].hour.sellers
    close = dict(rel=1e-3, abs=1e-3, nan_ok=True)
    assert other.parts.to_numpy() == pytest.approx(game.parts.to_numpy(), **close)
    assert other.prices.to_numpy() / money == pytest.approx(game.prices.to_numpy(), **close)
    assert other.cost / (power * money) == pytest.approx(game.cost, rel=1e-5)
    proofs = other.proofs[["gain", "payoff spread", "loss"]]
    assert proofs.max().max() < 1e-6 * max(1, money)


def test_roles_do_not_depend_on_the_unit_of_power():
    """The dead band of zero leaves what a solver leaves, as a share."""
    day = two_sellers()
    for power in (1e-6, 1.0, 1e6):
        made = in_other_units(day, power, 1.0)
        tables = {plant.name: positions(plant, dispatch(plant)) for plant in made.vpps}
        hour = hours(made.vpps, tables)[0]
        assert (hour.sellers, hour.buyers) == (("A", "B"), ("C",))


# --- labels and devices of any kind -------------------------------------------------------------------------------
def labelled(with_labels: bool) -> Case:
    """A house with two loads, a battery and an electric vehicle that sells, and one that buys; two hours."""

    def name(label: str) -> str:
        return label if with_labels else ""

    prices = replace(grid([1.0, 0.8], [0.2, 0.2]), label=name("main"))
    vehicle = battery(label="ev", energy_start=0.0, energy_max=3.0)
    terms = replace(TERMS, label=name("terms"))
    seller = vpp(
        load(4, 4, label=name("house")),
        load(2, 1, label="cold"),
        battery(energy_start=0.0, energy_max=4.0),
        vehicle,
        pv(30, 2),
        prices,
        terms,
        name="S",
    )
    return case(seller, vpp(load(9, 9, label=name("shop")), prices, terms, name="B"))


def test_labels_change_nothing_and_every_load_and_store_counts():
    plain, named = trade_by_game(labelled(False)), trade_by_game(labelled(True))
    assert named.prices.equals(plain.prices)
    pd.testing.assert_frame_equal(named.table, plain.table)
    table = named.positions["S"]
    flows = dispatch(labelled(True).vpp("S")).balances["electricity"]
    charge = -flows[["battery", "ev"]].clip(upper=0).sum(axis=1)
    assert charge[1] > 2  # both stores take from the first hour
    assert table["demand"].to_numpy() == pytest.approx((array(6, 5) + charge).to_numpy())
    given = flows[["battery", "ev"]].clip(lower=0).sum(axis=1)
    assert table["supply"].to_numpy() == pytest.approx((array(30, 2) + given).to_numpy())


def test_a_labelled_grid_is_one_grid_and_two_are_two():
    seller = labelled(True).vpp("S")
    assert terms_of(seller).grid.name == "main"
    with pytest.raises(WrongInput, match="^S: found 2 grid, 1 power_market and 0 carbon_market"):
        terms_of(seller.adding(replace(grid([1, 1], [0, 0]), label="second")))
