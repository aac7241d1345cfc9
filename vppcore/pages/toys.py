"""The small examples that chapters work out by hand, as cases that vppcore solves.

kW, yuan/kWh; an hour a step. Their numbers are those that the chapters set.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vppcore.case import Case, Description
from vppcore.components import ElectricLoad, Grid, Renewable, Tie
from vppcore.vpp import VPP


def array(*numbers: float) -> np.ndarray:
    """Numbers, one a step."""
    return np.array(numbers, float)


def case_of(*vpps: VPP) -> Case:
    """VPPs that trade without a fee and without a limit that could be felt."""
    first = vpps[0]
    told = {
        "title": "an example by hand",
        "source": "set by the chapter",
        "licence": "as the book's text",
        "currency": "yuan",
        "steps": first.steps,
        "step_hours": first.step_hours,
        "series_source": "set by the chapter",
        "series_status": "assumed",
    }
    described = Description.model_validate(told)
    unlimited = Tie(limit=1e4, crossing_fee=0.0)
    return Case("by hand", described, vpps, unlimited, pd.DataFrame(), pd.DataFrame())


def seller(name: str, spare: float, tariff: Grid) -> VPP:
    """A VPP with nothing but power to spare, kW."""
    plant = Renewable(label="pv", forecast=array(spare))
    return VPP(name, (ElectricLoad(forecast=array(0)), plant, tariff), 1)


def buyer(name: str, needed: float, tariff: Grid) -> VPP:
    """A VPP with nothing but a load, kW."""
    return VPP(name, (ElectricLoad(forecast=array(needed)), tariff), 1)


def two_at_a_table() -> Case:
    """A and C of the bargaining chapter's example, without B: one has to spare, one needs."""
    tariff = Grid(buy_price=array(0.60), sell_price=array(0.20))
    return case_of(seller("A", 300.0, tariff), buyer("C", 400.0, tariff))
