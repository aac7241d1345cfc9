"""Gas turbine with heat recovery, and CHP with power-to-gas and carbon capture.

kW for power, heat and gas (gas by its calorific value), kg/h for CO2; injection is positive; arrays are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.spatial import HalfspaceIntersection

from vppcore.components.base import Component, Part, bounded, kind, minimum_above_maximum, parameter


def ramp_limits(power, ramp: float, step_hours: float) -> list:
    """|P_t - P_(t-1)| <= ramp, as constraints; none for an infinite ramp or a single step (A section 2.2.1)."""
    if not np.isfinite(ramp) or power.shape[0] < 2:
        return []
    return [cp.abs(power[1:] - power[:-1]) <= ramp * step_hours]


def operation_cost(power, quadratic: float, linear: float, fixed: float, step_hours: float):
    """CHP operation cost a P^2 + b P + c in yuan over the horizon (A 2.4-1)."""
    cost = step_hours * (linear * cp.sum(power) + fixed * power.shape[0])
    return cost + step_hours * quadratic * cp.sum_squares(power) if quadratic else cost


@kind("gas_turbine")
@dataclass(frozen=True, eq=False, kw_only=True)
class GasTurbine(Component):
    r"""Gas turbine whose waste heat is recovered, paper A (1) and section 2.2.1:

    $$P_t = \eta^e G_t,\quad H_t = \frac{1-\eta^e}{\eta^e}\eta^{rec} P_t,\quad
      P_{min}\le P_t\le P_{max},\quad |P_t-P_{t-1}|\le R$$
    with the gas $G_t$ in kW of calorific value.
    """

    power_min: float = parameter("kW", "smallest power", 0.0)
    power_max: float = parameter("kW", "largest power")
    ramp_max: float = parameter("kW/h", "largest change of power", np.inf)
    electric_efficiency: float = parameter("-", "electric efficiency", low=0.01, high=1.0)
    heat_recovery: float = parameter("-", "recovered share of the waste heat", 0.0, 0.0, 1.0)
    cost_quadratic: float = parameter("yuan/kW2h", "operation cost coefficient a", 0.0)
    cost_linear: float = parameter("yuan/kWh", "operation cost coefficient b", 0.0)
    cost_fixed: float = parameter("yuan/h", "operation cost constant c", 0.0)
    emission: float = parameter("kg/kWh", "CO2 per kWh of power", 0.0)
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh of power", 0.0)

    def faults(self) -> list[str]:
        return minimum_above_maximum(self, ("power_min", "power_max"))

    @property
    def heat_per_power(self) -> float:
        """Recovered heat per unit of power, kW/kW."""
        return (1 - self.electric_efficiency) / self.electric_efficiency * self.heat_recovery

    @property
    def heat_max(self) -> float:
        """Largest heat, kW; used to check that a case can meet its heat load."""
        return self.heat_per_power * self.power_max

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = bounded(steps, self.power_min, self.power_max)
        heat = self.heat_per_power * power
        gas = power / self.electric_efficiency
        return Part(
            inject={
                "electricity": power,
                "heat": heat,
                "gas": -gas,
                "carbon": (self.emission - self.carbon_quota) * power,
            },
            cost={
                "operation": operation_cost(
                    power, self.cost_quadratic, self.cost_linear, self.cost_fixed, step_hours
                )
            },
            constraints=ramp_limits(power, self.ramp_max, step_hours),
            series={"power": power, "heat": heat, "gas": gas},
        )


@kind("chp_p2g_ccs")
@dataclass(frozen=True, eq=False, kw_only=True)
class CHPWithCapture(Component):
    r"""CHP unit with power-to-gas (P2G) and carbon capture (CCS), paper A (1)-(2), (6)-(14):

    $$\max\{P_{min}-h_1H,\; h_m(H-H_0)\}\le P\le P_{max}-h_2H,\qquad P=P^e+P^{P2G}+P^{CCS}$$
    $$G^{P2G}=\sigma P^{P2G},\quad C=\alpha P^{P2G},\quad P^{CCS}=\beta C,\quad C\le e\,(P+h_1H)$$
    $P^e$ supplies the VPP; gas is in kW of calorific value, CO2 in kg/h. The captured CO2 is what P2G needs, no more.
    """

    power_max: float = parameter("kW", "power at no heat, upper edge of the region")
    power_min: float = parameter("kW", "power at no heat, lower edge of the region", 0.0)
    heat_slope_min: float = parameter("-", "h1: power lost per heat at minimum output")
    heat_slope_max: float = parameter("-", "h2: power lost per heat at maximum output")
    back_pressure_slope: float = parameter(
        "-", "hm: power needed per heat in back-pressure operation"
    )
    heat_at_power_min: float = parameter("kW", "H0: heat at minimum power", 0.0)
    supply_max: float = parameter("kW", "largest power supplied to the VPP", np.inf)
    ramp_max: float = parameter("kW/h", "largest change of power", np.inf)
    electric_efficiency: float = parameter("-", "electric efficiency", low=0.01, high=1.0)
    p2g_max: float = parameter("kW", "largest P2G power")
    p2g_efficiency: float = parameter(
        "-", "sigma: gas energy per electric energy", low=0.0, high=1.0
    )
    p2g_carbon: float = parameter("kg/kWh", "alpha: CO2 needed per kWh of P2G power")
    ccs_max: float = parameter("kW", "largest CCS power")
    ccs_energy: float = parameter("kWh/kg", "beta: CCS energy per kg of captured CO2")
    cost_quadratic: float = parameter("yuan/kW2h", "operation cost coefficient a", 0.0)
    cost_linear: float = parameter("yuan/kWh", "operation cost coefficient b", 0.0)
    cost_fixed: float = parameter("yuan/h", "operation cost constant c", 0.0)
    emission: float = parameter("kg/kWh", "CO2 per kWh of power and of heat", 0.0)
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh of power", 0.0)

    def faults(self) -> list[str]:
        return minimum_above_maximum(self, ("power_min", "power_max"))

    @property
    def heat_max(self) -> float:
        """Largest heat, kW: where the back-pressure line meets the upper edge (supply_max may allow less)."""
        return (self.power_max + self.back_pressure_slope * self.heat_at_power_min) / (
            self.back_pressure_slope + self.heat_slope_max
        )

    def internal_power_limits(self, power, heat) -> tuple:
        """(supplied power, P2G power, CCS power, captured CO2, constraints) for given power and heat."""
        steps = power.shape[0]
        p2g = bounded(steps, 0, self.p2g_max)
        captured = self.p2g_carbon * p2g  # A (8)
        ccs = self.ccs_energy * captured  # A (9)
        supplied = power - p2g - ccs  # A (6)
        constraints = [
            power >= self.power_min - self.heat_slope_min * heat,  # A (2)
            power >= self.back_pressure_slope * (heat - self.heat_at_power_min),  # A (2)
            power <= self.power_max - self.heat_slope_max * heat,  # A (2)
            ccs <= self.ccs_max,  # A (10)
            captured <= self.emission * (power + self.heat_slope_min * heat),
            supplied >= 0,
        ]
        if np.isfinite(self.supply_max):
            constraints.append(supplied <= self.supply_max)  # A (13)
        return supplied, p2g, ccs, captured, constraints

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = cp.Variable(steps, nonneg=True)
        heat = cp.Variable(steps, nonneg=True)
        supplied, p2g, ccs, captured, constraints = self.internal_power_limits(power, heat)
        gas, made = power / self.electric_efficiency, self.p2g_efficiency * p2g  # A (1), (7)
        return Part(
            inject={
                "electricity": supplied,
                "heat": heat,
                "gas": made - gas,
                "carbon": self.emission * (power + heat) - captured - self.carbon_quota * power,
            },
            cost={
                "operation": operation_cost(
                    power, self.cost_quadratic, self.cost_linear, self.cost_fixed, step_hours
                )
            },
            constraints=[*constraints, *ramp_limits(power, self.ramp_max, step_hours)],
            series={
                "power": power,
                "supplied": supplied,
                "heat": heat,
                "p2g": p2g,
                "ccs": ccs,
                "gas": gas,
                "gas made": made,
                "captured": captured,
            },
        )


def coupled_region(chp: CHPWithCapture) -> pd.DataFrame:
    """Vertices of the region of supplied power, heat and net gas intake that paper A (14) speaks of.

    The internal powers are eliminated: a polytope in (power, heat, P2G power) is mapped linearly to columns
    supplied, heat, net gas (all kW). Ramps are left out. An empty region gives no rows; P2G below 0.01 kW counts as
    0.01, so that the polytope is never flat.
    """
    h1, h2, hm = chp.heat_slope_min, chp.heat_slope_max, chp.back_pressure_slope
    drain = 1 + chp.ccs_energy * chp.p2g_carbon  # electric power behind each kW of P2G
    p2g_most = max(
        0.01, min(chp.p2g_max, chp.ccs_max / max(chp.ccs_energy * chp.p2g_carbon, 1e-12))
    )
    emission = max(chp.emission, 1e-6)
    supply = chp.supply_max if np.isfinite(chp.supply_max) else chp.power_max
    rows = np.array([  # a.(power, heat, P2G) <= b, as (a, -b)
        [-1, -h1, 0, chp.power_min], [-1, hm, 0, -hm * chp.heat_at_power_min], [1, h2, 0, -chp.power_max],
        [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 1, -p2g_most],
        [-1, 0, drain, 0], [1, 0, -drain, -supply],
        [-emission, -emission * h1, chp.p2g_carbon, 0],
    ], float)  # fmt: skip
    # the centre of the largest ball inside starts the search for vertices
    lengths = np.linalg.norm(rows[:, :3], axis=1)
    ball = linprog(
        [0, 0, 0, -1],
        np.column_stack([rows[:, :3], lengths]),
        -rows[:, 3],
        bounds=[(None, None)] * 3 + [(0, None)],
    )
    if not ball.success or ball.x[3] < 1e-6:
        return pd.DataFrame(columns=["supplied", "heat", "net gas"])
    power, heat, p2g = HalfspaceIntersection(rows, ball.x[:3]).intersections.T
    table = pd.DataFrame(
        {
            "supplied": power - drain * p2g,
            "heat": heat,
            "net gas": power / chp.electric_efficiency - chp.p2g_efficiency * p2g,
        }
    )
    return table.round(6).drop_duplicates(ignore_index=True)
