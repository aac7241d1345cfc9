"""The tests in a browser: what is said where there is none, and the rules they go by."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import screenshot
from browser import BrowserFailed, browser_tab, installed_browser

TESTS = Path(__file__).parent
AXE = TESTS / "in_browser/axe"


def test_without_a_browser_one_sentence_says_what_is_not_tested(tmp_path):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/in_browser"]
    done = subprocess.run(
        command,
        cwd=TESTS.parent,
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Not tested: the pages in a browser" in done.stdout
    assert "apt install chromium" in done.stdout
    assert "skipped" not in done.stdout
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_browser_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installed_browser() is None
    with pytest.raises(BrowserFailed, match="No chromium or chrome found"), browser_tab():
        pass


@pytest.mark.parametrize("tool", ["make_pdf.py", "make_epub.py"])
def test_without_a_browser_one_sentence_says_what_printing_needs(tool, tmp_path):
    """Before the book is built for it."""
    done = subprocess.run(
        [sys.executable, str(TESTS.parent / "tools" / tool)],
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(
        r"The .* cannot be \w+\. A chromium .*: apt install chromium\.\n", done.stderr
    )


def test_a_page_that_is_not_there_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["screenshot.py", str(tmp_path / "gone.html"), "picture.png"])
    with pytest.raises(SystemExit, match=r"page: found no file .*gone\.html; allowed: a page"):
        screenshot.main()


def test_axe_is_the_file_that_its_note_describes():
    script = (AXE / "axe.min.js").read_bytes()
    note = (AXE / "README.md").read_text(encoding="utf-8")
    version = re.search(rb"axe v([\d.]+)", script)
    assert hashlib.sha256(script).hexdigest() in note
    assert f"axe-core {version[1].decode()}" in note
    assert b"Mozilla Public" in script
