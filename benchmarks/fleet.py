"""What the joint optimum of a fleet costs to compute, by size and method: `python
benchmarks/fleet.py`.

Writes build/runs/results/fleet_benchmark/fleet.csv, a row for each method and number of VPPs:
processor and wall seconds of solving, processor seconds of drawing and stating, rounds, peak
memory, both bounds and their gap; with the machine, the date and versions. Each run has a process
of its own and one thread, and all methods get the same fleet (`drawn(n, seed)`, stores relaxed).

    --largest 100000     also larger fleets (the largest is 10,000 without it)
    --only NAME NAME     these methods only
    --limit 300          processor seconds that a run may take
    --repeats 3          runs of small fleets
    --out FILE           another file
    --store              also data/benchmarks/fleet.csv, which the book shows
    --join FILE FILE     runs nothing: one table of those of several runs

A method that takes longer than the limit, or fails, is left out for larger fleets. Small fleets
are solved several times and the median stands in the table. A row `fitted exponent` says with which
power of the number of VPPs a method's processor time grew, from 30 VPPs on. The bounds of a
solver are its primal and its dual objective, as it ends; those of price-Newton are proven.
Packages that are not in the lock are named as not installed where they are not. No test asserts
any of these numbers.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZES = (3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
LARGEST = 10_000
REPEATS = 3
REPEATED = 100  # VPPs up to which a run is repeated
FROM = 30  # VPPs from which the exponent is fitted
SEED = 1
LIKE = "paper-a-parent"
LIMIT = 300.0  # s
STORED = Path(__file__).resolve().parents[1] / "data" / "benchmarks" / "fleet.csv"
# which packages a method's numbers depend on
VERSIONS = ("numpy", "scipy", "numba", "highspy", "clarabel", "cvxpy")
NOT_IN_THE_LOCK = ("pycity_scheduling", "pypsa")
COLUMNS = [
    "method",
    "vpps",
    "status",
    "cpu_seconds",
    "wall_seconds",
    "stating_seconds",
    "rounds",
    "peak_mb",
    "upper",
    "lower",
    "gap",
    "repeats",
    "exponent",
]
Found = dict[str, Any]


# --- the methods ----------------------------------------------------------------------------------
def by_price_newton(n: int) -> Found:
    """VPPs answer prices."""
    from vppcore.fleet import price_newton

    return by_batches(n, price_newton)


def by_talks(n: int) -> Found:
    """VPPs tell their net trades alone, until the talks end by themselves; then both bounds."""
    from vppcore.fleet import negotiate_exchange

    return by_batches(n, negotiate_exchange)


def by_batches(n: int, method: Callable[[Any], Any]) -> Found:
    """A method that takes VPPs side by side, and has rounds and both bounds."""
    from vppcore.fleet import batches_of_fleet, drawn

    stated, batches = timed(lambda: list(batches_of_fleet(drawn(n, SEED, LIKE))))
    solved, result = timed(lambda: method(batches))
    return {
        **spent(stated, solved),
        "rounds": result.rounds,
        "upper": result.upper,
        "lower": result.lower,
    }


def by_workers(n: int) -> Found:
    """Price-Newton with the VPPs on two workers of Dask; processor seconds of all processes."""
    from vppcore.fleet import drawn, price_newton
    from vppcore.fleet.cluster import Machines

    with Machines(workers=2) as machines:

        def used_there() -> float:
            return sum(machines.client.run(time.process_time).values())

        before = used_there()
        stated, group = timed(lambda: machines.keep(drawn(n, SEED, LIKE)))
        kept = used_there()
        solved, result = timed(lambda: price_newton(group))
        answered = used_there()
    return {
        "stating_seconds": stated[0] + kept - before,
        "cpu_seconds": solved[0] + answered - kept,
        "wall_seconds": solved[1],
        "rounds": result.rounds,
        "upper": result.upper,
        "lower": result.lower,
    }


def by_highs(**options: str | float) -> Callable[[int], Found]:
    """The pooled problem, handed to HiGHS with these options."""

    def solve(n: int) -> Found:
        import highspy

        stated, program = timed(lambda: pooled_program(n))
        highs = highspy.Highs()
        for option, value in ({"output_flag": False, "threads": 1} | options).items():
            if highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
                raise RuntimeError(f"highs has no option {option} = {value!r}")
        solved, _ = timed(lambda: run_highs(highs, program))
        status = highs.modelStatusToString(highs.getModelStatus())
        if status != "Optimal":
            return {"status": status.lower()}
        info = highs.getInfo()
        point = highs.getSolution()
        rounds = (info.simplex_iteration_count, info.ipm_iteration_count, info.pdlp_iteration_count)
        return {
            **spent(stated, solved),
            "rounds": max(rounds),
            "upper": info.objective_function_value + program.constant,
            "lower": dual_objective(program, point.row_dual, point.col_dual),
        }

    return solve


def run_highs(highs: Any, program: Any) -> None:
    """Hands over a program and solves it."""
    from vppcore.warm import highs_model

    highs.passModel(highs_model(program))
    highs.run()


def dual_objective(program: Any, rows: Any, columns: Any) -> float:
    """What multipliers of rows and columns say the optimum is; at limits that exist."""
    import numpy as np

    total = program.constant
    for dual, low, high in (
        (np.array(rows), program.row_low, program.row_high),
        (np.array(columns), program.column_low, program.column_high),
    ):
        end = np.where(dual > 0, low, high)
        total += float(dual @ np.where(np.isfinite(end), end, 0.0))
    return total


def by_clarabel(n: int) -> Found:
    """The pooled problem, handed to Clarabel."""
    import clarabel
    from scipy import sparse

    from vppcore.warm import OneSided, by_columns

    def state() -> Any:
        program = pooled_program(n)
        return program, OneSided(program)

    stated, (program, sides) = timed(state)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    limits = len(sides.right) - sides.equations
    cones = [clarabel.ZeroConeT(sides.equations), clarabel.NonnegativeConeT(limits)]

    def solve() -> Any:
        asked = clarabel.DefaultSolver(
            by_columns(sparse.triu(program.quadratic)),
            program.linear,
            sides.matrix,
            sides.right,
            cones,
            settings,
        )
        return asked.solve()

    solved, answer = timed(solve)
    if answer.status != clarabel.SolverStatus.Solved:
        return {"status": str(answer.status)}
    return {
        **spent(stated, solved),
        "rounds": answer.iterations,
        "upper": answer.obj_val + program.constant,
        "lower": answer.obj_val_dual + program.constant,
    }


def in_pairs(n: int) -> Found:
    """All pairs in one problem, as `pool` states it; stating and solving together."""
    from vppcore import pool
    from vppcore.fleet import fleet

    stated, case = timed(lambda: fleet(n, SEED, LIKE))
    solved, result = timed(lambda: pool(case, storage="relaxed"))
    return {**spent(stated, solved), "upper": result.cost}


def pooled_program(n: int) -> Any:
    """All VPPs of the fleet in one linear problem, in exchange form."""
    from vppcore.fleet import batches_of_fleet, drawn, pooled

    return pooled(list(batches_of_fleet(drawn(n, SEED, LIKE)))).program


METHODS: dict[str, Callable[[int], Found]] = {
    "price-Newton": by_price_newton,
    "price-Newton, two workers": by_workers,
    "ADMM on an exchange": by_talks,
    "HiGHS simplex": by_highs(solver="simplex"),
    "HiGHS interior point": by_highs(solver="ipm", run_crossover="off"),
    "HiGHS interior point, crossover": by_highs(solver="ipm", run_crossover="on"),
    "HiGHS PDLP": by_highs(solver="pdlp"),
    "Clarabel": by_clarabel,
    "all pairs, pool": in_pairs,
}


# --- one run --------------------------------------------------------------------------------------
def timed(work: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Processor and wall seconds of a call, and what it returns."""
    processor, clock = time.process_time(), time.perf_counter()
    found = work()
    return (time.process_time() - processor, time.perf_counter() - clock), found


