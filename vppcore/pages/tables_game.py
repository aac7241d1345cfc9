"""Tables of the multiple game's page: readings beside each other, money that is paid, talks.

kW, yuan, yuan/kWh unless a column says MW. No solving, no reading.

"Gain" without more words is in the game's own utility, which counts power asked; "in money" counts
power sent and paid.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.components import PowerMarket
from vppcore.game.conventional import ConventionalResult
from vppcore.game.day import GameResult
from vppcore.game.distributed import DistributedDay
from vppcore.game.hour import HourResult
from vppcore.game.money import MoneyResult
from vppcore.game.rules import Rules
from vppcore.live.game import earnings
from vppcore.pages.claims_b import GAME, NO_TRADE
from vppcore.pages.published import CLAIM_HOMES, NUMBER_TOLERANCE, judgement_of, published_value
from vppcore.pages.tables_b import choices, scenarios

DEMAND_WORDS = {
    "elastic": "buyers decide how much to buy by their satisfaction coefficients (elastic demand)",
    "fixed": "buyers want their whole deficit at any price (fixed demand)",
}
ORDER_WORDS = {
    "text": "sellers move while the buyers' shares are held (order of the text)",
    "anticipating": "sellers reckon with the buyers' answer (anticipating)",
}
# claims of paper B whose verdict depends on how the game is played
OF_THE_GAME = ("B15", "B16", "B17", "B18", "B19", "B20", "B21", "B22", "B27")
HOLDS = ("reproduced", "reproduced in shape", "met by fitting", "theorem")
# kinds of messages after which somebody waits for an answer
EXCHANGES = ("price", "cover", "total")
IN_MONEY = 1e-3  # of a seller's income: what lotteries that are learnt may leave
WORTHWHILE = 1e-6  # a gain below this share of the income is rounding
LINE = 90  # letters in a line of a page's output
FULL = 1e-9  # of a limit: a trade that is nearer to it than this is at the limit


# --- which game -----------------------------------------------------------------------------------
def without_satisfaction(case: Case) -> list[str]:
    """The VPPs of a case that trade and have no satisfaction coefficient."""
    return [
        vpp.name
        for vpp in case.vpps
        if any(market.satisfaction is None for market in vpp.of(PowerMarket))
    ]


def tie_limit(case: Case) -> tuple[float, float]:
    """The largest limit of a case's tie, kW (without one no limit), and its fee, yuan/kWh."""
    if case.tie is None:
        return np.inf, 0.0
    return float(np.max(case.tie.limit)), case.tie.crossing_fee


def tie_binds(game: GameResult) -> bool:
    """True if the trade of some pair is as large as its tie allows."""
    limits = pd.Series({step: played.hour.pair_limit for step, played in game.hours.items()})
    largest = game.trades.max(axis=1).reindex(limits.index)
    return bool((largest >= (1 - FULL) * limits).any())


def account(game: GameResult) -> pd.DataFrame:
    """A row per VPP: costs, payment and gain, with the crossing fee where there is one."""
    table = game.table.drop(columns="excess after (kg)")
    fees = game.costs.loc["crossing fee"] if "crossing fee" in game.costs.index else None
    if fees is not None and fees.any():
        table.insert(2, "of it crossing fee", fees)
    return table


