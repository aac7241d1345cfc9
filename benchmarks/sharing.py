"""Bargaining and stable splits of many VPPs, as ratios in one run: `python benchmarks/sharing.py`.

Writes results/sharing/sharing.csv: for fleets of growing size the processor seconds of bargaining
in pairs and with a market, of the prices that prove a split stable, of the least core by rows (with
both bounds, as shares of what all save) and by the list of all coalitions, of the nucleolus by
rows, and of one coalition of the sampled Shapley value. A number behind the command is the size of
the largest fleet whose coalitions are asked about. No test asserts any of these numbers.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from vppcore.bargaining.deal import Deal
from vppcore.bargaining.exchange import bargain_exchange, market_settlement
from vppcore.bargaining.prices import best_position
from vppcore.fairness import least_core
from vppcore.fleet.generator import fleet
from vppcore.pages.study import Study
from vppcore.sharing.game import everybody, listed
from vppcore.sharing.market import MarketGame
from vppcore.sharing.nucleolus import nucleolus_by_rows
from vppcore.sharing.rows import least_core_by_rows, owen_split
from vppcore.sharing.shapley import FEWEST_PAIRS, sampled_shapley

IN_PAIRS = (10, 40, 200)  # VPPs that bargain in pairs
WITH_A_MARKET = (100, 1000, 10_000)
GAMES = (5, 8, 12, 20, 50)
LISTED = 8  # VPPs up to which all coalitions are solved
NUCLEOLUS = 12  # VPPs up to which the nucleolus is found
SECONDS = 600.0  # for the rows of one game


def processor_seconds(work: Callable[[], object]) -> tuple[float, object]:
    """Processor time of one call, and what it returns."""
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def traders(count: int, steps: int = 24) -> tuple[pd.DataFrame, pd.Series, pd.Series, pd.DataFrame]:
    """Net trades, costs alone and with trades, and a band, of VPPs that all gain at one price."""
    chance = np.random.default_rng(count)
    band = pd.DataFrame({"low": np.full(steps, 0.2), "high": np.full(steps, 1.0)})
    band["mid"] = (band["low"] + band["high"]) / 2
    band["half"] = (band["high"] - band["low"]) / 2
    trades = chance.normal(size=(steps, count))
    trades -= trades.mean(axis=1, keepdims=True)
    names = [f"V{k}" for k in range(1, count + 1)]
    net = pd.DataFrame(trades, columns=names)
    gains = 0.1 * np.abs(trades).sum(axis=0)
    alone = pd.Series(100.0, names)
    return net, alone, alone - gains - band["mid"].to_numpy() @ trades, band


def in_pairs(count: int) -> dict[str, object]:
    """The closed form of pairs: every VPP trades its share with every other."""
    net, alone, together, band = traders(count)
    trades = net.to_numpy()
    pairs = [(i, j) for i in range(count) for j in range(i)]
    flows = {
        (net.columns[i], net.columns[j]): (trades[:, i] - trades[:, j]) / count for i, j in pairs
    }
    weights = pd.Series(1 / count, net.columns)
    deal = Deal(list(net.columns), alone, together, weights, flows, band)
    seconds, _ = processor_seconds(lambda: best_position(deal))
    return {"what": "bargaining in pairs", "vpps": count, "seconds": seconds}


def with_a_market(count: int) -> list[dict[str, object]]:
    """One payment per VPP, and one price per step for all with the least side payments."""
    net, alone, together, band = traders(count)
    seconds, split = processor_seconds(
        lambda: bargain_exchange(net, alone, together, band, "equal")
    )
    more, _ = processor_seconds(lambda: market_settlement(net, split.payments, band))
    return [
        {"what": "bargaining with a market", "vpps": count, "seconds": seconds},
        {"what": "one price for all and side payments", "vpps": count, "seconds": more},
    ]


def games(count: int) -> list[dict[str, object]]:
    """Stability of a fleet of so many VPPs."""
    seconds, game = processor_seconds(lambda: MarketGame(fleet(count, seed=1)))
    rows = [{"what": "compiling the VPPs", "vpps": count, "seconds": seconds}]
    seconds, _ = processor_seconds(lambda: owen_split(game))
    rows.append(
        {"what": "prices that prove a split", "vpps": count, "seconds": seconds, "coalitions": 1}
    )
    seconds, found = processor_seconds(lambda: least_core_by_rows(game, seconds=SECONDS))
    rows.append(
        {
            "what": "least core by rows",
            "vpps": count,
            "seconds": seconds,
            "coalitions": found.coalitions,
            "lower": found.lower / found.total,
            "upper": found.upper / found.total,
        }
    )
    seconds, sampled = processor_seconds(lambda: sampled_shapley(game, FEWEST_PAIRS))
    rows.append(
        {
            "what": "sampled Shapley value, each coalition",
            "vpps": count,
            "seconds": seconds / sampled.coalitions,
            "coalitions": sampled.coalitions,
            "standard error": float(sampled.table["standard error"].max() / found.total),
        }
    )
    if count <= NUCLEOLUS:
        seconds, split = processor_seconds(lambda: nucleolus_by_rows(game))
        rows.append(
            {
                "what": "nucleolus by rows",
                "vpps": count,
                "seconds": seconds,
                "coalitions": split.coalitions,
            }
        )
    if count <= LISTED:
        seconds, values = processor_seconds(lambda: listed(game))
        least, _ = least_core(values)
        rows.append(
            {
                "what": "all coalitions",
                "vpps": count,
                "seconds": seconds,
                "coalitions": len(values),
                "lower": least / game.value(everybody(game)),
                "upper": least / game.value(everybody(game)),
            }
        )
    return rows


def main() -> None:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else max(GAMES)
    study = Study("sharing", {})
    rows = [in_pairs(count) for count in IN_PAIRS]
    for count in WITH_A_MARKET:
        rows += with_a_market(count)
    for count in GAMES:
        if count <= largest:
            rows += games(count)
    table = pd.DataFrame(rows)
    study.keep(sharing=table)
    print(table.to_string(index=False, float_format=lambda number: f"{number:.3g}"))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    print(study.finish(machine=machine))


if __name__ == "__main__":
    main()
