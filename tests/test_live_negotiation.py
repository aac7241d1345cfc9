"""Two VPPs that negotiate in a page, and talks that a page steps through: they are vppcore's own."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from builders import battery, case, grid, load, pv, vpp
from hypothesis import given
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput, cooperate, load_case, pool
from vppcore.cooperation.admm import all_at_once, one_after_the_other
from vppcore.cooperation.agents import Agent
from vppcore.cooperation.certificate import carry_out, lower_bound
from vppcore.cooperation.negotiation import natural_penalty
from vppcore.cooperation.settings import ORDERS
from vppcore.cooperation.talks import Talks
from vppcore.live.negotiation import (
    NAMES,
    penalties_for,
    penalty_words,
    recorded_knobs,
    toy_at,
    toy_knobs,
    toy_of,
)
from vppcore.live.recorded import Bounds, kept_rounds, middle, recorded, said_by_round
from vppcore.live.toy import Toy, case_of
from vppcore.pages import two_vpps
from vppcore.pages.live import negotiation_recorded, two_negotiate
from vppcore.pages.study import read_case
from vppcore.places import PROJECT
from vppcore.warm import solve_quadratic

CASE = "paper-a-parent"
RESULTS = PROJECT / "results"
CHAPTER = " ".join((PROJECT / "book/cooperation.md").read_text(encoding="utf-8").split())
TALKS = {"sequential": one_after_the_other, "parallel": all_at_once}


@st.composite
def toys(draw) -> Toy:
    """Two VPPs of any numbers: trade either way, none at all, a line that is full."""
    price, slope = st.floats(-0.5, 2.0), st.sampled_from([0.0, 1e-4, 5e-4, 3e-3])
    return Toy(
        prices=(draw(price), draw(price)),
        slopes=(draw(slope), draw(slope)),
        limit=draw(st.sampled_from([50.0, 700.0, 2000.0])),
        fee=draw(st.sampled_from([0.0, 0.01, 0.3])),
    )


SOME = Toy(prices=(1.2, 0.2), slopes=(1e-3, 5e-4), limit=2000.0, fee=0.01)
FULL = replace(SOME, limit=300.0)
IDLE = replace(SOME, fee=0.6)
BACK = replace(SOME, prices=(0.3, 0.9))
KINDS = {"some": SOME, "full": FULL, "idle": IDLE, "back": BACK}
OF_EACH_KIND = pytest.mark.parametrize("toy", KINDS.values(), ids=KINDS)


# --- closed forms ---------------------------------------------------------------------------------
@given(toys())
def test_the_closed_form_is_the_joint_optimum(toy):
    best, joint = toy.optimum(), pool(case_of(toy, NAMES))
    money = max(1.0, toy.limit)
    assert best.cost == pytest.approx(joint.cost, abs=1e-6 * money)
    assert toy.cost(joint.trades["A", "B"].item()) == pytest.approx(best.cost, abs=1e-5 * money)


@given(toys())
def test_every_multiplier_of_the_optimum_proves_it(toy):
    best = toy.optimum()
    assert best.low <= best.high + 1e-12
    for multiplier in (best.low, (best.low + best.high) / 2, best.high):
        assert toy.bound(multiplier) == pytest.approx(best.cost, abs=1e-9 * toy.limit)


@given(toys(), st.floats(-1, 3), st.floats(-1, 1))
def test_no_trade_is_cheaper_and_no_multiplier_proves_more(toy, multiplier, share):
    best = toy.optimum()
    assert toy.cost(share * toy.limit) >= best.cost - 1e-9 * toy.limit
    assert toy.bound(multiplier) <= best.cost + 1e-9 * toy.limit


@given(toys(), st.floats(-2, 2), st.floats(1e-5, 1e-1))
def test_an_answer_is_the_least_of_its_problem(toy, pull, penalty):
    side = toy.sides[0]
    answer = side.answer(pull, penalty)

    def problem(x):
        return side.cost(x) + pull * x + penalty * x**2 / 2

    least = min(problem(x) for x in np.linspace(-toy.limit, toy.limit, 101))
    assert abs(answer) <= toy.limit
    assert problem(answer) <= least + 1e-9 * toy.limit


@OF_EACH_KIND
def test_bounds_are_those_of_vppcore_s_certificate(toy):
    made = case_of(toy, NAMES)
    trade, multiplier = 0.4 * toy.limit, 0.45
    schedules = carry_out(made, {NAMES: np.array([trade])})
    carried = sum(schedule.cost for schedule in schedules.values())
    assert toy.cost(trade) == pytest.approx(carried, rel=1e-6)
    proved = lower_bound(made, {NAMES: np.array([multiplier])})
    assert toy.bound(multiplier) == pytest.approx(proved, rel=1e-6)


@OF_EACH_KIND
def test_cooperate_comes_to_the_closed_form(toy):
    found, best = cooperate(case_of(toy, NAMES), penalty=1e-3, tolerance=1e-6), toy.optimum()
    assert found.agreed
    assert found.cost == pytest.approx(best.cost, abs=1e-5 * toy.limit)
    assert found.trades["A", "B"].item() == pytest.approx(best.trade, abs=1e-3 * toy.limit)


def exact_agents(made) -> dict[str, Agent]:
    """vppcore's agents of a case, with each step solved to the end."""
    agents = {}
    for member in made.connected():
        agent = Agent(member, accuracy=1e-9)
        agent._solver = SimpleNamespace(step=lambda program: solve_quadratic(program, "step").x)
        agents[member.name] = agent
    return agents


