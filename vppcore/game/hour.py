"""One hour's game, played and proven."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vppcore.errors import NotSolved, WrongInput
from vppcore.game.buyers import CURIOSITY, eigenvalues, evolve, payoffs
from vppcore.game.rules import Rules
from vppcore.game.sellers import equilibrium, raise_prices, temptation
from vppcore.market import Hour


@dataclass(frozen=True, eq=False)
class HourResult:
    """One hour's game. prices, part (of all demand): by seller. shares: probability that a buyer (row) chooses a seller
    (column). rounds: of the price loop. path: prices by round. evolution: the first buyer's shares by iteration, in the
    first round."""

    hour: Hour
    prices: pd.Series
    part: pd.Series
    shares: pd.DataFrame
    rounds: int
    path: pd.DataFrame
    evolution: pd.DataFrame


def play(
    hour: Hour, rules: Rules | None = None, start: tuple[np.ndarray, np.ndarray] | None = None
) -> HourResult:
    """Plays one hour: sellers lead with prices, buyers follow until they rest, sellers move, and so on.

    start: first prices and shares; by default the middle of the band, and each seller chosen alike.
    Raises WrongInput for an hour without sellers or buyers, NotSolved if it does not come to rest.
    """
    rules = rules or Rules()
    if not hour.open:
        raise WrongInput(
            f"step {hour.step}: found {len(hour.sellers)} sellers and {len(hour.buyers)} buyers; "
            "allowed: one or more of each"
        )
    count = len(hour.sellers)
    prices, shares = start or (
        np.full(count, (hour.price_min + hour.top) / 2),
        np.full((len(hour.buyers), count), 1 / count),
    )
    path, first, crowd = (
        [prices],
        None,
        (
            ""
            if rules.payoff == "shared"
            else " (where shares do not matter all buyers crowd to one seller, and prices chase each other)"
        ),
    )
    for _ in range(rules.max_rounds):
        shares, way = evolve(hour, prices, (1 - CURIOSITY) * shares + CURIOSITY / count, rules)
        if np.abs(way[-1] - way[-2]).max() > rules.tolerance:
            raise NotSolved(
                f"step {hour.step}: buyers did not come to rest; a smaller evolution_step may help{crowd}"
            )
        first = first or way
        part = hour.deficit @ shares / hour.deficit.sum()
        prices = raise_prices(hour, prices, part, rules)
        path.append(prices)
        if np.abs(path[-1] - path[-2]).max() <= rules.tolerance * hour.grid_price:
            break
    else:
        raise NotSolved(
            f"step {hour.step}: prices did not come to rest in {rules.max_rounds} rounds; "
            f"a smaller price_step may help{crowd}"
        )
    names = list(hour.sellers)
    return HourResult(
        hour,
        pd.Series(prices, names),
        pd.Series(part, names),
        pd.DataFrame(shares, hour.buyers, names),
        len(path) - 1,
        pd.DataFrame(path, columns=names).rename_axis("round"),
        pd.DataFrame([shares[0] for shares in first], columns=names).rename_axis("iteration"),
    )


def certify(
    result: HourResult, starts: int = 10, rules: Rules | None = None, seed: int = 1
) -> dict[str, float]:
    """What proves that an hour is at rest, and at the only place where it can be.

    gain: of the best unilateral price (relative); payoff spread: of the chosen sellers (relative); eigenvalue: the
    largest of the buyers' dynamics; closed form, starts: largest difference of a price or part from the closed form and
    from `starts` random beginnings.
    """
    hour, prices = result.hour, result.prices.to_numpy()
    values = payoffs(hour, prices, result.shares.to_numpy())
    exact_prices, exact_part = equilibrium(hour)
    random, apart = np.random.default_rng(seed), 0.0
    for _ in range(starts):
        first = (
            random.uniform(hour.price_min, hour.top, len(prices)),
            random.dirichlet(np.ones(len(prices)), len(hour.buyers)),
        )
        other = play(hour, rules, first)
        apart = max(
            apart,
            float(np.abs(other.prices - prices).max()),
            float(np.abs(other.part - result.part).max()),
        )
    roots = eigenvalues(hour, prices)
    return {
        "gain": temptation(hour, prices),
        "payoff spread": float(values.max() - values.min()) / max(float(values.max()), 1e-12),
        "eigenvalue": float(roots.max()) if len(roots) else np.nan,
        "closed form": float(
            max(np.abs(exact_prices - prices).max(), np.abs(exact_part - result.part).max())
        ),
        "starts": apart if starts else np.nan,
    }
