"""The split of the saving: closed form, cone and ADMM against each other and against what must hold for any split."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import array, case, grid, load, vpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput, bargain, bargaining_weights, cooperate, dispatch
from vppcore.bargaining.band import price_band
from vppcore.bargaining.deal import Deal, make_deal
from vppcore.bargaining.prices import (
    best_position,
    bounded_position,
    closed_form_position,
    prices_at,
)
from vppcore.bargaining.roads import admm_prices, conic_prices, natural_price_penalty
from vppcore.bargaining.settings import METHODS, WEIGHT_RULES, Settings
from vppcore.bargaining.split import gains_at, roads_may_differ
from vppcore.bargaining.weights import supplied_and_received

LOW, HIGH = array(0.2, 0.2, 0.3), array(1.0, 0.6, 0.9)
MID, HALF = (LOW + HIGH) / 2, (HIGH - LOW) / 2


def trade_table(trades: dict[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    """Trades of pairs (positive: the first receives) as a coalition's table, both ways."""
    both = trades | {(j, i): -trade for (i, j), trade in trades.items()}
    return pd.DataFrame(
        both, pd.RangeIndex(1, len(next(iter(both.values()))) + 1, name="step")
    ).sort_index(axis=1)


def haggle(trades: dict[tuple[str, str], np.ndarray], at_mid_gains: dict[str, float], **how):
    """`bargain` on made-up trades; `at_mid_gains` are the VPPs' gains if all trade were paid at mid-market prices."""
    names = list(at_mid_gains)
    vpps = (vpp(load(0, 0, 0), grid(HIGH, LOW), name=name) for name in names)
    table = trade_table(trades)
    due = {name: sum(table[name, j] @ MID for j in names if (name, j) in table) for name in names}
    with_trades = pd.Series({name: 1000.0 - at_mid_gains[name] - due[name] for name in names})
    outside = {name: SimpleNamespace(cost=1000.0) for name in names}
    return bargain(case(*vpps), outside, SimpleNamespace(trades=table, costs=with_trades), **how)


TRADES = {
    ("A", "B"): array(-100, 50, 0),
    ("A", "C"): array(0, -30, -80),
    ("B", "C"): array(20, 0, 40),
}


# --- study A ------------------------------------------------------------------------------------------------------
def test_everyone_gains_its_weight_s_share_of_the_saving(alone, together, split):
    saving = sum(result.cost for result in alone.values()) - together.cost
    assert not split.bound and "leaves room" in split.note
    assert split.gains.to_numpy() == pytest.approx(
        (split.table["weight"] * saving).to_numpy(), abs=1e-4
    )
    assert split.gains.sum() == pytest.approx(saving, abs=1e-6)


@pytest.mark.parametrize("weights", ["contribution", "equal", "energy"])
@pytest.mark.parametrize("method", ["conic", "admm"])
def test_cone_and_admm_agree_with_the_closed_form(parent, alone, together, method, weights):
    closed = bargain(parent, alone, together, weights)
    other = bargain(parent, alone, together, weights, method)
    assert np.abs(other.gains - closed.gains).max() < 5
    assert other.method == method and other.bound == closed.bound


def test_the_methods_agree_on_the_calibrated_case(calibrated):
    outside, inside = (
        {plant.name: dispatch(plant) for plant in calibrated.vpps},
        cooperate(calibrated),
    )
    gains = [bargain(calibrated, outside, inside, method=method).gains for method in METHODS]
    assert np.abs(gains[1] - gains[0]).max() < 5 and np.abs(gains[2] - gains[0]).max() < 5
    assert min(gain.min() for gain in gains) > 0


@pytest.mark.parametrize("method", METHODS)
def test_prices_lie_in_the_grid_s_band(parent, alone, together, method):
    result, band = bargain(parent, alone, together, method=method), price_band(parent)
    for pair, prices in result.prices.items():
        traded = together.trades[pair].abs() >= 1e-6 * together.trades.abs().to_numpy().max()
        assert (prices.notna() == traded).all()
        assert (prices >= band["low"] - 1e-9)[traded].all() and (prices <= band["high"] + 1e-9)[
            traded
        ].all()


