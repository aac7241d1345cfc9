"""Writes exact proofs to build/proofs: make_proofs.py [CASE ...] [--levels "4 12"].

`make proofs` calls it. Without cases: both cases of study A with the worst days of the book's
levels, the real week and the second day of it, and both cases of study B. A case that is given is
proved as a whole, with the worst days of the levels that are given. `tools/check_proofs.py` checks
the files, and `tools/check_worst_days.py` those of worst days.
"""

import argparse
import shutil
import sys
from functools import partial
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from vppcore import load_case
from vppcore.errors import StudyError, WrongInput
from vppcore.proofs.studies import Task, tasks, together
from vppcore.uncertainty.settings import LEVEL

FOLDER = Path("build/proofs")
STUDY_A = ("paper-a-parent", "paper-a")
LEVELS = (2, 4, 6, 8, 10, 12)
STUDY_B = "paper-b"
BY_HAND = "paper-b-handmade"
WEEK = "simbench-semiurb"
DAY = 2
DAY_HOURS = 24


def book_tasks() -> list[Task]:
    """The proofs of the book's own cases."""
    found = list(chain.from_iterable(tasks(load_case(name), levels=LEVELS) for name in STUDY_A))
    week = load_case(WEEK)
    steps = round(DAY_HOURS / week.vpps[0].step_hours)
    day = week.window((DAY - 1) * steps + 1, steps)
    found += tasks(day, coalitions=False, called=f"{WEEK}, day {DAY}")
    found.append(Task(f"{WEEK}-together", partial(together, week, week.names, WEEK)))
    found += tasks(load_case(STUDY_B))
    found += tasks(load_case(BY_HAND), coalitions=False)
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


def levels_of(text: str) -> list[int]:
    """The levels that a reader gives. Raises WrongInput for what is none."""
    words = text.split()
    for word in words:
        if not word.isdecimal():
            raise WrongInput(LEVEL.fault("levels", word))
    return [int(word) for word in words]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Writes exact proofs of least costs.")
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--levels", default="")
    given = parser.parse_args(arguments)
    try:
        levels = levels_of(given.levels)
        named = [tasks(load_case(name), levels=levels) for name in given.cases]
        write(list(chain.from_iterable(named)) or book_tasks())
    except StudyError as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main(sys.argv[1:])
