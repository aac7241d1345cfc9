"""Wind and photovoltaic plants. kW; injection is positive; arrays are (steps,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cvxpy as cp
import numpy as np

from vppcore.components.base import Component, Part, expected_before, kind, parameter, profile


@kind("renewable")
@dataclass(frozen=True, eq=False, kw_only=True)
class Renewable(Component):
    r"""A plant that may be curtailed and earns carbon quota $D$ per kWh:

    $$0 \le P^R_t \le f^R\,\bar P^R_t$$
    Source: paper A sections 2.1 and 2.4 (quota "per unit of electricity production").

    >>> roof = Renewable(label="pv", forecast=[0.0, 3.0], scale=2.0)
    >>> roof.available.tolist()
    [0.0, 6.0]
    """

    role: ClassVar[str] = "renewable"

    forecast: np.ndarray = profile("{label}", "kW", "forecast output", symbol=r"\bar P^R_t")
    expected: float | None = expected_before("output")
    scale: float = parameter("-", "factor on the forecast", 1.0, symbol="f^R")
    rating: float = parameter("kW", "installed power, used to check the forecast", np.inf)
    operation_cost: float = parameter("yuan/kWh", "operation cost", 0.0, symbol="b")
    carbon_quota: float = parameter("kg/kWh", "carbon quota", 0.0, symbol="D")

    @property
    def uncertain_series(self) -> str:
        """Its own name, such as "wind"."""
        return self.name

    @property
    def available(self) -> np.ndarray:
        """Largest possible output, kW `(steps,)`; an expression if the forecast is uncertain."""
        return self.scale * self.forecast

    def model(self, steps: int, step_hours: float = 1.0) -> Part:
        power = cp.Variable(steps, nonneg=True)
        energy = step_hours * cp.sum(power)
        return Part(
            inject={"electricity": power, "carbon": -self.carbon_quota * power},
            cost={"operation": self.operation_cost * energy},
            constraints=[power <= self.available],
            series={"power": power, "curtailed": self.available - power},
        )
