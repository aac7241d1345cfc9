"""Which of several optimal schedules is taken, stated as a cost too small to move the optimum.

kW, yuan; arrays are (steps,).
"""

from __future__ import annotations

from collections.abc import Mapping

import cvxpy as cp
import numpy as np

from vppcore.cooperation.size import Size
from vppcore.cooperation.talks import Pair
from vppcore.solvers import value_of
from vppcore.vpp import total

# what the square of a trade costs where flat trades are preferred, as a share of the price at the
# largest trade: small enough to leave the optimum where it is (checked), large enough to be seen
FLATNESS = 1e-3
# the same beside a fee of Size.tie_break, which comes first
FLATNESS_BESIDE_FEE = 3e-5


class Preference:
    """Which of several optimal schedules is taken, stated as a cost too small to matter.

    flows: pair -> its trade, kW. size: of the case. step_hours: length of a step, h.
    least: the trade itself costs a fee of `size.tie_break` to each side.
    flattest: its square costs something.
    cost: yuan.
    """

    def __init__(
        self,
        flows: Mapping[Pair, cp.Expression],
        size: Size,
        step_hours: float,
        least: bool,
        flattest: bool,
    ):
        largest = max(float(np.abs(value_of(flow)).max()) for flow in flows.values())
        largest = float(f"{largest:.3g}")  # the same whatever solver found it
        flatness = (FLATNESS_BESIDE_FEE if least else FLATNESS) if flattest else 0.0
        self._fee = cp.Parameter(nonneg=True)
        self._square = cp.Parameter(nonneg=True)
        self._whole_fee = 2 * step_hours * size.tie_break if least else 0.0
        price = step_hours * size.price
        self._whole_square = flatness * price / max(largest, size.least_trade)
        self.cost: cp.Expression = cp.Constant(0.0)
        if least:
            traded = total(cp.sum(cp.abs(flow)) for flow in flows.values())
            self.cost = self.cost + self._fee * traded
        if flattest:
            squares = total(cp.sum_squares(flow) for flow in flows.values())
            self.cost = self.cost + self._square * squares / 2

    def scale(self, factor: float) -> None:
        """Makes the preference weaker or stronger."""
        self._fee.value = factor * self._whole_fee
        self._square.value = factor * self._whole_square