@pytest.mark.parametrize("method", METHODS)
def test_payments_are_price_times_trade_and_cancel(parent, alone, together, method):
    result = bargain(parent, alone, together, method=method)
    paid = dict.fromkeys(parent.names, 0.0)
    for (i, j), prices in result.prices.items():
        amount = (prices * together.trades[i, j]).fillna(0).sum()
        paid[i], paid[j] = paid[i] + amount, paid[j] - amount
    assert result.table["payment"].to_numpy() == pytest.approx(
        np.array(list(paid.values())), abs=1e-6
    )
    assert result.table["payment"].sum() == pytest.approx(0, abs=1e-6)


def test_the_table_s_columns_follow_from_each_other(alone, together, split):
    table = split.table
    assert table["alone"].tolist() == pytest.approx([result.cost for result in alone.values()])
    assert table["with trades"].tolist() == pytest.approx(together.costs.tolist())
    assert (table["after"] - table["with trades"] - table["payment"]).abs().max() < 1e-9
    assert (table["alone"] - table["after"] - table["gain"]).abs().max() < 1e-9
    assert (table["gain (%)"] - 100 * table["gain"] / table["alone"]).abs().max() < 1e-9


def test_admm_s_history_ends_below_its_tolerance(parent, alone, together):
    result = bargain(parent, alone, together, method="admm", tolerance=1e-4)
    assert (result.history.iloc[-1] <= 1e-4).all() and (result.history.iloc[-2] > 1e-4).any()
    assert bargain(parent, alone, together).history.empty


# --- weights ------------------------------------------------------------------------------------------------------
def test_energy_supplied_and_received_by_hand():
    """A sends 100 in step 1 and 30 + 80 to C, receives 50; and so on."""
    energy = supplied_and_received(trade_table(TRADES), step_hours=0.5)
    assert energy["supplied"].to_dict() == {"A": 105, "B": 25, "C": 30}
    assert energy["received"].to_dict() == {"A": 25, "B": 80, "C": 55}


def test_contribution_weights_by_hand():
    """A (53)-(55): supplied 210, 50, 60 kWh, received 50, 160, 110 kWh."""
    d = [
        np.exp(210 / 210) - np.exp(-50 / 160),
        np.exp(50 / 210) - np.exp(-160 / 160),
        np.exp(60 / 210) - np.exp(-110 / 160),
    ]
    found = bargaining_weights(trade_table(TRADES))
    assert found.to_dict() == pytest.approx(dict(zip("ABC", np.array(d) / sum(d), strict=True)))


def test_energy_and_equal_weights_by_hand():
    assert bargaining_weights(trade_table(TRADES), "energy").to_dict() == pytest.approx(
        {"A": 260 / 640, "B": 210 / 640, "C": 170 / 640}
    )
    assert bargaining_weights(trade_table(TRADES), "equal").to_dict() == pytest.approx(
        dict.fromkeys("ABC", 1 / 3)
    )


def test_without_trade_all_weights_are_equal():
    idle = trade_table({pair: np.zeros(3) for pair in TRADES})
    for rule in ("contribution", "energy", "equal"):
        assert bargaining_weights(idle, rule).to_dict() == pytest.approx(
            dict.fromkeys("ABC", 1 / 3)
        )


@given(st.lists(st.lists(st.floats(-100, 100), min_size=2, max_size=2), min_size=3, max_size=3))
def test_weights_are_positive_and_add_up_to_one(amounts):
    """Whatever is traded: nobody has a negative weight, and who trades has a positive one."""
    table = trade_table(
        {
            pair: np.array(amount)
            for pair, amount in zip(combinations("ABC", 2), amounts, strict=True)
        }
    )
    for rule in ("contribution", "energy", "equal"):
        weights = bargaining_weights(table, rule)
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all() and (weights < 1).all()
        busy = table.abs().T.groupby(level=0).sum().T.sum() > 1e-3
        assert (weights[busy] > 0).all()


