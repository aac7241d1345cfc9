"""How a rolling run goes: how far it looks, what it keeps, what it expects, how it settles.

h; steps are counted from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vppcore.errors import WrongInput
from vppcore.parameters import check, choice, parameter

if TYPE_CHECKING:
    from vppcore.case import Case  # loads cvxpy, which a wrong number need not wait for

TRADINGS = ("pool", "cooperate")
SETTLEMENTS = ("members", "tariff")
# what is expected: what happens, the day before at the same hour, or what the case says
FORECASTS = ("perfect", "persistence", "given")
HOURS_OF_A_DAY = 24.0
# a share of a step by which hours may miss a whole number of steps
WHOLE = 1e-6


@dataclass(frozen=True)
class Rolling:
    """How a case's members go through days in a row.

    trading: how the trades of a plan are found: by `pool`, or by `cooperate`.
    settlement: who takes what deviates from the plan. "tariff": each member's own grid, at its
        tariff. "members": first those members whose deviations go the other way, at a price
        between the two sides' tariffs; what is left over goes to the grids.
    price_share: where that price lies between what the side that has too much would get for it
        and what the side that lacks would pay; fees are taken off first.

    >>> Rolling(plan_hours=12.0)
    Traceback (most recent call last):
    vppcore.errors.WrongInput: plan_hours: found 12 h, less than keep_hours = 24; allowed: as much \
or more
    """

    plan_hours: float = parameter("h", "how far ahead a plan looks", 36.0, above=True)
    keep_hours: float = parameter("h", "how much of a plan is kept", 24.0, above=True)
    trading: str = choice("how the trades of a plan are found", TRADINGS, "pool")
    settlement: str = choice("who takes what deviates from the plan", SETTLEMENTS, "members")
    price_share: float = parameter(
        "-", "where in the band of a pair its price for deviations lies; 1: all to who helps",
        0.5, 0.0, 1.0,
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)
        if self.plan_hours < self.keep_hours:
            raise WrongInput(
                f"plan_hours: found {self.plan_hours:g} h, less than keep_hours = "
                f"{self.keep_hours:g}; allowed: as much or more"
            )


@dataclass(frozen=True)
class Stretch:
    """One plan, and what of it is kept.

    day: its number, from 1.
    first: its first step in the case, from 1.
    plan: how many steps are planned. keep: how many of them are kept.
    """

    day: int
    first: int
    plan: int
    keep: int

    @property
    def before(self) -> int:
        """How many steps of the case are over when it is planned."""
        return self.first - 1


def stretches(case: Case, rolling: Rolling, first: int) -> Iterator[Stretch]:
    """The plans of a run that begins with step `first`; the last ones end with the case."""
    steps = case.vpps[0].steps
    hours = case.vpps[0].step_hours
    plan = steps_of("plan_hours", rolling.plan_hours, hours, steps)
    keep = steps_of("keep_hours", rolling.keep_hours, hours, steps)
    for number, begin in enumerate(range(first, steps + 1, keep)):
        left = steps + 1 - begin
        yield Stretch(number + 1, begin, min(plan, left), min(keep, left))


def steps_of(name: str, hours: float, step_hours: float, most: int) -> int:
    """A time as a number of steps, `most` of them at most. Raises WrongInput for a broken one.

    >>> steps_of("keep_hours", 24.0, 0.25, 1000), steps_of("keep_hours", float("inf"), 1.0, 48)
    (96, 48)
    """
    if hours >= most * step_hours:
        return most
    count = round(hours / step_hours)
    if count < 1 or abs(hours / step_hours - count) > WHOLE:
        raise WrongInput(
            f"{name}: found {hours:g} h with steps of {step_hours:g} h; allowed: whole steps"
        )
    return count
