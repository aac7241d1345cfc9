"""Results on the data of study A and on VPPs alone -> sentences; see words.py.

No solving, no reading. yuan, yuan/kWh, kW.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from vppcore.bargaining.band import grid_prices
from vppcore.case import Case
from vppcore.components import CarbonMarket, Grid, periods
from vppcore.pages.published import NUMBER_TOLERANCE
from vppcore.pages.words import (
    amount,
    energy,
    hour_or_step,
    hours_said,
    in_digits,
    listed,
    places_for,
    share,
    signed,
    span,
)
from vppcore.schedule import DispatchResult
from vppcore.vpp import VPP

SEEN = 1e-4  # of the largest number of its kind: less counts as nothing


# --- the data -------------------------------------------------------------------------------------
def needs_and_offers(
    electric: pd.DataFrame, heat: pd.DataFrame, renewable: pd.DataFrame, step_hours: float
) -> str:
    """What all VPPs need and what their wind and sun offer; kW, a column per VPP."""
    needed, warm, offered = [
        step_hours * float(table.to_numpy().sum()) for table in (electric, heat, renewable)
    ]
    need = "needs" if len(electric.columns) == 1 else "need"
    return (
        f"The {counted(electric)} {need} {energy(needed)} of electricity and {energy(warm)} of "
        f"heat; wind and sun offer {energy(offered)}, {share(offered, needed)} of the electricity."
    )


def counted(table: pd.DataFrame) -> str:
    """How many VPPs a table has a column for: "VPP", "3 VPPs"."""
    number = len(table.columns)
    return "VPP" if number == 1 else f"{number} VPPs"


def prices_and_sources(tariff: pd.DataFrame, statuses: pd.Series) -> str:
    """Between what the grid's prices lie, and how many numbers have which status.

    tariff: as `tables.tariff`, purchase and feed-in in turn. statuses: as `tables.statuses`.
    """
    bought, sold = [tariff.iloc[:, first::2].to_numpy() for first in (0, 1)]
    said = [f"{number} have the status {status}" for status, number in statuses.items()]
    return (
        f"The grid charges {span(bought.min(), bought.max())} yuan/kWh and pays "
        f"{span(sold.min(), sold.max())}; of the {statuses.sum()} numbers of the case "
        f"{listed(said)}."
    )


def peaks(load: pd.DataFrame, what: str) -> str:
    """When each VPP's load is largest, kW. what: "electric load" or "heat load"."""
    said = [
        f"{name} in hour {load[name].idxmax()} ({in_digits(load[name].max())} kW)"
        for name in load.columns
    ]
    return f"The {what} is largest at {listed(said)}." if said else ""


def more_than_needed(load: pd.DataFrame, renewable: pd.DataFrame) -> str:
    """In which hours each VPP's wind and sun exceed its own load; kW."""
    said = []
    for name in renewable.columns:
        above = renewable[name] > (load[name] if name in load else 0.0)
        hours = hours_said(above.index[above]) if above.any() else f"no {hour_or_step()}"
        said.append(f"{name} in {hours}")
    return f"Wind and sun exceed the VPP's own load at {listed(said)}." if said else ""


def where_feeding_in_pays(case: Case) -> list[str]:
    """A sentence for each VPP that is paid more for what it feeds in than it, or another, pays.

    >>> from vppcore import load_case
    >>> where_feeding_in_pays(load_case("template"))
    []
    """
    prices = {vpp.name: grid_prices(vpp) for vpp in case.vpps if vpp.of(Grid)}
    sentences = []
    for seller, (_, feed_in) in prices.items():
        for buyer, (purchase, _) in prices.items():
            steps = 1 + np.flatnonzero(feed_in > purchase)
            if not len(steps):
                continue
            when = f"in {len(steps)} step(s), first in step {steps[0]}"
            if seller == buyer:
                sentences.append(
                    f"{seller} is paid more for feeding in than it pays {when}; it never does both "
                    "in one step"
                )
            elif case.tie is not None:
                sentences.append(
                    f"{seller} is paid more for feeding in than {buyer} pays {when}; what the one "
                    "buys the other may feed in, up to the limits of the tie and the grid"
                )
    return sentences


def counted_over(case: Case) -> list[str]:
    """A sentence for each charge that is counted over a period, by VPP and component.

    Those are steps of a carbon price and prices on peaks; there is none for a flat price.
    """
    sentences = []
    for vpp in case.vpps:
        for part in vpp.components:
            if isinstance(part, CarbonMarket) and part.is_stepped:
                over = periods.counted_over(part.period, vpp.clock)
                sentences.append(f"{vpp.name}, {part.name}: steps of its price count {over}")
            if isinstance(part, Grid) and part.peak_price:
                over = periods.counted_over(part.peak_period, vpp.clock)
                sentences.append(f"{vpp.name}, {part.name}: peaks count for {over}")
    return sentences


