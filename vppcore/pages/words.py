"""Results -> sentences: prose that depends on a run is made from the run.

A page that is run for another VPP or another case then says nothing of the one in the book. No
solving, no reading. Each function returns a sentence or more; `Prose` shows them as text.

yuan, yuan/kWh, kW.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import floor, log10
from typing import Any

import pandas as pd

from vppcore.bargaining.split import BargainResult
from vppcore.cooperation.result import CoalitionResult
from vppcore.schedule import DispatchResult
from vppcore.vpp import VPP

# items that a sentence names together, and how it names an item
SAID = {
    "electricity purchase": "the grid (purchases less sales)",
    "electricity sale": "the grid (purchases less sales)",
    "crossing fee": "crossing fees",
    "demand response": "compensation of flexible loads",
    "battery wear": "battery wear",
}
SMALL = 5e-3  # of the saving: items below it are not named one by one
SEEN = 1e-4  # of the largest number of its kind: less counts as nothing
NOTHING = 1e-6  # of the costs: a saving below it is none
MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~$])")


class Prose:
    """Sentences of a run, shown on a page as its text and elsewhere as they are.

    >>> Prose("VPP_1 pays less.", "", "So does <b>.")
    VPP_1 pays less. So does <b>.
    """

    def __init__(self, *sentences: str):
        self.text = " ".join(sentence for sentence in sentences if sentence)

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        """Names come from a reader's files: nothing in them becomes a tag or a heading."""
        return MARKDOWN.sub(r"\\\1", escape(self.text, quote=False))


def listed(words: Sequence[str]) -> str:
    """Words with commas and an "and".

    >>> listed(["gas", "carbon", "fees"])
    'gas, carbon and fees'
    """
    return " and ".join([*[", ".join(words[:-1])][: len(words) > 1], *words[-1:]])


def hours_said(steps: Iterable[int]) -> str:
    """Steps in words, runs of them as from-to.

    >>> hours_said([10, 11, 12, 20])
    'hours 10 to 12 and 20'
    >>> hours_said([13])
    'hour 13'
    """
    runs: list[list[int]] = []
    for step in steps:
        if runs and step == runs[-1][-1] + 1:
            runs[-1].append(step)
        else:
            runs.append([step])
    said = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    return f"{'hour' if sum(map(len, runs)) == 1 else 'hours'} {listed(said)}"


def signed(number: float, places: int = 2) -> str:
    """A number with a minus sign that is one, and no minus before zero.

    >>> signed(-0.308), signed(-0.001)
    ('−0.31', '0.00')
    """
    text = f"{number:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", "−")


def places_for(saving: float) -> int:
    """To how many places amounts are rounded beside a saving: to a thousandth of it, about.

    Two solvers agree on no more of its items. A minus stands for tens, hundreds and so on.

    >>> places_for(10782.3), places_for(25.44), places_for(0.0)
    (-1, 2, 0)
    """
    return 3 - floor(log10(abs(saving))) if saving else 0


def amount(yuan: float, places: int = 0) -> str:
    """Yuan rounded to so many places.

    >>> amount(6043.49, -1), amount(-610.4, -1), amount(-0.2)
    ('6,040', '−610', '0')
    """
    return signed(round(yuan, places), max(0, places))


# --- one VPP alone --------------------------------------------------------------------------------
def bills(items: pd.DataFrame) -> str:
    """The largest bill, and for whom carbon is income. items: as `tables.cost_items`."""
    by_item = items.drop(index="total")["cluster"]
    largest = by_item.idxmax()
    sentence = f"The largest bill is {largest}, {by_item[largest]:,.0f} yuan in all."
    if "carbon" not in items.index:
        return sentence
    carbon = items.loc["carbon"].drop("cluster")
    earns = [f"{name} ({-yuan:,.0f} yuan)" for name, yuan in carbon.items() if yuan < 0]
    pays = [f"{name} ({yuan:,.0f} yuan)" for name, yuan in carbon.items() if yuan > 0]
    said = [f"income for {listed(earns)}"] if earns else []
    said += [f"a cost for {listed(pays)}"] if pays else []
    return f"{sentence} Carbon is {listed(said)}." if said else sentence


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
        f"A strange hour is {hours_said(odd.index[:1])}: {result.vpp} takes "
        f"{first['taken']:,.0f} of {first['available']:,.0f} kW that wind or sun offer, and "
        f"empties its store with {first['stored']:,.0f} kW all the same{more}. "
        "It pays to lose energy while power has a negative price: what is lost between charging "
        "and discharging need not be curtailed. A store may not do both in one hour, so it empties "
        "in one to fill again in the others."
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


