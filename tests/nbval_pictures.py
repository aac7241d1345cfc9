"""A plugin of pytest: nbval compares no vector graphics, as it compares no PNG.

Stored notebooks have no pictures; what a picture shows is kept as numbers, and these are compared.
"""

from __future__ import annotations

import pytest

NOT_COMPARED = ("image/svg+xml",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Adds vector graphics to what each notebook leaves out."""
    for item in items:
        skipped = getattr(item.parent, "skip_compare", ())
        if skipped and not set(NOT_COMPARED) <= set(skipped):
            item.parent.skip_compare = (*skipped, *NOT_COMPARED)
