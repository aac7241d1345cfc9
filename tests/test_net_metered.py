"""A load that its meter sees below zero: allowed where a row says so, and never as flexibility."""

from __future__ import annotations

import pytest
from builders import array, case, grid, load, vpp
from case_files import SERIES, faults_of, with_rows, write
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
from vppcore.components import ControllableLoad, PowerMarket
from vppcore.fleet import price_newton
from vppcore.live.adversary import check_shown
from vppcore.pages import tables
from vppcore.reading import DATA
from vppcore.scale import peak_load

ROW = "Home,electric_load,net_metered,yes,-"
BELOW = SERIES.replace("2,25,45", "2,-25,45")


def net(*demand: float, **more):
    return load(*demand, net_metered="yes", **more)


def net_template(share: float = 0.1, cut=(0.0, 0.0)):
    """The template with a roof like Home's behind the Shop's only meter, and for scipy."""
    usual, members, heating = template()
    demand = members["Shop"]["load"] - members["Home"]["pv"]
    changed = usual.change(
        "Shop",
        "electric_load",
        forecast=demand,
        net_metered="yes",
        shift_share=share,
        curtail_share=cut[0],
        curtail_cost=cut[1],
    )
    shop = members["Shop"] | dict(load=demand, shift=(share, 0.02), cut=cut)
    return changed, members | {"Shop": shop}, heating


# --- files ----------------------------------------------------------------------------------------
def test_a_column_may_be_negative_only_if_a_row_says_so(tmp_path):
    (sentence,) = faults_of(write(tmp_path / "no", {"series.csv": BELOW}))
    assert "line 3, column home_load_kw: found -25 kW; allowed: 0 or more, or any where" in sentence
    files = {"series.csv": BELOW, "units.csv": with_rows(ROW)}
    home = load_case(write(tmp_path / "yes", files)).vpp("Home")
    assert home.component("electric_load").demand.tolist() == [20, -25, 15]


def test_the_row_of_one_vpp_is_not_another_s(tmp_path):
    files = {"series.csv": BELOW, "units.csv": with_rows(ROW.replace("Home", "Shop"))}
    (sentence,) = faults_of(write(tmp_path, files))
    assert "column home_load_kw: found -25 kW" in sentence


def test_a_plant_is_never_negative(tmp_path):
    files = {"series.csv": SERIES.replace("2,25,45", "2,25,-45"), "units.csv": with_rows(ROW)}
    (sentence,) = faults_of(write(tmp_path, files))
    assert sentence.endswith("column home_pv_kw: found -45 kW; allowed: 0 or more")


def test_what_is_fed_in_is_checked_against_the_rating(tmp_path):
    files = {"series.csv": SERIES.replace("2,25,45", "2,-2500,45"), "units.csv": with_rows(ROW)}
    (sentence,) = faults_of(write(tmp_path, files))
    assert "peak 2500 kW against a rating of 60 kW" in sentence


def test_in_python_it_is_the_same():
    with pytest.raises(WrongInput, match="found -2 kW in step 2; allowed: 0 or more, or any where"):
        vpp(load(1, -2), grid([1, 1], [0, 0]))
    with pytest.raises(WrongInput, match="net_metered: found 'maybe'; allowed: no, yes"):
        vpp(load(1, 2, net_metered="maybe"), grid([1, 1], [0, 0]))


# --- by hand and by an independent program --------------------------------------------------------
def test_what_is_below_zero_is_sold():
    assert dispatch(vpp(net(2, -3), grid([1, 1], [0, 0.4]))).cost == pytest.approx(2 - 1.2)


def test_flexibility_is_a_share_of_what_is_drawn():
    """Half of 2 kWh may be cut, and none of the 3 that are fed in, though a cut would pay in both."""
    flexible = net(2, -3, curtail_share=0.5, curtail_cost=0.1)
    result = dispatch(vpp(flexible, grid([1, 1], [0.4, 0.4])))
    assert result.cost == pytest.approx(1 + 0.1 - 1.2)
    assert result.series["electric_load", "curtailed"].tolist() == pytest.approx([1, 0])


def test_a_called_load_is_a_share_of_what_is_drawn():
    called = ControllableLoad(share=0.8, price_share=0.1)
    flexible = net(10, -3, curtail_share=0.7, curtail_cost=0.01)
    result = dispatch(vpp(flexible, called, grid([1, 1], [0.5, 0.5])))
    assert result.series["controllable_load", "called"].tolist() == pytest.approx([3, 0])
    assert result.cost == pytest.approx(7 * 0.01 + 3 * 0.1 - 1.5)


