"""Write the exercises' notebooks: exercise_notebooks.py FOLDER, one for each page of exercises.

They are made from the pages, without solutions, and linked from them; nothing of them is stored.
"""

import json
import sys
from pathlib import Path

from vppcore.errors import WrongInput
from vppcore.exercises.notebooks import Targets, notebook
from vppcore.exercises.sheets import all_sheets


def write(folder: Path) -> list[Path]:
    """Writes a notebook for each page of exercises and returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = Targets()
    files = []
    for sheet in all_sheets():
        file = folder / f"exercises-{sheet.name}.ipynb"
        text = json.dumps(notebook(sheet, targets), ensure_ascii=False, indent=1)
        file.write_text(f"{text}\n", encoding="utf-8")
        files.append(file)
    return files


def main() -> None:
    try:
        write(Path(sys.argv[1]))
    except WrongInput as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main()
