"""The game of two sellers as the page plays it, beside vppcore's own: prices, parts, earnings, the
bound on what moving alone could bring, power sent, imitation, and why there is no market."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vppcore.errors import WrongInput
from vppcore.game.buyers import imitate
from vppcore.game.hour import play
from vppcore.game.money import sent_power
from vppcore.game.sellers import equilibrium
from vppcore.live.game import earnings, market_at, rules_at
from vppcore.market import Hour
from vppcore.pages.live_module import SCRIPTS

GAME = (SCRIPTS / "two-sellers-game.mjs").read_text(encoding="utf-8")
FACTS = {
    "sellers": [{"name": "A"}, {"name": "B"}],
    "demands": ["fixed", "elastic"],
    "orders": ["anticipating", "text"],
}
ASK = """(() => {
  GAME
  const market = twoSellers.marketAt(FACTS, SETTING);
  if (market.closed) return { closed: market.closed };
  const sellers = twoSellers.played(market);
  const prices = sellers.map(({ price }) => price);
  const path = [SHARE];
  for (let k = 0; sellers.length === 2 && k < 6; k += 1) {
    path.push(twoSellers.imitated(market, prices, path.at(-1), STEP));
  }
  return { closed: "", sellers: sellers.map(({ earnedAt, ...numbers }) => numbers), path };
})()"""
EXAMPLE = Hour(
    1,
    ("A", "B"),
    ("C", "D"),
    np.array([6000.0, 8000.0]),
    np.array([3000.0, 4000.0]),
    np.array([0.30, 0.38]),
    grid_price=0.75,
    price_min=0.30,
    price_max=1.20,
    satisfaction=np.array([4 / 3, 4 / 3]),
)
USUAL = {
    "surplus_a": 6000.0,
    "surplus_b": 8000.0,
    "need": 7000.0,
    "reservation_a": 0.30,
    "reservation_b": 0.38,
    "tariff": 0.75,
    "price_min": 0.30,
    "price_max": 1.20,
    "satisfaction_coefficient": 4 / 3,
    "demand": 0,
    "game_order": 0,
}
# what every corner of the game looks like, turned from the usual setting
CORNERS = {
    "as it is": {},
    "A has nothing": {"surplus_a": 0.0},
    "B has nothing": {"surplus_b": 0.0},
    "A has almost nothing": {"surplus_a": 1.0},
    "surplus above need": {"need": 500.0},
    "need above all surplus": {"need": 28000.0},
    "A is short": {"surplus_a": 2000.0},
    "the lowest price binds": {"price_min": 0.72},
    "the highest price binds": {"price_max": 0.5},
    "a band of one price": {"price_min": 0.6, "price_max": 0.6},
    "A keeps its power": {"reservation_a": 0.75},
    "alike": {"surplus_a": 8000.0, "reservation_a": 0.38},
    "nothing is worth keeping": {"reservation_a": 0.0, "reservation_b": 0.0, "price_min": 0.0},
    "a reservation price almost at the tariff": {"reservation_b": 0.7499},
    "almost satisfied": {"satisfaction_coefficient": 1.01},
    "never satisfied": {"satisfaction_coefficient": 3.0},
}
CLOSED = {
    "nobody has power to sell": {"surplus_a": 0.0, "surplus_b": 0.0},
    "the lowest price allowed is not below the tariff": {"tariff": 0.3},
    "the lowest price allowed is above the highest": {"price_min": 0.7, "price_max": 0.6},
    "what A and B could sell is worth as much elsewhere as a buyer pays at most": {
        "price_max": 0.3,
        "price_min": 0.2,
    },
}


def in_page(tab, setting: dict, share: float = 0.1, step: float = 0.5) -> dict:
    """What the page's script finds at a setting, with six steps of imitation."""
    script = ASK.replace("SETTING", json.dumps(setting)).replace("FACTS", json.dumps(FACTS))
    script = script.replace("SHARE", repr(share)).replace("STEP", repr(step))
    return tab.evaluate(script.replace("GAME", GAME))


