"""Results of the multiple game -> sentences; see words.py. No solving, no reading.

yuan, yuan/kWh, MW.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from vppcore.case import Case
from vppcore.game.day import GameResult
from vppcore.game.demand import QuadraticDemand, demand_of
from vppcore.game.distributed import DistributedDay
from vppcore.game.hour import HourResult
from vppcore.game.money import MoneyResult
from vppcore.game.rules import Rules
from vppcore.market import Hour
from vppcore.pages.claims_b import GAME, NO_TRADE
from vppcore.pages.tables_game import (
    DEMAND_WORDS,
    FULL,
    ORDER_WORDS,
    exchanges_of,
    is_at_top,
    tie_limit,
    without_satisfaction,
)
from vppcore.pages.words import hour_or_step, hours_said, listed, signed
from vppcore.pages.words_b import (
    between,
    bill_said,
    compared,
    counted,
    in_digits,
    more_or_less,
    share_said,
)
from vppcore.schedule import DispatchResult

SETTLED = 1e-3  # in probability or share of a price: nearer to the end than this is there
NOTHING = 1e-9  # of the number beside it: less counts as none
FACTOR = 4  # digits of a number that a reader may add up or multiply: one more than of the result
LEFT = 1e-3  # of a seller's income: what lotteries that are learnt may leave


def as_sentence(text: str) -> str:
    """A text that begins with a capital and ends with a stop.

    >>> as_sentence("buyers want all")
    'Buyers want all.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def price(number: float) -> str:
    """A price with three places.

    >>> price(0.65)
    '0.650'
    """
    return signed(number, 3)


# --- which game, what it is worth -----------------------------------------------------------------
def which_game(case: Case, rules: Rules) -> str:
    """Which game a run plays, and why not the text's where it cannot."""
    said = [as_sentence(DEMAND_WORDS[rules.demand]), as_sentence(ORDER_WORDS[rules.order])]
    if rules.payoff == "unshared":
        said.append("Buyers do not share a surplus: a warning example without an equilibrium.")
    if missing := without_satisfaction(case):
        said.append(
            "The text's elastic demand cannot be played: there is no satisfaction coefficient "
            f"(power_market, satisfaction) of {listed(missing)}."
        )
    return " ".join(said)


def day_of_trade(game: GameResult, choices: pd.DataFrame) -> str:
    """In how many hours somebody sells, at what prices, and where a dear seller is preferred.

    choices: as `tables_b.choices`.
    """
    if not game.hours:
        return f"In no {hour_or_step()} of this day is there a market."
    prices = game.prices.stack()
    odd = int((~choices["same"].astype(bool)).sum())
    if choices.empty:
        rivals = f"no {hour_or_step()} has rivals"
    elif not odd:
        every = (
            f"the only {hour_or_step()}"
            if len(choices) == 1
            else f"all {len(choices)} {hour_or_step(0)}"
        )
        rivals = f"in {every} with rivals the cheapest seller is most chosen"
    else:
        rivals = (
            f"in {odd} of the {len(choices)} {hour_or_step(0)} with rivals the cheapest seller is "
            "not the one "
            "most chosen, since a buyer looks at price and at what a seller has"
        )
    return (
        f"{len(game.hours)} of {len(game.prices)} {hour_or_step(0)} have a market, at prices from "
        f"{price(prices.min())} to {price(prices.max())} yuan/kWh; {rivals}."
    )


def worth_of_the_game(ways: pd.DataFrame) -> str:
    """What the game saves against no trade and against conventional ways.

    ways: as `tables_game.ways_to_trade`.
    """
    total = ways["total"]
    saved = total - total[GAME]
    size = abs(total[NO_TRADE])
    against = saved.drop([NO_TRADE, GAME])
    sentence = (
        f"Against no trade the game saves {in_digits(saved[NO_TRADE])} yuan "
        f"({share_said(saved[NO_TRADE], size)} of what all pay)"
    )
    if against.empty:
        return f"{sentence}."
    said = [f"{more_or_less(yuan, size)} than {way}" for way, yuan in against.items()]
    said = [text.replace("as much than", "as much as") for text in said]
    return f"{sentence}; against other ways to trade the same left-overs, {listed(said)}."


def closed_hours(game: GameResult) -> str:
    """Which hours have no market and why."""
    steps: dict[str, list[int]] = {}
    for step, why in game.closed.items():
        steps.setdefault(why, []).append(step)
    return " ".join(f"In {hours_said(each)} {why}." for why, each in steps.items())


