"""Pictures of study B's theory: carbon that is paid in steps, and the game of an hour.

Each function draws on the Axes that it makes and returns one of them; `Study.keep_picture` keeps
its figure for the chapter. A market's numbers are in kW, kg and yuan; pictures show MW and t.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from vppcore.choices import HORIZON
from vppcore.components import CarbonMarket
from vppcore.errors import WrongInput
from vppcore.game.buyers import evolve, payoffs, rest_point, shares_at_rest
from vppcore.game.demand import QuadraticDemand
from vppcore.game.hour import play, usual_start
from vppcore.game.money import earned_at
from vppcore.game.rules import Rules
from vppcore.game.sellers import earned, earned_with_shares_held, equilibrium, raise_prices
from vppcore.market import Hour
from vppcore.pages.colours import (
    COLOURS,
    DASHES,
    MARKS,
    SERIES_COLOURS,
    series_colours,
    vpp_colours,
)
from vppcore.pages.figures import legend_above, panels
from vppcore.pages.pictures import rounded, table_in_words, tell

SHADE = "0.88"  # of an area that is a number
QUIET = "0.45"  # of what stands beside the thing itself
THOUSAND = 1000  # kg in a tonne, kW in a megawatt
POINTS = 400  # of a curve
EDGE = 0.02  # of the way from 0 to 1: how near a share comes to either


def looks() -> list[dict[str, Any]]:
    """How curves of one figure that have no colour of their own are told apart."""
    pairs = zip(SERIES_COLOURS, DASHES * 4, strict=False)
    return [{"color": colour, "linestyle": dash} for colour, dash in pairs]


# --- carbon ---------------------------------------------------------------------------------------
def ladder(market: CarbonMarket, flat_price: float, shaded: int = 2) -> Axes:
    """A stepped carbon price (above) and its cost (below) over the excess of a day.

    The cost is the upper edge of lines, one for each step; points stand where steps end.
    flat_price: yuan/t, of another market that the price is compared with.
    shaded: how many steps of the price are shaded, an area that is a cost.
    """
    _, (above, below) = panels(2, 1, height=2.8, sharex=True)
    step = market.interval / THOUSAND
    excess = np.linspace(-step, max(market.levels - 0.5, shaded) * step, POINTS)
    draw_price(market, excess, flat_price, shaded, above)
    draw_cost(market, excess, below)
    below.set_xlabel("excess (t a day)")
    return above


def draw_price(
    market: CarbonMarket, excess: np.ndarray, flat_price: float, shaded: int, axes: Axes
) -> None:
    """The price of the next tonne, with the area up to the end of a step."""
    colour = COLOURS["carbon_market"]
    price = THOUSAND * np.array([market.marginal_price(THOUSAND * tonnes) for tonnes in excess])
    end = shaded * market.interval / THOUSAND
    cost = market.bill(THOUSAND * end)
    inside = (excess >= 0) & (excess < end)
    axes.fill_between(excess[inside], price[inside], color=SHADE, step="mid")
    axes.annotate(f"area: {cost:,.0f} yuan", (end / 2, price[0] / 2), ha="center")
    axes.step(excess, price, color=colour, where="mid", label="stepped price")
    for flat, dash in ((THOUSAND * market.price, ":"), (flat_price, "--")):
        axes.axhline(flat, color=QUIET, linestyle=dash, label=f"flat, {flat:,.0f} yuan/t")
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set_ylabel("price of the next\ntonne (yuan/t)")
    axes.set_ylim(0)
    legend_above(axes)
    drawn = pd.DataFrame({"stepped": price}, index=excess.round(2))
    shade = f"The area up to {rounded(end)} t is {rounded(cost)} yuan."
    tell(axes, table_in_words(drawn, "Price (yuan/t) over excess (t)"), shade)


def draw_cost(market: CarbonMarket, excess: np.ndarray, axes: Axes) -> None:
    """The cost of an excess as the upper edge of lines."""
    slopes, offsets = market.pieces()
    bills = [market.bill(THOUSAND * tonnes) for tonnes in excess]
    for slope, offset in zip(slopes, offsets, strict=True):
        axes.plot(excess, slope * THOUSAND * excess - offset, color=QUIET, linewidth=0.9)
    axes.plot(excess, bills, color=COLOURS["carbon_market"], linewidth=2.6)
    ends = np.arange(1, len(slopes)) * market.interval
    costs = pd.Series([market.bill(end) for end in ends], index=ends / THOUSAND)
    axes.plot(costs.index, costs, "o", color=COLOURS["carbon_market"])
    for tonnes, cost in costs.items():
        axes.annotate(
            f"{cost:,.0f}", (tonnes, cost), (-6, 5), textcoords="offset points", ha="right"
        )
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.set_ylim(min(bills) * 1.3, max(bills) * 1.05)
    axes.set_ylabel("carbon cost (yuan)")
    said = "; ".join(f"{rounded(cost)} at {rounded(tonnes)} t" for tonnes, cost in costs.items())
    tell(axes, f"Cost (yuan) where steps end: {said}.")


def mirror(market: CarbonMarket, reward_growth: float, abatement: float) -> Axes:
    """Why a reward that rises is not convex.

    Above, the cost of an excess with and without it; the dotted chord lies below the curve. Below,
    what it costs to leave the excess of nothing by abatement at a price for each tonne.
    reward_growth: of the reward from step to step, as a share of the first.
    abatement: yuan/t.
    """
    plain, mirrored = (
        replace(market, reward_growth=0.0),
        replace(market, reward_growth=reward_growth),
    )
    step = market.interval / THOUSAND
    excess = step * np.linspace(-2, 1, 301)  # with the ends of its steps among them
    columns = {"the reward rises": mirrored, "base price": plain}
    bills = pd.DataFrame(
        {name: [one.bill(THOUSAND * x) for x in excess] for name, one in columns.items()}, excess
    )
    _, (above, below) = panels(2, 1, height=2.8, sharex=True)
    draw_pair(bills, above)
    edge, end = bills.index[0], step
    chord = [mirrored.bill(THOUSAND * edge), mirrored.bill(THOUSAND * end)]
    above.plot([edge, end], chord, color="k", linestyle=":", label="chord")
    above.set_ylabel("carbon cost (yuan)")
    legend_above(above)
    draw_pair(bills.add(-abatement * bills.index.to_numpy(), axis=0)[excess <= 0], below)
    below.set_ylabel(f"with abatement at\n{abatement:,.0f} yuan/t (yuan)")
    below.set_xlabel("excess (t a day)")
    return above


def draw_pair(table: pd.DataFrame, axes: Axes) -> None:
    """The two curves of one panel of `mirror`."""
    for name, dash, colour in zip(
        table, ("-", "--"), (COLOURS["carbon_market"], QUIET), strict=True
    ):
        axes.plot(table.index, table[name], dash, color=colour, label=name)
    axes.axhline(0, color="0.3", linewidth=0.8)
    tell(axes, table_in_words(table.set_axis(table.index.round(2)), "Cost (yuan) over excess (t)"))


def models_on_the_ladder(models: pd.DataFrame, market: CarbonMarket, flat_price: float) -> Axes:
    """Where four carbon models end: the carbon cost of each over its excess, on the curves by which
    they are billed. A ladder that counts each day, week or month anew is no curve of their sum and
    is left out.

    models: a row per model, as `carbon_models` gives them.
    flat_price: yuan/t, of the second model.
    """
    axes = panels(1, 1, height=3.4)[1][0]
    tonnes = models["excess"] / THOUSAND
    room = 0.3 * np.ptp(tonnes) + 0.05 * tonnes.abs().max()
    excess = np.linspace(tonnes.min() - room, tonnes.max() + room, POINTS)
    ladder = {"ladder": [market.bill(THOUSAND * x) for x in excess]}
    if market.period != HORIZON:  # many bills have the same sum of excess
        ladder = {}
    curves = ladder | {
        f"{THOUSAND * market.price:,.0f} yuan/t": THOUSAND * market.price * excess,
        f"{flat_price:,.0f} yuan/t": flat_price * excess,
    }
    for (name, bills), dash in zip(curves.items(), ("-", "--", ":"), strict=True):
        axes.plot(excess, bills, color=QUIET, linestyle=dash, linewidth=1.3, label=name)
    colours = series_colours(list(models.index))
    for (name, row), mark in zip(models.iterrows(), MARKS, strict=False):
        at = row["excess"] / THOUSAND, row["carbon"]
        axes.plot(*at, mark, color=colours[str(name)], markersize=9, label=str(name))
    axes.set_xlabel("excess (t a day)")
    axes.set_ylabel("carbon cost (yuan)")
    legend_above(axes)
    points = zip(models.index, tonnes, models["carbon"], strict=True)
    said = "; ".join(f"{name}: {rounded(x)} t, {rounded(y)} yuan" for name, x, y in points)
    tell(axes, f"{said}.")
    return axes


def quota_and_emission(emission: pd.Series, excess: pd.Series) -> Axes:
    """What each VPP emits in a day, and how much of it the free quota covers.

    emission, excess: t, an entry per VPP; the difference is the quota.
    """
    axes = panels(1, 1, height=3.0)[1][0]
    quota = emission - excess
    place = np.arange(len(emission))[::-1]
    options = dict(height=0.36, edgecolor="0.35", linewidth=0.5)
    colours = list(vpp_colours(list(emission.index)).values())
    axes.barh(place + 0.19, emission, color=colours, label="emission", **options)
    axes.barh(place - 0.19, quota, color=SHADE, hatch="//", label="free quota", **options)
    for at, name in zip(place, emission.index, strict=True):
        words = f"excess {excess[name]:,.1f} t"
        longer = max(emission[name], quota[name])
        axes.annotate(words, (longer, at), (5, 0), textcoords="offset points", va="center")
    axes.set_yticks(place, emission.index)
    axes.set_xlim(0, 1.3 * max(emission.max(), quota.max()))
    axes.set_xlabel("CO₂ (t a day); above emission, below (hatched) free quota")
    axes.grid(axis="y", visible=False)
    parts = zip(emission.index, emission, quota, strict=True)
    said = "; ".join(f"{name} emits {rounded(a)} t, quota {rounded(q)} t" for name, a, q in parts)
    tell(axes, f"{said}.")
    return axes


# --- the market of an hour ------------------------------------------------------------------------
def supply_and_demand(hour: Hour) -> Axes:
    """What sellers have and what buyers lack in an hour, one bar each, in the order of names."""
    axes = panels(1, 1, height=2.2)[1][0]
    colours = vpp_colours([*hour.sellers, *hour.buyers])
    sides = (
        ("supply", hour.sellers, hour.surplus),
        ("demand", hour.buyers, hour.deficit),
    )
    for place, (_, names, powers) in zip((1, 0), sides, strict=True):
        start = 0.0
        for name, power in zip(names, np.asarray(powers) / THOUSAND, strict=True):
            axes.barh(place, power, left=start, height=0.55, color=colours[name], edgecolor="0.35")
            axes.annotate(
                f"{name}\n{power:,.1f}",
                (start + power / 2, place),
                ha="center",
                va="center",
                bbox=dict(boxstyle="round,pad=0.2", facecolor="white", edgecolor="none"),
            )
            start += power
    axes.set_yticks((1, 0), [side for side, _, _ in sides])
    axes.set_xlabel(f"power in hour {hour.step} (MW)")
    axes.grid(axis="y", visible=False)
    for side, names, powers in sides:
        parts = zip(names, np.asarray(powers) / THOUSAND, strict=True)
        tell(axes, f"{side}: {', '.join(f'{name} {rounded(power)} MW' for name, power in parts)}.")
    return axes


def what_a_buyer_wants(hour: Hour, price: float) -> Axes:
    """What one more kW is worth to the first buyer, over the power that it takes.

    The shaded area above a price is its utility; it wishes for what is worth its price, and asks
    for its deficit at most.
    price: of the seller, yuan/kWh.
    """
    axes = panels(1, 1, height=3.0)[1][0]
    deficit, first = hour.deficit[0] / THOUSAND, first_worth(hour)
    demand = QuadraticDemand(np.array([first]), hour.grid_price)
    ends = np.array([hour.price_min, first])
    power = deficit * demand.wished(ends)[0]
    axes.plot(power, ends, color=COLOURS["electric_load"], label="worth of the next kWh")
    wish = deficit * demand.wished(np.array([price]))[0, 0]
    axes.fill([0, 0, wish], [price, ends[1], price], color=SHADE)
    axes.annotate(
        "utility", (wish / 6, (3 * hour.grid_price + first) / 4), ha="center", va="center"
    )
    for level, dash, label in ((hour.grid_price, "--", "tariff"), (price, "-.", "price")):
        axes.axhline(level, color=QUIET, linestyle=dash, label=label)
    axes.plot([deficit, wish], [hour.grid_price, price], "ko")
    options = dict(textcoords="offset points", ha="left")
    axes.annotate(f"deficit {deficit:.1f}", (deficit, hour.grid_price), (6, 6), **options)
    axes.annotate(f"wish {wish:.1f}", (wish, price), (6, 6), **options)
    axes.set_xlim(0)
    axes.set_xlabel(f"power of buyer {hour.buyers[0]} (MW)")
    axes.set_ylabel("yuan/kWh")
    legend_above(axes)
    tell(axes, f"At {price:g} yuan/kWh the wish is {rounded(wish)} MW, the deficit {deficit:g} MW.")
    return axes


def first_worth(hour: Hour) -> float:
    """What the first kWh is worth to the first buyer, yuan/kWh."""
    coefficients = hour.satisfaction
    if coefficients is None:
        raise WrongInput(f"step {hour.step}: found no satisfaction coefficient; allowed: above 1")
    return float(hour.grid_price + (coefficients[0] - 1) * hour.price_size)


def payoffs_over_share(hour: Hour, prices: np.ndarray, rules: Rules) -> Axes:
    """What choosing either of two sellers is worth, over the part of demand that chooses the first.

    The payoffs cross where buyers rest.
    prices: yuan/kWh `(2,)`.
    """
    axes = panels(1, 1, height=3.2)[1][0]
    rest = rest_point(hour, prices, rules)
    first = np.linspace(max(EDGE, rest[0] / 3), min(1 - EDGE, (1 + 2 * rest[0]) / 3), POINTS)
    worth = np.array([payoffs_at(hour, prices, part, rules) for part in first])
    colours = list(series_colours(list(hour.sellers)).values())
    for seller, (name, dash) in enumerate(zip(hour.sellers, DASHES, strict=False)):
        label = f"seller {name}, {prices[seller]:.2f} yuan/kWh"
        axes.plot(first, worth[:, seller], linestyle=dash, color=colours[seller], label=label)
    at_rest = payoffs_at(hour, prices, rest[0], rules)[0]
    axes.plot(rest[0], at_rest, "ko", markersize=8)
    words, above = f"rest: {rest[0]:.3f}", (0, 16)
    axes.annotate(words, (rest[0], at_rest), above, textcoords="offset points", ha="center")
    axes.set_xlabel(f"part of demand that chooses seller {hour.sellers[0]}")
    axes.set_ylabel("payoff (yuan/kWh)")
    legend_above(axes)
    tell(axes, f"The payoffs cross at {rest[0]:.3f}, where both are {rounded(at_rest)} yuan/kWh.")
    return axes


def payoffs_at(hour: Hour, prices: np.ndarray, first: float, rules: Rules) -> np.ndarray:
    """The payoffs of two sellers if all buyers choose the first with this probability, yuan/kWh."""
    shares = np.tile([first, 1 - first], (len(hour.buyers), 1))
    return payoffs(hour, prices, shares, rules=rules)[0]


def ways_to_rest(
    hour: Hour,
    prices: np.ndarray,
    rules: Rules,
    starts: Iterable[float],
    steps: Iterable[float],
    shown: int = 8,
) -> Axes:
    """The replicator's path: the part of demand that chooses the first of two sellers, by step.

    Above from several starts with the rules' step; below from one of them with several steps.
    starts: first shares, the last of them for the panel below.
    steps: lengths of a step of the replicator.
    shown: how many steps are drawn.
    """
    _, (above, below) = panels(2, 1, height=2.5, sharex=True, sharey=True)
    starts = list(starts)
    for start, look in zip(starts, looks(), strict=False):
        path = shares_by_step(hour, prices, start, rules, shown)
        above.plot(path, marker="o", markersize=4, label=f"from {start:g}", **look)
        tell(above, f"From {start:g} to {path[-1]:.3f} in {shown} steps.")
    for step, look in zip(steps, looks(), strict=False):
        path = shares_by_step(hour, prices, starts[-1], replace(rules, evolution_step=step), shown)
        below.plot(path, marker="o", markersize=4, label=f"step {step:g}", **look)
        tell(below, f"With a step of {step:g} it ends at {path[-1]:.3f}.")
    for place in (above, below):
        place.axhline(rest_point(hour, prices, rules)[0], color=QUIET, linewidth=1)
        place.set_ylabel(f"part of seller {hour.sellers[0]}")
        legend_above(place)
    below.set_xlabel("step of the replicator")
    return above


def shares_by_step(
    hour: Hour, prices: np.ndarray, start: float, rules: Rules, shown: int
) -> np.ndarray:
    """The first seller's share after 0, 1, ... steps; once at rest it stays."""
    shares = np.tile([start, 1 - start], (len(hour.buyers), 1))
    _, path = evolve(hour, prices, shares, replace(rules, max_rounds=max(1, shown)))
    firsts = np.array([one[0, 0] for one in path[: shown + 1]])
    return np.pad(firsts, (0, shown + 1 - len(firsts)), mode="edge")


