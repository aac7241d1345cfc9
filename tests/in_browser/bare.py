"""Pages with nothing but live elements, for what the book's own pages do not show."""

from __future__ import annotations

import time
from html import escape
from pathlib import Path

from vppcore.pages.live import SOLVER, module_text
from vppcore.places import PROJECT

STATIC = PROJECT / "book/_static"
PATIENCE_SECONDS = 60
FACTS = "({ ...document.querySelector(`[data-live='NAME']`).dataset })"


def bare_page(
    file: Path, elements: dict[str, str], solver: str | None = None, more: str = ""
) -> Path:
    """Writes a page with these elements, name -> what it is given; their twins say "twin of NAME".

    solver: address of the solver's script; None takes the book's. more: views of the test's own.
    """
    source = solver if solver is not None else (STATIC / SOLVER).as_uri()
    body = []
    for name, given in elements.items():
        body.append(
            f'<div class="live" id="{escape(name)}" data-live="{escape(name)}" '
            f'data-solver="{escape(source)}"><script type="application/json">{given}</script></div>'
            f'<div class="live-twin">twin of {escape(name)}</div>'
        )
    file.write_text(
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        f"<title>Live</title><style>{(STATIC / 'live.css').read_text(encoding='utf-8')}</style>"
        f"</head><body><main><h1>Live</h1>{''.join(body)}</main>"
        f'<script type="module">{module_text()}\n{more}\nstartPage();</script></body></html>',
        encoding="utf-8",
    )
    return file


def said_after(tab, name: str, solves: int) -> dict[str, str]:
    """What the element says, by its data- attributes, once it has solved more often than so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        facts = tab.evaluate(FACTS.replace("NAME", name))
        if int(facts.get("solves", 0)) > solves:
            return facts
        if facts.get("status") == "failed":
            raise AssertionError(tab.evaluate("document.querySelector('[role=alert]').textContent"))
        time.sleep(0.05)
    raise AssertionError(f"{name} did not solve within {PATIENCE_SECONDS} s")