# --- prices and choices ---------------------------------------------------------------------------
def prices_asked(game: GameResult) -> str:
    """Who asks the highest price that buyers accept: sellers alone and rivals."""
    sentences = []
    for who, rivals in (("A seller that is alone asks", False), ("Rivals ask", True)):
        hours = [played for played in game.hours.values() if (len(played.prices) > 1) == rivals]
        top = [played.hour.step for played in hours if is_at_top(played).all()]
        less = [played.hour.step for played in hours if not is_at_top(played).all()]
        if top and less:
            end = f"the highest price that buyers accept in {hours_said(top)}, and less in "
            sentences.append(f"{who} {end}{hours_said(less)}.")
        elif hours:
            end = "the highest price that buyers accept" if top else "less than buyers accept"
            sentences.append(f"{who} {end} in {hours_said(top or less)}.")
    return " ".join(sentences)


def lone_seller(game: GameResult, rules: Rules) -> str:
    """What a lone seller asks and why, in the first hour that has one and lets it ask less.

    Empty without a lone seller, and where buyers differ or their satisfaction is no parabola.
    """
    lone = [played for played in game.hours.values() if len(played.prices) == 1]
    if not lone:
        return ""
    if rules.demand == "fixed":
        return (
            "With fixed demand nothing holds a lone seller back: it asks the highest price that "
            "buyers accept."
        )
    inside = [played for played in lone if not is_at_top(played).all()]
    shown = (inside or lone)[0]
    wants = demand_of(shown.hour, rules)
    if not isinstance(wants, QuadraticDemand) or not wants.alike:
        return ""
    first, own = float(wants.first[0]), float(shown.hour.reservation[0])
    seller, asked = shown.prices.index[0], float(shown.prices.iloc[0])
    middle = (first + own) / 2
    said = (
        f"In hour {shown.hour.step} {seller} is alone. The first kWh is worth {price(first)} "
        f"yuan/kWh to its customers and {price(own)} to itself, and the middle of the two is "
        f"{price(middle)}"
    )
    if inside and abs(asked - middle) <= SETTLED * shown.hour.price_size:
        return (
            f"{said}: that is what it asks. Its utility counts what buyers wish, and a higher "
            "price would lower that too much. What would fall is the wish beyond their need, which "
            "nobody delivers: up to the tariff they take their whole need at any price."
        )
    if middle > asked:
        return f"{said}; it asks {price(asked)}, since buyers accept no more."
    return f"{said}; it asks {price(asked)}, the lowest price allowed."


def choices_made(choices: pd.DataFrame) -> str:
    """Where rivals ask the same, and where the cheapest is not the most chosen.

    choices: as `tables_b.choices`.
    """
    if choices.empty:
        return "No hour has rivals: whoever buys has one seller only."
    alike = list(choices.index[choices["all alike"].astype(bool)])
    odd = list(choices.index[~choices["same"].astype(bool)])
    same = f" All rivals ask the same in {hours_said(alike)}." if alike else ""
    where = "Nowhere is another than the cheapest seller most chosen."
    if odd:
        where = f"The cheapest seller is not the most chosen in {hours_said(odd)}."
    return f"There are rivals in {hours_said(choices.index)}.{same} {where}"


def why_chosen(played: HourResult, rules: Rules) -> str:
    """Why buyers choose as they do in one hour: worth times power on offer of each seller."""
    hour = played.hour
    asked = [
        f"{name} asks {price(played.prices[name])} yuan/kWh and is chosen with "
        f"{100 * played.part[name]:.1f} %"
        for name in hour.sellers
    ]
    head = f"In hour {hour.step} {listed(asked)}."
    if len(hour.sellers) < 2:
        return f"{head} It is alone."
    wants = demand_of(hour, rules)
    if not wants.alike or rules.payoff != "shared":
        return head
    worth = wants.worth(played.prices.to_numpy())[0]
    if worth.max() <= NOTHING * hour.price_size:
        return (
            f"{head} At these prices a purchase is worth no more than the grid's, and buyers go by "
            "the power on offer alone."
        )
    products = [
        f"{in_digits(each, FACTOR)} yuan/kWh times {in_digits(power / 1000, FACTOR)} MW is "
        f"{in_digits(each * power / 1000)} for {name}"
        for name, each, power in zip(hour.sellers, worth, hour.surplus, strict=True)
    ]
    return f"{head} What counts is worth times power on offer: {listed(products)}. {moral(played)}"