# --- sellers --------------------------------------------------------------------------------------
def profit_over_price(hour: Hour, seller: int, demands: Mapping[str, str]) -> Axes:
    """What a seller earns at each price while the others ask theirs, a panel for each demand.

    One curve with the buyers' shares held (the order of the text), one with shares that answer
    (sellers who anticipate); a point marks the best price of each.
    seller: its place among the sellers.
    demands: as `Rules.demand` has them -> title.
    """
    _, places = panels(len(demands), 1, height=2.7, sharex=True)
    for (demand, title), place in zip(demands.items(), places, strict=True):
        draw_profits(hour, seller, demand, place)
        place.set_title(title)
        legend_above(place)
    places[-1].set_xlabel(f"price of seller {hour.sellers[seller]} (yuan/kWh)")
    return places[0]


def draw_profits(hour: Hour, seller: int, demand: str, axes: Axes) -> None:
    """One panel of `profit_over_price`: others ask their prices of the anticipating game."""
    rules = Rules(demand=demand)
    prices, _ = equilibrium(hour, rules)
    shares = shares_at_rest(hour, prices, rules)
    tried = np.linspace(hour.price_min, hour.top, POINTS + 1)
    total = hour.deficit.sum()
    held = total * earned_with_shares_held(hour, shares, seller, tried, rules)
    foreseen = total * earned(hour, prices, seller, tried, rules)
    ways = (("shares held", held, "--"), ("shares answer", foreseen, "-"))
    colour = series_colours(list(hour.sellers))[hour.sellers[seller]]
    for name, profit, dash in ways:
        best = int(np.argmax(profit))
        axes.plot(tried, profit, dash, color=colour, label=name)
        axes.plot(tried[best], profit[best], "o", color=colour)
        above, at = (0, 7), (tried[best], profit[best])
        side = "right" if best == POINTS else "center"
        axes.annotate(f"{tried[best]:.3f}", at, above, textcoords="offset points", ha=side)
        tell(axes, f"{name}: best at {tried[best]:.3f} yuan/kWh, {rounded(profit[best])} yuan/h.")
    axes.set_ylabel("profit (yuan/h)")
    axes.set_ylim(0, 1.2 * max(held.max(), foreseen.max()))


