"""What a VPP's own schedule says about its satisfaction coefficient.

A buyer can use more than its deficit where it has called load: it gives it back. The compensation
that it saves falls as it does so, by 2 a for each kW (`ControllableLoad`, cost a P^2). If the last
kWh of the deficit is worth the tariff g, further ones are worth g - 2 a (x - D), which is a
quadratic satisfaction with lambda = g + 2 a D. Nothing is chosen for the game then. kW, yuan/kWh.
"""

from __future__ import annotations

import numpy as np

from vppcore.components import ControllableLoad
from vppcore.market import noise_of, positions, terms_of
from vppcore.schedule import DispatchResult
from vppcore.vpp import VPP


def called_load_coefficient(vpp: VPP, result: DispatchResult) -> np.ndarray:
    """The satisfaction coefficient that a VPP's called load implies, by step, `(steps,)`.

    1 + 2 a D/g; nan in steps without a deficit or without called load, and where the compensation
    does not rise. With several called loads their falls count as one curve: 1/a adds up.
    result: the VPP's schedule without trade.
    Raises WrongInput for a VPP without a grid and a power_market.
    """
    tariff = np.asarray(terms_of(vpp).grid.buy_price, float)
    deficit = positions(vpp, result)["deficit"].to_numpy()
    looseness = np.zeros(vpp.steps)  # sum of 1/a over the loads that are called
    for load in vpp.of(ControllableLoad):
        is_called = result.series[load.name, "called"].to_numpy() > noise_of(result)
        if load.cost_quadratic > 0:
            looseness = looseness + is_called / load.cost_quadratic
    says_something = (looseness > 0) & (deficit > noise_of(result)) & (tariff > 0)
    coefficient = np.full(vpp.steps, np.nan)
    steepness = 2 * deficit[says_something] / looseness[says_something]
    coefficient[says_something] = 1 + steepness / tariff[says_something]
    return coefficient
