"""What the element `negotiation-recorded` shows, by holding the same talks once more."""

from __future__ import annotations

from functools import cache

from vppcore import cooperate, load_case
from vppcore.cooperation.result import Certificate
from vppcore.pages.experiments import PATIENCE

CASE = "paper-a-parent"


@cache
def proof_with(penalty: float) -> Certificate:
    """The certificate of the talks with a penalty."""
    return cooperate(load_case(CASE), penalty=penalty, max_iterations=PATIENCE).certificate


def proof_at(given: dict, setting: dict[str, float]) -> Certificate:
    """The certificate at a setting of the sliders."""
    return proof_with(given["facts"]["talks"][round(setting["penalty"])]["penalty"])


def cost(given: dict, setting: dict[str, float]) -> float:
    """What was agreed costs so much, yuan."""
    return proof_at(given, setting).upper


def gap(given: dict, setting: dict[str, float]) -> float:
    """How much the certificate leaves open, yuan: talks end before that is nothing."""
    proof = proof_at(given, setting)
    return proof.upper - proof.lower
