"""Knobs whose sliders move in round steps."""

from __future__ import annotations

import math
from dataclasses import replace

from vppcore.live.problem import Knob

FINE = 100  # steps of a slider, about
ON_STEP = 1e-6  # of a step: a value lies on it


def slider(name: str, label: str, unit: str, usual: float, high: float) -> Knob:
    """A knob from zero to `high` in round steps on which its usual value lies."""
    step = round_step(high / FINE)
    while usual and abs(usual / step - round(usual / step)) > ON_STEP:
        step = round_step(step / 2)
    most = max(usual, step * math.ceil(high / step - ON_STEP))
    return Knob(name, label, unit, 0.0, most, step, usual)


def above_zero(knob: Knob) -> Knob:
    """The same knob, of which the slider begins one step above zero."""
    return replace(knob, first=knob.step)


def round_step(size: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a size.

    >>> round_step(0.012), round_step(40.0), round_step(0.07)
    (0.01, 20.0, 0.05)
    """
    power = 10.0 ** math.floor(math.log10(size * (1 + ON_STEP)))
    return max(step * power for step in (1, 2, 5) if step * power <= size * (1 + ON_STEP))
