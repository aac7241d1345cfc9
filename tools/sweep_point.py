"""One point of a sweep: sweep_point.py LEVEL DEVIATION OUT.csv -- CASE. `make sweep` runs many."""

import argparse
import os
from pathlib import Path

import pandas as pd
from saying import give_up

from vppcore.errors import StudyError
from vppcore.reading import load_case
from vppcore.uncertainty.robust import sweep


def row_of(case: str, level: int, deviation: float) -> dict[str, object]:
    """The point's row: worst-case cost of the coalition and of each VPP alone, yuan."""
    table, found = sweep(load_case(case), (level,), deviation=deviation)
    alone = found[level][0]
    row: dict[str, object] = {"case": case, "deviation": deviation, "level": level}
    row |= table.iloc[0].to_dict()
    for vpp, worst_day in alone.items():
        row[f"{vpp} alone"] = worst_day.cost
    return row


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("level", type=int, help="hours that load and wind may deviate")
    cli.add_argument("deviation", type=float, help="size of a deviation as a share of the forecast")
    cli.add_argument("out", type=Path, help="the CSV that is written")
    cli.add_argument("case", help="name or folder of a case")
    args = cli.parse_args()
    try:
        row = row_of(args.case, args.level, args.deviation)
    except StudyError as refused:
        where = f"case {args.case}, level {args.level}, deviation {args.deviation:g}"
        give_up(f"sweep_point stopped at {where}: {refused}")
    part = args.out.with_name(args.out.name + ".part")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([row]).to_csv(part, index=False, float_format="%.6f")
    os.replace(part, args.out)


if __name__ == "__main__":
    main()
