"""A reader's own case: `case.py new NAME` copies the commented template, `case.py check FOLDER` says what was understood.

`make case NAME=mine` and `make check CASE=data/mine` call this.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from vppcore import dispatch, load_case
from vppcore.errors import StudyError
from vppcore.pages import tables

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "data" / "template"


def new(name: str) -> None:
    """Copies the template to data/NAME, whole or not at all."""
    target = ROOT / "data" / name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        sys.exit(
            f"NAME={name!r}: allowed are letters, digits, '.', '_' and '-', as in make case NAME=mine"
        )
    if target.exists():
        sys.exit(f"data/{name} is there already; nothing was written")
    with tempfile.TemporaryDirectory(dir=ROOT / "data", prefix=".new-") as folder:
        made = Path(folder, name)
        shutil.copytree(TEMPLATE, made)
        made.rename(target)
    print(
        f"data/{name} holds case.yaml, units.csv and series.csv: a household and a shop, to be replaced by yours.\n"
        f"Then: make check CASE=data/{name}"
    )


def check(folder: str) -> None:
    """Prints what a case says, or every fault in it; then each VPP's cheapest schedule, or what it lacks and when."""
    try:
        case = load_case(folder)
    except StudyError as refused:
        sys.exit(
            f"{folder} cannot be used yet:\n"
            + "\n".join(f"  {line}" for line in str(refused).splitlines())
        )
    print(
        f"{case.description.title}\n{case.description.steps} steps of {case.description.step_hours:g} h\n"
    )
    print(tables.energy(case).round(1).to_string(), "\n")
    print(tables.devices(case).to_string(), "\n")
    print(tables.price_range(case).round(3).to_string(), "\n")
    faults = []
    for vpp in case.vpps:
        try:
            result = dispatch(vpp)
            print(f"{vpp.name} alone: {result.cost:,.2f} yuan")
        except StudyError as refused:
            faults.append(f"  {refused}")
    if faults:
        sys.exit("No schedule exists for:\n" + "\n".join(faults))
    print(f'\nNow: make run NB=bargaining P="case={folder}"')


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1] not in ("new", "check") or not sys.argv[2]:
        sys.exit("say what to do: make case NAME=mine, or make check CASE=data/mine")
    {"new": new, "check": check}[sys.argv[1]](sys.argv[2])


if __name__ == "__main__":
    main()
