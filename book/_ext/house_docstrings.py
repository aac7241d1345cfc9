"""Sphinx reads the house's docstrings: a sentence, then one field a line ("name, name: meaning.").

Such lines become a list of fields. Mathematics between dollars becomes Sphinx's own, names between
backticks become code, and whatever else reStructuredText would take for markup is shown as it is
written.
"""

from __future__ import annotations

import re

FIELD = re.compile(r"^(?P<names>[\w*]+(?:, [\w*]+)*): (?P<meaning>.+)$")
DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
SPECIAL = re.compile(r"(\$[^$\n]+\$)|(`[^`\n]+`)|([\\*|_])")


def blocks_of(text: str) -> list[str]:
    """The text cut into display equations (without dollars, at odd places) and what is between."""
    return DISPLAY.split(text)


def as_markup(line: str) -> str:
    """A line of prose with mathematics and code as roles, and all other special characters escaped.

    >>> as_markup("the gas $G_t$ of `unit_1` is |x_1| * 2")
    'the gas :math:`G_t` of ``unit_1`` is \\\\|x\\\\_1\\\\| \\\\* 2'
    """

    def replace(found: re.Match) -> str:
        mathematics, code, special = found.groups()
        if mathematics:
            return f":math:`{mathematics[1:-1]}`"
        return f"`{code}`" if code else f"\\{special}"

    return SPECIAL.sub(replace, line)


def prose(text: str) -> list[str]:
    """Lines of prose with every field as an item of a list, examples left as they are.

    >>> prose("The cost.\\ncost: yuan\\nof the day.\\nRaises WrongInput.")
    ['The cost.', '', '- **cost**: yuan', '  of the day.', '', 'Raises WrongInput.']
    """
    made: list[str] = []
    in_field = in_example = False
    for line in text.split("\n"):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        field = FIELD.match(line)
        if in_example:
            made.append(line)
        elif field:
            if not in_field and made and made[-1]:
                made.append("")
            names = ", ".join(f"**{as_markup(name)}**" for name in field["names"].split(", "))
            made.append(f"- {names}: {as_markup(field['meaning'])}")
            in_field = True
        elif in_field and line.strip() and not line.startswith(("Raises ", "Source")):
            made.append("  " + as_markup(line.strip()))
        else:
            if in_field and line.strip():
                made.append("")
            in_field = False
            made.append(indented(line))
    return made


def indented(line: str) -> str:
    """A line of prose; a formula that stands indented becomes a line of a literal block."""
    return as_markup(line) if not line.startswith("   ") else "| " + as_markup(line.strip())


def process(app, what, name, obj, options, lines: list[str]) -> None:
    """Rewrites a docstring in place, as Sphinx asks it of an extension."""
    made: list[str] = []
    for place, block in enumerate(blocks_of("\n".join(lines))):
        if place % 2:
            made += ["", ".. math::", "", "   " + " ".join(block.split()), ""]
        else:
            made += prose(block.strip("\n") if place else block)
    lines[:] = [*made, ""]


def setup(app) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
