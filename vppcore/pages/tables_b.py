"""Tables of study B's pages: data, carbon models, the game. No solving, no reading."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vppcore.bargaining.weights import supplied_and_received
from vppcore.carbon import emission
from vppcore.case import Case
from vppcore.components import CarbonMarket, ElectricLoad, Grid, Renewable
from vppcore.cooperation.result import CoalitionResult
from vppcore.game.day import GameResult
from vppcore.game.distributed import DistributedDay
from vppcore.game.hour import HourResult
from vppcore.market import spilled_power, terms_of
from vppcore.schedule import DispatchResult, steps_of

ROLE_WORDS = {"seller": "sells", "buyer": "buys", "out": "·"}
BELOW = 1e-9  # what a page shows as "below 1e-9"
READ_IN_DIGITS = 1e-3  # from here on a number is no power of ten on a page
SAME_PRICE = 1e-9  # of the larger one: prices nearer than this count as one
# to how many places a page shows the columns of the carbon tables that are no yuan
PLACES_OF_CARBON = {
    "excess (t)": 2,
    "emission (t)": 2,
    "spilled (MWh)": 2,
    "called (MWh)": 1,
    "quota given for it (t)": 1,
    "from (t)": 1,
    "to (t)": 1,
}


# --- the data -------------------------------------------------------------------------------------
def load_of_each(case: Case) -> pd.DataFrame:
    """Forecast electric load of each VPP, MW, a column per VPP."""
    columns = {
        vpp.name: sum((load.demand for load in vpp.of(ElectricLoad)), np.zeros(vpp.steps))
        for vpp in case.vpps
    }
    return pd.DataFrame(columns, steps_of(case.vpps[0])) / 1000


def renewables_of_each(case: Case) -> pd.DataFrame:
    """Available power of wind and sun of each VPP, MW, a column per VPP."""
    columns = {
        vpp.name: sum((plant.available for plant in vpp.of(Renewable)), np.zeros(vpp.steps))
        for vpp in case.vpps
    }
    return pd.DataFrame(columns, steps_of(case.vpps[0])) / 1000


def plants_of_each(case: Case) -> dict[str, pd.DataFrame]:
    """Available power of each plant, MW: VPP -> a column per plant."""
    tables = {}
    for vpp in case.vpps:
        plants = {plant.name: plant.available / 1000 for plant in vpp.of(Renewable)}
        tables[vpp.name] = pd.DataFrame(plants, steps_of(vpp))
    return tables


def side_by_side(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of several VPPs as one, columns "VPP plant"."""
    named = [table.add_prefix(f"{name} ") for name, table in tables.items()]
    return pd.concat(named, axis=1)


def fitted_numbers(parameters: pd.DataFrame) -> pd.DataFrame:
    """The calibrated numbers of a case: how many rest on which source, and of what."""
    calibrated = parameters[parameters["status"] == "calibrated"]
    rows = []
    for source, group in calibrated.groupby("source"):
        names = ", ".join(dict.fromkeys(group["parameter"]))
        rows.append({"source": source, "numbers": len(group), "of": names})
    return pd.DataFrame(rows, columns=["source", "numbers", "of"])


# --- four carbon models ---------------------------------------------------------------------------
def carbon_bills(ladder: CarbonMarket, flat_price: float, excess: np.ndarray) -> pd.DataFrame:
    """What an excess costs by the ladder and by two flat prices, yuan.

    flat_price: yuan/t, the dearer one.
    excess: t, the index of the table.
    """
    base = 1000 * ladder.price
    columns = {
        "stepped": [ladder.bill(1000 * tonnes) for tonnes in excess],
        f"flat, {base:.0f} yuan/t": base * excess,
        f"flat, {flat_price:.0f} yuan/t": flat_price * excess,
    }
    return pd.DataFrame(columns, index=pd.Index(excess, name="excess (t)"))