def moral(played: HourResult) -> str:
    """Whether price or surplus decides in an hour with rivals."""
    cheapest, favourite = played.prices.idxmin(), played.part.idxmax()
    lowest = played.prices.min()
    if played.prices[favourite] - lowest <= NOTHING * played.hour.price_size:
        if played.prices.max() - lowest <= NOTHING * played.hour.price_size:
            return "All ask the same, so the power on offer alone decides."
        return f"{favourite} is the cheapest and the most chosen."
    return (
        f"{cheapest} is the cheapest, and yet {favourite} is chosen more: its larger offer, "
        "shared by those who choose it, outweighs its price."
    )


# --- one hour -------------------------------------------------------------------------------------
def who_has_what(
    case: Case, alone: Mapping[str, DispatchResult], game: GameResult, step: int
) -> str:
    """Who sells and who buys in one hour, and from what: the plants, the load, the rest."""
    said: dict[str, list[str]] = {"seller": [], "buyer": []}
    out = []
    for name in case.names:
        now = game.positions[name].loc[step]
        if now["role"] == "out":
            out.append(name)
            continue
        offered, load = renewable_and_load(case, alone[name], name, step)
        left = now["surplus"] - now["deficit"]
        word = "has" if left > 0 else "lacks"
        said[str(now["role"])].append(
            f"{name} {word} {in_digits(abs(left) / 1000, FACTOR)} MW (wind and sun offer "
            f"{in_digits(offered / 1000)}, the load takes {in_digits(load / 1000)})"
        )
    sells = f"{listed(said['seller'])} and can sell" if said["seller"] else "nobody can sell"
    buys = f"; {listed(said['buyer'])} and must buy" if said["buyer"] else "; nobody must buy"
    rest = f"; {listed(out)} {'is' if len(out) == 1 else 'are'} in balance" if out else ""
    return (
        f"In hour {step} {sells}{buys}{rest}. Turbines, batteries and called load make up what is "
        "between."
    )


def renewable_and_load(
    case: Case, result: DispatchResult, name: str, step: int
) -> tuple[float, float]:
    """What a VPP's wind and sun offer in a step and what its loads ask for, kW."""
    vpp = case.vpp(name)
    flows = result.balances["electricity"]
    plants: list[Any] = list(vpp.with_role("renewable"))
    # a load that is called has no demand of its own
    loads: list[Any] = [
        load for load in vpp.with_role("load") if load.name in flows and hasattr(load, "demand")
    ]
    offered = sum(float(plant.available[step - 1]) for plant in plants)
    return offered, sum(float(load.demand[step - 1]) for load in loads)


def three_amounts(offers: pd.DataFrame, played: HourResult) -> str:
    """What is wished, asked and sent in one hour, of what is on offer and needed.

    offers: as `tables_game.offers_and_trades`.
    """
    wished, asked, sent = (
        in_digits(float(offers[f"{word} (MW)"].sum()), FACTOR)
        for word in ("wished", "asked", "sent")
    )
    offered, needed = played.hour.surplus.sum() / 1000, played.hour.deficit.sum() / 1000
    return (
        f"In all {wished} MW are wished, {asked} asked and {sent} sent; on offer are "
        f"{in_digits(offered, FACTOR)} and needed {in_digits(needed, FACTOR)}."
    )


def disturbed(table: pd.DataFrame) -> str:
    """What is left of two disturbances. table: as `experiments_game.moved_apart`."""
    left = table["shares still off by"] / table["shares moved by"]
    said = [
        f'of "{name}" {"nothing" if share <= SETTLED else f"{100 * share:.0f} %"}'
        for name, share in left.items()
    ]
    power = float(table["power chosen off by"].max())
    end = "is as before" if power <= SETTLED else f"is off by {100 * power:.1f} %"
    return (
        f"After buyers have settled again there is left {listed(said)}; what is chosen of each "
        f"seller {end}."
    )


def settling(played: HourResult) -> str:
    """How soon an hour comes to rest."""
    path = played.evolution
    far = path.sub(path.iloc[-1]).abs().max(axis=1) > SETTLED
    steps = int(far.sum())
    return (
        f"In hour {played.hour.step}, with {listed(played.hour.sellers)} selling, probabilities "
        f"are within a thousandth of their end after {counted(steps, 'step')} of the buyers, and "
        f"prices rest after {counted(played.rounds, 'round')}."
    )