def spent(stated: tuple[float, float], solved: tuple[float, float]) -> Found:
    """The seconds of a row."""
    return {
        "stating_seconds": stated[0],
        "cpu_seconds": solved[0],
        "wall_seconds": solved[1],
    }


def peak_mb() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1024**2 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def one_run(method: str, n: int) -> None:
    """Prints the row of one method and size as a line of JSON."""
    row = {"status": "solved", **METHODS[method](n)}
    if "lower" in row:
        row["gap"] = (row["upper"] - row["lower"]) / abs(row["upper"])
    print(json.dumps(row | {"peak_mb": peak_mb()}))


def in_a_process(method: str, n: int, limit: float) -> Found:
    """The row of a run that has a process of its own."""
    command = [sys.executable, __file__, "--run", method, str(n)]
    one_thread = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
    )
    seconds = math.ceil(limit)
    ended = subprocess.run(
        command,
        env=os.environ | one_thread,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5)),
    )
    if ended.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return {"status": f"not finished in {seconds} s"}
    if ended.returncode != 0:
        said = ended.stderr.strip().splitlines() or ["nothing said"]
        return {"status": f"failed: {said[-1][:200]}"}
    return json.loads(ended.stdout.strip().splitlines()[-1])


def repeated(method: str, n: int, limit: float, repeats: int) -> Found:
    """The median of a few runs where they are short."""
    repeats = repeats if n <= REPEATED else 1
    runs = []
    for _ in range(repeats):
        row = in_a_process(method, n, limit)
        if row["status"] != "solved":
            return row
        runs.append(row)
    median = {
        name: statistics.median(run[name] for run in runs) for name in runs[0] if name != "status"
    }
    return {"status": "solved", **median, "repeats": repeats}


