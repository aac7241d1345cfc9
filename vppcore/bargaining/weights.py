"""Bargaining power of each VPP, from what it supplies and receives.

kWh; weights add up to one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vppcore.bargaining.settings import WEIGHT_RULES
from vppcore.errors import WrongInput

NO_TRADE = 1e-3  # kW: an hour with less has no price


def supplied_and_received(trades: pd.DataFrame, step_hours: float = 1.0) -> pd.DataFrame:
    """Energy each VPP supplies to and receives from others, kWh over the horizon; paper A section 3.2.2."""
    names = list(dict.fromkeys(trades.columns.get_level_values(0)))
    rows = {
        n: {
            "supplied": -step_hours * trades[n].clip(upper=0).to_numpy().sum(),
            "received": step_hours * trades[n].clip(lower=0).to_numpy().sum(),
        }
        for n in names
    }
    return pd.DataFrame(rows).T


def bargaining_weights(
    trades: pd.DataFrame, rule: str = "contribution", step_hours: float = 1.0
) -> pd.Series:
    r"""Bargaining power of each VPP, adding up to one.

    "contribution" is paper A section 3.2.2: $d_i=e^{E^s_i/E^s_{max}}-e^{-E^r_i/E^r_{max}}$, $w_i=d_i/\sum d$; "energy" is
    the share in all energy traded; "equal" is Nash's symmetric solution. Without any trade all are equal.
    Raises WrongInput for an unknown rule.
    """
    if rule not in WEIGHT_RULES:
        raise WrongInput(f"weights: found {rule!r}; allowed: {', '.join(WEIGHT_RULES)}")
    energy = supplied_and_received(trades, step_hours)
    if rule == "equal" or energy.to_numpy().max() < NO_TRADE:
        power = pd.Series(1.0, energy.index)
    elif rule == "energy":
        power = energy.sum(axis=1)
    else:
        relative = energy / energy.max()
        power = np.exp(relative["supplied"]) - np.exp(-relative["received"])
    return (power / power.sum()).rename("weight")