@OF_EACH_KIND
@pytest.mark.parametrize("order", ORDERS)
def test_round_by_round_the_toy_says_what_vppcore_s_agents_say(toy, order):
    penalty = 3e-4
    agents = exact_agents(case_of(toy, NAMES))
    talks = Talks({"A": ("B",), "B": ("A",)}, 1)
    said = toy.talks(penalty, order, enough=0.0, most=12)
    for number, row in said.iterrows():
        TALKS[order](talks, agents, number, penalty, 1.0)
        assert row["first"] == pytest.approx(talks.expected["A", "B"].item(), abs=1e-4 * toy.limit)
        sent = -talks.expected["B", "A"].item()
        assert row["second"] == pytest.approx(sent, abs=1e-4 * toy.limit)
        assert row["multiplier"] == pytest.approx(talks.multiplier["A", "B"].item(), abs=1e-4)


@given(toys(), st.sampled_from(ORDERS), st.floats(3e-5, 1e-2))
def test_the_bounds_of_any_talks_meet_at_the_optimum(toy, order, penalty):
    enough = 1e-6 * toy.limit
    said = toy.talks(penalty, order, enough, most=50_000)
    last, best = said.iloc[-1], toy.optimum().cost
    assert (said["lower"] <= best + 1e-9 * toy.limit).all()
    assert (said["upper"] >= best - 1e-9 * toy.limit).all()
    assert last["upper"] - last["lower"] <= enough


def test_too_small_and_too_large_penalties_take_many_rounds():
    penalties, _ = penalties_for([1.0, 0.5], 1e-4)
    for order in ORDERS:
        rounds = [len(SOME.talks(each, order, 1e-7, 20_000)) for each in penalties]
        fewest = rounds.index(min(rounds))
        assert rounds[:fewest] == sorted(rounds[:fewest], reverse=True)
        assert rounds[fewest:] == sorted(rounds[fewest:])
        assert min(rounds[0], rounds[-1]) > 10 * rounds[fewest]


def test_at_once_takes_more_rounds_than_in_turn(talked):
    penalties, _ = penalties_for([1.0, 0.5], 1e-4)
    table = two_vpps.rounds_by_penalty(talked, penalties)
    assert (table["parallel"] > table["sequential"]).all()


@pytest.mark.parametrize("wrong", [{"limit": 0.0}, {"fee": -0.1}, {"slopes": (-1e-4, 0.0)}])
def test_two_vpps_that_make_no_sense_are_refused(wrong):
    with pytest.raises(WrongInput, match="allowed: 0 or more, the limit above 0"):
        replace(SOME, **wrong)


# --- knobs of the toy -----------------------------------------------------------------------------
def test_the_toy_has_the_size_of_its_case(parent):
    usual = toy_of(parent)
    other = toy_of(load_case("template"))
    for numbers in (usual, other):
        best = toy_at(numbers).optimum()
        assert 0.2 < best.trade / numbers["trade_limit"] < 0.9
    assert usual["price_1"] == 1.2 and usual["price_2"] == 0.2
    assert usual["trade_limit"] == parent.tie.limit


