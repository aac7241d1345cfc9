"""The scripts of all live elements as one module, for pages and for notebooks, and their style."""

from __future__ import annotations

from vppcore.places import PROJECT

STATIC = PROJECT / "book/_static"
SCRIPTS = STATIC / "live"
SOLVER = "highs/highs.js"  # below the pages' static files
FIRST = ("reader.mjs", "proof.mjs", "words.mjs", "controls.mjs", "drawing.mjs")
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
