"""Speed of cooperation and of the multiple game, as ratios within one run: `python
benchmarks/run.py [case]`.

Writes results/benchmarks/benchmarks.csv with the machine's name for itself. Absolute times wander;
ratios do not. No test asserts any of these numbers.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable

import cvxpy as cp
import numpy as np
import pandas as pd
from tqdm import tqdm

from vppcore.bargaining.split import bargain, closed_form_position, make_deal, prices_at
from vppcore.bargaining.weights import bargaining_weights
from vppcore.case import Case
from vppcore.cooperation.agents import Agent
from vppcore.cooperation.joint import pool
from vppcore.cooperation.negotiation import cooperate, negotiate
from vppcore.cooperation.settings import Settings
from vppcore.fairness import coalition_values, coalitions
from vppcore.game.beginnings import ends_of, random_start
from vppcore.game.day import trade_by_game
from vppcore.game.hour import play
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium
from vppcore.pages.study import Study
from vppcore.reading import load_case
from vppcore.schedule import dispatch
from vppcore.vpp import VPP, build

REPEATS = 5
FEW = 5  # iterations that are enough to time a slow step


class Rebuilt:
    """An agent that states and solves its problem anew in each step, as a first script would."""

    def __init__(self, vpp: VPP, solver: str):
        self.vpp, self.solver, self.own_costs = vpp, solver, []

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        model = build(self.vpp)
        trade = next(part.trade for part in model.parts.values() if part.trade is not None)
        goal = model.cost + cp.sum(cp.multiply(pull, trade)) + penalty / 2 * cp.sum_squares(trade)
        cp.Problem(cp.Minimize(goal), model.constraints).solve(solver=self.solver)
        return trade.value


class Parameterised(Rebuilt):
    """An agent that keeps its problem and changes one parameter in each step."""

    def __init__(self, vpp: VPP, solver: str, penalty: float):
        super().__init__(vpp, solver)
        model = build(vpp)
        self.trade = next(part.trade for part in model.parts.values() if part.trade is not None)
        self.pull = cp.Parameter(self.trade.shape)
        goal = (
            model.cost
            + cp.sum(cp.multiply(self.pull, self.trade))
            + penalty / 2 * cp.sum_squares(self.trade)
        )
        self.problem = cp.Problem(cp.Minimize(goal), model.constraints)

    def expect(self, pull: np.ndarray, penalty: float) -> np.ndarray:
        self.pull.value = pull
        self.problem.solve(solver=self.solver)
        return self.trade.value


class Stopwatch:
    """Wraps agents and stops the talks after a few iterations, by saying when enough was timed."""

    def __init__(self, agents: dict, case: Case, how: Settings):
        self.agents, self.how = agents, how
        self.partners = {name: tuple(n for n in case.names if n != name) for name in case.names}
        self.steps = case.vpps[0].steps

    def per_iteration(self, iterations: int) -> float:
        """Seconds per iteration over the first `iterations` (a warm-up iteration is
        not counted).
        """
        expected = {name: np.zeros((self.steps, len(self.partners[name]))) for name in self.agents}
        for name, agent in self.agents.items():
            agent.expect(expected[name], self.how.penalty)
        started = time.perf_counter()
        for _ in range(iterations):
            for name, agent in self.agents.items():
                expected[name] = agent.expect(-self.how.penalty * expected[name], self.how.penalty)
        return (time.perf_counter() - started) / iterations


def median_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median time of a few calls, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def talks(case: Case, how: Settings) -> tuple[float, int]:
    """Median seconds of a whole negotiation with compiled agents (compiling left out),
    and its iterations.
    """
    partners = {name: tuple(n for n in case.names if n != name) for name in case.names}
    times, iterations = [], 0
    for _ in range(REPEATS):
        agents = {vpp.name: Agent(vpp, how.tolerance / 10) for vpp in case.connected()}
        started = time.perf_counter()
        iterations = len(negotiate(agents, partners, case.vpps[0].steps, how).history)
        times.append(time.perf_counter() - started)
    return float(np.median(times)), iterations


def measure(case: Case) -> pd.DataFrame:
    """All rows: what, seconds, iterations, certified gap."""
    rows, vpps, how = [], case.connected(), Settings()

    def row(
        what: str,
        seconds: float,
        per_iteration: float = np.nan,
        iterations: float = np.nan,
        gap: float = np.nan,
    ):
        rows.append(
            {
                "what": what,
                "seconds": seconds,
                "ms per iteration": 1000 * per_iteration,
                "iterations": iterations,
                "certified gap": gap,
            }
        )
        bar.update()

    with tqdm(total=22, desc="benchmarks") as bar:
        seconds, iterations = talks(case, how)
        base = seconds / iterations
        row(
            "P1 compiled once, the paper's order and penalty",
            seconds,
            base,
            iterations,
            cooperate(case).certificate.gap,
        )
        for label, agents in (
            ("P1 rebuilt in each step, Clarabel", {v.name: Rebuilt(v, cp.CLARABEL) for v in vpps}),
            ("P1 rebuilt in each step, OSQP", {v.name: Rebuilt(v, cp.OSQP) for v in vpps}),
            (
                "P1 one parameter changed, Clarabel",
                {v.name: Parameterised(v, cp.CLARABEL, how.penalty) for v in vpps},
            ),
            (
                "P1 one parameter changed, OSQP",
                {v.name: Parameterised(v, cp.OSQP, how.penalty) for v in vpps},
            ),
        ):
            each = Stopwatch(agents, case, how).per_iteration(FEW)
            row(label, each * iterations, each, iterations)
        variants = {"penalty 3e-4": {"penalty": 3e-4}, "tolerance 1e-5": {"tolerance": 1e-5}} | {
            f"balancing from {start:g}": {"penalty": start, "balancing": True}
            for start in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
        }
        for label, changed in variants.items():
            seconds, iterations = talks(case, Settings(**changed))
            row(
                f"P1 compiled, {label}",
                seconds,
                seconds / iterations,
                iterations,
                cooperate(case, **changed).certificate.gap,
            )
        row("joint optimum, HiGHS, build included", median_seconds(lambda: pool(case)))
        alone = {vpp.name: dispatch(vpp) for vpp in case.vpps}
        together = cooperate(case)
        deal = make_deal(case, alone, together, bargaining_weights(together.trades))
        row(
            "P2 closed form with prices",
            median_seconds(lambda: prices_at(deal, closed_form_position(deal)), 50),
        )
        for method in ("conic", "admm"):
            road = bargain(case, alone, together, method=method)
            row(
                f"P2 {method}",
                float(
                    np.median(
                        [
                            bargain(case, alone, together, method=method).seconds
                            for _ in range(REPEATS)
                        ]
                    )
                ),
                iterations=len(road.history) or np.nan,
            )
        game_rows(row)
    table = pd.DataFrame(rows)
    table["ms per iteration over compiled"] = table["ms per iteration"] / (1000 * base)
    return table


def game_rows(row: Callable) -> None:
    """Study B's multiple game at one hour, by iteration and in closed form, and a day with and
    without its certificates; savings of all coalitions from one compiled problem against one
    problem each."""
    case = load_case("paper-b")
    alone = {vpp.name: dispatch(vpp) for vpp in case.vpps}
    hour = trade_by_game(case, alone, starts=1).hours[10].hour
    row(
        "game of one hour, iterated",
        median_seconds(lambda: play(hour)),
        iterations=play(hour).rounds,
    )
    row("game of one hour, closed form", median_seconds(lambda: equilibrium(hour), 50))
    random = np.random.default_rng(1)
    starts = [random_start(hour, random) for _ in range(10)]
    row(
        "game of one hour, ten starts side by side",
        median_seconds(lambda: ends_of(hour, starts, Rules())),
    )
    row(
        "game of one hour, ten starts one by one",
        median_seconds(lambda: [play(hour, start=start) for start in starts]),
    )
    row(
        "game of a day, schedules given, ten starts as proof",
        median_seconds(lambda: trade_by_game(case, alone)),
    )
    row(
        "savings of 31 coalitions, one compiled problem",
        median_seconds(lambda: coalition_values(case), 3),
    )
    row(
        "savings of 31 coalitions, a problem each",
        median_seconds(lambda: [pool(case, members=some) for some in coalitions(case.names)], 1),
    )


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "paper-a-parent"
    study = Study("benchmarks", {"case": name})
    case = study.case(name)
    table = measure(case)
    study.keep(benchmarks=table)
    print(table.to_string(index=False, float_format=lambda x: f"{x:.3g}", na_rep=""))
    print(
        study.finish(machine=f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}")
    )


if __name__ == "__main__":
    main()
