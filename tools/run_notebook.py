"""Run one notebook with papermill; the only way in which the book and `make run` execute notebooks.

What papermill leaves to the user is settled here, before a kernel starts: an unknown notebook, an
unknown parameter or a wrong value is refused in a sentence, and a failed cell ends in one.
"""

import argparse
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

from contents import Refused
from parameter_values import values_from
from records import write_record
from saying import give_up, say

from vppcore.errors import StudyError
from vppcore.pages.parameters_cell import read_parameters_cell
from vppcore.pages.study import check_parameters

ROOT = Path(__file__).resolve().parent.parent
# the process that builds the book, which must live for a run to make sense
BUILDER = "VPPCORE_BUILDER"


def find(name: str) -> Path:
    """The notebook of that name. Raises Refused with those that exist."""
    known = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    stem = name.removeprefix("notebooks/").removesuffix(".ipynb")
    if stem not in known:
        what = "Say which notebook to run, as in NB=cooperation"
        if name:
            what = f"There is no notebook {name!r}"
        raise Refused(f"{what}; the notebooks are: {', '.join(known) or 'none yet'}.")
    return ROOT / "notebooks" / f"{stem}.ipynb"


def values_for(notebook: Path, text: str) -> dict[str, Any]:
    """The values that a run changes, checked by the package without a kernel and without a solver.

    Raises Refused with a sentence for each that the notebook would refuse.
    """
    try:
        values = values_from(text, read_parameters_cell(notebook))
        check_parameters(notebook, values)
    except StudyError as refused:
        raise Refused(str(refused)) from None
    return values


def clear(output: Path, results: Path) -> None:
    """Takes away what an earlier run left, so that nothing old stands beside what is new."""
    output.unlink(missing_ok=True)
    shutil.rmtree(results, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    results.mkdir(parents=True)


def execute(notebook: Path, output: Path, values: dict[str, Any], log: Path | None) -> None:
    """Runs all cells and stores the notebook with its outputs. Raises Refused if a cell fails."""
    # papermill and the kernel read these when they start: the kernel of this environment wins over
    # one the user has installed elsewhere, and the kernel says nothing about the debugger on stderr
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError, strip_color

    try:
        papermill.execute_notebook(
            # relative paths: papermill records them in the notebook that readers download
            os.path.relpath(notebook),
            os.path.relpath(output),
            values,
            progress_bar=log is None,
            # otherwise each kernel warns that its talk with this process is not encrypted
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )
    except PapermillExecutionError as error:
        if log:
            log.write_text(strip_color("\n".join(error.traceback)) + "\n", encoding="utf-8")
        raise Refused(sentence_of(error)) from None
    except DeadKernelError:
        raise Refused("The notebook's kernel died, most likely for want of memory.") from None


def sentence_of(error: Any) -> str:
    """What a cell said when it failed: a refusal's sentence, else the error with its name."""
    if error.ename in ("WrongInput", "NotSolved"):
        return str(error.evalue)
    return f"{error.ename}: {error.evalue}"


def end_with(builder: int) -> None:
    """Ends this process and its kernel soon after the process that builds the book is gone.

    A killed build leaves its jobs behind; one of them would write beside those of the next build.
    """
    import psutil

    try:
        master = psutil.Process(builder)
    except psutil.NoSuchProcess:
        os._exit(1)

    def watch() -> None:
        while master.is_running():
            time.sleep(0.5)
        for child in psutil.Process().children(recursive=True):
            child.kill()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def run(args: argparse.Namespace) -> str:
    """Runs the notebook; returns the sentence that says what was made. Raises Refused."""
    notebook = find(args.notebook)
    values = values_for(notebook, args.parameters)
    output = args.into / notebook.name
    results = (args.results or args.into / "results") / notebook.stem
    clear(output, results)
    # vppcore writes below this folder, so that a run with other parameters leaves the book's
    # numbers alone
    os.environ["VPPCORE_RESULTS"] = str(results.parent.resolve())
    if args.log:
        args.log.parent.mkdir(parents=True, exist_ok=True)
        args.log.write_text("", encoding="utf-8")
    try:
        execute(notebook, output, values, args.log)
    except Refused as refused:
        shutil.rmtree(results, ignore_errors=True)  # what a run wrote before it failed is no result
        sentence = str(refused).replace("\n", "\n  ")
        where = args.log or output
        raise Refused(
            f"{notebook.stem} stopped with\n  {sentence}\n  (the whole story: {where})"
        ) from None
    if args.record:
        write_record(notebook.stem)
    return f"{notebook.stem} ran: {output}, numbers in {results}/"


def arguments() -> argparse.Namespace:
    """What the command line says."""
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("notebook", help="name of a notebook, as cooperation")
    cli.add_argument("--parameters", "-p", default="", help="name=value name=value ...")
    cli.add_argument(
        "--into", type=Path, default=Path("build/runs"), help="folder of the executed notebook"
    )
    cli.add_argument("--results", type=Path, help="folder of its numbers (default: <into>/results)")
    cli.add_argument(
        "--log", type=Path, help="where the traceback of a failed cell goes; no progress bar then"
    )
    cli.add_argument(
        "--record", action="store_true", help="the book's own run: record what it has written"
    )
    return cli.parse_args()


def main() -> None:
    args = arguments()
    if os.environ.get(BUILDER):
        end_with(int(os.environ[BUILDER]))
    try:
        say(run(args))
    except Refused as refused:
        give_up(str(refused))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