def compare(tab, setting: dict, share: float = 0.1, step: float = 0.5) -> None:
    """Holds the page's game against the loop, the closed form and prices over the whole band."""
    hour, rules = market_at(EXAMPLE, setting), rules_at(setting)
    found = in_page(tab, setting, share, step)
    assert bool(found["closed"]) is not hour.open
    if not hour.open:
        return
    by_name = {seller["name"]: seller for seller in found["sellers"]}
    assert tuple(by_name) == hour.sellers
    numbers = {
        name: np.array([by_name[each][name] for each in hour.sellers])
        for name in ("price", "part", "earns", "most", "sent")
    }
    prices, part = equilibrium(hour, rules)
    assert numbers["price"] == pytest.approx(prices, abs=1e-8)
    assert numbers["part"] == pytest.approx(part, abs=1e-6)

    shares = np.tile(numbers["part"], (len(hour.buyers), 1))
    now, most = earnings(hour, numbers["price"], shares, rules)
    assert numbers["earns"] == pytest.approx(now, rel=1e-9, abs=1e-9)
    # the bound lies above all that is tried, and close to it
    assert (numbers["most"] >= most * (1 - 1e-12)).all()
    assert numbers["most"] == pytest.approx(most, rel=1e-6, abs=1e-9)
    sent = sent_power(hour, numbers["price"], rules)
    assert numbers["sent"] == pytest.approx(sent, rel=1e-6, abs=1e-6)

    if len(hour.sellers) == 2 and numbers["price"].min() < hour.grid_price:
        shares = np.tile([share, 1 - share], (len(hour.buyers), 1))
        for there in found["path"][1:]:
            shares = imitate(hour, numbers["price"], shares, step, rules=rules)
            assert there == pytest.approx(shares[0, 0], abs=1e-9)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("demand", [0, 1])
@pytest.mark.parametrize("corner", CORNERS)
def test_the_page_plays_every_corner_as_python_does(tab, corner, demand, order):
    setting = USUAL | CORNERS[corner] | {"demand": demand, "game_order": order}
    compare(tab, setting)
    hour, rules = market_at(EXAMPLE, setting), rules_at(setting)
    if hour.open:  # a third road: the loop
        played = play(hour, rules)
        page = [seller["price"] for seller in in_page(tab, setting)["sellers"]]
        assert page == pytest.approx(played.prices.to_numpy(), abs=1e-7)


@given(
    surplus=st.tuples(st.floats(1, 20_000), st.floats(1, 20_000)),
    need=st.floats(1, 30_000),
    reservation=st.tuples(st.floats(0, 0.8), st.floats(0, 0.8)),
    tariff=st.floats(0.05, 1.5),
    band=st.tuples(st.floats(0, 1.5), st.floats(0, 1.5)).map(sorted),
    coefficient=st.floats(1.01, 3.0),
    rules=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    share=st.floats(0.01, 0.99),
    step=st.floats(0.1, 2.5),
)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_page_plays_any_market_as_python_does(
    tab, surplus, need, reservation, tariff, band, coefficient, rules, share, step
):
    setting = {
        "surplus_a": surplus[0],
        "surplus_b": surplus[1],
        "need": need,
        "reservation_a": reservation[0],
        "reservation_b": reservation[1],
        "tariff": tariff,
        "price_min": band[0],
        "price_max": band[1],
        "satisfaction_coefficient": coefficient,
        "demand": rules[0],
        "game_order": rules[1],
    }
    compare(tab, setting, share, step)


@pytest.mark.parametrize("why", CLOSED)
def test_the_page_says_why_there_is_no_market(tab, why):
    setting = USUAL | CLOSED[why]
    assert in_page(tab, setting) == {"closed": why}
    try:
        assert not market_at(EXAMPLE, setting).open
    except WrongInput as refused:
        assert "above price_max" in str(refused)


def test_the_bound_finds_a_seller_who_could_do_better(tab):
    """The bound does not lean on the price that is given: told less, it says more."""
    script = GAME.replace("const prices = equilibrium(market);", "const prices = [0.5, 0.7];")
    assert script != GAME
    found = tab.evaluate(
        ASK.replace("SETTING", json.dumps(USUAL))
        .replace("FACTS", json.dumps(FACTS))
        .replace("SHARE", "0.1")
        .replace("STEP", "0.5")
        .replace("GAME", script)
    )
    shares = np.tile([found["sellers"][0]["part"], found["sellers"][1]["part"]], (2, 1))
    hour = market_at(EXAMPLE, USUAL)
    now, most = earnings(hour, np.array([0.5, 0.7]), shares, rules_at(USUAL))
    for seller, own, best in zip(found["sellers"], now, most, strict=True):
        assert seller["earns"] == pytest.approx(own)
        assert seller["most"] == pytest.approx(best, rel=1e-4)  # 400 prices come near the best
        assert seller["most"] > 1.01 * seller["earns"]
