"""Faults once planted into the house that no test noticed: each has its test here, in numbers made by hand.

emission without the length of a step; a window that begins one step late; an hour's certificate that compares the
last beginning only; buyers who never try a seller that nobody has chosen.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import array, case, grid, load, pv, vpp

from vppcore import dispatch, load_case
from vppcore.carbon import emission
from vppcore.components import CarbonMarket, MicroTurbine
from vppcore.game import buyers, certificate
from vppcore.game.beginnings import ends_of
from vppcore.game.certificate import certify, distance_of_starts
from vppcore.game.hour import play
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium
from vppcore.market import Hour


# --- carbon.emission ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step_hours", [0.25, 0.5, 1.0, 2.0])
def test_emission_is_power_times_the_length_of_a_step(step_hours):
    """30 kW bought and 10 kW from the turbine in each of four steps: 0.9 and 0.6 kg per kWh."""
    turbine = MicroTurbine(power_min=10.0, power_max=10.0, cost_linear=0.1, emission=0.6)
    plant = vpp(
        load(40, 40, 40, 40),
        turbine,
        grid([1.0] * 4, [0.0] * 4, emission=0.9),
        CarbonMarket(price=0.1),
        step_hours=step_hours,
    )
    kilograms = emission(plant, dispatch(plant))
    assert kilograms == pytest.approx(step_hours * 4 * (30 * 0.9 + 10 * 0.6), rel=1e-6)


def test_the_same_hour_in_quarters_emits_the_same():
    def day(steps: int):
        prices = grid([1.0] * steps, [0.0] * steps, emission=0.9)
        parts = (load(*[40.0] * steps), prices, CarbonMarket(price=0.1))
        return vpp(*parts, step_hours=4 / steps)

    by_hours, by_quarters = day(4), day(16)
    assert emission(by_quarters, dispatch(by_quarters)) == pytest.approx(
        emission(by_hours, dispatch(by_hours)), rel=1e-6
    )


# --- case.window --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("first", "steps"), [(1, 6), (1, 2), (3, 2), (6, 1)])
def test_a_window_begins_at_its_first_step_and_has_as_many_as_asked(first, steps):
    """Loads of 1, 2, ... 6 kW, prices of 0.1, 0.2, ...: the window shows which steps it has."""
    numbers = np.arange(1.0, 7.0)
    made = case(vpp(load(*numbers), pv(*(10 * numbers)), grid(numbers / 10, 0 * numbers), name="A"))
    part = made.window(first, steps).vpp("A")
    expected = np.arange(first, first + steps, dtype=float)
    assert part.steps == steps
    assert part.component("electric_load").forecast.tolist() == expected.tolist()
    assert part.component("pv").forecast.tolist() == (10 * expected).tolist()
    assert part.component("grid").buy_price.tolist() == (expected / 10).tolist()


def test_a_window_describes_itself_and_not_the_whole():
    """Its steps and its series are its own; the whole's beginning and paper are no longer said."""
    whole = load_case("paper-a")
    part = whole.window(5, 12)
    assert (whole.description.steps, part.description.steps) == (24, 12)
    assert whole.is_paper("A") and part.description.study is None
    assert part.series.equals(whole.series.iloc[4:16])
    stamped = replace(
        whole, description=whole.description.model_copy(update={"start": "2016-04-04T00:00"})
    )
    assert stamped.window(5, 12).description.start is None


@pytest.mark.parametrize(
    ("first", "hour", "weekday", "weekdays"),
    [
        (1, 20.0, 6, [6] * 8),
        (9, 22.0, 6, [6] * 8),
        (12, 22.75, 6, [6] * 5 + [0] * 3),
        (17, 0.0, 0, [0] * 8),
    ],
)
def test_the_clock_of_a_window_goes_on_over_midnight(first, hour, weekday, weekdays):
    """Quarters from Sunday, 20:00 on: midnight comes after 16 of them, and Monday with it."""
    steps = 24
    prices = grid(np.arange(1.0, 25.0), np.zeros(steps))
    whole = case(
        replace(
            vpp(load(*np.arange(1.0, 25.0)), prices, name="A", step_hours=0.25),
            start_hour=20.0,
            weekday=6,
        )
    )
    part = whole.window(first, 8).vpp("A")
    assert (part.start_hour, part.weekday) == (hour, weekday)
    assert part.clock.weekdays.tolist() == weekdays
    expected = (hour + 0.25 * np.arange(8)) % 24
    assert part.clock.hours.tolist() == pytest.approx(expected.tolist())
    assert part.component("electric_load").forecast[0] == first


