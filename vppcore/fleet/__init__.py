"""Thousands of VPPs: drawn with a seed, traded on one exchange, solved with both bounds.

    fleet(1000, seed=1)              a `Case` of 1,000 plausible VPPs          generator.py
    drawn(100_000, seed=1)           the same, `Fleet`, no VPP built yet
    batches_of_fleet(drawn(1000))    its VPPs side by side as arrays, `Batch`  batches.py
    batches_of(case)                 the same of any case
    pooled(batches)                  all of them in one `Program`              pooled.py
    pool_by_exchange(case, graph)    P1 with one net trade a VPP               exchange.py
    split(net, limit)                net trades split into deliveries          splitting.py

A `Batch` is what everything here works on: VPPs of one type, with one matrix and a column of
numbers each. `batch.trade @ x` is the net trade, kW `(steps, VPPs)`, positive where a VPP receives.
Prices are what a VPP pays for what it receives.

How price-Newton talks to groups of VPPs (`group.py`, in the making; this is what a cluster or an
ADMM may build on). A `Group` holds a batch and its state; what travels is small, and sums over
groups are all that the coordinator needs, T being the steps:

    group.answer(step)        -> Answer(slope (T, T), right (T,), totals)   once a round: the group
                                 moves by the last step's lengths, and tells the slope of its net
                                 trade, its right side, and scalars: cost, lower bound, residuals
    group.predict(change)     -> Lengths: how far it may go if prices change so (T,)
    group.correct(centre)     -> right (T,): after Mehrotra's second-order correction
    group.direct(change)      -> Lengths: how far it may go with the final change of prices

The coordinator solves  sum(slope) @ change = sum(right)  and sets common lengths. Everything else,
costs, limits, schedules, stays in the group.
"""

from vppcore.fleet.batches import Batch, batches_of, batches_of_fleet
from vppcore.fleet.exchange import ExchangeResult, pool_by_exchange
from vppcore.fleet.generator import Fleet, Spread, drawn, fleet
from vppcore.fleet.pooled import Edge, Pooled, pooled
from vppcore.fleet.splitting import split

__all__ = [
    "Batch",
    "Edge",
    "ExchangeResult",
    "Fleet",
    "Pooled",
    "Spread",
    "batches_of",
    "batches_of_fleet",
    "drawn",
    "fleet",
    "pool_by_exchange",
    "pooled",
    "split",
]
