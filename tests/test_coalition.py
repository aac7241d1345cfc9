"""Cooperation: the negotiated schedule against the joint optimum, its certificate, and what leaves an agent."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations, permutations

import cvxpy as cp
import numpy as np
import pytest
from builders import array, case, grid, load, pv, seller_and_buyer, small_vpps, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput, cooperate, dispatch, pool
from vppcore.components import GasSupply, GasTurbine
from vppcore.cooperation.admm import STALL_AFTER, balanced, negotiate, stalled
from vppcore.cooperation.agents import Agent
from vppcore.cooperation.certificate import lower_bound
from vppcore.cooperation.settings import Settings
from vppcore.cooperation.size import Size
from vppcore.cooperation.talks import Talks
from vppcore.cooperation.trades import without_circulation, without_noise
from vppcore.solvers import solve
from vppcore.vpp import build

SAVING = 10_941.1  # yuan a day, parent data


def alone_cost(made) -> float:
    return sum(dispatch(plant, storage="relaxed").cost for plant in made.vpps)


def relative_excess(result, optimum) -> float:
    return (result.cost - optimum.cost) / optimum.cost


@pytest.fixture(scope="module")
def closer(parent):
    """The paper's negotiation at a hundredth of its tolerance."""
    return cooperate(parent, tolerance=1e-5)


@pytest.fixture(scope="module")
def parallel(parent):
    """All answering at once."""
    return cooperate(parent, order="parallel")


# --- the joint optimum --------------------------------------------------------------------------------------------
def test_the_joint_optimum_saves_what_the_design_measured(alone, pooled):
    assert sum(result.cost for result in alone.values()) - pooled.cost == pytest.approx(
        SAVING, abs=0.2
    )


def test_the_joint_optimum_is_the_sum_of_its_vpps(parent, pooled):
    assert pooled.costs.sum() == pytest.approx(pooled.cost, abs=1e-5)
    assert list(pooled.costs.index) == parent.names
    assert (pooled.method, pooled.certificate, pooled.iterations, pooled.messages) == (
        "joint optimum",
        None,
        0,
        [],
    )


@pytest.mark.parametrize("solver", ["gurobi", "clarabel"])
def test_the_joint_optimum_does_not_depend_on_the_solver(parent, pooled, solver):
    assert pool(parent, solver).cost == pytest.approx(pooled.cost, abs=0.05)


@pytest.mark.parametrize("fixture", ["pooled", "together", "closer"])
def test_what_one_receives_the_other_sends_within_the_limit(fixture, parent, request):
    trades = request.getfixturevalue(fixture).trades
    assert set(trades) == set(permutations(parent.names, 2))
    for i, j in combinations(parent.names, 2):
        assert np.abs(trades[i, j] + trades[j, i]).max() == 0
    assert trades.abs().to_numpy().max() <= parent.tie.limit + 1e-6
    assert trades.abs().to_numpy().sum() > 10_000


@pytest.mark.parametrize("fixture", ["pooled", "together"])
def test_each_vpp_balances_with_the_agreed_trades(fixture, parent, request):
    result = request.getfixturevalue(fixture)
    for name, schedule in result.dispatches.items():
        received = schedule.series["tie"].sum(axis=1)
        assert schedule.balances["electricity"]["tie"].to_numpy() == pytest.approx(
            received.to_numpy(), abs=1e-6
        )
        assert schedule.balances["electricity"].sum(axis=1).abs().max() < 1e-4
        assert received.to_numpy() == pytest.approx(
            result.trades[name].sum(axis=1).to_numpy(), abs=1e-4
        )


def test_the_crossing_fee_is_paid_on_both_sides(parent, pooled):
    fees = sum(schedule.costs["crossing fee"] for schedule in pooled.dispatches.values())
    assert fees == pytest.approx(parent.tie.crossing_fee * pooled.trades.abs().to_numpy().sum())