@given(st.sampled_from([0.25, 0.5, 4.0]), st.floats(0.1, 10))
def test_weights_do_not_depend_on_the_step_or_the_size(step_hours, factor):
    for rule in ("contribution", "energy"):
        usual = bargaining_weights(trade_table(TRADES), rule)
        other = bargaining_weights(
            trade_table({pair: factor * trade for pair, trade in TRADES.items()}), rule, step_hours
        )
        assert other.to_numpy() == pytest.approx(usual.to_numpy())


# --- deals made by hand -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("gain_a", "theta"), [(50.0, 0.0), (60.0, 10 / 48), (20.0, -30 / 48), (90.0, 40 / 48)]
)
def test_two_vpps_split_evenly_by_hand(method, gain_a, theta):
    """Saving 100, equal weights: A pays B what it gains above 50. 120 kW in step 1 can move 48 yuan either way."""
    result = haggle(
        {("A", "B"): array(120, 0, 0)},
        {"A": gain_a, "B": 100 - gain_a},
        weights="equal",
        method=method,
    )
    assert result.gains.to_numpy() == pytest.approx([50, 50], abs=0.5 if method == "admm" else 0.01)
    assert result.position.iloc[0] == pytest.approx(theta, abs=0.01)
    assert result.prices.iloc[0, 0] == pytest.approx(MID[0] + theta * HALF[0], abs=0.01)
    assert not result.bound


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("gain_a", "gains"), [(120.0, (72.0, 28.0)), (-30.0, (18.0, 82.0))])
def test_a_price_at_the_edge_of_the_band_leaves_an_uneven_split(method, gain_a, gains):
    """A would have to pay 70 (receive 80) yuan more than at mid-market, and prices in the band can move 48."""
    result = haggle(
        {("A", "B"): array(120, 0, 0)},
        {"A": gain_a, "B": 100 - gain_a},
        weights="equal",
        method=method,
    )
    assert result.bound and "binds" in result.note
    assert result.gains.to_numpy() == pytest.approx(gains, abs=0.5 if method == "admm" else 0.01)
    assert result.prices.iloc[0, 0] == pytest.approx(HIGH[0] if gain_a > 0 else LOW[0], abs=0.01)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gain_a", [160.0, -55.0])
def test_a_deal_in_which_someone_must_lose_is_refused(method, gain_a):
    with pytest.raises(
        NotSolved,
        match="P2: no prices inside the grid's price band leave every VPP better off than alone",
    ):
        haggle(
            {("A", "B"): array(120, 0, 0)},
            {"A": gain_a, "B": 100 - gain_a},
            weights="equal",
            method=method,
        )


def test_a_binding_band_gives_the_same_gains_by_both_roads():
    """Three VPPs, one of which gains far too much for its partners' trade to take away."""
    gains = {"A": 150.0, "B": 20.0, "C": 10.0}
    bounded, conic, admm = (
        haggle(TRADES, gains, weights="equal", method=method) for method in METHODS
    )
    assert bounded.bound and (bounded.position.abs() > 1 - 1e-6).any()
    assert bounded.position.abs().max() <= 1 + 1e-9
    assert conic.gains.to_numpy() == pytest.approx(bounded.gains.to_numpy(), abs=0.05)
    assert admm.gains.to_numpy() == pytest.approx(bounded.gains.to_numpy(), abs=2)
    assert np.abs(bounded.gains - 60).max() > 10  # not the even split


def test_a_saving_of_nothing_is_nothing_to_share():
    for gain in (-10.0, 0.0):
        with pytest.raises(NotSolved, match=r"P2: cooperation saves nothing, so there is nothing"):
            haggle({("A", "B"): array(120, 0, 0)}, {"A": gain, "B": 0.0})


TWO_GROUPS = {("A", "B"): array(100, 0, 0), ("C", "D"): array(0, 80, 0)}
TWO_GROUPS |= {pair: np.zeros(3) for pair in combinations("ABCD", 2) if pair not in TWO_GROUPS}


