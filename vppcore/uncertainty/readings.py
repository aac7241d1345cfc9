"""Two other readings of cooperation under uncertainty, in which the day is known when VPPs trade.

kW, yuan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.cooperation.result import both_ways
from vppcore.uncertainty.adversary import Adversary
from vppcore.uncertainty.emergency import knowing_prices
from vppcore.uncertainty.promises import Master, trades_of
from vppcore.uncertainty.recourse import SAME_COST, Reaction, Recourse
from vppcore.uncertainty.result import RobustResult, WorstCase
from vppcore.uncertainty.search import Clock
from vppcore.uncertainty.settings import Uncertainty
from vppcore.uncertainty.worst_day import worst_case


@dataclass(frozen=True, eq=False)
class KnownDays:
    """Cooperation on days that all know.

    lower: yuan, no trades cost less. trades: kW, as in CoalitionResult.
    reactions: VPP -> its schedule on its day with these trades.
    """

    lower: float
    trades: pd.DataFrame
    reactions: dict[str, Reaction]
    recourses: dict[str, Recourse]

    @property
    def costs(self) -> pd.Series:
        """Yuan by VPP, payments left out."""
        costs = {name: reaction.cost for name, reaction in self.reactions.items()}
        return pd.Series(costs, name="yuan")

    @property
    def turnover(self) -> float:
        """All money that changes hands on the forecast day, yuan."""
        return sum(recourse.turnover for recourse in self.recourses.values())

    def energy(self, word: str) -> pd.Series:
        """Energy that is "shed" or "dumped", kWh by (vpp, carrier)."""
        energies = []
        for name, reaction in self.reactions.items():
            energies.append(self.recourses[name].emergency_energy(reaction.x, word))
        return pd.concat(energies)

    def result(
        self, reading: str, cost: float, worst: dict[str, WorstCase], clock: Clock
    ) -> RobustResult:
        """As a result of one iteration."""
        bounds = pd.DataFrame({"lower": [self.lower], "upper": [cost]})
        bounds.index = pd.RangeIndex(1, 2, name="iteration")
        return RobustResult(
            reading=reading,
            cost=cost,
            costs=self.costs,
            trades=self.trades,
            worst=worst,
            bounds=bounds,
            seconds=clock.seconds,
            shed=self.energy("shed"),
            dumped=self.energy("dumped"),
            turnover=self.turnover,
        )


def cooperate_on(
    case: Case, uncertainty: Uncertainty, days: dict[str, np.ndarray], exclusive: bool = False
) -> KnownDays:
    """The best trades if each VPP's day is known: VPP -> z.

    exclusive: binaries for exclusive flows from the start; else only if overlaps would cost less.
    """
    members = knowing_prices(case.connected())
    recourses = {vpp.name: Recourse(vpp, uncertainty) for vpp in members}
    master = Master(case, recourses, exclusive)
    for name, z in days.items():
        master.add(name, z)
    lower, pair_trades = master.cheapest()
    trades = both_ways(pair_trades, case)
    reactions = {}
    for name, recourse in recourses.items():
        q = recourse.flat(trades_of(trades, case, name))
        reactions[name] = recourse.exact(days[name], q)
    known = KnownDays(lower, trades, reactions, recourses)
    hidden = float(known.costs.sum()) - lower
    stake = sum(recourse.stake(lower) for recourse in recourses.values())
    chord_error = sum(recourse.chord_error for recourse in recourses.values())
    if exclusive or hidden <= 10 * SAME_COST * stake + chord_error:
        return known
    return cooperate_on(case, uncertainty, days, exclusive=True)


def own_worst_case_first(
    case: Case, uncertainty: Uncertainty, solver: str, clock: Clock
) -> RobustResult:
    """Each VPP's worst day alone is taken as given, then the VPPs cooperate on these days."""
    case.connected()  # refuses a case whose VPPs cannot trade
    worst = {}
    for vpp in case.vpps:
        # of several worst days always the same one: what cooperation costs then depends on which
        worst[vpp.name] = worst_case(vpp, uncertainty, solver, True, time_limit=clock.left)
    days = {name: flat_hits(day.hits) for name, day in worst.items()}
    known = cooperate_on(case, uncertainty, days)
    return known.result("own worst case first", float(known.costs.sum()), worst, clock)


def joint_worst_case(
    case: Case, uncertainty: Uncertainty, solver: str, clock: Clock
) -> RobustResult:
    """The worst day of the whole cluster, to which all VPPs react together."""
    recourse = Recourse(knowing_prices(case.connected()), uncertainty)
    found = Adversary(recourse).answer(solver=solver, time_limit=clock.left)
    pieces = recourse.unflatten(flat_hits(found.hits))
    days = {}
    for vpp in case.vpps:
        own = [z for (name, _), z in pieces.items() if name == vpp.name]
        days[vpp.name] = np.concatenate([*own, []])
    known = cooperate_on(case, uncertainty, days)
    return known.result("joint worst case", found.guarantee, {"cluster": found}, clock)


def flat_hits(hits: pd.DataFrame) -> np.ndarray:
    """A table of hits as a vector z."""
    return hits.to_numpy(float).T.ravel()
