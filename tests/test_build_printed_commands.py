"""Every command that the book and the README print is one that the tools take."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from case import KINDS, PLAIN_KIND
from parameter_values import values_from
from sweep_plan import numbers_from
from tiny_book import ROOT

from vppcore import load_case
from vppcore.pages.parameters_cell import read_parameters_cell
from vppcore.pages.study import check_parameters

IN_BACKTICKS = re.compile(r"`(make (?:run|sweep|check|case)\b[^`]*)`")
IN_A_BLOCK = re.compile(r"^ {0,4}(make (?:run|sweep|check|case)\b.*?)(?:\s+#.*)?$", re.MULTILINE)
# cases that the text tells the reader to make first; the template stands for them
TO_BE_MADE = {"data/mine", "mine", "data/valley", "valley", "two-villages"}


def texts() -> dict[str, str]:
    """Every text of the book, notebooks' prose included, and the README."""
    found = {"README.md": (ROOT / "README.md").read_text(encoding="utf-8")}
    for page in sorted((ROOT / "book").rglob("*.md")):
        found[page.name] = page.read_text(encoding="utf-8")
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        found[file.name] = "\n\n".join(prose)
    return found


def commands() -> list[tuple[str, str]]:
    """(where, command) of every printed command that has values."""
    found = []
    for name, text in texts().items():
        printed = IN_BACKTICKS.findall(text) + IN_A_BLOCK.findall(text)
        found += [(name, " ".join(command.split())) for command in printed if "=" in command]
    return sorted(set(found))


COMMANDS = commands()


def test_there_are_commands_to_try():
    kinds = {command.split()[1] for _, command in COMMANDS}
    assert {"run", "sweep", "check", "case"} <= kinds
    assert len(COMMANDS) >= 30


@pytest.mark.parametrize(("where", "command"), COMMANDS)
def test_a_printed_command_is_taken(where, command):
    _, target, *words = shlex.split(command)
    given = dict(word.split("=", 1) for word in words)
    if target == "run":
        values = values_from(given.get("P", ""), read_parameters_cell(given["NB"]))
        for name in {"case", "cases"} & set(values):
            if values[name] in TO_BE_MADE:
                values[name] = "template"
        check_parameters(given["NB"], values)
    elif target == "sweep":
        numbers_from(given | {"LEVELS": given.get("LEVELS", "0")}, "LEVELS", r"[0-9]+", "numbers")
        for case in shlex.split(given.get("CASES", "paper-a")):
            assert case in TO_BE_MADE or load_case(case).vpps
    else:
        assert given.pop("KIND", PLAIN_KIND) in KINDS
        assert given.popitem()[1] in TO_BE_MADE
