"""The grid of `make sweep`: which points it has, what each rests on, and the table of all.

`make sweep` writes the plan, Snakemake computes the points that are not there, and this file, run
as a program, puts them together in results/sweep/sweep.csv.
"""

import ast
import json
import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from contents import Refused
from dependencies import NO_DATA, ROOT, files_below, replace_text
from fingerprints import digest, fingerprint
from imports import Modules
from saying import give_up

PLAN = Path("build/sweep/plan.json")
POINTS = Path("build/sweep/points")
TABLE = Path("results/sweep/sweep.csv")
SCRIPT = Path("tools/sweep_point.py")


@dataclass(frozen=True)
class Point:
    """One point of the grid, as it was asked for."""

    case: str
    level: str
    deviation: str


def plan_of(asked: Mapping[str, str]) -> dict[str, Point]:
    """Name -> point for CASES, LEVELS and DEVIATIONS. Raises Refused with what is allowed."""
    levels = numbers_from(asked, "LEVELS", r"[0-9]{1,6}", "whole numbers of 0 or more, as in 0 4 8")
    deviations = numbers_from(
        asked, "DEVIATIONS", r"0*\.[0-9]{1,4}|0+\.?0*", "numbers from 0 to below 1, as in 0.1 0.2"
    )
    plan = {}
    for case in cases_from(asked.get("CASES", "")):
        inputs = inputs_of(case)
        for level in levels:
            for deviation in deviations:
                plan[f"{inputs}-{level}-{deviation}"] = Point(case, level, deviation)
    return plan


def numbers_from(asked: Mapping[str, str], name: str, pattern: str, allowed: str) -> list[str]:
    """The numbers of a list, each once and written in one way."""
    words = asked.get(name, "").split()
    wrong = [word for word in words if not re.fullmatch(pattern, word)]
    if wrong or not words:
        found = repr(wrong[0]) if wrong else "nothing"
        raise Refused(f"{name}: found {found}; allowed: {allowed}.")
    return list(dict.fromkeys(f"{float(word):g}" for word in words))


def cases_from(text: str) -> list[str]:
    """Names or folders of cases; a folder with a blank in its name stands alone or in quotes.

    Raises Refused with every fault of the first case that cannot be used.
    """
    from vppcore import load_case
    from vppcore.errors import StudyError

    if text.strip() and (ROOT / text.strip()).is_dir():
        cases = [text.strip()]
    else:
        try:
            cases = list(dict.fromkeys(shlex.split(text)))
        except ValueError as error:
            raise Refused(f"CASES: {text!r} cannot be read: {error}.") from None
    if not cases:
        raise Refused(
            'CASES: found nothing; allowed: names or folders of cases, as in CASES="paper-a".'
        )
    for case in cases:
        try:
            load_case(case)
        except StudyError as refused:
            raise Refused(f"CASES: {case!r} cannot be used: {refused}") from None
    return cases


def folder_of(case: str) -> Path:
    """The case's folder: a path, or a name below data/, as load_case understands it."""
    path = Path(case)
    return path if path.is_dir() else ROOT / "data" / case


def inputs_of(case: str) -> str:
    """The digest of all that the points of a case rest on: case, code and packages."""
    folder = folder_of(case)
    said = [case, fingerprint(ROOT / "requirements.lock"), fingerprint(ROOT / SCRIPT)]
    for file in files_below(folder, "."):
        if Path(file).suffix not in NO_DATA:
            said += [file, fingerprint(folder / file)]
    modules = Modules(ROOT)
    script = ast.parse((ROOT / SCRIPT).read_text(encoding="utf-8"))
    for module in sorted(modules.needed_by(script) - modules.only_hand_out):
        said += [module, fingerprint(modules.files[module])]
    return digest("\n".join(said))


def write_plan(plan: dict[str, Point]) -> None:
    """Writes the plan; points and a table that no longer agree with it are removed."""
    text = json.dumps({name: asdict(point) for name, point in plan.items()}, indent=2) + "\n"
    file = ROOT / PLAN
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return
    (ROOT / TABLE).unlink(missing_ok=True)
    remove_outdated_points(plan)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_text(file, text)


def remove_outdated_points(plan: dict[str, Point]) -> None:
    """Removes points of the plan's cases that rest on what the cases or the code were before."""
    cases = {point.case for point in plan.values()}
    current = {name.partition("-")[0] for name in plan}
    earlier = {
        name.partition("-")[0] for name, point in read_plan().items() if point["case"] in cases
    }
    for inputs in earlier - current:
        for file in (ROOT / POINTS).glob(f"{inputs}-*.csv"):
            file.unlink()


def read_plan() -> dict[str, dict[str, str]]:
    """Name -> case, level and deviation of each point; empty if no sweep was ever asked for."""
    try:
        return dict(json.loads((ROOT / PLAN).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def gather_points() -> None:
    """Puts the points together in one table, whole or not at all."""
    import pandas as pd

    points = [pd.read_csv(ROOT / POINTS / f"{name}.csv") for name in read_plan()]
    if not points:
        raise Refused("There is no sweep yet; ask for one with make sweep.")
    table = pd.concat(points, ignore_index=True).sort_values(["case", "deviation", "level"])
    part = ROOT / f"{TABLE}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(part, index=False)
    os.replace(part, ROOT / TABLE)


def print_table() -> None:
    """Shows the table of all points."""
    import pandas as pd

    print(pd.read_csv(ROOT / TABLE).round(2).to_string(index=False))


def main() -> None:
    try:
        gather_points()
    except Refused as refused:
        give_up(str(refused))


if __name__ == "__main__":
    sys.exit(main())
