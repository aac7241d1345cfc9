"""What schedules cost on days that were not planned for. yuan."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
import pandas as pd
from scipy.stats import norm
from tqdm.auto import tqdm

from vppcore.case import Case
from vppcore.errors import WrongInput
from vppcore.parameters import Rule
from vppcore.uncertainty.emergency import knowing_prices
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.series import check_series, uncertain_series
from vppcore.uncertainty.settings import Uncertainty
from vppcore.vpp import VPP

CHUNK = 500  # sampled days that a process takes at a time
TAIL = 0.95  # the costliest five percent of days are the tail

SAMPLES = Rule("number", "-", "days to draw", low=1, whole=True)
PERSISTENCE = Rule(
    "number", "-", "correlation of a deviation from one hour to the next", low=0, high=1, below=True
)


def sample_days(
    case: Case, uncertainty: Uncertainty, samples: int, seed: int, persistence: float = 0.8
) -> np.ndarray:
    """Random days: z `(samples, VPPs x series x steps)` in the order of `uncertain_series`.

    Uniform in [-1, 1] in each step (the forecast is right on average and wrong by at most the
    deviation) and correlated from hour to hour, by a Gaussian autoregression mapped to uniform
    values. The same seed gives the same days.

    persistence: correlation of the Gaussian from one hour to the next; from step to step it is
        persistence ** step_hours.
    Raises WrongInput for numbers that make no sense.
    """
    faults = []
    if not SAMPLES.admits(samples):
        faults.append(SAMPLES.fault("samples", samples))
    if not PERSISTENCE.admits(persistence):
        faults.append(PERSISTENCE.fault("persistence", persistence))
    if faults:
        raise WrongInput(*faults)
    steps = case.vpps[0].steps
    by_step = persistence ** case.vpps[0].step_hours
    count = sum(len(uncertain_series(vpp, uncertainty)) for vpp in case.vpps)
    noise = np.random.default_rng(seed).standard_normal((samples, count, steps))
    for step in range(1, steps):
        fresh = np.sqrt(1 - by_step**2) * noise[:, :, step]
        noise[:, :, step] = by_step * noise[:, :, step - 1] + fresh
    return (2 * norm.cdf(noise) - 1).reshape(samples, count * steps)


def every_hour(case: Case, uncertainty: Uncertainty) -> Uncertainty:
    """The same uncertainty without a budget: each of its series may deviate in every hour."""
    horizon = case.vpps[0].steps * case.vpps[0].step_hours
    return replace(uncertainty, budgets={name: horizon for name in uncertainty.budgets})


@dataclass(frozen=True, eq=False)
class Task:
    """One VPP on some of the sampled days.

    label: of the schedule. rows: which days. days: z `(days, series x steps)`.
    promised: trades in kW `(steps, partners)`; None is no cooperation.
    """

    label: str
    vpp: VPP
    uncertainty: Uncertainty
    rows: slice
    days: np.ndarray
    promised: np.ndarray | None


def out_of_sample(
    case: Case,
    uncertainty: Uncertainty,
    schedules: dict[str, pd.DataFrame | None],
    samples: int = 2000,
    seed: int = 1,
    persistence: float = 0.8,
    workers: int = 1,
    progress: bool = False,
) -> pd.DataFrame:
    """Cost of the cluster in yuan on sampled days, a row per day and a column per schedule.

    Each VPP reacts in the best way to each day, with no two exclusive flows at once; a quadratic
    cost counts by its chords.

    schedules: name -> trades promised the day before, kW (as in CoalitionResult.trades); None is no
        cooperation.
    samples, seed, persistence: as in `sample_days`.
    workers: processes; the result does not depend on it. They are started anew, so a plain script
        that asks for more than one needs `if __name__ == "__main__":` around its work; a notebook
        does not.
    progress: shows a bar.
    Raises WrongInput for numbers that make no sense and for a series that the case lacks.
    """
    check_series(case, uncertainty)
    anything = every_hour(case, uncertainty)
    days = sample_days(case, anything, samples, seed, persistence)
    tasks = []
    for label, trades in schedules.items():
        tasks += tasks_of(case, anything, label, trades, days)
    costs = pd.DataFrame(0.0, pd.RangeIndex(1, samples + 1, name="day"), list(schedules))
    asked = len(schedules) * len(case.vpps) * samples
    with (
        tqdm(total=asked, desc="days", disable=not progress) as bar,
        contextlib.ExitStack() as stack,
    ):
        run: Callable[..., Iterator[np.ndarray]] = map
        if workers > 1:
            # started anew, not forked: a fork would share the solvers' licences and threads
            context = get_context("spawn")
            run = stack.enter_context(ProcessPoolExecutor(workers, mp_context=context)).map
        for task, outcome in zip(tasks, run(costs_of_days, tasks), strict=True):
            costs.iloc[task.rows, costs.columns.get_loc(task.label)] += outcome
            bar.update(len(outcome))
    return costs


def tasks_of(
    case: Case,
    uncertainty: Uncertainty,
    label: str,
    trades: pd.DataFrame | None,
    days: np.ndarray,
) -> list[Task]:
    """The tasks of one schedule: for each VPP the days in pieces of CHUNK."""
    tasks = []
    first = 0
    for vpp in case.vpps if trades is None else knowing_prices(case.connected()):
        last = first + len(uncertain_series(vpp, uncertainty)) * vpp.steps
        promised = None
        if trades is not None:
            partners = [name for name in case.names if name != vpp.name]
            promised = trades[vpp.name][partners].to_numpy()
        for start in range(0, len(days), CHUNK):
            rows = slice(start, start + CHUNK)
            tasks.append(Task(label, vpp, uncertainty, rows, days[rows, first:last], promised))
        first = last
    return tasks


def costs_of_days(task: Task) -> np.ndarray:
    """Cost in yuan of one VPP on each of the task's days, `(days,)`."""
    recourse = Recourse(task.vpp, task.uncertainty)
    q = recourse.flat(task.promised)
    return np.array([recourse.exact(day, q, squares=False).cost for day in task.days])


def risk_table(costs: pd.DataFrame) -> pd.DataFrame:
    """Mean, 95 % quantile, mean of the worst 5 % and worst cost of each schedule, yuan.

    >>> risk_table(pd.DataFrame({"flat": [7.0, 7.0]})).loc["flat"].tolist()
    [7.0, 7.0, 7.0, 7.0]
    """
    quantile = costs.quantile(TAIL)
    tail = costs.where(costs >= quantile)
    return pd.DataFrame(
        {
            "mean": costs.mean(),
            "95 % quantile": quantile,
            "mean of worst 5 %": tail.mean(),
            "worst": costs.max(),
        }
    )
