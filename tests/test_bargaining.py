"""The split of the saving: closed form, cone and ADMM against each other and against what must hold for any split."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import array, case, grid, load, vpp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput, bargain, bargaining_weights, cooperate, dispatch
from vppcore.bargaining.settings import METHODS
from vppcore.bargaining.split import (
    Deal,
    bounded_position,
    closed_form_position,
    conic_prices,
    make_deal,
    price_band,
    prices_at,
    settle,
)
from vppcore.bargaining.weights import NO_TRADE, supplied_and_received

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
    apart = pd.Series({name: 1000.0 - at_mid_gains[name] - due[name] for name in names})
    outside = {name: SimpleNamespace(cost=1000.0) for name in names}
    return bargain(case(*vpps), outside, SimpleNamespace(trades=table, costs=apart), **how)


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
        traded = together.trades[pair].abs() >= NO_TRADE
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
        with pytest.raises(
            NotSolved, match=r"P2: cooperation saves .* yuan; there is nothing to share"
        ):
            haggle({("A", "B"): array(120, 0, 0)}, {"A": gain, "B": 0.0})


def test_vpps_that_do_not_trade_cannot_pay_each_other():
    pairs = {("A", "B"): array(50, 0, 0), ("C", "D"): array(0, 40, 0)}
    pairs |= {pair: np.zeros(3) for pair in combinations("ABCD", 2) if pair not in pairs}
    with pytest.raises(
        NotSolved,
        match="P2: some VPPs do not trade with the others, so no price can move money between them",
    ):
        haggle(pairs, {"A": 90.0, "B": 5.0, "C": 5.0, "D": 5.0}, weights="equal")


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
    plants = tuple(
        SimpleNamespace(name=v.name, components=v.components, step_hours=0.25) for v in parent.vpps
    )
    quarters = make_deal(
        SimpleNamespace(name="q", vpps=plants, names=parent.names), alone, together, weights
    )
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


def test_admm_that_is_stopped_early_says_so():
    with pytest.raises(
        NotSolved,
        match=r"P2: prices still differ by .* yuan/kWh after 1 iterations \(allowed: 0.0001\)",
    ):
        haggle(TRADES, {"A": 30.0, "B": 20.0, "C": 40.0}, method="admm", max_iterations=1)


def test_a_band_needs_a_grid_in_every_vpp():
    islands = case(vpp(load(1, 1), grid([1, 1], [0, 0]), name="A"), vpp(load(1, 1), name="B"))
    with pytest.raises(WrongInput, match="bargaining needs a grid in every VPP"):
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
    return Deal(
        names,
        alone,
        alone - base - incidence @ at_mid,
        power / power.sum(),
        trade,
        at_mid,
        np.array([np.abs(p) @ HALF for p in trade.values()]),
        band,
        1.0,
    )


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
    result = settle(deal, prices_at(deal, theta), "test", bound, "", 0.0, pd.DataFrame())
    assert result.table["payment"].sum() == pytest.approx(0, abs=1e-9)
    assert result.gains.sum() == pytest.approx(deal.saving)
    assert (result.gains > 0).all()
    assert result.gains.to_numpy() == pytest.approx(deal.gains(theta), abs=1e-6)
    assert result.position.to_numpy() == pytest.approx(theta, abs=1e-6)


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
    hourly = settle(deal, conic_prices(deal), "conic", True, "", 0.0, pd.DataFrame())
    assert hourly.gains.to_numpy() == pytest.approx(gains, abs=2e-3 * deal.saving)
    assert log_gain(deal, gains) >= log_gain(deal, hourly.gains.to_numpy()) - 1e-4


@settings(max_examples=25)
@given(deals(gain_low=20))
def test_the_order_of_the_vpps_changes_no_price(deal):
    """Reversed, each pair (i, j) becomes (j, i): theta changes its sign, prices and gains stay."""
    names = deal.names[::-1]
    reversed_pairs = {(j, i): -deal.trade[i, j] for i, j in reversed(list(deal.trade))}
    mirrored = Deal(
        names,
        deal.alone[names],
        deal.apart[names],
        deal.weights[names],
        reversed_pairs,
        -deal.at_mid[::-1],
        deal.room[::-1],
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
    from vppcore.bargaining.split import admm_prices

    try:
        best = bounded_position(deal)
    except NotSolved:
        assume(False)
    assume(deal.gains(best).min() > 0.05 * deal.saving)
    prices, history = admm_prices(deal, None, 1e-5, 3000)
    found = settle(deal, prices, "admm", False, "", 0.0, history)
    assert found.gains.to_numpy() == pytest.approx(deal.gains(best), abs=0.02 * deal.saving)
