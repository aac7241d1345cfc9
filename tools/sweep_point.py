"""One point of a sweep: sweep_point.py case level deviation out.csv. `make sweep` runs a grid of them in parallel."""

import os
import sys
from pathlib import Path

import pandas as pd

from vppcore.errors import StudyError
from vppcore.reading import load_case
from vppcore.uncertainty.robust import sweep


def main() -> None:
    name, level, deviation, out = sys.argv[1:]
    try:
        table, found = sweep(load_case(name), (int(level),), deviation=float(deviation))
    except (StudyError, ValueError) as refused:
        sys.exit(f"sweep, case {name}, level {level}, deviation {deviation}: {refused}")
    costs = {f"{vpp} alone": day.cost for vpp, day in found[int(level)][0].items()}
    row = (
        {"case": name, "deviation": float(deviation), "level": int(level)}
        | table.iloc[0].to_dict()
        | costs
    )
    part = Path(out + ".part")
    pd.DataFrame([row]).to_csv(part, index=False, float_format="%.6f")
    os.replace(part, out)


if __name__ == "__main__":
    main()
