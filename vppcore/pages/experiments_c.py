"""What the pages beyond the papers solve to compare: step lengths, placements on a feeder."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from vppcore.case import Case
from vppcore.components import ElectricLoad, Renewable
from vppcore.cooperation.delivery import Delivery, within_limits
from vppcore.cooperation.joint import pool
from vppcore.cooperation.ranges import OptimalSchedules
from vppcore.errors import NotSolved, WrongInput
from vppcore.grid.feeder import Feeder, load_feeder
from vppcore.grid.measured import measured_power, spread
from vppcore.grid.placement import (
    Operator,
    Placement,
    default_placement,
    placement_of,
    withdrawals,
)
from vppcore.grid.power_flow import PowerFlow, power_flow, solve_flow
from vppcore.pages.colours import NAMES
from vppcore.pages.tables_c import step_length
from vppcore.places import DATA
from vppcore.schedule import DispatchResult
from vppcore.splits import Splits, splits_of
from vppcore.standalone import alone
from vppcore.vpp import VPP

# three places for three VPPs on the IEEE 33-bus feeder, which the page compares
STANDARD = {
    "ends of the laterals": "18 25 33",
    "in the middle": "6 12 28",
    "near the head": "2 19 3",
}
Schedules = Mapping[str, DispatchResult]


# --- a real week ----------------------------------------------------------------------------------
def in_quarter_hours(case: Case) -> str | None:
    """The name of the same case in steps of 15 minutes, if there is one beside it."""
    finer = f"{case.name}-15min"
    return finer if (DATA / finer / "case.yaml").is_file() else None


def profiles_of_a_day(vpp: VPP) -> dict[str, pd.Series]:
    """What a VPP's loads need and its plants can give in the first 24 hours, kW by step."""
    steps = round(24 / vpp.step_hours)
    drawn: list[ElectricLoad | Renewable] = [*vpp.of(ElectricLoad), *vpp.of(Renewable)]
    return {
        f"{NAMES.get(one.name, one.name)} (MW)": pd.Series(one.scale * one.forecast[:steps])
        for one in drawn
    }


def step_lengths(cases: list[Case], solver: str) -> pd.DataFrame:
    """Energy, peak and costs of the same case in different steps, a column each."""
    columns = {}
    for case in cases:
        columns[case.name] = step_length(case, alone(case, solver), pool(case, solver))
    return pd.DataFrame(columns)


def flows_on_own_grid(case: Case, schedules: Mapping[str, Schedules]) -> dict[str, PowerFlow]:
    """AC power flow of a case on the grid that its data come with; empty if they come with none.

    schedules: name -> VPP -> schedule; the data as they are come first.
    """
    folder = f"{case.name}/grid"
    if not (DATA / folder / "feeder.yaml").is_file():
        return {}
    grid = load_feeder(folder)
    active, reactive = measured_power(folder, case.vpps[0].steps, case.vpps[0].step_hours)
    flows = {"the data as they are": solve_flow(grid, active, reactive)}
    for name, dispatches in schedules.items():
        changed = active + spread(case, dict(dispatches), grid)
        flows[name] = solve_flow(grid, changed, reactive)
    return flows


# --- the feeder -----------------------------------------------------------------------------------
def placement_that_suits(case: Case, feeder: Feeder, buses: str | None, **terms) -> Placement:
    """The VPPs on the buses asked for.

    None: at the ends of the laterals for three VPPs on the IEEE feeder, as the page has it; for any
    other case on buses spread over the feeder.
    """
    if buses is not None:
        return placement_of(case, feeder, buses, **terms)
    if is_standard(case, feeder):
        return placement_of(case, feeder, STANDARD["ends of the laterals"], **terms)
    return default_placement(case, feeder, **terms)