@pytest.mark.parametrize("step_hours", [0.25, 1.0, None], ids=["quarter", "hour", "parent"])
def test_the_joint_optimum_s_multipliers_prove_it(parent, step_hours):
    """Strong duality: at the value of trade between two, no VPP on its own could do better. Units and sign in one."""
    made = seller_and_buyer(step_hours=step_hours) if step_hours else parent
    best = pool(made)
    prices = {pair: best.multipliers[pair].to_numpy() for pair in combinations(made.names, 2)}
    assert lower_bound(made, prices) == pytest.approx(best.cost, rel=1e-7)


def test_flattest_trades_cost_the_same_and_are_flatter(parent, pooled):
    flat = pool(parent, flattest=True)
    assert flat.cost == pytest.approx(pooled.cost, rel=1e-6)
    assert (flat.trades**2).to_numpy().sum() <= (pooled.trades**2).to_numpy().sum() + 1
    other = pool(parent, "clarabel", flattest=True)
    assert np.abs(other.trades - flat.trades).to_numpy().max() < 0.01
    # the plain trades differ between solvers, or the line above would say nothing
    assert np.abs(pool(parent, "clarabel").trades - pooled.trades).to_numpy().max() > 1


def test_flattest_trades_spread_what_could_flow_at_any_time():
    """20 kWh of a turbine for a load that may move freely: any split over the two steps costs the same."""
    turbine = GasTurbine(power_max=20.0, electric_efficiency=0.5, cost_linear=0.3)
    made = case(
        vpp(load(0, 0), turbine, GasSupply(price=1.0, calorific_value=10.0), name="plant"),
        vpp(load(10, 10, shift_share=1.0), grid([1, 1], [0.2, 0.2]), name="town"),
    )
    assert pool(made, flattest=True).trades["town", "plant"].to_numpy() == pytest.approx(
        [10, 10], abs=1e-2
    )
    assert pool(made).trades["town", "plant"].sum() == pytest.approx(20)


def test_flattest_trades_are_found_where_the_optimum_costs_nothing():
    """The PV of one is all that the other needs, at no cost at all: a relative test of the optimum would divide by zero."""
    made = case(
        vpp(pv(10, 10), load(0, 0), name="sun"),
        vpp(load(10, 10), grid([1, 1], [0.2, 0.2]), name="town"),
    )
    assert pool(made, flattest=True).trades["town", "sun"].to_numpy() == pytest.approx(
        [10, 10], abs=1e-2
    )


# --- two VPPs whose deal can be worked out by hand ----------------------------------------------------------------
@pytest.mark.parametrize("step_hours", [0.25, 1.0])
@pytest.mark.parametrize(
    ("fee", "limit", "traded"), [(0.01, 6.0, 6.0), (0.0, 50.0, 10.0), (0.5, 6.0, 0.0)]
)
def test_two_vpps_share_the_grid_s_margin(fee, limit, traded, step_hours):
    """Each kWh bought at 1.0 instead of being sold at 0.2 saves 0.8 less the fee of both sides."""
    made = seller_and_buyer(fee, limit, step_hours)
    saving = 2 * step_hours * traded * (1.0 - 0.2 - 2 * fee)
    for result in (pool(made), cooperate(made, penalty=1e-2, tolerance=1e-5)):
        assert alone_cost(made) - result.cost == pytest.approx(saving, abs=0.01)
        assert result.trades["buyer", "seller"].to_numpy() == pytest.approx([traded] * 2, abs=0.01)


@pytest.mark.parametrize("step_hours", [0.25, 1.0])
def test_the_multiplier_is_what_one_more_kwh_is_worth_to_both(step_hours):
    """The buyer needs more than the seller has, so one more kWh over the tie would replace a purchase at 1.0 less the fee."""
    made = seller_and_buyer(fee=0.01, limit=50.0, step_hours=step_hours).change(
        "buyer", "electric_load", scale=2.0
    )
    for result in (pool(made), cooperate(made, penalty=1e-2, tolerance=1e-4)):
        assert result.multipliers["seller", "buyer"].to_numpy() == pytest.approx(
            [0.99, 0.99], abs=0.01
        )


