"""Drop from stored notebooks what changes at every run: pictures, times, widgets, run records.

Texts and tables stay, because nbval compares them. Cells that have run keep a number: nbval does
not compare a cell without one. What is drawn anew at each run (ids of styled tables, addresses of
objects) becomes constant; tests/nbval_sanitize.cfg knows both forms. Usage: strip_images.py
[--check] [--into FOLDER] notebook ...
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "application/pdf")
LEFT_BY_A_RUN = ("execution", "papermill", "collapsed", "ExecuteTime", "scrolled")
TABLE_ID = re.compile(r"\bT_[0-9a-f]{5}(?=_|\b)")
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{8,}")
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def constant(node: Any, seen: dict[str, str]) -> Any:
    """The same texts with table ids counted from 1 and addresses of objects zero."""
    if isinstance(node, list):
        return [constant(item, seen) for item in node]
    if isinstance(node, dict):
        return {key: constant(value, seen) for key, value in node.items()}
    if not isinstance(node, str):
        return node

    def counted(table: re.Match) -> str:
        return seen.setdefault(table[0], f"T_{len(seen) + 1:05d}")

    return ADDRESS.sub("at 0x00000000", TABLE_ID.sub(counted, node))


def strip(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook without what changes at every run; it is changed in place and returned."""
    notebook["metadata"] = KERNEL
    count = 0
    seen: dict[str, str] = {}
    for cell in notebook["cells"]:
        strip_metadata(cell)
        if cell["cell_type"] != "code":
            continue
        if cell["execution_count"] is not None:
            count += 1
            cell["execution_count"] = count
        cell["outputs"] = [each for each in cell["outputs"] if WIDGET not in each.get("data", {})]
        for output in cell["outputs"]:
            strip_output(output, cell["execution_count"])
        cell["outputs"] = constant(cell["outputs"], seen)
    return notebook


def strip_metadata(cell: dict[str, Any]) -> None:
    """Takes out what a run or an editor notes of a cell."""
    for name in LEFT_BY_A_RUN:
        cell["metadata"].pop(name, None)
    if not cell["metadata"].get("tags"):  # papermill leaves an empty list
        cell["metadata"].pop("tags", None)


def strip_output(output: dict[str, Any], count: int | None) -> None:
    """Takes pictures and metadata out of an output and gives it its cell's number."""
    if "execution_count" in output:
        output["execution_count"] = count
    for picture in PICTURES:
        output.get("data", {}).pop(picture, None)
    if "metadata" in output:
        output["metadata"] = {}


def stripped_text(text: str) -> str:
    """A notebook's file, stripped, as nbformat writes it: an editor's save and this tool agree."""
    return json.dumps(strip(json.loads(text)), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def arguments() -> argparse.Namespace:
    """What the command line says."""
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("notebooks", nargs="*", type=Path)
    cli.add_argument("--into", type=Path, help="write into this folder instead of in place")
    cli.add_argument(
        "--check", action="store_true", help="change nothing, fail if something would change"
    )
    return cli.parse_args()


def main() -> None:
    args = arguments()
    unclean = []
    for path in args.notebooks:
        try:
            before = path.read_text(encoding="utf-8")
            after = stripped_text(before)
        except (OSError, ValueError, KeyError, TypeError) as error:
            sys.exit(f"{path} is no notebook that can be read: {error!r}")
        target = (args.into or path.parent) / path.name
        if args.check:
            unclean += [str(path)] if after != before else []
        elif not target.exists() or target.read_text(encoding="utf-8") != after:
            part = target.with_name(f"{target.name}.part")
            part.write_text(after, encoding="utf-8")
            os.replace(part, target)
    if unclean:
        sys.exit(f"Clean these with tools/strip_images.py before a commit: {', '.join(unclean)}")


if __name__ == "__main__":
    main()
