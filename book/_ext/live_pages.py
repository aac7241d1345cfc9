"""The directive `live`: a problem that the reader changes and the page solves, with its twin.

    ```{live} who-sends-to-whom
    :data: ../results/cooperation/who_sends_to_whom.json

    The figure that stands here where no script runs, and in print.
    ```

The data and the script stand in the page, since a page from a folder may load neither; the solver
is a script of its own, loaded when the element comes into view.
"""

from __future__ import annotations

import posixpath
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from vppcore.pages.live import SOLVER, module_text


class LivePlace(nodes.General, nodes.Element):
    """Where a live element stands. name: of the element. data: the text that it is given."""


class Live(SphinxDirective):
    """Reads the data and what stands in the element's place elsewhere."""

    has_content = True
    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"data": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        relative, file = self.env.relfn2path(self.options["data"])
        self.env.note_dependency(relative)
        try:
            data = Path(file).read_text(encoding="utf-8")
        except OSError:
            raise self.error(f"live {name}: there is no file {relative}") from None
        twin = nodes.container(classes=["live-twin"])
        self.state.nested_parse(self.content, self.content_offset, twin)
        place = LivePlace(name=name, data=data)
        self.set_source_info(place)
        return [place, twin]


def visit_html(self: Any, node: LivePlace) -> None:
    """Writes the element, and once a page the module that starts all of them."""
    if not getattr(self, "live_module_written", False):  # it waits until the page is read
        self.live_module_written = True
        self.body.append(f'<script type="module">\n{module_text()}\nstartPage();\n</script>\n')
    start = posixpath.relpath(f"_static/{SOLVER}", posixpath.dirname(self.builder.current_docname))
    self.body.append(
        f'<div class="live" id="{escape(node["name"])}" data-live="{escape(node["name"])}" '
        f'data-solver="{escape(start)}">'
        f'<script type="application/json">{node["data"]}</script></div>\n'
    )
    raise nodes.SkipNode


def leave_out(self: Any, node: LivePlace) -> None:
    """Elsewhere than on a page the twin alone is shown."""
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Registers the directive."""
    others = dict.fromkeys(("latex", "text", "man", "texinfo"), (leave_out, None))
    app.add_node(LivePlace, html=(visit_html, None), epub=(leave_out, None), **others)
    app.add_directive("live", Live)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