def price_steps(tariff: pd.DataFrame) -> str:
    """When the grid is dearest and when it pays most. tariff: as `tables.tariff`."""
    bought, sold = tariff.iloc[:, 0], tariff.iloc[:, 1]
    dear = bought >= bought.max() * (1 - SEEN)
    level = sold.max() - sold.min() <= SEEN * sold.abs().max()
    paid = f"the same in every {hour_or_step()}" if level else span(sold.min(), sold.max())
    return (
        f"Power is dearest in {hours_said(bought.index[dear])} ({signed(bought.max())} yuan/kWh); "
        f"what the grid pays is {paid}. Where the two differ, a kWh that one VPP sells and another "
        f"buys in the same {hour_or_step()} is worth more between them than at the grid."
    )


def fitted_numbers_said(beside: pd.DataFrame) -> str:
    """What the fitted case has otherwise. beside: as `tables.fitted_beside`."""
    said = [
        f"{row.VPP} {row.parameter} ({row.unfitted:,.6g} there {row.fitted:,.6g})"
        for row in beside.itertuples()
    ]
    return f"{len(said)} numbers are fitted: {listed(said)}."


# --- one VPP alone --------------------------------------------------------------------------------
def bills(items: pd.DataFrame) -> str:
    """The largest bill, and for whom carbon is income. items: as `tables.cost_items`."""
    by_item = items.drop(index="total")["cluster"]
    largest = by_item.idxmax()
    sentence = f"The largest bill is {largest}, {bill(by_item[largest], items)} yuan in all."
    if "carbon" not in items.index:
        return sentence
    carbon = items.loc["carbon"].drop("cluster")
    earns = [f"{name} ({bill(-yuan, items)} yuan)" for name, yuan in carbon.items() if yuan < 0]
    pays = [f"{name} ({bill(yuan, items)} yuan)" for name, yuan in carbon.items() if yuan > 0]
    said = [f"income for {listed(earns)}"] if earns else []
    said += [f"a cost for {listed(pays)}"] if pays else []
    return f"{sentence} Carbon is {listed(said)}." if said else sentence


def costs_alone(items: pd.DataFrame) -> str:
    """What each VPP pays alone. items: as `tables.cost_items`."""
    total = items.loc["total"]
    each = total.drop("cluster")
    pays = ["pays "] + [""] * len(each)
    paid = [
        f"{name} {how}{bill(yuan, items)} yuan"
        for (name, yuan), how in zip(each.items(), pays, strict=False)
    ]
    in_all = f", {bill(total['cluster'], items)} in all" if len(each) > 1 else ""
    return f"Alone {listed(paid)}{in_all}."


def bill(yuan: float, items: pd.DataFrame) -> str:
    """A bill with digits that suit the largest one. items: as `tables.cost_items`."""
    return amount(yuan, max(0, places_for(float(items.abs().max().max())) - 1))


def exactness(schedules: Mapping[str, DispatchResult]) -> str:
    """Whether flows that exclude each other run at once, and what keeps them from it.

    The model of a schedule is relaxed at first: it may have both flows and mostly does not.
    """
    kinds = dict.fromkeys(flows for each in schedules.values() for flows in each.exclusive)
    if not kinds:
        return "There are no flows that exclude each other."
    exact = {name: each for name, each in schedules.items() if each.exact}
    bound = [name for name, each in exact.items() if "mixed-integer" in each.solved.kind]
    free = [name for name in exact if name not in bound]
    said = [f"At {listed(free)} this comes out although nothing forbids it."] if free else []
    said += [f"At {listed(bound)} binaries forbid it."] if bound else []
    flows = listed(list(kinds))
    where = "" if len(exact) == len(schedules) else f" at {listed(list(exact))}"
    kept = (
        f"No schedule{where} has {flows} in the same {hour_or_step()}. {' '.join(said)}"
        if said
        else ""
    )
    loose = [name for name in schedules if name not in exact]
    rest = f"At {listed(loose)} they do, so that the cost is a bound from below." if loose else ""
    return " ".join(filter(None, [kept, rest]))


def empty_accounts(result: DispatchResult, *carriers: str) -> str:
    """Of which carriers nothing flows in a schedule; nothing if there is something of each."""
    none = [
        carrier
        for carrier in carriers
        if carrier not in result.balances or not result.balances[carrier].to_numpy().any()
    ]
    return f"Of {listed(none)} nothing is drawn: none flows at {result.vpp}." if none else ""


