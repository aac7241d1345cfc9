"""How the code reads, in numbers: `python benchmarks/code_shape.py [folder]` prints a table for
vppcore and the notebooks.

A measure, not a limit: nothing fails on these numbers. They are for a comparison before and after a
change.
"""

from __future__ import annotations

import ast
import io
import json
import statistics
import sys
import tokenize
from pathlib import Path

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
BRANCHES = (
    ast.If,
    ast.For,
    ast.While,
    ast.IfExp,
    ast.And,
    ast.Or,
    ast.ExceptHandler,
    ast.comprehension,
)
LAYOUT = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT)


def docstring_lines(tree: ast.AST) -> set[int]:
    """The lines that docstrings take."""
    lines = set()
    for node in ast.walk(tree):
        first = getattr(node, "body", None)
        if not isinstance(first, list) or not first or not isinstance(first[0], ast.Expr):
            continue
        text = first[0].value
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            lines |= set(range(first[0].lineno, first[0].end_lineno + 1))
    return lines


def code_tokens(source: str, skip: set[int]) -> tuple[int, int]:
    """Tokens of code and lines that hold some, docstrings, comments and blank lines left out."""
    count = 0
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in LAYOUT or token.type == tokenize.ENDMARKER or token.start[0] in skip:
            continue
        count += 1
        lines.add(token.start[0])
    return count, len(lines)


def complexity(function: ast.AST) -> int:
    """One more than the branches of a function (McCabe's number, boolean operators
    counted once).
    """
    return 1 + sum(isinstance(node, BRANCHES) for node in ast.walk(function))


def shape_of(files: list[Path]) -> dict[str, float]:
    """The numbers of a list of Python files."""
    tokens = lines = wide = all_lines = comprehensions = packed = doctests = 0
    functions = []
    for file in files:
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
        found, with_code = code_tokens(source, docstring_lines(tree))
        tokens += found
        lines += with_code
        all_lines += len(source.splitlines())
        wide += sum(len(line) > 100 for line in source.splitlines())
        doctests += source.count(">>> ")
        for node in ast.walk(tree):
            comprehensions += isinstance(node, COMPREHENSIONS)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
                packed += isinstance(node.value, ast.Tuple)
            if isinstance(node, ast.FunctionDef):
                functions.append((complexity(node), node.end_lineno - node.lineno + 1))
    return {
        "files": len(files),
        "lines": all_lines,
        "code lines": lines,
        "tokens a code line": tokens / lines,
        "lines over 100 characters (%)": 100 * wide / all_lines,
        "comprehensions per 100 code lines": 100 * comprehensions / lines,
        "assignments of one tuple to another": packed,
        "doctest lines": doctests,
        "functions": len(functions),
        "mean complexity": statistics.mean(number for number, _ in functions),
        "functions with complexity over 10": sum(number > 10 for number, _ in functions),
        "longest function (lines)": max(length for _, length in functions),
        "functions over 60 lines": sum(length > 60 for _, length in functions),
    }


def cells_of(notebooks: list[Path]) -> dict[str, float]:
    """The numbers of the notebooks' visible code cells, the parameters cell left out."""
    lengths = []
    for notebook in notebooks:
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            tags = cell["metadata"].get("tags", [])
            hidden = {"remove-input", "hide-input", "remove-cell", "parameters"} & set(tags)
            if cell["cell_type"] == "code" and not hidden:
                lengths.append(len("".join(cell["source"]).splitlines()))
    return {
        "visible code cells": len(lengths),
        "longest cell (lines)": max(lengths),
        "median cell (lines)": statistics.median(lengths),
        "cells over 25 lines": sum(length > 25 for length in lengths),
    }


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    numbers = shape_of(sorted((folder / "vppcore").rglob("*.py")))
    numbers |= cells_of(sorted((folder / "notebooks").glob("*.ipynb")))
    for name, number in numbers.items():
        print(f"{name:40s} {number:10,.1f}")


if __name__ == "__main__":
    main()
