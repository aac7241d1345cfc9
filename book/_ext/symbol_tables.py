"""Tables of symbols, made from book/symbols/: of a study, and of what one chapter uses.

    ```{symbols} study-a
    ```

is the whole table. In a chapter,

    ```{chapter-symbols} study-a
    ```

becomes a fold with the symbols that the chapter's formulas use, and a link to the whole table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from vppcore.pages.letters import Row, lines_for, read_table

FOLDER = "book/symbols"
FOLD = [
    ":::{admonition} Symbols of this chapter",
    ":class: dropdown chapter-symbols",
    "",
    "The letters of this chapter's formulas; {ref}`all of the study <symbols-STUDY>`.",
    "",
]


def lines_of(rows: list[Row], columns: dict[str, str]) -> list[str]:
    """A table in Markdown.

    columns: what stands in a column's head, and the attribute of a row that it shows.

    >>> row = Row("$", "", "a | b", "kW", "", ())
    >>> lines_of([row], {"unit": "unit", "meaning": "meaning"})[2]
    '| kW | a \\\\| b |'
    """
    head = ["", *columns, ""]
    lines = [" | ".join(head).strip(), "|" + "---|" * len(columns)]
    for row in rows:
        cells = [getattr(row, attribute).replace("|", "\\|") for attribute in columns.values()]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


class TableOf(SphinxDirective):
    """What both directives share: the study's table, and text that becomes part of the page."""

    required_arguments = 1

    def table(self) -> list[Row]:
        """The rows of the study that is named; the page is built again if they change."""
        file = Path(self.env.srcdir) / FOLDER / f"{self.arguments[0]}.csv"
        self.env.note_dependency(str(file))
        rows = read_table(file)
        return [
            Row(f"${row.symbol}$", row.kind, row.meaning, row.unit, row.name, row.pages)
            for row in rows
        ]

    def parsed(self, lines: list[str]) -> list[nodes.Node]:
        """The nodes of a text in Markdown."""
        holder = nodes.container()
        source = self.get_source_info()[0]
        self.state.nested_parse(StringList(lines, source), self.content_offset, holder)
        return holder.children


class Symbols(TableOf):
    """The whole table of a study."""

    def run(self) -> list[nodes.Node]:
        columns = {
            "symbol": "symbol",
            "meaning": "meaning",
            "unit": "unit",
            "name in code": "name",
        }
        return self.parsed(lines_of(self.table(), columns))


class ChapterSymbols(TableOf):
    """The part of a study's table that the chapter uses, in a fold."""

    def run(self) -> list[nodes.Node]:
        page = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        rows = lines_for(page, self.table())
        columns = {"symbol": "symbol", "meaning": "meaning", "unit": "unit"}
        fold = [line.replace("STUDY", self.arguments[0]) for line in FOLD]
        return self.parsed([*fold, *lines_of(rows, columns), ":::"])


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension."""
    app.add_directive("symbols", Symbols)
    app.add_directive("chapter-symbols", ChapterSymbols)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