# --- proofs and readings --------------------------------------------------------------------------
def proofs_said(proofs: pd.DataFrame) -> str:
    """What the day's certificates say in two sentences. proofs: as `GameResult.proofs`."""
    if proofs.empty:
        return "There is no hour to prove anything of."
    gain, money = (max(float(proofs[name].max()), 0.0) for name in ("gain", "money"))
    none = "nothing" if gain <= NOTHING else f"{100 * gain:.2g} % of its income"
    paid = "nothing" if money <= NOTHING else f"up to {100 * money:.0f} %"
    return (
        f"By another price a seller could win {none} in the game's own utility, in any hour, and "
        f"{paid} in money that is paid."
    )


def readings_compared(short: pd.DataFrame, hours: int) -> str:
    """At which readings all prices are at the highest, and what the readings save.

    short: as `tables_game.readings_in_short`. hours: that have a market.
    """
    if not hours:
        return "No reading has an hour with a market."
    top = short["hours at the highest price"]
    said = [f'in {count} with "{name}"' for name, count in top.items()]
    return (
        f"Of {hours} {hour_or_step(hours)}, all prices are at the highest that buyers accept "
        f"{listed(said)}. The "
        f"day saves {between(short['saved (yuan)'])} yuan."
    )


def verdicts_compared(met: pd.DataFrame) -> str:
    """How many printed numbers each reading meets. met: as `tables_game.met_by_reading`."""
    column = met["printed numbers met within 1 %"]
    said = [f'{count} with "{name}"' for name, count in column.items()]
    return f"Printed numbers that are met within one percent: {listed(said)}."


# --- money ----------------------------------------------------------------------------------------
def game_in_money(game: GameResult, paid: Mapping[int, MoneyResult]) -> str:
    """How the game in money ends: which hours at the highest price, inside the band, by lottery."""

    if not paid:
        return "No hour was played in money."

    def at_top(step: int) -> bool:
        hour = game.hours[step].hour
        return bool((hour.top - paid[step].prices <= FULL * hour.price_size).all())

    def those(test: Callable[[int], bool]) -> list[int]:
        return [step for step in paid if test(step)]

    short = those(lambda step: is_short(game.hours[step].hour))
    said = [
        in_kind("all prices are at the highest", those(lambda s: paid[s].pure and at_top(s))),
        in_kind("prices rest inside the band", those(lambda s: paid[s].pure and not at_top(s))),
        in_kind("no prices rest and sellers draw lots", those(lambda s: not paid[s].pure)),
    ]
    few = f"There is less than what is needed in {hours_said(short)}. " if short else ""
    left = max((result.gain for result in paid.values()), default=0.0)
    most = "less than 0.1 %" if left < LEFT else f"{100 * left:.1f} %"
    return (
        f"{few}In money {listed([text for text in said if text])}. What another price could still "
        f"bring a seller is {most} of what it earns."
    )


def is_short(hour: Hour) -> bool:
    """True where sellers have less than buyers need."""
    return bool(hour.surplus.sum() < hour.deficit.sum())


def in_kind(what: str, steps: Iterable[int]) -> str:
    """What happens in some hours; empty where there are none."""
    steps = list(steps)
    return f"{what} in {hours_said(steps)}" if steps else ""


def payments_made(table: pd.DataFrame) -> str:
    """Where the money goes that the game moves: who pays, who receives, who gains.

    table: as `GameResult.table`.
    """
    payment, gain = table["payment"], table["gain"]
    size = float(table["alone"].abs().max())
    pays = payment[payment > NOTHING * size].sort_values(ascending=False)
    gets = -payment[payment < -NOTHING * size].sort_values()
    if pays.empty:
        return "No money moves."
    from_whom = [f"{name} ({in_digits(yuan)})" for name, yuan in pays.items()]
    to_whom = [f"{name} ({in_digits(yuan)})" for name, yuan in gets.items()]
    sellers = float(gain[gets.index].sum())
    return (
        f"Over the day {in_digits(pays.sum())} yuan go from {listed(from_whom)} to "
        f"{listed(to_whom)}. Of the {in_digits(gain.sum())} yuan that the game saves, those who "
        f"receive keep {in_digits(sellers)} ({share_said(sellers, gain.sum())}), and those who pay "
        f"still gain {in_digits(gain.sum() - sellers)}, since a neighbour costs them less than the "
        "grid."
    )