def test_the_command_of_a_setting_is_a_run_of_the_same_two(parent):
    """Parameters of the notebook of these names make the toy that the page shows."""
    setting = {"price_1": 0.9, "price_2": 0.35, "slope_1": 2.0, "slope_2": 0.1}
    turned = setting | {"trade_limit": 640.0, "crossing_fee": 0.04}
    by_run = toy_of(read_case(CASE, {"case": CASE, **turned}), **setting)
    assert toy_at(by_run) == toy_at(turned)


@pytest.mark.parametrize("natural", [1e-4, 1.39e-4, 7e-9, 3.0])
def test_the_natural_penalty_is_among_those_that_can_be_chosen(natural):
    penalties, place = penalties_for([1.0, 0.5], natural)
    assert penalties[place] == natural and penalties == sorted(penalties)


def test_penalties_stand_in_words_without_powers():
    assert penalty_words([1e-5, 0.5, 1.39412e-4]) == (
        "0.00001 yuan/kWh per kW",
        "0.5 yuan/kWh per kW",
        "0.000139 yuan/kWh per kW",
    )


def test_slopes_of_nothing_can_still_be_turned(parent):
    usual = toy_of(parent, slope_1=0.0, slope_2=0.0)
    knobs = {knob.name: knob for knob in toy_knobs(usual, [1e-4, 1e-3], 0, "parallel")}
    assert knobs["slope_1"].usual == 0 and knobs["slope_1"].high > 0
    assert knobs["order"].usual == 1


def test_a_case_of_which_no_toy_can_be_made_is_refused(parent, capsys):
    one_price = case(*(vpp(load(4), grid([1], [1]), name=name) for name in "ab"))
    endless = parent.change_tie(limit=np.inf)
    cases = {
        "no tie": replace(parent, tie=None),
        "a trade limit of inf": endless,
        "found one price": one_price,
    }
    for sentence, made in cases.items():
        with pytest.raises(WrongInput, match=sentence):
            toy_of(made)
        assert two_negotiate(made) == ""
        assert sentence in capsys.readouterr().out
    with pytest.raises(WrongInput, match="one above 0 at least"):
        toy_of(parent, price_1=0.0, price_2=-1.0)


# --- recorded talks -------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def talks(parent):
    """Talks of study A with two penalties."""
    return {penalty: cooperate(parent, penalty=penalty) for penalty in (1e-4, 3e-4)}


@pytest.fixture(scope="module")
def kept(parent, talks):
    return recorded(parent, talks)


def test_what_is_kept_was_said(parent, talks, kept):
    for entry, result in zip(kept, talks.values(), strict=True):
        assert entry["rounds"] == kept_rounds(result.iterations) and entry["agreed"]
        told = {(m.iteration, m.kind, m.sender, m.receiver): m.content for m in result.messages}
        for pair, (i, j) in enumerate(combinations(parent.names, 2)):
            said = entry["pairs"][pair]
            for place, number in enumerate(entry["rounds"]):
                first = np.multiply(said["first"][place], entry["kw"])
                second = np.multiply(said["second"][place], entry["kw"])
                price = np.multiply(said["multiplier"][place], entry["yuan"])
                expected = "expected trade"
                assert first == pytest.approx(told[number, expected, i, j], abs=entry["kw"])
                assert second == pytest.approx(-told[number, expected, j, i], abs=entry["kw"])
                told_price = told[number, "multiplier", i, j]
                assert price == pytest.approx(told_price, abs=entry["yuan"])


def test_kept_bounds_enclose_the_joint_optimum_and_end_as_the_certificate(parent, talks, kept):
    best = pool(parent).cost
    for entry, result in zip(kept, talks.values(), strict=True):
        assert all(lower <= best + 0.01 for lower in entry["lower"])
        assert all(upper >= best - 0.01 for upper in entry["upper"])
        assert entry["upper"][-1] == pytest.approx(result.certificate.upper, abs=0.01)
        assert entry["lower"][-1] == pytest.approx(result.certificate.lower, abs=0.01)


