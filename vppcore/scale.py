"""How large VPPs are, from the data they declare: what is small is a share of this.

kW, yuan/kWh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from vppcore.components import ElectricLoad, Grid
from vppcore.parameters import RULE
from vppcore.vpp import VPP


def typical_power(vpps: Sequence[VPP]) -> float:
    """The mean of the VPPs' peak loads, kW; without loads the mean of all powers they declare.

    0 for VPPs that declare no power at all.

    >>> typical_power([VPP("Home", (ElectricLoad(forecast=[3.0, 5.0]),), steps=2)])
    5.0
    """
    return float(np.mean([peak_load(vpp) for vpp in vpps])) or declared(vpps, "kW")


def typical_price(vpps: Sequence[VPP]) -> float:
    """The mean size of the grid's purchase prices, yuan/kWh; without a grid of all prices declared.

    0 for VPPs that declare no price at all.
    """
    prices = np.concatenate([tariffs(vpp) for vpp in vpps])
    mean = float(np.mean(prices)) if prices.size else 0.0
    return mean or declared(vpps, "yuan/kWh")


def tariffs(vpp: VPP) -> np.ndarray:
    """The mean size of the purchase prices of each of a VPP's grid connections, yuan/kWh."""
    return np.array([np.mean(np.abs(grid.buy_price)) for grid in vpp.of(Grid)], float)


def peak_load(vpp: VPP) -> float:
    """The largest electric load of a VPP, kW; by its size where it feeds in."""
    demands = [load.demand for load in vpp.of(ElectricLoad)]
    return float(np.abs(np.sum(demands, axis=0)).max()) if demands else 0.0


def declared(vpps: Sequence[VPP], unit: str) -> float:
    """The mean size of all numbers of this unit that the VPPs' components declare, 0 for none."""
    numbers = [number for vpp in vpps for number in numbers_of(vpp, unit)]
    return float(np.mean(numbers)) if numbers else 0.0


def numbers_of(vpp: VPP, unit: str) -> list[float]:
    """The sizes of all numbers of this unit that a VPP's components declare, without zeros."""
    numbers: list[float] = []
    for component in vpp.components:
        for field in fields(component):
            if RULE in field.metadata and field.metadata[RULE].unit == unit:
                values = np.abs(np.ravel(np.asarray(getattr(component, field.name), float)))
                numbers.extend(values[np.isfinite(values) & (values > 0)])
    return numbers
