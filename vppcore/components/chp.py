"""Gas turbine with heat recovery, and CHP with power-to-gas and carbon capture.

kW for power, heat and gas (gas by its calorific value), kg/h for CO2; injection is positive; arrays
are (steps,).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.spatial import HalfspaceIntersection

from vppcore.components.base import Component, Part, bounded, kind, minimum_above_maximum, parameter
from vppcore.components.commitment import MayStand, power_before


def ramp_limits(
    power: cp.Expression, ramp: float, step_hours: float, before: float | None = None
) -> list:
    """|P_t - P_(t-1)| <= ramp, as constraints (A section 2.2.1).

    power: kW `(steps,)`. ramp: kW/h; infinite for no limit. step_hours: h.
    before: power before the first step, kW; None where the first step is free.
    None for an infinite ramp, or for a single step that is free.
    """
    if not np.isfinite(ramp):
        return []
    rows = []
    if before is not None:
        rows.append(cp.abs(power[0] - before) <= ramp * step_hours)
    if power.shape[0] > 1:
        change = power[1:] - power[:-1]
        rows.append(cp.abs(change) <= ramp * step_hours)
    return rows


def operation_cost(
    power: cp.Expression, quadratic: float, linear: float, fixed: float, step_hours: float
) -> cp.Expression:
    """CHP operation cost a P^2 + b P + c in yuan over the horizon (A 2.4-1).

    power: kW `(steps,)`. quadratic, linear, fixed: a, b, c in yuan/kW2h, yuan/kWh, yuan/h.
    """
    cost = step_hours * (linear * cp.sum(power) + fixed * power.shape[0])
    if quadratic:
        cost = cost + step_hours * quadratic * cp.sum_squares(power)
    return cost


@kind("gas_turbine")
@dataclass(frozen=True, eq=False, kw_only=True)
class GasTurbine(MayStand):
    r"""Gas turbine whose waste heat is recovered, paper A (1) and section 2.2.1:

    $$P_t = \eta^e G_t,\quad H_t = \frac{1-\eta^e}{\eta^e}\eta^{rec} P_t,\quad
      P_{min}\le P_t\le P_{max},\quad |P_t-P_{t-1}|\le\Delta R$$
    with the gas $G_t$ in kW of calorific value. With `may_stand` it may be switched off, and then
    has costs of starts and least times on and off, and costs $c$ only while it is on.

    >>> turbine = GasTurbine(power_max=10.0, electric_efficiency=0.4, heat_recovery=0.8)
    >>> round(turbine.heat_max, 3)
    12.0
    """

    electric_efficiency: float = parameter(
        "-", "electric efficiency", low=0.01, high=1.0, symbol=r"\eta^e"
    )
    heat_recovery: float = parameter(
        "-", "recovered share of the waste heat", 0.0, 0.0, 1.0, symbol=r"\eta^{rec}"
    )
    cost_quadratic: float = parameter("yuan/kW2h", "operation cost coefficient a", 0.0, symbol="a")
    cost_linear: float = parameter("yuan/kWh", "operation cost coefficient b", 0.0, symbol="b")
    cost_fixed: float = parameter("yuan/h", "operation cost constant c", 0.0, symbol="c")
    emission: float = parameter("kg/kWh", "CO2 per kWh of power", 0.0, symbol="e")
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh of power", 0.0, symbol="D")

    def faults(self) -> list[str]:
        return minimum_above_maximum(self, ("power_min", "power_max")) + super().faults()

    @property
    def heat_per_power(self) -> float:
        """Recovered heat per unit of power, kW/kW."""
        return (1 - self.electric_efficiency) / self.electric_efficiency * self.heat_recovery

    @property
    def heat_max(self) -> float:
        """Largest heat, kW, made at full power."""
        return self.heat_per_power * self.power_max

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = bounded(steps, self.least_power, self.power_max)
        gas = power / self.electric_efficiency  # A (1)
        heat = self.heat_per_power * power
        carbon = (self.emission - self.carbon_quota) * power
        fixed = 0.0 if self.may_stand else self.cost_fixed
        cost = operation_cost(power, self.cost_quadratic, self.cost_linear, fixed, step_hours)
        part = Part(
            inject={"electricity": power, "heat": heat, "gas": -gas, "carbon": carbon},
            cost={"operation": cost},
            series={"power": power, "heat": heat, "gas": gas},
        )
        if not self.may_stand:
            part.constraints += ramp_limits(power, self.ramp_max, step_hours, self.power_before)
            return part
        committed = self.committed(power, step_hours)
        part.cost["operation"] = cost + step_hours * self.cost_fixed * cp.sum(committed.on)
        return committed.added_to(part)


@kind("chp_p2g_ccs")
@dataclass(frozen=True, eq=False, kw_only=True)
class CHPWithCapture(Component):
    r"""CHP unit with power-to-gas (P2G) and carbon capture (CCS), paper A (1)-(2), (6)-(14):

    $$\max\{P_{min}-h_1H,\; h_m(H-H_0)\}\le P\le P_{max}-h_2H,\qquad P=P^e+P^{P2G}+P^{CCS}$$
    $$G^{P2G}=\eta^{P2G} P^{P2G},\quad m^{CCS}=\alpha P^{P2G},\quad P^{CCS}=\beta m^{CCS}$$
    $$m^{CCS}\le e\,(P+h_1H)$$
    $P^e$ supplies the VPP; gas is in kW of calorific value, CO2 in kg/h. The captured CO2 is what
    P2G needs, no more.

    >>> unit = CHPWithCapture(
    ...     power_max=100, heat_slope_min=0.15, heat_slope_max=0.2, back_pressure_slope=0.8,
    ...     electric_efficiency=0.35, p2g_max=20, p2g_efficiency=0.5, p2g_carbon=1.0, ccs_max=10,
    ...     ccs_energy=0.5,
    ... )
    >>> unit.heat_max
    100.0
    """

    power_max: float = parameter(
        "kW", "power at no heat, upper edge of the region", symbol=r"P_{max}"
    )
    power_min: float = parameter(
        "kW", "power at no heat, lower edge of the region", 0.0, symbol=r"P_{min}"
    )
    heat_slope_min: float = parameter(
        "-", "h1: power lost per heat at minimum output", symbol="h_1"
    )
    heat_slope_max: float = parameter(
        "-", "h2: power lost per heat at maximum output", symbol="h_2"
    )
    back_pressure_slope: float = parameter(
        "-", "hm: power needed per heat in back-pressure operation", symbol="h_m"
    )
    heat_at_power_min: float = parameter("kW", "H0: heat at minimum power", 0.0, symbol="H_0")
    supply_max: float = parameter(
        "kW", "largest power supplied to the VPP", np.inf, symbol=r"P^e_{max}"
    )
    ramp_max: float = parameter("kW/h", "largest change of power", np.inf, symbol="R")
    power_before: float | None = power_before()
    electric_efficiency: float = parameter(
        "-", "electric efficiency", low=0.01, high=1.0, symbol=r"\eta^e"
    )
    p2g_max: float = parameter("kW", "largest P2G power", symbol=r"P^{P2G}_{max}")
    p2g_efficiency: float = parameter(
        "-", "gas energy per electric energy of P2G", low=0.0, high=1.0, symbol=r"\eta^{P2G}"
    )
    p2g_carbon: float = parameter("kg/kWh", "CO2 needed per kWh of P2G power", symbol=r"\alpha")
    ccs_max: float = parameter("kW", "largest CCS power", symbol=r"P^{CCS}_{max}")
    ccs_energy: float = parameter("kWh/kg", "CCS energy per kg of captured CO2", symbol=r"\beta")
    cost_quadratic: float = parameter("yuan/kW2h", "operation cost coefficient a", 0.0, symbol="a")
    cost_linear: float = parameter("yuan/kWh", "operation cost coefficient b", 0.0, symbol="b")
    cost_fixed: float = parameter("yuan/h", "operation cost constant c", 0.0, symbol="c")
    emission: float = parameter("kg/kWh", "CO2 per kWh of power and of heat", 0.0, symbol="e")
    carbon_quota: float = parameter("kg/kWh", "carbon quota per kWh of power", 0.0, symbol="D")

    def window(self, first: int, steps: int) -> CHPWithCapture:
        """As `Component.window`; what was before is not known of a window that begins later."""
        cut = super().window(first, steps)
        return cut if first == 1 else replace(cut, power_before=None)

    def faults(self) -> list[str]:
        return minimum_above_maximum(self, ("power_min", "power_max"))

    @property
    def heat_max(self) -> float:
        """Largest heat, kW: where the back-pressure line meets the upper edge.

        `supply_max` may allow less.
        """
        slopes = self.back_pressure_slope + self.heat_slope_max
        if slopes == 0:
            return float("inf")
        return (self.power_max + self.back_pressure_slope * self.heat_at_power_min) / slopes

    def region(self, power: cp.Expression, heat: cp.Expression) -> list:
        """Where power and heat of the unit may lie together, kW `(steps,)`, as constraints."""
        return [
            power >= self.power_min - self.heat_slope_min * heat,  # A (2)
            power >= self.back_pressure_slope * (heat - self.heat_at_power_min),  # A (2)
            power <= self.power_max - self.heat_slope_max * heat,  # A (2)
        ]

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = cp.Variable(steps, nonneg=True)
        heat = cp.Variable(steps, nonneg=True)
        p2g = bounded(steps, 0, self.p2g_max)
        captured = self.p2g_carbon * p2g  # A (8)
        ccs = self.ccs_energy * captured  # A (9)
        supplied = power - p2g - ccs  # A (6)
        gas = power / self.electric_efficiency  # A (1)
        made = self.p2g_efficiency * p2g  # A (7)
        emitted = self.emission * (power + heat) - captured
        constraints = [
            *self.region(power, heat),  # A (2)
            ccs <= self.ccs_max,  # A (10)
            captured <= self.emission * (power + self.heat_slope_min * heat),
            supplied >= 0,
        ]
        if np.isfinite(self.supply_max):
            constraints.append(supplied <= self.supply_max)  # A (13)
        constraints += ramp_limits(power, self.ramp_max, step_hours, self.power_before)
        cost = operation_cost(
            power, self.cost_quadratic, self.cost_linear, self.cost_fixed, step_hours
        )
        return Part(
            inject={
                "electricity": supplied,
                "heat": heat,
                "gas": made - gas,
                "carbon": emitted - self.carbon_quota * power,
            },
            cost={"operation": cost},
            constraints=constraints,
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
    """Vertices of the region of supplied power, heat and net gas intake that paper A (14) names.

    Returns columns supplied, heat, net gas (all kW). The internal powers are eliminated: the
    polytope in (power, heat, P2G power) is mapped linearly to these three. Ramps are left out. An
    empty region gives no rows; a region without P2G is flat and gets a thickness that the rounding
    of the vertices removes.
    """
    polytope = _internal_polytope(chp)
    inside = _centre(polytope)
    if inside is None:
        return pd.DataFrame(columns=["supplied", "heat", "net gas"])
    power, heat, p2g = HalfspaceIntersection(polytope, inside).intersections.T
    table = pd.DataFrame(
        {
            "supplied": power - _drain(chp) * p2g,
            "heat": heat,
            "net gas": power / chp.electric_efficiency - chp.p2g_efficiency * p2g,
        }
    )
    return table.round(6).drop_duplicates(ignore_index=True)


def _drain(chp: CHPWithCapture) -> float:
    """Electric power behind each kW of P2G: its own and that of the capture it needs."""
    return 1 + chp.ccs_energy * chp.p2g_carbon


def _internal_polytope(chp: CHPWithCapture) -> np.ndarray:
    """Rows (a, -b) of a.(power, heat, P2G power) <= b, as `HalfspaceIntersection` takes them."""
    h1 = chp.heat_slope_min
    h2 = chp.heat_slope_max
    hm = chp.back_pressure_slope
    drain = _drain(chp)
    ccs_per_p2g = max(chp.ccs_energy * chp.p2g_carbon, 1e-12)
    p2g_most = max(0.01, min(chp.p2g_max, chp.ccs_max / ccs_per_p2g))  # never flat
    emission = max(chp.emission, 1e-6)
    supply = chp.supply_max if np.isfinite(chp.supply_max) else chp.power_max
    rows = [
        [-1, -h1, 0, chp.power_min],
        [-1, hm, 0, -hm * chp.heat_at_power_min],
        [1, h2, 0, -chp.power_max],
        [0, -1, 0, 0],
        [0, 0, -1, 0],
        [0, 0, 1, -p2g_most],
        [-1, 0, drain, 0],
        [1, 0, -drain, -supply],
        [-emission, -emission * h1, chp.p2g_carbon, 0],
    ]
    return np.array(rows, float)


def _centre(polytope: np.ndarray) -> np.ndarray | None:
    """The centre of the largest ball inside a polytope of rows (a, -b); None if there is none."""
    normals = polytope[:, :3]
    lengths = np.linalg.norm(normals, axis=1)
    ball = linprog(
        [0, 0, 0, -1],
        np.column_stack([normals, lengths]),
        -polytope[:, 3],
        bounds=[(None, None)] * 3 + [(0, None)],
    )
    if not ball.success or ball.x[3] < 1e-6:
        return None
    return ball.x[:3]