def size_of_a_seller(hour: Hour, seller: int, sizes: np.ndarray) -> Axes:
    """Equilibrium prices (above) and parts of demand (below) over the surplus of one seller.

    Demand is fixed and sellers anticipate; the others keep their surplus.
    seller: its place among the sellers.
    sizes: of its surplus, kW, rising.
    """
    _, (above, below) = panels(2, 1, height=2.4, sharex=True)
    found = []
    for size in sizes:
        surplus = hour.surplus.copy()
        surplus[seller] = size
        found.append(equilibrium(replace(hour, surplus=surplus)))
    index = pd.Index(sizes / THOUSAND)
    names = list(hour.sellers)
    for place, column, words in ((above, 0, "price (yuan/kWh)"), (below, 1, "part of demand")):
        table = pd.DataFrame([one[column] for one in found], index, names)
        for (name, colour), dash in zip(series_colours(names).items(), DASHES * 4, strict=False):
            place.plot(index, table[name], dash, color=colour, label=f"seller {name}")
        place.set_ylabel(words)
        tell(place, table_in_words(table, words))
    legend_above(above)
    below.set_xlabel(f"surplus of seller {names[seller]} (MW)")
    return above


def rounds_of_the_loop(hour: Hour, steps: Iterable[float], shown: int = 40) -> Axes:
    """How far prices are from the equilibrium after each round of the loop, by length of step.

    steps: shares of the way to its best price that a seller goes.
    """
    axes = panels(1, 1, height=3.2)[1][0]
    goal, _ = equilibrium(hour, Rules())
    least = Rules().tolerance * hour.price_size  # nearer counts as rest
    for step, look in zip(steps, looks(), strict=False):
        away = np.abs(price_path(hour, step, shown) - goal).max(axis=1)
        rounds = int(np.argmax(away <= least)) or shown
        axes.semilogy(away[: rounds + 1].clip(least), label=f"step {step:g}", **look)
        left = "at rest" if away[rounds] <= least else f"{rounded(away[rounds])} yuan/kWh away"
        tell(axes, f"Step {step:g}: {left} after {rounds} rounds.")
    axes.set_xlabel("round")
    axes.set_ylabel("distance (yuan/kWh)")
    legend_above(axes)
    return axes


