"""A reader's run of one notebook (`make run`): kept in a folder of its own, beside the book's.

The folder's name says the parameters (runs.py). It is written whole or not at all; what an earlier
run with the same parameters left goes when a new one begins.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from beside_book import beside
from contents import Refused
from run_notebook import BUILDER, end_with, execute, find, values_for
from runs import PAGE, RESULTS, RUNS, STOPPED, book_run, name_of, run_in
from saying import give_up, say

from vppcore.pages.parameters_cell import read_parameters_cell

WRITING = ".writing-"


def run(
    name: str, parameters: str = "", runs: Path = RUNS, book: Path = RESULTS, quiet: bool = False
) -> str:
    """Runs the notebook with the parameters; returns what the reader is told at the end.

    runs: the folder of all runs. book: the folder of the book's results. quiet: without a bar.
    Raises Refused, before anything runs or when a cell fails.
    """
    notebook = find(name)
    values = values_for(notebook, parameters)
    folder = runs / notebook.stem / name_of(values, read_parameters_cell(notebook))
    make(notebook, values, folder, book, quiet)
    kept = run_in(folder / "results", folder.name)
    told = [f"{notebook.stem} ran: {folder}/", f"  {PAGE}, {notebook.name}, results/"]
    if kept is not None:
        told += ["", beside(book_run(notebook.stem, book), kept)]
    return "\n".join(told)


def make(notebook: Path, values: dict[str, Any], folder: Path, book: Path, quiet: bool) -> None:
    """Fills the folder of a run. Raises Refused if a cell fails, and leaves no folder then."""
    stopped = folder.parent / STOPPED / f"{folder.name}.ipynb"
    shutil.rmtree(folder, ignore_errors=True)
    stopped.unlink(missing_ok=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=WRITING) as place:
        made = Path(place, "run")
        executed = made / notebook.name
        made.mkdir()
        # vppcore writes below this folder, so that the book's numbers are left alone
        os.environ["VPPCORE_RESULTS"] = str(Path(place, "kept").resolve())
        try:
            execute(notebook, executed, values, Path(place, "log") if quiet else None)
        except Refused as refused:
            where = keep_story(executed, stopped)
            sentence = str(refused).replace("\n", "\n  ")
            raise Refused(f"{notebook.stem} stopped with\n  {sentence}{where}") from None
        correct_path(executed, folder / notebook.name)
        Path(place, "kept", notebook.stem).rename(made / "results")
        write_run_page(notebook.stem, values, made, folder, book)
        # a run with the same parameters may have ended meanwhile; the last one is kept
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def write_run_page(name: str, values: dict[str, Any], made: Path, folder: Path, book: Path) -> None:
    """Writes the page of a run that is about to become `folder`."""
    from run_page import beside_as_page, write_page

    kept = run_in(made / "results", folder.name)
    top = "" if kept is None else beside_as_page(name, values, book_run(name, book), kept)
    title = f"{name}: {folder.name}"
    static = folder.parent.parent / "_static"
    record = {} if kept is None else kept.record
    write_page(made / f"{name}.ipynb", made / PAGE, title, top, static, record)


def keep_story(executed: Path, stopped: Path) -> str:
    """Keeps how far a run came; returns where it is told."""
    if not executed.is_file():
        return ""
    stopped.parent.mkdir(exist_ok=True)
    executed.replace(stopped)
    return f"\n  (the whole story: {stopped})"


def correct_path(executed: Path, kept: Path) -> None:
    """The executed notebook names the file that it becomes, not the one that it was written to."""
    content = json.loads(executed.read_text(encoding="utf-8"))
    record = content.get("metadata", {}).get("papermill")
    if record:
        record["output_path"] = os.path.relpath(kept)
        text = json.dumps(content, indent=1, ensure_ascii=False)
        executed.write_text(text + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("notebook", help="name of a notebook, as cooperation")
    cli.add_argument("--parameters", "-p", default="", help="name=value name=value ...")
    cli.add_argument("--quiet", action="store_true", help="without a bar")
    return cli.parse_args()


def main() -> None:
    args = arguments()
    if os.environ.get(BUILDER):
        end_with(int(os.environ[BUILDER]))
    try:
        say(run(args.notebook, args.parameters, quiet=args.quiet))
    except Refused as refused:
        give_up(str(refused))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