def marginal_prices(ladders: dict[str, CarbonMarket], excess: np.ndarray) -> pd.DataFrame:
    """What the next tonne costs by each ladder, yuan/t. excess: t, the index of the table."""
    columns = {
        name: [1000 * market.marginal_price(1000 * tonnes) for tonnes in excess]
        for name, market in ladders.items()
    }
    return pd.DataFrame(columns, index=pd.Index(excess, name="excess (t)"))


def models_to_read(models: pd.DataFrame) -> pd.DataFrame:
    """The carbon models of one VPP with units in their heads; carbon in t, power in MWh."""
    return pd.DataFrame(
        {
            "operation (yuan)": models["operation"],
            "carbon (yuan)": models["carbon"],
            "total (yuan)": models["total"],
            "excess (t)": models["excess"] / 1000,
            "emission (t)": models["emission"] / 1000,
            "spilled (MWh)": models["spilled"] / 1000,
        }
    )


def readings_to_read(readings: pd.DataFrame) -> pd.DataFrame:
    """The readings of the text with units in their heads; carbon in t, power in MWh."""
    return pd.DataFrame(
        {
            "operation (yuan)": readings["operation"],
            "carbon (yuan)": readings["carbon"],
            "total (yuan)": readings["total"],
            "excess (t)": readings["excess"] / 1000,
            "emission (t)": readings["emission"] / 1000,
            "called (MWh)": readings["called"] / 1000,
            "paid for it (yuan)": readings["in money"],
            "quota given for it (t)": readings["in credits"] / 1000,
            "next tonne (yuan)": readings["price"],
        }
    )


def rises_to_read(rises: pd.DataFrame) -> pd.DataFrame:
    """Both rises of the carbon price, a column each, with units in the names of the rows."""
    steps = [name for name in rises if name.startswith("step ")]
    prices = rises[steps].rename(columns=lambda step: f"{step} (yuan/t)")
    days = {"total (yuan)": rises["total"], "emission (t)": rises["emission"] / 1000}
    return prices.assign(**days).T.rename_axis(columns=None)


def reward_steps_to_read(steps: pd.DataFrame) -> pd.DataFrame:
    """The cheapest day for each step that the excess may end on, in t and yuan."""
    return pd.DataFrame(
        {
            "from (t)": steps["low"] / 1000,
            "to (t)": steps["high"] / 1000,
            "total (yuan)": steps["total"],
            "excess (t)": steps["excess"] / 1000,
        }
    )