def in_yuan(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with its unit in the heads."""
    return table.add_suffix(" (yuan)")


# --- one hour -------------------------------------------------------------------------------------
def wished_power(played: HourResult) -> pd.Series:
    """The power that a seller's utility counts, sum_i y_ij x*_ij, kW by seller."""
    return (played.shares * played.wished).mul(played.hour.deficit, axis=0).sum()


def offers_and_trades(played: HourResult) -> pd.DataFrame:
    """Of each seller of an hour: surplus, price, probability; power wished, asked and sent, MW."""
    sellers = played.prices.index
    columns = {
        "surplus (MW)": pd.Series(played.hour.surplus / 1000, sellers),
        "price (yuan/kWh)": played.prices,
        "chosen with probability": played.part,
        "wished (MW)": wished_power(played) / 1000,
        "asked (MW)": played.asked.sum() / 1000,
        "sent (MW)": played.sent.sum() / 1000,
    }
    return pd.DataFrame(columns)


def two_sellers_table(played: HourResult, rules: Rules) -> pd.DataFrame:
    """An hour's sellers as a live page shows them: price, part, asked and sent, and what each earns
    as the game counts beside the most that another price of its own would bring, yuan per hour.
    """
    prices = played.prices.to_numpy()
    now, most = earnings(played.hour, prices, played.shares.to_numpy(), rules)
    columns = {
        "price (yuan/kWh)": played.prices,
        "chosen (%)": 100 * played.part,
        "asked (kW)": played.asked.sum(),
        "sent (kW)": played.sent.sum(),
        "earns (yuan an hour)": pd.Series(now, played.prices.index),
        "at most, moving alone": pd.Series(most, played.prices.index),
    }
    return pd.DataFrame(columns).rename_axis("seller")


def readings_of_an_hour(
    played: Mapping[str, tuple[HourResult, Mapping[str, float]]],
    printed: pd.Series | None = None,
) -> pd.DataFrame:
    """One hour by each reading, a row each: prices, probabilities, wished and sent power, gains.

    played: name of the reading -> the hour's game and its proofs.
    printed: the paper's probabilities by seller; None where it prints none.
    """
    rows = {}
    for name, (result, proof) in played.items():
        row = {f"price {seller}": price for seller, price in result.prices.items()}
        row |= {f"probability {seller}": part for seller, part in result.part.items()}
        row["wished (MW)"] = wished_power(result).sum() / 1000
        row["sent (MW)"] = float(result.sent.to_numpy().sum()) / 1000
        row["gain (%)"] = 100 * max(proof["gain"], 0.0)
        row["gain in money (%)"] = 100 * proof["money"]
        rows[name] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    if printed is not None:
        for seller, part in printed.items():
            table.loc["printed", f"probability {seller}"] = part
    return table


def printed_probabilities(case: Case, shown: HourResult) -> pd.Series | None:
    """The probabilities that paper B prints, if this is a case of it and its hour 10."""
    sellers = {"VPP1", "VPP4"}
    if not case.is_paper("B") or shown.hour.step != 10 or set(shown.prices.index) != sellers:
        return None
    return pd.Series({"VPP1": published_value("B16"), "VPP4": published_value("B17")})


# --- readings beside each other -------------------------------------------------------------------
def all_hours(games: Mapping[str, GameResult]) -> pd.DataFrame:
    """Every seller of every hour by every reading, a row each.

    Columns price, probability, wished, asked and sent (kW), and of the hour gain and money, see
    `game.certificate.certify`.
    """
    rows = []
    for name, game in games.items():
        for step, played in game.hours.items():
            table = offers_and_trades(played)
            for seller in table.index:
                rows.append(
                    {
                        "reading": name,
                        "hour": step,
                        "seller": seller,
                        "price": table.loc[seller, "price (yuan/kWh)"],
                        "probability": table.loc[seller, "chosen with probability"],
                        "wished": 1000 * table.loc[seller, "wished (MW)"],
                        "asked": 1000 * table.loc[seller, "asked (MW)"],
                        "sent": 1000 * table.loc[seller, "sent (MW)"],
                        "gain": game.proofs.loc[step, "gain"],
                        "money": game.proofs.loc[step, "money"],
                    }
                )
    return pd.DataFrame(rows)


def rivals_by_reading(games: Mapping[str, GameResult]) -> pd.DataFrame:
    """Price and probability of rivals as "0.650  48 %": a row per hour and seller, a column per
    reading.
    """
    columns = {}
    for name, game in games.items():
        cells = {}
        for step, played in game.hours.items():
            if len(played.prices) > 1:
                for seller, price in played.prices.items():
                    cells[step, seller] = f"{price:.3f}  {100 * played.part[seller]:.1f} %"
        columns[name] = pd.Series(cells, dtype=object)
    table = pd.DataFrame(columns)
    if len(table):
        table.index = table.index.set_names(["hour", "seller"])
    return table


def money_by_reading(games: Mapping[str, GameResult]) -> pd.DataFrame:
    """What any seller gains at most in money by another price, %: a row per hour, a column per
    reading.
    """
    columns = {name: 100 * game.proofs["money"] for name, game in games.items() if game.hours}
    return pd.DataFrame(columns).rename_axis("hour")


def readings_in_short(games: Mapping[str, GameResult]) -> pd.DataFrame:
    """A row per reading: hours at the highest price, hours in which a dear seller is preferred,
    gains, saving.
    """
    rows = {}
    for name, game in games.items():
        at_top = [bool(is_at_top(played).all()) for played in game.hours.values()]
        compared = choices_of(game)
        money = game.proofs["money"] if game.hours else pd.Series(dtype=float)
        gain = game.proofs["gain"].max() if game.hours else 0.0
        rows[name] = {
            "hours at the highest price": sum(at_top),
            "hours where the cheapest is not the most chosen": int((~compared).sum()),
            "largest gain (%)": 100 * max(gain, 0.0),
            "hours with a gain in money": int((money > WORTHWHILE).sum()),
            "largest gain in money (%)": 100 * float(money.max()) if len(money) else 0.0,
            "saved (yuan)": float(game.table["gain"].sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def is_at_top(played: HourResult) -> pd.Series:
    """Which sellers ask the highest price that a buyer accepts."""
    return played.hour.top - played.prices <= FULL * played.hour.price_size


def choices_of(game: GameResult) -> pd.Series:
    """Hours with rivals: is the cheapest the most chosen? See `tables_b.choices`."""
    return choices(game)["same"].astype(bool)


def verdicts_by_reading(
    case: Case, games: Mapping[str, GameResult], rules: Mapping[str, Rules]
) -> pd.DataFrame:
    """The verdict on each claim that depends on how the game is played: a column per reading."""
    columns = {}
    for name, game in games.items():
        results = {
            "game": game,
            "compared": choices(game),
            "scenarios": scenarios(game),
            "fitted": case.fitted_claims,
            "rules": rules[name],
        }
        verdicts = {}
        for number in OF_THE_GAME:
            home = CLAIM_HOMES[number]
            asked = {key: results[key] for key in home.taken_from(results)}
            judgement = judgement_of(home, asked)
            verdicts[number] = "no verdict" if judgement is None else judgement.verdict
        columns[name] = pd.Series(verdicts)
    return pd.DataFrame(columns).rename_axis("claim")


def met_by_reading(
    case: Case,
    verdicts: pd.DataFrame,
    games: Mapping[str, GameResult],
    rules: Mapping[str, Rules],
) -> pd.DataFrame:
    """How many printed numbers and statements each reading meets, and what was fitted for it.

    verdicts: of `verdicts_by_reading`.
    """
    numbers = ("B16", "B17", "B20", "B21")
    shapes = [claim for claim in verdicts.index if claim not in numbers]
    rows = {}
    for name, game in games.items():
        ours = printed_numbers(game)
        near = [abs(ours[n] / published_value(n) - 1) <= NUMBER_TOLERANCE for n in ours]
        coefficients = satisfaction_coefficients(case) if rules[name].demand == "elastic" else 0
        rows[name] = {
            "printed numbers met within 1 %": f"{sum(near)} of {len(numbers)}",
            "aimed at by the fit": len(set(ours) & set(case.fitted_claims)),
            "statements that hold": f"{int(verdicts.loc[shapes, name].isin(HOLDS).sum())} of "
            f"{len(shapes)}",
            "coefficients chosen beside the fit": coefficients,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def printed_numbers(game: GameResult) -> dict[str, float]:
    """Our numbers beside those that paper B prints of its game, by claim, where we have them."""
    table = game.table
    ours = {
        "B20": float((table["carbon alone"] - table["carbon after"]).sum()),
        "B21": float(table["gain"].sum()),
    }
    ten = game.hours.get(10)
    if ten is not None and {"VPP1", "VPP4"} <= set(ten.part.index):
        ours |= {"B16": float(ten.part["VPP1"]), "B17": float(ten.part["VPP4"])}
    return ours


def satisfaction_coefficients(case: Case) -> int:
    """How many different satisfaction coefficients a case has."""
    found = {market.satisfaction for vpp in case.vpps for market in vpp.of(PowerMarket)}
    return len(found - {None})


# --- money that is paid ---------------------------------------------------------------------------
def money_beside(game: GameResult, paid: Mapping[int, MoneyResult]) -> pd.DataFrame:
    """The game in power asked beside the game in money that is paid, a row per hour.

    paid: hour -> the game in delivered money.
    """
    rows = {}
    for step, result in paid.items():
        played = game.hours[step]
        hour = played.hour
        top = bool(((hour.top - result.prices) <= FULL * hour.price_size).all())
        pure = "at the highest price" if top else "inside the band"
        rows[step] = {
            "supply / demand": float(hour.surplus.sum() / hour.deficit.sum()),
            "prices of the game": in_a_row(played.prices),
            "gain in money (%)": 100 * game.proofs.loc[step, "money"],
            "prices in money": in_a_row(result.prices),
            "how": pure if result.pure else "lotteries (mean price)",
            "left in money (%)": 100 * result.gain,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("hour")


def in_a_row(prices: pd.Series) -> str:
    """Prices of the sellers of an hour, in their order.

    >>> in_a_row(pd.Series([0.65, 0.69]))
    '0.650, 0.690'
    """
    return ", ".join(f"{price:.3f}" for price in prices)


# --- ways to trade --------------------------------------------------------------------------------
def ways_to_trade(game: GameResult, conventional: Mapping[str, ConventionalResult]) -> pd.DataFrame:
    """Carbon cost and total cost of all VPPs, yuan: no trade, each conventional way, the game."""
    table = game.table
    rows = {NO_TRADE: (table["carbon alone"].sum(), table["alone"].sum())}
    for way, result in conventional.items():
        rows[way] = (result.account.table["carbon after"].sum(), result.account.cost)
    rows[GAME] = (table["carbon after"].sum(), game.cost)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["carbon", "total"])


def trades_by_name(
    conventional: Mapping[str, ConventionalResult], games: Mapping[str, GameResult]
) -> dict[str, tuple[float, pd.DataFrame]]:
    """Cost of all VPPs (yuan) and trades (kW) of each way that leaves schedules as they are."""
    ways = {
        way: (result.account.cost, result.account.trades) for way, result in conventional.items()
    }
    played = {f"game (paper B): {name}": (game.cost, game.trades) for name, game in games.items()}
    return ways | played


def row_of(rules: Rules) -> str:
    """The row that a game by these rules has in `trades_by_name`."""
    return f"game (paper B): {rules.demand}, {rules.order}"


def both_readings_of_scenario_1(
    ways: pd.DataFrame, games: Mapping[str, GameResult]
) -> pd.DataFrame:
    """`ways_to_trade` with a row for each reading of the game, and what each game saves.

    The last column says what the game of the run saves against the row, yuan.
    """
    table = ways.copy()
    for name, game in games.items():
        table.loc[f"{GAME}: {name}"] = (game.table["carbon after"].sum(), game.cost)
    table["the game saves against it"] = table["total"] - ways.loc[GAME, "total"]
    return table


# --- talks ----------------------------------------------------------------------------------------
def exchanges_of(day: DistributedDay) -> pd.Series:
    """How often the agents of each hour wait for an answer, by hour."""
    found = {}
    for step, talks in day.hours.items():
        kinds = talks.words["kind"].value_counts()
        told = sum(int(kinds.get(kind, 0)) for kind in EXCHANGES)
        found[step] = told // len(talks.prices)
    return pd.Series(found, dtype=int)


def waiting(day: DistributedDay | None) -> dict[str, int]:
    """How many exchanges wait for each other over the day: hours in turn, and side by side.

    Empty where there were no talks.
    """
    if day is None or not day.hours:
        return {}
    exchanges = exchanges_of(day)
    return {"one loop": int(exchanges.sum()), "distributed": int(exchanges.max())}


def talks_in_short(day: DistributedDay, game: GameResult) -> pd.DataFrame:
    """The day's talks in numbers: distance from one loop, messages by kind, exchanges."""
    distance = max([talks.distance(game.hours[step]) for step, talks in day.hours.items()])
    exchanges = exchanges_of(day)
    rows = {
        "largest distance from one loop": below(distance),
        "exchanges, hours one after the other": f"{exchanges.sum():,}",
        "exchanges of the longest hour": f"{exchanges.max():,}",
        "ideal gain of hours side by side": f"{exchanges.sum() / exchanges.max():.1f} times",
    }
    for kind, count in day.words().sort_index().items():
        rows[f"messages: {kind}"] = f"{count:,}"
    return pd.DataFrame({"the day": rows})


def below(distance: float) -> str:
    """A distance that may be rounding only, in words.

    >>> below(3e-16), below(0.01)
    ('below 1e-9', '1e-02')
    """
    return f"{distance:.0e}" if distance > 1e-9 else "below 1e-9"
