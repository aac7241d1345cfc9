"""What tests of figures read off a drawing."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from vppcore.pages.pictures import description


def panels_of(axes: Axes) -> list[Axes]:
    """All panels of the figure that these Axes are in."""
    return axes.get_figure(root=True).axes


def told(axes: Axes) -> str:
    """What the figure says of itself."""
    return description(axes.get_figure(root=True))


def line(axes: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Places and values of the one line of that name in the legend."""
    (found,) = [one for one in axes.get_lines() if one.get_label() == label]
    return np.asarray(found.get_xdata(), float), np.asarray(found.get_ydata(), float)
