"""The book in a real browser. Without one, or without a book, one sentence says what was not tested."""

from __future__ import annotations

import pytest
from browser import Tab, browser_tab, installed_browser
from looking import SITE, book_pages


def what_is_missing() -> str:
    """The sentence for a machine that cannot run these tests, or nothing."""
    if not installed_browser():
        return (
            "Not tested: the pages in a browser (accessibility, equations, cut contents, links, print),"
            " for there is no chromium or chrome; on Debian: apt install chromium."
        )
    if not book_pages():
        return f"Not tested: the pages in a browser, for {SITE} holds no book; make book builds it."
    return ""


MISSING = what_is_missing()
if not installed_browser():
    collect_ignore_glob = ["test_*.py"]
elif not book_pages():
    collect_ignore_glob = ["test_pages_in_browser.py", "test_one_page.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was not tested."""
    if MISSING:
        terminalreporter.write_line(MISSING)


@pytest.fixture(scope="session")
def tab() -> Tab:
    """A tab of one browser, for all tests."""
    with browser_tab() as opened:
        yield opened