def price_path(hour: Hour, step: float, shown: int) -> np.ndarray:
    """Prices by round while sellers go this share of the way, yuan/kWh `(rounds + 1, sellers)`."""
    rules = Rules(price_step=step)
    prices, _ = usual_start(hour)
    path = [prices]
    for _ in range(shown):
        shares = shares_at_rest(hour, path[-1], rules)
        path.append(raise_prices(hour, path[-1], shares, rules)[0])
    return np.array(path)


def asked_and_paid(hour: Hour, seller: int, rules: Rules) -> Axes:
    """What a seller gains at each price: as the game counts, in power asked, and in money, for
    power sent. Others keep the game's prices.

    seller: its place among the sellers.
    """
    axes = panels(1, 1, height=3.2)[1][0]
    result = play(hour, rules)
    prices = result.prices.to_numpy()
    tried = np.linspace(hour.price_min, hour.top, POINTS + 1)
    counted = hour.deficit.sum() * earned(hour, prices, seller, tried, rules)
    paid = earned_at(hour, prices, seller, tried, rules)
    name = hour.sellers[seller]
    colour = vpp_colours([*hour.sellers, *hour.buyers])[name]
    for label, gain, dash in (("power asked", counted, "--"), ("power sent", paid, "-")):
        best = int(np.argmax(gain))
        axes.plot(tried, gain, dash, color=colour, label=label)
        axes.plot(tried[best], gain[best], "o", color=colour)
        tell(axes, f"{label}: best at {tried[best]:.3f} yuan/kWh, {rounded(gain[best])} yuan/h.")
    axes.axvline(prices[seller], color=QUIET, linewidth=1, linestyle=":")
    axes.set_xlabel(f"price of {name} in hour {hour.step} (yuan/kWh)")
    axes.set_ylabel("gain (yuan/h)")
    axes.set_ylim(0)
    legend_above(axes)
    return axes


def money_moved(before: pd.Series, after: pd.Series, label: str) -> Axes:
    """By how much each VPP's payments to others fall (right) or rise after a change.

    A VPP that receives has payments below zero. Bills are left out, so this is no gain.
    before, after: what each VPP pays the others, yuan.
    label: of the change, for the axis.
    """
    axes = panels(1, 1, height=2.6)[1][0]
    moved = before - after
    colours = vpp_colours(list(moved.index))
    place = np.arange(len(moved))[::-1]
    axes.barh(place, moved, color=list(colours.values()), edgecolor="0.35", linewidth=0.5)
    for at, (_, money) in zip(place, moved.items(), strict=True):
        side = 1 if money >= 0 else -1
        options = dict(textcoords="offset points", va="center", ha="left" if side > 0 else "right")
        axes.annotate(f"{money:+,.0f}".replace("-", "−"), (money, at), (4 * side, 0), **options)
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set_yticks(place, moved.index)
    axes.margins(x=0.18)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(label)
    said = "; ".join(f"{name} {rounded(money)}" for name, money in moved.items())
    tell(
        axes, f"Payments fall by (yuan): {said}; together {rounded(round(float(moved.sum()), 2))}."
    )
    return axes
