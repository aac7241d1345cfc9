"""Price-Newton on a feeder: net trades that the lines can carry, with both bounds.

VPPs on the buses of a feeder are tied together by more than the exchange: the squared voltage of a
bus falls with what all of them withdraw (`grid/placement.py`, LinDistFlow), and must keep its
limits. With w the net withdrawals, f the squared voltage that is lost per kW, and d the room that
is left, a row for each bus and step says

    sum of f w + d = 0,    what is allowed less than the voltage without VPPs <= d <= more

so the limits are one more member of the fleet, who owns d and pays nothing. All rows that tie
members together form the border of `price_newton.py`: T rows of the exchange, and a row for each
bus and step. A VPP need not know them. It answers two prices a step, of what it receives and of
what it withdraws where it stands; `Located` translates. kW, yuan; squared voltages per unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from vppcore.case import Case
from vppcore.errors import WrongInput
from vppcore.fleet.batches import Batch, exchange_of, side_by_side
from vppcore.fleet.group import Answer, Group, Lengths, Totals
from vppcore.fleet.price_newton import Accuracy, FleetResult, Together, groups_of, price_newton
from vppcore.grid.placement import Placement
from vppcore.vpp import VPP


@dataclass(frozen=True, eq=False)
class Delivered:
    """The joint optimum of VPPs on a feeder, all voltages within their limits, stores relaxed.

    result: both bounds, rounds and history; its `prices` are those of the whole border.
    prices: of the exchange, yuan/kWh `(steps,)`.
    voltages: of the linear model, per unit, a row per step, a column per bus.
    withdrawn: net withdrawals, kW, a row per step, a column per VPP on the feeder.
    """

    result: FleetResult
    prices: np.ndarray
    voltages: pd.DataFrame
    withdrawn: pd.DataFrame


class Located:
    """A group whose few prices follow from those of a larger border.

    group: what answers. rows: `(border, own prices)`, sparse: own prices are rows' @ those of the
    border, and what the group receives counts in the border as rows @ what it receives.
    """

    def __init__(self, group: Group, rows: sparse.csr_matrix):
        self.group = group
        self._rows = rows
        self._own = rows.T.tocsr()

    @property
    def steps(self) -> int:
        """Rows of the border, which take the place of steps."""
        return self._rows.shape[0]

    @property
    def step_hours(self) -> float:
        """Length of a step, h."""
        return self.group.step_hours

    def answer(self, prices: np.ndarray) -> Answer:
        """See `Group`."""
        return self._in_border(self.group.answer(self._own @ prices))

    def predict(self, change: np.ndarray) -> Lengths:
        """See `Group`."""
        return self.group.predict(self._own @ change)

    def correct(self, centre: float) -> np.ndarray:
        """See `Group`."""
        return self._rows @ self.group.correct(centre)

    def centre(self, centre: float, primal: float, dual: float) -> np.ndarray:
        """See `Group`."""
        return self._rows @ self.group.centre(centre, primal, dual)

    def direct(self, change: np.ndarray) -> Lengths:
        """See `Group`."""
        return self.group.direct(self._own @ change)

    def go_back(self) -> None:
        """See `Group`."""
        self.group.go_back()

    def move(self, primal: float, dual: float) -> None:
        """See `Group`."""
        self.group.move(primal, dual)

    def repair(self) -> Answer:
        """See `Group`."""
        return self._in_border(self.group.repair())

    def settle(self, change: np.ndarray) -> Totals:
        """See `Group`."""
        totals = self.group.settle(self._own @ change)
        return totals._replace(net=self._rows @ totals.net)

    def running_both_ways(self) -> dict[str, list[float]]:
        """See `Group`."""
        return self.group.running_both_ways()

    def without_schedule(self) -> list[str]:
        """See `Group`."""
        return self.group.without_schedule()

    def _in_border(self, answer: Answer) -> Answer:
        slope = self._rows @ (self._rows @ answer.slope.T).T
        totals = answer.totals._replace(net=self._rows @ answer.totals.net)
        return Answer(slope, self._rows @ answer.right, totals)


def deliver(case: Case, placement: Placement, accuracy: Accuracy | None = None) -> Delivered:
    """The cheapest net trades of a case's VPPs at which all voltages keep the placement's limits.

    case: its VPPs trade on one exchange; limits of single pairs do not count.
    placement: where VPPs stand, and what is allowed; who is not in it burdens no line.
    Raises NotSolved (infeasible, limit, inaccurate), WrongInput for VPPs that price-Newton does not
    take or a placement of somebody who is not there.

    >>> from vppcore import load_case
    >>> from vppcore.grid.feeder import load_feeder
    >>> from vppcore.grid.placement import default_placement
    >>> case = load_case("paper-a-parent")
    >>> placed = default_placement(case, load_feeder("ieee33"), low=0.95, high=1.05)
    >>> found = deliver(case, placed)
    >>> bool(found.voltages.min().min() > 0.9499), found.result.gap < 1e-7
    (True, True)
    """
    strangers = sorted(set(placement.buses) - set(case.names))
    if strangers:
        raise WrongInput(
            f"placement: found {', '.join(strangers)}; allowed: VPPs of {case.name}, which are "
            f"{', '.join(case.names)}"
        )
    on_feeder = OnFeeder(case, placement)
    result = price_newton(on_feeder.together, accuracy, name=f"{case.name} on its feeder")
    withdrawn = on_feeder.withdrawn()
    return Delivered(
        result=result,
        prices=result.prices[: on_feeder.steps],
        voltages=placement.linear_voltages(withdrawn),
        withdrawn=withdrawn,
    )


class OnFeeder:
    """The members of price-Newton on a feeder: VPPs, bus by bus, and the limits of voltages."""

    def __init__(self, case: Case, placement: Placement):
        self.case = case
        self.placement = placement
        self.steps = case.vpps[0].steps
        per_kw, _ = placement.feeder.falls()
        self._per_kw = per_kw
        # rows of voltages count in kW, as those of the exchange do
        self._kw = np.abs(per_kw).max()
        vpps = [*self._members()]
        self._vpps = [member for member in vpps if member.group.form.trade.shape[0] > self.steps]
        self.together = Together([*vpps, self._limits(vpps)])

    @property
    def _border(self) -> int:
        return self.steps * (1 + len(self.placement.feeder.buses))

    def _members(self) -> Iterable[Located]:
        """A member for each type of VPP at each bus."""
        case = self.case
        tie = exchange_of(case.tie, len(case.vpps))
        at_bus: dict[int | None, list[VPP]] = {}
        for vpp in case.vpps:
            at_bus.setdefault(self.placement.buses.get(vpp.name), []).append(vpp)
        batches: list[Batch] = []
        rows: list[sparse.csr_matrix] = []
        for bus, vpps in at_bus.items():
            found = side_by_side(vpps, tie, located=bus is not None)
            batches += found
            rows += [self._rows_of(bus)] * len(found)
        for group, of_bus in zip(groups_of(batches), rows, strict=True):
            yield Located(group, of_bus)

    def _rows_of(self, bus: int | None) -> sparse.csr_matrix:
        """What the border has of a VPP's own two prices a step, or of one where no line counts."""
        steps = self.steps
        exchange = sparse.eye(steps, self._border, format="csr").T
        if bus is None:
            return exchange.tocsr()
        share = self._per_kw[self.placement.feeder.buses.index(bus)] / self._kw
        nothing = sparse.csr_matrix((steps, steps))
        falls = sparse.kron(share[:, None], sparse.eye(steps))
        return sparse.hstack([exchange, sparse.vstack([nothing, falls])], format="csr")

    def _limits(self, vpps: list[Located]) -> Located:
        """The member that owns the room of all voltages, and pays nothing."""
        placement = self.placement
        at_rest = {name: np.zeros(self.steps) for name in placement.buses}
        without_vpps = placement.squared_voltage(at_rest, self.steps).T.ravel()
        low, high = placement.squared_limits()
        count = len(without_vpps)
        nothing = np.zeros((count, 1))
        batch = Batch(
            names=("(voltages)",),
            matrix=sparse.csr_matrix((0, count)),
            trade=sparse.eye(count, format="csr"),
            row_low=np.zeros((0, 1)),
            row_high=np.zeros((0, 1)),
            cost=nothing,
            curvature=nothing,
            column_low=(low - without_vpps)[:, None] / self._kw,
            column_high=(high - without_vpps)[:, None] / self._kw,
            constant=np.zeros(1),
            step_hours=self.case.vpps[0].step_hours,
        )
        price = np.mean([np.abs(member.group.form.cost).mean() for member in vpps])
        rows = sparse.vstack([sparse.csr_matrix((self.steps, count)), sparse.eye(count)])
        return Located(Group(batch, price=float(price) or None), rows.tocsr())

    def withdrawn(self) -> pd.DataFrame:
        """Net withdrawals at the members' points, kW, a column per VPP on the feeder."""
        columns: dict[str, np.ndarray] = {}
        for member in self._vpps:
            both = member.group.form.trade @ member.group.x
            columns |= dict(zip(member.group.names, both[self.steps :].T, strict=True))
        frame = pd.DataFrame(columns, index=pd.RangeIndex(self.steps))
        return frame[list(self.placement.buses)]