def totals_and_emissions(models: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Total cost (yuan) and emission (t) of each carbon model, a column per VPP for each."""
    totals = {name: table["total"] for name, table in models.items()}
    emissions = {name: table["emission"] / 1000 for name, table in models.items()}
    blocks = {"total (yuan)": pd.DataFrame(totals), "emission (t)": pd.DataFrame(emissions)}
    return pd.concat(blocks)


def in_tonnes(swept: pd.DataFrame) -> pd.DataFrame:
    """A sweep of ladders with prices in yuan/t and intervals in t."""
    price = (1000 * swept["price"]).round(6)
    return swept.assign(price=price, interval=swept["interval"] / 1000)


def ladder_map(swept: pd.DataFrame, column: str, rows: str, fixed: str, at: float) -> pd.DataFrame:
    """One column of a sweep over growth (columns) and price or interval (rows).

    swept: as `in_tonnes` gives it.
    fixed, at: the third parameter and its value.
    """
    chosen = swept[np.isclose(swept[fixed], at)]
    return chosen.pivot(index=rows, columns="growth", values=column)


# --- schedules and positions ----------------------------------------------------------------------
def ratios(positions: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Supply over demand of each VPP, a column per VPP."""
    return pd.DataFrame({name: table["ratio"] for name, table in positions.items()})


def roles(positions: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Who sells, buys or stays out, a column per VPP."""
    return pd.DataFrame({name: table["role"] for name, table in positions.items()})


# --- the game -------------------------------------------------------------------------------------
def price_limits(case: Case) -> pd.DataFrame:
    """Lowest price allowed and highest price accepted by step, yuan/kWh: columns low and high.

    A buyer accepts what the grid charges, less the fee that a trade costs it.
    """
    terms = terms_of(case.vpps[0])
    fee = 0.0 if case.tie is None else case.tie.crossing_fee
    grid = np.asarray(terms.grid.buy_price) - fee
    high = np.minimum(terms.market.price_max, grid)
    return pd.DataFrame({"low": terms.market.price_min, "high": high}, steps_of(case.vpps[0]))


def choices(game: GameResult) -> pd.DataFrame:
    """The cheapest and the most chosen seller of each hour with rivals, whether they are one, and
    whether all ask the same.

    Where several sellers ask the lowest price and one of them is the most chosen, it stands as the
    cheapest.
    """
    parts = game.parts[game.parts.notna().sum(axis=1) > 1]
    if parts.empty:
        columns = ["cheapest", "most chosen", "same", "all alike"]
        return pd.DataFrame(columns=columns, dtype=object)
    prices = game.prices.loc[parts.index]
    favourite = parts.idxmax(axis=1)
    lowest = prices.min(axis=1)
    size = prices.abs().max(axis=1)
    asked = pd.Series({step: prices.loc[step, name] for step, name in favourite.items()})
    same = asked - lowest <= SAME_PRICE * size
    cheapest = favourite.where(same, prices.idxmin(axis=1))
    table = pd.DataFrame({"cheapest": cheapest, "most chosen": favourite, "same": same})
    return table.assign(**{"all alike": prices.max(axis=1) - lowest <= SAME_PRICE * size})


def worst_proofs(proofs: pd.DataFrame) -> pd.DataFrame:
    """The worst hour of each check of the equilibrium, as the page shows it."""
    if proofs.empty:
        return pd.DataFrame({"worst hour": {}})
    worst = {
        "gain (share of income)": proofs["gain"].max(),
        "payoff spread (share)": proofs["payoff spread"].max(),
        "eigenvalue (mean payoff)": proofs["eigenvalue"].max(),
        "closed form (yuan/kWh, share)": proofs["closed form"].max(),
        "starts (yuan/kWh, share)": proofs["starts"].max(),
        "loss (yuan/kWh)": proofs["loss"].max(),
        "gain in money (share of income)": proofs["money"].max(),
    }
    shown = {name: in_powers(number) for name, number in worst.items()}
    return pd.DataFrame({"worst hour": shown})


def in_powers(number: float) -> str:
    """A small number as a power of ten, a larger one in two digits; a dash where there is none.

    >>> in_powers(-1.0), in_powers(0.286), in_powers(2e-5), in_powers(3e-12), in_powers(np.nan)
    ('−1', '0.29', '2e-05', 'below 1e-9', '–')
    """
    if np.isnan(number):
        return "–"
    size = abs(number)
    if size <= BELOW:
        return "below 1e-9"
    shown = f"{size:.2g}" if size >= READ_IN_DIGITS else f"{size:.0e}"
    return f"−{shown}" if number < 0 else shown


def devices_in(case: Case, alone: dict[str, DispatchResult], game: GameResult, step: int):
    """What each device of each VPP does in one step, MW, and the VPP's role: in place of paper B's
    Table 3, of which the text has the title only.
    """
    columns = {}
    for name in case.names:
        flows = alone[name].balances["electricity"].loc[step] / 1000
        position = game.positions[name].loc[step]
        columns[name] = flows.to_dict() | {
            "supply / demand": position["ratio"],
            "role": position["role"],
        }
    table = pd.DataFrame(columns)
    last = ["supply / demand", "role"]
    return table.loc[[*table.index.drop(last), *last]]


def two_decimals(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers with two decimals, nothing where there is none, texts as they are."""

    def shown(cell: object) -> object:
        if isinstance(cell, float):
            return f"{cell:.2f}" if np.isfinite(cell) else ""
        return cell

    return table.map(shown)


def offers(played: HourResult) -> pd.DataFrame:
    """Surplus, price and probability of each seller of an hour: in place of paper B's Table 4, of
    which the text has the title and two probabilities.
    """
    sellers = played.prices.index
    columns = {
        "surplus (MW)": pd.Series(played.hour.surplus / 1000, sellers),
        "price (yuan/kWh)": played.prices,
        "chosen with probability": played.part,
    }
    return pd.DataFrame(columns)


def scenarios(game: GameResult) -> pd.DataFrame:
    """Carbon cost and total cost without trade and by the game, yuan.

    In place of paper B's Table 5, of which the text has the two differences. Without trade is one
    reading of its scenario 1.
    """
    table = game.table
    before = {"carbon": table["carbon alone"].sum(), "total": table["alone"].sum()}
    after = {"carbon": table["carbon after"].sum(), "total": table["after"].sum()}
    both = pd.DataFrame({"1: alone": before, "2: multiple game": after})
    return both.assign(saved=both["1: alone"] - both["2: multiple game"])


def payments_beside(game: GameResult, capped: GameResult) -> pd.DataFrame:
    """What each VPP pays with the case's price band and with its upper end lowered, yuan."""
    columns = {
        "the case's band": game.table["payment"],
        "with its upper end lowered": capped.table["payment"],
    }
    table = pd.DataFrame(columns)
    table.loc["all VPPs"] = table.sum()
    return table


def received_energy(trades: pd.DataFrame, step_hours: float) -> float:
    """Energy that all VPPs receive from others over the horizon, MWh."""
    return step_hours * float(trades.clip(lower=0).sum().sum()) / 1000


def renewables_used(case: Case, alone: dict[str, DispatchResult], game: GameResult) -> pd.Series:
    """What wind and sun could give and what of it is spilled, alone and after trades, kWh.

    A seller sends first what would have been spilled.
    """
    found = {"available": 0.0, "spilled alone": 0.0, "spilled after trades": 0.0}
    for vpp in case.vpps:
        spilled = spilled_power(vpp, alone[vpp.name]).sum(axis=1)
        mine = game.trades.columns.get_level_values(1) == vpp.name
        sent = game.trades.loc[:, mine].clip(lower=0).sum(axis=1)
        found["available"] += sum(float(plant.available.sum()) for plant in vpp.of(Renewable))
        found["spilled alone"] += float(spilled.sum())
        found["spilled after trades"] += float((spilled - sent).clip(lower=0).sum())
    return case.vpps[0].step_hours * pd.Series(found)


def energy_of_each(trades: pd.DataFrame, step_hours: float) -> pd.DataFrame:
    """Energy that each VPP supplies to and receives from others, MWh: a row per VPP."""
    return supplied_and_received(trades, step_hours) / 1000


# --- mechanisms compared --------------------------------------------------------------------------
def emitted(case: Case, schedules: dict[str, DispatchResult]) -> float:
    """CO2 of all VPPs over the horizon, t."""
    return sum(emission(case.vpp(name), schedule) for name, schedule in schedules.items()) / 1000


def mechanisms(
    case: Case,
    alone: dict[str, DispatchResult],
    trades: Mapping[str, tuple[float, pd.DataFrame]],
    best: CoalitionResult,
) -> pd.DataFrame:
    """Cost, carbon and traded energy alone, by each way to trade left-overs, planned together.

    trades: name -> cost of all VPPs (yuan) and trades (kW) of a way that leaves schedules as they
        are, a game or a conventional rule.
    """
    step_hours = case.vpps[0].step_hours
    carbon_alone = emitted(case, alone)
    grids = [grid for vpp in case.vpps for grid in vpp.of(Grid)]
    rows = {"alone": (sum(result.cost for result in alone.values()), carbon_alone, 0.0)}
    for name, (cost, flows) in trades.items():
        energy = received_energy(flows, step_hours)
        # a purchase that a neighbour replaces no longer emits
        rows[name] = (cost, carbon_alone - grids[0].emission * energy, energy)
    rows["planned together (paper A)"] = (
        best.cost,
        emitted(case, best.dispatches),
        received_energy(best.trades, step_hours),
    )
    columns = ["cost (yuan)", "CO2 (t)", "traded (MWh)"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    saved = table["cost (yuan)"].iloc[0] - table["cost (yuan)"]
    table["saved (yuan)"] = saved
    table["of what is possible (%)"] = 100 * saved / saved.iloc[-1]
    return table


def items_of_three(
    alone: Mapping[str, DispatchResult], game: GameResult, best: CoalitionResult
) -> pd.DataFrame:
    """Cost items of all VPPs alone, after the game and planned together, yuan, with their totals.

    Payments cancel and are left out.
    """
    apart = pd.DataFrame({name: result.costs for name, result in alone.items()}).sum(axis=1)
    planned = pd.DataFrame({name: result.costs for name, result in best.dispatches.items()})
    columns = {
        "alone": apart,
        "game": game.costs.sum(axis=1),
        "planned together": planned.sum(axis=1),
    }
    table = pd.DataFrame(columns).reindex(apart.index.union(planned.index, sort=False)).fillna(0.0)
    table.loc["total"] = table.sum()
    return table


def information(
    game: GameResult, messages: DistributedDay | None, talks: CoalitionResult
) -> pd.DataFrame:
    """What each mechanism tells to whom, in how many rounds, and what proves its result.

    messages: the game as talks between agents; None where it cannot be played so.
    talks: the negotiation.
    """
    rounds = [played.rounds for played in game.hours.values()]
    gap = 100 * talks.certificate.gap if talks.certificate else np.nan
    said = sum(message.content.size for message in talks.messages)
    told = "–" if messages is None else f"{messages.words().sum():,}"
    rows = {
        "multiple game": (
            "prices, surplus over those who choose; power chosen and asked",
            f"{min(rounds, default=0)}-{max(rounds, default=0)} an hour",
            told,
            "no better price, in power asked",
        ),
        "negotiation (ADMM)": (
            "expected trades, multipliers",
            f"{talks.iterations} for the day",
            f"{said:,}",
            f"cost within {gap:.1f} % of any schedule's",
        ),
        "joint optimum": ("everything, to one planner", "1", "all data", "two solvers"),
    }
    columns = ["told", "rounds", "numbers told", "certificate"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def excess_of(case: Case, schedules: dict[str, DispatchResult]) -> pd.Series:
    """Carbon above the quota of each VPP, t."""
    found = {}
    for name, schedule in schedules.items():
        markets = schedule.with_role("carbon market")
        hourly = sum(schedule.series[market, "excess"].sum() for market in markets)
        found[name] = case.vpps[0].step_hours * float(hourly) / 1000
    return pd.Series(found)


def coalition_account(
    case: Case, alone: dict[str, DispatchResult], together: CoalitionResult
) -> dict[str, float]:
    """Cost alone, together and saving, and the excess over the quota of both."""
    apart = sum(result.cost for result in alone.values())
    return {
        "alone (yuan)": apart,
        "together (yuan)": together.cost,
        "saving (yuan)": apart - together.cost,
        "saving (%)": 100 * (1 - together.cost / apart),
        "excess alone (t)": float(excess_of(case, alone).sum()),
        "excess together (t)": float(excess_of(case, together.dispatches).sum()),
    }


def ladder_by_vpp(
    case: Case, flat: dict[str, DispatchResult], stepped: dict[str, DispatchResult]
) -> pd.DataFrame:
    """What a ladder costs each VPP alone: excess with both prices (t) and the difference (yuan)."""
    dearer = {name: stepped[name].cost - flat[name].cost for name in flat}
    columns = {
        "excess, flat (t)": excess_of(case, flat),
        "excess, stepped (t)": excess_of(case, stepped),
        "cost of the ladder alone (yuan)": pd.Series(dearer),
    }
    return pd.DataFrame(columns)
