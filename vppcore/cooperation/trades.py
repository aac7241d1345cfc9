"""What of the VPPs' trades is real: noise below the resolution and power sent in circles go.

kW; a trade p_ij is positive when i receives from j; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.cooperation.talks import ByPair, Pair
from vppcore.solvers import solve, value_of

# a share of the largest load or trade below which a solver's answer is rounding
ROUNDING = 1e-6
# what a squared distance counts beside the length of the way that power takes
PREFERENCE = 1e-2


def solver_resolution(trades: ByPair, load: float) -> float:
    """kW below which trades found by a solver cannot be told from zero, at loads of this size (kW).

    >>> solver_resolution({("A", "B"): np.array([0.0, -5000.0])}, load=2000.0)
    0.005
    """
    largest = max((float(np.abs(kw).max()) for kw in trades.values()), default=0.0)
    return ROUNDING * max(largest, load)


def without_noise(trades: ByPair, resolution: float) -> ByPair:
    """The trades with everything below the resolution (kW) set to zero.

    >>> without_noise({("A", "B"): np.array([0.001, -20.0])}, resolution=0.1)
    {('A', 'B'): array([  0., -20.])}
    """
    return {pair: np.where(np.abs(kw) < resolution, 0.0, kw) for pair, kw in trades.items()}


def net_positions(trades: Mapping[Pair, Any]) -> dict[str, Any]:
    """What each VPP receives from all others in sum, kW `(steps,)`, negative: supplies.

    >>> net_positions({("A", "B"): np.array([3.0]), ("B", "C"): np.array([1.0])})
    {'A': array([3.]), 'B': array([-2.]), 'C': array([-1.])}
    """
    net: dict[str, Any] = {}
    for (i, j), kw in trades.items():
        net[i] = net.get(i, 0.0) + kw
        net[j] = net.get(j, 0.0) - kw
    return net


def circulation(trades: ByPair) -> np.ndarray:
    """Power that VPPs pass on in each step, kW `(steps,)`: traded less what net positions need.

    >>> circle = {("A", "B"): np.array([5.0]), ("A", "C"): np.array([-5.0])}
    >>> circulation(circle | {("B", "C"): np.array([3.0])})
    array([11.])
    """
    traded = sum(np.abs(kw) for kw in trades.values())
    needed = sum(np.abs(kw) for kw in net_positions(trades).values()) / 2
    return traded - needed


def without_circulation(
    trades: ByPair, limit: Any, resolution: float, flattest: bool = False
) -> ByPair:
    """The trades with the same net position of every VPP in every step and the least traded power.

    Power that a VPP receives from one and passes on to another goes from the one to the other, as
    far as the limit of the pair (kW, a number or `(steps,)`) lets it. Net positions, and with them
    all schedules, stay as they are. Of all such trades those nearest to the given ones are taken,
    or with `flattest` those with the least sum of squares. Steps without circulation (kW, below the
    resolution) are left alone.

    >>> circle = {("A", "B"): np.array([5.0]), ("A", "C"): np.array([-5.0])}
    >>> shorter = without_circulation(circle | {("B", "C"): np.array([3.0])}, 10.0, 0.01)
    >>> {pair: kw.round(3).tolist() for pair, kw in shorter.items()}
    {('A', 'B'): [0.0], ('A', 'C'): [0.0], ('B', 'C'): [-2.0]}
    """
    if len(trades) < 3:
        return dict(trades)
    steps = np.flatnonzero(circulation(trades) > resolution)
    if not steps.size:
        return dict(trades)
    given = {pair: kw[steps] for pair, kw in trades.items()}
    most = np.broadcast_to(limit, len(next(iter(trades.values()))))[steps]
    shorter = {}
    for pair, kw in least_trades(given, most, flattest).items():
        shorter[pair] = trades[pair].copy()
        shorter[pair][steps] = kw
    return without_noise(shorter, resolution)


def least_trades(trades: ByPair, limit: np.ndarray, flattest: bool) -> ByPair:
    """Trades with the same net positions and the least sum of absolute values; see above.

    One unit of circulation less counts 1; what is nearest counts so little (PREFERENCE) that it
    decides between equally short ways only.
    """
    largest = max(float(np.abs(kw).max()) for kw in trades.values())
    flows = {pair: cp.Variable(len(kw)) for pair, kw in trades.items()}
    rows = []
    objective = 0
    for pair, flow in flows.items():
        rows += [flow <= limit / largest, flow >= -limit / largest]
        wish = np.zeros(len(limit)) if flattest else trades[pair] / largest
        objective += cp.sum(cp.abs(flow)) + PREFERENCE * cp.sum_squares(flow - wish)
    wanted = net_positions(trades)
    for name, net in net_positions(flows).items():
        rows.append(net == wanted[name] / largest)
    solve(cp.Problem(cp.Minimize(objective), rows), "clarabel", "trades without circulation")
    return {pair: np.clip(largest * value_of(flow), -limit, limit) for pair, flow in flows.items()}