# --- cooperation ----------------------------------------------------------------------------------
def saving_by_source(items: pd.DataFrame) -> str:
    """Where the saving of the cluster comes from. items: as `savings.saving_by_item`."""
    saving = float(items.loc["total", "cluster"])
    parts = items.drop(index="total")["cluster"]
    parts = parts.groupby([SAID.get(str(item), str(item)) for item in parts.index]).sum()
    if abs(saving) <= NOTHING * float(items.abs().to_numpy().sum()):
        return "Together the VPPs save nothing."
    places = places_for(saving)
    named = parts[parts.abs() >= SMALL * abs(saving)]
    rest = float(parts.sum() - named.sum())
    if round(rest, places):
        named = pd.concat([named, pd.Series({"the other items": rest})])
    named = named.sort_values(ascending=False, key=abs)
    plus = [f"{amount(yuan, places)} on {item}" for item, yuan in named.items() if yuan > 0]
    minus = [f"{amount(-yuan, places)} for {item}" for item, yuan in named.items() if yuan < 0]
    less = f", less {listed(minus)}" if minus else ""
    return f"Together the VPPs save {amount(saving, places)} yuan: {listed(plus)}{less}."


def before_payments(saved: pd.Series) -> str:
    """What each VPP saves before a payment is made. saved: yuan by VPP."""
    said: list[str] = []
    places = places_for(float(saved.sum()))
    for name, yuan in saved.items():
        pays = "" if said else "pays "
        word = "less" if yuan >= 0 else "more"
        said.append(f"{name} {pays}{amount(abs(yuan), places)} yuan {word}")
    loses = [str(name) for name, yuan in saved.items() if yuan < 0]
    end = ", so that all gain even without payments"
    if loses:
        end = f"; {listed(loses)} would not agree without being paid"
    return f"Before any payment {listed(said)} than alone{end}."


def gas_for_others(items: pd.DataFrame) -> str:
    """Who burns more gas than alone. items: as `savings.saving_by_item`; empty without gas."""
    if "gas" not in items.index:
        return ""
    gas = items.loc["gas"].drop("cluster")
    saving = float(items.loc["total", "cluster"])
    more = gas[gas < -SMALL * abs(saving)]
    if more.empty:
        return "No VPP burns more gas than alone."
    places = places_for(saving)
    said = [f"{name} for {amount(-yuan, places)} yuan" for name, yuan in more.items()]
    return f"More gas than alone is burnt by {listed(said)}, so that others burn and buy less."


def widest_spread(apart: Mapping[str, DispatchResult], together: CoalitionResult) -> str:
    """Where two VPPs' bus prices lie furthest apart, alone and in the coalition."""
    alone = pd.DataFrame({name: each.prices["electricity"] for name, each in apart.items()})
    after = pd.DataFrame(
        {name: each.prices["electricity"] for name, each in together.dispatches.items()}
    )
    spread = alone.max(axis=1) - alone.min(axis=1)
    widest = spread.index[spread >= spread.max() * (1 - SEEN)]
    row = alone.loc[widest[0]]
    left = (after.max(axis=1) - after.min(axis=1)).max()
    return (
        f"Alone, the prices at the VPPs' electricity buses differ most in {hours_said(widest)}: "
        f"{signed(row.max())} yuan/kWh at {row.idxmax()}, {signed(row.min())} at {row.idxmin()}, a "
        f"spread of {signed(spread.max())}. In the coalition no spread is wider than "
        f"{signed(left)}."
    )


def certified(coalition: CoalitionResult) -> str:
    """What the certificate proves, in yuan."""
    proof = coalition.certificate
    if proof is None:
        return ""
    return (
        f"So the agreed trades cost {proof.upper:,.0f} yuan, and no trades whatever could have "
        f"cost less than {proof.lower:,.0f}: what the talks have left unfound is "
        f"{proof.upper - proof.lower:,.2f} yuan at most."
    )


