"""The two ways in which vppcore says no. In a notebook each shows as one sentence, without a traceback."""

from __future__ import annotations

import math
from numbers import Real


def is_number(
    value: object, above: float = -math.inf, below: float = math.inf, whole: bool = False
) -> bool:
    """True for a finite number (not a truth value, not a text) strictly between two limits, and whole if asked."""
    sound = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    return sound and above < value < below and (not whole or float(value).is_integer())


class StudyError(Exception):
    """Base: an error whose sentence is all the reader needs."""

    def _render_traceback_(self) -> list[str]:  # IPython calls this in place of its own traceback
        return [f"{type(self).__name__}: {self}"]


class WrongInput(StudyError):
    """An input that vppcore refuses: what was found, where, what is allowed.

    `faults` lists the sentences, one per fault, when several were found at once.
    """

    def __init__(self, *faults: str):
        self.faults = list(faults)
        super().__init__("\n".join(faults))


def check_fields(settings: object, allowed: dict[str, tuple[bool, str]]) -> None:
    """Raises WrongInput with a sentence for each field that is wrong; allowed: field -> (is it right?, what is allowed)."""
    faults = [
        f"{name}: found {getattr(settings, name)!r}; allowed: {text}"
        for name, (right, text) in allowed.items()
        if not right
    ]
    if faults:
        raise WrongInput(*faults)


class NotSolved(StudyError):
    """A model without an optimal solution, with the reason: infeasible, unbounded, too large, solver missing."""