@pytest.mark.parametrize("method", METHODS)
def test_groups_that_no_trade_joins_share_what_each_saves_itself(method):
    """A and B save 60, C and D save 20: no price can move money from one group to the other."""
    gains = {"A": 50.0, "B": 10.0, "C": 5.0, "D": 15.0}
    result = haggle(TWO_GROUPS, gains, weights="equal", method=method)
    assert result.gains.to_numpy() == pytest.approx([30, 30, 10, 10], abs=0.1)
    assert "A and B; C and D" in result.note and not result.bound
    assert result.prices["A", "C"].isna().all()


def test_a_group_that_saves_nothing_does_not_stop_the_other():
    gains = {"A": 50.0, "B": 10.0, "C": 5.0, "D": -6.0}
    result = haggle(TWO_GROUPS, gains, weights="equal")
    assert result.gains.to_numpy() == pytest.approx([30, 30, 5, -6])
    assert "C and D save nothing by trading" in result.note
    assert result.prices["C", "D"].iloc[1] == pytest.approx(MID[1])


@pytest.mark.parametrize("weights", WEIGHT_RULES)
@pytest.mark.parametrize("method", METHODS)
def test_a_member_without_trade_gains_nothing_and_blocks_nobody(weights, method):
    idle = {("A", "C"): np.zeros(3), ("B", "C"): array(1e-5, 0, -2e-5)}  # a solver's rounding
    trades = {("A", "B"): array(120, 0, 0)} | idle
    result = haggle(trades, {"A": 30.0, "B": 50.0, "C": 0.0}, weights=weights, method=method)
    assert result.table.loc["C", ["weight", "payment", "gain"]].abs().max() < 1e-3
    assert result.gains["A"] == pytest.approx(80 * result.table.loc["A", "weight"], abs=0.1)
    assert "C trades with nobody and keeps its cost" in result.note
    assert result.prices[[("A", "C"), ("B", "C")]].isna().all(axis=None)


@pytest.mark.parametrize("method", METHODS)
def test_a_vpp_without_trade_keeps_its_cost(method):
    trades = TRADES | {("A", "C"): np.zeros(3), ("B", "C"): np.zeros(3)}
    result = haggle(trades, {"A": 40.0, "B": 30.0, "C": 0.0}, method=method)
    assert result.table.loc["C", ["weight", "payment", "gain"]].abs().max() < 1e-6
    assert result.gains["A"] == pytest.approx(70 * result.table.loc["A", "weight"], abs=0.5)


def test_quarter_hours_pay_a_quarter(parent, alone, together):
    """The same trades in steps of 15 minutes: payments and what prices can move, a quarter."""
    weights = bargaining_weights(together.trades)
    hourly = make_deal(parent, alone, together, weights)
    plants = tuple(replace(plant, step_hours=0.25) for plant in parent.vpps)
    quarters = make_deal(replace(parent, vpps=plants), alone, together, weights)
    assert quarters.at_mid == pytest.approx(hourly.at_mid / 4) and quarters.room == pytest.approx(
        hourly.room / 4
    )


WRONG = [
    ({"method": "lottery"}, "method: found 'lottery'; allowed: closed form, conic, admm"),
    ({"weights": "beauty"}, "weights: found 'beauty'; allowed: contribution, equal, energy"),
    *(
        ({"penalty": penalty, "method": "admm"}, "penalty")
        for penalty in (0, -1.0, np.nan, np.inf, "1")
    ),
    *(
        ({"tolerance": tolerance, "method": "admm"}, "tolerance")
        for tolerance in (0, 1, -1e-3, np.nan, "small")
    ),
    *(({"max_iterations": count, "method": "admm"}, "max_iterations") for count in (0, -1, 2.5)),
]


@pytest.mark.parametrize(("how", "sentence"), WRONG, ids=lambda value: str(value))
def test_a_wrong_argument_is_refused_in_words(how, sentence):
    with pytest.raises(WrongInput, match=sentence):
        haggle(TRADES, {"A": 30.0, "B": 30.0, "C": 30.0}, **how)


