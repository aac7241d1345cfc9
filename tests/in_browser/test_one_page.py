"""The summary of a study fits on one sheet of paper."""

from __future__ import annotations

import base64
import re

import pytest
from looking import SITE


@pytest.mark.parametrize("paper", ["a", "b"])
def test_a_summary_is_printed_on_one_page(tab, paper):
    tab.open(SITE / f"book/teaching/summary-{paper}.html")
    printed = tab.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    pages = re.findall(rb"/Type\s*/Page\b", base64.b64decode(printed))
    assert len(pages) == 1
