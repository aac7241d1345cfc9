"""Net trades split into deliveries of sellers to buyers, step by step.

A step's net trades add up to zero. Sellers and buyers are lined up, each with a stretch as long as
what it sells or buys; a seller delivers to a buyer what their stretches have in common. So there
are fewer deliveries than VPPs, nobody passes power on, and no more is traded than net trades need.
Where such a delivery is above the limit of a pair, the most that limits allow is delivered instead.
kW; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from vppcore.cooperation.talks import ByPair
from vppcore.warm import Program, WarmLinear, by_columns

# a share of a step's trade by which a limit may be missed and is not seen
ROUNDING = 1e-9


def split(
    net: Mapping[str, np.ndarray], limit: np.ndarray | float = np.inf
) -> tuple[ByPair, np.ndarray]:
    """Deliveries with these net trades: pair -> kW that the first receives; and what is missing.

    net: VPP -> kW received on balance `(steps,)`.
    limit: of each pair, kW, a number or `(steps,)`.
    Pairs that never trade are left out, except the first, so that there is one. What is missing,
    kW `(steps,)`, is what nobody can deliver within the limits.

    >>> net = {"A": np.array([3.0]), "B": np.array([-5.0]), "C": np.array([2.0])}
    >>> trades, missing = split(net)
    >>> {pair: kw.tolist() for pair, kw in trades.items()}, missing.tolist()
    ({('A', 'B'): [3.0], ('B', 'C'): [-2.0]}, [0.0])
    >>> trades, missing = split(net, limit=2.5)
    >>> trades["A", "B"].tolist(), missing.tolist()
    ([2.5], [0.5])
    """
    names = list(net)
    received = np.array([net[name] for name in names], float)
    steps = received.shape[1]
    limits = np.broadcast_to(limit, steps)
    trades: ByPair = {}
    missing = np.zeros(steps)
    for step in range(steps):
        sold = np.maximum(-received[:, step], 0.0)
        bought = np.maximum(received[:, step], 0.0)
        sellers, buyers, power = deliveries(sold, bought)
        if power.max(initial=0.0) > limits[step] + ROUNDING * sold.sum():
            sellers, buyers, power = most_within(sold, bought, float(limits[step]))
            missing[step] = max(0.0, min(sold.sum(), bought.sum()) - power.sum())
        for seller, buyer, kw in zip(sellers, buyers, power, strict=True):
            add(trades, names, int(seller), int(buyer), step, float(kw), steps)
    if not trades and len(names) > 1:
        trades[names[0], names[1]] = np.zeros(steps)
    return trades, missing


def add(
    trades: ByPair, names: list[str], seller: int, buyer: int, step: int, kw: float, steps: int
) -> None:
    """Enters a delivery under the pair in the order of names."""
    first, second = sorted((seller, buyer))
    trade = trades.setdefault((names[first], names[second]), np.zeros(steps))
    trade[step] += kw if buyer == first else -kw


def deliveries(sold: np.ndarray, bought: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seller, buyer and kW of each delivery; places in the given arrays `(VPPs,)`.

    >>> [part.tolist() for part in deliveries(np.array([5.0, 0.0, 1.0]), np.array([0.0, 6.0, 0.0]))]
    [[0, 2], [1, 1], [5.0, 1.0]]
    """
    if not sold.any() or not bought.any():
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    sellers = np.flatnonzero(sold)
    buyers = np.flatnonzero(bought)
    end_of_sale = np.cumsum(sold[sellers])
    end_of_purchase = np.cumsum(bought[buyers])
    total = min(end_of_sale[-1], end_of_purchase[-1])
    ends = np.unique(np.minimum(np.concatenate([end_of_sale, end_of_purchase]), total))
    power = np.diff(ends, prepend=0.0)
    middles = ends - power / 2
    seller = np.searchsorted(end_of_sale, middles)
    buyer = np.searchsorted(end_of_purchase, middles)
    return sellers[seller], buyers[buyer], power


def most_within(
    sold: np.ndarray, bought: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The most that sellers can deliver to buyers with at most `limit` kW between two of them."""
    sellers = np.flatnonzero(sold)
    buyers = np.flatnonzero(bought)
    of_sellers = sparse.kron(sparse.identity(len(sellers)), np.ones((1, len(buyers))))
    of_buyers = sparse.kron(np.ones((1, len(sellers))), sparse.identity(len(buyers)))
    pairs = len(sellers) * len(buyers)
    most = np.concatenate([sold[sellers], bought[buyers]])
    program = Program(
        quadratic=sparse.csc_matrix((pairs, pairs)),
        linear=-np.ones(pairs),
        constant=0.0,
        matrix=by_columns(sparse.vstack([of_sellers, of_buyers])),
        row_low=np.full(len(most), -np.inf),
        row_high=most,
        column_low=np.zeros(pairs),
        column_high=np.full(pairs, limit),
        whole=np.zeros(pairs, bool),
    )
    solver = WarmLinear("deliveries within pair limits")
    power = solver.solve(program).x.reshape(len(sellers), len(buyers))
    seller, buyer = np.nonzero(power)
    return sellers[seller], buyers[buyer], power[seller, buyer]