def test_admm_that_is_stopped_early_says_so_and_the_closed_form_stays():
    gains = {"A": 30.0, "B": 20.0, "C": 40.0}
    result = haggle(TRADES, gains, method="admm", max_iterations=1)
    assert result.method == "closed form" and result.history.empty
    assert "the road 'admm' gave no answer (P2: prices differ by" in result.note
    assert "after 1 iterations; allowed: 0.0001" in result.note
    assert result.gains.to_list() == pytest.approx(haggle(TRADES, gains).gains.to_list())


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3, 1e6])
def test_admm_gives_the_right_split_or_says_that_it_has_none(parent, alone, together, factor):
    """A large penalty freezes the first prices: agreement alone is no optimum."""
    closed = bargain(parent, alone, together)
    penalty = factor * natural_price_penalty(make_deal(parent, alone, together, "contribution"))
    talked = bargain(parent, alone, together, method="admm", penalty=penalty)
    assert np.abs(talked.gains - closed.gains).max() <= 1e-3 * closed.gains.sum()
    if talked.method == "admm":
        assert talked.difference == pytest.approx(np.abs(talked.gains - closed.gains).max())
        first, last = talked.history.iloc[0], talked.history.iloc[-1]
        move = first["largest move (yuan/kWh)"]
        assert first["dual residual (yuan/kWh)"] == pytest.approx(factor * move)
        assert last["dual residual (yuan/kWh)"] <= 1e-4
    else:
        assert "gave no answer" in talked.note and factor != 1.0


def test_agreement_alone_does_not_end_the_talks_on_prices(parent, alone, together):
    """Both sides of each pair name nearly the same prices from the first iteration on, wrong ones."""
    deal = make_deal(parent, alone, together, "contribution")
    penalty = 1e6 * natural_price_penalty(deal)
    with pytest.raises(NotSolved, match="after 50 iterations") as refused:
        admm_prices(deal, Settings(method="admm", penalty=penalty, max_iterations=50))
    assert refused.value.status == "limit"
    _, history = admm_prices(deal, Settings(method="admm"))
    last, before = history.iloc[-1], history.iloc[-2]
    columns = ["largest disagreement (yuan/kWh)", "dual residual (yuan/kWh)"]
    assert last[columns].max() <= 1e-4 < before[columns].max()


def test_a_band_needs_a_grid_in_every_vpp():
    islands = case(vpp(load(1, 1), grid([1, 1], [0, 0]), name="A"), vpp(load(1, 1), name="B"))
    with pytest.raises(WrongInput, match="allowed here: a grid in every VPP"):
        price_band(islands)


def test_a_band_needs_the_same_grid_for_all(parent):
    """Two purchase prices: the band of a pair would not be defined."""
    dearer = parent.change(
        "VPP2", "grid", buy_price=2 * parent.vpp("VPP2").component("grid").buy_price
    )
    with pytest.raises(WrongInput, match="grid"):
        price_band(dearer)


def test_the_band_is_that_of_the_grid(parent):
    band, market = price_band(parent), parent.vpp("VPP1").component("grid")
    assert (band["low"].to_numpy() == market.sell_price).all() and (
        band["high"].to_numpy() == market.buy_price
    ).all()
    assert (band["mid"] + band["half"]).to_numpy() == pytest.approx(market.buy_price)
    assert (band["mid"] - band["half"]).to_numpy() == pytest.approx(market.sell_price)


# --- what holds for any deal --------------------------------------------------------------------------------------
@st.composite
def deals(draw, gain_low: int = -40) -> Deal:
    """Three VPPs that all trade, gains at mid-market prices that may be negative, a saving above zero."""
    pairs, names = list(combinations("ABC", 2)), list("ABC")
    whole = st.integers(-100, 100)
    trade = {pair: np.array(draw(st.lists(whole, min_size=3, max_size=3)), float) for pair in pairs}
    assume(all(np.abs(p).sum() >= 10 for p in trade.values()))
    base = pd.Series(
        draw(st.lists(st.integers(gain_low, 100), min_size=3, max_size=3)), names, dtype=float
    )
    assume(base.sum() >= 10)
    power = pd.Series(
        draw(st.lists(st.integers(1, 10), min_size=3, max_size=3)), names, dtype=float
    )
    at_mid = np.array([p @ MID for p in trade.values()])
    incidence = np.array([[(name == i) - (name == j) for i, j in pairs] for name in names], float)
    band = pd.DataFrame(
        {"low": LOW, "high": HIGH, "mid": MID, "half": HALF}, pd.RangeIndex(1, 4, name="step")
    )
    alone = pd.Series(1000.0, names)
    with_trades = alone - base - incidence @ at_mid
    return Deal(names, alone, with_trades, power / power.sum(), trade, band)


