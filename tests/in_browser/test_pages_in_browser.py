"""Every page of the built book in a real browser, light and dark, as wide as a desk and as a phone.

Each page is opened once for all tests. A fault names page, view, rule and element.
"""

from __future__ import annotations

import pytest
from looking import Fault, book_pages, look_at, lost_links, views_of

OTHER_RULES = {"complaint", "cut", "equation"}


@pytest.fixture(scope="session")
def seen(tab):
    """What was seen of each page."""
    pages = book_pages()
    return [look_at(tab, page, views=views_of(page, pages)) for page in pages]


@pytest.fixture(scope="session")
def faults(seen):
    """All that is wrong with the pages, links aside."""
    return [fault for page in seen for fault in page.faults]


def said(faults: list[Fault]) -> str:
    """One line for each fault; nothing if there is none."""
    return "\n".join(map(str, faults))


def test_everybody_can_read_the_pages(faults):
    """WCAG 2.1, levels A and AA, as far as axe can tell."""
    assert said([fault for fault in faults if fault.rule not in OTHER_RULES]) == ""


def test_no_page_complains_or_asks_in_vain(faults):
    """No error of a script, no request to another host, no file that is not there."""
    assert said([fault for fault in faults if fault.rule == "complaint"]) == ""


def test_equations_are_drawn(faults):
    """No TeX is left as it was written, and none is refused."""
    assert said([fault for fault in faults if fault.rule == "equation"]) == ""


def test_nothing_is_cut(faults):
    """What is wider than its place scrolls."""
    assert said([fault for fault in faults if fault.rule == "cut"]) == ""


def test_links_arrive(seen):
    """Links within the book lead to a file and an anchor that are there, after all scripts."""
    assert said(lost_links(seen)) == ""


def test_equations_links_and_anchors_were_there_to_look_at(seen):
    """The tests above did not look at empty pages."""
    assert len(seen) == len(book_pages())
    assert all(page.links and page.targets for page in seen)
    assert sum(page.equations for page in seen) > len(seen)