# --- the negotiation ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fixture", "gap"), [("together", 2e-4), ("closer", 2e-6), ("parallel", 5e-4)]
)
def test_the_negotiation_is_certified_close_to_the_joint_optimum(fixture, gap, pooled, request):
    result = request.getfixturevalue(fixture)
    proof = result.certificate
    assert 0 <= proof.gap <= gap
    assert proof.lower <= pooled.cost + 0.01 <= proof.upper + 0.02
    assert result.cost == proof.upper == pytest.approx(result.costs.sum())
    assert 0 <= relative_excess(result, pooled) + 1e-9 <= proof.gap + 1e-9


def test_the_certificate_holds_for_the_calibrated_case(calibrated):
    result, optimum = cooperate(calibrated), pool(calibrated)
    assert result.certificate.lower <= optimum.cost + 0.01
    assert relative_excess(result, optimum) <= max(result.certificate.gap, 1e-6)
    # the relaxed optimum is the bound; schedules that exclude charging while discharging may cost a little more
    assert result.certificate.gap <= 2e-3


@pytest.mark.parametrize(
    "how",
    [
        {"order": "parallel", "relaxation": 1.6},
        {"relaxation": 1.5},
        {"penalty": 3e-4, "solver": "clarabel"},
        *({"balancing": True, "penalty": penalty} for penalty in (1e-6, 1e-3, 1e-1)),
        *({"balancing": True, "penalty": penalty, "order": "parallel"} for penalty in (1e-6, 1e-1)),
    ],
    ids=lambda how: " ".join(f"{key}={value}" for key, value in how.items()),
)
def test_every_way_to_negotiate_reaches_the_optimum(parent, pooled, how):
    result = cooperate(parent, **how)
    assert result.certificate.gap <= 5e-4
    assert relative_excess(result, pooled) <= result.certificate.gap + 1e-9
    assert result.certificate.lower <= pooled.cost + 0.01
    assert result.method == f"ADMM, {how.get('order', 'sequential')}"


def test_history_shows_the_residuals_that_ended_the_negotiation(together):
    history = together.history
    assert list(history.index) == list(range(1, together.iterations + 1))
    last, before = history.iloc[-1], history.iloc[-2]
    assert (
        max(last["relative primal"], last["relative dual"])
        <= 1e-3
        < max(before["relative primal"], before["relative dual"])
    )
    assert together.certificate.primal == last["largest disagreement (kW)"]
    assert together.certificate.dual == last["dual residual (yuan/kWh)"]
    assert (history["penalty"] == 1e-4).all()


def test_history_ends_at_each_vpp_s_own_cost(parent):
    """The owner's curve is its whole cost, constants such as a CHP's hourly cost included."""
    plant = parent.change("VPP1", "gas_turbine", cost_fixed=10.0)
    result = cooperate(plant, tolerance=1e-4)
    for name in parent.names:
        assert result.history[f"cost {name} (yuan)"].iloc[-1] == pytest.approx(
            result.costs[name], rel=1e-3
        )


def test_balancing_moves_the_penalty_and_plain_admm_does_not(parent):
    assert cooperate(parent, penalty=1e-3, balancing=True).history["penalty"].nunique() > 1
    assert (balanced(1.0, 10, 1) > 1, balanced(1.0, 1, 10) < 1, balanced(1.0, 2, 1)) == (
        True,
        True,
        1.0,
    )
    assert (balanced(1.0, 1e9, 1), balanced(1.0, 1, 1e9)) == (
        5.0,
        0.2,
    )  # never more than a factor of five


@pytest.mark.parametrize("how", [{"max_iterations": 5}, {"penalty": 1.0, "max_iterations": 60}])
def test_too_few_iterations_are_no_agreement_and_are_certified_all_the_same(parent, pooled, how):
    result = cooperate(parent, **how)
    proof = result.certificate
    assert (
        not result.agreed and f"not agreed after {how['max_iterations']} iterations" in result.note
    )
    assert result.iterations == how["max_iterations"]
    assert proof.lower <= pooled.cost + 0.01 <= proof.upper + 0.02
    assert result.cost == proof.upper == pytest.approx(result.costs.sum())
    assert np.abs(result.trades["VPP1", "VPP2"] + result.trades["VPP2", "VPP1"]).max() == 0


