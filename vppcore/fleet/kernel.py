"""The elimination compiled: the same products in the same plan, for eight VPPs at a time.

NumPy does one product of the plan for all VPPs of a batch before it begins the next; by then the
numbers have left the processor's cache. Compiled by numba, all products are done for eight VPPs
that stand side by side before the next eight begin. Numbers are the same up to rounding. Without
numba (`pip install vppcore[fast]`) there is no kernel, and NumPy does it.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import numpy as np

# VPPs that a processor handles at once
LANES = 8
# set to 0 to do without the kernel, to compare
VARIABLE = "VPPCORE_FLEET_KERNEL"


def is_there() -> bool:
    """True if numba is installed and nobody said to do without it."""
    return os.environ.get(VARIABLE, "1") != "0" and find_spec("numba") is not None


def eliminate_in_place(
    numbers: np.ndarray,
    least: np.ndarray,
    inverse: np.ndarray,
    pivots: np.ndarray,
    rows: np.ndarray,
    starts: np.ndarray,
    entries: np.ndarray,
    targets: np.ndarray,
) -> None:
    """Eliminates row after row; entries below a pivot end divided by it.

    numbers: `(entries, VPPs)`, changed. least: pivots up to this say nothing new. inverse: `(rows,
    VPPs)`, filled with one over each pivot, zero where it says nothing.
    pivots, rows, starts: of each row in the order of elimination: places of its pivot, its number,
    and where its `entries` begin. targets: the place of each product, row after row.
    """
    count = numbers.shape[1]
    for first in range(0, count, LANES):
        last = min(first + LANES, count)
        lanes = last - first
        scaled = np.zeros(LANES)
        at = 0
        for k in range(len(pivots)):
            pivot = numbers[pivots[k], first:last]
            limit = least[pivots[k], first:last]
            one_over = inverse[rows[k], first:last]
            for lane in range(lanes):
                one_over[lane] = 1.0 / pivot[lane] if pivot[lane] > limit[lane] else 0.0
            for second in range(starts[k], starts[k + 1]):
                below = numbers[entries[second], first:last]
                for lane in range(lanes):
                    scaled[lane] = below[lane] * one_over[lane]
                for other in range(second, starts[k + 1]):
                    target = numbers[targets[at], first:last]
                    factor = numbers[entries[other], first:last]
                    at += 1
                    for lane in range(lanes):
                        target[lane] -= factor[lane] * scaled[lane]
                for lane in range(lanes):
                    below[lane] = scaled[lane]


def forward_in_place(
    moved: np.ndarray,
    numbers: np.ndarray,
    rows: np.ndarray,
    starts: np.ndarray,
    entries: np.ndarray,
    row_of_entry: np.ndarray,
) -> None:
    """Eliminates a right side `(rows and border, VPPs)`."""
    count = moved.shape[1]
    for first in range(0, count, LANES):
        last = min(first + LANES, count)
        for k in range(len(rows)):
            own = moved[rows[k], first:last]
            for entry in range(starts[k], starts[k + 1]):
                target = moved[row_of_entry[entry], first:last]
                factor = numbers[entries[entry], first:last]
                for lane in range(last - first):
                    target[lane] -= factor[lane] * own[lane]


def backward_in_place(
    solution: np.ndarray,
    numbers: np.ndarray,
    rows: np.ndarray,
    starts: np.ndarray,
    entries: np.ndarray,
    row_of_entry: np.ndarray,
) -> None:
    """Finds the rows' unknowns from those that come after them."""
    count = solution.shape[1]
    for first in range(0, count, LANES):
        last = min(first + LANES, count)
        for k in range(len(rows) - 1, -1, -1):
            own = solution[rows[k], first:last]
            for entry in range(starts[k], starts[k + 1]):
                known = solution[row_of_entry[entry], first:last]
                factor = numbers[entries[entry], first:last]
                for lane in range(last - first):
                    own[lane] -= factor[lane] * known[lane]


_compiled: dict[str, Any] = {}


def compiled(name: str) -> Any:
    """One of the functions above, compiled when it is first asked for and kept on disk."""
    if name not in _compiled:
        from numba import njit

        _compiled[name] = njit(cache=True, error_model="numpy")(globals()[name])
    return _compiled[name]
