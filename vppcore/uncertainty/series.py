"""Uncertain series: which ones a VPP follows, and what it is like on a day on which they are hit.

A day z gives for each series a number for each time step `(steps,)`: 1 is a full hit, 0 the
forecast, -1 the opposite of a hit. A hit raises a load and lowers a plant's output (paper A 2.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np

from vppcore.case import Case
from vppcore.components import Component
from vppcore.errors import WrongInput
from vppcore.uncertainty.emergency import with_emergency
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP

# The paper's series. A case need not have all of them; any other name must be one of the case.
USUAL_SERIES = ("load", "heat", "wind", "pv")


def series_name(component: Component) -> str:
    """The uncertain series that a component follows; empty if none."""
    return component.uncertain_series


def series_of_vpp(vpp: VPP) -> list[str]:
    """The series of a VPP that may be uncertain, each once, in the order of its components."""
    names = [component.uncertain_series for component in vpp.components]
    return [name for name in dict.fromkeys(names) if name]


def series_of(case: Case) -> list[str]:
    """The series of a case that may be uncertain, in the order of its VPPs."""
    names = [name for vpp in case.vpps for name in series_of_vpp(vpp)]
    return list(dict.fromkeys(names))


def uncertain_series(vpp: VPP, uncertainty: Uncertainty) -> list[str]:
    """The series of this VPP with a budget above zero, in the order of its components."""
    return [name for name in series_of_vpp(vpp) if uncertainty.budgets.get(name, 0) > 0]


def unused_budgets(vpp: VPP, uncertainty: Uncertainty) -> list[str]:
    """The series with a budget above zero that this VPP does not have."""
    there = series_of_vpp(vpp)
    return [name for name, hours in uncertainty.budgets.items() if hours > 0 and name not in there]


def check_series(case: Case, uncertainty: Uncertainty) -> None:
    """Raises WrongInput for a budget of a series that no VPP of the case has, unless it is one of
    USUAL_SERIES.
    """
    there = series_of(case)
    faults = []
    for name, hours in uncertainty.budgets.items():
        if hours > 0 and name not in (*there, *USUAL_SERIES):
            faults.append(f"series: found {name!r}; allowed in {case.name}: {', '.join(there)}")
    if faults:
        raise WrongInput(*faults)


def hit(vpp: VPP, uncertainty: Uncertainty, day: Mapping[str, Any]) -> VPP:
    """The VPP on a day: loads above and plants below their forecasts, and an emergency beside them.

    All components that follow a series are hit together, such as the electric loads of two houses.
    day: series -> z `(steps,)`, numbers or a cvxpy expression; a series left out is as forecast.

    >>> from vppcore.components import Renewable
    >>> plant = VPP("V", (Renewable(label="pv", forecast=np.array([50.0, 80.0])),), steps=2)
    >>> there = hit(plant, Uncertainty({"pv": 1}, deviation=0.5), {"pv": np.array([0, 1])})
    >>> there.component("pv").forecast.tolist()
    [50.0, 40.0]
    """
    components = []
    for component in with_emergency(vpp, uncertainty).components:
        z = day.get(component.uncertain_series)
        components.append(component if z is None else hit_component(component, uncertainty, z))
    return replace(vpp, components=tuple(components))


def hit_component(component: Any, uncertainty: Uncertainty, z: Any) -> Any:
    """A component on a day: z `(steps,)` as in `hit`."""
    share = uncertainty.deviation_of(component.uncertain_series)
    if component.role == "renewable":
        return replace(component, forecast=times(component.forecast, 1 - share * z))
    if uncertainty.limits == "actual":  # what may be moved and curtailed grows with the load
        if getattr(component, "net_metered", "no") == "yes":
            raise WrongInput(
                f"{component.name}: limits: found 'actual' for a load that is net-metered; "
                "allowed: forecast"
            )
        return replace(component, forecast=times(component.forecast, 1 + share * z))
    return replace(component, surprise=times(share * np.abs(component.demand), z))


def times(numbers: np.ndarray, z: Any) -> Any:
    """The product step by step, for numbers and for cvxpy expressions."""
    return cp.multiply(numbers, z) if isinstance(z, cp.Expression) else numbers * z
