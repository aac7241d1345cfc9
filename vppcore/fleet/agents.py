"""VPPs of one type that negotiate on an exchange, side by side.

In a round each VPP answers a price vector (`prices`, yuan/kW) and the mean of all net trades::

    minimise  C(x) + prices' p + penalty/2 |p - aim|^2,    p = trade x,  aim = last p - mean

over its own rows and limits (`Standard`: matrix x = right, low <= x <= high). A copy z of the flows
keeps the limits, x keeps the rows, and u adds up by how much they differ (the method of OSQP)::

    x  minimises  prices' p + penalty/2 |p - aim|^2 + own/2 |x - z + u|^2    over  matrix x = right
    z  minimises  C(z)                              + own/2 |x - z + u|^2    over  low <= z <= high
    u  grows by   x - z

The first is one system of equations whose matrix all VPPs of a type share: it is factored once for
a penalty and solved with many VPPs as right sides. The second is a formula, flow by flow, also
where costs are quadratic. z and u are kept from round to round, so a few repetitions are enough.
Arrays are (columns, VPPs); net trades (steps, VPPs), kW, positive where a VPP receives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from vppcore.fleet.batches import Batch
from vppcore.fleet.group import check_ends, sizes_of
from vppcore.fleet.standard import Standard, standard

# repetitions of a round
INNER = 10
# x is taken this far beyond z, which saves repetitions (Boyd et al. 2011, 3.4.3)
BEYOND = 1.6
# VPPs that are solved for at once: so many stay in a processor's cache
AT_ONCE = 32


class Agents:
    """The VPPs of a batch as agents.

    batch: their data, which stays here.
    Raises NotSolved (infeasible) where limits contradict each other, WrongInput for a flow that
    nothing limits.
    """

    def __init__(self, batch: Batch):
        self.form = standard(batch)
        check_ends(self.form)
        self.net = np.zeros((batch.steps, batch.count))
        self.prices = np.zeros(batch.steps)
        self._penalty = 0.0
        self._own = 0.0
        self._z = np.clip(0.0, self.form.low, self.form.high)
        self._u = np.zeros_like(self._z)
        self._trade_across = self.form.trade.T.tocsr()

    @property
    def names(self) -> tuple[str, ...]:
        """Of its VPPs."""
        return self.form.batch.names

    @property
    def steps(self) -> int:
        """Of the horizon."""
        return self.form.batch.steps

    def scales(self) -> np.ndarray:
        """What each VPP tells before the talks: its size (kW) and its price (yuan/kWh) `(2, VPPs)`.

        The size is a mean of its limits, the price a mean of its costs.
        """
        cost = np.abs(self.form.cost)
        prices = cost.sum(axis=0) / np.maximum((cost > 0).sum(axis=0), 1)
        return np.vstack([sizes_of(self.form), prices / self.form.batch.step_hours])

    def begin(self, natural: float) -> None:
        """Hears the penalty that suits all of them, yuan/kW2: the scale of a VPP's own steps."""
        self._own = natural

    def answer(self, mean: np.ndarray, penalty: float) -> np.ndarray:
        """The net trades that the VPPs want next `(steps, VPPs)`.

        mean: of all VPPs' last net trades `(steps,)`, by which each moves the prices itself.
        penalty: from now on, yuan/kW2.
        """
        self.prices = self.prices + self._penalty * mean
        if penalty != self._penalty:
            self._penalty = penalty
            self._factor = factored(self.form, penalty, self._own)
        aim = self.net - mean[:, None]
        pull = self._trade_across @ (penalty * aim - self.prices[:, None])
        for some in parts(self.form.batch.count):
            self._repeat(some, pull[:, some])
        return self.net

    def _repeat(self, some: slice, pull: np.ndarray) -> None:
        """A round of some of the VPPs."""
        form = self.form
        z, u = self._z[:, some], self._u[:, some]
        low, high = form.low[:, some], form.high[:, some]
        cost, curvature = form.cost[:, some], form.curvature[:, some]
        columns = len(z)
        right = np.vstack([pull, form.right[:, some]])
        for _ in range(INNER):
            right[:columns] = pull + self._own * (z - u)
            x = self._factor.solve(right)[:columns]
            ahead = BEYOND * x + (1 - BEYOND) * z + u
            z = np.clip((self._own * ahead - cost) / (self._own + curvature), low, high)
            u = ahead - z
        self._z[:, some], self._u[:, some] = z, u
        self.net[:, some] = form.trade @ x


def factored(form: Standard, penalty: float, own: float) -> SuperLU:
    """The factor of the equations of x and of the multipliers of its rows."""
    squares = sparse.identity(form.matrix.shape[1]) * own + penalty * (form.trade.T @ form.trade)
    system = sparse.bmat([[squares, form.matrix.T], [form.matrix, None]], format="csc")
    return splu(
        system,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )


def parts(count: int) -> Iterator[slice]:
    """VPPs that are solved for at once."""
    for first in range(0, count, AT_ONCE):
        yield slice(first, min(first + AT_ONCE, count))


def agents_of(batches: Iterable[Batch]) -> list[Agents]:
    """Agents for each batch."""
    return [Agents(batch) for batch in batches]
