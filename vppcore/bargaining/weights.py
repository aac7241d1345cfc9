"""Bargaining power of each VPP, from what it supplies and receives.

kWh; trades in kW, positive: received; weights add up to one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vppcore.bargaining.settings import powers_in, refuse_weights

# a share of the largest trade below which a number is a solver's rounding and no trade
ROUNDING = 1e-6


def supplied_and_received(trades: pd.DataFrame, step_hours: float = 1.0) -> pd.DataFrame:
    """Energy that each VPP supplies to and receives from others; paper A section 3.2.2.

    trades: kW, a column (i, j) for each ordered pair, positive where i receives from j.
    step_hours: length of a time step, h.
    Returns a row per VPP, columns supplied and received, kWh over the horizon.

    >>> trades = pd.DataFrame({("A", "B"): [-10.0, 4.0], ("B", "A"): [10.0, -4.0]})
    >>> supplied_and_received(trades, step_hours=0.5)
       supplied  received
    A       5.0       2.0
    B       2.0       5.0
    """
    rows = {}
    for name in dict.fromkeys(trades.columns.get_level_values(0)):
        of_vpp = trades[name]
        rows[name] = {
            "supplied": -step_hours * of_vpp.clip(upper=0).to_numpy().sum(),
            "received": step_hours * of_vpp.clip(lower=0).to_numpy().sum(),
        }
    return pd.DataFrame(rows).T


def bargaining_weights(
    trades: pd.DataFrame, rule: str = "contribution", step_hours: float = 1.0
) -> pd.Series:
    r"""Bargaining power of each VPP; adds up to one, and is zero for a VPP that does not trade.

    trades: kW, a column (i, j) for each ordered pair, positive where i receives from j.
    rule: "contribution" is paper A section 3.2.2,
    $d_i=e^{E^s_i/E^s_{max}}-e^{-E^r_i/E^r_{max}}$ and $w_i=d_i/\sum d$; "energy" is the share in
    all energy traded; "equal" is Nash's symmetric solution among those who trade. A text with a
    number above 0 for each VPP, in the order of the columns, gives the power itself.
    step_hours: length of a time step, h.
    Where nobody trades all weights are equal. Raises WrongInput for an unknown rule, or for more
    or fewer numbers than VPPs.

    >>> trades = pd.DataFrame({("A", "B"): [-10.0], ("B", "A"): [10.0]})
    >>> bargaining_weights(trades).round(3).to_dict()
    {'A': 0.731, 'B': 0.269}
    >>> bargaining_weights(trades, "1 3").to_dict()
    {'A': 0.25, 'B': 0.75}
    """
    return weights_of_energy(supplied_and_received(trades, step_hours), rule)


def weights_of_energy(energy: pd.DataFrame, rule: str) -> pd.Series:
    """Bargaining power from energy alone, as `bargaining_weights` has it.

    energy: a row per VPP, columns supplied and received, kWh.
    rule: as for `bargaining_weights`; raises WrongInput for another.
    """
    refuse_weights(rule, list(energy.index))
    exchanged = energy.sum(axis=1)
    trading = exchanged > ROUNDING * exchanged.max()
    if not trading.any():
        return pd.Series(1 / len(energy), energy.index, name="weight")
    given = powers_in(rule)
    if given:
        power = pd.Series(given, energy.index)
    elif rule == "equal":
        power = pd.Series(1.0, energy.index)
    elif rule == "energy":
        power = exchanged
    else:
        relative = energy / energy.max()
        power = np.exp(relative["supplied"]) - np.exp(-relative["received"])
    power = power.where(trading, 0.0)
    return (power / power.sum()).rename("weight")
