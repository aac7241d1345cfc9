"""Writes exact proofs to build/proofs: make_proofs.py [CASE ...]; `make proofs` calls it.

Without cases: both cases of study A, and the second day of the real week. A case that is given is
proved as a whole. `tools/check_proofs.py` checks the files.
"""

import shutil
import sys
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from vppcore import load_case
from vppcore.case import Case
from vppcore.errors import StudyError
from vppcore.proofs.studies import Task, tasks

FOLDER = Path("build/proofs")
STUDIES = ("paper-a-parent", "paper-a")
WEEK = "simbench-semiurb"
DAY = 2
DAY_HOURS = 24


def book_tasks() -> list[Task]:
    """The proofs of the book's own cases."""
    found = list(chain.from_iterable(tasks(load_case(name)) for name in STUDIES))
    week = load_case(WEEK)
    steps = round(DAY_HOURS / week.vpps[0].step_hours)
    day = week.window((DAY - 1) * steps + 1, steps)
    found += tasks(day, coalitions=False, called=f"{WEEK}, day {DAY}")
    return found


def write(asked: list[Task]) -> None:
    """Makes the proofs one after the other; the folder holds them alone, all or none."""
    fresh = FOLDER.with_name("proofs.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for task in tqdm(asked, desc="proofs"):
        task.make().write(fresh / f"{task.name}.json")
    shutil.rmtree(FOLDER, ignore_errors=True)
    fresh.rename(FOLDER)
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{len(asked)} proofs, {size / 1e6:.1f} MB, in {FOLDER}; now: make check-proofs")


def cases_named(names: list[str]) -> list[Case]:
    """The cases of these names or folders."""
    return [load_case(name) for name in names]


def main(names: list[str]) -> None:
    try:
        asked = list(chain.from_iterable(map(tasks, cases_named(names)))) if names else book_tasks()
        write(asked)
    except StudyError as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main(sys.argv[1:])
