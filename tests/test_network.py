"""The feeder: its linear model by hand, the power flow by another method, limits in the joint optimum, the operator."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from builders import array, case, grid, load, pv, seller_and_buyer, small_vpps, vpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vppcore import NotSolved, WrongInput, cooperate, dispatch, pool
from vppcore.components import MicroTurbine
from vppcore.cooperation.joint import JointProblem, pool_verified
from vppcore.cooperation.result import CoalitionResult
from vppcore.grid.feeder import Feeder, load_feeder
from vppcore.grid.placement import OPERATOR, Operator, Placement, withdrawals
from vppcore.grid.power_flow import power_flow
from vppcore.pages.experiments_c import splits_within_limits

IEEE33 = load_feeder("ieee33")
ENDS = {"VPP1": 18, "VPP2": 25, "VPP3": 33}  # the ends of three laterals
LINES = pd.DataFrame(
    {
        "from_bus": [1, 2, 2],
        "to_bus": [2, 3, 4],
        "r_ohm": [0.1, 0.2, 0.3],
        "x_ohm": [0.01, 0.02, 0.03],
    }
)
TINY = Feeder(
    "tiny",
    LINES,
    pd.DataFrame({"p_kw": [0.0] * 4, "q_kvar": [0.0] * 4}, [1, 2, 3, 4]),
    base_kv=0.4,
    source=1,
)


def placed(
    buses: dict[str, int],
    feeder: Feeder = TINY,
    low: float = 0.5,
    high: float = 1.5,
    background=0.0,
    **more,
) -> Placement:
    return Placement(feeder, buses, background, low, high, **more)


def table(steps: int = 1, **withdrawn) -> pd.DataFrame:
    return pd.DataFrame(
        {name: np.broadcast_to(kw, (steps,)).astype(float) for name, kw in withdrawn.items()},
        range(1, steps + 1),
    )


def swept(feeder: Feeder, p_kw: pd.Series, q_kvar: pd.Series) -> tuple[pd.Series, float]:
    """Voltages (per unit) and losses (kW) by sweeping currents towards the source and voltages away from it."""
    away = nx.bfs_tree(
        nx.Graph(list(zip(feeder.lines["from_bus"], feeder.lines["to_bus"], strict=True))),
        feeder.source,
    )
    impedance = {
        frozenset((row.from_bus, row.to_bus)): row.r_ohm + 1j * row.x_ohm
        for row in feeder.lines.itertuples()
    }
    outwards = list(nx.topological_sort(away))
    kilovolts = dict.fromkeys(outwards, complex(feeder.base_kv * feeder.source_voltage))
    for _ in range(200):
        current = {
            bus: np.conj((p_kw[bus] + 1j * q_kvar[bus]) / 1000 / kilovolts[bus]) for bus in outwards
        }
        for bus in reversed(outwards):
            current[bus] += sum(current[child] for child in away.successors(bus))
        for parent in outwards:
            for child in away.successors(parent):
                kilovolts[child] = (
                    kilovolts[parent] - impedance[frozenset((parent, child))] * current[child]
                )
    losses = sum(
        impedance[frozenset(line)].real * abs(current[line[1]]) ** 2 for line in away.edges
    )
    return pd.Series({bus: abs(v) / feeder.base_kv for bus, v in kilovolts.items()}), 1000 * losses


def loaded(
    placement: Placement, kw: dict[str, float], background: float
) -> tuple[pd.Series, pd.Series]:
    """What each bus takes, kW and kvar."""
    p, q = (
        background * placement.feeder.loads[column].astype(float) for column in ("p_kw", "q_kvar")
    )
    for name, power in kw.items():
        p[placement.buses[name]] += power
    return p, q


# --- power flow ---------------------------------------------------------------------------------------------------
def test_the_base_case_is_the_published_one():
    """Baran and Wu 1989 and every paper since: 202.68 kW of losses, 0.9131 at bus 18, loads of 3715 kW and 2300 kvar."""
    flow = power_flow(placed({"V": 18}, IEEE33, background=1.0), table(V=0.0))
    assert flow.losses.iloc[0] == pytest.approx(202.68, abs=0.005)
    assert (
        flow.voltages.loc[1].min() == pytest.approx(0.9131, abs=5e-5)
        and flow.voltages.loc[1].idxmin() == 18
    )
    assert tuple(IEEE33.loads.sum()) == (3715, 2300)
    assert flow.head.iloc[0] == pytest.approx(3715 + flow.losses.iloc[0], abs=1e-6)


@given(st.lists(st.floats(-1200, 1200), min_size=3, max_size=3), st.floats(0, 1))
def test_another_method_finds_the_same_power_flow(kw, background):
    """Withdrawals and feed-in up to 1.2 MW at the ends of three laterals."""
    placement, taken = placed(ENDS, IEEE33, background=background), dict(zip(ENDS, kw, strict=True))
    flow = power_flow(placement, table(**taken))
    voltages, losses = swept(IEEE33, *loaded(placement, taken, background))
    assert np.abs(flow.voltages.loc[1] - voltages).max() < 1e-6
    assert flow.losses.iloc[0] == pytest.approx(losses, abs=1e-3, rel=1e-5)
    assert flow.head.iloc[0] == pytest.approx(sum(kw) + 3715 * background + losses, abs=1e-2)


def test_power_flow_takes_every_step_for_itself():
    """A background by step, and columns of withdrawals in any order."""
    background, kw = (
        array(0.2, 0.5, 1.0),
        table(3, VPP3=[0, 300, -500], VPP1=[100, -200, 50], VPP2=0.0),
    )
    whole = power_flow(placed(ENDS, IEEE33, background=background), kw)
    for step in range(3):
        alone = power_flow(
            placed(ENDS, IEEE33, background=background[step]),
            kw.iloc[[step]][["VPP1", "VPP2", "VPP3"]],
        )
        assert np.abs(whole.voltages.iloc[step] - alone.voltages.iloc[0]).max() < 1e-9
    assert list(whole.voltages.index) == [1, 2, 3] and list(whole.voltages) == list(
        IEEE33.loads.index
    )


def test_the_summary_counts_losses_as_energy():
    flow = power_flow(placed(ENDS, IEEE33, background=0.5), table(4, VPP1=100, VPP2=0, VPP3=0))
    found = flow.summary(0.25)
    assert found["losses (kWh)"] == pytest.approx(flow.losses.mean())
    assert found["lowest voltage"] == flow.voltages.to_numpy().min() and found[
        "highest voltage"
    ] == pytest.approx(1.0, abs=1e-8)


def test_power_that_no_feeder_carries_is_refused_in_words():
    with pytest.raises(NotSolved, match="power flow on ieee33: "):
        power_flow(placed(ENDS, IEEE33), table(VPP1=50_000, VPP2=0, VPP3=0))


def test_two_vpps_may_stand_on_one_bus():
    both, one = placed({"A": 3, "B": 3}), placed({"A": 3})
    assert power_flow(both, table(A=4, B=5)).voltages.equals(power_flow(one, table(A=9)).voltages)
    assert np.allclose(both.linear_voltages(table(A=4, B=5)), one.linear_voltages(table(A=9)))


# --- the linear model ---------------------------------------------------------------------------------------------
def test_the_sensitivities_of_a_tiny_feeder():
    """1-2 has 0.1 ohm, 2-3 0.2 and 2-4 0.3; what two buses share on their ways is the line 1-2."""
    resistance, reactance = TINY.sensitivity()
    assert resistance == pytest.approx(
        np.array([[0.1, 0.1, 0.1], [0.1, 0.3, 0.1], [0.1, 0.1, 0.4]])
    )
    assert reactance == pytest.approx(resistance / 10)
    turned = replace(
        TINY, lines=LINES.rename(columns={"from_bus": "to_bus", "to_bus": "from_bus"}).iloc[::-1]
    )
    assert np.array_equal(turned.sensitivity()[0], resistance)


def test_linear_voltages_by_hand():
    """8 kW at bus 3 of a 0.4 kV feeder: v = 1 - 2 * 0.3 ohm * 0.008 MW / 0.16 kV2 = 0.97; bus 4 sees 0.1 ohm of it."""
    found = placed({"A": 3}).linear_voltages(table(A=8)) ** 2
    assert found.loc[1].to_dict() == pytest.approx({2: 0.99, 3: 0.97, 4: 0.99})
    busy = replace(
        TINY, loads=pd.DataFrame({"p_kw": [0, 0, 0, 4.0], "q_kvar": [0, 0, 0, 10.0]}, [1, 2, 3, 4])
    )
    found = placed({"A": 3}, busy, background=array(1.0, 0.5)).linear_voltages(table(2, A=8)) ** 2
    drop = 2 * (0.4 * 4 + 0.04 * 10) / 160  # at bus 4; 0.1 ohm and 0.01 ohm of it at bus 3
    assert found[4].to_list() == pytest.approx([0.99 - drop, 0.99 - drop / 2])
    assert found[3].iloc[0] == pytest.approx(0.97 - 2 * (0.1 * 4 + 0.01 * 10) / 160)


def test_the_source_s_voltage_lifts_all_others():
    high = placed({"A": 3}, replace(TINY, source_voltage=1.02))
    assert high.linear_voltages(table(A=0.0)).to_numpy() == pytest.approx(1.02)
    assert power_flow(high, table(A=0.0)).voltages.to_numpy() == pytest.approx(1.02)


@given(st.lists(st.floats(0, 1500), min_size=3, max_size=3), st.floats(0, 1))
def test_true_voltages_lie_a_little_below_the_linear_ones(kw, background):
    """Pure withdrawals. Difference: losses as a share of what is carried, in voltage squared."""
    placement, taken = (
        placed(ENDS, IEEE33, background=background),
        table(**dict(zip(ENDS, kw, strict=True))),
    )
    apart = placement.linear_voltages(taken) - power_flow(placement, taken).voltages[IEEE33.buses]
    assert apart.min().min() >= -1e-9
    drop = 1 - placement.linear_voltages(taken).min().min()
    assert apart.max().max() <= max(1.5 * drop**2, 1e-8)


@given(st.lists(st.floats(-800, 800), min_size=3, max_size=3))
def test_the_linear_model_never_lies_below_even_with_feed_in(kw):
    """Losses are left out of the drops, whichever way power flows (Gan, Li, Topcu, Low 2015)."""
    placement, taken = (
        placed(ENDS, IEEE33, background=0.3),
        table(**dict(zip(ENDS, kw, strict=True))),
    )
    apart = placement.linear_voltages(taken) - power_flow(placement, taken).voltages[IEEE33.buses]
    assert apart.min().min() >= -1e-9 and apart.max().max() < 0.02


def test_numbers_and_expressions_give_the_same_voltages():
    placement, kw = placed({"A": 3, "B": 4}), {"A": array(3, 4), "B": array(-5, 6)}
    spoken = placement.squared_voltage({name: cp.Constant(flow) for name, flow in kw.items()}, 2)
    assert spoken.value == pytest.approx(placement.squared_voltage(kw, 2))


# --- faults -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("changes", "sentence"), [
    ({"buses": {"A": 99}}, "placement of A: found bus 99; allowed: 2, 3, 4"),
    ({"buses": {"A": 1}}, "placement of A: found bus 1; allowed: 2, 3, 4"),  # the source has no voltage to keep
    ({"buses": {"A": "3"}}, "placement of A: found bus '3'; allowed: 2, 3, 4"),
    ({"low": 1.05, "high": 0.95}, "low, high, margin: found 1.05, 0.95, 0; allowed: low + margin below high - margin"),
    ({"low": 0.95, "high": 1.05, "margin": 0.05}, "found 0.95, 1.05, 0.05"),
    ({"low": float("nan")}, "low, high, margin: found nan"),
    ({"low": 0.0}, "low, high, margin: found 0, 1.5, 0"),
])  # fmt: skip
def test_a_wrong_placement_is_refused(changes, sentence):
    with pytest.raises(WrongInput) as refused:
        placed(**{"buses": {"A": 3}} | changes)
    assert sentence in str(refused.value)


def test_all_faults_of_a_placement_are_listed():
    with pytest.raises(WrongInput) as refused:
        placed({"A": 7, "B": 8}, low=2.0)
    assert len(refused.value.faults) == 3


def test_a_placement_of_a_vpp_that_is_not_there_is_refused():
    with pytest.raises(WrongInput):
        pool(seller_and_buyer(), placement=placed({"seller": 3, "nobody": 4}))


# --- limits in the joint optimum ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def limited(parent) -> tuple[CoalitionResult, Placement, object]:
    """The joint optimum of study A at the ends of three laterals, verified by the AC power flow."""
    return pool_verified(parent, Placement(IEEE33, ENDS))


def test_withdrawals_are_purchase_less_sale_plus_trades(parent, limited):
    found = withdrawals(parent, limited[0].dispatches)
    for name in parent.names:
        schedule = limited[0].dispatches[name]
        by_hand = (
            schedule.series["grid", "buy"]
            - schedule.series["grid", "sell"]
            + limited[0].trades[name].sum(axis=1)
        )
        assert np.abs(found[name] - by_hand).max() < 1e-4
        # and what passes the connection point is what the rest of the VPP does not make itself
        rest = schedule.balances["electricity"].drop(columns=["grid", "tie"]).sum(axis=1)
        assert np.abs(found[name] + rest).max() < 1e-4
    bought = sum(
        s.series["grid", "buy"].sum() - s.series["grid", "sell"].sum()
        for s in limited[0].dispatches.values()
    )
    assert found.to_numpy().sum() == pytest.approx(
        bought, abs=1e-2
    )  # trades among themselves cancel


def test_without_a_tie_withdrawals_are_what_the_grid_gives(parent, alone):
    found = withdrawals(parent, alone)
    assert list(found) == parent.names
    for name, schedule in alone.items():
        assert np.abs(found[name] - schedule.balances["electricity"]["grid"]).max() == 0


def test_verified_voltages_hold_in_the_power_flow(parent, limited, pooled):
    best, placement, flow = limited
    again = power_flow(placement, withdrawals(parent, best.dispatches))
    assert again.voltages.equals(flow.voltages)
    reached = flow.voltages[IEEE33.buses].to_numpy()
    assert reached.min() >= 0.95 - 1e-4 and reached.max() <= 1.05 + 1e-4
    assert 0 < placement.margin < 0.01  # the linear limits alone would not have held
    loose = power_flow(
        placement, withdrawals(parent, pool(parent, placement=Placement(IEEE33, ENDS)).dispatches)
    ).voltages
    assert loose[IEEE33.buses].to_numpy().min() < 0.95 - 1e-4
    assert best.cost > pooled.cost + 1000


def test_looser_limits_are_never_dearer(parent, pooled):
    costs = [
        pool(parent, placement=Placement(IEEE33, ENDS, 0.5, 1 - width, 1 + width)).cost
        for width in (0.05, 0.07, 0.1, 0.3)
    ]
    assert all(one >= other - 0.01 for one, other in zip(costs, costs[1:], strict=False))
    assert costs[0] > costs[1] + 100 and costs[-1] == pytest.approx(pooled.cost, abs=0.01)


@pytest.mark.parametrize("name", ["parent", "handmade"])
def test_without_a_feeder_nobody_s_trade_is_everybody_alone(name, request):
    made = request.getfixturevalue(name)
    apart = sum(dispatch(plant, storage="relaxed").cost for plant in made.vpps)
    found = pool(made, members=())
    assert found.cost == pytest.approx(apart, rel=1e-6) and found.trades.empty
    assert pool(made, members=(made.names[0],)).cost == pytest.approx(apart, rel=1e-6)


@pytest.mark.parametrize("tight", [False, True])
def test_more_members_never_cost_more(parent, pooled, tight):
    placement = Placement(IEEE33, ENDS) if tight else None
    for order in (("VPP1", "VPP2", "VPP3"), ("VPP3", "VPP2", "VPP1")):
        costs = [pool(parent, placement=placement, members=order[:size]).cost for size in range(4)]
        assert all(one >= other - 0.01 for one, other in zip(costs, costs[1:], strict=False))
    assert tight or costs[-1] == pytest.approx(pooled.cost, abs=0.01)


def test_members_trade_only_among_themselves(parent):
    found = pool(parent, members=("VPP3", "VPP1"))
    assert set(found.trades) == {("VPP1", "VPP3"), ("VPP3", "VPP1")}
    assert found.costs["VPP2"] == pytest.approx(
        dispatch(parent.vpp("VPP2"), storage="relaxed").cost, rel=1e-6
    )
    with pytest.raises(WrongInput, match="found 'VPP9'; allowed: VPP1, VPP2, VPP3"):
        pool(parent, members=("VPP1", "VPP9"))


@settings(max_examples=8)
@given(
    small_vpps(steps=2, name="A"),
    small_vpps(steps=2, name="B"),
    st.floats(0.8, 0.99),
    st.floats(1.01, 1.3),
)
def test_limits_never_make_it_cheaper(one, other, low, high):
    made, where = case(one, other), {"A": 3, "B": 4}
    free = pool(made).cost
    assert pool(made, placement=placed(where, low=1e-3, high=10.0)).cost == pytest.approx(
        free, rel=1e-6, abs=1e-6
    )
    try:
        kept = pool(made, placement=placed(where, low=low, high=high))
    except NotSolved as refused:
        assert "no schedule keeps all voltages of tiny within" in str(refused)
        return
    assert kept.cost >= free - 1e-6 * max(1, abs(free))
    reached = placed(where).linear_voltages(withdrawals(made, kept.dispatches)).to_numpy()
    assert reached.min() >= low - 1e-6 and reached.max() <= high + 1e-6
    assert pool(
        made, placement=placed(where, low=low, high=high), members=()
    ).cost >= kept.cost - 1e-6 * max(1, abs(kept.cost))


def test_a_limit_that_binds_by_hand():
    """Bus 3 has 0.3 ohm: 4 kW are 0.985 in voltage squared. The load of 10 kW gets 4 and gives up 6 at 0.9 yuan."""
    town = vpp(load(10, curtail_share=1.0, curtail_cost=0.9), grid([0.2], [0.1]), name="town")
    made = case(town, vpp(load(0), grid([0.2], [0.1]), name="idle"))
    kept = pool(made, placement=placed({"town": 3, "idle": 2}, low=np.sqrt(0.985)))
    assert kept.cost == pytest.approx(4 * 0.2 + 6 * 0.9, abs=1e-6)
    assert withdrawals(made, kept.dispatches)["town"].to_list() == pytest.approx([4.0], abs=1e-6)


@pytest.mark.parametrize("members", [None, ()])
def test_impossible_limits_are_one_sentence(members):
    placement = placed({"seller": 3, "buyer": 4}, low=0.99, high=1.01)
    with pytest.raises(NotSolved) as refused:
        pool(seller_and_buyer(), placement=placement, members=members)
    assert (
        str(refused.value)
        == "joint optimum of by-hand: no schedule keeps all voltages of tiny within 0.99 and 1.01"
    )
    with pytest.raises(NotSolved, match="no schedule keeps all voltages of tiny"):
        pool_verified(seller_and_buyer(), placement, members=members)


def test_a_case_that_a_feeder_cannot_hold_is_said_so_and_no_page_ends_there():
    tight = placed({"seller": 3, "buyer": 4}, low=0.99, high=1.01)
    splits, why = splits_within_limits(seller_and_buyer(), tight, "equal")
    assert splits is None and why == (
        "There is no split on the feeder (seller at bus 3, buyer at bus 4): joint optimum of "
        "by-hand: no schedule keeps all voltages of tiny within 0.99 and 1.01."
    )
    splits, why = splits_within_limits(seller_and_buyer(), replace(tight, low=0.1, high=2), "equal")
    assert splits is not None and not why


def test_one_joint_problem_for_several_margins_is_a_problem_each(parent):
    placement = Placement(IEEE33, ENDS)
    joint = JointProblem(parent, placement)
    for margin in (0.0, 0.004, 0.03, 0.001):  # 0.03 leaves no schedule; what follows is not spoiled
        narrowed = replace(placement, margin=margin)
        if margin == 0.03:
            with pytest.raises(NotSolved, match="no schedule keeps all voltages") as refused:
                joint.optimum(flattest=True, placement=narrowed)
            assert refused.value.status == "infeasible"
            continue
        found = joint.optimum(flattest=True, placement=narrowed)
        stated = pool(parent, flattest=True, placement=narrowed)
        assert found.cost == pytest.approx(stated.cost, rel=1e-7)
        assert found.trades.to_numpy() == pytest.approx(stated.trades.to_numpy(), abs=0.5)


def test_voltages_are_not_blamed_for_a_vpp_without_a_schedule():
    made = case(vpp(load(10), name="dark"), vpp(load(1), grid([1], [0], buy_max=2.0), name="town"))
    with pytest.raises(NotSolved) as refused:
        pool(made, placement=placed({"dark": 3, "town": 4}, low=1e-3, high=10.0))
    assert "voltages" not in str(refused.value)


def test_a_vpp_without_a_grid_may_stand_on_the_feeder():
    """It trades nothing alone, so nothing passes its connection point."""
    made = case(
        vpp(pv(10, 10), load(0, 0), name="sun"),
        vpp(load(10, 10), grid([1, 1], [0.2, 0.2]), name="town"),
    )
    assert pool(made, placement=placed({"sun": 3, "town": 4}), members=()).cost == pytest.approx(20)


# --- the operator at the table ------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def agreed(parent, limited) -> CoalitionResult:
    """The negotiation with the operator under the limits that `limited` found."""
    return cooperate(parent, balancing=True, max_iterations=3000, placement=limited[1])


def test_the_negotiated_cost_is_certified_with_the_operator(agreed, limited, pooled):
    proof, optimum = agreed.certificate, limited[0].cost
    assert proof.lower <= optimum + 0.05 and optimum <= proof.upper + 0.05
    assert 0 <= proof.gap < 1e-3 and agreed.cost - optimum <= proof.gap * agreed.cost + 0.05
    assert proof.lower > pooled.cost  # it knows that the limits cost something


def test_what_the_operator_granted_keeps_the_voltages(parent, agreed, limited):
    _, placement, _ = limited
    taken = withdrawals(parent, agreed.dispatches)
    linear = placement.linear_voltages(taken).to_numpy()
    assert (
        linear.min() >= 0.95 + placement.margin - 1e-5
        and linear.max() <= 1.05 - placement.margin + 1e-5
    )
    exact = power_flow(placement, taken).voltages[IEEE33.buses].to_numpy()
    assert exact.min() >= 0.95 - 5e-4 and exact.max() <= 1.05 + 5e-4


def test_the_operator_hears_net_withdrawals_and_multipliers_only(parent, agreed, limited):
    steps = parent.vpps[0].steps
    heard = [message for message in agreed.messages if message.receiver == OPERATOR]
    said = [message for message in agreed.messages if message.sender == OPERATOR]
    assert len(heard) == 2 * 3 * agreed.iterations and len(said) == 3 * agreed.iterations
    assert {m.kind for m in heard} == {"expected trade", "multiplier"} and {
        m.kind for m in said
    } == {"expected trade"}
    assert all(m.content.shape == (steps,) and m.content.dtype == float for m in heard + said)
    assert {m.receiver for m in said} == set(parent.names) == {m.sender for m in heard}
    taken = withdrawals(parent, agreed.dispatches)
    last = {
        m.sender: m.content
        for m in heard
        if m.iteration == agreed.iterations and m.kind == "expected trade"
    }
    for name in (
        parent.names
    ):  # what it heard last is what the VPP does in the end, to the tolerance of the talks
        assert np.abs(last[name] - taken[name]).max() < 0.01 * np.abs(taken).to_numpy().max()


def test_no_vpp_hears_more_because_of_the_operator(parent, agreed):
    """Between VPPs: one expected trade each way and one multiplier per pair and iteration, as without it."""
    between = [m for m in agreed.messages if OPERATOR not in (m.sender, m.receiver)]
    assert len(between) == (6 + 3) * agreed.iterations


def test_the_operator_answers_with_the_nearest_possible(limited):
    """Against the answer written out as a problem of its own."""
    placement, steps = limited[1], 3
    operator = Operator(placement, list(ENDS), steps)
    wish = np.random.default_rng(3).normal(0, 1500, (steps, 3))
    answer = -operator.expect(2.0 * wish, 2.0)
    near = cp.Variable((steps, 3))
    matrix = IEEE33.sensitivity()[0] / 1000 / IEEE33.base_kv**2
    at = [IEEE33.buses.index(bus) for bus in ENDS.values()]
    level = placement.squared_voltage({name: np.zeros(steps) for name in ENDS}, steps)
    squared = level - 2 * near @ matrix[at]
    rows = [squared >= (0.95 + placement.margin) ** 2, squared <= (1.05 - placement.margin) ** 2]
    cp.Problem(cp.Minimize(cp.sum_squares(near - wish)), rows).solve(solver=cp.CLARABEL)
    assert answer == pytest.approx(near.value, abs=1e-2)
    assert np.abs(answer - wish).max() > 10  # the limits did bind
    inside = 0.01 * wish
    assert -operator.expect(inside, 1.0) == pytest.approx(inside, abs=1e-3)


def two_turbines(low: float) -> tuple:
    """Two VPPs with a load of 20 kW and a turbine whose marginal cost is 0.04 P, beside a grid at 0.2 yuan/kWh."""
    turbine, prices = (
        MicroTurbine(power_max=30.0, cost_quadratic=0.02, cost_linear=0.0),
        grid([0.2] * 2, [0.1] * 2),
    )
    made = case(
        *(vpp(load(20, 20), turbine, prices, name=name) for name in ("far", "near")),
        crossing_fee=0.5,
    )
    return made, placed({"far": 4, "near": 2}, low=low)


@pytest.mark.parametrize("step_hours", [1.0, 0.25])
def test_the_network_price_is_what_a_withdrawn_kwh_costs_the_feeder(step_hours):
    """Alone each takes 15 kW. At 0.93, bus 4 with v = 1 - 2 (0.4 w + 0.1 * 15) / 160 lets `far` take w = 10: its turbine
    makes 10 kW at the margin 0.4, twice the grid's price. `near` loads 0.1 of the 0.4 ohm and sees a quarter of the price."""
    made, placement = two_turbines(0.9)
    made = replace(made, vpps=tuple(replace(v, step_hours=step_hours) for v in made.vpps))
    found = cooperate(made, penalty=0.02, tolerance=1e-6, max_iterations=5000, placement=placement)
    assert found.network_prices.abs().to_numpy().max() < 1e-4
    tight = replace(placement, low=np.sqrt(1 - 2 * (0.4 * 10 + 0.1 * 15) / 160))
    found = cooperate(made, penalty=0.02, tolerance=1e-6, max_iterations=5000, placement=tight)
    best = pool(made, "clarabel", placement=tight)
    assert found.cost == pytest.approx(best.cost, rel=1e-5)
    assert found.certificate.lower <= best.cost + 1e-5 and found.certificate.gap < 1e-4
    prices, taken = found.network_prices, withdrawals(made, found.dispatches)
    assert prices["near"].to_numpy() == pytest.approx(prices["far"].to_numpy() / 4, abs=1e-3)
    # the turbine's margin is the grid's price and the feeder's
    assert 0.04 * (20 - taken["far"].to_numpy()) == pytest.approx(
        0.2 + prices["far"].to_numpy(), abs=2e-3
    )
    assert prices["far"].min() > 0.1