def many_members(size: int, seed: int, scale: float = 1.0) -> Deal:
    """A deal of `size` VPPs over a day that all trade; sums of kW and yuan a thousand apart."""
    chance = np.random.default_rng(seed)
    names = [f"V{k}" for k in range(size)]
    band = pd.DataFrame({"low": np.full(24, 0.2), "high": chance.uniform(0.4, 1.2, 24)})
    band["mid"] = (band["low"] + band["high"]) / 2
    band["half"] = (band["high"] - band["low"]) / 2
    trade = {pair: scale * chance.normal(0, 300, 24) for pair in combinations(names, 2)}
    alone = pd.Series(scale * chance.uniform(1e4, 3e4, size), names)
    base = scale * chance.uniform(10, 2000, size)
    weights = pd.Series(chance.dirichlet(np.ones(size)), names)
    deal = Deal(names, alone, alone, weights, trade, band)
    with_trades = alone - base - deal.incidence @ deal.at_mid
    return replace(deal, with_trades=with_trades)


def uneven_members(size: int, seed: int) -> Deal:
    """Some pairs trade a hundred times what others do, in some hours; prices in the band suffice."""
    chance = np.random.default_rng(100 * size + seed)
    names = [f"V{k}" for k in range(size)]
    high = chance.uniform(0.2, 1.2, 24)
    low = chance.uniform(0, 0.6) * high
    band = pd.DataFrame(
        {"low": low, "high": high, "mid": (low + high) / 2, "half": (high - low) / 2}
    )
    trade = {}
    for i, j in combinations(range(size), 2):
        trades = j == i + 1 or chance.random() < 0.4
        kw = 50 * np.exp(chance.normal()) * chance.normal(size=24) * (chance.random(24) < 0.6)
        trade[names[i], names[j]] = kw * trades
    weights = np.ones(size) if seed % 2 else 0.05 + chance.random(size)
    weights = pd.Series(weights / weights.sum(), names)
    nothing = pd.Series(0.0, names)
    deal = Deal(names, nothing, nothing, weights, trade, band)
    saving = chance.uniform(0.1, 1.1) * deal.room.sum()
    paid = deal.at_mid + deal.room * chance.uniform(-0.9, 0.9, len(trade))
    return replace(deal, alone=saving * weights + deal.incidence @ paid)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("size", range(2, 11))
def test_admm_and_closed_form_agree_however_unevenly_members_trade(size, seed):
    """One penalty for pairs that trade much and little left some of these without an answer."""
    deal = uneven_members(size, seed)
    best = deal.gains(best_position(deal))
    prices, history = admm_prices(deal, Settings(method="admm"))
    energy = sum(np.abs(kw).sum() for kw in deal.trade.values())
    allowed = roads_may_differ(deal.saving, 1e-4, energy)
    assert np.abs(gains_at(deal, prices) - best).max() <= allowed / 2
    assert len(history) <= 200


