"""The multiple game of paper B, hour by hour: sellers set prices, buyers choose sellers, both until nobody wants to move.

kW, yuan/kWh; prices are (sellers,), shares are (buyers, sellers) with rows that add up to one. `Hour` is in market.py.

A buyer who chooses seller j gets a part of j's surplus S_j, which all who chose j share, in place of grid power at price
g: payoff F_j = (g - p_j) S_j / N_j with N_j the power asked of j. At rest the payoffs of all chosen sellers are equal, so
N_j is proportional to a_j = (g - p_j) S_j. A seller earns U_j = (p_j - c_j) N_j and knows how buyers will react, so that

    dU_j/dp_j = N_j (1 - (p_j - c_j)(1 - Y_j)/(g - p_j)),   Y_j = a_j / sum_k a_k,

which is zero at p_j = (g + c_j (1 - Y_j)) / (2 - Y_j). U_j rises up to there and falls beyond, so a price that no small
change improves is a best response, also where it lies on the edge of the band.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from vppcore.case import Case
from vppcore.coalition import both_ways
from vppcore.dispatch import DispatchResult, dispatch
from vppcore.errors import NotSolved, WrongInput, check_fields, is_number
from vppcore.market import Hour, deliver, hours, positions, settle

PAYOFFS = ("shared", "unshared")
# share of buyers that tries every seller anew in each round: imitation alone never finds a seller that nobody has chosen
CURIOSITY = 1e-3


@dataclass(frozen=True)
class Rules:
    """How the game is played. payoff: "shared" divides a seller's surplus among all who choose it; "unshared" is the
    warning example in which shares do not matter to payoffs. anticipate: sellers reckon with the buyers' reaction; False
    freezes the buyers' choice while a price moves, another warning example. evolution_step: of the buyers' replicator,
    converges below 2. price_step: of the sellers. tolerance: relative, of both loops."""

    payoff: str = "shared"
    anticipate: bool = True
    evolution_step: float = 0.5
    price_step: float = 0.6
    tolerance: float = 1e-10
    max_rounds: int = 500

    def __post_init__(self):
        check_fields(
            self,
            {
                "payoff": (self.payoff in PAYOFFS, ", ".join(PAYOFFS)),
                "anticipate": (isinstance(self.anticipate, bool), "True, False"),
                "evolution_step": (is_number(self.evolution_step, 0), "a number above 0"),
                "price_step": (is_number(self.price_step, 0), "a number above 0"),
                "tolerance": (is_number(self.tolerance, 0, 1), "a number between 0 and 1"),
                "max_rounds": (
                    is_number(self.max_rounds, 0, whole=True),
                    "a whole number of 1 or more",
                ),
            },
        )


# --- buyers: the evolutionary game --------------------------------------------------------------------------------
def payoffs(hour: Hour, prices: np.ndarray, shares: np.ndarray, rule: str = "shared") -> np.ndarray:
    """F_j for each seller `(sellers,)`: what choosing it is worth to any buyer, paper B (17)."""
    gain = (hour.grid_price - prices) * hour.surplus
    asked = hour.deficit @ shares
    return (
        gain / np.maximum(asked, 1e-9 * hour.deficit.sum())
        if rule == "shared"
        else gain / hour.deficit.sum()
    )


def imitate(
    hour: Hour, prices: np.ndarray, shares: np.ndarray, step: float, rule: str = "shared"
) -> np.ndarray:
    """One step of the replicator, paper B (25): y_ij grows with the payoff of j above the average, payoffs over their mean.

    Proportional imitation (B 18) gives dy_ij/dt = y_ij (F_j - mean of F over y_i) (B 19).
    """
    worth = payoffs(hour, prices, shares, rule)
    average = shares @ worth
    scale = max(float(np.max(average)), 1e-300)
    # at most to a tenth in one step: imitation slows down, it does not make a seller vanish
    moved = shares * np.maximum(1 + step * (worth - average[:, None]) / scale, 0.1)
    return moved / moved.sum(axis=1, keepdims=True)


def evolve(
    hour: Hour, prices: np.ndarray, start: np.ndarray, rules: Rules
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Shares at the buyers' evolutionary equilibrium, and the way there."""
    path = [start]
    for _ in range(20 * rules.max_rounds):
        path.append(imitate(hour, prices, path[-1], rules.evolution_step, rules.payoff))
        if np.abs(path[-1] - path[-2]).max() <= rules.tolerance:
            break
    return path[-1], path


def rest_point(hour: Hour, prices: np.ndarray) -> np.ndarray:
    """Closed form of the buyers' equilibrium: the part of all demand that each seller is asked for, `(sellers,)`."""
    worth = (hour.grid_price - prices) * hour.surplus
    # nobody gains anywhere: buyers do not care, and what is there is asked for
    return worth / worth.sum() if worth.sum() > 0 else hour.surplus / hour.surplus.sum()