def test_network_prices_are_zero_where_limits_are_loose(parent, pooled):
    found = cooperate(
        parent,
        balancing=True,
        max_iterations=3000,
        placement=Placement(IEEE33, ENDS, 0.5, 0.7, 1.3),
    )
    assert found.network_prices.abs().to_numpy().max() < 1e-6
    assert list(found.network_prices) == parent.names and list(found.network_prices.index) == list(
        range(1, 25)
    )
    assert found.certificate.lower <= pooled.cost + 0.05 <= found.certificate.upper + 0.1


def test_without_a_feeder_there_are_no_network_prices(together):
    assert together.network_prices.empty


OPERATOR_STUCK = "carry_out fixes trades and granted withdrawal at once; a VPP without room between them has no schedule"


def test_study_a_agrees_with_the_operator(calibrated):
    """Limits far from binding, the default tolerance."""
    found = cooperate(
        calibrated,
        balancing=True,
        max_iterations=3000,
        placement=Placement(IEEE33, ENDS, 0.5, 0.7, 1.3),
    )
    assert found.certificate.gap < 1e-3


def test_a_vpp_without_storage_agrees_with_the_operator():
    """All that the seller can do is decided by its trade: PV 10 kW, no load."""
    found = cooperate(
        seller_and_buyer(),
        penalty=1e-2,
        tolerance=1e-4,
        placement=placed({"seller": 3, "buyer": 4}),
    )
    assert found.cost == pytest.approx(pool(seller_and_buyer()).cost, rel=1e-2)


def test_some_vpps_may_stand_elsewhere():
    made, placement = two_turbines(0.9)
    found = cooperate(
        made, penalty=0.02, max_iterations=5000, placement=replace(placement, buses={"far": 4})
    )
    assert list(found.network_prices) == ["far"]


def test_only_the_operator_is_called_so():
    first, second = seller_and_buyer().vpps
    with pytest.raises(WrongInput, match="is the feeder's operator in a negotiation"):
        replace(first, name=OPERATOR)
    named = case(replace(first, name="operator"), second, limit=6.0, crossing_fee=0.01)
    assert cooperate(named, penalty=1e-2).cost == pytest.approx(pool(named).cost, rel=1e-2)
