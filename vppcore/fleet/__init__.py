"""Thousands of VPPs: drawn with a seed, traded on one exchange, solved with both bounds.

    fleet(1000, seed=1)              a `Case` of 1,000 plausible VPPs          generator.py
    drawn(100_000, seed=1)           the same, `Fleet`, no VPP built yet
    batches_of_fleet(drawn(1000))    its VPPs side by side as arrays, `Batch`  batches.py
    batches_of(case)                 the same of any case
    pooled(batches)                  all of them in one `Program`              pooled.py
    pool_by_exchange(case, graph)    P1 with one net trade a VPP               exchange.py
    split(net, limit)                net trades split into deliveries          splitting.py
    price_newton(fleet)              the joint optimum with both bounds        price_newton.py
    price_newton_on(fleet, address)  the same on several machines              cluster.py
    deliver(case, placement)         the same on a feeder, voltages kept       delivery.py
    negotiate_exchange(fleet)        the same by ADMM, with the net trades     talks.py
    what_is_told(n, steps)           what VPPs tell each other, by method      told.py
    guesses(fleet, name)             what a listener learns from it            listening.py

A `Batch` is what everything here works on: VPPs of one type, with one matrix and a column of
numbers each. `batch.trade @ x` is the net trade, kW `(steps, VPPs)`, positive where a VPP receives.
Prices are what a VPP pays for what it receives.

How price-Newton talks to VPPs (`group.py`, `price_newton.py`), for those who run groups elsewhere.
A `Group(batch)` holds a batch and its point. What travels is small, T being the steps:

    answer(prices)                 -> Answer(slope (T, T), right (T,), totals: scalars and (T,))
    predict(change of prices)      -> Lengths(primal, dual, growth (4,))
    correct(centre)                -> right (T,)
    direct(change of prices)       -> Lengths
    centre(centre, primal, dual)   -> right (T,), followed by direct, and by go_back() if no better
    move(primal, dual)
    repair() -> Answer, settle(change) -> Totals: at the end, so that equations hold to rounding

`Together(groups)` adds up what several groups answer and is asked like one; a worker holds one, the
coordinator another whose members are elsewhere (`ask` says how all are asked at once).
`price_newton(Together(...))` does the rest: `workers.py` asks processes through pipes, `cluster.py`
workers of Dask (`price_newton_on(fleet, cluster=...)` does it all). Costs, limits and schedules
stay in the groups.
"""

from vppcore.fleet.batches import Batch, batches_of, batches_of_fleet
from vppcore.fleet.cluster import price_newton_on
from vppcore.fleet.delivery import Delivered, deliver
from vppcore.fleet.exchange import ExchangeResult, pool_by_exchange
from vppcore.fleet.generator import Fleet, Spread, drawn, fleet
from vppcore.fleet.group import Answer, Group, Lengths, Totals
from vppcore.fleet.listening import Heard, guesses, heard_in_talks, unheard
from vppcore.fleet.pooled import Edge, Pooled, pooled
from vppcore.fleet.price_newton import Accuracy, FleetResult, Together, groups_of, price_newton
from vppcore.fleet.splitting import split
from vppcore.fleet.talks import ExchangeTalks, negotiate_exchange
from vppcore.fleet.told import Record, Words, numbers_of_model, what_is_told

__all__ = [
    "Accuracy",
    "Answer",
    "Batch",
    "Delivered",
    "Edge",
    "ExchangeResult",
    "ExchangeTalks",
    "Fleet",
    "FleetResult",
    "Group",
    "Heard",
    "Lengths",
    "Pooled",
    "Record",
    "Spread",
    "Together",
    "Totals",
    "Words",
    "batches_of",
    "batches_of_fleet",
    "deliver",
    "drawn",
    "fleet",
    "groups_of",
    "guesses",
    "heard_in_talks",
    "negotiate_exchange",
    "numbers_of_model",
    "pool_by_exchange",
    "pooled",
    "price_newton",
    "price_newton_on",
    "split",
    "unheard",
    "what_is_told",
]
