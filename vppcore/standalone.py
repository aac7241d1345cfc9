"""What every VPP of a case does and pays when it trades with nobody: the point from which
cooperation is measured.

yuan over the horizon.
"""

from __future__ import annotations

from vppcore.case import Case
from vppcore.errors import NotSolved
from vppcore.infeasible import with_way_out
from vppcore.schedule import DispatchResult, dispatch


def alone(
    case: Case, solver: str = "auto", storage: str = "auto", flattest: bool = False
) -> dict[str, DispatchResult]:
    """The cheapest schedule of each VPP of a case without trade, by name, in the order of the case.

    solver, storage, flattest: as for `dispatch`.
    Raises WrongInput and NotSolved as `dispatch` does, for the first VPP that has no schedule; one
    without a grid is told how it could get a cost alone.

    >>> from vppcore import load_case
    >>> schedules = alone(load_case("template"))
    >>> {name: round(schedule.cost, 2) for name, schedule in schedules.items()}
    {'Home': 26.06, 'Shop': 100.5}
    """
    schedules = {}
    for vpp in case.vpps:
        try:
            schedules[vpp.name] = dispatch(vpp, solver, storage, flattest)
        except NotSolved as refused:
            raise with_way_out(vpp, refused) from refused
    return schedules
