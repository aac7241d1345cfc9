"""What the element `negotiation` costs, by the closed form in Python."""

from __future__ import annotations

from vppcore.live.negotiation import toy_at


def cost(given: dict, setting: dict[str, float]) -> float:
    """By how much the best trade changes what both pay, yuan."""
    return toy_at(setting).optimum().cost
