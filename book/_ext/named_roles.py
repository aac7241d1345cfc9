"""What screen readers are told: entries of the bibliography are items, folds say what they show.

Docutils gives an entry the role `doc-biblioentry`, which its standard has withdrawn, inside a list
of which browsers then know no item. MyST-NB names the fold of a cell "Toggle hidden content", while
it shows other words; a name must hold the words that are shown, so these become the name.
"""

from __future__ import annotations

from typing import Any

# what is written -> what is written in its place
MENDED = {
    ' role="doc-biblioentry"': ' role="listitem"',
    '<summary aria-label="Toggle hidden content">': "<summary>",
}


def mended(body: str) -> str:
    """The page's text with the roles and names that fit it.

    >>> mended('<div class="citation" id="id1" role="doc-biblioentry">')
    '<div class="citation" id="id1" role="listitem">'
    """
    for written, better in MENDED.items():
        body = body.replace(written, better)
    return body


def mend(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Sphinx calls this for each page before it fills the page's template."""
    if "body" in context:
        context["body"] = mended(context["body"])


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension."""
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
