"""What the parameters cell of a notebook declares: one parameter a line, with its type, its default
and a comment.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vppcore.errors import WrongInput
from vppcore.places import NOTEBOOKS

TAG = "parameters"  # of the cell that papermill replaces


@dataclass(frozen=True)
class Declared:
    """One line of a parameters cell, as in `penalty: float = None  # yuan/kWh per kW; None suits
    the case`.

    annotation: the type as it is written; that of the default where none is. comment: what stands
    behind the #.
    """

    name: str
    annotation: str
    default: Any
    comment: str = ""

    @property
    def may_be_none(self) -> bool:
        """True if None is the default or stands in the annotation, as in `str | None`."""
        return self.default is None or "None" in self.kinds

    @property
    def kinds(self) -> set[str]:
        """The types that the annotation names.

        >>> sorted(Declared("vpp", "str | None", "VPP1").kinds)
        ['None', 'str']
        """
        return {kind.strip() for kind in self.annotation.split("|")}

    @property
    def is_whole(self) -> bool:
        """True if only a whole number will do."""
        return "int" in self.kinds and "float" not in self.kinds

    @property
    def none(self) -> str:
        """What None stands for, by the comment's own words; empty if None is not allowed.

        >>> Declared("vpp", "str", None, "the VPP that is shown; None takes the second").none
        'takes the second'
        """
        if not self.may_be_none:
            return ""
        said = re.search(r"\bNone (.+)$", self.comment)
        return said.group(1) if said else "the default"


def notebook_file(notebook: str | Path) -> Path:
    """The file of a notebook given by its name, as "cooperation", or by its path.

    Raises WrongInput with the notebooks that exist.
    """
    path = Path(notebook)
    file = path if path.suffix == ".ipynb" else NOTEBOOKS / f"{path}.ipynb"
    if not file.is_file():
        known = sorted(other.stem for other in NOTEBOOKS.glob("*.ipynb"))
        raise WrongInput(
            f"notebook: found {str(notebook)!r}; allowed: {', '.join(known)}"
            " (save a new one under its name first)"
        )
    return file


def read_parameters_cell(notebook: str | Path) -> dict[str, Declared]:
    """Name -> what a notebook declares of that parameter, in the order of its cell; empty without
    such a cell.

    notebook: name or path. Raises WrongInput if there is no such notebook or its cell cannot be
    read.
    """
    file = notebook_file(notebook)
    try:
        cells = json.loads(file.read_text(encoding="utf-8-sig"))["cells"]
        tagged = [cell for cell in cells if TAG in cell["metadata"].get("tags", [])]
        source = "".join(tagged[0]["source"]) if tagged else ""
        return declarations(source)
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        raise WrongInput(
            f"{file.name}: its parameters cell cannot be read ({error});"
            " allowed: lines such as  level: int = 12  # hours that may deviate"
        ) from None


def declarations(source: str) -> dict[str, Declared]:
    """Name -> what a parameters cell declares of it.

    >>> declarations("level: int = 12  # hours that may deviate")["level"].default
    12
    """
    lines = source.splitlines()
    declared = {}
    for node in ast.parse(source).body:
        behind = lines[(node.end_lineno or 1) - 1][node.end_col_offset :]
        comment = behind.partition("#")[2].strip()
        match node:
            case ast.AnnAssign(
                target=ast.Name(id=name), annotation=kind, value=ast.expr() as value
            ):
                default = ast.literal_eval(value)
                declared[name] = Declared(name, ast.unparse(kind), default, comment)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                default = ast.literal_eval(value)
                declared[name] = Declared(name, type(default).__name__, default, comment)
    return declared