def test_a_road_that_ends_further_off_than_its_tolerance_allows_says_how_far(monkeypatch):
    """All prices 0.003 too high: A, which sells 160 kWh more than it buys, gains 0.48 too much."""

    def astray(deal, how, gates):
        prices = prices_at(deal, best_position(deal))
        return {pair: price + 0.003 for pair, price in prices.items()}, pd.DataFrame()

    monkeypatch.setattr("vppcore.bargaining.split.admm_prices", astray)
    off = haggle(TRADES, {"A": 30.0, "B": 20.0, "C": 40.0}, method="admm")
    assert off.method == "admm" and off.difference == pytest.approx(0.48)
    # a ten-thousandth of the saving of 90, and twice the tolerance for each of 320 kWh
    assert "up to 0.48 yuan off the closed form's, more than the 0.073 yuan" in off.note


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("size", [2, 5, 10])
def test_ten_members_agree_by_both_roads(size, scale):
    deal = many_members(size, seed=size, scale=scale)
    best = deal.gains(best_position(deal))
    assert best.min() > 0
    assert gains_at(deal, conic_prices(deal)) == pytest.approx(best, abs=1e-3 * deal.saving)


def test_of_all_bounded_positions_the_nearest_to_mid_market_is_taken():
    """A gains far too much and pays what it can. Money round B, C and D changes no gain: the least
    sum K theta^2 has none of it, so theta adds up to zero around the circle."""
    pairs = list(combinations("ABCD", 2))
    trade = {pair: array(10 * k + 20, 5, 0) for k, pair in enumerate(pairs)}
    names = list("ABCD")
    band = pd.DataFrame({"low": LOW, "high": HIGH, "mid": MID, "half": HALF})
    alone = pd.Series(1000.0, names)
    deal = Deal(names, alone, alone, pd.Series(0.25, names), trade, band)
    base = array(200, 5, 20, 10)
    deal = replace(deal, with_trades=alone - base - deal.incidence @ deal.at_mid)
    theta = dict(zip(pairs, bounded_position(deal), strict=True))
    for partner in "BCD":
        assert theta["A", partner] == pytest.approx(1, abs=1e-4)
    assert max(abs(theta[pair]) for pair in pairs[3:]) > 0.1  # and the others do pay each other
    around = theta["B", "C"] + theta["C", "D"] - theta["B", "D"]
    assert around == pytest.approx(0, abs=1e-4)


def test_a_split_that_only_a_way_round_reaches_is_no_binding_band():
    """theta of the closed form leaves the band on the weak pair; by way of C all is reached."""
    trade = {("A", "B"): array(1, 0, 0), ("A", "C"): array(99, 0, 0), ("B", "C"): array(0, 99, 0)}
    result = haggle(trade, {"A": 40.0, "B": 10.0, "C": 25.0}, weights="equal")
    assert not result.bound
    assert result.gains.to_numpy() == pytest.approx([25, 25, 25], abs=1e-4)
    assert result.position.abs().max() <= 1 + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_a_band_without_width_leaves_the_gains_as_they_are(parent, alone, together, method):
    """Feed-in and purchase price equal: trade saves at the fee only, and prices move nothing."""
    flat = {name: np.full(3, 0.5) for name in ("low", "high", "mid")} | {"half": np.zeros(3)}
    deal = replace(many_members(3, seed=1), band=pd.DataFrame(flat))
    trade = {pair: kw[:3] for pair, kw in deal.trade.items()}
    deal = replace(deal, trade=trade, with_trades=deal.alone - 10)
    gains = deal.gains_at_mid
    if gains.min() > 0:
        assert deal.gains(best_position(deal)) == pytest.approx(gains)
    else:
        with pytest.raises(NotSolved, match="leave every VPP better off"):
            best_position(deal)


def test_a_relaxed_schedule_is_not_bargained_about(parent, alone, together):
    cheating = SimpleNamespace(cost=alone["VPP1"].cost, exact=False)
    with pytest.raises(WrongInput, match="alone: found .*VPP1.*their costs are too low"):
        bargain(parent, alone | {"VPP1": cheating}, together)
    relaxed = SimpleNamespace(trades=together.trades, costs=together.costs, exact=False)
    with pytest.raises(WrongInput, match="coalition: found .*saving is not real"):
        bargain(parent, alone, relaxed)


def log_gain(deal: Deal, gains: np.ndarray) -> float:
    return float(deal.weights.to_numpy() @ np.log(gains))


