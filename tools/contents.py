"""The notebooks of the book, in its order: those that _toc.yml names. Nothing else lists them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from saying import Refused


def book_notebooks(project: Path) -> list[str]:
    """Names of the book's notebooks. Raises Refused if one is missing or is named oddly."""
    contents = project / "_toc.yml"
    try:
        listed = list(entries(yaml.safe_load(contents.read_text(encoding="utf-8"))))
    except (OSError, yaml.YAMLError) as error:
        raise Refused(f"_toc.yml cannot be read: {error}") from None
    names = [entry.removeprefix("notebooks/") for entry in listed if entry.startswith("notebooks/")]
    names = [name.removesuffix(".ipynb") for name in names]
    for name in names:
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise Refused(
                f"_toc.yml names the notebook {name!r};"
                " allowed are letters, digits, '_', '-' and '.' in its name"
            )
        if not (project / "notebooks" / f"{name}.ipynb").is_file():
            raise Refused(f"_toc.yml names notebooks/{name}, and there is no such notebook")
    return names


def entries(node: Any) -> Iterator[str]:
    """Every file that a table of contents names, however deep."""
    if isinstance(node, dict):
        if "file" in node:
            yield str(node["file"])
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from entries(child)
