"""What schedules cost on days that were not planned for.

yuan.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pandas as pd
from scipy.stats import norm
from tqdm.auto import tqdm

from vppcore.case import Case
from vppcore.errors import WrongInput
from vppcore.uncertainty.recourse import Recourse
from vppcore.uncertainty.series import check_series, uncertain_series
from vppcore.uncertainty.settings import Uncertainty

CHUNK = 200  # sampled days that a process takes at a time


def sample_days(
    case: Case, uncertainty: Uncertainty, samples: int, seed: int, persistence: float = 0.8
) -> np.ndarray:
    """Random days: z `(samples, VPPs x series x steps)` in the order of `uncertain_series`, uniform in [-1, 1].

    Uniform in each step (the forecast is right on average and wrong by at most the deviation) and correlated from hour
    to step by `persistence`, by a Gaussian autoregression mapped to uniform values. The same seed gives the same days.
    """
    if samples < 1 or not 0 <= persistence < 1:
        raise WrongInput(
            f"samples, persistence: found {samples!r}, {persistence!r}; allowed: 1 or more, 0 to below 1"
        )
    steps = case.vpps[0].steps
    count = sum(len(uncertain_series(vpp, uncertainty)) for vpp in case.vpps)
    noise = np.random.default_rng(seed).standard_normal((samples, count, steps))
    persistence = persistence ** case.vpps[0].step_hours
    for step in range(1, steps):
        noise[:, :, step] = (
            persistence * noise[:, :, step - 1] + np.sqrt(1 - persistence**2) * noise[:, :, step]
        )
    return (2 * norm.cdf(noise) - 1).reshape(samples, count * steps)


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
    """Cost of the cluster in yuan on sampled days, a column per schedule; each VPP reacts in the best way to each day.

    schedules: name -> trades promised the day before (as in CoalitionResult.trades); None is no cooperation.
    workers: processes; the result does not depend on it. They are started anew, so a plain script that asks for more
    than one needs `if __name__ == "__main__":` around its work; a notebook does not.
    """
    check_series(case, uncertainty)
    whole = case.vpps[0].steps * case.vpps[0].step_hours
    everything = replace(uncertainty, budgets={name: whole for name in uncertainty.budgets})
    days = sample_days(case, everything, samples, seed, persistence)
    tasks = []
    for label, trades in schedules.items():
        first = 0
        for vpp in case.vpps if trades is None else case.connected():
            last = first + len(uncertain_series(vpp, everything)) * vpp.steps
            promised = (
                None
                if trades is None
                else trades[vpp.name][[n for n in case.names if n != vpp.name]].to_numpy()
            )
            tasks += [
                (
                    label,
                    vpp,
                    everything,
                    slice(start, start + CHUNK),
                    days[start : start + CHUNK, first:last],
                    promised,
                )
                for start in range(0, samples, CHUNK)
            ]
            first = last
    costs = pd.DataFrame(0.0, pd.RangeIndex(1, samples + 1, name="day"), list(schedules))
    asked = len(schedules) * len(case.vpps) * samples
    with (
        tqdm(total=asked, desc="days", disable=not progress) as bar,
        contextlib.ExitStack() as stack,
    ):
        run = map
        if workers > 1:
            # started anew, not forked: a fork would share the solvers' licences and threads
            run = stack.enter_context(
                ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
            ).map
        for (label, _, _, rows, drawn, _), outcome in zip(
            tasks, run(costs_of_days, tasks), strict=True
        ):
            costs.iloc[rows, costs.columns.get_loc(label)] += outcome
            bar.update(len(drawn))
    return costs


def costs_of_days(task: tuple) -> np.ndarray:
    """Cost in yuan of one VPP on each of many days; `task` is (label, VPP, uncertainty, rows, days, promised trades)."""
    _, vpp, uncertainty, _, days, promised = task
    recourse = Recourse(vpp, uncertainty)
    q = recourse.flat(promised)
    return np.array([recourse.value(day, q) for day in days])


def risk_table(costs: pd.DataFrame) -> pd.DataFrame:
    """Mean, 95 % quantile, mean of the worst 5 % and worst cost of each schedule, yuan."""
    tail = costs.apply(lambda column: column[column >= column.quantile(0.95)].mean())
    return pd.DataFrame(
        {
            "mean": costs.mean(),
            "95 % quantile": costs.quantile(0.95),
            "mean of worst 5 %": tail,
            "worst": costs.max(),
        }
    )