def bills_that_fall(alone: Mapping[str, DispatchResult], game: GameResult) -> str:
    """From which bills the saving of the game comes, payments left out."""
    before = pd.DataFrame({name: result.costs for name, result in alone.items()}).fillna(0.0)
    after = game.costs.reindex(before.index.union(game.costs.index)).fillna(0.0)
    saved = before.reindex(after.index).fillna(0.0).sum(axis=1) - after.sum(axis=1)
    carbon = float((game.table["carbon alone"] - game.table["carbon after"]).sum())
    saved = saved.drop("carbon", errors="ignore")
    saved["carbon"] = carbon
    named = saved[saved.abs() > SETTLED * saved.abs().max()].sort_values(ascending=False)
    said = [bill_said(str(name), yuan) for name, yuan in named.items()]
    return f"In yuan, {listed(said)}." if said else "No bill changes."


def other_band(game: GameResult, capped: GameResult) -> str:
    """What a lower upper end of the price band changes: payments, hardly the cost."""
    if not capped.hours:
        return "With its upper end lowered no hour has a market."
    moved = (capped.table["payment"] - game.table["payment"]).abs()
    costs = compared(capped.cost - game.cost, game.cost, "with the case's band")
    return (
        f"With its upper end lowered all VPPs together pay {costs}, while the payment of "
        f"{moved.idxmax()} changes by {in_digits(moved.max())} yuan."
    )


def tie_said(case: Case, game: GameResult) -> str:
    """How near trades come to the tie's limit, and what its fee costs."""
    largest = float(game.trades.to_numpy().max(initial=0.0))
    limit, fee = tie_limit(case)
    allowed = f"{in_digits(limit)} are allowed" if np.isfinite(limit) else "there is no limit"
    paid = float(game.costs.loc["crossing fee"].sum()) if "crossing fee" in game.costs.index else 0
    costs = f"a fee of {fee:g} yuan/kWh of each side takes {in_digits(paid)} yuan in all"
    return (
        f"The largest trade of a pair is {in_digits(largest)} kW, {allowed}, and "
        f"{costs if fee else 'there is no fee'}."
    )


# --- talks, warnings ------------------------------------------------------------------------------
def talks_said(day: DistributedDay) -> str:
    """How many exchanges wait for each other, hours in turn and side by side."""
    exchanges = exchanges_of(day)
    return (
        f"{exchanges.sum():,} exchanges wait for each other if the hours are played one after the "
        f"other, and {exchanges.max():,}, those of the longest hour, if they are played side by "
        f"side: {exchanges.sum() / exchanges.max():.1f} times fewer. "
        f"{day.words().sum():,} messages are told in all."
    )


def warnings_said(warned: pd.DataFrame) -> str:
    """What buyers without sharing and sellers of frozen buyers do. warned: as of `warnings`."""
    if len(warned) < 2:
        return "With one seller there is no choice to warn of."
    alone = warned["chosen, without sharing"]
    prices = listed([f"{price(p)} at {name}" for name, p in warned["price"].items()])
    stuck = warned["price, frozen buyers"]
    frozen = listed([f"{price(p)} at {name}" for name, p in stuck.items()])
    crowd = f"{alone.idxmax()} would be chosen with {100 * alone.max():.0f} %"
    return (
        f"Without sharing {crowd}. With frozen buyers prices would be {frozen} in place of "
        f"{prices}."
    )


def by_solver_said(table: pd.DataFrame) -> str:
    """How far the game's saving depends on the solver. table: as of `game_by_solver`."""
    cost, saved = table.loc["cost alone"], table.loc["saved by the game"]
    alike = compared(cost.max() - cost.min(), cost.abs().max(), "the other")
    return (
        f"Alone one schedule costs {alike}, and yet the game saves {in_digits(saved.min())} yuan "
        f"by {saved.idxmin()} and {in_digits(saved.max())} by {saved.idxmax()}."
    )


def no_market(game: GameResult, hour: int) -> str:
    """Why an hour has no market; empty where it has one."""
    return (
        ""
        if hour in game.hours
        else f"{hour_or_step().capitalize()} {hour} has no market: {game.closed[hour]}."
    )