# --- the table ------------------------------------------------------------------------------------
def exponent(rows: list[Found], method: str) -> float | None:
    """The power of the number of VPPs with which a method's processor time grew."""
    import numpy as np

    points = [
        (row["vpps"], row["cpu_seconds"])
        for row in rows
        if row["method"] == method and row["status"] == "solved" and row["vpps"] >= FROM
    ]
    if len(points) < 2:
        return None
    sizes, seconds = np.log(np.array(points).T)
    return float(np.polyfit(sizes, seconds, 1)[0])


def joined(files: list[Path]) -> list[Found]:
    """The rows of several tables, without their exponents, by size and method."""
    import pandas as pd

    table = pd.concat([pd.read_csv(file) for file in files])
    table = table[table["status"] != "fitted exponent"]
    table = table.drop_duplicates(["method", "vpps"], keep="last")
    order = {name: place for place, name in enumerate([*METHODS, *NOT_IN_THE_LOCK])}
    table = table.sort_values(["vpps", "method"], key=lambda column: column.replace(order))
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def about() -> Found:
    """Machine in general terms, date and versions."""
    there = [name for name in VERSIONS if importlib.util.find_spec(name)]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in there]
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "python": platform.python_version(),
        "versions": ", ".join(versions),
        "fleet": f"{LIKE}, seed {SEED}",
    }


def machine() -> str:
    """Cores, memory and processor family, and how busy the machine was."""
    family = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                family = line.split(":")[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    load = os.getloadavg()[1]
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {family}; load {load:.0f} from all users"


def write(rows: list[Found], files: list[Path]) -> None:
    """Writes the table, exponents last."""
    import pandas as pd

    fitted = []
    for method in METHODS:
        power = exponent(rows, method)
        if power is not None:
            fitted.append({"method": method, "status": "fitted exponent", "exponent": power})
    table = pd.DataFrame([*rows, *fitted]).reindex(columns=COLUMNS).assign(**about())
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(file, index=False, float_format="%.10g", lineterminator="\n")


def asked() -> argparse.Namespace:
    """What the command says."""
    reader = argparse.ArgumentParser(description=__doc__.split(":")[0])
    reader.add_argument("--largest", type=int, default=LARGEST)
    reader.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    reader.add_argument("--limit", type=float, default=LIMIT)
    reader.add_argument("--out", type=Path)
    reader.add_argument("--repeats", type=int, default=REPEATS)
    reader.add_argument("--join", type=Path, nargs="+", default=[])
    reader.add_argument("--store", action="store_true")
    reader.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    return reader.parse_args()


def main() -> None:
    given = asked()
    if given.run:
        one_run(given.run[0], int(given.run[1]))
        return
    from vppcore.pages.results import RUNS

    files = [given.out or RUNS / "fleet_benchmark" / "fleet.csv"]
    if given.store:
        files.append(STORED)
    if given.join:
        write(joined(given.join), files)
        return
    rows = []
    methods = list(given.only)
    for n in SIZES:
        if n > given.largest:
            break
        for method in list(methods):
            row = {"method": method, "vpps": n, **repeated(method, n, given.limit, given.repeats)}
            print({name: row.get(name) for name in ("method", "vpps", "status", "cpu_seconds")})
            sys.stdout.flush()
            rows.append(row)
            if row["status"] != "solved":
                methods.remove(method)
            write(rows, files)
    for package in NOT_IN_THE_LOCK:
        found = importlib.util.find_spec(package) is not None
        status = "installed, not measured" if found else "not installed"
        rows.append({"method": package, "status": status})
    write(rows, files)


if __name__ == "__main__":
    main()