def splits_within_limits(
    case: Case, placement: Placement, weights: str, solver: str = "auto", progress: bool = False
) -> tuple[Splits | None, str]:
    """The splits of a case on a feeder; None and a sentence where no schedule keeps its voltages.

    A page has more to show than its feeder, which a reader's case need not fit on.
    """
    try:
        return splits_of(case, placement, weights, solver, progress), ""
    except NotSolved as refused:
        if refused.status != "infeasible":
            raise
        where = ", ".join(f"{name} at bus {bus}" for name, bus in placement.buses.items())
        return None, f"There is no split on the feeder ({where}): {refused}."


def is_standard(case: Case, feeder: Feeder) -> bool:
    """True for three VPPs on the IEEE 33-bus feeder, for which the page has three placements."""
    return feeder.name == "ieee33" and len(case.names) == 3


def placements_to_compare(
    case: Case, feeder: Feeder, buses: str | None, **terms
) -> dict[str, Placement]:
    """The chosen placement, and for three VPPs on the IEEE feeder the page's standard ones."""
    chosen = placement_that_suits(case, feeder, buses, **terms)
    placements = {}
    if is_standard(case, feeder):
        for name, text in STANDARD.items():
            placements[name] = placement_of(case, feeder, text, **terms)
    if chosen.buses not in [placement.buses for placement in placements.values()]:
        placements["chosen"] = chosen
    return placements


def chosen_placement(
    case: Case, feeder: Feeder, buses: str | None, placements: Mapping[str, Placement], **terms
) -> tuple[str, Placement]:
    """The placement that was asked for, and its name among those that are compared."""
    chosen = placement_that_suits(case, feeder, buses, **terms)
    names = [name for name, other in placements.items() if other.buses == chosen.buses]
    return names[0], chosen


def flows_at(
    case: Case, placements: Mapping[str, Placement], schedules: Mapping[str, Schedules]
) -> dict[tuple[str, str], PowerFlow]:
    """AC power flow of several schedules at several placements, by (placement, schedules)."""
    flows = {}
    for place, placement in placements.items():
        for mode, dispatches in schedules.items():
            flows[place, mode] = power_flow(placement, withdrawals(case, dispatches))
    return flows


def operators_answer(placement: Placement, wished: pd.DataFrame) -> pd.DataFrame:
    """The withdrawals within limits that are nearest to those wished for, kW.

    wished: a row per step, a column per VPP; so is the answer.
    """
    operator = Operator(placement, [str(name) for name in wished], len(wished))
    granted = -operator.expect(wished.to_numpy(float), penalty=1.0)
    return pd.DataFrame(granted, wished.index, wished.columns)


def voltages_of_all_optima(
    case: Case, placements: Mapping[str, Placement], solver: str
) -> pd.DataFrame:
    """The lowest AC voltage of two optimal schedules, worst and best, alone and together.

    Worst and best is the lowest voltage of the linear model over all optimal schedules; see
    `OptimalSchedules`. A row per placement and way, per unit; without rows, after a printed
    sentence, for a case whose optimal schedules no linear rows hold.
    """
    rows = {}
    for mode, members in (("alone", ()), ("together", None)):
        try:
            schedules = OptimalSchedules(case, members, solver)
        except WrongInput as refused:
            print(f"no range over all optimal schedules: {refused}")
            break
        ends = schedules.exchange()
        for place, placement in placements.items():
            found = schedules.lowest_voltage(placement, ends)
            flows = {
                end: power_flow(placement, withdrawn) for end, withdrawn in found._asdict().items()
            }
            rows[place, mode] = {end: flow.voltages.min().min() for end, flow in flows.items()}
    order = [(place, mode) for place in placements for mode in ("alone", "together")]
    return pd.DataFrame({key: rows[key] for key in order if key in rows}).T


def deliveries_at(
    case: Case, placements: Mapping[str, Placement], solver: str
) -> dict[str, Delivery]:
    """The case within voltage limits at each placement; a sentence is printed where none hold."""
    deliveries = {}
    for name, placement in placements.items():
        try:
            deliveries[name] = within_limits(case, placement, solver)
        except NotSolved as impossible:
            print(f"{name}: {impossible}")
    return deliveries