@pytest.mark.parametrize(
    "tie",
    [{"crossing_fee": fee} for fee in (0.4, 0.45, 0.51, 0.6)] + [{"limit": kw} for kw in (10, 1)],
    ids=str,
)
def test_talks_that_would_stall_are_balanced_and_agree(parent, tie):
    """Multipliers creep through the dead band of twice the fee, or up to the worth of a thin line."""
    made = parent.change_tie(**tie)
    result, optimum = cooperate(made), pool(made)
    assert result.agreed and STALL_AFTER <= result.iterations < 300
    assert "the penalty follows the residuals from iteration" in result.note
    assert (result.history["penalty"].iloc[:STALL_AFTER] == 1e-4).all()
    assert result.history["penalty"].iloc[-1] != 1e-4
    assert result.certificate.lower <= optimum.cost + 0.01 <= result.certificate.upper + 0.02
    assert result.certificate.gap < 1e-3


def test_a_stall_is_one_residual_next_to_nothing_beside_the_other_for_long():
    large, small = [1.0] * STALL_AFTER, [1e-3] * STALL_AFTER
    assert stalled(large, small) and stalled(small, large)
    assert not stalled(large[1:], small[1:])
    assert not stalled(large, [0.1] * STALL_AFTER)
    assert not stalled(large, [*small[1:], 1.0])
    assert stalled([1e-9, *large], [1.0, *small])  # what was before does not count


def test_the_paper_s_numbers_of_iterations_stand(together, closer, parallel):
    assert (together.iterations, closer.iterations, parallel.iterations) == (43, 60, 95)
    assert together.agreed and closer.agreed and parallel.agreed
    assert together.note.startswith("agreed after 43 iterations")


def test_negotiations_repeat_exactly(parent, together):
    again = cooperate(parent)
    assert (again.trades == together.trades).all(axis=None) and again.cost == together.cost