def test_kept_bounds_are_those_of_the_functions_of_the_certificate(parent, talks, kept):
    number = 7
    expected, multipliers = said_by_round(talks[1e-4])
    pairs = list(combinations(parent.names, 2))
    trades = middle(parent, expected[number], pairs)
    carried = sum(each.cost for each in carry_out(parent, trades).values())
    place = kept[0]["rounds"].index(number)
    assert kept[0]["upper"][place] == pytest.approx(carried, abs=0.01)
    proved = lower_bound(parent, multipliers[number])
    assert kept[0]["lower"][place] == pytest.approx(proved, abs=0.01)


def test_trades_that_nobody_can_carry_out_have_no_upper_bound():
    """A load without a grid takes what it needs, no more and no less."""
    island = vpp(load(5, 5), name="island")
    mainland = vpp(pv(9, 9), load(0, 0), grid([1, 1], [0.2, 0.2]), name="mainland")
    bounds = Bounds(case(island, mainland))
    pair = ("island", "mainland")
    assert bounds.upper({pair: np.array([4.0, 5.0])}) is None
    assert bounds.upper({pair: np.array([5.0, 5.0])}) == pytest.approx(-0.2 * 8)


@pytest.mark.parametrize(
    ("status", "is_none"), [("inaccurate", True), ("limit", True), ("failed", False)]
)
def test_a_bound_that_the_solver_did_not_reach_is_none(monkeypatch, status, is_none):
    """Clarabel ends short of its accuracy at prices far from the end: then there is no bound, and no error."""

    def gives_up(*_: object, **__: object) -> None:
        raise NotSolved("too little progress", status)

    bounds = Bounds(case_of(SOME, NAMES))
    pairs = list(combinations(NAMES, 2))
    monkeypatch.setattr(bounds._lagrangian, "at", gives_up)
    for compiled in bounds._carried:
        monkeypatch.setattr(compiled, "solve", gives_up)
    nothing = {pair: np.zeros(1) for pair in pairs}
    if is_none:
        assert bounds.lower(nothing) is None and bounds.upper(nothing) is None
        return
    for bound in (bounds.lower, bounds.upper):
        with pytest.raises(NotSolved):
            bound(nothing)


def test_an_upper_bound_takes_an_hour_in_which_feeding_in_pays_more():
    """Bought and sold at once without a limit it would earn without end."""
    market = grid([0.3, 0.2], [0.1, 0.6])
    made = case(vpp(load(1, 1), market, name="A"), vpp(load(2, 2), market, name="B"))
    trades = {("A", "B"): np.array([0.0, -2.0])}
    # A buys 3 kWh for both in the second hour; B, served, has none of its own to sell
    assert Bounds(made).upper(trades) == pytest.approx(0.3 * 3 + 0.2 * 3, abs=1e-6)


def test_an_upper_bound_counts_stores_exactly():
    """Who is paid to take power would charge and discharge at once."""
    prices = grid([-0.5, 0.4, 1.0], [-0.6, 0.1, 0.3], buy_max=30.0)
    full = battery(energy_max=5.0, energy_start=5.0)
    home = vpp(load(4, 4, 4), full, prices, name="home")
    made = case(home, vpp(load(8, 8, 8), prices, name="shop"))
    trades = {("home", "shop"): np.zeros(3)}
    exact = sum(each.cost for each in carry_out(made, trades).values())
    relaxed = pool(made.change_tie(limit=1e-9), storage="relaxed").cost
    assert Bounds(made).upper(trades) == pytest.approx(exact, abs=1e-6)
    assert exact > relaxed + 0.1


@pytest.mark.parametrize("last", [1, 5, 12, 13, 250])
def test_kept_rounds_rise_to_the_last(last):
    rounds = kept_rounds(last)
    assert rounds[0] == 1 and rounds[-1] == last and len(rounds) <= 45
    assert rounds == sorted(set(rounds))


def test_the_talks_are_shown_where_most_is_traded(parent, talks):
    knobs = {knob.name: knob for knob in recorded_knobs(parent, talks)}
    assert list(talks)[int(knobs["penalty"].usual)] == natural_penalty(parent)
    shown = talks[natural_penalty(parent)].trades
    pair = list(combinations(parent.names, 2))[int(knobs["pair"].usual)]
    most = shown[pair].abs().loc[int(knobs["hour"].usual)]
    assert most == shown.abs().max(axis=None)