@settings(max_examples=60)
@given(deals())
def test_theta_is_the_weighted_least_squares_solution(deal):
    """Of all theta that make gain = w S, the one with the least sum K theta^2: numpy's minimum-norm solution."""
    theta = closed_form_position(deal)
    assert deal.gains(theta) == pytest.approx(deal.weights.to_numpy() * deal.saving, abs=1e-6)
    root = np.sqrt(deal.room)
    target = deal.gains(np.zeros(3)) - deal.weights.to_numpy() * deal.saving
    scaled = np.linalg.lstsq(deal.incidence * root, target, rcond=None)[0]
    assert theta == pytest.approx(scaled / root, abs=1e-6)


@settings(max_examples=30)
@given(deals())
def test_money_is_conserved_and_nobody_loses(deal):
    theta = closed_form_position(deal)
    bound = bool(np.abs(theta).max() > 1)
    try:
        theta = bounded_position(deal) if bound else theta
    except NotSolved:  # somebody must lose: then no theta within the band may leave all better off
        corners = np.array(np.meshgrid(*[np.linspace(-1, 1, 9)] * 3)).reshape(3, -1).T
        assert not any((deal.gains(corner) > 1e-3 * deal.saving).all() for corner in corners)
        return
    gains = gains_at(deal, prices_at(deal, theta))
    assert gains.sum() == pytest.approx(deal.saving)
    assert (gains > 0).all()
    assert gains == pytest.approx(deal.gains(theta), abs=1e-6)


@settings(max_examples=12)
@given(deals())
def test_bounded_gains_are_the_best_that_the_band_allows(deal):
    """No step towards a corner of the band raises the concave sum w log(gain): the bounded theta is optimal."""
    try:
        theta = bounded_position(deal)
    except NotSolved:
        assume(False)
    gains = deal.gains(theta)
    assume(gains.min() > 1e-3 * deal.saving)
    slope = deal.weights.to_numpy() / gains @ (-deal.incidence * deal.room)
    best_slope = np.abs(slope).sum() - slope @ theta  # towards the best corner, to first order
    assert best_slope <= 1e-2
    hourly = gains_at(deal, conic_prices(deal))
    assert hourly == pytest.approx(gains, abs=2e-3 * deal.saving)
    assert log_gain(deal, gains) >= log_gain(deal, hourly) - 1e-4


@settings(max_examples=25)
@given(deals(gain_low=20))
def test_the_order_of_the_vpps_changes_no_price(deal):
    """Reversed, each pair (i, j) becomes (j, i): theta changes its sign, prices and gains stay."""
    names = deal.names[::-1]
    reversed_pairs = {(j, i): -deal.trade[i, j] for i, j in reversed(list(deal.trade))}
    mirrored = Deal(
        names,
        deal.alone[names],
        deal.with_trades[names],
        deal.weights[names],
        reversed_pairs,
        deal.band,
        deal.step_hours,
    )
    theta, turned = closed_form_position(deal), closed_form_position(mirrored)
    assert turned == pytest.approx(-theta[::-1], abs=1e-6)
    prices, again = prices_at(deal, theta), prices_at(mirrored, turned)
    for i, j in deal.trade:
        assert again[j, i] == pytest.approx(prices[i, j], abs=1e-6)
    assert mirrored.gains(turned)[::-1] == pytest.approx(deal.gains(theta), abs=1e-6)


@settings(max_examples=30)
@given(deals(), st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_theta_within_one_means_prices_within_the_band(deal, theta):
    for price in prices_at(deal, np.array(theta)).values():
        assert (price >= LOW - 1e-12).all() and (price <= HIGH + 1e-12).all()


@settings(max_examples=5)
@given(deals(gain_low=20))
def test_admm_finds_the_same_split_on_random_deals(deal):
    try:
        best = bounded_position(deal)
    except NotSolved:
        assume(False)
    assume(deal.gains(best).min() > 0.05 * deal.saving)
    prices, _ = admm_prices(deal, Settings(method="admm", tolerance=1e-5, max_iterations=3000))
    assert gains_at(deal, prices) == pytest.approx(deal.gains(best), abs=0.02 * deal.saving)
