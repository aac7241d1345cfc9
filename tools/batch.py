"""Runs a CSV file of parameter sets, as many at a time as there are cores (`make batch`).

A row is a run. The column `notebook` may be left out if NB names one; every other column is a
parameter, and an empty cell leaves it as in the book. All rows are checked before the first starts.
"""

import csv
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from contents import Refused
from run_notebook import BUILDER, find, values_for
from runs import RUNS, name_of
from saying import give_up, say

from vppcore.pages.parameters_cell import read_parameters_cell


@dataclass(frozen=True)
class Set:
    """A row: its line in the file, the notebook, its parameters as `make run` takes them, and the
    folder that its run fills.
    """

    line: int
    notebook: str
    parameters: str
    folder: Path


# --- reading and checking -------------------------------------------------------------------------
def read_sets(file: Path, usual: str = "") -> list[Set]:
    """The sets of a file. Raises Refused with every fault, each with its line.

    usual: the notebook of rows that name none.
    """
    if not file.name:
        raise Refused("Say which file holds the sets, as in make batch FILE=sets.csv")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from None
    reader = csv.DictReader(text.splitlines(), strict=True)
    sets: list[Set] = []
    faults: list[str] = []
    try:
        for row in reader:
            try:
                sets.append(set_of(row, reader.line_num, usual, sets))
            except Refused as refused:
                faults += [f"line {reader.line_num}: {one}" for one in str(refused).splitlines()]
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: {error}")
    if faults:
        raise Refused("\n".join([f"Nothing was run; in {file}:", *faults]))
    if not sets:
        raise Refused(f"{file} has no row with a set; a row is a run, a column a parameter.")
    return sets


def set_of(row: dict[str, str], line: int, usual: str, earlier: list[Set]) -> Set:
    """A row as a set. Raises Refused if it cannot be run, or is one of the earlier ones."""
    if None in row:
        raise Refused("it has more cells than the head has columns")
    notebook = find((row.get("notebook") or usual).strip())
    words = []
    for name, value in row.items():
        if name != "notebook" and value and value.strip():
            words.append(shlex.quote(f"{name.strip()}={value.strip()}"))
    parameters = " ".join(words)
    values = values_for(notebook, parameters)
    folder = RUNS / notebook.stem / name_of(values, read_parameters_cell(notebook))
    for other in earlier:
        if other.folder == folder:
            raise Refused(f"it is the run of line {other.line} again")
    return Set(line, notebook.stem, parameters, folder)


# --- running --------------------------------------------------------------------------------------
def run_one(one: Set) -> tuple[float, str]:
    """Runs a set in a process of its own; returns seconds and what it said if it failed."""
    began = time.monotonic()
    command = [sys.executable, str(Path(__file__).with_name("rerun.py")), "--quiet"]
    ended = subprocess.run(
        [*command, f"--parameters={one.parameters}", "--", one.notebook],
        env=os.environ | {BUILDER: str(os.getpid()), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stderr.strip() or "it ended without a word"
    return time.monotonic() - began, said if ended.returncode else ""


def run_all(sets: list[Set]) -> list[tuple[Set, str]]:
    """Runs all sets and says a line for each that ends; returns those that failed and why."""
    failed = []
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    say(f"{len(sets)} runs, {min(cores or 1, len(sets))} at a time")
    with ThreadPoolExecutor(cores) as pool:
        running = {pool.submit(run_one, one): one for one in sets}
        try:
            for count, ended in enumerate(as_completed(running), start=1):
                one, (seconds, fault) = running[ended], ended.result()
                where = "failed" if fault else f"{one.folder}/"
                what = f"{one.notebook} {one.parameters}".strip()
                say(f"[{count} of {len(sets)}] {what}: {where} ({seconds:.0f} s)")
                if fault:
                    failed.append((one, fault))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failed


def main() -> None:
    """Runs the sets of a file; ends as failed if one did."""
    file, usual = (*sys.argv[1:], "", "")[:2]
    try:
        sets = read_sets(Path(file), usual)
        failed = run_all(sets)
    except Refused as refused:
        give_up(str(refused))
    except KeyboardInterrupt:
        sys.exit(130)
    say(f"{len(sets) - len(failed)} of {len(sets)} runs went well; side by side: make compare")
    if failed:
        told = [f"line {one.line}: {fault}" for one, fault in failed]
        give_up("\n".join(["Failed:", *told]))


if __name__ == "__main__":
    main()