def with_the_grid(result: DispatchResult, step_hours: float) -> str:
    """What a VPP buys from the grid and sells to it, kWh, and when."""
    flows = result.balances["electricity"]
    if not result.with_role("grid"):
        return f"{result.vpp} has no grid."
    grid = flows.filter(items=result.with_role("grid")).sum(axis=1)
    none = SEEN * float(flows.abs().max().max())
    bought, sold = grid.clip(lower=0), -grid.clip(upper=0)
    said = []
    for word, flow in (("buys", bought), ("sells", sold)):
        hours = flow.index[flow > none]
        if len(hours):
            said.append(f"{word} {energy(step_hours * flow.sum())} in {hours_said(hours)}")
    return f"{result.vpp} {listed(said)}." if said else f"{result.vpp} leaves the grid alone."


def prices_inside(prices: pd.DataFrame, vpp: str) -> str:
    """Between what one more kWh costs inside a VPP. prices: columns electricity, heat; yuan/kWh."""
    said = [
        f"{span(prices[name].min(), prices[name].max())} yuan for {name}" for name in prices.columns
    ]
    return f"One more kWh would cost {vpp}, by the hour, {listed(said)}."


def negative_prices(result: DispatchResult) -> str:
    """In which hours a VPP's power has a negative price, and how far it falls."""
    price = result.prices["electricity"]
    below = price.index[price < -SEEN * price.abs().max()]
    lowest = f"{signed(price.min())} yuan/kWh"
    if not len(below):
        return f"On this day no kWh of {result.vpp} has a negative price; the lowest is {lowest}."
    return (
        f"{result.vpp} has negative prices in {hours_said(below)}, {lowest} at the lowest: "
        "one kWh more of load would earn it money there."
    )


def spilled(result: DispatchResult, vpp: VPP) -> pd.DataFrame:
    """What a VPP's wind and sun offer, what is taken of it, and what its stores give, kW.

    Columns available, taken and stored, which is negative where stores fill.
    """
    flows = result.balances["electricity"]
    plants: list[Any] = [p for p in vpp.with_role("renewable") if p.name in flows]
    stores = [store.name for store in vpp.with_role("store") if store.name in flows]
    return pd.DataFrame(
        {
            "available": sum((plant.available for plant in plants), pd.Series(0.0, flows.index)),
            "taken": flows[[plant.name for plant in plants]].sum(axis=1),
            "stored": flows[stores].sum(axis=1),
        }
    )


def emptied_while_cut(result: DispatchResult, vpp: VPP) -> str:
    """The hours in which a store empties while output of wind or sun is thrown away, with why."""
    table = spilled(result, vpp)
    cut = table["available"] - table["taken"] > SEEN * table["available"].max()
    price = result.prices["electricity"]
    below = price < -SEEN * price.abs().max()
    odd = table[cut & below & (table["stored"] > SEEN * table["stored"].abs().max())]
    if odd.empty:
        return ""
    first = odd.iloc[0]
    more = f"; likewise in {hours_said(odd.index[1:])}" if len(odd) > 1 else ""
    return (
        f"A strange {hour_or_step()} is {hours_said(odd.index[:1])}: {result.vpp} takes "
        f"{first['taken']:,.0f} of {first['available']:,.0f} kW that wind or sun offer, and "
        f"empties its store with {first['stored']:,.0f} kW all the same{more}. "
        "It pays to lose energy while power has a negative price: what is lost between charging "
        "and discharging need not be curtailed. "
        f"A store may not do both in one {hour_or_step()}, so it "
        "empties in one to fill again in the others."
    )


def relaxation(compared: pd.DataFrame) -> str:
    """Who needs binaries, and by how much the relaxed cost is too low. compared: as
    `tables.relaxation`.
    """
    needy = compared.index[compared["overlap (share of rating)"] > 0]
    if not len(needy):
        return "No VPP needs binaries here: the relaxation is exact for all."
    said = [f"{name} ({compared.loc[name, 'too cheap by']:,.2f} yuan too cheap)" for name in needy]
    others = [str(name) for name in compared.index if name not in needy]
    rest = f" It is exact for {listed(others)}." if others else ""
    return f"The relaxation burns energy at {listed(said)}.{rest}"


def near_the_paper(beside: pd.DataFrame) -> str:
    """Which VPPs cost alone what the paper implies, within one percent.

    beside: as `tables.alone_beside_paper`, with the columns "nothing fitted" and "fitted".
    """
    off = beside["nothing fitted off by (%)"].abs()
    near = [str(name) for name in off.index[off <= 100 * NUMBER_TOLERANCE]]
    far = [f"{name} by {off[name]:.0f} %" for name in off.index if str(name) not in near]
    said = [f"{listed(near)} cost with nothing fitted what the paper implies, within one percent"]
    said = said if near else ["No VPP costs with nothing fitted what the paper implies"]
    rest = f"; it is missed at {listed(far)}" if far else ""
    return f"{said[0]}{rest}."
