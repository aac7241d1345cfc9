"""P1 in exchange form: one net trade a VPP and step, one price a step, no pairs.

In *pair form* (`pool`) VPPs i and j trade p_ij = -p_ji, at most L, and each side pays the crossing
fee g|p_ij|. In *exchange form* VPP i has one net trade q_i = sum_j p_ij, pays g|q_i|, and all
q_i of a step add up to zero. There are N columns a step in place of N(N-1)/2.

When both have the same optimum. Take any trades of the pair form. Their net trades are feasible on
the exchange, with |q_i| <= (N-1) L, and cost no more there, for |q_i| <= sum_j |p_ij|. So the
exchange's optimum is never above the pair form's: it is a *lower bound*. The other way round: take
an optimum of the exchange and split each step's net trades into deliveries of sellers to buyers.
Nobody then buys and sells in one step, so that sum_j |p_ij| = |q_i| and the fees are the same. If
the deliveries keep within L, the pair form has this schedule too, at the same cost, and the optima
are *equal*. They always do where L is at least what is sold in a step. Where a step cannot be split
within L, the two may differ, and by how much at most is known: VPPs are held to what their
partners' ties carry in such steps, what can be delivered then is carried out, and its cost is an
upper bound. Where it equals the lower bound, another optimum of the exchange was found that can be
split.

On a general graph VPPs trade along edges, each with a limit and a fee; what a VPP receives along
one it may pass on along another, and pays both edges' fees. The complete graph with L and g on each
edge is the pair form itself. kW, yuan, yuan/kWh; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import Tie
from vppcore.cooperation.joint import with_reason
from vppcore.cooperation.result import (
    Certificate,
    CoalitionResult,
    both_ways,
    money_of,
    pair_frame,
)
from vppcore.cooperation.size import size_of
from vppcore.cooperation.talks import ByPair
from vppcore.cooperation.trades import net_positions, solver_resolution, without_noise
from vppcore.errors import NotSolved, WrongInput
from vppcore.exclusive import solve_exclusively
from vppcore.fleet.batches import batches_of
from vppcore.fleet.market import Exchange
from vppcore.fleet.pooled import Edge, pooled, with_net_limits
from vppcore.fleet.splitting import split
from vppcore.schedule import DispatchResult, read
from vppcore.vpp import build

# how often net trades that pair limits do not let through are sought anew
TRIES = 5
# VPPs up to which it is looked for who lacks what, where no schedule exists
FEW = 50
# a share of the cost by which two optima may differ and count as one
SAME_COST = 1e-7


@dataclass(frozen=True, eq=False)
class ExchangeResult:
    """The optimum of a case whose VPPs trade on an exchange or along the edges of a graph.

    coalition: schedules that can be carried out, with the trades of all pairs or edges;
        `coalition.certificate` has both bounds: what they cost, and the optimum of the exchange
        with stores relaxed.
    net: kW, a column per VPP, positive where it receives on balance; what is delivered.
    prices: yuan/kWh, a column per VPP; the same for all on an exchange.
    undelivered: kWh that pair limits let nobody deliver even so; the rest is carried out.
    """

    coalition: CoalitionResult
    net: pd.DataFrame
    prices: pd.DataFrame
    undelivered: float = 0.0

    @property
    def cost(self) -> float:
        """What the schedules cost, yuan: an upper bound."""
        return self.coalition.cost

    @property
    def lower(self) -> float:
        """No schedule of these VPPs costs less, yuan, up to what the solver allows itself."""
        certificate = self.coalition.certificate
        return np.nan if certificate is None else certificate.lower


def pool_by_exchange(case: Case, graph: nx.Graph | None = None) -> ExchangeResult:
    """The joint optimum of a case in exchange form, or along the edges of a graph.

    graph: its nodes are names of VPPs; an edge may have `limit` (kW) and `fee` (yuan/kWh of each
        side), and has the case's own where it has none. None: an exchange for all, whose net trades
        are split into deliveries within the case's pair limits.
    Raises WrongInput for a case without a tie, a graph with other nodes, or a VPP that needs
    binaries; NotSolved if there is no optimum.

    >>> from vppcore import load_case
    >>> result = pool_by_exchange(load_case("template"))
    >>> round(result.cost, 2), round(result.lower, 2), result.undelivered
    (101.12, 101.12, 0.0)
    """
    tie = tie_of(case)
    edges = [] if graph is None else edges_of(case, graph)
    batches = batches_of(case if graph is None else without_fee(case, edges))
    everybody = pooled(batches, edges)
    try:
        point = everybody.solve(f"exchange of {case.name}")
    except NotSolved as refused:
        if graph is not None or len(case.names) > FEW:
            raise
        raise with_reason(case, refused) from refused
    received = everybody.net_trades(point.x)
    net = {name: received[name] for name in case.names}
    prices = {} if point.multipliers is None else everybody.prices(point.multipliers)
    undelivered = 0.0
    if graph is None:
        trades, missing = split(net, tie.limit)
        nearer = everybody
        for _ in range(TRIES):  # another optimum, or a schedule near it, may keep within the limits
            if not missing.any():
                break
            nearer = with_net_limits(nearer, deliverable(net, missing, tie.limit))
            received = nearer.net_trades(nearer.solve(f"deliveries of {case.name}").x)
            net = {name: received[name] for name in case.names}
            trades, missing = split(net, tie.limit)
        trades = {pair: np.zeros(len(missing)) for pair in combinations(net, 2)} | trades
        undelivered = case.vpps[0].step_hours * float(missing.sum())
        net = net if undelivered == 0 else zeros_of(net) | net_positions(trades)
        fees = dict.fromkeys(case.names, 0.0)
    else:
        trades = everybody.flows(point.x)
        fees = fees_of(case, edges, trades)
    fee = tie.crossing_fee if graph is None else 0.0
    dispatches = {name: with_net_trade(case, name, net[name], fee) for name in case.names}
    own_costs = [dispatches[name].cost + fees[name] for name in case.names]
    cost = sum(own_costs)
    money = money_of(own_costs, size_of(case).least_money)
    certificate = Certificate(cost, point.value, 0.0, 0.0, money)
    resolution = solver_resolution(trades, size_of(case).load)
    index = pd.RangeIndex(1, case.vpps[0].steps + 1, name="step")
    coalition = CoalitionResult(
        method="joint optimum on an exchange" if graph is None else "joint optimum along a graph",
        cost=cost,
        dispatches=with_fees(dispatches, fees),
        trades=both_ways(without_noise(trades, resolution), case),
        multipliers=pair_frame({}, case),
        certificate=certificate,
        history=pd.DataFrame(),
        messages=[],
        seconds={"solve": point.seconds},
        resolution=resolution,
        note=in_words(certificate.gap),
    )
    return ExchangeResult(
        coalition,
        pd.DataFrame(net, index),
        pd.DataFrame({name: prices[name] for name in case.names}, index),
        undelivered,
    )


def deliverable(
    net: dict[str, np.ndarray], missing: np.ndarray, limit: np.ndarray | float
) -> dict[str, np.ndarray]:
    """VPP -> between what its net trade must lie in steps that could not be delivered `(2, steps)`.

    Who sells there goes on selling, as much as its buyers' ties carry; and so for who buys. Without
    limits in the other steps.
    """
    received = np.array(list(net.values()))
    buyers = (received > 0).sum(axis=0)
    sellers = (received < 0).sum(axis=0)
    failed = missing > 0
    limits = {}
    for name, own in net.items():
        low = np.where(own < 0, -limit * buyers, 0.0)
        high = np.where(own > 0, limit * sellers, 0.0)
        ends = [np.where(failed, low, -np.inf), np.where(failed, high, np.inf)]
        limits[name] = np.array(ends)
    return limits


def in_words(gap: float) -> str:
    """Whether the exchange's optimum is the pair form's."""
    if gap > SAME_COST:
        return "pair limits bind: the exchange is a lower bound here"
    return "all of the exchange's optimum can be delivered: pair form and exchange form agree"


def tie_of(case: Case) -> Tie:
    """The tie of a case. Raises WrongInput without one or with a single VPP."""
    if case.tie is None or len(case.vpps) < 2:
        raise WrongInput(
            f"case {case.name}: cooperation needs two VPPs or more "
            "and a 'tie' component in units.csv"
        )
    return case.tie


def edges_of(case: Case, graph: nx.Graph) -> list[Edge]:
    """The edges of a graph of the VPPs of a case.

    Raises WrongInput for other nodes, a loop, or a limit or fee that is no number of 0 or more.
    """
    tie = tie_of(case)
    strangers = [str(node) for node in graph.nodes if node not in case.names]
    if strangers:
        raise WrongInput(f"graph: found {strangers[0]!r}; allowed: {', '.join(case.names)}")
    if not graph.number_of_edges():
        raise WrongInput("graph: found no edge; allowed: one or more")
    edges = []
    for one, other, given in graph.edges(data=True):
        limit = given.get("limit", tie.limit)
        fee = given.get("fee", tie.crossing_fee)
        if one == other:
            raise WrongInput(f"graph: found an edge from {one} to itself; allowed: two VPPs")
        if not (np.min(limit) >= 0 and 0 <= fee < np.inf):
            raise WrongInput(
                f"graph, edge {one} to {other}: found limit {limit} kW and fee {fee} yuan/kWh; "
                "allowed: numbers of 0 or more"
            )
        edges.append(Edge(one, other, limit, float(fee)))
    return edges


def without_fee(case: Case, edges: list[Edge]) -> Case:
    """The case as the VPPs see it when fees and limits belong to edges."""
    most = sum(np.max(edge.limit) for edge in edges)
    return case.change_tie(crossing_fee=0.0, limit=most)


def fees_of(case: Case, edges: list[Edge], flows: ByPair) -> dict[str, float]:
    """VPP -> the fees that it pays for what passes its edges, yuan."""
    fees = dict.fromkeys(case.names, 0.0)
    for edge in edges:
        passed = float(np.abs(flows[edge.one, edge.other]).sum())
        for name in (edge.one, edge.other):
            fees[name] += case.vpps[0].step_hours * edge.fee * passed
    return fees


def with_fees(
    dispatches: dict[str, DispatchResult], fees: dict[str, float]
) -> dict[str, DispatchResult]:
    """The schedules with the fees of edges among their costs."""
    paid = {}
    for name, schedule in dispatches.items():
        costs = schedule.costs
        if fees[name]:
            costs = costs.add(pd.Series({"crossing fee": fees[name]}), fill_value=0.0)
        paid[name] = replace(schedule, cost=schedule.cost + fees[name], costs=costs)
    return paid


def zeros_of(net: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """No trade for anybody."""
    return {name: np.zeros_like(own) for name, own in net.items()}


def with_net_trade(case: Case, name: str, net: np.ndarray, fee: float) -> DispatchResult:
    """A VPP's cheapest schedule with a given net trade (kW) and fee (yuan/kWh); stores exact.

    Its trade is one with the `Exchange`: a schedule with a column for each partner would be as
    long as the fleet.
    """
    joined = Exchange(limit=np.inf, crossing_fee=fee)
    model = build(case.vpp(name).adding(joined))
    rows = [*model.constraints, model.parts[joined.name].trade[:, 0] == net]
    solved = solve_exclusively([model], model.cost, rows, name=f"{name} with its net trade")
    return read(model, solved)
