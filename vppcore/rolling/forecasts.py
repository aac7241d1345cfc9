"""What the members expect of their loads and plants when they plan.

kW; arrays are (steps,). Prices and limits are known a day ahead; they are never forecast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vppcore.case import Case
from vppcore.components import Component
from vppcore.errors import WrongInput
from vppcore.rolling.settings import FORECASTS, HOURS_OF_A_DAY, Stretch, steps_of
from vppcore.vpp import VPP

# where a case says what was expected
FILE = "series.csv"

GivenSeries = Mapping[tuple[str, str], Any]


def persistence(known: np.ndarray, day: int, steps: int) -> np.ndarray:
    """The last day that is known, again and again, kW `(steps,)`.

    known: all that has happened so far, nothing else. day: steps of a day.

    >>> persistence(np.array([9.0, 1.0, 2.0, 3.0]), day=3, steps=5).tolist()
    [1.0, 2.0, 3.0, 1.0, 2.0]
    """
    return np.resize(known[len(known) - day :], steps)


@dataclass(frozen=True, eq=False)
class Forecasts:
    """What is expected of every load and plant of a case.

    case: what happens.
    how: "perfect" for what happens; "persistence" for the day before at the same hour; "given" for
        what the loads and plants have as `expected`, or a series `(steps,)` by (VPP, component);
        who has none there is known in advance.
    Raises WrongInput for other words, for series that fit no load or plant, and for "given" where
    nobody has anything expected.
    """

    case: Case
    how: str | GivenSeries = "perfect"

    def __post_init__(self) -> None:
        if isinstance(self.how, str):
            if self.how not in FORECASTS:
                raise WrongInput(
                    f"forecasts: found {self.how!r}; allowed: {', '.join(FORECASTS)}, or series by "
                    "(VPP, component)"
                )
            if self.how == "given" and not self.has_expected():
                name = self.case.names[0].lower()
                raise WrongInput(
                    f"forecasts: found given, and nothing expected in {self.case.name}; allowed: "
                    f"columns of {FILE} such as {name}_electric_load_expected_kw, or perfect, or "
                    "persistence"
                )
            return
        steps = self.case.vpps[0].steps
        for (name, part), values in self.how.items():
            component = self.case.vpp(name).component(part)
            if not has_forecast(component):
                raise WrongInput(
                    f"forecasts: found one for {name} {part}; allowed: loads and renewable plants"
                )
            if np.shape(values) != (steps,):
                raise WrongInput(
                    f"forecasts: found shape {np.shape(values)} for {name} {part}; allowed: "
                    f"{steps} numbers, one for each step"
                )

    def has_expected(self) -> bool:
        """True if some load or plant of the case says what was expected of it."""
        return any(
            getattr(component, "expected", None) is not None
            for vpp in self.case.vpps
            for component in vpp.components
        )

    @property
    def day(self) -> int:
        """Steps of a day."""
        hours = self.case.vpps[0].step_hours
        return steps_of("a day", HOURS_OF_A_DAY, hours, max(1, round(HOURS_OF_A_DAY / hours)))

    @property
    def first(self) -> int:
        """The first step that can be planned, from 1: persistence needs a day to look back at.

        Raises WrongInput if the case has no more than this day.
        """
        if self.how != "persistence":
            return 1
        if self.case.vpps[0].steps <= self.day:
            raise WrongInput(
                "forecasts: found persistence for a single day; allowed: a case of more days, or "
                "perfect"
            )
        return self.day + 1

    def expected(self, vpp: VPP, stretch: Stretch, happened: int = 0) -> VPP:
        """A VPP in the steps of a plan, as it is expected to be.

        happened: how many of these steps are over, so that what happened takes the place of what
            was expected.
        """
        cut = vpp.window(stretch.first, stretch.plan)
        parts = []
        for whole, part in zip(vpp.components, cut.components, strict=True):
            if has_forecast(part):
                expected = self.of(vpp.name, whole, stretch)
                actual = part.forecast  # type: ignore[attr-defined]
                mixed = np.concatenate([actual[:happened], expected[happened:]])
                changes: dict[str, Any] = {"forecast": mixed}
                part = replace(part, **changes)
            parts.append(part)
        return replace(cut, components=tuple(parts))

    def come_true(self, vpp: VPP, stretch: Stretch) -> bool:
        """True if all that was expected of a VPP in the steps that are kept is what happens."""
        kept = slice(stretch.before, stretch.before + stretch.keep)
        for part in vpp.components:
            if not has_forecast(part):
                continue
            expected = self.of(vpp.name, part, stretch)[: stretch.keep]
            actual = part.forecast  # type: ignore[attr-defined]
            if not np.array_equal(expected, actual[kept]):
                return False
        return True

    def of(self, name: str, component: Component, stretch: Stretch) -> np.ndarray:
        """What is expected of one load or plant in the steps of a plan, kW `(plan,)`."""
        values = component.forecast  # type: ignore[attr-defined]
        if self.how == "persistence":
            return persistence(values[: stretch.before], self.day, stretch.plan)
        if self.how == "given":
            expected = getattr(component, "expected", None)
            values = values if expected is None else np.broadcast_to(expected, values.shape)
        if not isinstance(self.how, str):
            values = np.asarray(self.how.get((name, component.name), values), float)
        return values[stretch.before : stretch.before + stretch.plan]


def has_forecast(component: Component) -> bool:
    """True for loads and plants that follow a forecast."""
    forecast: Any = getattr(component, "forecast", None)
    return np.ndim(forecast) > 0