FLEXIBILITY = {
    "a tenth moves": (0.1, (0.0, 0.0)),
    "all of it": (0.6, (0.4, 0.3)),
}


@pytest.mark.parametrize(("share", "cut"), FLEXIBILITY.values(), ids=FLEXIBILITY.keys())
def test_costs_are_those_of_an_independent_program(share, cut):
    changed, members, heating = net_template(share, cut)
    assert dispatch(changed.vpp("Shop")).cost == pytest.approx(
        cheapest({"Shop": members["Shop"]})[0], rel=1e-6
    )
    together, _ = cheapest(members, limit=10.0, fee=0.01)
    assert pool(changed).cost - heating == pytest.approx(together, rel=1e-6)
    made = cooperate(changed)
    assert made.certificate.lower - 1e-6 <= together + heating <= made.cost + 1e-6
    found = price_newton(changed)
    assert found.upper == pytest.approx(together + heating, rel=1e-6)


def test_more_flexibility_than_load_never_gives_power():
    flexible = net(2, -3, 4, curtail_share=0.6, curtail_cost=0.0, shift_share=0.6)
    served = dispatch(vpp(flexible, grid([1] * 3, [0.5] * 3))).series["electric_load", "served"]
    assert (served >= array(0, -3, 0) - 1e-9).all()


# --- all roads ------------------------------------------------------------------------------------
def test_bargaining_counts_what_it_feeds_in_as_supplied():
    changed, _, _ = net_template()
    apart, together = alone(changed), pool(changed)
    split = bargain(changed, apart, together)
    assert split.gains.sum() == pytest.approx(sum(d.cost for d in apart.values()) - together.cost)
    assert split.gains.min() > 0


def test_a_hit_raises_it_by_a_share_of_its_size():
    """Fed in are 10 kWh at 0.5: a hit of a fifth costs 1 yuan there and 0.8 in the other step."""
    plain = vpp(net(4, -10), grid([1, 1], [0.5, 0.5]))
    worst = worst_case(plain, Uncertainty({"load": 1}, deviation=0.2))
    assert dispatch(plain).cost == pytest.approx(4 - 5)
    assert worst.guarantee == pytest.approx(-1 + 1, abs=1e-6)
    assert worst.hits["load"].to_numpy().ravel() == pytest.approx([0, 1])
    profile = tables.forecast_and_worst(plain, Uncertainty({"load": 1}, deviation=0.2), worst.hits)
    assert profile["load"]["worst case"].tolist() == pytest.approx([4, -8])


def test_a_robust_coalition_takes_it_and_limits_of_the_actual_load_are_refused():
    both = case(
        vpp(net(4, -10), grid([1, 1], [0.1, 0.1]), name="A"),
        vpp(load(3, 3), grid([1, 1], [0.1, 0.1]), name="B"),
    )
    ready = robust_coalition(both, Uncertainty({"load": 0}))
    assert ready.cost == pytest.approx(pool(both).cost, rel=1e-4)
    with pytest.raises(WrongInput, match="'actual' for a load that is net-metered"):
        robust_coalition(both, Uncertainty({"load": 1}, limits="actual"))


def test_a_game_counts_it_as_supply():
    terms = PowerMarket(reservation_price=0.3, price_min=0.3, price_max=1.0)
    one = vpp(net(1, -6), grid([1, 1], [0.1, 0.1]), terms, name="A")
    other = vpp(load(3, 3), grid([1, 1], [0.1, 0.1]), terms, name="B")
    played = trade_by_game(case(one, other), starts=2)
    assert played.positions["A"]["supply"].tolist() == pytest.approx([0, 6])
    assert played.positions["A"]["demand"].tolist() == pytest.approx([1, 0])
    assert played.trades["B", "A"].tolist() == pytest.approx([0, 3])


def test_sizes_follow_what_it_feeds_in():
    assert peak_load(vpp(net(-3, -5), grid([1, 1], [0, 0]))) == 5


def test_a_page_of_the_adversary_refuses_it():
    with pytest.raises(WrongInput, match="net_metered: found yes; allowed on a page: no"):
        check_shown(vpp(net(4, -10), grid([1, 1], [0, 0])), 1, {"deviation": 0.2})


def test_the_page_s_number_is_that_of_today():
    changed, _, _ = net_template()
    words = " ".join((DATA.parent / "book" / "own-case.md").read_text(encoding="utf-8").split())
    usual = load_case("template").vpp("Shop")
    cost = dispatch(changed.vpp("Shop")).cost
    assert f"pay {cost:.2f} yuan alone instead of {dispatch(usual).cost:.2f}" in words