def penalties(compared: pd.DataFrame) -> str:
    """What the penalty changes. compared: as `experiments.negotiate_each`."""
    held = compared[~compared["balancing"] & (compared["order"] == "sequential")]
    held = held.dropna(subset=["certified gap"])
    if held.empty:
        return ""
    quickest = held.loc[held["iterations"].idxmin()]
    slowest = held.loc[held["iterations"].idxmax()]
    return (
        "The penalty decides how long the talks take, from "
        f"{quickest['iterations']:,.0f} iterations at {quickest['starting penalty']:.0e} yuan/kWh "
        f"per kW to {slowest['iterations']:,.0f} at {slowest['starting penalty']:.0e}, "
        "and where they end by no more than the certified gap, "
        f"{held['certified gap'].max():.0e} of the cost at most."
    )


# --- bargaining -----------------------------------------------------------------------------------
def payments(split: BargainResult) -> str:
    """From gains before payments to gains by weight: who pays, who receives."""
    table = split.table
    due = [f"{name} {table.loc[name, 'weight']:.3f}" for name in table.index]
    limit = SEEN * float(table["gain"].abs().sum())
    pays = [f"{n} pays {y:,.0f}" for n, y in table["payment"].items() if y > limit]
    gets = [f"{n} receives {-y:,.0f}" for n, y in table["payment"].items() if y < -limit]
    if not pays:
        return f"The weights are {listed(due)}. Nobody pays anybody."
    how = "the best that prices in the band can do" if split.bound else "a share of the saving each"
    return f"The weights are {listed(due)}, {how}: {listed([*pays, *gets])} yuan."


def place_in_band(split: BargainResult, trades: pd.DataFrame, resolution: float) -> str:
    """How much of the band the prices use, and what counts as no trade."""
    position = split.position.dropna().abs()
    if position.empty:
        return "Nothing is traded, so there are no prices."
    end = "the band binds" if split.bound else "the band would bind at 1"
    priced = split.prices.notna().sum().sum()
    smallest = min(
        float(trades[pair].abs()[split.prices[pair].notna()].min()) for pair in position.index
    )
    return (
        f"The largest share of the half band is {position.max():.2f}; {end}. "
        f"{priced} of {split.prices.size} hours and pairs have a price. A trade below "
        f"{resolution:.2g} kW counts as none and has no price; the smallest that has one is "
        f"{smallest:,.1f} kW."
    )


# --- uncertainty ----------------------------------------------------------------------------------
def shares_by_level(sweeps: Mapping[str, pd.DataFrame]) -> str:
    """How the saving in percent goes with the level, a sentence for each case."""
    sentences = []
    for name, sweep in sweeps.items():
        share = sweep["saving (%)"]
        sentences.append(
            f"In {name} the saving is {share.iloc[0]:.1f} % at level {share.index[0]}, "
            f"{share.max():.1f} % at level {share.idxmax()}, where it is largest, and "
            f"{share.iloc[-1]:.1f} % at level {share.index[-1]}."
        )
    return " ".join(sentences)


def worth_of_cooperation(risk: pd.DataFrame) -> str:
    """By how much the trades for the forecast are better than none. risk: as `risk_table`."""
    less = (risk.loc["alone"] - risk.loc["nominal"])[["mean", "95 % quantile", "mean of worst 5 %"]]
    said = [f"{yuan:,.0f} yuan off the {measure}" for measure, yuan in less.items()]
    return f"To trade at all, as suits the forecast, takes {listed(said)}."


def worth_of_robustness(price: pd.DataFrame, nominal: pd.Series) -> str:
    """What the most careful promises cost and what they spare.

    price: as `tables.price_of_robustness`, a row per robust schedule, the most careful last.
    nominal: of the trades that are best for the forecast, the same measures, yuan.
    """
    name, row = price.index[-1], price.iloc[-1]
    said = {}
    for measure in ("mean", "mean of worst 5 %"):
        word = "more" if row[measure] >= 0 else "less"
        share = 100 * abs(row[measure]) / abs(nominal[measure])
        said[measure] = f"{abs(row[measure]):,.0f} yuan {word} ({share:.1f} %)"
    helps = row["mean of worst 5 %"] < 0
    verdict = "they help where it hurts" if helps else "the tail gains nothing by them"
    return (
        f"The trades of {name} cost {said['mean']} on average than those for the forecast, and "
        f"{said['mean of worst 5 %']} in the costliest 5 % of the days: {verdict}."
    )
