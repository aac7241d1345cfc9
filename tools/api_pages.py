"""Write the modules of vppcore into the staged pages of the API: api_pages.py FOLDER.

A page of `book/api/` names its rooms in one line, as in `<!-- rooms: cooperation bargaining -->`.
In the staged copy that line becomes a section for each module of these rooms, which Sphinx fills
from the docstrings. A new module of a room that is there needs no change here; a new room must be
named on one page, or the build stops and says so.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "vppcore"
ROOMS = re.compile(r"<!-- rooms: (?P<rooms>[\w ]+) -->")
SECTION = """## `{module}`

```{{eval-rst}}
.. automodule:: {module}
   :members:
   :member-order: bysource
```
"""


def modules_by_room(package: Path = PACKAGE) -> dict[str, list[str]]:
    """Room -> its modules as dotted names, a room being a folder or a single file of
    the package.
    """
    rooms: dict[str, list[str]] = {}
    for file in sorted(package.rglob("*.py")):
        path = file.relative_to(package.parent).with_suffix("")
        if path.name != "__init__":
            rooms.setdefault(path.parts[1], []).append(".".join(path.parts))
    return rooms


def expand(text: str, rooms: dict[str, list[str]]) -> tuple[str, list[str]]:
    """A page's text with its line of rooms replaced by sections, and the rooms that it named."""
    line = ROOMS.search(text)
    if line is None:
        return text, []
    named = line["rooms"].split()
    modules = [module for room in named for module in rooms[room]]
    sections = "\n".join(SECTION.format(module=module) for module in modules)
    return text.replace(line[0], sections), named


def main() -> None:
    folder = Path(sys.argv[1])
    rooms = modules_by_room()
    shown: list[str] = []
    for page in sorted(folder.glob("*.md")):
        text, named = expand(page.read_text(encoding="utf-8"), rooms)
        page.write_text(text, encoding="utf-8")
        shown += named
    missing = sorted(set(rooms) - set(shown))
    if missing:
        sys.exit(
            f"book/api: no page names the room {', '.join(missing)}; name it in a line of rooms."
        )


if __name__ == "__main__":
    main()
