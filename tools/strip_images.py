"""Drop from stored notebooks what changes at every run: pictures, times, versions, papermill's records.

Texts and tables stay, because nbval compares them. Cells that have run keep a number: nbval does not
compare a cell without one. What is drawn anew at each run (ids of styled tables, addresses of objects)
becomes constant; tests/nbval_sanitize.cfg knows both forms. Usage: strip_images.py [--check] [--into FOLDER] notebook ...
"""

import argparse
import json
import re
import sys
from pathlib import Path

PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "application/pdf")


def constant(node, seen: dict):
    """The same texts with table ids counted from 1 and addresses of objects zero."""
    if isinstance(node, list):
        return [constant(item, seen) for item in node]
    if isinstance(node, dict):
        return {key: constant(value, seen) for key, value in node.items()}
    if not isinstance(node, str):
        return node
    node = re.sub(
        r"\bT_[0-9a-f]{5}(?=_|\b)", lambda m: f"T_{seen.setdefault(m[0], len(seen) + 1):05d}", node
    )
    return re.sub(r"\bat 0x[0-9a-f]{8,}", "at 0x00000000", node)


def strip(notebook: dict) -> dict:
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    count, seen = 0, {}
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags")
        cell["metadata"] = {
            key: value
            for key, value in cell["metadata"].items()
            if key not in ("execution", "papermill", "collapsed", "ExecuteTime", "scrolled")
        }
        if not tags:  # papermill leaves an empty list
            cell["metadata"].pop("tags", None)
        if cell["cell_type"] != "code":
            continue
        if cell["execution_count"] is not None:
            count += 1
            cell["execution_count"] = count
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = cell["execution_count"]
            for picture in PICTURES:
                output.get("data", {}).pop(picture, None)
            if "metadata" in output:
                output["metadata"] = {}
        cell["outputs"] = constant(cell["outputs"], seen)
    return notebook


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("notebooks", nargs="*", type=Path)
    cli.add_argument("--into", type=Path, help="write into this folder instead of in place")
    cli.add_argument(
        "--check", action="store_true", help="change nothing, fail if something would change"
    )
    args = cli.parse_args()
    unclean = []
    for path in args.notebooks:
        before = path.read_text(encoding="utf-8")
        # as nbformat writes it, so that an editor's save and this tool agree
        after = (
            json.dumps(strip(json.loads(before)), indent=1, ensure_ascii=False, sort_keys=True)
            + "\n"
        )
        target = (args.into or path.parent) / path.name
        if args.check:
            unclean += [str(path)] if after != before else []
        elif not target.exists() or target.read_text(encoding="utf-8") != after:
            target.write_text(after, encoding="utf-8")
    if unclean:
        sys.exit(f"Clean these with tools/strip_images.py before a commit: {', '.join(unclean)}")


if __name__ == "__main__":
    main()