def test_two_vpps_and_one_step_have_no_knob_for_them(capsys):
    made = case_of(SOME, NAMES)
    few = {penalty: cooperate(made, penalty=penalty) for penalty in (1e-3, 2e-3)}
    assert [knob.name for knob in recorded_knobs(made, few)] == ["penalty"]
    data = json.loads(negotiation_recorded(made, few))
    assert data["notebook"] == "cooperation" and len(data["facts"]["talks"]) == 2
    alone = dict(list(few.items())[:1])
    assert negotiation_recorded(made, alone) == ""
    assert "found 1; allowed: two penalties or more" in capsys.readouterr().out


def kept_by_the_book() -> dict:
    return json.loads((RESULTS / "cooperation/negotiation_recorded.json").read_text("utf-8"))


def apart_in(entry: dict, number: int) -> float:
    """How far all expectations of a round are apart, as a share of the largest one."""
    place = entry["rounds"].index(number)
    gaps = [np.subtract(p["first"][place], p["second"][place]) for p in entry["pairs"]]
    sizes = [np.abs(pair["first"][place]).max() for pair in entry["pairs"]]
    return float(np.abs(gaps).max() / max(sizes))


def test_what_the_chapter_says_of_the_recorded_talks():
    talks = kept_by_the_book()["facts"]["talks"]
    assert len(talks) == 6 and "recorded at six penalties" in CHAPTER
    smallest, largest = talks[0], talks[-1]
    at_ten = largest["rounds"].index(10)
    middle = talks[2]
    gap = largest["upper"][at_ten] - largest["lower"][at_ten]
    other = middle["rounds"].index(10)
    assert apart_in(largest, 10) < 0.05 < apart_in(smallest, 10)
    assert gap > 10 * (middle["upper"][other] - middle["lower"][other])
    assert (np.diff(smallest["upper"]) > 0).any()
    assert [entry["penalty"] for entry in talks if entry["letGo"]] == [
        smallest["penalty"],
        largest["penalty"],
    ]
    for entry in (smallest, largest):
        gaps = np.subtract(entry["upper"], entry["lower"])
        before = [gap for gap, at in zip(gaps, entry["rounds"], strict=True) if at < entry["letGo"]]
        assert gaps[-1] < 0.1 * min(before)


def test_all_that_the_page_holds_is_small():
    size = len((RESULTS / "cooperation/negotiation_recorded.json").read_bytes())
    assert size < 300_000


# --- what the page on the two says ----------------------------------------------------------------
@pytest.fixture(scope="module")
def talked(parent):
    return two_vpps.talk_of_two(toy_of(parent), 1e-4, "sequential")


def test_three_roads_meet(talked):
    assert all(holds for holds, _ in two_vpps.three_roads_meet(talked))
    wrong = talked._replace(best=talked.best._replace(cost=talked.best.cost - 1.0))
    assert not all(holds for holds, _ in two_vpps.three_roads_meet(wrong))


def test_sentences_follow_the_talks(talked):
    assert "B sends 653 kW to A at a multiplier of 0.537" in two_vpps.outcome(talked)
    back = two_vpps.Talked(BACK, BACK.talks(1e-3, "parallel", 1e-6, 999), BACK.optimum(), None, 0)
    assert "A sends" in two_vpps.outcome(back)
    full = two_vpps.Talked(FULL, FULL.talks(1e-3, "parallel", 1e-6, 999), FULL.optimum(), None, 0)
    assert "at a multiplier of 0.360 to 0.890" in two_vpps.outcome(full)
    idle = two_vpps.Talked(IDLE, IDLE.talks(1e-3, "parallel", 1e-6, 999), IDLE.optimum(), None, 0)
    assert "They agree to trade nothing" in two_vpps.outcome(idle)


def test_pictures_of_the_two_show_their_numbers(talked, fresh_style):
    above = two_vpps.rounds_of(talked)
    assert above.lines[0].get_ydata() == pytest.approx(talked.said["first"].to_numpy())
    table = two_vpps.rounds_by_penalty(talked, [1e-4, 1e-3])
    assert table.loc[1e-4, "sequential"] == len(talked.said)
    axes = two_vpps.over_penalties(table)
    assert list(axes.lines[1].get_ydata()) == list(table["parallel"])
    assert "shortest at a penalty of 0.001" in two_vpps.fewest_rounds(table)
