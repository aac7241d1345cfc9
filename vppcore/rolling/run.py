"""Days in a row: what agreed trades are worth when the day comes.

Each day is planned for more hours than are kept, from forecasts. The trades that were agreed on are
kept, whatever comes; each member does what is best for it then, and carries its state to the next
day. kW, kWh, yuan; tables have a row per step of the case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from vppcore.case import Case
from vppcore.components import Tie
from vppcore.cooperation.joint import pool
from vppcore.cooperation.negotiation import cooperate
from vppcore.errors import NotSolved
from vppcore.exclusive import solve_exclusively
from vppcore.infeasible import explained
from vppcore.rolling.balancing import Balanced, balance, exchange_of
from vppcore.rolling.forecasts import Forecasts, GivenSeries
from vppcore.rolling.promises import Agreed, Promises, agreed_by, promised, with_agreed
from vppcore.rolling.settings import Rolling, Stretch, stretches
from vppcore.rolling.state import (
    Carried,
    begun,
    check_carried,
    left_by,
    pinned,
    plant_rows,
    with_chosen_start,
    with_peaks_of_the_run,
)
from vppcore.schedule import DispatchResult, dispatch, read
from vppcore.standalone import alone
from vppcore.vpp import VPP, build


@dataclass(frozen=True, eq=False)
class RollingResult:
    """What days in a row cost, planned and as they came; numbers only.

    days: yuan, a row for each (day, member), with columns
        planned: own cost of the planned day; paid: for the agreed trades at their marginal value,
        negative where received, adds up to zero; realised: own cost of the day as it came, trades
        kept, what deviates taken by the own grid; spared: what of this the others take; fees: for
        that; settled: what is paid for it, adds up to zero; cost: of all this; deviation: cost less
        planned and paid; alone planned, alone: the same day of a member that trades with nobody.
    trades: agreed, kW, columns (i, j), positive where i receives from j.
    balanced: what passed beyond that since the day came otherwise, kW, columns (i, j).
    series: member -> its schedule as it came, columns (component, series).
    deviations: what each member drew from its grid more than planned, kW, a column each.
    foresight: yuan by member with all days known at the start, one plan for all, trades not paid.
    foresight_alone: the same of each alone.
    """

    days: pd.DataFrame
    trades: pd.DataFrame
    balanced: pd.DataFrame
    series: dict[str, pd.DataFrame]
    deviations: pd.DataFrame
    foresight: pd.Series
    foresight_alone: pd.Series

    @property
    def cost(self) -> float:
        """Of all members and days, as they came, yuan."""
        return float(self.days["cost"].sum())

    @property
    def costs(self) -> pd.Series:
        """Of each member over all days, as they came, payments included; yuan."""
        return self.days["cost"].groupby("vpp", sort=False).sum()

    def settled_by_the_grids(self) -> RollingResult:
        """The same days with `settlement="tariff"`: each member's grid takes what deviates.

        Who settles changes no schedule, so nothing is solved again.
        """
        days = self.days.assign(spared=0.0, fees=0.0, settled=0.0)
        days["cost"] = days["realised"] + days["paid"]
        days["deviation"] = days["realised"] - days["planned"]
        return replace(self, days=days, balanced=0.0 * self.balanced)

    def worth(self) -> pd.Series:
        """What trade saves over all days, yuan: as planned, as it came, and with foresight.

        The last compares two optima over all days that nobody could have planned.
        """
        sums = self.days.sum()
        foreseen = float(self.foresight_alone.sum() - self.foresight.sum())
        return pd.Series(
            {
                "planned": sums["alone planned"] - sums["planned"],
                "as it came": sums["alone"] - sums["cost"],
                "with foresight": foreseen,
            },
            name="yuan",
        )


def roll(
    case: Case,
    plan_hours: float = 36.0,
    keep_hours: float = 24.0,
    forecasts: str | GivenSeries = "perfect",
    trading: str | Promises = "pool",
    settlement: str = "members",
    price_share: float = 0.5,
    solver: str = "auto",
) -> RollingResult:
    """The members of a case day after day, together and each alone.

    plan_hours, keep_hours, settlement, price_share: see `Rolling`.
    trading: as in `Rolling`, or a rule of one's own: a function that is given the case of each plan
        and returns its trades, kW, columns (i, j) as in CoalitionResult; robust trades, say.
    forecasts: see `Forecasts`; with "persistence" the first day is only looked back at.
    solver: "auto" or one of `solvers.SOLVERS`.

    A day as it came is the best that each member can do with its trades kept, the whole day known
    and forecasts for the hours behind it: less than it would pay if it had to react hour by hour.
    Stored energy, powers before ramps, on and off go on; stores end each plan as full as the case
    says. What is balanced changes no
    emission of purchases and no peak.
    Raises WrongInput for wrong arguments and for what a day cannot be cut from the next for
    (`state.check_carried`); NotSolved if a member has no schedule, as one without a grid whose
    trades were promised from sun that did not shine.

    >>> from vppcore import load_case
    >>> run = roll(load_case("template"))
    >>> foreseen = float(run.foresight.sum())
    >>> round(run.cost, 2), round(foreseen, 2)  # one day, and known: the joint optimum
    (101.12, 101.12)
    """
    named = trading if isinstance(trading, str) else "pool"
    rolling = Rolling(plan_hours, keep_hours, named, settlement, price_share)
    expected = Forecasts(case, forecasts)
    plans = list(stretches(case, rolling, expected.first))
    check_carried(case, plans)
    case = with_peaks_of_the_run(case, plans)
    expected = Forecasts(case, forecasts)
    promises = None if isinstance(trading, str) else trading
    together = DaysTogether(case, rolling, expected, solver, promises)
    apart = DaysApart(case, expected, solver)
    for stretch in plans:
        together.go(stretch)
        apart.go(stretch)
    whole = case.window(expected.first, case.vpps[0].steps - expected.first + 1)
    days = together.table().join(apart.table())
    alone_costs = {name: schedule.cost for name, schedule in alone(whole, solver).items()}
    return RollingResult(
        days=days,
        trades=pd.concat(together.trades),
        balanced=pd.concat(together.balanced).fillna(0.0),
        series={name: pd.concat(parts) for name, parts in together.series.items()},
        deviations=pd.concat(together.deviations),
        foresight=pool(whole, solver).costs,
        foresight_alone=pd.Series(alone_costs, name="yuan"),
    )


# --- one member's day -----------------------------------------------------------------------------
def kept_part(schedule: DispatchResult, kept: VPP, solver: str) -> DispatchResult:
    """The first steps of a schedule as a schedule of their own, with their cost.

    kept: the VPP in these steps alone. Stores and plants end as the longer schedule has them.
    """
    same_parts = {part.name for part in kept.components} == set(schedule.kinds)
    if kept.steps == len(schedule.series) and same_parts:
        return schedule
    kept = pinned(kept, schedule.series)
    model = build(kept)
    rows = [*model.constraints, *plant_rows(model, schedule.series)]
    try:
        solved = solve_exclusively([model], model.cost, rows, solver, "auto", kept.name)
    except NotSolved as refused:
        raise explained(kept, refused) from refused
    return read(model, solved)


class MemberDays:
    """One member that goes from day to day and carries its state along.

    vpp: in all steps of the case. expected: of all members. kept: it in the steps that are kept of
    its last plan.
    """

    kept: VPP

    def __init__(self, vpp: VPP, expected: Forecasts, solver: str):
        self.vpp = vpp
        self.expected = expected
        self.solver = solver
        self.state: Carried = {}

    def plan(self, stretch: Stretch) -> VPP:
        """The VPP as it is expected to be, as the day before left it."""
        return begun(self.expected.expected(self.vpp, stretch), self.state)

    def planned(
        self, stretch: Stretch, schedule: DispatchResult, received: pd.DataFrame | None = None
    ) -> DispatchResult:
        """What of a plan is kept, and what it would cost."""
        self.kept = with_chosen_start(self.plan(stretch), schedule.series).window(1, stretch.keep)
        agreed = with_agreed(self.kept, received, self.tie(received))
        return kept_part(schedule, agreed, self.solver)

    def come(
        self, stretch: Stretch, planned: DispatchResult, received: pd.DataFrame | None = None
    ) -> DispatchResult:
        """The day as it comes, with what was agreed on; its end is where the next day begins.

        planned: what of the plan is kept, which is done as planned if all comes as expected.
        """
        if self.expected.come_true(self.vpp, stretch):
            self.state = left_by(self.kept, planned.series)
            return planned
        coming = self.expected.expected(self.vpp, stretch, stretch.keep)
        coming = begun(coming, self.state)
        schedule = dispatch(with_agreed(coming, received, self.tie(received)), self.solver)
        kept = with_chosen_start(coming, schedule.series).window(1, stretch.keep)
        came = kept_part(schedule, with_agreed(kept, received, self.tie(received)), self.solver)
        self.state = left_by(kept, came.series)
        return came

    def tie(self, received: pd.DataFrame | None) -> Tie | None:
        """The tie of the case, where trades were agreed on."""
        return None if received is None else self.expected.case.tie


# --- all members ----------------------------------------------------------------------------------
class DaysApart:
    """The members of a case day after day, each alone; notes their costs, yuan."""

    def __init__(self, case: Case, expected: Forecasts, solver: str):
        self.members = {vpp.name: MemberDays(vpp, expected, solver) for vpp in case.vpps}
        self.rows: list[dict] = []

    def go(self, stretch: Stretch) -> None:
        """Plans a day and lets it come."""
        for name, member in self.members.items():
            try:
                schedule = dispatch(member.plan(stretch), member.solver)
                planned = member.planned(stretch, schedule)
                came = member.come(stretch, planned)
            except NotSolved as refused:
                raise on_day(stretch, refused, "alone") from refused
            row = {"day": stretch.day, "vpp": name}
            self.rows.append(row | {"alone planned": planned.cost, "alone": came.cost})

    def table(self) -> pd.DataFrame:
        """Costs, a row for each (day, member)."""
        return pd.DataFrame(self.rows).set_index(["day", "vpp"])


class DaysTogether:
    """The members of a case day after day with trades that are agreed on; notes what happens.

    promises: a rule for trades in place of `rolling.trading`.
    """

    def __init__(
        self,
        case: Case,
        rolling: Rolling,
        expected: Forecasts,
        solver: str,
        promises: Promises | None = None,
    ):
        self.promises = promises
        self.case = case
        self.rolling = rolling
        self.solver = solver
        self.members = {vpp.name: MemberDays(vpp, expected, solver) for vpp in case.vpps}
        self.rows: list[dict] = []
        self.trades: list[pd.DataFrame] = []
        self.balanced: list[pd.DataFrame] = []
        self.deviations: list[pd.DataFrame] = []
        self.series: dict[str, list[pd.DataFrame]] = {name: [] for name in case.names}

    def go(self, stretch: Stretch) -> None:
        """Agrees on a day's trades and lets the day come."""
        try:
            agreed = self.agree(stretch)
            planned = {}
            came = {}
            for name, member in self.members.items():
                received = agreed.trades[name]
                planned[name] = member.planned(stretch, agreed.dispatches[name], received)
                came[name] = member.come(stretch, planned[name], received)
        except NotSolved as refused:
            raise on_day(stretch, refused, "with the agreed trades") from refused
        balanced = self.balance(stretch, planned, came, agreed.trades)
        paid = payments(agreed, stretch, self.case.vpps[0].step_hours)
        self.note_costs(stretch, planned, came, paid, balanced)
        self.note_flows(stretch, planned, came, agreed.trades, balanced)

    def agree(self, stretch: Stretch) -> Agreed:
        """The trades of a plan, with what is expected."""
        vpps = tuple(member.plan(stretch) for member in self.members.values())
        case = replace(self.case.window(stretch.first, stretch.plan), vpps=vpps)
        if self.promises is not None:
            return promised(case, self.promises, self.solver)
        if self.rolling.trading == "cooperate":
            return agreed_by(cooperate(case, solver=self.solver))
        return agreed_by(pool(case, self.solver))

    def balance(
        self,
        stretch: Stretch,
        planned: dict[str, DispatchResult],
        came: dict[str, DispatchResult],
        trades: pd.DataFrame,
    ) -> Balanced:
        """What deviates, among the members; nothing where the grids take it."""
        exchanges = {}
        if self.rolling.settlement == "members":
            for name, member in self.members.items():
                vpp = member.vpp.window(stretch.first, stretch.keep)
                one = exchange_of(vpp, came[name].series, planned[name].series)
                if one is not None:
                    exchanges[name] = one
        tie = self.case.tie
        if tie is None:
            return Balanced({}, {}, {}, {})
        cut = tie.window(stretch.first, stretch.keep)
        hours = self.case.vpps[0].step_hours
        return balance(exchanges, trades[: stretch.keep], cut, self.rolling.price_share, hours)

    def note_costs(
        self,
        stretch: Stretch,
        planned: dict[str, DispatchResult],
        came: dict[str, DispatchResult],
        paid: dict[str, float],
        balanced: Balanced,
    ) -> None:
        """Adds a row for each member."""
        for name in self.members:
            row = {
                "planned": planned[name].cost,
                "paid": paid[name],
                "realised": came[name].cost,
                "spared": balanced.spared.get(name, 0.0),
                "fees": balanced.fees.get(name, 0.0),
                "settled": balanced.settled.get(name, 0.0),
            }
            own = row["realised"] - row["spared"] + row["fees"]
            row["cost"] = own + row["paid"] + row["settled"]
            row["deviation"] = row["cost"] - row["planned"] - row["paid"]
            self.rows.append({"day": stretch.day, "vpp": name} | row)

    def note_flows(
        self,
        stretch: Stretch,
        planned: dict[str, DispatchResult],
        came: dict[str, DispatchResult],
        trades: pd.DataFrame,
        balanced: Balanced,
    ) -> None:
        """Adds what flowed, with the steps of the case."""
        steps = pd.RangeIndex(stretch.first, stretch.first + stretch.keep, name="step")
        self.trades.append(trades[: stretch.keep].set_index(steps))
        flows = pd.DataFrame(0.0, steps, trades.columns)
        for pair, flow in balanced.flows.items():
            flows[pair] += flow
            flows[pair[::-1]] -= flow
        self.balanced.append(flows)
        more = {}
        for name in self.members:
            self.series[name].append(came[name].series.set_index(steps))
            more[name] = (from_grids(came[name]) - from_grids(planned[name])).to_numpy()
        self.deviations.append(pd.DataFrame(more, steps))

    def table(self) -> pd.DataFrame:
        """Costs, a row for each (day, member)."""
        return pd.DataFrame(self.rows).set_index(["day", "vpp"])


def payments(agreed: Agreed, stretch: Stretch, step_hours: float) -> dict[str, float]:
    """What each member pays for the agreed trades of a kept day, each at its value to both sides.

    Yuan, negative for what is received. A pair without a multiplier pays nothing.
    """
    paid = dict.fromkeys(agreed.dispatches, 0.0)
    for i, j in agreed.multipliers:
        value = agreed.multipliers[i, j].to_numpy()[: stretch.keep]
        energy = step_hours * agreed.trades[i, j].to_numpy()[: stretch.keep]
        paid[i] += float(value @ energy)
        paid[j] -= float(value @ energy)
    return paid


def from_grids(schedule: DispatchResult) -> pd.Series:
    """What a schedule draws from its grids, kW by step: purchase less sale."""
    flows = schedule.balances["electricity"][schedule.with_role("grid")]
    return flows.sum(axis=1)


def on_day(stretch: Stretch, refused: NotSolved, how: str) -> NotSolved:
    """The same refusal, with the day and the steps that it is about."""
    last = stretch.first + stretch.plan - 1
    where = f"day {stretch.day} (steps {stretch.first} to {last}), {how}"
    return NotSolved(f"{where}: {refused}", refused.status)
