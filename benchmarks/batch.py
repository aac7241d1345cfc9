"""How long `make batch` takes for twenty sets: `python benchmarks/batch.py [NOTEBOOK]`.

Runs the notebook (bargaining, if none is named) at twenty crossing fees, as many at a time as there
are cores. Prints and keeps: seconds of a run alone and of all twenty, how much longer they take one
after the other, and seconds until a file with a wrong value is refused. The runs stay in
build/runs/, so that `make compare` can put them side by side. Nothing fails on these numbers.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT)]

from vppcore.pages.study import Study  # noqa: E402

SETS = 20
STEP = 0.01  # yuan/kWh between the fees of two sets
SECONDS = re.compile(r"\((\d+) s\)$", re.MULTILINE)


def sets(count: int) -> str:
    """A file of parameter sets: one fee a row.

    >>> sets(2)
    'crossing_fee\\n0.00\\n0.01\\n'
    """
    return "\n".join(["crossing_fee", *(f"{STEP * number:.2f}" for number in range(count)), ""])


def batch(text: str, notebook: str) -> tuple[float, str]:
    """Seconds that `make batch` takes for these sets, and what it says."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sets.csv")
        file.write_text(text, encoding="utf-8")
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools/batch.py"), str(file), notebook],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    return time.perf_counter() - began, done.stdout + done.stderr


def measured(notebook: str) -> pd.DataFrame:
    """The table: one row."""
    alone, _ = batch(sets(1), notebook)
    together, said = batch(sets(SETS), notebook)
    refused, fault = batch("crossing_fee\n-1\n", notebook)
    runs = [int(seconds) for seconds in SECONDS.findall(said)]
    row = {
        "runs": len(runs),
        "cores": len(os.sched_getaffinity(0)),
        "alone (s)": alone,
        "all (s)": together,
        "at a time": sum(runs) / together,
        "one after the other / all": SETS * alone / together,
        "refused (s)": refused if "Nothing was run" in fault else float("nan"),
    }
    return pd.DataFrame(row, index=pd.Index([notebook], name="notebook"))


def main() -> None:
    notebook = sys.argv[1] if len(sys.argv) > 1 else "bargaining"
    study = Study("batch", {})
    table = measured(notebook)
    print(table.T.to_string(float_format="{:.1f}".format))
    study.keep(batch=table)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    print(study.finish(machine=machine))


if __name__ == "__main__":
    main()