def eigenvalues(hour: Hour, prices: np.ndarray) -> np.ndarray:
    """Of the buyers' dynamics at rest, all buyers alike, in units of the mean payoff; all negative means stable.

    With Y_j the common share, dY_j/dt = (a_j - Y_j sum_k a_k)/D is linear, so every eigenvalue is minus the mean payoff:
    after scaling, -1. Found here by differences along the simplex, as a check of the code.
    """
    count, rest = len(hour.sellers), rest_point(hour, prices)
    if count < 2 or not (hour.grid_price - prices > 1e-9).all():
        return np.array([])
    basis = np.linalg.qr(np.vstack([np.ones(count), np.eye(count)[:-1]]).T)[0][:, 1:]
    width = 1e-5 * rest.min()

    def speed(y: np.ndarray) -> np.ndarray:
        shares = np.tile(y, (len(hour.buyers), 1))
        worth = payoffs(hour, prices, shares)
        return (y * (worth - y @ worth)) / (
            rest @ payoffs(hour, prices, np.tile(rest, (len(hour.buyers), 1)))
        )

    columns = [
        (speed(rest + width * way) - speed(rest - width * way)) / (2 * width) for way in basis.T
    ]
    return np.sort(np.linalg.eigvals(basis.T @ np.column_stack(columns)).real)


# --- sellers: the price game --------------------------------------------------------------------------------------
def raise_prices(hour: Hour, prices: np.ndarray, part: np.ndarray, rules: Rules) -> np.ndarray:
    """One step of the sellers, paper B (26), along the derivative of their utility.

    The derivative is divided by N_j (2 - Y_j)/(g - p_j), which makes its size that of a price: the step then goes the
    fraction `price_step` of the way to where the derivative vanishes. Frozen buyers leave dU_j/dp_j = N_j > 0.
    """
    if not rules.anticipate:
        return np.clip(
            prices + rules.price_step * 0.1 * (hour.grid_price - hour.price_min),
            hour.price_min,
            hour.top,
        )
    target = (hour.grid_price + hour.reservation * (1 - part)) / (2 - part)
    return np.clip(prices + rules.price_step * (target - prices), hour.price_min, hour.top)


def equilibrium(hour: Hour) -> tuple[np.ndarray, np.ndarray]:
    """Closed form of the leader-follower equilibrium: prices and each seller's part of the demand.

    For a given K = sum_k (g - p_k) S_k, a seller's margin x = g - p solves a quadratic, and sum_j x_j(K) S_j / K falls
    from above 1 to 0 as K grows. So there is exactly one K, and one equilibrium.
    """
    if len(hour.sellers) == 1:
        return np.array([hour.top]), np.ones(1)  # a monopolist takes what the grid would
    room = hour.grid_price - hour.reservation
    least, most = hour.grid_price - hour.top, hour.grid_price - hour.price_min

    def margins(k: float) -> np.ndarray:
        ratio = room * hour.surplus / k
        return np.clip(2 * room / (2 + ratio + np.sqrt(4 + ratio**2)), least, most)

    def spare(logarithm: float) -> float:
        k = np.exp(logarithm)
        return float((margins(k) * hour.surplus).sum() / k - 1)

    scale = float((most * hour.surplus).sum())
    low, high = np.log(1e-12 * scale), np.log(scale) + 1e-9
    k = np.exp(brentq(spare, low, high, xtol=1e-14, rtol=1e-15))
    prices = hour.grid_price - margins(k)
    return prices, rest_point(hour, prices)


def temptation(hour: Hour, prices: np.ndarray, grid: int = 400) -> float:
    """Largest gain of any seller from any other price while buyers settle anew, relative to what it earns; best if 0.

    Tries `grid` prices over the whole band for each seller: a check that does not use the derivative.
    """
    part = rest_point(hour, prices)
    worth = (hour.grid_price - prices) * hour.surplus
    tried, worst = np.linspace(hour.price_min, hour.top, grid), 0.0
    for j in range(len(prices)):
        own = (hour.grid_price - tried) * hour.surplus[j]
        others = worth.sum() - worth[j]
        share = own / (own + others) if others > 0 else np.ones_like(own)
        now = (prices[j] - hour.reservation[j]) * part[j]
        worst = max(
            worst, float(np.max((tried - hour.reservation[j]) * share) - now) / max(abs(now), 1e-12)
        )
    return worst


# --- leader and followers -----------------------------------------------------------------------------------------
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