# --- wrong arguments ----------------------------------------------------------------------------------------------
WRONG = {
    "penalty": (0, -1.0, np.nan, np.inf, "1e-4"), "order": ("random", None, 3),
    "tolerance": (0, 1, -1e-3, np.nan, "small"), "relaxation": (0, 2, np.nan, None), "max_iterations": (0, -3, 2.5, "many"),
    "balancing": ("no",), "stopping": ("never", None),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_argument_is_refused_in_words(parent, name, value):
    with pytest.raises(WrongInput, match=f"{name}: found .*; allowed: "):
        cooperate(parent, **{name: value})


def test_all_wrong_arguments_are_refused_at_once(parent):
    with pytest.raises(WrongInput) as refused:
        cooperate(parent, penalty=0, order="random", tolerance=2, relaxation=2, max_iterations=0)
    assert [fault.split(":")[0] for fault in refused.value.faults] == [
        "penalty",
        "order",
        "tolerance",
        "relaxation",
        "max_iterations",
    ]
    assert "found 'random'; allowed: sequential, parallel" in str(refused.value)


def test_an_unknown_solver_is_refused_before_anything_is_built(parent):
    for call in (cooperate, pool):
        with pytest.raises(WrongInput, match="solver: found 'cplex'"):
            call(parent, solver="cplex")


def test_one_vpp_has_nobody_to_cooperate_with():
    lonely = case(vpp(load(1, 1), grid([1, 1], [0, 0])))
    for call in (cooperate, pool):
        with pytest.raises(WrongInput, match="cooperation needs two VPPs or more"):
            call(lonely)


@pytest.mark.parametrize("call", [pool, cooperate])
def test_a_vpp_that_no_cooperation_can_help_is_named_with_what_it_lacks(parent, call):
    """VPP1 has hardly any heat left, and heat is not traded: more iterations would not help."""
    cold = parent.change("VPP1", "boiler", heat_max=1.0).change(
        "VPP1", "gas_turbine", power_max=1.0
    )
    with pytest.raises(NotSolved, match="VPP1: .*heat lacks"):
        call(cold)


def test_cooperation_can_save_a_vpp_that_could_not_live_alone():
    poor = vpp(load(10, 10), grid([1, 1], [0.2, 0.2], buy_max=4.0), name="poor")
    rich = vpp(pv(10, 10), load(0, 0), grid([1, 1], [0.2, 0.2]), name="rich")
    with pytest.raises(NotSolved, match="electricity lacks 6.0 kW"):
        dispatch(poor)
    assert pool(case(rich, poor)).trades["poor", "rich"].min() >= 6 - 1e-6


# --- one agent ----------------------------------------------------------------------------------------------------
def step_by_clarabel(plant, pull: np.ndarray, penalty: float) -> np.ndarray:
    """An agent's step, built and solved anew."""
    model = build(plant)
    trade = next(part.trade for part in model.parts.values() if part.trade is not None)
    step = model.cost + cp.sum(cp.multiply(pull, trade)) + penalty / 2 * cp.sum_squares(trade)
    solve(cp.Problem(cp.Minimize(step), model.constraints), "clarabel")
    return trade.value


@pytest.mark.parametrize("penalty", [1.0, 1e-3])
@pytest.mark.parametrize("name", ["VPP1", "VPP2", "VPP3"])
def test_an_agent_s_answers_settle_at_the_optimum_of_its_step(parent, name, penalty):
    plant = next(plant for plant in parent.connected() if plant.name == name)
    pull = np.random.default_rng(5).uniform(-1, 0.2, (24, 2))
    agent = Agent(plant, accuracy=1e-7)
    for _ in range(200):
        answer = agent.expect(pull, penalty)
    assert answer == pytest.approx(
        step_by_clarabel(plant, pull, penalty), abs=1.0 if penalty < 1e-2 else 0.2
    )


def quarter(plant):
    """The same power in steps of a quarter of an hour."""
    return replace(plant, step_hours=0.25)


@pytest.mark.parametrize("units", [Size(), Size(load=538.8, price=7.5)], ids=["kW", "other units"])
def test_an_agent_counts_energy_and_not_power(parent, units):
    """In a quarter of an hour pull and penalty weigh a quarter, as its own cost does."""
    plant = quarter(parent.connected()[2])
    pull = np.random.default_rng(6).uniform(-1, 0.2, (24, 2))
    agent = Agent(plant, accuracy=1e-7, size=units)
    for _ in range(300):
        answer = agent.expect(pull, 1.0)
    expected = step_by_clarabel(plant, 0.25 * pull, 0.25)
    assert answer == pytest.approx(expected, abs=0.5)


def test_an_agent_s_own_cost_leaves_out_what_the_talks_add(parent):
    plant = parent.connected()[0]
    agent = Agent(plant, accuracy=1e-7)
    pull = np.full((24, 2), -0.4)
    for _ in range(200):
        trade = agent.expect(pull, 1.0)
    carried = pool(parent, members=())  # only for the type of its schedules
    assert carried.exact
    model = build(plant)
    rows = [
        *model.constraints,
        next(p.trade for p in model.parts.values() if p.trade is not None) == trade,
    ]
    fixed = solve(cp.Problem(cp.Minimize(model.cost), rows), "clarabel").value
    assert agent.own_costs[-1] == pytest.approx(fixed, rel=1e-3)


# --- what leaves an agent -----------------------------------------------------------------------------------------
class Spy:
    """Stands for an agent at the table and has nothing but `expect`: no data, no cost, no name."""

    __slots__ = ("_ask",)

    def __init__(self, agent: Agent):
        self._ask = agent.expect

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        return self._ask(pull, penalty)


def table(made, accuracy: float = 1e-4):
    agents = {plant.name: Agent(plant, accuracy) for plant in made.connected()}
    return agents, {name: tuple(n for n in made.names if n != name) for name in made.names}


@pytest.mark.parametrize("order", ["sequential", "parallel"])
def test_agents_that_only_answer_negotiate_the_same(parent, order):
    agents, partners = table(parent)
    usual = negotiate(agents, partners, 24, Settings(order=order))
    agents, partners = table(parent)
    spied = negotiate(
        {name: Spy(agent) for name, agent in agents.items()}, partners, 24, Settings(order=order)
    )
    assert all((spied.expected[pair] == usual.expected[pair]).all() for pair in usual.expected)
    assert all(
        (spied.multiplier[pair] == usual.multiplier[pair]).all() for pair in usual.multiplier
    )


@pytest.mark.parametrize("fixture", ["together", "parallel"])
def test_only_expected_trades_and_multipliers_leave_an_agent(parent, fixture, request):
    result = request.getfixturevalue(fixture)
    assert {message.kind for message in result.messages} == {"expected trade", "multiplier"}
    assert all(
        message.content.shape == (24,) and message.content.dtype == float
        for message in result.messages
    )
    assert all(message.sender != message.receiver for message in result.messages)
    said = Counter((m.iteration, m.kind, m.sender, m.receiver) for m in result.messages)
    expected = {
        (k, "expected trade", i, j)
        for k in range(1, result.iterations + 1)
        for i, j in permutations(parent.names, 2)
    }
    expected |= {
        (k, "multiplier", i, j)
        for k in range(1, result.iterations + 1)
        for i, j in combinations(parent.names, 2)
    }
    assert set(said) == expected and set(said.values()) == {1}  # each once, and nothing else


@pytest.mark.parametrize(
    "fixture", ["together", "parallel", None], ids=["sequential", "parallel", "quarter hours"]
)
def test_the_agreement_follows_from_the_messages_alone(fixture, parent, request):
    made = parent if fixture else seller_and_buyer(step_hours=0.25)
    result = request.getfixturevalue(fixture) if fixture else cooperate(made, penalty=1e-2)
    last = {(m.kind, m.sender, m.receiver): m.content for m in result.messages}
    gaps, middle = [], {}
    for i, j in combinations(made.names, 2):
        one, other = last["expected trade", i, j], last["expected trade", j, i]
        gaps.append(np.abs(one + other).max())
        middle[i, j] = np.clip((one - other) / 2, -made.tie.limit, made.tie.limit)
        assert (result.multipliers[i, j].to_numpy() == last["multiplier", i, j]).all()
    assert result.resolution == max(gaps)  # what is still open cannot be told from zero
    told = without_noise(middle, result.resolution)
    agreed = without_circulation(told, made.tie.limit, result.resolution)
    for pair, trade in agreed.items():
        assert (result.trades[pair].to_numpy() == trade).all()
        assert np.abs(trade - middle[pair]).max() < 5 * result.resolution


@pytest.mark.parametrize(
    ("order", "relaxation", "share"), [("sequential", 1.3, 1.0), ("parallel", 1.3, 0.5)]
)
def test_each_multiplier_moves_by_the_penalty_times_the_disagreement(
    parent, order, relaxation, share
):
    """Boyd et al. 2011: scaled by the relaxation; half of it towards the mean, where both answer at once."""
    result = cooperate(parent, order=order, relaxation=relaxation)
    said = {(m.iteration, m.kind, m.sender, m.receiver): m.content for m in result.messages}
    for i, j in combinations(parent.names, 2):
        multiplier = np.zeros(24)
        for k in range(1, result.iterations + 1):
            gap = said[k, "expected trade", i, j] + said[k, "expected trade", j, i]
            multiplier = multiplier + share * relaxation * 1e-4 * gap
            assert said[k, "multiplier", i, j] == pytest.approx(multiplier, abs=1e-9)


def test_a_message_does_not_change_after_it_was_sent(parent, together):
    """What was recorded in an early iteration is not overwritten by a later one."""
    first = [m for m in together.messages if m.iteration == 1 and m.kind == "expected trade"]
    agents, partners = table(parent)
    talks = Talks(partners, 24)
    for name, agent in agents.items():
        answer = agent.expect(talks.pull(name, 1e-4, "sequential"), 1e-4)
        talks.tell_trade(1, name, answer)
    assert len(first) == len(talks.messages) == 6
    for told, expected in zip(first, talks.messages, strict=True):
        assert (told.sender, told.receiver) == (expected.sender, expected.receiver)
        assert told.content == pytest.approx(expected.content)


def test_what_an_agent_is_asked_in_words_of_the_paper():
    """Sequential: multiplier less penalty times minus the partner's newest trade; parallel: times the target."""
    talks = Talks({"a": ("b",), "b": ("a",)}, 1)
    talks.expected |= {("a", "b"): array(3), ("b", "a"): array(-2)}
    talks.multiplier["a", "b"], talks.target["a", "b"] = array(0.5), array(2.5)
    assert talks.pull("a", 0.1, "sequential") == pytest.approx(0.5 - 0.1 * 2)
    assert talks.pull("b", 0.1, "sequential") == pytest.approx(0.5 - 0.1 * -3)
    assert talks.pull("a", 0.1, "parallel") == pytest.approx(0.5 - 0.1 * 2.5)
    assert talks.pull("b", 0.1, "parallel") == pytest.approx(0.5 - 0.1 * -2.5)


# --- what holds for any case --------------------------------------------------------------------------------------
def test_nearly_no_trade_saves_nearly_nothing(parent, alone):
    tiny = parent.change_tie(limit=1e-3)
    loss = sum(result.cost for result in alone.values())
    assert pool(tiny).cost == pytest.approx(loss, abs=0.2)
    assert pool(parent.change_tie(limit=0.0)).cost == pytest.approx(loss, abs=1e-3)
    closed = cooperate(parent.change_tie(limit=0.0))
    assert closed.cost == pytest.approx(loss, abs=1e-3) and not closed.trades.any(axis=None)


def test_a_larger_trade_limit_is_never_dearer_and_a_higher_fee_never_cheaper(parent):
    by_limit = [
        pool(parent.change_tie(limit=limit)).cost for limit in (0.0, 200.0, 1000.0, 2000.0, np.inf)
    ]
    assert np.all(np.diff(by_limit) <= 1e-3) and by_limit[0] - by_limit[-1] > 10_000
    by_fee = [pool(parent.change_tie(crossing_fee=fee)).cost for fee in (0.0, 0.01, 0.1, 0.5)]
    assert np.all(np.diff(by_fee) >= -1e-3) and by_fee[-1] - by_fee[0] > 1000


@st.composite
def small_cases(draw):
    """Two or three random VPPs over three steps."""
    names = ["A", "B", "C"][: draw(st.integers(2, 3))]
    vpps = [draw(small_vpps(steps=3, name=name)) for name in names]
    return case(
        *vpps,
        limit=draw(st.sampled_from([5.0, 40.0])),
        crossing_fee=draw(st.sampled_from([0.0, 0.02])),
    )


@given(small_cases())
def test_cooperation_never_costs_more_than_going_alone(made):
    assert pool(made).cost <= alone_cost(made) + 1e-4


@given(small_cases(), st.floats(0, 30), st.floats(0, 0.3))
def test_wider_and_cheaper_ties_are_never_dearer(made, wider, fee):
    cost = pool(made).cost
    assert pool(made.change_tie(limit=made.tie.limit + wider)).cost <= cost + 1e-4
    assert pool(made.change_tie(crossing_fee=made.tie.crossing_fee + fee)).cost >= cost - 1e-4


@given(small_cases())
def test_the_order_of_the_vpps_does_not_matter(made):
    mirrored = case(*reversed(made.vpps), limit=made.tie.limit, crossing_fee=made.tie.crossing_fee)
    assert pool(mirrored).cost == pytest.approx(pool(made).cost, abs=1e-4)


@settings(max_examples=6)
@given(small_cases())
def test_any_negotiation_that_ends_is_certified(made):
    """Upper and lower bound hold whatever was agreed; balancing brings the small cases to an end."""
    result, optimum = cooperate(made, penalty=1e-2, balancing=True, max_iterations=3000), pool(made)
    proof = result.certificate
    assert proof.lower <= optimum.cost + 1e-3
    assert proof.upper >= optimum.cost - 1e-3
    assert result.trades.abs().to_numpy().max() <= made.tie.limit
