"""A plugin of pytest: what nbval takes for the same output.

Vector graphics are not compared, as nbval compares no PNG: stored notebooks have no pictures, and
what a picture shows is kept as numbers, which are compared.

Processors add up in another order, so that a number near the middle between two roundings ends in
another last digit. Such a number is the same; any other is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from nbval.plugin import IPyNbCell

NOT_COMPARED = ("image/svg+xml",)

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
# A last digit says nothing where a number has few: 7 hours are not 8.
LARGEST_SHARE = 0.005

compare_exactly = IPyNbCell.compare_outputs


def pytest_configure() -> None:
    """Has nbval compare each output with its stored one to the last digit of its numbers."""
    IPyNbCell.compare_outputs = compare_to_the_last_digit


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Adds vector graphics to what each notebook leaves out."""
    for item in items:
        skipped = getattr(item.parent, "skip_compare", ())
        if skipped and not set(NOT_COMPARED) <= set(skipped):
            item.parent.skip_compare = (*skipped, *NOT_COMPARED)


def compare_to_the_last_digit(
    cell: IPyNbCell, test: Any, ref: Any, skip_compare: Any = None
) -> bool:
    """nbval's own comparison, after numbers that are the same are written the same.

    test: the outputs of the new run. ref: the stored ones.
    """
    if len(test) == len(ref):
        pairs = zip(ref, test, strict=True)
        test = [written_as(stored, new, cell.sanitize) for stored, new in pairs]
    return compare_exactly(cell, test, ref, skip_compare)


def written_as(stored: Any, new: Any, cleaned: Callable[[str], str] = str) -> Any:
    """A new output with the numbers of the stored one wherever they are the same.

    cleaned: takes out of a text what differs between any two runs.

    >>> written_as({"text": "costs 2,609 yuan"}, {"text": "costs 2,608 yuan"})
    {'text': 'costs 2,609 yuan'}
    >>> written_as("in 7 of 24 hours", "in 8 of 24 hours")
    'in 8 of 24 hours'
    """
    if isinstance(stored, dict) and isinstance(new, dict):
        return type(new)(
            {key: written_as(stored.get(key), value, cleaned) for key, value in new.items()}
        )
    if isinstance(stored, str) and isinstance(new, str):
        same = same_to_the_last_digit(cleaned(stored), cleaned(new))
        return stored if same else new
    return new


def same_to_the_last_digit(stored: str, new: str) -> bool:
    """Whether two texts say the same, but for the last digit of their numbers.

    >>> same_to_the_last_digit("0.217 kWh", "0.218 kWh")
    True
    >>> same_to_the_last_digit("0.217 kWh", "0.219 kWh")
    False
    >>> same_to_the_last_digit("0.99", "1.00"), same_to_the_last_digit("999", "1,000")
    (False, True)
    >>> same_to_the_last_digit("99.9 %", "100 %")
    False
    """
    if NUMBER.sub("#", stored) != NUMBER.sub("#", new):
        return False
    pairs = zip(NUMBER.findall(stored), NUMBER.findall(new), strict=True)
    return all(one == other or same_number(one, other) for one, other in pairs)


def same_number(one: str, other: str) -> bool:
    """Whether two numbers of as many decimals are one unit of their last digit apart, or less.

    >>> same_number("284,512", "284,513"), same_number("21", "22")
    (True, False)
    """
    decimals = [len(text.partition(".")[2]) for text in (one, other)]
    if decimals[0] != decimals[1]:
        return False
    first, second = (int(text.replace(",", "").replace(".", "")) for text in (one, other))
    return abs(first - second) <= min(1, LARGEST_SHARE * max(first, second))