@dataclass(frozen=True, eq=False)
class GameResult:
    """Trade by the multiple game after every VPP has its own schedule; numbers only.

    positions: VPP -> table of market.positions. prices, parts: yuan/kWh and the probability of being chosen, a row per
    step and a column per VPP, nan where it does not sell. trades: kW, as in CoalitionResult (positive: received).
    table: a row per VPP: cost alone, with trades, payment (positive: pays), after, gain (yuan), carbon cost alone and
    after (yuan), excess after (kg). proofs: a row per step with a market. hours: step -> HourResult.
    """

    positions: dict[str, pd.DataFrame]
    prices: pd.DataFrame
    parts: pd.DataFrame
    trades: pd.DataFrame
    table: pd.DataFrame
    costs: pd.DataFrame
    proofs: pd.DataFrame
    hours: dict[int, HourResult]
    seconds: dict[str, float]

    @property
    def cost(self) -> float:
        """Cost of all VPPs together, yuan; payments cancel."""
        return float(self.table["after"].sum())


def trade_by_game(
    case: Case,
    alone: dict[str, DispatchResult] | None = None,
    rules: Rules | None = None,
    starts: int = 10,
    solver: str = "auto",
) -> GameResult:
    """Lets the VPPs of a case trade their surplus by the multiple game, each hour on its own (paper B, section 4).

    alone: schedules without trade; found here if not given. starts: random beginnings for the certificate.
    Raises WrongInput for a VPP without a power_market or unknown rules, NotSolved if an hour does not come to rest.
    """
    if not is_number(starts, -1, whole=True):
        raise WrongInput(f"starts: found {starts!r}; allowed: a whole number of 0 or more")
    began, rules = time.perf_counter(), rules or Rules()
    alone = alone or {vpp.name: dispatch(vpp, solver) for vpp in case.vpps}
    tables = {vpp.name: positions(vpp, alone[vpp.name]) for vpp in case.vpps}
    ready = time.perf_counter()
    steps, names = case.vpps[0].steps, case.names
    index = pd.RangeIndex(1, steps + 1, name="step")
    prices, parts = (pd.DataFrame(np.nan, index, names) for _ in range(2))
    flow = {(i, j): np.zeros(steps) for i in names for j in names if i != j}
    paid, played, proofs = pd.Series(0.0, names), {}, {}
    for hour in (hour for hour in hours(case.vpps, tables) if hour.open):
        result = play(hour, rules)
        played[hour.step], proofs[hour.step] = result, certify(result, starts, rules)
        prices.loc[hour.step, list(hour.sellers)] = result.prices
        parts.loc[hour.step, list(hour.sellers)] = result.part
        sent = deliver(hour, result.shares.to_numpy())
        for (b, buyer), (s, seller) in (
            (b, s) for b in enumerate(hour.buyers) for s in enumerate(hour.sellers)
        ):
            flow[buyer, seller][hour.step - 1] = sent[b, s]
            money = case.vpps[0].step_hours * sent[b, s] * result.prices[seller]
            paid[buyer] += money
            paid[seller] -= money
    done, nothing = time.perf_counter(), np.zeros(steps)
    settled = pd.DataFrame(
        {
            vpp.name: settle(
                vpp,
                alone[vpp.name],
                sum((flow[vpp.name, other] for other in names if other != vpp.name), nothing),
                sum((flow[other, vpp.name] for other in names if other != vpp.name), nothing),
            )
            for vpp in case.vpps
        }
    )
    costs = settled.drop(index="carbon excess (kg)").fillna(0.0)
    net = {(i, j): flow[i, j] - flow[j, i] for i, j in combinations(names, 2)}
    return GameResult(
        tables,
        prices,
        parts,
        both_ways(net, case),
        summary(alone, costs, settled.loc["carbon excess (kg)"], paid),
        costs,
        pd.DataFrame(proofs).T.rename_axis("step"),
        played,
        {"schedules": ready - began, "games": done - ready},
    )


def summary(
    alone: dict[str, DispatchResult], costs: pd.DataFrame, excess: pd.Series, paid: pd.Series
) -> pd.DataFrame:
    """A row per VPP: cost alone, with trades, payment, after, gain and carbon before and after."""
    before = pd.Series({name: result.cost for name, result in alone.items()})
    rows = {
        "alone": before,
        "with trades": costs.sum(),
        "payment": paid,
        "after": costs.sum() + paid,
        "gain": before - costs.sum() - paid,
        "carbon alone": pd.Series(
            {name: result.costs.get("carbon", 0.0) for name, result in alone.items()}
        ),
        "carbon after": costs.loc["carbon"] if "carbon" in costs.index else 0.0 * before,
        "excess after (kg)": excess,
    }
    return pd.DataFrame(rows).loc[list(alone)]