# --- game.certify -------------------------------------------------------------------------------------------------
HOUR = Hour(
    1, ("A", "B"), ("C", "D"), array(6, 8), array(3, 4), array(0.3, 0.38), 0.75, 0.3, 1.2
)  # fmt: skip


@pytest.mark.parametrize("odd_one", [0, 1, 2])
def test_one_beginning_that_ends_elsewhere_is_enough_whichever_it_is(monkeypatch, odd_one):
    """The certificate keeps the largest distance of all beginnings, not that of the last."""
    result = play(HOUR)

    def sometimes_elsewhere(hour, starts, rules):
        prices = np.tile(result.prices, (len(starts), 1))
        prices[odd_one] += 0.05
        return prices, np.tile(result.part, (len(starts), 1))

    monkeypatch.setattr(certificate, "ends_of", sometimes_elsewhere)
    moved = 0.05 / HOUR.price_size
    assert distance_of_starts(result, 3) == pytest.approx(moved)
    assert certify(result, starts=3)["starts"] == pytest.approx(moved)


def test_a_part_that_ends_elsewhere_counts_like_a_price(monkeypatch):
    result = play(HOUR)

    def elsewhere(hour, starts, rules):
        return np.tile(result.prices, (2, 1)), np.tile(result.part + [0.1, -0.1], (2, 1))

    monkeypatch.setattr(certificate, "ends_of", elsewhere)
    assert distance_of_starts(result, 2) == pytest.approx(0.1)
    assert np.isnan(distance_of_starts(result, 0))


def test_beginnings_differ_from_each_other_and_follow_the_rules(monkeypatch):
    result = play(HOUR)
    begun = []

    def remembered(hour, starts, rules):
        begun.append((starts, rules))
        return ends_of(hour, starts, rules)

    monkeypatch.setattr(certificate, "ends_of", remembered)
    rules = Rules(price_step=0.5)
    assert distance_of_starts(result, 4, rules) < 1e-8
    [(starts, used)] = begun
    prices = np.array([first for first, _ in starts])
    assert len(pd.DataFrame(prices).drop_duplicates()) == 4 and used is rules
    assert prices.min() >= HOUR.price_min and prices.max() <= HOUR.top


@pytest.mark.parametrize("planted", ["price", "share", "closed form", "eigenvalue"])
def test_each_planted_error_shows_in_its_column(monkeypatch, planted):
    """A price 2 % off, shares of one buyer moved, another closed form, dynamics that drive apart."""
    result = play(HOUR)
    sound = certify(result, starts=1)
    columns = ["gain", "payoff spread", "closed form", "starts", "loss"]
    assert max(sound[name] for name in columns) < 1e-8 and sound["eigenvalue"] < -0.99
    if planted == "price":
        wrong = certify(replace(result, prices=result.prices * [1.02, 1.0]), starts=1)
        assert wrong["gain"] > 1e-5 and wrong["payoff spread"] > 1e-3
        assert min(wrong["closed form"], wrong["starts"]) > 0.01
        above = certify(replace(result, prices=result.prices + 0.2), starts=1)
        assert above["loss"] > 0.05
    elif planted == "share":
        shares = result.shares.copy()
        shares.iloc[0] = [0.9, 0.1]
        wrong = certify(replace(result, shares=shares), starts=1)
        assert wrong["payoff spread"] > 0.1
    elif planted == "closed form":
        prices, part = equilibrium(HOUR)
        monkeypatch.setattr(certificate, "equilibrium", lambda *_: (prices, part[::-1]))
        assert certify(result, starts=0)["closed form"] > 0.01
    else:
        shared = buyers.shared_out
        monkeypatch.setattr(buyers, "shared_out", lambda *given: 2 / shared(*given))
        assert certify(result, starts=0)["eigenvalue"] > 0


# --- game.CURIOSITY -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("forgotten", [0, 1])
def test_a_seller_that_nobody_has_chosen_is_found(forgotten):
    """Imitation alone never finds it: its share stays zero whatever it would pay."""
    shares = np.ones((2, 2))
    shares[:, forgotten] = 0.0
    prices = np.full(2, 0.6)
    result = play(HOUR, start=(prices, shares))
    exact_prices, exact_part = equilibrium(HOUR)
    assert result.part.to_numpy() == pytest.approx(exact_part, abs=1e-8)
    assert result.prices.to_numpy() == pytest.approx(exact_prices, abs=1e-8)
    assert result.part.iloc[forgotten] > 0.4
