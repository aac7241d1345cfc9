"""What a live element of a page is made of: data, and one module that needs nothing else.

Pages opened from a folder cannot load modules, so the module stands in the page; the solver is a
classic script, which a page may load from beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vppcore.live.problem import LiveProblem, as_data
from vppcore.places import PROJECT

SCRIPTS = PROJECT / "book/_static/live"
SOLVER = "highs/highs.js"  # below the pages' static files
FIRST = ("reader.mjs", "controls.mjs", "drawing.mjs")
LAST = "start.mjs"


def module_text() -> str:
    """The scripts of all live elements as one module, without a start."""
    views = sorted(file.name for file in SCRIPTS.glob("*.mjs") if file.name not in (*FIRST, LAST))
    names = [*FIRST, *views, LAST]
    return "\n".join((SCRIPTS / name).read_text(encoding="utf-8") for name in names)


def payload(live: LiveProblem, view: str, notebook: str, facts: Mapping[str, Any]) -> str:
    """All that a live element is given, as the text of a JSON file.

    view: which drawing it has, a file of that name in SCRIPTS.
    notebook: whose run gives the same numbers.
    facts: what the drawing shows beside the solution.
    """
    given = {"problem": as_data(live), "view": view, "notebook": notebook, "facts": facts}
    return json.dumps(given, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
