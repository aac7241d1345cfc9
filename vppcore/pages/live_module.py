"""The scripts of all live elements as one module, for pages and for notebooks, and their style."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vppcore.places import PROJECT

STATIC = PROJECT / "book/_static"
SCRIPTS = STATIC / "live"
SOLVER = "highs/highs.js"  # below the pages' static files
FIRST = ("reader.mjs", "proof.mjs", "words.mjs", "currency.mjs", "controls.mjs", "drawing.mjs")
LAST = "start.mjs"


def module_text() -> str:
    """The scripts of all live elements as one module, without a start."""
    views = sorted(file.name for file in SCRIPTS.glob("*.mjs") if file.name not in (*FIRST, LAST))
    names = [*FIRST, *views, LAST]
    return "\n".join((SCRIPTS / name).read_text(encoding="utf-8") for name in names)


def style_text() -> str:
    """The style of live elements, in the colours of the book's pages."""
    return (STATIC / "live.css").read_text(encoding="utf-8")


def solver_text() -> str:
    """The script of the solver."""
    return (STATIC / SOLVER).read_text(encoding="utf-8")


def with_run(given: str, run: Mapping[str, Any]) -> str:
    """What a live element is given, with the parameters that its run changed, for its command.

    given: the text of a JSON file.

    >>> with_run('{"view":"a"}', {"case": "mine"})
    '{"view":"a","run":{"case":"mine"}}'
    """
    if not run:
        return given
    written = {name: quoted(value) for name, value in run.items()}
    text = json.dumps(json.loads(given) | {"run": written}, separators=(",", ":"))
    return text.replace("</", "<\\/")


def quoted(value: Any) -> str:
    """A value as it stands in P, in quotes where it has blanks.

    >>> quoted(3e-4), quoted("my cases/one")
    ('0.0003', "'my cases/one'")
    """
    return f"'{value}'" if " " in str(value) else str(value)
