"""Talks on an exchange: the joint optimum within what is proven, what is told, what is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import sparse

from vppcore import NotSolved, WrongInput, cooperate, load_case
from vppcore.fleet import (
    Batch,
    Together,
    batches_of,
    batches_of_fleet,
    drawn,
    fleet,
    groups_of,
    guesses,
    heard_in_talks,
    negotiate_exchange,
    numbers_of_model,
    pool_by_exchange,
    pooled,
    price_newton,
    unheard,
    what_is_told,
)
from vppcore.fleet import talks as talking
from vppcore.fleet.agents import Agents
from vppcore.fleet.carrying_out import Carrier
from vppcore.fleet.price_newton import CORRECTIONS
from vppcore.fleet.standard import standard

# what the default tolerance of the talks proves, as a share of the money
PROVEN = 2e-3
# of a solver, as a share of the money
ROUNDING = 1e-7


@cache
def drawn_batches(n: int, seed: int = 0, like: str = "paper-a-parent") -> list[Batch]:
    return list(batches_of_fleet(drawn(n, seed=seed, like=like)))


def assert_brackets(talks, optimum: float) -> None:
    assert talks.lower <= optimum + ROUNDING * talks.money
    assert talks.upper >= optimum - ROUNDING * talks.money
    assert talks.gap <= PROVEN


@pytest.mark.parametrize(("n", "like"), [(2, "template"), (5, "template")])
def test_the_optimum_of_the_exchange_lies_between_the_bounds(n, like):
    case = fleet(n, seed=n, like=like)
    talks = negotiate_exchange(case)
    assert talks.agreed
    assert_brackets(talks, pool_by_exchange(case).lower)


@pytest.mark.parametrize(
    ("n", "seed", "like"),
    [(1, 0, "template"), (4, 1, "template"), (5, 1, "paper-a-parent"), (30, 2, "paper-a-parent")],
)
def test_fleets_side_by_side_find_their_optimum(n, seed, like):
    batches = drawn_batches(n, seed, like)
    talks = negotiate_exchange(batches)
    assert talks.agreed
    assert_brackets(talks, pooled(batches).solve().value)


def test_net_trades_add_up_and_are_carried_out_within_limits():
    batches = drawn_batches(5, 1, "paper-a-parent")
    talks = negotiate_exchange(batches)
    net = np.array(list(talks.net.values()))
    assert np.abs(net).max() > 0
    assert np.abs(net.sum(axis=0)).max() <= 1e-8 * np.abs(net).max()
    for batch in batches:
        carrier = Carrier(standard(batch))
        for k, name in enumerate(batch.names):
            carrier.carry_out(k, talks.net[name])
            assert np.allclose(carrier.net[:, k], talks.net[name], atol=1e-7 * np.abs(net).max())


def test_a_smaller_tolerance_proves_more():
    batches = drawn_batches(4, 1, "template")
    rough = negotiate_exchange(batches, tolerance=1e-2)
    fine = negotiate_exchange(batches, tolerance=1e-4, max_iterations=2000)
    assert fine.gap < rough.gap
    assert fine.agreed and fine.gap < 1e-4


def scaled(batch: Batch, power: float, money: float) -> Batch:
    """The same VPPs, so many times as large, in another currency."""
    sizes = ("row_low", "row_high", "column_low", "column_high")
    grown = {name: power * getattr(batch, name) for name in sizes}
    return replace(
        batch,
        **grown,
        cost=money * batch.cost,
        curvature=money / power * batch.curvature,
        constant=money * power * batch.constant,
    )


@pytest.mark.parametrize(("power", "money"), [(1000.0, 1.0), (1.0, 1000.0)])
def test_talks_are_free_of_scale(power, money):
    batches = drawn_batches(4, 1, "template")
    plain = negotiate_exchange(batches)
    large = negotiate_exchange([scaled(batch, power, money) for batch in batches])
    assert large.rounds == plain.rounds
    assert large.prices == pytest.approx(money * plain.prices, rel=1e-6)
    assert large.upper == pytest.approx(power * money * plain.upper, rel=1e-6)
    assert large.lower == pytest.approx(power * money * plain.lower, rel=1e-6)


def test_a_quadratic_cost_is_taken():
    batches = []
    for batch in drawn_batches(5, 1, "paper-a-parent"):
        limited = np.isfinite(batch.column_low) & np.isfinite(batch.column_high)
        curved = limited & (batch.cost > 0)
        assert curved.any()
        batches.append(replace(batch, curvature=np.where(curved, 1e-4 * batch.cost, 0.0)))
    talks = negotiate_exchange(batches)
    assert_brackets(talks, pooled(batches).solve().value)


def wishes(likes: list[float]) -> Batch:
    """VPPs with costs (p - wish)^2 / 2 of a net trade p, one step."""
    count = len(likes)
    far = np.full((1, count), 100.0)
    return Batch(
        names=tuple(f"V{k + 1}" for k in range(count)),
        matrix=sparse.csr_matrix((0, 1)),
        trade=sparse.csr_matrix(np.ones((1, 1))),
        row_low=np.zeros((0, count)),
        row_high=np.zeros((0, count)),
        cost=-np.array([likes]),
        curvature=np.ones((1, count)),
        column_low=-far,
        column_high=far,
        constant=np.array(likes) ** 2 / 2,
    )


def test_the_example_by_hand(monkeypatch):
    monkeypatch.setattr("vppcore.fleet.agents.INNER", 200)  # answers that are exact
    talks = negotiate_exchange(
        [wishes([4.0, -2.0])], penalty=1.0, balancing=False, keep=True, tolerance=1e-8
    )
    first, second = talks.told.rounds[:2]
    assert first.net[:, :2].ravel() == pytest.approx([2.0, -1.0])
    assert (first.mean[0], first.prices[0]) == pytest.approx((0.5, 0.5))
    assert second.net.ravel() == pytest.approx([2.5, -2.0])
    assert talks.prices == pytest.approx([1.0])
    assert talks.net["V1"] == pytest.approx([3.0])
    assert talks.upper == pytest.approx(1.0) and talks.lower == pytest.approx(1.0)


def test_any_multipliers_give_a_lower_bound():
    (batch, *_) = drawn_batches(5, 1, "paper-a-parent")
    carrier = Carrier(standard(batch))
    chance = np.random.default_rng(1)
    prices = chance.uniform(0, 1, batch.steps)
    least = carrier.least(0, prices)
    for _ in range(10):
        multipliers = chance.normal(size=len(carrier.form.right))
        at = np.zeros(len(carrier.form.cost))
        assert carrier.dual_value(0, prices, multipliers, at) <= least + 1e-9 * abs(least)


# --- refused --------------------------------------------------------------------------------------
def test_a_vpp_without_a_schedule_is_named():
    (first, *others) = drawn_batches(5, 1, "paper-a-parent")
    row = int(np.flatnonzero(np.diff(first.matrix.indptr) > 1)[0])
    high = first.row_high.copy()
    low = first.row_low.copy()
    high[row] = low[row] = 1e6 * np.abs(first.column_high[np.isfinite(first.column_high)]).max()
    with pytest.raises(NotSolved, match=f"{first.names[0]}: infeasible") as refused:
        negotiate_exchange([replace(first, row_low=low, row_high=high), *others], max_iterations=20)
    assert refused.value.status == "infeasible"


def test_a_fleet_without_schedules_is_refused():
    both = replace(wishes([4.0, 2.0]), column_low=np.ones((1, 2)))
    with pytest.raises(NotSolved, match="add up to zero") as refused:
        negotiate_exchange([both], max_iterations=50)
    assert refused.value.status == "infeasible"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"penalty": 0.0}, "penalty"),
        ({"tolerance": 2.0}, "tolerance"),
        ({"max_iterations": 0}, "max_iterations"),
    ],
)
def test_a_wrong_argument_is_refused(wrong, word):
    with pytest.raises(WrongInput, match=word):
        negotiate_exchange(load_case("template"), **wrong)


def test_a_flow_that_nothing_limits_is_refused():
    endless = replace(wishes([4.0, 2.0]), column_high=np.full((1, 2), np.inf))
    with pytest.raises(WrongInput, match="V1: found a flow that nothing limits"):
        negotiate_exchange([endless])


# --- what is told ---------------------------------------------------------------------------------
class Overheard:
    """Stands between somebody and the other side, and counts the numbers that pass."""

    def __init__(self, inside, methods: tuple[str, ...]):
        self._inside = inside
        self._methods = methods
        self.calls: list[tuple[str, int, int]] = []

    def __getattr__(self, name):
        found = getattr(self._inside, name)
        if name not in self._methods:
            return found

        def passed(*arguments):
            answer = found(*arguments)
            self.calls.append((name, numbers_in(arguments), numbers_in(answer)))
            return answer

        return passed


def numbers_in(told) -> int:
    if told is None:
        return 0
    if isinstance(told, tuple):
        return sum(numbers_in(one) for one in told)
    return int(np.size(told))


def test_the_record_counts_what_passes_between_vpps_and_exchange(monkeypatch):
    watched: list[Overheard] = []

    def watch(batches):
        one_by_one = [part for batch in batches for part in batch.parted(1)]
        agents = [Overheard(Agents(batch), ("scales", "begin", "answer")) for batch in one_by_one]
        watched.extend(agents)
        return agents

    monkeypatch.setattr(talking, "agents_of", watch)
    talks = negotiate_exchange(load_case("template"))
    table = what_is_told(len(watched), watched[0].steps)
    for one in watched:
        rounds = [call for call in one.calls if call[0] == "answer"]
        assert len(rounds) == talks.rounds
        assert {call[1] for call in rounds} == {table.loc["exchange ADMM", "hears"]}
        assert {call[2] for call in rounds} == {table.loc["exchange ADMM", "tells"]}
    for iteration in (1, talks.rounds):
        assert talks.told.told_in(iteration) == table.loc["exchange ADMM", "all tell"]
    before = [call for one in watched for call in one.calls if call[0] != "answer"]
    assert talks.told.told_in(0) == sum(call[2] for call in before)
    assert talks.told.heard_in(0) == sum(call[1] for call in before)


def test_pairwise_talks_tell_what_the_table_says():
    case = load_case("paper-a-parent")
    result = cooperate(case)
    told = sum(message.content.size for message in result.messages if message.iteration == 1)
    table = what_is_told(len(case.vpps), case.vpps[0].steps)
    assert told == table.loc["pairwise ADMM", "all tell"]


def test_price_newton_tells_what_the_table_says():
    methods = ("answer", "predict", "correct", "direct", "centre", "move")
    batches = [part for batch in batches_of(load_case("template")) for part in batch.parted(1)]
    watched = [Overheard(group, methods) for group in groups_of(batches)]
    result = price_newton(Together(watched))
    table = what_is_told(len(batches), batches[0].steps)
    least = table.loc["price-Newton"]
    most = table.loc["price-Newton, corrected"]
    steps_taken = 0
    for calls in (by_round(one.calls) for one in watched):
        for found in calls:
            corrections = sum(name == "centre" for name, _, _ in found)
            if not any(name == "move" for name, _, _ in found):
                continue  # the bounds have met
            steps_taken += 1
            share = corrections / CORRECTIONS
            for side, column in ((1, "hears"), (2, "tells")):
                wanted = least[column] + share * (most[column] - least[column])
                assert sum(call[side] for call in found) == pytest.approx(wanted)
    assert steps_taken >= result.rounds


def by_round(calls: list[tuple[str, int, int]]) -> list[list[tuple[str, int, int]]]:
    rounds: list[list[tuple[str, int, int]]] = []
    for call in calls:
        if call[0] == "answer":
            rounds.append([])
        rounds[-1].append(call)
    return rounds


def test_a_model_is_counted_number_by_number():
    model = numbers_of_model(wishes([4.0, -2.0]))
    assert model == 1 + 1 + 1 + 2  # its trade, its cost, its curvature, two limits
    table = what_is_told(2, 1, model)
    assert table.loc["pooled", "all tell"] == 2 * model


# --- what a listener learns -----------------------------------------------------------------------
def test_the_mean_gives_the_last_one_s_net_trade_away():
    two = negotiate_exchange([wishes([4.0, -2.0])], keep=True).told
    known = unheard(two, ["V1"])
    assert np.array_equal(known, [word.net[:, 1] for word in two.rounds])
    three = negotiate_exchange([wishes([4.0, -2.0, 1.0])], keep=True).told
    together = unheard(three, ["V1", "V2"])
    assert together == pytest.approx(np.array([word.net[:, 2] for word in three.rounds]))
    one_alone = unheard(three, ["V1"])
    assert one_alone == pytest.approx(np.array([word.net[:, 1:].sum(1) for word in three.rounds]))
    with pytest.raises(WrongInput, match="Nobody"):
        unheard(three, ["Nobody"])


def test_each_round_of_talks_is_a_point_of_net_trade_by_price(monkeypatch):
    monkeypatch.setattr("vppcore.fleet.agents.INNER", 200)  # answers that are exact
    talks = negotiate_exchange([wishes([4.0, -2.0, 1.0])], keep=True)
    for name, wish in (("V1", 4.0), ("V2", -2.0), ("V3", 1.0)):
        heard = heard_in_talks(talks.told, name)
        assert heard.net == pytest.approx(wish - heard.prices)  # what a VPP with this wish likes


def test_a_net_trade_that_is_a_line_is_rebuilt():
    errors = guesses([wishes([4.0, -2.0, 1.0])], "V2", rounds=(1, 2, 12), change=0.05)
    assert errors.loc[12, "exchange ADMM, lines"] < 0.05
    assert errors.loc[2, "price-Newton, slope"] < 0.05
    assert (errors.loc[1] > 0.05).all()


def test_the_net_trade_of_a_vpp_with_stores_is_not_rebuilt():
    errors = guesses(drawn_batches(4, 1, "template"), "V1", rounds=(1, 5, 10_000), tests=5)
    assert (errors.loc[[1, 5]] > 0.05).all(axis=None)
    assert errors.loc[10_000].isna().all()


@pytest.mark.parametrize("ask", [guesses, heard_in_talks])
def test_a_stranger_is_refused(ask):
    batches = [wishes([4.0, -2.0])]
    given = batches if ask is guesses else negotiate_exchange(batches, keep=True).told
    with pytest.raises(WrongInput, match="Nobody"):
        ask(given, "Nobody")
